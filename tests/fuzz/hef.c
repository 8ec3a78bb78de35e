/* The HEF reader on any bytes: the checker must never crash, what passes is described and decoded,
 * and the decoded programme encodes again to the same. */
#include "hef/hef.h"

#include "base/md5.h"
#include "base/mem.h"
#include "base/rng.h"
#include "io/crc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
extern size_t fuzz_read;
size_t fuzz_read;

static void put_hash(uint8_t *file, size_t n)
{
	static const size_t heads[] = { 32, 28, 44, 56 };
	uint32_t version = n > 56 ? file[7] : 4;
	uint8_t sum[MD5_SIZE];
	uint64_t h;

	if (version > 3)
		return;
	if (version == 0) {
		md5(file + heads[0], n - heads[0], sum);
		memcpy(file + 16, sum, sizeof sum);
		return;
	}
	h = version == 1 ? (uint64_t)crc32_of(file + heads[1], n - heads[1]) << 32
			 : hash_xxh3(file + heads[version], n - heads[version]);
	for (int i = 0; i < (version == 1 ? 4 : 8); i++)
		file[12 + i] = (uint8_t)(h >> (56 - 8 * i));
}

static void programme(const struct hef *h)
{
	struct err e = { 0 };
	struct isa_prog *p = hef_programme(h, 0, &e);
	struct isa_prog *q = NULL;
	struct isa_image im;

	if (!p)
		return;
	fuzz_read++;
	if (isa_encode(p, &im, &e) < 0 || !(q = isa_decode(im.bytes.p, im.bytes.len, &e)))
		abort();
	for (int which = PART_BEFORE; which <= PART_BEHIND; which += PART_BEHIND - PART_BEFORE) {
		struct graph *g = hef_part(h, 0, p, (enum graph_part)which, &e);

		if (!g && !err_is(&e))
			abort();
		graph_free(g);
		e = (struct err){ 0 };
	}
	isa_image_release(&im);
	isa_free(p);
	isa_free(q);
}

static void image(const uint8_t *data, size_t n)
{
	struct err e = { 0 };
	struct isa_prog *p = isa_decode(data, n, &e);

	if (!p && !err_is(&e))
		abort();
	fuzz_read += p != NULL;
	isa_free(p);
}

/* The checksum is made right, so that changes reach what lies behind it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *file = xmalloc(n + 1);
	struct err e = { 0 };
	struct str text = { 0 };
	struct hef *h;

	memcpy(file, data, n);
	put_hash(file, n);
	h = hef_parse(file, n, &e);
	if (h && hef_check(h, &e) == 0) {
		if (hef_info(h, true, true, &text, &e) < 0 || !text.len)
			abort();
		programme(h);
	} else if (!err_is(&e)) {
		abort();
	}
	if (n > 8 && memcmp(data, "HNIS", 4) == 0)
		image(data, n);
	hef_free(h);
	str_release(&text);
	free(file);
	return 0;
}
