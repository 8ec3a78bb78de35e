/* What a layer of a programme must fulfil, and the order of those that write a tensor. */
#include "isa/check_int.h"

#define MAX_CYCLES (1LL << 40)

static bool ids_in(const struct qarr_i32 *ids, size_t n)
{
	for (size_t i = 0; i < ids->n; i++) {
		if (ids->v[i] < 0 || (size_t)ids->v[i] >= n)
			return false;
	}
	return true;
}

/* The tensor that gives a layer its rows: what it writes, or what it hands out. */
static const struct isa_tensor *main_tensor(const struct isa_prog *p, const struct isa_layer *l)
{
	return &p->tensors[l->role == ISA_OUTPUT ? l->in.v[0] : l->out.v[0]];
}

/* Some columns of all features, of one output; or all columns. */
static bool by_columns(const struct isa_prog *p, const struct isa_layer *l)
{
	return l->column_to - l->column_from < main_tensor(p, l)->w;
}

/* Before the record is checked: a resize has its tables then only. */
static bool may_have_columns(const struct qop *q)
{
	return (q->type != HN_RESIZE || q->geom.n > 0) && qop_has_columns(q);
}

/* A part of a pool or a resize by features reads those that it writes. */
static bool by_features(const struct isa_prog *p, const struct isa_layer *l)
{
	return l->out.n == 1 && qop_by_feature(l->q.type) && l->to - l->from < main_tensor(p, l)->c;
}

static int columns(const struct isa_prog *p, const struct isa_layer *l, struct err *e)
{
	bool part = by_columns(p, l);

	if (part && (l->role != ISA_COMPUTE || l->out.n != 1 ||
		     l->to - l->from < main_tensor(p, l)->c || !may_have_columns(&l->q)))
		return err_set(e, "a layer of this kind cannot compute columns %d to %d",
			       l->column_from, l->column_to);
	if (l->in_column < 0 || l->in_column > LIMIT_DIM || (!part && l->in_column))
		return err_set(e, "reads from column %d on", l->in_column);
	return 0;
}

/* Does a layer pass on a tensor in its rows or lines?  Some columns of one row go at once. */
static bool passes(const struct isa_layer *l, const struct isa_tensor *t, bool part)
{
	return l->rows == t->h || (!part && l->rows == qop_map_lines(t->h, t->w));
}

/* Has a tensor a multiple of so many rows or lines? */
static bool divides(const struct isa_layer *l, const struct isa_tensor *t)
{
	return l->rows >= 1 && (t->h % l->rows == 0 || qop_map_lines(t->h, t->w) % l->rows == 0);
}

/* What goes in comes out, whole, in rows of which every tensor has a multiple. */
static int relay(const struct isa_prog *p, const struct isa_layer *l, struct err *e)
{
	if (l->out.n != l->in.n || memcmp(l->in.v, l->out.v, l->in.n * sizeof *l->in.v) != 0)
		return err_set(e, "passes on other tensors than it reads");
	if (l->from != 0 || l->to != main_tensor(p, l)->c || by_columns(p, l))
		return err_set(e, "passes on features %d to %d, columns %d to %d", l->from, l->to,
			       l->column_from, l->column_to);
	for (size_t i = 0; i < l->in.n; i++)
		if (!divides(l, &p->tensors[l->in.v[i]]))
			return err_set(e, "%d rows, its tensor '%s' has %d", l->rows,
				       quote(p->tensors[l->in.v[i]].name),
				       p->tensors[l->in.v[i]].h);
	return 0;
}

/* Before anything counts what it writes. */
static int range(const struct isa_prog *p, const struct isa_layer *l, struct err *e)
{
	const struct isa_tensor *t = main_tensor(p, l);

	if (l->from < 0 || l->from >= l->to || l->to > t->c)
		return err_set(e, "features %d to %d of %d", l->from, l->to, t->c);
	if (l->column_from < 0 || l->column_from >= l->column_to || l->column_to > t->w)
		return err_set(e, "columns %d to %d of %d", l->column_from, l->column_to, t->w);
	return 0;
}

