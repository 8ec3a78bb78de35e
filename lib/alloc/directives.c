/* Model-script commands about single layers: defuse, compilation_param, context, place, buffers. */
#include "alloc/alloc_int.h"
#include "base/log.h"

enum {
	MAX_ROWS = 1 << 20
};

/* A form of a command that is only stored leaves the plan as it is. */
static bool applied(const struct alls_stmt *st)
{
	struct str ignored = { 0 };
	enum alls_status status = alls_status(st, &ignored);

	str_release(&ignored);
	return status == ALLS_APPLIED;
}

/* Passes over a statement about a layer that only a command makes that is not applied. */
static int skip(const struct alls_stmt *st, const char *name, struct err *e)
{
	*e = (struct err){ 0 };
	alls_warn_made(st, name);
	return 0;
}

/* A name of the script in the scope of a layer. */
static char *scoped(struct plan *p, const struct unit *u, const char *name)
{
	const char *end = strchr(u->l->name, '/');

	if (strchr(name, '/') || !end)
		return arena_strdup(&p->arena, name);
	return arena_printf(&p->arena, "%.*s%s", (int)(end - u->l->name) + 1, u->l->name, name);
}

/* Names of the parts: n of them, behind the splitter's if there is one, and the whole's. */
static int name_parts(struct plan *p, const struct alls_stmt *st, struct unit *u, int64_t n,
		      struct err *e)
{
	const size_t before = u->split && st->nlhs > (size_t)n + 1;
	int64_t i;

	if (st->nlhs == 0 || strcmp(st->lhs[0], "{}") == 0)
		return 0;
	u->part_names = arena_array(&p->arena, (size_t)n, sizeof *u->part_names);
	for (i = 0; i < n; i++) {
		const char *name = st->lhs[before + (size_t)i];

		if (graph_find(p->g, name)) {
			err_set(e, "'%s' is already a layer", quote(name));
			return alls_in(st, e);
		}
		u->part_names[i] = scoped(p, u, name);
	}
	if (st->nlhs > (size_t)n + before && !graph_find(p->g, st->lhs[(size_t)n + before]))
		u->joined_name = scoped(p, u, st->lhs[(size_t)n + before]);
	return 0;
}

/* "conv5_fs", "conv5_ws", or the first name of the script: between the input and the parts. */
static void add_splitter(struct plan *p, const struct alls_stmt *st, struct unit *u)
{
	const bool named = st->nlhs > 0 && strcmp(st->lhs[0], "{}") != 0;
	const bool spatial = u->fixed.spatial;
	char *name = named ? scoped(p, u, st->lhs[0])
			   : arena_printf(&p->arena, "%s_%s", u->l->name, spatial ? "ws" : "fs");
	struct relay *r = relay_add(p, spatial ? ALLOC_SHAPE_SPLITTER : ALLOC_SPLITTER, name);

	r->word = spatial ? "SPATIAL" : "INPUT_FEATURES";
	r->splits = true;
	r->st = st;
	r->from = arena_array(&p->arena, 1, sizeof *r->from);
	r->to = arena_array(&p->arena, 1, sizeof *r->to);
	r->from[0] = (struct named){ .u = &p->units[u->l->in[0].layer->index], .part = -1 };
	r->to[0] = (struct named){ .u = u, .part = -1 };
	r->nfrom = r->nto = 1;
	u->split = true;
	u->relays++;
}

/* By columns, by output features, or by the input features that these read; 0: it cannot. */
static int32_t step_of(const struct unit *u, bool spatial, bool input)
{
	const struct cost *c = &u->cost;

	if (c->outside)
		return 0;
	if (spatial)
		return c->column_step ? c->column_step : c->script_columns;
	if (input && u->l->type != HN_DW && !c->script_step)
		return 0;
	return c->slice_step ? c->slice_step : c->script_step;
}

