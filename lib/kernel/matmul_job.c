/* Rows, groups and blocks of columns of an integer matmul. */
#include "kernel/matmul_job.h"

struct matmul_piece matmul_piece(const struct matmul_job *j, size_t piece)
{
	const size_t part = piece / j->blocks, from = piece % j->blocks * MATMUL_PIXELS;
	const size_t left = (size_t)j->da.w - from;

	return (struct matmul_piece){ part, part / j->groups, part % j->groups, from,
				      left < MATMUL_PIXELS ? left : MATMUL_PIXELS };
}

size_t matmul_piece_a(const struct matmul_job *j, const struct matmul_piece *p)
{
	return j->image_a + (p->y * (size_t)j->da.w + p->from) * (size_t)j->da.c + p->g * j->inner;
}

size_t matmul_piece_out(const struct matmul_job *j, const struct matmul_piece *p)
{
	return j->image_out + (p->y * (size_t)j->da.w + p->from) * (size_t)j->out_dim.c;
}

struct matmul_source matmul_source(const struct matmul_job *j, size_t part)
{
	const size_t y = part / j->groups, g = part % j->groups, c = (size_t)j->db.c;
	const size_t row = j->image_b + y * (size_t)j->db.w * c;

	if (j->k->q->geom.v[0]) /* transposed */
		return (struct matmul_source){ row + g * j->inner, 1, c };
	return (struct matmul_source){ row + g * j->cols, c, 1 };
}

size_t matmul_bias_at(const struct matmul_job *j, size_t part)
{
	return part / j->groups * (size_t)j->out_dim.c + part % j->groups * j->cols;
}

int matmul_drive(const struct matmul_kind *kind, const struct intk *k, int32_t n,
		 const void *const in[], void *const out[], struct err *e)
{
	const struct qop *q = k->q;
	struct matmul_job j = { .k = k,
				.a = in[0],
				.b = in[1],
				.out = out[0],
				.da = qop_in(q, 0),
				.db = qop_in(q, 1),
				.out_dim = qop_out(q, 0),
				.groups = (size_t)q->groups };
	const size_t parts = (size_t)j.da.h * j.groups;
	int rc = 0;

	j.inner = (size_t)j.da.c / j.groups;
	j.cols = (size_t)j.out_dim.c / j.groups;
	j.blocks = ((size_t)j.da.w + MATMUL_PIXELS - 1) / MATMUL_PIXELS;
	j.packed_each = gemm_int_packed(j.cols, j.inner);
	j.packed = xcalloc(kind->limbs * parts * j.packed_each, sizeof *j.packed);
	j.bias = xreallocarray(NULL, (size_t)j.da.h * (size_t)j.out_dim.c, kind->bias_size);
	for (int32_t i = 0; i < n && rc == 0; i++) {
		rc = par_for(parts, kind->pack, &j, e) < 0
			 ? -1
			 : par_for(parts * j.blocks, kind->product, &j, e);
		j.image_a += qdim_count(j.da);
		j.image_b += qdim_count(j.db);
		j.image_out += qdim_count(j.out_dim);
	}
	free(j.packed);
	free(j.bias);
	return rc;
}
