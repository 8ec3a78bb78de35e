/* Machine descriptions, share/targets/NAME.json (target(5)). No number of a chip stands in C. */
#ifndef HN_TARGET_TARGET_H
#define HN_TARGET_TARGET_H

#include "base/err.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stdint.h>

enum {
	TARGET_MAX_CLUSTERS = 16,
	TARGET_MODES = 2,
	TARGET_MAX_LAYOUTS = 4
};

/* A way in which a subcluster multiplies: columns x features per cycle; mode 0 is the default. */
struct target_mode {
	int32_t columns, features;
	int32_t input_aligners; /* that a layer in this mode takes */
};
/* Cost of a precision mode relative to a8_w8. */
struct target_precision {
	double mac_factor;   /* multiply-accumulates per cycle */
	double weight_bytes; /* bytes of one weight */
};
enum target_precision_id {
	PRECISION_A8_W8,
	PRECISION_A8_W4,
	PRECISION_A16_W16,
	PRECISION_A16_W8,
	PRECISION_COUNT
};

/* Streams: channels of one direction on an engine, and engines, of every device (HailoRT). */
enum {
	TARGET_CHANNELS = 16,
	TARGET_ENGINES = 3
};

struct target {
	char name[32];
	int32_t clusters; /* number */
	int32_t cluster_id[TARGET_MAX_CLUSTERS];
	int32_t lcus, subclusters, input_aligners, apus, l3_cuts; /* per cluster */
	int64_t l3_cut_bytes, l2_bytes;
	int32_t max_subclusters_per_layer;
	int32_t max_subclusters_dw; /* of a depthwise layer */
	int32_t l4_cuts;
	int64_t l4_cut_bytes;
	double clock_hz;
	int32_t max_contexts, max_inter_context_streams;
	int32_t config_channels_max;
	double util_single, util_multi; /* default thresholds */
	double d2s_columns_per_cycle;   /* of depth to space, 8 features at most */
	double util_least; /* most of a resource that smallest choices take in one context */
	double util_control_max;
	double bandwidth;                               /* effective bytes/s to external memory */
	double boundary_bandwidth, boundary_transfer_s; /* network inputs and outputs: bytes/s,
							   seconds of each per frame */
	double per_context_s, fixed_s_per_batch;
	int32_t hef_arch;                         /* hw_arch value of the HEF header */
	bool hef_partial;                         /* multi-layout chip: partial core ops */
	uint32_t hef_layout;                      /* cluster bitmap of the first layout */
	uint32_t hef_layouts[TARGET_MAX_LAYOUTS]; /* all layouts of a multi-layout chip, first one
						     first */
	int32_t hef_nlayouts;
	int32_t pwl_segments;                  /* segments of an activation table */
	struct target_mode mode[TARGET_MODES]; /* 8x8, 16x4 */
	struct target_precision precision[PRECISION_COUNT];
	int32_t apus_max_per_layer;
	double mac_utilization, mac_utilization_1x1,
	    mac_utilization_dw; /* effective / ideal rate of kernels; of 1x1, depthwise ones */
	double ia_utilization;  /* the same of input aligners */
	int32_t dw_features_per_cycle; /* features x mode columns, per subcluster */
	int32_t ia_values_per_cycle;   /* input values that one aligner takes in per cycle */
	int32_t apu_values_per_cycle;  /* values that one APU writes or pools per cycle */
	int32_t ppu_values_per_cycle;  /* softmax, argmax: outside the clusters */
	/*
	 * layer normalization: layer controllers of the layers that it is made of, and how often a
	 * value passes an APU in the slowest of them; 0: it lies outside the clusters
	 */
	int32_t norm_controllers, norm_passes;
	int32_t product_controllers; /* at most, of a product of two tensors: one by head; 0: 1 */
	double general_kernel;       /* rate of kernels without code of their own; 0: the others' */
	/* Watts: of the idle device; of a working LCU (x with ECC), subcluster, IA or APU, L3 cut
	 */
	double power_idle, power_lcu, power_ecc, power_subcluster, power_unit, power_l3_cut;
};

/*
 * Loads a target by name ("hailo8") from $HN_TARGETS, the source tree's or the installed share
 * folder, or by path (a name with '/').  Unknown: error listing the known ones.  Every number is
 * checked.
 */
int target_load(const char *name, struct target *t, struct err *e);
/* Bytes per second of a network's inputs and outputs, which take the link: not above its own. */
double target_boundary(const struct target *t);
/* A line for each known target. */
int target_list(struct str *out, struct err *e);
/* A line for each number of a target: its path, the number, published, inferred or assumed. */
int target_numbers(const char *name, struct str *out, struct err *e);

#endif
