/* Numbers from text, independent of the locale: the whole string must be the number. */
#ifndef HN_BASE_NUM_H
#define HN_BASE_NUM_H

#include "base/err.h"
#include <stdint.h>

/* Decimal integer in [min, max]; -1 with a message naming `what` and the bounds. */
int num_int(const char *text, const char *what, int64_t min, int64_t max, int64_t *out,
	    struct err *e);

/* Finite decimal number; -1 with a message naming `what`. */
int num_double(const char *text, const char *what, double *out, struct err *e);

/* Shortest text that reads back as the same double (17 digits at most), '.' as decimal point. */
void num_format(double v, char out[32]);

#endif
