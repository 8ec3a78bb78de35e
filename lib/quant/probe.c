#include "quant/probe.h"

#include <math.h>

static int run(struct probe *p, struct emu *m, float *const out[], struct err *e)
{
	const void *in[PROBE_IO];
	void *to[PROBE_IO];

	for (int32_t from = 0; from < p->images; from += p->batch) {
		const int32_t left = p->images - from;

		for (size_t k = 0; k < p->nin; k++)
			in[k] = p->in[k] + (size_t)from * p->image[k];
		for (size_t k = 0; k < p->nout; k++)
			to[k] = out[k] + (size_t)from * p->value[k];
		if (emu_run(m, left < p->batch ? left : p->batch, in, to, e) < 0)
			return -1;
	}
	return 0;
}

static int run_clean(struct probe *p, struct err *e)
{
	struct emu *m = emu_new_f32(p->q->g, p->q->w, p->batch, true, e);
	const int rc = m ? run(p, m, p->clean, e) : -1;

	emu_free(m);
	return rc;
}

int probe_open(struct probe *p, const struct quant *q, int32_t images, int32_t batch, struct err *e)
{
	struct layer *input[PROBE_IO], *output[PROBE_IO];

	p->q = q;
	p->nin = graph_inputs(q->g, input, PROBE_IO);
	p->nout = graph_outputs(q->g, output, PROBE_IO);
	if (p->nin > PROBE_IO || p->nout > PROBE_IO) {
		p->nin = p->nout = 0;
		return err_set(e, "more than %d inputs or outputs", PROBE_IO);
	}
	p->images =
	    calib_count(q->calib) < (size_t)images ? (int32_t)calib_count(q->calib) : images;
	p->batch = batch < p->images ? batch : p->images;
	for (size_t k = 0; k < p->nout; k++) {
		p->value[k] = hn_shape_count(&output[k]->out[0]);
		p->clean[k] = xreallocarray(NULL, (size_t)p->images * p->value[k], sizeof(float));
		p->out[k] = xreallocarray(NULL, (size_t)p->images * p->value[k], sizeof(float));
	}
	for (size_t k = 0; k < p->nin; k++) {
		p->image[k] = calib_image(q->calib, k);
		p->in[k] = xreallocarray(NULL, (size_t)p->images * p->image[k], sizeof(float));
		if (calib_load(q->calib, k, 0, (size_t)p->images, p->in[k], e) < 0)
			return -1;
	}
	return run_clean(p, e);
}

void probe_release(struct probe *p)
{
	for (size_t k = 0; k < p->nin; k++)
		free(p->in[k]);
	for (size_t k = 0; k < p->nout; k++) {
		free(p->clean[k]);
		free(p->out[k]);
	}
}

int probe_run(struct probe *p, struct emu *m, struct err *e)
{
	return run(p, m, p->out, e);
}

double probe_noise(const struct probe *p)
{
	double sum = 0;

	for (size_t k = 0; k < p->nout; k++) {
		const size_t n = (size_t)p->images * p->value[k];
		double d = 0, y = 0;

		for (size_t i = 0; i < n; i++) {
			d += pow((double)p->out[k][i] - (double)p->clean[k][i], 2);
			y += pow((double)p->clean[k][i], 2);
		}
		sum += y > 0 ? d / y : d > 0;
	}
	return sum / (double)p->nout;
}
