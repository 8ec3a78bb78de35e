/* Calls into onnxruntime's library, through its table of functions. */
#include "compare/ort.h"
#include "base/mem.h"
#include <dlfcn.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

/*
 * The library has one entry, OrtGetApiBase, which leads to a table of functions for a version of
 * the interface.  Versions only append to the table.  These are positions in the part that is fixed
 * since version 1.
 */
enum slot {
	ORT_GET_ERROR_MESSAGE = 2,
	ORT_CREATE_ENV = 3,
	ORT_CREATE_SESSION = 7,
	ORT_RUN = 9,
	ORT_CREATE_SESSION_OPTIONS = 10,
	ORT_SET_INTRA_OP_NUM_THREADS = 24,
	ORT_CREATE_TENSOR_WITH_DATA = 49,
	ORT_GET_TENSOR_MUTABLE_DATA = 51,
	ORT_GET_TENSOR_ELEMENT_TYPE = 60,
	ORT_GET_DIMENSIONS_COUNT = 61,
	ORT_GET_DIMENSIONS = 62,
	ORT_GET_TENSOR_TYPE_AND_SHAPE = 65,
	ORT_CREATE_CPU_MEMORY_INFO = 69,
	ORT_RELEASE_ENV = 92,
	ORT_RELEASE_STATUS = 93,
	ORT_RELEASE_MEMORY_INFO = 94,
	ORT_RELEASE_SESSION = 95,
	ORT_RELEASE_VALUE = 96,
	ORT_RELEASE_SHAPE = 99,
	ORT_RELEASE_SESSION_OPTIONS = 100
};
enum {
	API_VERSION = 1, /* the lowest that has them: every library of onnxruntime 1 */
	LOG_ERROR = 3,
	ELEM_FLOAT = 1, /* element types, as in the model's file */
	ELEM_INT64 = 7,
	ALLOCATOR_DEVICE = 0,
	MEM_DEFAULT = 0
};

typedef void (*any_fn)(void);
struct api_base {
	const any_fn *(*get)(uint32_t version);
	const char *(*version)(void);
};

struct ort {
	void *lib;
	const struct api_base *base;
	const any_fn *api;
	/* Objects of the library, known by address alone. */
	void *env, *options, *session, *memory;
};

/* The function of a slot, of type void *(*)(...) with these parameters. */
#define CALL(o, slot, ...) ((void *(*)(__VA_ARGS__))(o)->api[slot])

/* ---- the library ---- */
static char *find_below(const char *dir)
{
	char *pattern = xasprintf("%s/node_modules/onnxruntime-node/bin/napi-v*/linux/x64/"
				  "libonnxruntime.so.*",
				  dir);
	char *found = NULL;
	glob_t g;

	if (glob(pattern, 0, NULL, &g) == 0) {
		found = xstrdup(g.gl_pathv[0]);
		globfree(&g);
	}
	free(pattern);
	return found;
}

char *ort_find(const char *lib, const char *dir)
{
	if (lib && *lib)
		return xstrdup(lib);
	return dir && *dir ? find_below(dir) : NULL;
}

static int open_library(struct ort *o, const char *library, struct err *e)
{
	const struct api_base *(*entry)(void) = NULL;
	void *sym;

	o->lib = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (!o->lib)
		return err_set(e, "it cannot be loaded: %s", quote(dlerror()));
	sym = dlsym(o->lib, "OrtGetApiBase");
	if (!sym) {
		dlclose(o->lib);
		return err_set(e,
			       "it is no library of onnxruntime: it has no function OrtGetApiBase");
	}
	memcpy(&entry, &sym, sizeof entry);
	o->base = entry();
	o->api = o->base ? o->base->get(API_VERSION) : NULL;
	if (!o->api)
		return err_set(e, "it does not offer version %d of its interface", API_VERSION);
	return 0;
}

/* A status: NULL is success, others become the message. */
static int check(const struct ort *o, void *status, struct err *e)
{
	const char *(*text)(const void *) =
	    (const char *(*)(const void *))o->api[ORT_GET_ERROR_MESSAGE];

	if (!status)
		return 0;
	err_set(e, "onnxruntime: %s", quote(text(status)));
	((void (*)(void *))o->api[ORT_RELEASE_STATUS])(status);
	return -1;
}

static void drop(const struct ort *o, enum slot release, void *object)
{
	if (object)
		((void (*)(void *))o->api[release])(object);
}

static int open_session(struct ort *o, const char *model, struct err *e)
{
	if (check(o,
		  CALL(o, ORT_CREATE_ENV, int, const char *, void **)(LOG_ERROR, "hn-compare",
								      &o->env),
		  e) < 0 ||
	    check(o, CALL(o, ORT_CREATE_SESSION_OPTIONS, void **)(&o->options), e) < 0 ||
	    check(o, CALL(o, ORT_SET_INTRA_OP_NUM_THREADS, void *, int)(o->options, 1), e) < 0 ||
	    check(o,
		  CALL(o, ORT_CREATE_CPU_MEMORY_INFO, int, int, void **)(ALLOCATOR_DEVICE,
									 MEM_DEFAULT, &o->memory),
		  e) < 0)
		return -1;
	return check(o,
		     CALL(o, ORT_CREATE_SESSION, const void *, const char *, const void *,
			  void **)(o->env, model, o->options, &o->session),
		     e);
}

