/* Rules on the message as a whole and on its network groups (hef(5), RULES). */
#include "base/mem.h"
#include "hef/rules.h"

/* No device has as much; it bounds the time that a check takes. */
enum {
	MAX_GROUPS = 64,
	MAX_OPS = 64,
	MAX_LAYOUTS = 16,
	MAX_LIST = 1024
};

RULE(header)
{
	return s->m->header ? 0 : err_set(e, "no header");
}

RULE(format_version)
{
	return s->m->header->version ? 0 : err_set(e, "header.version is 0");
}

RULE(arch)
{
	uint32_t a = hef_arch(s->m);

	return hef_arch_name(a) ? 0 : err_set(e, "hw_arch is %u", a);
}

RULE(extensions)
{
	for (size_t i = 0; i < s->m->n_extensions; i++) {
		uint32_t x = s->m->extensions[i]->type_index;

		if (x > EXT_SHARED_CONFIG || x == 7 || x == EXT_MULTI_NETWORK)
			return err_set(e, "extension %u", x);
	}
	return 0;
}

RULE(periph_extension)
{
	return hef_has(s->m, EXT_PERIPH) ? 0 : err_set(e, "extension 26 is missing");
}

static size_t count_operations(const struct hef_core *c)
{
	size_t n = c->preliminary ? c->preliminary->n_operation : 0;

	for (size_t i = 0; i < c->ncontexts; i++)
		n += c->contexts[i]->n_operations;
	return n;
}

RULE(shared_config)
{
	struct hef_core core;

	if (!hef_has(s->m, EXT_SHARED_CONFIG) || s->h->file.version == 3)
		return 0;
	for (size_t i = 0; i < s->m->n_network_groups; i++) {
		for (size_t k = 0; hef_core_at(s->m, s->m->network_groups[i], k, &core); k++) {
			if (count_operations(&core))
				return err_set(e, "header version %u", s->h->file.version);
		}
	}
	return 0;
}

RULE(groups)
{
	size_t n = s->m->n_network_groups;

	return n >= 1 && n <= MAX_GROUPS ? 0 : err_set(e, "%zu network groups", n);
}

RULE(group_names)
{
	for (size_t i = 0; i < s->m->n_network_groups; i++) {
		const char *name = hef_group_name(s->m->network_groups[i]);

		for (size_t k = 0; k < i; k++) {
			if (strcmp(name, hef_group_name(s->m->network_groups[k])) == 0)
				return err_set(e, "two groups are called '%s'", quote(name));
		}
	}
	return 0;
}

RULE(resources)
{
	uint64_t room = s->h->file.nccws + s->h->file.extra;

	for (size_t i = 0; i < s->m->n_external_resources; i++) {
		const Hef__ExternalResource *r = s->m->external_resources[i];

		if (r->offset > room || r->size > room - r->offset)
			return err_set(e, "'%s' at %llu, %llu bytes, of %llu", quote(r->name),
				       (unsigned long long)r->offset, (unsigned long long)r->size,
				       (unsigned long long)room);
	}
	return 0;
}

RULE(group_name)
{
	size_t n = strlen(hef_group_name(s->group));

	return n <= HEF_MAX_NAME ? 0 : err_set(e, "%zu bytes", n);
}

RULE(core_op)
{
	size_t n = 0;

	if (!hef_has(s->m, EXT_NET_FLOW))
		return 0;
	for (size_t i = 0; i < s->group->n_ops; i++)
		n += s->group->ops[i]->kind_case == HEF__OP__KIND_CORE_OP;
	return n == 1 ? 0 : err_set(e, "%zu core ops", n);
}

static int same_name(const Hef__GroupMetadata *d, const char *group, struct err *e)
{
	const char *name = d ? d->network_group_name : "";

	if (strcmp(name, group) == 0)
		return 0;
	return err_set(e, "core op '%s', group '%s'", quote(name), quote(group));
}

RULE(core_name)
{
	const char *name = hef_group_name(s->group);
	const Hef__CoreOp *c;

	if (!hef_has(s->m, EXT_NET_FLOW))
		return 0;
	c = hef_core_op(s->group)->core_op;
	for (size_t i = 0; i < c->n_partial_core_ops && hef_multi_layout(s->m); i++) {
		const Hef__CoreOp *p = c->partial_core_ops[i]->core_op;

		if (same_name(p ? p->metadata : NULL, name, e) < 0)
			return -1;
	}
	return hef_multi_layout(s->m) ? 0 : same_name(c->metadata, name, e);
}

