/* The automatic model script: every choice, so that reading it again repeats the allocation. */
#include "alloc/alloc_set.h"

static void name_list(const struct allocation *a, const size_t *layers, size_t n, struct str *out)
{
	size_t i;

	str_puts(out, "[");
	for (i = 0; i < n; i++) {
		str_puts(out, i ? ", " : "");
		alls_print_name(a->layers[layers[i]].name, out);
	}
	str_puts(out, "]");
}

/* Parts of the layer that begins at i. */
static size_t parts_of(const struct allocation *a, size_t i)
{
	size_t n = 1;

	while (i + n < a->nlayers && strcmp(a->layers[i + n].layer, a->layers[i].layer) == 0)
		n++;
	return n;
}

/* Made by defuse(), with the parts? */
static bool is_split(const struct alloc_layer *l)
{
	return l->relay.word && (strcmp(l->relay.word, "INPUT_FEATURES") == 0 ||
				 strcmp(l->relay.word, "SPATIAL") == 0);
}

/* The splitter in front of a layer's parts; NULL: they take in whole rows. */
static const struct alloc_layer *splitter_of(const struct allocation *a, const char *layer)
{
	for (size_t i = 0; i < a->nlayers; i++)
		if (is_split(&a->layers[i]) && strcmp(a->layers[i].relay.to[0], layer) == 0)
			return &a->layers[i];
	return NULL;
}

static void print_defuse(const struct allocation *a, struct str *out)
{
	const struct alloc_layer *split;
	char *whole;
	bool spatial;
	size_t i, k, n;

	for (i = 0; i < a->nlayers; i += n) {
		n = parts_of(a, i);
		if (n == 1)
			continue;
		if ((split = splitter_of(a, a->layers[i].layer)) != NULL) {
			alls_print_name(split->name, out);
			str_puts(out, ", ");
		}
		for (k = 0; k < n; k++) {
			alls_print_name(a->layers[i + k].name, out);
			str_puts(out, ", ");
		}
		spatial = a->layers[i].column_to < a->layers[i + n - 1].column_to;
		whole = xasprintf("%s_%sdc", a->layers[i].layer, spatial ? "s" : "");
		alls_print_name(whole, out);
		free(whole);
		str_puts(out, " = defuse(");
		alls_print_name(a->layers[i].layer, out);
		str_printf(out, ", %zu%s%s)\n", n,
			   spatial ? ", defuse_type=SPATIAL"
			   : split ? ", defuse_type=INPUT_FEATURES"
				   : "",
			   spatial && split ? ", splitter=True" : "");
	}
}

static void string_list(char *const *names, size_t n, struct str *out)
{
	str_puts(out, "[");
	for (size_t i = 0; i < n; i++) {
		str_puts(out, i ? ", " : "");
		alls_print_name(names[i], out);
	}
	str_puts(out, "]");
}

static void print_relay(const struct alloc_layer *l, struct str *out)
{
	const struct alloc_relay *r = &l->relay;

	alls_print_name(l->name, out);
	str_printf(out, " = %s(", alloc_kind_name(l->kind));
	if (l->kind == ALLOC_SHAPE_SPLITTER)
		str_printf(out, "%s, ", r->word);
	if (l->kind == ALLOC_CONCAT || l->kind == ALLOC_MUX)
		string_list(r->from, r->nfrom, out);
	else
		alls_print_name(r->from[0], out);
	for (size_t i = 0; i < r->nto && l->kind == ALLOC_FORMAT; i++) {
		str_puts(out, ", ");
		alls_print_name(r->to[i], out);
	}
	if (l->kind == ALLOC_FORMAT) {
		str_printf(out, ", %s", r->word);
	} else if (l->kind != ALLOC_MUX) {
		str_puts(out, ", ");
		if (r->nto > 1)
			string_list(r->to, r->nto, out);
		else
			alls_print_name(r->to[0], out);
	}
	str_puts(out, ")\n");
}

static int by_order(const void *x, const void *y)
{
	const struct alloc_layer *const *a = x, *const *b = y;

	return (*a)->relay.order < (*b)->relay.order ? -1 : (*a)->relay.order > (*b)->relay.order;
}

/* In the order in which they were put in: one may join layers and earlier ones. */
static void print_relays(const struct allocation *a, struct str *out)
{
	const struct alloc_layer **relays = xcalloc(a->nlayers + 1, sizeof(void *));
	size_t n = 0;

	for (size_t i = 0; i < a->nlayers; i++)
		if (a->layers[i].kind != ALLOC_LAYER && !is_split(&a->layers[i]))
			relays[n++] = &a->layers[i];
	if (n)
		qsort(relays, n, sizeof *relays, by_order);
	for (size_t i = 0; i < n; i++)
		print_relay(relays[i], out);
	free(relays);
}

/* A group of n: "G_1 = merge(A, B)", "G_2 = merge(G_1, C)" ..., the last one is G. */
static void print_merge(const struct allocation *a, const size_t *members, size_t n,
			struct str *out)
{
	const char *group = a->layers[members[0]].merged;
	char *before = xstrdup(a->layers[members[0]].name);

	for (size_t k = 1; k < n; k++) {
		char *name = k + 1 < n ? xasprintf("%s_%zu", group, k) : xstrdup(group);

		alls_print_name(name, out);
		str_puts(out, " = merge(");
		alls_print_name(before, out);
		str_puts(out, ", ");
		alls_print_name(a->layers[members[k]].name, out);
		str_puts(out, ")\n");
		free(before);
		before = name;
	}
	free(before);
}

