/* Nodes and operands: what the makers of operators share. */
#include "base/limits.h"
#include "tf/tf_ops.h"

/* ---- nodes ---- */
struct im_value *tf_out(struct tf *t, const struct tf_oper *o, size_t k)
{
	return im_value(t->g, k ? arena_printf(&t->g->arena, "%s:%zu", o->name, k) : o->name);
}

struct im_node *tf_add(struct tf *t, const struct tf_oper *o, const char *op, size_t nin)
{
	struct im_node *n = im_add_open(t->g, op, o->name, nin, 1);

	n->kind = o->kind;
	n->out[0] = tf_out(t, o, 0);
	return n;
}

struct im_node *tf_unary(struct tf *t, const struct tf_oper *o, const char *op, struct im_value *x)
{
	struct im_node *n = tf_add(t, o, op, 1);

	n->in[0] = x;
	return n;
}

struct im_node *tf_pair(struct tf *t, const struct tf_oper *o, const char *op, struct im_value *x,
			struct im_value *y)
{
	struct im_node *n = tf_add(t, o, op, 2);

	n->in[0] = x;
	n->in[1] = y;
	return n;
}

/* TensorFlow's names have no '#'. */
static struct im_value *own_value(struct tf *t, const struct tf_oper *o)
{
	return im_fresh(t->g, o->name, '#', &t->nstep);
}

struct im_value *tf_step(struct tf *t, const struct tf_oper *o, struct im_node *n)
{
	n->out[0] = own_value(t, o);
	n->part_of = n; /* until the last node is known */
	return n->out[0];
}

struct im_value *tf_const(struct tf *t, const struct tf_oper *o, struct tensor data)
{
	struct im_value *v = own_value(t, o);

	im_set_const(v, data);
	return v;
}

struct im_value *tf_const_ints(struct tf *t, const struct tf_oper *o, const int64_t *v, int64_t n)
{
	struct tensor c = tensor_new(DT_I64, 1, &n);

	if (n)
		memcpy(tensor_data(&c), v, (size_t)n * sizeof *v);
	return tf_const(t, o, c);
}

struct im_value *tf_turned(struct tf *t, const struct tf_oper *o, struct im_value *x,
			   const int64_t *perm, size_t rank)
{
	struct im_node *n = tf_unary(t, o, "Transpose", x);

	im_put_ints(t->g, n, "perm", perm, rank);
	return tf_step(t, o, n);
}

struct im_value *tf_along(struct tf *t, const struct tf_oper *o, const char *op, struct im_value *x,
			  int64_t axis)
{
	struct im_node *n = tf_unary(t, o, op, x);

	im_put_ints(t->g, n, "axes", &axis, 1);
	return tf_step(t, o, n);
}

/* ---- operands ---- */
int tf_needs(const struct tf_oper *o, size_t nin, struct err *e)
{
	return o->nin >= nin ? 0 : err_set(e, "it has %zu inputs, %zu expected", o->nin, nin);
}

int tf_dims(const struct tf_oper *o, size_t i, int *rank, int64_t dim[LIMIT_RANK], struct err *e)
{
	const struct im_value *v = i < o->nin ? o->in[i] : NULL;

	if (!v)
		return err_set(e, "its input %zu is absent", i);
	if (!v->is_const && !v->told && !v->declared)
		return err_set(e,
			       "the shape of its input '%s' is not known (give "
			       "--net-input-shapes when an input of the model leaves it open)",
			       quote(v->name));
	*rank = v->is_const ? v->data.rank : v->rank;
	memcpy(dim, v->is_const ? v->data.dim : v->dim, (size_t)*rank * sizeof *dim);
	return 0;
}

int tf_list(const struct tf_oper *o, size_t i, const char *what, int64_t out[LIMIT_RANK], size_t *n,
	    struct err *e)
{
	return im_list(i < o->nin ? o->in[i] : NULL, what, out, n, e);
}

int tf_number(const struct tf_oper *o, size_t i, const char *what, int64_t *out, struct err *e)
{
	return im_one_number(i < o->nin ? o->in[i] : NULL, what, out, e);
}

bool tf_last(const struct tf_oper *o)
{
	return strncmp(tf_attr_text(o->n, "data_format", "NHWC"), "NC", 2) != 0;
}

int tf_spatial(const struct tf_oper *o, const char *attr_name, int64_t dflt, int64_t out[2],
	       struct err *e)
{
	const size_t at = tf_last(o) ? 1 : 2;
	int64_t v[4];
	const size_t n = tf_attr_ints(o->n, attr_name, v, 4);

	out[0] = out[1] = dflt;
	if (n == 0)
		return 0;
	if (n != 4)
		return err_set(e, "its %s are %zu numbers, 4 expected", attr_name, n);
	if (v[0] != 1 || v[at == 1 ? 3 : 1] != 1)
		return err_set(e, "its %s go over the batch or the features", attr_name);
	out[0] = v[at];
	out[1] = v[at + 1];
	return 0;
}

int64_t tf_onnx_type(int type)
{
	static const struct {
		int tf, onnx;
	} rows[] = {
		/* Integers are kept in 64 bits, as the shapes of ONNX are. */
		{ TF_FLOAT, 1 }, { TF_HALF, 1 },  { TF_BFLOAT16, 1 }, { TF_DOUBLE, 11 },
		{ TF_INT32, 7 }, { TF_INT64, 7 }, { TF_BOOL, 9 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].tf == type)
			return rows[i].onnx;
	return 0;
}
