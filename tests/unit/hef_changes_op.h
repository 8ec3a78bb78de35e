/* Changes of operations, actions and post-processing ops that break a rule. */
#ifndef HN_TESTS_UNIT_HEF_CHANGES_OP_H
#define HN_TESTS_UNIT_HEF_CHANGES_OP_H

#include "hef_verdict.h"

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
ACTION_LIMIT(ccw_pointer_inline, WRITE_DATA_CCW_PTR, write_data_ccw_ptr, Hef__WriteDataCcwPtr,
	     hef__write_data_ccw_ptr, size, 0)
CHANGE(ccw_packed)
{
	remove_extension(t, 5);
}
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

#endif
