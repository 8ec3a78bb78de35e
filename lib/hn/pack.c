/* The formats that a conversion unpacks, and where emulation feeds an input. */
#include "hn/pack.h"
#include "hn/layer.h"

/* clang-format off */
static const struct hn_packing packings[PACK_COUNT] = {
	[PACK_YUY2] = { "yuy2_to_hailo_yuv",    "yuy2_to_rgb", "yuy2", "yuv", 2, 1, 2, true },
	[PACK_NV12] = { "nv12_to_hailo_yuv",    "nv12_to_rgb", "nv12", "yuv", 3, 2, 2, true },
	[PACK_NV21] = { "nv21_to_hailo_yuv",    "nv21_to_rgb", "nv21", "yuv", 3, 2, 2, false },
	[PACK_I420] = { "i420_to_hailo_yuv",    "i420_to_rgb", "i420", "yuv", 3, 2, 2, false },
	[PACK_RGBX] = { "tf_rgbx_to_hailo_rgb", NULL,          "rgbx", "rgb", 4, 1, 1, true },
};
/* clang-format on */

const struct hn_packing *hn_packing(enum hn_pack p)
{
	return &packings[p];
}

enum hn_pack hn_pack_of(const char *kind)
{
	for (int p = PACK_NONE + 1; kind && p < PACK_COUNT; p++)
		if (strcmp(packings[p].kind, kind) == 0)
			return (enum hn_pack)p;
	return PACK_NONE;
}

enum hn_pack layer_pack(const struct layer *l)
{
	return l->type == HN_FORMAT_CONVERSION ? hn_pack_of(l->p.conversion) : PACK_NONE;
}

bool layer_swaps_colors(const struct layer *l)
{
	const char *kind = l->type == HN_CONV ? l->p.conversion : NULL;

	return kind && (strcmp(kind, "bgr_to_rgb") == 0 || strcmp(kind, "rgb_to_bgr") == 0);
}

enum hn_pack hn_input_pack(const struct layer *input)
{
	return input->nsucc == 1 ? layer_pack(input->succ[0]) : PACK_NONE;
}

const struct layer *hn_fed(const struct layer *input)
{
	return hn_input_pack(input) && !input->succ[0]->p.emulated ? input->succ[0] : input;
}

bool hn_is_emulated(const struct layer *l)
{
	return l->type != HN_INPUT || hn_fed(l) == l;
}

/* The kind of a color conversion behind a layer; NULL: there is none. */
static const char *color_behind(const struct layer *l)
{
	return l->nsucc == 1 && l->succ[0]->type == HN_CONV ? l->succ[0]->p.conversion : NULL;
}

static bool starts(const char *kind, const char *with)
{
	return kind && strncmp(kind, with, strlen(with)) == 0;
}

const char *hn_input_format(const struct layer *input, bool fed)
{
	const enum hn_pack p = hn_input_pack(input);
	const char *kind = p ? packings[p].gives : color_behind(input);

	if (p && (!fed || hn_fed(input) == input))
		return packings[p].format;
	return starts(kind, "yuv") ? "yuv" : starts(kind, "bgr") ? "bgr" : NULL;
}

const char *hn_input_standard(const struct layer *input)
{
	const char *kind = color_behind(hn_input_pack(input) ? input->succ[0] : input);

	return starts(kind, "yuv709")           ? "yuv709"
	       : starts(kind, "yuv_full_range") ? "yuv_full_range"
						: NULL;
}

int shape_unpack(struct layer *l, int p, struct err *e)
{
	const struct hn_packing *k = &packings[p];
	const struct hn_shape in = *layer_in_shape(l, 0);
	const struct layer *from = l->in[0].layer;

	if (from->type != HN_INPUT || from->nsucc != 1)
		return err_set(e,
			       "it unpacks %s and must stand directly behind an input layer that "
			       "nothing else reads",
			       k->format);
	if (in.rank != 4 || in.c != k->features)
		return err_set(e, "its input %s is not %s: rank 4 with %d features expected",
			       hn_shape_text(&in), k->format, k->features);
	if (in.w % k->cols != 0)
		return err_set(e, "%s has one color for two columns: a width of %d is odd",
			       k->format, in.w);
	return shape_set(l, (int64_t)in.h * k->rows, in.w, 3, 4, e);
}
