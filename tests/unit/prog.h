/*
 * A small programme made by hand, for the tests of isa, hef and sim:
 *
 *	input_layer1 -> conv1 (two parts) -> conv2 -> ew_add1 (conv2 + conv1) -> dense1 ->
 *output_layer1 conv2 -> output_layer2
 */
#ifndef HN_TESTS_UNIT_PROG_H
#define HN_TESTS_UNIT_PROG_H

#include "base/rng.h"
#include "isa/isa.h"

static int passed, failed;

static inline void check(bool ok, const char *what)
{
	if (ok)
		passed++;
	else
		failed++;
	if (!ok)
		printf("FAILED: %s\n", what);
}

static inline int finish(void)
{
	printf("%d passed, %d failed\n", passed, failed);
	return failed ? 1 : 0;
}

/* What differs between variants. */
struct variant {
	int contexts;                /* 2: conv2 and all after it in context 1 */
	bool partial;                /* a multi-layout chip */
	bool per_feature;            /* dense1 has a scale per feature */
	bool ddr;                    /* conv1 -> ew_add1 through external memory */
	bool relay;                  /* conv1 -> ew_add1 through a relay, layer L_ADD then */
	int32_t skip;                /* rows of the buffer conv1 -> ew_add1; 0: enough */
	int32_t w_bits;              /* of the kernels: 8 or 4 */
	bool packed;                 /* they are stored in few bits */
	const struct hef_form *form; /* of the HEF; NULL: the default */
};

enum {
	SIDE = 8,
	CIN = 3,
	MID = 8,
	CLASSES = 10
};
enum {
	L_IN,
	L_CONV1A,
	L_CONV1B,
	L_CONV2,
	L_ADD,
	L_DENSE,
	L_OUT1,
	L_OUT2,
	NLAYERS
};
enum {
	T_IN,
	T_CONV1,
	T_CONV2,
	T_ADD,
	T_DENSE,
	NTENSORS
};

static inline void set32(struct qarr_i32 *a, size_t n, const int32_t *v)
{
	a->v = xcalloc(n, sizeof *a->v);
	a->n = n;
	if (n)
		memcpy(a->v, v, n * sizeof *v);
}

static inline void setf(struct qarr_f32 *a, size_t n, float v)
{
	a->v = xcalloc(n, sizeof *a->v);
	a->n = n;
	for (size_t i = 0; i < n; i++)
		a->v[i] = v;
}

static inline void frame(struct qop *q, enum hn_type type, int nin, const int32_t *in,
			 const int32_t *out)
{
	*q = (struct qop){ .type = (int32_t)type, .nin = nin, .out_bits = 8, .out_zp = 100 };
	set32(&q->in_shape, 3 * (size_t)nin, in);
	set32(&q->out_shape, 3, out);
	set32(&q->in_bits, (size_t)nin, (int32_t[]){ 8, 8 });
	set32(&q->in_zp, (size_t)nin, (int32_t[]){ 100, 100 });
	setf(&q->in_scale, (size_t)nin, 0.5f);
	setf(&q->out_scale, 1, 0.5f);
}

static inline void stage(struct qop *q)
{
	set32(&q->mult, 1, (int32_t[]){ 20000 });
	set32(&q->shift, 1, (int32_t[]){ 24 });
	set32(&q->act_lo, 1, (int32_t[]){ 0 });
	set32(&q->act_hi, 1, (int32_t[]){ 255 });
}

static inline void weights(struct qop *q, struct rng *r, size_t n, size_t cout, int32_t bits)
{
	int32_t half = bits == 4 ? 8 : 128;

	q->w_bits = bits;
	q->groups = 1;
	setf(&q->w_scale, 1, 0.01f);
	q->kernel = (struct qarr_i8){ xcalloc(n, 1), n };
	for (size_t i = 0; i < n; i++)
		q->kernel.v[i] = (int8_t)((int32_t)(rng_u64(r) % (uint64_t)(2 * half)) - half);
	q->bias_mode = 1;
	q->bias_mant = (struct qarr_i16){ xcalloc(cout, 2), cout };
	for (size_t i = 0; i < cout; i++)
		q->bias_mant.v[i] = (int16_t)(rng_u64(r) % 2000);
}

