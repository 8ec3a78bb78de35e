/* Calibration sets: an array, arrays by input layer, a folder of arrays, or random bytes. */
#include "io/image.h"
#include "io/npy.h"
#include "quant/quant_int.h"

#include <dirent.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

enum {
	MAX_INPUTS = 64
};

struct calib {
	const char *path;
	size_t ninputs;
	struct layer *input[MAX_INPUTS];
	struct emu_feed feed[MAX_INPUTS]; /* what the device takes, at the size of the images */
	struct hn_shape
	    whole[MAX_INPUTS]; /* what it takes; other than feed by resolution_reduction */
	struct tensor array[MAX_INPUTS]; /* all images of an input; empty for folders and random */
	char **file;                     /* folder: one image each, sorted */
	size_t nfiles;
	size_t from;  /* the first that is used */
	size_t count; /* images that are used */
	size_t max;   /* at most */
	bool random;
	bool u8[MAX_INPUTS]; /* folder */
	struct host *before;
	const struct quant_opts *o;
	struct tensors *npz;
	const struct image_fit *fit; /* NULL: images have the network's size */
};

/* What an array for an input holds. */
static struct emu_feed given(const struct calib *c, size_t k)
{
	struct emu_feed f = c->feed[k];

	if (c->before)
		f.shape = host_input(c->before, k)->shape;
	return f;
}

static int check_array(const struct calib *c, size_t k, const struct tensor *t, size_t *n,
		       struct err *e)
{
	const struct emu_feed f = given(c, k);

	return emu_check_input(&f, t, n, e);
}

static bool ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s);
	size_t k = strlen(tail);

	return n >= k && strcmp(s + n - k, tail) == 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool array_named(const char *name)
{
	return ends_with(name, ".npy") || ends_with(name, ".npz");
}

static int list_folder(struct calib *c, struct err *e)
{
	DIR *d = opendir(c->path);
	size_t cap = 0;
	struct dirent *f;

	if (!d)
		return err_sys(e, "%s", quote(c->path));
	while ((f = readdir(d))) {
		if (!array_named(f->d_name))
			continue;
		VEC_GROW(c->file, c->nfiles, &cap);
		c->file[c->nfiles++] = xasprintf("%s/%s", c->path, f->d_name);
	}
	closedir(d);
	if (!c->nfiles)
		return err_set(e, "the folder holds no .npy or .npz file and no image");
	qsort(c->file, c->nfiles, sizeof *c->file, compare_names);
	c->count = c->nfiles;
	return 0;
}

/* The array of an input in an npz: by full or unscoped layer name. */
static const struct tensor *find_array(const struct calib *c, const struct tensors *npz, size_t k)
{
	const char *name = c->input[k]->name;
	const char *slash = strchr(name, '/');
	const struct tensor *t = tensors_get(npz, name);

	if (!t && slash)
		t = tensors_get(npz, slash + 1);
	if (!t && c->ninputs == 1 && tensors_count(npz) == 1)
		t = tensors_at(npz, 0);
	return t;
}

/* The array of input k in one .npz file of a folder. */
static int read_member(const struct calib *c, const char *path, size_t k, struct tensor *t,
		       struct err *e)
{
	struct tensors *npz = npz_read(path, e);
	const struct tensor *found = npz ? find_array(c, npz, k) : NULL;
	int rc = !npz ? -1 : 0;

	if (npz && !found)
		rc = err_set(e, "%s: no array for input layer '%s'", quote(path),
			     quote(c->input[k]->name));
	else if (npz)
		*t = tensor_ref(found);
	tensors_free(npz);
	return rc;
}

/* One file of a folder: one image, of every input when it is an .npz. */
static int read_one(const struct calib *c, size_t i, size_t k, struct tensor *t, struct err *e)
{
	const char *path = c->file[i];
	size_t n;

	if (ends_with(path, ".npz") ? read_member(c, path, k, t, e) < 0 : npy_read(path, t, e) < 0)
		return -1;
	if (check_array(c, k, t, &n, e) == 0 && n != 1)
		err_set(e, "holds %zu images, one expected of each file in a folder", n);
	if (!err_is(e))
		return 0;
	tensor_release(t);
	return err_in(e, "%s", quote(path));
}

static int open_folder(struct calib *c, struct err *e)
{
	struct tensor t;

	if (list_folder(c, e) < 0)
		return -1;
	for (size_t i = 0; i < c->nfiles; i++)
		if (c->ninputs != 1 && !ends_with(c->file[i], ".npz"))
			return err_set(e,
				       "%s: one array, but the network has %zu inputs (use .npz "
				       "files with one array per input layer)",
				       quote(c->file[i]), c->ninputs);
	for (size_t k = 0; k < c->ninputs; k++) {
		if (read_one(c, 0, k, &t, e) < 0)
			return -1;
		c->u8[k] = t.dtype == DT_U8;
		tensor_release(&t);
	}
	return 0;
}

