/* Model modifications of a script: which input layers a command speaks of, and their record. */
#ifndef HN_PASS_SCRIPT_H
#define HN_PASS_SCRIPT_H

#include "alls/alls.h"

/*
 * The input layers of a modification command: the one of its argument input_layer, all of the
 * network when it is absent.  The caller frees *out.
 */
int script_inputs(const struct alls_stmt *st, const struct graph *g, struct layer ***out, size_t *n,
		  struct err *e);

/*
 * modifications_meta_data.json: {"inputs": {layer: [{"cmd_type": ...}]}, "outputs": {}} for the
 * modifications of a script (NULL: none) on the parsed graph.
 */
json_t *script_modifications(const struct alls *s, const struct graph *native, struct err *e);

#endif
