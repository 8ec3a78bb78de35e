/*
 * detect META CONFIG.json OUT.npy [bbox-only] [activated] [best-class] [every-box]
 *        NAME=HEAD.npy...
 *
 * The detections that a post-process should find in heads, [batch, classes, 5, proposals]
 * (yolov5_seg: [batch, 1, proposals, 6 + H W], its prototypes being the head "proto"; bbox-only:
 * [batch, 1, proposals, 4 (+ 1) + classes]).  CONFIG names the heads; activated: sigmoids are
 * applied to them already; best-class: a box is a detection of its best class only, as some
 * users of YOLOv5 have it, not of each class above the threshold; every-box: nothing is suppressed.
 */
#include "base/outfile.h"
#include "det/det.h"

#include <math.h>

static const struct {
	const char *name;
	void (*decode)(struct job *j);
} metas[] = {
	/* clang-format off */
	{ "yolov5",     decode_yolov5 },
	{ "yolov5_seg", decode_yolov5_seg },
	{ "ssd",        decode_ssd },
	{ "yolox",      decode_yolox },
	{ "yolov6",     decode_yolov6 },
	{ "yolov8",     decode_yolov8 },
	{ "damoyolo",   decode_damoyolo },
	{ "centernet",  decode_centernet },
	{ "corners",    decode_corners },
	/* clang-format on */
};

double at(const struct job *j, const struct head *h, int y, int x, int c)
{
	return tensor_get(
	    &h->t, (((size_t)j->image * (size_t)h->h + (size_t)y) * (size_t)h->w + (size_t)x) *
			   (size_t)h->c +
		       (size_t)c);
}

double sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}

double score(const struct job *j, double x)
{
	return j->activated ? x : sigmoid(x);
}

const struct head *head_named(const struct job *j, const char *name)
{
	for (int i = 0; i < j->nheads; i++)
		if (strcmp(j->head[i].name, name) == 0)
			return &j->head[i];
	BUG("no head '%s'", name);
}

const struct head *head_of(const struct job *j, const json_t *decoder, const char *key)
{
	const char *name = json_string_value(json_object_get(decoder, key));

	return head_named(j, name ? name : key);
}

const json_t *decoders(const struct job *j)
{
	return json_object_get(j->cfg, "bbox_decoders");
}

double num(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

struct proposal *propose(struct job *j, double x1, double y1, double x2, double y2)
{
	struct proposal *p;

	VEC_GROW(j->v, j->n, &j->cap);
	p = &j->v[j->n++];
	*p = (struct proposal){ y1 / j->dims[0],
				x1 / j->dims[1],
				y2 / j->dims[0],
				x2 / j->dims[1],
				1,
				xcalloc((size_t)j->classes, sizeof *p->cls),
				NULL };
	return p;
}

static void forget(struct job *j)
{
	for (size_t i = 0; i < j->n; i++) {
		free(j->v[i].cls);
		free(j->v[i].coef);
	}
	j->n = 0;
}

static int load_head(struct job *j, char *arg, struct err *e)
{
	struct head *h = &j->head[j->nheads];
	char *eq = strchr(arg, '=');

	if (!eq || j->nheads == MAX_HEADS)
		return err_set(e, "NAME=HEAD.npy expected, not '%s'", arg);
	*eq = 0;
	h->name = arg;
	if (npy_read(eq + 1, &h->t, e) < 0)
		return -1;
	if (h->t.rank != 4)
		return err_set(e, "'%s' has rank %d", eq + 1, h->t.rank);
	h->h = (int)h->t.dim[1];
	h->w = (int)h->t.dim[2];
	h->c = (int)h->t.dim[3];
	j->nheads++;
	return 0;
}

static int load_config(struct job *j, const char *path, struct err *e)
{
	json_t *dims;

	if (!(j->cfg = json_load_file(path, 0, NULL)))
		return err_set(e, "cannot read '%s'", path);
	dims = json_object_get(j->cfg, "image_dims");
	j->dims[0] = json_number_value(json_array_get(dims, 0));
	j->dims[1] = json_number_value(json_array_get(dims, 1));
	j->score_th = num(j->cfg, "nms_scores_th");
	j->iou_th = num(j->cfg, "nms_iou_th");
	j->classes = (int)num(j->cfg, "classes");
	j->per_class = (int)num(j->cfg, "max_proposals_per_class");
	j->suppress = true;
	j->background = -1;
	if (json_is_true(json_object_get(j->cfg, "background_removal")))
		j->background = (int)num(j->cfg, "background_removal_index");
	return 0;
}

/* The shape of one image's output, after the batch. */
static void shape(const struct job *j, bool bbox_only, bool masks, int64_t dim[3])
{
	dim[0] = 1;
	if (bbox_only) {
		dim[1] = (int64_t)j->n;
		dim[2] = 4 + j->with_obj + j->classes;
	} else if (masks) {
		dim[1] = mask_rows(j);
		dim[2] = 6 + (int64_t)(j->dims[0] * j->dims[1]);
	} else {
		dim[0] = j->classes - (j->background >= 0);
		dim[1] = 5;
		dim[2] = j->per_class;
	}
}

static int run(struct job *j, size_t meta, bool bbox_only, const char *path, struct err *e)
{
	bool masks = metas[meta].decode == decode_yolov5_seg;
	int64_t dim[4] = { j->nheads ? j->head[0].t.dim[0] : 0 };
	struct tensor out = { 0 };

	for (j->image = 0; j->image < dim[0]; j->image++) {
		float *to;

		metas[meta].decode(j);
		if (j->image == 0) {
			shape(j, bbox_only, masks, dim + 1);
			out = tensor_new(DT_F32, 4, dim);
			memset(tensor_data(&out), 0, tensor_count(&out) * sizeof(float));
		}
		to = (float *)tensor_data(&out) +
		     (size_t)j->image * (size_t)(dim[1] * dim[2] * dim[3]);
		(bbox_only ? put_all : masks ? put_masks : put_classes)(j, to);
		forget(j);
	}
	free(j->v);
	json_decref(j->cfg);
	for (int i = 0; i < j->nheads; i++)
		tensor_release(&j->head[i].t);
	if (npy_write(path, &out, e) < 0)
		return -1;
	tensor_release(&out);
	return 0;
}

int main(int argc, char *argv[])
{
	struct err e = { 0 };
	struct job j = { 0 };
	bool bbox_only = false;
	size_t meta = 0, nmetas = sizeof metas / sizeof *metas;

	while (argc > 1 && meta < nmetas && strcmp(metas[meta].name, argv[1]) != 0)
		meta++;
	if (argc < 5 || meta == nmetas) {
		fprintf(stderr, "usage: detect META CONFIG.json OUT.npy [bbox-only] [activated] "
				"[best-class] [every-box] NAME=HEAD.npy...\n");
		return 2;
	}
	if (load_config(&j, argv[2], &e) < 0)
		die(&e);
	for (int i = 4; i < argc; i++) {
		if (strcmp(argv[i], "bbox-only") == 0)
			bbox_only = true;
		else if (strcmp(argv[i], "activated") == 0)
			j.activated = true;
		else if (strcmp(argv[i], "best-class") == 0)
			j.best = true;
		else if (strcmp(argv[i], "every-box") == 0)
			j.suppress = false;
		else if (load_head(&j, argv[i], &e) < 0)
			die(&e);
	}
	if (run(&j, meta, bbox_only, argv[3], &e) < 0)
		die(&e);
	return 0;
}
