/* Activations: one table; Clip, PRelu, Pow; operators that pass their input on. */
#include "onnx/onnx_fold.h"
#include <math.h>

static const struct act_row {
	const char *op;
	enum hn_act act;
	const char *alpha;
	float alpha_default;
	const char *beta;
	float beta_default;
} rows[] = {
	/* clang-format off */
	{ "Abs",             ACT_ABS,          NULL, 0, NULL, 0 },
	{ "DELTA",           ACT_DELTA,        "alpha", 1, NULL, 0 },
	{ "Elu",             ACT_ELU,          "alpha", 1, NULL, 0 },
	{ "Erf",             ACT_ERF,          NULL, 0, NULL, 0 },
	{ "Exp",             ACT_EXP,          NULL, 0, NULL, 0 },
	{ "GELU",            ACT_GELU,         NULL, 0, NULL, 0 },
	{ "GELU_TANH",       ACT_GELU_TANH,    NULL, 0, NULL, 0 },
	{ "HardSigmoid",     ACT_HARD_SIGMOID, "alpha", 0.2f, "beta", 0.5f },
	{ "HardSwish",       ACT_HARD_SWISH,   NULL, 0, NULL, 0 },
	{ "LeakyRelu",       ACT_LEAKY,        "alpha", 0.01f, NULL, 0 },
	{ "Log",             ACT_LOG,          NULL, 0, NULL, 0 },
	{ "MISH",            ACT_MISH,         NULL, 0, NULL, 0 },
	{ "Neg",             ACT_NEG,          NULL, 0, NULL, 0 },
	{ "Reciprocal",      ACT_INV_POS,      NULL, 0, NULL, 0 },
	{ "Relu",            ACT_RELU,         NULL, 0, NULL, 0 },
	{ "SILU",            ACT_SILU,         NULL, 0, NULL, 0 },
	{ "SQUARE",          ACT_SQUARE,       NULL, 0, NULL, 0 },
	{ "SWISH",           ACT_SWISH,        NULL, 0, "beta", 1 },
	{ "Selu",            ACT_SELU,         "alpha", 1.67326319f, "gamma", 1.05070102f },
	{ "Sigmoid",         ACT_SIGMOID,      NULL, 0, NULL, 0 },
	{ "Sign",            ACT_SIGN,         NULL, 0, NULL, 0 },
	{ "Softplus",        ACT_SOFTPLUS,     NULL, 0, NULL, 0 },
	{ "Softsign",        ACT_SOFTSIGN,     NULL, 0, NULL, 0 },
	{ "Sqrt",            ACT_SQRT,         NULL, 0, NULL, 0 },
	{ "THRESHOLD",       ACT_THRESHOLD,    "alpha", 0, NULL, 0 },
	{ "Tanh",            ACT_TANH,         NULL, 0, NULL, 0 },
	{ "ThresholdedRelu", ACT_THRESHOLD,    "alpha", 1, NULL, 0 },
	/* clang-format on */
};

/* The row and parameters of a node; NULL with a reason when there are none. */
static const struct act_row *row_of(const struct im_node *n, struct hn_act_params *p, struct err *e)
{
	const struct act_row *row = NULL;

	*p = (struct hn_act_params){ .lo = -INFINITY, .hi = INFINITY };
	for (size_t i = 0; !row && i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(rows[i].op, n->op) == 0)
			row = &rows[i];
	if (!row) {
		err_set(e, "activation '%s' is unknown", quote(n->op));
		return NULL;
	}
	if (row->alpha)
		p->alpha = im_float(n, row->alpha, row->alpha_default);
	if (row->beta)
		p->beta = im_float(n, row->beta, row->beta_default);
	if (!isfinite(p->alpha) || !isfinite(p->beta)) {
		err_set(e, "its parameters are not finite");
		return NULL;
	}
	return row;
}

int onnx_activation(struct build *b, struct im_node *n, struct err *e)
{
	struct hn_act_params p;
	const struct act_row *row = row_of(n, &p, e);

	return row ? build_activation(b, n->in[0], n->out[0], row->act, &p, NULL) : -1;
}

int fold_activation(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *x = &n->in[0]->data;
	struct err none = { 0 };
	struct hn_act_params p;
	const struct act_row *row = row_of(n, &p, &none);
	struct tensor t;

	if (!row || n->nin != 1)
		return 1;
	if (fold_new(b, DT_F32, x->rank, x->dim, &t, e) < 0)
		return -1;
	for (size_t i = 0; i < tensor_count(x); i++)
		fold_set_num(&t, i, (double)hn_act_eval(row->act, &p, 0, (float)tensor_get(x, i)));
	im_set_const(n->out[0], t);
	return 0;
}

/* A bound: attribute in older opsets, input from 11 on. */
static int bound(const struct im_node *n, const char *name, size_t input, float *v, struct err *e)
{
	*v = im_float(n, name, *v);
	if (input < n->nin && n->in[input] && !im_scalar(n->in[input], v))
		return err_set(e, "its %s is not a constant number", name);
	return isnan(*v) ? err_set(e, "its %s is not a number", name) : 0;
}

