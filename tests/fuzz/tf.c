/*
 * TensorFlow models: what is imported is a sound graph; what is not has a message.  "SAVE", two
 * sizes, a saved_model.pb, an index of variables and their values are read as a SavedModel,
 * anything else as a frozen graph.
 */
#include "tf/tf.h"
#include "sound.h"
#include "tf/tf_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void frozen(const uint8_t *data, size_t size)
{
	const struct onnx_opts o = { .retry = true, .fold_max = 1 << 22 };
	struct onnx_result r;
	struct err e = { 0 };

	if (tf_import_bytes(data, size, &o, &r, &e) == 0)
		check_sound(r.graph, r.weights);
	else if (!err_is(&e))
		BUG("an error without a message");
	onnx_result_release(&r);
}

/* Nodes are behind what they read, and each constant can be asked for. */
static void check_nodes(const struct tf_model *m)
{
	for (size_t i = 0; i < tf_nodes(m); i++) {
		const struct tf_node *n = tf_node_at(m, i);
		struct err e = { 0 };
		struct tensor t;

		if (!n->name[0] || strlen(n->name) > LIMIT_NAME)
			BUG("a name of %zu bytes", strlen(n->name));
		if (strcmp(n->op, "Const") != 0)
			continue;
		if (tf_constant(m, n, &t, &e) < 0 && !err_is(&e))
			BUG("an error without a message");
		tensor_release(&t);
	}
}

static void saved(const uint8_t *data, size_t size)
{
	uint32_t model, index;
	struct tf_model *m;
	struct err e = { 0 };

	memcpy(&model, data, 4);
	memcpy(&index, data + 4, 4);
	data += 8;
	size -= 8;
	if (model > size || index > size - model)
		return;
	m = tf_load_parts(data, model, data + model, index, data + model + index,
			  size - model - index, &e);
	if (m)
		check_nodes(m);
	else if (!err_is(&e))
		BUG("an error without a message");
	tf_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size >= 12 && memcmp(data, "SAVE", 4) == 0)
		saved(data + 4, size - 4);
	else
		frozen(data, size);
	return 0;
}
