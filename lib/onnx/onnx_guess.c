/*
 * Shapes behind nodes that cannot be imported: so that the search for a part that can be goes on
 * there.  Only sizes are worked out, and a wrong guess costs no more than a retry that fails.
 */
#include "base/limits.h"
#include "onnx/onnx_int.h"

struct shape {
	int rank;
	int64_t dim[LIMIT_RANK];
};

static bool shape_of(const struct im_value *v, struct shape *s)
{
	int64_t total = 1;

	if (!v)
		return false;
	if (v->is_const) {
		s->rank = v->data.rank;
		memcpy(s->dim, v->data.dim, sizeof s->dim);
	} else if (v->done && !v->bad) {
		s->rank = v->view.rank;
		for (int d = 0; d < s->rank; d++)
			s->dim[d] = view_size(&v->view, d);
	} else if ((v->told || v->declared) && v->rank >= 0) {
		s->rank = v->rank;
		memcpy(s->dim, v->dim, sizeof s->dim);
	} else {
		return false;
	}
	if (s->rank > 0 && s->dim[0] < 1)
		s->dim[0] = 1; /* the batch */
	for (int d = 0; d < s->rank; d++) {
		if (s->dim[d] < 1 || s->dim[d] > LIMIT_ACTIVATION / total)
			return false;
		total *= s->dim[d];
	}
	return true;
}

/* Integers of input i, which is constant; their count, 0 when there are none. */
static int ints(const struct im_node *n, size_t i, int64_t out[LIMIT_RANK])
{
	const struct im_value *v = i < n->nin ? n->in[i] : NULL;

	if (!v || !v->is_const || tensor_count(&v->data) > LIMIT_RANK)
		return 0;
	for (size_t k = 0; k < tensor_count(&v->data); k++)
		out[k] = tensor_get_int(&v->data, k);
	return (int)tensor_count(&v->data);
}

/* A list as attribute, or as constant input. */
static int list(const struct im_node *n, const char *attr, size_t i, int64_t out[LIMIT_RANK])
{
	const struct im_attr *a = im_attr(n, attr);

	if (!a || a->kind != IM_INTS || a->n > LIMIT_RANK)
		return ints(n, i, out);
	if (a->n)
		memcpy(out, a->ints, a->n * sizeof *out);
	return (int)a->n;
}

static bool same(const struct im_node *n, const struct shape *x, struct shape *y)
{
	(void)n;
	*y = *x;
	return true;
}

static bool broadcast(const struct im_node *n, const struct shape *x, struct shape *y)
{
	*y = *x;
	for (size_t i = 1; i < n->nin; i++) {
		struct shape s, *big;
		int extra;

		if (!shape_of(n->in[i], &s))
			return false;
		big = s.rank > y->rank ? &s : y;
		extra = big->rank - (big == y ? s.rank : y->rank);
		for (int d = extra; d < big->rank; d++) {
			const int64_t a = (big == y ? &s : y)->dim[d - extra];

			if (a != big->dim[d] && a != 1 && big->dim[d] != 1)
				return false;
			big->dim[d] = a > big->dim[d] ? a : big->dim[d];
		}
		*y = *big;
	}
	return true;
}

static bool transpose(const struct im_node *n, const struct shape *x, struct shape *y)
{
	int64_t perm[LIMIT_RANK];
	const int k = list(n, "perm", SIZE_MAX, perm);

	y->rank = x->rank;
	for (int d = 0; d < x->rank; d++) {
		const int64_t from = k == x->rank ? perm[d] : x->rank - 1 - d;

		if (from < 0 || from >= x->rank)
			return false;
		y->dim[d] = x->dim[from];
	}
	return true;
}

static bool reshape(const struct im_node *n, const struct shape *x, struct shape *y)
{
	int64_t left = 1;
	int open = -1;

	y->rank = list(n, "shape", 1, y->dim);
	if (y->rank == 0)
		return false;
	for (int d = 0; d < x->rank; d++)
		left *= x->dim[d];
	for (int d = 0; d < y->rank; d++) {
		if (y->dim[d] == 0 && d < x->rank)
			y->dim[d] = x->dim[d];
		if (y->dim[d] == -1)
			open = d;
		else if (y->dim[d] < 1)
			return false;
		else
			left /= y->dim[d];
	}
	if (open >= 0)
		y->dim[open] = left;
	return true;
}

static bool resize(const struct im_node *n, const struct shape *x, struct shape *y)
{
	const size_t at = n->nin > 2 ? 2 : 1;
	const struct im_value *scales = at < n->nin ? n->in[at] : NULL;

	y->rank = x->rank;
	if (ints(n, 3, y->dim) == x->rank)
		return true;
	if (!scales || !scales->is_const || tensor_count(&scales->data) != (size_t)x->rank)
		return false;
	for (int d = 0; d < x->rank; d++) {
		const double size = (double)x->dim[d] * tensor_get(&scales->data, (size_t)d);

		if (!(size >= 1 && size < LIMIT_DIM))
			return false;
		y->dim[d] = (int64_t)size;
	}
	return true;
}

static bool in_list(int d, int rank, const int64_t *axis, int n)
{
	for (int i = 0; i < n; i++)
		if (axis[i] == d || axis[i] == d - rank)
			return true;
	return false;
}

