/* hn-compare: an original model against its HN, layer by layer.  hn-compare(1). */
#include "base/cli.h"
#include "base/log.h"
#include "base/num.h"
#include "base/outfile.h"
#include "base/rng.h"
#include "compare/compare.h"
#include "import/file.h"

struct config {
	struct cli_io io;
	struct cli_list files;
	const char *har; /* NULL: the model is translated here */
	struct cli_list start, end, shapes, formats;
	struct cli_list inputs;
	const char *range, *json;
	bool worst_first;
	int seed, data_count;
	double fail_above;
};

static const struct cli_opt options[] = {
	/* clang-format off */
	{ 0, "in", "[LAYER=]FILE", CLI_REPEAT, offsetof(struct config, inputs), "data for an input layer, .npy (default: random)", 0, 0 },
	{ 0, "seed", "N", CLI_INT, offsetof(struct config, seed), "of the random data (default: 0)", 0, INT32_MAX },
	{ 0, "range", "LO,HI", CLI_STR, offsetof(struct config, range), "uniform random data (default: mean 0, deviation 1)", 0, 0 },
	{ 0, "data-count", "N", CLI_INT, offsetof(struct config, data_count), "only the first N images", 1, INT32_MAX },
	{ 0, "fail-above", "X", CLI_DOUBLE, offsetof(struct config, fail_above), "exit 1 when a layer differs by more than X of its range (default: 1e-4)", 0, 0 },
	{ 0, "worst-first", NULL, CLI_FLAG, offsetof(struct config, worst_first), "sort by difference", 0, 0 },
	{ 0, "json", "FILE", CLI_STR, offsetof(struct config, json), "write the comparison as JSON too", 0, 0 },
	{ 0, "start-node-names", "LIST", CLI_LIST, offsetof(struct config, start), "nodes at which the network starts (default: as it was translated)", 0, 0 },
	{ 0, "end-node-names", "LIST", CLI_LIST, offsetof(struct config, end), "nodes at which it ends", 0, 0 },
	{ 0, "net-input-shapes", "NAME=N,C,H,W", CLI_REPEAT, offsetof(struct config, shapes), "shape of an input", 0, 0 },
	{ 0, "net-input-format", "NAME=BCHW", CLI_LIST, offsetof(struct config, formats), "meaning of an input's dimensions", 0, 0 },
	CLI_COMMON(struct config, io),
	CLI_END
	/* clang-format on */
};

static const struct cli_tool tool = {
	.name = "hn-compare",
	.operands = "[MODEL.onnx [FILE.har]]",
	.summary = "compare a model with its translation, layer by layer",
	.options = options,
	.io_offset = offsetof(struct config, io),
	.max_operands = 2,
	.operands_offset = offsetof(struct config, files),
};

/* Random data: normal, or uniform in a range. */
struct noise {
	double lo, hi;
	bool uniform;
};

static struct noise check_config(struct config *cfg)
{
	struct noise n = { 0, 0, cfg->range != NULL };
	const bool first = cfg->files.n && cfg->io.in == cfg->files.v[0];
	struct err e = { 0 };
	char *lo, *comma;
	int r;

	if (cfg->files.n == 2 && !first)
		cli_usage("-i and two operands given");
	if (cfg->files.n > first)
		cfg->har = cfg->files.v[first];
	if (cfg->json && strcmp(cfg->json, "-") == 0 && strcmp(cfg->io.out, "-") == 0)
		cli_usage("the table and --json cannot both go to standard output");
	if (cfg->inputs.n && cfg->range)
		cli_usage("--in and --range exclude each other");
	if (!cfg->range)
		return n;
	lo = xstrdup(cfg->range);
	comma = strchr(lo, ',');
	if (comma)
		*comma = '\0';
	r = !comma || num_double(lo, "bound", &n.lo, &e) < 0 ||
	    num_double(comma + 1, "bound", &n.hi, &e) < 0 || !(n.lo <= n.hi);
	free(lo);
	if (r)
		cli_usage("--range must be LO,HI, not '%s'", quote(cfg->range));
	return n;
}

