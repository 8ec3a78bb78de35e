# tflite2hn: models as text (tests/gen/mktflite), values against sums by hand.
# shellcheck disable=SC2154 # stderr_lines is set by run
load helper
load tflite

# A convolution with its activation, pooled, flattened, classified.
small() {
	model "$@" <<'T'
input image 1,4,4,1
init k 2,3,3,1 f32 0 0 0 0 1 0 0 0 0 0 0 0 0 2 0 0 0 0
init b 2 f32 1 0
tensor conv 1,4,4,2
tensor pool 1,2,2,2
tensor flat 1,8
init shape 2 i32 1 -1
init w 3,8 f32 1 2 3 4 5 6 7 8 0 0 0 0 0 0 0 1 1 0 0 0 0 0 0 0
init c 3 f32 0.5 0 -0.5
tensor fc 1,3
op CONV_2D image,k,b conv stride_w=1 stride_h=1 act=1
op MAX_POOL_2D conv pool padding=1 stride_w=2 stride_h=2 filter_w=2 filter_h=2
op RESHAPE pool,shape flat
op FULLY_CONNECTED flat,w,c fc
output fc
T
}

@test "a small network: layers, names of first outputs, values" {
	small
	[ "$(inner)" = "conv1 conv relu,maxpool1 maxpool linear,fc1 dense linear," ]
	hn '.layers["n/conv1"].original_names == ["conv"] and .layers["n/fc1"].original_names == ["fc"]'
	hn '.layers["n/input_layer1"].output_shapes == [[-1, 4, 4, 1]]'
	# Features x + 1 and 2 x, pooled: 7 12, 9 16, 15 28, 17 32.
	given 1,4,4,1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
	gives 1,3 740.5 32 6.5
}

@test "what was translated is said, in operators; -q says nothing" {
	small
	run --separate-stderr tflite2hn m.tflite --net-name n -o m.har
	[ "$status" -eq 0 ]
	[ "${stderr_lines[0]}" = "tflite2hn: Restored TensorFlow Lite model n (4 operators)" ]
	[[ $stderr == *"Start nodes mapped from original model: 'image': 'n/input_layer1'."* ]]
	[[ $stderr == *"End nodes mapped from original model: 'fc'."* ]]
	run --separate-stderr tflite2hn -q m.tflite -o m.har
	[ "$status" -eq 0 ] && [ -z "$stderr" ]
}

@test "kernels are OHWI, depthwise ones 1HWO with multiples side by side" {
	model <<'T'
input x 1,2,2,2
init k 3,1,2,2 f32 1 2 3 4 5 6 7 8 9 10 11 12
tensor y 1,2,1,3
op CONV_2D x,k y padding=1 stride_w=1 stride_h=1
output y
T
	given 1,2,2,2 1 2 3 4 5 6 7 8
	gives 1,2,1,3 30 70 110 70 174 278
	model <<'T'
input x 1,2,2,2
init k 1,1,2,4 f32 1 2 3 4 5 6 7 8
init b 4 f32 0 0 0 100
tensor y 1,2,1,4
op DEPTHWISE_CONV_2D x,k,b y padding=1 stride_w=1 stride_h=1 multiplier=2
output y
T
	hn '.layers["n/conv1"] | .type == "conv" and .params.groups == 2 and .params.kernel_shape == [1, 2, 1, 4]'
	gives 1,2,1,4 16 20 34 140 40 52 74 188
}

@test "a grouped convolution has a kernel over fewer features" {
	model <<'T'
input x 1,2,1,4
init k 4,1,1,2 f32 1 1 1 -1 2 2 0 1
tensor y 1,2,1,4
op CONV_2D x,k y padding=1 stride_w=1 stride_h=1
output y
T
	hn '.layers["n/conv1"].params.groups == 2'
	given 1,2,1,4 1 2 3 4 5 6 7 8
	gives 1,2,1,4 3 -1 14 4 11 -1 30 8
}

