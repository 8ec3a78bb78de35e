#include "emu/island.h"

struct island {
	const struct qmodel *q;
	const struct layer *l;
	struct intk *k;
	void **in, **out; /* codes, by input and by port */
};

void island_encode(const struct qmodel *q, const struct layer *l, int32_t p, size_t n,
		   const float *x, void *codes)
{
	const struct qop *op = &q->q[l->index];
	const size_t count = n * hn_shape_count(&l->out[p]), c = (size_t)l->out[p].c;

	if (op->out_scale.n == 1) {
		quantize_array(x, count, op->out_scale.v[0], op->out_zp, op->out_bits, codes);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const int32_t v = quantize_value((double)x[i], (double)op->out_scale.v[i % c],
						 op->out_zp, op->out_bits);

		if (op->out_bits == 8)
			((uint8_t *)codes)[i] = (uint8_t)v;
		else
			((uint16_t *)codes)[i] = (uint16_t)v;
	}
}

void island_decode(const struct qmodel *q, const struct layer *l, int32_t p, size_t n,
		   const void *codes, float *x)
{
	const struct qop *op = &q->q[l->index];

	dequantize_array(codes, n * hn_shape_count(&l->out[p]), op->out_bits, op->out_scale.v,
			 op->out_scale.n, (size_t)l->out[p].c, op->out_zp, x);
}

static void *codes_of(const struct qmodel *q, const struct layer *l, int32_t p, int32_t batch)
{
	return xaligned(hn_shape_count(&l->out[p]) * (size_t)batch *
			(size_t)q->q[l->index].out_bits / 8);
}

struct island *island_new(const struct qmodel *q, const struct layer *l, int32_t batch,
			  struct err *e)
{
	struct island *s = xcalloc(1, sizeof *s);

	s->q = q;
	s->l = l;
	s->in = xcalloc(l->nin, sizeof *s->in);
	s->out = xcalloc(l->nout, sizeof *s->out);
	for (size_t i = 0; i < l->nin; i++)
		s->in[i] = codes_of(q, l->in[i].layer, l->in[i].port, batch);
	for (size_t p = 0; p < l->nout; p++)
		s->out[p] = codes_of(q, l, (int32_t)p, batch);
	if ((s->k = intk_new(&q->q[l->index], batch, e)))
		return s;
	err_in(e, "layer '%s'", l->name);
	island_free(s);
	return NULL;
}

int island_run(struct island *s, int32_t n, const float *const in[], float *const out[],
	       int64_t *acc_peak, struct err *e)
{
	for (size_t i = 0; i < s->l->nin; i++)
		island_encode(s->q, s->l->in[i].layer, s->l->in[i].port, (size_t)n, in[i],
			      s->in[i]);
	if (intk_run(s->k, n, (const void *const *)s->in, s->out, acc_peak, e) < 0)
		return err_in(e, "layer '%s'", s->l->name);
	for (size_t p = 0; p < s->l->nout; p++)
		island_decode(s->q, s->l, (int32_t)p, (size_t)n, s->out[p], out[p]);
	return 0;
}

void island_free(struct island *s)
{
	if (!s)
		return;
	for (size_t i = 0; s->in && i < s->l->nin; i++)
		free(s->in[i]);
	for (size_t p = 0; s->out && p < s->l->nout; p++)
		free(s->out[p]);
	free(s->in);
	free(s->out);
	if (s->k)
		intk_free(s->k);
	free(s);
}
