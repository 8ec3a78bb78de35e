/* The table of float kernels and what all of them share. */
#include "kernel/f32_int.h"
#include <math.h>

struct f32_op {
	const struct f32_impl *impl;
	const char *reason;
};

static const struct f32_op f32_ops[HN_TYPE_COUNT] = {
	/* clang-format off */
	[HN_INPUT]             = { NULL, "holds the network's input, computes nothing" },
	[HN_OUTPUT]            = { NULL, "holds the network's output, computes nothing" },
	[HN_CONST]             = { &const_f32, NULL },
	[HN_CONV]              = { &conv_f32, NULL },
	[HN_DW]                = { &conv_f32, NULL },
	[HN_DECONV]            = { &conv_f32, NULL },
	[HN_DENSE]             = { &conv_f32, NULL },
	[HN_MATMUL]            = { &matmul_f32, NULL },
	[HN_MAXPOOL]           = { &pool_f32, NULL },
	[HN_AVGPOOL]           = { &pool_f32, NULL },
	[HN_GLOBAL_AVGPOOL]    = { &global_pool_f32, NULL },
	[HN_ACTIVATION]        = { &act_f32, NULL },
	[HN_BATCH_NORM]        = { &affine_f32, NULL },
	[HN_NORMALIZATION]     = { &affine_f32, NULL },
	[HN_LAYER_NORM]        = { &layer_norm_f32, NULL },
	[HN_EW_ADD]            = { &eltwise_f32, NULL },
	[HN_EW_SUB]            = { &eltwise_f32, NULL },
	[HN_EW_MULT]           = { &eltwise_f32, NULL },
	[HN_EW_DIV]            = { &eltwise_f32, NULL },
	[HN_EW_MAX]            = { &eltwise_f32, NULL },
	[HN_EW_MIN]            = { &eltwise_f32, NULL },
	[HN_CONCAT]            = { &concat_f32, NULL },
	[HN_SLICE]             = { &slice_f32, NULL },
	[HN_FEATURE_SPLITTER]  = { &splitter_f32, NULL },
	[HN_EXTERNAL_PAD]      = { &pad_f32, NULL },
	[HN_DEPTH_TO_SPACE]    = { &depth_to_space_f32, NULL },
	[HN_SPACE_TO_DEPTH]    = { &space_to_depth_f32, NULL },
	[HN_FEATURE_SHUFFLE]   = { &shuffle_f32, NULL },
	[HN_FORMAT_CONVERSION] = { &conversion_f32, NULL },
	[HN_SHORTCUT]          = { &shortcut_f32, NULL },
	[HN_RESIZE]            = { &resize_f32, NULL },
	[HN_SOFTMAX]           = { &softmax_f32, NULL },
	[HN_ARGMAX]            = { &argmax_f32, NULL },
	[HN_REDUCE_MAX]        = { &reduce_f32, NULL },
	[HN_REDUCE_MIN]        = { &reduce_f32, NULL },
	[HN_REDUCE_SUM]        = { &reduce_f32, NULL },
	[HN_REDUCE_MEAN]       = { &reduce_f32, NULL },
	[HN_POSTPROCESS]       = { NULL, "runs on the host, after the network" },
	/* clang-format on */
};

const char *f32_reason(enum hn_type t)
{
	return f32_ops[t].impl ? NULL : f32_ops[t].reason;
}

const struct hn_shape *f32_in(const struct f32k *k, size_t i)
{
	return layer_in_shape(k->l, i);
}

const struct hn_shape *f32_out(const struct f32k *k)
{
	return &k->l->out[0];
}

