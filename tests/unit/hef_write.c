/* HEFs of a programme made by hand: written, checked, and read back as the same programme. */
#include "hef/hef.h"
#include "prog.h"

static bool same_image(const struct isa_prog *a, const struct isa_prog *b)
{
	struct isa_image x, y;
	struct err e = { 0 };
	bool same;

	if (isa_encode(a, &x, &e) < 0 || isa_encode(b, &y, &e) < 0)
		return false;
	same = x.bytes.len == y.bytes.len && memcmp(x.bytes.p, y.bytes.p, x.bytes.len) == 0;
	isa_image_release(&x);
	isa_image_release(&y);
	return same;
}

static void round_trip(const char *name, const struct variant *v, const char *save)
{
	const struct hef_form *form = v->form ? v->form : &hef_form_default;
	struct isa_prog *p = make_prog(v), *back = NULL;
	struct str file = { 0 }, again = { 0 };
	struct err e = { 0 };
	struct hef *h = NULL;
	char what[1200];
	bool ok = isa_check(p, &e) == 0 && hef_write(p, NULL, form, &file, &e) == 0 &&
		  (h = hef_parse(file.p, file.len, &e)) && hef_check(h, &e) == 0 &&
		  (back = hef_programme(h, 0, &e)) && same_image(p, back);

	snprintf(what, sizeof what, "%s: %s", name, e.msg);
	check(ok, what);
	check(hef_write(p, NULL, form, &again, &e) == 0 && again.len == file.len &&
		  memcmp(again.p, file.p, file.len) == 0,
	      "the same programme gives the same bytes");
	if (save && file.len) {
		FILE *f = fopen(save, "wb");

		if (f) {
			fwrite(file.p, 1, file.len, f);
			fclose(f);
		}
	}
	str_release(&file);
	str_release(&again);
	hef_free(h);
	isa_free(back);
	isa_free(p);
}

/* Every combination of what hef_param(...) decides, for one and two contexts. */
static void forms(void)
{
	for (int i = 0; i < 128; i++) {
		struct hef_form f = hef_form_default;
		char name[80];

		f.version = (enum hef_version)(i & 3);
		f.compressed = i & 4;
		f.sequencer = i & 8;
		f.stripped = i & 16;
		f.channels = i & 32 ? 3 : 1;
		f.engines = i & 32 ? 2 : 1;
		snprintf(name, sizeof name, "form %d", i);
		round_trip(name, &(struct variant){ .form = &f, .contexts = i & 64 ? 2 : 0 }, NULL);
	}
	for (int version = 0; version < HEF_VERSIONS; version++) {
		struct hef_form f = { .version = (enum hef_version)version,
				      .ethernet = true,
				      .channels = 1,
				      .engines = 1 };

		round_trip("ethernet", &(struct variant){ .form = &f }, NULL);
	}
}

int main(int argc, char *argv[])
{
	bool save = argc > 1 && strcmp(argv[1], "save") == 0;

	round_trip("single", &(struct variant){ 0 }, save ? "single.hef" : NULL);
	round_trip("two contexts", &(struct variant){ .contexts = 2 }, save ? "multi.hef" : NULL);
	round_trip("partial", &(struct variant){ .partial = true }, save ? "partial.hef" : NULL);
	round_trip("partial, two contexts", &(struct variant){ .partial = true, .contexts = 2 },
		   save ? "partial_multi.hef" : NULL);
	round_trip("scale per feature", &(struct variant){ .per_feature = true },
		   save ? "feature.hef" : NULL);
	round_trip("ddr", &(struct variant){ .ddr = true }, save ? "ddr.hef" : NULL);
	round_trip("relay", &(struct variant){ .relay = true }, save ? "relay.hef" : NULL);
	round_trip("ddr, relay", &(struct variant){ .relay = true, .ddr = true },
		   save ? "ddr_relay.hef" : NULL);
	forms();
	round_trip("4-bit weights", &(struct variant){ .w_bits = 4 }, save ? "w4.hef" : NULL);
	return finish();
}
