/*
 * One step of an LSTM, GRU or RNN.  x_t and h_{t-1} are joined and go through one 1x1 convolution
 * with the gates' activation in it: what is inside of the activation is never rounded to a layer's
 * output.  A state of zeros costs no layers, a constant one only vectors.
 */
#include "onnx/onnx_rnn.h"

/* Which rows of the weights a convolution has, which gates, and the sign of each. */
struct plan {
	int slot; /* of the kernel: the same for all steps */
	bool x, h;
	bool wbias, rbias;
	int n;
	int gate[3];
	float sign[3];
};

static struct layer *after(struct rnn *r, enum hn_type t, const char *base, struct rnn_signal in)
{
	struct layer *l = build_layer(r->b, t, base);

	layer_add_input(r->b->g, l, in.l, in.port);
	return l;
}

static struct rnn_signal made_by(struct layer *l)
{
	return (struct rnn_signal){ .l = l };
}

static void set_act(struct layer *l, const struct rnn_act *a)
{
	l->p.activation = a->act;
	l->p.act = a->p;
}

struct rnn_signal rnn_join(struct rnn *r, const struct rnn_signal *s, size_t n)
{
	struct layer *l;

	if (n == 1)
		return s[0];
	l = after(r, HN_CONCAT, "concat", s[0]);
	for (size_t i = 1; i < n; i++)
		layer_add_input(r->b->g, l, s[i].l, s[i].port);
	l->p.concat_axis = 3;
	return made_by(l);
}

static struct rnn_signal two(struct rnn *r, enum hn_type t, const char *base, struct rnn_signal a,
			     struct rnn_signal b)
{
	struct layer *l = after(r, t, base, a);

	layer_add_input(r->b->g, l, b.l, b.port);
	return made_by(l);
}

/* s * k + add per feature; add NULL: 0. */
static struct rnn_signal scaled(struct rnn *r, struct rnn_signal s, const float *k,
				const float *add)
{
	struct layer *l = after(r, HN_NORMALIZATION, "normalization", s);
	float *zero = xcalloc((size_t)r->hidden, sizeof *zero);

	build_weight(r->b, l, "kernel", k, r->hidden);
	build_weight(r->b, l, "bias", add ? add : zero, r->hidden);
	free(zero);
	return made_by(l);
}

/* s * state, where the state is no zero. */
static struct rnn_signal times(struct rnn *r, struct rnn_signal s, struct rnn_signal state)
{
	return state.l ? two(r, HN_EW_MULT, "ew_mult", s, state) : scaled(r, s, state.value, NULL);
}

static bool is_zero(struct rnn_signal s)
{
	return !s.l && !s.value;
}

/* Row o of weights [dirs][gates hidden][n]: the values that make output o of this gate. */
static size_t row(const struct rnn *r, int d, int gate, int64_t o, int64_t n)
{
	return (size_t)(((d * r->gates + gate) * r->hidden + o) * n);
}

static struct tensor kernel(const struct rnn *r, int d, const struct plan *p)
{
	const int64_t nx = p->x ? r->inputs : 0, nh = p->h ? r->hidden : 0;
	const int64_t n = p->n * r->hidden;
	struct tensor t = tensor_new(DT_F32, 4, (int64_t[]){ 1, 1, nx + nh, n });
	float *to = tensor_data(&t);

	for (int64_t o = 0; o < n; o++) {
		const int g = p->gate[o / r->hidden];
		const float sign = p->sign[o / r->hidden];
		const size_t w = row(r, d, g, o % r->hidden, r->inputs);
		const size_t u = row(r, d, g, o % r->hidden, r->hidden);

		for (int64_t i = 0; i < nx; i++)
			to[i * n + o] = sign * (float)tensor_get(r->w, w + (size_t)i);
		for (int64_t i = 0; i < nh; i++)
			to[(nx + i) * n + o] = sign * (float)tensor_get(r->r, u + (size_t)i);
	}
	return t;
}

/* Output o of a gate for a constant state: its product with the weights (h NULL: none) and bias. */
static float offset(const struct rnn *r, int d, int gate, int64_t o, const float *h, bool wbias,
		    bool rbias)
{
	const size_t g = (size_t)(gate * r->hidden + o), all = (size_t)(r->gates * r->hidden);
	const size_t at = (size_t)d * 2 * all + g;
	double sum = 0;

	if (wbias && r->bias)
		sum += tensor_get(r->bias, at);
	if (rbias && r->bias)
		sum += tensor_get(r->bias, at + all);
	for (int64_t i = 0; h && i < r->hidden; i++)
		sum += (double)h[i] * tensor_get(r->r, row(r, d, gate, o, r->hidden) + (size_t)i);
	return (float)sum;
}

