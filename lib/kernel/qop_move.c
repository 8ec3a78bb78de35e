/* Records of layers that only move codes: checks and rows. */
#include "base/limits.h"
#include "hn/pack.h"
#include "kernel/qop_int.h"

static int one_input(const struct qop *q, struct err *e)
{
	return q->nin == 1 ? 0 : err_set(e, "%d inputs, 1 expected", q->nin);
}

static int same_count(const struct qop *q, struct err *e)
{
	if (qdim_count(qop_in(q, 0)) != qdim_count(qop_out(q, 0)))
		return err_set(e, "input and output differ in size");
	return 0;
}

int qop_check_io(const struct qop *q, struct err *e)
{
	return q->nin == 0 ? 0 : err_set(e, "an input layer has no input");
}

int qop_check_const(const struct qop *q, struct err *e)
{
	/* A code of 16 bits has its bit pattern in the signed array. */
	int32_t top = q->out_bits == 16 ? INT16_MAX : 255, low = q->out_bits == 16 ? INT16_MIN : 0;

	if (q->nin != 0 || q->kernel16.n != qdim_count(qop_out(q, 0)))
		return err_set(e, "a constant needs one code per output value");
	for (size_t i = 0; i < q->kernel16.n; i++)
		if (q->kernel16.v[i] < low || q->kernel16.v[i] > top)
			return err_set(e, "field 'kernel16' holds a code outside 0..%d", top);
	return 0;
}

int qop_check_same(const struct qop *q, struct err *e)
{
	struct qdim in;
	struct qdim out;

	if (one_input(q, e) < 0 || qcheck_forwarded(q, e) < 0)
		return -1;
	in = qop_in(q, 0);
	out = qop_out(q, 0);
	if (in.h != out.h || in.w != out.w || in.c != out.c)
		return err_set(e, "input and output differ in shape");
	return 0;
}

int qop_check_concat(const struct qop *q, struct err *e)
{
	struct qdim out = qop_out(q, 0);
	int32_t dims[3] = { out.h, out.w, out.c };
	int64_t sum = 0;
	size_t n = (size_t)q->nin;

	if (q->nin < 1 || qcheck_i32(&q->geom, "geom", 1, 1, 3, e) < 0)
		return err_set(e, "a concat needs inputs and an axis");
	for (size_t i = 0; i < n; i++)
		for (int32_t a = 0; a < 3; a++) {
			int32_t d = q->in_shape.v[3 * i + (size_t)a];

			if (a == q->geom.v[0] - 1)
				sum += d;
			else if (d != dims[a])
				return err_set(e, "input %zu does not fit the output", i);
		}
	if (sum != dims[q->geom.v[0] - 1])
		return err_set(e, "the inputs do not fill the output");
	return qcheck_mults(&q->in_mult, &q->in_shift, "in_mult", n, e);
}

int qop_check_slice(const struct qop *q, struct err *e)
{
	if (one_input(q, e) < 0 || qcheck_forwarded(q, e) < 0 ||
	    qcheck_i32(&q->geom, "geom", 6, 0, LIMIT_DIM, e) < 0)
		return -1;
	for (size_t a = 0; a < 3; a++) {
		int64_t start = q->geom.v[2 * a];
		int64_t step = q->geom.v[2 * a + 1];

		if (step < 1 || start + (q->out_shape.v[a] - 1) * step >= q->in_shape.v[a])
			return err_set(e, "the slice leaves the input");
	}
	return 0;
}

int qop_check_splitter(const struct qop *q, struct err *e)
{
	struct qdim in;
	int64_t sum = 0;

	if (one_input(q, e) < 0 || qcheck_forwarded(q, e) < 0)
		return -1;
	in = qop_in(q, 0);
	for (size_t p = 0; p < q->out_shape.n / 3; p++) {
		struct qdim out = qop_out(q, p);

		if (out.h != in.h || out.w != in.w)
			return err_set(e, "output port %zu does not fit the input", p);
		sum += out.c;
	}
	return sum == in.c ? 0
			   : err_set(e, "the output ports do not share out the input's features");
}