@test "a transposed convolution gives the size that it names" {
	model <<'T'
input x 1,1,2,1
init shape 4 i32 1 1 4 2
init k 2,1,3,1 f32 1 2 3 10 20 30
tensor y 1,1,4,2
op TRANSPOSE_CONV shape,k,x y stride_w=2 stride_h=1
output y
T
	# Full width 5: 1 2 3+1k 2k 3k of x = 1, 10; one column is cut, at the end.
	given 1,1,2,1 1 10
	gives 1,1,4,2 1 10 2 20 13 130 20 200
}

@test "a convolution keeps its place among its siblings behind its padding" {
	model <<'T'
input x 1,4,4,1
init p 4,2 i32 0 0 1 1 1 1 0 0
init k 1,3,3,1 f32 1
init j 1,1,1,1 f32 2
tensor q 1,6,6,1
tensor a 1,2,2,1
tensor b 1,2,2,1
tensor y 1,2,2,1
op PAD x,p q
op CONV_2D q,k a padding=1 stride_w=2 stride_h=2
op CONV_2D x,j b padding=1 stride_w=2 stride_h=2
op ADD a,b y
output y
T
	hn '.layers["n/conv1"].original_names == ["q", "a"] and .layers["n/conv1"].params.padding == "SAME"'
	hn '.layers["n/conv2"].original_names == ["b"]'
	given 1,4,4,1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
	gives 1,2,2,1 16 36 75 121
}

@test "padding SAME with a stride begins with the smaller half" {
	model <<'T'
input x 1,4,4,1
init k 1,3,3,1 f32 1
tensor y 1,2,2,1
op CONV_2D x,k y stride_w=2 stride_h=2
output y
T
	hn '.layers["n/conv1"].params.padding == "SAME_TENSORFLOW"'
	given 1,4,4,1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
	gives 1,2,2,1 54 45 72 54
}

@test "an average under SAME does not count what is added" {
	model <<'T'
input x 1,1,3,1
tensor y 1,1,3,1
op AVERAGE_POOL_2D x y stride_w=1 stride_h=1 filter_w=3 filter_h=1
output y
T
	given 1,1,3,1 1 2 6
	gives 1,1,3,1 1.5 3 4
}

@test "fused activations are the operator's: relu, relu_n1_to_1, relu6, tanh" {
	for a in "1 0 0 9" "2 -1 0.5 1" "3 0 0.5 6"; do
		read -r act low mid high <<< "$a"
		model <<-T
			input x 1,3
			init c 1 f32 1
			tensor y 1,3
			op ADD x,c y act=$act
			output y
		T
		[ "$act" = 1 ] && mid=0
		[ "$act" = 1 ] && given 1,3 -3 -2 8 || given 1,3 -3 -0.5 8
		gives 1,3 "$low" "$mid" "$high"
		hn '[.layers[].original_names[]] | unique == ["x", "y"]'
	done
	model <<'T'
input x 1,2
input z 1,2
tensor y 1,2
op MUL x,z y act=4
output y
T
	[ "$(inner)" = "ew_mult1 ew_mult tanh," ]
	model <<'T'
input x 1,2
tensor y 1,2
op ADD x,x y act=5
output y
T
	refused "node 'y' (ADD): its activation 5 is unknown"
}

@test "threshold and delta activations, as Keras spells them, are one layer" {
	model <<'T'
input x 1,4
init t - f32 2
tensor g 1,4 bool
tensor c 1,4
tensor y 1,4
op GREATER x,t g
op CAST g c
op MUL x,c y
output y
T
	[ "$(inner)" = "activation1 activation threshold," ]
	given 1,4 -3 2 2.5 9
	gives 1,4 0 0 2.5 9
	model <<'T'
input x 1,4
init k - f32 3
tensor a 1,4
tensor s 1,4
tensor y 1,4
op ABS x a
op SIGN a s
op MUL s,k y
output y
T
	[ "$(inner)" = "activation1 activation delta," ]
	given 1,4 -3 0 2.5 9
	gives 1,4 3 0 3 3
}

