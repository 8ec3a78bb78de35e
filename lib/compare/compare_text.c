/* The comparison as a table, and as JSON. */
#include "compare/compare.h"
#include <inttypes.h>
#include <math.h>

static const char *shape_text(const struct compare_row *r)
{
	struct tensor t = { .rank = r->rank };

	memcpy(t.dim, r->dim, sizeof t.dim);
	return tensor_shape_text(&t);
}

/* "conv1", or "split1:2" for a further port. */
static char *port_name(const struct compare_row *r)
{
	const char *slash = strchr(r->layer, '/');
	const char *name = slash ? slash + 1 : r->layer;

	return r->port ? xasprintf("%s:%" PRId32, name, r->port) : xstrdup(name);
}

static void add_row(struct str *s, const struct compare_row *r, int name, int tensor)
{
	const double snr = compare_snr(r);
	char *port = port_name(r);

	str_printf(s, "%-*s %-*s %-18s %11.3g %11.3g ", name, port, tensor, quote(r->tensor),
		   shape_text(r), r->diff, compare_relative(r));
	if (isfinite(snr))
		str_printf(s, "%7.1f\n", snr);
	else
		str_printf(s, "%7s\n", r->noise > 0 ? "-inf" : "exact");
	free(port);
}

static int by_relative(const void *pa, const void *pb)
{
	const struct compare_row *const *a = pa, *const *b = pb;
	const double x = compare_relative(*a), y = compare_relative(*b);

	if (x != y)
		return x > y ? -1 : 1;
	return (*a > *b) - (*a < *b);
}

static int widest(int width, size_t n)
{
	return (int)n > width ? (int)n : width;
}

/* "onnxruntime 1.20.1: y, [1,10], max |difference| 2.4e-07, 1.1e-07 of range" for each output. */
static void add_ort(struct str *s, const struct compare *c)
{
	const struct compare_row *rows;
	const size_t n = compare_ort_rows(c, &rows);

	for (size_t i = 0; i < n; i++)
		str_printf(s, "onnxruntime %s: %s, %s, max |difference| %.3g, %.3g of range\n",
			   compare_ort_version(c), quote(rows[i].tensor), shape_text(&rows[i]),
			   rows[i].diff, compare_relative(&rows[i]));
}

void compare_table(const struct compare *c, bool worst_first, struct str *s)
{
	const struct compare_row *rows, **order;
	const struct compare_row *worst = compare_worst(c);
	const size_t n = compare_rows(c, &rows);
	int name = (int)sizeof "layer" - 1, tensor = (int)sizeof "original tensor" - 1;
	char *port;

	order = xcalloc(n + 1, sizeof *order);
	for (size_t i = 0; i < n; i++) {
		port = port_name(&rows[i]);
		order[i] = &rows[i];
		name = widest(name, strlen(port));
		tensor = widest(tensor, strlen(quote(rows[i].tensor)));
		free(port);
	}
	if (worst_first)
		qsort(order, n, sizeof *order, by_relative);
	str_printf(s, "%-*s %-*s %-18s %11s %11s %7s\n", name, "layer", tensor, "original tensor",
		   "shape", "max |diff|", "of range", "SNR dB");
	for (size_t i = 0; i < n; i++)
		add_row(s, order[i], name, tensor);
	if (worst) {
		port = port_name(worst);
		str_printf(s, "%zu layers compared, the worst is %s ('%s'): %.3g of its range\n", n,
			   port, quote(worst->tensor), compare_relative(worst));
		free(port);
	}
	add_ort(s, c);
	free(order);
}

/* A number that JSON can hold. */
static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *row_json(const struct compare_row *r)
{
	json_t *o = json_object(), *shape = json_array();

	for (int d = 0; d < r->rank; d++)
		json_array_append_new(shape, json_integer(r->dim[d]));
	json_object_set_new(o, "layer", json_string(r->layer));
	json_object_set_new(o, "port", json_integer(r->port));
	json_object_set_new(o, "type", json_string(r->type));
	json_object_set_new(o, "tensor", json_string(quote(r->tensor)));
	json_object_set_new(o, "shape", shape);
	json_object_set_new(o, "max_diff", number(r->diff));
	json_object_set_new(o, "relative", number(compare_relative(r)));
	json_object_set_new(o, "snr_db", number(compare_snr(r)));
	json_object_set_new(o, "at", json_integer(r->at));
	return o;
}

static json_t *ort_json(const struct compare *c)
{
	const struct compare_row *rows;
	const size_t n = compare_ort_rows(c, &rows);
	json_t *o = json_object(), *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, row_json(&rows[i]));
	json_object_set_new(o, "version", json_string(compare_ort_version(c)));
	json_object_set_new(o, "outputs", a);
	return o;
}

json_t *compare_json(const struct compare *c)
{
	const struct compare_row *rows, *worst = compare_worst(c);
	const size_t n = compare_rows(c, &rows);
	json_t *o = json_object(), *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, row_json(&rows[i]));
	json_object_set_new(o, "layers", a);
	json_object_set_new(o, "not_compared", json_integer((json_int_t)compare_lost(c)));
	json_object_set_new(o, "worst", worst ? row_json(worst) : json_null());
	if (compare_ort_version(c))
		json_object_set_new(o, "onnxruntime", ort_json(c));
	return o;
}
