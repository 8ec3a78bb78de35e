/* What each activation computes.  Double inside, so that the result is the float nearest the
 * formula. */
#include "hn/hn.h"
#include <math.h>

#define A (double)p->alpha
#define B (double)p->beta

static double clamp(double x, double lo, double hi)
{
	return x < lo ? lo : x > hi ? hi : x;
}

static double softplus(double x)
{
	return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double sigmoid(double x)
{
	if (x >= 0)
		return 1 / (1 + exp(-x));
	return exp(x) / (1 + exp(x));
}

static double eval(enum hn_act a, const struct hn_act_params *p, double slope, double x)
{
	switch (a) {
	case ACT_LINEAR:
		return x;
	case ACT_RELU:
		return x > 0 ? x : 0;
	case ACT_RELU6:
		return clamp(x, 0, 6);
	case ACT_CLIP:
		return clamp(x, (double)p->lo, (double)p->hi);
	case ACT_LEAKY:
		return x < 0 ? A * x : x;
	case ACT_PRELU:
		return x < 0 ? slope * x : x;
	case ACT_SIGMOID:
		return sigmoid(x);
	case ACT_HARD_SIGMOID:
		return clamp(A * x + B, 0, 1);
	case ACT_HARD_SWISH:
		return x * clamp(x / 6 + 0.5, 0, 1);
	case ACT_SILU:
		return x * sigmoid(x);
	case ACT_SWISH:
		return x * sigmoid(B * x);
	case ACT_TANH:
		return tanh(x);
	case ACT_ELU:
		return x < 0 ? A * expm1(x) : x;
	case ACT_GELU:
		return 0.5 * x * (1 + erf(x * 0.70710678118654752440));
	case ACT_MISH:
		return x * tanh(softplus(x));
	case ACT_SOFTPLUS:
		return softplus(x);
	case ACT_SOFTSIGN:
		return x / (1 + fabs(x));
	case ACT_EXP:
		return exp(x);
	case ACT_LOG:
		return log(x);
	case ACT_SQRT:
		return sqrt(x);
	case ACT_ABS:
		return fabs(x);
	case ACT_NEG:
		return -x;
	case ACT_SQUARE:
		return x * x;
	case ACT_POW:
		return pow(x, A);
	case ACT_INV_POS:
		return 1 / x;
	case ACT_SELU:
		return B * (x < 0 ? A * expm1(x) : x);
	case ACT_THRESHOLD:
		return x > A ? x : 0;
	case ACT_ERF:
		return erf(x);
	case ACT_DELTA:
		return x == 0 ? 0 : A;
	case ACT_GREATER:
		return x > A;
	case ACT_GREATER_EQUAL:
		return x >= A;
	case ACT_LESS:
		return x < A;
	case ACT_LESS_EQUAL:
		return x <= A;
	case ACT_EQUAL:
		return x == A;
	case ACT_SIGN:
		return (x > 0) - (x < 0);
	case ACT_GELU_TANH:
		return 0.5 * x * (1 + tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
	case ACT_INV_SQRT:
		return 1 / sqrt(x);
	case ACT_COUNT:
		break;
	}
	BUG("activation %d", (int)a);
}

float hn_act_eval(enum hn_act a, const struct hn_act_params *p, float slope, float x)
{
	if (isnan(x))
		return x;
	return (float)eval(a, p, (double)slope, (double)x);
}
