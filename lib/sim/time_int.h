/* Private to lib/sim: the clock. */
#ifndef HN_SIM_TIME_INT_H
#define HN_SIM_TIME_INT_H

#include "sim/sim.h"

/* time_stuck.c: names the buffer that causes the deadlock in which the last run ended. */
int network_explain(const struct isa_prog *p, struct network *n, struct err *e);

#endif
