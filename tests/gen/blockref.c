/*
 * Blocks of layers a second time, from their formulas, in double precision:
 *
 *	blockref tse IN.npy W.npz TILE OUT.npy     x times sigmoid(fc2(relu(fc1(mean of a tile of
 *		TILE rows of x)))): Vosco et al. 2021
 *	blockref mean IN.npy OUT.npy               of every picture's pixels
 *	blockref attention IN.npy W.npz HEADS SCALE OUT.npy
 *		softmax(SCALE q k^T) v by heads, q, k, v by the convolutions conv1, conv2, conv3
 *	blockref edit W.npz KEY EVERY MUL ADD
 *		v MUL + ADD, in the file, of every EVERY-th feature of an array
 *
 * Weights have the keys n/LAYER/kernel:0 and n/LAYER/bias:0.
 */
#include "base/mem.h"
#include "base/num.h"
#include "base/outfile.h"
#include "io/npy.h"
#include <math.h>

static struct tensor read_array(const char *path)
{
	struct err e = { 0 };
	struct tensor t;

	if (npy_read(path, &t, &e) < 0)
		die(&e);
	return t;
}

static void write_array(const char *path, struct tensor *t)
{
	struct err e = { 0 };

	if (npy_write(path, t, &e) < 0)
		die(&e);
	tensor_release(t);
}

static double real(const char *text)
{
	struct err e = { 0 };
	double v;

	if (num_double(text, "number", &v, &e) < 0)
		die(&e);
	return v;
}

static struct tensors *read_weights(const char *path)
{
	struct err e = { 0 };
	struct tensors *w = npz_read(path, &e);

	if (!w)
		die(&e);
	return w;
}

static const struct tensor *find(const struct tensors *w, const char *layer, const char *key)
{
	char name[64];
	const struct tensor *t;

	snprintf(name, sizeof name, "n/%s/%s:0", layer, key);
	if (!(t = tensors_get(w, name))) {
		struct err e = { 0 };

		err_set(&e, "no array '%s'", name);
		die(&e);
	}
	return t;
}

/* to = bias + from kernel, for one pixel. */
static void product(const struct tensors *w, const char *layer, const double *from, size_t n,
		    double *to, size_t c)
{
	const struct tensor *kernel = find(w, layer, "kernel"), *bias = find(w, layer, "bias");

	for (size_t o = 0; o < c; o++) {
		to[o] = tensor_get(bias, o);
		for (size_t i = 0; i < n; i++)
			to[o] += from[i] * tensor_get(kernel, i * c + o);
	}
}

static void tse(char **a)
{
	struct tensor x = read_array(a[0]);
	struct tensors *w = read_weights(a[1]);
	const size_t tile = (size_t)real(a[2]), width = (size_t)x.dim[2], c = (size_t)x.dim[3];
	const size_t hidden = tensor_count(find(w, "fc1", "bias")), n = tile * width;
	struct tensor out = tensor_new(DT_F32, x.rank, x.dim);
	double *mean = xcalloc(c, sizeof *mean), *h = xcalloc(hidden, sizeof *h);
	double *gate = xcalloc(c, sizeof *gate);

	for (size_t t = 0; t < tensor_count(&x); t += n * c) {
		memset(mean, 0, c * sizeof *mean);
		for (size_t i = 0; i < n * c; i++)
			mean[i % c] += tensor_get(&x, t + i) / (double)n;
		product(w, "fc1", mean, c, h, hidden);
		for (size_t i = 0; i < hidden; i++)
			h[i] = fmax(h[i], 0);
		product(w, "fc2", h, hidden, gate, c);
		for (size_t i = 0; i < n * c; i++)
			((float *)tensor_data(&out))[t + i] =
			    (float)(tensor_get(&x, t + i) / (1 + exp(-gate[i % c])));
	}
	free(mean);
	free(h);
	free(gate);
	tensors_free(w);
	tensor_release(&x);
	write_array(a[3], &out);
}

static void mean(char **a)
{
	struct tensor x = read_array(a[0]);
	const size_t c = (size_t)x.dim[3], n = (size_t)(x.dim[1] * x.dim[2]);
	struct tensor out = tensor_new(DT_F32, 4, (int64_t[]){ x.dim[0], 1, 1, x.dim[3] });

	for (size_t i = 0; i < tensor_count(&out); i++) {
		double sum = 0;

		for (size_t k = 0; k < n; k++)
			sum += tensor_get(&x, (i / c * n + k) * c + i % c);
		((float *)tensor_data(&out))[i] = (float)(sum / (double)n);
	}
	tensor_release(&x);
	write_array(a[1], &out);
}

