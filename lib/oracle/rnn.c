/* RNN, GRU, LSTM: one direction after the other, one step after the other. */
#include "oracle/oracle_int.h"

enum {
	GATES = 4, /* of an LSTM */
	ACTS = 3   /* activations of one direction of it */
};

struct act {
	const char *name;
	double (*f)(double v, double alpha, double beta);
	double alpha, beta; /* defaults, then of this use */
	int parameters;     /* how many of them it has */
};

struct cell {
	char kind; /* first letter: R, G, L */
	int gates, acts;
	struct act act[2 * ACTS];
	int64_t steps, batch, in, hidden, directions;
	bool batch_first, linear_before_reset, input_forget;
	double clip; /* 0: none */
	const float *x, *w, *r, *b, *h0, *c0, *p;
	const struct tensor *lengths;
	float *y, *yh, *yc;
};

static double f_sigmoid(double v, double a, double b)
{
	(void)a;
	(void)b;
	return 1 / (1 + exp(-v));
}
static double f_tanh(double v, double a, double b)
{
	(void)a;
	(void)b;
	return tanh(v);
}
static double f_relu(double v, double a, double b)
{
	(void)a;
	(void)b;
	return v > 0 ? v : 0;
}
static double f_affine(double v, double a, double b)
{
	return a * v + b;
}
static double f_leaky(double v, double a, double b)
{
	(void)b;
	return v < 0 ? a * v : v;
}
static double f_threshold(double v, double a, double b)
{
	(void)b;
	return v >= a ? v : 0;
}
static double f_scaled_tanh(double v, double a, double b)
{
	return a * tanh(b * v);
}
static double f_hard_sigmoid(double v, double a, double b)
{
	return fmin(1, fmax(0, a * v + b));
}
static double f_elu(double v, double a, double b)
{
	(void)b;
	return v >= 0 ? v : a * expm1(v);
}
static double f_softsign(double v, double a, double b)
{
	(void)a;
	(void)b;
	return v / (1 + fabs(v));
}
static double f_softplus(double v, double a, double b)
{
	(void)a;
	(void)b;
	return log1p(exp(v));
}

static const struct act acts[] = {
	/* clang-format off */
	{ "Affine",          f_affine,       1,    0,   2 },
	{ "Elu",             f_elu,          1,    0,   1 },
	{ "HardSigmoid",     f_hard_sigmoid, 0.2,  0.5, 2 },
	{ "LeakyRelu",       f_leaky,        0.01, 0,   1 },
	{ "Relu",            f_relu,         0,    0,   0 },
	{ "ScaledTanh",      f_scaled_tanh,  1,    1,   2 },
	{ "Sigmoid",         f_sigmoid,      0,    0,   0 },
	{ "Softplus",        f_softplus,     0,    0,   0 },
	{ "Softsign",        f_softsign,     0,    0,   0 },
	{ "Tanh",            f_tanh,         0,    0,   0 },
	{ "ThresholdedRelu", f_threshold,    1,    0,   1 },
	/* clang-format on */
};

static double eval(const struct act *a, double v)
{
	return a->f(v, a->alpha, a->beta);
}

static double clipped(const struct cell *c, double v)
{
	return c->clip > 0 ? fmax(-c->clip, fmin(c->clip, v)) : v;
}

/* One direction's parts. */
struct side {
	const float *w, *r, *b, *p;
	const struct act *act;
	double *h, *state, *next; /* [hidden]; state: of an LSTM */
};

/* Input and bias of gate g, unit i; the recurrent part is apart. */
static double from_input(const struct cell *c, const struct side *s, const float *x, int g,
			 int64_t i)
{
	const int64_t row = g * c->hidden + i;
	double v = s->b ? (double)s->b[row] : 0;

	for (int64_t k = 0; k < c->in; k++)
		v += (double)s->w[row * c->in + k] * (double)x[k];
	return v;
}

