/*
 * Writes a TensorFlow Lite model from text, for tests.
 *
 *	mktflite OUT.tflite < TEXT
 *
 * Statements, one a line:
 *	input NAME SHAPE [TYPE]               a tensor that is an input; -1: open
 *	tensor NAME SHAPE [TYPE] [scale=F] [variable]
 *	init NAME SHAPE TYPE VALUE...         a constant; fewer values are repeated
 *	op KIND INS OUTS [KEY=VALUE]...       KIND of the table below, or custom:NAME, or a number
 *	output NAME
 *	version N                             of the schema (3)
 *	subgraph                              what follows belongs to another graph
 *
 * SHAPE 1,2,3 or - for none; TYPE f32 (default), f16, i32, i64, i8, u8, bool; INS and OUTS are
 *names with commas between, - is an absent one.
 */
#include "base/num.h"
#include "base/outfile.h"
#include "fbw.h"
#include "io/io_int.h"
#include "tflite_kinds.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
	WORDS = 512,
	TENSORS = 256,
	FIELDS = 12
};

struct tensor_text {
	const char *name, *scale;
	char *shape;
	const struct type *type;
	bool variable;
	char **value; /* nvalue of a constant */
	size_t nvalue;
};

struct op_text {
	const struct kind *kind;
	const char *custom;
	int code;
	char *in, *out, **option;
	size_t noption;
};

struct graph_text {
	struct tensor_text tensor[TENSORS];
	struct op_text op[TENSORS];
	int in[TENSORS], out[TENSORS];
	size_t ntensor, nop, nin, nout;
};

static void fail(const char *what, const char *word)
{
	struct err e = { 0 };

	err_set(&e, "mktflite: %s '%s'", what, word);
	die(&e);
}

static double number(const char *s)
{
	struct err e = { 0 };
	double v = 0;

	if (num_double(s, "number", &v, &e) < 0)
		die(&e);
	return v;
}

static size_t split(char *text, char by, char **part, size_t max)
{
	size_t n = 0;

	for (char *s = text; s && *s && n < max;) {
		char *end = strchr(s, by);

		if (end)
			*end++ = '\0';
		if (*s)
			part[n++] = s;
		s = end;
	}
	return n;
}

/* ---- parts of the model ---- */
static size_t dims(const char *shape, int32_t *v, bool signature)
{
	char *copy = xstrdup(shape), *part[WORDS];
	const size_t n = strcmp(shape, "-") == 0 ? 0 : split(copy, ',', part, WORDS);

	for (size_t i = 0; i < n; i++) {
		v[i] = (int32_t)number(part[i]);
		v[i] = !signature && v[i] < 0 ? 1 : v[i];
	}
	free(copy);
	return n;
}

static void put_tensor(struct str *s, const struct tensor_text *t, uint32_t buffer, size_t at)
{
	const bool open = strchr(t->shape, '-') && strcmp(t->shape, "-") != 0;
	const bool present[8] = {
		true, true, buffer != 0, true, t->scale, t->variable, false, open
	};
	const uint32_t value[8] = { 0, (uint32_t)t->type->number, buffer, 0, 0, 1, 0, 0 };
	int32_t v[WORDS];
	size_t where[8], inner[3];

	put_table(s, 8, present, value, where, at);
	put_ints(s, where[0], v, dims(t->shape, v, false));
	if (open)
		put_ints(s, where[7], v, dims(t->shape, v, true));
	put_text(s, where[3], t->name);
	if (t->scale) {
		const float f = (float)number(t->scale);
		int32_t bits;

		memcpy(&bits, &f, 4);
		put_table(s, 3, (bool[]){ false, false, true }, (uint32_t[]){ 0, 0, 0 }, inner,
			  where[4]);
		put_ints(s, inner[2], &bits, 1);
	}
}

static void put_value(struct str *s, const struct type *t, double v)
{
	const float f = (float)v;
	const int64_t i = (int64_t)v;
	const uint16_t half = half_from_double(v);

	if (t->number == 0)
		str_add(s, &f, 4);
	else if (t->number == 1)
		str_add(s, &half, 2);
	else
		str_add(s, &i, (size_t)t->size);
}

static void put_buffer(struct str *s, const struct tensor_text *t, size_t at)
{
	int32_t v[WORDS];
	size_t where[1], count = 1;
	const size_t rank = dims(t->shape, v, false);

	for (size_t i = 0; i < rank; i++)
		count *= (size_t)v[i];
	put_table(s, 1, (bool[]){ true }, (uint32_t[]){ 0 }, where, at);
	while ((s->len + 4) % 16)
		str_add(s, "", 1);
	here(s, where[0]);
	put32(s, (uint32_t)(count * (size_t)t->type->size));
	for (size_t i = 0; i < count; i++)
		put_value(s, t->type, number(t->value[i % t->nvalue]));
}

