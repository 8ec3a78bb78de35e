/*
 * Making a view true: the layers that bring an HN tensor into the order that an operator needs.
 * Known moves (shuffle, depth to space, space to depth) are found first, then reshapes and
 * transposes.
 */
#include "base/limits.h"
#include "import/build.h"

struct list {
	int n;
	int at[IM_ATOMS];
};

/* From: the atoms of each axis as stored; to: the atoms of each axis as wanted. */
struct move {
	const struct im_view *v;
	struct list from[3], to[3];
	int64_t size[3]; /* wanted h, w, c */
	int rank;        /* of the wanted tensor: 4, 3 (no H), 2 (only C) */
};

static void append(struct list *l, const struct list *more)
{
	for (int i = 0; i < more->n; i++)
		l->at[l->n++] = more->at[i];
}

static bool equal(const struct list *a, const struct list *b)
{
	return a->n == b->n && memcmp(a->at, b->at, (size_t)a->n * sizeof a->at[0]) == 0;
}

static int64_t product(const struct im_view *v, const struct list *l)
{
	int64_t n = 1;

	for (int i = 0; i < l->n; i++)
		n *= v->atom[l->at[i]].size;
	return n;
}

/* b = prefix ++ *rest */
static bool starts_with(const struct list *b, const struct list *prefix, struct list *rest)
{
	if (b->n < prefix->n || memcmp(b->at, prefix->at, (size_t)prefix->n * sizeof b->at[0]) != 0)
		return false;
	rest->n = b->n - prefix->n;
	memcpy(rest->at, b->at + prefix->n, (size_t)rest->n * sizeof b->at[0]);
	return true;
}

static int plan(const struct im_view *v, const char *axes, struct move *m, struct err *e)
{
	*m = (struct move){ .v = v, .rank = strchr(axes, 'H') ? 4 : strchr(axes, 'W') ? 3 : 2 };
	for (int i = 0; i < v->natoms; i++)
		m->from[v->atom[i].axis].at[m->from[v->atom[i].axis].n++] = i;
	for (int d = 0; d < v->rank; d++) {
		const struct im_dim *dim = &v->dim[d];
		const int axis = axes[d] == 'H' ? 0 : axes[d] == 'W' ? 1 : 2;
		struct list l = { .n = dim->n };

		memcpy(l.at, dim->at, sizeof l.at);
		if (dim->n == 0)
			continue;
		if ((axes[d] == 'B') != (dim->at[0] == IM_BATCH))
			return err_set(
			    e,
			    "its input %s does not have the batch first (the batch of %lld "
			    "is dimension %d)",
			    view_text(v), (long long)v->batch, d);
		if (axes[d] != 'B')
			append(&m->to[axis], &l);
	}
	for (int i = 0; i < 3; i++)
		m->size[i] = product(v, &m->to[i]);
	return 0;
}

static struct layer *shuffle(struct build *b, const struct move *m)
{
	const struct list *from = &m->from[2], *to = &m->to[2];
	struct layer *l;

	if (!equal(&m->from[0], &m->to[0]) || !equal(&m->from[1], &m->to[1]) || from->n != 2 ||
	    to->n != 2 || from->at[0] != to->at[1] || from->at[1] != to->at[0])
		return NULL;
	l = build_after(b, HN_FEATURE_SHUFFLE, "feature_shuffle", m->v);
	l->p.shuffle_groups = (int32_t)m->v->atom[from->at[0]].size;
	return l;
}

/* c[] = x ++ y ++ z: 0; z ++ x ++ y: 1; else -1. */
static int block_order(const struct list *c, const struct list *x, const struct list *y,
		       const struct list *z)
{
	struct list dcr = *x, crd = *z;

	if (x->n + y->n == 0 || x->n + y->n + z->n > IM_ATOMS)
		return -1;
	append(&dcr, y);
	append(&dcr, z);
	append(&crd, x);
	append(&crd, y);
	return equal(c, &dcr) ? 0 : equal(c, &crd) ? 1 : -1;
}

static struct layer *blocks(struct build *b, const struct move *m)
{
	struct list x, y;
	struct layer *l = NULL;
	int variant;

	if (starts_with(&m->to[0], &m->from[0], &x) && starts_with(&m->to[1], &m->from[1], &y) &&
	    (variant = block_order(&m->from[2], &x, &y, &m->to[2])) >= 0)
		l = build_after(b, HN_DEPTH_TO_SPACE, "depth_to_space", m->v);
	else if (starts_with(&m->from[0], &m->to[0], &x) &&
		 starts_with(&m->from[1], &m->to[1], &y) &&
		 (variant = block_order(&m->to[2], &x, &y, &m->from[2])) >= 0)
		l = build_after(b, HN_SPACE_TO_DEPTH, "space_to_depth", m->v);
	if (!l)
		return NULL;
	l->p.variant = variant;
	l->p.block[0] = (int32_t)product(m->v, &x);
	l->p.block[1] = (int32_t)product(m->v, &y);
	return l;
}

