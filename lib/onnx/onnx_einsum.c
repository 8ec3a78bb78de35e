/* Einsum of one or two operands: a product, after what one operand sums by itself. */
#include "onnx/onnx_int.h"

enum {
	DOTS = 1000 /* label of the last dimension that the dots stand for; before it 1001 ... */
};

/* A label for each dimension: a letter or one of the dots. */
struct term {
	int n;
	int label[LIMIT_RANK];
};

static int place_of(const struct term *t, int label)
{
	for (int i = 0; i < t->n; i++)
		if (t->label[i] == label)
			return i;
	return -1;
}

static int put(struct term *t, int label, struct err *e)
{
	if (place_of(t, label) >= 0)
		return err_set(e, "a term that repeats index '%c' is not supported", label);
	if (t->n == LIMIT_RANK)
		return err_set(e, "a term has more than %d indices", LIMIT_RANK);
	t->label[t->n++] = label;
	return 0;
}

/* One term up to ',', '-' or the end; dots: how many dimensions "..." stands for. */
static int term(const char **at, int dots, struct term *t, struct err *e)
{
	t->n = 0;
	for (; **at && **at != ',' && **at != '-'; ++*at) {
		const char c = **at;

		if (c == ' ')
			continue;
		if (strncmp(*at, "...", 3) == 0) {
			for (int i = dots; i > 0; i--)
				if (put(t, DOTS + i - 1, e) < 0)
					return -1;
			*at += 2;
		} else if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z')) {
			return err_set(e, "its equation has a '%s'", quote((char[]){ c, '\0' }));
		} else if (put(t, c, e) < 0) {
			return -1;
		}
	}
	return 0;
}

static int letters_before(const char *at)
{
	int n = 0;

	for (; *at && *at != ',' && *at != '-'; at++)
		n += *at != ' ' && *at != '.';
	return n;
}

/* Without "->" the result has the dots, then in order the letters that are there once. */
static void implicit(const struct term in[2], size_t nin, int dots, struct term *out)
{
	out->n = 0;
	for (int i = dots; i > 0; i--)
		out->label[out->n++] = DOTS + i - 1;
	for (int c = 'A'; c <= 'z' && out->n < LIMIT_RANK; c++) {
		int count = 0;

		for (size_t i = 0; i < nin; i++)
			count += place_of(&in[i], c) >= 0;
		if (count == 1)
			out->label[out->n++] = c;
	}
}

static int parse(const char *at, const struct onnx_factor *x, size_t nin, struct term in[2],
		 struct term *out, struct err *e)
{
	int dots = 0;

	for (size_t i = 0; i < nin; i++) {
		const int rank = onnx_factor_rank(&x[i]);
		const int mine = rank - letters_before(at);

		if (i && *at++ != ',')
			return err_set(e, "its equation has %zu terms for %zu operands", i, nin);
		if (term(&at, i ? rank - letters_before(at) : mine, &in[i], e) < 0)
			return -1;
		if (in[i].n != rank)
			return err_set(e, "its term %zu has %d indices for %d dimensions", i,
				       in[i].n, rank);
		for (int d = 0; d < in[i].n; d++)
			if (in[i].label[d] >= DOTS + dots)
				dots = in[i].label[d] - DOTS + 1;
	}
	if (*at == '\0')
		return implicit(in, nin, dots, out), 0;
	if (strncmp(at, "->", 2) != 0)
		return err_set(e, "its equation is not understood at '%s'", quote(at));
	at += 2;
	if (term(&at, dots, out, e) < 0)
		return -1;
	if (*at)
		return err_set(e, "its equation is not understood at '%s'", quote(at));
	for (int d = 0; d < out->n; d++)
		if (place_of(&in[0], out->label[d]) < 0 &&
		    (nin < 2 || place_of(&in[1], out->label[d]) < 0))
			return err_set(e, "index '%c' of its result is in no term", out->label[d]);
	return 0;
}

