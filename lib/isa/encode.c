/*
 * Programme to image: little-endian records in segments, hn-isa(7).  Segment 0 holds the machine,
 * tensors, streams and post units, segment 1 + k the layers and edges of context k.
 */
#include "isa/records.h"
#include "kernel/rice.h"

/* With its CCW headers a record stays below the 4 GiB that one configuration pointer spans. */
#define MAX_RECORD 0xf0000000u

static void u16(struct str *s, uint32_t v)
{
	uint8_t b[2] = { (uint8_t)v, (uint8_t)(v >> 8) };
	str_add(s, b, 2);
}

static void u32(struct str *s, uint32_t v)
{
	uint8_t b[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };
	str_add(s, b, 4);
}

static void i32(struct str *s, int32_t v)
{
	u32(s, (uint32_t)v);
}

static void u64(struct str *s, uint64_t v)
{
	u32(s, (uint32_t)v);
	u32(s, (uint32_t)(v >> 32));
}

static void f32(struct str *s, float v)
{
	uint32_t b;

	memcpy(&b, &v, 4);
	u32(s, b);
}

static void f64(struct str *s, double v)
{
	uint64_t b;

	memcpy(&b, &v, 8);
	u64(s, b);
}

static void pad(struct str *s, size_t to)
{
	static const uint8_t zero[ISA_LINE];

	str_add(s, zero, (to - s->len % to) % to);
}

static void text(struct str *s, const char *t)
{
	size_t n = strlen(t);

	u32(s, (uint32_t)n);
	str_add(s, t, n);
	pad(s, 4);
}

static void ints(struct str *s, const struct qarr_i32 *a)
{
	u32(s, (uint32_t)a->n);
	for (size_t i = 0; i < a->n; i++)
		i32(s, a->v[i]);
}

static void floats(struct str *s, const struct qarr_f32 *a)
{
	u32(s, (uint32_t)a->n);
	for (size_t i = 0; i < a->n; i++)
		f32(s, a->v[i]);
}

static void machine(struct str *s, const struct isa_prog *p)
{
	const struct isa_machine *m = &p->machine;

	text(s, p->net);
	text(s, m->arch);
	i32(s, m->hef_arch);
	i32(s, m->partial);
	u32(s, m->layout);
	i32(s, m->clusters);
	i32(s, m->lcus);
	i32(s, m->subclusters);
	i32(s, m->input_aligners);
	i32(s, m->apus);
	i32(s, m->l3_cuts);
	i32(s, p->ncontexts);
	i32(s, m->batch);
	u64(s, (uint64_t)m->l3_cut_bytes);
	f64(s, m->clock_hz);
	f64(s, m->bandwidth);
	f64(s, m->per_context_s);
	f64(s, m->fixed_s_per_batch);
}

static void tensor(struct str *s, const struct isa_tensor *t)
{
	text(s, t->name);
	i32(s, t->port);
	i32(s, t->h);
	i32(s, t->w);
	i32(s, t->c);
	i32(s, t->rank);
	i32(s, t->bits);
	i32(s, t->zp);
	floats(s, &t->scale);
}

static void stream(struct str *s, const struct isa_stream *t)
{
	text(s, t->name);
	text(s, t->io_layer);
	i32(s, t->layer);
	i32(s, t->tensor);
	u32(s, t->output);
}

/* True when every value fits 4 signed bits, which halves the configuration words of a8_w4 layers.
 */
static bool is_nibbles(const struct qfield *f, const struct isa_field *v)
{
	const int8_t *w = v->data;

	if (f->kind != QF_V8)
		return false;
	for (size_t i = 0; i < v->n; i++) {
		if (w[i] < -8 || w[i] > 7)
			return false;
	}
	return true;
}

static void nibbles(struct str *s, const int8_t *w, size_t n)
{
	for (size_t i = 0; i < n; i += 2) {
		uint8_t b = (uint8_t)(w[i] & 15);

		if (i + 1 < n)
			b |= (uint8_t)((w[i + 1] & 15) << 4);
		str_add(s, &b, 1);
	}
}

static void values(struct str *s, const struct isa_field *v)
{
	const uint8_t *p = v->data;

	if (v->size == 1) {
		str_add(s, p, v->n);
		return;
	}
	for (size_t i = 0; i < v->n; i++) {
		if (v->size == 2) {
			int16_t x;
			memcpy(&x, p + 2 * i, 2);
			u16(s, (uint16_t)x);
		} else {
			uint32_t x;
			memcpy(&x, p + 4 * i, 4);
			u32(s, x);
		}
	}
}

