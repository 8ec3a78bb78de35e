/* Each rule of the checker is broken by at least one change of a good HEF, and is then named. */
#include "hef_message.h"

static const struct variant single = { 0 }, multi = { .contexts = 2 }, ddr = { .ddr = true },
			    partial = { .partial = true }, feature = { .per_feature = true };

/* Edge layers of the single variant: 0 the input, 1 dense1 (pad 1), 2 conv2 (pad 2). */
enum {
	IN,
	OUT1,
	OUT2
};

#define CHANGE(name) static void change_##name(struct message *t)
#define FIRST_OP(t)  (core(t)->contexts[0]->operations[0])
#define TRIGGER(t)   (FIRST_OP(t)->trigger)
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
CHANGE(sys_twice)
{
	base(t, 0, OUT2)->sys_index = base(t, 0, OUT1)->sys_index;
}
CHANGE(no_dataflow)
{
	FIRST_OP(t)->n_actions--;
}
CHANGE(two_runs)
{
	Hef__Action *a = add_action(t, HEF__ACTION__KIND_ALLOW_INPUT_DATAFLOW);
	NEW(d, Hef__AllowInputDataflow, hef__allow_input_dataflow);

	a->allow_input_dataflow = d;
}
CHANGE(long_run)
{
	Hef__Operation *o = FIRST_OP(t);
	Hef__Action **v = arena_array(&t->arena, 65536 + o->n_actions, sizeof *v);

	for (size_t i = 0; i < 65536; i++)
		v[i] = o->actions[0];
	memcpy(v + 65536, o->actions, o->n_actions * sizeof *v);
	o->actions = v;
	o->n_actions += 65536;
}
CHANGE(no_trigger)
{
	TRIGGER(t)->kind_case = HEF__TRIGGER__KIND__NOT_SET;
}
CHANGE(trigger_absent)
{
	FIRST_OP(t)->trigger = NULL;
}
CHANGE(trigger_received)
{
	NEW(x, Hef__TriggerShmifo, hef__trigger_shmifo);

	TRIGGER(t)->kind_case = HEF__TRIGGER__KIND_ALL_DATA_WAS_RECEIVED;
	TRIGGER(t)->all_data_was_received = x;
}

/* A trigger or action with one number out of range. */
#define TRIGGER_LIMIT(name, kind, member, type, prefix, field)                                     \
	CHANGE(name)                                                                               \
	{                                                                                          \
		NEW(x, type, prefix);                                                              \
		x->field = 256;                                                                    \
		TRIGGER(t)->kind_case = HEF__TRIGGER__KIND_##kind;                                 \
		TRIGGER(t)->member = x;                                                            \
	}
