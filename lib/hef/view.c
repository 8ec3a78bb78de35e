/* One way to look at a group's contexts and layers, whatever form the file has. */
#include "base/mem.h"
#include "hef/hef_pb.h"

static bool listed(Hef__Extension *const *v, size_t n, uint32_t extension)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i]->type_index == extension)
			return true;
	}
	return false;
}

bool hef_has(const Hef__Hef *m, uint32_t extension)
{
	return listed(m->extensions, m->n_extensions, extension);
}

bool hef_has_optional(const Hef__Hef *m, uint32_t extension)
{
	return listed(m->optional_extensions, m->n_optional_extensions, extension);
}

uint32_t hef_arch(const Hef__Hef *m)
{
	return m->header ? (uint32_t)m->header->hw_arch : 0;
}

bool hef_multi_layout(const Hef__Hef *m)
{
	uint32_t a = hef_arch(m);

	return a == HEF__HW_ARCH__HAILO8L || a == HEF__HW_ARCH__HAILO15M;
}

static const struct {
	uint32_t arch;
	const char *name;
	bool h8;
} archs[] = {
	/* clang-format off */
	{ HEF__HW_ARCH__HAILO8,     "HAILO8",    true },
	{ HEF__HW_ARCH__HAILO8P,    "HAILO8",    true },
	{ HEF__HW_ARCH__HAILO8R,    "HAILO8",    true },
	{ HEF__HW_ARCH__HAILO8L,    "HAILO8L",   true },
	{ HEF__HW_ARCH__HAILO15M,   "HAILO15M",  false },
	{ HEF__HW_ARCH__HAILO10H,   "HAILO10H",  false },
	{ HEF__HW_ARCH__HAILO15L,   "HAILO15L",  false },
	{ HEF__HW_ARCH__SAGE_A0,    "HAILO8_A0", true },
	{ HEF__HW_ARCH__SAGE_B0,    "HAILO8",    true },
	{ HEF__HW_ARCH__PAPRIKA_B0, "HAILO8",    true },
	{ HEF__HW_ARCH__HAILO15H,   "HAILO15H",  false },
	{ HEF__HW_ARCH__GINGER,     "HAILO15H",  false },
	{ HEF__HW_ARCH__LAVENDER,   "HAILO15H",  false },
	{ HEF__HW_ARCH__PLUTO,      "HAILO15L",  false },
	{ HEF__HW_ARCH__MARS,       "MARS",      false },
	/* clang-format on */
};

const char *hef_arch_name(uint32_t arch)
{
	for (size_t i = 0; i < sizeof archs / sizeof *archs; i++) {
		if (archs[i].arch == arch)
			return archs[i].name;
	}
	return NULL;
}

bool hef_is_h8(const Hef__Hef *m)
{
	for (size_t i = 0; i < sizeof archs / sizeof *archs; i++) {
		if (archs[i].arch == hef_arch(m))
			return archs[i].h8;
	}
	return false;
}

uint32_t hef_max_periph(const Hef__Hef *m)
{
	return hef_is_h8(m) ? 65536 : 8192;
}

const char *hef_group_name(const Hef__NetworkGroup *g)
{
	if (g->n_partial_network_groups) {
		const Hef__NetworkGroup *p = g->partial_network_groups[0]->network_group;
		return p && p->metadata ? p->metadata->network_group_name : "";
	}
	return g->metadata ? g->metadata->network_group_name : "";
}

const Hef__Op *hef_core_op(const Hef__NetworkGroup *g)
{
	for (size_t i = 0; i < g->n_ops; i++) {
		if (g->ops[i]->kind_case == HEF__OP__KIND_CORE_OP)
			return g->ops[i];
	}
	return NULL;
}

static void view_core(const Hef__CoreOp *c, struct hef_core *out)
{
	*out = (struct hef_core){ c->metadata,        c->preliminary_config,    c->contexts,
				  c->n_contexts,      c->fused_layers_metadata, c->networks_names,
				  c->n_networks_names };
}

static void view_group(const Hef__NetworkGroup *g, struct hef_core *out)
{
	*out = (struct hef_core){ g->metadata,        g->preliminary_config,    g->contexts,
				  g->n_contexts,      g->fused_layers_metadata, g->networks_names,
				  g->n_networks_names };
}

bool hef_core_at(const Hef__Hef *m, const Hef__NetworkGroup *g, size_t i, struct hef_core *out)
{
	bool partial = hef_multi_layout(m);

	if (hef_has(m, EXT_NET_FLOW)) {
		const Hef__Op *op = hef_core_op(g);
		const Hef__CoreOp *c;

		if (!op || (partial ? i >= op->core_op->n_partial_core_ops : i > 0))
			return false;
		c = partial ? op->core_op->partial_core_ops[i]->core_op : op->core_op;
		if (c)
			view_core(c, out);
		return c != NULL;
	}
	if (partial) {
		if (i >= g->n_partial_network_groups ||
		    !g->partial_network_groups[i]->network_group)
			return false;
		g = g->partial_network_groups[i]->network_group;
	} else if (i > 0) {
		return false;
	}
	view_group(g, out);
	return true;
}

