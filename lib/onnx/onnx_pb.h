/* Inside of the door to protobuf-c: messages to what they stand for. */
#ifndef HN_ONNX_ONNX_PB_H
#define HN_ONNX_ONNX_PB_H

#include "onnx/onnx.pb-c.h"
#include "onnx/onnx_int.h"

/* *t is a reference, also after an error. */
int onnx_pb_tensor(struct im_file *f, const Onnx__Tensor *p, struct tensor *t, struct err *e);

#endif