#define ACTION_LIMIT(name, kind, member, type, prefix, field, value)                               \
	CHANGE(name)                                                                               \
	{                                                                                          \
		NEW(x, type, prefix);                                                              \
		x->field = value;                                                                  \
		add_action(t, HEF__ACTION__KIND_##kind)->member = x;                               \
	}
TRIGGER_LIMIT(trigger_cluster, LCU, lcu, Hef__TriggerLcu, hef__trigger_lcu, cluster_index)
TRIGGER_LIMIT(trigger_lcu, LCU, lcu, Hef__TriggerLcu, hef__trigger_lcu, lcu_index)
TRIGGER_LIMIT(trigger_sent, ALL_DATA_WAS_SENT, all_data_was_sent, Hef__TriggerShmifo,
	      hef__trigger_shmifo, shmifo_index)
TRIGGER_LIMIT(trigger_idle, DMA_IDLE, dma_idle, Hef__TriggerShmifo, hef__trigger_shmifo,
	      shmifo_index)
TRIGGER_LIMIT(trigger_nms0, NMS, nms, Hef__TriggerNms, hef__trigger_nms, aggregator_index)
TRIGGER_LIMIT(trigger_nms1, NMS, nms, Hef__TriggerNms, hef__trigger_nms, pred_cluster_ob_index)
TRIGGER_LIMIT(trigger_nms2, NMS, nms, Hef__TriggerNms, hef__trigger_nms,
	      pred_cluster_ob_cluster_index)
TRIGGER_LIMIT(trigger_nms3, NMS, nms, Hef__TriggerNms, hef__trigger_nms, pred_cluster_ob_interface)
TRIGGER_LIMIT(trigger_nms4, NMS, nms, Hef__TriggerNms, hef__trigger_nms, succ_prepost_ob_index)
TRIGGER_LIMIT(trigger_nms5, NMS, nms, Hef__TriggerNms, hef__trigger_nms, succ_prepost_ob_interface)

CHANGE(no_action)
{
	add_action(t, HEF__ACTION__KIND__NOT_SET);
}
ACTION_LIMIT(write_data, WRITE_DATA, write_data, Hef__WriteData, hef__write_data, address, 0)
ACTION_LIMIT(compressed, WRITE_COMPRESSED_DATA, write_compressed_data, Hef__WriteData,
	     hef__write_data, address, 0)
ACTION_LIMIT(ccw_inline, WRITE_DATA_CCW, write_data_ccw, Hef__WriteDataCcw, hef__write_data_ccw,
	     cfg_channel_index, 0)
ACTION_LIMIT(ccw_channel, WRITE_DATA_CCW_PTR, write_data_ccw_ptr, Hef__WriteDataCcwPtr,
	     hef__write_data_ccw_ptr, cfg_channel_index, 1)
ACTION_LIMIT(ccw_offset, WRITE_DATA_CCW_PTR, write_data_ccw_ptr, Hef__WriteDataCcwPtr,
	     hef__write_data_ccw_ptr, offset, UINT64_MAX)
ACTION_LIMIT(ccw_size, WRITE_DATA_CCW_PTR, write_data_ccw_ptr, Hef__WriteDataCcwPtr,
	     hef__write_data_ccw_ptr, size, UINT32_MAX)
ACTION_LIMIT(ccw_odd, WRITE_DATA_CCW_PTR, write_data_ccw_ptr, Hef__WriteDataCcwPtr,
	     hef__write_data_ccw_ptr, size, 12)
ACTION_LIMIT(ccw_cut, WRITE_DATA_CCW_PTR, write_data_ccw_ptr, Hef__WriteDataCcwPtr,
	     hef__write_data_ccw_ptr, size, 16)
CHANGE(dataflow_connection)
{
	Hef__Operation *o = FIRST_OP(t);

	o->actions[o->n_actions - 1]->allow_input_dataflow->connection_type = 4;
}
ACTION_LIMIT(debug_empty, DEBUG, debug, Hef__Debug, hef__debug, type, 0)
CHANGE(debug_short)
{
	NEW(d, Hef__Debug, hef__debug);
	NEW(s, Hef__DebugSleep, hef__debug_sleep);

	s->duration_in_usec = 999;
	d->kind_case = HEF__DEBUG__KIND_SLEEP;
	d->sleep = s;
	add_action(t, HEF__ACTION__KIND_DEBUG)->debug = d;
}
ACTION_LIMIT(enable_nms, ENABLE_NMS, enable_nms, Hef__EnableNms, hef__enable_nms, burst_size, 1)
ACTION_LIMIT(by_type_address, WRITE_DATA_BY_TYPE, write_data_by_type, Hef__WriteDataByType,
	     hef__write_data_by_type, address, 2)
ACTION_LIMIT(by_type_type, WRITE_DATA_BY_TYPE, write_data_by_type, Hef__WriteDataByType,
	     hef__write_data_by_type, data_type, 2)
ACTION_LIMIT(by_type_shift, WRITE_DATA_BY_TYPE, write_data_by_type, Hef__WriteDataByType,
	     hef__write_data_by_type, shift, 256)
ACTION_LIMIT(by_type_network, WRITE_DATA_BY_TYPE, write_data_by_type, Hef__WriteDataByType,
	     hef__write_data_by_type, network_index, 256)
ACTION_LIMIT(sequencer, ENABLE_SEQUENCER, enable_sequencer, Hef__EnableSequencer,
	     hef__enable_sequencer, cluster_index, 256)
CHANGE(sequencer_l3)
{
	NEW(s, Hef__EnableSequencer, hef__enable_sequencer);
	NEW(l3, Hef__InitialL3, hef__initial_l3);

	l3->initial_l3_offset = 65536;
	s->initial_l3_info = l3;
	add_action(t, HEF__ACTION__KIND_ENABLE_SEQUENCER)->enable_sequencer = s;
}
ACTION_LIMIT(wait, WAIT_FOR_SEQUENCER, wait_for_sequencer, Hef__WaitForSequencer,
	     hef__wait_for_sequencer, cluster_index, 256)
ACTION_LIMIT(disable_lcu, DISABLE_LCU, disable_lcu, Hef__DisableLcu, hef__disable_lcu, lcu_index,
	     256)
ACTION_LIMIT(disable_cluster, DISABLE_LCU, disable_lcu, Hef__DisableLcu, hef__disable_lcu,
	     cluster_index, 256)
ACTION_LIMIT(disable_address, DISABLE_LCU, disable_lcu, Hef__DisableLcu, hef__disable_lcu,
	     lcu_enable_address, 65536)
ACTION_LIMIT(enable_lcu, ENABLE_LCU, enable_lcu, Hef__EnableLcu, hef__enable_lcu, lcu_index, 256)
ACTION_LIMIT(enable_cluster, ENABLE_LCU, enable_lcu, Hef__EnableLcu, hef__enable_lcu, cluster_index,
	     256)
ACTION_LIMIT(enable_network, ENABLE_LCU, enable_lcu, Hef__EnableLcu, hef__enable_lcu, network_index,
	     256)
ACTION_LIMIT(kernel_done, ENABLE_LCU, enable_lcu, Hef__EnableLcu, hef__enable_lcu,
	     lcu_kernel_done_address, 65536)
ACTION_LIMIT(enable_address, ENABLE_LCU, enable_lcu, Hef__EnableLcu, hef__enable_lcu,
	     lcu_enable_address, 65536)
ACTION_LIMIT(switch_lcu, SWITCH_LCU_BATCH, switch_lcu_batch, Hef__SwitchLcuBatch,
	     hef__switch_lcu_batch, lcu_index, 256)
ACTION_LIMIT(switch_cluster, SWITCH_LCU_BATCH, switch_lcu_batch, Hef__SwitchLcuBatch,
	     hef__switch_lcu_batch, cluster_index, 256)
ACTION_LIMIT(switch_network, SWITCH_LCU_BATCH, switch_lcu_batch, Hef__SwitchLcuBatch,
	     hef__switch_lcu_batch, network_index, 256)
CHANGE(dataflow_sys)
{
	Hef__Operation *o = FIRST_OP(t);

	o->actions[o->n_actions - 1]->allow_input_dataflow->sys_index = 256;
}
ACTION_LIMIT(module, WAIT_FOR_MODULE_CONFIG_DONE, wait_for_module_config_done,
	     Hef__WaitForModuleConfigDone, hef__wait_for_module_config_done, index, 256)
CHANGE(nms_unit)
{
	NEW(n, Hef__EnableNms, hef__enable_nms);

	n->number_of_classes = n->burst_size = 1;
	n->nms_unit_index = 256;
	add_action(t, HEF__ACTION__KIND_ENABLE_NMS)->enable_nms = n;
}
CHANGE(nms_network)
{
	NEW(n, Hef__EnableNms, hef__enable_nms);

	n->number_of_classes = n->burst_size = 1;
	n->network_index = 256;
	add_action(t, HEF__ACTION__KIND_ENABLE_NMS)->enable_nms = n;
}
CHANGE(op_kind)
{
	add_logits(t, 0, 2)->kind_case = HEF__OP__KIND__NOT_SET;
}
CHANGE(op_outputs)
{
	add_logits(t, 0, 2)->n_output_pads = 0;
}
CHANGE(op_source)
{
	add_logits(t, 0, 77);
}
CHANGE(op_edge)
{
	add_logits(t, 0, 2);
	group(t)->pad_edges[0]->dst = 101;
}
CHANGE(logits_type)
{
	add_logits(t, 2, 2);
}
CHANGE(nms_kind)
{
	add_nms(t, HEF__NMS_OP__KIND__NOT_SET);
}
CHANGE(anchors)
{
	add_yolov5(t)->yolo->bbox_decoders[0]->n_w = 3;
}
CHANGE(decoder_pad)
{
	add_yolov8(t)->yolov8->bbox_decoders[0]->cls_pad_index = 1;
}
CHANGE(decoder_own_pad)
{
	add_yolov8(t)->yolov8->bbox_decoders[0]->reg_pad_index = 100;
}
CHANGE(decoder_shapes)
{
	Hef__NmsOp *n = add_yolov8(t);
	Hef__Op *op = group(t)->ops[1];
	NEW(in, Hef__Pad, hef__pad);
	NEW(x, Hef__PadEdge, hef__pad_edge);

	in->index = 101;
	x->src = 1;
	x->dst = 101;
	APPEND(op, input_pads, in);
	APPEND(group(t), pad_edges, x);
	n->yolov8->bbox_decoders[0]->cls_pad_index = 1;
}
CHANGE(decoder_features)
{
	Hef__EdgeLayerBase *b = base(t, 0, OUT2);

	add_yolov8(t);
	b->features = 6;
}
CHANGE(seg_proto)
{
	add_seg(t, "net/elsewhere");
}
CHANGE(seg_proto_decoded)
{
	Hef__NmsOp *n = add_seg(t, "net/conv2");
	NEW(d, Hef__YoloDecoder, hef__yolo_decoder);

	d->pad_index = 2;
	APPEND(n->yolo_seg, bbox_decoders, d);
}
CHANGE(bbox_only)
{
	add_seg(t, "net/conv2")->bbox_decoding_only = true;
}
CHANGE(bbox_only_undecoded)
{
	Hef__NmsOp *n = add_yolov5(t);

	n->bbox_decoding_only = true;
	n->yolo->n_bbox_decoders = 0;
}
CHANGE(utf8)
{
	static char bad[] = "\xc3(";

	edge_layer(t, 0, IN)->layer_info->name = bad;
}

static const struct {
	const char *rule;
	const struct variant *variant;
	void (*change)(struct message *t);
} cases[] = {
	/* clang-format off */
	{ "header", &single, change_no_header },
	{ "format-version", &single, change_version_0 },
	{ "arch", &single, change_arch_42 },
	{ "extension", &single, change_extension_8 },
	{ "extension", &single, change_extension_33 },
	{ "extension", &single, change_extension_7 },
	{ "extension-26", &single, change_no_26 },
	{ "shared-config", &single, change_shared_config },
	{ "resources", &single, change_resource },
	{ "groups", &single, change_no_groups },
	{ "groups", &single, change_many_groups },
	{ "counts", &single, change_many_ops },
	{ "counts", &single, change_many_outputs },
	{ "group-names", &single, change_same_groups },
	{ "group-name", &single, change_long_group },
	{ "core-op", &single, change_no_core_op },
	{ "core-op", &single, change_two_core_ops },
	{ "core-name", &single, change_core_name },
	{ "core-name", &single, change_core_name_missing },
	{ "core-name", &partial, change_core_name },
	{ "partial", &partial, change_no_partial_group },
	{ "partial", &partial, change_no_partial_core },
	{ "partial", &partial, change_partial_name },
	{ "partial", &partial, change_empty_partial },
	{ "contexts", &single, change_no_contexts },
	{ "contexts", &partial, change_no_contexts },
	{ "context-count", &single, change_many_contexts },
	{ "boundary", &single, change_no_input },
	{ "boundary", &single, change_no_output },
	{ "boundary-names", &single, change_same_names },
	{ "sorted-outputs", &single, change_no_order },
	{ "sorted-names", &single, change_order_lacks },
	{ "names", &single, change_long_network },
	{ "names", &single, change_long_pad },
	{ "channels", &single, change_channels_5 },
	{ "channel-engine", &single, change_engine_256 },
	{ "networks", &single, change_networks_unnamed },
	{ "networks", &single, change_network_without_io },
	{ "fused", &single, change_fused_format },
	{ "layer-kind", &single, change_direction_2 },
	{ "layer-kind", &single, change_type_mux },
	{ "layer-name", &single, change_long_layer },
	{ "connection", &single, change_connection_4 },
	{ "info-only", &multi, change_inter_context_mux },
	{ "inter-context", &multi, change_unconnected },
	{ "inter-context", &multi, change_connected_to_9 },
	{ "ddr", &ddr, change_ddr_context },
	{ "ddr", &ddr, change_ddr_buffers },
	{ "ddr", &ddr, change_ddr_unit },
	{ "ddr-extension", &ddr, change_ddr_extension },
	{ "ddr-pairs", &ddr, change_ddr_unpaired },
	{ "ddr-pairs", &ddr, change_ddr_input_missing },
	{ "cache", &single, change_cache },
	{ "network-index", &single, change_network_index },
	{ "mux", &single, change_mux_count },
	{ "data-bytes", &single, change_mux_base },
	{ "planes", &single, change_no_planes },
	{ "base", &single, change_no_base },
	{ "data-bytes", &single, change_bytes_3 },
	{ "buffer-indices", &single, change_no_buffer_index },
	{ "buffer-indices", &single, change_two_buffer_indices },
	{ "format", &single, change_format_9 },
	{ "sys-index", &single, change_sys_256 },
	{ "engine-id", &single, change_engine_id_256 },
	{ "core-bytes", &single, change_core_bytes },
	{ "core-buffers", &single, change_core_buffers },
	{ "host-argmax", &single, change_host_argmax },
	{ "shape", &single, change_zero_height },
	{ "shape", &single, change_padded_smaller },
	{ "core-frame", &single, change_frame_mismatch },
	{ "transfer", &single, change_odd_frame },
	{ "transfer", &single, change_small_shmifo },
	{ "numeric", &single, change_no_numeric },
	{ "numeric", &single, change_zero_scale },
	{ "qp-vectors", &feature, change_output_vector },
	{ "qp-vectors", &feature, change_input_vector },
	{ "qp-vectors", &feature, change_input_vector_differs },
	{ "nms-burst", &single, change_burst_without_extension },
	{ "nms-burst", &single, change_burst_of_hailo15 },
	{ "nms-burst", &single, change_burst_size },
	{ "nms-defuse", &single, change_class_group },
	{ "nms-defuse", &single, change_not_fused },
	{ "sys-unique", &single, change_sys_twice },
	{ "dataflow", &single, change_no_dataflow },
	{ "dataflow", &single, change_two_runs },
	{ "ccw-run", &single, change_long_run },
	{ "trigger", &single, change_no_trigger },
	{ "trigger", &single, change_trigger_absent },
	{ "trigger-received", &single, change_trigger_received },
	{ "trigger-cluster", &single, change_trigger_cluster },
	{ "trigger-lcu", &single, change_trigger_lcu },
	{ "trigger-sent", &single, change_trigger_sent },
	{ "trigger-idle", &single, change_trigger_idle },
	{ "trigger-aggregator", &single, change_trigger_nms0 },
	{ "trigger-pred", &single, change_trigger_nms1 },
	{ "trigger-pred-cluster", &single, change_trigger_nms2 },
	{ "trigger-pred-interface", &single, change_trigger_nms3 },
	{ "trigger-succ", &single, change_trigger_nms4 },
	{ "trigger-succ-interface", &single, change_trigger_nms5 },
	{ "action", &single, change_no_action },
	{ "action-ethernet", &single, change_write_data },
	{ "action-ethernet", &single, change_compressed },
	{ "ccw-inline", &single, change_ccw_inline },
	{ "ccw-channel", &single, change_ccw_channel },
	{ "ccw-range", &single, change_ccw_offset },
	{ "ccw-range", &single, change_ccw_size },
	{ "ccw-words", &single, change_ccw_odd },
	{ "ccw-words", &single, change_ccw_cut },
	{ "dataflow-connection", &single, change_dataflow_connection },
	{ "debug", &single, change_debug_empty },
	{ "debug", &single, change_debug_short },
	{ "enable-nms", &single, change_enable_nms },
	{ "write-by-type", &single, change_by_type_address },
	{ "write-by-type", &single, change_by_type_type },
	{ "shift", &single, change_by_type_shift },
	{ "by-type-network", &single, change_by_type_network },
	{ "sequencer-cluster", &single, change_sequencer },
	{ "sequencer-l3", &single, change_sequencer_l3 },
	{ "wait-cluster", &single, change_wait },
	{ "disable-lcu", &single, change_disable_lcu },
	{ "disable-cluster", &single, change_disable_cluster },
	{ "disable-address", &single, change_disable_address },
	{ "enable-lcu", &single, change_enable_lcu },
	{ "enable-cluster", &single, change_enable_cluster },
	{ "enable-network", &single, change_enable_network },
	{ "kernel-done-address", &single, change_kernel_done },
	{ "enable-address", &single, change_enable_address },
	{ "switch-lcu", &single, change_switch_lcu },
	{ "switch-cluster", &single, change_switch_cluster },
	{ "switch-network", &single, change_switch_network },
	{ "dataflow-sys", &single, change_dataflow_sys },
	{ "module-index", &single, change_module },
	{ "nms-unit", &single, change_nms_unit },
	{ "nms-network", &single, change_nms_network },
	{ "op-kind", &single, change_op_kind },
	{ "op-outputs", &single, change_op_outputs },
	{ "op-inputs", &single, change_op_source },
	{ "op-inputs", &single, change_op_edge },
	{ "logits", &single, change_logits_type },
	{ "nms-kind", &single, change_nms_kind },
	{ "nms-anchors", &single, change_anchors },
	{ "nms-pads", &single, change_decoder_pad },
	{ "nms-pads", &single, change_decoder_own_pad },
	{ "nms-shapes", &single, change_decoder_shapes },
	{ "nms-shapes", &single, change_decoder_features },
	{ "nms-seg", &single, change_seg_proto },
	{ "nms-seg", &single, change_seg_proto_decoded },
	{ "bbox-only", &single, change_bbox_only },
	{ "bbox-only", &single, change_bbox_only_undecoded },
	{ "utf8", &single, change_utf8 },
	/* clang-format on */
};
enum {
	NCASES = sizeof cases / sizeof *cases
};

/* The message of parsing and checking a file; empty when it is good. */
static struct err verdict(const void *p, size_t n)
{
	struct err e = { 0 };
	struct hef *h = hef_parse(p, n, &e);

	if (h)
		hef_check(h, &e);
	hef_free(h);
	return e;
}

static bool names_rule(const char *msg, const char *rule)
{
	size_t n = strlen(rule);

	return strncmp(msg, "rule ", 5) == 0 && strncmp(msg + 5, rule, n) == 0 && msg[5 + n] == ':';
}

static void broken_by(size_t i)
{
	struct message t;
	struct str file = { 0 };
	struct err e;
	char what[1400];

	message_open(&t, cases[i].variant);
	message_file(&t, &file);
	e = verdict(file.p, file.len);
	check(!err_is(&e), "a file put together again is good");
	str_release(&file);
	cases[i].change(&t);
	message_file(&t, &file);
	e = verdict(file.p, file.len);
	snprintf(what, sizeof what, "case %zu, rule %s: '%s'", i, cases[i].rule, e.msg);
	check(names_rule(e.msg, cases[i].rule), what);
	str_release(&file);
	message_close(&t);
}

static void every_rule_is_tried(void)
{
	struct hef_rule_text r;

	for (size_t i = 0; hef_rule(i, &r); i++) {
		bool tried = false;

		for (size_t k = 0; k < NCASES; k++)
			tried = tried || strcmp(cases[k].rule, r.id) == 0;
		check(tried, r.id);
	}
}

/* ---- forms that are good ---- */

static const char *folder;

static void save(const char *name, const struct str *file)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.hef", folder, name);
	if ((f = fopen(path, "wb"))) {
		fwrite(file->p, 1, file->len, f);
		fclose(f);
	}
}

