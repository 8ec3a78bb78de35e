# onnx2hn: models as text (tests/gen/mkonnx), messages, layers, and values against small sums by hand.
# shellcheck disable=SC2154 # stderr_lines is set by run
load helper
load onnx

# A convolution, batch norm and activation, pooled, flattened, classified.
small() {
	model "$1" <<'E'
input image 1,1,4,4
init k 2,1,3,3 0 0 0 0 1 0 0 0 0
init s 2 2 1
init b 2 1 0
init m 2 0 0
init v 2 1 1
init w 3,8 1 2 3 4 5 6 7 8 0
init c 3 0.5 0 -0.5
node Conv conv image,k x pads=1,1,1,1
node BatchNormalization bn x,s,b,m,v y epsilon=f:0
node Relu relu y z
node MaxPool pool z p kernel_shape=2,2 strides=2,2
node Flatten flat p f
node Gemm fc f,w,c out transB=1
output out
E
}

@test "the shipped model becomes a bundle with the product's layer names" {
	run --separate-stderr onnx2hn "$SHAPES/shapes.onnx" --net-name shapes -o s.har
	[ "$status" -eq 0 ]
	[ "$(har-pack -m metadata.json s.har | jq -r .state)" = hailo_model ]
	har-pack -m hn s.har | jq -e '.layers | has("shapes/input_layer1", "shapes/conv1", "shapes/output_layer1")'
	[[ $stderr == *"Restored ONNX model shapes (opset "* ]]
	[[ $stderr == *"Start nodes mapped from original model: "*": 'shapes/input_layer1'."* ]]
	[[ $stderr == *"End nodes mapped from original model: "* ]]
	[[ $stderr == *"Translation completed on ONNX model shapes: "*" parameters, "*" GOP per image"* ]]
}

@test "conv, batch norm and activation are one layer, flatten folds into the dense layer's rows" {
	small m.onnx
	[ "$(layers | tr '\n' ,)" = "input_layer1 input_layer linear,conv1 conv relu,maxpool1 maxpool linear,fc1 dense linear,output_layer1 output_layer linear," ]
	hn '.layers["n/conv1"].original_names == ["conv", "bn", "relu"]'
	hn '.layers["n/conv1"].params.batch_norm'
	hn '.net_params.output_layers_order == ["n/fc1"]'
	# Features 2x+1 and x, each pooled to 2x2, flattened feature by feature: 13 17 29 33 6 8 14 16.
	# Rows of w: 1..8, 0 1..7, 8 0 1..6.
	arr npy in.npy float32 1,4,4,1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
	infer
	expect 1,3 570.5 434 414.5
}

@test "-q says nothing, -h lists the options, misuse is status 2" {
	small m.onnx
	run --separate-stderr onnx2hn -q m.onnx -o m.har
	[ "$status" -eq 0 ] && [ -z "$stderr" ]
	run onnx2hn -h
	[ "$status" -eq 0 ] && [[ $output == *--end-node-names* ]]
	run onnx2hn --no-such-option
	[ "$status" -eq 2 ]
	usage_error "onnx2hn: --net-name 'a/b': letters, digits, '_', '-' and '.' are legal" onnx2hn --net-name a/b m.onnx
	usage_error "onnx2hn: only one of --hn, --npz, --report and --augmented-path can go to standard output" onnx2hn --hn - --npz - m.onnx
	usage_error "onnx2hn: --augmented-path needs the model as a file" onnx2hn --augmented-path a.onnx -
	usage_error "onnx2hn: --save-original needs the model as a file" onnx2hn --save-original -
}

@test "the name is the file's stem, made legal" {
	small "a model!.onnx"
	onnx2hn -q "a model!.onnx" -o m.har
	[ "$(har-pack -m hn m.har | jq -r .name)" = a_model_ ]
	onnx2hn -q - < "a model!.onnx" > m.har
	[ "$(har-pack -m hn m.har | jq -r .name)" = model ]
}

@test "--hn and --npz write the parts beside the bundle or instead of it" {
	small m.onnx
	onnx2hn -q m.onnx --net-name n --hn m.hn --npz m.npz -o m.har
	jq -e '.layers | length == 5' m.hn
	arr keys m.npz | grep 'n/conv1/kernel:0'
	onnx2hn -q m.onnx --net-name n --hn - > only.hn
	same_bytes m.hn only.hn
	onnx2hn -q m.onnx --net-name n --no-weights -o w.har
	run ! har-pack -m npz w.har
}

