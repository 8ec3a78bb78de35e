# onnx2hn: LSTM, GRU and RNN are unrolled; small recurrences by the ONNX formulas in awk.
# shellcheck disable=SC2154 # status is set by run
load helper
load onnx

# One feature of input and state, so that every weight is a number; three steps.
steps="0.5 -1 2"

# recurrence FORMULA: h (and c) from $h0 and $c0 by FORMULA for each x of $steps, "h c" a line.
recurrence() {
	tr ' ' '\n' <<< "$steps" | awk '
		function sigmoid(v) { return 1 / (1 + exp(-v)) }
		function tanh(v) { return 1 - 2 / (exp(2 * v) + 1) }
		function hard(v) { v = 0.3 * v + 0.4; return v < 0 ? 0 : v > 1 ? 1 : v }
		function soft(v) { return v / (1 + (v < 0 ? -v : v)) }
		BEGIN { h = '"${h0:-0}"'; c = '"${c0:-0}"' } { x = $1; '"$1"'; printf "%.9g %.9g\n", h, c }'
}

# run_steps [OUT]: m.onnx on $steps as input 1,3,1.
run_steps() {
	# shellcheck disable=SC2086 # a list of numbers
	arr npy in.npy float32 1,3,1 $steps
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-infer -q m.har --in in.npy -o "${1:-out.npy}"
}

# same FILE SHAPE [COLUMN]: the numbers of a column on stdin are what FILE holds.
same() {
	# shellcheck disable=SC2046 # a list of numbers
	arr npy want.npy float32 "$2" $(cut -d' ' -f"${3:-1}")
	npydiff want.npy "$1" 1e-6
}

lstm='i = sigmoid(0.5 * x + 0.4 * h + 0.15); o = sigmoid(-0.3 * x + 0.6 * h + 0.25)
	f = sigmoid(0.8 * x - 0.7 * h + 1.05); g = tanh(1.2 * x + 0.9 * h - 0.15)
	c = f * c + i * g; h = o * tanh(c)'
# lstm_model LINE...: weights for gates i, o, f, c, and more lines.
lstm_model() {
	printf '%s\n' "input X 3,1,1" "init W 1,4,1 0.5 -0.3 0.8 1.2" "init R 1,4,1 0.4 0.6 -0.7 0.9" \
		"init B 1,8 0.1 0.2 1 -0.2 0.05 0.05 0.05 0.05" "$@" | model
}

gates='z = sigmoid(0.5 * x + 0.4 * h + 0.15); r = sigmoid(-0.3 * x + 0.6 * h + 0.25)'
# The same for gates z, r, h.
gru_model() {
	printf '%s\n' "input X 3,1,1" "init W 1,3,1 0.5 -0.3 0.8" "init R 1,3,1 0.4 0.6 -0.7" \
		"init B 1,6 0.1 0.2 -0.2 0.05 0.05 0.3" "$@" | model
}

# rnn_model SHAPE ATTRIBUTE...: y = relu(x + h / 2).
rnn_model() {
	local shape=$1
	shift
	printf '%s\n' "input X $shape" "init W 1,1,1 1" "init R 1,1,1 0.5" \
		"node RNN r X,W,R Y activations=l:Relu $*" "output Y" | model
}

@test "LSTM: every step is a block, Y has all states, Y_h and Y_c the last" {
	lstm_model "node LSTM l X,W,R,B Y,Yh,Yc hidden_size=1" "output Y" "output Yh" "output Yc"
	# The first step has no recurrent part and no forget gate.
	[ "$(inner)" = "slice1,slice2,slice3,conv1,feature_splitter1,conv2,ew_mult1,ew_mult2,ew_mult3,concat1,conv3,feature_splitter2,conv4,ew_mult4,ew_mult5,ew_add1,ew_add2,ew_mult6,concat2,conv5,feature_splitter3,conv6,ew_mult7,ew_mult8,ew_add3,ew_add4,ew_mult9,concat3," ]
	hn '.layers["n/conv1"].params | .kernel_shape == [1, 1, 1, 2] and .activation == "sigmoid"'
	hn '.layers["n/conv3"].params.kernel_shape == [1, 1, 2, 3]'
	hn '.layers["n/ew_add4"].params.activation == "tanh"'
	run_steps out.npz
	recurrence "$lstm" > states
	for k in 1 2 3; do
		arr get out.npz n/output_layer$k out$k.npy
	done
	same out1.npy 1,3,1 < states
	tail -n 1 states | same out2.npy 1,1,1
	tail -n 1 states | same out3.npy 1,1,1 2
}

