/* Where the model's tensors lie in the HN: for comparing both, layer by layer. */
#include "base/limits.h"
#include "onnx/onnx_int.h"

/* A view when it was made; later fusing changes what its layer computes. */
struct onnx_trace {
	const struct im_value *v;
	struct im_view view;
};

void onnx_trace(struct onnx_run *r, const struct im_value *v)
{
	if (!r->tracing || !v || !v->done || v->is_const || v->bad)
		return;
	VEC_GROW(r->trace, r->ntrace, &r->cap_trace);
	r->trace[r->ntrace++] = (struct onnx_trace){ v, v->view };
}

/* What was seen of a layer before its features were put in another order lies so no more. */
static void forget(struct onnx_run *r, const struct layer *l)
{
	for (size_t i = 0; i < r->ntrace; i++)
		if (r->trace[i].view.layer == l)
			r->trace[i].v = NULL;
}

static bool is_permuted(const struct onnx_run *r, const struct im_value *v)
{
	for (size_t i = 0; v->done && i < r->b.npermuted; i++)
		if (r->b.permuted[i] == v->view.layer)
			return true;
	return false;
}

void onnx_trace_node(struct onnx_run *r, const struct im_node *n)
{
	for (; r->nforgotten < r->b.npermuted; r->nforgotten++)
		forget(r, r->b.permuted[r->nforgotten]);
	for (size_t k = 0; k < n->nout; k++)
		onnx_trace(r, n->out[k]);
}

/* Does each element of the layer's output stand for one of the tensor? */
static bool is_whole(const struct graph *g, const struct im_view *v)
{
	const struct layer *l = v->layer;
	int uses[IM_ATOMS] = { 0 };
	int64_t n = 1;

	if (l->index >= g->nlayers || g->layers[l->index] != l || v->port < 0 ||
	    (size_t)v->port >= l->nout)
		return false;
	for (int d = 0; d < v->rank; d++)
		for (int k = 0; k < v->dim[d].n; k++)
			if (v->dim[d].at[k] != IM_BATCH)
				uses[v->dim[d].at[k]]++;
	for (int i = 0; i < v->natoms; i++) {
		n *= v->atom[i].size;
		if (uses[i] != 1)
			return false;
	}
	return v->base[0] == l->out[v->port].h && v->base[1] == l->out[v->port].w &&
	       v->base[2] == l->out[v->port].c && n == v->base[0] * v->base[1] * v->base[2];
}

/* By layer, port, and the latest first. */
static int by_layer(const void *pa, const void *pb)
{
	const struct onnx_trace *const *a = pa, *const *b = pb;
	const size_t la = (*a)->view.layer->index, lb = (*b)->view.layer->index;

	if (la != lb)
		return la < lb ? -1 : 1;
	if ((*a)->view.port != (*b)->view.port)
		return (*a)->view.port < (*b)->view.port ? -1 : 1;
	return (*a < *b) - (*a > *b);
}

void onnx_places(struct onnx_run *r, struct onnx_result *out)
{
	struct graph *g = r->b.g;
	const struct onnx_trace **t;
	size_t n = 0;

	/* Where tensors were moved to comes first: what was made there by a node is later. */
	const size_t made = r->ntrace;

	for (size_t i = 0; i < r->ir->nvalue; i++)
		if (!is_permuted(r, r->ir->value[i]))
			onnx_trace(r, r->ir->value[i]);
	if (r->ntrace > made) {
		struct onnx_trace *all = xreallocarray(NULL, r->ntrace, sizeof *all);

		memcpy(all, r->trace + made, (r->ntrace - made) * sizeof *all);
		memcpy(all + r->ntrace - made, r->trace, made * sizeof *all);
		free(r->trace);
		r->trace = all;
		r->cap_trace = r->ntrace;
	}
	t = xcalloc(r->ntrace + 1, sizeof *t);
	for (size_t i = 0; i < r->ntrace; i++)
		if (r->trace[i].v && is_whole(g, &r->trace[i].view))
			t[n++] = &r->trace[i];
	qsort(t, n, sizeof *t, by_layer);
	out->place = arena_array(&g->arena, n, sizeof *out->place);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || t[i]->view.layer != t[i - 1]->view.layer ||
		    t[i]->view.port != t[i - 1]->view.port)
			out->place[out->nplace++] =
			    (struct onnx_place){ arena_strdup(&g->arena, t[i]->v->name),
						 t[i]->view };
	free(t);
}
