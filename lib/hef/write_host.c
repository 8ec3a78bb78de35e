/* What the host does around the device, as far as a HEF has records of it. */
#include "hef/write.h"

/* Input k of the part that a boundary stream belongs to: what a user gives, or the device. */
static const struct layer *first_of(const struct writer *w, int32_t stream)
{
	const struct isa_prog *p = w->p;
	const bool output = p->streams[stream].output;
	const struct graph *part = output ? w->host->behind : w->host->before;
	struct layer **in;
	const struct layer *l;
	size_t k = 0, n;

	for (int32_t i = 0; i < stream; i++)
		k += p->streams[i].output == output;
	n = graph_inputs(part, NULL, 0);
	in = xcalloc(n, sizeof *in);
	graph_inputs(part, in, n);
	if (k >= n)
		BUG("stream %d has no input on the host", stream);
	l = in[k];
	free(in);
	return l;
}

static const struct layer *next(const struct layer *l, bool (*is)(const struct layer *l))
{
	for (size_t i = 0; i < l->nsucc; i++)
		if (is(l->succ[i]))
			return l->succ[i];
	return NULL;
}

static bool is_resize(const struct layer *l)
{
	return l->type == HN_RESIZE;
}

/* From the user: resize, transpose; from the device: transpose, resize. */
static void work_of(const struct writer *w, int32_t stream, const struct layer **swap,
		    const struct layer **resize)
{
	const struct layer *l;

	*swap = *resize = NULL;
	if (!w->host)
		return;
	l = first_of(w, stream);
	if (w->p->streams[stream].output) {
		*swap = next(l, layer_swaps_sides);
		*resize = next(*swap ? *swap : l, is_resize);
	} else {
		*resize = next(l, is_resize);
		*swap = next(*resize ? *resize : l, layer_swaps_sides);
	}
}

bool hef_is_transposed(const struct writer *w, int32_t stream)
{
	const struct layer *swap, *resize;

	work_of(w, stream, &swap, &resize);
	return swap != NULL;
}

uint32_t hef_transposed_rank(const struct writer *w, int32_t stream)
{
	const struct layer *swap, *resize;

	work_of(w, stream, &swap, &resize);
	return swap ? (uint32_t)swap->out[0].rank : 0;
}

bool hef_any_transposed(const struct writer *w)
{
	for (size_t i = 0; i < w->p->nstreams; i++)
		if (hef_is_transposed(w, (int32_t)i))
			return true;
	return false;
}

const struct layer *hef_stream_end(const struct writer *w, int32_t stream)
{
	const struct layer *swap, *resize;

	work_of(w, stream, &swap, &resize);
	return resize ? resize : swap ? swap : first_of(w, stream);
}

const struct layer *hef_resize_of(const struct writer *w, int32_t stream)
{
	const struct layer *swap, *resize;

	work_of(w, stream, &swap, &resize);
	return resize;
}

/* Every layer is the transpose or the resize of a stream, or an operation on streams. */
static int check_part(const struct writer *w, const struct graph *g, bool output)
{
	bool *recorded = xcalloc(g->nlayers, sizeof *recorded);
	int r = 0;

	for (size_t i = 0; i < w->p->nstreams; i++) {
		const struct layer *swap, *resize;

		if (w->p->streams[i].output != output)
			continue;
		work_of(w, (int32_t)i, &swap, &resize);
		if (swap)
			recorded[swap->index] = true;
		if (resize)
			recorded[resize->index] = true;
	}
	for (size_t i = 0; i < g->nlayers && r == 0; i++) {
		const struct layer *l = g->layers[i];

		if (hn_is(l->type, HNF_IO) || recorded[i] || hef_is_op(l))
			continue;
		r = err_set(w->e, "layer '%s' runs on the host, and a HEF has no record of that",
			    quote(l->name));
	}
	free(recorded);
	return r;
}

int hef_check_host(struct writer *w)
{
	if (!w->host)
		return 0;
	if (check_part(w, w->host->before, false) < 0 || check_part(w, w->host->behind, true) < 0)
		return -1;
	return hef_plan_ops(w);
}