static struct layer *convert(struct build *b, struct layer *from, int32_t port, const char *kind)
{
	const bool turns = hn_conversion_transposes(kind);
	struct layer *l =
	    build_layer(b, HN_FORMAT_CONVERSION, turns ? "format_conversion" : "reshape");

	layer_add_input(b->g, l, from, port);
	l->p.conversion = arena_strdup(&b->g->arena, kind);
	return l;
}

static struct layer *reshape(struct build *b, struct layer *from, int32_t port,
			     const int64_t size[3], int rank)
{
	struct layer *l = convert(b, from, port, "reshape");

	l->p.reshape[0] = rank < 4 && size[0] == 1 ? 0 : (int32_t)size[0];
	l->p.reshape[1] = rank < 3 && size[0] == 1 && size[1] == 1 ? 0 : (int32_t)size[1];
	l->p.reshape[2] = (int32_t)size[2];
	return l;
}

static struct layer *transpose(struct build *b, struct layer *from, int32_t port, const int perm[3])
{
	const bool wc = perm[0] == 0 && perm[1] == 2;
	struct layer *l = convert(b, from, port, wc ? "transpose_width_features" : "transpose");

	for (int i = 0; i < 3; i++)
		l->p.transpose[i] = perm[i];
	return l;
}

/* Whole axes change places. */
static struct layer *permute(struct build *b, const struct move *m)
{
	int perm[3] = { -1, -1, -1 };
	bool taken[3] = { false, false, false };

	for (int i = 0; i < 3; i++)
		for (int k = 0; m->to[i].n && k < 3; k++)
			if (equal(&m->to[i], &m->from[k])) {
				perm[i] = k;
				taken[k] = true;
			}
	for (int i = 0; i < 3; i++) {
		if (m->to[i].n && perm[i] < 0)
			return NULL;
		for (int k = 0; perm[i] < 0 && k < 3; k++)
			if (!taken[k] && m->from[k].n == 0) {
				perm[i] = k;
				taken[k] = true;
			}
		if (perm[i] < 0)
			return NULL;
	}
	return transpose(b, m->v->layer, m->v->port, perm);
}

static bool sizes_equal(const int64_t a[3], const int64_t b[3])
{
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2];
}

/*
 * Up to three runs of the stored order change places: reshape so that each run is an axis,
 * transpose, reshape to the wanted axes.
 */
static struct layer *runs(struct build *b, const struct move *m, struct err *e)
{
	struct list seq = m->to[0];
	struct list run[3] = { { 0 } };
	int nruns = 0;
	int64_t in[3] = { 1, 1, 1 }, mid[3] = { 1, 1, 1 };
	int perm[3] = { 0, 1, 2 };
	struct layer *l = m->v->layer;
	int32_t port = m->v->port;

	append(&seq, &m->to[1]);
	append(&seq, &m->to[2]);
	for (int i = 0; i < seq.n; i++) {
		if (i == 0 || seq.at[i] != seq.at[i - 1] + 1) {
			if (nruns == 3) {
				err_set(e,
					"this combination of reshape and transpose of %s is not "
					"supported",
					view_text(m->v));
				return NULL;
			}
			nruns++;
		}
		run[nruns - 1].at[run[nruns - 1].n++] = seq.at[i];
	}
	if (nruns <= 1)
		return reshape(b, l, port, m->size, m->rank);
	/* Place of run i among the runs in stored order: the axis that it has before the transpose.
	 */
	for (int i = 0; i < nruns; i++) {
		int place = 3 - nruns;

		for (int k = 0; k < nruns; k++)
			place += run[k].at[0] < run[i].at[0];
		perm[3 - nruns + i] = place;
		in[place] = product(m->v, &run[i]);
		mid[3 - nruns + i] = in[place];
	}
	if (!sizes_equal(in, m->v->base)) {
		l = reshape(b, l, port, in, 4);
		port = 0;
	}
	l = transpose(b, l, port, perm);
	return sizes_equal(mid, m->size) ? l : reshape(b, l, 0, m->size, m->rank);
}

static bool in_place(const struct move *m)
{
	return equal(&m->from[0], &m->to[0]) && equal(&m->from[1], &m->to[1]) &&
	       equal(&m->from[2], &m->to[2]);
}

bool view_is_free(const struct im_view *v, const char *axes)
{
	struct err e = { 0 };
	struct move m;

	return (size_t)v->rank == strlen(axes) && plan(v, axes, &m, &e) == 0 && in_place(&m);
}

