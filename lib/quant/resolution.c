/*
 * resolution_reduction (guide 5.3.3): the model is observed at a smaller input.  Statistics are by
 * feature, so that they are those of the whole model; weights and encodings are the same at either
 * size.
 */
#include "quant/quant_int.h"

#include <math.h>

/* The connected component of every layer: the smallest number of a layer in it. */
static size_t *components(const struct graph *g)
{
	size_t *of = xreallocarray(NULL, g->nlayers, sizeof *of);
	bool changed = true;

	for (size_t i = 0; i < g->nlayers; i++)
		of[i] = i;
	while (changed) {
		changed = false;
		for (size_t i = 0; i < g->nlayers; i++)
			for (size_t k = 0; k < g->layers[i]->nin; k++) {
				size_t *a = &of[i], *b = &of[g->layers[i]->in[k].layer->index];

				changed = changed || *a != *b;
				*a = *b = *a < *b ? *a : *b;
			}
	}
	return of;
}

static bool reduced(const struct quant *q, const struct layer *l)
{
	return quant_info(q, l)->reduced[0] > 0;
}

int quant_reduce_inputs(struct quant *q, struct err *e)
{
	size_t *of = components(q->g);

	for (size_t i = 0; i < q->g->nlayers; i++) {
		const struct layer *l = q->g->layers[i];
		const struct qinfo *info = quant_info(q, l);
		const struct hn_shape *s = &l->out[0];

		if (l->type != HN_INPUT || !reduced(q, l))
			continue;
		if (hn_fed(l) != l ||
		    (info->given_small && q->opts.before && !host_is_idle(q->opts.before)))
			err_set(e,
				"resolution_reduction: input layer '%s' takes images of another "
				"form",
				quote(l->name));
		if (info->reduced[0] > s->h || info->reduced[1] > s->w)
			err_set(
			    e,
			    "resolution_reduction: input layer '%s' is %s, [%d, %d] is not smaller",
			    quote(l->name), hn_shape_text(s), (int)info->reduced[0],
			    (int)info->reduced[1]);
		for (size_t k = 0; k < q->g->nlayers; k++) {
			struct qinfo *other = &q->info[k];

			if (of[k] != of[i] || k == i)
				continue;
			other->scale_h = (double)info->reduced[0] / s->h;
			other->scale_w = (double)info->reduced[1] / s->w;
		}
	}
	free(of);
	return err_is(e) ? -1 : 0;
}

static int32_t scaled(int32_t v, double scale)
{
	return (int32_t)fmax(round(v * scale), 1);
}

struct hn_shape quant_observed_shape(const struct quant *q, const struct layer *input)
{
	const struct qinfo *info = quant_info(q, input);
	struct hn_shape s = input->out[0];

	if (info->reduced[0] > 0) {
		s.h = info->reduced[0];
		s.w = info->reduced[1];
	} else if (info->scale_h > 0) {
		s.h = scaled(s.h, info->scale_h);
		s.w = scaled(s.w, info->scale_w);
	}
	return s;
}

/* Layers whose values or weights are of one size of picture. */
static int check_layer(const struct layer *whole, const struct layer *small, struct err *e)
{
	const bool area = hn_is(whole->type, HNF_IO)
			      ? false
			      : whole->type == HN_DENSE || whole->type == HN_MATMUL ||
				    (whole->type == HN_REDUCE_SUM && (whole->p.reduce_axes & 3));

	if (area && !hn_shape_equal(layer_in_shape(whole, 0), layer_in_shape(small, 0)))
		return err_set(e,
			       "layer '%s' (%s) depends on the size of what it reads, which would "
			       "be %s in place of %s",
			       quote(whole->name), hn_type_name(whole->type),
			       hn_shape_text(layer_in_shape(small, 0)),
			       hn_shape_text(layer_in_shape(whole, 0)));
	for (size_t p = 0; p < whole->nout; p++)
		if (whole->out[p].c != small->out[p].c)
			return err_set(e, "layer '%s' would have %d features in place of %d",
				       quote(whole->name), (int)small->out[p].c,
				       (int)whole->out[p].c);
	return 0;
}

int quant_shrink(const struct quant *q, struct graph *run, struct err *e)
{
	bool any = false;

	for (size_t i = 0; i < q->g->nlayers; i++) {
		const struct layer *l = q->g->layers[i];
		struct layer *to = graph_find(run, l->name);

		any = any || (l->type == HN_INPUT && reduced(q, l));
		if (l->type == HN_INPUT)
			to->out[0] = quant_observed_shape(q, l);
		if (l->type != HN_RESIZE || q->info[i].scale_h == 0)
			continue;
		to->p.resize_out[0] = scaled(l->p.resize_out[0], q->info[i].scale_h);
		to->p.resize_out[1] = scaled(l->p.resize_out[1], q->info[i].scale_w);
	}
	if (!any)
		return 0;
	if (graph_infer_shapes(run, e) < 0)
		return err_in(e, "resolution_reduction: the network does not work at this size (a "
				 "multiple of its strides may do)");
	for (size_t i = 0; i < q->g->nlayers; i++)
		if (check_layer(q->g->layers[i], graph_find(run, q->g->layers[i]->name), e) < 0)
			return err_in(e, "resolution_reduction");
	return 0;
}
