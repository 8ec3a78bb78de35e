/*
 * What a layer's precision costs: the float model with that one layer in integers, its inputs
 * rounded to the activations of the precision, its output in 16 bits, as how that is rounded is the
 * matter of the layers that read it.
 */
#include "base/log.h"
#include "emu/emu.h"
#include "quant/compress.h"
#include "quant/mix_search.h"
#include "quant/quant_ops.h"
#include "quant/weights.h"

#include <math.h>

/* What is searched, the cheapest first. */
static const struct qmode open_modes[] = { { 8, 4, 0 }, { 8, 8, 0 }, { 16, 16, 0 } };

/*
 * Per image: of a MAC's two factors the weight's bits, or the bits of both multiplied; of weights
 * their bits.
 */
double mix_cost(enum mix_metric metric, const struct layer *l, size_t weights,
		const struct qmode *m)
{
	switch (metric) {
	case MIX_MACS:
		return (double)layer_macs(l) * m->w;
	case MIX_BOPS:
		return (double)layer_macs(l) * m->w * m->act;
	default:
		return (double)weights * m->w;
	}
}

void mix_find(struct mix_search *s)
{
	const struct quant *q = s->q;

	s->layer = xcalloc(q->g->nlayers, sizeof *s->layer);
	for (size_t i = 0; i < q->g->nlayers; i++) {
		struct layer *l = q->g->layers[i];
		const struct tensor *k = compress_kernel(q, l);
		const struct qmode *asked = &q->info[i].mode;
		struct mix_item *to = &s->layer[s->n];

		if (!k || k->dtype != DT_F32)
			continue;
		*to = (struct mix_item){ .l = l, .weights = tensor_count(k), .open = !asked->act };
		for (size_t m = 0; to->open && m < sizeof open_modes / sizeof *open_modes; m++)
			/* That form of bias has no 16 bits. */
			if (open_modes[m].w != 16 || weights_bias_mode(l) != 2)
				to->mode[to->nmodes++] = open_modes[m];
		if (!to->open)
			to->mode[to->nmodes++] = *asked;
		s->nopen += to->open;
		s->n++;
	}
}

/* Modes of the network in which l has precision m and nothing else is coarse. */
static void set_modes(struct quant *q, const struct layer *l, const struct qmode *m)
{
	for (size_t i = 0; i < q->g->nlayers; i++) {
		const bool input = q->g->layers[i]->type == HN_INPUT;

		/* An input has the bits that its reader asks for, and that its images have. */
		q->info[i].mode = (struct qmode){ 0, 0, input ? 0 : 16 };
	}
	quant_info(q, l)->mode = (struct qmode){ m->act, m->w, 16 };
	for (size_t i = 0; i < l->nin; i++) {
		const struct layer *from = quant_source(l->in[i].layer);

		if (from->type != HN_INPUT)
			quant_info(q, from)->mode.out = m->act;
	}
}

/* Of a layer that is not in integers itself its reader needs only the encoding. */
static void encoding(const struct quant *q, const struct layer *l, struct qop *op)
{
	const struct qinfo *info = quant_info(q, l);

	if (op->out_scale.n)
		return;
	op->out_bits = info->bits;
	op->out_zp = info->zp;
	qset_f32(&op->out_scale, info->scales ? info->c : 1,
		 info->scales ? info->scales : &info->scale);
}

static int noise_at(struct mix_search *s, const struct layer *l, struct qmodel *m, double *noise,
		    struct err *e)
{
	bool *in_codes = xcalloc(s->q->g->nlayers, sizeof *in_codes);
	struct emu *emu;
	int rc = -1;

	in_codes[l->index] = true;
	emu = emu_new_mixed(m, s->q->w, in_codes, s->probe.batch, e);
	if (emu && probe_run(&s->probe, emu, e) == 0) {
		*noise = probe_noise(&s->probe);
		rc = 0;
	}
	emu_free(emu);
	free(in_codes);
	return rc;
}

/* One layer with one precision; *noise is negative where the layer does not have it. */
static int measure(struct mix_search *s, const struct layer *l, const struct qmode *mode,
		   double *noise, struct err *e)
{
	struct quant *q = s->q;
	struct qmodel m = { .g = q->g, .n = q->g->nlayers };
	struct err why = { 0 };
	int rc;

	set_modes(q, l, mode);
	if (quant_ranges(q, e) < 0)
		return -1;
	m.q = xcalloc(m.n, sizeof *m.q);
	*noise = -1;
	if (quant_record(q, l, &m.q[l->index], &why) < 0) {
		log_debug("layer '%s' has no %s: %s", quote(l->name),
			  precision_name(mode->act, mode->w, mode->act), why.msg);
		rc = 0;
	} else {
		for (size_t i = 0; i < l->nin; i++)
			encoding(q, l->in[i].layer, &m.q[l->in[i].layer->index]);
		rc = noise_at(s, l, &m, noise, e);
	}
	for (size_t i = 0; i < m.n; i++)
		qop_release(&m.q[i]);
	free(m.q);
	return rc;
}

static int measure_layer(struct mix_search *s, struct mix_item *to, struct err *e)
{
	const double least = pow(10, -s->q->mix.snr_cap / 10.0);
	size_t n = 0;

	for (size_t k = 0; k < to->nmodes; k++) {
		double noise;

		if (measure(s, to->l, &to->mode[k], &noise, e) < 0)
			return -1;
		if (noise < 0)
			continue;
		to->mode[n] = to->mode[k];
		to->choice[n++] = (struct mix_choice){
			mix_cost(s->q->mix.metric, to->l, to->weights, &to->mode[k]),
			fmax(noise, least),
		};
	}
	to->nmodes = n;
	return n ? 0 : err_set(e, "layer '%s' has none of the precisions", quote(to->l->name));
}

int mix_measure(struct mix_search *s, struct err *e)
{
	struct quant *q = s->q;
	struct qmode *kept = xcalloc(q->g->nlayers, sizeof *kept);
	const int32_t batch = q->mix.batch ? q->mix.batch : q->opts.batch;
	int rc = probe_open(&s->probe, q, q->mix.images, batch, e);

	if (rc == 0)
		rc = probe_clean(&s->probe, e);

	for (size_t i = 0; i < q->g->nlayers; i++)
		kept[i] = q->info[i].mode;
	for (size_t i = 0; i < s->n && rc == 0; i++) {
		progress("precision noise", i + 1, s->n);
		rc = measure_layer(s, &s->layer[i], e);
	}
	for (size_t i = 0; i < q->g->nlayers; i++)
		q->info[i].mode = kept[i];
	free(kept);
	return rc;
}
