/* What readers of TensorFlow's formats have in common: operands, and the nodes of one operator. */
#ifndef HN_IMPORT_OPERAND_H
#define HN_IMPORT_OPERAND_H

#include "base/limits.h"
#include "import/import.h"

/* Integers of a constant, which may be absent (NULL); `what` names them. */
int im_list(const struct im_value *v, const char *what, int64_t out[LIMIT_RANK], size_t *n,
	    struct err *e);
int im_one_number(const struct im_value *v, const char *what, int64_t *out, struct err *e);

/* n, a Split with one output, gets so many, which the caller sets. */
void im_split(struct im_graph *g, struct im_node *n, size_t nout, int64_t axis);
/* The nout sizes that v holds; sum: of those that are told; open: one that is not, or nout. */
int64_t *im_split_sizes(struct im_graph *g, const struct im_value *v, size_t nout, size_t *open,
			int64_t *sum, struct err *e);

/* Pairs of a dimension each as ONNX's pads, n of them: all before, then all behind. */
int im_margins(const struct im_value *v, int64_t pad[2 * LIMIT_RANK], size_t *n, struct err *e);

/* Steps from node `first` on become parts of the first node there that makes an output. */
void im_bind_parts(struct im_graph *g, size_t first);

#endif