int qop_check_external_pad(const struct qop *q, struct err *e)
{
	struct qdim in;
	struct qdim out = qop_out(q, 0);

	if (one_input(q, e) < 0 || qcheck_forwarded(q, e) < 0 ||
	    qcheck_i32(&q->pad, "pad", 4, 0, LIMIT_DIM, e) < 0 ||
	    qcheck_i32(&q->geom, "geom", 1, 0, qop_top(q->out_bits), e) < 0)
		return -1;
	in = qop_in(q, 0);
	if ((int64_t)in.h + q->pad.v[0] + q->pad.v[1] != out.h ||
	    (int64_t)in.w + q->pad.v[2] + q->pad.v[3] != out.w || in.c != out.c)
		return err_set(e, "input and padding do not give the output");
	return 0;
}

int qop_check_depth_space(const struct qop *q, struct err *e)
{
	bool to_space = q->type == HN_DEPTH_TO_SPACE;
	struct qdim small = to_space ? qop_in(q, 0) : qop_out(q, 0);
	struct qdim large = to_space ? qop_out(q, 0) : qop_in(q, 0);
	int64_t bh;
	int64_t bw;

	if (one_input(q, e) < 0 || qcheck_forwarded(q, e) < 0 ||
	    qcheck_i32(&q->geom, "geom", 3, 0, LIMIT_DIM, e) < 0)
		return -1;
	bh = q->geom.v[0];
	bw = q->geom.v[1];
	if (q->geom.v[2] > (to_space ? 1 : 3))
		return err_set(e, "field 'geom' names an unknown order");
	if (bh < 1 || bw < 1 || small.h * bh != large.h || small.w * bw != large.w ||
	    large.c * bh * bw != small.c)
		return err_set(e, "blocks of %lldx%lld do not fit the shapes", (long long)bh,
			       (long long)bw);
	return 0;
}

int qop_check_shuffle(const struct qop *q, struct err *e)
{
	if (qop_check_same(q, e) < 0 || qcheck_i32(&q->geom, "geom", 1, 1, qop_in(q, 0).c, e) < 0)
		return -1;
	return qop_in(q, 0).c % q->geom.v[0] == 0 ? 0
						  : err_set(e, "groups do not divide the features");
}

static bool unpacks(const struct qop *q)
{
	return q->geom.n == 2 && q->geom.v[0] == 2;
}

static int check_unpack(const struct qop *q, struct err *e)
{
	const struct qdim in = qop_in(q, 0), out = qop_out(q, 0);
	const struct hn_packing *k;

	if (qcheck_range(q->geom.v[1], "geom", PACK_NONE + 1, PACK_COUNT - 1, e) < 0)
		return -1;
	k = hn_packing((enum hn_pack)q->geom.v[1]);
	if (in.c != k->features || in.w % k->cols != 0 || in.w != out.w || out.c != 3 ||
	    (int64_t)in.h * k->rows != out.h)
		return err_set(e, "input and output are not %s and its pixels", k->format);
	return 0;
}

/* geom: 0 for a reshape, 1 and the input axis that gives each output axis, or 2 and a format. */
int qop_check_format(const struct qop *q, struct err *e)
{
	unsigned seen = 0;

	if (one_input(q, e) < 0 || qcheck_forwarded(q, e) < 0)
		return -1;
	if (unpacks(q))
		return check_unpack(q, e);
	if (same_count(q, e) < 0)
		return -1;
	if (q->geom.n == 1)
		return qcheck_range(q->geom.v[0], "geom", 0, 0, e);
	if (qcheck_i32(&q->geom, "geom", 4, 0, 2, e) < 0)
		return -1;
	for (size_t a = 0; a < 3; a++) {
		seen |= 1U << q->geom.v[a + 1];
		if (q->in_shape.v[q->geom.v[a + 1]] != q->out_shape.v[a])
			return err_set(e, "the transposed input is not the output's shape");
	}
	return seen == 7 && q->geom.v[0] == 1 ? 0 : err_set(e, "field 'geom' is not a permutation");
}

void qop_rows_same(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last)
{
	*first = *last = qop_in(q, in).h == 1 ? 0 : y;
}

void qop_rows_all(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last)
{
	*first = 0;
	*last = in == 0 ? qop_in(q, in).h - 1 : y;
}

int32_t qop_steps_all(const struct qop *q)
{
	const struct qdim in = qop_in(q, 0);

	return qop_map_lines(in.h, in.w);
}

