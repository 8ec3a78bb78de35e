/* Rules on edge layers and on those of one context among themselves (hef(5), RULES). */
#include "base/mem.h"
#include "hef/rules.h"

enum {
	DDR_UNIT = 512 /* bytes of a transfer to external memory */
};

RULE(layer_kind)
{
	static const int member[] = { HEF__EDGE_LAYER__EDGE_LAYER_INFO,
				      HEF__EDGE_LAYER__EDGE_LAYER_MUX,
				      HEF__EDGE_LAYER__EDGE_LAYER_PLANES };
	const Hef__EdgeLayer *l = s->layer;

	if (l->direction > 1)
		return err_set(e, "direction is %u", l->direction);
	if (l->edge_layer_type > LAYER_PLANES || (int)l->edge_case != member[l->edge_layer_type])
		return err_set(e, "edge_layer_type is %u, field %d is set", l->edge_layer_type,
			       (int)l->edge_case);
	return 0;
}

RULE(layer_name)
{
	size_t n = strlen(hef_layer_name(s->layer));
	struct hef_leaves v = { 0 };

	hef_collect(s->layer, true, &v);
	for (size_t i = 0; i < v.n; i++) {
		if (strlen(v.v[i].name) > n)
			n = strlen(v.v[i].name);
	}
	free(v.v);
	return n <= HEF_MAX_NAME ? 0 : err_set(e, "a name of %zu bytes", n);
}

RULE(connection)
{
	uint32_t k = hef_connection(s->layer);

	return k <= CONN_CACHE ? 0 : err_set(e, "edge_connection_type is %u", k);
}

RULE(info_only)
{
	if (hef_connection(s->layer) == CONN_BOUNDARY || s->layer->edge_layer_type == LAYER_INFO)
		return 0;
	return err_set(e, "edge_layer_type is %u", s->layer->edge_layer_type);
}

static const Hef__ConnectedContext *connected(const struct site *s)
{
	const Hef__ContextSwitchInfo *c = s->layer->context_switch_info;

	return c && c->n_connected_contexts ? c->connected_contexts[0] : NULL;
}

RULE(inter_context)
{
	const Hef__ConnectedContext *c = connected(s);

	if (hef_connection(s->layer) != CONN_INTER_CONTEXT)
		return 0;
	if (!c)
		return err_set(e, "no connected context");
	if (c->index >= s->core->ncontexts || c->sys_index > 255 || c->engine_id > 255)
		return err_set(e, "connected to context %u, sys_index %u, engine %u", c->index,
			       c->sys_index, c->engine_id);
	return 0;
}

RULE(ddr)
{
	const Hef__ContextSwitchInfo *c = s->layer->context_switch_info;
	const Hef__EdgeLayerBase *b = hef_base(s->layer);

	if (hef_connection(s->layer) != CONN_DDR)
		return 0;
	if (c->n_connected_contexts != 1 || c->connected_contexts[0]->index != s->context_index)
		return err_set(e, "%zu connected contexts", c->n_connected_contexts);
	if (c->buffers > 65535)
		return err_set(e, "%u buffers", c->buffers);
	if (b && b->core_bytes_per_buffer % DDR_UNIT)
		return err_set(e, "core_bytes_per_buffer is %u", b->core_bytes_per_buffer);
	return 0;
}

RULE(ddr_extension)
{
	if (hef_connection(s->layer) != CONN_DDR ||
	    (hef_has(s->m, EXT_DDR) && hef_has(s->m, EXT_PADDED_DDR)))
		return 0;
	return err_set(e, "extension 2 or 3 is missing");
}

RULE(cache)
{
	const Hef__ContextSwitchInfo *c = s->layer->context_switch_info;

	if (hef_connection(s->layer) != CONN_CACHE || c->cache_id >= 0)
		return 0;
	return err_set(e, "cache_id is %d", c->cache_id);
}

RULE(network_index)
{
	size_t n = hef_has_optional(s->m, EXT_MULTI_NETWORK) ? s->core->nnetworks : 1;

	return s->layer->network_index < n
		   ? 0
		   : err_set(e, "network_index is %u of %zu", s->layer->network_index, n);
}

