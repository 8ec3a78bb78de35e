/* Operators that run over some dimensions: which axes and groups of a layer those are. */
#include "onnx/onnx_int.h"

bool onnx_over_free(const struct im_view *v, const bool over[LIMIT_RANK], struct onnx_over *o)
{
	bool is_over[IM_ATOMS] = { false };
	int64_t rest[3] = { 1, 1, 1 };

	for (int d = 0; d < v->rank; d++)
		for (int k = 0; over[d] && k < v->dim[d].n; k++)
			if (v->dim[d].at[k] == IM_BATCH)
				return false;
			else
				is_over[v->dim[d].at[k]] = true;
	*o = (struct onnx_over){ .bits = 0 };
	for (int a = 0; a < v->natoms; a++) {
		const int axis = v->atom[a].axis;

		if (is_over[a])
			o->bits |= 1 << axis;
		else if (o->bits >> axis & 1)
			return false;
		else
			rest[axis] *= v->atom[a].size;
	}
	o->groups = o->bits & 4 ? (int32_t)rest[2] : 1;
	return (!(o->bits & 1) || rest[0] == 1) && (!(o->bits & 2) || rest[1] == 1);
}

/* The first `high` of the other dimensions are rows, the next `wide` columns, the rest groups. */
static bool letters(const struct im_view *v, const bool over[LIMIT_RANK], int high, int wide,
		    char axes[LIMIT_RANK + 1])
{
	bool after = false;
	int n = 0;

	for (int d = 0; d < v->rank; d++) {
		if (v->dim[d].n == 0)
			axes[d] = '1';
		else if (v->dim[d].at[0] == IM_BATCH)
			axes[d] = 'B';
		else if (over[d])
			axes[d] = 'C';
		else
			axes[d] = n < high ? 'H' : n < high + wide ? 'W' : 'C';
		n += strchr("HWC", axes[d]) && !over[d];
		after |= over[d] && axes[d] == 'C';
		if (after && !over[d] && axes[d] == 'C')
			return false;
	}
	axes[v->rank] = '\0';
	return true;
}

/* The cheapest form; of equal ones without groups, rows and columns about even. */
static bool choose(const struct im_view *v, const bool over[LIMIT_RANK], bool grouped,
		   char best[LIMIT_RANK + 1])
{
	char axes[LIMIT_RANK + 1];
	int others = 0, least = -1;

	for (int d = 0; d < v->rank; d++)
		others += !over[d] && v->dim[d].n && v->dim[d].at[0] != IM_BATCH;
	for (int groups = 0; groups <= (grouped ? others : 0); groups++)
		for (int i = -1; i <= others - groups; i++) {
			const int high = i < 0 ? (others - groups) / 2 : i;
			int cost;

			if (!letters(v, over, high, others - groups - high, axes) ||
			    (cost = view_cost(v, axes)) < 0 || (least >= 0 && cost >= least))
				continue;
			least = cost;
			memcpy(best, axes, sizeof axes);
		}
	return least >= 0;
}

static int settle(struct build *b, struct im_value *x, const bool over[LIMIT_RANK], bool grouped,
		  struct onnx_over *o, struct err *e)
{
	char axes[LIMIT_RANK + 1];

	for (int d = 0; d < x->view.rank; d++)
		if (over[d] && x->view.dim[d].n && x->view.dim[d].at[0] == IM_BATCH)
			return err_set(e, "axis %d of %s is the batch", d, view_text(&x->view));
	if (!choose(&x->view, over, grouped, axes))
		return err_set(e, "its input %s lies in a way that is not supported",
			       view_text(&x->view));
	if (view_want(b, x, axes, e) < 0)
		return -1;
	return onnx_over_free(&x->view, over, o)
		   ? 0
		   : err_set(e, "its input %s lies in a way that is not supported",
			     view_text(&x->view));
}

int onnx_over(struct build *b, struct im_value *x, const bool over[LIMIT_RANK], struct onnx_over *o,
	      struct err *e)
{
	return onnx_over_free(&x->view, over, o) ? 0 : settle(b, x, over, true, o, e);
}

int onnx_over_features(struct build *b, struct im_value *x, const bool over[LIMIT_RANK],
		       bool grouped, struct onnx_over *o, struct err *e)
{
	if (onnx_over_free(&x->view, over, o) &&
	    ((o->bits == 0 && (grouped || x->view.base[2] == 1)) ||
	     (o->bits == 4 && (grouped || o->groups == 1))))
		return 0;
	return settle(b, x, over, grouped, o, e);
}
