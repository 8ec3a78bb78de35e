/* Softsign: x / (1 + Abs(x)). */
#include "import/import.h"

bool pat_softsign(struct im_graph *g, struct im_node *n)
{
	const struct im_node *add, *a;
	struct im_value *v;
	float one;

	if (strcmp(n->op, "Div") != 0 || n->nin != 2 || !n->in[0] ||
	    !(add = im_only(n->in[1], "Add")) || !(v = im_with_scalar(add, "Add", &one)) ||
	    one != 1.0f || !(a = im_only(v, "Abs")) || a->nin != 1 || a->in[0] != n->in[0])
		return false;
	im_become(g, n, "Softsign", n->in[0], 0);
	return true;
}
