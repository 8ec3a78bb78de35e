/*
 * Model scripts (.alls): lexer, parser, checks against the command table, what a stage takes from
 * them (alls(5)).
 *
 *	script    = { statement | comment }
 *	statement = [ lhs "=" ] [ object "." ] command "(" [ arg { "," arg } ] ")"
 */
#ifndef HN_ALLS_ALLS_H
#define HN_ALLS_ALLS_H

#include "base/err.h"
#include "base/mem.h"
#include "hn/hn.h"
#include "io/json.h"

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
	int line, column; /* from 1 */
};
struct alls_arg {
	const char *key;  /* NULL: positional */
	int line, column; /* of the key */
	struct alls_value value;
};
struct alls;
struct alls_row; /* alls/table.h */
struct alls_stmt {
	const char **lhs;
	size_t nlhs;
	const char *object; /* "context_0" of context_0.place, or NULL */
	const char *command;
	struct alls_arg *args;
	size_t nargs;
	const struct alls *script; /* the one it is part of */
	const char *file;          /* for messages */
	int line;                  /* of the command's name, from 1 */
	int column;
	const struct alls_row *row; /* its table row; NULL before alls_check */
	struct alls_value **bound;  /* by parameter of the row: its value, or NULL */
};
struct alls {
	struct arena arena;
	char *file; /* for messages */
	char *text; /* the script as it was read */
	struct alls_stmt *stmts;
	size_t nstmts;
	struct alls *parts[2]; /* the scripts that a merged one took its statements from */
};

/* Parses text; errors are "FILE:line:column: what (near '...')". */
struct alls *alls_parse(const char *file, const char *text, size_t n, struct err *e);
struct alls *alls_read(const char *path, struct err *e);
void alls_free(struct alls *s);

/* Canonical text: parsing it again gives the same statements. */
void alls_print(const struct alls *s, struct str *out);
/* One statement, without the end of the line. */
void alls_print_stmt(const struct alls_stmt *st, struct str *out);
void alls_print_value(const struct alls_value *v, struct str *out);
/* A layer's name as a script writes it: quoted when it is not a plain name. */
void alls_print_name(const char *name, struct str *out);

/* The stage that acts on a command. */
enum alls_stage {
	ALLS_NORMALIZE = 1,
	ALLS_QUANTIZE = 2,
	ALLS_ALLOC = 4,
	ALLS_HEF = 8,
	ALLS_ANY = 15 /* from_tf: a name for every stage */
};

/*
 * Finds every statement's row in the table (alls/table.h) and checks its arguments against it:
 * names, types, ranges, required ones, names before "=".  The first error is
 * "FILE:line:column: command: what, what is expected (did you mean ...?)".  A script that was
 * checked is not checked again.
 */
int alls_check(struct alls *s, struct err *e);
/* The same for one statement: alls-check shows the errors of all. */
int alls_check_stmt(struct alls *s, struct alls_stmt *st, struct err *e);

/*
 * What a stage follows: the script at path, else (NULL) the one in the bundle, checked; *s stays
 * NULL when there is none.  A second script replaces the commands of this stage and of later ones;
 * those of stages that have run (before) stay those of the bundle, and others in the second script
 * are ignored with a warning (guide 5.2).  The caller frees it.
 */
struct bundle;
int alls_of_bundle(const struct bundle *b, const char *path, enum alls_stage stage, struct alls **s,
		   struct err *e);
/* Keeps the script in the bundle for later stages; one without statements is removed. */
void alls_to_bundle(struct bundle *b, const struct alls *s);
/*
 * Replaces the names that from_tf gives by those of the layers of g (original_names).  A name that
 * a command of the stage uses and no layer has is an error.
 */
int alls_use_graph(struct alls *s, const struct graph *g, enum alls_stage stage, struct err *e);

/*
 * Against a model: every layer, glob and scope that a checked statement names is in g, or is made
 * by the script.
 */
int alls_check_layers(const struct alls *s, const struct alls_stmt *st, const struct graph *g,
		      struct err *e);

