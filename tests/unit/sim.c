/* The simulator: values by parts against whole layers, time against hand-counted pipelines. */
#include "sim/sim.h"
#include "emu/plan.h"
#include "prog.h"
#include <math.h>

enum {
	IMAGES = 5,
	IN_BYTES = SIDE * SIDE * CIN,
	MID_BYTES = SIDE * SIDE * MID
};

/* Runs IMAGES images in batches; out1: IMAGES x CLASSES, out2: IMAGES x MID_BYTES codes. */
static void run(const struct variant *v, int batch, uint8_t *out1, uint8_t *out2)
{
	struct isa_prog *p = make_prog(v);
	struct err e = { 0 };
	struct sim *s = sim_new(p, batch, &e);
	uint8_t in[IMAGES * IN_BYTES];
	struct rng r;

	rng_init(&r, 3, "images");
	for (size_t i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)rng_u64(&r);
	for (int at = 0; s && at < IMAGES; at += batch) {
		int n = IMAGES - at < batch ? IMAGES - at : batch;
		const void *x[] = { in + at * IN_BYTES };
		void *y[] = { out1 + at * CLASSES, out2 + at * MID_BYTES };

		if (sim_run(s, n, x, y, &e) < 0)
			break;
	}
	check(!err_is(&e), e.msg[0] ? e.msg : "a programme runs");
	sim_free(s);
	isa_free(p);
}

/* conv1 and conv2 by hand, from whole records. */
static void reference(uint8_t *out2)
{
	struct qop a, b;
	struct rng r, weights_of;
	struct err e = { 0 };
	uint8_t in[IMAGES * IN_BYTES], mid[IMAGES * MID_BYTES];
	struct intk *k;

	rng_init(&r, 3, "images");
	for (size_t i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)rng_u64(&r);
	rng_init(&weights_of, 1, "prog");
	conv(&a, &weights_of, CIN, MID, 8);
	conv(&b, &weights_of, MID, MID, 8);
	k = intk_new(&a, IMAGES, &e);
	intk_run(k, IMAGES, (const void *[]){ in }, (void *[]){ mid }, NULL, &e);
	intk_free(k);
	k = intk_new(&b, IMAGES, &e);
	intk_run(k, IMAGES, (const void *[]){ mid }, (void *[]){ out2 }, NULL, &e);
	intk_free(k);
	check(!err_is(&e), "the kernels run");
	qop_release(&a);
	qop_release(&b);
}

static void values(void)
{
	static uint8_t a1[IMAGES * CLASSES], a2[IMAGES * MID_BYTES], b1[sizeof a1], b2[sizeof a2];
	static const struct variant forms[] = {
		{ 0 }, { .contexts = 2 }, { .ddr = true }, { .partial = true }, { .relay = true }
	};

	run(&forms[0], IMAGES, a1, a2);
	reference(b2);
	check(memcmp(a2, b2, sizeof a2) == 0, "parts of a layer give the whole layer's values");
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		for (int batch = 1; batch <= IMAGES; batch += 2) {
			memset(b1, 0, sizeof b1);
			memset(b2, 0, sizeof b2);
			run(&forms[i], batch, b1, b2);
			check(memcmp(a1, b1, sizeof a1) == 0 && memcmp(a2, b2, sizeof a2) == 0,
			      "values do not depend on contexts, memory or batch");
		}
	}
}

static int timed(const struct variant *v, void (*change)(struct isa_prog *p), struct sim_time *t,
		 struct err *e)
{
	static const uint64_t words[2] = { 35000, 70000 };
	struct isa_prog *p = make_prog(v);
	int r;

	if (change)
		change(p);
	r = sim_time_run(p, 4, words, t, e);
	isa_free(p);
	return r;
}

/* Every layer takes 100 cycles a row but conv2, which takes 200; the link is fast. */
static void even(struct isa_prog *p)
{
	for (size_t i = 0; i < p->nlayers; i++)
		if (p->layers[i].role == ISA_COMPUTE)
			p->layers[i].row_cycles = 100;
	p->layers[L_CONV2].row_cycles = 200;
	p->machine.bandwidth = 1e15;
}

static void steady(void)
{
	struct err e = { 0 };
	struct sim_time t;

	check(timed(&(struct variant){ 0 }, even, &t, &e) == 0, e.msg);
	check(t.contexts[0].interval == 8 * 200, "the slowest layer sets the interval");
	check(t.contexts[0].slowest == L_CONV2, "the slowest layer is named");
	check(t.fps == 4e8 / 1600, "frames per second");
	/* Two rows in, a cycle each; two rows of conv1; conv2 then takes 8 rows; ew_add the last
	   one; dense the last of its 8 steps, 100 / 8 cycles; one cycle out, after at most one
	   row of each other stream. */
	check(t.contexts[0].latency >= 2 + 200 + 1600 + 100 + 13 + 1 &&
		  t.contexts[0].latency <= 2 + 200 + 1600 + 100 + 13 + 3,
	      "latency of one frame");
	check(t.layers[L_CONV2].busy == 1600 && t.layers[L_ADD].busy == 800, "busy cycles");
	sim_time_release(&t);
}

static void small_buffer(struct isa_prog *p)
{
	even(p);
	p->edges[2].rows = p->edges[3].rows = 3; /* conv1 -> conv2, which reads three rows */
}

static void tight(void)
{
	struct err e = { 0 };
	struct sim_time t;

	/* With room for three rows, conv1 makes a row only while conv2 waits. */
	check(timed(&(struct variant){ 0 }, small_buffer, &t, &e) == 0, e.msg);
	check(t.contexts[0].interval > 8 * 200 && t.contexts[0].interval <= 8 * 300,
	      "a tight buffer costs time");
	check(t.edges[2].peak == 3, "a buffer's peak");
	sim_time_release(&t);
}

