/* Constant folding: arithmetic. */
#include "onnx/onnx_fold.h"
#include <math.h>

enum arith {
	ADD,
	SUB,
	MUL,
	DIV,
	MIN,
	MAX,
	MOD,
	POW,
	EQUAL,
	LESS,
	GREATER,
	LESS_EQ,
	GREATER_EQ,
	AND,
	OR,
	XOR
};

static const struct {
	const char *op;
	enum arith a;
} binary_ops[] = {
	{ "Add", ADD },
	{ "Sub", SUB },
	{ "Mul", MUL },
	{ "Div", DIV },
	{ "Min", MIN },
	{ "Max", MAX },
	{ "Mod", MOD },
	{ "Pow", POW },
	{ "Equal", EQUAL },
	{ "Less", LESS },
	{ "Greater", GREATER },
	{ "LessOrEqual", LESS_EQ },
	{ "GreaterOrEqual", GREATER_EQ },
	{ "And", AND },
	{ "Or", OR },
	{ "Xor", XOR },
};

/* Wrapping arithmetic: a stranger's numbers may overflow. */
static int64_t on_ints(enum arith op, int64_t a, int64_t b, bool *bad)
{
	switch (op) {
	case ADD:
		return (int64_t)((uint64_t)a + (uint64_t)b);
	case SUB:
		return (int64_t)((uint64_t)a - (uint64_t)b);
	case MUL:
		return (int64_t)((uint64_t)a * (uint64_t)b);
	case DIV:
		*bad |= b == 0 || (a == INT64_MIN && b == -1);
		return *bad ? 0 : a / b;
	case MOD:
		*bad |= b == 0 || b == -1;
		return *bad ? 0 : (a % b != 0 && (a < 0) != (b < 0)) ? a % b + b : a % b;
	case MIN:
		return a < b ? a : b;
	case MAX:
		return a > b ? a : b;
	case POW:
		return (int64_t)fmax(fmin(pow((double)a, (double)b), 9e18), -9e18);
	case EQUAL:
		return a == b;
	case LESS:
		return a < b;
	case GREATER:
		return a > b;
	case LESS_EQ:
		return a <= b;
	case GREATER_EQ:
		return a >= b;
	case AND:
		return a && b;
	case OR:
		return a || b;
	case XOR:
		return !a != !b;
	}
	return 0;
}

static double on_nums(enum arith op, double a, double b)
{
	switch (op) {
	case ADD:
		return a + b;
	case SUB:
		return a - b;
	case MUL:
		return a * b;
	case DIV:
		return a / b;
	case MOD:
		return fmod(a, b);
	case MIN:
		return fmin(a, b);
	case MAX:
		return fmax(a, b);
	case POW:
		return pow(a, b);
	case EQUAL:
		return a == b;
	case LESS:
		return a < b;
	case GREATER:
		return a > b;
	case LESS_EQ:
		return a <= b;
	case GREATER_EQ:
		return a >= b;
	case AND:
	case OR:
	case XOR:
		break;
	}
	return 0;
}

/* Shape of several tensors together. */
static int broadcast(const struct tensor *const *t, size_t n, int *rank, int64_t dim[LIMIT_RANK],
		     struct err *e)
{
	*rank = 0;
	for (size_t i = 0; i < n; i++)
		if (t[i]->rank > *rank)
			*rank = t[i]->rank;
	for (int d = 0; d < *rank; d++) {
		dim[d] = 1;
		for (size_t i = 0; i < n; i++) {
			const int k = d - (*rank - t[i]->rank);

			if (k < 0 || t[i]->dim[k] == 1)
				continue;
			if (dim[d] != 1 && dim[d] != t[i]->dim[k])
				return err_set(e, "its constants %s and %s do not broadcast",
					       tensor_shape_text(t[0]), tensor_shape_text(t[i]));
			dim[d] = t[i]->dim[k];
		}
	}
	return 0;
}

/* Element of t that meets element `at` of a tensor of this shape. */
static size_t meets(const struct tensor *t, int rank, const int64_t *dim, size_t at)
{
	size_t p = 0, step = 1;

	for (int d = rank - 1; d >= 0; d--) {
		const int k = d - (rank - t->rank);
		const size_t i = at % (size_t)dim[d];

		at /= (size_t)dim[d];
		if (k < 0)
			continue;
		p += t->dim[k] == 1 ? 0 : i * step;
		step *= (size_t)t->dim[k];
	}
	return p;
}

/* Half precision is computed in single. */
static enum dtype wide(enum dtype t)
{
	return t == DT_F16 ? DT_F32 : t;
}

static int fold_binary(struct build *b, enum arith op, const struct tensor *x,
		       const struct tensor *y, struct tensor *out, struct err *e)
{
	const struct tensor *two[2] = { x, y };
	const bool flt = fold_is_float(x->dtype);
	int64_t dim[LIMIT_RANK];
	bool bad = false;
	int rank;

	if (broadcast(two, 2, &rank, dim, e) < 0 ||
	    fold_new(b, op >= EQUAL ? DT_BOOL : wide(x->dtype), rank, dim, out, e) < 0)
		return -1;
	for (size_t i = 0; i < tensor_count(out); i++) {
		const size_t i1 = meets(x, rank, dim, i), i2 = meets(y, rank, dim, i);

		if (flt)
			fold_set_num(out, i, on_nums(op, tensor_get(x, i1), tensor_get(y, i2)));
		else
			fold_set_int(
			    out, i,
			    on_ints(op, tensor_get_int(x, i1), tensor_get_int(y, i2), &bad));
	}
	if (bad) {
		tensor_release(out);
		return err_set(e, "it divides integers by zero");
	}
	return 0;
}

