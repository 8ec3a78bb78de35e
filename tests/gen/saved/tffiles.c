/* Frozen graphs, checkpoints, and SavedModels as TensorFlow 1 writes them. */
#include "tfnet.h"
#include <stdlib.h>
#include <sys/stat.h>

static void versions(struct str *graph, const struct tfn_opts *o)
{
	struct str v = { 0 };

	pb_int(&v, 1, o->producer ? o->producer : 1205);
	pb_put(graph, 4, &v);
}

void tfn_frozen(const struct tfn *net, const char *path, const struct tfn_opts *o)
{
	struct str graph = { 0 };

	for (size_t i = 0; i < net->main.n; i++)
		tfn_put(&graph, 1, &net->main.node[i], net->main.node[i].in);
	tfn_put_library(&graph, net, NULL);
	versions(&graph, o);
	tfn_write(path, &graph);
	str_release(&graph);
}

/* Inputs with what reads a variable instead of the variable. */
static char *through_reads(const struct tfn *net, const char *in)
{
	struct str out = { 0 };

	for (const char *s = in; *s;) {
		const size_t n = strcspn(s, ",");
		const char *more = "";

		for (size_t i = 0; i < net->main.n; i++)
			if (net->main.node[i].kind == TFN_VAR &&
			    strlen(net->main.node[i].name) == n &&
			    strncmp(net->main.node[i].name, s, n) == 0)
				more = "/read";
		str_printf(&out, "%s%.*s%s", out.len ? "," : "", (int)n, s, more);
		s += n + (s[n] == ',');
	}
	return out.p ? out.p : xstrdup("");
}

static void variable(struct str *graph, const char *name, const struct tfw_tensor *t)
{
	struct str node = { 0 };

	tfw_node(&node, name, "VariableV2", "-");
	tfw_attr_type(&node, "dtype", t->type->number);
	tfw_attr_shape(&node, "shape", t->rank, t->dim);
	pb_put(graph, 1, &node);
}

static void simple(struct str *graph, const char *name, const char *op, const char *in)
{
	struct str node = { 0 };

	tfw_node(&node, name, op, in);
	pb_put(graph, 1, &node);
}

/* What is restored: a variable, or parts of one. */
struct saver {
	const char *key[TFN_MAX], *part[TFN_MAX], *var[TFN_MAX];
	size_t n;
};

static void restored(struct saver *s, const char *key, char *part, char *var)
{
	s->key[s->n] = key;
	s->part[s->n] = part;
	s->var[s->n++] = var;
}

/* A variable in parts along its first dimension, which are put together again. */
static void part_variables(struct str *graph, struct saver *s, const struct tfn_node *n, int parts)
{
	const int64_t step = (n->t.dim[0] + parts - 1) / parts;
	struct tfw_tensor axis = { .type = tfw_type("int32"), .n = 1 };
	struct str in = { 0 }, node = { 0 };
	char zero[] = "0", *word = zero;

	axis.word = &word;
	tfw_const(graph, 1, xasprintf("%s/axis", n->name), &axis, 0);
	for (int64_t i = 0; i * step < n->t.dim[0]; i++) {
		struct tfw_tensor t = n->t;
		char *name = xasprintf("%s/part_%d", n->name, (int)i);
		struct str spec = { 0 };

		t.dim[0] = n->t.dim[0] - i * step < step ? n->t.dim[0] - i * step : step;
		variable(graph, name, &t);
		simple(graph, xasprintf("%s/read", name), "Identity", name);
		str_printf(&in, "%s/read,", name);
		for (int d = 0; d < t.rank; d++)
			str_printf(&spec, "%d ", (int)n->t.dim[d]);
		str_printf(&spec, "%d,%d", (int)(i * step), (int)t.dim[0]);
		for (int d = 1; d < t.rank; d++)
			str_puts(&spec, ":-");
		restored(s, n->name, spec.p, name);
	}
	str_printf(&in, "%s/axis", n->name);
	tfw_node(&node, xasprintf("%s/read", n->name), "ConcatV2", in.p);
	pb_put(graph, 1, &node);
}

