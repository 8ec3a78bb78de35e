/* What names or makes values without computing: constants, inputs, identities, shapes. */
#include "onnx/onnx_early.h"
#include "tf/tf_ops.h"

/* 1: it is no number. */
int tf_constant_op(struct tf *t, const struct tf_oper *o, struct err *e)
{
	struct tensor c, wide;
	const int r = tf_constant(t->m, o->n, &c, e);

	if (r != 0)
		return r;
	/* Shapes are compared and joined with what ONNX's Shape makes. */
	if (c.dtype == DT_I32 && tensor_count(&c) <= ONNX_EARLY_MAX) {
		wide = tensor_convert(&c, DT_I64);
		tensor_release(&c);
		c = wide;
	}
	im_set_const(tf_out(t, o, 0), c);
	return 0;
}

/* Constants are known by their first name, so that nothing else holds them in memory. */
int tf_identity(struct tf *t, const struct tf_oper *o, struct err *e)
{
	if (tf_needs(o, o->nout, e) < 0)
		return -1;
	if (o->nout == 1 && o->in[0] && o->in[0]->is_const) {
		o->item->alias = o->in[0];
		return 0;
	}
	for (size_t k = 0; k < o->nout; k++) {
		struct im_node *n = tf_unary(t, o, "Identity", o->in[k]);

		n->out[0] = tf_out(t, o, k);
	}
	return 0;
}

/* An input of the model is one already. */
int tf_placeholder(struct tf *t, const struct tf_oper *o, struct err *e)
{
	return tf_out(t, o, 0)->is_input || !o->item->nuse
		   ? 0
		   : err_set(e, "it is no input that can be fed");
}

int tf_placeholder_default(struct tf *t, const struct tf_oper *o, struct err *e)
{
	return tf_out(t, o, 0)->is_input ? 0 : tf_identity(t, o, e);
}

/* Nodes that compute nothing that is read. */
int tf_nothing(struct tf *t, const struct tf_oper *o, struct err *e)
{
	(void)t;
	return o->item->nuse ? err_set(e, "its result is read, but it has none") : 0;
}

int tf_rank(struct tf *t, const struct tf_oper *o, struct err *e)
{
	struct tensor c = tensor_new(DT_I64, 0, NULL);
	int64_t dim[LIMIT_RANK];
	int rank;

	if (tf_needs(o, 1, e) < 0 || tf_dims(o, 0, &rank, dim, e) < 0) {
		tensor_release(&c);
		return -1;
	}
	*(int64_t *)tensor_data(&c) = rank;
	im_set_const(tf_out(t, o, 0), c);
	return 0;
}

int tf_shape_n(struct tf *t, const struct tf_oper *o, struct err *e)
{
	if (tf_needs(o, o->nout, e) < 0)
		return -1;
	for (size_t k = 0; k < o->nout; k++)
		tf_unary(t, o, "Shape", o->in[k])->out[0] = tf_out(t, o, k);
	return 0;
}

/* Fill(shape, value). */
int tf_fill(struct tf *t, const struct tf_oper *o, struct err *e)
{
	if (tf_needs(o, 2, e) < 0)
		return -1;
	tf_pair(t, o, "Expand", o->in[1], o->in[0]);
	return 0;
}

/* ZerosLike, OnesLike: of a tensor whose shape is known. */
int tf_like(struct tf *t, const struct tf_oper *o, struct err *e)
{
	const bool ones = strcmp(o->kind, "OnesLike") == 0;
	const int type = tf_attr_type(o->n, "T");
	int64_t dim[LIMIT_RANK], count = 1;
	struct tensor c;
	int rank;

	if (tf_needs(o, 1, e) < 0 || tf_dims(o, 0, &rank, dim, e) < 0)
		return -1;
	for (int d = 0; d < rank; d++) {
		dim[d] = d == 0 && dim[d] < 1 ? 1 : dim[d];
		if (dim[d] < 1 || dim[d] > LIMIT_ACTIVATION / count)
			return err_set(e, "dimension %d of its input is open or absurd", d);
		count *= dim[d];
	}
	c = tensor_new(type == TF_INT32 || type == TF_INT64 ? DT_I64 : DT_F32, rank, dim);
	for (int64_t i = 0; ones && i < count; i++)
		if (c.dtype == DT_I64)
			((int64_t *)tensor_data(&c))[i] = 1;
		else
			((float *)tensor_data(&c))[i] = 1;
	im_set_const(tf_out(t, o, 0), c);
	return 0;
}
