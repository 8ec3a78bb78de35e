/* The host's work, from the records of streams. */
#include "base/mem.h"
#include "hef/read_post.h"

struct builder {
	const struct hef_core *core;
	const struct isa_prog *p;
	struct graph *g;
};

/* The layer itself, or a direct member of a mux; NULL: none has this name. */
static const Hef__EdgeLayerInfo *member(const Hef__EdgeLayer *l, const char *name)
{
	if (l->edge_case == HEF__EDGE_LAYER__EDGE_LAYER_INFO)
		return strcmp(l->layer_info->name, name) == 0 ? l->layer_info : NULL;
	if (l->edge_case != HEF__EDGE_LAYER__EDGE_LAYER_MUX)
		return NULL;
	for (size_t i = 0; i < l->layer_mux->n_predecessors; i++) {
		const Hef__Edge *d = l->layer_mux->predecessors[i];

		if (d->edge_case == HEF__EDGE__EDGE_LAYER_INFO &&
		    strcmp(d->layer_info->name, name) == 0)
			return d->layer_info;
	}
	return NULL;
}

/* The record of a boundary stream; NULL: the file has none. */
static const Hef__EdgeLayerInfo *record_of(const struct builder *b, const struct isa_stream *s)
{
	for (size_t c = 0; c < b->core->ncontexts; c++) {
		const Hef__ContextMetadata *d = b->core->contexts[c]->metadata;

		for (size_t i = 0; d && i < d->n_edge_layers; i++) {
			const Hef__EdgeLayer *l = d->edge_layers[i];

			const Hef__EdgeLayerInfo *info;

			if (hef_connection(l) == CONN_BOUNDARY && l->direction == s->output &&
			    (info = member(l, s->name)))
				return info;
		}
	}
	return NULL;
}

static struct layer *behind(struct builder *b, enum hn_type t, const char *base, struct layer *from)
{
	struct layer *l = graph_add(b->g, t, graph_new_name(b->g, base));

	layer_add_input(b->g, l, from, 0);
	l->p.on_host = true;
	return l;
}

static struct layer *add_swap(struct builder *b, struct layer *from)
{
	struct layer *l = behind(b, HN_FORMAT_CONVERSION, "transpose", from);

	l->p.conversion = arena_strdup(&b->g->arena, "transpose_height_width");
	l->p.transpose[0] = 1;
	l->p.transpose[1] = 0;
	return l;
}

static struct layer *add_resize(struct builder *b, const Hef__HostResize *r, struct layer *from,
				int32_t height, int32_t width)
{
	struct layer *l = behind(b, HN_RESIZE, "resize", from);

	l->p.variant = (int32_t)r->method;
	l->p.resize_mode = (int32_t)r->pixels_mode;
	l->p.resize_nearest = (int32_t)r->rounding;
	l->p.resize_out[0] = height;
	l->p.resize_out[1] = width;
	return l;
}

static void add_output(struct builder *b, const char *name, struct layer *from)
{
	struct layer *o = graph_add(b->g, HN_OUTPUT, name);

	layer_add_input(b->g, o, from, 0);
	b->g->output_order[b->g->noutput_order++] = from->name;
}

/* From the user's array to the stream. */
static void add_before(struct builder *b, const struct isa_stream *s)
{
	const struct isa_tensor *t = &b->p->tensors[s->tensor];
	const Hef__EdgeLayerInfo *i = record_of(b, s);
	const bool swap = i && i->transposed;
	const Hef__HostResize *r = i ? i->hnt_resize : NULL;
	struct layer *l = graph_add(b->g, HN_INPUT, s->io_layer);
	struct hn_shape shape = { swap ? t->w : t->h, swap ? t->h : t->w, t->c, t->rank };

	l->out[0] = shape;
	if (r) {
		l->out[0].h = (int32_t)r->height;
		l->out[0].w = (int32_t)r->width;
		l = add_resize(b, r, l, shape.h, shape.w);
	}
	if (swap)
		l = add_swap(b, l);
	add_output(b, graph_new_name(b->g, "output_layer"), l);
}

