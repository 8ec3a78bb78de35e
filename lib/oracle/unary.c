/* Functions of one value, and what looks at values one by one. */
#include "oracle/oracle_int.h"

/* Parameters that most of them take from attributes. */
struct par {
	double alpha, beta;
};

static double f_abs(double x, const struct par *p)
{
	(void)p;
	return fabs(x);
}
static double f_ceil(double x, const struct par *p)
{
	(void)p;
	return ceil(x);
}
static double f_celu(double x, const struct par *p)
{
	return x >= 0 ? x : p->alpha * expm1(x / p->alpha);
}
static double f_elu(double x, const struct par *p)
{
	return x >= 0 ? x : p->alpha * expm1(x);
}
static double f_floor(double x, const struct par *p)
{
	(void)p;
	return floor(x);
}
static double f_gelu(double x, const struct par *p)
{
	(void)p;
	return 0.5 * x * (1 + erf(x / sqrt(2)));
}
static double f_gelu_tanh(double x, const struct par *p)
{
	(void)p;
	return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
}
static double f_hard_sigmoid(double x, const struct par *p)
{
	return fmax(0, fmin(1, p->alpha * x + p->beta));
}
static double f_hard_swish(double x, const struct par *p)
{
	(void)p;
	return x * fmax(0, fmin(1, x / 6 + 0.5));
}
static double f_leaky(double x, const struct par *p)
{
	return x < 0 ? p->alpha * x : x;
}
static double softplus(double x)
{
	return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}
static double f_mish(double x, const struct par *p)
{
	(void)p;
	return x * tanh(softplus(x));
}
static double f_neg(double x, const struct par *p)
{
	(void)p;
	return -x;
}
static double f_reciprocal(double x, const struct par *p)
{
	(void)p;
	return 1 / x;
}
static double f_relu(double x, const struct par *p)
{
	(void)p;
	return x < 0 ? 0 : x;
}
/* Half to even, whatever the rounding mode. */
static double f_round(double x, const struct par *p)
{
	const double low = floor(x), part = x - low;

	(void)p;
	return part > 0.5 || (part == 0.5 && fmod(low, 2) != 0) ? low + 1 : low;
}
static double f_selu(double x, const struct par *p)
{
	return x > 0 ? p->beta * x : p->beta * p->alpha * expm1(x);
}
static double f_sigmoid(double x, const struct par *p)
{
	(void)p;
	return 1 / (1 + exp(-x));
}
static double f_sign(double x, const struct par *p)
{
	(void)p;
	return (double)((x > 0) - (x < 0));
}
static double f_softplus(double x, const struct par *p)
{
	(void)p;
	return softplus(x);
}
static double f_softsign(double x, const struct par *p)
{
	(void)p;
	return x / (1 + fabs(x));
}
static double f_threshold(double x, const struct par *p)
{
	return x > p->alpha ? x : 0;
}

#define LIBM(name)                                                                                 \
	static double f_##name(double x, const struct par *p)                                      \
	{                                                                                          \
		(void)p;                                                                           \
		return name(x);                                                                    \
	}
LIBM(acos)
LIBM(acosh)
LIBM(asin)
LIBM(asinh)
LIBM(atan)
LIBM(atanh)
LIBM(cos)
LIBM(cosh)
LIBM(erf)
LIBM(exp)
LIBM(log)
LIBM(sin)
LIBM(sinh)
LIBM(sqrt)
LIBM(tan)
LIBM(tanh)

