/* Concat, Split. */
#include "base/limits.h"
#include "onnx/onnx_deep.h"

/* The letter of dimension d in a plain view; one that is free when the size is 1 there. */
char onnx_letter_at(const struct im_view *v, const char *axes, int d)
{
	static const char *const prefer[5] = { "", "", "C", "CW", "CHW" };
	const char *order = v->rank <= 4 ? prefer[v->rank] : "CHW";

	if (axes[d] != '1')
		return axes[d];
	/* Its place in the standard layout first. */
	if (v->rank <= 4 && d >= 1 && !strchr(axes, order[d - 1]))
		return order[d - 1];
	for (const char *s = "CHW"; *s; s++)
		if (!strchr(axes, *s))
			return *s;
	return '1';
}

int onnx_slot(char letter)
{
	return letter == 'H' ? 0 : letter == 'W' ? 1 : 2;
}

static int join_all(struct build *b, struct im_value *in, size_t n, char axes[LIMIT_RANK + 1],
		    struct err *e)
{
	bool alike = true;

	for (size_t i = 0; i < n; i++)
		if (view_plain(b, &in[i], e) < 0)
			return -1;
	view_axes(&in[0].view, axes);
	for (size_t i = 1; alike && i < n; i++) {
		char more[LIMIT_RANK + 1];

		view_axes(&in[i].view, more);
		for (int d = 0; alike && axes[d]; d++) {
			alike = axes[d] == more[d] || axes[d] == '1' || more[d] == '1';
			if (axes[d] == '1')
				axes[d] = more[d];
		}
	}
	for (int d = 0; alike && axes[d]; d++)
		alike = axes[d] == '1' || !strchr(axes + d + 1, axes[d]);
	if (alike)
		return 0;
	if (!build_std_axes(b, in[0].view.rank))
		return err_set(e, "its inputs do not lie alike");
	memcpy(axes, build_std_axes(b, in[0].view.rank), (size_t)in[0].view.rank + 1);
	return 0;
}

static int check_concat(const struct im_value *in, size_t n, int axis, struct err *e)
{
	for (size_t i = 1; i < n; i++) {
		if (in[i].view.rank != in[0].view.rank)
			return err_set(e, "its inputs %s and %s differ in rank",
				       view_text(&in[0].view), view_text(&in[i].view));
		for (int d = 0; d < in[0].view.rank; d++)
			if (d != axis && view_size(&in[i].view, d) != view_size(&in[0].view, d))
				return err_set(e, "its inputs %s and %s differ in dimension %d",
					       view_text(&in[0].view), view_text(&in[i].view), d);
	}
	return 0;
}

/* Constants become layers that lie like the first computed input. */
static int lay_constants(struct build *b, struct im_value *in, size_t count, struct err *e)
{
	char axes[LIMIT_RANK + 1] = "";

	for (size_t i = 0; i < count && !axes[0]; i++)
		if (!in[i].is_const && view_axes(&in[i].view, axes))
			for (int d = 0; axes[d]; d++)
				axes[d] = d == 0 && axes[d] == '1'
					      ? 'B'
					      : onnx_letter_at(&in[i].view, axes, d);
	for (size_t i = 0; i < count; i++)
		if (in[i].is_const && build_from_const(b, &in[i], axes[0] ? axes : NULL, e) < 0)
			return -1;
	return 0;
}

int onnx_concat_at(struct build *b, struct im_value *in, size_t count, int axis,
		   struct im_value *out, struct err *e)
{
	char axes[LIMIT_RANK + 1];
	int64_t base[3], sum = 0;
	struct layer *l;
	char letter;

	if (check_concat(in, count, axis, e) < 0)
		return -1;
	if (in[0].view.rank == 5)
		return onnx_concat_deep(b, in, count, axis, out, e);
	if (join_all(b, in, count, axes, e) < 0)
		return -1;
	letter = onnx_letter_at(&in[0].view, axes, axis);
	if (letter == 'B' || letter == '1' || (axis == 0 && in[0].view.batch != 1))
		return err_set(e,
			       "a concatenation along the batch (axis %d of %s) is not supported",
			       axis, view_text(&in[0].view));
	axes[axis] = letter;
	l = build_layer(b, HN_CONCAT, "concat");
	l->p.concat_axis = onnx_slot(letter) + 1;
	for (size_t i = 0; i < count; i++) {
		if (view_want(b, &in[i], axes, e) < 0)
			return -1;
		sum += in[i].view.base[onnx_slot(letter)];
		layer_add_input(b->g, l, in[i].view.layer, in[i].view.port);
	}
	memcpy(base, in[0].view.base, sizeof base);
	base[onnx_slot(letter)] = sum;
	build_out(out, l, 0, in[0].view.batch, base, axes);
	return 0;
}

int onnx_concat(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value *in;
	int r = 0, axis = 0;

	if (n->nin == 1)
		return build_pass(n->out[0], n->in[0]), 0;
	in = xcalloc(n->nin, sizeof *in);
	for (size_t i = 0; r == 0 && i < n->nin; i++) {
		if (!n->in[i])
			r = err_set(e, "input %zu is absent", i);
		else if (!n->in[i]->is_const)
			r = n->in[i]->view.rank == 5 ? 0 : view_plain(b, n->in[i], e);
		if (r == 0)
			in[i] = *n->in[i];
	}
	if (r == 0)
		r = lay_constants(b, in, n->nin, e);
	if (r == 0)
		r = onnx_axis(im_int(n, "axis", 1), in[0].view.rank, &axis, e);
	if (r == 0)
		r = onnx_concat_at(b, in, n->nin, axis, n->out[0], e);
	free(in);
	return r;
}

