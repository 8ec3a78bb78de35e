/* maxpool, avgpool, global_avg_pool. */
#include "hn/layer.h"
#include "hn/window.h"

/* clang-format off */
const struct field fields_pool[] = {
	{ "kernel_shape", FIELD_HW4, PARAM(kernel), 0, FIELD_ALWAYS, NULL },
	FIELDS_WINDOW,
	{ "hnt_ceil_mode", FIELD_BOOL, PARAM(ceil_mode), 0, 0, NULL },
	{ "hnt_count_include_pad", FIELD_BOOL, PARAM(count_include_pad), 0, 0, NULL },
	FIELDS_ACT,
	FIELDS_END
};
/* clang-format on */

int shape_pool(struct layer *l, struct err *e)
{
	const struct hn_shape in = *layer_in_shape(l, 0);
	int64_t h, w;

	if (window_resolve(&l->p, &in, l->p.ceil_mode, &h, &w, e) < 0)
		return -1;
	return shape_set(l, h, w, in.c, 0, e);
}

int shape_global_pool(struct layer *l, struct err *e)
{
	return shape_set(l, 1, 1, layer_in_shape(l, 0)->c, 0, e);
}
