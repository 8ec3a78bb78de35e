/* Records of matmul and layer_normalization. */
#include "base/limits.h"
#include "kernel/qop_int.h"

#include <math.h>

#define MACS_MAX (1LL << 42)

/* Field groups: heads side by side in the features; geom: transposed. */
int qop_check_matmul(const struct qop *q, struct err *e)
{
	const struct qdim out = qop_out(q, 0);
	struct qdim a, b;
	int64_t cols;
	int32_t most;

	if (q->nin != 2)
		return err_set(e, "%d inputs, 2 expected", q->nin);
	a = qop_in(q, 0);
	b = qop_in(q, 1);
	if (qcheck_range(q->groups, "groups", 1, LIMIT_DIM, e) < 0 ||
	    qcheck_i32(&q->geom, "geom", 1, 0, 1, e) < 0)
		return -1;
	if (a.c % q->groups || b.c % q->groups)
		return err_set(e, "%d groups do not divide the features", q->groups);
	cols = q->geom.v[0] ? (int64_t)b.w * q->groups : b.c;
	if (a.h != b.h || (q->geom.v[0] ? b.c != a.c : b.w != a.c / q->groups))
		return err_set(e, "the inputs do not multiply");
	if (out.h != a.h || out.w != a.w || out.c != cols)
		return err_set(e, "the product is not the output's shape");
	most = qop_is_wide(q) ? QPRODUCTS_WIDE_MAX : QPRODUCTS_MAX;
	if (a.c / q->groups > most)
		return err_set(e, "%d products for one value leave 32 bits, at most %d",
			       a.c / q->groups, most);
	if ((int64_t)qdim_count(out) > MACS_MAX / (a.c / q->groups))
		return err_set(e, "the layer has more than 2^42 multiply-accumulates");
	return 0;
}

/* The second input takes the place of weights. */
void qop_columns_matmul(const struct qop *q, size_t in, int32_t from, int32_t to, int32_t *first,
			int32_t *last)
{
	if (in == 0)
		qop_columns_same(q, in, from, to, first, last);
}

int64_t qnorm_population(const struct qop *q)
{
	const struct qdim d = qop_in(q, 0);
	const int32_t axes = q->geom.v[0];

	return (int64_t)(axes & 1 ? d.h : 1) * (axes & 2 ? d.w : 1) *
	       (axes & 4 ? d.c / q->geom.v[1] : 1);
}

/* geom: axes, groups, kind (0 mean and variance, 1 l2), t, epsilon in two parts. */
int qop_check_norm(const struct qop *q, struct err *e)
{
	const size_t c = (size_t)qop_out(q, 0).c;
	double most;
	int64_t n;

	if (qop_check_act(q, e) < 0 || qcheck_i32(&q->geom, "geom", 6, -31, INT32_MAX, e) < 0 ||
	    qcheck_range(q->geom.v[0], "geom", 1, 7, e) < 0 ||
	    qcheck_range(q->geom.v[1], "geom", 1, LIMIT_DIM, e) < 0 ||
	    qcheck_range(q->geom.v[2], "geom", 0, 1, e) < 0 ||
	    qcheck_range(q->geom.v[3], "geom", -31, 30, e) < 0 ||
	    qcheck_range(q->geom.v[4], "geom", 0, 1 << 29, e) < 0 ||
	    qcheck_range(q->geom.v[5], "geom", 0, INT32_MAX, e) < 0)
		return -1;
	if (c % (size_t)q->geom.v[1] != 0)
		return err_set(e, "groups do not divide the features");
	n = qnorm_population(q);
	if (n > (q->in_bits.v[0] == 16 ? QNORM_WIDE_MAX : QSUM_MAX))
		return err_set(e, "more than 2^%d values are normalized together",
			       q->in_bits.v[0] == 16 ? 15 : 23);
	most = pow(qop_top(q->in_bits.v[0]), 2) * (double)n * (q->geom.v[2] ? 1 : (double)n / 4);
	if (ldexp(most, 2 * q->geom.v[3]) > 0x1p60)
		return err_set(e, "the sum of squares leaves 60 bits");
	if (qcheck_mults(&q->in_mult, &q->in_shift, "in_mult", q->in_mult.n == 1 ? 1 : c, e) < 0)
		return -1;
	return qcheck_bias(q, c, e);
}
