/* LSTM, GRU, RNN: what the operator asks for, its steps in order, its outputs. */
#include "onnx/onnx_rnn.h"
#include "base/limits.h"

static const struct rnn_cell cells[] = {
	{ "GRU", 3, 2, rnn_step_gru, { "Sigmoid", "Tanh", NULL } },
	{ "LSTM", 4, 3, rnn_step_lstm, { "Sigmoid", "Tanh", "Tanh" } },
	{ "RNN", 1, 1, rnn_step_rnn, { "Tanh", NULL, NULL } },
};

static struct im_value *input(const struct im_node *n, size_t i)
{
	return i < n->nin ? n->in[i] : NULL;
}

/* A weight of rank 3 (or 2: cols 0) with these sizes; cols -1: any. */
static const struct tensor *weight(const struct im_node *n, size_t i, const char *what,
				   int64_t dirs, int64_t rows, int64_t cols, struct err *e)
{
	const struct tensor *t = onnx_constant(n, i, what, e);
	const int rank = cols ? 3 : 2;

	if (!t)
		return NULL;
	if (t->rank != rank || t->dim[0] != dirs || t->dim[1] != rows ||
	    (cols > 0 && t->dim[2] != cols)) {
		err_set(e, "its %s %s do not have %lld rows in %lld directions", what,
			tensor_shape_text(t), (long long)rows, (long long)dirs);
		return NULL;
	}
	return t;
}

static int read_weights(struct rnn *r, const struct im_node *n, struct err *e)
{
	const struct im_value *w = input(n, 2);
	int64_t rows;

	if (!w || !w->is_const || w->data.rank != 3)
		return err_set(e, "its recurrent weights are no constant of three dimensions");
	r->hidden = w->data.dim[2];
	if (r->hidden < 1 || r->hidden > LIMIT_FEATURES / 8 ||
	    im_int(n, "hidden_size", r->hidden) != r->hidden)
		return err_set(e, "its hidden size is %lld, its recurrent weights are %s",
			       (long long)im_int(n, "hidden_size", r->hidden),
			       tensor_shape_text(&w->data));
	rows = r->gates * r->hidden;
	r->w = weight(n, 1, "weights", r->dirs, rows, r->inputs, e);
	r->r = r->w ? weight(n, 2, "recurrent weights", r->dirs, rows, r->hidden, e) : NULL;
	if (!r->r)
		return -1;
	if (input(n, 3) && !(r->bias = weight(n, 3, "biases", r->dirs, 2 * rows, 0, e)))
		return -1;
	return 0;
}

/* What no block of layers here does. */
static int refuse(const struct im_node *n, int64_t steps, struct err *e)
{
	const struct im_value *len = input(n, 4);

	if (steps > RNN_STEPS_MAX)
		return err_set(e,
			       "a sequence of %lld steps would be unrolled into as many blocks of "
			       "layers (at most %d steps)",
			       (long long)steps, RNN_STEPS_MAX);
	if (im_attr(n, "clip"))
		return err_set(e, "clipping of its cells (clip) is not supported");
	if (im_int(n, "input_forget", 0))
		return err_set(e, "coupled input and forget gates are not supported");
	if (input(n, 7))
		return err_set(e, "peepholes are not supported");
	for (size_t i = 0; len && i < (len->is_const ? tensor_count(&len->data) : 1); i++)
		if (!len->is_const || tensor_get_int(&len->data, i) != steps)
			return err_set(e,
				       "sequences shorter than the input (%lld steps) are not "
				       "supported",
				       (long long)steps);
	return 0;
}

enum {
	JOINED = 16 /* steps in one concatenation */
};

/* One unrolled sequence: x, where its steps and images lie, the states. */
struct sequence {
	struct rnn r;
	const struct rnn_cell *cell;
	bool layout;  /* images before steps */
	bool reverse; /* the first direction runs backwards */
	struct im_view x;
	int64_t steps;
	char step, image;        /* axis letters */
	struct rnn_signal *y[2]; /* h of each step */
	struct rnn_state last[2];
	float *value[4]; /* constant states */
};

static int direction(struct sequence *s, const struct im_node *n, struct err *e)
{
	const char *d = im_string(n, "direction", "forward");

	s->r.dirs = strcmp(d, "bidirectional") == 0 ? 2 : 1;
	s->reverse = strcmp(d, "reverse") == 0;
	if (s->r.dirs == 1 && !s->reverse && strcmp(d, "forward") != 0)
		return err_set(e, "direction '%s' is unknown", quote(d));
	return 0;
}