static double from_hidden(const struct cell *c, const struct side *s, const double *h, int g,
			  int64_t i)
{
	const int64_t row = g * c->hidden + i;
	double v = s->b ? (double)s->b[c->gates * c->hidden + row] : 0;

	for (int64_t k = 0; k < c->hidden; k++)
		v += (double)s->r[row * c->hidden + k] * h[k];
	return v;
}

static double gate(const struct cell *c, const struct side *s, const float *x, int g, int64_t i)
{
	return from_input(c, s, x, g, i) + from_hidden(c, s, s->h, g, i);
}

static void step_rnn(const struct cell *c, const struct side *s, const float *x, double *work)
{
	(void)work;
	for (int64_t i = 0; i < c->hidden; i++)
		s->next[i] = eval(&s->act[0], clipped(c, gate(c, s, x, 0, i)));
}

/* Gates z, r, h. */
static void step_gru(const struct cell *c, const struct side *s, const float *x, double *work)
{
	double *reset = work, *part = work + c->hidden;

	for (int64_t i = 0; i < c->hidden; i++) {
		reset[i] = eval(&s->act[0], clipped(c, gate(c, s, x, 1, i)));
		part[i] = reset[i] * s->h[i];
	}
	for (int64_t i = 0; i < c->hidden; i++) {
		const double z = eval(&s->act[0], clipped(c, gate(c, s, x, 0, i)));
		const double old = c->linear_before_reset ? reset[i] * from_hidden(c, s, s->h, 2, i)
							  : from_hidden(c, s, part, 2, i);
		const double h = eval(&s->act[1], clipped(c, from_input(c, s, x, 2, i) + old));

		s->next[i] = (1 - z) * h + z * s->h[i];
	}
}

/* Gates i, o, f, c; peepholes i, o, f. */
static void step_lstm(const struct cell *c, const struct side *s, const float *x, double *work)
{
	const int64_t n = c->hidden;

	(void)work;
	for (int64_t i = 0; i < n; i++) {
		const double pi = s->p ? (double)s->p[i] * s->state[i] : 0;
		const double pf = s->p ? (double)s->p[2 * n + i] * s->state[i] : 0;
		const double in = eval(&s->act[0], clipped(c, gate(c, s, x, 0, i) + pi));
		const double forget = c->input_forget
					  ? 1 - in
					  : eval(&s->act[0], clipped(c, gate(c, s, x, 2, i) + pf));
		const double cell = eval(&s->act[1], clipped(c, gate(c, s, x, 3, i)));
		const double state = forget * s->state[i] + in * cell;
		const double po = s->p ? (double)s->p[n + i] * state : 0;
		const double out = eval(&s->act[0], clipped(c, gate(c, s, x, 1, i) + po));

		s->next[i] = out * eval(&s->act[2], state);
		s->state[i] = state;
	}
}

/* Element strides of step and batch in X and Y for either layout. */
static const float *input_at(const struct cell *c, int64_t t, int64_t b)
{
	return c->x + (c->batch_first ? b * c->steps + t : t * c->batch + b) * c->in;
}

static int64_t output_at(const struct cell *c, int64_t t, int64_t d, int64_t b)
{
	return c->batch_first ? ((b * c->steps + t) * c->directions + d) * c->hidden
			      : ((t * c->directions + d) * c->batch + b) * c->hidden;
}

static int64_t state_at(const struct cell *c, int64_t d, int64_t b)
{
	return (c->batch_first ? b * c->directions + d : d * c->batch + b) * c->hidden;
}

