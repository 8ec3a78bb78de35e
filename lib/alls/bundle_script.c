/* The script a stage follows. */
#include "alls/alls.h"
#include "io/bundle.h"

int alls_of_bundle(const struct bundle *b, const char *path, struct alls **s, struct err *e)
{
	const void *text;
	size_t n;
	char *file;

	*s = NULL;
	if (path)
		return (*s = alls_read(path, e)) ? 0 : -1;
	if (!(text = bundle_get(b, "alls", &n)))
		return 0;
	file = xasprintf("%s.alls", bundle_name(b));
	*s = alls_parse(file, text, n, e);
	free(file);
	return *s ? 0 : -1;
}