@test "constant initial states cost vectors only, those of zero nothing" {
	lstm_model "init h 1,1,1 0.7" "init c 1,1,1 -0.4" "node LSTM l X,W,R,B,-,h,c Y" "output Y"
	hn '.layers["n/conv1"].params.kernel_shape == [1, 1, 1, 3]'
	run_steps
	h0=0.7 c0=-0.4 recurrence "$lstm" | same out.npy 1,3,1
	lstm_model "init h 1,1,1 0" "node LSTM l X,W,R,B,-,h,h Y" "output Y"
	hn '.layers["n/conv1"].params.kernel_shape == [1, 1, 1, 2]'
	run_steps
	recurrence "$lstm" | same out.npy 1,3,1
}

@test "the last state alone, by Gather of Y or as Y_h: nothing is joined, other layers go" {
	lstm_model "initi one 1 1" "initi last - -1" "node LSTM l X,W,R,B Y" "node Squeeze s Y,one y3" \
		"node Gather g y3,last y" "output y"
	hn '[.layers[] | select(.type == "concat")] | length == 2'
	hn '[.layers[] | select(.type == "slice")] | length == 3'
	run_steps
	recurrence "$lstm" | tail -n 1 | same out.npy 1,1,1
	lstm_model "node LSTM l X,W,R,B -,Yh" "output Yh"
	# The last step needs no cell state for a next one.
	hn '[.layers[] | select(.type == "ew_add")] | length == 3'
	run_steps
	recurrence "$lstm" | tail -n 1 | same out.npy 1,1,1
}

@test "GRU: the reset gate works on the state or on its product" {
	gru_model "node GRU g X,W,R,B Y hidden_size=1" "output Y"
	run_steps
	recurrence "$gates; n = tanh(0.8 * x - 0.7 * r * h + 0.1); h = (1 - z) * n + z * h" |
		same out.npy 1,3,1
	for h0 in 0 0.6; do
		gru_model "init h 1,1,1 $h0" \
			"node GRU g X,W,R,B,-,h Y hidden_size=1 linear_before_reset=1" "output Y"
		run_steps
		recurrence "$gates; n = tanh(0.8 * x - 0.2 + r * (-0.7 * h + 0.3)); h = (1 - z) * n + z * h" |
			same out.npy 1,3,1
	done
	# The candidate is a convolution to which the reset product is added.
	hn '[.layers[] | select(.params.elementwise_add)] | length == 3'
}

@test "other activations with their parameters" {
	printf '%s\n' "input X 3,1,1" "init W 1,1,1 2" "init R 1,1,1 0.5" \
		"node RNN r X,W,R Y activations=l:LeakyRelu activation_alpha=F:0.1" "output Y" | model
	run_steps
	recurrence 'h = 2 * x + 0.5 * h; h = h < 0 ? 0.1 * h : h' | same out.npy 1,3,1
	gru_model "node GRU g X,W,R,B Y activations=l:HardSigmoid,Softsign activation_alpha=F:0.3 activation_beta=F:0.4" \
		"output Y"
	run_steps
	recurrence 'z = hard(0.5 * x + 0.4 * h + 0.15); r = hard(-0.3 * x + 0.6 * h + 0.25)
		h = (1 - z) * soft(0.8 * x - 0.7 * r * h + 0.1) + z * h' | same out.npy 1,3,1
}

@test "two directions lie side by side; one backwards starts at the end" {
	printf '%s\n' "input X 3,1,1" "init W 2,1,1 1 2" "init R 2,1,1 0.5 0.5" \
		"node RNN r X,W,R Y,Yh direction=s:bidirectional activations=l:Relu,Relu" "output Y" \
		"output Yh" | model
	steps="1 0 2"
	run_steps out.npz
	arr get out.npz n/output_layer1 y.npy
	arr get out.npz n/output_layer2 yh.npy
	# Forward 1, 0.5, 2.25; backward from the end 4, 2, 3.
	printf '%s\n' 1 3 0.5 2 2.25 4 | same y.npy 1,3,2
	printf '%s\n' 2.25 3 | same yh.npy 1,1,2
	rnn_model 3,1,1 direction=s:reverse
	run_steps
	printf '%s\n' 1.5 1 2 | same out.npy 1,3,1
}

