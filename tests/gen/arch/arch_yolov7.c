/* YOLOv7 and v7-tiny, after re-parameterisation: stacks whose inner convolutions are concatenated.
 */
#include "arch_yolo.h"

struct val ar_stack(struct arch *a, const char *scope, struct val x, int c, int n, int every,
		    int co)
{
	const int first = every == 1 && n > 2 ? 2 * c : c;
	struct val part[8], y;
	size_t count = 0;

	part[count++] = ar_cba(a, ar_name("%s.0", scope), x, first, 1, 1);
	part[count++] = y = ar_cba(a, ar_name("%s.1", scope), x, first, 1, 1);
	for (int i = 0; i < n; i++) {
		y = ar_cba(a, ar_name("%s.%d", scope, 2 + i), y, c, 3, 1);
		if ((i + 1) % every == 0)
			part[count++] = y;
	}
	return ar_cba(a, ar_name("%s.out", scope), ar_concat(a, scope, part, count), co, 1, 1);
}

/* Halves the image: pooled and convolved side by side; the order of execution is the file's. */
static struct val halve(struct arch *a, const char *scope, struct val x, int c,
			const struct val *more)
{
	struct val part[3];

	part[1] = ar_cba(a, ar_name("%s.1", scope), ar_maxpool(a, ar_name("%s.0", scope), x, 2, 2),
			 c, 1, 1);
	part[0] = ar_cba(a, ar_name("%s.2", scope), x, c, 1, 1);
	part[0] = ar_cba(a, ar_name("%s.3", scope), part[0], c, 3, 2);
	if (more)
		part[2] = *more;
	return ar_concat(a, scope, part, more ? 3 : 2);
}

struct val ar_sppcspc(struct arch *a, struct val x, int c)
{
	struct val part[4], y;

	part[0] = ar_cba(a, "/spp/cv1", x, c, 1, 1);
	part[0] = ar_cba(a, "/spp/cv3", part[0], c, 3, 1);
	part[0] = ar_cba(a, "/spp/cv4", part[0], c, 1, 1);
	for (int i = 1; i < 4; i++)
		part[i] = ar_maxpool(a, ar_name("/spp/m%d", i), part[0], 1 + 4 * i, 1);
	y = ar_cba(a, "/spp/cv5", ar_concat(a, "/spp/pools", part, 4), c, 1, 1);
	part[0] = ar_cba(a, "/spp/cv6", y, c, 3, 1);
	part[1] = ar_cba(a, "/spp/cv2", x, c, 1, 1);
	return ar_cba(a, "/spp/cv7", ar_concat(a, "/spp", part, 2), c, 1, 1);
}

static const float anchors[3][6] = { { 12, 16, 19, 36, 40, 28 },
				     { 36, 75, 76, 55, 72, 146 },
				     { 142, 110, 192, 243, 459, 401 } };

struct val ar_route(struct arch *a, const char *scope, struct val x, struct val route, int c)
{
	struct val part[2];

	x = ar_cba(a, ar_name("%s.cv", scope), x, c, 1, 1);
	part[1] = ar_up(a, scope, x);
	part[0] = ar_cba(a, ar_name("%s.route", scope), route, c, 1, 1);
	return ar_concat(a, scope, part, 2);
}

void arch_yolov7(struct arch *a)
{
	static const int width[4] = { 64, 128, 256, 256 }, out[4] = { 256, 512, 1024, 1024 };
	struct val x = ar_input(a, 3, 640), keep[4], p[3], n4;
	const int c = ar_thin(a, 128);

	a->classes = a->classes ? a->classes : 80;
	a->act = AR_SILU;
	x = ar_cba(a, "/model.0", x, ar_thin(a, 32), 3, 1);
	x = ar_cba(a, "/model.1", x, ar_thin(a, 64), 3, 2);
	x = ar_cba(a, "/model.2", x, ar_thin(a, 64), 3, 1);
	x = ar_cba(a, "/model.3", x, ar_thin(a, 128), 3, 2);
	for (int i = 0; i < 4; i++) {
		if (i)
			x = halve(a, ar_name("/mp%d", i), x, ar_thin(a, out[i - 1] / 2), NULL);
		keep[i] = x = ar_stack(a, ar_name("/elan%d", i), x, ar_thin(a, width[i]), 4, 2,
				       ar_thin(a, out[i]));
	}
	x = ar_sppcspc(a, x, 4 * c);
	n4 = ar_stack(a, "/up4", ar_route(a, "/to4", x, keep[2], 2 * c), c, 4, 1, 2 * c);
	p[0] = ar_stack(a, "/up3", ar_route(a, "/to3", n4, keep[1], c), c / 2, 4, 1, c);
	p[1] = ar_stack(a, "/down4", halve(a, "/mp4", p[0], c, &n4), c, 4, 1, 2 * c);
	p[2] = ar_stack(a, "/down5", halve(a, "/mp5", p[1], 2 * c, &x), 2 * c, 4, 1, 4 * c);
	for (int i = 0; i < 3; i++)
		p[i] = ar_cba(a, ar_name("/rep%d", i), p[i], 2 * c << i, 3, 1);
	ar_anchor_heads(a, "/model.105", p, anchors, 0, true);
}

void arch_yolov7_tiny(struct arch *a)
{
	struct val x = ar_input(a, 3, 640), keep[4], p[3], n4, part[4], y;
	const int c = ar_thin(a, 64);

	a->classes = a->classes ? a->classes : 80;
	a->act = AR_LEAKY;
	x = ar_cba(a, "/model.0", x, c / 2, 3, 2);
	x = ar_cba(a, "/model.1", x, c, 3, 2);
	for (int i = 0; i < 4; i++) {
		if (i)
			x = ar_maxpool(a, ar_name("/mp%d", i), x, 2, 2);
		keep[i] = x = ar_stack(a, ar_name("/elan%d", i), x, c / 2 << i, 2, 1, c << i);
	}
	part[0] = ar_cba(a, "/spp/cv1", x, 4 * c, 1, 1);
	y = ar_cba(a, "/spp/cv2", x, 4 * c, 1, 1);
	for (int i = 1; i < 4; i++)
		part[i] = ar_maxpool(a, ar_name("/spp/m%d", i), y, 1 + 4 * i, 1);
	part[1] =
	    ar_cba(a, "/spp/cv3",
		   ar_concat(a, "/spp/pools", (struct val[]){ part[3], part[2], part[1], y }, 4),
		   4 * c, 1, 1);
	x = ar_cba(a, "/spp/cv4", ar_concat(a, "/spp", part, 2), 4 * c, 1, 1);
	n4 = ar_stack(a, "/up4", ar_route(a, "/to4", x, keep[2], 2 * c), c, 2, 1, 2 * c);
	p[0] = ar_stack(a, "/up3", ar_route(a, "/to3", n4, keep[1], c), c / 2, 2, 1, c);
	for (int i = 1; i < 3; i++) {
		part[0] = ar_cba(a, ar_name("/down%d", i), p[i - 1], 2 * c << (i - 1), 3, 2);
		part[1] = i == 1 ? n4 : x;
		p[i] =
		    ar_stack(a, ar_name("/pan%d", i), ar_concat(a, ar_name("/pan%d", i), part, 2),
			     c << (i - 1), 2, 1, 2 * c << (i - 1));
	}
	for (int i = 0; i < 3; i++)
		p[i] = ar_cba(a, ar_name("/out%d", i), p[i], 2 * c << i, 3, 1);
	ar_anchor_heads(a, "/model.77", p, anchors, 0, true);
}
