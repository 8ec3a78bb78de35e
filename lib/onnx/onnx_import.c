/* One import: decode, cut, fold, recognise, convert. */
#include "base/limits.h"
#include "onnx/onnx_int.h"

void onnx_fault(struct onnx_run *r, struct im_node *n, const char *reason)
{
	VEC_GROW(r->fault, r->nfault, &r->cap_fault);
	r->fault[r->nfault++] = (struct onnx_fault){ n, xstrdup(reason) };
	if (n)
		n->fault = r->fault[r->nfault - 1].reason;
}

void onnx_run_release(struct onnx_run *r)
{
	for (size_t i = 0; i < r->nfault; i++)
		free(r->fault[i].reason);
	free(r->fault);
	json_decref(r->notes);
	json_decref(r->warnings);
	free(r->trace);
	free(r->b.permuted);
	nms_hints_release(&r->hints);
	free(r->in_layer);
	free(r->out_layer);
	free(r->in_axes);
	free(r->out_axes);
	graph_free(r->b.g);
	tensors_free(r->b.w);
	im_free(r->ir);
}

static int check_opset(int64_t opset, struct err *e)
{
	if (opset < ONNX_OPSET_MIN || opset > ONNX_OPSET_MAX)
		return err_set(
		    e,
		    "opset %lld is not supported, 8 and 11 to 17 are (convert the model with "
		    "onnx.version_converter)",
		    (long long)opset);
	return 0;
}

/* What needs constants only is computed; a node that is wrong stays, with the reason. */
static void fold_all(struct onnx_run *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->ir->nnode; i++) {
		struct im_node *n = r->ir->node[i];
		bool constant = n->domain[0] == '\0' && !n->fault;
		struct err e = { 0 };
		int done = 1;

		for (size_t k = 0; k < n->nin; k++)
			constant &= !n->in[k] || n->in[k]->is_const;
		if (n->early) {
			done = 0;
		} else if (constant) {
			r->b.node = n;
			done = onnx_fold(&r->b, n, &e);
		}
		if (done < 0)
			n->fault = arena_strdup(&r->ir->arena, e.msg);
		if (done != 0) {
			r->ir->node[kept++] = n;
			continue;
		}
		for (size_t k = 0; k < n->nattr; k++)
			tensor_release(&n->attr[k].t);
		for (size_t k = 0; k < n->nout; k++)
			if (n->out[k] && n->out[k]->is_const)
				n->out[k]->from = NULL;
	}
	r->ir->nnode = kept;
}

/* An output that is absent. */
static struct im_value *nobody(struct im_graph *g)
{
	struct im_value *v = arena_alloc(&g->arena, sizeof *v);

	v->name = "";
	v->rank = -1;
	return v;
}

/* Sizes that a layer's output may have: memory is taken by them. */
static bool fits(int64_t h, int64_t w, int64_t c)
{
	return h <= LIMIT_DIM && w <= LIMIT_DIM && c <= LIMIT_FEATURES &&
	       h * w <= LIMIT_ACTIVATION / (c > 0 ? c : 1);
}

/* 0: converted; 1: an input comes from a node that failed; -1: cannot be converted. */
static int convert(struct onnx_run *r, struct im_node *n, struct err *e)
{
	const struct onnx_op *op = onnx_find_op(n->op, r->opset);
	bool constant = true;
	int folded;

	for (size_t i = 0; i < n->nin; i++) {
		const struct im_value *v = n->in[i];

		if (!v)
			continue;
		if (v->bad || (v->from && v->from->part_of && v->from->stuck &&
			       im_whole(v->from) == im_whole(n)))
			return 1;
		if (!v->is_const && !v->done && !n->fault)
			return err_set(e, "its input '%s' is missing", quote(v->name));
		constant &= v->is_const;
	}
	if (n->fault)
		return err_set(e, "%s", n->fault);
	if (n->domain[0])
		return err_set(e, "operators of domain '%s' are not supported", quote(n->domain));
	r->b.node = n;
	if (constant && (folded = onnx_fold(&r->b, n, e)) <= 0)
		return folded;
	if (!op)
		return err_set(e, "this operator is not supported");
	if (constant)
		return err_set(e, "it has only constant inputs and cannot be folded");
	for (size_t i = 0; i < n->nout; i++)
		if (!n->out[i])
			n->out[i] = nobody(r->ir);
	if (n->nin == 0 || !n->in[0] || n->nout == 0)
		return err_set(e, "it has no input or no output");
	if (n->in[0]->is_const && !op->any)
		return err_set(e, "its first input is a constant");
	if ((n->last ? onnx_convert_last(&r->b, op, n, e) : op->convert(&r->b, n, e)) < 0)
		return -1;
	for (size_t i = 0; i < n->nout; i++)
		if (!n->out[i]->is_const && n->out[i]->done &&
		    !fits(n->out[i]->view.base[0], n->out[i]->view.base[1],
			  n->out[i]->view.base[2]))
			return err_set(e, "its output %s has more values than any image",
				       view_text(&n->out[i]->view));
	return 0;
}

