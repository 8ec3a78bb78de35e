/*
 * YOLOv10 (Wang et al. 2024), YOLO11 (2024), YOLO12 (Tian et al. 2025) and YOLO26 (2025) as their
 * repositories export them: one skeleton, with the blocks of each release, attention over the
 * smallest features, and heads whose classes come from depthwise convolutions.
 */
#include "arch_yolo.h"
#include <math.h>

enum kind {
	C2F,      /* without additions */
	C2F_ADD,  /* with them */
	C3K2,     /* as C2F_ADD, the bottlenecks narrower by half */
	C3K,      /* two bottlenecks beside a 1x1 convolution in each place */
	CIB,      /* pointwise and depthwise convolutions */
	CIB_WIDE, /* a 7x7 kernel in the middle */
	ATTEND,   /* a bottleneck and attention */
	AREA1,    /* attention over all pixels, twice in each place */
	AREA4,    /* over quarters of the rows */
	CHAIN     /* as C3K, all features pass */
};

struct release {
	int number;   /* 10, 11, 12, 26 */
	int width[8]; /* of the blocks 2, 4, 6, 8, 13, 16, 19, 22 */
	int depth[8];
	bool one_to_one; /* names of the heads */
	bool separable;  /* halving: 1x1, then a depthwise 3x3 */
	bool direct;     /* boxes without distributions */
};

struct size {
	const struct release *r;
	double depth, width;
	int most; /* features, before width */
	enum kind kind[8];
};

static int wide(const struct arch *a, const struct size *s, int c)
{
	const int n = (int)((c < s->most ? c : s->most) * s->width + 7) / 8 * 8;

	return ar_thin(a, n);
}

/* A depthwise convolution, with the activation or not. */
static struct val depthwise(struct arch *a, const char *scope, struct val x, int k, int s, bool act)
{
	x = ar_dw(a, ar_name("%s/conv", scope), x, k, s);
	return act ? ar_act(a, ar_name("%s/act", scope), x, a->act) : x;
}

static struct val bottleneck(struct arch *a, const char *scope, struct val x, int narrow)
{
	struct val y = ar_cba(a, ar_name("%s/cv1", scope), x, narrow, 3, 1);

	return ar_2(a, "Add", scope, x, ar_cba(a, ar_name("%s/cv2", scope), y, x.c, 3, 1), "");
}

static struct val c3k(struct arch *a, const char *scope, struct val x)
{
	struct val part[2] = { ar_cba(a, ar_name("%s/cv1", scope), x, x.c / 2, 1, 1) };

	for (int i = 0; i < 2; i++)
		part[0] = bottleneck(a, ar_name("%s/m/m.%d", scope, i), part[0], part[0].c);
	part[1] = ar_cba(a, ar_name("%s/cv2", scope), x, x.c / 2, 1, 1);
	return ar_cba(a, ar_name("%s/cv3", scope), ar_concat(a, scope, part, 2), x.c, 1, 1);
}

static struct val cib(struct arch *a, const char *scope, struct val x, int k)
{
	struct val y = depthwise(a, ar_name("%s/cv1.0", scope), x, 3, 1, true);

	y = ar_cba(a, ar_name("%s/cv1.1", scope), y, 2 * x.c, 1, 1);
	y = depthwise(a, ar_name("%s/cv1.2", scope), y, k, 1, true);
	y = ar_cba(a, ar_name("%s/cv1.3", scope), y, x.c, 1, 1);
	return ar_2(a, "Add", scope, x, depthwise(a, ar_name("%s/cv1.4", scope), y, 3, 1, true),
		    "");
}

/* Queries and keys are half as wide as values; positions by a depthwise convolution of the values.
 */
static struct val attention(struct arch *a, const char *scope, struct val x)
{
	const int heads = x.c < 64 ? 1 : x.c / 64, wide = x.c / heads, half = wide / 2,
		  n = x.h * x.w;
	const int64_t image[4] = { 1, x.c, x.h, x.w }, rows[4] = { 1, heads, 2 * wide, n };
	struct val qkv[3], p, pe;

