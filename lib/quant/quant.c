#include "quant/compress.h"
#include "quant/mix.h"
#include "quant/quant_int.h"
#include "quant/weights.h"

#include "base/log.h"
#include "io/npy.h"

#include <math.h>
#include <string.h>

/* Static bound of a record's accumulators; qop_check has bounded those of 64 bits. */
static bool may_overflow(const struct qop *op)
{
	const size_t c = op->kernel.n && !qop_is_wide(op) ? (size_t)op->out_shape.v[2] : 0;
	int64_t *sum = xcalloc(c, sizeof *sum);
	bool may = false;

	for (size_t k = 0; c && k < op->kernel.n; k += c)
		weight_sums(op->kernel.v + k, c, sum);
	for (size_t f = 0; f < c; f++) {
		int64_t most = 255 * sum[f] + llabs((long long)qop_bias(op, f));

		if (op->nin > 1)
			most +=
			    llabs((long long)fixed_scale(255, op->in_mult.v[1], op->in_shift.v[1]));
		may = may || most > INT32_MAX;
	}
	free(sum);
	return may;
}

struct qinfo *quant_info(const struct quant *q, const struct layer *l)
{
	return &q->info[l->index];
}

void quant_want_hist(struct quant *q, const struct layer *l)
{
	struct qinfo *info = quant_info(q, l);

	if (!info->hist)
		info->hist = xcalloc(info->c, sizeof *info->hist);
}

size_t quant_port_offset(const struct layer *l, int port)
{
	size_t at = 0;

	for (int p = 0; p < port; p++)
		at += (size_t)l->out[p].c;
	return at;
}

const float *quant_weight(const struct quant *q, const struct layer *l, const char *key, size_t n,
			  struct err *e)
{
	const struct tensor *t = layer_weight(q->w, l, key);

	if (!t)
		err_set(e, "layer '%s' has no '%s'", quote(l->name), key);
	else if (t->dtype != DT_F32 || tensor_count(t) != n)
		err_set(e, "layer '%s': '%s' is %s%s, %zu float32 values expected", quote(l->name),
			key, dtype_name(t->dtype), tensor_shape_text(t), n);
	else
		return t->data;
	return NULL;
}

void quant_forget(struct qinfo *info)
{
	for (size_t c = 0; c < info->c; c++) {
		info->min[c] = INFINITY;
		info->max[c] = -INFINITY;
	}
	info->pre_min = INFINITY;
	info->pre_max = -INFINITY;
	info->top_min = INFINITY;
	for (size_t c = 0; info->hist && c < info->c; c++)
		hist_release(&info->hist[c]);
}

void quant_info_init(struct qinfo *info, size_t c)
{
	*info = (struct qinfo){ .c = c,
				.groups = 1,
				.max_feed_repeat = 32,
				.weight_clip.mode = CLIP_MMSE_IF4B,
				.zero_static = -1,
				.correct_bias = -1,
				.equalize = -1,
				.eq_transparent = -1,
				.vector_asked = -1 };
	info->min = xreallocarray(NULL, c, sizeof *info->min);
	info->max = xreallocarray(NULL, c, sizeof *info->max);
	info->eq = xreallocarray(NULL, c, sizeof *info->eq);
	for (size_t i = 0; i < c; i++)
		info->eq[i] = 1;
	quant_forget(info);
}

static void info_init(struct quant *q)
{
	q->ninfo = q->g->nlayers;
	q->info = xcalloc(q->ninfo, sizeof *q->info);
	q->ops = xcalloc(q->ninfo, sizeof *q->ops);
	for (size_t i = 0; i < q->ninfo; i++)
		quant_info_init(&q->info[i],
				quant_port_offset(q->g->layers[i], (int)q->g->layers[i]->nout));
}

void quant_info_free(struct qinfo *info)
{
	free(info->min);
	free(info->max);
	free(info->eq);
	free(info->scales);
	for (size_t c = 0; info->hist && c < info->c; c++)
		hist_release(&info->hist[c]);
	free(info->hist);
	*info = (struct qinfo){ 0 };
}

