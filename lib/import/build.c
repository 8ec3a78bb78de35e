/* Layers from nodes: naming, views of their outputs, fusing activations. */
#include "import/build.h"

static void take_names(struct build *b, struct layer *l)
{
	for (size_t i = 0; i < b->node->norigin; i++) {
		const char *name = b->node->origin[i];

		/* Steps of one operator have one name. */
		if (!l->noriginal || strcmp(l->original_names[l->noriginal - 1], name) != 0)
			layer_add_original(b->g, l, name);
	}
}

struct layer *build_layer(struct build *b, enum hn_type t, const char *base)
{
	struct layer *l = graph_add(b->g, t, graph_new_name(b->g, base));

	if (b->node)
		take_names(b, l);
	return l;
}

struct layer *build_after(struct build *b, enum hn_type t, const char *base,
			  const struct im_view *in)
{
	struct layer *l = build_layer(b, t, base);

	layer_add_input(b->g, l, in->layer, in->port);
	return l;
}

void build_out(struct im_value *v, struct layer *l, int32_t port, int64_t batch,
	       const int64_t base[3], const char *axes)
{
	view_init(&v->view, l, port, batch, base, axes);
	v->done = true;
}

void build_pass(struct im_value *to, const struct im_value *from)
{
	if (from->is_const) {
		im_set_const(to, tensor_ref(&from->data));
		return;
	}
	to->view = from->view;
	to->view.sole = from->view.sole && from->nuse == 1;
	to->done = true;
}

void build_like(struct im_value *to, const struct im_value *from, struct layer *l)
{
	to->view = from->view;
	to->view.layer = l;
	to->view.port = 0;
	to->view.sole = true;
	to->done = true;
}

struct layer *build_fusable(const struct im_value *v, unsigned flags)
{
	struct layer *l = v->view.layer;

	if (v->is_const || !v->view.sole || v->nuse != 1 || !hn_is(l->type, flags) ||
	    l->p.activation != ACT_LINEAR)
		return NULL;
	return l;
}

void build_fused(struct build *b, struct layer *l)
{
	take_names(b, l);
}

int build_activation(struct build *b, struct im_value *in, struct im_value *out, enum hn_act act,
		     const struct hn_act_params *p, const float *slope)
{
	struct layer *l = build_fusable(in, HNF_ACT);

	if (l) {
		build_fused(b, l);
		build_pass(out, in);
	} else {
		l = build_after(b, HN_ACTIVATION, "activation", &in->view);
		build_like(out, in, l);
	}
	l->p.activation = act;
	if (p)
		l->p.act = *p;
	if (slope)
		build_weight(b, l, "slope", slope, out->view.base[2]);
	return 0;
}

void build_weight(struct build *b, struct layer *l, const char *key, const float *v, int64_t n)
{
	struct tensor t = tensor_new(DT_F32, 1, &n);

	memcpy(tensor_data(&t), v, (size_t)n * sizeof *v);
	layer_set_weight(b->w, l, key, t);
}

/* A copy of a weight vector to change; dflt where there was none. */
float *build_weight_rw(struct build *b, struct layer *l, const char *key, int64_t n, float dflt)
{
	const struct tensor *old = layer_weight(b->w, l, key);
	float *v = xcalloc((size_t)n, sizeof *v);

	for (int64_t i = 0; i < n; i++)
		v[i] = old ? (float)tensor_get(old, (size_t)i) : dflt;
	return v;
}

/* weight[key] = weight[key] * k + add, per feature. */
static void adjust(struct build *b, struct layer *l, const char *key, float dflt, int64_t c,
		   const float *k, const float *add)
{
	float *v = build_weight_rw(b, l, key, c, dflt);

	for (int64_t i = 0; i < c; i++)
		v[i] = v[i] * (k ? k[i] : 1) + (add ? add[i] : 0);
	build_weight(b, l, key, v, c);
	free(v);
}

/* Into the batch norm, the bias or the normalization that the layer already has; false: not
 * possible. */
static bool fuse_affine(struct build *b, struct layer *l, int64_t c, const float *k,
			const float *add)
{
	if (l->p.elementwise_add)
		return false;
	if (l->p.batch_norm) {
		if (k)
			adjust(b, l, "gamma", 1, c, k, NULL);
		adjust(b, l, "beta", 0, c, k, add);
	} else if (l->type == HN_LAYER_NORM) {
		if (k)
			adjust(b, l, "gamma", 1, c, k, NULL);
		if (add || layer_weight(b->w, l, "beta"))
			adjust(b, l, "beta", 0, c, k, add);
	} else if (l->type == HN_NORMALIZATION) {
		if (k)
			adjust(b, l, "kernel", 1, c, k, NULL);
		adjust(b, l, "bias", 0, c, k, add);
	} else if (hn_is(l->type, HNF_BIAS) && !k) {
		adjust(b, l, "bias", 0, c, NULL, add);
	} else {
		return false;
	}
	return true;
}

int build_affine(struct build *b, struct im_value *in, struct im_value *out, float *k, float *add)
{
	struct layer *l = build_fusable(in, HNF_ACT);
	const int64_t c = in->view.base[2];
	float *ones = NULL;

	if (l && fuse_affine(b, l, c, k, add)) {
		build_fused(b, l);
		build_pass(out, in);
		return 0;
	}
	l = build_after(b, HN_NORMALIZATION, "normalization", &in->view);
	ones = xcalloc((size_t)c, sizeof *ones);
	for (int64_t i = 0; i < c; i++)
		ones[i] = 1;
	build_weight(b, l, "kernel", k ? k : ones, c);
	for (int64_t i = 0; i < c; i++)
		ones[i] = 0;
	build_weight(b, l, "bias", add ? add : ones, c);
	build_like(out, in, l);
	free(ones);
	return 0;
}

int build_batch_norm(struct build *b, struct im_value *in, struct im_value *out, int64_t c,
		     float *v[4], float epsilon)
{
	static const char *const keys[4] = { "gamma", "beta", "moving_mean", "moving_variance" };
	struct layer *l = build_fusable(in, HNF_BN | HNF_KERNEL);

	if (l && (l->p.batch_norm || l->p.elementwise_add))
		l = NULL;
	if (l) {
		build_fused(b, l);
		build_pass(out, in);
	} else {
		l = build_after(b, HN_BATCH_NORM, "batch_norm", &in->view);
		build_like(out, in, l);
	}
	l->p.batch_norm = true;
	l->p.bn_epsilon = epsilon;
	for (int i = 0; i < 4; i++)
		build_weight(b, l, keys[i], v[i], c);
	return 0;
}

struct layer *build_slice(struct build *b, const struct im_view *v, int axis, int64_t from,
			  int64_t to, int64_t step)
{
	struct layer *l = build_after(b, HN_SLICE, "slice", v);
	int32_t *s[3] = { l->p.slice_h, l->p.slice_w, l->p.slice_c };

	for (int i = 0; i < 3; i++) {
		s[i][0] = i == axis ? (int32_t)from : 0;
		s[i][1] = (int32_t)(i == axis ? to : v->base[i]);
		s[i][2] = i == axis ? (int32_t)step : 1;
	}
	return l;
}
