/* Timing of one batch. */
#include "base/par.h"
#include "base/rng.h"
#include "emu/infer.h"
#include <time.h>

enum {
	WARM_UP = 3
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static int ascending(const void *pa, const void *pb)
{
	const double a = *(const double *)pa, b = *(const double *)pb;

	return a < b ? -1 : a > b;
}

/* A batch of the data set's first images, or of seeded noise. */
static int fill(const struct io_port *ports, size_t nports, struct host *before,
		const struct infer_opts *o, void **data, struct err *e)
{
	struct dataset *d = NULL;
	int rc = 0;

	if (o->ninputs && !(d = dataset_open(o->inputs, o->ninputs, ports, nports, before, e)))
		return -1;
	if (d && dataset_count(d) < (size_t)o->batch)
		rc = err_set(e, "%zu images for a batch of %d", dataset_count(d), o->batch);
	for (size_t i = 0; i < nports && rc == 0; i++) {
		const size_t n = hn_shape_count(&ports[i].shape) * (size_t)o->batch;
		float *real = data[i];
		uint8_t *bytes = data[i];
		struct rng rng;

		if (d) {
			rc = dataset_load(d, i, 0, (size_t)o->batch, data[i], e);
			continue;
		}
		rng_init(&rng, 1, ports[i].name);
		for (size_t k = 0; ports[i].bits == 0 && k < n; k++)
			real[k] = (float)rng_normal(&rng);
		for (size_t k = 0; ports[i].bits && k < n * (size_t)ports[i].bits / 8; k++)
			bytes[k] = (uint8_t)rng_u64(&rng);
	}
	dataset_free(d);
	return rc;
}

static int measure(struct emu *emu, const struct infer_opts *o, void *const *in, void **out,
		   double *ms, struct err *e)
{
	for (int i = -WARM_UP; i < o->bench; i++) {
		const double start = now_ms();

		if (emu_run(emu, o->batch, (const void *const *)in, out, e) < 0)
			return -1;
		if (i >= 0)
			ms[i] = now_ms() - start;
	}
	qsort(ms, (size_t)o->bench, sizeof *ms, ascending);
	return 0;
}

int infer_bench(const struct emu_model *m, const struct infer_opts *o, struct str *text,
		struct err *e)
{
	struct io_port *in, *out;
	const size_t nin = emu_model_inputs(m, &in), nout = emu_model_outputs(m, &out);
	void **in_data = xcalloc(nin, sizeof *in_data),
	     **out_data = xcalloc(nout, sizeof *out_data);
	double *ms = xcalloc((size_t)o->bench, sizeof *ms);
	struct emu *emu = emu_model_start(m, o->batch, false, e);

	for (size_t i = 0; i < nin; i++)
		in_data[i] = xaligned(io_port_bytes(&in[i]) * (size_t)o->batch);
	for (size_t i = 0; i < nout; i++)
		out_data[i] = xaligned(io_port_bytes(&out[i]) * (size_t)o->batch);
	if (emu && fill(in, nin, m->before, o, in_data, e) == 0 &&
	    measure(emu, o, in_data, out_data, ms, e) == 0) {
		str_printf(
		    text, "%s batch %d threads %d runs %d median_ms %.3f min_ms %.3f p90_ms %.3f\n",
		    m->g->name, o->batch, par_threads(), o->bench, ms[o->bench / 2], ms[0],
		    ms[o->bench * 9 / 10]);
		emu_log_times(emu);
	}
	emu_free(emu);
	for (size_t i = 0; i < nin; i++)
		free(in_data[i]);
	for (size_t i = 0; i < nout; i++)
		free(out_data[i]);
	free(in_data);
	free(out_data);
	free(in);
	free(out);
	free(ms);
	return err_is(e) ? -1 : 0;
}
