/* Model-script commands that set parameters of the whole allocation. */
#include "alloc/alloc_int.h"
#include "base/log.h"
#include "base/num.h"

enum {
	MAX_SCRIPT_CONTEXTS = 1021
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

static int bad(const struct plan *p, const struct alls_stmt *st, struct err *e, const char *text)
{
	err_set(e, "%s", text);
	return alls_in(p->script, st, e);
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
		alls_in(p->script, st, e);
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
	static const char *const keys[] = { "strategy",
					    "max_utilization",
					    "max_control_utilization",
					    "max_compute_utilization",
					    "max_compute_16bit_utilization",
					    "max_memory_utilization",
					    "max_input_aligner_utilization",
					    "max_apu_utilization",
					    NULL };
	static const struct {
		const char *key;
		enum resource r;
		double max;
	} own[] = { { "max_control_utilization", RES_LCU, 0 },
		    { "max_compute_utilization", RES_SC, 1 },
		    { "max_memory_utilization", RES_WEIGHTS, 1 },
		    { "max_input_aligner_utilization", RES_IA, 1 },
		    { "max_apu_utilization", RES_APU, 1 } };
	static const char *const strategies[] = { "greedy", NULL };
	const struct alls_value *v;
	struct limits *l = limits_of(p, st, e);
	double all = -1;
	double max;
	size_t i;
	int word;

	if (!l || alls_only(p->script, st, keys, 0, e) < 0)
		return -1;
	if ((v = alls_arg(st, "strategy", SIZE_MAX)) != NULL &&
	    alls_word(p->script, st, v, "strategy", strategies, &word, e) < 0)
		return -1;
	/* Subclusters serve 8 and 16 bit alike here: the 16-bit threshold is theirs. */
	if ((v = alls_arg(st, "max_compute_16bit_utilization", SIZE_MAX)) != NULL &&
	    alls_number(p->script, st, v, "max_compute_16bit_utilization", 0, 1, &max, e) < 0)
		return -1;
	if ((v = alls_arg(st, "max_utilization", SIZE_MAX)) != NULL &&
	    alls_number(p->script, st, v, "max_utilization", 0, 1, &all, e) < 0)
		return -1;
	for (i = 0; i < sizeof own / sizeof own[0]; i++) {
		max = own[i].max > 0 ? own[i].max : p->t->util_control_max;
		if ((v = alls_arg(st, own[i].key, SIZE_MAX)) != NULL) {
			if (alls_number(p->script, st, v, own[i].key, 0, max, &l->util[own[i].r],
					e) < 0)
				return -1;
			l->given[own[i].r] = true;
		} else if (all >= 0 && !l->given[own[i].r]) {
			l->util[own[i].r] = all;
			l->given[own[i].r] = true;
		}
	}
	return 0;
}

static int context_switch_param(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	static const char *const keys[] = { "mode", "allow_auto_merge_in_multicontext", NULL };
	static const char *const modes[] = { "allowed", "enabled", "disabled", NULL };
	const struct alls_value *v;
	bool merge;

	if (alls_only(p->script, st, keys, 0, e) < 0)
		return -1;
	if ((v = alls_arg(st, "mode", SIZE_MAX)) != NULL &&
	    alls_word(p->script, st, v, "mode", modes, &p->mode, e) < 0)
		return -1;
	if ((v = alls_arg(st, "allow_auto_merge_in_multicontext", SIZE_MAX)) == NULL)
		return 0;
	if (alls_bool(p->script, st, v, "allow_auto_merge_in_multicontext", &merge, e) < 0)
		return -1;
	if (merge)
		return bad(p, st, e, "layers are not merged on this machine");
	return 0;
}

static int performance_param(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	static const char *const keys[] = { "fps", "optimize_for_batch",
					    "compiler_optimization_level", NULL };
	static const char *const levels[] = { "0", "1", "2", "max", NULL };
	const struct alls_value *v;
	int64_t batch;
	int level;

	if (alls_only(p->script, st, keys, 0, e) < 0)
		return -1;
	v = alls_arg(st, "fps", SIZE_MAX);
	if (v && strcmp(v->text, "null") != 0 && strcmp(v->text, "None") != 0 &&
	    alls_number(p->script, st, v, "fps", 1e-6, 1e9, &p->fps, e) < 0)
		return -1;
	if ((v = alls_arg(st, "optimize_for_batch", SIZE_MAX)) != NULL) {
		if (alls_int(p->script, st, v, "optimize_for_batch", 1, 65535, &batch, e) < 0)
			return -1;
		p->batch = (int32_t)batch;
	}
	if ((v = alls_arg(st, "compiler_optimization_level", SIZE_MAX)) != NULL) {
		if (alls_word(p->script, st, v, "compiler_optimization_level", levels, &level, e) <
		    0)
			return -1;
		p->max_level = level >= 2;
	}
	return 0;
}

/* Parameters of mechanisms that this machine does not have are accepted only when they switch them
 * off. */
static int allocator_param(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	static const char *const keys[] = { "timeout",
					    "automatic_ddr",
					    "automatic_reshapes",
					    "merge_min_layer_utilization",
					    "enable_lcu_ecc",
					    "enable_muxer",
					    "seed",
					    NULL };
	static const char *const off[] = { "automatic_ddr", "automatic_reshapes", "enable_muxer",
					   "enable_lcu_ecc" };
	const struct alls_value *v;
	double ignored;
	bool on;
	size_t i;

	if (alls_only(p->script, st, keys, 0, e) < 0)
		return -1;
	for (i = 0; i < sizeof off / sizeof off[0]; i++) {
		v = alls_arg(st, off[i], SIZE_MAX);
		if (!v || strcmp(v->text, "allowed") == 0)
			continue;
		if (alls_bool(p->script, st, v, off[i], &on, e) < 0)
			return -1;
		if (on)
			return bad(p, st, e,
				   "that mechanism does not exist on this machine; only disabled "
				   "is accepted");
	}
	if ((v = alls_arg(st, "merge_min_layer_utilization", SIZE_MAX)) != NULL)
		log_warn("%s:%d: merge_min_layer_utilization has no effect: layers are not merged",
			 quote(p->script->file), st->line);
	if ((v = alls_arg(st, "timeout", SIZE_MAX)) != NULL)
		return alls_number(p->script, st, v, "timeout", 1, 1e9, &ignored, e);
	return 0;
}

static int platform_param(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	static const char *const keys[] = { "targets", "hints", NULL };
	const struct alls_value *v;
	const struct alls_value *item;
	size_t i, n;

	if (alls_only(p->script, st, keys, 0, e) < 0)
		return -1;
	if ((v = alls_arg(st, "targets", SIZE_MAX)) != NULL) {
		n = v->kind == ALLS_LIST ? v->nitems : 1;
		for (i = 0; i < n; i++) {
			item = v->kind == ALLS_LIST ? &v->items[i] : v;
			if (strcmp(item->text, "ethernet") != 0)
				return bad(p, st, e, "the only known target is 'ethernet'");
			p->mode = 2; /* no external memory: one context */
		}
	}
	if (alls_arg(st, "hints", SIZE_MAX))
		log_warn("%s:%d: hints have no effect on this machine", quote(p->script->file),
			 st->line);
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
			 { "allocator_param", allocator_param },
			 { "platform_param", platform_param } };
	size_t i, k;

	p->batch = 1;
	for (i = 0; p->script && i < p->script->nstmts; i++)
		for (k = 0; k < sizeof commands / sizeof commands[0]; k++)
			if (strcmp(p->script->stmts[i].command, commands[k].command) == 0 &&
			    commands[k].fn(p, &p->script->stmts[i], e) < 0)
				return -1;
	return 0;
}
