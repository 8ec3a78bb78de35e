/* Runs a post-process on the heads of one image. */
#include "base/par.h"
#include "post/post_int.h"

struct run {
	const struct post *p;
	const float *const *in;
	struct post_box *box;
	const float **coefficient; /* of the boxes' masks; NULL: none */
	float *objectness;         /* of the boxes, where there are masks */
	size_t nbox, cap_box, cap_coefficient, cap_objectness;
	struct post_hit *hit;
	size_t nhit, cap_hit;
	float *out; /* bbox_only: the next box */
};

static int64_t boxes_of(const struct post *p, const struct post_level *l)
{
	const struct hn_shape *s = &p->shape[l->input[POST_REG]];

	return (int64_t)s->h * s->w * l->nanchor;
}

int64_t post_boxes(const struct post *p)
{
	int64_t n = 0;

	for (int32_t i = 0; i < p->nlevel; i++)
		n += boxes_of(p, &p->level[i]);
	return n;
}

struct hn_shape post_output_shape(const struct post *p)
{
	const int32_t total = p->max_total ? p->max_total : p->max_per_class * post_classes(p);

	if (p->bbox_only)
		return (struct hn_shape){ 1, (int32_t)post_boxes(p),
					  4 + post_row(p->kind)->boxed + p->classes, 4 };
	if (p->kind == POST_YOLOV5_SEG)
		return (struct hn_shape){ 1, total, 6 + p->image[0] * p->image[1], 4 };
	return (struct hn_shape){ post_classes(p), 5, p->max_per_class, 4 };
}

/* The cell's values: of a head that all anchors share, or of one that has a part for each. */
static void look_at(const struct run *r, struct post_cell *c)
{
	const struct post_row *row = post_row(r->p->kind);
	const size_t cell = (size_t)c->row * (size_t)c->cols + (size_t)c->col;

	for (int k = 0; k < row->nparts; k++) {
		const enum post_part part = row->parts[k];
		const int32_t input = c->l->input[part];
		const int32_t per_anchor = row->features(r->p, part);

		c->part[part] = r->in[input] + cell * (size_t)r->p->shape[input].c +
				(size_t)c->anchor * (size_t)per_anchor;
	}
	if (row->boxed)
		c->part[POST_CLS] = c->part[POST_REG];
}

static void add_box(struct run *r, const struct post_cell *c, float objectness)
{
	VEC_GROW(r->box, r->nbox, &r->cap_box);
	r->box[r->nbox] = post_row(r->p->kind)->box(c);
	if (r->p->proto >= 0) {
		VEC_GROW(r->coefficient, r->nbox, &r->cap_coefficient);
		VEC_GROW(r->objectness, r->nbox, &r->cap_objectness);
		r->coefficient[r->nbox] = c->part[POST_REG] + 5 + r->p->classes;
		r->objectness[r->nbox] = objectness;
	}
	r->nbox++;
}

/* Classes are counted without the background. */
static int32_t class_number(const struct post *p, int32_t k)
{
	return k - (p->background_removal && k > p->background);
}

static bool is_background(const struct post *p, int32_t k)
{
	return p->background_removal && k == p->background;
}

static void hit(struct run *r, int32_t k, float score)
{
	VEC_GROW(r->hit, r->nhit, &r->cap_hit);
	r->hit[r->nhit++] = (struct post_hit){ score, class_number(r->p, k), r->nbox - 1 };
}

/* The cell's box with every class, or the best class, whose score reaches the threshold. */
static void detect(struct run *r, const struct post_cell *c)
{
	const struct post *p = r->p;
	const float objectness = post_objectness(c);
	const int32_t first = post_first_class(p);
	const size_t nbox = r->nbox;
	float best = 0;
	int32_t best_class = -1;

	if (!((double)objectness >= p->score_th))
		return;
	for (int32_t k = 0; k < p->classes; k++) {
		float score;

		if (is_background(p, k))
			continue;
		score = post_value(c, POST_CLS, first + k) * objectness;
		if (!((double)score >= p->score_th))
			continue;
		if (r->nbox == nbox)
			add_box(r, c, objectness);
		if (!p->one_class)
			hit(r, k, score);
		else if (best_class < 0 || score > best) {
			best = score;
			best_class = k;
		}
	}
	if (best_class >= 0)
		hit(r, best_class, best);
}

