#include "quant/transform.h"

#include "pass/edit.h"

#include <string.h>

struct layer *transform_add(struct quant *q, enum hn_type t, const char *name,
			    const struct layer *like)
{
	char *full = like ? xasprintf("%s_%s", like->name, name) : xstrdup(name);
	struct layer *l = graph_add(q->g, t, full);
	struct qinfo *info = xcalloc(1, sizeof *info);

	free(full);
	quant_info_init(info, 0);
	info->made = true;
	if (like) {
		const struct qinfo *from = like->user;

		info->mode = from->mode;
		info->prequant = from->prequant;
		info->max_feed_repeat = from->max_feed_repeat;
		info->equalize = from->equalize;
		info->balance = from->balance;
		info->zero_static = from->zero_static;
		info->correct_bias = from->correct_bias;
		info->weight_clip = from->weight_clip;
		l->quant.bias_mode = like->quant.bias_mode;
	}
	l->user = info;
	return l;
}

void transform_behind(struct quant *q, struct layer *from, struct layer *l)
{
	graph_replace_uses(q->g, from, 0, l, 0);
	layer_add_input(q->g, l, from, 0);
}

static bool is_new(const struct quant *q, const struct layer *l)
{
	const struct qinfo *info = l->user;

	return info < q->info || info >= q->info + q->ninfo;
}

void transform_bury(struct layer *l)
{
	quant_info_free(l->user);
	l->dead = true;
}

struct transform {
	const char *sub;
	transform_fn apply;
	enum hn_type every; /* without layers=: all layers of this type; HN_INPUT: an error */
	int (*whole)(struct quant *q, const struct alls_stmt *st,
		     struct err *e); /* not by layer; its errors have the place */
};

static const struct transform transforms[] = {
	/* clang-format off */
	{ "split_fused_activation",   transform_activation, HN_INPUT, NULL },
	{ "add_shortcut_layer",       transform_shortcut, HN_INPUT, NULL },
	{ "global_avgpool_reduction", transform_avgpool, HN_INPUT, NULL },
	{ "layer_norm_decomposition", transform_norm, HN_LAYER_NORM, NULL },
	{ "switch_concat_with_add",   transform_concat, HN_INPUT, NULL },
	{ "defuse",                   transform_defuse, HN_INPUT, NULL },
	{ "conv_decomposition",       transform_groups, HN_INPUT, NULL },
	{ "decompose_conv_factor",    transform_patches, HN_CONV, NULL },
	{ "conv_a16_w4",              transform_a16_w4, HN_INPUT, NULL },
	{ "layer_decomposition",      transform_wide, HN_INPUT, NULL },
	{ "se_optimization",          NULL, HN_INPUT, transform_squeeze },
	{ "quarot",                   NULL, HN_INPUT, transform_rotate },
	{ "matmul_equalization",      transform_center, HN_INPUT, NULL },
	/* clang-format on */
};

static const struct transform *find(const struct alls_stmt *st)
{
	for (size_t i = 0; i < sizeof transforms / sizeof transforms[0]; i++)
		if (alls_is(st, "pre_quantization_optimization", transforms[i].sub))
			return &transforms[i];
	return NULL;
}

/* The layers of a statement. */
static int named(const struct quant *q, const struct alls_stmt *st, enum hn_type every,
		 struct layer ***out, size_t *n, struct err *e)
{
	if (alls_get(st, "layers"))
		return alls_layers(st, alls_get(st, "layers"), q->g, out, n, e);
	if (every == HN_INPUT) {
		err_set(e, "argument 'layers' is missing");
		return alls_in(st, e);
	}
	*out = xcalloc(q->g->nlayers, sizeof **out);
	for (size_t i = 0; i < q->g->nlayers; i++)
		if (q->g->layers[i]->type == every)
			(*out)[(*n)++] = q->g->layers[i];
	return 0;
}

/* All layers of a statement, each on a graph with shapes. */
static int follow(struct quant *q, const struct alls_stmt *st, const struct transform *t,
		  struct err *e)
{
	struct layer **layers = NULL;
	size_t n = 0;
	int rc = 0;

	if (t->whole)
		return t->whole(q, st, e) < 0 ? -1 : graph_infer_shapes(q->g, e);
	if (named(q, st, t->every, &layers, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = t->apply(q, st, layers[i], e);
		if (rc < 0)
			alls_in(st, e);
		else
			rc = graph_infer_shapes(q->g, e);
	}
	free(layers);
	edit_sweep(q->g, q->w);
	return rc < 0 ? rc : graph_infer_shapes(q->g, e);
}

/* New layers' records get their features; the caller frees the array and what it points to. */
static struct qinfo **complete(struct quant *q, size_t *n)
{
	struct qinfo **came = xcalloc(q->g->nlayers + 1, sizeof *came);

	*n = 0;
	for (size_t i = 0; i < q->g->nlayers; i++) {
		const struct layer *l = q->g->layers[i];
		struct qinfo *info = l->user, now, set;

		if (!is_new(q, l))
			continue;
		set = *info;
		quant_info_free(info);
		quant_info_init(&now, quant_port_offset(l, (int)l->nout));
		set.c = now.c;
		set.min = now.min;
		set.max = now.max;
		set.eq = now.eq;
		*info = set;
		came[(*n)++] = info;
	}
	return came;
}

int quant_transform(struct quant *q, struct err *e)
{
	const struct alls *s = q->o->script;
	struct qinfo **came;
	bool any = false;
	size_t n;
	int rc = 0;

	for (size_t i = 0; s && i < s->nstmts; i++)
		any = any || find(&s->stmts[i]);
	for (size_t i = 0; i < q->ninfo; i++)
		any = any || q->info[i].weight_group;
	if (!any)
		return 0;
	quant_mark_layers(q);
	for (size_t i = 0; s && i < s->nstmts && rc == 0; i++)
		if (find(&s->stmts[i]))
			rc = follow(q, &s->stmts[i], find(&s->stmts[i]), e);
	if (rc == 0)
		rc = transform_weight_groups(q, e);
	came = complete(q, &n);
	if (rc == 0)
		rc = quant_relink(q, e);
	for (size_t i = 0; i < n; i++) {
		if (rc < 0)
			quant_info_free(came[i]);
		free(came[i]);
	}
	free(came);
	return rc;
}
