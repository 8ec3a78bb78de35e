# onnx2hn: layer, instance, group and L2 normalization, as operators and spelled out; values by hand.
# shellcheck disable=SC2154 # status is set by run
load helper
load onnx

# Rank-3 inputs are features, then columns; models turn them to tokens x [1,2,2].  Tokens 5 9 and 2 6:
# means 7 and 4, variance 4.
pair() {
	arr npy in.npy float32 1,2,2 5 9 2 6
}

# spelled LINE...: a layer norm whose difference is d and whose result is n.
spelled() {
	{
		printf '%s\n' 'input x 1,2,2' 'init two - 2' 'init half - 0.5' 'init e - 0' 'init one - 1' \
			'init minus - -0.5' 'node ReduceMean m x mean axes=-1,' 'node Sub d x,mean d' "$@" \
			'init s 2 2 3' 'init b 2 1 0' 'node Mul gamma n,s g' 'node Add beta g,b y' 'output y'
	} | model
}

@test "LayerNormalization is one layer with its scale and bias" {
	model <<'E'
opset 17
input x 1,2,2
init s 2 2 3
init b 2 1 0
node LayerNormalization ln x,s,b y epsilon=f:0
output y
E
	[ "$(inner)" = "layer_normalization1," ]
	pair
	infer
	expect 1,2,2 -1 3 -1 3
	model <<'E'
opset 17
input x 1,2,2
init s 2,2 2 3 4 5
node LayerNormalization ln x,s y axis=1 epsilon=f:2.75
output y
E
	# Over both tokens: mean 5.5, variance 6.25 + 2.75; a scale by token is a layer of its own.
	[ "$(inner)" = "layer_normalization1,ew_mult1," ]
	pair
	infer
	expect 1,2,2 -0.33333333 3.5 -4.6666667 0.83333333
}

@test "layer norms spelled out become the layer, in every exporter's way" {
	local var='node ReduceMean v d2 v axes=-1,|node Add e v,e w'
	local ways=(
		"node Pow p d,two d2|$var|node Sqrt q w z|node Div n d,z n"
		"node Mul p d,d d2|$var|node Sqrt q w z|node Reciprocal r z i|node Mul n d,i n"
		"node Mul p d,d d2|$var|node Sqrt q w z|node Div r one,z i|node Mul n i,d n"
		"node Sub dd x,mean d9|node Pow p d9,two d2|$var|node Pow q w,half z|node Div n d,z n"
		"node Pow p d,two d2|$var|node Pow q w,minus i|node Mul n d,i n"
	)
	local way lines
	for way in "${ways[@]}"; do
		IFS='|' read -ra lines <<< "$way"
		spelled "${lines[@]}"
		[ "$(inner)" = "layer_normalization1," ] || { echo "$way: $(inner)"; return 1; }
		hn '.layers["n/layer_normalization1"].original_names | length >= 8'
		pair
		infer
		expect 1,2,2 -1 3 -1 3
	done
}

@test "a layer norm as Keras computes it: x s + (bias - mean s)" {
	model <<'E'
input x 1,2,2
init g 2 2 3
init b 2 1 0
init e - 0
node ReduceMean m x mean axes=-1,
node Sub d x,mean d
node Mul dd d,d d2
node ReduceMean v d2 v axes=-1,
node Add e v,e w
node Sqrt q w z
node Reciprocal r z i
node Mul ig i,g s
node Mul xs x,s xs
node Mul ms mean,s ms
node Sub rest b,ms rest
node Add y xs,rest y
output y
E
	[ "$(inner)" = "layer_normalization1," ]
	pair
	infer
	expect 1,2,2 -1 3 -1 3
}

@test "instance and group normalization run over rows and columns" {
	model <<'E'
input x 1,2,2,2
init s 2 2 1
init b 2 0 5
node InstanceNormalization in x,s,b y epsilon=f:0
output y
E
	[ "$(inner)" = "layer_normalization1," ]
	arr npy in.npy float32 1,2,2,2 1 0 1 4 3 0 3 4
	infer
	expect 1,2,2,2 -2 4 -2 6 2 4 2 6
	model <<'E'
input x 1,4,1,2
initi groups 3 1 2 -1
initi back 4 1 4 1 2
init ones 2 1 1
init zeros 2 0 0
init s 4,1,1 1 2 3 4
init b 4,1,1 0 0 0 1
node Reshape r x,groups g
node InstanceNormalization in g,ones,zeros h epsilon=f:0
node Reshape r2 h,back k
node Mul m k,s l
node Add a l,b y
output y
E
	[ "$(inner)" = "layer_normalization1," ]
	# Group 0: 1 1 3 3, group 1: 10 20 20 10.
	arr npy in.npy float32 1,1,2,4 1 3 10 20 1 3 20 10
	infer
	expect 1,1,2,4 -1 2 -3 5 -1 2 3 -3
}

@test "euclidean length: LpNormalization" {
	model <<'E'
input x 1,2,2
node LpNormalization l x y axis=-1 p=2
output y
E
	[ "$(inner)" = "layer_normalization1," ]
	arr npy in.npy float32 1,2,2 3 4 -5 12
	infer
	expect 1,2,2 0.6 0.8 -0.38461538 0.92307692
}

@test "euclidean length spelled out: torch's normalize, a root of a sum of squares" {
	local line
	for line in 'node ReduceL2 l x l axes=-1,|node Clip c l,least c|node Shape s x s|node Expand e c,s d|node Div v x,d y' \
		'node ReduceL2 l x l axes=-1,|node Clip c l,least c|initi s 3 1 2 2|node Expand e c,s d|node Div v x,d y' \
		'node Mul m x,x m|initi ax 1 -1|node ReduceSum r m,ax r|node Sqrt q r d|node Div v x,d y' \
		'init two - 2|node Pow m x,two m|initi ax 1 2|node ReduceSum r m,ax r|node Sqrt q r d|node Max w d,least d2|node Div v x,d2 y'; do
		printf '%s\n' 'input x 1,2,2' 'init least - 1e-12' "$line" 'output y' |
			tr '|' '\n' | model
		[ "$(inner)" = "layer_normalization1," ] || { echo "$line: $(inner)"; return 1; }
		arr npy in.npy float32 1,2,2 3 4 -5 12
		infer
		expect 1,2,2 0.6 0.8 -0.38461538 0.92307692
	done
	# A length that is repeated to another shape is none of x's.
	model <<'E'
input x 1,2,1,1
initi s 4 1 2 1 3
node ReduceL2 l x l axes=1,
node Expand e l,s d
node Div v x,d y
output y
E
	run --separate-stderr onnx2hn -q m.onnx -o m.har
	[ "$status" -eq 1 ]
	[[ ${stderr_lines[0]} == "onnx2hn: m.onnx: node 'v' (L2NORM): it repeats the length of [1,2,1,1] to another shape"* ]]
}
