/*
 * Records: rounding against exact arithmetic, storing and loading, and hostile records: a valid one
 * with any field changed is either refused or runs without harm (the sanitized build sees harm).
 */
#include "base/outfile.h"
#include "base/rng.h"
#include "emu/emu.h"
#include "hn/layer.h"
#include "layer_case.h"
#include "quant/quant.h"

#include <math.h>

enum {
	CHANGES = 400,
	MAX_VALUES = 4096,
	MAX_RUN = 1 << 18
};

static int passed, failed;

static void check(bool ok, const char *what, const char *why)
{
	if (ok)
		passed++;
	else
		failed++;
	if (!ok)
		printf("not as expected: %s: %s\n", what, why);
}

static void rounding(struct rng *r)
{
	int wrong = 0;
	int far = 0;

	for (int i = 0; i < 200000; i++) {
		int64_t x = (int64_t)(rng_u64(r) >> 32) - ((int64_t)1 << 31);
		int32_t mult = (int32_t)(rng_u64(r) % 65535) - 32767;
		int32_t shift = (int32_t)(rng_u64(r) % 60);
		long double exact = ldexpl((long double)x * mult, -shift);

		wrong += fixed_scale(x, mult, shift) != (int64_t)roundl(exact);
	}
	for (int i = 0; i < 20000; i++) {
		double v = ldexp(rng_uniform(r) - 0.5, (int)(rng_u64(r) % 40) - 30);
		int32_t mult;
		int32_t shift;

		fixed_from_real(v, &mult, &shift);
		far += fabs(ldexp(mult, -shift) - v) > fabs(v) * ldexp(1, -15);
		far += mult != 0 && (abs(mult) < 16384 || abs(mult) > 32767);
	}
	check(wrong == 0, "fixed_scale", "rounds otherwise than half away from zero");
	check(far == 0, "fixed_from_real", "is not the nearest multiplier of 15 bits");
	check(fixed_scale(5, 1, 1) == 3 && fixed_scale(-5, 1, 1) == -3 &&
		  fixed_scale(3, 2, -2) == 24,
	      "fixed_scale", "halves");
	check(quantize_value(-0.5, 1, 10, 8) == 9 && quantize_value(0.5, 1, 10, 8) == 11 &&
		  quantize_value(1e30, 1, 0, 8) == 255 && quantize_value(-INFINITY, 1, 7, 8) == 0 &&
		  quantize_value((double)NAN, 1, 7, 8) == 0 &&
		  quantize_value(1e30, 1, 0, 16) == 65535,
	      "quantize_value", "rounds or saturates wrongly");
}

static void stored(const struct qop *q, const char *line)
{
	struct err e = { 0 };
	struct tensors *t = tensors_new();
	struct qop again;

	qop_store(q, t, "n/x");
	if (qop_load(&again, t, "n/x", &e) == 0) {
		check(qop_equal(q, &again), line, "loaded is not what was stored");
		qop_release(&again);
	} else {
		check(false, line, e.msg);
	}
	tensors_free(t);
}

static int32_t odd_value(struct rng *r, int32_t was)
{
	static const int32_t odd[] = { 0,     1,       -1,      2,         3,        7,
				       8,     15,      16,      62,        63,       127,
				       128,   255,     256,     4096,      32767,    32768,
				       65535, 1 << 20, 1 << 24, INT32_MAX, INT32_MIN };

	if (rng_u64(r) % 4 == 0)
		return was + (int32_t)(rng_u64(r) % 5) - 2;
	return odd[rng_u64(r) % (sizeof odd / sizeof *odd)];
}

