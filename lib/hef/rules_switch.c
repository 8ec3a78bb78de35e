/* Rules on what contexts hand to each other and on the channels that carry it (hef(5), RULES). */
#include "base/mem.h"
#include "hef/rules.h"

enum {
	ENGINES = 256,
	CHANNELS = 16 /* of an engine, in each direction */
};

RULE(channels)
{
	uint32_t n = s->core->metadata ? s->core->metadata->cfg_channels_count : 0;

	return n <= 4 ? 0 : err_set(e, "%u channels", n);
}

RULE(channel_engines)
{
	const Hef__GroupMetadata *d = s->core->metadata;

	for (size_t i = 0; d && i < d->n_cfg_channels_config; i++) {
		const Hef__CfgChannel *c = d->cfg_channels_config[i];

		if (c->cfg_channel_index > 255 || c->engine_id > 255)
			return err_set(e, "channel %u on engine %u", c->cfg_channel_index,
				       c->engine_id);
	}
	return 0;
}

static bool is(const Hef__EdgeLayer *l, uint32_t direction, uint32_t connection)
{
	return l->direction == direction && hef_connection(l) == connection;
}

/* Adds the streams of a context's boundary layers, or of its others, to those of each engine. */
static void count(const Hef__Context *c, bool boundary, uint32_t (*used)[ENGINES])
{
	const Hef__ContextMetadata *d = c->metadata;
	struct hef_leaves v = { 0 };

	for (size_t i = 0; d && i < d->n_edge_layers; i++)
		hef_collect(d->edge_layers[i], false, &v);
	for (size_t i = 0; i < v.n; i++) {
		const Hef__EdgeLayer *l = v.v[i].layer;

		if ((hef_connection(l) == CONN_BOUNDARY) == boundary && l->direction <= 1 &&
		    v.v[i].base && v.v[i].base->engine_id < ENGINES)
			used[l->direction][v.v[i].base->engine_id]++;
	}
	free(v.v);
}

static uint32_t engine_of(const Hef__GroupMetadata *d, uint32_t channel)
{
	for (size_t i = 0; d && i < d->n_cfg_channels_config; i++)
		if (d->cfg_channels_config[i]->cfg_channel_index == channel)
			return d->cfg_channels_config[i]->engine_id;
	return 0;
}

static int room(uint32_t (*used)[ENGINES], struct err *e)
{
	static const char *const name[] = { "to", "from" };

	for (int k = 0; k < 2; k++)
		for (int i = 0; i < ENGINES; i++)
			if (used[k][i] > CHANNELS)
				return err_set(e, "%u streams %s the device on engine %d",
					       used[k][i], name[k], i);
	return 0;
}

RULE(engine_channels)
{
	const struct hef_core *c = s->core;
	uint32_t network[2][ENGINES] = { { 0 } }, all[2][ENGINES];
	uint32_t n =
	    c->metadata && c->metadata->cfg_channels_count ? c->metadata->cfg_channels_count : 1;

	for (uint32_t i = 0; i < n && i < CHANNELS; i++)
		network[0][engine_of(c->metadata, i) % ENGINES]++;
	for (size_t i = 0; i < c->ncontexts; i++)
		count(c->contexts[i], true, network);
	for (size_t i = 0; i < c->ncontexts; i++) {
		memcpy(all, network, sizeof all);
		count(c->contexts[i], false, all);
		if (room(all, e) < 0)
			return err_in(e, "context %zu", i);
	}
	return 0;
}

static uint64_t frame(const Hef__EdgeLayerBase *b)
{
	return (uint64_t)b->padded_height * b->padded_width * b->padded_features * b->data_bytes;
}

/* The output that an inter-context input names; NULL: none. */
static const Hef__EdgeLayer *source(const struct site *s, const Hef__ConnectedContext *c)
{
	const Hef__ContextMetadata *d;

	if (c->index >= s->context_index)
		return NULL;
	d = s->core->contexts[c->index]->metadata;
	for (size_t i = 0; d && i < d->n_edge_layers; i++) {
		const Hef__EdgeLayerBase *b = hef_base(d->edge_layers[i]);

		if (is(d->edge_layers[i], 1, CONN_INTER_CONTEXT) && b &&
		    b->sys_index == c->sys_index)
			return d->edge_layers[i];
	}
	return NULL;
}

RULE(context_source)
{
	const Hef__ConnectedContext *c;
	const Hef__EdgeLayerBase *b = hef_base(s->layer);
	const Hef__EdgeLayer *from;

	if (!is(s->layer, 0, CONN_INTER_CONTEXT))
		return 0;
	c = s->layer->context_switch_info->connected_contexts[0];
	from = source(s, c);
	if (!from)
		return err_set(e, "no output %u of context %u before it", c->sys_index, c->index);
	if (b && frame(b) != frame(hef_base(from)))
		return err_set(e, "a frame of %llu bytes, %llu are written",
			       (unsigned long long)frame(b),
			       (unsigned long long)frame(hef_base(from)));
	return 0;
}

RULE(buffer_unique)
{
	const Hef__ContextMetadata *d = s->context->metadata;
	bool seen[256] = { false };

	for (size_t i = 0; d && i < d->n_edge_layers; i++) {
		const Hef__EdgeLayer *l = d->edge_layers[i];
		const Hef__EdgeLayerBase *b = hef_base(l);

		if ((!is(l, 1, CONN_INTER_CONTEXT) && !is(l, 1, CONN_DDR)) || !b)
			continue;
		if (seen[b->sys_index & 255])
			return err_set(e, "layer '%s' has sys_index %u of another",
				       quote(hef_layer_name(l)), b->sys_index);
		seen[b->sys_index & 255] = true;
	}
	return 0;
}

/* The input of the pair that a DDR output belongs to, which rule ddr-pairs has found. */
static const Hef__EdgeLayer *pair(const Hef__ContextMetadata *d, const Hef__EdgeLayer *out)
{
	uint32_t sys = out->context_switch_info->connected_contexts[0]->sys_index;

	for (size_t i = 0; i < d->n_edge_layers; i++)
		if (is(d->edge_layers[i], 0, CONN_DDR) &&
		    hef_base(d->edge_layers[i])->sys_index == sys)
			return d->edge_layers[i];
	return NULL;
}

RULE(ddr_names)
{
	const Hef__ContextMetadata *d = s->context->metadata;

	for (size_t i = 0; d && i < d->n_edge_layers; i++) {
		const Hef__EdgeLayer *l = d->edge_layers[i], *in;

		if (!is(l, 1, CONN_DDR) || !(in = pair(d, l)))
			continue;
		if (strcmp(hef_layer_name(l), hef_layer_name(in)) != 0)
			return err_set(e, "output '%s', input '%s'", quote(hef_layer_name(l)),
				       quote(hef_layer_name(in)));
	}
	return 0;
}
