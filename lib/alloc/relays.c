/*
 * Relays: physical layers that pass on rows unchanged.  Every edge from one of the layers that a
 * relay reads to one of those that it feeds goes through it; a tensor that several parts write
 * leaves it as one.
 */
#include "alloc/alloc_int.h"
#include <math.h>

/* A tensor that a relay passes on. */
struct lane {
	int32_t unit, port;
};
/* The allocation while relays are put into it. */
struct weave {
	struct plan *p;
	struct allocation *a;
	struct strand {
		struct alloc_edge ed;
		struct lane lane; /* what it carries */
		bool gone;
	} * v;
	size_t n, cap;
	int32_t *node; /* by relay: its layer; -1: not yet */
	struct err *e;
};

static bool node_is(const struct weave *w, int32_t node, const struct named *n)
{
	const struct allocation *a = w->a;
	int32_t part = 0;

	if (!n->u)
		return w->node[n->relay] == node;
	if (a->unit[node] != (int32_t)(n->u - w->p->units))
		return false;
	if (n->part < 0)
		return true;
	while (part < node && a->unit[node - part - 1] == a->unit[node])
		part++;
	return part == n->part;
}

/* Does a name mean the consumer of an edge?  That of joined parts: whoever reads them. */
static bool feeds(const struct weave *w, size_t edge, const struct named *n)
{
	if (n->joined)
		return w->v[edge].lane.unit == (int32_t)(n->u - w->p->units);
	return node_is(w, w->v[edge].ed.to, n);
}

/* Marks the names that have an edge; false: this edge has none on one of its ends. */
static bool goes_through(const struct weave *w, size_t edge, const struct relay *r, bool *from,
			 bool *to)
{
	bool reads = false, read = false;

	for (size_t i = 0; i < r->nfrom; i++)
		reads = reads || node_is(w, w->v[edge].ed.from, &r->from[i]);
	for (size_t i = 0; i < r->nto; i++)
		read = read || feeds(w, edge, &r->to[i]);
	if (!reads || !read)
		return false;
	for (size_t i = 0; i < r->nfrom; i++)
		from[i] = from[i] || node_is(w, w->v[edge].ed.from, &r->from[i]);
	for (size_t i = 0; i < r->nto; i++)
		to[i] = to[i] || feeds(w, edge, &r->to[i]);
	return true;
}

static int not_connected(const struct weave *w, const struct relay *r, const bool *from,
			 const bool *to)
{
	struct arena scratch = { 0 };
	const struct named *a = &r->from[0], *b = &r->to[0];

	for (size_t i = 0; i < r->nfrom; i++)
		a = from[i] ? a : &r->from[i];
	for (size_t i = 0; i < r->nto; i++)
		b = to[i] ? b : &r->to[i];
	err_set(w->e, "'%s' and '%s' are not connected", quote(plan_name(w->p, &scratch, a)),
		quote(plan_name(w->p, &scratch, b)));
	arena_release(&scratch);
	return r->st ? alls_in(r->st, w->e) : -1;
}

/* Number of a relay's lane for this tensor; a new one at the end. */
static int32_t lane_of(struct lane *lanes, int32_t *n, struct lane l)
{
	for (int32_t i = 0; i < *n; i++)
		if (lanes[i].unit == l.unit && lanes[i].port == l.port)
			return i;
	lanes[*n] = l;
	return (*n)++;
}

/* A layer's edge into a relay, unless it is there. */
static void edge_in(struct weave *w, const struct strand *s, int32_t node, int32_t lane)
{
	struct strand new = *s;

	for (size_t i = 0; i < w->n; i++)
		if (!w->v[i].gone && w->v[i].ed.to == node && w->v[i].ed.from == s->ed.from &&
		    w->v[i].ed.input == lane)
			return;
	new.ed.to = node;
	new.ed.input = lane;
	VEC_GROW(w->v, w->n, &w->cap);
	w->v[w->n++] = new;
}

/* The edge out of a relay to an input; NULL: none yet. */
static struct strand *edge_out(struct weave *w, int32_t node, const struct alloc_edge *to)
{
	for (size_t i = 0; i < w->n; i++)
		if (!w->v[i].gone && w->v[i].ed.from == node && w->v[i].ed.to == to->to &&
		    w->v[i].ed.input == to->input)
			return &w->v[i];
	return NULL;
}

