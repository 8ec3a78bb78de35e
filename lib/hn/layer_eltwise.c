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

/* b can be repeated to a's shape: guide 5.5.10, cases 1 to 4. */
static bool broadcasts(const struct hn_shape *a, const struct hn_shape *b)
{
	const bool same_hw = a->h == b->h && a->w == b->w;
	const bool one_hw = b->h == 1 && b->w == 1;

	return (same_hw || one_hw) && (a->c == b->c || b->c == 1);
}

int shape_eltwise(struct layer *l, struct err *e)
{
	const struct hn_shape a = *layer_in_shape(l, 0);
	const struct hn_shape b = *layer_in_shape(l, 1);
	const int rank = a.rank > b.rank ? a.rank : b.rank;

	if (broadcasts(&a, &b))
		return shape_set(l, a.h, a.w, a.c, rank, e);
	if (broadcasts(&b, &a))
		return shape_set(l, b.h, b.w, b.c, rank, e);
	return err_set(e,
		       "its inputs %s and %s do not combine (equal shapes, or one of them with "
		       "one feature, one pixel or one value)",
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
