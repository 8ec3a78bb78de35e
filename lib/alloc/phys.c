/* Physical layers and edges, from the choices of the units. */
#include "alloc/alloc_int.h"

char *plan_part_name(struct arena *a, const struct unit *u, int32_t i)
{
	if (u->part_names)
		return arena_strdup(a, u->part_names[i]);
	return arena_printf(a, "%s_%sd%d", u->l->name,
			    (u->fixed.parts ? u->fixed.spatial : u->choice.spatial) ? "s" : "",
			    (int)i);
}

/* Units are found through the layer's index in the graph. */
struct unit *phys_unit(const struct plan *p, const struct allocation *a, size_t layer)
{
	return &p->units[a->unit[layer]];
}

const struct relay *phys_relay(const struct plan *p, const struct allocation *a, size_t layer)
{
	return &p->relays[-1 - a->unit[layer]];
}

static void add_layer(struct plan *p, struct allocation *a, const struct unit *u, char *layer,
		      int32_t i, bool l2)
{
	struct alloc_layer *out = &a->layers[a->nlayers];
	const struct choice c = u->choice;
	const struct part part = unit_part(u, c, i);
	struct need need;

	a->unit[a->nlayers++] = (int32_t)(u - p->units);
	out->layer = layer;
	out->name = c.parts > 1 ? plan_part_name(&a->arena, u, i) : layer;
	out->feature_from = part.from;
	out->feature_to = part.to;
	out->column_from = part.column_from;
	out->column_to = part.column_to;
	out->context = unit_context(u, i);
	out->cluster = -1;
	need = unit_part_need(p, u, c, part.to - part.from, l2);
	out->lcus = (int32_t)need.v[RES_LCU];
	out->subclusters = (int32_t)need.v[RES_SC];
	out->input_aligners = (int32_t)need.v[RES_IA];
	out->apus = (int32_t)need.v[RES_APU];
	out->l3_weight_cuts = (int32_t)need.v[RES_WEIGHTS];
	out->mixed = u->mixed;
	out->compressed = u->packed != NULL;
	if (!u->cost.outside)
		out->l2_bytes = unit_weights(p, u, c.subclusters, part.to - part.from, l2).l2;
	if (u->cost.macs) {
		out->columns = p->t->mode[c.mode].columns;
		out->features = p->t->mode[c.mode].features;
	}
	out->row_cycles = unit_line_cycles(p, u, c, part);
	out->rows = unit_lines(u, c);
	if (!merge_alone(p, u))
		out->merged = arena_strdup(&a->arena, u->merged);
}

/* The first layer of each ring. */
static void set_groups(const struct plan *p, struct allocation *a)
{
	int32_t *first = xcalloc(p->n + 1, sizeof *first);

	for (size_t i = 0; i < p->n; i++)
		first[i] = -1;
	for (size_t i = 0; i < a->nlayers; i++) {
		const struct unit *u;

		a->layers[i].group = -1;
		if (!a->layers[i].merged)
			continue;
		u = phys_unit(p, a, i);
		while (!merge_leads(p, u))
			u = merge_next(p, u);
		if (first[u - p->units] < 0)
			first[u - p->units] = (int32_t)i;
		a->layers[i].group = first[u - p->units];
	}
	free(first);
}

static bool is_type(const struct plan *p, const struct allocation *a, int32_t layer,
		    enum hn_type type)
{
	return !alloc_is_relay(a, (size_t)layer) && phys_unit(p, a, (size_t)layer)->l->type == type;
}

static enum alloc_edge_kind edge_kind(const struct plan *p, const struct allocation *a,
				      const struct alloc_edge *ed)
{
	if (a->layers[ed->from].context != a->layers[ed->to].context)
		return EDGE_INTER_CONTEXT;
	if (relay_kind_of(a->layers[ed->to].kind)->link)
		return EDGE_DDR;
	if (is_type(p, a, ed->from, HN_INPUT) || is_type(p, a, ed->to, HN_OUTPUT))
		return EDGE_BOUNDARY;
	return EDGE_L3;
}

static bool reads_external(const struct allocation *a, size_t layer)
{
	bool reads = false;

	for (size_t i = 0; i < a->nedges; i++)
		reads = reads || (a->edges[i].to == (int32_t)layer && a->edges[i].kind == EDGE_DDR);
	return reads;
}

