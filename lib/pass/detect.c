/*
 * nms_postprocess: the heads stop being outputs, a postprocess layer takes them, and its output
 * layer is the network's.  Scores become probabilities on the way where they are not yet.
 */
#include "pass/detect.h"
#include "base/limits.h"
#include "base/log.h"

/* ---- engine ---- */

static void settle_engine(struct detect *d)
{
	const char *engine = alls_get_text(d->st, "engine");

	d->p.bbox_only = alls_get_switch(d->st, "bbox_decoding_only") == 1;
	d->p.engine = engine           ? (enum post_engine)post_engine_from_name(engine)
		      : d->p.bbox_only ? POST_CPU
				       : post_engine_of(d->p.kind);
}

/* ---- sigmoids ---- */

/* The layer whose output stage can take it: behind it the values are only moved. */
static struct layer *stage_of(const struct detect_head *h)
{
	struct layer *l = h->from;

	while (l->type == HN_FORMAT_CONVERSION && l->in[0].layer->nsucc == 1)
		l = l->in[0].layer;
	return l;
}

static struct layer *standalone(struct graph *g, struct detect_head *h, enum hn_type t,
				const char *base)
{
	struct layer *l = graph_add(g, t, graph_new_name(g, base));

	layer_add_input(g, l, h->from, h->port);
	h->from = l;
	h->port = 0;
	return l;
}

/* A softmax over the classes of each anchor. */
static void add_softmax(struct detect *d, struct detect_head *h, int32_t anchors)
{
	struct layer *l = standalone(d->m->g, h, HN_SOFTMAX, "softmax");

	l->p.softmax_groups = anchors;
}

static void add_sigmoid(struct detect *d, struct detect_head *h, json_t *names)
{
	struct layer *l = stage_of(h);

	if (hn_is(l->type, HNF_ACT) && l->p.activation != ACT_LINEAR) {
		if (l->p.activation != ACT_SIGMOID && l->p.activation != ACT_HARD_SIGMOID)
			log_warn("nms_postprocess: layer '%s' has the activation %s, its values "
				 "are taken as probabilities",
				 quote(l->name), hn_act_name(l->p.activation));
		return;
	}
	if (!hn_is(l->type, HNF_ACT) || l->nsucc > 1)
		l = standalone(d->m->g, h, HN_ACTIVATION, "activation");
	l->p.activation = ACT_SIGMOID;
	json_array_append_new(names, json_string(l->name));
}

static json_t *add_sigmoids(struct detect *d)
{
	enum post_part part[POST_PARTS];
	const int n = post_parts(d->p.kind, part);
	json_t *names = json_array();

	for (int i = 0; i < d->p.nlevel; i++)
		for (int k = 0; k < n; k++) {
			struct detect_head *h = &d->head[d->input[d->p.level[i].input[part[k]]]];

			if (!post_wants_sigmoid(d->p.kind, part[k]) ||
			    stage_of(h)->type == HN_SOFTMAX)
				continue;
			if (d->p.softmax)
				add_softmax(d, h, d->p.level[i].nanchor);
			else
				add_sigmoid(d, h, names);
		}
	return names;
}

/* ---- NanoDet's heads ---- */

/* Columns [from, from + n) of an array whose last dimension is output features. */
static struct tensor columns(const struct tensor *t, int64_t from, int64_t n)
{
	int64_t dim[LIMIT_RANK], all = t->dim[t->rank - 1];
	struct tensor r;
	float *v;
	size_t rows = tensor_count(t) / (size_t)all;

	memcpy(dim, t->dim, (size_t)t->rank * sizeof *dim);
	dim[t->rank - 1] = n;
	r = tensor_new(DT_F32, t->rank, dim);
	v = tensor_data(&r);
	for (size_t i = 0; i < rows; i++)
		for (int64_t c = 0; c < n; c++)
			v[i * (size_t)n + (size_t)c] =
			    (float)tensor_get(t, i * (size_t)all + (size_t)(from + c));
	return r;
}

/* A convolution with some of the output features of another. */
static struct layer *part_of(struct detect *d, const struct layer *from, const char *suffix,
			     int64_t first, int64_t n)
{
	static const char *const keys[] = { "kernel", "bias",        "gamma",
					    "beta",   "moving_mean", "moving_variance" };
	struct graph *g = d->m->g;
	struct layer *l =
	    graph_add(g, from->type, arena_printf(&g->arena, "%s_%s", from->name, suffix));

	l->p = from->p;
	l->p.kernel[3] = (int32_t)n;
	l->out[0] = from->out[0];
	l->out[0].c = (int32_t)n;
	layer_add_input(g, l, from->in[0].layer, from->in[0].port);
	for (size_t i = 0; i < from->noriginal; i++)
		layer_add_original(g, l, from->original_names[i]);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		const struct tensor *t = layer_weight(d->m->w, from, keys[i]);

		if (t)
			layer_set_weight(d->m->w, l, keys[i], columns(t, first, n));
	}
	return l;
}

