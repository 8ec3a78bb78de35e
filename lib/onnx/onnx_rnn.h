/*
 * LSTM, GRU and RNN are unrolled: every step of the sequence becomes layers of its own (guide
 * 5.5.33).  onnx_rnn.c reads the operator and lays the steps out, onnx_rnn_cell.c makes one step.
 */
#ifndef HN_ONNX_ONNX_RNN_H
#define HN_ONNX_ONNX_RNN_H

#include "onnx/onnx_int.h"

enum {
	RNN_STEPS_MAX = 1024, /* unrolled steps: thousands of layers */
	RNN_GATES_MAX = 4,
	RNN_KERNELS = 8
};

/* A row of features at one step: output `port` of l, or constant values, or (both NULL) zeros. */
struct rnn_signal {
	struct layer *l;
	int32_t port;
	const float *value;
};

struct rnn_state {
	struct rnn_signal h, c;
};

struct rnn_act {
	enum hn_act act;
	struct hn_act_params p;
};

struct rnn {
	struct build *b;
	int gates;                  /* of the cell: 4 LSTM, 3 GRU, 1 RNN */
	int64_t inputs, hidden;     /* features of x and of the state */
	int dirs;                   /* 1, 2 */
	const struct tensor *w, *r; /* [dirs, gates hidden, inputs], [dirs, gates hidden, hidden] */
	const struct tensor *bias;  /* [dirs, 2 gates hidden], NULL: none */
	bool reset_after;           /* GRU: linear_before_reset */
	float cell_clip;            /* LSTM: the cell's state stays within +-this; 0: it is free */
	struct rnn_act act[2][3];   /* of each direction: f, g, h */
	struct tensor kernel[2][RNN_KERNELS]; /* made at the first step that needs them */
};

/* The state after a step of direction d with input x. */
typedef struct rnn_state (*rnn_step)(struct rnn *r, int d, struct rnn_signal x, struct rnn_state s);
struct rnn_state rnn_step_lstm(struct rnn *r, int d, struct rnn_signal x, struct rnn_state s);
struct rnn_state rnn_step_gru(struct rnn *r, int d, struct rnn_signal x, struct rnn_state s);
struct rnn_state rnn_step_rnn(struct rnn *r, int d, struct rnn_signal x, struct rnn_state s);

/* An operator: gates and activations of its cell, and the usual ones. */
struct rnn_cell {
	const char *op;
	int gates, acts;
	rnn_step step;
	const char *dflt[3];
};
/* The activations of each direction. */
int rnn_read_acts(struct rnn *r, const struct im_node *n, const struct rnn_cell *c, struct err *e);

/* Several signals side by side in the features. */
struct rnn_signal rnn_join(struct rnn *r, const struct rnn_signal *s, size_t n);

#endif
