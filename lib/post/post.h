/*
 * Detection post-processes (hn-nms(7)): from the heads of a detector to boxes, scores and classes,
 * in float on the host.  One definition for hn-infer and hef-run; the meta architectures are rows
 * of a table (post_kinds.c).
 *
 * Boxes are decoded per cell, kept where a score reaches the threshold, suppressed per class by
 * their overlap (IoU), and written best first.  Everything is deterministic: equal scores are in
 * the order of levels, rows, columns, anchors.
 */
#ifndef HN_POST_POST_H
#define HN_POST_POST_H

#include "hn/hn.h"

/* Meta architectures (guide 9.3, NMSMetaArchitectures); NanoDet is YOLOv8 behind cut heads. */
enum post_kind {
	POST_YOLOV5,
	POST_YOLOV5_SEG,
	POST_YOLOV6,
	POST_YOLOX,
	POST_YOLOV8,
	POST_SSD,
	POST_CENTERNET,
	POST_DAMOYOLO,
	POST_KIND_COUNT
};
/* "yolov5", ... as the model script's meta_arch. */
const char *post_kind_name(enum post_kind k);
int post_kind_from_name(const char *name); /* -1 when unknown */

/* Where the guide says that it runs; the values are the same but for nn_core on YOLOv5. */
enum post_engine {
	POST_CPU,
	POST_NN_CORE,
	POST_AUTO
};
const char *post_engine_name(enum post_engine e);
int post_engine_from_name(const char *name);       /* -1 when unknown */
enum post_engine post_engine_of(enum post_kind k); /* without the argument engine */
bool post_runs_on(enum post_kind k, enum post_engine e);
/* Only YOLOv5 and YOLOv8 on the CPU have bbox_decoding_only. */
bool post_has_bbox_only(enum post_kind k);

enum {
	POST_LEVELS = 16,
	POST_ANCHORS = 32,
	POST_PARTS = 3, /* heads of a level */
	POST_INPUTS = POST_LEVELS * POST_PARTS + 1
};

/* What a head of a level holds, per cell. */
enum post_part {
	POST_REG, /* boxes; YOLOv5: everything; CenterNet: width and height in cells */
	POST_OBJ, /* YOLOX: objectness; CenterNet: offsets x, y in cells */
	POST_CLS  /* a score per class (and anchor) */
};

struct post_level {
	int32_t stride;  /* pixels of a cell; 0: cells divide the image (SSD, CenterNet) */
	int32_t nanchor; /* 1 where the kind has none */
	/* Anchors: YOLOv5: pixels, whole numbers; SSD: relative to the image. */
	float w[POST_ANCHORS], h[POST_ANCHORS];
	int32_t input[POST_PARTS]; /* by enum post_part: which input; -1: none */
};

struct post {
	enum post_kind kind;
	enum post_engine engine;
	bool bbox_only;   /* every box with all its scores: no threshold, no suppression */
	double score_th;  /* a score of at least this is kept */
	double iou_th;    /* a box that overlaps a better one by at least this is dropped */
	int32_t image[2]; /* height, width in pixels */
	int32_t classes;  /* of the heads, with the background */
	int32_t max_per_class;
	bool one_class;    /* hnt_multi_label false: of a box only the best class counts */
	int32_t max_total; /* segmentation: boxes in all; 0: max_per_class for every class */
	bool background_removal;
	int32_t background; /* its class; those behind it move down by one */
	int32_t bins;       /* regression_length: bins of a side's distance (YOLOv8, DAMO-YOLO) */
	/* SSD: divide the offsets of centres and the logarithms of sizes. */
	int32_t centers_scale, dims_scale;
	int32_t order[4];      /* SSD: places of y, x, height, width in a box; all 0: 0, 1, 2, 3 */
	bool softmax;          /* SSD: its classes come from a softmax, not from sigmoids */
	int32_t division;      /* input_division_factor: of the device's decoder, only kept */
	int32_t proto;         /* segmentation: the input with the masks' prototypes; -1: none */
	int32_t proto_stride;  /* its pixels of a cell, only kept */
	double mask_threshold; /* a pixel above this belongs to the mask */
	struct post_level level[POST_LEVELS];
	int32_t nlevel;
	struct hn_shape shape[POST_INPUTS]; /* of each input */
	const char *name[POST_INPUTS];      /* of its layer, for messages; borrowed; or NULL */
	int32_t ninput;
};

