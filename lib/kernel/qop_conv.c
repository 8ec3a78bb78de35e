/* Records of conv, dw, deconv, dense, normalization: checks, rows, parts. */
#include "base/limits.h"
#include "base/mem.h"
#include "kernel/qop_int.h"

#include <stdlib.h>
#include <string.h>

/* Multiply-accumulates of one image of one layer; a record that asks for more is not a network. */
#define MACS_MAX (1LL << 42)

int qcheck_window(const struct qop *q, struct err *e)
{
	struct qdim in = qop_in(q, 0);
	struct qdim out = qop_out(q, 0);

	if (qcheck_i32(&q->kernel_hw, "kernel_hw", 2, 1, LIMIT_KERNEL, e) < 0 ||
	    qcheck_i32(&q->stride, "stride", 2, 1, LIMIT_KERNEL, e) < 0 ||
	    qcheck_i32(&q->dilation, "dilation", 2, 1, LIMIT_KERNEL, e) < 0 ||
	    qcheck_i32(&q->pad, "pad", 4, 0, LIMIT_DIM, e) < 0)
		return -1;
	for (size_t a = 0; a < 2; a++) {
		int64_t size = a ? in.w : in.h;
		int64_t got = a ? out.w : out.h;
		int64_t extent = (int64_t)q->dilation.v[a] * (q->kernel_hw.v[a] - 1) + 1;
		int64_t room = size + q->pad.v[2 * a] + q->pad.v[2 * a + 1] - extent;

		if (room < 0 || room / q->stride.v[a] + 1 != got)
			return err_set(e, "the window gives another output %s than %lld",
				       a ? "width" : "height", (long long)got);
	}
	return 0;
}

int qcheck_bias(const struct qop *q, size_t cout, struct err *e)
{
	if (qcheck_range(q->bias_mode, "bias_mode", 0, 2, e) < 0)
		return -1;
	if (q->bias_mode == QBIAS_NONE)
		return 0;
	if (q->bias_mant.n != cout)
		return err_set(e, "field 'bias_mant' has %zu values, %zu expected", q->bias_mant.n,
			       cout);
	if (q->bias_mode == QBIAS_DOUBLE_SCALE)
		return qcheck_range(q->bias_shift, "bias_shift", 0,
				    qop_is_wide(q) ? QBIAS_WIDE_SHIFT_MAX : QBIAS_SHIFT_MAX, e);
	for (size_t i = 0; i < cout; i++)
		if (q->bias_mant.v[i] < INT8_MIN || q->bias_mant.v[i] > INT8_MAX)
			return err_set(e, "field 'bias_mant' holds more than 8 bits");
	if (qcheck_range(q->bias_feed, "bias_feed", 0, 255, e) < 0 ||
	    qcheck_range(q->bias_repeat, "bias_repeat", 0, 15, e) < 0)
		return -1;
	return 0;
}

static int check_added(const struct qop *q, struct err *e)
{
	struct qdim add;
	struct qdim out = qop_out(q, 0);

	if (q->nin == 1)
		return 0;
	if (q->nin != 2)
		return err_set(e, "%d inputs, 1 or 2 expected", q->nin);
	add = qop_in(q, 1);
	if (add.h != out.h || add.w != out.w || q->add_first < 0 || q->add_first > add.c - out.c)
		return err_set(e, "the added input %dx%dx%d does not cover the output", add.h,
			       add.w, add.c);
	return qcheck_mults(&q->in_mult, &q->in_shift, "in_mult", 2, e);
}

/* Codes of the weights' width, in the one array that it has. */
static int check_codes(const struct qop *q, int64_t values, struct err *e)
{
	const bool wide = q->w_bits == 16;
	const int32_t top = wide ? QWEIGHT16_MAX : q->w_bits == 4 ? 7 : 127;
	const size_t n = wide ? q->kernel16.n : q->kernel.n;

	if (q->w_bits != 4 && q->w_bits != 8 && !wide)
		return err_set(e, "field 'w_bits' is %d, 4, 8 or 16 expected", q->w_bits);
	if (n != (size_t)values || q->kernel.n + q->kernel16.n != n)
		return err_set(e, "field 'kernel%s' has %zu values, %lld expected",
			       wide ? "16" : "", n, (long long)values);
	for (size_t i = 0; i < n; i++) {
		const int32_t w = wide ? q->kernel16.v[i] : q->kernel.v[i];

		if (w > top || w < (wide ? -top : -top - 1))
			return err_set(e, "field 'kernel%s' holds more than %d bits",
				       wide ? "16" : "", q->w_bits);
	}
	return 0;
}

/* No input can make a sum in 64 bits leave 2^47; the products of bytes stay in 32. */
static int check_wide(const struct qop *q, struct err *e)
{
	const size_t c = (size_t)qop_out(q, 0).c, n = q->kernel.n + q->kernel16.n;
	const int64_t top = qop_top(q->in_bits.v[0]);
	int64_t added = 0;

	if (!qop_is_wide(q))
		return 0;
	if (n / c > QWINDOW_WIDE_MAX)
		return err_set(e, "%zu products for one 16-bit value, at most %d", n / c,
			       QWINDOW_WIDE_MAX);
	if (q->nin > 1)
		added = llabs((long long)fixed_scale(qop_top(q->in_bits.v[1]), q->in_mult.v[1],
						     q->in_shift.v[1]));
	for (size_t f = 0; f < c; f++) {
		int64_t sum = llabs((long long)qop_bias(q, f));

		for (size_t k = f; k < n; k += c)
			sum += top * abs(q->w_bits == 16 ? q->kernel16.v[k] : q->kernel.v[k]);
		if (added > QWIDE_SUM_MAX || sum > QWIDE_SUM_MAX - added)
			return err_set(e, "the sums of feature %zu may leave 47 bits", f);
	}
	return 0;
}

