# The interpreter of ONNX nodes behind hn-compare: each family of operators against values worked out
# by hand.
load helper

#   gives EXPECTED STATEMENT...   EXPECTED: "[shape] values" of y, the model is the statements
#   fails MESSAGE STATEMENT...    it cannot be run
#   x SHAPE VALUE...              the input x
x() {
	arr npy x.npy float32 "$@"
	X=$1
}

gives() {
	local expect=$1
	shift
	printf '%s\n' "input x $X" "$@" 'output y' | mkonnx m.onnx
	run -0 oracle m.onnx x.npy -- y
	[ "$output" = "$expect" ] || report "expected: $expect, from: $*"
}

fails() {
	local expect=$1
	shift
	printf '%s\n' "input x $X" "$@" 'output y' | mkonnx m.onnx
	run oracle m.onnx x.npy -- y
	[ "$output" = "$expect" ] || report "expected: $expect, from: $*"
	[ "$status" -ne 0 ]
}

@test "functions of one value" {
	x 4 -2 0 0.5 3
	gives '[4] 2 0 0.5 3' 'node Abs n x y'
	gives '[4] 2 -0 -0.5 -3' 'node Neg n x y'
	gives '[4] -1 0 1 1' 'node Sign n x y'
	gives '[4] -2 0 0 3' 'node Floor n x y'
	gives '[4] -2 0 1 3' 'node Ceil n x y'
	gives '[4] -2 0 0 3' 'node Round n x y'
	gives '[4] 0 0 0.5 3' 'node Relu n x y'
	gives '[4] -0.5 0 0.5 3' 'node LeakyRelu n x y alpha=f:0.25'
	gives '[4] 0 0.5 0.75 1' 'node HardSigmoid n x y alpha=f:0.5 beta=f:0.5'
	gives '[4] -0.666667 0 0.333333 0.75' 'node Softsign n x y'
	gives '[4] 0 0 0 3' 'node ThresholdedRelu n x y'
	gives '[4] -1 0 0.5 1' 'node Clip n x,lo,hi y' 'init lo - -1' 'init hi - 1'
	gives '[4] -1 0 0.5 3' 'opset 8' 'node Clip n x y min=f:-1'
	# sigma(ln 3) = 3/4, tanh(ln 3) = 4/5, softplus(0) = ln 2
	x 2 1.0986123 0
	gives '[2] 0.75 0.5' 'node Sigmoid n x y'
	gives '[2] 0.8 0' 'node Tanh n x y'
	gives '[2] 1.38629 0.693147' 'node Softplus n x y'
	gives '[2] 3 1' 'node Exp n x y'
	gives '[2] 0.842701 0' 'node Mul k x,h z' 'init h 2 0.9102392 1' 'node Erf n z y'
	x 2 0 1
	gives '[2] 0 0.841345' 'opset 20' 'node Gelu n x y'
	gives '[2] 0 0.841192' 'opset 20' 'node Gelu n x y approximate=s:tanh'
}

@test "functions of two values broadcast from the last dimension" {
	x 2,3 1 2 3 4 5 6
	gives '[2,3] 11 22 33 14 25 36' 'node Add n x,b y' 'init b 3 10 20 30'
	gives '[2,3] 0 1 2 2 3 4' 'node Sub n x,b y' 'init b 2,1 1 2'
	gives '[2,2,3] 1 2 3 4 5 6 2 4 6 8 10 12' 'node Mul n x,b y' 'init b 2,1,1 1 2'
	gives '[2,3] 1 1 1.5 4 2.5 3' 'node Div n x,b y' 'init b 3 1 2 2'
	gives '[2,3] 1 4 9 16 25 36' 'node Pow n x,b y' 'init b - 2'
	gives '[2,3] 3 3 3 4 5 6' 'node Max n x,b y' 'init b - 3'
	gives '[2,3] 1 2 3 3 3 3' 'node Min n x,b y' 'init b - 3'
	gives '[2,3] 2 4 6 8 10 12' 'node Sum n x,x y'
	gives '[2,3] 1 2 0 1 2 0' 'node Mod n x,b y fmod=1' 'init b - 3'
	gives '[2,3] 0 0 0 1 1 1' 'node Greater n x,b y' 'init b - 3'
	gives '[2,3] 0 0 1 1 1 1' 'node GreaterOrEqual n x,b y' 'init b - 3'
	gives '[2,3] 1 1 0 0 0 0' 'node Less n x,b y' 'init b - 3'
	gives '[2,3] 1 1 1 0 0 0' 'node LessOrEqual n x,b y' 'init b - 3'
	gives '[2,3] 0 0 1 0 0 0' 'node Equal n x,b y' 'init b - 3'
	gives '[2,3] 1 1 0 1 1 1' 'node Equal e x,b z' 'node Not n z y' 'init b - 3'
	gives '[2,3] 0 0 0 4 5 6' 'node Less e x,b z' 'node Where n z,o,x y' 'init b - 4' 'init o - 0'
	gives '[2,3] -1 -2 -3 -8 -10 -12' 'node Neg g x z' 'node PRelu n z,s y' 'init s 2,1 1 2'
	# Integers divide towards zero, Mod has the divisor's sign.
	gives '[2] -2 1' 'node Div n a,b y' 'initi a 2 -7 5' 'initi b 2 3 4'
	gives '[2] 2 1' 'node Mod n a,b y' 'initi a 2 -7 5' 'initi b 2 3 4'
}