int detect_cut(struct detect *d, int level, size_t head, struct err *e)
{
	struct layer *from = d->head[head].from, *out = d->head[head].out;
	struct layer *cls, *reg;

	if (from->type != HN_CONV || from->p.groups != 1 || from->nsucc != 1 ||
	    from->p.elementwise_add || from->p.activation != ACT_LINEAR)
		return err_set(e,
			       "combined_layer '%s' is not a linear convolution of its own, it "
			       "cannot be cut into classes and distances",
			       quote(from->name));
	cls = part_of(d, from, "cls", 0, d->p.classes);
	reg = part_of(d, from, "reg", d->p.classes, 4 * d->p.bins);
	from->dead = true;
	d->head[head] = (struct detect_head){ cls, 0, out, false };
	VEC_GROW(d->head, d->nhead, &d->cap_head);
	d->head[d->nhead++] = (struct detect_head){ reg, 0, NULL, false };
	post_config_set_layer(d->config, d->p.kind, level, POST_REG, reg->name);
	post_config_set_layer(d->config, d->p.kind, level, POST_CLS, cls->name);
	return 0;
}

/* ---- the layer ---- */

static bool is_input(const struct detect *d, const char *name)
{
	for (size_t i = 0; i < d->nhead; i++)
		if (d->head[i].taken && d->head[i].out &&
		    strcmp(d->head[i].out->in[0].layer->name, name) == 0)
			return true;
	return false;
}

/* The post-process stands where the first of its heads did. */
static void reorder_outputs(struct detect *d, const struct layer *l)
{
	struct graph *g = d->m->g;
	char **order = xcalloc(g->noutput_order + 1, sizeof *order);
	size_t n = 0;
	bool placed = false;

	for (size_t i = 0; i < g->noutput_order; i++) {
		if (!is_input(d, g->output_order[i]))
			order[n++] = g->output_order[i];
		else if (!placed)
			order[n++] = l->name;
		placed |= is_input(d, g->output_order[i]);
	}
	free(g->output_order);
	g->output_order = order;
	g->noutput_order = n;
}

static struct layer *add_layer(struct detect *d)
{
	struct graph *g = d->m->g;
	const char *name = arena_printf(&g->arena, "%s_nms_postprocess", post_kind_name(d->p.kind));
	struct layer *l = graph_add(g, HN_POSTPROCESS, name);
	struct layer *out = graph_add(g, HN_OUTPUT, "postprocess_output_layer");

	l->pinned = true;
	for (int32_t i = 0; i < d->p.ninput; i++)
		layer_add_input(g, l, d->head[d->input[i]].from, d->head[d->input[i]].port);
	layer_add_input(g, out, l, 0);
	post_to_layer(&d->p, d->config, l);
	reorder_outputs(d, l);
	for (size_t i = 0; i < d->nhead; i++)
		if (d->head[i].taken && d->head[i].out)
			d->head[i].out->dead = true;
	graph_sweep(g);
	return out;
}

static void record(struct detect *d, const struct layer *out, json_t *heads, json_t *sigmoids)
{
	json_t *o = modify_record(d->m, out, d->st->command);

	json_object_set_new(o, "meta_arch", json_string(post_kind_name(d->p.kind)));
	json_object_set_new(o, "engine", json_string(post_engine_name(d->p.engine)));
	if (d->p.bbox_only)
		json_object_set_new(o, "bbox_decoding_only", json_true());
	json_object_set_new(o, "hn_output_layers", heads);
	json_object_set_new(o, "sigmoid_layers", sigmoids);
}

static json_t *head_names(const struct detect *d)
{
	json_t *a = json_array();

	for (int32_t i = 0; i < d->p.ninput; i++)
		json_array_append_new(a, json_string(d->p.name[i]));
	return a;
}

static int apply(struct detect *d, struct err *e)
{
	json_t *heads, *sigmoids;

	if (detect_config(d, e) < 0)
		return -1;
	if (detect_heads(d, e) < 0)
		return err_in(e, "%s", quote(d->source));
	log_info("nms_postprocess: %s on %s, configuration %s", post_kind_name(d->p.kind),
		 post_engine_name(d->p.engine), quote(d->source));
	heads = head_names(d);
	sigmoids = add_sigmoids(d);
	record(d, add_layer(d), heads, sigmoids);
	return 0;
}

int modify_nms(struct modify *m, const struct alls_stmt *st, struct err *e)
{
	struct detect d = { .m = m, .st = st };
	int r;

	for (size_t i = 0; i < m->g->nlayers; i++)
		if (m->g->layers[i]->type == HN_POSTPROCESS) {
			err_set(e, "the network has a post-process already: '%s'",
				quote(m->g->layers[i]->name));
			return alls_in(st, e);
		}
	d.p.kind = (enum post_kind)post_kind_from_name(alls_get_text(st, "meta_arch"));
	settle_engine(&d);
	r = apply(&d, e);
	json_decref(d.config);
	free(d.source);
	free(d.head);
	return r < 0 ? alls_in(st, e) : 0;
}
