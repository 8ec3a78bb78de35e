/* Tensors that a bundle keeps in parts, and parts of tensors. */
#include "tf/tf_bundle_int.h"
#include <string.h>

static int extents(const Tf__TensorSlice *s, struct tf_part *out, struct err *e)
{
	if (s->n_extent > LIMIT_RANK)
		return err_set(e, "its part has %zu dimensions", s->n_extent);
	*out = (struct tf_part){ .n = (int)s->n_extent };
	for (int i = 0; i < out->n; i++) {
		out->start[i] = s->extent[i]->start;
		out->length[i] = s->extent[i]->has_length ? s->extent[i]->length : -1;
	}
	return 0;
}

/* The part's own entry, all of it; its shape is that of `have`. */
static int piece(struct tf_bundle *b, const char *key, const struct tf_part *raw,
		 const struct tf_part *have, struct tensor *t, struct err *e)
{
	struct str k = { 0 };
	const struct tf_item *x;
	struct tensor shape;
	Tf__BundleEntry *p;
	int r = 0;

	tf_part_key(&k, key, raw);
	x = tf_table_find(&b->table, k.p, k.len);
	str_release(&k);
	if (!x)
		return err_set(e, "one of its parts is missing");
	shape = (struct tensor){ .dtype = t->dtype, .rank = have->n };
	memcpy(shape.dim, have->length, sizeof shape.dim);
	p = tf_bundle_entry(x, t, e);
	if (!p)
		return -1;
	if (p->n_slices || t->dtype != shape.dtype || t->rank != shape.rank ||
	    memcmp(t->dim, shape.dim, (size_t)t->rank * sizeof t->dim[0]) != 0)
		r = err_set(e, "damaged: one of its parts is not of the shape it says");
	if (r == 0)
		r = tf_bundle_whole(b, p, t, e);
	tf__bundle_entry__free_unpacked(p, NULL);
	return r;
}

static bool same_part(const struct tf_part *a, const struct tf_part *b)
{
	const size_t n = (size_t)a->n * sizeof a->start[0];

	return a->n == b->n && memcmp(a->start, b->start, n) == 0 &&
	       memcmp(a->length, b->length, n) == 0;
}

static bool overlaps(const struct tf_part *a, const struct tf_part *b)
{
	for (int d = 0; d < a->n; d++)
		if (a->start[d] + a->length[d] <= b->start[d] ||
		    b->start[d] + b->length[d] <= a->start[d])
			return false;
	return true;
}

/* Parts of an entry, fixed in part[] and as they are in raw[]. */
static int read_parts(const Tf__BundleEntry *x, const struct tensor *t, struct tf_part *raw,
		      struct tf_part *part, struct err *e)
{
	for (size_t i = 0; i < x->n_slices; i++) {
		if (extents(x->slices[i], &raw[i], e) < 0)
			return -1;
		part[i] = raw[i];
		if (tf_part_fix(&part[i], t, e) < 0)
			return -1;
		for (size_t k = 0; k < i; k++)
			if (overlaps(&part[i], &part[k]))
				return err_set(e, "damaged: two of its parts overlap");
	}
	return 0;
}

int tf_bundle_gather(struct tf_bundle *b, const char *key, const Tf__BundleEntry *x,
		     const struct tf_part *want, struct tensor *t, struct err *e)
{
	struct tf_part *raw = xcalloc(2 * x->n_slices, sizeof *raw), *part = raw + x->n_slices;
	const size_t size = dtype_size(t->dtype);
	struct tensor out = { .dtype = t->dtype };
	size_t copied = 0;
	int r = read_parts(x, t, raw, part, e);

	for (size_t i = 0; r == 0 && i < x->n_slices; i++)
		if (same_part(&part[i], want)) {
			r = piece(b, key, &raw[i], &part[i], t, e);
			free(raw);
			return r;
		}
	if (r == 0)
		out = tensor_new(t->dtype, want->n, want->length);
	for (size_t i = 0; r == 0 && i < x->n_slices; i++) {
		struct tensor one = { .dtype = out.dtype };

		r = piece(b, key, &raw[i], &part[i], &one, e);
		if (r == 0)
			copied += tf_part_copy(tensor_data(&out), want, one.data, &part[i], size);
		tensor_release(&one);
	}
	free(raw);
	if (r == 0 && copied != tensor_count(&out))
		r = err_set(e, "its parts do not make the whole");
	tensor_release(t);
	*t = out;
	return r;
}

void tf_bundle_cut(struct tensor *t, const struct tf_part *want)
{
	struct tensor out = tensor_new(t->dtype, want->n, want->length);
	struct tf_part all = { .n = t->rank };

	memcpy(all.length, t->dim, sizeof all.length);
	tf_part_copy(tensor_data(&out), want, t->data, &all, dtype_size(t->dtype));
	tensor_release(t);
	*t = out;
}
