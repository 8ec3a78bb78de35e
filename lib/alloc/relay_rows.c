/* What a relay takes: its rows and their cycles, and what each of its consumers has of a row. */
#include "alloc/weave.h"
#include <math.h>

static int64_t gcd(int64_t a, int64_t b)
{
	return b ? gcd(b, a % b) : a;
}

/* Lines in which a lane's tensor comes. */
static int32_t lane_lines(const struct weave *w, const struct lane *t)
{
	const struct unit *u = &w->p->units[t->unit];

	return unit_lines(u, u->choice);
}

/* Lines and cycles from the tensors that come in; a mux takes tensors of any heights. */
int weave_measure(const struct weave *w, const struct relay *r, int32_t node,
		  const struct lane *lanes, int32_t nlanes)
{
	struct allocation *a = w->a;
	struct alloc_layer *l = &a->layers[node];
	const struct hn_shape *first = &w->p->units[lanes[0].unit].l->out[lanes[0].port];
	int64_t rows = r->kind == ALLOC_MUX ? first->h : lane_lines(w, &lanes[0]);

	for (int32_t k = 1; k < nlanes; k++) {
		const struct hn_shape *s = &w->p->units[lanes[k].unit].l->out[lanes[k].port];

		if (s->h != first->h && r->kind != ALLOC_MUX)
			return err_set(w->e, "tensors of %d and %d rows do not go through one %s",
				       first->h, s->h, alloc_kind_name(r->kind));
		rows = gcd(rows, r->kind == ALLOC_MUX ? s->h : lane_lines(w, &lanes[k]));
	}
	l->rows = (int32_t)rows;
	for (size_t i = 0; i < w->n; i++) {
		const struct lane *t = &w->v[i].lane;
		const struct hn_shape *s = &w->p->units[t->unit].l->out[t->port];
		int64_t bytes = w->p->units[t->unit].q->out_bits / 8;
		const int64_t cols = qop_line_columns(s->h, s->w, lane_lines(w, t));
		int64_t row = w->v[i].ed.row_bytes;

		if (!w->v[i].gone && w->v[i].ed.to == node)
			l->row_cycles +=
			    relay_cycles(w->p, r->kind, cols, ceil_div(row, cols * bytes), row);
	}
	if (r->kind == ALLOC_MUX)
		l->row_cycles = 1;
	return 0;
}

/* The outputs of a mux but the first are part of the first one's transfer. */
static void share_transfer(const struct weave *w, const struct strand *s)
{
	const struct target *t = w->p->t;
	struct alloc_layer *out = &w->a->layers[s->ed.to];
	const double bytes = (double)s->ed.row_bytes * w->a->layers[s->ed.from].rows / out->rows;

	out->row_cycles = (int64_t)ceil(bytes / target_boundary(t) * t->clock_hz);
	if (out->row_cycles < 1)
		out->row_cycles = 1;
}

/* Lines of the consumers' side are a mux's own, which hold several lines of a higher tensor. */
int weave_widen(const struct weave *w, int32_t node)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct lane *t = &w->v[i].lane;
		int64_t times = lane_lines(w, t) / w->a->layers[node].rows;

		if (w->v[i].gone || w->v[i].ed.from != node)
			continue;
		if (times * w->v[i].ed.row_bytes > INT32_MAX)
			return err_set(w->e, "a row of it has more than %d bytes", INT32_MAX);
		w->v[i].ed.row_bytes *= (int32_t)times;
		if (w->a->layers[node].kind == ALLOC_MUX && w->v[i].ed.port > 0)
			share_transfer(w, &w->v[i]);
	}
	return 0;
}

/* The splitter of a divided layer gives each part what it needs. */
void weave_share(const struct weave *w, const struct relay *r, int32_t node)
{
	const struct unit *u = r->to[0].u;

	for (size_t i = 0; i < w->n; i++) {
		struct alloc_edge *ed = &w->v[i].ed;
		const struct alloc_layer *l = &w->a->layers[ed->to];
		int64_t take, of;

		if (w->v[i].gone || ed->from != node)
			continue;
		unit_input_share(
		    u,
		    (struct part){ l->feature_from, l->feature_to, l->column_from, l->column_to },
		    &take, &of);
		ed->row_bytes = (int32_t)(ed->row_bytes * take / of);
	}
}
