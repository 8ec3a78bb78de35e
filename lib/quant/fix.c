#include "quant/fix.h"
#include "alls/alls.h"
#include "base/log.h"
#include "emu/infer.h"

#include <math.h>

/* A model quantized with a script, and how good it is. */
struct attempt {
	struct bundle *b;
	char *script;
	double db;                /* least ratio of the outputs */
	size_t hits;              /* with labels: images whose label is right */
	struct noise_line *lines; /* worst layer's first */
	size_t nlines;
};

static void attempt_release(struct attempt *a)
{
	bundle_free(a->b);
	free(a->script);
	noise_lines_free(a->lines, a->nlines);
	*a = (struct attempt){ 0 };
}

/* The bundle as it was before quantization. */
static struct bundle *float_bundle(const struct bundle *b, struct err *e)
{
	struct bundle *out = bundle_new(bundle_name(b));
	const char *file;
	const void *data;
	uint64_t n;
	size_t size;

	for (size_t i = 0; !err_is(e) && bundle_at(b, i, &file, &data, &n); i++) {
		struct buf *copy = buf_new((size_t)n);

		memcpy(buf_data(copy), data, (size_t)n);
		bundle_add_file(out, file, copy, e);
	}
	if (err_is(e)) {
		bundle_free(out);
		return NULL;
	}
	if (bundle_state(out) >= STATE_QUANTIZED_BASE && bundle_has(out, "fp.hn")) {
		data = bundle_get(out, "fp.hn", &size);
		bundle_put(out, "hn", data, size);
		bundle_set_state(out, STATE_FP_OPTIMIZED);
	}
	return out;
}

/* The lines of all layers, in the order of the table. */
static void collect_lines(const struct noise *n, const struct emu_model *m,
			  const struct alls *script, struct attempt *a)
{
	size_t cap = 0;

	for (size_t i = 0; i < n->nranked; i++) {
		const struct noise_layer *l = &n->layer[n->order[i]];
		size_t count;
		struct noise_line *v = noise_advice(m, l, script, &count);

		for (size_t k = 0; k < count; k++) {
			VEC_GROW(a->lines, a->nlines, &cap);
			a->lines[a->nlines++] = v[k];
		}
		free(v);
	}
}

static int measure_noise(struct attempt *a, const struct fix_opts *o, struct err *e)
{
	struct emu_model m;
	struct noise n = { 0 };
	struct alls *script = NULL;

	if (emu_model_load_mixed(&m, a->b, e) < 0)
		return -1;
	if (alls_of_bundle(a->b, NULL, ALLS_QUANTIZE, &script, e) == 0 &&
	    noise_measure(&m, &o->noise, &n, e) == 0) {
		a->db = NOISE_CAP;
		for (size_t i = 0; i < n.noutputs; i++)
			a->db = fmin(a->db, n.output_snr[i]);
		collect_lines(&n, &m, script, a);
		noise_release(&n);
	}
	alls_free(script);
	emu_model_release(&m);
	return err_is(e) ? -1 : 0;
}

/* The number behind the bracket of "top-1 0.7855 (1571/2000)". */
static size_t hits_of(const char *text)
{
	const char *open = strchr(text, '(');

	return open ? strtoul(open + 1, NULL, 10) : 0;
}

static int measure_accuracy(struct attempt *a, const struct fix_opts *o, struct err *e)
{
	const struct infer_opts i = { .inputs = &o->noise.calib,
				      .ninputs = 1,
				      .labels = o->labels,
				      .top = "1",
				      .batch = 8,
				      .data_count = o->noise.count };
	struct emu_model m;
	struct str text = { 0 };
	int rc = emu_model_load(&m, a->b, EMU_QUANTIZED, e);

	if (rc < 0)
		return -1;
	if ((rc = infer_run(&m, &i, &text, e)) == 0)
		a->hits = hits_of(text.p);
	str_release(&text);
	emu_model_release(&m);
	return rc;
}

