/* A programme without the names of what is inside the network. */
#include "base/mem.h"
#include "isa/isa.h"

static void rename_to(char **name, const char *net, const char *kind, size_t i)
{
	free(*name);
	*name = xasprintf("%s/%s%zu", net, kind, i);
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
		rename_to(&p->layers[i].name, p->net, "part", i);
		rename_to(&p->layers[i].layer, p->net, "part", i);
	}
	for (size_t i = 0; i < p->ntensors; i++)
		if (!is_boundary(p, i))
			rename_to(&p->tensors[i].name, p->net, "tensor", i);
}
