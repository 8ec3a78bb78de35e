/*
 * TensorFlow Lite models: what is imported is a sound graph, whose JSON is read again as the same
 * graph; what is not has a message.
 */
#include "tflite/tflite.h"
#include "sound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct onnx_opts o = { .retry = true, .fold_max = 1 << 22 };
	struct onnx_result r;
	struct err e = { 0 };

	if (tflite_import_bytes(data, size, &o, &r, &e) == 0)
		check_sound(r.graph, r.weights);
	else if (!err_is(&e))
		BUG("an error without a message");
	onnx_result_release(&r);
	return 0;
}
