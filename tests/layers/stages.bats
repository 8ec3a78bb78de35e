# Every layer type that hn-layers(7) claims, from a parsed network to the HEF: the integers of
# hn-infer and hef-run are the same, and near the float model.
load ../helper

CONV='{"kernel_shape": [3, 3, 4, 8], "strides": [1, 1, 1, 1], "padding": "SAME"'

# A 12x10x4 input, a convolution with activation $1, then the layers of the jq program $2 (which adds to
# .layers and sets .last), then output layers for each name in .last.
net() {
	jq -n --argjson conv "$CONV, \"activation\": \"$1\"}" '{name: "n", net_params: {}, last: ["n/x"], layers: {
		"n/input_layer1": {type: "input_layer", input: [], input_shapes: [[-1, 12, 10, 4]]},
		"n/conv1": {type: "conv", input: ["n/input_layer1"], params: $conv}}}
		| '"$2"' | .last as $last | del(.last) | reduce range($last | length) as $i (.;
		.layers["n/output_layer\($i + 1)"] = {type: "output_layer", input: [$last[$i]]}
			+ (if $last[$i] == "n/split" then {hnt_input_ports: [$i]} else {} end))' > m.json
}

# All stages; $1: largest difference from float, relative to the output's range.
holds() {
	mkhar m.json m.har in.npy 24
	hn-normalize -q m.har -o fp.har
	hn-quantize -q ${ALLS:+-s "$ALLS"} -c in.npy -n 24 fp.har -o q.har
	hn-alloc -q -a hailo8 q.har -o a.har > /dev/null
	hn2hef -q a.har -o m.hef
	hef-run -q --check m.hef
	hn-infer -q -c quantized --raw --data-count 3 --in in.npy q.har -o codes.npz
	hef-run -q --raw --data-count 3 --in in.npy m.hef -o hef.npz
	cmp codes.npz hef.npz
	hn-infer -q -c native --data-count 3 --in in.npy m.har -o float.npz
	hn-infer -q -c quantized --data-count 3 --in in.npy q.har -o int.npz
	for o in $(jq -r '.layers | keys[] | select(startswith("n/output"))' m.json); do
		unzip -p float.npz "$o.npy" > f.npy
		unzip -p int.npz "$o.npy" > i.npy
		run npydiff f.npy i.npy "$1"
		[ "$status" -eq 0 ] || report "$o differs too much from float (at most $1)"
	done
}

# One layer x behind the convolution: TYPE PARAMS BOUND [ACTIVATION].
layer() {
	net "${4:-linear}" ".layers[\"n/x\"] = {type: \"$1\", input: [\"n/conv1\"], params: $2}"
	holds "$3"
}

W='"strides": [1, 1, 1, 1], "padding": "SAME"'

@test "conv, grouped conv, dw, dense" {
	layer conv "{\"kernel_shape\": [3, 3, 8, 8], $W, \"activation\": \"relu\"}" 0.03 relu
	layer conv "{\"kernel_shape\": [3, 3, 4, 8], \"groups\": 2, $W, \"dilations\": [1, 2, 2, 1]}" 0.03 relu
	layer dw "{\"kernel_shape\": [3, 3, 8, 2], $W}" 0.03 relu
	layer dense '{"kernel_shape": [960, 6]}' 0.05 relu
}

@test "deconv with and without explicit crops" {
	layer deconv '{"kernel_shape": [4, 4, 8, 4], "strides": [1, 2, 2, 1], "padding": "DECONV"}' 0.03
	layer deconv '{"kernel_shape": [3, 3, 8, 4], "strides": [1, 2, 2, 1], "padding": "VALID", "hnt_crop": [1, 0, 1, 0]}' 0.03
	layer deconv '{"kernel_shape": [2, 2, 4, 8], "strides": [1, 2, 2, 1], "padding": "VALID", "groups": 2}' 0.03
}

@test "pools" {
	layer maxpool '{"kernel_shape": [1, 3, 3, 1], "strides": [1, 2, 2, 1], "padding": "SAME"}' 0.03
	layer maxpool '{"kernel_shape": [1, 2, 2, 1], "strides": [1, 3, 3, 1], "padding": "VALID", "hnt_ceil_mode": true}' 0.03
	layer avgpool '{"kernel_shape": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "VALID"}' 0.03
	layer avgpool '{"kernel_shape": [1, 3, 3, 1], "strides": [1, 1, 1, 1], "padding": "SAME"}' 0.03
	layer avgpool '{"kernel_shape": [1, 3, 3, 1], "strides": [1, 1, 1, 1], "padding": "SAME", "hnt_count_include_pad": true}' 0.03
	layer global_avg_pool '{}' 0.05
}

