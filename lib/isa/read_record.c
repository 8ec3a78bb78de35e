/* The records of an image, one by one. */
#include "base/limits.h"
#include "base/mem.h"
#include "isa/decode.h"
#include "kernel/rice.h"

static double f64(struct cursor *c)
{
	uint64_t b = cur_u64le(c);
	double v;

	memcpy(&v, &b, 8);
	return v;
}

static void skip(struct cursor *c, size_t n)
{
	cur_bytes(c, (4 - n % 4) % 4);
}

static char *text(struct cursor *c, size_t max)
{
	uint32_t n = cur_u32le(c);
	const char *p;
	char *out;

	if (c->failed || n > max) {
		if (!c->failed)
			err_set(c->e, "a name of %u bytes, at most %zu allowed", n, max);
		c->failed = true;
		return xstrdup("");
	}
	p = cur_bytes(c, n);
	skip(c, n);
	if (!p || memchr(p, 0, n)) {
		err_set(c->e, "a name holds a NUL byte");
		c->failed = true;
		return xstrdup("");
	}
	out = xstrndup(p, n);
	return out;
}

/* Number of elements of `size` bytes, no more than the bytes that are left. */
static size_t count(struct cursor *c, size_t size)
{
	uint32_t n = cur_u32le(c);

	if (c->failed)
		return 0;
	if (n > cur_left(c) / size) {
		err_set(c->e, "a count of %u values in %zu bytes", n, cur_left(c));
		c->failed = true;
		return 0;
	}
	return n;
}

static struct qarr_i32 ints(struct cursor *c)
{
	size_t n = count(c, 4);
	struct qarr_i32 a = { xcalloc(n, 4), n };

	for (size_t i = 0; i < n; i++)
		a.v[i] = cur_i32le(c);
	return a;
}

static struct qarr_f32 floats(struct cursor *c)
{
	size_t n = count(c, 4);
	struct qarr_f32 a = { xcalloc(n, 4), n };

	for (size_t i = 0; i < n; i++)
		a.v[i] = cur_f32le(c);
	return a;
}

static void machine(struct reader *r, struct cursor *c)
{
	struct isa_prog *p = r->p;
	struct isa_machine *m = &p->machine;
	char *arch;

	free(p->net);
	p->net = text(c, ISA_MAX_NAME);
	arch = text(c, sizeof m->arch - 1);
	snprintf(m->arch, sizeof m->arch, "%s", arch);
	free(arch);
	m->hef_arch = cur_i32le(c);
	m->partial = cur_i32le(c);
	m->layout = cur_u32le(c);
	m->clusters = cur_i32le(c);
	m->lcus = cur_i32le(c);
	m->subclusters = cur_i32le(c);
	m->input_aligners = cur_i32le(c);
	m->apus = cur_i32le(c);
	m->l3_cuts = cur_i32le(c);
	p->ncontexts = cur_i32le(c);
	m->batch = cur_i32le(c);
	m->l3_cut_bytes = (int64_t)cur_u64le(c);
	m->clock_hz = f64(c);
	m->bandwidth = f64(c);
	m->per_context_s = f64(c);
	m->fixed_s_per_batch = f64(c);
	r->machine = true;
}

static void tensor(struct reader *r, struct cursor *c)
{
	struct isa_tensor *t = &r->p->tensors[r->tensors++];

	r->p->ntensors = r->tensors;
	t->name = text(c, LIMIT_NAME);
	t->port = cur_i32le(c);
	t->h = cur_i32le(c);
	t->w = cur_i32le(c);
	t->c = cur_i32le(c);
	t->rank = cur_i32le(c);
	t->bits = cur_i32le(c);
	t->zp = cur_i32le(c);
	t->scale = floats(c);
}

static void stream(struct reader *r, struct cursor *c)
{
	struct isa_stream *s = &r->p->streams[r->streams++];
	uint32_t output;

	r->p->nstreams = r->streams;
	s->name = text(c, ISA_MAX_NAME);
	s->io_layer = text(c, LIMIT_NAME);
	s->layer = cur_i32le(c);
	s->tensor = cur_i32le(c);
	output = cur_u32le(c);
	if (output > 1) {
		err_set(c->e, "a stream of direction %u", output);
		c->failed = true;
	}
	s->output = output == 1;
}

