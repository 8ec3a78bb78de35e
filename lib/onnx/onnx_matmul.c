/* MatMul and Gemm as matrix products. */
#include "onnx/onnx_int.h"

/* The operands' dimensions as onnx_product wants them, and where those of the result come from. */
struct matrices {
	int shared, own[2]; /* numbers of dimensions beside the matrices */
	int pick[2][LIMIT_RANK];
	int at[LIMIT_RANK]; /* of the result's leading dimensions: place, or 100 i + place in own */
};

static int broadcast(const struct onnx_factor x[2], int lead, struct matrices *m, struct err *e)
{
	int list[3][LIMIT_RANK]; /* shared, own of x[0], own of x[1] */

	for (int d = 0; d < lead; d++) {
		const int64_t s0 = onnx_factor_size(&x[0], d), s1 = onnx_factor_size(&x[1], d);

		if (s0 != s1 && s0 != 1 && s1 != 1)
			return err_set(e, "dimension %d of its inputs is %lld and %lld", d,
				       (long long)s0, (long long)s1);
		if (s0 == s1) {
			m->at[d] = m->shared;
			list[0][m->shared++] = d;
		} else {
			const int i = s0 == 1;

			m->at[d] = 100 * (i + 1) + m->own[i];
			list[1 + i][m->own[i]++] = d;
		}
	}
	for (int i = 0; i < 2; i++) {
		memcpy(m->pick[i], list[0], sizeof list[0]);
		memcpy(m->pick[i] + m->shared, list[1 + i], (size_t)m->own[i] * sizeof(int));
	}
	return 0;
}

int onnx_matrices(struct build *b, struct onnx_factor x[2], float scale, struct im_value *out,
		  struct err *e)
{
	const bool vector[2] = { onnx_factor_rank(&x[0]) == 1, onnx_factor_rank(&x[1]) == 1 };
	struct matrices m = { .shared = 0 };
	int perm[LIMIT_RANK], rank, lead;

	for (int i = 0; i < 2; i++) {
		if (onnx_factor_rank(&x[i]) < 1)
			return err_set(e, "its operand %d is a number", i);
		if (vector[i])
			onnx_factor_unsqueeze(&x[i], i);
	}
	for (int i = 0; i < 2; i++)
		while (onnx_factor_rank(&x[i]) < onnx_factor_rank(&x[1 - i]))
			onnx_factor_unsqueeze(&x[i], 0);
	rank = onnx_factor_rank(&x[0]);
	lead = rank - 2;
	if (onnx_factor_size(&x[0], lead + 1) != onnx_factor_size(&x[1], lead))
		return err_set(e, "its matrices are %lldx%lld and %lldx%lld",
			       (long long)onnx_factor_size(&x[0], lead),
			       (long long)onnx_factor_size(&x[0], lead + 1),
			       (long long)onnx_factor_size(&x[1], lead),
			       (long long)onnx_factor_size(&x[1], lead + 1));
	if (broadcast(x, lead, &m, e) < 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		int n = m.shared + m.own[i];

		m.pick[i][n++] = lead + i;     /* rows of the first, columns of the second */
		m.pick[i][n++] = lead + 1 - i; /* the sum */
		onnx_factor_pick(&x[i], m.pick[i], n);
		x[i].own = m.own[i] + 1;
	}
	if (onnx_product(b, x, m.shared, 1, scale, out, e) < 0)
		return -1;
	/* shared, own of x[0], its rows, own of x[1], its columns: back into the order of ONNX. */
	for (int d = 0; d < lead; d++)
		perm[d] = m.at[d] < 100   ? m.at[d]
			  : m.at[d] < 200 ? m.shared + m.at[d] - 100
					  : m.shared + m.own[0] + 1 + m.at[d] - 200;
	perm[lead] = m.shared + m.own[0];
	perm[lead + 1] = m.shared + m.own[0] + m.own[1] + 1;
	view_transpose(&out->view, perm);
	if (vector[1])
		view_squeeze(&out->view, lead + 1);
	if (vector[0])
		view_squeeze(&out->view, lead);
	return 0;
}