/* What becomes of a statement in the tools as they are. */
enum alls_status {
	ALLS_APPLIED,
	ALLS_PARTLY,   /* some arguments are only stored */
	ALLS_STORED,   /* stored, not applied yet */
	ALLS_NO_EFFECT /* nothing on this machine corresponds to it */
};
/* Of a checked statement; appends the reason, or the arguments that are only stored. */
enum alls_status alls_status(const struct alls_stmt *st, struct str *detail);
/* "applied", "partly applied", "stored, not applied yet", "no effect". */
const char *alls_status_name(enum alls_status status);
/*
 * Warns of the commands of a stage that it does not apply, once per command and sub-command, and
 * lists all of them in the bundle's metadata ("hnt_script", under the tool's name) and, when it is
 * given, in the array `report`.
 */
void alls_notices(const struct alls *s, enum alls_stage stage, struct bundle *b, json_t *report);

/* Puts "FILE:line:column: command: " in front of the message; returns -1. */
int alls_in(const struct alls_stmt *st, struct err *e);
/* The same with the place of a value of the statement. */
int alls_in_value(const struct alls_stmt *st, const struct alls_value *v, struct err *e);

/*
 * Arguments of a checked statement.  Names are those of its row: another one is a bug.
 * alls_get: the value, given by keyword or by position; NULL when the script is silent (or says
 * None).
 */
const struct alls_value *alls_get(const struct alls_stmt *st, const char *name);
/* True when the statement is this command, with this sub-command (NULL: whichever). */
bool alls_is(const struct alls_stmt *st, const char *command, const char *sub);
/* Is it a statement for that stage?  A command may have one form for each of two. */
bool alls_is_for(const struct alls_stmt *st, enum alls_stage stage);
/* The value or, when the script is silent, what the caller gives. */
double alls_get_number(const struct alls_stmt *st, const char *name, double otherwise);
int alls_get_int(const struct alls_stmt *st, const char *name, int otherwise);
/* A word, name or text; NULL when the script is silent. */
const char *alls_get_text(const struct alls_stmt *st, const char *name);
bool alls_has_word(const struct alls_stmt *st, const char *name, const char *word);
/* True, enabled, 1: 1; False, disabled, 0: 0; silent or anything else ("allowed"): -1. */
int alls_get_switch(const struct alls_stmt *st, const char *name);
/* The numbers of a list, as many as n at most; returns how many. */
size_t alls_get_numbers(const struct alls_stmt *st, const char *name, double *out, size_t n);
/*
 * Layers named by a value: a name, a list of names or a glob; unknown layer: error with near names.
 * A glob that no layer matches gives a warning and no layers, and so does the name of a result of
 * a command that is not applied (alls_made).
 */
int alls_layers(const struct alls_stmt *st, const struct alls_value *v, const struct graph *g,
		struct layer ***out, size_t *n, struct err *e); /* caller frees *out */
/* Are the statement's layers a {glob}?  Such a command passes over layers that it cannot serve. */
bool alls_by_glob(const struct alls_stmt *st);
/*
 * Is this a name that the script gives to the result of a command?  When no layer has it, that
 * command is not applied here: alls_warn_made says that a statement about it is passed over.
 */
bool alls_made(const struct alls_stmt *st, const char *name);
void alls_warn_made(const struct alls_stmt *st, const char *name);
/*
 * Is this the name of a layer that a transform of the script makes of another (conv1_s2d)?  A
 * statement may name it before it is there.
 */
bool alls_will_make(const struct alls_stmt *st, const char *name);
/* "no layer 'conv9' in 'net' (did you mean ...?)", also about a foreign scope; returns -1. */
int alls_unknown_layer(const struct graph *g, const char *name, struct err *e);
/* Some statement has this name, full or unscoped, as a value or in a list (globs do not count). */
bool alls_names_layer(const struct alls *s, const char *name);
/* True when a full layer name "net/conv1" matches a glob; a glob without '/' ignores the scope. */
bool alls_match(const char *glob, const char *name);
/* Appends "did you mean 'a', 'b'?" when some of the n names are near to `name`. */
void alls_near(const char *name, const char *const names[], size_t n, struct err *e);

#endif
