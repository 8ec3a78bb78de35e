/*
 * ONNX (opset 8 to 17) to HN.  onnx2hn(1).
 */
#ifndef HN_ONNX_ONNX_H
#define HN_ONNX_ONNX_H

#include "import/import.h"
#include "io/bundle.h"

struct onnx_opts {
	const char *net_name;     /* NULL: from the file's name */
	const char *const *start; /* nstart node names, none: the graph's inputs */
	size_t nstart;
	const char *const *end; /* nend node names, none: the graph's outputs */
	size_t nend;
	const char *const *shapes; /* "NAME=1,3,224,224" or "1,3,224,224" for the only input */
	size_t nshapes;
	const char *const *formats; /* "NAME=BCHW" or "BCHW" */
	size_t nformats;
	size_t fold_max; /* bytes that constant folding may make; 0: 2 GiB */
	bool retry;      /* on failure import up to the recommended end nodes */
};

/* What became of a model: for messages and --report. */
struct onnx_result {
	struct graph *graph;     /* validated; the caller frees it */
	struct tensors *weights; /* the caller frees it */
	json_t *report;          /* nodes, mapping, inputs, outputs; the caller releases it */
	size_t nodes;            /* of the file */
	int64_t opset;
	uint64_t params;  /* weights */
	uint64_t macs;    /* per image */
	char *start_text; /* "'input': 'net/input_layer1'" ...; owned */
	char *end_text;   /* "'Conv_5', 'Conv_7'"; owned */
	char *retried;    /* the first error, when the recommendation was taken; owned */
};

/*
 * Imports a model file ("-": standard input).  On failure the message names node, operator, reason
 * and the nearest end nodes that would parse; *out holds the report then too (graph NULL).
 */
int onnx_import(const char *path, const struct onnx_opts *o, struct onnx_result *out,
		struct err *e);
/* The same from memory, without external data. */
int onnx_import_bytes(const void *data, size_t n, const struct onnx_opts *o,
		      struct onnx_result *out, struct err *e);
/* The same of another reader's graph, under this network name. */
int onnx_import_source(const struct im_source *src, const struct onnx_opts *o, const char *net,
		       struct onnx_result *out, struct err *e);
/*
 * Writes the model with every tensor that a node makes as an output (external data stays where it
 * is, so that `to` belongs into the same folder).
 */
int onnx_augment(const char *path, const char *to, struct err *e);
void onnx_result_release(struct onnx_result *r);

#endif
