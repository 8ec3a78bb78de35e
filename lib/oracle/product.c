/* MatMul, Gemm, Einsum: sums of products, in double. */
#include "oracle/oracle_int.h"

enum {
	ROWS = 4,   /* rows of a tile */
	COLS = 64,  /* columns of a tile */
	LABELS = 52 /* letters of an equation */
};

/* A tile: every sum runs over k in order, so that tiles do not show in the result. */
static void tile(int64_t rows, int64_t cols, int64_t k, const float *a, const float *b, int64_t ldb,
		 float *c, int64_t ldc)
{
	double sum[ROWS][COLS] = { 0 };

	for (int64_t i = 0; i < k; i++)
		for (int64_t r = 0; r < rows; r++) {
			const double v = (double)a[r * k + i];

			for (int64_t j = 0; j < cols; j++)
				sum[r][j] += v * (double)b[i * ldb + j];
		}
	for (int64_t r = 0; r < rows; r++)
		for (int64_t j = 0; j < cols; j++)
			c[r * ldc + j] = (float)sum[r][j];
}

/* The common case, with bounds that the compiler knows. */
static void full_tile(int64_t k, const float *a, const float *b, int64_t ldb, float *c, int64_t ldc)
{
	double sum[ROWS][COLS] = { 0 };

	for (int64_t i = 0; i < k; i++) {
		const float *row = b + i * ldb;

		for (int r = 0; r < ROWS; r++) {
			const double v = (double)a[r * k + i];

#pragma omp simd
			for (int j = 0; j < COLS; j++)
				sum[r][j] += v * (double)row[j];
		}
	}
	for (int r = 0; r < ROWS; r++)
		for (int j = 0; j < COLS; j++)
			c[r * ldc + j] = (float)sum[r][j];
}

void or_gemm(int64_t m, int64_t n, int64_t k, const float *a, const float *b, float *c, int64_t ldc)
{
	for (int64_t j = 0; j < n; j += COLS)
		for (int64_t i = 0; i < m; i += ROWS) {
			const int64_t rows = m - i < ROWS ? m - i : ROWS;
			const int64_t cols = n - j < COLS ? n - j : COLS;

			if (rows == ROWS && cols == COLS)
				full_tile(k, a + i * k, b + j, n, c + i * ldc + j, ldc);
			else
				tile(rows, cols, k, a + i * k, b + j, n, c + i * ldc + j, ldc);
		}
}

/* Rows in parallel: the result does not depend on how they are shared. */
static void gemm_rows(int64_t m, int64_t n, int64_t k, const float *a, const float *b, float *c)
{
	const int64_t blocks = (m + ROWS - 1) / ROWS;

#pragma omp parallel for schedule(static)
	for (int64_t i = 0; i < blocks; i++) {
		const int64_t at = i * ROWS;

		or_gemm(m - at < ROWS ? m - at : ROWS, n, k, a + at * k, b, c + at * n, n);
	}
}

/* A vector counts as a matrix of one row, or of one column. */
struct matrix {
	int64_t rows, cols;
	struct tensor batch; /* rank and dim alone: the dimensions before */
};
static struct matrix matrix_of(const struct tensor *t, bool second)
{
	struct matrix m = { 1, 1, *t };

	m.batch.rank = t->rank > 2 ? t->rank - 2 : 0;
	m.cols = t->rank == 1 && second ? 1 : t->dim[t->rank - 1];
	m.rows = t->rank > 1 ? t->dim[t->rank - 2] : second ? t->dim[0] : 1;
	return m;
}

