/* Functions of two or more values, with broadcasting. */
#include "oracle/oracle_int.h"

static double f_add(double a, double b)
{
	return a + b;
}
static double f_sub(double a, double b)
{
	return a - b;
}
static double f_mul(double a, double b)
{
	return a * b;
}
static double f_div(double a, double b)
{
	return a / b;
}
/* A NaN stays one. */
static double f_max(double a, double b)
{
	return isnan(a) || a > b ? a : b;
}
static double f_min(double a, double b)
{
	return isnan(a) || a < b ? a : b;
}
static double f_prelu(double a, double slope)
{
	return a < 0 ? a * slope : a;
}
/* The divisor's sign (fmod: the dividend's). */
static double f_mod(double a, double b)
{
	const double r = fmod(a, b);

	return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
static double f_and(double a, double b)
{
	return a != 0 && b != 0;
}
static double f_or(double a, double b)
{
	return a != 0 || b != 0;
}
static double f_xor(double a, double b)
{
	return (a != 0) != (b != 0);
}

/* Integers: exact, wrapping. */
static int64_t i_add(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}
static int64_t i_sub(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}
static int64_t i_mul(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a * (uint64_t)b);
}
static int64_t i_div(int64_t a, int64_t b)
{
	return b == -1 ? i_sub(0, a) : b ? a / b : 0;
}
static int64_t i_fmod(int64_t a, int64_t b)
{
	return b == -1 || b == 0 ? 0 : a % b;
}
static int64_t i_mod(int64_t a, int64_t b)
{
	const int64_t r = i_fmod(a, b);

	return r && (r < 0) != (b < 0) ? r + b : r;
}
static int64_t i_max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}
static int64_t i_min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}
static int64_t i_pow(int64_t a, int64_t b)
{
	return or_to_int(pow((double)a, (double)b));
}
static int64_t i_prelu(int64_t a, int64_t b)
{
	return a < 0 ? i_mul(a, b) : a;
}

static const struct arith {
	const char *op;
	double (*f)(double a, double b);
	int64_t (*i)(int64_t a, int64_t b); /* NULL: bool, by f */
	size_t most;                        /* operands */
} ariths[] = {
	/* clang-format off */
	{ "Add",   f_add,   i_add,   2 },
	{ "And",   f_and,   NULL,    2 },
	{ "Div",   f_div,   i_div,   2 },
	{ "Max",   f_max,   i_max,   IM_INPUTS },
	{ "Mean",  f_add,   i_add,   IM_INPUTS },
	{ "Min",   f_min,   i_min,   IM_INPUTS },
	{ "Mod",   f_mod,   i_mod,   2 },
	{ "Mul",   f_mul,   i_mul,   2 },
	{ "Or",    f_or,    NULL,    2 },
	{ "PRelu", f_prelu, i_prelu, 2 },
	{ "Pow",   pow,     i_pow,   2 },
	{ "Sub",   f_sub,   i_sub,   2 },
	{ "Sum",   f_add,   i_add,   IM_INPUTS },
	{ "Xor",   f_xor,   NULL,    2 },
	/* clang-format on */
};

static const struct arith *arith_of(const char *op)
{
	for (size_t i = 0; i < sizeof ariths / sizeof ariths[0]; i++)
		if (strcmp(ariths[i].op, op) == 0)
			return &ariths[i];
	BUG("operator '%s' is in the table, its function is not", op);
}

/* Before opset 7, the second operand's place among the dimensions is an attribute. */
static int old_broadcast(const struct or_node *x, const struct tensor *a, struct tensor *b,
			 struct err *e)
{
	const int64_t dflt = a->rank - b->rank;
	int64_t axis = im_int(x->n, "axis", dflt);

	axis = axis < 0 ? axis + a->rank : axis;
	if (x->opset >= 7 || !im_attr(x->n, "broadcast") || b->rank >= a->rank)
		return 0;
	if (axis < 0 || axis > dflt)
		return err_set(e, "axis %lld does not place %s in %s", (long long)axis,
			       tensor_shape_text(b), tensor_shape_text(a));
	while (b->rank < a->rank - axis)
		b->dim[b->rank++] = 1;
	return 0;
}

/* A PRelu's slopes, before opset 7, belong to dimension 1. */
static void old_slope(const struct or_node *x, const struct tensor *a, struct tensor *b)
{
	if (x->opset < 7 && b->rank == 1 && b->dim[0] > 1)
		while (b->rank < a->rank - 1)
			b->dim[b->rank++] = 1;
}

