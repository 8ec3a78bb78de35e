/* Events: a process ends a step; it and its neighbours may then start one. */
#include "alloc/process.h"

/* Processes that compute, ordered by the cycle at which their step ends, then by number. */
struct heap {
	struct event {
		int64_t at;
		int32_t proc;
		bool wake; /* a source's next row is due */
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

static int64_t steps_of(const struct process *p)
{
	return (int64_t)p->rows * p->steps;
}

/* A row of this process has its place in the buffers behind it when its last step begins. */
static bool takes_room(const struct process *p)
{
	return p->done % p->steps == p->steps - 1;
}

/* What keeps a process from its next step. */
static enum wait held_up(const struct network *n, const struct process *p, int32_t *full)
{
	int64_t frame = p->done / steps_of(p);
	int32_t y = (int32_t)(p->done % steps_of(p));

	for (size_t i = 0; i < p->nin; i++) {
		const struct line *l = &n->line[p->in[i]];

		if (l->last[y] >= 0 && frame * l->height + l->last[y] >= l->written)
			return WAIT_STARVED;
	}
	for (size_t i = 0; i < p->nout && takes_room(p); i++) {
		const struct line *l = &n->line[p->out[i]];

		if (p->done / p->steps + 1 - l->freed > l->capacity) {
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
	else if (p->wait == WAIT_SHARED)
		p->time.shared += t;
	p->since = now;
}

/* Is the next row of a source due only later?  Then it is woken. */
static bool early(struct run *r, int32_t i, int64_t now)
{
	struct process *p = &r->n->proc[i];
	int64_t due;

	if (r->n->paced <= 0 || p->nin > 0)
		return false;
	due = (int64_t)((double)p->done * r->n->paced / (double)steps_of(p));
	if (due <= now)
		return false;
	if (!p->waking)
		push(&r->heap, (struct event){ due, i, true });
	p->waking = true;
	return true;
}

/* Has a merged layer to wait for the controller? */
static bool shared(const struct run *r, struct process *p, int64_t now)
{
	if (p->group < 0 || !r->n->group[p->group].busy)
		return false;
	if (p->wait != WAIT_SHARED)
		p->ready = now;
	return true;
}

static void start(struct run *r, int32_t i, int64_t now)
{
	struct process *p = &r->n->proc[i];
	int64_t at = now;

	if (p->link && r->n->paced <= 0) {
		at = r->link_free > now ? r->link_free : now;
		r->link_free = at + p->cycles;
	}
	if (p->group >= 0)
		r->n->group[p->group].busy = true;
	p->running = true;
	p->wait = WAIT_NONE;
	p->since = at;
	if (p->done == 0)
		p->time.first = at;
	push(&r->heap, (struct event){ at + p->cycles, i, false });
	for (size_t k = 0; k < p->nout && takes_room(p); k++) {
		struct line *l = &r->n->line[p->out[k]];
		int64_t held = p->done / p->steps + 1 - l->freed;

		if (held > l->peak)
			l->peak = held;
	}
}

static void try_start(struct run *r, int32_t i, int64_t now)
{
	struct process *p = &r->n->proc[i];
	enum wait wait;

	if (p->running || p->done == steps_of(p) * r->frames || early(r, i, now))
		return;
	account(p, now);
	wait = held_up(r->n, p, &p->full);
	if (wait == WAIT_NONE && shared(r, p, now))
		wait = WAIT_SHARED;
	if (wait == WAIT_NONE)
		start(r, i, now);
	else
		p->wait = wait;
}

/* Of the merged layers that can start, the one that waits longest does, else the first one. */
static void hand_over(struct run *r, struct sharing *g, int64_t now)
{
	int32_t best = -1;

	g->busy = false;
	for (size_t k = 0; k < g->nproc; k++) {
		struct process *p = &r->n->proc[g->proc[k]];

		if (p->done == steps_of(p) * r->frames || held_up(r->n, p, &p->full) != WAIT_NONE)
			continue;
		if (p->wait != WAIT_SHARED)
			p->ready = now;
		if (best < 0 || p->ready < r->n->proc[best].ready)
			best = g->proc[k];
	}
	if (best >= 0)
		try_start(r, best, now);
	for (size_t k = 0; k < g->nproc; k++)
		try_start(r, g->proc[k], now);
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
	frame = p->done / steps_of(p);
	y = (int32_t)(p->done % steps_of(p));
	if (p->done == steps_of(p))
		p->time.last = now;
	if (y == 0 && p->nout == 0 && r->end[frame - 1] < now)
		r->end[frame - 1] = now;
	for (size_t k = 0; k < p->nout; k++)
		r->n->line[p->out[k]].written = p->done / p->steps;
	for (size_t k = 0; k < p->nin; k++) {
		struct line *l = &r->n->line[p->in[k]];

		l->freed = frame * l->height + l->keep[y];
	}
	if (p->group >= 0)
		hand_over(r, &r->n->group[p->group], now);
	else
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
		p->running = p->waking = false;
		p->wait = WAIT_NONE;
		p->time = (struct process_time){ 0 };
	}
	for (size_t i = 0; i < n->nline; i++) {
		n->line[i].written = n->line[i].peak = 0;
		n->line[i].freed = n->line[i].keep[0];
	}
	for (size_t i = 0; i < n->ngroup; i++)
		n->group[i].busy = false;
}

bool network_run(struct network *n, int32_t frames, int64_t *end)
{
	struct run r = { .n = n, .frames = frames, .end = end };
	bool done = true;

	reset(n);
	memset(end, 0, (size_t)frames * sizeof *end);
	r.heap.v = xcalloc(2 * n->nproc, sizeof *r.heap.v); /* a row's end, a source's wake */
	for (size_t i = 0; i < n->nproc; i++)
		try_start(&r, (int32_t)i, 0);
	while (r.heap.n) {
		struct event x = pop(&r.heap);

		if (x.wake) {
			n->proc[x.proc].waking = false;
			try_start(&r, x.proc, x.at);
		} else {
			finish(&r, x.proc, x.at);
		}
	}
	for (size_t i = 0; i < n->nproc; i++)
		done = done && n->proc[i].done == steps_of(&n->proc[i]) * frames;
	free(r.heap.v);
	return done;
}

/* ---- pace ---- */

enum {
	MIN_FRAMES = 4,
	MAX_PACED_FRAMES = 256,
	MAX_FOLLOWING = 32,
	MAX_EVENTS = 1 << 23
};

/* Two frames more than are under way at once show the steady state. */
static int32_t paced_frames(const struct network *n, int64_t latency, double interval)
{
	int64_t frames = (int64_t)((double)latency / interval) + 3;
	int64_t steps = network_steps(n) + 1;

	if (frames > MAX_PACED_FRAMES)
		frames = MAX_PACED_FRAMES;
	if (frames > MAX_EVENTS / steps)
		frames = MAX_EVENTS / steps;
	return frames < 2 ? 2 : (int32_t)frames;
}

void network_peaks(struct network *n, double interval)
{
	int64_t end[MAX_PACED_FRAMES];

	n->paced = interval;
	network_run(n, 1, end);
	network_run(n, paced_frames(n, end[0], interval), end);
	n->paced = 0;
}

/* Merged layers hold each other up as long as frames follow: so many frames are under way. */
static int32_t following(const struct network *n, const int64_t *end, int32_t f)
{
	int64_t interval = end[f - 1] - end[f - 2];
	int64_t frames = interval > 0 ? end[0] / interval + 1 : 1;

	if (!n->ngroup)
		return 0;
	return frames < MAX_FOLLOWING ? (int32_t)frames : MAX_FOLLOWING;
}

bool network_pace(struct network *n, struct pace *pace)
{
	int64_t end[PROCESS_MAX_FRAMES + MAX_FOLLOWING];
	int64_t steps = network_steps(n);
	int32_t f, half, more;

	if (!network_run(n, MIN_FRAMES, end))
		return false;
	more = following(n, end, MIN_FRAMES);
	for (f = MIN_FRAMES;; f *= 2) {
		if (f + more > MIN_FRAMES && !network_run(n, f + more, end))
			return false;
		if (f == PROCESS_MAX_FRAMES || 2 * steps * f > MAX_EVENTS ||
		    (end[f - 1] - end[f - 2] == end[f - 2] - end[f - 3] &&
		     end[f - 2] - end[f - 3] == end[f - 1 - f / 4] - end[f - 2 - f / 4]))
			break;
	}
	half = f / 2;
	*pace =
	    (struct pace){ .interval = (end[f - 1] - end[half - 1] + (f - half) / 2) / (f - half),
			   .latency = end[0],
			   .frames = f + more };
	return true;
}

int32_t network_stuck(const struct network *n)
{
	int32_t stuck = -1;

	for (size_t i = 0; i < n->nproc; i++) {
		const struct line *full;

		if (n->proc[i].wait != WAIT_BLOCKED)
			continue;
		full = &n->line[n->proc[i].full];
		if (full->edge < 0)
			continue;
		stuck = full->edge;
		if (n->proc[full->to].wait != WAIT_BLOCKED)
			return stuck;
	}
	return stuck;
}

double batch_seconds(const struct pace *contexts, int32_t n, int32_t batch,
		     const struct switching *s)
{
	double compute = 0, fill = 0, idle;

	for (int32_t c = 0; c < n; c++) {
		const struct pace *k = &contexts[c];

		compute += (double)batch * (double)k->interval / s->clock_hz;
		if (k->latency > k->interval)
			fill += (double)(k->latency - k->interval) / s->clock_hz;
	}
	/* The words of a context are fetched while its predecessor drains and it fills itself. */
	idle = s->load_s > fill ? s->load_s : fill;
	if (idle < n * s->per_context_s)
		idle = n * s->per_context_s;
	return compute + idle + s->fixed_s;
}