static int numbers(const struct isa_prog *p, const struct isa_layer *l, struct err *e)
{
	static const struct {
		size_t nin, nout; /* SIZE_MAX: at least one */
	} arity[ISA_ROLES] = { [ISA_COMPUTE] = { SIZE_MAX, SIZE_MAX },
			       [ISA_RELAY] = { SIZE_MAX, SIZE_MAX },
			       [ISA_INPUT] = { 0, 1 },
			       [ISA_OUTPUT] = { 1, 0 },
			       [ISA_CONST] = { 0, 1 } };
	size_t nin = arity[l->role].nin, nout = arity[l->role].nout;

	if (l->context < 0 || l->context >= p->ncontexts || l->cluster < -1 ||
	    l->cluster >= p->machine.clusters)
		return err_set(e, "context %d, cluster %d", l->context, l->cluster);
	if (l->lcus < 0 || l->lcus > CHECK_MAX_COUNT || l->subclusters < 0 ||
	    l->subclusters > CHECK_MAX_COUNT || l->input_aligners < 0 ||
	    l->input_aligners > CHECK_MAX_COUNT || l->apus < 0 || l->apus > CHECK_MAX_COUNT ||
	    l->l3_weight_cuts < 0 || l->l3_weight_cuts > CHECK_MAX_COUNT || l->row_cycles < 0 ||
	    l->row_cycles > MAX_CYCLES)
		return err_set(e, "a number of resources is out of range");
	if (!ids_in(&l->in, p->ntensors) || !ids_in(&l->out, p->ntensors))
		return err_set(e, "reads or writes a tensor that does not exist");
	if ((nin == SIZE_MAX ? l->in.n == 0 : l->in.n != nin) ||
	    (nout == SIZE_MAX ? l->out.n == 0 : l->out.n != nout))
		return err_set(e, "%zu inputs and %zu outputs", l->in.n, l->out.n);
	if (range(p, l, e) < 0 || (l->role == ISA_RELAY && relay(p, l, e) < 0))
		return -1;
	if (l->role != ISA_RELAY && !passes(l, main_tensor(p, l), by_columns(p, l)))
		return err_set(e, "%d rows, its tensor has %d", l->rows, main_tensor(p, l)->h);
	return columns(p, l, e);
}

static bool same_shape(const struct qarr_i32 *shapes, size_t i, const struct isa_tensor *t,
		       int32_t w, int32_t c)
{
	const int32_t *s = shapes->v + 3 * i;

	return s[0] == t->h && s[1] == w && s[2] == c;
}

/* Does what a layer reads of input i lie in its tensor? */
static bool input_fits(const struct isa_prog *p, const struct isa_layer *l, size_t i)
{
	const struct isa_tensor *t = &p->tensors[l->in.v[i]];
	int32_t w = l->q.in_shape.v[3 * i + 1];
	int32_t first = i ? l->column_from : l->in_column;

	if (by_features(p, l))
		return same_shape(&l->q.in_shape, i, t, t->w, l->to - l->from) && l->to <= t->c;
	if (!by_columns(p, l))
		return same_shape(&l->q.in_shape, i, t, t->w, t->c);
	return same_shape(&l->q.in_shape, i, t, w, t->c) && w <= t->w - first;
}

