/* DepthToSpace, SpaceToDepth, Focus. */
#include "base/limits.h"
#include "onnx/onnx_int.h"

static int block_size(const struct im_node *n, int64_t *bs, struct err *e)
{
	*bs = im_int(n, "blocksize", 0);
	return *bs < 1 || *bs > LIMIT_KERNEL
		   ? err_set(e, "block size %lld is absurd", (long long)*bs)
		   : 0;
}

int onnx_depth_to_space(struct build *b, struct im_node *n, struct err *e)
{
	const char *mode = im_string(n, "mode", "DCR");
	struct im_value *x = n->in[0];
	struct layer *l;
	int64_t bs;

	if (x->view.rank != 4)
		return err_set(e, "its input %s is not 2-D", view_text(&x->view));
	if (block_size(n, &bs, e) < 0 || view_want(b, x, "BCHW", e) < 0)
		return -1;
	if (x->view.base[2] % (bs * bs) != 0)
		return err_set(e, "%lld features do not fill blocks of %lld",
			       (long long)x->view.base[2], (long long)bs);
	if (strcmp(mode, "DCR") != 0 && strcmp(mode, "CRD") != 0)
		return err_set(e, "mode '%s' is unknown", quote(mode));
	l = build_after(b, HN_DEPTH_TO_SPACE, "depth_to_space", &x->view);
	l->p.block[0] = l->p.block[1] = (int32_t)bs;
	l->p.variant = strcmp(mode, "CRD") == 0;
	build_out(
	    n->out[0], l, 0, x->view.batch,
	    (int64_t[]){ x->view.base[0] * bs, x->view.base[1] * bs, x->view.base[2] / (bs * bs) },
	    "BCHW");
	return 0;
}

int onnx_space_to_depth(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value *x = n->in[0];
	struct layer *l;
	int64_t bs;

	if (x->view.rank != 4)
		return err_set(e, "its input %s is not 2-D", view_text(&x->view));
	if (block_size(n, &bs, e) < 0 || view_want(b, x, "BCHW", e) < 0)
		return -1;
	if (x->view.base[0] % bs != 0 || x->view.base[1] % bs != 0)
		return err_set(e, "its input %s does not divide into blocks of %lld",
			       view_text(&x->view), (long long)bs);
	l = build_after(b, HN_SPACE_TO_DEPTH, "space_to_depth", &x->view);
	l->p.block[0] = l->p.block[1] = (int32_t)bs;
	build_out(
	    n->out[0], l, 0, x->view.batch,
	    (int64_t[]){ x->view.base[0] / bs, x->view.base[1] / bs, x->view.base[2] * bs * bs },
	    "BCHW");
	return 0;
}

/* Four slices of every second row and column, concatenated (pat_focus). */
int onnx_focus(struct build *b, struct im_node *n, struct err *e)
{
	const char *axes = im_int(n, "rows", 2) == 2 ? "BCHW" : "BHWC";
	struct im_value *x = n->in[0];
	const int64_t *base = x->view.base;
	struct layer *l;

	if (x->view.rank != 4)
		return err_set(e, "its input %s is not 2-D", view_text(&x->view));
	if (view_want(b, x, axes, e) < 0)
		return -1;
	if (base[0] % 2 || base[1] % 2)
		return err_set(e, "its parts of %s differ in size", view_text(&x->view));
	l = build_after(b, HN_SPACE_TO_DEPTH, "space_to_depth", &x->view);
	l->p.block[0] = l->p.block[1] = 2;
	l->p.variant = im_int(n, "focus", 1) ? 3 : 0;
	build_out(n->out[0], l, 0, x->view.batch,
		  (int64_t[]){ base[0] / 2, base[1] / 2, base[2] * 4 }, axes);
	return 0;
}
