/* Rows of the model's optimization as a whole and of single layers (guide 5.3.3). */
#include "alls/table_int.h"

/* clang-format off */
#define GPU_POLICY \
	{ "gpu_policy", WORD("auto data_parallelization model_parallelization single"), DEF("auto"), \
	  IGNORED("no GPU takes part in quantization") }
#define FEED_REPEAT \
	{ "max_elementwise_feed_repeat", INT(1, 4), DEF("4"), \
	  IGNORED("the added input of a convolution has a 15-bit multiplier on this machine") }

#define NOT_MODES \
	.why = "a8_w4_exp and a16_w16_non_zero have no public description, and native is what " \
	       "--custom-infer-config of hn-infer gives"

const struct alls_row alls_rows_quant[] = {
	{ "model_optimization_config", "calibration", .stages = QUANT, APPLIED,
	  .what = "how much of the calibration set is used",
	  ARGS({ "batch_size", INT_FROM(1), DEF("8") },
	       { "calibset_size", INT_FROM(1), DEF("64") }) },
	{ "model_optimization_config", "checker_cfg", .stages = QUANT, APPLIED,
	  .what = "an analysis of every layer's noise during quantization",
	  ARGS({ "policy", POLICY2, DEF("enabled") },
	       { "dataset_size", INT_FROM(1), DEF("16") },
	       { "batch_size", INT_FROM(1), DEF("None") },
	       { "analyze_mode", WORD("simple advanced"), DEF("simple") },
	       { "batch_norm_checker", BOOL, DEF("True") }) },
	{ "model_optimization_config", "compression_params", .stages = QUANT, APPLIED, .rule = alls_rule_ratios,
	  .what = "which part of the weights has 4 or 16 bits",
	  ARGS({ "auto_4bit_weights_ratio", FLOAT(0, 1), DEF("0") },
	       { "auto_16bit_weights_ratio", FLOAT_ANY, DEF("0") }) },
	{ "model_optimization_config", "globals", .stages = QUANT, APPLIED,
	  .what = "settings of the whole quantization",
	  ARGS({ "multiproc_policy", POLICY3, DEF("allowed"), IGNORED("-j says how many threads work") },
	       { "output_encoding_vector", POLICY3, DEF("disabled") },
	       FEED_REPEAT, GPU_POLICY) },
	{ "model_optimization_config", "negative_exponent", .stages = QUANT, APPLIED,
	  .what = "layers divided where shifts would lose bits",
	  ARGS({ "layers", LAYERS },
	       { "split_threshold", INT_FROM(1), DEF("2") },
	       { "rank", INT(0, 1), DEF("1") },
	       { "auto_clip", POLICY3, DEF("disabled"), IGNORED("sums have 32 bits or more and shift both ways on this machine") },
	       { "auto_remove_offset", POLICY3, DEF("disabled"), IGNORED("the bias is added whole on this machine") }) },
	{ "model_optimization_flavor", .stages = QUANT, APPLIED,
	  .what = "the levels of effort and of compression",
	  ARGS({ "optimization_level", INT(-100, 4), ONLY("0 1 -100") },
	       { "compression_level", INT(0, 5), DEF("1") },
	       { "batch_size", INT_FROM(1) }) },
	{ "quantization_param", .stages = QUANT, APPLIED, .rule = alls_rule_range,
	  .what = "how the given layers are quantized",
	  ARGS({ "layers", LAYERS, REQUIRED, POSITIONAL },
	       { "bias_mode", WORD("single_scale_decomposition double_scale_initialization") },
	       { "precision_mode", WORD("a8_w8 a8_w4 a16_w16 a16_w8 a16_w4 a8_w4_exp a16_w16_non_zero native "
					"a8_w8_a8 a8_w8_a16 a8_w4_a8 a8_w4_a16 a16_w16_a8 a16_w16_a16 a16_w8_a8 "
					"a16_w8_a16 a16_w4_a16 a16_w4_a8"),
		 DEF("a8_w8"), ONLY("a8_w8 a8_w4 a16_w16 a16_w8 a16_w4 a8_w8_a8 a8_w8_a16 a8_w4_a8 a8_w4_a16 a16_w16_a8 "
					 "a16_w16_a16 a16_w8_a8 a16_w8_a16 a16_w4_a16 a16_w4_a8"), NOT_MODES, .also = NORM },
	       { "quantization_groups", INT(1, 4), DEF("1") },
	       { "force_range_out", FLOAT_ANY, LIST(2, 2) },
	       { "force_range_in", FLOAT_ANY, LIST(2, 2) },
	       { "force_range_index", INT_FROM(0), DEF("0") },
	       FEED_REPEAT,
	       { "max_bias_feed_repeat", INT(1, 32), DEF("32") },
	       { "null_channels_cutoff_factor", FLOAT_FROM(0), DEF("1e-4"), .also = NORM },
	       { "output_encoding_vector", POLICY3, DEF("disabled") },
	       GPU_POLICY,
	       { "weight_group_size", INT_FROM(1) },
	       { "activation_fit", POLICY3, ONLY("enabled allowed"),
		 .why = "activations that are no straight lines are tables, which are always fitted" },
	       { "use_16bit_bias", BOOL }) },
	{ 0 }
};
/* clang-format on */
