#include "quant/params.h"
#include "emu/emu_model.h"
#include "quant/noise.h"

#include <math.h>

/* A field of comma-separated text. */
static void put_text(const char *s, struct str *out)
{
	if (!strpbrk(s, ",\"\n")) {
		str_puts(out, s);
		return;
	}
	str_puts(out, "\"");
	for (; *s; s++)
		str_printf(out, *s == '"' ? "\"\"" : "%c", *s);
	str_puts(out, "\"");
}

static void put_number(double v, struct str *out)
{
	str_printf(out, ",%.9g", v);
}

static void put_shape(const struct tensor *t, struct str *out)
{
	for (int i = 0; i < t->rank; i++)
		str_printf(out, "%s%lld", i ? "x" : "", (long long)t->dim[i]);
}

/* Bits and scales of a kernel, and of the layer's output. */
static void put_record(const struct qop *q, bool kernel, struct str *out)
{
	double lo = INFINITY, hi = 0;

	for (size_t i = 0; i < q->w_scale.n; i++) {
		lo = fmin(lo, (double)q->w_scale.v[i]);
		hi = fmax(hi, (double)q->w_scale.v[i]);
	}
	if (kernel && q->w_bits && q->w_scale.n)
		str_printf(out, ",%d,%zu,%.9g,%.9g", q->w_bits, q->w_scale.n, lo, hi);
	else
		str_puts(out, ",,,,");
	str_printf(out, ",%d,%.9g,%d", q->out_bits, (double)q->out_scale.v[0], q->out_zp);
}

static void put_array(const struct emu_model *m, const struct layer *l, const char *name,
		      const struct tensor *t, struct str *out)
{
	const size_t cout = (size_t)l->out[0].c;
	const bool kernel = strcmp(name, "kernel") == 0;
	struct weight_stat s;

	put_text(l->name, out);
	str_printf(out, ",%s,", hn_type_name(l->type));
	put_text(name, out);
	str_puts(out, ",");
	put_shape(t, out);
	str_printf(out, ",%zu", tensor_count(t));
	weight_stat_of(t, cout, &s);
	put_number(s.min, out);
	put_number(s.max, out);
	put_number(s.mean, out);
	put_number(s.std, out);
	str_printf(out, ",%zu", s.zeros);
	if (kernel) {
		put_number(s.ratio, out);
		put_number(s.outlier, out);
	} else {
		str_puts(out, ",,");
	}
	if (m->q.n)
		put_record(&m->q.q[l->index], kernel, out);
	str_puts(out, "\n");
}

/* The arrays "NET/layer/NAME:0" of a layer. */
static void put_layer(const struct emu_model *m, const struct layer *l, struct str *out)
{
	const size_t n = strlen(l->name);

	for (size_t i = 0; i < tensors_count(m->w); i++) {
		const char *key = tensors_key(m->w, i), *colon = strchr(key, ':');
		const struct tensor *t = tensors_at(m->w, i);
		char *name;

		if (strncmp(key, l->name, n) != 0 || key[n] != '/' || !colon ||
		    t->dtype != DT_F32 || tensor_count(t) == 0)
			continue;
		name = xstrndup(key + n + 1, (size_t)(colon - key) - n - 1);
		put_array(m, l, name, t, out);
		free(name);
	}
}

static int load(struct emu_model *m, const struct bundle *b, struct err *e)
{
	const enum state s = bundle_state(b);

	if (s >= STATE_QUANTIZED_BASE)
		return emu_model_load_mixed(m, b, e);
	return emu_model_load(m, b, s >= STATE_FP_OPTIMIZED ? EMU_FP_OPTIMIZED : EMU_NATIVE, e);
}

int params_csv(const struct bundle *b, struct str *out, struct err *e)
{
	struct emu_model m;

	if (load(&m, b, e) < 0)
		return -1;
	str_puts(out, "layer,type,array,shape,values,min,max,mean,std,zeros,feature_ratio,outlier");
	str_puts(out, m.q.n ? ",bits,groups,scale_min,scale_max,output_bits,output_scale,"
			      "output_zero_point\n"
			    : "\n");
	for (size_t i = 0; i < m.g->nlayers; i++)
		put_layer(&m, m.g->layers[i], out);
	emu_model_release(&m);
	return 0;
}
