/*
 * mkhar HN.json OUT.har [IN.npy N]: a bundle with that network and random weights, and N random
 * images for its first input.  Weights are drawn per layer from the layer's name.
 */
#include "base/outfile.h"
#include "base/rng.h"
#include "hn/hn.h"
#include "io/bundle.h"
#include "io/npy.h"
#include <math.h>

static void fill(struct tensors *w, const struct layer *l, const char *key, int rank,
		 const int64_t *dim, double mean, double dev)
{
	struct tensor t = tensor_new(DT_F32, rank, dim);
	float *v = tensor_data(&t);
	char *seed = xasprintf("%s/%s", l->name, key);
	struct rng r;

	rng_init(&r, 1, seed);
	for (size_t i = 0; i < tensor_count(&t); i++)
		v[i] = (float)(mean + dev * rng_normal(&r));
	free(seed);
	layer_set_weight(w, l, key, t);
}

static void fill_batch_norm(struct tensors *w, const struct layer *l, int64_t c)
{
	struct tensor var;
	float *v;

	fill(w, l, "gamma", 1, &c, 1, 0.2);
	fill(w, l, "beta", 1, &c, 0, 0.3);
	fill(w, l, "moving_mean", 1, &c, 0, 0.3);
	fill(w, l, "moving_variance", 1, &c, 0, 1);
	var = tensor_new(DT_F32, 1, &c);
	v = tensor_data(&var);
	for (int64_t i = 0; i < c; i++)
		v[i] = 0.5f +
		       fabsf((float)tensor_get(layer_weight(w, l, "moving_variance"), (size_t)i));
	layer_set_weight(w, l, "moving_variance", var);
}

static void fill_layer(struct tensors *w, const struct layer *l)
{
	const int32_t *k = l->p.kernel;
	const int64_t conv[4] = { k[0], k[1], k[2], k[3] };
	const int64_t dense[2] = { k[2], k[3] };
	const int64_t hwc[3] = { l->out[0].h, l->out[0].w, l->out[0].c };
	const double gain = 1 / sqrt((double)k[0] * k[1] * (l->type == HN_DW ? 1 : k[2]));
	const int64_t c = l->out[0].c;

	if (l->type == HN_CONST)
		fill(w, l, "value", 3, hwc, 0, 1);
	if (l->type == HN_NORMALIZATION)
		fill(w, l, "kernel", 1, &c, 1, 0.3);
	else if (l->type == HN_DENSE)
		fill(w, l, "kernel", 2, dense, 0, gain);
	else if (hn_is(l->type, HNF_KERNEL))
		fill(w, l, "kernel", 4, conv, 0, gain);
	if (hn_is(l->type, HNF_BIAS))
		fill(w, l, "bias", 1, &c, 0, 0.2);
	if (l->p.batch_norm || l->type == HN_BATCH_NORM)
		fill_batch_norm(w, l, c);
	if (l->type == HN_LAYER_NORM) {
		fill(w, l, "gamma", 1, &c, 1, 0.3);
		fill(w, l, "beta", 1, &c, 0, 0.3);
	}
	if (l->p.activation == ACT_PRELU)
		fill(w, l, "slope", 1, &c, 0.1, 0.1);
}

static int write_images(const struct graph *g, const char *path, int64_t n, struct err *e)
{
	struct layer *in;
	struct tensor t;
	struct rng r;
	float *v;
	int rc;

	if (graph_inputs(g, &in, 1) == 0)
		return err_set(e, "no input layer");
	if (in->out[0].rank == 2)
		t = tensor_new(DT_F32, 2, (int64_t[]){ n, in->out[0].c });
	else
		t = tensor_new(DT_F32, 4,
			       (int64_t[]){ n, in->out[0].h, in->out[0].w, in->out[0].c });
	rng_init(&r, 2, "images");
	v = tensor_data(&t);
	for (size_t i = 0; i < tensor_count(&t); i++)
		v[i] = (float)rng_normal(&r);
	rc = npy_write(path, &t, e);
	tensor_release(&t);
	return rc;
}

int main(int argc, char *argv[])
{
	struct err e = { 0 };
	struct bundle *b;
	struct graph *g;
	struct tensors *w = tensors_new();

	if (argc != 3 && argc != 5) {
		fprintf(stderr, "usage: mkhar HN.json OUT.har [IN.npy N]\n");
		return 2;
	}
	if (!(b = bundle_read(argv[1], NULL, &e)) || !(g = bundle_get_graph(b, "hn", &e)))
		die(&e);
	for (size_t i = 0; i < g->nlayers; i++)
		fill_layer(w, g->layers[i]);
	bundle_put_graph(b, "hn", g);
	if (bundle_put_npz(b, "npz", w, &e) < 0 || bundle_write(b, argv[2], COMPRESS_NONE, &e) < 0)
		die(&e);
	if (argc == 5 && write_images(g, argv[3], strtol(argv[4], NULL, 10), &e) < 0)
		die(&e);
	tensors_free(w);
	graph_free(g);
	bundle_free(b);
	return 0;
}
