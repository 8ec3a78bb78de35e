/* The analysis of a bundle, by hn-noise or at the end of quantization. */
#include "alls/alls.h"
#include "base/log.h"
#include "quant/noise.h"

#include <math.h>

/* Values that reach so many times their root mean square are not those of a batch norm. */
static const double far_out = 20;

/* A bundle while it is analysed. */
struct job {
	struct emu_model m;
	struct alls *script;
	struct noise n;
};

static void job_release(struct job *j)
{
	noise_release(&j->n);
	alls_free(j->script);
	emu_model_release(&j->m);
}

/* Measures and stores; *json: the document, the caller's. */
static int run(struct bundle *b, const struct noise_opts *o, struct job *j, json_t **json,
	       struct err *e)
{
	*j = (struct job){ 0 };
	if (emu_model_load_mixed(&j->m, b, e) < 0)
		return -1;
	if (alls_of_bundle(b, NULL, ALLS_QUANTIZE, &j->script, e) < 0 ||
	    noise_measure(&j->m, o, &j->n, e) < 0) {
		job_release(j);
		return -1;
	}
	*json = noise_json(&j->n, &j->m, j->script);
	bundle_put_json(b, "noise.json", *json);
	return 0;
}

int noise_bundle(struct bundle *b, const struct noise_opts *o, struct str *text, double *least,
		 json_t **json, struct err *e)
{
	struct job j;
	json_t *document;

	if (run(b, o, &j, &document, e) < 0)
		return -1;
	noise_print(&j.n, &j.m, j.script, text);
	*least = j.n.nranked ? noise_rank(&j.n, &j.n.layer[j.n.order[0]]) : NOISE_CAP;
	job_release(&j);
	if (json)
		*json = document;
	else
		json_decref(document);
	return 0;
}

bool noise_wanted(const struct alls *script, int batch, struct noise_opts *o,
		  bool *batch_norm_checker)
{
	const struct alls_stmt *asked = NULL;

	o->batch = batch;
	for (size_t i = 0; script && i < script->nstmts; i++) {
		const struct alls_stmt *st = &script->stmts[i];

		if (alls_is(st, "model_optimization_config", "checker_cfg"))
			asked = st;
		else if (alls_is(st, "model_optimization_config", "calibration"))
			o->batch = alls_get_int(st, "batch_size", o->batch);
	}
	if (!asked || alls_get_switch(asked, "policy") == 0)
		return false;
	o->count = alls_get_int(asked, "dataset_size", 16);
	o->batch = alls_get_int(asked, "batch_size", o->batch);
	o->advanced = alls_has_word(asked, "analyze_mode", "advanced");
	*batch_norm_checker = alls_get_switch(asked, "batch_norm_checker") != 0;
	return true;
}

/* One warning, about the layer that is farthest out. */
static void warn_batch_norm(const struct noise *n)
{
	const struct noise_layer *most = NULL;
	double reach = far_out;
	size_t count = 0;

	for (size_t i = 0; i < n->nlayers; i++) {
		const struct noise_layer *l = &n->layer[i];
		const double top = l->l ? fmax(fabs(l->min), fabs(l->max)) : 0;

		if (!l->l || !hn_is(l->l->type, HNF_KERNEL) || !(top > far_out * l->rms))
			continue;
		count++;
		if (top > reach * l->rms) {
			reach = top / l->rms;
			most = l;
		}
	}
	if (most)
		log_warn("%zu layers have values far beyond the others, '%s' %.0f times their root "
			 "mean square: batch normalization behind it would give narrower ranges",
			 count, quote(most->l->name), reach);
}

int noise_check(struct bundle *b, const struct noise_opts *o, bool batch_norm, struct err *e)
{
	struct job j;
	json_t *document;

	if (run(b, o, &j, &document, e) < 0)
		return -1;
	json_decref(document);
	if (j.n.nranked) {
		const struct noise_layer *l = &j.n.layer[j.n.order[0]];

		log_info("layer noise: the worst layer is %s, %.1f dB (hn-noise shows all)",
			 quote(l->l->name), noise_rank(&j.n, l));
	}
	if (batch_norm)
		warn_batch_norm(&j.n);
	job_release(&j);
	return 0;
}
