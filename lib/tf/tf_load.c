/* A model, from its file to the flat list, and what the importer asks of it. */
#include "tf/tf_read.h"

static int flatten(struct tf_model *m, struct err *e)
{
	struct tf_flat x = { .m = m };

	return tf_flatten(&x, e);
}

static struct tf_model *new_model(void)
{
	struct tf_model *m = xcalloc(1, sizeof *m);

	m->file.fd = -1;
	m->producer = "";
	m->path = "";
	return m;
}

struct tf_model *tf_load(const char *path, const struct tf_read *how, struct err *e)
{
	struct tf_model *m = new_model();

	if (tf_open(m, path, how, e) == 0 && flatten(m, e) == 0)
		return m;
	tf_free(m);
	return NULL;
}

struct tf_model *tf_load_bytes(const void *data, size_t n, struct err *e)
{
	return tf_load_parts(data, n, NULL, 0, NULL, 0, e);
}

struct tf_model *tf_load_parts(const void *data, size_t n, const void *index, size_t nindex,
			       const void *values, size_t nvalues, struct err *e)
{
	struct tf_model *m = new_model();

	m->file = (struct im_file){ .path = "", .fd = -1, .p = data, .n = n };
	if (index)
		m->variables = tf_bundle_bytes(index, nindex, values, nvalues, e);
	if ((!index || m->variables) && tf_decode_file(m, NULL, e) == 0 && flatten(m, e) == 0)
		return m;
	tf_free(m);
	return NULL;
}

void tf_free(struct tf_model *m)
{
	if (!m)
		return;
	if (m->saved)
		tf__saved_model__free_unpacked(m->saved, NULL);
	if (m->lone_meta)
		tf__meta_graph_def__free_unpacked(m->lone_meta, NULL);
	if (m->frozen)
		tf__graph_def__free_unpacked(m->frozen, NULL);
	tf_bundle_free(m->variables);
	im_file_close(&m->file);
	free(m->node);
	free(m->in);
	free(m->out);
	arena_release(&m->arena);
	free(m);
}

size_t tf_nodes(const struct tf_model *m)
{
	return m->nnode;
}

const struct tf_node *tf_node_at(const struct tf_model *m, size_t i)
{
	return m->node[i];
}

size_t tf_inputs(const struct tf_model *m)
{
	return m->nin;
}

const struct tf_end *tf_input_at(const struct tf_model *m, size_t i)
{
	return &m->in[i];
}

size_t tf_outputs(const struct tf_model *m)
{
	return m->nout;
}

const struct tf_end *tf_output_at(const struct tf_model *m, size_t i)
{
	return &m->out[i];
}

const char *tf_producer(const struct tf_model *m)
{
	return m->producer;
}

const char *tf_graph_path(const struct tf_model *m)
{
	return m->path;
}

int tf_constant(const struct tf_model *m, const struct tf_node *n, struct tensor *t, struct err *e)
{
	/* The file is only mapped, and shards are opened as they are needed. */
	const struct tf_value *v = n->value;
	struct im_file f = m->file;
	int r;

	*t = (struct tensor){ .data = "" };
	if (!v)
		return 1;
	if (v->proto) {
		r = tf_tensor(&f, v->proto, t, e);
		if (r)
			tensor_release(t);
		return r < 0 ? err_in(e, "node '%s' (Const)", quote(n->name)) : r;
	}
	r = tf_bundle_get(m->variables, v->key, &v->part, t, e);
	if (r > 0)
		return err_set(e, "variable '%s' is not in the variables' files", quote(n->name));
	return r < 0 ? err_in(e, "variable '%s'", quote(n->name)) : 0;
}
