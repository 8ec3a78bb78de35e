/*
 * Arrays for tests, from and to text.
 *
 *	arr npy F.npy DTYPE SHAPE VALUE...    fewer values than elements repeat; SHAPE "2,3" or ""
 *(scalar) arr npz F.npz KEY=F.npy...            an archive of arrays arr text F.npy DTYPE SHAPE,
 *then the values of each image on a line arr keys F.npz                        keys with dtype and
 *shape arr get F.npz KEY OUT.npy             one array of an archive arr close A.npy B.npy
 *TOLERANCE       shapes equal and |a - b| <= TOLERANCE times b's range
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "io/npy.h"

static int parse_shape(const char *text, struct tensor *t, struct err *e)
{
	int64_t v;

	for (const char *p = text; *p;) {
		const size_t n = strcspn(p, ",");
		char *one = xstrndup(p, n);

		if (t->rank == LIMIT_RANK || num_int(one, "dimension", 0, LIMIT_DIM, &v, e) < 0)
			err_set(e, "bad shape '%s'", text);
		else
			t->dim[t->rank++] = v;
		free(one);
		if (err_is(e))
			return -1;
		p += n + (p[n] == ',');
	}
	return 0;
}

static int make_npy(int argc, char **argv, struct err *e)
{
	struct tensor shape = { 0 }, f, t;
	enum dtype type = 0;
	double *to;

	if (argc < 4)
		return err_set(e, "usage: npy FILE DTYPE SHAPE VALUE...");
	while (type < DT_COUNT && strcmp(dtype_name(type), argv[1]) != 0)
		type++;
	if (type == DT_COUNT)
		return err_set(e, "unknown dtype '%s'", argv[1]);
	if (parse_shape(argv[2], &shape, e) < 0)
		return -1;
	f = tensor_new(DT_F64, shape.rank, shape.dim);
	to = tensor_data(&f);
	for (size_t i = 0; i < tensor_count(&f); i++) {
		char *end;

		to[i] = strtod(argv[3 + i % (size_t)(argc - 3)], &end); /* nan and inf too */
		if (*end)
			return err_set(e, "bad value '%s'", argv[3 + i % (size_t)(argc - 3)]);
	}
	t = tensor_convert(&f, type);
	if (npy_write(argv[0], &t, e) < 0)
		return -1;
	tensor_release(&f);
	tensor_release(&t);
	return 0;
}

static int make_npz(int argc, char **argv, struct err *e)
{
	struct tensors *all = tensors_new();
	int rc = 0;

	for (int i = 1; i < argc && rc == 0; i++) {
		const char *eq = strchr(argv[i], '=');
		char *key;
		struct tensor t;

		if (!eq)
			return err_set(e, "'%s' is not KEY=FILE", argv[i]);
		key = xstrndup(argv[i], (size_t)(eq - argv[i]));
		if ((rc = npy_read(eq + 1, &t, e)) == 0)
			tensors_set(all, key, t);
		free(key);
	}
	if (rc == 0)
		rc = npz_write(argv[0], all, e);
	tensors_free(all);
	return rc;
}

static int text(int argc, char **argv, struct err *e)
{
	struct tensor t;
	size_t count, line;

	(void)argc;
	if (npy_read(argv[0], &t, e) < 0)
		return -1;
	count = tensor_count(&t);
	line = t.rank && t.dim[0] ? count / (size_t)t.dim[0] : count;
	printf("%s %s\n", dtype_name(t.dtype), tensor_shape_text(&t));
	for (size_t i = 0; i < count; i++)
		printf("%.6g%c", tensor_get(&t, i), (i + 1) % (line ? line : 1) ? ' ' : '\n');
	tensor_release(&t);
	return 0;
}

static int keys(int argc, char **argv, struct err *e)
{
	struct tensors *all = npz_read(argv[0], e);

	(void)argc;
	for (size_t i = 0; all && i < tensors_count(all); i++)
		printf("%s %s %s\n", tensors_key(all, i), dtype_name(tensors_at(all, i)->dtype),
		       tensor_shape_text(tensors_at(all, i)));
	tensors_free(all);
	return all ? 0 : -1;
}

static int get(int argc, char **argv, struct err *e)
{
	struct tensors *all = npz_read(argv[0], e);
	const struct tensor *t;
	int rc = -1;

	if (!all || argc != 3)
		return err_set(e, "usage: get FILE KEY OUT");
	t = tensors_get(all, argv[1]);
	rc = t ? npy_write(argv[2], t, e) : err_set(e, "no key '%s'", argv[1]);
	tensors_free(all);
	return rc;
}

int main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv, struct err *e);
	} verbs[] = { { "npy", make_npy },
		      { "npz", make_npz },
		      { "text", text },
		      { "keys", keys },
		      { "get", get } };
	struct err e = { 0 };

	log_setup("arr", 0);
	for (size_t i = 0; argc > 2 && i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(argv[1], verbs[i].name) == 0) {
			if (verbs[i].run(argc - 2, argv + 2, &e) < 0)
				die(&e);
			return 0;
		}
	err_set(&e, "usage: npy, npz, text, keys, get");
	die(&e);
}
