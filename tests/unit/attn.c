/* matmul and layer_normalization in integers, against their definitions in hn-numerics(7). */
#include "record.h"

#include <math.h>

struct product {
	int32_t h, w, inner, cols, groups, transposed, act;
	int32_t bits[3]; /* of the inputs and the output; 0: 8 */
};

static int32_t bits_of(const struct product *p, int i)
{
	return p->bits[i] ? p->bits[i] : 8;
}

static void product_record(struct qop *q, const struct product *p, struct rng *r)
{
	const int32_t wide = p->inner * p->groups, cols = p->cols * p->groups;
	const int32_t more = bits_of(p, 0) + bits_of(p, 1) - bits_of(p, 2) - 8;

	memset(q, 0, sizeof *q);
	q->type = HN_MATMUL;
	q->nin = 2;
	set32(&q->in_shape, 6,
	      (int32_t[]){ p->h, p->w, wide, p->h, p->transposed ? p->cols : p->inner,
			   p->transposed ? wide : cols });
	set32(&q->out_shape, 3, (int32_t[]){ p->h, p->w, cols });
	set32(&q->in_bits, 2, (int32_t[]){ bits_of(p, 0), bits_of(p, 1) });
	set32(
	    &q->in_zp, 2,
	    (int32_t[]){ pick(r, 0, qop_top(bits_of(p, 0))), pick(r, 0, qop_top(bits_of(p, 1))) });
	setf(&q->in_scale, 2);
	setf(&q->out_scale, 1);
	q->out_bits = bits_of(p, 2);
	q->out_zp = pick(r, 0, qop_top(q->out_bits));
	q->groups = p->groups;
	set32(&q->geom, 1, &p->transposed);
	q->act = p->act;
	set32(&q->mult, 1, (int32_t[]){ pick(r, 16384, 32767) });
	set32(&q->shift, 1, (int32_t[]){ pick(r, 23, 27) + more });
	set32(&q->neg_mult, 1, (int32_t[]){ -pick(r, 16384, 32767) });
	set32(&q->neg_shift, 1, (int32_t[]){ 28 + more });
	set32(&q->act_lo, 1, (int32_t[]){ 3 });
	set32(&q->act_hi, 1, (int32_t[]){ qop_top(q->out_bits) - 5 });
}

/* out[y][i][g N + j], as hn-numerics(7) has it. */
static int32_t product_value(const struct qop *q, const struct product *p, const void *a,
			     const void *b, int32_t y, int32_t i, int32_t c)
{
	const int32_t *bs = q->in_shape.v + 3;
	const int32_t g = c / p->cols, j = c % p->cols;
	int64_t acc = 0, v;

	for (int32_t k = 0; k < p->inner; k++) {
		int32_t row = p->transposed ? j : k;
		int32_t at = p->transposed ? g * p->inner + k : c;

		const size_t from = (size_t)((y * p->w + i) * q->in_shape.v[2] + g * p->inner + k);

		acc += (int64_t)(code_get(a, from, bits_of(p, 0) == 16) - q->in_zp.v[0]) *
		       (code_get(b, (size_t)((y * bs[1] + row) * bs[2] + at), bits_of(p, 1) == 16) -
			q->in_zp.v[1]);
	}
	v = acc < 0 && qact_is_leaky(p->act) ? fixed_scale(acc, q->neg_mult.v[0], q->neg_shift.v[0])
					     : fixed_scale(acc, q->mult.v[0], q->shift.v[0]);
	v += q->out_zp;
	return (int32_t)(v < 3 ? 3 : v > q->act_hi.v[0] ? q->act_hi.v[0] : v);
}

