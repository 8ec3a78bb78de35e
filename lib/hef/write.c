/* Programme to HEF: net-flow form, partial core ops on multi-layout chips. */
#include "hef/write.h"

static void extension(struct writer *w, Hef__Hef *m, uint32_t type)
{
	Hef__Extension *x = arena_alloc(&w->arena, sizeof *x);

	hef__extension__init(x);
	x->type_index = type;
	m->extensions[m->n_extensions++] = x;
}

static bool any_ddr(const struct isa_prog *p)
{
	for (size_t i = 0; i < p->nedges; i++) {
		if (p->edges[i].kind == EDGE_DDR)
			return true;
	}
	return false;
}

static void optional(struct writer *w, Hef__Hef *m, uint32_t type)
{
	Hef__Extension *x = arena_alloc(&w->arena, sizeof *x);

	hef__extension__init(x);
	x->type_index = type;
	m->optional_extensions[m->n_optional_extensions++] = x;
}

/* A writer of each network group: what any of them asks for. */
static bool any(const struct writer *w, size_t n, bool (*is)(const struct writer *w))
{
	for (size_t i = 0; i < n; i++)
		if (is(&w[i]))
			return true;
	return false;
}

static bool has_ddr(const struct writer *w)
{
	return any_ddr(w->p);
}

static bool has_contexts(const struct writer *w)
{
	return w->p->ncontexts > 1;
}

static bool has_networks(const struct writer *w)
{
	return w->nnetworks > 1;
}

static bool needs_extension(const struct writer *w, size_t n, uint32_t x)
{
	for (size_t i = 0; i < n; i++)
		if (hef_needs_extension(&w[i], x) ||
		    (x == EXT_SCALE_PER_FEATURE && w[i].per_feature))
			return true;
	return x == EXT_NET_FLOW || x == EXT_PERIPH ||
	       (x == EXT_SHARED_CONFIG && w->form->version == HEF_ALIGNED);
}

/* Exactly those that the file uses; 11 tells the runtime that padding is done here. */
static void extensions(struct writer *w, size_t n, Hef__Hef *m)
{
	m->extensions = arena_array(&w->arena, EXT_COUNT, sizeof *m->extensions);
	if (any(w, n, has_ddr)) {
		extension(w, m, EXT_DDR);
		extension(w, m, EXT_PADDED_DDR);
	}
	if (any(w, n, has_contexts))
		extension(w, m, EXT_MULTI_CONTEXT);
	if (w->form->compressed)
		extension(w, m, EXT_COMPRESSED);
	if (any(w, n, hef_any_transposed))
		extension(w, m, EXT_TRANSPOSE);
	for (uint32_t i = EXT_NET_FLOW; i < EXT_COUNT; i++)
		if (needs_extension(w, n, i))
			extension(w, m, i);
	m->optional_extensions = arena_array(&w->arena, 2, sizeof *m->optional_extensions);
	if (any(w, n, has_networks))
		optional(w, m, EXT_MULTI_NETWORK);
	optional(w, m, EXT_HW_PADDING);
}

static Hef__GroupMetadata *metadata(struct writer *w)
{
	Hef__GroupMetadata *d = arena_alloc(&w->arena, sizeof *d);

	hef__group_metadata__init(d);
	d->network_group_name = w->p->net;
	d->network_group_index = w->index;
	d->bottleneck_fps = w->fps;
	d->cfg_channels_count = w->form->channels;
	d->cfg_channels_config =
	    arena_array(&w->arena, w->form->channels, sizeof *d->cfg_channels_config);
	for (uint32_t i = 0; i < w->form->channels && w->form->channels > 1; i++) {
		Hef__CfgChannel *c = arena_alloc(&w->arena, sizeof *c);

		hef__cfg_channel__init(c);
		c->cfg_channel_index = i;
		c->engine_id = i % w->form->engines;
		d->cfg_channels_config[d->n_cfg_channels_config++] = c;
	}
	return d;
}

static char **names(struct writer *w, size_t n)
{
	return arena_array(&w->arena, n, sizeof(char *));
}

