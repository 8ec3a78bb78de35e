/* Calibration: the float model runs over the set, every layer's values are seen once. */
#include "base/log.h"
#include "quant/quant_int.h"

#include <math.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

enum {
	PIECE = 1 << 16,
	MAX_IO = 256
};

/* The observer's view: graph `run` has activations split off; to[i] says where layer i's values go.
 */
struct seen {
	struct quant *q;
	const struct graph *run;
	const struct layer *
	    *target; /* by run layer index: the layer of q->g; NULL: nothing to learn */
	bool *pre;   /* its values are before the activation */
};

struct minmax_job {
	const float *x;
	size_t pixels, c, pixels_per_piece;
	float *min, *max; /* [piece][c] */
};

static void widen(float *restrict min, float *restrict max, const float *restrict x, size_t c)
{
	for (size_t i = 0; i < c; i++) {
		min[i] = x[i] < min[i] ? x[i] : min[i];
		max[i] = x[i] > max[i] ? x[i] : max[i];
	}
}

static int minmax_piece(size_t piece, void *ctx, struct err *e)
{
	struct minmax_job *j = ctx;
	size_t from = piece * j->pixels_per_piece;
	size_t to = from + j->pixels_per_piece < j->pixels ? from + j->pixels_per_piece : j->pixels;

	(void)e;
	for (size_t p = from; p < to; p++)
		widen(j->min + piece * j->c, j->max + piece * j->c, j->x + p * j->c, j->c);
	return 0;
}

/* Per-feature extremes of `pixels` pixels, in fixed pieces. */
static int minmax(const float *x, size_t pixels, size_t c, float *min, float *max, struct err *e)
{
	struct minmax_job j = { .x = x, .pixels = pixels, .c = c };
	size_t pieces;
	int rc;

	j.pixels_per_piece = PIECE / c ? PIECE / c : 1;
	pieces = (pixels + j.pixels_per_piece - 1) / j.pixels_per_piece;
	j.min = xreallocarray(NULL, pieces * c, sizeof(float));
	j.max = xreallocarray(NULL, pieces * c, sizeof(float));
	for (size_t i = 0; i < pieces * c; i++) {
		j.min[i] = INFINITY;
		j.max[i] = -INFINITY;
	}
	rc = par_for(pieces, minmax_piece, &j, e);
	for (size_t i = 0; i < pieces; i++) {
		widen(min, max, j.min + i * c, c);
		widen(min, max, j.max + i * c, c);
	}
	free(j.min);
	free(j.max);
	return rc;
}

/* Features that one piece counts: neighbours in memory. */
enum {
	HIST_PIECE = 16
};

struct hist_job {
	const float *x;
	size_t pixels, c;
	struct hist *hist;
};

static int hist_piece(size_t piece, void *ctx, struct err *e)
{
	const struct hist_job *j = ctx;
	size_t from = piece * HIST_PIECE;
	size_t to = from + HIST_PIECE < j->c ? from + HIST_PIECE : j->c;

	(void)e;
	for (size_t p = 0; p < j->pixels; p++)
		hist_values(j->hist + from, to - from, j->x + p * j->c + from);
	return 0;
}

/* What a group's largest value is at least: nothing far below it counts in a softmax. */
static void see_tops(const struct layer *softmax, const float *x, size_t pixels, size_t c,
		     struct qinfo *info)
{
	const size_t groups = (size_t)softmax->p.softmax_groups, n = c / groups;

	for (size_t g = 0; g < pixels * groups; g++, x += n) {
		float top = x[0];

		for (size_t i = 1; i < n; i++)
			top = x[i] > top ? x[i] : top;
		info->top_min = top < info->top_min ? top : info->top_min;
	}
}

static int see(const struct layer *l, int32_t port, const void *data, int32_t n, void *ctx,
	       struct err *e)
{
	const struct seen *s = ctx;
	const struct layer *to = s->target[l->index];
	const struct hn_shape *shape = &l->out[port];
	size_t c = (size_t)shape->c;
	size_t pixels = (size_t)n * (size_t)shape->h * (size_t)shape->w;
	struct qinfo *info;

	if (!to)
		return 0;
	info = quant_info(s->q, to);
	if (s->pre[l->index]) {
		/* One feature of many pixels: the extremes of all values. */
		return minmax(data, pixels * c, 1, &info->pre_min, &info->pre_max, e);
	}
	if (quant_softmax_reader(to))
		see_tops(quant_softmax_reader(to), data, pixels, c, info);
	if (info->hist) {
		struct hist_job j = { data, pixels, c, info->hist + quant_port_offset(to, port) };

		if (par_for((c + HIST_PIECE - 1) / HIST_PIECE, hist_piece, &j, e) < 0)
			return -1;
	}
	return minmax(data, pixels, c, info->min + quant_port_offset(to, port),
		      info->max + quant_port_offset(to, port), e);
}

/* A layer of its own behind l, called l__what, which l's readers read. */
static struct layer *behind(struct graph *run, struct layer *l, const char *what, enum hn_act a,
			    const struct hn_act_params *p)
{
	char *name = xasprintf("%s__%s", l->name, what);
	struct layer *act = graph_add(run, HN_ACTIVATION, name);

	graph_replace_uses(run, l, 0, act, 0);
	layer_add_input(run, act, l, 0);
	act->p.activation = a;
	act->p.act = *p;
	free(name);
	return act;
}

