/* The command table of alls(5), from the rows that the tools read. */
#include "alls/table.h"
#include <stdio.h>

/* A sentence in lines of at most 78 bytes, its first letter large. */
static void print_text(const struct str *text)
{
	const char *p = text->p;
	size_t column = 0;
	size_t n;

	for (; *p; p += n + strspn(p + n, " ")) {
		n = strcspn(p, " ");
		if (column && column + 1 + n > 78) {
			putchar('\n');
			column = 0;
		} else if (column) {
			putchar(' ');
			column++;
		}
		if (p == text->p && *p >= 'a' && *p <= 'z')
			printf("%c%.*s", *p - 'a' + 'A', (int)n - 1, p + 1);
		else
			printf("%.*s", (int)n, p);
		column += n;
	}
	printf(".\n");
}

static void print_param(const struct alls_param *p)
{
	struct str text = { 0 };

	printf(".It Cm %s\n", p->name);
	alls_param_expects(p, &text);
	if (p->required)
		str_puts(&text, "; required");
	else if (p->dflt)
		str_printf(&text, "; default %s", p->dflt);
	if (p->does)
		str_printf(&text, "; applied: %s",
			   *p->does ? p->does
			   : p->why ? "none"
				    : "none yet");
	if (p->why)
		str_printf(&text, " (%s)", p->why);
	print_text(&text);
	str_release(&text);
}

/* (layer, defuse_number, ...) */
static void print_positions(const struct alls_row *row)
{
	struct str text = { 0 };
	const char *comma = "";

	str_puts(&text, "Positions:");
	for (const struct alls_param *p = row->params; p->name; p++)
		if (p->positional) {
			str_printf(&text, "%s %s%s%s%s", comma, p->required ? "" : "[", p->name,
				   p->rest ? " ..." : "", p->required ? "" : "]");
			comma = ",";
		}
	print_text(&text);
	str_release(&text);
}

static bool has_positions(const struct alls_row *row)
{
	for (const struct alls_param *p = row->params; p->name; p++)
		if (p->positional)
			return true;
	return false;
}

static void print_status(const struct alls_row *row)
{
	struct str stages = { 0 }, text = { 0 };

	alls_stage_names(row->stages, &stages);
	switch (row->status) {
	case ALLS_ROW_APPLIED:
		str_printf(&text, "Applied by %s", stages.p);
		break;
	case ALLS_ROW_STORED:
		str_printf(&text, "Stored for %s, not applied yet", stages.p);
		break;
	case ALLS_ROW_NO_EFFECT:
		str_printf(&text, "Read by %s, no effect: %s", stages.p, row->why);
		break;
	}
	print_text(&text);
	str_release(&text);
	str_release(&stages);
}

static void print_row(const struct alls_row *row)
{
	struct str what = { 0 };

	printf(".It Ic %s", row->command);
	if (row->sub)
		printf(" Pq Cm %s", row->sub);
	printf("%s\n", row->layered ? " with layers" : "");
	str_puts(&what, row->what);
	print_text(&what);
	str_release(&what);
	print_status(row);
	if (row->in_context)
		printf("May stand behind a context's name.\n");
	if (has_positions(row))
		print_positions(row);
	if (!row->params[0].name)
		return;
	printf(".Bl -tag -width Ds -compact\n");
	for (const struct alls_param *p = row->params; p->name; p++)
		print_param(p);
	printf(".El\n");
}

int main(void)
{
	size_t n;
	const struct alls_row *const *rows = alls_rows(&n);

	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; i < n; i++)
		print_row(rows[i]);
	printf(".El\n");
	return 0;
}
