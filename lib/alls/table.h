/*
 * The command table of model scripts: one row per command and sub-command of the guide (5.3.3,
 * 5.4.2) and of the public scripts, with its arguments, the stage that acts on it and what that
 * stage does today.  Everything that reads scripts reads this table: the checks, the stages,
 * alls-check, alls(5).
 */
#ifndef HN_ALLS_TABLE_H
#define HN_ALLS_TABLE_H

#include "alls/alls.h"

/* What a value, or every item of a list, must be. */
enum alls_type {
	ALLS_T_INT,    /* whole number from min to max */
	ALLS_T_FLOAT,  /* number from min to max; above: more than min */
	ALLS_T_TIME,   /* seconds, or a number with s, m or h */
	ALLS_T_BOOL,   /* True, False, enabled, disabled, 1, 0 */
	ALLS_T_SWITCH, /* like BOOL, or "allowed": the compiler decides */
	ALLS_T_WORD,   /* one of words */
	ALLS_T_TEXT,   /* a name or a string */
	ALLS_T_FILE,   /* a path, in quotes */
	ALLS_T_LAYER,  /* the name of one layer */
	ALLS_T_LAYERS  /* a name, a list of names or a {glob} */
};

/* One argument. */
struct alls_param {
	const char *name;
	enum alls_type type;
	double min, max;
	bool above;                 /* min itself is excluded */
	short items_min, items_max; /* a list of so many; 0, 0: one value */
	bool single;                /* a list's only item may stand without brackets */
	const char *words;          /* separated by blanks */
	const char *dflt;           /* the guide's default; NULL: none is given */
	bool required;
	bool positional; /* may stand without keyword, in the order of the table */
	bool rest;       /* takes all further positional arguments but those that follow it */
	/*
	 * Values that are acted on today, separated by blanks: NULL all, "" none.  In a row that is
	 * only stored: the values that ask for nothing ("disabled").
	 */
	const char *does;
	const char *why; /* reason for the values that are not */
	unsigned also;   /* a stage beside the row's that reads this argument */
	bool whole;      /* with a value that is not acted on, nothing of the statement is */
};

/* How a row stands today. */
enum alls_row_status {
	ALLS_ROW_APPLIED,
	ALLS_ROW_STORED,   /* accepted, checked, stored, not applied yet */
	ALLS_ROW_NO_EFFECT /* accepted, checked, stored: nothing corresponds to it (why) */
};

/*
 * A command, with a sub-command (its first argument) or without, and with layers= (layered) or
 * without; a row with a pick is taken when one of these words is an argument.
 */
struct alls_row {
	const char *command, *sub;
	bool layered;
	const char *pick;
	unsigned stages; /* enum alls_stage */
	enum alls_row_status status;
	const char *why;                 /* NO_EFFECT: the reason */
	const char *what;                /* what it asks for, one line */
	const struct alls_param *params; /* ends with a NULL name */
	short names_max;                 /* names before "=", -1: any number */
	bool in_context;                 /* may stand behind "context_0." */
	bool open;                       /* its keywords are not public: any are accepted */
	/* Conditions between arguments; NULL: none.  Errors as of alls_check. */
	int (*rule)(const struct alls_stmt *st, struct err *e);
};

/* All rows, by command; *n of them. */
const struct alls_row *const *alls_rows(size_t *n);
/* Distinct names of commands, sorted; *n of them. */
const char *const *alls_command_names(size_t *n);
/* "command" or "command(sub)", for messages. */
void alls_row_name(const struct alls_row *row, struct str *out);
/* What an argument must be: "a whole number from 1 to 32", "one of a, b". */
void alls_param_expects(const struct alls_param *p, struct str *out);
/* The tools of the stages of a row: "hn-quantize". */
void alls_stage_names(unsigned stages, struct str *out);
/* The row that a statement means; NULL with an error that shows what is known. */
const struct alls_row *alls_row_find(const struct alls_stmt *st, struct err *e);
/* Is a word one of a list separated by blanks?  Spellings of booleans are one, numbers are values.
 */
bool alls_in_words(const char *words, const char *word);

#endif
