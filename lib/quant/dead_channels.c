/*
 * dead_channels_removal (guide 5.3.3): features without weights that were 0 on the whole
 * calibration set are cut out of the network.  Features that must go together, as those of a sum
 * or in front of and behind a pool, are one class; a class goes when all its values were 0 and no
 * layer with weights makes it of anything.
 */
#include "base/log.h"
#include "quant/quant_int.h"

#include <string.h>

/* Every output feature of every layer is a node. */
struct classes {
	const struct quant *q;
	size_t n;
	size_t *base;   /* first node of each layer */
	size_t *parent; /* union-find */
	bool *stays;    /* by class root */
	bool *gone;     /* by node */
};

static size_t root(const struct classes *c, size_t i)
{
	while (c->parent[i] != i)
		i = c->parent[i] = c->parent[c->parent[i]];
	return i;
}

static void join(const struct classes *c, size_t a, size_t b)
{
	a = root(c, a);
	b = root(c, b);
	c->parent[a > b ? a : b] = a > b ? b : a;
	c->stays[a > b ? b : a] = c->stays[a] || c->stays[b];
}

static size_t output(const struct classes *c, const struct layer *l, size_t f)
{
	return c->base[l->index] + f;
}

static size_t input(const struct classes *c, const struct layer *l, size_t i, size_t f)
{
	return output(c, l->in[i].layer, quant_port_offset(l->in[i].layer, l->in[i].port) + f);
}

static size_t features(const struct layer *l, size_t i)
{
	return (size_t)layer_in_shape(l, i)->c;
}

static void join_input(const struct classes *c, const struct layer *l, size_t i, size_t at)
{
	for (size_t f = 0; f < features(l, i); f++)
		join(c, input(c, l, i, f), output(c, l, at + f));
}

static void keep_all(const struct classes *c, const struct layer *l)
{
	for (size_t i = 0; i < l->nin; i++)
		for (size_t f = 0; f < features(l, i); f++)
			c->stays[root(c, input(c, l, i, f))] = true;
	for (size_t f = 0; f < c->q->info[l->index].c; f++)
		c->stays[root(c, output(c, l, f))] = true;
}

/* How a layer ties the features that it reads to those that it makes. */
typedef void (*tie_fn)(const struct classes *c, const struct layer *l);

/* Weights of all input features for each output feature: both sides are free. */
static void tie_weights(const struct classes *c, const struct layer *l)
{
	if (l->p.groups > 1 || l->p.batch_norm || l->p.conversion || l->p.activation == ACT_PRELU) {
		keep_all(c, l);
		return;
	}
	if (l->p.elementwise_add)
		join_input(c, l, l->nin - 1, 0);
}

/* Feature by feature. */
static void tie_same(const struct classes *c, const struct layer *l)
{
	bool same = l->p.activation != ACT_PRELU && !l->p.batch_norm && !l->p.conversion;

	for (size_t i = 0; i < l->nin; i++)
		same = same && features(l, i) == (size_t)l->out[0].c;
	if (!same) {
		keep_all(c, l);
		return;
	}
	for (size_t i = 0; i < l->nin; i++)
		join_input(c, l, i, 0);
}

static void tie_concat(const struct classes *c, const struct layer *l)
{
	size_t at = 0;

	for (size_t i = 0; i < l->nin; i++) {
		join_input(c, l, i, at);
		if (l->p.concat_axis == 3)
			at += features(l, i);
	}
}

/* Any other type knows its features by number: they stay. */
static const tie_fn ties[HN_TYPE_COUNT] = {
	/* clang-format off */
	[HN_CONV]           = tie_weights,
	[HN_DECONV]         = tie_weights,
	[HN_DENSE]          = tie_weights,
	[HN_DW]             = tie_same,
	[HN_NORMALIZATION]  = tie_same,
	[HN_MAXPOOL]        = tie_same,
	[HN_AVGPOOL]        = tie_same,
	[HN_GLOBAL_AVGPOOL] = tie_same,
	[HN_ACTIVATION]     = tie_same,
	[HN_RESIZE]         = tie_same,
	[HN_SHORTCUT]       = tie_same,
	[HN_EW_ADD]         = tie_same,
	[HN_EW_SUB]         = tie_same,
	[HN_EW_MULT]        = tie_same,
	[HN_EW_MAX]         = tie_same,
	[HN_EW_MIN]         = tie_same,
	[HN_CONCAT]         = tie_concat,
	/* clang-format on */
};

static bool has_weights(const struct layer *l)
{
	return ties[l->type] == tie_weights;
}

/* Which output features of a layer have weights other than 0, or a value other than 0. */
static int find_alive(const struct classes *c, const struct layer *l, struct err *e)
{
	const struct qinfo *info = quant_info(c->q, l);
	const struct tensor *t = layer_weight(c->q->w, l, "kernel");
	const float *w;

	for (size_t f = 0; f < info->c; f++)
		if (info->min[f] != 0 || info->max[f] != 0)
			c->stays[root(c, output(c, l, f))] = true;
	if (!has_weights(l))
		return 0;
	if (!(w = quant_weight(c->q, l, "kernel", t ? tensor_count(t) : 0, e)))
		return -1;
	for (size_t k = 0; k < tensor_count(t); k++)
		if (w[k] != 0)
			c->stays[root(c, output(c, l, k % info->c))] = true;
	return 0;
}

