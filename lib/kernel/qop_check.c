/* What every record must hold to, and the table of what each type asks in addition. */
#include "base/limits.h"
#include "kernel/qop_int.h"

#include <math.h>

enum {
	MAX_INPUTS = 4096, /* of a concat */
	MAX_PORTS = 64,    /* of a feature_splitter: struct hn_params */
	MAX_SEGMENTS = 256,
	MULT_MAX = 32767,
	SHIFT_MIN = -15,
	SHIFT_MAX = 62
};

static const struct qop_rule rules[HN_TYPE_COUNT] = {
	/* clang-format off */
	[HN_INPUT]           = { 0,                   qop_check_io,           qop_rows_same, NULL, qop_columns_same },
	[HN_OUTPUT]          = { 0,                   qop_check_same,         qop_rows_same, NULL, qop_columns_same },
	[HN_CONST]           = { 0,                   qop_check_const,        qop_rows_same, NULL, qop_columns_same },
	[HN_CONV]            = { QR_STAGE,            qop_check_conv,         qop_rows_window, NULL, qop_columns_window },
	[HN_DW]              = { QR_STAGE,            qop_check_conv,         qop_rows_window, NULL, qop_columns_window },
	[HN_DECONV]          = { QR_STAGE,            qop_check_deconv,       qop_rows_deconv, NULL, qop_columns_window },
	[HN_DENSE]           = { QR_STAGE,            qop_check_conv,         qop_rows_all, qop_steps_all, NULL },
	[HN_MATMUL]          = { QR_STAGE,            qop_check_matmul,       qop_rows_same, NULL, qop_columns_matmul },
	[HN_MAXPOOL]         = { QR_POOL,             qop_check_pool,         qop_rows_window, qop_steps_pool, qop_columns_window },
	[HN_AVGPOOL]         = { QR_POOL,             qop_check_pool,         qop_rows_window, qop_steps_pool, qop_columns_window },
	[HN_GLOBAL_AVGPOOL]  = { QR_POOL,             qop_check_global_pool,  qop_rows_all, qop_steps_all, NULL },
	[HN_ACTIVATION]      = { QR_STAGE,            qop_check_act,          qop_rows_same, NULL, qop_columns_same },
	[HN_BATCH_NORM]      = { QR_STAGE,            qop_check_conv,         qop_rows_window, NULL, qop_columns_window },
	[HN_NORMALIZATION]   = { QR_STAGE,            qop_check_conv,         qop_rows_window, NULL, qop_columns_window },
	[HN_LAYER_NORM]      = { QR_STAGE,            qop_check_norm,         qop_rows_reduce, NULL, qop_columns_reduce },
	[HN_EW_ADD]          = { QR_STAGE,            qop_check_eltwise,      qop_rows_same, NULL, qop_columns_same },
	[HN_EW_SUB]          = { QR_STAGE,            qop_check_eltwise,      qop_rows_same, NULL, qop_columns_same },
	[HN_EW_MULT]         = { QR_STAGE,            qop_check_eltwise,      qop_rows_same, NULL, qop_columns_same },
	[HN_EW_DIV]          = { QR_STAGE,            qop_check_eltwise,      qop_rows_same, NULL, qop_columns_same },
	[HN_EW_MAX]          = { QR_STAGE,            qop_check_eltwise,      qop_rows_same, NULL, qop_columns_same },
	[HN_EW_MIN]          = { QR_STAGE,            qop_check_eltwise,      qop_rows_same, NULL, qop_columns_same },
	[HN_CONCAT]          = { 0,                   qop_check_concat,       qop_rows_concat, NULL, qop_columns_concat },
	[HN_SLICE]           = { 0,                   qop_check_slice,        qop_rows_slice, NULL, qop_columns_slice },
	[HN_FEATURE_SPLITTER] = { QR_PORTS,            qop_check_splitter,    qop_rows_same, NULL, qop_columns_same },
	[HN_EXTERNAL_PAD]    = { 0,                   qop_check_external_pad, qop_rows_external_pad, NULL, qop_columns_external_pad },
	[HN_DEPTH_TO_SPACE]  = { 0,                   qop_check_depth_space,  qop_rows_depth_space, NULL, NULL },
	[HN_SPACE_TO_DEPTH]  = { 0,                   qop_check_depth_space,  qop_rows_depth_space, NULL, NULL },
	[HN_FEATURE_SHUFFLE] = { 0,                   qop_check_shuffle,      qop_rows_same, NULL, qop_columns_same },
	[HN_FORMAT_CONVERSION] = { 0,                 qop_check_format,       qop_rows_format, NULL, NULL },
	[HN_SHORTCUT]        = { 0,                   qop_check_same,         qop_rows_same, NULL, qop_columns_same },
	[HN_RESIZE]          = { 0,                   qop_check_resize,       qop_rows_resize, NULL, qop_columns_resize },
	[HN_SOFTMAX]         = { 0,                   qop_check_softmax,      qop_rows_same, NULL, qop_columns_same },
	[HN_ARGMAX]          = { 0,                   qop_check_argmax,       qop_rows_same, NULL, qop_columns_same },
	[HN_REDUCE_MAX]      = { 0,                   qop_check_reduce,       qop_rows_reduce, qop_steps_reduce, qop_columns_reduce },
	[HN_REDUCE_MIN]      = { 0,                   qop_check_reduce,       qop_rows_reduce, qop_steps_reduce, qop_columns_reduce },
	[HN_REDUCE_SUM]      = { QR_STAGE,            qop_check_reduce,       qop_rows_reduce, qop_steps_reduce, qop_columns_reduce },
	[HN_REDUCE_MEAN]     = { QR_STAGE,            qop_check_reduce,       qop_rows_reduce, qop_steps_reduce, qop_columns_reduce },
	/* clang-format on */
};

