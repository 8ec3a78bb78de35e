/* Events: a process ends a row; it and its neighbours may then start one. */
#include "sim/time_int.h"

/* Processes that compute, ordered by the cycle at which their row ends, then by number. */
struct heap {
	struct event {
		int64_t at;
		int32_t proc;
	} * v;
	size_t n;
};

struct run {
	struct network *n;
	struct heap heap;
	int32_t frames;
	int64_t link_free; /* cycle at which the link is idle */
	int64_t *end;
};

static bool before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->proc < b->proc;
}

static void push(struct heap *h, struct event x)
{
	size_t i = h->n++;

	for (; i && before(&x, &h->v[(i - 1) / 2]); i = (i - 1) / 2)
		h->v[i] = h->v[(i - 1) / 2];
	h->v[i] = x;
}

static struct event pop(struct heap *h)
{
	struct event top = h->v[0], x = h->v[--h->n];
	size_t i = 0;

	for (size_t k; (k = 2 * i + 1) < h->n; i = k) {
		if (k + 1 < h->n && before(&h->v[k + 1], &h->v[k]))
			k++;
		if (!before(&h->v[k], &x))
			break;
		h->v[i] = h->v[k];
	}
	h->v[i] = x;
	return top;
}

/* What keeps a process from its next row. */
static enum wait held_up(const struct network *n, const struct process *p, int32_t *full)
{
	int64_t frame = p->done / p->rows;
	int32_t y = (int32_t)(p->done % p->rows);

	for (size_t i = 0; i < p->nin; i++) {
		const struct line *l = &n->line[p->in[i]];

		if (l->last[y] >= 0 && frame * l->height + l->last[y] >= l->written)
			return WAIT_STARVED;
	}
	for (size_t i = 0; i < p->nout; i++) {
		const struct line *l = &n->line[p->out[i]];

		if (p->done + 1 - l->freed > l->capacity) {
			*full = (int32_t)p->out[i];
			return WAIT_BLOCKED;
		}
	}
	return WAIT_NONE;
}

/* Adds the time since the last change of state to the state's sum. */
static void account(struct process *p, int64_t now)
{
	int64_t t = now - p->since;

	if (p->running)
		p->time.busy += t;
	else if (p->wait == WAIT_STARVED)
		p->time.starved += t;
	else if (p->wait == WAIT_BLOCKED)
		p->time.blocked += t;
	p->since = now;
}

static void try_start(struct run *r, int32_t i, int64_t now)
{
	struct process *p = &r->n->proc[i];
	int64_t start = now;

	if (p->running || p->done == (int64_t)p->rows * r->frames)
		return;
	account(p, now);
	if ((p->wait = held_up(r->n, p, &p->full)) != WAIT_NONE)
		return;
	if (p->link && r->link_free > now)
		start = r->link_free;
	if (p->link)
		r->link_free = start + p->cycles;
	p->running = true;
	p->since = start;
	if (p->done == 0)
		p->time.first = start;
	push(&r->heap, (struct event){ start + p->cycles, i });
	for (size_t k = 0; k < p->nout; k++) {
		struct line *l = &r->n->line[p->out[k]];

		if (p->done + 1 - l->freed > l->peak)
			l->peak = p->done + 1 - l->freed;
	}
}

static void finish(struct run *r, int32_t i, int64_t now)
{
	struct process *p = &r->n->proc[i];
	int64_t frame;
	int32_t y;

	account(p, now);
	p->running = false;
	p->wait = WAIT_NONE;
	p->done++;
	if (p->done == p->rows)
		p->time.last = now;
	if (p->done % p->rows == 0 && p->nout == 0 && r->end[p->done / p->rows - 1] < now)
		r->end[p->done / p->rows - 1] = now;
	frame = p->done / p->rows;
	y = (int32_t)(p->done % p->rows);
	for (size_t k = 0; k < p->nout; k++)
		r->n->line[p->out[k]].written = p->done;
	for (size_t k = 0; k < p->nin; k++) {
		struct line *l = &r->n->line[p->in[k]];

		l->freed = frame * l->height + l->keep[y];
	}
	try_start(r, i, now);
	for (size_t k = 0; k < p->nin; k++)
		try_start(r, r->n->line[p->in[k]].from, now);
	for (size_t k = 0; k < p->nout; k++)
		try_start(r, r->n->line[p->out[k]].to, now);
}

