/*
 * Iterative Bias Correction: every type of layer with a bias, with 4-bit weights so that its means
 * are off, and a network of them in a row.  Each feature's mean over the calibration images, from
 * the emulators and an output of 16 bits, must be the float layer's.  Without the correction it is
 * far from it.
 */
#include "quant_case.h"

static const char *const cases[] = {
	/* clang-format off */
	"{\"type\": \"conv\", \"params\": {\"kernel_shape\": [3, 3, 8, 12], \"strides\": [1, 1, 1, 1], \"padding\": \"SAME\"}, \"in\": [[-1, 9, 7, 8]]}",
	"{\"type\": \"conv\", \"params\": {\"kernel_shape\": [5, 3, 8, 6], \"strides\": [1, 2, 3, 1], \"padding\": \"SAME\", \"dilations\": [1, 1, 1, 1]}, \"in\": [[-1, 12, 11, 8]]}",
	"{\"type\": \"conv\", \"params\": {\"kernel_shape\": [3, 3, 8, 6], \"strides\": [1, 1, 1, 1], \"padding\": \"VALID\", \"dilations\": [1, 2, 2, 1]}, \"in\": [[-1, 9, 9, 8]]}",
	"{\"type\": \"conv\", \"params\": {\"kernel_shape\": [3, 3, 4, 12], \"strides\": [1, 1, 1, 1], \"padding\": \"SAME\", \"groups\": 3}, \"in\": [[-1, 6, 6, 12]]}",
	"{\"type\": \"dw\", \"params\": {\"kernel_shape\": [3, 3, 8, 1], \"strides\": [1, 2, 2, 1], \"padding\": \"SAME\"}, \"in\": [[-1, 10, 8, 8]]}",
	"{\"type\": \"deconv\", \"params\": {\"kernel_shape\": [4, 4, 8, 6], \"strides\": [1, 2, 2, 1], \"padding\": \"SAME\"}, \"in\": [[-1, 5, 6, 8]]}",
	"{\"type\": \"dense\", \"params\": {\"kernel_shape\": [64, 10]}, \"in\": [[-1, 64]]}",
	"{\"type\": \"dense\", \"params\": {\"kernel_shape\": [96, 10]}, \"in\": [[-1, 4, 3, 8]]}",
	"{\"type\": \"normalization\", \"params\": {}, \"in\": [[-1, 5, 6, 8]]}",
	"{\"type\": \"batch_norm\", \"params\": {}, \"in\": [[-1, 5, 6, 8]]}",
	"{\"type\": \"conv\", \"params\": {\"kernel_shape\": [1, 1, 8, 8], \"strides\": [1, 1, 1, 1], \"padding\": \"VALID\", \"elementwise_add\": true}, \"in\": [[-1, 5, 6, 8], [-1, 5, 6, 8]]}",
	/* clang-format on */
};

/* Largest difference of the means of a feature, of all images and pixels. */
static double mean_distance(const struct outputs *a, const struct outputs *b, size_t c)
{
	double most = 0;

	for (size_t f = 0; f < c; f++) {
		double sum = 0;

		for (size_t i = f; i < a->count[0]; i += c)
			sum += (double)a->v[0][i] - (double)b->v[0][i];
		most = fmax(most, fabs(sum) / (double)(a->count[0] / c));
	}
	return most;
}

/* Half of the smallest step of a bias, which is a whole number of accumulator units. */
static double half_step(const struct graph *g, const struct tensors *q, const struct layer *l,
			struct err *e)
{
	struct qmodel m;
	double step = 0;

	if (qmodel_load(&m, g, q, e) < 0)
		return 0;
	step = (double)m.q[l->index].in_scale.v[0] * (double)m.q[l->index].w_scale.v[0] / 2;
	qmodel_release(&m);
	return step;
}

/* The distance of a graph quantized with the command, which corrects unconditionally, or without.
 */
static double distance_at(struct graph *g, const struct tensors *w, const struct tensors *x,
			  const char *path, const char *mode, bool correct, double *step,
			  struct err *e)
{
	struct quant_opts o = QUANT_OPTS_DEFAULT;
	struct tensors *own = tensors_copy(w);
	struct tensors *q = NULL;
	struct outputs f = { 0 }, i = { 0 };
	const char *const script = case_script;
	char *longer = xasprintf("%spost_quantization_optimization(bias_correction, policy=%s)\n",
				 script, correct ? "enabled" : "disabled");
	struct layer *out[1];
	float scale[64];
	double d = INFINITY;

