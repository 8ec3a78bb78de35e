/* Private to quant/: what is known of each layer while a graph is quantized. */
#ifndef HN_QUANT_QUANT_INT_H
#define HN_QUANT_QUANT_INT_H

#include "base/mem.h"
#include "base/par.h"
#include "base/rng.h"
#include "hn/pack.h"
#include "quant/hist.h"
#include "quant/quant.h"
#include "target/target.h"

/* What a script says of the limits of a layer's values or weights. */
enum clip_mode {
	CLIP_NONE,
	CLIP_MANUAL,
	CLIP_PERCENTILE,
	CLIP_PERCENTILE_FORCE,
	CLIP_MMSE,
	CLIP_MMSE_IF4B
};
struct clip {
	enum clip_mode mode;
	double v[2]; /* limits, or percentiles */
};

/* What the factors of a layer's features even out. */
enum eq_target {
	EQ_DEFAULT,    /* weights that make and use a feature, and its values */
	EQ_ACTIVATION, /* values alone */
	EQ_WEIGHTS     /* weights alone */
};

/* use_prequantized_weights: steps by the weights themselves, or by the largest one. */
enum prequant {
	PREQUANT_NONE,
	PREQUANT_VALUES,
	PREQUANT_LIMITS
};

/* Bits that a script asks for: activations read, weights, activations given; 0: not said. */
struct qmode {
	int32_t act, w, out;
};

/* Per layer, indexed by layer->index. */
struct qinfo {
	size_t c;         /* output features of all ports together */
	float *min, *max; /* c: observed per output feature, after the activation */
	float pre_min;    /* observed before an activation that becomes a table */
	float pre_max;
	float top_min; /* smallest maximum of a group, where a softmax alone reads it; else infinity
			*/
	double *eq;    /* c: factor that equalization put on each output feature */
	double lo, hi; /* range of the output tensor, holds 0 */
	float scale;   /* encoding of the output */
	int32_t zp;
	int32_t bits;
	struct qmode mode;
	enum prequant prequant;
	int groups;          /* quantization_groups */
	int max_feed_repeat; /* max_bias_feed_repeat */
	bool bias_asked;     /* bias_mode by script */
	int vector_asked;    /* output_encoding_vector of this layer: 1, 0; -1: as the network */
	bool vector_named;   /* by name, not by a glob */
	bool vector;         /* and it has one */
	float *scales;       /* c: the vector; NULL: scale holds for all features */
	struct {
		int threshold; /* bits that may be lost; 0: not asked */
		int rank;      /* 1: divide; 0: coarser codes */
		bool named;    /* by name, not with all */
	} exponent;            /* negative_exponent */
	int equalize;          /* by script: 1, 0; -1: as the network */
	enum eq_target eq_target;
	int eq_transparent; /* force_transparent: 1, 0; -1: as its type is */
	bool balance;       /* matmul_equalization */
	int zero_static;    /* zero_static_channels of this layer: 1, 0; -1: as the network */
	int correct_bias;   /* bias_correction of this layer: 1, 0; -1: as the network */
	bool made;          /* by a transform of the script */
	int weight_group;   /* weight_group_size; 0: not asked */
	bool forced;        /* lo, hi by script: force_range_out, force_range_in */
	bool clipped;       /* the range is not beyond clip_lo, clip_hi */
	double clip_lo, clip_hi;
	struct clip value_clip;  /* activation_clipping */
	struct clip weight_clip; /* weights_clipping; CLIP_MMSE_IF4B by default */
	int32_t reduced[2];      /* input layer: observed at this height and width; 0: as it is */
	bool given_small;        /* its images have that size already */
	double scale_h, scale_w; /* of the component of such an input; 0: none */
	bool bytes;              /* input layer: its images are unsigned bytes */
	struct hist *hist;       /* c: histogram of every output feature; NULL: none is asked for */
};