/* Changes one number or one length of one field. */
static void change(struct qop *q, struct rng *r)
{
	size_t n;
	const struct qfield *f = qop_fields(&n);
	size_t k = rng_u64(r) % n;
	char *at = (char *)q + f[k].offset;
	struct qarr_i32 *a = (void *)at;
	size_t size = f[k].kind == QF_V8 ? 1 : f[k].kind == QF_V16 ? 2 : 4;
	float strange = rng_u64(r) % 2 ? NAN : 1e30f;
	int32_t v = odd_value(r, 0);

	if (f[k].kind == QF_S32) {
		v = odd_value(r, *(int32_t *)(void *)at);
		memcpy(at, &v, 4);
	} else if (f[k].kind != QF_F32 && (a->n == 0 || rng_u64(r) % 3 == 0)) {
		size_t was = a->n;

		a->n = rng_u64(r) % 2 ? was / 2 : was + 1 + rng_u64(r) % 3;
		a->v = xreallocarray(a->v, a->n, size);
		if (a->n > was)
			memset((char *)a->v + was * size, 0, (a->n - was) * size);
	} else if (f[k].kind != QF_F32) {
		char *to = (char *)a->v + rng_u64(r) % a->n * size;

		if (size == 4 && f[k].kind == QF_V32)
			v = odd_value(r, *(int32_t *)(void *)to);
		memcpy(to, f[k].kind == QF_VF ? (const void *)&strange : (const void *)&v, size);
	}
}

static size_t shape_values(const int32_t *s)
{
	return (size_t)s[0] * (size_t)s[1] * (size_t)s[2];
}

/* Row y of output port p. */
static const uint8_t *row_of(const struct qop *q, void *const *out, size_t p, int32_t y)
{
	const int32_t *s = q->out_shape.v + 3 * p;

	return (const uint8_t *)out[p] +
	       (size_t)y * (size_t)s[1] * (size_t)s[2] * (size_t)q->out_bits / 8;
}

/* Another row of an input: only output rows that need it may change. */
static void one_row(const struct qop *q, struct rng *r, struct intk *k, void **in, void *const *out,
		    const char *line)
{
	const size_t i = rng_u64(r) % (size_t)q->nin, nout = q->out_shape.n / 3;
	const int32_t *s = q->in_shape.v + 3 * i;
	const size_t bytes = (size_t)s[1] * (size_t)s[2] * (size_t)q->in_bits.v[i] / 8;
	const int32_t at = (int32_t)(rng_u64(r) % (uint64_t)s[0]);
	void **now = xcalloc(nout, sizeof *now);
	struct err e = { 0 };
	int64_t peak = 0;

	for (size_t b = 0; b < bytes; b++)
		((uint8_t *)in[i])[(size_t)at * bytes + b] = (uint8_t)rng_u64(r);
	for (size_t p = 0; p < nout; p++)
		now[p] = xmalloc(shape_values(q->out_shape.v + 3 * p) * (size_t)q->out_bits / 8);
	check(intk_run(k, 1, (const void *const *)in, now, &peak, &e) == 0, line, e.msg);
	for (size_t p = 0; p < nout; p++)
		for (int32_t y = 0; y < q->out_shape.v[3 * p]; y++) {
			const size_t size = (size_t)(row_of(q, now, p, 1) - row_of(q, now, p, 0));
			int32_t first, last;

			qop_rows_needed(q, i, y, &first, &last);
			if ((at < first || at > last) &&
			    memcmp(row_of(q, now, p, y), row_of(q, out, p, y), size) != 0)
				check(false, line, "a row depends on one that it does not need");
		}
	for (size_t p = 0; p < nout; p++)
		free(now[p]);
	free(now);
}

