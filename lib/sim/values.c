/* Values: one step per physical layer, tensors in memory shared by lifetime. */
#include "base/mem.h"
#include "emu/plan.h"
#include "sim/sim.h"

struct step {
	struct intk *k; /* NULL for inputs and outputs */
	const void **in;
	void **out;
};

struct sim {
	const struct isa_prog *p;
	int32_t batch;
	struct step *steps;
	struct value *tensors;
	uint8_t *memory;
	size_t bytes;
	uint8_t *part; /* output of a layer that computes some of a tensor's features or columns */
	uint8_t *window[2]; /* what such a layer reads of its inputs when it reads some columns */
	int32_t *slot;      /* stream of each layer among inputs or outputs, -1: none */
	struct arena arena;
};

static size_t image_bytes(const struct isa_tensor *t)
{
	return (size_t)t->h * (size_t)t->w * (size_t)t->c * ((size_t)t->bits / 8);
}

static bool has_columns(const struct isa_prog *p, const struct isa_layer *l)
{
	return l->out.n == 1 && l->column_to - l->column_from != p->tensors[l->out.v[0]].w;
}

static bool is_part(const struct isa_prog *p, const struct isa_layer *l)
{
	return l->role != ISA_RELAY && l->out.n == 1 &&
	       (l->to - l->from != p->tensors[l->out.v[0]].c || has_columns(p, l));
}

/* Does it read some features of its input, those that it writes? */
static bool has_features(const struct isa_prog *p, const struct isa_layer *l)
{
	return is_part(p, l) && !has_columns(p, l) && qop_by_feature(l->q.type);
}

/* From the step that writes a tensor first to the one that reads it last. */
static void lifetimes(struct sim *s)
{
	const struct isa_prog *p = s->p;

	for (size_t i = 0; i < p->ntensors; i++)
		s->tensors[i] =
		    (struct value){ .bytes = image_bytes(&p->tensors[i]) * (size_t)s->batch,
				    .root = i,
				    .first = SIZE_MAX };
	for (size_t i = 0; i < p->nlayers; i++) {
		const struct isa_layer *l = &p->layers[i];

		for (size_t k = 0; k < l->out.n && l->role != ISA_RELAY; k++) {
			struct value *v = &s->tensors[l->out.v[k]];

			v->external = l->role == ISA_INPUT;
			if (v->first == SIZE_MAX)
				v->first = i;
			v->last = i;
		}
		for (size_t k = 0; k < l->in.n; k++)
			s->tensors[l->in.v[k]].last = i;
	}
}

static int prepare(struct sim *s, size_t i, struct err *e)
{
	const struct isa_layer *l = &s->p->layers[i];
	struct step *t = &s->steps[i];

	t->in = arena_array(&s->arena, l->in.n, sizeof *t->in);
	t->out = arena_array(&s->arena, l->out.n, sizeof *t->out);
	if ((l->role == ISA_COMPUTE || l->role == ISA_CONST) &&
	    !(t->k = intk_new(&l->q, s->batch, e)))
		return err_in(e, "layer '%s'", quote(l->name));
	return 0;
}

static void place(struct sim *s)
{
	const struct isa_prog *p = s->p;
	size_t part = 0, window[2] = { 0 };

	s->bytes = plan_memory(s->tensors, p->ntensors);
	s->memory = xaligned(s->bytes);
	for (size_t i = 0; i < p->ntensors; i++) {
		if (!s->tensors[i].external)
			s->tensors[i].data = s->memory + s->tensors[i].offset;
	}
	for (size_t i = 0; i < p->nlayers; i++) {
		const struct isa_layer *l = &p->layers[i];

		if (is_part(p, l) && s->tensors[l->out.v[0]].bytes > part)
			part = s->tensors[l->out.v[0]].bytes;
		for (size_t k = 0;
		     k < l->in.n && k < 2 && (has_columns(p, l) || has_features(p, l)); k++)
			if (s->tensors[l->in.v[k]].bytes > window[k])
				window[k] = s->tensors[l->in.v[k]].bytes;
	}
	s->part = xaligned(part);
	for (size_t k = 0; k < 2; k++)
		s->window[k] = xaligned(window[k]);
}

static void slots(struct sim *s)
{
	int32_t n[2] = { 0 };

	s->slot = arena_array(&s->arena, s->p->nlayers, sizeof *s->slot);
	for (size_t i = 0; i < s->p->nlayers; i++)
		s->slot[i] = -1;
	for (size_t i = 0; i < s->p->nstreams; i++)
		s->slot[s->p->streams[i].layer] = n[s->p->streams[i].output]++;
}

struct sim *sim_new(const struct isa_prog *p, int32_t batch, struct err *e)
{
	struct sim *s = xcalloc(1, sizeof *s);

	s->p = p;
	s->batch = batch;
	s->steps = arena_array(&s->arena, p->nlayers, sizeof *s->steps);
	s->tensors = arena_array(&s->arena, p->ntensors, sizeof *s->tensors);
	for (size_t i = 0; i < p->nlayers; i++) {
		if (prepare(s, i, e) < 0) {
			sim_free(s);
			return NULL;
		}
	}
	slots(s);
	lifetimes(s);
	place(s);
	return s;
}

void sim_free(struct sim *s)
{
	if (!s)
		return;
	for (size_t i = 0; s->steps && i < s->p->nlayers; i++)
		intk_free(s->steps[i].k);
	free(s->memory);
	free(s->part);
	free(s->window[0]);
	free(s->window[1]);
	arena_release(&s->arena);
	free(s);
}

