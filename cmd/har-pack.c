/* har-pack: pack, unpack, list and convert bundles.  har-pack(1). */
#include "base/cli.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "io/bundle.h"
#include "io/har.h"

struct config {
	struct cli_io io;
	bool list;
	bool info;
	bool gzip;
	bool zstd;
	bool slim;
	const char *dir;
	const char *member;
	const char *auto_script;
	const char *weights;
	const char *hn;
	const char *npz;
	struct cli_list add;
};

/* clang-format off */
static const struct cli_opt options[] = {
	{ '-', NULL, NULL, CLI_FLAG, 0, "Look into a bundle:", 0, 0 },
	{ 't', "list", NULL, CLI_FLAG, offsetof(struct config, list), "print the names of the members (-v: and sizes)", 0, 0 },
	{ 0, "info", NULL, CLI_FLAG, offsetof(struct config, info), "print name, state, versions and members", 0, 0 },
	{ 'x', "extract", "DIR", CLI_STR, offsetof(struct config, dir), "write all members into DIR", 0, 0 },
	{ 'm', "member", "MEMBER", CLI_STR, offsetof(struct config, member), "write one member: NET.hn, or hn for short", 0, 0 },
	{ 0, "auto-model-script-path", "FILE", CLI_STR, offsetof(struct config, auto_script), "write the automatic model script to FILE", 0, 0 },
	{ '-', NULL, NULL, CLI_FLAG, 0, "Make a bundle:", 0, 0 },
	{ 0, "hn", "FILE", CLI_STR, offsetof(struct config, hn), "pack this HN instead of reading a bundle", 0, 0 },
	{ 0, "npz", "FILE", CLI_STR, offsetof(struct config, npz), "with these weights", 0, 0 },
	{ 0, "add", "FILE", CLI_REPEAT, offsetof(struct config, add), "and this member (repeatable)", 0, 0 },
	{ '-', NULL, NULL, CLI_FLAG, 0, "Write a bundle (plain tar unless told otherwise):", 0, 0 },
	{ 'z', "gzip", NULL, CLI_FLAG, offsetof(struct config, gzip), "compress with gzip", 0, 0 },
	{ 0, "zstd", NULL, CLI_FLAG, offsetof(struct config, zstd), "compress with zstd", 0, 0 },
	{ 0, "compilation-only", NULL, CLI_FLAG, offsetof(struct config, slim), "keep only what compilation needs", 0, 0 },
	{ '-', NULL, NULL, CLI_FLAG, 0, "Common:", 0, 0 },
	{ 'w', "weights", "FILE", CLI_STR, offsetof(struct config, weights), "weights (.npz) when the input is bare HN JSON", 0, 0 },
	CLI_COMMON(struct config, io),
	CLI_END
};
/* clang-format on */

static const struct cli_tool tool = {
	.name = "har-pack",
	.operands = "[FILE]",
	.summary = "Pack, unpack, list and convert bundles (.har).",
	.options = options,
	.io_offset = offsetof(struct config, io),
	.max_operands = 1,
	.operands_offset = SIZE_MAX,
};

static void check_config(const struct config *c, bool have_input)
{
	int looks = c->list + c->info + !!c->dir + !!c->member + !!c->auto_script;

	if (looks > 1)
		cli_usage(
		    "only one of -t, --info, -x, -m and --auto-model-script-path can be used");
	if (looks && (c->gzip || c->zstd || c->slim))
		cli_usage("-z, --zstd and --compilation-only are for writing a bundle");
	if (c->gzip && c->zstd)
		cli_usage("only one of -z and --zstd can be used");
	if (!c->hn && (c->npz || c->add.n))
		cli_usage("--npz and --add go with --hn");
	if (c->hn && (have_input || c->weights))
		cli_usage("--hn replaces the input: no input file and no -w go with it");
}

static int put_text(const struct config *c, struct str *text, struct err *e)
{
	int rc = outfile_put(c->io.out, OUT_TEXT, text->p, text->len, e);

	str_release(text);
	return rc;
}

static int put_member(const struct bundle *b, const char *name, const char *path, struct err *e)
{
	size_t n;
	const void *p = har_member(b, name, &n, e);

	return p ? outfile_put(path, OUT_TEXT, p, n, e) : -1;
}

static int put_auto_script(const struct bundle *b, const char *path, struct err *e)
{
	if (!bundle_has(b, "auto.alls"))
		return err_set(e, "no automatic model script in the bundle (run hn-alloc first)");
	return put_member(b, "auto.alls", path, e);
}

static int run(const struct config *c, struct bundle *b, struct err *e)
{
	struct str text = { 0 };

	if (c->list) {
		har_list(b, c->io.verbose > 0, &text);
		return put_text(c, &text, e);
	}
	if (c->info)
		return har_info(b, &text, e) < 0 ? -1 : put_text(c, &text, e);
	if (c->dir)
		return har_extract(b, c->dir, e);
	if (c->member)
		return put_member(b, c->member, c->io.out, e);
	if (c->auto_script)
		return put_auto_script(b, c->auto_script, e);
	if (c->slim && har_slim(b, e) < 0)
		return -1;
	return bundle_write(b, c->io.out,
			    c->gzip   ? COMPRESS_GZIP
			    : c->zstd ? COMPRESS_ZSTD
				      : COMPRESS_NONE,
			    e);
}

int main(int argc, char *argv[])
{
	static const char standard[] = "-";
	struct config cfg = { .io = { .in = standard, .out = "-" } };
	struct err e = { 0 };
	struct bundle *b;

	cli_parse(&tool, &cfg, argc, argv);
	check_config(&cfg, cfg.io.in != standard);
	b = cfg.hn ? har_pack(cfg.hn, cfg.npz, &cfg.add, &e)
		   : bundle_read(cfg.io.in, cfg.weights, &e);
	if (!b || run(&cfg, b, &e) < 0)
		die(&e);
	bundle_free(b);
	return 0;
}
