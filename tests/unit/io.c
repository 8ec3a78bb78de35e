/* Tensors, npy, npz, JSON and bundles where a tool does not reach: conversion, hostile bytes. */
#include "base/mem.h"
#include "base/outfile.h"
#include "io/bundle.h"
#include "io/npy.h"
#include <math.h>
#include <unistd.h>

static int passed, failed;

static void check(bool ok, const char *what)
{
	if (ok)
		passed++;
	else
		printf("not as expected: %s\n", what);
	failed += !ok;
}

static struct tensor floats(size_t n, const float *v)
{
	struct tensor t = tensor_new(DT_F32, 1, (const int64_t[]){ (int64_t)n });

	memcpy(tensor_data(&t), v, n * sizeof *v);
	return t;
}

static void test_convert(void)
{
	static const float values[] = { 0.5f, -0.5f, 1.5f,     -2.5f,  300,
					-300, NAN,   INFINITY, 254.5f, 65519.9f };
	static const int64_t as_u8[] = { 1, 0, 2, 0, 255, 0, 0, 255, 255, 255 };
	static const int64_t as_i8[] = { 1, -1, 2, -3, 127, -128, 0, 127, 127, 127 };
	enum {
		N = sizeof values / sizeof *values
	};
	struct tensor t = floats(N, values);
	struct tensor u = tensor_convert(&t, DT_U8);
	struct tensor s = tensor_convert(&t, DT_I8);
	struct tensor h = tensor_convert(&t, DT_F16);
	struct tensor b = tensor_convert(&t, DT_BOOL);
	bool ok = true;

	for (size_t i = 0; i < N; i++)
		ok = ok && tensor_get_int(&u, i) == as_u8[i] && tensor_get_int(&s, i) == as_i8[i];
	check(ok, "float to integer: half away from zero, saturated, NaN is 0");
	check(tensor_get(&h, 0) == 0.5 && tensor_get(&h, 3) == -2.5 && isnan(tensor_get(&h, 6)) &&
		  isinf(tensor_get(&h, 7)) && tensor_get(&h, 9) == 65504,
	      "float to half");
	check(tensor_get_int(&b, 0) == 1 && tensor_get_int(&b, 6) == 0, "float to bool");
	tensor_release(&u);
	tensor_release(&s);
	tensor_release(&h);
	tensor_release(&b);
	tensor_release(&t);
	check(t.owner == NULL && t.data == NULL, "a released tensor is empty");
}

/* Every finite half comes back from its double. */
static void test_half(void)
{
	struct tensor h = tensor_new(DT_F16, 1, (const int64_t[]){ 0x7c00 });
	struct tensor d;
	struct tensor back;

	for (int i = 0; i < 0x7c00; i++)
		((uint16_t *)tensor_data(&h))[i] = (uint16_t)i;
	d = tensor_convert(&h, DT_F64);
	back = tensor_convert(&d, DT_F16);
	check(memcmp(h.data, back.data, tensor_bytes(&h)) == 0, "every half survives");
	tensor_release(&h);
	tensor_release(&d);
	tensor_release(&back);
}

static void test_set(void)
{
	struct tensors *s = tensors_new();
	struct tensors *copy;
	bool ok = true;
	const float v[] = { 1, 2 };

	check(!tensors_get(s, "none"), "an empty set has nothing");
	for (int i = 0; i < 500; i++)
		tensors_setf(s, floats(1, v), "net/conv%d/kernel:0", i);
	tensors_set(s, "net/conv7/kernel:0", floats(2, v));
	tensors_remove(s, "net/conv3/kernel:0");
	tensors_remove(s, "net/conv3/kernel:0");
	check(tensors_count(s) == 499 && !tensors_get(s, "net/conv3/kernel:0"), "removed");
	check(strcmp(tensors_key(s, 6), "net/conv7/kernel:0") == 0 &&
		  tensor_count(tensors_at(s, 6)) == 2,
	      "replaced in place");
	copy = tensors_copy(s);
	tensors_free(s);
	for (int i = 0; i < 500; i++)
		ok = ok && (i == 3) == !tensors_getf(copy, "net/conv%d/kernel:0", i);
	check(ok && !tensors_key(copy, 499), "a copy lives on");
	tensors_free(copy);
}

