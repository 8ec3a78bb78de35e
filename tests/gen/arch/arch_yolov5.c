/*
 * YOLOv5: release 2.0 (Focus, BottleneckCSP, as the model zoo's yolov5s), and release 6 (a 6x6 stem
 * and C3 blocks), the latter also with masks.
 */
#include "arch_yolo.h"

static struct val bottleneck(struct arch *a, const char *scope, struct val x, int c, bool add)
{
	struct val y = ar_cba(a, ar_name("%s/cv1", scope), x, c, 1, 1);

	y = ar_cba(a, ar_name("%s/cv2", scope), y, c, 3, 1);
	return add ? ar_2(a, "Add", scope, x, y, "") : y;
}

struct val ar_c3(struct arch *a, const char *scope, struct val x, int c, int n, bool add)
{
	struct val y = ar_cba(a, ar_name("%s/cv1", scope), x, c / 2, 1, 1), other;

	for (int i = 0; i < n; i++)
		y = bottleneck(a, ar_name("%s/m/m.%d", scope, i), y, c / 2, add);
	other = ar_cba(a, ar_name("%s/cv2", scope), x, c / 2, 1, 1);
	y = ar_concat(a, scope, (struct val[]){ y, other }, 2);
	return ar_cba(a, ar_name("%s/cv3", scope), y, c, 1, 1);
}

/* The older block: batch norm and activation behind the concatenation. */
static struct val csp(struct arch *a, const char *scope, struct val x, int c, int n, bool add)
{
	struct val y = ar_cba(a, ar_name("%s/cv1", scope), x, c / 2, 1, 1), other;

	for (int i = 0; i < n; i++)
		y = bottleneck(a, ar_name("%s/m/m.%d", scope, i), y, c / 2, add);
	y = ar_conv(a, ar_name("%s/cv3", scope), y, c / 2, 1, 1);
	other = ar_conv(a, ar_name("%s/cv2", scope), x, c / 2, 1, 1);
	y = ar_concat(a, scope, (struct val[]){ y, other }, 2);
	y = ar_act(a, ar_name("%s/act", scope), ar_norm(a, ar_name("%s/bn", scope), y), a->act);
	return ar_cba(a, ar_name("%s/cv4", scope), y, c, 1, 1);
}

static struct val spp(struct arch *a, const char *scope, struct val x, int c, bool fast)
{
	struct val part[4];

	part[0] = ar_cba(a, ar_name("%s/cv1", scope), x, x.c / 2, 1, 1);
	for (int i = 1; i < 4; i++)
		part[i] = fast ? ar_maxpool(a, ar_name("%s/m%d", scope, i), part[i - 1], 5, 1)
			       : ar_maxpool(a, ar_name("%s/m%d", scope, i), part[0], 1 + 4 * i, 1);
	return ar_cba(a, ar_name("%s/cv2", scope), ar_concat(a, scope, part, 4), c, 1, 1);
}

/* In place of the pools a 3x3 convolution, beside what it reads. */
static struct val wo_spp(struct arch *a, const char *scope, struct val x, int c)
{
	struct val part[2];

	part[0] = ar_cba(a, ar_name("%s/cv1", scope), x, x.c / 2, 1, 1);
	part[1] = ar_cba(a, ar_name("%s/m", scope), part[0], x.c / 2, 3, 1);
	return ar_cba(a, ar_name("%s/cv2", scope), ar_concat(a, scope, part, 2), c, 1, 1);
}

struct yolov5 {
	int width[5];
	int depth[5]; /* of the four stages, of the head's blocks */
	bool old;     /* release 2.0 */
	bool masks;
	bool no_spp;
	int size; /* 0: 640 */
	int classes;
};

static struct val block(struct arch *a, const struct yolov5 *v, const char *scope, struct val x,
			int c, int n, bool add)
{
	return v->old ? csp(a, scope, x, c, n, add) : ar_c3(a, scope, x, c, n, add);
}

/* Stage outputs at strides 8, 16 and 32. */
static void backbone(struct arch *a, const struct yolov5 *v, const int w[5], struct val keep[3])
{
	struct val x = ar_input(a, 3, v->size ? v->size : 640);

	x = v->old ? ar_cba(a, "/model.0/conv", ar_focus(a, "/model.0", x), w[0], 3, 1)
		   : ar_act(a, "/model.0/act",
			    ar_conv_full(a, "/model.0/conv", x, w[0], 6, 2, 2, 1), a->act);
	for (int i = 1; i < 5; i++) {
		x = ar_cba(a, ar_name("/model.%d", 2 * i - 1), x, w[i], 3, 2);
		if (i == 4 && v->old)
			x = v->no_spp ? wo_spp(a, "/model.8", x, w[4])
				      : spp(a, "/model.8", x, w[4], false);
		x = block(a, v, ar_name("/model.%d", 2 * i), x, w[i], v->depth[i - 1],
			  !(i == 4 && v->old));
		if (i == 4 && !v->old)
			x = spp(a, "/model.9", x, w[4], true);
		if (i > 1)
			keep[i - 2] = x;
	}
}

/* Masks: 256 features times the width of the model. */
static struct val proto(struct arch *a, struct val x)
{
	const int c = x.c;