/* Operators, the defaults of their alpha and beta (selu: gamma), and whether integers are fine. */
static const struct function {
	const char *op;
	double (*f)(double x, const struct par *p);
	float alpha, beta;
	bool integers;
} functions[] = {
	/* clang-format off */
	{ "Abs",             f_abs,          0, 0, true },
	{ "Acos",            f_acos,         0, 0, false },
	{ "Acosh",           f_acosh,        0, 0, false },
	{ "Asin",            f_asin,         0, 0, false },
	{ "Asinh",           f_asinh,        0, 0, false },
	{ "Atan",            f_atan,         0, 0, false },
	{ "Atanh",           f_atanh,        0, 0, false },
	{ "Ceil",            f_ceil,         0, 0, false },
	{ "Celu",            f_celu,         1, 0, false },
	{ "Cos",             f_cos,          0, 0, false },
	{ "Cosh",            f_cosh,         0, 0, false },
	{ "Elu",             f_elu,          1, 0, false },
	{ "Erf",             f_erf,          0, 0, false },
	{ "Exp",             f_exp,          0, 0, false },
	{ "Floor",           f_floor,        0, 0, false },
	{ "Gelu",            f_gelu,         0, 0, false },
	{ "HardSigmoid",     f_hard_sigmoid, 0.2f, 0.5f, false },
	{ "HardSwish",       f_hard_swish,   0, 0, false },
	{ "LeakyRelu",       f_leaky,        0.01f, 0, false },
	{ "Log",             f_log,          0, 0, false },
	{ "Mish",            f_mish,         0, 0, false },
	{ "Neg",             f_neg,          0, 0, true },
	{ "Reciprocal",      f_reciprocal,   0, 0, false },
	{ "Relu",            f_relu,         0, 0, true },
	{ "Round",           f_round,        0, 0, false },
	{ "Selu",            f_selu,         1.67326319217681884765625f, 1.05070102214813232421875f, false },
	{ "Sigmoid",         f_sigmoid,      0, 0, false },
	{ "Sign",            f_sign,         0, 0, true },
	{ "Sin",             f_sin,          0, 0, false },
	{ "Sinh",            f_sinh,         0, 0, false },
	{ "Softplus",        f_softplus,     0, 0, false },
	{ "Softsign",        f_softsign,     0, 0, false },
	{ "Sqrt",            f_sqrt,         0, 0, false },
	{ "Tan",             f_tan,          0, 0, false },
	{ "Tanh",            f_tanh,         0, 0, false },
	{ "ThresholdedRelu", f_threshold,    1, 0, false },
	/* clang-format on */
};

static const struct function *function_of(const char *op)
{
	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
		if (strcmp(functions[i].op, op) == 0)
			return &functions[i];
	BUG("operator '%s' is in the table, its function is not", op);
}

int or_unary(struct or_node *x, struct err *e)
{
	const struct function *fn = function_of(x->n->op);
	const struct tensor *t = fn->integers ? or_in(x, 0, e) : or_in_f(x, 0, e);
	const struct par p = { (double)im_float(x->n, "alpha", fn->alpha),
			       (double)im_float(x->n, fn->f == f_selu ? "gamma" : "beta",
						fn->beta) };
	double (*f)(double, const struct par *) = fn->f;
	int64_t n;
	void *y;

	if (!t || (y = or_like(x, 0, t->dtype, t, e)) == NULL)
		return -1;
	if (t->dtype == DT_BOOL)
		return err_set(e, "its input holds bool, numbers expected");
	if (f == f_gelu && strcmp(im_string(x->n, "approximate", "none"), "tanh") == 0)
		f = f_gelu_tanh;
	n = (int64_t)tensor_count(t);
	if (t->dtype == DT_I64)
		for (int64_t i = 0; i < n; i++)
			((int64_t *)y)[i] = or_to_int(f((double)or_i(t)[i], &p));
	else
#pragma omp parallel for schedule(static)
		for (int64_t i = 0; i < n; i++)
			((float *)y)[i] = (float)f((double)or_f(t)[i], &p);
	return 0;
}

int or_not(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);
	uint8_t *y = t ? or_like(x, 0, DT_BOOL, t, e) : NULL;

	for (size_t i = 0; y && i < tensor_count(t); i++)
		y[i] = tensor_get(t, i) == 0;
	return y ? 0 : -1;
}

