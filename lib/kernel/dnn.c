#include "kernel/dnn.h"
#include <oneapi/dnnl/dnnl.h>

/* A primitive for one batch size; its memories are bound to addresses at each run. */
struct prim {
	int32_t n; /* images; 0: not made */
	dnnl_primitive_t p;
	dnnl_memory_t src, weights, bias, dst, add;
	const char *impl; /* oneDNN's own string */
};

struct dnn {
	struct dnn_shape s;
	struct dnn_post post;
	bool integer;
	int32_t zp;
	const void *plain; /* weights as they came; kept for integers only */
	dnnl_engine_t engine;
	dnnl_stream_t stream;
	struct prim full, tail;
};

/* The operation descriptor of each kind; primitive_desc_create takes any of them. */
union op_desc {
	dnnl_convolution_desc_t conv;
	dnnl_deconvolution_desc_t deconv;
	dnnl_inner_product_desc_t dense;
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
	const dnnl_data_type_t t = d->integer ? dnnl_s8 : dnnl_f32;
	const dnnl_dim_t g = s->groups, oc = s->out_c, icg = s->in_c / s->groups;
	const dnnl_dim_t kh = s->kernel[0], kw = s->kernel[1];
	dnnl_dims_t dims = { g, oc / g, icg, kh, kw };
	dnnl_dims_t strides = { oc / g, 1, oc, kw * icg * oc, icg * oc };
	const int skip = g == 1;
	dnnl_status_t r;

	if (s->kind == DNN_DENSE && !d->integer) {
		dnnl_dims_t md = { oc, s->in_c }, ms = { 1, oc };

		r = dnnl_memory_desc_init_by_strides(plain, 2, md, t, ms);
		return r ? r : dnnl_memory_desc_init_by_tag(any, 2, md, t, dnnl_format_tag_any);
	}
	r = dnnl_memory_desc_init_by_strides(plain, 5 - skip, dims + skip, t, strides + skip);
	return r ? r
		 : dnnl_memory_desc_init_by_tag(any, 5 - skip, dims + skip, t, dnnl_format_tag_any);
}

static dnnl_status_t fill_op(const struct dnn *d, int32_t n, const dnnl_memory_desc_t *weights,
			     union op_desc *op, dnnl_memory_desc_t *src, dnnl_memory_desc_t *dst)
{
	const struct dnn_shape *s = &d->s;
	const bool flat = s->kind == DNN_DENSE && !d->integer;
	dnnl_dims_t sd = { n, s->in_c, s->in_h, s->in_w }, dd = { n, s->out_c, s->out_h, s->out_w };
	dnnl_dims_t bd = { s->out_c }, stride = { s->stride[0], s->stride[1] };
	dnnl_dims_t dilate = { s->dilation[0] - 1, s->dilation[1] - 1 };
	dnnl_dims_t before = { s->pad_top, s->pad_left }, after;
	dnnl_memory_desc_t bias_md;
	const dnnl_memory_desc_t *bias = d->post.bias ? &bias_md : NULL;
	const int32_t in[2] = { s->in_h, s->in_w }, out[2] = { s->out_h, s->out_w };
	const dnnl_format_tag_t tag = flat ? dnnl_nc : dnnl_nhwc;
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
	if ((r = dnnl_memory_desc_init_by_tag(src, flat ? 2 : 4, sd,
					      d->integer ? dnnl_u8 : dnnl_f32, tag)) ||
	    (r = dnnl_memory_desc_init_by_tag(dst, flat ? 2 : 4, dd,
					      d->integer ? dnnl_s32 : dnnl_f32, tag)) ||
	    (r = dnnl_memory_desc_init_by_tag(&bias_md, 1, bd, dnnl_f32, dnnl_x)))
		return r;
	if (flat)
		return dnnl_inner_product_forward_desc_init(&op->dense, dnnl_forward_inference, src,
							    weights, bias, dst);
	if (s->kind == DNN_DECONV)
		return dnnl_dilated_deconvolution_forward_desc_init(
		    &op->deconv, dnnl_forward_inference, dnnl_deconvolution_direct, src, weights,
		    bias, dst, stride, dilate, before, after);
	return dnnl_dilated_convolution_forward_desc_init(&op->conv, dnnl_forward_inference,
							  dnnl_convolution_direct, src, weights,
							  bias, dst, stride, dilate, before, after);
}