/* The v-stream behind an output layer of the host: an operation's, a post unit's or a stream's. */
static char *vstream_of(struct writer *w, const struct layer *l)
{
	const struct graph *g = w->host->behind;
	size_t n = 0;

	while (l->type != HN_INPUT && !hef_is_op(l))
		l = l->in[0].layer;
	if (l->type != HN_INPUT)
		return arena_strdup(&w->arena, l->name);
	for (size_t i = 0; g->layers[i] != l; i++)
		n += g->layers[i]->type == HN_INPUT;
	for (size_t i = 0;; i++) {
		if (w->p->streams[i].output && n-- == 0)
			return w->p->streams[i].name;
	}
}

/* In the network's order. */
static void sorted_outputs(struct writer *w, Hef__NetworkGroup *g)
{
	const struct isa_prog *p = w->p;
	size_t n = w->host ? graph_outputs(w->host->behind, NULL, 0) : p->nstreams;
	struct layer **out;

	g->sorted_outputs_order = names(w, n);
	for (size_t i = 0; !w->host && i < n; i++) {
		if (p->streams[i].output)
			g->sorted_outputs_order[g->n_sorted_outputs_order++] = p->streams[i].name;
	}
	if (!w->host)
		return;
	out = arena_array(&w->arena, n, sizeof *out);
	graph_outputs(w->host->behind, out, n);
	for (size_t i = 0; i < n; i++)
		g->sorted_outputs_order[i] = vstream_of(w, out[i]);
	g->n_sorted_outputs_order = n;
}

static Hef__Context *context(struct writer *w, int32_t k)
{
	Hef__Context *c = arena_alloc(&w->arena, sizeof *c);

	hef__context__init(c);
	c->context_index = (uint32_t)k;
	c->metadata = arena_alloc(&w->arena, sizeof *c->metadata);
	hef__context_metadata__init(c->metadata);
	c->metadata->name = arena_printf(&w->arena, "context_%d", k);
	if (hef_write_layers(w, k, c->metadata) < 0)
		return NULL;
	c->operations = arena_array(&w->arena, 1, sizeof *c->operations);
	c->operations[c->n_operations++] = hef_write_operation(w, 1 + k);
	return c;
}

static Hef__CoreOp *core_op(struct writer *w)
{
	Hef__CoreOp *c = arena_alloc(&w->arena, sizeof *c);

	hef__core_op__init(c);
	c->metadata = metadata(w);
	c->networks_names = w->networks;
	c->n_networks_names = w->nnetworks;
	c->preliminary_config = arena_alloc(&w->arena, sizeof *c->preliminary_config);
	hef__preliminary_config__init(c->preliminary_config);
	c->preliminary_config->operation =
	    arena_array(&w->arena, 1, sizeof *c->preliminary_config->operation);
	c->preliminary_config->operation[c->preliminary_config->n_operation++] =
	    hef_write_operation(w, 0);
	c->contexts = arena_array(&w->arena, (size_t)w->p->ncontexts, sizeof *c->contexts);
	for (int32_t k = 0; k < w->p->ncontexts; k++) {
		if (!(c->contexts[k] = context(w, k)))
			return NULL;
		c->n_contexts++;
	}
	return c;
}

static Hef__Layout *layout(struct writer *w)
{
	Hef__Layout *l = arena_alloc(&w->arena, sizeof *l);

	hef__layout__init(l);
	l->partial_clusters_layout_bitmap = w->p->machine.layout;
	return l;
}

/* The core op inside another one; the group's name once more in partial group 0. */
static Hef__CoreOp *partial(struct writer *w, Hef__NetworkGroup *g, Hef__CoreOp *inner)
{
	Hef__CoreOp *outer = arena_alloc(&w->arena, sizeof *outer);
	Hef__PartialCoreOp *c = arena_alloc(&w->arena, sizeof *c);
	Hef__PartialGroup *pg = arena_alloc(&w->arena, sizeof *pg);

	hef__core_op__init(outer);
	hef__partial_core_op__init(c);
	hef__partial_group__init(pg);
	c->core_op = inner;
	c->layout = layout(w);
	outer->metadata = metadata(w);
	outer->networks_names = w->networks;
	outer->n_networks_names = w->nnetworks;
	outer->partial_core_ops = arena_array(&w->arena, 1, sizeof *outer->partial_core_ops);
	outer->partial_core_ops[outer->n_partial_core_ops++] = c;
	pg->network_group = arena_alloc(&w->arena, sizeof *pg->network_group);
	hef__network_group__init(pg->network_group);
	pg->network_group->metadata = metadata(w);
	pg->layout = layout(w);
	g->partial_network_groups = arena_array(&w->arena, 1, sizeof *g->partial_network_groups);
	g->partial_network_groups[g->n_partial_network_groups++] = pg;
	return outer;
}

