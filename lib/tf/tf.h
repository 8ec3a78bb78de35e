/*
 * TensorFlow models (SavedModel folders, frozen graphs, checkpoints) to HN.  tf2hn(1).
 */
#ifndef HN_TF_TF_H
#define HN_TF_TF_H

#include "onnx/onnx.h"

/*
 * Imports a model (a folder, a file, "-": standard input) as onnx_import does: operators become
 * nodes of ONNX's vocabulary, and all that follows is shared.  Names of nodes in the options may be
 * those of tensors ("node:0").
 */
int tf_import(const char *path, const struct onnx_opts *o, struct onnx_result *out, struct err *e);
/* The same of a frozen graph in memory. */
int tf_import_bytes(const void *data, size_t n, const struct onnx_opts *o, struct onnx_result *out,
		    struct err *e);
/*
 * The model with every tensor as an output: a frozen graph gives any tensor by its name, so that it
 * is copied; others are refused.
 */
int tf_augment(const char *path, const char *to, struct err *e);

#endif
