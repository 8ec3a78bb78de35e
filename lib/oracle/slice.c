/* Slice, Pad, Trilu, ReverseSequence. */
#include "oracle/oracle_int.h"

/* First index, number and step of one dimension's slice. */
static void clamp(int64_t size, int64_t start, int64_t end, int64_t step, int64_t *from, int64_t *n)
{
	const bool down = step < 0;
	const int64_t low = down ? -1 : 0, high = down ? size - 1 : size;

	start = start < 0 ? (start < -size ? -1 : start + size) : start;
	end = end < 0 ? (end < -size ? -1 : end + size) : end;
	start = start < 0 ? 0 : start > high ? high : start;
	end = end < low ? low : end > high ? high : end;
	*from = start;
	if (down)
		*n = start > end ? (start - end - 1) / -step + 1 : 0;
	else
		*n = end > start ? (end - start - 1) / step + 1 : 0;
}

struct slices {
	int64_t start[LIMIT_RANK], end[LIMIT_RANK], axis[LIMIT_RANK], step[LIMIT_RANK];
	size_t n;
};

static int read_slices(const struct or_node *x, struct slices *s, struct err *e)
{
	size_t nend, naxis, nstep = 0;

	if (or_list(x, "starts", 1, s->start, &s->n, e) < 0 ||
	    or_list(x, "ends", 2, s->end, &nend, e) < 0 ||
	    or_list(x, "axes", 3, s->axis, &naxis, e) < 0 ||
	    or_list(x, "steps", 4, s->step, &nstep, e) < 0)
		return -1;
	if (nend != s->n || (naxis && naxis != s->n) || (nstep && nstep != s->n))
		return err_set(e, "it has %zu starts, %zu ends, %zu axes, %zu steps", s->n, nend,
			       naxis, nstep);
	for (size_t i = 0; i < s->n; i++) {
		s->axis[i] = naxis ? s->axis[i] : (int64_t)i;
		s->step[i] = nstep ? s->step[i] : 1;
		if (s->step[i] == 0 || s->step[i] == INT64_MIN)
			return err_set(e, "a step of %lld", (long long)s->step[i]);
	}
	return 0;
}

int or_slice(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);
	int64_t dim[LIMIT_RANK], step[LIMIT_RANK], from = 0;
	struct slices s;
	void *y;

	if (!t || read_slices(x, &s, e) < 0)
		return -1;
	or_strides(t->rank, t->dim, step);
	memcpy(dim, t->dim, sizeof dim);
	for (size_t i = 0; i < s.n; i++) {
		int64_t first, n;
		int d;

		if (or_axis(s.axis[i], t->rank, &d, e) < 0)
			return -1;
		clamp(t->dim[d], s.start[i], s.end[i], s.step[i], &first, &n);
		from += n ? first * step[d] : 0;
		dim[d] = n;
		/* A step over more than the whole is taken once at most. */
		step[d] = n > 1 ? step[d] * s.step[i] : 0;
	}
	y = or_out(x, 0, t->dtype, t->rank, dim, e);
	if (!y)
		return -1;
	if (or_count(t->rank, dim))
		or_gather(y, (const char *)t->data + (size_t)from * dtype_size(t->dtype),
			  dtype_size(t->dtype), t->rank, dim, step);
	return 0;
}

/* Place in a dimension of size n that an outside index shows; -1: the constant. */
static int64_t mirrored(const char *mode, int64_t i, int64_t n)
{
	if (i >= 0 && i < n)
		return i;
	if (strcmp(mode, "edge") == 0)
		return i < 0 ? 0 : n - 1;
	if (strcmp(mode, "wrap") == 0)
		return (i % n + n) % n;
	if (strcmp(mode, "reflect") != 0)
		return -1;
	if (n == 1)
		return 0;
	i = (i < 0 ? -i : i) % (2 * n - 2);
	return i < n ? i : 2 * n - 2 - i;
}

static int read_pads(const struct or_node *x, int rank, int64_t begin[LIMIT_RANK],
		     int64_t end[LIMIT_RANK], struct err *e)
{
	const struct tensor *given = or_maybe(x, 1);
	int64_t axis[LIMIT_RANK];
	const int64_t *pad;
	size_t n, naxis = 0;

	pad = im_ints(x->n, x->opset < 2 ? "paddings" : "pads", &n);
	if (!pad && given && given->dtype == DT_I64) {
		pad = or_i(given);
		n = tensor_count(given);
	}
	if (or_list(x, "axes", 3, axis, &naxis, e) < 0)
		return -1;
	if (!pad || n != 2 * (naxis ? naxis : (size_t)rank))
		return err_set(e, "it has %zu pads for %zu dimensions", n,
			       naxis ? naxis : (size_t)rank);
	for (int d = 0; d < rank; d++)
		begin[d] = end[d] = 0;
	for (size_t i = 0; i < n / 2; i++) {
		int d = (int)i;

		if (naxis && or_axis(axis[i], rank, &d, e) < 0)
			return -1;
		begin[d] = pad[i];
		end[d] = pad[i + n / 2];
	}
	return 0;
}