static int open_npz(struct calib *c, struct err *e)
{
	if (!(c->npz = npz_read(c->path, e)))
		return -1;
	for (size_t k = 0; k < c->ninputs; k++) {
		const struct tensor *t = find_array(c, c->npz, k);

		if (!t)
			return err_set(e, "no array for input layer '%s'",
				       quote(c->input[k]->name));
		c->array[k] = tensor_ref(t);
	}
	return 0;
}

static int open_npy(struct calib *c, struct err *e)
{
	if (c->ninputs != 1)
		return err_set(e,
			       "one array, but the network has %zu inputs (use an .npz with one "
			       "array per input layer)",
			       c->ninputs);
	return npy_read(c->path, &c->array[0], e);
}

static bool folder_has(const char *path, bool (*kind)(const char *name))
{
	DIR *d = opendir(path);
	bool found = false;
	const struct dirent *f;

	while (d && !found && (f = readdir(d)))
		found = kind(f->d_name);
	if (d)
		closedir(d);
	return found;
}

/* PNG and JPEG: a folder of them, or a single one. */
static int open_images(struct calib *c, bool folder, struct err *e)
{
	const struct emu_feed f = given(c, 0);
	const struct hn_shape *s = &f.shape;

	if (c->ninputs != 1)
		return err_set(e,
			       "images serve networks with one input, this one has %zu (use an "
			       ".npz with one array per input layer)",
			       c->ninputs);
	if (emu_check_images(&f, e) < 0)
		return -1;
	if (folder && folder_has(c->path, array_named))
		return err_set(e, "the folder holds both images and arrays");
	if (folder)
		return image_folder(c->path, c->from + c->max, s->h, s->w, s->c, c->fit,
				    &c->array[0], e);
	return image_read(c->path, s->h, s->w, s->c, c->fit, &c->array[0], e);
}

static int check_arrays(struct calib *c, struct err *e)
{
	for (size_t k = 0; k < c->ninputs; k++) {
		size_t n;

		if (check_array(c, k, &c->array[k], &n, e) < 0)
			return -1;
		if (k > 0 && n != c->count)
			return err_set(e, "input layer '%s' has %zu images, '%s' has %zu",
				       quote(c->input[k]->name), n, quote(c->input[0]->name),
				       c->count);
		c->count = n;
	}
	return 0;
}

static int open_path(struct calib *c, struct err *e)
{
	struct stat st;

	if (stat(c->path, &st) < 0)
		return err_sys(e, "%s", quote(c->path));
	if (S_ISDIR(st.st_mode) && !folder_has(c->path, image_named))
		return open_folder(c, e);
	if ((S_ISDIR(st.st_mode)          ? open_images(c, true, e)
	     : image_named(c->path)       ? open_images(c, false, e)
	     : ends_with(c->path, ".npz") ? open_npz(c, e)
					  : open_npy(c, e)) < 0)
		return -1;
	return check_arrays(c, e);
}

static void set_feed(struct calib *c, const struct quant *q, size_t k)
{
	c->feed[k] = emu_feed_of(c->input[k]);
	c->whole[k] = c->feed[k].shape;
	if (quant_info(q, c->input[k])->given_small)
		c->feed[k].shape = quant_observed_shape(q, c->input[k]);
}

struct calib *calib_open(const struct quant *q, struct err *e)
{
	const struct quant_opts *o = &q->opts;
	struct calib *c = xcalloc(1, sizeof *c);

	c->path = o->calib;
	c->o = o;
	c->random = o->random_calib;
	c->before = o->before && !host_is_idle(o->before) ? o->before : NULL;
	c->from = (size_t)o->calib_from;
	c->fit = image_fit_any(&o->fit) ? &o->fit : NULL;
	c->max = (size_t)o->calibset_size;
	c->ninputs = graph_inputs(q->g, c->input, MAX_INPUTS);
	for (size_t k = 0; k < c->ninputs && k < MAX_INPUTS; k++)
		set_feed(c, q, k);
	if (c->ninputs == 0 || c->ninputs > MAX_INPUTS) {
		err_set(e, "a network with %zu inputs cannot be calibrated", c->ninputs);
	} else if (c->random) {
		c->count = c->from + c->max;
	} else if (open_path(c, e) < 0) {
		err_in(e, "calibration set '%s'", quote(c->path));
	}
	if (!err_is(e) && c->from >= c->count)
		err_set(e, "calibration set '%s': image %zu is the first wanted, there are %zu",
			quote(c->path), c->from, c->count);
	if (err_is(e)) {
		calib_free(c);
		return NULL;
	}
	c->count -= c->from;
	c->count = c->count < c->max ? c->count : c->max;
	return c;
}

void calib_free(struct calib *c)
{
	if (!c)
		return;
	for (size_t k = 0; k < MAX_INPUTS; k++)
		if (c->array[k].data)
			tensor_release(&c->array[k]);
	for (size_t i = 0; i < c->nfiles; i++)
		free(c->file[i]);
	free(c->file);
	tensors_free(c->npz);
	free(c);
}

