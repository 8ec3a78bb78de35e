/* YOLOv8 as its repository exports it: C2f blocks, PAN, decoupled heads with distributions. */
#include "arch_yolo.h"

struct size {
	int width[5];
	int depth[4];
	int extra;  /* further features of each level: masks' coefficients, key points */
	bool proto; /* masks */
};

struct val ar_c2f(struct arch *a, const char *scope, struct val x, int c, int n, bool add)
{
	struct val part[8], y = ar_cba(a, ar_name("%s/cv1", scope), x, c, 1, 1);

	ar_split(a, scope, y, (const int[2]){ c / 2, c / 2 }, 2, 1, part);
	for (int i = 0; i < n; i++) {
		const struct val in = part[1 + i];

		y = ar_cba(a, ar_name("%s/m.%d/cv1", scope, i), in, c / 2, 3, 1);
		y = ar_cba(a, ar_name("%s/m.%d/cv2", scope, i), y, c / 2, 3, 1);
		part[2 + i] = add ? ar_2(a, "Add", ar_name("%s/m.%d", scope, i), in, y, "") : y;
	}
	return ar_cba(a, ar_name("%s/cv2", scope), ar_concat(a, scope, part, (size_t)n + 2), c, 1,
		      1);
}

struct val ar_sppf(struct arch *a, const char *scope, struct val x, int c)
{
	struct val part[4];

	part[0] = ar_cba(a, ar_name("%s/cv1", scope), x, x.c / 2, 1, 1);
	for (int i = 1; i < 4; i++)
		part[i] = ar_maxpool(a, ar_name("%s/m%d", scope, i), part[i - 1], 5, 1);
	return ar_cba(a, ar_name("%s/cv2", scope), ar_concat(a, scope, part, 4), c, 1, 1);
}

/* Distances by the expectation over 16 bins: softmax and a 1x1 convolution with 0 .. 15. */
static struct val dfl(struct arch *a, const char *scope, struct val x, int64_t boxes)
{
	const int64_t dim[4] = { 1, 16, 1, 1 };
	float bins[16];

	for (int i = 0; i < 16; i++)
		bins[i] = (float)i;
	scope = ar_name("%s/dfl", scope);
	x = ar_reshape(a, scope, x, 4, (const int64_t[]){ 1, 4, 16, boxes });
	x = ar_1(a, "Transpose", scope, x, "perm=0,2,1,3");
	x = ar_1(a, "Softmax", scope, x, "axis=1");
	x = ar_2(a, "Conv", ar_name("%s/conv", scope), x, ar_floats(a, 4, dim, bins),
		 "kernel_shape=1,1 strides=1,1 pads=0,0,0,0 dilations=1,1 group=1");
	return ar_reshape(a, ar_name("%s_1", scope), x, 3, (const int64_t[]){ 1, 4, boxes });
}

/* Points of the cells' centres [1][2][boxes] and strides [1][boxes]. */
static void grid(struct arch *a, const struct val *head, int64_t boxes, struct val *points,
		 struct val *strides)
{
	float *p = xcalloc((size_t)boxes * 2, sizeof *p), *s = xcalloc((size_t)boxes, sizeof *s);
	size_t n = 0;

	for (int i = 0; i < 3; i++)
		for (int y = 0; y < head[i].h; y++)
			for (int x = 0; x < head[i].w; x++, n++) {
				p[n] = (float)x + 0.5f;
				p[(size_t)boxes + n] = (float)y + 0.5f;
				s[n] = (float)(8 << i);
			}
	*points = ar_floats(a, 3, (const int64_t[]){ 1, 2, boxes }, p);
	*strides = ar_floats(a, 2, (const int64_t[]){ 1, boxes }, s);
	free(p);
	free(s);
}

