/* Records of pools, elementwise layers, activations, resize, softmax and reductions. */
#include "base/limits.h"
#include "kernel/qop_int.h"

static int one_input(const struct qop *q, struct err *e)
{
	return q->nin == 1 ? 0 : err_set(e, "%d inputs, 1 expected", q->nin);
}

/* maxpool: one multiplier; avgpool: one per count of valid elements, or one for all. */
int qop_check_pool(const struct qop *q, struct err *e)
{
	int64_t window;
	size_t n;

	if (one_input(q, e) < 0 || qcheck_window(q, e) < 0)
		return -1;
	window = (int64_t)q->kernel_hw.v[0] * q->kernel_hw.v[1];
	if (window > QSUM_MAX || window > (1LL << 42) / (int64_t)qdim_count(qop_out(q, 0)))
		return err_set(e, "the window is too large");
	if (qop_in(q, 0).c != qop_out(q, 0).c)
		return err_set(e, "input and output differ in features");
	n = q->type == HN_AVGPOOL && q->pool_mult.n != 1 ? (size_t)window : 1;
	return qcheck_mults(&q->pool_mult, &q->pool_shift, "pool_mult", n, e);
}

int qop_check_global_pool(const struct qop *q, struct err *e)
{
	struct qdim in;
	struct qdim out = qop_out(q, 0);

	if (one_input(q, e) < 0)
		return -1;
	in = qop_in(q, 0);
	if (out.h != 1 || out.w != 1 || in.c != out.c || (int64_t)in.h * in.w > QSUM_MAX)
		return err_set(e, "a global pool gives one pixel of its input's features");
	return qcheck_mults(&q->pool_mult, &q->pool_shift, "pool_mult", 1, e);
}

int qop_check_eltwise(const struct qop *q, struct err *e)
{
	if (q->nin != 2)
		return err_set(e, "%d inputs, 2 expected", q->nin);
	for (size_t i = 0; i < 6; i++)
		if (q->in_shape.v[i] != 1 && q->in_shape.v[i] != q->out_shape.v[i % 3])
			return err_set(e, "input %zu does not fit the output", i / 3);
	if (q->type == HN_EW_MULT || q->type == HN_EW_DIV)
		return 0;
	return qcheck_mults(&q->in_mult, &q->in_shift, "in_mult", 2, e);
}

int qop_check_act(const struct qop *q, struct err *e)
{
	if (one_input(q, e) < 0)
		return -1;
	for (size_t i = 0; i < 3; i++)
		if (q->in_shape.v[i] != q->out_shape.v[i])
			return err_set(e, "input and output differ in shape");
	return 0;
}

/* geom: kind, fraction bits, then per output row and per output column: two sources, weight. */
int qop_check_resize(const struct qop *q, struct err *e)
{
	struct qdim in;
	struct qdim out = qop_out(q, 0);
	int32_t bits;

	if (one_input(q, e) < 0 || qcheck_forwarded(q, e) < 0)
		return -1;
	in = qop_in(q, 0);
	if (in.c != out.c || q->geom.n != 2 + 3 * ((size_t)out.h + (size_t)out.w))
		return err_set(e, "field 'geom' has %zu values", q->geom.n);
	bits = q->geom.v[1];
	if (qcheck_range(q->geom.v[0], "geom", 0, 1, e) < 0 ||
	    qcheck_range(bits, "geom", 0, 11, e) < 0)
		return -1;
	for (int64_t i = 0; i < (int64_t)out.h + out.w; i++) {
		const int32_t *t = q->geom.v + 2 + 3 * i;
		int32_t size = i < out.h ? in.h : in.w;

		if (qcheck_range(t[0], "geom", 0, size - 1, e) < 0 ||
		    qcheck_range(t[1], "geom", 0, size - 1, e) < 0 ||
		    qcheck_range(t[2], "geom", 0, (int64_t)1 << bits, e) < 0)
			return -1;
	}
	return 0;
}