/* Features, bytes, and each feature's weights; they are the last axis. */
static void packed(struct str *s, const struct isa_field *v, int32_t features)
{
	struct str bytes = { 0 };
	const size_t n = (size_t)features;

	for (size_t i = 0; i < n; i++)
		rice_put((const int8_t *)v->data + i, v->n / n, n, &bytes);
	i32(s, features);
	u32(s, (uint32_t)bytes.len);
	str_add(s, bytes.p, bytes.len);
	str_release(&bytes);
}

/* Is it a kernel that is to be packed? */
static bool is_packed(const struct qfield *f, const struct isa_field *v, int32_t features)
{
	return features > 0 && f->offset == offsetof(struct qop, kernel) &&
	       v->n % (size_t)features == 0;
}

/* features: of the kernel that is packed; 0: it is not. */
static int fields(struct str *s, const struct qop *q, int32_t features, struct err *e)
{
	size_t nf, count = 0;
	const struct qfield *f = qop_fields(&nf);
	struct str body = { 0 };

	for (size_t i = 0; i < nf; i++) {
		struct isa_field v = isa_field_of(q, &f[i]);
		bool small, pack;

		if (isa_field_is_array(&f[i]) ? v.n == 0 : *(uint32_t *)v.data == 0)
			continue;
		if (v.n > UINT32_MAX) {
			str_release(&body);
			return err_set(e, "%s has %zu values, more than a record holds", f[i].name,
				       v.n);
		}
		pack = is_packed(&f[i], &v, features);
		small = !pack && is_nibbles(&f[i], &v);
		u16(&body, (uint32_t)i);
		u16(&body, pack ? ISA_KIND_PACKED : small ? ISA_KIND_NIBBLES : (uint32_t)f[i].kind);
		u32(&body, (uint32_t)v.n);
		if (pack)
			packed(&body, &v, features);
		else if (small)
			nibbles(&body, v.data, v.n);
		else
			values(&body, &v);
		pad(&body, 4);
		count++;
	}
	u32(s, (uint32_t)count);
	str_add(s, body.p, body.len);
	str_release(&body);
	return 0;
}

static int layer(struct str *s, const struct isa_layer *l, struct err *e)
{
	text(s, l->name);
	text(s, l->layer);
	u32(s, l->role);
	i32(s, l->context);
	i32(s, l->cluster);
	i32(s, l->lcus);
	i32(s, l->subclusters);
	i32(s, l->input_aligners);
	i32(s, l->apus);
	i32(s, l->l3_weight_cuts);
	i32(s, l->group);
	u64(s, (uint64_t)l->row_cycles);
	i32(s, l->rows);
	i32(s, l->from);
	i32(s, l->to);
	i32(s, l->column_from);
	i32(s, l->column_to);
	i32(s, l->in_column);
	ints(s, &l->in);
	ints(s, &l->out);
	if (fields(s, &l->q, l->packed ? l->to - l->from : 0, e) < 0)
		return err_in(e, "layer '%s'", quote(l->name));
	return 0;
}

static void edge(struct str *s, const struct isa_edge *d)
{
	i32(s, d->from);
	i32(s, d->to);
	i32(s, d->input);
	i32(s, d->port);
	u32(s, d->kind);
	i32(s, d->rows);
	i32(s, d->row_bytes);
	u64(s, (uint64_t)d->address);
}

static void level(struct str *s, const struct post_level *l)
{
	i32(s, l->stride);
	i32(s, l->nanchor);
	for (int32_t i = 0; i < l->nanchor; i++) {
		f32(s, l->w[i]);
		f32(s, l->h[i]);
	}
}

static void post(struct str *s, const struct isa_post *t)
{
	const struct post *p = &t->post;

	text(s, t->name);
	text(s, t->io_layer);
	ints(s, &t->in);
	text(s, post_kind_name(p->kind));
	text(s, post_engine_name(p->engine));
	f64(s, p->score_th);
	f64(s, p->iou_th);
	i32(s, p->image[0]);
	i32(s, p->image[1]);
	i32(s, p->classes);
	i32(s, p->max_per_class);
	i32(s, p->background_removal ? p->background : -1);
	u32(s, p->one_class);
	for (int i = 0; i < 4; i++)
		i32(s, p->order[i]);
	i32(s, p->centers_scale);
	i32(s, p->dims_scale);
	i32(s, p->division);
	i32(s, p->nlevel);
	for (int32_t i = 0; i < p->nlevel; i++)
		level(s, &p->level[i]);
}

/* Appends a record to the image and makes it a chunk, or part of the common segment's one. */
static int record(struct isa_image *im, int32_t segment, enum isa_record kind, struct str *body,
		  struct err *e)
{
	size_t offset = im->bytes.len;
	bool join;

