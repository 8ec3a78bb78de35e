/* DOT text, for graphviz. */
#include "report/picture_int.h"

/* A string of DOT: quotes and backslashes escaped, line ends as \n. */
static void put_string(struct str *out, const char *text)
{
	str_puts(out, "\"");
	for (; *text; text++) {
		if (*text == '\n')
			str_puts(out, "\\n");
		else if (*text == '"' || *text == '\\')
			str_printf(out, "\\%c", *text);
		else
			str_add(out, text, 1);
	}
	str_puts(out, "\"");
}

static void put_node(const struct layer *l, const struct label *b, const char *details,
		     struct str *out)
{
	struct str text = { 0 };

	for (size_t i = 0; i < b->n; i++)
		str_printf(&text, "%s%s", i ? "\n" : "", b->line[i]);
	str_puts(out, "\t");
	put_string(out, quote(l->name));
	str_puts(out, " [label=");
	put_string(out, text.p);
	str_puts(out, ", tooltip=");
	put_string(out, details);
	str_printf(out, ", fillcolor=\"%s\"", b->fill);
	if (b->added)
		str_puts(out, ", style=\"rounded,filled,dashed\", penwidth=2, color=\"#c2255c\"");
	str_puts(out, "];\n");
	str_release(&text);
}

static void put_edges(const struct layer *l, struct str *out)
{
	for (size_t i = 0; i < l->nin; i++) {
		str_puts(out, "\t");
		put_string(out, quote(l->in[i].layer->name));
		str_puts(out, " -> ");
		put_string(out, quote(l->name));
		if (label_is_added_input(l, i))
			str_puts(out, " [style=dashed]");
		str_puts(out, ";\n");
	}
}

void picture_dot(const struct graph *g, const struct picture_opts *o, struct str *out)
{
	struct arena a = { 0 };
	struct label b;

	str_puts(out, "digraph ");
	put_string(out, quote(g->name));
	str_puts(out, " {\n\trankdir=TB;\n"
		      "\tnode [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", "
		      "fontsize=11, color=\"#495057\"];\n"
		      "\tedge [color=\"#495057\", arrowsize=0.7];\n");
	for (size_t i = 0; i < g->nlayers; i++) {
		label_make(&a, g->layers[i], o, &b);
		put_node(g->layers[i], &b, label_details(&a, g->layers[i]), out);
	}
	for (size_t i = 0; i < g->nlayers; i++)
		put_edges(g->layers[i], out);
	str_puts(out, "}\n");
	arena_release(&a);
}