/* One column stands for all. */
void qop_columns_same(const struct qop *q, size_t in, int32_t from, int32_t to, int32_t *first,
		      int32_t *last)
{
	const bool one = qop_in(q, in).w == 1;

	*first = one ? 0 : from;
	*last = one ? 0 : to - 1;
}

/* An unpacked row needs the one that holds it; a transpose that moves rows may need any. */
void qop_rows_format(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last)
{
	if (unpacks(q))
		*first = *last = y / hn_packing((enum hn_pack)q->geom.v[1])->rows;
	else if (q->geom.n == 1)
		qop_reshaped_lines(q, y, qop_out(q, 0).h, qop_in(q, in).h, first, last);
	else if (q->geom.v[1] == 0)
		*first = *last = y;
	else
		qop_rows_all(q, in, y, first, last);
}

void qop_rows_concat(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last)
{
	int32_t start = 0;

	*first = *last = y;
	if (q->geom.v[0] != 1)
		return;
	for (size_t i = 0; i < in; i++)
		start += qop_in(q, i).h;
	*first = *last = y - start;
	if (y < start || y - start >= qop_in(q, in).h)
		*last = *first - 1;
}

void qop_columns_concat(const struct qop *q, size_t in, int32_t from, int32_t to, int32_t *first,
			int32_t *last)
{
	int32_t start = 0;

	for (size_t i = 0; q->geom.v[0] == 2 && i < in; i++)
		start += qop_in(q, i).w;
	*first = from > start ? from - start : 0;
	*last = to - 1 - start;
	if (from - start >= qop_in(q, in).w)
		*last = *first - 1;
}

void qop_columns_slice(const struct qop *q, size_t in, int32_t from, int32_t to, int32_t *first,
		       int32_t *last)
{
	(void)in;
	*first = q->geom.v[2] + from * q->geom.v[3];
	*last = q->geom.v[2] + (to - 1) * q->geom.v[3];
}

void qop_columns_external_pad(const struct qop *q, size_t in, int32_t from, int32_t to,
			      int32_t *first, int32_t *last)
{
	(void)in;
	*first = from - q->pad.v[2];
	*last = to - 1 - q->pad.v[2];
}

void qop_rows_slice(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last)
{
	(void)in;
	*first = *last = q->geom.v[0] + y * q->geom.v[1];
}

void qop_rows_external_pad(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last)
{
	(void)in;
	*first = *last = y - q->pad.v[0];
}

void qop_rows_depth_space(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last)
{
	int32_t b = q->geom.v[0];

	(void)in;
	*first = q->type == HN_DEPTH_TO_SPACE ? y / b : y * b;
	*last = q->type == HN_DEPTH_TO_SPACE ? y / b : y * b + b - 1;
}

/* Moves that leave a tensor of the same shape as it is: 1 x 1 blocks, all of it, no margin. */
static const bool moves[HN_TYPE_COUNT] = {
	/* clang-format off */
	[HN_SHORTCUT]       = true,
	[HN_CONCAT]         = true,
	[HN_SLICE]          = true,
	[HN_EXTERNAL_PAD]   = true,
	[HN_DEPTH_TO_SPACE] = true,
	[HN_SPACE_TO_DEPTH] = true,
	/* clang-format on */
};

static bool moves_nothing(const struct qop *q)
{
	bool same = true;

	for (size_t i = 0; i < 3; i++)
		same = same && q->in_shape.v[i] == q->out_shape.v[i];
	return (same && moves[q->type]) || (q->type == HN_FORMAT_CONVERSION && q->geom.n == 1);
}

bool qop_keeps_codes(const struct qop *q)
{
	return q->nin == 1 && q->out_shape.n == 3 && q->in_scale.n == 1 && q->out_scale.n == 1 &&
	       q->in_bits.v[0] == q->out_bits && q->in_zp.v[0] == q->out_zp &&
	       q->in_scale.v[0] == q->out_scale.v[0] && moves_nothing(q);
}

bool qop_takes_any_shape(const struct qop *q)
{
	if (q->nin != 1)
		return false;
	return q->type == HN_DENSE || (q->type == HN_FORMAT_CONVERSION && q->geom.n == 1);
}
