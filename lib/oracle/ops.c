/* The operator table. */
#include "oracle/oracle_int.h"
#include <string.h>

static const struct or_op ops[] = {
#define OR_OP(name, run) { name, run },
#include "oracle/ops.def"
#undef OR_OP
};

static int by_name(const void *key, const void *row)
{
	return strcmp(key, ((const struct or_op *)row)->name);
}

const struct or_op *or_find(const char *op)
{
	return bsearch(op, ops, sizeof ops / sizeof ops[0], sizeof ops[0], by_name);
}

bool oracle_knows(const char *op)
{
	return or_find(op) != NULL;
}