static int check_mux(const Hef__EdgeLayerMux *m, struct err *e)
{
	size_t n = m->mux_data ? m->mux_data->number_of_predecessors : 0;

	if (!n || n > m->n_predecessors)
		return err_set(e, "%zu predecessors announced, %zu listed", n, m->n_predecessors);
	for (size_t i = 0; i < n; i++) {
		const Hef__Edge *p = m->predecessors[i];

		if (p->edge_case == HEF__EDGE__EDGE_LAYER_MUX) {
			if (check_mux(p->layer_mux, e) < 0)
				return -1;
		} else if (p->edge_case != HEF__EDGE__EDGE_LAYER_INFO) {
			return err_set(e, "predecessor %zu is no info layer or mux", i);
		}
	}
	return 0;
}

RULE(mux)
{
	return s->layer->edge_layer_type == LAYER_MUX ? check_mux(s->layer->layer_mux, e) : 0;
}

RULE(planes)
{
	const Hef__EdgeLayerPlanes *p = s->layer->layer_planes;
	const Hef__EdgeLayerBase *first = NULL;

	if (s->layer->edge_layer_type != LAYER_PLANES)
		return 0;
	if (!p->n_planes || p->planes_format > 2 || s->layer->direction != 0)
		return err_set(e, "%zu planes of format %u", p->n_planes, p->planes_format);
	for (size_t i = 0; i < p->n_planes; i++) {
		const Hef__EdgeLayerBase *b;

		if (p->planes[i]->edge_case != HEF__EDGE__EDGE_LAYER_INFO ||
		    !(b = p->planes[i]->layer_info->edge_layer_base))
			return err_set(e, "plane %zu is no info layer with a base", i);
		if (!first)
			first = b;
		if (b->data_bytes != first->data_bytes)
			return err_set(e, "data_bytes is %u and %u", first->data_bytes,
				       b->data_bytes);
	}
	return 0;
}

/* ---- layers of one context among themselves ---- */

RULE(sys_unique)
{
	const Hef__ContextMetadata *d = s->context->metadata;
	bool *seen = xcalloc(2 * 256 * 256, 1);
	struct hef_leaves v = { 0 };
	int r = 0;

	for (size_t i = 0; d && i < d->n_edge_layers; i++)
		hef_collect(d->edge_layers[i], false, &v);
	for (size_t i = 0; i < v.n && r == 0; i++) {
		const Hef__EdgeLayerBase *b = v.v[i].base;
		size_t at = (v.v[i].layer->direction * 256 + b->engine_id) * 256 + b->sys_index;

		if (seen[at])
			r = err_set(e, "layer '%s' has sys_index %u, engine %u of another",
				    quote(v.v[i].name), b->sys_index, b->engine_id);
		seen[at] = true;
	}
	free(v.v);
	free(seen);
	return r;
}

static bool is_ddr(const Hef__EdgeLayer *l, uint32_t direction)
{
	return l->direction == direction && hef_connection(l) == CONN_DDR;
}

static size_t matches(const Hef__ContextMetadata *d, const Hef__EdgeLayer *out)
{
	uint32_t sys = out->context_switch_info->connected_contexts[0]->sys_index;
	const Hef__EdgeLayerBase *b = hef_base(out);
	size_t n = 0;

	for (size_t i = 0; i < d->n_edge_layers; i++) {
		const Hef__EdgeLayerBase *o = hef_base(d->edge_layers[i]);

		n += is_ddr(d->edge_layers[i], 0) && o->sys_index == sys &&
		     o->core_bytes_per_buffer == b->core_bytes_per_buffer &&
		     o->core_buffers_per_frame == b->core_buffers_per_frame;
	}
	return n;
}

RULE(ddr_pairs)
{
	const Hef__ContextMetadata *d = s->context->metadata;
	size_t n[2] = { 0 };

	for (size_t i = 0; d && i < d->n_edge_layers; i++) {
		const Hef__EdgeLayer *l = d->edge_layers[i];

		if (hef_connection(l) != CONN_DDR)
			continue;
		n[l->direction]++;
		if (l->direction == 1 && matches(d, l) != 1)
			return err_set(e, "layer '%s' matches %zu inputs", quote(hef_layer_name(l)),
				       matches(d, l));
	}
	return n[0] == n[1] ? 0 : err_set(e, "%zu inputs, %zu outputs", n[0], n[1]);
}
