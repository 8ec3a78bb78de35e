# onnx2hn: products of computed tensors, Einsum, attention; values worked out by hand.
# shellcheck disable=SC2154 # status is set by run
load helper
load onnx

# Tokens x [1,2,4]: columns, then features.  Two heads of two
# features each: token 0 is 1 2 | 3 4, token 1 is 5 6 | 7 8.
tokens() {
	arr npy in.npy float32 1,2,4 1 2 3 4 5 6 7 8
}

# Two tokens of two features.
pair() {
	arr npy in.npy float32 1,2,2 5 9 2 6
}

# einsum EQUATION: of x [1,2,4] as its heads a [1,2 tokens,2 heads,2] with itself.
einsum() {
	model <<E
input x 1,2,4
initi four 4 1 2 2 2
node Reshape r x,four a
node Einsum e a,a y equation=s:$1
output y
E
}

@test "heads of attention are groups of two matmuls around a softmax, nothing is moved" {
	model <<'E'
input x 1,2,4
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
input x 1,2,4
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
input x 1,2,4
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
input x 1,2,4
init a 3,2 1 0 0 1 1 1
node MatMul m a,x z
output z
E
	tokens
	infer
	# The tokens are the features of the layer.
	expect 1,4,3 1 5 6 2 6 8 3 7 10 4 8 12
	model <<'E'
input x 1,2,4
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
input x 1,2,4
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
input x 1,2,4
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
input x 1,2,4
node MatMul m x,x z
output z
E
	run --separate-stderr onnx2hn -q m.onnx -o m.har
	[ "$status" -eq 1 ]
	[[ ${stderr_lines[0]} == "onnx2hn: m.onnx: node 'm' (MatMul): its matrices are 2x4 and 2x4"* ]]
}

@test "fused projections: q, k and v are cut where they lie, as Split, Slice, Gather of a leading dimension" {
	local head='input x 1,2,12
initi five 5 1 2 3 2 2
initi four 4 1 2 2 2
initi flat 3 1 2 4
initi sizes 3 4 4 4
initi i0 - 0
initi i1 - 1
initi i2 - 2'
	local tail='node Transpose tk k kt perm=0,1,3,2
node MatMul qk q,kt s
node MatMul sv s,v o
node Transpose to o o1 perm=0,2,1,3
node Reshape ro o1,flat y
output y'
	local lead='node Reshape r x,five r5
node Transpose t r5 t5 perm=2,0,3,1,4'
	local ways=(
		"$lead
node Gather g0 t5,i0 q
node Gather g1 t5,i1 k
node Gather g2 t5,i2 v"
		"$lead
node Split sp t5 a,b,c axis=0
initi zero 1 0
node Squeeze s0 a,zero q
node Squeeze s1 b,zero k
node Squeeze s2 c,zero v"
		"node Split sp x,sizes a,b,c axis=2
node Reshape r0 a,four a4
node Reshape r1 b,four b4
node Reshape r2 c,four c4
node Transpose t0 a4 q perm=0,2,1,3
node Transpose t1 b4 k perm=0,2,1,3
node Transpose t2 c4 v perm=0,2,1,3"
	)
	local way
	# Head 0: q (1 0)(0 1), k (1 2)(3 4), v (1 1)(0 2); head 1: q (2 0)(0 0), k (1 0)(0 1), v (5 6)(7 8).
	arr npy in.npy float32 1,2,12 1 0 2 0 1 2 1 0 1 1 5 6 0 1 0 0 3 4 0 1 0 2 7 8
	for way in "${ways[@]}"; do
		printf '%s\n' "$head" "$way" "$tail" | model
		[[ $(inner) =~ ^(feature_splitter1,|slice1,slice2,slice3,)matmul1,matmul2,$ ]] || { inner; return 1; }
		infer
		# Scores of head 0: 1 3 / 2 4; of head 1: 2 0 / 0 0.
		expect 1,2,4 1 7 10 12 2 10 0 0
	done
}

@test "Einsum with a constant is a convolution in groups: bmchw,bnmc->bmhwn" {
	model <<'E'
input x 1,4,1,2
initi five 5 1 2 2 1 2
initi four 4 1 4 1 2
init w 1,2,2,2 1 0 0 1 2 0 0 -1
node Reshape r x,five a
node Einsum e a,w b equation=s:bmchw,bnmc->bmhwn
node Transpose t b c perm=0,1,4,2,3
node Reshape r2 c,four y
output y
E
	[ "$(inner)" = "conv1," ]
	hn '.layers["n/conv1"].params.groups == 2'
	arr npy in.npy float32 1,1,2,4 1 2 3 4 5 6 7 8
	infer
	# w[n][m][c]: n 0 takes c 0 of group 0 and c 1 of group 1; n 1 twice c 0, minus c 1.
	expect 1,1,2,4 1 2 4 -4 5 10 8 -8
}