static int tensor_of(const struct graph_text *g, const char *name)
{
	for (size_t i = 0; i < g->ntensor; i++)
		if (strcmp(g->tensor[i].name, name) == 0)
			return (int)i;
	if (strcmp(name, "-") != 0)
		fail("no tensor", name);
	return -1;
}

static size_t tensors_of(const struct graph_text *g, char *list, int32_t *v)
{
	char *part[WORDS];
	const size_t n = split(list, ',', part, WORDS);

	for (size_t i = 0; i < n; i++)
		v[i] = tensor_of(g, part[i]);
	return n;
}

static void put_options(struct str *s, const struct op_text *o, size_t at)
{
	char *fields = xstrdup(o->kind->fields), *field[FIELDS];
	const size_t n = split(fields, ' ', field, FIELDS);
	bool present[FIELDS] = { false };
	uint32_t value[FIELDS] = { 0 };
	char *list[FIELDS] = { NULL };
	size_t where[FIELDS];

	for (size_t i = 0; i < o->noption; i++) {
		char *text = strchr(o->option[i], '=');
		const size_t len = text ? (size_t)(text - o->option[i]) : 0;
		size_t k = 0;

		while (k < n && (strncmp(field[k], o->option[i], len) != 0 || field[k][len] != ':'))
			k++;
		if (!text || k == n)
			fail("no option", o->option[i]);
		text++;
		present[k] = true;
		if (field[k][len + 1] == 'f') {
			const float f = (float)number(text);

			memcpy(&value[k], &f, 4);
		} else if (field[k][len + 1] == 'l') {
			list[k] = text;
		} else {
			value[k] = (uint32_t)(int32_t)number(text);
		}
	}
	put_table(s, n, present, value, where, at);
	for (size_t k = 0; k < n; k++)
		if (list[k]) {
			int32_t v[WORDS];

			put_ints(s, where[k], v, dims(list[k], v, true));
		}
	free(fields);
}

static void put_op(struct str *s, const struct graph_text *g, const struct op_text *o,
		   uint32_t index, size_t at)
{
	const bool options = o->kind && o->kind->options;
	const bool present[5] = { true, true, true, options, options };
	const uint32_t value[5] = { index, 0, 0, o->kind ? (uint32_t)o->kind->options : 0, 0 };
	int32_t v[WORDS];
	size_t where[5];

	put_table(s, 5, present, value, where, at);
	put_ints(s, where[1], v, tensors_of(g, o->in, v));
	put_ints(s, where[2], v, tensors_of(g, o->out, v));
	if (options)
		put_options(s, o, where[4]);
}

static void put_graph(struct str *s, const struct graph_text *g, uint32_t *buffer, uint32_t *code,
		      size_t at)
{
	size_t where[4], *ref = xcalloc(TENSORS, sizeof *ref);
	int32_t v[TENSORS];

	put_table(s, 4, (bool[]){ true, true, true, true }, (uint32_t[4]){ 0 }, where, at);
	put_refs(s, where[0], g->ntensor, ref);
	for (size_t i = 0; i < g->ntensor; i++)
		put_tensor(s, &g->tensor[i], g->tensor[i].nvalue ? ++*buffer : 0, ref[i]);
	for (size_t i = 0; i < g->nin; i++)
		v[i] = g->in[i];
	put_ints(s, where[1], v, g->nin);
	for (size_t i = 0; i < g->nout; i++)
		v[i] = g->out[i];
	put_ints(s, where[2], v, g->nout);
	put_refs(s, where[3], g->nop, ref);
	for (size_t i = 0; i < g->nop; i++)
		put_op(s, g, &g->op[i], (*code)++, ref[i]);
	free(ref);
}

/* An operator code for each operator. */
static void put_code(struct str *s, const struct op_text *o, size_t at)
{
	const uint32_t old = (uint32_t)(o->code < 127 ? o->code : 127);
	size_t where[4];

	put_table(s, 4, (bool[]){ true, o->custom, false, true },
		  (uint32_t[]){ old, 0, 0, (uint32_t)o->code }, where, at);
	if (o->custom)
		put_text(s, where[1], o->custom);
}

