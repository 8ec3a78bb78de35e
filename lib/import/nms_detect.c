/* Which detector the heads are: by how many there are of a level, and their features. */
#include "import/nms.h"

/* Heads of one level stand side by side: first and number. */
struct group {
	const struct nms_head *at;
	int n;
};

static int groups(const struct nms *m, struct group *v)
{
	int n = 0;

	for (int i = 0; i < m->nhead; i++) {
		const struct nms_head *h = &m->head[i];

		if (n && v[n - 1].at->h == h->h && v[n - 1].at->w == h->w) {
			v[n - 1].n++;
			continue;
		}
		if (n == NMS_LEVELS)
			return 0;
		v[n++] = (struct group){ h, 1 };
	}
	return n;
}

/* A power of two from 4 to 64 by which the image is divided, or 0. */
static int64_t stride_of(const struct nms *m, const struct nms_head *h)
{
	for (int64_t s = 4; s <= 64; s *= 2)
		if ((m->image[0] + s - 1) / s == h->h && (m->image[1] + s - 1) / s == h->w)
			return s;
	return 0;
}

/* n levels, each of half the size of the one before, with so many heads. */
static bool pyramid(const struct nms *m, const struct group *v, int n, int heads)
{
	for (int i = 0; i < n; i++) {
		const int64_t s = stride_of(m, v[i].at);

		if (v[i].n != heads || s == 0 || (i && s != 2 * stride_of(m, v[i - 1].at)))
			return false;
	}
	return true;
}

static bool is_linear_1x1(const struct nms_head *h)
{
	const struct layer *l = h->conv->out[0]->view.layer;

	return !h->active && !h->sigmoid && l->p.kernel[0] == 1 && l->p.kernel[1] == 1;
}

static const struct nms_hint *hint(const struct nms_hints *h, const struct nms_head *head)
{
	for (size_t i = 0; i < h->n; i++)
		if (strcmp(h->hint[i].conv, head->conv->name) == 0)
			return &h->hint[i];
	return NULL;
}

static void level(struct nms *m, const struct nms_head *reg, const struct nms_head *cls,
		  const struct nms_head *obj)
{
	m->level[m->nlevel++] =
	    (struct nms_level){ .stride = stride_of(m, reg), .reg = reg, .cls = cls, .obj = obj };
}

/* One linear 1x1 convolution a level, with three anchors of 5 numbers, classes and masks. */
static bool anchored(struct nms *m, const struct nms_hints *h, const struct group *v, int n,
		     int64_t masks)
{
	const int64_t c = v[0].at->c;
	bool told = true;

	if (n < 2 || n > 4 || !pyramid(m, v, n, 1) || c % 3 != 0 || c / 3 - 5 - masks < 1 ||
	    c / 3 - 5 - masks > 1000)
		return false;
	for (int i = 0; i < n; i++) {
		const struct nms_hint *a = hint(h, v[i].at);

		if (v[i].at->c != c || !is_linear_1x1(v[i].at))
			return false;
		told &= a && a->n == 3;
	}
	/* Feature maps have such numbers of features; without anchors it may be one. */
	if (!told && c % 32 == 0)
		return false;
	m->classes = c / 3 - 5 - masks;
	m->arch = masks ? NMS_YOLOV5_SEG : NMS_YOLOV5;
	for (int i = 0; i < n; i++) {
		const struct nms_hint *a = hint(h, v[i].at);
		struct nms_level *l = &m->level[i];

		level(m, v[i].at, NULL, NULL);
		for (int k = 0; told && k < 3; k++) {
			l->w[k] = a->w[k];
			l->h[k] = a->h[k];
			l->nanchor = 3;
		}
	}
	return true;
}

static bool yolov5_seg(struct nms *m, const struct nms_hints *h, const struct group *v, int n)
{
	const struct nms_head *proto = v[0].at;

	if (n < 3 || v[0].n != 1 || !proto->active || proto->c > 64 ||
	    2 * stride_of(m, proto) != stride_of(m, v[1].at) ||
	    !anchored(m, h, v + 1, n - 1, proto->c))
		return false;
	m->proto = proto;
	return true;
}

