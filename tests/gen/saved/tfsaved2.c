/*
 * SavedModels as TensorFlow 2 writes them: the main graph holds placeholders, handles of variables
 * and calls; the signature's function calls the model's; a third function restores the variables.
 */
#include "tfnet.h"
#include <stdlib.h>
#include <sys/stat.h>

static const char model[] = "__inference__wrapped_model_7";
static const char wrapper[] = "__inference_signature_wrapper_9";
static const char restore[] = "__inference__traced_restore_21";
static const char suffix[] = "/.ATTRIBUTES/VARIABLE_VALUE";

enum {
	RESOURCE = 20
};

static void argument(struct str *def, int field, const char *name, int type)
{
	struct str arg = { 0 };

	pb_text(&arg, 1, name);
	pb_int(&arg, 3, type);
	pb_put(def, field, &arg);
}

static void simple(struct str *f, int field, const char *name, const char *op, const char *in)
{
	struct str node = { 0 };

	tfw_node(&node, name, op, in);
	pb_put(f, field, &node);
}

static void returns(struct str *f, const char *key, const char *ref)
{
	struct str ret = { 0 };

	pb_text(&ret, 1, key);
	pb_text(&ret, 2, ref);
	pb_put(f, 4, &ret);
}

static void call(struct str *f, int field, const char *name, const char *function, const char *in)
{
	struct str node = { 0 };

	tfw_node(&node, name, "StatefulPartitionedCall", in);
	tfw_attr_function(&node, "f", function);
	pb_put(f, field, &node);
}

/* "conv_kernel_resource" of "conv/kernel". */
static char *handle(const char *name)
{
	char *s = xasprintf("%s_resource", name);

	for (char *p = s; *p; p++)
		if (*p == '/')
			*p = '_';
	return s;
}

static const struct tfn_node *find(const struct tfn *net, const char *name, size_t n)
{
	for (size_t i = 0; i < net->main.n; i++)
		if (strlen(net->main.node[i].name) == n &&
		    strncmp(net->main.node[i].name, name, n) == 0)
			return &net->main.node[i];
	return NULL;
}

/* A reference of the net as the function has it. */
static char *ref(const struct tfn *net, const char *s, size_t n)
{
	const char *colon = memchr(s, ':', n);
	const size_t len = colon ? (size_t)(colon - s) : n;
	const int k = colon ? (int)strtol(colon + 1, NULL, 10) : 0;
	const struct tfn_node *x = find(net, s, len);

	if (!x || s[0] == '^')
		return xasprintf("%.*s", (int)n, s);
	if (x->kind == TFN_INPUT)
		return xstrdup(x->name);
	if (x->kind == TFN_VAR)
		return xasprintf("%s/ReadVariableOp:value:0", x->name);
	if (x->kind == TFN_CONST)
		return xasprintf("%s:output:0", x->name);
	return xasprintf("%s:%s:%d", x->name, tfn_output(x->op, k),
			 strcmp(x->op, "TopKV2") == 0 ? 0 : k);
}

static char *refs(const struct tfn *net, const char *in)
{
	struct str out = { 0 };

	for (const char *s = strcmp(in, "-") == 0 ? "" : in; *s;) {
		const size_t n = strcspn(s, ",");

		str_printf(&out, "%s%s", out.len ? "," : "", ref(net, s, n));
		s += n + (s[n] == ',');
	}
	return out.p ? out.p : xstrdup("-");
}

/* Arguments, inputs and then handles, as a function has them and as a caller gives them. */
static char *arguments(const struct tfn *net, struct str *def, const char *input_prefix,
		       int handles)
{
	struct str all = { 0 };

	for (int kind = TFN_INPUT; kind <= TFN_VAR; kind += TFN_VAR - TFN_INPUT)
		for (size_t i = 0; i < net->main.n; i++) {
			const struct tfn_node *n = &net->main.node[i];
			char *name = kind == TFN_INPUT ? xasprintf("%s%s", input_prefix, n->name)
				     : handles         ? handle(n->name)
						       : xstrdup(n->name);

			if ((int)n->kind != kind)
				continue;
			str_printf(&all, "%s%s", all.len ? "," : "", name);
			if (def)
				argument(def, 2, name,
					 kind == TFN_VAR ? RESOURCE : n->t.type->number);
		}
	return all.p ? all.p : xstrdup("-");
}