@test "convolutions of one to three dimensions, with groups, padding, strides, dilations" {
	x 1,1,4 1 2 3 4
	gives '[1,1,4] 3 6 9 7' 'node Conv n x,w y pads=1,1' 'init w 1,1,3 1'
	gives '[1,1,2] 4 6' 'node Conv n x,w y dilations=2,' 'init w 1,1,2 1'
	gives '[1,1,2] 3.5 7.5' 'node Conv n x,w,b y strides=2,' 'init w 1,1,2 1 1' 'init b 1 0.5'
	x 1,2,2,2 1 2 3 4 5 6 7 8
	gives '[1,2,1,1] 10 52' 'node Conv n x,w y group=2' 'init w 2,1,2,2 1 1 1 1 2 2 2 2'
	gives '[1,1,2,2] 6 8 10 12' 'node Conv n x,w y' 'init w 1,2,1,1 1'
	gives '[1,1,2,2] 10 6 7 4' 'node Slice s x,o,t,a z' 'initi o 1 0' 'initi t 1 1' 'initi a 1 1' \
		'node Conv n z,w y auto_pad=s:SAME_UPPER' 'init w 1,1,2,2 1'
	x 1,1,2,2,2 1 2 3 4 5 6 7 8
	gives '[1,1,1,1,1] 36' 'node Conv n x,w y' 'init w 1,1,2,2,2 1'
	x 1,1,2,2 1 2 3 4
	gives '[1,1,3,3] 1 3 2 4 10 6 3 7 4' 'node ConvTranspose n x,w y' 'init w 1,1,2,2 1'
	gives '[1,1,4,4] 1 1 2 2 1 1 2 2 3 3 4 4 3 3 4 4' \
		'node ConvTranspose n x,w y strides=2,2' 'init w 1,1,2,2 1'
	gives '[1,1,1,1] 10.5' 'node ConvTranspose n x,w,b y pads=1,1,1,1' 'init w 1,1,2,2 1' 'init b 1 0.5'
}

@test "pooling" {
	x 1,1,3,3 1 2 3 4 5 6 7 8 9
	gives '[1,1,2,2] 5 6 8 9' 'node MaxPool n x y kernel_shape=2,2'
	gives '[1,1,2,2] 3 4 6 7' 'node AveragePool n x y kernel_shape=2,2'
	gives '[1,1,2,2] 5 6 8 9' 'node MaxPool n x y kernel_shape=2,2 strides=2,2 ceil_mode=1'
	gives '[1,1,2,2] 1 2.5 5.5 7' 'node AveragePool n x y kernel_shape=2,2 strides=2,2 pads=1,1,0,0'
	gives '[1,1,2,2] 0.25 1.25 2.75 7' \
		'node AveragePool n x y kernel_shape=2,2 strides=2,2 pads=1,1,0,0 count_include_pad=1'
	gives '[1,1,1,1] 9' 'node MaxPool n x y kernel_shape=2,2 dilations=2,2'
	gives '[1,1,1,1] 8' 'node MaxPool n x v,y kernel_shape=3,3'
	gives '[1,1,1,1] 5' 'node GlobalAveragePool n x y'
	gives '[1,1,1,1] 9' 'node GlobalMaxPool n x y'
}

