#include "kernel/intk.h"

static const struct intk_op ops[HN_TYPE_COUNT] = {
	/* clang-format off */
	[HN_INPUT]             = { NULL, NULL, NULL, "its codes are the network's input" },
	[HN_OUTPUT]            = { NULL, NULL, copy_int_run, NULL },
	[HN_CONST]             = { NULL, NULL, const_int_run, NULL },
	[HN_CONV]              = { conv_int_init, conv_int_release, conv_int_run, NULL },
	[HN_DW]                = { conv_int_init, conv_int_release, conv_int_run, NULL },
	[HN_DECONV]            = { conv_int_init, conv_int_release, conv_int_run, NULL },
	[HN_DENSE]             = { conv_int_init, conv_int_release, conv_int_run, NULL },
	[HN_MATMUL]            = { NULL, NULL, matmul_int_run, NULL },
	[HN_MAXPOOL]           = { NULL, NULL, maxpool_int_run, NULL },
	[HN_AVGPOOL]           = { NULL, NULL, avgpool_int_run, NULL },
	[HN_GLOBAL_AVGPOOL]    = { NULL, NULL, avgpool_int_run, NULL },
	[HN_ACTIVATION]        = { NULL, NULL, act_int_run, NULL },
	[HN_BATCH_NORM]        = { conv_int_init, conv_int_release, conv_int_run, NULL },
	[HN_NORMALIZATION]     = { conv_int_init, conv_int_release, conv_int_run, NULL },
	[HN_LAYER_NORM]        = { norm_int_init, norm_int_release, norm_int_run, NULL },
	[HN_EW_ADD]            = { NULL, NULL, eltwise_int_run, NULL },
	[HN_EW_SUB]            = { NULL, NULL, eltwise_int_run, NULL },
	[HN_EW_MULT]           = { NULL, NULL, eltwise_int_run, NULL },
	[HN_EW_DIV]            = { NULL, NULL, eltwise_int_run, NULL },
	[HN_EW_MAX]            = { NULL, NULL, eltwise_int_run, NULL },
	[HN_EW_MIN]            = { NULL, NULL, eltwise_int_run, NULL },
	[HN_CONCAT]            = { NULL, NULL, concat_int_run, NULL },
	[HN_SLICE]             = { NULL, NULL, slice_int_run, NULL },
	[HN_FEATURE_SPLITTER]  = { NULL, NULL, splitter_int_run, NULL },
	[HN_EXTERNAL_PAD]      = { NULL, NULL, external_pad_int_run, NULL },
	[HN_DEPTH_TO_SPACE]    = { NULL, NULL, depth_space_int_run, NULL },
	[HN_SPACE_TO_DEPTH]    = { NULL, NULL, depth_space_int_run, NULL },
	[HN_FEATURE_SHUFFLE]   = { NULL, NULL, shuffle_int_run, NULL },
	[HN_FORMAT_CONVERSION] = { NULL, NULL, format_int_run, NULL },
	[HN_SHORTCUT]          = { NULL, NULL, copy_int_run, NULL },
	[HN_RESIZE]            = { NULL, NULL, resize_int_run, NULL },
	[HN_SOFTMAX]           = { NULL, NULL, softmax_int_run, NULL },
	[HN_ARGMAX]            = { NULL, NULL, argmax_int_run, NULL },
	[HN_REDUCE_MAX]        = { NULL, NULL, reduce_int_run, NULL },
	[HN_REDUCE_MIN]        = { NULL, NULL, reduce_int_run, NULL },
	[HN_REDUCE_SUM]        = { NULL, NULL, reduce_int_run, NULL },
	[HN_REDUCE_MEAN]       = { NULL, NULL, reduce_int_run, NULL },
	[HN_POSTPROCESS]       = { NULL, NULL, NULL, "runs on the host, in float" },
	/* clang-format on */
};

/* Records with 16-bit numbers; where there is no row here, the one above serves both widths. */
static const struct intk_op wide_ops[HN_TYPE_COUNT] = {
	/* clang-format off */
	[HN_CONV]              = { conv_wide_init, conv_wide_release, conv_wide_run, NULL },
	[HN_DW]                = { conv_wide_init, conv_wide_release, conv_wide_run, NULL },
	[HN_DECONV]            = { conv_wide_init, conv_wide_release, conv_wide_run, NULL },
	[HN_DENSE]             = { conv_wide_init, conv_wide_release, conv_wide_run, NULL },
	[HN_MATMUL]            = { NULL, NULL, matmul_wide_run, NULL },
	[HN_ACTIVATION]        = { NULL, NULL, act_wide_run, NULL },
	[HN_BATCH_NORM]        = { conv_wide_init, conv_wide_release, conv_wide_run, NULL },
	[HN_NORMALIZATION]     = { conv_wide_init, conv_wide_release, conv_wide_run, NULL },
	[HN_EW_ADD]            = { NULL, NULL, eltwise_wide_run, NULL },
	[HN_EW_SUB]            = { NULL, NULL, eltwise_wide_run, NULL },
	[HN_EW_MULT]           = { NULL, NULL, eltwise_wide_run, NULL },
	[HN_EW_DIV]            = { NULL, NULL, eltwise_wide_run, NULL },
	[HN_EW_MAX]            = { NULL, NULL, eltwise_wide_run, NULL },
	[HN_EW_MIN]            = { NULL, NULL, eltwise_wide_run, NULL },
	/* clang-format on */
};

const char *intk_reason(enum hn_type t)
{
	return ops[t].run ? NULL : ops[t].reason ? ops[t].reason : "has no integer kernel";
}

struct intk *intk_new(const struct qop *q, int32_t batch, struct err *e)
{
	enum hn_type t = (enum hn_type)q->type;
	struct intk *k;

	if (!ops[t].run) {
		err_set(e, "'%s' has no integer kernel: %s", hn_type_name(t), intk_reason(t));
		return NULL;
	}
	k = xcalloc(1, sizeof *k);
	k->q = q;
	k->batch = batch;
	k->op = qop_is_wide(q) && wide_ops[t].run ? &wide_ops[t] : &ops[t];
	if (qop_type_flags(q->type) & (QR_STAGE | QR_POOL))
		ostage_init(&k->st, q);
	if (k->op->init && k->op->init(k, e) < 0) {
		intk_free(k);
		return NULL;
	}
	return k;
}

void intk_free(struct intk *k)
{
	if (!k)
		return;
	if (k->op->release)
		k->op->release(k);
	ostage_release(&k->st);
	free(k);
}

int intk_run(struct intk *k, int32_t n, const void *const in[], void *const out[],
	     int64_t *acc_peak, struct err *e)
{
	if (n < 1 || n > k->batch)
		BUG("%d images in a kernel made for %d", n, k->batch);
	return k->op->run(k, n, in, out, acc_peak, e);
}
