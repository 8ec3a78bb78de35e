/* Rows of compilation: parameters and layers (guide 5.4.2), and commands of public scripts only. */
#include "alls/table_int.h"

#define NO_MUX "each tensor between contexts has its own stream on this machine"
#define FROM                                                                                       \
	{                                                                                          \
		"layer_from", LAYER, REQUIRED, POSITIONAL                                          \
	}
#define TO                                                                                         \
	{                                                                                          \
		"layer_to", LAYER, REQUIRED, POSITIONAL                                            \
	}
#define TO_SEVERAL                                                                                 \
	{                                                                                          \
		"layers_to", LAYERS, REQUIRED, POSITIONAL                                          \
	}

const struct alls_row alls_rows_alloc[] = {
	/* clang-format off */
	{ "bucket", .stages = ALLOC, APPLIED, NAMES(1),
	  .what = "layers that stay in one context",
	  ARGS({ "layers", LAYERS, REQUIRED, POSITIONAL }) },
	{ "buffers", .stages = ALLOC, APPLIED,
	  .what = "the rows between two layers, before and behind a change of cluster",
	  ARGS(FROM, TO,
	       { "number_of_rows_to_buffer", INT_FROM(0), REQUIRED, POSITIONAL },
	       { "number_of_rows_cluster_b", INT_FROM(0), POSITIONAL },
	       { "buffer_type", WORD("FULL_ROW PARTIAL_ROW"), POSITIONAL, ONLY("FULL_ROW"), WHOLE, .why = "rows are buffered whole on this machine" }) },
	{ "concat", .stages = ALLOC, APPLIED, NAMES(1),
	  .what = "a concat of some inputs of a larger one",
	  ARGS({ "layers_from", LAYER, LIST(2, MANY), REQUIRED, POSITIONAL }, TO) },
	{ "context", .stages = ALLOC, APPLIED, NAMES(1), .rule = alls_rule_context,
	  .what = "the layers of a context",
	  ARGS({ "layers", LAYERS, REQUIRED, POSITIONAL }) },
	{ "convert_to_dense", .stages = ALLOC, NO_EFFECT("a layer keeps the type that it was parsed with"), NAMES(-1),
	  .what = "a convolution as a dense layer",
	  ARGS({ "layers", LAYERS, REQUIRED, POSITIONAL }) },
	{ "ddr", .stages = ALLOC, APPLIED, NAMES(1),
	  .what = "rows between two layers buffered in the host's memory",
	  ARGS(FROM, TO) },
	{ "defuse", .stages = ALLOC, APPLIED, NAMES(-1), .rule = alls_rule_defuse,
	  .what = "a layer divided into parts that work side by side",
	  ARGS({ "layer", LAYER, REQUIRED, POSITIONAL },
	       { "defuse_number", INT_FROM(1), REQUIRED, POSITIONAL },
	       { "defuse_type", WORD("SPATIAL INPUT_FEATURES COMPUTE_LANES DECONV SUPER_DECONV SUPER_DW SUPER_CONV EW_MULT_ON_MAC "
					     "DOUBLE_PRECISION_CONV DYNAMIC_WEIGHTS NMS SPATIAL_RESHAPE CONST_INPUT RESIZE_TRANSPOSE"), POSITIONAL, ONLY("SPATIAL INPUT_FEATURES"), WHOLE,
		 .why = "a layer is divided by features, columns and input features on this machine" },
	       { "splitter", BOOL },
	       { "axis", WORD("FEATURES"), ONLY(""), WHOLE },
	       { "transpose", BOOL, ONLY("False"), WHOLE }) },
	{ "defuse_block", .stages = ALLOC, APPLIED, NAMES(-1),
	  .what = "the layers of a block, each divided into parts",
	  ARGS({ "layers", LAYERS, REQUIRED, REST },
	       { "defuse_count", INT_FROM(1), REQUIRED }) },
	{ "feature_splitter", .stages = ALLOC, APPLIED, NAMES(1),
	  .what = "a splitter for some outputs of a larger one",
	  ARGS(FROM, TO_SEVERAL) },
	{ "format_conversion", .stages = ALLOC, APPLIED, NAMES(1),
	  .what = "a reshaping layer between layers",
	  ARGS(FROM,
	       { "layers_to", LAYER, REST },
	       { "conversion_type", WORD("spatial_reshape transpose_matmul transpose_width_features reshape_height_features "
					 "hailo_rgb_to_lcu ppu_to_hailo_rgb hailo_rgb_to_ppu hailo_rgb_to_f8cr f8cr_to_hailo_rgb "
					 "tf_rgb_to_hailo_rgb hailo_rgb_to_tf_rgb reshape_1xw0_to_hxw"), REQUIRED, POSITIONAL },
	       { "height", INT_FROM(1), POSITIONAL },
	       { "width", INT_FROM(1), POSITIONAL },
	       { "collapse", BOOL },
	       { "input_windows", INT_FROM(1), LIST(1, 8) },
	       { "output_windows", INT_FROM(1), LIST(1, 8) }) },
	{ "join", .stages = ALLOC, NO_EFFECT("every consumer has a buffer of its own on this machine"),
	  .what = "one buffer for several consumers",
	  ARGS(FROM, TO_SEVERAL,
	       { "join_type", WORD("SHMIFO") }) },
	{ "l4_portal", .stages = ALLOC, APPLIED, NAMES(1),
	  .what = "rows between layers buffered in L4",
	  ARGS(FROM, { "layer_to", LAYERS, REQUIRED, POSITIONAL }) },
	{ "merge", .stages = ALLOC, APPLIED, NAMES(1),
	  .what = "two layers that share their resources",
	  ARGS({ "layer1", LAYER, REQUIRED, POSITIONAL },
	       { "layer2", LAYER, REQUIRED, POSITIONAL }) },
	{ "mux_demux", .stages = ALLOC, NO_EFFECT(NO_MUX), NAMES(2),
	  .what = "tensors between contexts that share a stream",
	  ARGS({ "layers_from", LAYERS, REQUIRED, POSITIONAL }, TO_SEVERAL) },
	{ "network_group", .stages = ALLOC, APPLIED, NAMES(1),
	  .what = "the networks that are loaded together",
	  ARGS({ "networks", TEXT, LIST(1, MANY), REQUIRED, POSITIONAL }) },
	{ "output_layer", .stages = ALLOC, APPLIED, NAMES(1),
	  .what = "an output of the device for a layer that runs on the host",
	  ARGS({ "layer", LAYER, REQUIRED, POSITIONAL },
	       { "offdevice_layer", TEXT }) },
	{ "output_mux", .stages = ALLOC, APPLIED, NAMES(1),
	  .what = "outputs that share a stream",
	  ARGS({ "layers", LAYERS, REQUIRED, POSITIONAL }) },
	{ "place", .stages = ALLOC, APPLIED, .in_context = true,
	  .what = "the cluster of layers",
	  ARGS({ "cluster_number", INT(0, 31), REQUIRED, POSITIONAL },
	       { "layers", LAYERS, REQUIRED, POSITIONAL }) },
	{ "portal", .stages = ALLOC, APPLIED, NAMES(1),
	  .what = "rows between two layers that leave the cluster",
	  ARGS(FROM, TO,
	       { "buffer_in_l4", SWITCH }) },
	{ "remove_node", .stages = ALLOC, APPLIED,
	  .what = "a layer that leaves all values as they are, taken out of the network",
	  ARGS({ "layer_name", LAYER, REQUIRED, POSITIONAL }) },
	{ "shape_splitter", .stages = ALLOC, APPLIED, NAMES(1),
	  .what = "a splitter for some outputs of a larger one, by height, width or features",
	  ARGS({ "split_type", WORD("SPLIT_HEIGHT SPLIT_WIDTH SPLIT_FEATURES"), REQUIRED, POSITIONAL }, FROM, TO_SEVERAL) },
	{ "shortcut", .stages = ALLOC, APPLIED, NAMES(1),
	  .what = "a copy between a layer and some consumers",
	  ARGS(FROM, TO_SEVERAL) },
	{ "transpose_concat", .stages = ALLOC, NO_EFFECT("the model is compiled in the orientation that it was parsed with"), NAMES(-1),
	  .what = "a concat that works transposed",
	  ARGS({ "layer", LAYER, REQUIRED, POSITIONAL }) },
	{ 0 }
	/* clang-format on */
};
