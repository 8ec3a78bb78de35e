/* A post-process as a layer of the HN: parameters, of which hnt_config is the configuration. */
#include "post/post_int.h"

static int read_word(const json_t *params, const char *key, int (*find)(const char *), int *out,
		     struct err *e)
{
	const char *text;

	if (json_need_string(params, key, &text, e) < 0)
		return -1;
	if ((*out = find(text)) < 0)
		return err_set(e, "key '%s' has the unknown value '%s'", key, quote(text));
	return 0;
}

static int read_params(const struct layer *l, struct post *p, struct err *e)
{
	const json_t *params = l->unknown_params;
	int kind, engine;

	if (read_word(params, "meta_arch", post_kind_from_name, &kind, e) < 0 ||
	    read_word(params, "engine", post_engine_from_name, &engine, e) < 0 ||
	    json_get_bool(params, "bbox_decoding_only", false, &p->bbox_only, e) < 0)
		return -1;
	p->kind = (enum post_kind)kind;
	p->engine = (enum post_engine)engine;
	if (post_from_config(p, json_object_get(params, "hnt_config"), e) < 0)
		return err_in(e, "hnt_config");
	return 0;
}

int post_of_layer(const struct layer *l, struct post *p, struct err *e)
{
	struct hn_shape want;

	*p = (struct post){ .proto = -1 };
	if (read_params(l, p, e) < 0)
		return err_in(e, "layer '%s': params", quote(l->name));
	if (l->nin != (size_t)p->ninput)
		return err_set(e, "layer '%s' has %zu inputs, %d heads expected", quote(l->name),
			       l->nin, p->ninput);
	for (size_t i = 0; i < l->nin; i++) {
		p->shape[i] = *layer_in_shape(l, i);
		p->name[i] = l->in[i].layer->name;
	}
	if (post_check(p, e) < 0)
		return err_in(e, "layer '%s'", quote(l->name));
	want = post_output_shape(p);
	if (!hn_shape_equal(&want, &l->out[0]))
		return err_set(e, "layer '%s' has the output shape %s, its parameters give %s",
			       quote(l->name), hn_shape_text(&l->out[0]), hn_shape_text(&want));
	return 0;
}

const char *post_on_core(const struct graph *g)
{
	for (size_t i = 0; i < g->nlayers; i++) {
		const struct layer *l = g->layers[i];
		const char *engine =
		    json_string_value(json_object_get(l->unknown_params, "engine"));

		if (l->type == HN_POSTPROCESS && engine &&
		    strcmp(engine, post_engine_name(POST_CPU)) != 0)
			return l->name;
	}
	return NULL;
}

void post_to_layer(const struct post *p, const json_t *config, struct layer *l)
{
	json_t *o = json_object();
	const struct hn_shape s = post_output_shape(p);

	json_object_set_new(o, "meta_arch", json_string(post_kind_name(p->kind)));
	json_object_set_new(o, "postprocess_type", json_string("nms"));
	json_object_set_new(o, "engine", json_string(post_engine_name(p->engine)));
	if (p->bbox_only)
		json_object_set_new(o, "bbox_decoding_only", json_true());
	json_object_set_new(o, "scores_threshold", json_real(p->score_th));
	if (post_suppresses(p))
		json_object_set_new(o, "iou_th", json_real(p->iou_th));
	json_object_set_new(o, "classes", json_integer(post_classes(p)));
	json_object_set_new(o, "max_proposals_per_class", json_integer(p->max_per_class));
	json_object_set_new(
	    o, "max_total_output_proposals",
	    json_integer(p->max_total ? p->max_total : p->max_per_class * post_classes(p)));
	json_object_set_new(o, "hnt_config", json_deep_copy(config));
	json_decref(l->unknown_params);
	l->unknown_params = o;
	free(l->out);
	l->nout = 1;
	l->out = xcalloc(1, sizeof *l->out);
	l->out[0] = s;
}
