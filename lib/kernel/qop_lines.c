/*
 * Lines: what a layer passes on at a time.  A line is a row of a map or, of a map that has one row
 * alone, the columns that the multipliers take in together.
 */
#include "kernel/qop_int.h"

static int32_t ceil_div(int32_t a, int32_t b)
{
	return a / b + (a % b > 0);
}

int32_t qop_map_lines(int32_t h, int32_t w)
{
	return h == 1 ? ceil_div(w, QOP_LINE_COLUMNS) : h;
}

int32_t qop_line_columns(int32_t h, int32_t w, int32_t lines)
{
	return h == 1 && lines > 1 ? QOP_LINE_COLUMNS : w;
}

/* One row that several rows are summed up to is complete with the last of them. */
int32_t qop_lines(const struct qop *q)
{
	const struct qdim out = qop_out(q, 0);

	if (q->nin > 0 && qop_in(q, 0).h > 1 && qop_row_steps(q) > 1)
		return out.h;
	return qop_map_lines(out.h, out.w);
}

/* Values of a map, in their order in memory, that lie in line k of `lines`. */
static void values_of(struct qdim d, int32_t lines, int32_t k, int64_t *from, int64_t *to)
{
	const int64_t line = (int64_t)qop_line_columns(d.h, d.w, lines) * d.c;
	const int64_t all = (int64_t)qdim_count(d);

	*from = k * line;
	*to = (k + 1) * line < all ? (k + 1) * line : all;
}

void qop_reshaped_lines(const struct qop *q, int32_t k, int32_t n, int32_t from_lines,
			int32_t *first, int32_t *last)
{
	const struct qdim in = qop_in(q, 0);
	const int64_t line = (int64_t)qop_line_columns(in.h, in.w, from_lines) * in.c;
	int64_t from, to;

	values_of(qop_out(q, 0), n, k, &from, &to);
	*first = (int32_t)(from / line);
	*last = (int32_t)((to - 1) / line);
}

/* Columns of an input of one row that line k of n reads, [*first, *last]; none: *last < *first. */
static void columns_of(const struct qop *q, size_t in, int32_t k, int32_t n, int32_t *first,
		       int32_t *last)
{
	const struct qdim out = qop_out(q, 0);
	const int32_t w = qop_in(q, in).w;
	const int32_t line = qop_line_columns(out.h, out.w, n);
	const int32_t from = k * line;
	const qop_columns_fn columns = qop_columns_of(q->type);

	qop_rows_needed(q, in, out.h == 1 ? 0 : k, first, last);
	if (*last < *first)
		return;
	*first = 0;
	*last = w - 1;
	if (out.h == 1 && columns)
		columns(q, in, from, from + line < out.w ? from + line : out.w, first, last);
	*first = *first > 0 ? *first : 0;
	*last = *last < w ? *last : w - 1;
}

/*
 * Does a layer read lines from the first to the last?  One that makes a longer row at once does,
 * and one that sees a window of its tensor.
 */
static bool reads_all(const struct qop *q, size_t in, int32_t n, int32_t from_lines)
{
	const struct qdim out = qop_out(q, 0);

	return (n == 1 && out.h == 1 && out.w > QOP_LINE_COLUMNS) ||
	       from_lines != qop_map_lines(1, qop_in(q, in).w);
}

/* Lines of an input of one row for step s of `steps` of line k of n. */
static void lines_of_row(const struct qop *q, size_t in, int32_t k, int32_t n, int32_t s,
			 int32_t steps, int32_t from_lines, int32_t *first, int32_t *last)
{
	const bool sums = steps > 1 && in == 0;

	if (sums && from_lines == steps) {
		*first = *last = s;
		return;
	}
	if (s != (sums ? 0 : steps - 1))
		return;
	columns_of(q, in, k, n, first, last);
	if (*last < *first)
		return;
	*first = from_lines == 1 ? 0 : *first / QOP_LINE_COLUMNS;
	*last = from_lines == 1 ? 0 : *last / QOP_LINE_COLUMNS;
	if (reads_all(q, in, n, from_lines)) {
		*first = 0;
		*last = from_lines - 1;
	}
}

void qop_step_lines(const struct qop *q, size_t in, int32_t k, int32_t n, int32_t from_lines,
		    int32_t *first, int32_t *last)
{
	const int32_t steps = qop_row_steps(q);
	const int32_t lines = n / steps, line = k / steps;

	*first = 0;
	*last = -1;
	if (in >= (size_t)q->nin)
		return;
	if (q->type == HN_FORMAT_CONVERSION && q->geom.n == 1)
		qop_reshaped_lines(q, line, lines, from_lines, first, last);
	else if (qop_in(q, in).h > 1)
		qop_step_rows(q, in, qop_out(q, 0).h == 1 ? 0 : line, k % steps, first, last);
	else
		lines_of_row(q, in, line, lines, k % steps, steps, from_lines, first, last);
}
