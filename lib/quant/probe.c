#include "quant/probe.h"

#include "base/log.h"

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

int probe_clean(struct probe *p, struct err *e)
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
	return 0;
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

/* One step's pointers. */
struct step_io {
	const void *in[PROBE_IO];
	void *clean[PROBE_IO], *out[PROBE_IO];
};

static void step_io(const struct probe *p, struct step_io *io)
{
	for (size_t k = 0; k < p->nin; k++)
		io->in[k] = p->in[k];
	for (size_t k = 0; k < p->nout; k++) {
		io->clean[k] = p->clean[k];
		io->out[k] = p->out[k];
	}
}

/* The rest of the network behind layer l, that one with the changed kernel, then with its own. */
static int run_changed(struct probe *p, struct emu *m, const struct layer *l, probe_kernel change,
		       const struct step_io *io, struct err *e)
{
	struct tensors *w = tensors_copy(p->q->w);
	int rc;

	layer_set_weight(w, l, "kernel", change(layer_weight(w, l, "kernel")));
	rc = emu_reweigh(m, l, w, e);
	tensors_free(w);
	if (rc == 0)
		rc = emu_run_part(m, l->index, p->q->g->nlayers, io->in, io->out, e);
	return rc < 0 ? -1 : emu_reweigh(m, l, p->q->w, e);
}

/* Runs on from layer `at` to l, and the clean outputs with the first one. */
static int probe_one(struct probe *p, struct emu *m, size_t at, const struct layer *l,
		     probe_kernel change, double *noise, struct err *e)
{
	struct step_io *io = xcalloc(1, sizeof *io);
	void *saved = NULL;
	int rc;

	step_io(p, io);
	rc = emu_run_part(m, at, l->index, io->in, io->out, e);
	if (rc == 0)
		saved = emu_save(m, l->index);
	if (rc == 0 && at == 0) {
		rc = emu_run_part(m, l->index, p->q->g->nlayers, io->in, io->clean, e);
		emu_restore(m, l->index, saved);
	}
	if (rc == 0 && (rc = run_changed(p, m, l, change, io, e)) == 0) {
		emu_restore(m, l->index, saved);
		*noise = probe_noise(p);
	}
	free(saved);
	free(io);
	return rc;
}

int probe_kernels(struct probe *p, struct layer *const l[], size_t n, probe_kernel change,
		  double *noise, struct err *e)
{
	struct emu *m = emu_new_f32(p->q->g, p->q->w, p->batch, true, e);
	int rc = m ? 0 : -1;

	if (p->batch != p->images)
		BUG("%d images in steps of %d", p->images, p->batch);
	for (size_t i = 0; i < n && rc == 0; i++) {
		progress("4-bit noise", i + 1, n);
		rc = probe_one(p, m, i ? l[i - 1]->index : 0, l[i], change, &noise[i], e);
	}
	emu_free(m);
	return rc;
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
