/*
 * Layer noise analysis (guide 4.6, 5.3): what each layer's quantization costs, in decibels.
 *
 * The signal-to-noise ratio of values x that should be and values y that are is
 * 10 log10(sum x^2 / sum (x - y)^2), over all images; at most NOISE_CAP, which stands for no noise
 * at all, at least -NOISE_CAP.
 */
#ifndef HN_QUANT_NOISE_H
#define HN_QUANT_NOISE_H

#include "emu/emu_model.h"
#include "io/json.h"
#include "io/scale.h"
#include "quant/hist.h"

enum {
	NOISE_CAP = 140,    /* dB */
	NOISE_BINS = 64,    /* of a stored histogram */
	NOISE_SAMPLES = 512 /* pairs of a layer's scatter plot, at most */
};

struct noise_opts {
	const char *calib; /* as for hn-quantize; NULL with random_calib */
	bool random_calib;
	struct image_fit fit; /* what becomes of PNG and JPEG images first */
	int from;             /* first image */
	int count;            /* images at most; 0: all, 64 random ones */
	int batch;            /* images per step */
	bool advanced;        /* also one layer in integers at a time */
};

/* What a layer's weights look like: the reasons behind its noise. */
struct weight_stat {
	size_t n, cout;
	double min, max, mean, std;
	size_t zeros;
	double ratio;   /* largest weight of a feature, the largest by the median of them */
	double outlier; /* largest weight by the 99.9th percentile of their magnitudes */
};
/* Of an array of float32 whose values go round cout features. */
void weight_stat_of(const struct tensor *t, size_t cout, struct weight_stat *out);
/* Of a layer's kernel; false when it has no float kernel. */
bool weight_stat(const struct layer *l, const struct tensors *w, struct weight_stat *out);

/* One layer; layers without a kernel have all of it but the weights. */
struct noise_layer {
	const struct layer *l; /* of the model's graph */
	double snr;            /* of its output when all layers are in integers */
	/*
	 * Of what it adds itself: its integers against float on the values that it reads then; the
	 * mean over its features of each one's ratio.
	 */
	double own;
	double worst; /* the least of these features */
	size_t feature;
	double constant; /* part of that noise, in power, that is the same in all values of a
			    feature */
	double *
	    at_output; /* advanced: of each output when it alone is in integers; NAN: not reached */
	double least;  /* of at_output; NAN when none */
	double outside;       /* part of its float values that its codes do not reach */
	double lo, hi;        /* what they reach */
	double min, max, rms; /* of its float values */
	struct hist hist;     /* of its float values */
	float *sample[2];     /* float, and when all layers are in integers */
	size_t nsamples;
};

/* Advice: a line of a model script, and why. */
struct noise_line {
	char *text;
	const char *why;
};

struct noise {
	struct noise_layer *layer; /* by layer index; l is NULL for inputs, outputs and constants */
	size_t nlayers;
	const char **output; /* names of the network's outputs */
	double *output_snr;  /* of each when all layers are in integers */
	size_t noutputs;
	size_t images;
	bool advanced;
	size_t *order; /* indexes of layers with l, worst first */
	size_t nranked;
};

/*
 * Measures a model from emu_model_load_mixed.  Memory: all values of one batch four times.  The
 * model must outlive the result.
 */
int noise_measure(const struct emu_model *m, const struct noise_opts *o, struct noise *out,
		  struct err *e);
void noise_release(struct noise *n);

/* What orders the layers: `least` of an advanced analysis, else `own`. */
double noise_rank(const struct noise *n, const struct noise_layer *l);
/*
 * Lines that may help a layer, the best first; *n of them, the caller's (noise_lines_free).  They
 * follow from the layer's numbers: see hn-noise(1).  script: what the model was quantized with, or
 * NULL.
 */
struct alls;
struct noise_line *noise_advice(const struct emu_model *m, const struct noise_layer *l,
				const struct alls *script, size_t *n);
void noise_lines_free(struct noise_line *v, size_t n);

/* The table, worst first, and the JSON document that the bundle keeps as X.noise.json (har(5)). */
void noise_print(const struct noise *n, const struct emu_model *m, const struct alls *script,
		 struct str *out);
json_t *noise_json(const struct noise *n, const struct emu_model *m, const struct alls *script);

/*
 * checker_cfg of a script: false when no analysis is asked for.  Fills count, batch and advanced;
 * batch: the images per step of quantization, the script silent.
 */
bool noise_wanted(const struct alls *script, int batch, struct noise_opts *o,
		  bool *batch_norm_checker);
/*
 * The analysis at the end of quantization: stores X.noise.json, says which layer is the worst.
 * batch_norm: warn of layers whose values reach far beyond their root mean square.
 */
int noise_check(struct bundle *b, const struct noise_opts *o, bool batch_norm, struct err *e);
/*
 * hn-noise on a quantized bundle: measures, stores X.noise.json in it, appends the table to text.
 * *least: the lowest of what orders the layers.  json: where to leave the document too (the
 * caller's), or NULL.
 */
int noise_bundle(struct bundle *b, const struct noise_opts *o, struct str *text, double *least,
		 json_t **json, struct err *e);

#endif
