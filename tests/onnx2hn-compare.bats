# onnx2hn: comparisons, choices, one-hot, log-softmax, tiles, gathers and pads; values worked out by hand.
# shellcheck disable=SC2154 # output and status are set by run
load helper
load onnx

# x [1,2,1,3]: channels -2 -1 0 and 1 2 3; NHWC in the file.
setup_x() {
	arr npy in.npy float32 1,1,3,2 -2 1 -1 2 0 3
}

# run_nodes "NODE LINES": the model from x to y, and its output.
run_nodes() {
	printf 'input x 1,2,1,3\n%s\noutput y\n' "$1" | model
	setup_x
	infer
}

@test "a comparison with a number is an activation, whichever side the number is on" {
	run_nodes $'init t - 0\nnode Greater c x,t b\nnode Cast k b y to=1'
	[ "$(inner)" = "activation1," ]
	expect 1,1,3,2 0 1 0 1 0 1
	run_nodes $'init t - 0\nnode Greater c t,x b\nnode Cast k b y to=1'
	hn '.layers["n/activation1"].params.activation == "less"'
	expect 1,1,3,2 1 0 1 0 0 0
	run_nodes $'init t - 0\nnode GreaterOrEqual c x,t b\nnode Cast k b y to=1'
	expect 1,1,3,2 0 1 0 1 1 1
	run_nodes $'init t - -1\nnode LessOrEqual c x,t b\nnode Cast k b y to=1'
	expect 1,1,3,2 1 0 1 0 0 0
	run_nodes $'init t - 2\nnode Equal c x,t b\nnode Cast k b y to=1'
	expect 1,1,3,2 0 0 0 1 0 0
	run_nodes $'init t - 2\nnode Less c x,t b\nnode Not n b m\nnode Cast k m y to=1'
	expect 1,1,3,2 0 0 0 1 0 1
	run_nodes $'node Sign s x y'
	expect 1,1,3,2 -1 1 -1 1 0 1
}

@test "a comparison with values that vary, or with a tensor, is one of the difference with 0" {
	# Per channel: 0 is compared with -1, 1 with 2.
	run_nodes $'init t 2,1,1 -1 2\nnode Greater c x,t b\nnode Cast k b y to=1'
	[ "$(inner)" = "normalization1," ]
	expect 1,1,3,2 0 0 0 0 1 1
	run_nodes $'node Neg g x z\nnode Less c x,z b\nnode Cast k b y to=1'
	expect 1,1,3,2 1 0 1 0 0 0
	run_nodes $'init o - 1\ninit l - -1\nnode Greater a x,o p\nnode Less b x,l q\nnode Or or p,q r\nnode Cast k r y to=1'
	expect 1,1,3,2 1 0 0 1 0 1
	run_nodes $'init o - 2\ninit l - -1\nnode Less a x,o p\nnode Greater b x,l q\nnode And and p,q r\nnode Cast k r y to=1'
	expect 1,1,3,2 0 1 0 0 1 0
}

@test "a choice is arithmetic with the truth value" {
	run_nodes $'init t - 0\ninit a - 5\ninit o - -3\nnode Greater c x,t b\nnode Where w b,a,o y'
	expect 1,1,3,2 -3 5 -3 5 -3 5
	run_nodes $'init t - 1\ninit s - 7\nnode Greater c x,t b\nnode Where w b,x,s y'
	expect 1,1,3,2 7 7 7 2 7 3
	run_nodes $'init t - 1\ninit s - 7\nnode Greater c x,t b\nnode Where w b,s,x y'
	expect 1,1,3,2 -2 1 -1 7 0 7
	run_nodes $'init t - 0\nnode Greater c x,t b\nnode Mul q x,x z\nnode Where w b,x,z y'
	expect 1,1,3,2 4 1 1 2 0 3
	printf 'input x 1,2,1,3\ninit t - 0\ninit s - inf\nnode Greater c x,t b\nnode Where w b,x,s y\noutput y\n' | model
	run ! onnx2hn -q m.onnx -o m.har
	[[ "$output" == *"node 'w' (Where): it chooses inf, which no integer stands for"* ]]
}

@test "threshold and delta are one activation" {
	run_nodes $'init t - 1\nnode Greater c x,t b\nnode Cast k b m to=1\nnode Mul z x,m y'
	[ "$(layers | grep activation1)" = "activation1 activation threshold" ]
	expect 1,1,3,2 0 0 0 2 0 3
	run_nodes $'init t - 1\nnode GreaterOrEqual c x,t b\nnode Cast k b m to=1\nnode Mul z m,x y'
	[ "$(layers | grep activation1)" = "activation1 activation threshold" ]
	expect 1,1,3,2 0 1 0 2 0 3
	run_nodes $'init t - 0\ninit z - 0\nnode Greater c x,t b\nnode Where w b,x,z y'
	[ "$(layers | grep activation1)" = "activation1 activation threshold" ]
	expect 1,1,3,2 0 1 0 2 0 3
	run_nodes $'init z - 0\ninit k - 4\nnode Equal c x,z b\nnode Where w b,z,k y'
	[ "$(layers | grep activation1)" = "activation1 activation delta" ]
	expect 1,1,3,2 4 4 4 4 0 4
	run_nodes $'init z - 0\nnode Equal c x,z b\nnode Not n b m\nnode Cast k m y to=1'
	[ "$(layers | grep activation1)" = "activation1 activation delta" ]
	expect 1,1,3,2 1 1 1 1 0 1
	run_nodes $'node Cast c x b to=9\nnode Cast k b y to=1'
	expect 1,1,3,2 1 1 1 1 0 1
}