/* One sequence in one direction. */
static void sequence(const struct cell *c, int64_t d, bool backward, int64_t b, double *work)
{
	void (*const step)(const struct cell *, const struct side *, const float *, double *) =
	    c->kind == 'R'   ? step_rnn
	    : c->kind == 'G' ? step_gru
			     : step_lstm;
	const int64_t n = c->hidden, rows = c->gates * n, at = state_at(c, d, b);
	const int64_t len = c->lengths ? or_i(c->lengths)[b] : c->steps;
	struct side s = { .w = c->w + d * rows * c->in,
			  .r = c->r + d * rows * n,
			  .b = c->b ? c->b + d * 2 * rows : NULL,
			  .p = c->p ? c->p + d * 3 * n : NULL,
			  .act = c->act + d * c->acts,
			  .h = work,
			  .state = work + n,
			  .next = work + 2 * n };

	for (int64_t i = 0; i < n; i++) {
		s.h[i] = c->h0 ? (double)c->h0[at + i] : 0;
		s.state[i] = c->c0 ? (double)c->c0[at + i] : 0;
	}
	for (int64_t k = 0; k < len; k++) {
		const int64_t t = backward ? len - 1 - k : k;

		step(c, &s, input_at(c, t, b), work + 3 * n);
		memcpy(s.h, s.next, (size_t)n * sizeof *s.h);
		for (int64_t i = 0; c->y && i < n; i++)
			c->y[output_at(c, t, d, b) + i] = (float)s.h[i];
	}
	for (int64_t i = 0; i < n; i++) {
		if (c->yh)
			c->yh[at + i] = (float)s.h[i];
		if (c->yc)
			c->yc[at + i] = (float)s.state[i];
	}
}

static const struct act *act_named(const char *name, struct err *e)
{
	for (size_t k = 0; k < sizeof acts / sizeof acts[0]; k++)
		if (strcmp(acts[k].name, name) == 0)
			return &acts[k];
	err_set(e, "its activation '%s' is not executed here", quote(name));
	return NULL;
}

/* The activations of all directions; given alphas and betas belong to those that have some. */
static int read_acts(const struct or_node *x, struct cell *c, struct err *e)
{
	static const char *const dflt[3][ACTS] = { { "Tanh" },
						   { "Sigmoid", "Tanh" },
						   { "Sigmoid", "Tanh", "Tanh" } };
	const int kind = c->kind == 'R' ? 0 : c->kind == 'G' ? 1 : 2;
	const struct im_attr *list = im_attr(x->n, "activations");
	const struct im_attr *alpha = im_attr(x->n, "activation_alpha");
	const struct im_attr *beta = im_attr(x->n, "activation_beta");
	const size_t nalpha = alpha && alpha->kind == IM_FLOATS ? alpha->n : 0;
	const size_t nbeta = beta && beta->kind == IM_FLOATS ? beta->n : 0;
	size_t a = 0, b = 0, n;

	c->acts = kind + 1;
	n = (size_t)c->directions * (size_t)c->acts;
	if (list && (list->kind != IM_STRINGS || list->n != n))
		return err_set(e, "it names %zu activations, %zu expected", list->n, n);
	for (size_t i = 0; i < n; i++) {
		const struct act *act =
		    act_named(list ? list->strings[i] : dflt[kind][i % (size_t)c->acts], e);

		if (!act)
			return -1;
		c->act[i] = *act;
		if (act->parameters > 0 && a < nalpha)
			c->act[i].alpha = (double)alpha->floats[a++];
		if (act->parameters > 1 && b < nbeta)
			c->act[i].beta = (double)beta->floats[b++];
	}
	return 0;
}

/* Input i, of this many floats; NULL when absent. */
static int optional(const struct or_node *x, size_t i, int64_t n, const float **p, struct err *e)
{
	const struct tensor *t = or_maybe(x, i);

	*p = NULL;
	if (!t)
		return 0;
	if (!or_in_f(x, i, e))
		return -1;
	if ((int64_t)tensor_count(t) != n)
		return err_set(e, "its input %zu has shape %s, %lld values expected", i,
			       tensor_shape_text(t), (long long)n);
	*p = or_f(t);
	return 0;
}

static int check_lengths(const struct cell *c, struct err *e)
{
	const struct tensor *t = c->lengths;

	if (!t)
		return 0;
	if (t->dtype != DT_I64 || (int64_t)tensor_count(t) != c->batch)
		return err_set(e, "its lengths have shape %s", tensor_shape_text(t));
	for (int64_t b = 0; b < c->batch; b++)
		if (or_i(t)[b] < 0 || or_i(t)[b] > c->steps)
			return err_set(e, "a length of %lld", (long long)or_i(t)[b]);
	return 0;
}