static void saver(struct str *graph, const struct saver *s)
{
	tfw_const_texts(graph, 1, "save/Const", (const char *const[]){ "model" }, 1);
	tfw_const_texts(graph, 1, "save/RestoreV2/tensor_names", s->key, s->n);
	tfw_const_texts(graph, 1, "save/RestoreV2/shape_and_slices", s->part, s->n);
	simple(graph, "save/RestoreV2", "RestoreV2",
	       "save/Const,save/RestoreV2/tensor_names,save/RestoreV2/shape_and_slices");
	for (size_t i = 0; i < s->n; i++)
		simple(graph, i ? xasprintf("save/Assign_%zu", i) : "save/Assign", "Assign",
		       i ? xasprintf("%s,save/RestoreV2:%zu", s->var[i], i)
			 : xasprintf("%s,save/RestoreV2", s->var[i]));
}

static void put_graph(struct str *meta, const struct tfn *net, const struct tfn_opts *o)
{
	struct str graph = { 0 };
	struct saver s = { .n = 0 };

	for (size_t i = 0; i < net->main.n; i++) {
		const struct tfn_node *n = &net->main.node[i];

		if (n->kind != TFN_VAR) {
			tfn_put(&graph, 1, n,
				n->kind == TFN_NODE ? through_reads(net, n->in) : "-");
		} else if (o->part_vars && n->t.rank) {
			part_variables(&graph, &s, n, o->part_vars);
		} else {
			variable(&graph, n->name, &n->t);
			simple(&graph, xasprintf("%s/read", n->name), "Identity", n->name);
			restored(&s, n->name, xstrdup(""), xstrdup(n->name));
		}
	}
	if (s.n && !o->no_restore)
		saver(&graph, &s);
	tfn_put_library(&graph, net, NULL);
	versions(&graph, o);
	pb_put(meta, 2, &graph);
}

/* map<string, TensorInfo> */
static void tensor_info(struct str *signature, int field, const char *key, const char *name,
			const struct tfw_tensor *t)
{
	struct str info = { 0 }, shape = { 0 }, entry = { 0 };

	pb_text(&info, 1, name);
	pb_int(&info, 2, t ? t->type->number : 1);
	if (t) {
		tfw_shape(&shape, t->rank, t->dim);
		pb_put(&info, 3, &shape);
	}
	pb_text(&entry, 1, key);
	pb_put(&entry, 2, &info);
	pb_put(signature, field, &entry);
}

static void put_signature(struct str *meta, const struct tfn *net, const struct tfn_opts *o)
{
	struct str signature = { 0 }, entry = { 0 };

	for (size_t i = 0; i < net->main.n; i++) {
		const struct tfn_node *n = &net->main.node[i];

		if (n->kind == TFN_INPUT)
			tensor_info(&signature, 1, n->name,
				    xasprintf("%s:0", o->feed ? o->feed : n->name), &n->t);
	}
	for (size_t i = 0; i < net->main.nout; i++) {
		const struct tfn_ref *r = &net->main.out[i];

		tensor_info(&signature, 2, r->name,
			    strchr(r->ref, ':') ? r->ref : xasprintf("%s:0", r->ref), NULL);
	}
	pb_text(&entry, 1, o->signature ? o->signature : "serving_default");
	pb_put(&entry, 2, &signature);
	pb_put(meta, 5, &entry);
}

void tfn_meta(struct str *meta, const struct tfn *net, const struct tfn_opts *o, int signature)
{
	struct str info = { 0 }, save = { 0 };

	if (signature)
		pb_text(&info, 4, o->tag ? o->tag : "serve");
	pb_text(&info, 5, o->version ? o->version : "1.15.4");
	pb_put(meta, 1, &info);
	put_graph(meta, net, o);
	pb_text(&save, 1, "save/Const:0");
	pb_text(&save, 3, "save/restore_all");
	pb_put(meta, 3, &save);
	if (signature && !o->no_signature)
		put_signature(meta, net, o);
}

void tfn_checkpoint(const struct tfn *net, const char *prefix, const struct tfn_opts *o)
{
	struct str meta = { 0 };

	tfn_meta(&meta, net, o, 0);
	tfn_write(xasprintf("%s.meta", prefix), &meta);
	tfn_bundle(net, prefix, "", 0, o);
}

void tfn_saved1(const struct tfn *net, const char *dir, const struct tfn_opts *o)
{
	struct str meta = { 0 }, saved = { 0 };

	mkdir(dir, 0777);
	mkdir(xasprintf("%s/variables", dir), 0777);
	tfn_meta(&meta, net, o, 1);
	pb_int(&saved, 1, 1);
	pb_put(&saved, 2, &meta);
	tfn_write(xasprintf("%s/saved_model.pb", dir), &saved);
	tfn_bundle(net, xasprintf("%s/variables/variables", dir), "", 0, o);
}
