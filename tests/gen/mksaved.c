/*
 * Writes TensorFlow models from text, for tests.
 *
 *	mksaved frozen OUT.pb [OPTION]... < TEXT      a frozen graph
 *	mksaved checkpoint PREFIX ... < TEXT          PREFIX.meta, .index, .data-00000-of-00001
 *	mksaved saved1 DIR ... < TEXT                 a SavedModel as TensorFlow 1 writes it
 *	mksaved saved2 DIR ... < TEXT                 as TensorFlow 2 does: functions, handles of
 *variables
 *
 * Statements, one a line:
 *	input NAME TYPE SHAPE                  SHAPE 1,28,28,3 with -1 for open, or - for none
 *	const NAME TYPE SHAPE VALUE...         the last value repeats; step:A:B is A, A+B, A+2B ...
 *	typed NAME TYPE SHAPE VALUE...         a constant whose values are as many as there are, in
 *the type's own field var NAME TYPE SHAPE VALUE...           a variable; in a frozen graph a
 *constant node NAME OP INS [KEY=KIND:VALUE]...   INS x,y:1,^z or -; KIND i f b s t, shape, is (a
 *list of integers), fn (a function); none: i output NAME[:K] [KEY] function NAME ARGS ... end nodes
 *and outputs until end are of a function of its own, whose references are as in functions: x:z:0
 *
 * Options of what is written differently: see the table.
 */
#include "saved/tfnet.h"
#include <stddef.h>
#include <stdlib.h>

static const struct {
	const char *word;
	size_t at;
} numbers[] = {
	/* clang-format off */
	{ "shards",      offsetof(struct tfn_opts, shards) },      /* data files */
	{ "pad",         offsetof(struct tfn_opts, pad) },         /* bytes at their beginning */
	{ "parts",       offsetof(struct tfn_opts, parts) },       /* pieces in which a variable is stored */
	{ "part_vars",   offsetof(struct tfn_opts, part_vars) },   /* pieces that are variables */
	{ "snappy",      offsetof(struct tfn_opts, snappy) },      /* 1: blocks are compressed */
	{ "block",       offsetof(struct tfn_opts, block) },       /* bytes after which a block ends */
	{ "unsorted",    offsetof(struct tfn_opts, unsorted) },    /* 1: keys are not in order */
	{ "no_header",   offsetof(struct tfn_opts, no_header) },
	{ "no_restore",  offsetof(struct tfn_opts, no_restore) },  /* the graph does not restore */
	{ "no_objects",  offsetof(struct tfn_opts, no_objects) },  /* no list of objects */
	{ "no_signature", offsetof(struct tfn_opts, no_signature) },
	{ "producer",    offsetof(struct tfn_opts, producer) },    /* version of the graph, but for saved2 */
	{ "gap",         offsetof(struct tfn_opts, gap) },         /* 1: parts leave a row out */
	{ "overlap",     offsetof(struct tfn_opts, overlap) },     /* 1: parts have a row twice */
	{ "say_shards",  offsetof(struct tfn_opts, say_shards) },  /* what is said instead of the truth */
	{ "say_type",    offsetof(struct tfn_opts, say_type) },
	{ "say_shard",   offsetof(struct tfn_opts, say_shard) },
	{ "say_endian",  offsetof(struct tfn_opts, say_endian) },
	{ "compression", offsetof(struct tfn_opts, compression) },
	{ "more_offset", offsetof(struct tfn_opts, say_offset) },  /* what is added to the truth */
	{ "more_size",   offsetof(struct tfn_opts, say_size) },
	/* clang-format on */
};
static const struct {
	const char *word;
	size_t at;
} texts[] = {
	/* clang-format off */
	{ "skip",      offsetof(struct tfn_opts, skip) },      /* a variable that is not stored */
	{ "tag",       offsetof(struct tfn_opts, tag) },
	{ "signature", offsetof(struct tfn_opts, signature) },
	{ "version",   offsetof(struct tfn_opts, version) },
	{ "same_name", offsetof(struct tfn_opts, same_name) }, /* of all objects */
	{ "feed",      offsetof(struct tfn_opts, feed) },      /* saved1: what the signature's input is */
	/* clang-format on */
};

static void option(struct tfn_opts *o, char *word)
{
	char *v = strchr(word, '=');

	if (!v)
		tfn_fail("option", word);
	*v++ = '\0';
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (strcmp(numbers[i].word, word) == 0) {
			*(int *)(void *)((char *)o + numbers[i].at) = (int)strtol(v, NULL, 10);
			return;
		}
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (strcmp(texts[i].word, word) == 0) {
			*(const char **)(void *)((char *)o + texts[i].at) = v;
			return;
		}
	tfn_fail("option", word);
}

/* One process writes one small model and ends: its pieces are left to the system. */
const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
	return "detect_leaks=0";
}

int main(int argc, char *argv[])
{
	struct tfn_opts o = { .shards = 1, .block = 4096, .compression = -1 };
	struct tfn *net;

	if (argc < 3)
		tfn_fail("usage: mksaved KIND OUT [OPTION=VALUE]... for", argc > 1 ? argv[1] : "");
	for (int i = 3; i < argc; i++)
		option(&o, argv[i]);
	net = tfn_read();
	if (strcmp(argv[1], "frozen") == 0)
		tfn_frozen(net, argv[2], &o);
	else if (strcmp(argv[1], "checkpoint") == 0)
		tfn_checkpoint(net, argv[2], &o);
	else if (strcmp(argv[1], "saved1") == 0)
		tfn_saved1(net, argv[2], &o);
	else if (strcmp(argv[1], "saved2") == 0)
		tfn_saved2(net, argv[2], &o);
	else
		tfn_fail("kind", argv[1]);
	tfn_free(net);
	return 0;
}
