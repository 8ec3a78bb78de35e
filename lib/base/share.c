#include "base/share.h"
#include <limits.h>
#include <unistd.h>

enum {
	LEVELS = 5 /* build/san/tests/unit/X lies that deep in the source tree */
};

/* share/SUB and share/hntools/SUB in the folders above the executable: source tree, installation.
 */
static bool near_executable(const char *sub, share_fn fn, void *ctx)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	char *slash;
	char *dir;
	bool found;
	int i;

	if (n <= 0)
		return false;
	exe[n] = '\0';
	for (i = 0; i < LEVELS && (slash = strrchr(exe, '/')) != NULL && slash != exe; i++) {
		*slash = '\0';
		for (size_t k = 0; k < 2; k++) {
			dir = xasprintf("%s/share/%s%s", exe, k ? "hntools/" : "", sub);
			found = fn(dir, ctx);
			free(dir);
			if (found)
				return true;
		}
	}
	return false;
}

bool share_each(const char *env, const char *sub, share_fn fn, void *ctx)
{
	const char *named = env ? getenv(env) : NULL;
	char *dir;
	bool found;

	if (named && *named && fn(named, ctx))
		return true;
	if (near_executable(sub, fn, ctx))
		return true;
	dir = xasprintf("%s/%s", HN_SHAREDIR, sub);
	found = fn(dir, ctx);
	free(dir);
	return found;
}
