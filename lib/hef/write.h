/* Building the message, private to lib/hef.  Everything lives in the writer's arena. */
#ifndef HN_HEF_WRITE_H
#define HN_HEF_WRITE_H

#include "base/mem.h"
#include "hef/hef_pb.h"
#include "hef/write_post.h"

/* A stream of one context: boundary, inter-context or DDR. */
struct port {
	uint32_t direction;  /* 1: output */
	uint32_t connection; /* CONN_ */
	int32_t layer;       /* the programme's layer that writes it (or hands it out) */
	int32_t tensor;
	int32_t from, to; /* features */
	int32_t stream;   /* boundary: index in prog->streams */
	int32_t post;     /* boundary: index in prog->posts; -1: not of a post unit */
	bool mux;         /* boundary: several streams, those behind relay `layer` */
	int32_t edge;     /* DDR: index in prog->edges */
	int32_t peer;     /* context at the other end; -1: host */
	uint32_t sys_index, engine;
};
/* The streams of a context. */
struct ports {
	struct port *v;
	size_t n, cap;
};

struct writer {
	struct arena arena;
	const struct isa_prog *p;
	const struct hef_host *host;
	const struct hef_form *form;
	double fps;     /* of the group */
	uint32_t index; /* and its place in the file */
	struct isa_image image;
	struct str ccws;
	size_t chunk; /* next chunk of the image to point at */
	uint32_t next_channel;
	struct ports *ports; /* per context */
	uint32_t max_periph;
	bool per_feature; /* extension 25 */
	char **networks;  /* names; one, the programme's, or the scopes of several */
	size_t nnetworks;
	struct host_op *ops;
	size_t nops;
	uint32_t next_pad; /* index of the next pad of an op */
	struct err *e;
};

/* write_ports.c: finds the streams of all contexts and gives them indexes. */
int hef_plan_ports(struct writer *w);
/* write_networks.c: finds the networks; which one has a layer of this name. */
void hef_plan_networks(struct writer *w);
uint32_t hef_network_of(const struct writer *w, const char *layer);
/* write_host.c: does everything that the host does have a record? */
int hef_check_host(struct writer *w);
/* Rows and columns of a boundary stream change places on the host. */
bool hef_is_transposed(const struct writer *w, int32_t stream);
/* The rank of what the transpose gives. */
uint32_t hef_transposed_rank(const struct writer *w, int32_t stream);
/* Any stream does so: extension 6. */
bool hef_any_transposed(const struct writer *w);
/* What the host has of a boundary stream after what its record says: the layer that gives it. */
const struct layer *hef_stream_end(const struct writer *w, int32_t stream);
/* The layer in which the host resizes a boundary stream; NULL: none. */
const struct layer *hef_resize_of(const struct writer *w, int32_t stream);
/* write_layer.c: the edge layers of a context. */
int hef_write_layers(struct writer *w, int32_t context, Hef__ContextMetadata *d);
/* write_mapping.c: names of a layer in the original model, *n of them. */
char **hef_original_names(struct writer *w, const char *layer, size_t *n);
/* The description of the physical layers, unless it is stripped. */
void hef_write_mapping(struct writer *w, Hef__Hef *m, Hef__CoreOp *core);
/* Parts of an edge layer; errors: no transfer divides the frame. */
Hef__EdgeLayerInfo *hef_write_info(struct writer *w, const struct port *port);
Hef__ContextSwitchInfo *hef_write_switch(struct writer *w, const struct port *port,
					 int32_t context);
/* Indexes of the port, and transfers of a base whose padded shape is set. */
int hef_fill_transfer(struct writer *w, const struct port *port, Hef__EdgeLayerBase *b);
/* write_mux.c: streams that leave as one through a relay, at most max into out; 0: it is no mux. */
size_t hef_mux_streams(const struct writer *w, int32_t relay, int32_t *out, size_t max);
bool hef_is_muxed(const struct writer *w, int32_t stream);
Hef__EdgeLayer *hef_write_mux(struct writer *w, int32_t context, const struct port *port);
/* The quantization of a tensor's features [from, to). */
Hef__NumericInfo *hef_write_numeric(struct writer *w, const struct isa_tensor *t, int32_t from,
				    int32_t to);
/* write_ops.c: what configures segment `segment` of the programme; starts the context after it. */
Hef__Operation *hef_write_operation(struct writer *w, int32_t segment);

#endif
