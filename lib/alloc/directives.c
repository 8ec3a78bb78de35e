/* Model-script commands about single layers: defuse, compilation_param, context, place, buffers. */
#include "alloc/alloc_int.h"

static int fail(const struct plan *p, const struct alls_stmt *st, struct err *e)
{
	return alls_in(p->script, st, e);
}

/* Names of the parts: n of them, and the one of the whole, which is not used. */
static int name_parts(struct plan *p, const struct alls_stmt *st, struct unit *u, int64_t n,
		      struct err *e)
{
	const char *scope_end = strchr(u->l->name, '/');
	int scope = scope_end ? (int)(scope_end - u->l->name) + 1 : 0;
	int64_t i;

	if (st->nlhs == 0 || strcmp(st->lhs[0], "{}") == 0)
		return 0;
	if (st->nlhs != (size_t)n + 1) {
		err_set(
		    e,
		    "%zu names before '=', %lld expected: one for each part and one for the whole",
		    st->nlhs, (long long)n + 1);
		return fail(p, st, e);
	}
	u->part_names = arena_array(&p->arena, (size_t)n, sizeof *u->part_names);
	for (i = 0; i < n; i++) {
		if (graph_find(p->g, st->lhs[i])) {
			err_set(e, "'%s' is already a layer", quote(st->lhs[i]));
			return fail(p, st, e);
		}
		u->part_names[i] =
		    strchr(st->lhs[i], '/')
			? arena_strdup(&p->arena, st->lhs[i])
			: arena_printf(&p->arena, "%.*s%s", scope, u->l->name, st->lhs[i]);
	}
	return 0;
}

static int defuse(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	static const char *const keys[] = { "defuse_type", NULL };
	const struct alls_value *v;
	struct unit *u;
	const char *name;
	int32_t part;
	int64_t n;

	if (alls_arg(st, "defuse_type", 2)) {
		err_set(e, "only defuse by output features is supported: leave out defuse_type");
		return fail(p, st, e);
	}
	if (alls_only(p->script, st, keys, 2, e) < 0 ||
	    alls_need(p->script, st, NULL, 0, &v, e) < 0 ||
	    alls_text(p->script, st, v, "layer", &name, e) < 0)
		return -1;
	if (plan_find(p, name, &u, &part, e) < 0)
		return fail(p, st, e);
	if (alls_need(p->script, st, "defuse_number", 1, &v, e) < 0 ||
	    alls_int(p->script, st, v, "defuse_number", 1, MAX_PARTS, &n, e) < 0)
		return -1;
	if (part >= 0 || n > unit_max_parts(u)) {
		err_set(e, "'%s' can be divided into at most %d parts", quote(name),
			part >= 0 ? 1 : unit_max_parts(u));
		return fail(p, st, e);
	}
	u->fixed.parts = (int32_t)n;
	return name_parts(p, st, u, n, e);
}

/* compilation_param, read once and applied to each layer it names. */
struct compilation {
	int64_t subclusters, apus, aligners; /* 0: not given */
	int mode;                            /* -1: not given */
	double fps;
	bool manual;
};

static int compilation_read(const struct plan *p, const struct alls_stmt *st, struct compilation *c,
			    struct err *e)
{
	static const char *const keys[] = { "resources_allocation_strategy",
					    "number_of_subclusters",
					    "use_16x4_sc",
					    "number_of_apus",
					    "number_of_input_aligners",
					    "fps",
					    "no_contexts",
					    "balance_output_multisplit",
					    NULL };
	static const char *const strategies[] = { "automatic_scs_selection", "manual_scs_selection",
						  "min_scs_match_fps", NULL };
	static const char *const modes[] = {
		"disabled", "enabled", "allowed", "False", "True", NULL
	};
	const struct alls *s = p->script;
	const struct alls_value *v;
	int word;

	*c = (struct compilation){ .mode = -1 };
	if (alls_only(s, st, keys, 1, e) < 0)
		return -1;
	if ((v = alls_arg(st, "resources_allocation_strategy", SIZE_MAX)) != NULL) {
		if (alls_word(s, st, v, "resources_allocation_strategy", strategies, &word, e) < 0)
			return -1;
		c->manual = word == 1;
	}
	if ((v = alls_arg(st, "number_of_subclusters", SIZE_MAX)) != NULL &&
	    alls_int(s, st, v, "number_of_subclusters", 1, p->t->max_subclusters_per_layer,
		     &c->subclusters, e) < 0)
		return -1;
	if ((v = alls_arg(st, "number_of_apus", SIZE_MAX)) != NULL &&
	    alls_int(s, st, v, "number_of_apus", 1, p->t->apus_max_per_layer, &c->apus, e) < 0)
		return -1;
	if ((v = alls_arg(st, "number_of_input_aligners", SIZE_MAX)) != NULL &&
	    alls_int(s, st, v, "number_of_input_aligners", 1, 32, &c->aligners, e) < 0)
		return -1;
	if ((v = alls_arg(st, "fps", SIZE_MAX)) != NULL &&
	    alls_number(s, st, v, "fps", 0, 1e9, &c->fps, e) < 0)
		return -1;
	if ((v = alls_arg(st, "use_16x4_sc", SIZE_MAX)) != NULL) {
		if (alls_word(s, st, v, "use_16x4_sc", modes, &word, e) < 0)
			return -1;
		c->mode = word == 2 ? -1 : word % 3 == 1;
	}
	if ((v = alls_arg(st, "no_contexts", SIZE_MAX)) != NULL &&
	    strcmp(v->text, "disabled") != 0 && strcmp(v->text, "allowed") != 0 &&
	    strcmp(v->text, "False") != 0) {
		err_set(e, "no_contexts is not supported: inputs of a row are always held in L3");
		return fail(p, st, e);
	}
	if (c->subclusters && !c->manual) {
		err_set(e, "number_of_subclusters needs "
			   "resources_allocation_strategy=manual_scs_selection");
		return fail(p, st, e);
	}
	return 0;
}

