/* Post units of a programme: round trip, what is refused, damage at every byte. */
#include "prog.h"

enum {
	HEAD = 2 /* the stream of conv2, 8x8x8: one anchor, 3 classes */
};

static struct isa_prog *with_post(const struct variant *v)
{
	struct isa_prog *p = make_prog(v);
	struct isa_post *t = xcalloc(1, sizeof *t);

	t->name = xstrdup("net/yolov5_nms_postprocess");
	t->io_layer = xstrdup("net/output_layer2_boxes");
	set32(&t->in, 1, (int32_t[]){ HEAD });
	t->post = (struct post){ .kind = POST_YOLOV5,
				 .engine = POST_AUTO,
				 .score_th = 0.3,
				 .iou_th = 0.6,
				 .image = { 64, 64 },
				 .classes = 3,
				 .max_per_class = 20,
				 .centers_scale = 10,
				 .dims_scale = 5,
				 .division = 1,
				 .proto = -1,
				 .nlevel = 1 };
	t->post.level[0].stride = 8;
	t->post.level[0].nanchor = 1;
	t->post.level[0].w[0] = 10;
	t->post.level[0].h[0] = 13;
	post_number_inputs(&t->post);
	p->posts = t;
	p->nposts = 1;
	return p;
}

static void round_trip(void)
{
	struct isa_prog *p = with_post(&(struct variant){ 0 }), *q = NULL;
	struct isa_image im = { 0 };
	struct err e = { 0 };
	bool ok = isa_check(p, &e) == 0 && isa_encode(p, &im, &e) == 0 &&
		  (q = isa_decode(im.bytes.p, im.bytes.len, &e)) && q->nposts == 1;

	check(ok && strcmp(q->posts[0].name, p->posts[0].name) == 0 &&
		  strcmp(q->posts[0].io_layer, p->posts[0].io_layer) == 0 &&
		  memcmp(&q->posts[0].post, &p->posts[0].post, sizeof p->posts[0].post) == 0 &&
		  q->posts[0].in.n == 1 && q->posts[0].in.v[0] == HEAD,
	      "a post unit comes back as it was");
	check(ok && isa_feeds_post(q, HEAD) && !isa_feeds_post(q, 1),
	      "it feeds on its stream only");
	if (!ok)
		printf("%s\n", e.msg);
	isa_free(p);
	isa_free(q);
	isa_image_release(&im);
}

/* ---- what is refused ---- */

#define CHANGE(name) static void change_##name(struct isa_prog *p)

CHANGE(input)
{
	p->posts[0].in.v[0] = 0;
}
CHANGE(far)
{
	p->posts[0].in.v[0] = 99;
}
CHANGE(features)
{
	p->posts[0].post.classes = 4;
}
CHANGE(stride)
{
	p->posts[0].post.level[0].stride = 16;
}
CHANGE(threshold)
{
	p->posts[0].post.score_th = 1.5;
}
CHANGE(anchor)
{
	p->posts[0].post.level[0].w[0] = -1;
}
CHANGE(proposals)
{
	p->posts[0].post.max_per_class = 0;
}
CHANGE(order)
{
	p->posts[0].post.order[2] = 7;
}
CHANGE(cpu)
{
	p->posts[0].post.engine = POST_CPU;
}
CHANGE(kind)
{
	p->posts[0].post.kind = POST_YOLOV8;
	p->posts[0].post.bins = 1;
}
CHANGE(heads)
{
	free(p->posts[0].in.v);
	set32(&p->posts[0].in, 2, (int32_t[]){ HEAD, HEAD });
}
CHANGE(name)
{
	free(p->posts[0].name);
	p->posts[0].name = xstrdup(p->streams[1].name);
}
CHANGE(nameless)
{
	p->posts[0].name[0] = 0;
}

/* clang-format off */
static const struct {
	void (*change)(struct isa_prog *p);
	const char *says; /* behind "post unit 'NAME': " */
} cases[] = {
	{ change_input,     "stream 0 is no output, or used twice" },
	{ change_far,       "stream 99 is no output, or used twice" },
	{ change_features,  "layer '0' has 8 features, yolov5 with 1 anchor and 4 classes needs 9" },
	{ change_stride,    "layer '0' has 8x8 cells, stride 16 and image_dims [64, 64] need 4x4" },
	{ change_threshold, "a threshold of 1.5" },
	{ change_anchor,    "an anchor of -1x13" },
	{ change_proposals, "max_proposals_per_class is 0" },
	{ change_order,     "boxes in the order 0, 0, 7, 0" },
	{ change_cpu,       "yolov5 on cpu" },
	{ change_kind,      "yolov8 on auto" },
	{ change_heads,     "2 streams for 1 heads" },
	{ change_name,      "its name is a stream's" },
	{ change_nameless,  "a name of 0 bytes" },
};
/* clang-format on */

static void refusals(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct isa_prog *p = with_post(&(struct variant){ 0 });
		struct err e = { 0 };

		cases[i].change(p);
		check(isa_check(p, &e) < 0 && strncmp(e.msg, "post unit '", 11) == 0 &&
			  strstr(e.msg, cases[i].says),
		      cases[i].says);
		if (!strstr(e.msg, cases[i].says))
			printf("it says: %s\n", e.msg);
		isa_free(p);
	}
}

static void one_context(void)
{
	struct isa_prog *p = with_post(&(struct variant){ .contexts = 2 });
	struct err e = { 0 };

	check(isa_check(p, &e) < 0 && strstr(e.msg, "in a programme of 2 contexts"),
	      "several contexts have no post unit");
	isa_free(p);
}

/* Whatever is decoded from damaged bytes is sound: it encodes and decodes again. */
static void damage(void)
{
	struct isa_prog *p = with_post(&(struct variant){ 0 });
	struct isa_image im, again;
	struct err e = { 0 };
	bool ok = true;
	size_t end;

	isa_encode(p, &im, &e);
	isa_segment_end(im.bytes.p, im.bytes.len, 0, &end, &e);
	for (size_t i = 0; i < 8 * end && ok; i++) {
		struct isa_prog *a, *b = NULL;

		im.bytes.p[i / 8] = (char)(im.bytes.p[i / 8] ^ 1 << i % 8);
		e = (struct err){ 0 };
		if ((a = isa_decode(im.bytes.p, im.bytes.len, &e))) {
			ok = isa_encode(a, &again, &e) == 0 &&
			     (b = isa_decode(again.bytes.p, again.bytes.len, &e));
			isa_image_release(&again);
		}
		isa_free(a);
		isa_free(b);
		im.bytes.p[i / 8] = (char)(im.bytes.p[i / 8] ^ 1 << i % 8);
	}
	check(ok, "no turned bit gives an unsound programme");
	isa_image_release(&im);
	isa_free(p);
}

int main(void)
{
	round_trip();
	refusals();
	one_context();
	damage();
	return finish();
}
