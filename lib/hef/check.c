/* The walk that asks every rule about every part of a HEF. */
#include "base/mem.h"
#include "hef/rules.h"

/* Asks the rules of one scope; the first broken one is reported. */
static int ask(const struct site *s, enum scope scope, struct err *e)
{
	for (size_t i = 0; i < hef_nrules; i++) {
		const struct rule *r = &hef_rules[i];
		struct err why = { 0 };
		uint32_t v;

		if (r->scope != scope || (r->kind && r->kind != s->kind))
			continue;
		if (r->fn) {
			if (r->fn(s, &why) == 0)
				continue;
		} else {
			memcpy(&v, (const char *)s->elem + r->offset, sizeof v);
			if (v <= r->max)
				continue;
			err_set(&why, "%u is too large", v);
		}
		err_set(e, "%s", why.msg);
		err_hint(e, "%s", r->text);
		return err_in(e, "rule %s", r->id);
	}
	return 0;
}

/* Puts the place behind "rule ID: ", where the outermost comes first. */
static int where(struct err *e, const char *place)
{
	const char *rest = strstr(e->msg, ": ");
	struct err out = { 0 };
	int n = rest ? (int)(rest - e->msg) : 0;

	err_set(&out, "%.*s: %s%s", n, e->msg, place, rest ? rest : e->msg);
	*e = out;
	return -1;
}

static int at_name(struct err *e, const char *what, const char *name)
{
	char *t = xasprintf("%s '%s'", what, quote(name));

	where(e, t);
	free(t);
	return -1;
}

static int at_index(struct err *e, const char *what, size_t i)
{
	char *t = xasprintf("%s %zu", what, i);

	where(e, t);
	free(t);
	return -1;
}

/* Bases of a layer: its streams', then those of a mux's members. */
static int check_bases(struct site s, struct err *e)
{
	struct hef_leaves leaves = { 0 };
	size_t nstreams;
	int r = 0;

	hef_collect(s.layer, false, &leaves);
	nstreams = leaves.n;
	if (s.layer->edge_case == HEF__EDGE_LAYER__EDGE_LAYER_MUX)
		hef_collect(s.layer, true, &leaves);
	for (size_t i = 0; i < leaves.n && r == 0; i++) {
		s.leaf = &leaves.v[i];
		s.base = s.leaf->base;
		s.elem = s.base;
		s.stream = i < nstreams;
		if ((r = ask(&s, ON_BASE, e)) < 0 && s.leaf->name != hef_layer_name(s.layer))
			at_name(e, "member", s.leaf->name);
	}
	free(leaves.v);
	return r;
}

static int check_operations(struct site s, Hef__Operation *const *ops, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		s.trigger = ops[i]->trigger;
		s.kind = s.trigger ? (int)s.trigger->kind_case : 0;
		/* Every member of the oneof is a pointer. */
		s.elem = s.kind ? s.trigger->lcu : NULL;
		if (ask(&s, ON_TRIGGER, e) < 0)
			return at_index(e, "operation", i);
		for (size_t k = 0; k < ops[i]->n_actions; k++) {
			s.action = ops[i]->actions[k];
			s.kind = (int)s.action->kind_case;
			s.elem = s.kind ? s.action->enable_lcu : NULL;
			if (ask(&s, ON_ACTION, e) < 0) {
				at_index(e, "action", k);
				return at_index(e, "operation", i);
			}
		}
	}
	return 0;
}

static int check_context(struct site s, struct err *e)
{
	const Hef__ContextMetadata *d = s.context->metadata;

	for (size_t i = 0; d && i < d->n_edge_layers; i++) {
		s.layer = d->edge_layers[i];
		if (ask(&s, ON_LAYER, e) < 0 || check_bases(s, e) < 0)
			return at_name(e, "layer", hef_layer_name(s.layer));
	}
	s.layer = NULL;
	if (ask(&s, ON_CONTEXT, e) < 0)
		return -1;
	return check_operations(s, s.context->operations, s.context->n_operations, e);
}

static int check_core(struct site s, struct err *e)
{
	const Hef__PreliminaryConfig *p = s.core->preliminary;

	if (ask(&s, ON_CORE, e) < 0)
		return -1;
	if (p && check_operations(s, p->operation, p->n_operation, e) < 0)
		return where(e, "preliminary configuration");
	for (size_t i = 0; i < s.core->ncontexts; i++) {
		s.context = s.core->contexts[i];
		s.context_index = i;
		if (check_context(s, e) < 0)
			return at_index(e, "context", i);
	}
	return 0;
}

static int check_ops(struct site s, struct err *e)
{
	if (!hef_has(s.m, EXT_NET_FLOW))
		return 0;
	for (size_t i = 0; i < s.group->n_ops; i++) {
		s.op = s.group->ops[i];
		if (s.op->kind_case != HEF__OP__KIND_CORE_OP && ask(&s, ON_OP, e) < 0)
			return at_name(e, "op", s.op->name);
	}
	return 0;
}

static int check_group(struct site s, struct err *e)
{
	struct hef_core core;

	if (ask(&s, ON_GROUP, e) < 0)
		return -1;
	for (size_t i = 0; hef_core_at(s.m, s.group, i, &core); i++) {
		s.core = &core;
		if (check_core(s, e) < 0 || check_ops(s, e) < 0)
			return hef_multi_layout(s.m) ? at_index(e, "layout", i) : -1;
	}
	return 0;
}

int hef_check(const struct hef *h, struct err *e)
{
	struct site s = { .h = h, .m = h->msg };

	if (ask(&s, ON_FILE, e) < 0)
		return -1;
	for (size_t i = 0; i < h->msg->n_network_groups; i++) {
		s.group = h->msg->network_groups[i];
		if (check_group(s, e) < 0)
			return at_name(e, "network group", hef_group_name(s.group));
	}
	return 0;
}