static int read_cell(const struct or_node *x, struct cell *c, struct err *e)
{
	const char *direction = im_string(x->n, "direction", "forward");
	const struct tensor *in = or_in_f(x, 0, e), *w = in ? or_in_f(x, 1, e) : NULL;
	const struct tensor *r = w ? or_in_f(x, 2, e) : NULL;
	int64_t rows, states;

	if (!r)
		return -1;
	c->kind = x->n->op[0];
	c->gates = c->kind == 'R' ? 1 : c->kind == 'G' ? 3 : GATES;
	c->directions = strcmp(direction, "bidirectional") == 0 ? 2 : 1;
	c->batch_first = im_int(x->n, "layout", 0) != 0;
	c->linear_before_reset = im_int(x->n, "linear_before_reset", 0) != 0;
	c->input_forget = im_int(x->n, "input_forget", 0) != 0;
	c->clip = (double)im_float(x->n, "clip", 0);
	if (in->rank != 3 || w->rank != 3 || r->rank != 3)
		return err_set(e, "inputs %s, %s, %s do not fit", tensor_shape_text(in),
			       tensor_shape_text(w), tensor_shape_text(r));
	c->steps = in->dim[c->batch_first];
	c->batch = in->dim[!c->batch_first];
	c->in = in->dim[2];
	c->hidden = r->dim[2];
	rows = c->gates * c->hidden;
	states = c->directions * c->batch * c->hidden;
	if (w->dim[0] != c->directions || r->dim[0] != c->directions || w->dim[1] != rows ||
	    r->dim[1] != rows || w->dim[2] != c->in || c->hidden < 1)
		return err_set(e, "inputs %s, %s, %s do not fit", tensor_shape_text(in),
			       tensor_shape_text(w), tensor_shape_text(r));
	c->x = or_f(in);
	c->w = or_f(w);
	c->r = or_f(r);
	c->lengths = or_maybe(x, 4);
	if (optional(x, 3, c->directions * 2 * rows, &c->b, e) < 0 ||
	    optional(x, 5, states, &c->h0, e) < 0 || check_lengths(c, e) < 0 ||
	    read_acts(x, c, e) < 0)
		return -1;
	if (c->kind == 'L' && (optional(x, 6, states, &c->c0, e) < 0 ||
			       optional(x, 7, c->directions * 3 * c->hidden, &c->p, e) < 0))
		return -1;
	return 0;
}

static int outputs(struct or_node *x, struct cell *c, struct err *e)
{
	const int64_t t = c->steps, d = c->directions, b = c->batch, h = c->hidden;
	const int64_t y0[4] = { t, d, b, h }, y1[4] = { b, t, d, h };
	const int64_t s0[3] = { d, b, h }, s1[3] = { b, d, h };
	float **const to[3] = { &c->y, &c->yh, &c->yc };

	for (size_t i = 0; i < x->nout && i < (c->kind == 'L' ? 3 : 2); i++) {
		*to[i] = i ? or_out(x, i, DT_F32, 3, c->batch_first ? s1 : s0, e)
			   : or_out(x, i, DT_F32, 4, c->batch_first ? y1 : y0, e);
		if (!*to[i])
			return -1;
	}
	return 0;
}

int or_rnn(struct or_node *x, struct err *e)
{
	const bool reverse = strcmp(im_string(x->n, "direction", "forward"), "reverse") == 0;
	struct cell c = { .kind = 0 };
	double *work;

	if (read_cell(x, &c, e) < 0 || outputs(x, &c, e) < 0)
		return -1;
	work = or_scratch(x, 5 * (size_t)c.hidden, sizeof *work, e);
	if (!work)
		return -1;
	for (int64_t d = 0; d < c.directions; d++)
		for (int64_t b = 0; b < c.batch; b++)
			sequence(&c, d, reverse || d == 1, b, work);
	free(work);
	return 0;
}