@test "--save-original keeps the model, --hw-arch the target" {
	small m.onnx
	onnx2hn -q m.onnx --save-original --hw-arch hailo8 -o m.har
	har-pack -m original.onnx m.har > back.onnx
	same_bytes m.onnx back.onnx
	[ "$(har-pack -m metadata.json m.har | jq -r .hw_arch)" = hailo8 ]
}

@test "start and end nodes cut the network, by node or tensor name, in the order given" {
	small m.onnx
	[ "$(names --end-node-names pool,relu)" = "input_layer1,conv1,maxpool1,output_layer1,output_layer2," ]
	onnx2hn -q m.onnx --net-name n --end-node-names p --end-node-names relu --hn - > p.hn
	jq -e '.net_params.output_layers_order == ["n/maxpool1", "n/conv1"]' p.hn
	[ "$(names --start-node-names flat)" = "input_layer1,fc1,output_layer1," ]
	onnx2hn -q m.onnx --net-name n --start-node-names flat --hn - > p.hn
	jq -e '.layers["n/input_layer1"].output_shapes == [[-1, 2, 2, 2]]' p.hn
	fails_with 1 "onnx2hn: m.onnx: --end-node-names: there is no node 'nose'" onnx2hn -q m.onnx --end-node-names nose
	fails_with 1 "onnx2hn: m.onnx: --start-node-names: there is no node 'ear'" onnx2hn -q m.onnx --start-node-names ear
}

@test "open dimensions come from --net-input-shapes, the batch is free" {
	model <<'E'
input x batch,3,height,8
node Relu r x y
output y
E
	fails_with 1 "onnx2hn: m.onnx: input 'x': dimension 2 ('height') is open (give --net-input-shapes x=...)" onnx2hn -q m.onnx
	for s in x=1,3,6,8 1,3,6,8 "x=[-1, 3, 6, 8]"; do
		onnx2hn -q m.onnx --net-name n --net-input-shapes "$s" --hn - > p.hn
		jq -e '.layers["n/input_layer1"].output_shapes == [[-1, 6, 8, 3]]' p.hn
	done
	fails_with 1 "onnx2hn: m.onnx: --net-input-shapes 'y=1,3,6,8' names no input of the network ('x')" onnx2hn -q m.onnx --net-input-shapes y=1,3,6,8
	run --separate-stderr onnx2hn -q m.onnx --net-input-shapes x=1,3,six,8
	[ "$status" -eq 1 ] && [[ $stderr == "onnx2hn: m.onnx: input 'x': --net-input-shapes: "*"'six'"* ]]
}

@test "--net-input-format says what the dimensions mean" {
	model <<'E'
input x 1,6,8,3
node Transpose t x y perm=0,3,1,2
init k 1,3,1,1 1 2 3
node Conv c y,k z
output z
E
	[ "$(names --net-input-format x=BHWC)" = "input_layer1,conv1,output_layer1," ]
	fails_with 1 "onnx2hn: m.onnx: input 'x': --net-input-format: 'BHWW' is not made of B, C, H, W, each once" onnx2hn -q m.onnx --net-input-format BHWW
	fails_with 1 "onnx2hn: m.onnx: input 'x': --net-input-format: 'BWC' has 3 letters, the input has 4 dimensions" onnx2hn -q m.onnx --net-input-format BWC
}

unsupported() {
	model <<'E'
input x 1,2,4,4
init k 2,2,1,1 1
node Conv conv x,k c
node Relu head c a
node LRN norm a b size=3
node Relu tail b y
output y
E
}

@test "an unsupported operator is named with its node, the reason and the command that works" {
	unsupported
	fails_with 1 "onnx2hn: m.onnx: node 'norm' (LRN): this operator is not supported (try onnx2hn -q m.onnx -o m.har --end-node-names head)" onnx2hn -q m.onnx -o m.har
	onnx2hn -q m.onnx --end-node-names head -o m.har
}

@test "-y takes the recommendation and says so" {
	unsupported
	run --separate-stderr onnx2hn -q -y m.onnx -o m.har
	[ "$status" -eq 0 ]
	[ "$stderr" = "onnx2hn: warning: node 'norm' (LRN): this operator is not supported; translated a part of the model instead, as onnx2hn -q -y m.onnx -o m.har --end-node-names head" ]
	onnx2hn -q m.onnx --end-node-names head -o w.har
	same_bytes m.har w.har
}