@test "products: MatMul, Gemm, Einsum" {
	x 2,2 1 2 3 4
	gives '[2,2] 7 10 15 22' 'node MatMul n x,x y'
	gives '[2] 3 7' 'node MatMul n x,b y' 'init b 2 1 1'
	gives '[3,2,2] 1 2 3 4 2 4 6 8 3 6 9 12' 'node MatMul n x,b y' \
		'init b 3,2,2 1 0 0 1 2 0 0 2 3 0 0 3'
	gives '[2,2] 10.5 14.5 14.5 20.5' 'node Gemm n x,x,c y transA=1' 'init c 1 0.5'
	gives '[2,2] 1 3 2 4' 'node Einsum n x y equation=s:ij->ji'
	gives '[] 10' 'node Einsum n x y equation=s:ij->'
	gives '[2] 1 4' 'node Einsum n x y equation=s:ii->i'
	gives '[2,2] 7 10 15 22' 'node Einsum n x,x y equation=s:ij,jk'
	gives '[3,2] 3 7 6 14 9 21' 'node Einsum n b,x y equation=s:...j,ij->...i' 'init b 3,2 1 1 2 2 3 3'
}

@test "normalizations and softmax" {
	x 1,2,2 1 3 2 6
	gives '[1,2,2] 1 5 -1 1' 'node BatchNormalization n x,s,b,m,v y epsilon=f:0' \
		'init s 2 2 1' 'init b 2 1 0' 'init m 2 1 4' 'init v 2 1 4'
	gives '[1,2,2] -1 1 -3 3' 'node InstanceNormalization n x,s,b y epsilon=f:0' 'init s 2 1 3' 'init b 2 0'
	gives '[1,2,2] -1 2 -1 2' 'node LayerNormalization n x,s,b y epsilon=f:0' 'opset 17' \
		'init s 2 1 2' 'init b 2 0'
	gives '[1,2,2] 0.25 0.75 0.25 0.75' 'node LpNormalization n x y p=1'
	gives '[1,2,2] 0 0 1 1' 'node Hardmax n x y axis=1'
	gives '[1,2,2] 0.25 0.75 0.5 0.5' 'node Log l c z' 'node Softmax n z y axis=-1' 'init c 1,2,2 1 3 2 2'
	gives '[1,2,2] -1.38629 -0.287682 -0.693147 -0.693147' 'node Log l c z' \
		'node LogSoftmax n z y axis=-1' 'init c 1,2,2 1 3 2 2'
	# Before opset 13 all dimensions from the axis on are one.
	gives '[1,2,2] 0.125 0.375 0.25 0.25' 'opset 11' 'node Log l c z' 'node Softmax n z y axis=1' \
		'init c 1,2,2 1 3 2 2'
	x 1,3,1,1 1 2 3
}

@test "reductions" {
	x 2,3 1 2 3 4 5 6
	gives '[1,1] 21' 'node ReduceSum n x y'
	gives '[2] 6 15' 'node ReduceSum n x,a y keepdims=0' 'initi a 1 1'
	gives '[1,3] 2.5 3.5 4.5' 'node ReduceMean n x y axes=0,'
	gives '[2,1] 3 6' 'node ReduceMax n x y axes=-1,'
	gives '[2,1] 1 4' 'node ReduceMin n x y axes=-1,'
	gives '[2,1] 6 120' 'node ReduceProd n x y axes=1,'
	gives '[2,1] 14 77' 'node ReduceSumSquare n x y axes=1,'
	gives '[2] 5 13' 'node ReduceL2 n c y axes=1, keepdims=0' 'init c 2,2 3 -4 5 12'
	gives '[2] 7 17' 'node ReduceL1 n c y axes=1, keepdims=0' 'init c 2,2 3 -4 5 12'
	gives '[1] 1.38629' 'node Log l c z' 'node ReduceLogSumExp n z y axes=0, keepdims=1' 'init c 2 1 3'
	gives '[2,1] 2 2' 'node ArgMax n x y axis=1'
	gives '[3] 0 0 0' 'node ArgMin n x y axis=0 keepdims=0'
	gives '[2,3] 1 3 6 4 9 15' 'node CumSum n x,a y' 'initi a - 1'
	gives '[2,3] 5 3 0 11 6 0' 'node CumSum n x,a y exclusive=1 reverse=1' 'initi a - 1'
	gives '[2,2] 3 2 6 5' 'node TopK n x,k y,i' 'initi k 1 2'
	gives '[2,2] 0 1 0 1' 'node TopK n x,k v,y largest=0' 'initi k 1 2'
}

