/*
 * Orders of atoms that no single transpose makes: breadth first over the permutations of the runs
 * that stay together, by transposes of three blocks and moves between blocks and features.
 */
#include "import/move.h"

enum {
	RUNS = 6,    /* runs that may change places */
	ORDERS = 720 /* of them */
};

/* One order of the runs and the step that led to it: cuts of the order before, and how they turn.
 */
struct order {
	uint8_t p[RUNS];
	int before; /* -1: the stored order */
	int depth;  /* steps from there */
	enum step_kind kind;
	int cut[4];
	int turn; /* transpose: which permutation; blocks: variant */
};

struct search {
	const struct move *m;
	int n;              /* runs */
	int64_t size[RUNS]; /* by place in the wanted order */
	bool seen[ORDERS];
	struct order *order; /* norder, first come first */
	int norder;
	struct order best; /* of the ways with the fewest steps the one with the fewest layers */
	int layers;        /* of it; -1: none yet */
};

static const int32_t turns[5][3] = {
	{ 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 }
};

/* A number for each permutation. */
static int rank_of(const uint8_t *p, int n)
{
	int r = 0;

	for (int i = 0; i < n; i++) {
		int smaller = 0;

		for (int k = i + 1; k < n; k++)
			smaller += p[k] < p[i];
		r = r * (n - i) + smaller;
	}
	return r;
}

/* The order in which pieces [cut[i], cut[i + 1]) of the one before stand after a step. */
static int pieces(const struct order *o, int out[5])
{
	static const int s2d[2][5] = { { 0, 2, 1, 3, 4 }, { 0, 2, 4, 1, 3 } };
	static const int d2s[2][5] = { { 0, 2, 1, 3, 4 }, { 0, 3, 1, 4, 2 } };

	if (o->kind == STEP_TRANSPOSE) {
		for (int i = 0; i < 3; i++)
			out[i] = turns[o->turn][i];
		return 3;
	}
	memcpy(out, o->kind == STEP_SPACE_TO_DEPTH ? s2d[o->turn] : d2s[o->turn], sizeof s2d[0]);
	return 5;
}

static void piece(const struct search *s, const struct order *o, int i, int count, int *from,
		  int *to)
{
	*from = i ? o->cut[i - 1] : 0;
	*to = i + 1 < count ? o->cut[i] : s->n;
}

static int64_t piece_size(const struct search *s, const struct order *o, int i, int count)
{
	const uint8_t *p = s->order[o->before].p;
	int64_t size = 1;
	int from, to;

	for (piece(s, o, i, count, &from, &to); from < to; from++)
		size *= s->size[p[from]];
	return size;
}

/* The reshape (when needed) and the layer of one step; now: the size before, then after it. */
static void emit(const struct search *s, const struct order *o, struct step *step, int *n,
		 int64_t now[3])
{
	struct step l = { .kind = o->kind, .rank = 4 };
	int64_t z[5], in[3];
	const int count = o->kind == STEP_TRANSPOSE ? 3 : 5;

	for (int i = 0; i < count; i++)
		z[i] = piece_size(s, o, i, count);
	if (o->kind == STEP_TRANSPOSE) {
		memcpy(in, z, sizeof in);
		for (int i = 0; i < 3; i++) {
			l.arg[i] = turns[o->turn][i];
			l.size[i] = z[l.arg[i]];
		}
	} else if (o->kind == STEP_SPACE_TO_DEPTH) {
		memcpy(in, (int64_t[]){ z[0] * z[1], z[2] * z[3], z[4] }, sizeof in);
		memcpy(l.arg, (int32_t[]){ (int32_t)z[1], (int32_t)z[3], o->turn }, sizeof l.arg);
		memcpy(l.size, (int64_t[]){ z[0], z[2], z[1] * z[3] * z[4] }, sizeof in);
	} else {
		const int64_t bh = z[o->turn ? 3 : 2], bw = z[o->turn ? 4 : 3];

		memcpy(in, (int64_t[]){ z[0], z[1], z[2] * z[3] * z[4] }, sizeof in);
		memcpy(l.arg, (int32_t[]){ (int32_t)bh, (int32_t)bw, o->turn }, sizeof l.arg);
		memcpy(l.size, (int64_t[]){ z[0] * bh, z[1] * bw, in[2] / bh / bw }, sizeof in);
	}
	step_reshape(step, n, now, in, 4);
	step[(*n)++] = l;
	memcpy(now, l.size, sizeof l.size);
}

