#include "base/par.h"
#include <omp.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

/*
 * libgomp reads its variables in a constructor, before any code of ours: with OMP_WAIT_POLICY unset
 * idle threads spin, and two tools on the ends of a pipe take the processors from each other (two
 * programs of small loops on two busy processors: 144 s; with sleeping threads 1.9 s).  Setting it
 * in main() or in .preinit_array comes too late (tried), so the tool starts itself once more.  When
 * that is not possible it just goes on, slower.
 */
void par_passive(char *argv[])
{
	char path[4096];
	ssize_t n;

	if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT"))
		return;
	/* By its own path, so that ps shows the tool's name. */
	n = readlink("/proc/self/exe", path, sizeof path - 1);
	if (n < 0 || setenv("OMP_WAIT_POLICY", "passive", 1) < 0)
		return;
	path[n] = '\0';
	execv(path, argv);
}

void par_init(int threads)
{
	omp_set_dynamic(0);
	if (threads > 0)
		omp_set_num_threads(threads);
}

int par_threads(void)
{
	return omp_get_max_threads();
}

int par_for(size_t n, par_fn fn, void *ctx, struct err *e)
{
	size_t first = n; /* lowest index that failed */
	struct err lowest = { 0 };

	/* A piece below the lowest failure still runs, so the message does not depend on timing. */
#pragma omp parallel for schedule(dynamic, 1)
	for (size_t i = 0; i < n; i++) {
		struct err mine = { 0 };
		size_t limit;

#pragma omp atomic read
		limit = first;
		if (i > limit || fn(i, ctx, &mine) == 0)
			continue;
#pragma omp critical(hn_par_for)
		if (i < first) {
			lowest = mine;
#pragma omp atomic write
			first = i;
		}
	}
	if (first == n)
		return 0;
	return err_set(e, "%s", lowest.msg);
}
