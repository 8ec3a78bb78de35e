/* What of a TensorFlow model is decoded, and what kind of file it is. */
#include "import/strip.h"
#include "tf/tf_read.h"

enum {
	ROOT = 0,
	META,
	INFO,
	GRAPH,
	LIBRARY,
	FUNCTION,
	NODE,
	ATTR,
	VALUE,
	LIST,
	CALLED,
	SIGNATURE,
	TENSOR
};

/*
 * Fields of each message that are kept, and what is inside of them; ROOT is the whole file.  What
 * can hold itself, functions as attributes with attributes, is cut there.
 */
/* clang-format off */
#define GRAPH_FIELDS(in) \
	{ in, 1, NODE }, { in, 2, LIBRARY }, { in, 4, STRIP_VERBATIM }
#define META_FIELDS(in) \
	{ in, 1, INFO }, { in, 2, GRAPH }, { in, 3, STRIP_VERBATIM }, { in, 5, STRIP_VERBATIM }
#define INNER_FIELDS \
	{ INFO, 4, STRIP_VERBATIM },    { INFO, 5, STRIP_VERBATIM },    { LIBRARY, 1, FUNCTION }, \
	{ FUNCTION, 1, SIGNATURE },     { FUNCTION, 3, NODE },          { FUNCTION, 4, STRIP_VERBATIM }, \
	{ SIGNATURE, 1, STRIP_VERBATIM }, { SIGNATURE, 2, STRIP_VERBATIM }, { SIGNATURE, 3, STRIP_VERBATIM }, \
	{ NODE, 1, STRIP_VERBATIM },    { NODE, 2, STRIP_VERBATIM },    { NODE, 3, STRIP_VERBATIM }, \
	{ NODE, 5, ATTR },              { ATTR, 1, STRIP_VERBATIM },    { ATTR, 2, VALUE }, \
	{ VALUE, 1, LIST },             { VALUE, 2, STRIP_VERBATIM },   { VALUE, 3, STRIP_VERBATIM }, \
	{ VALUE, 4, STRIP_VERBATIM },   { VALUE, 5, STRIP_VERBATIM },   { VALUE, 6, STRIP_VERBATIM }, \
	{ VALUE, 7, STRIP_VERBATIM },   { VALUE, 8, TENSOR },           { VALUE, 9, STRIP_VERBATIM }, \
	{ VALUE, 10, CALLED },          { CALLED, 1, STRIP_VERBATIM },  { LIST, 2, STRIP_VERBATIM }, \
	{ LIST, 3, STRIP_VERBATIM },    { LIST, 4, STRIP_VERBATIM },    { LIST, 5, STRIP_VERBATIM }, \
	{ LIST, 6, STRIP_VERBATIM },    { LIST, 7, STRIP_VERBATIM },    { TENSOR, 1, STRIP_VERBATIM }, \
	{ TENSOR, 2, STRIP_VERBATIM },  { TENSOR, 4, STRIP_REF },       { TENSOR, 5, STRIP_VERBATIM }, \
	{ TENSOR, 6, STRIP_VERBATIM },  { TENSOR, 7, STRIP_VERBATIM },  { TENSOR, 8, STRIP_VERBATIM }, \
	{ TENSOR, 10, STRIP_VERBATIM }, { TENSOR, 11, STRIP_VERBATIM }, { TENSOR, 13, STRIP_VERBATIM }, \
	{ TENSOR, 16, STRIP_VERBATIM }, { TENSOR, 17, STRIP_VERBATIM }

static const struct im_kept saved[] = {
	{ ROOT, 1, STRIP_VERBATIM }, { ROOT, 2, META }, META_FIELDS(META), GRAPH_FIELDS(GRAPH), INNER_FIELDS
};
static const struct im_kept meta[] = { META_FIELDS(ROOT), GRAPH_FIELDS(GRAPH), INNER_FIELDS };
static const struct im_kept graph[] = { GRAPH_FIELDS(ROOT), INNER_FIELDS };
/* clang-format on */

int tf_skeleton(enum tf_kind kind, const uint8_t *p, size_t n, struct str *out, struct err *e)
{
	static const struct {
		const struct im_kept *kept;
		size_t n;
		const char *what;
	} rows[] = {
		[TF_KIND_SAVED] = { saved, sizeof saved / sizeof saved[0], "a SavedModel" },
		[TF_KIND_META] = { meta, sizeof meta / sizeof meta[0], "a TensorFlow model" },
		[TF_KIND_GRAPH] = { graph, sizeof graph / sizeof graph[0], "a TensorFlow model" },
	};

	return im_strip(rows[kind].kept, rows[kind].n, rows[kind].what, p, n, out, e);
}