static int set_fixed(const struct plan *p, const struct alls_stmt *st, const struct unit *u,
		     int32_t *field, int32_t none, int64_t value, int32_t part, const char *what,
		     struct err *e)
{
	if (part >= 0 && *field != none && *field != value) {
		err_set(e, "layer '%s': all parts of a layer have the same %s", quote(u->l->name),
			what);
		return fail(p, st, e);
	}
	*field = (int32_t)value;
	return 0;
}

static int compilation_apply(struct plan *p, const struct alls_stmt *st, struct unit *u,
			     int32_t part, void *ctx, struct err *e)
{
	const struct compilation *c = ctx;

	if (u->cost.outside)
		return 0;
	if (c->subclusters > 1 && !u->cost.macs) {
		err_set(e, "layer '%s': a '%s' takes one subcluster", quote(u->l->name),
			hn_type_name(u->l->type));
		return fail(p, st, e);
	}
	if (c->mode == 1 && !u->cost.mode16) {
		err_set(e, "layer '%s': its kernel, stride, dilation or padding excludes 16x4",
			quote(u->l->name));
		return fail(p, st, e);
	}
	if (c->aligners && c->aligners != p->t->mode[c->mode > 0 ? c->mode : 0].input_aligners) {
		err_set(e, "layer '%s': it takes %d input aligners in this mode", quote(u->l->name),
			p->t->mode[c->mode > 0 ? c->mode : 0].input_aligners);
		return fail(p, st, e);
	}
	if (c->fps > 0)
		u->min_fps = c->fps;
	if (c->manual && !u->fixed.parts) /* whoever chooses by hand chooses the parts, too */
		u->fixed.parts = 1;
	if ((c->subclusters && set_fixed(p, st, u, &u->fixed.subclusters, 0, c->subclusters, part,
					 "number of subclusters", e) < 0) ||
	    (c->apus &&
	     set_fixed(p, st, u, &u->fixed.apus, 0, c->apus, part, "number of APUs", e) < 0))
		return -1;
	if (c->mode >= 0)
		return set_fixed(p, st, u, &u->fixed.mode, -1, c->mode, part, "mode", e);
	return 0;
}

static int compilation_param(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	struct compilation c;
	const struct alls_value *v;

	if (compilation_read(p, st, &c, e) < 0 || alls_need(p->script, st, NULL, 0, &v, e) < 0)
		return -1;
	return plan_each(p, st, v, compilation_apply, &c, e);
}

static int context_apply(struct plan *p, const struct alls_stmt *st, struct unit *u, int32_t part,
			 void *ctx, struct err *e)
{
	int32_t k = *(const int32_t *)ctx;
	int32_t i;

	for (i = part < 0 ? 0 : part; i < (part < 0 ? MAX_PARTS : part + 1); i++) {
		if (u->part_context[i] >= 0 && u->part_context[i] != k) {
			err_set(e, "layer '%s' is already in context_%d", quote(u->l->name),
				u->part_context[i]);
			return fail(p, st, e);
		}
		u->part_context[i] = k;
	}
	return 0;
}

/* First and last context of every layer; -1 where the script is silent. */
static void settle_given(struct plan *p)
{
	struct unit *u;
	int32_t i, k, parts;
	size_t n;

	for (n = 0; n < p->n; n++) {
		u = &p->units[n];
		parts = u->fixed.parts > 1 ? u->fixed.parts : 1;
		u->context = u->last_context = u->part_context[0];
		for (i = 1; i < parts; i++) {
			k = u->part_context[i];
			u->context = k < u->context ? k : u->context;
			u->last_context = k > u->last_context ? k : u->last_context;
		}
	}
}