	p = ar_conv(a, ar_name("%s/qkv/conv", scope), x, 2 * x.c, 1, 1);
	p = ar_reshape(a, scope, p, 4, rows);
	ar_split(a, scope, p, (const int[3]){ half, half, wide }, 3, 2, qkv);
	p = ar_1(a, "Transpose", ar_name("%s/q", scope), qkv[0], "perm=0,1,3,2");
	p = ar_2(a, "MatMul", ar_name("%s/qk", scope), p, qkv[1], "");
	p = ar_2(a, "Mul", scope, p, ar_scalar(a, (float)(1 / sqrt(half))), "");
	p = ar_1(a, "Softmax", scope, p, "axis=-1");
	p = ar_1(a, "Transpose", ar_name("%s/p", scope), p, "perm=0,1,3,2");
	p = ar_2(a, "MatMul", ar_name("%s/pv", scope), qkv[2], p, "");
	a->macs += (double)n * n * heads * (half + wide);
	p = ar_reshape(a, ar_name("%s/join", scope), p, 4, image);
	pe = ar_reshape(a, ar_name("%s/v", scope), qkv[2], 4, image);
	p.c = pe.c = x.c;
	pe = depthwise(a, ar_name("%s/pe", scope), pe, 3, 1, false);
	p = ar_2(a, "Add", scope, p, pe, "");
	return ar_conv(a, ar_name("%s/proj/conv", scope), p, x.c, 1, 1);
}

static struct val attend(struct arch *a, const char *scope, struct val x)
{
	struct val y = attention(a, ar_name("%s/attn", scope), x);

	x = ar_2(a, "Add", ar_name("%s/add1", scope), x, y, "");
	y = ar_cba(a, ar_name("%s/ffn/ffn.0", scope), x, 2 * x.c, 1, 1);
	y = ar_conv(a, ar_name("%s/ffn/ffn.1/conv", scope), y, x.c, 1, 1);
	return ar_2(a, "Add", ar_name("%s/add2", scope), x, y, "");
}

/* [areas][pixels][features] to [areas][heads][features of a head, three times][pixels] */
static struct val area_heads(struct arch *a, const char *s, struct val x, int areas, int heads)
{
	const int64_t n = (int64_t)x.h * x.w, c = x.c;

	x = ar_reshape(a, s, x, 3, (const int64_t[]){ 1, c, n });
	x = ar_1(a, "Transpose", s, x, "perm=0,2,1");
	if (areas > 1)
		x = ar_reshape(a, ar_name("%s/areas", s), x, 3,
			       (const int64_t[]){ areas, n / areas, c });
	x = ar_reshape(a, ar_name("%s/heads", s), x, 4,
		       (const int64_t[]){ areas, n / areas, heads, c / heads });
	return ar_1(a, "Transpose", ar_name("%s/heads", s), x, "perm=0,2,3,1");
}

/* Back to an image. */
static struct val area_image(struct arch *a, const char *s, struct val x, int areas,
			     struct val like)
{
	const int64_t n = (int64_t)like.h * like.w;

	x = ar_1(a, "Transpose", s, x, "perm=0,3,1,2");
	if (areas > 1)
		x = ar_reshape(a, ar_name("%s/areas", s), x, 3, (const int64_t[]){ 1, n, like.c });
	x = ar_reshape(a, s, x, 4, (const int64_t[]){ 1, like.h, like.w, like.c });
	x = ar_1(a, "Transpose", ar_name("%s/image", s), x, "perm=0,3,1,2");
	like.id = x.id;
	return like;
}

static struct val area_attention(struct arch *a, const char *scope, struct val x, int areas)
{
	const int heads = x.c < 32 ? 1 : x.c / 32, c = x.c / heads;
	const double n = (double)x.h * x.w / areas;
	struct val qkv[3], p = ar_conv(a, ar_name("%s/qkv/conv", scope), x, 3 * x.c, 1, 1);

	p = area_heads(a, scope, p, areas, heads);
	ar_split(a, scope, p, (const int[3]){ c, c, c }, 3, 2, qkv);
	p = ar_1(a, "Transpose", ar_name("%s/q", scope), qkv[0], "perm=0,1,3,2");
	p = ar_2(a, "MatMul", ar_name("%s/qk", scope), p, qkv[1], "");
	p = ar_2(a, "Mul", scope, p, ar_scalar(a, (float)(1 / sqrt(c))), "");
	p = ar_1(a, "Softmax", scope, p, "axis=-1");
	p = ar_1(a, "Transpose", ar_name("%s/p", scope), p, "perm=0,1,3,2");
	p = ar_2(a, "MatMul", ar_name("%s/pv", scope), qkv[2], p, "");
	a->macs += 2 * n * n * areas * x.c;
	p = area_image(a, ar_name("%s/x", scope), p, areas, x);
	qkv[2] = area_image(a, ar_name("%s/v", scope), qkv[2], areas, x);
	qkv[2] = depthwise(a, ar_name("%s/pe", scope), qkv[2], 7, 1, false);
	p = ar_2(a, "Add", scope, p, qkv[2], "");
	return ar_conv(a, ar_name("%s/proj/conv", scope), p, x.c, 1, 1);
}

