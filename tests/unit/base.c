/* What no tool shows of lib/base: cursor, arena, strings, numbers, errors, random numbers, loops.
 */
#include "base/cursor.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/par.h"
#include "base/rng.h"
#include <math.h>
#include <stdint.h>

static int passed, failed;

static void check(bool ok, const char *what)
{
	if (ok)
		passed++;
	else
		printf("not as expected: %s\n", what);
	failed += !ok;
}

static void test_cursor(void)
{
	static const uint8_t bytes[] = { 1,    2,    3,    4,    5, 6, 7,    8,
					 0xff, 0xff, 0xff, 0xff, 0, 0, 0x80, 0x3f };
	struct err e = { 0 };
	struct cursor c = cur_make(bytes, sizeof bytes, &e);

	check(cur_u8(&c) == 1 && cur_u16le(&c) == 0x0302, "cursor: 8 and 16 bits");
	check(cur_u32be(&c) == 0x04050607 && cur_left(&c) == 9, "cursor: 32 bits, big endian");
	check(cur_u8(&c) == 8 && cur_i32le(&c) == -1, "cursor: negative number");
	check(cur_f32le(&c) == 1.0f && cur_left(&c) == 0 && !c.failed, "cursor: float");
	check(cur_u32le(&c) == 0 && c.failed && strcmp(e.msg, "truncated") == 0,
	      "cursor: past the end");
	c = cur_make(bytes, 8, &e);
	check(cur_u64le(&c) == 0x0807060504030201u, "cursor: 64 bits");
	c = cur_make(bytes, 8, &e);
	check(cur_u64be(&c) == 0x0102030405060708u, "cursor: 64 bits, big endian");
	c = cur_make(bytes, 3, &e);
	check(cur_u32le(&c) == 0 && cur_u8(&c) == 0, "cursor: after a failure nothing is read");
	c = cur_make(NULL, 0, &e);
	check(cur_bytes(&c, 0) == NULL && !c.failed && !cur_bytes(&c, 1) && c.failed,
	      "cursor: no bytes");
	c = cur_make(bytes, 4, &e);
	check(!cur_bytes(&c, SIZE_MAX), "cursor: a length that would wrap");
}

static void test_arena(void)
{
	struct arena a = { 0 };
	char *first = arena_strdup(&a, "first");
	bool zero = true;
	bool aligned = true;

	for (int i = 0; i < 1000; i++) {
		unsigned char *p = arena_alloc(&a, 300);

		aligned = aligned && (uintptr_t)p % 16 == 0;
		for (int k = 0; k < 300; k++)
			zero = zero && p[k] == 0;
		memset(p, 0xff, 300);
	}
	check(zero && aligned, "arena: memory is zero and aligned");
	check(arena_alloc(&a, 1 << 20) != NULL, "arena: more than a block");
	check(strcmp(first, "first") == 0, "arena: pointers stay");
	check(strcmp(arena_printf(&a, "%d-%s", 7, "x"), "7-x") == 0, "arena: printf");
	arena_release(&a);
	check(!a.blocks, "arena: released");
}

static void test_strings(void)
{
	struct str s = { 0 };
	int *v = NULL;
	size_t n = 0;
	size_t cap = 0;
	size_t out = 5;

	for (int i = 0; i < 100; i++)
		str_printf(&s, "%d,", i);
	str_add(&s, "\0x", 2);
	check(s.len == 292 && strncmp(s.p, "0,1,2,", 6) == 0 && s.p[s.len] == 0, "str: grows");
	str_release(&s);
	for (int i = 0; i < 1000; i++) {
		VEC_GROW(v, n, &cap);
		v[n++] = i;
	}
	check(v[0] == 0 && v[999] == 999 && cap >= n, "vec: grows");
	free(v);
	check(!size_mul(SIZE_MAX / 2, 3, &out) && out == 5, "size_mul: overflow leaves the result");
	check(size_mul(SIZE_MAX, 0, &out) && out == 0 && size_mul(3, 7, &out) && out == 21,
	      "size_mul");
}

static bool is_int(const char *text, int64_t want)
{
	struct err e = { 0 };
	int64_t v = -99;

	return num_int(text, "n", INT64_MIN, INT64_MAX, &v, &e) == 0 && v == want;
}

static bool no_int(const char *text)
{
	struct err e = { 0 };
	int64_t v = -99;

	return num_int(text, "n", -5, 5, &v, &e) == -1 && v == -99 && err_is(&e);
}

static bool no_double(const char *text)
{
	struct err e = { 0 };
	double v;

	return num_double(text, "n", &v, &e) == -1 && err_is(&e);
}

