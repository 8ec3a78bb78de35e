/* Shapes and small constants of nodes while a reader adds them. */
#include "onnx/onnx_early.h"
#include "base/limits.h"
#include "onnx/onnx_int.h"

/* One tensor's dimensions, features as number 1 where the node has them last. */
struct shape {
	int rank;
	int64_t dim[LIMIT_RANK];
};

static void turn(struct shape *s, bool back)
{
	int64_t c;

	if (s->rank < 3)
		return;
	if (back) {
		c = s->dim[1];
		memmove(s->dim + 1, s->dim + 2, (size_t)(s->rank - 2) * sizeof *s->dim);
		s->dim[s->rank - 1] = c;
	} else {
		c = s->dim[s->rank - 1];
		memmove(s->dim + 2, s->dim + 1, (size_t)(s->rank - 2) * sizeof *s->dim);
		s->dim[1] = c;
	}
}

static bool known(const struct im_value *v, struct shape *s)
{
	return v && onnx_known_shape(v, &s->rank, s->dim);
}

/* Integers of an attribute or a constant input; their count, -1 when there are none. */
static int list(const struct im_node *n, const char *attr, size_t i, int64_t out[LIMIT_RANK])
{
	const struct im_value *v = i < n->nin ? n->in[i] : NULL;
	size_t count;
	const int64_t *a = im_ints(n, attr, &count);

	if (a && count <= LIMIT_RANK) {
		if (count)
			memcpy(out, a, count * sizeof *out);
		return (int)count;
	}
	if (!v || !v->is_const || tensor_count(&v->data) > LIMIT_RANK)
		return -1;
	for (size_t k = 0; k < tensor_count(&v->data); k++)
		out[k] = tensor_get_int(&v->data, k);
	return (int)tensor_count(&v->data);
}

/* Rows and columns behind windows of this kernel. */
static bool windows(const struct im_node *n, const int64_t *kernel, struct shape *y)
{
	const bool same = strncmp(im_string(n, "auto_pad", ""), "SAME", 4) == 0;
	int64_t stride[LIMIT_RANK], dilation[LIMIT_RANK], pad[LIMIT_RANK];
	const int axes = y->rank - 2, ns = list(n, "strides", SIZE_MAX, stride),
		  nd = list(n, "dilations", SIZE_MAX, dilation),
		  np = list(n, "pads", SIZE_MAX, pad);

	for (int i = 0; i < axes; i++) {
		const int64_t s = i < ns ? stride[i] : 1, d = i < nd ? dilation[i] : 1;
		const int64_t pads = np == 2 * axes ? pad[i] + pad[axes + i] : 0;

		if (s < 1 || d < 1 || kernel[i] < 1 || d > LIMIT_KERNEL || kernel[i] > LIMIT_KERNEL)
			return false;
		if (same)
			y->dim[2 + i] = (y->dim[2 + i] + s - 1) / s;
		else
			y->dim[2 + i] = (y->dim[2 + i] + pads - (kernel[i] - 1) * d - 1) / s + 1;
	}
	return true;
}

/* The kernel as O, I, rows, columns: of the layouts that readers name. */
static bool kernel(const struct im_node *n, struct shape *w)
{
	const char *layout = im_string(n, "kernel_layout", NULL);
	const struct tensor *t = n->nin > 1 && n->in[1] ? &n->in[1]->data : NULL;

	if (!t || !n->in[1]->is_const)
		return false;
	w->rank = t->rank;
	memcpy(w->dim, t->dim, sizeof w->dim);
	if (!layout || t->rank != 4)
		return t->rank > 2;
	w->dim[0] = w->dim[1] = 1;
	for (int i = 0; i < 4; i++)
		switch (layout[i]) {
		case 'H':
			w->dim[2] = t->dim[i];
			break;
		case 'W':
			w->dim[3] = t->dim[i];
			break;
		case 'I':
			w->dim[1] = t->dim[i];
			break;
		default: /* O, or a part of it */
			w->dim[0] *= t->dim[i];
		}
	return true;
}

static bool conv(const struct im_node *n, const struct shape *x, struct shape *y)
{
	struct shape w;

	*y = *x;
	if (!kernel(n, &w) || w.rank != x->rank || !windows(n, w.dim + 2, y))
		return false;
	y->dim[1] = w.dim[0];
	return true;
}

