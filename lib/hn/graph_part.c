/*
 * The three parts of a network: what the host does in front of the device, the device, and what the
 * host does behind it.
 */
#include "base/limits.h"
#include "hn/layer.h"

enum side {
	DEVICE,
	BEFORE,
	BEHIND
};

/* A tensor that leaves the device. */
struct leaving {
	struct layer *layer;
	int32_t port;
	const struct layer *output; /* its own output layer; NULL: only host layers read it */
};

struct split {
	const struct graph *g;
	enum side *side;      /* by layer index; network inputs are BEFORE, outputs BEHIND */
	struct layer **enter; /* by layer index: what the device gets of an input, itself or the
				 last host layer behind it */
	struct leaving *out;
	size_t nout, cap;
};

bool layer_on_host(const struct layer *l)
{
	return l->type == HN_POSTPROCESS || l->p.on_host;
}

bool layer_swaps_sides(const struct layer *l)
{
	return l->type == HN_FORMAT_CONVERSION && hn_conversion_transposes(l->p.conversion) &&
	       l->p.transpose[0] == 1 && l->p.transpose[1] == 0;
}

static bool starts_before(const struct split *s, const struct layer *l)
{
	if (l->type == HN_INPUT)
		return true;
	for (size_t i = 0; i < l->nin; i++)
		if (s->side[l->in[i].layer->index] != BEFORE)
			return false;
	return layer_on_host(l) && l->nin == 1;
}

static bool reaches_device(const struct split *s, const struct layer *l)
{
	for (size_t i = 0; i < l->nsucc; i++)
		if (s->side[l->succ[i]->index] != BEHIND)
			return true;
	return false;
}

/* Forward: nothing of the device in front of it; backward: something of the device behind it. */
static void find_sides(struct split *s)
{
	const struct graph *g = s->g;

	for (size_t i = 0; i < g->nlayers; i++) {
		const struct layer *l = g->layers[i];

		s->side[i] = starts_before(s, l)                        ? BEFORE
			     : layer_on_host(l) || l->type == HN_OUTPUT ? BEHIND
									: DEVICE;
	}
	for (size_t i = g->nlayers; i-- > 0;)
		if (s->side[i] == BEFORE && g->layers[i]->type != HN_INPUT &&
		    !reaches_device(s, g->layers[i]))
			s->side[i] = BEHIND;
}

/* The end of the chain of host layers behind an input. */
static int find_end(struct split *s, struct layer *in, struct err *e)
{
	struct layer *l = in;

	for (;;) {
		struct layer *next = NULL;

		s->enter[l->index] = in;
		for (size_t i = 0; i < l->nsucc; i++)
			if (s->side[l->succ[i]->index] == BEFORE)
				next = l->succ[i];
		if (!next)
			break;
		if (l->nsucc > 1)
			return err_set(e,
				       "layer '%s' runs on the host in front of the device, but "
				       "is not all that reads '%s'",
				       quote(next->name), quote(l->name));
		l = next;
	}
	s->enter[in->index] = l;
	return 0;
}

/* What the host does behind the device does not come back to it. */
static int check_behind(const struct split *s, const struct layer *l, struct err *e)
{
	for (size_t i = 0; i < l->nsucc; i++)
		if (s->side[l->succ[i]->index] != BEHIND)
			return err_set(e,
				       "layer '%s' runs on the host, '%s' behind it on the device",
				       quote(l->name), quote(l->succ[i]->name));
	return 0;
}

static bool leaves(const struct split *s, const struct layer *l, int32_t port)
{
	for (size_t i = 0; i < s->nout; i++)
		if (s->out[i].layer == l && s->out[i].port == port)
			return true;
	return false;
}

static void add_leaving(struct split *s, const struct hn_input *in, const struct layer *output)
{
	VEC_GROW(s->out, s->nout, &s->cap);
	s->out[s->nout++] = (struct leaving){ in->layer, in->port, output };
}

/* Tensors of the device that a host layer, or host layers in front of it, read. */
static void add_read(struct split *s, const struct layer *l)
{
	for (size_t i = 0; i < l->nin; i++) {
		const struct hn_input *in = &l->in[i];

		if (s->side[in->layer->index] == BEHIND)
			add_read(s, in->layer);
		else if (!leaves(s, in->layer, in->port))
			add_leaving(s, in, NULL);
	}
}

