/* hn-alloc: place a quantized model on the machine.  hn-alloc(1). */
#include "alloc/alloc_set.h"
#include "alls/network_group.h"
#include "base/cli.h"
#include "base/log.h"
#include "base/outfile.h"
#include "io/bundle.h"
#include "post/post.h"
#include "report/alloc_svg.h"
#include <math.h>
#include <sys/time.h>

struct config {
	struct cli_io io;
	const char *arch, *script, *report, *svg;
	bool keep_best, numbers;
};

static const struct cli_opt options[] = {
	/* clang-format off */
	{ 'a', "hw-arch", "ARCH", CLI_STR, offsetof(struct config, arch), "target, or the path of its description (default: the bundle's, else hailo8)", 0, 0 },
	{ 's', "model-script", "FILE", CLI_STR, offsetof(struct config, script), "model script, .alls (default: the one in the bundle)", 0, 0 },
	{ 0, "numbers", NULL, CLI_FLAG, offsetof(struct config, numbers), "print the target's numbers and whether each is published, inferred or assumed; with -a help the targets", 0, 0 },
	{ 0, "keep-best", NULL, CLI_FLAG, offsetof(struct config, keep_best), "keep the bundle's allocation for this target unless the new one is faster", 0, 0 },
	{ 0, "report", "FILE", CLI_STR, offsetof(struct config, report), "also write resources, buffers and rates, JSON", 0, 0 },
	{ 0, "svg", "FILE", CLI_STR, offsetof(struct config, svg), "also draw clusters, what they hold and take, and the cycles of each layer", 0, 0 },
	CLI_COMMON(struct config, io),
	CLI_END
	/* clang-format on */
};

static const struct cli_tool tool = { .name = "hn-alloc",
				      .operands = "[FILE]",
				      .summary = "place a quantized model on the machine",
				      .options = options,
				      .io_offset = offsetof(struct config, io),
				      .max_operands = 1,
				      .operands_offset = SIZE_MAX };

/* A network group on its way. */
struct part {
	struct graph *g;     /* of the device */
	struct alls *script; /* what it says of the group; NULL: there are no groups */
	struct qmodel m;
	struct alloc_removed removed;
};

/* Everything between the bundle that was read and the one to write. */
struct work {
	struct bundle *b;
	struct target target;
	struct alls *script;
	struct alls_groups groups;
	struct graph *g, *device; /* all of the bundle, and what the host does not do */
	struct tensors *q;
	struct part *part; /* by network group; one when there are none */
	size_t nparts;
	struct alloc_set set;
	json_t *notices; /* what the script asks for and is not applied */
	char *on_core;   /* a post-process there; NULL: none */
	bool kept;       /* the bundle's own allocation: its script stays, too */
};

static const char *arch_of(const struct config *cfg, struct bundle *b)
{
	const json_t *stored = json_object_get(bundle_metadata(b), "hw_arch");

	if (cfg->arch)
		return cfg->arch;
	return json_is_string(stored) ? json_string_value(stored) : "hailo8";
}

/* Sizes of tables and limits of precision were those of another target (guide 4.4). */
static void warn_arch(const struct work *w)
{
	const json_t *made = json_object_get(bundle_metadata(w->b), "hnt_quantized_for");

	if (json_is_string(made) && strcmp(json_string_value(made), w->target.name) != 0)
		log_warn("the model was quantized for %s: changing the target to %s afterwards is "
			 "not recommended (hn-quantize --hw-arch %s)",
			 quote(json_string_value(made)), w->target.name, w->target.name);
}

/* A group's part of the graph on the device, without what the script removes. */
static int take_part(struct work *w, size_t i, struct err *e)
{
	struct part *p = &w->part[i];

	if (w->groups.n)
		p->script = alls_of_group(w->script, w->g, &w->groups, i);
	p->g = w->groups.n ? graph_of_group(w->device, &w->groups.v[i], e) : graph_clone(w->device);
	if (!p->g || graph_link(p->g, e) < 0 || qmodel_load(&p->m, p->g, w->q, e) < 0)
		return -1;
	return alloc_remove(p->g, w->g, &p->m, p->script ? p->script : w->script, &p->removed, e);
}

