/*
 * quarot: hidden features rotated (Ashkboos et al. 2024).  All features of a residual stream are
 * multiplied by an orthogonal matrix R: weights that write it by R, weights that read it by R^T
 * from the other side, so that the network computes the same while no feature stands out any more.
 * R leaves the vector of ones as it is: a layer_normalization then has the same mean and variance,
 * and gives the rotated result, once its gamma and beta have gone into the weights behind it.
 */
#include "base/log.h"
#include "pass/edit.h"
#include "quant/rotate.h"

#include <math.h>
#include <string.h>

enum {
	FEATURES_MAX = 8192 /* of a matrix of doubles */
};

/* Rows of an orthonormal basis, the first of equal numbers; the others random (Gram-Schmidt, twice
 * for the digits). */
static double *basis(const struct quant *q, size_t c, uint64_t number, const char *name)
{
	double *b = xreallocarray(NULL, c * c, sizeof *b);
	struct rng r;

	quant_rng(&q->opts, &r, number, name);
	for (size_t i = 0; i < c; i++) {
		double *v = b + i * c, norm = 0;

		for (size_t k = 0; k < c; k++)
			v[k] = i ? rng_normal(&r) : 1;
		for (size_t j = 0; j < 2 * i; j++) {
			const double *u = b + j % i * c;
			double dot = 0;

			for (size_t k = 0; k < c; k++)
				dot += u[k] * v[k];
			for (size_t k = 0; k < c; k++)
				v[k] -= dot * u[k];
		}
		for (size_t k = 0; k < c; k++)
			norm += v[k] * v[k];
		for (size_t k = 0; k < c; k++)
			v[k] /= sqrt(norm);
	}
	return b;
}

/* R = A^T B of two such bases: orthogonal, and ones stay ones. */
static double *rotation(const struct quant *q, size_t c, const char *name)
{
	double *a = basis(q, c, 0, name), *b = basis(q, c, 1, name);
	double *r = xcalloc(c * c, sizeof *r);

	for (size_t k = 0; k < c; k++)
		for (size_t i = 0; i < c; i++)
			for (size_t j = 0; j < c; j++)
				r[i * c + j] += a[k * c + i] * b[k * c + j];
	free(a);
	free(b);
	return r;
}

/* A writable copy. */
static struct tensor copy_of(const struct tensor *t)
{
	struct tensor n = tensor_new(DT_F32, t->rank, t->dim);

	memcpy(tensor_data(&n), t->data, tensor_bytes(t));
	return n;
}

/* Every row of c values, by R. */
static void rotate_rows(struct quant *q, const struct layer *l, const char *key, const double *r,
			size_t c)
{
	const struct tensor *t = layer_weight(q->w, l, key);
	double *row;
	struct tensor n;
	float *v;

	if (!t)
		return;
	n = copy_of(t);
	v = tensor_data(&n);
	row = xreallocarray(NULL, c, sizeof *row);
	for (size_t at = 0; at < tensor_count(&n); at += c) {
		memset(row, 0, c * sizeof *row);
		for (size_t i = 0; i < c; i++)
			for (size_t j = 0; j < c; j++)
				row[j] += (double)v[at + i] * r[i * c + j];
		for (size_t j = 0; j < c; j++)
			v[at + j] = (float)row[j];
	}
	free(row);
	layer_set_weight(q->w, l, key, n);
}

/* gamma and beta of a norm go into the weights that read it. */
static void take_norm(struct quant *q, const struct layer *l, const struct layer *norm, size_t c)
{
	const struct tensor *gamma = layer_weight(q->w, norm, "gamma");
	const struct tensor *beta = layer_weight(q->w, norm, "beta");
	const size_t cout = (size_t)l->p.kernel[3];
	struct tensor kernel = copy_of(layer_weight(q->w, l, "kernel"));
	struct tensor bias = edit_weight(q->w, l, "bias", cout, 0);
	float *w = tensor_data(&kernel), *b = tensor_data(&bias);
	double *sum = xcalloc(cout, sizeof *sum);

	for (size_t i = 0; i < tensor_count(&kernel); i++) {
		const size_t f = i / cout % c;

		if (beta)
			sum[i % cout] += tensor_get(beta, f) * (double)w[i];
		if (gamma)
			w[i] = (float)(tensor_get(gamma, f) * (double)w[i]);
	}
	for (size_t o = 0; o < cout; o++)
		b[o] = (float)((double)b[o] + sum[o]);
	free(sum);
	layer_set_weight(q->w, l, "kernel", kernel);
	layer_set_weight(q->w, l, "bias", bias);
}

