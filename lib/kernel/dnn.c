#include "kernel/dnn.h"
#include <oneapi/dnnl/dnnl.h>

struct dnn {
	struct dnn_shape s;
	struct dnn_post post;
	dnnl_engine_t engine;
	dnnl_stream_t stream;
	dnnl_primitive_t p;
	dnnl_memory_t src, weights, bias, dst, add; /* tensors are bound to addresses at each run */
	const char *impl;                           /* oneDNN's own string */
};

/* The operation descriptor of each kind; primitive_desc_create takes any of them. */
union op_desc {
	dnnl_convolution_desc_t conv;
	dnnl_deconvolution_desc_t deconv;
};

static int status(dnnl_status_t s, const char *what, struct err *e)
{
	if (s == dnnl_success)
		return 0;
	return err_set(e, "oneDNN cannot %s (status %d)", what, (int)s);
}

/* One activation as oneDNN's algorithm; false when it lacks it or means something else by it. */
static bool eltwise(enum hn_act a, const struct hn_act_params *p, dnnl_alg_kind_t *alg,
		    float *alpha, float *beta)
{
	struct row {
		enum hn_act act;
		dnnl_alg_kind_t alg;
		float alpha, beta;
	};
	const struct row rows[] = {
		{ ACT_RELU, dnnl_eltwise_relu, 0, 0 },
		{ ACT_RELU6, dnnl_eltwise_clip_v2, 0, 6 },
		{ ACT_CLIP, dnnl_eltwise_clip_v2, p->lo, p->hi },
		{ ACT_LEAKY, dnnl_eltwise_relu, p->alpha, 0 },
		{ ACT_SIGMOID, dnnl_eltwise_logistic, 0, 0 },
		{ ACT_HARD_SWISH, dnnl_eltwise_hardswish, 0, 0 },
		{ ACT_SILU, dnnl_eltwise_swish, 1, 0 },
		{ ACT_SWISH, dnnl_eltwise_swish, p->beta, 0 },
		{ ACT_TANH, dnnl_eltwise_tanh, 0, 0 },
		{ ACT_ELU, dnnl_eltwise_elu, p->alpha, 0 },
		{ ACT_GELU, dnnl_eltwise_gelu_erf, 0, 0 },
		{ ACT_MISH, dnnl_eltwise_mish, 0, 0 },
		{ ACT_SOFTPLUS, dnnl_eltwise_soft_relu, 0, 0 },
		{ ACT_ABS, dnnl_eltwise_abs, 0, 0 },
		{ ACT_NEG, dnnl_eltwise_linear, -1, 0 },
		{ ACT_SQUARE, dnnl_eltwise_square, 0, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].act == a) {
			*alg = rows[i].alg;
			*alpha = rows[i].alpha;
			*beta = rows[i].beta;
			return true;
		}
	return false;
}

bool dnn_has_act(enum hn_act a)
{
	const struct hn_act_params p = { 0 };
	dnnl_alg_kind_t alg;
	float x, y;

	return a == ACT_LINEAR || a == ACT_HARD_SIGMOID || eltwise(a, &p, &alg, &x, &y);
}

static int post_ops(const struct dnn *d, const dnnl_memory_desc_t *dst, dnnl_primitive_attr_t attr,
		    struct err *e)
{
	const struct dnn_post *post = &d->post;
	dnnl_alg_kind_t alg;
	dnnl_post_ops_t ops;
	float alpha, beta;
	dnnl_status_t s;

	if ((s = dnnl_post_ops_create(&ops)) != dnnl_success)
		return status(s, "make post-operations", e);
	if (post->add_in_place)
		s = dnnl_post_ops_append_sum(ops, 1);
	else if (post->add)
		s = dnnl_post_ops_append_binary(ops, dnnl_binary_add, dst);
	if (s == dnnl_success && post->act == ACT_HARD_SIGMOID) {
		s = dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_linear, post->params.alpha,
						 post->params.beta);
		if (s == dnnl_success)
			s = dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_clip_v2, 0, 1);
	} else if (s == dnnl_success && eltwise(post->act, &post->params, &alg, &alpha, &beta)) {
		s = dnnl_post_ops_append_eltwise(ops, 1, alg, alpha, beta);
	}
	if (s == dnnl_success)
		s = dnnl_primitive_attr_set_post_ops(attr, ops);
	dnnl_post_ops_destroy(ops);
	return status(s, "attach post-operations", e);
}

