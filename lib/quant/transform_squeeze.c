/*
 * se_optimization: squeeze-and-excite blocks by tiles (Vosco, Shenkman and Grobman 2021).  A
 * block's gate is made of the mean of a tile of rows instead of the mean of the picture, so that it
 * is there as soon as the tile is: the pool has the tile as its window, the layers behind it work
 * on one pixel a tile, and the gate is repeated over the tile's rows.  A tile as high as the
 * picture is the block as it was.
 */
#include "quant/transform.h"

#include <math.h>

enum {
	TILES_MAX = 4096 /* the table's longest list */
};

/* One pixel of the output is made of the same pixel of the input alone. */
static bool by_pixel(const struct layer *l)
{
	const struct hn_params *p = &l->p;

	if (l->type == HN_CONV)
		return p->kernel[0] == 1 && p->kernel[1] == 1 && p->stride[0] == 1 &&
		       p->stride[1] == 1 && !p->elementwise_add;
	if (l->type == HN_DENSE)
		return !p->elementwise_add;
	return l->type == HN_ACTIVATION || l->type == HN_NORMALIZATION || l->type == HN_BATCH_NORM;
}

/* The product behind a block's pool, and which of its inputs is the gate; NULL: no such block. */
static struct layer *find_gate(const struct layer *pool, size_t *input)
{
	const struct layer *l = pool;

	if (pool->type != HN_GLOBAL_AVGPOOL || pool->p.activation != ACT_LINEAR)
		return NULL;
	while (l->nsucc == 1) {
		struct layer *next = l->succ[0];
		const size_t mine = next->nin && next->in[0].layer == l ? 0 : 1;

		if (next->type == HN_EW_MULT) {
			*input = mine;
			return next->in[1 - mine].layer == pool->in[0].layer &&
				       next->in[1 - mine].port == pool->in[0].port
				   ? next
				   : NULL;
		}
		if (!by_pixel(next))
			return NULL;
		l = next;
	}
	return NULL;
}

/* A dense layer that read one pixel reads every pixel. */
static void dense_to_conv(struct quant *q, struct layer *l)
{
	const struct tensor *t = layer_weight(q->w, l, "kernel");
	struct tensor kernel = tensor_ref(t);

	kernel.rank = 4;
	kernel.dim[2] = t->dim[0];
	kernel.dim[3] = t->dim[1];
	kernel.dim[0] = kernel.dim[1] = 1;
	layer_set_weight(q->w, l, "kernel", kernel);
	l->type = HN_CONV;
}

static int put_tiles(struct quant *q, struct layer *pool, int32_t tile, struct err *e)
{
	const struct hn_shape in = *layer_in_shape(pool, 0);
	struct layer *resize, *gate;
	size_t input;

	if (in.h % tile)
		return err_set(e,
			       "layer '%s' reads %d rows, which are no whole number of tiles of %d "
			       "(a tile_height that divides them)",
			       quote(pool->name), (int)in.h, (int)tile);
	if (tile == in.h)
		return 0;
	gate = find_gate(pool, &input);
	for (struct layer *l = pool->succ[0]; l != gate; l = l->succ[0])
		if (l->type == HN_DENSE)
			dense_to_conv(q, l);
	pool->type = HN_AVGPOOL;
	pool->p.kernel[0] = pool->p.stride[0] = tile;
	pool->p.kernel[1] = pool->p.stride[1] = in.w;
	pool->p.padding = PAD_VALID;
	resize = transform_add(q, HN_RESIZE, "resize", pool);
	resize->p.resize_out[0] = in.h;
	resize->p.resize_out[1] = 1;
	resize->p.resize_mode = 2;
	layer_add_input(q->g, resize, gate->in[input].layer, gate->in[input].port);
	graph_redirect(q->g, gate, input, resize, 0);
	return graph_infer_shapes(q->g, e);
}

/* Tile height of block number i: one for all, or one each. */
static int32_t tile_height(const struct alls_stmt *st, size_t i)
{
	const struct alls_value *v = alls_get(st, "tile_height");
	double heights[TILES_MAX];
	size_t n;

	if (!v || v->kind == ALLS_NUMBER)
		return alls_get_int(st, "tile_height", 7);
	n = alls_get_numbers(st, "tile_height", heights, TILES_MAX);
	return (int32_t)fmin(heights[i < n ? i : n - 1], LIMIT_DIM);
}

/* The pools that the statement means, in its order. */
static int find_pools(const struct quant *q, const struct alls_stmt *st, struct layer ***out,
		      size_t *n, struct err *e)
{
	const size_t count = (size_t)alls_get_int(st, "count", 0);
	size_t input;

	*n = 0;
	if (alls_has_word(st, "mode", "custom")) {
		if (alls_layers(st, alls_get(st, "layers"), q->g, out, n, e) < 0)
			return -1;
		for (size_t i = 0; i < *n; i++)
			if (!find_gate((*out)[i], &input)) {
				err_set(e,
					"layer '%s' is no global average pool of a "
					"squeeze-and-excite block",
					quote((*out)[i]->name));
				return alls_in(st, e);
			}
		return 0;
	}
	*out = xcalloc(q->g->nlayers, sizeof **out);
	for (size_t i = 0; i < q->g->nlayers && *n < count; i++)
		if (find_gate(q->g->layers[i], &input))
			(*out)[(*n)++] = q->g->layers[i];
	if (*n == count)
		return 0;
	err_set(e, "count=%zu, but the network has %zu squeeze-and-excite blocks", count, *n);
	return alls_in(st, e);
}

int transform_squeeze(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	struct layer **pools = NULL;
	size_t n = 0;
	int rc;

	if (alls_has_word(st, "mode", "disabled"))
		return 0;
	rc = find_pools(q, st, &pools, &n, e);
	for (size_t i = 0; i < n && rc == 0; i++)
		if (put_tiles(q, pools[i], tile_height(st, i), e) < 0)
			rc = alls_in(st, e);
	free(pools);
	return rc;
}