static void info_release(struct quant *q)
{
	for (size_t i = 0; i < q->ninfo; i++) {
		quant_info_free(&q->info[i]);
		qop_release(&q->ops[i]);
	}
	free(q->info);
	free(q->ops);
}

static struct tensor vector(const float *v, size_t n)
{
	struct tensor t = tensor_new(DT_F32, 1, (int64_t[]){ (int64_t)n });

	memcpy(tensor_data(&t), v, n * sizeof *v);
	return t;
}

/* Per output feature, in the units of the equalized model. */
static void store_stats(const struct quant *q, struct tensors *out)
{
	for (size_t i = 0; i < q->g->nlayers; i++) {
		const char *name = q->g->layers[i]->name;

		tensors_setf(out, vector(q->info[i].min, q->info[i].c), "%s/stats_min:0", name);
		tensors_setf(out, vector(q->info[i].max, q->info[i].c), "%s/stats_max:0", name);
	}
}

static void fill_layer(struct quant *q, struct layer *l)
{
	const struct qop *op = &q->ops[l->index];
	const int32_t act = op->in_bits.n ? op->in_bits.v[0] : op->out_bits;
	const int32_t second = l->type == HN_MATMUL ? op->in_bits.v[1] : act;

	/* What the record is, which may be more than was asked for. */
	l->quant.precision_mode = arena_strdup(
	    &q->g->arena, precision_name(act, op->w_bits ? op->w_bits : second, op->out_bits));
	if (!l->quant.bias_mode && op->kernel.n + (op->w_bits ? op->kernel16.n : 0))
		l->quant.bias_mode = arena_strdup(&q->g->arena, "double_scale_initialization");
}

int quant_overflow(struct quant *q, struct err *e)
{
	for (size_t i = 0; i < q->g->nlayers; i++) {
		if (!may_overflow(&q->ops[i]))
			continue;
		if (q->calib)
			return quant_run_integers(q, e);
		log_warn("layer '%s': its sums may leave 32 bits, which is not tried without "
			 "images (give -c beside --stats)",
			 quote(q->g->layers[i]->name));
	}
	return 0;
}

/* Statistics may stand for images. */
static int open_calib(struct quant *q, struct err *e)
{
	if (!q->opts.calib && !q->opts.random_calib)
		return 0;
	return (q->calib = calib_open(q, e)) ? 0 : -1;
}

/* A set smaller than what was asked for is said aloud; than the guide's 64, with -v. */
static void tell_images(const struct quant *q)
{
	const uint64_t want = (uint64_t)q->opts.calibset_size;

	if (q->o->part || q->images >= want)
		return;
	(q->opts.sized ? log_warn : log_debug)(
	    "the calibration set has %llu images, %llu wanted: ranges may not fit what the network "
	    "will see",
	    (unsigned long long)q->images, (unsigned long long)want);
}

static int observe(struct quant *q, struct err *e)
{
	if ((q->o->nstats ? stats_load(q, e) : quant_observe(q, e)) < 0 ||
	    quant_check_finite(q, e) < 0)
		return -1;
	tell_images(q);
	q->stats = stats_store(q);
	return 0;
}

static int equalize(struct quant *q, struct err *e)
{
	const bool level = q->opts.equalization && q->opts.optimization_level >= 0;
	bool any = false;

	q->equalize_named = q->equalize == 0 || (q->equalize < 0 && !level);
	for (size_t i = 0; i < q->ninfo; i++)
		any = any || q->info[i].equalize == 1;
	return any || q->balance || !q->equalize_named ? quant_equalize(q, e) : 0;
}

