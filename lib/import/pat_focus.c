/*
 * Space to depth spelled as four slices of every second row and column, concatenated: the Focus of
 * YOLOv5 and the patch merging of Swin (guide 5.5.17).
 */
#include "import/import.h"

/* Every second row and column of root, beginning at from[]. */
struct part {
	struct im_value *root;
	int64_t axis[2], from[2];
	int n;
};

/* Integers of an attribute or of input i. */
static size_t list(const struct im_node *n, const char *attr, size_t i, int64_t out[2])
{
	size_t count = 0;
	const int64_t *ints = im_ints(n, attr, &count);

	if (ints) {
		for (size_t k = 0; k < count && k < 2; k++)
			out[k] = ints[k];
		return count;
	}
	if (i >= n->nin || !n->in[i] || !n->in[i]->is_const)
		return 0;
	count = tensor_count(&n->in[i]->data);
	for (size_t k = 0; k < count && k < 2; k++)
		out[k] = tensor_get_int(&n->in[i]->data, k);
	return count;
}

/* One or two axes of a slice that runs to the end by steps of 2. */
static bool strided(const struct im_node *n, struct part *p)
{
	int64_t from[2], to[2], axis[2], step[2];
	const struct im_value *x = n->in[0];
	const size_t count = list(n, "starts", 1, from);

	if (count < 1 || (int)count + p->n > 2 || list(n, "ends", 2, to) != count ||
	    list(n, "axes", 3, axis) != count || list(n, "steps", 4, step) != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		const bool whole =
		    to[i] >= INT32_MAX ||
		    (x->declared && axis[i] >= 0 && axis[i] < x->rank && x->dim[axis[i]] == to[i]);

		if (step[i] != 2 || from[i] < 0 || from[i] > 1 || axis[i] < 1 || !whole)
			return false;
		p->axis[p->n] = axis[i];
		p->from[p->n++] = from[i];
	}
	return true;
}

static bool part_of(struct im_value *v, struct part *p)
{
	*p = (struct part){ .root = v };
	while (p->n < 2) {
		const struct im_node *n = p->root->from;

		if (!n || strcmp(n->op, "Slice") != 0 || n->nin < 1 || !n->in[0] || !strided(n, p))
			return false;
		p->root = n->in[0];
	}
	if (p->axis[0] > p->axis[1])
		*p = (struct part){
			p->root, { p->axis[1], p->axis[0] }, { p->from[1], p->from[0] }, 2
		};
	return p->axis[0] + 1 == p->axis[1];
}

bool pat_focus(struct im_graph *g, struct im_node *n)
{
	static const int64_t focus[4] = { 0, 2, 1, 3 }, classic[4] = { 0, 1, 2, 3 };
	int64_t order[4];
	struct part first = { .n = 0 }, p;
	int64_t axis;

	if (strcmp(n->op, "Concat") != 0 || n->nin != 4)
		return false;
	for (size_t i = 0; i < 4; i++) {
		if (!n->in[i] || !part_of(n->in[i], &p))
			return false;
		first = i ? first : p;
		if (p.root != first.root || p.axis[0] != first.axis[0])
			return false;
		order[i] = 2 * p.from[0] + p.from[1];
	}
	axis = im_int(n, "axis", 1);
	if (!(first.axis[0] == 2 && (axis == 1 || axis == -3)) &&
	    !(first.axis[0] == 1 && (axis == 3 || axis == -1)))
		return false;
	if (memcmp(order, focus, sizeof focus) != 0 && memcmp(order, classic, sizeof classic) != 0)
		return false;
	im_become(g, n, "FOCUS", first.root, 2);
	n->attr[0] = (struct im_attr){ .name = "rows", .kind = IM_INT, .i = first.axis[0] };
	n->attr[1] = (struct im_attr){ .name = "focus", .kind = IM_INT, .i = order[1] == 2 };
	return true;
}