/* Every c rows of a kernel, by R^T from the left. */
static void rotate_kernel(struct quant *q, const struct layer *l, const double *r, size_t c)
{
	const size_t cout = (size_t)l->p.kernel[3];
	struct tensor n = copy_of(layer_weight(q->w, l, "kernel"));
	float *v = tensor_data(&n);
	double *part = xreallocarray(NULL, c * cout, sizeof *part);

	for (size_t at = 0; at < tensor_count(&n); at += c * cout) {
		memset(part, 0, c * cout * sizeof *part);
		for (size_t i = 0; i < c; i++)
			for (size_t j = 0; j < c; j++)
				for (size_t o = 0; o < cout; o++)
					part[j * cout + o] +=
					    r[i * c + j] * (double)v[at + i * cout + o];
		for (size_t k = 0; k < c * cout; k++)
			v[at + k] = (float)part[k];
	}
	free(part);
	layer_set_weight(q->w, l, "kernel", n);
}

static void reset_norm(struct quant *q, const struct layer *norm, size_t c)
{
	struct tensor gamma = edit_vector(c), beta = edit_vector(c);

	for (size_t i = 0; i < c; i++) {
		((float *)tensor_data(&gamma))[i] = 1;
		((float *)tensor_data(&beta))[i] = 0;
	}
	layer_set_weight(q->w, norm, "gamma", gamma);
	layer_set_weight(q->w, norm, "beta", beta);
}

static void rotate(struct quant *q, const struct alls_stmt *st, const struct stream *s,
		   const char *name)
{
	const size_t c = (size_t)s->c;
	double *r = rotation(q, c, name);

	for (size_t i = 0; i < q->g->nlayers; i++) {
		struct layer *l = q->g->layers[i];
		const struct layer *norm = l->nin ? s->norm[l->in[0].layer->index] : NULL;
		struct qinfo *info = l->user;

		if ((s->role[i] & STREAM_READS) && norm)
			take_norm(q, l, norm, c);
		if (s->role[i] & STREAM_READS)
			rotate_kernel(q, l, r, c);
		if (s->role[i] & STREAM_WRITES) {
			rotate_rows(q, l, l->type == HN_CONST ? "value" : "kernel", r, c);
			rotate_rows(q, l, "bias", r, c);
		}
		if ((s->role[i] & STREAM_READS) && alls_get_switch(st, "equalize_inputs") == 0)
			info->equalize = 0;
		if ((s->role[i] & STREAM_WRITES) && alls_get_switch(st, "equalize_outputs") == 0)
			info->equalize = 0;
	}
	for (size_t i = 0; i < q->g->nlayers; i++)
		if (s->norm[i] == q->g->layers[i])
			reset_norm(q, q->g->layers[i], c);
	free(r);
}

/* The streams of all layers that nobody named: those that something is added to. */
static int rotate_all(struct quant *q, const struct alls_stmt *st)
{
	bool *seen = xcalloc(q->g->nlayers, sizeof *seen);
	int n = 0;

	for (size_t i = 0; i < q->g->nlayers; i++) {
		struct layer *l = q->g->layers[i];
		struct stream s;

		if (seen[i] || l->nout != 1 || l->out[0].c > FEATURES_MAX)
			continue;
		stream_find(&s, q, l);
		if (!s.why && s.adds) {
			log_info("quarot: the %d features of '%s' are rotated", (int)s.c,
				 quote(l->name));
			rotate(q, st, &s, l->name);
			n++;
		}
		for (size_t k = 0; k < q->g->nlayers; k++)
			seen[k] = seen[k] || (!s.why && (s.role[k] & STREAM_IS));
		stream_release(&s);
	}
	free(seen);
	return n;
}

static int rotate_named(struct quant *q, const struct alls_stmt *st, struct layer **layers,
			size_t n, struct err *e)
{
	bool *seen = xcalloc(q->g->nlayers, sizeof *seen);
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		struct stream s;

		if (seen[layers[i]->index])
			continue;
		stream_find(&s, q, layers[i]);
		if (s.why)
			err_set(e, "the features of layer '%s' cannot be rotated: layer '%s' %s",
				quote(layers[i]->name), quote(s.where), s.why);
		else if (s.c > FEATURES_MAX)
			err_set(e, "layer '%s' has %d features, more than %d",
				quote(layers[i]->name), (int)s.c, FEATURES_MAX);
		else
			rotate(q, st, &s, layers[i]->name);
		for (size_t k = 0; k < q->g->nlayers; k++)
			seen[k] = seen[k] || (s.role[k] & STREAM_IS);
		stream_release(&s);
		rc = err_is(e) ? alls_in(st, e) : 0;
	}
	free(seen);
	return rc;
}

int transform_rotate(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	const struct alls_value *given = alls_get(st, "layers");
	struct layer **layers = NULL;
	size_t n = 0;
	int rc;

	if (alls_get_switch(st, "policy") != 1)
		return 0;
	if (!given || given->kind == ALLS_GLOB) {
		if (rotate_all(q, st) == 0)
			log_warn("quarot: no residual stream can be rotated");
		return 0;
	}
	if (alls_layers(st, given, q->g, &layers, &n, e) < 0)
		return -1;
	rc = rotate_named(q, st, layers, n, e);
	free(layers);
	return rc;
}