static inline void conv(struct qop *q, struct rng *r, int32_t cin, int32_t cout, int32_t bits)
{
	frame(q, HN_CONV, 1, (int32_t[]){ SIDE, SIDE, cin }, (int32_t[]){ SIDE, SIDE, cout });
	set32(&q->kernel_hw, 2, (int32_t[]){ 3, 3 });
	set32(&q->stride, 2, (int32_t[]){ 1, 1 });
	set32(&q->dilation, 2, (int32_t[]){ 1, 1 });
	set32(&q->pad, 4, (int32_t[]){ 1, 1, 1, 1 });
	weights(q, r, (size_t)(9 * cin * cout), (size_t)cout, bits);
	stage(q);
}

static inline void kernels(struct isa_prog *p, const struct variant *v)
{
	const int32_t mid[] = { SIDE, SIDE, MID, SIDE, SIDE, MID }, out[] = { 1, 1, CLASSES };
	int32_t bits = v->w_bits ? v->w_bits : 8;
	struct qop whole;
	struct rng r;
	struct err e = { 0 };

	rng_init(&r, 1, "prog");
	frame(&p->layers[L_IN].q, HN_INPUT, 0, NULL, (int32_t[]){ SIDE, SIDE, CIN });
	conv(&whole, &r, CIN, MID, bits);
	qop_slice_features(&whole, 0, MID / 2, &p->layers[L_CONV1A].q, &e);
	qop_slice_features(&whole, MID / 2, MID, &p->layers[L_CONV1B].q, &e);
	qop_release(&whole);
	conv(&p->layers[L_CONV2].q, &r, MID, MID, bits);
	frame(&p->layers[L_ADD].q, HN_EW_ADD, 2, mid, mid);
	stage(&p->layers[L_ADD].q);
	set32(&p->layers[L_ADD].q.in_mult, 2, (int32_t[]){ 20000, 20000 });
	set32(&p->layers[L_ADD].q.in_shift, 2, (int32_t[]){ 8, 8 });
	frame(&p->layers[L_DENSE].q, HN_DENSE, 1, mid, out);
	set32(&p->layers[L_DENSE].q.kernel_hw, 2, (int32_t[]){ 1, 1 });
	weights(&p->layers[L_DENSE].q, &r, SIDE * SIDE * MID * CLASSES, CLASSES, bits);
	stage(&p->layers[L_DENSE].q);
	if (v->per_feature) {
		free(p->layers[L_DENSE].q.out_scale.v);
		setf(&p->layers[L_DENSE].q.out_scale, CLASSES, 0.5f);
		p->layers[L_DENSE].q.out_scale.v[3] = 0.25f;
	}
	frame(&p->layers[L_OUT1].q, HN_OUTPUT, 1, out, out);
	frame(&p->layers[L_OUT2].q, HN_OUTPUT, 1, mid, mid);
	for (int i = 0; i < NLAYERS && v->packed; i++)
		p->layers[i].packed = p->layers[i].q.kernel.n > 0;
}

static inline void tensor(struct isa_prog *p, int i, const char *name, int32_t h, int32_t w,
			  int32_t c, int32_t rank)
{
	p->tensors[i] = (struct isa_tensor){ xstrdup(name), 0, h, w, c, rank, 8, 100, { 0 } };
	setf(&p->tensors[i].scale, 1, 0.5f);
}

static inline void layer(struct isa_prog *p, int i, const char *name, const char *logical,
			 enum isa_role role, int in0, int in1, int out)
{
	struct isa_layer *l = &p->layers[i];

