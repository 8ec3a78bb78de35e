/* Model scripts: what is understood is printed so that it is understood the same again. */
#include "alls/alls.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct alls *s = alls_parse("fuzz.alls", (const char *)data, size, &e);
	struct str first = { 0 }, second = { 0 };

	if (!s) {
		if (!err_is(&e))
			BUG("an error without a message");
		return 0;
	}
	alls_check(s, &e);
	alls_print(s, &first);
	alls_free(s);
	e = (struct err){ 0 };
	if (!(s = alls_parse("again.alls", first.p ? first.p : "", first.len, &e)))
		BUG("what was printed is not understood: %s", e.msg);
	alls_print(s, &second);
	alls_free(s);
	if (first.len != second.len || (first.len && memcmp(first.p, second.p, first.len) != 0))
		BUG("printed differently the second time");
	str_release(&first);
	str_release(&second);
	return 0;
}
