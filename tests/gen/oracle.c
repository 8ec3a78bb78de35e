/*
 * The interpreter of lib/oracle on one model.
 *
 *	oracle [-t TOLERANCE] MODEL [NAME=]IN.npy... -- [NAME=]REF...
 *		REF: .npy, or a TensorProto .pb, of the outputs in order or by name
 *	oracle MODEL [NAME=]IN.npy... -- NAME
 *		prints a tensor: its shape, then its values
 *
 * An output passes when each value is within TOLERANCE (default 1e-5) of the reference, relative to
 * the reference's largest magnitude.  Prints "passed", "wrong: ..." or "unsupported: ..." (an
 * operator or form that the interpreter has not); exit 0, 1 or 3.
 */
#include "oracle/oracle.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/outfile.h"
#include "import/file.h"
#include "io/npy.h"
#include "onnx/onnx.h"
#include <math.h>

static struct err err;

static int fail(void)
{
	const bool lacks = strstr(err.msg, "not executed here") != NULL;

	printf("%s: %s\n", lacks ? "unsupported" : "wrong", err.msg);
	return lacks ? 3 : 1;
}

static uint64_t varint(const uint8_t **p, const uint8_t *end)
{
	uint64_t v = 0;

	for (int s = 0; *p < end; s += 7) {
		v |= (uint64_t)(**p & 127) << (s & 63);
		if (!(*(*p)++ & 128))
			break;
	}
	return v;
}

/* A float TensorProto: dims (field 1), float_data (4) or raw_data (9). */
static int from_pb(const char *path, struct tensor *out)
{
	struct tensor t = { .dtype = DT_F32 };
	const uint8_t *p, *end, *data = NULL;
	size_t n, bytes = 0;

	p = read_file(path, 1 << 28, &n, &err);
	if (!p)
		return -1;
	end = p + n;
	while (p < end) {
		const uint64_t tag = varint(&p, end), v = varint(&p, end);

		if ((tag & 7) == 2 && v > (uint64_t)(end - p))
			break;
		if (tag >> 3 == 1 && (tag & 7) == 0 && t.rank < LIMIT_RANK)
			t.dim[t.rank++] = (int64_t)v;
		if ((tag >> 3 == 4 || tag >> 3 == 9) && (tag & 7) == 2) {
			data = p;
			bytes = (size_t)v;
		}
		p += (tag & 7) == 2 ? v : 0;
	}
	*out = tensor_new(DT_F32, t.rank, t.dim);
	if (!data || tensor_bytes(out) != bytes)
		return err_set(&err, "%s: no float TensorProto", path);
	memcpy(tensor_data(out), data, bytes);
	return 0;
}

static int load(const char *path, struct tensor *t)
{
	const size_t n = strlen(path);

	if (n > 3 && strcmp(path + n - 3, ".pb") == 0)
		return from_pb(path, t);
	return npy_read(path, t, &err) < 0 ? err_in(&err, "%s", path) : 0;
}

/* "NAME=FILE" or "FILE": the file; *name is a copy of the name or the value's. */
static const char *split(const char *arg, struct im_value *const *v, size_t n, size_t i,
			 char **name)
{
	const char *at = strrchr(arg, '=');

	*name = at ? xstrndup(arg, (size_t)(at - arg)) : i < n ? xstrdup(v[i]->name) : NULL;
	if (!*name)
		err_set(&err, "'%s' has no place among %zu tensors", arg, n);
	return at ? at + 1 : arg;
}

static int compare(const struct tensor *y, const struct tensor *ref, double tolerance,
		   const char *name)
{
	double top = 1e-6, worst = 0;

	if (y->rank != ref->rank ||
	    memcmp(y->dim, ref->dim, (size_t)y->rank * sizeof y->dim[0]) != 0)
		return err_set(&err, "'%s' has shape %s, %s expected", name, tensor_shape_text(y),
			       tensor_shape_text(ref));
	for (size_t i = 0; i < tensor_count(ref); i++) {
		const double a = tensor_get(y, i), b = tensor_get(ref, i);

		if (isfinite(b))
			top = fmax(top, fabs(b));
		if (a == b || (isnan(a) && isnan(b)))
			continue;
		worst = isfinite(a) && isfinite(b) ? fmax(worst, fabs(a - b)) : INFINITY;
	}
	if (!(worst <= tolerance * top))
		return err_set(&err, "'%s' differs by %g of %g", name, worst, top);
	return 0;
}

static int print(const struct tensor *t)
{
	printf("%s", tensor_shape_text(t));
	for (size_t i = 0; i < tensor_count(t); i++)
		printf(" %.6g", tensor_get(t, i));
	printf("\n");
	return 0;
}

static int feed(struct oracle *o, char **arg, int n)
{
	const struct im_graph *g = oracle_graph(o);

	for (int i = 0; i < n; i++) {
		struct tensor t;
		char *name;
		const char *file = split(arg[i], g->in, g->nin, (size_t)i, &name);

		if (!name || load(file, &t) < 0 || oracle_feed(o, name, &t, &err) < 0)
			return -1;
		tensor_release(&t);
		free(name);
	}
	return 0;
}

static int check(struct oracle *o, char **arg, int n, double tolerance)
{
	const struct im_graph *g = oracle_graph(o);
	const bool show = n == 1 && im_find_value(g, arg[0]);
	struct tensor ref;

	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < n; i++) {
			char *name = show ? xstrdup(arg[i]) : NULL;
			const char *file =
			    show ? NULL : split(arg[i], g->out, g->nout, (size_t)i, &name);

			if (!name || (pass == 0 && oracle_want(o, name, &err) < 0))
				return -1;
			if (pass && show)
				print(oracle_tensor(o, name));
			else if (pass &&
				 (load(file, &ref) < 0 ||
				  compare(oracle_tensor(o, name), &ref, tolerance, name) < 0))
				return -1;
			else if (pass)
				tensor_release(&ref);
			free(name);
		}
		if (pass == 0 && oracle_run(o, &err) < 0)
			return -1;
	}
	if (!show)
		printf("passed\n");
	return 0;
}

int main(int argc, char *argv[])
{
	double tolerance = 1e-5;
	struct im_file f;
	int at = 1, dashes, r;
	struct oracle *o;

	if (argc > 3 && strcmp(argv[1], "-t") == 0) {
		if (num_double(argv[2], "tolerance", &tolerance, &err) < 0)
			return fail();
		at = 3;
	}
	for (dashes = at + 1; dashes < argc && strcmp(argv[dashes], "--") != 0;)
		dashes++;
	if (dashes + 1 >= argc) {
		fprintf(stderr, "usage: oracle [-t T] MODEL IN... -- REF... (see the source)\n");
		return 2;
	}
	if (im_file_open(&f, argv[at], "an ONNX model", &err) < 0)
		return fail();
	o = oracle_new(&(struct im_source){ onnx_read, &f }, 0, &err);
	im_file_close(&f);
	r = !o || feed(o, argv + at + 1, dashes - at - 1) < 0 ||
		    check(o, argv + dashes + 1, argc - dashes - 1, tolerance) < 0
		? fail()
		: 0;
	oracle_free(o);
	return r;
}
