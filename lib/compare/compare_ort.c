/* An original's outputs, by onnxruntime, against the HN's. */
#include "compare/compare_int.h"

/* Every input layer must be an input of the model: it cannot be started in its midst. */
static int check_inputs(const struct compare *c, struct err *e)
{
	const struct im_graph *g = oracle_graph(c->oracle);
	size_t fed = 0;

	for (size_t i = 0; i < c->nplace; i++) {
		const struct im_value *v = im_find_value(g, c->place[i].row.tensor);

		if (!place_is_fed(&c->place[i]))
			continue;
		if (!v || !v->is_input)
			return err_set(e, "the network starts behind the model's inputs, at '%s'",
				       quote(c->place[i].row.tensor));
		fed++;
	}
	if (fed != g->nin)
		return err_set(e, "the network has %zu of the model's %zu inputs", fed, g->nin);
	return 0;
}

int compare_ort_fits(struct compare *c, struct err *e)
{
	const struct im_graph *g = oracle_graph(c->oracle);
	size_t n = 0;

	if (check_inputs(c, e) < 0)
		return -1;
	for (size_t i = 0; i < c->nplace; i++) {
		struct place *p = &c->place[i];

		p->is_output = false;
		for (size_t k = 0; k < g->nout && !place_is_fed(p); k++)
			p->is_output |= strcmp(g->out[k]->name, p->row.tensor) == 0;
		p->ort = p->row;
		n += p->is_output;
	}
	return n ? 0 : err_set(e, "no layer of the network stands for an output of the model");
}

void compare_ort_use(struct compare *c, struct ort *ort)
{
	c->ort = ort;
	c->ort_rows = xcalloc(c->nplace + 1, sizeof *c->ort_rows);
}

const char *compare_ort_version(const struct compare *c)
{
	return c->ort ? ort_version(c->ort) : NULL;
}

/* The inputs as the model declares them. */
static size_t give(const struct compare *c, const float *const in[], struct ort_value *to)
{
	const size_t n = graph_inputs(c->m->g, NULL, 0);
	struct layer **layer = xcalloc(n + 1, sizeof(struct layer *));

	graph_inputs(c->m->g, layer, n);
	for (size_t i = 0; i < n; i++) {
		const struct place *p = place_of(c, layer[i], 0);
		const struct im_value *v = im_find_value(oracle_graph(c->oracle), p->row.tensor);
		struct tensor t = place_tensor(p, in[i]);

		to[i].name = p->row.tensor;
		to[i].t = v->elem == 'i' ? tensor_convert(&t, DT_I64) : tensor_ref(&t);
		tensor_release(&t);
	}
	free(layer);
	return n;
}

static void release(struct ort_value *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		tensor_release(&v[i].t);
	free(v);
}

int compare_ort_run(struct compare *c, const float *const in[], struct err *e)
{
	struct ort_value *give_v = xcalloc(graph_inputs(c->m->g, NULL, 0) + 1, sizeof *give_v);
	struct ort_value *take_v = xcalloc(c->nplace + 1, sizeof *take_v);
	const size_t nin = give(c, in, give_v);
	size_t nout = 0, k = 0;
	int r;

	for (size_t i = 0; i < c->nplace; i++)
		if (c->place[i].is_output)
			take_v[nout++].name = c->place[i].row.tensor;
	r = ort_run(c->ort, give_v, nin, take_v, nout, e);
	for (size_t i = 0; r == 0 && i < c->nplace; i++)
		if (c->place[i].is_output)
			r = place_measure(&c->place[i], &c->place[i].ort, &take_v[k++].t, e);
	release(give_v, nin);
	release(take_v, nout);
	return r;
}

size_t compare_ort_rows(const struct compare *c, const struct compare_row **out)
{
	size_t n = 0;

	for (size_t i = 0; c->ort && i < c->nplace; i++)
		if (c->place[i].ort.seen)
			c->ort_rows[n++] = c->place[i].ort;
	*out = c->ort_rows;
	return n;
}

bool compare_within(const struct compare *c, double limit)
{
	const struct compare_row *rows;
	const size_t n = compare_ort_rows(c, &rows);

	for (size_t i = 0; i < n; i++)
		if (!(compare_relative(&rows[i]) <= limit))
			return false;
	return compare_relative(compare_worst(c)) <= limit;
}
