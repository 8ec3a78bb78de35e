/* Private to the files of the command table: how rows are written. */
#ifndef HN_ALLS_TABLE_INT_H
#define HN_ALLS_TABLE_INT_H

#include "alls/table.h"
#include <math.h>

#define NORM  ALLS_NORMALIZE
#define QUANT ALLS_QUANTIZE
#define ALLOC ALLS_ALLOC
#define HEF   ALLS_HEF

#define APPLIED           .status = ALLS_ROW_APPLIED
#define STORED            .status = ALLS_ROW_STORED
#define NO_EFFECT(reason) .status = ALLS_ROW_NO_EFFECT, .why = reason

/* An argument's type; INT and FLOAT with the range, ends included. */
#define INT(lo, hi)     .type = ALLS_T_INT, .min = lo, .max = hi
#define INT_FROM(lo)    INT(lo, INFINITY)
#define INT_ANY         INT(-INFINITY, INFINITY)
#define FLOAT(lo, hi)   .type = ALLS_T_FLOAT, .min = lo, .max = hi
#define FLOAT_FROM(lo)  FLOAT(lo, INFINITY)
#define FLOAT_ANY       FLOAT(-INFINITY, INFINITY)
#define FLOAT_ABOVE(lo) FLOAT(lo, INFINITY), .above = true
#define SHARE(hi)       FLOAT(0, hi), .above = true /* a threshold of 0 leaves no room at all */
#define TIME            .type = ALLS_T_TIME, .min = 0, .max = INFINITY, .above = true
#define BOOL            .type = ALLS_T_BOOL
#define SWITCH          .type = ALLS_T_SWITCH
#define WORD(list)      .type = ALLS_T_WORD, .words = list
#define TEXT            .type = ALLS_T_TEXT
#define PATH            .type = ALLS_T_FILE
#define LAYER           .type = ALLS_T_LAYER
#define LAYERS          .type = ALLS_T_LAYERS
#define LIST(lo, hi)    .items_min = lo, .items_max = hi
#define ONE             .single = true
#define POLICY2         WORD("enabled disabled")
#define POLICY3         WORD("allowed enabled disabled")

#define DEF(value) .dflt = value
#define REQUIRED   .required = true
#define POSITIONAL .positional = true
#define REST       .positional = true, .rest = true
/* Acted on for these values only (struct alls_param.does). */
#define ONLY(values)    .does = values
#define WHOLE           .whole = true
#define IGNORED(reason) .does = "", .why = reason

#define ARGS(...)                                                                                  \
	.params = (const struct alls_param[])                                                      \
	{                                                                                          \
		__VA_ARGS__,                                                                       \
		{                                                                                  \
			.name = NULL                                                               \
		}                                                                                  \
	}
#define NO_ARGS                                                                                    \
	.params = (const struct alls_param[])                                                      \
	{                                                                                          \
		{                                                                                  \
			.name = NULL                                                               \
		}                                                                                  \
	}
#define NAMES(n) .names_max = n

/* Kinds of input_conversion: one layer, one for a format, two. */
#define COLOR_WORDS                                                                                \
	"yuv_to_rgb yuv601_to_rgb yuv709_to_rgb yuv_full_range_to_rgb yuv_to_bgr yuv601_to_bgr "   \
	"yuv709_to_bgr yuv_full_range_to_bgr bgr_to_rgb rgb_to_bgr"
#define FORMAT_WORDS                                                                               \
	"yuy2_to_hailo_yuv nv12_to_hailo_yuv nv21_to_hailo_yuv i420_to_hailo_yuv "                 \
	"tf_rgbx_to_hailo_rgb"
#define HYBRID_WORDS "yuy2_to_rgb nv12_to_rgb nv21_to_rgb i420_to_rgb"

enum {
	MANY = 4096 /* items of a list without a limit of its own */
};

/* Rows of one file, ended by a row without command. */
extern const struct alls_row alls_rows_model[];
extern const struct alls_row alls_rows_quant[];
extern const struct alls_row alls_rows_pre[];
extern const struct alls_row alls_rows_post[];
extern const struct alls_row alls_rows_alloc[];
extern const struct alls_row alls_rows_hardware[];

/* Rules (alls/rules.c). */
int alls_rule_nms(const struct alls_stmt *st, struct err *e);
int alls_rule_clipping(const struct alls_stmt *st, struct err *e);
int alls_rule_se(const struct alls_stmt *st, struct err *e);
int alls_rule_losses(const struct alls_stmt *st, struct err *e);
int alls_rule_ratios(const struct alls_stmt *st, struct err *e);
int alls_rule_range(const struct alls_stmt *st, struct err *e);
int alls_rule_compilation(const struct alls_stmt *st, struct err *e);
int alls_rule_defuse(const struct alls_stmt *st, struct err *e);
int alls_rule_context(const struct alls_stmt *st, struct err *e);
int alls_rule_hybrid(const struct alls_stmt *st, struct err *e);
int alls_rule_moments(const struct alls_stmt *st, struct err *e);

#endif