@test "--report tells of every node, also when translation fails" {
	unsupported
	run onnx2hn -q m.onnx --report r.json -o m.har
	[ "$status" -eq 1 ]
	jq -e '.parsed == false and .recommended_end_nodes == ["head"]' r.json
	jq -e '[.nodes[].status] == ["parsed", "parsed", "unsupported", "parsed"]' r.json
	jq -e '.nodes[2].reason == "this operator is not supported"' r.json
	small m.onnx
	onnx2hn -q m.onnx --net-name n --report r.json -o m.har
	jq -e '.parsed and .original.bn == "n/conv1" and .layers["n/fc1"] == ["fc"]' r.json
	jq -e '.inputs[0] == {name: "image", layer: "n/input_layer1", shape: [1, 1, 4, 4], axes: "BCHW", hn_shape: [4, 4, 1]}' r.json
	jq -e '.outputs[0].axes == "BC"' r.json
}

@test "--augmented-path writes the model with every tensor as an output" {
	small m.onnx
	onnx2hn -q m.onnx --augmented-path a.onnx -o m.har
	head -c "$(stat -c %s m.onnx)" a.onnx > front.onnx
	same_bytes m.onnx front.onnx
	mv m.onnx whole.onnx
	mv a.onnx m.onnx
	hn '.net_params.output_layers_order | length == 6'
	[ "$(onnx2hn -q m.onnx --end-node-names fc --net-name m -o - | har-pack -m hn - | jq -c '.layers | keys')" = \
		"$(har-pack -m hn m.har | jq -c '.layers | keys')" ]
}

@test "several unsupported nodes are counted" {
	model <<'E'
input x 1,2,4,4
init k 2,2,1,1 1
node Conv conv x,k d
node Relu head d a
node LRN n1 a b size=3
node LRN n2 a c size=5
node Add sum b,c y
output y
E
	fails_with 1 "onnx2hn: m.onnx: node 'n1' (LRN): this operator is not supported (and 1 more node) (try onnx2hn -q m.onnx --end-node-names head)" onnx2hn -q m.onnx
}

@test "paddings that a scheme equals are that scheme, others a layer before" {
	model <<'E'
input x 1,1,6,6
init k 1,1,3,3 1
node Conv same x,k a pads=1,1,1,1
node Conv valid x,k b
node Conv tf x,k c auto_pad=s:SAME_UPPER strides=2,2
node Conv odd x,k d pads=0,1,2,1
output a
output b
output c
output d
E
	[ "$(inner)" = "conv1,conv2,conv3,external_pad1,conv4," ]
	[ "$(params conv1 | jq -r .padding)" = SAME ]
	[ "$(params conv2 | jq -r .padding)" = VALID ]
	[ "$(params conv3 | jq -r .padding)" = SAME_TENSORFLOW ]
	[ "$(params conv4 | jq -r .padding)" = VALID ]
	[ "$(params external_pad1 | jq -c .external_pad_params)" = "[0,2,1,1]" ]
}

@test "a Pad before a convolution becomes its padding" {
	model <<'E'
input x 1,1,6,6
initi p 8 0 0 1 1 0 0 1 1
init k 1,1,3,3 1
node Pad pad x,p a
node Conv conv a,k y
output y
E
	[ "$(inner)" = "conv1," ]
	hn '.layers["n/conv1"] | .params.padding == "SAME" and .original_names == ["pad", "conv"]'
}

@test "a Clip behind a Relu is one activation, relu6 where it is that" {
	model <<'E'
input x 1,1,1,4
init lo - -1
init hi - 6
init two - 2
init k 1,1,1,1 1
node Conv c x,k a
node Relu r a b
node Clip six b,lo,hi y
node Relu s x d
node Clip band d,two,hi z
output y
output z
E
	[ "$(layers | grep -Ev '(in|out)put_layer' | tr '\n' ,)" = "activation1 activation clip,conv1 conv relu6," ]
	hn '.layers["n/conv1"].original_names == ["c", "r", "six"]'
	arr npy in.npy float32 1,1,4,1 -3 1 4 9
	onnx2hn -q m.onnx --net-name n --end-node-names band -o m.har
	hn-infer -q m.har --in in.npy -o out.npy
	expect 1,1,4,1 2 2 4 6
}

