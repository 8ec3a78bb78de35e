/*
 * The guide's tables of kernels: every combination of sizes, strides, dilations and paddings up to
 * 18 against the tables as they are written there, row by row.
 */
#include "alloc/alloc_int.h"

static int passed, failed;

/* One row of a table, written out: "kh kw sh sw dh dw" for each combination of its lists. */
struct row {
	const char *kernels, *strides, *dilations;
	bool same, valid, valid_plain; /* valid_plain: VALID at stride 1x1 */
	bool close;                    /* that, and at dilation 1x1 */
};

/* clang-format off */
static const struct row table7_conv[] = {
	{ "1x1", "1x1", "1x1", true, true, false, false },
	{ "3x3", "1x1", "1x1", true, false, false, false },
	{ "3x3", "2x1", "1x1", true, false, false, false },
	{ "3x3", "1x1", "2x2", true, false, false, false },
	{ "3x3", "1x1", "3x3", true, false, false, false },
	{ "3x3", "1x1", "4x4", true, false, false, false },
	{ "5x5", "1x1,2x1", "1x1", true, false, false, false },
	{ "7x7", "1x1,1x2,2x1,2x2", "1x1", true, false, false, false },
	{ "1x3,1x5,1x7", "1x1", "1x1", true, false, false, false },
	{ "3x5,3x7,5x3,5x7,7x3,7x5", "1x1", "1x1", true, false, false, false },
	{ "3x4,5x4,7x4,9x4", "1x1", "1x1", true, false, false, false },
	{ "3x6,5x6,7x6,9x6", "1x1", "1x1", true, false, false, false },
	{ "3x8,5x8,7x8,9x8", "1x1", "1x1", true, false, false, false },
	{ "9x9", "1x1", "1x1", true, false, false, false },
	{ 0 }
};
static const struct row table7_dw[] = {
	{ "3x3", "1x1", "1x1,2x2", true, false, false, false },
	{ "5x5", "1x1", "1x1", true, false, false, false },
	{ 0 }
};
/* Its padding is not restricted. */
static const struct row table8[] = {
	{ "3x3", "1x1,1x2,2x1,2x2", "1x1", true, true, false, false },
	{ "7x7", "2x2", "1x1", true, true, false, false },
	{ 0 }
};
/* Without the rows for any size (those of the form MxN, 1xW), which are tested apart. */
static const struct row table9[] = {
	{ "1x1", "1x1,2x1,2x2", "1x1", true, true, false, false },
	{ "3x3", "1x1,1x2,2x1,2x2", "1x1", true, true, false, false },
	{ "3x3", "1x1", "2x2,3x3,4x4,6x6,8x8,16x16", true, true, false, false },
	{ "2x2", "2x1", "1x1", true, false, false, false },
	{ "2x2,2x3,2x5,2x7,3x2,5x2,7x2", "2x2", "1x1", true, false, false, false },
	{ "5x5,7x7", "1x1,1x2,2x1,2x2", "1x1", true, false, true, false },
	{ "6x6", "2x2", "1x1", true, true, false, false },
	{ "1x3,1x5,1x7", "1x1,1x2", "1x1", true, false, true, false },
	{ "3x5,3x7,5x3,5x7,7x3,7x5", "1x1,1x2", "1x1", true, false, true, false },
	{ "3x1", "1x1,2x1", "1x1", true, true, false, false },
	{ "5x1,7x1", "1x1", "1x1", true, true, false, false },
	{ "1x9,3x9,5x9,7x9", "1x1", "1x1", true, true, false, false },
	{ "9x1,9x3,9x5,9x7,9x9", "1x1", "1x1", true, true, false, false },
	{ "3x4,5x4,7x4,9x4", "1x1", "1x1", true, true, false, false },
	{ "3x6,5x6,7x6,9x6", "1x1", "1x1", true, true, false, false },
	{ "3x8,5x8,7x8,9x8", "1x1", "1x1", true, true, false, false },
	{ 0 }
};
static const struct row table13[] = {
	{ "2x2", "2x2", "1x1", true, true, false, false },
	{ "3x3", "1x1,2x2", "1x1", true, false, false, false },
	{ "3x4", "3x4", "1x1", true, true, false, false },
	{ "5x5", "1x1,2x2", "1x1", true, false, false, false },
	{ 0 }
};
static const struct row table15[] = {
	{ "1x1", "1x1", "1x1", true, true, false, false },
	{ "2x2", "2x2", "1x1", true, true, false, false },
	{ "3x3", "1x1,2x2", "1x1", true, false, true, true },
	{ "3x3", "1x1", "2x2,4x4", true, false, false, false },
	{ "3x5,5x3", "1x1", "1x1", true, true, false, false },
	{ "5x5", "1x1,2x2", "1x1", true, false, true, true },
	{ "9x9", "1x1", "1x1", true, false, false, false },
	{ 0 }
};
/* clang-format on */

