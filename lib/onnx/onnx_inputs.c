/* Inputs: shapes and formats from the file and the options, input layers. */
#include "base/limits.h"
#include "base/num.h"
#include "onnx/onnx_int.h"

/* The value of "NAME=VALUE" for this input, or of "VALUE" when there is one input; NULL when
 * absent. */
static const char *option_for(const struct onnx_run *r, const char *const *list, size_t n,
			      const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		const size_t len = strlen(name);

		if (strncmp(list[i], name, len) == 0 &&
		    (list[i][len] == '=' || list[i][len] == ':'))
			found = list[i] + len + 1;
		else if (r->ir->nin == 1 && !strpbrk(list[i], "=:"))
			found = list[i];
	}
	return found;
}

/* Options that name no input are mistakes. */
static int check_names(const struct onnx_run *r, const char *const *list, size_t n,
		       const char *option, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		bool known = r->ir->nin == 1 && !strpbrk(list[i], "=:");

		for (size_t k = 0; !known && k < r->ir->nin; k++) {
			const char *name = r->ir->in[k]->name;
			const size_t len = strlen(name);

			known = strncmp(list[i], name, len) == 0 &&
				(list[i][len] == '=' || list[i][len] == ':');
		}
		if (!known)
			return err_set(
			    e, "%s '%s' names no input of the network (the first is '%s')", option,
			    quote(list[i]), r->ir->nin ? quote(r->ir->in[0]->name) : "");
	}
	return 0;
}

/* "1,3,224,224" or "[1, 3, 224, 224]". */
static int parse_shape(const char *text, struct im_value *v, struct err *e)
{
	char part[24];
	int64_t dim;

	v->rank = 0;
	for (const char *s = text; *s;) {
		const size_t skip = strspn(s, "[ ,]");
		const size_t n = strcspn(s + skip, "[ ,]");

		s += skip;
		if (n == 0)
			continue;
		if (n >= sizeof part || v->rank == LIMIT_RANK)
			return err_set(e, "--net-input-shapes: '%s' is not a shape", quote(text));
		memcpy(part, s, n);
		part[n] = '\0';
		if (num_int(part, "dimension", -1, LIMIT_DIM, &dim, e) < 0)
			return err_in(e, "--net-input-shapes");
		v->dim[v->rank++] = dim < 1 ? -1 : dim;
		s += n;
	}
	v->declared = true;
	return v->rank ? 0 : err_set(e, "--net-input-shapes: '%s' is not a shape", quote(text));
}

/* Letters of a format, N counted as B; each once, as many as dimensions. */
static int parse_format(const char *text, int rank, char axes[LIMIT_RANK + 1], struct err *e)
{
	const size_t n = strlen(text);
	bool seen[128] = { false };

	if (n != (size_t)rank)
		return err_set(
		    e, "--net-input-format: '%s' has %zu letters, the input has %d dimensions",
		    quote(text), n, rank);
	for (size_t i = 0; i <= n; i++) {
		const char c = text[i] == 'N' ? 'B' : text[i];

		if (c && (!strchr("BCHW", c) || seen[(unsigned char)c]))
			return err_set(
			    e, "--net-input-format: '%s' is not made of B, C, H, W, each once",
			    quote(text));
		axes[i] = c;
		if (c)
			seen[(unsigned char)c] = true;
	}
	return 0;
}

static int check_dims(const struct im_value *v, const char *axes, struct err *e)
{
	int64_t total = 1;

	for (int d = 0; d < v->rank; d++) {
		if (v->dim[d] < 1 && axes[d] != 'B')
			return err_set(
			    e, "dimension %d%s%s%s is open (give --net-input-shapes %s=...)", d,
			    v->symbol[d] ? " ('" : "", v->symbol[d] ? quote(v->symbol[d]) : "",
			    v->symbol[d] ? "')" : "", quote(v->name));
		if (v->dim[d] > LIMIT_DIM ||
		    (v->dim[d] > 0 && total > LIMIT_ACTIVATION / v->dim[d]))
			return err_set(e, "dimension %lld is absurd", (long long)v->dim[d]);
		total *= v->dim[d] > 0 ? v->dim[d] : 1;
	}
	return 0;
}

static int input(struct onnx_run *r, const struct onnx_opts *o, size_t i, struct err *e)
{
	struct im_value *v = r->ir->in[i];
	const char *shape = option_for(r, o->shapes, o->nshapes, v->name);
	const char *format = option_for(r, o->formats, o->nformats, v->name);
	int64_t base[3] = { 1, 1, 1 }, batch = 1;
	char axes[LIMIT_RANK + 1];
	struct layer *l;

	if (shape && parse_shape(shape, v, e) < 0)
		return -1;
	if (!v->declared)
		return err_set(e, "its shape is not known (give --net-input-shapes %s=...)",
			       quote(v->name));
	if (!format)
		format = view_std_axes(v->rank);
	if (!format)
		return err_set(e, "it has %d dimensions, 2 to 4 expected", v->rank);
	if (parse_format(format, v->rank, axes, e) < 0 || check_dims(v, axes, e) < 0)
		return -1;
	for (int d = 0; d < v->rank; d++)
		if (axes[d] == 'B')
			batch = v->dim[d] > 0 ? v->dim[d] : 1;
		else
			base[axes[d] == 'H' ? 0 : axes[d] == 'W' ? 1 : 2] = v->dim[d];
	l = build_layer(&r->b, HN_INPUT, "input_layer");
	layer_add_original(r->b.g, l, v->name);
	l->out[0] = (struct hn_shape){ (int32_t)base[0], (int32_t)base[1], (int32_t)base[2],
				       strchr(axes, 'H')   ? 4
				       : strchr(axes, 'W') ? 3
							   : 2 };
	build_out(v, l, 0, batch, base, axes);
	r->in_layer[i] = l;
	memcpy(r->in_axes[i], axes, sizeof axes);
	return 0;
}

int onnx_inputs(struct onnx_run *r, const struct onnx_opts *o, struct err *e)
{
	r->in_layer = xcalloc(r->ir->nin, sizeof(struct layer *));
	r->in_axes = xcalloc(r->ir->nin, sizeof *r->in_axes);
	r->b.node = NULL;
	if (check_names(r, o->shapes, o->nshapes, "--net-input-shapes", e) < 0 ||
	    check_names(r, o->formats, o->nformats, "--net-input-format", e) < 0)
		return -1;
	for (size_t i = 0; i < r->ir->nin; i++)
		if (r->ir->in[i]->nuse && input(r, o, i, e) < 0)
			return err_in(e, "input '%s'", quote(r->ir->in[i]->name));
	return 0;
}
