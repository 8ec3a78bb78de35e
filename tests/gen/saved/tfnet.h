/* A net in words, and the files of TensorFlow that hold it: mksaved.c says how. */
#ifndef HN_TESTS_TFNET_H
#define HN_TESTS_TFNET_H

#include "base/err.h"
#include "tfw.h"

enum {
	TFN_MAX = 1024 /* statements, words of one */
};

enum tfn_kind {
	TFN_INPUT,
	TFN_CONST,
	TFN_VAR,
	TFN_NODE
};

struct tfn_node {
	enum tfn_kind kind;
	const char *name, *op, *in;
	struct tfw_tensor t; /* of inputs, constants and variables */
	int typed;
	char **option;
	size_t noption;
};
struct tfn_ref {
	const char *name, *ref;
};
/* The net, or a function of its own. */
struct tfn_body {
	const char *name;
	char *args; /* of a function, with commas between */
	struct tfn_node node[TFN_MAX];
	struct tfn_ref out[64];
	size_t n, nout;
};
struct tfn {
	struct tfn_body main;
	struct tfn_body *func[32];
	size_t nfunc;
	struct arena words; /* what all of it is made of */
};

/* What is not as usual; numbers that are 0 where nothing else is said. */
struct tfn_opts {
	int shards, pad, parts, part_vars, snappy, block;
	int say_shards, say_type, say_shard, say_offset, say_size, say_endian, compression;
	int unsorted, no_header, no_restore, no_objects, no_signature, producer, gap, overlap;
	const char *skip, *tag, *signature, *version, *same_name, *feed;
};

struct tfn *tfn_read(void); /* from standard input; exits on what it does not understand */
void tfn_free(struct tfn *net);
_Noreturn void tfn_fail(const char *what, const char *word);

/* One statement into a graph's or function's field. */
void tfn_put(struct str *graph, int field, const struct tfn_node *n, const char *in);
/* The functions of the net's own. */
void tfn_put_library(struct str *graph, const struct tfn *net, struct str *more);
/* The output's name of an operator in functions. */
const char *tfn_output(const char *op, int k);

void tfn_frozen(const struct tfn *net, const char *path, const struct tfn_opts *o);
/* MetaGraphDef without its tags' message closed: graph, saver and signature as TensorFlow 1 has
 * them. */
void tfn_meta(struct str *meta, const struct tfn *net, const struct tfn_opts *o, int signature);
void tfn_checkpoint(const struct tfn *net, const char *prefix, const struct tfn_opts *o);
void tfn_saved1(const struct tfn *net, const char *dir, const struct tfn_opts *o);
void tfn_saved2(const struct tfn *net, const char *dir, const struct tfn_opts *o);
/* PREFIX.index and data files; suffix: what follows a variable's name in its key. */
void tfn_bundle(const struct tfn *net, const char *prefix, const char *suffix, int objects,
		const struct tfn_opts *o);
void tfn_write(const char *path, const struct str *s);

#endif
