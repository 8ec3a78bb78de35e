#include "alls/alls.h"

#define NORM  ALLS_NORMALIZE
#define QUANT ALLS_QUANTIZE
#define ALLOC ALLS_ALLOC
#define HEF   ALLS_HEF

/* Sorted by name.  Reasons complete "COMMAND is not supported: ...". */
static const struct alls_command commands[] = {
	/* clang-format off */
	{ "allocator_param",                ALLOC, NULL },
	{ "bucket",                         0,     "layers are divided among contexts with context(...)" },
	{ "buffer_calc_param",              0,     "buffers are computed from the rows that each kernel needs; set one with buffers(...)" },
	{ "buffers",                        ALLOC, NULL },
	{ "change_output_activation",       0,     "a network's outputs keep the activation of the original model" },
	{ "compilation_param",              ALLOC, NULL },
	{ "concat",                         0,     "a concat layer takes any number of inputs on this machine" },
	{ "context",                        ALLOC, NULL },
	{ "context_switch_param",           ALLOC, NULL },
	{ "convert_to_dense",               0,     "a layer keeps the type that it was parsed with" },
	{ "ddr",                            0,     "line buffers through external memory are not built yet" },
	{ "defuse",                         ALLOC, NULL },
	{ "defuse_block",                   0,     "layers are defused one by one, with defuse(...)" },
	{ "feature_splitter",               0,     "a feature splitter has any number of outputs on this machine" },
	{ "format_conversion",              0,     "boundary formats are NHWC; no conversion layers are added" },
	{ "from_tf",                        0,     "layers are named by their own names; original names stand in the HN" },
	{ "hef_param",                      0,     "the HEF has one form" },
	{ "input_conversion",               0,     "colour and format conversion at the input is not built yet" },
	{ "join",                           0,     "joined streams are not built yet" },
	{ "l4_portal",                      0,     "line buffers in L4 are not built yet" },
	{ "logits_layer",                   0,     "softmax and argmax cannot be appended yet; keep them in the model" },
	{ "merge",                          0,     "each physical layer has its own layer controller on this machine" },
	{ "model_optimization_config",      QUANT, NULL },
	{ "model_optimization_flavor",      QUANT, NULL },
	{ "mux_demux",                      0,     "each boundary tensor has its own stream" },
	{ "network_group",                  0,     "one bundle holds one network" },
	{ "nms_postprocess",                0,     "detection post-processing is not built yet; end the model at its convolutions" },
	{ "normalization",                  NORM,  NULL },
	{ "optimize_buffers",               0,     "buffers are computed from the rows that each kernel needs; set one with buffers(...)" },
	{ "output_layer",                   0,     "output layers are those of the model" },
	{ "output_mux",                     0,     "each boundary tensor has its own stream" },
	{ "performance_param",              ALLOC, NULL },
	{ "place",                          ALLOC, NULL },
	{ "platform_param",                 ALLOC, NULL },
	{ "portal",                         0,     "clusters exchange rows directly; no portal layers are needed" },
	{ "post_quantization_optimization", QUANT, NULL },
	{ "pre_quantization_optimization",  QUANT, NULL },
	{ "quantization_param",             QUANT, NULL },
	{ "remove_node",                    0,     "removing layers is not built yet; choose start and end nodes instead" },
	{ "resize",                         0,     "a resize layer cannot be inserted yet; keep it in the model" },
	{ "resize_input",                   0,     "a resize layer cannot be inserted yet; keep it in the model" },
	{ "resources_param",                ALLOC, NULL },
	{ "set_kv_cache_global_params",     0,     "networks with a key-value cache are not built yet" },
	{ "set_seed",                       0,     "nothing at this optimization level is random" },
	{ "shape_splitter",                 0,     "a splitter has any number of outputs on this machine" },
	{ "shortcut",                       0,     "every edge has a buffer of its own on this machine; set it with buffers(...)" },
	{ "spatial_reshape_flow_params",    0,     "boundary formats are NHWC; no conversion layers are added" },
	{ "transpose",                      0,     "the model is compiled in the orientation that it was parsed with" },
	{ "transpose_concat",               0,     "the model is compiled in the orientation that it was parsed with" },
	{ "yuv_to_rgb",                     0,     "colour and format conversion at the input is not built yet" },
	/* clang-format on */
};

enum {
	COMMANDS = sizeof commands / sizeof commands[0]
};

const struct alls_command *alls_commands(size_t *n)
{
	*n = COMMANDS;
	return commands;
}

static int compare(const void *name, const void *command)
{
	return strcmp(name, ((const struct alls_command *)command)->name);
}

const struct alls_command *alls_command_find(const char *name)
{
	return bsearch(name, commands, COMMANDS, sizeof commands[0], compare);
}

static int unknown_command(const struct alls_stmt *st, struct err *e)
{
	const char *names[COMMANDS];
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		names[i] = commands[i].name;
	err_set(e, "unknown command");
	alls_near(st->command, names, COMMANDS, e);
	return -1;
}

int alls_check(const struct alls *s, struct err *e)
{
	const struct alls_command *c;
	const struct alls_stmt *st;
	size_t i;

	for (i = 0; i < s->nstmts; i++) {
		st = &s->stmts[i];
		if (!(c = alls_command_find(st->command))) {
			unknown_command(st, e);
			return alls_in(s, st, e);
		}
		if (c->reason) {
			err_set(e, "not supported: %s", c->reason);
			return alls_in(s, st, e);
		}
	}
	return 0;
}
