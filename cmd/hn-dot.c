/* hn-dot: draw a model's graph.  hn-dot(1). */
#include "base/cli.h"
#include "base/outfile.h"
#include "io/bundle.h"
#include "report/picture.h"

struct config {
	struct cli_io io;
	const char *member;
	bool dot;
};

static const struct cli_opt options[] = {
	/* clang-format off */
	{ 0, "dot", NULL, CLI_FLAG, offsetof(struct config, dot), "write DOT, for graphviz, instead of SVG", 0, 0 },
	{ 'm', "member", "MEMBER", CLI_STR, offsetof(struct config, member), "draw this graph: hn (default), native.hn, fp.hn", 0, 0 },
	CLI_COMMON(struct config, io),
	CLI_END
	/* clang-format on */
};

static const struct cli_tool tool = { .name = "hn-dot",
				      .operands = "[FILE]",
				      .summary = "draw a model's graph, SVG",
				      .options = options,
				      .io_offset = offsetof(struct config, io),
				      .max_operands = 1,
				      .operands_offset = SIZE_MAX };

static const char *state_text(const struct bundle *b, const char *member)
{
	if (strcmp(member, "native.hn") == 0)
		return "as parsed";
	if (strcmp(member, "fp.hn") == 0)
		return "full precision";
	switch (bundle_state(b)) {
	case STATE_FP_OPTIMIZED:
		return "full precision";
	case STATE_QUANTIZED:
	case STATE_QUANTIZED_BASE:
	case STATE_QUANTIZED_SLIM:
		return "quantized";
	case STATE_COMPILED:
	case STATE_COMPILED_SLIM:
		return "compiled";
	default:
		return "as parsed";
	}
}

static int draw(const struct bundle *b, const struct config *cfg, struct str *out, struct err *e)
{
	const char *member = cfg->member ? cfg->member : "hn";
	struct graph *before = NULL;
	struct graph *g;

	if (!bundle_has(b, member))
		return err_set(e, "%s has no graph '%s' (hn, native.hn, fp.hn)",
			       quote(bundle_name(b)), quote(member));
	if (!(g = bundle_get_graph(b, member, e)))
		return -1;
	if (strcmp(member, "native.hn") != 0 && bundle_has(b, "native.hn") &&
	    !(before = bundle_get_graph(b, "native.hn", e))) {
		graph_free(g);
		return -1;
	}
	(cfg->dot ? picture_dot : picture_svg)(
	    g, &(struct picture_opts){ .before = before, .state = state_text(b, member) }, out);
	graph_free(before);
	graph_free(g);
	return 0;
}

int main(int argc, char *argv[])
{
	struct config cfg = { .io = { .in = "-", .out = "-" } };
	struct str out = { 0 };
	struct err e = { 0 };
	struct bundle *b;

	cli_parse(&tool, &cfg, argc, argv);
	if (!(b = bundle_read(cfg.io.in, NULL, &e)) || draw(b, &cfg, &out, &e) < 0 ||
	    outfile_put(cfg.io.out, OUT_TEXT, out.p, out.len, &e) < 0)
		die(&e);
	str_release(&out);
	bundle_free(b);
	return 0;
}