@test "moves" {
	x 2,3 1 2 3 4 5 6
	gives '[3,2] 1 4 2 5 3 6' 'node Transpose n x y'
	gives '[3,2] 1 2 3 4 5 6' 'node Reshape n x,s y' 'initi s 2 3 -1'
	gives '[2,3,1] 1 2 3 4 5 6' 'node Reshape n x,s y' 'initi s 3 0 0 1'
	gives '[1,6] 1 2 3 4 5 6' 'node Flatten n x y axis=0'
	gives '[1,2,3] 1 2 3 4 5 6' 'node Unsqueeze n x,a y' 'initi a 1 0'
	gives '[2,6] 1 2 3 1 2 3 4 5 6 4 5 6' 'node Concat n x,x y axis=1'
	gives '[2,1] 3 6' 'node Split n x,s u,y axis=1' 'initi s 2 2 1'
	gives '[2,2] 3 1 6 4' 'node Slice n x,s,e,a,t y' 'initi s 1 2' 'initi e 1 -9' 'initi a 1 1' 'initi t 1 -2'
	gives '[1,3] 4 5 6' 'opset 9' 'node Slice n x y starts=-1, ends=9, axes=0,'
	gives '[2,2,3] 1 2 3 4 5 6 1 2 3 4 5 6' 'node Expand n x,s y' 'initi s 3 2 1 1'
	gives '[2,6] 1 2 3 1 2 3 4 5 6 4 5 6' 'node Tile n x,s y' 'initi s 2 1 2'
	gives '[3,3] 1 2 3 4 5 6 9 9 9' 'node Pad n x,p,v y' 'initi p 4 0 0 1 0' 'init v - 9'
	gives '[2,5] 3 2 1 2 3 6 5 4 5 6' 'node Pad n x,p y mode=s:reflect' 'initi p 4 0 2 0 0'
	gives '[2,4] 1 2 3 3 4 5 6 6' 'node Pad n x,p y mode=s:edge' 'initi p 4 0 0 0 1'
	gives '[2,2] 2 3 5 6' 'node Pad n x,p y' 'initi p 4 0 -1 0 0'
	gives '[2,3] 1 2 3 0 5 6' 'node Trilu n x y'
	gives '[2] 2 3' 'node Shape n x y'
	gives '[] 6' 'node Size n x y'
	x 1,4,1,2 1 2 3 4 5 6 7 8
	gives '[1,1,2,4] 1 3 2 4 5 7 6 8' 'node DepthToSpace n x y blocksize=2'
	gives '[1,4,1,2] 1 2 3 4 5 6 7 8' 'node DepthToSpace d x z blocksize=2' 'node SpaceToDepth n z y blocksize=2'
}

@test "values by their index" {
	x 3,2 1 2 3 4 5 6
	gives '[2,2] 5 6 1 2' 'node Gather n x,i y' 'initi i 2 -1 0'
	gives '[3] 2 4 6' 'node Gather n x,i y axis=1' 'initi i - 1'
	gives '[1,2] 5 2' 'node GatherElements n x,i y' 'initi i 1,2 2 0'
	gives '[2] 6 3' 'node GatherND n x,i y' 'initi i 2,2 2 1 1 0'
	gives '[3,2] 1 2 3 9 5 6' 'node ScatterND n x,i,u y' 'initi i 1,2 1 1' 'init u 1 9'
	gives '[3,2] 1 2 9 4 5 8' 'node ScatterElements n x,i,u y' 'initi i 1,2 1 2' 'init u 1,2 9 8'
	gives '[2,3] 0 1 0 0 0 1' 'node OneHot n i,d,v y' 'initi i 2 1 -1' 'initi d - 3' 'init v 2 0 1'
	gives '[2,1] 1 0' 'node Greater g x,b z' 'init b 3,2 9 1 9 9 9 9' 'node NonZero n z w' \
		'node Gather s w,i y' 'initi i 2 1 0'
	fails "wrong: node 'n' (Gather): index 3 is not below 3" 'node Gather n x,i y' 'initi i - 3'
}

@test "tensors that are made" {
	x 1 0
	gives '[2] 5 5' 'node ConstantOfShape c s z' 'initi s 1 2' 'init f - 5' 'node Add n z,f y'
	gives '[3] 1 3 5' 'node Range n a,b,c y' 'initi a - 1' 'initi b - 6' 'initi c - 2'
	gives '[] 7' 'node Constant n - y value_int=7'
	gives '[2] -1 2' 'node Cast n f y to=7' 'init f 2 -1.75 2.5'
	gives '[2] 1 0' 'node Cast n f y to=9' 'init f 2 -1.75 0'
	gives '[2] 255 1' 'node Cast n f y to=2' 'initi f 2 -1 257'
}

