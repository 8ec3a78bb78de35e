/* Advice on failure: the nearest end nodes that would parse, tried before they are named. */
#include "onnx/onnx_int.h"

enum {
	ADVICE_ROUNDS = 8,
	ADVICE_TEXT = 600,
	ADVISED = 100 /* mark of a node that is in the advice */
};

static void advise(struct onnx_run *r, const struct im_value *v)
{
	if (!v || !v->from || v->bad || v->is_const)
		return;
	if (v->from->mark == ADVISED)
		return;
	v->from->mark = ADVISED;
	VEC_GROW(r->advice, r->nadvice, &r->cap_advice);
	r->advice[r->nadvice++] = v->from->name;
}

/* The last tensors that were made: inputs of nodes that failed, and outputs that did not. */
void onnx_find_advice(struct onnx_run *r)
{
	for (size_t i = 0; i < r->ir->nnode; i++) {
		const struct im_node *n = r->ir->node[i];
		bool bad = false;

		for (size_t k = 0; k < n->nout; k++)
			bad |= n->out[k] && n->out[k]->bad;
		/* An output that only its layout fails: the node before it. */
		for (size_t k = 0; bad && k < n->nin; k++)
			advise(r, n->in[k]);
	}
	for (size_t i = 0; i < r->ir->nout; i++)
		advise(r, r->ir->out[i]);
}

static const char **names_of(struct im_graph *g, const char *const *list, size_t n)
{
	const char **v = arena_array(&g->arena, n, sizeof(char *));

	for (size_t i = 0; i < n; i++)
		v[i] = arena_strdup(&g->arena, list[i]);
	return v;
}

/* "A,B,C" as the option takes it; short enough for a message. */
static char *advice_text(const struct onnx_run *r)
{
	struct str s = { 0 };

	for (size_t i = 0; i < r->nadvice; i++)
		str_printf(&s, "%s%s", i ? "," : "", quote(r->advice[i]));
	if (s.len > ADVICE_TEXT) {
		str_release(&s);
		s = (struct str){ 0 };
		str_printf(&s, "of the %zu that --report lists", r->nadvice);
	}
	return s.p;
}

static void first_fault(const struct onnx_run *r, struct err *e)
{
	const struct im_node *n = r->fault[0].node;

	err_set(e, "%s", r->fault[0].reason);
	if (n)
		err_in(e, "node '%s' (%s)", quote(n->name), quote(n->op));
	if (r->nfault > 1)
		err_hint(e, "and %zu more node%s", r->nfault - 1, r->nfault > 2 ? "s" : "");
}

/* Imports up to the advised nodes, until that works: 0 and *r is that import. */
static int follow_advice(struct onnx_run *r, const struct im_source *src, const struct onnx_opts *o,
			 const char *net)
{
	for (int round = 0; round < ADVICE_ROUNDS && r->nadvice; round++) {
		struct onnx_opts again = *o;
		struct onnx_run next;
		struct err e = { 0 };
		int res;

		again.end = names_of(r->ir, r->advice, r->nadvice);
		again.nend = r->nadvice;
		res = onnx_run(&next, src, &again, net, &e);
		if (res == 0) {
			/* The names outlive their graph. */
			for (size_t i = 0; i < again.nend; i++) {
				VEC_GROW(next.advice, next.nadvice, &next.cap_advice);
				next.advice[next.nadvice++] =
				    arena_strdup(&next.ir->arena, again.end[i]);
			}
			onnx_run_release(r);
			*r = next;
			return 0;
		}
		onnx_run_release(r);
		*r = next;
		if (res < 0)
			break;
	}
	r->nadvice = 0;
	return -1;
}

/* The first error becomes the message, with the end nodes that would parse. */
int onnx_advised(struct onnx_run *r, const struct im_source *src, const struct onnx_opts *o,
		 const char *net, struct onnx_result *out, struct err *e)
{
	json_t *list = json_array();
	char *text;
	int res;

	first_fault(r, e);
	out->report = onnx_report(r, NULL);
	res = follow_advice(r, src, o, net);
	for (size_t i = 0; res == 0 && i < r->nadvice; i++)
		json_array_append_new(list, json_string(quote(r->advice[i])));
	json_object_set_new(out->report, "recommended_end_nodes", list);
	if (res < 0)
		return -1;
	text = advice_text(r);
	err_hint(e, "try --end-node-names %s", text);
	free(text);
	if (!o->retry)
		return -1;
	out->retried = xstrdup(e->msg);
	*e = (struct err){ 0 };
	return 0;
}
