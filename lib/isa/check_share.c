/* Merged layers, and what the layers of a cluster take together. */
#include "base/mem.h"
#include "isa/isa.h"

/* A part of a layer keeps its controller to itself. */
static bool is_whole(const struct isa_prog *p, const struct isa_layer *l)
{
	const struct isa_tensor *t = &p->tensors[l->out.v[0]];

	return l->from == 0 && l->to == t->c && l->column_from == 0 && l->column_to == t->w;
}

static int merged(const struct isa_prog *p, size_t i, struct err *e)
{
	const struct isa_layer *l = &p->layers[i], *first;

	if (l->group == -1)
		return 0;
	if (l->group < 0 || (size_t)l->group > i)
		return err_set(e, "merged with layer %d", l->group);
	first = &p->layers[l->group];
	if (first->group != l->group)
		return err_set(e, "merged with '%s', which is not the first of its group",
			       quote(first->name));
	if (l->role != ISA_COMPUTE || l->cluster < 0 || l->lcus < 1 || !is_whole(p, l))
		return err_set(e, "merged, but no whole layer of a cluster");
	if (l->context != first->context || l->cluster != first->cluster)
		return err_set(e, "merged with '%s' of another cluster", quote(first->name));
	return 0;
}

/* Resources of one cluster of one context. */
struct taken {
	int64_t lcus, subclusters, aligners, apus;
};

static void grow(int32_t *most, int32_t v)
{
	*most = v > *most ? v : *most;
}

struct isa_layer *isa_shares(const struct isa_prog *p)
{
	struct isa_layer *most = xcalloc(p->nlayers + 1, sizeof *most);

	for (size_t i = 0; i < p->nlayers; i++) {
		const struct isa_layer *l = &p->layers[i];
		struct isa_layer *m = &most[l->group < 0 ? (int32_t)i : l->group];

		grow(&m->lcus, l->lcus);
		grow(&m->subclusters, l->subclusters);
		grow(&m->input_aligners, l->input_aligners);
		grow(&m->apus, l->apus);
	}
	return most;
}

static bool holds(const struct isa_machine *m, const struct taken *t)
{
	return t->lcus <= m->lcus && t->subclusters <= m->subclusters &&
	       t->aligners <= m->input_aligners && t->apus <= m->apus;
}

static int clusters(const struct isa_prog *p, struct err *e)
{
	const size_t nclusters = (size_t)p->machine.clusters;
	struct taken *taken = xcalloc((size_t)p->ncontexts * nclusters, sizeof *taken);
	struct isa_layer *most = isa_shares(p);

	for (size_t i = 0; i < p->nlayers && !err_is(e); i++) {
		const struct isa_layer *l = &p->layers[i];
		struct taken *t;

		if (l->cluster < 0)
			continue;
		t = &taken[(size_t)l->context * nclusters + (size_t)l->cluster];
		t->lcus += most[i].lcus;
		t->subclusters += most[i].subclusters;
		t->aligners += most[i].input_aligners;
		t->apus += most[i].apus;
		if (!holds(&p->machine, t))
			err_set(e, "layer '%s': cluster %d of context %d does not hold it",
				quote(l->name), l->cluster, l->context);
	}
	free(taken);
	free(most);
	return err_is(e) ? -1 : 0;
}

int isa_check_shares(const struct isa_prog *p, struct err *e)
{
	for (size_t i = 0; i < p->nlayers; i++)
		if (merged(p, i, e) < 0)
			return err_in(e, "layer '%s'", quote(p->layers[i].name));
	return clusters(p, e);
}