/* What the cost of a network is counted in: mix_precision_search. */
enum mix_metric {
	MIX_MACS,
	MIX_BOPS,
	MIX_WEIGHTS
};

enum {
	MIX_MARKERS = 64
};

/* mix_precision_search of a script. */
struct mix_opts {
	bool on, pareto;
	int images, batch; /* batch 0: as quantization */
	int snr_cap;       /* dB; a layer's noise counts as no less */
	enum mix_metric metric;
	double marker[MIX_MARKERS];
	size_t nmarkers;
};

struct calib;

struct quant {
	struct graph *g;
	struct tensors *w;
	const struct quant_opts *o;
	struct quant_opts opts; /* o with what the script changed */
	struct target target;
	struct qinfo *info;
	struct qop *ops;
	size_t ninfo;          /* of both: layers that they are of */
	struct calib *calib;   /* NULL: there are statistics, and no images */
	bool zero_static;      /* weights of features that never change become 0 */
	double static_eps;     /* variance up to which a feature does not change */
	bool remove_channels;  /* features without weights and values go */
	bool remove_layers;    /* branches that add nothing go */
	bool validate_removal; /* when the outputs of random images stay */
	bool smart_softmax;    /* ranges around a softmax by what counts in it */
	bool recollect;        /* ranges are observed again behind clipped layers */
	uint64_t images;       /* that the statistics are of */
	struct tensors *stats; /* in units of the model as it came: stats.c */
	double ratio4;         /* auto_4bit_weights_ratio; -1: the script is silent */
	bool vectors;          /* output_encoding_vector of all outputs */
	double ratio16;        /* auto_16bit_weights_ratio */
	bool equalize_named;   /* only layers that a script enables are equalized */
	int equalize;          /* equalization: 1, 0; -1: as the level says */
	bool balance;          /* some matmul has matmul_equalization */
	int asked_level;       /* optimization_level, of which some are not built */
	int correct_biases;    /* bias_correction: 1, 0; -1: as the level says */
	bool compress_cache;   /* its layer results on disk go through zstd */
	struct mix_opts mix;
	char *downgrade; /* what was asked for and is not done: said again at the end */
};

/* The softmax that alone reads a layer's values, or NULL. */
const struct layer *quant_softmax_reader(const struct layer *l);

/*
 * Forwards codes unchanged: the encoding is that of input 0.  quant_source: the layer whose
 * encoding l has.
 */
bool quant_forwards(const struct layer *l);
const struct layer *quant_source(const struct layer *l);

/* ---- vector.c: output_encoding_vector ---- */
/* Which layers have one; an error where a layer was named that cannot. */
int vector_mark(struct quant *q, struct err *e);
/* The scales, of encodings that are done. */
void vector_encode(struct quant *q);
/* True when a layer type's output may have a scale per feature (a concat: per input). */
bool quant_by_feature(enum hn_type t);

/* ---- precision.c ---- */
/* "a8_w4" and so on to bits; false: no mode that this machine has. */
bool precision_parse(const char *name, struct qmode *mode);
/* The name of a mode, with the third part only where the output differs from what is read. */
const char *precision_name(int32_t act, int32_t w, int32_t out);
/* The bits of every layer's output, from the modes of all layers. */
void precision_bits(struct quant *q);

/* ---- calib.c: a calibration set, read as it is needed ---- */
/*
 * The random numbers of one thing: its name and number say which, the script's set_seed says from
 * which sequence, so that neither order nor threads matter.
 */
void quant_rng(const struct quant_opts *o, struct rng *r, uint64_t number, const char *name);

struct calib *calib_open(const struct quant *q, struct err *e);
void calib_free(struct calib *c);
size_t calib_count(const struct calib *c);             /* images that will be used */
bool calib_is_u8(const struct calib *c, size_t input); /* input k holds unsigned bytes */
/*
 * Values of an image of input k: what calib_load gives and the emulator takes.  Not the input
 * layer's shape, where a camera format's conversion is passed over (hn_fed).
 */
