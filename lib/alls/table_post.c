/* Rows of post_quantization_optimization (guide 5.3.3). */
#include "alls/table_int.h"

#define POST(sub) "post_quantization_optimization", sub, .stages = QUANT
#define PER_LAYER .layered = true
#define THE_LAYERS                                                                                 \
	{                                                                                          \
		"layers", LAYERS, REQUIRED                                                         \
	}
#define LOSSES "ce l2 l2rel cosine"

/* finetune and train_encoding differ in four defaults. */
/* clang-format off */
#define TRAINING(must, epochs, native, strategy, wraparound) \
	ARGS({ "policy", POLICY2, DEF("disabled"), .required = must, ONLY("disabled") }, \
	       { "dataset_size", INT_FROM(1), DEF("1024") }, \
	       { "batch_size", INT_FROM(1), DEF("None") }, \
	       { "epochs", INT_FROM(0), DEF(epochs) }, \
	       { "learning_rate", FLOAT_ANY, DEF("None") }, \
	       { "def_loss_type", WORD(LOSSES), DEF("l2rel") }, \
	       { "loss_layer_names", LAYER, LIST(1, MANY), DEF("None") }, \
	       { "loss_types", WORD(LOSSES), LIST(1, MANY), DEF("None") }, \
	       { "loss_factors", FLOAT_ANY, LIST(1, MANY), DEF("None") }, \
	       { "native_layers", LAYER, LIST(0, MANY), DEF("[]") }, \
	       { "native_activations", POLICY3, DEF(native) }, \
	       { "val_images", INT_FROM(0), DEF("4096") }, \
	       { "val_batch_size", INT_FROM(0), DEF("128") }, \
	       { "stop_gradient_at_loss", BOOL, DEF("False") }, \
	       { "force_pruning", BOOL, DEF("True") }, \
	       { "layers_to_freeze", TEXT, LIST(0, MANY), DEF("[]") }, \
	       { "lr_schedule_type", WORD("cosine_restarts exponential constant"), DEF("cosine_restarts") }, \
	       { "decay_rate", FLOAT_ANY, DEF("0.5") }, \
	       { "decay_epochs", INT_FROM(0), DEF("1") }, \
	       { "warmup_epochs", INT_FROM(0), DEF("1") }, \
	       { "warmup_lr", FLOAT_ANY, DEF("None") }, \
	       { "optimizer", WORD("adam sgd momentum rmsprop"), DEF("adam") }, \
	       { "bias_only", BOOL, DEF("False") }, \
	       { "warmup_strategy", WORD("constant gradual"), DEF(strategy) }, \
	       { "wraparound_factor", FLOAT_FROM(0), DEF(wraparound) }, \
	       { "shuffle_buffer_size", INT_FROM(0), DEF("1") }, \
	       { "meta_arch", TEXT }, \
	       { "train_scales", BOOL })
/* clang-format on */

const struct alls_row alls_rows_post[] = {
	/* clang-format off */
	{ POST("adaround"), STORED,
	  .what = "rounding of the weights that is trained layer by layer",
	  ARGS({ "policy", POLICY2, DEF("disabled"), ONLY("disabled") },
	       { "learning_rate", FLOAT_ABOVE(0), DEF("0.001") },
	       { "batch_size", INT_FROM(1), DEF("32") },
	       { "dataset_size", INT_FROM(1), DEF("1024") },
	       { "epochs", INT_FROM(1), DEF("320") },
	       { "warmup", FLOAT(0, 1), DEF("0.2") },
	       { "weight", FLOAT_ABOVE(0), DEF("0.01") },
	       { "train_bias", BOOL, DEF("True") },
	       { "bias_correction_count", INT_ANY, DEF("64") },
	       { "mode", WORD("train_4bit train_all"), DEF("train_4bit") },
	       { "cache_compression", POLICY2, DEF("disabled") },
	       { "b_range", FLOAT_ANY, LIST(2, 2), DEF("[20, 2]") },
	       { "decay_start", FLOAT(0, 1), DEF("0") }) },
	{ POST("adaround"), PER_LAYER, STORED,
	  .what = "the same for given layers",
	  ARGS(THE_LAYERS,
	       { "policy", POLICY3, DEF("allowed"), ONLY("disabled allowed") },
	       { "epochs", INT_ANY, DEF("None") },
	       { "weight", FLOAT_ABOVE(0), DEF("None") },
	       { "b_range", FLOAT_ANY, LIST(2, 2), DEF("None") },
	       { "decay_start", FLOAT(0, 1), DEF("None") },
	       { "train_bias", BOOL, DEF("None") },
	       { "warmup", FLOAT(0, 1), DEF("None") },
	       { "dataset_size", INT_FROM(1), DEF("None") },
	       { "batch_size", INT_FROM(1), DEF("None") }) },
	{ POST("bias_correction"), APPLIED,
	  .what = "biases corrected by the mean error of each feature",
	  ARGS({ "policy", POLICY2, DEF("disabled") },
	       { "cache_compression", POLICY2, DEF("disabled") }) },
	{ POST("bias_correction"), PER_LAYER, APPLIED,
	  .what = "the same for given layers",
	  ARGS(THE_LAYERS,
	       { "policy", POLICY3, DEF("allowed") }) },
	{ POST("finetune"), STORED, .rule = alls_rule_losses,
	  .what = "training of the integer model against the float one; without policy it is enabled",
	  TRAINING(false, "4", "disabled", "constant", "0") },
	{ POST("mix_precision_search"), APPLIED,
	  .what = "a search for each layer's precision",
	  ARGS({ "policy", POLICY2, DEF("disabled") },
	       { "dataset_size", INT_FROM(1), DEF("16") },
	       { "batch_size", INT_FROM(1), DEF("8") },
	       { "snr_cap", INT_FROM(1), DEF("140") },
	       { "compresions_markers", FLOAT_ABOVE(0), LIST(1, 64), DEF("[0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2]") },
	       { "optimizer", WORD("linear pareto"), DEF("linear") },
	       { "output_regulizer", WORD("harmony"), DEF("harmony") },
	       { "comprecision_metric", WORD("macs bops weighs"), DEF("bops") }) },
	{ POST("train_encoding"), STORED, .rule = alls_rule_losses,
	  .what = "training of the ranges of the integer model",
	  TRAINING(true, "8", "enabled", "gradual", "0.1") },
	{ 0 }
	/* clang-format on */
};