static int not_divided(const struct alls_stmt *st, const struct unit *u, bool spatial, bool input,
		       struct err *e)
{
	err_set(e, "'%s' is not divided by %s: this is a '%s', only %s are",
		quote(alls_get_text(st, "layer")),
		spatial ? "columns"
		: input ? "input features"
			: "features",
		hn_type_name(u->l->type),
		spatial ? "conv, dw, deconv, avgpool and nearest resize layers"
		: input ? "dw, maxpool, avgpool and resize layers"
			: "layers with weights, maxpool, avgpool and resize layers");
	return alls_in(st, e);
}

static int divide(struct plan *p, const struct alls_stmt *st, const struct named *named,
		  struct err *e)
{
	const bool spatial = alls_has_word(st, "defuse_type", "SPATIAL");
	const bool input = alls_has_word(st, "defuse_type", "INPUT_FEATURES");
	const bool splitter = input || (spatial && alls_get_switch(st, "splitter") == 1);
	int32_t n = alls_get_int(st, "defuse_number", 1);
	struct unit *u = named->u;
	const int32_t step = step_of(u, spatial, input);

	if (n > 1 && !step)
		return not_divided(st, u, spatial, input, e);
	*(spatial ? &u->cost.column_step : &u->cost.slice_step) = step;
	u->fixed.spatial = spatial;
	if (named->part >= 0 || n > unit_max_parts(u, spatial)) {
		err_set(e, "'%s' can be divided into at most %d parts",
			quote(alls_get_text(st, "layer")),
			named->part >= 0 ? 1 : unit_max_parts(u, spatial));
		return alls_in(st, e);
	}
	u->fixed.parts = n;
	if (n > 1 && splitter)
		add_splitter(p, st, u);
	return name_parts(p, st, u, n, e);
}

static int defuse(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	const char *name = alls_get_text(st, "layer");
	struct named named;

	if (!applied(st))
		return 0;
	if (plan_find(p, name, &named, e) < 0)
		return alls_made(st, name) ? skip(st, name, e)
					   : alls_in_value(st, alls_get(st, "layer"), e);
	if (named.u)
		return divide(p, st, &named, e);
	err_set(e, "'%s' is not divided", quote(name));
	return alls_in(st, e);
}

/* compilation_param, read once and applied to each layer it names. */
struct compilation {
	int32_t subclusters, apus, aligners; /* 0: not given */
	int mode;                            /* -1: not given */
	int no_contexts, balanced;           /* the same */
	double fps;
	bool manual;
	enum match match;
};

/* The target's maximum of an argument that the table leaves open. */
static int at_most(const struct plan *p, const struct alls_stmt *st, const char *argument,
		   int32_t max, int32_t *out, struct err *e)
{
	*out = alls_get_int(st, argument, 0);
	if (*out <= max)
		return 0;
	err_set(e, "argument '%s' is %d, at most %d expected on %s", argument, *out, max,
		p->t->name);
	return alls_in_value(st, alls_get(st, argument), e);
}

static enum match match_of(const struct alls_stmt *st)
{
	if (alls_has_word(st, "resources_allocation_strategy", "min_scs_match_fps"))
		return MATCH_SCS;
	if (alls_has_word(st, "resources_allocation_strategy", "min_l3_mem_match_fps"))
		return MATCH_L3;
	return MATCH_NONE;
}

static int compilation_read(const struct plan *p, const struct alls_stmt *st, struct compilation *c,
			    struct err *e)
{
	*c = (struct compilation){ .mode = alls_get_switch(st, "use_16x4_sc"),
				   .no_contexts = alls_get_switch(st, "no_contexts"),
				   .balanced = alls_get_switch(st, "balance_output_multisplit"),
				   .match = match_of(st),
				   .fps = alls_get_number(st, "fps", 0),
				   .manual = alls_has_word(st, "resources_allocation_strategy",
							   "manual_scs_selection") };
	if (at_most(p, st, "number_of_subclusters", p->t->max_subclusters_per_layer,
		    &c->subclusters, e) < 0 ||
	    at_most(p, st, "number_of_apus", p->t->apus_max_per_layer, &c->apus, e) < 0)
		return -1;
	return at_most(p, st, "number_of_input_aligners", 32, &c->aligners, e);
}

