/* Activations of LSTM, GRU and RNN: names, parameters, defaults. */
#include "onnx/onnx_rnn.h"
#include <math.h>
#include <strings.h>

/* Activations of recurrent operators with their default parameters. */
static const struct act_row {
	const char *name;
	enum hn_act act;
	bool has_alpha, has_beta;
	float alpha, beta;
} acts[] = {
	{ "Elu", ACT_ELU, true, false, 1, 0 },
	{ "HardSigmoid", ACT_HARD_SIGMOID, true, true, 0.2f, 0.5f },
	{ "LeakyRelu", ACT_LEAKY, true, false, 0.01f, 0 },
	{ "Relu", ACT_RELU, false, false, 0, 0 },
	{ "Sigmoid", ACT_SIGMOID, false, false, 0, 0 },
	{ "Softplus", ACT_SOFTPLUS, false, false, 0, 0 },
	{ "Softsign", ACT_SOFTSIGN, false, false, 0, 0 },
	{ "Tanh", ACT_TANH, false, false, 0, 0 },
	{ "ThresholdedRelu", ACT_THRESHOLD, true, false, 1, 0 },
};

/* The next value of a list of parameters, or the default. */
static float next_of(const struct im_attr *a, size_t *at, float dflt)
{
	return a && a->kind == IM_FLOATS && *at < a->n ? a->floats[(*at)++] : dflt;
}

int rnn_read_acts(struct rnn *r, const struct im_node *n, const struct rnn_cell *c, struct err *e)
{
	const struct im_attr *names = im_attr(n, "activations");
	const struct im_attr *alpha = im_attr(n, "activation_alpha");
	const struct im_attr *beta = im_attr(n, "activation_beta");
	const size_t count = (size_t)(r->dirs * c->acts);
	size_t na = 0, nb = 0;

	if (names && (names->kind != IM_STRINGS || names->n != count))
		return err_set(e, "its activations are not a list of %zu names", count);
	for (size_t i = 0; i < count; i++) {
		const char *name = names ? names->strings[i] : c->dflt[i % (size_t)c->acts];
		struct rnn_act *a = &r->act[i / (size_t)c->acts][i % (size_t)c->acts];
		const struct act_row *row = NULL;

		for (size_t k = 0; !row && k < sizeof acts / sizeof acts[0]; k++)
			if (strcasecmp(acts[k].name, name) == 0)
				row = &acts[k];
		if (!row)
			return err_set(e, "its activation '%s' is not supported", quote(name));
		a->act = row->act;
		a->p = (struct hn_act_params){ .lo = -INFINITY, .hi = INFINITY };
		if (row->has_alpha)
			a->p.alpha = next_of(alpha, &na, row->alpha);
		if (row->has_beta)
			a->p.beta = next_of(beta, &nb, row->beta);
		if (!isfinite(a->p.alpha) || !isfinite(a->p.beta))
			return err_set(e, "its parameters are not finite");
	}
	return 0;
}
