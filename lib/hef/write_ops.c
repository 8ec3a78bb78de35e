/* Operations: point at the configuration words, start sequencers and layer controllers, open
 * inputs. */
#include "hef/write.h"

struct actions {
	struct writer *w;
	Hef__Operation *o;
	size_t cap;
	const struct isa_layer *share; /* what each layer takes (isa_shares) */
};

static Hef__Action *add(struct actions *a, Hef__Action__KindCase kind)
{
	Hef__Action *n = arena_alloc(&a->w->arena, sizeof *n);

	if (a->o->n_actions == a->cap) {
		size_t cap = a->cap ? 2 * a->cap : 64;
		Hef__Action **v = arena_array(&a->w->arena, cap, sizeof *v);

		if (a->cap)
			memcpy(v, a->o->actions, a->cap * sizeof *v);
		a->o->actions = v;
		a->cap = cap;
	}
	hef__action__init(n);
	n->kind_case = kind;
	a->o->actions[a->o->n_actions++] = n;
	return n;
}

/* One write of a chunk: a pointer at it, or, in the oldest version, itself; channels take turns. */
static size_t word_action(struct actions *a, size_t offset, size_t size)
{
	struct writer *w = a->w;
	uint32_t channel = w->next_channel++ % w->form->channels;
	size_t start = w->ccws.len;
	size_t n = isa_ccw_write(&w->image, offset, size, w->form->compressed, &w->ccws);

	if (w->form->version == HEF_MD5) {
		Hef__WriteDataCcw *d = arena_alloc(&w->arena, sizeof *d);

		hef__write_data_ccw__init(d);
		d->data.len = w->ccws.len;
		d->data.data = arena_alloc(&w->arena, w->ccws.len);
		memcpy(d->data.data, w->ccws.p, w->ccws.len);
		w->ccws.len = 0;
		d->cfg_channel_index = channel;
		add(a, HEF__ACTION__KIND_WRITE_DATA_CCW)->write_data_ccw = d;
	} else {
		Hef__WriteDataCcwPtr *p = arena_alloc(&w->arena, sizeof *p);

		hef__write_data_ccw_ptr__init(p);
		p->offset = start;
		p->size = (uint32_t)(w->ccws.len - start);
		p->cfg_channel_index = channel;
		add(a, HEF__ACTION__KIND_WRITE_DATA_CCW_PTR)->write_data_ccw_ptr = p;
	}
	return n;
}

/* The Ethernet path of HailoRT takes one write at a time. */
static void words(struct actions *a, int32_t segment)
{
	struct writer *w = a->w;

	for (; w->chunk < w->image.nchunks && w->image.chunks[w->chunk].segment == segment;
	     w->chunk++) {
		const struct isa_chunk *c = &w->image.chunks[w->chunk];

		for (size_t done = 0; done < c->size;)
			done += word_action(a, c->offset + done, c->size - done);
	}
}

static uint64_t low_bits(int64_t n)
{
	return n >= 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1;
}

/*
 * Starts the sequencer of each cluster that the context uses, with the units its layers take, and
 * waits for it.
 */
static void sequencers(struct actions *a, int32_t context)
{
	const struct isa_prog *p = a->w->p;
	bool started[256] = { false };

	for (int32_t cluster = 0; cluster < p->machine.clusters; cluster++) {
		int64_t sc = 0, ia = 0, apu = 0, layers = 0;
		Hef__EnableSequencer *q;

		for (size_t i = 0; i < p->nlayers; i++) {
			const struct isa_layer *l = &p->layers[i];

			if (l->context != context || l->cluster != cluster)
				continue;
			sc += a->share[i].subclusters;
			ia += a->share[i].input_aligners;
			apu += a->share[i].apus;
			layers++;
		}
		if (!layers)
			continue;
		q = arena_alloc(&a->w->arena, sizeof *q);
		hef__enable_sequencer__init(q);
		q->cluster_index = (uint32_t)cluster;
		q->active_sc_bitmap = q->active_l2_bitmap = low_bits(sc);
		q->active_ia_bitmap = (uint32_t)low_bits(ia);
		q->active_apu_bitmap = (uint32_t)low_bits(apu);
		add(a, HEF__ACTION__KIND_ENABLE_SEQUENCER)->enable_sequencer = q;
		started[cluster] = true;
	}
	for (int32_t cluster = 0; cluster < p->machine.clusters; cluster++) {
		Hef__WaitForSequencer *q = arena_alloc(&a->w->arena, sizeof *q);

		hef__wait_for_sequencer__init(q);
		q->cluster_index = (uint32_t)cluster;
		if (started[cluster])
			add(a, HEF__ACTION__KIND_WAIT_FOR_SEQUENCER)->wait_for_sequencer = q;
	}
}