size_t calib_image(const struct calib *c, size_t k);
/* Images [from, from + n) of input k as float NHWC; NaN and infinity are errors. */
int calib_load(struct calib *c, size_t k, size_t from, size_t n, float *out, struct err *e);
/* The same at another height and width, scaled bilinearly where the images have another. */
int calib_load_at(struct calib *c, size_t k, size_t from, size_t n, const struct hn_shape *size,
		  float *out, struct err *e);

/* ---- run_set.c: a model over the calibration set ---- */
enum quant_feed {
	FEED_OBSERVED, /* images at the size at which the float model is observed */
	FEED_WHOLE,    /* at the network's own size */
	FEED_CODES     /* codes of these */
};
/* what: of the progress line. */
int quant_run_set(struct quant *q, struct emu *m, enum quant_feed kind, const char *what,
		  struct err *e);
/* Codes of images [from, from + n) of input k; x: room for them as floats. */
int quant_load_codes(const struct quant *q, const struct layer *input, size_t k, size_t from,
		     size_t n, float *x, void *codes, struct err *e);

/* Script commands into q->opts, layers' quant records and q->info. */
int quant_script(struct quant *q, struct err *e);
/* quantization_param of layers that quant_transform made. */
int quant_script_made(struct quant *q, struct err *e);
/*
 * Runs the float model over the calibration set; fills min, max, pre_min, pre_max, top_min, bytes,
 * hist and images.
 */
int quant_observe(struct quant *q, struct err *e);
/*
 * The same from the files of o->stats.  Model, layers and values are checked; files of other
 * weights, or without a histogram that is asked for, are errors that name the file.
 */
int stats_load(struct quant *q, struct err *e);
/* Every feature's range is finite, or an error that names the layer. */
int quant_check_finite(const struct quant *q, struct err *e);
/* What was observed, as an array each; before anything scales it.  The caller frees it. */
struct tensors *stats_store(const struct quant *q);
/* Cross-layer equalization: changes weights, fills eq, scales the observed ranges. */
int quant_equalize(struct quant *q, struct err *e);
/* Zeroes the weights of features that never change on the calibration set. */
int quant_zero_static(struct quant *q, struct err *e);
/* Commands that change the graph, not what it computes: transform.h.  Layers are numbered anew. */
int quant_transform(struct quant *q, struct err *e);
/* ---- resolution.c: resolution_reduction ---- */
/* The factors of what is connected with a reduced input; a size that is no reduction is an error.
 */
int quant_reduce_inputs(struct quant *q, struct err *e);
/* The size at which an input is observed. */
struct hn_shape quant_observed_shape(const struct quant *q, const struct layer *input);
/*
 * A copy of q->g, maybe with layers more, becomes the network at that size; layers whose values
 * depend on the size are errors that name them.
 */
int quant_shrink(const struct quant *q, struct graph *run, struct err *e);
/* Cuts features out that have neither weights nor values. */
int quant_dead_channels(struct quant *q, struct err *e);
/* Removes branches that add nothing; layers are numbered anew. */
int quant_dead_layers(struct quant *q, struct err *e);
/*
 * regraph.c.  Around a change of q->g: before it, every layer is told its record (layer->user);
 * after it, layers that are marked dead go, shapes are new, and q->info is by the new numbers.
 */
