/*
 * Inside of lib/hn: the rule of each layer type (shape and JSON fields), one row per type in
 * rules.c, functions and field lists in layer_FAMILY.c.  Other folders use hn.h.
 */
#ifndef HN_HN_LAYER_H
#define HN_HN_LAYER_H

#include "hn/hn.h"

/* How a parameter is said in JSON.  The offset is into struct hn_params. */
enum field_kind {
	FIELD_BOOL,    /* bool */
	FIELD_FLAG,    /* int32_t 0 or 1 as a bool */
	FIELD_INT,     /* int32_t */
	FIELD_FLOAT,   /* float; infinities are the strings "inf" and "-inf" */
	FIELD_INTS,    /* count int32_t in an array */
	FIELD_FLOATS,  /* count float in an array */
	FIELD_HW4,     /* int32_t[2] as [1, h, w, 1] */
	FIELD_NAME,    /* int32_t as one of names[] */
	FIELD_PADDING, /* enum hn_padding as one of names[] */
	FIELD_ACT,     /* enum hn_act */
	FIELD_STRING,  /* char * */
	FIELD_SPLIT,   /* p.split with p.nsplit entries */
	FIELD_RATIO,   /* p.resize_scale[count] as a list of ratios whose product it is */
	FIELD_AXES     /* bits 0 h, 1 w, 2 c as axes [1, 2, 3] of NHWC */
};

enum field_flag {
	FIELD_ALWAYS = 1,  /* written even when it is the default */
	FIELD_EXPLICIT = 2 /* only with padding VALID, else it follows from the padding */
};

struct field {
	const char *key;
	enum field_kind kind;
	size_t offset;
	int count; /* FIELD_INTS, FIELD_FLOATS; FIELD_RATIO: axis */
	unsigned flags;
	const char *const *names; /* FIELD_NAME: NULL-terminated; "" names nothing */
};

/* Rows that several families share. */
#define PARAM(member) offsetof(struct hn_params, member)
/* clang-format off */
#define FIELDS_ACT                                                                                 \
	{ "activation", FIELD_ACT, PARAM(activation), 0, 0, NULL },                                \
	{ "hnt_act_alpha", FIELD_FLOAT, PARAM(act.alpha), 0, 0, NULL },                            \
	{ "hnt_act_beta", FIELD_FLOAT, PARAM(act.beta), 0, 0, NULL },                              \
	{ "hnt_act_lo", FIELD_FLOAT, PARAM(act.lo), 0, 0, NULL },                                  \
	{ "hnt_act_hi", FIELD_FLOAT, PARAM(act.hi), 0, 0, NULL }
#define FIELDS_WINDOW                                                                              \
	{ "strides", FIELD_HW4, PARAM(stride), 0, FIELD_ALWAYS, NULL },                            \
	{ "dilations", FIELD_HW4, PARAM(dilation), 0, 0, NULL },                                   \
	{ "padding", FIELD_PADDING, PARAM(padding), 0, FIELD_ALWAYS, NULL }
#define FIELDS_BN                                                                                  \
	{ "batch_norm", FIELD_BOOL, PARAM(batch_norm), 0, 0, NULL },                               \
	{ "hnt_bn_epsilon", FIELD_FLOAT, PARAM(bn_epsilon), 0, 0, NULL },                          \
	{ "elementwise_add", FIELD_BOOL, PARAM(elementwise_add), 0, 0, NULL }
#define FIELDS_HOST { "hnt_on_host", FIELD_BOOL, PARAM(on_host), 0, 0, NULL }
#define FIELDS_END { NULL, FIELD_BOOL, 0, 0, 0, NULL }
/* clang-format on */

/* Output shapes from input shapes; inputs are there and parameters are in bounds. */
typedef int (*shape_fn)(struct layer *l, struct err *e);

struct layer_rule {
	shape_fn shape;
	const struct field *fields; /* ends with key NULL; NULL: no parameters */
};
const struct layer_rule *layer_rule(enum hn_type t);

/* Writes the parameters of a layer that are not the default into obj, or reads and checks them. */
void fields_write(const struct layer *l, json_t *obj);
int fields_read(struct graph *g, struct layer *l, const json_t *obj, struct err *e);

/* A copy of a layer, at the end of g, without edges. */
struct layer *graph_copy_layer(struct graph *g, const struct layer *from);
/* Host layers stand in front of the device or behind it, nowhere in between. */
int graph_check_host(const struct graph *g, struct err *e);

/* Default parameters: what a reader assumes for absent keys. */
void params_default(struct hn_params *p);

/* Sets output port 0; checks the limits of a tensor.  rank 0: the first input's. */
int shape_set(struct layer *l, int64_t h, int64_t w, int64_t c, int rank, struct err *e);
/* Makes room for n output ports. */
void shape_ports(struct layer *l, size_t n);
/* Number of inputs, parameters of the type in bounds. */
int layer_check(const struct layer *l, struct err *e);

int shape_given(struct layer *l, struct err *e); /* io, postprocess: the shape is data */
int shape_same(struct layer *l, struct err *e);
int shape_conv(struct layer *l, struct err *e);
int shape_dw(struct layer *l, struct err *e);
int shape_deconv(struct layer *l, struct err *e);
int shape_dense(struct layer *l, struct err *e);
int shape_pool(struct layer *l, struct err *e);
int shape_global_pool(struct layer *l, struct err *e);
int shape_eltwise(struct layer *l, struct err *e);
int shape_matmul(struct layer *l, struct err *e);
int shape_concat(struct layer *l, struct err *e);
int shape_slice(struct layer *l, struct err *e);
int shape_splitter(struct layer *l, struct err *e);
int shape_pad(struct layer *l, struct err *e);
int shape_depth_to_space(struct layer *l, struct err *e);
int shape_space_to_depth(struct layer *l, struct err *e);
int shape_shuffle(struct layer *l, struct err *e);
int shape_conversion(struct layer *l, struct err *e);
int shape_unpack(struct layer *l, int pack, struct err *e); /* enum hn_pack */
int shape_resize(struct layer *l, struct err *e);
int shape_softmax(struct layer *l, struct err *e);
int shape_argmax(struct layer *l, struct err *e);
int shape_reduce(struct layer *l, struct err *e);

extern const struct field fields_conv[], fields_deconv[], fields_dense[], fields_pool[],
    fields_act[], fields_bn[], fields_eltwise[], fields_matmul[], fields_concat[], fields_slice[],
    fields_splitter[], fields_pad[], fields_depth_to_space[], fields_space_to_depth[],
    fields_shuffle[], fields_conversion[], fields_resize[], fields_softmax[], fields_reduce[],
    fields_extreme[], fields_layer_norm[], fields_argmax[];

#endif