@test "the images of a batch may lie beside the steps; layout 1 has them first" {
	rnn_model 3,2,1
	onnx2hn -q m.onnx --net-name n -o m.har --report r.json
	[ "$(jq -r '.inputs[0].axes' r.json)" = WBC ]
	# NWC: each image a sequence.
	arr npy in.npy float32 2,3,1 1 0 2 4 4 4
	hn-infer -q m.har --in in.npy -o out.npy
	printf '%s\n' 1 0.5 2.25 4 6 7 | same out.npy 2,3,1
	# Images as columns of one map: as many sequences at once.
	onnx2hn -q m.onnx --net-name n --net-input-format HWC -o m.har
	arr npy in.npy float32 1,3,2,1 1 4 0 4 2 4
	hn-infer -q m.har --in in.npy -o out.npy
	printf '%s\n' 1 4 0.5 6 2.25 7 | same out.npy 1,3,2,1
	rnn_model 2,3,1 layout=1
	onnx2hn -q m.onnx --net-name n -o m.har --report r.json
	[ "$(jq -r '.inputs[0].axes' r.json)" = BWC ]
	arr npy in.npy float32 2,3,1 1 0 2 4 4 4
	hn-infer -q m.har --in in.npy -o out.npy
	printf '%s\n' 1 0.5 2.25 4 6 7 | same out.npy 2,3,1
}

@test "a computed state of one RNN is where another starts" {
	printf '%s\n' "input X 3,1,1" "init W 1,1,1 1" "init R 1,1,1 0.5" \
		"node RNN a X,W,R -,Ah activations=l:Relu" \
		"node RNN b X,W,R,-,-,Ah Y activations=l:Relu" "output Y" | model
	steps="1 0 2"
	run_steps
	printf '%s\n' 2.125 1.0625 2.53125 | same out.npy 1,3,1
}

# refused TEXT NODE-ARGUMENTS: an LSTM with these is refused.
refused() {
	lstm_model "initi len 1 2" "init p 1,3 1" "init h2 1,1,2 1" "input c 1,1,1" "node LSTM l $2" \
		"output Y"
	run --separate-stderr onnx2hn m.onnx -o x.har
	[ "$status" -eq 1 ] || report "status 1 expected" || return
	[[ $stderr == "onnx2hn: m.onnx: node 'l' (LSTM): $1"* ]] || report "expected: $1" || return
	[ ! -e x.har ]
}

@test "what is not done is refused with its reason" {
	refused "peepholes are not supported" "X,W,R,B,-,-,-,p Y"
	refused "clipping of its cells (clip) is not supported" "X,W,R,B Y clip=f:3"
	refused "coupled input and forget gates are not supported" "X,W,R,B Y input_forget=1"
	refused "sequences shorter than the input (3 steps) are not supported" "X,W,R,B,len Y"
	refused "direction 'up' is unknown" "X,W,R,B Y direction=s:up"
	refused "its activation 'Affine' is not supported" "X,W,R,B Y activations=l:Affine,Tanh,Tanh"
	refused "its activations are not a list of 3 names" "X,W,R,B Y activations=l:Tanh"
	refused "its hidden size is 2, its recurrent weights are [1,4,1]" "X,W,R,B Y hidden_size=2"
	refused "its weights [1,4,1] do not have 4 rows in 2 directions" "X,W,R,B Y direction=s:bidirectional activations=l:Tanh,Tanh,Tanh,Tanh,Tanh,Tanh"
	refused "its initial state [1,1,2] is not of 1 directions, 1 images, 1 features" "X,W,R,B,-,h2 Y"
	refused "its weights is computed from data ('c'), a constant expected" "X,c,R,B Y"
}

@test "a sequence that is too long, or that lies in the batch, is refused" {
	rnn_model 1025,1,1
	run --separate-stderr onnx2hn m.onnx -o x.har
	[ "$status" -eq 1 ]
	[[ $stderr == "onnx2hn: m.onnx: node 'r' (RNN): a sequence of 1025 steps would be unrolled into as many blocks of layers (at most 1024 steps)"* ]]
	rnn_model 3,2,1
	run --separate-stderr onnx2hn m.onnx --net-input-format BWC -o x.har
	[ "$status" -eq 1 ]
	[[ $stderr == "onnx2hn: m.onnx: node 'r' (RNN): its steps (dimension 0 of [3,2,1]) are the network's batch (give --net-input-format, as WBC for steps, batch, features)"* ]]
}
