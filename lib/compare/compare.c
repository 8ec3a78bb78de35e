/* Running an original and its HN side by side. */
#include "compare/compare.h"
#include "oracle/oracle.h"
#include <math.h>

/* One port that is compared. */
struct place {
	const struct im_view *view;
	const struct layer *layer; /* of the model; NULL: it has none of that name and shape */
	struct compare_row row;
	float *data; /* what the emulator gave: batch images */
};

struct compare {
	const struct emu_model *m;
	struct oracle *oracle;
	struct emu *emu;
	int32_t batch;
	struct place *place; /* nplace, by layer and port */
	size_t nplace, lost;
	size_t *first; /* of each layer of the model: its first place */
	struct compare_row *rows;
};

double compare_relative(const struct compare_row *r)
{
	const double most = fmax(fabs(r->lo), fabs(r->hi));
	double range = r->hi - r->lo;

	if (!(range > 1e-5 * most))
		range = fmax(most, 1e-6);
	return r->diff / range;
}

double compare_snr(const struct compare_row *r)
{
	return r->noise > 0 ? 10 * log10(r->signal / r->noise) : INFINITY;
}

/* ---- how a tensor lies ---- */
/* For each dimension of a view: the place in an image of every index; -1 in step for the batch. */
struct lie {
	int rank;
	int64_t dim[LIMIT_RANK];
	int64_t *offset[LIMIT_RANK]; /* dim values; the batch counts whole images */
};

static void lie_release(struct lie *x)
{
	for (int d = 0; d < x->rank; d++)
		free(x->offset[d]);
}

/* Steps of the atoms in an image. */
static void atom_steps(const struct im_view *v, int64_t step[IM_ATOMS])
{
	int64_t at = 1;

	for (int i = v->natoms - 1; i >= 0; i--) {
		step[i] = at;
		at *= v->atom[i].size;
	}
}

static void lie_of(const struct im_view *v, struct lie *x)
{
	const int64_t image = v->base[0] * v->base[1] * v->base[2];
	int64_t step[IM_ATOMS];

	atom_steps(v, step);
	x->rank = v->rank;
	for (int d = 0; d < v->rank; d++) {
		const struct im_dim *dim = &v->dim[d];

		x->dim[d] = view_size(v, d);
		x->offset[d] = xcalloc((size_t)x->dim[d], sizeof *x->offset[d]);
		for (int64_t i = 0; i < x->dim[d]; i++) {
			int64_t rest = i;

			for (int k = dim->n - 1; k >= 0; k--) {
				const int a = dim->at[k];
				const int64_t size = a == IM_BATCH ? v->batch : v->atom[a].size;

				x->offset[d][i] += rest % size * (a == IM_BATCH ? image : step[a]);
				rest /= size;
			}
		}
	}
}

/* Calls fn for each element: its number in the original, its place in the HN's images. */
static void lie_each(const struct im_view *v, void (*fn)(size_t i, size_t at, void *ctx), void *ctx)
{
	int64_t at[LIMIT_RANK] = { 0 }, n = 1;
	struct lie x;

	lie_of(v, &x);
	for (int d = 0; d < x.rank; d++)
		n *= x.dim[d];
	for (int64_t i = 0; i < n; i++) {
		int64_t p = 0;

		for (int d = 0; d < x.rank; d++)
			p += x.offset[d][at[d]];
		fn((size_t)i, (size_t)p, ctx);
		for (int d = x.rank - 1; d >= 0 && ++at[d] == x.dim[d]; d--)
			at[d] = 0;
	}
	lie_release(&x);
}

/* ---- set-up ---- */
static bool fits(const struct layer *l, const struct im_view *v)
{
	const struct hn_shape *s = l && (size_t)v->port < l->nout ? &l->out[v->port] : NULL;

	return s && s->h == v->base[0] && s->w == v->base[1] && s->c == v->base[2];
}

static int by_layer(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;

	if (a->layer->index != b->layer->index)
		return a->layer->index < b->layer->index ? -1 : 1;
	return (a->row.port > b->row.port) - (a->row.port < b->row.port);
}

/* Data of input layers come from the caller: their places are what the original is fed with. */
static bool is_fed(const struct place *p)
{
	return p->layer->type == HN_INPUT;
}

