/*
 * LogSoftmax and ReduceLogSumExp as blocks of layers, with the maximum taken off first:
 * (x - m) - log(sum(exp(x - m))), and m + log(sum(exp(x - m))).
 */
#include "onnx/onnx_int.h"

struct block {
	struct layer *max, *diff, *log_sum;
};

static struct layer *over(struct build *b, enum hn_type t, const char *base, struct layer *in,
			  int32_t port, int bits)
{
	struct layer *l = build_layer(b, t, base);

	layer_add_input(b->g, l, in, port);
	l->p.reduce_axes = bits;
	return l;
}

static struct layer *pair(struct build *b, enum hn_type t, const char *base, struct layer *x,
			  int32_t port, struct layer *y)
{
	struct layer *l = build_layer(b, t, base);

	layer_add_input(b->g, l, x, port);
	layer_add_input(b->g, l, y, 0);
	return l;
}

static struct block log_sum_exp(struct build *b, const struct im_view *v, int bits)
{
	struct block k;
	struct layer *e;

	k.max = over(b, HN_REDUCE_MAX, "reduce_max", v->layer, v->port, bits);
	k.diff = pair(b, HN_EW_SUB, "ew_sub", v->layer, v->port, k.max);
	e = build_layer(b, HN_ACTIVATION, "activation");
	layer_add_input(b->g, e, k.diff, 0);
	e->p.activation = ACT_EXP;
	k.log_sum = over(b, HN_REDUCE_SUM, "reduce_sum", e, 0, bits);
	k.log_sum->p.activation = ACT_LOG;
	return k;
}

void onnx_log_softmax(struct build *b, struct im_value *x, struct im_value *out)
{
	const struct block k = log_sum_exp(b, &x->view, 4);

	build_like(out, x, pair(b, HN_EW_SUB, "ew_sub", k.diff, 0, k.log_sum));
}

void onnx_log_sum(struct build *b, struct im_value *x, int bits, struct im_value *out)
{
	const struct block k = log_sum_exp(b, &x->view, bits);

	build_like(out, x, pair(b, HN_EW_ADD, "ew_add", k.log_sum, 0, k.max));
}
