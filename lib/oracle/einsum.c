/* Einsum: any sum of products that letters describe. */
#include "oracle/oracle_int.h"
#include <ctype.h>

enum {
	TERMS = 8,            /* operands */
	INDICES = 64,         /* letters, and the dimensions of an ellipsis */
	ELLIPSIS = 52,        /* first index of those */
	WORK = LIMIT_RANK * 4 /* different indices of one equation */
};

struct term {
	int index[LIMIT_RANK]; /* of each dimension */
	int rank;
};

struct equation {
	struct term in[TERMS], out;
	size_t nin;
	int64_t size[INDICES]; /* 0: not used */
	int ellipsis;          /* dimensions that ... stands for */
};

static int letter(char c)
{
	return c >= 'a' && c <= 'z' ? c - 'a' : c >= 'A' && c <= 'Z' ? c - 'A' + 26 : -1;
}

/* One side's letters up to , or -> or the end; extra: dimensions that the ellipsis stands for. */
static const char *read_term(const char *s, struct term *t, int extra, struct err *e)
{
	t->rank = 0;
	while (*s && *s != ',' && *s != '-') {
		int first = letter(*s), n = 1;

		if (isspace((unsigned char)*s)) {
			s++;
			continue;
		}
		if (strncmp(s, "...", 3) == 0) {
			/* Shorter ones align at the end. */
			first = ELLIPSIS + LIMIT_RANK - extra;
			n = extra;
			s += 2;
		}
		s++;
		if (first < 0 || n < 0 || t->rank + n > LIMIT_RANK) {
			err_set(e, "its equation is wrong at '%s'", quote(s - 1));
			return NULL;
		}
		for (int i = 0; i < n; i++)
			t->index[t->rank++] = first + i;
	}
	return s;
}

/* Dimensions of an operand that are not letters. */
static int extra_of(const char *s, int rank)
{
	int letters = 0;
	bool dots = false;

	for (; *s && *s != ',' && *s != '-'; s++) {
		letters += letter(*s) >= 0;
		dots |= *s == '.';
	}
	return dots ? rank - letters : 0;
}

static int sizes(struct equation *q, const struct term *t, const struct tensor *x, struct err *e)
{
	if (t->rank != x->rank)
		return err_set(e, "its equation gives a tensor of shape %s %d dimensions",
			       tensor_shape_text(x), t->rank);
	for (int d = 0; d < t->rank; d++) {
		int64_t *size = &q->size[t->index[d]];

		if (*size > 1 && x->dim[d] != 1 && x->dim[d] != *size)
			return err_set(e, "sizes %lld and %lld of one index differ",
				       (long long)*size, (long long)x->dim[d]);
		if (x->dim[d] == 0)
			return err_set(e, "a tensor of shape %s is empty", tensor_shape_text(x));
		*size = *size > 1 ? *size : x->dim[d];
	}
	return 0;
}