bool phys_on_link(const struct plan *p, const struct allocation *a, size_t layer)
{
	if (alloc_is_relay(a, layer))
		return relay_kind_of(a->layers[layer].kind)->link && reads_external(a, layer);
	return is_type(p, a, (int32_t)layer, HN_INPUT) || is_type(p, a, (int32_t)layer, HN_OUTPUT);
}

const struct qop *phys_kernel(const struct plan *p, const struct allocation *a, int32_t layer)
{
	/* An output layer has no kernel: it passes rows on. */
	if (alloc_is_relay(a, (size_t)layer) || is_type(p, a, layer, HN_OUTPUT))
		return NULL;
	return phys_unit(p, a, (size_t)layer)->q;
}

int32_t phys_steps(const struct plan *p, const struct allocation *a, size_t layer)
{
	const struct qop *q = phys_kernel(p, a, (int32_t)layer);

	return q ? qop_row_steps(q) : 1;
}

/* Bytes of a line of what part `part` of u sends through a port. */
static int64_t row_bytes(const struct allocation *a, const struct unit *u, size_t part,
			 int32_t port)
{
	const struct hn_shape *s = &u->l->out[port];
	const struct alloc_layer *l = &a->layers[part];
	int64_t c = s->c, w = s->w;

	if (u->choice.parts > 1) {
		c = l->feature_to - l->feature_from;
		w = l->column_to - l->column_from;
	}
	return qop_line_columns(s->h, (int32_t)w, l->rows) * c * (u->q->out_bits / 8);
}

static int add_edges(struct plan *p, struct allocation *a, const size_t *first,
		     const struct unit *u, struct err *e)
{
	size_t me = first[u - p->units];
	const struct unit *from;
	struct alloc_edge *ed;
	int64_t bytes;
	size_t part, i, k, at;

	for (part = 0; part < (size_t)u->choice.parts; part++)
		for (i = 0; i < u->l->nin; i++) {
			from = &p->units[u->l->in[i].layer->index];
			at = first[u->l->in[i].layer->index];
			for (k = 0; k < (size_t)from->choice.parts; k++) {
				bytes = row_bytes(a, from, at + k, u->l->in[i].port);
				if (bytes > INT32_MAX)
					return err_set(
					    e, "layer '%s': a row of its output has %lld bytes",
					    quote(from->l->name), (long long)bytes);
				ed = &a->edges[a->nedges++];
				*ed = (struct alloc_edge){ .from = (int32_t)(at + k),
							   .to = (int32_t)(me + part),
							   .input = (int32_t)i,
							   .port = u->l->in[i].port,
							   .rows = 1,
							   .row_bytes = (int32_t)bytes };
			}
		}
	return 0;
}

struct allocation *phys_build(struct plan *p, struct err *e)
{
	struct allocation *a = xcalloc(1, sizeof *a);
	size_t *first;
	size_t layers = 0, edges = 0;
	size_t i, k;
	char *name;
	int32_t part;

	for (i = 0; i < p->n; i++) {
		layers += (size_t)p->units[i].choice.parts;
		for (k = 0; k < p->units[i].l->nin; k++)
			edges += (size_t)p->units[i].choice.parts *
				 (size_t)p->units[p->units[i].l->in[k].layer->index].choice.parts;
	}
	if (layers > LIMIT_LAYERS || edges > 4u * LIMIT_LAYERS) {
		err_set(e, "%zu physical layers and %zu edges are too many", layers, edges);
		free(a);
		return NULL;
	}
	a->arch = arena_strdup(&a->arena, p->t->name);
	a->ncontexts = p->ncontexts;
	a->layers = arena_array(&a->arena, layers + 1, sizeof *a->layers);
	a->unit = arena_array(&a->arena, layers + 1, sizeof *a->unit);
	a->edges = arena_array(&a->arena, edges + 1, sizeof *a->edges);
	first = arena_array(&a->arena, p->n + 1, sizeof *first);
	merge_names(p);
	for (i = 0; i < p->n && !err_is(e); i++) {
		first[i] = a->nlayers;
		name = arena_strdup(&a->arena, p->units[i].l->name);
		for (part = 0; part < p->units[i].choice.parts; part++)
			add_layer(p, a, &p->units[i], name, part, p->ncontexts == 1);
		add_edges(p, a, first, &p->units[i], e);
	}
	if (err_is(e) || relays_insert(p, a, e) < 0) {
		alloc_free(a);
		return NULL;
	}
	set_groups(p, a);
	for (i = 0; i < a->nedges; i++)
		a->edges[i].kind = edge_kind(p, a, &a->edges[i]);
	wanted_keep(p, a);
	return a;
}
