/* Cycles of every context, frames per second, latency. */
#include "base/limits.h"
#include "sim/time_int.h"

/* One frame with more rows than this is refused: it would take minutes. */
#define MAX_ROWS (1LL << 26)

/* A line of what a layer writes through a port, or of what an output layer reads. */
static int64_t line_cycles(const struct isa_prog *p, const struct isa_tensor *t, int32_t lines)
{
	const double cols = qop_line_columns(t->h, t->w, lines);

	return link_cycles(cols * t->c * (t->bits / 8.0), p->machine.bandwidth,
			   p->machine.clock_hz);
}

static void source_layer(const struct isa_prog *p, const struct isa_layer *l, struct net_layer *out)
{
	int32_t tensor = l->role == ISA_OUTPUT ? l->in.v[0] : l->out.v[0];

	out->link = l->role == ISA_INPUT || l->role == ISA_OUTPUT;
	out->context = l->context;
	out->group = l->group;
	out->rows = l->rows;
	out->steps = l->role == ISA_COMPUTE ? qop_row_steps(&l->q) : 1;
	out->cycles = l->row_cycles;
	/* No line of an input or output is faster than the link. */
	if (out->link && line_cycles(p, &p->tensors[tensor], l->rows) > l->row_cycles)
		out->cycles = line_cycles(p, &p->tensors[tensor], l->rows);
}

static void source_edge(const struct isa_prog *p, const struct isa_edge *d, struct net_edge *out)
{
	const struct isa_layer *to = &p->layers[d->to];

	*out = (struct net_edge){ .from = d->from,
				  .to = d->to,
				  .port = d->port,
				  .rows = d->rows,
				  .ddr = d->kind == EDGE_DDR && to->role != ISA_RELAY,
				  .link_cycles = link_cycles(d->row_bytes, p->machine.bandwidth,
							     p->machine.clock_hz),
				  .q = to->role == ISA_COMPUTE ? &to->q : NULL,
				  .input = (size_t)d->input };
}

static void source_init(const struct isa_prog *p, struct net_source *s)
{
	*s = (struct net_source){ .layers = xcalloc(p->nlayers + 1, sizeof *s->layers),
				  .nlayers = p->nlayers,
				  .edges = xcalloc(p->nedges + 1, sizeof *s->edges),
				  .nedges = p->nedges };
	for (size_t i = 0; i < p->nlayers; i++)
		source_layer(p, &p->layers[i], &s->layers[i]);
	for (size_t i = 0; i < p->nedges; i++) {
		source_edge(p, &p->edges[i], &s->edges[i]);
		/* A relay moves rows to external memory and back itself. */
		if (p->edges[i].kind == EDGE_DDR && p->layers[p->edges[i].to].role == ISA_RELAY)
			s->layers[p->edges[i].to].link = true;
	}
}

static void take_lines(const struct isa_prog *p, const struct network *n, struct sim_time *t)
{
	for (size_t i = 0; i < n->nline; i++) {
		const struct line *l = &n->line[i];
		int32_t rows;

		if (l->edge < 0)
			continue;
		/* What a stream holds beyond the buffer is its own. */
		rows = p->edges[l->edge].rows;
		t->edges[l->edge].peak = l->peak < rows ? (int32_t)l->peak : rows;
	}
}

/* Cycles that a process, or the group that it is in, was busy. */
static int64_t busy_of(const struct network *n, const struct process *p)
{
	int64_t busy = 0;

	if (p->group < 0)
		return p->time.busy;
	for (size_t i = 0; i < n->group[p->group].nproc; i++)
		busy += n->proc[n->group[p->group].proc[i]].time.busy;
	return busy;
}

static void take_layers(const struct network *n, int32_t frames, struct sim_time *t,
			struct sim_context_time *c)
{
	int64_t most = -1;

	for (size_t i = 0; i < n->nproc; i++) {
		const struct process *p = &n->proc[i];
		struct process_time l = p->time;

		if (p->layer < 0)
			continue;
		l.busy /= frames;
		l.starved /= frames;
		l.blocked /= frames;
		l.shared /= frames;
		t->layers[p->layer] = l;
		if (busy_of(n, p) > most) {
			most = busy_of(n, p);
			c->slowest = p->layer;
		}
	}
}

static int run_context(const struct isa_prog *p, const struct net_source *s, int32_t k,
		       struct pace *pace, struct sim_time *t, struct err *e)
{
	struct sim_context_time *c = &t->contexts[k];
	struct network n;
	int r = 0;

	network_build(&n, s, k);
	if (!n.nproc)
		r = err_set(e, "context %d has no layers", k);
	else if (network_steps(&n) > MAX_ROWS)
		r = err_set(e, "a frame of %lld steps is too much to simulate",
			    (long long)network_steps(&n));
	else if (!network_pace(&n, pace))
		r = network_explain(p, &n, e);
	if (r == 0) {
		c->latency = pace->latency;
		c->interval = pace->interval;
		c->batch = t->batch * c->interval;
		take_layers(&n, pace->frames, t, c);
		take_lines(p, &n, t);
		if (pace->frames > t->frames)
			t->frames = pace->frames;
	}
	network_release(&n);
	if (r < 0 && p->ncontexts > 1)
		err_in(e, "context %d", k);
	return r;
}

static void take_rates(const struct isa_prog *p, const struct pace *paces, struct sim_time *t)
{
	const struct switching s = { .clock_hz = t->clock_hz,
				     .load_s = t->load_s,
				     .per_context_s = p->machine.per_context_s,
				     .fixed_s = p->machine.fixed_s_per_batch };

	if (p->ncontexts > 1) {
		t->latency_s = batch_seconds(paces, p->ncontexts, 1, &s);
		t->batch_s = batch_seconds(paces, p->ncontexts, t->batch, &s);
		t->fps = t->batch / t->batch_s;
		return;
	}
	t->latency_s = (double)paces[0].latency / t->clock_hz;
	t->batch_s =
	    t->latency_s + (double)(t->batch - 1) * (double)paces[0].interval / t->clock_hz;
	if (paces[0].interval > 0)
		t->fps = t->clock_hz / (double)paces[0].interval;
}

int sim_time_run(const struct isa_prog *p, int32_t batch, const uint64_t *words, struct sim_time *t,
		 struct err *e)
{
	struct pace *paces = xcalloc((size_t)p->ncontexts, sizeof *paces);
	struct net_source s;
	int r = 0;

	*t = (struct sim_time){ .batch = batch, .clock_hz = p->machine.clock_hz };
	t->contexts = xcalloc((size_t)p->ncontexts, sizeof *t->contexts);
	t->layers = xcalloc(p->nlayers, sizeof *t->layers);
	t->edges = xcalloc(p->nedges, sizeof *t->edges);
	source_init(p, &s);
	for (int32_t k = 0; k < p->ncontexts && r == 0; k++) {
		double load = (double)words[k] / p->machine.bandwidth;

		t->load_s += load;
		t->contexts[k].load = (int64_t)(load * t->clock_hz + 0.5);
		r = run_context(p, &s, k, &paces[k], t, e);
	}
	if (r == 0)
		take_rates(p, paces, t);
	else
		sim_time_release(t);
	free(s.layers);
	free(s.edges);
	free(paces);
	return r;
}

void sim_time_release(struct sim_time *t)
{
	free(t->contexts);
	free(t->layers);
	free(t->edges);
	*t = (struct sim_time){ 0 };
}
