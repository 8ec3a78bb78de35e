/*
 * Data for scripts/conformance, between a source model's layout and the HN's.
 *
 *	conform input REPORT.json I IN.npy OUT.npy
 *		input I of the source model as NHWC; prints its layer.  One image (or no
 *		batch at all) is repeated for as many as the others have.
 *	conform image IN.npy OUT.npy MEANS STDS [bgr]
 *		NHWC uint8 photos, (x - mean) / std per feature
 *	conform ramp SHAPE OUT.npy
 *		0/n, 1/n, ... in float32
 *	conform output REPORT.json OUT REF... [/STRIDE]
 *		compares hn-infer's OUT (.npy, or .npz of several outputs) with references: .npy or
 *		.pb in order, or one .npz by name; prints the largest error
 *
 * The error is the largest difference over the reference's range (its magnitude where it is
 * constant).  Exit 1 above 1e-4, or when shapes differ.  /4: the references hold the first image,
 * each 4th pixel.
 */
#include "base/num.h"
#include "base/outfile.h"
#include "io/json.h"
#include "io/npy.h"
#include <math.h>

static const double TOLERANCE = 1e-4;

static json_t *report_of(const char *path)
{
	struct err e = { 0 };
	size_t n;
	char *text = read_file(path, 1 << 28, &n, &e);
	json_t *j = text ? json_parse(text, n, &e) : NULL;

	if (!j)
		die(&e);
	free(text);
	return j;
}

static struct tensor load(const char *path)
{
	struct err e = { 0 };
	struct tensor t;

	if (npy_read(path, &t, &e) < 0) {
		err_in(&e, "%s", path);
		die(&e);
	}
	return t;
}

/* Sizes and steps of the HN's axes N, H, W, C; C and D share the features, the first outermost. */
struct axes {
	int64_t dim[5], step[5];
};

static struct axes axes_of(const struct tensor *t, const char *axes)
{
	const char *d = strchr(axes, 'D'), *c = strchr(axes, 'C');
	const char *order = d && c && d < c ? "BHWDC" : "BHWCD";
	struct axes a;
	int64_t at = 1;

	for (int i = 0; i < 5; i++) {
		a.dim[i] = 1;
		a.step[i] = 0;
	}
	for (int k = t->rank - 1; k >= 0; at *= t->dim[k--])
		for (int i = 0; i < 5; i++)
			if (axes[k] == order[i]) {
				a.dim[i] = t->dim[k];
				a.step[i] = at;
			}
	return a;
}

/* The tensor as NHWC, four dimensions. */
static struct tensor to_nhwc(const struct tensor *t, const char *axes)
{
	const struct axes a = axes_of(t, axes);
	struct tensor r =
	    tensor_new(DT_F32, 4, (int64_t[]){ a.dim[0], a.dim[1], a.dim[2], a.dim[3] * a.dim[4] });
	float *out = tensor_data(&r);

	for (size_t k = 0; k < tensor_count(&r); k++) {
		int64_t rest = (int64_t)k, from = 0;

		for (int i = 4; i >= 0; rest /= a.dim[i--])
			from += rest % a.dim[i] * a.step[i];
		out[k] = (float)tensor_get(t, (size_t)from);
	}
	return r;
}

/* Images of the model's inputs: the batch of one that has it. */
static int64_t images(const json_t *ins)
{
	int64_t n = 1;

	for (size_t i = 0; i < json_array_size(ins); i++) {
		const json_t *in = json_array_get(ins, i);
		const char *axes = json_string_value(json_object_get(in, "axes"));
		const char *b = axes ? strchr(axes, 'B') : NULL;
		const json_t *dim =
		    b ? json_array_get(json_object_get(in, "shape"), (size_t)(b - axes)) : NULL;

		if (json_integer_value(dim) > n)
			n = json_integer_value(dim);
	}
	return n;
}

/* t once for each of n images. */
static struct tensor repeat(const struct tensor *t, int64_t n)
{
	struct tensor r = *t;

	r.dim[0] = n;
	r = tensor_new(DT_F32, r.rank, r.dim);
	for (int64_t i = 0; i < n; i++)
		memcpy((char *)tensor_data(&r) + (size_t)i * tensor_bytes(t), t->data,
		       tensor_bytes(t));
	return r;
}

