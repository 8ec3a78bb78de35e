/* The meta architectures as rows, and what follows from a row. */
#include "post/post_int.h"
#include <math.h>

#define CPU  (1u << POST_CPU)
#define CORE (1u << POST_NN_CORE)
#define AUTO (1u << POST_AUTO)
#define REG  (1u << POST_REG)
#define OBJ  (1u << POST_OBJ)
#define CLS  (1u << POST_CLS)

static int32_t features_common(const struct post *p, enum post_part part)
{
	(void)part;
	return 5 + p->classes + post_masks(p);
}

static int32_t features_split(const struct post *p, enum post_part part)
{
	return part == POST_CLS ? p->classes : part == POST_OBJ ? 1 : 4;
}

static int32_t features_bins(const struct post *p, enum post_part part)
{
	return part == POST_CLS ? p->classes : 4 * p->bins;
}

static int32_t features_centre(const struct post *p, enum post_part part)
{
	return part == POST_CLS ? p->classes : 2;
}

/* clang-format off */
#define REG_CLS     .nparts = 2, .parts = { POST_REG, POST_CLS }, .key = { "reg_layer", NULL, "cls_layer" }
#define REG_OBJ_CLS .nparts = 3, .parts = { POST_REG, POST_OBJ, POST_CLS }
#define ENCODED     .nparts = 1, .parts = { POST_REG }, .key = { "encoded_layer", NULL, NULL }

static const struct post_row rows[POST_KIND_COUNT] = {
	[POST_YOLOV5]     = { "yolov5",     POST_AUTO, CPU | CORE | AUTO, .best = true, .bbox_only = true, .anchors = true, .stride = true,
			      .iou = true, .boxed = true, ENCODED, .sigmoid = REG, .features = features_common, .box = post_box_yolov5 },
	[POST_YOLOV5_SEG] = { "yolov5_seg", POST_CPU, CPU, .best = true, .anchors = true, .stride = true,
			      .iou = true, .linear = true, .boxed = true, ENCODED, .features = features_common, .box = post_box_yolov5 },
	[POST_YOLOV6]     = { "yolov6",     POST_CPU, CPU | CORE, .stride = true,
			      .iou = true, REG_CLS, .sigmoid = CLS, .features = features_split, .box = post_box_distances },
	[POST_YOLOX]      = { "yolox",      POST_CPU, CPU, .stride = true,
			      .iou = true, REG_OBJ_CLS, .key = { "reg_layer", "objectness_layer", "cls_layer" },
			      .sigmoid = OBJ | CLS, .features = features_split, .box = post_box_yolox },
	[POST_YOLOV8]     = { "yolov8",     POST_CPU, CPU, .bbox_only = true, .stride = true, .bins = true,
			      .iou = true, REG_CLS, .sigmoid = CLS, .features = features_bins, .box = post_box_bins },
	[POST_SSD]        = { "ssd",        POST_NN_CORE, CPU | CORE, .anchors = true,
			      .iou = true, REG_CLS, .sigmoid = CLS, .features = features_split, .box = post_box_ssd },
	[POST_CENTERNET]  = { "centernet",  POST_NN_CORE, CORE,
			      REG_OBJ_CLS, .key = { "reg_layer_w", "reg_layer_h", "cls_layer" },
			      .features = features_centre, .box = post_box_centernet },
	[POST_DAMOYOLO]   = { "damoyolo",   POST_CPU, CPU, .stride = true, .bins = true,
			      .iou = true, REG_CLS, .sigmoid = CLS, .features = features_bins, .box = post_box_corner },
};
static const char *const engines[] = { [POST_CPU] = "cpu", [POST_NN_CORE] = "nn_core", [POST_AUTO] = "auto" };
/* clang-format on */

const struct post_row *post_row(enum post_kind k)
{
	return &rows[k];
}

const char *post_kind_name(enum post_kind k)
{
	return rows[k].name;
}

int post_kind_from_name(const char *name)
{
	for (int i = 0; i < POST_KIND_COUNT; i++)
		if (strcmp(rows[i].name, name) == 0)
			return i;
	return -1;
}

const char *post_engine_name(enum post_engine e)
{
	return engines[e];
}

int post_engine_from_name(const char *name)
{
	for (int i = 0; i <= POST_AUTO; i++)
		if (strcmp(engines[i], name) == 0)
			return i;
	return -1;
}

enum post_engine post_engine_of(enum post_kind k)
{
	return rows[k].engine;
}

bool post_runs_on(enum post_kind k, enum post_engine e)
{
	return rows[k].engines >> e & 1;
}

bool post_has_bbox_only(enum post_kind k)
{
	return rows[k].bbox_only;
}

int post_parts(enum post_kind k, enum post_part out[POST_PARTS])
{
	memcpy(out, rows[k].parts, sizeof rows[k].parts);
	return rows[k].nparts;
}

int32_t post_number_inputs(struct post *p)
{
	const struct post_row *row = post_row(p->kind);
	int32_t n = 0;

	for (int32_t i = 0; i < p->nlevel; i++) {
		struct post_level *l = &p->level[i];

		for (int k = 0; k < POST_PARTS; k++)
			l->input[k] = -1;
		for (int k = 0; k < row->nparts; k++)
			l->input[row->parts[k]] = n++;
	}
	p->proto = p->kind == POST_YOLOV5_SEG ? n++ : -1;
	p->ninput = n;
	return n;
}

int32_t post_masks(const struct post *p)
{
	return p->proto >= 0 ? p->shape[p->proto].c : 0;
}

int32_t post_classes(const struct post *p)
{
	return p->classes - p->background_removal;
}

int32_t post_first_class(const struct post *p)
{
	return post_row(p->kind)->boxed ? 5 : 0;
}

/* On the neural core YOLOv5 has no suppression (guide 5.1.5). */
bool post_suppresses(const struct post *p)
{
	return post_row(p->kind)->iou && !(p->kind == POST_YOLOV5 && p->engine == POST_NN_CORE);
}

int32_t post_features(const struct post *p, int level, enum post_part part)
{
	return post_row(p->kind)->features(p, part) * p->level[level].nanchor;
}

bool post_wants_sigmoid(enum post_kind k, enum post_part part)
{
	return post_row(k)->sigmoid >> part & 1;
}

const char *post_config_key(enum post_kind k, enum post_part part)
{
	return post_row(k)->key[part];
}

bool post_on_both(const struct post *p)
{
	return (p->kind == POST_YOLOV5 && p->engine == POST_AUTO) ||
	       (p->kind == POST_YOLOV6 && p->engine == POST_NN_CORE);
}
