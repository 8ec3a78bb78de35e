/* The SVG image: boxes of layers in rows, edges as smooth lines between them. */
#include "report/picture_int.h"

static const double line_height = 15, pad_x = 12, pad_y = 8, header = 62;

void svg_put_text(struct str *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&':
			str_puts(out, "&amp;");
			break;
		case '<':
			str_puts(out, "&lt;");
			break;
		case '>':
			str_puts(out, "&gt;");
			break;
		case '\n':
			str_puts(out, "&#10;");
			break;
		case '"':
			str_puts(out, "&quot;");
			break;
		default:
			if ((unsigned char)*text >= ' ') /* others are not allowed in XML */
				str_add(out, text, 1);
		}
}

/* About the width in a sans-serif face of this size; UTF-8 sequences count once. */
static double text_width(const char *text, double size)
{
	double em = 0;

	for (; *text; text++) {
		if (((unsigned char)*text & 0xc0) == 0x80)
			continue;
		em += strchr("mwMW", *text)                ? 0.9
		      : *text >= 'A' && *text <= 'Z'       ? 0.68
		      : strchr("il.,:;| ()[]fjrtI", *text) ? 0.38
							   : 0.6;
	}
	return em * size;
}

static void box_size(const struct label *b, double *w, double *h)
{
	*w = 64;
	for (size_t i = 0; i < b->n; i++) {
		double width = text_width(b->line[i], i ? 11 : 12.5) + 2 * pad_x;

		*w = width > *w ? width : *w;
	}
	*h = (double)b->n * line_height + 2 * pad_y;
}

static void put_box(const struct vertex *v, const struct label *b, const char *details,
		    struct str *out)
{
	double top = v->y - v->h / 2;

	str_printf(out, "<g class=\"%s\"><title>", b->added ? "layer added" : "layer");
	svg_put_text(out, details);
	str_printf(out,
		   "</title><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"7\" "
		   "fill=\"%s\"/>",
		   v->x - v->w / 2, top, v->w, v->h, b->fill);
	for (size_t i = 0; i < b->n; i++) {
		str_printf(out, "<text x=\"%.1f\" y=\"%.1f\"%s>", v->x,
			   top + pad_y + line_height * (double)i + 11.5,
			   i ? "" : " class=\"name\"");
		svg_put_text(out, b->line[i]);
		str_puts(out, "</text>");
	}
	str_puts(out, "</g>\n");
}

/* A curve that leaves and arrives vertically. */
static void put_curve(struct str *out, double x0, double y0, double x1, double y1)
{
	double bend = (y1 - y0) / 2;

	if (x0 - x1 < 2 && x1 - x0 < 2)
		str_printf(out, "L%.1f %.1f", x1, y1);
	else
		str_printf(out, "C%.1f %.1f %.1f %.1f %.1f %.1f", x0, y0 + bend, x1, y1 - bend, x1,
			   y1);
}

/* Places on the lower and upper side of a box where edges touch it: spread, by their order. */
struct port {
	double x; /* of the other end */
	size_t link;
};

static int by_x(const void *a, const void *b)
{
	const struct port *x = a;
	const struct port *y = b;

	if (x->x != y->x)
		return x->x < y->x ? -1 : 1;
	return (x->link > y->link) - (x->link < y->link);
}

/* Where link i leaves (side 0) and arrives (side 1). */
static void spread_ports(const struct layout *y, int side, double *at)
{
	struct port *ports = xcalloc(y->ne + 1, sizeof *ports);
	size_t *first = xcalloc(y->nv + 2, sizeof *first);
	size_t *fill = xcalloc(y->nv + 1, sizeof *fill);
	size_t i, k;

	for (i = 0; i < y->ne; i++)
		first[(side ? y->e[i].to : y->e[i].from) + 1]++;
	for (i = 0; i < y->nv; i++)
		first[i + 1] += first[i];
	for (i = 0; i < y->ne; i++) {
		size_t own = side ? y->e[i].to : y->e[i].from;
		size_t other = side ? y->e[i].from : y->e[i].to;

		ports[first[own] + fill[own]++] = (struct port){ y->v[other].x, i };
	}
	for (i = 0; i < y->nv; i++) {
		size_t n = first[i + 1] - first[i];
		double step = n > 1 ? (y->v[i].w - 24) / (double)n : 0;

		step = step > 14 ? 14 : step;
		qsort(&ports[first[i]], n, sizeof *ports, by_x);
		for (k = 0; k < n; k++)
			at[ports[first[i] + k].link] =
			    y->v[i].x + step * ((double)k - (double)(n - 1) / 2);
	}
	free(ports);
	free(first);
	free(fill);
}

