/* Layers without multipliers: pools, reductions, elementwise, moves, resize, PPU, boundary. */
#include "alloc/alloc_int.h"
#include <math.h>

/* Largest, or sum, of a window: of its columns, then of its rows. */
int cost_pool(const struct plan *p, const struct unit *u, struct cost *c)
{
	c->script_step = p->t->mode[0].features;
	c->script_columns = qop_has_columns(u->q) ? p->t->mode[0].columns : 0;
	c->apu_cycles =
	    ceil_div(c->cols, p->t->apu_values_per_cycle) * (u->l->p.kernel[0] + u->l->p.kernel[1]);
	c->apu_cycles = (int64_t)ceil((double)c->apu_cycles / general_rate(p, u->l));
	return 0;
}

/* Every input value passes the APU once. */
int cost_reduce(const struct plan *p, const struct unit *u, struct cost *c)
{
	const struct hn_shape *in = layer_in_shape(u->l, 0);
	int64_t frame = in->h * ceil_div(in->w, p->t->apu_values_per_cycle) * in->c;

	c->apu_cycles = ceil_div(ceil_div(frame, c->rows), c->features);
	return 0;
}

int cost_eltwise(const struct plan *p, const struct unit *u, struct cost *c)
{
	const struct qop *q = u->q;

	c->apu_cycles = ceil_div(c->cols, p->t->apu_values_per_cycle);
	c->weight_bytes = (int64_t)q->kernel.n + 2 * (int64_t)q->kernel16.n +
			  (q->bias_mant.n ? 4 * c->features : 0);
	return 0;
}

/* Columns leave one by one; the features of a lane go together. */
int cost_depth_to_space(const struct plan *p, const struct unit *u, struct cost *c)
{
	const double words =
	    (double)c->cols * (double)ceil_div(c->features, p->t->mode[0].features);
	const int64_t cycles = (int64_t)ceil(words / p->t->d2s_columns_per_cycle);

	if (cost_eltwise(p, u, c) < 0)
		return -1;
	c->ia_cycles = cycles > c->ia_cycles ? cycles : c->ia_cycles;
	return 0;
}

/* Bilinear takes the mean of two values twice, of rows and of columns; nearest one value. */
int cost_resize(const struct plan *p, const struct unit *u, struct cost *c)
{
	c->script_step = p->t->mode[0].features;
	c->script_columns = qop_has_columns(u->q) ? p->t->mode[0].columns : 0;
	c->apu_cycles = ceil_div(c->cols, p->t->apu_values_per_cycle) * (u->l->p.variant ? 2 : 1);
	return 0;
}

/* Reads its input once per row of the output; two passes for softmax and layer normalization. */
int cost_ppu(const struct plan *p, const struct unit *u, struct cost *c)
{
	const struct hn_shape *in = layer_in_shape(u->l, 0);
	enum hn_type t = u->l->type;
	int passes = t == HN_SOFTMAX || t == HN_LAYER_NORM ? 2 : 1;
	int64_t values = (int64_t)in->h * in->w * in->c * passes;

	c->outside = true;
	c->row_cycles = ceil_div(ceil_div(values, c->rows), p->t->ppu_values_per_cycle);
	if (t == HN_ARGMAX)
		c->script_columns = p->t->mode[0].columns;
	return 0;
}

/*
 * Layer normalization is a chain of layers in a cluster, each with a controller: mean, difference,
 * square, its mean, root, product.
 */
int cost_norm(const struct plan *p, const struct unit *u, struct cost *c)
{
	if (p->t->norm_controllers <= 0)
		return cost_ppu(p, u, c);
	c->controllers = p->t->norm_controllers;
	c->ia_cycles =
	    ceil_div(c->cols, p->t->ia_values_per_cycle) * c->features * p->t->norm_passes;
	return 0;
}

/* Boundary rows move at the rate of the link, and share the time that each transfer of a frame
 * takes besides; constants lie on the chip. */
int cost_io(const struct plan *p, const struct unit *u, struct cost *c)
{
	const struct layer *l = u->l;
	const struct hn_shape *s = l->type == HN_OUTPUT ? layer_in_shape(l, 0) : &l->out[0];
	double bytes = (double)s->w * s->c * (u->q->out_bits / 8.0);

	c->outside = true;
	c->rows = s->h;
	c->cols = s->w;
	c->features = s->c;
	c->row_cycles = 1;
	if (l->type != HN_CONST)
		c->row_cycles = (int64_t)ceil(
		    (bytes / target_boundary(p->t) + p->t->boundary_transfer_s / s->h) *
		    p->t->clock_hz);
	if (c->row_cycles < 1)
		c->row_cycles = 1;
	return 0;
}
