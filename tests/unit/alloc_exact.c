/*
 * Partition of small networks: of every division into contexts the rate is worked out, and none is
 * faster than the one that the allocator finds.  What a context does is measured once, by a script
 * in which every other layer has a context of its own; every 32nd division and the fastest one
 * are allocated whole, and must be as fast as worked out.
 */
#include "alloc/alloc.h"
#include "net.h"

#include <math.h>

enum {
	MOST_BATCHES = 3,
	WHOLE_EVERY = 32
};

static int passed, failed;

static struct allocation *allocate(const struct net *n, const struct target *t, const char *script)
{
	struct err e = { 0 };
	struct alls *s = alls_parse("t.alls", script, strlen(script), &e);
	struct allocation *a;

	if (!s)
		die(&e);
	a = alloc_run(n->g, &n->m, &(struct alloc_opts){ .target = t, .script = s }, &e);
	alls_free(s);
	return a;
}

/* Rate of a script on a target; 0 when it cannot be allocated. */
static double rate_of(const struct net *n, const struct target *t, const char *script)
{
	struct allocation *a = allocate(n, t, script);
	double fps = a ? a->fps : 0;

	alloc_free(a);
	return fps;
}

/* What layers, one bit each, do in a context of their own. */
struct run {
	uint32_t layers;
	bool fits;
	double interval, fill, load; /* cycles, cycles, bytes */
};

/* Those that have been measured on one machine. */
struct runs {
	struct run *v;
	size_t n, cap;
};

/* All divisions under way: the context of each layer, by index. */
struct divisions {
	const struct net *n;
	const struct target *t;
	const int *batch; /* nbatch of them */
	size_t nbatch;
	int32_t context[32];
	struct runs *runs;
	double best[MOST_BATCHES];
	int32_t fastest[MOST_BATCHES][32]; /* contexts of that one */
	long tried, count;                 /* those that fit */
	bool together;                     /* outputs lie with the layer that they read */
	/* What the order in which tensors take the link matters: that depends on who reads them. */
	double order;
	bool wrong;
};

static void print_division(const struct divisions *d, const int32_t *context, struct str *out)
{
	for (int32_t c = 0, left = (int32_t)d->n->g->nlayers; left > 0; c++) {
		const char *comma = "";

		str_printf(out, "context_%d = context([", c);
		for (size_t i = 0; i < d->n->g->nlayers; i++)
			if (context[i] == c) {
				str_printf(out, "%s%s", comma,
					   strchr(d->n->g->layers[i]->name, '/') + 1);
				comma = ", ";
				left--;
			}
		str_puts(out, "])\n");
	}
}

/* The first layer outside the run that reads this input. */
static size_t reader_of(const struct layer *input, uint32_t run)
{
	size_t first = input->index;

	for (size_t k = 0; k < input->nsucc; k++) {
		const size_t i = input->succ[k]->index;

		if (!(run >> i & 1) && (first == input->index || i < first))
			first = i;
	}
	return first;
}

/*
 * Contexts in which the layers of a run are together and others alone, but for inputs, which lie
 * with a layer that reads them.  Those that layers of the run read come before it.  The run's
 * context.
 */
static int32_t alone(const struct graph *g, uint32_t run, int32_t context[32])
{
	uint32_t before = 0;
	int32_t c = 0, own;

	for (size_t i = g->nlayers; i-- > 0;)
		for (size_t k = 0; k < g->layers[i]->nin; k++)
			if (((run | before) >> i & 1) &&
			    !(run >> g->layers[i]->in[k].layer->index & 1))
				before |= UINT32_C(1) << g->layers[i]->in[k].layer->index;
	for (size_t i = 0; i < g->nlayers; i++)
		if ((before >> i & 1) && g->layers[i]->nin)
			context[i] = c++;
	own = c++;
	for (size_t i = 0; i < g->nlayers; i++)
		if (run >> i & 1)
			context[i] = own;
		else if (!(before >> i & 1) && g->layers[i]->nin)
			context[i] = c++;
	for (size_t i = 0; i < g->nlayers; i++)
		if (!(run >> i & 1) && !g->layers[i]->nin)
			context[i] = context[reader_of(g->layers[i], run)];
	return own;
}

static struct run measured(const struct divisions *d, uint32_t layers)
{
	struct run r = { .layers = layers };
	struct str s = { 0 };
	int32_t context[32], own = alone(d->n->g, layers, context);
	struct allocation *a;

	print_division(d, context, &s);
	if ((a = allocate(d->n, d->t, s.p)) != NULL) {
		r.fits = true;
		r.interval = a->interval[own];
		r.fill = a->fill[own];
		r.load = a->load[own];
	}
	alloc_free(a);
	str_release(&s);
	return r;
}