/*
 * What a stuck node makes is an input for what comes behind it, so that the search goes on; else it
 * is missing there, too.
 */
static void go_on(struct onnx_run *r, struct im_node *n)
{
	onnx_guess(n);
	r->b.node = NULL;
	for (size_t k = 0; k < n->nout; k++) {
		int64_t dim[LIMIT_RANK], base[3] = { 1, 1, 1 };
		struct im_value *v = n->out[k];
		const char *axes = NULL;
		struct layer *l;
		int rank;

		if (!v)
			continue;
		v->done = v->is_const = false;
		if (onnx_known_shape(v, &rank, dim))
			axes = build_std_axes(&r->b, rank);
		if (!axes) {
			v->bad = true;
			continue;
		}
		for (int d = 1; d < rank; d++)
			base[axes[d] == 'H' ? 0 : axes[d] == 'W' ? 1 : 2] = dim[d];
		if (!fits(base[0], base[1], base[2])) {
			v->bad = true;
			continue;
		}
		l = build_layer(&r->b, HN_INPUT, "input_layer");
		l->out[0] =
		    (struct hn_shape){ (int32_t)base[0], (int32_t)base[1], (int32_t)base[2], rank };
		build_out(v, l, 0, dim[0], base, axes);
	}
}

static void convert_all(struct onnx_run *r)
{
	for (size_t i = 0; i < r->ir->nnode; i++) {
		struct im_node *n = r->ir->node[i];
		struct err e = { 0 };
		const int res = convert(r, n, &e);

		if (res == 0) {
			onnx_trace_node(r, n);
			continue;
		}
		n->stuck = true;
		if (res < 0)
			onnx_fault(r, n, e.msg);
		if (n->part_of && !n->part_of->fault)
			n->part_of->fault = n->fault;
		go_on(r, n);
	}
	for (size_t i = 0; i < r->ir->nnode; i++)
		if (r->ir->node[i]->part_of)
			r->ir->node[i]->stuck |= r->ir->node[i]->part_of->stuck;
}

/* Shapes by the HN's own rules must be those that the operators promised. */
static int check_shapes(struct onnx_run *r, struct err *e)
{
	if (graph_infer_shapes(r->b.g, e) < 0)
		return -1;
	for (size_t i = 0; i < r->ir->nvalue; i++) {
		const struct im_value *v = r->ir->value[i];
		const struct hn_shape *s;

		if (!v->done || v->is_const || v->bad || v->nuse == 0)
			continue;
		s = &v->view.layer->out[v->view.port];
		if (s->h != v->view.base[0] || s->w != v->view.base[1] || s->c != v->view.base[2])
			return err_set(
			    e, "tensor '%s': layer '%s' makes %s where %lldx%lldx%lld is expected",
			    quote(v->name), v->view.layer->name, hn_shape_text(s),
			    (long long)v->view.base[0], (long long)v->view.base[1],
			    (long long)v->view.base[2]);
	}
	build_prune(&r->b);
	return graph_validate(r->b.g, r->b.w, e);
}

int onnx_run_decode(struct onnx_run *r, const struct im_source *src, const struct onnx_opts *o,
		    struct err *e)
{
	r->ir = im_new();
	if (src->decode(src->ctx, r->ir, &r->opset, e) < 0 || check_opset(r->opset, e) < 0)
		return -1;
	r->b = (struct build){ .ir = r->ir,
			       .opset = r->opset,
			       .last = r->ir->last,
			       .fold_left = o->fold_max ? o->fold_max : (size_t)1 << 31 };
	im_note_origin(r->ir);
	r->nodes = r->ir->norigin;
	onnx_note_unused(r);
	if (im_sort(r->ir, e) < 0)
		return -1;
	if (r->ir->spelled)
		onnx_check_nodes(r->ir, r->opset);
	fold_all(r);
	nms_hints_find(r->ir, &r->hints);
	return im_cut(r->ir, o->start, o->nstart, o->end, o->nend, e);
}

/* Shapes of tensors where the network is to start: from an import that ends there. */
static int start_shapes(const struct im_source *src, const struct onnx_opts *o, struct im_graph *g,
			struct err *e)
{
	struct onnx_opts until = *o;
	struct onnx_run r = { 0 };
	const char **end = arena_array(&g->arena, g->nin, sizeof(char *));
	int res;

	until.start = NULL;
	until.nstart = 0;
	until.end = end;
	until.nend = 0;
	for (size_t i = 0; i < g->nin; i++)
		if (!g->in[i]->declared)
			end[until.nend++] = g->in[i]->name;
	if (until.nend == 0)
		return 0;
	res = onnx_run_decode(&r, src, &until, e);
	if (res == 0) {
		im_patterns(r.ir);
		r.b.g = graph_new("start");
		r.b.w = tensors_new();
		res = onnx_inputs(&r, &until, e);
	}
	if (res == 0)
		convert_all(&r);
	for (size_t i = 0; res == 0 && i < g->nin; i++) {
		const struct im_value *v = im_find_value(r.ir, g->in[i]->name);

		if (!g->in[i]->declared && v && !v->is_const)
			g->in[i]->declared = onnx_known_shape(v, &g->in[i]->rank, g->in[i]->dim);
	}
	onnx_run_release(&r);
	return res;
}

