/* Private to isa_check. */
#ifndef HN_ISA_CHECK_INT_H
#define HN_ISA_CHECK_INT_H

#include "base/limits.h"
#include "base/mem.h"
#include "isa/isa.h"

enum {
	CHECK_MAX_COUNT = 1 << 20
};

/*
 * Features and columns written so far, and by how many layers; every tensor is complete before it
 * is read.  A tensor is divided one way only.
 */
struct cover {
	int32_t *written;
	int32_t *columns;
	int32_t *writers;
};

/* ---- check_layer.c ---- */
int check_layers(const struct isa_prog *p, struct cover *v, struct err *e);

/* ---- check_edge.c ---- */
int check_edges(const struct isa_prog *p, const struct cover *v, struct err *e);

/* ---- check_stream.c ---- */
int check_streams(const struct isa_prog *p, struct err *e);

#endif