/* One head of one image: tokens rows of c features, of which `each` from `first`. */
struct head {
	const double *q, *k, *v;
	size_t tokens, c, first, each;
	double scale;
	float *out;
};

static void attend(const struct head *h)
{
	double *p = xcalloc(h->tokens, sizeof *p);

	for (size_t i = 0; i < h->tokens; i++) {
		double top = -INFINITY, sum = 0;

		for (size_t j = 0; j < h->tokens; j++) {
			p[j] = 0;
			for (size_t f = h->first; f < h->first + h->each; f++)
				p[j] += h->scale * h->q[i * h->c + f] * h->k[j * h->c + f];
			top = fmax(top, p[j]);
		}
		for (size_t j = 0; j < h->tokens; j++)
			sum += p[j] = exp(p[j] - top);
		for (size_t f = h->first; f < h->first + h->each; f++) {
			double y = 0;

			for (size_t j = 0; j < h->tokens; j++)
				y += p[j] / sum * h->v[j * h->c + f];
			h->out[i * h->c + f] = (float)y;
		}
	}
	free(p);
}

static void attention(char **a)
{
	static const char *const layers[3] = { "conv1", "conv2", "conv3" };
	struct tensor x = read_array(a[0]);
	struct tensors *w = read_weights(a[1]);
	const size_t heads = (size_t)real(a[2]), cin = (size_t)x.dim[3];
	const size_t c = tensor_count(find(w, "conv1", "bias")), tokens = (size_t)x.dim[2];
	struct tensor out =
	    tensor_new(DT_F32, 4, (int64_t[]){ x.dim[0], 1, (int64_t)tokens, (int64_t)c });
	double *qkv = xcalloc(3 * tokens * c, sizeof *qkv), *pixel = xcalloc(cin, sizeof *pixel);

	for (size_t n = 0; n < (size_t)x.dim[0]; n++) {
		for (size_t t = 0; t < tokens; t++) {
			for (size_t i = 0; i < cin; i++)
				pixel[i] = tensor_get(&x, (n * tokens + t) * cin + i);
			for (size_t k = 0; k < 3; k++)
				product(w, layers[k], pixel, cin, qkv + (k * tokens + t) * c, c);
		}
		for (size_t h = 0; h < heads; h++)
			attend(&(struct head){ qkv, qkv + tokens * c, qkv + 2 * tokens * c, tokens,
					       c, h * (c / heads), c / heads, real(a[3]),
					       (float *)tensor_data(&out) + n * tokens * c });
	}
	free(qkv);
	free(pixel);
	tensors_free(w);
	tensor_release(&x);
	write_array(a[4], &out);
}

static void edit(char **a)
{
	struct err e = { 0 };
	struct tensors *w = read_weights(a[0]);
	const struct tensor *t = tensors_get(w, a[1]);
	struct tensor n;
	size_t c;

	if (!t) {
		err_set(&e, "no array '%s'", a[1]);
		die(&e);
	}
	n = tensor_new(DT_F32, t->rank, t->dim);
	c = (size_t)t->dim[t->rank - 1];
	for (size_t i = 0; i < tensor_count(t); i++)
		((float *)tensor_data(&n))[i] =
		    (float)(i % c % (size_t)real(a[2]) == 0
				? tensor_get(t, i) * real(a[3]) + real(a[4])
				: tensor_get(t, i));
	tensors_set(w, a[1], n);
	if (npz_write(a[0], w, &e) < 0)
		die(&e);
	tensors_free(w);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args;
		void (*run)(char **a);
	} kinds[] = {
		{ "tse", 4, tse },
		{ "mean", 2, mean },
		{ "attention", 5, attention },
		{ "edit", 5, edit },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (argc > 1 && strcmp(argv[1], kinds[i].name) == 0 && argc == 2 + kinds[i].args) {
			kinds[i].run(argv + 2);
			return 0;
		}
	fprintf(stderr, "usage: blockref tse|mean|attention|edit ARGUMENT...\n");
	return 2;
}
