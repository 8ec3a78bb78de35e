#include "emu/infer.h"
#include "base/log.h"

/* One run over a data set. */
struct run {
	const struct emu_model *m;
	struct io_port *in, *out, *kept; /* device inputs, network outputs; observed layers */
	size_t nin, nout, nkept;
	size_t *first_kept;    /* by layer index: its first port in kept, SIZE_MAX: not observed */
	struct io_port *leave; /* device outputs */
	size_t nleave;
	void **in_data, **leave_data;
	struct host *host; /* NULL where it does nothing behind the device */
	bool keep;         /* write the network's outputs */
	struct dataset *data;
	struct results *results;
	struct accuracy *accuracy;
	struct emu *emu;
};

static int keep_layer(struct run *r, const struct layer *l, struct err *e)
{
	if (r->first_kept[l->index] != SIZE_MAX)
		return err_set(e, "the layer '%s' is named twice", l->name);
	if (!hn_is_emulated(l)) {
		err_set(e,
			"the layer '%s' has no values: its conversion is part of the compiled "
			"model only",
			l->name);
		return err_hint(e, "emulator_support=True in the model script changes that");
	}
	r->first_kept[l->index] = r->nkept;
	for (size_t p = 0; p < l->nout; p++) {
		struct io_port *port = &r->kept[r->nkept++];

		emu_model_port(r->m, l, (int32_t)p, port);
		if (p > 0) /* further ports of a splitter: NAME.1, NAME.2 */
			port->name = arena_printf(&r->m->g->arena, "%s.%zu", l->name, p);
	}
	return 0;
}

/* Which layers to observe; all of them, or those named. */
static int keep_layers(struct run *r, const struct infer_opts *o, struct err *e)
{
	const struct graph *g = r->m->g;
	const bool all = o->nlayers == 1 && strcmp(o->layers[0], "all") == 0;
	size_t ports = 0;

	r->first_kept = xcalloc(g->nlayers, sizeof *r->first_kept);
	for (size_t i = 0; i < g->nlayers; i++) {
		r->first_kept[i] = SIZE_MAX;
		ports += g->layers[i]->nout;
	}
	r->kept = xcalloc(ports, sizeof *r->kept);
	for (size_t i = 0; all && i < g->nlayers; i++)
		if (hn_is_emulated(g->layers[i]))
			keep_layer(r, g->layers[i], e);
	for (size_t i = 0; !all && i < o->nlayers && !err_is(e); i++) {
		const struct layer *l = graph_find(g, o->layers[i]);

		if (!l && (host_runs(r->m->before, o->layers[i]) ||
			   host_runs(r->m->behind, o->layers[i])))
			return err_set(e,
				       "the host runs the layer '%s', --layers is about the "
				       "device's (without it, its outputs are written)",
				       quote(o->layers[i]));
		if (!l)
			return err_set(e, "the network has no layer '%s'", quote(o->layers[i]));
		keep_layer(r, l, e);
	}
	return err_is(e) ? -1 : 0;
}

static int observe(const struct layer *l, int32_t port, const void *data, int32_t n, void *ctx,
		   struct err *e)
{
	struct run *r = ctx;
	const size_t first = r->first_kept[l->index];

	return first == SIZE_MAX
		   ? 0
		   : results_add(r->results, first + (size_t)port, data, (size_t)n, e);
}

static void **buffers(const struct io_port *ports, size_t n, int batch)
{
	void **v = xcalloc(n, sizeof *v);

	for (size_t i = 0; i < n; i++)
		v[i] = xaligned(io_port_bytes(&ports[i]) * (size_t)batch);
	return v;
}