/* x with its steps along rows or columns, images beside, inputs in the features. */
static int lay(struct build *b, struct sequence *s, struct im_value *x, struct err *e)
{
	static const char *const ways[4] = { "WH", "HW", "WB", "HB" };
	const int step = s->layout ? 1 : 0, image = 1 - step;
	char axes[4] = "..C", best[4] = "";
	int least = -1;
	bool batch;

	if (x->view.rank != 3)
		return err_set(e, "its input %s has %d dimensions, 3 expected", view_text(&x->view),
			       x->view.rank);
	batch = x->view.dim[image].n == 0 || x->view.dim[image].at[0] == IM_BATCH;
	if (x->view.dim[step].n && x->view.dim[step].at[0] == IM_BATCH)
		return err_set(e,
			       "its steps (dimension %d of %s) are the network's batch (give "
			       "--net-input-format, as WBC for steps, batch, features)",
			       step, view_text(&x->view));
	for (int i = batch ? 2 : 0; i < (batch ? 4 : 2); i++) {
		int cost;

		axes[step] = ways[i][0];
		axes[image] = ways[i][1];
		cost = view_cost(&x->view, axes);
		if (cost < 0 || (least >= 0 && cost >= least))
			continue;
		least = cost;
		memcpy(best, axes, sizeof best);
	}
	if (least < 0)
		return err_set(e, "its input %s lies in a way that is not supported",
			       view_text(&x->view));
	if (view_want(b, x, best, e) < 0)
		return -1;
	s->x = x->view;
	s->step = best[step];
	s->image = best[image];
	return 0;
}

/* Constant state: one row for each direction, the same for all images. */
static int constant_state(struct sequence *s, const struct im_value *v, struct rnn_signal out[2],
			  float **keep, struct err *e)
{
	const int64_t dirs = s->r.dirs, n = s->r.hidden;
	const int64_t images = view_size(&s->x, s->layout ? 0 : 1);
	const struct tensor *t = &v->data;
	float *to;

	if (t->rank != 3 || t->dim[s->layout ? 0 : 1] != images ||
	    t->dim[s->layout ? 1 : 0] != dirs || t->dim[2] != n)
		return err_set(e,
			       "its initial state %s is not of %lld directions, %lld images, "
			       "%lld features",
			       tensor_shape_text(t), (long long)dirs, (long long)images,
			       (long long)n);
	*keep = to = xcalloc((size_t)(dirs * n), sizeof *to);
	for (int64_t d = 0; d < dirs; d++)
		for (int64_t i = 0; i < images * n; i++) {
			const int64_t at =
			    s->layout ? (i / n * dirs + d) * n + i % n : d * images * n + i;
			const float f = (float)tensor_get(t, (size_t)at);

			if (i < n)
				to[d * n + i] = f;
			else if (f != to[d * n + i % n])
				return err_set(e, "its initial state differs between the images "
						  "of a batch");
			if (f != 0)
				out[d].value = to + d * n;
		}
	return 0;
}

static int state(struct build *b, struct sequence *s, const struct im_value *v,
		 struct rnn_signal out[2], float **keep, struct err *e)
{
	const int image = s->layout ? 0 : 1;
	struct im_value copy;
	char axes[4] = "BBC";

	if (!v)
		return 0;
	if (v->is_const)
		return constant_state(s, v, out, keep, e);
	copy = *v;
	if (s->r.dirs != 1)
		return err_set(e, "a computed initial state of two directions is not supported");
	axes[image] = s->image;
	if (view_want(b, &copy, axes, e) < 0)
		return -1;
	if (view_size(&copy.view, image) != view_size(&s->x, image) ||
	    view_size(&copy.view, 1 - image) != 1 || copy.view.base[2] != s->r.hidden)
		return err_set(e, "its initial state %s does not fit its input %s",
			       view_text(&copy.view), view_text(&s->x));
	out[0] = (struct rnn_signal){ .l = copy.view.layer, .port = copy.view.port };
	return 0;
}

static int states(struct build *b, struct sequence *s, const struct im_node *n,
		  struct rnn_state first[2], struct err *e)
{
	struct rnn_signal h[2] = { { .l = NULL } }, c[2] = { { .l = NULL } };

	if (state(b, s, input(n, 5), h, &s->value[0], e) < 0 ||
	    (s->cell->gates == 4 && state(b, s, input(n, 6), c, &s->value[1], e) < 0))
		return -1;
	for (int d = 0; d < 2; d++)
		first[d] = (struct rnn_state){ h[d], c[d] };
	return 0;
}

static void unroll(struct build *b, struct sequence *s, const struct rnn_state first[2])
{
	struct rnn_signal *x = xcalloc((size_t)s->steps, sizeof *x);
	const int axis = onnx_slot(s->step);

	for (int64_t t = 0; t < s->steps; t++)
		x[t] = s->steps == 1
			   ? (struct rnn_signal){ .l = s->x.layer, .port = s->x.port }
			   : (struct rnn_signal){ .l = build_slice(b, &s->x, axis, t, t + 1, 1) };
	for (int d = 0; d < s->r.dirs; d++) {
		struct rnn_state now = first[d];

		s->y[d] = xcalloc((size_t)s->steps, sizeof *s->y[d]);
		for (int64_t i = 0; i < s->steps; i++) {
			const int64_t t = (d == 1 || s->reverse) ? s->steps - 1 - i : i;

			now = s->cell->step(&s->r, d, x[t], now);
			s->y[d][t] = now.h;
		}
		s->last[d] = now;
	}
	free(x);
}