@test "a padded max pool does not see the padding" {
	model <<'E'
input x 1,1,2,2
node MaxPool pool x y kernel_shape=2,2 pads=1,0,0,1
output y
E
	arr npy in.npy float32 1,2,2,1 -1 -2 -3 -4
	infer
	expect 1,2,2,1 -1 -2 -1 -2
}

@test "depthwise, grouped and pointwise convolutions get their types and kernels" {
	model <<'E'
input x 1,4,5,5
init dw 4,1,3,3 1
init gr 6,2,1,1 1 2 3
init pw 3,6,1,1 1
init se 5,3,1,1 1
node Conv a x,dw b group=4 pads=1,1,1,1
node Conv c b,gr d group=2
node Conv e d,pw f
node GlobalAveragePool g f h
node Conv i h,se y
output y
E
	[ "$(layers | cut -d' ' -f1,2 | tr '\n' ,)" = "input_layer1 input_layer,dw1 dw,conv1 conv,conv2 conv,avgpool1 global_avg_pool,fc1 dense,output_layer1 output_layer," ]
	[ "$(params dw1 | jq -c .kernel_shape)" = "[3,3,4,1]" ]
	[ "$(params conv1 | jq -c '[.kernel_shape, .groups]')" = "[[1,1,2,6],2]" ]
	[ "$(params fc1 | jq -c .kernel_shape)" = "[3,5]" ]
}

@test "a transposed convolution scatters without flipping, with its crop and added rows" {
	model <<'E'
input x 1,1,1,2
init k 1,1,1,3 1 2 3
node ConvTranspose d x,k y strides=1,2 pads=0,1,0,1 output_padding=0,1
output y
E
	arr npy in.npy float32 1,1,2,1 10 1
	infer
	# The full result is 10 20 31 2 3; one is cut before, one cut and one added after.
	expect 1,1,4,1 20 31 2 3
}

@test "one-dimensional convolutions run along the width" {
	model <<'E'
input x 1,2,4
init k 1,2,2 1 10 100 1000
node Conv c x,k y
output y
E
	hn '.layers["n/input_layer1"].output_shapes == [[-1, 4, 2]]'
	arr npy in.npy float32 1,4,2 1 5 2 6 3 7 4 8
	infer
	expect 1,3,1 6521 7632 8743
}

@test "activations that exporters spell out are recognised" {
	model <<'E'
input x 1,2,2,2
init one - 1
init two - 2
init three - 3
init zero - 0
init six - 6
init half - 0.5
init root - 1.4142135623730951
init sixth - 0.16666667
node Sigmoid s1 x s1
node Mul silu x,s1 silu
node Mul m1 x,two m1
node Sigmoid s2 m1 s2
node Mul swish s2,x swish
node HardSigmoid hs x hs alpha=f:0.16666667
node Mul hsw1 x,hs hsw1
node Add a1 x,three a1
node Clip c1 a1,zero,six c1
node Mul m2 x,c1 m2
node Div hsw2 m2,six hsw2
node Add a2 x,three a2
node Clip c2 a2,zero,six c2
node Div hsig c2,six hsig
node Div d1 x,root d1
node Erf e1 d1 e1
node Add a3 e1,one a3
node Mul m3 x,a3 m3
node Mul gelu m3,half gelu
node Softplus sp x sp
node Tanh th sp th
node Mul mish x,th mish
node Mul square x,x square
node Clip relu6 x,zero,six relu6
node Max mx x,zero mx
node Min clip mx,three clip
node Exp ex x ex
node Add a4 ex,one a4
node Log softplus a4 softplus
node Abs ab x ab
node Add a5 ab,one a5
node Div softsign x,a5 softsign
output silu
output swish
output hsw1
output hsw2
output hsig
output gelu
output mish
output square
output relu6
output clip
output softplus
output softsign
E
	[ "$(layers | grep ' activation ' | cut -d' ' -f3 | tr '\n' ,)" = "silu,swish,hardswish,hardswish,hard_sigmoid,gelu,mish,square,relu6,clip,softplus,softsign," ]
	hn '.layers["n/activation6"].original_names == ["d1", "e1", "a3", "m3", "gelu"]'
}