/* Plain weights [kh][kw][ic/g][oc] as oneDNN's [g][oc/g][ic/g][kh][kw] or, without groups,
 * [oc][ic][kh][kw]. */
static dnnl_status_t weights_desc(const struct dnn *d, dnnl_memory_desc_t *plain,
				  dnnl_memory_desc_t *any)
{
	const struct dnn_shape *s = &d->s;
	const dnnl_dim_t g = s->groups, oc = s->out_c, icg = s->in_c / s->groups;
	const dnnl_dim_t kh = s->kernel[0], kw = s->kernel[1];
	dnnl_dims_t dims = { g, oc / g, icg, kh, kw };
	dnnl_dims_t strides = { oc / g, 1, oc, kw * icg * oc, icg * oc };
	const int skip = g == 1;
	dnnl_status_t r;

	r = dnnl_memory_desc_init_by_strides(plain, 5 - skip, dims + skip, dnnl_f32,
					     strides + skip);
	return r ? r
		 : dnnl_memory_desc_init_by_tag(any, 5 - skip, dims + skip, dnnl_f32,
						dnnl_format_tag_any);
}

static dnnl_status_t fill_op(const struct dnn *d, const dnnl_memory_desc_t *weights,
			     union op_desc *op, dnnl_memory_desc_t *src, dnnl_memory_desc_t *dst)
{
	const struct dnn_shape *s = &d->s;
	dnnl_dims_t sd = { s->batch, s->in_c, s->in_h, s->in_w },
		    dd = { s->batch, s->out_c, s->out_h, s->out_w };
	dnnl_dims_t bd = { s->out_c }, stride = { s->stride[0], s->stride[1] };
	dnnl_dims_t dilate = { s->dilation[0] - 1, s->dilation[1] - 1 };
	dnnl_dims_t before = { s->pad_top, s->pad_left }, after;
	dnnl_memory_desc_t bias_md;
	const dnnl_memory_desc_t *bias = d->post.bias ? &bias_md : NULL;
	const int32_t in[2] = { s->in_h, s->in_w }, out[2] = { s->out_h, s->out_w };
	const bool winograd = s->kind == DNN_WINOGRAD;
	const dnnl_format_tag_t tag = winograd ? dnnl_nChw16c : dnnl_nhwc;
	dnnl_status_t r;

	for (int i = 0; i < 2; i++) {
		const int64_t window = (int64_t)(s->kernel[i] - 1) * s->dilation[i] + 1;

		if (s->kind == DNN_DECONV)
			after[i] =
			    (int64_t)(in[i] - 1) * s->stride[i] + window - before[i] - out[i];
		else
			after[i] =
			    (int64_t)(out[i] - 1) * s->stride[i] + window - before[i] - in[i];
	}
	if ((r = dnnl_memory_desc_init_by_tag(src, 4, sd, dnnl_f32, tag)) ||
	    (r = dnnl_memory_desc_init_by_tag(dst, 4, dd, dnnl_f32, tag)) ||
	    (r = dnnl_memory_desc_init_by_tag(&bias_md, 1, bd, dnnl_f32, dnnl_x)))
		return r;
	if (s->kind == DNN_DECONV)
		return dnnl_dilated_deconvolution_forward_desc_init(
		    &op->deconv, dnnl_forward_inference, dnnl_deconvolution_direct, src, weights,
		    bias, dst, stride, dilate, before, after);
	return dnnl_dilated_convolution_forward_desc_init(
	    &op->conv, dnnl_forward_inference,
	    winograd ? dnnl_convolution_winograd : dnnl_convolution_direct, src, weights, bias, dst,
	    stride, dilate, before, after);
}

