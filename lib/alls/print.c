#include "alls/alls.h"
#include "alls/lex.h"

void alls_print_value(const struct alls_value *v, struct str *out)
{
	size_t i;

	switch (v->kind) {
	case ALLS_NUMBER:
	case ALLS_NAME:
		str_puts(out, v->text);
		return;
	case ALLS_STRING:
		/* A string holds at most one kind of quote: the other one closed it. */
		str_printf(out, strchr(v->text, '"') ? "'%s'" : "\"%s\"", v->text);
		return;
	case ALLS_GLOB:
		str_printf(out, "{%s}", v->text);
		return;
	case ALLS_LIST:
	case ALLS_TUPLE:
		break;
	}
	str_puts(out, v->kind == ALLS_LIST ? "[" : "(");
	for (i = 0; i < v->nitems; i++) {
		str_puts(out, i ? ", " : "");
		alls_print_value(&v->items[i], out);
	}
	str_puts(out, v->kind == ALLS_LIST ? "]" : ")");
}

void alls_print_stmt(const struct alls_stmt *st, struct str *out)
{
	size_t i;

	for (i = 0; i < st->nlhs; i++)
		str_printf(out, "%s%s", i ? ", " : "", st->lhs[i]);
	if (st->nlhs)
		str_puts(out, " = ");
	if (st->object)
		str_printf(out, "%s.", st->object);
	str_printf(out, "%s(", st->command);
	for (i = 0; i < st->nargs; i++) {
		str_puts(out, i ? ", " : "");
		if (st->args[i].key)
			str_printf(out, "%s=", st->args[i].key);
		alls_print_value(&st->args[i].value, out);
	}
	str_puts(out, ")");
}

void alls_print(const struct alls *s, struct str *out)
{
	size_t i;

	for (i = 0; i < s->nstmts; i++) {
		alls_print_stmt(&s->stmts[i], out);
		str_puts(out, "\n");
	}
}

void alls_print_name(const char *name, struct str *out)
{
	if (lex_is_name(name))
		str_puts(out, name);
	else
		str_printf(out, strchr(name, '"') ? "'%s'" : "\"%s\"", name);
}
