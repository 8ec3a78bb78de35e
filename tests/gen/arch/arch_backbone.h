/* Networks that detectors stand on.  keep: what each stage gives, or NULL. */
#ifndef HN_TESTS_ARCH_BACKBONE_H
#define HN_TESTS_ARCH_BACKBONE_H

#include "arch.h"

/* Groups of as many features. */
struct val ar_regnetx(struct arch *a, struct val x, const int width[4], const int depth[4],
		      int group, struct val *keep);
/* With the architecture's activation. */
struct val ar_repvgg(struct arch *a, struct val x, const int width[5], struct val *keep);
struct val ar_efficientnet_lite(struct arch *a, struct val x, double width, double depth,
				struct val keep[7]);
/* MobileNet v2's block; *wide: the expanded tensor. */
struct val ar_inverted(struct arch *a, const char *scope, struct val x, int t, int c, int s,
		       struct val *wide);
/* YOLOX's head of one level, c features wide; --raw: its outputs, else box, objectness, classes. */
struct val ar_yolox_head(struct arch *a, int level, struct val x, int c);

#endif
