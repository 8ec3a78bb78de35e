/* A small graph in float and, quantized on random images, in integers: how far apart they are. */
#ifndef HN_TESTS_QUANT_CASE_H
#define HN_TESTS_QUANT_CASE_H

#include "base/outfile.h"
#include "base/rng.h"
#include "emu/emu.h"
#include "hn/layer.h"
#include "io/npy.h"
#include "layer_case.h"
#include "quant/quant.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum {
	IMAGES = 6,
	MAX_VALUES = 20000,
	MAX_IO = 8,
	UNEVEN = 12 /* features of a normalization before x */
};

static int passed, failed;

/* A script that every case follows, or NULL. */
static const char *case_script;
/* Bits that its outputs must have; 0: any. */
static int32_t case_bits;

static void check(bool ok, const char *what, const char *why)
{
	if (ok) {
		passed++;
		return;
	}
	failed++;
	printf("not as expected: %s: %s\n", what, why);
}

static void random_weight(struct tensors *w, const struct layer *l, const char *key, int rank,
			  const int64_t *dim, double mean, double dev)
{
	struct tensor t = tensor_new(DT_F32, rank, dim);
	struct rng r;

	rng_init(&r, 3, key);
	for (size_t i = 0; i < tensor_count(&t); i++)
		((float *)tensor_data(&t))[i] = (float)(mean + dev * rng_normal(&r));
	layer_set_weight(w, l, key, t);
}

static void fill(struct tensors *w, const struct layer *l)
{
	const int32_t *k = l->p.kernel;
	const int64_t c = l->out[0].c;

	if (l->type == HN_NORMALIZATION)
		random_weight(w, l, "kernel", 1, &c, 1, 0.3);
	else if (l->type == HN_DENSE)
		random_weight(w, l, "kernel", 2, (int64_t[]){ k[2], k[3] }, 0, 0.2);
	else if (hn_is(l->type, HNF_KERNEL))
		random_weight(w, l, "kernel", 4, (int64_t[]){ k[0], k[1], k[2], k[3] }, 0, 0.2);
	if (hn_is(l->type, HNF_BIAS))
		random_weight(w, l, "bias", 1, &c, 0, 0.2);
	if (l->type == HN_BATCH_NORM) {
		random_weight(w, l, "gamma", 1, &c, 1, 0.2);
		random_weight(w, l, "beta", 1, &c, 0, 0.3);
		random_weight(w, l, "moving_mean", 1, &c, 0, 0.3);
		random_weight(w, l, "moving_variance", 1, &c, 2, 0.1);
	}
	if (l->p.activation == ACT_PRELU)
		random_weight(w, l, "slope", 1, &c, 0.1, 0.3);
}

/* A mask as importers leave it: every feature but each third is far below any score. */
static void fill_mask(struct tensors *w, const struct layer *l)
{
	const struct hn_shape *s = &l->out[0];
	struct tensor t = tensor_new(DT_F32, 3, (int64_t[]){ s->h, s->w, s->c });

	for (size_t i = 0; i < tensor_count(&t); i++)
		((float *)tensor_data(&t))[i] = i % 3 ? -1000 : 0;
	layer_set_weight(w, l, "value", t);
}

/* gamma falls from 4 to 0.002 before a kernel that rises as much. */
static void fill_uneven(struct tensors *w, const struct layer *norm, const struct layer *l)
{
	const struct tensor *k = layer_weight(w, l, "kernel");
	struct tensor gamma = tensor_new(DT_F32, 1, (int64_t[]){ UNEVEN });
	struct tensor n = tensor_new(DT_F32, k->rank, k->dim);

	for (int i = 0; i < UNEVEN; i++)
		((float *)tensor_data(&gamma))[i] = ldexpf(4, -i);
	for (size_t i = 0; i < tensor_count(&n); i++)
		((float *)tensor_data(&n))[i] =
		    ((const float *)k->data)[i] * ldexpf(1, (int)(i / UNEVEN % UNEVEN) - 2);
	layer_set_weight(w, norm, "gamma", gamma);
	layer_set_weight(w, l, "kernel", n);
}

