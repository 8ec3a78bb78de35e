/*
 * Statistics of a calibration set as a file (har(5)): what quant_observe learns, in units of the
 * model as it came.  Extremes and counts alone, so that the files of parts of a set make up that of
 * the whole, however it was cut.
 */
#include "base/limits.h"
#include "base/log.h"
#include "base/rng.h"
#include "io/npy.h"
#include "quant/quant_int.h"

#include <math.h>
#include <string.h>

/* One value or a few, as an array. */
static struct tensor array(enum dtype type, const void *v, size_t n)
{
	struct tensor t = tensor_new(type, 1, (int64_t[]){ (int64_t)n });

	if (n)
		memcpy(tensor_data(&t), v, n * dtype_size(type));
	return t;
}

/* What statistics depend on: layers, their shapes and weights, and not how they are quantized. */
static uint64_t model_hash(const struct quant *q)
{
	struct str s = { 0 };
	uint64_t h;

	for (size_t i = 0; i < q->g->nlayers; i++) {
		const struct layer *l = q->g->layers[i];

		str_printf(&s, "%s %d %d", l->name, (int)l->type, (int)l->p.activation);
		for (size_t k = 0; k < l->nin; k++)
			str_printf(&s, " %zu.%d", l->in[k].layer->index, (int)l->in[k].port);
		for (size_t k = 0; k < l->nout; k++)
			str_printf(&s, " %s", hn_shape_text(&l->out[k]));
		str_puts(&s, "\n");
	}
	for (size_t i = 0; i < tensors_count(q->w); i++) {
		const struct tensor *t = tensors_at(q->w, i);

		str_printf(&s, "%s %016llx\n", tensors_key(q->w, i),
			   (unsigned long long)hash_xxh3(t->data, tensor_bytes(t)));
	}
	h = hash_xxh3(s.p, s.len);
	str_release(&s);
	return h;
}

/* The bins of all features of a layer, in order. */
struct bins {
	size_t n, cap[3];
	int32_t *bin;
	uint32_t *feature;
	uint64_t *count;
	uint32_t current;
};

static void add_bin(int32_t bin, uint64_t n, void *ctx)
{
	struct bins *b = ctx;

	VEC_GROW(b->bin, b->n, &b->cap[0]);
	VEC_GROW(b->feature, b->n, &b->cap[1]);
	VEC_GROW(b->count, b->n, &b->cap[2]);
	b->bin[b->n] = bin;
	b->feature[b->n] = b->current;
	b->count[b->n++] = n;
}

static void store_hist(const struct layer *l, const struct qinfo *info, struct tensors *out)
{
	struct bins b = { 0 };

	for (; info->hist && b.current < info->c; b.current++)
		hist_each(&info->hist[b.current], add_bin, &b);
	if (info->hist) {
		tensors_setf(out, array(DT_U32, b.feature, b.n), "%s/stats_feature:0", l->name);
		tensors_setf(out, array(DT_I32, b.bin, b.n), "%s/stats_bin:0", l->name);
		tensors_setf(out, array(DT_U64, b.count, b.n), "%s/stats_count:0", l->name);
	}
	free(b.bin);
	free(b.feature);
	free(b.count);
}

struct tensors *stats_store(const struct quant *q)
{
	struct tensors *out = tensors_new();
	const uint64_t model = model_hash(q);

	tensors_setf(out, array(DT_U64, &model, 1), "%s/stats_model:0", q->g->name);
	tensors_setf(out, array(DT_U64, &q->images, 1), "%s/stats_images:0", q->g->name);
	for (size_t i = 0; i < q->g->nlayers; i++) {
		const struct layer *l = q->g->layers[i];
		const struct qinfo *info = &q->info[i];
		const float pre[2] = { info->pre_min, info->pre_max };
		const uint8_t bytes = info->bytes;

		tensors_setf(out, array(DT_F32, info->min, info->c), "%s/stats_min:0", l->name);
		tensors_setf(out, array(DT_F32, info->max, info->c), "%s/stats_max:0", l->name);
		if (l->type == HN_INPUT)
			tensors_setf(out, array(DT_U8, &bytes, 1), "%s/stats_bytes:0", l->name);
		if (isfinite(pre[0]))
			tensors_setf(out, array(DT_F32, pre, 2), "%s/stats_pre:0", l->name);
		if (isfinite(info->top_min))
			tensors_setf(out, array(DT_F32, &info->top_min, 1), "%s/stats_top:0",
				     l->name);
		store_hist(l, info, out);
	}
	return out;
}

/* An array of a statistics file: type and size must be right; NULL when it is not there. */
static const struct tensor *find(const struct tensors *s, const char *name, const char *key,
				 enum dtype type, size_t n, struct err *e)
{
	const struct tensor *t = tensors_getf(s, "%s/%s:0", name, key);

	if (!t || (t->dtype == type && tensor_count(t) == n))
		return t;
	err_set(e, "'%s/%s:0' is %s%s, %s[%zu] expected", quote(name), key, dtype_name(t->dtype),
		tensor_shape_text(t), dtype_name(type), n);
	return NULL;
}

