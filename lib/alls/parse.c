#include "alls/alls.h"
#include "alls/lex.h"
#include "base/limits.h"
#include "base/outfile.h"

enum {
	MAX_DEPTH = 16,
	MAX_LHS = 256
};

struct parser {
	struct lexer lx;
	struct token cur, next; /* one token of look-ahead */
	struct arena *arena;
};

static int advance(struct parser *p)
{
	p->cur = p->next;
	return lex_next(&p->lx, &p->next);
}

static int fail(struct parser *p, const char *what)
{
	return lex_error(&p->lx, &p->cur, what);
}

static bool at(const struct token *t, char punct)
{
	return t->kind == TOK_PUNCT && t->punct == punct;
}

static int expect(struct parser *p, char punct, const char *what)
{
	if (!at(&p->cur, punct))
		return fail(p, what);
	return advance(p);
}

/* Room for element n of an array in the arena; sizes double, old copies stay until the end. */
static void *grow(struct arena *a, void *v, size_t n, size_t size)
{
	void *w;

	if (n & (n - 1)) /* not a power of two: there is room */
		return v;
	w = arena_array(a, n ? 2 * n : 1, size);
	if (n)
		memcpy(w, v, n * size);
	return w;
}
#define GROW(a, v, n) ((v) = grow((a), (v), (n), sizeof *(v)))

static int parse_value(struct parser *p, struct alls_value *v, int depth);

static int parse_items(struct parser *p, struct alls_value *v, char close, int depth)
{
	if (depth == MAX_DEPTH)
		return fail(p, "lists are nested too deep");
	if (advance(p) < 0)
		return -1;
	while (!at(&p->cur, close)) {
		GROW(p->arena, v->items, v->nitems);
		if (parse_value(p, &v->items[v->nitems++], depth + 1) < 0)
			return -1;
		if (at(&p->cur, close))
			break;
		if (expect(p, ',', close == ']' ? "',' or ']' expected" : "',' or ')' expected") <
		    0)
			return -1;
		if (at(&p->cur, close))
			return fail(p, "a value expected after ','");
	}
	return advance(p);
}

static int parse_value(struct parser *p, struct alls_value *v, int depth)
{
	v->text = p->cur.text;
	v->number = p->cur.number;
	v->line = p->cur.line;
	v->column = p->cur.column;
	switch (p->cur.kind) {
	case TOK_NUMBER:
		v->kind = ALLS_NUMBER;
		return advance(p);
	case TOK_STRING:
		v->kind = ALLS_STRING;
		return advance(p);
	case TOK_NAME:
		v->kind = ALLS_NAME;
		return advance(p);
	case TOK_GLOB:
		v->kind = ALLS_GLOB;
		if (!*v->text)
			return fail(p, "a pattern expected between '{' and '}'");
		return advance(p);
	case TOK_PUNCT:
	case TOK_END:
		break;
	}
	if (!at(&p->cur, '[') && !at(&p->cur, '('))
		return fail(p, "a value expected");
	v->kind = at(&p->cur, '[') ? ALLS_LIST : ALLS_TUPLE;
	v->text = "";
	return parse_items(p, v, v->kind == ALLS_LIST ? ']' : ')', depth);
}

static int parse_arg(struct parser *p, struct alls_stmt *st)
{
	struct alls_arg *arg;
	size_t i;

	GROW(p->arena, st->args, st->nargs);
	arg = &st->args[st->nargs];
	arg->line = p->cur.line;
	arg->column = p->cur.column;
	if (p->cur.kind == TOK_NAME && at(&p->next, '=')) {
		arg->key = p->cur.text;
		for (i = 0; i < st->nargs; i++)
			if (st->args[i].key && strcmp(st->args[i].key, arg->key) == 0)
				return fail(p, "the argument is given twice");
		if (advance(p) < 0 || advance(p) < 0)
			return -1;
	} else if (st->nargs && st->args[st->nargs - 1].key) {
		return fail(p, "a positional argument after a keyword argument");
	}
	st->nargs++;
	return parse_value(p, &arg->value, 0);
}