static int input(char **argv)
{
	struct err e = { 0 };
	json_t *in, *ins;
	int64_t i;
	struct tensor t, r;
	const char *axes;

	if (num_int(argv[1], "I", 0, 4096, &i, &e) < 0)
		die(&e);
	ins = json_object_get(report_of(argv[0]), "inputs");
	in = json_array_get(ins, (size_t)i);
	axes = json_string_value(json_object_get(in, "axes"));
	t = load(argv[2]);
	if (!axes || strlen(axes) != (size_t)t.rank) {
		err_set(&e, "%s: shape %s does not fit axes %s", argv[2], tensor_shape_text(&t),
			axes ? axes : "(none)");
		die(&e);
	}
	r = to_nhwc(&t, axes);
	if (r.dim[0] == 1)
		r = repeat(&r, images(ins));
	/* The HN's own rank: [N,h,w,c], [N,w,c] or [N,c]. */
	for (int drop = 4 - (strchr(axes, 'H') ? 4 : strchr(axes, 'W') ? 3 : 2); drop > 0; drop--) {
		memmove(&r.dim[1], &r.dim[2], (size_t)(r.rank - 2) * sizeof r.dim[0]);
		r.rank--;
	}
	if (npy_write(argv[3], &r, &e) < 0)
		die(&e);
	printf("%s\n", json_string_value(json_object_get(in, "layer")));
	return 0;
}

static size_t numbers(const char *text, double v[16])
{
	struct err e = { 0 };
	size_t n = 0;

	while (n < 16) {
		const size_t len = strcspn(text, ",");
		char *one = xstrndup(text, len);

		if (num_double(one, "number", &v[n++], &e) < 0)
			die(&e);
		free(one);
		if (!text[len])
			break;
		text += len + 1;
	}
	return n;
}

static int image(int argc, char **argv)
{
	const struct tensor t = load(argv[0]);
	double mean[16], dev[16];
	const size_t nmean = numbers(argv[2], mean), ndev = numbers(argv[3], dev);
	const bool bgr = argc > 4 && strcmp(argv[4], "bgr") == 0;
	struct err e = { 0 };
	struct tensor r = { .rank = t.rank < 4 ? 4 : t.rank };
	size_t c;
	float *out;

	memcpy(r.dim, t.dim, sizeof r.dim);
	if (t.rank == 3)
		r.dim[3] = 1;
	r = tensor_new(DT_F32, r.rank, r.dim);
	out = tensor_data(&r);
	c = (size_t)r.dim[r.rank - 1];
	for (size_t i = 0; i < tensor_count(&t); i++) {
		const size_t k = i % c, from = bgr ? i - k + (c - 1 - k) : i;
		/* In float, as the references were made. */
		const float x =
		    (float)tensor_get(&t, from) - (float)mean[nmean > 1 ? k % nmean : 0];

		out[i] = x / (float)dev[ndev > 1 ? k % ndev : 0];
	}
	if (npy_write(argv[1], &r, &e) < 0)
		die(&e);
	return 0;
}

static int ramp(char **argv)
{
	struct tensor t = { .rank = 0 };
	struct err e = { 0 };
	double v[16];
	float *out;

	t.rank = (int)numbers(argv[0], v);
	for (int i = 0; i < t.rank && i < LIMIT_RANK; i++)
		t.dim[i] = (int64_t)v[i];
	t = tensor_new(DT_F32, t.rank, t.dim);
	out = tensor_data(&t);
	for (size_t i = 0; i < tensor_count(&t); i++)
		out[i] = (float)((double)i / (double)tensor_count(&t));
	if (npy_write(argv[1], &t, &e) < 0)
		die(&e);
	return 0;
}

/* A TensorProto: dims (field 1), float_data (4) or raw_data (9). */
static struct tensor from_pb(const char *path)
{
	struct err e = { 0 };
	struct tensor t = { .dtype = DT_F32 }, r;
	size_t n, floats = 0;
	const uint8_t *p = read_file(path, 1 << 28, &n, &e), *end = p ? p + n : NULL, *data = NULL;

	if (!p)
		die(&e);
	while (p < end) {
		uint64_t tag = 0, len = 0;

		for (int s = 0; p < end; s += 7) {
			tag |= (uint64_t)(*p & 127) << (s & 63);
			if (!(*p++ & 128))
				break;
		}
		for (int s = 0; p < end && (tag & 7) != 5; s += 7) {
			len |= (uint64_t)(*p & 127) << (s & 63);
			if (!(*p++ & 128))
				break;
		}
		if ((tag & 7) == 2 && len > (uint64_t)(end - p))
			break;
		if (tag >> 3 == 1 && (tag & 7) == 0 && t.rank < LIMIT_RANK)
			t.dim[t.rank++] = (int64_t)len;
		if ((tag >> 3 == 4 || tag >> 3 == 9) && (tag & 7) == 2) {
			data = p;
			floats = (size_t)len / 4;
		}
		p += (tag & 7) == 2 ? len : (tag & 7) == 5 ? 4 : 0;
	}
	r = tensor_new(DT_F32, t.rank, t.dim);
	if (!data || tensor_count(&r) != floats) {
		err_set(&e, "%s: not a float TensorProto", path);
		die(&e);
	}
	memcpy(tensor_data(&r), data, floats * 4);
	return r;
}

static bool ends_with(const char *s, const char *tail)
{
	return strlen(s) >= strlen(tail) && strcmp(s + strlen(s) - strlen(tail), tail) == 0;
}

