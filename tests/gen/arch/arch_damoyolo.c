/*
 * DAMO-YOLO (Xu et al. 2022), re-parameterised: backbones that a search found, a neck whose levels
 * are joined three at a time, heads of one convolution.
 */
#include "arch.h"

struct stage {
	int c, middle, blocks, step;
};

struct damo {
	int stem;
	struct stage stage[5];
	bool partial; /* half of a stage's features pass its blocks, which are of two 3x3
			 convolutions */
	int in[3], out[3];
	double hidden; /* inner width of the neck's blocks */
	int depth;     /* and how many */
};

static struct val ca(struct arch *a, const char *scope, struct val x, int c, int k, int s,
		     enum ar_act act)
{
	return ar_act(a, scope, ar_conv(a, scope, x, c, k, s), act);
}

static struct val block(struct arch *a, const char *s, struct val x, int c, int middle, int k,
			int step)
{
	struct val y = ca(a, ar_name("%s/conv1", s), x, middle, k, 1, a->act);

	y = ar_conv(a, ar_name("%s/conv2", s), y, c, 3, step);
	if (step == 1 && x.c != c)
		x = ar_conv(a, ar_name("%s/residual_proj", s), x, c, 1, 1);
	return ar_act(a, s, step == 1 ? ar_2(a, "Add", s, y, x, "") : y, a->act);
}

static struct val pools(struct arch *a, const char *s, struct val x)
{
	struct val part[4] = { ca(a, ar_name("%s/conv1", s), x, x.c / 2, 1, 1, AR_SILU) };

	for (int i = 1; i < 4; i++)
		part[i] = ar_maxpool(a, ar_name("%s/m%d", s, i), part[0], 1 + 4 * i, 1);
	return ca(a, ar_name("%s/conv2", s), ar_concat(a, s, part, 4), x.c, 1, 1, AR_SILU);
}

/* Stages one behind the other; the pools come behind the first block of the last. */
static void whole(struct arch *a, const struct damo *v, struct val x, struct val keep[3])
{
	for (int i = 0; i < 5; i++) {
		const struct stage *t = &v->stage[i];

		for (int k = 0; k < t->blocks; k++) {
			x = block(a, ar_name("/backbone.%d.%d", i + 1, k), x, ar_thin(a, t->c),
				  ar_thin(a, t->middle), 1, k ? 1 : t->step);
			if (i == 4 && k == 0)
				x = pools(a, "/backbone/spp", x);
		}
		if (i == 1 || i > 2)
			keep[i < 2 ? 0 : i - 2] = x;
	}
}

/* The stages of one size, n of them, as one: a convolution, then half of the features pass. */
static struct val half(struct arch *a, const char *s, struct val x, const struct stage *t, int n,
		       bool last)
{
	const int c = ar_thin(a, t[n - 1].c);
	struct val part[2];

	x = ca(a, ar_name("%s/downsampler", s), x, c, 3, 2, AR_RELU);
	if (last)
		x = pools(a, ar_name("%s/spp", s), x);
	part[1] = ca(a, ar_name("%s/shortcut", s), x, c / 2, 1, 1, AR_RELU);
	part[0] = ca(a, ar_name("%s/start", s), x, c / 2, 1, 1, AR_RELU);
	for (int i = 0; i < n; i++)
		for (int k = t[i].step == 2; k < t[i].blocks; k++)
			part[0] = block(a, ar_name("%s/%d.%d", s, i, k), part[0], c / 2,
					ar_thin(a, t[i].middle), 3, 1);
	return ca(a, ar_name("%s/fuse", s), ar_concat(a, s, part, 2), c, 1, 1, AR_RELU);
}

static void halves(struct arch *a, const struct damo *v, struct val x, struct val keep[3])
{
	x = half(a, "/backbone.1", x, &v->stage[0], 1, false);
	keep[0] = half(a, "/backbone.2", x, &v->stage[1], 1, false);
	keep[1] = half(a, "/backbone.3", keep[0], &v->stage[2], 2, false);
	keep[2] = half(a, "/backbone.4", keep[1], &v->stage[4], 1, true);
}

