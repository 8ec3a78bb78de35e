/* Changes of what contexts hand to each other that break a rule. */
#ifndef HN_TESTS_UNIT_HEF_CHANGES_SWITCH_H
#define HN_TESTS_UNIT_HEF_CHANGES_SWITCH_H

#include "hef_verdict.h"

/* Of two contexts: outputs 1 and 2 of the first are read by the second's layer 2. */
enum {
	SENT = 1,
	ALSO_SENT = 2,
	READ = 2
};

CHANGE(many_streams)
{
	for (int i = 0; i < 16; i++)
		APPEND(core(t)->contexts[1]->metadata, edge_layers, edge_layer(t, 1, READ));
}
CHANGE(source_later)
{
	edge_layer(t, 1, READ)->context_switch_info->connected_contexts[0]->index = 1;
}
CHANGE(source_absent)
{
	edge_layer(t, 1, READ)->context_switch_info->connected_contexts[0]->sys_index = 77;
}
CHANGE(source_frame)
{
	base(t, 1, READ)->padded_height++;
}
CHANGE(buffer_twice)
{
	base(t, 0, ALSO_SENT)->sys_index = base(t, 0, SENT)->sys_index;
	base(t, 0, ALSO_SENT)->engine_id = base(t, 0, SENT)->engine_id + 1;
}
CHANGE(ddr_name)
{
	edge_layer(t, 0, 4)->layer_info->name = arena_strdup(&t->arena, "net/elsewhere");
}
CHANGE(inter_context_mux)
{
	make_mux(t, 1);
}
CHANGE(unconnected)
{
	edge_layer(t, 0, 1)->context_switch_info->n_connected_contexts = 0;
}
CHANGE(connected_to_9)
{
	edge_layer(t, 0, 1)->context_switch_info->connected_contexts[0]->index = 9;
}
CHANGE(ddr_context)
{
	edge_layer(t, 0, 3)->context_switch_info->connected_contexts[0]->index = 1;
}
CHANGE(ddr_buffers)
{
	edge_layer(t, 0, 3)->context_switch_info->buffers = 65536;
}
CHANGE(ddr_unit)
{
	base(t, 0, 3)->core_bytes_per_buffer = 256;
}
CHANGE(ddr_extension)
{
	remove_extension(t, 3);
}
CHANGE(ddr_unpaired)
{
	edge_layer(t, 0, 4)->context_switch_info->connected_contexts[0]->sys_index = 77;
}
CHANGE(ddr_input_missing)
{
	Hef__ContextMetadata *d = core(t)->contexts[0]->metadata;
	NEW(l, Hef__EdgeLayer, hef__edge_layer);

	*l = *edge_layer(t, 0, 3);
	l->layer_info = arena_alloc(&t->arena, sizeof *l->layer_info);
	*l->layer_info = *edge_layer(t, 0, 3)->layer_info;
	l->layer_info->edge_layer_base = arena_alloc(&t->arena, sizeof(Hef__EdgeLayerBase));
	*l->layer_info->edge_layer_base = *base(t, 0, 3);
	l->layer_info->edge_layer_base->sys_index = 99;
	APPEND(d, edge_layers, l);
}

#endif
