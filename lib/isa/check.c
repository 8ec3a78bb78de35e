/* What a programme must fulfil beyond the syntax of its records. */
#include "isa/check_int.h"
#include <math.h>

enum {
	MAX_BATCH = 65536
};

static int machine(const struct isa_prog *p, struct err *e)
{
	const struct isa_machine *m = &p->machine;

	if (!p->net[0] || !m->arch[0])
		return err_set(e, "no name of network or machine");
	if (m->clusters < 1 || m->clusters > 255 || m->lcus < 0 || m->lcus > 255 ||
	    m->subclusters < 0 || m->subclusters > 64 || m->input_aligners < 0 ||
	    m->input_aligners > 32 || m->apus < 0 || m->apus > 32 || m->l3_cuts < 0 ||
	    m->l3_cuts > CHECK_MAX_COUNT || m->l3_cut_bytes < 0 ||
	    m->l3_cut_bytes > CHECK_MAX_COUNT)
		return err_set(e, "resources of the machine are out of range");
	if (m->batch < 1 || m->batch > MAX_BATCH)
		return err_set(e, "batches of %d frames", m->batch);
	if (m->hef_arch < 0 || m->partial < 0 || m->partial > 1)
		return err_set(e, "architecture %d, partial %d", m->hef_arch, m->partial);
	if (!(m->clock_hz >= 1 && m->clock_hz <= 1e12) ||
	    !(m->bandwidth >= 1 && m->bandwidth <= 1e15) ||
	    !(m->per_context_s >= 0 && m->per_context_s <= 1e3) ||
	    !(m->fixed_s_per_batch >= 0 && m->fixed_s_per_batch <= 1e3))
		return err_set(e, "clock, bandwidth or times of the machine are out of range");
	if (p->ncontexts < 1 || p->ncontexts > ISA_MAX_CONTEXTS)
		return err_set(e, "%d contexts, 1 to %d allowed", p->ncontexts, ISA_MAX_CONTEXTS);
	return 0;
}

static int tensor(const struct isa_tensor *t, struct err *e)
{
	struct hn_shape s = { t->h, t->w, t->c, t->rank };

	if (t->h < 1 || t->w < 1 || t->c < 1 || t->h > LIMIT_DIM || t->w > LIMIT_DIM ||
	    t->c > LIMIT_FEATURES || (int64_t)t->h * t->w > LIMIT_ACTIVATION / t->c)
		return err_set(e, "shape %dx%dx%d is out of range", t->h, t->w, t->c);
	if (t->rank < 2 || t->rank > 4 || (t->rank < 4 && t->h != 1) || (t->rank < 3 && t->w != 1))
		return err_set(e, "rank %d of shape %s", t->rank, hn_shape_text(&s));
	if ((t->bits != 8 && t->bits != 16) || t->zp < 0 || t->zp >> t->bits)
		return err_set(e, "%d bits with zero point %d", t->bits, t->zp);
	if (t->scale.n != 1 && t->scale.n != (size_t)t->c)
		return err_set(e, "%zu scales for %d features", t->scale.n, t->c);
	for (size_t i = 0; i < t->scale.n; i++) {
		if (!(t->scale.v[i] > 0) || isinf(t->scale.v[i]))
			return err_set(e, "scale %zu is not a positive number", i);
	}
	return t->port < 0 || t->port > CHECK_MAX_COUNT ? err_set(e, "port %d", t->port) : 0;
}

int isa_check(const struct isa_prog *p, struct err *e)
{
	struct cover v = { xcalloc(p->ntensors, 4), xcalloc(p->ntensors, 4),
			   xcalloc(p->ntensors, 4) };
	int r = machine(p, e);

	for (size_t i = 0; i < p->ntensors && r == 0; i++) {
		if ((r = tensor(&p->tensors[i], e)) < 0)
			err_in(e, "tensor '%s'", quote(p->tensors[i].name));
	}
	if (r < 0 || check_layers(p, &v, e) < 0 || isa_check_shares(p, e) < 0 ||
	    check_edges(p, &v, e) < 0 || check_streams(p, e) < 0 || isa_check_posts(p, e) < 0)
		r = -1;
	free(v.written);
	free(v.columns);
	free(v.writers);
	return r;
}
