/* What some layers have left for the others, kept aside. */
#include "emu/emu_int.h"

/* A part of the planned memory that layers before `at` write and later ones read. */
static bool is_live(const struct emu *m, size_t v, size_t at)
{
	const struct value *it = &m->values[v];

	return it->root == v && !it->external && it->first < at && it->last >= at;
}

void *emu_save(const struct emu *m, size_t at)
{
	size_t bytes = 0;
	unsigned char *saved, *to;

	for (size_t v = 0; v < m->nvalues; v++)
		bytes += is_live(m, v, at) ? m->values[v].bytes : 0;
	saved = to = xaligned(bytes);
	for (size_t v = 0; v < m->nvalues; v++) {
		const struct value *it = &m->values[v];

		if (!is_live(m, v, at))
			continue;
		memcpy(to, (const unsigned char *)m->memory + it->offset, it->bytes);
		to += it->bytes;
	}
	return saved;
}

void emu_restore(struct emu *m, size_t at, const void *saved)
{
	const unsigned char *from = saved;

	for (size_t v = 0; v < m->nvalues; v++) {
		const struct value *it = &m->values[v];

		if (!is_live(m, v, at))
			continue;
		memcpy((unsigned char *)m->memory + it->offset, from, it->bytes);
		from += it->bytes;
	}
}
