# transpose() of model scripts: the device works with rows and columns exchanged, users see no difference.
load helper
load modify

S='"strides": [1, 1, 1, 1]'
SAME="$S, \"padding\": \"SAME\""
C33="\"kernel_shape\": [3, 3, 3, 4], $SAME"

# The network in m.har with and without the script: the same in float; quantized, bit_exact and HEF agree, and
# are as near to float as BOUND.
same() {
	local bound=${1:-0.03}
	modref noise x.npy 1 4 12 9 3
	native x.npy
	script 'transpose()'
	forms x.npy
	near native.npy "$bound"
	# Inside, the image is turned.
	[ "$(har-pack -m hn q.har | jq -c '.layers["n/conv1"].input_shapes[0]')" = '[-1,9,12,3]' ]
}

@test "windows that are not square: kernels, strides, dilations, both SAMEs, padding" {
	net conv1 conv '"kernel_shape": [3, 5, 3, 4], "strides": [1, 2, 1, 1], "padding": "SAME"' \
		conv2 conv '"kernel_shape": [2, 3, 4, 4], "strides": [1, 1, 1, 1], "dilations": [1, 2, 1, 1], "padding": "SAME_TENSORFLOW", "activation": "relu"' \
		external_pad1 external_pad '"external_pad_params": [1, 0, 2, 3]' \
		dw1 dw '"kernel_shape": [1, 3, 4, 2], "strides": [1, 1, 2, 1], "padding": "VALID"'
	same
}

@test "deconvolutions, with rows cut and rows added" {
	net conv1 conv "$C33" \
		deconv1 deconv '"kernel_shape": [4, 3, 4, 4], "strides": [1, 2, 3, 1], "padding": "VALID", "hnt_crop": [1, 0, 0, 2], "hnt_output_pad": [0, 1]' \
		deconv2 deconv '"kernel_shape": [3, 2, 4, 2], "strides": [1, 1, 2, 1], "padding": "DECONV"'
	same
}

@test "pools, with partial windows and padding that counts" {
	net conv1 conv "$C33" \
		maxpool1 maxpool '"kernel_shape": [1, 3, 2, 1], "strides": [1, 2, 1, 1], "padding": "SAME", "hnt_ceil_mode": true' \
		avgpool1 avgpool '"kernel_shape": [1, 2, 3, 1], "strides": [1, 1, 2, 1], "padding": "SAME", "hnt_count_include_pad": true'
	same
}

@test "resizes to other ratios in rows than in columns" {
	net conv1 conv "$C33" \
		resize1 resize '"method": "bilinear", "resize_bilinear_pixels_mode": "half_pixels", "hnt_size": [20, 12]' \
		resize2 resize '"method": "nearest_neighbor", "resize_bilinear_pixels_mode": "disabled", "resize_h_ratio_list": [2.0], "resize_w_ratio_list": [3.0]'
	same
}

@test "slices, and joins along rows and columns" {
	chain conv1 conv "$C33" slice1 slice '"height_slice": [1, 9, 2], "width_slice": [0, 7, 1]' \
		concat1 concat '"concat_axis": "spatial_h"' concat2 concat '"concat_axis": "spatial_w"'
	jq '.layers["n/concat1"].input = ["n/slice1", "n/slice1"] | .layers["n/concat2"].input = ["n/concat1", "n/concat1", "n/concat1"]' \
		m.json > j.json
	mkhar j.json m.har
	same
}

@test "reductions over rows or columns, and normalization over pixels" {
	net conv1 conv "$C33" layer_normalization1 layer_normalization '"reduce_axes": [2, 3]' \
		reduce_mean1 reduce_mean '"reduce_axes": [1]'
	same 0.06
	net conv1 conv "$C33" reduce_max1 reduce_max '"reduce_axes": [2]'
	same
	net conv1 conv "$C33" reduce_sum1 reduce_sum '"reduce_axes": [1, 3]'
	same
}

@test "a constant that is added by place, and broadcast of rows and columns" {
	chain conv1 conv "$C33" ew_add1 ew_add '' reduce_mean1 reduce_mean '"reduce_axes": [1]' ew_mult1 ew_mult ''
	jq '.layers["n/const1"] = {type: "const_input", input: [], output_shapes: [[-1, 12, 9, 4]]}
		| .layers["n/ew_add1"].input = ["n/conv1", "n/const1"] | .layers["n/ew_mult1"].input = ["n/ew_add1", "n/reduce_mean1"]' m.json > j.json
	mkhar j.json m.har
	same
}