static const struct run *run_of(struct divisions *d, uint32_t layers)
{
	struct runs *r = d->runs;

	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].layers == layers)
			return &r->v[i];
	VEC_GROW(r->v, r->n, &r->cap);
	r->v[r->n] = measured(d, layers);
	return &r->v[r->n++];
}

/* By hn-machine(7), Contexts; 0: a context does not fit. */
static double worked_out(struct divisions *d, int32_t contexts, int batch)
{
	double compute = 0, fill = 0, load = 0;

	for (int32_t c = 0; c < contexts; c++) {
		const struct run *r;
		uint32_t layers = 0;

		for (size_t i = 0; i < d->n->g->nlayers; i++)
			layers |= (uint32_t)(d->context[i] == c) << i;
		r = run_of(d, layers);
		if (!r->fits)
			return 0;
		compute += batch * r->interval / d->t->clock_hz;
		fill += fmax(r->fill - r->interval, 0) / d->t->clock_hz;
		load += r->load / d->t->bandwidth;
	}
	return batch / (compute + fmax(fmax(load, fill), contexts * d->t->per_context_s) +
			d->t->fixed_s_per_batch);
}

/*
 * Is a division as fast as worked out when it is allocated?  When one context fits only with small
 * buffers the others get those, too, and may be slower by `slack`.
 */
static void check_whole(struct divisions *d, const int32_t *context, int batch, double fps,
			double slack)
{
	struct str s = { 0 };
	double rate;

	str_printf(&s, "performance_param(optimize_for_batch=%d)\n", batch);
	print_division(d, context, &s);
	rate = rate_of(d->n, d->t, s.p);
	if (rate > fps * (1 + d->order) || rate < fps * (1 - slack)) {
		printf("worked out %.6f FPS, allocated %.6f:\n%s", fps, rate, s.p);
		d->wrong = true;
	}
	str_release(&s);
}

static void measure(struct divisions *d, int32_t contexts)
{
	const size_t size = d->n->g->nlayers * sizeof *d->context;
	double fps = 0;

	for (size_t k = 0; k < d->nbatch; k++) {
		fps = worked_out(d, contexts, d->batch[k]);
		if (fps > d->best[k]) {
			d->best[k] = fps;
			memcpy(d->fastest[k], d->context, size);
		}
	}
	if (d->tried++ % WHOLE_EVERY == 0)
		check_whole(d, d->context, d->batch[d->nbatch - 1], fps, 1e-3);
	d->count += fps > 0;
}

static bool computes(const struct layer *l)
{
	return l->type != HN_INPUT && l->type != HN_OUTPUT;
}

/*
 * Context numbers without a gap, each with a layer that computes; an input is where a layer of its
 * context reads it.
 */
static bool dense(const struct divisions *d, int32_t contexts)
{
	for (size_t i = 0; i < d->n->g->nlayers; i++) {
		const struct layer *l = d->n->g->layers[i];
		bool read = l->nin > 0;

		for (size_t k = 0; k < l->nsucc; k++)
			read = read || d->context[l->succ[k]->index] == d->context[i];
		if (!read)
			return false;
	}
	for (int32_t c = 0; c < contexts; c++) {
		bool used = false;

		for (size_t i = 0; i < d->n->g->nlayers; i++)
			used = used || (d->context[i] == c && computes(d->n->g->layers[i]));
		if (!used)
			return false;
	}
	return true;
}

/*
 * Chooses the context of layer i and those behind it, not before any layer that it reads.  An input
 * lies with the first layer.
 */
static void choose(struct divisions *d, size_t i, int32_t most)
{
	const struct graph *g = d->n->g;
	const struct layer *l;
	int32_t low = 0, high = -1;

	if (i == g->nlayers) {
		for (size_t k = 0; k < g->nlayers; k++)
			high = d->context[k] > high ? d->context[k] : high;
		if (high > 0 && dense(d, high + 1))
			measure(d, high + 1);
		return;
	}
	l = g->layers[i];
	for (size_t k = 0; k < l->nin; k++) {
		int32_t c = d->context[l->in[k].layer->index];

		low = c > low ? c : low;
	}
	/* Only the first layers begin at 0: a later start is the same division. */
	high = l->nin == 0 ? 0 : most;
	if (l->type == HN_OUTPUT && d->together)
		high = low;
	for (int32_t c = low; c <= high; c++) {
		d->context[i] = c;
		choose(d, i + 1, most);
	}
}

