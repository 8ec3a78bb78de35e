/* Views: how a source tensor's dimensions lie in an HN tensor's axes. */
#include "import/import.h"
#include <stdio.h>

static int axis_of(char letter)
{
	return letter == 'H' ? 0 : letter == 'W' ? 1 : 2;
}

void view_init(struct im_view *v, struct layer *l, int32_t port, int64_t batch,
	       const int64_t base[3], const char *axes)
{
	int at[3] = { -1, -1, -1 };

	*v = (struct im_view){ .layer = l, .port = port, .sole = true, .batch = batch };
	for (int i = 0; i < 3; i++) {
		v->base[i] = base[i];
		if (base[i] != 1) {
			at[i] = v->natoms;
			v->atom[v->natoms++] = (struct im_atom){ base[i], i };
		}
	}
	for (; axes[v->rank]; v->rank++) {
		struct im_dim *d = &v->dim[v->rank];

		if (axes[v->rank] == 'B' && batch != 1) {
			d->at[d->n++] = IM_BATCH;
		} else if (axes[v->rank] != 'B' && axes[v->rank] != '1' &&
			   at[axis_of(axes[v->rank])] >= 0) {
			d->at[d->n++] = at[axis_of(axes[v->rank])];
		}
	}
}

void view_lay(struct im_view *v, struct layer *l, int32_t port, int64_t batch, const int64_t *size,
	      const char *axes)
{
	*v = (struct im_view){ .layer = l, .port = port, .sole = true, .batch = batch };
	for (; axes[v->rank]; v->rank++)
		if (axes[v->rank] == 'B' && batch != 1)
			v->dim[v->rank].at[v->dim[v->rank].n++] = IM_BATCH;
	for (int axis = 0; axis < 3; axis++) {
		v->base[axis] = 1;
		for (int d = 0; d < v->rank; d++) {
			if (axes[d] != "HWC"[axis] || size[d] == 1)
				continue;
			v->base[axis] *= size[d];
			v->dim[d].at[v->dim[d].n++] = v->natoms;
			v->atom[v->natoms++] = (struct im_atom){ size[d], axis };
		}
	}
}

static int64_t size_at(const struct im_view *v, int at)
{
	return at == IM_BATCH ? v->batch : v->atom[at].size;
}

int64_t view_size(const struct im_view *v, int d)
{
	int64_t n = 1;

	for (int i = 0; i < v->dim[d].n; i++)
		n *= size_at(v, v->dim[d].at[i]);
	return n;
}

int64_t view_count(const struct im_view *v)
{
	return v->batch * v->base[0] * v->base[1] * v->base[2];
}

const char *view_text(const struct im_view *v)
{
	static _Thread_local char ring[8][160];
	static _Thread_local unsigned turn;
	char *t = ring[turn++ % 8];
	size_t n = 0;

	n += (size_t)snprintf(t, sizeof ring[0], "[");
	for (int d = 0; d < v->rank; d++)
		n += (size_t)snprintf(t + n, sizeof ring[0] - n, "%s%lld", d ? "," : "",
				      (long long)view_size(v, d));
	snprintf(t + n, sizeof ring[0] - n, "]");
	return t;
}

bool view_axes(const struct im_view *v, char axes[LIMIT_RANK + 1])
{
	axes[v->rank] = '\0';
	for (int d = 0; d < v->rank; d++) {
		const struct im_dim *dim = &v->dim[d];

		if (dim->n > 1)
			return false;
		if (dim->n == 0)
			axes[d] = '1';
		else if (dim->at[0] == IM_BATCH)
			axes[d] = 'B';
		else if (v->atom[dim->at[0]].size == v->base[v->atom[dim->at[0]].axis])
			axes[d] = "HWC"[v->atom[dim->at[0]].axis];
		else
			return false;
	}
	return true;
}

/* Atoms i and i + 1 become one. */
static void merge_atoms(struct im_view *v, int i)
{
	v->atom[i].size *= v->atom[i + 1].size;
	for (int k = i + 1; k + 1 < v->natoms; k++)
		v->atom[k] = v->atom[k + 1];
	v->natoms--;
	for (int d = 0; d < v->rank; d++) {
		struct im_dim *dim = &v->dim[d];
		int n = 0;

		for (int k = 0; k < dim->n; k++) {
			int at = dim->at[k];

			if (at == i + 1)
				continue;
			dim->at[n++] = at != IM_BATCH && at > i ? at - 1 : at;
		}
		dim->n = n;
	}
}

/* Do atoms i and i + 1 stand side by side in one dimension? */
static bool together(const struct im_view *v, int i)
{
	for (int d = 0; d < v->rank; d++)
		for (int k = 0; k + 1 < v->dim[d].n; k++)
			if (v->dim[d].at[k] == i && v->dim[d].at[k + 1] == i + 1)
				return true;
	return false;
}

/* The coarsest split of the axes: equal views become equal structures. */
static void normalise(struct im_view *v)
{
	for (int i = 0; i + 1 < v->natoms;)
		if (v->atom[i].axis == v->atom[i + 1].axis && together(v, i))
			merge_atoms(v, i);
		else
			i++;
}

void view_transpose(struct im_view *v, const int perm[LIMIT_RANK])
{
	struct im_dim old[LIMIT_RANK];

	memcpy(old, v->dim, sizeof old);
	for (int d = 0; d < v->rank; d++)
		v->dim[d] = old[perm[d]];
	normalise(v);
}

void view_squeeze(struct im_view *v, int d)
{
	for (int i = d; i + 1 < v->rank; i++)
		v->dim[i] = v->dim[i + 1];
	v->rank--;
}

