/*
 * The quantized layer record and the integer kernels: the one integer semantics of the project
 * (hn-numerics(7)).  hn-infer -c quantized and -c bit_exact and hef-run all execute these
 * functions.
 *
 * Activations are dense NHWC arrays of uint8_t (8 bit) or uint16_t (16 bit) codes.
 */
#ifndef HN_KERNEL_QOP_H
#define HN_KERNEL_QOP_H

#include "base/err.h"
#include "hn/hn.h"

struct qarr_i8 {
	int8_t *v;
	size_t n;
};
struct qarr_i16 {
	int16_t *v;
	size_t n;
};
struct qarr_i32 {
	int32_t *v;
	size_t n;
};
struct qarr_f32 {
	float *v;
	size_t n;
};

/*
 * geom by type: concat: axis (1 h, 2 w, 3 c) - slice: start, step of h, w, c - external_pad: code -
 * depth_to_space, space_to_depth: block h, w, order (0 dcr, 1 crd, 3 focus) - feature_shuffle:
 * groups - format_conversion: 0 (reshape), 1 and the input axis of each output axis, or 2 and a
 * packed format (enum hn_pack) that becomes pixels - resize:
 * kind (0 nearest, 1 bilinear), fraction bits, then per output row and per output column: two
 * source indexes and the second one's weight - softmax: groups - reduce_*: axes (1 h, 2 w, 4 c),
 * groups - matmul: 1 when the second input is transposed (its groups are in the field groups) -
 * layer_normalization: axes, groups, kind (0 mean and variance, 1 l2), t, epsilon / 2^31, epsilon %
 * 2^31: hn-numerics(7).
 */
/* One quantized layer.  Owns its arrays (malloc); qop_release frees them. */
struct qop {
#define S32(name, text) int32_t name;
#define F32(name, text) float name;
#define V32(name, text) struct qarr_i32 name;
#define VF(name, text)  struct qarr_f32 name;
#define V16(name, text) struct qarr_i16 name;
#define V8(name, text)  struct qarr_i8 name;
#include "kernel/qop.def"
#undef S32
#undef F32
#undef V32
#undef VF
#undef V16
#undef V8
};

enum qfield_kind {
	QF_S32,
	QF_F32,
	QF_V32,
	QF_VF,
	QF_V16,
	QF_V8
};
struct qfield {
	const char *name;
	enum qfield_kind kind;
	size_t offset;
	const char *text;
};
/* The table made from qop.def, in order; *n fields. */
const struct qfield *qop_fields(size_t *n);

/* Frees what a record owns. */
void qop_release(struct qop *q);
/* Deep copy. */
void qop_copy(struct qop *dst, const struct qop *src);
/* True when every field is equal. */
bool qop_equal(const struct qop *a, const struct qop *b);
/*
 * Checks that a record from a file can be executed safely: shapes, counts of every array, ranges of
 * every number.  After it the kernels rely on it.  Errors name the field.
 */
int qop_check(const struct qop *q, struct err *e);
/*
 * The part of a record with weights, of a pool or of a resize that computes output features
 * [from, to): a physical layer.  That of a type that is qop_by_feature reads these features alone.
 */
bool qop_by_feature(int32_t type);
int qop_slice_features(const struct qop *q, int32_t from, int32_t to, struct qop *out,
		       struct err *e);
/*
 * The part of a record that computes output columns [from, to), of types that can.  It reads the
 * columns from *in_from on of input 0, as many as its in_shape says, and columns [from, to) of an
 * added input.
 */
bool qop_has_columns(const struct qop *q);
int qop_slice_columns(const struct qop *q, int32_t from, int32_t to, struct qop *out,
		      int32_t *in_from, struct err *e);
/* Are its output's codes those of its only input, in their order?  The shape may be another. */
bool qop_keeps_codes(const struct qop *q);
/* May its only input have any shape with as many codes? */
bool qop_takes_any_shape(const struct qop *q);
/* First and last column of input 0 that output columns [from, to) of such a record read. */
void qop_columns_needed(const struct qop *q, int32_t from, int32_t to, int32_t *first,
			int32_t *last);
/*
 * Rows of input `in` that must have arrived before output row y can be computed: [*first, *last],
 * inclusive, clamped to the input; empty when *last < *first.
 */
void qop_rows_needed(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last);
/*
 * Steps in which an output row is made.  A sum or an extreme over input rows, or over the lines of
 * an input of one row, takes in one of them at a step, as they come, and is done with it then; 1:
 * all that it needs at once.
 */
