/*
 * One option table per tool feeds getopt_long, -h, and the range checks.  See style.md 5.1.
 */
#ifndef HN_BASE_CLI_H
#define HN_BASE_CLI_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How an option's value is stored at its offset in the tool's config. */
enum cli_kind {
	CLI_FLAG,   /* bool, no value */
	CLI_STR,    /* const char *, borrowed from argv */
	CLI_INT,    /* int, within [min, max] when max > min */
	CLI_DOUBLE, /* double */
	CLI_LIST,   /* struct cli_list: comma-separated or repeated */
	CLI_REPEAT, /* struct cli_list: repeated only, commas stay */
	CLI_COUNT   /* int, incremented each time */
};

struct cli_list {
	const char **v; /* n strings */
	size_t n;
	size_t cap;
};

struct cli_opt {
	int letter;       /* 0: long form only; '-': both forms absent, a heading in -h */
	const char *name; /* long option, without dashes */
	const char *arg;  /* name of the value in -h, NULL for none */
	enum cli_kind kind;
	size_t offset;
	const char *help;
	int min, max;
};

/* -i, -o, -q, -v, -j: the same in every tool. */
struct cli_io {
	const char *in;  /* "-" is standard input */
	const char *out; /* "-" is standard output */
	bool quiet;
	int verbose;
	int threads; /* 0: OMP_NUM_THREADS or all cores */
};

/* clang-format off */
#define CLI_COMMON(type, member)                                                                   \
	{ 'i', "input", "FILE", CLI_STR, offsetof(type, member.in), "read FILE (default: standard input)", 0, 0 }, \
	{ 'o', "output", "FILE", CLI_STR, offsetof(type, member.out), "write FILE, whole or not at all (default: standard output)", 0, 0 }, \
	{ 'j', "jobs", "N", CLI_INT, offsetof(type, member.threads), "threads (default: all cores)", 1, 1024 }, \
	{ 'q', "quiet", NULL, CLI_FLAG, offsetof(type, member.quiet), "no progress, no information", 0, 0 }, \
	{ 'v', "verbose", NULL, CLI_COUNT, offsetof(type, member.verbose), "more detail on stderr", 0, 0 }
/* clang-format on */
#define CLI_END                                                                                    \
	{                                                                                          \
		0, NULL, NULL, CLI_FLAG, 0, NULL, 0, 0                                             \
	}

/* What -h prints around the table. */
struct cli_tool {
	const char *name;
	const char *operands; /* synopsis of operands, e.g. "[FILE]" */
	const char *summary;  /* one line */
	const struct cli_opt *options;
	size_t io_offset; /* offset of the struct cli_io in the config */
	int max_operands; /* one operand is the input file, unless -i is given; more: see operands
			     list */
	size_t operands_offset; /* offset of a struct cli_list for all operands, or SIZE_MAX */
};

/*
 * Parses argv into cfg.  -h prints help and exits 0, --version too; misuse prints one line and
 * exits 2.  Also sets up log, threads and the tool's name for die().  A first operand becomes
 * io.in.
 */
void cli_parse(const struct cli_tool *tool, void *cfg, int argc, char *argv[]);

/* Wrong use found after parsing: prints "tool: message" and "Try 'tool -h'", exits 2. */
_Noreturn void cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
