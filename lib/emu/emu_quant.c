/* The integer emulator: quantized records through the integer kernels. */
#include "emu/emu_int.h"

static size_t code_size(const struct emu *m, const struct layer *l)
{
	return (size_t)m->q->q[l->index].out_bits / 8;
}

/* Codes of a const_input, once for every image; they stay for the life of the emulator. */
static void fill_const(struct emu *m, const struct step *s)
{
	const struct qop *q = &m->q->q[s->l->index];
	const size_t n = q->kernel16.n;
	uint8_t *c8 = s->out_data[0];
	uint16_t *c16 = s->out_data[0];

	for (size_t i = 0; i < n * (size_t)m->batch; i++)
		if (q->out_bits == 8)
			c8[i] = (uint8_t)q->kernel16.v[i % n];
		else
			c16[i] = (uint16_t)q->kernel16.v[i % n];
}

static int check_const(const struct emu *m, const struct step *s, struct err *e)
{
	const size_t n = m->q->q[s->l->index].kernel16.n;

	if (n != hn_shape_count(&s->l->out[0]))
		return err_set(e, "layer '%s': %zu constant codes, %zu expected", s->l->name, n,
			       hn_shape_count(&s->l->out[0]));
	m->values[s->out].first = 0;
	m->values[s->out].last = m->nsteps;
	return 0;
}

static int make_step(struct emu *m, struct step *s, struct err *e)
{
	if (s->l->type == HN_CONST)
		return check_const(m, s, e);
	if (hn_is(s->l->type, HNF_IO) || s->fed)
		return 0;
	if (!(s->intk = intk_new(&m->q->q[s->l->index], m->batch, e)))
		return err_in(e, "layer '%s'", s->l->name);
	return 0;
}

struct emu *emu_new_int(const struct qmodel *q, int32_t batch, struct err *e)
{
	struct emu *m = xcalloc(1, sizeof *m);

	m->g = q->g;
	m->q = q;
	m->batch = batch;
	emu_schedule(m, code_size);
	for (size_t i = 0; i < m->nsteps; i++)
		if (make_step(m, &m->steps[i], e) < 0) {
			emu_free(m);
			return NULL;
		}
	emu_place(m);
	for (size_t i = 0; i < m->nsteps; i++)
		if (m->steps[i].l->type == HN_CONST)
			fill_const(m, &m->steps[i]);
	return m;
}