void view_unsqueeze(struct im_view *v, int d)
{
	for (int i = v->rank; i > d; i--)
		v->dim[i] = v->dim[i - 1];
	v->dim[d].n = 0;
	v->rank++;
}

/* Takes atom i out; nothing may name it any more. */
static void remove_atom(struct im_view *v, int i)
{
	for (int k = i; k + 1 < v->natoms; k++)
		v->atom[k] = v->atom[k + 1];
	v->natoms--;
	for (int d = 0; d < v->rank; d++)
		for (int k = 0; k < v->dim[d].n; k++)
			if (v->dim[d].at[k] != IM_BATCH && v->dim[d].at[k] > i)
				v->dim[d].at[k]--;
}

bool view_outer(const struct im_view *v, int d, int *axis, int64_t *inner)
{
	const struct im_dim *dim = &v->dim[d];
	int a;

	if (dim->n != 1 || dim->at[0] == IM_BATCH)
		return false;
	a = dim->at[0];
	*axis = v->atom[a].axis;
	*inner = v->base[*axis] / v->atom[a].size;
	return a == 0 || v->atom[a - 1].axis != *axis;
}

void view_resize(struct im_view *v, int d, int64_t size)
{
	const int a = v->dim[d].at[0];
	struct im_atom *atom = &v->atom[a];

	v->base[atom->axis] = v->base[atom->axis] / atom->size * size;
	atom->size = size;
	if (size == 1) {
		v->dim[d].n = 0;
		remove_atom(v, a);
	}
	normalise(v);
}

void view_repeat(struct im_view *v, int d, int at, int axis, int64_t size)
{
	for (int k = v->natoms++; k > at; k--)
		v->atom[k] = v->atom[k - 1];
	for (int i = 0; i < v->rank; i++)
		for (int k = 0; k < v->dim[i].n; k++)
			if (v->dim[i].at[k] != IM_BATCH && v->dim[i].at[k] >= at)
				v->dim[i].at[k]++;
	v->atom[at] = (struct im_atom){ size, axis };
	v->base[axis] *= size;
	v->dim[d].at[v->dim[d].n++] = at;
}

void view_drop(struct im_view *v, const bool over[LIMIT_RANK])
{
	for (int d = 0; d < v->rank; d++)
		while (over[d] && v->dim[d].n && v->dim[d].at[0] != IM_BATCH) {
			const int a = v->dim[d].at[--v->dim[d].n];

			v->base[v->atom[a].axis] /= v->atom[a].size;
			remove_atom(v, a);
		}
	normalise(v);
}

/* Splits atom i in an outer part of `outer` and the rest; renumbers lists of indices. */
static void split_atom(struct im_view *v, int i, int64_t outer, int *list, int n)
{
	for (int k = v->natoms; k > i + 1; k--)
		v->atom[k] = v->atom[k - 1];
	v->natoms++;
	v->atom[i + 1] = v->atom[i];
	v->atom[i + 1].size /= outer;
	v->atom[i].size = outer;
	for (int k = 0; k < n; k++)
		if (list[k] != IM_BATCH && list[k] > i)
			list[k]++;
	for (int d = 0; d < v->rank; d++)
		for (int k = 0; k < v->dim[d].n; k++)
			if (v->dim[d].at[k] != IM_BATCH && v->dim[d].at[k] > i)
				v->dim[d].at[k]++;
}

/* Takes the atoms of one new dimension from the front of seq. */
static bool take(struct im_view *v, struct im_dim *dim, int64_t want, int *seq, int *nseq)
{
	dim->n = 0;
	while (want > 1) {
		int64_t s;

		if (*nseq == 0)
			return false;
		s = size_at(v, seq[0]);
		if (want % s != 0) {
			if (seq[0] == IM_BATCH || s % want != 0 || v->natoms == IM_ATOMS)
				return false;
			split_atom(v, seq[0], want, seq, *nseq);
			dim->at[dim->n++] = seq[0];
			seq[0]++;
			return true;
		}
		want /= s;
		dim->at[dim->n++] = seq[0];
		memmove(seq, seq + 1, (size_t)-- * nseq * sizeof *seq);
	}
	return true;
}

bool view_reshape(struct im_view *v, int rank, const int64_t *dim)
{
	struct im_view t = *v;
	int seq[IM_ATOMS + 1];
	int n = 0;

	for (int d = 0; d < v->rank; d++)
		for (int k = 0; k < v->dim[d].n; k++)
			seq[n++] = v->dim[d].at[k];
	t.rank = 0;
	for (int d = 0; d < rank; d++) {
		struct im_dim *nd = &t.dim[d];

		if (!take(&t, nd, dim[d], seq, &n))
			return false;
		t.rank++;
		if (nd->n > 1)
			for (int k = 0; k < nd->n; k++)
				if (nd->at[k] == IM_BATCH)
					return false;
	}
	if (n != 0)
		return false;
	normalise(&t);
	*v = t;
	return true;
}

bool view_same(const struct im_view *a, const struct im_view *b)
{
	if (a->rank != b->rank || a->natoms != b->natoms || a->batch != b->batch ||
	    memcmp(a->base, b->base, sizeof a->base) != 0)
		return false;
	for (int i = 0; i < a->natoms; i++)
		if (a->atom[i].size != b->atom[i].size || a->atom[i].axis != b->atom[i].axis)
			return false;
	for (int d = 0; d < a->rank; d++) {
		if (a->dim[d].n != b->dim[d].n)
			return false;
		for (int k = 0; k < a->dim[d].n; k++)
			if (a->dim[d].at[k] != b->dim[d].at[k])
				return false;
	}
	return true;
}