static struct val areas(struct arch *a, const char *scope, struct val x, int n)
{
	for (int i = 0; i < 2; i++) {
		const char *s = ar_name("%s.%d", scope, i);
		struct val y = area_attention(a, ar_name("%s/attn", s), x, n);

		x = ar_2(a, "Add", ar_name("%s/add1", s), x, y, "");
		y = ar_cba(a, ar_name("%s/mlp/mlp.0", s), x, 2 * x.c, 1, 1);
		y = ar_conv(a, ar_name("%s/mlp/mlp.1/conv", s), y, x.c, 1, 1);
		x = ar_2(a, "Add", ar_name("%s/add2", s), x, y, "");
	}
	return x;
}

static struct val inner(struct arch *a, const char *scope, struct val x, enum kind kind)
{
	switch (kind) {
	case C3K2:
		return bottleneck(a, scope, x, x.c / 2);
	case C3K:
	case CHAIN:
		return c3k(a, scope, x);
	case CIB:
	case CIB_WIDE:
		return cib(a, scope, x, kind == CIB ? 3 : 7);
	case ATTEND:
		x = bottleneck(a, ar_name("%s/m.0", scope), x, x.c / 2);
		return attend(a, ar_name("%s/m.1", scope), x);
	case AREA1:
	case AREA4:
		return areas(a, scope, x, kind == AREA1 ? 1 : 4);
	default:
		return x;
	}
}

/* All of the hidden features pass; what each block gives is kept. */
static struct val chain(struct arch *a, const char *scope, struct val x, int c, int n,
			enum kind kind)
{
	struct val part[8] = { ar_cba(a, ar_name("%s/cv1", scope), x, c / 2, 1, 1) };

	for (int i = 0; i < n; i++)
		part[1 + i] = inner(a, ar_name("%s/m.%d", scope, i), part[i], kind);
	return ar_cba(a, ar_name("%s/cv2", scope), ar_concat(a, scope, part, (size_t)n + 1), c, 1,
		      1);
}

/* hidden features pass n inner blocks, as many do not. */
static struct val block(struct arch *a, const char *scope, struct val x, int c, int hidden, int n,
			enum kind kind)
{
	struct val part[8];

	if (kind == C2F || kind == C2F_ADD)
		return ar_c2f(a, scope, x, c, n, kind == C2F_ADD);
	if (kind >= AREA1)
		return chain(a, scope, x, c, n, kind);
	x = ar_cba(a, ar_name("%s/cv1", scope), x, 2 * hidden, 1, 1);
	ar_split(a, scope, x, (const int[2]){ hidden, hidden }, 2, 1, part);
	for (int i = 0; i < n; i++)
		part[2 + i] = inner(a, ar_name("%s/m.%d", scope, i), part[1 + i], kind);
	return ar_cba(a, ar_name("%s/cv2", scope), ar_concat(a, scope, part, (size_t)n + 2), c, 1,
		      1);
}

static int repeats(const struct size *s, int n)
{
	const int r = (int)(n * s->depth + 0.5);

	return n > 1 && r > 1 ? r : 1;
}

/* Block i of the skeleton's eight; the first two of YOLO11 and later pass a quarter of the
 * features. */
static struct val stage(struct arch *a, const struct size *s, int i, struct val x)
{
	static const int layer[8] = { 2, 4, 6, 8, 13, 16, 19, 22 };
	const int number = layer[i] - (i > 3 && s->r->number == 12 ? 2 : 0);
	const int c = wide(a, s, s->r->width[i]);
	const int hidden = i < 2 && s->r->number > 10 ? c / 4 : c / 2;

	return block(a, ar_name("/model.%d", number), x, c, hidden, repeats(s, s->r->depth[i]),
		     s->kind[i]);
}

static struct val halve(struct arch *a, const struct size *s, int layer, struct val x, int c)
{
	const char *scope = ar_name("/model.%d", layer);

	c = wide(a, s, c);
	if (layer < 5 || layer == 17 || !s->r->separable)
		return ar_cba(a, scope, x, c, 3, 2);
	x = ar_cba(a, ar_name("%s/cv1", scope), x, c, 1, 1);
	return depthwise(a, ar_name("%s/cv2", scope), x, 3, 2, false);
}