/* Parts of a level of this kind, in the order in which the heads are inputs; returns how many. */
int post_parts(enum post_kind k, enum post_part out[POST_PARTS]);
/* Gives the levels (and the prototypes) inputs 0, 1, ... in this order; returns how many. */
int32_t post_number_inputs(struct post *p);
/* Features that a part of a level needs. */
int32_t post_features(const struct post *p, int level, enum post_part part);
/* Cells that a level needs, of a height or width of `pixels`; also what is rounded down or up. */
bool post_fits(int32_t cells, int32_t pixels, int32_t stride);
/* Does the decoding take this part as probabilities, so that its head needs a sigmoid? */
bool post_wants_sigmoid(enum post_kind k, enum post_part part);

/*
 * Do the heads fit?  Number and features of the inputs, cells against strides and image, what a
 * number may be; the message says what is expected and what there is.
 */
int post_check(const struct post *p, struct err *e);

/*
 * The result of one image:
 *	boxes: [classes, 5, max_per_class], of 5: y_min, x_min, y_max, x_max, score;
 *	segmentation: [1, max_total, 6 + height * width]: y_min, x_min, y_max, x_max, score, class,
 *	a mask of 0 and 1 over the image;
 *	bbox_only: [1, boxes, 4 + classes], YOLOv5: objectness before the classes.
 * Coordinates are relative to the image, 0 to 1, not clipped; classes are without the background;
 * what is not used is 0.
 */
struct hn_shape post_output_shape(const struct post *p);
/* Runs one image: in[i] NHWC floats of input i, out as post_output_shape says.  After post_check.
 */
void post_run(const struct post *p, const float *const in[], float *out);

/* ---- configuration, and the layer in the HN ---- */

/*
 * Reads the numbers of a configuration (the JSON of the guide's nms_postprocess; not the layers'
 * names) into p, whose kind is set; a key that is missing or wrong is named.  Inputs are numbered.
 * image_dims may be missing: p->image stays.
 */
int post_from_config(struct post *p, const json_t *config, struct err *e);
/* Is every number of a record that is no configuration within its range? */
int post_check_numbers(const struct post *p, struct err *e);
/* Boxes of all levels together; after post_check. */
int64_t post_boxes(const struct post *p);
/*
 * On the neural core the kind is decoded and filtered by score only, its boxes are suppressed on
 * the CPU (guide 5.1.5): YOLOv5 with engine auto, YOLOv6.
 */
bool post_on_both(const struct post *p);
/* The layer's name of a part of a level in a configuration; NULL: none, or empty (to be found). */
const char *post_config_layer(const json_t *config, enum post_kind k, int level,
			      enum post_part part);
/* The key of a part: "reg_layer". */
const char *post_config_key(enum post_kind k, enum post_part part);
/* Sets it. */
void post_config_set_layer(json_t *config, enum post_kind k, int level, enum post_part part,
			   const char *name);
/* Sets all: the names of p's inputs, without the scope `net`. */
void post_name_layers(const struct post *p, const char *net, json_t *config);
/* A configuration with all numbers of p, and layers' names where p->name has them. */
json_t *post_to_config(const struct post *p);

/* Of a layer of type postprocess: its parameters, its inputs as they stand; checked. */
int post_of_layer(const struct layer *l, struct post *p, struct err *e);
/* Of a graph: the name of a post-process that runs on the neural core, also in part; else NULL. */
const char *post_on_core(const struct graph *g);
/* Parameters and output shape of a layer whose inputs are p's inputs, with p's configuration. */
void post_to_layer(const struct post *p, const json_t *config, struct layer *l);

#endif
