/*
 * Faces: RetinaFace (Deng et al. 2019) on MobileNet v1, SCRFD (Guo et al. 2021), and a mesh of
 * points (Kartynnik et al. 2019).
 */
#include "arch.h"

static struct val conv_act(struct arch *a, const char *scope, struct val x, int c, int k, int s)
{
	return ar_act(a, scope, ar_conv(a, scope, x, c, k, s), a->act);
}

static struct val separable(struct arch *a, const char *s, struct val x, int c, int step)
{
	x = ar_act(a, ar_name("%s/dw", s), ar_dw(a, ar_name("%s/dw", s), x, 3, step), a->act);
	return conv_act(a, ar_name("%s/pw", s), x, c, 1, 1);
}

/* ---- RetinaFace ---- */

/* Three depths of 3x3 convolutions side by side. */
static struct val context(struct arch *a, const char *s, struct val x)
{
	const int half = ar_thin(a, 32), quarter = ar_thin(a, 16);
	struct val part[3], y;

	part[0] = ar_conv(a, ar_name("%s/conv3X3", s), x, half, 3, 1);
	y = conv_act(a, ar_name("%s/conv5X5_1", s), x, quarter, 3, 1);
	part[1] = ar_conv(a, ar_name("%s/conv5X5_2", s), y, quarter, 3, 1);
	y = conv_act(a, ar_name("%s/conv7X7_2", s), y, quarter, 3, 1);
	part[2] = ar_conv(a, ar_name("%s/conv7x7_3", s), y, quarter, 3, 1);
	return ar_act(a, s, ar_concat(a, s, part, 3), AR_RELU);
}

/* Each level joins what is above it. */
static void levels(struct arch *a, struct val p[3], int c)
{
	struct val x;

	for (int i = 0; i < 3; i++)
		p[i] = conv_act(a, ar_name("/fpn/output%d", i + 1), p[i], c, 1, 1);
	for (int i = 1; i >= 0; i--) {
		const char *s = ar_name("/fpn/merge%d", i + 1);

		x = ar_nearest(a, s, p[i + 1], p[i].h, p[i].w);
		p[i] = ar_2(a, "Add", s, p[i], x, "");
		p[i] = conv_act(a, s, p[i], c, 3, 1);
	}
}

/* Boxes, scores and five points of two anchors. */
static void retinaface(struct arch *a, const void *with)
{
	static const int width[13] = { 64,  128, 128, 256, 256,  512, 512,
				       512, 512, 512, 512, 1024, 1024 };
	static const int heads[3] = { 8, 4, 20 };
	struct val x = ar_input_hw(a, 3, 736, 1280), p[3];

	(void)with;
	a->act = AR_LEAKY;
	x = conv_act(a, "/body/stage1.0", x, ar_thin(a, 32), 3, 2);
	for (int i = 0; i < 13; i++) {
		const int step = i == 1 || i == 3 || i == 5 || i == 11 ? 2 : 1;

		x = separable(a, ar_name("/body/%d", i), x, ar_thin(a, width[i]), step);
		if (i == 4 || i == 10 || i == 12)
			p[(i > 4) + (i > 10)] = x;
	}
	levels(a, p, ar_thin(a, 64));
	for (int i = 0; i < 3; i++) {
		x = context(a, ar_name("/ssh%d", i + 1), p[i]);
		for (int k = 0; k < 3; k++)
			ar_output(a, ar_conv(a, ar_name("/head%d.%d", i, k), x, heads[k], 1, 1));
	}
}

/* ---- SCRFD ---- */
struct scrfd {
	int blocks[4], width[4];
	int neck, head, stacked;
	int stem[2]; /* of the separable backbone, whose heads are so too; 0: residual */
};

static struct val residual(struct arch *a, const char *s, struct val x, int c, int step)
{
	struct val y = conv_act(a, ar_name("%s/conv1", s), x, c, 3, step);

	y = ar_conv(a, ar_name("%s/conv2", s), y, c, 3, 1);
	if (step > 1)
		x = ar_avgpool(a, ar_name("%s/downsample", s), x, 2, 2);
	if (step > 1 || x.c != c)
		x = ar_conv(a, ar_name("%s/downsample", s), x, c, 1, 1);
	return ar_act(a, s, ar_2(a, "Add", s, y, x, ""), AR_RELU);
}

static struct val stem(struct arch *a, const struct scrfd *v, struct val x)
{
	const int c = ar_thin(a, v->width[0]), half = ar_thin(a, v->width[0] / 2);

	if (v->stem[0]) {
		x = conv_act(a, "/stem.0", x, ar_thin(a, v->stem[0]), 3, 2);
		return separable(a, "/stem.1", x, ar_thin(a, v->stem[1]), 1);
	}
	x = conv_act(a, "/stem.0", x, half, 3, 2);
	x = conv_act(a, "/stem.3", conv_act(a, "/stem.1", x, half, 3, 1), c, 3, 1);
	return ar_maxpool(a, "/maxpool", x, 3, 2);
}

