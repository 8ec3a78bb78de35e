/* Numbers of the binary form, private to lib/isa; hn-isa(7) is their manual. */
#ifndef HN_ISA_RECORDS_H
#define HN_ISA_RECORDS_H

#include "isa/isa.h"

#define ISA_MAGIC 0x53494e48u /* "HNIS" as little-endian bytes 48 4e 49 53 */

enum {
	ISA_LINE = 8
}; /* bytes of an addressable line */

enum isa_record {
	ISA_REC_MACHINE = 1,
	ISA_REC_TENSOR = 2,
	ISA_REC_STREAM = 3,
	ISA_REC_LAYER = 4,
	ISA_REC_EDGE = 5,
	ISA_REC_POST = 6
};

/* Storage of a field's values: enum qfield_kind, two 4-bit weights in a byte, or weights packed. */
enum {
	ISA_KIND_NIBBLES = 16,
	ISA_KIND_PACKED = 17
};

/* A view of field f of a record: its element size, count and data (a scalar counts one). */
struct isa_field {
	size_t size; /* bytes of an element */
	size_t n;
	void *data;
};
struct isa_field isa_field_of(const struct qop *q, const struct qfield *f);
/* Makes room for n elements of an array field; n bytes are zero. */
void *isa_field_alloc(struct qop *q, const struct qfield *f, size_t n);
bool isa_field_is_array(const struct qfield *f);

#endif
