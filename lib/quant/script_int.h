/* Private to quant/: what single commands of a script do, by the file that holds them. */
#ifndef HN_QUANT_SCRIPT_INT_H
#define HN_QUANT_SCRIPT_INT_H

#include "alls/table.h"
#include "quant/quant_int.h"

/* One command's settings into q->opts, q and q->info. */
typedef int (*script_fn)(struct quant *q, const struct alls_stmt *st, struct err *e);

/* Calls fn for every layer that the statement's layers= names. */
int script_each(struct quant *q, const struct alls_stmt *st,
		int (*fn)(struct quant *q, const struct alls_stmt *st, struct layer *l,
			  struct err *e),
		struct err *e);

/* ---- script_param.c: quantization_param ---- */
int script_params(struct quant *q, const struct alls_stmt *st, struct err *e);

/* ---- script_ranges.c ---- */
int script_value_clipping(struct quant *q, const struct alls_stmt *st, struct err *e);
int script_weight_clipping(struct quant *q, const struct alls_stmt *st, struct err *e);
int script_zero_static(struct quant *q, const struct alls_stmt *st, struct err *e);
int script_dead_layers(struct quant *q, const struct alls_stmt *st, struct err *e);
int script_reduction(struct quant *q, const struct alls_stmt *st, struct err *e);
int script_dead_channels(struct quant *q, const struct alls_stmt *st, struct err *e);
int script_softmax_stats(struct quant *q, const struct alls_stmt *st, struct err *e);

/* ---- script_mix.c ---- */
int script_mix(struct quant *q, const struct alls_stmt *st, struct err *e);

/* ---- script_matmul.c ---- */
int script_matmul_equalization(struct quant *q, const struct alls_stmt *st, struct err *e);
int script_matmul_decomposition(struct quant *q, const struct alls_stmt *st, struct err *e);

/* ---- script_precise.c: these hold over quantization_param, wherever it stands ---- */
int script_split_mult(struct quant *q, const struct alls_stmt *st, struct err *e);
int script_prequantized(struct quant *q, const struct alls_stmt *st, struct err *e);

#endif