const Hef__EdgeLayerBase *hef_base(const Hef__EdgeLayer *l)
{
	if (l->edge_case == HEF__EDGE_LAYER__EDGE_LAYER_INFO)
		return l->layer_info->edge_layer_base;
	if (l->edge_case == HEF__EDGE_LAYER__EDGE_LAYER_MUX)
		return l->layer_mux->edge_layer_base;
	return NULL;
}

const char *hef_layer_name(const Hef__EdgeLayer *l)
{
	switch (l->edge_case) {
	case HEF__EDGE_LAYER__EDGE_LAYER_INFO:
		return l->layer_info->name;
	case HEF__EDGE_LAYER__EDGE_LAYER_MUX:
		return l->layer_mux->name;
	case HEF__EDGE_LAYER__EDGE_LAYER_PLANES:
		return l->layer_planes->name;
	case HEF__EDGE_LAYER__EDGE__NOT_SET:
	case _HEF__EDGE_LAYER__EDGE__CASE_IS_INT_SIZE:
		break;
	}
	return "";
}

uint32_t hef_connection(const Hef__EdgeLayer *l)
{
	return l->context_switch_info ? l->context_switch_info->edge_connection_type
				      : CONN_BOUNDARY;
}

bool hef_words_of(const struct hef *h, const Hef__Action *a, struct hef_words *out)
{
	if (a->kind_case == HEF__ACTION__KIND_WRITE_DATA_CCW) {
		const Hef__WriteDataCcw *d = a->write_data_ccw;

		*out = (struct hef_words){ d->data.data, d->data.len, d->cfg_channel_index };
		return true;
	}
	if (a->kind_case == HEF__ACTION__KIND_WRITE_DATA_CCW_PTR) {
		const Hef__WriteDataCcwPtr *d = a->write_data_ccw_ptr;
		bool inside = d->offset <= h->file.nccws && d->size <= h->file.nccws - d->offset;

		*out = (struct hef_words){ inside ? h->file.ccws + d->offset : NULL,
					   inside ? d->size : 0, d->cfg_channel_index };
		return true;
	}
	return false;
}

static void add(struct hef_leaves *out, struct hef_leaf leaf)
{
	VEC_GROW(out->v, out->n, &out->cap);
	out->v[out->n++] = leaf;
}

static void add_info(const Hef__EdgeLayer *l, const Hef__EdgeLayerInfo *i, bool in_mux,
		     struct hef_leaves *out)
{
	add(out, (struct hef_leaf){ .name = i->name,
				    .base = i->edge_layer_base,
				    .numeric = i->numeric_info,
				    .transposed = i->transposed,
				    .in_mux = in_mux,
				    .layer = l });
}

/* Depth is bounded by the syntax check. */
static void add_mux(const Hef__EdgeLayer *l, const Hef__EdgeLayerMux *m, struct hef_leaves *out)
{
	size_t n = m->mux_data ? m->mux_data->number_of_predecessors : 0;

	for (size_t i = 0; i < m->n_predecessors && i < n; i++) {
		const Hef__Edge *p = m->predecessors[i];

		if (p->edge_case == HEF__EDGE__EDGE_LAYER_INFO)
			add_info(l, p->layer_info, true, out);
		else if (p->edge_case == HEF__EDGE__EDGE_LAYER_MUX)
			add_mux(l, p->layer_mux, out);
	}
}

static void collect_planes(const Hef__EdgeLayer *l, bool vstreams, struct hef_leaves *out)
{
	const Hef__EdgeLayerPlanes *p = l->layer_planes;

	if (vstreams) {
		add(out, (struct hef_leaf){ .name = p->name, .planes = p, .layer = l });
		return;
	}
	for (size_t i = 0; i < p->n_planes; i++) {
		if (p->planes[i]->edge_case == HEF__EDGE__EDGE_LAYER_INFO)
			add_info(l, p->planes[i]->layer_info, false, out);
	}
}

void hef_collect(const Hef__EdgeLayer *l, bool vstreams, struct hef_leaves *out)
{
	switch (l->edge_case) {
	case HEF__EDGE_LAYER__EDGE_LAYER_INFO:
		add_info(l, l->layer_info, false, out);
		return;
	case HEF__EDGE_LAYER__EDGE_LAYER_MUX:
		if (vstreams)
			add_mux(l, l->layer_mux, out);
		else
			add(out, (struct hef_leaf){ .name = l->layer_mux->name,
						    .base = l->layer_mux->edge_layer_base,
						    .in_mux = true,
						    .layer = l });
		return;
	case HEF__EDGE_LAYER__EDGE_LAYER_PLANES:
		collect_planes(l, vstreams, out);
		return;
	case HEF__EDGE_LAYER__EDGE__NOT_SET:
	case _HEF__EDGE_LAYER__EDGE__CASE_IS_INT_SIZE:
		return;
	}
}
