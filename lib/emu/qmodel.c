/* The quantized records of a whole graph. */
#include "emu/emu.h"

static int check_shape(const struct qarr_i32 *v, size_t i, const struct hn_shape *s,
		       const char *what, struct err *e)
{
	if (v->n < 3 * (i + 1) || v->v[3 * i] != s->h || v->v[3 * i + 1] != s->w ||
	    v->v[3 * i + 2] != s->c)
		return err_set(e, "the quantized record's %s shape %zu is not %s", what, i,
			       hn_shape_text(s));
	return 0;
}

/* The record describes this layer: the emulator's memory follows the graph, the kernels the record.
 */
static int check_record(const struct qmodel *m, const struct layer *l, struct err *e)
{
	const struct qop *q = &m->q[l->index];

	if (q->type != (int32_t)l->type)
		return err_set(e, "the quantized record is for another type than '%s'",
			       hn_type_name(l->type));
	if (q->out_bits != 8 && q->out_bits != 16)
		return err_set(e, "the quantized record has %d output bits", q->out_bits);
	for (size_t p = 0; p < l->nout; p++)
		if (check_shape(&q->out_shape, p, &l->out[p], "output", e) < 0)
			return -1;
	if (hn_is(l->type, HNF_IO))
		return 0;
	if ((size_t)q->nin != l->nin || q->in_bits.n < l->nin)
		return err_set(e, "the quantized record has %d inputs, the layer %zu", q->nin,
			       l->nin);
	for (size_t i = 0; i < l->nin; i++) {
		if (check_shape(&q->in_shape, i, layer_in_shape(l, i), "input", e) < 0)
			return -1;
		if (q->in_bits.v[i] != m->q[l->in[i].layer->index].out_bits)
			return err_set(
			    e, "the quantized record reads %d bits from '%s', which gives %d",
			    q->in_bits.v[i], l->in[i].layer->name,
			    m->q[l->in[i].layer->index].out_bits);
	}
	return 0;
}

int qmodel_load(struct qmodel *m, const struct graph *g, const struct tensors *q_npz, struct err *e)
{
	*m = (struct qmodel){ .g = g, .q = xcalloc(g->nlayers, sizeof *m->q), .n = g->nlayers };
	for (size_t i = 0; i < g->nlayers; i++) {
		const struct layer *l = g->layers[i];

		if (qop_load(&m->q[i], q_npz, l->name, e) < 0 || check_record(m, l, e) < 0) {
			err_in(e, "layer '%s'", l->name);
			qmodel_release(m);
			return -1;
		}
	}
	return 0;
}

void qmodel_store(const struct qmodel *m, struct tensors *q_npz)
{
	for (size_t i = 0; i < m->n; i++)
		qop_store(&m->q[i], q_npz, m->g->layers[i]->name);
}

void qmodel_release(struct qmodel *m)
{
	for (size_t i = 0; i < m->n; i++)
		qop_release(&m->q[i]);
	free(m->q);
	*m = (struct qmodel){ 0 };
}
