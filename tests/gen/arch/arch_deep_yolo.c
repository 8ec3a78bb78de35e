/*
 * Deeper YOLO networks: release 6 of YOLOv5 with a fourth level, YOLOv7-E6 and X, and YOLOv9-C
 * (Wang et al. 2024).
 */
#include "arch_yolo.h"

static void defaults(struct arch *a)
{
	a->classes = a->classes ? a->classes : 80;
	a->act = AR_SILU;
}

static struct val joined(struct arch *a, const char *s, struct val x, struct val y)
{
	return ar_concat(a, s, (struct val[]){ x, y }, 2);
}

/* ---- YOLOv5 of four levels ---- */
struct deep5 {
	int width[6];
	int depth[6]; /* of the five stages, of the head's blocks */
};

static void yolov5_p6(struct arch *a, const void *with)
{
	static const float anchors[4][6] = { { 19, 27, 44, 40, 38, 94 },
					     { 96, 68, 86, 152, 180, 137 },
					     { 140, 301, 303, 264, 238, 542 },
					     { 436, 615, 739, 380, 925, 792 } };
	const struct deep5 *v = with;
	struct val x = ar_input(a, 3, 1280), keep[6], top[3], p[4];
	int w[6];

	defaults(a);
	for (int i = 0; i < 6; i++)
		w[i] = ar_thin(a, v->width[i]);
	x = ar_conv_full(a, "/model.0/conv", x, w[0], 6, 2, 2, 1);
	x = ar_act(a, "/model.0/act", x, a->act);
	for (int i = 1; i < 6; i++) {
		x = ar_cba(a, ar_name("/model.%d", 2 * i - 1), x, w[i], 3, 2);
		keep[i] = x = ar_c3(a, ar_name("/model.%d", 2 * i), x, w[i], v->depth[i - 1], true);
	}
	x = ar_sppf(a, "/model.11", x, w[5]);
	for (int i = 0; i < 3; i++) {
		const char *s = ar_name("/model.%d", 13 + 4 * i);

		top[i] = ar_cba(a, ar_name("/model.%d", 12 + 4 * i), x, w[4 - i], 1, 1);
		x = joined(a, s, ar_up(a, s, top[i]), keep[4 - i]);
		x = ar_c3(a, ar_name("/model.%d", 15 + 4 * i), x, w[4 - i], v->depth[5], false);
	}
	p[0] = x;
	for (int i = 1; i < 4; i++) {
		x = ar_cba(a, ar_name("/model.%d", 21 + 3 * i), x, w[1 + i], 3, 2);
		x = joined(a, ar_name("/model.%d", 22 + 3 * i), x, top[3 - i]);
		p[i] = x =
		    ar_c3(a, ar_name("/model.%d", 23 + 3 * i), x, w[2 + i], v->depth[5], false);
	}
	ar_anchor_levels(a, "/model.33", p, anchors, 4, 0, false);
}

/* ---- YOLOv7-E6 ---- */

/* Half the size: by a convolution, and by a pool, side by side. */
static struct val down(struct arch *a, const char *s, struct val x, int c)
{
	struct val part[2];

	part[0] = ar_cba(a, ar_name("%s/cv1", s), x, x.c, 1, 1);
	part[0] = ar_cba(a, ar_name("%s/cv2", s), part[0], c / 2, 3, 2);
	part[1] = ar_maxpool(a, ar_name("%s/mp", s), x, 2, 2);
	part[1] = ar_cba(a, ar_name("%s/cv3", s), part[1], c / 2, 1, 1);
	return ar_concat(a, s, part, 2);
}

