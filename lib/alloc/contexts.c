/*
 * Partition into contexts.  Layers are taken in topological order and fill one context after
 * another up to the thresholds, each with its smallest choice; every edge then leads to the same or
 * a later context.
 */
#include "alloc/alloc_int.h"

struct filling {
	struct plan *p;
	double allowed[RES_COUNT];
	double capacity[RES_COUNT];
	struct need total;
	int64_t window_bytes; /* of the context's input buffers */
	int32_t streams;      /* tensors that enter from earlier contexts */
	size_t members;
	bool *entered; /* by unit: its output is among the streams */
};

static void next_context(struct filling *f)
{
	f->total = (struct need){ { 0 } };
	f->window_bytes = 0;
	f->streams = 0;
	f->members = 0;
	memset(f->entered, 0, f->p->n * sizeof *f->entered);
}

/* Streams that would enter a context with this unit. */
static int32_t new_streams(const struct filling *f, const struct unit *u, int32_t context)
{
	const struct unit *from;
	int32_t n = 0;
	size_t i, k;

	for (i = 0; i < u->l->nin; i++) {
		from = &f->p->units[u->l->in[i].layer->index];
		for (k = 0; k < i; k++)
			if (u->l->in[k].layer == u->l->in[i].layer)
				break;
		if (k == i && from->context >= 0 && from->context != context &&
		    !f->entered[from - f->p->units])
			n += from->choice.parts;
	}
	return n;
}

static bool has_room(const struct filling *f, const struct unit *u, const struct need *need,
		     int32_t streams)
{
	const struct target *t = f->p->t;
	struct need total = need_add(f->total, *need, 1);
	double memory = (double)total.v[RES_WEIGHTS] +
			(double)(f->window_bytes + u->window_bytes) / (double)t->l3_cut_bytes;
	int r;

	if (f->streams + streams > t->max_inter_context_streams)
		return false;
	if (f->members == 0) /* a layer alone may exceed the thresholds, not the machine */
		return true;
	for (r = 0; r < RES_COUNT; r++)
		if ((double)total.v[r] > f->allowed[r])
			return false;
	return memory <= 0.9 * f->capacity[RES_WEIGHTS];
}

static int add_unit(struct filling *f, struct unit *u, int32_t *context, struct err *e)
{
	struct plan *p = f->p;
	struct need need;
	int32_t streams;
	size_t i;

	unit_need(p, u, u->choice, false, &need);
	streams = new_streams(f, u, *context);
	if (!has_room(f, u, &need, streams)) {
		if (f->members == 0)
			return err_set(
			    e, "layer '%s' reads %d tensors of other contexts, at most %d can be",
			    quote(u->l->name), streams, p->t->max_inter_context_streams);
		if (++*context >= p->t->max_contexts)
			return err_set(e, "more than %d contexts are needed, from layer '%s' on",
				       p->t->max_contexts, quote(u->l->name));
		next_context(f);
		return add_unit(f, u, context, e);
	}
	u->context = *context;
	f->streams += streams;
	for (i = 0; i < u->l->nin; i++)
		f->entered[u->l->in[i].layer->index] = true;
	f->total = need_add(f->total, need, 1);
	f->window_bytes += u->window_bytes;
	f->members += u->cost.outside ? 0 : 1;
	return 0;
}

/* Inputs and constants belong to their first consumer's context. */
static void settle_sources(struct plan *p)
{
	struct unit *u;
	int32_t k;
	size_t i, s;

	for (i = 0; i < p->n; i++) {
		u = &p->units[i];
		if (u->l->nin > 0)
			continue;
		u->context = p->ncontexts - 1;
		for (s = 0; s < u->l->nsucc; s++) {
			k = p->units[u->l->succ[s]->index].context;
			u->context = k < u->context ? k : u->context;
		}
	}
}

int contexts_divide(struct plan *p, double fill, struct err *e)
{
	struct limits lim = plan_limits(p, -1, false);
	struct need capacity = device_capacity(p->t);
	struct filling f = { .p = p, .entered = xcalloc(p->n + 1, sizeof *f.entered) };
	int32_t context = 0;
	int rc = 0;
	size_t i;
	int r;

	for (r = 0; r < RES_COUNT; r++) {
		f.capacity[r] = (double)capacity.v[r];
		f.allowed[r] = fill * lim.util[r] * f.capacity[r];
		f.allowed[r] = f.allowed[r] > f.capacity[r] ? f.capacity[r] : f.allowed[r];
	}
	for (i = 0; i < p->n; i++)
		p->units[i].context = -1;
	for (i = 0; i < p->n && rc == 0; i++)
		if (p->units[i].l->nin > 0)
			rc = add_unit(&f, &p->units[i], &context, e);
	p->ncontexts = context + 1;
	settle_sources(p);
	free(f.entered);
	return rc;
}
