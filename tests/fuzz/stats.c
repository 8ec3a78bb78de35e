/*
 * Statistics files: a model is made of them or an error has a message.  What was made loads as
 * records, and the statistics that it leaves give it again.  Input that begins with "PK" is the
 * file; any other changes arrays of a sound one: a byte of options, then for each change a byte of
 * key, of type (one more than there are: the array goes) and of length, and the values.
 */
#include "base/log.h"
#include "base/outfile.h"
#include "hn/hn.h"
#include "io/npy.h"
#include "quant/quant.h"
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	SIZE = 6,
	FEATURES = 4,
	PERCENTILES = 1, /* options: a script that needs histograms */
	TWICE = 2        /* the file and the sound one together */
};

static const char script_text[] =
    "pre_quantization_optimization(activation_clipping, layers=conv1, mode=percentile, "
    "clipping_values=[1, 99])\n";

struct base {
	struct graph *g;
	struct tensors *w, *stats;
	struct alls *script;
};

static void weight(struct tensors *w, const struct layer *l, const char *key, int rank,
		   const int64_t *dim)
{
	struct tensor t = tensor_new(DT_F32, rank, dim);

	for (size_t i = 0; i < tensor_count(&t); i++)
		((float *)tensor_data(&t))[i] = (float)((int)(i * 37 % 19) - 9) / 9;
	layer_set_weight(w, l, key, t);
}

static struct layer *add(struct base *b, enum hn_type type, const char *name, struct layer *from)
{
	struct layer *l = graph_add(b->g, type, name);

	layer_add_input(b->g, l, from, 0);
	return l;
}

static struct layer *add_conv(struct base *b, const char *name, struct layer *from, enum hn_act a)
{
	struct layer *l = add(b, HN_CONV, name, from);

	for (int i = 0; i < 4; i++)
		l->p.kernel[i] = i < 2 ? 1 : FEATURES;
	l->p.padding = PAD_SAME;
	l->p.activation = a;
	weight(b->w, l, "kernel", 4, (int64_t[]){ 1, 1, FEATURES, FEATURES });
	weight(b->w, l, "bias", 1, (int64_t[]){ FEATURES });
	return l;
}

/* A limit, a table and a softmax: all that statistics hold. */
static void make_base(struct base *b)
{
	struct quant_opts o = QUANT_OPTS_DEFAULT;
	struct err e = { 0 };
	struct layer *l;

	b->g = graph_new("n");
	b->w = tensors_new();
	l = graph_add(b->g, HN_INPUT, "input_layer1");
	l->out[0] = (struct hn_shape){ SIZE, SIZE, FEATURES, 4 };
	l = add_conv(b, "conv1", l, ACT_RELU);
	l = add_conv(b, "conv2", l, ACT_SIGMOID);
	l = add(b, HN_SOFTMAX, "softmax1", l);
	l->p.softmax_groups = 1;
	add(b, HN_OUTPUT, "output_layer1", l);
	o.random_calib = o.histograms = true;
	o.calibset_size = 4;
	b->script = alls_parse("fuzz.alls", script_text, strlen(script_text), &e);
	if (!b->script || graph_infer_shapes(b->g, &e) < 0)
		die(&e);
	if (quant_stat(b->g, b->w, &o, &b->stats, &e) < 0)
		die(&e);
}

static struct tensors *changed(const struct base *b, const uint8_t *p, size_t n)
{
	struct tensors *s = tensors_copy(b->stats);

	while (n >= 3) {
		const char *key = tensors_key(b->stats, p[0] % tensors_count(b->stats));
		const enum dtype type = (enum dtype)(p[1] % (DT_COUNT + 1));
		int64_t count = p[2];
		struct tensor t;

		p += 3;
		n -= 3;
		if (type == DT_COUNT) {
			tensors_remove(s, key);
			continue;
		}
		if ((size_t)count > n / dtype_size(type))
			count = (int64_t)(n / dtype_size(type));
		t = tensor_new(type, 1, &count);
		if (count)
			memcpy(tensor_data(&t), p, tensor_bytes(&t));
		p += tensor_bytes(&t);
		n -= tensor_bytes(&t);
		tensors_set(s, key, t);
	}
	return s;
}

/* A file that has gone from its folder, and its name. */
static char *file_of(const struct tensors *s, const uint8_t *data, size_t size, int *fd)
{
	struct err e = { 0 };
	uint64_t n;

	*fd = temp_fd(&e);
	if (*fd < 0 ||
	    (s ? npz_write_fd(*fd, s, &n, &e) : write_all(*fd, data, size, "file", &e)) < 0)
		die(&e);
	return xasprintf("/dev/fd/%d", *fd);
}

static struct tensors *run(const struct base *b, const struct alls *script,
			   const char *const file[], size_t n, struct tensors **left, struct err *e)
{
	struct quant_opts o = QUANT_OPTS_DEFAULT;
	struct graph *g = graph_clone(b->g);
	struct tensors *w = tensors_copy(b->w), *records = NULL;
	struct qmodel m;

	o.stats = file;
	o.nstats = n;
	o.script = script;
	o.stats_set = left;
	if (graph_infer_shapes(g, e) < 0)
		die(e);
	if (quant_run(g, w, &o, &records, e) == 0) {
		if (qmodel_load(&m, g, records, e) < 0)
			BUG("records that do not load: %s", e->msg);
		qmodel_release(&m);
	} else if (!err_is(e)) {
		BUG("an error without a message");
	}
	tensors_free(w);
	graph_free(g);
	return records;
}

static void same(const struct tensors *a, const struct tensors *b)
{
	if (tensors_count(a) != tensors_count(b))
		BUG("%zu arrays, then %zu", tensors_count(a), tensors_count(b));
	for (size_t i = 0; i < tensors_count(a); i++) {
		const struct tensor *x = tensors_at(a, i), *y = tensors_at(b, i);

		if (tensor_bytes(x) != tensor_bytes(y) ||
		    memcmp(x->data, y->data, tensor_bytes(x)) != 0)
			BUG("'%s' differs the second time", tensors_key(a, i));
	}
}

static void try(const struct base *b, const struct alls *script, const char *const file[], size_t n)
{
	struct err e = { 0 };
	struct tensors *left = NULL, *first = run(b, script, file, n, &left, &e), *second;
	char *again;
	int fd;

	if (!first)
		return;
	again = file_of(left, NULL, 0, &fd);
	second = run(b, script, (const char *const[]){ again }, 1, NULL, &e);
	if (!second)
		BUG("its own statistics are not read: %s", e.msg);
	same(first, second);
	close(fd);
	free(again);
	tensors_free(left);
	tensors_free(first);
	tensors_free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct base b;
	const bool raw = size > 1 && data[0] == 'P' && data[1] == 'K';
	const int options = size && !raw ? data[0] : 0;
	struct tensors *s = NULL;
	int fd[2];
	char *file[2];

	if (!b.g)
		make_base(&b);
	if (!raw)
		s = changed(&b, data + (size > 0), size - (size > 0));
	file[0] = file_of(s, data, size, &fd[0]);
	file[1] = file_of(b.stats, NULL, 0, &fd[1]);
	try(&b, options & PERCENTILES ? b.script : NULL, (const char *const[]){ file[0], file[1] },
	    options & TWICE ? 2 : 1);
	for (int i = 0; i < 2; i++) {
		close(fd[i]);
		free(file[i]);
	}
	tensors_free(s);
	return 0;
}
