/* Running an original and its HN side by side. */
#include "compare/compare_int.h"
#include <math.h>

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
		computed |= !place_is_fed(&c->place[i]);
	if (!computed)
		return err_set(e, "no layer of the network stands for a tensor of the model");
	qsort(c->place, c->nplace, sizeof *c->place, by_layer);
	c->first = xcalloc(c->m->g->nlayers, sizeof *c->first);
	for (size_t i = c->nplace; i-- > 0;)
		c->first[c->place[i].layer->index] = i;
	return 0;
}

struct place *place_of(const struct compare *c, const struct layer *l, int32_t port)
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
		if (!place_is_fed(&c->place[i]) &&
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
	free(c->ort_rows);
	ort_free(c->ort);
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
static int feed(struct compare *c, const struct place *p, const float *data, struct err *e)
{
	struct tensor t = place_tensor(p, data);
	int r = oracle_feed(c->oracle, p->row.tensor, &t, e);

	tensor_release(&t);
	return r;
}

static int measure(struct compare *c, struct place *p, struct err *e)
{
	if (place_is_fed(p))
		return 0;
	return place_measure(p, &p->row, oracle_tensor(c->oracle, p->row.tensor), e);
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
	if (r == 0 && c->ort)
		r = compare_ort_run(c, in, e);
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