/* Runs one image of random codes in buffers of exactly the record's sizes. */
static void run(const struct qop *q, struct rng *r, const char *line)
{
	struct err e = { 0 };
	size_t nin = (size_t)q->nin;
	size_t nout = q->out_shape.n / 3;
	void **in = xcalloc(nin + 1, sizeof *in);
	void **out = xcalloc(nout, sizeof *out);
	struct intk *k = intk_new(q, 1, &e);
	int64_t peak = 0;
	int32_t first;
	int32_t last;

	for (size_t i = 0; i < nin; i++) {
		size_t n = shape_values(q->in_shape.v + 3 * i) * (size_t)q->in_bits.v[i] / 8;

		in[i] = xmalloc(n);
		for (size_t b = 0; b < n; b++)
			((uint8_t *)in[i])[b] = (uint8_t)rng_u64(r);
		for (int32_t y = 0; y < q->out_shape.v[0]; y++) {
			qop_rows_needed(q, i, y, &first, &last);
			if (last >= first && (first < 0 || last >= q->in_shape.v[3 * i]))
				check(false, line, "needs rows outside its input");
		}
		for (int32_t y = 0; y < qop_lines(q) * qop_row_steps(q); y++) {
			const int32_t *s = q->in_shape.v + 3 * i;
			const int32_t lines = qop_map_lines(s[0], s[1]);

			qop_step_lines(q, i, y, qop_lines(q) * qop_row_steps(q), lines, &first,
				       &last);
			if (last >= first && (first < 0 || last >= lines))
				check(false, line, "needs lines outside its input");
		}
	}
	for (size_t p = 0; p < nout; p++)
		out[p] = xmalloc(shape_values(q->out_shape.v + 3 * p) * (size_t)q->out_bits / 8);
	check(!k || intk_run(k, 1, (const void *const *)in, out, &peak, &e) == 0, line, e.msg);
	if (k && nin > 0)
		one_row(q, r, k, in, out, line);
	for (size_t i = 0; i < nin; i++)
		free(in[i]);
	for (size_t p = 0; p < nout; p++)
		free(out[p]);
	intk_free(k);
	free(in);
	free(out);
}

/* Reshapes keep the order of values, so that the rows that hold those of one are known. */
static void reshapes(void)
{
	static const struct {
		int32_t in[3], out[3], y, first, last;
	} want[] = {
		{ { 56, 56, 96 }, { 8, 7, 5376 }, 1, 7, 13 },
		{ { 64, 49, 96 }, { 8, 8, 4704 }, 7, 56, 63 },
		{ { 8, 7, 5376 }, { 56, 56, 96 }, 13, 1, 1 },
		{ { 1, 196, 4 }, { 14, 14, 4 }, 13, 0, 0 },
		{ { 14, 14, 4 }, { 1, 196, 4 }, 0, 0, 13 },
		{ { 4, 3, 1 }, { 3, 4, 1 }, 1, 1, 2 },
	};

	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		int32_t in[3], out[3], zero = 0, first, last;
		struct qop q = { .type = HN_FORMAT_CONVERSION,
				 .nin = 1,
				 .in_shape = { in, 3 },
				 .out_shape = { out, 3 },
				 .geom = { &zero, 1 } };

		memcpy(in, want[i].in, sizeof in);
		memcpy(out, want[i].out, sizeof out);
		qop_rows_needed(&q, 0, want[i].y, &first, &last);
		check(first == want[i].first && last == want[i].last, "reshape", "rows of a row");
	}
}

/* Bytes of line k of `lines` of a map: its rows or, of one row, 8 columns each; 1: the map. */
static void line_bytes(const int32_t *s, int32_t bits, int32_t lines, int32_t k, size_t *from,
		       size_t *to)
{
	const size_t pixel = (size_t)s[2] * (size_t)bits / 8,
		     all = shape_values(s) * (size_t)bits / 8;
	const size_t line = lines == 1 ? all : pixel * (size_t)(s[0] > 1 ? s[1] : 8);

	*from = (size_t)k * line;
	*to = *from + line < all ? *from + line : all;
}

/* Other codes everywhere but in the lines of input i that line k of the output reads. */
static void change_others(const struct qop *q, size_t i, int32_t k, int32_t from_lines,
			  struct rng *r, uint8_t *codes, const char *line)
{
	const int32_t *s = q->in_shape.v + 3 * i, steps = qop_row_steps(q);
	bool *reads = xcalloc((size_t)from_lines, sizeof *reads);

	for (int32_t step = k * steps; step < (k + 1) * steps; step++) {
		int32_t first, last;

		qop_step_lines(q, i, step, qop_lines(q) * steps, from_lines, &first, &last);
		if (last >= first && (first < 0 || last >= from_lines)) {
			check(false, line, "reads lines outside its input");
			break;
		}
		for (; first <= last; first++)
			reads[first] = true;
	}
	for (int32_t l = 0; l < from_lines; l++) {
		size_t from, to;

		line_bytes(s, q->in_bits.v[i], from_lines, l, &from, &to);
		for (size_t b = from; b < to && !reads[l]; b++)
			codes[b] = (uint8_t)rng_u64(r);
	}
	free(reads);
}

