/* Cycles of every context, frames per second, latency. */
#include "base/limits.h"
#include "sim/time_int.h"

enum {
	MIN_FRAMES = 4,
	MAX_FRAMES = 64,
	MAX_EVENTS = 1 << 23
};
/* One frame with more rows than this is refused: it would take minutes. */
#define MAX_ROWS (1LL << 26)

static int64_t interval_of(const int64_t *end, int32_t frames)
{
	int32_t half = frames / 2;

	return (end[frames - 1] - end[half - 1] + (frames - half) / 2) / (frames - half);
}

/* Doubles the number of frames until the last intervals agree. */
static int steady(struct network *n, int32_t *frames, int64_t *end, struct err *e)
{
	int64_t rows = network_rows(n);

	if (rows > MAX_ROWS)
		return err_set(e, "a frame of %lld rows is too much to simulate", (long long)rows);
	for (*frames = MIN_FRAMES;; *frames *= 2) {
		int32_t f = *frames;

		if (!network_run(n, f, end))
			return network_explain(n, e);
		if (f == MAX_FRAMES || 2 * rows * f > MAX_EVENTS ||
		    (end[f - 1] - end[f - 2] == end[f - 2] - end[f - 3] &&
		     end[f - 2] - end[f - 3] == end[f - 1 - f / 4] - end[f - 2 - f / 4]))
			return 0;
	}
}

static void take_layers(const struct network *n, int32_t frames, struct sim_time *t,
			struct sim_context_time *c)
{
	int64_t most = -1;

	for (size_t i = 0; i < n->nproc; i++) {
		const struct process *p = &n->proc[i];
		struct sim_layer_time l = p->time;

		if (p->layer < 0)
			continue;
		l.busy /= frames;
		l.starved /= frames;
		l.blocked /= frames;
		t->layers[p->layer] = l;
		if (l.busy > most) {
			most = l.busy;
			c->slowest = p->layer;
		}
	}
	for (size_t i = 0; i < n->nline; i++) {
		if (n->line[i].edge >= 0)
			t->edges[n->line[i].edge].peak = (int32_t)n->line[i].peak;
	}
}

static int64_t cycles(const struct isa_prog *p, double seconds)
{
	return (int64_t)(seconds * p->machine.clock_hz + 0.5);
}

/*
 * The words of a context are fetched while its predecessor drains and it fills itself: what the
 * pipeline's ends leave idle is the longer of that and the fetch.
 */
static int64_t batch_cycles(const struct isa_prog *p, const struct sim_context_time *c,
			    int32_t batch)
{
	int64_t flow = c->latency + (batch - 1) * c->interval, load = c->load;

	if (p->ncontexts == 1)
		return flow;
	if (load < cycles(p, p->machine.per_context_s))
		load = cycles(p, p->machine.per_context_s);
	return flow > batch * c->interval + load ? flow : batch * c->interval + load;
}

static int context(const struct isa_prog *p, int32_t k, uint64_t words, struct sim_time *t,
		   struct err *e)
{
	struct sim_context_time *c = &t->contexts[k];
	int64_t end[MAX_FRAMES];
	struct network n;
	int32_t frames = 0;
	int r = network_build(&n, p, k, e);

	if (r == 0)
		r = steady(&n, &frames, end, e);
	if (r == 0) {
		c->load = cycles(p, (double)words / p->machine.bandwidth);
		c->latency = end[0];
		c->interval = interval_of(end, frames);
		c->batch = batch_cycles(p, c, t->batch);
		take_layers(&n, frames, t, c);
		if (frames > t->frames)
			t->frames = frames;
	}
	network_release(&n);
	if (r < 0 && p->ncontexts > 1)
		err_in(e, "context %d", k);
	return r;
}

int sim_time_run(const struct isa_prog *p, int32_t batch, const uint64_t *words, struct sim_time *t,
		 struct err *e)
{
	int64_t total = 0, one = 0;

	*t = (struct sim_time){ .batch = batch, .clock_hz = p->machine.clock_hz };
	t->contexts = xcalloc((size_t)p->ncontexts, sizeof *t->contexts);
	t->layers = xcalloc(p->nlayers, sizeof *t->layers);
	t->edges = xcalloc(p->nedges, sizeof *t->edges);
	for (int32_t k = 0; k < p->ncontexts; k++) {
		if (context(p, k, words[k], t, e) < 0) {
			sim_time_release(t);
			return -1;
		}
		total += t->contexts[k].batch;
		one += batch_cycles(p, &t->contexts[k], 1);
	}
	t->latency_s = (double)one / t->clock_hz;
	t->batch_s = (double)total / t->clock_hz;
	if (p->ncontexts > 1) {
		t->latency_s += p->machine.fixed_s_per_batch;
		t->batch_s += p->machine.fixed_s_per_batch;
		t->fps = batch / t->batch_s;
	} else if (t->contexts[0].interval > 0) {
		t->fps = t->clock_hz / (double)t->contexts[0].interval;
	}
	return 0;
}

void sim_time_release(struct sim_time *t)
{
	free(t->contexts);
	free(t->layers);
	free(t->edges);
	*t = (struct sim_time){ 0 };
}
