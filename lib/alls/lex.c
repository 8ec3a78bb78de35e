#include "alls/lex.h"
#include "base/limits.h"
#include "base/num.h"

void lex_init(struct lexer *lx, struct arena *arena, const char *file, const char *text, size_t n,
	      struct err *e)
{
	static const char bom[] = "\xef\xbb\xbf";

	*lx = (struct lexer){ .arena = arena,
			      .file = file,
			      .p = text,
			      .end = text + n,
			      .line_start = text,
			      .line = 1,
			      .e = e };
	if (n >= 3 && memcmp(text, bom, 3) == 0) {
		lx->p += 3;
		lx->line_start += 3;
	}
}

int lex_error(const struct lexer *lx, const struct token *t, const char *what)
{
	if (t->kind == TOK_END)
		return err_set(lx->e, "%s:%d:%d: %s (near the end of the script)", quote(lx->file),
			       t->line, t->column, what);
	return err_set(lx->e, "%s:%d:%d: %s (near '%s')", quote(lx->file), t->line, t->column, what,
		       quote(t->text));
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       c == '-' || c == '/' || c == '.';
}

static void skip_blanks(struct lexer *lx)
{
	while (lx->p < lx->end) {
		if (*lx->p == '\n') {
			lx->line++;
			lx->line_start = lx->p + 1;
		} else if (*lx->p == '#') {
			while (lx->p + 1 < lx->end && lx->p[1] != '\n')
				lx->p++;
		} else if (*lx->p != ' ' && *lx->p != '\t' && *lx->p != '\r') {
			return;
		}
		lx->p++;
	}
}

static char *copy(struct lexer *lx, const char *from, size_t n)
{
	char *s = arena_alloc(lx->arena, n + 1);

	memcpy(s, from, n);
	return s;
}

/* Length of the number at p (sign, digits, fraction, exponent), 0 when there is none. */
static size_t number_length(const char *p, const char *end)
{
	const char *s = p;
	const char *q;
	size_t digits = 0;

	if (s < end && (*s == '-' || *s == '+'))
		s++;
	for (; s < end && is_digit(*s); s++)
		digits++;
	if (s < end && *s == '.')
		for (s++; s < end && is_digit(*s); s++)
			digits++;
	if (digits == 0)
		return 0;
	if (s < end && (*s == 'e' || *s == 'E')) {
		q = s + 1;
		if (q < end && (*q == '-' || *q == '+'))
			q++;
		if (q < end && is_digit(*q)) {
			while (q < end && is_digit(*q))
				q++;
			s = q;
		}
	}
	return (size_t)(s - p);
}

/* A number, perhaps with a unit of time (s, m, h), that is not the beginning of a longer word. */
static bool lex_number(struct lexer *lx, struct token *t, size_t *len, struct err *e)
{
	static const char units[] = "smh";
	static const double seconds[] = { 1, 60, 3600 };
	size_t n = number_length(lx->p, lx->end);
	size_t unit = 0;
	const char *u = NULL;

	if (n == 0)
		return false;
	if (lx->p + n < lx->end && lx->p[n] && (u = strchr(units, lx->p[n])) != NULL)
		unit = 1;
	if (lx->p + n + unit < lx->end && is_word(lx->p[n + unit]))
		return false;
	t->kind = TOK_NUMBER;
	t->text = copy(lx, lx->p, n);
	if (num_double(t->text, "a number", &t->number, e) < 0)
		return true; /* out of range: the caller sees e */
	if (unit) {
		t->number *= seconds[u - units];
		t->text = copy(lx, lx->p, n + 1);
	}
	*len = n + unit;
	return true;
}

/* "...", '...' or {...} on one line. */
static int lex_delimited(struct lexer *lx, struct token *t, char close)
{
	const char *s = lx->p + 1;
	const char *q = s;

	while (q < lx->end && *q != close && *q != '\n' && *q != '\0')
		q++;
	if (q == lx->end || *q != close) {
		t->kind = TOK_PUNCT;
		t->text = copy(lx, lx->p, 1);
		return lex_error(lx, t, close == '}' ? "'}' expected" : "closing quote expected");
	}
	if (q - s > LIMIT_NAME) {
		t->text = copy(lx, s, 40);
		return lex_error(lx, t, "the text is too long");
	}
	t->kind = close == '}' ? TOK_GLOB : TOK_STRING;
	t->text = copy(lx, s, (size_t)(q - s));
	lx->p = q + 1;
	return 0;
}

static int lex_word(struct lexer *lx, struct token *t)
{
	struct err range = { 0 };
	const char *q = lx->p;
	size_t n = 0;

	if (lex_number(lx, t, &n, &range)) {
		if (err_is(&range))
			return lex_error(lx, t, "the number is out of range");
		lx->p += n;
		return 0;
	}
	while (q < lx->end && is_word(*q))
		q++;
	n = (size_t)(q - lx->p);
	t->kind = TOK_NAME;
	t->text = copy(lx, lx->p, n < LIMIT_NAME ? n : 40);
	if (n >= LIMIT_NAME)
		return lex_error(lx, t, "the name is too long");
	if (*lx->p == '-' || *lx->p == '.' || *lx->p == '/')
		return lex_error(lx, t, "a name or a number expected");
	lx->p = q;
	return 0;
}

int lex_next(struct lexer *lx, struct token *t)
{
	char c;

	skip_blanks(lx);
	*t = (struct token){ .kind = TOK_END,
			     .text = "",
			     .line = lx->line,
			     .column = (int)(lx->p - lx->line_start) + 1 };
	if (lx->p == lx->end)
		return 0;
	c = *lx->p;
	if (c == '"' || c == '\'')
		return lex_delimited(lx, t, c);
	if (c == '{')
		return lex_delimited(lx, t, '}');
	if (is_word(c) || (c == '+' && lx->p + 1 < lx->end && is_digit(lx->p[1])))
		return lex_word(lx, t);
	t->kind = TOK_PUNCT;
	t->punct = c;
	t->text = copy(lx, lx->p, 1);
	if (c == '\0' || !strchr("()[],=", c))
		return lex_error(lx, t, "unexpected character");
	lx->p++;
	return 0;
}

bool lex_is_name(const char *text)
{
	size_t n = strlen(text);
	size_t len = number_length(text, text + n);

	if (n == 0 || n >= LIMIT_NAME || *text == '-' || *text == '.' || *text == '/')
		return false;
	if (len == n || (len + 1 == n && len > 0 && strchr("smh", text[len])))
		return false; /* reads back as a number */
	for (; *text; text++)
		if (!is_word(*text))
			return false;
	return true;
}
