/* Streams of a programme: one for each input and output, in this order, by name. */
#include "isa/check_int.h"

static int by_name(const void *a, const void *b)
{
	const struct isa_stream *x = *(const struct isa_stream *const *)a;
	const struct isa_stream *y = *(const struct isa_stream *const *)b;

	return strcmp(x->name, y->name);
}

static int stream_names(const struct isa_prog *p, struct err *e)
{
	const struct isa_stream **s = xcalloc(p->nstreams, sizeof *s);
	int r = 0;

	for (size_t i = 0; i < p->nstreams; i++)
		s[i] = &p->streams[i];
	qsort(s, p->nstreams, sizeof *s, by_name);
	for (size_t i = 1; i < p->nstreams && r == 0; i++) {
		if (strcmp(s[i - 1]->name, s[i]->name) == 0)
			r = err_set(e, "two streams are called '%s'", quote(s[i]->name));
	}
	free(s);
	return r;
}

int check_streams(const struct isa_prog *p, struct err *e)
{
	size_t n[2] = { 0 }, io[2] = { 0 };
	bool *seen = xcalloc(p->nlayers, 1);
	int r = 0;

	for (size_t i = 0; i < p->nlayers; i++) {
		io[0] += p->layers[i].role == ISA_INPUT;
		io[1] += p->layers[i].role == ISA_OUTPUT;
	}
	for (size_t i = 0; i < p->nstreams && r == 0; i++) {
		const struct isa_stream *s = &p->streams[i];
		const struct isa_layer *l;

		n[s->output]++;
		if (s->layer < 0 || (size_t)s->layer >= p->nlayers || seen[s->layer] ||
		    (i && p->streams[i - 1].output && !s->output)) {
			r = err_set(e, "stream '%s' is out of place", quote(s->name));
			break;
		}
		l = &p->layers[s->layer];
		seen[s->layer] = true;
		if (l->role != (s->output ? ISA_OUTPUT : ISA_INPUT) ||
		    s->tensor != (s->output ? l->in.v[0] : l->out.v[0]))
			r = err_set(e, "stream '%s' does not match layer '%s'", quote(s->name),
				    quote(l->name));
		else if (!s->name[0] || strlen(s->name) > ISA_MAX_NAME)
			r = err_set(e, "stream name '%s' has %zu bytes, 1 to %d allowed",
				    quote(s->name), strlen(s->name), ISA_MAX_NAME);
	}
	if (r == 0 && (!n[0] || !n[1] || n[0] != io[0] || n[1] != io[1]))
		r = err_set(e, "%zu input and %zu output streams for %zu and %zu layers", n[0],
			    n[1], io[0], io[1]);
	free(seen);
	return r < 0 ? -1 : stream_names(p, e);
}
