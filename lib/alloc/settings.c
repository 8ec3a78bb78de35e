/* Model-script commands that set parameters of the whole allocation. */
#include "alloc/alloc_int.h"
#include "base/num.h"

enum {
	MAX_SCRIPT_CONTEXTS = 1021,
	DDR_CUTS = 25, /* those that public scripts give */
	L4_CUTS = 15
};

int32_t context_number(const struct plan *p, const char *name)
{
	struct err ignored = { 0 };
	size_t n = strlen(p->g->name);
	int64_t k;

	if (strncmp(name, p->g->name, n) == 0 && name[n] == '_')
		name += n + 1;
	if (strncmp(name, "context", 7) != 0)
		return -1;
	name += 7 + (name[7] == '_');
	if (num_int(name, "context", 0, MAX_SCRIPT_CONTEXTS - 1, &k, &ignored) < 0)
		return -1;
	return (int32_t)k;
}

/* Limits of the context that the statement names, or of all. */
static struct limits *limits_of(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	struct limits *grown;
	int32_t k;

	if (!st->object)
		return &p->limits;
	if ((k = context_number(p, st->object)) < 0) {
		err_set(e, "'%s' is no context (context_0, context_1 ...)", quote(st->object));
		alls_in(st, e);
		return NULL;
	}
	if ((size_t)k >= p->ncontext_limits) {
		grown = arena_array(&p->arena, (size_t)k + 1, sizeof *grown);
		if (p->ncontext_limits)
			memcpy(grown, p->context_limits, p->ncontext_limits * sizeof *grown);
		p->context_limits = grown;
		p->ncontext_limits = (size_t)k + 1;
	}
	return &p->context_limits[k];
}

static int resources_param(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	static const struct {
		const char *argument;
		enum resource r;
	} own[] = { { "max_control_utilization", RES_LCU },
		    { "max_compute_utilization", RES_SC },
		    { "max_memory_utilization", RES_WEIGHTS },
		    { "max_input_aligner_utilization", RES_IA },
		    { "max_apu_utilization", RES_APU },
		    { "max_compute_16bit_utilization", RES_SC16 } };
	struct limits *l = limits_of(p, st, e);
	double all = alls_get_number(st, "max_utilization", -1);
	double util;
	size_t i;

	if (!l)
		return -1;
	for (i = 0; i < sizeof own / sizeof own[0]; i++) {
		util = alls_get_number(st, own[i].argument, -1);
		if (own[i].r == RES_LCU && util > p->t->util_control_max) {
			err_set(e, "argument '%s' is %g, at most %g expected on %s",
				own[i].argument, util, p->t->util_control_max, p->t->name);
			return alls_in_value(st, alls_get(st, own[i].argument), e);
		}
		if (util < 0 && !l->given[own[i].r])
			util = all;
		if (util >= 0) {
			l->util[own[i].r] = util;
			l->given[own[i].r] = true;
		}
	}
	return 0;
}

static int context_switch_param(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	static const struct {
		const char *argument;
		enum resource r;
	} own[] = { { "max_control_utilization", RES_LCU },
		    { "max_compute_utilization", RES_SC },
		    { "max_memory_utilization", RES_WEIGHTS } };
	double all = alls_get_number(st, "max_utilization", -1);

	(void)e;
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
		double util = alls_get_number(st, own[i].argument, all);

		if (util >= 0) {
			p->partition.util[own[i].r] = util;
			p->partition.given[own[i].r] = true;
		}
	}
	if (alls_get(st, "allow_auto_merge_in_multicontext"))
		p->merge_contexts = alls_get_switch(st, "allow_auto_merge_in_multicontext") == 1;
	if (alls_get(st, "mode"))
		p->mode = alls_has_word(st, "mode", "enabled")    ? 1
			  : alls_has_word(st, "mode", "disabled") ? 2
								  : 0;
	return 0;
}