static int take_parts(struct work *w, struct err *e)
{
	if (alls_groups_read(w->script, w->g, &w->groups, e) < 0 ||
	    !(w->device = graph_part(w->g, PART_DEVICE, e)))
		return -1;
	w->nparts = w->groups.n ? w->groups.n : 1;
	w->part = xcalloc(w->nparts, sizeof *w->part);
	for (size_t i = 0; i < w->nparts; i++)
		if (take_part(w, i, e) < 0)
			return -1;
	return 0;
}

static int load(struct work *w, const struct config *cfg, struct err *e)
{
	if (!(w->b = bundle_read(cfg->io.in, NULL, e)) ||
	    bundle_require(w->b, STATE_QUANTIZED, STATE_QUANTIZED_SLIM, e) < 0 ||
	    target_load(arch_of(cfg, w->b), &w->target, e) < 0)
		return -1;
	warn_arch(w);
	if (alls_of_bundle(w->b, cfg->script, ALLS_ALLOC, &w->script, e) < 0 ||
	    !(w->g = bundle_get_graph(w->b, "hn", e)) ||
	    !(w->q = bundle_get_npz(w->b, "q.npz", e)) ||
	    alls_use_graph(w->script, w->g, ALLS_ALLOC, e) < 0)
		return -1;
	if (post_on_core(w->g))
		w->on_core = xstrdup(post_on_core(w->g));
	return take_parts(w, e);
}

/* The allocation in the bundle. */
static int stored(struct work *w, struct alloc_set *old, struct err *e)
{
	json_t *j = bundle_get_json(w->b, "alloc.json", e);
	int rc = -1;

	if (j && (rc = alloc_set_from_json(j, old, e)) < 0)
		err_in(e, "alloc.json");
	json_decref(j);
	return rc;
}

static void replace(struct work *w, struct alloc_set *old)
{
	alloc_set_free(&w->set);
	w->set = *old;
	w->kept = true;
}

/* It is the result when it is for this target. */
static int restore(struct work *w, struct err *e)
{
	struct err why = { 0 };
	struct alloc_set old = { 0 };

	if (stored(w, &old, &why) < 0 || strcmp(old.v[0]->arch, w->target.name) != 0) {
		alloc_set_free(&old);
		return -1;
	}
	*e = (struct err){ 0 };
	log_warn("the search was ended before it had found a placement: the bundle's stays");
	replace(w, &old);
	return 0;
}

/* ---- the end of the search: allocator_param(timeout), and Ctrl-C with --keep-best ---- */

static volatile sig_atomic_t stop;

static void end_search(int sig)
{
	stop = sig;
}

/* A second Ctrl-C ends the program. */
static void catch_end(int sig)
{
	struct sigaction a = { .sa_handler = end_search, .sa_flags = (int)SA_RESETHAND };

	sigemptyset(&a.sa_mask);
	sigaction(sig, &a, NULL);
}

static void set_alarm(double seconds)
{
	const double us = fmin(seconds, 1e6) * 1e6;
	struct itimerval t = { .it_value = { .tv_sec = (time_t)(us / 1e6) } };

	t.it_value.tv_usec = (suseconds_t)(us - 1e6 * (double)t.it_value.tv_sec);
	if (seconds > 0 && us < 1)
		t.it_value.tv_usec = 1;
	setitimer(ITIMER_REAL, &t, NULL);
}

static void start_clock(const struct work *w, bool keep_best)
{
	double seconds = 0;

	for (size_t i = 0; w->script && i < w->script->nstmts; i++)
		if (alls_is(&w->script->stmts[i], "allocator_param", NULL))
			seconds = alls_get_number(&w->script->stmts[i], "timeout", seconds);
	if (keep_best)
		catch_end(SIGINT);
	if (seconds > 0) {
		catch_end(SIGALRM);
		set_alarm(seconds);
	}
}