int or_is(struct or_node *x, struct err *e)
{
	const bool inf = strcmp(x->n->op, "IsInf") == 0;
	const bool negative = im_int(x->n, "detect_negative", 1) != 0;
	const bool positive = im_int(x->n, "detect_positive", 1) != 0;
	const struct tensor *t = or_in_f(x, 0, e);
	uint8_t *y = t ? or_like(x, 0, DT_BOOL, t, e) : NULL;

	for (size_t i = 0; y && i < tensor_count(t); i++) {
		const double v = (double)or_f(t)[i];

		y[i] = inf ? isinf(v) && (v < 0 ? negative : positive) : isnan(v);
	}
	return y ? 0 : -1;
}

/* Element types as numbers of the file. */
enum {
	TYPE_F32 = 1,
	TYPE_U8,
	TYPE_I8,
	TYPE_U16,
	TYPE_I16,
	TYPE_I32,
	TYPE_I64,
	TYPE_STRING,
	TYPE_BOOL,
	TYPE_F16,
	TYPE_F64,
	TYPE_U32,
	TYPE_U64
};

/* An integer in a narrower type wraps. */
static int64_t narrow(int64_t v, int type)
{
	switch (type) {
	case TYPE_U8:
		return (uint8_t)v;
	case TYPE_I8:
		return (int8_t)(uint8_t)v;
	case TYPE_U16:
		return (uint16_t)v;
	case TYPE_I16:
		return (int16_t)(uint16_t)v;
	case TYPE_I32:
		return (int32_t)(uint32_t)v;
	case TYPE_U32:
		return (uint32_t)v;
	default:
		return v;
	}
}

static float through_half(float v)
{
	struct tensor t = tensor_new(DT_F32, 0, NULL), h, back;
	float r;

	memcpy(tensor_data(&t), &v, sizeof v);
	h = tensor_convert(&t, DT_F16);
	back = tensor_convert(&h, DT_F32);
	r = or_f(&back)[0];
	tensor_release(&t);
	tensor_release(&h);
	tensor_release(&back);
	return r;
}

static void cast_value(const struct tensor *t, size_t i, int type, void *y)
{
	const bool half = type == TYPE_F16;
	const double v = tensor_get(t, i);

	if (type == TYPE_BOOL)
		((uint8_t *)y)[i] = v != 0;
	else if (type == TYPE_F32 || type == TYPE_F64 || half)
		((float *)y)[i] = half ? through_half((float)v) : (float)v;
	else
		((int64_t *)y)[i] = narrow(t->dtype == DT_I64 ? or_i(t)[i] : or_to_int(v), type);
}

static int type_like(enum dtype t)
{
	return t == DT_F32 ? TYPE_F32 : t == DT_BOOL ? TYPE_BOOL : TYPE_I64;
}

int or_cast(struct or_node *x, struct err *e)
{
	const bool like = strcmp(x->n->op, "CastLike") == 0;
	const struct tensor *t = or_in(x, 0, e), *as = like && t ? or_in(x, 1, e) : NULL;
	const int64_t to = !t || (like && !as) ? 0
			   : as                ? type_like(as->dtype)
					       : im_int(x->n, "to", 0);
	enum dtype type;
	void *y;

	if (!t || (like && !as))
		return -1;
	if (to < TYPE_F32 || to > TYPE_U64 || to == TYPE_STRING)
		return err_set(e, "element type %lld is not executed here", (long long)to);
	type = to == TYPE_BOOL                                      ? DT_BOOL
	       : to == TYPE_F32 || to == TYPE_F16 || to == TYPE_F64 ? DT_F32
								    : DT_I64;
	y = or_like(x, 0, type, t, e);
	for (size_t i = 0; y && i < tensor_count(t); i++)
		cast_value(t, i, (int)to, y);
	return y ? 0 : -1;
}
