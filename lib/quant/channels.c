/*
 * Which features must share one equalization factor.  Every output feature of every layer is a
 * node; layers that carry values through (additions, pools, moves, homogeneous activations) join
 * nodes, layers that know what a value means (tables, softmax, network inputs and outputs) fix
 * them.
 */
#include "quant/quant_int.h"

static size_t find(const struct channels *c, size_t i)
{
	while (c->parent[i] != i) {
		c->parent[i] = c->parent[c->parent[i]];
		i = c->parent[i];
	}
	return i;
}

/* After channels_build every parent is a root. */
size_t channels_root(const struct channels *c, size_t i)
{
	return c->parent[i];
}

static void join(struct channels *c, size_t a, size_t b)
{
	a = find(c, a);
	b = find(c, b);
	if (a == b)
		return;
	c->parent[a > b ? a : b] = a > b ? b : a;
	c->fixed[a > b ? b : a] = c->fixed[a] || c->fixed[b];
}

static size_t output_node(const struct channels *c, const struct layer *l, int port, size_t f)
{
	return c->base[l->index] + quant_port_offset(l, port) + f;
}

static size_t input_node(const struct channels *c, const struct layer *l, size_t i, size_t f)
{
	return output_node(c, l->in[i].layer, l->in[i].port, f);
}

size_t channels_input(const struct channels *c, const struct layer *l, size_t i, size_t f)
{
	return c->parent[input_node(c, l, i, f)];
}

static size_t features(const struct layer *l, size_t i)
{
	return (size_t)layer_in_shape(l, i)->c;
}

static void fix_input(struct channels *c, const struct layer *l, size_t i)
{
	for (size_t f = 0; f < features(l, i); f++)
		c->fixed[find(c, input_node(c, l, i, f))] = true;
}

static void fix_output(struct channels *c, const struct layer *l)
{
	for (int p = 0; p < (int)l->nout; p++)
		for (size_t f = 0; f < (size_t)l->out[p].c; f++)
			c->fixed[find(c, output_node(c, l, p, f))] = true;
}

static void fix_all(struct channels *c, const struct layer *l)
{
	for (size_t i = 0; i < l->nin; i++)
		fix_input(c, l, i);
	fix_output(c, l);
}

static void join_same(struct channels *c, const struct layer *l, size_t i)
{
	for (size_t f = 0; f < features(l, i); f++)
		join(c, input_node(c, l, i, f), output_node(c, l, 0, f));
}

/* act(s x) = s act(x) for s > 0, or bounds that can be scaled by feature. */
static bool homogeneous(const struct layer *l)
{
	return hn_act_is_clip(l->p.activation) || l->p.activation == ACT_LEAKY ||
	       l->p.activation == ACT_PRELU;
}

bool channels_scalable(const struct quant *q, const struct layer *l)
{
	(void)q;
	return (hn_is(l->type, HNF_KERNEL) || l->type == HN_DENSE) && l->nin > 0;
}

typedef void (*visit_fn)(struct channels *c, const struct layer *l);

/*
 * Weights take the factors of both sides; an added input has the output's factors.  A color
 * conversion gives colors and no multiples of them.
 */
static void visit_conv(struct channels *c, const struct layer *l)
{
	if (!homogeneous(l) || l->p.conversion)
		fix_output(c, l);
	if (l->p.elementwise_add) {
		join_same(c, l, l->nin - 1);
		if (!homogeneous(l))
			fix_input(c, l, l->nin - 1);
	}
}

static void visit_same(struct channels *c, const struct layer *l)
{
	if (!homogeneous(l)) {
		fix_all(c, l);
		return;
	}
	for (size_t i = 0; i < l->nin; i++)
		join_same(c, l, i);
}

/* A layer of its own for an activation: without bounds to scale. */
static void visit_activation(struct channels *c, const struct layer *l)
{
	enum hn_act a = l->p.activation;

	if (a == ACT_LINEAR || a == ACT_RELU || a == ACT_LEAKY || a == ACT_PRELU)
		join_same(c, l, 0);
	else
		fix_all(c, l);
}