static void test_numbers(void)
{
	static const double values[] = {
		0.1,  1.0 / 3,           1e300, 5e-324, 0x1p-1022, 123456789012345678.0, -0.0, 2.5,
		1e22, 9007199254740993.0
	};
	struct err e = { 0 };
	char text[32];
	bool same = true;
	double v;
	int64_t i;

	check(is_int("0", 0) && is_int("-12", -12) && is_int("9223372036854775807", INT64_MAX) &&
		  is_int("-9223372036854775808", INT64_MIN),
	      "num_int");
	check(no_int("") && no_int("-") && no_int(" 1") && no_int("1 ") && no_int("0x1") &&
		  no_int("+1") && no_int("1.0") && no_int("6") && no_int("-6") &&
		  no_int("99999999999999999999"),
	      "num_int: refused");
	num_int("7", "--batch", 1, 5, &i, &e);
	check(strcmp(e.msg, "--batch '7' is not between 1 and 5") == 0, "num_int: message");
	e.msg[0] = '\0';
	check(num_double("-1.5e3", "x", &v, &e) == 0 && v == -1500, "num_double");
	check(no_double("") && no_double("nan") && no_double("inf") && no_double("0x1p3") &&
		  no_double("1e999") && no_double("1,5") && no_double("1.5x") && no_double(" 1") &&
		  no_double("e"),
	      "num_double: refused");
	for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
		num_format(values[k], text);
		v = strtod(text, NULL);
		same = same && memcmp(&v, &values[k], sizeof v) == 0;
	}
	check(same, "num_format: reads back the same");
	num_format(0.1, text);
	check(strcmp(text, "0.1") == 0, "num_format: shortest");
	num_format(5e-324, text);
	check(strcmp(text, "5e-324") == 0, "num_format: shortest denormal");
}

static void test_errors(void)
{
	struct err e = { 0 };
	char longest[3000];

	check(!err_is(&e) && err_set(&e, "has %d values", 3) == -1 && err_is(&e), "err: set");
	err_set(&e, "another");
	err_in(&e, "layer '%s'", "conv1");
	err_hint(&e, "try %s", "x");
	check(strcmp(e.msg, "layer 'conv1': has 3 values (try x)") == 0, "err: context and hint");
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	for (int i = 0; i < 3; i++)
		err_in(&e, "%s", longest);
	check(strlen(e.msg) == ERR_MAX - 1, "err: a long message is cut");
	check(strlen(quote(longest)) == QUOTE_MAX + 3, "quote: a long name is cut");
	check(strcmp(quote("a\033[31m\n\x7f"), "a?[31m??") == 0, "quote: control characters");
	check(strcmp(quote("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
		     "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80") == 0,
	      "quote: UTF-8 stays");
	check(strcmp(quote("\xc3(\xff\xc0\xaf\xed\xa0\x80\xc2\x9b."), "?(??????"
								      "?.") == 0,
	      "quote: what is no UTF-8, overlong forms, surrogates, C1");
	check(quote("a") != quote("b"), "quote: several in one message");
}

static void test_random(void)
{
	struct rng a;
	struct rng b;
	double sum = 0;
	double squares = 0;
	bool inside = true;

	rng_init(&a, 7, "conv1");
	rng_init(&b, 7, "conv2");
	check(rng_u64(&a) != rng_u64(&b), "rng: names give different numbers");
	/* Known values of splitmix64 and xoshiro256**, from their definitions (computed apart). */
	rng_init(&a, 0, NULL);
	check(a.s[0] == 0xe220a8397b1dcdafu && a.s[1] == 0x6e789e6aa1b965f4u, "rng: splitmix64");
	a = (struct rng){ { 1, 2, 3, 4 } };
	check(rng_u64(&a) == 11520 && rng_u64(&a) == 0 && rng_u64(&a) == 1509978240,
	      "rng: xoshiro256**");
	for (int i = 0; i < 100000; i++) {
		double u = rng_uniform(&a);
		double g = rng_normal(&a);

		inside = inside && u >= 0 && u < 1;
		sum += g;
		squares += g * g;
	}
	check(inside, "rng: uniform in [0, 1)");
	check(fabs(sum / 1e5) < 0.02 && fabs(squares / 1e5 - 1) < 0.02, "rng: normal");
	check(hash_xxh3("", 0) == 0x2d06800538d394c2u, "hash: XXH3-64 of nothing");
}

static int piece(size_t i, void *ctx, struct err *e)
{
	int *seen = ctx;

	seen[i]++;
	return i == 41 || i == 77 ? err_set(e, "piece %zu", i) : 0;
}

static void test_loops(void)
{
	int seen[100];
	struct err e = { 0 };
	bool once = true;

	for (int round = 0; round < 50; round++) {
		memset(seen, 0, sizeof seen);
		e.msg[0] = '\0';
		if (par_for(100, piece, seen, &e) != -1 || strcmp(e.msg, "piece 41") != 0)
			once = false;
		for (int i = 0; i <= 41; i++)
			once = once && seen[i] == 1;
	}
	check(once, "par_for: the lowest failure is reported, every piece below it runs once");
	check(par_for(41, piece, seen, &e) == 0 && par_for(0, piece, seen, &e) == 0,
	      "par_for: success");
}

int main(void)
{
	test_cursor();
	test_arena();
	test_strings();
	test_numbers();
	test_errors();
	test_random();
	test_loops();
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
