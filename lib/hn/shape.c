/* Shapes: of one tensor, and of a whole graph by the rule of each type. */
#include "base/limits.h"
#include "hn/layer.h"
#include <stdio.h>

size_t hn_shape_count(const struct hn_shape *s)
{
	return (size_t)s->h * (size_t)s->w * (size_t)s->c;
}

bool hn_shape_equal(const struct hn_shape *a, const struct hn_shape *b)
{
	return a->h == b->h && a->w == b->w && a->c == b->c;
}

const char *hn_shape_text(const struct hn_shape *s)
{
	static _Thread_local char ring[8][56];
	static _Thread_local unsigned turn;
	char *t = ring[turn++ % 8];

	if (s->rank == 2)
		snprintf(t, sizeof ring[0], "[-1,%d]", s->c);
	else if (s->rank == 3)
		snprintf(t, sizeof ring[0], "[-1,%d,%d]", s->w, s->c);
	else
		snprintf(t, sizeof ring[0], "[-1,%d,%d,%d]", s->h, s->w, s->c);
	return t;
}

const struct hn_shape *layer_in_shape(const struct layer *l, size_t i)
{
	if (i >= l->nin || (size_t)l->in[i].port >= l->in[i].layer->nout)
		BUG("layer '%s' has no shape of input %zu", l->name, i);
	return &l->in[i].layer->out[l->in[i].port];
}

void shape_ports(struct layer *l, size_t n)
{
	l->out = xreallocarray(l->out, n, sizeof *l->out);
	if (n > l->nout)
		memset(l->out + l->nout, 0, (n - l->nout) * sizeof *l->out);
	l->nout = n;
}

static int shape_limits(int64_t h, int64_t w, int64_t c, struct err *e)
{
	if (h < 1 || w < 1 || c < 1)
		return err_set(e, "its output would be empty: %lldx%lldx%lld", (long long)h,
			       (long long)w, (long long)c);
	if (h > LIMIT_DIM || w > LIMIT_DIM || c > LIMIT_DIM || h * w > LIMIT_ACTIVATION / c)
		return err_set(e,
			       "its output would be too large: %lldx%lldx%lld (limit: 2^32 values)",
			       (long long)h, (long long)w, (long long)c);
	return 0;
}

int shape_set(struct layer *l, int64_t h, int64_t w, int64_t c, int rank, struct err *e)
{
	if (rank == 0)
		rank = layer_in_shape(l, 0)->rank;
	if (shape_limits(h, w, c, e) < 0)
		return -1;
	shape_ports(l, 1);
	/* A rank that cannot say the shape grows. */
	if (rank < 3 && w != 1)
		rank = 3;
	if (rank < 4 && h != 1)
		rank = 4;
	l->out[0] = (struct hn_shape){ (int32_t)h, (int32_t)w, (int32_t)c, rank };
	return 0;
}

int shape_given(struct layer *l, struct err *e)
{
	const struct hn_shape *s = l->nout ? &l->out[0] : NULL;

	if (!s || s->h < 1 || s->w < 1 || s->c < 1)
		return err_set(e, "its output shape is not given");
	if (s->rank < 2 || s->rank > 4)
		return err_set(e, "its output shape has rank %d, 2 to 4 expected", s->rank);
	return shape_set(l, s->h, s->w, s->c, s->rank, e);
}

int shape_same(struct layer *l, struct err *e)
{
	const struct hn_shape s = *layer_in_shape(l, 0);

	return shape_set(l, s.h, s.w, s.c, s.rank, e);
}

/* The added input of a convolution has the shape of its output (guide 5.5.11). */
static int check_added(const struct layer *l, struct err *e)
{
	const struct hn_shape *a;

	if (!hn_is(l->type, HNF_ADD) || !l->p.elementwise_add)
		return 0;
	a = layer_in_shape(l, l->nin - 1);
	if (!hn_shape_equal(a, &l->out[0]))
		return err_set(e, "its added input '%s' has shape %s, its output %s",
			       quote(l->in[l->nin - 1].layer->name), hn_shape_text(a),
			       hn_shape_text(&l->out[0]));
	return 0;
}

static int infer_layer(struct layer *l, struct err *e)
{
	if (layer_check(l, e) < 0 || layer_rule(l->type)->shape(l, e) < 0 || check_added(l, e) < 0)
		return err_in(e, "layer '%s'", quote(l->name));
	return 0;
}

int graph_infer_shapes(struct graph *g, struct err *e)
{
	if (graph_link(g, e) < 0)
		return -1;
	for (size_t i = 0; i < g->nlayers; i++)
		if (infer_layer(g->layers[i], e) < 0)
			return -1;
	return 0;
}
