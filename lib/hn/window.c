/* Padding: guide 5.5.39 for SAME, TensorFlow's rule for SAME_TENSORFLOW. */
#include "hn/window.h"

int64_t window_extent(const struct hn_params *p, int axis)
{
	return (int64_t)p->dilation[axis] * (p->kernel[axis] - 1) + 1;
}

/* Rows of padding before and after. */
static void pad_axis(const struct hn_params *p, int axis, int64_t in, int64_t pad[2])
{
	const int64_t ext = window_extent(p, axis);
	const int64_t s = p->stride[axis];
	int64_t total = 0;

	pad[0] = 0;
	switch (p->padding) {
	case PAD_VALID:
	case PAD_DECONV:
		break;
	case PAD_SAME:
		total = ext - 1;
		pad[0] = s == 1 ? (total + 1) / 2 : total / 2;
		break;
	case PAD_SAME_TENSORFLOW:
		total = ((in + s - 1) / s - 1) * s + ext - in;
		total = total > 0 ? total : 0;
		pad[0] = total / 2;
		break;
	}
	pad[1] = total - pad[0];
}

static int resolve_axis(struct hn_params *p, int axis, int64_t in, bool ceil_mode, int64_t *out,
			struct err *e)
{
	const int64_t ext = window_extent(p, axis);
	const int64_t s = p->stride[axis];
	int64_t pad[2];
	int64_t room;

	pad_axis(p, axis, in, pad);
	room = in + pad[0] + pad[1] - ext;
	if (room < 0)
		return err_set(e, "its window of %lld %s does not fit into %lld", (long long)ext,
			       axis == 0 ? "rows" : "columns", (long long)(in + pad[0] + pad[1]));
	*out = room / s + 1;
	if (ceil_mode && room % s != 0 && *out * s < in + pad[0]) {
		/* One more, partial window, if it starts inside the input. */
		*out += 1;
		pad[1] = (*out - 1) * s + ext - in - pad[0];
	}
	p->pad[2 * axis] = (int32_t)pad[0];
	p->pad[2 * axis + 1] = (int32_t)pad[1];
	return 0;
}

int window_resolve(struct hn_params *p, const struct hn_shape *in, bool ceil_mode, int64_t *h,
		   int64_t *w, struct err *e)
{
	if (resolve_axis(p, 0, in->h, ceil_mode, h, e) < 0 ||
	    resolve_axis(p, 1, in->w, ceil_mode, w, e) < 0)
		return -1;
	return 0;
}
