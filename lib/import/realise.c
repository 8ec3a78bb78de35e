/*
 * Making a view true: the layers that bring an HN tensor into the order that an operator needs
 * (move.c says which).
 */
#include "base/limits.h"
#include "import/build.h"
#include "import/move.h"

static int plan(const struct im_view *v, const char *axes, struct move *m, struct err *e)
{
	*m = (struct move){ .v = v, .rank = strchr(axes, 'H') ? 4 : strchr(axes, 'W') ? 3 : 2 };
	for (int i = 0; i < v->natoms; i++)
		m->from[v->atom[i].axis].at[m->from[v->atom[i].axis].n++] = i;
	for (int d = 0; d < v->rank; d++) {
		const struct im_dim *dim = &v->dim[d];
		const int axis = axes[d] == 'H' ? 0 : axes[d] == 'W' ? 1 : 2;
		struct atoms l = { .n = dim->n };

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
			atoms_append(&m->to[axis], &l);
	}
	for (int i = 0; i < 3; i++)
		m->size[i] = atoms_product(v, &m->to[i]);
	return 0;
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

static struct layer *move_layer(struct build *b, enum hn_type t, struct layer *from, int32_t port)
{
	struct layer *l = build_layer(b, t, hn_type_name(t));

	layer_add_input(b->g, l, from, port);
	return l;
}

static struct layer *make(struct build *b, const struct step *s, struct layer *from, int32_t port)
{
	const bool wc = s->arg[0] == 0 && s->arg[1] == 2;
	struct layer *l = NULL;

	switch (s->kind) {
	case STEP_SHUFFLE:
		l = move_layer(b, HN_FEATURE_SHUFFLE, from, port);
		l->p.shuffle_groups = s->arg[0];
		break;
	case STEP_DEPTH_TO_SPACE:
	case STEP_SPACE_TO_DEPTH:
		l = move_layer(
		    b, s->kind == STEP_DEPTH_TO_SPACE ? HN_DEPTH_TO_SPACE : HN_SPACE_TO_DEPTH, from,
		    port);
		l->p.block[0] = s->arg[0];
		l->p.block[1] = s->arg[1];
		l->p.variant = s->arg[2];
		break;
	case STEP_RESHAPE:
		l = convert(b, from, port, "reshape");
		l->p.reshape[0] = s->rank < 4 && s->size[0] == 1 ? 0 : (int32_t)s->size[0];
		l->p.reshape[1] =
		    s->rank < 3 && s->size[0] == 1 && s->size[1] == 1 ? 0 : (int32_t)s->size[1];
		l->p.reshape[2] = (int32_t)s->size[2];
		break;
	case STEP_TRANSPOSE:
		l = convert(b, from, port, wc ? "transpose_width_features" : "transpose");
		memcpy(l->p.transpose, s->arg, sizeof s->arg);
		break;
	}
	return l;
}

int view_cost(const struct im_view *v, const char *axes)
{
	struct step step[MOVE_STEPS];
	struct err e = { 0 };
	struct move m;

	return (size_t)v->rank != strlen(axes) || plan(v, axes, &m, &e) < 0
		   ? -1
		   : move_steps(&m, step, &e);
}

bool view_is_free(const struct im_view *v, const char *axes)
{
	return view_cost(v, axes) == 0;
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
	struct step step[MOVE_STEPS];
	struct im_view old = v->view;
	struct layer *l = old.layer;
	int64_t size[LIMIT_RANK];
	struct move m;
	int n;

	if ((size_t)old.rank != strlen(axes))
		return err_set(e, "its input %s has %d dimensions, %zu expected", view_text(&old),
			       old.rank, strlen(axes));
	if (plan(&old, axes, &m, e) < 0 || (n = move_steps(&m, step, e)) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		for (int k = 0; k < 3; k++)
			if (step[i].size[k] > LIMIT_DIM)
				return err_set(e, "its input %s is too large", view_text(&old));
	if (n && !(b->node = movers(b, v)))
		b->node = consumer;
	for (int i = 0; i < n; i++)
		l = make(b, &step[i], l, i ? 0 : old.port);
	b->node = consumer;
	for (int d = 0; d < old.rank; d++)
		size[d] = view_size(&old, d);
	view_lay(&v->view, l, n ? 0 : old.port, old.batch, size, axes);
	v->view.sole = n || old.sole;
	return 0;
}

const char *view_std_axes(int rank)
{
	static const char *const std[5] = { NULL, NULL, "BC", "BCW", "BCHW" };

	return rank >= 2 && rank <= 4 ? std[rank] : NULL;
}

const char *view_default_axes(int rank, bool last)
{
	static const char *const axes[5] = { NULL, NULL, "BC", "BWC", "BHWC" };

	return !last ? view_std_axes(rank) : rank >= 2 && rank <= 4 ? axes[rank] : NULL;
}

const char *build_std_axes(const struct build *b, int rank)
{
	return view_default_axes(rank, b->last);
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

/* Do the features stay what they are, one dimension? */
static bool keeps_features(const struct im_view *v, const char *axes)
{
	for (int d = 0; d < v->rank; d++)
		if (axes[d] == 'C' && v->dim[d].n == 1 && v->dim[d].at[0] != IM_BATCH)
			return v->atom[v->dim[d].at[0]].axis == 2 && view_size(v, d) == v->base[2];
	return false;
}

int view_plain(struct build *b, struct im_value *v, struct err *e)
{
	char axes[LIMIT_RANK + 1], other[LIMIT_RANK + 1];
	const bool direct = in_order(&v->view);
	int cost, cost_other;
	bool better;

	if (view_axes(&v->view, axes))
		return 0;
	if (pick_axes(&v->view, direct, axes, e) < 0 || pick_axes(&v->view, !direct, other, e) < 0)
		return -1;
	cost = view_cost(&v->view, axes);
	cost_other = view_cost(&v->view, other);
	better = cost_other == cost
		     ? keeps_features(&v->view, other) && !keeps_features(&v->view, axes)
		     : cost < 0 || cost_other < cost;
	return view_want(b, v, cost_other >= 0 && better ? other : axes, e);
}

/* The wanted order of the features, when nothing else changes, by the kernel that makes them. */
static bool reordered(struct build *b, const struct im_value *v, const struct im_view *want,
		      const char *axes)
{
	struct err none = { 0 };
	struct move m;
	int32_t *from;
	bool done;

	if (plan(want, axes, &m, &none) < 0 || !atoms_equal(&m.from[0], &m.to[0]) ||
	    !atoms_equal(&m.from[1], &m.to[1]) || m.size[2] != want->base[2])
		return false;
	from = xcalloc((size_t)m.size[2], sizeof *from);
	for (int64_t i = 0; i < m.size[2]; i++) {
		int64_t index[IM_ATOMS] = { 0 }, rest = i;

		for (int k = m.to[2].n - 1; k >= 0; k--) {
			index[m.to[2].at[k]] = rest % want->atom[m.to[2].at[k]].size;
			rest /= want->atom[m.to[2].at[k]].size;
		}
		for (int k = 0; k < m.from[2].n; k++)
			from[i] = (int32_t)(from[i] * want->atom[m.from[2].at[k]].size +
					    index[m.from[2].at[k]]);
	}
	done = build_permute(b, v, from);
	free(from);
	return done;
}

/* The view of another layout of the same layer. */
static void laid(struct im_view *v, const char *axes)
{
	const struct im_view old = *v;
	int64_t size[LIMIT_RANK];

	for (int d = 0; d < old.rank; d++)
		size[d] = view_size(&old, d);
	view_lay(v, old.layer, old.port, old.batch, size, axes);
	v->sole = old.sole;
}

/* v with dimension d before the others, and letters for them: each stays on its axis. */
static struct im_value outside(const struct im_value *v, int d, char axes[LIMIT_RANK + 1],
			       int back[LIMIT_RANK])
{
	struct im_value t = *v;
	int perm[LIMIT_RANK];

	for (int i = 0; i < v->view.rank; i++) {
		perm[i] = i == 0 ? d : i <= d ? i - 1 : i;
		back[perm[i]] = i;
	}
	view_transpose(&t.view, perm);
	for (int i = 0; i < t.view.rank; i++) {
		const struct im_dim *dim = &t.view.dim[i];

		axes[i] = dim->n == 0              ? '1'
			  : dim->at[0] == IM_BATCH ? 'B'
						   : "HWC"[t.view.atom[dim->at[0]].axis];
	}
	axes[t.view.rank] = '\0';
	return t;
}

int view_outermost(struct build *b, struct im_value *v, int d, int *axis, int64_t *inner,
		   struct err *e)
{
	char axes[LIMIT_RANK + 1];
	struct err none = { 0 };
	int back[LIMIT_RANK];
	struct im_value t;

	if (view_outer(&v->view, d, axis, inner))
		return 0;
	if (v->view.dim[d].n && v->view.dim[d].at[0] == IM_BATCH)
		return err_set(e, "dimension %d of %s is the batch", d, view_text(&v->view));
	t = outside(v, d, axes, back);
	if (reordered(b, v, &t.view, axes))
		laid(&t.view, axes);
	else if (v->view.rank <= 4 && view_plain(b, v, &none) == 0 &&
		 view_outer(&v->view, d, axis, inner))
		return 0;
	else if (t = outside(v, d, axes, back), view_want(b, &t, axes, e) < 0)
		return -1;
	view_transpose(&t.view, back);
	v->view = t.view;
	return view_outer(&v->view, d, axis, inner)
		   ? 0
		   : err_set(e, "dimension %d of %s has size 1", d, view_text(&v->view));
}
