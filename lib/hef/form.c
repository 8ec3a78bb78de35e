/* What a script decides about the form of the HEF: hef_param(...), platform_param(targets=...). */
#include "alls/alls.h"
#include "hef/hef.h"

const struct hef_form hef_form_default = {
	.version = HEF_XXH3, .compressed = true, .sequencer = true, .channels = 1, .engines = 1
};

static const struct {
	const char *name;
	enum hef_version version;
} signatures[] = { { "md5", HEF_MD5 }, { "crc32", HEF_CRC32 }, { "xxhash3_64", HEF_XXH3 } };

/* The header has one version: what shares configurations has XXH3-64 and words in whole pages. */
static int version(const struct alls_stmt *st, struct hef_form *f, struct err *e)
{
	const char *name = alls_get_text(st, "hef_signature");
	int shared = alls_get_switch(st, "share_config");

	for (size_t i = 0; name && i < sizeof signatures / sizeof *signatures; i++)
		if (strcmp(signatures[i].name, name) == 0)
			f->version = signatures[i].version;
	if (shared == 0 && f->version == HEF_ALIGNED)
		f->version = HEF_XXH3;
	if (shared != 1)
		return 0;
	if (f->version < HEF_XXH3) {
		err_set(e, "share_config needs hef_signature=xxhash3_64");
		return alls_in(st, e);
	}
	f->version = HEF_ALIGNED;
	return 0;
}

static void take_switch(const struct alls_stmt *st, const char *name, bool *on)
{
	int v = alls_get_switch(st, name);

	if (v >= 0)
		*on = v == 1;
}

static int hef_param(const struct alls_stmt *st, struct hef_form *f, struct err *e)
{
	take_switch(st, "should_use_sequencer", &f->sequencer);
	take_switch(st, "params_load_time_compression", &f->compressed);
	take_switch(st, "strip_mapping_info", &f->stripped);
	f->channels = (uint32_t)alls_get_int(st, "cfg_channel_count", (int)f->channels);
	f->engines = (uint32_t)alls_get_int(st, "dma_engine_count", (int)f->engines);
	return version(st, f, e);
}

int hef_form_read(const struct alls *s, struct hef_form *f, struct err *e)
{
	for (size_t i = 0; s && i < s->nstmts; i++) {
		const struct alls_stmt *st = &s->stmts[i];

		if (alls_is(st, "hef_param", NULL) && hef_param(st, f, e) < 0)
			return -1;
		if (alls_is(st, "platform_param", NULL) && alls_get(st, "targets"))
			f->ethernet = true;
	}
	if (f->ethernet)
		f->sequencer = f->compressed = false;
	return 0;
}
