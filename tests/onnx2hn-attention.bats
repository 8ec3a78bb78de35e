# onnx2hn: products of computed tensors, attention and normalizations; values worked out by hand.
# shellcheck disable=SC2154 # status is set by run
load helper
load onnx

# Rank-3 inputs are features, then columns; models turn them to tokens x [1,2,4].  Two heads of x, two of two features each: token 0 is 1 2 | 3 4, token 1 is 5 6 | 7 8.
tokens() {
	arr npy in.npy float32 1,2,4 1 2 3 4 5 6 7 8
}

@test "heads of attention are groups of two matmuls around a softmax, nothing is moved" {
	model <<'E'
input x0 1,4,2
node Transpose tokens x0 x perm=0,2,1
initi heads 4 1 2 2 2
initi flat 3 1 2 4
init two - 2
init mask 2,2,2 -1e9 0 0 -1e9 0 -1e9 0 -1e9
node Reshape r x,heads x4
node Transpose tq x4 q perm=0,2,1,3
node Transpose tk x4 k perm=0,2,3,1
node Transpose tv x4 v perm=0,2,1,3
node MatMul qk q,k s
node Div scale s,two s1
node Add masked s1,mask s2
node Softmax soft s2 p axis=-1
node MatMul pv p,v o
node Transpose to o o1 perm=0,2,1,3
node Reshape ro o1,flat y
output y
E
	[ "$(inner)" = "matmul1,normalization1,ew_add1,softmax1,matmul2," ]
	hn '.layers["n/matmul1"].params == {"transpose_matmul_input": true, "groups": 2}'
	hn '.layers["n/matmul2"].params == {"groups": 2} and .layers["n/softmax1"].params == {"groups": 2}'
	hn '.layers["n/matmul1"].output_shapes == [[-1, 2, 4]]'
	tokens
	infer
	# The mask leaves one key: the first head swaps the tokens, the second takes token 0 twice.
	expect 1,2,4 5 6 3 4 1 2 3 4
}

@test "a product without softmax sums over keys, each head on its own" {
	model <<'E'
input x0 1,4,2
node Transpose tokens x0 x perm=0,2,1
initi heads 4 1 2 2 2
node Reshape r x,heads x4
node Transpose tq x4 q perm=0,2,1,3
node Transpose tk x4 k perm=0,2,3,1
initi flat 3 1 2 4
node MatMul qk q,k s
node Transpose t s s1 perm=0,2,1,3
node Reshape r2 s1,flat y
output y
E
	[ "$(inner)" = "matmul1," ]
	tokens
	infer
	# Scores by token: head 0 (1 2)(5 6), head 1 (3 4)(7 8).
	expect 1,2,4 5 17 25 53 17 61 53 113
}

@test "operands that lie otherwise are turned, rows stay rows" {
	model <<'E'
input x 1,2,2,3
node Transpose t x y perm=0,1,3,2
node MatMul m x,y z
output z
E
	# NCHW: features are the batch of the product, columns the sum.
	arr npy in.npy float32 1,2,3,2 1 10 2 20 3 30 4 40 5 50 6 60
	infer
	# Feature 0: rows 1 2 3 and 4 5 6; feature 1: ten times that.  Features are the output's rows.
	expect 1,2,2,2 14 32 32 77 1400 3200 3200 7700
	model <<'E'
input x0 1,4,2
node Transpose tokens x0 x perm=0,2,1
node Transpose t x y perm=0,2,1
node MatMul m y,x z
output z
E
	tokens
	infer
	# x' x: 4x4 over the two tokens.
	expect 1,4,4 26 32 38 44 32 40 48 56 38 48 58 68 44 56 68 80
}

@test "a constant first operand mixes tokens, constants of several heads are groups" {
	model <<'E'
input x0 1,4,2
node Transpose tokens x0 x perm=0,2,1
init a 3,2 1 0 0 1 1 1
node MatMul m a,x z
output z
E
	tokens
	infer
	# The tokens are the features of the layer.
	expect 1,4,3 1 5 6 2 6 8 3 7 10 4 8 12
	model <<'E'
input x0 1,4,2
node Transpose tokens x0 x perm=0,2,1
initi heads 4 1 2 2 2
init w 2,2,1 1 1 1 -1
node Reshape r x,heads x4
node Transpose tq x4 q perm=0,2,1,3
node MatMul m q,w z
output z
E
	[ "$(inner)" = "conv1," ]
	hn '.layers["n/conv1"].params.groups == 2'
	tokens
	infer
	expect 1,2,2 3 -1 11 -1
}

@test "Gemm of two tensors, with its factors, and Gemm over rows of tokens" {
	model <<'E'
input x0 1,4,2
node Transpose tokens x0 x perm=0,2,1
initi flat 2 2 4
init c 2 1 0
node Reshape r x,flat a
node Gemm g a,a,c z transB=1 alpha=f:2 beta=f:3
output z
E
	tokens
	infer
	expect 1,2,2 63 140 143 348
	model <<'E'
input x0 1,4,2
node Transpose tokens x0 x perm=0,2,1
initi flat 2 2 4
init w 1,4 1 0 0 1
init c 1 10
node Reshape r x,flat a
node Gemm g a,w,c z transB=1
output z
E
	[ "$(inner)" = "conv1," ]
	tokens
	infer
	expect 1,2,1 15 23
}

@test "matrices that do not multiply are refused by node" {
	model <<'E'
input x0 1,4,2
node Transpose tokens x0 x perm=0,2,1
node MatMul m x,x z
output z
E
	run --separate-stderr onnx2hn -q m.onnx -o m.har
	[ "$status" -eq 1 ]
	[[ ${stderr_lines[0]} == "onnx2hn: m.onnx: node 'm' (MatMul): its matrices are 2x4 and 2x4"* ]]
}

# Tokens 5 9 and 2 6: means 7 and 4, variance 4.
pair() {
	arr npy in.npy float32 1,2,2 5 9 2 6
}

@test "LayerNormalization is one layer with its scale and bias" {
	model <<'E'
opset 17
input x0 1,2,2
node Transpose tokens x0 x perm=0,2,1
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
input x0 1,2,2
node Transpose tokens x0 x perm=0,2,1
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

# spelled LINE...: a layer norm whose difference is d and whose result is n.
spelled() {
	{
		printf '%s\n' 'input x0 1,2,2' 'node Transpose tokens x0 x perm=0,2,1' 'init two - 2' 'init half - 0.5' 'init e - 0' 'init one - 1' \
			'init minus - -0.5' 'node ReduceMean m x mean axes=-1,' 'node Sub d x,mean d' "$@" \
			'init s 2 2 3' 'init b 2 1 0' 'node Mul gamma n,s g' 'node Add beta g,b y' 'output y'
	} | model
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
input x0 1,2,2
node Transpose tokens x0 x perm=0,2,1
node LpNormalization l x y axis=-1 p=2
output y
E
	[ "$(inner)" = "layer_normalization1," ]
	arr npy in.npy float32 1,2,2 3 4 -5 12
	infer
	expect 1,2,2 0.6 0.8 -0.38461538 0.92307692
}
