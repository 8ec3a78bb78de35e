# tf2hn: operators and options.  Models are text (tests/gen/mktf); files of all forms are in
# tests/tf2hn-files.bats.
# shellcheck disable=SC2154 # stderr_lines is set by run
load helper
load tf

# run_case NAME LAYERS: what the case's model makes, and of which layers.
run_case() {
	local in=() f i l
	tf2hn -q "$1.pb" --net-name n --hn "$1.hn" -o "$1.har" || return
	l=$(jq -r '[.layers[].type | select(. != "input_layer" and . != "output_layer")] | join(",")' "$1.hn")
	[ "$2" = - ] || [ "$2" = "$l" ] || {
		echo "layers $l, $2 expected"
		return 1
	}
	[ -f "$1.in.npy" ] && in=(--in "$1.in.npy")
	for f in "$1".in-*.npy; do
		[ -f "$f" ] || continue
		i=${f#"$1.in-"}
		l=$(jq -r --arg i "${i%.npy}" '.layers | to_entries[] | select(.value.original_names[0] == $i) | .key' "$1.hn")
		in+=(--in "$l=$f")
	done
	hn-infer -q "$1.har" "${in[@]}" -o "$1.out.npy" && npydiff -1 "$1.want.npy" "$1.out.npy" 1e-4
}

@test "each operator makes what TensorFlow's makes, of the layers that the guide names" {
	local name layers seen=0 wrong=0
	mktf cases "$ROOT/tests/cases/tf_ops.txt" > list
	while read -r name layers; do
		run_case "$name" "$layers" > log 2>&1 || {
			echo "$name: $(cat log)"
			wrong=$((wrong + 1))
		}
		seen=$((seen + 1))
	done < list
	[ $wrong -eq 0 ] && [ $seen -eq "$(grep -c '^case ' "$ROOT/tests/cases/tf_ops.txt")" ] && [ $seen -gt 190 ]
}

@test "each row of the operator table is in a case, or said here why not" {
	# Without values of their own; only as arithmetic on shapes; in tests below.
	local not=' Assert NoOp Placeholder PlaceholderV2 Ceil Floor Rint Round Prod MirrorPad '
	local op seen=0
	while read -r op; do
		seen=$((seen + 1))
		[[ $not == *" $op "* ]] || grep -q "^node $op " "$ROOT/tests/cases/tf_ops.txt" || {
			echo "no case for $op"
			return 1
		}
	done < <(sed -n 's/^	{ "\([A-Za-z0-9]*\)", *tf_.*/\1/p' "$ROOT/lib/tf/tf_ops.c")
	[ $seen -gt 110 ]
}

# A convolution with bias and activation, pooled, flattened, classified.
small() {
	model <<'T'
input image f32 -1,4,4,1
const conv/kernel f32 3,3,1,2 0 0 0 0 0 0 0 0 1 2 0 0 0 0 0 0 0 0
const conv/bias f32 2 1 0
node Conv2D conv/Conv2D image,conv/kernel strides=l:1,1,1,1 padding=s:SAME
node BiasAdd conv/BiasAdd conv/Conv2D,conv/bias
node Relu conv/Relu conv/BiasAdd
node MaxPool pool conv/Relu ksize=l:1,2,2,1 strides=l:1,2,2,1 padding=s:VALID
const shape i32 2 -1 8
node Reshape flat pool,shape
const fc/kernel f32 8,3 1 0 0 2 0 0 3 0 0 4 0 0 5 0 0 6 0 0 7 1 0 8 1 0
const fc/bias f32 3 0.5 0 -0.5
node MatMul fc/MatMul flat,fc/kernel
node BiasAdd fc/BiasAdd fc/MatMul,fc/bias
T
}

@test "a small network: layers, names of nodes, values" {
	small
	[ "$(layers)" = conv,maxpool,dense ]
	hn '.layers["n/conv1"].original_names == ["conv/Conv2D", "conv/BiasAdd", "conv/Relu"] and
		.layers["n/fc1"].original_names == ["fc/MatMul", "fc/BiasAdd"] and
		.layers["n/input_layer1"].original_names == ["image"] and
		.layers["n/input_layer1"].output_shapes == [[-1, 4, 4, 1]]'
	# Features x + 1 and 2 x, pooled: 7 12, 9 16, 15 28, 17 32.
	given 1,4,4,1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
	gives 1,3 740.5 49 -0.5
}

@test "what was translated is said, in operators; -q says nothing" {
	small
	run --separate-stderr tf2hn m.pb --net-name n -o m.har
	[ "$status" -eq 0 ]
	[ "${stderr_lines[0]}" = "tf2hn: Restored TensorFlow model n (7 operators)" ]
	[[ $stderr == *"Start nodes mapped from original model: 'image': 'n/input_layer1'."* ]]
	[[ $stderr == *"End nodes mapped from original model: 'fc/BiasAdd'."* ]]
	run --separate-stderr tf2hn -q m.pb -o m.har
	[ "$status" -eq 0 ] && [ -z "$stderr" ]
}

@test "start and end nodes are named by node or by tensor" {
	small
	for end in conv/Relu conv/Relu:0; do
		[ "$(layers --end-node-names $end)" = conv ]
	done
	for start in fc/MatMul fc/MatMul:0; do
		[ "$(layers --start-node-names $start)" = dense ]
	done
	# A convolution without the activation behind it.
	tf2hn -q m.pb --end-node-names conv/BiasAdd --hn - --no-weights | jq -e '[.layers[].params.activation // "linear"] | unique == ["linear"]'
	fails_with 1 "tf2hn: m.pb: --end-node-names: there is no node 'fc/BiasAd' (did you mean 'fc/BiasAdd'?)" \
		tf2hn -q m.pb --end-node-names fc/BiasAd
	fails_with 1 "tf2hn: m.pb: --end-node-names: 'fc/bias' is a constant, not a node" \
		tf2hn -q m.pb --end-node-names fc/bias
	model <<'T'
input x f32 1,2,2,4
const axis i32 0d 3
node Split s axis,x num_split=i:2
node Relu r s:1
T
	[ "$(layers --end-node-names s:1)" = feature_splitter ]
	tf2hn -q m.pb --end-node-names s:1 --hn - --no-weights | jq -e '[.layers[] | select(.type == "output_layer")] | length == 1'
}

@test "open sizes come from --net-input-shapes, by the input's name or its tensor's" {
	model <<'T'
input x f32 -1,-1,-1,2
const k f32 1,1,2,3 ~1:1
const one i32 1 1
const three i32 1 3
const two i32 0d 2
node Conv2D c x,k strides=l:1,1,1,1 padding=s:SAME
node Shape shape c
node StridedSlice size shape,one,three,one
node Mul twice size,two
node ResizeBilinear y c,twice half_pixel_centers=b:1
T
	for shape in x=1,4,6,2 x:0=1,4,6,2 x:1,4,6,2 1,4,6,2; do
		tf2hn -q m.pb --net-name n --net-input-shapes $shape --hn - --no-weights |
			jq -e '.layers["n/output_layer1"].output_shapes == [[-1, 8, 12, 3]]'
	done
	fails_with 1 "tf2hn: m.pb: input 'x': dimension 1 is open (give --net-input-shapes x=...)" tf2hn -q m.pb
	fails_with 1 "tf2hn: m.pb: input 'x': --net-input-shapes: '1,4,6' has 3 dimensions, the model's input 4" \
		tf2hn -q m.pb --net-input-shapes x=1,4,6
}

@test "a grouped convolution has a kernel over fewer features" {
	model <<'T'
input x f32 1,2,1,4
const k f32 1,1,2,4 1 1 2 0 1 -1 2 1
node Conv2D y x,k strides=l:1,1,1,1 padding=s:VALID
T
	hn '.layers["n/conv1"].params.groups == 2'
	given 1,2,1,4 1 2 3 4 5 6 7 8
	gives 1,2,1,4 3 -1 14 4 11 -1 30 8
}

@test "parts of the features, each convolved, are a grouped convolution from three on" {
	mktf cases "$ROOT/tests/cases/tf_ops.txt" group_conv_split_concat
	cp group_conv_split_concat.pb m.pb
	hn '.layers["n/conv1"] | .params.groups == 3 and .params.kernel_shape == [3, 3, 2, 6] and
		.params.activation == "relu" and (.original_names | length) == 9'
	sliced() { # JOINED
		model <<< "input x f32 1,4,4,6
const b0 i32 4 0 0 0 0
const b1 i32 4 0 0 0 2
const b2 i32 4 0 0 0 4
const size i32 4 -1 -1 -1 2
const rest i32 4 -1 -1 -1 -1
const axis i32 0d -1
const k0 f32 3,3,2,1 ~1:1
const k1 f32 3,3,2,1 ~2:1
const k2 f32 3,3,2,1 ~3:1
node Slice s0 x,b0,size
node Slice s1 x,b1,size
node Slice s2 x,b2,rest
node Conv2D c0 s0,k0 strides=l:1,2,2,1 padding=s:SAME
node Conv2D c1 s1,k1 strides=l:1,2,2,1 padding=s:SAME
node Conv2D c2 s2,k2 strides=l:1,2,2,1 padding=s:SAME
node ConcatV2 y $1,axis"
	}
	sliced c0,c1,c2
	[ "$(layers)" = conv ]
	# In another order they stay what they are.
	sliced c1,c0,c2
	[ "$(layers)" = slice,slice,slice,conv,conv,conv,concat ]
}

@test "features may be the second dimension" {
	model <<'T'
input x f32 1,2,2,2
const k f32 1,1,2,3 1 2 3 4 5 6
const b f32 3 10 20 30
const g f32 3 1 1 2
const z f32 3 0
const o f32 3 1
node Conv2D c x,k strides=l:1,1,1,1 padding=s:SAME data_format=s:NCHW
node BiasAdd a c,b data_format=s:NCHW
node FusedBatchNormV3 n a,g,z,z,o epsilon=f:0 is_training=b:0 data_format=s:NCHW
node MaxPool y n ksize=l:1,1,2,2 strides=l:1,1,1,1 padding=s:VALID data_format=s:NCHW
T
	hn '.layers["n/input_layer1"].output_shapes == [[-1, 2, 2, 2]]'
	[ "$(layers)" = conv,maxpool ]
	# Pixels (1, 10), (2, 20), (3, 30), (4, 40) of NHWC: the last is the largest.
	given 1,2,2,2 1 10 2 20 3 30 4 40
	gives 1,1,1,3 174 228 564
}

@test "operators without an HN form are refused by name, with what to do" {
	one() { # OPERATOR ATTRIBUTES... : of x
		model <<< "input x f32 1,4,4,3
node $1 y x ${*:2}"
	}
	one LRN
	refused "node 'y' (LRN): local response normalization is not supported"
	one FakeQuantWithMinMaxArgs
	refused "node 'y' (FakeQuantWithMinMaxArgs): the model is trained for 8 bits: quantization here starts from float weights (export the model without quantization-aware nodes)"
	one Cumsum
	refused "node 'y' (Cumsum): this operator is not supported"
	one SpaceToBatchND
	refused "node 'y' (SpaceToBatchND): it is supported around one convolution of padding VALID, as TensorFlow 1 writes dilations"
	one Cast DstT=t:u8
	refused "node 'y' (Cast): a cast to type 4 is not supported"
	one Conv2D
	refused "node 'y' (Conv2D): it has 1 inputs, 2 expected"
	model <<'T'
input x f32 1,4,4,3
const g f32 3 1
const z f32 0
node FusedBatchNormV3 y x,g,g,g,g
T
	refused "node 'y' (FusedBatchNormV3): it is in training mode (is_training): its statistics would be those of each batch (export the model for inference, in Keras with training=False)"
	model <<'T'
input x f32 1,4,4,3
const p i32 4,2 0 0 1 1 1 1 0 0
node MirrorPad y x,p mode=s:REFLECT
T
	refused "node 'y' (MirrorPad): mode 'reflect' is not supported, only 'constant'"
	model <<'T'
input x f32 1,4,4,3
input k f32 3,3,3,4
node Conv2D y x,k strides=l:1,1,1,1 padding=s:SAME
T
	refused "node 'y' (Conv2D): its kernel is computed from data ('k'), a constant expected"
	model <<'T'
input x f32 1,4,4,3
const k f32 3,3,3,4 1
node Conv2D y x,k strides=l:1,1,1,1 padding=s:ODD
T
	refused "node 'y' (Conv2D): its padding 'ODD' is unknown"
}

@test "what can be translated of a model is recommended, and translated with -y" {
	model <<'T'
input x f32 1,8,8,3
const k f32 3,3,3,4 ~1:1
node Conv2D c x,k strides=l:1,1,1,1 padding=s:SAME
node Relu r c
node LRN l r
T
	fails_with 1 "tf2hn: m.pb: node 'l' (LRN): local response normalization is not supported (try tf2hn -q m.pb --end-node-names r)" \
		tf2hn -q m.pb
	run --separate-stderr tf2hn m.pb -y -o m.har
	[ "$status" -eq 0 ]
	[[ $stderr == *"translated a part of the model instead, as tf2hn m.pb -y -o m.har --end-node-names r"* ]]
}

@test "the report tells of the graph's operators by their own words" {
	small
	tf2hn -q m.pb --net-name n --report r.json -o m.har
	jq -e '.opset == null and ([.nodes[] | "\(.op) \(.status)"] == ["Conv2D layer", "BiasAdd fused into",
		"Relu fused into", "MaxPool layer", "Reshape view only", "MatMul layer", "BiasAdd fused into"])' r.json
}

@test "--augmented-path copies a frozen graph, --save-original keeps it" {
	small
	tf2hn -q m.pb --augmented-path a.pb --save-original -o m.har
	same_bytes m.pb a.pb
	har-pack -m original.pb m.har > o.pb
	same_bytes m.pb o.pb
}

@test "a graph that reads itself, or what is not there, is damaged" {
	model <<'T'
input x f32 1,4,4,3
node AddV2 a x,b
node Relu b a
node Relu y b
T
	run --separate-stderr tf2hn -q m.pb
	[ "$status" -eq 1 ] && [ "${#stderr_lines[@]}" -eq 1 ]
	model <<'T'
input x f32 1,4,4,3
node AddV2 a x,b
T
	run --separate-stderr tf2hn -q m.pb
	[ "$status" -eq 1 ] && [ "${#stderr_lines[@]}" -eq 1 ] && [[ $stderr == *"'b'"* ]]
}