int onnx_run(struct onnx_run *r, const struct im_source *src, const struct onnx_opts *o,
	     const char *net, struct err *e)
{
	*r = (struct onnx_run){ 0 };
	if (onnx_run_decode(r, src, o, e) < 0)
		return -1;
	if (r->ir->nout == 0)
		return err_set(e, "the model has no outputs");
	im_patterns(r->ir);
	im_number(r->ir);
	r->b.g = graph_new(net);
	r->b.w = tensors_new();
	r->tracing = o->places;
	if (onnx_check_input_options(r, o, e) < 0 ||
	    (o->nstart && start_shapes(src, o, r->ir, e) < 0) || onnx_inputs(r, o, e) < 0)
		return -1;
	for (size_t i = 0; i < r->ir->nin; i++)
		onnx_trace(r, r->ir->in[i]);
	convert_all(r);
	onnx_outputs(r);
	return r->nfault ? 1 : check_shapes(r, e);
}

static void ends_text(const struct onnx_run *r, struct onnx_result *out)
{
	struct str start = { 0 }, end = { 0 };

	for (size_t i = 0; i < r->ir->nin; i++)
		if (r->in_layer[i])
			str_printf(&start, "%s'%s': '%s'", start.len ? ", " : "",
				   quote(r->ir->in[i]->name), r->in_layer[i]->name);
	for (size_t i = 0; i < r->ir->nout; i++)
		str_printf(
		    &end, "%s'%s'", end.len ? ", " : "",
		    quote(r->ir->out[i]->from ? r->ir->out[i]->from->name : r->ir->out[i]->name));
	out->start_text = start.p ? start.p : xstrdup("");
	out->end_text = end.p ? end.p : xstrdup("");
}

static void finish(struct onnx_run *r, const struct onnx_opts *o, struct onnx_result *out)
{
	struct graph *g = r->b.g;

	out->nodes = r->nodes;
	out->opset = r->opset;
	for (size_t i = 0; i < tensors_count(r->b.w); i++)
		out->params += tensor_count(tensors_at(r->b.w, i));
	for (size_t i = 0; i < g->nlayers; i++)
		out->macs += layer_macs(g->layers[i]);
	ends_text(r, out);
	onnx_warn(r);
	json_decref(out->report);
	out->report = onnx_report(r, o, g);
	onnx_find_nms(r, out->report, NULL, NULL, NULL);
	onnx_report_advice(out);
	if (o->places)
		onnx_places(r, out);
	out->graph = g;
	out->weights = r->b.w;
	r->b.g = NULL;
	r->b.w = NULL;
}

int onnx_import_source(const struct im_source *src, const struct onnx_opts *o, const char *net,
		       struct onnx_result *out, struct err *e)
{
	struct onnx_run r = { 0 };
	int res;

	*out = (struct onnx_result){ 0 };
	if (!name_is_legal(net))
		return err_set(e, "'%s' is not a legal network name", quote(net));
	res = onnx_run(&r, src, o, net, e);
	if (res > 0)
		res = onnx_advised(&r, src, o, net, out, e);
	else if (res == 0 && o->retry)
		onnx_retry_nms(&r, src, o, net, out);
	if (res == 0)
		finish(&r, o, out);
	onnx_run_release(&r);
	return res;
}

int onnx_read(void *file, struct im_graph *g, int64_t *opset, struct err *e)
{
	return onnx_decode(file, g, opset, e);
}

int onnx_import(const char *path, const struct onnx_opts *o, struct onnx_result *out, struct err *e)
{
	char *net = o->net_name              ? xstrdup(o->net_name)
		    : strcmp(path, "-") == 0 ? xstrdup("model")
					     : name_from_path(path);
	struct im_file f;
	int res = im_file_open(&f, path, "an ONNX model", e);

	*out = (struct onnx_result){ 0 };
	if (res == 0) {
		res = onnx_import_source(&(struct im_source){ onnx_read, &f }, o, net, out, e);
		im_file_close(&f);
	}
	free(net);
	return res;
}

int onnx_import_bytes(const void *data, size_t n, const struct onnx_opts *o,
		      struct onnx_result *out, struct err *e)
{
	struct im_file f = { .path = "", .fd = -1, .p = data, .n = n };

	return onnx_import_source(&(struct im_source){ onnx_read, &f }, o,
				  o->net_name ? o->net_name : "model", out, e);
}

static void names_release(struct onnx_names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

void onnx_result_release(struct onnx_result *r)
{
	graph_free(r->graph);
	tensors_free(r->weights);
	json_decref(r->report);
	free(r->start_text);
	free(r->end_text);
	free(r->retried);
	names_release(&r->try_start);
	names_release(&r->try_end);
	*r = (struct onnx_result){ 0 };
}
