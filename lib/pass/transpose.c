/*
 * transpose([INPUT_LAYERS]): rows and columns change places in all that the inputs are connected
 * with: shapes, windows, axes, weights (guide 5.3.3).  The host transposes inputs and outputs, so
 * that users see no difference.  A layer that only works one way round keeps its own layout, with
 * transposes around it.
 */
#include "pass/transpose.h"
#include "hn/pack.h"

/* ---- which layers ---- */

static void take(struct transpose *t, struct layer *l, struct layer **stack, size_t *n)
{
	if (t->in[l->index] || layer_on_host(l) || l->type == HN_OUTPUT)
		return;
	t->in[l->index] = true;
	stack[(*n)++] = l;
}

/* Everything on the device that is connected with the chosen inputs. */
static void find_component(struct transpose *t, struct layer *const *inputs, size_t ninputs)
{
	struct layer **stack = xcalloc(t->m->g->nlayers, sizeof *stack);
	size_t n = 0;

	for (size_t i = 0; i < ninputs; i++) {
		struct layer *l = inputs[i];

		take(t, l, stack, &n);
		/* What the host does with an input is on the way. */
		while (l->nsucc && layer_on_host(l->succ[0]))
			l = l->succ[0];
		for (size_t k = 0; k < l->nsucc; k++)
			take(t, l->succ[k], stack, &n);
	}
	while (n) {
		struct layer *l = stack[--n];

		for (size_t i = 0; i < l->nsucc; i++)
			take(t, l->succ[i], stack, &n);
		for (size_t i = 0; i < l->nin; i++) {
			struct layer *from = l->in[i].layer;

			while (layer_on_host(from))
				from = from->in[0].layer;
			take(t, from, stack, &n);
		}
	}
	free(stack);
}

static int check(const struct transpose *t, const struct alls_stmt *st, struct err *e)
{
	const struct graph *g = t->m->g;

	for (size_t i = 0; i < g->nlayers; i++) {
		const struct layer *l = g->layers[i];
		const char *reason = t->in[i] ? transpose_reason(l) : NULL;

		if (t->in[i] && l->type == HN_INPUT && modify_is_transposed(l))
			err_set(e, "what '%s' is connected with is transposed already",
				quote(l->name));
		else if (t->in[i] && layer_pack(l))
			err_set(e, "the images of '%s' are %s, which the host cannot transpose",
				quote(l->in[0].layer->name), hn_packing(layer_pack(l))->format);
		else if (reason)
			err_set(e, "layer '%s': %s", quote(l->name), reason);
		else
			continue;
		return alls_in(st, e);
	}
	return 0;
}

/* ---- edges ---- */

static bool is_point(const struct hn_shape *s)
{
	return s->h == 1 && s->w == 1;
}

/* Rows and columns of a tensor with one of them only: its bytes stay where they are. */
static void set_swap(struct layer *l, const struct hn_shape *s)
{
	const bool line = s->h == 1 || s->w == 1;

	if (line && !l->p.on_host) {
		l->p.reshape[0] = s->w;
		l->p.reshape[1] = s->h;
		l->p.reshape[2] = s->c;
		return;
	}
	l->p.transpose[0] = 1;
	l->p.transpose[1] = 0;
}

/* A layer that transposes (from, port), of shape s before it does. */
static struct layer *add_swap(struct transpose *t, struct layer *from, int port,
			      const struct hn_shape *s, bool host)
{
	struct graph *g = t->m->g;
	struct layer *l = graph_add(g, HN_FORMAT_CONVERSION, graph_new_name(g, "transpose"));

	l->p.on_host = host;
	l->pinned = true;
	set_swap(l, s);
	l->p.conversion = arena_strdup(&g->arena, l->p.transpose[0] ? "transpose_height_width"
								    : "spatial_reshape");
	layer_add_input(g, l, from, port);
	return l;
}

static struct hn_shape swapped(const struct hn_shape *s)
{
	return (struct hn_shape){ s->w, s->h, s->c, s->rank };
}

