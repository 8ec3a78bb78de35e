/* Where the configuration of nms_postprocess comes from. */
#include "base/limits.h"
#include "base/log.h"
#include "base/outfile.h"
#include "base/share.h"
#include "pass/detect.h"
#include <unistd.h>

static json_t *read_json(const char *path, struct err *e)
{
	size_t n;
	void *text = read_file(path, LIMIT_SCRIPT_BYTES, &n, e);
	json_t *j = text ? json_parse(text, n, e) : NULL;

	if (text && !j)
		err_in(e, "%s", quote(path));
	free(text);
	return j;
}

/* A path of a script is relative to the script's folder (guide 3.20). */
static char *beside(const char *script, const char *path)
{
	const char *slash = strrchr(script, '/');

	if (*path == '/' || !slash)
		return xstrdup(path);
	return xasprintf("%.*s%s", (int)(slash + 1 - script), script, path);
}

/* Is it the name that the parser gives the bundle's own configuration? */
static bool is_own(const struct detect *d, const char *path)
{
	const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
	const size_t n = strlen(d->m->g->name);

	return d->m->nms && strncmp(file, d->m->g->name, n) == 0 &&
	       strcmp(file + n, ".nms.json") == 0;
}

/* What the parser found, when it found this architecture. */
static bool from_parser(struct detect *d, bool named)
{
	const char *arch = d->m->nms_arch;

	if (!d->m->nms)
		return false;
	if (!named && (!arch || strcmp(arch, post_kind_name(d->p.kind)) != 0)) {
		log_warn("nms_postprocess: the parser found %s, not %s: its configuration is not "
			 "used",
			 arch ? quote(arch) : "no architecture", post_kind_name(d->p.kind));
		return false;
	}
	d->source = xasprintf("%s.nms.json", d->m->g->name);
	d->config = json_deep_copy(d->m->nms);
	return true;
}

static int from_file(struct detect *d, const char *path, struct err *e)
{
	d->source = beside(d->st->file, path);
	if (access(d->source, F_OK) != 0 && is_own(d, path)) {
		free(d->source);
		from_parser(d, true);
		return 0;
	}
	d->config = read_json(d->source, e);
	return d->config ? 0 : -1;
}

static bool readable(const char *dir, void *ctx)
{
	struct detect *d = ctx;

	free(d->source);
	d->source = xasprintf("%s/default_nms_config_%s.json", dir, post_kind_name(d->p.kind));
	return access(d->source, R_OK) == 0;
}

static int from_defaults(struct detect *d, struct err *e)
{
	if (!share_each("HN_NMS", "nms", readable, d))
		return err_set(e, "no default configuration: '%s' is not there (install share/)",
			       quote(d->source));
	d->config = read_json(d->source, e);
	return d->config ? 0 : -1;
}

/* Keys that no architecture has: a slip of the pen would go unseen. */
static void warn_unknown(const struct detect *d)
{
	static const char *const known[] = {
		"nms_scores_th",
		"nms_iou_th",
		"number_of_detection_heads",
		"image_dims",
		"classes",
		"max_proposals_per_class",
		"max_total_proposals",
		"background_removal",
		"background_removal_index",
		"regression_length",
		"proto",
		"bbox_dimensions_scale_factor",
		"centers_scale_factor",
		"bbox_decoders",
		"input_division_factor",
		"mask_threshold",
		"meta_arch",
		"clip_boxes",
		"normalized_output",
		"hnt_multi_label",
		"hnt_softmax",
		"hnt_box_order",
	};
	const char *key;
	json_t *v;

	json_object_foreach(d->config, key, v)
	{
		size_t i = 0;

		while (i < sizeof known / sizeof known[0] && strcmp(known[i], key) != 0)
			i++;
		if (i == sizeof known / sizeof known[0])
			log_warn("%s: key '%s' is not known and not used", quote(d->source),
				 quote(key));
	}
}

/* A background behind all classes stays there. */
static void set_classes(json_t *config, int classes)
{
	const json_int_t before = json_integer_value(json_object_get(config, "classes"));
	const json_t *index = json_object_get(config, "background_removal_index");

	if (index && before > 1 && json_integer_value(index) == before - 1)
		json_object_set_new(config, "background_removal_index", json_integer(classes - 1));
	json_object_set_new(config, "classes", json_integer(classes));
}

/* The arguments nms_scores_th, nms_iou_th, image_dims, classes. */
static void edit(const struct alls_stmt *st, json_t *config)
{
	double v[2];

	if (alls_get(st, "nms_scores_th"))
		json_object_set_new(config, "nms_scores_th",
				    json_real(alls_get_number(st, "nms_scores_th", 0)));
	if (alls_get(st, "nms_iou_th"))
		json_object_set_new(config, "nms_iou_th",
				    json_real(alls_get_number(st, "nms_iou_th", 0)));
	if (alls_get_numbers(st, "image_dims", v, 2) == 2)
		json_object_set_new(config, "image_dims", json_pack("[i,i]", (int)v[0], (int)v[1]));
	if (alls_get(st, "classes"))
		set_classes(config, alls_get_int(st, "classes", 0));
}

int detect_config(struct detect *d, struct err *e)
{
	const char *path = alls_get_text(d->st, "config_path");

	if (path ? from_file(d, path, e) < 0 : !from_parser(d, false) && from_defaults(d, e) < 0)
		return -1;
	if (!json_is_object(d->config))
		return err_set(e, "%s: it must be an object", quote(d->source));
	edit(d->st, d->config);
	warn_unknown(d);
	if (post_from_config(&d->p, d->config, e) < 0)
		return err_in(e, "%s", quote(d->source));
	return 0;
}
