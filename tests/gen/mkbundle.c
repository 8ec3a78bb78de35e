/*
 * mkbundle OUT.har [FLOATS [STATE]]: a small bundle of network 'net' with an HN, weights of FLOATS
 * values (default 24), a script, an unknown member and unknown metadata.
 */
#include "base/outfile.h"
#include "io/bundle.h"

static const char hn[] =
    "{\"name\": \"net\", \"net_params\": {\"output_layers_order\": [\"net/input_layer1\"]},\n"
    " \"layers\": {\"net/input_layer1\": {\"type\": \"input_layer\", \"input\": [],\n"
    "  \"output\": [\"net/output_layer1\"], \"input_shapes\": [[-1, 2, 2, 3]],\n"
    "  \"output_shapes\": [[-1, 2, 2, 3]], \"original_names\": [\"in\"]},\n"
    " \"net/output_layer1\": {\"type\": \"output_layer\", \"input\": [\"net/input_layer1\"],\n"
    "  \"output\": [], \"input_shapes\": [[-1, 2, 2, 3]], \"output_shapes\": [[-1, 2, 2, 3]],\n"
    "  \"original_names\": [\"out\"]}}}\n";

static struct tensors *weights(int64_t n)
{
	struct tensors *s = tensors_new();
	struct tensor kernel = tensor_new(DT_F32, 4, (const int64_t[]){ 1, 1, 3, n / 3 });
	struct tensor bias = tensor_new(DT_I16, 1, (const int64_t[]){ n / 3 });
	float *k = tensor_data(&kernel);
	int16_t *b = tensor_data(&bias);

	for (int64_t i = 0; i < n / 3 * 3; i++)
		k[i] = (float)(i % 251) * 0.5f;
	for (int64_t i = 0; i < n / 3; i++)
		b[i] = (int16_t)(i % 1000);
	tensors_set(s, "net/conv1/kernel:0", kernel);
	tensors_set(s, "net/conv1/bias:0", bias);
	return s;
}

static void put_text(struct bundle *b, const char *suffix, const char *text)
{
	bundle_put(b, suffix, text, strlen(text));
}

int main(int argc, char *argv[])
{
	struct err e = { 0 };
	struct bundle *b = bundle_new("net");
	struct tensors *w = weights(argc > 2 ? strtol(argv[2], NULL, 10) : 24);
	enum state state = STATE_HAILO_MODEL;

	if (argc < 2 || (argc > 3 && state_from_name(argv[3], &state, &e) < 0))
		return 2;
	bundle_set_state(b, state);
	json_object_set_new(bundle_metadata(b), "nms_meta_arch", json_string("yolov6"));
	json_object_set_new(bundle_metadata(b), "later_key", json_pack("{s:f}", "a", 0.1));
	put_text(b, "hn", hn);
	put_text(b, "later.member", "anything");
	put_text(b, "alls", "model_optimization_config(calibration, batch_size=8)\n");
	if (state >= STATE_QUANTIZED) {
		put_text(b, "native.hn", hn);
		put_text(b, "auto.alls", "context0 = context([])\n");
		if (bundle_put_npz(b, "q.npz", w, &e) < 0)
			die(&e);
	}
	if (bundle_put_npz(b, "npz", w, &e) < 0 || bundle_write(b, argv[1], COMPRESS_NONE, &e) < 0)
		die(&e);
	tensors_free(w);
	bundle_free(b);
	return 0;
}
