/* The stage that hn-normalize runs on a bundle. */
#include "io/bundle.h"
#include "pass/pass.h"
#include "post/post.h"

/*
 * The configuration of the post-process, with the names that its heads have now, and what the
 * metadata say of it; without one the parser's stays.
 */
static int store_post(struct bundle *b, struct graph *g, struct err *e)
{
	for (size_t i = 0; i < g->nlayers; i++) {
		struct layer *l = g->layers[i];
		json_t *meta = bundle_metadata(b), *config;
		struct post p;

		if (l->type != HN_POSTPROCESS)
			continue;
		if (post_of_layer(l, &p, e) < 0)
			return -1;
		config = json_object_get(l->unknown_params, "hnt_config");
		post_name_layers(&p, g->name, config);
		bundle_put_json(b, "nms.json", config);
		json_object_set_new(meta, "nms_meta_arch", json_string(post_kind_name(p.kind)));
		json_object_set_new(meta, "nms_engine", json_string(post_engine_name(p.engine)));
	}
	return 0;
}

/* Members that this stage adds or replaces. */
static int store(struct bundle *b, struct graph *g, const struct tensors *w, const struct alls *s,
		 const json_t *meta, struct err *e)
{
	size_t n;
	const void *native = bundle_get(b, "hn", &n);

	bundle_put(b, "native.hn", native, n);
	if (store_post(b, g, e) < 0)
		return -1;
	bundle_put_graph(b, "hn", g);
	if (bundle_put_npz(b, "fpo.npz", w, e) < 0)
		return -1;
	alls_to_bundle(b, s);
	bundle_put_json(b, "modifications_meta_data.json", meta);
	bundle_set_state(b, STATE_FP_OPTIMIZED);
	return 0;
}

static int optimize(struct bundle *b, struct graph *g, struct tensors *w, struct alls *s,
		    struct err *e)
{
	struct pass_opts o = PASS_OPTS_DEFAULT;
	json_t *nms = NULL;
	int r;

	if (alls_use_graph(s, g, ALLS_NORMALIZE, e) < 0)
		return -1;
	alls_notices(s, ALLS_NORMALIZE, b, NULL);
	if (bundle_has(b, "nms.json") && !(nms = bundle_get_json(b, "nms.json", e)))
		return -1;
	o.script = s;
	o.nms = nms;
	o.nms_arch = json_string_value(json_object_get(bundle_metadata(b), "nms_meta_arch"));
	o.record = json_object();
	r = pass_run(g, w, &o, e) < 0 ? -1 : store(b, g, w, s, o.record, e);
	json_decref(o.record);
	json_decref(nms);
	return r;
}

int pass_stage(struct bundle *b, const char *script, struct err *e)
{
	struct alls *s = NULL;
	struct graph *g = NULL;
	struct tensors *w = NULL;
	int r = -1;

	if (bundle_require(b, STATE_HAILO_MODEL, STATE_HAILO_MODEL, e) < 0)
		return -1;
	if (!bundle_has(b, "npz"))
		return err_set(e, "%s has no weights (with HN JSON: -w FILE.npz)",
			       quote(bundle_name(b)));
	if (alls_of_bundle(b, script, ALLS_NORMALIZE, &s, e) == 0 &&
	    (g = bundle_get_graph(b, "hn", e)) && (w = bundle_get_npz(b, "npz", e)))
		r = optimize(b, g, w, s, e);
	tensors_free(w);
	graph_free(g);
	alls_free(s);
	return r;
}