static void values(struct cursor *c, void *data, size_t size, size_t n)
{
	uint8_t *p = data;

	if (size == 1) {
		const void *from = cur_bytes(c, n);
		if (from && n)
			memcpy(p, from, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (size == 2) {
			uint16_t x = cur_u16le(c);
			memcpy(p + 2 * i, &x, 2);
		} else {
			uint32_t x = cur_u32le(c);
			memcpy(p + 4 * i, &x, 4);
		}
	}
}

static void nibbles(struct cursor *c, int8_t *w, size_t n)
{
	const uint8_t *b = cur_bytes(c, (n + 1) / 2);

	for (size_t i = 0; b && i < n; i++) {
		int v = b[i / 2] >> (i % 2 ? 4 : 0) & 15;
		w[i] = (int8_t)(v > 7 ? v - 16 : v);
	}
}

/* Weights in few bits, each feature by itself. */
static void packed(struct cursor *c, int8_t *w, size_t n)
{
	const uint32_t features = cur_u32le(c), bytes = cur_u32le(c);
	const void *from = cur_bytes(c, bytes);
	struct cursor in = cur_make(from, from ? bytes : 0, c->e);

	if (!c->failed && (features == 0 || n % features != 0 || features > bytes)) {
		err_set(c->e, "packed weights of %u features, %zu in %u bytes", features, n, bytes);
		c->failed = true;
	}
	for (uint32_t i = 0; i < features && !c->failed; i++)
		c->failed = rice_get(&in, w + i, n / features, features) < 0;
	if (!c->failed && cur_left(&in)) {
		err_set(c->e, "%zu bytes behind packed weights", cur_left(&in));
		c->failed = true;
	}
	skip(c, bytes);
}

static size_t element_bytes(enum qfield_kind k)
{
	return k == QF_V8 ? 1 : k == QF_V16 ? 2 : 4;
}

/* One field; fields come in ascending order, each at most once. */
static int field(struct cursor *c, struct qop *q, int *last, bool *is_packed)
{
	size_t nf, bytes;
	const struct qfield *f = qop_fields(&nf);
	uint16_t number = cur_u16le(c), kind = cur_u16le(c);
	uint32_t n = cur_u32le(c);
	const bool small = kind == ISA_KIND_NIBBLES, pack = kind == ISA_KIND_PACKED;
	void *data;

	if (c->failed)
		return -1;
	if (number >= nf)
		return err_set(c->e, "unknown field %u", number);
	if (number <= *last)
		return err_set(c->e, "field '%s' is out of order", f[number].name);
	*last = number;
	f += number;
	if (small || pack ? f->kind != QF_V8 : kind != (uint16_t)f->kind)
		return err_set(c->e, "field '%s' is of kind %u, %d expected", f->name, kind,
			       (int)f->kind);
	/* A packed weight has a bit at the least. */
	bytes = pack    ? (size_t)n / 8
		: small ? ((size_t)n + 1) / 2
			: (size_t)n * element_bytes(f->kind);
	if (bytes > cur_left(c))
		return err_set(c->e, "field '%s' has %u values in %zu bytes", f->name, n,
			       cur_left(c));
	if (n == 0 || (!isa_field_is_array(f) && n != 1))
		return err_set(c->e, "field '%s' has %u values", f->name, n);
	data = isa_field_alloc(q, f, n);
	if (pack) {
		*is_packed = true;
		packed(c, data, n);
		return c->failed ? -1 : 0;
	}
	if (small)
		nibbles(c, data, n);
	else
		values(c, data, element_bytes(f->kind), n);
	skip(c, bytes);
	return c->failed ? -1 : 0;
}

static void layer(struct reader *r, struct cursor *c, int32_t context)
{
	struct isa_layer *l = &r->p->layers[r->layers++];
	uint32_t role, nfields;
	int last = -1;

	r->p->nlayers = r->layers;
	l->name = text(c, LIMIT_NAME);
	l->layer = text(c, LIMIT_NAME);
	role = cur_u32le(c);
	l->context = cur_i32le(c);
	l->cluster = cur_i32le(c);
	l->lcus = cur_i32le(c);
	l->subclusters = cur_i32le(c);
	l->input_aligners = cur_i32le(c);
	l->apus = cur_i32le(c);
	l->l3_weight_cuts = cur_i32le(c);
	l->group = cur_i32le(c);
	l->row_cycles = (int64_t)cur_u64le(c);
	l->rows = cur_i32le(c);
	l->from = cur_i32le(c);
	l->to = cur_i32le(c);
	l->column_from = cur_i32le(c);
	l->column_to = cur_i32le(c);
	l->in_column = cur_i32le(c);
	l->in = ints(c);
	l->out = ints(c);
	nfields = cur_u32le(c);
	if (role >= ISA_ROLES || l->context != context) {
		err_set(c->e, "role %u in context %d of segment %d", role, l->context, context + 1);
		c->failed = true;
	}
	l->role = (enum isa_role)role;
	for (uint32_t i = 0; i < nfields && !c->failed; i++) {
		if (field(c, &l->q, &last, &l->packed) < 0) {
			err_in(c->e, "layer '%s'", quote(l->name));
			c->failed = true;
		}
	}
}

static void edge(struct reader *r, struct cursor *c)
{
	struct isa_edge *d = &r->p->edges[r->edges++];
	uint32_t kind;

	r->p->nedges = r->edges;
	d->from = cur_i32le(c);
	d->to = cur_i32le(c);
	d->input = cur_i32le(c);
	d->port = cur_i32le(c);
	kind = cur_u32le(c);
	d->rows = cur_i32le(c);
	d->row_bytes = cur_i32le(c);
	d->address = (int64_t)cur_u64le(c);
	if (kind > EDGE_DDR) {
		err_set(c->e, "an edge of kind %u", kind);
		c->failed = true;
	}
	d->kind = (enum alloc_edge_kind)kind;
}

/* A word of a table: its number there. */
static int word(struct cursor *c, int (*find)(const char *))
{
	char *t = text(c, LIMIT_NAME);
	int v = find(t);

	if (v < 0 && !c->failed) {
		err_set(c->e, "unknown word '%s'", quote(t));
		c->failed = true;
	}
	free(t);
	return v < 0 ? 0 : v;
}

static void level(struct cursor *c, struct post_level *l)
{
	l->stride = cur_i32le(c);
	l->nanchor = cur_i32le(c);
	if (!c->failed && (l->nanchor < 1 || l->nanchor > POST_ANCHORS)) {
		err_set(c->e, "%d anchors, 1 to %d allowed", l->nanchor, POST_ANCHORS);
		c->failed = true;
	}
	for (int32_t i = 0; i < l->nanchor && !c->failed; i++) {
		l->w[i] = cur_f32le(c);
		l->h[i] = cur_f32le(c);
	}
}

static void post_numbers(struct cursor *c, struct post *p)
{
	uint32_t one_class;

	p->score_th = f64(c);
	p->iou_th = f64(c);
	p->image[0] = cur_i32le(c);
	p->image[1] = cur_i32le(c);
	p->classes = cur_i32le(c);
	p->max_per_class = cur_i32le(c);
	p->background = cur_i32le(c);
	p->background_removal = p->background >= 0;
	p->background = p->background_removal ? p->background : 0;
	one_class = cur_u32le(c);
	if (one_class > 1) {
		err_set(c->e, "one_class is %u", one_class);
		c->failed = true;
	}
	p->one_class = one_class == 1;
	for (int i = 0; i < 4; i++)
		p->order[i] = cur_i32le(c);
	p->centers_scale = cur_i32le(c);
	p->dims_scale = cur_i32le(c);
	p->division = cur_i32le(c);
	p->nlevel = cur_i32le(c);
}

static void post(struct reader *r, struct cursor *c)
{
	struct isa_post *t = &r->p->posts[r->posts++];
	struct post *p = &t->post;

	r->p->nposts = r->posts;
	t->name = text(c, ISA_MAX_NAME);
	t->io_layer = text(c, LIMIT_NAME);
	t->in = ints(c);
	p->kind = (enum post_kind)word(c, post_kind_from_name);
	p->engine = (enum post_engine)word(c, post_engine_from_name);
	post_numbers(c, p);
	if (!c->failed && (p->nlevel < 1 || p->nlevel > POST_LEVELS)) {
		err_set(c->e, "%d decoders, 1 to %d allowed", p->nlevel, POST_LEVELS);
		c->failed = true;
	}
	for (int32_t i = 0; i < p->nlevel && !c->failed; i++)
		level(c, &p->level[i]);
	if (!c->failed)
		post_number_inputs(p);
}

int isa_read_record(struct reader *r, uint32_t kind, struct cursor *c, size_t seg)
{
	bool common = seg == 0;

	if (kind == ISA_REC_MACHINE && common && !r->machine)
		machine(r, c);
	else if (kind == ISA_REC_TENSOR && common && r->tensors < r->h.ntensors)
		tensor(r, c);
	else if (kind == ISA_REC_STREAM && common && r->streams < r->h.nstreams)
		stream(r, c);
	else if (kind == ISA_REC_POST && common && r->posts < r->h.nposts)
		post(r, c);
	else if (kind == ISA_REC_LAYER && !common && r->layers < r->h.nlayers)
		layer(r, c, (int32_t)seg - 1);
	else if (kind == ISA_REC_EDGE && !common && r->edges < r->h.nedges)
		edge(r, c);
	else
		return err_set(c->e, "unexpected record of kind %u in segment %zu", kind, seg);
	if (c->failed)
		return -1;
	if (cur_left(c))
		return err_set(c->e, "record of kind %u has %zu bytes too many", kind, cur_left(c));
	return 0;
}
