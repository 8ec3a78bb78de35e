/* What of the network runs where: for profilers, no runtime reads it. */
#include "hef/write.h"
#include "io/json.h"

static const struct layer *origin(const struct writer *w, const char *layer)
{
	return w->host && w->host->device ? graph_find(w->host->device, layer) : NULL;
}

char **hef_original_names(struct writer *w, const char *layer, size_t *n)
{
	const struct layer *l = origin(w, layer);
	char **v;

	*n = l ? l->noriginal : 0;
	v = arena_array(&w->arena, *n + 1, sizeof *v);
	for (size_t i = 0; i < *n; i++)
		v[i] = arena_strdup(&w->arena, l->original_names[i]);
	return v;
}

static json_t *layer_json(struct writer *w, const struct isa_layer *l)
{
	json_t *names = json_array();
	const char *first = l->group >= 0 ? w->p->layers[l->group].name : NULL;
	size_t n;
	char **v = hef_original_names(w, l->layer, &n);

	for (size_t i = 0; i < n; i++)
		json_array_append_new(names, json_string(v[i]));
	return json_pack(
	    "{s:s, s:s, s:o, s:s?, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:i, s:[ii], s:[ii]}",
	    "name", l->name, "layer", l->layer, "original_names", names, "merged_with", first,
	    "context", (int)l->context, "cluster", (int)l->cluster, "lcus", (int)l->lcus,
	    "subclusters", (int)l->subclusters, "input_aligners", (int)l->input_aligners, "apus",
	    (int)l->apus, "l3_weight_cuts", (int)l->l3_weight_cuts, "row_cycles",
	    (json_int_t)l->row_cycles, "rows", (int)l->rows, "features", (int)l->from, (int)l->to,
	    "columns", (int)l->column_from, (int)l->column_to);
}

/* Several groups make a list. */
static void add_text(struct writer *w, Hef__Hef *m, const char *text)
{
	const char *before = (const char *)m->mapping.data;
	const int n = (int)m->mapping.len;
	char *all;

	if (!n)
		all = arena_strdup(&w->arena, text);
	else if (before[0] == '[')
		all = arena_printf(&w->arena, "%.*s,%s]", n - 1, before, text);
	else
		all = arena_printf(&w->arena, "[%s,%s]", before, text);
	m->mapping.data = (uint8_t *)all;
	m->mapping.len = strlen(all);
}

/* Compact, for it may be long. */
static void mapping(struct writer *w, Hef__Hef *m)
{
	const struct isa_prog *p = w->p;
	json_t *layers = json_array(), *j;
	char *text;

	for (size_t i = 0; i < p->nlayers; i++)
		json_array_append_new(layers, layer_json(w, &p->layers[i]));
	j = json_pack("{s:s, s:s, s:i, s:o}", "network", p->net, "target", p->machine.arch,
		      "contexts", (int)p->ncontexts, "layers", layers);
	text = json_dumps(j, JSON_COMPACT);
	add_text(w, m, text);
	free(text);
	json_decref(j);
}

/* ---- a layer of the network and the physical layers that it is divided into ---- */

static Hef__EdgeLayerInfo *whole(struct writer *w, const struct isa_layer *l)
{
	const struct isa_tensor *t = &w->p->tensors[l->out.v[0]];
	Hef__EdgeLayerInfo *i = arena_alloc(&w->arena, sizeof *i);
	Hef__EdgeLayerBase *b = arena_alloc(&w->arena, sizeof *b);

	hef__edge_layer_info__init(i);
	hef__edge_layer_base__init(b);
	b->height = b->padded_height = (uint32_t)t->h;
	b->width = b->padded_width = (uint32_t)t->w;
	b->features = b->padded_features = (uint32_t)t->c;
	b->data_bytes = (uint32_t)t->bits / 8;
	i->name = arena_strdup(&w->arena, l->layer);
	i->edge_layer_base = b;
	i->original_names = hef_original_names(w, l->layer, &i->n_original_names);
	return i;
}

static bool same_layer(const struct isa_layer *a, const struct isa_layer *b)
{
	return a->role == ISA_COMPUTE && b->role == ISA_COMPUTE && a->out.v[0] == b->out.v[0];
}

/* Parts of a tensor stand together, inside a context or over several. */
static Hef__EdgeLayerFused *fused(struct writer *w, size_t first)
{
	const struct isa_prog *p = w->p;
	Hef__EdgeLayerFused *f = arena_alloc(&w->arena, sizeof *f);
	size_t n = 0;

	for (size_t i = first; i < p->nlayers; i++)
		n += same_layer(&p->layers[first], &p->layers[i]);
	if (n < 2)
		return NULL;
	hef__edge_layer_fused__init(f);
	f->layer_info = whole(w, &p->layers[first]);
	f->defused_layers_names = arena_array(&w->arena, n, sizeof *f->defused_layers_names);
	for (size_t i = first; i < p->nlayers; i++)
		if (same_layer(&p->layers[first], &p->layers[i]))
			f->defused_layers_names[f->n_defused_layers_names++] = p->layers[i].name;
	return f;
}

/* network_has_fused_layers stays false: it is about outputs that the runtime joins. */
static Hef__FusedLayersMetadata *fused_layers(struct writer *w)
{
	const struct isa_prog *p = w->p;
	Hef__FusedLayersMetadata *m = arena_alloc(&w->arena, sizeof *m);
	bool *seen = xcalloc(p->ntensors, 1);

	hef__fused_layers_metadata__init(m);
	m->fused_layers = arena_array(&w->arena, p->nlayers, sizeof *m->fused_layers);
	for (size_t i = 0; i < p->nlayers; i++) {
		int32_t t = p->layers[i].role == ISA_COMPUTE ? p->layers[i].out.v[0] : -1;
		Hef__EdgeLayerFused *f = t >= 0 && !seen[t] ? fused(w, i) : NULL;

		if (t >= 0)
			seen[t] = true;
		if (f)
			m->fused_layers[m->n_fused_layers++] = f;
	}
	free(seen);
	return m->n_fused_layers ? m : NULL;
}

void hef_write_mapping(struct writer *w, Hef__Hef *m, Hef__CoreOp *core)
{
	if (w->form->stripped)
		return;
	mapping(w, m);
	core->fused_layers_metadata = fused_layers(w);
}
