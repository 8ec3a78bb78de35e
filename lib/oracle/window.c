/* Windows that slide over the spatial dimensions. */
#include "oracle/oracle_int.h"

/* The padding of auto_pad. */
static void same(struct or_window *w, int i, bool lower)
{
	const int64_t reach = w->dilation[i] * (w->kernel[i] - 1) + 1;
	int64_t pad;

	w->out[i] = (w->in[i] + w->stride[i] - 1) / w->stride[i];
	pad = (w->out[i] - 1) * w->stride[i] + reach - w->in[i];
	pad = pad < 0 ? 0 : pad;
	w->begin[i] = lower ? pad - pad / 2 : pad / 2;
	w->end[i] = pad - w->begin[i];
}

/* Positions; the last partial window counts (ceil) when it starts inside, before the end padding.
 */
static int positions(struct or_window *w, int i, bool ceil, struct err *e)
{
	const int64_t reach = w->dilation[i] * (w->kernel[i] - 1) + 1;
	const int64_t room = w->in[i] + w->begin[i] + w->end[i] - reach;

	if (room < 0)
		return err_set(e, "its window of %lld is larger than the padded input of %lld",
			       (long long)reach, (long long)(room + reach));
	w->out[i] = (room + (ceil ? w->stride[i] - 1 : 0)) / w->stride[i] + 1;
	if (ceil && (w->out[i] - 1) * w->stride[i] >= w->in[i] + w->begin[i])
		w->out[i]--;
	return 0;
}

static int check(const struct or_window *w, struct err *e)
{
	for (int i = 0; i < w->rank; i++) {
		const int64_t v[] = { w->kernel[i], w->stride[i], w->dilation[i] };

		for (int k = 0; k < 3; k++)
			if (v[k] < 1 || v[k] > LIMIT_DIM)
				return err_set(e, "kernel, stride or dilation %lld is absurd",
					       (long long)v[k]);
		if (w->begin[i] < 0 || w->end[i] < 0 || w->begin[i] > LIMIT_DIM ||
		    w->end[i] > LIMIT_DIM)
			return err_set(e, "a padding of %lld, %lld is absurd",
				       (long long)w->begin[i], (long long)w->end[i]);
	}
	return 0;
}

int or_window(const struct or_node *n, const struct tensor *x, struct or_window *w, bool ceil,
	      struct err *e)
{
	const char *pad = im_string(n->n, "auto_pad", "NOTSET");
	int64_t pads[2 * OR_SPACE];
	const bool given = strcmp(pad, "NOTSET") == 0 || pad[0] == '\0';

	w->rank = x->rank - 2;
	if (w->rank < 1)
		return err_set(e, "its input of shape %s has no spatial dimension",
			       tensor_shape_text(x));
	if (or_ints(n, "strides", (size_t)w->rank, 1, w->stride, e) < 0 ||
	    or_ints(n, "dilations", (size_t)w->rank, 1, w->dilation, e) < 0 ||
	    or_ints(n, "pads", 2 * (size_t)w->rank, 0, pads, e) < 0)
		return -1;
	for (int i = 0; i < w->rank; i++) {
		w->in[i] = x->dim[i + 2];
		w->begin[i] = given ? pads[i] : 0;
		w->end[i] = given ? pads[i + w->rank] : 0;
	}
	if (check(w, e) < 0)
		return -1;
	for (int i = 0; i < w->rank; i++)
		if (strncmp(pad, "SAME_", 5) == 0)
			same(w, i, strcmp(pad, "SAME_LOWER") == 0);
		else if (positions(w, i, ceil, e) < 0)
			return -1;
	return 0;
}
