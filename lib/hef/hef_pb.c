/* The door to protobuf-c. */
#include "hef/hef_pb.h"
#include "base/mem.h"

Hef__Hef *hef_pb_unpack(const void *proto, size_t n, struct err *e)
{
	Hef__Hef *m = hef__hef__unpack(NULL, n, proto);

	if (!m)
		err_set(e, "rule wire: the message cannot be decoded");
	return m;
}

void hef_pb_free(Hef__Hef *m)
{
	hef__hef__free_unpacked(m, NULL);
}

void hef_pb_pack(const Hef__Hef *m, struct str *out)
{
	size_t n = hef__hef__get_packed_size(m);
	void *p = xmalloc(n);

	hef__hef__pack(m, p);
	str_add(out, p, n);
	free(p);
}
