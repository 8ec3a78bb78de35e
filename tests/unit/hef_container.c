/* The HEF container: header, checksum, version 3, and messages that protobuf would not survive. */
#include "hef_verdict.h"

static const struct variant single = { 0 };

static void container(const char *rule, size_t at, uint8_t flip)
{
	struct message t;
	struct err e;
	char what[1400];

	message_open(&t, &single);
	t.bytes.p[at] = (char)((uint8_t)t.bytes.p[at] ^ flip);
	e = verdict(t.bytes.p, t.bytes.len);
	snprintf(what, sizeof what, "byte %zu, rule %s: '%s'", at, rule, e.msg);
	check(names_rule(e.msg, rule), what);
	message_close(&t);
}

static void be(struct str *s, uint64_t v, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--) {
		char b = (char)(v >> (8 * i));

		str_add(s, &b, 1);
	}
}

/* The same message and words with a header of version 3 and `pad` bytes before the words. */
static void version_3(const char *rule, uint64_t pad, uint64_t announced)
{
	static const char zeros[64];
	struct message t;
	struct str body = { 0 };
	struct str file = { 0 };
	struct err e;
	char what[1400];

	message_open(&t, &single);
	str_add(&body, t.file.proto, t.file.nproto);
	str_add(&body, zeros, pad);
	str_add(&body, t.file.ccws, t.file.nccws);
	be(&file, 0x01484546, 4);
	be(&file, 3, 4);
	be(&file, t.file.nproto, 4);
	be(&file, hash_xxh3(body.p, body.len), 8);
	be(&file, pad + t.file.nccws, 8);
	be(&file, announced, 4);
	be(&file, 0, 8);
	be(&file, 0, 8);
	be(&file, 0, 8);
	str_add(&file, body.p, body.len);
	e = verdict(file.p, file.len);
	snprintf(what, sizeof what, "version 3, padding %d: '%s'", (int)announced, e.msg);
	check(rule ? names_rule(e.msg, rule) : !err_is(&e), what);
	str_release(&body);
	str_release(&file);
	message_close(&t);
}

/* The same programme with each checksum: any flip of a byte is found, the header has its size. */
static void each_version(void)
{
	static const size_t head[HEF_VERSIONS] = { 32, 28, 44, 56 };

	for (uint32_t v = 0; v < HEF_VERSIONS; v++) {
		struct hef_form form = hef_form_default;
		struct message t;
		size_t survived = 0, step;
		struct err e;

		form.version = (enum hef_version)v;
		message_open(&t, &(struct variant){ .form = &form });
		check(t.bytes.p[7] == (char)v && t.file.proto == (uint8_t *)t.bytes.p + head[v],
		      "version and size of the header");
		check(v != HEF_ALIGNED || (t.file.ccws - (uint8_t *)t.bytes.p) % 4096 == 0,
		      "words begin with a page");
		e = verdict(t.bytes.p, t.bytes.len);
		check(!err_is(&e), e.msg);
		for (size_t i = 0; i < t.bytes.len; i += step) {
			step = i < 64 ? 1 : 97;
			t.bytes.p[i] = (char)(t.bytes.p[i] ^ (1 << i % 8));
			e = verdict(t.bytes.p, t.bytes.len);
			survived += !err_is(&e);
			t.bytes.p[i] = (char)(t.bytes.p[i] ^ (1 << i % 8));
		}
		check(survived == 0, "a flip of a byte is an error");
		message_close(&t);
	}
}

static void every_byte_counts(void)
{
	struct message t;
	size_t survived = 0, longer = 0;

	message_open(&t, &single);
	for (size_t i = 0; i < t.bytes.len; i++) {
		struct err e;

		t.bytes.p[i] = (char)(t.bytes.p[i] ^ (1 << i % 8));
		e = verdict(t.bytes.p, t.bytes.len);
		survived += !err_is(&e);
		t.bytes.p[i] = (char)(t.bytes.p[i] ^ (1 << i % 8));
	}
	check(survived == 0, "a flip of any byte is an error");
	for (size_t n = 0; n < t.bytes.len; n += 1 + n / 50) {
		struct err e = verdict(t.bytes.p, n);

		longer += !err_is(&e);
	}
	check(longer == 0, "a truncated file is an error");
	message_close(&t);
}

static void put(struct str *s, const char *bytes, size_t n)
{
	str_add(s, bytes, n);
}

/* Messages that protobuf would not survive or that hide something. */
static void wire(const char *rule, const char *proto, size_t n)
{
	struct str file = { 0 };
	struct err e;
	char what[1400];

	hef_join(HEF_XXH3, proto, n, "12345678901234567890", 16, &file);
	e = verdict(file.p, file.len);
	snprintf(what, sizeof what, "message, rule %s: '%s'", rule, e.msg);
	check(names_rule(e.msg, rule), what);
	str_release(&file);
}

/* A mux in a mux in a mux ... */
static void deep(void)
{
	struct str m = { 0 };

	for (int i = 0; i < 121; i++) {
		struct str outer = { 0 };

		/* alternating Edge.layer_mux (2) and EdgeLayerMux.predecessors (5) */
		str_printf(&outer, "%c", i % 2 ? 0x12 : 0x2a);
		for (size_t n = m.len;; n >>= 7) {
			char b = (char)((n & 127) | (n > 127 ? 128 : 0));

			put(&outer, &b, 1);
			if (n <= 127)
				break;
		}
		put(&outer, m.p, m.len);
		str_release(&m);
		m = outer;
	}
	{
		/* Hef.network_groups.contexts.metadata.edge_layers.layer_mux */
		static const char path[] = { 0x22, 0x12, 0x1a, 0x1a, 0x12 };

		for (size_t k = 0; k < sizeof path; k++) {
			struct str outer = { 0 };

			put(&outer, &path[k], 1);
			for (size_t n = m.len;; n >>= 7) {
				char b = (char)((n & 127) | (n > 127 ? 128 : 0));

				put(&outer, &b, 1);
				if (n <= 127)
					break;
			}
			put(&outer, m.p, m.len);
			str_release(&m);
			m = outer;
		}
	}
	wire("depth", m.p, m.len);
	str_release(&m);
}

int main(void)
{
	container("magic", 0, 1);
	container("version", 7, 4);
	container("length", 7, 3); /* as version 1, its length is another */
	container("length", 11, 1);
	container("checksum", 12, 1);
	container("checksum", 100, 1);
	container("length", 27, 1);
	container("reserved", 28, 1);
	container("reserved", 43, 1);
	every_byte_counts();
	each_version();
	version_3(NULL, 0, 0);
	version_3(NULL, 40, 40);
	version_3("padding", 40, UINT32_MAX);
	version_3("ccw-words", 40, 32);
	wire("wire", "\x0a\x7f", 2);
	wire("wire", "\x07", 1);
	wire("wire", "\x0d\x01\x02\x03\x04", 5);
	wire("duplicate", "\x0a\x02\x20\x01\x0a\x02\x20\x01", 8);
	wire("nul", "\x0a\x05\x1a\x03\x61\x00\x62", 7);
	deep();
	return finish();
}