static void print_merges(const struct allocation *a, struct str *out)
{
	size_t *members = xcalloc(a->nlayers + 1, sizeof *members);
	size_t n;

	for (size_t i = 0; i < a->nlayers; i++) {
		if (a->layers[i].group != (int32_t)i)
			continue;
		for (size_t k = n = 0; k < a->nlayers; k++)
			if (a->layers[k].group == (int32_t)i)
				members[n++] = k;
		print_merge(a, members, n, out);
	}
	free(members);
}

/* Contexts of several groups have the same numbers. */
static void print_prefix(const struct allocation *a, struct str *out)
{
	if (a->group.name)
		str_printf(out, "%s_", a->group.name);
}

static void print_contexts(const struct allocation *a, struct str *out)
{
	size_t *members = xcalloc(a->nlayers + 1, sizeof *members);
	size_t i, n;
	int32_t c;

	for (c = 0; c < a->ncontexts && a->ncontexts > 1; c++) {
		for (i = n = 0; i < a->nlayers; i++)
			if (a->layers[i].context == c)
				members[n++] = i;
		print_prefix(a, out);
		str_printf(out, "context_%d = context(", c);
		name_list(a, members, n, out);
		str_puts(out, ")\n");
	}
	free(members);
}

/* Mode 0 has 8 columns; the wider one is 16x4. */
static void print_params(const struct allocation *a, struct str *out)
{
	const struct alloc_layer *l;
	size_t i;

	for (i = 0; i < a->nlayers; i++) {
		l = &a->layers[i];
		if (l->lcus == 0 || l->kind != ALLOC_LAYER)
			continue;
		str_puts(out, "compilation_param(");
		alls_print_name(l->name, out);
		str_printf(out,
			   ", resources_allocation_strategy=manual_scs_selection, "
			   "number_of_subclusters=%d, use_16x4_sc=%s, number_of_apus=%d, "
			   "number_of_input_aligners=%d",
			   l->subclusters, l->columns > l->features ? "enabled" : "disabled",
			   l->apus, l->input_aligners);
		if (l->compressed)
			str_puts(out, ", compress_l3_weights=enabled");
		if (l->mixed >= 0)
			str_printf(out, ", mixed_mem=%s", l->mixed ? "enabled" : "disabled");
		str_puts(out, ")\n");
	}
}

static void print_places(const struct allocation *a, struct str *out)
{
	size_t *members = xcalloc(a->nlayers + 1, sizeof *members);
	size_t i, n;
	int32_t c, k;

	for (c = 0; c < a->ncontexts; c++)
		for (k = 0; k < 32; k++) {
			for (i = n = 0; i < a->nlayers; i++)
				if (a->layers[i].context == c && a->layers[i].cluster == k &&
				    a->layers[i].lcus > 0)
					members[n++] = i;
			if (n == 0)
				continue;
			if (a->ncontexts > 1) {
				print_prefix(a, out);
				str_printf(out, "context_%d.", c);
			}
			str_printf(out, "place(%d, ", k);
			name_list(a, members, n, out);
			str_puts(out, ")\n");
		}
	free(members);
}

static void print_buffers(const struct allocation *a, struct str *out)
{
	const struct alloc_edge *ed;
	size_t i;

	for (i = 0; i < a->nedges; i++) {
		ed = &a->edges[i];
		if (ed->kind == EDGE_INTER_CONTEXT) /* always the whole tensor */
			continue;
		str_puts(out, "buffers(");
		alls_print_name(a->layers[ed->from].name, out);
		str_puts(out, ", ");
		alls_print_name(a->layers[ed->to].name, out);
		str_printf(out, ", %d)\n", ed->rows);
	}
}

static void print_removed(const struct allocation *a, struct str *out)
{
	for (size_t i = 0; i < a->removed.n; i++) {
		str_puts(out, "remove_node(");
		alls_print_name(a->removed.v[i], out);
		str_puts(out, ")\n");
	}
}

static void print_head(const struct allocation *a, struct str *out)
{
	if (a->batch != 1)
		str_printf(out, "performance_param(optimize_for_batch=%d)\n", a->batch);
	if (a->no_ecc)
		str_puts(out, "allocator_param(enable_lcu_ecc=disabled)\n");
	if (a->no_power)
		str_puts(out, "allocator_param(calculate_power=disabled)\n");
}

static void print_group(const struct hn_group *group, struct str *out)
{
	if (!group->name)
		return;
	str_printf(out, "%s = network_group(", group->name);
	string_list(group->networks, group->nnetworks, out);
	str_puts(out, ")\n");
}

static void print_body(const struct allocation *a, struct str *out)
{
	print_removed(a, out);
	print_contexts(a, out);
	print_defuse(a, out);
	print_relays(a, out);
	print_merges(a, out);
	print_params(a, out);
	print_places(a, out);
	print_buffers(a, out);
}

void alloc_set_script(const struct alloc_set *s, struct str *out)
{
	print_head(s->v[0], out);
	for (size_t i = 0; i < s->n; i++)
		print_group(&s->v[i]->group, out);
	for (size_t i = 0; i < s->n; i++)
		print_body(s->v[i], out);
}

void alloc_script(const struct allocation *a, struct str *out)
{
	print_head(a, out);
	print_group(&a->group, out);
	print_body(a, out);
}
