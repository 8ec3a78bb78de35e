/* conv, dw, deconv, dense: one weighted sum per output, through oneDNN. */
#include "kernel/blocked_f32.h"
#include "kernel/dnn.h"
#include <math.h>

enum {
	WINOGRAD_FEATURES = 64,
	WINOGRAD_PIXELS = 28 * 28
};

struct conv {
	struct dnn *d;
	float *in, *out; /* Winograd: the tensors in blocks; else NULL */
	float lo, hi;    /* Winograd: the activation, when it only clips */
};

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

/*
 * Winograd's method needs fewer multiplications, and its tensors in blocks: it pays where the image
 * is large enough to hide the transformation of weights and tensors (measured on resnet18 and
 * resnet50).
 */
static bool suits_winograd(const struct f32k *k, const struct dnn_shape *s)
{
	return k->fast && !k->clip_lo && s->kind == DNN_CONV && s->groups == 1 &&
	       s->kernel[0] == 3 && s->kernel[1] == 3 && s->stride[0] == 1 && s->stride[1] == 1 &&
	       s->dilation[0] == 1 && s->dilation[1] == 1 && s->in_c % 16 == 0 &&
	       s->out_c % 16 == 0 && s->in_c >= WINOGRAD_FEATURES &&
	       s->out_c >= WINOGRAD_FEATURES && s->out_h * s->out_w >= WINOGRAD_PIXELS;
}

/* Bounds of an activation that only clips. */
static bool clip_bounds(const struct layer *l, float *lo, float *hi)
{
	static const struct {
		enum hn_act act;
		float lo, hi;
	} rows[] = { { ACT_LINEAR, -INFINITY, INFINITY },
		     { ACT_RELU, 0, INFINITY },
		     { ACT_RELU6, 0, 6 } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].act == l->p.activation) {
			*lo = rows[i].lo;
			*hi = rows[i].hi;
			return true;
		}
	*lo = l->p.activation == ACT_CLIP ? l->p.act.lo : -INFINITY;
	*hi = l->p.activation == ACT_CLIP ? l->p.act.hi : INFINITY;
	return l->p.activation == ACT_CLIP;
}

/* Tries Winograd's method; NULL where the machine has no such kernel. */
static struct dnn *make_winograd(struct f32k *k, struct conv *c, struct dnn_shape s,
				 const float *kernel, const float *bias)
{
	const struct dnn_post post = { .bias = bias, .act = ACT_LINEAR };
	struct err none = { 0 };
	struct dnn *d;

	s.kind = DNN_WINOGRAD;
	if (!(d = dnn_new_f32(&s, kernel, &post, &none)))
		return NULL;
	c->in = xaligned(hn_shape_count(f32_in(k, 0)) * (size_t)k->n * sizeof *c->in);
	c->out = xaligned(hn_shape_count(f32_out(k)) * (size_t)k->n * sizeof *c->out);
	k->own_act = clip_bounds(k->l, &c->lo, &c->hi);
	return d;
}

static struct dnn *make_direct(struct f32k *k, const struct dnn_shape *s, const float *kernel,
			       const float *bias, struct err *e)
{
	struct dnn_post post = { .bias = bias,
				 .add = k->l->p.elementwise_add,
				 .add_in_place = k->add_in_place,
				 .act = ACT_LINEAR,
				 .params = k->l->p.act };

	if (dnn_has_act(k->l->p.activation) && !k->clip_lo) {
		post.act = k->l->p.activation;
		k->own_act = true;
	}
	return dnn_new_f32(s, kernel, &post, e);
}

static int conv_make(struct f32k *k, const struct tensors *w, struct err *e)
{
	const struct layer *l = k->l;
	struct conv *c = xcalloc(1, sizeof *c);
	struct dnn_shape s;
	float *kernel, *bias;
	size_t count;

	k->state = c;
	fill_shape(k, &s);
	count = kernel_count(&s);
	kernel = f32_weight(l, w, "kernel", count, false, e);
	bias = f32_weight(l, w, "bias", (size_t)l->out[0].c, true, e);
	if (l->p.elementwise_add && !hn_shape_equal(f32_in(k, l->nin - 1), f32_out(k)))
		err_set(e, "the added input %s differs from its output %s",
			hn_shape_text(f32_in(k, l->nin - 1)), hn_shape_text(f32_out(k)));
	if (!err_is(e) && (!l->p.batch_norm || fold(l, w, kernel, count, &bias, e) == 0)) {
		if (suits_winograd(k, &s))
			c->d = make_winograd(k, c, s, kernel, bias);
		if (!c->d)
			c->d = make_direct(k, &s, kernel, bias, e);
	}
	free(kernel);
	free(bias);
	return c->d ? 0 : -1;
}

static int conv_run(const struct f32k *k, const float *const in[], float *const out[],
		    struct err *e)
{
	const struct conv *c = k->state;
	const float *add = k->l->p.elementwise_add ? in[k->l->nin - 1] : NULL;

	if (!c->in)
		return dnn_run_f32(c->d, in[0], add, out[0], e);
	blocked_from_nhwc(f32_in(k, 0), k->n, in[0], c->in);
	if (dnn_run_f32(c->d, c->in, NULL, c->out, e) < 0)
		return -1;
	blocked_to_nhwc(f32_out(k), k->n, c->out, add, c->lo, c->hi, out[0]);
	return 0;
}

static void conv_drop(void *state)
{
	struct conv *c = state;

	if (!c)
		return;
	dnn_free(c->d);
	free(c->in);
	free(c->out);
	free(c);
}

const char *conv_f32_impl(const struct f32k *k)
{
	return dnn_impl(((const struct conv *)k->state)->d);
}

const struct f32_impl conv_f32 = { conv_make, conv_run, conv_drop };
