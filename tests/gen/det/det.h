/*
 * Detections from heads, computed a second time: every post-process written down from its public
 * definition, in double precision, as naively as possible.  What lib/post does must agree with it.
 *
 * A decoder lists every proposal of an image, whatever its score: decode_META in det/FAMILY.c.
 * What follows (det/select.c) is the same for all: thresholds, suppression, order.
 */
#ifndef HN_TESTS_DET_H
#define HN_TESTS_DET_H

#include "io/json.h"
#include "io/npy.h"

enum {
	MAX_HEADS = 32
};

/* A network's output: NHWC. */
struct head {
	const char *name;
	struct tensor t;
	int h, w, c;
};

/* A proposal; coordinates relative to the image. */
struct proposal {
	double y1, x1, y2, x2;
	double obj;   /* 1 where the method has no objectness */
	double *cls;  /* classes of them, owned */
	double *coef; /* of the mask, owned, or NULL */
};

struct job {
	json_t *cfg;
	struct head head[MAX_HEADS];
	int nheads;
	bool activated; /* sigmoids are part of the network */
	bool best;      /* a proposal stands for its best class only (multi_label=False) */
	long image;     /* which one */
	double score_th, iou_th, dims[2];
	int classes, per_class, background; /* background: class to leave out, or -1 */
	bool suppress;                      /* by overlap */
	bool with_obj;                      /* proposals have an objectness */
	struct proposal *v;
	size_t n, cap;
};

/* A value of a head of the current image. */
double at(const struct job *j, const struct head *h, int y, int x, int c);
double sigmoid(double x);
/* A score as the network gives it: behind a sigmoid, unless it is there already. */
double score(const struct job *j, double x);
/* The head that a decoder names under a key. */
const struct head *head_of(const struct job *j, const json_t *decoder, const char *key);
const struct head *head_named(const struct job *j, const char *name);
const json_t *decoders(const struct job *j);
double num(const json_t *o, const char *key);
/* Adds a proposal from its corners in pixels of the image, or relative to it (dims of 1). */
struct proposal *propose(struct job *j, double x1, double y1, double x2, double y2);

/* anchors.c, free.c: */
void decode_yolov5(struct job *j);
void decode_yolov5_seg(struct job *j);
void decode_ssd(struct job *j);
void decode_yolox(struct job *j);
void decode_yolov6(struct job *j);
void decode_yolov8(struct job *j);
void decode_damoyolo(struct job *j);
void decode_centernet(struct job *j);
void decode_corners(struct job *j); /* faces.c */

/* select.c: fills the image's part of the output. */
void put_classes(const struct job *j, float *out);
void put_masks(const struct job *j, float *out);
void put_all(const struct job *j, float *out);
/* Rows of masks that an image has. */
int mask_rows(const struct job *j);
const struct head *mask_protos(const struct job *j);

#endif