/* The one order of steps.  hn-stat ends with "observe". */
static const struct {
	const char *name;
	int (*run)(struct quant *q, struct err *e);
	const char *why; /* why here in the order */
} steps[] = {
	/* clang-format off */
	{ "script",      quant_script,   "what is asked for, before anything is measured" },
	{ "transforms",  quant_transform, "graphs that compute the same, before they are observed" },
	{ "made layers", quant_script_made, "what the script says of layers that it has made" },
	{ "reduction",   quant_reduce_inputs, "the size at which the images are wanted" },
	{ "calibration", open_calib,     "its size and batch are the script's" },
	{ "observe",     observe,        "ranges of the float model as it came" },
	{ "dead channels", quant_dead_channels, "features that are nothing, while their numbers are those of the statistics" },
	{ "static",      quant_zero_static, "features that never change, before they weigh in equalization" },
	{ "dead layers", quant_dead_layers, "branches that add nothing, known by what was observed" },
	{ "equalize",    equalize,       "moves scales between layers, and the observed ranges with them" },
	{ "clipping",    quant_clip_values, "percentiles of the values as they are now" },
	{ "compress",    quant_compress, "4-bit layers by the noise of the weights as they are now" },
	{ "precision search", quant_mix,     "of layers that are still open, by the noise at the outputs" },
	{ "ranges",      quant_ranges,   "encodings, of the ranges as they are now" },
	{ "exponents",   quant_negative_exponent, "layers whose sums are coarser than these codes" },
	{ "records",     quant_records,  "integers, by the encodings" },
	{ "bias correction", quant_correct_biases, "of the records, by what they compute on the images" },
	{ "overflow",    quant_overflow, "of the records as they will be stored" },
	/* clang-format on */
};

static int run(struct quant *q, const char *last, struct err *e)
{
	if (quant_supported(q->g, e) < 0 ||
	    target_load(q->o->hw_arch ? q->o->hw_arch : "hailo8", &q->target, e) < 0)
		return -1;
	info_init(q);
	q->zero_static = q->smart_softmax = true;
	q->remove_layers = q->validate_removal = true;
	q->static_eps = 1e-7;
	q->correct_biases = q->equalize = -1;
	q->asked_level = q->opts.optimization_level;
	for (size_t i = 0; i < q->g->nlayers && q->o->histograms; i++)
		quant_want_hist(q, q->g->layers[i]);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		log_debug("quantize: %s", steps[i].name);
		if (steps[i].run(q, e) < 0)
			return -1;
		if (last && strcmp(steps[i].name, last) == 0)
			break;
	}
	return 0;
}

static void release(struct quant *q)
{
	calib_free(q->calib);
	tensors_free(q->stats);
	info_release(q);
	free(q->downgrade);
}

/* What was asked for and is not done, once more at the end. */
static void tell_downgrades(const struct quant *q)
{
	if (q->downgrade)
		log_warn("%s", q->downgrade);
	if (q->asked_level > q->opts.optimization_level)
		log_warn("optimization_level=%d trains weights, which is not built: level %d was "
			 "applied instead, equalization and bias correction",
			 q->asked_level, q->opts.optimization_level);
}

int quant_run(struct graph *g, struct tensors *w, const struct quant_opts *o,
	      struct tensors **q_out, struct err *e)
{
	struct quant q = { .g = g, .w = w, .o = o, .opts = *o, .ratio4 = -1 };
	int rc = run(&q, NULL, e);

	if (rc == 0 && o->stats_out)
		rc = npz_write(o->stats_out, q.stats, e);
	if (rc == 0) {
		*q_out = tensors_new();
		for (size_t i = 0; i < g->nlayers; i++) {
			fill_layer(&q, g->layers[i]);
			qop_store(&q.ops[i], *q_out, g->layers[i]->name);
		}
		store_stats(&q, *q_out);
		tell_downgrades(&q);
	}
	if (rc == 0 && o->stats_set)
		*o->stats_set = tensors_copy(q.stats);
	release(&q);
	return rc;
}

int quant_stat(struct graph *g, struct tensors *w, const struct quant_opts *o, struct tensors **out,
	       struct err *e)
{
	struct quant q = { .g = g, .w = w, .o = o, .opts = *o };
	int rc = run(&q, "observe", e);

	if (rc == 0)
		*out = tensors_copy(q.stats);
	release(&q);
	return rc;
}
