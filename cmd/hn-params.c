/* hn-params: statistics of a model's weights, as comma-separated values.  hn-params(1). */
#include "base/cli.h"
#include "base/outfile.h"
#include "quant/params.h"

struct config {
	struct cli_io io;
};

static const struct cli_opt options[] = {
	/* clang-format off */
	CLI_COMMON(struct config, io),
	CLI_END
	/* clang-format on */
};

static const struct cli_tool tool = { .name = "hn-params",
				      .operands = "[FILE]",
				      .summary = "statistics of a model's weights",
				      .options = options,
				      .io_offset = offsetof(struct config, io),
				      .max_operands = 1,
				      .operands_offset = SIZE_MAX };

int main(int argc, char *argv[])
{
	struct config cfg = { .io = { .in = "-", .out = "-" } };
	struct err e = { 0 };
	struct str text = { 0 };
	struct bundle *b;

	cli_parse(&tool, &cfg, argc, argv);
	if (!(b = bundle_read(cfg.io.in, NULL, &e)) || params_csv(b, &text, &e) < 0 ||
	    outfile_put(cfg.io.out, OUT_TEXT, text.p, text.len, &e) < 0)
		die(&e);
	str_release(&text);
	bundle_free(b);
	return 0;
}