int32_t qop_row_steps(const struct qop *q);
/* Rows of input `in` that step s of output row y takes in; as qop_rows_needed. */
void qop_step_rows(const struct qop *q, size_t in, int32_t y, int32_t s, int32_t *first,
		   int32_t *last);

/*
 * Lines: what a layer passes on at a time (hn-machine(7)).  Those of a map are its rows or, if it
 * has one row alone, so many columns of it each.
 */
enum {
	QOP_LINE_COLUMNS = 8
};
int32_t qop_map_lines(int32_t h, int32_t w);
/* Columns of each of the lines of a map, of which the last one may have fewer; 1 line: all. */
int32_t qop_line_columns(int32_t h, int32_t w, int32_t lines);
/* Lines in which a layer passes on its output: those of the map, or its rows. */
int32_t qop_lines(const struct qop *q);
/*
 * Lines of input `in`, of the from_lines in which it comes, that step k of the n takes in that
 * make an output: n is the output's rows or lines times qop_row_steps.  Empty when
 * *last < *first.
 */
void qop_step_lines(const struct qop *q, size_t in, int32_t k, int32_t n, int32_t from_lines,
		    int32_t *first, int32_t *last);

/* NPZ form: key "NET/layer/FIELD:0" for every non-empty field. Reading runs qop_check. */
void qop_store(const struct qop *q, struct tensors *t, const char *layer_name);
int qop_load(struct qop *q, const struct tensors *t, const char *layer_name, struct err *e);

/* Accumulator-unit bias of output feature c: the emulation of both bias modes. */
int64_t qop_bias(const struct qop *q, size_t c);
/* True when an input, the weights or the output have 16 bits: sums are in 64 bits. */
bool qop_is_wide(const struct qop *q);
/* The largest code of so many bits, and in how many ways a bias of mode 1 may be shifted. */
static inline int32_t qop_top(int32_t bits)
{
	return bits == 16 ? 65535 : 255;
}
enum {
	QBIAS_SHIFT_MAX = 15,
	QBIAS_WIDE_SHIFT_MAX = 31
};
/* The largest weight of 16 bits: two signed bytes. */
enum {
	QWEIGHT16_MAX = 127 * 256 + 127
};
/* softmax: steps of its table; with 16-bit input, of each of two, with so many fraction bits. */
enum {
	QEXP_STEPS = 256,
	QEXP_WIDE_BITS = 30
};

/* A prepared kernel: weights reordered, primitives made for `batch` images. */
struct intk;
/*
 * Fails with a reason for a type that has no integer kernel.  The record must outlive the kernel.
 * Uses oneDNN's u8.s8 only where it is exact (VNNI or AMX under the effective ISA), else an exact
 * kernel of our own: the integers are the same.
 */
struct intk *intk_new(const struct qop *q, int32_t batch, struct err *e);
void intk_free(struct intk *k);
/*
 * Runs n <= batch images. in[i]: codes of input i; out[p]: codes of output port p.
 * acc_peak: if not NULL, raised to the largest |accumulator| seen (overflow checks at calibration).
 */
int intk_run(struct intk *k, int32_t n, const void *const in[], void *const out[],
	     int64_t *acc_peak, struct err *e);
/* NULL when the type has an integer kernel, else the reason it has none (support matrix). */
const char *intk_reason(enum hn_type t);

/* ---- fixed point (kernel/fixed.c) ---- */
/*
 * round-half-away-from-zero of x * mult / 2^shift for |x| < 2^47; shift may be negative: what
 * leaves 64 bits then saturates.
 */
int64_t fixed_scale(int64_t x, int32_t mult, int32_t shift);
/* mult in [2^14, 2^15) (negative for negative r) and shift with mult / 2^shift nearest to r; r = 0:
 * 0, 0. */
void fixed_from_real(double r, int32_t *mult, int32_t *shift);
/* code = clamp(round_half_away(x / scale) + zp, 0, 2^bits - 1) */
int32_t quantize_value(double x, double scale, int32_t zp, int32_t bits);
/* Arrays: float NHWC to codes and back. scale has 1 or c entries. */
void quantize_array(const float *x, size_t n, float scale, int32_t zp, int32_t bits, void *codes);
void dequantize_array(const void *codes, size_t n, int32_t bits, const float *scale, size_t nscale,
		      size_t c, int32_t zp, float *x);

#endif