/* Pools, in YOLO26 around which the features pass, then attention over half of them. */
static struct val middle(struct arch *a, const struct size *s, struct val x)
{
	struct val part[4], y;

	if (s->r->number == 12)
		return x;
	if (s->r->number < 26) {
		y = ar_sppf(a, "/model.9", x, x.c);
	} else {
		part[0] = ar_conv(a, "/model.9/cv1/conv", x, x.c / 2, 1, 1);
		for (int i = 1; i < 4; i++)
			part[i] = ar_maxpool(a, ar_name("/model.9/m%d", i), part[i - 1], 5, 1);
		y = ar_cba(a, "/model.9/cv2", ar_concat(a, "/model.9", part, 4), x.c, 1, 1);
		y = ar_2(a, "Add", "/model.9", x, y, "");
	}
	y = ar_cba(a, "/model.10/cv1", y, y.c, 1, 1);
	ar_split(a, "/model.10", y, (const int[2]){ y.c / 2, y.c / 2 }, 2, 1, part);
	for (int i = 0; i < repeats(s, s->r->number == 10 ? 1 : 2); i++)
		part[1] = attend(a, ar_name("/model.10/m/m.%d", i), part[1]);
	return ar_cba(a, "/model.10/cv2", ar_concat(a, "/model.10", part, 2), y.c, 1, 1);
}

/* Boxes by two convolutions, classes by two pairs of a depthwise and a pointwise one. */
static void detect(struct arch *a, const struct size *s, const struct val p[3])
{
	const char *layer = s->r->number == 12 ? "/model.21" : "/model.23";
	const char *head = ar_name("%s/%s", layer, s->r->one_to_one ? "one2one_" : "");
	const int bins = s->r->direct ? 1 : 16, least = s->r->direct ? 16 : 64;
	const int c0 = p[0].c * a->thin, box = ar_thin(a, c0 / 4 > least ? c0 / 4 : least);
	const int few = a->classes < 100 ? a->classes : 100, c3 = ar_thin(a, c0 > few ? c0 : few);
	struct val all[3];

	for (int i = 0; i < 3; i++) {
		const char *b = ar_name("%scv2.%d", head, i), *c = ar_name("%scv3.%d", head, i);
		struct val part[2] = { p[i], p[i] };

		for (int k = 0; k < 2; k++) {
			part[0] = ar_cba(a, ar_name("%s/%d", b, k), part[0], box, 3, 1);
			part[1] = depthwise(a, ar_name("%s/%d.0", c, k), part[1], 3, 1, true);
			part[1] = ar_cba(a, ar_name("%s/%d.1", c, k), part[1], c3, 1, 1);
		}
		part[0] = ar_conv(a, ar_name("%s/2", b), part[0], 4 * bins, 1, 1);
		part[1] = ar_conv(a, ar_name("%s/2", c), part[1], a->classes, 1, 1);
		for (int k = 0; k < 2 && (a->raw || s->r->one_to_one); k++)
			ar_output(a, part[k]);
		if (!a->raw && !s->r->one_to_one)
			all[i] = ar_concat(a, ar_name("%s/level%d", layer, i), part, 2);
	}
	if (!a->raw && !s->r->one_to_one)
		ar_decode_points(a, layer, all);
}

/* The best of YOLOv10's and YOLO26's boxes are chosen by the host: they always end at the heads. */
static void yolo(struct arch *a, const void *with)
{
	static const int down[4] = { 128, 256, 512, 1024 };
	const struct size *s = with;
	struct val x = ar_input(a, 3, 640), keep[4], p[3];

	a->classes = a->classes ? a->classes : 80;
	a->act = AR_SILU;
	x = ar_cba(a, "/model.0", x, wide(a, s, 64), 3, 2);
	for (int i = 0; i < 4; i++)
		keep[i] = x = stage(a, s, i, halve(a, s, 2 * i + 1, x, down[i]));
	keep[3] = x = middle(a, s, x);
	for (int i = 0; i < 2; i++) {
		x = ar_up(a, ar_name("/model.%d", 11 + 3 * i), x);
		x = ar_concat(a, ar_name("/model.%d", 12 + 3 * i), (struct val[]){ x, keep[2 - i] },
			      2);
		keep[2 - i] = x = stage(a, s, 4 + i, x);
	}
	p[0] = x;
	for (int i = 1; i < 3; i++) {
		x = halve(a, s, 14 + 3 * i, x, 128 << i);
		x = ar_concat(a, ar_name("/model.%d", 15 + 3 * i), (struct val[]){ x, keep[1 + i] },
			      2);
		p[i] = x = stage(a, s, 5 + i, x);
	}
	detect(a, s, p);
}

