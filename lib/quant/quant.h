/*
 * Quantization: calibration statistics, ranges, equalization, integer records (guide 5.3).
 */
#ifndef HN_QUANT_QUANT_H
#define HN_QUANT_QUANT_H

#include "alls/alls.h"
#include "emu/emu.h"
#include "emu/host.h"
#include "hn/hn.h"
#include "io/json.h"
#include "io/scale.h"

struct quant_opts {
	const char *calib; /* .npy, .npz by input layer, folder; NULL with random_calib */
	bool random_calib;
	/* Statistics files of hn-stat, in place of observing; calib may then be NULL. */
	const char *const *stats;
	size_t nstats;
	int calib_from;             /* first image that is used */
	int calibset_size;          /* images used, 64 by default (guide) */
	struct image_fit fit;       /* what becomes of PNG and JPEG images first */
	bool sized;                 /* somebody asked for that number */
	bool part;                  /* of a larger set: the script's calibset_size does not apply */
	bool histograms;            /* of every layer, also when no command needs them */
	int batch;                  /* images per step */
	int optimization_level;     /* 0: equalization, 1: bias correction too, -100: nothing */
	int compression_level;      /* 0 to 5; -1: 1 where the network is large */
	bool equalization;          /* cross-layer equalization (Meller 2019); on by default */
	const char *bias_mode;      /* default for all layers, NULL: double_scale_initialization */
	const struct alls *script;  /* may override any of the above */
	const char *stats_out;      /* also write statistics here, NULL: no */
	struct tensors **stats_set; /* where to leave them; NULL: not wanted.  The caller's */
	json_t **mix_out;           /* where to leave what mix_precision_search found; or NULL */
	const char *hw_arch;        /* target name for table sizes; NULL: hailo8 */
	uint64_t seed;              /* set_seed: quant_rng */
	struct host *before;        /* what the host does with images first (emu/host.h); or NULL */
};
#define QUANT_OPTS_DEFAULT                                                                         \
	{                                                                                          \
		.calibset_size = 64, .batch = 8, .equalization = true, .compression_level = -1     \
	}

/*
 * Quantizes a full-precision optimized graph.  w: float weights, changed by equalization.
 * out: the q-NPZ set (integer records by qop_store, plus statistics); layer quant records are
 * filled.
 */
int quant_run(struct graph *g, struct tensors *w, const struct quant_opts *o,
	      struct tensors **q_out, struct err *e);

/*
 * Statistics of a full-precision optimized graph on (a part of) a calibration set, of which
 * quant_run makes the same model as of the images: extremes of every feature, histograms where the
 * script needs them.  *out: the set of har(5), the caller's.
 */
int quant_stat(struct graph *g, struct tensors *w, const struct quant_opts *o, struct tensors **out,
	       struct err *e);

/*
 * hn-quantize on a bundle in state fp_optimized_model: quantizes with the script (a file; NULL: the
 * one in the bundle, if any) and leaves fp.hn, hn, q.npz, alls and, with its equalized weights,
 * fpo.npz.
 */
struct bundle;
int quant_bundle(struct bundle *b, struct quant_opts *o, const char *script, struct err *e);
/* hn-stat on such a bundle, which stays as it is. */
int quant_stat_bundle(struct bundle *b, struct quant_opts *o, const char *script,
		      struct tensors **out, struct err *e);
/* NULL when a type can be quantized, else the reason why not (support matrix). */
const char *quant_reason(enum hn_type t);

#endif
