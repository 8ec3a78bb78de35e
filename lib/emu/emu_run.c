/* Running the schedule. */
#include "base/log.h"
#include "emu/emu_int.h"
#include <time.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int check_peak(const struct qmodel *q, const struct layer *l, int64_t peak, struct err *e)
{
	if (peak > INT32_MAX && q->q[l->index].w_bits != 16)
		return err_set(e, "layer '%s': its accumulator reaches %lld, outside 32 bits",
			       l->name, (long long)peak);
	return 0;
}

static int run_island(const struct emu *m, const struct step *s, int32_t n, const float *const in[],
		      float *const out[], struct err *e)
{
	int64_t peak = 0;

	if (island_run(s->island, n, in, out, m->check_accumulators ? &peak : NULL, e) < 0)
		return -1;
	return check_peak(m->mixed, s->l, peak, e);
}

static int run_float(const struct emu *m, struct step *s, int32_t n, struct err *e)
{
	/* Arrays of pointers to void become arrays of pointers to float, element by element. */
	const float *in_few[8];
	float *out_few[8];
	const float **in = s->l->nin <= 8 ? in_few : xcalloc(s->l->nin, sizeof *in);
	float **out = s->l->nout <= 8 ? out_few : xcalloc(s->l->nout, sizeof *out);
	int rc;

	for (size_t i = 0; i < s->l->nin; i++)
		in[i] = s->in_data[i];
	for (size_t p = 0; p < s->l->nout; p++)
		out[p] = s->out_data[p];
	rc = s->island ? run_island(m, s, n, in, out, e) : f32k_run(s->f32, in, out, e);
	if (in != in_few)
		free(in);
	if (out != out_few)
		free(out);
	return rc;
}

static int run_int(struct emu *m, struct step *s, int32_t n, struct err *e)
{
	int64_t peak = 0;

	if (intk_run(s->intk, n, s->in_data, s->out_data, m->check_accumulators ? &peak : NULL, e) <
	    0)
		return err_in(e, "layer '%s'", s->l->name);
	return check_peak(m->q, s->l, peak, e);
}

static int run_step(struct emu *m, struct step *s, int32_t n, struct err *e)
{
	const double start = now();
	int rc = 0;

	for (size_t i = 0; i < s->l->nin; i++)
		s->in_data[i] = m->values[emu_value_in(m, s->l, i)].data;
	if (s->f32 || s->island)
		rc = run_float(m, s, n, e);
	else if (s->intk)
		rc = run_int(m, s, n, e);
	else if (s->alias) /* shares its input's memory, which may be the caller's */
		m->values[s->out].data = s->in_data[0];
	s->seconds += now() - start;
	for (size_t p = 0; rc == 0 && m->observer && !s->passed && p < s->l->nout; p++)
		rc = m->observer(s->l, (int32_t)p, m->values[s->out + p].data, n, m->observer_ctx,
				 e);
	return rc;
}

static size_t element_size(const struct emu *m, const struct layer *l)
{
	return m->q ? (size_t)m->q->q[l->index].out_bits / 8 : sizeof(float);
}

static int run_steps(struct emu *m, size_t from, size_t to, int32_t n, const void *const in[],
		     void *const out[], struct err *e)
{
	for (size_t i = from; i < to; i++) {
		struct step *s = &m->steps[i];

		if (s->fed)
			m->values[s->out].data = in[s->slot];
		if (run_step(m, s, n, e) < 0)
			return -1;
		if (s->l->type == HN_OUTPUT)
			memcpy(out[s->slot], m->values[s->out].data,
			       hn_shape_count(&s->l->out[0]) * (size_t)n * element_size(m, s->l));
	}
	return 0;
}

static int run_all(struct emu *m, int32_t n, const void *const in[], void *const out[],
		   struct err *e)
{
	return run_steps(m, 0, m->nsteps, n, in, out, e);
}

int emu_run_part(struct emu *m, size_t from, size_t to, const void *const in[], void *const out[],
		 struct err *e)
{
	return run_steps(m, from, to, m->batch, in, out, e);
}

int emu_run(struct emu *m, int32_t n, const void *const in[], void *const out[], struct err *e)
{
	if (n < 1 || n > m->batch)
		BUG("%d images for a batch of %d", n, m->batch);
	if (m->q || n == m->batch)
		return run_all(m, n, in, out, e);
	if (m->tail && m->tail->batch != n) {
		emu_free(m->tail);
		m->tail = NULL;
	}
	if (!m->tail && !(m->tail = emu_new_tail(m, n, e)))
		return -1;
	return run_all(m->tail, n, in, out, e);
}

void emu_observe(struct emu *m, emu_observer fn, void *ctx)
{
	m->observer = fn;
	m->observer_ctx = ctx;
	if (m->tail)
		emu_observe(m->tail, fn, ctx);
}

void emu_check_accumulators(struct emu *m, bool on)
{
	m->check_accumulators = on;
}

size_t emu_memory(const struct emu *m)
{
	return m->memory_bytes;
}

void emu_log_times(const struct emu *m)
{
	double total = 0;

	for (size_t i = 0; i < m->nsteps; i++)
		total += m->steps[i].seconds;
	for (size_t i = 0; i < m->nsteps; i++) {
		const struct step *s = &m->steps[i];

		if (s->f32 || s->intk || s->island)
			log_debug("%9.3f ms %5.1f%%  %-20s %-24s %s", 1e3 * s->seconds,
				  total > 0 ? 100 * s->seconds / total : 0,
				  hn_type_name(s->l->type), s->f32 ? f32k_impl(s->f32) : "integer",
				  s->l->name);
	}
	log_debug("%9.3f ms in %zu layers, %zu bytes of activations", 1e3 * total, m->nsteps,
		  m->memory_bytes);
}

void emu_free(struct emu *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->nsteps; i++) {
		f32k_free(m->steps[i].f32);
		island_free(m->steps[i].island);
		if (m->steps[i].intk)
			intk_free(m->steps[i].intk);
	}
	emu_free(m->tail);
	free(m->memory);
	tensors_free(m->own_w);
	graph_free(m->own);
	arena_release(&m->arena);
	free(m);
}