/* Two images at once. */
static void run_product(const struct product *p, struct rng *r)
{
	const size_t na = (size_t)(p->h * p->w * p->inner * p->groups);
	const size_t nb = (size_t)(p->h * p->inner * p->cols * p->groups);
	const size_t no = (size_t)(p->h * p->w * p->cols * p->groups);
	const size_t size_a = (size_t)bits_of(p, 0) / 8, size_b = (size_t)bits_of(p, 1) / 8;
	uint8_t *a = random_codes(r, 2 * na * size_a), *b = random_codes(r, 2 * nb * size_b);
	uint8_t *y = xmalloc(2 * no * (size_t)bits_of(p, 2) / 8);
	const int32_t c = p->cols * p->groups;
	struct err e = { 0 };
	struct intk *k;
	struct qop q;
	size_t wrong = 0;
	char name[100];

	snprintf(name, sizeof name,
		 "matmul %dx%dx%d by %d, %d groups, transposed %d, bits %d %d %d", p->h, p->w,
		 p->inner, p->cols, p->groups, p->transposed, bits_of(p, 0), bits_of(p, 1),
		 bits_of(p, 2));
	product_record(&q, p, r);
	check(qop_check(&q, &e) == 0, e.msg);
	k = intk_new(&q, 2, &e);
	check(k && intk_run(k, 2, (const void *[]){ a, b }, (void *[]){ y }, NULL, &e) == 0, name);
	for (size_t i = 0; i < 2 * no; i++) {
		const size_t image = i / no, at = i % no / (size_t)c;

		wrong +=
		    code_get(y, i, bits_of(p, 2) == 16) !=
		    product_value(&q, p, a + image * na * size_a, b + image * nb * size_b,
				  (int32_t)at / p->w, (int32_t)at % p->w, (int32_t)(i % (size_t)c));
	}
	check(wrong == 0, name);
	check(qop_slice_features(&q, 0, 1, &(struct qop){ 0 }, &e) < 0, "a product has no parts");
	intk_free(k);
	qop_release(&q);
	free(a);
	free(b);
	free(y);
}

/* A record whose sums could leave 32 bits, or whose shapes do not multiply, is refused. */
static void refused_products(struct rng *r)
{
	const struct product p = { 1, 2, 6, 3, 2, 0, ACT_LINEAR, { 0 } };
	const struct product large = { 1, 1, 33025, 1, 1, 0, ACT_LINEAR, { 0 } };
	const struct product wide = { 1, 1, 32897, 1, 1, 0, ACT_LINEAR, { 16, 8, 8 } };
	struct err e = { 0 };
	struct qop q;

	product_record(&q, &large, r);
	check(qop_check(&q, &e) == 0, e.msg);
	q.in_shape.v[2] = q.in_shape.v[4] = 33026;
	check(qop_check(&q, &e) < 0, "33026 products");
	qop_release(&q);
	product_record(&q, &wide, r);
	check(qop_check(&q, &e) < 0, "32897 products of 16 bits");
	qop_release(&q);
	for (int32_t i = 0; i < 9; i++) {
		product_record(&q, &p, r);
		(i < 6 ? q.in_shape.v : q.out_shape.v)[i % 6] += 1;
		check(qop_check(&q, &e) < 0, "a shape that does not multiply");
		qop_release(&q);
	}
	product_record(&q, &p, r);
	q.groups = 4;
	check(qop_check(&q, &e) < 0, "groups that do not divide");
	qop_release(&q);
}

struct norm {
	int32_t h, w, c, axes, groups, l2;
	double epsilon; /* of values in codes */
};

