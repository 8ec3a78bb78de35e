/* Pad: rows and columns by a layer, features by a concatenation with constants, cuts by slices. */
#include "base/limits.h"
#include "onnx/onnx_int.h"

/* Pads of every dimension, begins then ends; attribute `paddings` in opset 1. */
static int pad_list(struct build *b, const struct im_node *n, int rank, int64_t pad[2 * LIMIT_RANK],
		    struct err *e)
{
	const struct im_attr *a = im_attr(n, "pads");
	const struct im_value *v = n->nin > 1 ? n->in[1] : NULL;
	size_t count;

	(void)b;
	a = a ? a : im_attr(n, "paddings");
	if (!a && (!v || !v->is_const))
		return err_set(e, "its pads are not constants");
	count = a ? a->n : tensor_count(&v->data);
	if (count != 2 * (size_t)rank || (a && a->kind != IM_INTS))
		return err_set(e, "it has %zu pads, %d expected", count, 2 * rank);
	for (size_t i = 0; i < count; i++) {
		pad[i] = a ? a->ints[i] : tensor_get_int(&v->data, i);
		if (pad[i] > LIMIT_KERNEL || pad[i] < -LIMIT_DIM)
			return err_set(e, "pad %lld is absurd", (long long)pad[i]);
	}
	return 0;
}

/* Rows and columns; the pads of all other dimensions are 0. */
static int pad_pixels(struct build *b, struct im_value *x, const int64_t pad[2 * LIMIT_RANK],
		      float value, struct im_value *out, struct err *e)
{
	int64_t side[3][2] = { { 0 } }, base[3];
	char axes[LIMIT_RANK + 1];
	struct layer *l;

	if (view_plain(b, x, e) < 0)
		return -1;
	view_axes(&x->view, axes);
	for (int d = 0; d < x->view.rank; d++) {
		char letter = onnx_letter_at(&x->view, axes, d);

		if (pad[d] + pad[d + x->view.rank] == 0)
			continue;
		if (letter == 'B' || letter == 'C' || letter == '1' ||
		    (d == 0 && x->view.batch != 1))
			return err_set(e,
				       "pads of the batch (dimension %d of %s) are not supported",
				       d, view_text(&x->view));
		axes[d] = letter;
		side[onnx_slot(letter)][0] = pad[d];
		side[onnx_slot(letter)][1] = pad[d + x->view.rank];
	}
	if (view_want(b, x, axes, e) < 0)
		return -1;
	l = build_after(b, HN_EXTERNAL_PAD, "external_pad", &x->view);
	l->p.pad_value = value;
	for (int i = 0; i < 3; i++)
		base[i] = x->view.base[i] + side[i][0] + side[i][1];
	for (int i = 0; i < 2; i++) {
		l->p.pad[2 * i] = (int32_t)side[i][0];
		l->p.pad[2 * i + 1] = (int32_t)side[i][1];
	}
	build_out(out, l, 0, x->view.batch, base, axes);
	return 0;
}

/* The same value before and after the features: a concatenation with constants. */
static int pad_features(struct build *b, struct im_value *x, int d, int64_t before, int64_t after,
			float value, struct im_value *out, struct err *e)
{
	const struct tensor one = { .dtype = DT_F32, .data = &value };
	const int64_t size[2] = { before, after };
	struct im_value part[3];
	size_t n = 0;

	for (int i = 0; i < 2; i++) {
		if (i == 1)
			part[n++] = *x;
		if (size[i] == 0)
			continue;
		part[n] = *x;
		view_resize(&part[n].view, d, size[i]);
		part[n].view.layer = build_const_map(b, &part[n].view, &one, e);
		part[n].view.port = 0;
		if (!part[n++].view.layer)
			return -1;
	}
	return onnx_concat_at(b, part, n, d, out, e);
}

/* Does dimension d hold the features, all of them? */
static bool is_features(struct build *b, struct im_value *x, int d)
{
	char axes[LIMIT_RANK + 1];
	struct err none = { 0 };

	return view_plain(b, x, &none) == 0 && view_axes(&x->view, axes) &&
	       onnx_letter_at(&x->view, axes, d) == 'C';
}

/* Negative pads cut; *x is what is left, and they are 0 then. */
static int crop(struct build *b, struct im_node *n, struct im_value *x, int64_t pad[2 * LIMIT_RANK],
		struct err *e)
{
	const int rank = x->view.rank;

	for (int d = 0; d < rank; d++) {
		const int64_t from = pad[d] < 0 ? -pad[d] : 0;
		const int64_t to = view_size(&x->view, d) + (pad[d + rank] < 0 ? pad[d + rank] : 0);
		struct im_value part = { .name = n->name, .nuse = 1 };

		if (from == 0 && to == view_size(&x->view, d))
			continue;
		if (from < 0 || to <= from)
			return err_set(e, "its pads cut all of dimension %d of %s", d,
				       view_text(&x->view));
		if (onnx_slice_part(b, x, d, from, to, 1, &part, e) < 0)
			return -1;
		*x = part;
		pad[d] = pad[d] < 0 ? 0 : pad[d];
		pad[d + rank] = pad[d + rank] < 0 ? 0 : pad[d + rank];
	}
	return 0;
}

static int pad_all(struct build *b, struct im_node *n, struct im_value *x,
		   int64_t pad[2 * LIMIT_RANK], float value, struct err *e)
{
	const int rank = x->view.rank;
	struct im_value mid = { .name = n->name, .nuse = 1 };

	for (int d = 1; d < rank; d++) {
		if (pad[d] + pad[d + rank] == 0 || !is_features(b, x, d))
			continue;
		if (pad_features(b, x, d, pad[d], pad[d + rank], value, &mid, e) < 0)
			return -1;
		*x = mid;
		pad[d] = pad[d + rank] = 0;
	}
	for (int d = 0; d < 2 * rank; d++)
		if (pad[d])
			return pad_pixels(b, x, pad, value, n->out[0], e);
	n->out[0]->view = x->view;
	n->out[0]->done = true;
	return 0;
}

int onnx_pad(struct build *b, struct im_node *n, struct err *e)
{
	const char *mode = im_string(n, "mode", "constant");
	struct im_value x = *n->in[0];
	int64_t pad[2 * LIMIT_RANK];
	float value = im_float(n, "value", 0);
	bool any = false, cut = false;

	if (n->nin > 3 && n->in[3])
		return err_set(e, "pads of chosen axes are not supported");
	if (pad_list(b, n, x.view.rank, pad, e) < 0)
		return -1;
	for (int d = 0; d < 2 * x.view.rank; d++) {
		any |= pad[d] != 0;
		cut |= pad[d] < 0;
	}
	if (!any)
		return build_pass(n->out[0], n->in[0]), 0;
	if (strcmp(mode, "constant") != 0)
		return err_set(e, "mode '%s' is not supported, only 'constant'", quote(mode));
	if (n->nin > 2 && n->in[2] && !im_scalar(n->in[2], &value))
		return err_set(e, "its value is not a constant number");
	if (value != value)
		return err_set(e, "its value is not a number");
	if (!cut) {
		/* Settled once, so that other consumers find it so. */
		if (view_plain(b, n->in[0], e) < 0)
			return -1;
		x = *n->in[0];
	} else if (crop(b, n, &x, pad, e) < 0) {
		return -1;
	}
	return pad_all(b, n, &x, pad, value, e);
}