/* y = op(y, t) over the whole shape of y; first: y = t. */
static void apply(const struct arith *op, bool first, bool last_mean, size_t n,
		  const struct tensor *y, const struct tensor *t, void *to)
{
	int64_t step[LIMIT_RANK], at[LIMIT_RANK] = { 0 };
	int64_t k = 0;

	if (tensor_count(y) == 0)
		return;
	or_steps(t, y->rank, y->dim, step);
	do {
		const size_t from = (size_t)or_place(at, step, y->rank);

		if (y->dtype == DT_I64) {
			int64_t *p = (int64_t *)to + k++;

			*p = first ? or_i(t)[from] : op->i(*p, or_i(t)[from]);
			*p = last_mean ? *p / (int64_t)n : *p;
		} else {
			double *p = (double *)to + k++;

			*p = first ? tensor_get(t, from) : op->f(*p, tensor_get(t, from));
			*p = last_mean ? *p / (double)n : *p;
		}
	} while (or_next(at, y->dim, y->rank));
}

static int check_types(const struct or_node *x, const struct arith *op, struct err *e)
{
	bool ints = true, divides = op->i == i_div || op->i == i_mod;

	if (x->nin == 0 || x->nin > op->most || (op->most == 2 && x->nin != 2))
		return err_set(e, "it has %zu operands", x->nin);
	for (size_t i = 0; i < x->nin; i++) {
		const struct tensor *t = or_in(x, i, e);

		if (!t)
			return -1;
		if (op->i && t->dtype == DT_BOOL)
			return err_set(e, "its input %zu holds bool, numbers expected", i);
		ints &= t->dtype == DT_I64;
	}
	if (!op->i)
		return DT_BOOL;
	for (size_t k = 0; ints && divides && x->nin == 2 && k < tensor_count(x->in[1]); k++)
		if (or_i(x->in[1])[k] == 0)
			return err_set(e, "an integer is divided by 0");
	/* An exponent may be of another type than its base. */
	return x->in[0]->dtype == DT_I64 && (ints || strcmp(op->op, "Pow") == 0) ? DT_I64 : DT_F32;
}

static void from_double(const double *v, const struct tensor *y, void *to)
{
	for (size_t i = 0; i < tensor_count(y); i++)
		if (y->dtype == DT_BOOL)
			((uint8_t *)to)[i] = v[i] != 0;
		else
			((float *)to)[i] = (float)v[i];
}

/* Integers to the power of floats. */
static int mixed_pow(struct or_node *x, struct tensor *exponent, struct err *e)
{
	struct tensor t;

	if (x->in[1]->dtype == DT_I64)
		return 0;
	t = tensor_convert(exponent, DT_I64);
	for (size_t i = 0; i < tensor_count(&t); i++)
		if ((double)or_i(&t)[i] != tensor_get(exponent, i)) {
			tensor_release(&t);
			return err_set(e, "an integer to the power of a fraction");
		}
	exponent->owner = t.owner;
	exponent->data = t.data;
	exponent->dtype = DT_I64;
	return 1;
}

static int arith(struct or_node *x, struct arith op, struct tensor *t, struct err *e)
{
	const int type = check_types(x, &op, e);
	const struct tensor *all[2] = { &t[0], &t[1] };
	const struct tensor **in = x->nin > 2 ? xcalloc(x->nin, sizeof *in) : all;
	int64_t dim[LIMIT_RANK];
	int rank, r = -1;
	double *work = NULL;
	void *y;

	for (size_t i = 0; i < x->nin; i++)
		in[i] = &t[i];
	if (type >= 0 && or_broadcast(in, x->nin, &rank, dim, e) == 0 &&
	    (y = or_out(x, 0, (enum dtype)type, rank, dim, e)) != NULL &&
	    (work = or_scratch(x, tensor_count(&x->out[0]), sizeof *work, e)) != NULL) {
		const bool mean = strcmp(op.op, "Mean") == 0;

		for (size_t i = 0; i < x->nin; i++)
			apply(&op, i == 0, mean && i + 1 == x->nin, x->nin, &x->out[0], in[i],
			      type == DT_I64 ? y : work);
		if (type != DT_I64)
			from_double(work, &x->out[0], y);
		r = 0;
	}
	free(work);
	if (in != all)
		free(in);
	return r;
}

int or_arith(struct or_node *x, struct err *e)
{
	struct arith op = *arith_of(x->n->op);
	struct tensor *t;
	int r, mixed = 0;

	if (check_types(x, &op, e) < 0)
		return -1;
	t = xcalloc(x->nin, sizeof *t);
	for (size_t i = 0; i < x->nin; i++)
		t[i] = *x->in[i];
	if (strcmp(op.op, "Mod") == 0 && im_int(x->n, "fmod", 0)) {
		op.f = fmod;
		op.i = i_fmod;
	}
	r = x->nin == 2 ? old_broadcast(x, &t[0], &t[1], e) : 0;
	if (r == 0 && op.f == f_prelu && x->nin == 2)
		old_slope(x, &t[0], &t[1]);
	if (r == 0 && op.f == pow && x->nin == 2 && t[0].dtype == DT_I64)
		mixed = mixed_pow(x, &t[1], e);
	if (r == 0 && mixed >= 0)
		r = arith(x, op, t, e);
	if (mixed > 0)
		tensor_release(&t[1]);
	free(t);
	return mixed < 0 ? -1 : r;
}

