/*
 * Detectors: heads whose boxes are decoded and suppressed (NMS) behind the network.  Recognised in
 * the importer's graph by the convolutions that are nearest to its outputs, their shapes, and what
 * the decoding tells (anchors, bins of distances), which may have been cut off since.
 */
#ifndef HN_IMPORT_NMS_H
#define HN_IMPORT_NMS_H

#include "import/import.h"
#include "io/json.h"

enum {
	NMS_LEVELS = 8,
	NMS_ANCHORS = 12,
	NMS_HEADS = 32 /* of a model that is looked at */
};

/* ---- what the decoding tells ---- */
struct nms_hint {
	const char *conv; /* the node whose output it decodes */
	int n;            /* anchors, in pixels */
	float w[NMS_ANCHORS], h[NMS_ANCHORS];
	int64_t split[2]; /* features of two parts that it is split into */
};
struct nms_hints {
	struct nms_hint *hint; /* owned; names are the graph's */
	size_t n, cap;
	int64_t bins;                             /* of distances; 0: none */
	const struct im_node *expect[NMS_LEVELS]; /* convolutions that average over bins */
	int nexpect;
	float *prior; /* width and height of each box, relative to the image; owned */
	size_t nprior;
	float *centre; /* two numbers of each box, in the order of the priors; owned */
	size_t ncentre;
	bool softmax; /* an output is one, with nothing but moves behind the heads before it */
};
/* From a whole graph whose constants are folded, before it is cut. */
void nms_hints_find(struct im_graph *g, struct nms_hints *h);
void nms_hints_release(struct nms_hints *h);

/* ---- the heads ---- */
enum nms_arch {
	NMS_NONE,
	NMS_YOLOV5,
	NMS_YOLOV5_SEG,
	NMS_YOLOV6,
	NMS_YOLOV8,
	NMS_NANODET, /* YOLOv8's decoding; boxes and classes are one convolution's */
	NMS_YOLOX,
	NMS_SSD,
	NMS_CENTERNET,
	NMS_DAMOYOLO
};
struct nms_head {
	const struct im_node *conv;
	const struct im_value *end; /* where the network should end: conv, or what is fused to it */
	bool sigmoid;               /* end is behind a sigmoid */
	bool active;                /* or behind another activation */
	int64_t h, w, c;
};
struct nms_level {
	int64_t stride;
	/* What there is of them; of one convolution a level, reg. */
	const struct nms_head *reg, *cls, *obj;
	int nanchor;
	float w[NMS_ANCHORS], h[NMS_ANCHORS];
};
struct nms {
	enum nms_arch arch;
	int64_t image[2]; /* height, width */
	int64_t classes;
	int64_t bins;                    /* of the distances of one side */
	struct nms_head head[NMS_HEADS]; /* in the order of layers, fine levels first */
	int nhead;
	struct nms_level level[NMS_LEVELS];
	int nlevel;
	const struct nms_head *proto; /* of masks */
	bool anchors_assumed;         /* the model does not tell them */
	bool inside;                  /* decoding is part of the network */
	bool softmax;                 /* SSD: scores are behind one */
	bool x_first;                 /* SSD: boxes are x, y, width, height */
};

/* Is it a detector that NMS is known for?  False positives are worse than misses. */
bool nms_detect(struct im_graph *g, const struct nms_hints *h, struct nms *out);
/* Collects heads: false when the outputs come from anything but convolutions. */
bool nms_heads(struct im_graph *g, const struct nms_hints *h, struct nms *out);
/* Anchors where the model tells none. */
void nms_assume_anchors(struct nms *m);

const char *nms_meta_arch(const struct nms *m); /* as the model script's command takes it */
const char *nms_family(const struct nms *m);    /* for messages */
/* The NMS configuration as public ones are written. */
json_t *nms_config(const struct nms *m);
/* Head i in the order in which the network's outputs should be; NULL past the last. */
const struct nms_head *nms_end(const struct nms *m, int i);

#endif
