/*
 * Edges whose buffer holds a whole map: on another way from the edge's producer to its consumer
 * lies a layer that gives nothing before it has all of its input, such as the mean that a
 * squeeze-and-excite block multiplies with.  That is so at any rate.
 */
#include "alloc/alloc_int.h"

/* Does a layer's first line need the last line of an input of several? */
static bool needs_all(const struct plan *p, const struct unit *u)
{
	const int32_t steps = unit_steps(u), n = unit_lines(u, u->choice) * steps;
	int32_t first, last;

	if (u->l->type == HN_OUTPUT)
		return false;
	for (size_t i = 0; i < u->l->nin; i++) {
		const int32_t lines = unit_input_lines(p, u, i);

		qop_step_lines(u->q, i, steps - 1, n, lines, &first, &last);
		if (lines > 1 && last == lines - 1)
			return true;
	}
	return false;
}

/* Marks the layers before the one at `index`, or behind it. */
static void reach(const struct plan *p, size_t index, bool before, bool *seen, size_t *stack)
{
	size_t n = 0;

	stack[n++] = index;
	while (n) {
		const struct layer *l = p->units[stack[--n]].l;
		const size_t next = before ? l->nin : l->nsucc;

		for (size_t i = 0; i < next; i++) {
			size_t k = before ? l->in[i].layer->index : l->succ[i]->index;

			if (!seen[k])
				stack[n++] = k;
			seen[k] = true;
		}
	}
}

void waits_init(struct waits *w, const struct plan *p)
{
	bool *before = xcalloc(p->n + 1, sizeof *before),
	     *behind = xcalloc(p->n + 1, sizeof *behind);
	size_t *stack = xcalloc(p->n + 1, sizeof *stack);

	w->at = xcalloc(p->n + 1, sizeof *w->at);
	for (size_t i = 0; i < p->n; i++)
		w->at[i + 1] = w->at[i] + p->units[i].l->nin;
	w->edge = xcalloc(w->at[p->n] + 1, sizeof *w->edge);
	for (size_t g = 0; g < p->n; g++) {
		if (!needs_all(p, &p->units[g]))
			continue;
		memset(before, 0, p->n * sizeof *before);
		memset(behind, 0, p->n * sizeof *behind);
		reach(p, g, true, before, stack);
		reach(p, g, false, behind, stack);
		for (size_t u = 0; u < p->n; u++)
			for (size_t i = 0; behind[u] && i < p->units[u].l->nin; i++)
				if (before[p->units[u].l->in[i].layer->index])
					w->edge[w->at[u] + i] = true;
	}
	free(before);
	free(behind);
	free(stack);
}

void waits_release(struct waits *w)
{
	free(w->edge);
	free(w->at);
}

int64_t waits_bytes(const struct waits *w, const struct plan *p, const struct unit *u, size_t input)
{
	const struct hn_input *in = &u->l->in[input];
	const struct hn_shape *s = &in->layer->out[in->port];

	if (!w->edge[w->at[u - p->units] + input])
		return 0;
	return (int64_t)s->h * s->w * s->c * (p->m->q[in->layer->index].out_bits / 8);
}
