/* The stage that hn-normalize runs on a bundle. */
#include "io/bundle.h"
#include "pass/pass.h"

/* Members that this stage adds or replaces. */
static int store(struct bundle *b, const struct graph *g, const struct tensors *w,
		 const struct alls *s, const json_t *meta, struct err *e)
{
	size_t n;
	const void *native = bundle_get(b, "hn", &n);

	bundle_put(b, "native.hn", native, n);
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
	int r;

	if (alls_use_graph(s, g, ALLS_NORMALIZE, e) < 0)
		return -1;
	alls_notices(s, ALLS_NORMALIZE, b, NULL);
	o.script = s;
	o.record = json_object();
	r = pass_run(g, w, &o, e) < 0 ? -1 : store(b, g, w, s, o.record, e);
	json_decref(o.record);
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
