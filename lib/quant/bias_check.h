/*
 * Private to quant/: are corrected biases worth it?  The outputs decide, on images that a
 * correction was not computed from: each half of the calibration set tries what the other half
 * says.
 *
 * For an image let the outputs' squared error be E0 before and E1 after, and D the squared change.
 * A correction takes a bias b away; it also shifts what is rounded behind it, so that rounding
 * noise r gives way to other noise of the same size: E0 - E1 = b^2, D = b^2 + 2 r^2.  When noise of
 * that kind outweighs the bias, 3 (E0 - E1) <= D, the outputs are drawn anew rather than corrected,
 * and accuracy is as likely to fall as to rise.  A correction is worth it when E0 - E1 is more than
 * its standard error over the images and more than D / 3.
 */
#ifndef HN_QUANT_BIAS_CHECK_H
#define HN_QUANT_BIAS_CHECK_H

#include "quant/bias_stream.h"
#include "quant/input_sums.h"

struct bias_check;

/* Nothing seen yet, of the network and images of q. */
struct bias_check *check_new(struct quant *q);
void check_free(struct bias_check *c); /* NULL is fine */
/* n images of a layer's port in the float model; outputs are kept. */
int check_float(struct bias_check *c, const struct layer *l, int32_t port, const float *data,
		int32_t n, struct err *e);
/* The turn of output layer l: what it gives before any correction is kept. */
int check_before(struct bias_check *c, struct stream *s, const struct layer *l, struct err *e);
/* The same with a correction that the images of `half` were not used for. */
int check_after(struct bias_check *c, struct stream *s, const struct layer *l, enum image_half half,
		struct err *e);
/* The answer, and a line that says why. */
bool check_verdict(const struct bias_check *c);

#endif