static int set_fixed(const struct alls_stmt *st, const struct unit *u, int32_t *field, int32_t none,
		     int64_t value, int32_t part, const char *what, struct err *e)
{
	if (part >= 0 && *field != none && *field != value) {
		err_set(e, "layer '%s': all parts of a layer have the same %s", quote(u->l->name),
			what);
		return alls_in(st, e);
	}
	*field = (int32_t)value;
	return 0;
}

static int compilation_apply(struct plan *p, const struct alls_stmt *st, const struct named *n,
			     void *ctx, struct err *e)
{
	const struct compilation *c = ctx;
	struct unit *u = n->u;
	const int32_t part = n->part;

	/* A relay has no choice of resources; nor has what joins parts, which is no layer. */
	if (!u || n->joined || u->cost.outside)
		return 0;
	if (c->subclusters > 1 && !u->cost.macs) {
		err_set(e, "layer '%s': a '%s' takes one subcluster", quote(u->l->name),
			hn_type_name(u->l->type));
		return alls_in(st, e);
	}
	if (c->mode == 1 && !u->cost.mode16) {
		err_set(e, "layer '%s': its kernel, stride, dilation or padding excludes 16x4",
			quote(u->l->name));
		return alls_in(st, e);
	}
	if (c->no_contexts == 1 && !kernel_no_contexts(u->l)) {
		err_set(e, "layer '%s': its kernel, stride or dilation excludes no_contexts",
			quote(u->l->name));
		return alls_in(st, e);
	}
	if (c->aligners && c->aligners != p->t->mode[c->mode > 0 ? c->mode : 0].input_aligners) {
		err_set(e, "layer '%s': it takes %d input aligners in this mode", quote(u->l->name),
			p->t->mode[c->mode > 0 ? c->mode : 0].input_aligners);
		return alls_in(st, e);
	}
	if (c->fps > 0)
		u->min_fps = c->fps;
	if (c->no_contexts >= 0)
		u->no_contexts = c->no_contexts == 1;
	if (c->balanced >= 0)
		u->balanced = c->balanced == 1;
	if (c->match != MATCH_NONE)
		u->match = c->match;
	if (c->manual && !u->fixed.parts) /* whoever chooses by hand chooses the parts, too */
		u->fixed.parts = 1;
	if ((c->subclusters && set_fixed(st, u, &u->fixed.subclusters, 0, c->subclusters, part,
					 "number of subclusters", e) < 0) ||
	    (c->apus &&
	     set_fixed(st, u, &u->fixed.apus, 0, c->apus, part, "number of APUs", e) < 0))
		return -1;
	if (c->mode >= 0)
		return set_fixed(st, u, &u->fixed.mode, -1, c->mode, part, "mode", e);
	return 0;
}

static int compilation_param(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	struct compilation c;

	if (compilation_read(p, st, &c, e) < 0)
		return -1;
	return plan_each(p, st, alls_get(st, "layers"), compilation_apply, &c, e);
}

static int already(const struct alls_stmt *st, const char *name, int32_t k, struct err *e)
{
	err_set(e, "layer '%s' is already in context_%d", quote(name), k);
	return alls_in(st, e);
}

