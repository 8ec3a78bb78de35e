/*
 * Parallel loops whose results do not depend on the number of threads: the caller's pieces are
 * fixed, results are reduced by the caller in index order.
 */
#ifndef HN_BASE_PAR_H
#define HN_BASE_PAR_H

#include "base/err.h"

/*
 * Sets the number of threads (0: OMP_NUM_THREADS or all cores).  cli_parse calls it.
 */
void par_init(int threads);
int par_threads(void);

/*
 * Makes idle OpenMP threads sleep instead of spin, by starting the program once more with
 * OMP_WAIT_POLICY=passive; returns when that is set already (or impossible).  Call it first in
 * main(), before anything is read or written; cli_parse does.
 */
void par_passive(char *argv[]);

/* One piece; returns 0 or -1 with e set. */
typedef int (*par_fn)(size_t i, void *ctx, struct err *e);

/* Runs fn for i in 0..n-1; on failure the error of the lowest failing index is reported. */
int par_for(size_t n, par_fn fn, void *ctx, struct err *e);

#endif
