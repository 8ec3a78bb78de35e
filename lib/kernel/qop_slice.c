/* Parts of a record: some of its output features, or some of its output columns. */
#include "base/mem.h"
#include "kernel/qop_int.h"

/* Columns [from, to) of a row-major matrix with n columns. */
static void *columns(const void *v, size_t total, size_t n, size_t from, size_t to, size_t size)
{
	size_t rows = n ? total / n : 0;
	char *out = xmalloc(rows * (to - from) * size);

	for (size_t r = 0; r < rows; r++)
		memcpy(out + r * (to - from) * size, (const char *)v + (r * n + from) * size,
		       (to - from) * size);
	return out;
}

static void slice_i32(struct qarr_i32 *a, size_t n, size_t from, size_t to)
{
	int32_t *v;

	if (a->n != n || n == 1)
		return;
	v = columns(a->v, n, n, from, to, sizeof *v);
	free(a->v);
	a->v = v;
	a->n = to - from;
}

static void slice_arrays(struct qop *q, size_t n, size_t from, size_t to)
{
	struct qarr_i32 *per_feature[] = { &q->mult,     &q->shift,     &q->act_lo, &q->act_hi,
					   &q->neg_mult, &q->neg_shift, &q->w_group };

	for (size_t i = 0; i < sizeof per_feature / sizeof *per_feature; i++)
		slice_i32(per_feature[i], n, from, to);
	if (q->kernel.n) {
		int8_t *k = columns(q->kernel.v, q->kernel.n, n, from, to, 1);

		q->kernel.n = q->kernel.n / n * (to - from);
		free(q->kernel.v);
		q->kernel.v = k;
	} else if (q->kernel16.n) {
		int16_t *k = columns(q->kernel16.v, q->kernel16.n, n, from, to, sizeof *k);

		q->kernel16.n = q->kernel16.n / n * (to - from);
		free(q->kernel16.v);
		q->kernel16.v = k;
	}
	if (q->bias_mant.n == n) {
		int16_t *m = columns(q->bias_mant.v, n, n, from, to, sizeof *m);

		free(q->bias_mant.v);
		q->bias_mant.v = m;
		q->bias_mant.n = to - from;
	}
	if (q->out_scale.n == n && n > 1) {
		float *s = columns(q->out_scale.v, n, n, from, to, sizeof *s);

		free(q->out_scale.v);
		q->out_scale.v = s;
		q->out_scale.n = to - from;
	}
}

bool qop_by_feature(int32_t type)
{
	return type == HN_MAXPOOL || type == HN_AVGPOOL || type == HN_RESIZE;
}

int qop_slice_features(const struct qop *q, int32_t from, int32_t to, struct qop *out,
		       struct err *e)
{
	int32_t c = qop_out(q, 0).c;
	int32_t per_group = c / (q->groups > 0 ? q->groups : 1);
	int32_t cin_group;

	memset(out, 0, sizeof *out);
	if (q->w_bits == 0 && !qop_by_feature(q->type))
		return err_set(e, "layer type '%s' cannot be divided by output features",
			       hn_type_name((enum hn_type)q->type));
	if (from < 0 || to > c || from >= to)
		return err_set(e, "features %d..%d are not a part of %d", from, to, c);
	if (q->groups > 1 && (from % per_group != 0 || to % per_group != 0))
		return err_set(e, "features %d..%d cut a group of %d", from, to, per_group);
	qop_copy(out, q);
	if (qop_by_feature(q->type)) {
		slice_arrays(out, (size_t)c, (size_t)from, (size_t)to);
		out->out_shape.v[2] = out->in_shape.v[2] = to - from;
		return 0;
	}
	cin_group = (int32_t)((q->kernel.n + q->kernel16.n) /
			      ((size_t)q->kernel_hw.v[0] * (size_t)q->kernel_hw.v[1] * (size_t)c));
	slice_arrays(out, (size_t)c, (size_t)from, (size_t)to);
	out->out_shape.v[2] = to - from;
	if (q->groups > 1) {
		out->groups = (to - from) / per_group;
		out->in_first += from / per_group * cin_group;
	}
	if (q->nin > 1)
		out->add_first += from;
	return 0;
}

