/*
 * Execution of any programme that the decoder lets through: whatever passed its checks is run, in
 * values and in time, or refused with a message.  Large ones are left out, for their duration
 * alone.
 */
#include "sim/sim.h"
#include "base/mem.h"
#include "isa/isa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
extern size_t fuzz_read;
size_t fuzz_read;

enum {
	MAX_VALUES = 1 << 16, /* of all tensors */
	MAX_STEPS = 4096,     /* rows of all layers */
	MAX_WORK = 1 << 28    /* values of an output times those of the inputs, of all layers */
};

static int64_t values(const struct isa_prog *p, int32_t t)
{
	return (int64_t)p->tensors[t].h * p->tensors[t].w * p->tensors[t].c;
}

static bool is_small(const struct isa_prog *p)
{
	int64_t all = 0, steps = 0, work = 0;

	for (size_t i = 0; i < p->ntensors && all <= MAX_VALUES; i++)
		all += values(p, (int32_t)i);
	if (all > MAX_VALUES)
		return false;
	for (size_t i = 0; i < p->nlayers; i++) {
		const struct isa_layer *l = &p->layers[i];
		int64_t in = 0;

		steps += (int64_t)l->rows * qop_row_steps(&l->q);
		for (size_t k = 0; k < l->in.n; k++)
			in += values(p, l->in.v[k]);
		for (size_t k = 0; k < l->out.n; k++)
			work += values(p, l->out.v[k]) * in;
	}
	return steps <= MAX_STEPS && work <= MAX_WORK;
}

static void run_values(const struct isa_prog *p)
{
	void **in = xcalloc(p->nstreams + 1, sizeof *in);
	void **out = xcalloc(p->nstreams + 1, sizeof *out);
	size_t n[2] = { 0 };
	struct err e = { 0 };
	struct sim *s = sim_new(p, 1, &e);

	for (size_t i = 0; i < p->nstreams; i++) {
		const struct isa_stream *io = &p->streams[i];
		size_t bytes = (size_t)(values(p, io->tensor) * p->tensors[io->tensor].bits / 8);
		uint8_t *codes = xcalloc(bytes + 1, 1);

		for (size_t k = 0; k < bytes; k++)
			codes[k] = (uint8_t)(k * 37);
		(io->output ? out : in)[n[io->output]++] = codes;
	}
	if ((!s || sim_run(s, 1, (const void *const *)in, out, &e) < 0) && !err_is(&e))
		BUG("an error without a message");
	for (size_t i = 0; i < p->nstreams; i++) {
		free(in[i]);
		free(out[i]);
	}
	free(in);
	free(out);
	sim_free(s);
}

static void run_time(const struct isa_prog *p)
{
	uint64_t *words = xcalloc((size_t)p->ncontexts, sizeof *words);
	struct str text = { 0 };
	struct sim_time t;
	struct err e = { 0 };

	if (sim_time_run(p, 2, words, &t, &e) == 0) {
		sim_time_text(p, &t, true, &text);
		json_decref(sim_time_json(p, &t));
		sim_time_release(&t);
	} else if (!err_is(&e)) {
		BUG("an error without a message");
	}
	str_release(&text);
	free(words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err e = { 0 };
	struct isa_prog *p = isa_decode(data, n, &e);

	if (p && is_small(p)) {
		fuzz_read++;
		run_values(p);
		run_time(p);
	}
	isa_free(p);
	return 0;
}
