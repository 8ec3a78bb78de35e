/*
 * onnxruntime as a reference for models, where its library is installed.  It is opened at run time:
 * nothing of it is needed to build or to run anything else.
 */
#ifndef HN_COMPARE_ORT_H
#define HN_COMPARE_ORT_H

#include "io/tensor.h"

/*
 * The library's file: lib where that is said, else that of the package onnxruntime-node under
 * dir/node_modules; NULL when there is none (either may be NULL).  The caller frees it.
 */
char *ort_find(const char *lib, const char *dir);

struct ort;
/* Opens the library and loads a model's file.  One thread: results do not depend on the machine. */
struct ort *ort_open(const char *library, const char *model, struct err *e);
void ort_free(struct ort *o); /* NULL is fine */
const char *ort_version(const struct ort *o);

struct ort_value {
	const char *name;
	struct tensor t;
};
/*
 * Runs the model on in (all of its inputs, float32 or int64), and puts new tensors into out, whose
 * names are outputs of the model, float32 or int64.  On failure out is left empty.
 */
int ort_run(struct ort *o, const struct ort_value *in, size_t nin, struct ort_value *out,
	    size_t nout, struct err *e);

#endif