static void good(const char *name, const struct variant *v, void (*change)(struct message *t))
{
	struct message t;
	struct str file = { 0 }, text = { 0 };
	struct err e;
	struct hef *h;
	char what[1400];

	message_open(&t, v);
	change(&t);
	message_file(&t, &file);
	e = verdict(file.p, file.len);
	snprintf(what, sizeof what, "%s: %s", name, e.msg);
	check(!err_is(&e), what);
	h = hef_parse(file.p, file.len, &e);
	check(h && hef_info(h, true, true, &text, &e) == 0 && text.len > 100,
	      "info of a good file");
	hef_free(h);
	if (folder)
		save(name, &file);
	str_release(&text);
	str_release(&file);
	message_close(&t);
}

CHANGE(softmax)
{
	add_logits(t, 1, 1);
}
CHANGE(argmax)
{
	add_logits(t, 0, 2);
}
CHANGE(yolov8)
{
	add_yolov8(t);
}
CHANGE(yolov5)
{
	add_yolov5(t);
}
CHANGE(yolov5_bbox)
{
	add_yolov5(t)->bbox_decoding_only = true;
}
CHANGE(seg)
{
	add_seg(t, "net/conv2");
}
CHANGE(yolov8_bbox)
{
	add_yolov8(t)->bbox_decoding_only = true;
}
CHANGE(background)
{
	Hef__NmsOp *n = add_yolov8(t);

	n->classes = 3;
	n->background_removal = true;
	n->background_removal_index = 2;
}
CHANGE(yolox)
{
	add_yolox(t);
}
CHANGE(ssd)
{
	add_ssd(t);
}
CHANGE(iou)
{
	NEW(i, Hef__IouNms, hef__iou_nms);

	make_nms_info(t, OUT2);
	add_nms(t, HEF__NMS_OP__KIND_IOU)->iou = i;
}
CHANGE(burst)
{
	Hef__NmsInfo *n = make_nms_info(t, OUT1);

	add_extension(t, 19);
	n->burst_type = 1;
	n->burst_size = 30;
	n->input_division_factor = 2;
}
CHANGE(fused)
{
	Hef__NmsInfo *n = make_nms_info(t, OUT1);
	NEW(d, Hef__DefuseInfo, hef__defuse_info);

	d->original_name = arena_strdup(&t->arena, "net/fused");
	n->is_defused = true;
	n->defuse_info = d;
	make_fused(t, "net/fused", OUT1);
	APPEND(core(t)->fused_layers_metadata, updated_sorted_output_names, d->original_name);
	APPEND(core(t)->fused_layers_metadata, updated_sorted_output_names,
	       arena_strdup(&t->arena, "net/conv2"));
}
CHANGE(networks)
{
	add_optional(t, 8);
	core(t)->networks_names[0] = group(t)->networks_names[0] = arena_strdup(&t->arena, "a");
}
CHANGE(nhcw)
{
	Hef__EdgeLayerBase *b = base(t, 0, OUT2);

	t->m->n_optional_extensions = 0;
	b->format = 1;
	b->padded_width = 16;
	b->core_bytes_per_buffer = 128;
}
CHANGE(transposed)
{
	Hef__EdgeLayerBase *b = base(t, 0, OUT2);

	edge_layer(t, 0, OUT2)->layer_info->transposed = true;
	b->width = 4;
}
CHANGE(sixteen)
{
	Hef__EdgeLayerBase *b = base(t, 0, OUT2);

	b->data_bytes = 2;
	b->core_bytes_per_buffer *= 2;
}
CHANGE(hailo15h)
{
	t->m->header->hw_arch = HEF__HW_ARCH__HAILO15H;
	add_yolov8(t);
}
CHANGE(mux)
{
	make_mux(t, IN);
}
CHANGE(planes)
{
	make_planes(t);
}
CHANGE(nms)
{
	make_nms_info(t, OUT1);
}
CHANGE(legacy)
{
	Hef__NetworkGroup *g = group(t);

	g->contexts = core(t)->contexts;
	g->n_contexts = core(t)->n_contexts;
	g->preliminary_config = core(t)->preliminary_config;
	g->n_ops = 0;
	remove_extension(t, 13);
}

