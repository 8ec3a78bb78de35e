/* Operators over features that are the last dimension. */
#include "onnx/onnx_int.h"

/* The last dimension becomes number 1, or is put back. */
static void turn(struct im_view *v, bool back)
{
	int perm[LIMIT_RANK];

	for (int d = 0; d < v->rank; d++)
		perm[d] = d == 0   ? 0
			  : back   ? (d + 1 < v->rank ? d + 1 : 1)
			  : d == 1 ? v->rank - 1
				   : d - 1;
	if (v->rank > 2)
		view_transpose(v, perm);
}

/* Handlers know features as dimension 1. */
int onnx_convert_last(struct build *b, const struct onnx_op *op, struct im_node *n, struct err *e)
{
	struct im_value *x = n->in[0];
	const bool last = b->last;
	int r;

	b->last = false;
	if (!x->is_const)
		turn(&x->view, false);
	r = op->convert(b, n, e);
	if (!x->is_const)
		turn(&x->view, true);
	for (size_t k = 0; r == 0 && k < n->nout; k++)
		if (n->out[k] && n->out[k]->done && !n->out[k]->is_const)
			turn(&n->out[k]->view, true);
	b->last = last;
	return r;
}
