/* Results of a run: spooled to unlinked temporary files, written as .npy or .npz. */
#include "emu/dataset.h"
#include "io/npy.h"
#include <sys/mman.h>

struct spool {
	FILE *f;
	size_t images;
};

struct results {
	const struct io_port *ports;
	struct spool *spools; /* one per port */
	size_t nports;
	bool raw;
};

struct results *results_new(const struct io_port *ports, size_t nports, bool raw)
{
	struct results *r = xcalloc(1, sizeof *r);

	r->ports = ports;
	r->nports = nports;
	r->raw = raw;
	r->spools = xcalloc(nports, sizeof *r->spools);
	return r;
}

static enum dtype result_type(const struct results *r, const struct io_port *p)
{
	if (!r->raw || !p->bits)
		return DT_F32;
	return p->bits == 8 ? DT_U8 : DT_U16;
}

int results_add(struct results *r, size_t i, const void *data, size_t n, struct err *e)
{
	const struct io_port *p = &r->ports[i];
	const size_t bytes = n * hn_shape_count(&p->shape) * dtype_size(result_type(r, p));
	struct spool *s = &r->spools[i];
	float *real = NULL;
	int rc = 0;

	if (!s->f && !(s->f = tmpfile()))
		return err_sys(e, "cannot make a temporary file for '%s'", p->name);
	if (p->bits && !r->raw) {
		real = xaligned(bytes);
		io_port_floats(p, data, n, real);
		data = real;
	}
	if (fwrite(data, 1, bytes, s->f) != bytes)
		rc = err_sys(e, "cannot write the temporary file of '%s'", p->name);
	s->images += n;
	free(real);
	return rc;
}

static void unmap(void *p, size_t n, void *ctx)
{
	(void)ctx;
	munmap(p, n);
}

/* The collected array, mapped from its file; dimensions as the layer's rank says. */
static int collected(const struct results *r, size_t i, struct tensor *t, struct err *e)
{
	const struct hn_shape *s = &r->ports[i].shape;
	const int64_t dims[4] = { s->h, s->w, s->c };
	const int rank = s->rank >= 2 && s->rank <= 4 ? s->rank : 4;
	size_t bytes;
	void *p;

	*t = (struct tensor){ .dtype = result_type(r, &r->ports[i]), .rank = rank };
	t->dim[0] = (int64_t)r->spools[i].images;
	for (int k = 1; k < rank; k++)
		t->dim[k] = dims[3 - rank + k];
	bytes = tensor_bytes(t);
	if (bytes == 0)
		return err_set(e, "no results for '%s'", r->ports[i].name);
	if (fflush(r->spools[i].f) != 0)
		return err_sys(e, "cannot write the temporary file of '%s'", r->ports[i].name);
	p = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fileno(r->spools[i].f), 0);
	if (p == MAP_FAILED)
		return err_sys(e, "cannot map the temporary file of '%s'", r->ports[i].name);
	t->owner = buf_wrap(p, bytes, unmap, NULL);
	t->data = p;
	return 0;
}

static bool ends_in(const char *s, const char *end)
{
	const size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

int results_collect(struct results *r, struct tensors *all, struct err *e)
{
	struct tensor t;

	for (size_t i = 0; i < r->nports; i++) {
		if (collected(r, i, &t, e) < 0)
			return -1;
		tensors_set(all, r->ports[i].name, t);
	}
	return 0;
}

int results_write(struct results *r, const char *path, struct err *e)
{
	const bool npz = ends_in(path, ".npz") || (r->nports > 1 && strcmp(path, "-") == 0);
	struct tensors *all;
	struct tensor t;
	int rc = 0;

	if (!npz && r->nports != 1) {
		err_set(e, "%s: %zu arrays do not fit into one .npy", quote(path), r->nports);
		return err_hint(e, "-o FILE.npz");
	}
	if (!npz) {
		if (collected(r, 0, &t, e) < 0)
			return -1;
		rc = npy_write(path, &t, e);
		tensor_release(&t);
		return rc;
	}
	all = tensors_new();
	if ((rc = results_collect(r, all, e)) == 0)
		rc = npz_write(path, all, e);
	tensors_free(all);
	return rc;
}

void results_free(struct results *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->nports; i++)
		if (r->spools[i].f)
			fclose(r->spools[i].f);
	free(r->spools);
	free(r);
}