static void write_all(struct run *r, const struct post_cell *c)
{
	const struct post_box b = post_row(r->p->kind)->box(c);
	const int32_t first = post_first_class(r->p);

	*r->out++ = b.y0;
	*r->out++ = b.x0;
	*r->out++ = b.y1;
	*r->out++ = b.x1;
	if (post_row(r->p->kind)->boxed)
		*r->out++ = post_objectness(c);
	for (int32_t k = 0; k < r->p->classes; k++)
		*r->out++ = post_value(c, POST_CLS, first + k);
}

static void walk(struct run *r, const struct post_level *l)
{
	const struct hn_shape *s = &r->p->shape[l->input[POST_REG]];
	struct post_cell c = { .p = r->p, .l = l, .rows = s->h, .cols = s->w };

	c.sigmoid = post_row(r->p->kind)->linear;
	for (c.row = 0; c.row < s->h; c.row++)
		for (c.col = 0; c.col < s->w; c.col++)
			for (c.anchor = 0; c.anchor < l->nanchor; c.anchor++) {
				look_at(r, &c);
				(r->p->bbox_only ? write_all : detect)(r, &c);
			}
}

static int by_score(const void *a, const void *b)
{
	const struct post_hit *x = a, *y = b;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	return (x->box > y->box) - (x->box < y->box);
}

/* [1, boxes, 6 + height * width] */
struct rows {
	struct run *r;
	float *out;
	size_t size; /* of a row */
};

static int write_row(size_t i, void *ctx, struct err *e)
{
	const struct rows *to = ctx;
	const struct run *r = to->r;
	const struct post_hit *h = &r->hit[i];
	const struct post_box *b = &r->box[h->box];
	const float head[6] = { b->y0, b->x0, b->y1, b->x1, h->score, (float)h->class };
	const size_t masks = (size_t)post_masks(r->p);
	float *scaled = xcalloc(masks, sizeof *scaled);

	(void)e;
	for (size_t k = 0; k < masks; k++)
		scaled[k] = r->coefficient[h->box][k] * r->objectness[h->box];
	memcpy(to->out + i * to->size, head, sizeof head);
	post_mask(r->p, r->in[r->p->proto], scaled, b, to->out + i * to->size + 6);
	free(scaled);
	return 0;
}

static void write_masks(struct run *r, size_t n, float *out)
{
	const struct hn_shape s = post_output_shape(r->p);
	struct rows to = { r, out, (size_t)s.c };
	struct err e = { 0 };

	if (n)
		qsort(r->hit, n, sizeof *r->hit, by_score);
	if (par_for(n < (size_t)s.w ? n : (size_t)s.w, write_row, &to, &e) < 0)
		BUG("%s", e.msg);
}

/* [classes, 5, max_per_class] */
static void write_boxes(const struct run *r, size_t n, float *out)
{
	const size_t max = (size_t)r->p->max_per_class;
	size_t place = 0;

	for (size_t i = 0; i < n; i++) {
		const struct post_hit *h = &r->hit[i];
		const struct post_box *b = &r->box[h->box];
		const float v[5] = { b->y0, b->x0, b->y1, b->x1, h->score };

		place = i && h->class == r->hit[i - 1].class ? place + 1 : 0;
		for (size_t k = 0; k < 5; k++)
			out[((size_t)h->class * 5 + k) * max + place] = v[k];
	}
}

void post_run(const struct post *p, const float *const in[], float *out)
{
	const struct hn_shape s = post_output_shape(p);
	struct run r = { .p = p, .in = in, .out = out };
	size_t n;

	memset(out, 0, hn_shape_count(&s) * sizeof *out);
	for (int32_t i = 0; i < p->nlevel; i++)
		walk(&r, &p->level[i]);
	if (p->bbox_only)
		return;
	n = post_suppress(p, r.box, r.hit, r.nhit);
	if (p->proto >= 0)
		write_masks(&r, n, out);
	else
		write_boxes(&r, n, out);
	free(r.box);
	free(r.coefficient);
	free(r.objectness);
	free(r.hit);
}
