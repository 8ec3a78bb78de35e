#include "quant/bias_check.h"

#include "base/log.h"
#include "emu/island.h"
#include "quant/code_cache.h"

#include <math.h>

enum {
	MAX_IO = 256
};

/* Of one network output. */
struct checked {
	const struct layer *l;
	size_t values;           /* of an image */
	double power;            /* sum of the float model's squares */
	struct code_cache *want; /* the float model's values */
	struct code_cache *was;  /* values before the correction */
};

struct bias_check {
	struct quant *q;
	struct checked out[MAX_IO];
	size_t nout;
	double *noise, *gain, *change; /* by image: E0, E0 - E1, D; means over the outputs */
};

struct bias_check *check_new(struct quant *q)
{
	struct bias_check *c = xcalloc(1, sizeof *c);
	const size_t images = calib_count(q->calib);
	struct layer *out[MAX_IO];

	c->q = q;
	c->nout = graph_outputs(q->g, out, MAX_IO);
	c->nout = c->nout < MAX_IO ? c->nout : MAX_IO;
	for (size_t k = 0; k < c->nout; k++)
		c->out[k] =
		    (struct checked){ .l = out[k], .values = hn_shape_count(&out[k]->out[0]) };
	c->noise = xcalloc(images, sizeof *c->noise);
	c->gain = xcalloc(images, sizeof *c->gain);
	c->change = xcalloc(images, sizeof *c->change);
	return c;
}

void check_free(struct bias_check *c)
{
	if (!c)
		return;
	for (size_t k = 0; k < c->nout; k++) {
		cache_free(c->out[k].want);
		cache_free(c->out[k].was);
	}
	free(c->noise);
	free(c->gain);
	free(c->change);
	free(c);
}

/* Appends a batch. */
static int keep(const struct bias_check *c, struct code_cache **to, const float *x, size_t n,
		struct err *e)
{
	if (!*to && !(*to = cache_new(c->q->compress_cache, e)))
		return -1;
	return cache_put(*to, x, n * sizeof *x, e);
}

int check_float(struct bias_check *c, const struct layer *l, int32_t port, const float *data,
		int32_t n, struct err *e)
{
	for (size_t k = 0; k < c->nout; k++) {
		struct checked *o = &c->out[k];
		const size_t values = (size_t)n * o->values;

		if (o->l->in[0].layer != l || o->l->in[0].port != port)
			continue;
		for (size_t i = 0; i < values; i++)
			o->power += (double)data[i] * (double)data[i];
		if (keep(c, &o->want, data, values, e) < 0)
			return -1;
	}
	return 0;
}

/* NULL: the float model was not seen to have it. */
static struct checked *find(struct bias_check *c, const struct layer *l)
{
	for (size_t k = 0; k < c->nout; k++)
		if (c->out[k].l == l && c->out[k].want)
			return &c->out[k];
	return NULL;
}

/* Batch b of what an output layer gives, in float; the caller frees it. */
static float *values_of(const struct bias_check *c, struct stream *s, const struct layer *l,
			size_t b, struct err *e)
{
	const struct qmodel m = { c->q->g, c->q->ops, c->q->g->nlayers };
	const size_t n = stream_images(c->q, b);
	const void *codes = stream_input(s, 0, b, e);
	float *x;

	if (!codes)
		return NULL;
	x = xreallocarray(NULL, n * hn_shape_count(&l->out[0]), sizeof *x);
	island_decode(&m, l->in[0].layer, l->in[0].port, n, codes, x);
	return x;
}

int check_before(struct bias_check *c, struct stream *s, const struct layer *l, struct err *e)
{
	struct checked *o = find(c, l);
	int rc = 0;

	for (size_t b = 0; o && b < stream_batches(c->q) && rc == 0; b++) {
		float *x = values_of(c, s, l, b, e);

		rc = x ? keep(c, &o->was, x, stream_images(c->q, b) * o->values, e) : -1;
		free(x);
	}
	return rc;
}

/* One image of one output. */
static void compare(struct bias_check *c, const struct checked *o, size_t image, const float *want,
		    const float *was, const float *is)
{
	const double all = (double)calib_count(c->q->calib) * (double)c->nout;
	const double unit = o->power > 0 ? o->power / all : 1;
	double e0 = 0, e1 = 0, d = 0;

	for (size_t i = 0; i < o->values; i++) {
		e0 += pow((double)was[i] - (double)want[i], 2);
		e1 += pow((double)is[i] - (double)want[i], 2);
		d += pow((double)is[i] - (double)was[i], 2);
	}
	c->noise[image] += e0 / unit;
	c->gain[image] += (e0 - e1) / unit;
	c->change[image] += d / unit;
}

static int compare_batch(struct bias_check *c, struct stream *s, struct checked *o, size_t b,
			 enum image_half half, struct err *e)
{
	const size_t n = stream_images(c->q, b), first = b * (size_t)c->q->opts.batch;
	const size_t bytes = n * o->values * sizeof(float);
	float *want = xmalloc(bytes), *was = xmalloc(bytes);
	float *is = values_of(c, s, o->l, b, e);
	int rc = -1;

	if (is && cache_get(o->want, b, want, bytes, e) == 0 &&
	    cache_get(o->was, b, was, bytes, e) == 0) {
		for (size_t i = 0; i < n; i++)
			if (half_has(half, first + i))
				compare(c, o, first + i, want + i * o->values, was + i * o->values,
					is + i * o->values);
		rc = 0;
	}
	free(want);
	free(was);
	free(is);
	return rc;
}

int check_after(struct bias_check *c, struct stream *s, const struct layer *l, enum image_half half,
		struct err *e)
{
	struct checked *o = find(c, l);
	int rc = 0;

	for (size_t b = 0; o && b < stream_batches(c->q) && rc == 0; b++)
		rc = compare_batch(c, s, o, b, half, e);
	return rc;
}

static double sum_of(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return sum;
}

/* Standard error of the sum of n values. */
static double error_of(const double *v, size_t n)
{
	const double mean = sum_of(v, n) / (double)n;
	double square = 0;

	for (size_t i = 0; i < n; i++)
		square += (v[i] - mean) * (v[i] - mean);
	return n > 1 ? sqrt(square * (double)n / (double)(n - 1)) : INFINITY;
}

bool check_verdict(const struct bias_check *c)
{
	const size_t n = calib_count(c->q->calib);
	const double noise = sum_of(c->noise, n), change = sum_of(c->change, n);
	const double gain = sum_of(c->gain, n), error = error_of(c->gain, n);
	const bool worth = gain > error && 3 * gain > change;
	const double part = noise > 0 ? 100 / noise : 0;

	log_info("bias correction: on images that it does not know it takes %.1f+-%.1f %% of the "
		 "noise at the outputs away and draws %.1f %% anew: biases %s",
		 gain * part, error * part, fmax(change - gain, 0) / 2 * part,
		 worth ? "are corrected" : "stay as they are");
	return worth;
}
