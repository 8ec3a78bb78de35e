#include "quant/bias_stream.h"

#include "base/log.h"
#include "quant/code_cache.h"
#include "quant/quant_ops.h"

enum {
	MAX_IO = 256
};

struct stream {
	struct quant *q;
	size_t end;
	size_t *first;             /* by layer: number of its first output port's value */
	size_t *last;              /* by value: the last layer before `end` that reads it */
	struct code_cache **cache; /* by value */
	int *fed;                  /* by layer: the input whose images it is; -1: none */
	struct layer *input[MAX_IO];
	const struct layer *turn;
	void **in, **out; /* of that layer: a batch of each input and output */
};

static size_t value_in(const struct stream *s, const struct layer *l, size_t i)
{
	return s->first[l->in[i].layer->index] + (size_t)l->in[i].port;
}

static void stream_init(struct stream *s, struct quant *q, size_t end)
{
	const struct graph *g = q->g;
	size_t n = 0;

	s->q = q;
	s->end = end;
	s->first = xcalloc(g->nlayers, sizeof *s->first);
	s->fed = xcalloc(g->nlayers, sizeof *s->fed);
	for (size_t i = 0; i < g->nlayers; i++) {
		s->first[i] = n;
		n += g->layers[i]->nout;
		s->fed[i] = -1;
	}
	s->last = xcalloc(n, sizeof *s->last);
	s->cache = xcalloc(n, sizeof(struct code_cache *));
	for (size_t i = 0; i < end; i++)
		for (size_t k = 0; k < g->layers[i]->nin; k++)
			s->last[value_in(s, g->layers[i], k)] = i;
	n = graph_inputs(g, s->input, MAX_IO);
	for (size_t k = 0; k < n && k < MAX_IO; k++)
		s->fed[hn_fed(s->input[k])->index] = (int)k;
}

static void stream_release(struct stream *s)
{
	for (size_t i = 0; i < s->end; i++)
		for (size_t p = 0; p < s->q->g->layers[i]->nout; p++)
			cache_free(s->cache[s->first[i] + p]);
	free(s->first);
	free(s->last);
	free(s->cache);
	free(s->fed);
}

size_t stream_batches(const struct quant *q)
{
	const size_t batch = (size_t)q->opts.batch;

	return (calib_count(q->calib) + batch - 1) / batch;
}

size_t stream_images(const struct quant *q, size_t b)
{
	const size_t batch = (size_t)q->opts.batch;
	const size_t left = calib_count(q->calib) - b * batch;

	return left < batch ? left : batch;
}

static size_t image_bytes(const struct stream *s, const struct layer *l, int port)
{
	return hn_shape_count(&l->out[port]) * (size_t)s->q->ops[l->index].out_bits / 8;
}

/* The same codes for every image. */
static void fill_const(const struct qop *op, size_t n, void *out)
{
	for (size_t i = 0; i < n * op->kernel16.n; i++)
		if (op->out_bits == 8)
			((uint8_t *)out)[i] = (uint8_t)op->kernel16.v[i % op->kernel16.n];
		else
			((uint16_t *)out)[i] = (uint16_t)op->kernel16.v[i % op->kernel16.n];
}

const void *stream_input(struct stream *s, size_t i, size_t b, struct err *e)
{
	const struct layer *l = s->turn, *from = l->in[i].layer;
	const size_t n = stream_images(s->q, b);

	if (from->type == HN_CONST)
		fill_const(&s->q->ops[from->index], n, s->in[i]);
	else if (cache_get(s->cache[value_in(s, l, i)], b, s->in[i],
			   n * image_bytes(s, from, l->in[i].port), e) < 0)
		return NULL;
	return s->in[i];
}

static void take_turn(struct stream *s, const struct layer *l)
{
	const size_t batch = (size_t)s->q->opts.batch;

	s->turn = l;
	s->in = xcalloc(l->nin + 1, sizeof *s->in);
	s->out = xcalloc(l->nout + 1, sizeof *s->out);
	for (size_t i = 0; i < l->nin; i++)
		s->in[i] = xaligned(batch * image_bytes(s, l->in[i].layer, l->in[i].port));
	for (size_t p = 0; p < l->nout; p++)
		s->out[p] = xaligned(batch * image_bytes(s, l, (int)p));
}

