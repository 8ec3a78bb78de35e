/* V-streams: what an application sees after demultiplexing and post-processing. */
#include "base/mem.h"
#include "hef/rules.h"

static bool consumed(const Hef__NetworkGroup *g, const Hef__EdgeLayer *l)
{
	if (l->has_pad_case != HEF__EDGE_LAYER__HAS_PAD_PAD_INDEX)
		return false;
	for (size_t i = 0; i < g->n_pad_edges; i++) {
		if (g->pad_edges[i]->src == l->pad_index)
			return true;
	}
	return false;
}

static bool has_pad(const Hef__EdgeLayer *l, uint32_t pad)
{
	return l->direction == 1 && l->has_pad_case == HEF__EDGE_LAYER__HAS_PAD_PAD_INDEX &&
	       l->pad_index == pad;
}

const Hef__EdgeLayer *hef_core_pad(const struct hef_core *c, uint32_t pad)
{
	for (size_t i = 0; i < c->ncontexts; i++) {
		const Hef__ContextMetadata *d = c->contexts[i]->metadata;

		for (size_t k = 0; d && k < d->n_edge_layers; k++) {
			if (has_pad(d->edge_layers[k], pad))
				return d->edge_layers[k];
		}
	}
	return NULL;
}

const Hef__EdgeLayer *hef_pad_source(const Hef__NetworkGroup *g, const struct hef_core *c,
				     uint32_t input_pad)
{
	for (size_t i = 0; i < g->n_pad_edges; i++) {
		if (g->pad_edges[i]->dst == input_pad)
			return hef_core_pad(c, g->pad_edges[i]->src);
	}
	return NULL;
}

const Hef__NmsInfo *hef_nms_info(const Hef__EdgeLayerBase *b)
{
	return b && b->additional_info ? b->additional_info->nms_info : NULL;
}

static void add(struct hef_vstreams *out, struct hef_vstream v)
{
	VEC_GROW(out->v, out->n, &out->cap);
	out->v[out->n++] = v;
}

/* Parts of a defused NMS are one v-stream, named by the fused layer. */
static bool add_fused(const struct hef_core *c, const struct hef_leaf *leaf,
		      struct hef_vstreams *out)
{
	const Hef__NmsInfo *nms = hef_nms_info(leaf->base);
	const char *name;

	if (!nms || !nms->is_defused || !nms->defuse_info || !c->fused)
		return false;
	name = nms->defuse_info->original_name;
	for (size_t i = 0; i < out->n; i++) {
		if (out->v[i].fused && strcmp(out->v[i].name, name) == 0)
			return true;
	}
	for (size_t i = 0; i < c->fused->n_fused_layers; i++) {
		const Hef__EdgeLayerFused *f = c->fused->fused_layers[i];

		if (f->layer_info && strcmp(f->layer_info->name, name) == 0)
			add(out, (struct hef_vstream){ .name = name, .fused = f });
	}
	return true;
}

static void add_layer(const Hef__NetworkGroup *g, const struct hef_core *c, const Hef__EdgeLayer *l,
		      struct hef_vstreams *out)
{
	struct hef_leaves leaves = { 0 };

	if (l->direction == 1 && consumed(g, l))
		return;
	hef_collect(l, true, &leaves);
	for (size_t i = 0; i < leaves.n; i++) {
		if (!add_fused(c, &leaves.v[i], out))
			add(out,
			    (struct hef_vstream){ .name = leaves.v[i].name, .leaf = leaves.v[i] });
	}
	free(leaves.v);
}

void hef_list_vstreams(const Hef__Hef *m, const Hef__NetworkGroup *g, const struct hef_core *c,
		       bool output, int net, struct hef_vstreams *out)
{
	for (size_t i = 0; i < c->ncontexts; i++) {
		const Hef__ContextMetadata *d = c->contexts[i]->metadata;

		for (size_t k = 0; d && k < d->n_edge_layers; k++) {
			const Hef__EdgeLayer *l = d->edge_layers[k];

			if (l->direction == output && hef_connection(l) == CONN_BOUNDARY &&
			    (net < 0 || (int)l->network_index == net))
				add_layer(g, c, l, out);
		}
	}
	if (!output || !hef_has(m, EXT_NET_FLOW))
		return;
	for (size_t i = 0; i < g->n_ops; i++) {
		const Hef__Op *op = g->ops[i];

		if (op->kind_case != HEF__OP__KIND_CORE_OP && op->n_output_pads)
			add(out,
			    (struct hef_vstream){ .name = op->output_pads[0]->name, .op = op });
	}
}

char **hef_sorted_outputs(const Hef__Hef *m, const Hef__NetworkGroup *g, const struct hef_core *c,
			  size_t *n)
{
	if (c->fused && c->fused->network_has_fused_layers) {
		*n = c->fused->n_updated_sorted_output_names;
		return c->fused->updated_sorted_output_names;
	}
	if (!hef_has(m, EXT_NET_FLOW) && g->n_partial_network_groups &&
	    g->partial_network_groups[0]->network_group &&
	    g->partial_network_groups[0]->network_group->n_sorted_outputs_order)
		g = g->partial_network_groups[0]->network_group;
	if (!g->n_sorted_outputs_order && c->ncontexts && c->contexts[c->ncontexts - 1]->metadata) {
		const Hef__ContextMetadata *d = c->contexts[c->ncontexts - 1]->metadata;
		*n = d->n_sorted_outputs_order;
		return d->sorted_outputs_order;
	}
	*n = g->n_sorted_outputs_order;
	return g->sorted_outputs_order;
}
