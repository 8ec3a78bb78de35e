/* The integer convolution kernels against a direct formula, and oneDNN against the exact product.
 */
#include "record.h"

struct geometry {
	int32_t type, h, w, cin, cout, groups, kh, kw, stride, dilation, pad, add, act;
};

/* Bits of the input, the added input, the weights, the output. */
struct widths {
	int32_t in, add, w, out;
};

static bool is_wide(const struct widths *b)
{
	return b->in == 16 || b->add == 16 || b->w == 16 || b->out == 16;
}

static int32_t weight(const struct qop *q, size_t i)
{
	return q->w_bits == 16 ? q->kernel16.v[i] : q->kernel.v[i];
}

/* Rows and columns of padding in front; a 1x1 kernel is padded behind only. */
static int32_t first(const struct geometry *g)
{
	return g->kh == 1 && g->kw == 1 ? 0 : g->pad;
}

static void frame(struct qop *q, const struct geometry *g, const struct widths *b, struct rng *r,
		  int32_t oh, int32_t ow)
{
	memset(q, 0, sizeof *q);
	q->type = g->type;
	q->nin = 1 + g->add;
	set32(&q->in_shape, g->add ? 6 : 3, (int32_t[]){ g->h, g->w, g->cin, oh, ow, g->cout });
	set32(&q->out_shape, 3, (int32_t[]){ oh, ow, g->cout });
	set32(&q->in_bits, (size_t)q->nin, (int32_t[]){ b->in, b->add });
	set32(&q->in_zp, (size_t)q->nin,
	      (int32_t[]){ pick(r, 0, qop_top(b->in)), pick(r, 0, qop_top(b->add)) });
	setf(&q->in_scale, (size_t)q->nin);
	setf(&q->out_scale, 1);
	q->out_bits = b->out;
	q->out_zp = pick(r, 0, qop_top(b->out));
	q->w_bits = b->w;
	q->groups = g->groups;
	set32(&q->kernel_hw, 2, (int32_t[]){ g->kh, g->kw });
	set32(&q->stride, 2, (int32_t[]){ g->stride, g->stride });
	set32(&q->dilation, 2, (int32_t[]){ g->dilation, g->dilation });
	set32(&q->pad, 4, (int32_t[]){ first(g), g->pad, first(g), g->pad });
	set32(&q->crop, 4, (int32_t[]){ g->pad, g->pad, g->pad, g->pad });
	set32(&q->in_mult, 2, (int32_t[]){ 20000, 30000 });
	set32(&q->in_shift, 2, (int32_t[]){ 15, 8 });
	q->act = g->act;
}

static void weights(struct qop *q, size_t n, struct rng *r)
{
	if (q->w_bits == 16) {
		q->kernel16.n = n;
		q->kernel16.v = xreallocarray(NULL, n, sizeof(int16_t));
		for (size_t i = 0; i < n; i++)
			q->kernel16.v[i] = (int16_t)pick(r, -QWEIGHT16_MAX, QWEIGHT16_MAX);
		return;
	}
	q->kernel.n = n;
	q->kernel.v = xmalloc(n);
	for (size_t i = 0; i < n; i++)
		q->kernel.v[i] = (int8_t)(q->w_bits == 4 ? pick(r, -8, 7) : pick(r, -128, 127));
}

static void numbers(struct qop *q, const struct geometry *g, const struct widths *b, struct rng *r)
{
	/* Sums are larger by so many bits, codes by so many. */
	const int32_t more = b->in + b->w - b->out - 8;
	int32_t *shift = xreallocarray(NULL, (size_t)g->cout, sizeof *shift);
	int32_t *mult = xreallocarray(NULL, (size_t)g->cout, sizeof *mult);

	weights(q, (size_t)g->kh * (size_t)g->kw * (size_t)(g->cin / g->groups) * (size_t)g->cout,
		r);
	q->bias_mode = 1;
	q->bias_shift = 2;
	q->bias_mant.n = (size_t)g->cout;
	q->bias_mant.v = xreallocarray(NULL, q->bias_mant.n, sizeof(int16_t));
	for (int32_t c = 0; c < g->cout; c++) {
		q->bias_mant.v[c] = (int16_t)pick(r, -3000, 3000);
		mult[c] = pick(r, 16384, 32767);
		shift[c] = pick(r, 21, 27) + more;
	}
	set32(&q->mult, (size_t)g->cout, mult);
	set32(&q->shift, (size_t)g->cout, shift);
	for (int32_t c = 0; c < g->cout; c++)
		mult[c] = -mult[c] / 3;
	set32(&q->neg_mult, (size_t)g->cout, mult);
	set32(&q->neg_shift, (size_t)g->cout, shift);
	set32(&q->act_lo, 1, (int32_t[]){ 3 });
	set32(&q->act_hi, 1, (int32_t[]){ qop_top(b->out) - 5 });
	free(shift);
	free(mult);
}