	o.calib = path;
	o.batch = 4; /* and a rest of 2 */
	o.bias_mode = mode;
	case_script = longer;
	o.script = follow_script(g, e);
	case_script = script;
	free(longer);
	graph_outputs(g, out, 1);
	if (!err_is(e) && run_float(g, w, x, &f, e) == 0 && quant_run(g, own, &o, &q, e) == 0 &&
	    run_integer(g, q, x, &i, scale, e) == 0)
		d = mean_distance(&f, &i, (size_t)out[0]->out[0].c);
	if (isfinite(d))
		*step = half_step(g, q, out[0]->in[0].layer, e);
	outputs_release(&f);
	outputs_release(&i);
	tensors_free(q);
	tensors_free(own);
	alls_free((struct alls *)(uintptr_t)o.script);
	return d;
}

/* left: the part of the distance that may remain, if it is more than the rounding of a bias. */
static void correct_case(struct graph *g, const struct tensors *w, const char *mode, double left,
			 const char *what)
{
	struct err e = { 0 };
	struct tensors *x = images(g, 0, 0);
	char *path = xasprintf("bias-%ld.npz", (long)getpid());
	double before = 0, after = INFINITY, step = 0;
	char text[160];

	if (npz_write(path, x, &e) == 0) {
		before = distance_at(g, w, x, path, mode, false, &step, &e);
		after = distance_at(g, w, x, path, mode, true, &step, &e);
	}
	snprintf(text, sizeof text, "means off by %.5f, %.5f after correction", before, after);
	check(!err_is(&e) && before > 0 && after <= fmax(left * before, 1.1 * step), what,
	      err_is(&e) ? e.msg : text);
	unlink(path);
	free(path);
	tensors_free(x);
}

static void one_layer(const char *line, const char *mode, double left)
{
	struct err e = { 0 };
	json_t *c = json_parse(line, strlen(line), &e);
	struct graph *g = graph_new("t");
	struct layer *l = build(g, c, &e);
	struct tensors *w = tensors_new();

	if (l) {
		fill(w, l);
		correct_case(g, w, mode, left, line);
	}
	check(!err_is(&e), line, e.msg);
	tensors_free(w);
	json_decref(c);
	graph_free(g);
}

static struct layer *add_conv(struct graph *g, struct layer *from, const char *name, enum hn_act a)
{
	struct layer *l = graph_add(g, HN_CONV, name);

	l->p.kernel[0] = l->p.kernel[1] = 3;
	l->p.kernel[2] = l->p.kernel[3] = 8;
	l->p.activation = a;
	layer_add_input(g, l, from, 0);
	return l;
}

/* What the layers before leave wrong, clipped by their activations, the next one makes good. */
static void in_a_row(const char *script)
{
	struct err e = { 0 };
	struct graph *g = graph_new("t");
	struct tensors *w = tensors_new();
	struct layer *l = graph_add(g, HN_INPUT, "in0");
	static const char *const names[] = { "x1", "x2", "x3", "x4" };

	l->out[0] = (struct hn_shape){ 12, 12, 8, 4 };
	for (int i = 0; i < 4; i++)
		l = add_conv(g, l, names[i], i == 3 ? ACT_LINEAR : i == 1 ? ACT_SILU : ACT_RELU);
	layer_add_input(g, graph_add(g, HN_OUTPUT, "output_layer1"), l, 0);
	if (graph_infer_shapes(g, &e) == 0) {
		for (size_t i = 0; i < g->nlayers; i++)
			fill(w, g->layers[i]);
		case_script = script;
		correct_case(g, w, NULL, 0.02, "four layers in a row");
	}
	check(!err_is(&e), "four layers in a row", e.msg);
	tensors_free(w);
	graph_free(g);
}

#define WIDE_OUT                                                                                   \
	"quantization_param({output_layer*}, precision_mode=a16_w16)\n"                            \
	"pre_quantization_optimization(activation_clipping, layers={in*}, mode=manual, "           \
	"clipping_values=[-2, 2])\n"

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		case_script = WIDE_OUT "quantization_param({x*}, precision_mode=a8_w4_a16, "
				       "force_range_out=[-20, 20])\n";
		one_layer(cases[i], NULL, 0.02);
		/* Mantissas of 8 bits: steps as large as a 255th of the largest bias. */
		one_layer(cases[i], "single_scale_decomposition", 0.5);
		case_script = WIDE_OUT "quantization_param({x*}, precision_mode=a16_w4_a16, "
				       "force_range_out=[-20, 20])\n"
				       "quantization_param({in*}, precision_mode=a16_w16)\n";
		one_layer(cases[i], NULL, 0.02);
	}
	in_a_row(WIDE_OUT "quantization_param({x*}, precision_mode=a8_w4)\n"
			  "quantization_param(x4, precision_mode=a8_w4_a16, "
			  "force_range_out=[-80, 80])\n");
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
