/* Products of matrices, biases, batch normalization. */
#include "tf/tf_ops.h"

/* The last two dimensions of x change places. */
static int turned(struct tf *t, const struct tf_oper *o, size_t i, struct im_value **x,
		  struct err *e)
{
	int64_t perm[LIMIT_RANK], dim[LIMIT_RANK];
	int rank;

	if (tf_dims(o, i, &rank, dim, e) < 0)
		return -1;
	if (rank < 2)
		return err_set(e, "its input %zu is no matrix", i);
	for (int d = 0; d < rank; d++)
		perm[d] = d;
	perm[rank - 1] = rank - 2;
	perm[rank - 2] = rank - 1;
	*x = tf_turned(t, o, *x, perm, (size_t)rank);
	return 0;
}

int tf_matmul(struct tf *t, const struct tf_oper *o, struct err *e)
{
	const bool turn[2] = { tf_attr_bool(o->n, "transpose_a", false),
			       tf_attr_bool(o->n, "transpose_b", false) };
	struct im_value *x[2];
	struct im_node *n;

	if (tf_needs(o, 2, e) < 0)
		return -1;
	x[0] = o->in[0];
	x[1] = o->in[1];
	if (turn[0] && turned(t, o, 0, &x[0], e) < 0)
		return -1;
	if (x[1]->is_const && x[1]->data.rank == 2) {
		n = tf_pair(t, o, "Gemm", x[0], x[1]);
		im_put_int(n, "transB", turn[1]);
		return 0;
	}
	if (turn[1] && turned(t, o, 1, &x[1], e) < 0)
		return -1;
	tf_pair(t, o, "MatMul", x[0], x[1]);
	return 0;
}

int tf_batch_matmul(struct tf *t, const struct tf_oper *o, struct err *e)
{
	static const char *const attrs[2] = { "adj_x", "adj_y" };
	struct im_value *x[2];

	if (tf_needs(o, 2, e) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		x[i] = o->in[i];
		if (tf_attr_bool(o->n, attrs[i], false) && turned(t, o, i, &x[i], e) < 0)
			return -1;
	}
	tf_pair(t, o, "MatMul", x[0], x[1]);
	return 0;
}

int tf_einsum(struct tf *t, const struct tf_oper *o, struct err *e)
{
	const char *equation = tf_attr_text(o->n, "equation", NULL);
	struct im_node *n;

	if (tf_needs(o, 1, e) < 0)
		return -1;
	if (!equation)
		return err_set(e, "it has no equation");
	n = tf_add(t, o, "Einsum", o->nin);
	memcpy(n->in, o->in, o->nin * sizeof(struct im_value *));
	im_put_text(n, "equation", equation);
	return 0;
}

int tf_bias_add(struct tf *t, const struct tf_oper *o, struct err *e)
{
	struct im_value *bias;
	int64_t dim[LIMIT_RANK], axes[LIMIT_RANK];
	struct im_node *n;
	int rank;

	if (tf_needs(o, 2, e) < 0)
		return -1;
	bias = o->in[1];
	if (!tf_last(o)) {
		if (tf_dims(o, 0, &rank, dim, e) < 0)
			return -1;
		for (int d = 0; d < rank - 2; d++)
			axes[d] = d + 1;
		if (rank > 2) {
			n = tf_unary(t, o, "Unsqueeze", bias);
			im_put_ints(t->g, n, "axes", axes, (size_t)rank - 2);
			bias = tf_step(t, o, n);
		}
	}
	tf_pair(t, o, "Add", o->in[0], bias);
	return 0;
}

int tf_batch_norm(struct tf *t, const struct tf_oper *o, struct err *e)
{
	struct im_node *n;

	if (tf_needs(o, 5, e) < 0)
		return -1;
	if (tf_attr_bool(o->n, "is_training", true))
		return err_set(e, "it is in training mode (is_training): its statistics would be "
				  "those of each batch (export the model for inference, in Keras "
				  "with training=False)");
	if (o->nout > 1)
		return err_set(e, "its statistics (outputs 1 to 5) are read, which is training");
	n = tf_add(t, o, "BatchNormalization", 5);
	memcpy(n->in, o->in, 5 * sizeof(struct im_value *));
	n->last = tf_last(o);
	im_put_float(n, "epsilon", tf_attr_float(o->n, "epsilon", 1e-4f));
	return 0;
}