/* One pad of the core op per boundary stream; its index is the stream's. */
static Hef__Pad *pad(struct writer *w, size_t stream)
{
	const struct isa_stream *s = &w->p->streams[stream];
	const struct isa_tensor *t = &w->p->tensors[s->tensor];
	Hef__Pad *p = arena_alloc(&w->arena, sizeof *p);

	hef__pad__init(p);
	p->index = (uint32_t)stream;
	p->name = s->name;
	p->numeric_info = hef_write_numeric(w, t, 0, t->c);
	p->shape_case = HEF__PAD__SHAPE_TENSOR_SHAPE;
	p->tensor_shape = arena_alloc(&w->arena, sizeof *p->tensor_shape);
	hef__tensor_shape__init(p->tensor_shape);
	p->tensor_shape->height = p->tensor_shape->padded_height = (uint32_t)t->h;
	p->tensor_shape->width = p->tensor_shape->padded_width = (uint32_t)t->w;
	p->tensor_shape->features = p->tensor_shape->padded_features = (uint32_t)t->c;
	return p;
}

static Hef__Pad *post_pad(struct writer *w, size_t which)
{
	const struct hn_shape s = post_output_shape(&w->p->posts[which].post);
	Hef__Pad *p = arena_alloc(&w->arena, sizeof *p);

	hef__pad__init(p);
	p->index = (uint32_t)(w->p->nstreams + which);
	p->name = w->p->posts[which].name;
	p->format_order = ORDER_HAILO_NMS;
	p->shape_case = HEF__PAD__SHAPE_NMS_SHAPE;
	p->nms_shape = arena_alloc(&w->arena, sizeof *p->nms_shape);
	hef__nms_shape__init(p->nms_shape);
	p->nms_shape->number_of_classes = (uint32_t)s.h;
	p->nms_shape->max_bboxes_per_class = (uint32_t)s.c;
	p->nms_shape->bbox_size = NMS_BOX_BYTES;
	p->nms_shape->division_factor = 1;
	return p;
}

static void core_pads(struct writer *w, Hef__Op *op)
{
	size_t n = w->p->nstreams;

	op->input_pads = arena_array(&w->arena, n, sizeof *op->input_pads);
	op->output_pads = arena_array(&w->arena, n + w->p->nposts, sizeof *op->output_pads);
	for (size_t i = 0; i < n; i++) {
		if (isa_feeds_post(w->p, i))
			continue;
		if (w->p->streams[i].output)
			op->output_pads[op->n_output_pads++] = pad(w, i);
		else
			op->input_pads[op->n_input_pads++] = pad(w, i);
	}
	for (size_t i = 0; i < w->p->nposts; i++)
		op->output_pads[op->n_output_pads++] = post_pad(w, i);
}

static int group(struct writer *w, Hef__Hef *m, Hef__NetworkGroup *g)
{
	Hef__Op *op = arena_alloc(&w->arena, sizeof *op);

	hef__op__init(op);
	op->name = w->p->net;
	op->kind_case = HEF__OP__KIND_CORE_OP;
	if (!(op->core_op = core_op(w)))
		return -1;
	hef_write_mapping(w, m, op->core_op);
	if (w->p->machine.partial)
		op->core_op = partial(w, g, op->core_op);
	core_pads(w, op);
	g->metadata = metadata(w);
	g->network_group_name = w->p->net;
	g->network_group_index = w->index;
	g->networks_names = w->networks;
	g->n_networks_names = w->nnetworks;
	sorted_outputs(w, g);
	g->ops = arena_array(&w->arena, 1 + w->nops, sizeof *g->ops);
	g->ops[g->n_ops++] = op;
	return hef_write_ops(w, g);
}

