/* Transforms of attention: a constant taken from keys. */
#include "quant/transform.h"

/* All values of a vector in each of `groups` equal parts are one value. */
static bool uniform(const struct quant *q, const struct layer *l, int32_t groups)
{
	const struct tensor *t = layer_weight(q->w, l, "kernel");
	const size_t n = t ? tensor_count(t) : 0;
	const size_t each = n / (size_t)groups;

	if (n == 0 || n % (size_t)groups || t->dtype != DT_F32)
		return false;
	for (size_t i = 0; i < n; i++)
		if (tensor_get(t, i) != tensor_get(t, i / each * each))
			return false;
	return true;
}

/* A number that is added to all scores of a row and group changes nothing behind l. */
static bool ends_in_softmax(const struct quant *q, const struct layer *matmul)
{
	const struct layer *l = matmul;

	if (l->p.activation != ACT_LINEAR)
		return false;
	while (l->nsucc == 1) {
		const struct layer *next = l->succ[0];

		if (next->type == HN_SOFTMAX)
			return next->p.softmax_groups == matmul->p.groups;
		if (next->p.activation != ACT_LINEAR || next->p.elementwise_add)
			return false;
		if (next->type == HN_NORMALIZATION) {
			if (!uniform(q, next, matmul->p.groups))
				return false;
		} else if (next->type != HN_EW_ADD || next->in[0].layer == next->in[1].layer ||
			   !hn_shape_equal(layer_in_shape(next, 0), &next->out[0]) ||
			   next->in[0].layer != l) {
			return false;
		}
		l = next;
	}
	return false;
}

/* What the layer adds to every pixel: its bias and, behind a layer_normalization, that one's beta
 * through its weights. */
static void constant_part(const struct quant *q, const struct layer *l, size_t c, double *part)
{
	const struct tensor *bias = layer_weight(q->w, l, "bias");
	const struct tensor *kernel = layer_weight(q->w, l, "kernel");
	const struct layer *from = l->in[0].layer;
	const struct tensor *beta =
	    from->type == HN_LAYER_NORM ? layer_weight(q->w, from, "beta") : NULL;

	for (size_t o = 0; o < c; o++) {
		part[o] = bias ? tensor_get(bias, o) : 0;
		for (size_t i = 0; beta && i < tensor_count(beta); i++)
			part[o] += tensor_get(beta, i) * tensor_get(kernel, i * c + o);
	}
}

static bool can_center(const struct quant *q, const struct layer *matmul)
{
	const struct layer *from = matmul->nin > 1 ? matmul->in[1].layer : NULL;

	return matmul->type == HN_MATMUL && matmul->p.variant && from->type == HN_CONV &&
	       from->p.kernel[0] == 1 && from->p.kernel[1] == 1 && from->p.groups == 1 &&
	       from->nsucc == 1 && !from->p.elementwise_add && from->p.activation == ACT_LINEAR &&
	       !from->p.conversion && ends_in_softmax(q, matmul);
}

/*
 * matmul_bias: with m the constant part of the second input's features, X (Y - m)^T differs from X
 * Y^T by one number for a row, which a softmax does not see.  The first input's would come back as
 * a number for each column.
 */
int transform_center(struct quant *q, const struct alls_stmt *st, struct layer *matmul,
		     struct err *e)
{
	struct layer *from;
	size_t c;
	double *part;
	struct tensor bias;
	float *to;

	/* Public scripts say {*}. */
	if (alls_get_switch(st, "matmul_bias") != 1 ||
	    (matmul->type != HN_MATMUL && alls_by_glob(st)))
		return 0;
	if (!can_center(q, matmul))
		return err_set(e,
			       "layer '%s': matmul_bias is for a transposed second input that a "
			       "linear 1x1 conv makes, and scores that a softmax alone reads",
			       quote(matmul->name));
	from = matmul->in[1].layer;
	c = (size_t)layer_in_shape(matmul, 1)->c;
	part = xcalloc(c, sizeof *part);
	constant_part(q, from, c, part);
	bias = tensor_new(DT_F32, 1, (int64_t[]){ (int64_t)c });
	to = tensor_data(&bias);
	for (size_t o = 0; o < c; o++) {
		const struct tensor *had = layer_weight(q->w, from, "bias");

		to[o] = (float)((had ? tensor_get(had, o) : 0) - part[o]);
	}
	layer_set_weight(q->w, from, "bias", bias);
	free(part);
	return 0;
}