/* An edge becomes one into the relay and one out of it, which the parts of a layer share. */
static int reroute(struct weave *w, size_t edge, int32_t node, int32_t lane)
{
	const struct strand old = w->v[edge];
	struct strand *out = edge_out(w, node, &old.ed);

	if (out && out->ed.row_bytes > INT32_MAX - old.ed.row_bytes)
		return err_set(w->e, "a row of it has more than %d bytes", INT32_MAX);
	if (out) {
		out->ed.row_bytes += old.ed.row_bytes;
		w->v[edge].gone = true;
	} else {
		w->v[edge].ed.from = node;
		w->v[edge].ed.port = lane;
	}
	if (w->n >= 4u * LIMIT_LAYERS)
		return err_set(w->e, "%zu edges are too many", w->n);
	edge_in(w, &old, node, lane);
	return 0;
}

/* The context of a relay: the script's, else that of its producers if a consumer shares it. */
static int32_t context_of(const struct weave *w, const struct relay *r, int32_t node)
{
	const struct allocation *a = w->a;
	int32_t before = 0, behind = INT32_MAX;

	for (size_t i = 0; i < w->n; i++) {
		const struct alloc_edge *ed = &w->v[i].ed;

		if (w->v[i].gone)
			continue;
		if (ed->to == node && a->layers[ed->from].context > before)
			before = a->layers[ed->from].context;
		if (ed->from == node && a->layers[ed->to].context < behind)
			behind = a->layers[ed->to].context;
	}
	if (r->context < 0)
		return before > behind ? -1 : behind;
	return r->context < before || r->context > behind ? -1 : r->context;
}

static int64_t gcd(int64_t a, int64_t b)
{
	return b ? gcd(b, a % b) : a;
}

/* Rows and cycles from the tensors that come in; a mux takes tensors of any heights. */
static int measure_relay(const struct weave *w, const struct relay *r, int32_t node,
			 const struct lane *lanes, int32_t nlanes)
{
	struct allocation *a = w->a;
	struct alloc_layer *l = &a->layers[node];
	const struct hn_shape *first = &w->p->units[lanes[0].unit].l->out[lanes[0].port];
	int64_t rows = first->h;

	for (int32_t k = 1; k < nlanes; k++) {
		const struct hn_shape *s = &w->p->units[lanes[k].unit].l->out[lanes[k].port];

		if (s->h != first->h && r->kind != ALLOC_MUX)
			return err_set(w->e, "tensors of %d and %d rows do not go through one %s",
				       first->h, s->h, alloc_kind_name(r->kind));
		rows = gcd(rows, s->h);
	}
	l->rows = (int32_t)rows;
	for (size_t i = 0; i < w->n; i++) {
		const struct lane *t = &w->v[i].lane;
		const struct hn_shape *s = &w->p->units[t->unit].l->out[t->port];
		int64_t bytes = w->p->units[t->unit].q->out_bits / 8;
		int64_t row = w->v[i].ed.row_bytes;

		if (!w->v[i].gone && w->v[i].ed.to == node)
			l->row_cycles +=
			    relay_cycles(w->p, r->kind, s->w, ceil_div(row, s->w * bytes), row);
	}
	if (r->kind == ALLOC_MUX)
		l->row_cycles = 1;
	return 0;
}

/* The outputs of a mux but the first are part of the first one's transfer. */
static void share_transfer(const struct weave *w, const struct strand *s, int32_t h)
{
	const struct target *t = w->p->t;
	struct alloc_layer *out = &w->a->layers[s->ed.to];
	const double bytes = (double)s->ed.row_bytes * w->a->layers[s->ed.from].rows / h;

	out->row_cycles = (int64_t)ceil(bytes / t->boundary_bandwidth * t->clock_hz);
	if (out->row_cycles < 1)
		out->row_cycles = 1;
}

/* Rows of the consumers' side are a mux's own, which hold several rows of a higher tensor. */
static int widen_rows(const struct weave *w, int32_t node)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct lane *t = &w->v[i].lane;
		int32_t h = w->p->units[t->unit].l->out[t->port].h;
		int64_t times = h / w->a->layers[node].rows;

		if (w->v[i].gone || w->v[i].ed.from != node)
			continue;
		if (times * w->v[i].ed.row_bytes > INT32_MAX)
			return err_set(w->e, "a row of it has more than %d bytes", INT32_MAX);
		w->v[i].ed.row_bytes *= (int32_t)times;
		if (w->a->layers[node].kind == ALLOC_MUX && w->v[i].ed.port > 0)
			share_transfer(w, &w->v[i], h);
	}
	return 0;
}

