/*
 * The skeleton of a protobuf model: a copy without the fields that nobody reads, in which the bytes
 * of weights are references to where they lie in the file, so that the decoder does not copy them.
 */
#ifndef HN_IMPORT_STRIP_H
#define HN_IMPORT_STRIP_H

#include "base/err.h"
#include "base/mem.h"
#include <stdint.h>

/* What stands in the skeleton for the bytes of a weight. */
struct im_ref {
	uint64_t offset; /* in the model */
	uint64_t n;
};

/* What a kept field has inside, apart from the caller's own kinds of message (from 0 on). */
enum {
	STRIP_VERBATIM = -1, /* it is copied */
	STRIP_REF = -2       /* it is replaced by a struct im_ref */
};

/* A field that is kept; all others are left out. */
struct im_kept {
	int in; /* the kind of message */
	uint32_t field;
	int inside;
};

/*
 * Copies the n bytes of a model, a message of kind 0, to out.  The error says that it
 * is not `what`, "an ONNX model".
 */
int im_strip(const struct im_kept *kept, size_t nkept, const char *what, const uint8_t *p, size_t n,
	     struct str *out, struct err *e);

/* Appends a number in protobuf's form. */
void im_put_varint(struct str *s, uint64_t v);

#endif
