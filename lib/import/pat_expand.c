/*
 * Expand before an elementwise operator, which repeats by itself: it goes, and its shape stays as a
 * third input so that the operator can see that nothing is missing.
 */
#include "import/import.h"

bool pat_expand(struct im_graph *g, struct im_node *n)
{
	static const char *const ops[] = { "Add", "Sub", "Mul", "Div" };
	bool known = false;

	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
		known |= strcmp(n->op, ops[i]) == 0;
	for (size_t i = 0; known && n->nin == 2 && n->nattr == 0 && i < 2; i++) {
		const struct im_node *expand = im_only(n->in[i], "Expand");
		struct im_value **in;

		if (!expand || expand->nin != 2 || !expand->in[0] || !expand->in[1] ||
		    !n->in[1 - i] || expand->in[0]->is_const)
			continue;
		in = arena_array(&g->arena, 3, sizeof(struct im_value *));
		memcpy(in, n->in, 2 * sizeof(struct im_value *));
		in[2] = expand->in[1];
		in[2]->nuse++;
		n->in = in;
		n->nin = 3;
		im_bypass(g, n, i, expand->in[0]);
		n->attr = arena_array(&g->arena, 1, sizeof *n->attr);
		n->attr[0] = (struct im_attr){ .name = "expanded", .kind = IM_INT, .i = 1 };
		n->nattr = 1;
		return true;
	}
	return false;
}
