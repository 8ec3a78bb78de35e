/* Rows of model modifications (guide 5.3.3, model_modification_commands), and from_tf. */
#include "alls/table_int.h"

#define ACT(id, name, clip, formula) name " "
static const char activation_words[] =
#include "hn/activations.def"
    ;
#undef ACT

const struct alls_row alls_rows_model[] = {
	/* clang-format off */
	{ "change_output_activation", .stages = NORM, APPLIED,
	  .what = "another activation at one output, or at all",
	  ARGS({ "output_layer", LAYER, POSITIONAL },
	       { "activation", WORD(activation_words), REQUIRED, POSITIONAL }) },
	{ "format_conversion", .pick = FORMAT_WORDS, .stages = NORM, APPLIED, NAMES(1),
	  .what = "a conversion of the input's format, as input_conversion",
	  ARGS({ "input_layer", LAYER, REQUIRED, POSITIONAL },
	       { "conversion_type", WORD(FORMAT_WORDS), REQUIRED, POSITIONAL },
	       { "emulator_support", BOOL, DEF("False") }) },
	{ "from_tf", .stages = ALLS_ANY, APPLIED, NAMES(1),
	  .what = "a name for the layer that has this name in the original model",
	  ARGS({ "original_name", TEXT, REQUIRED, POSITIONAL }) },
	{ "input_conversion", .stages = NORM, APPLIED, NAMES(-1), .rule = alls_rule_hybrid,
	  .what = "a conversion of color or format behind one input, or behind all",
	  ARGS({ "input_layer", LAYER, POSITIONAL },
	       { "conversion_type", WORD(COLOR_WORDS " " FORMAT_WORDS " " HYBRID_WORDS), REQUIRED, POSITIONAL },
	       { "emulator_support", BOOL, DEF("False") }) },
	{ "logits_layer", .stages = NORM, APPLIED, NAMES(-1),
	  .what = "softmax or argmax behind one output, or behind all",
	  ARGS({ "output_layer", LAYER, POSITIONAL },
	       { "logits_type", WORD("softmax argmax"), REQUIRED, POSITIONAL },
	       { "axis", INT(-1, 3), POSITIONAL },
	       { "engine", WORD("cpu nn_core"), POSITIONAL }) },
	{ "nms_postprocess", .stages = NORM, APPLIED, .rule = alls_rule_nms,
	  .what = "detection post-processing behind the heads",
	  ARGS({ "config_path", PATH, POSITIONAL },
	       { "meta_arch", WORD("ssd centernet yolov5 yolov6 yolox yolov8 yolov5_seg damoyolo"), REQUIRED, POSITIONAL },
	       { "engine", WORD("nn_core cpu auto") },
	       { "nms_scores_th", FLOAT(0, 1), DEF("0.3") },
	       { "nms_iou_th", FLOAT(0, 1), DEF("0.6") },
	       { "image_dims", INT_FROM(1), LIST(2, 2) },
	       { "classes", INT_FROM(1) },
	       { "bbox_decoding_only", BOOL, DEF("False") }) },
	{ "normalization", .stages = NORM, APPLIED, NAMES(-1), .rule = alls_rule_moments,
	  .what = "(x - mean) / std behind one input, or behind all",
	  ARGS({ "mean", FLOAT(-1e30, 1e30), LIST(1, MANY), REQUIRED, POSITIONAL },
	       { "std", FLOAT(1e-30, 1e30), LIST(1, MANY), REQUIRED, POSITIONAL },
	       { "input_layer", LAYER, POSITIONAL }) },
	{ "resize", .stages = NORM, APPLIED, NAMES(-1),
	  .what = "another height and width of one input or output, or of all inputs",
	  ARGS({ "layer", LAYER, POSITIONAL },
	       { "resize_shapes", INT_FROM(1), LIST(2, 2), REQUIRED },
	       { "resize_method", WORD("bilinear nearest_neighbor"), DEF("bilinear") },
	       { "pixels_mode", WORD("align_corners half_pixels disabled disable"), DEF("align_corners") },
	       { "engine", WORD("nn_core cpu"), DEF("nn_core") }) },
	{ "resize_input", .stages = NORM, APPLIED, NAMES(-1),
	  .what = "the older form of resize, for inputs",
	  ARGS({ "resize_shapes", INT_FROM(1), LIST(2, 2), REQUIRED, POSITIONAL },
	       { "input_layer", LAYER, POSITIONAL }) },
	{ "set_seed", .stages = QUANT, APPLIED,
	  .what = "the seed of everything random",
	  ARGS({ "seed", INT_FROM(0), REQUIRED, POSITIONAL }) },
	{ "transpose", .stages = NORM, APPLIED,
	  .what = "height and width exchanged in the whole network, or in what one input reaches",
	  ARGS({ "input_layers", LAYER, REST }) },
	{ "yuv_to_rgb", .stages = NORM, APPLIED, NAMES(-1),
	  .what = "the older form of input_conversion(yuv_to_rgb)",
	  ARGS({ "input_layer", LAYER, POSITIONAL }) },
	{ 0 }
	/* clang-format on */
};
