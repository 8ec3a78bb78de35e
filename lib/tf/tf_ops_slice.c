/* Slice and StridedSlice: bounds by dimension. */
#include "import/strided.h"
#include "tf/tf_ops.h"

static struct im_node *slice(struct tf *t, const struct tf_oper *o, const struct bounds *b)
{
	struct im_node *n = tf_unary(t, o, "Slice", o->in[0]);

	put_bounds(t->g, n, b);
	return n;
}

int tf_slice(struct tf *t, const struct tf_oper *o, struct err *e)
{
	int64_t begin[LIMIT_RANK], size[LIMIT_RANK];
	size_t nbegin, nsize;
	struct bounds b = { .n = 0 };

	if (tf_needs(o, 3, e) < 0 || tf_list(o, 1, "begin", begin, &nbegin, e) < 0 ||
	    tf_list(o, 2, "size", size, &nsize, e) < 0)
		return -1;
	if (nbegin != nsize)
		return err_set(e, "it begins at %zu dimensions, its sizes are %zu", nbegin, nsize);
	if (sized_bounds(begin, size, nbegin, &b, e) < 0)
		return -1;
	slice(t, o, &b);
	return 0;
}

/* Only an ellipsis and a new dimension need the rank. */
static int rank_of(const struct tf_oper *o, const struct strided *s, int *rank, struct err *e)
{
	int64_t dim[LIMIT_RANK];
	struct err ignored = { 0 };

	if (tf_dims(o, 0, rank, dim, s->ellipsis ? e : &ignored) == 0)
		return 0;
	*rank = LIMIT_RANK;
	return s->ellipsis ? -1 : 0;
}

int tf_strided_slice(struct tf *t, const struct tf_oper *o, struct err *e)
{
	struct strided s = { .no_begin = tf_attr_int(o->n, "begin_mask", 0),
			     .no_end = tf_attr_int(o->n, "end_mask", 0),
			     .ellipsis = tf_attr_int(o->n, "ellipsis_mask", 0),
			     .fresh = tf_attr_int(o->n, "new_axis_mask", 0),
			     .shrink = tf_attr_int(o->n, "shrink_axis_mask", 0) };
	struct bounds b = { .n = 0 }, gone = { .n = 0 }, fresh = { .n = 0 };
	struct im_node *n;
	size_t nend, nstep;
	int rank;

	if (tf_needs(o, 4, e) < 0 || tf_list(o, 1, "begin", s.begin, &s.n, e) < 0 ||
	    tf_list(o, 2, "end", s.end, &nend, e) < 0 ||
	    tf_list(o, 3, "strides", s.step, &nstep, e) < 0 || rank_of(o, &s, &rank, e) < 0)
		return -1;
	if (s.n != nend || s.n != nstep)
		return err_set(e, "its begin, end and strides differ in number");
	if (strided_bounds(&s, rank, &b, &gone, &fresh, e) < 0)
		return -1;
	n = slice(t, o, &b);
	if (gone.n) {
		n = tf_unary(t, o, "Squeeze", tf_step(t, o, n));
		im_put_ints(t->g, n, "axes", gone.axis, gone.n);
	}
	if (fresh.n) {
		n = tf_unary(t, o, "Unsqueeze", tf_step(t, o, n));
		im_put_ints(t->g, n, "axes", fresh.axis, fresh.n);
	}
	return 0;
}