/* One convolution a level for the classes and the bins of four sides. */
static bool nanodet(struct nms *m, const struct nms_hints *h, const struct group *v, int n)
{
	const struct nms_hint *first = hint(h, v[0].at);
	const int64_t *part = first ? first->split : NULL;

	if (n < 3 || n > 4 || !pyramid(m, v, n, 1) || !part || part[0] < 1 || part[1] < 32 ||
	    part[1] > 4 * 32 || part[1] % 4 != 0)
		return false;
	for (int i = 0; i < n; i++) {
		const struct nms_hint *a = hint(h, v[i].at);

		if (!a || a->split[0] != part[0] || a->split[1] != part[1] ||
		    v[i].at->c != part[0] + part[1] || !is_linear_1x1(v[i].at))
			return false;
	}
	m->arch = NMS_NANODET;
	m->classes = part[0];
	m->bins = part[1] / 4;
	for (int i = 0; i < n; i++)
		level(m, v[i].at, NULL, NULL);
	return true;
}

/* The same features at each level for head k of two. */
static bool alike(const struct group *v, int n, int k)
{
	for (int i = 1; i < n; i++)
		if (v[i].at[k].c != v[0].at[k].c)
			return false;
	return true;
}

/* Boxes as distances: 4 numbers, or 4 times the bins; and classes. */
static bool distances(struct nms *m, const struct nms_hints *h, const struct group *v, int n)
{
	const int64_t want = h->bins ? 4 * h->bins : 64;
	int reg;

	if (n < 2 || n > 4 || !pyramid(m, v, n, 2) || !alike(v, n, 0) || !alike(v, n, 1))
		return false;
	for (reg = 0; reg < 2; reg++)
		if (v[0].at[reg].c == want ||
		    (!h->bins && v[0].at[reg].c == 68 && v[0].at[!reg].sigmoid))
			break;
	if (reg < 2)
		m->bins = v[0].at[reg].c / 4;
	else if (n >= 3 && (v[0].at[0].c == 4 || v[0].at[1].c == 4))
		reg = v[0].at[0].c == 4 && !v[0].at[0].sigmoid ? 0 : 1;
	else
		return false;
	if (v[0].at[reg].c < 4 || v[0].at[reg].sigmoid || v[0].at[!reg].active)
		return false;
	/* Without the bins, 64 features may be anything's. */
	if (m->bins == 16 && !h->bins &&
	    (n < 3 || v[0].at[!reg].c == 64 || !is_linear_1x1(&v[0].at[reg])))
		return false;
	m->arch = m->bins == 17 && v[0].at[!reg].sigmoid ? NMS_DAMOYOLO
		  : m->bins                              ? NMS_YOLOV8
							 : NMS_YOLOV6;
	m->classes = v[0].at[!reg].c - (m->arch == NMS_DAMOYOLO);
	for (int i = 0; i < n; i++)
		level(m, &v[i].at[reg], &v[i].at[!reg], NULL);
	return m->classes > 0;
}

/* Boxes and objectness come from the same tensor, classes from another. */
static bool yolox_level(const struct group *v, const struct nms_head *part[3])
{
	for (int o = 0; o < 3; o++)
		for (int r = 0; r < 3; r++) {
			const struct nms_head *obj = &v->at[o], *reg = &v->at[r];

			if (o == r || obj->c != 1 || reg->c != 4 ||
			    obj->conv->in[0] != reg->conv->in[0])
				continue;
			part[0] = reg;
			part[1] = obj;
			part[2] = &v->at[3 - o - r];
			return !reg->sigmoid && !reg->active &&
			       part[2]->conv->in[0] != reg->conv->in[0];
		}
	return false;
}

static bool yolox(struct nms *m, const struct group *v, int n)
{
	const struct nms_head *part[NMS_LEVELS][3];

	if (n < 2 || n > 4 || !pyramid(m, v, n, 3))
		return false;
	for (int i = 0; i < n; i++)
		if (!yolox_level(&v[i], part[i]) || part[i][2]->c != part[0][2]->c)
			return false;
	m->arch = NMS_YOLOX;
	m->classes = part[0][2]->c;
	for (int i = 0; i < n; i++)
		level(m, part[i][0], part[i][2], part[i][1]);
	return true;
}

/* Sizes of the boxes of a level's first cell, when every cell has the same. */
static bool priors(struct nms_level *l, const float *prior)
{
	const int64_t cells = l->reg->h * l->reg->w;

	for (int64_t i = 0; i < cells * l->nanchor; i++)
		for (int k = 0; k < 2; k++) {
			const float d = prior[2 * i + k] - prior[2 * (i % l->nanchor) + k];

			if (d > 1e-4f || d < -1e-4f)
				return false;
		}
	for (int i = 0; i < l->nanchor; i++) {
		l->w[i] = prior[2 * i];
		l->h[i] = prior[2 * i + 1];
	}
	return true;
}