/* Codes of 1/64; gamma and beta by feature in 1/64, too. */
static void norm_record(struct qop *q, const struct norm *n, struct rng *r)
{
	int32_t *gamma = xreallocarray(NULL, (size_t)n->c, sizeof *gamma);
	int32_t *shift = xreallocarray(NULL, (size_t)n->c, sizeof *shift);

	memset(q, 0, sizeof *q);
	q->type = HN_LAYER_NORM;
	q->nin = 1;
	set32(&q->in_shape, 3, (int32_t[]){ n->h, n->w, n->c });
	set32(&q->out_shape, 3, (int32_t[]){ n->h, n->w, n->c });
	set32(&q->in_bits, 1, (int32_t[]){ 8 });
	set32(&q->in_zp, 1, (int32_t[]){ pick(r, 0, 255) });
	setf(&q->in_scale, 1);
	setf(&q->out_scale, 1);
	q->out_bits = 8;
	q->out_zp = pick(r, 100, 150);
	q->bias_mode = 1;
	q->bias_shift = 6;
	q->bias_mant.n = (size_t)n->c;
	q->bias_mant.v = xreallocarray(NULL, q->bias_mant.n, sizeof(int16_t));
	for (int32_t c = 0; c < n->c; c++) {
		q->bias_mant.v[c] = (int16_t)pick(r, -30000, 30000);
		gamma[c] = pick(r, 16384, 32767) * (pick(r, 0, 3) ? 1 : -1);
		shift[c] = pick(r, 14, 16);
	}
	set32(&q->in_mult, (size_t)n->c, gamma);
	set32(&q->in_shift, (size_t)n->c, shift);
	set32(&q->mult, 1, (int32_t[]){ 16384 });
	set32(&q->shift, 1, (int32_t[]){ 24 });
	set32(&q->act_lo, 1, (int32_t[]){ 0 });
	set32(&q->act_hi, 1, (int32_t[]){ 255 });
	free(gamma);
	free(shift);
}

/* As much fraction as 60 bits allow; the record's epsilon is that of the values, or of their sum.
 */
static void norm_geometry(struct qop *q, const struct norm *n)
{
	const double count = (n->axes & 1 ? n->h : 1) * (double)(n->axes & 2 ? n->w : 1) *
			     (n->axes & 4 ? n->c / n->groups : 1);
	const double most = 65025 * count * (n->l2 ? 1 : count / 4);
	const double epsilon = n->epsilon * (n->l2 ? 1 : count * count);
	int32_t t = 30;
	int64_t e;

	while (ldexp(fmax(most, epsilon), 2 * t) > 0x1p60)
		t--;
	e = (int64_t)round(ldexp(epsilon, 2 * t));
	set32(&q->geom, 6,
	      (int32_t[]){ n->axes, n->groups, n->l2, t, (int32_t)(e >> 31),
			   (int32_t)(e & INT32_MAX) });
}

/* Values of the cell of (y, x, c): the sum of f over them. */
static long double cell_sum(const struct norm *n, const uint8_t *v, int32_t y, int32_t x, int32_t c,
			    long double mean, bool squares)
{
	const int32_t each = n->c / n->groups;
	long double sum = 0;

	for (int32_t i = n->axes & 1 ? 0 : y; i < (n->axes & 1 ? n->h : y + 1); i++)
		for (int32_t j = n->axes & 2 ? 0 : x; j < (n->axes & 2 ? n->w : x + 1); j++)
			for (int32_t k = n->axes & 4 ? c / each * each : c;
			     k < (n->axes & 4 ? c / each * each + each : c + 1); k++) {
				long double d = v[(i * n->w + j) * n->c + k] - mean;

				sum += squares ? d * d : 1;
			}
	return sum;
}

/* The real output in codes, not rounded. */
static long double norm_value(const struct qop *q, const struct norm *n, const uint8_t *v,
			      const long double *mean, const long double *square, long double count,
			      size_t i)
{
	const size_t c = i % (size_t)n->c;
	const long double epsilon = n->epsilon;
	const long double norm = n->l2 ? fmaxl(square[0], epsilon) : square[0] / count + epsilon;
	long double d = norm > 0 ? (v[i] - mean[0]) / sqrtl(norm) : 0;

	d = d * ldexpl(q->in_mult.v[c], -q->in_shift.v[c]) * 64 +
	    ldexpl(q->bias_mant.v[c], q->bias_shift - 10);
	d += q->out_zp;
	return d < 0 ? 0 : d > 255 ? 255 : d;
}

