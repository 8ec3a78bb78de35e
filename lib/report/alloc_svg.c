/* An allocation as a picture: clusters filled with layers, utilization, cycles of each layer. */
#include "report/alloc_svg.h"
#include "report/picture_int.h"

enum {
	MARGIN = 16,
	BOX = 280,    /* width of a cluster */
	BOXES = 4,    /* side by side */
	LINE = 14,    /* height of a line of text */
	BAR = 150,    /* length of a full utilization bar */
	NAMES = 260,  /* width of layers' names in the chart */
	CYCLES = 700, /* length of the longest bar there */
	WIDTH = 2 * MARGIN + BOXES * (BOX + MARGIN)
};

static const char *const colours[] = { "#4e79a7", "#f28e2b", "#59a14f", "#e15759",
				       "#76b7b2", "#b07aa1", "#9c755f", "#edc948" };

static const char *colour(int32_t i)
{
	return colours[(size_t)i % (sizeof colours / sizeof colours[0])];
}

static void text(struct str *out, double x, double y, const char *s)
{
	str_printf(out, "<text x=\"%.1f\" y=\"%.1f\">", x, y);
	svg_put_text(out, s);
	str_puts(out, "</text>\n");
}

static void rect(struct str *out, double x, double y, double w, double h, const char *fill)
{
	str_printf(out,
		   "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\" "
		   "stroke=\"#888\" stroke-width=\"0.5\"/>\n",
		   x, y, w, h, fill);
}

/* A name without its network, at most n characters. */
static void short_name(const char *name, int n, char out[64])
{
	const char *slash = strchr(name, '/');

	snprintf(out, 64, "%.*s", n, slash ? slash + 1 : name);
}

/* ---- clusters ---- */

static size_t layers_of(const struct allocation *a, int32_t context, int32_t cluster)
{
	size_t n = 0;

	for (size_t i = 0; i < a->nlayers; i++)
		n += a->layers[i].context == context && a->layers[i].cluster == cluster;
	return n;
}

static void draw_use(const struct alloc_use *u, double x, double y, struct str *out)
{
	static const char *const names[SHARE_COUNT] = { "control", "compute", "memory", "aligners",
							"APUs" };
	char line[32];

	for (int i = 0; i < SHARE_COUNT; i++, y += LINE) {
		const double share = u->share[i] < 1 ? u->share[i] : 1;

		text(out, x, y + LINE - 3, names[i]);
		rect(out, x + 60, y + 2, BAR, LINE - 4, "#fff");
		rect(out, x + 60, y + 2, BAR * share, LINE - 4,
		     share > 0.9 ? "#e15759" : "#59a14f");
		snprintf(line, sizeof line, "%.0f %%", 100 * u->share[i]);
		text(out, x + 64 + BAR, y + LINE - 3, line);
	}
}

/* Layers fill the box from the top: as wide as their share of the cluster's subclusters. */
static void draw_cluster(const struct allocation *a, const struct target *t, int32_t context,
			 int32_t cluster, double x, double y, double height, struct str *out)
{
	const struct alloc_use u = alloc_cluster_use(a, t, context, cluster);
	char name[64];

	rect(out, x, y, BOX, height, "#f4f4f4");
	snprintf(name, sizeof name, "cluster_%d", cluster);
	text(out, x + 6, y + LINE - 2, name);
	draw_use(&u, x + 6, y + LINE + 2, out);
	y += (SHARE_COUNT + 1) * LINE + 6;
	for (size_t i = 0; i < a->nlayers; i++) {
		const struct alloc_layer *l = &a->layers[i];
		const double share = (double)l->subclusters / t->subclusters;

		if (l->context != context || l->cluster != cluster)
			continue;
		rect(out, x + 6, y + 1, (BOX - 12) * (share < 1 ? share : 1), LINE - 2, "#a9c7e8");
		short_name(l->name, 40, name);
		text(out, x + 8, y + LINE - 3, name);
		y += LINE;
	}
}

/* Returns the height that the context takes. */
static double draw_context(const struct allocation *a, const struct target *t, int32_t context,
			   double top, struct str *out)
{
	double y = top + LINE + 6;
	char title[96];

	snprintf(title, sizeof title, "context_%d: %.2f FPS", context,
		 a->interval[context] > 0 ? t->clock_hz / a->interval[context] : 0);
	text(out, MARGIN, top + LINE, title);
	for (int32_t k = 0; k < t->clusters; k += BOXES) {
		size_t most = 0;
		double height;

		for (int32_t i = k; i < t->clusters && i < k + BOXES; i++) {
			const size_t n = layers_of(a, context, t->cluster_id[i]);

			most = n > most ? n : most;
		}
		height = (double)(SHARE_COUNT + 1 + most) * LINE + 12;
		for (int32_t i = k; i < t->clusters && i < k + BOXES; i++)
			draw_cluster(a, t, context, t->cluster_id[i],
				     MARGIN + (i - k) * (BOX + MARGIN), y, height, out);
		y += height + MARGIN;
	}
	return y - top;
}

/* ---- cycles ---- */

static double draw_cycles(const struct allocation *a, double top, struct str *out)
{
	const double most = alloc_layer_cycles(&a->layers[alloc_slowest(a, -1)]);
	double y = top + LINE + 6;
	char line[64];

	text(out, MARGIN, top + LINE, "cycles per frame, by layer; one colour a context");
	for (size_t i = 0; i < a->nlayers; i++, y += LINE) {
		const struct alloc_layer *l = &a->layers[i];
		const double cycles = alloc_layer_cycles(l);
		const double length = most > 0 ? CYCLES * cycles / most : 0;

		short_name(l->name, 40, line);
		text(out, MARGIN, y + LINE - 3, line);
		rect(out, MARGIN + NAMES, y + 1, length, LINE - 2, colour(l->context));
		snprintf(line, sizeof line, "%.0f", cycles);
		text(out, MARGIN + NAMES + length + 4, y + LINE - 3, line);
	}
	return y - top;
}

/* Returns the y below it. */
static double draw_allocation(const struct allocation *a, const struct target *t, double y,
			      struct str *body)
{
	char title[256];

	snprintf(title, sizeof title, "%.40s%s%.80s: %d context%s, %zu physical layers, %.2f FPS",
		 t->name, a->group.name ? ", group " : "", a->group.name ? a->group.name : "",
		 (int)a->ncontexts, a->ncontexts == 1 ? "" : "s", a->nlayers, a->fps);
	text(body, MARGIN, y + LINE, title);
	y += 2 * LINE;
	for (int32_t c = 0; c < a->ncontexts; c++)
		y += draw_context(a, t, c, y, body) + MARGIN;
	return y + draw_cycles(a, y, body) + MARGIN;
}

void alloc_svg(const struct alloc_set *s, const struct target *t, struct str *out)
{
	struct str body = { 0 };
	double y = MARGIN;

	for (size_t i = 0; i < s->n; i++)
		y = draw_allocation(s->v[i], t, y, &body);
	str_printf(out,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" "
		   "font-family=\"sans-serif\" font-size=\"10\">\n",
		   WIDTH, y);
	rect(out, 0, 0, WIDTH, y, "#fff");
	str_puts(out, body.p);
	str_puts(out, "</svg>\n");
	str_release(&body);
}