static int context_apply(struct plan *p, const struct alls_stmt *st, const struct named *n,
			 void *ctx, struct err *e)
{
	int32_t k = *(const int32_t *)ctx;
	struct unit *u = n->u;
	const int32_t part = n->part;
	int32_t i;

	if (n->joined)
		return 0;
	if (!u) {
		struct relay *r = &p->relays[n->relay];

		if (r->context >= 0 && r->context != k)
			return already(st, r->name, r->context, e);
		r->context = k;
		return 0;
	}
	for (i = part < 0 ? 0 : part; i < (part < 0 ? MAX_PARTS : part + 1); i++) {
		if (u->part_context[i] >= 0 && u->part_context[i] != k)
			return already(st, u->l->name, u->part_context[i], e);
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
	int32_t k = context_number(p, st->lhs[0]);

	if (k < 0) {
		err_set(e, "write context_0 = context([layers]), context_1 ...");
		return alls_in(st, e);
	}
	p->contexts_given = true;
	if (k >= p->ncontexts)
		p->ncontexts = k + 1;
	return plan_each(p, st, alls_get(st, "layers"), context_apply, &k, e);
}

/* A relay with a controller; a portal is where the layer is that it feeds. */
static int place_relay(struct relay *r, const struct alls_stmt *st, int32_t cluster, struct err *e)
{
	if (relay_kind_of(r->kind)->controller) {
		r->place = cluster;
		return 0;
	}
	err_set(e, "'%s' is a %s, which takes no place in a cluster", quote(r->name),
		alloc_kind_name(r->kind));
	return alls_in(st, e);
}

static int place_apply(struct plan *p, const struct alls_stmt *st, const struct named *n, void *ctx,
		       struct err *e)
{
	int32_t cluster = *(const int32_t *)ctx;
	struct unit *u = n->u;
	const int32_t part = n->part;
	int32_t i;

	if (n->joined)
		return 0;
	if (!u)
		return place_relay(&p->relays[n->relay], st, cluster, e);
	if (u->cost.outside) {
		err_set(e, "layer '%s' lies outside the clusters", quote(u->l->name));
		return alls_in(st, e);
	}
	for (i = part < 0 ? 0 : part; i < (part < 0 ? MAX_PARTS : part + 1); i++)
		u->place[i] = cluster;
	return 0;
}

static int place(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	int32_t id = alls_get_int(st, "cluster_number", 0);
	int32_t i;

	if (st->object && context_number(p, st->object) < 0) {
		err_set(e, "'%s' is no context", quote(st->object));
		return alls_in(st, e);
	}
	for (i = 0; i < p->t->clusters && p->t->cluster_id[i] != id; i++)
		;
	if (i == p->t->clusters) {
		err_set(e, "%s has no cluster %d", p->t->name, id);
		return alls_in_value(st, alls_get(st, "cluster_number"), e);
	}
	return plan_each(p, st, alls_get(st, "layers"), place_apply, &id, e);
}

static int bucket_apply(struct plan *p, const struct alls_stmt *st, const struct named *n,
			void *ctx, struct err *e)
{
	(void)ctx;
	if (!n->u) /* is where its consumers are */
		return 0;
	if (n->u->bucket && n->u->bucket != p->nbuckets) {
		err_set(e, "layer '%s' is already in another bucket", quote(n->u->l->name));
		return alls_in(st, e);
	}
	n->u->bucket = p->nbuckets;
	return 0;
}

static int bucket(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	p->nbuckets++;
	return plan_each(p, st, alls_get(st, "layers"), bucket_apply, NULL, e);
}

/* The script's contexts must leave buckets whole. */
static int check_bucket(struct plan *p, const struct alls_stmt *st, const struct named *n,
			void *ctx, struct err *e)
{
	int32_t *k = ctx;

	(void)p;
	if (!n->u || n->u->context < 0)
		return 0;
	if (*k < 0)
		*k = n->u->context;
	if (n->u->context == *k && n->u->last_context == *k)
		return 0;
	err_set(e, "layer '%s' is in context_%d, others of its bucket are in context_%d",
		quote(n->u->l->name), n->u->last_context, *k);
	return alls_in(st, e);
}

static int bucket_given(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	int32_t k = -1;

	return plan_each(p, st, alls_get(st, "layers"), check_bucket, &k, e);
}

/* name = output_layer(layer): the output that what the host does begins with. */
static int output_layer(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	const struct alls_value *v = alls_get(st, "layer");
	struct named n;

	if (plan_find(p, v->text, &n, e) < 0)
		return alls_made(st, v->text) ? skip(st, v->text, e) : alls_in_value(st, v, e);
	for (size_t i = 0; n.u && i < n.u->l->nsucc; i++) {
		const struct layer *to = n.u->l->succ[i];

		if (to->type != HN_OUTPUT)
			continue;
		if (st->nlhs)
			p->aliases[p->naliases++] =
			    (struct alias){ scoped(p, n.u, st->lhs[0]), &p->units[to->index] };
		return 0;
	}
	err_set(e,
		"'%s' is no output of the device: the host continues where hn-normalize's "
		"commands end the network",
		quote(v->text));
	return alls_in(st, e);
}

/* Full physical name in *out; NULL for a layer that does not exist here. */
static int physical_name(struct plan *p, const struct alls_stmt *st, const char *argument,
			 struct named *n, const char **out, struct err *e)
{
	const char *name = alls_get_text(st, argument);

	*out = NULL;
	*n = (struct named){ .part = -1 };
	if ((n->u = merge_named(p, name)) != NULL) {
		*out = n->u->given_merged;
		return 0;
	}
	if (plan_find(p, name, n, e) < 0)
		return alls_made(st, name) ? skip(st, name, e)
					   : alls_in_value(st, alls_get(st, argument), e);
	if (!n->u)
		*out = p->relays[n->relay].name;
	else
		*out = n->part < 0 ? n->u->l->name : plan_part_name(&p->arena, n->u, n->part);
	return 0;
}

/* Statements about the same two layers before this one. */
static size_t number_of(const struct plan *p, const struct script_buffer *b)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nbuffers; i++)
		n += strcmp(p->buffers[i].from, b->from) == 0 &&
		     strcmp(p->buffers[i].to, b->to) == 0;
	return n;
}