static void tiny_buffer(struct isa_prog *p)
{
	p->edges[2].rows = 2;
}

static void narrow_flatten(struct isa_prog *p)
{
	p->edges[7].rows = 1; /* ew_add1 -> dense1, which adds up all 8 rows, one after another */
}

static void deadlocks(void)
{
	struct err e = { 0 };
	struct sim_time t;

	check(timed(&(struct variant){ .skip = 1 }, NULL, &t, &e) < 0 &&
		  strcmp(e.msg, "deadlock: buffer from 'net/conv1_d0' to 'net/ew_add1' holds 1 "
				"rows, 2 needed") == 0,
	      e.msg);
	e = (struct err){ 0 };
	check(timed(&(struct variant){ 0 }, tiny_buffer, &t, &e) < 0 &&
		  strcmp(e.msg, "deadlock: buffer from 'net/conv1_d0' to 'net/conv2' holds 2 rows, "
				"3 needed") == 0,
	      e.msg);
	e = (struct err){ 0 };
	check(timed(&(struct variant){ 0 }, narrow_flatten, &t, &e) == 0, e.msg);
	check(t.edges[7].peak == 1, "a sum over rows needs one at a time");
	sim_time_release(&t);
}

static void contexts(void)
{
	struct err e = { 0 };
	struct sim_time t;
	int64_t load;

	check(timed(&(struct variant){ .contexts = 2 }, NULL, &t, &e) == 0, e.msg);
	load = t.contexts[1].load;
	check(load == 8000, "configuration at the link's bandwidth");
	/* Two switches of 2.5 ms, longer than both loads and both fills. */
	check(
	    fabs(t.batch_s - (4 * (double)(t.contexts[0].interval + t.contexts[1].interval) / 4e8 +
			      2 * 0.0025)) < 1e-9,
	    "a batch is its frames and the switches");
	check(t.contexts[0].batch == 4 * t.contexts[0].interval, "a batch in a context");
	check(t.fps == 4 / t.batch_s, "frames per second in batches");
	check(t.latency_s > 0.005 && t.latency_s < 0.0051, "one frame takes two switches");
	sim_time_release(&t);
}

static void external_memory_takes_the_link(void)
{
	struct err e = { 0 };
	struct sim_time a, b;

	check(timed(&(struct variant){ 0 }, NULL, &a, &e) == 0 &&
		  timed(&(struct variant){ .ddr = true }, NULL, &b, &e) == 0,
	      e.msg);
	check(b.contexts[0].latency >= a.contexts[0].latency,
	      "rows through external memory are not faster");
	sim_time_release(&a);
	sim_time_release(&b);
}

/* A relay with a slow row sets the interval; with a link, its rows and those of in- and outputs
 * add up. */
static void slow_relay(struct isa_prog *p)
{
	even(p);
	p->layers[L_ADD].row_cycles = 300;
}

static void relays_take_time(void)
{
	struct err e = { 0 };
	struct sim_time a, b;

	check(timed(&(struct variant){ .relay = true }, slow_relay, &a, &e) == 0 &&
		  timed(&(struct variant){ .relay = true, .ddr = true }, slow_relay, &b, &e) == 0,
	      e.msg);
	check(a.contexts[0].interval == SIDE * 300, "a slow relay sets the interval");
	/* 8 rows of the input, 8 and 1 of the outputs, a cycle each, share the link with it; the
	   input may be some rows ahead. */
	check(b.contexts[0].interval > SIDE * 300 &&
		  b.contexts[0].interval <= SIDE * 300 + SIDE + SIDE + 1,
	      "a relay through external memory shares the link");
	check(a.contexts[0].slowest == L_ADD, "the slowest layer is the relay");
	sim_time_release(&a);
	sim_time_release(&b);
}

/* conv2 and ew_add1 take turns: their cycles add up, and each waits for the other. */
static void merged(struct isa_prog *p)
{
	even(p);
	p->layers[L_ADD].cluster = p->layers[L_CONV2].cluster;
	p->layers[L_CONV2].group = p->layers[L_ADD].group = L_CONV2;
}

static void merged_layers_take_turns(void)
{
	struct err e = { 0 };
	struct sim_time t;

	check(timed(&(struct variant){ 0 }, merged, &t, &e) == 0, e.msg);
	check(t.contexts[0].interval == 8 * 200 + 8 * 100, "cycles of merged layers add up");
	check(t.contexts[0].slowest == L_CONV2, "the slowest layer is the slower of them");
	check(t.layers[L_CONV2].busy == 1600 && t.layers[L_ADD].busy == 800,
	      "each has its own rows");
	check(t.layers[L_CONV2].shared + t.layers[L_ADD].shared > 0, "they wait for each other");
	check(t.layers[L_CONV1A].shared == 0, "others do not");
	sim_time_release(&t);
}

static void memory_is_shared(void)
{
	struct isa_prog *p = make_prog(&(struct variant){ 0 });
	struct err e = { 0 };
	struct sim *s = sim_new(p, 1, &e);

	/* conv1, conv2 and ew_add1 live at once when ew_add1 runs. */
	check(s && sim_memory(s) >= 3 * MID_BYTES && sim_memory(s) < 4 * MID_BYTES,
	      "tensors share memory by lifetime");
	sim_free(s);
	isa_free(p);
}

int main(void)
{
	values();
	steady();
	tight();
	deadlocks();
	contexts();
	external_memory_takes_the_link();
	relays_take_time();
	merged_layers_take_turns();
	memory_is_shared();
	return finish();
}
