/* The integer record of every layer: one hook per type. */
#include "quant/quant_ops.h"

#include <string.h>

struct quant_op {
	int (*make)(struct quant *q, const struct layer *l, struct qop *op, struct err *e);
	const char *reason; /* why make is NULL */
	bool by_feature;    /* its output may have a scale per feature */
};

static const struct quant_op ops[HN_TYPE_COUNT] = {
	/* clang-format off */
	[HN_INPUT]             = { quant_plain, NULL, false },
	[HN_OUTPUT]            = { quant_plain, NULL, false },
	[HN_CONST]             = { quant_const, NULL, false },
	[HN_CONV]              = { quant_conv, NULL, true },
	[HN_DW]                = { quant_conv, NULL, true },
	[HN_DECONV]            = { quant_conv, NULL, true },
	[HN_DENSE]             = { quant_conv, NULL, true },
	[HN_MATMUL]            = { quant_matmul, NULL, true },
	[HN_MAXPOOL]           = { quant_maxpool, NULL, false },
	[HN_AVGPOOL]           = { quant_avgpool, NULL, false },
	[HN_GLOBAL_AVGPOOL]    = { quant_avgpool, NULL, false },
	[HN_ACTIVATION]        = { quant_activation, NULL, true },
	[HN_BATCH_NORM]        = { quant_conv, NULL, true },
	[HN_NORMALIZATION]     = { quant_conv, NULL, true },
	[HN_LAYER_NORM]        = { quant_layer_norm, NULL, true },
	[HN_EW_ADD]            = { quant_eltwise, NULL, true },
	[HN_EW_SUB]            = { quant_eltwise, NULL, true },
	[HN_EW_MULT]           = { quant_eltwise, NULL, true },
	[HN_EW_DIV]            = { quant_eltwise, NULL, true },
	[HN_EW_MAX]            = { quant_eltwise, NULL, true },
	[HN_EW_MIN]            = { quant_eltwise, NULL, true },
	[HN_CONCAT]            = { quant_concat, NULL, true },
	[HN_SLICE]             = { quant_slice, NULL, false },
	[HN_FEATURE_SPLITTER]  = { quant_plain, NULL, false },
	[HN_EXTERNAL_PAD]      = { quant_pad, NULL, false },
	[HN_DEPTH_TO_SPACE]    = { quant_depth_space, NULL, false },
	[HN_SPACE_TO_DEPTH]    = { quant_depth_space, NULL, false },
	[HN_FEATURE_SHUFFLE]   = { quant_shuffle, NULL, false },
	[HN_FORMAT_CONVERSION] = { quant_format, NULL, false },
	[HN_SHORTCUT]          = { quant_plain, NULL, false },
	[HN_RESIZE]            = { quant_resize, NULL, false },
	[HN_SOFTMAX]           = { quant_softmax, NULL, false },
	[HN_ARGMAX]            = { quant_plain, NULL, false },
	[HN_REDUCE_MAX]        = { quant_reduce, NULL, false },
	[HN_REDUCE_MIN]        = { quant_reduce, NULL, false },
	[HN_REDUCE_SUM]        = { quant_reduce, NULL, false },
	[HN_REDUCE_MEAN]       = { quant_reduce, NULL, false },
	[HN_POSTPROCESS]       = { NULL, "runs on the host, in float", false },
	/* clang-format on */
};

const char *quant_reason(enum hn_type t)
{
	return ops[t].make ? NULL : ops[t].reason ? ops[t].reason : "has no integer form";
}

bool quant_by_feature(enum hn_type t)
{
	return ops[t].by_feature;
}

void qset_i32(struct qarr_i32 *a, size_t n, const int32_t *v)
{
	a->v = xreallocarray(NULL, n, sizeof *a->v);
	a->n = n;
	memcpy(a->v, v, n * sizeof *v);
}

void qset_f32(struct qarr_f32 *a, size_t n, const float *v)
{
	a->v = xreallocarray(NULL, n, sizeof *a->v);
	a->n = n;
	memcpy(a->v, v, n * sizeof *v);
}

/* Shapes and encodings. */
static void frame(const struct quant *q, const struct layer *l, struct qop *op)
{
	const struct qinfo *info = quant_info(q, l);
	size_t n = l->nin;

	op->type = (int32_t)l->type;
	op->nin = (int32_t)n;
	op->in_shape.v = xreallocarray(NULL, 3 * n, sizeof(int32_t));
	op->in_bits.v = xreallocarray(NULL, n, sizeof(int32_t));
	op->in_zp.v = xreallocarray(NULL, n, sizeof(int32_t));
	op->in_scale.v = xreallocarray(NULL, n, sizeof(float));
	op->in_shape.n = 3 * n;
	op->in_bits.n = op->in_zp.n = op->in_scale.n = n;
	for (size_t i = 0; i < n; i++) {
		const struct hn_shape *s = layer_in_shape(l, i);
		const struct qinfo *from = quant_info(q, l->in[i].layer);

		memcpy(op->in_shape.v + 3 * i, (int32_t[]){ s->h, s->w, s->c },
		       3 * sizeof(int32_t));
		op->in_bits.v[i] = from->bits;
		op->in_zp.v[i] = from->zp;
		op->in_scale.v[i] = from->scale;
	}
	op->out_shape.v = xreallocarray(NULL, 3 * l->nout, sizeof(int32_t));
	op->out_shape.n = 3 * l->nout;
	for (size_t p = 0; p < l->nout; p++)
		memcpy(op->out_shape.v + 3 * p,
		       (int32_t[]){ l->out[p].h, l->out[p].w, l->out[p].c }, 3 * sizeof(int32_t));
	op->out_bits = info->bits;
	op->out_zp = info->zp;
	qset_f32(&op->out_scale, info->scales ? info->c : 1,
		 info->scales ? info->scales : &info->scale);
}

int quant_record(struct quant *q, const struct layer *l, struct qop *op, struct err *e)
{
	frame(q, l, op);
	return ops[l->type].make(q, l, op, e) < 0 || qop_check(op, e) < 0 ? -1 : 0;
}

struct records_job {
	struct quant *q;
};

static int one_record(size_t i, void *ctx, struct err *e)
{
	struct quant *q = ((struct records_job *)ctx)->q;
	const struct layer *l = q->g->layers[i];

	return quant_record(q, l, &q->ops[i], e) < 0 ? err_in(e, "layer '%s'", quote(l->name)) : 0;
}

int quant_records(struct quant *q, struct err *e)
{
	struct records_job j = { q };

	return par_for(q->g->nlayers, one_record, &j, e);
}

int quant_supported(const struct graph *g, struct err *e)
{
	for (size_t i = 0; i < g->nlayers; i++) {
		const struct layer *l = g->layers[i];

		if (!ops[l->type].make)
			return err_set(e, "layer '%s': '%s' cannot be quantized: %s",
				       quote(l->name), hn_type_name(l->type),
				       quant_reason(l->type));
	}
	return 0;
}
