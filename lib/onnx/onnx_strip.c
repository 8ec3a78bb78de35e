/* What of an ONNX model is decoded: weights are references. */
#include "import/strip.h"
#include "onnx/onnx_int.h"

enum level {
	MODEL,
	GRAPH,
	NODE,
	ATTR,
	TENSOR
};

/* Fields of each message that are kept, and what is inside of them. */
static const struct im_kept kept[] = {
	/* clang-format off */
	{ MODEL, 1, STRIP_VERBATIM },  { MODEL, 2, STRIP_VERBATIM },   { MODEL, 3, STRIP_VERBATIM },   { MODEL, 7, GRAPH },            { MODEL, 8, STRIP_VERBATIM },
	{ GRAPH, 1, NODE },            { GRAPH, 2, STRIP_VERBATIM },   { GRAPH, 5, TENSOR },           { GRAPH, 11, STRIP_VERBATIM },
	{ GRAPH, 12, STRIP_VERBATIM }, { GRAPH, 13, STRIP_VERBATIM },  { NODE, 1, STRIP_VERBATIM },    { NODE, 2, STRIP_VERBATIM },    { NODE, 3, STRIP_VERBATIM },
	{ NODE, 4, STRIP_VERBATIM },   { NODE, 5, ATTR },              { NODE, 7, STRIP_VERBATIM },    { ATTR, 1, STRIP_VERBATIM },
	{ ATTR, 2, STRIP_VERBATIM },   { ATTR, 3, STRIP_VERBATIM },    { ATTR, 4, STRIP_VERBATIM },    { ATTR, 5, TENSOR },
	{ ATTR, 7, STRIP_VERBATIM },   { ATTR, 8, STRIP_VERBATIM },    { ATTR, 9, STRIP_VERBATIM },    { ATTR, 20, STRIP_VERBATIM },   { TENSOR, 1, STRIP_VERBATIM },
	{ TENSOR, 2, STRIP_VERBATIM }, { TENSOR, 4, STRIP_VERBATIM },  { TENSOR, 5, STRIP_VERBATIM },  { TENSOR, 7, STRIP_VERBATIM },
	{ TENSOR, 8, STRIP_VERBATIM }, { TENSOR, 9, STRIP_REF },       { TENSOR, 10, STRIP_VERBATIM }, { TENSOR, 11, STRIP_VERBATIM },
	{ TENSOR, 13, STRIP_VERBATIM }, { TENSOR, 14, STRIP_VERBATIM },
	/* clang-format on */
};

int onnx_strip(const uint8_t *p, size_t n, struct str *out, struct err *e)
{
	return im_strip(kept, sizeof kept / sizeof kept[0], "an ONNX model", p, n, out, e);
}
