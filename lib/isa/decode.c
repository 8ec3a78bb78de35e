/* Image to programme.  Every count is compared with the bytes that are left before memory is taken.
 */
#include "isa/decode.h"
#include "base/limits.h"
#include "base/mem.h"

enum {
	HEAD_BYTES = 32,
	REC_BYTES = 8
};

static int segment(struct reader *r, const uint8_t *p, size_t n, size_t seg)
{
	struct cursor c = cur_make(p, n, r->e);

	while (cur_left(&c)) {
		uint32_t kind = cur_u32le(&c), size = cur_u32le(&c);
		size_t padded = ((size_t)size + ISA_LINE - 1) / ISA_LINE * ISA_LINE;
		const uint8_t *body;
		struct cursor in;

		if (c.failed || padded > cur_left(&c))
			return err_set(r->e, "record of %u bytes, %zu left", size, cur_left(&c));
		body = cur_bytes(&c, padded);
		in = cur_make(body, size, r->e);
		if (isa_read_record(r, kind, &in, seg) < 0)
			return -1;
	}
	return 0;
}

/* A count of the directory: every record takes at least its head. */
static size_t head_count(struct cursor *c, const char *what, size_t n, size_t max, struct err *e)
{
	uint32_t v = cur_u32le(c);

	if (v > n / REC_BYTES || v > max)
		err_set(e, "%u %s in a programme of %zu bytes", v, what, n);
	return v;
}

static int head(const void *image, size_t n, struct head *h, struct err *e)
{
	struct cursor c = cur_make(image, n, e);
	uint32_t magic, version;

	if (n % ISA_LINE || n < HEAD_BYTES)
		return err_set(e, "a programme of %zu bytes", n);
	magic = cur_u32le(&c);
	version = cur_u32le(&c);
	if (magic != ISA_MAGIC)
		return err_set(e, "the configuration words are no programme of our machine");
	if (version != ISA_VERSION)
		return err_set(e, "instruction set version %u, %d expected", version, ISA_VERSION);
	h->nseg = head_count(&c, "segments", n, 1 + ISA_MAX_CONTEXTS, e);
	h->ntensors = head_count(&c, "tensors", n, ISA_MAX_TENSORS, e);
	h->nstreams = head_count(&c, "streams", n, LIMIT_LAYERS, e);
	h->nlayers = head_count(&c, "layers", n, ISA_MAX_TENSORS, e);
	h->nedges = head_count(&c, "edges", n, n, e);
	h->nposts = head_count(&c, "post units", n, ISA_MAX_POSTS, e);
	if (err_is(e))
		return -1;
	if (h->nseg < 2)
		return err_set(e, "a programme without contexts");
	h->dir = cur_bytes(&c, 8 * h->nseg);
	return h->dir ? 0 : -1;
}

/* Segments abut: each starts where the one before it ends; the first one after the directory. */
static int segments(struct reader *r, const uint8_t *image, size_t n)
{
	struct cursor dir = cur_make(r->h.dir, 8 * r->h.nseg, r->e);
	size_t at = HEAD_BYTES + 8 * r->h.nseg;

	for (size_t i = 0; i < r->h.nseg; i++) {
		size_t first = (size_t)cur_u32le(&dir) * ISA_LINE;
		size_t size = (size_t)cur_u32le(&dir) * ISA_LINE;

		if (i == 0) {
			if (first != 0 || size < at)
				return err_set(r->e, "segment 0 lies at %zu, %zu bytes", first,
					       size);
			size -= at;
			first = at;
		}
		if (first != at || size > n - at)
			return err_set(r->e, "segment %zu lies at %zu, %zu bytes", i, first, size);
		if (segment(r, image + at, size, i) < 0)
			return -1;
		at += size;
	}
	if (at != n)
		return err_set(r->e, "%zu bytes after the last segment", n - at);
	return 0;
}

static int complete(const struct reader *r)
{
	const struct isa_prog *p = r->p;

	if (!r->machine)
		return err_set(r->e, "no machine record");
	if (r->tensors != r->h.ntensors || r->streams != r->h.nstreams ||
	    r->layers != r->h.nlayers || r->edges != r->h.nedges || r->posts != r->h.nposts)
		return err_set(r->e,
			       "%zu tensors, %zu streams, %zu layers, %zu edges, %zu post units; "
			       "%zu, %zu, %zu, %zu, %zu announced",
			       r->tensors, r->streams, r->layers, r->edges, r->posts, r->h.ntensors,
			       r->h.nstreams, r->h.nlayers, r->h.nedges, r->h.nposts);
	if (p->ncontexts < 1 || (size_t)p->ncontexts + 1 != r->h.nseg)
		return err_set(r->e, "%d contexts in %zu segments", p->ncontexts, r->h.nseg);
	return 0;
}

int isa_segment_end(const void *image, size_t n, size_t i, size_t *end, struct err *e)
{
	struct head h;
	struct cursor c;

	if (head(image, n, &h, e) < 0)
		return -1;
	if (i >= h.nseg)
		return err_set(e, "segment %zu of %zu", i, h.nseg);
	c = cur_make(h.dir + 8 * i, 8, e);
	*end = (size_t)cur_u32le(&c) * ISA_LINE;
	*end += (size_t)cur_u32le(&c) * ISA_LINE;
	return 0;
}

struct isa_prog *isa_decode(const void *image, size_t n, struct err *e)
{
	struct reader r = { .e = e };
	struct isa_prog *p;

	if (head(image, n, &r.h, e) < 0) {
		err_in(e, "programme");
		return NULL;
	}
	p = r.p = xcalloc(1, sizeof *p);
	p->net = xstrdup("");
	p->tensors = xcalloc(r.h.ntensors, sizeof *p->tensors);
	p->streams = xcalloc(r.h.nstreams, sizeof *p->streams);
	p->layers = xcalloc(r.h.nlayers, sizeof *p->layers);
	p->edges = xcalloc(r.h.nedges, sizeof *p->edges);
	p->posts = xcalloc(r.h.nposts, sizeof *p->posts);
	if (segments(&r, image, n) < 0 || complete(&r) < 0 || isa_check(p, e) < 0) {
		err_in(e, "programme");
		isa_free(p);
		return NULL;
	}
	return p;
}

void isa_free(struct isa_prog *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->ntensors; i++) {
		free(p->tensors[i].name);
		free(p->tensors[i].scale.v);
	}
	for (size_t i = 0; i < p->nstreams; i++) {
		free(p->streams[i].name);
		free(p->streams[i].io_layer);
	}
	for (size_t i = 0; i < p->nlayers; i++) {
		free(p->layers[i].name);
		free(p->layers[i].layer);
		free(p->layers[i].in.v);
		free(p->layers[i].out.v);
		qop_release(&p->layers[i].q);
	}
	free(p->tensors);
	free(p->streams);
	free(p->layers);
	for (size_t i = 0; i < p->nposts; i++) {
		free(p->posts[i].name);
		free(p->posts[i].io_layer);
		free(p->posts[i].in.v);
	}
	free(p->posts);
	free(p->edges);
	free(p->net);
	free(p);
}