/* An activation that becomes a table: its input is seen too. */
static bool table_activation(const struct layer *l)
{
	enum hn_act a = l->p.activation;

	return !hn_act_is_clip(a) && a != ACT_LEAKY && a != ACT_PRELU && l->type != HN_ACTIVATION;
}

static struct layer *split_layer(const struct quant *q, struct graph *run, struct layer *l,
				 bool clipping)
{
	const struct qinfo *info = &q->info[l->index];
	struct hn_act_params limits = { .lo = (float)fmin(info->clip_lo, 0),
					.hi = (float)fmax(info->clip_hi, 0) };
	struct layer *tail = l;

	if (table_activation(l)) {
		tail = behind(run, l, "activation", l->p.activation, &l->p.act);
		l->p.activation = ACT_LINEAR;
	}
	return clipping && info->clipped ? behind(run, tail, "clip", ACT_CLIP, &limits) : tail;
}

/* The model to observe: tables and, when values are clipped, limits are layers of their own. */
static struct graph *split_activations(struct quant *q, struct seen *s, bool clipping,
				       struct err *e)
{
	struct graph *run = graph_clone(q->g);
	size_t n = run->nlayers;
	struct layer **head = xreallocarray(NULL, n, sizeof *head);
	struct layer **tail = xreallocarray(NULL, n, sizeof *tail);

	for (size_t i = 0; i < n; i++) {
		head[i] = run->layers[i];
		tail[i] = split_layer(q, run, head[i], clipping);
	}
	if (graph_infer_shapes(run, e) < 0 || quant_shrink(q, run, e) < 0) {
		graph_free(run);
		run = NULL;
	} else {
		s->target = xcalloc(run->nlayers, sizeof *s->target);
		s->pre = xcalloc(run->nlayers, sizeof *s->pre);
	}
	for (size_t i = 0; i < n && run; i++) {
		s->target[head[i]->index] =
		    table_activation(q->g->layers[i]) ? q->g->layers[i] : NULL;
		s->pre[head[i]->index] = s->target[head[i]->index] != NULL;
		s->target[tail[i]->index] = q->g->layers[i];
	}
	free(head);
	free(tail);
	return run;
}

/* Infinite or undefined values would make ranges that mean nothing. */
int quant_check_finite(const struct quant *q, struct err *e)
{
	for (size_t i = 0; i < q->g->nlayers; i++) {
		const struct qinfo *info = &q->info[i];

		/* A pad before a max pool is -inf, which is a code and no value. */
		if (q->g->layers[i]->type == HN_OUTPUT || hn_is(q->g->layers[i]->type, HNF_MOVE))
			continue;
		for (size_t c = 0; c < info->c; c++)
			if (isinf(info->min[c]) || isinf(info->max[c]))
				return err_set(
				    e, "layer '%s': no finite values on the calibration set",
				    quote(q->g->layers[i]->name));
	}
	return 0;
}

/* Zero has one sign, so that what was seen does not depend on the order. */
static void plain_zeros(struct quant *q)
{
	for (size_t i = 0; i < q->g->nlayers; i++) {
		struct qinfo *info = &q->info[i];

		for (size_t c = 0; c < info->c; c++) {
			info->min[c] += 0.0f;
			info->max[c] += 0.0f;
		}
		info->pre_min += 0.0f;
		info->pre_max += 0.0f;
		info->top_min += 0.0f;
	}
}

static void see_inputs(struct quant *q)
{
	struct layer *input[MAX_IO];
	size_t n = graph_inputs(q->g, input, MAX_IO);

	for (size_t k = 0; k < n && k < MAX_IO; k++)
		/* Cameras pack bytes. */
		quant_info(q, input[k])->bytes =
		    calib_is_u8(q->calib, k) || hn_input_pack(input[k]);
	q->images = calib_count(q->calib);
}

/* An input that is fed behind itself holds what its conversion gives, in another order. */
static void see_packed(struct quant *q)
{
	for (size_t i = 0; i < q->g->nlayers; i++) {
		const struct layer *l = q->g->layers[i];
		struct qinfo *info = &q->info[i];
		const struct qinfo *fed;

		if (hn_is_emulated(l))
			continue;
		fed = quant_info(q, hn_fed(l));
		for (size_t c = 0; c < info->c; c++) {
			for (size_t k = 0; k < fed->c; k++) {
				info->min[c] = fminf(info->min[c], fed->min[k]);
				info->max[c] = fmaxf(info->max[c], fed->max[k]);
			}
		}
	}
}

static int observe(struct quant *q, bool clipping, struct err *e)
{
	struct seen s = { .q = q };
	struct graph *run = split_activations(q, &s, clipping, e);
	struct emu *m = NULL;
	int rc = -1;

	if (run && (m = emu_new_f32(run, q->w, q->opts.batch, true, e))) {
		emu_observe(m, see, &s);
		rc = quant_run_set(q, m, FEED_OBSERVED, "calibration", e);
		see_packed(q);
	}
	plain_zeros(q);
	emu_free(m);
	graph_free(run);
	free(s.target);
	free(s.pre);
	return rc;
}

int quant_observe(struct quant *q, struct err *e)
{
	see_inputs(q);
	return observe(q, false, e);
}

int quant_recollect(struct quant *q, struct err *e)
{
	if (!q->calib)
		return err_set(e, "recollect_stats observes the images again (give -c beside "
				  "--stats)");
	for (size_t i = 0; i < q->g->nlayers; i++)
		quant_forget(&q->info[i]);
	return observe(q, true, e) < 0 ? -1 : quant_check_finite(q, e);
}
