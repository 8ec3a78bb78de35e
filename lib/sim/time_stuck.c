/* Which buffer a deadlock is due to. */
#include "sim/time_int.h"

enum {
	TRIAL_FRAMES = 2
};

/* Smallest capacity of one line with which the network runs; 0: none up to two frames. */
static int64_t needed(struct network *n, size_t line)
{
	int64_t end[TRIAL_FRAMES], lo = n->line[line].capacity, hi = 2 * n->line[line].height;

	n->line[line].capacity = hi;
	if (hi <= lo || !network_run(n, TRIAL_FRAMES, end))
		return 0;
	while (lo + 1 < hi) {
		int64_t mid = lo + (hi - lo) / 2;

		n->line[line].capacity = mid;
		if (network_run(n, TRIAL_FRAMES, end))
			hi = mid;
		else
			lo = mid;
	}
	return hi;
}

static const char *process_name(const struct isa_prog *p, const struct network *n, int32_t i)
{
	int32_t layer = n->proc[i].layer;

	return layer < 0 ? "external memory" : p->layers[layer].name;
}

static int report(const struct isa_prog *p, const struct network *n, size_t line, int64_t capacity,
		  int64_t need, struct err *e)
{
	const struct line *l = &n->line[line];
	const char *from = process_name(p, n, l->from), *to = process_name(p, n, l->to);

	if (need)
		return err_set(e, "deadlock: buffer from '%s' to '%s' holds %lld rows, %lld needed",
			       quote(from), quote(to), (long long)capacity, (long long)need);
	return err_set(e, "deadlock: buffer from '%s' to '%s' holds %lld rows, more needed",
		       quote(from), quote(to), (long long)capacity);
}

/* Does line i alone explain the deadlock: with all others unlimited, or as they are? */
static int64_t blame(struct network *n, size_t line, const int64_t *capacity, bool others_unlimited)
{
	int64_t end[TRIAL_FRAMES];

	for (size_t i = 0; i < n->nline; i++)
		n->line[i].capacity =
		    others_unlimited && i != line ? 2 * n->line[i].height : capacity[i];
	if (others_unlimited && network_run(n, TRIAL_FRAMES, end))
		return 0;
	return needed(n, line);
}

int network_explain(const struct isa_prog *p, struct network *n, struct err *e)
{
	int64_t *capacity = xcalloc(n->nline, sizeof *capacity), need = 0;
	size_t *full = xcalloc(n->nproc, sizeof *full), nfull = 0, at = 0;

	for (size_t i = 0; i < n->nline; i++)
		capacity[i] = n->line[i].capacity;
	for (size_t i = 0; i < n->nproc; i++) {
		if (n->proc[i].wait == WAIT_BLOCKED)
			full[nfull++] = (size_t)n->proc[i].full;
	}
	for (int pass = 0; pass < 2 && !need; pass++) {
		for (size_t i = 0; i < nfull && !need; i++) {
			at = full[i];
			need = blame(n, at, capacity, pass == 0);
		}
	}
	report(p, n, need ? at : full[0], capacity[need ? at : full[0]], need, e);
	free(capacity);
	free(full);
	return -1;
}
