/* Operators that join, cut, pad and name values otherwise. */
#include "base/limits.h"
#include "tf/tf_ops.h"

/* Concat has its axis first, ConcatV2 last. */
int tf_concat(struct tf *t, const struct tf_oper *o, struct err *e)
{
	const bool first = strcmp(o->kind, "Concat") == 0;
	struct im_node *n;
	int64_t axis;

	if (tf_needs(o, 2, e) < 0 || tf_number(o, first ? 0 : o->nin - 1, "axis", &axis, e) < 0)
		return -1;
	n = tf_add(t, o, "Concat", o->nin - 1);
	memcpy(n->in, o->in + first, (o->nin - 1) * sizeof(struct im_value *));
	im_put_int(n, "axis", axis);
	return 0;
}

/* Each input gets the new dimension, along which they are joined. */
int tf_pack(struct tf *t, const struct tf_oper *o, struct err *e)
{
	const int64_t axis = tf_attr_int(o->n, "axis", 0);
	struct im_value **part;
	struct im_node *n;

	if (tf_needs(o, 1, e) < 0)
		return -1;
	part = arena_array(&t->g->arena, o->nin, sizeof(struct im_value *));
	for (size_t i = 0; i < o->nin; i++)
		part[i] = tf_along(t, o, "Unsqueeze", o->in[i], axis);
	n = tf_add(t, o, "Concat", o->nin);
	memcpy(n->in, part, o->nin * sizeof(struct im_value *));
	im_put_int(n, "axis", axis);
	return 0;
}

/* A Split of the operator's outputs, which the caller sets. */
static struct im_node *split(struct tf *t, const struct tf_oper *o, struct im_value *x,
			     int64_t axis)
{
	struct im_node *n = tf_unary(t, o, "Split", x);

	im_split(t->g, n, o->nout, axis);
	return n;
}

int tf_unpack(struct tf *t, const struct tf_oper *o, struct err *e)
{
	const int64_t axis = tf_attr_int(o->n, "axis", 0);
	struct im_node *parts, *n;

	if (tf_needs(o, 1, e) < 0)
		return -1;
	parts = split(t, o, o->in[0], axis);
	for (size_t k = 0; k < o->nout; k++)
		parts->out[k] =
		    im_value(t->g, arena_printf(&t->g->arena, "%.900s#part%zu", o->name, k));
	parts->part_of = parts;
	for (size_t k = 0; k < o->nout; k++) {
		n = tf_unary(t, o, "Squeeze", parts->out[k]);
		n->out[0] = tf_out(t, o, k);
		im_put_ints(t->g, n, "axes", &axis, 1);
	}
	return 0;
}

/* Split(axis, x). */
int tf_split(struct tf *t, const struct tf_oper *o, struct err *e)
{
	struct im_node *n;
	int64_t axis;

	if (tf_needs(o, 2, e) < 0 || tf_number(o, 0, "axis", &axis, e) < 0)
		return -1;
	n = split(t, o, o->in[1], axis);
	for (size_t k = 0; k < o->nout; k++)
		n->out[k] = tf_out(t, o, k);
	return 0;
}

/* SplitV(x, sizes, axis): one size may be open. */
int tf_split_v(struct tf *t, const struct tf_oper *o, struct err *e)
{
	int64_t *parts, axis, sum, dim[LIMIT_RANK];
	struct im_node *n;
	size_t open;
	int rank;

	if (tf_needs(o, 3, e) < 0 || tf_number(o, 2, "axis", &axis, e) < 0 ||
	    !(parts = im_split_sizes(t->g, o->in[1], o->nout, &open, &sum, e)))
		return -1;
	if (open < o->nout) {
		if (tf_dims(o, 0, &rank, dim, e) < 0)
			return -1;
		if (axis < -rank || axis >= rank)
			return err_set(e, "axis %lld is not in %d dimensions", (long long)axis,
				       rank);
		parts[open] = dim[axis < 0 ? axis + rank : axis] - sum;
	}
	n = split(t, o, o->in[0], axis);
	for (size_t k = 0; k < o->nout; k++)
		n->out[k] = tf_out(t, o, k);
	im_put_ints(t->g, n, "split", parts, o->nout);
	return 0;
}

