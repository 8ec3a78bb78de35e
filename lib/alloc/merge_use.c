/* Merged layers of an allocation count once. */
#include "alloc/alloc.h"

static int32_t larger(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

struct alloc_taken alloc_taken_by(const struct allocation *a, size_t i)
{
	struct alloc_taken u = { 0 };

	if (a->layers[i].group >= 0 && a->layers[i].group != (int32_t)i)
		return u;
	for (size_t k = i; k < a->nlayers; k++) {
		const struct alloc_layer *l = &a->layers[k];

		if (k > i && l->group != (int32_t)i)
			continue;
		u.lcus = larger(u.lcus, l->lcus);
		u.subclusters = larger(u.subclusters, l->subclusters);
		u.input_aligners = larger(u.input_aligners, l->input_aligners);
		u.apus = larger(u.apus, l->apus);
		u.l3_cuts += l->l3_weight_cuts + l->l3_buffer_cuts;
		if (a->layers[i].group < 0)
			break;
	}
	return u;
}

int64_t alloc_cycles(const struct allocation *a, size_t i)
{
	const int32_t group = a->layers[i].group;
	int64_t cycles = 0;

	for (size_t k = group < 0 ? i : (size_t)group; k < a->nlayers; k++) {
		if (k == i || (group >= 0 && a->layers[k].group == group))
			cycles += a->layers[k].row_cycles * a->layers[k].rows;
		if (group < 0)
			break;
	}
	return cycles;
}