/* ---- the container ---- */

static void container(const char *rule, size_t at, uint8_t flip)
{
	struct message t;
	struct err e;
	char what[1400];

	message_open(&t, &single);
	t.bytes.p[at] = (char)((uint8_t)t.bytes.p[at] ^ flip);
	e = verdict(t.bytes.p, t.bytes.len);
	snprintf(what, sizeof what, "byte %zu, rule %s: '%s'", at, rule, e.msg);
	check(names_rule(e.msg, rule), what);
	message_close(&t);
}

static void be(struct str *s, uint64_t v, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--) {
		char b = (char)(v >> (8 * i));

		str_add(s, &b, 1);
	}
}

/* The same message and words with a header of version 3 and `pad` bytes before the words. */
static void version_3(const char *rule, uint64_t pad, uint64_t announced)
{
	static const char zeros[64];
	struct message t;
	struct str body = { 0 };
	struct str file = { 0 };
	struct err e;
	char what[1400];

	message_open(&t, &single);
	str_add(&body, t.file.proto, t.file.nproto);
	str_add(&body, zeros, pad);
	str_add(&body, t.file.ccws, t.file.nccws);
	be(&file, 0x01484546, 4);
	be(&file, 3, 4);
	be(&file, t.file.nproto, 4);
	be(&file, hash_xxh3(body.p, body.len), 8);
	be(&file, pad + t.file.nccws, 8);
	be(&file, announced, 4);
	be(&file, 0, 8);
	be(&file, 0, 8);
	be(&file, 0, 8);
	str_add(&file, body.p, body.len);
	e = verdict(file.p, file.len);
	snprintf(what, sizeof what, "version 3, padding %d: '%s'", (int)announced, e.msg);
	check(rule ? names_rule(e.msg, rule) : !err_is(&e), what);
	str_release(&body);
	str_release(&file);
	message_close(&t);
}

