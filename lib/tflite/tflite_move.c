/* Operators that join, cut, pad and name values otherwise. */
#include "base/limits.h"
#include "tflite/tflite_int.h"

static struct im_value *along(struct tfl *t, const struct tfl_oper *o, const char *op,
			      struct im_value *x, int64_t axis)
{
	struct im_node *n = tfl_unary(t, o, op, x);

	im_put_ints(t->g, n, "axes", &axis, 1);
	return tfl_step(t, o, n);
}

int tfl_concat(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	struct im_node *n;

	if (tfl_needs(o, o->nin ? o->nin : 1, e) < 0)
		return -1;
	n = tfl_node(t, o, "Concat", o->nin);
	for (size_t i = 0; i < o->nin; i++)
		n->in[i] = o->in[i]->v;
	im_put_int(n, "axis", fb_i32(&o->opt, 0, 0));
	return tfl_activate(t, o, n, fb_i8(&o->opt, 1, 0), e);
}

/* Each input gets the new dimension, along which they are joined. */
int tfl_pack(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	const int64_t axis = fb_i32(&o->opt, 1, 0);
	struct im_node *n;

	if (tfl_needs(o, o->nin ? o->nin : 1, e) < 0)
		return -1;
	n = tfl_node(t, o, "Concat", o->nin);
	for (size_t i = 0; i < o->nin; i++)
		n->in[i] = along(t, o, "Unsqueeze", o->in[i]->v, axis);
	im_put_int(n, "axis", axis);
	return 0;
}

/* A Split of so many outputs, which the caller sets. */
static struct im_node *split(struct tfl *t, const struct tfl_oper *o, struct im_value *x,
			     int64_t axis)
{
	struct im_node *n = tfl_unary(t, o, "Split", x);

	im_split(t->g, n, o->nout, axis);
	return n;
}

int tfl_unpack(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	int64_t axis = fb_i32(&o->opt, 1, 0);
	struct im_node *parts;

	if (tfl_needs(o, 1, e) < 0)
		return -1;
	parts = split(t, o, o->in[0]->v, axis);
	for (size_t k = 0; k < o->nout; k++) {
		struct im_value *part = tfl_step(t, o, parts);
		struct im_node *n = tfl_unary(t, o, "Squeeze", part);

		parts->out[k] = part;
		im_put_ints(t->g, n, "axes", &axis, 1);
		tfl_makes(n, o, k);
	}
	if (o->nout)
		parts->out[0] = t->g->node[t->g->nnode - o->nout]->in[0];
	return 0;
}

int tfl_split(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	struct im_node *n;
	int64_t axis;

	if (tfl_needs(o, 2, e) < 0 || tfl_number(o, 0, "axis", &axis, e) < 0)
		return -1;
	n = split(t, o, o->in[1]->v, axis);
	for (size_t k = 0; k < o->nout; k++)
		n->out[k] = o->out[k]->v;
	return 0;
}

int tfl_split_v(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	int64_t *parts, axis, sum;
	struct im_node *n;
	size_t open;
	int d;

	if (tfl_needs(o, 3, e) < 0 || tfl_number(o, 2, "axis", &axis, e) < 0 ||
	    tfl_axis(o->in[0], axis, &d, e) < 0 ||
	    !(parts = im_split_sizes(t->g, o->in[1]->v, o->nout, &open, &sum, e)))
		return -1;
	if (open < o->nout)
		parts[open] = o->in[0]->dim[d] - sum;
	n = split(t, o, o->in[0]->v, axis);
	for (size_t k = 0; k < o->nout; k++)
		n->out[k] = o->out[k]->v;
	im_put_ints(t->g, n, "split", parts, o->nout);
	return 0;
}

/* PAD, PADV2 with a value, MIRROR_PAD: pairs of a dimension each. */
int tfl_pad(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	int64_t pad[2 * LIMIT_RANK];
	struct im_node *n;
	size_t count;

	if (tfl_needs(o, 2, e) < 0 || im_margins(o->in[1]->v, pad, &count, e) < 0)
		return -1;
	n = tfl_node(t, o, "Pad", 3);
	n->in[0] = o->in[0]->v;
	n->in[2] = o->nin > 2 && o->in[2] ? o->in[2]->v : NULL;
	im_put_ints(t->g, n, "pads", pad, count);
	if (strcmp(o->kind, "MIRROR_PAD") == 0)
		im_put_text(n, "mode", fb_i8(&o->opt, 0, 0) ? "symmetric" : "reflect");
	return 0;
}

int tfl_reshape(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	const bool given = o->nin > 1 && o->in[1];
	int64_t dim[LIMIT_RANK];
	struct im_node *n;
	size_t rank;

	if (tfl_needs(o, 1, e) < 0 || tfl_option_list(o, 0, "shape", dim, &rank, e) < 0)
		return -1;
	n = tfl_node(t, o, "Reshape", given ? 2 : 1);
	n->in[0] = o->in[0]->v;
	if (given)
		n->in[1] = o->in[1]->v;
	else
		im_put_ints(t->g, n, "shape", dim, rank);
	return 0;
}

int tfl_squeeze(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	int64_t axes[LIMIT_RANK];
	struct im_node *n;
	size_t count;

	if (tfl_needs(o, 1, e) < 0 || tfl_option_list(o, 0, "dimensions", axes, &count, e) < 0)
		return -1;
	n = tfl_unary(t, o, "Squeeze", o->in[0]->v);
	if (count)
		im_put_ints(t->g, n, "axes", axes, count);
	return 0;
}

int tfl_expand_dims(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	int64_t axis;

	if (tfl_needs(o, 1, e) < 0 || tfl_number(o, 1, "axis", &axis, e) < 0)
		return -1;
	im_put_ints(t->g, tfl_unary(t, o, "Unsqueeze", o->in[0]->v), "axes", &axis, 1);
	return 0;
}

int tfl_transpose(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	int64_t perm[LIMIT_RANK];
	size_t count;

	if (tfl_needs(o, 1, e) < 0 || tfl_list(o, 1, "permutation", perm, &count, e) < 0)
		return -1;
	im_put_ints(t->g, tfl_unary(t, o, "Transpose", o->in[0]->v), "perm", perm, count);
	return 0;
}

/* DEPTH_TO_SPACE, SPACE_TO_DEPTH. */
int tfl_blocks(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	struct im_node *n;

	if (tfl_needs(o, 1, e) < 0)
		return -1;
	n = tfl_unary(t, o, o->op, o->in[0]->v);
	n->last = true;
	im_put_int(n, "blocksize", fb_i32(&o->opt, 0, 0));
	return 0;
}

/* One index, or a list of them, along one dimension. */
int tfl_gather(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	struct im_node *n;

	if (tfl_needs(o, 2, e) < 0)
		return -1;
	if (fb_i32(&o->opt, 1, 0) != 0)
		return err_set(e, "batch dimensions of its indices are not supported");
	n = tfl_node(t, o, "Gather", 2);
	n->in[0] = o->in[0]->v;
	n->in[1] = o->in[1]->v;
	im_put_int(n, "axis", fb_i32(&o->opt, 0, 0));
	return 0;
}
