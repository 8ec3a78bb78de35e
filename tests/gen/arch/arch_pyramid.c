/*
 * Detectors and poses on pyramids of features: NanoDet (2020) on RepVGG, EfficientDet-Lite (Tan et
 * al. 2019), YOLACT (Bolya et al. 2019) on RegNetX, CenterPose (Zhou et al. 2019) on RepVGG and
 * RegNetX.
 */
#include "arch_backbone.h"

static struct val cr(struct arch *a, const char *scope, struct val x, int c, int k, int s)
{
	return ar_act(a, scope, ar_conv(a, scope, x, c, k, s), AR_RELU);
}

/* ---- NanoDet: sums of levels up and down, two convolutions and all of a level's numbers ---- */
struct nanodet {
	int width[5], size;
	bool yolox; /* heads of YOLOX */
};

static void sums(struct arch *a, const struct val keep[3], int c, struct val p[3])
{
	for (int i = 0; i < 3; i++)
		p[i] = ar_conv(a, ar_name("/fpn/lateral%d", i), keep[i], c, 1, 1);
	for (int i = 1; i >= 0; i--) {
		const char *s = ar_name("/fpn/up%d", i);

		p[i] = ar_2(a, "Add", s, p[i], ar_bilinear(a, s, p[i + 1], p[i].h, p[i].w), "");
	}
	for (int i = 1; i < 3; i++) {
		const char *s = ar_name("/fpn/down%d", i);

		p[i] = ar_2(a, "Add", s, p[i], ar_bilinear(a, s, p[i - 1], p[i].h, p[i].w), "");
	}
}

/* 80 classes and four distributions over 11 bins. */
static void nanodet(struct arch *a, const void *with)
{
	const struct nanodet *v = with;
	struct val x = ar_input(a, 3, v->size), keep[5], p[3];
	const int c = ar_thin(a, 128);

	a->classes = a->classes ? a->classes : 80;
	a->act = AR_RELU;
	ar_repvgg(a, x, v->width, keep);
	sums(a, keep + 2, c, p);
	for (int i = 0; i < 3; i++) {
		if (v->yolox) {
			x = ar_yolox_head(a, i, p[i], c);
			if (!a->raw)
				ar_output(a, x);
			continue;
		}
		x = cr(a, ar_name("/head/cls_convs.%d.0", i), p[i], c, 3, 1);
		x = cr(a, ar_name("/head/cls_convs.%d.1", i), x, c, 3, 1);
		ar_output(a, ar_conv(a, ar_name("/head/gfl_cls.%d", i), x, a->classes + 44, 1, 1));
	}
}

/* ---- EfficientDet-Lite: five levels, summed both ways several times ---- */
struct efficientdet {
	double width, depth;
	int size, c, cells;
};

static struct val separable(struct arch *a, const char *s, struct val x, int c)
{
	x = ar_dw(a, ar_name("%s/depthwise", s), x, 3, 1);
	return ar_conv(a, ar_name("%s/pointwise", s), x, c, 1, 1);
}

/* 3x3 pools of step 2 that cover the image: padding is at the end where the size is even. */
static struct val halve(struct arch *a, const char *s, struct val x)
{
	struct val y =
	    ar_1(a, "MaxPool", s, x,
		 ar_name("kernel_shape=3,3 strides=2,2 pads=%d,%d,1,1", x.h % 2, x.w % 2));

	y.h = (x.h + 1) / 2;
	y.w = (x.w + 1) / 2;
	return y;
}

/* A level as a cell reads it. */
static struct val narrow(struct arch *a, const char *s, struct val x, int c)
{
	return x.c == c ? x : ar_conv(a, ar_name("%s/conv", s), x, c, 1, 1);
}

static struct val node(struct arch *a, const char *s, const struct val *in, int n, int c)
{
	struct val x = ar_2(a, "Add", s, in[0], in[1], "");

	if (n > 2)
		x = ar_2(a, "Add", ar_name("%s/more", s), x, in[2], "");
	return separable(a, s, ar_act(a, s, x, AR_RELU6), c);
}