@test "activations in the output stage" {
	local a
	for a in relu relu6 sigmoid tanh silu hardswish gelu mish softplus exp abs gelu_tanh erf softsign; do
		layer conv "{\"kernel_shape\": [1, 1, 8, 8], $W, \"activation\": \"$a\"}" 0.04
	done
	layer conv "{\"kernel_shape\": [1, 1, 8, 8], $W, \"activation\": \"leaky\", \"hnt_act_alpha\": 0.1}" 0.03
	layer conv "{\"kernel_shape\": [1, 1, 8, 8], $W, \"activation\": \"prelu\"}" 0.03
	layer conv "{\"kernel_shape\": [1, 1, 8, 8], $W, \"activation\": \"elu\", \"hnt_act_alpha\": 1}" 0.03
	layer conv "{\"kernel_shape\": [1, 1, 8, 8], $W, \"activation\": \"hard_sigmoid\", \"hnt_act_alpha\": 0.2, \"hnt_act_beta\": 0.5}" 0.03
	layer conv "{\"kernel_shape\": [1, 1, 8, 8], $W, \"activation\": \"clip\", \"hnt_act_lo\": -0.5, \"hnt_act_hi\": 0.7}" 0.08
}

@test "standalone activation and normalization" {
	layer activation '{"activation": "sigmoid"}' 0.03 relu
	layer activation '{"activation": "leaky", "hnt_act_alpha": 0.3}' 0.03 tanh
	layer activation '{"activation": "inv_sqrt"}' 0.05 softplus
	layer normalization '{}' 0.03 relu
	layer batch_norm '{"hnt_bn_epsilon": 0.001}' 0.03 relu
}

@test "activations that compare, alone and in the output stage" {
	local a
	# A value beside the threshold may fall on its other side: only the integers must agree.
	for a in greater greater_equal less less_equal equal threshold delta sign; do
		layer activation "{\"activation\": \"$a\", \"hnt_act_alpha\": 0.25}" 1.1 relu
		layer conv "{\"kernel_shape\": [1, 1, 8, 8], $W, \"activation\": \"$a\", \"hnt_act_alpha\": 0.25}" 1.1
	done
}

@test "elementwise layers on two branches, and on a repeated input" {
	local op
	for op in ew_add ew_sub ew_mult ew_max ew_min; do
		net relu '.layers["n/conv2"] = {type: "conv", input: ["n/input_layer1"], params: (.layers["n/conv1"].params | .activation = "tanh")}
			| .layers["n/x"] = {type: "'$op'", input: ["n/conv1", "n/conv2"], params: {activation: "relu"}}'
		holds 0.04
	done
	net relu '.layers["n/p"] = {type: "global_avg_pool", input: ["n/conv1"]}
		| .layers["n/x"] = {type: "ew_mult", input: ["n/conv1", "n/p"]}'
	holds 0.04
	net sigmoid '.layers["n/x"] = {type: "ew_mult", input: ["n/conv1", "n/conv1"]}'
	holds 0.04
	# A divisor away from zero.
	net softplus '.layers["n/d"] = {type: "conv", input: ["n/input_layer1"], params: (.layers["n/conv1"].params | .activation = "softplus")}
		| .layers["n/e"] = {type: "activation", input: ["n/d"], params: {activation: "clip", hnt_act_lo: 0.5, hnt_act_hi: 4}}
		| .layers["n/x"] = {type: "ew_div", input: ["n/conv1", "n/e"]}'
	holds 0.05
}

@test "elementwise layers whose inputs both repeat, along rows, columns and features" {
	local op a b
	while read -r op a b; do
		net relu "$(branches n/b)"'
			| .layers["n/p"] = {type: "reduce_mean", input: ["n/conv1"], params: {reduce_axes: '"$a"'}}
			| .layers["n/q"] = {type: "reduce_max", input: ["n/b"], params: {reduce_axes: '"$b"'}}
			| .layers["n/x"] = {type: "'"$op"'", input: ["n/p", "n/q"]}'
		holds 0.05
	done <<- END
		ew_mult [1] [2]
		ew_add [1,2] [3]
		ew_sub [3] [1]
		ew_max [2] [1,3]
		ew_min [2,3] [1]
	END
}