static void every_byte_counts(void)
{
	struct message t;
	size_t survived = 0, longer = 0;

	message_open(&t, &single);
	for (size_t i = 0; i < t.bytes.len; i++) {
		struct err e;

		t.bytes.p[i] = (char)(t.bytes.p[i] ^ (1 << i % 8));
		e = verdict(t.bytes.p, t.bytes.len);
		survived += !err_is(&e);
		t.bytes.p[i] = (char)(t.bytes.p[i] ^ (1 << i % 8));
	}
	check(survived == 0, "a flip of any byte is an error");
	for (size_t n = 0; n < t.bytes.len; n += 1 + n / 50) {
		struct err e = verdict(t.bytes.p, n);

		longer += !err_is(&e);
	}
	check(longer == 0, "a truncated file is an error");
	message_close(&t);
}

static void put(struct str *s, const char *bytes, size_t n)
{
	str_add(s, bytes, n);
}

/* Messages that protobuf would not survive or that hide something. */
static void wire(const char *rule, const char *proto, size_t n)
{
	struct str file = { 0 };
	struct err e;
	char what[1400];

	hef_join(proto, n, "12345678901234567890", 16, &file);
	e = verdict(file.p, file.len);
	snprintf(what, sizeof what, "message, rule %s: '%s'", rule, e.msg);
	check(names_rule(e.msg, rule), what);
	str_release(&file);
}

