/* hn2hef: write the HEF of an allocated model.  hn2hef(1). */
#include "alls/alls.h"
#include "base/cli.h"
#include "base/log.h"
#include "base/outfile.h"
#include "hef/hef.h"
#include "io/bundle.h"

struct config {
	struct cli_io io;
	const char *arch, *har;
};

static const struct cli_opt options[] = {
	/* clang-format off */
	{ 'a', "hw-arch", "ARCH", CLI_STR, offsetof(struct config, arch), "target, or the path of its description (default: the allocation's)", 0, 0 },
	{ 0, "har", "FILE", CLI_STR, offsetof(struct config, har), "also write the compiled bundle", 0, 0 },
	CLI_COMMON(struct config, io),
	CLI_END
	/* clang-format on */
};

static const struct cli_tool tool = { .name = "hn2hef",
				      .operands = "[FILE]",
				      .summary = "write the HEF of an allocated model",
				      .options = options,
				      .io_offset = offsetof(struct config, io),
				      .max_operands = 1,
				      .operands_offset = SIZE_MAX };

/* Everything between the bundle and the HEF. */
struct work {
	struct bundle *b;
	struct graph *part[3]; /* enum graph_part */
	struct tensors *q;
	struct qmodel m;
	struct allocation *a;
	struct target target;
	struct isa_prog *p;
	struct hef_form form;
	struct str hef;
};

static int load_parts(struct work *w, struct err *e)
{
	struct graph *g = bundle_get_graph(w->b, "hn", e);

	for (int i = 0; g && !err_is(e) && i < 3; i++)
		w->part[i] = graph_part(g, (enum graph_part)i, e);
	graph_free(g);
	return err_is(e) ? -1 : 0;
}

static int load(struct work *w, const struct config *cfg, struct err *e)
{
	json_t *j;

	if (!(w->b = bundle_read(cfg->io.in, NULL, e)) ||
	    bundle_require(w->b, STATE_QUANTIZED, STATE_COMPILED_SLIM, e) < 0)
		return -1;
	if (!bundle_has(w->b, "alloc.json"))
		return err_set(e, "'%s' has no allocation (run hn-alloc first)", quote(cfg->io.in));
	if (load_parts(w, e) < 0 || !(w->q = bundle_get_npz(w->b, "q.npz", e)) ||
	    qmodel_load(&w->m, w->part[PART_DEVICE], w->q, e) < 0 ||
	    !(j = bundle_get_json(w->b, "alloc.json", e)))
		return -1;
	w->a = alloc_from_json(j, e);
	json_decref(j);
	if (!w->a)
		return err_in(e, "alloc.json");
	for (size_t i = 0; i < w->a->removed.n; i++)
		if (alloc_remove_layer(w->part[PART_DEVICE], &w->m, w->a->removed.v[i], e) < 0)
			return err_in(e, "alloc.json");
	if (cfg->arch && strchr(cfg->arch, '/') == NULL && strcmp(cfg->arch, w->a->arch) != 0)
		return err_set(e, "the model is allocated for '%s' (run hn-alloc -a %s)",
			       quote(w->a->arch), quote(cfg->arch));
	return target_load(cfg->arch ? cfg->arch : w->a->arch, &w->target, e);
}

/* The script's commands about the HEF. */
static int follow_script(struct work *w, struct err *e)
{
	struct alls *s;
	int r;

	if (alls_of_bundle(w->b, NULL, ALLS_HEF, &s, e) < 0)
		return -1;
	w->form = hef_form_default;
	r = hef_form_read(s, &w->form, e);
	if (r == 0)
		alls_notices(s, ALLS_HEF, w->b, NULL);
	alls_free(s);
	return r;
}

static int build(struct work *w, struct err *e)
{
	const struct hef_host host = { w->part[PART_BEFORE], w->part[PART_BEHIND],
				       w->part[PART_DEVICE] };

	if (!(w->p = isa_build(w->part[PART_DEVICE], &w->m, w->a, &w->target, e)) ||
	    isa_add_posts(w->p, w->part[PART_BEHIND], e) < 0)
		return -1;
	if (w->form.stripped)
		isa_strip(w->p);
	w->form.fps = w->a->fps;
	return hef_write(w->p, &host, &w->form, &w->hef, e);
}

/* The bundle first, the HEF last: what stands on standard output is then known to be whole. */
static int store(struct work *w, const struct config *cfg, struct err *e)
{
	if (cfg->har) {
		bundle_put(w->b, "hef", w->hef.p, w->hef.len);
		const enum state s = bundle_state(w->b);
		const bool slim = s == STATE_QUANTIZED_SLIM || s == STATE_COMPILED_SLIM;

		bundle_set_state(w->b, slim ? STATE_COMPILED_SLIM : STATE_COMPILED);
		if (bundle_write(w->b, cfg->har, COMPRESS_NONE, e) < 0)
			return -1;
	}
	return outfile_put(cfg->io.out, OUT_BINARY, w->hef.p, w->hef.len, e);
}

static void release(struct work *w)
{
	str_release(&w->hef);
	isa_free(w->p);
	alloc_free(w->a);
	qmodel_release(&w->m);
	tensors_free(w->q);
	for (int i = 0; i < 3; i++)
		graph_free(w->part[i]);
	bundle_free(w->b);
}

int main(int argc, char *argv[])
{
	struct config cfg = { .io = { .in = "-", .out = "-" } };
	struct err e = { 0 };
	struct work w = { 0 };

	cli_parse(&tool, &cfg, argc, argv);
	if (cfg.har && strcmp(cfg.har, "-") == 0 && strcmp(cfg.io.out, "-") == 0)
		cli_usage("--har - and the HEF cannot both be standard output");
	if (load(&w, &cfg, &e) < 0 || follow_script(&w, &e) < 0 || build(&w, &e) < 0 ||
	    store(&w, &cfg, &e) < 0)
		die(&e);
	log_info("%s for %s: %zu layers in %d context%s, %zu bytes", w.p->net, w.p->machine.arch,
		 w.p->nlayers, (int)w.p->ncontexts, w.p->ncontexts > 1 ? "s" : "", w.hef.len);
	release(&w);
	return 0;
}
