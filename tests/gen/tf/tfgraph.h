/*
 * Writing TensorFlow's GraphDefs from words, for the generators of test models.
 *
 * Statements, as words:
 *	input NAME TYPE SHAPE            a Placeholder; SHAPE - : not known; -1: open
 *	const NAME TYPE SHAPE VALUE...   fewer values are repeated; SHAPE "" or 0d is a scalar;
 *	                                 ~SEED:SCALE makes them; a first VALUE "packed" stores bytes
 *	node OP NAME INS [KEY=ATTR]...   INS with commas between, - for none
 *
 * ATTR: i:3  f:0.5  s:SAME  b:1  t:f32  l:1,2,2,1 (integers)  h:1,2,3 (a shape)
 * TYPE: f32 f64 f16 bf16 i32 i64 u8 bool str
 */
#ifndef HN_TESTS_TFGRAPH_H
#define HN_TESTS_TFGRAPH_H

#include "base/mem.h"
#include <stdint.h>

/* The number of a type's word; what is none ends the programme. */
int tfg_type(const char *word);
/* Dimensions of "1,2,3" ("0d" and "": none); their count. */
size_t tfg_shape(const char *text, int64_t *dim, size_t max);
/* n values of words, repeated or made (~SEED:SCALE): the caller frees them. */
double *tfg_values(char *const *w, size_t nw, size_t n);
/* A TensorProto. */
void tfg_tensor(struct str *out, int type, const int64_t *dim, size_t rank, char *const *w,
		size_t nw);
/* A Const node of these floats, in field 1 of a GraphDef. */
void tfg_floats(struct str *graph, const char *name, const int64_t *dim, size_t rank,
		const float *v);
/* KEY=ATTR as an entry of a map<string, AttrValue> in this field. */
void tfg_attr(struct str *out, int field, const char *text);
/*
 * The statement as a NodeDef in this field of the message (1 in a GraphDef, 3 in a FunctionDef);
 * false when it is none of the above.
 */
bool tfg_node(struct str *out, int field, char **w, size_t n);

#endif
