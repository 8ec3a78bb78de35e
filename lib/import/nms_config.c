/* The NMS configuration of a detector that was recognised, and anchors it does not tell. */
#include "base/num.h"
#include "import/nms.h"
#include <math.h>

/* Anchors w, h of a stride that YOLOv5's first release defines, and its larger models' (P6). */
static const struct {
	int64_t stride;
	float v[2][6];
} defaults[] = {
	{ 8, { { 10, 13, 16, 30, 33, 23 }, { 19, 27, 44, 40, 38, 94 } } },
	{ 16, { { 30, 61, 62, 45, 59, 119 }, { 96, 68, 86, 152, 180, 137 } } },
	{ 32, { { 116, 90, 156, 198, 373, 326 }, { 140, 301, 303, 264, 238, 542 } } },
	{ 64, { { 0 }, { 436, 615, 739, 380, 925, 792 } } },
};

static void assume_yolov5(struct nms *m)
{
	const int large = m->level[m->nlevel - 1].stride == 64;

	for (int i = 0; i < m->nlevel; i++)
		for (size_t k = 0; k < sizeof defaults / sizeof defaults[0]; k++) {
			struct nms_level *l = &m->level[i];

			if (l->nanchor || defaults[k].stride != l->stride)
				continue;
			m->anchors_assumed = true;
			l->nanchor = 3;
			for (int j = 0; j < 3; j++) {
				l->w[j] = defaults[k].v[large][2 * j];
				l->h[j] = defaults[k].v[large][2 * j + 1];
			}
			break;
		}
}

/*
 * The generator of TensorFlow's SSD with its default settings (guide 5.1.5): scales from 0.2 to
 * 0.95, five ratios and one box between two scales; the first level has three smaller ones.
 */
static void assume_ssd(struct nms *m)
{
	static const double ratio[5] = { 1, 2, 0.5, 3, 0.3333 };

	for (int i = 0; i < m->nlevel; i++) {
		struct nms_level *l = &m->level[i];
		const double s = 0.2 + 0.75 * i / (m->nlevel - 1);
		const double next = i + 1 < m->nlevel ? 0.2 + 0.75 * (i + 1) / (m->nlevel - 1) : 1;

		for (int k = 0; k < l->nanchor; k++) {
			const double r = k < 5 ? ratio[k] : 1;
			const double scale = k == 5 ? sqrt(s * next) : i == 0 && k == 0 ? 0.1 : s;

			l->w[k] = (float)(scale * sqrt(r));
			l->h[k] = (float)(scale / sqrt(r));
		}
	}
}

/* Does each level have as many anchors as that generator makes? */
static bool is_generated(const struct nms *m)
{
	for (int i = 0; i < m->nlevel; i++)
		if (m->level[i].nanchor != (i ? 6 : 3))
			return false;
	return m->nlevel == 6;
}

void nms_assume_anchors(struct nms *m)
{
	if (m->arch == NMS_YOLOV5 || m->arch == NMS_YOLOV5_SEG)
		assume_yolov5(m);
	else if (m->arch == NMS_SSD && m->anchors_assumed && is_generated(m))
		assume_ssd(m);
}

/* ---- words ---- */
/* clang-format off */
static const struct {
	const char *meta, *family;
	double score, iou;
	int proposals;
	const char *reg, *cls, *obj; /* keys of a decoder */
} archs[] = {
	[NMS_YOLOV5] =     { "yolov5",     "yolov5",     0.2, 0.6,  80,  "encoded_layer", NULL, NULL },
	[NMS_YOLOV5_SEG] = { "yolov5_seg", "yolov5_seg", 0.6, 0.6,  100, "encoded_layer", NULL, NULL },
	[NMS_YOLOV6] =     { "yolov6",     "yolov6",     0.2, 0.65, 100, "reg_layer", "cls_layer", NULL },
	[NMS_YOLOV8] =     { "yolov8",     "yolov8",     0.2, 0.7,  100, "reg_layer", "cls_layer", NULL },
	[NMS_NANODET] =    { "yolov8",     "nanodet",    0.2, 0.6,  100, "combined_layer", NULL, NULL },
	[NMS_YOLOX] =      { "yolox",      "yolox",      0.2, 0.65, 100, "reg_layer", "cls_layer", "objectness_layer" },
	[NMS_SSD] =        { "ssd",        "ssd",        0.3, 0.6,  20,  "reg_layer", "cls_layer", NULL },
	[NMS_CENTERNET] =  { "centernet",  "centernet",  0.3, -1,   100, "reg_layer_w", "cls_layer", "reg_layer_h" },
	[NMS_DAMOYOLO] =   { "damoyolo",   "damoyolo",   0.2, 0.7,  100, "reg_layer", "cls_layer", NULL },
};
/* clang-format on */

const char *nms_meta_arch(const struct nms *m)
{
	return archs[m->arch].meta;
}

const char *nms_family(const struct nms *m)
{
	return archs[m->arch].family;
}