@test "an added input in the convolution, with an activation" {
	net relu '.layers["n/conv2"] = {type: "conv", input: ["n/conv1"], params: {kernel_shape: [3, 3, 8, 8], strides: [1, 1, 1, 1], padding: "SAME"}}
		| .layers["n/x"] = {type: "ew_add", input: ["n/conv1", "n/conv2"], params: {activation: "relu"}}'
	holds 0.03
	har-pack -m hn fp.har | jq -e '.layers["n/conv2"].params.elementwise_add'
}

@test "moves" {
	layer slice '{"height_slice": [1, 11, 2], "width_slice": [0, 10, 3], "features_slice": [1, 7, 2]}' 0.03
	layer external_pad '{"external_pad_params": [1, 2, 3, 0]}' 0.03
	layer depth_to_space '{"block_sizes": [2, 2], "depth_to_space_type": "dcr"}' 0.03
	layer depth_to_space '{"block_sizes": [2, 1], "depth_to_space_type": "crd"}' 0.03
	layer space_to_depth '{"block_sizes": [2, 2], "space_to_depth_type": "classic_dcr"}' 0.03
	layer space_to_depth '{"block_sizes": [2, 2], "space_to_depth_type": "focus"}' 0.03
	layer feature_shuffle '{"hnt_groups": 2}' 0.03
	layer format_conversion '{"conversion_type": "reshape", "hnt_reshape": [1, 120, 8]}' 0.03
	layer format_conversion '{"conversion_type": "transpose", "hnt_transpose": [1, 0, 2]}' 0.03
}

@test "concat along each axis, with inputs of different ranges" {
	local axis
	for axis in features spatial_h spatial_w; do
		net relu '.layers["n/conv2"] = {type: "conv", input: ["n/input_layer1"], params: (.layers["n/conv1"].params | .activation = "tanh")}
			| .layers["n/x"] = {type: "concat", input: ["n/conv1", "n/conv2"], params: {concat_axis: "'$axis'"}}'
		holds 0.03
	done
}

@test "a splitter's parts go to different outputs" {
	net relu '.layers["n/split"] = {type: "feature_splitter", input: ["n/conv1"], params: {hnt_split_sizes: [2, 5, 1]}}
		| .last = ["n/split", "n/split", "n/split"]'
	holds 0.03
}

@test "resize, both methods, by ratios that are whole and not" {
	local m
	layer resize '{"method": "nearest_neighbor", "resize_bilinear_pixels_mode": "disabled", "hnt_size": [24, 20]}' 0.03
	for m in half_pixels align_corners disabled; do
		layer resize '{"method": "bilinear", "resize_bilinear_pixels_mode": "'$m'", "hnt_size": [24, 20]}' 0.03
		layer resize '{"method": "bilinear", "resize_bilinear_pixels_mode": "'$m'", "hnt_size": [7, 15]}' 0.03
	done
}

