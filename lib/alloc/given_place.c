/* context(), place(), bucket(): where layers lie. */
#include "alloc/directives.h"

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
void directive_settle(struct plan *p)
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
int directive_context(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	int32_t k = context_number(p, st->lhs[0]);

	if (k < 0) {
		err_set(e, "write context_0 = context([layers]), context_1 ...");
		return alls_in(st, e);
	}
	if (k > 0 && p->no_memory) {
		err_set(e, "context_%d: platform_param(targets=ethernet) excludes several contexts",
			k);
		return alls_in(st, e);
	}
	p->contexts_given = true;
	if (k >= p->ncontexts)
		p->ncontexts = k + 1;
	return plan_each(p, st, alls_get(st, "layers"), context_apply, &k, e);
}

/* Another cluster than the one that an earlier statement gave. */
static int placed(const struct alls_stmt *st, const char *name, int32_t k, struct err *e)
{
	err_set(e, "layer '%s' is already in cluster %d", quote(name), k);
	return alls_in(st, e);
}

/* A relay with a controller; a portal is where the layer is that it feeds. */
static int place_relay(struct relay *r, const struct alls_stmt *st, int32_t cluster, struct err *e)
{
	if (relay_kind_of(r->kind)->controller) {
		if (r->place >= 0 && r->place != cluster)
			return placed(st, r->name, r->place, e);
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
	for (i = part < 0 ? 0 : part; i < (part < 0 ? MAX_PARTS : part + 1); i++) {
		if (u->place[i] >= 0 && u->place[i] != cluster)
			return placed(st, u->l->name, u->place[i], e);
		u->place[i] = cluster;
	}
	return 0;
}

int directive_place(struct plan *p, const struct alls_stmt *st, struct err *e)
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

int directive_bucket(struct plan *p, const struct alls_stmt *st, struct err *e)
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

int directive_bucket_given(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	int32_t k = -1;

	return plan_each(p, st, alls_get(st, "layers"), check_bucket, &k, e);
}
