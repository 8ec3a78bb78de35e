/* The rate of a context with finite buffers, by running it: rows start as early as data and room
 * allow. */
#include "alloc/alloc_int.h"

enum {
	WARM_FRAMES = 8,
	MEASURED_FRAMES = 4,
	MAX_PACE_FRAMES = 64,
	MAX_PACE_EVENTS = 1 << 23
};

struct pace {
	const struct allocation *a;
	const struct flow *f;
	int32_t context, frames;
	double **finish; /* by layer and row, NULL outside the context */
	size_t *done;    /* rows computed, by layer */
	size_t *queue;   /* layers that may go on: a ring of nlayers */
	bool *queued;
	size_t head, count;
};

static void enqueue(struct pace *s, size_t layer)
{
	if (s->queued[layer] || s->a->layers[layer].context != s->context)
		return;
	s->queued[layer] = true;
	s->queue[(s->head + s->count++) % s->a->nlayers] = layer;
}

/* Time at which the inputs of row k are there; false: not yet known. */
static bool inputs_ready(const struct pace *s, size_t v, size_t k, double *t)
{
	size_t rows = (size_t)s->a->layers[v].rows;
	const struct alloc_edge *ed;
	size_t i, row;
	int32_t last;

	for (i = s->f->in_at[v]; i < s->f->in_at[v + 1]; i++) {
		ed = &s->a->edges[s->f->in[i]];
		last = s->f->edges[s->f->in[i]].last[k % rows];
		if (last < 0 || ed->kind == EDGE_INTER_CONTEXT)
			continue;
		row = (k / rows) * (size_t)s->a->layers[ed->from].rows + (size_t)last;
		if (row >= s->done[ed->from])
			return false;
		if (s->finish[ed->from][row] > *t)
			*t = s->finish[ed->from][row];
	}
	return true;
}

/* Time at which every buffer has room for row k; false: not yet known, *full is the edge. */
static bool room_ready(const struct pace *s, size_t v, size_t k, double *t, size_t *full)
{
	size_t rows = (size_t)s->a->layers[v].rows;
	const struct alloc_edge *ed;
	size_t i, old, row;
	double used;

	for (i = s->f->out_at[v]; i < s->f->out_at[v + 1]; i++) {
		ed = &s->a->edges[s->f->out[i]];
		if (ed->kind == EDGE_INTER_CONTEXT || k < (size_t)ed->rows)
			continue;
		old = k - (size_t)ed->rows; /* the row whose place row k takes */
		row = (old / rows) * (size_t)s->a->layers[ed->to].rows +
		      (size_t)s->f->edges[s->f->out[i]].release[old % rows];
		if (row >= s->done[ed->to]) {
			*full = s->f->out[i];
			return false;
		}
		used = s->finish[ed->to][row];
		if (used > *t)
			*t = used;
	}
	return true;
}

static void advance(struct pace *s, size_t v)
{
	const struct alloc_layer *l = &s->a->layers[v];
	size_t n = (size_t)l->rows * (size_t)s->frames;
	size_t before = s->done[v];
	size_t k, i, full;
	double t;

	for (k = before; k < n; k++) {
		t = k ? s->finish[v][k - 1] : 0;
		if (!inputs_ready(s, v, k, &t) || !room_ready(s, v, k, &t, &full))
			break;
		s->finish[v][k] = t + (double)l->row_cycles;
		s->done[v] = k + 1;
	}
	if (s->done[v] == before)
		return;
	for (i = s->f->in_at[v]; i < s->f->in_at[v + 1]; i++)
		enqueue(s, (size_t)s->a->edges[s->f->in[i]].from);
	for (i = s->f->out_at[v]; i < s->f->out_at[v + 1]; i++)
		enqueue(s, (size_t)s->a->edges[s->f->out[i]].to);
}

/* End of a frame: the last row of its last layer. */
static double frame_end(const struct pace *s, int32_t frame)
{
	double end = 0;
	double t;
	size_t v;

	for (v = 0; v < s->a->nlayers; v++) {
		if (!s->finish[v])
			continue;
		t = s->finish[v][(size_t)(frame + 1) * (size_t)s->a->layers[v].rows - 1];
		end = t > end ? t : end;
	}
	return end;
}

static bool unfinished(const struct pace *s, size_t v)
{
	return s->finish[v] && s->done[v] < (size_t)s->a->layers[v].rows * (size_t)s->frames;
}

/*
 * The cause of a deadlock: a full buffer that holds up its producer while its consumer waits for
 * other data.  Buffers before it that filled up behind it are not the cause.
 */
static size_t find_stuck(const struct pace *s)
{
	size_t v, to, full = 0;
	double t = 0;

	for (v = 0; v < s->a->nlayers; v++) {
		if (!unfinished(s, v) || !inputs_ready(s, v, s->done[v], &t) ||
		    room_ready(s, v, s->done[v], &t, &full))
			continue;
		to = (size_t)s->a->edges[full].to;
		if (!unfinished(s, to) || !inputs_ready(s, to, s->done[to], &t))
			return full;
	}
	return full;
}

static int32_t frames_to_run(const struct allocation *a, int32_t context)
{
	int64_t rows = 1;
	int64_t frames;
	size_t layers = 0;
	size_t i;

	for (i = 0; i < a->nlayers; i++)
		if (a->layers[i].context == context) {
			rows += a->layers[i].rows;
			layers++;
		}
	/* No more frames are under way than there are layers. */
	frames = WARM_FRAMES + (int64_t)layers / 4;
	frames = frames < MAX_PACE_FRAMES ? frames : MAX_PACE_FRAMES;
	if (frames * rows > MAX_PACE_EVENTS)
		frames = MAX_PACE_EVENTS / rows;
	return (int32_t)(frames > 1 ? frames : 1) + MEASURED_FRAMES;
}

bool pace_context(const struct allocation *a, const struct flow *f, int32_t context,
		  double *interval, double *fill, size_t *stuck)
{
	struct pace s = { .a = a, .f = f, .context = context, .frames = frames_to_run(a, context) };
	bool finished = true;
	size_t v;

	s.finish = xcalloc(a->nlayers + 1, sizeof *s.finish);
	s.done = xcalloc(a->nlayers + 1, sizeof *s.done);
	s.queue = xcalloc(a->nlayers + 1, sizeof *s.queue);
	s.queued = xcalloc(a->nlayers + 1, sizeof *s.queued);
	for (v = 0; v < a->nlayers; v++)
		if (a->layers[v].context == context) {
			s.finish[v] = xcalloc((size_t)a->layers[v].rows * (size_t)s.frames,
					      sizeof **s.finish);
			enqueue(&s, v);
		}
	while (s.count) {
		v = s.queue[s.head];
		s.head = (s.head + 1) % a->nlayers;
		s.count--;
		s.queued[v] = false;
		advance(&s, v);
	}
	for (v = 0; v < a->nlayers; v++)
		if (s.finish[v] && s.done[v] < (size_t)a->layers[v].rows * (size_t)s.frames)
			finished = false;
	if (finished) {
		*fill = frame_end(&s, 0);
		*interval =
		    (frame_end(&s, s.frames - 1) - frame_end(&s, s.frames - 1 - MEASURED_FRAMES)) /
		    MEASURED_FRAMES;
	} else {
		*stuck = find_stuck(&s);
	}
	for (v = 0; v < a->nlayers; v++)
		free(s.finish[v]);
	free(s.finish);
	free(s.done);
	free(s.queue);
	free(s.queued);
	return finished;
}