static void cell(struct arch *a, int rep, struct val p[5], int c)
{
	struct val down[5], in[3];

	down[4] = narrow(a, ar_name("/cell%d/p7", rep), p[4], c);
	for (int i = 3; i >= 0; i--) {
		const char *s = ar_name("/cell%d/down%d", rep, i);

		in[0] = narrow(a, s, p[i], c);
		in[1] = ar_nearest(a, s, down[i + 1], p[i].h, p[i].w);
		down[i] = node(a, s, in, 2, c);
	}
	for (int i = 1; i < 5; i++) {
		const char *s = ar_name("/cell%d/up%d", rep, i);

		in[0] = narrow(a, s, p[i], c);
		in[1] = halve(a, s, i == 1 ? down[0] : p[i - 1]);
		in[2] = down[i];
		p[i] = node(a, s, in, i < 4 ? 3 : 2, c);
	}
	p[0] = down[0];
}

static void boxes(struct arch *a, const char *s, struct val x, int c, int n)
{
	for (int i = 0; i < 3; i++) {
		const char *t = ar_name("%s-%d", s, i);

		x = ar_act(a, t, separable(a, t, x, c), AR_RELU6);
	}
	ar_output(a, separable(a, ar_name("%s-predict", s), x, n));
}

/* Nine anchors. */
static void efficientdet(struct arch *a, const void *with)
{
	const struct efficientdet *v = with;
	struct val x = ar_input(a, 3, v->size), keep[7], p[5];
	const int c = ar_thin(a, v->c);

	a->classes = a->classes ? a->classes : 90;
	ar_efficientnet_lite(a, x, v->width, v->depth, keep);
	p[0] = keep[2];
	p[1] = keep[4];
	p[2] = keep[6];
	p[3] = halve(a, "/p6", ar_conv(a, "/p6", p[2], c, 1, 1));
	p[4] = halve(a, "/p7", p[3]);
	for (int i = 0; i < v->cells; i++)
		cell(a, i, p, c);
	for (int i = 0; i < 5; i++) {
		boxes(a, ar_name("/box_net_%d/box", i), p[i], c, 36);
		boxes(a, ar_name("/class_net_%d/class", i), p[i], c, 9 * a->classes);
	}
}

/* ---- YOLACT: prototypes of masks, and at five levels nine anchors with coefficients ---- */
struct yolact {
	int width[4], depth[4], group;
};

static void prototypes(struct arch *a, struct val x)
{
	for (int i = 0; i < 3; i++)
		x = cr(a, ar_name("/proto_net.%d", i), x, x.c, 3, 1);
	x = ar_act(a, "/proto_net.3", ar_deconv(a, "/proto_net.3", x, x.c, 4, 2, 1), AR_RELU);
	x = cr(a, "/proto_net.4", x, x.c, 3, 1);
	ar_output(a, cr(a, "/proto_net.5", x, 32, 1, 1));
}

static void yolact(struct arch *a, const void *with)
{
	const struct yolact *v = with;
	struct val x = ar_input(a, 3, 512), keep[4], p[5];
	const int c = ar_thin(a, 256);

	a->classes = a->classes ? a->classes : 81;
	ar_regnetx(a, x, v->width, v->depth, v->group, keep);
	for (int i = 2; i >= 0; i--) {
		p[i] = ar_conv(a, ar_name("/fpn/lat%d", i), keep[i + 1], c, 1, 1);
		if (i == 2)
			continue;
		x = ar_bilinear(a, ar_name("/fpn/up%d", i), p[i + 1], p[i].h, p[i].w);
		p[i] = ar_2(a, "Add", ar_name("/fpn/up%d", i), x, p[i], "");
	}
	for (int i = 0; i < 5; i++)
		p[i] = i < 3 ? cr(a, ar_name("/fpn/pred%d", i), p[i], c, 3, 1)
			     : ar_conv(a, ar_name("/fpn/down%d", i), p[i - 1], c, 3, 2);
	prototypes(a, p[0]);
	for (int i = 0; i < 5; i++) {
		const char *s = ar_name("/prediction%d", i);

		x = cr(a, ar_name("%s/upfeature", s), p[i], c, 3, 1);
		ar_output(a, ar_conv(a, ar_name("%s/bbox", s), x, 36, 3, 1));
		ar_output(a, ar_conv(a, ar_name("%s/conf", s), x, 9 * a->classes, 3, 1));
		ar_output(a, ar_conv(a, ar_name("%s/mask", s), x, 288, 3, 1));
	}
}