@test "resize: nearest, linear, cubic, in the coordinates of each mode" {
	x 1,1,1,2 1 3
	local r='node Resize n x,-,s y' s='init s 4 1 1 1 2'
	gives '[1,1,1,4] 1 1 3 3' "$r mode=s:nearest" "$s"
	gives '[1,1,1,4] 1 1.5 2.5 3' "$r mode=s:linear" "$s"
	gives '[1,1,1,4] 1 2 3 3' "$r mode=s:linear coordinate_transformation_mode=s:asymmetric" "$s"
	gives '[1,1,1,4] 1 1.66667 2.33333 3' \
		"$r mode=s:linear coordinate_transformation_mode=s:align_corners" "$s"
	gives '[1,1,1,4] 1 1 3 3' 'opset 9' 'node Upsample n x,s y' "$s"
	# Weights of t = 1/2 with a = -3/4: -3/32, 19/32, 19/32, -3/32; at the edge values repeat.
	gives '[1,1,1,1] 2' 'node Resize n x,-,-,z y mode=s:cubic' 'initi z 4 1 1 1 1'
	gives '[1,1,1,3] 1 2 3' 'node Resize n x,-,-,z y mode=s:linear coordinate_transformation_mode=s:align_corners' \
		'initi z 4 1 1 1 3'
}

@test "recurrent cells" {
	# h = tanh(x + h / 2 + 0): x = atanh(0.5) = 0.5493061, then h2 = tanh(0 + 0.25) = 0.2449187
	x 2,1,1 0.5493061 0
	gives '[2,1,1,1] 0.5 0.244919' 'node RNN n x,w,r y hidden_size=1' 'init w 1,1,1 1' 'init r 1,1,1 0.5'
	gives '[1,1,1] 0.244919' 'node RNN n x,w,r o,y hidden_size=1' 'init w 1,1,1 1' 'init r 1,1,1 0.5'
	# All weights 0: gates are 1/2; LSTM: c = c0 / 2 twice, h = tanh(c) / 2; GRU: h = h0 / 2 twice.
	gives '[1,1,1] 0.25' 'node LSTM n x,w,r,-,-,-,c o,h,y hidden_size=1' \
		'init w 1,4,1 0' 'init r 1,4,1 0' 'init c 1,1,1 1'
	gives '[1,1,1] 0.122459' 'node LSTM n x,w,r,-,-,-,c o,y hidden_size=1' \
		'init w 1,4,1 0' 'init r 1,4,1 0' 'init c 1,1,1 1'
	gives '[1,1,1] 0.25' 'node GRU n x,w,r,-,-,h o,y hidden_size=1' \
		'init w 1,3,1 0' 'init r 1,3,1 0' 'init h 1,1,1 1'
	gives '[2,1,1,1] 1 2' 'node RNN n c,w,r y hidden_size=1 activations=l:Affine activation_alpha=F:2' \
		'init w 1,1,1 1' 'init r 1,1,1 0.5' 'init c 2,1,1 0.5'
	# Backward, the last step comes first.
	gives '[2,1,1,1] 0.5 0' 'node RNN n x,w,r y hidden_size=1 direction=s:reverse' 'init w 1,1,1 1' 'init r 1,1,1 0'
}

@test "boxes that overlap a better one go" {
	x 1,3,4 0 0 1 1 0 0 1 0.9 2 2 3 3
	gives '[2,3] 0 0 1 0 0 2' 'node NonMaxSuppression n x,s,m,i y' 'init s 1,1,3 0.8 0.9 0.5' \
		'initi m - 5' 'init i - 0.5'
}

@test "what is missing is named, what is wrong says why, and memory is limited" {
	x 2,3 1
	fails "unsupported: node 'n' (Frob): this operator is not executed here" 'node Frob n x y'
	fails "wrong: node 'n' (Add): shapes [2,3] and [4] do not broadcast" 'node Add n x,b y' 'init b 4 1'
	fails "wrong: node 'n' (MatMul): matrices [2,3] and [2,3] do not fit" 'node MatMul n x,x y'
	fails "wrong: node 'n' (Reshape): 6 elements do not divide by 4" 'node Reshape n x,s y' 'initi s 2 4 -1'
	fails "wrong: node 'n' (Expand): it needs more memory than is allowed: 6000000000 x 4 bytes, 8589934568 left" \
		'node Expand n x,s y' 'initi s 3 1000000000 1 1'
}