/* Of a layer, or of all that are merged with it. */
static uint32_t rows(const struct isa_prog *p, size_t first)
{
	uint32_t n = (uint32_t)p->layers[first].rows;

	for (size_t i = first + 1; i < p->nlayers; i++)
		if (p->layers[i].group == (int32_t)first)
			n += (uint32_t)p->layers[i].rows;
	return n;
}

static void controllers(struct actions *a, int32_t context)
{
	const struct isa_prog *p = a->w->p;
	uint32_t next[256] = { 0 };

	for (size_t i = 0; i < p->nlayers; i++) {
		const struct isa_layer *l = &p->layers[i];
		Hef__EnableLcu *n;

		if (l->context != context || l->cluster < 0 || !a->share[i].lcus)
			continue;
		n = arena_alloc(&a->w->arena, sizeof *n);
		hef__enable_lcu__init(n);
		n->cluster_index = (uint32_t)l->cluster;
		n->lcu_index = next[l->cluster];
		next[l->cluster] += (uint32_t)a->share[i].lcus;
		n->network_index = hef_network_of(a->w, l->name);
		n->lcu_kernel_done_count = rows(p, i);
		add(a, HEF__ACTION__KIND_ENABLE_LCU)->enable_lcu = n;
	}
}

/* The one run of consecutive openings that a device demands. */
static void inputs(struct actions *a, int32_t context)
{
	const struct ports *s = &a->w->ports[context];

	for (size_t i = 0; i < s->n; i++) {
		Hef__AllowInputDataflow *n;

		if (s->v[i].direction)
			continue;
		n = arena_alloc(&a->w->arena, sizeof *n);
		hef__allow_input_dataflow__init(n);
		n->sys_index = s->v[i].sys_index;
		n->connection_type = s->v[i].connection;
		add(a, HEF__ACTION__KIND_ALLOW_INPUT_DATAFLOW)->allow_input_dataflow = n;
	}
}

/* Without the sequencer, only the layer controllers are started. */
static void start(struct actions *a, int32_t context)
{
	struct isa_layer *share = isa_shares(a->w->p);

	a->share = share;
	if (a->w->form->sequencer)
		sequencers(a, context);
	controllers(a, context);
	free(share);
	a->share = NULL;
}

/* Over Ethernet, HailoRT looks at the preliminary configuration only. */
Hef__Operation *hef_write_operation(struct writer *w, int32_t segment)
{
	Hef__Operation *o = arena_alloc(&w->arena, sizeof *o);
	Hef__Empty *none = arena_alloc(&w->arena, sizeof *none);
	struct actions a = { w, o, 0, NULL };

	hef__operation__init(o);
	hef__empty__init(none);
	o->trigger = arena_alloc(&w->arena, sizeof *o->trigger);
	hef__trigger__init(o->trigger);
	o->trigger->kind_case = HEF__TRIGGER__KIND_NONE;
	o->trigger->none = none;
	words(&a, segment);
	if (segment == 0 && w->form->ethernet) {
		words(&a, 1);
		start(&a, 0);
	}
	if (segment > 0) {
		if (!w->form->ethernet)
			start(&a, segment - 1);
		inputs(&a, segment - 1);
	}
	return o;
}