unsigned qop_type_flags(int32_t type)
{
	return rules[type].flags;
}

struct qdim qop_in(const struct qop *q, size_t i)
{
	const int32_t *v = q->in_shape.v + 3 * i;

	return (struct qdim){ v[0], v[1], v[2] };
}

struct qdim qop_out(const struct qop *q, size_t p)
{
	const int32_t *v = q->out_shape.v + 3 * p;

	return (struct qdim){ v[0], v[1], v[2] };
}

size_t qdim_count(struct qdim d)
{
	return (size_t)d.h * (size_t)d.w * (size_t)d.c;
}

bool qact_is_leaky(int32_t act)
{
	return act == ACT_LEAKY || act == ACT_PRELU;
}

bool qact_is_table(int32_t act)
{
	return !hn_act_is_clip((enum hn_act)act) && !qact_is_leaky(act);
}

int qcheck_range(int64_t v, const char *name, int64_t lo, int64_t hi, struct err *e)
{
	if (v < lo || v > hi)
		return err_set(e, "field '%s' is %lld, not within %lld..%lld", name, (long long)v,
			       (long long)lo, (long long)hi);
	return 0;
}

int qcheck_i32(const struct qarr_i32 *a, const char *name, size_t n, int64_t lo, int64_t hi,
	       struct err *e)
{
	if (a->n != n)
		return err_set(e, "field '%s' has %zu values, %zu expected", name, a->n, n);
	for (size_t i = 0; i < n; i++)
		if (qcheck_range(a->v[i], name, lo, hi, e) < 0)
			return -1;
	return 0;
}

int qcheck_per_feature(const struct qarr_i32 *a, const char *name, size_t c, int64_t lo, int64_t hi,
		       struct err *e)
{
	return qcheck_i32(a, name, a->n == 1 ? 1 : c, lo, hi, e);
}

int qcheck_mults(const struct qarr_i32 *mult, const struct qarr_i32 *shift, const char *name,
		 size_t n, struct err *e)
{
	if (qcheck_i32(mult, name, n, -MULT_MAX, MULT_MAX, e) < 0 ||
	    qcheck_i32(shift, name, n, SHIFT_MIN, SHIFT_MAX, e) < 0)
		return -1;
	return 0;
}

int qcheck_forwarded(const struct qop *q, struct err *e)
{
	for (int32_t i = 0; i < q->nin; i++)
		if (q->in_bits.v[i] != q->out_bits || q->in_zp.v[i] != q->out_zp)
			return err_set(e, "input %d and output differ in their encoding", i);
	return 0;
}

static int check_shapes(const struct qarr_i32 *s, const char *name, struct err *e)
{
	for (size_t i = 0; i < s->n; i += 3) {
		int64_t area;

		for (size_t k = 0; k < 3; k++)
			if (qcheck_range(s->v[i + k], name, 1, LIMIT_DIM, e) < 0)
				return -1;
		area = (int64_t)s->v[i] * s->v[i + 1];
		if (area > LIMIT_ACTIVATION / s->v[i + 2])
			return err_set(e, "field '%s': %dx%dx%d is too large", name, s->v[i],
				       s->v[i + 1], s->v[i + 2]);
	}
	return 0;
}

static int check_scales(const struct qarr_f32 *s, const char *name, struct err *e)
{
	for (size_t i = 0; i < s->n; i++)
		if (!isfinite(s->v[i]) || s->v[i] <= 0)
			return err_set(e, "field '%s' holds a scale that is not positive", name);
	return 0;
}

static int check_bits(int32_t bits, int32_t zp, const char *name, struct err *e)
{
	if (bits != 8 && bits != 16)
		return err_set(e, "field '%s' is %d, 8 or 16 expected", name, bits);
	return qcheck_range(zp, "zero point", 0, qop_top(bits), e);
}