/* Drops dimension d, of size 1. */
static void drop(struct onnx_factor *x, struct term *t, int d)
{
	int perm[LIMIT_RANK] = { 0 }, n = 0;

	for (int i = 0; i < t->n; i++)
		if (i != d)
			perm[n++] = i;
	onnx_factor_pick(x, perm, n);
	for (int i = 0; i < n; i++)
		t->label[i] = t->label[perm[i]];
	t->n = n;
}

/* Equal sizes of what two operands share; one of size 1 is repeated, that is: not there. */
static int agree(struct onnx_factor x[2], struct term in[2], struct err *e)
{
	for (int d = 0; d < in[0].n; d++) {
		const int k = place_of(&in[1], in[0].label[d]);
		const int64_t s0 = onnx_factor_size(&x[0], d);
		const int64_t s1 = k < 0 ? s0 : onnx_factor_size(&x[1], k);

		if (s0 == s1)
			continue;
		if (s0 != 1 && s1 != 1)
			return err_set(e, "index '%c' is %lld and %lld", in[0].label[d],
				       (long long)s0, (long long)s1);
		if (s0 == 1)
			drop(&x[0], &in[0], d--);
		else
			drop(&x[1], &in[1], k);
	}
	return 0;
}

/* Sums over indices that neither the result nor the other term has. */
static int sum_alone(struct build *b, struct onnx_factor *x, struct term *t,
		     const struct term *other, const struct term *out, struct err *e)
{
	bool over[LIMIT_RANK] = { false }, any = false;
	struct im_value sum = { .name = x->v.name, .nuse = 1 };

	for (int d = 0; d < t->n; d++) {
		over[d] =
		    place_of(out, t->label[d]) < 0 && (!other || place_of(other, t->label[d]) < 0);
		any |= over[d];
	}
	if (!any)
		return 0;
	if (x->constant)
		return err_set(e, "an index that only its constant has is not in the result");
	if (onnx_sum_over(b, &x->v, over, &sum, e) < 0)
		return -1;
	x->v.view = sum.view;
	for (int d = t->n - 1; d >= 0; d--)
		if (over[d])
			drop(x, t, d);
	return 0;
}

/* A constant as a tensor of its own, dimensions in the order of the factor. */
static struct tensor gathered(const struct onnx_factor *f)
{
	struct tensor t = tensor_new(DT_F32, f->rank, f->size);
	float *to = tensor_data(&t);

	for (size_t i = 0; i < tensor_count(&t); i++) {
		int64_t rest = (int64_t)i, from = 0;

		for (int d = f->rank - 1; d >= 0; d--) {
			from += rest % f->size[d] * f->stride[d];
			rest /= f->size[d];
		}
		to[i] = (float)tensor_get(&f->v.data, (size_t)from);
	}
	return t;
}

/* Every index is in the result and one operand has all: they are multiplied where they are. */
static int elementwise(struct build *b, struct onnx_factor x[2], struct term in[2],
		       const struct term *out, struct im_value *to, struct err *e)
{
	const int c = x[0].constant ? 0 : 1;
	struct tensor t;
	int r;

	for (int i = 0; i < 2; i++) {
		int perm[LIMIT_RANK] = { 0 }, n = 0;

		for (int d = 0; d < out->n; d++)
			if (place_of(&in[i], out->label[d]) >= 0)
				perm[n++] = place_of(&in[i], out->label[d]);
		onnx_factor_pick(&x[i], perm, n);
		for (int d = 0; d < out->n; d++)
			if (place_of(&in[i], out->label[d]) < 0)
				onnx_factor_unsqueeze(&x[i], d);
	}
	if (!x[c].constant)
		return onnx_tensors(b, &x[0].v, &x[1].v, PAIR_MUL, to, e);
	t = gathered(&x[c]);
	r = onnx_with_tensor(b, &x[1 - c].v, &t, true, to, e);
	tensor_release(&t);
	return r;
}

