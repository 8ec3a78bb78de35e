/* UNIDIRECTIONAL_SEQUENCE_LSTM: its gates' weights, each a tensor, become those of ONNX's LSTM. */
#include "tflite/tflite_int.h"
#include <math.h>

/* Places of inputs: four each of weights, by the gates input, forget, cell, output. */
enum {
	INPUT = 0,
	WEIGHTS = 1,
	RECURRENT = 5,
	PEEPHOLES = 9,
	BIASES = 12,
	PROJECTION = 16,
	OUTPUT_STATE = 18,
	CELL_STATE = 19,
	LAYER_NORM = 20,
	INPUTS = 24,
	GATES = 4,
	FLAT = 10, /* tanh is 1 from here on */
	COPIES = 8 /* how often all bytes of the file may be put together anew */
};

/* ONNX's order of gates: input, output, forget, cell. */
static const size_t order[GATES] = { 0, 3, 1, 2 };

static const struct tfl_tensor *at(const struct tfl_oper *o, size_t i)
{
	return i < o->nin ? o->in[i] : NULL;
}

/* Four weights [rows, cols] from input `first` on as [1, 4 rows, cols] (cols 0: [1, 4 rows]). */
static struct im_value *gates(struct tfl *t, const struct tfl_oper *o, size_t first,
			      const char *what, int64_t rows, int64_t cols, struct err *e)
{
	const int64_t dim[3] = { 1, GATES * rows, cols }, each = rows * (cols ? cols : 1);
	const int rank = cols ? 2 : 1;
	struct tensor w;
	float *to;

	for (size_t i = 0; i < GATES; i++) {
		const struct tfl_tensor *g = at(o, first + i);

		if (!g) {
			err_set(e,
				"its %s of gate %zu are absent (coupled gates are not supported)",
				what, i);
			return NULL;
		}
		if (!g->v->is_const || g->rank != rank || g->v->data.dim[0] != rows ||
		    (cols && g->v->data.dim[1] != cols)) {
			err_set(e, "its %s of gate %zu are no constant of %lld rows", what, i,
				(long long)rows);
			return NULL;
		}
	}
	t->copied += (size_t)(GATES * each) * sizeof(float);
	if (t->copied > COPIES * t->file->n) {
		err_set(e, "its weights are used too often");
		return NULL;
	}
	w = tensor_new(DT_F32, rank + 1, dim);
	to = tensor_data(&w);
	for (size_t i = 0; i < GATES; i++)
		for (int64_t k = 0; k < each; k++)
			*to++ = (float)tensor_get(&at(o, first + order[i])->v->data, (size_t)k);
	return tfl_const(t, o, w);
}

/* Biases of the input side; those of the recurrent side are 0. */
static struct im_value *biases(struct tfl *t, const struct tfl_oper *o, int64_t hidden,
			       struct err *e)
{
	struct im_value *v = gates(t, o, BIASES, "biases", hidden, 0, e);
	struct tensor both;

	if (!v)
		return NULL;
	both = tensor_new(DT_F32, 2, (int64_t[]){ 1, 2 * GATES * hidden });
	memcpy(tensor_data(&both), v->data.data, tensor_bytes(&v->data));
	im_set_const(v, both);
	return v;
}

/* A state at the start as ONNX has it, with the direction; NULL: zeros, as of all variables. */
static struct im_value *state(struct tfl *t, const struct tfl_oper *o, size_t i, bool time_major)
{
	const struct tfl_tensor *s = at(o, i);
	const int64_t axis = time_major ? 0 : 1;
	struct im_node *n;

	if (!s || s->variable)
		return NULL;
	n = tfl_unary(t, o, "Unsqueeze", s->v);
	im_put_ints(t->g, n, "axes", &axis, 1);
	return tfl_step(t, o, n);
}

static int refuse(const struct tfl_oper *o, struct err *e)
{
	const int64_t act = fb_i8(&o->opt, 0, 0);
	const float clip = fb_f32(&o->opt, 1, 0);

	for (size_t i = 0; i < 3; i++)
		if (at(o, PEEPHOLES + i))
			return err_set(e, "peepholes are not supported");
	if (at(o, PROJECTION))
		return err_set(e, "a projection of its output is not supported");
	for (size_t i = LAYER_NORM; i < INPUTS; i++)
		if (at(o, i))
			return err_set(e, "normalization of its gates is not supported");
	if (clip != 0 && !(clip >= FLAT && isfinite(clip)))
		return err_set(e, "clipping of its cells to %g is not supported", (double)clip);
	if (act != 4)
		return err_set(e, "its activation %lld is not supported, only tanh",
			       (long long)act);
	return 0;
}

int tfl_lstm(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	const bool time_major = fb_u8(&o->opt, 3, 0) != 0;
	const struct tfl_tensor *r = at(o, RECURRENT + 1), *w = at(o, WEIGHTS + 1);
	const int64_t direction = time_major ? 1 : 2;
	struct im_value *operand[4], *h, *c;
	struct im_node *n;

	if (tfl_needs(o, 1, e) < 0 || refuse(o, e) < 0)
		return -1;
	if (!r || !w || r->rank != 2 || w->rank != 2)
		return err_set(e, "its weights are no matrices");
	operand[0] = o->in[INPUT]->v;
	if (!(operand[1] = gates(t, o, WEIGHTS, "weights", w->dim[0], w->dim[1], e)) ||
	    !(operand[2] = gates(t, o, RECURRENT, "recurrent weights", w->dim[0], w->dim[0], e)) ||
	    !(operand[3] = biases(t, o, w->dim[0], e)))
		return -1;
	h = state(t, o, OUTPUT_STATE, time_major);
	c = state(t, o, CELL_STATE, time_major);
	n = tfl_node(t, o, "LSTM", 7);
	memcpy(n->in, operand, sizeof operand);
	n->in[5] = h;
	n->in[6] = c;
	im_put_int(n, "hidden_size", w->dim[0]);
	im_put_int(n, "layout", !time_major);
	im_put_float(n, "cell_clip", fb_f32(&o->opt, 1, 0));
	n = tfl_unary(t, o, "Squeeze", tfl_step(t, o, n));
	im_put_ints(t->g, n, "axes", &direction, 1);
	return 0;
}