static const void *need(const struct tensors *s, const char *name, const char *key, enum dtype type,
			size_t n, struct err *e)
{
	const struct tensor *t = find(s, name, key, type, n, e);

	if (!t && !err_is(e))
		err_set(e, "no '%s/%s:0': not the statistics of this model", quote(name), key);
	return t ? t->data : NULL;
}

/* Widens min and max by those of a file; what nobody saw is infinite, everything else a number. */
static int merge_range(float *min, float *max, size_t n, const float *lo, const float *hi,
		       struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const bool none = lo[i] == INFINITY && hi[i] == -INFINITY;

		if (isnan(lo[i]) || isnan(hi[i]) || (!none && lo[i] > hi[i]))
			return err_set(e, "feature %zu: no range", i);
		min[i] = fminf(min[i], lo[i]);
		max[i] = fmaxf(max[i], hi[i]);
	}
	return 0;
}

/* A histogram counts no more values than the file's images can have. */
static int merge_hist(const struct tensors *s, const struct layer *l, struct qinfo *info,
		      uint64_t images, struct err *e)
{
	uint64_t left = images * LIMIT_ACTIVATION;
	const struct tensor *first = tensors_getf(s, "%s/stats_bin:0", l->name);
	const size_t n = first ? tensor_count(first) : 0;
	const int32_t *bin = first ? need(s, l->name, "stats_bin", DT_I32, n, e) : NULL;
	const uint32_t *feature = bin ? need(s, l->name, "stats_feature", DT_U32, n, e) : NULL;
	const uint64_t *count = feature ? need(s, l->name, "stats_count", DT_U64, n, e) : NULL;

	if (!info->hist)
		return 0;
	if (!first)
		return err_set(e, "no histogram, which the script's percentiles need (make the "
				  "statistics with hn-stat and this script, or with --histograms)");
	for (size_t i = 0; i < n && count; i++) {
		if (feature[i] >= info->c || bin[i] < -hist_bins() || bin[i] > hist_bins())
			return err_set(e, "the histogram has no feature %lu or bin %ld",
				       (unsigned long)feature[i], (long)bin[i]);
		if (count[i] > left)
			return err_set(e, "the histogram counts more than %llu images can have",
				       (unsigned long long)images);
		left -= count[i];
		hist_add(&info->hist[feature[i]], bin[i], count[i]);
	}
	return count ? 0 : -1;
}

static int merge_layer(const struct quant *q, const struct tensors *s, const struct layer *l,
		       uint64_t images, bool first, struct err *e)
{
	struct qinfo *info = quant_info(q, l);
	const float *lo = need(s, l->name, "stats_min", DT_F32, info->c, e);
	const float *hi = lo ? need(s, l->name, "stats_max", DT_F32, info->c, e) : NULL;
	const uint8_t *bytes =
	    hi && l->type == HN_INPUT ? need(s, l->name, "stats_bytes", DT_U8, 1, e) : NULL;
	const struct tensor *pre = find(s, l->name, "stats_pre", DT_F32, 2, e);
	const struct tensor *top = find(s, l->name, "stats_top", DT_F32, 1, e);

	if (err_is(e) || merge_range(info->min, info->max, info->c, lo, hi, e) < 0)
		return -1;
	if (bytes && !first && info->bytes != (*bytes != 0))
		return err_set(e, "its images are %s, those of the other files are not",
			       *bytes ? "uint8" : "float32");
	if (bytes)
		info->bytes = *bytes != 0;
	if (pre) {
		const float *v = pre->data;

		if (merge_range(&info->pre_min, &info->pre_max, 1, v, v + 1, e) < 0)
			return -1;
	}
	if (top)
		info->top_min = fminf(info->top_min, *(const float *)top->data);
	return merge_hist(s, l, info, images, e);
}

static int merge(struct quant *q, const struct tensors *s, bool first, struct err *e)
{
	const uint64_t *model = need(s, q->g->name, "stats_model", DT_U64, 1, e);
	const uint64_t *images = model ? need(s, q->g->name, "stats_images", DT_U64, 1, e) : NULL;

	if (!images)
		return -1;
	if (*model != model_hash(q))
		return err_set(e, "statistics of another model, or of this one with other weights "
				  "(make them with hn-stat from this bundle)");
	if (*images < 1 || *images > LIMIT_IMAGES || q->images + *images > LIMIT_IMAGES)
		return err_set(e, "statistics of %llu images, 1 to %lld in all files expected",
			       (unsigned long long)*images, LIMIT_IMAGES);
	q->images += *images;
	for (size_t i = 0; i < q->g->nlayers; i++)
		if (merge_layer(q, s, q->g->layers[i], *images, first, e) < 0)
			return err_in(e, "layer '%s'", quote(q->g->layers[i]->name));
	return 0;
}

int stats_load(struct quant *q, struct err *e)
{
	for (size_t i = 0; i < q->o->nstats; i++) {
		struct tensors *s = npz_read(q->o->stats[i], e);
		int rc = -1;

		if (s && (rc = merge(q, s, i == 0, e)) < 0)
			err_in(e, "%s", quote(q->o->stats[i]));
		tensors_free(s);
		if (rc < 0)
			return -1;
	}
	log_debug("statistics of %llu images", (unsigned long long)q->images);
	return 0;
}
