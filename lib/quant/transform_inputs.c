/*
 * A convolution or dense layer as a sum of several, each over a part of the input's features:
 * switch_concat_with_add, defuse by input features, and what transform_groups.c does.
 */
#include "base/log.h"
#include "pass/edit.h"
#include "quant/transform.h"

#include <string.h>

/* Where a part's features come from: features [first, first + n) of the divided input. */
struct part {
	struct layer *from;
	int32_t port, first, n;
};

static bool divides(const struct layer *l)
{
	return ((l->type == HN_CONV && l->p.groups == 1) || l->type == HN_DENSE) &&
	       !l->p.batch_norm && !l->p.conversion;
}

/* Rows of a kernel that read features [first, first + n) of c; a row is `cout` weights. */
static struct tensor part_kernel(const struct tensor *t, const struct part *p, int32_t c)
{
	const size_t cout = (size_t)t->dim[t->rank - 1], rows = tensor_count(t) / cout;
	int64_t dim[LIMIT_RANK];
	struct tensor k;
	float *to;

	memcpy(dim, t->dim, sizeof dim);
	dim[t->rank - 2] = dim[t->rank - 2] / c * p->n;
	k = tensor_new(DT_F32, t->rank, dim);
	to = tensor_data(&k);
	for (size_t r = 0; r < rows; r++) {
		const int32_t f = (int32_t)(r % (size_t)c);

		if (f < p->first || f >= p->first + p->n)
			continue;
		memcpy(to, (const float *)t->data + r * cout, cout * sizeof *to);
		to += cout;
	}
	return k;
}

/* The layer over one part; part 0 is the layer itself, with its bias and what it adds. */
static struct layer *make_part(struct quant *q, struct layer *l, const struct hn_params *p,
			       const struct tensor *kernel, const struct part *part, size_t k,
			       int32_t c)
{
	struct layer *to = l;
	char name[32];

	if (k > 0) {
		snprintf(name, sizeof name, "part%zu", k);
		to = transform_add(q, l->type, name, l);
		to->p = *p;
		to->p.elementwise_add = false;
		layer_add_input(q->g, to, part->from, part->port);
	} else {
		graph_redirect(q->g, l, 0, part->from, part->port);
	}
	to->p.activation = ACT_LINEAR;
	to->p.kernel[2] = p->kernel[2] / c * part->n;
	layer_set_weight(q->w, to, "kernel", part_kernel(kernel, part, c));
	return to;
}

/*
 * l becomes the sum of `n` layers.  sums: bits of what is added, NULL: as the layer.  The last sum
 * has the layer's activation and its output's bits.
 */
static int divide(struct quant *q, struct layer *l, const struct part *part, size_t n,
		  const struct qmode *sums, struct err *e)
{
	const struct tensor *t = layer_weight(q->w, l, "kernel");
	const int32_t c = layer_in_shape(l, 0)->c;
	struct layer **add = xcalloc(n, sizeof *add);
	const struct hn_params p = l->p;
	struct qinfo *info = l->user;
	const struct qmode mode = info->mode;
	struct tensor kernel;

	if (!t || t->dtype != DT_F32 || t->rank < 2) {
		free(add);
		return err_set(e, "layer '%s' has no float weights", quote(l->name));
	}
	kernel = edit_weight(q->w, l, "kernel", tensor_count(t), 0);
	for (size_t k = 1; k < n; k++) {
		char name[32];

		snprintf(name, sizeof name, "sum%zu", k);
		add[k] = transform_add(q, HN_EW_ADD, name, l);
		if (sums) {
			((struct qinfo *)add[k]->user)->mode = *sums;
			if (k == n - 1)
				((struct qinfo *)add[k]->user)->mode.out = mode.out;
		}
	}
	edit_move_activation(q->w, l, add[n - 1]);
	graph_replace_uses(q->g, l, 0, add[n - 1], 0);
	for (size_t k = 0; k < n; k++) {
		struct layer *to = make_part(q, l, &p, &kernel, &part[k], k, c);

		if (sums && sums->act == 16)
			((struct qinfo *)to->user)->mode.out = 16;
		layer_add_input(q->g, add[k ? k : 1], to, 0);
		if (k > 0 && k < n - 1)
			layer_add_input(q->g, add[k + 1], add[k], 0);
	}
	tensor_release(&kernel);
	free(add);
	return 0;
}

int transform_concat(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e)
{
	struct layer *next = edit_consumer(l);
	struct part *part;
	int32_t at = 0;
	int rc;

	if (alls_get_switch(st, "policy") != 1)
		return 0;
	if (l->type != HN_CONCAT || l->p.concat_axis != 3 || l->nin < 2 || !next ||
	    !divides(next) || next->in[0].layer != l ||
	    (next->p.elementwise_add && next->in[next->nin - 1].layer == l)) {
		log_warn("switch_concat_with_add: '%s' stays: it is no concat of features with one "
			 "convolution behind it",
			 quote(l->name));
		return 0;
	}
	part = xcalloc(l->nin, sizeof *part);
	for (size_t i = 0; i < l->nin; i++) {
		part[i] =
		    (struct part){ l->in[i].layer, l->in[i].port, at, layer_in_shape(l, i)->c };
		at += part[i].n;
	}
	rc = divide(q, next, part, l->nin, NULL, e);
	free(part);
	if (rc == 0)
		transform_bury(l);
	return rc;
}

int transform_divide(struct quant *q, struct layer *l, int32_t each, const struct qmode *sums,
		     struct err *e)
{
	const int32_t c = layer_in_shape(l, 0)->c;
	const size_t n = (size_t)((c + each - 1) / each);
	struct part *part = xcalloc(n, sizeof *part);
	struct layer *from = l->in[0].layer;
	const int32_t port = l->in[0].port;
	int rc;

	for (size_t k = 0; k < n; k++) {
		const int32_t first = (int32_t)k * each;
		char name[32];

		snprintf(name, sizeof name, "slice%zu", k);
		part[k] = (struct part){ transform_add(q, HN_SLICE, name, l), 0, first,
					 c - first < each ? c - first : each };
		part[k].from->p.slice_c[0] = first;
		part[k].from->p.slice_c[1] = first + part[k].n;
		part[k].from->p.slice_c[2] = 1;
		layer_add_input(q->g, part[k].from, from, port);
	}
	rc = divide(q, l, part, n, sums, e);
	free(part);
	return rc;
}

int transform_divides(const struct layer *l, struct err *e)
{
	return divides(l) ? 0
			  : err_set(e,
				    "layer '%s' cannot be divided by input features: conv and "
				    "dense layers in one group can",
				    quote(l->name));
}

int transform_defuse(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e)
{
	const int n = alls_get_int(st, "num_splits", 1);
	int32_t c;

	if (alls_has_word(st, "defuse_type", "mha"))
		return transform_heads(q, st, l, e);
	if (n == 1 || (alls_by_glob(st) && !divides(l)))
		return 0;
	if (transform_divides(l, e) < 0)
		return -1;
	c = layer_in_shape(l, 0)->c;
	if (n < 1 || n > c)
		return err_set(e, "layer '%s' reads %d features, which are not %d parts",
			       quote(l->name), c, n);
	return transform_divide(q, l, (c + n - 1) / n, NULL, e);
}
