/* A model through the import that all readers share. */
#include "base/outfile.h"
#include "hn/hn.h"
#include "tf/tf.h"
#include "tf/tf_ops.h"

struct source {
	const struct tf_model *m;
	const struct onnx_opts *o;
};

static int decode(void *ctx, struct im_graph *g, int64_t *opset, struct err *e)
{
	const struct source *s = ctx;
	struct tf t = { .m = s->m, .o = s->o, .g = g };

	*opset = TF_OPSET;
	return tf_decode(&t, e);
}

/* "node:0" is what TensorFlow calls the tensor that is "node" here; up to `end` of the text. */
static const char *plain(struct arena *a, const char *name, const char *end)
{
	const size_t len = (size_t)(end - name);

	if (len < 3 || strncmp(end - 2, ":0", 2) != 0)
		return arena_strdup(a, name);
	return arena_printf(a, "%.*s%s", (int)(len - 2), name, end);
}

static const char *const *plain_names(struct arena *a, const char *const *list, size_t n,
				      bool options)
{
	const char **out = arena_array(a, n, sizeof *out);

	for (size_t i = 0; i < n; i++) {
		const char *equal = options ? strchr(list[i], '=') : list[i] + strlen(list[i]);

		out[i] = plain(a, list[i], equal ? equal : list[i]);
	}
	return out;
}

/* The opset is how the graph is written here: it tells nothing about the model. */
static int import(struct tf_model *m, const struct onnx_opts *given, const char *net,
		  struct onnx_result *out, struct err *e)
{
	struct arena names = { 0 };
	struct onnx_opts o = *given;
	struct source s = { m, &o };
	int r;

	o.start = plain_names(&names, o.start, o.nstart, false);
	o.end = plain_names(&names, o.end, o.nend, false);
	o.shapes = plain_names(&names, o.shapes, o.nshapes, true);
	o.formats = plain_names(&names, o.formats, o.nformats, true);
	r = onnx_import_source(&(struct im_source){ decode, &s }, &o, net, out, e);
	out->opset = 0;
	if (out->report)
		json_object_set_new(out->report, "opset", json_null());
	arena_release(&names);
	return r;
}

/* A folder may be named with a slash at its end. */
static char *net_of(const char *path)
{
	char *copy = xstrdup(path), *net;
	size_t n = strlen(copy);

	while (n > 1 && copy[n - 1] == '/')
		copy[--n] = '\0';
	net = name_from_path(copy);
	free(copy);
	return net;
}

int tf_import(const char *path, const struct onnx_opts *o, struct onnx_result *out, struct err *e)
{
	struct tf_model *m = tf_load(path, &(struct tf_read){ o->tag, o->signature }, e);
	char *net;
	int r;

	*out = (struct onnx_result){ 0 };
	if (!m)
		return -1;
	net = o->net_name              ? xstrdup(o->net_name)
	      : strcmp(path, "-") == 0 ? xstrdup("model")
				       : net_of(path);
	r = import(m, o, net, out, e);
	free(net);
	tf_free(m);
	return r;
}

int tf_import_bytes(const void *data, size_t n, const struct onnx_opts *o, struct onnx_result *out,
		    struct err *e)
{
	struct tf_model *m = tf_load_bytes(data, n, e);
	int r;

	*out = (struct onnx_result){ 0 };
	if (!m)
		return -1;
	r = import(m, o, o->net_name ? o->net_name : "model", out, e);
	tf_free(m);
	return r;
}

int tf_augment(const char *path, const char *to, struct err *e)
{
	struct im_file f;
	int r;

	if (im_file_open(&f, path, "a frozen graph", e) < 0)
		return err_in(e, "--augmented-path copies a frozen graph");
	r = outfile_put(to, OUT_BINARY, f.p, f.n, e);
	im_file_close(&f);
	return r;
}
