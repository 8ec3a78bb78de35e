#include "emu/host.h"
#include "kernel/f32.h"
#include "post/post.h"

struct step {
	const struct layer *l;
	struct io_port port; /* what it gives */
	size_t slot;         /* input and output layers: which */
	struct f32k *kernel; /* NULL: input, output, transpose or post-process */
	struct post *post;   /* NULL: anything else */
	void *own;           /* one image of its output */
	float **real;        /* by input: its values when they come as codes, else NULL */
	const float **given; /* by input, at each run */
	const void *data;    /* one image, during a run; NULL: not given */
};

struct host {
	struct graph *g;
	struct arena arena;
	struct step *steps; /* by layer index */
	struct layer **in, **out;
	size_t nin, nout;
};

static struct step *step_of(const struct host *h, const struct layer *l)
{
	return &h->steps[l->index];
}

static struct step *source(const struct host *h, const struct layer *l, size_t i)
{
	return step_of(h, l->in[i].layer);
}

/* Features stay together. */
static void move(const struct step *s, const struct step *from)
{
	const struct hn_shape *in = &from->port.shape;
	const size_t element = io_port_bytes(&from->port) / hn_shape_count(in);
	const size_t pixel = (size_t)in->c * element;
	const uint8_t *v = from->data;
	uint8_t *to = s->own;

	for (size_t x = 0; x < (size_t)in->w; x++)
		for (size_t y = 0; y < (size_t)in->h; y++, to += pixel)
			memcpy(to, v + (y * (size_t)in->w + x) * pixel, pixel);
}

static int make_kernel(struct host *h, struct step *s, struct err *e)
{
	const struct layer *l = s->l;

	s->real = arena_array(&h->arena, l->nin, sizeof *s->real);
	s->given = arena_array(&h->arena, l->nin, sizeof *s->given);
	for (size_t i = 0; i < l->nin; i++)
		if (source(h, l, i)->port.bits)
			s->real[i] = arena_array(&h->arena, hn_shape_count(layer_in_shape(l, i)),
						 sizeof(float));
	if (l->type == HN_POSTPROCESS) {
		s->post = arena_alloc(&h->arena, sizeof *s->post);
		return post_of_layer(l, s->post, e);
	}
	return (s->kernel = f32k_new(l, NULL, 1, 0, e)) ? 0 : -1;
}

static int make_step(struct host *h, struct step *s, const struct io_port *ports, struct err *e)
{
	const struct layer *l = s->l;

	s->port = l->type == HN_INPUT ? ports[s->slot] : (struct io_port){ 0 };
	if (l->type == HN_OUTPUT || layer_swaps_sides(l))
		s->port = source(h, l, 0)->port;
	if (l->type != HN_INPUT)
		s->port.name = l->name;
	s->port.shape = l->out[0];
	if (l->type == HN_INPUT || l->type == HN_OUTPUT)
		return 0;
	s->own = arena_alloc(&h->arena, io_port_bytes(&s->port));
	return layer_swaps_sides(l) ? 0 : make_kernel(h, s, e);
}

struct io_port *host_user_ports(const struct graph *part)
{
	const size_t n = graph_inputs(part, NULL, 0);
	struct layer **l = xcalloc(n, sizeof *l);
	struct io_port *p = xcalloc(n, sizeof *p);

	graph_inputs(part, l, n);
	for (size_t i = 0; i < n; i++)
		p[i] = (struct io_port){ .name = l[i]->name, .shape = l[i]->out[0] };
	free(l);
	return p;
}

struct host *host_new(struct graph *part, const struct io_port *ports, struct err *e)
{
	struct host *h = xcalloc(1, sizeof *h);

	h->g = part;
	h->steps = xcalloc(part->nlayers, sizeof *h->steps);
	h->in = xcalloc(part->nlayers, sizeof *h->in);
	h->out = xcalloc(part->nlayers, sizeof *h->out);
	h->nin = graph_inputs(part, h->in, part->nlayers);
	h->nout = graph_outputs(part, h->out, part->nlayers);
	for (size_t i = 0; i < part->nlayers; i++)
		h->steps[i].l = part->layers[i];
	for (size_t i = 0; i < h->nin; i++)
		step_of(h, h->in[i])->slot = i;
	for (size_t i = 0; i < h->nout; i++)
		step_of(h, h->out[i])->slot = i;
	for (size_t i = 0; i < part->nlayers; i++)
		if (make_step(h, &h->steps[i], ports, e) < 0) {
			host_free(h);
			return NULL;
		}
	return h;
}

