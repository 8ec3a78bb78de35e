/* The checker's table of rules, private to lib/hef. */
#ifndef HN_HEF_RULES_H
#define HN_HEF_RULES_H

#include "hef/hef_pb.h"

/* What a rule is asked about; the walk (check.c) visits each of them. */
enum scope {
	ON_FILE,
	ON_GROUP,
	ON_CORE, /* contexts of a group, or of one layout of it */
	ON_CONTEXT,
	ON_LAYER, /* an edge layer */
	ON_BASE,  /* the base of an edge layer or of a member of a mux or planes */
	ON_TRIGGER,
	ON_ACTION,
	ON_OP /* an op that is not the core */
};

/* Where the walk stands; pointers outside the scope are NULL. */
struct site {
	const struct hef *h;
	const Hef__Hef *m;
	const Hef__NetworkGroup *group;
	const struct hef_core *core;
	const Hef__Context *context;
	size_t context_index;
	const Hef__EdgeLayer *layer;
	const struct hef_leaf *leaf;
	const Hef__EdgeLayerBase *base;
	bool stream; /* the base is one of a stream, not of a mux's member */
	const Hef__Trigger *trigger;
	const Hef__Action *action;
	const Hef__Op *op;
	const void *elem; /* the message a limit looks into */
	int kind;         /* oneof member of trigger or action */
};

struct rule {
	const char *id;
	enum scope scope;
	const char *text;                               /* what must hold */
	int (*fn)(const struct site *s, struct err *e); /* NULL: a limit */
	int kind;      /* limit: oneof member it belongs to, 0 for any */
	size_t offset; /* limit: of a uint32_t in elem */
	uint32_t max;
};
extern const struct rule hef_rules[];
extern const size_t hef_nrules;

/* Functions of the rows: rule_GROUP_name in rules_GROUP.c. */
#define RULE(name) int rule_##name(const struct site *s, struct err *e)
RULE(header);
RULE(format_version);
RULE(arch);
RULE(extensions);
RULE(periph_extension);
RULE(shared_config);
RULE(groups);
RULE(group_names);
RULE(resources);
RULE(group_name);
RULE(counts);
RULE(core_op);
RULE(core_name);
RULE(partial);
RULE(sorted_outputs);
RULE(sorted_names);
RULE(names_length);
RULE(contexts);
RULE(context_count);
RULE(boundary);
RULE(boundary_names);
RULE(channels);
RULE(channel_engines);
RULE(networks);
RULE(fused);
RULE(sys_unique);
RULE(dataflow);
RULE(ddr_pairs);
RULE(ccw_run);
RULE(engine_channels);
RULE(context_source);
RULE(buffer_unique);
RULE(ddr_names);
RULE(layer_kind);
RULE(layer_name);
RULE(connection);
RULE(info_only);
RULE(inter_context);
RULE(ddr);
RULE(ddr_extension);
RULE(cache);
RULE(network_index);
RULE(mux);
RULE(planes);
RULE(base_present);
RULE(data_bytes);
RULE(buffer_indices);
RULE(format);
RULE(packed);
RULE(host_argmax);
RULE(shape);
RULE(core_frame);
RULE(transfer);
RULE(numeric);
RULE(qp_vectors);
RULE(nms_burst);
RULE(nms_defuse);
RULE(trigger_kind);
RULE(trigger_received);
RULE(action_kind);
RULE(action_ethernet);
RULE(ccw_inline);
RULE(ccw_channel);
RULE(ccw_range);
RULE(ccw_words);
RULE(dataflow_connection);
RULE(debug);
RULE(enable_nms);
RULE(by_type);
RULE(sequencer_l3);
RULE(op_kind);
RULE(op_outputs);
RULE(op_inputs);
RULE(logits);
RULE(nms_kind);
RULE(nms_anchors);
RULE(nms_pads);
RULE(nms_shapes);
RULE(nms_seg);
RULE(bbox_only);

/* ---- v-streams of a core after post-processing (vstream.c) ---- */
struct hef_vstream {
	const char *name;
	struct hef_leaf leaf;             /* base NULL: made by an op or by fusing */
	const Hef__Op *op;                /* the op that makes it */
	const Hef__EdgeLayerFused *fused; /* the fused layer that makes it */
};
struct hef_vstreams {
	struct hef_vstream *v;
	size_t n, cap;
};
/* Appends inputs (output = false) or outputs of network `net` in file order; net < 0: all networks.
 */
void hef_list_vstreams(const Hef__Hef *m, const Hef__NetworkGroup *g, const struct hef_core *c,
		       bool output, int net, struct hef_vstreams *out);
/* The order of outputs that counts; *n = 0: none. */
char **hef_sorted_outputs(const Hef__Hef *m, const Hef__NetworkGroup *g, const struct hef_core *c,
			  size_t *n);
/* The core's output edge layer that an op's input pad is fed from, through a pad edge; NULL: none.
 */
const Hef__EdgeLayer *hef_pad_source(const Hef__NetworkGroup *g, const struct hef_core *c,
				     uint32_t input_pad);
/* The core's output edge layer that carries a core pad; NULL: none. */
const Hef__EdgeLayer *hef_core_pad(const struct hef_core *c, uint32_t pad);
/* NMS parameters of a layer; NULL: none. */
const Hef__NmsInfo *hef_nms_info(const Hef__EdgeLayerBase *b);

#endif
