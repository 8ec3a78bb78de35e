/* Each rule of the checker is broken by at least one change of a good HEF, and is then named. */
#include "hef_changes_good.h"
#include "hef_changes_layer.h"
#include "hef_changes_op.h"
#include "hef_changes_switch.h"

static const struct variant single = { 0 }, multi = { .contexts = 2 }, ddr = { .ddr = true },
			    partial = { .partial = true }, feature = { .per_feature = true };
static const struct hef_form md5_form = { .version = HEF_MD5, .channels = 1, .engines = 1 };
static const struct variant oldest = { .form = &md5_form };

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
	{ "networks", &partial, change_networks_of_layout },
	{ "networks", &single, change_network_without_io },
	{ "fused", &single, change_fused_format },
	{ "layer-kind", &single, change_direction_2 },
	{ "layer-kind", &single, change_type_mux },
	{ "layer-name", &single, change_long_layer },
	{ "connection", &single, change_connection_4 },
	{ "info-only", &multi, change_inter_context_mux },
	{ "inter-context", &multi, change_unconnected },
	{ "inter-context", &multi, change_connected_to_9 },
	{ "engine-channels", &multi, change_many_streams },
	{ "context-source", &multi, change_source_later },
	{ "context-source", &multi, change_source_absent },
	{ "context-source", &multi, change_source_frame },
	{ "buffer-unique", &multi, change_buffer_twice },
	{ "ddr-names", &ddr, change_ddr_name },
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
	{ "packed", &single, change_yuy2_of_3 },
	{ "packed", &single, change_nv12_padded },
	{ "packed", &single, change_nv12_output },
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
	{ "ccw-inline", &oldest, change_ccw_pointer_inline },
	{ "ccw-words", &single, change_ccw_packed },
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
	return finish();
}