/* Worst difference from the real value over some outputs, in codes. */
static double norm_error(const struct qop *q, const struct norm *n, const uint8_t *v,
			 const uint8_t *out)
{
	const size_t total = (size_t)(n->h * n->w * n->c);
	const size_t step = total > 4096 ? total / 3 - 1 : 1;
	long double worst = 0;

	for (size_t i = 0; i < total; i += step) {
		const int32_t c = (int32_t)(i % (size_t)n->c);
		const int32_t x = (int32_t)(i / (size_t)n->c) % n->w;
		const int32_t y = (int32_t)(i / (size_t)n->c) / n->w;
		const long double count = cell_sum(n, v, y, x, c, 0, false);
		long double mean = q->in_zp.v[0], square;

		if (!n->l2) { /* sum of v = sum of (v - a)^2 for two a, halved */
			mean = (cell_sum(n, v, y, x, c, -0.5L, true) -
				cell_sum(n, v, y, x, c, 0.5L, true)) /
			       (2 * count);
		}
		square = cell_sum(n, v, y, x, c, mean, true);
		worst = fmaxl(worst, fabsl(norm_value(q, n, v, &mean, &square, count, i) - out[i]));
	}
	return (double)worst;
}

enum fill {
	RANDOM,
	CONSTANT,
	ONE_OFF, /* all equal but one */
	FILLS
};

static void run_norm(const struct norm *n, enum fill fill, struct rng *r)
{
	const size_t total = (size_t)(n->h * n->w * n->c);
	uint8_t *v = random_codes(r, total), *out = xmalloc(total);
	struct err e = { 0 };
	struct intk *k;
	struct qop q;
	char name[120];

	snprintf(name, sizeof name, "layer_normalization %dx%dx%d axes %d groups %d l2 %d fill %d",
		 n->h, n->w, n->c, n->axes, n->groups, n->l2, (int)fill);
	if (fill != RANDOM)
		memset(v, pick(r, 0, 255), total);
	if (fill == ONE_OFF)
		v[total / 3] ^= 1;
	norm_record(&q, n, r);
	norm_geometry(&q, n);
	check(qop_check(&q, &e) == 0, e.msg);
	k = intk_new(&q, 1, &e);
	check(k && intk_run(k, 1, (const void *[]){ v }, (void *[]){ out }, NULL, &e) == 0, name);
	/* Half a code of rounding; gamma's and the reciprocal's are far below a hundredth. */
	check(norm_error(&q, n, v, out) <= 0.51, name);
	check(qop_slice_features(&q, 0, 1, &(struct qop){ 0 }, &e) < 0,
	      "a normalization has no parts");
	intk_free(k);
	qop_release(&q);
	free(v);
	free(out);
}

/* Worked out by hand: codes 10 20 30 40 have the deviations -15 -5 5 15 of variance 125. */
static void hand_norms(struct rng *r)
{
	static const struct norm mean = { 1, 1, 4, 4, 1, 0, 0 };
	static const struct norm length = { 1, 2, 4, 4, 2, 1, 0 };
	struct err e = { 0 };
	uint8_t out[8];
	struct qop q;

	for (int l2 = 0; l2 < 2; l2++) {
		const uint8_t x[] = { 10, 20, 30, 40, 8, 9, 5, 5 };
		const uint8_t want[2][8] = { { 42, 99, 157, 214 },
					     { 148, 189, 165, 180, 166, 179, 128, 128 } };
		struct intk *k;

		norm_record(&q, l2 ? &length : &mean, r);
		norm_geometry(&q, l2 ? &length : &mean);
		q.in_zp.v[0] = 5;
		q.out_zp = 128;
		q.bias_mode = 0;
		for (int c = 0; c < 4; c++) {
			q.in_mult.v[c] = 16384;
			q.in_shift.v[c] = 14;
		}
		k = intk_new(&q, 1, &e);
		check(k && intk_run(k, 1, (const void *[]){ x }, (void *[]){ out }, NULL, &e) == 0,
		      "worked out by hand");
		check(memcmp(out, want[l2], l2 ? 8 : 4) == 0, l2 ? "3 4 5" : "deviations");
		intk_free(k);
		qop_release(&q);
	}
}