/* Line k of the output stays what it is when only lines change that it is not said to read. */
static void line_stays(const struct qop *q, struct intk *kernel, int32_t k, bool whole,
		       const void *const *in, uint8_t *const *out, struct rng *r, const char *line)
{
	struct err e = { 0 };
	const size_t nin = (size_t)q->nin, size = shape_values(q->out_shape.v) * 2;
	uint8_t **other = xcalloc(nin + 1, sizeof *other);
	void **result = xcalloc(q->out_shape.n / 3, sizeof *result);
	size_t from, to;
	int64_t peak = 0;

	for (size_t i = 0; i < nin; i++) {
		const int32_t *s = q->in_shape.v + 3 * i;
		const size_t n = shape_values(s) * (size_t)q->in_bits.v[i] / 8;

		other[i] = xmalloc(n);
		memcpy(other[i], in[i], n);
		change_others(q, i, k, whole ? s[0] : qop_map_lines(s[0], s[1]), r, other[i], line);
	}
	for (size_t p = 0; p < q->out_shape.n / 3; p++)
		result[p] = xcalloc(1, size * q->out_shape.n);
	line_bytes(q->out_shape.v, q->out_bits, qop_lines(q), k, &from, &to);
	if (intk_run(kernel, 1, (const void *const *)other, result, &peak, &e) == 0)
		check(memcmp((uint8_t *)result[0] + from, out[0] + from, to - from) == 0, line,
		      "a line changes with one that it is not said to read");
	for (size_t i = 0; i < nin; i++)
		free(other[i]);
	for (size_t p = 0; p < q->out_shape.n / 3; p++)
		free(result[p]);
	free(other);
	free(result);
}

/* What qop_step_lines says, against what the kernel does. */
static void reads_as_said(const struct qop *q, struct rng *r, const char *line)
{
	struct err e = { 0 };
	const size_t nin = (size_t)q->nin, nout = q->out_shape.n / 3;
	void **in = xcalloc(nin + 1, sizeof *in);
	uint8_t **out = xcalloc(nout, sizeof *out);
	struct intk *k = intk_new(q, 1, &e);
	int64_t peak = 0;

	for (size_t i = 0; i < nin; i++) {
		const size_t n = shape_values(q->in_shape.v + 3 * i) * (size_t)q->in_bits.v[i] / 8;

		in[i] = xmalloc(n);
		for (size_t b = 0; b < n; b++)
			((uint8_t *)in[i])[b] = (uint8_t)rng_u64(r);
	}
	for (size_t p = 0; p < nout; p++)
		out[p] = xcalloc(1, shape_values(q->out_shape.v + 3 * p) * 2);
	if (k && nin > 0 &&
	    intk_run(k, 1, (const void *const *)in, (void *const *)out, &peak, &e) == 0)
		for (int32_t y = 0; y < qop_lines(q); y++)
			for (int whole = 0; whole < 2; whole++)
				line_stays(q, k, y, whole, (const void *const *)in, out, r, line);
	for (size_t i = 0; i < nin; i++)
		free(in[i]);
	for (size_t p = 0; p < nout; p++)
		free(out[p]);
	intk_free(k);
	free(in);
	free(out);
}

static bool runnable(const struct qop *q)
{
	size_t n = 0;
	size_t work = q->kernel.n;

	for (size_t i = 0; i < q->in_shape.n; i += 3)
		n += shape_values(q->in_shape.v + i);
	for (size_t i = 0; i < q->out_shape.n; i += 3)
		n += shape_values(q->out_shape.v + i);
	if (q->kernel_hw.n == 2)
		work += (size_t)q->kernel_hw.v[0] * (size_t)q->kernel_hw.v[1];
	return n < MAX_RUN && work * n < (size_t)1 << 26;
}