/* Weights in the layout the primitive wants, in memory of oneDNN's own. */
static int load_weights(struct dnn *d, const float *data, const dnnl_memory_desc_t *plain,
			const dnnl_memory_desc_t *want, struct err *e)
{
	union {
		const float *in;
		void *out;
	} handle = { .in = data }; /* oneDNN's handles are not const; a source is only read */
	dnnl_primitive_desc_t pd = NULL;
	dnnl_primitive_t reorder = NULL;
	dnnl_memory_t from = NULL;
	dnnl_status_t s;

	if (!(s = dnnl_memory_create(&d->weights, want, d->engine, DNNL_MEMORY_ALLOCATE)) &&
	    !(s = dnnl_memory_create(&from, plain, d->engine, handle.out)) &&
	    !(s = dnnl_reorder_primitive_desc_create(&pd, plain, d->engine, want, d->engine,
						     NULL)) &&
	    !(s = dnnl_primitive_create(&reorder, pd))) {
		const dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, from },
						 { DNNL_ARG_TO, d->weights } };

		if (!(s = dnnl_primitive_execute(reorder, d->stream, 2, args)))
			s = dnnl_stream_wait(d->stream);
	}
	if (reorder)
		dnnl_primitive_destroy(reorder);
	if (pd)
		dnnl_primitive_desc_destroy(pd);
	if (from)
		dnnl_memory_destroy(from);
	return status(s, "reorder weights", e);
}

static int load_bias(struct dnn *d, struct err *e)
{
	dnnl_dims_t dims = { d->s.out_c };
	dnnl_memory_desc_t md;
	dnnl_status_t s;
	void *to;

	if (!d->post.bias)
		return 0;
	if ((s = dnnl_memory_desc_init_by_tag(&md, 1, dims, dnnl_f32, dnnl_x)) ||
	    (s = dnnl_memory_create(&d->bias, &md, d->engine, DNNL_MEMORY_ALLOCATE)) ||
	    (s = dnnl_memory_get_data_handle(d->bias, &to)))
		return status(s, "store a bias", e);
	memcpy(to, d->post.bias, sizeof *d->post.bias * (size_t)d->s.out_c);
	return 0;
}

/* The primitive of a descriptor, its memories, its weights. */
static int make_from(struct dnn *d, dnnl_primitive_desc_t pd, const float *weights,
		     const dnnl_memory_desc_t *plain, struct err *e)
{
	const dnnl_memory_desc_t *src = dnnl_primitive_desc_query_md(pd, dnnl_query_src_md, 0);
	const dnnl_memory_desc_t *dst = dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0);
	const dnnl_memory_desc_t *wmd = dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
	const bool add = d->post.add && !d->post.add_in_place;
	dnnl_status_t s;

	if ((s = dnnl_primitive_create(&d->p, pd)) ||
	    (s = dnnl_memory_create(&d->src, src, d->engine, NULL)) ||
	    (s = dnnl_memory_create(&d->dst, dst, d->engine, NULL)) ||
	    (add && (s = dnnl_memory_create(&d->add, dst, d->engine, NULL))))
		return status(s, "make a primitive", e);
	if (dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &d->impl) != dnnl_success)
		d->impl = "?";
	return load_weights(d, weights, plain, wmd, e) < 0 ? -1 : load_bias(d, e);
}