static void reset(struct network *n)
{
	for (size_t i = 0; i < n->nproc; i++) {
		struct process *p = &n->proc[i];

		p->done = p->since = 0;
		p->running = false;
		p->wait = WAIT_NONE;
		p->time = (struct sim_layer_time){ 0 };
	}
	for (size_t i = 0; i < n->nline; i++) {
		n->line[i].written = n->line[i].peak = 0;
		n->line[i].freed = n->line[i].keep[0];
	}
}

bool network_run(struct network *n, int32_t frames, int64_t *end)
{
	struct run r = { .n = n, .frames = frames, .end = end };
	bool done = true;

	reset(n);
	memset(end, 0, (size_t)frames * sizeof *end);
	r.heap.v = xcalloc(n->nproc, sizeof *r.heap.v);
	for (size_t i = 0; i < n->nproc; i++)
		try_start(&r, (int32_t)i, 0);
	while (r.heap.n) {
		struct event x = pop(&r.heap);

		finish(&r, x.proc, x.at);
	}
	for (size_t i = 0; i < n->nproc; i++)
		done = done && n->proc[i].done == (int64_t)n->proc[i].rows * frames;
	free(r.heap.v);
	return done;
}

/* ---- deadlock ---- */

enum {
	TRIAL_FRAMES = 2
};

/* Smallest capacity of one line with which the network runs; 0: none up to two frames. */
static int64_t needed(struct network *n, size_t line)
{
	int64_t end[TRIAL_FRAMES], lo = n->line[line].capacity, hi = 2 * n->line[line].height;

	n->line[line].capacity = hi;
	if (hi <= lo || !network_run(n, TRIAL_FRAMES, end))
		return 0;
	while (lo + 1 < hi) {
		int64_t mid = lo + (hi - lo) / 2;

		n->line[line].capacity = mid;
		if (network_run(n, TRIAL_FRAMES, end))
			hi = mid;
		else
			lo = mid;
	}
	return hi;
}

static const char *process_name(const struct network *n, int32_t i)
{
	int32_t layer = n->proc[i].layer;

	return layer < 0 ? "external memory" : n->p->layers[layer].name;
}

static int report(const struct network *n, size_t line, int64_t capacity, int64_t need,
		  struct err *e)
{
	const struct line *l = &n->line[line];
	const char *from = process_name(n, l->from), *to = process_name(n, l->to);

	if (need)
		return err_set(e, "deadlock: buffer from '%s' to '%s' holds %lld rows, %lld needed",
			       quote(from), quote(to), (long long)capacity, (long long)need);
	return err_set(e, "deadlock: buffer from '%s' to '%s' holds %lld rows, more needed",
		       quote(from), quote(to), (long long)capacity);
}

/* Does line i alone explain the deadlock: with all others unlimited, or as they are? */
static int64_t blame(struct network *n, size_t line, const int64_t *capacity, bool others_unlimited)
{
	int64_t end[TRIAL_FRAMES];

	for (size_t i = 0; i < n->nline; i++)
		n->line[i].capacity =
		    others_unlimited && i != line ? 2 * n->line[i].height : capacity[i];
	if (others_unlimited && network_run(n, TRIAL_FRAMES, end))
		return 0;
	return needed(n, line);
}

int network_explain(struct network *n, struct err *e)
{
	int64_t *capacity = xcalloc(n->nline, sizeof *capacity), need = 0;
	size_t *full = xcalloc(n->nproc, sizeof *full), nfull = 0, at = 0;

	for (size_t i = 0; i < n->nline; i++)
		capacity[i] = n->line[i].capacity;
	for (size_t i = 0; i < n->nproc; i++) {
		if (n->proc[i].wait == WAIT_BLOCKED)
			full[nfull++] = (size_t)n->proc[i].full;
	}
	for (int pass = 0; pass < 2 && !need; pass++) {
		for (size_t i = 0; i < nfull && !need; i++) {
			at = full[i];
			need = blame(n, at, capacity, pass == 0);
		}
	}
	report(n, need ? at : full[0], capacity[need ? at : full[0]], need, e);
	free(capacity);
	free(full);
	return -1;
}