/* A mux in a mux in a mux ... */
static void deep(void)
{
	struct str m = { 0 };

	for (int i = 0; i < 121; i++) {
		struct str outer = { 0 };

		/* alternating Edge.layer_mux (2) and EdgeLayerMux.predecessors (5) */
		str_printf(&outer, "%c", i % 2 ? 0x12 : 0x2a);
		for (size_t n = m.len;; n >>= 7) {
			char b = (char)((n & 127) | (n > 127 ? 128 : 0));

			put(&outer, &b, 1);
			if (n <= 127)
				break;
		}
		put(&outer, m.p, m.len);
		str_release(&m);
		m = outer;
	}
	{
		/* Hef.network_groups.contexts.metadata.edge_layers.layer_mux */
		static const char path[] = { 0x22, 0x12, 0x1a, 0x1a, 0x12 };

		for (size_t k = 0; k < sizeof path; k++) {
			struct str outer = { 0 };

			put(&outer, &path[k], 1);
			for (size_t n = m.len;; n >>= 7) {
				char b = (char)((n & 127) | (n > 127 ? 128 : 0));

				put(&outer, &b, 1);
				if (n <= 127)
					break;
			}
			put(&outer, m.p, m.len);
			str_release(&m);
			m = outer;
		}
	}
	wire("depth", m.p, m.len);
	str_release(&m);
}

