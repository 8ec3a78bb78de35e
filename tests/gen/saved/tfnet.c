/* The net in words. */
#include "tfnet.h"
#include "base/num.h"
#include <stdio.h>
#include <stdlib.h>

void tfn_fail(const char *what, const char *word)
{
	struct err e = { 0 };

	err_set(&e, "mksaved: %s '%s'", what, word);
	die(&e);
}

static size_t split_most(char *text, const char *by, char **part, size_t max)
{
	size_t n = 0;

	for (char *s = text + strspn(text, by); *s; s += strspn(s, by)) {
		char *next = s + strcspn(s, by);

		if (n == max)
			tfn_fail("too many words", text);
		part[n++] = s;
		if (!*next)
			break;
		*next = '\0';
		s = next + 1;
	}
	return n;
}

static size_t split(char *text, const char *by, char **part)
{
	return split_most(text, by, part, TFN_MAX);
}

static void shape(struct tfw_tensor *t, const char *s)
{
	while (strcmp(s, "-") != 0 && *s) {
		char *after;

		if (t->rank == 8)
			tfn_fail("too many dimensions", s);
		t->dim[t->rank++] = strtol(s, &after, 10);
		s = *after ? after + 1 : after;
	}
}

static void tensor(struct tfw_tensor *t, char **w, size_t n)
{
	t->type = tfw_type(w[0]);
	if (!t->type)
		tfn_fail("type", w[0]);
	shape(t, w[1]);
	t->word = w + 2;
	t->n = n - 2;
}

static int is(const char *word, const char *name)
{
	return strcmp(word, name) == 0;
}

static void statement(struct tfn *net, struct tfn_body **at, char **w, size_t n)
{
	static const struct {
		const char *word;
		enum tfn_kind kind;
		size_t least;
	} rows[] = { { "input", TFN_INPUT, 4 },
		     { "const", TFN_CONST, 5 },
		     { "typed", TFN_CONST, 5 },
		     { "var", TFN_VAR, 5 },
		     { "node", TFN_NODE, 4 } };
	struct tfn_body *b = *at;
	struct tfn_node *x = &b->node[b->n];

	if (is(w[0], "output") && n >= 2) {
		b->out[b->nout++] = (struct tfn_ref){ n > 2 ? w[2] : w[1], w[1] };
		return;
	}
	if (is(w[0], "function") && n == 3) {
		*at = net->func[net->nfunc++] = arena_alloc(&net->words, sizeof **at);
		(*at)->name = w[1];
		(*at)->args = w[2];
		return;
	}
	if (is(w[0], "end")) {
		*at = &net->main;
		return;
	}
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (!is(w[0], rows[i].word) || n < rows[i].least)
			continue;
		b->n++;
		*x =
		    (struct tfn_node){ .kind = rows[i].kind, .name = w[1], .op = w[2], .in = w[3] };
		x->typed = is(w[0], "typed");
		x->option = w + 4;
		x->noption = n - 4;
		if (x->kind != TFN_NODE)
			tensor(&x->t, w + 2, n - 2);
		return;
	}
	tfn_fail("statement", w[0]);
}

struct tfn *tfn_read(void)
{
	struct tfn *net = xcalloc(1, sizeof *net);
	struct tfn_body *at = &net->main;
	char *line = NULL;
	size_t cap = 0;
	ssize_t got;

	while ((got = getline(&line, &cap, stdin)) > 0) {
		const size_t max = strlen(line) / 2 + 1;
		char **w = arena_array(&net->words, max, sizeof *w);
		const size_t n = split_most(arena_strdup(&net->words, line), " \t\n", w, max);

		if (n && w[0][0] != '#')
			statement(net, &at, w, n);
	}
	free(line);
	return net;
}

void tfn_free(struct tfn *net)
{
	arena_release(&net->words);
	free(net);
}

/* ---- nodes ---- */
static void ints(struct str *v, int field, char *text)
{
	char *part[TFN_MAX];
	const size_t n = split(text, ",", part);
	struct str list = { 0 };

	for (size_t i = 0; i < n; i++)
		pb_varint(&list, (uint64_t)strtol(part[i], NULL, 10));
	pb_put(v, field, &list);
}

