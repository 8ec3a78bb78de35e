/* The configuration words of a HEF, replayed into the programme of our machine. */
#include "base/mem.h"
#include "hef/hef_pb.h"

struct loader {
	const struct hef *h;
	struct str image;
	size_t *ends; /* of each segment's writes */
	size_t nends;
	struct err *e;
};

static int operations(struct loader *l, Hef__Operation *const *ops, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < ops[i]->n_actions; k++) {
			struct hef_words w;

			if (hef_words_of(l->h, ops[i]->actions[k], &w) &&
			    isa_ccw_load(w.p, w.n, &l->image, l->e) < 0)
				return -1;
		}
	}
	l->ends[l->nends++] = l->image.len;
	return 0;
}

/* The form for Ethernet: the preliminary configuration has the words of both segments. */
static bool all_before(const struct loader *l, size_t i, size_t end)
{
	return i == 0 && l->nends == 2 && l->ends[0] == l->ends[1] && end < l->ends[0];
}

/* A context may load its own segment only; that of the only context may come before it. */
static int segments(struct loader *l)
{
	for (size_t i = 0; i < l->nends; i++) {
		size_t end;

		if (isa_segment_end(l->image.p, l->image.len, i, &end, l->e) < 0)
			return -1;
		if (end != l->ends[i] && !all_before(l, i, end))
			return err_set(l->e, "segment %zu ends at %zu, its words at %zu", i, end,
				       l->ends[i]);
	}
	return 0;
}

static int load(struct loader *l, const struct hef_core *c)
{
	const Hef__PreliminaryConfig *p = c->preliminary;

	if (!p)
		return err_set(l->e, "no preliminary configuration");
	if (operations(l, p->operation, p->n_operation) < 0)
		return -1;
	for (size_t i = 0; i < c->ncontexts; i++) {
		if (operations(l, c->contexts[i]->operations, c->contexts[i]->n_operations) < 0)
			return err_in(l->e, "context %zu", i);
	}
	return segments(l);
}

size_t hef_groups(const struct hef *h)
{
	return h->msg->n_network_groups;
}

const char *hef_name_of_group(const struct hef *h, size_t group)
{
	return hef_group_name(h->msg->network_groups[group]);
}

struct isa_prog *hef_programme(const struct hef *h, size_t group, struct err *e)
{
	struct loader l = { .h = h, .e = e };
	struct isa_prog *p = NULL;
	struct hef_core core;

	if (group >= h->msg->n_network_groups ||
	    !hef_core_at(h->msg, h->msg->network_groups[group], 0, &core)) {
		err_set(e, "no core");
		return NULL;
	}
	l.ends = xcalloc(core.ncontexts + 1, sizeof *l.ends);
	if (load(&l, &core) < 0)
		err_in(e, "configuration words");
	else
		p = isa_decode(l.image.p, l.image.len, e);
	free(l.ends);
	str_release(&l.image);
	return p;
}

static uint64_t room(const struct hef *h, Hef__Operation *const *ops, size_t n)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < ops[i]->n_actions; k++) {
			struct hef_words w;

			if (hef_words_of(h, ops[i]->actions[k], &w))
				bytes += isa_ccw_room(w.p, w.n);
		}
	}
	return bytes;
}

uint64_t *hef_context_words(const struct hef *h, size_t group)
{
	struct hef_core core = { 0 };
	uint64_t *words;

	if (group < h->msg->n_network_groups)
		hef_core_at(h->msg, h->msg->network_groups[group], 0, &core);
	words = xcalloc(core.ncontexts, sizeof *words);
	for (size_t c = 0; c < core.ncontexts; c++)
		words[c] = room(h, core.contexts[c]->operations, core.contexts[c]->n_operations);
	return words;
}