static void forget(struct runs *r)
{
	free(r->v);
	*r = (struct runs){ 0 };
}

/* At each batch; the divisions are the same. */
static void compare(const char *what, const struct net *n, const struct target *t, const int *batch,
		    size_t nbatch, int32_t most, struct runs *runs)
{
	struct divisions d = { .n = n,
			       .t = t,
			       .batch = batch,
			       .nbatch = nbatch,
			       .runs = runs,
			       .together = n->g->nlayers > 14 };

	d.order = d.together ? 1e-4 : 1e-9;

	choose(&d, 0, most);
	for (size_t k = 0; k < nbatch; k++) {
		char script[128];
		double found;

		snprintf(script, sizeof script,
			 "context_switch_param(mode=enabled)\n"
			 "performance_param(optimize_for_batch=%d)\n",
			 batch[k]);
		found = rate_of(n, t, script);
		if (d.best[k] > 0)
			check_whole(&d, d.fastest[k], batch[k], d.best[k], d.order);
		printf("%s, batch %d: %ld divisions, the fastest %.2f FPS, found %.2f\n", what,
		       batch[k], d.count, d.best[k], found);
		if (d.count > 1 && found >= d.best[k] * (1 - 1e-9) && !d.wrong)
			passed++;
		else
			failed++;
	}
}

/* Networks with branches and skips, on machines that favour few, some and many contexts. */
static void compare_random(const struct target *t)
{
	struct runs runs = { 0 };
	static const int one = 1, sixteen = 16;
	struct target few = *t, many = *t;

	few.lcus = 6;
	many.lcus = 4;
	many.per_context_s = 1e-6;
	for (uint32_t seed = 1; seed <= 12; seed++) {
		struct net n = random_net(seed * 2654435761u, 32, 64, 3 + (int)(seed % 4));
		char what[64];

		snprintf(what, sizeof what, "random network %u, %zu layers", (unsigned)seed,
			 n.g->nlayers);
		compare(what, &n, seed % 2 ? &few : &many, seed % 3 ? &one : &sixteen, 1, 5, &runs);
		forget(&runs);
		free_net(&n);
	}
}

/* Branches: most cuts do not lie along an order of the layers. */
static void compare_wide(const struct target *t)
{
	static const int batch[] = { 1, 8 };
	struct runs runs = { 0 };
	struct target few = *t;
	struct net n = make_star(16, 64, 7);

	few.lcus = 7;
	compare("seven branches", &n, &few, batch, 2, 2, &runs);
	forget(&runs);
	free_net(&n);
}

/* Every target, small enough for several contexts, at both batches of the published rates. */
static void compare_targets(void)
{
	static const char *const names[] = { "hailo8",   "hailo8l",  "hailo8r", "hailo15h",
					     "hailo15m", "hailo15l", "hailo10h" };
	static const int batch[] = { 1, 8 };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct net n = random_net((uint32_t)(i + 20) * 2654435761u, 16, 32, 6);
		struct runs runs = { 0 };
		struct target t;
		struct err e = { 0 };

		if (target_load(names[i], &t, &e) < 0)
			die(&e);
		t.clusters = 1;
		t.lcus = 4;
		compare(names[i], &n, &t, batch, 2, 4, &runs);
		forget(&runs);
		free_net(&n);
	}
}

int main(void)
{
	static const int batch[MOST_BATCHES] = { 1, 8, 64 };
	struct runs runs = { 0 };
	struct net chain = make_net(32, 64, 9), wide = make_net(64, 96, 6);
	struct target t;
	struct err e = { 0 };

	if (target_load("hailo8", &t, &e) < 0)
		die(&e);
	t.clusters = 1;
	compare("nine layers, one context would do", &wide, &t, &batch[1], 1, 8, &runs);
	forget(&runs);
	t.lcus = 5; /* not enough for all layers */
	compare("twelve layers", &chain, &t, &batch[1], 1, 11, &runs);
	forget(&runs);
	compare("nine layers", &wide, &t, batch, 3, 8, &runs);
	/* Switches that cost nearly nothing: many contexts, of which each does the same. */
	t.per_context_s = 1e-5;
	compare("nine layers, fast switches", &wide, &t, batch, 3, 8, &runs);
	forget(&runs);
	t.bandwidth /= 50; /* what crosses the link decides */
	compare("nine layers, slow link", &wide, &t, batch, 3, 8, &runs);
	forget(&runs);
	compare_random(&t);
	if (target_load("hailo8l", &t, &e) < 0)
		die(&e);
	t.clusters = 1;
	compare_wide(&t);
	compare_targets();
	free_net(&chain);
	free_net(&wide);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
