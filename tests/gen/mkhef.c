/* mkhef FORM OUT: the HEF of a small programme made by hand (tests/unit/prog.h), in one of its
 * forms. */
#include "../unit/hef_message.h"

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

int main(int argc, char *argv[])
{
	const struct variant *v = NULL;
	struct str file = { 0 };
	struct message m;
	FILE *f;

	for (size_t i = 0; argc == 3 && i < sizeof forms / sizeof *forms; i++)
		if (strcmp(forms[i].name, argv[1]) == 0)
			v = &forms[i].v;
	if (!v) {
		fprintf(stderr, "usage: mkhef FORM OUT\n");
		return 2;
	}
	message_open(&m, v);
	if (strcmp(argv[1], "softmax") == 0)
		add_logits(&m, 1, 1);
	if (strcmp(argv[1], "foreign") == 0)
		spoil(&m);
	message_file(&m, &file);
	f = fopen(argv[2], "wb");
	if (!f || fwrite(file.p, 1, file.len, f) != file.len || fclose(f) != 0)
		return 1;
	str_release(&file);
	message_close(&m);
	return 0;
}
