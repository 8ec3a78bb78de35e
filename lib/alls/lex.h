/* Private to alls/: the tokens of a model script. */
#ifndef HN_ALLS_LEX_H
#define HN_ALLS_LEX_H

#include "base/err.h"
#include "base/mem.h"

enum tok_kind {
	TOK_END,
	TOK_NAME,   /* letters, digits, '_', '-', '/', '.' */
	TOK_NUMBER, /* also with a unit: 25m */
	TOK_STRING, /* "..." or '...', without the quotes */
	TOK_GLOB,   /* {...}, without the braces */
	TOK_PUNCT   /* one of ( ) [ ] , = */
};

struct token {
	enum tok_kind kind;
	char punct;
	const char *text; /* in the arena; punctuation: its own character */
	double number;    /* seconds for a number with a unit */
	int line, column; /* from 1 */
};

struct lexer {
	struct arena *arena;
	const char *file;
	const char *p, *end;
	const char *line_start;
	int line;
	struct err *e;
};

/* Begins at the first byte of text; tokens live in the arena. */
void lex_init(struct lexer *lx, struct arena *arena, const char *file, const char *text, size_t n,
	      struct err *e);
/* The next token, blanks and comments skipped; -1 with "FILE:line:column: ..." */
int lex_next(struct lexer *lx, struct token *t);
/* "FILE:line:column: what (near 'text')"; returns -1. */
int lex_error(const struct lexer *lx, const struct token *t, const char *what);
/* True when the text is read back as one name token, so that it can be printed without quotes. */
bool lex_is_name(const char *text);

#endif