	x = ar_cba(a, "/model.24/proto/cv1", x, c, 3, 1);
	x = ar_cba(a, "/model.24/proto/cv2", ar_up(a, "/model.24/proto/upsample", x), c, 3, 1);
	return ar_cba(a, "/model.24/proto/cv3", x, 32, 1, 1);
}

static void yolov5(struct arch *a, const struct yolov5 *v)
{
	static const float anchors[3][6] = { { 10, 13, 16, 30, 33, 23 },
					     { 30, 61, 62, 45, 59, 119 },
					     { 116, 90, 156, 198, 373, 326 } };
	struct val keep[3], top[2], p[3], x, mask = { 0 };
	int w[5];

	a->classes = a->classes ? a->classes : 80;
	a->act = AR_SILU;
	for (int i = 0; i < 5; i++)
		w[i] = ar_thin(a, v->width[i]);
	backbone(a, v, w, keep);
	x = keep[2];
	for (int i = 0; i < 2; i++) {
		top[i] = ar_cba(a, ar_name("/model.%d", 10 + 4 * i), x, w[3 - i], 1, 1);
		x = ar_up(a, ar_name("/model.%d", 11 + 4 * i), top[i]);
		x = ar_concat(a, ar_name("/model.%d", 12 + 4 * i), (struct val[]){ x, keep[1 - i] },
			      2);
		x = block(a, v, ar_name("/model.%d", 13 + 4 * i), x, w[3 - i], v->depth[4], false);
	}
	p[0] = x;
	for (int i = 1; i < 3; i++) {
		x = ar_cba(a, ar_name("/model.%d", 15 + 3 * i), p[i - 1], w[1 + i], 3, 2);
		x = ar_concat(a, ar_name("/model.%d", 16 + 3 * i), (struct val[]){ x, top[2 - i] },
			      2);
		p[i] =
		    block(a, v, ar_name("/model.%d", 17 + 3 * i), x, w[2 + i], v->depth[4], false);
	}
	if (v->masks)
		mask = proto(a, p[0]);
	ar_anchor_heads(a, "/model.24", p, anchors, v->masks ? 32 : 0, v->old);
	if (v->masks)
		ar_output(a, mask);
}

void arch_yolov5s(struct arch *a)
{
	yolov5(a, &(const struct yolov5){
		      { 32, 64, 128, 256, 512 }, { 1, 2, 3, 1, 1 }, false, false, false, 0, 80 });
}

void arch_yolov5s_2_0(struct arch *a)
{
	yolov5(a, &(const struct yolov5){
		      { 32, 64, 128, 256, 512 }, { 1, 3, 3, 1, 1 }, true, false, false, 0, 80 });
}

void arch_yolov5m_6_1(struct arch *a)
{
	yolov5(a, &(const struct yolov5){
		      { 48, 96, 192, 384, 768 }, { 2, 4, 6, 2, 2 }, false, false, false, 0, 80 });
}

void arch_yolov5n_seg(struct arch *a)
{
	yolov5(a, &(const struct yolov5){
		      { 16, 32, 64, 128, 256 }, { 1, 2, 3, 1, 1 }, false, true, false, 0, 80 });
}

void arch_yolov5s_seg(struct arch *a)
{
	yolov5(a, &(const struct yolov5){
		      { 32, 64, 128, 256, 512 }, { 1, 2, 3, 1, 1 }, false, true, false, 0, 80 });
}

void arch_yolov5m(struct arch *a)
{
	yolov5(a, &(const struct yolov5){
		      { 48, 96, 192, 384, 768 }, { 2, 6, 6, 2, 2 }, true, false, false, 0, 80 });
}

void arch_yolov5m_wo_spp(struct arch *a)
{
	yolov5(a, &(const struct yolov5){
		      { 48, 96, 192, 384, 768 }, { 2, 6, 6, 2, 2 }, true, false, true, 0, 80 });
}

void arch_yolov5xs_wo_spp(struct arch *a)
{
	yolov5(a, &(const struct yolov5){
		      { 32, 64, 128, 256, 512 }, { 1, 3, 3, 1, 1 }, true, false, true, 512, 80 });
}

void arch_yolov5m_seg(struct arch *a)
{
	yolov5(a, &(const struct yolov5){
		      { 48, 96, 192, 384, 768 }, { 2, 4, 6, 2, 2 }, false, true, false, 0, 80 });
}

void arch_yolov5l_seg(struct arch *a)
{
	yolov5(a, &(const struct yolov5){
		      { 64, 128, 256, 512, 1024 }, { 3, 6, 9, 3, 3 }, false, true, false, 0, 80 });
}

static void row(struct arch *a, const void *with)
{
	const struct yolov5 *v = with;

	a->classes = a->classes ? a->classes : v->classes;
	yolov5(a, v);
}

/* clang-format off */
#define SIZE(...) &(const struct yolov5){ __VA_ARGS__ }
const struct arch_row arch_yolov5[] = {
	{ "yolov5s_wo_spp", row, SIZE({ 32, 64, 128, 256, 512 }, { 1, 3, 3, 1, 1 }, true, false, true, 640, 80) },
	{ "yolov5s_personface", row, SIZE({ 32, 64, 128, 256, 512 }, { 1, 3, 3, 1, 1 }, true, false, false, 640, 2) },
	{ NULL, NULL, NULL }
};
/* clang-format on */
