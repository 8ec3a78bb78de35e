/* From a bundle to a model of one context. */
#include "emu/emu_model.h"

/* Where a context finds its graph and weights, and the states that have them. */
struct place {
	const char *graph; /* member of later states, or NULL */
	const char *weights;
	enum state first;
	enum state own; /* in this state the graph is the member "hn" */
};

static const struct place places[] = {
	[EMU_NATIVE] = { "native.hn", "npz", STATE_HAILO_MODEL, STATE_HAILO_MODEL },
	[EMU_FP_OPTIMIZED] = { "fp.hn", "fpo.npz", STATE_FP_OPTIMIZED, STATE_FP_OPTIMIZED },
	[EMU_QUANTIZED] = { NULL, "q.npz", STATE_QUANTIZED_BASE, STATE_QUANTIZED_BASE },
	[EMU_BIT_EXACT] = { NULL, "q.npz", STATE_QUANTIZED_BASE, STATE_QUANTIZED_BASE },
};

bool emu_is_integer(enum emu_context c)
{
	return c == EMU_QUANTIZED || c == EMU_BIT_EXACT;
}

/* Records and, where layers are in float, their weights. */
static int check_layers(struct emu_model *m, const struct tensors *records, struct err *e)
{
	if (records && qmodel_load(&m->q, m->g, records, e) < 0)
		return -1;
	if (emu_is_integer(m->context))
		return 0;
	return graph_validate(m->g, m->w, e);
}

/* The device's graph, and the host's two parts. */
static int load_parts(struct emu_model *m, const struct graph *whole, const struct tensors *records,
		      struct err *e)
{
	struct graph *part[3] = { NULL };

	for (int i = 0; i < 3 && !err_is(e); i++)
		part[i] = graph_part(whole, (enum graph_part)i, e);
	m->g = part[PART_DEVICE];
	if (!err_is(e))
		check_layers(m, records, e);
	if (err_is(e) || emu_feed_before(part[PART_BEFORE], m->g, e) < 0) {
		graph_free(part[PART_BEFORE]);
		graph_free(part[PART_BEHIND]);
		return -1;
	}
	m->arrive = host_user_ports(part[PART_BEFORE]);
	emu_model_outputs(m, &m->leave);
	m->before = host_new(part[PART_BEFORE], m->arrive, e);
	m->behind = host_new(part[PART_BEHIND], m->leave, e);
	return err_is(e) ? -1 : 0;
}

int emu_model_load(struct emu_model *m, const struct bundle *b, enum emu_context c, struct err *e)
{
	const struct place *p = &places[c];
	const char *graph = p->graph && bundle_has(b, p->graph) ? p->graph : "hn";
	struct graph *whole;

	*m = (struct emu_model){ .context = c };
	if (bundle_require(b, p->first, STATE_COMPILED_SLIM, e) < 0)
		return -1;
	whole = bundle_get_graph(b, graph, e);
	if (whole && bundle_has(b, p->weights))
		m->w = bundle_get_npz(b, p->weights, e);
	if (!m->w && !err_is(e) && emu_is_integer(c))
		err_set(e, "the bundle has no member '%s.%s'", bundle_name(b), p->weights);
	if (!m->w)
		m->w = tensors_new(); /* a layer that needs weights says so */
	if (!err_is(e))
		load_parts(m, whole, emu_is_integer(c) ? m->w : NULL, e);
	graph_free(whole);
	if (!err_is(e))
		return 0;
	emu_model_release(m);
	return -1;
}

static int load_mixed(struct emu_model *m, const struct bundle *b, struct err *e)
{
	struct graph *whole = bundle_get_graph(b, "hn", e);
	struct tensors *records = NULL;
	int rc = -1;

	if (whole && (m->w = bundle_get_npz(b, "fpo.npz", e)))
		records = bundle_get_npz(b, "q.npz", e);
	if (records && (rc = load_parts(m, whole, records, e)) == 0)
		m->in_codes = xcalloc(m->g->nlayers, sizeof *m->in_codes);
	tensors_free(records);
	graph_free(whole);
	return rc;
}

int emu_model_load_mixed(struct emu_model *m, const struct bundle *b, struct err *e)
{
	*m = (struct emu_model){ .context = EMU_FP_OPTIMIZED };
	if (bundle_require(b, STATE_QUANTIZED_BASE, STATE_COMPILED_SLIM, e) < 0)
		return -1;
	if (!bundle_has(b, "fpo.npz") || !bundle_has(b, "q.npz"))
		return err_set(e, "%s holds no float weights beside the quantized ones",
			       quote(bundle_name(b)));
	if (load_mixed(m, b, e) == 0)
		return 0;
	emu_model_release(m);
	return -1;
}

struct emu *emu_model_start(const struct emu_model *m, int32_t batch, bool observe_all,
			    struct err *e)
{
	struct emu *emu;

	if (m->in_codes) {
		if ((emu = emu_new_mixed(&m->q, m->w, m->in_codes, batch, e)))
			emu_check_accumulators(emu, m->exact);
		return emu;
	}
	if (!emu_is_integer(m->context))
		return emu_new_f32(m->g, m->w, batch, observe_all, e);
	if ((emu = emu_new_int(&m->q, batch, e)))
		emu_check_accumulators(emu, m->context == EMU_BIT_EXACT);
	return emu;
}

void emu_model_port(const struct emu_model *m, const struct layer *l, int32_t port,
		    struct io_port *out)
{
	const struct qop *q = emu_is_integer(m->context) ? &m->q.q[l->index] : NULL;

	*out = (struct io_port){ .name = l->name, .shape = l->out[port] };
	if (q) {
		out->bits = q->out_bits;
		out->zp = q->out_zp;
		out->scale = q->out_scale.v;
		out->nscale = q->out_scale.n;
	}
}

size_t emu_model_inputs(const struct emu_model *m, struct io_port **out)
{
	struct layer **l = xcalloc(m->g->nlayers, sizeof *l);
	const size_t n = graph_inputs(m->g, l, m->g->nlayers);

	*out = xcalloc(n, sizeof **out);
	for (size_t i = 0; i < n; i++) {
		const struct emu_feed f = emu_feed_of(l[i]);

		emu_model_port(m, hn_fed(l[i]), 0, &(*out)[i]);
		(*out)[i].name = f.name;
		(*out)[i].pack = f.pack;
		(*out)[i].format = f.format;
		(*out)[i].standard = f.standard;
	}
	free(l);
	return n;
}

size_t emu_model_outputs(const struct emu_model *m, struct io_port **out)
{
	struct layer **l = xcalloc(m->g->nlayers, sizeof *l);
	const size_t n = graph_outputs(m->g, l, m->g->nlayers);

	*out = xcalloc(n, sizeof **out);
	for (size_t i = 0; i < n; i++)
		emu_model_port(m, l[i], 0, &(*out)[i]);
	free(l);
	return n;
}

void emu_model_release(struct emu_model *m)
{
	host_free(m->before);
	host_free(m->behind);
	free(m->arrive);
	free(m->leave);
	free(m->in_codes);
	qmodel_release(&m->q);
	graph_free(m->g);
	tensors_free(m->w);
	*m = (struct emu_model){ 0 };
}