@test "half-precision constants behind DEQUANTIZE are weights as others" {
	model <<'T'
input x 1,1,2,1
init h 2,1,1,1 f16 0.5 -2
tensor k 2,1,1,1
init g 2 f16 1 0.25
tensor b 2
tensor y 1,1,2,2
tensor z 1,1,2,2
op DEQUANTIZE h k
op DEQUANTIZE g b
op CONV_2D x,k,b y padding=1 stride_w=1 stride_h=1
op MUL y,b z
output z
T
	given 1,1,2,1 2 4
	gives 1,1,2,2 2 -0.9375 3 -1.9375
}

@test "half-precision constants are folded in full precision" {
	model <<'T'
input x 1,2
init h 2 f16 3 5
init g 2 f16 0.5 0.25
tensor a 2
tensor b 2
tensor c 2
tensor y 1,2
op DEQUANTIZE h a
op DEQUANTIZE g b
op MUL a,b c
op ADD x,c y
output y
T
	given 1,2 1 2
	gives 1,2 2.5 3.25
}

@test "FULLY_CONNECTED flattens in the order of NHWC, or keeps dimensions" {
	model <<'T'
input x 1,1,2,2
init w 1,4 f32 1 10 100 1000
tensor y 1,1
op FULLY_CONNECTED x,w y
output y
T
	given 1,1,2,2 1 2 3 4
	gives 1,1 4321
	model <<'T'
input x 1,2,3
init w 2,3 f32 1 2 3 4 5 6
init b 2 f32 0.5 -0.5
tensor y 1,2,2
op FULLY_CONNECTED x,w,b y keep=1 act=1
output y
T
	given 1,2,3 1 2 3 -1 -1 -1
	gives 1,2,2 14.5 31.5 0 0
}

@test "BATCH_MATMUL turns either operand" {
	model <<'T'
input x 1,2,2
init w 1,3,2 f32 1 2 3 4 5 6
tensor y 1,2,3
op BATCH_MATMUL x,w y adj_y=1
output y
T
	given 1,2,2 1 2 3 4
	gives 1,2,3 5 11 17 11 25 39
}

@test "slices: masks for begin, end, ellipsis, new and dropped dimensions" {
	model <<'T'
input x 1,3,4,2
init b 3 i32 0 1 0
init e 3 i32 0 4 1
init s 3 i32 1 2 1
tensor y 1,3,2,1
op STRIDED_SLICE x,b,e,s y ellipsis=1 begin=4
output y
T
	given 1,3,4,2 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23
	gives 1,3,2,1 2 6 10 14 18 22
	model <<'T'
input x 1,3,4,2
init b 4 i32 0 -1 0 0
init e 4 i32 1 0 0 0
init s 4 i32 1 1 1 1
tensor y 1,4,2
op STRIDED_SLICE x,b,e,s y end=13 shrink=2
output y
T
	gives 1,1,4,2 16 17 18 19 20 21 22 23
	model <<'T'
input x 1,3,4,2
init b 4 i32 0 1 2 0
init z 4 i32 1 2 -1 -1
tensor y 1,2,2,2
op SLICE x,b,z y
output y
T
	gives 1,2,2,2 12 13 14 15 20 21 22 23
}

@test "PACK, UNPACK, SPLIT, SPLIT_V, CONCATENATION" {
	model <<'T'
input x 1,2,2,3
tensor a 1,2,3
tensor b 1,2,3
tensor y 1,2,2,3
op UNPACK x a,b n=2 axis=1
op PACK b,a y n=2 axis=1
output y
T
	given 1,2,2,3 0 1 2 3 4 5 6 7 8 9 10 11
	gives 1,2,2,3 6 7 8 9 10 11 0 1 2 3 4 5
	model <<'T'
input x 1,1,2,3
init axis - i32 3
init sizes 2 i32 1 -1
tensor a 1,1,2,1
tensor b 1,1,2,2
tensor c 1,1,1,2
tensor d 1,1,1,2
init axis2 - i32 2
tensor y 1,1,3,2
op SPLIT_V x,sizes,axis a,b n=2
op SPLIT axis2,b c,d n=2
op CONCATENATION d,b y axis=2
output y
T
	given 1,1,2,3 0 1 2 3 4 5
	gives 1,1,3,2 4 5 1 2 4 5
}