RULE(partial)
{
	const Hef__NetworkGroup *g = s->group;
	const Hef__GroupMetadata *d;

	if (!hef_multi_layout(s->m))
		return 0;
	if (!g->n_partial_network_groups || !g->partial_network_groups[0]->network_group)
		return err_set(e, "no partial network group");
	for (size_t i = 0; i < g->n_partial_network_groups; i++) {
		if (!g->partial_network_groups[i]->network_group)
			return err_set(e, "partial network group %zu is empty", i);
	}
	if (!hef_has(s->m, EXT_NET_FLOW))
		return 0;
	d = g->metadata;
	if (!d || strcmp(d->network_group_name, hef_group_name(g)) != 0)
		return err_set(e, "group '%s', partial group '%s'",
			       quote(d ? d->network_group_name : ""), quote(hef_group_name(g)));
	if (!hef_core_op(g)->core_op->n_partial_core_ops)
		return err_set(e, "no partial core op");
	for (size_t i = 0; i < hef_core_op(g)->core_op->n_partial_core_ops; i++) {
		if (!hef_core_op(g)->core_op->partial_core_ops[i]->core_op)
			return err_set(e, "partial core op %zu is empty", i);
	}
	return 0;
}

/* ---- contexts of a group or layout ---- */

RULE(contexts)
{
	return s->core->ncontexts ? 0 : err_set(e, "no context");
}

RULE(context_count)
{
	return s->core->ncontexts <= ISA_MAX_CONTEXTS
		   ? 0
		   : err_set(e, "%zu contexts", s->core->ncontexts);
}

/* Boundary layers of a direction, and of network `net` when it is not negative. */
static size_t count_boundary(const struct hef_core *c, uint32_t direction, int net)
{
	size_t n = 0;

	for (size_t i = 0; i < c->ncontexts; i++) {
		const Hef__ContextMetadata *d = c->contexts[i]->metadata;

		for (size_t k = 0; d && k < d->n_edge_layers; k++) {
			const Hef__EdgeLayer *l = d->edge_layers[k];

			n += l->direction == direction && hef_connection(l) == CONN_BOUNDARY &&
			     (net < 0 || l->network_index == (uint32_t)net);
		}
	}
	return n;
}

