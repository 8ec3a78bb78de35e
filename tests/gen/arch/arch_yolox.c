/* YOLOX-s (Ge et al. 2021) with its Focus stem, and YOLOv6-n, whose heads follow it. */
#include "arch_backbone.h"

static struct val csp_layer(struct arch *a, const char *scope, struct val x, int c, int n, bool add)
{
	struct val y = ar_cba(a, ar_name("%s/conv1", scope), x, c / 2, 1, 1);
	const struct val other = ar_cba(a, ar_name("%s/conv2", scope), x, c / 2, 1, 1);

	for (int i = 0; i < n; i++) {
		const char *m = ar_name("%s/m.%d", scope, i);
		const struct val in = y;

		y = ar_cba(a, ar_name("%s/conv1", m), y, c / 2, 1, 1);
		y = ar_cba(a, ar_name("%s/conv2", m), y, c / 2, 3, 1);
		y = add ? ar_2(a, "Add", m, y, in, "") : y;
	}
	y = ar_concat(a, scope, (struct val[]){ y, other }, 2);
	return ar_cba(a, ar_name("%s/conv3", scope), y, c, 1, 1);
}

static struct val spp(struct arch *a, const char *scope, struct val x, int c)
{
	struct val part[4];

	part[0] = ar_cba(a, ar_name("%s/conv1", scope), x, c / 2, 1, 1);
	for (int i = 1; i < 4; i++)
		part[i] = ar_maxpool(a, ar_name("%s/m%d", scope, i), part[0], 1 + 4 * i, 1);
	return ar_cba(a, ar_name("%s/conv2", scope), ar_concat(a, scope, part, 4), c, 1, 1);
}

/* [1][no][h][w] of each level, flattened, side by side, and turned. */
static void flatten_out(struct arch *a, const struct val head[3])
{
	struct val flat[3], x;

	for (int i = 0; i < 3; i++)
		flat[i] = ar_reshape(a, ar_name("/head/flat%d", i), head[i], 3,
				     (const int64_t[]){ 1, head[i].c, -1 });
	x = ar_node(a, "Concat", "/head/all", flat, 3, "axis=2");
	ar_output(a, ar_1(a, "Transpose", "/head", x, "perm=0,2,1"));
}

/* YOLOX: two towers of two convolutions; box, objectness and classes, the latter two by sigmoid. */
struct val ar_yolox_head(struct arch *a, int level, struct val x, int c)
{
	const char *h = ar_name("/head/%d", level);
	struct val tower[2], part[3];

	x = ar_cba(a, ar_name("%s/stem", h), x, c, 1, 1);
	for (int t = 0; t < 2; t++) {
		tower[t] = ar_cba(a, ar_name("%s/tower%d.0", h, t), x, c, 3, 1);
		tower[t] = ar_cba(a, ar_name("%s/tower%d.1", h, t), tower[t], c, 3, 1);
		if (t == 0)
			part[2] = ar_conv(a, ar_name("%s/cls_pred", h), tower[0], a->classes, 1, 1);
	}
	part[0] = ar_conv(a, ar_name("%s/reg_pred", h), tower[1], 4, 1, 1);
	part[1] = ar_conv(a, ar_name("%s/obj_pred", h), tower[1], 1, 1, 1);
	for (int i = 1; i < 3; i++)
		part[i] = ar_1(a, "Sigmoid", ar_name("%s/part%d", h, i), part[i], "");
	for (int i = 0; a->raw && i < 3; i++)
		ar_output(a, part[i]);
	return a->raw ? x : ar_concat(a, h, part, 3);
}

/* n: blocks of the shallow stages; the two others have three times as many. */
static void yolox(struct arch *a, int width, int n, int size)
{
	struct val x = ar_input(a, 3, size), keep[4], p[3], top[2];
	int w[5];

	a->classes = a->classes ? a->classes : 80;
	a->act = AR_LEAKY;
	for (int i = 0; i < 5; i++)
		w[i] = ar_thin(a, width << i);
	x = ar_cba(a, "/stem", ar_focus(a, "/stem", x), w[0], 3, 1);
	for (int i = 1; i < 5; i++) {
		const char *s = ar_name("/dark%d", i + 1);

		x = ar_cba(a, ar_name("%s.0", s), x, w[i], 3, 2);
		if (i == 4)
			x = spp(a, ar_name("%s.1", s), x, w[4]);
		keep[i - 1] = x =
		    csp_layer(a, ar_name("%s.2", s), x, w[i], i == 2 || i == 3 ? 3 * n : n, i < 4);
	}
	for (int i = 0; i < 2; i++) {
		top[i] = ar_cba(a, ar_name("/lateral%d", i), x, w[3 - i], 1, 1);
		x = ar_up(a, ar_name("/up%d", i), top[i]);
		x = ar_concat(a, ar_name("/up%d", i), (struct val[]){ x, keep[2 - i] }, 2);
		x = csp_layer(a, ar_name("/c3_p%d", 4 - i), x, w[3 - i], n, false);
	}
	p[0] = x;
	for (int i = 1; i < 3; i++) {
		x = ar_cba(a, ar_name("/bu_conv%d", 3 - i), x, w[1 + i], 3, 2);
		x = ar_concat(a, ar_name("/pan%d", i), (struct val[]){ x, top[2 - i] }, 2);
		p[i] = x = csp_layer(a, ar_name("/c3_n%d", 2 + i), x, w[2 + i], n, false);
	}
	for (int i = 0; i < 3; i++)
		p[i] = ar_yolox_head(a, i, p[i], ar_thin(a, 4 * width));
	if (!a->raw)
		flatten_out(a, p);
}