static const char *model_name(const struct config *cfg)
{
	return strcmp(cfg->io.in, "-") == 0 ? "standard input" : quote(cfg->io.in);
}

/* The network of a bundle; the options of its translation, unless others were given. */
static int load_bundle(const struct config *cfg, struct emu_model *m, struct arena *a,
		       struct onnx_opts *o, struct err *e)
{
	const bool given = cfg->start.n || cfg->end.n || cfg->shapes.n || cfg->formats.n;
	struct bundle *b = bundle_read(cfg->har, NULL, e);
	int r = b ? emu_model_load(m, b, EMU_NATIVE, e) : -1;

	if (r == 0 && !given)
		r = onnx_options_recall(bundle_metadata(b), a, o, e);
	bundle_free(b);
	return r < 0 ? err_in(e, "%s", quote(cfg->har)) : 0;
}

/* The translation of the model, and the network: from a bundle, or the translation itself. */
static int load(const struct config *cfg, const struct im_source *src, struct onnx_result *r,
		struct emu_model *m, struct err *e)
{
	struct onnx_opts o = { .places = true,
			       .start = cfg->start.v,
			       .nstart = cfg->start.n,
			       .end = cfg->end.v,
			       .nend = cfg->end.n,
			       .shapes = cfg->shapes.v,
			       .nshapes = cfg->shapes.n,
			       .formats = cfg->formats.v,
			       .nformats = cfg->formats.n };
	struct arena a = { 0 };
	char *net = NULL;
	int res = 0;

	if (cfg->har && load_bundle(cfg, m, &a, &o, e) < 0)
		return -1;
	net = cfg->har                       ? xstrdup(m->g->name)
	      : strcmp(cfg->io.in, "-") == 0 ? xstrdup("model")
					     : name_from_path(cfg->io.in);
	res = onnx_import_source(src, &o, net, r, e);
	free(net);
	arena_release(&a);
	if (res < 0)
		return err_in(e, "%s", model_name(cfg));
	if (cfg->har)
		return 0;
	*m = (struct emu_model){ .context = EMU_NATIVE, .g = r->graph, .w = r->weights };
	r->graph = NULL;
	r->weights = NULL;
	return 0;
}

/* ---- data ---- */
struct data {
	struct dataset *set; /* NULL: random */
	struct io_port *port;
	size_t nport, count; /* inputs; images */
	struct noise noise;
	int seed;
	float **in; /* one batch of each input */
};

static int open_data(const struct config *cfg, const struct emu_model *m, int32_t batch,
		     struct data *d, struct err *e)
{
	d->nport = emu_model_inputs(m, &d->port);
	d->count = (size_t)batch;
	d->seed = cfg->seed;
	d->in = xcalloc(d->nport + 1, sizeof *d->in);
	for (size_t i = 0; i < d->nport; i++)
		d->in[i] = xcalloc((size_t)batch, io_port_bytes(&d->port[i]));
	if (cfg->inputs.n) {
		d->set =
		    dataset_open(cfg->inputs.v, cfg->inputs.n, d->port, d->nport, m->before, e);
		if (!d->set)
			return -1;
		d->count = dataset_count(d->set);
	}
	if (cfg->data_count && (size_t)cfg->data_count < d->count)
		d->count = (size_t)cfg->data_count;
	if (d->count % (size_t)batch != 0)
		return err_set(e, "%zu images are no multiple of the model's batch of %d", d->count,
			       batch);
	return 0;
}

static void make_random(const struct data *d, size_t i, int32_t batch)
{
	const size_t n = hn_shape_count(&d->port[i].shape) * (size_t)batch;
	const struct noise *o = &d->noise;
	const char *slash = strchr(d->port[i].name, '/');
	struct rng r;

	/* The layer's name alone: another name of the network gives the same data. */
	rng_init(&r, (uint64_t)d->seed, slash ? slash + 1 : d->port[i].name);
	for (size_t k = 0; k < n; k++)
		d->in[i][k] = (float)(o->uniform ? o->lo + (o->hi - o->lo) * rng_uniform(&r)
						 : rng_normal(&r));
}

