/* hef-rules: the checker's rules as the list in hef(5). */
#include "hef/hef.h"

enum {
	WIDTH = 78
};

/* Words of a text in lines of a manual's source. */
static void wrap(const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t n = strcspn(text, " ");

		if (column && column + 1 + n > WIDTH) {
			putchar('\n');
			column = 0;
		} else if (column) {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)n, text);
		column += n;
		text += n;
		text += strspn(text, " ");
	}
	putchar('\n');
}

int main(void)
{
	struct hef_rule_text r;

	for (size_t i = 0; hef_rule(i, &r); i++) {
		printf(".It Cm %s\n", r.id);
		wrap(r.text);
	}
	return 0;
}