static bool header_says(const char *dict, const char *data, size_t n, const char *message)
{
	struct str s = { 0 };
	struct tensor t = { 0 };
	struct err e = { 0 };
	uint8_t prefix[] = { 0x93,
			     'N',
			     'U',
			     'M',
			     'P',
			     'Y',
			     1,
			     0,
			     (uint8_t)strlen(dict),
			     (uint8_t)(strlen(dict) >> 8) };
	bool ok;

	str_add(&s, prefix, sizeof prefix);
	str_puts(&s, dict);
	str_add(&s, data, n);
	ok = npy_parse(s.p, s.len, NULL, &t, &e) == (message ? -1 : 0) &&
	     (!message || strstr(e.msg, message));
	if (!ok)
		printf("%s: %s\n", dict, e.msg);
	tensor_release(&t);
	str_release(&s);
	return ok;
}

static void test_headers(void)
{
	static const struct {
		const char *dict;
		size_t n;
		const char *message;
	} cases[] = {
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", 8, NULL },
		{ "{\"shape\":(1,2L),\"descr\":\"|u1\",\"fortran_order\":False}", 2, NULL },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 4, NULL },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 7), }", 0, NULL },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 7, "truncated" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 9, "too many" },
		{ "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", 8,
		  "'|O' is not supported" },
		{ "{'descr': '<U4', 'fortran_order': False, 'shape': (2,), }", 8, "not supported" },
		{ "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", 8,
		  "structured" },
		{ "{'descr': '<f4', 'shape': (2,), }", 8, "missing" },
		{ "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 8,
		  "repeated" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", 8, "non-negative" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (2), }", 8,
		  "malformed shape" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (2,, }", 8, "non-negative" },
		{ "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,), }", 8, "True or False" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } x", 8,
		  "after the dictionary" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
		  0, "too large" },
		{ "{'descr': '<f8', 'fortran_order': False, 'shape': (68719476736, 68719476736), }",
		  0, "too large" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", 4,
		  "dimensions" },
		{ "{'descr': '<f4", 0, "unterminated" },
		{ "", 0, "'{' expected" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check(header_says(cases[i].dict, "\1\2\3\4\5\6\7\10\11", cases[i].n,
				  cases[i].message),
		      cases[i].dict);
}

static void test_orders(void)
{
	static const char big[] =
	    "\x93NUMPY\1\0\x3e\0{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }"
	    "    \0\1\0\2\0\3\0\4\0\5\0\6";
	struct tensor t;
	struct err e = { 0 };
	bool ok = npy_parse(big, sizeof big - 1, NULL, &t, &e) == 0;
	static const int64_t want[] = { 1, 3, 5, 2, 4, 6 };

	if (!ok)
		printf("%s\n", e.msg);
	for (size_t i = 0; ok && i < 6; i++)
		ok = tensor_get_int(&t, i) == want[i];
	check(ok, "big-endian and Fortran order are converted");
	tensor_release(&t);
}

/* A small .npz in memory. */
static struct buf *small_npz(struct tensors **set)
{
	struct err e = { 0 };
	const float v[] = { 1, 2, 3 };
	struct tensors *s = tensors_new();
	int fd = temp_fd(&e);
	struct buf *b;
	uint64_t n;

	tensors_set(s, "net/conv1/kernel:0", floats(3, v));
	tensors_set(s, "net/conv1/bias:0", floats(2, v));
	if (fd < 0 || npz_write_fd(fd, s, &n, &e) < 0 || !(b = buf_map_fd(fd, &e)) ||
	    n != buf_size(b))
		die(&e);
	close(fd);
	*set = s;
	return b;
}

