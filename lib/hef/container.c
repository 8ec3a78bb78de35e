/* The container around message and configuration words: big-endian header, exact lengths, XXH3-64.
 */
#include "base/cursor.h"
#include "base/rng.h"
#include "hef/hef_pb.h"

#define HEF_MAGIC 0x01484546u
enum {
	HEAD_V2 = 44,
	HEAD_V3 = 56,
	MAX_PROTO = 0x7fffffff
};

static void be(struct str *s, uint64_t v, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--) {
		uint8_t b = (uint8_t)(v >> (8 * i));
		str_add(s, &b, 1);
	}
}

void hef_join(const void *proto, size_t nproto, const void *ccws, size_t nccws, struct str *out)
{
	struct str body = { 0 };

	str_add(&body, proto, nproto);
	str_add(&body, ccws, nccws);
	be(out, HEF_MAGIC, 4);
	be(out, 2, 4);
	be(out, nproto, 4);
	be(out, hash_xxh3(body.p, body.len), 8);
	be(out, nccws, 8);
	be(out, 0, 8);
	be(out, 0, 8);
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

int hef_split(const void *data, size_t n, struct hef_file *out, struct err *e)
{
	struct cursor c = cur_make(data, n, e);
	const uint8_t *body;
	uint64_t nproto, hash, nccws, npad = 0, extra = 0, reserved;
	size_t head;

	if (n < HEAD_V3)
		return err_set(e, "rule size: a file of %zu bytes, %d is the least", n, HEAD_V3);
	if (cur_u32be(&c) != HEF_MAGIC)
		return err_set(e, "rule magic: not a HEF: it does not start with 01 48 45 46");
	out->version = cur_u32be(&c);
	if (out->version == 0 || out->version == 1)
		return err_set(e, "rule version: header version %u of old compilers is not read",
			       out->version);
	if (out->version > 3)
		return err_set(e, "rule version: header version %u, 0 to 3 exist", out->version);
	nproto = cur_u32be(&c);
	hash = cur_u64be(&c);
	nccws = cur_u64be(&c);
	if (out->version == 3) {
		npad = cur_u32be(&c);
		extra = cur_u64be(&c);
	}
	reserved = cur_u64be(&c);
	reserved |= cur_u64be(&c);
	head = out->version == 3 ? HEAD_V3 : HEAD_V2;
	body = (const uint8_t *)data + head;
	if (lengths(n - head, nproto, nccws, npad, extra, e) < 0)
		return -1;
	if (hash != hash_xxh3(body, n - head))
		return err_set(e, "rule checksum: the XXH3-64 of the file is not the header's");
	if (reserved)
		return err_set(e, "rule reserved: a reserved word of the header is not zero");
	out->proto = body;
	out->nproto = (size_t)nproto;
	out->ccws = body + nproto + npad;
	out->nccws = (size_t)(nccws - npad);
	out->extra = extra;
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
