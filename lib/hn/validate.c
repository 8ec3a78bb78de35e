/*
 * Is a graph from a file sound?  Structure and shapes by graph_infer_shapes; here what concerns the
 * whole graph, and the weights: every array that a layer needs is there, has the shape that the
 * layer says and holds finite numbers.
 */
#include "base/limits.h"
#include "hn/layer.h"

/* Bit patterns, because a weight that is mapped from a file need not be aligned. */
static int check_finite(const struct tensor *t, const char *key, struct err *e)
{
	const size_t n = tensor_count(t);
	const char *p = t->data;

	for (size_t i = 0; i < n; i++) {
		uint32_t bits;

		memcpy(&bits, p + 4 * i, 4);
		if ((bits & 0x7f800000) == 0x7f800000)
			return err_set(e, "its %s has a value that is not finite (number %zu)", key,
				       i);
	}
	return 0;
}

/* A weight of n dimensions; absent is an error unless it is optional. */
static int check_weight(const struct tensors *w, const struct layer *l, const char *key,
			bool optional, int n, const int64_t *dim, struct err *e)
{
	const struct tensor *t = layer_weight(w, l, key);
	struct tensor want = { .dtype = DT_F32, .rank = n };

	if (!t)
		return optional ? 0 : err_set(e, "its %s is missing", key);
	memcpy(want.dim, dim, (size_t)n * sizeof *dim);
	if (t->rank != n || memcmp(t->dim, dim, (size_t)n * sizeof *dim) != 0)
		return err_set(e, "its %s has shape %s, %s expected", key, tensor_shape_text(t),
			       tensor_shape_text(&want));
	if (t->dtype != DT_F32)
		return err_set(e, "its %s has type %s, float32 expected", key,
			       dtype_name(t->dtype));
	return check_finite(t, key, e);
}

/* Kernel of the layer's own shape. */
static int check_kernel(const struct tensors *w, const struct layer *l, struct err *e)
{
	const int32_t *k = l->p.kernel;
	const int64_t conv[4] = { k[0], k[1], k[2], k[3] };
	const int64_t dense[2] = { k[2], k[3] };
	const int64_t vector = l->out[0].c;

	if (l->type == HN_NORMALIZATION)
		return check_weight(w, l, "kernel", false, 1, &vector, e);
	if (l->type == HN_DENSE)
		return check_weight(w, l, "kernel", false, 2, dense, e);
	return check_weight(w, l, "kernel", false, 4, conv, e);
}

static int check_batch_norm(const struct tensors *w, const struct layer *l, struct err *e)
{
	static const char *const keys[] = { "gamma", "beta", "moving_mean", "moving_variance" };
	const int64_t n = l->out[0].c;
	const struct tensor *var;

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (check_weight(w, l, keys[i], false, 1, &n, e) < 0)
			return -1;
	var = layer_weight(w, l, "moving_variance");
	for (size_t i = 0; i < (size_t)n; i++)
		if (!(tensor_get(var, i) + (double)l->p.bn_epsilon > 0))
			return err_set(e, "its batch-norm variance of feature %zu is not positive",
				       i);
	return 0;
}

static int check_weights(const struct tensors *w, const struct layer *l, struct err *e)
{
	const int64_t c = l->nout ? l->out[0].c : 0;
	const int64_t hwc[3] = { l->out[0].h, l->out[0].w, l->out[0].c };

	if (hn_is(l->type, HNF_KERNEL) && check_kernel(w, l, e) < 0)
		return -1;
	if (hn_is(l->type, HNF_BIAS) && check_weight(w, l, "bias", true, 1, &c, e) < 0)
		return -1;
	if (hn_is(l->type, HNF_BN) && (l->p.batch_norm || l->type == HN_BATCH_NORM) &&
	    check_batch_norm(w, l, e) < 0)
		return -1;
	if (hn_is(l->type, HNF_ACT) && l->p.activation == ACT_PRELU &&
	    check_weight(w, l, "slope", false, 1, &c, e) < 0)
		return -1;
	if (l->type == HN_LAYER_NORM && (check_weight(w, l, "gamma", true, 1, &c, e) < 0 ||
					 check_weight(w, l, "beta", true, 1, &c, e) < 0))
		return -1;
	if (l->type == HN_CONST)
		return check_weight(w, l, "value", false, 3, hwc, e);
	return 0;
}

/* Every layer but an output leads somewhere, and there is something to compute. */
static int check_structure(const struct graph *g, struct err *e)
{
	if (graph_inputs(g, NULL, 0) == 0)
		return err_set(e, "the network has no input layer");
	if (graph_outputs(g, NULL, 0) == 0)
		return err_set(e, "the network has no output layer");
	for (size_t i = 0; i < g->nlayers; i++) {
		const struct layer *l = g->layers[i];

		if (l->type != HN_OUTPUT && l->nsucc == 0 && l->type != HN_INPUT)
			return err_set(e, "layer '%s' has no output (nothing uses it)",
				       quote(l->name));
	}
	return graph_check_host(g, e);
}

int graph_validate(struct graph *g, const struct tensors *w, struct err *e)
{
	if (graph_infer_shapes(g, e) < 0 || check_structure(g, e) < 0)
		return -1;
	for (size_t i = 0; w && i < g->nlayers; i++)
		if (check_weights(w, g->layers[i], e) < 0)
			return err_in(e, "layer '%s'", quote(g->layers[i]->name));
	return 0;
}
