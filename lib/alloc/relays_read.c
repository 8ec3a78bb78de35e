/* Model-script commands that put a layer between others. */
#include "alloc/alloc_int.h"

/* The commands, with the arguments that name what is in front of it and behind it. */
static const struct command {
	const char *name, *from, *to, *word;
	enum alloc_kind kind;
} commands[] = {
	/* clang-format off */
	{ "shortcut",          "layer_from",  "layers_to", NULL,              ALLOC_SHORTCUT },
	{ "portal",            "layer_from",  "layer_to",  NULL,              ALLOC_PORTAL },
	{ "l4_portal",         "layer_from",  "layer_to",  NULL,              ALLOC_L4_PORTAL },
	{ "ddr",               "layer_from",  "layer_to",  NULL,              ALLOC_DDR },
	{ "concat",            "layers_from", "layer_to",  NULL,              ALLOC_CONCAT },
	{ "feature_splitter",  "layer_from",  "layers_to", NULL,              ALLOC_SPLITTER },
	{ "shape_splitter",    "layer_from",  "layers_to", "split_type",      ALLOC_SHAPE_SPLITTER },
	{ "format_conversion", "layer_from",  "layers_to", "conversion_type", ALLOC_FORMAT },
	{ "output_mux",        "layers",      NULL,        NULL,              ALLOC_MUX },
	/* clang-format on */
};

struct relay *relay_add(struct plan *p, enum alloc_kind kind, const char *name)
{
	struct relay *grown;

	if (p->nrelays == p->cap_relays) {
		p->cap_relays = p->cap_relays ? 2 * p->cap_relays : 16;
		grown = arena_array(&p->arena, p->cap_relays, sizeof *grown);
		if (p->nrelays)
			memcpy(grown, p->relays, p->nrelays * sizeof *grown);
		p->relays = grown;
	}
	p->relays[p->nrelays] =
	    (struct relay){ .kind = kind, .name = name, .context = -1, .place = -1 };
	return &p->relays[p->nrelays++];
}

/* Layers that a value names, in *out; false with *e clear: one that is not made here. */
static bool ends(struct plan *p, const struct alls_stmt *st, const struct alls_value *v,
		 struct named **out, size_t *n, struct err *e)
{
	const bool list = v->kind == ALLS_LIST || v->kind == ALLS_TUPLE;
	const size_t count = list ? v->nitems : 1;

	*out = arena_array(&p->arena, count, sizeof **out);
	for (*n = 0; *n < count; (*n)++) {
		const struct alls_value *item = list ? &v->items[*n] : v;

		if (item->kind != ALLS_NAME && item->kind != ALLS_STRING) {
			err_set(e, "a layer's name or a list of names expected");
			alls_in_value(st, item, e);
			return false;
		}
		if (plan_find(p, item->text, &(*out)[*n], e) == 0)
			continue;
		if (!alls_made(st, item->text)) {
			alls_in_value(st, item, e);
			return false;
		}
		*e = (struct err){ 0 };
		alls_warn_made(st, item->text);
		return false;
	}
	return true;
}

static bool has_unit(const struct named *v, size_t n, const struct unit *u)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].u == u)
			return true;
	return false;
}

/* A mux takes whole tensors: a part stands for its layer, which counts once. */
static size_t whole_layers(struct named *v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!v[i].u || !has_unit(v, kept, v[i].u)) {
			v[kept] = v[i];
			v[kept].part = -1;
			v[kept++].joined = false;
		}
	return kept;
}

/* The outputs of the layers that a mux takes. */
static bool outputs_of(struct plan *p, const struct alls_stmt *st, struct named *from,
		       size_t *nfrom, struct named **out, size_t *nout, struct err *e)
{
	struct named *v = arena_array(&p->arena, p->n + 1, sizeof *v);
	const size_t n = *nfrom = whole_layers(from, *nfrom);

	*nout = 0;
	for (size_t i = 0; i < n; i++) {
		const struct layer *l = from[i].u ? from[i].u->l : NULL;
		bool found = false;

		for (size_t k = 0; l && k < l->nsucc && *nout < p->n; k++) {
			struct unit *u = &p->units[l->succ[k]->index];

			if (u->l->type != HN_OUTPUT)
				continue;
			found = true;
			if (!has_unit(v, *nout, u))
				v[(*nout)++] = (struct named){ .u = u, .part = -1 };
		}
		if (found)
			continue;
		err_set(e, "'%s' is no output of the network",
			l ? quote(l->name) : quote(p->relays[from[i].relay].name));
		alls_in(st, e);
		return false;
	}
	*out = v;
	return true;
}

/* The arguments behind the layers, as the script has them. */
static char *tail(struct arena *a, const struct alls_stmt *st, const struct command *c)
{
	static const char *const more[] = { "height", "width", "collapse", "input_windows",
					    "output_windows" };
	struct str s = { 0 };
	char *out;

	str_puts(&s, alls_get_text(st, c->word));
	for (size_t i = 0; c->kind == ALLOC_FORMAT && i < sizeof more / sizeof more[0]; i++) {
		const struct alls_value *v = alls_get(st, more[i]);

		if (!v)
			continue;
		str_printf(&s, ", %s=", more[i]);
		alls_print_value(v, &s);
	}
	out = arena_strdup(a, s.p);
	str_release(&s);
	return out;
}

