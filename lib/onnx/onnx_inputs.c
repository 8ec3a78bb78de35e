/* Inputs: shapes and formats from the file and the options, input layers. */
#include "base/limits.h"
#include "base/num.h"
#include "onnx/onnx_int.h"

/* "NAME=VALUE", "NAME:VALUE": the value when the name is this one. */
static const char *after_name(const char *option, const char *name)
{
	const size_t len = strlen(name);

	return strncmp(option, name, len) == 0 && (option[len] == '=' || option[len] == ':')
		   ? option + len + 1
		   : NULL;
}

/*
 * The value that the option has for input v: by its name, by that of a start node that takes it in,
 * or without a name when there is one input.
 */
static const char *value_for(struct onnx_run *r, const struct onnx_opts *o, const char *option,
			     const struct im_value *v)
{
	const char *found = after_name(option, v->name);

	for (size_t i = 0; !found && i < o->nstart; i++) {
		const struct im_node *n = im_find_node(r->ir, o->start[i]);

		for (size_t k = 0; n && !found && k < n->nin; k++)
			if (n->in[k] == v)
				found = after_name(option, o->start[i]);
	}
	return found ? found : r->ir->nin == 1 && !strpbrk(option, "=:") ? option : NULL;
}

static const char *option_for(struct onnx_run *r, const struct onnx_opts *o,
			      const char *const *list, size_t n, const struct im_value *v)
{
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		const char *value = value_for(r, o, list[i], v);

		found = value ? value : found;
	}
	return found;
}

/* Inputs of the model that start nodes cut off may be named too: shapes follow from them. */
static bool names_input(struct onnx_run *r, const struct onnx_opts *o, const char *option)
{
	for (size_t k = 0; k < r->ir->nin; k++)
		if (value_for(r, o, option, r->ir->in[k]))
			return true;
	for (size_t k = 0; o->nstart && k < r->ir->nvalue; k++)
		if (r->ir->value[k]->was_input && after_name(option, r->ir->value[k]->name))
			return true;
	return false;
}

static int check_names(struct onnx_run *r, const struct onnx_opts *o, const char *const *list,
		       size_t n, const char *option, struct err *e)
{
	struct str s = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (names_input(r, o, list[i]))
			continue;
		for (size_t k = 0; k < r->ir->nin && s.len < 400; k++)
			str_printf(&s, "%s'%s'", k ? ", " : "", quote(r->ir->in[k]->name));
		err_set(e, "%s '%s' names no input of the network (%s)", option, quote(list[i]),
			s.p ? s.p : "there is none");
		str_release(&s);
		return -1;
	}
	return 0;
}

int onnx_check_input_options(struct onnx_run *r, const struct onnx_opts *o, struct err *e)
{
	if (check_names(r, o, o->shapes, o->nshapes, "--net-input-shapes", e) < 0 ||
	    check_names(r, o, o->formats, o->nformats, "--net-input-format", e) < 0)
		return -1;
	return 0;
}

/* "1,3,224,224" or "[1, 3, 224, 224]". */
static int parse_shape(const char *text, struct im_value *v, struct err *e)
{
	const int rank = v->declared ? v->rank : -1;
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
	if (rank > 0 && v->rank != rank)
		return err_set(e,
			       "--net-input-shapes: '%s' has %d dimensions, the model's input %d",
			       quote(text), v->rank, rank);
	return v->rank ? 0 : err_set(e, "--net-input-shapes: '%s' is not a shape", quote(text));
}

/* Letters of a format, N counted as B; each once, as many as dimensions; D where there are five. */
static int parse_format(const char *text, int rank, char axes[LIMIT_RANK + 1], struct err *e)
{
	const char *letters = rank == 5 ? "BCDHW" : "BCHW";
	const size_t n = strlen(text);
	bool seen[128] = { false };

	if (n != (size_t)rank)
		return err_set(
		    e, "--net-input-format: '%s' has %zu letters, the input has %d dimensions",
		    quote(text), n, rank);
	for (size_t i = 0; i <= n; i++) {
		const char c = text[i] == 'N' ? 'B' : text[i];

		if (c && (!strchr(letters, c) || seen[(unsigned char)c]))
			return err_set(
			    e, "--net-input-format: '%s' is not made of B, C, %sH, W, each once",
			    quote(text), rank == 5 ? "D, " : "");
		axes[i] = c;
		if (c)
			seen[(unsigned char)c] = true;
	}
	return 0;
}