int qop_check_softmax(const struct qop *q, struct err *e)
{
	if (qop_check_act(q, e) < 0 || qcheck_i32(&q->geom, "geom", 1, 1, qop_in(q, 0).c, e) < 0)
		return -1;
	if (qop_in(q, 0).c % q->geom.v[0] != 0)
		return err_set(e, "groups do not divide the features");
	if (qcheck_i32(&q->mult, "mult", 1, 1, 65535, e) < 0)
		return -1;
	if (q->in_bits.v[0] == 16) {
		if (qcheck_i32(&q->exp_table, "exp_table", 2 * (size_t)QEXP_STEPS, 0,
			       1 << QEXP_WIDE_BITS, e) < 0)
			return -1;
		return q->exp_table.v[0] == 1 << QEXP_WIDE_BITS &&
			       q->exp_table.v[QEXP_STEPS] == 1 << QEXP_WIDE_BITS
			   ? 0
			   : err_set(e, "field 'exp_table' does not start with 1");
	}
	if (qcheck_i32(&q->exp_table, "exp_table", QEXP_STEPS, 0, 65535, e) < 0)
		return -1;
	return q->exp_table.v[0] > 0 ? 0 : err_set(e, "field 'exp_table' starts with 0");
}

/* geom: axes (1 height, 2 width, 4 features), groups of features. */
int qop_check_reduce(const struct qop *q, struct err *e)
{
	struct qdim in;
	struct qdim out = qop_out(q, 0);
	int32_t axes;
	int32_t groups;
	bool sums = q->type == HN_REDUCE_SUM || q->type == HN_REDUCE_MEAN;

	if (one_input(q, e) < 0 || (!sums && qcheck_forwarded(q, e) < 0) ||
	    qcheck_i32(&q->geom, "geom", 2, 1, LIMIT_DIM, e) < 0)
		return -1;
	in = qop_in(q, 0);
	axes = q->geom.v[0];
	groups = q->geom.v[1];
	if (axes > 7 || in.c % groups != 0 || out.h != (axes & 1 ? 1 : in.h) ||
	    out.w != (axes & 2 ? 1 : in.w) || out.c != (axes & 4 ? groups : in.c))
		return err_set(e, "the reduced input is not the output's shape");
	if (qdim_count(in) / qdim_count(out) > QSUM_MAX)
		return err_set(e, "more than 2^23 values are reduced to one");
	return 0;
}

int qop_check_argmax(const struct qop *q, struct err *e)
{
	struct qdim in;
	struct qdim out = qop_out(q, 0);

	if (one_input(q, e) < 0)
		return -1;
	in = qop_in(q, 0);
	if (out.h != in.h || out.w != in.w || out.c != 1)
		return err_set(e, "argmax gives one feature per pixel");
	return in.c <= (q->out_bits == 16 ? 65536 : 256)
		   ? 0
		   : err_set(e, "%d features do not fit into %d-bit indexes", in.c, q->out_bits);
}

void qop_rows_resize(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last)
{
	const int32_t *t = q->geom.v + 2 + 3 * (int64_t)y;

	(void)in;
	*first = t[0] < t[1] ? t[0] : t[1];
	*last = t[0] < t[1] ? t[1] : t[0];
}

void qop_rows_reduce(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last)
{
	*first = q->geom.v[0] & 1 ? 0 : y;
	*last = q->geom.v[0] & 1 ? qop_in(q, in).h - 1 : y;
}

/* Over rows, or over the lines of one row. */
int32_t qop_steps_reduce(const struct qop *q)
{
	const struct qdim in = qop_in(q, 0);

	if (in.h == 1)
		return q->geom.v[0] & 2 ? qop_map_lines(in.h, in.w) : 1;
	return q->geom.v[0] & 1 ? in.h : 1;
}

void qop_columns_reduce(const struct qop *q, size_t in, int32_t from, int32_t to, int32_t *first,
			int32_t *last)
{
	if (!(q->geom.v[0] & 2))
		qop_columns_same(q, in, from, to, first, last);
}

/* The columns' table stands behind the rows'. */
void qop_columns_resize(const struct qop *q, size_t in, int32_t from, int32_t to, int32_t *first,
			int32_t *last)
{
	const int32_t *t = q->geom.v + 2 + 3 * (int64_t)qop_out(q, 0).h;

	*first = qop_in(q, in).w;
	*last = -1;
	for (int32_t x = from; x < to; x++)
		for (int i = 0; i < 2; i++) {
			const int32_t at = t[3 * (int64_t)x + i];

			*first = at < *first ? at : *first;
			*last = at > *last ? at : *last;
		}
}