	if (body->len > MAX_RECORD)
		return err_set(e, "record of %zu bytes, at most %u allowed", body->len, MAX_RECORD);
	u32(&im->bytes, kind);
	u32(&im->bytes, (uint32_t)body->len);
	str_add(&im->bytes, body->p, body->len);
	pad(&im->bytes, ISA_LINE);
	body->len = 0;
	/* One pointer per layer, one for all the small records between them. */
	join = kind != ISA_REC_LAYER && im->nchunks &&
	       im->chunks[im->nchunks - 1].segment == segment &&
	       im->chunks[im->nchunks - 1].size < ISA_CCW_WORDS;
	if (join) {
		im->chunks[im->nchunks - 1].size =
		    im->bytes.len - im->chunks[im->nchunks - 1].offset;
		return 0;
	}
	VEC_GROW(im->chunks, im->nchunks, &im->cap);
	im->chunks[im->nchunks++] = (struct isa_chunk){ segment, offset, im->bytes.len - offset };
	return 0;
}

static int common(const struct isa_prog *p, struct isa_image *im, struct str *b, struct err *e)
{
	machine(b, p);
	if (record(im, 0, ISA_REC_MACHINE, b, e) < 0)
		return -1;
	for (size_t i = 0; i < p->ntensors; i++) {
		tensor(b, &p->tensors[i]);
		if (record(im, 0, ISA_REC_TENSOR, b, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->nstreams; i++) {
		stream(b, &p->streams[i]);
		if (record(im, 0, ISA_REC_STREAM, b, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->nposts; i++) {
		post(b, &p->posts[i]);
		if (record(im, 0, ISA_REC_POST, b, e) < 0)
			return -1;
	}
	return 0;
}

/* Layers of a context, then the edges that end in it. */
static int context(const struct isa_prog *p, int32_t c, struct isa_image *im, struct str *b,
		   struct err *e)
{
	for (size_t i = 0; i < p->nlayers; i++) {
		if (p->layers[i].context != c)
			continue;
		if (layer(b, &p->layers[i], e) < 0 || record(im, 1 + c, ISA_REC_LAYER, b, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->nedges; i++) {
		if (p->layers[p->edges[i].to].context != c)
			continue;
		edge(b, &p->edges[i]);
		if (record(im, 1 + c, ISA_REC_EDGE, b, e) < 0)
			return -1;
	}
	return 0;
}

/* Fills in the directory: first line and lines of each segment, counts of records. */
static void directory(const struct isa_prog *p, const struct isa_image *im, const size_t *start,
		      struct str *head)
{
	size_t nseg = 1 + (size_t)p->ncontexts;

	u32(head, ISA_MAGIC);
	u32(head, ISA_VERSION);
	u32(head, (uint32_t)nseg);
	u32(head, (uint32_t)p->ntensors);
	u32(head, (uint32_t)p->nstreams);
	u32(head, (uint32_t)p->nlayers);
	u32(head, (uint32_t)p->nedges);
	u32(head, (uint32_t)p->nposts);
	for (size_t i = 0; i < nseg; i++) {
		size_t end = i + 1 < nseg ? start[i + 1] : im->bytes.len;
		u32(head, (uint32_t)(start[i] / ISA_LINE));
		u32(head, (uint32_t)((end - start[i]) / ISA_LINE));
	}
}

int isa_encode(const struct isa_prog *p, struct isa_image *im, struct err *e)
{
	size_t nseg = 1 + (size_t)p->ncontexts, nhead = 32 + 8 * nseg;
	size_t *start = xcalloc(nseg, sizeof *start);
	struct str b = { 0 }, head = { 0 };
	void *blank = xcalloc(1, nhead);
	int r;

	*im = (struct isa_image){ 0 };
	str_add(&im->bytes, blank, nhead);
	VEC_GROW(im->chunks, im->nchunks, &im->cap);
	im->chunks[im->nchunks++] = (struct isa_chunk){ 0, 0, nhead };
	r = common(p, im, &b, e);
	for (int32_t c = 0; r == 0 && c < p->ncontexts; c++) {
		start[1 + c] = im->bytes.len;
		r = context(p, c, im, &b, e);
	}
	if (r == 0 && im->bytes.len / ISA_LINE > UINT32_MAX)
		r = err_set(e, "programme of %zu bytes, more than 32 GiB", im->bytes.len);
	if (r == 0) {
		directory(p, im, start, &head);
		memcpy(im->bytes.p, head.p, nhead);
	}
	free(blank);
	free(start);
	str_release(&b);
	str_release(&head);
	if (r < 0)
		isa_image_release(im);
	return r;
}

void isa_image_release(struct isa_image *im)
{
	str_release(&im->bytes);
	free(im->chunks);
	*im = (struct isa_image){ 0 };
}