/* Along a row of cells it is x that changes. */
static bool is_x_first(const struct nms_level *l, const float *centre)
{
	return centre[(ptrdiff_t)2 * l->nanchor] != centre[0];
}

/* The model's own anchors, level by level. */
static void ssd_priors(struct nms *m, const struct nms_hints *h)
{
	size_t at = 0;

	for (int i = 0; !m->anchors_assumed && i < m->nlevel; i++) {
		struct nms_level *l = &m->level[i];

		m->anchors_assumed = !priors(l, h->prior + 2 * at);
		if (h->ncentre == h->nprior && l->reg->w > 1)
			m->x_first = is_x_first(l, h->centre + 2 * at);
		at += (size_t)(l->reg->h * l->reg->w * l->nanchor);
	}
	for (int i = 0; h->ncentre == h->nprior && !m->x_first && i < m->nlevel; i++)
		for (int k = 0; k < m->level[i].nanchor; k++) {
			struct nms_level *l = &m->level[i];
			const float w = l->w[k];

			l->w[k] = l->h[k];
			l->h[k] = w;
		}
}

/* Two linear heads a level: 4 numbers and the scores of each of the level's anchors. */
static bool ssd(struct nms *m, const struct nms_hints *h, const struct group *v, int n)
{
	int64_t classes = 0;
	size_t boxes = 0;
	int reg = -1;

	for (int r = 0; r < 2 && n >= 3 && reg < 0; r++) {
		reg = r;
		for (int i = 0; reg >= 0 && i < n; i++) {
			const struct nms_head *b = &v[i].at[r], *s = &v[i].at[!r];

			if (v[i].n != 2 || b->c % 4 != 0 || b->c / 4 > NMS_ANCHORS ||
			    s->c % (b->c / 4) != 0 || b->sigmoid || b->active || s->active ||
			    (i && s->c / (b->c / 4) != classes))
				reg = -1;
			else
				classes = s->c / (b->c / 4);
		}
		/* One anchor a cell, or one class, is nothing that an SSD has. */
		if (classes < 2 || (reg >= 0 && v[0].at[r].c == 4))
			reg = -1;
	}
	if (reg < 0)
		return false;
	m->arch = NMS_SSD;
	m->classes = classes;
	for (int i = 0; i < n; i++) {
		struct nms_level *l = &m->level[i];

		level(m, &v[i].at[reg], &v[i].at[!reg], NULL);
		l->nanchor = (int)(l->reg->c / 4);
		boxes += (size_t)(l->reg->h * l->reg->w * l->nanchor);
	}
	m->anchors_assumed = boxes != h->nprior;
	m->softmax = h->softmax;
	ssd_priors(m, h);
	return true;
}

/* One fine level: scores of centres, sizes and offsets. */
static bool centernet(struct nms *m, const struct group *v, int n)
{
	const struct nms_head *two[2], *map = NULL;
	int twos = 0;

	if (n != 1 || v[0].n != 3 || stride_of(m, v[0].at) != 4)
		return false;
	for (int i = 0; i < 3; i++) {
		const struct nms_head *h = &v[0].at[i];

		if (h->c == 2 && twos < 2 && !h->sigmoid)
			two[twos++] = h;
		else
			map = h;
	}
	if (twos != 2 || !map)
		return false;
	m->arch = NMS_CENTERNET;
	m->classes = map->c;
	level(m, two[0], map, two[1]);
	return true;
}

static bool is_output(const struct im_graph *g, const struct im_value *v)
{
	for (size_t i = 0; i < g->nout; i++)
		if (g->out[i] == v)
			return true;
	return false;
}

bool nms_detect(struct im_graph *g, const struct nms_hints *h, struct nms *m)
{
	struct group v[NMS_LEVELS];
	int n;

	*m = (struct nms){ 0 };
	for (size_t i = 0; i < g->nin; i++)
		if (g->in[i]->done && g->in[i]->view.layer &&
		    g->in[i]->view.base[0] * g->in[i]->view.base[1] > m->image[0] * m->image[1])
			memcpy(m->image, g->in[i]->view.base, sizeof m->image);
	if (!nms_heads(g, h, m) || (n = groups(m, v)) == 0)
		return false;
	if (!nanodet(m, h, v, n) && !anchored(m, h, v, n, 0) && !yolov5_seg(m, h, v, n) &&
	    !distances(m, h, v, n) && !yolox(m, v, n) && !ssd(m, h, v, n) && !centernet(m, v, n))
		return false;
	nms_assume_anchors(m);
	for (int i = 0; nms_end(m, i); i++)
		m->inside |= !is_output(g, nms_end(m, i)->end);
	return true;
}
