/* A programme without the names of what is inside the network. */
#include "base/mem.h"
#include "hn/names.h"
#include "isa/isa.h"

/* The scope stays: it tells the networks of a group apart. */
static void rename_to(char **name, const char *kind, size_t i)
{
	char *old = *name;

	*name = xasprintf("%.*s%s%zu", (int)(name_unscoped(old) - old), old, kind, i);
	free(old);
}

/* Does it leave or enter the device? */
static bool is_boundary(const struct isa_prog *p, size_t tensor)
{
	for (size_t i = 0; i < p->nstreams; i++)
		if ((size_t)p->streams[i].tensor == tensor)
			return true;
	return false;
}

void isa_strip(struct isa_prog *p)
{
	for (size_t i = 0; i < p->nlayers; i++) {
		rename_to(&p->layers[i].name, "part", i);
		rename_to(&p->layers[i].layer, "part", i);
	}
	for (size_t i = 0; i < p->ntensors; i++)
		if (!is_boundary(p, i))
			rename_to(&p->tensors[i].name, "tensor", i);
}
