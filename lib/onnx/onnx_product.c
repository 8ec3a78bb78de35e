/*
 * Sums of products: two computed tensors are a matmul, whose groups and rows are the dimensions
 * that both have; a computed one and a constant are a 1x1 convolution.
 */
#include "base/limits.h"
#include "onnx/onnx_int.h"

/* How the dimensions of one operand lie: shared ones on H then C, own ones and summed ones. */
static void letters(const struct onnx_factor *f, int shared, int rows, char own, char summed,
		    char axes[LIMIT_RANK + 1])
{
	const struct im_view *v = &f->v.view;

	for (int d = 0; d < v->rank; d++)
		axes[d] = v->dim[d].n == 0             ? '1'
			  : onnx_factor_is_batch(f, d) ? 'B'
			  : d < shared                 ? (d < rows ? 'H' : 'C')
			  : d < shared + f->own        ? own
						       : summed;
	axes[v->rank] = '\0';
}

/* Moves an operand; the node's input itself when it is seen the same way, for others to use. */
static int want(struct build *b, struct onnx_factor *f, const char *axes, struct err *e)
{
	struct im_value *in = b->node->in[f->input];

	if (in->is_const || in->view.layer != f->v.view.layer || !view_same(&in->view, &f->v.view))
		return view_want(b, &f->v, axes, e);
	if (view_want(b, in, axes, e) < 0)
		return -1;
	f->v.view = in->view;
	return 0;
}

/* A way to lay both operands: which is first, shared dimensions on rows, b transposed. */
struct way {
	int first, rows, variant, cost;
	char a[LIMIT_RANK + 1], b[LIMIT_RANK + 1];
};

static bool cheapest(const struct onnx_factor x[2], int shared, struct way *best)
{
	best->cost = -1;
	for (int i = 0; i < 4 * (shared + 1); i++) {
		struct way w = { .first = i / (2 * (shared + 1)),
				 .rows = i / 2 % (shared + 1),
				 .variant = i % 2 };
		const struct onnx_factor *a = &x[w.first], *b = &x[1 - w.first];
		int ca, cb;

		letters(a, shared, w.rows, 'W', 'C', w.a);
		letters(b, shared, w.rows, w.variant ? 'W' : 'C', w.variant ? 'C' : 'W', w.b);
		ca = view_cost(&a->v.view, w.a);
		cb = view_cost(&b->v.view, w.b);
		w.cost = ca + cb;
		if (ca >= 0 && cb >= 0 && (best->cost < 0 || w.cost < best->cost))
			*best = w;
	}
	return best->cost >= 0;
}

/* Sizes of the result's dimensions, and the letters of those: shared, of x[0], of x[1]. */
static int result(const struct onnx_factor x[2], int shared, int64_t size[LIMIT_RANK],
		  struct err *e)
{
	int n = 0;

	if (shared + x[0].own + x[1].own > LIMIT_RANK)
		return err_set(e, "its result has %d dimensions", shared + x[0].own + x[1].own);
	for (int d = 0; d < shared; d++)
		size[n++] = onnx_factor_size(&x[0], d);
	for (int i = 0; i < 2; i++)
		for (int d = shared; d < shared + x[i].own; d++)
			size[n++] = onnx_factor_size(&x[i], d);
	return n;
}

static int batch_agrees(const struct onnx_factor x[2], int shared, int sum, struct err *e)
{
	for (int i = 0; i < 2; i++)
		for (int d = shared + x[i].own; d < shared + x[i].own + sum; d++)
			if (onnx_factor_is_batch(&x[i], d))
				return err_set(e, "it sums over the batch");
	for (int d = 0; d < shared; d++)
		if (onnx_factor_is_batch(&x[0], d) != onnx_factor_is_batch(&x[1], d))
			return err_set(e, "the batch of one operand meets no batch of the other");
	return 0;
}