@test "shapes that are computed are constants" {
	model <<'T'
input x -1,2,3,2
tensor s 4 i32
init b 1 i32 0
init e 1 i32 1
init one 1 i32 1
tensor n - i32
init c0 - i32 -1
init c1 - i32 2
tensor dims 3 i32
tensor y 1,6,2
op SHAPE x s
op STRIDED_SLICE s,b,e,one n shrink=1
op PACK n,c0,c1 dims n=3
op RESHAPE x,dims y
output y
T
	given 1,2,3,2 0 1 2 3 4 5 6 7 8 9 10 11
	gives 1,6,2 0 1 2 3 4 5 6 7 8 9 10 11
}

@test "the shape of a scalar is an empty list" {
	model <<'T'
input x 1,2
init one 1 f32 3
tensor none 0 i32
tensor s -
tensor y 1,2
op RESHAPE one,none s
op MUL x,s y
output y
T
	given 1,2 1 2
	gives 1,2 3 6
}

@test "resizing takes pixels as its options say" {
	for c in "0 0 0 5 10 10" "1 0 0 3.3333333 6.6666667 10" "0 1 0 2.5 7.5 10"; do
		# shellcheck disable=SC2086 # a list of values
		set -- $c
		model <<-T
			input x 1,1,2,1
			init size 2 i32 1 4
			tensor y 1,1,4,1
			op RESIZE_BILINEAR x,size y corners=$1 half=$2
			output y
		T
		given 1,1,2,1 0 10
		gives 1,1,4,1 "${@:3}"
	done
	for c in "0 0 1 1 2 2 3" "1 0 1 2 2 3 3" "0 1 1 1 2 3 3"; do
		# shellcheck disable=SC2086
		set -- $c
		model <<-T
			input x 1,1,3,1
			init size 2 i32 1 5
			tensor y 1,1,5,1
			op RESIZE_NEAREST_NEIGHBOR x,size y corners=$1 half=$2
			output y
		T
		given 1,1,3,1 1 2 3
		gives 1,1,5,1 "${@:3}"
	done
}

@test "reductions and normalizations run over the dimensions of NHWC" {
	model <<'T'
input x 1,2,1,2
init hw 2 i32 1 2
init c - i32 3
tensor m 1,2
tensor s 1,2,1,1
op MEAN x,hw m
op SUM x,c s keep=1
output m
T
	given 1,2,1,2 1 2 3 6
	gives 1,1,1,2 2 4
	model <<'T'
input x 1,1,2,2
tensor y 1,1,2,2
op L2_NORMALIZATION x y
output y
T
	given 1,1,2,2 3 4 0 5
	gives 1,1,2,2 0.6 0.8 0 1
	model <<'T'
input x 1,2
tensor y 1,2
op SOFTMAX x y beta=2
output y
T
	# exp(2 ln 2) : exp(2 ln 3) = 4 : 9
	given 1,2 0.69314718 1.0986123
	gives 1,2 0.30769231 0.69230769
}

@test "an LSTM is unrolled from gates in TensorFlow's order; its cell is clipped where it says" {
	model <<'T'
input x 1,3,1
init wi 1,1 f32 0.5
init wf 1,1 f32 -0.3
init wg 1,1 f32 0.8
init wo 1,1 f32 1.2
init ri 1,1 f32 0.1
init rf 1,1 f32 0.2
init rg 1,1 f32 -0.4
init ro 1,1 f32 0.7
init bi 1 f32 0.05
init bf 1 f32 1
init bg 1 f32 -0.1
init bo 1 f32 0.3
tensor h 1,1 f32 variable
tensor c 1,1 f32 variable
tensor y 1,3,1
op UNIDIRECTIONAL_SEQUENCE_LSTM x,wi,wf,wg,wo,ri,rf,rg,ro,-,-,-,bi,bf,bg,bo,-,-,h,c y act=4 cell_clip=10
output y
T
	given 1,3,1 1 -2 0.5
	gives 1,3,1 0.29884599 0.0067701893 0.14200412
	hn '[.layers[] | select(.params.activation == "clip")] | length == 1'
}

