/*
 * Inside of lib/import: what it takes to bring the atoms of a view into another order, as a list of
 * steps that each become one layer.
 */
#ifndef HN_IMPORT_MOVE_H
#define HN_IMPORT_MOVE_H

#include "import/import.h"

enum {
	MOVE_STEPS = 16
};

struct atoms {
	int n;
	int at[IM_ATOMS];
};

/* From: the atoms of each axis as stored; to: the atoms of each axis as wanted. */
struct move {
	const struct im_view *v;
	struct atoms from[3], to[3];
	int64_t size[3]; /* wanted h, w, c */
	int rank;        /* of the wanted tensor: 4, 3 (no H), 2 (only C) */
};

enum step_kind {
	STEP_SHUFFLE,        /* arg[0] groups */
	STEP_DEPTH_TO_SPACE, /* arg[0], arg[1] block, arg[2] variant */
	STEP_SPACE_TO_DEPTH, /* the same */
	STEP_RESHAPE,        /* to size, rank */
	STEP_TRANSPOSE       /* arg[] the permutation */
};
struct step {
	enum step_kind kind;
	int32_t arg[3];
	int64_t size[3]; /* h, w, c after it */
	int rank;
};

/* l = l ++ more; the same atoms in the same order; how many values they count. */
void atoms_append(struct atoms *l, const struct atoms *more);
bool atoms_equal(const struct atoms *a, const struct atoms *b);
int64_t atoms_product(const struct im_view *v, const struct atoms *l);

/* The steps that make the move, 0 when all is in place; -1: there is no short way. */
int move_steps(const struct move *m, struct step step[MOVE_STEPS], struct err *e);
/*
 * For orders that no single transpose makes: the shortest row of transposes and block moves.  seq:
 * the wanted order.
 */
int move_search(const struct move *m, const struct atoms *seq, struct step step[MOVE_STEPS],
		struct err *e);
/* Appends a reshape when the size differs from the current one. */
void step_reshape(struct step *step, int *n, const int64_t now[3], const int64_t size[3], int rank);

#endif