void arch_yolox_s(struct arch *a)
{
	yolox(a, 32, 1, 640);
}

void arch_yolox_tiny(struct arch *a)
{
	yolox(a, 24, 1, 416);
}

void arch_yolox_s_wide(struct arch *a)
{
	yolox(a, 48, 1, 640);
}

void arch_yolox_l(struct arch *a)
{
	yolox(a, 64, 3, 640);
}

/* ---- YOLOv6-n: re-parameterised 3x3 convolutions throughout ---- */
static struct val chain(struct arch *a, const char *scope, struct val x, int c, int n)
{
	for (int i = 0; i < n; i++)
		x = ar_cba(a, ar_name("%s.%d", scope, i), x, c, 3, 1);
	return x;
}

static struct val sppf(struct arch *a, struct val x, int c)
{
	struct val part[4];

	part[0] = ar_cba(a, "/sppf/cv1", x, c / 2, 1, 1);
	for (int i = 1; i < 4; i++)
		part[i] = ar_maxpool(a, ar_name("/sppf/m%d", i), part[i - 1], 5, 1);
	return ar_cba(a, "/sppf/cv2", ar_concat(a, "/sppf", part, 4), c, 1, 1);
}

/* Release 0.1 has objectness, 0.2 not. */
static struct val yolov6_head(struct arch *a, int level, struct val x, bool objectness)
{
	const char *h = ar_name("/detect/%d", level);
	struct val part[3], cls, reg;

	x = ar_cba(a, ar_name("%s/stem", h), x, x.c, 1, 1);
	cls = ar_cba(a, ar_name("%s/cls_conv", h), x, x.c, 3, 1);
	part[2] = ar_conv(a, ar_name("%s/cls_pred", h), cls, a->classes, 1, 1);
	reg = ar_cba(a, ar_name("%s/reg_conv", h), x, x.c, 3, 1);
	part[0] = ar_conv(a, ar_name("%s/reg_pred", h), reg, 4, 1, 1);
	if (objectness)
		part[1] = ar_conv(a, ar_name("%s/obj_pred", h), reg, 1, 1, 1);
	for (int i = 1; i < 3; i++)
		if (i == 2 || objectness)
			part[i] = ar_1(a, "Sigmoid", ar_name("%s/part%d", h, i), part[i], "");
	if (!objectness)
		part[1] = part[2];
	for (int i = 0; a->raw && i < 2 + objectness; i++)
		ar_output(a, part[i]);
	return a->raw ? x : ar_concat(a, h, part, 2 + (size_t)objectness);
}

static void yolov6(struct arch *a, bool objectness)
{
	static const int depth[4] = { 2, 4, 6, 2 };
	struct val x = ar_input(a, 3, 640), keep[4], p[3], top[2];
	int w[5];

	a->classes = a->classes ? a->classes : 80;
	a->act = AR_RELU;
	for (int i = 0; i < 5; i++)
		w[i] = ar_thin(a, 16 << i);
	x = ar_cba(a, "/stem", x, w[0], 3, 2);
	for (int i = 1; i < 5; i++) {
		x = ar_cba(a, ar_name("/er%d.0", i), x, w[i], 3, 2);
		keep[i - 1] = x = chain(a, ar_name("/er%d.1", i), x, w[i], depth[i - 1]);
	}
	x = sppf(a, x, w[4]);
	for (int i = 0; i < 2; i++) {
		const int c = w[1] << (1 - i);

		top[i] = ar_cba(a, ar_name("/reduce%d", i), x, c, 1, 1);
		x = ar_deconv(a, ar_name("/upsample%d", i), top[i], c, 2, 2, 0);
		x = ar_concat(a, ar_name("/up%d", i), (struct val[]){ x, keep[2 - i] }, 2);
		x = chain(a, ar_name("/rep_p%d", 4 - i), x, c, 4);
	}
	p[0] = x;
	for (int i = 1; i < 3; i++) {
		x = ar_cba(a, ar_name("/downsample%d", 3 - i), x, x.c, 3, 2);
		x = ar_concat(a, ar_name("/pan%d", i), (struct val[]){ x, top[2 - i] }, 2);
		p[i] = x = chain(a, ar_name("/rep_n%d", 2 + i), x, w[1] << i, 4);
	}
	for (int i = 0; i < 3; i++)
		p[i] = yolov6_head(a, i, p[i], objectness);
	if (!a->raw)
		flatten_out(a, p);
}

void arch_yolov6n(struct arch *a)
{
	yolov6(a, true);
}

void arch_yolov6n_0_2(struct arch *a)
{
	yolov6(a, false);
}