/* The splitter of a divided layer gives each part what it needs. */
static void share_rows(const struct weave *w, const struct relay *r, int32_t node)
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

static char **names_of(const struct weave *w, const struct named *v, size_t n)
{
	char **out = arena_array(&w->a->arena, n, sizeof *out);

	for (size_t i = 0; i < n; i++)
		out[i] = plan_name(w->p, &w->a->arena, &v[i]);
	return out;
}

static void describe(const struct weave *w, const struct relay *r, struct alloc_layer *l)
{
	const bool controller = relay_kind_of(r->kind)->controller;
	struct arena *arena = &w->a->arena;

	*l = (struct alloc_layer){ .kind = r->kind,
				   .feature_to = 1,
				   .column_to = 1,
				   .cluster = -1,
				   .lcus = controller,
				   .input_aligners = controller,
				   .apus = controller };
	l->name = l->layer = arena_strdup(arena, r->name);
	l->relay = (struct alloc_relay){ .from = names_of(w, r->from, r->nfrom),
					 .to = names_of(w, r->to, r->nto),
					 .nfrom = r->nfrom,
					 .nto = r->nto,
					 .order = (int32_t)(r - w->p->relays),
					 .word = r->word ? arena_strdup(arena, r->word) : NULL };
}

/* Every edge between what a relay reads and what it feeds goes through it. */
static int connect(struct weave *w, const struct relay *r, int32_t node, struct lane *lanes,
		   int32_t *nlanes)
{
	bool *from = xcalloc(r->nfrom + 1, 1), *to = xcalloc(r->nto + 1, 1);
	const size_t n = w->n;
	bool all = true;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		if (!w->v[i].gone && goes_through(w, i, r, from, to))
			rc = reroute(w, i, node, lane_of(lanes, nlanes, w->v[i].lane));
	for (size_t i = 0; i < r->nfrom; i++)
		all = all && from[i];
	for (size_t i = 0; i < r->nto; i++)
		all = all && to[i];
	if (rc == 0 && !all)
		rc = not_connected(w, r, from, to);
	free(from);
	free(to);
	return rc;
}

static int other_context(const struct weave *w, const struct relay *r)
{
	if (r->context < 0)
		err_set(w->e, "'%s' joins layers of different contexts", quote(r->name));
	else
		err_set(w->e, "'%s' is in context_%d, what it joins is not", quote(r->name),
			r->context);
	return r->st ? alls_in(r->st, w->e) : -1;
}

static int insert(struct weave *w, const struct relay *r)
{
	struct allocation *a = w->a;
	int32_t node = (int32_t)a->nlayers++;
	struct alloc_layer *l = &a->layers[node];
	struct lane *lanes = xcalloc(w->n + 1, sizeof *lanes);
	int32_t nlanes = 0;
	int rc;

	w->node[r - w->p->relays] = node;
	a->unit[node] = -1 - (int32_t)(r - w->p->relays);
	describe(w, r, l);
	rc = connect(w, r, node, lanes, &nlanes);
	if (rc == 0 && (l->context = context_of(w, r, node)) < 0)
		rc = other_context(w, r);
	if (rc == 0)
		rc = measure_relay(w, r, node, lanes, nlanes);
	if (rc == 0)
		rc = widen_rows(w, node);
	if (rc == 0 && r->splits)
		share_rows(w, r, node);
	free(lanes);
	return rc;
}

/* ---- order ---- */

static int by_ends(const void *x, const void *y)
{
	const struct alloc_edge *a = x, *b = y;

	if (a->to != b->to)
		return a->to < b->to ? -1 : 1;
	if (a->input != b->input)
		return a->input < b->input ? -1 : 1;
	return a->from < b->from ? -1 : a->from > b->from;
}

struct key {
	int64_t key;
	int32_t node;
};

static int by_key(const void *x, const void *y)
{
	const struct key *a = x, *b = y;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->node < b->node ? -1 : a->node > b->node;
}

/* The last part of a layer: no relay stands between parts. */
static int32_t last_part(const struct allocation *a, size_t n, int32_t node)
{
	while ((size_t)node < n && (size_t)node + 1 < n && a->unit[node + 1] == a->unit[node])
		node++;
	return node;
}

