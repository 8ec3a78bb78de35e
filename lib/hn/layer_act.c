/* activation, batch_norm, normalization, layer_normalization: their shapes are their input's. */
#include "hn/layer.h"

/* clang-format off */
const struct field fields_act[] = {
	FIELDS_ACT,
	{ "hnt_scalar", FIELD_FLOAT, PARAM(scalar), 0, 0, NULL },
	FIELDS_END
};

const struct field fields_bn[] = {
	{ "hnt_bn_epsilon", FIELD_FLOAT, PARAM(bn_epsilon), 0, 0, NULL },
	FIELDS_ACT,
	FIELDS_END
};
/* clang-format on */
