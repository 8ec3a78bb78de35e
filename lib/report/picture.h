/*
 * Pictures of a graph: DOT text for graphviz, and SVG with a layered layout of its own, so that a
 * picture needs no other program and is the same everywhere.
 */
#ifndef HN_REPORT_PICTURE_H
#define HN_REPORT_PICTURE_H

#include "hn/hn.h"

/* How a layer came into the graph, for its marking. */
struct picture_opts {
	const struct graph *before; /* layers that are not in it are marked as added; NULL: none */
	const char *state;          /* shown beside the network's name, NULL: nothing */
};

/* Appends the graph, with shapes inferred, as DOT: one node per layer, one edge per input. */
void picture_dot(const struct graph *g, const struct picture_opts *o, struct str *out);
/*
 * Appends it as an SVG image, inputs at the top.  Sizes are in CSS pixels.  Time grows with the
 * layers and with the rows that long edges cross.
 */
void picture_svg(const struct graph *g, const struct picture_opts *o, struct str *out);

#endif