/* Layers as they were, each relay behind the last one that it reads; n are no relays.  NULL: a
 * loop. */
static struct key *keys_of(const struct allocation *a, size_t n)
{
	struct key *keys = xcalloc(a->nlayers + 1, sizeof *keys);
	bool moved = true;
	size_t pass;

	for (size_t i = 0; i < a->nlayers; i++)
		keys[i] = (struct key){ i < n ? (int64_t)i << 20 : 0, (int32_t)i };
	for (pass = 0; moved && pass <= a->nlayers; pass++) {
		moved = false;
		for (size_t i = 0; i < a->nedges; i++) {
			const int32_t to = a->edges[i].to;
			int32_t from = a->edges[i].from;

			if ((size_t)to >= n)
				from = last_part(a, n, from);
			if (keys[to].key > keys[from].key)
				continue;
			keys[to].key = keys[from].key + 1;
			moved = true;
		}
	}
	if (moved) {
		free(keys);
		return NULL;
	}
	qsort(keys, a->nlayers, sizeof *keys, by_key);
	return keys;
}

static int reorder(struct allocation *a, size_t n, struct err *e)
{
	struct key *keys = keys_of(a, n);
	struct alloc_layer *layers;
	int32_t *unit, *place;

	if (!keys)
		return err_set(e, "the layers that the script puts between others wait for each "
				  "other");
	layers = arena_array(&a->arena, a->nlayers, sizeof *layers);
	unit = arena_array(&a->arena, a->nlayers, sizeof *unit);
	place = xcalloc(a->nlayers + 1, sizeof *place);
	for (size_t i = 0; i < a->nlayers; i++) {
		layers[i] = a->layers[keys[i].node];
		unit[i] = a->unit[keys[i].node];
		place[keys[i].node] = (int32_t)i;
	}
	for (size_t i = 0; i < a->nedges; i++) {
		a->edges[i].from = place[a->edges[i].from];
		a->edges[i].to = place[a->edges[i].to];
	}
	qsort(a->edges, a->nedges, sizeof *a->edges, by_ends);
	a->layers = layers;
	a->unit = unit;
	free(place);
	free(keys);
	return 0;
}

/* ---- all of them ---- */

/* Copies with room for the relays. */
static void unravel(struct weave *w)
{
	struct plan *p = w->p;
	struct allocation *a = w->a;
	const size_t n = a->nlayers + p->nrelays;
	struct alloc_layer *layers = arena_array(&a->arena, n, sizeof *layers);
	int32_t *unit = arena_array(&a->arena, n, sizeof *unit);

	memcpy(layers, a->layers, a->nlayers * sizeof *layers);
	memcpy(unit, a->unit, a->nlayers * sizeof *unit);
	a->layers = layers;
	a->unit = unit;
	for (size_t i = 0; i < a->nedges; i++) {
		const struct alloc_edge *ed = &a->edges[i];

		VEC_GROW(w->v, w->n, &w->cap);
		w->v[w->n++] = (struct strand){ *ed, { unit[ed->from], ed->port }, false };
	}
	w->node = xcalloc(p->nrelays, sizeof *w->node);
	for (size_t i = 0; i < p->nrelays; i++)
		w->node[i] = -1;
}

static void keep_edges(struct weave *w)
{
	struct allocation *a = w->a;

	a->edges = arena_array(&a->arena, w->n + 1, sizeof *a->edges);
	a->nedges = 0;
	for (size_t i = 0; i < w->n; i++)
		if (!w->v[i].gone)
			a->edges[a->nedges++] = w->v[i].ed;
}

int relays_insert(struct plan *p, struct allocation *a, struct err *e)
{
	struct weave w = { .p = p, .a = a, .e = e };
	const size_t n = a->nlayers;
	int rc = 0;

	if (!p->nrelays)
		return 0;
	if (a->nlayers + p->nrelays > LIMIT_LAYERS)
		return err_set(e, "%zu physical layers are too many", a->nlayers + p->nrelays);
	unravel(&w);
	for (size_t i = 0; i < p->nrelays && rc == 0; i++)
		if ((rc = insert(&w, &p->relays[i])) < 0 && !p->relays[i].st)
			err_in(e, "'%s'", quote(p->relays[i].name));
	if (rc == 0) {
		keep_edges(&w);
		rc = reorder(a, n, e);
	}
	free(w.v);
	free(w.node);
	return rc;
}