@test "a dense layer takes the pixels in another order, behind a reshape, too" {
	net conv1 conv "$C33" dense1 dense '"kernel_shape": [432, 6]'
	same
	net conv1 conv "$C33" reshape1 format_conversion '"conversion_type": "spatial_reshape", "hnt_reshape": [0, 0, 432]' \
		dense1 dense '"kernel_shape": [432, 6]'
	same
	[ "$(on_device)" = "n/conv1 n/reshape1 n/dense1" ]
}

@test "what works one way round only keeps its layout between transposes" {
	# Tokens and their products; a reshape that is no flatten; a transpose of features and columns.
	chain conv1 conv "$C33" reshape1 format_conversion '"conversion_type": "spatial_reshape", "hnt_reshape": [1, 108, 4]' \
		matmul1 matmul '"transpose_matmul_input": true' matmul2 matmul ''
	jq '.layers["n/matmul1"].input = ["n/reshape1", "n/reshape1"] | .layers["n/matmul2"].input = ["n/matmul1", "n/reshape1"]' m.json > j.json
	mkhar j.json m.har
	same 0.06
	[ "$(on_device)" = "n/conv1 n/transpose1 n/reshape1 n/matmul1 n/matmul2" ]
	net conv1 conv "$C33" reshape1 format_conversion '"conversion_type": "spatial_reshape", "hnt_reshape": [6, 18, 4]' \
		conv2 conv '"kernel_shape": [1, 3, 4, 4], "strides": [1, 1, 1, 1], "padding": "SAME"' \
		format_conversion1 format_conversion '"conversion_type": "transpose_width_features", "hnt_transpose": [0, 2, 1]' \
		conv3 conv '"kernel_shape": [3, 1, 18, 5], "strides": [1, 1, 1, 1], "padding": "SAME"'
	same
	[ "$(on_device)" = "n/conv1 n/transpose1 n/reshape1 n/transpose2 n/conv2 n/format_conversion1 n/conv3" ]
}

@test "a network transposed by the script and one transposed by hand give the same integers" {
	net conv1 conv '"kernel_shape": [3, 5, 3, 4], "strides": [1, 2, 1, 1], "padding": "SAME", "activation": "relu"' \
		maxpool1 maxpool '"kernel_shape": [1, 3, 2, 1], "strides": [1, 1, 2, 1], "padding": "VALID"' \
		dense1 dense '"kernel_shape": [64, 6]'
	modref noise x.npy 1 8 12 9 3
	modref swap x.npy turned.npy
	script 'transpose()'
	forms x.npy
	SHAPE='9, 12, 3' net conv1 conv '"kernel_shape": [5, 3, 3, 4], "strides": [1, 1, 2, 1], "padding": "SAME", "activation": "relu"' \
		maxpool1 maxpool '"kernel_shape": [1, 2, 3, 1], "strides": [1, 2, 1, 1], "padding": "VALID"' \
		dense1 dense '"kernel_shape": [64, 6]'
	hand_weights
	hn-quantize -q -c turned.npy hand.har -o q2.har
	hn-infer -q -c bit_exact --raw --in turned.npy q2.har -o hand.npz
	same_bytes codes.npz hand.npz
	# And with an output that is an image: the convolution's.
	hn-infer -q -c bit_exact --raw --layers conv1 --in x.npy q.har -o a.npz
	hn-infer -q -c bit_exact --raw --layers conv1 --in turned.npy q2.har -o b.npz
	same_bytes a.npz b.npz
}

# hand.har: m.json with the weights of fp.har's network before its transpose, turned by the formulas.
hand_weights() {
	hn-normalize -q m.har -o w.har
	SHAPE='12, 9, 3' net conv1 conv '"kernel_shape": [3, 5, 3, 4], "strides": [1, 2, 1, 1], "padding": "SAME", "activation": "relu"' \
		maxpool1 maxpool '"kernel_shape": [1, 3, 2, 1], "strides": [1, 1, 2, 1], "padding": "VALID"' \
		dense1 dense '"kernel_shape": [64, 6]'
	har-pack -m npz m.har > w.npz
	arr get w.npz n/conv1/kernel:0 k.npy
	arr get w.npz n/conv1/bias:0 b.npy
	arr get w.npz n/dense1/kernel:0 d.npy
	arr get w.npz n/dense1/bias:0 e.npy
	modref kernel k.npy k2.npy
	modref rows d.npy d2.npy 4 4 4
	arr npz hand.npz n/conv1/kernel:0=k2.npy n/conv1/bias:0=b.npy n/dense1/kernel:0=d2.npy n/dense1/bias:0=e.npy
	har-pack -m hn w.har > hand.json
	hn-normalize -q -w hand.npz hand.json -o hand.har
}