/* ---- comparisons and choice ---- */
static bool holds(const char *op, int order)
{
	switch (op[0]) {
	case 'E':
		return order == 0;
	case 'G':
		return order == 1 || (order == 0 && op[sizeof "Greater" - 1]);
	default:
		return order == -1 || (order == 0 && op[sizeof "Less" - 1]);
	}
}

/* -1, 0, 1; 2 when one is NaN. */
static int order_of(const struct tensor *a, size_t i, const struct tensor *b, size_t k)
{
	if (a->dtype == DT_I64 && b->dtype == DT_I64)
		return (or_i(a)[i] > or_i(b)[k]) - (or_i(a)[i] < or_i(b)[k]);
	const double x = tensor_get(a, i), y = tensor_get(b, k);

	return isnan(x) || isnan(y) ? 2 : (x > y) - (x < y);
}

int or_compare(struct or_node *x, struct err *e)
{
	const struct tensor *a = or_in(x, 0, e), *b = a ? or_in(x, 1, e) : NULL;
	int64_t dim[LIMIT_RANK], sa[LIMIT_RANK], sb[LIMIT_RANK], at[LIMIT_RANK] = { 0 };
	struct tensor second;
	uint8_t *y;
	int rank;

	if (!b)
		return -1;
	second = *b;
	if (old_broadcast(x, a, &second, e) < 0 ||
	    or_broadcast((const struct tensor *const[]){ a, &second }, 2, &rank, dim, e) < 0 ||
	    (y = or_out(x, 0, DT_BOOL, rank, dim, e)) == NULL)
		return -1;
	if (or_count(rank, dim) == 0)
		return 0;
	or_steps(a, rank, dim, sa);
	or_steps(&second, rank, dim, sb);
	do {
		*y++ = holds(x->n->op, order_of(a, (size_t)or_place(at, sa, rank), &second,
						(size_t)or_place(at, sb, rank)));
	} while (or_next(at, dim, rank));
	return 0;
}

int or_where(struct or_node *x, struct err *e)
{
	const struct tensor *t[3];
	int64_t dim[LIMIT_RANK], step[3][LIMIT_RANK], at[LIMIT_RANK] = { 0 };
	size_t size;
	int rank;
	char *y;

	for (size_t i = 0; i < 3; i++)
		if ((t[i] = or_in(x, i, e)) == NULL)
			return -1;
	if (t[1]->dtype != t[2]->dtype || t[0]->dtype != DT_BOOL)
		return err_set(e, "its inputs are of types %s, %s, %s", dtype_name(t[0]->dtype),
			       dtype_name(t[1]->dtype), dtype_name(t[2]->dtype));
	if (or_broadcast(t, 3, &rank, dim, e) < 0 ||
	    (y = or_out(x, 0, t[1]->dtype, rank, dim, e)) == NULL)
		return -1;
	if (or_count(rank, dim) == 0)
		return 0;
	for (int i = 0; i < 3; i++)
		or_steps(t[i], rank, dim, step[i]);
	size = dtype_size(t[1]->dtype);
	do {
		const int k = ((const uint8_t *)t[0]->data)[or_place(at, step[0], rank)] ? 1 : 2;

		memcpy(y, (const char *)t[k]->data + or_place(at, step[k], rank) * (int64_t)size,
		       size);
		y += size;
	} while (or_next(at, dim, rank));
	return 0;
}

/* Bounds as attributes, from opset 11 as inputs. */
int or_clip(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);
	double lo = (double)im_float(x->n, "min", -INFINITY);
	double hi = (double)im_float(x->n, "max", INFINITY);
	void *y = t ? or_like(x, 0, t->dtype, t, e) : NULL;

	if (!y || (or_maybe(x, 1) && or_scalar(x, 1, &lo, e) < 0) ||
	    (or_maybe(x, 2) && or_scalar(x, 2, &hi, e) < 0))
		return -1;
	for (size_t i = 0; i < tensor_count(t); i++) {
		const double v = tensor_get(t, i), low = v < lo ? lo : v;
		const double r = low > hi ? hi : low;

		if (t->dtype == DT_F32)
			((float *)y)[i] = (float)r;
		else if (t->dtype == DT_I64)
			((int64_t *)y)[i] = r == v ? or_i(t)[i] : or_to_int(r);
		else
			return err_set(e, "its input holds bool, numbers expected");
	}
	return 0;
}
