/* The HEF reader on any bytes: the checker must never crash, what passes is described and decoded,
 * and the decoded programme encodes again to the same. */
#include "hef/hef.h"

#include "base/mem.h"
#include "base/rng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void put_hash(uint8_t *file, size_t n, size_t head)
{
	uint64_t h = hash_xxh3(file + head, n - head);

	for (int i = 0; i < 8; i++)
		file[12 + i] = (uint8_t)(h >> (56 - 8 * i));
}

static void programme(const struct hef *h)
{
	struct err e = { 0 };
	struct isa_prog *p = hef_programme(h, &e);
	struct isa_prog *q = NULL;
	struct isa_image im;

	if (!p)
		return;
	if (isa_encode(p, &im, &e) < 0 || !(q = isa_decode(im.bytes.p, im.bytes.len, &e)))
		abort();
	for (int which = PART_BEFORE; which <= PART_BEHIND; which += PART_BEHIND - PART_BEFORE) {
		struct graph *g = hef_part(h, p, (enum graph_part)which, &e);

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
	if (n > 56 && file[7] == 2)
		put_hash(file, n, 44);
	else if (n > 56 && file[7] == 3)
		put_hash(file, n, 56);
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