static void yolov7e6(struct arch *a, const void *with)
{
	static const float anchors[4][6] = { { 19, 27, 44, 40, 38, 94 },
					     { 96, 68, 86, 152, 180, 137 },
					     { 140, 301, 303, 264, 238, 542 },
					     { 436, 615, 739, 380, 925, 792 } };
	static const int width[5] = { 160, 320, 640, 960, 1280 };
	static const int inner[5] = { 64, 128, 256, 384, 512 };
	static const int head[4] = { 64, 128, 192, 256 }, out[4] = { 160, 320, 480, 640 };
	struct val x = ar_input(a, 3, 1280), keep[5], top[4], p[4];

	(void)with;
	defaults(a);
	x = ar_cba(a, "/model.1", ar_focus(a, "/model.0", x), ar_thin(a, 80), 3, 1);
	for (int i = 0; i < 5; i++) {
		const int c = ar_thin(a, width[i]);

		x = down(a, ar_name("/down%d", i), x, c);
		keep[i] = x = ar_stack(a, ar_name("/elan%d", i), x, ar_thin(a, inner[i]), 6, 2, c);
	}
	top[3] = x = ar_sppcspc(a, x, ar_thin(a, 640));
	for (int i = 2; i >= 0; i--) {
		const int c = ar_thin(a, out[i]);

		x = ar_route(a, ar_name("/to%d", i), x, keep[i + 1], c);
		top[i] = x = ar_stack(a, ar_name("/up%d", i), x, ar_thin(a, head[i]), 6, 1, c);
	}
	for (int i = 0; i < 4; i++) {
		const char *s = ar_name("/pan%d", i);
		const int c = ar_thin(a, out[i]);

		if (i) {
			x = joined(a, s, down(a, s, x, c), top[i]);
			x = ar_stack(a, s, x, ar_thin(a, head[i]), 6, 1, c);
		}
		p[i] = ar_cba(a, ar_name("/out%d", i), x, 2 * c, 3, 1);
	}
	ar_anchor_levels(a, "/model.140", p, anchors, 4, 0, true);
}

/* ---- YOLOv7-X: pools and convolutions of half of the features halve ---- */
static struct val shrink(struct arch *a, const char *s, struct val x, const struct val *more)
{
	const int c = more ? x.c : x.c / 2;
	struct val part[3];

	part[1] = ar_maxpool(a, ar_name("%s.0", s), x, 2, 2);
	part[1] = ar_cba(a, ar_name("%s.1", s), part[1], c, 1, 1);
	part[0] = ar_cba(a, ar_name("%s.2", s), x, c, 1, 1);
	part[0] = ar_cba(a, ar_name("%s.3", s), part[0], c, 3, 2);
	if (more)
		part[2] = *more;
	return ar_concat(a, s, part, more ? 3 : 2);
}

static void yolov7x(struct arch *a, const void *with)
{
	static const float anchors[3][6] = { { 12, 16, 19, 36, 40, 28 },
					     { 36, 75, 76, 55, 72, 146 },
					     { 142, 110, 192, 243, 459, 401 } };
	static const int inner[4] = { 64, 128, 256, 256 }, out[4] = { 320, 640, 1280, 1280 };
	struct val x = ar_input(a, 3, 640), keep[4], top[3], p[3];

	(void)with;
	defaults(a);
	x = ar_cba(a, "/model.0", x, ar_thin(a, 40), 3, 1);
	x = ar_cba(a, "/model.1", x, ar_thin(a, 80), 3, 2);
	x = ar_cba(a, "/model.3", ar_cba(a, "/model.2", x, ar_thin(a, 80), 3, 1), ar_thin(a, 160),
		   3, 2);
	for (int i = 0; i < 4; i++) {
		if (i)
			x = shrink(a, ar_name("/mp%d", i), x, NULL);
		keep[i] = x = ar_stack(a, ar_name("/elan%d", i), x, ar_thin(a, inner[i]), 6, 2,
				       ar_thin(a, out[i]));
	}
	top[2] = x = ar_sppcspc(a, x, ar_thin(a, 640));
	for (int i = 1; i >= 0; i--) {
		x = ar_route(a, ar_name("/to%d", i), x, keep[i + 1], ar_thin(a, 160 << i));
		top[i] = x = ar_stack(a, ar_name("/up%d", i), x, ar_thin(a, 128 << i), 6, 2,
				      ar_thin(a, 160 << i));
	}
	for (int i = 0; i < 3; i++) {
		const char *s = ar_name("/pan%d", i);

		if (i) {
			x = shrink(a, ar_name("/mp%d", i + 3), x, &top[i]);
			x = ar_stack(a, s, x, ar_thin(a, 128 << i), 6, 2, ar_thin(a, 160 << i));
		}
		p[i] = ar_cba(a, ar_name("/out%d", i), x, ar_thin(a, 320 << i), 3, 1);
	}
	ar_anchor_levels(a, "/model.121", p, anchors, 3, 0, true);
}