/* The definition in hn-numerics(7), element by element. */
static int64_t tap(const struct qop *q, const struct geometry *g, const void *x, int64_t iy,
		   int64_t ix, int32_t ky, int32_t kx, int32_t c)
{
	int32_t cg = g->cin / g->groups;
	int32_t group = c / (g->cout / g->groups);
	int64_t sum = 0;

	if (iy < 0 || iy >= g->h || ix < 0 || ix >= g->w)
		return 0;
	for (int32_t i = 0; i < cg; i++)
		sum += (int64_t)(code_get(x, (size_t)((iy * g->w + ix) * g->cin + group * cg + i),
					  q->in_bits.v[0] == 16) -
				 q->in_zp.v[0]) *
		       weight(q, (size_t)(((ky * g->kw + kx) * cg + i) * g->cout + c));
	return sum;
}

static int64_t reference_acc(const struct qop *q, const struct geometry *g, const void *x,
			     int32_t y, int32_t ox, int32_t c)
{
	int64_t acc = (int64_t)q->bias_mant.v[c] * 4;

	for (int32_t ky = 0; ky < g->kh; ky++)
		for (int32_t kx = 0; kx < g->kw; kx++) {
			int64_t iy = y * g->stride - first(g) + ky * g->dilation;
			int64_t ix = ox * g->stride - first(g) + kx * g->dilation;

			if (g->type == HN_DECONV) {
				iy = y + g->pad - ky * g->dilation;
				ix = ox + g->pad - kx * g->dilation;
				if (iy < 0 || ix < 0 || iy % g->stride || ix % g->stride)
					continue;
				iy /= g->stride;
				ix /= g->stride;
			}
			acc += tap(q, g, x, iy, ix, ky, kx, c);
		}
	return acc;
}

static int32_t reference(const struct qop *q, const struct geometry *g, const void *x,
			 const void *add, int32_t y, int32_t ox, int32_t c)
{
	int64_t acc = reference_acc(q, g, x, y, ox, c);
	int64_t v;

	if (g->add)
		acc +=
		    fixed_scale(code_get(add, (size_t)((y * q->out_shape.v[1] + ox) * g->cout + c),
					 q->in_bits.v[1] == 16) -
				    q->in_zp.v[1],
				q->in_mult.v[1], q->in_shift.v[1]);
	if (!qop_is_wide(q))
		acc = (int32_t)(uint32_t)(uint64_t)acc;
	v = acc < 0 && qact_is_leaky(g->act) ? fixed_scale(acc, q->neg_mult.v[c], q->neg_shift.v[c])
					     : fixed_scale(acc, q->mult.v[c], q->shift.v[c]);
	v += q->out_zp;
	return (int32_t)(v < 3 ? 3 : v > q->act_hi.v[0] ? q->act_hi.v[0] : v);
}

/* One case's record and codes of two images. */
struct drawn {
	struct qop q;
	uint8_t *x, *add;
	size_t nin, pixels;
	const char *name;
};