/* Without an arrow: the ellipsis, then the letters that are there once, in order. */
static int implicit_out(struct equation *q, struct err *e)
{
	int uses[INDICES] = { 0 };
	static const char order[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	for (size_t i = 0; i < q->nin; i++)
		for (int d = 0; d < q->in[i].rank; d++)
			uses[q->in[i].index[d]]++;
	for (int i = 0; i < q->ellipsis; i++)
		q->out.index[q->out.rank++] = ELLIPSIS + LIMIT_RANK - q->ellipsis + i;
	for (const char *s = order; *s; s++)
		if (uses[letter(*s)] == 1) {
			if (q->out.rank == LIMIT_RANK)
				return err_set(e, "its result has too many dimensions");
			q->out.index[q->out.rank++] = letter(*s);
		}
	return 0;
}

static int read_equation(const struct or_node *x, struct equation *q, struct err *e)
{
	const char *s = im_string(x->n, "equation", "");

	if (x->nin == 0 || x->nin > TERMS)
		return err_set(e, "%zu operands, 1 to %d expected", x->nin, TERMS);
	for (q->nin = 0; q->nin < x->nin; q->nin++) {
		const struct tensor *t = or_in_f(x, q->nin, e);
		const int extra = t ? extra_of(s, t->rank) : 0;

		if (!t)
			return -1;
		if (extra < 0)
			return err_set(e, "its equation has more letters than %s dimensions",
				       tensor_shape_text(t));
		q->ellipsis = extra > q->ellipsis ? extra : q->ellipsis;
		s = read_term(s, &q->in[q->nin], extra, e);
		if (!s)
			return -1;
		if (sizes(q, &q->in[q->nin], t, e) < 0)
			return -1;
		if (q->nin + 1 < x->nin && *s++ != ',')
			return err_set(e, "its equation has fewer operands than the node");
	}
	if (*s == '\0')
		return implicit_out(q, e);
	if (strncmp(s, "->", 2) != 0)
		return err_set(e, "its equation is wrong at '%s'", quote(s));
	s = read_term(s + 2, &q->out, q->ellipsis, e);
	return !s ? -1 : *s ? err_set(e, "its equation is wrong at '%s'", quote(s)) : 0;
}

/* All indices of the loop: those of the result, then those that are summed over. */
static int loop_of(const struct equation *q, int index[WORK], int *summed, struct err *e)
{
	bool seen[INDICES] = { false };
	int n = 0;

	for (int d = 0; d < q->out.rank; d++) {
		if (seen[q->out.index[d]] || q->size[q->out.index[d]] == 0)
			return err_set(e, "its result has an index that is there twice or nowhere "
					  "before");
		seen[q->out.index[d]] = true;
		index[n++] = q->out.index[d];
	}
	*summed = 0;
	for (int i = 0; i < INDICES; i++)
		if (q->size[i] && !seen[i]) {
			if (n == WORK)
				return err_set(e, "its equation has too many letters");
			index[n++] = i;
			++*summed;
		}
	return n;
}

/* Steps of an operand along the loop's indices; a letter that is there twice is the diagonal. */
static void steps_of(const struct term *t, const struct tensor *x, const int *index, int n,
		     int64_t *step)
{
	int64_t own[LIMIT_RANK];

	or_strides(x->rank, x->dim, own);
	for (int i = 0; i < n; i++) {
		step[i] = 0;
		for (int d = 0; d < t->rank; d++)
			step[i] += t->index[d] == index[i] && x->dim[d] > 1 ? own[d] : 0;
	}
}

static double sum_at(const float *const *p, size_t nin, int64_t (*step)[WORK], int from, int n,
		     const int64_t *size)
{
	int64_t at[WORK] = { 0 };
	double sum = 0;

	do {
		double v = 1;

		for (size_t i = 0; i < nin; i++)
			v *= (double)p[i][or_place(at, step[i] + from, n - from)];
		sum += v;
	} while (or_next(at, size + from, n - from));
	return sum;
}

int or_einsum(struct or_node *x, struct err *e)
{
	int64_t step[TERMS][WORK], size[WORK], dim[LIMIT_RANK], count;
	struct equation q = { .nin = 0 };
	int index[WORK], summed, n;
	float *y;

	if (read_equation(x, &q, e) < 0 || (n = loop_of(&q, index, &summed, e)) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		size[i] = q.size[index[i]];
	for (int d = 0; d < q.out.rank; d++)
		dim[d] = size[d];
	for (size_t i = 0; i < q.nin; i++)
		steps_of(&q.in[i], x->in[i], index, n, step[i]);
	y = or_out(x, 0, DT_F32, q.out.rank, dim, e);
	if (!y)
		return -1;
	count = or_count(q.out.rank, dim);
#pragma omp parallel for schedule(static)
	for (int64_t k = 0; k < count; k++) {
		const float *p[TERMS] = { NULL };
		int64_t at[LIMIT_RANK];
		int64_t rest = k;

		for (int d = q.out.rank - 1; d >= 0; d--) {
			at[d] = rest % dim[d];
			rest /= dim[d];
		}
		for (size_t i = 0; i < q.nin; i++)
			p[i] = or_f(x->in[i]) + or_place(at, step[i], q.out.rank);
		y[k] = (float)sum_at(p, q.nin, step, q.out.rank, n, size);
	}
	return 0;
}