static void stop_clock(const struct work *w)
{
	set_alarm(0);
	if (stop == SIGINT)
		signal(SIGINT, SIG_DFL);
	if (stop && w->set.n && w->set.v[w->set.n - 1])
		log_warn("the search was ended %s: this is the best placement found so far",
			 stop == SIGALRM ? "by its timeout" : "by a signal");
}

static struct allocation *search_part(struct work *w, size_t i, struct err *e)
{
	struct part *p = &w->part[i];
	const struct alloc_opts opts = { .target = &w->target,
					 .script = p->script ? p->script : w->script,
					 .stop = &stop,
					 .removed = &p->removed };
	struct allocation *a = alloc_run(p->g, &p->m, &opts, e);

	if (a && w->groups.n)
		alloc_set_group(a, &w->groups.v[i]);
	return a;
}

/* The search, or what the bundle has when that was ended too early to find anything. */
static int search(struct work *w, bool keep_best, struct err *e)
{
	bool all = true;

	start_clock(w, keep_best);
	alloc_set_new(&w->set, w->nparts);
	for (size_t i = 0; i < w->nparts && all; i++)
		all = (w->set.v[i] = search_part(w, i, e)) != NULL;
	stop_clock(w);
	if (all || !stop || !keep_best || !bundle_has(w->b, "alloc.json"))
		return all ? 0 : -1;
	return restore(w, e);
}

/* Seconds of a frame of every group. */
static double frame_seconds(const struct alloc_set *s)
{
	double sum = 0;

	for (size_t i = 0; i < s->n; i++)
		sum += 1 / s->v[i]->fps;
	return sum;
}

static bool same_group(const struct allocation *a, const struct allocation *b)
{
	const char *x = a->group.name, *y = b->group.name;

	return strcmp(a->arch, b->arch) == 0 && a->batch == b->batch && !x == !y &&
	       (!x || strcmp(x, y) == 0);
}

/* --keep-best: the bundle's allocation, when it is for this target and not slower. */
static int keep_best(struct work *w, struct err *e)
{
	struct alloc_set old = { 0 };
	bool keep;

	if (w->kept || !bundle_has(w->b, "alloc.json"))
		return 0;
	if (stored(w, &old, e) < 0) {
		alloc_set_free(&old);
		return -1;
	}
	keep = old.n == w->set.n && frame_seconds(&old) <= frame_seconds(&w->set);
	for (size_t i = 0; i < old.n && keep; i++)
		keep = same_group(old.v[i], w->set.v[i]);
	if (!keep) {
		alloc_set_free(&old);
		return 0;
	}
	log_info("kept: %.2f FPS, the new allocation has %.2f", 1 / frame_seconds(&old),
		 1 / frame_seconds(&w->set));
	replace(w, &old);
	return 0;
}

/* The device's own post-process sees one context only (guide 5.1.5). */
static void warn_contexts(const struct work *w)
{
	int32_t most = 0;

	for (size_t i = 0; i < w->set.n; i++)
		most = w->set.v[i]->ncontexts > most ? w->set.v[i]->ncontexts : most;
	if (w->on_core && most > 1)
		log_warn("'%s' runs on the neural core, which needs a single context, and there "
			 "are %d (engine=cpu, or a script for one context)",
			 quote(w->on_core), (int)most);
}

static json_t *report_of(const struct allocation *a, const void *target)
{
	return alloc_report(a, target);
}

static int write_report(const struct work *w, const char *path, struct err *e)
{
	json_t *j = alloc_set_list(&w->set, report_of, &w->target);
	struct str text = { 0 };
	int rc;

	json_object_set(j, "script", w->notices);
	json_text(j, &text);
	json_decref(j);
	rc = outfile_put(path, OUT_TEXT, text.p, text.len, e);
	str_release(&text);
	return rc;
}

