#include "quant/noise_walk.h"
#include "emu/island.h"
#include "kernel/f32.h"

struct walk {
	const struct emu_model *m;
	const struct graph *g;
	int32_t batch;
	struct f32k **in_float; /* by layer index */
	struct island **in_codes;
	size_t *base; /* first port of each layer */
	size_t nports;
	const struct layer **fed; /* by network input */
	size_t ninputs;
	bool *is_fed; /* by layer index */
};

static int make_kernels(struct walk *w, struct err *e)
{
	for (size_t i = 0; i < w->g->nlayers; i++) {
		const struct layer *l = w->g->layers[i];

		if (w->is_fed[i] || l->type == HN_OUTPUT)
			continue;
		if (!(w->in_float[i] = f32k_new(l, w->m->w, w->batch, 0, e)))
			return -1;
		if (l->type != HN_CONST && !(w->in_codes[i] = island_new(&w->m->q, l, w->batch, e)))
			return -1;
	}
	return 0;
}

struct walk *walk_new(const struct emu_model *m, int32_t batch, struct err *e)
{
	struct walk *w = xcalloc(1, sizeof *w);
	const size_t n = m->g->nlayers;
	struct layer **in = xcalloc(n, sizeof *in);

	w->m = m;
	w->g = m->g;
	w->batch = batch;
	w->in_float = xcalloc(n, sizeof *w->in_float);
	w->in_codes = xcalloc(n, sizeof *w->in_codes);
	w->base = xcalloc(n, sizeof *w->base);
	w->is_fed = xcalloc(n, sizeof *w->is_fed);
	w->fed = xcalloc(n, sizeof *w->fed);
	w->ninputs = graph_inputs(m->g, in, n);
	for (size_t i = 0; i < w->ninputs; i++) {
		w->fed[i] = hn_fed(in[i]);
		w->is_fed[in[i]->index] = w->is_fed[w->fed[i]->index] = true;
	}
	for (size_t i = 0; i < n; i++) {
		w->base[i] = w->nports;
		w->nports += m->g->layers[i]->nout;
	}
	free(in);
	if (make_kernels(w, e) == 0)
		return w;
	walk_free(w);
	return NULL;
}

void walk_free(struct walk *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->g->nlayers; i++) {
		f32k_free(w->in_float[i]);
		island_free(w->in_codes[i]);
	}
	free(w->in_float);
	free(w->in_codes);
	free(w->base);
	free(w->is_fed);
	free(w->fed);
	free(w);
}

static size_t port_count(const struct walk *w, const struct layer *l, size_t p)
{
	return hn_shape_count(&l->out[p]) * (size_t)w->batch;
}

float **walk_values(const struct walk *w)
{
	float **v = xcalloc(w->nports + 1, sizeof *v); /* NULL behind the last */

	for (size_t i = 0; i < w->g->nlayers; i++)
		for (size_t p = 0; p < w->g->layers[i]->nout; p++)
			v[w->base[i] + p] =
			    xaligned(port_count(w, w->g->layers[i], p) * sizeof **v);
	return v;
}

void walk_values_free(float **v)
{
	for (size_t i = 0; v && v[i]; i++)
		free(v[i]);
	free(v);
}

size_t walk_port(const struct walk *w, const struct layer *l, size_t p)
{
	return w->base[l->index] + p;
}

bool walk_is_fed(const struct walk *w, const struct layer *l)
{
	return w->is_fed[l->index];
}

void walk_feed(const struct walk *w, const float *const in[], float *const values[])
{
	for (size_t i = 0; i < w->ninputs; i++)
		memcpy(values[walk_port(w, w->fed[i], 0)], in[i],
		       port_count(w, w->fed[i], 0) * sizeof(float));
}

void walk_round(const struct walk *w, const struct layer *l, size_t p, const float *x, float *to)
{
	uint16_t *codes = xaligned(port_count(w, l, p) * sizeof *codes);

	island_encode(&w->m->q, l, (int32_t)p, (size_t)w->batch, x, codes);
	island_decode(&w->m->q, l, (int32_t)p, (size_t)w->batch, codes, to);
	free(codes);
}

void walk_round_inputs(const struct walk *w, float *const values[])
{
	for (size_t i = 0; i < w->ninputs; i++) {
		float *x = values[walk_port(w, w->fed[i], 0)];

		walk_round(w, w->fed[i], 0, x, x);
	}
}

int walk_layer(const struct walk *w, const struct layer *l, bool integers,
	       const float *const from[], float *const to[], struct err *e)
{
	const float **in;
	int rc;

	if (walk_is_fed(w, l))
		return 0;
	in = xcalloc(l->nin, sizeof *in);
	for (size_t i = 0; i < l->nin; i++)
		in[i] = from[walk_port(w, l->in[i].layer, (size_t)l->in[i].port)];
	if (l->type == HN_OUTPUT) {
		memcpy(to[w->base[l->index]], in[0], port_count(w, l, 0) * sizeof(float));
		rc = 0;
	} else if (integers && w->in_codes[l->index]) {
		rc = island_run(w->in_codes[l->index], w->batch, in, &to[w->base[l->index]], NULL,
				e);
	} else {
		rc = f32k_run(w->in_float[l->index], in, &to[w->base[l->index]], e);
	}
	free(in);
	return rc;
}
