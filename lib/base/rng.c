#include "base/rng.h"
#include <math.h>
#include <string.h>

/* splitmix64 (Steele, Lea, Flood 2014) spreads a seed over the state. */
static uint64_t split(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

void rng_init(struct rng *r, uint64_t seed, const char *name)
{
	uint64_t x = seed ^ (name && *name ? hash_xxh3(name, strlen(name)) : 0);

	for (int i = 0; i < 4; i++)
		r->s[i] = split(&x);
}

/* xoshiro256** (Blackman, Vigna 2018). */
uint64_t rng_u64(struct rng *r)
{
	uint64_t *s = r->s;
	uint64_t out = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return out;
}

double rng_uniform(struct rng *r)
{
	return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

/*
 * ln(x) for x in (0, 1], from additions, products and quotients only: libm's logarithm differs in
 * the last bit between machines.  ln m = 2 atanh((m-1)/(m+1)).
 */
static double ln(double x)
{
	int k;
	double m = frexp(x, &k) * 2;
	double z = (m - 1) / (m + 1);
	double z2 = z * z;
	double sum = 0;

	for (int i = 41; i > 0; i -= 2)
		sum = sum * z2 + 1.0 / i;
	return 2 * z * sum + (k - 1) * 0.69314718055994530942;
}

/* Marsaglia's polar method. */
double rng_normal(struct rng *r)
{
	for (;;) {
		double u = 2 * rng_uniform(r) - 1;
		double v = 2 * rng_uniform(r) - 1;
		double s = u * u + v * v;

		if (s > 0 && s < 1)
			return u * sqrt(-2 * ln(s) / s);
	}
}