@test "a pattern whose inside is used elsewhere stays as it is" {
	model <<'E'
input x 1,2,2,2
node Sigmoid s x s
node Mul m x,s y
output y
output s
E
	[ "$(inner)" = "activation1,ew_mult1," ]
}

@test "constants become bias, batch norm or normalization" {
	model <<'E'
input x 1,2,2,2
init k 2,2,1,1 1 0 0 1
init b 2,1,1 10 20
init m 2,1,1 3 4
init s - 2
node Sub mean x,m a
node Div dev a,s c
node Conv conv c,k d
node Add bias d,b y
output y
E
	[ "$(inner)" = "normalization1,conv1," ]
	arr npy in.npy float32 1,2,2,2 3 4 5 4 7 8 3 6
	infer
	expect 1,2,2,2 10 20 11 20 12 22 10 21
}

@test "constants on the left of Sub and Div, and constants that vary over the image" {
	model <<'E'
input x 1,1,1,2
init one - 1
init two - 2
init map 1,1,1,2 10 20
node Sub s one,x a
node Div d two,a b
node Add m b,map y
output y
E
	arr npy in.npy float32 1,1,2,1 2 -1
	infer
	expect 1,1,2,1 8 21
	layers | grep const_input1
}

@test "operands that repeat along different axes meet in one elementwise layer" {
	mkonnx m.onnx <<- END
		input x 1,2,3,1
		output y
		node ReduceMax col x col axes=2, keepdims=1
		node ReduceSum row x row axes=1, keepdims=1
		node Sub y row,col y
	END
	[ "$(inner)" = reduce_max1,reduce_sum1,ew_sub1, ] || [ "$(inner)" = reduce_sum1,reduce_max1,ew_sub1, ]
	# Features 1 2 3 and 4 5 6: their sum is 5 7 9, their largest values 3 and 6.
	arr npy in.npy float32 1,3,1,2 1 4 2 5 3 6
	infer
	expect 1,3,1,2 2 -1 4 1 6 3
}

@test "reshape, transpose, reshape is one channel shuffle for all its users" {
	model <<'E'
input x 1,6,2,2
initi a 5 1 2 3 2 2
initi b 4 1 6 2 2
initi zero 1 0
initi three 1 3
initi six 1 6
initi axis 1 1
node Reshape r1 x,a p
node Transpose t p q perm=0,2,1,3,4
node Reshape r2 q,b s
node Slice lo s,zero,three,axis y
node Slice hi s,three,six,axis z
output y
output z
E
	[ "$(inner)" = "feature_shuffle1,slice1,slice2," ]
	hn '.layers["n/feature_shuffle1"].original_names == ["r1", "t", "r2"]'
	onnx2hn -q m.onnx --net-name n --end-node-names r2 -o m.har
	arr npy in.npy float32 1,2,2,6 1 2 3 4 5 6
	hn-infer -q m.har --in in.npy -o out.npy
	expect 1,2,2,6 1 4 2 5 3 6
}

@test "pixel shuffle by reshape and transpose is depth to space" {
	model <<'E'
input x 1,4,1,2
initi a 6 1 1 2 2 1 2
initi b 4 1 1 2 4
node Reshape r1 x,a p
node Transpose t p q perm=0,1,4,2,5,3
node Reshape r2 q,b y
output y
E
	[ "$(inner)" = "depth_to_space1," ]
	arr npy in.npy float32 1,1,2,4 1 2 3 4 5 6 7 8
	infer
	expect 1,2,4,1 1 2 5 6 3 4 7 8
}

@test "shape arithmetic of exporters folds away" {
	model <<'E'
input x 1,3,2,2
initi zero - 0
initi minus 1 -1
initi axes 1 0
init w 12,2 1 0
node Shape sh x s
node Gather g s,zero n
node Unsqueeze u n,axes n1
node Concat c n1,minus t axis=0
node Reshape r x,t f
node MatMul fc f,w y
output y
E
	[ "$(inner)" = "fc1," ]
}

@test "split, concat and slice of features, rows and columns" {
	model <<'E'
input x 1,4,2,2
initi sizes 2 1 3
initi from 1 1
initi to 1 2
initi ax 1 2
node Split sp x,sizes a,b axis=1
node Concat cat b,a c axis=1
node Slice rows c,from,to,ax y
output y
E
	[ "$(inner)" = "feature_splitter1,concat1,slice1," ]
	arr npy in.npy float32 1,2,2,4 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
	infer
	expect 1,1,2,4 10 11 12 9 14 15 16 13
}

