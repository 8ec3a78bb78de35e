/* What parse-hef prints, private to lib/hef. */
#ifndef HN_HEF_INFO_H
#define HN_HEF_INFO_H

#include "hef/rules.h"

/* Where the description stands. */
struct printer {
	const Hef__Hef *m;
	const Hef__NetworkGroup *g;
	const struct hef_core *c;
	struct str *out;
};

/* "UINT8, NHWC(8x8x16)": type and shape of a stream, of a v-stream (info_text.c). */
void hef_stream_text(const struct printer *p, const struct hef_leaf *l, char *out, size_t n);
void hef_vstream_text(const struct printer *p, const struct hef_vstream *v, char *out, size_t n);
/* Pixels of an image's side, which a record has as a double of any value. */
uint32_t hef_side(double v);
/* Boxes of all classes together, of a segmentation op. */
uint64_t hef_seg_boxes(const Hef__NmsOp *o);

#endif
