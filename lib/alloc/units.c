/* Units: logical layers with a choice of parts, subclusters, MAC mode and APUs. */
#include "alloc/alloc_int.h"
#include <math.h>

enum {
	MAX_ROWS = 1 << 22
}; /* schedules hold a time for each row */

int32_t unit_context(const struct unit *u, int32_t part)
{
	return u->last_context > u->context ? u->part_context[part] : u->context;
}

bool unit_in(const struct unit *u, int32_t context)
{
	return context >= u->context && context <= u->last_context;
}

struct need need_add(struct need a, struct need b, int32_t times)
{
	int i;

	for (i = 0; i < RES_COUNT; i++)
		a.v[i] += times * b.v[i];
	return a;
}

struct need device_capacity(const struct target *t)
{
	int64_t n = t->clusters;

	return (struct need){ { n * t->lcus, n * t->subclusters, n * t->input_aligners, n * t->apus,
				n * t->l3_cuts, n * t->subclusters } };
}

/* Steps in which features can be divided. */
static int32_t slice_steps(const struct unit *u)
{
	if (u->cost.slice_step <= 0)
		return 1;
	return (int32_t)ceil_div(u->cost.features, u->cost.slice_step);
}

/* The same for columns. */
static int32_t column_steps(const struct unit *u)
{
	if (u->cost.column_step <= 0)
		return 1;
	return (int32_t)ceil_div(u->cost.cols, u->cost.column_step);
}

int32_t unit_max_parts(const struct unit *u, bool spatial)
{
	int32_t steps = spatial ? column_steps(u) : slice_steps(u);
	int32_t most = spatial ? MAX_COLUMN_PARTS : MAX_PARTS;

	return steps < most ? steps : most;
}

/*
 * An input feature of a depthwise layer is for one output feature only: subclusters share nothing
 * of what they take in, and a wider one has nothing to do.  What is published of such networks is
 * that of one subcluster and 8 columns a part.
 */
int32_t unit_max_subclusters(const struct plan *p, const struct unit *u)
{
	if (!u->cost.macs)
		return 1;
	if (u->fixed.subclusters)
		return u->fixed.subclusters;
	return u->cost.depthwise ? p->t->max_subclusters_dw : p->t->max_subclusters_per_layer;
}

int unit_modes(const struct unit *u)
{
	return u->cost.mode16 && (!u->cost.depthwise || u->fixed.mode > 0) ? TARGET_MODES : 1;
}

struct part unit_part(const struct unit *u, struct choice c, int32_t i)
{
	struct part out = { 0, u->cost.features, 0, u->cost.cols };
	int32_t *from = c.spatial ? &out.column_from : &out.from;
	int32_t *to = c.spatial ? &out.column_to : &out.to;
	int64_t steps = c.spatial ? column_steps(u) : slice_steps(u);
	int32_t step = c.spatial ? u->cost.column_step : u->cost.slice_step;

	if (c.parts <= 1)
		return out;
	*from = (int32_t)(step * (steps * i / c.parts));
	if (i + 1 < c.parts)
		*to = (int32_t)(step * (steps * (i + 1) / c.parts));
	return out;
}

bool unit_has_columns(const struct plan *p, const struct unit *u)
{
	if (!u->cost.column_step || u->last_context > u->context)
		return false;
	for (size_t i = 0; i < u->l->nsucc; i++) {
		const struct unit *to = &p->units[u->l->succ[i]->index];

		if (to->l->type == HN_OUTPUT || to->context != u->context)
			return false;
	}
	return true;
}

void unit_input_share(const struct unit *u, struct part part, int64_t *take, int64_t *of)
{
	int32_t first, last;

	*take = *of = 1;
	if (!u->split)
		return;
	*take = part.to - part.from;
	*of = u->cost.features;
	if (part.column_to - part.column_from < u->cost.cols) {
		qop_columns_needed(u->q, part.column_from, part.column_to, &first, &last);
		*take = last + 1 - first;
		*of = layer_in_shape(u->l, 0)->w;
	}
}

/* Columns divide a row, so that one alone is made at once. */
int32_t unit_lines(const struct unit *u, struct choice c)
{
	if (c.spatial && c.parts > 1)
		return u->cost.rows;
	/* An output layer has no kernel. */
	return u->l->type == HN_OUTPUT ? qop_map_lines(u->cost.rows, u->cost.cols)
				       : qop_lines(u->q);
}

int64_t unit_line_cycles(const struct plan *p, const struct unit *u, struct choice c,
			 struct part part)
{
	const struct cost *k = &u->cost;
	const struct target_mode *mode = &p->t->mode[c.mode];
	const int32_t lines = unit_lines(u, c), of_row = lines / k->rows;
	int32_t features = part.to - part.from;
	int32_t cols =
	    qop_line_columns(k->rows, part.column_to - part.column_from, of_row > 1 ? lines : 1);
	int64_t apu =
	    ceil_div(ceil_div(k->apu_cycles * features * cols, k->cols), c.apus > 0 ? c.apus : 1);
	int32_t lanes = k->depthwise ? p->t->dw_features_per_cycle : mode->features;
	int32_t group = features < k->group || k->depthwise ? features : k->group;
	int64_t least, take, of;
	int64_t blocks;
	int64_t macs;

