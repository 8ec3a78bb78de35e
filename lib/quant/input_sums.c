#include "quant/input_sums.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

bool half_has(enum image_half half, size_t image)
{
	return half >> image % 2 & 1;
}

void input_sums_init(struct input_sums *s, const struct qop *op)
{
	const int32_t *in = op->in_shape.v;
	const bool dense = op->type == HN_DENSE;

	s->op = op;
	s->taps = (size_t)op->kernel_hw.v[0] * (size_t)op->kernel_hw.v[1];
	s->in_image = (size_t)in[0] * (size_t)in[1] * (size_t)in[2];
	s->cin = dense ? s->in_image : (size_t)in[2];
	s->at = xcalloc(2 * s->taps * s->cin, sizeof *s->at);
	s->added = op->nin > 1 ? xcalloc(2 * (size_t)op->out_shape.v[2], sizeof *s->added) : NULL;
	s->images[0] = s->images[1] = 0;
}

void input_sums_release(struct input_sums *s)
{
	free(s->at);
	free(s->added);
}

/* The input row or column that output `at` reads through kernel position k; -1: none. */
static int64_t source(const struct qop *op, int axis, int32_t at, int32_t k)
{
	const int32_t size = op->type == HN_DENSE ? 1 : op->in_shape.v[axis];
	const int32_t stride = op->stride.v[axis], dilation = op->dilation.v[axis];
	int64_t from;

	if (op->type == HN_DECONV) {
		from = (int64_t)at + op->crop.v[2 * axis] - (int64_t)k * dilation;
		if (from < 0 || from % stride != 0)
			return -1;
		from /= stride;
	} else {
		from = (int64_t)at * stride - op->pad.v[2 * axis] + (int64_t)k * dilation;
	}
	return from < 0 || from >= size ? -1 : from;
}

static void add_f32(double *restrict sum, const float *restrict x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum[i] += (double)x[i];
}

static void add_u8(double *restrict sum, const uint8_t *restrict x, size_t n, int32_t zp)
{
	for (size_t i = 0; i < n; i++)
		sum[i] += x[i] - zp;
}

static void add_u16(double *restrict sum, const uint16_t *restrict x, size_t n, int32_t zp)
{
	for (size_t i = 0; i < n; i++)
		sum[i] += x[i] - zp;
}

struct sums_job {
	const struct input_sums *s;
	enum input_kind kind;
	const void *x;
	int32_t zp;
	bool added;
	size_t each; /* sums of an image */
	double *sum; /* [image][each] */
};

static void add_values(const struct sums_job *j, double *sum, size_t at, size_t n)
{
	if (j->kind == INPUT_F32)
		add_f32(sum, (const float *)j->x + at, n);
	else if (j->kind == INPUT_U8)
		add_u8(sum, (const uint8_t *)j->x + at, n, j->zp);
	else
		add_u16(sum, (const uint16_t *)j->x + at, n, j->zp);
}

/* One kernel position of one image. */
static void add_tap(const struct sums_job *j, size_t image, int32_t ky, int32_t kx, double *sum)
{
	const struct input_sums *s = j->s;
	const int32_t *out = s->op->out_shape.v;
	const size_t w = s->op->type == HN_DENSE ? 1 : (size_t)s->op->in_shape.v[1];

	for (int32_t oy = 0; oy < out[0]; oy++) {
		const int64_t y = source(s->op, 0, oy, ky);

		for (int32_t ox = 0; y >= 0 && ox < out[1]; ox++) {
			const int64_t x = source(s->op, 1, ox, kx);

			if (x >= 0)
				add_values(j, sum,
					   image * s->in_image +
					       ((size_t)y * w + (size_t)x) * s->cin,
					   s->cin);
		}
	}
}

static int one_image(size_t i, void *ctx, struct err *e)
{
	const struct sums_job *j = ctx;
	const struct qop *op = j->s->op;
	const int32_t *out = op->out_shape.v;
	double *sum = j->sum + i * j->each;

	(void)e;
	if (j->added) {
		const size_t pixels = (size_t)out[0] * (size_t)out[1];

		for (size_t p = 0; p < pixels; p++)
			add_values(j, sum, (i * pixels + p) * j->each, j->each);
		return 0;
	}
	for (int32_t ky = 0; ky < op->kernel_hw.v[0]; ky++)
		for (int32_t kx = 0; kx < op->kernel_hw.v[1]; kx++, sum += j->s->cin)
			add_tap(j, i, ky, kx, sum);
	return 0;
}

/* Images are added in their order: the same sums with any threads and batch. */
static int add_images(struct sums_job *j, size_t n, size_t *images, double *total, struct err *e)
{
	int rc;

	j->sum = xcalloc(n * j->each, sizeof *j->sum);
	rc = par_for(n, one_image, j, e);
	for (size_t i = 0; i < n; i++) {
		double *half = total + (*images)++ % 2 * j->each;

		for (size_t k = 0; k < j->each; k++)
			half[k] += j->sum[i * j->each + k];
	}
	free(j->sum);
	return rc;
}

int input_sums_add(struct input_sums *s, enum input_kind kind, const void *x, int32_t n, int32_t zp,
		   struct err *e)
{
	struct sums_job j = { s, kind, x, zp, false, s->taps * s->cin, NULL };

	return add_images(&j, (size_t)n, &s->images[0], s->at, e);
}

int input_sums_add_added(struct input_sums *s, enum input_kind kind, const void *x, int32_t n,
			 int32_t zp, struct err *e)
{
	struct sums_job j = { s, kind, x, zp, true, (size_t)s->op->out_shape.v[2], NULL };

	return add_images(&j, (size_t)n, &s->images[1], s->added, e);
}

static double images_of(const struct input_sums *s, enum image_half half)
{
	const size_t n = s->images[0];

	return (double)((half_has(half, 0) ? n - n / 2 : 0) + (half_has(half, 1) ? n / 2 : 0));
}

/* n sums over the images of a set; the caller frees them. */
static double *gather(const double *of, size_t n, enum image_half half)
{
	double *sum = xcalloc(n, sizeof *sum);

	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; half_has(half, i) && k < n; k++)
			sum[k] += of[i * n + k];
	return sum;
}

static void add_products(const struct input_sums *s, const double *at, const float *kernel,
			 double *mean)
{
	const size_t cout = (size_t)s->op->out_shape.v[2], groups = (size_t)s->op->groups;
	const size_t cg = s->cin / groups, og = cout / groups;

	for (size_t t = 0; t < s->taps; t++)
		for (size_t i = 0; i < cg; i++, kernel += cout)
			for (size_t g = 0; g < groups; g++) {
				const double x = at[t * s->cin + g * cg + i];

				for (size_t o = g * og; o < (g + 1) * og; o++)
					mean[o] += x * (double)kernel[o];
			}
}

void input_sums_mean(const struct input_sums *s, enum image_half half, const float *kernel,
		     double added, double *mean)
{
	const int32_t *out = s->op->out_shape.v;
	const double positions = images_of(s, half) * out[0] * out[1];
	double *at = gather(s->at, s->taps * s->cin, half);
	double *more = s->added ? gather(s->added, (size_t)out[2], half) : NULL;

	for (int32_t o = 0; o < out[2]; o++)
		mean[o] = more ? added * more[o] : 0;
	add_products(s, at, kernel, mean);
	for (int32_t o = 0; o < out[2]; o++)
		mean[o] /= positions;
	free(at);
	free(more);
}