/* A window's first and last column, which may lie in the padding. */
static void window_columns(const struct qop *q, int32_t from, int32_t to, int64_t *first,
			   int64_t *last)
{
	*first = (int64_t)from * q->stride.v[1] - q->pad.v[2];
	*last = (int64_t)(to - 1) * q->stride.v[1] - q->pad.v[2] +
		(int64_t)q->dilation.v[1] * (q->kernel_hw.v[1] - 1);
}

/* Of a deconvolution: input columns whose taps meet the output's; none is in the padding. */
static void deconv_columns(const struct qop *q, int32_t from, int32_t to, int64_t *first,
			   int64_t *last)
{
	const int64_t s = q->stride.v[1], w = qop_in(q, 0).w;
	const int64_t at = (int64_t)from + q->crop.v[2];
	const int64_t reach = (int64_t)q->dilation.v[1] * (q->kernel_hw.v[1] - 1);

	*first = at > reach ? (at - reach + s - 1) / s : 0;
	if (*first > at / s)
		*first = at / s;
	*last = ((int64_t)to - 1 + q->crop.v[2]) / s;
	*last = *last < w ? *last : w - 1;
	*first = *first < *last ? *first : *last;
}

bool qop_has_columns(const struct qop *q)
{
	return q->type == HN_CONV || q->type == HN_DW || q->type == HN_DECONV ||
	       q->type == HN_AVGPOOL || q->type == HN_ARGMAX ||
	       (q->type == HN_RESIZE && q->geom.v[0] == 0);
}

void qop_columns_needed(const struct qop *q, int32_t from, int32_t to, int32_t *first,
			int32_t *last)
{
	const int32_t w = qop_in(q, 0).w;
	int64_t a = 0, b = w - 1;

	if (q->type == HN_DECONV)
		deconv_columns(q, from, to, &a, &b);
	else if (q->type == HN_ARGMAX) /* of the features of each pixel */
		a = from, b = (int64_t)to - 1;
	else if (q->type != HN_RESIZE)
		window_columns(q, from, to, &a, &b);
	*first = (int32_t)(a > 0 ? a : 0);
	*last = (int32_t)(b < w ? b : w - 1);
}

/* Columns of padding that a part does not touch are left away, those that it does stay. */
static void slice_window(const struct qop *q, int32_t from, int32_t to, int32_t in_from,
			 struct qop *out)
{
	const int32_t w = qop_in(q, 0).w;
	int64_t first, last;

	window_columns(q, from, to, &first, &last);
	out->pad.v[2] = (int32_t)(in_from - first);
	out->pad.v[3] = last >= w ? (int32_t)(last + 1 - w) : 0;
}

/* The tables of the rows, and of some columns. */
static void slice_resize(const struct qop *q, int32_t from, int32_t to, struct qop *out)
{
	const size_t n = 2 + 3 * (size_t)qop_out(q, 0).h, width = 3 * (size_t)(to - from);

	memmove(out->geom.v + n, out->geom.v + n + 3 * (size_t)from, width * sizeof *out->geom.v);
	out->geom.n = n + width;
}

/* Only columns of input 0 change, and so the formula of the output's width still holds. */
int qop_slice_columns(const struct qop *q, int32_t from, int32_t to, struct qop *out,
		      int32_t *in_from, struct err *e)
{
	int32_t last;

	memset(out, 0, sizeof *out);
	if (!qop_has_columns(q))
		return err_set(e, "layer type '%s' cannot be divided by output columns",
			       hn_type_name((enum hn_type)q->type));
	if (from < 0 || to > qop_out(q, 0).w || from >= to)
		return err_set(e, "columns %d..%d are not a part of %d", from, to, qop_out(q, 0).w);
	qop_columns_needed(q, from, to, in_from, &last);
	if (last < *in_from)
		return err_set(e, "columns %d..%d see padding alone", from, to);
	qop_copy(out, q);
	if (q->type == HN_DECONV)
		out->crop.v[2] += from - *in_from * q->stride.v[1];
	else if (q->type == HN_RESIZE)
		slice_resize(q, from, to, out);
	else if (q->type != HN_ARGMAX)
		slice_window(q, from, to, *in_from, out);
	out->in_shape.v[1] = last + 1 - *in_from;
	out->out_shape.v[1] = to - from;
	for (int32_t i = 1; i < q->nin; i++)
		out->in_shape.v[3 * i + 1] = to - from;
	return 0;
}
