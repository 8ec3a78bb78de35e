/* Windows: output sizes and the padding schemes of guide 5.1.7 and 5.5.39. */
#include "base/limits.h"
#include "import/build.h"

static int64_t extent(const struct im_window *w)
{
	return (w->kernel - 1) * w->dilation + 1;
}

int window_out(struct im_window *w, bool ceil, struct err *e)
{
	const int64_t room = w->in + w->begin + w->end - extent(w);

	if (w->kernel < 1 || w->kernel > LIMIT_KERNEL || w->stride < 1 ||
	    w->stride > LIMIT_KERNEL || w->dilation < 1 || w->dilation > LIMIT_KERNEL)
		return err_set(e, "kernel %lld, stride %lld or dilation %lld is not in 1 to %d",
			       (long long)w->kernel, (long long)w->stride, (long long)w->dilation,
			       LIMIT_KERNEL);
	if (w->begin < 0 || w->begin > LIMIT_KERNEL || w->end < 0 || w->end > LIMIT_KERNEL)
		return err_set(e, "padding %lld, %lld is not in 0 to %d", (long long)w->begin,
			       (long long)w->end, LIMIT_KERNEL);
	if (room < 0)
		return err_set(e, "a window of %lld does not fit into %lld", (long long)extent(w),
			       (long long)(w->in + w->begin + w->end));
	w->out = room / w->stride + 1;
	if (ceil && room % w->stride && w->out * w->stride < w->in + w->begin)
		w->out++;
	return 0;
}

/* Padding before under a scheme, and the outputs that it gives. */
static void scheme_gives(const struct im_window *w, enum hn_padding p, int64_t *begin, int64_t *out)
{
	const int64_t ext = extent(w);
	int64_t total = 0;

	if (p == PAD_SAME)
		total = ext - 1;
	else if (p == PAD_SAME_TENSORFLOW)
		total = ((w->in + w->stride - 1) / w->stride - 1) * w->stride + ext - w->in;
	total = total > 0 ? total : 0;
	*begin = p == PAD_SAME && w->stride == 1 ? (total + 1) / 2 : total / 2;
	*out = w->in + total < ext ? -1 : (w->in + total - ext) / w->stride + 1;
}

/* Same place of the first window, same number of windows: then every window sees the same. */
static bool fits(const struct im_window *w, enum hn_padding p)
{
	int64_t begin, out;

	scheme_gives(w, p, &begin, &out);
	return begin == w->begin && out == w->out;
}

int window_scheme(const struct im_window w[2], enum hn_padding *scheme, int64_t pad[4])
{
	static const enum hn_padding order[] = { PAD_VALID, PAD_SAME, PAD_SAME_TENSORFLOW };

	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		if (fits(&w[0], order[i]) && fits(&w[1], order[i])) {
			*scheme = order[i];
			return 0;
		}
	*scheme = PAD_VALID;
	for (int i = 0; i < 2; i++) {
		const int64_t need =
		    (w[i].out - 1) * w[i].stride + extent(&w[i]) - w[i].in - w[i].begin;

		pad[2 * i] = w[i].begin;
		pad[2 * i + 1] = need > 0 ? need : 0;
	}
	return 1;
}