/* ---- CenterPose: deconvolutions joined with the backbone's stages, six heads ---- */
struct centerpose {
	int size, width[3], head;
	bool repvgg; /* joined with its stages; RegNetX is not */
};

/* Twice the size; i: which of the three. */
static struct val enlarge(struct arch *a, struct val x, int i, int c, bool smooth)
{
	const char *s = ar_name("/deconv_layer%d", i + 1);

	if (smooth)
		x = cr(a, ar_name("%s.0", s), x, c, 3, 1);
	return ar_act(a, s, ar_deconv(a, s, x, c, 4, 2, 1), AR_RELU);
}

static void centerpose(struct arch *a, const void *with)
{
	static const int heads[6] = { 1, 2, 34, 2, 17, 2 };
	static const int a0[5] = { 48, 48, 96, 192, 1280 };
	static const int wide[4] = { 64, 128, 288, 672 }, deep[4] = { 1, 3, 7, 5 };
	const struct centerpose *v = with;
	struct val x = ar_input(a, 3, v->size), keep[5], y;

	a->act = AR_RELU;
	x = v->repvgg ? ar_repvgg(a, x, a0, keep) : ar_regnetx(a, x, wide, deep, 16, keep + 1);
	for (int i = 0; i < 3; i++) {
		const char *s = ar_name("/smooth_layer%d", i + 1);
		const int c = ar_thin(a, v->width[i]);

		x = enlarge(a, x, i, c, v->repvgg);
		if (!v->repvgg || i == 2)
			continue;
		y = cr(a, ar_name("/project_layer%d", i + 1), keep[3 - i], c, 3, 1);
		x = cr(a, s, ar_2(a, "Add", s, x, y, ""), c, 3, 1);
	}
	for (int i = 0; i < 6; i++) {
		y = cr(a, ar_name("/head%d.0", i), x, ar_thin(a, v->head), 3, 1);
		y = ar_conv(a, ar_name("/head%d.2", i), y, heads[i], 1, 1);
		ar_output(a, i % 4 ? y : ar_act(a, ar_name("/head%d", i), y, AR_SIGMOID));
	}
}

/* clang-format off */
const struct arch_row arch_pyramid[] = {
	{ "nanodet_repvgg", nanodet, &(const struct nanodet){ { 48, 48, 96, 192, 512 }, 416, false } },
	{ "nanodet_repvgg_a12", nanodet, &(const struct nanodet){ { 64, 64, 128, 128, 256 }, 640, true } },
	{ "nanodet_repvgg_a1_640", nanodet, &(const struct nanodet){ { 64, 64, 128, 256, 512 }, 640, false } },
	{ "efficientdet_lite0", efficientdet, &(const struct efficientdet){ 1, 1, 320, 64, 3 } },
	{ "efficientdet_lite1", efficientdet, &(const struct efficientdet){ 1, 1.1, 384, 88, 4 } },
	{ "efficientdet_lite2", efficientdet, &(const struct efficientdet){ 1.1, 1.2, 448, 112, 5 } },
	{ "yolact_regnetx_800mf", yolact, &(const struct yolact){ { 64, 128, 288, 672 }, { 1, 3, 7, 5 }, 16 } },
	{ "yolact_regnetx_1.6gf", yolact, &(const struct yolact){ { 72, 168, 408, 912 }, { 2, 4, 10, 2 }, 24 } },
	{ "centerpose_repvgg_a0", centerpose, &(const struct centerpose){ 416, { 192, 96, 96 }, 96, true } },
	{ "centerpose_regnetx_800mf", centerpose, &(const struct centerpose){ 512, { 256, 256, 256 }, 64, false } },
	{ NULL, NULL, NULL }
};
/* clang-format on */
