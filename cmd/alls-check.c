/* alls-check: check a model script, alone or against a model.  alls-check(1). */
#include "alls/table.h"
#include "base/cli.h"
#include "base/log.h"
#include "base/outfile.h"
#include "io/bundle.h"

struct config {
	struct cli_io io;
	const char *model;
	bool json, print, list;
};

static const struct cli_opt options[] = {
	/* clang-format off */
	{ 'm', "model", "HAR", CLI_STR, offsetof(struct config, model), "also look up layers, globs and scopes in this model", 0, 0 },
	{ 0, "json", NULL, CLI_FLAG, offsetof(struct config, json), "print the result as JSON", 0, 0 },
	{ 0, "print", NULL, CLI_FLAG, offsetof(struct config, print), "print the script in its canonical form", 0, 0 },
	{ 0, "list", NULL, CLI_FLAG, offsetof(struct config, list), "print all commands with their arguments; read no script", 0, 0 },
	CLI_COMMON(struct config, io),
	CLI_END
	/* clang-format on */
};

static const struct cli_tool tool = { .name = "alls-check",
				      .operands = "[FILE]",
				      .summary = "check a model script",
				      .options = options,
				      .io_offset = offsetof(struct config, io),
				      .max_operands = 1,
				      .operands_offset = SIZE_MAX };

/* A script, its model, and what was found. */
struct work {
	struct alls *s;
	struct graph *g; /* NULL without -m */
	struct str out;
	bool print;       /* only the script itself goes to the output */
	json_t *commands; /* with --json */
	size_t count[4];  /* by enum alls_status */
	size_t wrong;
};

static int load(struct work *w, const struct config *cfg, struct err *e)
{
	struct bundle *b;

	if (!(w->s = alls_read(cfg->io.in, e)))
		return -1;
	if (!cfg->model)
		return 0;
	if (!(b = bundle_read(cfg->model, NULL, e)))
		return -1;
	w->g = bundle_get_graph(b, "hn", e);
	bundle_free(b);
	return w->g ? 0 : -1;
}

static json_t *json_statement(const struct alls_stmt *st)
{
	struct str text = { 0 };
	json_t *j = json_object();

	alls_print_stmt(st, &text);
	json_object_set_new(j, "line", json_integer(st->line));
	json_object_set_new(j, "column", json_integer(st->column));
	json_object_set_new(j, "command", json_string(quote(st->command)));
	json_object_set_new(j, "text", json_stringn_nocheck(text.p, text.len));
	str_release(&text);
	return j;
}

static void wrong(struct work *w, const struct alls_stmt *st, const struct err *e)
{
	w->wrong++;
	if (w->print) {
		log_warn("%s", e->msg);
		return;
	}
	if (w->commands) {
		json_t *j = json_statement(st);

		json_object_set_new(j, "known",
				    json_boolean(alls_row_find(st, &(struct err){ 0 })));
		json_object_set_new(j, "status", json_string("refused"));
		json_object_set_new(j, "error", json_string(e->msg));
		json_array_append_new(w->commands, j);
		return;
	}
	str_printf(&w->out, "%s\n", e->msg);
}

static void right_json(struct work *w, const struct alls_stmt *st, enum alls_status status,
		       const char *detail)
{
	struct str name = { 0 }, stages = { 0 };
	json_t *j = json_statement(st);

	alls_row_name(st->row, &name);
	alls_stage_names(st->row->stages, &stages);
	json_object_set_new(j, "known", json_true());
	json_object_set_new(j, "row", json_string(name.p));
	json_object_set_new(j, "stage", json_string(stages.p));
	json_object_set_new(j, "status", json_string(alls_status_name(status)));
	if (*detail)
		json_object_set_new(j, "detail", json_string(quote(detail)));
	json_array_append_new(w->commands, j);
	str_release(&name);
	str_release(&stages);
}

static void right(struct work *w, const struct alls_stmt *st)
{
	struct str detail = { 0 }, stages = { 0 };
	enum alls_status status;

	str_puts(&detail, "");
	status = alls_status(st, &detail);
	w->count[status]++;
	if (w->commands) {
		right_json(w, st, status, detail.p);
	} else {
		alls_stage_names(st->row->stages, &stages);
		str_printf(&w->out, "%4d  %-12s  ", st->line, stages.p);
		alls_print_stmt(st, &w->out);
		str_printf(&w->out, "\n      %s%s%s\n", alls_status_name(status),
			   *detail.p ? ": " : "", detail.p);
		str_release(&stages);
	}
	str_release(&detail);
}

