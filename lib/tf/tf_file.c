/* Opening a model: the file of a folder or of a checkpoint's prefix, its meta graph and signature.
 */
#include "tf/tf_read.h"
#include <sys/stat.h>
#include <unistd.h>

#define ADVICE "convert the model to TensorFlow Lite and use tflite2hn"

static bool is_file(const char *dir, const char *name)
{
	char *path = xasprintf("%s%s", dir, name);
	const bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

static bool ends_with(const char *s, const char *end)
{
	const size_t n = strlen(s), k = strlen(end);

	return n >= k && strcmp(s + n - k, end) == 0;
}

/* The folder's file, which another name or form would not be. */
static int in_folder(struct tf_model *m, const char *path, struct err *e)
{
	const size_t n = strlen(path);
	const char *dir = arena_printf(&m->arena, "%s%s", path, n && path[n - 1] == '/' ? "" : "/");

	m->path = arena_printf(&m->arena, "%ssaved_model.pb", dir);
	m->prefix = arena_printf(&m->arena, "%svariables/variables", dir);
	if (is_file(dir, "saved_model.pb"))
		return 0;
	if (is_file(dir, "saved_model.pbtxt"))
		return err_set(e,
			       "saved_model.pbtxt: it is in text form (save it in binary form, as "
			       "saved_model.pb)");
	if (is_file(dir, "saved_model.cpb"))
		return err_set(e,
			       "saved_model.cpb: it is in chunks, which is not supported (save it "
			       "as one saved_model.pb)");
	return err_set(e, "no SavedModel: there is no saved_model.pb in this folder");
}

/* A file, or the prefix of a checkpoint; what is of it beside gives the variables. */
static int beside(struct tf_model *m, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const size_t n = strlen(path);

	m->path = arena_strdup(&m->arena, path);
	if (ends_with(path, ".meta")) {
		m->prefix = arena_printf(&m->arena, "%.*s", (int)(n - 5), path);
	} else if (ends_with(path, ".index") && is_file(path, "")) {
		m->prefix = arena_printf(&m->arena, "%.*s", (int)(n - 6), path);
	} else if (!is_file(path, "") && is_file(path, ".index")) {
		m->prefix = m->path;
	} else {
		if (strcmp(name, "saved_model.pb") == 0)
			m->prefix = arena_printf(&m->arena, "%.*svariables/variables",
						 (int)(name - path), path);
		return 0;
	}
	if (!is_file(m->prefix, ".meta"))
		return err_set(
		    e,
		    "a TensorFlow 1 checkpoint without its graph, the .meta file beside it (" ADVICE
		    ")");
	m->path = arena_printf(&m->arena, "%s.meta", m->prefix);
	return 0;
}

static int locate(struct tf_model *m, const char *path, struct err *e)
{
	struct stat st;

	m->path = "-";
	if (strcmp(path, "-") == 0)
		return 0;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return in_folder(m, path, e);
	return beside(m, path, e);
}

/* ---- meta graph and signature ---- */
static const char *tags_of(struct tf_model *m, const Tf__MetaGraphDef *g)
{
	const char *all = "";

	for (size_t i = 0; g->meta_info_def && i < g->meta_info_def->n_tags; i++)
		all = arena_printf(&m->arena, "%s%s%s", all, i ? "," : "",
				   quote(g->meta_info_def->tags[i]));
	return all;
}

static int choose_meta(struct tf_model *m, const char *tag, struct err *e)
{
	const char *list = "";

	for (size_t i = 0; i < m->saved->n_meta_graphs; i++) {
		const Tf__MetaGraphDef *g = m->saved->meta_graphs[i];
		const char *tags = tags_of(m, g);

		if (strcmp(tags, tag ? tag : "serve") == 0) {
			m->meta = g;
			return 0;
		}
		list = arena_printf(&m->arena, "%s%s'%s'", list, i ? ", " : "", tags);
		if (i == 8)
			break;
	}
	if (m->saved->n_meta_graphs == 1 && !tag)
		m->meta = m->saved->meta_graphs[0];
	else if (m->saved->n_meta_graphs == 0)
		return err_set(e, "not a TensorFlow model: there is no graph in it");
	else
		return err_set(e, "it has no graph with the tags '%s', but %s",
			       tag ? quote(tag) : "serve", list);
	return 0;
}

/* Signatures for initialization and training are not what a model computes. */
static bool is_service(const char *key)
{
	return strncmp(key, "__saved_model", 13) == 0;
}

static int choose_signature(struct tf_model *m, const char *want, struct err *e)
{
	const Tf__SignatureEntry *only = NULL;
	const char *list = "";
	size_t n = 0;

	for (size_t i = 0; i < m->meta->n_signature_def; i++) {
		const Tf__SignatureEntry *s = m->meta->signature_def[i];
		const char *key = s->key ? s->key : "";

		if (!s->value || is_service(key))
			continue;
		if (strcmp(key, want ? want : "serving_default") == 0) {
			m->signature = s->value;
			return 0;
		}
		only = s;
		if (n++ < 8)
			list = arena_printf(&m->arena, "%s%s'%s'", list, n > 1 ? ", " : "",
					    quote(key));
	}
	if (n == 1 && !want)
		m->signature = only->value;
	else if (want && n == 0)
		return err_set(e, "it has no signature '%s', and no other", quote(want));
	else if (n)
		return err_set(e, "it has no signature '%s', but %s",
			       want ? quote(want) : "serving_default", list);
	else if (m->saved)
		return err_set(e, "it has no signature (save it with signatures=, or with "
				  "model.export())");
	return 0;
}

/* ---- decoding ---- */
static int unpack(struct tf_model *m, enum tf_kind kind, const struct str *s, struct err *e)
{
	static const char *const what[] = { [TF_KIND_SAVED] = "SavedModel",
					    [TF_KIND_META] = "MetaGraphDef",
					    [TF_KIND_GRAPH] = "GraphDef" };
	const uint8_t *p = s->p ? (const uint8_t *)s->p : (const uint8_t *)"";

	if (kind == TF_KIND_SAVED)
		m->saved = tf__saved_model__unpack(NULL, s->len, p);
	else if (kind == TF_KIND_META)
		m->lone_meta = tf__meta_graph_def__unpack(NULL, s->len, p);
	else
		m->frozen = tf__graph_def__unpack(NULL, s->len, p);
	if (!m->saved && !m->lone_meta && !m->frozen)
		return err_set(e, "not a %s: its protobuf does not decode", what[kind]);
	return 0;
}

int tf_decode_file(struct tf_model *m, const struct tf_read *how, struct err *e)
{
	struct str skeleton = { 0 };
	enum tf_kind kind;
	int r = tf_sniff(m->file.p, m->file.n, &kind, e);

	if (r == 0)
		r = tf_skeleton(kind, m->file.p, m->file.n, &skeleton, e);
	if (r == 0)
		r = unpack(m, kind, &skeleton, e);
	str_release(&skeleton);
	if (r == 0 && m->saved)
		r = choose_meta(m, how ? how->tag : NULL, e);
	if (r == 0 && m->lone_meta)
		m->meta = m->lone_meta;
	if (r == 0 && m->meta)
		r = choose_signature(m, how ? how->signature : NULL, e);
	if (r < 0)
		return -1;
	m->graph = m->meta ? m->meta->graph_def : m->frozen;
	if (!m->graph || m->graph->n_node == 0)
		return err_set(e, "not a TensorFlow model: there is no graph in it");
	if (m->meta && m->meta->meta_info_def && m->meta->meta_info_def->tensorflow_version)
		m->producer = arena_printf(&m->arena, "TensorFlow %s",
					   m->meta->meta_info_def->tensorflow_version);
	return 0;
}

int tf_open(struct tf_model *m, const char *path, const struct tf_read *how, struct err *e)
{
	if (locate(m, path, e) < 0)
		return -1;
	if (im_file_open(&m->file, m->path, "a TensorFlow model", e) < 0)
		return strcmp(m->path, path) != 0
			   ? err_in(
				 e, "%s",
				 quote(strrchr(m->path, '/') ? strrchr(m->path, '/') + 1 : m->path))
			   : -1;
	return tf_decode_file(m, how, e);
}
