/* Messages about an import, from its report: onnx2hn(1). */
#include "base/log.h"
#include "onnx/onnx.h"
#include <inttypes.h>

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* A layer without its scope. */
static const char *short_name(const char *layer)
{
	const char *slash = strchr(layer, '/');

	return slash ? slash + 1 : layer;
}

/* "input_layer1 from 'images' [1,3,640,640] (BCHW)" */
static void say_ends(const json_t *list, const char *word)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		char *shape = json_dumps(json_object_get(o, "shape"), JSON_COMPACT);

		log_info("%s %s '%s' %s (%s)", short_name(text_of(o, "layer")), word,
			 quote(text_of(o, "name")), shape, text_of(o, "axes"));
		free(shape);
	}
}

static void say_cut_off(const json_t *nodes)
{
	size_t before = 0, behind = 0, unused = 0;

	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const json_t *o = json_array_get(nodes, i);

		if (strcmp(text_of(o, "status"), "cut off") != 0)
			continue;
		before += strncmp(text_of(o, "reason"), "before", 6) == 0;
		behind += strncmp(text_of(o, "reason"), "behind", 6) == 0;
		unused += strncmp(text_of(o, "reason"), "no output", 9) == 0;
		log_debug("cut off: node '%s' (%s), %s", quote(text_of(o, "name")),
			  quote(text_of(o, "op")), text_of(o, "reason"));
	}
	if (before + behind)
		log_info("Cut off: %zu node%s before the start nodes, %zu behind the end nodes.",
			 before, before == 1 ? "" : "s", behind);
	if (unused)
		log_info("Left out: %zu node%s that no output needs.", unused,
			 unused == 1 ? "" : "s");
}

void onnx_say_unsupported(const struct onnx_result *r)
{
	const json_t *nodes = json_object_get(r->report, "nodes");

	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const json_t *o = json_array_get(nodes, i);

		if (strcmp(text_of(o, "status"), "unsupported") == 0)
			log_debug("unsupported: node '%s' (%s): %s", quote(text_of(o, "name")),
				  quote(text_of(o, "op")), quote(text_of(o, "reason")));
	}
}

/* A detector: what it is, where it should end, what a model script needs. */
static void say_nms(const json_t *nms)
{
	const json_t *ends = json_object_get(nms, "end_nodes");
	struct str s = { 0 };

	if (!json_is_object(nms))
		return;
	log_info("NMS structure of %s (or equivalent architecture) was detected.",
		 text_of(nms, "family"));
	if (json_is_true(json_object_get(nms, "anchors_assumed")))
		log_warn("the anchors are not in the model: those of the NMS configuration are "
			 "defaults; check them");
	for (size_t i = 0; i < json_array_size(ends); i++)
		str_printf(&s, "%s%s", i ? " " : "",
			   quote(json_string_value(json_array_get(ends, i))));
	if (s.len)
		log_info("In order to use HailoRT post-processing capabilities, these end node "
			 "names should be used: %s.",
			 s.p);
	if (text_of(nms, "script")[0])
		log_info("Model script: %s", text_of(nms, "script"));
	str_release(&s);
}

void onnx_say(const struct onnx_result *r, const char *framework, double seconds)
{
	const struct graph *g = r->graph;
	const json_t *warnings = json_object_get(r->report, "warnings");
	const json_t *notes = json_object_get(r->report, "notes");

	for (size_t i = 0; i < json_array_size(warnings); i++)
		log_warn("%s", json_string_value(json_array_get(warnings, i)));
	if (r->opset)
		log_info("Restored %s model %s (opset %" PRId64 ", %zu nodes)", framework, g->name,
			 r->opset, r->nodes);
	else
		log_info("Restored %s model %s (%zu operators)", framework, g->name, r->nodes);
	say_cut_off(json_object_get(r->report, "nodes"));
	for (size_t i = 0; i < json_array_size(notes); i++)
		log_info("%s", json_string_value(json_array_get(notes, i)));
	log_info("Start nodes mapped from original model: %s.", r->start_text);
	log_info("End nodes mapped from original model: %s.", r->end_text);
	say_ends(json_object_get(r->report, "inputs"), "from");
	say_ends(json_object_get(r->report, "outputs"), "is");
	say_nms(json_object_get(r->report, "nms"));
	log_info("Translation completed on %s model %s: %zu layers, %" PRIu64
		 " parameters, %.2f GMACs, %.2f GOP per image (completion time: %.2f s)",
		 framework, g->name, g->nlayers, r->params, 1e-9 * (double)r->macs,
		 2e-9 * (double)r->macs, seconds);
}
