/* Blocks that several YOLO networks have. */
#ifndef HN_TESTS_ARCH_YOLO_H
#define HN_TESTS_ARCH_YOLO_H

#include "arch.h"

/* YOLOv8's block: half of the features pass n bottlenecks, and what each gives is kept. */
struct val ar_c2f(struct arch *a, const char *scope, struct val x, int c, int n, bool add);
/* Three pools of 5x5 one behind the other. */
struct val ar_sppf(struct arch *a, const char *scope, struct val x, int c);
/* The output from three levels of distances (distributions over 16 bins) and classes. */
void ar_decode_points(struct arch *a, const char *scope, const struct val head[3]);

#endif
