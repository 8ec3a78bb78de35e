/* What a boundary stream carries. */
#include "isa/isa.h"

static bool reads(const struct isa_layer *l, int32_t tensor)
{
	for (size_t i = 0; i < l->in.n; i++)
		if (l->in.v[i] == tensor)
			return true;
	return false;
}

enum hn_pack isa_stream_pack(const struct isa_prog *p, const struct isa_stream *s)
{
	for (size_t i = 0; i < p->nlayers && !s->output; i++) {
		const struct isa_layer *l = &p->layers[i];

		if (l->role == ISA_COMPUTE && l->q.type == HN_FORMAT_CONVERSION &&
		    l->q.geom.n == 2 && reads(l, s->tensor))
			return (enum hn_pack)l->q.geom.v[1];
	}
	return PACK_NONE;
}