/* From the stream towards the user's array. */
static struct layer *from_stream(struct builder *b, const struct isa_stream *s)
{
	const struct isa_tensor *t = &b->p->tensors[s->tensor];
	const Hef__EdgeLayerInfo *i = record_of(b, s);
	/* A stream may have the name of its output layer. */
	struct layer *l =
	    graph_add(b->g, HN_INPUT, arena_printf(&b->g->arena, "%s:stream", s->name));

	l->out[0] = (struct hn_shape){ t->h, t->w, t->c, t->rank };
	if (i && i->transposed)
		l = add_swap(b, l);
	if (i && i->transposed && i->hnt_rank == 3) {
		l->p.reshape[1] = t->h;
		l->p.reshape[2] = t->c;
	}
	if (i && i->hnt_resize)
		l = add_resize(b, i->hnt_resize, l, (int32_t)i->hnt_resize->height,
			       (int32_t)i->hnt_resize->width);
	return l;
}

/* The outputs' order is that of the file, whatever made them. */
static void sort_outputs(const struct hef *h, struct behind *b)
{
	size_t n;
	char **order = hef_sorted_outputs(h->msg, b->group, b->core, &n);

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < b->nout; k++) {
			if (strcmp(b->vstream[k], order[i]) == 0 && b->out[k]) {
				b->g->output_order[b->g->noutput_order++] = b->out[k]->name;
				b->out[k] = NULL;
			}
		}
	}
	for (size_t k = 0; k < b->nout; k++) {
		if (b->out[k])
			b->g->output_order[b->g->noutput_order++] = b->out[k]->name;
	}
}

static int build_behind(const struct hef *h, const Hef__NetworkGroup *group, struct builder *b,
			struct err *e)
{
	const size_t ns = b->p->nstreams, most = ns + b->p->nposts + group->n_ops;
	struct behind o = { .group = group,
			    .nops = hef_has(h->msg, EXT_NET_FLOW) ? group->n_ops : 0,
			    .core = b->core,
			    .p = b->p,
			    .g = b->g,
			    .source = xcalloc(ns, sizeof *o.source),
			    .used = xcalloc(ns, sizeof *o.used),
			    .out = xcalloc(most, sizeof *o.out),
			    .vstream = xcalloc(most, sizeof *o.vstream) };
	int r = 0;

	b->g->output_order = xcalloc(most, sizeof *b->g->output_order);
	for (size_t i = 0; i < ns; i++) {
		if (b->p->streams[i].output)
			o.source[i] = from_stream(b, &b->p->streams[i]);
	}
	/* Operations look at shapes. */
	if (graph_infer_shapes(b->g, e) < 0 || hef_read_ops(&o, e) < 0)
		r = -1;
	for (size_t i = 0; i < ns && r == 0; i++) {
		if (o.source[i] && !o.used[i])
			r = hef_add_vstream(&o, o.source[i], b->p->streams[i].name,
					    b->p->streams[i].io_layer, e);
	}
	if (r == 0)
		sort_outputs(h, &o);
	free(o.source);
	free(o.used);
	free(o.out);
	free(o.vstream);
	return r;
}

static int build_before(struct builder *b)
{
	b->g->output_order = xcalloc(b->p->nstreams, sizeof *b->g->output_order);
	for (size_t i = 0; i < b->p->nstreams; i++) {
		if (!b->p->streams[i].output)
			add_before(b, &b->p->streams[i]);
	}
	return 0;
}

struct graph *hef_part(const struct hef *h, size_t group, const struct isa_prog *p,
		       enum graph_part which, struct err *e)
{
	struct hef_core core = { 0 };
	struct builder b = { .core = &core, .p = p };

	if (group >= h->msg->n_network_groups ||
	    !hef_core_at(h->msg, h->msg->network_groups[group], 0, &core)) {
		err_set(e, "network group %zu has no core", group);
		return NULL;
	}
	b.g = graph_new(p->net);
	if ((which == PART_BEHIND ? build_behind(h, h->msg->network_groups[group], &b, e)
				  : build_before(&b)) == 0 &&
	    graph_validate(b.g, NULL, e) == 0)
		return b.g;
	graph_free(b.g);
	return NULL;
}
