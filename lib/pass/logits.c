/*
 * NAME = logits_layer([OUTPUT_LAYER,] softmax | argmax [, AXIS] [, engine=cpu | nn_core]): scores
 * or the best class behind an output.  Conditions: guide 5.3.3.
 */
#include "pass/modify.h"

enum {
	MAX_SOFTMAX = 2
};

/* What each kind asks of an output, and the axis that it works on. */
static const struct kind {
	const char *name;
	enum hn_type type;
	int rank, axis;
} kinds[] = {
	{ "softmax", HN_SOFTMAX, 2, 1 },
	{ "argmax", HN_ARGMAX, 4, 3 },
};

static const struct kind *kind_of(const struct alls_stmt *st)
{
	return &kinds[alls_has_word(st, "logits_type", "argmax")];
}

static int check_axis(const struct alls_stmt *st, const struct kind *k, struct err *e)
{
	const int axis = alls_get_int(st, "axis", k->axis);

	if (axis == k->axis || axis == -1)
		return 0;
	err_set(e, "%s works on the features: axis %d, not %d", k->name, k->axis, axis);
	return alls_in_value(st, alls_get(st, "axis"), e);
}

static int check_output(const struct alls_stmt *st, const struct kind *k,
			const struct layer *output, struct err *e)
{
	const struct hn_shape *s = layer_in_shape(output, 0);

	if (s->rank == k->rank)
		return 0;
	err_set(e, "%s needs an output of rank %d, '%s' has shape %s", k->name, k->rank,
		quote(output->name), hn_shape_text(s));
	return alls_in(st, e);
}

/* Of all that scripts put before outputs. */
static int check_softmaxes(const struct modify *m, const struct alls_stmt *st, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < m->g->nlayers; i++)
		n += m->g->layers[i]->type == HN_SOFTMAX && m->g->layers[i]->pinned;
	if (n <= MAX_SOFTMAX)
		return 0;
	err_set(e, "more than %d softmax layers behind outputs", MAX_SOFTMAX);
	return alls_in(st, e);
}

static int insert(struct modify *m, const struct alls_stmt *st, const struct kind *k, size_t which,
		  struct layer *output, struct err *e)
{
	const bool host = alls_has_word(st, "engine", "cpu");
	const char *name;
	struct layer *l;
	json_t *r;

	if (check_output(st, k, output, e) < 0 || !(name = modify_name(m, st, which, k->name, e)))
		return -1;
	l = host ? modify_host_before(m, k->type, name, output)
		 : modify_before(m, st, k->type, name, output, e);
	if (!l)
		return -1;
	r = modify_record(m, output, st->command);
	json_object_set_new(r, "logits_type", json_string(k->name));
	json_object_set_new(r, "axis", json_integer(k->axis));
	json_object_set_new(r, "engine", json_string(host ? "cpu" : "nn_core"));
	json_object_set_new(r, "hnt_layer", json_string(l->name));
	return 0;
}

int modify_logits(struct modify *m, const struct alls_stmt *st, struct err *e)
{
	const struct kind *k = kind_of(st);
	struct layer **out;
	size_t n;
	int r;

	if (check_axis(st, k, e) < 0 || modify_outputs(m, st, "output_layer", &out, &n, e) < 0)
		return -1;
	r = modify_count_names(st, n, "output layers", e);
	for (size_t i = 0; i < n && r == 0; i++)
		r = insert(m, st, k, i, out[i], e);
	free(out);
	return r < 0 ? -1 : check_softmaxes(m, st, e);
}