static int make(struct dnn *d, const float *weights, struct err *e)
{
	dnnl_memory_desc_t plain, any, src, dst;
	dnnl_primitive_attr_t attr;
	dnnl_primitive_desc_t pd = NULL;
	union op_desc op;
	dnnl_status_t s;
	int rc = -1;

	if ((s = dnnl_engine_create(&d->engine, dnnl_cpu, 0)) ||
	    (s = dnnl_stream_create(&d->stream, d->engine, dnnl_stream_default_flags)))
		return status(s, "make an engine", e);
	if ((s = weights_desc(d, &plain, &any)) || (s = fill_op(d, &any, &op, &src, &dst)))
		return status(s, "describe this shape", e);
	if ((s = dnnl_primitive_attr_create(&attr)))
		return status(s, "make attributes", e);
	if (post_ops(d, &dst, attr, e) == 0) {
		s = dnnl_primitive_desc_create(&pd, &op, attr, d->engine, NULL);
		if (status(s, "compute this shape", e) == 0)
			rc = make_from(d, pd, weights, &plain, e);
		if (s == dnnl_success)
			dnnl_primitive_desc_destroy(pd);
	}
	dnnl_primitive_attr_destroy(attr);
	return rc;
}

struct dnn *dnn_new_f32(const struct dnn_shape *s, const float *weights,
			const struct dnn_post *post, struct err *e)
{
	struct dnn *d = xcalloc(1, sizeof *d);

	d->s = *s;
	d->post = *post;
	/*
	 * One pixel that holds all features.  oneDNN's inner product would sum in an order that
	 * depends on the number of images; a convolution's does not.
	 */
	if (s->kind == DNN_DENSE) {
		d->s.kind = DNN_CONV;
		d->s.in_c = s->in_h * s->in_w * s->in_c;
		d->s.in_h = d->s.in_w = 1;
	}
	if (make(d, weights, e) == 0)
		return d;
	dnn_free(d);
	return NULL;
}

int dnn_run_f32(struct dnn *d, const float *in, const float *add, float *out, struct err *e)
{
	union {
		const float *in;
		void *out;
	} src = { .in = in }, second = { .in = add };
	dnnl_exec_arg_t args[5] = { { DNNL_ARG_SRC, d->src },
				    { DNNL_ARG_WEIGHTS, d->weights },
				    { DNNL_ARG_DST, d->dst } };
	int n = 3;
	dnnl_status_t s;

	if (d->bias)
		args[n++] = (dnnl_exec_arg_t){ DNNL_ARG_BIAS, d->bias };
	if (d->add)
		args[n++] =
		    (dnnl_exec_arg_t){ DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, d->add };
	if ((s = dnnl_memory_set_data_handle_v2(d->src, src.out, d->stream)) ||
	    (s = dnnl_memory_set_data_handle_v2(d->dst, out, d->stream)) ||
	    (d->add && (s = dnnl_memory_set_data_handle_v2(d->add, second.out, d->stream))) ||
	    (s = dnnl_primitive_execute(d->p, d->stream, n, args)) ||
	    (s = dnnl_stream_wait(d->stream)))
		return status(s, "run a primitive", e);
	return 0;
}

const char *dnn_impl(const struct dnn *d)
{
	return d->impl;
}

void dnn_free(struct dnn *d)
{
	dnnl_memory_t m[5] = { 0 };

	if (!d)
		return;
	m[0] = d->src;
	m[1] = d->weights;
	m[2] = d->bias;
	m[3] = d->dst;
	m[4] = d->add;
	for (size_t i = 0; i < sizeof m / sizeof *m; i++)
		if (m[i])
			dnnl_memory_destroy(m[i]);
	if (d->p)
		dnnl_primitive_destroy(d->p);
	if (d->stream)
		dnnl_stream_destroy(d->stream);
	if (d->engine)
		dnnl_engine_destroy(d->engine);
	free(d);
}

int dnn_gemm_f32(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
		 size_t ldb, bool transposed, float *c, size_t ldc, struct err *e)
{
	dnnl_status_t st =
	    dnnl_sgemm('N', transposed ? 'T' : 'N', (dnnl_dim_t)m, (dnnl_dim_t)n, (dnnl_dim_t)k, 1,
		       a, (dnnl_dim_t)lda, b, (dnnl_dim_t)ldb, 0, c, (dnnl_dim_t)ldc);

	return st == dnnl_success ? 0 : err_set(e, "oneDNN's product failed (%d)", (int)st);
}
