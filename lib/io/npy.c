#include "io/npy.h"
#include "base/cursor.h"
#include "base/mem.h"
#include "base/outfile.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEADER_MAX = 64 * 1024,
	NPY_ALIGN = 64,
	PREFIX = 10
};

static const char magic[6] = "\x93NUMPY";

static const struct {
	char code[3];
	enum dtype type;
} codes[] = {
	{ "f4", DT_F32 }, { "f8", DT_F64 }, { "u1", DT_U8 },   { "i1", DT_I8 },
	{ "u2", DT_U16 }, { "i2", DT_I16 }, { "u4", DT_U32 },  { "i4", DT_I32 },
	{ "u8", DT_U64 }, { "i8", DT_I64 }, { "b1", DT_BOOL }, { "f2", DT_F16 },
};

struct header {
	struct tensor t; /* dtype, rank, dim */
	bool big_endian;
	bool fortran;
	size_t bytes;
	unsigned seen; /* keys: 1 descr, 2 fortran_order, 4 shape */
};

/* The header's dictionary: a cursor over text; a failed step leaves the error. */
struct lexer {
	const char *p;
	const char *end;
	struct err *e;
};

static void skip_space(struct lexer *x)
{
	while (x->p < x->end && (*x->p == ' ' || *x->p == '\n' || *x->p == '\t'))
		x->p++;
}

static bool accept(struct lexer *x, const char *word)
{
	size_t n = strlen(word);

	skip_space(x);
	if ((size_t)(x->end - x->p) < n || memcmp(x->p, word, n) != 0)
		return false;
	x->p += n;
	return true;
}

static int bad(struct lexer *x, const char *what)
{
	return err_set(x->e, "npy header: %s", what);
}

/* A quoted string of at most size - 1 characters. */
static int get_string(struct lexer *x, char *out, size_t size)
{
	size_t n = 0;
	char q;

	skip_space(x);
	if (x->p == x->end || (*x->p != '\'' && *x->p != '"'))
		return bad(x, "a quoted string expected");
	q = *x->p++;
	while (x->p < x->end && *x->p != q && n + 1 < size)
		out[n++] = *x->p++;
	out[n] = '\0';
	if (x->p == x->end || *x->p != q)
		return bad(x, "unterminated or overlong string");
	x->p++;
	return 0;
}

static int get_descr(struct lexer *x, struct header *h)
{
	char s[16];

	skip_space(x);
	if (x->p < x->end && *x->p == '[')
		return err_set(x->e, "structured arrays are not supported");
	if (get_string(x, s, sizeof s) < 0)
		return -1;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (strchr("<>|=", s[0]) && s[0] && strcmp(s + 1, codes[i].code) == 0) {
			h->t.dtype = codes[i].type;
			h->big_endian = s[0] == '>';
			return 0;
		}
	return err_set(x->e, "array type '%s' is not supported", quote(s));
}

static int get_shape(struct lexer *x, struct header *h)
{
	if (!accept(x, "("))
		return bad(x, "shape must be a tuple");
	while (!accept(x, ")")) {
		int64_t v = 0;
		const char *start;

		skip_space(x);
		for (start = x->p; x->p < x->end && *x->p >= '0' && *x->p <= '9'; x->p++) {
			if (v > (LIMIT_TENSOR_BYTES - 9) / 10)
				return bad(x, "dimension too large");
			v = v * 10 + (*x->p - '0');
		}
		if (x->p == start)
			return bad(x, "shape must hold non-negative integers");
		if (h->t.rank == LIMIT_RANK)
			return err_set(x->e, "array has more than %d dimensions", LIMIT_RANK);
		h->t.dim[h->t.rank++] = v;
		accept(x, "L"); /* written by Python 2 */
		if (!accept(x, ",")) {
			if (h->t.rank == 1 || !accept(x, ")"))
				return bad(x, "malformed shape");
			break;
		}
	}
	return 0;
}

static int get_entry(struct lexer *x, struct header *h)
{
	char key[16];
	unsigned bit;
	int rc = 0;

	if (get_string(x, key, sizeof key) < 0)
		return -1;
	if (!accept(x, ":"))
		return bad(x, "':' expected");
	bit = strcmp(key, "descr") == 0           ? 1
	      : strcmp(key, "fortran_order") == 0 ? 2
	      : strcmp(key, "shape") == 0         ? 4
						  : 0;
	if (!bit || h->seen & bit)
		return bad(x, "unknown or repeated key");
	h->seen |= bit;
	if (bit == 1)
		rc = get_descr(x, h);
	else if (bit == 4)
		rc = get_shape(x, h);
	else if (accept(x, "True"))
		h->fortran = true;
	else if (!accept(x, "False"))
		rc = bad(x, "fortran_order must be True or False");
	return rc;
}

static int parse_dict(const char *text, size_t n, struct header *h, struct err *e)
{
	struct lexer x = { text, text + n, e };

	if (!accept(&x, "{"))
		return bad(&x, "'{' expected");
	while (!accept(&x, "}")) {
		if (get_entry(&x, h) < 0)
			return -1;
		if (!accept(&x, ",")) {
			if (!accept(&x, "}"))
				return bad(&x, "',' or '}' expected");
			break;
		}
	}
	skip_space(&x);
	if (x.p != x.end)
		return bad(&x, "text after the dictionary");
	if (h->seen != 7)
		return bad(&x, "descr, fortran_order or shape missing");
	h->bytes = dtype_size(h->t.dtype);
	for (int i = 0; i < h->t.rank; i++)
		if (!size_mul(h->bytes, (size_t)h->t.dim[i], &h->bytes) ||
		    h->bytes > (size_t)LIMIT_TENSOR_BYTES)
			return err_set(e, "array of shape %s is too large",
				       tensor_shape_text(&h->t));
	return 0;
}

