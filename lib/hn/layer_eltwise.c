/* ew_add, ew_sub, ew_mult, ew_div, ew_max, ew_min; matmul. */
#include "hn/layer.h"

/* clang-format off */
const struct field fields_eltwise[] = {
	FIELDS_ACT,
	{ "hnt_scalar", FIELD_FLOAT, PARAM(scalar), 0, 0, NULL },
	FIELDS_END
};

const struct field fields_matmul[] = {
	{ "transpose_matmul_input", FIELD_FLAG, PARAM(variant), 0, 0, NULL },
	{ "groups", FIELD_INT, PARAM(groups), 0, 0, NULL },
	FIELDS_ACT,
	FIELDS_END
};
/* clang-format on */

/* Lengths of one axis together: equal, or one of them 1; 0: neither. */
static int32_t joint(int32_t a, int32_t b)
{
	return a == b || b == 1 ? a : a == 1 ? b : 0;
}

/*
 * Each input is repeated along every axis that it has once and the other has longer: guide 5.5.10,
 * and both at the same time (H x 1 x F with 1 x W x F).
 */
int shape_eltwise(struct layer *l, struct err *e)
{
	const struct hn_shape a = *layer_in_shape(l, 0);
	const struct hn_shape b = *layer_in_shape(l, 1);
	const int32_t h = joint(a.h, b.h), w = joint(a.w, b.w), c = joint(a.c, b.c);

	if (h && w && c)
		return shape_set(l, h, w, c, a.rank > b.rank ? a.rank : b.rank, e);
	return err_set(e,
		       "its inputs %s and %s do not combine (along each axis they must be equal, "
		       "or one of them 1)",
		       hn_shape_text(&a), hn_shape_text(&b));
}

/*
 * Z = X Y for every row and group: with K = a.c / groups and N features a group of the result,
 * out[h][i][g N + j] = sum over k of a[h][i][g K + k] y, where y is b[h][k][g N + j], or
 * b[h][j][g K + k] when the second input is transposed.
 */
int shape_matmul(struct layer *l, struct err *e)
{
	const struct hn_shape a = *layer_in_shape(l, 0);
	const struct hn_shape b = *layer_in_shape(l, 1);
	const int32_t groups = l->p.groups;
	const bool fits = l->p.variant ? b.c == a.c : b.w == a.c / groups;

	if (a.c % groups || b.c % groups)
		return err_set(e, "its inputs %s and %s do not divide into %d groups",
			       hn_shape_text(&a), hn_shape_text(&b), groups);
	if (a.h != b.h || !fits)
		return err_set(e, "its inputs %s and %s do not multiply", hn_shape_text(&a),
			       hn_shape_text(&b));
	return shape_set(l, a.h, a.w, l->p.variant ? (int64_t)b.w * groups : b.c, 0, e);
}