static bool same_set(const struct tensors *a, const struct tensors *b)
{
	if (tensors_count(a) != tensors_count(b))
		return false;
	for (size_t i = 0; i < tensors_count(a); i++) {
		const struct tensor *x = tensors_at(a, i);
		const struct tensor *y = tensors_at(b, i);

		if (strcmp(tensors_key(a, i), tensors_key(b, i)) != 0 || x->dtype != y->dtype ||
		    tensor_bytes(x) != tensor_bytes(y) ||
		    memcmp(x->data, y->data, tensor_bytes(x)) != 0)
			return false;
	}
	return true;
}

static void test_npz(void)
{
	struct tensors *s;
	struct buf *b = small_npz(&s);
	size_t n = buf_size(b);
	uint8_t *bytes = xmalloc(n);
	struct err e = { 0 };
	struct tensors *got = npz_parse(buf_data(b), n, b, &e);
	bool ok = got && same_set(got, s);

	for (size_t i = 0; ok && i < tensors_count(got); i++)
		ok =
		    (uintptr_t)tensors_at(got, i)->data % 64 == 0 && tensors_at(got, i)->owner == b;
	check(ok, "npz: arrays are mapped at multiples of 64");
	tensors_free(got);
	ok = true;
	for (size_t i = 0; i < n; i++) {
		e.msg[0] = '\0';
		got = npz_parse(buf_data(b), i, b, &e);
		ok = ok && !got && err_is(&e);
		tensors_free(got);
	}
	check(ok, "npz: every truncation is an error");
	ok = true;
	for (size_t i = 0; i < 8 * n; i++) {
		memcpy(bytes, buf_data(b), n);
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		e.msg[0] = '\0';
		got = npz_parse(bytes, n, NULL, &e);
		/* Times, padding and a key's letters are not covered by a checksum; data are. */
		for (size_t k = 0; got && k < tensors_count(got); k++)
			ok = ok && k < 2 &&
			     tensor_bytes(tensors_at(got, k)) == tensor_bytes(tensors_at(s, k)) &&
			     memcmp(tensors_at(got, k)->data, tensors_at(s, k)->data,
				    tensor_bytes(tensors_at(s, k))) == 0;
		ok = ok && (got || err_is(&e));
		tensors_free(got);
	}
	check(ok, "npz: no flipped bit changes an array");
	tensors_free(s);
	buf_unref(b);
	free(bytes);
}

static void test_empty_npz(void)
{
	struct tensors *s = tensors_new();
	struct err e = { 0 };
	int fd = temp_fd(&e);
	uint64_t n;
	struct buf *b;
	struct tensors *got;

	if (fd < 0 || npz_write_fd(fd, s, &n, &e) < 0 || !(b = buf_map_fd(fd, &e)))
		die(&e);
	got = npz_parse(buf_data(b), buf_size(b), b, &e);
	check(got && tensors_count(got) == 0 && n == 22, "npz: an empty set");
	tensors_free(got);
	tensors_free(s);
	buf_unref(b);
	close(fd);
}

static bool json_says(const char *text, const char *message)
{
	struct err e = { 0 };
	json_t *j = json_parse(text, strlen(text), &e);
	bool ok = message ? !j && strstr(e.msg, message) : j != NULL;

	if (!ok)
		printf("%s: %s\n", text, e.msg);
	json_decref(j);
	return ok;
}