/* A 1x1 convolution of these gates; h: a constant state, which is in the bias. */
static struct layer *gates(struct rnn *r, int d, struct rnn_signal in, const struct plan *p,
			   const float *h)
{
	struct layer *l = after(r, HN_CONV, "conv", in);
	const int64_t n = p->n * r->hidden;
	struct tensor *k = &r->kernel[d][p->slot];
	float *bias = xcalloc((size_t)n, sizeof *bias);

	if (!k->data)
		*k = kernel(r, d, p);
	layer_set_weight(r->b->w, l, "kernel", tensor_ref(k));
	l->p.kernel[2] = (int32_t)k->dim[2];
	l->p.kernel[3] = (int32_t)n;
	for (int64_t o = 0; o < n; o++)
		bias[o] = p->sign[o / r->hidden] * offset(r, d, p->gate[o / r->hidden],
							  o % r->hidden, h, p->wbias, p->rbias);
	build_weight(r->b, l, "bias", bias, n);
	free(bias);
	return l;
}

/* Parts of `hidden` features each. */
static void split(struct rnn *r, struct layer *l, int n, struct rnn_signal out[3])
{
	if (n == 1) {
		out[0] = made_by(l);
		return;
	}
	l = after(r, HN_FEATURE_SPLITTER, "feature_splitter", made_by(l));
	l->p.nsplit = n;
	for (int i = 0; i < n; i++) {
		l->p.split[i] = (int32_t)r->hidden;
		out[i] = (struct rnn_signal){ .l = l, .port = i };
	}
}

/* x, or x and a computed state. */
static struct rnn_signal both(struct rnn *r, struct rnn_signal x, struct rnn_signal h)
{
	return h.l ? rnn_join(r, (struct rnn_signal[]){ x, h }, 2) : x;
}

struct rnn_state rnn_step_rnn(struct rnn *r, int d, struct rnn_signal x, struct rnn_state s)
{
	const struct plan p = { .slot = s.h.l ? 0 : 1,
				.x = true,
				.h = s.h.l,
				.wbias = true,
				.rbias = true,
				.n = 1,
				.sign = { 1 } };
	struct layer *l = gates(r, d, both(r, x, s.h), &p, s.h.value);

	set_act(l, &r->act[d][0]);
	return (struct rnn_state){ .h = made_by(l) };
}

/* What h(c) sees needs none: it is tanh, and 1 beyond the bound. */
static void clip_cell(const struct rnn *r, struct layer *l)
{
	if (!(r->cell_clip > 0))
		return;
	l->p.activation = ACT_CLIP;
	l->p.act.lo = -r->cell_clip;
	l->p.act.hi = r->cell_clip;
}

/*
 * i, o, f = f(...), g = g(...); c = f c + i g; h = o h(c).  The sum is made twice, once as the next
 * state and once with the activation in it, so that the activation sees it unrounded.
 */
struct rnn_state rnn_step_lstm(struct rnn *r, int d, struct rnn_signal x, struct rnn_state s)
{
	enum {
		I,
		O,
		F,
		C
	};
	const bool rows = s.h.l;
	const struct plan sig = { .slot = (rows ? 0 : 2) + (is_zero(s.c) ? 4 : 0),
				  .x = true,
				  .h = rows,
				  .wbias = true,
				  .rbias = true,
				  .n = is_zero(s.c) ? 2 : 3,
				  .gate = { I, O, F },
				  .sign = { 1, 1, 1 } };
	struct plan cell = sig;
	const struct rnn_signal in = both(r, x, s.h);
	struct rnn_signal part[3], g, ig, fc, to;
	struct rnn_state next;
	struct layer *l;

	cell.slot++;
	cell.n = 1;
	cell.gate[0] = C;
	l = gates(r, d, in, &sig, s.h.value);
	set_act(l, &r->act[d][0]);
	split(r, l, sig.n, part);
	g = made_by(gates(r, d, in, &cell, s.h.value));
	set_act(g.l, &r->act[d][1]);
	if (is_zero(s.c)) {
		next.c = two(r, HN_EW_MULT, "ew_mult", part[I], g);
		to = two(r, HN_EW_MULT, "ew_mult", part[I], g);
	} else {
		ig = two(r, HN_EW_MULT, "ew_mult", part[I], g);
		fc = times(r, part[F], s.c);
		next.c = two(r, HN_EW_ADD, "ew_add", fc, ig);
		to = two(r, HN_EW_ADD, "ew_add", fc, ig);
		clip_cell(r, next.c.l);
	}
	set_act(to.l, &r->act[d][2]);
	next.h = two(r, HN_EW_MULT, "ew_mult", part[O], to);
	return next;
}