static int parse_call(struct parser *p, struct alls_stmt *st)
{
	const char *dot;

	if (p->cur.kind != TOK_NAME)
		return fail(p, "a command expected");
	st->file = p->lx.file;
	st->line = p->cur.line;
	st->column = p->cur.column;
	st->command = p->cur.text;
	if ((dot = strrchr(p->cur.text, '.')) != NULL) {
		st->object = arena_printf(p->arena, "%.*s", (int)(dot - p->cur.text), p->cur.text);
		st->command = dot + 1;
	}
	if (!*st->command || strpbrk(st->command, "/-"))
		return fail(p, "a command expected");
	if (advance(p) < 0 || expect(p, '(', "'(' expected after the command") < 0)
		return -1;
	while (!at(&p->cur, ')')) {
		if (parse_arg(p, st) < 0)
			return -1;
		if (at(&p->cur, ')'))
			break;
		if (expect(p, ',', "',' or ')' expected") < 0)
			return -1;
		if (at(&p->cur, ')'))
			return fail(p, "an argument expected after ','");
	}
	return advance(p);
}

/* Names before "="; "{}" says that the result is not used. */
static int parse_lhs(struct parser *p, struct alls_stmt *st)
{
	if (p->cur.kind == TOK_GLOB && !*p->cur.text) {
		GROW(p->arena, st->lhs, st->nlhs);
		st->lhs[st->nlhs++] = "{}";
		if (advance(p) < 0)
			return -1;
		return expect(p, '=', "'=' expected after '{}'");
	}
	if (p->cur.kind != TOK_NAME)
		return fail(p, "a command or a name expected");
	if (!at(&p->next, ',') && !at(&p->next, '='))
		return 0;
	for (;;) {
		if (p->cur.kind != TOK_NAME)
			return fail(p, "a name expected before '='");
		if (st->nlhs == MAX_LHS)
			return fail(p, "too many names before '='");
		GROW(p->arena, st->lhs, st->nlhs);
		st->lhs[st->nlhs++] = p->cur.text;
		if (advance(p) < 0)
			return -1;
		if (at(&p->cur, '='))
			return advance(p);
		if (expect(p, ',', "',' or '=' expected") < 0)
			return -1;
	}
}

struct alls *alls_parse(const char *file, const char *text, size_t n, struct err *e)
{
	struct alls *s = xcalloc(1, sizeof *s);
	struct parser p = { .arena = &s->arena };
	struct alls_stmt *st;

	s->file = arena_strdup(&s->arena, file);
	if (n > LIMIT_SCRIPT_BYTES) {
		err_set(e, "%s: the script has %zu bytes, at most %d are read", quote(file), n,
			LIMIT_SCRIPT_BYTES);
		goto fail;
	}
	s->text = arena_alloc(&s->arena, n + 1);
	if (n)
		memcpy(s->text, text, n);
	lex_init(&p.lx, &s->arena, s->file, s->text, n, e);
	if (advance(&p) < 0 || advance(&p) < 0)
		goto fail;
	while (p.cur.kind != TOK_END) {
		GROW(&s->arena, s->stmts, s->nstmts);
		st = &s->stmts[s->nstmts++];
		st->script = s;
		if (parse_lhs(&p, st) < 0 || parse_call(&p, st) < 0)
			goto fail;
	}
	return s;
fail:
	alls_free(s);
	return NULL;
}

struct alls *alls_read(const char *path, struct err *e)
{
	struct alls *s;
	size_t n;
	char *text = read_file(path, LIMIT_SCRIPT_BYTES, &n, e);

	if (!text)
		return NULL;
	s = alls_parse(strcmp(path, "-") == 0 ? "<stdin>" : path, text, n, e);
	free(text);
	return s;
}

void alls_free(struct alls *s)
{
	if (!s)
		return;
	alls_free(s->parts[0]);
	alls_free(s->parts[1]);
	arena_release(&s->arena);
	free(s);
}