/* lo < hi: uniform; else normal; bytes for a camera's input. */
static struct tensors *images(const struct graph *g, double lo, double hi)
{
	struct layer *in[MAX_IO];
	size_t n = graph_inputs(g, in, MAX_IO);
	struct tensors *s = tensors_new();

	for (size_t k = 0; k < n; k++) {
		const struct hn_shape *h = &in[k]->out[0];
		struct tensor t = tensor_new(DT_F32, 4, (int64_t[]){ IMAGES, h->h, h->w, h->c });
		struct rng r;

		rng_init(&r, k, "images");
		for (size_t i = 0; i < tensor_count(&t); i++)
			((float *)tensor_data(&t))[i] =
			    hn_input_pack(in[k])
				? (float)(rng_u64(&r) >> 56)
				: (float)(lo < hi ? lo + (hi - lo) * rng_uniform(&r)
						  : rng_normal(&r));
		tensors_set(s, in[k]->name, t);
	}
	return s;
}

struct outputs {
	size_t n;
	size_t count[64];
	float *v[64];
};

static void outputs_release(struct outputs *o)
{
	for (size_t k = 0; k < o->n; k++)
		free(o->v[k]);
}

static int run_float(const struct graph *g, const struct tensors *w, const struct tensors *x,
		     struct outputs *o, struct err *e)
{
	struct layer *in[MAX_IO];
	struct layer *out[64];
	const void *ip[MAX_IO];
	void *op[64];
	size_t n = graph_inputs(g, in, MAX_IO);
	struct emu *m = emu_new_f32(g, w, IMAGES, true, e);
	int rc;

	if (!m)
		return -1;
	o->n = graph_outputs(g, out, 64);
	for (size_t k = 0; k < n; k++)
		ip[k] = tensors_get(x, in[k]->name)->data;
	for (size_t k = 0; k < o->n; k++) {
		o->count[k] = IMAGES * hn_shape_count(&out[k]->out[0]);
		op[k] = o->v[k] = xcalloc(o->count[k], sizeof(float));
	}
	rc = emu_run(m, IMAGES, ip, op, e);
	emu_free(m);
	return rc;
}

static int run_integer(const struct graph *g, const struct tensors *q, const struct tensors *x,
		       struct outputs *o, float scale[64], struct err *e)
{
	struct layer *in[MAX_IO];
	struct layer *out[64];
	const void *ip[MAX_IO];
	void *op[64];
	size_t n = graph_inputs(g, in, MAX_IO);
	struct qmodel m;
	struct emu *emu;
	int rc = -1;

	if (qmodel_load(&m, g, q, e) < 0)
		return -1;
	o->n = graph_outputs(g, out, 64);
	for (size_t k = 0; k < n; k++) {
		const struct qop *r = &m.q[in[k]->index];
		const struct tensor *t = tensors_get(x, in[k]->name);
		uint8_t *codes = xreallocarray(NULL, tensor_count(t), 2);

		quantize_array(t->data, tensor_count(t), r->out_scale.v[0], r->out_zp, r->out_bits,
			       codes);
		ip[k] = codes;
	}
	for (size_t k = 0; k < o->n; k++)
		op[k] = xcalloc(IMAGES * hn_shape_count(&out[k]->out[0]), 2);
	emu = emu_new_int(&m, IMAGES, e);
	if (emu)
		rc = emu_run(emu, IMAGES, ip, op, e);
	for (size_t k = 0; k < o->n && rc == 0; k++) {
		const struct qop *r = &m.q[out[k]->index];

		o->count[k] = IMAGES * hn_shape_count(&out[k]->out[0]);
		o->v[k] = xcalloc(o->count[k], sizeof(float));
		if (case_bits && r->out_bits != case_bits)
			rc = err_set(e, "the output has %d bits", r->out_bits);
		scale[k] = r->out_scale.v[0];
		dequantize_array(op[k], o->count[k], r->out_bits, r->out_scale.v, 1, 1, r->out_zp,
				 o->v[k]);
	}
	for (size_t k = 0; k < n; k++)
		free((void *)(uintptr_t)ip[k]);
	for (size_t k = 0; k < o->n; k++)
		free(op[k]);
	emu_free(emu);
	qmodel_release(&m);
	return rc;
}