/* Places of layers that the model has, too. */
static int make_places(struct compare *c, const struct onnx_place *place, size_t n, struct err *e)
{
	bool computed = false;

	c->place = xcalloc(n + 1, sizeof *c->place);
	c->batch = 0;
	for (size_t i = 0; i < n; i++) {
		const struct im_view *v = &place[i].view;
		const struct layer *l = graph_find(c->m->g, v->layer->name);
		struct place *p = &c->place[c->nplace];

		if (!fits(l, v)) {
			c->lost++;
			continue;
		}
		if (c->batch && v->batch != c->batch)
			return err_set(e,
				       "tensor '%s' has a batch of %lld, others have %d (translate "
				       "with --net-input-shapes)",
				       quote(place[i].tensor), (long long)v->batch, c->batch);
		if (v->batch < 1 || v->batch > INT32_MAX)
			return err_set(e, "tensor '%s' has a batch of %lld", quote(place[i].tensor),
				       (long long)v->batch);
		c->batch = (int32_t)v->batch;
		p->view = v;
		p->layer = l;
		p->row = (struct compare_row){ .layer = l->name,
					       .type = hn_type_name(l->type),
					       .tensor = place[i].tensor,
					       .port = v->port,
					       .rank = v->rank,
					       .lo = INFINITY,
					       .hi = -INFINITY };
		for (int d = 0; d < v->rank; d++)
			p->row.dim[d] = view_size(v, d);
		c->nplace++;
	}
	for (size_t i = 0; i < c->nplace; i++)
		computed |= !is_fed(&c->place[i]);
	if (!computed)
		return err_set(e, "no layer of the network stands for a tensor of the model");
	qsort(c->place, c->nplace, sizeof *c->place, by_layer);
	c->first = xcalloc(c->m->g->nlayers, sizeof *c->first);
	for (size_t i = c->nplace; i-- > 0;)
		c->first[c->place[i].layer->index] = i;
	return 0;
}

/* The place of a port, NULL when nothing is compared there. */
static struct place *place_of(const struct compare *c, const struct layer *l, int32_t port)
{
	for (size_t i = c->first[l->index]; i < c->nplace && c->place[i].layer == l; i++)
		if (c->place[i].row.port == port)
			return &c->place[i];
	return NULL;
}

/* Keeps what a layer gave. */
static int observe(const struct layer *l, int32_t port, const void *data, int32_t n, void *ctx,
		   struct err *e)
{
	struct compare *c = ctx;
	struct place *p = place_of(c, l, port);
	const size_t count = hn_shape_count(&l->out[port]) * (size_t)n;

	(void)e;
	if (!p)
		return 0;
	if (!p->data)
		p->data = xcalloc(count, sizeof *p->data);
	memcpy(p->data, data, count * sizeof *p->data);
	return 0;
}

struct compare *compare_new(const struct im_source *src, const struct emu_model *m,
			    const struct onnx_place *place, size_t nplace, struct err *e)
{
	struct compare *c = xcalloc(1, sizeof *c);
	int r;

	c->m = m;
	r = make_places(c, place, nplace, e);
	if (r == 0)
		c->oracle = oracle_new(src, 0, e);
	if (r == 0 && c->oracle)
		c->emu = emu_model_start(m, c->batch, true, e);
	if (!c->emu) {
		compare_free(c);
		return NULL;
	}
	emu_observe(c->emu, observe, c);
	for (size_t i = 0; i < c->nplace; i++)
		if (!is_fed(&c->place[i]) &&
		    oracle_want(c->oracle, c->place[i].row.tensor, e) < 0) {
			compare_free(c);
			return NULL;
		}
	c->rows = xcalloc(c->nplace, sizeof *c->rows);
	return c;
}

void compare_free(struct compare *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->nplace; i++)
		free(c->place[i].data);
	free(c->place);
	free(c->first);
	free(c->rows);
	emu_free(c->emu);
	oracle_free(c->oracle);
	free(c);
}

size_t compare_lost(const struct compare *c)
{
	return c->lost;
}

int32_t compare_batch(const struct compare *c)
{
	return c->batch;
}