/* In the order of the network's outputs, then of the inputs of the host layers in front of them. */
static void find_leaving(struct split *s)
{
	const size_t n = graph_outputs(s->g, NULL, 0);
	struct layer **out = xcalloc(n, sizeof *out);

	graph_outputs(s->g, out, n);
	for (size_t i = 0; i < n; i++) {
		if (s->side[out[i]->in[0].layer->index] == BEHIND)
			add_read(s, out[i]);
		else
			add_leaving(s, &out[i]->in[0], out[i]);
	}
	free(out);
}

static int split_init(struct split *s, const struct graph *g, struct err *e)
{
	s->g = g;
	s->side = xcalloc(g->nlayers, sizeof *s->side);
	s->enter = xcalloc(g->nlayers, sizeof *s->enter);
	find_sides(s);
	for (size_t i = 0; i < g->nlayers; i++) {
		struct layer *l = g->layers[i];

		if (l->type == HN_INPUT && find_end(s, l, e) < 0)
			return -1;
		if (s->side[i] == BEHIND && check_behind(s, l, e) < 0)
			return -1;
	}
	find_leaving(s);
	return 0;
}

static void split_release(struct split *s)
{
	free(s->side);
	free(s->enter);
	free(s->out);
}

int graph_check_host(const struct graph *g, struct err *e)
{
	struct split s = { 0 };
	const int r = split_init(&s, g, e);

	split_release(&s);
	return r;
}

/* ---- building a part ---- */

struct part {
	const struct split *s;
	struct graph *g;
	struct layer **made; /* by index of the whole graph's layer */
};

static struct layer *copy(struct part *p, const struct layer *l)
{
	struct layer *c = graph_copy_layer(p->g, l);

	p->made[l->index] = c;
	return c;
}

static void set_shape(struct layer *l, const struct hn_shape *s)
{
	l->out[0] = *s;
}

static char *free_name(struct part *p, const char *name)
{
	char *v = arena_strdup(&p->g->arena, name);

	for (int i = 2; graph_find(p->g, v); i++)
		v = arena_printf(&p->g->arena, "%s_%d", name, i);
	return v;
}

/* The layers of one side, without edges. */
static void copy_side(struct part *p, enum side side)
{
	const struct graph *g = p->s->g;

	for (size_t i = 0; i < g->nlayers; i++) {
		const struct layer *l = g->layers[i];

		if (p->s->side[i] == side && l->type != HN_OUTPUT)
			copy(p, l);
	}
}

static void add_output(struct part *p, const char *name, struct layer *from, int port)
{
	struct layer *o =
	    graph_add(p->g, HN_OUTPUT, name ? name : graph_new_name(p->g, "output_layer"));

	layer_add_input(p->g, o, from, port);
	o->out[0] = from->out[port];
	p->g->output_order[p->g->noutput_order++] = from->name;
}

static void copy_edges(struct part *p, enum side side)
{
	const struct graph *g = p->s->g;

	for (size_t i = 0; i < g->nlayers; i++) {
		const struct layer *l = g->layers[i];

		for (size_t k = 0; p->s->side[i] == side && p->made[i] && k < l->nin; k++)
			layer_add_input(p->g, p->made[i], p->made[l->in[k].layer->index],
					l->in[k].port);
	}
}

static void make_before(struct part *p)
{
	const struct graph *g = p->s->g;

	copy_side(p, BEFORE);
	copy_edges(p, BEFORE);
	for (size_t i = 0; i < g->nlayers; i++)
		if (g->layers[i]->type == HN_INPUT)
			add_output(p, NULL, p->made[p->s->enter[i]->index], 0);
}

