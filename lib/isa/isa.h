/*
 * The programme of the open machine (hn-isa(7)): what runs where, with every constant, in a form
 * that needs neither the graph nor the allocation.  hn2hef builds and encodes it, hef-run decodes
 * it.
 *
 * A struct isa_prog owns everything in it (isa_free).  Whatever isa_decode returns has passed
 * isa_check: the simulator relies on every index, size and count.
 */
#ifndef HN_ISA_ISA_H
#define HN_ISA_ISA_H

#include "alloc/alloc.h"
#include "hn/pack.h"
#include "kernel/qop.h"
#include "post/post.h"

enum {
	ISA_VERSION = 4,
	ISA_MAX_NAME = 127,
	ISA_MAX_CONTEXTS = 1021,
	ISA_MAX_TENSORS = 400000,
	ISA_MAX_POSTS = 256
};
/* Buffers start at multiples of this many bytes. */
enum {
	ISA_ALIGN = 64
};
/* One CCW writes at most this many 4-byte words. */
enum {
	ISA_CCW_WORDS = 65536
};

/* The machine a programme was made for; filled from the target. */
struct isa_machine {
	char arch[32];    /* target name */
	int32_t hef_arch; /* hw_arch value of the HEF */
	int32_t partial;  /* 1: multi-layout chip, contexts go into partial core ops */
	uint32_t layout;  /* cluster bitmap of the layout */
	int32_t clusters; /* highest cluster id + 1 */
	int32_t lcus, subclusters, input_aligners, apus, l3_cuts; /* per cluster */
	int64_t l3_cut_bytes;
	double clock_hz;
	double bandwidth;     /* bytes/s of the link to external memory */
	double per_context_s; /* shortest time of a context switch */
	double fixed_s_per_batch;
	int32_t batch; /* frames per load of a context that the allocation expects */
};

/* A tensor: the output of one port of one logical layer, dense NHWC codes. */
struct isa_tensor {
	char *name; /* full name of the logical layer */
	int32_t port;
	int32_t h, w, c, rank;
	int32_t bits, zp;      /* real = scale (code - zp) */
	struct qarr_f32 scale; /* 1 or c values */
};

enum isa_role {
	ISA_COMPUTE,
	ISA_INPUT,
	ISA_OUTPUT,
	ISA_CONST,
	ISA_RELAY, /* passes on rows of tensors unchanged: out is in */
	ISA_ROLES
};

/* A physical layer: the programme of one layer controller. */
struct isa_layer {
	char *name;  /* physical name, "net/conv5_d0" */
	char *layer; /* logical layer */
	enum isa_role role;
	int32_t context, cluster; /* cluster -1: outside the clusters */
	int32_t lcus, subclusters, input_aligners, apus, l3_weight_cuts;
	bool packed;        /* its 8-bit weights are stored in few bits (kernel/rice.h) */
	int32_t group;      /* first of the merged layers that share all these but cuts; -1: none */
	int64_t row_cycles; /* cycles per output row */
	int32_t rows;       /* output rows per frame, or lines: qop_map_lines */
	int32_t from, to;   /* features of the output tensor that it writes */
	int32_t column_from, column_to; /* columns of it */
	int32_t in_column;              /* first column of input 0 that it reads */
	struct qarr_i32 in;             /* tensor read by each input */
	struct qarr_i32 out; /* tensor written by each output port; empty for ISA_OUTPUT */
	struct qop q;        /* the kernel; of the part, when it is one */
};

/* A buffer between two physical layers. */
struct isa_edge {
	int32_t from, to; /* layers */
	int32_t input;    /* which input of `to` */
	int32_t port;     /* which output port of `from` */
	enum alloc_edge_kind kind;
	int32_t rows; /* capacity in rows of the producer's output */
	int32_t row_bytes;
	int64_t address; /* in the consumer's L3, or in external memory: isa_edge_in_l3 */
};

/* A boundary stream. */
struct isa_stream {
	char *name;     /* of the input_layer; of the layer whose output leaves the network */
	char *io_layer; /* the input_layer or output_layer */
	int32_t layer;  /* the ISA_INPUT or ISA_OUTPUT layer */
	int32_t tensor;
	bool output;
};

/*
 * What the post unit makes of output streams: boxes above the threshold of score, which leave as
 * one stream instead of them.  For the kinds of post_on_both the host suppresses, else it is done
 * here.
 */
struct isa_post {
	char *name;         /* of the stream: the post-process layer */
	char *io_layer;     /* its output_layer */
	struct qarr_i32 in; /* streams, in the order of the heads */
	struct post post;   /* shapes are the streams'; names are not set */
};

