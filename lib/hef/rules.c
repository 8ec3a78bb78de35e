/* The one table of rules: hef(5) prints it.  Order: a rule may rely on those above it. */
#include "hef/rules.h"
#include <stddef.h>

#define FN(id, scope, fn, text)                                                                    \
	{                                                                                          \
		id, scope, text, rule_##fn, 0, 0, 0                                                \
	}
#define MAX(id, scope, type, field, max, text)                                                     \
	{                                                                                          \
		id, scope, text, NULL, 0, offsetof(type, field), max                               \
	}
#define MAX_IF(id, scope, member, type, field, max, text)                                          \
	{                                                                                          \
		id, scope, text, NULL, member, offsetof(type, field), max                          \
	}
#define A(name) HEF__ACTION__KIND_##name
#define T(name) HEF__TRIGGER__KIND_##name

/* clang-format off */
const struct rule hef_rules[] = {
	/* file */
	FN("header", ON_FILE, header, "the message has a header"),
	FN("format-version", ON_FILE, format_version, "header.version is not 0: else the extensions are not read"),
	FN("arch", ON_FILE, arch, "hw_arch is one that HailoRT knows"),
	FN("extension", ON_FILE, extensions, "a mandatory extension is one of 0-6 and 9-32"),
	FN("extension-26", ON_FILE, periph_extension, "extension 26 (periph calculation in HailoRT) is present"),
	FN("shared-config", ON_FILE, shared_config, "extension 32 with operations needs header version 3"),
	FN("resources", ON_FILE, resources, "an external resource lies inside the file"),
	FN("groups", ON_FILE, groups, "there are 1 to 64 network groups"),
	FN("group-names", ON_FILE, group_names, "no two network groups have the same name"),
	/* network group */
	FN("group-name", ON_GROUP, group_name, "the group's name has at most 127 bytes"),
	FN("counts", ON_GROUP, counts, "a group has at most 64 ops, 64 input pads of an op, 16 layouts, and 1024 pad edges, networks, outputs, boundary and fused layers"),
	FN("core-op", ON_GROUP, core_op, "a net-flow group has one core op"),
	FN("partial", ON_GROUP, partial, "a multi-layout chip has partial core ops and the group's name in partial group 0"),
	FN("core-name", ON_GROUP, core_name, "core op and group have the same name"),
	FN("contexts", ON_CORE, contexts, "there is at least one context"),
	FN("context-count", ON_CORE, context_count, "a device holds 1024 contexts, 3 of them its own"),
	FN("boundary", ON_CORE, boundary, "there is an input and an output"),
	FN("boundary-names", ON_CORE, boundary_names, "no two boundary layers have the same name"),
	FN("sorted-outputs", ON_CORE, sorted_outputs, "sorted_outputs_order is not empty"),
	FN("sorted-names", ON_CORE, sorted_names, "sorted_outputs_order names each of several outputs"),
	FN("names", ON_CORE, names_length, "names of networks, ops and output pads have at most 127 bytes"),
	FN("channels", ON_CORE, channels, "the firmware has 4 configuration channels"),
	FN("channel-engine", ON_CORE, channel_engines, "indexes of configuration channels and engines are at most 255"),
	FN("engine-channels", ON_CORE, engine_channels, "an engine has 16 channels of each direction: for the boundary layers of all contexts, for the configuration, and for the other layers of a context"),
	FN("networks", ON_CORE, networks, "several networks have names in the core, around its layouts and in the group, and inputs and outputs of their own"),
	FN("fused", ON_CORE, fused, "a fused layer has 1 or 2 bytes, the NMS format and one buffer index"),
	/* layers */
	FN("layer-kind", ON_LAYER, layer_kind, "direction is 0 or 1, and edge_layer_type names the member that is set"),
	FN("layer-name", ON_LAYER, layer_name, "a layer's name has at most 127 bytes"),
	FN("connection", ON_LAYER, connection, "edge_connection_type is 0 to 3"),
	FN("info-only", ON_LAYER, info_only, "only boundary layers are muxes or planes"),
	FN("inter-context", ON_LAYER, inter_context, "an inter-context layer names a connected context"),
	FN("context-source", ON_LAYER, context_source, "an inter-context input reads frames of one size from an output of a context before it"),
	FN("ddr", ON_LAYER, ddr, "a DDR layer is connected once, to its own context, by at most 65535 buffers of a multiple of 512 bytes"),
	FN("ddr-extension", ON_LAYER, ddr_extension, "DDR layers need the extensions 2 and 3"),
	FN("cache", ON_LAYER, cache, "cache_id is not negative"),
	FN("network-index", ON_LAYER, network_index, "network_index is that of a network"),
	FN("mux", ON_LAYER, mux, "a mux lists the predecessors it announces"),
	FN("planes", ON_LAYER, planes, "planes are an input's, at least one, all info layers of the same data_bytes"),
	FN("base", ON_BASE, base_present, "a layer has a base"),
	FN("data-bytes", ON_BASE, data_bytes, "data_bytes is 1 or 2"),
	FN("buffer-indices", ON_BASE, buffer_indices, "a boundary layer has exactly one buffer_indices"),
	FN("format", ON_BASE, format, "format is 0-8, 11 or 13-16"),
	FN("packed", ON_BASE, packed, "YUY2 is an input of two features without padding, NV12, NV21 and I420 are one of three that is padded in width only; the width is even"),
	MAX("sys-index", ON_BASE, Hef__EdgeLayerBase, sys_index, 255, "sys_index is at most 255"),
	MAX("engine-id", ON_BASE, Hef__EdgeLayerBase, engine_id, 255, "engine_id is at most 255"),
	MAX("core-bytes", ON_BASE, Hef__EdgeLayerBase, core_bytes_per_buffer, 65535, "core_bytes_per_buffer is at most 65535"),
	MAX("core-buffers", ON_BASE, Hef__EdgeLayerBase, core_buffers_per_frame, 65535, "core_buffers_per_frame is at most 65535"),
	FN("host-argmax", ON_BASE, host_argmax, "host_argmax is not set"),
	FN("shape", ON_BASE, shape, "a shape is positive and its padded shape no smaller"),
	FN("core-frame", ON_BASE, core_frame, "core_bytes_per_buffer x core_buffers_per_frame is the padded frame"),
	FN("transfer", ON_BASE, transfer, "the padded frame splits into transfers: a multiple of 8 bytes below row, max_shmifo_size less a page, and the periphery's maximum"),
	FN("numeric", ON_BASE, numeric, "a boundary layer has a finite quantization"),
	FN("qp-vectors", ON_BASE, qp_vectors, "with extension 25 each boundary layer has a scale and zero point per feature, all equal on inputs"),
	FN("nms-burst", ON_BASE, nms_burst, "NMS bursts fit the extension, the architecture and 65536 bytes"),
	FN("nms-defuse", ON_BASE, nms_defuse, "a defused NMS has a class group below 9 and a fused layer of its name"),
	FN("sys-unique", ON_CONTEXT, sys_unique, "no two layers of a direction share sys_index and engine in a context"),
	FN("buffer-unique", ON_CONTEXT, buffer_unique, "inter-context and DDR outputs of a context have sys_indexes of their own, whatever their engine"),
	FN("ddr-pairs", ON_CONTEXT, ddr_pairs, "DDR outputs and inputs of a context match one to one"),
	FN("ddr-names", ON_CONTEXT, ddr_names, "both ends of a DDR buffer have one name"),
	FN("dataflow", ON_CONTEXT, dataflow, "a context has one run of consecutive allow_input_dataflow actions"),
	FN("ccw-run", ON_CONTEXT, ccw_run, "at most 65535 consecutive configuration pointers of one channel"),
	/* operations */
	FN("trigger", ON_TRIGGER, trigger_kind, "an operation has a trigger"),
	FN("trigger-received", ON_TRIGGER, trigger_received, "trigger_all_data_was_received is not implemented"),
	MAX_IF("trigger-cluster", ON_TRIGGER, T(LCU), Hef__TriggerLcu, cluster_index, 255, "cluster_index is at most 255"),
	MAX_IF("trigger-lcu", ON_TRIGGER, T(LCU), Hef__TriggerLcu, lcu_index, 255, "lcu_index is at most 255"),
	MAX_IF("trigger-sent", ON_TRIGGER, T(ALL_DATA_WAS_SENT), Hef__TriggerShmifo, shmifo_index, 255, "shmifo_index is at most 255"),
	MAX_IF("trigger-idle", ON_TRIGGER, T(DMA_IDLE), Hef__TriggerShmifo, shmifo_index, 255, "shmifo_index is at most 255"),
	MAX_IF("trigger-aggregator", ON_TRIGGER, T(NMS), Hef__TriggerNms, aggregator_index, 255, "aggregator_index is at most 255"),
	MAX_IF("trigger-pred", ON_TRIGGER, T(NMS), Hef__TriggerNms, pred_cluster_ob_index, 255, "pred_cluster_ob_index is at most 255"),
	MAX_IF("trigger-pred-cluster", ON_TRIGGER, T(NMS), Hef__TriggerNms, pred_cluster_ob_cluster_index, 255, "pred_cluster_ob_cluster_index is at most 255"),
	MAX_IF("trigger-pred-interface", ON_TRIGGER, T(NMS), Hef__TriggerNms, pred_cluster_ob_interface, 255, "pred_cluster_ob_interface is at most 255"),
	MAX_IF("trigger-succ", ON_TRIGGER, T(NMS), Hef__TriggerNms, succ_prepost_ob_index, 255, "succ_prepost_ob_index is at most 255"),
	MAX_IF("trigger-succ-interface", ON_TRIGGER, T(NMS), Hef__TriggerNms, succ_prepost_ob_interface, 255, "succ_prepost_ob_interface is at most 255"),
	FN("action", ON_ACTION, action_kind, "an action has a kind"),
	FN("action-ethernet", ON_ACTION, action_ethernet, "write_data and write_compressed_data are of the Ethernet path"),
	FN("ccw-inline", ON_ACTION, ccw_inline, "configuration words are inline in header version 0, pointed at from version 1 on"),
	FN("ccw-channel", ON_ACTION, ccw_channel, "cfg_channel_index is below cfg_channels_count"),
	FN("ccw-range", ON_ACTION, ccw_range, "a configuration pointer stays inside the section"),
	FN("ccw-words", ON_ACTION, ccw_words, "configuration words have headers and fill 8-byte words; packed ones need extension 5"),
	FN("dataflow-connection", ON_ACTION, dataflow_connection, "connection_type is 0 to 3"),
	FN("debug", ON_ACTION, debug, "a debug action sleeps 1000 us or more, or halts"),
	FN("enable-nms", ON_ACTION, enable_nms, "enable_nms has classes and a burst size"),
	FN("write-by-type", ON_ACTION, by_type, "write_data_by_type has a 32-bit address of whole words, a known type and at most 4 bytes"),
	MAX_IF("shift", ON_ACTION, A(WRITE_DATA_BY_TYPE), Hef__WriteDataByType, shift, 255, "shift is at most 255"),
	MAX_IF("by-type-network", ON_ACTION, A(WRITE_DATA_BY_TYPE), Hef__WriteDataByType, network_index, 255, "network_index is at most 255"),
	MAX_IF("sequencer-cluster", ON_ACTION, A(ENABLE_SEQUENCER), Hef__EnableSequencer, cluster_index, 255, "cluster_index is at most 255"),
	FN("sequencer-l3", ON_ACTION, sequencer_l3, "initial_l3_index has 8 bits and initial_l3_offset 16"),
	MAX_IF("wait-cluster", ON_ACTION, A(WAIT_FOR_SEQUENCER), Hef__WaitForSequencer, cluster_index, 255, "cluster_index is at most 255"),
	MAX_IF("disable-lcu", ON_ACTION, A(DISABLE_LCU), Hef__DisableLcu, lcu_index, 255, "lcu_index is at most 255"),
	MAX_IF("disable-cluster", ON_ACTION, A(DISABLE_LCU), Hef__DisableLcu, cluster_index, 255, "cluster_index is at most 255"),
	MAX_IF("disable-address", ON_ACTION, A(DISABLE_LCU), Hef__DisableLcu, lcu_enable_address, 65535, "lcu_enable_address has 16 bits"),
	MAX_IF("enable-lcu", ON_ACTION, A(ENABLE_LCU), Hef__EnableLcu, lcu_index, 255, "lcu_index is at most 255"),
	MAX_IF("enable-cluster", ON_ACTION, A(ENABLE_LCU), Hef__EnableLcu, cluster_index, 255, "cluster_index is at most 255"),
	MAX_IF("enable-network", ON_ACTION, A(ENABLE_LCU), Hef__EnableLcu, network_index, 255, "network_index is at most 255"),
	MAX_IF("kernel-done-address", ON_ACTION, A(ENABLE_LCU), Hef__EnableLcu, lcu_kernel_done_address, 65535, "lcu_kernel_done_address has 16 bits"),
	MAX_IF("enable-address", ON_ACTION, A(ENABLE_LCU), Hef__EnableLcu, lcu_enable_address, 65535, "lcu_enable_address has 16 bits"),
	MAX_IF("switch-lcu", ON_ACTION, A(SWITCH_LCU_BATCH), Hef__SwitchLcuBatch, lcu_index, 255, "lcu_index is at most 255"),
	MAX_IF("switch-cluster", ON_ACTION, A(SWITCH_LCU_BATCH), Hef__SwitchLcuBatch, cluster_index, 255, "cluster_index is at most 255"),
	MAX_IF("switch-network", ON_ACTION, A(SWITCH_LCU_BATCH), Hef__SwitchLcuBatch, network_index, 255, "network_index is at most 255"),
	MAX_IF("dataflow-sys", ON_ACTION, A(ALLOW_INPUT_DATAFLOW), Hef__AllowInputDataflow, sys_index, 255, "sys_index is at most 255"),
	MAX_IF("module-index", ON_ACTION, A(WAIT_FOR_MODULE_CONFIG_DONE), Hef__WaitForModuleConfigDone, index, 255, "index is at most 255"),
	MAX_IF("nms-unit", ON_ACTION, A(ENABLE_NMS), Hef__EnableNms, nms_unit_index, 255, "nms_unit_index is at most 255"),
	MAX_IF("nms-network", ON_ACTION, A(ENABLE_NMS), Hef__EnableNms, network_index, 255, "network_index is at most 255"),
	/* post-processing */
	FN("op-kind", ON_OP, op_kind, "an op has a kind"),
	FN("op-outputs", ON_OP, op_outputs, "an op has an output pad"),
	FN("op-inputs", ON_OP, op_inputs, "each input pad of an op is fed by an edge from an output pad of the core"),
	FN("logits", ON_OP, logits, "a logits op is argmax (0) or softmax (1) with one input and one output pad"),
	FN("nms-kind", ON_OP, nms_kind, "an NMS op has a kind"),
	FN("nms-anchors", ON_OP, nms_anchors, "a decoder has as many heights as widths"),
	FN("nms-pads", ON_OP, nms_pads, "decoders name pads of the core that feed the op"),
	FN("nms-shapes", ON_OP, nms_shapes, "pads of one decoder have one height, width and format; YOLOv8 boxes come in fours"),
	FN("nms-seg", ON_OP, nms_seg, "proto_layer is an input of the op that no decoder uses"),
	FN("bbox-only", ON_OP, bbox_only, "only YOLOv5 and YOLOv8 decode boxes without NMS, YOLOv5 with a decoder for each input"),
};
/* clang-format on */
const size_t hef_nrules = sizeof hef_rules / sizeof *hef_rules;

bool hef_rule(size_t i, struct hef_rule_text *out)
{
	if (i >= hef_nrules)
		return false;
	*out = (struct hef_rule_text){ hef_rules[i].id, hef_rules[i].text };
	return true;
}