static void result(struct im_value *v, const struct sequence *s, struct rnn_signal y, int rank)
{
	int64_t size[4], images = view_size(&s->x, s->layout ? 0 : 1);
	const int64_t steps = rank == 4 ? s->steps : 1;
	const char image = s->image;
	char axes[5];

	/* Y: steps, directions, images, features, or images first; states have no steps. */
	if (s->layout) {
		memcpy(size, (int64_t[]){ images, steps, s->r.dirs, s->r.hidden }, sizeof size);
		memcpy(axes, (char[]){ image, s->step, 'C', 'C', '\0' }, sizeof axes);
	} else {
		memcpy(size, (int64_t[]){ steps, s->r.dirs, images, s->r.hidden }, sizeof size);
		memcpy(axes, (char[]){ s->step, 'C', image, 'C', '\0' }, sizeof axes);
	}
	view_lay(&v->view, y.l, y.port, s->x.batch, size, axes);
	if (rank == 3)
		view_squeeze(&v->view, s->layout ? 1 : 0);
	v->view.sole = false;
	v->done = true;
}

/* Both directions side by side. */
static struct rnn_signal sides(struct sequence *s, struct rnn_signal a, struct rnn_signal b)
{
	return rnn_join(&s->r, (struct rnn_signal[]){ a, b }, (size_t)s->r.dirs);
}

static bool is_used(const struct im_node *n, size_t i)
{
	return i < n->nout && n->out[i] && n->out[i]->nuse;
}

/*
 * The steps behind each other.  Joins of joins, so that none takes in more tensors than can come
 * from other contexts.
 */
static struct rnn_signal all_steps(struct build *b, struct sequence *s)
{
	struct rnn_signal *y = xcalloc((size_t)s->steps, sizeof *y), all;
	int64_t n = s->steps;

	for (int64_t t = 0; t < n; t++)
		y[t] = sides(s, s->y[0][t], s->y[s->r.dirs - 1][t]);
	while (n > 1) {
		int64_t joins = 0;

		for (int64_t t = 0; t < n; t += JOINED) {
			struct rnn_signal one = y[t];

			if (n - t > 1) {
				one =
				    (struct rnn_signal){ .l = build_layer(b, HN_CONCAT, "concat") };
				one.l->p.concat_axis = onnx_slot(s->step) + 1;
			}
			for (int64_t k = t; n - t > 1 && k < n && k < t + JOINED; k++)
				layer_add_input(b->g, one.l, y[k].l, y[k].port);
			y[joins++] = one;
		}
		n = joins;
	}
	all = y[0];
	free(y);
	return all;
}

static void outputs(struct build *b, struct im_node *n, struct sequence *s)
{
	const struct rnn_state *last = s->last;

	if (is_used(n, 0))
		result(n->out[0], s, all_steps(b, s), 4);
	if (is_used(n, 1))
		result(n->out[1], s, sides(s, last[0].h, last[1].h), 3);
	if (is_used(n, 2))
		result(n->out[2], s, sides(s, last[0].c, last[1].c), 3);
}

static void release(struct sequence *s)
{
	for (int d = 0; d < 2; d++) {
		free(s->y[d]);
		for (int i = 0; i < RNN_KERNELS; i++)
			tensor_release(&s->r.kernel[d][i]);
	}
	for (size_t i = 0; i < sizeof s->value / sizeof s->value[0]; i++)
		free(s->value[i]);
}

int onnx_recurrent(struct build *b, struct im_node *n, struct err *e)
{
	struct sequence s = { .r.b = b, .layout = im_int(n, "layout", 0) != 0 };
	struct rnn_state first[2];
	int r = 0;

	for (s.cell = cells; strcmp(s.cell->op, n->op) != 0;)
		s.cell++;
	s.r.gates = s.cell->gates;
	s.r.reset_after = im_int(n, "linear_before_reset", 0) != 0;
	s.r.cell_clip = im_float(n, "cell_clip", 0); /* not ONNX's */
	if (direction(&s, n, e) < 0 || lay(b, &s, n->in[0], e) < 0)
		return -1;
	s.steps = view_size(&s.x, s.layout ? 1 : 0);
	s.r.inputs = s.x.base[2];
	if (refuse(n, s.steps, e) < 0 || rnn_read_acts(&s.r, n, s.cell, e) < 0 ||
	    read_weights(&s.r, n, e) < 0 || states(b, &s, n, first, e) < 0)
		r = -1;
	if (r == 0) {
		unroll(b, &s, first);
		outputs(b, n, &s);
		for (size_t i = 1; i < 3; i++)
			onnx_spend(n, i);
	}
	release(&s);
	return r;
}
