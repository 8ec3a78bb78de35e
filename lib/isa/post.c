/* Post units: from the network's post-processes, and what must hold for them. */
#include "base/mem.h"
#include "isa/isa.h"

/* Output stream i of the device; -1: there are fewer. */
static int32_t output_stream(const struct isa_prog *p, size_t i)
{
	for (size_t k = 0; k < p->nstreams; k++) {
		if (p->streams[k].output && i-- == 0)
			return (int32_t)k;
	}
	return -1;
}

static int head_streams(const struct isa_prog *p, const struct graph *behind, const struct layer *l,
			struct isa_post *t, struct err *e)
{
	struct layer **in = xcalloc(behind->nlayers, sizeof *in);
	size_t n = graph_inputs(behind, in, behind->nlayers);
	int r = 0;

	t->in = (struct qarr_i32){ xcalloc(l->nin, 4), l->nin };
	for (size_t i = 0; i < l->nin && r == 0; i++) {
		size_t k = 0;

		while (k < n && in[k] != l->in[i].layer)
			k++;
		if (k == n)
			r = err_set(e,
				    "it runs on the device (engine=%s), but the host changes its "
				    "input '%s' first (use engine=cpu)",
				    post_engine_name(t->post.engine), quote(l->in[i].layer->name));
		else
			t->in.v[i] = output_stream(p, k);
	}
	free(in);
	return r;
}

/* The names of layers, which the record does not hold, are forgotten. */
static int add(struct isa_prog *p, const struct graph *behind, const struct layer *l,
	       const struct post *post, struct err *e)
{
	struct isa_post *t = &p->posts[p->nposts++];

	*t = (struct isa_post){ .name = xstrdup(l->name), .io_layer = xstrdup(""), .post = *post };
	memset(t->post.name, 0, sizeof t->post.name);
	if (p->ncontexts > 1)
		return err_set(e,
			       "it runs on the device (engine=%s), which takes a network in one "
			       "context; this one has %d (use engine=cpu, or a smaller network)",
			       post_engine_name(post->engine), p->ncontexts);
	if (l->nsucc != 1 || l->succ[0]->type != HN_OUTPUT)
		return err_set(e, "it must be an output of the network");
	free(t->io_layer);
	t->io_layer = xstrdup(l->succ[0]->name);
	return head_streams(p, behind, l, t, e);
}

int isa_add_posts(struct isa_prog *p, const struct graph *behind, struct err *e)
{
	p->posts = xcalloc(behind->nlayers, sizeof *p->posts);
	for (size_t i = 0; i < behind->nlayers; i++) {
		const struct layer *l = behind->layers[i];
		struct post post;

		if (l->type != HN_POSTPROCESS)
			continue;
		if (post_of_layer(l, &post, e) < 0)
			return -1;
		if (post.engine != POST_CPU && add(p, behind, l, &post, e) < 0)
			return err_in(e, "layer '%s'", quote(l->name));
	}
	return isa_check(p, e);
}

bool isa_feeds_post(const struct isa_prog *p, size_t stream)
{
	for (size_t i = 0; i < p->nposts; i++) {
		for (size_t k = 0; k < p->posts[i].in.n; k++) {
			if (p->posts[i].in.v[k] == (int32_t)stream)
				return true;
		}
	}
	return false;
}

/* ---- checks ---- */

static int check_post(const struct isa_prog *p, size_t which, bool *used, struct err *e)
{
	struct isa_post *t = &p->posts[which];

	if (!t->name[0] || strlen(t->name) > ISA_MAX_NAME)
		return err_set(e, "a name of %zu bytes", strlen(t->name));
	if (p->ncontexts != 1)
		return err_set(e, "in a programme of %d contexts", p->ncontexts);
	if (t->post.engine == POST_CPU || !post_runs_on(t->post.kind, t->post.engine))
		return err_set(e, "%s on %s", post_kind_name(t->post.kind),
			       post_engine_name(t->post.engine));
	if ((size_t)t->post.ninput != t->in.n)
		return err_set(e, "%zu streams for %d heads", t->in.n, t->post.ninput);
	for (size_t i = 0; i < t->in.n; i++) {
		const int32_t k = t->in.v[i];
		const struct isa_tensor *a;

		if (k < 0 || (size_t)k >= p->nstreams || !p->streams[k].output || used[k])
			return err_set(e, "stream %d is no output, or used twice", k);
		used[k] = true;
		a = &p->tensors[p->streams[k].tensor];
		t->post.shape[i] = (struct hn_shape){ a->h, a->w, a->c, a->rank };
	}
	for (size_t i = 0; i < p->nstreams; i++) {
		if (strcmp(p->streams[i].name, t->name) == 0 && !used[i])
			return err_set(e, "its name is a stream's");
	}
	return post_check_numbers(&t->post, e) < 0 ? -1 : post_check(&t->post, e);
}

int isa_check_posts(const struct isa_prog *p, struct err *e)
{
	bool *used = xcalloc(p->nstreams, sizeof *used);
	int r = 0;

	for (size_t i = 0; i < p->nposts && r == 0; i++) {
		r = check_post(p, i, used, e);
		for (size_t k = 0; k < i && r == 0; k++) {
			if (strcmp(p->posts[k].name, p->posts[i].name) == 0)
				r = err_set(e, "its name is another's");
		}
		if (r < 0)
			err_in(e, "post unit '%s'", quote(p->posts[i].name));
	}
	free(used);
	return r;
}
