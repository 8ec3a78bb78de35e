/* Outputs: the layout that costs least, output layers, their order. */
#include "onnx/onnx_int.h"

/* Five dimensions, of which two share the features: C the outer, D the inner one. */
static int settle_deep(struct build *b, struct im_value *v, char axes[LIMIT_RANK + 1],
		       struct err *e)
{
	const char *way = view_is_free(&v->view, "BCHWC") ? "BCHWC" : "BCCHW";

	memcpy(axes, way, 6);
	if (view_want(b, v, way, e) < 0)
		return -1;
	*strrchr(axes, 'C') = 'D';
	return 0;
}

/*
 * NHWC for what lies C first; else as it lies, when that needs nothing but a reshape.  The axes
 * that were taken tell how the source's dimensions are found in the HN output.
 */
static int settle(struct build *b, struct im_value *v, char axes[LIMIT_RANK + 1], struct err *e)
{
	static const char *const direct[5] = { NULL, NULL, "BC", "BWC", "BHWC" };
	const int rank = v->view.rank;
	const char *std = build_std_axes(b, rank);

	if (std && view_is_free(&v->view, std))
		return memcpy(axes, std, (size_t)rank + 1), view_want(b, v, std, e);
	if (std && view_is_free(&v->view, direct[rank]))
		return memcpy(axes, direct[rank], (size_t)rank + 1),
		       view_want(b, v, direct[rank], e);
	if (rank == 5 && !view_axes(&v->view, axes))
		return settle_deep(b, v, axes, e);
	if (view_plain(b, v, e) < 0)
		return -1;
	view_axes(&v->view, axes);
	if (rank > 1 && axes[0] == '1' && v->view.batch == 1)
		axes[0] = 'B';
	return 0;
}

static int output(struct onnx_run *r, size_t i, struct err *e)
{
	struct im_value *v = r->ir->out[i];
	struct graph *g = r->b.g;
	struct layer *l;

	if (v->is_const && build_from_const(&r->b, v, NULL, e) < 0)
		return -1;
	if (settle(&r->b, v, r->out_axes[i], e) < 0)
		return -1;
	r->b.node = NULL;
	l = build_after(&r->b, HN_OUTPUT, "output_layer", &v->view);
	layer_add_original(g, l, v->from ? v->from->name : v->name);
	r->out_layer[i] = l;
	g->output_order[g->noutput_order++] = arena_strdup(&g->arena, v->view.layer->name);
	return 0;
}

void onnx_outputs(struct onnx_run *r)
{
	struct graph *g = r->b.g;

	r->out_layer = xcalloc(r->ir->nout, sizeof(struct layer *));
	r->out_axes = xcalloc(r->ir->nout, sizeof *r->out_axes);
	g->output_order = xcalloc(r->ir->nout, sizeof *g->output_order);
	for (size_t i = 0; i < r->ir->nout; i++) {
		struct im_value *v = r->ir->out[i];
		struct err e = { 0 };

		if (v->bad)
			continue;
		r->b.node = v->from;
		if (!v->done && !v->is_const)
			err_set(&e, "it is made by no node");
		else
			output(r, i, &e);
		if (err_is(&e)) {
			err_in(&e, "output '%s'", quote(v->name));
			onnx_fault(r, v->from, e.msg);
			v->bad = true;
		}
	}
}