static char *identity(size_t i)
{
	return i ? xasprintf("Identity_%zu", i) : xstrdup("Identity");
}

static void model_function(struct str *library, const struct tfn *net)
{
	struct str f = { 0 }, def = { 0 };

	pb_text(&def, 1, model);
	arguments(net, &def, "", 1);
	for (size_t i = 0; i < net->main.nout; i++)
		argument(&def, 3, i ? xasprintf("identity_%zu", i) : "identity", 1);
	pb_put(&f, 1, &def);
	for (size_t i = 0; i < net->main.n; i++) {
		const struct tfn_node *n = &net->main.node[i];

		if (n->kind == TFN_VAR)
			simple(&f, 3, xasprintf("%s/ReadVariableOp", n->name), "ReadVariableOp",
			       handle(n->name));
		else if (n->kind != TFN_INPUT)
			tfn_put(&f, 3, n, n->kind == TFN_NODE ? refs(net, n->in) : "-");
	}
	simple(&f, 3, "NoOp", "NoOp", "-");
	for (size_t i = 0; i < net->main.nout; i++) {
		const char *r = net->main.out[i].ref;

		simple(&f, 3, identity(i), "Identity",
		       xasprintf("%s,^NoOp", ref(net, r, strlen(r))));
		returns(&f, i ? xasprintf("identity_%zu", i) : "identity",
			xasprintf("%s:output:0", identity(i)));
	}
	pb_put(library, 1, &f);
}

static void wrapper_function(struct str *library, const struct tfn *net)
{
	struct str f = { 0 }, def = { 0 };
	char *args;

	pb_text(&def, 1, wrapper);
	args = arguments(net, &def, "", 1);
	for (size_t i = 0; i < net->main.nout; i++)
		argument(&def, 3, net->main.out[i].name, 1);
	pb_put(&f, 1, &def);
	call(&f, 3, "StatefulPartitionedCall", model, args);
	for (size_t i = 0; i < net->main.nout; i++) {
		simple(&f, 3, identity(i), "Identity",
		       xasprintf("StatefulPartitionedCall:output:%zu", i));
		returns(&f, net->main.out[i].name, xasprintf("%s:output:0", identity(i)));
	}
	pb_put(library, 1, &f);
}

static void restore_function(struct str *library, const struct tfn *net)
{
	const char *key[TFN_MAX], *part[TFN_MAX];
	struct str f = { 0 }, def = { 0 };
	size_t n = 0;

	pb_text(&def, 1, restore);
	argument(&def, 2, "file_prefix", 7);
	for (size_t i = 0; i < net->main.n; i++) {
		const struct tfn_node *x = &net->main.node[i];

		if (x->kind != TFN_VAR)
			continue;
		argument(&def, 2, xasprintf("assignvariableop_%s", handle(x->name)), RESOURCE);
		key[n] = xasprintf("%s%s", x->name, suffix);
		part[n++] = "";
	}
	argument(&def, 3, "identity", 7);
	pb_put(&f, 1, &def);
	tfw_const_texts(&f, 3, "RestoreV2/tensor_names", key, n);
	tfw_const_texts(&f, 3, "RestoreV2/shape_and_slices", part, n);
	simple(&f, 3, "RestoreV2", "RestoreV2",
	       "file_prefix,RestoreV2/tensor_names:output:0,RestoreV2/shape_and_slices:output:0");
	n = 0;
	for (size_t i = 0; i < net->main.n; i++) {
		const struct tfn_node *x = &net->main.node[i];

		if (x->kind != TFN_VAR)
			continue;
		simple(&f, 3, identity(n), "Identity", xasprintf("RestoreV2:tensors:%zu", n));
		simple(&f, 3, xasprintf("AssignVariableOp_%zu", n), "AssignVariableOp",
		       xasprintf("assignvariableop_%s,%s:output:0", handle(x->name), identity(n)));
		n++;
	}
	returns(&f, "identity", "file_prefix");
	pb_put(library, 1, &f);
}

