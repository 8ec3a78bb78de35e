/* Which layers share the hidden features of a residual stream. */
#include "quant/rotate.h"

static void visit(struct stream *s, struct layer *l, unsigned role, const struct layer *norm);

static void fail(struct stream *s, const struct layer *l, const char *why)
{
	if (s->why)
		return;
	s->why = why;
	s->where = l->name;
}

/* Float values in rows of c; optional: or none at all. */
static bool in_rows(const struct stream *s, const struct layer *l, const char *key, size_t c,
		    bool optional)
{
	const struct tensor *t = layer_weight(s->q->w, l, key);

	return t ? t->dtype == DT_F32 && tensor_count(t) % c == 0 : optional;
}

/* Weights that can be multiplied by a matrix on either side. */
static bool has_matrix(const struct stream *s, const struct layer *l)
{
	const size_t cout = (size_t)l->p.kernel[3];

	return (l->type == HN_CONV || l->type == HN_DENSE) && l->p.groups <= 1 &&
	       !l->p.batch_norm && !l->p.conversion &&
	       in_rows(s, l, "kernel", cout * (size_t)layer_in_shape(l, 0)->c, false) &&
	       in_rows(s, l, "bias", cout, true);
}

static bool pads(const struct layer *l)
{
	return l->type == HN_CONV && (l->p.pad[0] || l->p.pad[1] || l->p.pad[2] || l->p.pad[3]);
}

/* Pixels are moved or averaged, every feature alike. */
static bool by_pixel(const struct layer *l)
{
	if (l->nout != 1 || l->p.activation != ACT_LINEAR)
		return false;
	if (l->type == HN_CONCAT)
		return l->p.concat_axis != 3;
	if (l->type == HN_FORMAT_CONVERSION)
		return l->out[0].c == layer_in_shape(l, 0)->c && !layer_pack(l) &&
		       !hn_conversion_transposes(l->p.conversion);
	return l->type == HN_SHORTCUT || l->type == HN_GLOBAL_AVGPOOL ||
	       (l->type == HN_AVGPOOL && !l->p.count_include_pad) ||
	       (l->type == HN_SLICE && l->out[0].c == layer_in_shape(l, 0)->c);
}

static bool adds(const struct layer *l)
{
	return (l->type == HN_EW_ADD || l->type == HN_EW_SUB) && l->p.activation == ACT_LINEAR;
}

static void visit_inputs(struct stream *s, const struct layer *l, unsigned role,
			 const struct layer *norm)
{
	for (size_t i = 0; i < l->nin; i++)
		visit(s, l->in[i].layer, role, norm);
}

/* Where the features of a member come from. */
static void go_back(struct stream *s, struct layer *l)
{
	if (l->type == HN_CONST && in_rows(s, l, "value", (size_t)s->c, false)) {
		s->role[l->index] |= STREAM_WRITES;
	} else if (has_matrix(s, l) && l->p.activation == ACT_LINEAR) {
		s->role[l->index] |= STREAM_WRITES;
		if (l->p.elementwise_add) {
			s->adds = true;
			visit(s, l->in[l->nin - 1].layer, STREAM_IS, NULL);
		}
	} else if (adds(l)) {
		s->adds = true;
		visit_inputs(s, l, STREAM_IS, NULL);
	} else if (by_pixel(l)) {
		visit_inputs(s, l, STREAM_IS, NULL);
	} else {
		fail(s, l, "makes them in a way that a rotation changes");
	}
}

static bool norm_is_plain(const struct stream *s, const struct layer *l)
{
	return in_rows(s, l, "gamma", (size_t)s->c, true) &&
	       in_rows(s, l, "beta", (size_t)s->c, true) && l->type == HN_LAYER_NORM &&
	       l->p.reduce_axes == 4 && l->p.softmax_groups <= 1 && l->p.variant == 0 &&
	       l->p.activation == ACT_LINEAR;
}

/* A reader of a member by its input i. */
static void go_on(struct stream *s, const struct layer *l, struct layer *to, size_t i)
{
	const struct layer *norm = s->norm[l->index];
	const bool added = to->p.elementwise_add && i == to->nin - 1;

	if (has_matrix(s, to) && !added && !(norm && pads(to)))
		s->role[to->index] |= STREAM_READS;
	else if (by_pixel(to) && (!norm || to->nin == 1))
		visit(s, to, norm ? STREAM_NORMED : STREAM_IS, norm);
	else if (!norm && ((added && has_matrix(s, to)) || adds(to)))
		visit(s, to, STREAM_IS, NULL);
	else if (!norm && norm_is_plain(s, to))
		visit(s, to, STREAM_NORMED, to);
	else
		fail(s, to, "reads them one by one");
}

static void visit(struct stream *s, struct layer *l, unsigned role, const struct layer *norm)
{
	if (s->why || (s->role[l->index] & role))
		return;
	if (l->nout != 1 || l->out[0].c != s->c) {
		fail(s, l, "has other features");
		return;
	}
	s->role[l->index] |= role;
	s->norm[l->index] = norm;
	if (role == STREAM_IS)
		go_back(s, l);
	for (size_t k = 0; k < l->nsucc && !s->why; k++)
		for (size_t i = 0; i < l->succ[k]->nin; i++)
			if (l->succ[k]->in[i].layer == l)
				go_on(s, l, l->succ[k], i);
}

void stream_find(struct stream *s, const struct quant *q, struct layer *l)
{
	*s = (struct stream){ .q = q, .c = l->nout == 1 ? l->out[0].c : 0 };
	s->role = xcalloc(q->g->nlayers, sizeof *s->role);
	s->norm = xcalloc(q->g->nlayers, sizeof *s->norm);
	visit(s, l, STREAM_IS, NULL);
}

void stream_release(struct stream *s)
{
	free(s->role);
	free(s->norm);
}