static int check_dims(const struct im_value *v, const char *axes, struct err *e)
{
	int64_t total = 1, features = 1;

	for (int d = 0; d < v->rank; d++) {
		if (v->dim[d] < 1 && axes[d] != 'B')
			return err_set(
			    e, "dimension %d%s%s%s is open (give --net-input-shapes %s=...)", d,
			    v->symbol[d] ? " ('" : "", v->symbol[d] ? quote(v->symbol[d]) : "",
			    v->symbol[d] ? "')" : "", quote(v->name));
		if (v->dim[d] > LIMIT_DIM ||
		    (v->dim[d] > 0 && total > LIMIT_ACTIVATION / v->dim[d]) ||
		    (strchr("CD", axes[d]) && v->dim[d] > LIMIT_FEATURES / features))
			return err_set(e, "dimension %lld is absurd", (long long)v->dim[d]);
		total *= v->dim[d] > 0 ? v->dim[d] : 1;
		features *= strchr("CD", axes[d]) ? v->dim[d] : 1;
	}
	return 0;
}

/* What the options say about input i: -1 when that is wrong. */
static int options_of(struct onnx_run *r, const struct onnx_opts *o, size_t i, const char **format,
		      struct err *e)
{
	struct im_value *v = r->ir->in[i];
	const char *shape = option_for(r, o, o->shapes, o->nshapes, v);

	*format = option_for(r, o, o->formats, o->nformats, v);
	if (shape && parse_shape(shape, v, e) < 0)
		return -1;
	return *format && v->declared ? parse_format(*format, v->rank, r->in_axes[i], e) : 0;
}

/* Axes of input i: by the option, else by its rank. */
static int axes_of(struct onnx_run *r, size_t i, const char *format, struct err *e)
{
	const struct im_value *v = r->ir->in[i];
	char axes[LIMIT_RANK + 1];

	if (!v->declared)
		return err_set(e, "its shape is not known (give --net-input-shapes %s=...)",
			       quote(v->name));
	if (!format && onnx_default_axes(r->ir, v, axes))
		format = axes;
	if (!format)
		return err_set(e, "it has %d dimensions, 1 to 5 expected", v->rank);
	return parse_format(format, v->rank, r->in_axes[i], e) < 0 ||
		       check_dims(v, r->in_axes[i], e) < 0
		   ? -1
		   : 0;
}

static void note_batch(struct onnx_run *r, const struct im_value *v, const char *axes)
{
	for (int d = 0; d < v->rank; d++)
		if (axes[d] == 'B' && v->dim[d] < 1)
			onnx_note(
			    r,
			    "Input '%s': dimension %d%s%s%s is open and taken as 1; it is the "
			    "batch, which stays free.",
			    quote(v->name), d, v->symbol[d] ? " ('" : "",
			    v->symbol[d] ? quote(v->symbol[d]) : "", v->symbol[d] ? "')" : "");
	if (!strchr(axes, 'B'))
		onnx_note(r, "Input '%s' has no batch: it is the same for each image.",
			  quote(v->name));
}

static void input(struct onnx_run *r, size_t i)
{
	const char *axes = r->in_axes[i];
	struct im_value *v = r->ir->in[i];
	int64_t base[3] = { 1, 1, 1 }, batch = 1;
	char lay[LIMIT_RANK + 1] = "";
	struct layer *l;

	note_batch(r, v, axes);
	for (int d = 0; d < v->rank; d++) {
		lay[d] = axes[d] == 'D' ? 'C' : axes[d];
		if (axes[d] == 'B')
			batch = v->dim[d] > 0 ? v->dim[d] : 1;
		else
			base[onnx_slot(lay[d])] *= v->dim[d];
	}
	l = build_layer(&r->b, HN_INPUT, "input_layer");
	layer_add_original(r->b.g, l, v->name);
	l->out[0] = (struct hn_shape){ (int32_t)base[0], (int32_t)base[1], (int32_t)base[2],
				       strchr(axes, 'H')   ? 4
				       : strchr(axes, 'W') ? 3
							   : 2 };
	view_lay(&v->view, l, 0, batch, v->dim, lay);
	v->done = true;
	r->in_layer[i] = l;
}

int onnx_inputs(struct onnx_run *r, const struct onnx_opts *o, struct err *e)
{
	r->in_layer = xcalloc(r->ir->nin, sizeof(struct layer *));
	r->in_axes = xcalloc(r->ir->nin, sizeof *r->in_axes);
	r->b.node = NULL;
	/* What an input means may depend on what it meets. */
	for (size_t i = 0; r->ir->nin > 1 && i < r->ir->nnode; i++)
		onnx_guess(r->ir->node[i]);
	for (size_t i = 0; i < r->ir->nin; i++) {
		struct im_value *v = r->ir->in[i];
		struct err fault = { 0 };
		const char *format;

		if (v->nuse == 0)
			continue;
		if (options_of(r, o, i, &format, e) < 0)
			return err_in(e, "input '%s'", quote(v->name));
		if (axes_of(r, i, format, &fault) == 0) {
			input(r, i);
			continue;
		}
		err_in(&fault, "input '%s'", quote(v->name));
		onnx_fault(r, NULL, fault.msg);
		v->bad = true;
	}
	return 0;
}