/* The layers of the way to order `last`, which is not in the list; -1: too long. */
static int collect(const struct search *s, const struct order *last, struct step *step)
{
	const struct order *way[MOVE_STEPS / 2];
	int n = 0, count = 0;
	int64_t now[3];

	memcpy(now, s->m->v->base, sizeof now);
	for (const struct order *o = last; o->before >= 0; o = &s->order[o->before]) {
		if (n == MOVE_STEPS / 2 - 1)
			return -1;
		way[n++] = o;
	}
	while (n)
		emit(s, way[--n], step, &count, now);
	step_reshape(step, &count, now, s->m->size, s->m->rank);
	return count;
}

/* A step to the wanted order, or to one that was not seen. */
static void try(struct search *s, struct order o)
{
	const uint8_t *p = s->order[o.before].p;
	struct step step[MOVE_STEPS];
	int list[5], n = 0, count = pieces(&o, list), from, to;

	for (int i = 0; i < count; i++) {
		piece(s, &o, list[i], count, &from, &to);
		while (from < to)
			o.p[n++] = p[from++];
	}
	o.depth = s->order[o.before].depth + 1;
	if (rank_of(o.p, s->n) == 0) {
		const int layers = collect(s, &o, step);

		if (layers >= 0 && (s->layers < 0 || layers < s->layers)) {
			s->best = o;
			s->layers = layers;
		}
	} else if (!s->seen[rank_of(o.p, s->n)]) {
		s->seen[rank_of(o.p, s->n)] = true;
		s->order[s->norder++] = o;
	}
}

static void try_all(struct search *s, int before)
{
	struct order o = { .before = before, .kind = STEP_TRANSPOSE };
	const int base = s->n + 1;

	for (o.cut[0] = 0; o.cut[0] < s->n; o.cut[0]++)
		for (o.cut[1] = o.cut[0] + 1; o.cut[1] < s->n; o.cut[1]++)
			for (o.turn = 0; o.turn < 5; o.turn++)
				try(s, o);
	for (int cuts = 0; cuts < base * base * base * base; cuts++) {
		for (int i = 0, rest = cuts; i < 4; i++, rest /= base)
			o.cut[3 - i] = rest % base;
		if (o.cut[0] > o.cut[1] || o.cut[1] > o.cut[2] || o.cut[2] > o.cut[3])
			continue;
		for (int k = 0; k < 4; k++) {
			o.kind = k & 1 ? STEP_DEPTH_TO_SPACE : STEP_SPACE_TO_DEPTH;
			o.turn = k / 2;
			try(s, o);
		}
	}
}

/* Runs of the wanted order that are together in the stored one; the stored order is the first. */
static bool start(struct search *s, const struct atoms *seq)
{
	int first[RUNS];

	s->n = 0;
	for (int i = 0; i < seq->n; i++) {
		if (i == 0 || seq->at[i] != seq->at[i - 1] + 1) {
			if (s->n == RUNS)
				return false;
			first[s->n] = seq->at[i];
			s->size[s->n++] = 1;
		}
		s->size[s->n - 1] *= s->m->v->atom[seq->at[i]].size;
	}
	for (int i = 0; i < s->n; i++) {
		int place = 0;

		for (int k = 0; k < s->n; k++)
			place += first[k] < first[i];
		s->order[0].p[place] = (uint8_t)i;
	}
	s->order[0].before = -1;
	s->norder = 1;
	s->seen[rank_of(s->order[0].p, s->n)] = true;
	return true;
}

int move_search(const struct move *m, const struct atoms *seq, struct step step[MOVE_STEPS],
		struct err *e)
{
	struct search s = { .m = m, .layers = -1 };
	int n = -1;

	s.order = xcalloc(ORDERS, sizeof *s.order);
	if (start(&s, seq)) {
		for (int i = 0; i < s.norder && (s.layers < 0 || s.order[i].depth < s.best.depth);
		     i++)
			try_all(&s, i);
		if (s.layers >= 0)
			n = collect(&s, &s.best, step);
	}
	free(s.order);
	return n >= 0
		   ? n
		   : err_set(e, "this combination of reshape and transpose of %s is not supported",
			     view_text(m->v));
}
