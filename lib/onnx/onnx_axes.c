/*
 * What the dimensions of an input mean when nobody says it: by the operator that reads it where
 * that knows, else by their number.
 */
#include "onnx/onnx_int.h"

static bool is_recurrent(const struct im_node *n)
{
	return strcmp(n->op, "LSTM") == 0 || strcmp(n->op, "GRU") == 0 || strcmp(n->op, "RNN") == 0;
}

/* The recurrent operator that reads v, or the operator of that name; NULL when there is none. */
static const struct im_node *reader(const struct im_graph *g, const struct im_value *v,
				    const char *op)
{
	for (size_t i = 0; i < g->nnode; i++) {
		const struct im_node *n = g->node[i];

		if (n->nin && n->in[0] == v && (op ? strcmp(n->op, op) == 0 : is_recurrent(n)))
			return n;
	}
	return NULL;
}

/* Exporters' turn of steps and images, for this reader only. */
static const struct im_value *turned(const struct im_graph *g, const struct im_value *v)
{
	const struct im_node *n = reader(g, v, "Transpose");
	size_t count;
	const int64_t *perm = n ? im_ints(n, "perm", &count) : NULL;

	if (!perm || count != 3 || perm[0] != 1 || perm[1] != 0 || perm[2] != 2)
		return NULL;
	return n->nout ? n->out[0] : NULL;
}

/* Steps are columns: WBC, or BWC with the images first. */
static bool sequence(const struct im_graph *g, const struct im_value *v, char axes[LIMIT_RANK + 1])
{
	const struct im_value *t;
	const struct im_node *n;

	if (v->rank != 3)
		return false;
	n = reader(g, v, NULL);
	t = n ? NULL : turned(g, v);
	if (t)
		n = reader(g, t, NULL);
	if (!n)
		return false;
	memcpy(axes, (im_int(n, "layout", 0) != 0) != (t != NULL) ? "BWC" : "WBC", 4);
	return true;
}

/* Dimension 1 of what these read is the features. */
static bool features_second(const struct im_node *n)
{
	static const char *const ops[] = {
		"AveragePool",
		"BatchNormalization",
		"Conv",
		"ConvTranspose",
		"GlobalAveragePool",
		"GlobalMaxPool",
		"InstanceNormalization",
		"MaxPool",
		"PRelu",
	};

	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
		if (strcmp(n->op, ops[i]) == 0)
			return true;
	return false;
}

/* Does such an operator read v, at once or behind operators of one input? */
static bool is_signal(const struct im_graph *g, const struct im_value *v)
{
	enum {
		FAR = 8
	};

	for (int far = 0; v && far < FAR; far++) {
		const struct im_value *next = NULL;

		for (size_t i = 0; i < g->nnode; i++) {
			const struct im_node *n = g->node[i];

			if (n->nin == 0 || n->in[0] != v)
				continue;
			if (features_second(n))
				return true;
			if (n->nin == 1 && n->nout && strcmp(n->op, "Transpose") != 0)
				next = n->out[0];
		}
		v = next;
	}
	return false;
}

/* The guide's default of net_input_format, but for what a 1-D convolution or pool reads. */
static const char *by_rank(const struct im_graph *g, const struct im_value *v)
{
	if (v->rank == 5)
		return g->last ? "BDHWC" : "BCDHW";
	if (v->rank == 3 && !is_signal(g, v))
		return "BWC";
	return view_default_axes(v->rank, g->last);
}

/* Dimensions of v; 0: not known. */
static int rank_of(const struct im_value *v)
{
	int64_t dim[LIMIT_RANK];
	int rank;

	if (v->is_const)
		return v->data.rank;
	return onnx_known_shape(v, &rank, dim) ? rank : 0;
}

/* The largest rank that v meets in operators that broadcast; 0: none. */
static int met_rank(const struct im_graph *g, const struct im_value *v)
{
	static const char *const ops[] = { "Add",  "Sub",         "Mul",
					   "Div",  "Min",         "Max",
					   "Sum",  "Greater",     "GreaterOrEqual",
					   "Less", "LessOrEqual", "Equal" };
	int most = 0;

	for (size_t i = 0; i < g->nnode; i++) {
		const struct im_node *n = g->node[i];
		bool reads = false;
		int rank = 0;

		for (size_t k = 0; k < n->nin; k++)
			reads |= n->in[k] == v;
		for (size_t k = 0; reads && k < sizeof ops / sizeof ops[0]; k++)
			for (size_t j = 0; strcmp(n->op, ops[k]) == 0 && j < n->nin; j++)
				if (n->in[j] && rank_of(n->in[j]) > rank)
					rank = rank_of(n->in[j]);
		most = rank > most ? rank : most;
	}
	return most;
}

/*
 * An input that meets one with more dimensions has no batch, it is the same for all images: its
 * dimensions are the last ones of the other.  One of rank 1 has none either.
 */
static bool without_batch(const struct im_graph *g, const struct im_value *v,
			  char axes[LIMIT_RANK + 1])
{
	const int rank = v->rank >= 1 && v->rank <= 3 ? met_rank(g, v) : 0;
	const char *std = rank > v->rank ? view_default_axes(rank, g->last || rank == 3)
			  : v->rank == 1 ? "C"
					 : NULL;

	if (!std)
		return false;
	std += strlen(std) - (size_t)v->rank;
	memcpy(axes, std, (size_t)v->rank + 1);
	return true;
}

bool onnx_default_axes(const struct im_graph *g, const struct im_value *v,
		       char axes[LIMIT_RANK + 1])
{
	const char *std = by_rank(g, v);

	if (sequence(g, v, axes) || without_batch(g, v, axes))
		return true;
	if (std)
		memcpy(axes, std, strlen(std) + 1);
	return std != NULL;
}
