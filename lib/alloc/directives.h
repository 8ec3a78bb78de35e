/* Private to the commands of a script about single layers. */
#ifndef HN_ALLOC_DIRECTIVES_H
#define HN_ALLOC_DIRECTIVES_H

#include "alloc/alloc_int.h"

/* ---- directives.c ---- */
/* A form of a command that is only stored leaves the plan as it is. */
bool directive_applied(const struct alls_stmt *st);
/* Passes over a statement about a layer that only a command makes that is not applied. */
int directive_skip(const struct alls_stmt *st, const char *name, struct err *e);
/* A name of the script in the scope of a layer. */
char *directive_scoped(struct plan *p, const struct unit *u, const char *name);

/* ---- defuse.c ---- */
int directive_defuse(struct plan *p, const struct alls_stmt *st, struct err *e);
/* The parts that compilation_param gives a layer. */
int directive_divide(struct plan *p, const struct alls_stmt *st, struct err *e);
int directive_defuse_block(struct plan *p, const struct alls_stmt *st, struct err *e);

/* ---- compilation.c ---- */
int directive_compilation(struct plan *p, const struct alls_stmt *st, struct err *e);

/* ---- given_place.c ---- */
int directive_context(struct plan *p, const struct alls_stmt *st, struct err *e);
int directive_place(struct plan *p, const struct alls_stmt *st, struct err *e);
int directive_bucket(struct plan *p, const struct alls_stmt *st, struct err *e);
/* The script's contexts must leave buckets whole. */
int directive_bucket_given(struct plan *p, const struct alls_stmt *st, struct err *e);
/* First and last context of every layer; -1 where the script is silent. */
void directive_settle(struct plan *p);

#endif