static int split_sizes(struct build *b, const struct im_node *n, int64_t whole, int64_t *size,
		       struct err *e)
{
	const struct im_attr *a = im_attr(n, "split");
	const struct im_value *v = n->nin > 1 ? n->in[1] : NULL;
	const size_t count = v && v->is_const ? tensor_count(&v->data) : a ? a->n : 0;
	int64_t sum = 0;

	(void)b;
	if (v && !v->is_const)
		return err_set(e, "its sizes are computed from data");
	if ((a || v) && count != n->nout)
		return err_set(e, "it has %zu sizes for %zu outputs", count, n->nout);
	if (!a && !v && whole % (int64_t)n->nout != 0)
		return err_set(e, "%lld does not divide into %zu parts", (long long)whole, n->nout);
	for (size_t i = 0; i < n->nout; i++) {
		size[i] = v   ? tensor_get_int(&v->data, i)
			  : a ? a->ints[i]
			      : whole / (int64_t)n->nout;
		if (size[i] < 1 || size[i] > whole)
			return err_set(e, "a part of %lld of %lld is not supported",
				       (long long)size[i], (long long)whole);
		sum += size[i];
	}
	return sum == whole ? 0
			    : err_set(e, "its parts sum to %lld, not %lld", (long long)sum,
				      (long long)whole);
}

static void split_out(struct im_value *out, const struct im_value *x, struct layer *l, int32_t port,
		      int d, int64_t size)
{
	out->view = x->view;
	out->view.layer = l;
	out->view.port = port;
	out->view.sole = true;
	view_resize(&out->view, d, size);
	out->done = true;
}

/* Parts of size[i] along dimension d, which has `inner` values of axis in a row for each of its
 * own. */
static void split(struct build *b, struct im_node *n, int d, int axis, int64_t inner,
		  const int64_t *size)
{
	struct im_value *x = n->in[0];
	struct layer *l = NULL;
	int64_t at = 0;

	if (axis == 2 && n->nout <= sizeof l->p.split / sizeof l->p.split[0]) {
		l = build_after(b, HN_FEATURE_SPLITTER, "feature_splitter", &x->view);
		l->p.nsplit = (int32_t)n->nout;
		for (size_t i = 0; i < n->nout; i++)
			l->p.split[i] = (int32_t)(size[i] * inner);
	}
	for (size_t i = 0; i < n->nout; at += size[i++]) {
		struct layer *part = l;

		if (!n->out[i])
			continue;
		if (!l && n->out[i]->nuse)
			part =
			    build_slice(b, &x->view, axis, at * inner, (at + size[i]) * inner, 1);
		if (part)
			split_out(n->out[i], x, part, l ? (int32_t)i : 0, d, size[i]);
	}
}

/* For parts inside of the features: a kernel that makes each part's features side by side. */
static bool split_kernel(struct build *b, struct im_node *n, int d, const int64_t *size)
{
	const struct im_view *v = &n->in[0]->view;
	int64_t outer = 1, inner = 1, done = 0, i = 0;
	int32_t *from;
	bool made;

	if (n->in[0]->nuse != 1 || v->dim[d].n != 1 || v->atom[v->dim[d].at[0]].axis != 2)
		return false;
	for (int a = 0; a < v->natoms; a++)
		if (v->atom[a].axis == 2 && a != v->dim[d].at[0])
			*(a < v->dim[d].at[0] ? &outer : &inner) *= v->atom[a].size;
	from = xcalloc((size_t)v->base[2], sizeof *from);
	for (size_t part = 0; part < n->nout; done += size[part++])
		for (int64_t o = 0; o < outer; o++)
			for (int64_t k = 0; k < size[part] * inner; k++)
				from[i++] = (int32_t)((o * view_size(v, d) + done) * inner + k);
	made = build_permute(b, n->in[0], from);
	free(from);
	if (made)
		split(b, n, d, 2, outer * inner, size);
	return made;
}

int onnx_split(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value *x = n->in[0];
	int64_t *size, inner;
	int d, axis, r;

	if (onnx_axis(im_int(n, "axis", 0), x->view.rank, &d, e) < 0)
		return -1;
	if (n->nout == 1)
		return build_pass(n->out[0], x), 0;
	if (x->view.dim[d].n == 0 || x->view.dim[d].at[0] == IM_BATCH)
		return err_set(e, "a split along axis %d of %s is not supported", d,
			       view_text(&x->view));
	size = xcalloc(n->nout, sizeof *size);
	r = split_sizes(b, n, view_size(&x->view, d), size, e);
	if (r == 0 && (view_outer(&x->view, d, &axis, &inner) || !split_kernel(b, n, d, size))) {
		r = view_outermost(b, x, d, &axis, &inner, e);
		if (r == 0)
			split(b, n, d, axis, inner, size);
	}
	free(size);
	return r;
}
