/*
 * Model scripts (.alls): lexer, parser, command table (alls(5); grammar in the reference, section 6).
 *
 *	script    = { statement | comment }
 *	statement = [ lhs "=" ] [ object "." ] command "(" [ arg { "," arg } ] ")"
 */
#ifndef HN_ALLS_ALLS_H
#define HN_ALLS_ALLS_H

#include "base/err.h"
#include "base/mem.h"
#include "hn/hn.h"

enum alls_kind { ALLS_NUMBER, ALLS_STRING, ALLS_NAME, ALLS_LIST, ALLS_GLOB, ALLS_TUPLE };

struct alls_value {
	enum alls_kind kind;
	double number;
	const char *text;          /* string, name, glob pattern; a number's own spelling ("25m") */
	struct alls_value *items;  /* list, tuple */
	size_t nitems;
};
struct alls_arg {
	const char *key;           /* NULL: positional */
	struct alls_value value;
};
struct alls_stmt {
	const char **lhs;
	size_t nlhs;
	const char *object;        /* "context_0" of context_0.place, or NULL */
	const char *command;
	struct alls_arg *args;
	size_t nargs;
	int line;                  /* from 1 */
	int column;
};
struct alls {
	struct arena arena;
	char *file;                /* for messages */
	char *text;                /* the script as it was read */
	struct alls_stmt *stmts;
	size_t nstmts;
};

/* Parses text; errors are "FILE:line:column: what (near '...')". */
struct alls *alls_parse(const char *file, const char *text, size_t n, struct err *e);
struct alls *alls_read(const char *path, struct err *e);
void alls_free(struct alls *s);
/* Canonical text: parsing it again gives the same statements. */
void alls_print(const struct alls *s, struct str *out);

/* The stage that acts on a command. */
enum alls_stage { ALLS_NORMALIZE = 1, ALLS_QUANTIZE = 2, ALLS_ALLOC = 4, ALLS_HEF = 8 };
/* One row per command (alls/commands.c): name, stages, or a reason why it is not supported. */
struct alls_command {
	const char *name;
	unsigned stages;
	const char *reason; /* NULL: supported */
};
const struct alls_command *alls_command_find(const char *name);
const struct alls_command *alls_commands(size_t *n);
/* Every statement must be a known command; an unsupported one is an error with its reason. */
int alls_check(const struct alls *s, struct err *e);

/* Look-up helpers; errors name file, line, command, argument. */
const struct alls_value *alls_arg(const struct alls_stmt *st, const char *key, size_t position);
int alls_number(const struct alls *s, const struct alls_stmt *st, const struct alls_value *v,
    const char *what, double min, double max, double *out, struct err *e);
/* Layers named by a value: a name, a list of names or a glob; unknown layer: error with near names. */
int alls_layers(const struct alls *s, const struct alls_stmt *st, const struct alls_value *v,
    const struct graph *g, struct layer ***out, size_t *n, struct err *e); /* caller frees *out */

#endif
