/*
 * input_conversion a second time, for tests: matrices typed from the guide (5.3.3), packed formats
 * by their public definitions, in double precision.
 *
 *	conversion bytes SEED SHAPE OUT.npy   random images of unsigned bytes, SHAPE "2,8,6,3"
 *	conversion KIND IN.npy OUT.npy        float32: what the conversion makes of the images
 *
 * KIND: of input_conversion.  Packed images are in the order of a file: planes one after another.
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "io/npy.h"

/* Rows: R, G, B as sums over Y, U, V and 1. */
struct matrix {
	const char *name;
	double m[3][4];
};
static const struct matrix matrices[] = {
	{ "yuv_full_range_to_rgb",
	  { { 1, 0, 1.4, -179.2 }, { 1, -0.343, -0.711, 134.912 }, { 1, 1.765, 0, -225.92 } } },
	{ "yuv_to_rgb",
	  { { 1.164, 0, 1.596, -222.912 },
	    { 1.164, -0.392, -0.813, 135.616 },
	    { 1.164, 2.017, 0, -276.8 } } },
	{ "yuv709_to_rgb",
	  { { 1.164, 0, 1.793, -248.128 },
	    { 1.164, -0.213, -0.533, 76.864 },
	    { 1.164, 2.112, 0, -288.96 } } },
	{ "rgb_to_rgb", { { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 } } },
};

/* A conversion: unpacked how, by which matrix, and R and B exchanged or not. */
struct kind {
	const char *name, *format, *matrix;
	int swap;
};
static const struct kind kinds[] = {
	{ "yuv_full_range_to_rgb", "", "yuv_full_range_to_rgb", 0 },
	{ "yuv_to_rgb", "", "yuv_to_rgb", 0 },
	{ "yuv601_to_rgb", "", "yuv_to_rgb", 0 },
	{ "yuv709_to_rgb", "", "yuv709_to_rgb", 0 },
	{ "yuv_full_range_to_bgr", "", "yuv_full_range_to_rgb", 1 },
	{ "yuv_to_bgr", "", "yuv_to_rgb", 1 },
	{ "yuv601_to_bgr", "", "yuv_to_rgb", 1 },
	{ "yuv709_to_bgr", "", "yuv709_to_rgb", 1 },
	{ "bgr_to_rgb", "", "rgb_to_rgb", 1 },
	{ "rgb_to_bgr", "", "rgb_to_rgb", 1 },
	{ "yuy2_to_hailo_yuv", "yuy2", "rgb_to_rgb", 0 },
	{ "nv12_to_hailo_yuv", "nv12", "rgb_to_rgb", 0 },
	{ "nv21_to_hailo_yuv", "nv21", "rgb_to_rgb", 0 },
	{ "i420_to_hailo_yuv", "i420", "rgb_to_rgb", 0 },
	{ "tf_rgbx_to_hailo_rgb", "rgbx", "rgb_to_rgb", 0 },
	{ "yuy2_to_rgb", "yuy2", "yuv_to_rgb", 0 },
	{ "nv12_to_rgb", "nv12", "yuv_to_rgb", 0 },
	{ "nv21_to_rgb", "nv21", "yuv_to_rgb", 0 },
	{ "i420_to_rgb", "i420", "yuv_to_rgb", 0 },
};

static const struct kind *find_kind(const char *name, struct err *e)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	err_set(e, "unknown conversion '%s'", name);
	return NULL;
}

static const struct matrix *find_matrix(const char *name)
{
	const struct matrix *m = matrices;

	while (strcmp(m->name, name) != 0)
		m++;
	return m;
}

/* One image of h x w pixels, its values from `in` on; planes are found from the image's start. */
struct image {
	const struct tensor *t;
	size_t start, h, w;
};

static double at(const struct image *i, size_t k)
{
	return tensor_get(i->t, i->start + k);
}