/* With an operand, writes the files of good() there, for a look at them with other tools. */
int main(int argc, char *argv[])
{
	folder = argc > 1 ? argv[1] : NULL;
	for (size_t i = 0; i < NCASES; i++)
		broken_by(i);
	every_rule_is_tried();
	good("softmax", &single, change_softmax);
	good("argmax", &single, change_argmax);
	good("yolov8", &single, change_yolov8);
	good("yolov5", &single, change_yolov5);
	good("yolov5 boxes only", &single, change_yolov5_bbox);
	good("segmentation", &single, change_seg);
	good("yolov8 boxes only", &single, change_yolov8_bbox);
	good("background", &single, change_background);
	good("yolox", &single, change_yolox);
	good("ssd", &single, change_ssd);
	good("iou", &single, change_iou);
	good("burst", &single, change_burst);
	good("fused", &single, change_fused);
	good("networks", &single, change_networks);
	good("nhcw", &single, change_nhcw);
	good("transposed", &single, change_transposed);
	good("sixteen", &single, change_sixteen);
	good("hailo15h", &single, change_hailo15h);
	good("mux", &single, change_mux);
	good("planes", &single, change_planes);
	good("on-chip nms", &single, change_nms);
	good("legacy", &single, change_legacy);
	container("magic", 0, 1);
	container("version", 7, 4);
	container("version", 7, 3);
	container("length", 11, 1);
	container("checksum", 12, 1);
	container("checksum", 100, 1);
	container("length", 27, 1);
	container("reserved", 28, 1);
	container("reserved", 43, 1);
	every_byte_counts();
	version_3(NULL, 0, 0);
	version_3(NULL, 40, 40);
	version_3("padding", 40, UINT32_MAX);
	version_3("ccw-words", 40, 32);
	wire("wire", "\x0a\x7f", 2);
	wire("wire", "\x07", 1);
	wire("wire", "\x0d\x01\x02\x03\x04", 5);
	wire("duplicate", "\x0a\x02\x20\x01\x0a\x02\x20\x01", 8);
	wire("nul", "\x0a\x05\x1a\x03\x61\x00\x62", 7);
	deep();
	return finish();
}