static int load_data(const struct data *d, size_t from, int32_t batch, struct err *e)
{
	for (size_t i = 0; i < d->nport; i++)
		if (!d->set)
			make_random(d, i, batch);
		else if (dataset_load(d->set, i, from, (size_t)batch, d->in[i], e) < 0)
			return -1;
	return 0;
}

static void close_data(struct data *d)
{
	for (size_t i = 0; d->in && i < d->nport; i++)
		free(d->in[i]);
	free(d->in);
	free(d->port);
	dataset_free(d->set);
}

static int run(const struct config *cfg, struct compare *c, const struct emu_model *m,
	       struct noise noise, struct err *e)
{
	const int32_t batch = compare_batch(c);
	struct data d = { .noise = noise };
	int r = open_data(cfg, m, batch, &d, e);

	for (size_t at = 0; r == 0 && at < d.count; at += (size_t)batch) {
		r = load_data(&d, at, batch, e);
		if (r == 0)
			r = compare_run(c, (const float *const *)d.in, e);
	}
	close_data(&d);
	return r;
}

static int put(const struct config *cfg, const struct compare *c, struct err *e)
{
	struct str s = { 0 };
	json_t *j;
	int r = 0;

	if (cfg->json) {
		j = compare_json(c);
		json_text(j, &s);
		r = outfile_put(cfg->json, OUT_TEXT, s.p, s.len, e);
		json_decref(j);
		str_release(&s);
		s = (struct str){ 0 };
	}
	compare_table(c, cfg->worst_first, &s);
	if (r == 0)
		r = outfile_put(cfg->io.out, OUT_TEXT, s.p, s.len, e);
	str_release(&s);
	return r;
}

/* With onnxruntime too, where its library is found and what is compared can be run by it. */
static int use_ort(const struct config *cfg, struct compare *c, struct err *e)
{
	char *library = ort_find(getenv("ORT_LIB"), getenv("ORT_DIR"));
	struct err why = { 0 };
	struct ort *o = NULL;
	int r = 0;

	if (!library)
		log_debug("no library of onnxruntime to compare with: ORT_LIB names its file");
	else if (strcmp(cfg->io.in, "-") == 0)
		log_warn("not compared with onnxruntime: the model is no file");
	else if (compare_ort_fits(c, &why) < 0)
		log_warn("not compared with onnxruntime: %s", why.msg);
	else {
		o = ort_open(library, cfg->io.in, e);
		r = o ? 0 : -1;
	}
	if (o)
		compare_ort_use(c, o);
	free(library);
	return r;
}

int main(int argc, char *argv[])
{
	struct config cfg = { .io = { .in = "-", .out = "-" }, .fail_above = 1e-4 };
	struct onnx_result r = { 0 };
	struct emu_model m = { 0 };
	struct im_file file;
	const struct im_source src = { onnx_read, &file };
	struct err e = { 0 };
	struct compare *c;
	struct noise noise;
	bool good;

	cli_parse(&tool, &cfg, argc, argv);
	noise = check_config(&cfg);
	if (im_file_open(&file, cfg.io.in, "an ONNX model", &e) < 0) {
		err_in(&e, "%s", model_name(&cfg));
		die(&e);
	}
	if (load(&cfg, &src, &r, &m, &e) < 0)
		die(&e);
	c = compare_new(&src, &m, r.place, r.nplace, &e);
	im_file_close(&file);
	if (c && use_ort(&cfg, c, &e) < 0)
		die(&e);
	if (!c || run(&cfg, c, &m, noise, &e) < 0) {
		err_in(&e, "%s", model_name(&cfg));
		die(&e);
	}
	if (put(&cfg, c, &e) < 0)
		die(&e);
	if (compare_lost(c))
		log_warn("%zu tensors lie in layers that the network does not have",
			 compare_lost(c));
	good = compare_within(c, cfg.fail_above);
	compare_free(c);
	emu_model_release(&m);
	onnx_result_release(&r);
	return good ? 0 : 1;
}
