/* One row per layer type: how its cost is computed, or why it is not allocated. */
#include "alloc/alloc_int.h"
#include <math.h>

#define MAX_FRAME_CYCLES 0x1p52

static const struct cost_op ops[HN_TYPE_COUNT] = {
	/* clang-format off */
	[HN_INPUT]             = { cost_io,      NULL },
	[HN_OUTPUT]            = { cost_io,      NULL },
	[HN_CONST]             = { cost_io,      NULL },
	[HN_CONV]              = { cost_conv,    NULL },
	[HN_DW]                = { cost_conv,    NULL },
	[HN_DECONV]            = { cost_conv,    NULL },
	[HN_DENSE]             = { cost_conv,    NULL },
	[HN_MATMUL]            = { cost_matmul,  NULL },
	[HN_MAXPOOL]           = { cost_pool,    NULL },
	[HN_AVGPOOL]           = { cost_pool,    NULL },
	[HN_GLOBAL_AVGPOOL]    = { cost_reduce,  NULL },
	[HN_ACTIVATION]        = { cost_eltwise, NULL },
	[HN_BATCH_NORM]        = { cost_eltwise, NULL },
	[HN_NORMALIZATION]     = { cost_eltwise, NULL },
	[HN_LAYER_NORM]        = { cost_norm,    NULL },
	[HN_EW_ADD]            = { cost_eltwise, NULL },
	[HN_EW_SUB]            = { cost_eltwise, NULL },
	[HN_EW_MULT]           = { cost_eltwise, NULL },
	[HN_EW_DIV]            = { cost_eltwise, NULL },
	[HN_EW_MAX]            = { cost_eltwise, NULL },
	[HN_EW_MIN]            = { cost_eltwise, NULL },
	[HN_CONCAT]            = { cost_eltwise, NULL },
	[HN_SLICE]             = { cost_eltwise, NULL },
	[HN_FEATURE_SPLITTER]  = { cost_eltwise, NULL },
	[HN_EXTERNAL_PAD]      = { cost_eltwise, NULL },
	[HN_DEPTH_TO_SPACE]    = { cost_depth_to_space, NULL },
	[HN_SPACE_TO_DEPTH]    = { cost_eltwise, NULL },
	[HN_FEATURE_SHUFFLE]   = { cost_eltwise, NULL },
	[HN_FORMAT_CONVERSION] = { cost_ppu,     NULL },
	[HN_SHORTCUT]          = { cost_eltwise, NULL },
	[HN_RESIZE]            = { cost_resize,  NULL },
	[HN_SOFTMAX]           = { cost_ppu,     NULL },
	[HN_ARGMAX]            = { cost_ppu,     NULL },
	[HN_REDUCE_MAX]        = { cost_reduce,  NULL },
	[HN_REDUCE_MIN]        = { cost_reduce,  NULL },
	[HN_REDUCE_SUM]        = { cost_reduce,  NULL },
	[HN_REDUCE_MEAN]       = { cost_reduce,  NULL },
	[HN_POSTPROCESS]       = { NULL,         "runs on the host, in float" },
	/* clang-format on */
};

const struct cost_op *cost_op_of(enum hn_type t)
{
	return &ops[t];
}

const char *cost_reason(enum hn_type t)
{
	if (ops[t].fn)
		return NULL;
	return ops[t].reason ? ops[t].reason : "no cost is known";
}

int64_t ceil_div(int64_t a, int64_t b)
{
	return (a + b - 1) / b;
}

/* An aligner takes in every value of the largest input once. */
static int64_t input_cycles(const struct plan *p, const struct layer *l, int32_t rows)
{
	const struct hn_shape *s;
	int64_t worst = 0;
	int64_t frame;
	size_t i;

	for (i = 0; i < l->nin; i++) {
		s = layer_in_shape(l, i);
		frame = s->h * ceil_div(s->w, p->t->ia_values_per_cycle) * s->c;
		worst = frame > worst ? frame : worst;
	}
	return (int64_t)ceil((double)worst / rows / p->t->ia_utilization);
}

/* Cycles of a frame stay far from the end of 64 bits. */
static int check_size(const struct layer *l, const struct cost *c, struct err *e)
{
	double values = (double)c->rows * c->cols * c->features;
	double frame = values * (double)(c->taps > 0 ? c->taps : 1) +
		       (double)c->rows * c->features * (double)c->apu_cycles;

	if (c->rows < 1 || c->cols < 1 || c->features < 1)
		return err_set(e, "layer '%s' has no output", quote(l->name));
	if (frame > MAX_FRAME_CYCLES)
		return err_set(e,
			       "layer '%s' needs %.3g operations per frame, too many to schedule",
			       quote(l->name), frame);
	return 0;
}

int cost_of(const struct plan *p, struct unit *u, struct err *e)
{
	const struct cost_op *op = &ops[u->l->type];
	const struct layer *l = u->l;
	struct cost *c = &u->cost;
	size_t i;

	if (!op->fn)
		return err_set(e, "layer '%s': '%s' cannot be allocated: %s", quote(l->name),
			       hn_type_name(l->type), cost_reason(l->type));
	*c = (struct cost){ .rate = 1, .controllers = 1 };
	c->rows = l->nout ? l->out[0].h : 1;
	c->cols = l->nout ? l->out[0].w : 1;
	for (i = 0; i < l->nout; i++)
		c->features += l->out[i].c;
	c->group = c->features;
	c->ia_cycles = input_cycles(p, l, c->rows);
	if (op->fn(p, u, c) < 0)
		return -1;
	return check_size(l, c, e);
}
