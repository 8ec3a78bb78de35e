/*
 * Activations that jump, in integers: every input code must give what the float function gives for
 * the code's real value, also beside the threshold; hn-numerics(7) says what is equal.
 */
#include "base/outfile.h"
#include "emu/emu.h"
#include "io/npy.h"
#include "quant/quant.h"

#include <math.h>
#include <unistd.h>

enum {
	CODES = 256
};

static int passed, failed;

static void check(bool ok, const char *what, const char *why)
{
	if (ok) {
		passed++;
		return;
	}
	failed++;
	printf("not as expected: %s: %s\n", what, why);
}

struct net {
	struct graph *g;
	struct layer *in, *l, *out;
	struct tensors *w;
};

static struct tensor values(int rank, const int64_t *dim, float v)
{
	struct tensor t = tensor_new(DT_F32, rank, dim);

	for (size_t i = 0; i < tensor_count(&t); i++)
		((float *)tensor_data(&t))[i] = v;
	return t;
}

/* 256 pixels of one feature through an activation, alone or behind a convolution with weight 1. */
static bool make(struct net *n, bool fused, enum hn_act a, double alpha, struct err *e)
{
	n->g = graph_new("t");
	n->w = tensors_new();
	n->in = graph_add(n->g, HN_INPUT, "in");
	n->l = graph_add(n->g, fused ? HN_CONV : HN_ACTIVATION, "x");
	n->out = graph_add(n->g, HN_OUTPUT, "out");
	n->in->out[0] = (struct hn_shape){ 1, CODES, 1, 4 };
	layer_add_input(n->g, n->l, n->in, 0);
	layer_add_input(n->g, n->out, n->l, 0);
	n->l->p.activation = a;
	n->l->p.act.alpha = (float)alpha;
	for (int i = 0; i < 4; i++)
		n->l->p.kernel[i] = 1;
	layer_set_weight(n->w, n->l, "kernel", values(4, (int64_t[]){ 1, 1, 1, 1 }, 1));
	layer_set_weight(n->w, n->l, "bias", values(1, (int64_t[]){ 1 }, 0));
	return graph_infer_shapes(n->g, e) == 0;
}

static int quantize(struct net *n, double lo, double hi, struct tensors **q, struct err *e)
{
	struct quant_opts o = QUANT_OPTS_DEFAULT;
	struct tensors *x = tensors_new();
	struct tensor t = values(4, (int64_t[]){ 1, 1, CODES, 1 }, 0);
	char *path = xasprintf("steps-%ld.npz", (long)getpid());
	int rc;

	for (int i = 0; i < CODES; i++)
		((float *)tensor_data(&t))[i] = (float)(lo + (hi - lo) * i / (CODES - 1));
	tensors_set(x, n->in->name, t);
	o.calib = path;
	rc = npz_write(path, x, e) < 0 ? -1 : quant_run(n->g, n->w, &o, q, e);
	unlink(path);
	free(path);
	tensors_free(x);
	return rc;
}

/*
 * What input code c should give.  Its real value may miss the threshold by the rounding of the
 * scale; alone, the code nearest the threshold is equal to it.  NaN: two codes are as near.
 */
static double expected(const struct net *n, const struct qop *in, int c)
{
	const enum hn_act a = n->l->p.activation;
	const float at = a == ACT_DELTA || a == ACT_SIGN ? 0 : n->l->p.act.alpha;
	const float scale = in->out_scale.v[0];
	float x = scale * (float)(c - in->out_zp);
	const float near = fabsf(x - at) / scale;
	const bool alone = n->l->type == HN_ACTIVATION;

	if (a == ACT_EQUAL && alone && fabsf(near - 0.5f) < 1e-3f)
		return NAN;
	if (near < (a == ACT_EQUAL && alone ? 0.5f : 1e-4f))
		x = at;
	return (double)hn_act_eval(a, &n->l->p.act, 0, x);
}

static void run(bool fused, enum hn_act a, double alpha, double lo, double hi)
{
	char *what = xasprintf("%s %s %g on %g..%g", fused ? "conv with" : "standalone",
			       hn_act_name(a), alpha, lo, hi);
	struct err e = { 0 };
	struct tensors *q = NULL;
	struct qmodel m;
	struct net n;
	uint8_t in[CODES], out[CODES];

	for (int c = 0; c < CODES; c++)
		in[c] = (uint8_t)c;
	if (make(&n, fused, a, alpha, &e) && quantize(&n, lo, hi, &q, &e) == 0 &&
	    qmodel_load(&m, n.g, q, &e) == 0) {
		const struct qop *i = &m.q[n.in->index], *o = &m.q[n.out->index];
		struct emu *emu = emu_new_int(&m, 1, &e);
		double worst = 0;

		if (emu && emu_run(emu, 1, (const void *[]){ in }, (void *[]){ out }, &e) == 0)
			for (int c = 0; c < CODES; c++)
				worst = fmax(worst,
					     fabs(expected(&n, i, c) - (double)o->out_scale.v[0] *
									   (out[c] - o->out_zp)));
		/* A value that passes is rounded to a code; 0, 1, -1 and alpha are codes. */
		check(worst <= (a == ACT_THRESHOLD ? 0.51 * (double)o->out_scale.v[0] : 1e-5), what,
		      err_is(&e) ? e.msg : "another value than the float function's");
		emu_free(emu);
		qmodel_release(&m);
	}
	check(!err_is(&e), what, e.msg);
	tensors_free(q);
	tensors_free(n.w);
	graph_free(n.g);
	free(what);
}

int main(void)
{
	static const enum hn_act acts[] = { ACT_DELTA, ACT_GREATER,    ACT_GREATER_EQUAL,
					    ACT_LESS,  ACT_LESS_EQUAL, ACT_EQUAL,
					    ACT_SIGN,  ACT_THRESHOLD };
	/* On a code (the range is 255 eighths), between two, outside. */
	static const double alphas[] = { 0, 0.5, -3.125, 0.3, 1.0625, -2.7, 15.875, 40, -40 };

	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
		for (size_t k = 0; k < sizeof alphas / sizeof *alphas; k++)
			for (int fused = 0; fused < 2; fused++) {
				run(fused, acts[i], alphas[k], -16, 15.875);
				run(fused, acts[i], alphas[k], 0, 31.875);
				run(fused, acts[i], alphas[k], -1.3, 2.1);
			}
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