/* Features [from, to) as a layer of their own: values that are not the reference's. */
static size_t run_part(const struct drawn *d, const struct geometry *g, const struct widths *b,
		       int32_t from, int32_t to)
{
	const size_t n = (size_t)(to - from), xbytes = (size_t)b->in / 8;
	const size_t abytes = (size_t)b->add / 8, ow = (size_t)d->q.out_shape.v[1];
	uint8_t *y = xmalloc(2 * d->pixels * n * (size_t)b->out / 8);
	struct err e = { 0 };
	struct qop part;
	struct intk *k;
	int64_t peak = 0;
	size_t wrong = 0;

	check(qop_slice_features(&d->q, from, to, &part, &e) == 0 && qop_check(&part, &e) == 0,
	      e.msg);
	k = intk_new(&part, 2, &e);
	check(k &&
		  intk_run(k, 2, (const void *[]){ d->x, d->add }, (void *[]){ y }, &peak, &e) == 0,
	      d->name);
	for (size_t i = 0; i < 2 * d->pixels; i++)
		for (size_t c = 0; c < n; c++) {
			const size_t image = i / d->pixels, at = i % d->pixels;

			wrong +=
			    code_get(y, i * n + c, b->out == 16) !=
			    reference(&d->q, g, d->x + image * d->nin * xbytes,
				      d->add + image * d->pixels * (size_t)g->cout * abytes,
				      (int32_t)(at / ow), (int32_t)(at % ow), from + (int32_t)c);
		}
	/* Wide sums are bounded by the record itself. */
	check(peak > 0 || is_wide(b), d->name);
	intk_free(k);
	qop_release(&part);
	free(y);
	return wrong;
}

static int32_t out_size(const struct geometry *g, int32_t size, int32_t kernel)
{
	const int32_t reach = g->dilation * (kernel - 1) + 1;

	return g->type == HN_DECONV ? (size - 1) * g->stride + reach - 2 * g->pad
				    : (size + first(g) + g->pad - reach) / g->stride + 1;
}

/* Whole layer and its halves (by groups where there are any). */
static void run_case(const struct geometry *g, const struct widths *b, struct rng *r)
{
	const int32_t oh = out_size(g, g->h, g->kh), ow = out_size(g, g->w, g->kw);
	const bool whole = g->cout < 2 || (g->groups > 1 && g->groups % 2);
	struct drawn d = { .nin = (size_t)(g->h * g->w * g->cin), .pixels = (size_t)(oh * ow) };
	struct err e = { 0 };
	char name[160];

	d.x = random_codes(r, 2 * d.nin * (size_t)b->in / 8);
	d.add = random_codes(r, 2 * d.pixels * (size_t)g->cout * (size_t)b->add / 8);
	d.name = name;
	frame(&d.q, g, b, r, oh, ow);
	numbers(&d.q, g, b, r);
	snprintf(
	    name, sizeof name,
	    "%s %dx%dx%d -> %d, %d groups, %dx%d/%d dilation %d pad %d add %d act %d, bits %d %d "
	    "%d %d",
	    hn_type_name((enum hn_type)g->type), g->h, g->w, g->cin, g->cout, g->groups, g->kh,
	    g->kw, g->stride, g->dilation, g->pad, g->add, g->act, b->in, b->add, b->w, b->out);
	check(qop_check(&d.q, &e) == 0, e.msg);
	for (int32_t half = 0; half < 2 && !err_is(&e); half++) {
		const int32_t from = whole ? 0 : half * (g->cout / 2);
		const int32_t to = whole || half ? g->cout : g->cout / 2;

		check(run_part(&d, g, b, from, to) == 0, name);
	}
	qop_release(&d.q);
	free(d.x);
	free(d.add);
}

