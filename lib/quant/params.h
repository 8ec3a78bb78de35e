/* Statistics of a model's weights, as hn-params prints them. */
#ifndef HN_QUANT_PARAMS_H
#define HN_QUANT_PARAMS_H

#include "io/bundle.h"

/*
 * One line for each array of each device layer, in the graph's order, behind a line of column
 * names (hn-params(1)): comma-separated text, appended to out.  Quantized bundles also have bits
 * and scales.
 */
int params_csv(const struct bundle *b, struct str *out, struct err *e);

#endif