static void refused_norms(struct rng *r)
{
	static const struct norm n = { 2, 3, 8, 4, 2, 0, 1e-5 };
	static const int32_t bad[][6] = {
		{ 0, 2, 0, 0, 0, 0 },   { 8, 2, 0, 0, 0, 0 },
		{ 4, 3, 0, 0, 0, 0 },   { 4, 0, 0, 0, 0, 0 },
		{ 4, 2, 2, 0, 0, 0 },   { 4, 2, 0, 31, 0, 0 },
		{ 4, 2, 0, -32, 0, 0 }, { 4, 2, 0, 0, -1, 0 },
		{ 4, 2, 0, 0, 0, -1 },  { 4, 2, 0, 0, (1 << 29) + 1, 0 },
	};
	struct err e = { 0 };
	struct qop q;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		norm_record(&q, &n, r);
		set32(&q.geom, 6, bad[i]);
		check(qop_check(&q, &e) < 0, "geometry out of range");
		qop_release(&q);
	}
	norm_record(&q, &n, r);
	norm_geometry(&q, &n);
	q.in_mult.n = q.in_shift.n = 3;
	check(qop_check(&q, &e) < 0, "gamma for some features");
	q.in_mult.n = q.in_shift.n = 8;
	q.bias_mant.n = 7;
	check(qop_check(&q, &e) < 0, "beta for some features");
	qop_release(&q);
}

int main(void)
{
	static const struct product matmuls[] = {
		{ 1, 1, 1, 1, 1, 0, ACT_LINEAR, { 0 } },
		{ 1, 197, 64, 197, 3, 1, ACT_LINEAR, { 0 } },
		{ 1, 197, 197, 64, 3, 0, ACT_LEAKY, { 0 } },
		{ 3, 5, 7, 17, 2, 0, ACT_LINEAR, { 0 } },
		{ 3, 65, 9, 33, 2, 1, ACT_LINEAR, { 0 } },
		{ 1, 70, 64, 70, 3, 1, ACT_LINEAR, { 16, 16, 16 } },
		{ 3, 65, 9, 33, 2, 0, ACT_LEAKY, { 16, 16, 8 } },
		{ 3, 5, 7, 17, 2, 0, ACT_LINEAR, { 16, 8, 16 } },
		{ 3, 65, 9, 33, 2, 1, ACT_LINEAR, { 8, 16, 8 } },
		{ 3, 5, 7, 17, 2, 0, ACT_LINEAR, { 8, 8, 16 } },
		{ 1, 2, 32896, 3, 1, 0, ACT_LINEAR, { 16, 16, 16 } },
	};
	static const struct norm norms[] = {
		{ 3, 5, 64, 4, 1, 0, 1e-5 },    { 3, 5, 64, 4, 4, 0, 0.5 },
		{ 4, 6, 7, 3, 1, 0, 0 },        { 4, 6, 8, 7, 2, 0, 1e-3 },
		{ 4, 6, 7, 1, 1, 0, 1e-12 },    { 4, 6, 7, 2, 1, 0, 1e4 },
		{ 4, 6, 8, 6, 4, 0, 1e-5 },     { 2, 3, 5, 4, 5, 0, 1e-5 },
		{ 2, 2, 2, 4, 1, 0, 1e-9 },     { 512, 512, 8, 7, 1, 0, 1e-5 },
		{ 1, 1, 70000, 4, 1, 0, 1e26 }, { 3, 5, 64, 4, 1, 1, 1e-12 },
		{ 3, 5, 64, 7, 4, 1, 1e6 },     { 4, 6, 7, 3, 1, 1, 0 },
		{ 512, 512, 8, 7, 1, 1, 0 },
	};
	struct rng r;

	rng_init(&r, 1, "attn");
	for (size_t i = 0; i < sizeof matmuls / sizeof *matmuls; i++)
		run_product(&matmuls[i], &r);
	refused_products(&r);
	hand_norms(&r);
	for (size_t i = 0; i < sizeof norms / sizeof *norms; i++)
		for (enum fill f = RANDOM; f < FILLS; f++)
			run_norm(&norms[i], f, &r);
	refused_norms(&r);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
