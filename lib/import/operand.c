/* Operands as TensorFlow and TensorFlow Lite give them: constants, sizes of a Split, margins. */
#include "import/operand.h"

int im_list(const struct im_value *v, const char *what, int64_t out[LIMIT_RANK], size_t *n,
	    struct err *e)
{
	if (!v)
		return err_set(e, "its %s is absent", what);
	if (!v->is_const)
		return err_set(e, "its %s is computed from data ('%s'), a constant expected", what,
			       quote(v->name));
	*n = tensor_count(&v->data);
	if (v->data.rank > 1 || *n > LIMIT_RANK)
		return err_set(e, "its %s of shape %s is no list of at most %d integers", what,
			       tensor_shape_text(&v->data), LIMIT_RANK);
	for (size_t k = 0; k < *n; k++)
		out[k] = tensor_get_int(&v->data, k);
	return 0;
}

int im_one_number(const struct im_value *v, const char *what, int64_t *out, struct err *e)
{
	int64_t list[LIMIT_RANK] = { 0 };
	size_t n;

	if (im_list(v, what, list, &n, e) < 0)
		return -1;
	*out = list[0];
	return n == 1 ? 0 : err_set(e, "its %s is %zu numbers, one expected", what, n);
}

void im_split(struct im_graph *g, struct im_node *n, size_t nout, int64_t axis)
{
	n->out = arena_array(&g->arena, nout, sizeof(struct im_value *));
	n->nout = nout;
	im_put_int(n, "axis", axis);
}

int64_t *im_split_sizes(struct im_graph *g, const struct im_value *v, size_t nout, size_t *open,
			int64_t *sum, struct err *e)
{
	int64_t *sizes;

	if (!v->is_const || tensor_count(&v->data) != nout) {
		err_set(e, "its sizes are not %zu constants", nout);
		return NULL;
	}
	sizes = arena_array(&g->arena, nout, sizeof *sizes);
	*open = nout;
	*sum = 0;
	for (size_t k = 0; k < nout; k++) {
		sizes[k] = tensor_get_int(&v->data, k);
		if (sizes[k] < 0)
			*open = k;
		else if (sizes[k] <= LIMIT_DIM)
			*sum += sizes[k];
	}
	return sizes;
}

int im_margins(const struct im_value *v, int64_t pad[2 * LIMIT_RANK], size_t *n, struct err *e)
{
	const struct tensor *pairs = &v->data;
	size_t rank;

	if (!v->is_const)
		return err_set(e, "its paddings are computed from data");
	if (pairs->rank != 2 || pairs->dim[1] != 2 || pairs->dim[0] > LIMIT_RANK)
		return err_set(e, "its paddings %s are no pairs", tensor_shape_text(pairs));
	rank = (size_t)pairs->dim[0];
	for (size_t d = 0; d < rank; d++) {
		pad[d] = tensor_get_int(pairs, 2 * d);
		pad[rank + d] = tensor_get_int(pairs, 2 * d + 1);
	}
	*n = 2 * rank;
	return 0;
}

void im_bind_parts(struct im_graph *g, size_t first)
{
	struct im_node *whole = NULL;

	for (size_t i = first; i < g->nnode; i++)
		if (!g->node[i]->part_of && !whole)
			whole = g->node[i];
	for (size_t i = first; i < g->nnode; i++)
		if (g->node[i]->part_of)
			g->node[i]->part_of = whole;
}
