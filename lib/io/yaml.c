#include "io/yaml.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/outfile.h"
#include <yaml.h>

/* What has been read so far. */
struct reader {
	struct yaml_entry *v;
	size_t n, cap;
	int depth;        /* open mappings */
	char *name, *key; /* waiting for their value */
};

static int add_scalar(struct reader *r, const yaml_event_t *ev, struct err *e)
{
	const char *text = (const char *)ev->data.scalar.value;
	const size_t line = ev->start_mark.line + 1;

	if (strlen(text) != ev->data.scalar.length)
		return err_set(e, "line %zu: a zero byte", line);
	if (r->depth == 0 || (r->depth == 1 && r->name))
		return err_set(e, "line %zu: '%s' stands where a mapping is expected", line,
			       quote(text));
	if (r->depth == 1) {
		r->name = xstrdup(text);
	} else if (!r->key) {
		r->key = xstrdup(text);
	} else {
		VEC_GROW(r->v, r->n, &r->cap);
		r->v[r->n++] = (struct yaml_entry){ xstrdup(r->name), r->key, xstrdup(text), line };
		r->key = NULL;
	}
	return 0;
}

static int take_event(struct reader *r, const yaml_event_t *ev, struct err *e)
{
	const size_t line = ev->start_mark.line + 1;

	if (ev->type == YAML_SCALAR_EVENT)
		return add_scalar(r, ev, e);
	if (ev->type == YAML_MAPPING_START_EVENT) {
		if (r->depth == 2 || (r->depth == 1 && !r->name))
			return err_set(e, "line %zu: a mapping where a scalar is expected", line);
		r->depth++;
	} else if (ev->type == YAML_MAPPING_END_EVENT) {
		if (--r->depth == 1) {
			free(r->name);
			r->name = NULL;
		}
	} else if (ev->type == YAML_SEQUENCE_START_EVENT || ev->type == YAML_ALIAS_EVENT) {
		return err_set(e, "line %zu: lists and aliases have no meaning here", line);
	}
	return 0;
}

static int parse(struct reader *r, yaml_parser_t *p, struct err *e)
{
	for (bool end = false; !end && !err_is(e);) {
		yaml_event_t ev;

		if (!yaml_parser_parse(p, &ev))
			return err_set(e, "line %zu: %s", p->problem_mark.line + 1, p->problem);
		end = ev.type == YAML_STREAM_END_EVENT;
		take_event(r, &ev, e);
		yaml_event_delete(&ev);
	}
	return err_is(e) ? -1 : 0;
}

int yaml_read_pairs(const char *path, struct yaml_entry **out, size_t *n, struct err *e)
{
	struct reader r = { 0 };
	yaml_parser_t p;
	size_t size;
	unsigned char *text = read_file(path, LIMIT_SCRIPT_BYTES, &size, e);

	if (!text)
		return -1;
	if (!yaml_parser_initialize(&p)) {
		free(text);
		return err_set(e, "%s: out of memory", quote(path));
	}
	yaml_parser_set_input_string(&p, text, size);
	if (parse(&r, &p, e) < 0)
		err_in(e, "%s", quote(path));
	yaml_parser_delete(&p);
	free(text);
	free(r.name);
	free(r.key);
	if (err_is(e)) {
		yaml_pairs_free(r.v, r.n);
		return -1;
	}
	*out = r.v;
	*n = r.n;
	return 0;
}

void yaml_pairs_free(struct yaml_entry *v, size_t n)
{
	for (size_t i = 0; v && i < n; i++) {
		free(v[i].name);
		free(v[i].key);
		free(v[i].value);
	}
	free(v);
}