	l->name = xstrdup(name);
	l->layer = xstrdup(logical);
	l->role = role;
	l->group = -1;
	l->cluster = role == ISA_COMPUTE ? i % 4 : -1;
	l->lcus = l->subclusters = l->input_aligners = l->apus = role == ISA_COMPUTE;
	l->row_cycles = role == ISA_COMPUTE ? 100 + i : 0;
	l->rows = p->tensors[out >= 0 ? out : in0].h;
	l->to = p->tensors[out >= 0 ? out : in0].c;
	l->column_to = p->tensors[out >= 0 ? out : in0].w;
	set32(&l->in, (size_t)((in0 >= 0) + (in1 >= 0)), (int32_t[]){ in0, in1 });
	set32(&l->out, out >= 0, (int32_t[]){ out });
}

static inline void edge(struct isa_prog *p, int from, int to, int input, enum alloc_edge_kind kind,
			int32_t rows)
{
	struct isa_edge *d = &p->edges[p->nedges++];
	bool crosses = p->layers[from].context != p->layers[to].context;

	*d = (struct isa_edge){ from,
				to,
				input,
				0,
				crosses ? EDGE_INTER_CONTEXT : kind,
				rows,
				SIDE * MID,
				4096 * (int64_t)p->nedges };
}

static inline void machine(struct isa_prog *p, const struct variant *v)
{
	p->machine = (struct isa_machine){ .hef_arch = v->partial ? 3 : 1,
					   .partial = v->partial,
					   .layout = v->partial ? 0x33 : 0,
					   .clusters = 8,
					   .lcus = 16,
					   .subclusters = 64,
					   .input_aligners = 32,
					   .apus = 20,
					   .l3_cuts = 128,
					   .l3_cut_bytes = 32768,
					   .clock_hz = 4e8,
					   .bandwidth = 3.5e9,
					   .per_context_s = 0.0025,
					   .batch = 4 };
	snprintf(p->machine.arch, sizeof p->machine.arch, "%s", v->partial ? "hailo8l" : "hailo8");
	p->net = xstrdup("net");
	p->ncontexts = v->contexts > 1 ? 2 : 1;
}

static inline void stream(struct isa_prog *p, const char *name, const char *io, int layer_index,
			  int t, bool output)
{
	p->streams[p->nstreams++] =
	    (struct isa_stream){ xstrdup(name), xstrdup(io), layer_index, t, output };
}

/* Layers from L_ADD on are one further; the parts' edges into the addition now go to the relay. */
static inline void add_relay(struct isa_prog *p, enum alloc_edge_kind kind)
{
	memmove(&p->layers[L_ADD + 1], &p->layers[L_ADD], (p->nlayers - L_ADD) * sizeof *p->layers);
	p->layers[L_ADD] = (struct isa_layer){ 0 };
	p->nlayers++;
	layer(p, L_ADD, "net/relay", "net/relay", ISA_RELAY, T_CONV1, -1, T_CONV1);
	p->layers[L_ADD].context = p->layers[L_ADD + 1].context;
	p->layers[L_ADD].row_cycles = 5;
	for (size_t i = 0; i < p->nedges; i++) {
		struct isa_edge *d = &p->edges[i];

		d->from += d->from >= L_ADD;
		d->to += d->to >= L_ADD;
		if (d->to != L_ADD + 1 || d->input != 1)
			continue;
		d->to = L_ADD;
		d->input = 0;
		if (d->kind != EDGE_INTER_CONTEXT)
			d->kind = kind;
	}
	for (size_t i = 0; i < p->nstreams; i++)
		p->streams[i].layer += p->streams[i].layer >= L_ADD;
	edge(p, L_ADD, L_ADD + 1, 1, EDGE_L3, 2);
}

