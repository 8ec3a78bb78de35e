/* Detectors: what is found goes into the report and the bundle; where they should end. */
#include "onnx/onnx_int.h"

/* Lines of a model script for this network as it was imported. */
static char *script(const struct nms *m)
{
	struct str s = { 0 };
	bool engine = m->arch != NMS_CENTERNET && m->arch != NMS_YOLOV6;

	/* Scores are probabilities: classes without a sigmoid get one. */
	for (int i = 0; (m->arch == NMS_YOLOV8 || m->arch == NMS_YOLOV6) && i < m->nlevel; i++) {
		const struct nms_head *h = m->level[i].cls;
		const char *name = h->conv->out[0]->view.layer->name, *slash = strrchr(name, '/');

		if (!h->sigmoid)
			str_printf(&s, "change_output_activation(%s, sigmoid)\n",
				   slash ? slash + 1 : name);
	}
	if (m->arch == NMS_YOLOV5)
		str_puts(&s, "change_output_activation(sigmoid)\n");
	str_printf(&s, "nms_postprocess(\"%s.nms.json\", meta_arch=%s, engine=%s)", "NET",
		   nms_meta_arch(m), engine ? "cpu" : "nn_core");
	return s.p ? s.p : xstrdup("");
}

static json_t *describe(const struct onnx_run *r, const struct nms *m)
{
	json_t *o = json_object(), *ends = json_array();
	char *text = script(m), *net = strstr(text, "\"NET.");
	char *full = net ? xasprintf("%.*s\"%s%s", (int)(net - text), text, r->b.g->name, net + 4)
			 : xstrdup(text);

	json_object_set_new(o, "family", json_string(nms_family(m)));
	json_object_set_new(o, "meta_arch", json_string(nms_meta_arch(m)));
	json_object_set_new(o, "anchors_assumed", json_boolean(m->anchors_assumed));
	json_object_set_new(o, "decoding_inside", json_boolean(m->inside));
	for (int i = 0; m->inside && nms_end(m, i); i++)
		json_array_append_new(ends, onnx_json_name(nms_end(m, i)->end->from->name));
	json_object_set_new(o, "end_nodes", ends);
	json_object_set_new(o, "script", json_string(full));
	json_object_set_new(o, "config", nms_config(m));
	free(text);
	free(full);
	return o;
}

bool onnx_find_nms(struct onnx_run *r, json_t *report, const char *const **end, size_t *nend,
		   struct arena *names)
{
	const char **list;
	struct nms m;
	size_t n = 0;

	if (!nms_detect(r->ir, &r->hints, &m))
		return false;
	if (report)
		json_object_set_new(report, "nms", describe(r, &m));
	if (!end)
		return m.inside;
	list = arena_array(names, NMS_HEADS, sizeof(char *));
	for (int i = 0; nms_end(&m, i); i++)
		list[n++] = arena_strdup(names, nms_end(&m, i)->end->from->name);
	*end = list;
	*nend = n;
	return m.inside;
}

int onnx_try_nms(struct onnx_run *r, const struct im_source *src, struct onnx_opts *o,
		 const char *net, struct arena *names)
{
	struct onnx_opts cut = *o;
	struct onnx_run next;
	struct err e = { 0 };

	if (!onnx_find_nms(r, NULL, &cut.end, &cut.nend, names))
		return -1;
	if (onnx_run(&next, src, &cut, net, &e) != 0) {
		onnx_run_release(&next);
		return -1;
	}
	onnx_run_release(r);
	*r = next;
	*o = cut;
	return 0;
}

void onnx_put_nms(struct bundle *b, const struct onnx_result *r)
{
	const json_t *nms = json_object_get(r->report, "nms");

	if (!json_is_object(nms))
		return;
	bundle_put_json(b, "nms.json", json_object_get(nms, "config"));
	json_object_set(bundle_metadata(b), "nms_meta_arch", json_object_get(nms, "meta_arch"));
}
