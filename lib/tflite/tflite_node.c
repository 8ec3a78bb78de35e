/* Nodes and operands: what the makers of operators share. */
#include "base/limits.h"
#include "tflite/tflite_int.h"
#include <math.h>

/* ---- nodes ---- */
struct im_node *tfl_node(struct tfl *t, const struct tfl_oper *o, const char *op, size_t nin)
{
	struct im_node *n = im_add_open(t->g, op, o->name, nin, 1);

	n->kind = o->kind;
	n->out[0] = o->out[0]->v;
	return n;
}

struct im_node *tfl_unary(struct tfl *t, const struct tfl_oper *o, const char *op,
			  struct im_value *x)
{
	struct im_node *n = tfl_node(t, o, op, 1);

	n->in[0] = x;
	return n;
}

static struct im_value *own_value(struct tfl *t, const struct tfl_oper *o)
{
	return im_fresh(t->g, o->name, ':', &t->nstep);
}

struct im_value *tfl_step(struct tfl *t, const struct tfl_oper *o, struct im_node *n)
{
	n->out[0] = own_value(t, o);
	n->part_of = n; /* until the last node is known */
	return n->out[0];
}

void tfl_makes(struct im_node *n, const struct tfl_oper *o, size_t k)
{
	n->out[0] = o->out[k]->v;
	n->name = n->origin[0] = n->out[0]->name;
}

struct im_value *tfl_const(struct tfl *t, const struct tfl_oper *o, struct tensor data)
{
	struct im_value *v = own_value(t, o);

	im_set_const(v, data);
	return v;
}

int tfl_activate(struct tfl *t, const struct tfl_oper *o, struct im_node *n, int64_t act,
		 struct err *e)
{
	static const struct {
		const char *op;
		float lo, hi;
	} rows[] = {
		{ NULL, 0, 0 },   { "Relu", 0, 0 }, { "CLIP", -1, 1 },
		{ "CLIP", 0, 6 }, { "Tanh", 0, 0 },
	};
	struct im_node *a;

	if (act < 0 || (size_t)act >= sizeof rows / sizeof rows[0])
		return err_set(e, "its activation %lld is unknown", (long long)act);
	if (!rows[act].op)
		return 0;
	a = tfl_unary(t, o, rows[act].op, tfl_step(t, o, n));
	if (rows[act].hi != 0) {
		im_put_float(a, "min", rows[act].lo);
		im_put_float(a, "max", rows[act].hi);
	}
	return 0;
}

/* ---- operands ---- */
int tfl_needs(const struct tfl_oper *o, size_t nin, struct err *e)
{
	for (size_t i = 0; i < nin; i++)
		if (i >= o->nin || !o->in[i])
			return err_set(e, "its input %zu is absent", i);
	return 0;
}

int tfl_list(const struct tfl_oper *o, size_t i, const char *what, int64_t out[LIMIT_RANK],
	     size_t *n, struct err *e)
{
	return im_list(i < o->nin && o->in[i] ? o->in[i]->v : NULL, what, out, n, e);
}

int tfl_number(const struct tfl_oper *o, size_t i, const char *what, int64_t *out, struct err *e)
{
	return im_one_number(i < o->nin && o->in[i] ? o->in[i]->v : NULL, what, out, e);
}

int tfl_option_list(const struct tfl_oper *o, unsigned field, const char *what,
		    int64_t out[LIMIT_RANK], size_t *n, struct err *e)
{
	const struct fb_vector v = fb_vector(&o->opt, field, 4);

	*n = v.n;
	if (v.n > LIMIT_RANK)
		return err_set(e, "its %s has %zu numbers, at most %d expected", what, v.n,
			       LIMIT_RANK);
	for (size_t k = 0; k < v.n; k++)
		out[k] = fb_i32_at(&v, k);
	return 0;
}

int tfl_axis(const struct tfl_tensor *x, int64_t axis, int *out, struct err *e)
{
	if (axis < -x->rank || axis >= x->rank)
		return err_set(e, "axis %lld is not in a tensor of %d dimensions", (long long)axis,
			       x->rank);
	*out = (int)(axis < 0 ? axis + x->rank : axis);
	return 0;
}
