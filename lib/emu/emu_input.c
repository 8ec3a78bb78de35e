/* Contexts by name, and input arrays against input layers. */
#include "emu/emu.h"

int emu_context_from_name(const char *name)
{
	static const char *const names[] = {
		[EMU_NATIVE] = "native",
		[EMU_FP_OPTIMIZED] = "fp_optimized",
		[EMU_QUANTIZED] = "quantized",
		[EMU_BIT_EXACT] = "bit_exact",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return (int)i;
	return -1;
}

/* True when t's last dimensions are the k given ones; *n: images in front of them, or one. */
static bool matches(const struct tensor *t, const int64_t *dims, int k, size_t *n)
{
	if (t->rank != k && t->rank != k + 1)
		return false;
	for (int i = 0; i < k; i++)
		if (t->dim[t->rank - k + i] != dims[i])
			return false;
	*n = t->rank == k ? 1 : (size_t)t->dim[0];
	return true;
}

int emu_check_input(const char *name, const struct hn_shape *s, const struct tensor *t, size_t *n,
		    struct err *e)
{
	const int64_t dims[3] = { s->h, s->w, s->c };
	/* [h,w,c]; rows of features where h is 1; a vector where w is too; planes where c is */
	const bool ok = matches(t, dims, 3, n) || (s->h == 1 && matches(t, dims + 1, 2, n)) ||
			(s->h == 1 && s->w == 1 && matches(t, dims + 2, 1, n)) ||
			(s->c == 1 && matches(t, dims, 2, n));

	if (t->dtype != DT_F32 && t->dtype != DT_U8)
		return err_set(e, "an array of %s, float32 or uint8 expected for '%s'",
			       dtype_name(t->dtype), name);
	if (!ok)
		return err_set(e, "an array of shape %s, %s expected for '%s'",
			       tensor_shape_text(t), hn_shape_text(s), name);
	if (*n == 0)
		return err_set(e, "an array without images for '%s'", name);
	return 0;
}

void emu_load_input(const struct tensor *t, size_t from, size_t n, const struct hn_shape *s,
		    float *out)
{
	const size_t image = hn_shape_count(s);
	const uint8_t *bytes = t->data;

	if (t->dtype == DT_F32) {
		memcpy(out, bytes + from * image * sizeof *out, n * image * sizeof *out);
		return;
	}
	for (size_t i = 0; i < n * image; i++)
		out[i] = (float)bytes[from * image + i];
}