@test "operators without an HN form are refused by name, custom ones too" {
	model <<'T'
input x 1,4
init a - i32 1
tensor z 1,4
tensor y 1,4
op RELU x z
op CUMSUM z,a y
output y
T
	run --separate-stderr tflite2hn -q m.tflite
	[ "$status" -eq 1 ]
	[ "$stderr" = "tflite2hn: m.tflite: node 'y' (CUMSUM): this operator is not supported (try tflite2hn -q m.tflite --end-node-names z)" ]
	sed 's/CUMSUM z,a/custom:Max9 z/' <<'T' | model
input x 1,4
tensor y 1,4
op custom:Max9 x y
output y
T
	refused "node 'y' (CUSTOM Max9): custom operators are not supported"
	model <<'T'
input x 1,4
tensor y 1,4
op WHILE x y cond=1 body=1
output y
subgraph
input x 1,4
output x
T
	refused "node 'y' (WHILE): it runs another graph of the model: only the first is translated"
	model <<'T'
input x 1,4
tensor y 1,4
op 9999 x y
output y
T
	refused "node 'y' (operator 9999): this operator is not supported"
}

@test "a quantized model is refused with the reason" {
	model <<'T'
input x 1,4 i8 scale=0.5
tensor y 1,4 i8 scale=0.5
op RELU x y
output y
T
	refused "tensor 'x' of node 'y' (RELU) is quantized: models of 32- and 16-bit floats are translated, because quantization here starts from weights of full precision (export the model without quantization)"
}

@test "start and end nodes are named by tensors; an operator with its activation is one" {
	small
	[ "$(inner --end-node-names conv)" = "conv1 conv relu," ]
	[ "$(inner --start-node-names conv --end-node-names pool)" = "conv1 conv relu,maxpool1 maxpool linear," ]
	[ "$(inner --start-node-names fc)" = "fc1 dense linear," ]
	tflite2hn -q m.tflite --net-name n --start-node-names pool --hn - | jq -e '.layers["n/input_layer1"].output_shapes == [[-1, 4, 4, 2]]'
	fails_with 1 "tflite2hn: m.tflite: --end-node-names: there is no node 'con' (did you mean 'conv'?)" tflite2hn -q m.tflite --end-node-names con
	# The steps of BATCH_MATMUL and of SQUARED_DIFFERENCE are cut with it.
	model <<'T'
input x 1,2
input z 1,2
tensor a 1,2
tensor b 1,2
tensor y 1,2
op RELU x a
op SQUARED_DIFFERENCE a,z b
op NEG b y
output y
T
	[ "$(layers --start-node-names b --end-node-names b | cut -d' ' -f1 | tr '\n' ,)" = "input_layer1,input_layer2,ew_sub1,output_layer1," ]
}

