/*
 * Model scripts (.alls): lexer, parser, command table (alls(5); grammar in the reference, section
 *6).
 *
 *	script    = { statement | comment }
 *	statement = [ lhs "=" ] [ object "." ] command "(" [ arg { "," arg } ] ")"
 */
#ifndef HN_ALLS_ALLS_H
#define HN_ALLS_ALLS_H

#include "base/err.h"
#include "base/mem.h"
#include "hn/hn.h"

enum alls_kind {
	ALLS_NUMBER,
	ALLS_STRING,
	ALLS_NAME,
	ALLS_LIST,
	ALLS_GLOB,
	ALLS_TUPLE
};

struct alls_value {
	enum alls_kind kind;
	double number;
	const char *text;         /* string, name, glob pattern; a number's own spelling ("25m") */
	struct alls_value *items; /* list, tuple */
	size_t nitems;
};
struct alls_arg {
	const char *key; /* NULL: positional */
	struct alls_value value;
};
struct alls_stmt {
	const char **lhs;
	size_t nlhs;
	const char *object; /* "context_0" of context_0.place, or NULL */
	const char *command;
	struct alls_arg *args;
	size_t nargs;
	int line; /* from 1 */
	int column;
};
struct alls {
	struct arena arena;
	char *file; /* for messages */
	char *text; /* the script as it was read */
	struct alls_stmt *stmts;
	size_t nstmts;
};

/* Parses text; errors are "FILE:line:column: what (near '...')". */
struct alls *alls_parse(const char *file, const char *text, size_t n, struct err *e);
struct alls *alls_read(const char *path, struct err *e);
void alls_free(struct alls *s);

struct bundle;
/*
 * The script of the file path, or without one (NULL) the one that the bundle carries; *s stays NULL
 * when there is none.  The caller frees it.
 */
int alls_of_bundle(const struct bundle *b, const char *path, struct alls **s, struct err *e);
/* Canonical text: parsing it again gives the same statements. */
void alls_print(const struct alls *s, struct str *out);
/* A layer's name as a script writes it: quoted when it is not a plain name. */
void alls_print_name(const char *name, struct str *out);

/* The stage that acts on a command. */
enum alls_stage {
	ALLS_NORMALIZE = 1,
	ALLS_QUANTIZE = 2,
	ALLS_ALLOC = 4,
	ALLS_HEF = 8
};
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

/* Puts "FILE:line:column: command: " in front of the message; returns -1. */
int alls_in(const struct alls *s, const struct alls_stmt *st, struct err *e);

/*
 * Look-up helpers; errors name file, line, command, argument.
 * alls_arg: the argument with this key, else positional argument `position` (from 0; SIZE_MAX: by
 * key only; key NULL: by position only); NULL when absent.
 */
const struct alls_value *alls_arg(const struct alls_stmt *st, const char *key, size_t position);
/* The same, absent is an error. */
int alls_need(const struct alls *s, const struct alls_stmt *st, const char *key, size_t position,
	      const struct alls_value **out, struct err *e);
/* Every keyword must be in keys[] (NULL-terminated) and at most max_positional arguments have none.
 */
int alls_only(const struct alls *s, const struct alls_stmt *st, const char *const keys[],
	      size_t max_positional, struct err *e);
int alls_number(const struct alls *s, const struct alls_stmt *st, const struct alls_value *v,
		const char *what, double min, double max, double *out, struct err *e);
int alls_int(const struct alls *s, const struct alls_stmt *st, const struct alls_value *v,
	     const char *what, int64_t min, int64_t max, int64_t *out, struct err *e);
/* True, False, enabled, disabled, 1, 0. */
int alls_bool(const struct alls *s, const struct alls_stmt *st, const struct alls_value *v,
	      const char *what, bool *out, struct err *e);
/* One of words[] (NULL-terminated), a name or a string: its index. */
int alls_word(const struct alls *s, const struct alls_stmt *st, const struct alls_value *v,
	      const char *what, const char *const words[], int *out, struct err *e);
/* A name or a string; borrowed. */
int alls_text(const struct alls *s, const struct alls_stmt *st, const struct alls_value *v,
	      const char *what, const char **out, struct err *e);
/* A number or a list of numbers, max at most; *n of them. */
int alls_numbers(const struct alls *s, const struct alls_stmt *st, const struct alls_value *v,
		 const char *what, double *out, size_t max, size_t *n, struct err *e);
/*
 * Layers named by a value: a name, a list of names or a glob; unknown layer: error with near names.
 * A glob that no layer matches gives a warning and no layers.
 */
int alls_layers(const struct alls *s, const struct alls_stmt *st, const struct alls_value *v,
		const struct graph *g, struct layer ***out, size_t *n,
		struct err *e); /* caller frees *out */
/* True when a full layer name "net/conv1" matches a glob; a glob without '/' ignores the scope. */
bool alls_match(const char *glob, const char *name);
/* Appends ": did you mean 'a', 'b'?" when some of the n names are near to `name`. */
void alls_near(const char *name, const char *const names[], size_t n, struct err *e);

#endif
