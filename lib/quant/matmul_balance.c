/*
 * matmul_equalization (guide 5.3.3): a feature k of both inputs of X Y^T is multiplied by s in one
 * and divided by s in the other, which changes nothing.  With x and y the largest values of the
 * feature, each beside the largest of its tensor, s = sqrt(y / x) gives both the same share of
 * their ranges.  Features that several matmuls share have one factor; who must not move, or would
 * have to move both ways, stays.
 */
#include "base/log.h"
#include "quant/quant_int.h"

#include <math.h>

static const double factor_max = 1e4;

struct balance {
	const struct quant *q;
	struct channels *c;
	int *side;     /* by class root: 1, -1, 0: not reached */
	size_t *set;   /* by class root: the first class of its set */
	double *x, *y; /* by set: largest shares on either side */
	bool *stuck;   /* by set */
};

static bool asks(const struct quant *q, const struct layer *l)
{
	return l->type == HN_MATMUL && l->p.variant && quant_info(q, l)->balance;
}

/* Largest magnitude of each feature of input i beside the largest of all. */
static double share(const struct quant *q, const struct layer *l, size_t i, size_t f)
{
	const struct layer *from = l->in[i].layer;
	const struct qinfo *info = quant_info(q, from);
	const size_t first = quant_port_offset(from, l->in[i].port);
	const size_t c = (size_t)layer_in_shape(l, i)->c;
	double top = 0;

	for (size_t k = first; k < first + c; k++)
		top = fmax(top, fmax(-(double)info->min[k], (double)info->max[k]));
	f += first;
	return top > 0 ? fmax(-(double)info->min[f], (double)info->max[f]) / top : 0;
}

/* Calls fn for both ends of every shared feature. */
typedef bool (*pair_fn)(struct balance *b, const struct layer *l, size_t f, size_t ra, size_t rb);

static bool each_pair(struct balance *b, pair_fn fn)
{
	bool any = false;

	for (size_t i = 0; i < b->q->g->nlayers; i++) {
		const struct layer *l = b->q->g->layers[i];

		if (!asks(b->q, l))
			continue;
		for (size_t f = 0; f < (size_t)layer_in_shape(l, 0)->c; f++)
			any = fn(b, l, f, channels_input(b->c, l, 0, f),
				 channels_input(b->c, l, 1, f)) ||
			      any;
	}
	return any;
}

/* Puts both ends into one set on opposite sides, when one of them has a side. */
static bool spread(struct balance *b, const struct layer *l, size_t f, size_t ra, size_t rb)
{
	const size_t low = b->set[ra] < b->set[rb] ? b->set[ra] : b->set[rb];
	const bool moved = b->set[ra] != low || b->set[rb] != low || !b->side[ra] || !b->side[rb];

	(void)l;
	(void)f;
	if (b->side[ra] && !b->side[rb])
		b->side[rb] = -b->side[ra];
	else if (!b->side[ra])
		b->side[ra] = b->side[rb] ? -b->side[rb] : 1;
	if (!b->side[rb])
		b->side[rb] = -b->side[ra];
	b->set[ra] = b->set[rb] = low;
	return moved;
}

static bool measure(struct balance *b, const struct layer *l, size_t f, size_t ra, size_t rb)
{
	const size_t set = b->set[ra];
	const double a = share(b->q, l, 0, f), c = share(b->q, l, 1, f);

	if (b->c->fixed[ra] || b->c->fixed[rb] || b->side[ra] == b->side[rb])
		b->stuck[set] = true;
	b->x[set] = fmax(b->x[set], b->side[ra] > 0 ? a : c);
	b->y[set] = fmax(b->y[set], b->side[ra] > 0 ? c : a);
	return false;
}

/* Who asked and gets nothing is told. */
static void tell_unmoved(const struct balance *b)
{
	for (size_t i = 0; i < b->q->g->nlayers; i++) {
		const struct layer *l = b->q->g->layers[i];
		bool any = false;

		if (l->type != HN_MATMUL || !quant_info(b->q, l)->balance)
			continue;
		for (size_t f = 0; l->p.variant && f < (size_t)layer_in_shape(l, 0)->c; f++)
			any = any || !b->c->fixed[channels_input(b->c, l, 0, f)];
		if (!any)
			log_warn("layer '%s': matmul_equalization changes nothing, its inputs %s",
				 quote(l->name),
				 l->p.variant ? "have no features that weights could scale"
					      : "share no features (the second is not transposed)");
	}
}

void matmul_balance(const struct quant *q, struct channels *c, double *log_s)
{
	struct balance b = { .q = q, .c = c };

	b.side = xcalloc(c->n, sizeof *b.side);
	b.set = xcalloc(c->n, sizeof *b.set);
	b.x = xcalloc(c->n, sizeof *b.x);
	b.y = xcalloc(c->n, sizeof *b.y);
	b.stuck = xcalloc(c->n, sizeof *b.stuck);
	for (size_t r = 0; r < c->n; r++)
		b.set[r] = r;
	while (each_pair(&b, spread))
		;
	each_pair(&b, measure);
	for (size_t r = 0; r < c->n; r++) {
		const size_t s = b.set[r];

		if (!b.side[r])
			continue;
		if (b.stuck[s] || b.x[s] <= 0 || b.y[s] <= 0) {
			c->fixed[r] = true;
			continue;
		}
		c->held[r] = true;
		log_s[r] = b.side[r] * fmin(fmax(0.5 * log(b.y[s] / b.x[s]), -log(factor_max)),
					    log(factor_max));
	}
	tell_unmoved(&b);
	free(b.side);
	free(b.set);
	free(b.x);
	free(b.y);
	free(b.stuck);
}
