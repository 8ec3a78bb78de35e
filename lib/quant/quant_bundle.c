/* The stage that hn-quantize runs on a bundle. */
#include "io/bundle.h"
#include "quant/quant.h"

#include <string.h>

static int store(struct bundle *b, const struct graph *g, const struct tensors *w,
		 const struct tensors *records, const struct alls *s, struct err *e)
{
	size_t n;
	const void *fp = bundle_get(b, "hn", &n);

	bundle_put(b, "fp.hn", fp, n);
	bundle_put_graph(b, "hn", g);
	if (bundle_put_npz(b, "fpo.npz", w, e) < 0 || bundle_put_npz(b, "q.npz", records, e) < 0)
		return -1;
	alls_to_bundle(b, s);
	bundle_set_state(b, STATE_QUANTIZED);
	return 0;
}

/* Quantizes what the device computes; calibration images go through the host first. */
static int quantize(struct graph **g, struct tensors *w, struct quant_opts *o,
		    struct tensors **records, struct err *e)
{
	struct graph *part[3] = { NULL }, *whole = NULL;
	struct io_port *ports = NULL;

	for (int i = 0; i < 3 && !err_is(e); i++)
		part[i] = graph_part(*g, (enum graph_part)i, e);
	if (!err_is(e)) {
		ports = host_user_ports(part[PART_BEFORE]);
		o->before = host_new(graph_clone(part[PART_BEFORE]), ports, e);
	}
	if (!err_is(e) && quant_run(part[PART_DEVICE], w, o, records, e) == 0)
		whole = graph_join(part[PART_BEFORE], part[PART_DEVICE], part[PART_BEHIND], e);
	host_free(o->before);
	o->before = NULL;
	free(ports);
	for (int i = 0; i < 3; i++)
		graph_free(part[i]);
	if (!whole)
		return -1;
	graph_free(*g);
	*g = whole;
	return 0;
}

/* --hw-arch, else the architecture that the model was translated for. */
static const char *architecture(struct bundle *b, const struct quant_opts *o)
{
	const json_t *arch = json_object_get(bundle_metadata(b), "hw_arch");

	return o->hw_arch                     ? o->hw_arch
	       : arch && json_is_string(arch) ? json_string_value(arch)
					      : NULL;
}

int quant_bundle(struct bundle *b, struct quant_opts *o, const char *script, struct err *e)
{
	struct alls *s = NULL;
	struct graph *g = NULL;
	struct tensors *w = NULL;
	struct tensors *records = NULL;
	int rc = -1;

	if (bundle_require(b, STATE_FP_OPTIMIZED, STATE_FP_OPTIMIZED, e) < 0)
		return -1;
	if (!bundle_has(b, "fpo.npz"))
		return err_set(e, "%s has no weights", quote(bundle_name(b)));
	o->hw_arch = architecture(b, o);
	if (alls_of_bundle(b, script, ALLS_QUANTIZE, &s, e) == 0 &&
	    (g = bundle_get_graph(b, "hn", e)) && (w = bundle_get_npz(b, "fpo.npz", e)) &&
	    alls_use_graph(s, g, ALLS_QUANTIZE, e) == 0) {
		alls_notices(s, ALLS_QUANTIZE, b, NULL);
		o->script = s;
		if (quantize(&g, w, o, &records, e) == 0)
			rc = store(b, g, w, records, s, e);
	}
	tensors_free(records);
	tensors_free(w);
	graph_free(g);
	alls_free(s);
	return rc;
}
