/* YOLOv3 and its small form (Redmon and Farhadi 2018), YOLOv4's small form (Bochkovskiy et al.
 * 2020). */
#include "arch.h"

static struct val head(struct arch *a, const char *scope, struct val x)
{
	return ar_conv(a, scope, x, 3 * (5 + a->classes), 1, 1);
}

static void defaults(struct arch *a)
{
	a->classes = a->classes ? a->classes : 80;
	a->act = AR_LEAKY;
}

/* 2x2 windows; the last one of the backbone moves by one pixel and keeps the size. */
static struct val pool(struct arch *a, const char *scope, struct val x, int s)
{
	struct val y =
	    ar_1(a, "MaxPool", scope, x,
		 ar_name("kernel_shape=2,2 strides=%d,%d pads=0,0,%d,%d", s, s, s == 1, s == 1));

	y.h = x.h / s;
	y.w = x.w / s;
	return y;
}

void arch_tiny_yolov3(struct arch *a)
{
	struct val x = ar_input(a, 3, 416), keep = { 0 }, y;

	defaults(a);
	for (int i = 0; i < 6; i++) {
		x = ar_cba(a, ar_name("/stage%d", i), x, ar_thin(a, 16 << i), 3, 1);
		if (i == 4)
			keep = x;
		x = pool(a, ar_name("/pool%d", i), x, i == 5 ? 1 : 2);
	}
	x = ar_cba(a, "/conv7", x, ar_thin(a, 1024), 3, 1);
	x = ar_cba(a, "/conv8", x, ar_thin(a, 256), 1, 1);
	y = ar_cba(a, "/conv9", x, ar_thin(a, 512), 3, 1);
	ar_output(a, head(a, "/head0", y));
	x = ar_up(a, "/up", ar_cba(a, "/conv10", x, ar_thin(a, 128), 1, 1));
	x = ar_concat(a, "/cat", (struct val[]){ x, keep }, 2);
	ar_output(a, head(a, "/head1", ar_cba(a, "/conv11", x, ar_thin(a, 256), 3, 1)));
}

/* ---- YOLOv3: Darknet-53 and three towers ---- */
static struct val tower(struct arch *a, const char *scope, struct val x, int c)
{
	for (int i = 0; i < 5; i++)
		x = ar_cba(a, ar_name("%s.%d", scope, i), x, i % 2 ? 2 * c : c, i % 2 ? 3 : 1, 1);
	return x;
}

static void yolov3(struct arch *a, int size)
{
	static const int depth[5] = { 1, 2, 8, 8, 4 };
	struct val x = ar_input(a, 3, size), keep[5], y;

	defaults(a);
	x = ar_cba(a, "/stem", x, ar_thin(a, 32), 3, 1);
	for (int i = 0; i < 5; i++) {
		const int c = ar_thin(a, 64 << i);

		x = ar_cba(a, ar_name("/stage%d.down", i), x, c, 3, 2);
		for (int k = 0; k < depth[i]; k++) {
			const char *s = ar_name("/stage%d.%d", i, k);

			y = ar_cba(a, ar_name("%s/conv1", s), x, c / 2, 1, 1);
			y = ar_cba(a, ar_name("%s/conv2", s), y, c, 3, 1);
			x = ar_2(a, "Add", s, x, y, "");
		}
		keep[i] = x;
	}
	for (int i = 0; i < 3; i++) {
		const int c = ar_thin(a, 512 >> i);

		x = tower(a, ar_name("/tower%d", i), x, c);
		y = ar_cba(a, ar_name("/out%d", i), x, 2 * c, 3, 1);
		ar_output(a, head(a, ar_name("/head%d", i), y));
		if (i == 2)
			break;
		x = ar_cba(a, ar_name("/transition%d", i), x, c / 2, 1, 1);
		x = ar_concat(a, ar_name("/cat%d", i),
			      (struct val[]){ ar_up(a, ar_name("/up%d", i), x), keep[3 - i] }, 2);
	}
}

void arch_yolov3(struct arch *a)
{
	yolov3(a, 608);
}

void arch_yolov3_416(struct arch *a)
{
	yolov3(a, 416);
}

/* ---- small YOLOv4: half of the features go on, all are joined again ---- */
static struct val partial(struct arch *a, const char *scope, struct val x, struct val *inner)
{
	struct val half[2], y, z;

	x = ar_cba(a, ar_name("%s/conv0", scope), x, x.c, 3, 1);
	ar_split(a, scope, x, (const int[2]){ x.c / 2, x.c / 2 }, 2, 1, half);
	y = ar_cba(a, ar_name("%s/conv1", scope), half[1], x.c / 2, 3, 1);
	z = ar_cba(a, ar_name("%s/conv2", scope), y, x.c / 2, 3, 1);
	z = ar_concat(a, ar_name("%s/cat1", scope), (struct val[]){ z, y }, 2);
	*inner = ar_cba(a, ar_name("%s/conv3", scope), z, x.c, 1, 1);
	return ar_concat(a, ar_name("%s/cat2", scope), (struct val[]){ x, *inner }, 2);
}

void arch_tiny_yolov4(struct arch *a)
{
	struct val x = ar_input(a, 3, 416), keep = { 0 }, y;

	defaults(a);
	x = ar_cba(a, "/stem0", x, ar_thin(a, 32), 3, 2);
	x = ar_cba(a, "/stem1", x, ar_thin(a, 64), 3, 2);
	for (int i = 0; i < 3; i++) {
		x = partial(a, ar_name("/csp%d", i), x, &keep);
		x = pool(a, ar_name("/pool%d", i), x, 2);
	}
	x = ar_cba(a, "/conv", x, ar_thin(a, 512), 3, 1);
	x = ar_cba(a, "/neck", x, ar_thin(a, 256), 1, 1);
	y = ar_cba(a, "/out0", x, ar_thin(a, 512), 3, 1);
	ar_output(a, head(a, "/head0", y));
	x = ar_up(a, "/up", ar_cba(a, "/lateral", x, ar_thin(a, 128), 1, 1));
	x = ar_concat(a, "/cat", (struct val[]){ x, keep }, 2);
	ar_output(a, head(a, "/head1", ar_cba(a, "/out1", x, ar_thin(a, 256), 3, 1)));
}

void arch_tiny_yolov4_license_plates(struct arch *a)
{
	a->classes = 1;
	arch_tiny_yolov4(a);
}
