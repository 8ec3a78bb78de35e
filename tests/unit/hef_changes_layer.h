/* Changes of the file, its groups, contexts and layers that break a rule. */
#ifndef HN_TESTS_UNIT_HEF_CHANGES_LAYER_H
#define HN_TESTS_UNIT_HEF_CHANGES_LAYER_H

#include "hef_verdict.h"

#define LONG128                                                                                    \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"                         \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char long_name[] = LONG128;

CHANGE(no_header)
{
	t->m->header = NULL;
}
CHANGE(version_0)
{
	t->m->header->version = 0;
}
CHANGE(arch_42)
{
	t->m->header->hw_arch = (Hef__HwArch)42;
}
CHANGE(extension_8)
{
	add_extension(t, 8);
}
CHANGE(extension_33)
{
	add_extension(t, 33);
}
CHANGE(extension_7)
{
	add_extension(t, 7);
}
CHANGE(no_26)
{
	remove_extension(t, 26);
}
CHANGE(shared_config)
{
	add_extension(t, 32);
}
CHANGE(resource)
{
	NEW(r, Hef__ExternalResource, hef__external_resource);

	r->offset = 8;
	r->size = UINT64_MAX;
	APPEND(t->m, external_resources, r);
}
CHANGE(no_groups)
{
	t->m->n_network_groups = 0;
}
CHANGE(many_groups)
{
	for (int i = 0; i < 64; i++)
		APPEND(t->m, network_groups, group(t));
}
CHANGE(many_ops)
{
	for (int i = 0; i < 64; i++)
		APPEND(group(t), ops, group(t)->ops[0]);
}
CHANGE(many_outputs)
{
	for (int i = 0; i < 1024; i++)
		APPEND(group(t), sorted_outputs_order, group(t)->sorted_outputs_order[0]);
}
CHANGE(same_groups)
{
	APPEND(t->m, network_groups, group(t));
}
CHANGE(long_group)
{
	group(t)->metadata->network_group_name = core(t)->metadata->network_group_name = long_name;
}
CHANGE(no_core_op)
{
	group(t)->n_ops = 0;
}
CHANGE(two_core_ops)
{
	APPEND(group(t), ops, group(t)->ops[0]);
}
CHANGE(core_name)
{
	core(t)->metadata->network_group_name = long_name + 120;
}
CHANGE(core_name_missing)
{
	core(t)->metadata = NULL;
}
CHANGE(no_partial_group)
{
	group(t)->n_partial_network_groups = 0;
}
CHANGE(no_partial_core)
{
	group(t)->ops[0]->core_op->n_partial_core_ops = 0;
}
CHANGE(partial_name)
{
	group(t)->metadata->network_group_name = long_name + 120;
}
CHANGE(empty_partial)
{
	group(t)->ops[0]->core_op->partial_core_ops[0]->core_op = NULL;
}
CHANGE(no_contexts)
{
	core(t)->n_contexts = 0;
}
CHANGE(many_contexts)
{
	NEW(c, Hef__Context, hef__context);

	for (int i = 0; i < 1021; i++)
		APPEND(core(t), contexts, c);
}
CHANGE(no_input)
{
	Hef__ContextMetadata *d = core(t)->contexts[0]->metadata;

	d->edge_layers++;
	d->n_edge_layers--;
}
CHANGE(no_output)
{
	core(t)->contexts[0]->metadata->n_edge_layers = 1;
}
CHANGE(same_names)
{
	edge_layer(t, 0, OUT1)->layer_info->name = edge_layer(t, 0, IN)->layer_info->name;
}
CHANGE(no_order)
{
	group(t)->n_sorted_outputs_order = 0;
}
CHANGE(order_lacks)
{
	group(t)->n_sorted_outputs_order = 1;
}
CHANGE(long_network)
{
	core(t)->networks_names[0] = long_name;
}
CHANGE(long_pad)
{
	add_logits(t, 1, 1)->output_pads[0]->name = long_name;
	group(t)->sorted_outputs_order[2] = long_name;
}
CHANGE(channels_5)
{
	core(t)->metadata->cfg_channels_count = 5;
}
CHANGE(engine_256)
{
	NEW(c, Hef__CfgChannel, hef__cfg_channel);

	c->engine_id = 256;
	APPEND(core(t)->metadata, cfg_channels_config, c);
}
CHANGE(networks_unnamed)
{
	add_optional(t, 8);
	core(t)->n_networks_names = 0;
}
CHANGE(networks_of_layout)
{
	add_optional(t, 8);
	group(t)->ops[0]->core_op->n_networks_names = 0;
}
CHANGE(network_without_io)
{
	add_optional(t, 8);
	APPEND(core(t), networks_names, long_name + 120);
}
CHANGE(fused_format)
{
	make_nms_info(t, OUT1);
	make_fused(t, "net/fused", OUT1)->layer_info->edge_layer_base = base(t, 0, IN);
	group(t)->n_sorted_outputs_order = 0;
	APPEND(core(t)->fused_layers_metadata, updated_sorted_output_names, long_name + 120);
	APPEND(core(t)->fused_layers_metadata, updated_sorted_output_names,
	       arena_strdup(&t->arena, "net/dense1"));
	APPEND(core(t)->fused_layers_metadata, updated_sorted_output_names,
	       arena_strdup(&t->arena, "net/conv2"));
}
CHANGE(direction_2)
{
	NEW(l, Hef__EdgeLayer, hef__edge_layer);

	*l = *edge_layer(t, 0, OUT2);
	l->direction = 2;
	APPEND(core(t)->contexts[0]->metadata, edge_layers, l);
}
CHANGE(type_mux)
{
	edge_layer(t, 0, IN)->edge_layer_type = LAYER_MUX;
}
CHANGE(long_layer)
{
	edge_layer(t, 0, IN)->layer_info->name = long_name;
}
CHANGE(connection_4)
{
	NEW(l, Hef__EdgeLayer, hef__edge_layer);
	NEW(c, Hef__ContextSwitchInfo, hef__context_switch_info);

	*l = *edge_layer(t, 0, OUT2);
	c->edge_connection_type = 4;
	l->context_switch_info = c;
	APPEND(core(t)->contexts[0]->metadata, edge_layers, l);
}
CHANGE(cache)
{
	NEW(l, Hef__EdgeLayer, hef__edge_layer);
	NEW(c, Hef__ContextSwitchInfo, hef__context_switch_info);

	*l = *edge_layer(t, 0, OUT2);
	c->edge_connection_type = CONN_CACHE;
	c->cache_id = -1;
	l->context_switch_info = c;
	APPEND(core(t)->contexts[0]->metadata, edge_layers, l);
}
CHANGE(network_index)
{
	NEW(l, Hef__EdgeLayer, hef__edge_layer);

	*l = *edge_layer(t, 0, OUT2);
	l->network_index = 1;
	core(t)->contexts[0]->metadata->edge_layers[OUT2] = l;
}
CHANGE(mux_count)
{
	make_mux(t, IN)->mux_data->number_of_predecessors = 2;
}
CHANGE(mux_base)
{
	make_mux(t, IN)->edge_layer_base->data_bytes = 0;
}
CHANGE(no_planes)
{
	make_planes(t)->n_planes = 0;
}
CHANGE(no_base)
{
	edge_layer(t, 0, IN)->layer_info->edge_layer_base = NULL;
}
CHANGE(bytes_3)
{
	base(t, 0, IN)->data_bytes = 3;
}
CHANGE(no_buffer_index)
{
	base(t, 0, IN)->n_buffer_indices = 0;
}
CHANGE(two_buffer_indices)
{
	APPEND(base(t, 0, OUT1), buffer_indices, base(t, 0, OUT1)->buffer_indices[0]);
}
CHANGE(format_9)
{
	base(t, 0, IN)->format = 9;
}
CHANGE(yuy2_of_3)
{
	base(t, 0, IN)->format = 11;
	base(t, 0, IN)->features = 3;
	base(t, 0, IN)->padded_features = 3;
}
CHANGE(nv12_padded)
{
	base(t, 0, IN)->format = 14;
	base(t, 0, IN)->features = 3;
	base(t, 0, IN)->padded_features = 8;
}
CHANGE(nv12_output)
{
	base(t, 0, OUT1)->format = 14;
}
CHANGE(sys_256)
{
	base(t, 0, IN)->sys_index = 256;
}
CHANGE(engine_id_256)
{
	base(t, 0, IN)->engine_id = 256;
}
CHANGE(core_bytes)
{
	base(t, 0, IN)->core_bytes_per_buffer = 65536;
}
CHANGE(core_buffers)
{
	base(t, 0, IN)->core_buffers_per_frame = 65536;
}
CHANGE(host_argmax)
{
	base(t, 0, OUT1)->host_argmax = true;
}
CHANGE(zero_height)
{
	base(t, 0, IN)->height = 0;
}
CHANGE(padded_smaller)
{
	base(t, 0, IN)->padded_features = 2;
}
CHANGE(frame_mismatch)
{
	base(t, 0, IN)->core_buffers_per_frame = 7;
}
CHANGE(odd_frame)
{
	base(t, 0, OUT1)->padded_features = 13;
	base(t, 0, OUT1)->core_bytes_per_buffer = 13;
}
CHANGE(small_shmifo)
{
	base(t, 0, OUT1)->max_shmifo_size = 4096;
}
CHANGE(no_numeric)
{
	edge_layer(t, 0, IN)->layer_info->numeric_info = NULL;
}
CHANGE(zero_scale)
{
	edge_layer(t, 0, IN)->layer_info->numeric_info->qp_scale = 0;
}
CHANGE(output_vector)
{
	edge_layer(t, 0, OUT1)->layer_info->numeric_info->n_qp_zps = 9;
}
CHANGE(input_vector)
{
	edge_layer(t, 0, IN)->layer_info->numeric_info->n_qp_scales = 2;
}
CHANGE(input_vector_differs)
{
	edge_layer(t, 0, IN)->layer_info->numeric_info->qp_scales[1] = 7;
}
CHANGE(burst_without_extension)
{
	make_nms_info(t, OUT1)->burst_type = 1;
}
CHANGE(burst_of_hailo15)
{
	add_extension(t, 19);
	make_nms_info(t, OUT1)->burst_type = 2;
}
CHANGE(burst_size)
{
	Hef__NmsInfo *n = make_nms_info(t, OUT1);

	add_extension(t, 19);
	n->burst_type = 1;
	n->burst_size = 65536;
}
CHANGE(class_group)
{
	Hef__NmsInfo *n = make_nms_info(t, OUT1);
	NEW(d, Hef__DefuseInfo, hef__defuse_info);

	d->class_group_index = 9;
	n->is_defused = true;
	n->defuse_info = d;
	group(t)->n_sorted_outputs_order = 2;
}
CHANGE(not_fused)
{
	Hef__NmsInfo *n = make_nms_info(t, OUT1);
	NEW(d, Hef__DefuseInfo, hef__defuse_info);

	d->original_name = arena_strdup(&t->arena, "net/elsewhere");
	n->is_defused = true;
	n->defuse_info = d;
}

#endif
