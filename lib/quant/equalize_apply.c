/* The factors of equalization in weights, bounds of activations and observed ranges. */
#include "quant/equalize.h"

#include <math.h>
#include <string.h>

static double class_log(const struct equalizer *z, size_t root)
{
	return z->ch.fixed[root] ? 0 : z->log_s[root];
}

double equalize_out(const struct equalizer *z, const struct layer *l, size_t f)
{
	return exp(class_log(z, channels_root(&z->ch, z->ch.base[l->index] + f)));
}

double equalize_in(const struct equalizer *z, const struct layer *l, size_t f)
{
	return exp(class_log(z, channels_input(&z->ch, l, 0, f)));
}

/* Stored tensors are shared and read-only. */
static struct tensor copy_of(const struct tensor *t)
{
	struct tensor n = tensor_new(DT_F32, t->rank, t->dim);

	memcpy(tensor_data(&n), t->data, tensor_bytes(t));
	return n;
}

/* w' = w * out / in; every other vector of the layer has output features. */
static void apply_vector(struct quant *q, const struct layer *l, const char *key,
			 const double *factor, size_t c)
{
	const struct tensor *t = layer_weight(q->w, l, key);
	struct tensor n;
	float *v;

	if (!t || t->dtype != DT_F32 || tensor_count(t) != c)
		return;
	n = copy_of(t);
	v = tensor_data(&n);
	for (size_t i = 0; i < c; i++)
		v[i] = (float)((double)v[i] * factor[i]);
	layer_set_weight(q->w, l, key, n);
}

static void scale_row(float *restrict w, size_t n, double in, const double *restrict out)
{
	for (size_t o = 0; o < n; o++)
		w[o] = (float)((double)w[o] * in * out[o]);
}

static void apply_side(struct equalizer *z, const struct side *s)
{
	const struct tensor *t = layer_weight(z->q->w, s->l, "kernel");
	struct tensor n = copy_of(t);
	float *w = tensor_data(&n);
	size_t cg = s->cin / s->groups, og = s->cout / s->groups;
	size_t total = tensor_count(t);
	double *in = xreallocarray(NULL, s->cin, sizeof *in);
	const double *eq = z->q->info[s->l->index].eq;

	for (size_t c = 0; c < s->cin; c++)
		in[c] = 1 / equalize_in(z, s->l, c);
	for (size_t k = 0, c = 0; k < total; k += s->cout, c = (c + 1) % cg)
		for (size_t o = 0; o < s->cout; o += og)
			scale_row(w + k + o, og, in[o / og * cg + c], eq + o);
	layer_set_weight(z->q->w, s->l, "kernel", n);
	apply_vector(z->q, s->l, "bias", z->q->info[s->l->index].eq, s->cout);
	free(in);
}

static void apply_norm(struct quant *q, const struct layer *l)
{
	const struct qinfo *info = quant_info(q, l);
	const int64_t c = (int64_t)info->c;

	if (!layer_weight(q->w, l, "gamma")) {
		struct tensor t = tensor_new(DT_F32, 1, &c);

		for (size_t i = 0; i < info->c; i++)
			((float *)tensor_data(&t))[i] = 1;
		layer_set_weight(q->w, l, "gamma", t);
	}
	apply_vector(q, l, "gamma", info->eq, info->c);
	apply_vector(q, l, "beta", info->eq, info->c);
}

/* Clip bounds by feature, where a layer's activation has bounds other than 0. */
static void apply_bounds(struct quant *q, const struct layer *l)
{
	struct qinfo *info = quant_info(q, l);
	float hi = l->p.activation == ACT_RELU6 ? 6 : l->p.act.hi;
	float lo = l->p.activation == ACT_RELU6 ? 0 : l->p.act.lo;
	struct tensor thi, tlo;

	if (l->p.activation != ACT_RELU6 && l->p.activation != ACT_CLIP)
		return;
	thi = tensor_new(DT_F32, 1, (int64_t[]){ (int64_t)info->c });
	tlo = tensor_new(DT_F32, 1, (int64_t[]){ (int64_t)info->c });
	for (size_t c = 0; c < info->c; c++) {
		((float *)tensor_data(&thi))[c] = (float)(info->eq[c] * (double)hi);
		((float *)tensor_data(&tlo))[c] = (float)(info->eq[c] * (double)lo);
	}
	layer_set_weight(q->w, l, "clip_hi", thi);
	layer_set_weight(q->w, l, "clip_lo", tlo);
}

void equalize_apply(struct equalizer *z)
{
	struct quant *q = z->q;

	for (size_t i = 0; i < q->g->nlayers; i++) {
		struct qinfo *info = &q->info[i];
		bool changed = false;

		for (size_t f = 0; f < info->c; f++) {
			info->eq[f] = equalize_out(z, q->g->layers[i], f);
			changed = changed || info->eq[f] != 1;
			info->min[f] = (float)((double)info->min[f] * info->eq[f]);
			info->max[f] = (float)((double)info->max[f] * info->eq[f]);
		}
		if (changed && q->g->layers[i]->type == HN_LAYER_NORM)
			apply_norm(q, q->g->layers[i]);
		if (changed)
			apply_bounds(q, q->g->layers[i]);
	}
	for (size_t i = 0; i < z->nsides; i++)
		apply_side(z, &z->sides[i]);
}