/* Writes the value that padding has. */
static int pad_value(const struct or_node *x, const struct tensor *t, char out[8], struct err *e)
{
	const float f = im_float(x->n, "value", 0);
	const struct tensor *v = or_maybe(x, 2);

	memset(out, 0, 8);
	if (v && (v->dtype != t->dtype || tensor_count(v) != 1))
		return err_set(e, "its value of shape %s is none", tensor_shape_text(v));
	if (v)
		memcpy(out, v->data, dtype_size(v->dtype));
	else if (t->dtype == DT_F32)
		memcpy(out, &f, sizeof f);
	return 0;
}

int or_pad(struct or_node *x, struct err *e)
{
	const char *mode = im_string(x->n, "mode", "constant");
	const struct tensor *t = or_in(x, 0, e);
	int64_t begin[LIMIT_RANK], end[LIMIT_RANK], dim[LIMIT_RANK], step[LIMIT_RANK];
	int64_t at[LIMIT_RANK] = { 0 };
	char value[8], *y;
	size_t size;

	if (!t || read_pads(x, t->rank, begin, end, e) < 0 || pad_value(x, t, value, e) < 0)
		return -1;
	for (int d = 0; d < t->rank; d++) {
		if (begin[d] < -LIMIT_DIM || begin[d] > LIMIT_DIM || end[d] < -LIMIT_DIM ||
		    end[d] > LIMIT_DIM)
			return err_set(e, "a padding of %lld, %lld is absurd", (long long)begin[d],
				       (long long)end[d]);
		dim[d] = t->dim[d] + begin[d] + end[d];
		if (t->dim[d] == 0 && strcmp(mode, "constant") != 0 && dim[d] > 0)
			return err_set(e, "an empty dimension cannot be continued");
	}
	y = or_out(x, 0, t->dtype, t->rank, dim, e);
	if (!y || or_count(t->rank, dim) == 0)
		return y ? 0 : -1;
	or_strides(t->rank, t->dim, step);
	size = dtype_size(t->dtype);
	do {
		int64_t from = 0;

		for (int d = 0; d < t->rank; d++) {
			const int64_t i = mirrored(mode, at[d] - begin[d], t->dim[d]);

			from = from < 0 || i < 0 ? -1 : from + i * step[d];
		}
		memcpy(y, from < 0 ? value : (const char *)t->data + from * (int64_t)size, size);
		y += size;
	} while (or_next(at, dim, t->rank));
	return 0;
}

int or_trilu(struct or_node *x, struct err *e)
{
	const bool upper = im_int(x->n, "upper", 1) != 0;
	const struct tensor *t = or_in(x, 0, e);
	int64_t rows, cols, k;
	double shift = 0;
	size_t size;
	char *y;

	if (!t || (or_maybe(x, 1) && or_scalar(x, 1, &shift, e) < 0))
		return -1;
	if (t->rank < 2)
		return err_set(e, "%s is no matrix", tensor_shape_text(t));
	if (or_alias(x, 0, t, t->rank, t->dim, e) < 0)
		return -1;
	rows = t->dim[t->rank - 2];
	cols = t->dim[t->rank - 1];
	k = shift > (double)LIMIT_DIM    ? LIMIT_DIM
	    : shift < -(double)LIMIT_DIM ? -LIMIT_DIM
					 : (int64_t)shift;
	size = dtype_size(t->dtype);
	y = tensor_data(&x->out[0]);
	for (size_t i = 0; i < tensor_count(t); i++) {
		const int64_t c = (int64_t)i % cols, r = (int64_t)i / cols % rows;

		if (upper ? c - r < k : c - r > k)
			memset(y + i * size, 0, size);
	}
	return 0;
}

int or_reverse_sequence(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e), *len = t ? or_in(x, 1, e) : NULL;
	int64_t at[LIMIT_RANK] = { 0 }, step[LIMIT_RANK];
	int time, batch;
	size_t size;
	char *y;

	if (!len || or_axis(im_int(x->n, "time_axis", 0), t->rank, &time, e) < 0 ||
	    or_axis(im_int(x->n, "batch_axis", 1), t->rank, &batch, e) < 0)
		return -1;
	if (len->dtype != DT_I64 || (int64_t)tensor_count(len) != t->dim[batch] || time == batch)
		return err_set(e, "its lengths %s do not fit %s", tensor_shape_text(len),
			       tensor_shape_text(t));
	for (int64_t i = 0; i < t->dim[batch]; i++)
		if (or_i(len)[i] < 0 || or_i(len)[i] > t->dim[time])
			return err_set(e, "a length of %lld", (long long)or_i(len)[i]);
	y = or_like(x, 0, t->dtype, t, e);
	if (!y || tensor_count(t) == 0)
		return y ? 0 : -1;
	or_strides(t->rank, t->dim, step);
	size = dtype_size(t->dtype);
	do {
		const int64_t n = or_i(len)[at[batch]], k = at[time];
		const int64_t from =
		    or_place(at, step, t->rank) + (k < n ? n - 1 - 2 * k : 0) * step[time];

		memcpy(y, (const char *)t->data + from * (int64_t)size, size);
		y += size;
	} while (or_next(at, t->dim, t->rank));
	return 0;
}
