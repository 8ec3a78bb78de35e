/* Writing ONNX files field by field, for the generators of test models. */
#ifndef HN_TESTS_ONNXW_H
#define HN_TESTS_ONNXW_H

#include "base/mem.h"
#include <stdint.h>

enum {
	ONNXW_WORDS = 512 /* of a statement, parts of a list */
};

/* Numbers of statements; what is none ends the programme. */
double onnxw_number(const char *text);
int64_t onnxw_integer(const char *text);
/* Splits in place; empty parts count only between separators. */
size_t onnxw_split(char *text, char by, char **part, size_t max);

/* Protobuf fields. */
void onnxw_int(struct str *s, int field, int64_t v);
void onnxw_bytes(struct str *s, int field, const void *p, size_t n);
void onnxw_text(struct str *s, int field, const char *text);
void onnxw_varint(struct str *s, uint64_t v);
/* A message into a field; the message is released. */
void onnxw_message(struct str *s, int field, struct str *m);

/* A tensor's name and shape (NULL: none) into a field of the graph: "1,3,8,8", letters are open. */
void onnxw_value_info(struct str *graph, int field, const char *name, char *shape);
/* One NodeProto from the words: node OP NAME IN,IN OUT,OUT KEY=VALUE... */
void onnxw_node(struct str *out, char **w, size_t n);
/* The file: the graph is released. */
void onnxw_model(struct str *graph, int64_t opset, const char *path);

#endif
