/* A layer with rows and columns exchanged: one row per type. */
#include "pass/transpose.h"

typedef void (*change_fn)(struct transpose *t, struct layer *l);

static void swap(int32_t *a, int32_t *b)
{
	const int32_t v = *a;

	*a = *b;
	*b = v;
}

/* top, bottom, left, right */
static void swap_sides(int32_t *four)
{
	swap(&four[0], &four[2]);
	swap(&four[1], &four[3]);
}

/* A new order of a float weight's blocks: block (y, x) of h x w goes to (x, y). */
static void swap_blocks(struct transpose *t, struct layer *l, const char *key, size_t h, size_t w,
			const int64_t *dim, int rank)
{
	const struct tensor *from = layer_weight(t->m->w, l, key);
	struct tensor to;
	size_t block;
	float *v;

	if (!from)
		return; /* weights may be missing; validation says so */
	to = tensor_new(DT_F32, rank, dim);
	block = tensor_bytes(&to) / (h * w);
	v = tensor_data(&to);
	for (size_t y = 0; y < h; y++)
		for (size_t x = 0; x < w; x++)
			memcpy((char *)v + (x * h + y) * block,
			       (const char *)from->data + (y * w + x) * block, block);
	layer_set_weight(t->m->w, l, key, to);
}

static void window(struct transpose *t, struct layer *l)
{
	struct hn_params *p = &l->p;

	(void)t;
	swap(&p->kernel[0], &p->kernel[1]);
	swap(&p->stride[0], &p->stride[1]);
	swap(&p->dilation[0], &p->dilation[1]);
	swap(&p->output_pad[0], &p->output_pad[1]);
	swap_sides(p->pad);
	swap_sides(p->deconv_crop);
}

static void conv(struct transpose *t, struct layer *l)
{
	const size_t h = (size_t)l->p.kernel[0], w = (size_t)l->p.kernel[1];
	int64_t dim[4];

	window(t, l);
	for (int i = 0; i < 4; i++)
		dim[i] = l->p.kernel[i];
	swap_blocks(t, l, "kernel", h, w, dim, 4);
}

/* A reshape to a vector that dense layers read: they take its values in another order. */
static bool is_flatten(const struct layer *l)
{
	if (l->type != HN_FORMAT_CONVERSION || hn_conversion_transposes(l->p.conversion) ||
	    l->out[0].h != 1 || l->out[0].w != 1)
		return false;
	for (size_t i = 0; i < l->nsucc; i++)
		if (l->succ[i]->type != HN_DENSE || l->succ[i]->in[0].layer != l)
			return false;
	return l->nsucc > 0;
}

static void dense(struct transpose *t, struct layer *l)
{
	const struct layer *from = l->in[0].layer;
	const struct hn_shape *s = layer_in_shape(is_flatten(from) ? from : l, 0);
	const int64_t dim[2] = { l->p.kernel[2], l->p.kernel[3] };

	swap_blocks(t, l, "kernel", (size_t)s->h, (size_t)s->w, dim, 2);
}

static void constant(struct transpose *t, struct layer *l)
{
	struct hn_shape *s = &l->out[0];
	const int64_t dim[3] = { s->w, s->h, s->c };

	swap_blocks(t, l, "value", (size_t)s->h, (size_t)s->w, dim, 3);
	if (s->h != 1 || s->w != 1)
		s->rank = 4;
	swap(&s->h, &s->w);
}

static void concat(struct transpose *t, struct layer *l)
{
	(void)t;
	if (l->p.concat_axis < 3)
		l->p.concat_axis = 3 - l->p.concat_axis;
}

static void slice(struct transpose *t, struct layer *l)
{
	(void)t;
	for (int i = 0; i < 3; i++)
		swap(&l->p.slice_h[i], &l->p.slice_w[i]);
}

static void pad(struct transpose *t, struct layer *l)
{
	(void)t;
	swap_sides(l->p.pad);
}

static void resize(struct transpose *t, struct layer *l)
{
	const float scale = l->p.resize_scale[0];

	(void)t;
	swap(&l->p.resize_out[0], &l->p.resize_out[1]);
	l->p.resize_scale[0] = l->p.resize_scale[1];
	l->p.resize_scale[1] = scale;
}