static int open_all(struct run *r, const struct infer_opts *o, struct err *e)
{
	r->nin = emu_model_inputs(r->m, &r->in);
	r->nleave = emu_model_outputs(r->m, &r->leave);
	r->nout = host_outputs(r->m->behind, &r->out);
	if (o->labels && r->nout != 1)
		return err_set(e, "--labels needs a network with one output, this one has %zu",
			       r->nout);
	if (o->labels && host_finds_boxes(r->m->behind))
		return err_set(e, "--labels is for scores of classes, '%s' gives boxes",
			       r->out[0].name);
	if (o->nlayers && keep_layers(r, o, e) < 0)
		return -1;
	if (!(r->data = dataset_open(o->inputs, o->ninputs, r->in, r->nin, r->m->before, e)))
		return -1;
	if (o->labels &&
	    !(r->accuracy = accuracy_open(o->labels, o->top, r->out, dataset_count(r->data), e)))
		return -1;
	r->results = o->nlayers ? results_new(r->kept, r->nkept, o->raw)
				: results_new(r->out, r->nout, o->raw);
	return 0;
}

static int take_outputs(struct run *r, const void *const out[], size_t n, struct err *e)
{
	for (size_t i = 0; r->keep && i < r->nout; i++)
		if (results_add(r->results, i, out[i], n, e) < 0)
			return -1;
	return r->accuracy ? accuracy_add(r->accuracy, out[0], n, e) : 0;
}

static int take_image(const void *const out[], void *ctx, struct err *e)
{
	return take_outputs(ctx, out, 1, e);
}

static int run_batches(struct run *r, int batch, size_t count, struct err *e)
{
	for (size_t at = 0; at < count; at += (size_t)batch) {
		const size_t left = count - at, n = left < (size_t)batch ? left : (size_t)batch;
		const void *const *leave = (const void *const *)r->leave_data;

		for (size_t i = 0; i < r->nin; i++)
			if (dataset_load(r->data, i, at, n, r->in_data[i], e) < 0)
				return -1;
		if (emu_run(r->emu, (int32_t)n, (const void *const *)r->in_data, r->leave_data, e) <
			0 ||
		    (r->host ? host_each(r->host, n, leave, take_image, r, e)
			     : take_outputs(r, leave, n, e)) < 0)
			return -1;
		progress("images", at + n, count);
	}
	return 0;
}

static int run_all(struct run *r, const struct infer_opts *o, struct str *text, struct err *e)
{
	size_t count;
	int batch;

	if (open_all(r, o, e) < 0)
		return -1;
	count = dataset_count(r->data);
	if (o->data_count && (size_t)o->data_count < count)
		count = (size_t)o->data_count;
	batch = (size_t)o->batch < count ? o->batch : (int)count;
	if (!(r->emu = emu_model_start(r->m, batch, o->nlayers > 0, e)))
		return -1;
	if (o->nlayers && o->out)
		emu_observe(r->emu, observe, r);
	r->in_data = buffers(r->in, r->nin, batch);
	r->leave_data = buffers(r->leave, r->nleave, batch);
	r->host = host_is_idle(r->m->behind) ? NULL : r->m->behind;
	r->keep = o->out && !o->nlayers;
	if (run_batches(r, batch, count, e) < 0 ||
	    (o->out && results_write(r->results, o->out, e) < 0))
		return -1;
	if (r->accuracy)
		accuracy_print(r->accuracy, text);
	emu_log_times(r->emu);
	return 0;
}

static void release(struct run *r)
{
	for (size_t i = 0; r->in_data && i < r->nin; i++)
		free(r->in_data[i]);
	for (size_t i = 0; r->leave_data && i < r->nleave; i++)
		free(r->leave_data[i]);
	free(r->in_data);
	free(r->leave_data);
	free(r->leave);
	emu_free(r->emu);
	results_free(r->results);
	accuracy_free(r->accuracy);
	dataset_free(r->data);
	free(r->in);
	free(r->out);
	free(r->kept);
	free(r->first_kept);
}

int infer_run(const struct emu_model *m, const struct infer_opts *o, struct str *text,
	      struct err *e)
{
	struct run r = { .m = m };
	const int rc = run_all(&r, o, text, e);

	release(&r);
	return rc;
}
