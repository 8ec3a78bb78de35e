/* YOLOv4 (Bochkovskiy et al. 2020) with leaky activations: CSPDarknet-53, pools side by side, PAN.
 */
#include "arch.h"

/* Half of the features pass n residual blocks, the other half goes by. */
static struct val stage(struct arch *a, int i, struct val x, int c, int n)
{
	const char *s = ar_name("/stage%d", i);
	const int half = i ? c / 2 : c;
	struct val y, by;

	x = ar_cba(a, ar_name("%s/down", s), x, c, 3, 2);
	by = ar_cba(a, ar_name("%s/by", s), x, half, 1, 1);
	x = ar_cba(a, ar_name("%s/in", s), x, half, 1, 1);
	for (int k = 0; k < n; k++) {
		const char *b = ar_name("%s/%d", s, k);

		y = ar_cba(a, ar_name("%s/conv1", b), x, c / 2, 1, 1);
		x = ar_2(a, "Add", b, x, ar_cba(a, ar_name("%s/conv2", b), y, half, 3, 1), "");
	}
	x = ar_cba(a, ar_name("%s/out", s), x, half, 1, 1);
	return ar_cba(a, ar_name("%s/join", s), ar_concat(a, s, (struct val[]){ x, by }, 2), c, 1,
		      1);
}

/* n convolutions, 1x1 to c and 3x3 to twice as many in turn. */
static struct val tower(struct arch *a, const char *s, struct val x, int c, int n)
{
	for (int i = 0; i < n; i++)
		x = ar_cba(a, ar_name("%s.%d", s, i), x, i % 2 ? 2 * c : c, i % 2 ? 3 : 1, 1);
	return x;
}

static struct val pools(struct arch *a, struct val x)
{
	struct val part[4];

	part[3] = x;
	for (int i = 0; i < 3; i++)
		part[i] = ar_maxpool(a, ar_name("/spp%d", i), x, 13 - 4 * i, 1);
	return ar_concat(a, "/spp", part, 4);
}

static void head(struct arch *a, int level, struct val x)
{
	x = ar_cba(a, ar_name("/out%d", level), x, 2 * x.c, 3, 1);
	ar_output(a, ar_conv(a, ar_name("/head%d", level), x, 3 * (5 + a->classes), 1, 1));
}

void arch_yolov4_leaky(struct arch *a)
{
	static const int depth[5] = { 1, 2, 8, 8, 4 };
	struct val x = ar_input(a, 3, 512), keep[5], top[2];

	a->classes = a->classes ? a->classes : 80;
	a->act = AR_LEAKY;
	x = ar_cba(a, "/stem", x, ar_thin(a, 32), 3, 1);
	for (int i = 0; i < 5; i++)
		keep[i] = x = stage(a, i, x, ar_thin(a, 64 << i), depth[i]);
	x = pools(a, tower(a, "/neck0", x, x.c / 2, 3));
	x = tower(a, "/neck1", x, x.c / 4, 3);
	for (int i = 0; i < 2; i++) {
		struct val side;

		top[i] = x;
		x = ar_up(a, ar_name("/up%d", i),
			  ar_cba(a, ar_name("/reduce%d", i), x, x.c / 2, 1, 1));
		side = ar_cba(a, ar_name("/lateral%d", i), keep[3 - i], x.c, 1, 1);
		x = ar_concat(a, ar_name("/up%d", i), (struct val[]){ side, x }, 2);
		x = tower(a, ar_name("/td%d", i), x, side.c, 5);
	}
	head(a, 0, x);
	for (int i = 0; i < 2; i++) {
		x = ar_cba(a, ar_name("/down%d", i), x, 2 * x.c, 3, 2);
		x = ar_concat(a, ar_name("/down%d", i), (struct val[]){ x, top[1 - i] }, 2);
		x = tower(a, ar_name("/bu%d", i), x, x.c / 2, 5);
		head(a, 1 + i, x);
	}
}
