/* A model file through the import that all readers share. */
#include "hn/hn.h"
#include "tflite/tflite.h"
#include "tflite/tflite_int.h"

enum {
	OPSET = 17 /* whose rules the nodes follow */
};

static int decode(void *ctx, struct im_graph *g, int64_t *opset, struct err *e)
{
	*opset = OPSET;
	g->last = true;
	return tfl_decode(ctx, g, e);
}

/* The opset is how the graph is written here: it tells nothing about the model. */
static int import(struct im_file *f, const struct onnx_opts *o, const char *net,
		  struct onnx_result *out, struct err *e)
{
	const int res = onnx_import_source(&(struct im_source){ decode, f }, o, net, out, e);

	out->opset = 0;
	if (out->report)
		json_object_set_new(out->report, "opset", json_null());
	return res;
}

int tflite_import(const char *path, const struct onnx_opts *o, struct onnx_result *out,
		  struct err *e)
{
	char *net = o->net_name              ? xstrdup(o->net_name)
		    : strcmp(path, "-") == 0 ? xstrdup("model")
					     : name_from_path(path);
	struct im_file f;
	int res = im_file_open(&f, path, "a TensorFlow Lite model", e);

	*out = (struct onnx_result){ 0 };
	if (res == 0) {
		res = import(&f, o, net, out, e);
		im_file_close(&f);
	}
	free(net);
	return res;
}

int tflite_import_bytes(const void *data, size_t n, const struct onnx_opts *o,
			struct onnx_result *out, struct err *e)
{
	struct im_file f = { .path = "", .fd = -1, .p = data, .n = n };

	return import(&f, o, o->net_name ? o->net_name : "model", out, e);
}
