/* mkhef [-i] FORM OUT: the HEF of a small programme made by hand (tests/unit/prog.h), in one of its
 * forms; with -i the programme alone, as the configuration words have it.  mkhef -i FILE.hef OUT:
 * the programme of the first group of that file. */
#include "../unit/hef_message.h"
#include "base/outfile.h"

#define FORM(v)                                                                                    \
	{                                                                                          \
		.version = v, .compressed = true, .sequencer = true, .channels = 1, .engines = 1   \
	}
static const struct hef_form md5_form = FORM(HEF_MD5), crc32_form = FORM(HEF_CRC32),
			     aligned = FORM(HEF_ALIGNED),
			     plain = { .version = HEF_XXH3, .channels = 3, .engines = 2 },
			     ethernet = { .version = HEF_XXH3,
					  .ethernet = true,
					  .channels = 1,
					  .engines = 1 };

static const struct {
	const char *name;
	struct variant v;
} forms[] = {
	/* clang-format off */
	{ "single",   { 0 } },
	{ "contexts", { .contexts = 2 } },
	{ "partial",  { .partial = true } },
	{ "feature",  { .per_feature = true } },
	{ "ddr",      { .ddr = true } },
	{ "deadlock", { .skip = 1 } },
	{ "w4",       { .w_bits = 4 } },
	{ "packed",   { .packed = true } },
	{ "relay",    { .relay = true } },
	{ "relay_ddr", { .relay = true, .ddr = true } },
	{ "md5",      { .contexts = 2, .form = &md5_form } },
	{ "crc32",    { .contexts = 2, .form = &crc32_form } },
	{ "aligned",  { .contexts = 2, .form = &aligned } },
	{ "plain",    { .contexts = 2, .form = &plain } },
	{ "ethernet", { .form = &ethernet } },
	{ "softmax",  { 0 } },
	{ "foreign",  { 0 } },
	/* clang-format on */
};

/* Words that are well formed, but no programme of ours. */
static void spoil(struct message *t)
{
	Hef__Operation *o = core(t)->preliminary_config->operation[0];

	for (size_t i = 0; i < o->n_actions; i++)
		o->actions[i]->kind_case = HEF__ACTION__KIND_NONE;
	for (size_t i = 0; i < o->n_actions; i++) {
		NEW(none, Hef__Empty, hef__empty);
		o->actions[i]->none = none;
	}
}

static void hef_of(const char *form, const struct variant *v, struct str *out)
{
	struct message m;

	message_open(&m, v);
	if (strcmp(form, "softmax") == 0)
		add_logits(&m, 1, 1);
	if (strcmp(form, "foreign") == 0)
		spoil(&m);
	message_file(&m, out);
	message_close(&m);
}

static struct isa_prog *programme_of(const char *path)
{
	struct err e = { 0 };
	size_t n;
	void *data = read_file(path, 1 << 20, &n, &e);
	struct hef *h = data ? hef_parse(data, n, &e) : NULL;
	struct isa_prog *p = h && hef_check(h, &e) == 0 ? hef_programme(h, 0, &e) : NULL;

	if (!p)
		fprintf(stderr, "mkhef: %s: %s\n", path, e.msg);
	hef_free(h);
	free(data);
	return p;
}

static int image_of(struct isa_prog *p, struct str *out)
{
	struct err e = { 0 };
	struct isa_image im;
	int r = p ? isa_encode(p, &im, &e) : -1;

	if (r == 0) {
		str_add(out, im.bytes.p, im.bytes.len);
		isa_image_release(&im);
	}
	isa_free(p);
	return r;
}

int main(int argc, char *argv[])
{
	const struct variant *v = NULL;
	bool image = argc == 4 && strcmp(argv[1], "-i") == 0;
	const char *form = argc == 3 + image ? argv[1 + image] : "";
	struct str file = { 0 };
	FILE *f;

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (strcmp(forms[i].name, form) == 0)
			v = &forms[i].v;
	if (!v && !(image && strchr(form, '.'))) {
		fprintf(stderr, "usage: mkhef [-i] FORM OUT\n");
		return 2;
	}
	if (!image)
		hef_of(form, v, &file);
	else if (image_of(v ? make_prog(v) : programme_of(form), &file) < 0)
		return 1;
	f = fopen(argv[2 + image], "wb");
	if (!f || fwrite(file.p, 1, file.len, f) != file.len || fclose(f) != 0)
		return 1;
	str_release(&file);
	return 0;
}