# Further convolutions on the input, named by the operands.
branches() {
	printf 'reduce ("%s"' "$1"
	[ $# -eq 1 ] || printf ', "%s"' "${@:2}"
	echo ') as $b (.; .layers[$b] = {type: "conv", input: ["n/input_layer1"], params: (.layers["n/conv1"].params | .activation = "linear")})'
}

@test "matrix products of two branches, with heads, transposed and with an activation" {
	net linear "$(branches n/b)"'
		| .layers["n/x"] = {type: "matmul", input: ["n/conv1", "n/b"], params: {transpose_matmul_input: true}}'
	holds 0.03
	net linear "$(branches n/b)"'
		| .layers["n/x"] = {type: "matmul", input: ["n/conv1", "n/b"], params: {transpose_matmul_input: true, groups: 4, activation: "tanh"}}'
	holds 0.07
	# Attention of two heads.
	net linear "$(branches n/b n/c)"'
		| .layers["n/scores"] = {type: "matmul", input: ["n/conv1", "n/b"], params: {transpose_matmul_input: true, groups: 2}}
		| .layers["n/p"] = {type: "softmax", input: ["n/scores"], params: {groups: 2}}
		| .layers["n/x"] = {type: "matmul", input: ["n/p", "n/c"], params: {groups: 2}}'
	holds 0.06
}

@test "normalization over features, pixels and all, in groups, and to length 1" {
	local axes
	for axes in [3] [1,2] [1,2,3] [1] [2,3]; do
		layer layer_normalization "{\"reduce_axes\": $axes, \"hnt_bn_epsilon\": 1e-5}" 0.04
		layer layer_normalization "{\"reduce_axes\": $axes, \"hnt_kind\": \"l2\", \"hnt_bn_epsilon\": 1e-12}" 0.04
	done
	layer layer_normalization '{"reduce_axes": [1, 2, 3], "groups": 4, "hnt_bn_epsilon": 0.001, "activation": "relu"}' 0.04
	layer layer_normalization '{"groups": 2, "hnt_bn_epsilon": 0.1, "activation": "gelu"}' 0.04
}

@test "softmax, argmax, reductions" {
	layer softmax '{}' 0.05
	layer softmax '{"groups": 2}' 0.05
	layer reduce_max '{"reduce_axes": [3]}' 0.04
	layer reduce_min '{"reduce_axes": [3]}' 0.04
	layer reduce_sum '{"reduce_axes": [3]}' 0.05
	layer reduce_mean '{"reduce_axes": [1, 2]}' 0.06
	layer reduce_mean '{"reduce_axes": [2]}' 0.05
	# Groups of features, alone and with other axes.
	layer reduce_max '{"reduce_axes": [3], "groups": 2}' 0.04
	layer reduce_min '{"reduce_axes": [1, 3], "groups": 4}' 0.04
	layer reduce_sum '{"reduce_axes": [2, 3], "groups": 2}' 0.05
	layer reduce_mean '{"reduce_axes": [1, 2, 3], "groups": 2}' 0.06
	layer reduce_mean '{"reduce_axes": [3], "groups": 4, "activation": "square"}' 0.06
	layer reduce_sum '{"reduce_axes": [1], "activation": "sqrt"}' 0.06 softplus
	# Ties between near values may fall either way: only the integers must agree.
	layer argmax '{}' 1.1
}

# The guide's list (5.3.3, precision_mode); a table has steps of its own.
@test "layers that the guide lists for 16 bits, in a network of 16 bits: a hundredth of the error of 8" {
	local two='.layers["n/conv2"] = {type: "conv", input: ["n/input_layer1"], params: (.layers["n/conv1"].params | .activation = "tanh")}'
	ALLS=$PWD/wide.alls
	echo 'model_optimization_config(compression_params, auto_16bit_weights_ratio=1)' > "$ALLS"
	layer activation '{"activation": "relu"}' 0.0004
	layer activation '{"activation": "sigmoid"}' 0.004
	layer avgpool '{"kernel_shape": [1, 3, 3, 1], "strides": [1, 1, 1, 1], "padding": "SAME"}' 0.0004 relu
	layer conv "{\"kernel_shape\": [3, 3, 8, 8], $W, \"activation\": \"relu\"}" 0.0004 relu
	layer deconv '{"kernel_shape": [4, 4, 8, 4], "strides": [1, 2, 2, 1], "padding": "DECONV"}' 0.0004 relu
	layer depth_to_space '{"block_sizes": [2, 2], "depth_to_space_type": "dcr"}' 0.0004
	layer dw "{\"kernel_shape\": [3, 3, 8, 1], $W}" 0.0004 relu
	layer external_pad '{"external_pad_params": [1, 2, 3, 0]}' 0.0004
	layer feature_shuffle '{"hnt_groups": 2}' 0.0004
	layer dense '{"kernel_shape": [960, 6]}' 0.0004 relu
	layer maxpool '{"kernel_shape": [1, 3, 3, 1], "strides": [1, 2, 2, 1], "padding": "SAME"}' 0.0004
	layer normalization '{}' 0.0004 relu
	layer reduce_max '{"reduce_axes": [3]}' 0.0004
	layer reduce_sum '{"reduce_axes": [3]}' 0.0004
	layer resize '{"method": "bilinear", "resize_bilinear_pixels_mode": "half_pixels", "hnt_size": [24, 20]}' 0.0004
	layer format_conversion '{"conversion_type": "reshape", "hnt_reshape": [1, 120, 8]}' 0.0004
	layer slice '{"height_slice": [1, 11, 2], "width_slice": [0, 10, 3], "features_slice": [1, 7, 2]}' 0.0004
	layer space_to_depth '{"block_sizes": [2, 2], "space_to_depth_type": "classic_dcr"}' 0.0004
	for op in ew_add ew_sub; do
		net relu "$two"' | .layers["n/x"] = {type: "'$op'", input: ["n/conv1", "n/conv2"]}'
		holds 0.001
	done
	net relu "$two"' | .layers["n/x"] = {type: "concat", input: ["n/conv1", "n/conv2"], params: {concat_axis: "features"}}'
	holds 0.001
	net relu '.layers["n/split"] = {type: "feature_splitter", input: ["n/conv1"], params: {hnt_split_sizes: [2, 5, 1]}}
		| .last = ["n/split", "n/split", "n/split"]'
	holds 0.0004
	har-pack -m hn q.har | jq -e '[.layers[].quantization_params.precision_mode] | all(startswith("a16_w16"))'
}