static void visit_add(struct channels *c, const struct layer *l)
{
	if (homogeneous(l) && features(l, 0) == features(l, 1))
		visit_same(c, l);
	else
		fix_all(c, l);
}

/* A product has the factor of one input when the other's is 1: the smaller input is the gate. */
static void visit_mult(struct channels *c, const struct layer *l)
{
	size_t gate =
	    hn_shape_count(layer_in_shape(l, 0)) < hn_shape_count(layer_in_shape(l, 1)) ? 0 : 1;

	if (!homogeneous(l) || features(l, 1 - gate) != (size_t)l->out[0].c) {
		fix_all(c, l);
		return;
	}
	fix_input(c, l, gate);
	join_same(c, l, 1 - gate);
}

static void visit_concat(struct channels *c, const struct layer *l)
{
	size_t at = 0;

	for (size_t i = 0; i < l->nin; i++) {
		for (size_t f = 0; f < features(l, i); f++)
			join(c, input_node(c, l, i, f), output_node(c, l, 0, at + f));
		if (l->p.concat_axis == 3)
			at += features(l, i);
	}
}

static void visit_slice(struct channels *c, const struct layer *l)
{
	size_t start = (size_t)l->p.slice_c[0];
	size_t step = l->p.slice_c[2] ? (size_t)l->p.slice_c[2] : 1;

	for (size_t f = 0; f < (size_t)l->out[0].c; f++)
		join(c, input_node(c, l, 0, start + f * step), output_node(c, l, 0, f));
}

/* Ports follow one another in the input as they do in the numbering of nodes. */
static void visit_splitter(struct channels *c, const struct layer *l)
{
	for (size_t f = 0; f < features(l, 0); f++)
		join(c, input_node(c, l, 0, f), output_node(c, l, 0, f));
}

static void visit_pad(struct channels *c, const struct layer *l)
{
	join_same(c, l, 0);
	if (l->p.pad_value != 0)
		fix_output(c, l);
}

static void visit_shuffle(struct channels *c, const struct layer *l)
{
	size_t groups = (size_t)l->p.shuffle_groups;
	size_t each = features(l, 0) / groups;

	for (size_t g = 0; g < groups; g++)
		for (size_t i = 0; i < each; i++)
			join(c, input_node(c, l, 0, g * each + i),
			     output_node(c, l, 0, i * groups + g));
}

/* A reshape that keeps features, or lays whole pixels after one another. */
static void visit_format(struct channels *c, const struct layer *l)
{
	size_t from = features(l, 0);
	size_t to = (size_t)l->out[0].c;

	if (hn_conversion_transposes(l->p.conversion) || layer_pack(l) || to % from != 0) {
		fix_all(c, l);
		return;
	}
	for (size_t f = 0; f < to; f++)
		join(c, input_node(c, l, 0, f % from), output_node(c, l, 0, f));
}

static void visit_reduce(struct channels *c, const struct layer *l)
{
	if (l->p.reduce_axes & 4)
		fix_all(c, l);
	else
		visit_same(c, l);
}

/* gamma and beta take the output's factors; statistics need the input as it is. */
static void visit_layer_norm(struct channels *c, const struct layer *l)
{
	fix_input(c, l, 0);
	if (!homogeneous(l))
		fix_output(c, l);
}

/*
 * Each output feature is a sum over one feature of the second input, unless that is transposed:
 * then both inputs have the features that are summed over (matmul_balance).
 */
static void visit_matmul(struct channels *c, const struct layer *l)
{
	if (l->p.variant || !homogeneous(l)) {
		fix_all(c, l);
		return;
	}
	fix_input(c, l, 0);
	join_same(c, l, 1);
}

