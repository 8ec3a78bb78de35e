/* Which kernels have code of their own (guide, tables 7, 8, 9, 13 and 15). */
#include "alloc/alloc_int.h"
#include "alls/table.h"

enum {
	SAME = 1,   /* both kinds */
	VALID = 2,  /* padding VALID, too */
	PLAIN = 4,  /* VALID at stride 1x1 only */
	PLAIN1 = 8, /* VALID at stride 1x1 and dilation 1x1 only */
	ALL = SAME | VALID
};

/* Any of the kernels, strides and dilations, height x width, separated by blanks. */
struct kernels {
	const char *kernel, *stride, *dilation;
	unsigned padding;
};

/* clang-format off */
static const struct kernels conv_16x4[] = {
	{ "1x1",                                     "1x1",             "1x1",             ALL },
	{ "3x3",                                     "1x1 2x1",         "1x1",             SAME },
	{ "3x3",                                     "1x1",             "2x2 3x3 4x4",     SAME },
	{ "5x5",                                     "1x1 2x1",         "1x1",             SAME },
	{ "7x7",                                     "1x1 1x2 2x1 2x2", "1x1",             SAME },
	{ "1x3 1x5 1x7",                             "1x1",             "1x1",             SAME },
	{ "3x5 3x7 5x3 5x7 7x3 7x5",                 "1x1",             "1x1",             SAME },
	{ "3x4 5x4 7x4 9x4 3x6 5x6 7x6 9x6",         "1x1",             "1x1",             SAME },
	{ "3x8 5x8 7x8 9x8 9x9",                     "1x1",             "1x1",             SAME },
	{ NULL, NULL, NULL, 0 }
};
static const struct kernels dw_16x4[] = {
	{ "3x3",                                     "1x1",             "1x1 2x2",         SAME },
	{ "5x5",                                     "1x1",             "1x1",             SAME },
	{ NULL, NULL, NULL, 0 }
};
static const struct kernels conv_no_contexts[] = {
	{ "3x3",                                     "1x1 1x2 2x1 2x2", "1x1",             ALL },
	{ "7x7",                                     "2x2",             "1x1",             ALL },
	{ NULL, NULL, NULL, 0 }
};
static const struct kernels conv_optimized[] = {
	{ "1x1",                                     "1x1 2x1 2x2",     "1x1",             ALL },
	{ "3x3",                                     "1x1 1x2 2x1 2x2", "1x1",             ALL },
	{ "3x3",                                     "1x1",             "2x2 3x3 4x4 6x6 8x8 16x16", ALL },
	{ "2x2",                                     "2x1",             "1x1",             SAME },
	{ "2x2 2x3 2x5 2x7 3x2 5x2 7x2 6x6",         "2x2",             "1x1",             SAME },
	{ "6x6",                                     "2x2",             "1x1",             VALID },
	{ "5x5 7x7",                                 "1x1 1x2 2x1 2x2", "1x1",             SAME | PLAIN },
	{ "1x3 1x5 1x7 3x5 3x7 5x3 5x7 7x3 7x5",     "1x1 1x2",         "1x1",             SAME | PLAIN },
	{ "3x1",                                     "1x1 2x1",         "1x1",             ALL },
	{ "5x1 7x1",                                 "1x1",             "1x1",             ALL },
	{ "1x9 3x9 5x9 7x9 9x1 9x3 9x5 9x7 9x9",     "1x1",             "1x1",             ALL },
	{ "3x4 5x4 7x4 9x4 3x6 5x6 7x6 9x6",         "1x1",             "1x1",             ALL },
	{ "3x8 5x8 7x8 9x8",                         "1x1",             "1x1",             ALL },
	{ NULL, NULL, NULL, 0 }
};
static const struct kernels dw_optimized[] = {
	{ "1x1",                                     "1x1",             "1x1",             ALL },
	{ "2x2",                                     "2x2",             "1x1",             ALL },
	{ "3x3",                                     "1x1 2x2",         "1x1",             SAME | PLAIN1 },
	{ "3x3",                                     "1x1",             "2x2 4x4",         SAME },
	{ "3x5 5x3",                                 "1x1",             "1x1",             ALL },
	{ "5x5",                                     "1x1 2x2",         "1x1",             SAME | PLAIN1 },
	{ "9x9",                                     "1x1",             "1x1",             SAME },
	{ NULL, NULL, NULL, 0 }
};
static const struct kernels avgpool_optimized[] = {
	{ "2x2",                                     "2x2",             "1x1",             ALL },
	{ "3x3 5x5",                                 "1x1 2x2",         "1x1",             SAME },
	{ "3x4",                                     "3x4",             "1x1",             ALL },
	{ NULL, NULL, NULL, 0 }
};
/* clang-format on */

static bool has_size(const char *list, int32_t h, int32_t w)
{
	char word[32];

	snprintf(word, sizeof word, "%dx%d", h, w);
	return alls_in_words(list, word);
}

static bool listed(const struct kernels *t, const struct hn_params *k)
{
	const bool plain = k->stride[0] == 1 && k->stride[1] == 1;
	const bool close = k->dilation[0] == 1 && k->dilation[1] == 1;
	unsigned padding = SAME;

	if (k->padding == PAD_VALID)
		padding = VALID | (plain ? PLAIN : 0) | (plain && close ? PLAIN1 : 0);
	for (; t->kernel && k->padding != PAD_DECONV; t++)
		if ((t->padding & padding) && has_size(t->kernel, k->kernel[0], k->kernel[1]) &&
		    has_size(t->stride, k->stride[0], k->stride[1]) &&
		    has_size(t->dilation, k->dilation[0], k->dilation[1]))
			return true;
	return false;
}

bool kernel_16x4(const struct layer *l)
{
	if (l->type == HN_CONV)
		return listed(conv_16x4, &l->p);
	return l->type == HN_DW && listed(dw_16x4, &l->p);
}

bool kernel_no_contexts(const struct layer *l)
{
	return l->type == HN_CONV && listed(conv_no_contexts, &l->p);
}

/* Kernels as wide as the image, and those that step by their own size. */
static bool conv_whole(const struct layer *l)
{
	const struct hn_params *k = &l->p;
	const bool plain = k->stride[0] == 1 && k->stride[1] == 1;

	if (k->dilation[0] != 1 || k->dilation[1] != 1)
		return false;
	return (plain && k->kernel[0] == 1 && k->kernel[1] == layer_in_shape(l, 0)->w) ||
	       (k->padding != PAD_DECONV && k->kernel[0] == k->stride[0] &&
		k->kernel[1] == k->stride[1]);
}

/* Pools of whole rows of the image. */
static bool pool_whole(const struct layer *l)
{
	const struct hn_params *k = &l->p;

	return k->padding == PAD_VALID && k->kernel[1] == layer_in_shape(l, 0)->w &&
	       k->stride[0] == k->kernel[0] && k->stride[1] == k->kernel[1];
}

bool kernel_optimized(const struct layer *l)
{
	if (l->type == HN_CONV)
		return listed(conv_optimized, &l->p) || conv_whole(l);
	if (l->type == HN_DW)
		return listed(dw_optimized, &l->p);
	if (l->type == HN_AVGPOOL)
		return listed(avgpool_optimized, &l->p) || pool_whole(l);
	return true; /* no table, or one that lists all there is */
}