/* "strides=is:1,2,2,1": i f b s t, shape, is (a list), fn. */
static void option(struct str *node, const char *word)
{
	char *key = xstrdup(word), *v = strchr(key, '='), *colon;
	struct str value = { 0 }, list = { 0 };
	struct tfw_tensor t = { 0 };
	const char *kind = "i";

	if (!v)
		tfn_fail("option", word);
	*v++ = '\0';
	colon = strchr(v, ':');
	if (colon) {
		*colon = '\0';
		kind = v;
		v = colon + 1;
	}
	if (is(kind, "i")) {
		pb_int(&value, 3, strtol(v, NULL, 10));
	} else if (is(kind, "f")) {
		pb_float(&value, 4, strtof(v, NULL));
	} else if (is(kind, "b")) {
		pb_int(&value, 5, v[0] == 't' || v[0] == '1');
	} else if (is(kind, "s")) {
		pb_text(&value, 2, v);
	} else if (is(kind, "t")) {
		pb_int(&value, 6, tfw_type(v) ? tfw_type(v)->number : strtol(v, NULL, 10));
	} else if (is(kind, "shape")) {
		shape(&t, v);
		tfw_shape(&list, t.rank, t.dim);
		pb_put(&value, 7, &list);
	} else if (is(kind, "is")) {
		ints(&list, 3, v);
		pb_put(&value, 1, &list);
	} else if (is(kind, "fn")) {
		pb_text(&list, 1, v);
		pb_put(&value, 10, &list);
	} else {
		tfn_fail("kind of option", word);
	}
	tfw_attr(node, key, &value);
	free(key);
}

void tfn_put(struct str *graph, int field, const struct tfn_node *n, const char *in)
{
	struct str node = { 0 };

	if (n->kind == TFN_CONST || n->kind == TFN_VAR) {
		tfw_const(graph, field, n->name, &n->t, n->typed);
		return;
	}
	tfw_node(&node, n->name, n->kind == TFN_INPUT ? "Placeholder" : n->op, in);
	if (n->kind == TFN_INPUT) {
		tfw_attr_type(&node, "dtype", n->t.type->number);
		tfw_attr_shape(&node, "shape", n->t.rank, n->t.dim);
	} else {
		for (size_t i = 0; i < n->noption; i++)
			option(&node, n->option[i]);
	}
	pb_put(graph, field, &node);
}

static void argument(struct str *def, int field, const char *name, int type)
{
	struct str arg = { 0 };

	pb_text(&arg, 1, name);
	pb_int(&arg, 3, type);
	pb_put(def, field, &arg);
}

static void put_function(struct str *library, const struct tfn_body *b)
{
	struct str f = { 0 }, def = { 0 };
	char *part[TFN_MAX];
	const size_t n = is(b->args, "-") ? 0 : split(b->args, ",", part);

	pb_text(&def, 1, b->name);
	for (size_t i = 0; i < n; i++)
		argument(&def, 2, part[i], 1);
	for (size_t i = 0; i < b->nout; i++)
		argument(&def, 3, b->out[i].name, 1);
	pb_put(&f, 1, &def);
	for (size_t i = 0; i < b->n; i++)
		tfn_put(&f, 3, &b->node[i], b->node[i].in ? b->node[i].in : "-");
	for (size_t i = 0; i < b->nout; i++) {
		struct str ret = { 0 };

		pb_text(&ret, 1, b->out[i].name);
		pb_text(&ret, 2, b->out[i].ref);
		pb_put(&f, 4, &ret);
	}
	pb_put(library, 1, &f);
}

void tfn_put_library(struct str *graph, const struct tfn *net, struct str *more)
{
	struct str library = { 0 };

	if (more)
		str_add(&library, more->p, more->len);
	for (size_t i = 0; i < net->nfunc; i++)
		put_function(&library, net->func[i]);
	if (library.len)
		pb_put(graph, 2, &library);
}

const char *tfn_output(const char *op, int k)
{
	static const struct {
		const char *op, *name[4];
	} rows[] = {
		/* clang-format off */
		{ "BiasAdd",          { "output" } },
		{ "Conv2D",           { "output" } },
		{ "FusedBatchNormV3", { "y", "batch_mean", "batch_variance", "reserve_space_1" } },
		{ "MatMul",           { "product" } },
		{ "Mean",             { "output" } },
		{ "Relu",             { "activations" } },
		{ "Softmax",          { "softmax" } },
		{ "TopKV2",           { "values", "indices" } },
		{ "ReadVariableOp",   { "value" } },
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (is(op, rows[i].op) && k < 4 && rows[i].name[k])
			return rows[i].name[k];
	return "z"; /* as binary operators have it */
}