void quant_mark_layers(struct quant *q);
int quant_relink(struct quant *q, struct err *e);
void quant_info_free(struct qinfo *info); /* what it holds, not itself */
/* A record of c features about which nothing is said or known. */
void quant_info_init(struct qinfo *info, size_t c);
/* Divides layers whose sums are coarser than their codes, or makes the codes as coarse. */
int quant_negative_exponent(struct quant *q, struct err *e);
/* The integer record of one layer, of encodings that are done. */
int quant_record(struct quant *q, const struct layer *l, struct qop *op, struct err *e);
/* Limits of the layers whose values a script clips; observes again where it says so. */
int quant_clip_values(struct quant *q, struct err *e);
/* Runs the float model once more, with clipped values; min, max and the like are new. */
int quant_recollect(struct quant *q, struct err *e);
/* The layer that makes the codes of l, which may forward them from its input. */
const struct layer *quant_source(const struct layer *l);
/* A layer whose range its type or activation fixes. */
bool quant_fixed_range(const struct layer *l);
/* Encodings of every layer's output. */
int quant_ranges(struct quant *q, struct err *e);
/* The integer record of every layer. */
int quant_records(struct quant *q, struct err *e);
/*
 * ---- bias.c: Iterative Bias Correction ----
 * Corrects the biases of the records, by images; without images an error.  Those that no command
 * asks for, but the level, are corrected only if that is worth it (bias_check.h).
 */
int quant_correct_biases(struct quant *q, struct err *e);
/*
 * An accumulator that leaves 32 bits on the calibration set is an error that names the layer.  The
 * integer model runs over the set only if the weights do not rule it out.
 */
int quant_overflow(struct quant *q, struct err *e);
int quant_run_integers(struct quant *q, struct err *e);
/* Every layer has an integer form, or an error naming the layer and the reason. */
int quant_supported(const struct graph *g, struct err *e);

/* Float weights of a layer as an array of n values; NULL and an error when absent or of another
 * size. */
const float *quant_weight(const struct quant *q, const struct layer *l, const char *key, size_t n,
			  struct err *e);
struct qinfo *quant_info(const struct quant *q, const struct layer *l);
/* As before anything was observed. */
void quant_forget(struct qinfo *info);
/* A histogram of every output feature will be taken, or is read from the statistics. */
void quant_want_hist(struct quant *q, const struct layer *l);
/* First feature of a layer's output port among the c features of all ports. */
size_t quant_port_offset(const struct layer *l, int port);

/* Table activations: a piecewise-linear fit. f: the function in output codes, of pre-activation
 * codes. */
struct pwl {
	size_t n;
	int16_t start[256];
	int32_t slope[256];
	int32_t offset[256];
	int32_t shift;
	double error; /* largest difference from f, in output codes */
};
void pwl_fit(double (*f)(double x, const void *ctx), const void *ctx, size_t max_segments,
	     struct pwl *out);

/*
 * An activation with a jump: the range of what it gives; its exact table.  unit: real value of a
 * pre-activation code; step: such codes in one unit of the accumulator.  False: it has no jump.
 */
bool steps_range(const struct layer *l, double *lo, double *hi);
bool steps_table(const struct layer *l, double unit, double scale, double step, struct pwl *out);

/* Channel classes that must share one equalization factor. */
struct channels {
	size_t n;       /* channels of all layers' outputs */
	size_t *base;   /* first channel of each layer */
	size_t *parent; /* union-find */
	bool *fixed;    /* by class root: factor 1 */
	bool *held; /* by class root: its factor stays what it is: 1, or what matmul_balance says */
};
void channels_build(struct channels *c, const struct quant *q);
void channels_release(struct channels *c);
size_t channels_root(const struct channels *c, size_t i);
/* Class of feature f of input i of a layer (features of a tensor, not of a flattened vector). */
size_t channels_input(const struct channels *c, const struct layer *l, size_t i, size_t f);
/*
 * matmul_equalization: log_s of the features that two inputs of a matmul share, opposite in the
 * two; held then.  Features that cannot move are fixed.
 */
void matmul_balance(const struct quant *q, struct channels *c, double *log_s);
/* True for layers whose weights can take factors on both sides. */
bool channels_scalable(const struct quant *q, const struct layer *l);

/* Array fields of a record. */
void qset_i32(struct qarr_i32 *a, size_t n, const int32_t *v);
void qset_f32(struct qarr_f32 *a, size_t n, const float *v);

#endif