size_t sim_memory(const struct sim *s)
{
	return s->bytes;
}

static uint8_t *tensor_memory(struct sim *s, int32_t t)
{
	return s->memory + s->tensors[t].offset;
}

/* Rows of a tensor's columns: bytes of one of them, from one to the next, and how many there are.
 */
struct strip {
	size_t at, width, step, rows;
};

static struct strip strip_of(const struct isa_tensor *t, int32_t n, int32_t from, int32_t to)
{
	size_t pixel = (size_t)t->c * ((size_t)t->bits / 8);

	return (struct strip){ (size_t)from * pixel, (size_t)(to - from) * pixel,
			       (size_t)t->w * pixel, (size_t)n * (size_t)t->h };
}

/* What a part by columns reads of input k. */
static const void *gather(struct sim *s, const struct isa_layer *l, size_t k, int32_t n)
{
	const int32_t from = k ? l->column_from : l->in_column;
	const struct strip r =
	    strip_of(&s->p->tensors[l->in.v[k]], n, from, from + l->q.in_shape.v[3 * k + 1]);
	const uint8_t *in = (const uint8_t *)s->tensors[l->in.v[k]].data + r.at;

	for (size_t y = 0; y < r.rows; y++)
		memcpy(s->window[k] + y * r.width, in + y * r.step, r.width);
	return s->window[k];
}

/* What a part by features reads. */
static const void *gather_features(struct sim *s, const struct isa_layer *l, int32_t n)
{
	const struct isa_tensor *t = &s->p->tensors[l->in.v[0]];
	const size_t element = (size_t)t->bits / 8, width = (size_t)(l->to - l->from) * element;
	const size_t pixels = (size_t)n * (size_t)t->h * (size_t)t->w;
	const uint8_t *in =
	    (const uint8_t *)s->tensors[l->in.v[0]].data + (size_t)l->from * element;

	for (size_t i = 0; i < pixels; i++)
		memcpy(s->window[0] + i * width, in + i * (size_t)t->c * element, width);
	return s->window[0];
}

static void scatter_columns(struct sim *s, const struct isa_layer *l, int32_t n)
{
	const struct strip r =
	    strip_of(&s->p->tensors[l->out.v[0]], n, l->column_from, l->column_to);
	uint8_t *out = tensor_memory(s, l->out.v[0]) + r.at;

	for (size_t y = 0; y < r.rows; y++)
		memcpy(out + y * r.step, s->part + y * r.width, r.width);
}

/* Writes what a part computed into its tensor. */
static void scatter(struct sim *s, const struct isa_layer *l, int32_t n)
{
	const struct isa_tensor *t = &s->p->tensors[l->out.v[0]];
	size_t element = (size_t)t->bits / 8, width = (size_t)(l->to - l->from) * element;
	size_t pixels = (size_t)n * (size_t)t->h * (size_t)t->w, step = (size_t)t->c * element;
	uint8_t *to = tensor_memory(s, l->out.v[0]) + (size_t)l->from * element;
	const uint8_t *from = s->part;

	if (has_columns(s->p, l)) {
		scatter_columns(s, l, n);
		return;
	}
	for (size_t i = 0; i < pixels; i++, from += width, to += step)
		memcpy(to, from, width);
}

static int compute(struct sim *s, size_t i, int32_t n, struct err *e)
{
	const struct isa_layer *l = &s->p->layers[i];
	struct step *t = &s->steps[i];
	bool part = is_part(s->p, l);
	int64_t peak = 0;

	for (size_t k = 0; k < l->in.n; k++)
		t->in[k] = has_columns(s->p, l)    ? gather(s, l, k, n)
			   : has_features(s->p, l) ? gather_features(s, l, n)
						   : s->tensors[l->in.v[k]].data;
	for (size_t k = 0; k < l->out.n; k++)
		t->out[k] = part ? s->part : tensor_memory(s, l->out.v[k]);
	if (intk_run(t->k, n, t->in, t->out, &peak, e) < 0)
		return err_in(e, "layer '%s'", quote(l->layer));
	if (peak > INT32_MAX && l->q.w_bits != 16)
		return err_set(e, "layer '%s': its accumulator reaches %lld, outside 32 bits",
			       quote(l->layer), (long long)peak);
	if (part)
		scatter(s, l, n);
	return 0;
}

int sim_run(struct sim *s, int32_t n, const void *const in[], void *const out[], struct err *e)
{
	if (n < 1 || n > s->batch)
		BUG("%d images for a batch of %d", n, s->batch);
	for (size_t i = 0; i < s->p->nlayers; i++) {
		const struct isa_layer *l = &s->p->layers[i];

		switch (l->role) {
		case ISA_INPUT:
			s->tensors[l->out.v[0]].data = in[s->slot[i]];
			break;
		case ISA_OUTPUT:
			memcpy(out[s->slot[i]], s->tensors[l->in.v[0]].data,
			       image_bytes(&s->p->tensors[l->in.v[0]]) * (size_t)n);
			break;
		case ISA_COMPUTE:
		case ISA_CONST:
			if (compute(s, i, n, e) < 0)
				return -1;
			break;
		case ISA_RELAY:
			break;
		case ISA_ROLES:
			BUG("layer %zu has no role", i);
		}
	}
	return 0;
}
