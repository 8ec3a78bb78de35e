/* What kind of file it is, by its first bytes and the fields of its outermost message. */
#include "base/cursor.h"
#include "tf/tf_read.h"
#include <ctype.h>

#define ADVICE "convert the model to TensorFlow Lite and use tflite2hn"

/* Files that are given by mistake. */
static const struct {
	size_t at;
	const char *bytes;
	size_t n;
	const char *what;
} others[] = {
	/* clang-format off */
	{ 4, "TFL3", 4,             "a TensorFlow Lite model (use tflite2hn)" },
	{ 0, "\x89HDF\r\n", 6,      "a Keras HDF5 file (save it as a SavedModel, or convert it to TensorFlow Lite and use tflite2hn)" },
	{ 0, "PK\3\4", 4,           "a zip archive, as Keras's .keras files are (save it as a SavedModel, or convert it to TensorFlow Lite and use tflite2hn)" },
	{ 0, "version https://git-lfs", 23, "a pointer of Git LFS, not the file itself (git lfs pull)" },
	/* clang-format on */
};

/* "word {" or "word:", as protobuf's text form begins. */
static bool is_text(const uint8_t *p, size_t n)
{
	size_t i = 0, from;

	while (i < n && isspace(p[i]))
		i++;
	if (i < n && p[i] == '#')
		return true;
	for (from = i; i < n && (islower(p[i]) || p[i] == '_'); i++)
		;
	if (i == from)
		return false;
	while (i < n && p[i] == ' ')
		i++;
	return i < n && (p[i] == '{' || p[i] == ':');
}

/* LevelDB's tables end with this. */
static bool is_table(const uint8_t *p, size_t n)
{
	static const uint8_t magic[8] = { 0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb };

	return n >= 48 && memcmp(p + n - sizeof magic, magic, sizeof magic) == 0;
}

static uint64_t varint(struct cursor *c)
{
	uint64_t v = 0;
	uint8_t b = 128;

	for (int shift = 0; shift < 64 && b & 128; shift += 7) {
		b = cur_u8(c);
		v |= (uint64_t)(b & 127) << shift;
	}
	return v;
}

/*
 * A SavedModel's field 1 is a number.  A MetaGraphDef has one field 1, and fields with a length
 * from 3 on that are not a GraphDef's 4; a GraphDef's field 3 is a number.
 */
static enum tf_kind kind_of(const uint8_t *p, size_t n)
{
	struct err lost = { 0 };
	struct cursor c = cur_make(p, n, &lost);
	enum {
		BYTES = 2,
		FIXED64 = 1,
		FIXED32 = 5
	};

	while (cur_left(&c) && !c.failed) {
		const uint64_t tag = varint(&c), field = tag >> 3;

		if (tag == 8)
			return TF_KIND_SAVED;
		if ((tag & 7) == BYTES && field >= 3 && field != 4)
			return TF_KIND_META;
		if ((tag & 7) == BYTES)
			cur_bytes(&c, (size_t)varint(&c));
		else if ((tag & 7) == FIXED64 || (tag & 7) == FIXED32)
			cur_bytes(&c, (tag & 7) == FIXED64 ? 8 : 4);
		else
			varint(&c);
	}
	return TF_KIND_GRAPH;
}

int tf_sniff(const uint8_t *p, size_t n, enum tf_kind *kind, struct err *e)
{
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (n >= others[i].at + others[i].n &&
		    memcmp(p + others[i].at, others[i].bytes, others[i].n) == 0)
			return err_set(e, "it is %s", others[i].what);
	if (is_text(p, n))
		return err_set(e, "it is in text form (save it in binary form, as a .pb file)");
	if (is_table(p, n))
		return err_set(
		    e, "it is a checkpoint without its graph: TensorFlow 1 checkpoints are "
		       "read from the .meta file beside .index and .data only (" ADVICE ")");
	*kind = kind_of(p, n);
	return 0;
}
