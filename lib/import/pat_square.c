/* Square: x * x. */
#include "import/import.h"

bool pat_square(struct im_graph *g, struct im_node *n)
{
	if (strcmp(n->op, "Mul") != 0 || n->nin != 2 || !n->in[0] || n->in[0] != n->in[1] ||
	    n->in[0]->is_const)
		return false;
	im_become(g, n, "SQUARE", n->in[0], 0);
	return true;
}
