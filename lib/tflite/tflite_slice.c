/* SLICE and STRIDED_SLICE: bounds by dimension. */
#include "base/limits.h"
#include "tflite/tflite_int.h"

struct bounds {
	int64_t from[LIMIT_RANK], to[LIMIT_RANK], step[LIMIT_RANK], axis[LIMIT_RANK];
	size_t n;
};

static struct im_node *slice(struct tfl *t, const struct tfl_oper *o, const struct bounds *b)
{
	struct im_node *n = tfl_unary(t, o, "Slice", o->in[0]->v);

	tfl_ints(t, n, "starts", b->from, b->n);
	tfl_ints(t, n, "ends", b->to, b->n);
	tfl_ints(t, n, "axes", b->axis, b->n);
	tfl_ints(t, n, "steps", b->step, b->n);
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
	for (size_t d = 0; d < nbegin; d++) {
		if (begin[d] < 0 || begin[d] > LIMIT_DIM || size[d] < -1 || size[d] > LIMIT_DIM)
			return err_set(e, "its bounds of dimension %zu are absurd", d);
		b.from[d] = begin[d];
		b.to[d] = size[d] < 0 ? INT64_MAX : begin[d] + size[d];
		b.step[d] = 1;
		b.axis[d] = (int64_t)d;
	}
	b.n = nbegin;
	slice(t, o, &b);
	return 0;
}

/* Bit sets of STRIDED_SLICE: bit i is about entry i of its lists. */
struct masks {
	int64_t begin, end, ellipsis, fresh, shrink;
};

static int dense_bounds(const int64_t *begin, const int64_t *end, const int64_t *step,
			const struct masks *m, size_t entry, bool offset, struct bounds *b,
			struct err *e)
{
	const int64_t bit = (int64_t)1 << entry, s = step[entry];
	const size_t k = b->n++;
	const bool one = m->shrink & bit;

	if (s == 0 || (one && s < 0))
		return err_set(e, "a step of %lld is not supported", (long long)s);
	b->step[k] = one ? 1 : s;
	b->from[k] = !(m->begin & bit) ? begin[entry] : s > 0 ? 0 : INT64_MAX;
	if (one && (m->begin & bit))
		b->from[k] = 0;
	if (one)
		b->to[k] = b->from[k] == -1 ? INT64_MAX : b->from[k] + 1;
	else if (m->end & bit)
		b->to[k] = s > 0 ? INT64_MAX : INT64_MIN;
	else
		b->to[k] = end[entry] + (offset ? begin[entry] : 0);
	return 0;
}

/* Entries to dimensions of the input; dimensions that go away and that are new. */
static int read_masks(const struct tfl_oper *o, const struct masks *m, bool offset,
		      struct bounds *b, struct bounds *gone, struct bounds *fresh, struct err *e)
{
	int64_t begin[LIMIT_RANK], end[LIMIT_RANK], step[LIMIT_RANK];
	size_t n, nend, nstep;
	int d = 0, out = 0, left;

	if (tfl_list(o, 1, "begin", begin, &n, e) < 0 || tfl_list(o, 2, "end", end, &nend, e) < 0 ||
	    tfl_list(o, 3, "strides", step, &nstep, e) < 0)
		return -1;
	if (n != nend || n != nstep)
		return err_set(e, "its begin, end and strides differ in number");
	/* Dimensions that the ellipsis stands for. */
	left = o->in[0]->rank;
	for (size_t i = 0; i < n; i++)
		left -= !(m->ellipsis >> i & 1) && !(m->fresh >> i & 1);
	if (left < 0)
		return err_set(e, "it slices more dimensions than the %d of its input",
			       o->in[0]->rank);
	for (size_t i = 0; i < n; i++) {
		if (m->ellipsis >> i & 1) {
			d += left;
			out += left;
			left = 0;
		} else if (m->fresh >> i & 1) {
			fresh->axis[fresh->n++] = out++;
		} else {
			b->axis[b->n] = d;
			if (dense_bounds(begin, end, step, m, i, offset, b, e) < 0)
				return -1;
			if (m->shrink >> i & 1)
				gone->axis[gone->n++] = d;
			else
				out++;
			d++;
		}
	}
	return 0;
}

int tfl_strided_slice(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	const struct masks m = { fb_i32(&o->opt, 0, 0), fb_i32(&o->opt, 1, 0),
				 fb_i32(&o->opt, 2, 0), fb_i32(&o->opt, 3, 0),
				 fb_i32(&o->opt, 4, 0) };
	struct bounds b = { .n = 0 }, gone = { .n = 0 }, fresh = { .n = 0 };
	struct im_node *n;

	if (tfl_needs(o, 1, e) < 0 ||
	    read_masks(o, &m, fb_u8(&o->opt, 5, 0) != 0, &b, &gone, &fresh, e) < 0)
		return -1;
	n = slice(t, o, &b);
	if (gone.n) {
		n = tfl_unary(t, o, "Squeeze", tfl_step(t, o, n));
		tfl_ints(t, n, "axes", gone.axis, gone.n);
	}
	if (fresh.n) {
		n = tfl_unary(t, o, "Unsqueeze", tfl_step(t, o, n));
		tfl_ints(t, n, "axes", fresh.axis, fresh.n);
	}
	return 0;
}
