/* Kernels into HN's order, each converted once. */
#include "base/limits.h"
#include "base/par.h"
#include "import/build.h"

enum {
	TILE = 128,
	COLUMNS = 112 /* no power of two */
};

/* Source [o][i][k] in any float type; a reader of single values that need not be aligned. */
struct turn {
	const uint8_t *from;
	float *to;
	int64_t o, i, k;    /* extents of the source */
	int64_t so, si, sk; /* strides in the result */
};

static float load(const uint8_t *p)
{
	float f;

	memcpy(&f, p, sizeof f);
	return f;
}

/*
 * One band of rows, in tiles that are first copied side by side: rows a power of two apart would
 * fall on the same cache lines.  A band is wide, so that each page of the result is visited seldom.
 */
static int turn_rows(size_t band, void *ctx, struct err *e)
{
	const struct turn *t = ctx;
	const int64_t o0 = (int64_t)band * TILE;
	const int64_t rows = o0 + TILE < t->o ? TILE : t->o - o0;
	const int64_t row = t->i * t->k;
	float *tile = xmalloc(sizeof *tile * TILE * COLUMNS);

	(void)e;
	for (int64_t j0 = 0; j0 < row; j0 += COLUMNS) {
		const int64_t n = j0 + COLUMNS < row ? COLUMNS : row - j0;

		for (int64_t o = 0; o < rows; o++)
			memcpy(tile + o * COLUMNS, t->from + 4 * ((o0 + o) * row + j0),
			       4 * (size_t)n);
		for (int64_t j = 0; j < n; j++) {
			float *to =
			    t->to + (j0 + j) / t->k * t->si + (j0 + j) % t->k * t->sk + o0 * t->so;

			for (int64_t o = 0; o < rows; o++)
				to[o * t->so] = tile[o * COLUMNS + j];
		}
	}
	free(tile);
	return 0;
}

static void turn(const struct turn *t)
{
	struct err e = { 0 };

	par_for((size_t)((t->o + TILE - 1) / TILE), turn_rows, (void *)(uintptr_t)t, &e);
}

/* The kernel as float32: itself, or a converted copy. */
static int as_float(const struct tensor *t, struct tensor *f, struct err *e)
{
	if (t->dtype != DT_F32 && t->dtype != DT_F16 && t->dtype != DT_F64)
		return err_set(e, "its kernel is of type %s, a float type expected",
			       dtype_name(t->dtype));
	*f = t->dtype == DT_F32 ? tensor_ref(t) : tensor_convert(t, DT_F32);
	return 0;
}

static int window_dims(const struct tensor *t, int64_t *kh, int64_t *kw, struct err *e)
{
	if (t->rank < 3 || t->rank > 4)
		return err_set(e, "its kernel %s is neither 1-D nor 2-D", tensor_shape_text(t));
	*kh = t->rank == 4 ? t->dim[2] : 1;
	*kw = t->dim[t->rank - 1];
	for (int i = 0; i < t->rank; i++)
		if (t->dim[i] < 1 || t->dim[i] > (i < 2 ? LIMIT_FEATURES : LIMIT_KERNEL))
			return err_set(e, "its kernel %s is absurd", tensor_shape_text(t));
	return 0;
}

int weight_conv(const struct tensor *t, struct tensor *out, struct err *e)
{
	struct tensor f;
	int64_t kh, kw;

	if (window_dims(t, &kh, &kw, e) < 0 || as_float(t, &f, e) < 0)
		return -1;
	*out = tensor_new(DT_F32, 4, (int64_t[]){ kh, kw, t->dim[1], t->dim[0] });
	turn(&(struct turn){ .from = f.data,
			     .to = tensor_data(out),
			     .o = t->dim[0],
			     .i = t->dim[1],
			     .k = kh * kw,
			     .so = 1,
			     .si = t->dim[0],
			     .sk = t->dim[0] * t->dim[1] });
	tensor_release(&f);
	return 0;
}

int weight_dw(const struct tensor *t, int64_t c, struct tensor *out, struct err *e)
{
	if (weight_conv(t, out, e) < 0)
		return -1;
	/* [kh][kw][1][c * mult] is already [kh][kw][c][mult]. */
	out->dim[3] = out->dim[3] / c;
	out->dim[2] = c;
	return 0;
}

int weight_deconv(const struct tensor *t, int64_t groups, struct tensor *out, struct err *e)
{
	const int64_t cin = t->dim[0], og = t->dim[1];
	struct tensor f;
	int64_t kh, kw;
	float *to;

	if (window_dims(t, &kh, &kw, e) < 0 || as_float(t, &f, e) < 0)
		return -1;
	*out = tensor_new(DT_F32, 4, (int64_t[]){ kh, kw, cin / groups, og * groups });
	to = tensor_data(out);
	for (int64_t g = 0; g < groups; g++)
		turn(&(struct turn){ .from = (const uint8_t *)f.data +
					     4 * g * (cin / groups) * og * kh * kw,
				     .to = to + g * og,
				     .o = cin / groups,
				     .i = og,
				     .k = kh * kw,
				     .so = og * groups,
				     .si = 1,
				     .sk = cin / groups * og * groups });
	tensor_release(&f);
	return 0;
}

