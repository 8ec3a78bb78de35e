/* A network in three parts: what the host and the device get, and the parts joined again. */
#include "hn/hn.h"
#include <stdio.h>

static int passed, failed;

static void check(bool ok, const char *what)
{
	if (ok) {
		passed++;
		return;
	}
	failed++;
	printf("not as expected: %s\n", what);
}

static struct layer *add(struct graph *g, enum hn_type t, const char *name, struct layer *in,
			 bool host)
{
	struct layer *l = graph_add(g, t, name);

	l->p.on_host = host;
	if (in)
		layer_add_input(g, l, in, 0);
	return l;
}

static struct layer *swap(struct graph *g, const char *name, struct layer *in)
{
	struct layer *l = add(g, HN_FORMAT_CONVERSION, name, in, true);

	l->p.conversion = arena_strdup(&g->arena, "transpose_height_width");
	l->p.transpose[0] = 1;
	l->p.transpose[1] = 0;
	return l;
}

static struct layer *resize(struct graph *g, const char *name, struct layer *in, int32_t h,
			    int32_t w)
{
	struct layer *l = add(g, HN_RESIZE, name, in, true);

	l->p.resize_out[0] = h;
	l->p.resize_out[1] = w;
	return l;
}

/*
 * i1 -> resize -> swap -> a -> swap -> softmax -> o1
 * i2 -----------------> b -> o2, b and a -> argmax of a -> o3
 */
static struct graph *whole(void)
{
	struct graph *g = graph_new("n");
	struct layer *i1 = add(g, HN_INPUT, "i1", NULL, false);
	struct layer *i2 = add(g, HN_INPUT, "i2", NULL, false);
	struct layer *a, *b;
	struct err e = { 0 };

	i1->out[0] = (struct hn_shape){ 8, 6, 3, 4 };
	i2->out[0] = (struct hn_shape){ 2, 5, 3, 4 };
	a = add(g, HN_ACTIVATION, "a", swap(g, "s1", resize(g, "r1", i1, 4, 7)), false);
	b = add(g, HN_ACTIVATION, "b", i2, false);
	add(g, HN_OUTPUT, "o1", add(g, HN_SOFTMAX, "p", swap(g, "s2", a), true), false);
	add(g, HN_OUTPUT, "o2", b, false);
	add(g, HN_OUTPUT, "o3", add(g, HN_ARGMAX, "q", a, true), false);
	g->output_order = xcalloc(3, sizeof *g->output_order);
	g->output_order[g->noutput_order++] = graph_find(g, "q")->name;
	g->output_order[g->noutput_order++] = b->name;
	g->output_order[g->noutput_order++] = graph_find(g, "p")->name;
	check(graph_validate(g, NULL, &e) == 0, "the whole is sound");
	return g;
}

/* Layers in order: "name[shape]", outputs with what they carry. */
static char *text_of(const struct graph *g)
{
	struct str s = { 0 };
	struct layer *out[8];
	const size_t n = g ? graph_outputs(g, out, 8) : 0;

	for (size_t i = 0; g && i < g->nlayers; i++)
		if (g->layers[i]->type != HN_OUTPUT)
			str_printf(&s, "%s%s ", g->layers[i]->name,
				   hn_shape_text(&g->layers[i]->out[0]));
	for (size_t i = 0; i < n; i++)
		str_printf(&s, "%s=%s ", out[i]->name, out[i]->in[0].layer->name);
	return s.p;
}

static void is(const struct graph *g, const char *expect, const char *what)
{
	char *t = text_of(g);

	check(t && strcmp(t, expect) == 0, what);
	if (!t || strcmp(t, expect) != 0)
		printf("\t%s\n\t%s\n", t ? t : "nothing", expect);
	free(t);
}

static void parts(void)
{
	struct err e = { 0 };
	struct graph *g = whole(), *part[3], *again;
	char *before = text_of(g), *after;

	for (int i = 0; i < 3; i++)
		part[i] = graph_part(g, (enum graph_part)i, &e);
	is(part[PART_BEFORE],
	   "n/i1[-1,8,6,3] n/i2[-1,2,5,3] n/r1[-1,4,7,3] n/s1[-1,7,4,3] n/output_layer1=n/s1 "
	   "n/output_layer2=n/i2 ",
	   "in front of the device");
	/* The tensor that two host layers read leaves once, where the first output needs it. */
	is(part[PART_DEVICE],
	   "n/i1[-1,7,4,3] n/i2[-1,2,5,3] n/a[-1,7,4,3] n/b[-1,2,5,3] n/output_layer1=n/a "
	   "n/o2=n/b ",
	   "on the device");
	is(part[PART_BEHIND],
	   "n/a[-1,7,4,3] n/b[-1,2,5,3] n/s2[-1,4,7,3] n/p[-1,4,7,3] n/q[-1,7,4,1] n/o3=n/q "
	   "n/o2=n/b "
	   "n/o1=n/p ",
	   "behind the device");
	again = graph_join(part[0], part[1], part[2], &e);
	after = text_of(again);
	/* The same layers, in an order of their own. */
	check(after && strlen(after) == strlen(before) &&
		  strstr(after, "n/o3=n/q n/o2=n/b n/o1=n/p"),
	      "joined again");
	check(again && layer_swaps_sides(graph_find(again, "s1")) &&
		  graph_find(again, "s1")->p.on_host && graph_validate(again, NULL, &e) == 0,
	      "the joined one is sound");
	free(before);
	free(after);
	for (int i = 0; i < 3; i++)
		graph_free(part[i]);
	graph_free(again);
	graph_free(g);
}

static void refused(struct graph *g, const char *message)
{
	struct err e = { 0 };
	const bool bad = graph_validate(g, NULL, &e) < 0;

	check(bad && strcmp(e.msg, message) == 0, message);
	graph_free(g);
}

static void between(void)
{
	struct graph *g = graph_new("n");
	struct layer *i = add(g, HN_INPUT, "i", NULL, false);
	struct layer *a;

	i->out[0] = (struct hn_shape){ 1, 1, 4, 2 };
	a = add(g, HN_ACTIVATION, "a", i, false);
	add(g, HN_OUTPUT, "o", add(g, HN_ACTIVATION, "b", add(g, HN_SOFTMAX, "p", a, true), false),
	    false);
	refused(g, "layer 'n/p' runs on the host, 'n/b' behind it on the device");
	g = graph_new("n");
	i = add(g, HN_INPUT, "i", NULL, false);
	i->out[0] = (struct hn_shape){ 4, 4, 4, 4 };
	add(g, HN_OUTPUT, "o", add(g, HN_ACTIVATION, "a", i, false), false);
	add(g, HN_OUTPUT, "u", add(g, HN_ACTIVATION, "b", swap(g, "s", i), false), false);
	refused(g, "layer 'n/s' runs on the host in front of the device, but is not all that reads "
		   "'n/i'");
}

int main(void)
{
	parts();
	between();
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
