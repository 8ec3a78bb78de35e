/* The model's nodes by name, their readers, an order in which each follows what it reads. */
#include "base/limits.h"
#include "base/rng.h"
#include "tf/tf_ops.h"

enum {
	NEW,
	OPEN,
	DONE
};

static struct tf_item **slot(const struct tf *t, const char *name, size_t len)
{
	size_t i = (size_t)hash_xxh3(name, len) & (t->nindex - 1);

	while (t->index[i] &&
	       (strncmp(t->index[i]->n->name, name, len) != 0 || t->index[i]->n->name[len] != '\0'))
		i = (i + 1) & (t->nindex - 1);
	return &t->index[i];
}

struct tf_item *tf_item_of(const struct tf *t, const char *input, size_t *port)
{
	const char *colon = strrchr(input, ':');

	*port = 0;
	if (!colon)
		return *slot(t, input, strlen(input));
	for (const char *s = colon + 1; *s; s++) {
		if (*s < '0' || *s > '9' || *port > IM_INPUTS)
			return NULL;
		*port = *port * 10 + (size_t)(*s - '0');
	}
	return *port < IM_INPUTS ? *slot(t, input, (size_t)(colon - input)) : NULL;
}

static int make_index(struct tf *t, struct err *e)
{
	t->nindex = 16;
	while (t->nindex < 2 * t->nitem)
		t->nindex *= 2;
	t->index = xcalloc(t->nindex, sizeof(struct tf_item *));
	for (size_t i = 0; i < t->nitem; i++) {
		struct tf_item **at = slot(t, t->item[i].n->name, strlen(t->item[i].n->name));

		if (*at)
			return err_set(e, "damaged: node '%s' is there twice",
				       quote(t->item[i].n->name));
		*at = &t->item[i];
	}
	return 0;
}

/* What a loop hands back to its start: read as if it were not there, the loop is refused anyway. */
static bool is_back(const struct tf_item *reader, const struct tf_item *from)
{
	return strcmp(reader->n->op, "Merge") == 0 && strcmp(from->n->op, "NextIteration") == 0;
}

/* Outputs that the operator has by its attributes, 1 where they do not say. */
static size_t own_outputs(const struct tf_node *n)
{
	const char *attr = strcmp(n->op, "Unpack") == 0      ? "num"
			   : strncmp(n->op, "Split", 5) == 0 ? "num_split"
							     : NULL;
	const int64_t count = attr ? tf_attr_int(n, attr, 1) : 1;

	if (strcmp(n->op, "IdentityN") == 0 || strcmp(n->op, "ShapeN") == 0)
		return n->nin ? n->nin : 1;
	return count < 1 || count > IM_INPUTS ? 1 : (size_t)count;
}

static int find_readers(struct tf *t, struct err *e)
{
	for (size_t i = 0; i < t->nitem; i++)
		for (size_t k = 0; k < t->item[i].n->nin; k++) {
			const char *in = t->item[i].n->in[k];
			size_t port;
			struct tf_item *from = tf_item_of(t, in, &port);

			if (!from)
				return err_set(e,
					       "damaged: node '%s' reads '%s', which is not there",
					       quote(t->item[i].n->name), quote(in));
			from->nuse++;
			from->reader = &t->item[i];
			from->nout = port + 1 > from->nout ? port + 1 : from->nout;
		}
	for (size_t i = 0; i < tf_outputs(t->m); i++) {
		size_t port;
		struct tf_item *from = tf_item_of(t, tf_output_at(t->m, i)->tensor, &port);

		if (!from)
			return err_set(e, "damaged: there is no node '%s' for output '%s'",
				       quote(tf_output_at(t->m, i)->tensor),
				       quote(tf_output_at(t->m, i)->key));
		from->nuse++;
		from->reader = NULL;
		from->nout = port + 1 > from->nout ? port + 1 : from->nout;
	}
	return 0;
}

/* Depth first, without recursion. */
static int visit(struct tf *t, struct tf_item *first, struct tf_item **stack, size_t *next,
		 struct err *e)
{
	size_t depth = 0, port;

	stack[depth] = first;
	next[depth++] = 0;
	first->mark = OPEN;
	while (depth) {
		struct tf_item *it = stack[depth - 1], *from;

		if (next[depth - 1] == it->n->nin) {
			it->mark = DONE;
			t->order[t->norder++] = it;
			depth--;
			continue;
		}
		from = tf_item_of(t, it->n->in[next[depth - 1]++], &port);
		if (from->mark == DONE || is_back(it, from))
			continue;
		if (from->mark == OPEN)
			return err_set(e,
				       "damaged: node '%s' is part of a cycle: it depends on "
				       "itself through '%s'",
				       quote(it->n->name), quote(from->n->name));
		from->mark = OPEN;
		stack[depth] = from;
		next[depth++] = 0;
	}
	return 0;
}

int tf_sort(struct tf *t, struct err *e)
{
	struct tf_item **stack;
	size_t *next;
	int r;

	t->nitem = tf_nodes(t->m);
	if (t->nitem > LIMIT_LAYERS * 50)
		return err_set(e, "the model has %zu nodes, at most %d expected", t->nitem,
			       LIMIT_LAYERS * 50);
	t->item = xcalloc(t->nitem + 1, sizeof *t->item);
	t->order = xcalloc(t->nitem + 1, sizeof(struct tf_item *));
	for (size_t i = 0; i < t->nitem; i++) {
		t->item[i].n = tf_node_at(t->m, i);
		t->item[i].nout = own_outputs(t->item[i].n);
		if (t->item[i].n->nin > IM_INPUTS || strlen(t->item[i].n->name) > LIMIT_NAME)
			return err_set(e, "node %zu: too many inputs, or too long a name", i);
	}
	if (make_index(t, e) < 0 || find_readers(t, e) < 0)
		return -1;
	stack = xcalloc(t->nitem + 1, sizeof(struct tf_item *));
	next = xcalloc(t->nitem + 1, sizeof *next);
	r = 0;
	for (size_t i = 0; r == 0 && i < t->nitem; i++)
		if (t->item[i].mark == NEW)
			r = visit(t, &t->item[i], stack, next, e);
	free(stack);
	free(next);
	return r;
}

void tf_release(struct tf *t)
{
	free(t->item);
	free(t->order);
	free(t->index);
}
