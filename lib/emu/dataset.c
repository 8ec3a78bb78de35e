#include "emu/dataset.h"
#include "emu/emu.h"
#include "emu/host.h"
#include "io/image.h"
#include "io/npy.h"
#include "kernel/pack.h"
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

struct dataset {
	const struct io_port *ports;
	struct tensor *arrays; /* one per port */
	size_t nports;
	size_t count;
	struct host *before; /* NULL: the arrays are what the ports take */
};

size_t io_port_bytes(const struct io_port *p)
{
	return hn_shape_count(&p->shape) * (p->bits ? (size_t)p->bits / 8 : sizeof(float));
}

static bool named(const char *port, const char *name, size_t n)
{
	const char *slash = strchr(port, '/');

	return (strlen(port) == n && strncmp(port, name, n) == 0) ||
	       (slash && strlen(slash + 1) == n && strncmp(slash + 1, name, n) == 0);
}

static int unknown_input(const struct dataset *d, const char *spec, struct err *e)
{
	err_set(e, "'%s' names no input of the network", quote(spec));
	return err_hint(e, "the first of its %zu inputs is '%s'", d->nports, d->ports[0].name);
}

/* Port and file of one "F.npy" or "LAYER=F.npy". */
static int parse_spec(const struct dataset *d, const char *spec, size_t *port, const char **file,
		      struct err *e)
{
	const char *eq = strchr(spec, '=');

	*file = spec;
	*port = 0;
	if (d->nports == 0)
		return err_set(e, "the network has no inputs, '%s' is for none", quote(spec));
	for (size_t i = 0; eq && i < d->nports; i++)
		if (named(d->ports[i].name, spec, (size_t)(eq - spec))) {
			*port = i;
			*file = eq + 1;
			return 0;
		}
	if (eq && access(spec, R_OK) != 0)
		return unknown_input(d, spec, e);
	if (d->nports > 1) {
		err_set(e, "the network has %zu inputs, '%s' does not say which one it is for",
			d->nports, quote(spec));
		return err_hint(e, "--in %s=%s", d->ports[0].name, quote(spec));
	}
	return 0;
}

/* An array, a folder of images, or a single image. */
static int read_input(const char *file, const struct emu_feed *f, struct tensor *t, struct err *e)
{
	const struct hn_shape *s = &f->shape;
	struct stat st;

	const bool folder = stat(file, &st) == 0 && S_ISDIR(st.st_mode);

	if (!folder && !image_named(file))
		return npy_read(file, t, e);
	if (emu_check_images(f, e) < 0)
		return err_in(e, "%s", quote(file));
	return folder ? image_folder(file, SIZE_MAX, s->h, s->w, s->c, NULL, t, e)
		      : image_read(file, s->h, s->w, s->c, NULL, t, e);
}

/* What an array for a port holds. */
static struct emu_feed feed_of(const struct dataset *d, size_t i)
{
	const struct io_port *p = &d->ports[i];

	return (struct emu_feed){ .name = p->name,
				  .shape = d->before ? host_input(d->before, i)->shape : p->shape,
				  .pack = p->pack,
				  .format = p->format,
				  .standard = p->standard };
}

static int add_array(struct dataset *d, const char *spec, struct err *e)
{
	const char *file;
	struct emu_feed feed;
	size_t port, n;

	if (parse_spec(d, spec, &port, &file, e) < 0)
		return -1;
	if (d->arrays[port].data)
		return err_set(e, "two arrays for the input '%s'", d->ports[port].name);
	feed = feed_of(d, port);
	if (read_input(file, &feed, &d->arrays[port], e) < 0)
		return -1;
	if (emu_check_input(&feed, &d->arrays[port], &n, e) == 0 && d->count && n != d->count)
		err_set(e, "%zu images, the other inputs have %zu", n, d->count);
	if (err_is(e))
		return err_in(e, "%s", quote(file));
	d->count = n;
	return 0;
}

struct dataset *dataset_open(const char *const *specs, size_t nspecs, const struct io_port *ports,
			     size_t nports, struct host *before, struct err *e)
{
	struct dataset *d = xcalloc(1, sizeof *d);

	d->ports = ports;
	d->nports = nports;
	d->before = before && !host_is_idle(before) ? before : NULL;
	d->arrays = xcalloc(nports, sizeof *d->arrays);
	for (size_t i = 0; i < nspecs && !err_is(e); i++)
		add_array(d, specs[i], e);
	for (size_t i = 0; i < nports && !err_is(e); i++)
		if (!d->arrays[i].data) {
			err_set(e, "no array for the input '%s'", ports[i].name);
			err_hint(e, "--in %s=FILE.npy", ports[i].name);
		}
	if (!err_is(e))
		return d;
	dataset_free(d);
	return NULL;
}

size_t dataset_count(const struct dataset *d)
{
	return d->count;
}

static int quantize(const struct io_port *p, const float *x, size_t from, size_t n, void *out,
		    struct err *e)
{
	const size_t image = hn_shape_count(&p->shape);

	for (size_t i = 0; i < n * image; i++)
		if (!isfinite(x[i]))
			return err_set(e, "image %zu of '%s' holds %s", from + i / image, p->name,
				       isnan(x[i]) ? "NaN" : "an infinite value");
	quantize_array(x, n * image, p->scale[0], p->zp, p->bits, out);
	return 0;
}

/* Floats as the port takes them. */
static int load_floats(const struct dataset *d, size_t i, size_t from, size_t n, float *out,
		       struct err *e)
{
	const struct emu_feed given = feed_of(d, i);
	const void **in;
	void **to;
	float *x;
	int rc;

	if (!d->before) {
		emu_load_input(&given, &d->arrays[i], from, n, out);
		return 0;
	}
	in = xcalloc(d->nports, sizeof *in);
	to = xcalloc(d->nports, sizeof *to);
	in[i] = x = xaligned(n * hn_shape_count(&given.shape) * sizeof *x);
	to[i] = out;
	emu_load_input(&given, &d->arrays[i], from, n, x);
	rc = host_run(d->before, n, in, to, e);
	free(x);
	free(in);
	free(to);
	return rc;
}

int dataset_load(const struct dataset *d, size_t i, size_t from, size_t n, void *out, struct err *e)
{
	const struct io_port *p = &d->ports[i];
	const struct tensor *t = &d->arrays[i];
	const size_t image = hn_shape_count(&p->shape);
	const bool same = p->bits == 8 && p->zp == 0 && p->nscale == 1 && p->scale[0] == 1.0F;
	float *x;
	int rc;

	if (!p->bits)
		return load_floats(d, i, from, n, out, e);
	if (same && t->dtype == DT_U8 && !d->before) {
		memcpy(out, (const uint8_t *)t->data + from * image, n * image);
		pack_from_host(p->pack, &p->shape, n, 1, out);
		return 0;
	}
	x = xaligned(n * image * sizeof *x);
	rc = load_floats(d, i, from, n, x, e) < 0 ? -1 : quantize(p, x, from, n, out, e);
	free(x);
	return rc;
}

void dataset_free(struct dataset *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->nports; i++)
		tensor_release(&d->arrays[i]);
	free(d->arrays);
	free(d);
}

void io_port_floats(const struct io_port *p, const void *data, size_t n, float *out)
{
	const size_t count = n * hn_shape_count(&p->shape);

	if (p->bits)
		dequantize_array(data, count, p->bits, p->scale, p->nscale, (size_t)p->shape.c,
				 p->zp, out);
	else
		memcpy(out, data, count * sizeof *out);
}