	if (k->outside)
		return ceil_div(k->row_cycles * (part.column_to - part.column_from),
				(int64_t)k->cols * of_row);
	/* A part takes in whole rows, if no splitter stands before it. */
	unit_input_share(u, part, &take, &of);
	least = ceil_div(ceil_div(k->ia_cycles * take, of * of_row), mode->input_aligners);
	least = apu > least ? apu : least;
	if (!k->macs)
		return least > 0 ? least : 1;
	blocks = ceil_div(features, group) * ceil_div(group, lanes);
	macs = ceil_div(cols, mode->columns) * ceil_div(blocks, c.subclusters) * k->taps;
	macs = (int64_t)ceil((double)macs / k->rate);
	return macs > least ? macs : least;
}

/* Bytes of a subcluster's weights that lie in its L2; `l2`: the network has one context. */
static int64_t in_l2(const struct plan *p, const struct unit *u, int64_t each, bool l2)
{
	const int64_t room = l2 || u->mixed == 1 ? p->t->l2_bytes : 0;

	if (each <= room)
		return each;
	return u->mixed == 0 ? 0 : room;
}

/* Two subclusters share the port of a cut, so a pair whose weights fit in one cut takes one. */
static int64_t weight_cuts(const struct target *t, int64_t each, int32_t n)
{
	if (each <= 0)
		return 0;
	if (n % 2 == 0 && 2 * each <= t->l3_cut_bytes)
		return n / 2;
	return n * ceil_div(each, t->l3_cut_bytes);
}

struct weights unit_weights(const struct plan *p, const struct unit *u, int32_t subclusters,
			    int32_t features, bool l2)
{
	const double share = (double)features / u->cost.features;
	const int64_t bytes = (int64_t)ceil((double)u->cost.weight_bytes * share);
	const int64_t each = ceil_div(bytes, subclusters), inside = in_l2(p, u, each, l2);
	int64_t outside = each - inside;

	/* In L2 they are as they are multiplied, in L3 as they are stored. */
	if (u->packed && outside > 0)
		outside = (int64_t)ceil(
		    (double)unit_stored_bytes(u, (int32_t)ceil_div(features, subclusters)) *
		    (double)outside / (double)each);
	return (struct weights){ .l2 = inside * subclusters,
				 .cuts = weight_cuts(p->t, outside, subclusters) };
}

struct need unit_part_need(const struct plan *p, const struct unit *u, struct choice c,
			   int32_t features, bool l2)
{
	struct need n = { { 0 } };

	if (u->cost.outside)
		return n;
	n.v[RES_LCU] = u->cost.controllers;
	n.v[RES_SC] = c.subclusters;
	n.v[RES_SC16] = u->cost.wide ? c.subclusters : 0;
	n.v[RES_IA] = p->t->mode[c.mode].input_aligners;
	n.v[RES_APU] = c.apus;
	n.v[RES_WEIGHTS] = unit_weights(p, u, c.subclusters, features, l2).cuts;
	return n;
}

bool fits_cluster(const struct target *t, const struct need *n, int64_t window_bytes)
{
	return n->v[RES_LCU] <= t->lcus && n->v[RES_SC] <= t->subclusters &&
	       n->v[RES_IA] <= t->input_aligners && n->v[RES_APU] <= t->apus &&
	       n->v[RES_WEIGHTS] + ceil_div(window_bytes, t->l3_cut_bytes) <= t->l3_cuts;
}

/* Parts of one size, and how many there are. */
struct size {
	struct part part;
	int32_t count;
};
enum {
	MAX_SIZES = 3
};

/* Sizes of the parts of a choice: n steps more, n steps, and the last one, which may be smaller. */
static int part_sizes(const struct unit *u, struct choice c, struct size out[MAX_SIZES])
{
	const int32_t steps = c.spatial ? column_steps(u) : slice_steps(u);
	const int32_t step = c.spatial ? u->cost.column_step : u->cost.slice_step;
	const int32_t all = c.spatial ? u->cost.cols : u->cost.features;
	const struct part whole = { 0, u->cost.features, 0, u->cost.cols };
	int32_t least, more, size[MAX_SIZES], count[MAX_SIZES];
	int n = 0;

	out[0] = (struct size){ whole, 1 };
	if (c.parts <= 1)
		return 1;
	least = steps / c.parts;
	more = steps % c.parts;
	size[0] = step * (least + 1);
	count[0] = more > 0 ? more - 1 : 0;
	size[1] = step * least;
	count[1] = c.parts - more - (more == 0);
	size[2] = step * (least + (more > 0)) - (step * steps - all);
	count[2] = 1;
	for (int i = 0; i < MAX_SIZES; i++) {
		if (count[i] == 0)
			continue;
		out[n] = (struct size){ whole, count[i] };
		*(c.spatial ? &out[n].part.column_to : &out[n].part.to) = size[i];
		n++;
	}
	return n;
}