/* Y, U, V or R, G, B of pixel (y, x). */
static void pixel(const struct image *i, const char *format, size_t y, size_t x, double v[3])
{
	const size_t area = i->h * i->w, quarter = area / 4, block = y / 2 * (i->w / 2) + x / 2;

	if (strcmp(format, "yuy2") == 0) {
		size_t macro = (y * i->w + x) / 2 * 4; /* Y0 U Y1 V */

		v[0] = at(i, macro + (x % 2 ? 2 : 0));
		v[1] = at(i, macro + 1);
		v[2] = at(i, macro + 3);
	} else if (strcmp(format, "nv12") == 0 || strcmp(format, "nv21") == 0) {
		int u = format[2] == '1' ? 0 : 1;

		v[0] = at(i, y * i->w + x);
		v[1] = at(i, area + 2 * block + (size_t)u);
		v[2] = at(i, area + 2 * block + (size_t)!u);
	} else if (strcmp(format, "i420") == 0) {
		v[0] = at(i, y * i->w + x);
		v[1] = at(i, area + block);
		v[2] = at(i, area + quarter + block);
	} else {
		size_t features = strcmp(format, "rgbx") == 0 ? 4 : 3;

		for (size_t c = 0; c < 3; c++)
			v[c] = at(i, (y * i->w + x) * features + c);
	}
}

static void convert(const struct kind *k, const struct tensor *in, struct tensor *out)
{
	const struct matrix *m = find_matrix(k->matrix);
	const int planes = k->format[0] == 'n' || k->format[0] == 'i';
	int64_t dim[4] = { in->dim[0], planes ? 2 * in->dim[1] : in->dim[1], in->dim[2], 3 };
	struct image i = { .t = in, .h = (size_t)dim[1], .w = (size_t)dim[2] };
	const size_t each = tensor_count(in) / (size_t)in->dim[0];
	float *to;

	*out = tensor_new(DT_F32, 4, dim);
	to = tensor_data(out);
	for (size_t n = 0; n < (size_t)dim[0]; n++)
		for (size_t p = 0; p < i.h * i.w; p++) {
			double v[3];

			i.start = n * each;
			pixel(&i, k->format, p / i.w, p % i.w, v);
			for (int o = 0; o < 3; o++) {
				const double *r = m->m[k->swap ? 2 - o : o];

				*to++ = (float)(r[0] * v[0] + r[1] * v[1] + r[2] * v[2] + r[3]);
			}
		}
}

/* A linear congruential generator's high bytes (Knuth, MMIX). */
static int bytes(char *argv[], struct err *e)
{
	struct tensor t = { .rank = 4 };
	unsigned long long state = strtoull(argv[2], NULL, 10);
	struct tensor out;
	uint8_t *v;
	char *p = argv[3];
	int r;

	for (int i = 0; i < 4; i++, p++)
		t.dim[i] = strtol(p, &p, 10);
	out = tensor_new(DT_U8, 4, t.dim);
	v = tensor_data(&out);
	for (size_t i = 0; i < tensor_count(&out); i++) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		v[i] = (uint8_t)(state >> 56);
	}
	r = npy_write(argv[4], &out, e);
	tensor_release(&out);
	return r;
}

static int run(char *argv[], struct err *e)
{
	const struct kind *k = find_kind(argv[1], e);
	struct tensor in = { 0 }, out = { 0 };
	int r = -1;

	if (k && npy_read(argv[2], &in, e) == 0) {
		if (in.rank != 4)
			err_set(e, "%s: not a set of images", argv[2]);
		else
			convert(k, &in, &out);
		r = err_is(e) ? -1 : npy_write(argv[3], &out, e);
	}
	tensor_release(&in);
	tensor_release(&out);
	return r;
}

int main(int argc, char *argv[])
{
	struct err e = { 0 };

	if ((argc == 5 && strcmp(argv[1], "bytes") == 0 ? bytes(argv, &e)
	     : argc == 4                                ? run(argv, &e)
							: err_set(&e, "wrong use")) < 0)
		die(&e);
	return 0;
}