static const visit_fn visits[HN_TYPE_COUNT] = {
	/* clang-format off */
	[HN_CONV]              = visit_conv,
	[HN_DW]                = visit_conv,
	[HN_DECONV]            = visit_conv,
	[HN_DENSE]             = visit_conv,
	[HN_MATMUL]            = visit_matmul,
	[HN_NORMALIZATION]     = visit_conv,
	[HN_LAYER_NORM]        = visit_layer_norm,
	[HN_MAXPOOL]           = visit_same,
	[HN_AVGPOOL]           = visit_same,
	[HN_GLOBAL_AVGPOOL]    = visit_same,
	[HN_ACTIVATION]        = visit_activation,
	[HN_EW_ADD]            = visit_add,
	[HN_EW_SUB]            = visit_add,
	[HN_EW_MAX]            = visit_add,
	[HN_EW_MIN]            = visit_add,
	[HN_EW_MULT]           = visit_mult,
	[HN_CONCAT]            = visit_concat,
	[HN_SLICE]             = visit_slice,
	[HN_FEATURE_SPLITTER]  = visit_splitter,
	[HN_EXTERNAL_PAD]      = visit_pad,
	[HN_FEATURE_SHUFFLE]   = visit_shuffle,
	[HN_FORMAT_CONVERSION] = visit_format,
	[HN_SHORTCUT]          = visit_same,
	[HN_RESIZE]            = visit_same,
	[HN_REDUCE_MAX]        = visit_reduce,
	[HN_REDUCE_MIN]        = visit_reduce,
	[HN_REDUCE_SUM]        = visit_reduce,
	[HN_REDUCE_MEAN]       = visit_reduce,
	/* clang-format on */
};

/* Classes of a layer that nobody asked to equalize; only a matmul may move them. */
static void hold_all(struct channels *c, const struct layer *l)
{
	for (size_t i = 0; i < l->nin; i++)
		for (size_t f = 0; f < features(l, i); f++)
			c->held[channels_input(c, l, i, f)] = true;
	for (int p = 0; p < (int)l->nout; p++)
		for (size_t f = 0; f < (size_t)l->out[p].c; f++)
			c->held[find(c, output_node(c, l, p, f))] = true;
}

void channels_build(struct channels *c, const struct quant *q)
{
	c->base = xcalloc(q->g->nlayers, sizeof *c->base);
	c->n = 0;
	for (size_t i = 0; i < q->g->nlayers; i++) {
		c->base[i] = c->n;
		c->n += q->info[i].c;
	}
	c->parent = xcalloc(c->n, sizeof *c->parent);
	c->fixed = xcalloc(c->n, sizeof *c->fixed);
	c->held = xcalloc(c->n, sizeof *c->held);
	for (size_t i = 0; i < c->n; i++)
		c->parent[i] = i;
	for (size_t i = 0; i < q->g->nlayers; i++) {
		const struct layer *l = q->g->layers[i];

		/* Every other type gives its values a meaning of their own: inputs, outputs,
		 * tables. */
		if (l->type == HN_MATMUL && l->p.variant && q->info[i].balance)
			fix_output(c, l);
		else if (visits[l->type])
			visits[l->type](c, l);
		else
			fix_all(c, l);
		if (q->info[i].eq_transparent == 1)
			join_same(c, l, 0);
		if (q->info[i].equalize == 0 ||
		    (q->info[i].eq_transparent == 0 && !channels_scalable(q, l)))
			fix_all(c, l);
		/* Limits that a script gives are in units of the model as it came. */
		if (q->info[i].forced || q->info[i].value_clip.mode == CLIP_MANUAL)
			fix_output(c, l);
	}
	for (size_t i = 0; i < c->n; i++)
		c->parent[i] = find(c, i);
	for (size_t i = 0; i < q->g->nlayers; i++)
		if (q->info[i].equalize < 0 && q->equalize_named)
			hold_all(c, q->g->layers[i]);
}

void channels_release(struct channels *c)
{
	free(c->base);
	free(c->parent);
	free(c->fixed);
	free(c->held);
}