static int two_tensors(struct build *b, struct onnx_factor x[2], int shared, int sum,
		       struct im_value *out, struct err *e)
{
	const int64_t b0 = x[0].v.view.batch, b1 = x[1].v.view.batch;
	int64_t size[LIMIT_RANK], groups = 1;
	char axes[LIMIT_RANK + 1] = "";
	struct im_view *v[2];
	struct layer *l;
	struct way w;
	int n;

	if ((n = result(x, shared, size, e)) < 0 || batch_agrees(x, shared, sum, e) < 0)
		return -1;
	if (!cheapest(x, shared, &w))
		return err_set(e, "its inputs %s and %s lie in a way that is not supported",
			       view_text(&x[0].v.view), view_text(&x[1].v.view));
	if (want(b, &x[w.first], w.a, e) < 0 || want(b, &x[1 - w.first], w.b, e) < 0)
		return -1;
	v[0] = &x[w.first].v.view;
	v[1] = &x[1 - w.first].v.view;
	for (int d = w.rows; d < shared; d++)
		groups *= onnx_factor_is_batch(&x[0], d) ? 1 : size[d];
	if (groups > LIMIT_FEATURES)
		return err_set(e, "it multiplies %lld pairs of matrices", (long long)groups);
	l = build_layer(b, HN_MATMUL, "matmul");
	for (int i = 0; i < 2; i++)
		layer_add_input(b->g, l, v[i]->layer, v[i]->port);
	l->p.groups = (int32_t)groups;
	l->p.variant = w.variant;
	for (int d = 0; d < n; d++) {
		const int of = d < shared ? 0 : d < shared + x[0].own ? 0 : 1;
		const int at = of && d >= shared ? d - x[0].own : d;

		axes[d] = onnx_factor_is_batch(&x[of], at) ? 'B'
			  : d < shared                     ? (d < w.rows ? 'H' : 'C')
			  : of == w.first                  ? 'W'
							   : 'C';
	}
	view_lay(&out->view, l, 0, b0 > b1 ? b0 : b1, size, axes);
	out->done = true;
	return 0;
}

/* Kernel [1][1][k][groups n] from the constant's dimensions shared, own, summed. */
static struct tensor kernel(const struct onnx_factor *f, int shared, int sum, int64_t k, int64_t n,
			    float scale)
{
	struct tensor t = tensor_new(DT_F32, 4, (int64_t[]){ 1, 1, k, n });
	float *to = tensor_data(&t);
	const int rank = f->rank, fast = rank - sum;
	int64_t at[LIMIT_RANK] = { 0 };
	/* Counted with the summed dimensions as the slow ones. */
	int order[LIMIT_RANK], m = 0;

	for (int d = fast; d < rank; d++)
		order[m++] = d;
	for (int d = 0; d < fast; d++)
		order[m++] = d;
	(void)shared;
	for (int64_t i = 0; i < k * n; i++) {
		int64_t from = 0;

		for (int d = 0; d < rank; d++)
			from += at[d] * f->stride[d];
		to[i] = scale * (float)tensor_get(&f->v.data, (size_t)from);
		for (int d = rank - 1; d >= 0 && ++at[order[d]] == f->size[order[d]]; d--)
			at[order[d]] = 0;
	}
	return t;
}

/* Is the constant a [k][n] matrix as stored? */
static bool is_matrix(const struct onnx_factor *f, int sum, int64_t n)
{
	int64_t step = 1;

	for (int d = f->rank - sum - 1; d >= 0; step *= f->size[d--])
		if (f->size[d] != 1 && f->stride[d] != step)
			return false;
	for (int d = f->rank - 1; d >= f->rank - sum; step *= f->size[d--])
		if (f->size[d] != 1 && f->stride[d] != step)
			return false;
	return n > 0;
}

/* Own dimensions: the first `high` are rows, the others columns; high < 0: where they are. */
static void own_letters(const struct onnx_factor *x, int shared, int high, char *axes)
{
	const struct im_view *v = &x->v.view;

	letters(x, shared, 0, 'W', 'C', axes);
	for (int d = shared; d < shared + x->own; d++)
		if (axes[d] == 'W' && high < 0)
			axes[d] = "HWC"[v->atom[v->dim[d].at[0]].axis];
		else if (axes[d] == 'W' && high-- > 0)
			axes[d] = 'H';
}

