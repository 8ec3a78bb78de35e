/* SiLU and swish: x * Sigmoid(x), x * Sigmoid(beta x). */
#include "import/import.h"

bool pat_silu(struct im_graph *g, struct im_node *n)
{
	if (strcmp(n->op, "Mul") != 0 || n->nin != 2)
		return false;
	for (size_t i = 0; i < 2; i++) {
		const struct im_node *s = im_only(n->in[1 - i], "Sigmoid");
		const struct im_node *scale;
		float beta;

		if (!n->in[i] || !s || s->nin != 1)
			continue;
		if (s->in[0] == n->in[i]) {
			im_become(g, n, "SILU", n->in[i], 0);
			return true;
		}
		scale = im_only(s->in[0], "Mul");
		if (scale && im_with_scalar(scale, "Mul", &beta) == n->in[i]) {
			im_become(g, n, "SWISH", n->in[i], 1);
			im_attr_float(n, 0, "beta", beta);
			return true;
		}
	}
	return false;
}