/* Pad, PadV2 with a value, MirrorPad: pairs of a dimension each. */
int tf_pad(struct tf *t, const struct tf_oper *o, struct err *e)
{
	int64_t pad[2 * LIMIT_RANK];
	struct im_node *n;
	size_t count;

	if (tf_needs(o, 2, e) < 0 || im_margins(o->in[1], pad, &count, e) < 0)
		return -1;
	n = tf_add(t, o, "Pad", 3);
	n->in[0] = o->in[0];
	n->in[2] = o->nin > 2 ? o->in[2] : NULL;
	im_put_ints(t->g, n, "pads", pad, count);
	if (strcmp(o->kind, "MirrorPad") == 0)
		im_put_text(n, "mode",
			    strcmp(tf_attr_text(o->n, "mode", ""), "SYMMETRIC") == 0 ? "symmetric"
										     : "reflect");
	return 0;
}

int tf_reshape(struct tf *t, const struct tf_oper *o, struct err *e)
{
	if (tf_needs(o, 2, e) < 0)
		return -1;
	tf_pair(t, o, "Reshape", o->in[0], o->in[1]);
	return 0;
}

int tf_squeeze(struct tf *t, const struct tf_oper *o, struct err *e)
{
	int64_t axes[LIMIT_RANK];
	const size_t count = tf_attr_ints(o->n, "squeeze_dims", axes, LIMIT_RANK);
	struct im_node *n;

	if (tf_needs(o, 1, e) < 0)
		return -1;
	if (count > LIMIT_RANK)
		return err_set(e, "it squeezes %zu dimensions", count);
	n = tf_unary(t, o, "Squeeze", o->in[0]);
	if (count)
		im_put_ints(t->g, n, "axes", axes, count);
	return 0;
}

int tf_expand_dims(struct tf *t, const struct tf_oper *o, struct err *e)
{
	int64_t axis;

	if (tf_needs(o, 1, e) < 0 || tf_number(o, 1, "axis", &axis, e) < 0)
		return -1;
	im_put_ints(t->g, tf_unary(t, o, "Unsqueeze", o->in[0]), "axes", &axis, 1);
	return 0;
}

int tf_transpose(struct tf *t, const struct tf_oper *o, struct err *e)
{
	int64_t perm[LIMIT_RANK];
	size_t count;

	if (tf_needs(o, 1, e) < 0 || tf_list(o, 1, "permutation", perm, &count, e) < 0)
		return -1;
	im_put_ints(t->g, tf_unary(t, o, "Transpose", o->in[0]), "perm", perm, count);
	return 0;
}

/* DepthToSpace, SpaceToDepth. */
int tf_blocks(struct tf *t, const struct tf_oper *o, struct err *e)
{
	struct im_node *n;

	if (tf_needs(o, 1, e) < 0)
		return -1;
	n = tf_unary(t, o, o->op, o->in[0]);
	n->last = tf_last(o);
	im_put_int(n, "blocksize", tf_attr_int(o->n, "block_size", 0));
	return 0;
}

/* GatherV2 has an axis, Gather takes the first. */
int tf_gather(struct tf *t, const struct tf_oper *o, struct err *e)
{
	struct im_node *n;
	int64_t axis = 0;

	if (tf_needs(o, 2, e) < 0 || (o->nin > 2 && tf_number(o, 2, "axis", &axis, e) < 0))
		return -1;
	if (tf_attr_int(o->n, "batch_dims", 0) != 0)
		return err_set(e, "batch dimensions of its indices are not supported");
	n = tf_pair(t, o, "Gather", o->in[0], o->in[1]);
	im_put_int(n, "axis", axis);
	return 0;
}
