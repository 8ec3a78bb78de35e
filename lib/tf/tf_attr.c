/* Attributes of nodes, in words. */
#include "tf/tf_read.h"

static const Tf__AttrValue *of(const struct tf_node *n, const char *name)
{
	return n->attr ? tf_attr_of(n->attr, name) : NULL;
}

int64_t tf_attr_int(const struct tf_node *n, const char *name, int64_t dflt)
{
	const Tf__AttrValue *v = of(n, name);

	return v && v->has_i ? v->i : dflt;
}

float tf_attr_float(const struct tf_node *n, const char *name, float dflt)
{
	const Tf__AttrValue *v = of(n, name);

	return v && v->has_f ? v->f : dflt;
}

bool tf_attr_bool(const struct tf_node *n, const char *name, bool dflt)
{
	const Tf__AttrValue *v = of(n, name);

	return v && v->has_b ? v->b : dflt;
}

const char *tf_attr_text(const struct tf_node *n, const char *name, const char *dflt)
{
	const Tf__AttrValue *v = of(n, name);

	return v && v->s ? v->s : dflt;
}

int tf_attr_type(const struct tf_node *n, const char *name)
{
	const Tf__AttrValue *v = of(n, name);

	return v && v->has_type ? v->type % TF_REF : 0;
}

size_t tf_attr_ints(const struct tf_node *n, const char *name, int64_t *out, size_t max)
{
	const Tf__AttrValue *v = of(n, name);

	if (!v || !v->list)
		return 0;
	for (size_t i = 0; i < v->list->n_i && i < max; i++)
		out[i] = v->list->i[i];
	return v->list->n_i;
}

bool tf_attr_shape(const struct tf_node *n, const char *name, size_t at, int *rank,
		   int64_t dim[LIMIT_RANK])
{
	const Tf__AttrValue *v = of(n, name);
	const Tf__Shape *s = !v        ? NULL
			     : v->list ? (at < v->list->n_shape ? v->list->shape[at] : NULL)
				       : v->shape;

	if (!s || s->unknown_rank || s->n_dim > LIMIT_RANK)
		return false;
	*rank = (int)s->n_dim;
	for (size_t i = 0; i < s->n_dim; i++)
		dim[i] = s->dim[i]->has_size ? s->dim[i]->size : 0;
	return true;
}