static void main_graph(struct str *meta, const struct tfn *net, const struct tfn_opts *o)
{
	struct str graph = { 0 }, library = { 0 }, versions = { 0 };
	char *vars = arguments(net, NULL, "serving_default_", 0);
	struct str all = { 0 };

	for (size_t i = 0; i < net->main.n; i++) {
		struct tfn_node n = net->main.node[i];
		struct str node = { 0 };

		if (n.kind == TFN_INPUT) {
			n.name = xasprintf("serving_default_%s", n.name);
			tfn_put(&graph, 1, &n, "-");
		} else if (n.kind == TFN_VAR) {
			tfw_node(&node, n.name, "VarHandleOp", "-");
			tfw_attr_text(&node, "shared_name", n.name);
			tfw_attr_type(&node, "dtype", n.t.type->number);
			tfw_attr_shape(&node, "shape", n.t.rank, n.t.dim);
			pb_put(&graph, 1, &node);
			str_printf(&all, ",%s", n.name);
		}
	}
	call(&graph, 1, "StatefulPartitionedCall", wrapper, vars);
	simple(&graph, 1, "saver_filename", "Placeholder", "-");
	if (!o->no_restore)
		call(&graph, 1, "StatefulPartitionedCall_1", restore,
		     xasprintf("saver_filename%s", all.p ? all.p : ""));
	model_function(&library, net);
	wrapper_function(&library, net);
	if (!o->no_restore)
		restore_function(&library, net);
	tfn_put_library(&graph, net, &library);
	pb_int(&versions, 1, 1286);
	pb_put(&graph, 4, &versions);
	pb_put(meta, 2, &graph);
}

static void info(struct str *signature, int field, const char *key, const char *tensor,
		 const struct tfw_tensor *t)
{
	struct str m = { 0 }, shape = { 0 }, entry = { 0 };

	pb_text(&m, 1, tensor);
	pb_int(&m, 2, t ? t->type->number : 1);
	if (t) {
		tfw_shape(&shape, t->rank, t->dim);
		pb_put(&m, 3, &shape);
	}
	pb_text(&entry, 1, key);
	pb_put(&entry, 2, &m);
	pb_put(signature, field, &entry);
}

static void signatures(struct str *meta, const struct tfn *net, const struct tfn_opts *o)
{
	struct str s = { 0 }, entry = { 0 };

	pb_text(&s, 3, "tensorflow/serving/predict");
	for (size_t i = 0; i < net->main.n; i++)
		if (net->main.node[i].kind == TFN_INPUT)
			info(&s, 1, net->main.node[i].name,
			     xasprintf("serving_default_%s:0", net->main.node[i].name),
			     &net->main.node[i].t);
	for (size_t i = 0; i < net->main.nout; i++)
		info(&s, 2, net->main.out[i].name, xasprintf("StatefulPartitionedCall:%zu", i),
		     NULL);
	if (!o->no_signature) {
		pb_text(&entry, 1, o->signature ? o->signature : "serving_default");
		pb_put(&entry, 2, &s);
		pb_put(meta, 5, &entry);
	}
	info(&s, 2, "__saved_model_init_op", "NoOp", NULL);
	pb_text(&entry, 1, "__saved_model_init_op");
	pb_put(&entry, 2, &s);
	pb_put(meta, 5, &entry);
}

void tfn_saved2(const struct tfn *net, const char *dir, const struct tfn_opts *o)
{
	struct str meta = { 0 }, m = { 0 }, saved = { 0 };

	mkdir(dir, 0777);
	mkdir(xasprintf("%s/variables", dir), 0777);
	pb_text(&m, 4, o->tag ? o->tag : "serve");
	pb_text(&m, 5, o->version ? o->version : "2.12.0");
	pb_put(&meta, 1, &m);
	main_graph(&meta, net, o);
	pb_text(&m, 1, "saver_filename:0");
	pb_text(&m, 3, "StatefulPartitionedCall_1");
	pb_put(&meta, 3, &m);
	signatures(&meta, net, o);
	pb_int(&saved, 1, 1);
	pb_put(&saved, 2, &meta);
	tfn_write(xasprintf("%s/saved_model.pb", dir), &saved);
	tfn_bundle(net, xasprintf("%s/variables/variables", dir), suffix, !o->no_objects, o);
}
