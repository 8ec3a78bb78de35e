/* A context as processes and line buffers. */
#include "sim/time_int.h"

/* Rows between a layer and the stream that carries them outside. */
enum {
	STREAM_ROWS = 2
};

static int64_t link_cycles(const struct isa_prog *p, int64_t bytes)
{
	double c = (double)bytes / p->machine.bandwidth * p->machine.clock_hz;

	return c < 1 ? 1 : (int64_t)c + (c > (double)(int64_t)c);
}

static int64_t row_bytes(const struct isa_tensor *t, int32_t features)
{
	return (int64_t)t->w * features * (t->bits / 8);
}

static int32_t add_process(struct network *n, int32_t layer, int32_t rows, int64_t cycles,
			   bool link)
{
	VEC_GROW(n->proc, n->nproc, &n->cap_proc);
	n->proc[n->nproc] =
	    (struct process){ .layer = layer, .rows = rows, .cycles = cycles, .link = link };
	return (int32_t)n->nproc++;
}

/* Which rows the consumer waits for and which it is done with; q NULL: row by row. */
static void needs(struct network *n, struct line *l, const struct qop *q, size_t input)
{
	int32_t rows = n->proc[l->to].rows;

	l->last = arena_array(&n->arena, (size_t)rows, sizeof *l->last);
	l->keep = arena_array(&n->arena, (size_t)rows + 1, sizeof *l->keep);
	l->keep[rows] = (int32_t)l->height;
	for (int32_t y = rows - 1; y >= 0; y--) {
		int32_t first = y, last = y;

		if (q)
			qop_rows_needed(q, input, y, &first, &last);
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

static int32_t layer_process(struct network *n, int32_t i)
{
	const struct isa_prog *p = n->p;
	const struct isa_layer *l = &p->layers[i];
	bool io = l->role == ISA_INPUT || l->role == ISA_OUTPUT;
	const struct isa_tensor *t = &p->tensors[l->role == ISA_OUTPUT ? l->in.v[0] : l->out.v[0]];

	return add_process(n, i, l->rows, io ? link_cycles(p, row_bytes(t, t->c)) : l->row_cycles,
			   io);
}

/* A stream that carries what `layer` writes through `port` over the link. */
static int32_t stream_process(struct network *n, int32_t layer, int32_t port)
{
	const struct isa_layer *l = &n->p->layers[layer];
	const struct isa_tensor *t = &n->p->tensors[l->out.v[port]];
	int32_t c = l->out.n == 1 ? l->to - l->from : t->c;

	return add_process(n, -1, l->rows, link_cycles(n->p, row_bytes(t, c)), true);
}

/* Streams are shared by the edges of one layer and port, which follow each other in no order. */
struct streams {
	struct stream {
		int32_t layer, port, process;
	} * v;
	size_t n, cap;
};

static int32_t find_stream(struct network *n, struct streams *s, const struct isa_edge *d,
			   bool *new)
{
	int32_t process;

	*new = false;
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].layer == d->from && s->v[i].port == d->port)
			return s->v[i].process;
	}
	*new = true;
	process = stream_process(n, d->from, d->port);
	VEC_GROW(s->v, s->n, &s->cap);
	s->v[s->n++] = (struct stream){ d->from, d->port, process };
	return process;
}

static void edge(struct network *n, size_t i, const int32_t *at, struct streams *in,
		 struct streams *out)
{
	const struct isa_edge *d = &n->p->edges[i];
	const struct isa_layer *to = &n->p->layers[d->to];
	const struct qop *q = to->role == ISA_COMPUTE ? &to->q : NULL;
	bool here = n->p->layers[d->from].context == n->context;
	bool there = to->context == n->context;
	int32_t s;
	bool new;

	if (here && there && d->kind == EDGE_DDR) {
		/* Each row goes out and comes back. */
		s = stream_process(n, d->from, d->port);
		n->proc[s].cycles *= 2;
		add_line(n, at[d->from], s, -1, STREAM_ROWS, NULL, 0);
		add_line(n, s, at[d->to], (int32_t)i, d->rows, q, (size_t)d->input);
	} else if (here && there) {
		add_line(n, at[d->from], at[d->to], (int32_t)i, d->rows, q, (size_t)d->input);
	} else if (here) {
		s = find_stream(n, out, d, &new);
		if (new)
			add_line(n, at[d->from], s, -1, STREAM_ROWS, NULL, 0);
	} else if (there) {
		s = find_stream(n, in, d, &new);
		add_line(n, s, at[d->to], (int32_t)i, d->rows, q, (size_t)d->input);
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

int64_t network_rows(const struct network *n)
{
	int64_t rows = 0;

	for (size_t i = 0; i < n->nproc; i++)
		rows += n->proc[i].rows;
	return rows;
}

int network_build(struct network *n, const struct isa_prog *p, int32_t context, struct err *e)
{
	int32_t *at = xcalloc(p->nlayers, sizeof *at);
	struct streams in = { 0 }, out = { 0 };

	*n = (struct network){ .p = p, .context = context };
	for (size_t i = 0; i < p->nlayers; i++)
		at[i] = p->layers[i].context == context ? layer_process(n, (int32_t)i) : -1;
	for (size_t i = 0; i < p->nedges; i++)
		edge(n, i, at, &in, &out);
	index_lines(n);
	free(at);
	free(in.v);
	free(out.v);
	return n->nproc ? 0 : err_set(e, "context %d has no layers", context);
}

void network_release(struct network *n)
{
	free(n->proc);
	free(n->line);
	arena_release(&n->arena);
}
