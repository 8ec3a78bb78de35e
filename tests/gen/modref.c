/*
 * Model modifications a second time, from their formulas, in double precision on NHWC arrays:
 *
 *	modref noise OUT.npy SEED N H W C            bytes, uint8
 *	modref swap IN.npy OUT.npy                   rows and columns exchanged, any dtype of 1 or 4
 *bytes modref kernel IN.npy OUT.npy                 [h][w][in][out] to [w][h][in][out] modref rows
 *IN.npy OUT.npy H W C             a dense kernel's rows (y W + x) C + c to (x H + y) C + c modref
 *resize IN.npy OUT.npy H W bilinear|nearest align_corners|half_pixels|disabled modref softmax
 *IN.npy OUT.npy                over the last dimension modref argmax IN.npy OUT.npy the first
 *largest of the last dimension, float32 modref sigmoid|tanh|relu IN.npy OUT.npy
 */
#include "base/num.h"
#include "base/outfile.h"
#include "io/npy.h"
#include <math.h>

static struct tensor read_array(const char *path)
{
	struct err e = { 0 };
	struct tensor t;

	if (npy_read(path, &t, &e) < 0)
		die(&e);
	return t;
}

/* Writes and releases it. */
static void write_array(const char *path, struct tensor *t)
{
	struct err e = { 0 };

	if (npy_write(path, t, &e) < 0)
		die(&e);
	tensor_release(t);
}

static int64_t number(const char *text)
{
	struct err e = { 0 };
	int64_t v;

	if (num_int(text, "number", 0, INT32_MAX, &v, &e) < 0)
		die(&e);
	return v;
}

/* Multiplicative congruential, the tests' own: nothing of the library's. */
static void noise(char **a)
{
	const int64_t dim[4] = { number(a[2]), number(a[3]), number(a[4]), number(a[5]) };
	struct tensor t = tensor_new(DT_U8, 4, dim);
	uint64_t s = (uint64_t)number(a[1]) * 2654435761U + 12345;
	uint8_t *v = tensor_data(&t);

	for (size_t i = 0; i < tensor_count(&t); i++) {
		s = s * 6364136223846793005U + 1442695040888963407U;
		v[i] = (uint8_t)(s >> 56);
	}
	write_array(a[0], &t);
}

static void swap(char **a)
{
	struct tensor t = read_array(a[0]);
	const size_t size = tensor_bytes(&t) / tensor_count(&t);
	int64_t dim[4] = { t.dim[0], t.dim[2], t.dim[1], t.dim[3] };
	struct tensor o = tensor_new(t.dtype, 4, dim);
	char *to = tensor_data(&o);

	for (int64_t n = 0; n < t.dim[0]; n++)
		for (int64_t y = 0; y < t.dim[1]; y++)
			for (int64_t x = 0; x < t.dim[2]; x++)
				for (int64_t c = 0; c < t.dim[3]; c++) {
					const int64_t i =
					    ((n * t.dim[1] + y) * t.dim[2] + x) * t.dim[3] + c;
					const int64_t k =
					    ((n * t.dim[2] + x) * t.dim[1] + y) * t.dim[3] + c;

					memcpy(to + (size_t)k * size,
					       (const char *)t.data + (size_t)i * size, size);
				}
	write_array(a[1], &o);
	tensor_release(&t);
}

static void kernel(char **a)
{
	struct tensor t = read_array(a[0]);
	const int64_t dim[4] = { t.dim[1], t.dim[0], t.dim[2], t.dim[3] };
	struct tensor o = tensor_new(DT_F32, 4, dim);
	const int64_t n = t.dim[2] * t.dim[3];
	float *to = tensor_data(&o);

	for (int64_t i = 0; i < dim[0]; i++)
		for (int64_t k = 0; k < dim[1]; k++)
			for (int64_t c = 0; c < n; c++)
				to[(i * dim[1] + k) * n + c] =
				    (float)tensor_get(&t, (size_t)((k * dim[0] + i) * n + c));
	write_array(a[1], &o);
	tensor_release(&t);
}

static void rows(char **a)
{
	struct tensor t = read_array(a[0]);
	const int64_t h = number(a[2]), w = number(a[3]), c = number(a[4]), out = t.dim[1];
	struct tensor o = tensor_new(DT_F32, 2, t.dim);
	float *to = tensor_data(&o);

	for (int64_t r = 0; r < h * w * c; r++) {
		const int64_t y = r / c / w, x = r / c % w;

		for (int64_t k = 0; k < out; k++)
			to[((x * h + y) * c + r % c) * out + k] =
			    (float)tensor_get(&t, (size_t)(r * out + k));
	}
	write_array(a[1], &o);
	tensor_release(&t);
}

/* Where output coordinate i of `out` lies among `in` (guide 5.5.15, ONNX Resize, TensorFlow). */
static double source(const char *mode, int64_t i, int64_t in, int64_t out)
{
	if (strcmp(mode, "align_corners") == 0)
		return out == 1 ? 0 : (double)i * (double)(in - 1) / (double)(out - 1);
	if (strcmp(mode, "half_pixels") == 0)
		return ((double)i + 0.5) * (double)in / (double)out - 0.5;
	return (double)i * (double)in / (double)out;
}