/* Bits 0 and 1 of the axes. */
static void axes(struct transpose *t, struct layer *l)
{
	const int32_t a = l->p.reduce_axes;

	(void)t;
	l->p.reduce_axes = (a & 4) | (a & 1) << 1 | (a & 2) >> 1;
}

/* Output axis i took input axis t[i]: the other names of both. */
static void conversion(struct transpose *t, struct layer *l)
{
	static const int32_t other[3] = { 1, 0, 2 };
	int32_t now[3];

	(void)t;
	if (!hn_conversion_transposes(l->p.conversion))
		return; /* a flatten: the dense layers behind it take the order into their weights
			 */
	for (int i = 0; i < 3; i++)
		now[other[i]] = other[l->p.transpose[i]];
	memcpy(l->p.transpose, now, sizeof now);
}

static void nothing(struct transpose *t, struct layer *l)
{
	(void)t;
	(void)l;
}

static const char blocks[] = "transpose is not supported where depth_to_space or space_to_depth "
			     "layers are used";

/* What becomes of each type; without a function it keeps its layout, or has a reason. */
static const struct {
	change_fn change;
	const char *reason;
} rows[HN_TYPE_COUNT] = {
	/* clang-format off */
	[HN_INPUT]             = { nothing, NULL },
	[HN_OUTPUT]            = { nothing, NULL },
	[HN_CONST]             = { constant, NULL },
	[HN_CONV]              = { conv, NULL },
	[HN_DW]                = { conv, NULL },
	[HN_DECONV]            = { conv, NULL },
	[HN_DENSE]             = { dense, NULL },
	[HN_MATMUL]            = { NULL, NULL },
	[HN_MAXPOOL]           = { window, NULL },
	[HN_AVGPOOL]           = { window, NULL },
	[HN_GLOBAL_AVGPOOL]    = { nothing, NULL },
	[HN_ACTIVATION]        = { nothing, NULL },
	[HN_BATCH_NORM]        = { nothing, NULL },
	[HN_NORMALIZATION]     = { nothing, NULL },
	[HN_LAYER_NORM]        = { axes, NULL },
	[HN_EW_ADD]            = { nothing, NULL },
	[HN_EW_SUB]            = { nothing, NULL },
	[HN_EW_MULT]           = { nothing, NULL },
	[HN_EW_DIV]            = { nothing, NULL },
	[HN_EW_MAX]            = { nothing, NULL },
	[HN_EW_MIN]            = { nothing, NULL },
	[HN_CONCAT]            = { concat, NULL },
	[HN_SLICE]             = { slice, NULL },
	[HN_FEATURE_SPLITTER]  = { nothing, NULL },
	[HN_EXTERNAL_PAD]      = { pad, NULL },
	[HN_DEPTH_TO_SPACE]    = { NULL, blocks },
	[HN_SPACE_TO_DEPTH]    = { NULL, blocks },
	[HN_FEATURE_SHUFFLE]   = { nothing, NULL },
	[HN_FORMAT_CONVERSION] = { conversion, NULL },
	[HN_SHORTCUT]          = { nothing, NULL },
	[HN_RESIZE]            = { resize, NULL },
	[HN_SOFTMAX]           = { nothing, NULL },
	[HN_ARGMAX]            = { nothing, NULL },
	[HN_REDUCE_MAX]        = { axes, NULL },
	[HN_REDUCE_MIN]        = { axes, NULL },
	[HN_REDUCE_SUM]        = { axes, NULL },
	[HN_REDUCE_MEAN]       = { axes, NULL },
	[HN_POSTPROCESS]       = { nothing, NULL },
	/* clang-format on */
};

const char *transpose_reason(const struct layer *l)
{
	return rows[l->type].reason;
}

/* A constant that only such layers read stays with them. */
static bool serves_keepers(const struct transpose *t, const struct layer *l)
{
	for (size_t i = 0; i < l->nsucc; i++)
		if (!transpose_keeps(t, l->succ[i]))
			return false;
	return l->nsucc > 0;
}

bool transpose_keeps(const struct transpose *t, const struct layer *l)
{
	if (l->type == HN_CONST)
		return serves_keepers(t, l);
	if (l->type == HN_FORMAT_CONVERSION)
		return !hn_conversion_transposes(l->p.conversion) && !is_flatten(l);
	return !rows[l->type].change;
}

void transpose_layer(struct transpose *t, struct layer *l)
{
	rows[l->type].change(t, l);
}
