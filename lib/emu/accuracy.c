/* Top-k accuracy against labels. */
#include "base/num.h"
#include "emu/dataset.h"
#include "io/npy.h"

enum {
	MAX_TOPS = 16
};

struct accuracy {
	const struct io_port *port;
	struct tensor labels;
	size_t per_image; /* labels of one image: the output's pixels */
	size_t next;      /* index of the next label */
	int64_t top[MAX_TOPS];
	size_t hits[MAX_TOPS];
	size_t ntops;
};

static int parse_tops(struct accuracy *a, const char *top, struct err *e)
{
	const int64_t classes = a->port->shape.c;
	char *copy = xstrdup(top);

	for (char *p = copy, *comma; p && !err_is(e); p = comma) {
		comma = strchr(p, ',');
		if (comma)
			*comma++ = '\0';
		if (a->ntops == MAX_TOPS)
			err_set(e, "--top takes at most %d numbers", MAX_TOPS);
		else
			num_int(p, "--top", 1, classes, &a->top[a->ntops++], e);
	}
	free(copy);
	return err_is(e) ? -1 : 0;
}

static int check_labels(const struct accuracy *a, size_t images, struct err *e)
{
	const struct tensor *t = &a->labels;

	if (t->dtype == DT_F32 || t->dtype == DT_F64 || t->dtype == DT_F16)
		return err_set(e, "labels are %s, integers expected", dtype_name(t->dtype));
	if (tensor_count(t) == images * a->per_image)
		return 0;
	if (a->per_image == 1)
		return err_set(e, "%zu labels for %zu images", tensor_count(t), images);
	return err_set(e, "%zu labels for %zu images of %zu pixels", tensor_count(t), images,
		       a->per_image);
}

struct accuracy *accuracy_open(const char *labels, const char *top, const struct io_port *port,
			       size_t images, struct err *e)
{
	struct accuracy *a = xcalloc(1, sizeof *a);

	a->port = port;
	a->per_image = (size_t)port->shape.h * (size_t)port->shape.w;
	if (parse_tops(a, top, e) == 0 && npy_read(labels, &a->labels, e) == 0) {
		if (check_labels(a, images, e) == 0)
			return a;
		err_in(e, "%s", quote(labels));
	}
	accuracy_free(a);
	return NULL;
}

/* Classes that come before `label`: larger scores, and equal ones of lower classes. */
static int64_t rank_of(const float *score, size_t classes, size_t label)
{
	int64_t before = 0;

	for (size_t c = 0; c < classes; c++)
		if (score[c] > score[label] || (score[c] == score[label] && c < label))
			before++;
	return before;
}

static int add_label(struct accuracy *a, const float *score, struct err *e)
{
	const size_t classes = (size_t)a->port->shape.c;
	const int64_t label = tensor_get_int(&a->labels, a->next);
	int64_t rank;

	if (classes == 1) /* an argmax: the value is the class */
		rank = score[0] == (float)label ? 0 : 1;
	else if (label < 0 || (size_t)label >= classes)
		return err_set(e, "label %zu is %lld, '%s' has %zu classes", a->next,
			       (long long)label, a->port->name, classes);
	else
		rank = rank_of(score, classes, (size_t)label);
	for (size_t k = 0; k < a->ntops; k++)
		if (rank < a->top[k])
			a->hits[k]++;
	a->next++;
	return 0;
}

int accuracy_add(struct accuracy *a, const void *data, size_t n, struct err *e)
{
	const size_t classes = (size_t)a->port->shape.c;
	float *x = xaligned(n * a->per_image * classes * sizeof *x);
	int rc = 0;

	io_port_floats(a->port, data, n, x);
	for (size_t i = 0; i < n * a->per_image && rc == 0; i++)
		rc = add_label(a, x + i * classes, e);
	free(x);
	return rc;
}

void accuracy_print(const struct accuracy *a, struct str *out)
{
	for (size_t k = 0; k < a->ntops; k++)
		str_printf(out, "top-%lld %.4f (%zu/%zu)\n", (long long)a->top[k],
			   a->next ? (double)a->hits[k] / (double)a->next : 0.0, a->hits[k],
			   a->next);
}

void accuracy_free(struct accuracy *a)
{
	if (!a)
		return;
	tensor_release(&a->labels);
	free(a);
}