/*
 * The nodes that only changed the view of v since its layer was made: a settled move takes their
 * names. NULL when there are none.  The result lives in the importer graph's arena.
 */
static struct im_node *movers(struct build *b, const struct im_value *v)
{
	const struct layer *l = v->view.layer;
	struct im_node *sum = NULL;

	for (struct im_node *n = v->from; n && n->nin && n->in[0] && n->in[0]->done &&
					  !n->in[0]->is_const && n->in[0]->view.layer == l;
	     n = n->in[0]->from) {
		const char **names = arena_array(
		    &b->ir->arena, n->norigin + (sum ? sum->norigin : 0), sizeof(char *));

		if (!sum)
			sum = arena_alloc(&b->ir->arena, sizeof *sum);
		memcpy(names, n->origin, n->norigin * sizeof(char *));
		if (sum->norigin)
			memcpy(names + n->norigin, sum->origin, sum->norigin * sizeof(char *));
		sum->origin = names;
		sum->norigin += n->norigin;
	}
	return sum;
}

int view_want(struct build *b, struct im_value *v, const char *axes, struct err *e)
{
	struct im_node *consumer = b->node;
	struct im_node *by;
	struct im_view old = v->view;
	struct layer *l = NULL;
	struct move m;

	if ((size_t)old.rank != strlen(axes))
		return err_set(e, "its input %s has %d dimensions, %zu expected", view_text(&old),
			       old.rank, strlen(axes));
	if (plan(&old, axes, &m, e) < 0)
		return -1;
	for (int i = 0; i < 3; i++)
		if (m.size[i] > LIMIT_DIM)
			return err_set(e, "its input %s is too large", view_text(&old));
	if (in_place(&m)) {
		view_init(&v->view, old.layer, old.port, old.batch, m.size, axes);
		v->view.sole = old.sole;
		return 0;
	}
	if ((by = movers(b, v)))
		b->node = by;
	if (!(l = shuffle(b, &m)) && !(l = blocks(b, &m)) && !(l = permute(b, &m)))
		l = runs(b, &m, e);
	b->node = consumer;
	if (!l)
		return -1;
	view_init(&v->view, l, 0, old.batch, m.size, axes);
	return 0;
}

const char *view_std_axes(int rank)
{
	static const char *const std[5] = { NULL, NULL, "BC", "BCW", "BCHW" };

	return rank >= 2 && rank <= 4 ? std[rank] : NULL;
}

/* Are the atoms of all dimensions in storage order? */
static bool in_order(const struct im_view *v)
{
	int last = -1;

	for (int d = 0; d < v->rank; d++)
		for (int k = 0; k < v->dim[d].n; k++) {
			if (v->dim[d].at[k] == IM_BATCH)
				continue;
			if (v->dim[d].at[k] < last)
				return false;
			last = v->dim[d].at[k];
		}
	return true;
}

/* Axes by dimension, the batch where it is; direct: h, w, c in order, else c first. */
static int pick_axes(const struct im_view *v, bool direct, char axes[LIMIT_RANK + 1], struct err *e)
{
	const char *order[4] = { "", "C", direct ? "WC" : "CW", direct ? "HWC" : "CHW" };
	int big = 0, first = 0, n = 0;

	for (int d = 0; d < v->rank; d++)
		big += view_size(v, d) > 1 && v->dim[d].at[0] != IM_BATCH;
	/* Leading 1 is the batch; others get letters while there are enough, so that 1 x 1 maps
	 * keep them. */
	first = v->batch == 1 && v->rank > 1 && view_size(v, 0) == 1 ? 1 : 0;
	if (v->rank - first - (v->batch != 1) <= 3)
		big = v->rank - first - (v->batch != 1);
	if (big > 3)
		return err_set(e, "its input %s has more than three dimensions beside the batch",
			       view_text(v));
	for (int d = 0; d < v->rank; d++) {
		const bool batch = v->dim[d].n && v->dim[d].at[0] == IM_BATCH;
		const bool all = v->rank - first - (v->batch != 1) <= 3;

		if (batch || d < first)
			axes[d] = 'B';
		else if (all || v->dim[d].n)
			axes[d] = order[big][n++];
		else
			axes[d] = '1';
	}
	axes[v->rank] = '\0';
	return 0;
}

int view_plain(struct build *b, struct im_value *v, struct err *e)
{
	char axes[LIMIT_RANK + 1];

	if (view_axes(&v->view, axes))
		return 0;
	if (pick_axes(&v->view, in_order(&v->view), axes, e) < 0)
		return -1;
	return view_want(b, v, axes, e);
}
