/*
 * decompose_conv_factor: a convolution whose stride is a factor of its kernel, as the patches of a
 * vision transformer have it, becomes a space_to_depth by the stride (LAYER_s2d, as public scripts
 * call it) and a convolution by the rest of the kernel, of stride 1.
 */
#include "pass/edit.h"
#include "quant/transform.h"

/* Why it stays; NULL: it can be decomposed. */
static const char *whole_reason(const struct layer *l)
{
	const struct hn_params *p = &l->p;
	const struct hn_shape *in = layer_in_shape(l, 0);
	const int32_t size[2] = { in->h, in->w };

	if (l->type != HN_CONV || p->groups != 1 || p->conversion)
		return "it is no convolution in one group";
	if (p->pad[0] || p->pad[1] || p->pad[2] || p->pad[3] || p->dilation[0] != 1 ||
	    p->dilation[1] != 1)
		return "its window is padded or dilated";
	if (p->stride[0] * p->stride[1] == 1)
		return "its stride is 1";
	for (int i = 0; i < 2; i++)
		if (p->kernel[i] % p->stride[i] != 0 || size[i] % p->stride[i] != 0)
			return "its stride does not divide its kernel and its input";
	return NULL;
}

/* Windows that do not overlap: what the command is for, without layers=. */
static bool is_patches(const struct layer *l)
{
	return l->type == HN_CONV && l->p.kernel[0] == l->p.stride[0] &&
	       l->p.kernel[1] == l->p.stride[1];
}

/* The kernel over blocks: row, column and feature of a block are features, in this order. */
static struct tensor block_kernel(const struct tensor *t, const struct hn_params *p, int32_t cin)
{
	const int32_t kh = p->kernel[0], kw = p->kernel[1], sh = p->stride[0], sw = p->stride[1];
	const size_t cout = (size_t)p->kernel[3];
	struct tensor k = tensor_new(
	    DT_F32, 4, (int64_t[]){ kh / sh, kw / sw, (int64_t)cin * sh * sw, (int64_t)cout });
	const float *from = t->data;
	float *to = tensor_data(&k);

	for (int32_t y = 0; y < kh; y++)
		for (int32_t x = 0; x < kw; x++)
			for (int32_t c = 0; c < cin; c++) {
				const int64_t block = (int64_t)(y / sh) * (kw / sw) + x / sw;
				const int64_t row = ((block * sh + y % sh) * sw + x % sw) * cin + c;

				for (size_t o = 0; o < cout; o++)
					to[(size_t)row * cout + o] = *from++;
			}
	return k;
}

int transform_patches(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e)
{
	const bool named = alls_get(st, "layers") && !alls_by_glob(st);
	const int32_t cin = layer_in_shape(l, 0)->c;
	const char *why = whole_reason(l);
	struct layer *blocks;
	size_t n;

	if (alls_get_switch(st, "policy") != 1 || (!named && (why || !is_patches(l))))
		return 0;
	if (why)
		return err_set(e, "layer '%s' cannot be decomposed: %s", quote(l->name), why);
	n = (size_t)l->p.kernel[0] * (size_t)l->p.kernel[1] * (size_t)cin * (size_t)l->p.kernel[3];
	if (!quant_weight(q, l, "kernel", n, e))
		return -1;
	layer_set_weight(q->w, l, "kernel",
			 block_kernel(layer_weight(q->w, l, "kernel"), &l->p, cin));
	blocks = transform_add(q, HN_SPACE_TO_DEPTH, "s2d", l);
	layer_add_input(q->g, blocks, l->in[0].layer, l->in[0].port);
	graph_redirect(q->g, l, 0, blocks, 0);
	for (int i = 0; i < 2; i++) {
		blocks->p.block[i] = l->p.stride[i];
		l->p.kernel[i] /= l->p.stride[i];
		l->p.stride[i] = 1;
	}
	l->p.kernel[2] = cin * blocks->p.block[0] * blocks->p.block[1];
	l->p.padding = PAD_VALID;
	return 0;
}