static const struct release v10 = {
	10,   { 128, 256, 512, 1024, 512, 256, 512, 1024 }, { 3, 6, 6, 3, 3, 3, 3, 3 }, true, true,
	false
};
static const struct release v11 = { 11,
				    { 256, 512, 512, 1024, 512, 256, 512, 1024 },
				    { 2, 2, 2, 2, 2, 2, 2, 2 },
				    false,
				    false,
				    false };
static const struct release v12 = { 12,
				    { 256, 512, 512, 1024, 512, 256, 512, 1024 },
				    { 2, 2, 4, 4, 2, 2, 2, 2 },
				    false,
				    false,
				    false };
static const struct release v26 = {
	26,  { 256, 512, 512, 1024, 512, 256, 512, 1024 }, { 2, 2, 2, 2, 2, 2, 2, 1 }, true, false,
	true
};

/* clang-format off */
#define SIZE(r, depth, width, most, ...) &(const struct size){ r, depth, width, most, { __VA_ARGS__ } }
#define SMALL C3K2, C3K2, C3K, C3K, C3K2, C3K2, C3K2, C3K
#define LARGE C3K, C3K, C3K, C3K, C3K, C3K, C3K, C3K
#define SMALL12 C3K2, C3K2, AREA4, AREA1, CHAIN, CHAIN, CHAIN, C3K
#define SMALL26 C3K2, C3K2, C3K, C3K, C3K, C3K, C3K, ATTEND
#define LARGE26 C3K, C3K, C3K, C3K, C3K, C3K, C3K, ATTEND
const struct arch_row arch_yolov11[] = {
	{ "yolov10n", yolo, SIZE(&v10, 0.33, 0.25, 1024, C2F_ADD, C2F_ADD, C2F_ADD, C2F_ADD, C2F, C2F, C2F, CIB_WIDE) },
	{ "yolov10s", yolo, SIZE(&v10, 0.33, 0.5, 1024, C2F_ADD, C2F_ADD, C2F_ADD, CIB_WIDE, C2F, C2F, C2F, CIB_WIDE) },
	{ "yolov10m", yolo, SIZE(&v10, 0.67, 0.75, 768, C2F_ADD, C2F_ADD, C2F_ADD, CIB, C2F, C2F, CIB, CIB) },
	{ "yolov10b", yolo, SIZE(&v10, 0.67, 1, 512, C2F_ADD, C2F_ADD, C2F_ADD, CIB, CIB, C2F, CIB, CIB) },
	{ "yolov10l", yolo, SIZE(&v10, 1, 1, 512, C2F_ADD, C2F_ADD, C2F_ADD, CIB, CIB, C2F, CIB, CIB) },
	{ "yolov10x", yolo, SIZE(&v10, 1, 1.25, 512, C2F_ADD, C2F_ADD, CIB, CIB, CIB, C2F, CIB, CIB) },
	{ "yolov11n", yolo, SIZE(&v11, 0.5, 0.25, 1024, SMALL) },
	{ "yolov11s", yolo, SIZE(&v11, 0.5, 0.5, 1024, SMALL) },
	{ "yolov11m", yolo, SIZE(&v11, 0.5, 1, 512, LARGE) },
	{ "yolov11l", yolo, SIZE(&v11, 1, 1, 512, LARGE) },
	{ "yolov11x", yolo, SIZE(&v11, 1, 1.5, 512, LARGE) },
	{ "yolov12n", yolo, SIZE(&v12, 0.5, 0.25, 1024, SMALL12) },
	{ "yolov12s", yolo, SIZE(&v12, 0.5, 0.5, 1024, SMALL12) },
	{ "yolo26n", yolo, SIZE(&v26, 0.5, 0.25, 1024, SMALL26) },
	{ "yolo26s", yolo, SIZE(&v26, 0.5, 0.5, 1024, SMALL26) },
	{ "yolo26m", yolo, SIZE(&v26, 0.5, 1, 512, LARGE26) },
	{ "yolo26l", yolo, SIZE(&v26, 1, 1, 512, LARGE26) },
	{ "yolo26x", yolo, SIZE(&v26, 1, 1.5, 512, LARGE26) },
	{ NULL, NULL, NULL }
};
/* clang-format on */
