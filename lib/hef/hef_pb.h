/* The decoded message and its door to protobuf-c, private to lib/hef. */
#ifndef HN_HEF_HEF_PB_H
#define HN_HEF_HEF_PB_H

#include "hef/hef.h"
#include "hef/hef.pb-c.h"

/* Extensions that this code asks for or writes. */
enum hef_extension {
	EXT_DDR = 2,
	EXT_PADDED_DDR = 3,
	EXT_MULTI_CONTEXT = 4,
	EXT_COMPRESSED = 5,
	EXT_TRANSPOSE = 6,
	EXT_MULTI_NETWORK = 8, /* optional list only */
	EXT_HW_PADDING = 11,   /* optional list only */
	EXT_NET_FLOW = 13,
	EXT_YOLOV5_NMS = 14,
	EXT_YOLOX_NMS = 15,
	EXT_SSD_NMS = 16,
	EXT_IOU_NMS = 17,
	EXT_NMS_BURST = 19,
	EXT_ARGMAX = 21,
	EXT_SOFTMAX = 22,
	EXT_YOLOV5_SEG_NMS = 24,
	EXT_SCALE_PER_FEATURE = 25,
	EXT_PERIPH = 26,
	EXT_YOLOV8_NMS = 27,
	EXT_BBOX_DECODING = 29,
	EXT_SHARED_CONFIG = 32,
	EXT_COUNT = 33
};

enum {
	HEF_MAX_NAME = 127,
	HEF_MAX_DEPTH = 100
};

/* Values of edge_connection_type. */
enum {
	CONN_BOUNDARY,
	CONN_INTER_CONTEXT,
	CONN_DDR,
	CONN_CACHE
};
/* Values of edge_layer_type. */
enum {
	LAYER_INFO,
	LAYER_MUX,
	LAYER_PLANES
};

/* The spans of a file. */
struct hef_file {
	uint32_t version; /* enum hef_version */
	const uint8_t *proto, *ccws;
	size_t nproto, nccws;
	uint64_t extra; /* bytes after the CCWs (external resources) */
};
struct hef {
	struct hef_file file;
	Hef__Hef *msg;
};

/* container.c: header, lengths, checksum. */
int hef_split(const void *data, size_t n, struct hef_file *out, struct err *e);
/* version: enum hef_version; the first has no room for words outside the message. */
void hef_join(uint32_t version, const void *proto, size_t nproto, const void *ccws, size_t nccws,
	      struct str *out);
/* wire.c: syntax of the message, depth, strings. */
int hef_wire_check(const void *proto, size_t n, struct err *e);
/* hef_pb.c */
Hef__Hef *hef_pb_unpack(const void *proto, size_t n, struct err *e);
void hef_pb_free(Hef__Hef *m);
void hef_pb_pack(const Hef__Hef *m, struct str *out);

/* ---- views: the same contexts in the legacy, net-flow and multi-layout forms (view.c) ---- */
struct hef_core {
	const Hef__GroupMetadata *metadata;        /* may be NULL */
	const Hef__PreliminaryConfig *preliminary; /* may be NULL */
	Hef__Context **contexts;
	size_t ncontexts;
	const Hef__FusedLayersMetadata *fused; /* may be NULL */
	char **networks;
	size_t nnetworks;
};
bool hef_has(const Hef__Hef *m, uint32_t extension);
bool hef_has_optional(const Hef__Hef *m, uint32_t extension);
uint32_t hef_arch(const Hef__Hef *m);
/* 3 and 4: the contexts are in partial groups or partial core ops. */
bool hef_multi_layout(const Hef__Hef *m);
/* True for the Hailo-8 family; false for 15 and 10. */
bool hef_is_h8(const Hef__Hef *m);
/* Largest transfer of a boundary stream, bytes. */
uint32_t hef_max_periph(const Hef__Hef *m);
/* Name of the architecture as parse-hef prints it; NULL: unknown. */
const char *hef_arch_name(uint32_t arch);
const char *hef_group_name(const Hef__NetworkGroup *g); /* "" when absent */
const Hef__Op *hef_core_op(const Hef__NetworkGroup *g); /* first one, or NULL */
/* Cores of a group: one, or one per layout. False past the end or when it is absent. */
bool hef_core_at(const Hef__Hef *m, const Hef__NetworkGroup *g, size_t i, struct hef_core *out);
/* Base of an edge layer or mux member; NULL for planes and when absent. */
const Hef__EdgeLayerBase *hef_base(const Hef__EdgeLayer *l);
const char *hef_layer_name(const Hef__EdgeLayer *l);
uint32_t hef_connection(const Hef__EdgeLayer *l);

/* The configuration words that an action loads, from a pointer or inline. */
struct hef_words {
	const void *p;
	size_t n;
	uint32_t channel;
};
/* False when it loads none.  A pointer outside the section gives no bytes: rule ccw-range. */
bool hef_words_of(const struct hef *h, const Hef__Action *a, struct hef_words *out);

/* Called for each stream: members of planes one by one, a mux as one; v-streams: the reverse. */
struct hef_leaf {
	const char *name;
	const Hef__EdgeLayerBase *base; /* NULL: absent, or planes as a whole */
	const Hef__NumericInfo *numeric;
	const Hef__EdgeLayerPlanes *planes; /* the whole, for a v-stream */
	bool transposed;
	bool in_mux;
	const Hef__EdgeLayer *layer; /* the edge layer it belongs to */
};
struct hef_leaves {
	struct hef_leaf *v;
	size_t n, cap;
};
/* Streams (vstreams = false) or v-streams before post-processing of one edge layer, appended. */
void hef_collect(const Hef__EdgeLayer *l, bool vstreams, struct hef_leaves *out);

#endif