static void end_turn(struct stream *s)
{
	for (size_t i = 0; i < s->turn->nin; i++)
		free(s->in[i]);
	for (size_t p = 0; p < s->turn->nout; p++)
		free(s->out[p]);
	free(s->in);
	free(s->out);
	s->turn = NULL;
}

/* Does a layer before `end` read it? */
static bool is_read(const struct stream *s, const struct layer *l)
{
	bool read = false;

	for (size_t p = 0; p < l->nout; p++)
		read = read || s->last[s->first[l->index] + p] > l->index;
	return read;
}

static int open_caches(struct stream *s, const struct layer *l, struct err *e)
{
	for (size_t p = 0; p < l->nout; p++)
		if (!(s->cache[s->first[l->index] + p] = cache_new(s->q->compress_cache, e)))
			return -1;
	return 0;
}

static int run_batch(struct stream *s, struct intk *k, size_t b, struct err *e)
{
	const struct layer *l = s->turn;
	const size_t n = stream_images(s->q, b);

	for (size_t i = 0; i < l->nin; i++)
		if (!stream_input(s, i, b, e))
			return -1;
	if (intk_run(k, (int32_t)n, (const void *const *)s->in, s->out, NULL, e) < 0)
		return -1;
	for (size_t p = 0; p < l->nout; p++)
		if (cache_put(s->cache[s->first[l->index] + p], s->out[p],
			      n * image_bytes(s, l, (int)p), e) < 0)
			return -1;
	return 0;
}

static int run_layer(struct stream *s, const struct layer *l, struct err *e)
{
	struct intk *k = intk_new(&s->q->ops[l->index], s->q->opts.batch, e);
	int rc = k ? open_caches(s, l, e) : -1;

	for (size_t b = 0; b < stream_batches(s->q) && rc == 0; b++)
		rc = run_batch(s, k, b, e);
	if (k)
		intk_free(k);
	return rc < 0 ? err_in(e, "layer '%s'", quote(l->name)) : 0;
}

static int load_layer(struct stream *s, const struct layer *l, size_t k, struct err *e)
{
	const size_t batch = (size_t)s->q->opts.batch;
	const size_t n = calib_image(s->q->calib, k);
	float *x = xaligned(batch * n * sizeof *x);
	void *codes = xaligned(batch * n * 2);
	int rc = open_caches(s, l, e);

	for (size_t b = 0; b < stream_batches(s->q) && rc == 0; b++) {
		const size_t images = stream_images(s->q, b);

		rc = quant_load_codes(s->q, s->input[k], k, b * batch, images, x, codes, e);
		if (rc == 0)
			rc = cache_put(s->cache[s->first[l->index]], codes,
				       images * image_bytes(s, l, 0), e);
	}
	free(x);
	free(codes);
	return rc;
}

/* Is what an output layer gives there? */
static bool has_input(const struct stream *s, const struct layer *l)
{
	return s->cache[value_in(s, l, 0)] || l->in[0].layer->type == HN_CONST;
}

static int follow_layer(struct stream *s, const struct layer *l, stream_fn before, void *ctx,
			struct err *e)
{
	int rc;

	if (s->fed[l->index] >= 0)
		return load_layer(s, l, (size_t)s->fed[l->index], e);
	if (l->type == HN_OUTPUT ? !has_input(s, l) : hn_is(l->type, HNF_IO) || !hn_is_emulated(l))
		return 0;
	take_turn(s, l);
	rc = before(s, l, ctx, e);
	if (rc == 0 && l->type != HN_OUTPUT && is_read(s, l))
		rc = run_layer(s, l, e);
	end_turn(s);
	return rc;
}

/* Codes that nobody reads any more leave the disk. */
static void drop_read(struct stream *s, const struct layer *l)
{
	for (size_t i = 0; i < l->nin; i++) {
		const size_t v = value_in(s, l, i);

		if (s->last[v] == l->index) {
			cache_free(s->cache[v]);
			s->cache[v] = NULL;
		}
	}
}

int stream_run(struct quant *q, size_t end, const char *what, stream_fn before, void *ctx,
	       struct err *e)
{
	struct stream s = { 0 };
	int rc = 0;

	stream_init(&s, q, end);
	for (size_t i = 0; i < end && rc == 0; i++) {
		rc = follow_layer(&s, q->g->layers[i], before, ctx, e);
		drop_read(&s, q->g->layers[i]);
		progress(what, i + 1, end);
	}
	stream_release(&s);
	return rc;
}
