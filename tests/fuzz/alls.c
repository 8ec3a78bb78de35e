/*
 * Model scripts: what is understood is printed so that it is understood the same again; every
 * statement that fits the table has a status, also after printing.
 */
#include "alls/table.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What alls-check would say, one line per statement. */
static void describe(struct alls *s, struct str *out)
{
	size_t i;

	for (i = 0; i < s->nstmts; i++) {
		struct alls_stmt *st = &s->stmts[i];
		struct err e = { 0 };

		if (alls_check_stmt(s, st, &e) < 0) {
			if (!err_is(&e) || strchr(e.msg, '\n'))
				BUG("an error without one line of message");
			str_puts(out, "refused\n");
			continue;
		}
		alls_row_name(st->row, out);
		str_printf(out, " %s: ", alls_status_name(alls_status(st, out)));
		alls_print_stmt(st, out);
		str_puts(out, "\n");
	}
}

static struct alls *again(const struct str *text)
{
	struct err e = { 0 };
	struct alls *s = alls_parse("again.alls", text->p ? text->p : "", text->len, &e);

	if (!s)
		BUG("what was printed is not understood: %s", e.msg);
	return s;
}

static void same(const struct str *a, const struct str *b, const char *what)
{
	if (a->len != b->len || (a->len && memcmp(a->p, b->p, a->len) != 0))
		BUG("%s the second time", what);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct alls *s = alls_parse("fuzz.alls", (const char *)data, size, &e);
	struct str first = { 0 }, second = { 0 }, told = { 0 }, told_again = { 0 };

	if (!s) {
		if (!err_is(&e))
			BUG("an error without a message");
		return 0;
	}
	alls_print(s, &first);
	describe(s, &told);
	alls_free(s);
	s = again(&first);
	alls_print(s, &second);
	describe(s, &told_again);
	alls_free(s);
	same(&first, &second, "printed differently");
	same(&told, &told_again, "described differently");
	str_release(&first);
	str_release(&second);
	str_release(&told);
	str_release(&told_again);
	return 0;
}
