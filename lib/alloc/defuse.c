/* defuse(): the parts of a layer, their names, and the splitter in front of them. */
#include "alloc/directives.h"
#include "base/log.h"

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
		u->part_names[i] = directive_scoped(p, u, name);
	}
	if (st->nlhs > (size_t)n + before && !graph_find(p->g, st->lhs[(size_t)n + before]))
		u->joined_name = directive_scoped(p, u, st->lhs[(size_t)n + before]);
	return 0;
}

/* "conv5_fs", "conv5_ws", or the first name of the script: between the input and the parts. */
static void add_splitter(struct plan *p, const struct alls_stmt *st, struct unit *u)
{
	const bool named = st->nlhs > 0 && strcmp(st->lhs[0], "{}") != 0;
	const bool spatial = u->fixed.spatial;
	char *name = named ? directive_scoped(p, u, st->lhs[0])
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

	if (c->outside && !(spatial && c->script_columns))
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
		spatial ? "conv, dw, deconv, avgpool, argmax and nearest resize layers"
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

int directive_defuse(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	const char *name = alls_get_text(st, "layer");
	struct named named;

	if (!directive_applied(st))
		return 0;
	if (plan_find(p, name, &named, e) < 0)
		return alls_made(st, name) ? directive_skip(st, name, e)
					   : alls_in_value(st, alls_get(st, "layer"), e);
	if (named.u)
		return divide(p, st, &named, e);
	err_set(e, "'%s' is not divided", quote(name));
	return alls_in(st, e);
}

/* A layer of a block: into so many parts by features, or as many as it has. */
static int divide_one(struct plan *p, const struct alls_stmt *st, const struct named *n, void *ctx,
		      struct err *e)
{
	const int32_t count = *(const int32_t *)ctx;
	struct unit *u = n->u;
	const int32_t step = u && n->part < 0 && !n->joined ? step_of(u, false, false) : 0;

	(void)p;
	(void)e;
	if (!step) {
		log_warn("%s:%d:%d: defuse_block: passed over for '%s': a '%s' is not divided by "
			 "features",
			 quote(st->file), st->line, st->column,
			 u ? quote(u->l->name) : quote(p->relays[n->relay].name),
			 u ? hn_type_name(u->l->type) : "relay");
		return 0;
	}
	u->cost.slice_step = step;
	u->fixed.spatial = false;
	u->fixed.parts = count < unit_max_parts(u, false) ? count : unit_max_parts(u, false);
	return 0;
}

int directive_defuse_block(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	int32_t count = alls_get_int(st, "defuse_count", 1);

	return plan_each(p, st, alls_get(st, "layers"), divide_one, &count, e);
}

/* compilation_param(layer, defuse_num_layers=n): as defuse(layer, n), without names. */
static int divide_each(struct plan *p, const struct alls_stmt *st, const struct named *n, void *ctx,
		       struct err *e)
{
	const int32_t parts = alls_get_int(st, "defuse_num_layers", 0);
	const bool spatial = alls_get_switch(st, "defuse_spatial_w") == 1;
	struct unit *u = n->u;
	const int32_t step = u ? step_of(u, spatial, false) : 0;

	(void)p;
	(void)ctx;
	if (!u || n->part >= 0 || n->joined || (alls_by_glob(st) && parts > 1 && !step))
		return 0;
	if (parts > 1 && step) {
		*(spatial ? &u->cost.column_step : &u->cost.slice_step) = step;
		u->fixed.spatial = spatial;
	}
	if (parts > 1 && (!step || parts > unit_max_parts(u, spatial))) {
		err_set(e, "layer '%s': it can be divided into at most %d parts by %s",
			quote(u->l->name), step ? unit_max_parts(u, spatial) : 1,
			spatial ? "columns" : "features");
		return alls_in_value(st, alls_get(st, "defuse_num_layers"), e);
	}
	u->fixed.parts = parts;
	return 0;
}

int directive_divide(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	if (!alls_get(st, "defuse_num_layers"))
		return 0;
	return plan_each(p, st, alls_get(st, "layers"), divide_each, NULL, e);
}