struct ort *ort_open(const char *library, const char *model, struct err *e)
{
	struct ort *o = xcalloc(1, sizeof *o);

	if (open_library(o, library, e) < 0) {
		err_in(e, "%s", quote(library));
		free(o);
		return NULL;
	}
	if (open_session(o, model, e) < 0) {
		ort_free(o);
		return NULL;
	}
	return o;
}

/* The library stays: it may have threads and handlers at exit. */
void ort_free(struct ort *o)
{
	if (!o)
		return;
	drop(o, ORT_RELEASE_SESSION, o->session);
	drop(o, ORT_RELEASE_MEMORY_INFO, o->memory);
	drop(o, ORT_RELEASE_SESSION_OPTIONS, o->options);
	drop(o, ORT_RELEASE_ENV, o->env);
	free(o);
}

const char *ort_version(const struct ort *o)
{
	return quote(o->base->version());
}

/* ---- a run ---- */
/* The library only reads what it is given as input. */
static int give(const struct ort *o, const struct ort_value *in, void **value, struct err *e)
{
	const int elem = in->t.dtype == DT_I64 ? ELEM_INT64 : ELEM_FLOAT;

	return check(o,
		     CALL(o, ORT_CREATE_TENSOR_WITH_DATA, const void *, const void *, size_t,
			  const int64_t *, size_t, int,
			  void **)(o->memory, in->t.data, tensor_bytes(&in->t), in->t.dim,
				   (size_t)in->t.rank, elem, value),
		     e);
}

/* An empty tensor of the value's type and shape. */
static int take_shape(const struct ort *o, const void *value, struct tensor *t, struct err *e)
{
	int64_t dim[LIMIT_RANK];
	void *info = NULL;
	size_t rank = 0;
	int elem = 0;
	int r = check(
	    o, CALL(o, ORT_GET_TENSOR_TYPE_AND_SHAPE, const void *, void **)(value, &info), e);

	if (r == 0)
		r = check(o, CALL(o, ORT_GET_TENSOR_ELEMENT_TYPE, const void *, int *)(info, &elem),
			  e);
	if (r == 0)
		r = check(o, CALL(o, ORT_GET_DIMENSIONS_COUNT, const void *, size_t *)(info, &rank),
			  e);
	if (r == 0 && rank > LIMIT_RANK)
		r = err_set(e, "%zu dimensions, at most %d can be compared", rank, LIMIT_RANK);
	if (r == 0 && elem != ELEM_FLOAT && elem != ELEM_INT64)
		r = err_set(e, "elements of type %d of ONNX, only float and int64 are compared",
			    elem);
	if (r == 0)
		r = check(
		    o,
		    CALL(o, ORT_GET_DIMENSIONS, const void *, int64_t *, size_t)(info, dim, rank),
		    e);
	drop(o, ORT_RELEASE_SHAPE, info);
	if (r == 0)
		*t = tensor_new(elem == ELEM_FLOAT ? DT_F32 : DT_I64, (int)rank, dim);
	return r;
}

static int take(const struct ort *o, void *value, struct ort_value *out, struct err *e)
{
	void *data = NULL;

	if (take_shape(o, value, &out->t, e) < 0 ||
	    check(o, CALL(o, ORT_GET_TENSOR_MUTABLE_DATA, void *, void **)(value, &data), e) < 0)
		return err_in(e, "output '%s'", quote(out->name));
	memcpy(tensor_data(&out->t), data, tensor_bytes(&out->t));
	return 0;
}

static int call_run(const struct ort *o, const struct ort_value *in, size_t nin,
		    const struct ort_value *out, size_t nout, void **value, struct err *e)
{
	const char **name = xcalloc(nin + nout + 1, sizeof *name);
	int r;

	for (size_t i = 0; i < nin; i++)
		name[i] = in[i].name;
	for (size_t i = 0; i < nout; i++)
		name[nin + i] = out[i].name;
	r = check(o,
		  CALL(o, ORT_RUN, void *, const void *, const char *const *, void *const *, size_t,
		       const char *const *, size_t,
		       void **)(o->session, NULL, name, value, nin, name + nin, nout, value + nin),
		  e);
	free(name);
	return r;
}

int ort_run(struct ort *o, const struct ort_value *in, size_t nin, struct ort_value *out,
	    size_t nout, struct err *e)
{
	void **value = xcalloc(nin + nout + 1, sizeof *value);
	int r = 0;

	for (size_t i = 0; r == 0 && i < nin; i++)
		r = give(o, &in[i], &value[i], e);
	if (r == 0)
		r = call_run(o, in, nin, out, nout, value, e);
	for (size_t i = 0; r == 0 && i < nout; i++)
		r = take(o, value[nin + i], &out[i], e);
	for (size_t i = 0; i < nin + nout; i++)
		drop(o, ORT_RELEASE_VALUE, value[i]);
	for (size_t i = 0; r < 0 && i < nout; i++)
		tensor_release(&out[i].t);
	free(value);
	return r;
}