/* Largest difference in output codes. */
static double distance(const struct outputs *a, const struct outputs *b, const float *scale)
{
	double worst = 0;

	for (size_t k = 0; k < a->n; k++)
		for (size_t i = 0; i < a->count[k]; i++)
			if (isfinite(a->v[k][i]))
				worst = fmax(worst, fabs((double)a->v[k][i] - (double)b->v[k][i]) /
							(double)scale[k]);
	return worst;
}

static int compare(struct graph *g, struct tensors *w, const struct tensors *x,
		   const struct quant_opts *o, double *codes, struct err *e)
{
	struct outputs f = { 0 };
	struct outputs i = { 0 };
	struct outputs after = { 0 };
	float scale[64] = { 0 };
	struct tensors *q = NULL;
	int rc = -1;

	if (run_float(g, w, x, &f, e) == 0 && quant_run(g, w, o, &q, e) == 0 &&
	    run_integer(g, q, x, &i, scale, e) == 0 && run_float(g, w, x, &after, e) == 0) {
		for (size_t k = 0; k < f.n; k++)
			scale[k] = scale[k] > 0 ? scale[k] : 1;
		/* Equalization leaves the function as it is. */
		if (distance(&f, &after, scale) > 0.02)
			err_set(e, "equalized weights compute something else");
		*codes = distance(&f, &i, scale);
		rc = err_is(e) ? -1 : 0;
	}
	outputs_release(&f);
	outputs_release(&i);
	outputs_release(&after);
	tensors_free(q);
	return rc;
}

/* An input's own rounding, half a code, grows with the layer's gain; weights add their share. */
static inline double bound(const struct layer *l)
{
	if (hn_is(l->type, HNF_KERNEL) || l->type == HN_DENSE)
		return 0.04 * 255;
	return l->type == HN_EW_DIV ? 4 : 2;
}

/* The script of the cases, for this graph. */
static struct alls *follow_script(const struct graph *g, struct err *e)
{
	struct alls *s = alls_parse("s.alls", case_script, strlen(case_script), e);

	if (!s || alls_check(s, e) < 0 || alls_use_graph(s, g, ALLS_QUANTIZE, e) < 0) {
		alls_free(s);
		return NULL;
	}
	return s;
}

static inline void quantize_case(struct graph *g, struct layer *l, double lo, double hi,
				 double limit, const char *bias_mode, const char *what)
{
	struct err e = { 0 };
	struct tensors *w = tensors_new();
	struct tensors *x = images(g, lo, hi);
	char *path = xasprintf("quant-%ld.npz", (long)getpid());
	struct quant_opts o = QUANT_OPTS_DEFAULT;
	double codes = INFINITY;
	char text[160];
	struct alls *script = case_script ? follow_script(g, &e) : NULL;

	o.script = script;
	fill(w, l);
	for (size_t i = 0; i < g->nlayers; i++)
		if (g->layers[i]->type == HN_CONST)
			fill_mask(w, g->layers[i]);
		else if (g->layers[i]->type == HN_LAYER_NORM && g->layers[i] != l)
			fill_uneven(w, g->layers[i], l);
	o.calib = path;
	o.bias_mode = bias_mode;
	if (npz_write(path, x, &e) == 0 && compare(g, w, x, &o, &codes, &e) == 0)
		snprintf(text, sizeof text, "%.2f codes from float, at most %.2f expected", codes,
			 limit);
	check(codes <= limit, what, err_is(&e) ? e.msg : text);
	unlink(path);
	free(path);
	alls_free(script);
	tensors_free(w);
	tensors_free(x);
}

#endif
