/* Do the heads fit the configuration? */
#include "base/limits.h"
#include "post/post_int.h"

static const char *input_name(const struct post *p, int32_t i)
{
	char number[16];

	if (p->name[i])
		return quote(p->name[i]);
	snprintf(number, sizeof number, "%d", i);
	return quote(number);
}

static const char *plural(int32_t n)
{
	return n == 1 ? "" : "s";
}

/* "3 anchors and 80 classes" and what else the number of features depends on. */
static void basis(const struct post *p, const struct post_level *l, enum post_part part,
		  struct str *s)
{
	const struct post_row *row = post_row(p->kind);
	const bool classes = part == POST_CLS || row->boxed;

	if (row->anchors)
		str_printf(s, "%d anchor%s", l->nanchor, plural(l->nanchor));
	if (classes)
		str_printf(s, "%s%d class%s", s->len ? " and " : "", p->classes,
			   p->classes == 1 ? "" : "es");
	if (row->bins && part == POST_REG)
		str_printf(s, "regression_length %d", p->bins);
	if (post_masks(p))
		str_printf(s, " and %d masks", post_masks(p));
}

static int check_features(const struct post *p, const struct post_level *l, enum post_part part,
			  struct err *e)
{
	const int32_t i = l->input[part];
	const int32_t want = post_row(p->kind)->features(p, part) * l->nanchor;
	struct str s = { 0 };

	if (p->shape[i].c == want)
		return 0;
	basis(p, l, part, &s);
	err_set(e, "layer '%s' has %d features, %s%s%s needs %d", input_name(p, i), p->shape[i].c,
		post_kind_name(p->kind), s.len ? " with " : "", s.len ? s.p : "", want);
	str_release(&s);
	return -1;
}

bool post_fits(int32_t cells, int32_t pixels, int32_t stride)
{
	return cells == pixels / stride || cells == (pixels + stride - 1) / stride;
}

static int check_grid(const struct post *p, const struct post_level *l, enum post_part part,
		      struct err *e)
{
	const int32_t i = l->input[part], first = l->input[POST_REG];
	const struct hn_shape *s = &p->shape[i], *f = &p->shape[first];

	if (s->h != f->h || s->w != f->w)
		return err_set(e, "layer '%s' has %dx%d cells, '%s' of the same decoder %dx%d",
			       input_name(p, i), s->h, s->w, input_name(p, first), f->h, f->w);
	if (l->stride &&
	    (!post_fits(s->h, p->image[0], l->stride) || !post_fits(s->w, p->image[1], l->stride)))
		return err_set(e,
			       "layer '%s' has %dx%d cells, stride %d and image_dims [%d, %d] need "
			       "%dx%d",
			       input_name(p, i), s->h, s->w, l->stride, p->image[0], p->image[1],
			       p->image[0] / l->stride, p->image[1] / l->stride);
	return 0;
}

static int check_level(const struct post *p, const struct post_level *l, struct err *e)
{
	const struct post_row *row = post_row(p->kind);

	if (row->anchors && l->nanchor < 1)
		return err_set(e, "a decoder has no anchors w and h");
	for (int k = 0; k < row->nparts; k++) {
		const int32_t i = l->input[row->parts[k]];

		if (i < 0 || i >= p->ninput)
			return err_set(e, "a decoder has no %s", row->key[row->parts[k]]);
		if (check_features(p, l, row->parts[k], e) < 0 ||
		    check_grid(p, l, row->parts[k], e) < 0)
			return -1;
	}
	return 0;
}

static int check_output(const struct post *p, struct err *e)
{
	const int64_t total =
	    p->max_total ? p->max_total : (int64_t)p->max_per_class * post_classes(p);
	const int64_t row = 6 + (int64_t)p->image[0] * p->image[1];

	if (post_classes(p) < 1)
		return err_set(e, "'classes' is %d with the background, nothing is left",
			       p->classes);
	if (p->background_removal && (p->background < 0 || p->background >= p->classes))
		return err_set(e, "'background_removal_index' is %d, 0 to %d expected",
			       p->background, p->classes - 1);
	if (total > LIMIT_DIM)
		return err_set(e, "%lld boxes are more than an array holds", (long long)total);
	if (p->kind == POST_YOLOV5_SEG && row > LIMIT_DIM)
		return err_set(e, "masks of %dx%d are more than an array holds", p->image[0],
			       p->image[1]);
	return 0;
}

int post_check(const struct post *p, struct err *e)
{
	if (p->nlevel < 1)
		return err_set(e, "it has no decoders");
	if (p->proto >= p->ninput || (p->kind == POST_YOLOV5_SEG && p->proto < 0))
		return err_set(e, "it has no prototypes of masks");
	if (p->bbox_only && !post_has_bbox_only(p->kind))
		return err_set(e, "%s has no bbox_decoding_only (yolov5 and yolov8 have)",
			       post_kind_name(p->kind));
	if (check_output(p, e) < 0)
		return -1;
	for (int32_t i = 0; i < p->nlevel; i++)
		if (check_level(p, &p->level[i], e) < 0)
			return -1;
	if (p->bbox_only && post_boxes(p) > LIMIT_DIM)
		return err_set(e, "%lld boxes are more than an array holds",
			       (long long)post_boxes(p));
	return 0;
}
