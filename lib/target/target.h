/* Machine descriptions, share/targets/NAME.json (target(5)). No number of a chip stands in C. */
#ifndef HN_TARGET_TARGET_H
#define HN_TARGET_TARGET_H

#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

enum { TARGET_MAX_CLUSTERS = 16 };

struct target {
	char name[32];
	int32_t clusters;                         /* number */
	int32_t cluster_id[TARGET_MAX_CLUSTERS];
	int32_t lcus, subclusters, input_aligners, apus, l3_cuts; /* per cluster */
	int64_t l3_cut_bytes, l2_bytes;
	int32_t max_subclusters_per_layer;
	int32_t l4_cuts;
	int64_t l4_cut_bytes;
	double clock_hz;
	int32_t max_contexts, max_inter_context_streams;
	int32_t config_channels_max;
	double util_single, util_multi;           /* default thresholds */
	double util_control_max;
	double bandwidth;                         /* effective bytes/s to external memory */
	double per_context_s, fixed_s_per_batch;
	int32_t hef_arch;                         /* hw_arch value of the HEF header */
	bool hef_partial;                         /* multi-layout chip: partial core ops */
	uint32_t hef_layout;                      /* cluster bitmap of the layout */
	int32_t pwl_segments;                     /* segments of an activation table */
	double mac_factor_a8w8, mac_factor_a8w4, mac_factor_a16w16, mac_factor_a16w8;
};

/*
 * Loads a target by name ("hailo8") from $HN_TARGETS, the source tree's or the installed share folder,
 * or by path (a name with '/'). Unknown: error listing the known ones.
 */
int target_load(const char *name, struct target *t, struct err *e);

#endif
