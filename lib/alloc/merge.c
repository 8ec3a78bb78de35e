/*
 * Merged layers: they share a layer controller, subclusters, aligners and APUs, a row of one of
 * them at a time.  The members of a group are a ring of units; a unit by itself is its own next.
 */
#include "alloc/alloc_int.h"

/* Why a layer keeps its controller to itself; NULL: it may share it. */
static const char *const reasons[HN_TYPE_COUNT] = {
	/* clang-format off */
	[HN_INPUT]          = "it lies outside the clusters",
	[HN_OUTPUT]         = "it lies outside the clusters",
	[HN_CONST]          = "it lies outside the clusters",
	[HN_POSTPROCESS]    = "it runs on the host",
	[HN_MATMUL]         = "its subclusters keep an operand from row to row",
	[HN_GLOBAL_AVGPOOL] = "its APU sums up over all rows",
	[HN_REDUCE_MAX]     = "its APU gathers over all rows",
	[HN_REDUCE_MIN]     = "its APU gathers over all rows",
	[HN_REDUCE_SUM]     = "its APU gathers over all rows",
	[HN_REDUCE_MEAN]    = "its APU gathers over all rows",
	/* clang-format on */
};

const char *merge_reason(const struct unit *u)
{
	if (reasons[u->l->type])
		return reasons[u->l->type];
	if (u->cost.outside)
		return "it lies outside the clusters";
	if (u->cost.controllers > 1)
		return "it has several controllers";
	if (unit_steps(u) > 1)
		return "its APU gathers over several rows";
	return u->fixed.parts > 1 || u->choice.parts > 1 ? "it is divided into parts" : NULL;
}

struct unit *merge_next(const struct plan *p, const struct unit *u)
{
	return &p->units[u->next];
}

bool merge_alone(const struct plan *p, const struct unit *u)
{
	return merge_next(p, u) == u;
}

bool merge_leads(const struct plan *p, const struct unit *u)
{
	const struct unit *m;

	for (m = merge_next(p, u); m != u; m = merge_next(p, m))
		if (m < u)
			return false;
	return true;
}

bool merge_has(const struct plan *p, const struct unit *u, const struct unit *other)
{
	const struct unit *m = u;

	do {
		if (m == other)
			return true;
		m = merge_next(p, m);
	} while (m != u);
	return false;
}

void merge_reset(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		p->units[i].next = p->units[i].given_next;
		p->units[i].merged = p->units[i].given_merged;
	}
}

void merge_join(struct plan *p, struct unit *a, struct unit *b)
{
	int32_t next = a->next;

	(void)p;
	a->next = b->next;
	b->next = next;
}

/* The most of two layers' hardware, the weights of both. */
struct need merge_both(struct need a, struct need b)
{
	for (int r = 0; r < RES_COUNT; r++)
		if (r == RES_WEIGHTS)
			a.v[r] += b.v[r];
		else
			a.v[r] = a.v[r] > b.v[r] ? a.v[r] : b.v[r];
	return a;
}

int64_t merge_window(const struct plan *p, const struct unit *u)
{
	int64_t window = u->window_bytes;

	for (const struct unit *m = merge_next(p, u); m != u; m = merge_next(p, m))
		window += m->window_bytes;
	return window;
}

bool merge_need(const struct plan *p, const struct unit *u, struct choice c, bool l2,
		struct need *out)
{
	struct need need;

	if (!unit_need(p, u, c, l2, out))
		return false;
	if (merge_alone(p, u))
		return true;
	for (const struct unit *m = merge_next(p, u); m != u; m = merge_next(p, m)) {
		unit_need(p, m, m->choice, l2, &need);
		*out = merge_both(*out, need);
	}
	return fits_cluster(p->t, out, merge_window(p, u));
}

int64_t merge_cycles(const struct plan *p, const struct unit *u)
{
	const struct unit *m = u;
	int64_t cycles = 0;

	do {
		cycles += unit_cycles(p, m, m->choice);
		m = merge_next(p, m);
	} while (m != u);
	return cycles;
}

/* ---- names ---- */

static bool is_taken(const struct plan *p, const char *name)
{
	struct err ignored = { 0 };
	struct named n;

	return merge_named(p, name) || plan_find(p, name, &n, &ignored) == 0;
}

/* "net/merged1", the first number that nothing else has. */
static void name_group(struct plan *p, struct unit *u, int32_t *number)
{
	const char *slash = strchr(u->l->name, '/');
	int scope = slash ? (int)(slash - u->l->name) + 1 : 0;
	struct unit *m = u;
	char *name;

	do
		name = arena_printf(&p->arena, "%.*smerged%d", scope, u->l->name, ++*number);
	while (is_taken(p, name));
	do {
		m->merged = name;
		m = merge_next(p, m);
	} while (m != u);
}

void merge_names(struct plan *p)
{
	int32_t number = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct unit *u = &p->units[i], *m = u;

		if (merge_alone(p, u) || !merge_leads(p, u))
			continue;
		do /* a group that the script began keeps its name */
			u->merged = u->merged ? u->merged : m->merged;
		while ((m = merge_next(p, m)) != u);
		if (!u->merged) {
			name_group(p, u, &number);
			continue;
		}
		for (m = merge_next(p, u); m != u; m = merge_next(p, m))
			m->merged = u->merged;
	}
}

struct unit *merge_named(const struct plan *p, const char *name)
{
	const char *slash;

	for (size_t i = 0; i < p->n; i++) {
		const char *merged = p->units[i].given_merged;

		if (!merged)
			continue;
		slash = strchr(merged, '/');
		if (strcmp(merged, name) == 0 || (slash && strcmp(slash + 1, name) == 0))
			return &p->units[i];
	}
	return NULL;
}
