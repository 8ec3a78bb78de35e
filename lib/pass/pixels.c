/* Calibration images from RGB to the format that a modified network takes. */
#include "base/par.h"
#include "pass/color.h"
#include <math.h>
#include <string.h>

static const char *const names[PIXEL_COUNT] = {
	"yuv", "bgr", "rgbx", "yuy2", "nv12", "nv21", "i420"
};

const char *pixel_format_name(enum pixel_format f)
{
	return names[f];
}

/* What the images are, and where they go. */
struct job {
	const struct tensor *in;
	struct tensor *out;
	const struct pixel_opts *o;
	struct color color; /* from RGB; a swap or nothing for formats without Y */
	size_t h, w;
	size_t out_image; /* elements */
};

static double get(const struct tensor *t, size_t i)
{
	return t->dtype == DT_U8 ? ((const uint8_t *)t->data)[i] : ((const float *)t->data)[i];
}

static void put(const struct job *j, size_t i, double v)
{
	if (j->out->dtype == DT_F32) {
		((float *)tensor_data(j->out))[i] = (float)v;
		return;
	}
	v = floor(v + 0.5);
	((uint8_t *)tensor_data(j->out))[i] = v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

/* The three values of a pixel of image n. */
static void pixel(const struct job *j, size_t n, size_t y, size_t x, double v[3])
{
	size_t at = ((n * j->h + y) * j->w + x) * 3;
	double rgb[3] = { get(j->in, at), get(j->in, at + 1), get(j->in, at + 2) };

	for (int o = 0; o < 3; o++) {
		v[o] = j->color.bias[o];
		for (int i = 0; i < 3; i++)
			v[o] += rgb[i] * j->color.kernel[i][o];
	}
}

/* U and V for h x w pixels from (y, x): of the first, or the mean. */
static void chroma(const struct job *j, size_t n, size_t y, size_t x, size_t h, size_t w,
		   double uv[2])
{
	double v[3];

	pixel(j, n, y, x, v);
	uv[0] = v[1];
	uv[1] = v[2];
	if (!j->o->mean)
		return;
	uv[0] = uv[1] = 0;
	for (size_t i = 0; i < h * w; i++) {
		pixel(j, n, y + i / w, x + i % w, v);
		uv[0] += v[1] / (double)(h * w);
		uv[1] += v[2] / (double)(h * w);
	}
}

static void interleaved(const struct job *j, size_t n)
{
	size_t features = j->o->to == PIXEL_RGBX ? 4 : 3;
	size_t at = n * j->out_image;
	double v[4] = { 0 };

	for (size_t i = 0; i < j->h * j->w; i++)
		for (size_t c = 0; c < features; c++) {
			if (c == 0)
				pixel(j, n, i / j->w, i % j->w, v);
			put(j, at++, v[c]);
		}
}

static void yuy2(const struct job *j, size_t n)
{
	size_t at = n * j->out_image;
	double v[3], uv[2];

	for (size_t i = 0; i < j->h * j->w; i++) {
		if (i % 2 == 0)
			chroma(j, n, i / j->w, i % j->w, 1, 2, uv);
		pixel(j, n, i / j->w, i % j->w, v);
		put(j, at++, v[0]);
		put(j, at++, uv[i % 2]);
	}
}

/* Planes: Y, then U and V beside each other (first: which comes first) or behind each other. */
static void planes(const struct job *j, size_t n)
{
	size_t first = j->o->to == PIXEL_NV21;
	size_t quarter = j->h * j->w / 4;
	size_t at = n * j->out_image;
	double v[3], uv[2];

	for (size_t i = 0; i < j->h * j->w; i++) {
		pixel(j, n, i / j->w, i % j->w, v);
		put(j, at++, v[0]);
	}
	for (size_t i = 0; i < quarter; i++) {
		chroma(j, n, i / (j->w / 2) * 2, i % (j->w / 2) * 2, 2, 2, uv);
		if (j->o->to == PIXEL_I420) {
			put(j, at + i, uv[0]);
			put(j, at + quarter + i, uv[1]);
		} else {
			put(j, at + 2 * i, uv[first]);
			put(j, at + 2 * i + 1, uv[!first]);
		}
	}
}

static int translate_image(size_t n, void *ctx, struct err *e)
{
	static void (*const ways[PIXEL_COUNT])(const struct job *j, size_t n) = {
		interleaved, interleaved, interleaved, yuy2, planes, planes, planes
	};
	const struct job *j = ctx;

	(void)e;
	ways[j->o->to](j, n);
	return 0;
}

static int check(const struct tensor *rgb, const struct pixel_opts *o, struct err *e)
{
	int64_t h = rgb->rank >= 3 ? rgb->dim[rgb->rank - 3] : 0;
	int64_t w = rgb->rank >= 3 ? rgb->dim[rgb->rank - 2] : 0;

	if (rgb->rank < 3 || rgb->rank > 4 || rgb->dim[rgb->rank - 1] != 3)
		return err_set(e, "an array of shape %s, RGB images [n,h,w,3] expected",
			       tensor_shape_text(rgb));
	if (rgb->dtype != DT_U8 && rgb->dtype != DT_F32)
		return err_set(e, "an array of %s, uint8 or float32 expected",
			       dtype_name(rgb->dtype));
	if (o->to >= PIXEL_YUY2 && w % 2)
		return err_set(e, "%s has one color for two columns: a width of %lld is odd",
			       names[o->to], (long long)w);
	if (o->to >= PIXEL_NV12 && h % 2)
		return err_set(e, "%s has one color for two rows: a height of %lld is odd",
			       names[o->to], (long long)h);
	return 0;
}

static void out_shape(const struct tensor *rgb, enum pixel_format to, int64_t dim[4])
{
	int64_t *d = dim + rgb->rank - 3;

	memcpy(dim, rgb->dim, (size_t)rgb->rank * sizeof *dim);
	if (to == PIXEL_RGBX)
		d[2] = 4;
	else if (to == PIXEL_YUY2)
		d[2] = 2;
	else if (to >= PIXEL_NV12)
		d[0] /= 2;
}

int pixels_translate(const struct tensor *rgb, const struct pixel_opts *o, struct tensor *out,
		     struct err *e)
{
	static const struct color same = { "rgb",
					   { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } },
					   { 0 } };
	struct job j = { .in = rgb, .out = out, .o = o };
	int64_t dim[4];
	size_t n = rgb->rank == 4 ? (size_t)rgb->dim[0] : 1;

	if (check(rgb, o, e) < 0)
		return -1;
	j.color = o->to == PIXEL_BGR    ? *color_find("rgb_to_bgr")
		  : o->to == PIXEL_RGBX ? same
					: color_inverse(o->to_rgb);
	out_shape(rgb, o->to, dim);
	*out = tensor_new(rgb->dtype, rgb->rank, dim);
	j.h = (size_t)rgb->dim[rgb->rank - 3];
	j.w = (size_t)rgb->dim[rgb->rank - 2];
	j.out_image = n ? tensor_count(out) / n : 0;
	return par_for(n, translate_image, &j, e);
}