static int check_encodings(const struct qop *q, struct err *e)
{
	size_t n = (size_t)q->nin;

	if (q->in_bits.n != n || q->in_zp.n != n || q->in_scale.n != n)
		return err_set(e, "%zu inputs need %zu bits, zero points and scales", n, n);
	for (size_t i = 0; i < n; i++)
		if (check_bits(q->in_bits.v[i], q->in_zp.v[i], "in_bits", e) < 0)
			return -1;
	if (check_bits(q->out_bits, q->out_zp, "out_bits", e) < 0)
		return -1;
	if (q->out_scale.n != 1 && q->out_scale.n != (size_t)qop_out(q, 0).c)
		return err_set(e, "field 'out_scale' has %zu values", q->out_scale.n);
	if (check_scales(&q->in_scale, "in_scale", e) < 0 ||
	    check_scales(&q->out_scale, "out_scale", e) < 0)
		return -1;
	return 0;
}

static int check_table(const struct qop *q, struct err *e)
{
	size_t n = q->seg_start.n;

	if (n < 1 || n > MAX_SEGMENTS || q->seg_slope.n != n || q->seg_offset.n != n)
		return err_set(e,
			       "the activation table has %zu segments with %zu slopes and %zu "
			       "offsets",
			       n, q->seg_slope.n, q->seg_offset.n);
	if (q->seg_start.v[0] != INT16_MIN)
		return err_set(e, "the activation table does not start at -32768");
	for (size_t i = 1; i < n; i++)
		if (q->seg_start.v[i] <= q->seg_start.v[i - 1])
			return err_set(e, "the activation table's segments are not in order");
	return qcheck_range(q->seg_shift, "seg_shift", 0, 30, e);
}

static int check_stage(const struct qop *q, unsigned flags, struct err *e)
{
	size_t c = (size_t)qop_out(q, 0).c;
	int64_t top = qop_top(q->out_bits);

	if (!(flags & QR_POOL) &&
	    qcheck_mults(&q->mult, &q->shift, "mult", q->mult.n == 1 ? 1 : c, e) < 0)
		return -1;
	if (qcheck_per_feature(&q->act_lo, "act_lo", c, 0, top, e) < 0 ||
	    qcheck_per_feature(&q->act_hi, "act_hi", c, 0, top, e) < 0)
		return -1;
	if (qact_is_leaky(q->act) && (flags & QR_POOL))
		return err_set(e, "a pool has no '%s' activation",
			       hn_act_name((enum hn_act)q->act));
	if (qact_is_leaky(q->act))
		return qcheck_mults(&q->neg_mult, &q->neg_shift, "neg_mult",
				    q->neg_mult.n == 1 ? 1 : c, e);
	return qact_is_table(q->act) ? check_table(q, e) : 0;
}

int qop_check(const struct qop *q, struct err *e)
{
	const struct qop_rule *rule;

	if (qcheck_range(q->type, "type", 0, HN_TYPE_COUNT - 1, e) < 0)
		return -1;
	rule = &rules[q->type];
	if (!rule->check)
		return err_set(e, "layer type '%s' has no integer form",
			       hn_type_name((enum hn_type)q->type));
	if (qcheck_range(q->nin, "nin", 0, MAX_INPUTS, e) < 0 ||
	    qcheck_range(q->act, "act", 0, ACT_COUNT - 1, e) < 0)
		return -1;
	if (q->in_shape.n != 3 * (size_t)q->nin)
		return err_set(e, "field 'in_shape' has %zu values for %d inputs", q->in_shape.n,
			       q->nin);
	if (q->out_shape.n == 0 || q->out_shape.n % 3 != 0 ||
	    q->out_shape.n > (rule->flags & QR_PORTS ? 3 * MAX_PORTS : 3))
		return err_set(e, "field 'out_shape' has %zu values", q->out_shape.n);
	if (check_shapes(&q->in_shape, "in_shape", e) < 0 ||
	    check_shapes(&q->out_shape, "out_shape", e) < 0 || check_encodings(q, e) < 0)
		return -1;
	if ((rule->flags & (QR_STAGE | QR_POOL)) && check_stage(q, rule->flags, e) < 0)
		return -1;
	return rule->check(q, e);
}

qop_columns_fn qop_columns_of(int32_t type)
{
	return rules[type].columns;
}

void qop_rows_needed(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last)
{
	int32_t h;

	*first = 0;
	*last = -1;
	if (in >= (size_t)q->nin)
		return;
	h = qop_in(q, in).h;
	rules[q->type].rows(q, in, y, first, last);
	if (*first < 0)
		*first = 0;
	if (*last >= h)
		*last = h - 1;
}

int32_t qop_row_steps(const struct qop *q)
{
	return rules[q->type].steps ? rules[q->type].steps(q) : 1;
}

void qop_step_rows(const struct qop *q, size_t in, int32_t y, int32_t s, int32_t *first,
		   int32_t *last)
{
	const int32_t steps = qop_row_steps(q);

	*first = 0;
	*last = -1;
	/* What is added to the sum comes in at its end. */
	if (steps == 1 || (in > 0 && s == steps - 1))
		qop_rows_needed(q, in, y, first, last);
	if (steps == 1 || in > 0 || q->nin < 1)
		return;
	rules[q->type].rows(q, in, y, first, last);
	*first = *last = *first + s;
	if (*first < 0 || *first >= qop_in(q, in).h)
		*last = *first - 1;
}