/* Rows before and after a change of cluster lie in one buffer here. */
static int buffers(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	struct script_buffer b = { .st = st };
	struct named from, to;
	double rows = alls_get_number(st, "number_of_rows_to_buffer", 0) +
		      alls_get_number(st, "number_of_rows_cluster_b", 0);

	if (!applied(st))
		return 0;
	if (physical_name(p, st, "layer_from", &from, &b.from, e) < 0 ||
	    physical_name(p, st, "layer_to", &to, &b.to, e) < 0)
		return -1;
	if (to.joined) {
		log_warn("%s:%d:%d: buffers: passed over for '%s': no layer joins the parts, their "
			 "readers do",
			 quote(st->file), st->line, st->column,
			 quote(alls_get_text(st, "layer_to")));
		return 0;
	}
	if (rows < 1 || rows > MAX_ROWS) {
		err_set(e, "a buffer of %g rows, from 1 to %d expected", rows, MAX_ROWS);
		return alls_in(st, e);
	}
	b.rows = (int32_t)rows;
	if (b.from && b.to) {
		b.number = number_of(p, &b);
		p->buffers[p->nbuffers++] = b;
	}
	return 0;
}

static int each_command(struct plan *p, const char *name,
			int (*fn)(struct plan *p, const struct alls_stmt *st, struct err *e),
			struct err *e)
{
	size_t i;

	for (i = 0; i < p->script->nstmts; i++)
		if (alls_is(&p->script->stmts[i], name, NULL) && fn(p, &p->script->stmts[i], e) < 0)
			return -1;
	return 0;
}

int directives_read(struct plan *p, struct err *e)
{
	if (!p->script)
		return 0;
	p->buffers = arena_array(&p->arena, p->script->nstmts + 1, sizeof *p->buffers);
	p->aliases = arena_array(&p->arena, p->script->nstmts + 1, sizeof *p->aliases);
	/* Parts first: the other commands may name them. */
	if (each_command(p, "defuse", defuse, e) < 0 ||
	    each_command(p, "output_layer", output_layer, e) < 0 || relays_read(p, e) < 0 ||
	    merge_read(p, e) < 0 || each_command(p, "bucket", bucket, e) < 0 ||
	    each_command(p, "compilation_param", compilation_param, e) < 0 ||
	    each_command(p, "context", context, e) < 0 || each_command(p, "place", place, e) < 0)
		return -1;
	if (p->contexts_given)
		settle_given(p);
	if ((p->contexts_given && each_command(p, "bucket", bucket_given, e) < 0) ||
	    merge_check(p, e) < 0)
		return -1;
	return each_command(p, "buffers", buffers, e);
}