static int performance_param(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	const char *level = alls_get_text(st, "compiler_optimization_level");

	(void)e;
	if (!level) /* the name of older versions */
		level = alls_get_text(st, "optimization_level");
	if (alls_get(st, "optimize_for_power"))
		p->for_power = alls_get_switch(st, "optimize_for_power") == 1;
	if (alls_get(st, "fps"))
		p->fps_st = st;
	p->fps = alls_get_number(st, "fps", p->fps);
	p->batch = alls_get_int(st, "optimize_for_batch", p->batch);
	if (level)
		p->level = strcmp(level, "0") == 0 ? 0 : strcmp(level, "1") == 0 ? 1 : 2;
	return 0;
}

/* No external memory: one context.  A slow link: what crosses it counts more. */
static int platform_param(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	(void)e;
	if (alls_get(st, "targets")) {
		p->mode = 2;
		p->no_ddr = p->no_memory = true;
	}
	if (alls_get(st, "hints"))
		p->low_bandwidth = true;
	return 0;
}

/* Where a buffer may go that L3 has no room for; how far layers are merged; error correction of
 * layer controllers. */
static int allocator_param(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	(void)e;
	p->merge_util = alls_get_number(st, "merge_min_layer_utilization", p->merge_util);
	if (alls_get_switch(st, "automatic_ddr") == 0)
		p->no_ddr = true;
	if (alls_get(st, "enable_muxer"))
		p->muxer = alls_get_switch(st, "enable_muxer") == 1;
	p->reshapes = alls_get_switch(st, "automatic_reshapes") == 1;
	p->ddr_cuts = alls_get_int(st, "automatic_ddr_l3_cuts_threshold", p->ddr_cuts);
	p->l4_cuts = alls_get_int(st, "automatic_l4_portals_l3_cuts_threshold", p->l4_cuts);
	if (alls_get_switch(st, "automatic_l4_portals") == 0)
		p->l4_cuts = -1;
	p->most_parts = alls_get_int(st, "max_auto_defuse", p->most_parts);
	p->most_merged = alls_get_int(st, "max_auto_merge_depth", p->most_merged);
	if (alls_get(st, "calculate_power"))
		p->no_power = alls_get_switch(st, "calculate_power") == 0;
	if (alls_get(st, "enable_lcu_ecc"))
		p->no_ecc = alls_get_switch(st, "enable_lcu_ecc") == 0;
	return 0;
}

static int buffer_calc_param(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	(void)e;
	p->buffer_fps = alls_get_number(st, "buffer_calc_fps", p->buffer_fps);
	return 0;
}

/* Without external memory there is one context, whatever else the script says. */
static int check_platform(const struct plan *p, struct err *e)
{
	for (size_t i = 0; p->script && p->no_memory && i < p->script->nstmts; i++) {
		const struct alls_stmt *st = &p->script->stmts[i];

		if (!alls_is(st, "context_switch_param", NULL) ||
		    !alls_has_word(st, "mode", "enabled"))
			continue;
		err_set(e, "argument 'mode' is enabled, but platform_param(targets=ethernet) "
			   "excludes several contexts");
		return alls_in_value(st, alls_get(st, "mode"), e);
	}
	return 0;
}

int settings_read(struct plan *p, struct err *e)
{
	static const struct {
		const char *command;
		int (*fn)(struct plan *p, const struct alls_stmt *st, struct err *e);
	} commands[] = { { "resources_param", resources_param },
			 { "context_switch_param", context_switch_param },
			 { "performance_param", performance_param },
			 { "platform_param", platform_param },
			 { "allocator_param", allocator_param },
			 { "buffer_calc_param", buffer_calc_param } };
	size_t i, k;

	p->batch = 1;
	p->ddr_cuts = DDR_CUTS;
	p->l4_cuts = L4_CUTS;
	p->level = 1;
	p->most_merged = MERGE_MOST;
	p->most_parts = MAX_PARTS;
	for (i = 0; p->script && i < p->script->nstmts; i++)
		for (k = 0; k < sizeof commands / sizeof commands[0]; k++)
			if (alls_is(&p->script->stmts[i], commands[k].command, NULL) &&
			    commands[k].fn(p, &p->script->stmts[i], e) < 0)
				return -1;
	if (p->no_memory)
		p->mode = 2;
	if (p->no_ddr)
		p->ddr_cuts = -1;
	p->most_control = p->limits.given[RES_LCU] ? p->limits.util[RES_LCU] : 0;
	return check_platform(p, e);
}