void ar_decode_points(struct arch *a, const char *scope, const struct val head[3])
{
	const int no = 64 + a->classes;
	struct val flat[3], part[2], lt[2], points, strides, p, q;
	int64_t boxes = 0;

	for (int i = 0; i < 3; i++) {
		flat[i] = ar_reshape(a, ar_name("%s/level%d", scope, i), head[i], 3,
				     (const int64_t[]){ 1, no, -1 });
		boxes += head[i].h * head[i].w;
	}
	p = ar_node(a, "Concat", ar_name("%s/all", scope), flat, 3, "axis=2");
	ar_split(a, scope, p, (const int[2]){ 64, a->classes }, 2, 1, part);
	grid(a, head, boxes, &points, &strides);
	ar_split(a, ar_name("%s/box", scope), dfl(a, scope, part[0], boxes), (const int[2]){ 2, 2 },
		 2, 1, lt);
	p = ar_2(a, "Sub", scope, points, lt[0], "");
	q = ar_2(a, "Add", scope, points, lt[1], "");
	lt[0] = ar_2(a, "Div", scope, ar_2(a, "Add", ar_name("%s/sum", scope), p, q, ""),
		     ar_scalar(a, 2), "");
	lt[1] = ar_2(a, "Sub", ar_name("%s/wh", scope), q, p, "");
	p = ar_node(a, "Concat", ar_name("%s/xywh", scope), lt, 2, "axis=1");
	p = ar_2(a, "Mul", scope, p, strides, "");
	q = ar_1(a, "Sigmoid", scope, part[1], "");
	ar_output(
	    a, ar_node(a, "Concat", ar_name("%s/out", scope), (struct val[]){ p, q }, 2, "axis=1"));
}

/* Coefficients of masks, coordinates of key points: a third tower, an output of its own. */
static void further(struct arch *a, const struct size *s, const struct val *p)
{
	const int c = ar_thin(a, p[0].c * a->thin / 4 > s->extra ? p[0].c * a->thin / 4 : s->extra);

	for (int i = 0; i < 3; i++) {
		const char *scope = ar_name("/model.22/cv4.%d/cv4.%d", i, i);
		struct val x = ar_cba(a, ar_name("%s.0", scope), p[i], c, 3, 1);

		x = ar_cba(a, ar_name("%s.1", scope), x, c, 3, 1);
		ar_output(a, ar_conv(a, ar_name("%s.2", scope), x, s->extra, 1, 1));
	}
}

static void proto(struct arch *a, struct val x)
{
	const int c = x.c;

	x = ar_cba(a, "/model.22/proto/cv1", x, c, 3, 1);
	x = ar_deconv(a, "/model.22/proto/upsample", x, c, 2, 2, 0);
	x = ar_cba(a, "/model.22/proto/cv2", x, c, 3, 1);
	ar_output(a, ar_cba(a, "/model.22/proto/cv3", x, 32, 1, 1));
}

void ar_detect(struct arch *a, const struct val p[3])
{
	const int c2 = ar_thin(a, p[0].c * a->thin / 4 > 64 ? p[0].c * a->thin / 4 : 64);
	const int c3 = ar_thin(a, p[0].c * a->thin > a->classes ? p[0].c * a->thin : a->classes);
	struct val head[3];

	for (int i = 0; i < 3; i++) {
		struct val part[2] = { p[i], p[i] };

		for (int b = 0; b < 2; b++) {
			const char *scope =
			    ar_name("/model.22/cv%d.%d/cv%d.%d", b + 2, i, b + 2, i);
			const int c = b ? c3 : c2;

			part[b] = ar_cba(a, ar_name("%s.0", scope), part[b], c, 3, 1);
			part[b] = ar_cba(a, ar_name("%s.1", scope), part[b], c, 3, 1);
			part[b] =
			    ar_conv(a, ar_name("%s.2", scope), part[b], b ? a->classes : 64, 1, 1);
			if (a->raw)
				ar_output(a, part[b]);
		}
		if (!a->raw)
			head[i] = ar_concat(a, ar_name("/model.22/level%d", i), part, 2);
	}
	if (!a->raw)
		ar_decode_points(a, "/model.22", head);
}

