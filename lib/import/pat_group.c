/*
 * Grouped convolutions of TensorFlow 1, which has none (guide 5.1.1): equal parts of the features,
 * a convolution of each, and all joined again.
 */
#include "import/import.h"

enum {
	LEAST = 3,    /* "several (>2)" */
	FEATURES = 3, /* the dimension */
	MAPS = 4      /* dimensions */
};

static bool over_features(int64_t axis)
{
	return axis == FEATURES || axis == -1;
}

/* v is part i of n equal ones of a tensor's features: the tensor. */
static struct im_value *part(const struct im_value *v, size_t i, size_t n, int64_t size)
{
	const struct im_node *s = v && v->nuse == 1 && !v->is_output ? v->from : NULL;
	const int64_t *from, *to, *axis, *step, *split;
	size_t count, nto, naxis, nstep;

	if (!s || s->nin == 0)
		return NULL;
	if (strcmp(s->op, "Split") == 0) {
		split = im_ints(s, "split", &count);
		for (size_t k = 0; split && k < count; k++)
			if (split[k] != size)
				return NULL;
		return s->nout == n && s->out[i] == v && over_features(im_int(s, "axis", 0))
			   ? s->in[0]
			   : NULL;
	}
	if (strcmp(s->op, "Slice") != 0 || !(from = im_ints(s, "starts", &count)) ||
	    !(to = im_ints(s, "ends", &nto)) || !(axis = im_ints(s, "axes", &naxis)) ||
	    !(step = im_ints(s, "steps", &nstep)) || nto != count || naxis != count ||
	    nstep != count)
		return NULL;
	for (size_t k = 0; k < count; k++) {
		const bool last = over_features(axis[k]);
		const int64_t first = last ? (int64_t)i * size : 0;

		if (from[k] != first || step[k] != 1 ||
		    (last ? to[k] != first + size && !(i + 1 == n && to[k] == INT64_MAX)
			  : to[k] != INT64_MAX))
			return NULL;
	}
	return s->in[0];
}

static bool same_ints(const struct im_node *a, const struct im_node *b, const char *name)
{
	size_t na = 0, nb = 0;
	const int64_t *p = im_ints(a, name, &na), *q = im_ints(b, name, &nb);

	return na == nb && (na == 0 || memcmp(p, q, na * sizeof *p) == 0);
}

static bool same_attrs(const struct im_node *a, const struct im_node *b)
{
	return same_ints(a, b, "strides") && same_ints(a, b, "dilations") &&
	       same_ints(a, b, "pads") &&
	       strcmp(im_string(a, "auto_pad", ""), im_string(b, "auto_pad", "")) == 0;
}

/* One branch: its convolution, and the bias behind it (NULL: none). */
struct branch {
	const struct im_node *conv;
	const struct tensor *kernel, *bias;
};

static bool is_branch(const struct im_value *v, struct branch *b)
{
	const struct im_node *add = im_only(v, "Add");

	*b = (struct branch){ NULL, NULL, NULL };
	for (int i = 0; add && add->nin == 2 && i < 2; i++)
		if (add->in[i] && add->in[i]->is_const) {
			b->bias = &add->in[i]->data;
			v = add->in[1 - i];
		}
	if (add && !b->bias)
		return false;
	b->conv = im_only(v, "Conv");
	if (!b->conv || !b->conv->last || im_int(b->conv, "group", 1) != 1 || b->conv->nin < 2 ||
	    (b->conv->nin > 2 && b->conv->in[2]) || !b->conv->in[1]->is_const ||
	    strcmp(im_string(b->conv, "kernel_layout", ""), "HWIO") != 0)
		return false;
	b->kernel = &b->conv->in[1]->data;
	return b->kernel->rank == MAPS &&
	       (!b->bias || (b->bias->rank == 1 && b->bias->dim[0] == b->kernel->dim[3]));
}

/* All branches read equal parts of one tensor: that. */
static struct im_value *whole(const struct im_node *n, struct branch *b)
{
	struct im_value *x = NULL;

	for (size_t i = 0; i < n->nin; i++) {
		struct im_value *from;

		if (!is_branch(n->in[i], &b[i]) || !same_attrs(b[0].conv, b[i].conv) ||
		    !b[0].bias != !b[i].bias ||
		    memcmp(b[0].kernel->dim, b[i].kernel->dim, MAPS * sizeof(int64_t)) != 0)
			return NULL;
		from = part(b[i].conv->in[0], i, n->nin, b[0].kernel->dim[2]);
		if (!from || (x && from != x))
			return NULL;
		x = from;
	}
	return x;
}

/* The kernels, or biases, side by side along their last dimension. */
static struct im_value *joined(struct im_graph *g, const struct im_node *n, const struct branch *b,
			       bool bias)
{
	const struct tensor *first = bias ? b[0].bias : b[0].kernel;
	const int64_t o = first->dim[first->rank - 1];
	const int64_t rows = (int64_t)tensor_count(first) / (o ? o : 1);
	int64_t dim[MAPS];
	const char *name = arena_printf(&g->arena, "%.900s#%s", n->name, bias ? "bias" : "kernel");
	struct im_value *v;
	struct tensor t;

	memcpy(dim, first->dim, (size_t)first->rank * sizeof *dim);
	dim[first->rank - 1] = o * (int64_t)n->nin;
	t = tensor_new(DT_F32, first->rank, dim);
	for (size_t i = 0; i < n->nin; i++)
		for (int64_t r = 0; r < rows; r++)
			for (int64_t k = 0; k < o; k++)
				((float *)tensor_data(
				    &t))[(r * (int64_t)n->nin + (int64_t)i) * o + k] =
				    (float)tensor_get(bias ? b[i].bias : b[i].kernel,
						      (size_t)(r * o + k));
	while (im_find_value(g, name))
		name = arena_printf(&g->arena, "%.900s'", name);
	v = im_value(g, name);
	im_set_const(v, t);
	v->nuse++;
	return v;
}

bool pat_group_conv(struct im_graph *g, struct im_node *n)
{
	struct branch *b;
	struct im_value *x, *in[3];
	struct im_attr *attr;
	size_t nattr;

	if (strcmp(n->op, "Concat") != 0 || n->nin < LEAST || !over_features(im_int(n, "axis", 1)))
		return false;
	b = arena_array(&g->arena, n->nin, sizeof *b);
	if (!(x = whole(n, b)))
		return false;
	in[0] = x;
	in[1] = joined(g, n, b, false);
	in[2] = b[0].bias ? joined(g, n, b, true) : NULL;
	nattr = b[0].conv->nattr;
	attr = arena_array(&g->arena, nattr + 1, sizeof *attr);
	memcpy(attr, b[0].conv->attr, nattr * sizeof *attr);
	attr[nattr] = (struct im_attr){ .name = "group", .kind = IM_INT, .i = (int64_t)n->nin };
	im_become(g, n, "Conv", x, 0);
	n->attr = attr;
	n->nattr = nattr + 1;
	n->last = true;
	n->in = arena_array(&g->arena, 3, sizeof(struct im_value *));
	memcpy(n->in, in, sizeof in);
	n->nin = 3;
	return true;
}