/* Quantizes with a script (taken over) and measures. */
static int attempt(const struct bundle *b, const struct fix_opts *o, char *script,
		   struct attempt *a, struct err *e)
{
	struct quant_opts q = o->quant;

	*a = (struct attempt){ .script = script };
	if (!(a->b = float_bundle(b, e)))
		return -1;
	if (*script)
		bundle_put(a->b, "alls", script, strlen(script));
	if (quant_bundle(a->b, &q, NULL, e) < 0 || measure_noise(a, o, e) < 0)
		return -1;
	return o->labels ? measure_accuracy(a, o, e) : 0;
}

/* The statements that stand at the beginning. */
static char *first_script(const struct bundle *b, const struct fix_opts *o, struct err *e)
{
	struct alls *s = NULL;
	char *text = NULL;

	if (alls_of_bundle(b, o->script, ALLS_QUANTIZE, &s, e) == 0)
		text = xstrdup(s ? s->text : "");
	alls_free(s);
	return text;
}

static char *with_line(const char *script, const char *line)
{
	const size_t n = strlen(script);

	return xasprintf("%s%s%s\n", script, n && script[n - 1] != '\n' ? "\n" : "", line);
}

/* Lines that were tried, in whatever script. */
struct tried {
	char **v;
	size_t n, cap;
};

static const char *next_line(const struct attempt *a, struct tried *t)
{
	for (size_t i = 0; i < a->nlines; i++) {
		size_t k = 0;

		while (k < t->n && strcmp(t->v[k], a->lines[i].text) != 0)
			k++;
		if (k < t->n)
			continue;
		VEC_GROW(t->v, t->n, &t->cap);
		t->v[t->n] = xstrdup(a->lines[i].text);
		return t->v[t->n++];
	}
	return NULL;
}

static bool better(const struct attempt *a, const struct attempt *than, const struct fix_opts *o)
{
	return o->labels ? a->hits > than->hits : a->db >= than->db + o->gain;
}

static void tell(const struct attempt *now, const struct attempt *before, bool kept,
		 const struct fix_opts *o, const char *line)
{
	if (o->labels)
		log_info("%s %zu to %zu right, %.2f to %.2f dB: %s", kept ? "kept" : "dropped",
			 before->hits, now->hits, before->db, now->db, line);
	else
		log_info("%s %.2f to %.2f dB: %s", kept ? "kept" : "dropped", before->db, now->db,
			 line);
}

/* One line: the better model stays in *best. */
static void try_line(const struct bundle *b, const struct fix_opts *o, const char *line,
		     struct attempt *best)
{
	struct attempt now;
	struct err why = { 0 };
	bool kept;

	if (attempt(b, o, with_line(best->script, line), &now, &why) < 0) {
		log_info("dropped, it cannot be applied (%s): %s", why.msg, line);
		attempt_release(&now);
		return;
	}
	kept = better(&now, best, o);
	tell(&now, best, kept, o, line);
	attempt_release(kept ? best : &now);
	if (kept)
		*best = now;
}

int fix_bundle(struct bundle *b, const struct fix_opts *o, char **script, struct bundle **made,
	       struct err *e)
{
	struct attempt best = { 0 };
	struct tried tried = { 0 };
	const char *line;
	char *first;

	if (bundle_require(b, STATE_FP_OPTIMIZED, STATE_QUANTIZED, e) < 0 ||
	    !(first = first_script(b, o, e)))
		return -1;
	if (attempt(b, o, first, &best, e) < 0) {
		attempt_release(&best);
		return -1;
	}
	for (int i = 0; i < o->tries && (o->labels || best.db < o->target); i++) {
		if (!(line = next_line(&best, &tried)))
			break;
		try_line(b, o, line, &best);
	}
	*script = best.script;
	*made = best.b;
	best.script = NULL;
	best.b = NULL;
	attempt_release(&best);
	for (size_t i = 0; i < tried.n; i++)
		free(tried.v[i]);
	free(tried.v);
	return 0;
}
