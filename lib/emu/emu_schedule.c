/* Steps and values of a graph, before kernels are made. */
#include "emu/emu_int.h"
#include <assert.h>

/* Layers that leave their input as it is: their output is their input's memory. */
static bool is_alias(const struct layer *l)
{
	if (l->type == HN_OUTPUT)
		return true;
	return l->type == HN_FORMAT_CONVERSION && l->p.activation == ACT_LINEAR &&
	       !hn_conversion_transposes(l->p.conversion) && !layer_pack(l);
}

/* Layers whose kernel, if any, computes in integers. */
static bool in_codes(const struct emu *m, const struct layer *l)
{
	return m->q || (m->in_codes && m->in_codes[l->index]);
}

size_t emu_value_in(const struct emu *m, const struct layer *l, size_t i)
{
	return m->steps[l->in[i].layer->index].out + (size_t)l->in[i].port;
}

size_t emu_root(const struct emu *m, size_t v)
{
	while (m->values[v].root != v)
		v = m->values[v].root;
	return v;
}

static void add_values(struct emu *m, const struct layer *l, size_t element)
{
	const struct step *s = &m->steps[l->index];

	for (size_t p = 0; p < l->nout; p++) {
		struct value *v = &m->values[m->nvalues];

		*v = (struct value){
			.bytes = hn_shape_count(&l->out[p]) * element * (size_t)m->batch,
			.root = m->nvalues,
			.first = l->index,
			.last = l->index,
			.external = s->fed || s->passed,
		};
		m->nvalues++;
	}
}

/* A value lives until its last reader, and so does the one whose memory it shares. */
static void extend(struct emu *m, const struct layer *l)
{
	for (size_t i = 0; i < l->nin; i++)
		m->values[emu_root(m, emu_value_in(m, l, i))].last = l->index;
}

/* Where the caller's pointers for network inputs and outputs go. */
static void number_io(struct emu *m)
{
	struct layer **l = xcalloc(m->nsteps, sizeof *l);
	size_t n = graph_inputs(m->g, l, m->nsteps);

	for (size_t i = 0; i < n; i++) {
		struct step *s = &m->steps[hn_fed(l[i])->index];

		s->slot = i;
		s->fed = true;
		m->steps[l[i]->index].passed = !hn_is_emulated(l[i]);
	}
	n = graph_outputs(m->g, l, m->nsteps);
	for (size_t i = 0; i < n; i++)
		m->steps[l[i]->index].slot = i;
	free(l);
}

void emu_schedule(struct emu *m, size_t (*element)(const struct emu *m, const struct layer *l))
{
	const struct graph *g = m->g;
	size_t ports = 0;

	for (size_t i = 0; i < g->nlayers; i++)
		ports += g->layers[i]->nout;
	m->nsteps = g->nlayers;
	m->steps = arena_array(&m->arena, m->nsteps, sizeof *m->steps);
	m->values = arena_array(&m->arena, ports, sizeof *m->values);
	number_io(m);
	for (size_t i = 0; i < m->nsteps; i++) {
		const struct layer *l = g->layers[i];
		struct step *s = &m->steps[i];

		s->l = l;
		s->out = m->nvalues;
		s->in_data = arena_array(&m->arena, l->nin, sizeof *s->in_data);
		s->out_data = arena_array(&m->arena, l->nout, sizeof *s->out_data);
		add_values(m, l, element(m, l));
		s->alias = !s->fed && (in_codes(m, l) ? l->type == HN_OUTPUT : is_alias(l));
		if (s->alias)
			m->values[s->out].root = emu_value_in(m, l, 0);
		extend(m, l);
	}
}

void emu_place(struct emu *m)
{
	unsigned char *base;

	m->memory_bytes = plan_memory(m->values, m->nvalues);
	assert(!plan_overlaps(m->values, m->nvalues));
	m->memory = base = xaligned(m->memory_bytes);
	memset(base, 0, m->memory_bytes);
	for (size_t i = 0; i < m->nsteps; i++) {
		struct step *s = &m->steps[i];

		for (size_t p = 0; p < s->l->nout; p++) {
			const size_t root = emu_root(m, s->out + p);

			if (m->values[root].external)
				continue;
			s->out_data[p] = base + m->values[root].offset;
			m->values[s->out + p].data = s->out_data[p];
		}
	}
}
