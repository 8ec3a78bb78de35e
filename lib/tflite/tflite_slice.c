/* SLICE and STRIDED_SLICE: bounds by dimension. */
#include "import/strided.h"
#include "tflite/tflite_int.h"

static struct im_node *slice(struct tfl *t, const struct tfl_oper *o, const struct bounds *b)
{
	struct im_node *n = tfl_unary(t, o, "Slice", o->in[0]->v);

	put_bounds(t->g, n, b);
	return n;
}

int tfl_slice(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	int64_t begin[LIMIT_RANK], size[LIMIT_RANK];
	size_t nbegin, nsize;
	struct bounds b = { .n = 0 };

	if (tfl_needs(o, 1, e) < 0 || tfl_list(o, 1, "begin", begin, &nbegin, e) < 0 ||
	    tfl_list(o, 2, "size", size, &nsize, e) < 0)
		return -1;
	if (nbegin != nsize || nbegin != (size_t)o->in[0]->rank)
		return err_set(e, "it begins at %zu dimensions, its sizes are %zu", nbegin, nsize);
	if (sized_bounds(begin, size, nbegin, &b, e) < 0)
		return -1;
	slice(t, o, &b);
	return 0;
}

int tfl_strided_slice(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	struct strided s = { .no_begin = fb_i32(&o->opt, 0, 0),
			     .no_end = fb_i32(&o->opt, 1, 0),
			     .ellipsis = fb_i32(&o->opt, 2, 0),
			     .fresh = fb_i32(&o->opt, 3, 0),
			     .shrink = fb_i32(&o->opt, 4, 0),
			     .offset = fb_u8(&o->opt, 5, 0) != 0 };
	struct bounds b = { .n = 0 }, gone = { .n = 0 }, fresh = { .n = 0 };
	struct im_node *n;
	size_t nend, nstep;

	if (tfl_needs(o, 1, e) < 0 || tfl_list(o, 1, "begin", s.begin, &s.n, e) < 0 ||
	    tfl_list(o, 2, "end", s.end, &nend, e) < 0 ||
	    tfl_list(o, 3, "strides", s.step, &nstep, e) < 0)
		return -1;
	if (s.n != nend || s.n != nstep)
		return err_set(e, "its begin, end and strides differ in number");
	if (strided_bounds(&s, o->in[0]->rank, &b, &gone, &fresh, e) < 0)
		return -1;
	n = slice(t, o, &b);
	if (gone.n) {
		n = tfl_unary(t, o, "Squeeze", tfl_step(t, o, n));
		im_put_ints(t->g, n, "axes", gone.axis, gone.n);
	}
	if (fresh.n) {
		n = tfl_unary(t, o, "Unsqueeze", tfl_step(t, o, n));
		im_put_ints(t->g, n, "axes", fresh.axis, fresh.n);
	}
	return 0;
}
