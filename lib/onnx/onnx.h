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
	bool retry;      /* on failure import the part that is recommended */
	bool places;     /* the result tells where tensors lie */
	/* Of TensorFlow's SavedModels alone; NULL: serving_default and serve, or the only ones. */
	const char *signature, *tag;
};

/* A tensor of the model that is the output of a layer, element by element. */
struct onnx_place {
	const char *tensor;  /* the last one that lies there */
	struct im_view view; /* how */
};

/* A list of names, owned. */
struct onnx_names {
	char **v;
	size_t n;
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
	/* What can be imported of a model that cannot as a whole: none when nothing was found. */
	struct onnx_names try_start, try_end;
	struct onnx_place *place; /* nplace, in order of layers; in the graph's memory */
	size_t nplace;
};

/*
 * Imports a model file ("-": standard input).  On failure the message names node, operator and
 * reason; *out holds the report then too (graph NULL), and the start and end nodes of the largest
 * part that can be imported.
 */
int onnx_import(const char *path, const struct onnx_opts *o, struct onnx_result *out,
		struct err *e);
/* The same from memory, without external data. */
int onnx_import_bytes(const void *data, size_t n, const struct onnx_opts *o,
		      struct onnx_result *out, struct err *e);
/*
 * The nodes of a model file, as they stand in it: the decode of a struct im_source whose ctx is an
 * open struct im_file.
 */
int onnx_read(void *file, struct im_graph *g, int64_t *opset, struct err *e);
/* The same of another reader's graph, under this network name. */
int onnx_import_source(const struct im_source *src, const struct onnx_opts *o, const char *net,
		       struct onnx_result *out, struct err *e);
/*
 * Writes the model with every tensor that a node makes as an output (external data stays where it
 * is, so that `to` belongs into the same folder).
 */
int onnx_augment(const char *path, const char *to, struct err *e);
/*
 * The command line argv with the start and end nodes of the result's advice in place of its own,
 * quoted for the shell; NULL when there is no advice, or its names cannot be printed.  The caller
 * frees it.
 */
char *onnx_retry_command(const struct onnx_result *r, int argc, char *const argv[]);
/*
 * Messages about a model that was imported (from this framework, in so many seconds): where inputs
 * and outputs are, sizes, what was cut off, warnings.
 */
void onnx_say(const struct onnx_result *r, const char *framework, double seconds);
/* The NMS configuration of a detector as member nms.json, and its name in the metadata. */
void onnx_put_nms(struct bundle *b, const struct onnx_result *r);
/* With -v: each node that cannot be imported, and why. */
void onnx_say_unsupported(const struct onnx_result *r);
void onnx_result_release(struct onnx_result *r);

/*
 * Keeps what a translation was asked for in a bundle's metadata (har(5), hnt_parser), and takes it
 * back: strings are copied to the arena.  Without a record nothing was asked for.
 */
void onnx_options_keep(const struct onnx_opts *o, json_t *metadata);
int onnx_options_recall(const json_t *metadata, struct arena *a, struct onnx_opts *o,
			struct err *e);

#endif