/* ---- YOLOv9-C ---- */
static struct val csp(struct arch *a, const char *s, struct val x, int c)
{
	struct val part[2] = { ar_cba(a, ar_name("%s/cv1", s), x, c / 2, 1, 1) }, y;

	y = ar_cba(a, ar_name("%s/m/cv1", s), part[0], c / 2, 3, 1);
	y = ar_cba(a, ar_name("%s/m/cv2", s), y, c / 2, 3, 1);
	part[0] = ar_2(a, "Add", ar_name("%s/m", s), part[0], y, "");
	part[1] = ar_cba(a, ar_name("%s/cv2", s), x, c / 2, 1, 1);
	return ar_cba(a, ar_name("%s/cv3", s), ar_concat(a, s, part, 2), c, 1, 1);
}

/* What both halves, and two partial stages behind the second, give. */
static struct val elan(struct arch *a, int layer, struct val x, int c, int wide)
{
	const char *s = ar_name("/model.%d", layer);
	struct val part[4];

	x = ar_cba(a, ar_name("%s/cv1", s), x, wide, 1, 1);
	ar_split(a, s, x, (const int[2]){ wide / 2, wide / 2 }, 2, 1, part);
	for (int i = 2; i < 4; i++) {
		x = csp(a, ar_name("%s/cv%d.0", s, i), part[i - 1], wide / 2);
		part[i] = ar_cba(a, ar_name("%s/cv%d.1", s, i), x, wide / 2, 3, 1);
	}
	return ar_cba(a, ar_name("%s/cv4", s), ar_concat(a, s, part, 4), c, 1, 1);
}

/* Means of 2x2 pixels, then half of the features by a convolution, half by a pool. */
static struct val adown(struct arch *a, int layer, struct val x, int c)
{
	const char *s = ar_name("/model.%d", layer);
	struct val part[2];

	x = ar_avgpool(a, s, x, 2, 1);
	ar_split(a, s, x, (const int[2]){ x.c / 2, x.c / 2 }, 2, 1, part);
	part[0] = ar_cba(a, ar_name("%s/cv1", s), part[0], c / 2, 3, 2);
	part[1] = ar_maxpool(a, s, part[1], 3, 2);
	part[1] = ar_cba(a, ar_name("%s/cv2", s), part[1], c / 2, 1, 1);
	return ar_concat(a, s, part, 2);
}

static void yolov9c(struct arch *a, const void *with)
{
	const int c64 = ar_thin(a, 64), c128 = 2 * c64, c256 = 4 * c64, c512 = 8 * c64;
	struct val x = ar_input(a, 3, 640), keep[3], p[3];

	(void)with;
	defaults(a);
	x = ar_cba(a, "/model.0", x, c64, 3, 2);
	x = elan(a, 2, ar_cba(a, "/model.1", x, c128, 3, 2), c256, c128);
	keep[0] = x = elan(a, 4, adown(a, 3, x, c256), c512, c256);
	keep[1] = x = elan(a, 6, adown(a, 5, x, c512), c512, c512);
	x = elan(a, 8, adown(a, 7, x, c512), c512, c512);
	keep[2] = x = ar_sppf(a, "/model.9", x, c512);
	x = joined(a, "/model.11", ar_up(a, "/model.10", x), keep[1]);
	keep[1] = x = elan(a, 12, x, c512, c512);
	x = joined(a, "/model.14", ar_up(a, "/model.13", x), keep[0]);
	p[0] = x = elan(a, 15, x, c256, c256);
	x = joined(a, "/model.17", adown(a, 16, x, c256), keep[1]);
	p[1] = x = elan(a, 18, x, c512, c512);
	x = joined(a, "/model.20", adown(a, 19, x, c512), keep[2]);
	p[2] = elan(a, 21, x, c512, c512);
	ar_detect(a, p);
}

/* clang-format off */
const struct arch_row arch_deep_yolo[] = {
	{ "yolov5m6_6.1", yolov5_p6, &(const struct deep5){ { 48, 96, 192, 384, 576, 768 }, { 2, 4, 6, 2, 2, 2 } } },
	{ "yolov7e6", yolov7e6, NULL },
	{ "yolov7x", yolov7x, NULL },
	{ "yolov9c", yolov9c, NULL },
	{ NULL, NULL, NULL }
};
/* clang-format on */
