/* Records of layers with weights: conv, dw, deconv, dense, normalization, batch_norm. */
#include "quant/weights.h"

#include <math.h>
#include <string.h>

void weights_release(struct weights *w)
{
	free(w->kernel);
	free(w->bias);
	free(w->top);
}

static size_t kernel_size(const struct qop *op, const struct layer *l)
{
	size_t cin = l->type == HN_DENSE ? hn_shape_count(layer_in_shape(l, 0))
					 : (size_t)layer_in_shape(l, 0)->c / (size_t)op->groups;

	return (size_t)op->kernel_hw.v[0] * (size_t)op->kernel_hw.v[1] * cin * (size_t)l->out[0].c;
}

/* A batch_norm layer as one multiplication and addition per feature. */
static int load_batch_norm(struct quant *q, const struct layer *l, struct weights *w, struct err *e)
{
	static const char *const keys[] = { "gamma", "beta", "moving_mean", "moving_variance" };
	const float *v[4];

	for (size_t k = 0; k < 4; k++)
		if (!(v[k] = quant_weight(q, l, keys[k], w->cout, e)))
			return -1;
	for (size_t c = 0; c < w->cout; c++) {
		double s = (double)v[0][c] / sqrt((double)v[3][c] + (double)l->p.bn_epsilon);

		w->kernel[c] = (float)s;
		w->bias[c] = (float)((double)v[1][c] - s * (double)v[2][c]);
	}
	return 0;
}

int weights_load(struct quant *q, const struct layer *l, const struct qop *op, struct weights *w,
		 struct err *e)
{
	const float *v;

	w->cout = (size_t)l->out[0].c;
	w->n = kernel_size(op, l);
	w->kernel = xreallocarray(NULL, w->n, sizeof(float));
	w->bias = xcalloc(w->cout, sizeof(float));
	if (l->type == HN_BATCH_NORM)
		return load_batch_norm(q, l, w, e);
	if (l->p.batch_norm)
		return err_set(e, "its batch norm is not folded (run hn-normalize)");
	if (!(v = quant_weight(q, l, "kernel", w->n, e)))
		return -1;
	memcpy(w->kernel, v, w->n * sizeof(float));
	if (!layer_weight(q->w, l, "bias"))
		return 0;
	if (!(v = quant_weight(q, l, "bias", w->cout, e)))
		return -1;
	memcpy(w->bias, v, w->cout * sizeof(float));
	return 0;
}

static void geometry(const struct layer *l, struct qop *op)
{
	bool window = hn_is(l->type, HNF_WINDOW);
	const struct hn_params *p = &l->p;
	const int32_t one[2] = { 1, 1 };
	const int32_t none[4] = { 0 };

	qset_i32(&op->kernel_hw, 2, window ? p->kernel : one);
	qset_i32(&op->stride, 2, window ? p->stride : one);
	qset_i32(&op->dilation, 2, window ? p->dilation : one);
	qset_i32(&op->pad, 4, window && l->type != HN_DECONV ? p->pad : none);
	if (l->type == HN_DECONV)
		qset_i32(&op->crop, 4, p->deconv_crop);
	op->groups = l->type == HN_DENSE                          ? 1
		     : l->type == HN_CONV || l->type == HN_DECONV ? p->groups
								  : layer_in_shape(l, 0)->c;
}

/* The added input enters in accumulator units. */
static void added_input(struct qop *op, double unit)
{
	double real[2] = { 0, (double)op->in_scale.v[op->nin - 1] / unit };

	if (op->nin > 1)
		qset_multipliers(&op->in_mult, &op->in_shift, real, 2);
}

int32_t weights_bias_mode(const struct layer *l)
{
	return l->quant.bias_mode && strcmp(l->quant.bias_mode, "single_scale_decomposition") == 0
		   ? 2
		   : 1;
}

/* The form of the bias; wide sums have one that reaches far enough. */
static int set_bias_mode(const struct layer *l, struct qop *op, struct err *e)
{
	op->bias_mode = weights_bias_mode(l);
	if (op->bias_mode == 2 && (op->w_bits == 16 || op->in_bits.v[0] == 16))
		return err_set(e, "single_scale_decomposition has 8-bit products; 16-bit layers "
				  "have bias_mode=double_scale_initialization");
	return 0;
}

QUANT_OP(quant_conv)
{
	struct weights w = { 0 };
	const struct qinfo *info = quant_info(q, l);
	double *unit = xcalloc(info->c, sizeof *unit);
	int rc;

	geometry(l, op);
	op->w_bits = info->mode.w ? info->mode.w : 8;
	rc = weights_load(q, l, op, &w, e);
	if (rc == 0)
		rc = set_bias_mode(l, op, e);
	if (rc == 0)
		rc = weights_given(q, l, op->w_bits, &w, e);
	if (rc == 0) {
		weights_quantize(q, l, &w, op, unit);
		added_input(op, unit[0]);
		rc = quant_stage(q, l, op, unit,
				 info->groups > 1 || l->p.conversion || w.top ? w.cout : 1, e);
	}
	free(unit);
	weights_release(&w);
	return rc;
}
