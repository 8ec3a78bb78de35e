/*
 * miou PRED.npy MASK.npy: mean intersection over union in percent.  PRED: [images, h, w, classes],
 * of which the largest value is the pixel's class; MASK: [images, h, w] true classes.  Classes that
 * neither has do not count.
 */
#include "base/log.h"
#include "base/mem.h"
#include "io/npy.h"

enum {
	CLASSES_MAX = 256
};

static size_t largest(const float *v, size_t n)
{
	size_t best = 0;

	for (size_t c = 1; c < n; c++)
		best = v[c] > v[best] ? c : best;
	return best;
}

int main(int argc, char *argv[])
{
	static double both[CLASSES_MAX], either[CLASSES_MAX];
	struct err e = { 0 };
	struct tensor p, m;
	double sum = 0;
	size_t classes, seen = 0;

	if (argc != 3)
		return 2;
	if (npy_read(argv[1], &p, &e) < 0 || npy_read(argv[2], &m, &e) < 0)
		die(&e);
	classes = p.rank == 4 ? (size_t)p.dim[3] : 0;
	if (p.dtype != DT_F32 || m.dtype != DT_U8 || classes < 1 || classes > CLASSES_MAX ||
	    tensor_count(&p) != tensor_count(&m) * classes)
		return 1;
	for (size_t i = 0; i < tensor_count(&m); i++) {
		const size_t t = ((const uint8_t *)m.data)[i];
		const size_t got = largest((const float *)p.data + i * classes, classes);

		either[t]++;
		if (got == t)
			both[t]++;
		else
			either[got]++;
	}
	for (size_t c = 0; c < classes; c++)
		if (either[c] > 0) {
			sum += both[c] / either[c];
			seen++;
		}
	printf("%.2f\n", 100 * sum / (double)(seen ? seen : 1));
	return 0;
}
