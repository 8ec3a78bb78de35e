/* What a user is told beside errors: notes (what was left out or assumed) and warnings. */
#include "onnx/onnx_int.h"

enum {
	LONG_SEQUENCE = 128, /* steps; each becomes layers of its own */
	LISTED = 5           /* names in a note */
};

static void put(json_t **list, const char *text)
{
	json_t *item = json_string(text);

	if (!*list)
		*list = json_array();
	json_array_append_new(*list, item ? item : json_string(quote(text)));
}

void onnx_note(struct onnx_run *r, const char *fmt, ...)
{
	struct err text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text.msg, sizeof text.msg, fmt, ap);
	va_end(ap);
	put(&r->notes, text.msg);
}

static void warn(struct onnx_run *r, const struct im_node *n, const char *text)
{
	struct err e = { 0 };

	err_set(&e, "%s", text);
	if (n)
		err_in(&e, "node '%s' (%s)", quote(n->name), quote(im_word(n)));
	put(&r->warnings, e.msg);
}

/* Initializers that no node reads: before anything is folded away. */
void onnx_note_unused(struct onnx_run *r)
{
	const struct im_graph *g = r->ir;
	struct str s = { 0 };
	size_t n = 0;

	/* Other readers take axes and the like from constants into attributes. */
	if (!g->spelled)
		return;
	for (size_t i = 0; i < g->nvalue; i++)
		g->value[i]->mark = g->value[i]->is_output;
	for (size_t i = 0; i < g->nnode; i++)
		for (size_t k = 0; k < g->node[i]->nin; k++)
			if (g->node[i]->in[k])
				g->node[i]->in[k]->mark = 1;
	for (size_t i = 0; i < g->nvalue; i++)
		if (g->value[i]->is_const && !g->value[i]->mark && n++ < LISTED)
			str_printf(&s, "%s'%s'", n > 1 ? ", " : "", quote(g->value[i]->name));
	if (n)
		onnx_note(r, "Left out: %zu initializer%s that no node reads (%s%s).", n,
			  n > 1 ? "s" : "", s.p, n > LISTED ? ", ..." : "");
	str_release(&s);
}

static void check_node(struct onnx_run *r, const struct im_node *n)
{
	const bool recurrent =
	    strcmp(n->op, "LSTM") == 0 || strcmp(n->op, "GRU") == 0 || strcmp(n->op, "RNN") == 0;
	const bool dropout = strcmp(n->op, "Dropout") == 0;
	int64_t dim[LIMIT_RANK];
	int rank;

	if (r->opset < 7 && (dropout || strcmp(n->op, "BatchNormalization") == 0) &&
	    im_int(n, "is_test", 0) == 0)
		warn(r, n,
		     "the model has it in training mode (is_test 0); it is read as inference: "
		     "export the model in eval mode");
	if (dropout && n->nin > 2 && n->in[2] && !n->in[2]->is_const)
		warn(r, n, "its training_mode is given at run time; it is read as inference");
	if (r->opset == 10 && strcmp(n->op, "Resize") == 0 &&
	    !im_attr(n, "coordinate_transformation_mode"))
		warn(r, n,
		     "opset 10 has asymmetric pixels by its specification, and so it is read; the "
		     "product's parser takes half_pixel: export with opset 11 or later to be sure");
	if (recurrent && n->nin && n->in[0] && onnx_known_shape(n->in[0], &rank, dim) &&
	    rank == 3 && dim[im_int(n, "layout", 0) ? 1 : 0] > LONG_SEQUENCE)
		warn(r, n,
		     "its sequence is long and is unrolled step by step: a shorter one, or windows "
		     "over it, compile and run better");
}

void onnx_warn(struct onnx_run *r)
{
	char text[160];

	snprintf(text, sizeof text,
		 "opset %lld is not one of 8 and 11 to 17: its operators are read by its own rules",
		 (long long)r->opset);
	if (r->opset != 8 && r->opset < 11)
		warn(r, NULL, text);
	for (size_t i = 0; i < r->ir->nnode; i++)
		check_node(r, r->ir->node[i]);
	for (size_t i = 0; i < r->ir->nin; i++)
		if (r->in_layer && !r->in_layer[i] && !r->ir->in[i]->bad)
			onnx_note(r, "Left out: input '%s', which nothing uses.",
				  quote(r->ir->in[i]->name));
}