static inline struct isa_prog *make_prog(const struct variant *v)
{
	struct isa_prog *p = xcalloc(1, sizeof *p);
	int32_t skip = v->skip ? v->skip : SIDE;

	machine(p, v);
	p->ntensors = NTENSORS;
	p->nlayers = NLAYERS;
	p->tensors = xcalloc(NTENSORS, sizeof *p->tensors);
	p->layers = xcalloc(NLAYERS + 1, sizeof *p->layers);
	p->edges = xcalloc(32, sizeof *p->edges);
	p->streams = xcalloc(3, sizeof *p->streams);
	tensor(p, T_IN, "net/input_layer1", SIDE, SIDE, CIN, 4);
	tensor(p, T_CONV1, "net/conv1", SIDE, SIDE, MID, 4);
	tensor(p, T_CONV2, "net/conv2", SIDE, SIDE, MID, 4);
	tensor(p, T_ADD, "net/ew_add1", SIDE, SIDE, MID, 4);
	tensor(p, T_DENSE, "net/dense1", 1, 1, CLASSES, 2);
	if (v->per_feature) {
		free(p->tensors[T_DENSE].scale.v);
		setf(&p->tensors[T_DENSE].scale, CLASSES, 0.5f);
		p->tensors[T_DENSE].scale.v[3] = 0.25f;
	}
	layer(p, L_IN, "net/input_layer1", "net/input_layer1", ISA_INPUT, -1, -1, T_IN);
	layer(p, L_CONV1A, "net/conv1_d0", "net/conv1", ISA_COMPUTE, T_IN, -1, T_CONV1);
	layer(p, L_CONV1B, "net/conv1_d1", "net/conv1", ISA_COMPUTE, T_IN, -1, T_CONV1);
	p->layers[L_CONV1A].to = p->layers[L_CONV1B].from = MID / 2;
	layer(p, L_CONV2, "net/conv2", "net/conv2", ISA_COMPUTE, T_CONV1, -1, T_CONV2);
	layer(p, L_ADD, "net/ew_add1", "net/ew_add1", ISA_COMPUTE, T_CONV2, T_CONV1, T_ADD);
	layer(p, L_DENSE, "net/dense1", "net/dense1", ISA_COMPUTE, T_ADD, -1, T_DENSE);
	layer(p, L_OUT1, "net/output_layer1", "net/output_layer1", ISA_OUTPUT, T_DENSE, -1, -1);
	layer(p, L_OUT2, "net/output_layer2", "net/output_layer2", ISA_OUTPUT, T_CONV2, -1, -1);
	for (int i = L_CONV2; v->contexts > 1 && i < NLAYERS; i++)
		p->layers[i].context = 1;
	kernels(p, v);
	edge(p, L_IN, L_CONV1A, 0, EDGE_BOUNDARY, 4);
	edge(p, L_IN, L_CONV1B, 0, EDGE_BOUNDARY, 4);
	edge(p, L_CONV1A, L_CONV2, 0, EDGE_L3, 4);
	edge(p, L_CONV1B, L_CONV2, 0, EDGE_L3, 4);
	edge(p, L_CONV2, L_ADD, 0, EDGE_L3, 2);
	edge(p, L_CONV1A, L_ADD, 1, v->ddr ? EDGE_DDR : EDGE_L3, skip);
	edge(p, L_CONV1B, L_ADD, 1, v->ddr ? EDGE_DDR : EDGE_L3, skip);
	edge(p, L_ADD, L_DENSE, 0, EDGE_L3, SIDE);
	edge(p, L_DENSE, L_OUT1, 0, EDGE_BOUNDARY, 1);
	edge(p, L_CONV2, L_OUT2, 0, EDGE_BOUNDARY, 2);
	stream(p, "net/input_layer1", "net/input_layer1", L_IN, T_IN, false);
	stream(p, "net/dense1", "net/output_layer1", L_OUT1, T_DENSE, true);
	stream(p, "net/conv2", "net/output_layer2", L_OUT2, T_CONV2, true);
	if (v->relay)
		add_relay(p, v->ddr ? EDGE_DDR : EDGE_L3);
	return p;
}

#endif
