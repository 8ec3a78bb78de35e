/* hn2hef: write the HEF of an allocated model.  hn2hef(1). */
#include "alloc/alloc_set.h"
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

/* A network group. */
struct part {
	struct graph *part[3]; /* enum graph_part */
	struct qmodel m;
	struct isa_prog *p;
	struct hef_host host;
};

/* Everything between the bundle and the HEF. */
struct work {
	struct bundle *b;
	struct graph *g;
	struct tensors *q;
	struct alloc_set set;
	struct part *part; /* by group */
	struct target target;
	struct hef_form form;
	struct str hef;
};

/* The parts of a group, without what its allocation does without. */
static int load_part(struct work *w, const struct allocation *a, struct part *p, struct err *e)
{
	for (int i = 0; !err_is(e) && i < 3; i++) {
		struct graph *g = graph_part(w->g, (enum graph_part)i, e);

		if (g && a->group.name) {
			p->part[i] = graph_of_group(g, &a->group, e);
			graph_free(g);
		} else {
			p->part[i] = g;
		}
	}
	if (err_is(e) || qmodel_load(&p->m, p->part[PART_DEVICE], w->q, e) < 0)
		return -1;
	for (size_t i = 0; i < a->removed.n; i++)
		if (alloc_remove_layer(p->part[PART_DEVICE], &p->m, a->removed.v[i], e) < 0)
			return err_in(e, "alloc.json");
	return 0;
}

static int load_parts(struct work *w, struct err *e)
{
	w->part = xcalloc(w->set.n, sizeof *w->part);
	for (size_t i = 0; i < w->set.n; i++)
		if (load_part(w, w->set.v[i], &w->part[i], e) < 0)
			return -1;
	return 0;
}

static int load(struct work *w, const struct config *cfg, struct err *e)
{
	const char *arch;
	json_t *j;
	int rc;

	if (!(w->b = bundle_read(cfg->io.in, NULL, e)) ||
	    bundle_require(w->b, STATE_QUANTIZED, STATE_COMPILED_SLIM, e) < 0)
		return -1;
	if (!bundle_has(w->b, "alloc.json"))
		return err_set(e, "'%s' has no allocation (run hn-alloc first)", quote(cfg->io.in));
	if (!(w->g = bundle_get_graph(w->b, "hn", e)) ||
	    !(w->q = bundle_get_npz(w->b, "q.npz", e)) ||
	    !(j = bundle_get_json(w->b, "alloc.json", e)))
		return -1;
	rc = alloc_set_from_json(j, &w->set, e);
	json_decref(j);
	if (rc < 0)
		return err_in(e, "alloc.json");
	if (load_parts(w, e) < 0)
		return -1;
	arch = w->set.v[0]->arch;
	if (cfg->arch && strchr(cfg->arch, '/') == NULL && strcmp(cfg->arch, arch) != 0)
		return err_set(e, "the model is allocated for '%s' (run hn-alloc -a %s)",
			       quote(arch), quote(cfg->arch));
	return target_load(cfg->arch ? cfg->arch : arch, &w->target, e);
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

static int build_part(struct work *w, const struct allocation *a, struct part *p, struct err *e)
{
	p->host =
	    (struct hef_host){ p->part[PART_BEFORE], p->part[PART_BEHIND], p->part[PART_DEVICE] };
	if (!(p->p = isa_build(p->part[PART_DEVICE], &p->m, a, &w->target, e)) ||
	    isa_add_posts(p->p, p->part[PART_BEHIND], e) < 0)
		return -1;
	if (w->form.stripped)
		isa_strip(p->p);
	return 0;
}

static int build(struct work *w, struct err *e)
{
	struct hef_group *groups = xcalloc(w->set.n, sizeof *groups);
	int r = 0;

	for (size_t i = 0; i < w->set.n && r == 0; i++) {
		r = build_part(w, w->set.v[i], &w->part[i], e);
		groups[i] = (struct hef_group){ w->part[i].p, &w->part[i].host, w->set.v[i]->fps };
	}
	if (r == 0)
		r = hef_write_groups(groups, w->set.n, &w->form, &w->hef, e);
	free(groups);
	return r;
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
	for (size_t i = 0; i < w->set.n; i++) {
		isa_free(w->part[i].p);
		qmodel_release(&w->part[i].m);
		for (int k = 0; k < 3; k++)
			graph_free(w->part[i].part[k]);
	}
	free(w->part);
	alloc_set_free(&w->set);
	tensors_free(w->q);
	graph_free(w->g);
	bundle_free(w->b);
}

static void say(const struct work *w)
{
	for (size_t i = 0; i < w->set.n; i++) {
		const struct isa_prog *p = w->part[i].p;

		log_info("%s for %s: %zu layers in %d context%s, %zu bytes%s", p->net,
			 p->machine.arch, p->nlayers, (int)p->ncontexts,
			 p->ncontexts > 1 ? "s" : "", w->hef.len,
			 w->set.n > 1 ? " with all groups" : "");
	}
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
	say(&w);
	release(&w);
	return 0;
}
