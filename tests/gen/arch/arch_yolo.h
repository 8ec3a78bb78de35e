/* Blocks that several YOLO networks have. */
#ifndef HN_TESTS_ARCH_YOLO_H
#define HN_TESTS_ARCH_YOLO_H

#include "arch.h"

/* YOLOv8's block: half of the features pass n bottlenecks, and what each gives is kept. */
struct val ar_c2f(struct arch *a, const char *scope, struct val x, int c, int n, bool add);
/* Three pools of 5x5 one behind the other. */
struct val ar_sppf(struct arch *a, const char *scope, struct val x, int c);
/* YOLOv5's block: n bottlenecks beside a 1x1 convolution. */
struct val ar_c3(struct arch *a, const char *scope, struct val x, int c, int n, bool add);
/*
 * YOLOv7's: two 1x1 convolutions, a chain of n 3x3 ones after the second; the last of each `every`
 * is concatenated.
 */
struct val ar_stack(struct arch *a, const char *scope, struct val x, int c, int n, int every,
		    int co);
struct val ar_sppcspc(struct arch *a, struct val x, int c);
/* Up to a level of twice the size, joined with the backbone's output there. */
struct val ar_route(struct arch *a, const char *scope, struct val x, struct val route, int c);
/* YOLOv8's heads at /model.22. */
void ar_detect(struct arch *a, const struct val p[3]);
/* The output from three levels of distances (distributions over 16 bins) and classes. */
void ar_decode_points(struct arch *a, const char *scope, const struct val head[3]);

#endif
