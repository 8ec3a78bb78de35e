/* Conditions between the arguments of one command. */
#include "alls/alls_int.h"
#include "alls/table_int.h"
#include "post/post.h"

static int wrong(const struct alls_stmt *st, const char *argument, struct err *e)
{
	const struct alls_value *v = argument ? alls_get(st, argument) : NULL;

	return v ? alls_in_value(st, v, e) : alls_in(st, e);
}

static int missing(const struct alls_stmt *st, const char *name, const char *because,
		   const char *value, struct err *e)
{
	err_set(e, "argument '%s' is missing, %s=%s needs it", name, because, value);
	return alls_in(st, e);
}

/* A list's length as an argument sees it: one value counts as one. */
static size_t length(const struct alls_value *v)
{
	return v->kind == ALLS_LIST || v->kind == ALLS_TUPLE ? v->nitems : 1;
}

static int same_length(const struct alls_stmt *st, const char *a, const char *b, struct err *e)
{
	const struct alls_value *x = alls_get(st, a);
	const struct alls_value *y = alls_get(st, b);

	if (!x || !y || length(x) == length(y))
		return 0;
	err_set(e, "arguments '%s' and '%s' have %zu and %zu items, as many expected", a, b,
		length(x), length(y));
	return wrong(st, b, e);
}

int alls_rule_moments(const struct alls_stmt *st, struct err *e)
{
	return same_length(st, "mean", "std", e);
}

/* A format of two planes was three layers in older versions; a hybrid conversion is two. */
int alls_rule_hybrid(const struct alls_stmt *st, struct err *e)
{
	const char *type = alls_get_text(st, "conversion_type");
	size_t most = alls_in_words(COLOR_WORDS, type)    ? 1
		      : alls_in_words(HYBRID_WORDS, type) ? 2
							  : 3;

	if (!alls_get(st, "input_layer") || st->nlhs <= most)
		return 0;
	err_set(e, "%zu names before '=', at most %zu expected", st->nlhs, most);
	return alls_in(st, e);
}

/* The engines of each architecture (guide 5.1.5 and 5.3.3). */
static int nms_engine(const struct alls_stmt *st, struct err *e)
{
	const enum post_kind k =
	    (enum post_kind)post_kind_from_name(alls_get_text(st, "meta_arch"));
	const char *name = alls_get_text(st, "engine");
	const int engine = name ? post_engine_from_name(name) : POST_CPU;
	const bool bbox_only = alls_get_switch(st, "bbox_decoding_only") == 1;
	struct str list = { 0 };

	for (int i = 0; i <= POST_AUTO; i++)
		if (post_runs_on(k, (enum post_engine)i))
			str_printf(&list, "%s%s", list.len ? " or " : "",
				   post_engine_name((enum post_engine)i));
	if (name && !post_runs_on(k, (enum post_engine)engine))
		err_set(e, "engine=%s does not go with meta_arch=%s, %s expected", quote(name),
			post_kind_name(k), list.p);
	str_release(&list);
	if (err_is(e))
		return wrong(st, "engine", e);
	if (!bbox_only || (post_has_bbox_only(k) && engine == POST_CPU))
		return 0;
	err_set(e, "bbox_decoding_only goes with engine=cpu and meta_arch=yolov5 or yolov8 only");
	return wrong(st, "bbox_decoding_only", e);
}

int alls_rule_nms(const struct alls_stmt *st, struct err *e)
{
	static const char *const given[] = { "nms_scores_th", "nms_iou_th", "image_dims",
					     "classes" };
	size_t i;

	for (i = 0; i < sizeof given / sizeof given[0] && alls_get(st, "config_path"); i++)
		if (alls_get(st, given[i])) {
			err_set(e, "argument '%s' cannot go with a config file, it stands in there",
				given[i]);
			return wrong(st, given[i], e);
		}
	return nms_engine(st, e);
}

static int ordered(const struct alls_stmt *st, const char *name, bool zero, struct err *e)
{
	double r[2];

	if (alls_get_numbers(st, name, r, 2) != 2 ||
	    (r[0] < r[1] && (!zero || (r[0] <= 0 && r[1] >= 0))))
		return 0;
	err_set(e, "argument '%s' must be [min, max] with %smin < max", name,
		zero ? "min <= 0 <= max and " : "");
	return wrong(st, name, e);
}

int alls_rule_range(const struct alls_stmt *st, struct err *e)
{
	return ordered(st, "force_range_out", true, e) < 0 ||
		       ordered(st, "force_range_in", false, e) < 0
		   ? -1
		   : 0;
}

