/* The float emulator: native and full-precision optimized graphs. */
#include "emu/emu_int.h"
#include "pass/pass.h"

static size_t float_size(const struct emu *m, const struct layer *l)
{
	(void)m;
	(void)l;
	return sizeof(float);
}

/* The caller's graph, or a copy in which neighbours are fused. */
static int choose_graph(struct emu *m, const struct graph *g, const struct tensors *w,
			bool observe_all, struct err *e)
{
	m->g = g;
	m->w = w;
	if (observe_all)
		return 0;
	m->g = m->own = graph_clone(g);
	m->w = m->own_w = tensors_copy(w);
	m->fast = true;
	if (graph_infer_shapes(m->own, e) < 0 || pass_fuse(m->own, m->own_w, e) < 0)
		return -1;
	return emu_absorb_pads(m->own, e);
}

/*
 * A layer that adds an input may find it in its output's memory, when nothing reads that input
 * later: oneDNN's fastest convolutions accumulate into their output but take no second input.
 */
static bool add_in_place(struct emu *m, const struct step *s)
{
	const struct layer *l = s->l;
	size_t added;

	if (!l->p.elementwise_add || !m->fast)
		return false;
	added = emu_root(m, emu_value_in(m, l, l->nin - 1));
	for (size_t i = 0; i + 1 < l->nin; i++)
		if (emu_root(m, emu_value_in(m, l, i)) == added)
			return false;
	if (m->values[added].external || m->values[added].last != l->index)
		return false;
	m->values[s->out].root = added;
	m->values[added].last = m->values[s->out].last;
	return true;
}

static unsigned f32_flags(struct emu *m, const struct step *s)
{
	return (m->fast ? F32_FAST : 0) | (add_in_place(m, s) ? F32_ADD_IN_PLACE : 0);
}

static int make_kernel(struct emu *m, struct step *s, struct err *e)
{
	/* Constants are codes where they are read. */
	if (m->in_codes && m->in_codes[s->l->index] && !hn_is(s->l->type, HNF_IO) &&
	    s->l->type != HN_CONST)
		return (s->island = island_new(m->mixed, s->l, m->batch, e)) ? 0 : -1;
	return (s->f32 = f32k_new(s->l, m->w, m->batch, f32_flags(m, s), e)) ? 0 : -1;
}

static int make_kernels(struct emu *m, struct err *e)
{
	emu_schedule(m, float_size);
	for (size_t i = 0; i < m->nsteps; i++) {
		struct step *s = &m->steps[i];

		if (s->fed || s->passed || s->alias)
			continue;
		if (make_kernel(m, s, e) < 0)
			return -1;
	}
	emu_place(m);
	return 0;
}

struct emu *emu_new_f32(const struct graph *g, const struct tensors *w, int32_t batch,
			bool observe_all, struct err *e)
{
	struct emu *m = xcalloc(1, sizeof *m);

	m->batch = batch;
	if (choose_graph(m, g, w, observe_all, e) == 0 && make_kernels(m, e) == 0)
		return m;
	emu_free(m);
	return NULL;
}

int emu_reweigh(struct emu *m, const struct layer *l, const struct tensors *w, struct err *e)
{
	struct step *s = &m->steps[l->index];
	struct f32k *k = f32k_new(s->l, w, m->batch, 0, e);

	if (!k)
		return -1;
	f32k_free(s->f32);
	s->f32 = k;
	return 0;
}

struct emu *emu_new_mixed(const struct qmodel *q, const struct tensors *w, const bool *in_codes,
			  int32_t batch, struct err *e)
{
	struct emu *m = xcalloc(1, sizeof *m);

	m->batch = batch;
	m->g = q->g;
	m->w = w;
	m->mixed = q;
	m->in_codes = in_codes;
	if (make_kernels(m, e) == 0)
		return m;
	emu_free(m);
	return NULL;
}

struct emu *emu_new_tail(const struct emu *m, int32_t n, struct err *e)
{
	struct emu *t = xcalloc(1, sizeof *t);

	t->batch = n;
	t->g = m->g;
	t->w = m->w;
	t->fast = m->fast;
	t->mixed = m->mixed;
	t->in_codes = m->in_codes;
	t->check_accumulators = m->check_accumulators;
	t->observer = m->observer;
	t->observer_ctx = m->observer_ctx;
	if (make_kernels(t, e) == 0)
		return t;
	emu_free(t);
	return NULL;
}
