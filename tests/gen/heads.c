/*
 * Networks that are nothing but heads, and data for them.
 *
 *	heads model OUT.har NAME=H,W,C...              input_layerK -> NAME (identity) ->
 *output_layerK heads data OUT.npy N,H,W,C MEAN DEV STEP SEED  normal numbers rounded to multiples
 *of STEP (0: not rounded), so that scores tie heads same A.npy B.npy [TOLERANCE]             same
 *shape, |a - b| <= TOLERANCE (1e-4)
 */
#include "base/num.h"
#include "base/outfile.h"
#include "base/rng.h"
#include "hn/hn.h"
#include "io/bundle.h"
#include "io/npy.h"
#include <math.h>

enum {
	MAX_HEADS = 32
};

struct spec {
	const char *name;
	int64_t v[4];
};

static int numbers(const char *text, int n, int64_t *v, struct err *e)
{
	for (int i = 0; i < n; i++) {
		size_t len = strcspn(text, ",");
		char *one = xstrndup(text, len);
		int r = num_int(one, "a dimension", 1, 1 << 20, &v[i], e);

		free(one);
		if (r < 0)
			return -1;
		text += len + (text[len] == ',');
	}
	return *text ? err_set(e, "more than %d dimensions", n) : 0;
}

static void put_layer(struct str *s, const char *name, const char *type, const char *in,
		      const char *out, const char *params, const int64_t *v)
{
	str_printf(s,
		   ",\n\"heads/%s\": {\"type\": \"%s\", \"input\": [%s], \"output\": [%s], "
		   "\"params\": {%s},\n \"input_shapes\": [[-1, %d, %d, %d]], "
		   "\"output_shapes\": [[-1, %d, %d, %d]], \"original_names\": []}",
		   name, type, in, out, params, (int)v[0], (int)v[1], (int)v[2], (int)v[0],
		   (int)v[1], (int)v[2]);
}

/* The network's HN, as text. */
static void put_network(struct str *s, const struct spec *h, int n)
{
	struct str layers = { 0 };

	str_printf(s, "{\"name\": \"heads\", \"net_params\": {\"output_layers_order\": [");
	for (int i = 0; i < n; i++) {
		char *in = xasprintf("input_layer%d", i + 1),
		     *out = xasprintf("output_layer%d", i + 1);
		char *from = xasprintf("\"heads/%s\"", in), *to = xasprintf("\"heads/%s\"", out);
		char *self = xasprintf("\"heads/%s\"", h[i].name);
		char *params =
		    xasprintf("\"kernel_shape\": [1, 1, %d, %d], \"strides\": [1, 1, 1, 1], "
			      "\"padding\": \"VALID\"",
			      (int)h[i].v[2], (int)h[i].v[2]);

		str_printf(s, "%s%s", i ? ", " : "", self);
		put_layer(&layers, in, "input_layer", "", self, "", h[i].v);
		put_layer(&layers, h[i].name, "conv", from, to, params, h[i].v);
		put_layer(&layers, out, "output_layer", self, "", "", h[i].v);
		free(in);
		free(out);
		free(from);
		free(to);
		free(self);
		free(params);
	}
	str_printf(s, "]},\n\"layers\": {%s}}\n", layers.p + 2);
	str_release(&layers);
}

static struct tensors *identities(const struct spec *h, int n)
{
	struct tensors *w = tensors_new();

	for (int i = 0; i < n; i++) {
		int64_t c = h[i].v[2];
		struct tensor k = tensor_new(DT_F32, 4, (const int64_t[]){ 1, 1, c, c });
		struct tensor b = tensor_new(DT_F32, 1, &c);
		char *key = xasprintf("heads/%s/kernel:0", h[i].name);
		char *bias = xasprintf("heads/%s/bias:0", h[i].name);
		float *v = tensor_data(&k);

		memset(v, 0, (size_t)(c * c) * sizeof *v);
		memset(tensor_data(&b), 0, (size_t)c * sizeof *v);
		for (int64_t x = 0; x < c; x++)
			v[x * c + x] = 1;
		tensors_set(w, key, k);
		tensors_set(w, bias, b);
		free(key);
		free(bias);
	}
	return w;
}