int weight_last(const struct tensor *t, bool turned, struct tensor *out, struct err *e)
{
	const int64_t o = turned ? t->dim[0] : 1, k = t->dim[1] * t->dim[2];
	struct tensor f;

	if (as_float(t, &f, e) < 0)
		return -1;
	if (!turned) {
		*out = f;
		memcpy(out->dim, (int64_t[]){ t->dim[1], t->dim[2], 1, t->dim[3] },
		       4 * sizeof *out->dim);
		return 0;
	}
	*out = tensor_new(DT_F32, 4, (int64_t[]){ t->dim[1], t->dim[2], t->dim[3], o });
	turn(&(struct turn){ .from = f.data,
			     .to = tensor_data(out),
			     .o = o,
			     .i = k,
			     .k = t->dim[3],
			     .so = 1,
			     .si = t->dim[3] * o,
			     .sk = o });
	tensor_release(&f);
	return 0;
}

int weight_first(const struct tensor *t, bool turned, struct tensor *out, struct err *e)
{
	const int64_t window = t->dim[0] * t->dim[1], o = t->dim[2], i = t->dim[3];
	struct tensor f;

	if (as_float(t, &f, e) < 0)
		return -1;
	if (!turned) {
		*out = f;
		return 0;
	}
	*out = tensor_new(DT_F32, 4, (int64_t[]){ t->dim[0], t->dim[1], i, o });
	for (int64_t k = 0; k < window; k++)
		turn(&(struct turn){ .from = (const uint8_t *)f.data + 4 * k * o * i,
				     .to = (float *)tensor_data(out) + k * o * i,
				     .o = o,
				     .i = i,
				     .k = 1,
				     .so = 1,
				     .si = o });
	tensor_release(&f);
	return 0;
}

/* Source row of each stored value h, w, c: the view's dimensions count it, the batch aside. */
static int64_t *row_order(const struct im_view *v, int64_t k)
{
	int64_t *row = xcalloc((size_t)k, sizeof *row);
	int64_t stride[IM_ATOMS] = { 0 };
	int64_t step = 1;

	for (int d = v->rank - 1; d >= 0; d--)
		for (int i = v->dim[d].n - 1; i >= 0; i--)
			if (v->dim[d].at[i] != IM_BATCH) {
				stride[v->dim[d].at[i]] = step;
				step *= v->atom[v->dim[d].at[i]].size;
			}
	for (int64_t at = 0; at < k; at++) {
		int64_t rest = at;

		for (int a = v->natoms - 1; a >= 0; a--) {
			row[at] += rest % v->atom[a].size * stride[a];
			rest /= v->atom[a].size;
		}
	}
	return row;
}

struct dense {
	const uint8_t *from;
	float *to;
	const int64_t *row;
	int64_t k, m;
	bool transposed;
	float scale;
};

static int dense_tile(size_t tile, void *ctx, struct err *e)
{
	const struct dense *d = ctx;
	const int64_t k0 = (int64_t)tile * TILE;
	const int64_t k1 = k0 + TILE < d->k ? k0 + TILE : d->k;

	(void)e;
	for (int64_t m0 = 0; m0 < d->m; m0 += TILE) {
		const int64_t m1 = m0 + TILE < d->m ? m0 + TILE : d->m;

		for (int64_t k = k0; k < k1; k++)
			for (int64_t m = m0; m < m1; m++) {
				const int64_t at =
				    d->transposed ? m * d->k + d->row[k] : d->row[k] * d->m + m;

				d->to[k * d->m + m] = d->scale * load(d->from + 4 * at);
			}
	}
	return 0;
}

int weight_dense(const struct tensor *t, bool transposed, const struct im_view *v, float scale,
		 struct tensor *out, struct err *e)
{
	struct dense d = { .transposed = transposed, .scale = scale };
	struct err none = { 0 };
	struct tensor f;
	int64_t *row;

	d.k = t->dim[transposed ? 1 : 0];
	d.m = t->dim[transposed ? 0 : 1];
	if (as_float(t, &f, e) < 0)
		return -1;
	*out = tensor_new(DT_F32, 2, (int64_t[]){ d.k, d.m });
	d.from = f.data;
	d.to = tensor_data(out);
	d.row = row = row_order(v, d.k);
	par_for((size_t)((d.k + TILE - 1) / TILE), dense_tile, &d, &none);
	free(row);
	tensor_release(&f);
	return 0;
}
