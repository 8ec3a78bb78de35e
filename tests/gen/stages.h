/* The stages that have a table indexed by layer type, and their reasons for missing hooks. */
#ifndef HN_TESTS_STAGES_H
#define HN_TESTS_STAGES_H

#include "alloc/alloc.h"
#include "hn/hn.h"
#include "kernel/f32.h"
#include "kernel/qop.h"
#include "quant/quant.h"

struct stage {
	const char *name;
	const char *(*reason)(enum hn_type t); /* NULL: there is a hook */
};

static const struct stage stages[] = {
	{ "float", f32_reason },
	{ "quant", quant_reason },
	{ "integer", intk_reason },
	{ "cost", cost_reason },
};

enum {
	NSTAGES = sizeof stages / sizeof stages[0]
};

#endif
