/*
 * Commands of pre_quantization_optimization that change the graph and not what it computes.  They
 * run before anything is observed, in the order of the script.  While they run, layer->user is each
 * layer's record and indexes of layers mean nothing.
 */
#ifndef HN_QUANT_TRANSFORM_H
#define HN_QUANT_TRANSFORM_H

#include "alls/table.h"
#include "quant/quant_int.h"

/* One command on one of its layers. */
typedef int (*transform_fn)(struct quant *q, const struct alls_stmt *st, struct layer *l,
			    struct err *e);

/* A new layer NAME, or "LAYER_NAME" with `like`, whose settings by script it then shares. */
struct layer *transform_add(struct quant *q, enum hn_type t, const char *name,
			    const struct layer *like);
/* l stands behind `from` now: uses of it become uses of l. */
void transform_behind(struct quant *q, struct layer *from, struct layer *l);
/* A layer of which nothing is left; its uses are gone. */
void transform_bury(struct layer *l);

/* ---- transform_layers.c ---- */
int transform_activation(struct quant *q, const struct alls_stmt *st, struct layer *l,
			 struct err *e);
int transform_shortcut(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e);
int transform_avgpool(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e);
int transform_norm(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e);
int transform_a16_w4(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e);
int transform_wide(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e);
/* ---- transform_inputs.c ---- */
int transform_concat(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e);
int transform_defuse(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e);
/* An error where l cannot be divided by input features. */
int transform_divides(const struct layer *l, struct err *e);
/* Parts of at most `each` features of what l reads; sums: bits of what is added, NULL: as l. */
int transform_divide(struct quant *q, struct layer *l, int32_t each, const struct qmode *sums,
		     struct err *e);
/* ---- transform_groups.c ---- */
int transform_groups(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e);
/* Layers with a weight_group_size. */
int transform_weight_groups(struct quant *q, struct err *e);
/* ---- transform_patches.c ---- */
int transform_patches(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e);
/* ---- transform_squeeze.c: a statement with all of its blocks ---- */
int transform_squeeze(struct quant *q, const struct alls_stmt *st, struct err *e);
/* ---- transform_attention.c ---- */
int transform_center(struct quant *q, const struct alls_stmt *st, struct layer *matmul,
		     struct err *e);
/* ---- transform_heads.c ---- */
int transform_heads(struct quant *q, const struct alls_stmt *st, struct layer *first,
		    struct err *e);
/* ---- transform_rotate.c: quarot, a statement with all of its layers ---- */
int transform_rotate(struct quant *q, const struct alls_stmt *st, struct err *e);

#endif