static int model(int argc, char **argv, struct err *e)
{
	struct spec h[MAX_HEADS];
	struct str text = { 0 };
	struct tensors *w;
	struct bundle *b;
	int n = argc - 1, r;

	if (n < 1 || n > MAX_HEADS)
		return err_set(e, "1 to %d heads", MAX_HEADS);
	for (int i = 0; i < n; i++) {
		char *eq = strchr(argv[1 + i], '=');

		if (!eq)
			return err_set(e, "NAME=H,W,C expected, not '%s'", argv[1 + i]);
		*eq = 0;
		h[i].name = argv[1 + i];
		if (numbers(eq + 1, 3, h[i].v, e) < 0)
			return -1;
	}
	put_network(&text, h, n);
	w = identities(h, n);
	b = bundle_new("heads");
	bundle_set_state(b, STATE_HAILO_MODEL);
	bundle_put(b, "hn", text.p, text.len);
	r = bundle_put_npz(b, "npz", w, e);
	if (r == 0)
		r = bundle_write(b, argv[0], COMPRESS_NONE, e);
	tensors_free(w);
	bundle_free(b);
	str_release(&text);
	return r;
}

static int data(int argc, char **argv, struct err *e)
{
	int64_t dim[4], seed;
	double mean, dev, step;
	struct tensor t;
	struct rng r;
	float *v;
	int rc;

	if (argc != 6 || numbers(argv[1], 4, dim, e) < 0 ||
	    num_double(argv[2], "MEAN", &mean, e) < 0 || num_double(argv[3], "DEV", &dev, e) < 0 ||
	    num_double(argv[4], "STEP", &step, e) < 0 ||
	    num_int(argv[5], "SEED", 0, INT32_MAX, &seed, e) < 0)
		return err_is(e) ? -1 : err_set(e, "data OUT.npy N,H,W,C MEAN DEV STEP SEED");
	t = tensor_new(DT_F32, 4, dim);
	v = tensor_data(&t);
	rng_init(&r, (uint64_t)seed, "heads");
	for (size_t i = 0; i < tensor_count(&t); i++) {
		double x = mean + dev * rng_normal(&r);

		v[i] = (float)(step > 0 ? round(x / step) * step : x);
	}
	rc = npy_write(argv[0], &t, e);
	tensor_release(&t);
	return rc;
}

static int reshape(int argc, char **argv, struct err *e)
{
	struct tensor t;
	int64_t dim[4];
	int r;

	if (argc != 3 || npy_read(argv[0], &t, e) < 0 || numbers(argv[2], 4, dim, e) < 0)
		return err_is(e) ? -1 : err_set(e, "reshape IN.npy OUT.npy N,H,W,C");
	if ((int64_t)tensor_count(&t) != dim[0] * dim[1] * dim[2] * dim[3])
		return err_set(e, "'%s' has shape %s", argv[0], tensor_shape_text(&t));
	t.rank = 4;
	memcpy(t.dim, dim, sizeof dim);
	r = npy_write(argv[1], &t, e);
	tensor_release(&t);
	return r;
}

static int same(int argc, char **argv, struct err *e)
{
	double most = 1e-4, worst = 0;
	struct tensor a, b;
	size_t at = 0;

	if (argc < 2 || npy_read(argv[0], &a, e) < 0 || npy_read(argv[1], &b, e) < 0 ||
	    (argc > 2 && num_double(argv[2], "TOLERANCE", &most, e) < 0))
		return err_is(e) ? -1 : err_set(e, "same A.npy B.npy [TOLERANCE]");
	if (a.rank != b.rank || memcmp(a.dim, b.dim, (size_t)a.rank * sizeof a.dim[0]) != 0) {
		char *left = xstrdup(tensor_shape_text(&a));

		err_set(e, "shapes %s and %s", left, tensor_shape_text(&b));
		free(left);
		return -1;
	}
	for (size_t i = 0; i < tensor_count(&a); i++) {
		double d = fabs(tensor_get(&a, i) - tensor_get(&b, i));

		if (!(d <= worst)) {
			worst = d;
			at = i;
		}
	}
	tensor_release(&a);
	tensor_release(&b);
	return worst <= most ? 0 : err_set(e, "value %zu differs by %g", at, worst);
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv, struct err *e);
} verbs[] = { { "model", model }, { "data", data }, { "reshape", reshape }, { "same", same } };

int main(int argc, char *argv[])
{
	struct err e = { 0 };

	for (size_t i = 0; argc > 2 && i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(verbs[i].name, argv[1]) != 0)
			continue;
		if (verbs[i].run(argc - 2, argv + 2, &e) < 0)
			die(&e);
		return 0;
	}
	fprintf(stderr, "usage: heads model|data|reshape|same ...\n");
	return 2;
}
