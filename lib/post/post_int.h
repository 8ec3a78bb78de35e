/* Inside of lib/post. */
#ifndef HN_POST_POST_INT_H
#define HN_POST_POST_INT_H

#include "post/post.h"

/* One anchor of one cell of a level. */
struct post_cell {
	const struct post *p;
	const struct post_level *l;
	int32_t rows, cols; /* of the level */
	int32_t row, col, anchor;
	const float
	    *part[POST_PARTS]; /* values of the cell (of the anchor, where it has its own) */
	bool sigmoid;          /* heads are linear: values go through one */
};
struct post_box {
	float y0, x0, y1, x1; /* relative to the image */
};

struct post_row {
	const char *name;
	enum post_engine engine; /* without the argument */
	unsigned engines;        /* bits of those that it runs on */
	bool best; /* of a box only the best class counts, unless hnt_multi_label says otherwise */
	bool bbox_only;
	bool anchors; /* w and h of a level */
	bool stride;
	bool bins;
	bool iou;         /* boxes are suppressed */
	bool linear;      /* the heads have no sigmoid, decoding has it */
	unsigned sigmoid; /* bits of parts that are probabilities */
	bool boxed;       /* everything of an anchor in one head, box first */
	int nparts;
	enum post_part parts[POST_PARTS]; /* in order of the inputs */
	const char *key[POST_PARTS];      /* of the configuration, by enum post_part */
	/* Features per anchor of a part; masks counts those of a segmentation. */
	int32_t (*features)(const struct post *p, enum post_part part);
	struct post_box (*box)(const struct post_cell *c);
};
const struct post_row *post_row(enum post_kind k);

/* Coefficients of a mask; 0 but for segmentation. */
int32_t post_masks(const struct post *p);
/* Value of a part of the cell, through the sigmoid where the head is linear. */
float post_value(const struct post_cell *c, enum post_part part, int32_t i);
/* Objectness; 1 where the kind has none. */
float post_objectness(const struct post_cell *c);
/* First score of a class in POST_CLS, or in the common head. */
int32_t post_first_class(const struct post *p);
/* Classes without the background. */
int32_t post_classes(const struct post *p);
/* Is the step of suppression made? */
bool post_suppresses(const struct post *p);

struct post_box post_box_yolov5(const struct post_cell *c);
struct post_box post_box_yolox(const struct post_cell *c);
struct post_box post_box_distances(const struct post_cell *c); /* YOLOv6 */
struct post_box post_box_bins(const struct post_cell *c);      /* YOLOv8 */
struct post_box post_box_corner(const struct post_cell *c);    /* DAMO-YOLO */
struct post_box post_box_ssd(const struct post_cell *c);
struct post_box post_box_centernet(const struct post_cell *c);

/* A box with a score of a class. */
struct post_hit {
	float score;
	int32_t class;
	size_t box;
};
/*
 * Sorts by class, then best score, then box; keeps of each class at most max_per_class that do not
 * overlap better ones; returns how many are left, in that order.
 */
size_t post_suppress(const struct post *p, const struct post_box *box, struct post_hit *hit,
		     size_t n);
/* The mask of a box over the image, 0 or 1; coefficients times prototypes [h, w, masks]. */
void post_mask(const struct post *p, const float *proto, const float *coefficient,
	       const struct post_box *b, float *out);

#endif
