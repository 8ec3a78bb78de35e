/* conv, dw, deconv, dense: one weighted sum per output, through oneDNN. */
#include "kernel/dnn.h"
#include "kernel/f32_int.h"

static void fill_shape(const struct f32k *k, struct dnn_shape *s)
{
	const struct layer *l = k->l;
	const struct hn_params *p = &l->p;
	const struct hn_shape *in = f32_in(k, 0), *out = f32_out(k);

	*s = (struct dnn_shape){
		.batch = k->n,
		.in_h = in->h,
		.in_w = in->w,
		.in_c = in->c,
		.out_h = out->h,
		.out_w = out->w,
		.out_c = out->c,
		.groups = 1,
		.kernel = { 1, 1 },
		.stride = { 1, 1 },
		.dilation = { 1, 1 },
	};
	if (l->type == HN_DENSE) {
		s->kind = DNN_DENSE;
		return;
	}
	s->kind = l->type == HN_DECONV ? DNN_DECONV : DNN_CONV;
	s->groups = l->type == HN_DW ? in->c : p->groups;
	for (int i = 0; i < 2; i++) {
		s->kernel[i] = p->kernel[i];
		s->stride[i] = p->stride[i];
		s->dilation[i] = p->dilation[i];
	}
	s->pad_top = l->type == HN_DECONV ? p->deconv_crop[0] : p->pad[0];
	s->pad_left = l->type == HN_DECONV ? p->deconv_crop[2] : p->pad[2];
}

/* Values of the kernel: window x inputs of one group x outputs. */
static size_t kernel_count(const struct dnn_shape *s)
{
	const size_t taps = s->kind == DNN_DENSE ? (size_t)s->in_h * (size_t)s->in_w
						 : (size_t)s->kernel[0] * (size_t)s->kernel[1];

	return taps * (size_t)(s->in_c / s->groups) * (size_t)s->out_c;
}

/* Folds y = scale x + offset into kernel and bias; the output feature is the kernel's last index.
 */
static int fold(const struct layer *l, const struct tensors *w, float *kernel, size_t count,
		float **bias, struct err *e)
{
	const size_t c = (size_t)l->out[0].c;
	float *scale, *offset;

	if (f32_batch_norm(l, w, &scale, &offset, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i += c)
		for (size_t o = 0; o < c; o++)
			kernel[i + o] *= scale[o];
	for (size_t o = 0; *bias && o < c; o++)
		offset[o] += (*bias)[o] * scale[o];
	free(*bias);
	free(scale);
	*bias = offset;
	return 0;
}

static int conv_make(struct f32k *k, const struct tensors *w, struct err *e)
{
	const struct layer *l = k->l;
	struct dnn_post post = { .add = l->p.elementwise_add,
				 .add_in_place = k->add_in_place,
				 .act = ACT_LINEAR,
				 .params = l->p.act };
	struct dnn_shape s;
	float *kernel, *bias;
	size_t count;

	fill_shape(k, &s);
	count = kernel_count(&s);
	kernel = f32_weight(l, w, "kernel", count, false, e);
	bias = f32_weight(l, w, "bias", (size_t)l->out[0].c, true, e);
	if (post.add && !hn_shape_equal(f32_in(k, l->nin - 1), f32_out(k)))
		err_set(e, "the added input %s differs from its output %s",
			hn_shape_text(f32_in(k, l->nin - 1)), hn_shape_text(f32_out(k)));
	if (dnn_has_act(l->p.activation) && !k->clip_lo) {
		post.act = l->p.activation;
		k->own_act = true;
	}
	if (!err_is(e) && (!l->p.batch_norm || fold(l, w, kernel, count, &bias, e) == 0)) {
		post.bias = bias;
		k->state = dnn_new_f32(&s, kernel, &post, e);
	}
	free(kernel);
	free(bias);
	return k->state ? 0 : -1;
}

static int conv_run(const struct f32k *k, const float *const in[], float *const out[],
		    struct err *e)
{
	return dnn_run_f32(k->state, in[0], k->l->p.elementwise_add ? in[k->l->nin - 1] : NULL,
			   out[0], e);
}

static void conv_drop(void *state)
{
	dnn_free(state);
}

const struct f32_impl conv_f32 = { conv_make, conv_run, conv_drop };
