/* FULLY_CONNECTED, BATCH_MATMUL: products of matrices. */
#include "base/limits.h"
#include "tflite/tflite_int.h"

static struct im_value *reshaped(struct tfl *t, const struct tfl_oper *o, struct im_value *x,
				 const int64_t *dim, size_t rank)
{
	struct im_node *n = tfl_unary(t, o, "Reshape", x);

	im_put_ints(t->g, n, "shape", dim, rank);
	return tfl_step(t, o, n);
}

/* The operand as rows of k values; the batch stays the first dimension when it is a row each. */
static struct im_value *rows(struct tfl *t, const struct tfl_oper *o, const struct tfl_tensor *x,
			     int64_t k)
{
	int64_t dim[2] = { -1, k }, per = 1;

	if (x->rank == 2 && x->dim[1] == k)
		return x->v;
	for (int d = 1; d < x->rank; d++)
		per *= x->dim[d] > 0 && per <= LIMIT_ACTIVATION ? x->dim[d] : 0;
	if (per == k)
		dim[0] = 0;
	return reshaped(t, o, x->v, dim, 2);
}

int tfl_fully_connected(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	enum {
		ACTIVATION,
		FORMAT,
		KEEP_DIMS
	};
	const bool keep =
	    fb_u8(&o->opt, KEEP_DIMS, 0) != 0 && o->nin > 0 && o->in[0] && o->in[0]->rank > 2;
	struct im_value *bias = o->nin > 2 && o->in[2] ? o->in[2]->v : NULL;
	struct im_node *n;

	if (tfl_needs(o, 2, e) < 0)
		return -1;
	if (fb_i8(&o->opt, FORMAT, 0) != 0)
		return err_set(e, "its weights are shuffled for 8-bit arithmetic");
	if (o->in[1]->rank != 2)
		return err_set(e, "its weights have %d dimensions, 2 expected", o->in[1]->rank);
	n = tfl_node(t, o, keep ? "MatMul" : "Gemm", keep ? 2 : 3);
	n->in[1] = o->in[1]->v;
	im_put_int(n, "transB", 1);
	if (!keep) {
		n->in[0] = rows(t, o, o->in[0], o->in[1]->dim[1]);
		n->in[2] = bias;
	} else {
		n->in[0] = o->in[0]->v;
		if (bias) {
			struct im_node *add = tfl_node(t, o, "Add", 2);

			add->in[0] = tfl_step(t, o, n);
			add->in[1] = bias;
			n = add;
		}
	}
	return tfl_activate(t, o, n, fb_i8(&o->opt, ACTIVATION, 0), e);
}

/* The last two dimensions change places. */
static struct im_value *turned(struct tfl *t, const struct tfl_oper *o, const struct tfl_tensor *x)
{
	struct im_node *n = tfl_unary(t, o, "Transpose", x->v);
	int64_t perm[LIMIT_RANK];

	for (int d = 0; d < x->rank; d++)
		perm[d] = d;
	perm[x->rank - 1] = x->rank - 2;
	perm[x->rank - 2] = x->rank - 1;
	im_put_ints(t->g, n, "perm", perm, (size_t)x->rank);
	return tfl_step(t, o, n);
}

int tfl_batch_matmul(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	struct im_value *x[2];
	struct im_node *n;

	if (tfl_needs(o, 2, e) < 0)
		return -1;
	for (unsigned i = 0; i < 2; i++) {
		if (o->in[i]->rank < 2)
			return err_set(e, "its input %u is no matrix", i);
		x[i] = fb_u8(&o->opt, i, 0) ? turned(t, o, o->in[i]) : o->in[i]->v;
	}
	n = tfl_node(t, o, "MatMul", 2);
	n->in[0] = x[0];
	n->in[1] = x[1];
	return 0;
}
