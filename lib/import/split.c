/* Split as readers make it: outputs, and sizes of which one may be open. */
#include "base/limits.h"
#include "import/import.h"

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