/* The kernel against the tensors around it. */
static int kernel(const struct isa_prog *p, const struct isa_layer *l, struct err *e)
{
	const struct qop *q = &l->q;

	if (l->role == ISA_RELAY)
		return 0;
	if (qop_check(q, e) < 0)
		return -1;
	if (l->role == ISA_INPUT || l->role == ISA_OUTPUT)
		return 0;
	if (l->role == ISA_CONST) {
		const struct isa_tensor *t = main_tensor(p, l);

		if (q->kernel16.n != (size_t)t->h * (size_t)t->w * (size_t)t->c)
			return err_set(e, "%zu values for a tensor of %dx%dx%d", q->kernel16.n,
				       t->h, t->w, t->c);
		return 0;
	}
	if (q->nin < 0 || (size_t)q->nin != l->in.n || q->in_shape.n != 3 * l->in.n ||
	    q->in_bits.n != l->in.n || q->out_shape.n != 3 * l->out.n)
		return err_set(e, "kernel of %d inputs, %zu outputs", q->nin, q->out_shape.n / 3);
	for (size_t i = 0; i < l->in.n; i++) {
		const struct isa_tensor *t = &p->tensors[l->in.v[i]];

		if (!input_fits(p, l, i) || q->in_bits.v[i] != t->bits)
			return err_set(e, "input %zu is not tensor '%s'", i, quote(t->name));
	}
	for (size_t i = 0; i < l->out.n; i++) {
		const struct isa_tensor *t = &p->tensors[l->out.v[i]];
		int32_t c = l->out.n == 1 ? l->to - l->from : t->c;

		int32_t w = l->out.n == 1 ? l->column_to - l->column_from : t->w;

		if (!same_shape(&q->out_shape, i, t, w, c) || q->out_bits != t->bits)
			return err_set(e, "output %zu is not tensor '%s'", i, quote(t->name));
	}
	return 0;
}

static bool is_complete(const struct cover *v, const struct isa_tensor *t, int32_t i)
{
	return v->written[i] == t->c && v->columns[i] == t->w;
}

/* The next columns of a tensor that is divided by columns. */
static int cover_columns(const struct isa_prog *p, const struct isa_layer *l, struct cover *v,
			 struct err *e)
{
	int32_t t = l->out.v[0];

	if (v->columns[t] != l->column_from || v->written[t] != (l->column_from ? l->to : 0))
		return err_set(e, "writes columns %d to %d of '%s', %d expected next",
			       l->column_from, l->column_to, quote(p->tensors[t].name),
			       v->columns[t]);
	v->columns[t] = l->column_to;
	v->written[t] = l->to;
	v->writers[t]++;
	return 0;
}

static int order(const struct isa_prog *p, const struct isa_layer *l, struct cover *v,
		 struct err *e)
{
	if (l->role == ISA_RELAY) /* may pass on what some parts write */
		return 0;
	for (size_t i = 0; i < l->in.n; i++) {
		int32_t t = l->in.v[i];

		if (!is_complete(v, &p->tensors[t], t))
			return err_set(e, "reads '%s' before it is complete",
				       quote(p->tensors[t].name));
	}
	if (l->role == ISA_COMPUTE && by_columns(p, l))
		return cover_columns(p, l, v, e);
	for (size_t i = 0; i < l->out.n; i++) {
		int32_t t = l->out.v[i];
		int32_t from = l->out.n == 1 ? l->from : 0;
		int32_t to = l->out.n == 1 ? l->to : p->tensors[t].c;

		if (v->written[t] != from || v->columns[t] != (from ? p->tensors[t].w : 0))
			return err_set(e, "writes features %d to %d of '%s', %d expected next",
				       from, to, quote(p->tensors[t].name), v->written[t]);
		v->written[t] = to;
		v->columns[t] = p->tensors[t].w;
		v->writers[t]++;
	}
	return 0;
}

int check_layers(const struct isa_prog *p, struct cover *v, struct err *e)
{
	for (size_t i = 0; i < p->nlayers; i++) {
		const struct isa_layer *l = &p->layers[i];

		if (i && l->context < p->layers[i - 1].context)
			err_set(e, "context %d after context %d", l->context,
				p->layers[i - 1].context);
		if (err_is(e) || numbers(p, l, e) < 0 || kernel(p, l, e) < 0 ||
		    order(p, l, v, e) < 0)
			return err_in(e, "layer '%s'", quote(l->name));
	}
	return 0;
}
