/* A context as processes and line buffers. */
#include "alloc/process.h"

/* Rows between a layer and the stream that carries them outside. */
enum {
	STREAM_ROWS = 2
};

int64_t link_cycles(double bytes, double bandwidth, double clock_hz)
{
	double c = bytes / bandwidth * clock_hz;

	return c < 1 ? 1 : (int64_t)c + (c > (double)(int64_t)c);
}

static int32_t add_process(struct network *n, int32_t layer, int32_t rows, int32_t steps,
			   int64_t cycles, bool link)
{
	VEC_GROW(n->proc, n->nproc, &n->cap_proc);
	n->proc[n->nproc] = (struct process){ .layer = layer,
					      .rows = rows,
					      .steps = steps,
					      .cycles = cycles,
					      .link = link,
					      .group = -1 };
	return (int32_t)n->nproc++;
}

void process_rows(const struct qop *q, size_t input, int32_t k, int32_t n, int32_t from_rows,
		  int32_t *first, int32_t *last)
{
	if (q) {
		qop_step_lines(q, input, k, n, from_rows, first, last);
		return;
	}
	*first = (int32_t)((int64_t)k * from_rows / n);
	*last = (int32_t)(((int64_t)(k + 1) * from_rows + n - 1) / n) - 1;
}

/* Which rows the consumer waits for and which it is done with. */
static void needs(struct network *n, struct line *l, const struct qop *q, size_t input)
{
	int32_t steps = n->proc[l->to].steps, rows = n->proc[l->to].rows * steps;

	l->last = arena_array(&n->arena, (size_t)rows, sizeof *l->last);
	l->keep = arena_array(&n->arena, (size_t)rows + 1, sizeof *l->keep);
	l->keep[rows] = (int32_t)l->height;
	for (int32_t y = rows - 1; y >= 0; y--) {
		int32_t first, last;

		process_rows(q, input, y, rows, (int32_t)l->height, &first, &last);
		l->last[y] = last < first ? -1 : last;
		l->keep[y] = l->keep[y + 1];
		if (last >= first && first < l->keep[y])
			l->keep[y] = first;
	}
}

static void add_line(struct network *n, int32_t from, int32_t to, int32_t edge, int64_t capacity,
		     const struct qop *q, size_t input)
{
	struct line *l;

	VEC_GROW(n->line, n->nline, &n->cap_line);
	l = &n->line[n->nline++];
	*l = (struct line){ .from = from,
			    .to = to,
			    .edge = edge,
			    .capacity = capacity,
			    .height = n->proc[from].rows };
	needs(n, l, q, input);
}

/* Streams are shared by the edges of one layer and port, which follow each other in no order. */
struct streams {
	struct stream {
		int32_t layer, port, process;
	} * v;
	size_t n, cap;
};

/* The stream that carries what a layer writes through a port over the link. */
static int32_t find_stream(struct network *n, struct streams *s, const struct net_edge *d,
			   int32_t rows, bool *new)
{
	int32_t process;

	*new = false;
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].layer == d->from && s->v[i].port == d->port)
			return s->v[i].process;
	}
	*new = true;
	process = add_process(n, -1, rows, 1, d->link_cycles, true);
	VEC_GROW(s->v, s->n, &s->cap);
	s->v[s->n++] = (struct stream){ d->from, d->port, process };
	return process;
}

/* What is being built: at is the process of each layer, -1 in other contexts. */
struct building {
	struct network *n;
	const struct net_source *s;
	int32_t *at;
	struct streams in, out;
};