int or_matmul(struct or_node *x, struct err *e)
{
	const struct tensor *a = or_in_f(x, 0, e), *b = a ? or_in_f(x, 1, e) : NULL;
	int64_t dim[LIMIT_RANK], step[2][LIMIT_RANK], at[LIMIT_RANK] = { 0 };
	struct matrix m[2];
	int rank, batch;
	float *y;

	if (!b)
		return -1;
	if (a->rank == 0 || b->rank == 0)
		return err_set(e, "a scalar is no matrix");
	m[0] = matrix_of(a, false);
	m[1] = matrix_of(b, true);
	if (m[0].cols != m[1].rows)
		return err_set(e, "matrices %s and %s do not fit", tensor_shape_text(a),
			       tensor_shape_text(b));
	const struct tensor *const outer[2] = { &m[0].batch, &m[1].batch };

	if (or_broadcast(outer, 2, &batch, dim, e) < 0)
		return -1;
	or_steps(&m[0].batch, batch, dim, step[0]);
	or_steps(&m[1].batch, batch, dim, step[1]);
	rank = batch;
	if (a->rank > 1)
		dim[rank++] = m[0].rows;
	if (b->rank > 1)
		dim[rank++] = m[1].cols;
	y = or_out(x, 0, DT_F32, rank, dim, e);
	if (!y)
		return -1;
	if (or_count(batch, dim) == 0)
		return 0;
	do {
		gemm_rows(m[0].rows, m[1].cols, m[0].cols,
			  or_f(a) + or_place(at, step[0], batch) * m[0].rows * m[0].cols,
			  or_f(b) + or_place(at, step[1], batch) * m[1].rows * m[1].cols, y);
		y += m[0].rows * m[1].cols;
	} while (or_next(at, dim, batch));
	return 0;
}

/* A matrix, turned when asked, in scratch. */
static float *turned(struct or_node *x, const struct tensor *t, bool turn, int64_t size[2],
		     struct err *e)
{
	float *p;

	if (t->rank != 2) {
		err_set(e, "%s is no matrix", tensor_shape_text(t));
		return NULL;
	}
	size[0] = t->dim[turn ? 1 : 0];
	size[1] = t->dim[turn ? 0 : 1];
	p = or_scratch(x, tensor_count(t), sizeof *p, e);
	if (p)
		or_gather(p, t->data, sizeof *p, 2, size,
			  turn ? (const int64_t[2]){ 1, t->dim[1] }
			       : (const int64_t[2]){ t->dim[1], 1 });
	return p;
}

static int gemm_add(struct or_node *x, const int64_t dim[2], float *y, struct err *e)
{
	const double alpha = (double)im_float(x->n, "alpha", 1);
	const double beta = (double)im_float(x->n, "beta", 1);
	const struct tensor *c = or_maybe(x, 2);
	int64_t step[2], both[LIMIT_RANK];
	int rank;

	if (c && (!or_in_f(x, 2, e) || or_broadcast((const struct tensor *const[]){ &x->out[0], c },
						    2, &rank, both, e) < 0))
		return -1;
	if (c && (rank != 2 || both[0] != dim[0] || both[1] != dim[1]))
		return err_set(e, "its C of shape %s does not broadcast to the product",
			       tensor_shape_text(c));
	if (c)
		or_steps(c, 2, dim, step);
	for (int64_t i = 0; i < dim[0]; i++)
		for (int64_t j = 0; j < dim[1]; j++, y++)
			*y = (float)(alpha * (double)*y +
				     (c ? beta * (double)or_f(c)[i * step[0] + j * step[1]] : 0));
	return 0;
}

int or_gemm_op(struct or_node *x, struct err *e)
{
	const struct tensor *a = or_in_f(x, 0, e), *b = a ? or_in_f(x, 1, e) : NULL;
	int64_t sa[2] = { 0, 0 }, sb[2] = { 0, 0 };
	float *pa = NULL, *pb = NULL, *y;
	int r = -1;

	if (b && (pa = turned(x, a, im_int(x->n, "transA", 0) != 0, sa, e)) != NULL &&
	    (pb = turned(x, b, im_int(x->n, "transB", 0) != 0, sb, e)) != NULL) {
		const int64_t dim[2] = { sa[0], sb[1] };

		if (sa[1] != sb[0])
			err_set(e, "matrices %s and %s do not fit", tensor_shape_text(a),
				tensor_shape_text(b));
		else if ((y = or_out(x, 0, DT_F32, 2, dim, e)) != NULL) {
			gemm_rows(sa[0], sb[1], sa[1], pa, pb, y);
			r = gemm_add(x, dim, y, e);
		}
	}
	free(pa);
	free(pb);
	return r;
}