@test "gelu with tanh, as exporters spell it, is one activation" {
	run_nodes $'init c - 0.044715\ninit s - 0.7978845608\ninit one - 1\ninit h - 0.5
node Mul a x,x x2\nnode Mul b x,x2 x3\nnode Mul d c,x3 t\nnode Add e x,t u\nnode Mul f s,u v\nnode Tanh g v w
node Add i one,w z\nnode Mul j x,z k\nnode Mul l h,k y'
	[ "$(layers | grep activation1)" = "activation1 activation gelu_tanh" ]
	# 0.5 x (1 + tanh(0.79788456 (x + 0.044715 x^3))) by a calculator.
	expect 1,1,3,2 -0.0454023 0.841192 -0.158808 1.9545977 0 2.9963628
	run_nodes $'init c - 0.044715\ninit s - 0.7978845608\ninit one - 1\ninit h - 0.5\ninit three - 3
node Pow b x,three x3\nnode Mul d x3,c t\nnode Add e x,t u\nnode Mul f u,s v\nnode Tanh g v w
node Add i w,one z\nnode Mul l x,h k\nnode Mul j k,z y'
	[ "$(layers | grep activation1)" = "activation1 activation gelu_tanh" ]
}

@test "one-hot compares an index with every place; a negative one counts from the end" {
	arr npy in.npy float32 1,1,2,3 0 5 1 9 2 3
	printf 'input x 1,3,1,2\ninit v 2 0 1\ninit d - 3\nnode ArgMax a x i axis=1 keepdims=0\nnode OneHot o i,d,v y\noutput y\n' | model
	infer
	# The largest features are 1 and 0; the features of the result come last.
	hn '[.layers[] | select(.type == "conv")] | length == 1'
	expect 1,1,2,3 0 1 0 1 0 0
	arr npy in.npy float32 1,3 0 -1 2
	printf 'input x 1,3\ninit v 2 1 4\ninit d - 4\nnode OneHot o x,d,v y axis=-2\noutput y\n' | model
	infer
	# [1,4,3]: features come second; columns 0, 3 and 2 are on.
	expect 1,3,4 4 1 1 1 1 1 1 4 1 1 4 1
}

@test "log-softmax and the log of a sum of exponentials do not overflow" {
	arr npy in.npy float32 1,4 1000 1000 1000 1000
	printf 'input x 1,4\nnode LogSoftmax l x y\noutput y\n' | model
	infer
	expect 1,4 -1.3862944
	arr npy in.npy float32 1,1,1,3 0 0.69314718 1.60943791
	printf 'input x 1,3,1,1\nnode LogSoftmax l x y axis=1\noutput y\n' | model
	infer
	# exp: 1 2 5 of 8
	expect 1,1,1,3 -2.0794415 -1.3862944 -0.4700036
	printf 'input x 1,3,1,1\nnode ReduceLogSumExp l x y axes=1,\noutput y\n' | model
	infer
	expect 1,1,1,1 2.0794415
}

@test "tiles and gathers in any order are concatenations" {
	run_nodes $'initi r 4 1 2 1 1\nnode Tile t x,r y'
	expect 1,1,3,4 -2 1 -2 1 -1 2 -1 2 0 3 0 3
	run_nodes $'initi r 4 1 1 2 1\nnode Tile t x,r y'
	expect 1,2,3,2 -2 1 -1 2 0 3 -2 1 -1 2 0 3
	run_nodes $'initi i 3 2 0 1\nnode Gather g x,i y axis=3'
	[ "$(inner)" = "slice1,slice2,concat1," ]
	expect 1,1,3,2 0 3 -2 1 -1 2
	run_nodes $'initi i 2 -1 0\nnode Gather g x,i y axis=1'
	expect 1,1,3,2 1 -2 2 -1 3 0
	run_nodes $'initi i 2 0 2\nnode Gather g x,i y axis=3'
	[ "$(inner)" = "slice1," ]
	expect 1,1,2,2 -2 1 0 3
}

@test "negative pads cut, features are padded by constants" {
	run_nodes $'initi p 8 0 0 0 -1 0 0 0 1\nnode Pad d x,p y'
	[ "$(inner)" = "slice1,external_pad1," ]
	expect 1,1,3,2 -1 2 0 3 0 0
	run_nodes $'initi p 8 0 1 0 0 0 2 0 0\ninit v - 9\nnode Pad d x,p,v y'
	expect 1,1,3,5 9 -2 1 9 9 9 -1 2 9 9 9 0 3 9 9
	printf 'input x 1,2,1,3\niniti p 8 0 0 0 -2 0 0 0 -1\nnode Pad d x,p y\noutput y\n' | model
	run ! onnx2hn -q m.onnx -o m.har
	[[ "$output" == *"node 'd' (Pad): its pads cut all of dimension 3 of [1,2,1,3]"* ]]
}