/* A layer that would lose all its features keeps them; returns whether there was one. */
static bool spare_empty(const struct classes *c)
{
	bool any = false;

	for (size_t i = 0; i < c->q->g->nlayers; i++) {
		const size_t n = c->q->info[i].c;
		bool left = n == 0;

		for (size_t f = 0; f < n; f++)
			left = left || c->stays[root(c, c->base[i] + f)];
		for (size_t f = 0; f < n && !left; f++)
			c->stays[root(c, c->base[i] + f)] = true;
		any = any || !left;
	}
	return any;
}

/* Fills gone[]; returns how many. */
static size_t find_dead(struct classes *c, struct err *e)
{
	const struct graph *g = c->q->g;
	size_t n = 0;

	for (size_t i = 0; i < g->nlayers; i++)
		if (ties[g->layers[i]->type])
			ties[g->layers[i]->type](c, g->layers[i]);
		else
			keep_all(c, g->layers[i]);
	for (size_t i = 0; i < g->nlayers; i++)
		if (find_alive(c, g->layers[i], e) < 0)
			return 0;
	while (spare_empty(c))
		;
	for (size_t i = 0; i < c->n; i++) {
		c->gone[i] = !c->stays[root(c, i)];
		n += c->gone[i];
	}
	return n;
}

/*
 * Weights [taps][cin][cout] without features that are gone; in_gone NULL: cin is 1.  dim: the shape
 * that is left.
 */
static struct tensor cut(const struct tensor *t, int rank, const int64_t *dim, size_t cin,
			 const bool *in_gone, size_t cout, const bool *out_gone)
{
	struct tensor out = tensor_new(DT_F32, rank, dim);
	const float *from = t->data;
	float *to = tensor_data(&out);

	for (size_t k = 0; k < tensor_count(t); k++)
		if (!out_gone[k % cout] && !(in_gone && in_gone[k / cout % cin]))
			*to++ = from[k];
	return out;
}

static int32_t left(const bool *gone, size_t n)
{
	int32_t k = 0;

	for (size_t i = 0; i < n; i++)
		k += !gone[i];
	return k;
}

/* Weights of a layer without the features that are gone on either side. */
static void cut_weights(const struct classes *c, struct tensors *w, struct layer *l)
{
	const size_t cout = quant_info(c->q, l)->c, cin = features(l, 0);
	const bool *out_gone = c->gone + c->base[l->index];
	const bool *in_gone = has_weights(l) ? c->gone + input(c, l, 0, 0) : NULL;
	const struct tensor *kernel = layer_weight(w, l, "kernel");
	const struct tensor *bias = layer_weight(w, l, "bias");
	const int64_t outs = left(out_gone, cout);
	int32_t *k = l->p.kernel;

	if (has_weights(l)) {
		k[2] = k[2] / (int32_t)cin * left(in_gone, cin);
		k[3] = (int32_t)outs;
	} else if (l->type == HN_DW) {
		l->p.groups = k[2] = (int32_t)outs;
	}
	if (kernel) {
		const int64_t conv[4] = { k[0], k[1], k[2], k[3] };
		const bool vector = l->type == HN_NORMALIZATION, dense = l->type == HN_DENSE;

		layer_set_weight(w, l, "kernel",
				 cut(kernel,
				     vector  ? 1
				     : dense ? 2
					     : 4,
				     vector  ? &outs
				     : dense ? conv + 2
					     : conv,
				     cin, in_gone, cout, out_gone));
	}
	if (bias)
		layer_set_weight(w, l, "bias", cut(bias, 1, &outs, 1, NULL, cout, out_gone));
}

/* What was observed of a layer, without the features that are gone. */
static void cut_info(struct qinfo *info, const bool *gone)
{
	size_t n = 0;

	for (size_t f = 0; f < info->c; f++) {
		if (gone[f] && info->hist)
			hist_release(&info->hist[f]);
		if (gone[f])
			continue;
		info->min[n] = info->min[f];
		info->max[n] = info->max[f];
		info->eq[n] = info->eq[f];
		if (info->hist)
			info->hist[n] = info->hist[f];
		n++;
	}
	info->c = n;
}

static int cut_all(struct quant *q, const struct classes *c, struct err *e)
{
	const struct graph *g = q->g;

	for (size_t i = 0; i < g->nlayers; i++) {
		const size_t n = q->info[i].c;
		const size_t kept = (size_t)left(c->gone + c->base[i], n);

		if (kept < n && has_weights(g->layers[i]))
			log_info("layer '%s': %zu of %zu features are dead: removed",
				 quote(g->layers[i]->name), n - kept, n);
		if (g->layers[i]->nin > 0)
			cut_weights(c, q->w, g->layers[i]);
	}
	for (size_t i = 0; i < g->nlayers; i++)
		cut_info(&q->info[i], c->gone + c->base[i]);
	quant_mark_layers(q);
	return quant_relink(q, e);
}

int quant_dead_channels(struct quant *q, struct err *e)
{
	const size_t nlayers = q->g->nlayers;
	struct classes c = { .q = q };
	int rc = 0;

	if (!q->remove_channels)
		return 0;
	c.base = xcalloc(nlayers, sizeof *c.base);
	for (size_t i = 0; i < nlayers; i++) {
		c.base[i] = c.n;
		c.n += q->info[i].c;
	}
	c.parent = xcalloc(c.n, sizeof *c.parent);
	c.stays = xcalloc(c.n, sizeof *c.stays);
	c.gone = xcalloc(c.n, sizeof *c.gone);
	for (size_t i = 0; i < c.n; i++)
		c.parent[i] = i;
	if (find_dead(&c, e) > 0)
		rc = cut_all(q, &c, e);
	free(c.base);
	free(c.parent);
	free(c.stays);
	free(c.gone);
	return err_is(e) ? -1 : rc;
}