static void put_model(struct str *s, const struct graph_text *g, size_t ngraph, uint32_t version)
{
	size_t where[5], *ref = xcalloc(4 * TENSORS, sizeof *ref), at = 0, n = 0, nbuffer = 1;
	uint32_t buffer = 0, code = 0;

	put32(s, 0);
	str_add(s, "TFL3", 4);
	put_table(s, 5, (bool[]){ true, true, true, false, true },
		  (uint32_t[]){ version, 0, 0, 0, 0 }, where, 0);
	for (size_t k = 0; k < ngraph; k++)
		n += g[k].nop;
	put_refs(s, where[1], n, ref);
	for (size_t k = 0; k < ngraph; k++)
		for (size_t i = 0; i < g[k].nop; i++)
			put_code(s, &g[k].op[i], ref[at++]);
	put_refs(s, where[2], ngraph, ref);
	for (size_t k = 0; k < ngraph; k++)
		put_graph(s, &g[k], &buffer, &code, ref[k]);
	for (size_t k = 0; k < ngraph; k++)
		for (size_t i = 0; i < g[k].ntensor; i++)
			nbuffer += g[k].tensor[i].nvalue != 0;
	put_refs(s, where[4], nbuffer, ref);
	/* The first is always there and empty. */
	put_table(s, 1, (bool[]){ false }, (uint32_t[]){ 0 }, where, ref[0]);
	at = 1;
	for (size_t k = 0; k < ngraph; k++)
		for (size_t i = 0; i < g[k].ntensor; i++)
			if (g[k].tensor[i].nvalue)
				put_buffer(s, &g[k].tensor[i], ref[at++]);
	free(ref);
}

/* ---- text ---- */
static const struct type *type_of(const char *name)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	fail("no type", name);
	return NULL;
}

static void read_tensor(struct graph_text *g, char **w, size_t n)
{
	struct tensor_text *t = &g->tensor[g->ntensor++];

	if (n < 3 || g->ntensor == TENSORS)
		fail("a tensor needs a name and a shape, and too many are too many:", w[0]);
	*t = (struct tensor_text){ .name = w[1], .shape = w[2], .type = &types[0] };
	for (size_t i = 3; i < n; i++)
		if (strncmp(w[i], "scale=", 6) == 0)
			t->scale = w[i] + 6;
		else if (strcmp(w[i], "variable") == 0)
			t->variable = true;
		else if (i == 3)
			t->type = type_of(w[i]);
		else
			break;
	if (strcmp(w[0], "init") == 0 && n > 4) {
		t->nvalue = n - 4;
		t->value = xcalloc(t->nvalue, sizeof(char *));
		memcpy(t->value, w + 4, t->nvalue * sizeof(char *));
	}
	if (strcmp(w[0], "input") == 0)
		g->in[g->nin++] = (int)g->ntensor - 1;
}

static void read_op(struct graph_text *g, char **w, size_t n)
{
	struct op_text *o = &g->op[g->nop++];

	if (n < 4 || g->nop == TENSORS)
		fail("an operator needs inputs and outputs:", w[1]);
	*o = (struct op_text){ .in = w[2], .out = w[3], .noption = n - 4 };
	o->option = xcalloc(n, sizeof(char *));
	memcpy(o->option, w + 4, (n - 4) * sizeof(char *));
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i].name, w[1]) == 0)
			o->kind = &kinds[i];
	if (o->kind)
		o->code = o->kind->code;
	else if (strncmp(w[1], "custom:", 7) == 0)
		o->code = 32, o->custom = w[1] + 7;
	else if (isdigit((unsigned char)w[1][0]))
		o->code = (int)number(w[1]);
	else
		fail("no operator", w[1]);
}

int main(int argc, char *argv[])
{
	static struct graph_text graph[2];
	size_t n, ngraph = 1;
	uint32_t version = 3;
	struct str s = { 0 };
	struct err e = { 0 };
	static char *text; /* the words point into it */
	char *line, *next;

	if (argc != 2 || !(text = read_file("-", 1 << 24, &n, &e))) {
		fprintf(stderr, "usage: mktflite OUT.tflite < TEXT\n");
		return 2;
	}
	text = xreallocarray(text, n + 1, 1);
	text[n] = '\0';
	for (line = text; line && *line; line = next) {
		struct graph_text *g = &graph[ngraph - 1];
		char *w[WORDS];

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		n = split(line, ' ', w, WORDS);
		if (n == 0)
			continue;
		if (strcmp(w[0], "version") == 0)
			version = (uint32_t)number(w[1]);
		else if (strcmp(w[0], "subgraph") == 0)
			ngraph = 2;
		else if (strcmp(w[0], "op") == 0)
			read_op(g, w, n);
		else if (strcmp(w[0], "output") == 0)
			g->out[g->nout++] = tensor_of(g, w[1]);
		else
			read_tensor(g, w, n);
	}
	put_model(&s, graph, ngraph, version);
	if (outfile_put(argv[1], OUT_BINARY, s.p, s.len, &e) < 0)
		die(&e);
	str_release(&s);
	return 0;
}
