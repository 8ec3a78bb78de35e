/* What the files of lib/compare share. */
#ifndef HN_COMPARE_COMPARE_INT_H
#define HN_COMPARE_COMPARE_INT_H

#include "compare/compare.h"
#include "oracle/oracle.h"

/* One port that is compared. */
struct place {
	const struct im_view *view;
	const struct layer *layer; /* of the model; NULL: it has none of that name and shape */
	struct compare_row row;
	float *data;            /* what the emulator gave: batch images */
	bool is_output;         /* of the original, and compared with onnxruntime's */
	struct compare_row ort; /* that comparison */
};

struct compare {
	const struct emu_model *m;
	struct oracle *oracle;
	struct emu *emu;
	int32_t batch;
	struct place *place; /* nplace, by layer and port */
	size_t nplace, lost;
	size_t *first; /* of each layer of the model: its first place */
	struct compare_row *rows, *ort_rows;
	struct ort *ort; /* NULL: without it */
};

/* Data of input layers come from the caller: their places are what the original is fed with. */
bool place_is_fed(const struct place *p);
/* The place of a port, NULL when nothing is compared there. */
struct place *place_of(const struct compare *c, const struct layer *l, int32_t port);
/* The original's tensor, float32, of the HN's images. */
struct tensor place_tensor(const struct place *p, const float *images);
/* Compares what the emulator gave with what it stands for (NULL: an error), into a row. */
int place_measure(const struct place *p, struct compare_row *row, const struct tensor *want,
		  struct err *e);

/* Compares the same data with onnxruntime. */
int compare_ort_run(struct compare *c, const float *const in[], struct err *e);

#endif