/* A statement with this word is one, and has the same word. */
static bool reads_back(const struct command *c, const char *word)
{
	const bool first = c->kind == ALLOC_SHAPE_SPLITTER;
	char *text = first ? xasprintf("r = %s(%s, a, [b])", c->name, word)
			   : xasprintf("r = %s(a, b, %s)", c->name, word);
	struct err ignored = { 0 };
	struct alls *s = alls_parse("", text, strlen(text), &ignored);
	struct arena scratch = { 0 };
	bool ok = s && s->nstmts == 1 && alls_check(s, &ignored) == 0 &&
		  alls_is(&s->stmts[0], c->name, NULL) && alls_is_for(&s->stmts[0], ALLS_ALLOC) &&
		  strcmp(tail(&scratch, &s->stmts[0], c), word) == 0;

	arena_release(&scratch);
	alls_free(s);
	free(text);
	return ok;
}

int relay_check_word(enum alloc_kind kind, const char *word, struct err *e)
{
	/* Those that defuse() makes (defuse.c). */
	static const char *const split[ALLOC_KINDS] = {
		[ALLOC_SPLITTER] = "INPUT_FEATURES", [ALLOC_SHAPE_SPLITTER] = "SPATIAL"
	};
	const struct command *c = commands;

	while (c->kind != kind)
		c++;
	if (!word)
		return c->word ? err_set(e, "key 'word' is missing") : 0;
	if ((split[kind] && strcmp(split[kind], word) == 0) || (c->word && reads_back(c, word)))
		return 0;
	return err_set(e, "the word '%s' is none of %s", quote(word), c->name);
}

/* What a reshape makes of a tensor has as many pixels. */
static int check_shape(const struct plan *p, const struct alls_stmt *st, const struct named *from,
		       struct err *e)
{
	const int64_t h = alls_get_int(st, "height", 0), w = alls_get_int(st, "width", 0);
	const struct hn_shape *s = from->u && from->u->l->nout ? &from->u->l->out[0] : NULL;

	(void)p;
	if (!s || !h || !w || !alls_has_word(st, "conversion_type", "spatial_reshape") ||
	    h * w == (int64_t)s->h * s->w)
		return 0;
	err_set(e, "'%s' has %dx%d pixels, not %lldx%lld", quote(from->u->l->name), s->h, s->w,
		(long long)h, (long long)w);
	return alls_in(st, e);
}

/* What is in front gives the scope. */
static char *scope_name(struct plan *p, const struct named *from, const char *name)
{
	const char *near = from->u ? from->u->l->name : p->relays[from->relay].name;
	const char *end = strchr(near, '/');

	if (strchr(name, '/') || !end)
		return arena_strdup(&p->arena, name);
	return arena_printf(&p->arena, "%.*s%s", (int)(end - near) + 1, near, name);
}

/* The script's name, or one of the kind and its number. */
static char *name_of(struct plan *p, const struct alls_stmt *st, const struct command *c,
		     const struct named *from)
{
	if (st->nlhs && strcmp(st->lhs[0], "{}") != 0)
		return scope_name(p, from, st->lhs[0]);
	return scope_name(p, from, arena_printf(&p->arena, "_%s%zu", c->name, p->nrelays));
}

static int taken(const struct plan *p, const struct alls_stmt *st, const char *name, struct err *e)
{
	struct err ignored = { 0 };
	struct named n;

	if (plan_find(p, name, &n, &ignored) < 0)
		return 0;
	err_set(e, "'%s' is already a layer", quote(name));
	return alls_in(st, e);
}

/* Against thresholds, a relay counts where it feeds a layer. */
static void count(const struct relay *r)
{
	for (size_t i = 0; i < r->nto && relay_kind_of(r->kind)->controller; i++)
		if (r->to[i].u) {
			r->to[i].u->relays++;
			return;
		}
}

static int read(struct plan *p, const struct alls_stmt *st, const struct command *c, struct err *e)
{
	struct named *from, *to;
	size_t nfrom, nto;
	const char *name;
	struct relay *r;

	if (!ends(p, st, alls_get(st, c->from), &from, &nfrom, e) ||
	    !(c->to ? ends(p, st, alls_get(st, c->to), &to, &nto, e)
		    : outputs_of(p, st, from, &nfrom, &to, &nto, e)) ||
	    (c->kind == ALLOC_FORMAT && check_shape(p, st, &from[0], e) < 0))
		return err_is(e) ? -1 : 0;
	if (p->no_memory && c->kind == ALLOC_DDR) {
		err_set(e,
			"platform_param(targets=[ethernet]) excludes buffers in external memory");
		return alls_in(st, e);
	}
	name = name_of(p, st, c, &from[0]);
	if (taken(p, st, name, e) < 0)
		return -1;
	r = relay_add(p, c->kind, name);
	if (c->kind == ALLOC_PORTAL && alls_get_switch(st, "buffer_in_l4") == 1)
		r->kind = ALLOC_L4_PORTAL;
	r->from = from;
	r->nfrom = nfrom;
	r->to = to;
	r->nto = nto;
	r->st = st;
	r->word = c->word ? tail(&p->arena, st, c) : NULL;
	count(r);
	return 0;
}

int relays_read(struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->script->nstmts; i++) {
		const struct alls_stmt *st = &p->script->stmts[i];

		for (size_t k = 0; k < sizeof commands / sizeof commands[0]; k++)
			if (alls_is(st, commands[k].name, NULL) && alls_is_for(st, ALLS_ALLOC) &&
			    read(p, st, &commands[k], e) < 0)
				return -1;
	}
	p->script_relays = p->nrelays;
	return 0;
}
