/* The stage that hn-quantize runs on a bundle. */
#include "base/log.h"
#include "io/bundle.h"
#include "quant/noise.h"
#include "quant/quant.h"

#include <string.h>

/* The seed that everything random got, in the metadata. */
static void record_seed(struct bundle *b, const struct alls *s)
{
	for (size_t i = 0; s && i < s->nstmts; i++)
		if (alls_is(&s->stmts[i], "set_seed", NULL))
			json_object_set_new(
			    bundle_metadata(b), "hnt_seed",
			    json_integer((json_int_t)alls_get_number(&s->stmts[i], "seed", 0)));
}

/* A graph without what quantization says of its layers. */
static json_t *plain_graph(const struct graph *g)
{
	json_t *j = graph_to_json(g);
	const char *name;
	json_t *layer;

	json_object_foreach(json_object_get(j, "layers"), name, layer)
	    json_object_del(layer, "quantization_params");
	return j;
}

/*
 * The float graph that fpo.npz belongs to: as it was read or, when quantization took layers or
 * features out, as it is now.
 */
static int store_float(struct bundle *b, const struct graph *g, struct err *e)
{
	struct graph *read = bundle_get_graph(b, "hn", e);
	json_t *before, *now;
	size_t n;
	const void *fp = bundle_get(b, "hn", &n);

	if (!read)
		return -1;
	before = plain_graph(read);
	now = plain_graph(g);
	if (json_equal(before, now))
		bundle_put(b, "fp.hn", fp, n);
	else
		bundle_put_json(b, "fp.hn", now);
	graph_free(read);
	json_decref(before);
	json_decref(now);
	return 0;
}

static int store(struct bundle *b, const struct graph *g, const struct tensors *w,
		 const struct tensors *records, const struct tensors *stats, const struct alls *s,
		 struct err *e)
{
	if (store_float(b, g, e) < 0)
		return -1;
	bundle_put_graph(b, "hn", g);
	if (bundle_put_npz(b, "fpo.npz", w, e) < 0 || bundle_put_npz(b, "q.npz", records, e) < 0 ||
	    bundle_put_npz(b, "stats.npz", stats, e) < 0)
		return -1;
	alls_to_bundle(b, s);
	record_seed(b, s);
	bundle_set_state(b, STATE_QUANTIZED);
	return 0;
}

/* checker_cfg of the script: the analysis of the model that was made. */
static int check(struct bundle *b, const struct quant_opts *o, const struct alls *s, struct err *e)
{
	struct noise_opts n = { .calib = o->calib,
				.random_calib = o->random_calib,
				.fit = o->fit,
				.from = o->calib_from };
	bool bn;

	bundle_remove(b, "noise.json"); /* of another model */
	if (!noise_wanted(s, o->batch, &n, &bn))
		return 0;
	if (!n.calib && !n.random_calib) {
		log_warn("checker_cfg: no layer is analysed without images (give -c beside "
			 "--stats)");
		return 0;
	}
	return noise_check(b, &n, bn, e);
}

/* --hw-arch, else the architecture that the model was translated for. */
static const char *architecture(struct bundle *b, const struct quant_opts *o)
{
	const json_t *arch = json_object_get(bundle_metadata(b), "hw_arch");

	return o->hw_arch                     ? o->hw_arch
	       : arch && json_is_string(arch) ? json_string_value(arch)
					      : NULL;
}

/* What both tools read from a bundle. */
struct model {
	struct alls *script;
	struct graph *g;
	struct tensors *w;
};

static void model_release(struct model *m)
{
	tensors_free(m->w);
	graph_free(m->g);
	alls_free(m->script);
}

static int model_load(struct bundle *b, struct quant_opts *o, const char *script, struct model *m,
		      struct err *e)
{
	if (bundle_require(b, STATE_FP_OPTIMIZED, STATE_FP_OPTIMIZED, e) < 0)
		return -1;
	if (!bundle_has(b, "fpo.npz"))
		return err_set(e, "%s has no weights", quote(bundle_name(b)));
	o->hw_arch = architecture(b, o);
	if (alls_of_bundle(b, script, ALLS_QUANTIZE, &m->script, e) < 0 ||
	    !(m->g = bundle_get_graph(b, "hn", e)) || !(m->w = bundle_get_npz(b, "fpo.npz", e)) ||
	    alls_use_graph(m->script, m->g, ALLS_QUANTIZE, e) < 0)
		return -1;
	o->script = m->script;
	return 0;
}

/* What a device graph is given to: quant_run, quant_stat. */
typedef int (*device_fn)(struct graph *g, struct tensors *w, const struct quant_opts *o,
			 struct tensors **out, struct err *e);

/* The host in front of the device, as calibration feeds it. */
static void set_before(struct quant_opts *o, struct graph *part[3], struct io_port **ports,
		       struct err *e)
{
	struct graph *before = graph_clone(part[PART_BEFORE]);

	if (graph_link(before, e) < 0 || emu_feed_before(before, part[PART_DEVICE], e) < 0) {
		graph_free(before);
		return;
	}
	*ports = host_user_ports(before);
	o->before = host_new(before, *ports, e);
}

/* What the device computes goes to fn; calibration images go through the host first. */
static int on_device(struct model *m, struct quant_opts *o, device_fn fn, struct tensors **out,
		     struct err *e)
{
	struct graph *part[3] = { NULL }, *whole = NULL;
	struct io_port *ports = NULL;

	for (int i = 0; i < 3 && !err_is(e); i++)
		part[i] = graph_part(m->g, (enum graph_part)i, e);
	if (!err_is(e))
		set_before(o, part, &ports, e);
	if (!err_is(e) && fn(part[PART_DEVICE], m->w, o, out, e) == 0)
		whole = graph_join(part[PART_BEFORE], part[PART_DEVICE], part[PART_BEHIND], e);
	host_free(o->before);
	o->before = NULL;
	free(ports);
	for (int i = 0; i < 3; i++)
		graph_free(part[i]);
	if (!whole)
		return -1;
	graph_free(m->g);
	m->g = whole;
	return 0;
}

int quant_bundle(struct bundle *b, struct quant_opts *o, const char *script, struct err *e)
{
	struct model m = { 0 };
	struct tensors *records = NULL;
	struct tensors *stats = NULL;
	json_t *mix = NULL;
	int rc = model_load(b, o, script, &m, e);

	o->mix_out = &mix;
	if (rc == 0) {
		alls_notices(m.script, ALLS_QUANTIZE, b, NULL);
		o->stats_set = &stats;
		rc = on_device(&m, o, quant_run, &records, e);
	}
	if (rc == 0 && (rc = store(b, m.g, m.w, records, stats, m.script, e)) == 0) {
		if (mix)
			json_object_set(bundle_metadata(b), "hnt_precision_search", mix);
		if (o->hw_arch)
			json_object_set_new(bundle_metadata(b), "hnt_quantized_for",
					    json_string(o->hw_arch));
		rc = check(b, o, m.script, e);
	}
	json_decref(mix);
	o->mix_out = NULL;
	tensors_free(records);
	tensors_free(stats);
	model_release(&m);
	return rc;
}

int quant_stat_bundle(struct bundle *b, struct quant_opts *o, const char *script,
		      struct tensors **out, struct err *e)
{
	struct model m = { 0 };
	int rc = model_load(b, o, script, &m, e);

	if (rc == 0)
		rc = on_device(&m, o, quant_stat, out, e);
	model_release(&m);
	return rc;
}