@test "the HEF says that the host transposes, and its streams are turned" {
	net conv1 conv "$C33"
	same
	run hef-run --info --parse-streams --parse-vstreams m.hef
	[[ $output == *"Input  n/input_layer1 UINT8, NHWC(9x12x8)"* ]]
	[[ $output == *"Output n/conv1 UINT8, NHWC(9x12x8)"* ]]
	[[ $output == *"Input  n/input_layer1 UINT8, NHWC(12x9x3)"* ]]
	[[ $output == *"Output n/conv1 UINT8, NHWC(12x9x4)"* ]]
	hef-run --check m.hef
	[ "$(recorded .inputs)" = '{"n/input_layer1":[{"cmd_type":"transpose"}]}' ]
}

# Two branches of two inputs that never meet, or meet in an addition.
branches() {
	SHAPE='12, 9, 3' net conv1 conv "$C33"
	jq '.layers["n/input_layer2"] = {type: "input_layer", input: [], output_shapes: [[-1, 12, 9, 3]]}
		| .layers["n/conv2"] = (.layers["n/conv1"] | .input = ["n/input_layer2"])
		| .layers["n/output_layer2"] = {type: "output_layer", input: ["n/conv2"]}
		| .net_params.output_layers_order = ["n/conv1", "n/conv2"]' m.json > b.json
	mkhar b.json m.har
	modref noise x.npy 2 4 12 9 3
	modref noise y.npy 3 4 12 9 3
}

@test "a sequence, an array without height, stays one" {
	SHAPE='9, 3' net conv1 conv '"kernel_shape": [1, 3, 3, 4], "strides": [1, 1, 1, 1], "padding": "SAME"'
	arr npy x.npy float32 2,9,3 1 5 -3 2 7 0 4 -2 8
	native x.npy
	script 'transpose()'
	forms x.npy
	near native.npy 0.03
	[[ $(arr keys q.npz) == *2,9,4* ]]
}

@test "values of 16 bits, and outputs with a scale for each feature, are turned back as they are" {
	net conv1 conv "$C33" conv2 conv '"kernel_shape": [3, 1, 4, 5], "strides": [1, 1, 1, 1], "padding": "SAME"'
	modref noise x.npy 1 4 12 9 3
	native x.npy
	script 'transpose()' 'quantization_param({conv*}, precision_mode=a16_w16)'
	forms x.npy
	near native.npy 0.004
	script 'transpose()' 'model_optimization_config(globals, output_encoding_vector=enabled)'
	forms x.npy
	near native.npy 0.03
}

@test "only what a named input is connected with is transposed" {
	branches
	script 'transpose(input_layer2)'
	hn-normalize -q -s s.alls m.har -o fp.har
	[ "$(har-pack -m hn fp.har | jq -c '[.layers["n/conv1", "n/conv2"].input_shapes[0]]')" = '[[-1,12,9,3],[-1,9,12,3]]' ]
	hn-infer -q -c native --in input_layer1=x.npy --in input_layer2=y.npy m.har -o native.npz
	hn-infer -q -c fp_optimized --in input_layer1=x.npy --in input_layer2=y.npy fp.har -o fp.npz
	for o in output_layer1 output_layer2; do
		one native.npz $o
		one fp.npz $o
		npydiff native.npy fp.npy 1e-5
	done
	arr npz calib.npz n/input_layer1=x.npy n/input_layer2=y.npy
	hn-quantize -q -c calib.npz fp.har -o q.har
	hn-alloc -q q.har -o a.har
	hn2hef -q a.har -o m.hef
	hn-infer -q -c bit_exact --raw --in input_layer1=x.npy --in input_layer2=y.npy q.har -o e.npz
	hef-run -q --raw --in input_layer1=x.npy --in input_layer2=y.npy m.hef -o h.npz
	same_bytes e.npz h.npz
	# The other one follows by a second command; together they are transpose().
	script 'transpose(input_layer2)' 'transpose(input_layer1)'
	hn-normalize -q -s s.alls m.har -o two.har
	script 'transpose()'
	hn-normalize -q -s s.alls m.har -o all.har
	diff <(har-pack -m hn two.har | jq -S '.layers["n/conv1", "n/conv2"] | [.input_shapes, .params]') \
		<(har-pack -m hn all.har | jq -S '.layers["n/conv1", "n/conv2"] | [.input_shapes, .params]')
}