/* context_K = context([layers]) */
static int context(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	static const char *const keys[] = { NULL };
	const struct alls_value *v;
	int32_t k = st->nlhs == 1 ? context_number(p, st->lhs[0]) : -1;

	if (k < 0) {
		err_set(e, "write context_0 = context([layers]), context_1 ...");
		return fail(p, st, e);
	}
	if (alls_only(p->script, st, keys, 1, e) < 0 ||
	    alls_need(p->script, st, NULL, 0, &v, e) < 0)
		return -1;
	p->contexts_given = true;
	if (k >= p->ncontexts)
		p->ncontexts = k + 1;
	return plan_each(p, st, v, context_apply, &k, e);
}

static int place_apply(struct plan *p, const struct alls_stmt *st, struct unit *u, int32_t part,
		       void *ctx, struct err *e)
{
	int32_t cluster = *(const int32_t *)ctx;
	int32_t i;

	if (u->cost.outside) {
		err_set(e, "layer '%s' lies outside the clusters", quote(u->l->name));
		return fail(p, st, e);
	}
	for (i = part < 0 ? 0 : part; i < (part < 0 ? MAX_PARTS : part + 1); i++)
		u->place[i] = cluster;
	return 0;
}

static int place(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	static const char *const keys[] = { "cluster_number", "layers", NULL };
	const struct alls_value *v;
	int64_t cluster;
	int32_t id, i;

	if (st->object && context_number(p, st->object) < 0) {
		err_set(e, "'%s' is no context", quote(st->object));
		return fail(p, st, e);
	}
	if (alls_only(p->script, st, keys, 2, e) < 0 ||
	    alls_need(p->script, st, "cluster_number", 0, &v, e) < 0 ||
	    alls_int(p->script, st, v, "cluster_number", 0, 31, &cluster, e) < 0 ||
	    alls_need(p->script, st, "layers", 1, &v, e) < 0)
		return -1;
	id = (int32_t)cluster;
	for (i = 0; i < p->t->clusters && p->t->cluster_id[i] != id; i++)
		;
	if (i == p->t->clusters) {
		err_set(e, "%s has no cluster %d", p->t->name, id);
		return fail(p, st, e);
	}
	return plan_each(p, st, v, place_apply, &id, e);
}

/* Full physical name. */
static int physical_name(struct plan *p, const struct alls_stmt *st, size_t position,
			 const char **out, struct err *e)
{
	const struct alls_value *v;
	struct unit *u;
	const char *name;
	int32_t part;

	if (alls_need(p->script, st, position ? "layer_to" : "layer_from", position, &v, e) < 0 ||
	    alls_text(p->script, st, v, position ? "layer_to" : "layer_from", &name, e) < 0)
		return -1;
	if (plan_find(p, name, &u, &part, e) < 0)
		return fail(p, st, e);
	*out = part < 0 ? u->l->name : plan_part_name(&p->arena, u, part);
	return 0;
}

static int buffers(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	static const char *const keys[] = { "layer_from", "layer_to", "number_of_rows_to_buffer",
					    NULL };
	struct script_buffer b = { .st = st };
	const struct alls_value *v;
	int64_t total = 0, rows;
	size_t i;

	if (alls_only(p->script, st, keys, 5, e) < 0 || physical_name(p, st, 0, &b.from, e) < 0 ||
	    physical_name(p, st, 1, &b.to, e) < 0 ||
	    alls_need(p->script, st, "number_of_rows_to_buffer", 2, &v, e) < 0)
		return -1;
	/* Rows before and after a change of cluster lie in one buffer here; FULL_ROW is the only
	 * form. */
	for (i = 2; i < (st->nargs > 3 ? st->nargs : 3); i++) {
		v = alls_arg(st, i == 2 ? "number_of_rows_to_buffer" : NULL, i);
		if (v && i > 2 && v->kind != ALLS_NUMBER && strcmp(v->text, "FULL_ROW") == 0)
			continue;
		if (!v || alls_int(p->script, st, v, "number_of_rows_to_buffer", i > 2 ? 0 : 1,
				   1 << 20, &rows, e) < 0)
			return -1;
		total += rows;
	}
	b.rows = (int32_t)total;
	p->buffers[p->nbuffers++] = b;
	return 0;
}

static int each_command(struct plan *p, const char *name,
			int (*fn)(struct plan *p, const struct alls_stmt *st, struct err *e),
			struct err *e)
{
	size_t i;

	for (i = 0; i < p->script->nstmts; i++)
		if (strcmp(p->script->stmts[i].command, name) == 0 &&
		    fn(p, &p->script->stmts[i], e) < 0)
			return -1;
	return 0;
}

int directives_read(struct plan *p, struct err *e)
{
	if (!p->script)
		return 0;
	p->buffers = arena_array(&p->arena, p->script->nstmts + 1, sizeof *p->buffers);
	/* Parts first: the other commands may name them. */
	if (each_command(p, "defuse", defuse, e) < 0 ||
	    each_command(p, "compilation_param", compilation_param, e) < 0 ||
	    each_command(p, "context", context, e) < 0 || each_command(p, "place", place, e) < 0)
		return -1;
	if (p->contexts_given)
		settle_given(p);
	return each_command(p, "buffers", buffers, e);
}