@test "resize is nearest or linear, by scales and by sizes" {
	model <<'E'
input x 1,1,1,2
init none 0
init sc 4 1 1 1 2
initi size 4 1 1 1 4
node Resize n x,none,sc a mode=s:nearest coordinate_transformation_mode=s:asymmetric nearest_mode=s:floor
node Resize l x,none,none,size b mode=s:linear
node Add s a,b y
output y
E
	arr npy in.npy float32 1,1,2,1 0 4
	infer
	# nearest 0 0 4 4, half pixels 0 1 3 4
	expect 1,1,4,1 0 1 7 8
	model <<'E'
input x 1,1,4,4
init none 0
init sc 4 1 1 2 2
node Resize n x,none,sc y mode=s:cubic
output y
E
	fails_with 1 "onnx2hn: m.onnx: node 'n' (Resize): mode 'cubic' is not supported, only 'nearest' and 'linear'" onnx2hn -q m.onnx
}

@test "a mean over rows and columns is a global average pool, over features a reduce_mean" {
	model <<'E'
input x 1,2,2,2
node ReduceMean sp x a axes=2,3 keepdims=0
node ReduceMean ch x b axes=1,
output a
output b
E
	[ "$(layers | cut -d' ' -f1,2 | grep -v _layer | tr '\n' ,)" = "avgpool1 global_avg_pool,reduce_mean1 reduce_mean," ]
}

@test "typed, half and external data give the same weights as raw ones" {
	weights() {
		model "$1.onnx" <<E
input x 1,1,1,1
$2
node Conv c x,k y
output y
E
		onnx2hn -q "$1.onnx" --net-name n --npz "$1.npz" -o "$1.har"
	}
	head -c 8 /dev/zero > data.bin
	printf '\0\0\200?\0\0\0\300' >> data.bin
	weights raw "init k 2,1,1,1 1 -2"
	weights typed "inits k 2,1,1,1 1 -2"
	weights half "inith k 2,1,1,1 15360 49152"
	weights external "initx k 2,1,1,1 data.bin 8 8"
	for w in typed half external; do
		same_bytes raw.npz $w.npz
	done
}

@test "external data stays inside the model's folder and inside its file" {
	refused() {
		model d/m.onnx <<E
input x 1,1,1,1
initx k 1,1,1,1 $1
node Conv c x,k y
output y
E
		fails_with 1 "onnx2hn: d/m.onnx: initializer 'k': $2" onnx2hn -q d/m.onnx
	}
	mkdir d
	head -c 6 /dev/zero > six.bin
	cp six.bin d
	refused "../six.bin 0 4" "external data file '../six.bin' is not inside the model's folder"
	refused "/etc/passwd 0 4" "external data file '/etc/passwd' is not inside the model's folder"
	refused "a/../../six.bin 0 4" "external data file 'a/../../six.bin' is not inside the model's folder"
	refused "six.bin 4 4" "external data file 'six.bin' has 6 bytes; 4 at offset 4 expected"
	refused "six.bin 0 5" "external data file 'six.bin' has 6 bytes; 4 at offset 0 expected"
	refused "no.bin 0 4" "external data file 'no.bin': No such file or directory"
}

@test "opsets outside of 1 to 17 are refused, old ones named" {
	printf 'opset 18\ninput x 1,1,2,2\nnode Relu r x y\noutput y\n' | model
	fails_with 1 "onnx2hn: m.onnx: opset 18 is not supported, 8 and 11 to 17 are (convert the model with onnx.version_converter)" onnx2hn -q m.onnx
	printf 'opset 9\ninput x 1,1,2,2\nnode Relu r x y\noutput y\n' | model
	run --separate-stderr onnx2hn m.onnx -o m.har
	[ "$status" -eq 0 ] && [[ $stderr == *"opset 9 is not one of 8 and 11 to 17"* ]]
}

