/*
 * Post-processes on single cells, by hand numbers: what random heads do not show: the places of an
 * SSD's numbers, one class of a box, equal scores, the border of a threshold, NaN.
 */
#include "post/post.h"
#include "base/err.h"
#include <math.h>

static int passed, failed;

static void check(bool ok, const char *what)
{
	if (ok) {
		passed++;
		return;
	}
	failed++;
	printf("not as expected: %s\n", what);
}

static bool near(float a, double b)
{
	return fabs((double)a - b) < 1e-6;
}

/* One level of 1 x `cells` cells of an SSD with one anchor of 0.5 (width) x 0.25 (height). */
static struct post ssd(int32_t cells, int32_t classes)
{
	struct post p = { .kind = POST_SSD,
			  .score_th = 0.5,
			  .iou_th = 0.5,
			  .image = { 100, 100 },
			  .classes = classes,
			  .max_per_class = 2,
			  .centers_scale = 10,
			  .dims_scale = 5,
			  .nlevel = 1 };

	p.level[0] = (struct post_level){ .nanchor = 1, .w = { 0.5f }, .h = { 0.25f } };
	post_number_inputs(&p);
	p.shape[0] = (struct hn_shape){ 1, cells, 4, 4 };
	p.shape[1] = (struct hn_shape){ 1, cells, classes, 4 };
	return p;
}

static void run(const struct post *p, const float *reg, const float *cls, float *out)
{
	const float *const in[] = { reg, cls };
	struct err e = { 0 };

	check(post_check(p, &e) == 0, e.msg);
	post_run(p, in, out);
}

/* ty = 1, tx = 2, th = ln 2 * 5, tw = 0: centre (0.5 + 0.1, 0.5 + 0.025), twice as high. */
static void places(void)
{
	const float ln2 = 3.4657359f, score = 0.9f;
	const float usual[4] = { 1, 2, ln2, 0 }, xy[4] = { 2, 1, 0, ln2 };
	const double want[5] = { 0.525 - 0.25, 0.6 - 0.25, 0.525 + 0.25, 0.6 + 0.25, 0.9 };
	struct post p = ssd(1, 1);
	float out[10];

	run(&p, usual, &score, out);
	for (int i = 0; i < 5; i++)
		check(near(out[2 * i], want[i]) && out[2 * i + 1] == 0, "ssd, usual order");
	memcpy(p.order, (const int32_t[]){ 0, 1, 2, 3 }, sizeof p.order);
	run(&p, usual, &score, out);
	for (int i = 0; i < 5; i++)
		check(near(out[2 * i], want[i]), "ssd, the usual order given");
	memcpy(p.order, (const int32_t[]){ 1, 0, 3, 2 }, sizeof p.order);
	run(&p, xy, &score, out);
	for (int i = 0; i < 5; i++)
		check(near(out[2 * i], want[i]), "ssd, x first");
}

/* A box with two classes above the threshold: both, or the best. */
static void classes_of_a_box(void)
{
	const float reg[4] = { 0 }, cls[3] = { 0.6f, 0.2f, 0.7f };
	struct post p = ssd(1, 3);
	float out[3 * 5 * 2];

	run(&p, reg, cls, out);
	check(near(out[8], 0.6) && out[18] == 0 && near(out[28], 0.7), "every class");
	p.one_class = true;
	run(&p, reg, cls, out);
	check(out[8] == 0 && out[18] == 0 && near(out[28], 0.7), "the best class");
	p.background_removal = true;
	p.background = 2;
	run(&p, reg, cls, out);
	check(near(out[8], 0.6) && out[18] == 0, "the best class beside the background");
}

/* Cells far apart, all with the same score: the first two; a score at the threshold counts. */
static void ties(void)
{
	float reg[4 * 4] = { 0 }, cls[4] = { NAN, 0.5f, 0.5f, 0.5f }, out[10];
	struct post p = ssd(4, 1);

	p.level[0].w[0] = 0.01f;
	run(&p, reg, cls, out);
	check(near(out[8], 0.5) && near(out[9], 0.5), "scores at the threshold");
	check(near(out[2], 0.375 - 0.005) && near(out[3], 0.625 - 0.005), "the first of equals");
}

/* Boxes side by side that overlap by a third: dropped at 1/3, kept above. */
static void overlap(void)
{
	float reg[8] = { 0 }, cls[2] = { 0.6f, 0.8f }, out[10];
	struct post p = ssd(2, 1);

	p.level[0].w[0] = 1;
	p.iou_th = 0.34;
	run(&p, reg, cls, out);
	check(near(out[8], 0.8) && near(out[9], 0.6), "an overlap below the threshold");
	p.iou_th = 1.0 / 3;
	run(&p, reg, cls, out);
	check(near(out[8], 0.8) && out[9] == 0, "an overlap at the threshold");
}

/* On the neural core YOLOv5 is not suppressed (guide 5.1.5). */
static void engine(void)
{
	float head[2 * 6] = { 0.5f, 0.5f, 0.5f, 0.5f, 1, 0.9f, 0.5f, 0.5f, 0.5f, 0.5f, 1, 0.8f };
	const float *const in[] = { head };
	struct post p = { .kind = POST_YOLOV5,
			  .score_th = 0.5,
			  .iou_th = 0.5,
			  .image = { 8, 8 },
			  .classes = 1,
			  .max_per_class = 2,
			  .nlevel = 1 };
	struct err e = { 0 };
	float out[10];

	p.level[0] = (struct post_level){ .stride = 8, .nanchor = 2, .w = { 4, 4 }, .h = { 2, 2 } };
	post_number_inputs(&p);
	p.shape[0] = (struct hn_shape){ 1, 1, 12, 4 };
	check(post_check(&p, &e) == 0, e.msg);
	post_run(&p, in, out);
	check(near(out[8], 0.9) && out[9] == 0, "yolov5 on the CPU");
	p.engine = POST_NN_CORE;
	post_run(&p, in, out);
	check(near(out[8], 0.9) && near(out[9], 0.8), "yolov5 on the neural core");
	/* Centre (0.5, 0.5) cells of 8 pixels: 4 / 8 wide, 2 / 8 high. */
	check(near(out[0], 0.375) && near(out[2], 0.25) && near(out[4], 0.625) &&
		  near(out[6], 0.75),
	      "yolov5's box");
}

int main(void)
{
	places();
	classes_of_a_box();
	ties();
	overlap();
	engine();
	printf("%d passed, %d failed\n", passed, failed);
	return failed > 0;
}
