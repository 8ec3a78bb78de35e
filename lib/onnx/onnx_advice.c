/* Advice on failure: the largest part that can be imported, tried before it is named. */
#include "onnx/onnx_int.h"

enum {
	ADVICE_TRIES = 8, /* imports */
	ADVICE_PARTS = 4  /* of one failed import */
};

static void first_fault(const struct onnx_run *r, struct err *e)
{
	const struct im_node *n = r->fault[0].node;
	size_t more = 0;

	err_set(e, "%s", r->fault[0].reason);
	if (n)
		err_in(e, "node '%s' (%s)", quote(n->name), quote(im_word(n)));
	/* What is behind another stuck node may only be seen wrongly. */
	for (size_t i = 1; i < r->nfault; i++)
		more += !r->fault[i].node || r->fault[i].node->depth <= 1;
	if (more)
		err_hint(e, "and %zu more node%s", more, more > 1 ? "s" : "");
}

/*
 * Tries the parts of the failed import r, the largest first, and parts of parts that fail in turn:
 * 0 and *r is the import, *o its options.
 */
static int try_parts(struct onnx_run *r, const struct im_source *src, struct onnx_opts *o,
		     const char *net, int *tries, struct arena *names)
{
	struct onnx_part part[ADVICE_PARTS];
	const size_t n = onnx_parts(r, part, ADVICE_PARTS);

	for (size_t i = 0; i<n && * tries> 0; i++) {
		struct onnx_run next;
		struct onnx_opts cut;
		struct err e = { 0 };
		int res;

		if (!onnx_part_opts(r, &part[i], src, o, &cut, names))
			continue;
		--*tries;
		res = onnx_run(&next, src, &cut, net, &e);
		if (res > 0)
			res = try_parts(&next, src, &cut, net, tries, names);
		if (res == 0) {
			onnx_run_release(r);
			*r = next;
			*o = cut;
			return 0;
		}
		onnx_run_release(&next);
	}
	return -1;
}

static void copy_names(struct onnx_names *to, const char *const *v, size_t n)
{
	to->v = xcalloc(n, sizeof(char *));
	for (to->n = 0; to->n < n; to->n++)
		to->v[to->n] = xstrdup(v[to->n]);
}

int onnx_advised(struct onnx_run *r, const struct im_source *src, const struct onnx_opts *o,
		 const char *net, struct onnx_result *out, struct err *e)
{
	struct arena names = { 0 };
	struct onnx_opts cut = *o;
	int tries = ADVICE_TRIES, res;

	onnx_measure(r->ir);
	out->report = onnx_report(r, o, NULL);
	first_fault(r, e);
	onnx_find_nms(r, out->report, NULL, NULL, NULL);
	res = onnx_try_nms(r, src, &cut, net, &names);
	if (res != 0)
		res = try_parts(r, src, &cut, net, &tries, &names);
	if (res == 0) {
		copy_names(&out->try_start, cut.start, cut.nstart);
		copy_names(&out->try_end, cut.end, cut.nend);
	}
	arena_release(&names);
	onnx_report_advice(out);
	if (res < 0 || !o->retry)
		return -1;
	out->retried = xstrdup(e->msg);
	*e = (struct err){ 0 };
	return 0;
}

void onnx_retry_nms(struct onnx_run *r, const struct im_source *src, const struct onnx_opts *o,
		    const char *net, struct onnx_result *out)
{
	struct arena names = { 0 };
	struct onnx_opts cut = *o;

	if (onnx_try_nms(r, src, &cut, net, &names) == 0) {
		copy_names(&out->try_end, cut.end, cut.nend);
		out->retried = xstrdup("it decodes boxes, which is the host's work");
	}
	arena_release(&names);
}
