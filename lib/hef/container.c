/* The container around message and configuration words: big-endian header, exact lengths, checksum.
 */
#include "base/cursor.h"
#include "base/md5.h"
#include "base/rng.h"
#include "hef/hef_pb.h"
#include "io/crc.h"

#define HEF_MAGIC 0x01484546u
enum {
	FILE_LEAST = 56,
	PAGE = 4096,
	MAX_PROTO = 0x7fffffff
};

/* What differs between the versions of the header. */
static const struct {
	const char *digest_name;
	size_t size, digest;
	bool late; /* four reserved bytes come before the digest */
} heads[HEF_VERSIONS] = {
	/* clang-format off */
	{ "MD5",     32, 16, true },
	{ "CRC-32",  28,  4, false },
	{ "XXH3-64", 44,  8, false },
	{ "XXH3-64", 56,  8, false },
	/* clang-format on */
};

static void be(struct str *s, uint64_t v, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--) {
		uint8_t b = (uint8_t)(v >> (8 * i));
		str_add(s, &b, 1);
	}
}

/* Of all that follows the header, as the header has it. */
static void digest(uint32_t version, const void *body, size_t n, struct str *out)
{
	uint8_t sum[MD5_SIZE];

	if (version == HEF_MD5) {
		md5(body, n, sum);
		str_add(out, sum, sizeof sum);
	} else if (version == HEF_CRC32) {
		be(out, crc32_of(body, n), 4);
	} else {
		be(out, hash_xxh3(body, n), 8);
	}
}

/* Zeros that let the words of version 3 begin with a page of the file. */
static size_t padding(uint32_t version, size_t nproto)
{
	size_t over = (heads[version].size + nproto) % PAGE;

	return version == HEF_ALIGNED && over ? PAGE - over : 0;
}

void hef_join(uint32_t version, const void *proto, size_t nproto, const void *ccws, size_t nccws,
	      struct str *out)
{
	static const uint8_t zeros[PAGE];
	size_t npad = padding(version, nproto);
	struct str body = { 0 };

	str_add(&body, proto, nproto);
	str_add(&body, zeros, npad);
	if (version != HEF_MD5)
		str_add(&body, ccws, nccws);
	be(out, HEF_MAGIC, 4);
	be(out, version, 4);
	be(out, nproto, 4);
	if (heads[version].late)
		be(out, 0, 4);
	digest(version, body.p, body.len, out);
	if (version != HEF_MD5)
		be(out, npad + nccws, 8);
	if (version == HEF_ALIGNED) {
		be(out, npad, 4);
		be(out, 0, 8);
	}
	if (version != HEF_MD5)
		str_add(out, zeros, version == HEF_CRC32 ? 4 : 16);
	str_add(out, body.p, body.len);
	str_release(&body);
}

/* Lengths against what follows the header: nothing may be missing or left over. */
static int lengths(size_t body, uint64_t nproto, uint64_t nccws, uint64_t npad, uint64_t extra,
		   struct err *e)
{
	if (nproto > MAX_PROTO)
		return err_set(e, "rule length: a message of %llu bytes, less than 2 GiB allowed",
			       (unsigned long long)nproto);
	if (npad > nccws)
		return err_set(e, "rule padding: %llu bytes of padding in a section of %llu",
			       (unsigned long long)npad, (unsigned long long)nccws);
	if (nproto > body || nccws > body - nproto || extra > body - nproto - nccws ||
	    nproto + nccws + extra != body)
		return err_set(
		    e, "rule length: %zu bytes follow the header, it announces %llu + %llu + %llu",
		    body, (unsigned long long)nproto, (unsigned long long)nccws,
		    (unsigned long long)extra);
	return 0;
}

/* What a header announces. */
struct announced {
	uint64_t nproto, nccws, npad, extra;
	uint64_t proto_hash; /* version 3: of the message alone; 0: not given */
	uint64_t reserved;
	const uint8_t *digest;
};

static void read_head(struct cursor *c, uint32_t version, struct announced *a)
{
	a->nproto = cur_u32be(c);
	if (heads[version].late)
		a->reserved = cur_u32be(c);
	a->digest = cur_bytes(c, heads[version].digest);
	if (version != HEF_MD5)
		a->nccws = cur_u64be(c);
	if (version == HEF_CRC32)
		a->reserved = cur_u32be(c);
	if (version == HEF_ALIGNED) {
		a->npad = cur_u32be(c);
		a->extra = cur_u64be(c);
		a->proto_hash = cur_u64be(c);
		a->reserved = cur_u64be(c);
	}
	if (version == HEF_XXH3) {
		a->reserved = cur_u64be(c);
		a->reserved |= cur_u64be(c);
	}
}

static int checksums(const struct announced *a, uint32_t version, const uint8_t *body, size_t n,
		     struct err *e)
{
	struct str sum = { 0 };
	bool same;

	digest(version, body, n, &sum);
	same = memcmp(sum.p, a->digest, sum.len) == 0;
	str_release(&sum);
	if (!same || (a->proto_hash && a->proto_hash != hash_xxh3(body, (size_t)a->nproto)))
		return err_set(e, "rule checksum: the %s of the %s is not the header's",
			       heads[version].digest_name, same ? "message" : "file");
	if (a->reserved)
		return err_set(e, "rule reserved: a reserved word of the header is not zero");
	return 0;
}

int hef_split(const void *data, size_t n, struct hef_file *out, struct err *e)
{
	struct cursor c = cur_make(data, n, e);
	struct announced a = { 0 };
	const uint8_t *body;
	size_t head;

	if (n < FILE_LEAST)
		return err_set(e, "rule size: a file of %zu bytes, %d is the least", n, FILE_LEAST);
	if (cur_u32be(&c) != HEF_MAGIC)
		return err_set(e, "rule magic: not a HEF: it does not start with 01 48 45 46");
	out->version = cur_u32be(&c);
	if (out->version >= HEF_VERSIONS)
		return err_set(e, "rule version: header version %u, 0 to 3 exist", out->version);
	read_head(&c, out->version, &a);
	head = heads[out->version].size;
	body = (const uint8_t *)data + head;
	if (lengths(n - head, a.nproto, a.nccws, a.npad, a.extra, e) < 0 ||
	    checksums(&a, out->version, body, n - head, e) < 0)
		return -1;
	out->proto = body;
	out->nproto = (size_t)a.nproto;
	out->ccws = body + a.nproto + a.npad;
	out->nccws = (size_t)(a.nccws - a.npad);
	out->extra = a.extra;
	return 0;
}

struct hef *hef_parse(const void *data, size_t n, struct err *e)
{
	struct hef_file f;
	struct hef *h;
	Hef__Hef *m;

	if (hef_split(data, n, &f, e) < 0 || hef_wire_check(f.proto, f.nproto, e) < 0 ||
	    !(m = hef_pb_unpack(f.proto, f.nproto, e)))
		return NULL;
	h = xcalloc(1, sizeof *h);
	h->file = f;
	h->msg = m;
	return h;
}

void hef_free(struct hef *h)
{
	if (!h)
		return;
	hef_pb_free(h->msg);
	free(h);
}
