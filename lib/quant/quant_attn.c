/* Records of matmul. */
#include "quant/quant_ops.h"

QUANT_OP(quant_matmul)
{
	const double unit = (double)op->in_scale.v[0] * (double)op->in_scale.v[1];

	op->groups = l->p.groups;
	qset_i32(&op->geom, 1, (int32_t[]){ l->p.variant != 0 });
	return quant_stage(q, l, op, &unit, 1, e);
}