float *f32_weight(const struct layer *l, const struct tensors *w, const char *key, size_t count,
		  bool optional, struct err *e)
{
	const struct tensor *t = w ? layer_weight(w, l, key) : NULL;
	struct tensor f;
	float *v;

	if (!t) {
		if (!optional)
			err_set(e, "it has no weights '%s'", key);
		return NULL;
	}
	if (tensor_count(t) != count) {
		err_set(e, "'%s' has %zu values, %zu expected", key, tensor_count(t), count);
		return NULL;
	}
	f = t->dtype == DT_F32 ? tensor_ref(t) : tensor_convert(t, DT_F32);
	v = xaligned(count * sizeof *v);
	memcpy(v, f.data, count * sizeof *v);
	tensor_release(&f);
	return v;
}

int f32_batch_norm(const struct layer *l, const struct tensors *w, float **scale, float **offset,
		   struct err *e)
{
	const size_t c = (size_t)l->out[0].c;
	float *gamma = f32_weight(l, w, "gamma", c, false, e);
	float *beta = f32_weight(l, w, "beta", c, false, e);
	float *mean = f32_weight(l, w, "moving_mean", c, false, e);
	float *var = f32_weight(l, w, "moving_variance", c, false, e);

	if (gamma && beta && mean && var)
		for (size_t i = 0; i < c; i++) {
			const double s =
			    (double)gamma[i] / sqrt((double)var[i] + (double)l->p.bn_epsilon);

			beta[i] = (float)((double)beta[i] - (double)mean[i] * s);
			gamma[i] = (float)s;
		}
	free(mean);
	free(var);
	if (err_is(e)) {
		free(gamma);
		free(beta);
		return -1;
	}
	*scale = gamma;
	*offset = beta;
	return 0;
}

struct f32k *f32k_new(const struct layer *l, const struct tensors *w, int32_t batch, unsigned flags,
		      struct err *e)
{
	const struct f32_op *op = &f32_ops[l->type];
	struct f32k *k;

	if (!op->impl) {
		err_set(e, "layer '%s': '%s' cannot be computed in float: %s", l->name,
			hn_type_name(l->type), op->reason);
		return NULL;
	}
	k = xcalloc(1, sizeof *k);
	k->impl = op->impl;
	k->l = l;
	k->n = batch;
	k->fast = flags & F32_FAST;
	k->add_in_place = flags & F32_ADD_IN_PLACE;
	k->own_act = l->p.activation == ACT_LINEAR;
	if (l->p.activation == ACT_PRELU)
		k->slope = f32_weight(l, w, "slope", (size_t)l->out[0].c, false, e);
	if (l->p.activation == ACT_RELU6 || l->p.activation == ACT_CLIP) {
		k->clip_lo = f32_weight(l, w, "clip_lo", (size_t)l->out[0].c, true, e);
		k->clip_hi = f32_weight(l, w, "clip_hi", (size_t)l->out[0].c, true, e);
	}
	if (err_is(e) || (op->impl->make && op->impl->make(k, w, e) < 0)) {
		err_in(e, "layer '%s'", l->name);
		f32k_free(k);
		return NULL;
	}
	return k;
}

int f32k_run(struct f32k *k, const float *const in[], float *const out[], struct err *e)
{
	const struct hn_shape *s = f32_out(k);

	if (k->impl->run(k, in, out, e) < 0)
		return err_in(e, "layer '%s'", k->l->name);
	if (k->clip_lo && k->clip_hi)
		f32_clip_features(k->clip_lo, k->clip_hi, out[0], hn_shape_count(s) * (size_t)k->n,
				  (size_t)s->c);
	else if (!k->own_act)
		f32_activate(k->l, k->slope, out[0], hn_shape_count(s) * (size_t)k->n,
			     (size_t)s->c);
	return 0;
}

const char *f32k_impl(const struct f32k *k)
{
	return k->impl == &conv_f32 ? conv_f32_impl(k) : "plain";
}

void f32k_free(struct f32k *k)
{
	if (!k)
		return;
	if (k->impl->drop)
		k->impl->drop(k->state);
	else
		free(k->state);
	free(k->slope);
	free(k->clip_lo);
	free(k->clip_hi);
	free(k);
}
