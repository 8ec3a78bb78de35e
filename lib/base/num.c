#include "base/num.h"
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * No tool calls setlocale, so strtod and printf use the C locale's decimal point.
 */

int num_int(const char *text, const char *what, int64_t min, int64_t max, int64_t *out,
	    struct err *e)
{
	const char *digits = text + (*text == '-');
	long long v;

	if (!*digits || strspn(digits, "0123456789") != strlen(digits))
		return err_set(e, "%s '%s' is not an integer", what, quote(text));
	errno = 0;
	v = strtoll(text, NULL, 10);
	if (errno || v < min || v > max)
		return err_set(e, "%s '%s' is not between %" PRId64 " and %" PRId64, what,
			       quote(text), min, max);
	*out = v;
	return 0;
}

int num_double(const char *text, const char *what, double *out, struct err *e)
{
	char *end = NULL;
	double v = 0;

	if (*text && strspn(text, "0123456789+-.eE") == strlen(text))
		v = strtod(text, &end);
	if (!end || end == text || *end || !isfinite(v))
		return err_set(e, "%s '%s' is not a finite number", what, quote(text));
	*out = v;
	return 0;
}

void num_format(double v, char out[32])
{
	/* A double that has a decimal of at most 15 digits shows it at 15; denormals may need
	 * fewer. */
	int digits = fabs(v) < DBL_MIN ? 1 : 15;

	do
		snprintf(out, 32, "%.*g", digits, v);
	while (digits++ < 17 && strtod(out, NULL) != v);
}