/* Sums down, then up, a convolution before and after. */
static void paths(struct arch *a, const struct val keep[4], int c, struct val p[3])
{
	for (int i = 2; i >= 0; i--) {
		const char *s = ar_name("/neck/lateral%d", i);

		p[i] = ar_conv(a, s, keep[i + 1], c, 1, 1);
		if (i < 2)
			p[i] = ar_2(a, "Add", s, p[i], ar_up(a, s, p[i + 1]), "");
	}
	for (int i = 0; i < 3; i++)
		p[i] = ar_conv(a, ar_name("/neck/fpn%d", i), p[i], c, 3, 1);
	for (int i = 1; i < 3; i++) {
		const char *s = ar_name("/neck/down%d", i);

		p[i] = ar_2(a, "Add", s, p[i], ar_conv(a, s, p[i - 1], c, 3, 2), "");
	}
	for (int i = 1; i < 3; i++)
		p[i] = ar_conv(a, ar_name("/neck/pafpn%d", i), p[i], c, 3, 1);
}

static void scrfd(struct arch *a, const void *with)
{
	static const int heads[3] = { 8, 2, 20 };
	const struct scrfd *v = with;
	struct val x = ar_input(a, 3, 640), keep[4], p[3];
	const int c = ar_thin(a, v->head);

	a->act = AR_RELU;
	x = stem(a, v, x);
	for (int i = 0; i < 4; i++) {
		const int wide = ar_thin(a, v->width[i]);

		for (int k = 0; k < v->blocks[i]; k++) {
			const char *s = ar_name("/layer%d.%d", i + 1, k);
			const int step = k || (i == 0 && !v->stem[0]) ? 1 : 2;

			x = v->stem[0] ? separable(a, s, x, wide, step)
				       : residual(a, s, x, wide, step);
		}
		keep[i] = x;
	}
	paths(a, keep, ar_thin(a, v->neck), p);
	for (int i = 0; i < 3; i++) {
		for (int k = 0; k < v->stacked; k++) {
			const char *s = ar_name("/head%d.%d", 8 << i, k);

			p[i] = v->stem[0] ? separable(a, s, p[i], c, 1)
					  : conv_act(a, s, p[i], c, 3, 1);
		}
		for (int k = 0; k < 3; k++)
			ar_output(
			    a, ar_conv(a, ar_name("/out%d.%d", 8 << i, k), p[i], heads[k], 3, 1));
	}
}

/* ---- points of a face: separable residual blocks with one more slope for each feature ---- */
static struct val sloped(struct arch *a, const char *s, struct val x)
{
	const int64_t dim[3] = { x.c, 1, 1 };

	return ar_2(a, "PRelu", s, x, ar_random(a, 3, dim, 0.5), "");
}

/* The shortcut of a wider block has features of zero. */
static struct val widen(struct arch *a, const char *s, struct val x, int c)
{
	const int64_t pad[8] = { 0, 0, 0, 0, 0, c - x.c, 0, 0 };

	x = ar_2(a, "Pad", s, x, ar_ints(a, 8, pad), "mode=s:constant");
	x.c = c;
	return x;
}

static struct val mesh(struct arch *a, const char *s, struct val x, int c, int step)
{
	struct val y = ar_dw(a, ar_name("%s/dw", s), x, 3, step);

	y = ar_conv(a, ar_name("%s/pw", s), y, c, 1, 1);
	if (step > 1)
		x = ar_maxpool(a, s, x, 2, 2);
	if (x.c < c)
		x = widen(a, s, x, c);
	return sloped(a, s, ar_2(a, "Add", s, y, x, ""));
}

/* n numbers from the last block's features. */
static void numbers(struct arch *a, const char *s, struct val x, int blocks, int n)
{
	for (int i = 0; i < blocks; i++)
		x = mesh(a, ar_name("%s.%d", s, i), x, x.c, i ? 1 : 2);
	x = ar_conv(a, ar_name("%s/narrow", s), x, ar_thin(a, 32), 1, 1);
	x = mesh(a, ar_name("%s/last", s), sloped(a, ar_name("%s/narrow", s), x), x.c, 1);
	ar_output(a, ar_conv_full(a, ar_name("%s/out", s), x, n, x.h < 3 ? x.h : 3, 1, 0, 1));
}

static void face_landmarks(struct arch *a, const void *with)
{
	static const int width[5] = { 16, 32, 64, 128, 128 }, depth[5] = { 2, 3, 3, 3, 3 };
	struct val x = ar_input(a, 3, 192);

	(void)with;
	x = sloped(a, "/stem", ar_conv(a, "/stem", x, ar_thin(a, 16), 3, 2));
	for (int i = 0; i < 5; i++)
		for (int k = 0; k < depth[i]; k++)
			x = mesh(a, ar_name("/stage%d.%d", i, k), x, ar_thin(a, width[i]),
				 i && k == 0 ? 2 : 1);
	numbers(a, "/points", x, 3, 1404);
	numbers(a, "/score", x, 1, 1);
}

/* clang-format off */
const struct arch_row arch_face[] = {
	{ "face_landmarks_lite", face_landmarks, NULL },
	{ "retinaface_mobilenet_v1", retinaface, NULL },
	{ "scrfd_10g", scrfd, &(const struct scrfd){ { 3, 4, 2, 3 }, { 56, 88, 88, 224 }, 56, 80, 3, { 0, 0 } } },
	{ "scrfd_2.5g", scrfd, &(const struct scrfd){ { 3, 5, 3, 2 }, { 24, 48, 48, 80 }, 24, 64, 2, { 0, 0 } } },
	{ "scrfd_500m", scrfd, &(const struct scrfd){ { 2, 3, 2, 6 }, { 40, 72, 152, 288 }, 16, 64, 2, { 16, 16 } } },
	{ NULL, NULL, NULL }
};
/* clang-format on */