/* ---- one run ---- */
struct feeding {
	float *to;
	const float *from;
};

static void feed_one(size_t i, size_t at, void *ctx)
{
	struct feeding *f = ctx;

	f->to[i] = f->from[at];
}

static int feed(struct compare *c, const struct place *p, const float *data, struct err *e)
{
	struct tensor t = tensor_new(DT_F32, p->row.rank, p->row.dim);
	struct feeding f = { tensor_data(&t), data };
	int r;

	lie_each(p->view, feed_one, &f);
	r = oracle_feed(c->oracle, p->row.tensor, &t, e);
	tensor_release(&t);
	return r;
}

struct measuring {
	struct compare_row *row;
	const struct tensor *want;
	const float *got;
};

static void measure_one(size_t i, size_t at, void *ctx)
{
	struct measuring *m = ctx;
	struct compare_row *r = m->row;
	const double a = tensor_get(m->want, i), b = (double)m->got[at];
	const bool both = isfinite(a) && isfinite(b);
	const double d = both ? fabs(a - b) : a == b || (isnan(a) && isnan(b)) ? 0 : INFINITY;

	if (d > r->diff || !r->seen) {
		r->diff = d;
		r->at = (int64_t)i;
	}
	r->seen = true;
	if (!isfinite(a))
		return;
	r->lo = fmin(r->lo, a);
	r->hi = fmax(r->hi, a);
	r->signal += a * a;
	r->noise += d * d;
}

static int measure(struct compare *c, struct place *p, struct err *e)
{
	const struct tensor *t = oracle_tensor(c->oracle, p->row.tensor);
	struct measuring m = { &p->row, t, p->data };
	int64_t n = 1;

	if (is_fed(p))
		return 0;
	for (int d = 0; d < p->row.rank; d++)
		n *= p->row.dim[d];
	if (!t || (int64_t)tensor_count(t) != n)
		return err_set(e, "tensor '%s' has shape %s, the translation made %lld elements",
			       quote(p->row.tensor), t ? tensor_shape_text(t) : "none",
			       (long long)n);
	if (!p->data)
		return 0;
	lie_each(p->view, measure_one, &m);
	return 0;
}

static int run_emu(struct compare *c, const float *const in[], struct err *e)
{
	struct io_port *port;
	const size_t n = emu_model_outputs(c->m, &port);
	void **out = xcalloc(n + 1, sizeof(void *));
	int r;

	for (size_t i = 0; i < n; i++)
		out[i] = xmalloc(io_port_bytes(&port[i]) * (size_t)c->batch);
	r = emu_run(c->emu, c->batch, (const void *const *)in, out, e);
	for (size_t i = 0; i < n; i++)
		free(out[i]);
	free(out);
	free(port);
	return r;
}

int compare_run(struct compare *c, const float *const in[], struct err *e)
{
	const size_t n = graph_inputs(c->m->g, NULL, 0);
	struct layer **layer = xcalloc(n + 1, sizeof(struct layer *));
	int r = 0;

	graph_inputs(c->m->g, layer, n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct place *p = place_of(c, layer[i], 0);

		if (!p)
			r = err_set(e, "no tensor of the model is the input layer '%s'",
				    layer[i]->name);
		else
			r = feed(c, p, in[i], e);
	}
	free(layer);
	if (r == 0)
		r = run_emu(c, in, e);
	if (r == 0 && oracle_run(c->oracle, e) < 0)
		return err_in(e, "the original");
	for (size_t i = 0; r == 0 && i < c->nplace; i++)
		r = measure(c, &c->place[i], e);
	return r;
}

size_t compare_rows(const struct compare *c, const struct compare_row **out)
{
	size_t n = 0;

	for (size_t i = 0; i < c->nplace; i++)
		if (c->place[i].row.seen)
			c->rows[n++] = c->place[i].row;
	*out = c->rows;
	return n;
}

const struct compare_row *compare_worst(const struct compare *c)
{
	const struct compare_row *worst = NULL;

	for (size_t i = 0; i < c->nplace; i++)
		if (c->place[i].row.seen &&
		    (!worst || compare_relative(&c->place[i].row) > compare_relative(worst)))
			worst = &c->place[i].row;
	return worst;
}
