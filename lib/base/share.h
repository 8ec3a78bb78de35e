/* Where the data files that come with the tools are found. */
#ifndef HN_BASE_SHARE_H
#define HN_BASE_SHARE_H

#include "base/mem.h"

/*
 * Calls fn with each folder in which `sub` ("targets") may lie, in order: the folder named by the
 * environment variable env (may be NULL), share/SUB beside or above the running executable (a
 * source tree), the installed share folder.  Folders need not exist.  Stops at the first fn that
 * returns true and returns true.
 */
typedef bool (*share_fn)(const char *dir, void *ctx);
bool share_each(const char *env, const char *sub, share_fn fn, void *ctx);

#endif