static void yolov8(struct arch *a, const struct size *s)
{
	struct val x = ar_input(a, 3, 640), keep[5], p[3];
	int w[5];

	a->classes = a->classes ? a->classes : 80;
	a->act = AR_SILU;
	for (int i = 0; i < 5; i++)
		w[i] = ar_thin(a, s->width[i]);
	x = ar_cba(a, "/model.0", x, w[0], 3, 2);
	for (int i = 1; i < 5; i++) {
		x = ar_cba(a, ar_name("/model.%d", 2 * i - 1), x, w[i], 3, 2);
		x = ar_c2f(a, ar_name("/model.%d", 2 * i), x, w[i], s->depth[i - 1], true);
		keep[i] = x;
	}
	keep[4] = ar_sppf(a, "/model.9", x, w[4]);
	x = ar_concat(a, "/model.11", (struct val[]){ ar_up(a, "/model.10", keep[4]), keep[3] }, 2);
	x = ar_c2f(a, "/model.12", x, w[3], s->depth[0], false);
	keep[3] = x;
	x = ar_concat(a, "/model.14", (struct val[]){ ar_up(a, "/model.13", x), keep[2] }, 2);
	p[0] = ar_c2f(a, "/model.15", x, w[2], s->depth[0], false);
	x = ar_cba(a, "/model.16", p[0], w[2], 3, 2);
	x = ar_concat(a, "/model.17", (struct val[]){ x, keep[3] }, 2);
	p[1] = ar_c2f(a, "/model.18", x, w[3], s->depth[0], false);
	x = ar_cba(a, "/model.19", p[1], w[3], 3, 2);
	x = ar_concat(a, "/model.20", (struct val[]){ x, keep[4] }, 2);
	p[2] = ar_c2f(a, "/model.21", x, w[4], s->depth[0], false);
	ar_detect(a, p);
	if (s->extra)
		further(a, s, p);
	if (s->proto)
		proto(a, p[0]);
}

void arch_yolov8n(struct arch *a)
{
	yolov8(a, &(const struct size){ { 16, 32, 64, 128, 256 }, { 1, 2, 2, 1 }, 0, false });
}

void arch_yolov8s(struct arch *a)
{
	yolov8(a, &(const struct size){ { 32, 64, 128, 256, 512 }, { 1, 2, 2, 1 }, 0, false });
}

void arch_yolov8m(struct arch *a)
{
	yolov8(a, &(const struct size){ { 48, 96, 192, 384, 576 }, { 2, 4, 4, 2 }, 0, false });
}

void arch_yolov8l(struct arch *a)
{
	yolov8(a, &(const struct size){ { 64, 128, 256, 512, 512 }, { 3, 6, 6, 3 }, 0, false });
}

void arch_yolov8x(struct arch *a)
{
	yolov8(a, &(const struct size){ { 80, 160, 320, 640, 640 }, { 3, 6, 6, 3 }, 0, false });
}

void arch_yolov8n_seg(struct arch *a)
{
	yolov8(a, &(const struct size){ { 16, 32, 64, 128, 256 }, { 1, 2, 2, 1 }, 32, true });
}

void arch_yolov8m_seg(struct arch *a)
{
	yolov8(a, &(const struct size){ { 48, 96, 192, 384, 576 }, { 2, 4, 4, 2 }, 32, true });
}

void arch_yolov8s_seg(struct arch *a)
{
	yolov8(a, &(const struct size){ { 32, 64, 128, 256, 512 }, { 1, 2, 2, 1 }, 32, true });
}

/* One class, 17 points of x, y and visibility. */
void arch_yolov8s_pose(struct arch *a)
{
	a->classes = 1;
	yolov8(a, &(const struct size){ { 32, 64, 128, 256, 512 }, { 1, 2, 2, 1 }, 51, false });
}

void arch_yolov8m_pose(struct arch *a)
{
	a->classes = 1;
	yolov8(a, &(const struct size){ { 48, 96, 192, 384, 576 }, { 2, 4, 4, 2 }, 51, false });
}