/* All links of one input, from its producer to the layer. */
static size_t put_edge(const struct layout *y, const struct graph *g, size_t i, const double *out_x,
		       const double *in_x, struct str *out)
{
	const struct link *first = &y->e[i];
	const struct layer *l = g->layers[first->layer];
	bool added = label_is_added_input(l, first->input);

	str_printf(out, "<path class=\"%s\" d=\"M%.1f %.1f", added ? "edge plus" : "edge", out_x[i],
		   y->v[first->from].y + y->v[first->from].h / 2);
	for (;; i++) {
		const struct vertex *from = &y->v[y->e[i].from];
		const struct vertex *to = &y->v[y->e[i].to];
		bool last = to->layer != SIZE_MAX;
		double end = to->y - to->h / 2 - (last ? 5 : 0);

		put_curve(out, out_x[i], from->y + from->h / 2, in_x[i], end);
		if (last)
			break;
		str_printf(out, "L%.1f %.1f", to->x, to->y + to->h / 2);
	}
	str_puts(out, "\" marker-end=\"url(#arrow)\"/>\n");
	return i + 1;
}

static void put_edges(const struct layout *y, const struct graph *g, struct str *out)
{
	double *out_x = xcalloc(y->ne + 1, sizeof *out_x);
	double *in_x = xcalloc(y->ne + 1, sizeof *in_x);
	size_t i;

	spread_ports(y, 0, out_x);
	spread_ports(y, 1, in_x);
	for (i = 0; i < y->ne;)
		i = put_edge(y, g, i, out_x, in_x, out);
	free(out_x);
	free(in_x);
}

static void put_head(const struct graph *g, const struct picture_opts *o, double width,
		     double height, size_t added, struct str *out)
{
	static const char style[] =
	    "text{font:11px Helvetica,Arial,'DejaVu Sans',sans-serif;fill:#343a40;"
	    "text-anchor:middle}"
	    ".name{font-size:12.5px;font-weight:bold;fill:#212529}"
	    ".head{text-anchor:start;font-size:17px;font-weight:bold;fill:#212529}"
	    ".sub{text-anchor:start;font-size:12px;fill:#495057}"
	    "rect{stroke:#868e96;stroke-width:1}"
	    ".added rect{stroke:#c2255c;stroke-width:2.2;stroke-dasharray:6 3}"
	    ".edge{fill:none;stroke:#5c636a;stroke-width:1.3}"
	    ".plus{stroke-dasharray:5 3}";

	str_printf(out,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
		   "viewBox=\"0 0 %.0f %.0f\">\n<style>%s</style>\n"
		   "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"3\" refY=\"4\" "
		   "markerWidth=\"6\" markerHeight=\"6\" orient=\"auto\">"
		   "<path d=\"M0 0L8 4L0 8z\" fill=\"#5c636a\"/></marker></defs>\n"
		   "<path d=\"M0 0h%.0fv%.0fh-%.0fz\" fill=\"#ffffff\"/>\n",
		   width, height, width, height, style, width, height, width);
	str_puts(out, "<text class=\"head\" x=\"24\" y=\"32\">");
	svg_put_text(out, quote(g->name));
	str_printf(out, "</text>\n<text class=\"sub\" x=\"24\" y=\"52\">%s%s%zu layers",
		   o->state ? o->state : "", o->state ? ", " : "", g->nlayers);
	if (added)
		str_printf(out, ", <tspan fill=\"#c2255c\">%zu added (dashed)</tspan>", added);
	str_puts(out, "</text>\n");
}

void picture_svg(const struct graph *g, const struct picture_opts *o, struct str *out)
{
	struct arena a = { 0 };
	struct layout y;
	struct label *b = xcalloc(g->nlayers + 1, sizeof *b);
	double *w = xcalloc(g->nlayers + 1, sizeof *w);
	double *h = xcalloc(g->nlayers + 1, sizeof *h);
	size_t added = 0;
	double width;

	for (size_t i = 0; i < g->nlayers; i++) {
		label_make(&a, g->layers[i], o, &b[i]);
		box_size(&b[i], &w[i], &h[i]);
		added += b[i].added;
	}
	layout_make(&y, g, w, h);
	width = text_width(g->name, 17) + 48;
	width = width < 280 ? 280 : width;
	width = y.width > width ? y.width : width;
	for (size_t i = 0; i < y.nv; i++) {
		y.v[i].x += (width - y.width) / 2;
		y.v[i].y += header - 24;
	}
	put_head(g, o, width, y.height + header - 24, added, out);
	put_edges(&y, g, out);
	for (size_t i = 0; i < g->nlayers; i++)
		put_box(&y.v[i], &b[i], label_details(&a, g->layers[i]), out);
	str_puts(out, "</svg>\n");
	layout_release(&y);
	arena_release(&a);
	free(b);
	free(w);
	free(h);
}