static bool deconv(const struct im_node *n, const struct shape *x, struct shape *y)
{
	int64_t stride[LIMIT_RANK], pad[LIMIT_RANK], more[LIMIT_RANK];
	struct shape w;

	*y = *x;
	if (x->rank != 4 || !kernel(n, &w) || list(n, "strides", SIZE_MAX, stride) != 2 ||
	    list(n, "pads", SIZE_MAX, pad) != 4 || list(n, "output_padding", SIZE_MAX, more) != 2)
		return false;
	y->dim[1] = w.dim[0];
	for (int i = 0; i < 2; i++)
		y->dim[2 + i] =
		    (x->dim[2 + i] - 1) * stride[i] + w.dim[2 + i] - pad[i] - pad[2 + i] + more[i];
	return true;
}

static bool pool(const struct im_node *n, const struct shape *x, struct shape *y)
{
	int64_t size[LIMIT_RANK];

	*y = *x;
	return list(n, "kernel_shape", SIZE_MAX, size) == x->rank - 2 && windows(n, size, y);
}

static bool resize(const struct im_node *n, const struct shape *x, struct shape *y)
{
	y->rank = x->rank;
	return list(n, "sizes", 3, y->dim) == x->rank;
}

static bool gemm(const struct im_node *n, const struct shape *x, struct shape *y)
{
	struct shape w;

	if (n->nin < 2 || !known(n->in[1], &w) || w.rank != 2 || x->rank != 2)
		return false;
	y->rank = 2;
	y->dim[0] = x->dim[im_int(n, "transA", 0) ? 1 : 0];
	y->dim[1] = w.dim[im_int(n, "transB", 0) ? 0 : 1];
	return true;
}

/* A bound counted from the end when negative, cut to the dimension. */
static int64_t bound(int64_t at, int64_t size, int64_t lo, int64_t hi)
{
	at += at < 0 && at > INT64_MIN / 2 ? size : 0;
	return at < lo ? lo : at > hi ? hi : at;
}

static bool slice(const struct im_node *n, const struct shape *x, struct shape *y)
{
	int64_t from[LIMIT_RANK], to[LIMIT_RANK], axis[LIMIT_RANK], step[LIMIT_RANK];
	const int count = list(n, "starts", 1, from);

	*y = *x;
	if (count < 0 || list(n, "ends", 2, to) != count || list(n, "axes", 3, axis) != count ||
	    list(n, "steps", 4, step) != count)
		return false;
	for (int i = 0; i < count; i++) {
		const int64_t a = axis[i] < 0 ? axis[i] + x->rank : axis[i];
		int64_t size, first, last;

		if (a < 0 || a >= x->rank || step[i] == 0 || step[i] < -LIMIT_DIM ||
		    step[i] > LIMIT_DIM)
			return false;
		size = x->dim[a];
		if (step[i] > 0) {
			first = bound(from[i], size, 0, size);
			last = bound(to[i], size, 0, size);
			y->dim[a] = last > first ? (last - first + step[i] - 1) / step[i] : 0;
		} else {
			first = bound(from[i], size, -1, size - 1);
			last = bound(to[i], size, -1, size - 1);
			y->dim[a] = first > last ? (first - last - step[i] - 1) / -step[i] : 0;
		}
	}
	return true;
}

static bool gather(const struct im_node *n, const struct shape *x, struct shape *y)
{
	int64_t axis = im_int(n, "axis", 0);
	struct shape at;

	if (n->nin < 2 || !n->in[1])
		return false;
	axis += axis < 0 ? x->rank : 0;
	if (!known(n->in[1], &at) || axis < 0 || axis >= x->rank ||
	    x->rank + at.rank - 1 > LIMIT_RANK)
		return false;
	y->rank = 0;
	for (int d = 0; d < axis; d++)
		y->dim[y->rank++] = x->dim[d];
	for (int d = 0; d < at.rank; d++)
		y->dim[y->rank++] = at.dim[d];
	for (int d = (int)axis + 1; d < x->rank; d++)
		y->dim[y->rank++] = x->dim[d];
	return true;
}

static bool pad(const struct im_node *n, const struct shape *x, struct shape *y)
{
	size_t count;
	const int64_t *pads = im_ints(n, "pads", &count);

	*y = *x;
	if (!pads || count != 2 * (size_t)x->rank)
		return false;
	for (int d = 0; d < x->rank; d++)
		y->dim[d] += pads[d] + pads[x->rank + d];
	return true;
}

static bool blocks(const struct im_node *n, const struct shape *x, struct shape *y)
{
	const int64_t b = im_int(n, "blocksize", 0);
	const bool up = strcmp(n->op, "DepthToSpace") == 0;

	*y = *x;
	if (x->rank != 4 || b < 1 || b > LIMIT_DIM)
		return false;
	y->dim[1] = up ? x->dim[1] / (b * b) : x->dim[1] * b * b;
	for (int d = 2; d < 4; d++)
		y->dim[d] = up ? x->dim[d] * b : x->dim[d] / b;
	return true;
}