static void check(struct work *w)
{
	size_t i;

	for (i = 0; i < w->s->nstmts; i++) {
		struct alls_stmt *st = &w->s->stmts[i];
		struct err e = { 0 };

		if (alls_check_stmt(w->s, st, &e) < 0 ||
		    (w->g && alls_check_layers(w->s, st, w->g, &e) < 0))
			wrong(w, st, &e);
		else
			right(w, st);
	}
}

static void put_total(struct work *w)
{
	const char *comma = " ";

	str_printf(&w->out, "%zu command%s:", w->s->nstmts, w->s->nstmts == 1 ? "" : "s");
	for (int i = 0; i < 4; i++)
		if (w->count[i]) {
			str_printf(&w->out, "%s%zu %s", comma, w->count[i], alls_status_name(i));
			comma = "; ";
		}
	if (w->wrong || !w->s->nstmts)
		str_printf(&w->out, "%s%zu refused", comma, w->wrong);
	str_puts(&w->out, "\n");
}

static void put_json(struct work *w)
{
	static const char *const keys[] = { "applied", "partly_applied", "stored", "no_effect" };
	json_t *j = json_object();
	json_t *total = json_object();

	json_object_set_new(j, "file", json_string(quote(w->s->file)));
	json_object_set(j, "commands", w->commands);
	for (int i = 0; i < 4; i++)
		json_object_set_new(total, keys[i], json_integer((json_int_t)w->count[i]));
	json_object_set_new(total, "refused", json_integer((json_int_t)w->wrong));
	json_object_set_new(j, "total", total);
	json_text(j, &w->out);
	json_decref(j);
}

static void put_param(const struct alls_param *p, struct str *out)
{
	struct str expects = { 0 };

	alls_param_expects(p, &expects);
	str_printf(out, "\t%s%s: %s%s%s%s\n", p->name,
		   p->rest         ? " (positions)"
		   : p->positional ? " (position)"
				   : "",
		   expects.p, p->required ? "; required" : "", p->dflt ? "; default " : "",
		   p->dflt ? p->dflt : "");
	str_release(&expects);
}

static void put_row(const struct alls_row *row, struct str *out)
{
	static const char *const status[] = { "applied", "stored, not applied yet", "no effect" };
	size_t i;

	alls_row_name(row, out);
	str_printf(out, "%s: %s\n\tof ", row->layered ? " with layers" : "", row->what);
	alls_stage_names(row->stages, out);
	str_printf(out, ": %s%s%s\n", status[row->status], row->why ? ": " : "",
		   row->why ? row->why : "");
	for (i = 0; row->params[i].name; i++)
		put_param(&row->params[i], out);
}

static void put_list(struct str *out)
{
	size_t n, i;
	const struct alls_row *const *rows = alls_rows(&n);

	for (i = 0; i < n; i++)
		put_row(rows[i], out);
}

static void run(struct work *w, const struct config *cfg, struct err *e)
{
	if (load(w, cfg, e) < 0)
		die(e);
	w->print = cfg->print;
	w->commands = cfg->json ? json_array() : NULL;
	check(w);
	if (cfg->print) {
		str_release(&w->out);
		str_puts(&w->out, "");
		alls_print(w->s, &w->out);
	} else if (cfg->json) {
		put_json(w);
	} else {
		put_total(w);
	}
	json_decref(w->commands);
	graph_free(w->g);
	alls_free(w->s);
}

int main(int argc, char *argv[])
{
	struct config cfg = { .io = { .in = "-", .out = "-" } };
	struct work w = { 0 };
	struct err e = { 0 };

	cli_parse(&tool, &cfg, argc, argv);
	if (cfg.json + cfg.print + cfg.list > 1)
		cli_usage("only one of --json, --print and --list can be used");
	if (cfg.list)
		put_list(&w.out);
	else
		run(&w, &cfg, &e);
	if (outfile_put(cfg.io.out, OUT_TEXT, w.out.p, w.out.len, &e) < 0)
		die(&e);
	str_release(&w.out);
	return w.wrong != 0;
}