static int check_weights(const struct qop *q, int64_t values, int64_t uses, struct err *e)
{
	if (check_codes(q, values, e) < 0)
		return -1;
	if (values > MACS_MAX / uses)
		return err_set(e, "the layer has more than 2^42 multiply-accumulates");
	return 0;
}

/* Features of one group and those of input 0 that this record (a whole layer or a part) uses. */
static int check_features(const struct qop *q, int64_t *cin_group, struct err *e)
{
	int64_t cin = q->type == HN_DENSE ? (int64_t)qdim_count(qop_in(q, 0)) : qop_in(q, 0).c;
	int64_t cout = qop_out(q, 0).c;
	int64_t window = (int64_t)q->kernel_hw.v[0] * q->kernel_hw.v[1] * cout;
	size_t n = q->w_bits == 16 ? q->kernel16.n : q->kernel.n;

	if (qcheck_range(q->groups, "groups", 1, cout, e) < 0)
		return -1;
	if (cout % q->groups != 0 || (int64_t)n % window != 0)
		return err_set(e, "%lld features in %d groups do not fit the kernel",
			       (long long)cout, q->groups);
	*cin_group = (int64_t)n / window;
	if (*cin_group < 1 || *cin_group > cin || q->in_first < 0 ||
	    q->in_first > cin - *cin_group * q->groups)
		return err_set(e, "the input's %lld features do not fit the kernel",
			       (long long)cin);
	if (q->type == HN_DENSE && (*cin_group != cin || q->groups != 1))
		return err_set(e, "the kernel takes %lld values, the input has %lld",
			       (long long)*cin_group, (long long)cin);
	return 0;
}

int qop_check_conv(const struct qop *q, struct err *e)
{
	struct qdim out;
	int64_t cin_group;
	int64_t values;

	if (q->nin < 1)
		return err_set(e, "no input");
	out = qop_out(q, 0);
	if (q->type != HN_DENSE && qcheck_window(q, e) < 0)
		return -1;
	if (q->type == HN_DENSE &&
	    (qcheck_i32(&q->kernel_hw, "kernel_hw", 2, 1, 1, e) < 0 || out.h != 1 || out.w != 1))
		return err_set(e, "a dense layer's output is one pixel");
	if (check_features(q, &cin_group, e) < 0)
		return -1;
	values = (int64_t)q->kernel_hw.v[0] * q->kernel_hw.v[1] * cin_group * out.c;
	if (check_weights(q, values, (int64_t)out.h * out.w, e) < 0 ||
	    qcheck_bias(q, (size_t)out.c, e) < 0 || check_added(q, e) < 0 || check_wide(q, e) < 0)
		return -1;
	return 0;
}

int qop_check_deconv(const struct qop *q, struct err *e)
{
	struct qdim in;
	struct qdim out;
	int64_t cin_group;
	int64_t values;

	if (q->nin < 1)
		return err_set(e, "no input");
	in = qop_in(q, 0);
	out = qop_out(q, 0);
	if (qcheck_i32(&q->kernel_hw, "kernel_hw", 2, 1, LIMIT_KERNEL, e) < 0 ||
	    qcheck_i32(&q->stride, "stride", 2, 1, LIMIT_KERNEL, e) < 0 ||
	    qcheck_i32(&q->dilation, "dilation", 2, 1, LIMIT_KERNEL, e) < 0 ||
	    qcheck_i32(&q->crop, "crop", 4, 0, LIMIT_DIM, e) < 0 ||
	    check_features(q, &cin_group, e) < 0)
		return -1;
	values = (int64_t)q->kernel_hw.v[0] * q->kernel_hw.v[1] * cin_group * out.c;
	if (check_weights(q, values, (int64_t)in.h * in.w, e) < 0 ||
	    qcheck_bias(q, (size_t)out.c, e) < 0 || check_added(q, e) < 0 || check_wide(q, e) < 0)
		return -1;
	return 0;
}

void qop_rows_window(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last)
{
	if (in > 0) {
		*first = *last = y;
		return;
	}
	*first = y * q->stride.v[0] - q->pad.v[0];
	*last = *first + q->dilation.v[0] * (q->kernel_hw.v[0] - 1);
}

void qop_columns_window(const struct qop *q, size_t in, int32_t from, int32_t to, int32_t *first,
			int32_t *last)
{
	if (in > 0)
		qop_columns_same(q, in, from, to, first, last);
	else
		qop_columns_needed(q, from, to, first, last);
}

/* Windows that do not overlap are summed up row by row. */
int32_t qop_steps_pool(const struct qop *q)
{
	/* Of one row, nothing is summed up row by row. */
	bool apart =
	    qop_in(q, 0).h > 1 && (q->kernel_hw.v[0] <= q->stride.v[0] || qop_out(q, 0).h == 1);

	return apart && q->dilation.v[0] == 1 ? q->kernel_hw.v[0] : 1;
}

/* Rows iy with a kernel row ky so that iy s + ky d - crop = y. */
void qop_rows_deconv(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last)
{
	int32_t s = q->stride.v[0];
	int64_t full = (int64_t)y + q->crop.v[0];
	int64_t reach = (int64_t)q->dilation.v[0] * (q->kernel_hw.v[0] - 1);

	if (in > 0) {
		*first = *last = y;
		return;
	}
	*first = full > reach ? (int32_t)((full - reach + s - 1) / s) : 0;
	*last = full / s < qop_in(q, 0).h ? (int32_t)(full / s) : qop_in(q, 0).h - 1;
}
