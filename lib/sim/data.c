/* A data set through the simulator. */
#include "base/log.h"
#include "base/mem.h"
#include "sim/sim.h"

struct run {
	struct io_port *in, *leave, *out; /* device inputs and outputs, network outputs */
	size_t nin, nleave, nout;
	void **in_data, **leave_data;
	bool keep; /* write the outputs */
	struct host *before, *behind;
	struct io_port *arrive; /* what the host gets from the user */
	struct dataset *data;
	struct results *results;
	struct accuracy *accuracy;
	struct sim *sim;
};

size_t sim_ports(const struct isa_prog *p, bool output, struct io_port **out)
{
	size_t n = 0;

	*out = xcalloc(p->nstreams, sizeof **out);
	for (size_t i = 0; i < p->nstreams; i++) {
		const struct isa_stream *s = &p->streams[i];
		const struct isa_tensor *t = &p->tensors[s->tensor];

		if (s->output != output)
			continue;
		(*out)[n] = (struct io_port){ .name = s->io_layer,
					      .shape = { t->h, t->w, t->c, t->rank },
					      .bits = t->bits,
					      .zp = t->zp,
					      .scale = t->scale.v,
					      .nscale = t->scale.n,
					      .pack = isa_stream_pack(p, s) };
		if ((*out)[n].pack)
			(*out)[n].format = hn_packing((*out)[n].pack)->format;
		n++;
	}
	return n;
}

static void **buffers(const struct io_port *ports, size_t n, size_t batch)
{
	void **v = xcalloc(n, sizeof *v);

	for (size_t i = 0; i < n; i++)
		v[i] = xaligned(io_port_bytes(&ports[i]) * batch);
	return v;
}

static int open_host(struct run *r, const struct isa_prog *p, const struct sim_opts *o,
		     struct err *e)
{
	r->nin = sim_ports(p, false, &r->in);
	r->nleave = sim_ports(p, true, &r->leave);
	if (o->before) {
		r->arrive = host_user_ports(o->before);
		r->before = host_new(o->before, r->arrive, e);
	}
	if (o->behind)
		r->behind = host_new(o->behind, r->leave, e);
	if (err_is(e))
		return -1;
	r->nout = r->behind ? host_outputs(r->behind, &r->out) : sim_ports(p, true, &r->out);
	return 0;
}

static int open_all(struct run *r, const struct isa_prog *p, const struct sim_opts *o,
		    struct err *e)
{
	if (open_host(r, p, o, e) < 0)
		return -1;
	if (o->labels && r->nout != 1)
		return err_set(e, "--labels needs a network with one output, this one has %zu",
			       r->nout);
	if (o->labels && r->behind && host_finds_boxes(r->behind))
		return err_set(e, "--labels is for scores of classes, '%s' gives boxes",
			       r->out[0].name);
	if (!(r->data = dataset_open(o->inputs, o->ninputs, r->in, r->nin, r->before, e)))
		return -1;
	if (o->labels &&
	    !(r->accuracy = accuracy_open(o->labels, o->top, r->out, dataset_count(r->data), e)))
		return -1;
	r->results = results_new(r->out, r->nout, o->raw);
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

static int batch_run(struct run *r, size_t at, size_t n, struct err *e)
{
	const void *const *leave = (const void *const *)r->leave_data;

	for (size_t i = 0; i < r->nin; i++) {
		if (dataset_load(r->data, i, at, n, r->in_data[i], e) < 0)
			return -1;
	}
	if (sim_run(r->sim, (int32_t)n, (const void *const *)r->in_data, r->leave_data, e) < 0)
		return -1;
	return r->behind && !host_is_idle(r->behind)
		   ? host_each(r->behind, n, leave, take_image, r, e)
		   : take_outputs(r, leave, n, e);
}

static int run_all(struct run *r, const struct isa_prog *p, const struct sim_opts *o,
		   struct str *text, struct err *e)
{
	size_t count, batch;

	if (open_all(r, p, o, e) < 0)
		return -1;
	count = dataset_count(r->data);
	if (o->data_count && (size_t)o->data_count < count)
		count = (size_t)o->data_count;
	batch = (size_t)o->batch < count ? (size_t)o->batch : count;
	if (!(r->sim = sim_new(p, (int32_t)batch, e)))
		return -1;
	r->in_data = buffers(r->in, r->nin, batch);
	r->leave_data = buffers(r->leave, r->nleave, batch);
	r->keep = o->out || o->collect;
	for (size_t at = 0; at < count; at += batch) {
		size_t n = count - at < batch ? count - at : batch;

		if (batch_run(r, at, n, e) < 0)
			return -1;
		progress("images", at + n, count);
	}
	if (o->collect && results_collect(r->results, o->collect, e) < 0)
		return -1;
	if (o->out && results_write(r->results, o->out, e) < 0)
		return -1;
	if (r->accuracy)
		accuracy_print(r->accuracy, text);
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
	sim_free(r->sim);
	results_free(r->results);
	accuracy_free(r->accuracy);
	dataset_free(r->data);
	host_free(r->before);
	host_free(r->behind);
	free(r->arrive);
	free(r->in);
	free(r->leave);
	free(r->out);
}

int sim_data(const struct isa_prog *p, const struct sim_opts *o, struct str *text, struct err *e)
{
	struct run r = { 0 };
	int rc = run_all(&r, p, o, text, e);

	release(&r);
	return rc;
}