bool unit_need(const struct plan *p, const struct unit *u, struct choice c, bool l2,
	       struct need *out)
{
	struct size sizes[MAX_SIZES];
	const int n = part_sizes(u, c, sizes);
	bool fits = true;

	*out = (struct need){ { 0 } };
	for (int i = 0; i < n; i++) {
		struct need need = unit_part_need(p, u, c, sizes[i].part.to, l2);

		fits = fits && (u->cost.outside || fits_cluster(p->t, &need, u->window_bytes));
		*out = need_add(*out, need, sizes[i].count);
	}
	return fits;
}

int64_t unit_cycles(const struct plan *p, const struct unit *u, struct choice c)
{
	struct size sizes[MAX_SIZES];
	const int n = part_sizes(u, c, sizes);
	int64_t worst = 0;

	for (int i = 0; i < n; i++) {
		int64_t cycles = unit_line_cycles(p, u, c, sizes[i].part);

		worst = cycles > worst ? cycles : worst;
	}
	return worst * unit_lines(u, c);
}

double unit_energy(const struct plan *p, const struct unit *u, struct choice c, bool l2)
{
	struct size sizes[MAX_SIZES];
	const int n = part_sizes(u, c, sizes);
	double sum = 0;

	for (int i = 0; i < n; i++) {
		const struct need need = unit_part_need(p, u, c, sizes[i].part.to, l2);
		const struct alloc_taken taken = { (int32_t)need.v[RES_LCU],
						   (int32_t)need.v[RES_SC], (int32_t)need.v[RES_IA],
						   (int32_t)need.v[RES_APU],
						   (int32_t)need.v[RES_WEIGHTS] };

		sum += sizes[i].count * busy_watts(p->t, p->no_ecc, &taken) *
		       (double)unit_line_cycles(p, u, c, sizes[i].part);
	}
	return sum * unit_lines(u, c);
}

bool unit_allows(const struct unit *u, struct choice c)
{
	const struct choice *f = &u->fixed;

	return (!f->parts || (f->parts == c.parts && (c.parts == 1 || f->spatial == c.spatial))) &&
	       (!f->subclusters || f->subclusters == c.subclusters) &&
	       (f->mode < 0 || f->mode == c.mode) && (!f->apus || f->apus == c.apus);
}

int32_t unit_steps(const struct unit *u)
{
	/* An output layer has no kernel. */
	return u->l->type == HN_OUTPUT ? 1 : qop_row_steps(u->q);
}

int32_t unit_window(const struct unit *u, size_t input, int32_t from_lines)
{
	const int32_t n = unit_lines(u, u->choice) * unit_steps(u);
	int32_t y, first, last;
	int32_t rows = 1;
	int32_t previous = -1;
	int32_t step = 1;

	for (y = 0; y < n; y++) {
		qop_step_lines(u->q, input, y, n, from_lines, &first, &last);
		if (last < first)
			continue;
		if (last - first + 1 > rows)
			rows = last - first + 1;
		if (previous >= 0 && first - previous > step)
			step = first - previous;
		previous = first;
	}
	return rows + step;
}

int32_t unit_input_lines(const struct plan *p, const struct unit *u, size_t input)
{
	return qop_lines(&p->m->q[u->l->in[input].layer->index]);
}

/* The least that the input buffers of a layer hold, bytes. */
static int64_t window_bytes(const struct plan *p, const struct unit *u)
{
	const struct hn_input *in;
	const struct hn_shape *s;
	int64_t bytes = 0;
	size_t i;

	for (i = 0; i < u->l->nin; i++) {
		const int32_t lines = unit_input_lines(p, u, i);

		in = &u->l->in[i];
		s = &in->layer->out[in->port];
		bytes += (int64_t)unit_window(u, i, lines) * qop_line_columns(s->h, s->w, lines) *
			 s->c * (p->m->q[in->layer->index].out_bits / 8);
	}
	return bytes;
}

int units_make(struct plan *p, struct err *e)
{
	struct unit *u;
	int64_t rows = 0;
	size_t i;
	int32_t k;

	p->n = p->g->nlayers;
	p->units = arena_array(&p->arena, p->n ? p->n : 1, sizeof *p->units);
	for (i = 0; i < p->n; i++) {
		u = &p->units[i];
		u->l = p->g->layers[i];
		u->q = &p->m->q[i];
		u->fixed.mode = u->mixed = -1;
		u->choice = (struct choice){ 1, 1, 0, 1, false };
		u->context = u->last_context = -1;
		u->next = u->given_next = (int32_t)i;
		u->part_context = arena_array(&p->arena, MAX_PARTS, sizeof *u->part_context);
		u->place = arena_array(&p->arena, MAX_PARTS, sizeof *u->place);
		for (k = 0; k < MAX_PARTS; k++) {
			u->place[k] = -1;
			u->part_context[k] = -1;
		}
		if (cost_of(p, u, e) < 0)
			return -1;
		u->window_bytes = window_bytes(p, u);
		if ((rows += (int64_t)unit_lines(u, u->choice) * unit_steps(u)) > MAX_ROWS)
			return err_set(e, "the layers have more than %d rows per frame together",
				       MAX_ROWS);
	}
	return 0;
}
