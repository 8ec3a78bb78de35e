/*
 * What the command lines of all translators share: options, misuse, messages, the bundle and its
 * parts.  A tool gives its option table and its format to onnx_tool_main.
 */
#ifndef HN_ONNX_ONNX_TOOL_H
#define HN_ONNX_ONNX_TOOL_H

#include "base/cli.h"
#include "onnx/onnx.h"

struct onnx_tool {
	struct cli_io io;
	const char *net_name;
	struct cli_list start, end;
	struct cli_list shapes, formats;
	const char *hw_arch;
	const char *hn, *npz, *report;
	const char *augmented;
	const char *signature, *tag; /* of TensorFlow's models */
	bool save_original;
	bool no_weights;
	bool yes;
};

/* Rows of the option table; shape and format show how inputs lie, word names the model's format. */
/* clang-format off */
#define ONNX_TOOL_OPTIONS(shape, format, formats_help, word)                                        \
	{ 0, "net-name", "NAME", CLI_STR, offsetof(struct onnx_tool, net_name), "name of the network (default: from the file's name)", 0, 0 }, \
	{ 0, "start-node-names", "LIST", CLI_LIST, offsetof(struct onnx_tool, start), "nodes at which the network starts", 0, 0 }, \
	{ 0, "end-node-names", "LIST", CLI_LIST, offsetof(struct onnx_tool, end), "nodes at which it ends; gives the order of the outputs", 0, 0 }, \
	{ 0, "net-input-shapes", "NAME=" shape, CLI_REPEAT, offsetof(struct onnx_tool, shapes), "shape of an input, where the model leaves it open", 0, 0 }, \
	{ 0, "net-input-format", "NAME=" format, CLI_LIST, offsetof(struct onnx_tool, formats), "meaning of an input's dimensions (default: " formats_help ")", 0, 0 }, \
	{ 0, "hw-arch", "ARCH", CLI_STR, offsetof(struct onnx_tool, hw_arch), "target kept in the bundle", 0, 0 }, \
	{ 0, "hn", "FILE", CLI_STR, offsetof(struct onnx_tool, hn), "write the HN JSON here too", 0, 0 }, \
	{ 0, "npz", "FILE", CLI_STR, offsetof(struct onnx_tool, npz), "write the weights here too", 0, 0 }, \
	{ 0, "no-weights", NULL, CLI_FLAG, offsetof(struct onnx_tool, no_weights), "leave the weights out of the bundle", 0, 0 }, \
	{ 0, "report", "FILE", CLI_STR, offsetof(struct onnx_tool, report), "write what became of each node as JSON", 0, 0 }, \
	{ 0, "augmented-path", "FILE", CLI_STR, offsetof(struct onnx_tool, augmented), "write the " word " model with every tensor as an output", 0, 0 }, \
	{ 0, "save-original", NULL, CLI_FLAG, offsetof(struct onnx_tool, save_original), "keep the " word " file in the bundle", 0, 0 }, \
	{ 'y', "yes", NULL, CLI_FLAG, offsetof(struct onnx_tool, yes), "on failure, translate the part that is recommended", 0, 0 }, \
	CLI_COMMON(struct onnx_tool, io)
/* What TensorFlow's models have besides. */
#define ONNX_TOOL_TF_OPTIONS \
	{ 0, "signature", "NAME", CLI_STR, offsetof(struct onnx_tool, signature), "signature of a SavedModel (default: serving_default)", 0, 0 }, \
	{ 0, "tag", "NAME", CLI_STR, offsetof(struct onnx_tool, tag), "tag of the graph in a SavedModel (default: serve)", 0, 0 }
/* clang-format on */

/* A format of models. */
struct onnx_format {
	const char *word;     /* "ONNX", as messages call it */
	const char *original; /* member of the bundle that keeps the file: "original.onnx" */
	int (*import)(const char *path, const struct onnx_opts *o, struct onnx_result *out,
		      struct err *e);
	/* Writes the model with every tensor as an output. */
	int (*augment)(const char *path, const char *to, struct err *e);
};
/* The main() of a translator: its result is the exit status. */
int onnx_tool_main(const struct cli_tool *tool, const struct onnx_format *f, int argc,
		   char *argv[]);

#endif