@test "Einsum of two tensors: attention forms, dots, no arrow" {
	tokens
	local eq
	for eq in bqhd,bkhd-\>bqhk bqhd,...khd-\>bqhk; do
		einsum "$eq"
		[ "$(inner)" = "matmul1,reshape1," ] || { echo "$eq: $(inner)"; return 1; }
		infer
		# [q][h][k], head 0 (1 2)(5 6), head 1 (3 4)(7 8).
		expect 1,2,2,2 5 17 25 53 17 61 53 113
	done
	einsum bqhd,bkhd
	infer
	# q and k are there once: the heads' scores are summed.
	expect 1,2,2 30 70 70 174
	einsum bqhd,bqhd-\>bqhd
	[ "$(inner)" = "ew_mult1,reshape1," ]
	einsum abcd,efgh-\>abc
	infer
	expect 1,2,2 108 252 396 540
}

@test "Einsum that is no product is refused" {
	local eq
	while IFS='|' read -r eq text; do
		einsum "$eq"
		run --separate-stderr onnx2hn -q m.onnx -o m.har
		[ "$status" -eq 1 ]
		[[ ${stderr_lines[0]} == "onnx2hn: m.onnx: node 'e' (Einsum): $text"* ]] || { echo "$stderr"; return 1; }
	done <<'E'
bqdd,bkhd->bq|a term that repeats index 'd' is not supported
bqhd,bkh->bq|its term 1 has 3 indices for 4 dimensions
bqhd->bqh|its equation has 1 terms for 2 operands
bqhd,bkhd->bqz|index 'z' of its result is in no term
bqhd,bk1d->bq|its equation has a '1'
bqhd,bkhd-bq|its equation is not understood at '-bq'
E
}

@test "a mask of -inf before a softmax is finite in the HN, where it leaves something of each row" {
	model <<'E'
input x 1,2,2
init mask 2,2 0 -inf -1e9 0
node Add a x,mask s
node Softmax p s y axis=-1
output y
E
	[ "$(inner)" = "ew_add1,softmax1," ]
	pair
	infer
	expect 1,2,2 1 0 0 1
	onnx2hn -q m.onnx --net-name n --npz m.npz
	arr get m.npz n/const_input1/value:0 v.npy
	arr npy want.npy float32 1,2,2 0 -1000 -1000 0
	npydiff want.npy v.npy 0
	# The same by a choice.
	model <<'E'
input x 1,2,2
initi hide 2,2 0 1 0 1
initi one - 1
init low - -inf
node Equal eq hide,one c
node Where w c,low,x s
node Softmax p s y axis=-1
output y
E
	infer
	expect 1,2,2 1 0 1 0
}

@test "what constants alone compute is computed: products, softmax, means, norms of learned queries" {
	model <<'E'
opset 13
input y 1,2,2
init q 1,2,2 1 2 3 4
init w 2,2 1 0 1 1
init b 2 10 20
init s 2,2 0 0 0 1.0986123
node MatMul m q,w a
node ReduceMean mean a c axes=-1,
node Sub sub a,c d
node Softmax soft s p axis=-1
node MatMul pm p,d f
node Gemm g w,w,b h transB=1
node MatMul fh f,h k
node MatMul last y,k z
output z
E
	# a 3 2 / 7 4; d .5 -.5 / 1.5 -1.5; p .5 .5 / .25 .75; f 1 -1 / 1.25 -1.25; h 11 21 / 11 22;
	# k 0 -1 / 0 -1.25.
	[ "$(inner)" = "conv1," ]
	arr npy in.npy float32 1,2,2 1 2 3 4
	infer
	expect 1,2,2 0 -3.5 0 -8
	model <<'E'
opset 17
input y 1,2,2
init q 1,2 5 9
init g 2 2 3
init b 2 1 0
node LayerNormalization ln q,g,b c epsilon=f:0
node Mul m y,c z
output z
E
	[ "$(inner)" = "normalization1," ]
	infer
	expect 1,2,2 -1 6 -3 12
}

@test "softmax over keys that lie in the columns: scores of learned queries" {
	model <<'E'
input x 1,2,4
initi four 4 1 2 2 2
initi flat 3 1 2 4
init q 1,2,2,2 1 0 0 1 1 0 0 1
node Reshape r x,four x4
node Transpose tk x4 k perm=0,2,3,1
node MatMul m q,k s
node Softmax soft s p axis=-1
node Transpose t p p1 perm=0,2,1,3
node Reshape r2 p1,flat y
output y
E
	arr npy in.npy float32 1,2,4 0 1.0986123 0 0 1.0986123 0 0 1.0986123
	infer
	# The queries are the features of the layer.
	expect 1,4,2 0.25 0.75 0.75 0.25 0.5 0.25 0.5 0.75
}
