/* Layer types and activations: names and predicates from the two lists. */
#include "hn/hn.h"

struct type_row {
	const char *name;
	const char *family;
	unsigned flags;
	unsigned char min_in;
	unsigned char max_in; /* 0: any number, if there must be one */
};

static const struct type_row types[HN_TYPE_COUNT] = {
#define LAYER(id, name, min_in, max_in, flags, family) { name, family, flags, min_in, max_in },
#include "hn/layers.def"
#undef LAYER
};

struct act_row {
	const char *name;
	bool clip;
};

static const struct act_row acts[ACT_COUNT] = {
#define ACT(id, name, clip, formula) { name, clip },
#include "hn/activations.def"
#undef ACT
};

const char *hn_type_name(enum hn_type t)
{
	return types[t].name;
}

int hn_type_from_name(const char *name)
{
	for (int i = 0; i < HN_TYPE_COUNT; i++)
		if (strcmp(types[i].name, name) == 0)
			return i;
	return -1;
}

bool hn_is(enum hn_type t, unsigned flags)
{
	return (types[t].flags & flags) == flags;
}

const char *hn_type_family(enum hn_type t)
{
	return types[t].family;
}

void hn_type_inputs(enum hn_type t, size_t *min, size_t *max)
{
	*min = types[t].min_in;
	*max = types[t].max_in || types[t].min_in == 0 ? types[t].max_in : SIZE_MAX;
}

const char *hn_act_name(enum hn_act a)
{
	return acts[a].name;
}

int hn_act_from_name(const char *name)
{
	for (int i = 0; i < ACT_COUNT; i++)
		if (strcmp(acts[i].name, name) == 0)
			return i;
	return -1;
}

bool hn_act_is_clip(enum hn_act a)
{
	return acts[a].clip;
}