@test "what transpose cannot do is refused" {
	branches
	script 'transpose(input_layer1)' 'transpose()'
	fails_with 1 "hn-normalize: s.alls:2:1: transpose: what 'n/input_layer1' is connected with is transposed already" \
		hn-normalize -s s.alls m.har -o x.har
	refused "1:11: transpose: layer 'n/conv1' is not an input layer" 'transpose(conv1)'
	SHAPE='12, 8, 3' chain conv1 conv "$C33"
	jq '.layers["n/input_layer2"] = {type: "input_layer", input: [], output_shapes: [[-1, 12, 8, 4]]}
		| .layers["n/ew_add1"] = {type: "ew_add", input: ["n/conv1", "n/input_layer2"]}
		| .layers["n/output_layer1"].input = ["n/ew_add1"]' m.json > two.json
	mkhar two.json m.har
	script 'input_conversion(input_layer1, nv12_to_rgb)' 'transpose(input_layer2)'
	fails_with 1 "hn-normalize: s.alls:2:1: transpose: the images of 'n/input_layer1' are nv12, which the host cannot transpose" \
		hn-normalize -s s.alls m.har -o x.har
	for type in space_to_depth depth_to_space; do
		net conv1 conv "$C33" ${type}1 $type '"block_sizes": [1, 1]'
		refused "1:1: transpose: layer 'n/${type}1': transpose is not supported where depth_to_space or space_to_depth layers are used" 'transpose()'
	done
}

@test "modifications before and behind transpose do what they do without it" {
	net conv1 conv "$C33"
	modref noise x.npy 1 4 20 15 3
	for first in '' 'transpose()'; do
		for last in '' 'transpose()'; do
			[ "$first$last" != 'transpose()transpose()' ] || continue
			script "$first" 'normalization([100, 120, 140], [50, 60, 70])' 'resize(resize_shapes=[20, 15])' \
				'resize(conv1, resize_shapes=[8, 17])' 'change_output_activation(sigmoid)' 'logits_layer(argmax, 3, engine=cpu)' "$last"
			forms x.npy
			one fp.npz
			cp fp.npy "fp-$first$last.npy"
		done
	done
	npydiff fp-.npy 'fp-transpose().npy' 0
	script 'transpose()' 'resize(resize_shapes=[20, 15], engine=cpu)' 'resize(conv1, resize_shapes=[8, 17], engine=cpu)'
	forms x.npy
	one fp.npz
	cp fp.npy turned.npy
	script 'resize(resize_shapes=[20, 15], engine=cpu)' 'resize(conv1, resize_shapes=[8, 17], engine=cpu)'
	forms x.npy
	one fp.npz
	npydiff fp.npy turned.npy 1e-6
}

@test "whole networks compute the same transposed" {
	for arch in resnet_v1_18 yolov8n mobilenet_v3_large ssd_mobilenet_v1 shufflenet_v2 unet; do
		mkarch $arch m.onnx --thin 16 --size 64 --raw
		onnx2hn -q -y --net-name n m.onnx -o m.har
		modref noise x.npy 1 2 64 64 3
		hn-normalize -q m.har -o fp.har
		script 'transpose()'
		hn-normalize -q -s s.alls m.har -o turned.har
		hn-infer -q -c fp_optimized --in x.npy fp.har -o a.npz
		hn-infer -q -c fp_optimized --in x.npy turned.har -o b.npz
		for k in $(arr keys a.npz | cut -d' ' -f1); do
			arr get a.npz "$k" a.npy
			arr get b.npz "$k" b.npy
			run npydiff a.npy b.npy 1e-4
			[ "$status" -eq 0 ] || report "$arch: $k"
		done
	done
}

@test "boxes are the same transposed, whichever of the two commands comes first" {
	mkarch yolov8n m.onnx --thin 16 --size 64
	onnx2hn -q -y --net-name n m.onnx -o m.har 2> /dev/null
	modref noise x.npy 1 2 64 64 3
	local nms='nms_postprocess(meta_arch=yolov8, engine=cpu, nms_scores_th=0.01)'
	script "$nms"
	hn-normalize -q -s s.alls m.har -o fp.har
	hn-infer -q -c fp_optimized --in x.npy fp.har -o boxes.npy
	script 'transpose()' "$nms"
	hn-normalize -q -s s.alls m.har -o fp.har
	hn-infer -q -c fp_optimized --in x.npy fp.har -o before.npy
	npydiff boxes.npy before.npy 1e-4
	script "$nms" 'transpose()'
	hn-normalize -q -s s.alls m.har -o fp.har
	hn-infer -q -c fp_optimized --in x.npy fp.har -o behind.npy
	npydiff boxes.npy behind.npy 1e-4
	hn-quantize -q -c x.npy fp.har -o q.har
	hn-alloc -q q.har -o a.har
	hn2hef -q a.har -o m.hef
	hn-infer -q -c bit_exact --in x.npy q.har -o exact.npy
	hef-run -q --in x.npy m.hef -o hef.npy
	same_bytes exact.npy hef.npy
}
