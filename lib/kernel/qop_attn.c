/* Records of matmul. */
#include "base/limits.h"
#include "kernel/qop_int.h"

#define MACS_MAX (1LL << 42)

/* Field groups: heads side by side in the features; geom: transposed. */
int qop_check_matmul(const struct qop *q, struct err *e)
{
	const struct qdim out = qop_out(q, 0);
	struct qdim a, b;
	int64_t cols;

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
	if (a.c / q->groups > QPRODUCTS_MAX)
		return err_set(e, "%d products for one value leave 32 bits, at most %d",
			       a.c / q->groups, QPRODUCTS_MAX);
	if ((int64_t)qdim_count(out) > MACS_MAX / (a.c / q->groups))
		return err_set(e, "the layer has more than 2^42 multiply-accumulates");
	return 0;
}
