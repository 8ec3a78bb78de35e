/*
 * Configurations of post-processes: the first byte is the meta architecture, the rest the JSON.
 * One that is read fits heads of the shapes it asks for, runs on them within its output, and is the
 * same when it is written and read again.
 */
#include "post/post.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	MAX_FLOATS = 1 << 20, /* of heads and output: larger ones are only checked */
	MASKS = 2
};

static void shapes(struct post *p)
{
	enum post_part part[POST_PARTS];
	const int n = post_parts(p->kind, part);

	if (p->proto >= 0)
		p->shape[p->proto] = (struct hn_shape){ 3, 2, MASKS, 4 };
	for (int i = 0; i < p->nlevel; i++)
		for (int k = 0; k < n; k++) {
			const int32_t s = p->level[i].stride;

			p->shape[p->level[i].input[part[k]]] =
			    (struct hn_shape){ s ? p->image[0] / s : 2, s ? p->image[1] / s : 3,
					       post_features(p, i, part[k]), 4 };
		}
}

/* Floats of all heads and the output; more than MAX_FLOATS: the first that is too many. */
static size_t floats(const struct post *p)
{
	const struct hn_shape out = post_output_shape(p);
	size_t sum = hn_shape_count(&out);

	for (int32_t i = 0; i < p->ninput && sum <= MAX_FLOATS; i++)
		sum += hn_shape_count(&p->shape[i]);
	return sum;
}

static void run(const struct post *p)
{
	const struct hn_shape s = post_output_shape(p);
	const float *in[POST_INPUTS];
	float *head[POST_INPUTS], *out = xmalloc(hn_shape_count(&s) * sizeof *out);

	for (int32_t i = 0; i < p->ninput; i++) {
		const size_t n = hn_shape_count(&p->shape[i]);

		in[i] = head[i] = xmalloc(n * sizeof **head);
		for (size_t k = 0; k < n; k++)
			head[i][k] = (float)(k * 7919 % 1000) / 700;
	}
	post_run(p, in, out);
	for (size_t k = 0; k < hn_shape_count(&s); k++)
		if (out[k] != out[k])
			BUG("not a number in the output");
	for (int32_t i = 0; i < p->ninput; i++)
		free(head[i]);
	free(out);
}

static void again(const struct post *p)
{
	struct post q = { .kind = p->kind, .proto = -1 };
	struct err e = { 0 };
	json_t *a = post_to_config(p), *b;

	if (post_from_config(&q, a, &e) < 0)
		BUG("what was written is not read: %s", e.msg);
	memcpy(q.shape, p->shape, sizeof q.shape);
	b = post_to_config(&q);
	if (!json_equal(a, b))
		BUG("what was read again differs");
	json_decref(a);
	json_decref(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct post p = { .image = { 96, 64 }, .proto = -1 };
	struct err e = { 0 };
	json_t *j;

	if (size < 1)
		return 0;
	p.kind = (enum post_kind)(data[0] % POST_KIND_COUNT);
	p.bbox_only = data[0] & 128 && post_has_bbox_only(p.kind);
	j = json_parse((const char *)data + 1, size - 1, &e);
	if (j && post_from_config(&p, j, &e) == 0) {
		shapes(&p);
		if (post_check(&p, &e) == 0) {
			again(&p);
			if (floats(&p) <= MAX_FLOATS)
				run(&p);
		}
	}
	json_decref(j);
	return 0;
}