RULE(boundary)
{
	if (!count_boundary(s->core, 0, -1))
		return err_set(e, "no input");
	return count_boundary(s->core, 1, -1) ? 0 : err_set(e, "no output");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

RULE(boundary_names)
{
	const struct hef_core *c = s->core;
	size_t n = 0, total = count_boundary(c, 0, -1) + count_boundary(c, 1, -1);
	const char **names = xcalloc(total, sizeof *names);
	int r = 0;

	for (size_t i = 0; i < c->ncontexts; i++) {
		const Hef__ContextMetadata *d = c->contexts[i]->metadata;

		for (size_t k = 0; d && k < d->n_edge_layers; k++) {
			const Hef__EdgeLayer *l = d->edge_layers[k];

			if (l->direction <= 1 && hef_connection(l) == CONN_BOUNDARY)
				names[n++] = hef_layer_name(l);
		}
	}
	qsort(names, n, sizeof *names, by_text);
	for (size_t i = 1; i < n && r == 0; i++) {
		if (strcmp(names[i - 1], names[i]) == 0)
			r = err_set(e, "two layers are called '%s'", quote(names[i]));
	}
	free(names);
	return r;
}

RULE(sorted_outputs)
{
	size_t n;

	hef_sorted_outputs(s->m, s->group, s->core, &n);
	return n ? 0 : err_set(e, "no sorted outputs");
}

static bool named(char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

RULE(sorted_names)
{
	struct hef_vstreams v = { 0 };
	size_t n;
	char **order = hef_sorted_outputs(s->m, s->group, s->core, &n);
	int r = 0;

	hef_list_vstreams(s->m, s->group, s->core, true, -1, &v);
	if (v.n > MAX_LIST)
		r = err_set(e, "%zu outputs, %d at most", v.n, MAX_LIST);
	for (size_t i = 0; i < v.n && v.n > 1 && r == 0; i++) {
		if (!named(order, n, v.v[i].name))
			r = err_set(e, "'%s' is not in the list", quote(v.v[i].name));
	}
	free(v.v);
	return r;
}

static int short_name(const char *name, struct err *e)
{
	size_t n = strlen(name);

	return n <= HEF_MAX_NAME ? 0 : err_set(e, "'%.32s...' has %zu bytes", quote(name), n);
}

RULE(names_length)
{
	const Hef__NetworkGroup *g = s->group;

	for (size_t i = 0; i < s->core->nnetworks; i++) {
		if (short_name(s->core->networks[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < g->n_networks_names; i++) {
		if (short_name(g->networks_names[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < g->n_ops; i++) {
		if (short_name(g->ops[i]->name, e) < 0)
			return -1;
		for (size_t k = 0; k < g->ops[i]->n_output_pads; k++) {
			if (short_name(g->ops[i]->output_pads[k]->name, e) < 0)
				return -1;
		}
	}
	return 0;
}

/* Names around the layouts of a chip with several. */
static size_t outer_networks(const struct site *s)
{
	if (!hef_multi_layout(s->m) || !hef_has(s->m, EXT_NET_FLOW))
		return s->core->nnetworks;
	return hef_core_op(s->group)->core_op->n_networks_names;
}

RULE(networks)
{
	size_t n = s->core->nnetworks;

	if (!hef_has_optional(s->m, EXT_MULTI_NETWORK))
		return 0;
	if (!n || !s->group->n_networks_names || outer_networks(s) != n)
		return err_set(e, "%zu names in the core, %zu around its layouts, %zu in the group",
			       n, outer_networks(s), s->group->n_networks_names);
	for (size_t i = 0; i < n; i++) {
		if (!count_boundary(s->core, 0, (int)i) || !count_boundary(s->core, 1, (int)i))
			return err_set(e, "network '%s' lacks an input or output",
				       quote(s->core->networks[i]));
	}
	return 0;
}

RULE(fused)
{
	const Hef__FusedLayersMetadata *f = s->core->fused;

	for (size_t i = 0; f && f->network_has_fused_layers && i < f->n_fused_layers; i++) {
		const Hef__EdgeLayerInfo *l = f->fused_layers[i]->layer_info;
		const Hef__EdgeLayerBase *b = l ? l->edge_layer_base : NULL;

		if (!b || !f->fused_layers[i]->nms_info || b->format != 6 ||
		    b->n_buffer_indices != 1 || b->data_bytes < 1 || b->data_bytes > 2)
			return err_set(e, "fused layer '%s'", quote(l ? l->name : ""));
	}
	return 0;
}

static size_t largest(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* The longest list that is gone through once for each member of another. */
static size_t longest_list(const struct site *s)
{
	const Hef__NetworkGroup *g = s->group;
	size_t most = largest(g->n_pad_edges, g->n_sorted_outputs_order);
	struct hef_core c;

	for (size_t i = 0; hef_core_at(s->m, g, i, &c); i++) {
		size_t n;

		hef_sorted_outputs(s->m, g, &c, &n);
		most = largest(most, largest(n, c.nnetworks));
		most = largest(most, count_boundary(&c, 0, -1) + count_boundary(&c, 1, -1));
		most = largest(most, c.fused && c.fused->network_has_fused_layers
					 ? c.fused->n_fused_layers
					 : 0);
	}
	return largest(most, g->n_networks_names);
}

RULE(counts)
{
	const Hef__NetworkGroup *g = s->group;
	const Hef__Op *core = hef_core_op(g);
	size_t layouts =
	    largest(g->n_partial_network_groups, core ? core->core_op->n_partial_core_ops : 0);
	size_t pads = 0;

	if (layouts > MAX_LAYOUTS)
		return err_set(e, "%zu layouts", layouts);
	for (size_t i = 0; i < g->n_ops; i++)
		if (g->ops[i]->kind_case != HEF__OP__KIND_CORE_OP)
			pads = largest(pads, g->ops[i]->n_input_pads);
	if (g->n_ops > MAX_OPS || pads > MAX_OPS)
		return err_set(e, "%zu ops, %zu input pads", g->n_ops, pads);
	if (longest_list(s) > MAX_LIST)
		return err_set(e, "a list of %zu entries", longest_list(s));
	return 0;
}
