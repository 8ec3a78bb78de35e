/* Layers that only some architectures have. */
#include "arch.h"
#include <math.h>

struct val ar_avgpool(struct arch *a, const char *scope, struct val x, int k, int s)
{
	struct val y = ar_1(a, "AveragePool", scope, x,
			    ar_name("kernel_shape=%d,%d strides=%d,%d", k, k, s, s));

	y.h = (x.h - k) / s + 1;
	y.w = (x.w - k) / s + 1;
	return y;
}

struct val ar_excite(struct arch *a, const char *scope, struct val x, int narrow, bool hard)
{
	struct val y = ar_1(a, "GlobalAveragePool", scope, x, "");

	y.h = y.w = 1;
	y = ar_conv(a, ar_name("%s/fc1", scope), y, narrow, 1, 1);
	y = ar_act(a, ar_name("%s/fc1", scope), y, AR_RELU);
	y = ar_conv(a, ar_name("%s/fc2", scope), y, x.c, 1, 1);
	y = ar_1(a, hard ? "HardSigmoid" : "Sigmoid", scope, y, hard ? "alpha=f:0.16666667" : "");
	return ar_2(a, "Mul", scope, x, y, "");
}

struct val ar_bilinear(struct arch *a, const char *scope, struct val x, int h, int w)
{
	const int64_t none = 0, size[4] = { 1, x.c, h, w };
	const struct val in[4] = { x, ar_floats(a, 1, &none, NULL), ar_floats(a, 1, &none, NULL),
				   ar_ints(a, 4, size) };
	struct val y = ar_node(a, "Resize", scope, in, 4,
			       "coordinate_transformation_mode=s:half_pixel mode=s:linear");

	y.h = h;
	y.w = w;
	return y;
}

struct val ar_nearest(struct arch *a, const char *s, struct val x, int h, int w)
{
	const int64_t none = 0, size[4] = { 1, x.c, h, w };
	const struct val in[4] = { x, ar_floats(a, 1, &none, NULL), ar_floats(a, 1, &none, NULL),
				   ar_ints(a, 4, size) };

	x = ar_node(a, "Resize", s, in, 4,
		    "coordinate_transformation_mode=s:asymmetric mode=s:nearest "
		    "nearest_mode=s:floor");
	x.h = h;
	x.w = w;
	return x;
}

struct val ar_linear(struct arch *a, const char *scope, struct val x, int from, int to)
{
	const int64_t dim[2] = { from, to }, n = to;
	const struct val w = ar_random(a, 2, dim, sqrt(3.0 / from));

	x = ar_2(a, "MatMul", scope, x, w, "");
	return ar_2(a, "Add", scope, x, ar_random(a, 1, &n, 0.1), "");
}