/* The order that onnx_product wants, and that of its result. */
struct roles {
	int shared, sum;
	int pick[2][LIMIT_RANK], n[2];
	struct term result;
};

static void roles(struct onnx_factor x[2], const struct term in[2], const struct term *out,
		  struct roles *r)
{
	*r = (struct roles){ .shared = 0 };
	for (int d = 0; d < out->n; d++) {
		const int p0 = place_of(&in[0], out->label[d]),
			  p1 = place_of(&in[1], out->label[d]);

		if (p0 < 0 || p1 < 0)
			continue;
		r->pick[0][r->n[0]++] = p0;
		r->pick[1][r->n[1]++] = p1;
		r->result.label[r->result.n++] = out->label[d];
		r->shared++;
	}
	for (int i = 0; i < 2; i++) {
		x[i].own = 0;
		for (int d = 0; d < out->n; d++)
			if (place_of(&in[i], out->label[d]) >= 0 &&
			    place_of(&in[1 - i], out->label[d]) < 0) {
				r->pick[i][r->n[i]++] = place_of(&in[i], out->label[d]);
				r->result.label[r->result.n++] = out->label[d];
				x[i].own++;
			}
	}
	for (int d = 0; d < in[0].n; d++)
		if (place_of(out, in[0].label[d]) < 0) {
			r->pick[0][r->n[0]++] = d;
			r->pick[1][r->n[1]++] = place_of(&in[1], in[0].label[d]);
			r->sum++;
		}
}

/* Dimensions of v, labelled by `is`, in the order of `out`; those that were repeated have size 1.
 */
static int in_order(struct im_view *v, struct term *is, const struct term *out)
{
	int perm[LIMIT_RANK] = { 0 };

	for (int d = 0; d < out->n; d++) {
		if (place_of(is, out->label[d]) < 0) {
			view_unsqueeze(v, is->n);
			is->label[is->n++] = out->label[d];
		}
		perm[d] = place_of(is, out->label[d]);
	}
	view_transpose(v, perm);
	return 0;
}

static int two_terms(struct build *b, struct onnx_factor x[2], struct term in[2],
		     const struct term *out, struct im_value *to, struct err *e)
{
	struct roles r;

	if (agree(x, in, e) < 0 || sum_alone(b, &x[0], &in[0], &in[1], out, e) < 0 ||
	    sum_alone(b, &x[1], &in[1], &in[0], out, e) < 0)
		return -1;
	roles(x, in, out, &r);
	if (r.sum == 0 && (x[0].own == 0 || x[1].own == 0))
		return elementwise(b, x, in, out, to, e);
	for (int i = 0; i < 2; i++)
		onnx_factor_pick(&x[i], r.pick[i], r.n[i]);
	if (onnx_product(b, x, r.shared, r.sum, 1, to, e) < 0)
		return -1;
	return in_order(&to->view, &r.result, out);
}

int onnx_einsum(struct build *b, struct im_node *n, struct err *e)
{
	struct onnx_factor x[2];
	struct term in[2], out;

	if (n->nin > 2)
		return err_set(e, "it has %zu operands, one or two are supported", n->nin);
	for (size_t i = 0; i < n->nin; i++)
		if (!n->in[i])
			return err_set(e, "operand %zu is absent", i);
		else
			onnx_factor(&x[i], n, i);
	if (parse(im_string(n, "equation", ""), x, n->nin, in, &out, e) < 0)
		return -1;
	if (n->nin == 2)
		return two_terms(b, x, in, &out, n->out[0], e);
	if (sum_alone(b, &x[0], &in[0], NULL, &out, e) < 0)
		return -1;
	x[0].v.nuse = n->in[0]->nuse;
	build_pass(n->out[0], &x[0].v);
	return in_order(&n->out[0]->view, &in[0], &out);
}
