/* The heads of nms_postprocess: by name, or found by their shape. */
#include "pass/detect.h"

enum {
	MAX_IMAGES = 8 /* sizes of the image that are tried */
};

static const char *unscoped(const struct detect *d, const char *name)
{
	const size_t n = strlen(d->m->g->name);

	return strncmp(name, d->m->g->name, n) == 0 && name[n] == '/' ? name + n + 1 : name;
}

static const struct hn_shape *shape_of(const struct detect_head *h)
{
	return &h->from->out[h->port];
}

static void list_outputs(struct detect *d)
{
	const size_t n = graph_outputs(d->m->g, NULL, 0);
	struct layer **out = xcalloc(n, sizeof *out);

	graph_outputs(d->m->g, out, n);
	for (size_t i = 0; i < n; i++) {
		VEC_GROW(d->head, d->nhead, &d->cap_head);
		d->head[d->nhead++] =
		    (struct detect_head){ out[i]->in[0].layer, out[i]->in[0].port, out[i], false };
	}
	free(out);
}

/* " (outputs: 'conv1' 80x80x255, ...)" */
static void outputs_text(const struct detect *d, struct str *s)
{
	str_puts(s, "outputs:");
	for (size_t i = 0; i < d->nhead && i < 12; i++) {
		const struct hn_shape *h = shape_of(&d->head[i]);

		str_printf(s, "%s '%s' %dx%dx%d", i ? "," : "",
			   quote(unscoped(d, d->head[i].from->name)), h->h, h->w, h->c);
	}
	if (d->nhead > 12)
		str_puts(s, ", ...");
}

/* Only activations and layers that move the same values stand between the layer and the output. */
static bool leads_to(const struct layer *l, const struct layer *from)
{
	while (from != l && from->nin == 1 &&
	       (from->type == HN_FORMAT_CONVERSION || from->type == HN_SOFTMAX ||
		(hn_is(from->type, HNF_ELTWISE) && !hn_is(from->type, HNF_KERNEL))))
		from = from->in[0].layer;
	return from == l;
}

static int by_name(struct detect *d, const char *key, const char *name, size_t *found,
		   struct err *e)
{
	const struct layer *l = graph_find(d->m->g, name);
	struct str s = { 0 };

	if (!l) {
		alls_unknown_layer(d->m->g, name, e);
		return err_in(e, "%s", key);
	}
	for (size_t i = 0; i < d->nhead; i++)
		if (leads_to(l, d->head[i].from)) {
			*found = i;
			if (d->head[i].taken)
				return err_set(e, "%s '%s' is named twice", key, quote(name));
			return 0;
		}
	outputs_text(d, &s);
	err_set(e, "%s '%s' is not an output of the network (%s)", key, quote(name), s.p);
	str_release(&s);
	return -1;
}

/* Of equal heads the one with a sigmoid is the scores. */
static bool is_probability(const struct detect_head *h)
{
	const enum hn_act a = h->from->p.activation;

	return h->from->type == HN_SOFTMAX ||
	       (hn_is(h->from->type, HNF_ACT) && (a == ACT_SIGMOID || a == ACT_HARD_SIGMOID));
}

/* What a head must look like. */
struct want {
	int32_t c;                   /* features; 0: any */
	const struct hn_shape *like; /* the cells of another head of the level; NULL: by stride */
	int32_t stride;              /* 0: the largest */
	bool probability;            /* of equal ones rather this */
};

static bool suits(const struct detect *d, const struct want *w, const struct detect_head *h)
{
	const struct hn_shape *s = shape_of(h);

	if (h->taken || (w->c && s->c != w->c))
		return false;
	if (w->like)
		return s->h == w->like->h && s->w == w->like->w;
	return w->stride == 0 || (post_fits(s->h, d->p.image[0], w->stride) &&
				  post_fits(s->w, d->p.image[1], w->stride));
}

static int64_t cells(const struct detect_head *h)
{
	return (int64_t)shape_of(h)->h * shape_of(h)->w;
}

/* The first that suits, the larger before the smaller where no stride tells. */
static bool by_shape(const struct detect *d, const struct want *w, size_t *found)
{
	bool any = false;

	for (size_t i = 0; i < d->nhead; i++) {
		const struct detect_head *h = &d->head[i], *best = &d->head[*found];

		if (!suits(d, w, h))
			continue;
		if (!any || cells(h) > cells(best) ||
		    (cells(h) == cells(best) && is_probability(h) == w->probability &&
		     is_probability(best) != w->probability))
			*found = i;
		any = true;
	}
	return any;
}

static int none_suits(const struct detect *d, const struct want *w, const char *key, struct err *e)
{
	struct str s = { 0 }, cells_text = { 0 };
	const struct post *p = &d->p;

	if (w->like)
		str_printf(&cells_text, "%dx%d cells and ", w->like->h, w->like->w);
	else if (w->stride)
		str_printf(&cells_text, "%dx%d cells (stride %d of [%d, %d]) and ",
			   p->image[0] / w->stride, p->image[1] / w->stride, w->stride, p->image[0],
			   p->image[1]);
	outputs_text(d, &s);
	err_set(e, "%s: no output has %s%d features (%s)", key, cells_text.p ? cells_text.p : "",
		w->c, s.p);
	str_release(&s);
	str_release(&cells_text);
	return -1;
}