size_t calib_count(const struct calib *c)
{
	return c->count;
}

size_t calib_image(const struct calib *c, size_t k)
{
	return hn_shape_count(&c->whole[k]);
}

bool calib_is_u8(const struct calib *c, size_t input)
{
	return c->random || (c->file ? c->u8[input] : c->array[input].dtype == DT_U8);
}

void quant_rng(const struct quant_opts *o, struct rng *r, uint64_t number, const char *name)
{
	/* An odd factor: different seeds give different sequences, none the plain number. */
	rng_init(r, number + o->seed * UINT64_C(0x9e3779b97f4a7c15), name);
}

/* The same image for the same input layer and index, whatever the batch. */
static void random_image(const struct calib *c, size_t k, size_t index, float *out)
{
	struct rng r;

	quant_rng(c->o, &r, index, c->input[k]->name);
	for (size_t i = 0; i < hn_shape_count(&c->feed[k].shape); i++)
		out[i] = (float)(rng_u64(&r) >> 56);
}

static int check_finite(const struct calib *c, size_t from, size_t n, size_t image, const float *x,
			struct err *e)
{
	for (size_t i = 0; i < n * image; i++)
		if (!isfinite(x[i]))
			return err_set(e, "calibration set '%s': image %zu holds %s",
				       quote(c->path), from + i / image,
				       isnan(x[i]) ? "NaN" : "infinity");
	return 0;
}

/* A part of an array, whose pages do not stay in memory. */
static void load_array(const struct emu_feed *f, const struct tensor *t, size_t from, size_t n,
		       float *out)
{
	const size_t bytes = hn_shape_count(&f->shape) * dtype_size(t->dtype);
	struct tensor part = *t;
	uint8_t *copy = xaligned(n * bytes);

	buf_copy(t->owner, (const uint8_t *)t->data + from * bytes, n * bytes, copy);
	part.data = copy;
	emu_load_input(f, &part, 0, n, out);
	free(copy);
}

/* Images as they are given. */
static int load_given(struct calib *c, size_t k, size_t from, size_t n, float *out, struct err *e)
{
	const struct emu_feed f = given(c, k);
	size_t image = hn_shape_count(&f.shape);

	for (size_t i = 0; i < n && c->file; i++) {
		struct tensor t;

		if (read_one(c, from + i, k, &t, e) < 0)
			return err_in(e, "calibration set '%s'", quote(c->path));
		if ((t.dtype == DT_U8) != c->u8[k])
			err_set(e, "calibration set '%s': uint8 and float32 files are mixed",
				quote(c->path));
		emu_load_input(&f, &t, 0, 1, out + i * image);
		tensor_release(&t);
		if (err_is(e))
			return -1;
	}
	if (!c->file)
		load_array(&f, &c->array[k], from, n, out);
	return check_finite(c, from, n, image, out, e);
}

/* Images as the device gets them. */
static int load_through_host(struct calib *c, size_t k, size_t from, size_t n, float *out,
			     struct err *e)
{
	const void *in[MAX_INPUTS] = { NULL };
	void *to[MAX_INPUTS] = { NULL };
	const struct emu_feed f = given(c, k);
	float *x = xaligned(n * hn_shape_count(&f.shape) * sizeof *x);
	int rc = load_given(c, k, from, n, x, e);

	in[k] = x;
	to[k] = out;
	if (rc == 0)
		rc = host_run(c->before, n, in, to, e);
	free(x);
	return rc;
}

/* At the size of the images. */
static int load_fed(struct calib *c, size_t k, size_t from, size_t n, float *out, struct err *e)
{
	size_t image = hn_shape_count(&c->feed[k].shape);

	from += c->from;
	if (c->before && !c->random)
		return load_through_host(c, k, from, n, out, e);
	if (!c->random)
		return load_given(c, k, from, n, out, e);
	for (size_t i = 0; i < n; i++)
		random_image(c, k, from + i, out + i * image);
	return 0;
}

int calib_load_at(struct calib *c, size_t k, size_t from, size_t n, const struct hn_shape *size,
		  float *out, struct err *e)
{
	const struct hn_shape *s = &c->feed[k].shape;
	const size_t h = (size_t)s->h, w = (size_t)s->w, f = (size_t)s->c;
	const size_t image = hn_shape_count(s), to = hn_shape_count(size);
	float *x;
	int rc;

	if (hn_shape_equal(s, size))
		return load_fed(c, k, from, n, out, e);
	x = xaligned(n * image * sizeof *x);
	rc = load_fed(c, k, from, n, x, e);
	for (size_t i = 0; i < n && rc == 0; i++)
		scale_f32(x + i * image, h, w, f, out + i * to, (size_t)size->h, (size_t)size->w);
	free(x);
	return rc;
}

int calib_load(struct calib *c, size_t k, size_t from, size_t n, float *out, struct err *e)
{
	return calib_load_at(c, k, from, n, &c->whole[k], out, e);
}
