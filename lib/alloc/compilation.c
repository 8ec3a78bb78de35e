/* compilation_param(): resources of single layers. */
#include "alloc/directives.h"

/* compilation_param, read once and applied to each layer it names. */
struct compilation {
	int32_t subclusters, apus, aligners; /* 0: not given */
	int mode;                            /* -1: not given */
	int no_contexts, balanced, mixed;    /* the same */
	int compressed;                      /* the same */
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
				   .mixed = alls_get_switch(st, "mixed_mem"),
				   .compressed = alls_get_switch(st, "compress_l3_weights"),
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

/* A layer that can have what is asked for. */
static int compilation_fits(const struct plan *p, const struct alls_stmt *st,
			    const struct compilation *c, const struct unit *u, struct err *e)
{
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
	if (c->compressed == 1 && (!u->cost.macs || !u->q->kernel.n)) {
		err_set(e, "layer '%s': it has no 8-bit weights to compress", quote(u->l->name));
		return alls_in(st, e);
	}
	if (c->aligners && c->aligners != p->t->mode[c->mode > 0 ? c->mode : 0].input_aligners) {
		err_set(e, "layer '%s': it takes %d input aligners in this mode", quote(u->l->name),
			p->t->mode[c->mode > 0 ? c->mode : 0].input_aligners);
		return alls_in(st, e);
	}
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
	if (compilation_fits(p, st, c, u, e) < 0) {
		if (!alls_by_glob(st))
			return -1;
		*e = (struct err){ 0 }; /* a {glob} is about the layers that can do so */
		return 0;
	}
	if (c->fps > 0)
		u->min_fps = c->fps;
	if (c->no_contexts >= 0)
		u->no_contexts = c->no_contexts == 1;
	if (c->balanced >= 0)
		u->balanced = c->balanced == 1;
	if (c->mixed >= 0)
		u->mixed = c->mixed;
	if (c->compressed == 0)
		u->packed = NULL;
	else if (c->compressed == 1)
		unit_compress(p, u);
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

int directive_compilation(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	struct compilation c;

	if (compilation_read(p, st, &c, e) < 0)
		return -1;
	return plan_each(p, st, alls_get(st, "layers"), compilation_apply, &c, e);
}
