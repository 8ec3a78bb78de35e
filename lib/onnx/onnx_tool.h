/*
 * What the command lines of all translators share: options, misuse, messages, the bundle and its
 * parts.  A tool's main() parses, imports with its reader, and ends with onnx_tool_write.
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
/* clang-format on */

/* Why the options do not go together; 0 when they do. */
int onnx_tool_check(const struct onnx_tool *t, struct err *e);
/* The options of the import: its lists belong to t. */
struct onnx_opts onnx_tool_opts(const struct onnx_tool *t);
/* The import failed: completes the message with file and remedy, writes the report. */
void onnx_tool_failed(const struct onnx_tool *t, struct onnx_result *r, int argc,
		      char *const argv[], struct err *e);
/* With -y, what was done in place of what was asked for. */
void onnx_tool_say_retried(const struct onnx_result *r, int argc, char *const argv[]);
/* Writes the parts that were asked for, and the bundle; `original` is the member of the file. */
int onnx_tool_write(const struct onnx_tool *t, const struct onnx_result *r, const char *original,
		    struct err *e);

#endif