/* The cheapest letters of x when its summed and shared dimensions are features. */
static bool lay(const struct onnx_factor *x, int shared, char best[LIMIT_RANK + 1])
{
	char axes[LIMIT_RANK + 1];
	int data = 0, least = -1;

	for (int d = shared; d < shared + x->own; d++)
		data += x->v.view.dim[d].n && !onnx_factor_is_batch(x, d);
	for (int i = -2; i <= data; i++) {
		int cost;

		own_letters(x, shared, i == -2 ? -1 : i < 0 ? data / 2 : i, axes);
		cost = view_cost(&x->v.view, axes);
		if (cost < 0 || (i == -2 && cost > 0) || (least >= 0 && cost >= least))
			continue;
		least = cost;
		memcpy(best, axes, sizeof axes);
	}
	return least >= 0;
}

static int with_constant(struct build *b, struct onnx_factor x[2], int shared, int sum, float scale,
			 struct im_value *out, struct err *e)
{
	const int of = x[0].constant;
	struct onnx_factor *data = &x[of], *c = &x[1 - of];
	int64_t size[LIMIT_RANK], k = 1, n = 1, groups = 1;
	char axes[LIMIT_RANK + 1], axes_out[LIMIT_RANK + 1] = "";
	struct tensor t;
	struct layer *l;
	int count;

	if ((count = result(x, shared, size, e)) < 0)
		return -1;
	for (int d = 0; d < c->rank; d++) {
		*(d < c->rank - sum ? &n : &k) *= c->size[d];
		groups *= d < shared ? c->size[d] : 1;
		if (c->size[d] < 1 || n > LIMIT_FEATURES || k > LIMIT_FEATURES)
			return err_set(e, "its constant %s is absurd",
				       tensor_shape_text(&c->v.data));
	}
	if (batch_agrees(x, shared, sum, e) < 0)
		return -1;
	if (!lay(data, shared, axes))
		return err_set(e, "its input %s lies in a way that is not supported",
			       view_text(&data->v.view));
	if (want(b, data, axes, e) < 0)
		return -1;
	if (is_matrix(c, sum, n) && scale == 1) {
		t = tensor_convert(&c->v.data, DT_F32);
		t.rank = 4;
		memcpy(t.dim, (int64_t[]){ 1, 1, k, n }, 4 * sizeof *t.dim);
	} else {
		t = kernel(c, shared, sum, k, n, scale);
	}
	onnx_spend(b->node, c->input);
	l = build_after(b, HN_CONV, "conv", &data->v.view);
	l->p.kernel[2] = (int32_t)k;
	l->p.kernel[3] = (int32_t)n;
	l->p.groups = (int32_t)groups;
	layer_set_weight(b->w, l, "kernel", t);
	for (int d = 0; d < count; d++) {
		const bool first = d < shared + x[0].own;
		const int at = first ? d : d - x[0].own;

		axes_out[d] = d < shared || (first ? 0 : 1) == of ? axes[at] : 'C';
	}
	view_lay(&out->view, l, 0, data->v.view.batch, size, axes_out);
	out->done = true;
	return 0;
}

int onnx_product(struct build *b, struct onnx_factor x[2], int shared, int sum, float scale,
		 struct im_value *out, struct err *e)
{
	struct im_value mid = { .name = out->name, .nuse = 1 };
	struct tensor s;

	if (x[0].constant || x[1].constant)
		return with_constant(b, x, shared, sum, scale, out, e);
	if (scale == 1)
		return two_tensors(b, x, shared, sum, out, e);
	if (two_tensors(b, x, shared, sum, &mid, e) < 0)
		return -1;
	s = tensor_new(DT_F32, 0, NULL);
	*(float *)tensor_data(&s) = scale;
	shared = onnx_with_tensor(b, &mid, &s, true, out, e);
	tensor_release(&s);
	return shared;
}
