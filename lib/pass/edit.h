/* What several passes do to a graph and its weights. */
#ifndef HN_PASS_EDIT_H
#define HN_PASS_EDIT_H

#include "hn/hn.h"

/* The only consumer of a layer with one output port; NULL when there are none or several. */
struct layer *edit_consumer(const struct layer *l);
/*
 * A convolution-like layer whose output stage can still be changed: linear, nothing added yet, no
 * color conversion, which stays what it is called.
 */
bool edit_is_open(const struct layer *l);

/* A writable copy of a float weight; a new one of n values `fill` when it is absent. */
struct tensor edit_weight(const struct tensors *w, const struct layer *l, const char *key, size_t n,
			  float fill);
/* A new vector of n values. */
struct tensor edit_vector(size_t n);
/* Moves activation, its parameters and slope from one layer to another. */
void edit_move_activation(struct tensors *w, struct layer *from, struct layer *to);
/*
 * The layer, whose first input that matters is `into`, is merged into it: its uses become uses of
 * `into`, its original names and quantization parameters go there, and it is dead until edit_sweep.
 * These functions keep the graph's edges in both directions, so that a pass can go on in its order.
 */
void edit_absorb(struct graph *g, struct layer *l, struct layer *into);
/* The layer is merged into its only consumer, which gets its input instead. */
void edit_absorb_before(struct graph *g, struct layer *l, struct layer *into);
/* What feeds input i of `from` becomes the last input of l instead. */
void edit_take_input(struct graph *g, struct layer *l, struct layer *from, size_t i);
/* Removes dead layers, their weights, and weights that no layer uses any more. */
void edit_sweep(struct graph *g, struct tensors *w);

#endif
