/*
 * A second opinion on a foreign model: its nodes, in ONNX's vocabulary, executed one by one as they
 * are written, in the source's own layout.  Nothing is folded, fused or moved, and nothing of the
 * way to an HN is used but the file's reader.  Slow where it is simple, exact where it matters:
 * sums are kept in double.
 *
 * Tensors are float32, int64 or bool: other floats become float32, other integers int64 (their
 * overflow is not modelled, but Cast to a narrow type wraps).
 */
#ifndef HN_ORACLE_ORACLE_H
#define HN_ORACLE_ORACLE_H

#include "import/import.h"

struct oracle;

/*
 * Decodes a model.  At most max_bytes are used for the tensors of a run (0: 8 GiB).  NULL on error.
 */
struct oracle *oracle_new(const struct im_source *src, size_t max_bytes, struct err *e);
void oracle_free(struct oracle *o); /* NULL is fine */

/* The model: inputs, outputs, nodes in order; borrowed. */
const struct im_graph *oracle_graph(const struct oracle *o);

/*
 * Gives a tensor its value, of any element type: an input, or any other from which the run then
 * starts.  t is borrowed.
 */
int oracle_feed(struct oracle *o, const char *name, const struct tensor *t, struct err *e);
/* The run is to compute this tensor, which stays until the next run. */
int oracle_want(struct oracle *o, const char *name, struct err *e);
/*
 * Computes what is wanted.  The message of a failure names the node; an operator that is missing
 * here is no other error than a wrong model.
 */
int oracle_run(struct oracle *o, struct err *e);
/* A wanted tensor after a run; NULL when it is none. */
const struct tensor *oracle_tensor(const struct oracle *o, const char *name);

/* Is this operator executed?  (Not with every attribute.) */
bool oracle_knows(const char *op);

#endif
