/*
 * Partition of small networks: every division into contexts is written as a script and allocated;
 * none is faster than the one that the allocator finds.
 */
#include "alloc/alloc.h"
#include "net.h"

static int passed, failed;

/* Rate of a script on a target; 0 when it cannot be allocated. */
static double rate_of(const struct net *n, const struct target *t, const char *script)
{
	struct err e = { 0 };
	struct alls *s = alls_parse("t.alls", script, strlen(script), &e);
	struct allocation *a;
	double fps;

	if (!s)
		die(&e);
	a = alloc_run(n->g, &n->m, &(struct alloc_opts){ .target = t, .script = s }, &e);
	fps = a ? a->fps : 0;
	alloc_free(a);
	alls_free(s);
	return fps;
}

/* All divisions under way: the context of each layer, by index. */
struct divisions {
	const struct net *n;
	const struct target *t;
	int batch;
	int32_t context[32];
	double best;
	long count;
};

static void measure(struct divisions *d, int32_t contexts)
{
	struct str s = { 0 };
	double fps;

	str_printf(&s, "performance_param(optimize_for_batch=%d)\n", d->batch);
	for (int32_t c = 0; c < contexts; c++) {
		const char *comma = "";

		str_printf(&s, "context_%d = context([", c);
		for (size_t i = 0; i < d->n->g->nlayers; i++)
			if (d->context[i] == c) {
				str_printf(&s, "%s%s", comma,
					   strchr(d->n->g->layers[i]->name, '/') + 1);
				comma = ", ";
			}
		str_puts(&s, "])\n");
	}
	fps = rate_of(d->n, d->t, s.p);
	d->best = fps > d->best ? fps : d->best;
	d->count += fps > 0;
	str_release(&s);
}

/* Context numbers without a gap; an input is not alone, where no layer of its context reads it. */
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
			used = used || d->context[i] == c;
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
	for (int32_t c = low; c <= high; c++) {
		d->context[i] = c;
		choose(d, i + 1, most);
	}
}

static void compare(const char *what, const struct net *n, const struct target *t, int batch,
		    int32_t most)
{
	struct divisions d = { .n = n, .t = t, .batch = batch };
	char script[128];
	double found;

	snprintf(script, sizeof script,
		 "context_switch_param(mode=enabled)\nperformance_param(optimize_for_batch=%d)\n",
		 batch);
	found = rate_of(n, t, script);
	choose(&d, 0, most);
	printf("%s, batch %d: %ld divisions, the fastest %.2f FPS, found %.2f\n", what, batch,
	       d.count, d.best, found);
	if (d.count > 1 && found >= d.best * (1 - 1e-9))
		passed++;
	else
		failed++;
}

/* Networks with branches and skips, on machines that favour few, some and many contexts. */
static void compare_random(const struct target *t)
{
	struct target few = *t, many = *t;

	few.lcus = 6;
	many.lcus = 4;
	many.per_context_s = 1e-6;
	for (uint32_t seed = 1; seed <= 12; seed++) {
		struct net n = random_net(seed * 2654435761u, 32, 64, 3 + (int)(seed % 4));
		char what[64];

		snprintf(what, sizeof what, "random network %u, %zu layers", (unsigned)seed,
			 n.g->nlayers);
		compare(what, &n, seed % 2 ? &few : &many, seed % 3 ? 1 : 16, 5);
		free_net(&n);
	}
}

int main(void)
{
	struct net chain = make_net(32, 64, 9), wide = make_net(64, 96, 6);
	struct target t;
	struct err e = { 0 };

	if (target_load("hailo8", &t, &e) < 0)
		die(&e);
	t.clusters = 1;
	compare("nine layers, one context would do", &wide, &t, 8, 8);
	t.lcus = 5; /* not enough for all layers */
	compare("twelve layers", &chain, &t, 8, 11);
	for (int batch = 1; batch <= 64; batch *= 8)
		compare("nine layers", &wide, &t, batch, 8);
	t.per_context_s = 1e-5; /* switches that cost nearly nothing: many contexts */
	for (int batch = 1; batch <= 64; batch *= 8)
		compare("nine layers, fast switches", &wide, &t, batch, 8);
	t.bandwidth /= 50; /* what crosses the link decides */
	for (int batch = 1; batch <= 64; batch *= 8)
		compare("nine layers, slow link", &wide, &t, batch, 8);
	compare_random(&t);
	free_net(&chain);
	free_net(&wide);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
