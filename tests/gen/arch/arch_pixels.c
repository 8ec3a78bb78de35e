/* One value per pixel: ESPCN (Shi et al. 2016) makes images larger, DnCNN (Zhang et al. 2017) takes
 * noise out. */
#include "arch.h"

/* Three convolutions; the last one's features become pixels. */
static void espcn(struct arch *a, int h, int w, int times)
{
	struct val x = ar_input_hw(a, 1, h, w);

	a->act = AR_RELU;
	x = ar_cba(a, "/conv1", x, ar_thin(a, 64), 5, 1);
	x = ar_cba(a, "/conv2", x, ar_thin(a, 32), 3, 1);
	x = ar_conv(a, "/conv3", x, times * times, 3, 1);
	ar_output(a, ar_1(a, "DepthToSpace", "/shuffle", x, ar_name("blocksize=%d", times)));
}

void arch_espcn_x2(struct arch *a)
{
	espcn(a, 156, 240, 2);
}

void arch_espcn_x3(struct arch *a)
{
	espcn(a, 104, 160, 3);
}

void arch_espcn_x4(struct arch *a)
{
	espcn(a, 78, 120, 4);
}

/* 20 convolutions make the noise, which is taken away. */
static void dncnn(struct arch *a, int c)
{
	const struct val image = ar_input_hw(a, c, 321, 481);
	struct val x = image;

	a->act = AR_RELU;
	for (int i = 0; i < 19; i++)
		x = ar_cba(a, ar_name("/conv%d", i), x, ar_thin(a, 64), 3, 1);
	ar_output(a, ar_2(a, "Sub", "/clean", image, ar_conv(a, "/conv19", x, c, 3, 1), ""));
}

void arch_dncnn3(struct arch *a)
{
	dncnn(a, 1);
}

void arch_dncnn_color_blind(struct arch *a)
{
	dncnn(a, 3);
}
