/* Private to report/: what a layer's box says, and where boxes and edges lie. */
#ifndef HN_REPORT_PICTURE_INT_H
#define HN_REPORT_PICTURE_INT_H

#include "report/picture.h"

enum {
	LABEL_LINES = 4
};

/* Text of a layer's box: its name, its kernel, what else it does, its shape. */
struct label {
	char *line[LABEL_LINES];
	size_t n;
	const char *fill; /* "#rrggbb" by family */
	bool added;       /* not in the graph before */
};
/* Fills the label of a layer; strings live in the arena. */
void label_make(struct arena *a, const struct layer *l, const struct picture_opts *o,
		struct label *out);
/* Everything about a layer, for a tooltip: full and original names, conversion, precision. */
char *label_details(struct arena *a, const struct layer *l);
/* Does input i of l come in as the added one? */
bool label_is_added_input(const struct layer *l, size_t i);

/* A vertex of the layout: a box, or the place where a long edge crosses a row. */
struct vertex {
	size_t layer; /* index of the box's layer; SIZE_MAX: a crossing */
	int32_t rank; /* row, 0 at the top */
	size_t order; /* place in its row */
	double x, y;  /* center */
	double w, h;
};

/* An edge between neighbouring rows, part of the input `input` of a layer. */
struct link {
	size_t from, to; /* vertices */
	size_t layer, input;
};

struct layout {
	struct arena arena;
	struct vertex *v;
	size_t nv;
	struct link *e; /* the links of one input follow each other from top to bottom */
	size_t ne;
	/* Neighbours of vertex v: above[up[v]..up[v + 1]), below[down[v]..down[v + 1]). */
	size_t *up, *down, *above, *below;
	size_t **row; /* vertices of each row, in order */
	size_t *nrow;
	int32_t rows;
	double width, height;
};
/* Lays out the graph; w[] and h[] are the sizes of the boxes by layer index. */
void layout_make(struct layout *y, const struct graph *g, const double *w, const double *h);
void layout_release(struct layout *y);

/* layout_order.c: the order in each row that lets few edges cross. */
void layout_order(struct layout *y);
/* layout_place.c: coordinates, edges as straight as the order allows. */
void layout_place(struct layout *y);

/* Text of an element or attribute of SVG. */
void svg_put_text(struct str *out, const char *text);

#endif