/* The input layers carry what comes out of the host. */
static void make_device(struct part *p)
{
	const struct split *s = p->s;
	const struct graph *g = s->g;

	for (size_t i = 0; i < g->nlayers; i++) {
		const struct layer *l = g->layers[i];

		if (l->type == HN_INPUT)
			set_shape(copy(p, l), &s->enter[i]->out[0]);
		else if (s->side[i] == DEVICE)
			copy(p, l);
	}
	for (size_t i = 0; i < g->nlayers; i++)
		if (s->side[i] == BEFORE && g->layers[i]->type != HN_INPUT)
			p->made[i] = p->made[s->enter[i]->index];
	copy_edges(p, DEVICE);
	for (size_t i = 0; i < s->nout; i++)
		if (s->out[i].output)
			add_output(p, s->out[i].output->name, p->made[s->out[i].layer->index],
				   s->out[i].port);
		else
			add_output(p, NULL, p->made[s->out[i].layer->index], s->out[i].port);
}

/* An input layer for a tensor that leaves the device, in the same order. */
static struct layer *arriving(struct part *p, const struct leaving *t)
{
	struct arena *a = &p->g->arena;
	const char *name =
	    t->port ? arena_printf(a, "%s.%d", t->layer->name, t->port) : t->layer->name;
	struct layer *l = graph_add(p->g, HN_INPUT, free_name(p, name));

	set_shape(l, &t->layer->out[t->port]);
	return l;
}

static struct layer *find_arrived(struct layer *const *in, const struct split *s,
				  const struct hn_input *from, const struct layer *output)
{
	for (size_t i = 0; i < s->nout; i++)
		if (s->out[i].layer == from->layer && s->out[i].port == from->port &&
		    (!output || s->out[i].output == output))
			return in[i];
	BUG("'%s' does not leave the device", from->layer->name);
}

/* The edges of a host layer or output layer: from the device, or from another host layer. */
static void behind_edges(struct part *p, struct layer *const *in, const struct layer *l,
			 struct layer *to)
{
	const struct split *s = p->s;

	for (size_t k = 0; k < l->nin; k++) {
		const struct hn_input *from = &l->in[k];
		const bool host = s->side[from->layer->index] == BEHIND;

		layer_add_input(p->g, to,
				host ? p->made[from->layer->index]
				     : find_arrived(in, s, from, l->type == HN_OUTPUT ? l : NULL),
				host ? from->port : 0);
	}
}

static void make_behind(struct part *p)
{
	const struct split *s = p->s;
	const size_t n = graph_outputs(s->g, NULL, 0);
	struct layer **in = xcalloc(s->nout, sizeof *in);
	struct layer **out = xcalloc(n, sizeof *out);

	for (size_t i = 0; i < s->nout; i++)
		in[i] = arriving(p, &s->out[i]);
	copy_side(p, BEHIND);
	for (size_t i = 0; i < s->g->nlayers; i++)
		if (s->side[i] == BEHIND && p->made[i])
			behind_edges(p, in, s->g->layers[i], p->made[i]);
	graph_outputs(s->g, out, n);
	for (size_t i = 0; i < n; i++) {
		struct layer *o = copy(p, out[i]);

		behind_edges(p, in, out[i], o);
		p->g->output_order[p->g->noutput_order++] = o->in[0].layer->name;
	}
	free(in);
	free(out);
}

static bool any_on_host(const struct graph *g)
{
	for (size_t i = 0; i < g->nlayers; i++)
		if (layer_on_host(g->layers[i]))
			return true;
	return false;
}

struct graph *graph_part(const struct graph *g, enum graph_part which, struct err *e)
{
	static void (*const make[])(struct part *) = {
		[PART_BEFORE] = make_before,
		[PART_DEVICE] = make_device,
		[PART_BEHIND] = make_behind,
	};
	struct split s = { 0 };
	struct part p = { .s = &s };

	if (which == PART_DEVICE && !any_on_host(g))
		return graph_clone(g);
	if (split_init(&s, g, e) == 0) {
		p.g = graph_new(g->name);
		p.made = xcalloc(g->nlayers, sizeof *p.made);
		p.g->output_order = xcalloc(g->nlayers + s.nout, sizeof *p.g->output_order);
		make[which](&p);
		free(p.made);
		p.g->unknown = json_deep_copy(g->unknown);
		p.g->unknown_net_params = json_deep_copy(g->unknown_net_params);
		if (graph_infer_shapes(p.g, e) < 0) {
			graph_free(p.g);
			p.g = NULL;
		}
	}
	split_release(&s);
	return p.g;
}
