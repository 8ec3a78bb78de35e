/*
 * hefop IN.hef OUT.hef CHANGE...: a HEF whose operations say something else, with a right checksum.
 * Changes are those of the table below; numbers belong to the last operation.
 */
#include "base/limits.h"
#include "base/outfile.h"
#include "hef/hef_pb.h"

struct change {
	const char *name;
	void (*fn)(Hef__NetworkGroup *g, Hef__NmsOp *n);
};

static Hef__Op *last(Hef__NetworkGroup *g)
{
	return g->ops[g->n_ops - 1];
}

static void classes(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)g;
	n->classes++;
}

static void score(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)g;
	n->nms_score_th = 1.5;
}

static void proposals(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)g;
	n->max_proposals_per_class = 0;
}

static void image(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)g;
	n->yolo->image_height = 64.5;
}

static void image_nan(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)g;
	n->yolo->image_width = strtod("nan", NULL);
}

static void image_far(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)g;
	n->yolo->image_height = n->yolo->image_width = 1e300;
}

static void stride(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)g;
	n->yolo->bbox_decoders[0]->stride = 16;
}

static void anchor(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)g;
	n->yolo->bbox_decoders[0]->w[1] = 0;
}

static void fewer_widths(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)g;
	n->yolo->bbox_decoders[0]->n_w--;
}

/* Both decoders read one head. */
static void one_head(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)g;
	n->yolo->bbox_decoders[1]->pad_index = n->yolo->bbox_decoders[0]->pad_index;
}

static void no_pad(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)g;
	n->yolo->bbox_decoders[0]->pad_index = 99;
}

static void no_decoders(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)g;
	n->yolo->n_bbox_decoders = 0;
}

static void no_kind(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)g;
	n->kind_case = HEF__NMS_OP__KIND__NOT_SET;
}

static void no_edge(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)n;
	g->n_pad_edges--;
}

static void no_output(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)n;
	last(g)->n_output_pads = 0;
}

/* The output layer has the name of the v-stream. */
static void same_name(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)n;
	last(g)->name = last(g)->output_pads[0]->name;
}

/* Without the operation its inputs are v-streams. */
static void no_op(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)n;
	g->n_ops--;
	g->n_pad_edges = 0;
}

static void bins(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)g;
	n->yolov8->regression_length = 8;
}

static void order(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)g;
	n->ssd->ty = n->ssd->tx = 1;
}

static void proto(Hef__NetworkGroup *g, Hef__NmsOp *n)
{
	(void)g;
	n->yolo_seg->proto_info->proto_layer[0] = 'x';
}

/* clang-format off */
static const struct change changes[] = {
	{ "classes", classes }, { "score", score }, { "proposals", proposals }, { "image", image },
	{ "image-nan", image_nan }, { "image-far", image_far }, { "stride", stride }, { "anchor", anchor },
	{ "fewer-widths", fewer_widths }, { "one-head", one_head }, { "no-pad", no_pad },
	{ "no-decoders", no_decoders }, { "no-kind", no_kind }, { "no-edge", no_edge },
	{ "no-output", no_output }, { "same-name", same_name }, { "no-op", no_op }, { "bins", bins },
	{ "order", order }, { "proto", proto },
};
/* clang-format on */

static int apply(Hef__NetworkGroup *g, const char *name, struct err *e)
{
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		if (strcmp(changes[i].name, name) == 0) {
			changes[i].fn(g, last(g)->nms_op);
			return 0;
		}
	}
	return err_set(e, "unknown change '%s'", name);
}

/* The message has pointers of others in it: the end of the process frees it. */
const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
	return "detect_leaks=0";
}

int main(int argc, char *argv[])
{
	struct err e = { 0 };
	struct str proto_bytes = { 0 }, out = { 0 };
	struct hef *h;
	size_t n;
	void *data;

	if (argc < 4) {
		fprintf(stderr, "usage: hefop IN.hef OUT.hef CHANGE...\n");
		return 2;
	}
	if (!(data = read_file(argv[1], (size_t)1 << 30, &n, &e)) || !(h = hef_parse(data, n, &e)))
		die(&e);
	for (int i = 3; i < argc; i++)
		if (apply(h->msg->network_groups[0], argv[i], &e) < 0)
			die(&e);
	hef_pb_pack(h->msg, &proto_bytes);
	hef_join(h->file.version, proto_bytes.p, proto_bytes.len, h->file.ccws, h->file.nccws,
		 &out);
	if (outfile_put(argv[2], OUT_BINARY, out.p, out.len, &e) < 0)
		die(&e);
	return 0;
}
