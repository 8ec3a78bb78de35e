/* The modifications of a script, one row per command, and what they share. */
#include "pass/modify.h"
#include "alls/table.h"
#include "hn/pack.h"
#include "pass/passes.h"

static const struct modification modifications[] = {
	/* clang-format off */
	{ "change_output_activation", modify_output_activation },
	{ "format_conversion", modify_conversion },
	{ "input_conversion", modify_conversion },
	{ "logits_layer", modify_logits },
	{ "nms_postprocess", modify_nms },
	{ "normalization", modify_normalization },
	{ "resize", modify_resize },
	{ "resize_input", modify_resize_input },
	{ "transpose", modify_transpose },
	{ "yuv_to_rgb", modify_conversion },
	/* clang-format on */
};

const struct modification *modification_of(const struct alls_stmt *st)
{
	for (size_t i = 0; i < sizeof modifications / sizeof modifications[0]; i++)
		if ((st->row->stages & ALLS_NORMALIZE) &&
		    alls_is(st, modifications[i].command, NULL))
			return &modifications[i];
	return NULL;
}

static void all_inputs(const struct graph *g, struct layer ***out, size_t *n)
{
	*n = graph_inputs(g, NULL, 0);
	*out = xcalloc(*n, sizeof **out);
	graph_inputs(g, *out, *n);
}

/* Nothing can be done to packed images: what unpacks them stays directly behind the input. */
static int check_input(const struct layer *l, struct err *e)
{
	const enum hn_pack p = hn_input_pack(l);

	if (l->type != HN_INPUT)
		return err_set(e, "layer '%s' is not an input layer", quote(l->name));
	if (!p)
		return 0;
	err_set(e, "the images of '%s' are packed as %s by a command above", quote(l->name),
		hn_packing(p)->format);
	return err_hint(e, "a later command comes nearer to the input: write this one above that");
}

int modify_inputs(const struct modify *m, const struct alls_stmt *st, const char *argument,
		  struct layer ***out, size_t *n, struct err *e)
{
	const struct alls_value *v = alls_get(st, argument);

	if (!v)
		all_inputs(m->g, out, n);
	else if (alls_layers(st, v, m->g, out, n, e) < 0)
		return -1;
	for (size_t i = 0; i < *n; i++)
		if (check_input((*out)[i], e) < 0) {
			free(*out);
			return v ? alls_in_value(st, v, e) : alls_in(st, e);
		}
	return 0;
}

const char *modify_name(struct modify *m, const struct alls_stmt *st, size_t which,
			const char *base, struct err *e)
{
	const char *name = which < st->nlhs ? st->lhs[which] : graph_new_name(m->g, base);

	if (!graph_find(m->g, name))
		return name;
	err_set(e, "there is a layer '%s' already", quote(name));
	alls_in(st, e);
	return NULL;
}

static struct layer *insert_behind(struct modify *m, enum hn_type t, const char *name,
				   struct layer *from)
{
	struct layer *l = graph_add(m->g, t, name);

	l->pinned = true;
	layer_add_input(m->g, l, from, 0);
	graph_replace_uses(m->g, from, 0, l, 0);
	return l;
}

struct layer *modify_behind(struct modify *m, enum hn_type t, const char *name, struct layer *input)
{
	struct layer *from = input;

	while (from->nsucc == 1 && layer_on_host(from->succ[0]) &&
	       from->succ[0]->type != HN_POSTPROCESS)
		from = from->succ[0];
	return insert_behind(m, t, name, from);
}

struct layer *modify_host_behind(struct modify *m, enum hn_type t, const char *name,
				 struct layer *input)
{
	struct layer *l = insert_behind(m, t, name, input);

	l->p.on_host = true;
	return l;
}

/* The value of a key, made by `make` when it is not there. */
static json_t *member(json_t *o, const char *key, json_t *(*make)(void))
{
	json_t *v = json_object_get(o, key);

	if (v)
		return v;
	v = make();
	json_object_set_new(o, key, v);
	return v;
}

json_t *modify_record(struct modify *m, const struct layer *l, const char *cmd_type)
{
	json_t *o;

	if (!m->record)
		return NULL;
	o = json_object();
	json_object_set_new(o, "cmd_type", json_string(cmd_type));
	json_array_append_new(
	    member(member(m->record, l->type == HN_INPUT ? "inputs" : "outputs", json_object),
		   l->name, json_array),
	    o);
	return o;
}

int pass_modify(struct graph *g, struct tensors *w, const struct pass_opts *o, struct err *e)
{
	const struct alls *s = o->script;
	struct modify m = {
		.g = g, .w = w, .record = o->record, .nms = o->nms, .nms_arch = o->nms_arch
	};

	if (m.record) {
		member(m.record, "inputs", json_object);
		member(m.record, "outputs", json_object);
	}
	for (size_t i = 0; s && i < s->nstmts; i++) {
		const struct modification *row = modification_of(&s->stmts[i]);

		if (row && (row->apply(&m, &s->stmts[i], e) < 0 || graph_infer_shapes(g, e) < 0))
			return -1;
	}
	return 0;
}
