/* Names near to one that is not known. */
#include "alls/alls.h"
#include <limits.h>

enum {
	NEAR_NAMES = 3,
	NEAR_LENGTH = 64
};

static int min3(int a, int b, int c)
{
	int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein's distance of the first NEAR_LENGTH bytes. */
static int distance(const char *a, const char *b)
{
	int row[NEAR_LENGTH + 1];
	int la = (int)strnlen(a, NEAR_LENGTH);
	int lb = (int)strnlen(b, NEAR_LENGTH);
	int i, j, diagonal, above;

	for (j = 0; j <= lb; j++)
		row[j] = j;
	for (i = 1; i <= la; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= lb; j++) {
			above = row[j];
			row[j] = min3(row[j - 1] + 1, above + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[lb];
}

static const char *unscoped(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash ? slash + 1 : name;
}

/* "precision" is the beginning of "precision_mode". */
static bool begins(const char *name, const char *with)
{
	size_t n = strlen(with);

	return n >= 4 && strncmp(name, with, n) == 0;
}

void alls_near(const char *name, const char *const names[], size_t n, struct err *e)
{
	bool scoped = strchr(name, '/') != NULL;
	const char *best[NEAR_NAMES] = { NULL };
	int dist[NEAR_NAMES] = { INT_MAX, INT_MAX, INT_MAX };
	int limit = (int)strnlen(name, NEAR_LENGTH) / 4 + 1;
	struct str text = { 0 };
	size_t i, k, m;
	int d;

	for (i = 0; i < n; i++) {
		d = distance(name, scoped ? names[i] : unscoped(names[i]));
		if (d > limit && begins(scoped ? names[i] : unscoped(names[i]), name))
			d = limit;
		if (d > limit)
			continue;
		for (k = 0; k < NEAR_NAMES && dist[k] <= d; k++)
			;
		for (m = NEAR_NAMES - 1; k < NEAR_NAMES && m > k; m--) {
			best[m] = best[m - 1];
			dist[m] = dist[m - 1];
		}
		if (k < NEAR_NAMES) {
			best[k] = names[i];
			dist[k] = d;
		}
	}
	if (!best[0])
		return;
	for (k = 0; k < NEAR_NAMES && best[k]; k++)
		str_printf(&text, "%s'%s'", k ? " or " : "",
			   quote(scoped ? best[k] : unscoped(best[k])));
	err_hint(e, "did you mean %s?", text.p);
	str_release(&text);
}