static int parse_header(struct cursor *c, struct header *h, struct err *e)
{
	const void *m = cur_bytes(c, sizeof magic);
	uint8_t major;
	uint32_t length;
	const char *text;

	if (m && memcmp(m, magic, sizeof magic) != 0)
		return err_set(e, "not a .npy file");
	major = cur_u8(c);
	cur_u8(c);
	length = major == 1 ? cur_u16le(c) : cur_u32le(c);
	if (!c->failed && (major < 1 || major > 3))
		return err_set(e, "npy version %d is not supported", major);
	if (!c->failed && length > HEADER_MAX)
		return err_set(e, "npy header of %" PRIu32 " bytes is too long", length);
	text = cur_bytes(c, length);
	return text ? parse_dict(text, length, h, e) : -1;
}

/* Copies element by element: reverses bytes and turns column order into row order. */
static void copy_elements(const struct header *h, const uint8_t *src, struct tensor *out)
{
	size_t size = dtype_size(out->dtype);
	size_t n = tensor_count(out);
	uint8_t *dst = tensor_data(out);
	int64_t at[LIMIT_RANK] = { 0 };

	for (size_t i = 0; i < n; i++, dst += size) {
		size_t from = i;

		if (h->fortran) {
			size_t step = 1;

			from = 0;
			for (int d = 0; d < out->rank; d++) {
				from += (size_t)at[d] * step;
				step *= (size_t)out->dim[d];
			}
			for (int d = out->rank - 1; d >= 0 && ++at[d] == out->dim[d]; d--)
				at[d] = 0;
		}
		for (size_t b = 0; b < size; b++)
			dst[b] = src[from * size + (h->big_endian ? size - 1 - b : b)];
	}
}

int npy_parse(const void *data, size_t n, struct buf *owner, struct tensor *out, struct err *e)
{
	struct header h = { 0 };
	struct cursor c = cur_make(data, n, e);
	size_t size;

	if (parse_header(&c, &h, e) < 0)
		return -1;
	size = dtype_size(h.t.dtype);
	if (cur_left(&c) != h.bytes)
		return err_set(e, "array of shape %s needs %zu bytes, %zu are there (%s)",
			       tensor_shape_text(&h.t), h.bytes, cur_left(&c),
			       cur_left(&c) < h.bytes ? "truncated" : "too many");
	h.fortran = h.fortran && h.t.rank > 1;
	h.big_endian = h.big_endian && size > 1;
	*out = h.t;
	if (owner && !h.fortran && !h.big_endian && (uintptr_t)c.p % size == 0) {
		out->data = c.p;
		out->owner = buf_ref(owner);
		return 0;
	}
	*out = tensor_new(h.t.dtype, h.t.rank, h.t.dim);
	if (h.fortran || h.big_endian)
		copy_elements(&h, c.p, out);
	else if (h.bytes)
		memcpy(tensor_data(out), c.p, h.bytes);
	return 0;
}

int npy_read(const char *path, struct tensor *out, struct err *e)
{
	struct buf *b = buf_read(path, LIMIT_TENSOR_BYTES + HEADER_MAX, e);
	int rc;

	if (!b)
		return -1;
	rc = npy_parse(buf_data(b), buf_size(b), b, out, e);
	buf_unref(b);
	return rc < 0 ? err_in(e, "%s", quote(path)) : 0;
}

void npy_header(const struct tensor *t, struct str *out)
{
	struct str dict = { 0 };
	const char *code = "";
	size_t total;
	uint8_t prefix[PREFIX];

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].type == t->dtype)
			code = codes[i].code;
	str_printf(&dict, "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
		   dtype_size(t->dtype) > 1 ? '<' : '|', code);
	for (int i = 0; i < t->rank; i++)
		str_printf(&dict, "%s%" PRId64, i ? ", " : "", t->dim[i]);
	str_puts(&dict, t->rank == 1 ? ",), }" : "), }");
	total = (PREFIX + dict.len + 1 + NPY_ALIGN - 1) / NPY_ALIGN * NPY_ALIGN;
	while (PREFIX + dict.len + 1 < total)
		str_puts(&dict, " ");
	str_puts(&dict, "\n");
	memcpy(prefix, magic, sizeof magic);
	prefix[6] = 1;
	prefix[7] = 0;
	prefix[8] = (uint8_t)(dict.len & 255);
	prefix[9] = (uint8_t)(dict.len >> 8);
	str_add(out, prefix, PREFIX);
	str_add(out, dict.p, dict.len);
	str_release(&dict);
}

int npy_write(const char *path, const struct tensor *t, struct err *e)
{
	struct outfile *o = outfile_open(path, OUT_BINARY, e);
	struct str head = { 0 };
	int rc;

	if (!o)
		return -1;
	npy_header(t, &head);
	rc = outfile_write(o, head.p, head.len, e);
	if (rc == 0)
		rc = outfile_write(o, t->data, tensor_bytes(t), e);
	str_release(&head);
	if (rc == 0)
		return outfile_commit(o, e);
	outfile_abort(o);
	return -1;
}