static bool squeeze(const struct im_node *n, const struct shape *x, struct shape *y)
{
	int64_t axis[LIMIT_RANK];
	const int k = list(n, "axes", 1, axis);

	y->rank = 0;
	for (int d = 0; d < x->rank; d++)
		if (k ? !in_list(d, x->rank, axis, k) : x->dim[d] != 1)
			y->dim[y->rank++] = x->dim[d];
	return true;
}

static bool unsqueeze(const struct im_node *n, const struct shape *x, struct shape *y)
{
	int64_t axis[LIMIT_RANK];
	const int k = list(n, "axes", 1, axis);
	int from = 0;

	y->rank = x->rank + k;
	if (y->rank > LIMIT_RANK)
		return false;
	for (int d = 0; d < y->rank; d++)
		y->dim[d] = in_list(d, y->rank, axis, k) || from == x->rank ? 1 : x->dim[from++];
	return true;
}

static bool concat(const struct im_node *n, const struct shape *x, struct shape *y)
{
	int64_t axis = im_int(n, "axis", 1);

	*y = *x;
	if (axis < 0)
		axis += x->rank;
	if (axis < 0 || axis >= x->rank)
		return false;
	for (size_t i = 1; i < n->nin; i++) {
		struct shape s;

		if (!shape_of(n->in[i], &s) || s.rank != x->rank)
			return false;
		y->dim[axis] += s.dim[axis];
	}
	return true;
}

static bool reduce(const struct im_node *n, const struct shape *x, struct shape *y)
{
	const bool keep = im_int(n, "keepdims", 1) != 0;
	int64_t axis[LIMIT_RANK] = { 0 };
	int k = list(n, "axes", 1, axis);

	if (strncmp(n->op, "Arg", 3) == 0) {
		axis[0] = im_int(n, "axis", 0);
		k = 1;
	}
	y->rank = 0;
	for (int d = 0; d < x->rank; d++)
		if (k && !in_list(d, x->rank, axis, k))
			y->dim[y->rank++] = x->dim[d];
		else if (keep)
			y->dim[y->rank++] = 1;
	return true;
}

static bool matmul(const struct im_node *n, const struct shape *x, struct shape *y)
{
	struct shape w;

	if (n->nin < 2 || !shape_of(n->in[1], &w) || w.rank < 2 || x->rank < 2)
		return false;
	*y = w.rank > x->rank ? w : *x;
	y->dim[y->rank - 2] = x->dim[x->rank - 2];
	y->dim[y->rank - 1] = w.dim[w.rank - 1];
	return true;
}

static const struct {
	const char *ops; /* between blanks */
	bool (*shape)(const struct im_node *n, const struct shape *x, struct shape *y);
} rules[] = {
	{ " Cast LRN Softmax LogSoftmax Hardmax Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh "
	  "Atanh Round Floor Ceil Sign Not IsNaN IsInf CumSum QuantizeLinear DequantizeLinear "
	  "InstanceNormalization LayerNormalization BatchNormalization MeanVarianceNormalization "
	  "LpNormalization Identity Dropout Abs Neg Exp Log Sqrt Erf Relu LeakyRelu PRelu Clip "
	  "Sigmoid HardSigmoid HardSwish Tanh Elu Selu Celu Mish ThresholdedRelu Softplus Softsign "
	  "Reciprocal Shrink ScatterND ScatterElements Scatter Trilu Bernoulli BitwiseNot "
	  "GELU SILU MISH SWISH SQUARE CLIP ",
	  same },
	{ " Add Sub Mul Div Pow Mod Min Max Mean Sum And Or Xor Equal Greater Less GreaterOrEqual "
	  "LessOrEqual Where BitShift ",
	  broadcast },
	{ " Transpose ", transpose },
	{ " Reshape ", reshape },
	{ " Resize Upsample ", resize },
	{ " Squeeze ", squeeze },
	{ " Unsqueeze ", unsqueeze },
	{ " Concat ", concat },
	{ " ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum "
	  "ReduceLogSumExp ReduceSumSquare ArgMax ArgMin ",
	  reduce },
	{ " MatMul ", matmul },
};

static bool has_word(const char *words, const char *op)
{
	const size_t n = strlen(op);

	for (const char *s = words; n && (s = strstr(s, op)); s += n)
		if (s > words && s[-1] == ' ' && s[n] == ' ')
			return true;
	return false;
}

void onnx_guess(struct im_node *n)
{
	struct im_value *out = n->nout ? n->out[0] : NULL;
	struct shape x, y;

	if (!out || out->told || n->nin == 0 || n->domain[0] || !shape_of(n->in[0], &x))
		return;
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if (has_word(rules[i].ops, n->op)) {
			if (!rules[i].shape(n, &x, &y))
				return;
			out->told = true;
			out->rank = y.rank;
			memcpy(out->dim, y.dim, sizeof out->dim);
			return;
		}
}

bool onnx_known_shape(const struct im_value *v, int *rank, int64_t dim[LIMIT_RANK])
{
	struct shape s;

	if (!shape_of(v, &s))
		return false;
	*rank = s.rank;
	memcpy(dim, s.dim, sizeof s.dim);
	return true;
}
