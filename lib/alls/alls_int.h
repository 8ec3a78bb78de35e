/* Private to alls/: values against the table. */
#ifndef HN_ALLS_ALLS_INT_H
#define HN_ALLS_ALLS_INT_H

#include "alls/table.h"
#include <math.h>

/* Does a value have the type and the range of an argument? */
bool alls_fits(const struct alls_param *p, const struct alls_value *v);
/* The error when it does not; returns -1. */
int alls_misfit(const struct alls_stmt *st, const struct alls_param *p, const struct alls_value *v,
		struct err *e);
/* 1 True, 0 False in any spelling, -1 neither. */
int alls_truth(const struct alls_value *v);
/* The word of a list as the list spells it. */
const char *alls_spelling(struct arena *a, const char *words, const char *word);
/* from_tf: some layer has the original name. */
int alls_check_original(const struct alls_stmt *st, const struct graph *g, struct err *e);
/* Place of an argument in the row of a checked statement; a bug when it has none. */
size_t alls_param_index(const struct alls_stmt *st, const char *name);

#endif