static int draw(const struct work *w, const char *path, struct err *e)
{
	struct str text = { 0 };
	int rc;

	alloc_svg(&w->set, &w->target, &text);
	rc = outfile_put(path, OUT_TEXT, text.p, text.len, e);
	str_release(&text);
	return rc;
}

static json_t *summary_of(const struct allocation *a, const void *ctx)
{
	json_t *j = alloc_summary(a);

	(void)ctx;
	if (a->group.name)
		json_object_set_new(j, "group", json_string(a->group.name));
	return j;
}

static void show(const struct work *w)
{
	for (size_t i = 0; i < w->set.n; i++) {
		const struct allocation *a = w->set.v[i];
		struct str table = { 0 };

		alloc_print(a, &w->target, &table);
		log_info("%s on %s\n%s", quote(a->group.name ? a->group.name : bundle_name(w->b)),
			 a->arch, table.p);
		str_release(&table);
	}
}

static int store(struct work *w, const struct config *cfg, struct err *e)
{
	json_t *j = alloc_set_to_json(&w->set);
	struct str script = { 0 };

	bundle_put_json(w->b, "alloc.json", j);
	json_decref(j);
	alloc_set_script(&w->set, &script);
	bundle_put(w->b, "auto.alls", script.p, script.len);
	if (!w->kept)
		alls_to_bundle(w->b, w->script);
	str_release(&script);
	json_object_set_new(bundle_metadata(w->b), "hw_arch", json_string(w->set.v[0]->arch));
	json_object_set_new(bundle_metadata(w->b), "hnt_alloc",
			    alloc_set_list(&w->set, summary_of, NULL));
	warn_contexts(w);
	show(w);
	if (cfg->report && write_report(w, cfg->report, e) < 0)
		return -1;
	if (cfg->svg && draw(w, cfg->svg, e) < 0)
		return -1;
	return bundle_write(w->b, cfg->io.out, COMPRESS_NONE, e);
}

static void release(struct work *w)
{
	for (size_t i = 0; i < w->nparts; i++) {
		struct part *p = &w->part[i];

		alloc_removed_release(&p->removed);
		qmodel_release(&p->m);
		graph_free(p->g);
		alls_free(p->script);
	}
	free(w->part);
	json_decref(w->notices);
	free(w->on_core);
	alloc_set_free(&w->set);
	alls_groups_release(&w->groups);
	tensors_free(w->q);
	graph_free(w->device);
	graph_free(w->g);
	alls_free(w->script);
	bundle_free(w->b);
}

/* -a help, --numbers: about targets, without a model. */
static int describe(const struct config *cfg)
{
	const bool all = cfg->arch && strcmp(cfg->arch, "help") == 0;
	struct str out = { 0 };
	struct err e = { 0 };
	int rc = all ? target_list(&out, &e)
		     : target_numbers(cfg->arch ? cfg->arch : "hailo8", &out, &e);

	if (rc < 0 || outfile_put(cfg->io.out, OUT_TEXT, out.p, out.len, &e) < 0)
		die(&e);
	str_release(&out);
	return 0;
}

int main(int argc, char *argv[])
{
	struct config cfg = { .io = { .in = "-", .out = "-" } };
	struct work w = { 0 };
	struct err e = { 0 };

	cli_parse(&tool, &cfg, argc, argv);
	if (cfg.report && strcmp(cfg.report, "-") == 0 && strcmp(cfg.io.out, "-") == 0)
		cli_usage("the report and the bundle cannot both go to the standard output");
	if (cfg.numbers || (cfg.arch && strcmp(cfg.arch, "help") == 0))
		return describe(&cfg);
	if (load(&w, &cfg, &e) < 0)
		die(&e);
	w.notices = json_array();
	alls_notices(w.script, ALLS_ALLOC, w.b, w.notices);
	if (search(&w, cfg.keep_best, &e) < 0 || (cfg.keep_best && keep_best(&w, &e) < 0) ||
	    store(&w, &cfg, &e) < 0)
		die(&e);
	release(&w);
	return 0;
}