@test "cycles, missing tensors, twice made tensors and absurd numbers are refused" {
	bad() {
		local message=$1
		shift
		printf '%s\n' "$@" | model
		fails_with 1 "onnx2hn: m.onnx: $message" onnx2hn -q m.onnx
	}
	local x="input x 1,1,2,2" k="init k 1,1,1,1 1"
	bad "node 'b' is part of a cycle: its input 'p' depends on it" "$x" "node Add a x,q p" "node Relu b p q" "output q"
	bad "node 'a' (Add): its input 'q' is missing" "$x" "node Add a x,q p" "output p"
	bad "output 'z': it is made by no node" "$x" "output z"
	bad "tensor 'p' is made twice, node 'b' is one maker" "$x" "node Relu a x p" "node Abs b x p" "output p"
	bad "input 'x': dimension 99999999999 is absurd" "input x 1,1,99999999999,2" "node Relu a x p" "output p"
	bad "initializer 'k': dimension 9999999999999 is absurd" "$x" "init k 9999999999999,9 0" "node Add a x,k p" "output p"
	bad "node 'a' (Conv): strides 99999 is not in 0 to 4096" "$x" "$k" "node Conv a x,k p strides=99999,1" "output p"
	bad "node 'a' (Conv): pads -1 is not in 0 to 4096" "$x" "$k" "node Conv a x,k p pads=-1,0,0,0" "output p"
	bad "node 'a' (Conv): dilations 5000 is not in 0 to 4096" "$x" "$k" "node Conv a x,k p dilations=5000,1" "output p"
	bad "node 'a' (Conv): group 0 is absurd" "$x" "$k" "node Conv a x,k p group=0" "output p"
	bad "node 'a' (Conv): input [1,1,2,2], kernel [1,3,1,1] and group 1 do not go together" "$x" "init k 1,3,1,1 1" "node Conv a x,k p" "output p"
	bad "node 'a' (MaxPool): kernel_shape 9999 is not in 0 to 4096" "$x" "node MaxPool a x p kernel_shape=9999,1" "output p"
	bad "node 'a' (Reshape): dimension 4000000000000 is absurd" "$x" "initi s 1 4000000000000" "node Reshape a x,s p" "output p"
	bad "node 'c' (ConstantOfShape): its result would be too large" "$x" "initi s 2 1000000000 9" "node ConstantOfShape c s k" "node Add a x,k p" "output p"
	bad "node 'a' (Foo): operators of domain 'com.example' are not supported" "$x" "node Foo a x p" "domain com.example" "output p"
}

@test "what cannot be a model is refused" {
	: > empty.onnx
	fails_with 1 "onnx2hn: empty.onnx: empty file, an ONNX model expected" onnx2hn -q empty.onnx
	echo "hello, world" > text.onnx
	run --separate-stderr onnx2hn -q text.onnx
	[ "$status" -eq 1 ] && [[ $stderr == "onnx2hn: text.onnx: not an ONNX model"* ]]
	fails_with 1 "onnx2hn: none.onnx: No such file or directory" onnx2hn -q none.onnx
	fails_with 1 "onnx2hn: .: not a regular file" onnx2hn -q .
}

@test "truncated anywhere it is an error, with a flipped bit never a crash" {
	local at size
	small m.onnx
	size=$(stat -c %s m.onnx)
	for at in $(seq 1 43 $((size - 9))); do
		truncated m.onnx "$at" > t.onnx
		run --separate-stderr onnx2hn -q t.onnx -o t.har
		[ "$status" -eq 1 ] && [ "${#stderr_lines[@]}" -eq 1 ] && [ ! -e t.har ] || report "cut at $at"
	done
	for at in $(seq 0 29 $((size - 1))); do
		flipped m.onnx "$at" > t.onnx
		run --separate-stderr onnx2hn -q t.onnx -o t.har
		[ "$status" -le 1 ] && [ "${#stderr_lines[@]}" -le 1 ] || report "bit turned in byte $at"
		rm -f t.har
	done
}

@test "the same model gives the same bytes, with one thread and with four" {
	small m.onnx
	onnx2hn -q m.onnx -o a.har
	onnx2hn -q -j 1 m.onnx -o b.har
	onnx2hn -q -j 4 m.onnx > c.har
	same_bytes a.har b.har
	same_bytes a.har c.har
	full_disk onnx2hn -q m.onnx
}

@test "sizes that no memory holds are refused before memory is taken" {
	printf '%s\n' 'input x 1,2000000,1,1' 'node Neg n x y' 'output y' | model
	fails_with 1 "onnx2hn: m.onnx: input 'x': dimension 2000000 is absurd" onnx2hn -q m.onnx -o m.har
	onnx2hn -q m.onnx --net-input-shapes x=1,20,1,1 -o m.har
}