/* Weights in the layout the primitive wants, in memory of oneDNN's own. */
static int load_weights(struct dnn *d, struct prim *p, const void *data,
			const dnnl_memory_desc_t *plain, const dnnl_memory_desc_t *want,
			struct err *e)
{
	union {
		const void *in;
		void *out;
	} handle = { .in = data }; /* oneDNN's handles are not const; a source is only read */
	dnnl_primitive_desc_t pd = NULL;
	dnnl_primitive_t reorder = NULL;
	dnnl_memory_t from = NULL;
	dnnl_status_t s;

	if (!(s = dnnl_memory_create(&p->weights, want, d->engine, DNNL_MEMORY_ALLOCATE)) &&
	    !(s = dnnl_memory_create(&from, plain, d->engine, handle.out)) &&
	    !(s = dnnl_reorder_primitive_desc_create(&pd, plain, d->engine, want, d->engine,
						     NULL)) &&
	    !(s = dnnl_primitive_create(&reorder, pd))) {
		const dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, from },
						 { DNNL_ARG_TO, p->weights } };

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

static int load_bias(struct dnn *d, struct prim *p, const float *bias, struct err *e)
{
	dnnl_dims_t dims = { d->s.out_c };
	dnnl_memory_desc_t md;
	dnnl_status_t s;
	void *to;

	if (!bias)
		return 0;
	if ((s = dnnl_memory_desc_init_by_tag(&md, 1, dims, dnnl_f32, dnnl_x)) ||
	    (s = dnnl_memory_create(&p->bias, &md, d->engine, DNNL_MEMORY_ALLOCATE)) ||
	    (s = dnnl_memory_get_data_handle(p->bias, &to)))
		return status(s, "store a bias", e);
	memcpy(to, bias, sizeof *bias * (size_t)d->s.out_c);
	return 0;
}

static int prim_from(struct dnn *d, struct prim *p, dnnl_primitive_desc_t pd, const void *weights,
		     const dnnl_memory_desc_t *plain, struct err *e)
{
	const dnnl_memory_desc_t *src = dnnl_primitive_desc_query_md(pd, dnnl_query_src_md, 0);
	const dnnl_memory_desc_t *dst = dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0);
	const dnnl_memory_desc_t *wmd = dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
	dnnl_status_t s;

	if ((s = dnnl_primitive_create(&p->p, pd)) ||
	    (s = dnnl_memory_create(&p->src, src, d->engine, NULL)) ||
	    (s = dnnl_memory_create(&p->dst, dst, d->engine, NULL)) ||
	    (d->post.add && !d->post.add_in_place &&
	     (s = dnnl_memory_create(&p->add, dst, d->engine, NULL))))
		return status(s, "make a primitive", e);
	if (dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &p->impl) != dnnl_success)
		p->impl = "?";
	return load_weights(d, p, weights, plain, wmd, e) < 0 ? -1
							      : load_bias(d, p, d->post.bias, e);
}

static int prim_make(struct dnn *d, struct prim *p, int32_t n, const void *weights, struct err *e)
{
	dnnl_memory_desc_t plain, any, src, dst;
	dnnl_primitive_attr_t attr;
	dnnl_primitive_desc_t pd;
	union op_desc op;
	dnnl_status_t s;
	int rc;

	if ((s = weights_desc(d, &plain, &any)) || (s = fill_op(d, n, &any, &op, &src, &dst)))
		return status(s, "describe this shape", e);
	if ((s = dnnl_primitive_attr_create(&attr)))
		return status(s, "make attributes", e);
	if (d->integer && d->zp)
		s = dnnl_primitive_attr_set_zero_points(attr, DNNL_ARG_SRC, 1, 0, &d->zp);
	if (s || (rc = post_ops(d, &dst, attr, e)) == 0)
		s = s ? s : dnnl_primitive_desc_create(&pd, &op, attr, d->engine, NULL);
	dnnl_primitive_attr_destroy(attr);
	if (s || err_is(e))
		return status(s, "compute this shape", e);
	rc = prim_from(d, p, pd, weights, &plain, e);
	dnnl_primitive_desc_destroy(pd);
	p->n = n;
	return rc;
}