/* y as hn-infer writes it: [N,h,w,c], [N,w,c] or [N,c]. */
static void nhwc_dims(const struct tensor *y, int64_t dim[4])
{
	dim[0] = y->rank > 0 ? y->dim[0] : 1;
	dim[1] = y->rank > 3 ? y->dim[1] : 1;
	dim[2] = y->rank > 2 ? y->dim[y->rank - 2] : 1;
	dim[3] = y->rank > 1 ? y->dim[y->rank - 1] : 1;
}

/* Largest error over the range; INFINITY when shapes differ.  stride: see the top. */
static double compare(const struct tensor *y, const struct tensor *ref, const char *axes,
		      int64_t stride)
{
	struct tensor want;
	int64_t dim[4];
	double lo = INFINITY, hi = -INFINITY, worst = 0, range;
	size_t k = 0;

	if (strlen(axes) != (size_t)ref->rank)
		return INFINITY;
	want = to_nhwc(ref, axes);
	nhwc_dims(y, dim);
	for (int i = 0; i < 4; i++) {
		const int64_t expect = stride == 1 ? dim[i]
				       : i == 0    ? 1
				       : i == 3    ? dim[i]
						   : (dim[i] + stride - 1) / stride;

		if (want.dim[i] != expect)
			return INFINITY;
	}
	for (int64_t n = 0; n < want.dim[0]; n++)
		for (int64_t h = 0; h < want.dim[1]; h++)
			for (int64_t w = 0; w < want.dim[2]; w++)
				for (int64_t c = 0; c < want.dim[3]; c++) {
					const int64_t at =
					    ((n * dim[1] + h * stride) * dim[2] + w * stride) *
						dim[3] +
					    c;
					const double a = tensor_get(&want, k++);
					const double d = fabs(a - tensor_get(y, (size_t)at));

					lo = a < lo ? a : lo;
					hi = a > hi ? a : hi;
					worst = d > worst || isnan(d) ? d : worst;
				}
	range = hi - lo;
	if (!(range > 1e-5 * fmax(fabs(lo), fabs(hi))))
		range = fmax(fmax(fabs(lo), fabs(hi)), 1e-6);
	tensor_release(&want);
	return worst / range;
}

static int output(int argc, char **argv)
{
	const json_t *outs = json_object_get(report_of(argv[0]), "outputs");
	struct err e = { 0 };
	struct tensors *ys = NULL, *refs = NULL;
	double worst = 0;
	int64_t stride = 1;

	if (argv[argc - 1][0] == '/' &&
	    num_int(argv[argc - 1] + 1, "STRIDE", 1, 64, &stride, &e) == 0)
		argc--;
	e = (struct err){ 0 };
	if ((ends_with(argv[1], ".npz") && !(ys = npz_read(argv[1], &e))) ||
	    (ends_with(argv[2], ".npz") && !(refs = npz_read(argv[2], &e))))
		die(&e);
	if (!refs && json_array_size(outs) != (size_t)argc - 2) {
		printf("%zu outputs, %d references\n", json_array_size(outs), argc - 2);
		return 1;
	}
	for (size_t i = 0; i < json_array_size(outs); i++) {
		const json_t *o = json_array_get(outs, i);
		const char *name = json_string_value(json_object_get(o, "name"));
		const char *layer = json_string_value(json_object_get(o, "layer"));
		const struct tensor *ref = refs ? tensors_get(refs, name) : NULL;
		const struct tensor *y = ys ? tensors_get(ys, layer) : NULL;
		struct tensor one_ref, one_y;
		double d;

		if (!refs) {
			one_ref = ends_with(argv[2 + i], ".pb") ? from_pb(argv[2 + i])
								: load(argv[2 + i]);
			ref = &one_ref;
		}
		if (!ys) {
			one_y = load(argv[1]);
			y = &one_y;
		}
		if (!ref || !y) {
			printf("output '%s' is missing\n", quote(name));
			return 1;
		}
		d = compare(y, ref, json_string_value(json_object_get(o, "axes")), stride);
		if (!(d <= TOLERANCE)) {
			printf("output '%s': error %.3g, %s where %s is expected\n", quote(name), d,
			       tensor_shape_text(y), tensor_shape_text(ref));
			return 1;
		}
		worst = d > worst ? d : worst;
	}
	printf("%.2g\n", worst);
	return 0;
}

int main(int argc, char *argv[])
{
	if (argc == 6 && strcmp(argv[1], "input") == 0)
		return input(argv + 2);
	if (argc >= 6 && strcmp(argv[1], "image") == 0)
		return image(argc - 2, argv + 2);
	if (argc == 4 && strcmp(argv[1], "ramp") == 0)
		return ramp(argv + 2);
	if (argc >= 5 && strcmp(argv[1], "output") == 0)
		return output(argc - 2, argv + 2);
	fprintf(stderr, "usage: conform input|image|ramp|output ... (see the source)\n");
	return 2;
}