/* Is h x w in "1x3,3x3"? */
static bool in_list(const char *list, int h, int w)
{
	int a, b, used;

	while (sscanf(list, "%dx%d%n", &a, &b, &used) == 2) {
		if (a == h && b == w)
			return true;
		list += used + (list[used] == ',');
	}
	return false;
}

static bool wanted(const struct row *r, const struct hn_params *k)
{
	const bool plain = k->stride[0] == 1 && k->stride[1] == 1;
	const bool close = k->dilation[0] == 1 && k->dilation[1] == 1;

	for (; r->kernels; r++) {
		const bool valid = r->valid || (r->valid_plain && plain && (!r->close || close));

		if ((k->padding == PAD_VALID ? valid : r->same) &&
		    in_list(r->kernels, k->kernel[0], k->kernel[1]) &&
		    in_list(r->strides, k->stride[0], k->stride[1]) &&
		    in_list(r->dilations, k->dilation[0], k->dilation[1]))
			return true;
	}
	return false;
}

static struct layer *input, *layer;

static void check(const char *what, bool got, bool want)
{
	const struct hn_params *k = &layer->p;

	if (got == want) {
		passed++;
		return;
	}
	failed++;
	printf("%s: kernel %dx%d, stride %dx%d, dilation %dx%d, padding %d: %s\n", what,
	       k->kernel[0], k->kernel[1], k->stride[0], k->stride[1], k->dilation[0],
	       k->dilation[1], (int)k->padding, got ? "listed" : "not listed");
}

/* A kernel that steps by its own size is always optimized; 1xW does not occur: W is 1000. */
static void check_layer(void)
{
	const struct hn_params *k = &layer->p;
	const bool whole = k->dilation[0] == 1 && k->dilation[1] == 1 &&
			   k->kernel[0] == k->stride[0] && k->kernel[1] == k->stride[1];

	layer->type = HN_CONV;
	check("16x4", kernel_16x4(layer), wanted(table7_conv, k));
	check("no_contexts", kernel_no_contexts(layer), wanted(table8, k));
	check("convolution", kernel_optimized(layer), whole || wanted(table9, k));
	layer->type = HN_DW;
	check("16x4 depthwise", kernel_16x4(layer), wanted(table7_dw, k));
	check("no_contexts depthwise", kernel_no_contexts(layer), false);
	check("depthwise", kernel_optimized(layer), wanted(table15, k));
	layer->type = HN_AVGPOOL;
	check("average pool", kernel_optimized(layer), wanted(table13, k));
	layer->type = HN_DENSE;
	check("dense", kernel_16x4(layer) || kernel_no_contexts(layer), false);
}

static void each_size(int32_t size[2], int most, void (*then)(void))
{
	for (size[0] = 1; size[0] <= most; size[0]++)
		for (size[1] = 1; size[1] <= most; size[1]++)
			then();
}

static void each_padding(void)
{
	static const enum hn_padding paddings[] = { PAD_SAME, PAD_SAME_TENSORFLOW, PAD_VALID };

	for (size_t i = 0; i < sizeof paddings / sizeof paddings[0]; i++) {
		layer->p.padding = paddings[i];
		check_layer();
	}
}

static void each_dilation(void)
{
	static const int32_t dilations[][2] = {
		{ 1, 1 }, { 2, 2 }, { 3, 3 },   { 4, 4 }, { 5, 5 },
		{ 6, 6 }, { 8, 8 }, { 16, 16 }, { 1, 2 }, { 2, 1 }
	};

	for (size_t i = 0; i < sizeof dilations / sizeof dilations[0]; i++) {
		memcpy(layer->p.dilation, dilations[i], sizeof dilations[i]);
		each_padding();
	}
}

static void each_stride(void)
{
	each_size(layer->p.stride, 4, each_dilation);
}

/* Kernels as wide as the image, and average pools of whole rows of it. */
static void check_width(void)
{
	struct hn_params *k = &layer->p;

	*k = (struct hn_params){ .kernel = { 1, 1000, 1, 1 },
				 .stride = { 1, 1 },
				 .dilation = { 1, 1 },
				 .padding = PAD_VALID };
	layer->type = HN_CONV;
	check("1xW", kernel_optimized(layer), true);
	k->kernel[1] = 999;
	check("narrower", kernel_optimized(layer), false);
	layer->type = HN_AVGPOOL;
	k->kernel[0] = k->stride[0] = 7;
	k->kernel[1] = k->stride[1] = 1000;
	check("hxW", kernel_optimized(layer), true);
	k->padding = PAD_SAME;
	check("hxW, padded", kernel_optimized(layer), false);
	layer->type = HN_MAXPOOL; /* table 12 lists what is supported, not what is optimized */
	check("max pool", kernel_optimized(layer), true);
}

int main(void)
{
	struct graph *g = graph_new("net");

	input = graph_add(g, HN_INPUT, "input_layer1");
	input->out[0] = (struct hn_shape){ 1000, 1000, 1000, 4 };
	layer = graph_add(g, HN_CONV, "conv1");
	layer_add_input(g, layer, input, 0);
	each_size(layer->p.kernel, 10, each_stride);
	check_width();
	graph_free(g);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
