/* A small hand-made network with what allocation reads of its records; for alloc tests and fuzzing.
 */
#ifndef HN_TESTS_UNIT_NET_H
#define HN_TESTS_UNIT_NET_H

#include "alloc/alloc.h"

static inline void set32(struct qarr_i32 *a, size_t n, const int32_t *v)
{
	a->v = xreallocarray(NULL, n, sizeof *a->v);
	a->n = n;
	memcpy(a->v, v, n * sizeof *v);
}

/* What allocation reads of a record: shapes, widths, window, size of the kernel. */
static inline void make_record(const struct layer *l, struct qop *q)
{
	const int32_t pad[4] = { l->p.pad[0], l->p.pad[1], l->p.pad[2], l->p.pad[3] };
	const struct hn_shape *s;
	int32_t shapes[3 * 4];
	int32_t bits[4] = { 8, 8, 8, 8 };
	size_t i;

	*q = (struct qop){ .type = (int32_t)l->type,
			   .nin = (int32_t)l->nin,
			   .out_bits = 8,
			   .groups = l->p.groups };
	for (i = 0; i < l->nin; i++) {
		s = layer_in_shape(l, i);
		shapes[3 * i] = s->h;
		shapes[3 * i + 1] = s->w;
		shapes[3 * i + 2] = s->c;
	}
	set32(&q->in_shape, 3 * l->nin, shapes);
	set32(&q->in_bits, l->nin, bits);
	set32(&q->out_shape, 3, (int32_t[]){ l->out[0].h, l->out[0].w, l->out[0].c });
	set32(&q->kernel_hw, 2, l->p.kernel);
	set32(&q->stride, 2, l->p.stride);
	set32(&q->dilation, 2, l->p.dilation);
	set32(&q->pad, 4, pad);
	if (!hn_is(l->type, HNF_KERNEL))
		return;
	q->w_bits = 8;
	q->kernel.n = (size_t)l->p.kernel[2] * (size_t)l->p.kernel[3];
	if (l->type != HN_DENSE)
		q->kernel.n *= (size_t)l->p.kernel[0] * (size_t)l->p.kernel[1];
	q->kernel.v = xcalloc(q->kernel.n, 1);
}

struct net {
	struct graph *g;
	struct qmodel m;
};

static inline struct layer *add_conv(struct graph *g, struct layer *from, int32_t k, int32_t cin,
				     int32_t cout)
{
	struct layer *l = graph_add(g, HN_CONV, graph_new_name(g, "conv"));

	layer_add_input(g, l, from, 0);
	l->p.kernel[0] = l->p.kernel[1] = k;
	l->p.kernel[2] = cin;
	l->p.kernel[3] = cout;
	l->p.padding = PAD_SAME;
	return l;
}

/* Shapes and records of all layers. */
static inline void finish_net(struct net *n)
{
	struct err e = { 0 };

	if (graph_infer_shapes(n->g, &e) < 0)
		die(&e);
	n->m.g = n->g;
	n->m.n = n->g->nlayers;
	n->m.q = xcalloc(n->m.n, sizeof *n->m.q);
	for (size_t i = 0; i < n->m.n; i++)
		make_record(n->g->layers[i], &n->m.q[i]);
}

/* input, `depth` convolutions of `c` features, an addition of the first one's output, output. */
static inline struct net make_net(int32_t size, int32_t c, int depth)
{
	struct net n = { .g = graph_new("net") };
	struct layer *first, *l, *add, *out;

	l = graph_add(n.g, HN_INPUT, "input_layer1");
	l->out[0] = (struct hn_shape){ size, size, 8, 4 };
	first = l = add_conv(n.g, l, 3, 8, c);
	while (--depth > 0)
		l = add_conv(n.g, l, 3, c, c);
	add = graph_add(n.g, HN_EW_ADD, "ew_add1");
	layer_add_input(n.g, add, l, 0);
	layer_add_input(n.g, add, first, 0);
	out = graph_add(n.g, HN_OUTPUT, "output_layer1");
	layer_add_input(n.g, out, add, 0);
	finish_net(&n);
	return n;
}

/* input, a convolution, `branches` that read it, each with an output of its own. */
static inline struct net make_star(int32_t size, int32_t c, int branches)
{
	struct net n = { .g = graph_new("net") };
	struct layer *made[32], *l;

	l = graph_add(n.g, HN_INPUT, "input_layer1");
	l->out[0] = (struct hn_shape){ size, size, 8, 4 };
	made[0] = add_conv(n.g, l, 3, 8, c);
	for (int i = 1; i <= branches; i++)
		made[i] = add_conv(n.g, made[0], i % 2 ? 3 : 1, c, c);
	for (int i = 1; i <= branches; i++) {
		l = graph_add(n.g, HN_OUTPUT, graph_new_name(n.g, "output_layer"));
		layer_add_input(n.g, l, made[i], 0);
	}
	finish_net(&n);
	return n;
}

static inline struct layer *add_sum(struct graph *g, struct layer *a, struct layer *b)
{
	struct layer *l = graph_add(g, HN_EW_ADD, graph_new_name(g, "ew_add"));

	layer_add_input(g, l, a, 0);
	layer_add_input(g, l, b, 0);
	return l;
}

/*
 * `depth` layers in all between an input and an output: convolutions of any of the three layers
 * before them, additions, and in the end sums of what nothing has read.
 */
static inline struct net random_net(uint32_t seed, int32_t size, int32_t c, int depth)
{
	struct net n = { .g = graph_new("net") };
	struct layer *made[32], *out;
	int k = 0, unread;

	out = graph_add(n.g, HN_INPUT, "input_layer1");
	out->out[0] = (struct hn_shape){ size, size, 8, 4 };
	made[k++] = add_conv(n.g, out, 3, 8, c);
	for (;;) {
		struct layer *from, *other;

		unread = 0;
		for (int i = 0; i < k; i++)
			unread += made[i]->nsucc == 0;
		if (k + unread - 1 >= depth)
			break;
		seed = seed * 1664525u + 1013904223u;
		from = made[k - 1 - (int)((seed >> 8) % (uint32_t)(k < 3 ? k : 3))];
		other = made[k - 1 - (int)((seed >> 16) % (uint32_t)(k < 4 ? k : 4))];
		made[k++] = (seed >> 28) < 4 && other != from
				? add_sum(n.g, from, other)
				: add_conv(n.g, from, (seed >> 24) & 1 ? 3 : 1, c, c);
	}
	for (out = NULL; k-- > 0;)
		if (made[k]->nsucc == 0)
			out = out ? add_sum(n.g, out, made[k]) : made[k];
	made[0] = graph_add(n.g, HN_OUTPUT, "output_layer1");
	layer_add_input(n.g, made[0], out, 0);
	finish_net(&n);
	return n;
}

static inline void free_net(struct net *n)
{
	size_t i;

	for (i = 0; i < n->m.n; i++)
		qop_release(&n->m.q[i]);
	free(n->m.q);
	graph_free(n->g);
}

#endif