static void take(struct detect *d, int32_t input, size_t head)
{
	d->head[head].taken = true;
	d->input[input] = head;
	d->p.shape[input] = *shape_of(&d->head[head]);
	d->p.name[input] = d->head[head].from->name;
}

/* A key that only NanoDet's decoders have. */
static const json_t *combined(const struct detect *d, int level)
{
	return json_object_get(
	    json_array_get(json_object_get(d->config, "bbox_decoders"), (size_t)level),
	    "combined_layer");
}

static int find_combined(struct detect *d, int level, struct err *e)
{
	const char *name = json_string_value(combined(d, level));
	const struct want w = { .c = d->p.classes + 4 * d->p.bins,
				.stride = d->p.level[level].stride };
	size_t found = 0;

	if (name && *name ? by_name(d, "combined_layer", name, &found, e) < 0
			  : !by_shape(d, &w, &found) && none_suits(d, &w, "combined_layer", e) < 0)
		return -1;
	if (shape_of(&d->head[found])->c != w.c)
		return err_set(e,
			       "layer '%s' has %d features, %d classes and regression_length %d "
			       "need %d",
			       quote(d->head[found].from->name), shape_of(&d->head[found])->c,
			       d->p.classes, d->p.bins, w.c);
	return detect_cut(d, level, found, e);
}

static int find_level(struct detect *d, int level, struct err *e)
{
	enum post_part part[POST_PARTS];
	const int n = post_parts(d->p.kind, part);
	struct want w = { .stride = d->p.level[level].stride };

	if (d->p.kind == POST_YOLOV8 && combined(d, level) &&
	    !post_config_layer(d->config, d->p.kind, level, POST_REG) &&
	    find_combined(d, level, e) < 0)
		return -1;
	for (int k = 0; k < n; k++) {
		const char *key = post_config_key(d->p.kind, part[k]);
		const char *name = post_config_layer(d->config, d->p.kind, level, part[k]);
		const int32_t input = d->p.level[level].input[part[k]];
		size_t found = 0;

		w.c = post_features(&d->p, level, part[k]);
		w.probability = post_wants_sigmoid(d->p.kind, part[k]);
		if (name ? by_name(d, key, name, &found, e) < 0
			 : !by_shape(d, &w, &found) && none_suits(d, &w, key, e) < 0)
			return -1;
		take(d, input, found);
		w.like = &d->p.shape[input];
	}
	return 0;
}

/* The prototypes of masks have no name: their stride and number tell. */
static int find_proto(struct detect *d, struct err *e)
{
	const json_t *first = json_array_get(json_object_get(d->config, "proto"), 0);
	const struct want w = { .c = (int32_t)json_integer_value(json_object_get(first, "number")),
				.stride = d->p.proto_stride };
	size_t found = 0;

	if (d->p.proto < 0)
		return 0;
	if (!by_shape(d, &w, &found))
		return none_suits(d, &w, "proto", e);
	take(d, d->p.proto, found);
	return 0;
}

static int find_all(struct detect *d, struct err *e)
{
	for (size_t i = 0; i < d->nhead; i++)
		d->head[i].taken = false;
	if (find_proto(d, e) < 0)
		return -1;
	for (int i = 0; i < d->p.nlevel; i++)
		if (find_level(d, i, e) < 0)
			return err_in(e, "bbox_decoders[%d]", i);
	return post_check(&d->p, e);
}

/* Sizes the image may have: the largest input's, and behind each layer before the network. */
static size_t image_sizes(const struct graph *g, int32_t size[][2])
{
	const struct layer *l = NULL;
	size_t n = 0;

	for (size_t i = 0; i < g->nlayers; i++) {
		const struct layer *in = g->layers[i];

		if (in->type == HN_INPUT && (!l || (int64_t)in->out[0].h * in->out[0].w >
						       (int64_t)l->out[0].h * l->out[0].w))
			l = in;
	}
	for (; l && n < MAX_IMAGES; l = l->nsucc == 1 ? l->succ[0] : NULL) {
		if (hn_is(l->type, HNF_WINDOW))
			break;
		size[n][0] = l->out[0].h;
		size[n++][1] = l->out[0].w;
	}
	return n;
}

/*
 * Without image_dims the image is the network's input; behind a conversion of size it is what the
 * parsed network takes, which the heads' cells tell.
 */
int detect_heads(struct detect *d, struct err *e)
{
	int32_t size[MAX_IMAGES][2];
	const size_t n = d->p.image[0] ? 0 : image_sizes(d->m->g, size);
	struct err first = { 0 };

	list_outputs(d);
	if (n == 0)
		return find_all(d, e);
	for (size_t i = 0; i < n; i++) {
		struct err other = { 0 };

		memcpy(d->p.image, size[i], sizeof d->p.image);
		if (find_all(d, i ? &other : &first) == 0) {
			json_object_set_new(d->config, "image_dims",
					    json_pack("[i,i]", size[i][0], size[i][1]));
			return 0;
		}
	}
	return err_set(e, "%s", first.msg);
}
