/* A model of the network over the whole calibration set, in float or in integers. */
#include "base/log.h"
#include "quant/quant_int.h"

enum {
	MAX_IO = 256
};

/* What is loaded and given, one batch of every input; room for the outputs. */
struct feed {
	size_t nin, nout;
	struct layer *input[MAX_IO], *output[MAX_IO];
	float *in[MAX_IO];
	void *code[MAX_IO], *out[MAX_IO];
	const void *given[MAX_IO];
};

static void feed_release(struct feed *f)
{
	for (size_t k = 0; k < MAX_IO; k++) {
		free(f->in[k]);
		free(f->out[k]);
		free(f->code[k]);
	}
}

static void feed_init(struct feed *f, const struct quant *q, enum quant_feed kind)
{
	const size_t batch = (size_t)q->opts.batch;

	f->nin = graph_inputs(q->g, f->input, MAX_IO);
	f->nout = graph_outputs(q->g, f->output, MAX_IO);
	for (size_t k = 0; k < f->nin && k < MAX_IO; k++) {
		const size_t n = batch * calib_image(q->calib, k);

		f->in[k] = xreallocarray(NULL, n, sizeof(float));
		f->code[k] = kind == FEED_CODES ? xreallocarray(NULL, n, 2) : NULL;
		f->given[k] = f->code[k] ? f->code[k] : f->in[k];
	}
	for (size_t k = 0; k < f->nout && k < MAX_IO; k++)
		f->out[k] = xreallocarray(NULL, batch * hn_shape_count(&f->output[k]->out[0]),
					  sizeof(float));
}

/* Images as the float model is observed on them. */
static int load_observed(const struct quant *q, const struct layer *input, size_t k, size_t from,
			 size_t n, float *out, struct err *e)
{
	struct hn_shape s = emu_feed_of(input).shape;

	if (quant_info(q, input)->reduced[0] > 0 || quant_info(q, input)->scale_h > 0)
		s = quant_observed_shape(q, input);
	return calib_load_at(q->calib, k, from, n, &s, out, e);
}

int quant_load_codes(const struct quant *q, const struct layer *input, size_t k, size_t from,
		     size_t n, float *x, void *codes, struct err *e)
{
	const struct qinfo *info = quant_info(q, input);

	if (calib_load(q->calib, k, from, n, x, e) < 0)
		return -1;
	/* As hn-infer makes them. */
	quantize_array(x, n * hn_shape_count(&hn_fed(input)->out[0]), info->scale, info->zp,
		       info->bits, codes);
	return 0;
}

static int load(struct quant *q, struct feed *f, enum quant_feed kind, size_t from, size_t n,
		struct err *e)
{
	int rc = 0;

	for (size_t k = 0; k < f->nin && rc == 0; k++)
		rc = kind == FEED_CODES
			 ? quant_load_codes(q, f->input[k], k, from, n, f->in[k], f->code[k], e)
		     : kind == FEED_WHOLE ? calib_load(q->calib, k, from, n, f->in[k], e)
					  : load_observed(q, f->input[k], k, from, n, f->in[k], e);
	return rc;
}

int quant_run_set(struct quant *q, struct emu *m, enum quant_feed kind, const char *what,
		  struct err *e)
{
	const size_t count = calib_count(q->calib);
	const size_t batch = (size_t)q->opts.batch;
	struct feed *f = xcalloc(1, sizeof *f);
	int rc = 0;

	feed_init(f, q, kind);
	if (f->nout > MAX_IO)
		rc = err_set(e, "%zu outputs, at most %d can be calibrated", f->nout, MAX_IO);
	for (size_t from = 0; from < count && rc == 0; from += batch) {
		size_t n = count - from < batch ? count - from : batch;

		rc = load(q, f, kind, from, n, e);
		if (rc == 0)
			rc = emu_run(m, (int32_t)n, f->given, f->out, e);
		progress(what, from + n, count);
	}
	feed_release(f);
	free(f);
	return rc;
}

int quant_run_integers(struct quant *q, struct err *e)
{
	struct qmodel m = { q->g, q->ops, q->g->nlayers };
	struct emu *emu = emu_new_int(&m, q->opts.batch, e);
	int rc = -1;

	if (emu) {
		emu_check_accumulators(emu, true);
		rc = quant_run_set(q, emu, FEED_CODES, "integer check", e);
	}
	emu_free(emu);
	return rc;
}
