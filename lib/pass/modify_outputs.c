/* Modifications at outputs: which ones a command speaks of, and where their layers go. */
#include "pass/modify.h"

/* Rows and columns are changed back on the host (transpose): the device's layers go before that. */
static bool swaps_back(const struct layer *l)
{
	return l->p.on_host && layer_swaps_sides(l);
}

/* The layer that reads the device's tensor for an output: itself, or the transpose before it. */
static struct layer *reader_of(struct layer *output)
{
	return swaps_back(output->in[0].layer) ? output->in[0].layer : output;
}

struct layer *modify_producer(const struct layer *output)
{
	const struct layer *l = output->in[0].layer;

	return swaps_back(l) ? l->in[0].layer : output->in[0].layer;
}

bool modify_is_transposed(const struct layer *io)
{
	if (io->type == HN_OUTPUT)
		return swaps_back(io->in[0].layer);
	for (const struct layer *l = io; l->nsucc; l = l->succ[0])
		if (!layer_on_host(l->succ[0]))
			return false;
		else if (swaps_back(l->succ[0]))
			return true;
	return false;
}

/* The outputs that a layer stands for: an output layer itself, or all that its output leaves by. */
static size_t outputs_of(const struct graph *g, struct layer *l, struct layer **out)
{
	size_t n = 0;

	for (size_t i = 0; i < g->nlayers; i++) {
		struct layer *o = g->layers[i];

		if (o->type == HN_OUTPUT &&
		    (o == l || o->in[0].layer == l || modify_producer(o) == l))
			out[n++] = o;
	}
	return n;
}

int modify_outputs(const struct modify *m, const struct alls_stmt *st, const char *argument,
		   struct layer ***out, size_t *n, struct err *e)
{
	const struct alls_value *v = alls_get(st, argument);
	struct layer **named;
	size_t nnamed;

	*out = xcalloc(m->g->nlayers, sizeof **out);
	*n = 0;
	if (!v) {
		*n = graph_outputs(m->g, *out, m->g->nlayers);
		return 0;
	}
	if (alls_layers(st, v, m->g, &named, &nnamed, e) == 0) {
		for (size_t i = 0; i < nnamed && !err_is(e); i++) {
			const size_t k = outputs_of(m->g, named[i], *out + *n);

			if (k == 0)
				err_set(e, "layer '%s' is no output layer, nor directly before one",
					quote(named[i]->name));
			*n += k;
		}
		free(named);
		if (!err_is(e))
			return 0;
		alls_in_value(st, v, e);
	}
	free(*out);
	return -1;
}

struct layer *modify_before(struct modify *m, const struct alls_stmt *st, enum hn_type t,
			    const char *name, struct layer *output, struct err *e)
{
	struct layer *reader = reader_of(output);
	const struct layer *host = reader->in[0].layer;
	struct layer *l;

	if (layer_on_host(host)) {
		err_set(e, "layer '%s' before the output runs on the host (put this command first)",
			quote(host->name));
		alls_in(st, e);
		return NULL;
	}
	l = graph_add(m->g, t, name);
	l->pinned = true;
	layer_add_input(m->g, l, reader->in[0].layer, reader->in[0].port);
	graph_redirect(m->g, reader, 0, l, 0);
	return l;
}

struct layer *modify_host_before(struct modify *m, enum hn_type t, const char *name,
				 struct layer *output)
{
	struct layer *l = graph_add(m->g, t, name);

	l->p.on_host = l->pinned = true;
	layer_add_input(m->g, l, output->in[0].layer, output->in[0].port);
	graph_redirect(m->g, output, 0, l, 0);
	return l;
}

int modify_count_names(const struct alls_stmt *st, size_t n, const char *what, struct err *e)
{
	if (st->nlhs == 0 || st->nlhs == n)
		return 0;
	err_set(e, "%zu names on the left, %zu %s", st->nlhs, n, what);
	return alls_in(st, e);
}