static void edge(struct building *b, size_t i)
{
	const struct net_edge *d = &b->s->edges[i];
	int32_t from = b->at[d->from], to = b->at[d->to], rows = b->s->layers[d->from].rows;
	int32_t stream;
	bool new;

	if (from >= 0 && to >= 0 && d->ddr) {
		/* Each row goes out and comes back. */
		stream = add_process(b->n, -1, rows, 1, 2 * d->link_cycles, true);
		add_line(b->n, from, stream, -1, STREAM_ROWS, NULL, 0);
		add_line(b->n, stream, to, (int32_t)i, d->rows, d->q, d->input);
	} else if (from >= 0 && to >= 0) {
		add_line(b->n, from, to, (int32_t)i, d->rows, d->q, d->input);
	} else if (from >= 0) {
		stream = find_stream(b->n, &b->out, d, rows, &new);
		if (new)
			add_line(b->n, from, stream, -1, STREAM_ROWS, NULL, 0);
	} else if (to >= 0) {
		stream = find_stream(b->n, &b->in, d, rows, &new);
		add_line(b->n, stream, to, (int32_t)i, d->rows + STREAM_ROWS, d->q, d->input);
	}
}

/* Lines by process: first counted, then listed. */
static void index_lines(struct network *n)
{
	for (size_t i = 0; i < n->nline; i++) {
		n->proc[n->line[i].to].nin++;
		n->proc[n->line[i].from].nout++;
	}
	for (size_t i = 0; i < n->nproc; i++) {
		struct process *p = &n->proc[i];

		p->in = arena_array(&n->arena, p->nin, sizeof *p->in);
		p->out = arena_array(&n->arena, p->nout, sizeof *p->out);
		p->nin = p->nout = 0;
	}
	for (size_t i = 0; i < n->nline; i++) {
		struct process *to = &n->proc[n->line[i].to], *from = &n->proc[n->line[i].from];

		to->in[to->nin++] = i;
		from->out[from->nout++] = i;
	}
}

/* The network's group that begins with a layer of the source; a new one when there is none. */
static int32_t group_of(struct network *n, int32_t layer)
{
	size_t i = 0;

	while (i < n->ngroup && n->group[i].layer != layer)
		i++;
	if (i == n->ngroup)
		n->group[n->ngroup++] = (struct sharing){ .layer = layer };
	return (int32_t)i;
}

/* Members of groups: first counted, then listed. */
static void index_groups(struct network *n, const struct net_source *s)
{
	n->group = arena_array(&n->arena, n->nproc + 1, sizeof *n->group);
	for (size_t i = 0; i < n->nproc; i++) {
		struct process *p = &n->proc[i];

		if (p->layer < 0 || s->layers[p->layer].group < 0)
			continue;
		p->group = group_of(n, s->layers[p->layer].group);
		n->group[p->group].nproc++;
	}
	for (size_t i = 0; i < n->ngroup; i++) {
		n->group[i].proc =
		    arena_array(&n->arena, n->group[i].nproc, sizeof *n->group[i].proc);
		n->group[i].nproc = 0;
	}
	for (size_t i = 0; i < n->nproc; i++)
		if (n->proc[i].group >= 0) {
			struct sharing *g = &n->group[n->proc[i].group];

			g->proc[g->nproc++] = (int32_t)i;
		}
}

int64_t network_steps(const struct network *n)
{
	int64_t steps = 0;

	for (size_t i = 0; i < n->nproc; i++)
		steps += (int64_t)n->proc[i].rows * n->proc[i].steps;
	return steps;
}

void network_build(struct network *n, const struct net_source *s, int32_t context)
{
	struct building b = { .n = n, .s = s, .at = xcalloc(s->nlayers + 1, sizeof *b.at) };

	*n = (struct network){ 0 };
	for (size_t i = 0; i < s->nlayers; i++) {
		const struct net_layer *l = &s->layers[i];

		b.at[i] = l->context != context
			      ? -1
			      : add_process(n, (int32_t)i, l->rows, l->steps,
					    (l->cycles + l->steps - 1) / l->steps, l->link);
	}
	for (size_t i = 0; i < s->nedges; i++)
		edge(&b, i);
	index_lines(n);
	index_groups(n, s);
	free(b.at);
	free(b.in.v);
	free(b.out.v);
}

void network_release(struct network *n)
{
	free(n->proc);
	free(n->line);
	arena_release(&n->arena);
}