static bool tile(const struct im_node *n, const struct shape *x, struct shape *y)
{
	int64_t times[LIMIT_RANK];

	*y = *x;
	if (list(n, "", 1, times) != x->rank)
		return false;
	for (int d = 0; d < x->rank; d++)
		y->dim[d] *= times[d] > 0 && times[d] <= LIMIT_DIM ? times[d] : 0;
	return true;
}

/* Both broadcast. */
static bool expand(const struct im_node *n, const struct shape *x, struct shape *y)
{
	y->rank = list(n, "", 1, y->dim);
	if (y->rank < x->rank)
		return false;
	for (int d = y->rank - x->rank; d < y->rank; d++)
		if (y->dim[d] == 1)
			y->dim[d] = x->dim[d - (y->rank - x->rank)];
	return true;
}

static const struct {
	const char *op;
	bool (*shape)(const struct im_node *n, const struct shape *x, struct shape *y);
} rules[] = {
	{ "AveragePool", pool },    { "Conv", conv },     { "ConvTranspose", deconv },
	{ "DepthToSpace", blocks }, { "Expand", expand }, { "Gather", gather },
	{ "Gemm", gemm },           { "MaxPool", pool },  { "Pad", pad },
	{ "Resize", resize },       { "Slice", slice },   { "SpaceToDepth", blocks },
	{ "Tile", tile },
};

static void tell(struct im_value *v, const struct shape *s)
{
	for (int d = 0; d < s->rank; d++)
		if (s->dim[d] < 1 || s->dim[d] > LIMIT_DIM)
			return;
	v->told = true;
	v->rank = s->rank;
	memcpy(v->dim, s->dim, sizeof v->dim);
}

/* Equal parts, or those of attribute split, along a dimension. */
static void tell_split(struct im_node *n, const struct shape *x)
{
	size_t count;
	const int64_t *part = im_ints(n, "split", &count);
	int64_t axis = im_int(n, "axis", 0);

	axis += axis < 0 ? x->rank : 0;
	if (axis < 0 || axis >= x->rank || (part && count != n->nout))
		return;
	for (size_t k = 0; k < n->nout; k++) {
		struct shape y = *x;

		y.dim[axis] = part ? part[k] : x->dim[axis] / (int64_t)n->nout;
		if (n->out[k])
			tell(n->out[k], &y);
	}
}

static void tell_shapes(struct im_node *n)
{
	struct shape x, y;

	if (n->nin == 0 || n->nout == 0 || !n->out[0] || !known(n->in[0], &x))
		return;
	if (strcmp(n->op, "Split") == 0) {
		tell_split(n, &x);
		return;
	}
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if (strcmp(rules[i].op, n->op) == 0) {
			if (n->last)
				turn(&x, false);
			if (!rules[i].shape(n, &x, &y))
				return;
			if (n->last)
				turn(&y, true);
			tell(n->out[0], &y);
			return;
		}
	onnx_guess(n);
}

/* The shape as a constant; -1 when it is not known. */
static bool fold_shape_of(struct im_node *n)
{
	const bool size = strcmp(n->op, "Size") == 0;
	int64_t count = 1;
	struct tensor t;
	struct shape s;

	if ((!size && strcmp(n->op, "Shape") != 0) || n->nin != 1 || !known(n->in[0], &s))
		return false;
	for (int d = 0; d < s.rank; d++)
		count *= s.dim[d];
	t = size ? tensor_new(DT_I64, 0, NULL) : tensor_new(DT_I64, 1, (int64_t[]){ s.rank });
	for (int d = 0; !size && d < s.rank; d++)
		((int64_t *)tensor_data(&t))[d] = s.dim[d];
	if (size)
		*(int64_t *)tensor_data(&t) = count;
	im_set_const(n->out[0], t);
	return true;
}

static void fold(struct im_graph *g, struct im_node *n, int64_t opset)
{
	struct build b = { .ir = g, .opset = opset, .fold_left = ONNX_EARLY_MAX * 64, .node = n };
	struct err e = { 0 };

	for (size_t i = 0; i < n->nin; i++)
		if (n->in[i] &&
		    (!n->in[i]->is_const || tensor_count(&n->in[i]->data) > ONNX_EARLY_MAX))
			return;
	onnx_fold(&b, n, &e); /* what is wrong is said when all is folded */
}

void onnx_early(struct im_graph *g, struct im_node *n, int64_t opset)
{
	if (n->fault || n->domain[0] || n->nout == 0 || !n->out[0])
		return;
	if (!fold_shape_of(n))
		fold(g, n, opset);
	n->early = n->out[0]->is_const;
	if (!n->early)
		tell_shapes(n);
}