struct isa_prog {
	char *net; /* network name */
	struct isa_machine machine;
	int32_t ncontexts;
	struct isa_tensor *tensors;
	size_t ntensors;
	struct isa_layer *layers; /* by context, topological inside */
	size_t nlayers;
	struct isa_edge *edges;
	size_t nedges;
	struct isa_stream *streams; /* inputs, then outputs, each in the network's order */
	size_t nstreams;
	struct isa_post *posts;
	size_t nposts;
};

/* From a quantized graph and its allocation.  Errors name the physical layer. */
struct isa_prog *isa_build(const struct graph *g, const struct qmodel *m,
			   const struct allocation *a, const struct target *t, struct err *e);
void isa_free(struct isa_prog *p); /* NULL is fine */
/* Numbers instead of names for all layers and for the tensors between them. */
void isa_strip(struct isa_prog *p);
/*
 * Adds a post unit for each post-process behind the device (PART_BEHIND, whose input i is output
 * stream i) that the device runs: engine nn_core or auto.  Errors: more than one context, heads
 * that the host changes first.
 */
int isa_add_posts(struct isa_prog *p, const struct graph *behind, struct err *e);
/* A part of isa_check. */
int isa_check_posts(const struct isa_prog *p, struct err *e);
/* A part of isa_check: merged layers, and what the layers of each cluster take together. */
/*
 * Controllers and units that each layer takes: of merged ones, the first has the most that any of
 * them needs, the others have none.  An array of nlayers that the caller frees; nothing else in it
 * is set.
 */
struct isa_layer *isa_shares(const struct isa_prog *p);
int isa_check_shares(const struct isa_prog *p, struct err *e);
/* True when a post unit feeds on output stream i. */
bool isa_feeds_post(const struct isa_prog *p, size_t stream);

/*
 * Everything that a record says about others: indexes, shapes, encodings, feature ranges that cover
 * each tensor once, an edge for every transfer, order.  Errors name the record.
 */
int isa_check(const struct isa_prog *p, struct err *e);

/*
 * How an input stream's images are packed: the layer that reads its tensor unpacks them.  The
 * stream has rows as hn/pack.h says, the host the format's own order.
 */
enum hn_pack isa_stream_pack(const struct isa_prog *p, const struct isa_stream *s);

/* True when an edge's rows lie in the L3 of the consumer's cluster; else in external memory. */
bool isa_edge_in_l3(const struct isa_prog *p, const struct isa_edge *d);

/* ---- binary form ---- */
/* Where a record of the image lies; what one configuration pointer loads. */
struct isa_chunk {
	int32_t segment;     /* 0: common; 1 + k: context k */
	size_t offset, size; /* bytes in the image, multiples of 8 */
};
struct isa_image {
	struct str bytes;
	struct isa_chunk *chunks;
	size_t nchunks, cap;
};
/* Encodes; the same programme gives the same bytes. */
int isa_encode(const struct isa_prog *p, struct isa_image *out, struct err *e);
void isa_image_release(struct isa_image *im);
/* Decodes and checks n bytes of an image, from anywhere. */
struct isa_prog *isa_decode(const void *image, size_t n, struct err *e);

/* Byte of an image at which segment i ends; i is at most the number of contexts. */
int isa_segment_end(const void *image, size_t n, size_t i, size_t *end, struct err *e);

/*
 * CCWs: writes of words with the headers that address them (hef(5)).
 * isa_ccw_write appends one write, the first of bytes [offset, offset + size) of the image, packed
 * when that is asked for and shorter, and returns how many of these bytes it has.
 */
size_t isa_ccw_write(const struct isa_image *im, size_t offset, size_t size, bool packed,
		     struct str *out);
/* A write as it is stored. */
struct isa_ccw {
	size_t offset;    /* in the image */
	const void *data; /* size bytes; 0: it does nothing */
	size_t size, unpacked;
	bool packed;
	size_t block; /* bytes of the block of a packed one */
};
/* The write at the cursor; errors: it ends outside, or announces what cannot be. */
struct cursor;
int isa_ccw_next(struct cursor *c, struct isa_ccw *w, struct err *e);
/*
 * Replays writes into an image under construction: image->len grows as needed, 64 times n at most;
 * a byte may be written once, in order.  Errors: those of isa_ccw_next, hole, damaged block.
 */
int isa_ccw_load(const void *ccws, size_t n, struct str *image, struct err *e);
/* Bytes of n bytes of writes that were not packed. */
size_t isa_ccw_room(const void *ccws, size_t n);

#endif