static int add_group(struct writer *w, Hef__Hef *m)
{
	Hef__NetworkGroup *g = arena_alloc(&w->arena, sizeof *g);

	hef__network_group__init(g);
	m->network_groups[m->n_network_groups++] = g;
	w->max_periph = hef_max_periph(m);
	return hef_plan_ports(w) < 0 ? -1 : group(w, m, g);
}

/* The words of the groups stand one behind the other. */
static int message(struct writer *w, size_t n, Hef__Hef *m)
{
	Hef__Header *h = arena_alloc(&w->arena, sizeof *h);

	hef__hef__init(m);
	hef__header__init(h);
	h->hw_arch = (Hef__HwArch)w->p->machine.hef_arch;
	h->sdk_version = arena_strdup(&w->arena, "hntools " HN_VERSION);
	h->version = 1;
	m->header = h;
	m->network_groups = arena_array(&w->arena, n, sizeof *m->network_groups);
	for (size_t i = 0; i < n; i++)
		hef_plan_networks(&w[i]);
	extensions(w, n, m);
	for (size_t i = 0; i < n; i++) {
		if (i > 0) {
			w[i].ccws = w[i - 1].ccws;
			w[i - 1].ccws = (struct str){ 0 };
		}
		if (add_group(&w[i], m) < 0)
			return -1;
	}
	return 0;
}

/* The runtime crashes on some faults: what goes out has passed every rule. */
static int verify(const char *file, size_t n, struct err *e)
{
	struct hef *h = hef_parse(file, n, e);
	int r = h ? hef_check(h, e) : -1;

	hef_free(h);
	return r;
}

static bool per_feature(const struct isa_prog *p)
{
	for (size_t i = 0; i < p->nstreams; i++) {
		if (p->tensors[p->streams[i].tensor].scale.n > 1)
			return true;
	}
	return false;
}

/* Over Ethernet there is neither external memory nor a second context. */
static int check_form(const struct isa_prog *p, const struct hef_form *f, struct err *e)
{
	if (f->ethernet && (p->ncontexts > 1 || any_ddr(p)))
		return err_set(
		    e,
		    "a HEF for Ethernet has one context and no buffers in external memory, "
		    "this network has %d context%s%s",
		    p->ncontexts, p->ncontexts > 1 ? "s" : "",
		    any_ddr(p) ? " and such buffers" : "");
	return 0;
}

static int open_writer(struct writer *w, const struct hef_group *g, uint32_t index,
		       const struct hef_form *form, struct err *e)
{
	*w = (struct writer){ .p = g->p,
			      .host = g->host,
			      .form = form,
			      .fps = g->fps,
			      .index = index,
			      .e = e,
			      .per_feature = per_feature(g->p) };
	return check_form(g->p, form, e) < 0 || hef_check_host(w) < 0
		   ? -1
		   : isa_encode(g->p, &w->image, e);
}

static void close_writer(struct writer *w)
{
	for (int32_t c = 0; w->ports && c < w->p->ncontexts; c++)
		free(w->ports[c].v);
	str_release(&w->ccws);
	isa_image_release(&w->image);
	arena_release(&w->arena);
}

int hef_write_groups(const struct hef_group *g, size_t n, const struct hef_form *form,
		     struct str *out, struct err *e)
{
	struct writer *w = xcalloc(n, sizeof *w);
	struct str proto = { 0 };
	size_t start = out->len;
	Hef__Hef m;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = open_writer(&w[i], &g[i], (uint32_t)i, form, e);
	if (r == 0 && (r = message(w, n, &m)) == 0) {
		hef_pb_pack(&m, &proto);
		hef_join(form->version, proto.p, proto.len, w[n - 1].ccws.p, w[n - 1].ccws.len,
			 out);
		r = verify(out->p + start, out->len - start, e);
	}
	for (size_t i = 0; i < n; i++)
		if (w[i].p)
			close_writer(&w[i]);
	free(w);
	str_release(&proto);
	return r;
}

int hef_write(const struct isa_prog *p, const struct hef_host *host, const struct hef_form *form,
	      struct str *out, struct err *e)
{
	const struct hef_group g = { p, host, form->fps };

	return hef_write_groups(&g, 1, form, out, e);
}