int alls_rule_clipping(const struct alls_stmt *st, struct err *e)
{
	const char *mode = alls_get_text(st, "mode");
	double r[2];

	if (strcmp(mode, "manual") != 0 && strncmp(mode, "percentile", 10) != 0)
		return 0;
	if (alls_get_numbers(st, "clipping_values", r, 2) != 2)
		return missing(st, "clipping_values", "mode", mode, e);
	if (strncmp(mode, "percentile", 10) == 0 &&
	    (r[0] < 0 || r[0] > 100 || r[1] < 0 || r[1] > 100)) {
		err_set(e, "argument 'clipping_values' has percentiles, from 0 to 100 expected");
		return wrong(st, "clipping_values", e);
	}
	return ordered(st, "clipping_values", false, e);
}

int alls_rule_se(const struct alls_stmt *st, struct err *e)
{
	const char *mode = alls_get_text(st, "mode");
	const struct alls_value *tiles = alls_get(st, "tile_height");
	const struct alls_value *layers = alls_get(st, "layers");
	size_t blocks = 0;

	if (strcmp(mode, "custom") == 0) {
		if (!layers)
			return missing(st, "layers", "mode", mode, e);
		blocks = layers->kind == ALLS_GLOB ? 0 : length(layers);
	} else if (strcmp(mode, "sequential") == 0) {
		if (!alls_get(st, "count"))
			return missing(st, "count", "mode", mode, e);
		blocks = (size_t)alls_get_int(st, "count", 0);
	}
	if (!tiles || tiles->kind == ALLS_NUMBER || blocks == 0 || length(tiles) == blocks)
		return 0;
	err_set(e, "argument 'tile_height' has %zu heights, %zu expected: one per block",
		length(tiles), blocks);
	return wrong(st, "tile_height", e);
}

int alls_rule_losses(const struct alls_stmt *st, struct err *e)
{
	return same_length(st, "loss_layer_names", "loss_types", e) < 0 ||
		       same_length(st, "loss_layer_names", "loss_factors", e) < 0
		   ? -1
		   : 0;
}

int alls_rule_ratios(const struct alls_stmt *st, struct err *e)
{
	double wide = alls_get_number(st, "auto_16bit_weights_ratio", 0);

	if (wide != 0 && wide != 1) {
		err_set(e,
			"argument 'auto_16bit_weights_ratio' is %g, 0 or 1 expected: all layers "
			"have 16 bits or none",
			wide);
		return wrong(st, "auto_16bit_weights_ratio", e);
	}
	if (wide == 1 && alls_get_number(st, "auto_4bit_weights_ratio", 0) > 0) {
		err_set(e, "auto_16bit_weights_ratio=1 leaves no weights for 4 bits, "
			   "auto_4bit_weights_ratio=0 expected");
		return wrong(st, "auto_4bit_weights_ratio", e);
	}
	return 0;
}

int alls_rule_compilation(const struct alls_stmt *st, struct err *e)
{
	if (!alls_get(st, "number_of_subclusters") ||
	    alls_has_word(st, "resources_allocation_strategy", "manual_scs_selection"))
		return 0;
	err_set(e,
		"number_of_subclusters needs resources_allocation_strategy=manual_scs_selection");
	return wrong(st, "number_of_subclusters", e);
}

/* One name per part and one for the whole; by input features, and with a splitter, one more. */
int alls_rule_defuse(const struct alls_stmt *st, struct err *e)
{
	size_t parts = (size_t)alls_get_int(st, "defuse_number", 1);
	const char *type = alls_get_text(st, "defuse_type");
	bool first =
	    (type && strcmp(type, "INPUT_FEATURES") == 0) || alls_get_switch(st, "splitter") == 1;
	size_t expect = parts + 1 + first;

	if (st->nlhs == 0 || st->nlhs == expect || strcmp(st->lhs[0], "{}") == 0)
		return 0;
	/* Types that the guide does not describe have parts of their own. */
	if (type && strcmp(type, "SPATIAL") != 0 && strcmp(type, "INPUT_FEATURES") != 0)
		return 0;
	err_set(e, "%zu names before '=', %zu expected: one for each part%s and one for the whole",
		st->nlhs, expect, first ? ", one for the splitter" : "");
	return alls_in(st, e);
}

int alls_rule_context(const struct alls_stmt *st, struct err *e)
{
	if (st->nlhs == 1)
		return 0;
	err_set(e, "write context_0 = context([layers]), context_1 ...");
	return alls_in(st, e);
}