static void test_json(void)
{
	static const char text[] =
	    "{\n  \"z\": 0.1,\n  \"a\": [1, 2, [3, []]],\n  \"b\": [\n    {\n"
	    "      \"x\": -1e-300\n    },\n    {}\n  ],\n"
	    "  \"c\": \"\\\"\\u0001\\n\xc3\xa4\",\n  \"d\": 5.0,\n  \"e\": {}\n}\n";
	struct err e = { 0 };
	json_t *j = json_parse(text, sizeof text - 1, &e);
	struct str out = { 0 };
	char deep[201];
	int64_t v[4];
	int got;

	check(j != NULL, "json: parsed");
	json_text(j, &out);
	check(strcmp(out.p, text) == 0, "json: order, numbers and form stay");
	str_release(&out);
	check(json_get_ints(j, "a", -4, 0, 9, v, &got, &e) == -1 &&
		  strcmp(e.msg, "key 'a' must hold integers from 0 to 9") == 0,
	      "json: a list inside a list of numbers");
	check(json_get_ints(j, "none", 4, 0, 9, v, &got, &e) == 0 && got == 0, "json: absent key");
	json_decref(j);
	memset(deep, '[', 100);
	memset(deep + 100, ']', 100);
	deep[200] = '\0';
	check(json_says(deep, "nested more than 64 deep"), "json: depth");
	check(json_says("{\"a\": 1, \"a\": 2}", "duplicate"), "json: duplicate key");
	check(json_says("{} x", "line 1, column"), "json: trailing text");
	check(json_says("{\"a\": 1e999}", "line 1"), "json: a number out of range");
	check(json_says("{\"a\": NaN}", "line 1"), "json: NaN");
	check(json_says("", "line 1"), "json: empty");
	check(json_says("{\"[[[[[[[[\": \"\\\"[[[\"}", NULL),
	      "json: brackets in strings do not count");
}

static struct str small_bundle(void)
{
	struct bundle *b = bundle_new("net");
	struct err e = { 0 };
	struct str s = { 0 };
	struct buf *f;

	bundle_set_state(b, STATE_HAILO_MODEL);
	bundle_put(b, "hn", "{\"name\": \"net\"}", 15);
	if (bundle_write(b, "b.har", COMPRESS_NONE, &e) < 0 ||
	    !(f = buf_read("b.har", 1 << 20, &e)))
		die(&e);
	str_add(&s, buf_data(f), buf_size(f));
	buf_unref(f);
	bundle_free(b);
	return s;
}

static void test_bundle(void)
{
	struct str s = small_bundle();
	bool ok = true;

	for (size_t i = 0; i < s.len; i++) {
		struct err e = { 0 };
		struct bundle *b = bundle_parse(s.p, i, &e);

		ok = ok && !b && strstr(e.msg, "truncated");
		bundle_free(b);
	}
	check(ok, "bundle: every truncation says so");
	/* Each bit of a header counts, except that a space of the checksum may become a NUL. */
	ok = true;
	for (size_t i = 0; i < 8 * s.len; i++) {
		struct err e = { 0 };
		struct bundle *b;

		s.p[i / 8] ^= (char)(1 << i % 8);
		b = bundle_parse(s.p, s.len, &e);
		ok = ok && (b || err_is(&e)) && (!b || i / 8 >= 512 || i / 8 - 148 < 8);
		bundle_free(b);
		s.p[i / 8] ^= (char)(1 << i % 8);
	}
	check(ok, "bundle: flipped bits");
	str_release(&s);
}

static void test_names(void)
{
	static const char *const bad[] = { "", ".x", "a/b", "a b", "a:b", "\xc3\xa4" };
	char longest[200];
	char *made;
	bool ok = true;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok = ok && !name_is_legal(bad[i]);
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	check(ok && !name_is_legal(longest) && name_is_legal("a-b_c.D9"), "legal names");
	made = name_from_path("/x/my net(1).v2.onnx");
	check(strcmp(made, "my_net_1_.v2") == 0, "a name from a path");
	free(made);
	made = name_from_path("x/.onnx");
	check(name_is_legal(made), "a name from a hidden file");
	free(made);
	made = name_from_path(longest);
	check(name_is_legal(made), "a name from a long path");
	free(made);
}

int main(void)
{
	test_convert();
	test_half();
	test_set();
	test_headers();
	test_orders();
	test_npz();
	test_empty_npz();
	test_json();
	test_bundle();
	test_names();
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