/* ---- the neck ---- */
static struct val merge(struct arch *a, const struct damo *v, const char *s, const struct val *in,
			size_t n, int c)
{
	const struct val x = ar_concat(a, s, in, n);
	struct val part[8], y, z;

	part[0] = ca(a, ar_name("%s/conv1", s), x, c / 2, 1, 1, a->act);
	y = ca(a, ar_name("%s/conv2", s), x, c / 2, 1, 1, a->act);
	for (int i = 0; i < v->depth; i++) {
		const char *t = ar_name("%s/convs.%d", s, i);

		z = ca(a, ar_name("%s/conv2", t), y, (int)(y.c * v->hidden), 3, 1, a->act);
		z = ca(a, ar_name("%s/conv1", t), z, c / 2, 3, 1, a->act);
		part[1 + i] = y = ar_2(a, "Add", t, y, z, "");
	}
	y = ar_concat(a, ar_name("%s/all", s), part, 1 + (size_t)v->depth);
	return ca(a, ar_name("%s/conv3", s), y, c, 1, 1, a->act);
}

static struct val down(struct arch *a, const char *s, struct val x)
{
	return ca(a, s, x, x.c, 3, 2, a->act);
}

/* From the backbone's levels, each with its neighbours, deepest first; then back again. */
static void neck(struct arch *a, const struct damo *v, const struct val x[3], struct val p[3])
{
	const int in1 = ar_thin(a, v->in[1]), in2 = ar_thin(a, v->in[2]);
	struct val part[3], low, mid;

	part[0] = x[2];
	part[1] = down(a, "/neck/bu_conv13", x[1]);
	low = merge(a, v, "/neck/merge_3", part, 2, in2);
	part[0] = x[1];
	part[1] = down(a, "/neck/bu_conv24", x[0]);
	part[2] = ar_up(a, "/neck/up34", low);
	mid = merge(a, v, "/neck/merge_4", part, 3, in1);
	part[0] = x[0];
	part[1] = ar_up(a, "/neck/up45", mid);
	p[0] = merge(a, v, "/neck/merge_5", part, 2, ar_thin(a, v->out[0]));
	part[0] = mid;
	part[1] = down(a, "/neck/bu_conv57", p[0]);
	p[1] = merge(a, v, "/neck/merge_7", part, 2, ar_thin(a, v->out[1]));
	part[0] = low;
	part[1] = down(a, "/neck/bu_conv46", mid);
	part[2] = down(a, "/neck/bu_conv76", p[1]);
	p[2] = merge(a, v, "/neck/merge_6", part, 3, ar_thin(a, v->out[2]));
}

/* 17 bins a side, scaled; classes with a background. */
static void damoyolo(struct arch *a, const void *with)
{
	const struct damo *v = with;
	struct val x = ar_input(a, 3, 640), keep[3], p[3], y;

	a->classes = a->classes ? a->classes : 80;
	a->act = v->partial ? AR_SILU : AR_RELU;
	x = ca(a, "/backbone.0", ar_focus(a, "/backbone.0", x), ar_thin(a, v->stem), 3, 1, a->act);
	(v->partial ? halves : whole)(a, v, x, keep);
	neck(a, v, keep, p);
	for (int i = 0; i < 3; i++) {
		y = ar_conv(a, ar_name("/head/gfl_reg.%d", i), p[i], 68, 3, 1);
		ar_output(
		    a, ar_2(a, "Mul", ar_name("/head/scales.%d", i), y, ar_scalar(a, 1.25f), ""));
		y = ar_conv(a, ar_name("/head/gfl_cls.%d", i), p[i], a->classes + 1, 3, 1);
		ar_output(a, ar_act(a, ar_name("/head/%d", i), y, AR_SIGMOID));
	}
}

static const struct damo tiny = { 24,
				  { { 64, 24, 2, 2 },
				    { 96, 64, 2, 2 },
				    { 192, 96, 2, 2 },
				    { 192, 152, 2, 1 },
				    { 384, 192, 1, 2 } },
				  false,
				  { 96, 192, 384 },
				  { 64, 128, 256 },
				  1,
				  3 };
static const struct damo small = { 32,
				   { { 128, 24, 1, 2 },
				     { 128, 88, 5, 2 },
				     { 256, 128, 3, 2 },
				     { 256, 120, 2, 1 },
				     { 512, 144, 1, 2 } },
				   false,
				   { 128, 256, 512 },
				   { 128, 256, 512 },
				   0.75,
				   3 };
static const struct damo medium = { 32,
				    { { 128, 64, 2, 2 },
				      { 128, 64, 4, 2 },
				      { 256, 256, 4, 2 },
				      { 256, 256, 4, 1 },
				      { 512, 256, 3, 2 } },
				    true,
				    { 128, 256, 512 },
				    { 128, 256, 512 },
				    1,
				    4 };

const struct arch_row arch_damoyolo[] = { { "damoyolo_tinynasL20_T", damoyolo, &tiny },
					  { "damoyolo_tinynasL25_S", damoyolo, &small },
					  { "damoyolo_tinynasL35_M", damoyolo, &medium },
					  { NULL, NULL, NULL } };
