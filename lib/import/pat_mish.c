/* Mish: x * Tanh(Softplus(x)). */
#include "import/import.h"

bool pat_mish(struct im_graph *g, struct im_node *n)
{
	if (strcmp(n->op, "Mul") != 0 || n->nin != 2)
		return false;
	for (size_t i = 0; i < 2; i++) {
		const struct im_node *tanh = im_only(n->in[1 - i], "Tanh");
		const struct im_node *soft =
		    tanh && tanh->nin == 1 ? im_only(tanh->in[0], "Softplus") : NULL;

		if (!n->in[i] || !soft || soft->nin != 1 || soft->in[0] != n->in[i])
			continue;
		im_become(g, n, "MISH", n->in[i], 0);
		return true;
	}
	return false;
}