const struct nms_head *nms_end(const struct nms *m, int i)
{
	for (int l = 0; l < m->nlevel; l++) {
		const struct nms_head *const part[3] = { m->level[l].reg, m->level[l].obj,
							 m->level[l].cls };

		for (int k = 0; k < 3; k++)
			if (part[k] && i-- == 0)
				return part[k];
	}
	return m->proto && i == 0 ? m->proto : NULL;
}

/* ---- the configuration ---- */
static const char *layer_name(const struct nms_head *h)
{
	const char *name = h->conv->out[0]->view.layer->name, *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

static void put_layer(json_t *o, const char *key, const struct nms_head *h)
{
	if (key && h)
		json_object_set_new(o, key, json_string(layer_name(h)));
}

static double number_of(const char *text)
{
	struct err ignored = { 0 };
	double v = 0;

	num_double(text, "anchor", &v, &ignored);
	return v;
}

/* The shortest text that reads back as the same float, so that 0.1 is written as 0.1. */
static double decimal(float f)
{
	char text[32];
	double v = f;

	for (int digits = 6; digits < 10; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, (double)f);
		v = number_of(text);
		if ((float)v == f)
			break;
	}
	return v;
}

static json_t *sizes(const float *v, int n)
{
	json_t *a = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(a, v[i] >= 2 && v[i] == floorf(v[i])
					     ? json_integer((json_int_t)v[i])
					     : json_real(decimal(v[i])));
	return a;
}

static json_t *decoder(const struct nms *m, const struct nms_level *l)
{
	json_t *o = json_object();
	const char *name = layer_name(l->reg);
	const size_t word = strcspn(name, "0123456789");
	char *own = xasprintf("bbox_decoder%s", name + word);

	if (m->arch != NMS_CENTERNET)
		json_object_set_new(o, "name", json_string(own));
	free(own);
	if (l->nanchor && l->w[0] > 0) {
		json_object_set_new(o, "w", sizes(l->w, l->nanchor));
		json_object_set_new(o, "h", sizes(l->h, l->nanchor));
	}
	if (m->arch != NMS_SSD && m->arch != NMS_CENTERNET)
		json_object_set_new(o, "stride", json_integer(l->stride));
	put_layer(o, archs[m->arch].reg, l->reg);
	put_layer(o, archs[m->arch].obj, l->obj);
	put_layer(o, archs[m->arch].cls, l->cls);
	return o;
}

/* Background is a class of an SSD (the first) and of DAMO-YOLO (behind the others). */
static void background(const struct nms *m, json_t *o)
{
	if (m->arch == NMS_YOLOV6 || m->arch == NMS_YOLOX)
		return;
	json_object_set_new(o, "background_removal",
			    json_boolean(m->arch == NMS_SSD || m->arch == NMS_DAMOYOLO));
	if (m->arch != NMS_YOLOV5)
		json_object_set_new(o, "background_removal_index",
				    json_integer(m->arch == NMS_DAMOYOLO ? m->classes : 0));
}

json_t *nms_config(const struct nms *m)
{
	json_t *o = json_object(), *list = json_array();

	json_object_set_new(o, "nms_scores_th", json_real(archs[m->arch].score));
	if (archs[m->arch].iou >= 0)
		json_object_set_new(o, "nms_iou_th", json_real(archs[m->arch].iou));
	if (m->arch == NMS_YOLOX)
		json_object_set_new(o, "number_of_detection_heads", json_integer(m->nlevel));
	json_object_set_new(o, "image_dims",
			    json_pack("[I,I]", (json_int_t)m->image[0], (json_int_t)m->image[1]));
	json_object_set_new(o, "max_proposals_per_class", json_integer(archs[m->arch].proposals));
	if (m->arch == NMS_YOLOV5_SEG)
		json_object_set_new(o, "max_total_proposals", json_integer(100));
	if (m->arch == NMS_SSD || m->arch == NMS_CENTERNET) {
		json_object_set_new(o, "centers_scale_factor", json_integer(10));
		json_object_set_new(o, "bbox_dimensions_scale_factor", json_integer(5));
	}
	if (m->arch == NMS_SSD && m->softmax)
		json_object_set_new(o, "hnt_softmax", json_true());
	if (m->arch == NMS_SSD && m->x_first)
		json_object_set_new(o, "hnt_box_order", json_pack("[i,i,i,i]", 1, 0, 3, 2));
	json_object_set_new(o, "classes", json_integer(m->classes + (m->arch == NMS_DAMOYOLO)));
	if (m->bins)
		json_object_set_new(o, "regression_length", json_integer(m->bins));
	background(m, o);
	for (int i = 0; i < m->nlevel; i++)
		json_array_append_new(list, decoder(m, &m->level[i]));
	json_object_set_new(o, "bbox_decoders", list);
	if (m->proto)
		json_object_set_new(o, "proto",
				    json_pack("[{s:I,s:I}]", "number", (json_int_t)m->proto->c,
					      "stride", (json_int_t)(m->image[0] / m->proto->h)));
	return o;
}