static int64_t nearest(const char *mode, int64_t i, int64_t in, int64_t out)
{
	const double x = source(mode, i, in, out);
	const int64_t k = (int64_t)floor(strcmp(mode, "disabled") == 0 ? x + 1e-9 : x + 0.5 + 1e-9);

	return k < 0 ? 0 : k >= in ? in - 1 : k;
}

static double at(const struct tensor *t, int64_t n, int64_t y, int64_t x, int64_t c)
{
	y = y < 0 ? 0 : y >= t->dim[1] ? t->dim[1] - 1 : y;
	x = x < 0 ? 0 : x >= t->dim[2] ? t->dim[2] - 1 : x;
	return tensor_get(t, (size_t)(((n * t->dim[1] + y) * t->dim[2] + x) * t->dim[3] + c));
}

static double between(const struct tensor *t, int64_t n, double y, double x, int64_t c)
{
	const double fy = y - floor(y), fx = x - floor(x);
	const int64_t iy = (int64_t)floor(y), ix = (int64_t)floor(x);

	return (1 - fy) * ((1 - fx) * at(t, n, iy, ix, c) + fx * at(t, n, iy, ix + 1, c)) +
	       fy * ((1 - fx) * at(t, n, iy + 1, ix, c) + fx * at(t, n, iy + 1, ix + 1, c));
}

static void resize(char **a)
{
	struct tensor t = read_array(a[0]);
	const int64_t h = number(a[2]), w = number(a[3]);
	const int64_t dim[4] = { t.dim[0], h, w, t.dim[3] };
	const bool bilinear = strcmp(a[4], "bilinear") == 0;
	struct tensor o = tensor_new(DT_F32, 4, dim);
	float *to = tensor_data(&o);

	for (int64_t i = 0; i < (int64_t)tensor_count(&o); i++) {
		const int64_t c = i % dim[3], x = i / dim[3] % w, y = i / dim[3] / w % h;
		const int64_t n = i / dim[3] / w / h;

		to[i] = (float)(bilinear ? between(&t, n, source(a[5], y, t.dim[1], h),
						   source(a[5], x, t.dim[2], w), c)
					 : at(&t, n, nearest(a[5], y, t.dim[1], h),
					      nearest(a[5], x, t.dim[2], w), c));
	}
	write_array(a[1], &o);
	tensor_release(&t);
}

static void scores(char **a, bool best)
{
	struct tensor t = read_array(a[0]);
	const int64_t c = t.dim[t.rank - 1], n = (int64_t)tensor_count(&t) / c;
	struct tensor o = t;
	float *to;

	if (best)
		o.dim[t.rank - 1] = 1;
	o = tensor_new(DT_F32, t.rank, o.dim);
	to = tensor_data(&o);
	for (int64_t i = 0; i < n; i++) {
		double sum = 0;
		int64_t top = 0;

		for (int64_t k = 0; k < c; k++) {
			if (tensor_get(&t, (size_t)(i * c + k)) >
			    tensor_get(&t, (size_t)(i * c + top)))
				top = k;
			sum += exp(tensor_get(&t, (size_t)(i * c + k)));
		}
		for (int64_t k = 0; k < c && !best; k++)
			to[i * c + k] = (float)(exp(tensor_get(&t, (size_t)(i * c + k))) / sum);
		if (best)
			to[i] = (float)top;
	}
	write_array(a[1], &o);
	tensor_release(&t);
}

static double apply(const char *name, double x)
{
	if (strcmp(name, "sigmoid") == 0)
		return 1 / (1 + exp(-x));
	return strcmp(name, "tanh") == 0 ? tanh(x) : x > 0 ? x : 0;
}

static void activation(const char *name, char **a)
{
	struct tensor t = read_array(a[0]);
	struct tensor o = tensor_new(DT_F32, t.rank, t.dim);
	float *to = tensor_data(&o);

	for (size_t i = 0; i < tensor_count(&t); i++)
		to[i] = (float)apply(name, tensor_get(&t, i));
	write_array(a[1], &o);
	tensor_release(&t);
}

int main(int argc, char *argv[])
{
	const char *c = argc > 1 ? argv[1] : "";
	char **a = argv + 2;

	if (strcmp(c, "noise") == 0 && argc == 8)
		noise(a);
	else if (strcmp(c, "swap") == 0 && argc == 4)
		swap(a);
	else if (strcmp(c, "kernel") == 0 && argc == 4)
		kernel(a);
	else if (strcmp(c, "rows") == 0 && argc == 7)
		rows(a);
	else if (strcmp(c, "resize") == 0 && argc == 8)
		resize(a);
	else if ((strcmp(c, "softmax") == 0 || strcmp(c, "argmax") == 0) && argc == 4)
		scores(a, *c == 'a');
	else if (argc == 4)
		activation(c, a);
	else
		return 2;
	return 0;
}
