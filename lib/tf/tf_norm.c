/*
 * Batch normalization spelled out, as tf.nn.batch_normalization and TensorFlow 1's layers write it:
 *	k = rsqrt(variance + epsilon) * gamma,  y = x * k + (beta - mean * k)
 */
#include "tf/tf_ops.h"

struct norm {
	const char *x, *gamma, *beta, *mean, *variance; /* inputs; gamma NULL: 1 */
	float epsilon;
	const struct tf_item *product;
};

static const struct tf_item *made_by(const struct tf *t, const char *input, const char *op)
{
	size_t port;
	const struct tf_item *it = tf_item_of(t, input, &port);

	return it && port == 0 && it->n->nin == 2 && strcmp(it->n->op, op) == 0 ? it : NULL;
}

/* A constant with one value for each feature. */
static bool is_vector(struct tf *t, const char *input)
{
	const struct im_value *v = tf_value(t, input);

	return v->is_const && v->data.rank == 1;
}

/* rsqrt(variance + epsilon). */
static bool read_root(struct tf *t, const char *input, struct norm *out)
{
	size_t port;
	const struct tf_item *root = tf_item_of(t, input, &port), *sum;

	if (!root || root->n->nin != 1 || strcmp(root->n->op, "Rsqrt") != 0)
		return false;
	sum = made_by(t, root->n->in[0], "AddV2");
	sum = sum ? sum : made_by(t, root->n->in[0], "Add");
	for (size_t i = 0; sum && i < 2; i++)
		if (im_scalar(tf_value(t, sum->n->in[i]), &out->epsilon) &&
		    is_vector(t, sum->n->in[1 - i])) {
			out->variance = sum->n->in[1 - i];
			return true;
		}
	return false;
}

/* k, with gamma or without. */
static bool read_factor(struct tf *t, const char *input, struct norm *out)
{
	const struct tf_item *k = made_by(t, input, "Mul");

	out->gamma = NULL;
	if (!k)
		return read_root(t, input, out);
	for (size_t i = 0; i < 2; i++)
		if (read_root(t, k->n->in[i], out) && is_vector(t, k->n->in[1 - i])) {
			out->gamma = k->n->in[1 - i];
			return true;
		}
	return false;
}

/* beta - mean * k: with the k of the product. */
static bool read_shift(struct tf *t, const char *input, const char *k, struct norm *out)
{
	const struct tf_item *sub = made_by(t, input, "Sub"), *mul;

	if (!sub || !is_vector(t, sub->n->in[0]) || !(mul = made_by(t, sub->n->in[1], "Mul")))
		return false;
	out->beta = sub->n->in[0];
	for (size_t i = 0; i < 2; i++)
		if (strcmp(mul->n->in[i], k) == 0 && is_vector(t, mul->n->in[1 - i])) {
			out->mean = mul->n->in[1 - i];
			return true;
		}
	return false;
}

static bool read_norm(struct tf *t, const struct tf_oper *o, struct norm *out)
{
	for (size_t i = 0; o->nin == 2 && i < 2; i++) {
		const struct tf_item *mul = made_by(t, o->n->in[i], "Mul");

		for (size_t k = 0; mul && mul->nuse == 1 && k < 2; k++)
			if (!tf_value(t, mul->n->in[1 - k])->is_const &&
			    read_factor(t, mul->n->in[k], out) &&
			    read_shift(t, o->n->in[1 - i], mul->n->in[k], out)) {
				out->x = mul->n->in[1 - k];
				out->product = mul;
				return true;
			}
	}
	return false;
}

static struct im_value *ones(struct tf *t, const struct tf_oper *o, const struct im_value *like)
{
	struct tensor c = tensor_new(DT_F32, 1, like->data.dim);

	for (size_t i = 0; i < tensor_count(&c); i++)
		((float *)tensor_data(&c))[i] = 1;
	return tf_const(t, o, c);
}

/* Add, AddV2. */
int tf_plus(struct tf *t, const struct tf_oper *o, struct err *e)
{
	struct norm norm;
	struct im_node *n;

	if (!read_norm(t, o, &norm))
		return tf_same(t, o, e);
	n = tf_add(t, o, "BatchNormalization", 5);
	n->in[0] = tf_value(t, norm.x);
	n->in[1] = norm.gamma ? tf_value(t, norm.gamma) : ones(t, o, tf_value(t, norm.variance));
	n->in[2] = tf_value(t, norm.beta);
	n->in[3] = tf_value(t, norm.mean);
	n->in[4] = tf_value(t, norm.variance);
	n->last = true;
	im_put_float(n, "epsilon", norm.epsilon);
	n->origin = arena_array(&t->g->arena, 2, sizeof *n->origin);
	n->origin[0] = norm.product->n->name;
	n->origin[1] = n->name;
	n->norigin = 2;
	return 0;
}