static void prim_free(struct prim *p)
{
	dnnl_memory_t *const m[] = { &p->src, &p->weights, &p->bias, &p->dst, &p->add };

	for (size_t i = 0; i < sizeof m / sizeof *m; i++)
		if (*m[i])
			dnnl_memory_destroy(*m[i]);
	if (p->p)
		dnnl_primitive_destroy(p->p);
	*p = (struct prim){ 0 };
}

static struct dnn *dnn_new(const struct dnn_shape *s, const void *weights, bool integer, int32_t zp,
			   const struct dnn_post *post, struct err *e)
{
	struct dnn *d = xcalloc(1, sizeof *d);
	dnnl_status_t r;

	d->s = *s;
	if (s->kind == DNN_DENSE) { /* one pixel that holds all features */
		d->s.in_c = s->in_h * s->in_w * s->in_c;
		d->s.in_h = d->s.in_w = 1;
	}
	d->integer = integer;
	d->zp = zp;
	d->post = *post;
	d->plain = integer ? weights : NULL;
	if ((r = dnnl_engine_create(&d->engine, dnnl_cpu, 0)) ||
	    (r = dnnl_stream_create(&d->stream, d->engine, dnnl_stream_default_flags)))
		status(r, "make an engine", e);
	else if (prim_make(d, &d->full, s->batch, weights, e) == 0)
		return d;
	dnn_free(d);
	return NULL;
}

struct dnn *dnn_new_f32(const struct dnn_shape *s, const float *weights,
			const struct dnn_post *post, struct err *e)
{
	return dnn_new(s, weights, false, 0, post, e);
}

struct dnn *dnn_new_u8s8(const struct dnn_shape *s, const int8_t *weights, int32_t zp,
			 struct err *e)
{
	const struct dnn_post none = { .act = ACT_LINEAR };

	return dnn_new(s, weights, true, zp, &none, e);
}

static int execute(struct dnn *d, struct prim *p, const void *in, const void *add, void *out,
		   struct err *e)
{
	union {
		const void *in;
		void *out;
	} src = { .in = in }, second = { .in = add };
	dnnl_exec_arg_t args[5] = { { DNNL_ARG_SRC, p->src },
				    { DNNL_ARG_WEIGHTS, p->weights },
				    { DNNL_ARG_DST, p->dst } };
	int n = 3;
	dnnl_status_t s;

	if (p->bias)
		args[n++] = (dnnl_exec_arg_t){ DNNL_ARG_BIAS, p->bias };
	if (p->add)
		args[n++] =
		    (dnnl_exec_arg_t){ DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, p->add };
	if ((s = dnnl_memory_set_data_handle_v2(p->src, src.out, d->stream)) ||
	    (s = dnnl_memory_set_data_handle_v2(p->dst, out, d->stream)) ||
	    (p->add && (s = dnnl_memory_set_data_handle_v2(p->add, second.out, d->stream))) ||
	    (s = dnnl_primitive_execute(p->p, d->stream, n, args)) ||
	    (s = dnnl_stream_wait(d->stream)))
		return status(s, "run a primitive", e);
	return 0;
}

int dnn_run_f32(struct dnn *d, const float *in, const float *add, float *out, struct err *e)
{
	return execute(d, &d->full, in, add, out, e);
}

int dnn_run_u8s8(struct dnn *d, int32_t n, const uint8_t *in, int32_t *out, struct err *e)
{
	if (n == d->full.n)
		return execute(d, &d->full, in, NULL, out, e);
	if (n != d->tail.n) {
		prim_free(&d->tail);
		if (prim_make(d, &d->tail, n, d->plain, e) < 0)
			return -1;
	}
	return execute(d, &d->tail, in, NULL, out, e);
}

bool dnn_exact_u8s8(void)
{
	const unsigned isa = dnnl_get_effective_cpu_isa();

	return (isa & dnnl_cpu_isa_avx512_core_vnni) == dnnl_cpu_isa_avx512_core_vnni ||
	       (isa & dnnl_cpu_isa_avx2_vnni) == dnnl_cpu_isa_avx2_vnni;
}

const char *dnn_impl(const struct dnn *d)
{
	return d->full.impl;
}

void dnn_free(struct dnn *d)
{
	if (!d)
		return;
	prim_free(&d->full);
	prim_free(&d->tail);
	if (d->stream)
		dnnl_stream_destroy(d->stream);
	if (d->engine)
		dnnl_engine_destroy(d->engine);
	free(d);
}
