/* Bounds of slices by dimension. */
#include "import/strided.h"

int sized_bounds(const int64_t *begin, const int64_t *size, size_t n, struct bounds *b,
		 struct err *e)
{
	for (size_t d = 0; d < n; d++) {
		if (begin[d] < 0 || begin[d] > LIMIT_DIM || size[d] < -1 || size[d] > LIMIT_DIM)
			return err_set(e, "its bounds of dimension %zu are absurd", d);
		b->from[d] = begin[d];
		b->to[d] = size[d] < 0 ? INT64_MAX : begin[d] + size[d];
		b->step[d] = 1;
		b->axis[d] = (int64_t)d;
	}
	b->n = n;
	return 0;
}

static int dense_bounds(const struct strided *m, size_t entry, struct bounds *b, struct err *e)
{
	const int64_t bit = (int64_t)1 << entry, s = m->step[entry];
	const size_t k = b->n++;
	const bool one = m->shrink & bit;

	if (s == 0 || (one && s < 0))
		return err_set(e, "a step of %lld is not supported", (long long)s);
	b->step[k] = one ? 1 : s;
	b->from[k] = !(m->no_begin & bit) ? m->begin[entry] : s > 0 ? 0 : INT64_MAX;
	if (one && (m->no_begin & bit))
		b->from[k] = 0;
	if (one)
		b->to[k] = b->from[k] == -1 ? INT64_MAX : b->from[k] + 1;
	else if (m->no_end & bit)
		b->to[k] = s > 0 ? INT64_MAX : INT64_MIN;
	else
		b->to[k] = m->end[entry] + (m->offset ? m->begin[entry] : 0);
	return 0;
}

int strided_bounds(const struct strided *s, int rank, struct bounds *b, struct bounds *gone,
		   struct bounds *fresh, struct err *e)
{
	int d = 0, out = 0, left = rank;

	/* Dimensions that the ellipsis stands for. */
	for (size_t i = 0; i < s->n; i++)
		left -= !(s->ellipsis >> i & 1) && !(s->fresh >> i & 1);
	if (left < 0)
		return err_set(e, "it slices more dimensions than the %d of its input", rank);
	for (size_t i = 0; i < s->n; i++) {
		if (s->ellipsis >> i & 1) {
			d += left;
			out += left;
			left = 0;
		} else if (s->fresh >> i & 1) {
			fresh->axis[fresh->n++] = out++;
		} else {
			b->axis[b->n] = d;
			if (dense_bounds(s, i, b, e) < 0)
				return -1;
			if (s->shrink >> i & 1)
				gone->axis[gone->n++] = d;
			else
				out++;
			d++;
		}
	}
	return 0;
}

void put_bounds(struct im_graph *g, struct im_node *n, const struct bounds *b)
{
	im_put_ints(g, n, "starts", b->from, b->n);
	im_put_ints(g, n, "ends", b->to, b->n);
	im_put_ints(g, n, "axes", b->axis, b->n);
	im_put_ints(g, n, "steps", b->step, b->n);
}
