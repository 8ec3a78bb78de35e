/*
 * TensorFlow Lite models to HN.  tflite2hn(1).
 */
#ifndef HN_TFLITE_TFLITE_H
#define HN_TFLITE_TFLITE_H

#include "onnx/onnx.h"

/*
 * Imports a model file ("-": standard input) as onnx_import does: operators become nodes of ONNX's
 * vocabulary (a node is called by its first output tensor's name), and all that follows is shared.
 */
int tflite_import(const char *path, const struct onnx_opts *o, struct onnx_result *out,
		  struct err *e);
/* The same from memory. */
int tflite_import_bytes(const void *data, size_t n, const struct onnx_opts *o,
			struct onnx_result *out, struct err *e);
/* Writes the model with every tensor that an operator makes as an output. */
int tflite_augment(const char *path, const char *to, struct err *e);

#endif
