/*
 * The message's syntax, walked along the descriptors before protobuf-c sees it: it has no limit of
 * depth of its own and does not look into strings.
 */
#include "base/cursor.h"
#include "hef/hef_pb.h"

enum {
	WIRE_VARINT = 0,
	WIRE_64 = 1,
	WIRE_BYTES = 2,
	WIRE_32 = 5,
	MAX_FIELDS = 64
};

static bool utf8_tail(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return false;
	}
	return true;
}

/* Length of the code point at p, 0 when it is malformed, overlong, a surrogate or too large. */
static size_t utf8_length(const uint8_t *p, size_t n)
{
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] < 0xe0)
		return n >= 2 && utf8_tail(p + 1, 1) ? 2 : 0;
	if ((p[0] & 0xf0) == 0xe0) {
		bool ok = n >= 3 && utf8_tail(p + 1, 2) && !(p[0] == 0xe0 && p[1] < 0xa0) &&
			  !(p[0] == 0xed && p[1] >= 0xa0);
		return ok ? 3 : 0;
	}
	if (p[0] >= 0xf0 && p[0] < 0xf5) {
		bool ok = n >= 4 && utf8_tail(p + 1, 3) && !(p[0] == 0xf0 && p[1] < 0x90) &&
			  !(p[0] == 0xf4 && p[1] >= 0x90);
		return ok ? 4 : 0;
	}
	return 0;
}

static int text(const uint8_t *p, size_t n, const char *field, struct err *e)
{
	for (size_t i = 0, k; i < n; i += k) {
		if (p[i] == 0)
			return err_set(e, "rule nul: field '%s' holds a NUL byte", field);
		if (!(k = utf8_length(p + i, n - i)))
			return err_set(e, "rule utf8: field '%s' is not UTF-8", field);
	}
	return 0;
}

static uint64_t varint(struct cursor *c)
{
	uint64_t v = 0;

	for (int i = 0; i < 10; i++) {
		uint8_t b = cur_u8(c);

		v |= (uint64_t)(b & 0x7f) << (7 * i);
		if (!(b & 0x80))
			return v;
	}
	c->failed = true;
	err_set(c->e, "a number of more than 10 bytes");
	return 0;
}

static uint32_t wire_of(ProtobufCType t)
{
	switch (t) {
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return WIRE_64;
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return WIRE_32;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return WIRE_BYTES;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_BOOL:
	case PROTOBUF_C_TYPE_ENUM:
		return WIRE_VARINT;
	}
	return WIRE_VARINT;
}

static int message(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t n, int depth,
		   struct err *e);

/* The bytes of a length-delimited field. */
static int inside(const ProtobufCFieldDescriptor *f, const uint8_t *p, size_t n, int depth,
		  struct err *e)
{
	if (f->type == PROTOBUF_C_TYPE_STRING)
		return text(p, n, f->name, e);
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		return message(f->descriptor, p, n, depth + 1, e);
	return 0; /* bytes, packed scalars: protobuf-c checks their length */
}

/* A field that may come once, and members of a oneof among themselves. */
static int once(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f, bool *seen,
		struct err *e)
{
	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return 0;
	for (unsigned i = 0; i < d->n_fields && i < MAX_FIELDS; i++) {
		const ProtobufCFieldDescriptor *o = &d->fields[i];
		bool rival = o == f || ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
					(o->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
					o->quantifier_offset == f->quantifier_offset);

		if (rival && seen[i])
			return err_set(e, "rule duplicate: field '%s' of %s is there twice",
				       f->name, d->short_name);
	}
	seen[f - d->fields] = true;
	return 0;
}

/* Steps over one value; length-delimited ones are left in *p, *n. */
static void value(struct cursor *c, uint32_t wire, const uint8_t **p, size_t *n)
{
	uint64_t len;

	*p = NULL;
	*n = 0;
	switch (wire) {
	case WIRE_VARINT:
		varint(c);
		return;
	case WIRE_64:
		cur_bytes(c, 8);
		return;
	case WIRE_32:
		cur_bytes(c, 4);
		return;
	case WIRE_BYTES:
		len = varint(c);
		if (!c->failed && len <= cur_left(c)) {
			*n = (size_t)len;
			*p = cur_bytes(c, *n);
			return;
		}
		break;
	default:
		break;
	}
	err_set(c->e, "a field of wire type %u is malformed", wire);
	c->failed = true;
}

static int message(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t n, int depth,
		   struct err *e)
{
	struct err at = { 0 };
	struct cursor c = cur_make(p, n, &at);
	bool seen[MAX_FIELDS] = { false };

	if (depth > HEF_MAX_DEPTH)
		return err_set(e, "rule depth: messages are nested more than %d deep",
			       HEF_MAX_DEPTH);
	while (cur_left(&c)) {
		uint64_t key = varint(&c);
		uint32_t wire = key & 7;
		const ProtobufCFieldDescriptor *f;
		const uint8_t *v;
		size_t len;

		if (!c.failed && (key >> 3 == 0 || key >> 3 > 0x1fffffff))
			return err_set(e, "rule wire: %s: field number %llu", d->short_name,
				       (unsigned long long)(key >> 3));
		if (!c.failed)
			value(&c, wire, &v, &len);
		if (c.failed)
			return err_set(e, "rule wire: %s: %s", d->short_name, at.msg);
		f = protobuf_c_message_descriptor_get_field(d, (unsigned)(key >> 3));
		if (!f)
			continue;
		if (wire != wire_of(f->type) &&
		    !(wire == WIRE_BYTES && f->label == PROTOBUF_C_LABEL_REPEATED))
			return err_set(e, "rule wire: field '%s' of %s has wire type %u", f->name,
				       d->short_name, wire);
		if (once(d, f, seen, e) < 0 || (v && inside(f, v, len, depth, e) < 0))
			return -1;
	}
	return 0;
}

int hef_wire_check(const void *proto, size_t n, struct err *e)
{
	return message(&hef__hef__descriptor, proto, n, 1, e);
}