void host_free(struct host *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->g->nlayers; i++)
		f32k_free(h->steps[i].kernel);
	free(h->steps);
	free(h->in);
	free(h->out);
	graph_free(h->g);
	arena_release(&h->arena);
	free(h);
}

bool host_is_idle(const struct host *h)
{
	for (size_t i = 0; i < h->g->nlayers; i++)
		if (!hn_is(h->g->layers[i]->type, HNF_IO))
			return false;
	return h->nin == h->nout;
}

bool host_runs(const struct host *h, const char *name)
{
	const struct layer *l = graph_find(h->g, name);

	return l && !hn_is(l->type, HNF_IO);
}

const struct io_port *host_input(const struct host *h, size_t i)
{
	return &step_of(h, h->in[i])->port;
}

size_t host_outputs(const struct host *h, struct io_port **out)
{
	*out = xcalloc(h->nout, sizeof **out);
	for (size_t i = 0; i < h->nout; i++)
		(*out)[i] = step_of(h, h->out[i])->port;
	return h->nout;
}

static int compute(const struct host *h, struct step *s, struct err *e)
{
	float *to = s->own;

	for (size_t i = 0; i < s->l->nin; i++) {
		const struct step *from = source(h, s->l, i);

		s->given[i] = from->data;
		if (s->real[i]) {
			io_port_floats(&from->port, from->data, 1, s->real[i]);
			s->given[i] = s->real[i];
		}
	}
	if (s->kernel)
		return f32k_run(s->kernel, s->given, &to, e);
	post_run(s->post, s->given, to);
	return 0;
}

static bool all_given(const struct host *h, const struct layer *l)
{
	for (size_t i = 0; i < l->nin; i++)
		if (!source(h, l, i)->data)
			return false;
	return true;
}

static int run_step(struct host *h, struct step *s, size_t image, const void *const in[],
		    struct err *e)
{
	const struct layer *l = s->l;

	s->data = NULL;
	if (l->type == HN_INPUT) {
		const uint8_t *images = in[s->slot];

		s->data = images ? images + image * io_port_bytes(&s->port) : NULL;
		return 0;
	}
	if (!all_given(h, l))
		return 0;
	if (l->type == HN_OUTPUT) {
		s->data = source(h, l, 0)->data;
		return 0;
	}
	s->data = s->own;
	if (s->kernel || s->post)
		return compute(h, s, e);
	move(s, source(h, l, 0));
	return 0;
}

static int run_image(struct host *h, size_t image, const void *const in[], struct err *e)
{
	for (size_t i = 0; i < h->g->nlayers; i++)
		if (run_step(h, &h->steps[i], image, in, e) < 0)
			return -1;
	return 0;
}

int host_run(struct host *h, size_t n, const void *const in[], void *const out[], struct err *e)
{
	for (size_t image = 0; image < n; image++) {
		if (run_image(h, image, in, e) < 0)
			return -1;
		for (size_t i = 0; i < h->nout; i++) {
			const struct step *s = step_of(h, h->out[i]);
			const size_t bytes = io_port_bytes(&s->port);

			if (s->data)
				memcpy((uint8_t *)out[i] + image * bytes, s->data, bytes);
		}
	}
	return 0;
}

int host_each(struct host *h, size_t n, const void *const in[], host_take take, void *ctx,
	      struct err *e)
{
	const void **out = xcalloc(h->nout, sizeof *out);
	int r = 0;

	for (size_t image = 0; r == 0 && image < n; image++) {
		if ((r = run_image(h, image, in, e)) < 0)
			break;
		for (size_t i = 0; i < h->nout; i++)
			out[i] = step_of(h, h->out[i])->data;
		r = take(out, ctx, e);
	}
	free(out);
	return r;
}

bool host_finds_boxes(const struct host *h)
{
	for (size_t i = 0; i < h->nout; i++)
		if (h->out[i]->in[0].layer->type == HN_POSTPROCESS)
			return true;
	return false;
}
