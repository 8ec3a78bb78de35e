/* The inverse of graph_part. */
#include "hn/layer.h"

/* Where an output port of a part's layer is in the whole graph. */
struct joint {
	struct layer *layer;
	int32_t port;
};

struct join {
	struct graph *g;
	struct joint *made; /* by layer index of the part at hand */
	struct joint *ends; /* what the part's outputs carry, in order */
	size_t nends;
};

/* The layers of a part; its inputs stand for what the part in front of it ends with. */
static void add_part(struct join *j, const struct graph *part, bool first, bool last)
{
	const size_t nout = graph_outputs(part, NULL, 0);
	struct layer **out = xcalloc(nout, sizeof *out);
	struct joint *ends = xcalloc(nout, sizeof *ends);
	size_t input = 0;

	graph_outputs(part, out, nout);
	j->made = xcalloc(part->nlayers, sizeof *j->made);
	for (size_t i = 0; i < part->nlayers; i++) {
		const struct layer *l = part->layers[i];
		struct layer *c;

		if (l->type == HN_INPUT && !first)
			j->made[i] = j->ends[input++];
		if ((l->type == HN_INPUT && !first) || (l->type == HN_OUTPUT && !last))
			continue;
		c = graph_copy_layer(j->g, l);
		j->made[i].layer = c;
		for (size_t k = 0; k < l->nin; k++) {
			const struct joint *from = &j->made[l->in[k].layer->index];
			const bool input_of_part = l->in[k].layer->type == HN_INPUT && !first;

			layer_add_input(j->g, c, from->layer,
					input_of_part ? from->port : l->in[k].port);
		}
	}
	for (size_t i = 0; i < nout; i++) {
		const struct hn_input *in = &out[i]->in[0];

		ends[i] = j->made[in->layer->index];
		if (in->layer->type != HN_INPUT || first)
			ends[i].port = in->port;
	}
	free(j->made);
	free(j->ends);
	free(out);
	j->ends = ends;
	j->nends = nout;
}

static bool all_goes_through(const struct graph *part)
{
	for (size_t i = 0; i < part->nlayers; i++)
		if (!hn_is(part->layers[i]->type, HNF_IO))
			return false;
	return true;
}

struct graph *graph_join(const struct graph *before, const struct graph *device,
			 const struct graph *behind, struct err *e)
{
	struct join j = { 0 };

	if (all_goes_through(before) && all_goes_through(behind))
		return graph_clone(device);
	j.g = graph_new(device->name);
	add_part(&j, before, true, false);
	add_part(&j, device, false, false);
	add_part(&j, behind, false, true);
	j.g->output_order = xcalloc(j.nends, sizeof *j.g->output_order);
	for (size_t i = 0; i < j.nends; i++)
		j.g->output_order[j.g->noutput_order++] = j.ends[i].layer->name;
	free(j.ends);
	j.g->unknown = json_deep_copy(device->unknown);
	j.g->unknown_net_params = json_deep_copy(device->unknown_net_params);
	if (graph_infer_shapes(j.g, e) == 0)
		return j.g;
	graph_free(j.g);
	return NULL;
}