/* Candidate of a GRU whose reset works on the product: g(Wx + Wb + r (Rh + Rb)). */
static struct layer *reset_after(struct rnn *r, int d, struct rnn_signal x, struct rnn_signal h,
				 struct rnn_signal reset)
{
	const struct plan px = {
		.slot = 4, .x = true, .wbias = true, .n = 1, .gate = { 2 }, .sign = { 1 }
	};
	const struct plan ph = {
		.slot = 5, .h = true, .rbias = true, .n = 1, .gate = { 2 }, .sign = { 1 }
	};
	struct layer *l = gates(r, d, x, &px, NULL);
	float *k;

	if (h.l) {
		h = made_by(gates(r, d, h, &ph, NULL));
		reset = two(r, HN_EW_MULT, "ew_mult", reset, h);
	} else {
		k = xcalloc((size_t)r->hidden, sizeof *k);
		for (int64_t o = 0; o < r->hidden; o++)
			k[o] = offset(r, d, 2, o, h.value, false, true);
		reset = scaled(r, reset, k, NULL);
		free(k);
	}
	layer_add_input(r->b->g, l, reset.l, reset.port);
	l->p.elementwise_add = true;
	return l;
}

/* The same where it works on the state: g(Wx + R(r h) + b). */
static struct layer *reset_before(struct rnn *r, int d, struct rnn_signal x, struct rnn_signal h,
				  struct rnn_signal reset)
{
	const struct plan p = { .slot = is_zero(h) ? 4 : 5,
				.x = true,
				.h = !is_zero(h),
				.wbias = true,
				.rbias = true,
				.n = 1,
				.gate = { 2 },
				.sign = { 1 } };

	if (!is_zero(h))
		x = rnn_join(r, (struct rnn_signal[]){ x, times(r, reset, h) }, 2);
	return gates(r, d, x, &p, NULL);
}

/* 1 - z where it cannot be had from the gate's weights. */
static struct rnn_signal complement(struct rnn *r, struct rnn_signal z)
{
	float *k = xcalloc(2 * (size_t)r->hidden, sizeof *k);

	for (int64_t i = 0; i < r->hidden; i++) {
		k[i] = -1;
		k[r->hidden + i] = 1;
	}
	z = scaled(r, z, k, k + r->hidden);
	free(k);
	return z;
}

/*
 * z, r = f(...); n: the candidate; h = (1 - z) n + z h.  1 - sigmoid(v) is sigmoid(-v): a gate of
 * its own with the weights' signs turned.
 */
struct rnn_state rnn_step_gru(struct rnn *r, int d, struct rnn_signal x, struct rnn_state s)
{
	const bool sigmoid = r->act[d][0].act == ACT_SIGMOID, rows = s.h.l, zero = is_zero(s.h);
	const bool reset = !zero || (r->reset_after && r->bias);
	struct plan p = {
		.slot = rows ? 0 : 1, .x = true, .h = rows, .wbias = true, .rbias = true
	};
	struct rnn_signal part[3], keep, take, n, h;
	struct layer *l;
	int z = 0;

	/* 1 - z, then r, then z, of which a zero state needs only the first. */
	if (sigmoid)
		p.sign[p.n++] = -1;
	if (reset) {
		p.gate[p.n] = 1;
		p.sign[p.n++] = 1;
	}
	if (!zero || !sigmoid) {
		z = p.n;
		p.sign[p.n++] = 1;
	}
	l = gates(r, d, both(r, x, s.h), &p, s.h.value);
	set_act(l, &r->act[d][0]);
	split(r, l, p.n, part);
	keep = part[z];
	take = sigmoid ? part[0] : complement(r, keep);
	h = part[reset ? sigmoid : 0];
	l = r->reset_after && reset ? reset_after(r, d, x, s.h, h) : reset_before(r, d, x, s.h, h);
	set_act(l, &r->act[d][1]);
	n = two(r, HN_EW_MULT, "ew_mult", take, made_by(l));
	if (!zero)
		n = two(r, HN_EW_ADD, "ew_add", n, times(r, keep, s.h));
	return (struct rnn_state){ .h = n };
}
