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
	return graph_infer_shapes(m->own, e) < 0 ? -1 : pass_fuse(m->own, m->own_w, e);
}

/* A value that shares its input's memory needs no kernel. */
static bool computes(const struct emu *m, const struct step *s)
{
	return s->l->type != HN_INPUT && m->values[s->out].root == s->out;
}

static int make_kernels(struct emu *m, struct err *e)
{
	emu_schedule(m, float_size);
	for (size_t i = 0; i < m->nsteps; i++) {
		struct step *s = &m->steps[i];

		if (computes(m, s) && !(s->f32 = f32k_new(s->l, m->w, m->batch, e)))
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

struct emu *emu_new_tail(const struct emu *m, int32_t n, struct err *e)
{
	struct emu *t = xcalloc(1, sizeof *t);

	t->batch = n;
	t->g = m->g;
	t->w = m->w;
	t->observer = m->observer;
	t->observer_ctx = m->observer_ctx;
	if (make_kernels(t, e) == 0)
		return t;
	emu_free(t);
	return NULL;
}
