/*
 * An original model against its HN, layer by layer: the one executed node by node (lib/oracle), the
 * other by the emulator, on the same data.  hn-compare(1).
 */
#ifndef HN_COMPARE_COMPARE_H
#define HN_COMPARE_COMPARE_H

#include "compare/ort.h"
#include "emu/emu_model.h"
#include "onnx/onnx.h"
#include "oracle/oracle.h"

/* How far one output port of a layer is from the tensor that it stands for. */
struct compare_row {
	const char *layer;  /* full name; borrowed from the model */
	const char *type;   /* of the layer */
	const char *tensor; /* of the original */
	int32_t port;
	int rank;
	int64_t dim[LIMIT_RANK]; /* of the original */
	double diff;             /* largest difference; infinite when only one is finite */
	double lo, hi;           /* of the original */
	double signal, noise;    /* sums of squares: of the original, of the difference */
	int64_t at;              /* element of the original with the largest difference */
	bool seen;
};
/* The largest difference over the original's range (its magnitude, where it is constant). */
double compare_relative(const struct compare_row *r);
/* Signal to noise in decibel; infinite when nothing differs. */
double compare_snr(const struct compare_row *r);

struct compare;
/*
 * src: the original; m: its HN, native; place: where tensors of the original lie, by a translation
 * of the same model.  All are borrowed and must outlive the comparison.
 */
struct compare *compare_new(const struct im_source *src, const struct emu_model *m,
			    const struct onnx_place *place, size_t nplace, struct err *e);
void compare_free(struct compare *c); /* NULL is fine */
/* Tensors of the original that no layer of m stands for as the translation says: a changed HN. */
size_t compare_lost(const struct compare *c);
/*
 * Compares on one batch of the original: in[k] holds as many images of the k-th input layer, NHWC,
 * as compare_batch says.  May be called again: the rows get worse.
 */
int compare_run(struct compare *c, const float *const in[], struct err *e);
int32_t compare_batch(const struct compare *c);
/* All rows, in order of layers. */
size_t compare_rows(const struct compare *c, const struct compare_row **out);
/* The row with the largest relative difference, NULL without rows. */
const struct compare_row *compare_worst(const struct compare *c);

/*
 * onnxruntime as a further reference, for the original's outputs that layers stand for.  The first
 * says whether that can be: not when the network starts at other tensors than the model's inputs.
 * The second, after the first and before compare_run, takes over ort, which has loaded the model.
 */
int compare_ort_fits(struct compare *c, struct err *e);
void compare_ort_use(struct compare *c, struct ort *ort);
const char *compare_ort_version(const struct compare *c); /* NULL: not used */
/* Rows of that comparison, in order of layers. */
size_t compare_ort_rows(const struct compare *c, const struct compare_row **out);
/* Is no row, of both references, farther off than limit, relative to its range? */
bool compare_within(const struct compare *c, double limit);

/* The rows as text, in order of layers or worst first; the last line names the worst. */
void compare_table(const struct compare *c, bool worst_first, struct str *s);
/* The rows as JSON (hn-compare(1)); the caller's. */
json_t *compare_json(const struct compare *c);

#endif