/* What could leave 47 bits, and bytes' products that could leave 32, are refused. */
static void too_large(struct rng *r)
{
	static const struct geometry deep = { HN_DENSE, 1, 1, 66000, 2, 1,         1,
					      1,        1, 1, 0,     0, ACT_LINEAR };
	static const struct geometry flat = {
		HN_DENSE, 1, 1, 8, 2, 1, 1, 1, 1, 1, 0, 1, ACT_LINEAR
	};
	static const struct widths bits = { 16, 16, 16, 16 };
	struct err e = { 0 };
	struct qop q;

	frame(&q, &deep, &bits, r, 1, 1);
	numbers(&q, &deep, &bits, r);
	check(qop_check(&q, &e) < 0 && strstr(e.msg, "66000 products"), e.msg);
	qop_release(&q);
	e = (struct err){ 0 };
	frame(&q, &flat, &bits, r, 1, 1);
	numbers(&q, &flat, &bits, r);
	q.in_shift.v[1] = -15;
	check(qop_check(&q, &e) == 0, e.msg);
	q.in_mult.v[1] = 32767;
	for (size_t i = 0; i < q.kernel16.n; i++)
		q.kernel16.v[i] = QWEIGHT16_MAX;
	q.bias_shift = 31;
	q.bias_mant.v[0] = 32767;
	check(qop_check(&q, &e) < 0 && strstr(e.msg, "may leave 47 bits"), e.msg);
	qop_release(&q);
}

static void products(struct rng *r)
{
	size_t m = 13;
	size_t n = 37;
	size_t k = 4609;
	struct err e = { 0 };
	uint8_t *a = random_codes(r, m * k);
	int8_t *b = (int8_t *)random_codes(r, k * n);
	int32_t *c = xcalloc(m * n, sizeof *c);
	int32_t *d = xcalloc(m * n, sizeof *d);
	int16_t *p;

	memset(a, 255, k);
	for (size_t i = 0; i < k; i++)
		b[i * n] = 127;
	p = gemm_int_pack(b, n, n, k);
	gemm_int_run(m, n, k, a, k, p, c, n);
	check(c[0] == (int32_t)(255 * 127 * k), "exact product of the largest operands");
	if (dnn_int_exact()) {
		check(dnn_int_gemm(m, n, k, a, k, b, n, d, n, &e) == 0, "oneDNN's product runs");
		check(memcmp(c, d, m * n * sizeof *c) == 0,
		      "oneDNN's product equals the exact one");
	}
	free(p);
	free(a);
	free(b);
	free(c);
	free(d);
}

int main(void)
{
	static const struct geometry cases[] = {
		{ HN_CONV, 9, 8, 3, 16, 1, 3, 3, 2, 1, 1, 0, ACT_LINEAR },
		{ HN_CONV, 9, 8, 5, 6, 1, 3, 3, 1, 2, 2, 1, ACT_RELU },
		{ HN_CONV, 7, 7, 32, 40, 1, 1, 1, 1, 1, 0, 1, ACT_LEAKY },
		{ HN_CONV, 7, 9, 8, 12, 4, 5, 3, 1, 1, 2, 0, ACT_PRELU },
		{ HN_CONV, 40, 40, 4, 18, 2, 1, 1, 2, 1, 0, 0, ACT_LINEAR },
		{ HN_CONV, 2, 2, 5, 6, 1, 1, 1, 2, 1, 1, 0, ACT_LINEAR },
		{ HN_DENSE, 1, 1, 4803, 700, 1, 1, 1, 1, 1, 0, 0, ACT_LINEAR },
		{ HN_DW, 9, 8, 36, 36, 36, 3, 3, 2, 1, 1, 0, ACT_LINEAR },
		{ HN_DW, 9, 8, 6, 18, 6, 3, 5, 1, 2, 2, 1, ACT_LEAKY },
		{ HN_DECONV, 5, 4, 6, 10, 1, 4, 4, 2, 1, 1, 0, ACT_LINEAR },
		{ HN_DECONV, 5, 4, 8, 12, 4, 3, 3, 3, 2, 0, 1, ACT_LEAKY },
		{ HN_NORMALIZATION, 5, 4, 6, 6, 6, 1, 1, 1, 1, 0, 0, ACT_LINEAR },
	};
	static const struct widths bits[] = { { 8, 8, 8, 8 },  { 8, 8, 4, 8 },   { 16, 16, 16, 16 },
					      { 16, 8, 8, 8 }, { 8, 16, 16, 8 }, { 8, 8, 8, 16 },
					      { 16, 16, 4, 8 } };
	struct rng r;

	rng_init(&r, 1, "intk");
	for (size_t b = 0; b < sizeof bits / sizeof *bits; b++)
		for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
			run_case(&cases[i], &bits[b], &r);
	too_large(&r);
	products(&r);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
