/* Heads with anchors, as YOLOv5 and v7 export them: one convolution a level, and the decoding. */
#include "arch.h"

/* Cell positions [1][3][h][w][2], less half a cell. */
static struct val cells(struct arch *a, struct val head)
{
	const int64_t dim[5] = { 1, 3, head.h, head.w, 2 };
	float *v = xcalloc((size_t)(6 * head.h * head.w), sizeof *v);
	struct val t;
	size_t n = 0;

	for (int k = 0; k < 3; k++)
		for (int y = 0; y < head.h; y++)
			for (int x = 0; x < head.w; x++) {
				v[n++] = (float)x - 0.5f;
				v[n++] = (float)y - 0.5f;
			}
	t = ar_floats(a, 5, dim, v);
	free(v);
	return t;
}

/* Anchors repeated over the cells, or one for all of them. */
static struct val anchor_grid(struct arch *a, struct val head, const float *anchor, bool spread)
{
	const int64_t dim[5] = { 1, 3, spread ? head.h : 1, spread ? head.w : 1, 2 };
	const int cells = (int)(dim[2] * dim[3]);
	float *v = xcalloc((size_t)(6 * cells), sizeof *v);
	struct val t;

	for (int k = 0; k < 3; k++)
		for (int i = 0; i < cells; i++) {
			v[2 * (k * cells + i)] = anchor[2 * k];
			v[2 * (k * cells + i) + 1] = anchor[2 * k + 1];
		}
	t = ar_floats(a, 5, dim, v);
	free(v);
	return t;
}

static struct val part_of(struct arch *a, const char *scope, struct val x, int from, int to)
{
	const struct val in[4] = { x, ar_ints(a, 1, (const int64_t[]){ from }),
				   ar_ints(a, 1, (const int64_t[]){ to }),
				   ar_ints(a, 1, (const int64_t[]){ 4 }) };

	return ar_node(a, "Slice", scope, in, 4, "");
}

/* Centre, size and the rest of the predictions, by Split or by Slice. */
static void parts_of(struct arch *a, const char *scope, struct val x, int masks, bool slices,
		     struct val part[4])
{
	const int sizes[4] = { 2, 2, 1 + a->classes, masks };

	if (slices || !masks)
		x = ar_1(a, "Sigmoid", scope, x, "");
	if (!slices) {
		ar_split(a, scope, x, sizes, masks ? 4 : 3, 4, part);
		for (int i = 0; masks && i < 3; i++)
			part[i] = ar_1(a, "Sigmoid", ar_name("%s/part%d", scope, i), part[i], "");
		return;
	}
	part[0] = part_of(a, ar_name("%s/xy", scope), x, 0, 2);
	part[1] = part_of(a, ar_name("%s/wh", scope), x, 2, 4);
	part[2] = part_of(a, ar_name("%s/rest", scope), x, 4, 5 + a->classes);
}

static struct val decode(struct arch *a, const char *scope, struct val head, int stride,
			 const float *anchor, int masks, bool slices)
{
	const int no = 5 + a->classes + masks;
	struct val part[4], x;

	x = ar_reshape(a, scope, head, 5, (const int64_t[]){ 1, 3, no, head.h, head.w });
	x = ar_1(a, "Transpose", scope, x, "perm=0,1,3,4,2");
	parts_of(a, scope, x, masks, slices, part);
	x = ar_2(a, "Mul", ar_name("%s/xy2", scope), part[0], ar_scalar(a, 2), "");
	x = ar_2(a, "Add", ar_name("%s/xy", scope), x, cells(a, head), "");
	part[0] = ar_2(a, "Mul", ar_name("%s/xy", scope), x, ar_scalar(a, (float)stride), "");
	x = ar_2(a, "Mul", ar_name("%s/wh2", scope), part[1], ar_scalar(a, 2), "");
	x = ar_2(a, "Pow", ar_name("%s/wh", scope), x, ar_scalar(a, 2), "");
	part[1] =
	    ar_2(a, "Mul", ar_name("%s/wh", scope), x, anchor_grid(a, head, anchor, !slices), "");
	x = ar_node(a, "Concat", scope, part, masks ? 4 : 3, "axis=4");
	return ar_reshape(a, ar_name("%s/flat", scope), x, 3,
			  (const int64_t[]){ 1, 3 * head.h * head.w, no });
}

void ar_anchor_levels(struct arch *a, const char *scope, const struct val *p,
		      const float (*anchors)[6], int n, int masks, bool slices)
{
	struct val all[4];

	for (int i = 0; i < n; i++) {
		all[i] = ar_conv(a, ar_name("%s/m.%d", scope, i), p[i],
				 3 * (5 + a->classes + masks), 1, 1);
		if (!a->raw)
			all[i] = decode(a, ar_name("%s/level%d", scope, i), all[i], 8 << i,
					anchors[i], masks, slices);
		else
			ar_output(a, all[i]);
	}
	if (!a->raw)
		ar_output(a, ar_node(a, "Concat", scope, all, (size_t)n, "axis=1"));
}

void ar_anchor_heads(struct arch *a, const char *scope, const struct val p[3],
		     const float anchors[3][6], int masks, bool slices)
{
	ar_anchor_levels(a, scope, p, anchors, 3, masks, slices);
}
