/* Model-script commands about single layers, in the order in which they are read. */
#include "alloc/directives.h"
#include "base/log.h"

enum {
	MAX_ROWS = 1 << 20
};

/* A form of a command that is only stored leaves the plan as it is. */
bool directive_applied(const struct alls_stmt *st)
{
	struct str ignored = { 0 };
	enum alls_status status = alls_status(st, &ignored);

	str_release(&ignored);
	return status == ALLS_APPLIED;
}

/* Passes over a statement about a layer that only a command makes that is not applied. */
int directive_skip(const struct alls_stmt *st, const char *name, struct err *e)
{
	*e = (struct err){ 0 };
	alls_warn_made(st, name);
	return 0;
}

/* A name of the script in the scope of a layer. */
char *directive_scoped(struct plan *p, const struct unit *u, const char *name)
{
	const char *end = strchr(u->l->name, '/');

	if (strchr(name, '/') || !end)
		return arena_strdup(&p->arena, name);
	return arena_printf(&p->arena, "%.*s%s", (int)(end - u->l->name) + 1, u->l->name, name);
}

/* name = output_layer(layer): the output that what the host does begins with. */
static int output_layer(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	const struct alls_value *v = alls_get(st, "layer");
	struct named n;

	if (plan_find(p, v->text, &n, e) < 0)
		return alls_made(st, v->text) ? directive_skip(st, v->text, e)
					      : alls_in_value(st, v, e);
	for (size_t i = 0; n.u && i < n.u->l->nsucc; i++) {
		const struct layer *to = n.u->l->succ[i];

		if (to->type != HN_OUTPUT)
			continue;
		if (st->nlhs)
			p->aliases[p->naliases++] =
			    (struct alias){ directive_scoped(p, n.u, st->lhs[0]),
					    &p->units[to->index] };
		return 0;
	}
	err_set(e,
		"'%s' is no output of the device: the host continues where hn-normalize's "
		"commands end the network",
		quote(v->text));
	return alls_in(st, e);
}

/* Full physical name in *out; NULL for a layer that does not exist here. */
static int physical_name(struct plan *p, const struct alls_stmt *st, const char *argument,
			 struct named *n, const char **out, struct err *e)
{
	const char *name = alls_get_text(st, argument);

	*out = NULL;
	*n = (struct named){ .part = -1 };
	if ((n->u = merge_named(p, name)) != NULL) {
		*out = n->u->given_merged;
		return 0;
	}
	if (plan_find(p, name, n, e) < 0)
		return alls_made(st, name) ? directive_skip(st, name, e)
					   : alls_in_value(st, alls_get(st, argument), e);
	if (!n->u)
		*out = p->relays[n->relay].name;
	else
		*out = n->part < 0 ? n->u->l->name : plan_part_name(&p->arena, n->u, n->part);
	return 0;
}

/* Statements about the same two layers before this one. */
static size_t number_of(const struct plan *p, const struct script_buffer *b)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nbuffers; i++)
		n += strcmp(p->buffers[i].from, b->from) == 0 &&
		     strcmp(p->buffers[i].to, b->to) == 0;
	return n;
}

/* Rows before and after a change of cluster lie in one buffer here. */
static int buffers(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	struct script_buffer b = { .st = st };
	struct named from, to;
	double rows = alls_get_number(st, "number_of_rows_to_buffer", 0) +
		      alls_get_number(st, "number_of_rows_cluster_b", 0);

	if (!directive_applied(st))
		return 0;
	if (physical_name(p, st, "layer_from", &from, &b.from, e) < 0 ||
	    physical_name(p, st, "layer_to", &to, &b.to, e) < 0)
		return -1;
	if (to.joined) {
		log_warn("%s:%d:%d: buffers: passed over for '%s': no layer joins the parts, their "
			 "readers do",
			 quote(st->file), st->line, st->column,
			 quote(alls_get_text(st, "layer_to")));
		return 0;
	}
	if (rows < 1 || rows > MAX_ROWS) {
		err_set(e, "a buffer of %g rows, from 1 to %d expected", rows, MAX_ROWS);
		return alls_in(st, e);
	}
	b.rows = (int32_t)rows;
	if (b.from && b.to) {
		b.number = number_of(p, &b);
		p->buffers[p->nbuffers++] = b;
	}
	return 0;
}

static int each_command(struct plan *p, const char *name,
			int (*fn)(struct plan *p, const struct alls_stmt *st, struct err *e),
			struct err *e)
{
	size_t i;

	for (i = 0; i < p->script->nstmts; i++)
		if (alls_is(&p->script->stmts[i], name, NULL) && fn(p, &p->script->stmts[i], e) < 0)
			return -1;
	return 0;
}

int directives_read(struct plan *p, struct err *e)
{
	if (!p->script)
		return 0;
	p->buffers = arena_array(&p->arena, p->script->nstmts + 1, sizeof *p->buffers);
	p->aliases = arena_array(&p->arena, p->script->nstmts + 1, sizeof *p->aliases);
	/* Parts first: the other commands may name them. */
	if (each_command(p, "defuse_block", directive_defuse_block, e) < 0 ||
	    each_command(p, "defuse", directive_defuse, e) < 0 ||
	    each_command(p, "compilation_param", directive_divide, e) < 0 ||
	    each_command(p, "output_layer", output_layer, e) < 0 || relays_read(p, e) < 0 ||
	    merge_read(p, e) < 0 || each_command(p, "bucket", directive_bucket, e) < 0 ||
	    each_command(p, "compilation_param", directive_compilation, e) < 0 ||
	    each_command(p, "context", directive_context, e) < 0 ||
	    each_command(p, "place", directive_place, e) < 0)
		return -1;
	if (p->contexts_given)
		directive_settle(p);
	if ((p->contexts_given && each_command(p, "bucket", directive_bucket_given, e) < 0) ||
	    merge_check(p, e) < 0)
		return -1;
	return each_command(p, "buffers", buffers, e);
}