@test "the report tells of the file's operators by their own words" {
	small
	tflite2hn -q m.tflite --net-name n --report r.json -o m.har
	[ "$(jq -r '.nodes[] | "\(.name) \(.op) \(.status)"' r.json)" = "conv CONV_2D layer
pool MAX_POOL_2D layer
flat RESHAPE view only
fc FULLY_CONNECTED layer" ]
	jq -e '.opset == null and .inputs[0].axes == "BHWC"' r.json
	jq -e '.tensors | keys == ["conv", "fc", "flat", "image", "pool"]' r.json
}

@test "open sizes come from --net-input-shapes, another meaning from --net-input-format" {
	model <<'T'
input x -1,-1,3,2
tensor y 1,1,3,2
op RELU x y
output y
T
	refused "input 'x': dimension 1 is open (give --net-input-shapes x=...)"
	tflite2hn -q m.tflite --net-name n --net-input-shapes x=1,5,3,2 --hn - | jq -e '.layers["n/input_layer1"].output_shapes == [[-1, 5, 3, 2]]'
	tflite2hn -q m.tflite --net-name n --net-input-shapes x=1,5,3,2 --net-input-format BCHW --hn - | jq -e '.layers["n/input_layer1"].output_shapes == [[-1, 3, 2, 5]]'
}

@test "--augmented-path writes the model with every tensor as an output, --save-original keeps the file" {
	small
	tflite2hn -q m.tflite --augmented-path a.tflite --save-original -o m.har
	har-pack -m original.tflite m.har > back.tflite
	same_bytes m.tflite back.tflite
	tflite2hn -q a.tflite --report r.json -o a.har
	[ "$(jq -r '.outputs[].name' r.json | tr '\n' ,)" = "fc,conv,pool,flat," ]
	usage_error "tflite2hn: --augmented-path needs the model as a file" tflite2hn --augmented-path a.tflite -
}

@test "what is no model of this format is refused" {
	echo 'not a model at all' > m.tflite
	refused "not a TensorFlow Lite model: it does not begin like one"
	cp "$SHAPES/shapes.onnx" m.tflite
	refused "not a TensorFlow Lite model: it does not begin like one"
	printf 'version 2\ninput x 1,4\noutput x\n' | model
	refused "its schema has version 2, 3 expected"
	: > m.tflite
	refused "empty file, a TensorFlow Lite model expected"
}

@test "names may be absent or there twice" {
	model <<'T'
input x 1,2
tensor x 1,2
tensor y 1,2
op RELU x x
output x
T
	run --separate-stderr tflite2hn -q m.tflite -o m.har
	[ "$status" -eq 1 ] && [ "${#stderr_lines[@]}" -eq 1 ]
}

@test "damage anywhere is one line or another model, never a crash" {
	small
	size=$(stat -c %s m.tflite)
	for ((at = 0; at < size; at += 3)); do
		{
			head -c $at m.tflite
			printf '\377'
			tail -c +$((at + 2)) m.tflite
		} > d.tflite
		run --separate-stderr tflite2hn -q d.tflite -o d.har
		[ "$status" -le 1 ] || report "byte $at" || return
		[ "$status" -eq 0 ] || [ "${#stderr_lines[@]}" -eq 1 ] || report "byte $at" || return
	done
	for ((at = 8; at < size; at += 41)); do
		head -c $at m.tflite > d.tflite
		run --separate-stderr tflite2hn -q d.tflite -o d.har
		[ "$status" -eq 1 ] && [ "${#stderr_lines[@]}" -eq 1 ] || report "cut at $at" || return
	done
}

@test "a long LSTM's steps are joined in joins of sixteen" {
	{
		echo 'input x 1,20,1'
		for w in wi wf wg wo ri rf rg ro; do
			echo "init $w 1,1 f32 0.5"
		done
		echo 'init b 1 f32 0'
		echo 'tensor h 1,1 f32 variable'
		echo 'tensor c 1,1 f32 variable'
		echo 'tensor y 1,20,1'
		echo 'op UNIDIRECTIONAL_SEQUENCE_LSTM x,wi,wf,wg,wo,ri,rf,rg,ro,-,-,-,b,b,b,b,-,-,h,c y act=4'
		echo 'output y'
	} | model
	tflite2hn -q m.tflite --net-name n --hn m.hn -o m.har
	# Those over columns: 16 steps, 4 steps, both.
	[ "$(jq -c '[.layers[] | select(.params.concat_axis == "spatial_w") | .input | length]' m.hn)" = "[16,4,2]" ]
	arr npy in.npy float32 1,20,1 0
	hn-infer -q m.har --in in.npy -o out.npy
	arr npy want.npy float32 1,20,1 0
	npydiff want.npy out.npy 0
}
