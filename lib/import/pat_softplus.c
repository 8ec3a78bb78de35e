/* Softplus: Log(Add(Exp(x), 1)). */
#include "import/import.h"

bool pat_softplus(struct im_graph *g, struct im_node *n)
{
	const struct im_node *add, *ex;
	struct im_value *x;
	float one;

	if (strcmp(n->op, "Log") != 0 || n->nin != 1 || !(add = im_only(n->in[0], "Add")) ||
	    !(x = im_with_scalar(add, "Add", &one)) || one != 1.0f || !(ex = im_only(x, "Exp")) ||
	    ex->nin != 1 || !ex->in[0])
		return false;
	im_become(g, n, "Softplus", ex->in[0], 0);
	return true;
}