/* Behind an input and what the host does with it: the device gets it the other way round. */
static void swap_input(struct transpose *t, struct layer *input)
{
	struct layer *from = input, *l;

	while (from->nsucc && layer_on_host(from->succ[0]))
		from = from->succ[0];
	if (is_point(&from->out[0]))
		return;
	l = add_swap(t, from, 0, &from->out[0], true);
	graph_replace_uses(t->m->g, from, 0, l, 0);
}

/* Does a layer read and write as it did before? */
static bool keeps(const struct transpose *t, const struct layer *l)
{
	return l->index < t->n && t->keep[l->index];
}

/* What leaves the device is turned back; what enters a layer that keeps its layout, too. */
static void swap_edge(struct transpose *t, struct layer *l, size_t i)
{
	struct layer *from = l->in[i].layer;
	const int port = l->in[i].port;
	const bool host = layer_on_host(l) || l->type == HN_OUTPUT;
	const struct hn_shape *s = &from->out[port];
	const bool from_swapped = t->in[from->index] && !keeps(t, from);
	const bool to_swapped = !host && t->in[l->index] && !keeps(t, l);
	struct hn_shape now;
	struct layer *swap;

	if (from->type == HN_INPUT || layer_on_host(from) || from_swapped == to_swapped ||
	    is_point(s))
		return;
	now = from_swapped ? swapped(s) : *s;
	swap = add_swap(t, from, port, &now, host);
	if (host && s->rank == 3) {
		swap->p.reshape[1] = s->w;
		swap->p.reshape[2] = s->c;
	}
	graph_redirect(t->m->g, l, i, swap, 0);
}

/* An input that a layer reads which keeps its layout: on the device it comes transposed. */
static void swap_input_edge(struct transpose *t, struct layer *l, size_t i)
{
	struct layer *from = l->in[i].layer;
	struct hn_shape now;

	if (!keeps(t, l) || !(from->type == HN_INPUT || layer_on_host(from)) ||
	    is_point(&from->out[l->in[i].port]))
		return;
	now = swapped(&from->out[l->in[i].port]);
	graph_redirect(t->m->g, l, i, add_swap(t, from, l->in[i].port, &now, false), 0);
}

static void swap_edges(struct transpose *t)
{
	struct graph *g = t->m->g;

	for (size_t i = 0; i < t->n; i++)
		for (size_t k = 0; k < g->layers[i]->nin; k++) {
			swap_edge(t, g->layers[i], k);
			swap_input_edge(t, g->layers[i], k);
		}
	for (size_t i = 0; i < t->n; i++)
		if (t->in[i] && g->layers[i]->type == HN_INPUT)
			swap_input(t, g->layers[i]);
}

static void change_layers(struct transpose *t)
{
	struct graph *g = t->m->g;

	for (size_t i = 0; i < t->n; i++)
		t->keep[i] = t->in[i] && transpose_keeps(t, g->layers[i]);
	for (size_t i = 0; i < t->n; i++)
		if (t->in[i] && !t->keep[i])
			transpose_layer(t, g->layers[i]);
}

static void record(struct modify *m, const struct transpose *t, const struct alls_stmt *st)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->in[i] && m->g->layers[i]->type == HN_INPUT)
			modify_record(m, m->g->layers[i], st->command);
}

int modify_transpose(struct modify *m, const struct alls_stmt *st, struct err *e)
{
	struct transpose t = { .m = m, .n = m->g->nlayers };
	struct layer **inputs;
	size_t n;
	int r;

	if (modify_inputs(m, st, "input_layers", &inputs, &n, e) < 0)
		return -1;
	t.in = xcalloc(t.n, sizeof *t.in);
	t.keep = xcalloc(t.n, sizeof *t.keep);
	find_component(&t, inputs, n);
	r = check(&t, st, e);
	if (r == 0) {
		change_layers(&t);
		swap_edges(&t);
		record(m, &t, st);
	}
	free(inputs);
	free(t.in);
	free(t.keep);
	return r;
}