static int fold_arith(struct build *b, struct im_node *n, enum arith op, struct err *e)
{
	struct tensor acc = tensor_ref(&n->in[0]->data), next;

	if (n->nin < 2 && op != MIN && op != MAX)
		return tensor_release(&acc), err_set(e, "it has %zu inputs, 2 expected", n->nin);
	for (size_t i = 1; i < n->nin; i++) {
		const int r = fold_binary(b, op, &acc, &n->in[i]->data, &next, e);

		tensor_release(&acc);
		if (r < 0)
			return -1;
		acc = next;
	}
	im_set_const(n->out[0], acc);
	return 0;
}

static double reciprocal(double x)
{
	return 1 / x;
}

static double negate(double x)
{
	return -x;
}

static double logical_not(double x)
{
	return x == 0;
}

static double sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}

static double relu(double x)
{
	return x > 0 ? x : 0;
}

static const struct {
	const char *op;
	double (*fn)(double);
} unary_ops[] = {
	{ "Abs", fabs },   { "Ceil", ceil },       { "Erf", erf },
	{ "Exp", exp },    { "Floor", floor },     { "Log", log },
	{ "Neg", negate }, { "Not", logical_not }, { "Reciprocal", reciprocal },
	{ "Relu", relu },  { "Round", rint },      { "Sigmoid", sigmoid },
	{ "Sqrt", sqrt },  { "Tanh", tanh },
};

static int fold_unary(struct build *b, struct im_node *n, double (*fn)(double), struct err *e)
{
	const struct tensor *x = &n->in[0]->data;
	struct tensor t;

	if (fold_new(b, wide(x->dtype), x->rank, x->dim, &t, e) < 0)
		return -1;
	for (size_t i = 0; i < tensor_count(x); i++)
		fold_set_num(&t, i, fn(tensor_get(x, i)));
	im_set_const(n->out[0], t);
	return 0;
}

static int fold_where(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *t[3];
	int64_t dim[LIMIT_RANK];
	struct tensor out;
	int rank;

	if (n->nin != 3)
		return err_set(e, "it has %zu inputs, 3 expected", n->nin);
	for (int i = 0; i < 3; i++)
		t[i] = &n->in[i]->data;
	if (t[1]->dtype != t[2]->dtype)
		return err_set(e, "its operands differ in type");
	if (broadcast(t, 3, &rank, dim, e) < 0 || fold_new(b, t[1]->dtype, rank, dim, &out, e) < 0)
		return -1;
	for (size_t i = 0; i < tensor_count(&out); i++) {
		const struct tensor *from =
		    t[tensor_get(t[0], meets(t[0], rank, dim, i)) != 0 ? 1 : 2];

		fold_copy(&out, i, from, meets(from, rank, dim, i));
	}
	im_set_const(n->out[0], out);
	return 0;
}

/* Products, sums and extremes over everything: shape arithmetic needs no more. */
static int fold_reduce(struct build *b, struct im_node *n, enum arith op, struct err *e)
{
	const struct tensor *x = &n->in[0]->data;
	const int64_t one[LIMIT_RANK] = { 1, 1, 1, 1, 1, 1, 1, 1 };
	struct tensor t;
	bool bad = false;
	int64_t acc;

	if (fold_is_float(x->dtype) || tensor_count(x) == 0 || x->rank > 1)
		return 1;
	acc = tensor_get_int(x, 0);
	for (size_t i = 1; i < tensor_count(x); i++)
		acc = on_ints(op, acc, tensor_get_int(x, i), &bad);
	if (fold_new(b, x->dtype, im_int(n, "keepdims", 1) ? x->rank : 0, one, &t, e) < 0)
		return -1;
	fold_set_int(&t, 0, acc);
	im_set_const(n->out[0], t);
	return 0;
}

static const struct {
	const char *op;
	enum arith a;
} reductions[] = {
	{ "ReduceMax", MAX }, { "ReduceMin", MIN }, { "ReduceProd", MUL }, { "ReduceSum", ADD }
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int fold_arithmetic(struct build *b, struct im_node *n, struct err *e)
{
	for (size_t i = 0; i < COUNT(binary_ops); i++)
		if (strcmp(binary_ops[i].op, n->op) == 0)
			return fold_arith(b, n, binary_ops[i].a, e);
	for (size_t i = 0; i < COUNT(unary_ops); i++)
		if (strcmp(unary_ops[i].op, n->op) == 0)
			return fold_unary(b, n, unary_ops[i].fn, e);
	for (size_t i = 0; i < COUNT(reductions); i++)
		if (strcmp(reductions[i].op, n->op) == 0)
			return fold_reduce(b, n, reductions[i].a, e);
	return strcmp(n->op, "Where") == 0 ? fold_where(b, n, e) : 1;
}