int onnx_clip(struct build *b, struct im_node *n, struct err *e)
{
	struct hn_act_params p = { .lo = -INFINITY, .hi = INFINITY };
	enum hn_act act = ACT_CLIP;

	if (bound(n, "min", 1, &p.lo, e) < 0 || bound(n, "max", 2, &p.hi, e) < 0)
		return -1;
	if (!(p.lo <= p.hi))
		return err_set(e, "its minimum %g is above its maximum %g", (double)p.lo,
			       (double)p.hi);
	/* Absent bounds are written as the largest floats by some exporters. */
	if (p.lo <= -3.4e38f)
		p.lo = -INFINITY;
	if (p.hi >= 3.4e38f)
		p.hi = INFINITY;
	if (p.lo == 0 && p.hi == INFINITY)
		act = ACT_RELU;
	else if (p.lo == 0 && p.hi == 6)
		act = ACT_RELU6;
	if (act != ACT_CLIP)
		p = (struct hn_act_params){ .lo = -INFINITY, .hi = INFINITY };
	else if (p.lo == -INFINITY && p.hi == INFINITY)
		return build_pass(n->out[0], n->in[0]), 0;
	return build_activation(b, n->in[0], n->out[0], act, &p, NULL);
}

int onnx_prelu(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value *x = n->in[0];
	struct im_view v = x->view;
	struct tensor t;
	float *slope = NULL;
	int r;

	if (n->nin < 2 || !n->in[1] || !n->in[1]->is_const)
		return err_set(e, "its slope is not a constant");
	t = n->in[1]->data;
	/* Before opset 7 a vector of slopes is per feature. */
	if (b->opset < 7 && t.rank == 1 && v.rank > 2 && t.dim[0] == view_size(&v, 1))
		for (; t.rank < v.rank - 1; t.rank++)
			t.dim[t.rank] = 1;
	r = build_vector(&v, &t, &slope, e);
	if (r > 0)
		r = err_set(e, "its slope %s is not one value per feature", tensor_shape_text(&t));
	if (r == 0)
		r = build_activation(b, x, n->out[0], ACT_PRELU, NULL, slope);
	free(slope);
	return r;
}

int onnx_pow(struct build *b, struct im_node *n, struct err *e)
{
	struct hn_act_params p = { .lo = -INFINITY, .hi = INFINITY };
	enum hn_act act = ACT_POW;

	if (n->nin != 2 || !n->in[0] || n->in[0]->is_const || !im_scalar(n->in[1], &p.alpha))
		return err_set(e, "only powers with one constant exponent are supported");
	if (!isfinite(p.alpha))
		return err_set(e, "its exponent is not finite");
	if (p.alpha == 1)
		return build_pass(n->out[0], n->in[0]), 0;
	if (p.alpha == 2)
		act = ACT_SQUARE;
	else if (p.alpha == 0.5f)
		act = ACT_SQRT;
	else if (p.alpha == -1)
		act = ACT_INV_POS;
	if (act != ACT_POW)
		p.alpha = 0;
	return build_activation(b, n->in[0], n->out[0], act, &p, NULL);
}

/* What Dropout keeps at inference: everything, in the shape of its input. */
static int keep_mask(struct build *b, struct im_value *out, const struct im_value *x, struct err *e)
{
	const struct tensor one = { .dtype = DT_F32, .data = &(const float){ 1 } };
	struct layer *l = build_const_map(b, &x->view, &one, e);

	if (!l)
		return -1;
	build_like(out, x, l);
	return 0;
}

/* To floats; to integers what is whole; to truth values what is 0 or 1, else whether it is not 0.
 */
int onnx_cast(struct build *b, struct im_node *n, struct err *e)
{
	enum {
		FLOAT = 1,
		BOOL = 9,
		HALF = 10,
		DOUBLE = 11
	};
	const struct hn_act_params one = { .alpha = 1, .lo = -INFINITY, .hi = INFINITY };
	const int64_t to = im_int(n, "to", FLOAT);
	bool truth = false;
	const bool whole = onnx_is_whole(n->in[0], &truth);

	if (to == BOOL && !truth)
		return build_activation(b, n->in[0], n->out[0], ACT_DELTA, &one, NULL);
	if (to != FLOAT && to != HALF && to != DOUBLE && !whole)
		return err_set(e, "a cast of a computed tensor to integers is not supported");
	return build_pass(n->out[0], n->in[0]), 0;
}

/* Identity, Dropout at inference. */
int onnx_pass(struct build *b, struct im_node *n, struct err *e)
{
	const bool dropout = strcmp(n->op, "Dropout") == 0;
	float ratio;

	if (dropout && !(im_scalar(n->in[n->nin > 1], &ratio) && ratio == 0) && n->nin > 2 &&
	    n->in[2] && n->in[2]->is_const && tensor_count(&n->in[2]->data) == 1 &&
	    tensor_get(&n->in[2]->data, 0) != 0)
		return err_set(e, "it is in training mode: export the model in eval mode");
	build_pass(n->out[0], n->in[0]);
	if (dropout && n->nout > 1 && n->out[1] && n->out[1]->nuse)
		return keep_mask(b, n->out[1], n->in[0], e);
	return 0;
}