static void hostile(const struct qop *good, struct rng *r, const char *line)
{
	int accepted = 0;
	int refused = 0;

	for (int i = 0; i < CHANGES; i++) {
		struct err e = { 0 };
		struct qop q;

		qop_copy(&q, good);
		for (uint64_t n = rng_u64(r) % 2 + 1; n > 0; n--)
			change(&q, r);
		if (qop_check(&q, &e) < 0) {
			refused++;
			if (!err_is(&e))
				check(false, line, "refused without a message");
		} else {
			accepted++;
			if (runnable(&q))
				run(&q, r, line);
		}
		qop_release(&q);
	}
	check(refused > 0, line, "no change was refused");
	check(accepted > 0, line, "no change was accepted");
}

static void weight(struct tensors *w, const struct layer *l, const char *key, int rank,
		   const int64_t *dim)
{
	struct tensor t = tensor_new(DT_F32, rank, dim);
	struct rng r;

	rng_init(&r, 3, key);
	for (size_t i = 0; i < tensor_count(&t); i++)
		((float *)tensor_data(&t))[i] = (float)(0.1 + rng_uniform(&r));
	layer_set_weight(w, l, key, t);
}

static void fill(struct tensors *w, const struct layer *l)
{
	static const char *const vectors[] = { "bias",        "gamma",           "beta",
					       "moving_mean", "moving_variance", "slope" };
	const int32_t *k = l->p.kernel;
	const int64_t c = l->out[0].c;

	if (l->type == HN_NORMALIZATION)
		weight(w, l, "kernel", 1, &c);
	else if (l->type == HN_DENSE)
		weight(w, l, "kernel", 2, (int64_t[]){ k[2], k[3] });
	else if (hn_is(l->type, HNF_KERNEL))
		weight(w, l, "kernel", 4, (int64_t[]){ k[0], k[1], k[2], k[3] });
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
		weight(w, l, vectors[i], 1, &c);
}

static void run_line(const char *line, size_t n, struct rng *r)
{
	struct err e = { 0 };
	json_t *c = json_parse(line, n, &e);
	struct graph *g = graph_new("t");
	struct layer *l = json_object_get(c, "error") ? NULL : build(g, c, &e);
	struct tensors *w = tensors_new();
	struct tensors *records = NULL;
	struct quant_opts o = QUANT_OPTS_DEFAULT;
	struct qmodel m;
	bool small = l != NULL && !quant_reason(l->type);

	for (size_t i = 0; small && i < g->nlayers; i++)
		small = hn_shape_count(&g->layers[i]->out[0]) <= MAX_VALUES;
	if (small) {
		fill(w, l);
		o.random_calib = true;
		o.calibset_size = 1;
		if (quant_run(g, w, &o, &records, &e) == 0 &&
		    qmodel_load(&m, g, records, &e) == 0) {
			stored(&m.q[l->index], line);
			if (runnable(&m.q[l->index]))
				reads_as_said(&m.q[l->index], r, line);
			hostile(&m.q[l->index], r, line);
			qmodel_release(&m);
		} else {
			check(false, line, e.msg);
		}
	}
	tensors_free(records);
	tensors_free(w);
	json_decref(c);
	graph_free(g);
}

/* The repository is above the build folder that holds this program. */
static char *case_path(const char *self)
{
	const char *cut = strstr(self, "build/");

	return xasprintf("%.*stests/cases/shapes.jsonl", cut ? (int)(cut - self) : 0, self);
}

int main(int argc, char *argv[])
{
	struct err e = { 0 };
	char *path = case_path(argc > 0 ? argv[0] : "");
	size_t n;
	char *text = read_file(path, 1 << 20, &n, &e);
	struct rng r;

	if (!text)
		die(&e);
	rng_init(&r, 1, "qop");
	rounding(&r);
	reshapes();
	for (char *p = text; p < text + n;) {
		char *end = memchr(p, '\n', (size_t)(text + n - p));

		if (!end)
			break;
		*end = '\0';
		if (*p == '{')
			run_line(p, (size_t)(end - p), &r);
		p = end + 1;
	}
	free(text);
	free(path);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
