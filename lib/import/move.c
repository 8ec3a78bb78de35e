/*
 * The layers that bring an HN tensor into the order that an operator needs: known moves (shuffle,
 * depth to space, space to depth) first, then reshapes and transposes.
 */
#include "import/move.h"

void atoms_append(struct atoms *l, const struct atoms *more)
{
	for (int i = 0; i < more->n; i++)
		l->at[l->n++] = more->at[i];
}

bool atoms_equal(const struct atoms *a, const struct atoms *b)
{
	return a->n == b->n && memcmp(a->at, b->at, (size_t)a->n * sizeof a->at[0]) == 0;
}

int64_t atoms_product(const struct im_view *v, const struct atoms *l)
{
	int64_t n = 1;

	for (int i = 0; i < l->n; i++)
		n *= v->atom[l->at[i]].size;
	return n;
}

/* b = prefix ++ *rest */
static bool starts_with(const struct atoms *b, const struct atoms *prefix, struct atoms *rest)
{
	if (b->n < prefix->n || memcmp(b->at, prefix->at, (size_t)prefix->n * sizeof b->at[0]) != 0)
		return false;
	rest->n = b->n - prefix->n;
	memcpy(rest->at, b->at + prefix->n, (size_t)rest->n * sizeof b->at[0]);
	return true;
}

static struct step step_to(const struct move *m, enum step_kind kind)
{
	struct step s = { .kind = kind, .rank = m->rank };

	memcpy(s.size, m->size, sizeof s.size);
	return s;
}

static bool shuffle(const struct move *m, struct step *s)
{
	const struct atoms *from = &m->from[2], *to = &m->to[2];

	if (!atoms_equal(&m->from[0], &m->to[0]) || !atoms_equal(&m->from[1], &m->to[1]) ||
	    from->n != 2 || to->n != 2 || from->at[0] != to->at[1] || from->at[1] != to->at[0])
		return false;
	*s = step_to(m, STEP_SHUFFLE);
	s->arg[0] = (int32_t)m->v->atom[from->at[0]].size;
	return true;
}

/* c[] = x ++ y ++ z: 0; z ++ x ++ y: 1; else -1. */
static int block_order(const struct atoms *c, const struct atoms *x, const struct atoms *y,
		       const struct atoms *z)
{
	struct atoms dcr = *x, crd = *z;

	if (x->n + y->n == 0 || x->n + y->n + z->n > IM_ATOMS)
		return -1;
	atoms_append(&dcr, y);
	atoms_append(&dcr, z);
	atoms_append(&crd, x);
	atoms_append(&crd, y);
	return atoms_equal(c, &dcr) ? 0 : atoms_equal(c, &crd) ? 1 : -1;
}

static bool blocks(const struct move *m, struct step *s)
{
	struct atoms x, y;
	int variant;

	if (starts_with(&m->to[0], &m->from[0], &x) && starts_with(&m->to[1], &m->from[1], &y) &&
	    (variant = block_order(&m->from[2], &x, &y, &m->to[2])) >= 0)
		*s = step_to(m, STEP_DEPTH_TO_SPACE);
	else if (starts_with(&m->from[0], &m->to[0], &x) &&
		 starts_with(&m->from[1], &m->to[1], &y) &&
		 (variant = block_order(&m->to[2], &x, &y, &m->from[2])) >= 0)
		*s = step_to(m, STEP_SPACE_TO_DEPTH);
	else
		return false;
	s->arg[0] = (int32_t)atoms_product(m->v, &x);
	s->arg[1] = (int32_t)atoms_product(m->v, &y);
	s->arg[2] = variant;
	return true;
}

/* Whole axes change places. */
static bool permute(const struct move *m, struct step *s)
{
	int perm[3] = { -1, -1, -1 };
	bool taken[3] = { false, false, false };

	for (int i = 0; i < 3; i++)
		for (int k = 0; m->to[i].n && k < 3; k++)
			if (atoms_equal(&m->to[i], &m->from[k])) {
				perm[i] = k;
				taken[k] = true;
			}
	*s = step_to(m, STEP_TRANSPOSE);
	for (int i = 0; i < 3; i++) {
		if (m->to[i].n && perm[i] < 0)
			return false;
		for (int k = 0; perm[i] < 0 && k < 3; k++)
			if (!taken[k] && m->from[k].n == 0) {
				perm[i] = k;
				taken[k] = true;
			}
		if (perm[i] < 0)
			return false;
		s->arg[i] = perm[i];
	}
	return true;
}

void step_reshape(struct step *step, int *n, const int64_t now[3], const int64_t size[3], int rank)
{
	struct step *s = &step[*n];

	if (memcmp(now, size, 3 * sizeof *size) == 0)
		return;
	*s = (struct step){ .kind = STEP_RESHAPE, .rank = rank };
	memcpy(s->size, size, sizeof s->size);
	++*n;
}

/*
 * Up to three runs of the stored order change places: reshape so that each run is an axis,
 * transpose, reshape to the wanted axes.  More runs than that: the search.
 */
static int runs(const struct move *m, struct step *step, struct err *e)
{
	struct atoms seq = m->to[0], run[3] = { { 0 } };
	int64_t in[3] = { 1, 1, 1 };
	struct step turn = { .kind = STEP_TRANSPOSE, .rank = 4, .arg = { 0, 1, 2 } };
	int nruns = 0, n = 0;

	atoms_append(&seq, &m->to[1]);
	atoms_append(&seq, &m->to[2]);
	for (int i = 0; i < seq.n; i++) {
		if (i == 0 || seq.at[i] != seq.at[i - 1] + 1) {
			if (nruns == 3)
				return move_search(m, &seq, step, e);
			nruns++;
		}
		run[nruns - 1].at[run[nruns - 1].n++] = seq.at[i];
	}
	if (nruns <= 1) {
		step[0] = step_to(m, STEP_RESHAPE);
		return 1;
	}
	for (int i = 0; i < 3; i++)
		turn.size[i] = 1;
	/* Place of run i among the runs in stored order: the axis that it has before the turn. */
	for (int i = 0; i < nruns; i++) {
		int place = 3 - nruns;

		for (int k = 0; k < nruns; k++)
			place += run[k].at[0] < run[i].at[0];
		turn.arg[3 - nruns + i] = place;
		in[place] = turn.size[3 - nruns + i] = atoms_product(m->v, &run[i]);
	}
	step_reshape(step, &n, m->v->base, in, 4);
	step[n++] = turn;
	step_reshape(step, &n, turn.size, m->size, m->rank);
	return n;
}

int move_steps(const struct move *m, struct step step[MOVE_STEPS], struct err *e)
{
	if (atoms_equal(&m->from[0], &m->to[0]) && atoms_equal(&m->from[1], &m->to[1]) &&
	    atoms_equal(&m->from[2], &m->to[2]))
		return 0;
	if (shuffle(m, &step[0]) || blocks(m, &step[0]) || permute(m, &step[0]))
		return 1;
	return runs(m, step, e);
}
