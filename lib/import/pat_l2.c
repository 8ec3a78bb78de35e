/*
 * L2 normalization spelled out: x / length(x), x / max(length(x), epsilon), the length by ReduceL2
 * or as the root of a sum of squares, repeated to x's shape or not.
 */
#include "import/import.h"

static struct im_node *from(const struct im_value *v, const char *op)
{
	return v && v->from && !v->is_output && strcmp(v->from->op, op) == 0 && v->from->nin &&
		       v->from->in[0]
		   ? v->from
		   : NULL;
}

/* v = ReduceL2(x), or sqrt of the sum of x x: the reducing node; *x is set. */
static struct im_node *length_of(const struct im_value *v, struct im_value **x)
{
	struct im_node *root = from(v, "Sqrt"), *sum, *square;
	float two;

	if ((sum = from(v, "ReduceL2")) || (root && (sum = from(root->in[0], "ReduceSumSquare"))))
		return *x = sum->in[0], sum;
	if (!root || !(sum = from(root->in[0], "ReduceSum")))
		return NULL;
	if ((square = from(sum->in[0], "SQUARE")))
		*x = square->in[0];
	else if ((square = from(sum->in[0], "Mul")) && square->in[0] == square->in[1])
		*x = square->in[0];
	else if ((square = from(sum->in[0], "Pow")) && square->nin > 1 &&
		 im_scalar(square->in[1], &two) && two == 2)
		*x = square->in[0];
	else
		return NULL;
	return sum;
}

/* v = max(w, epsilon) as Clip or Max with a constant: w; v itself when it is neither. */
static const struct im_value *at_least(const struct im_value *v, float *epsilon)
{
	struct im_node *n = from(v, "Clip");
	float hi;

	*epsilon = 0;
	if ((n = n ? n : from(v, "CLIP"))) {
		const struct im_attr *lo = im_attr(n, "min");

		if ((n->nin > 2 && n->in[2] && (!im_scalar(n->in[2], &hi) || hi < 3e38f)) ||
		    im_float(n, "max", 3.4028234663852886e38f) < 3e38f)
			return v;
		if (lo && lo->kind == IM_FLOAT)
			*epsilon = lo->f;
		else if (n->nin < 2 || !im_scalar(n->in[1], epsilon))
			return v;
		return n->in[0];
	}
	if ((n = from(v, "Max")) && n->nin == 2) {
		if (im_scalar(n->in[1], epsilon))
			return n->in[0];
		if (im_scalar(n->in[0], epsilon))
			return n->in[1];
	}
	return v;
}

/* The axes: an attribute, or (ReduceSum of opset 13) a constant input; n of them in *list. */
static bool axes_of(struct im_graph *g, const struct im_node *n, const int64_t **list,
		    size_t *count)
{
	int64_t *copy;

	if ((*list = im_ints(n, "axes", count)))
		return true;
	if (n->nin < 2 || !n->in[1] || !n->in[1]->is_const ||
	    (*count = tensor_count(&n->in[1]->data)) == 0 || *count > LIMIT_RANK)
		return false;
	*list = copy = arena_array(&g->arena, *count, sizeof *copy);
	for (size_t i = 0; i < *count; i++)
		copy[i] = tensor_get_int(&n->in[1]->data, i);
	return true;
}

bool pat_l2(struct im_graph *g, struct im_node *n)
{
	struct im_node *expand, *sum;
	struct im_value *x, *shape = NULL;
	const struct im_value *v;
	const int64_t *axes;
	size_t count;
	float epsilon;

	if (strcmp(n->op, "Div") != 0 || n->nin != 2)
		return false;
	v = n->in[1];
	if ((expand = from(v, "Expand")) && expand->nin == 2) {
		shape = expand->in[1];
		v = expand->in[0];
	}
	v = at_least(v, &epsilon);
	if (!(sum = length_of(v, &x)) || x != n->in[0] || !im_int(sum, "keepdims", 1) ||
	    !(epsilon >= 0) || !axes_of(g, sum, &axes, &count))
		return false;
	if (shape)
		shape->nuse++;
	im_become(g, n, "L2NORM", x, 2);
	im_attr_float(n, 0, "epsilon", epsilon);
	n->attr[1] = (struct im_attr){ .name = "axes", .kind = IM_INTS, .ints = axes, .n = count };
	if (shape) {
		n->in = arena_array(&g->arena, 2, sizeof(struct im_value *));
		n->in[0] = x;
		n->in[1] = shape;
		n->nin = 2;
	}
	return true;
}
