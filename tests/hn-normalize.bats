# hn-normalize: every pass by its effect on a small network, the script, and bad input.
load helper

# A network of one chain: `net NAME TYPE PARAMS ...` from a 12x12x3 input; layers feed each other.
net() {
	local prev=input_layer1
	echo '{"name": "n", "net_params": {}, "layers": {'
	echo '"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 12, 12, 3]]}'
	while [ $# -gt 0 ]; do
		echo ", \"n/$1\": {\"type\": \"$2\", \"input\": [\"n/$prev\"], \"original_names\": [\"o_$1\"], \"params\": {$3}}"
		prev=$1
		shift 3
	done
	echo ", \"n/output_layer1\": {\"type\": \"output_layer\", \"input\": [\"n/$prev\"]}}}"
}

W='"strides": [1, 1, 1, 1], "padding"'
C33="\"kernel_shape\": [3, 3, 3, 8], $W: \"SAME\""
V33="\"kernel_shape\": [3, 3, 3, 8], $W: \"VALID\""
C11="\"kernel_shape\": [1, 1, 8, 8], $W: \"VALID\""
BN='"batch_norm": true'

# The types left, in order, without input and output layers; and that the function is the same.
becomes() {
	local expect=$1 last
	mkhar m.json m.har in.npy 3
	hn-normalize ${SCRIPT:+-s "$SCRIPT"} m.har -o fp.har
	har-pack -m hn fp.har > fp.json
	run jq -r '[.layers[] | select(.type | endswith("put_layer") | not) | .type] | join(" ")' fp.json
	[ "$output" = "$expect" ] || report "layers expected: $expect"
	# Layer by layer, as parsed, without any fusing.
	last=$(jq -r '.layers["n/output_layer1"].input[0]' m.json)
	hn-infer -c native --layers "$last" --in in.npy m.har -o native.npz
	hn-infer -c fp_optimized --in in.npy fp.har -o fp.npy
	unzip -p native.npz "$last.npy" > native.npy
	run npydiff native.npy fp.npy 1e-4
	[ "$status" -eq 0 ] || report "fp_optimized differs from native"
}

@test "batch norm goes into conv, dw, deconv and dense" {
	net conv1 conv "$C33, $BN, \"activation\": \"relu\"" \
		dw1 dw "\"kernel_shape\": [3, 3, 8, 2], $W: \"SAME\", $BN" \
		deconv1 deconv "\"kernel_shape\": [3, 3, 16, 4], \"strides\": [1, 2, 2, 1], \"padding\": \"DECONV\", $BN" \
		dense1 dense "\"kernel_shape\": [2304, 5], $BN" > m.json
	becomes "conv dw deconv dense"
	run jq -r '[.layers[].params.batch_norm] | unique | tostring' fp.json
	[ "$output" = "[null]" ]
}

@test "a grouped convolution folds by its own features" {
	net conv1 conv "$C33" conv2 conv "\"kernel_shape\": [3, 3, 4, 6], $W: \"VALID\", \"groups\": 2, $BN" \
		normalization1 normalization '' > m.json
	becomes "conv conv"
}

@test "a standalone batch norm goes into the linear convolution before it" {
	net conv1 conv "$C33" batch_norm1 batch_norm '"activation": "relu"' > m.json
	becomes "conv"
	[ "$(jq -r '.layers["n/conv1"].params.activation' fp.json)" = relu ]
	[ "$(jq -c '.layers["n/conv1"].original_names' fp.json)" = '["o_conv1","o_batch_norm1"]' ]
}

@test "a batch norm behind an activation stays, as a normalization" {
	net conv1 conv "$C33, \"activation\": \"relu\"" batch_norm1 batch_norm '' > m.json
	becomes "conv normalization"
}

@test "scalings in a row become one, and go into a convolution without padding" {
	net normalization1 normalization '' normalization2 normalization '' conv1 conv "$V33, $BN" > m.json
	becomes "conv"
}

@test "a scaling with an offset stays before a padded convolution" {
	net normalization1 normalization '' conv1 conv "$C33" > m.json
	becomes "normalization conv"
}

@test "a scaling goes into dw, grouped conv and dense behind it by input feature" {
	local act='"activation": "tanh"'
	net conv1 conv "$C33, $act" normalization1 normalization '' \
		dw1 dw "\"kernel_shape\": [3, 3, 8, 2], $W: \"VALID\", $act" normalization2 normalization '' \
		conv2 conv "\"kernel_shape\": [1, 1, 8, 6], $W: \"VALID\", \"groups\": 2, $act" normalization3 normalization '' \
		dense1 dense '"kernel_shape": [600, 5]' > m.json
	becomes "conv dw conv dense"
}

@test "a standalone activation goes into the layer before it, prelu with its slopes" {
	net conv1 conv "$C33" activation1 activation '"activation": "prelu"' \
		conv2 conv "$C11" activation2 activation '"activation": "leaky", "hnt_act_alpha": 0.2' > m.json
	becomes "conv conv"
	[ "$(jq -r '[.layers[].params.activation] | map(select(. != null)) | join(" ")' fp.json)" = "prelu leaky" ]
	[ "$(jq -r '.layers["n/conv2"].params.hnt_act_alpha' fp.json)" = 0.2 ]
}

@test "an activation behind an activated layer stays" {
	net conv1 conv "$C33, \"activation\": \"relu\"" activation1 activation '"activation": "sigmoid"' > m.json
	becomes "conv activation"
}

@test "a clip behind a clip becomes one" {
	net conv1 conv "$C33, \"activation\": \"relu\"" activation1 activation '"activation": "relu6"' > m.json
	becomes "conv"
	[ "$(jq -r '.layers["n/conv1"].params.activation' fp.json)" = relu6 ]
	net conv1 conv "$C33, \"activation\": \"relu6\"" \
		activation1 activation '"activation": "clip", "hnt_act_lo": 0.5, "hnt_act_hi": 8' > m.json
	becomes "conv"
	[ "$(jq -c '.layers["n/conv1"].params | [.activation, .hnt_act_lo, .hnt_act_hi]' fp.json)" = '["clip",0.5,6]' ]
}

@test "layers that compute nothing are removed" {
	net conv1 conv "$C33" activation1 activation '"activation": "linear"' \
		external_pad1 external_pad '"external_pad_params": [0, 0, 0, 0]' slice1 slice '"height_slice": [0, 12, 1]' \
		feature_shuffle1 feature_shuffle '"hnt_groups": 1' concat1 concat '"concat_axis": "features"' > m.json
	becomes "conv"
	[ "$(jq -c '.layers["n/output_layer1"].input' fp.json)" = '["n/conv1"]' ]
}

# conv1 -> conv2 -> conv3 -> ew_add1(conv1, conv3), the residual block.
residual() {
	net conv1 conv "$C33, \"activation\": \"relu\"" conv2 conv "$C11, $BN, \"activation\": \"relu\"" \
		conv3 conv "$C11, $BN" ew_add1 ew_add '"activation": "relu"' |
		jq '.layers["n/ew_add1"].input = ["n/conv1", "n/conv3"] | .net_params.output_layers_order = ["n/ew_add1"]'
}

@test "an ew_add becomes the added input of its linear convolution" {
	residual > m.json
	becomes "conv conv conv"
	[ "$(jq -c '.layers["n/conv3"].input' fp.json)" = '["n/conv2","n/conv1"]' ]
	[ "$(jq -c '.layers["n/conv3"].params | [.elementwise_add, .activation]' fp.json)" = '[true,"relu"]' ]
	[ "$(jq -c '.net_params.output_layers_order' fp.json)" = '["n/conv3"]' ]
}

@test "ew_add_fusing is disabled and enabled by the script" {
	residual > m.json
	echo 'pre_quantization_optimization(ew_add_fusing, policy=disabled)' > s.alls
	SCRIPT=s.alls becomes "conv conv conv ew_add"
	echo 'pre_quantization_optimization(ew_add_fusing, policy=enabled)' >> s.alls
	SCRIPT=s.alls becomes "conv conv conv"
	echo 'pre_quantization_optimization(ew_add_fusing, policy=perhaps)' > s.alls
	fails_with 1 "hn-normalize: s.alls:1:53: pre_quantization_optimization: argument 'policy' is perhaps, one of enabled, disabled expected" \
		hn-normalize -s s.alls m.har -o x.har
}

@test "infusible_ew_add_type=conv: what no convolution takes is one of its own" {
	# Both inputs have an activation: the addition stands alone.
	residual | jq '.layers["n/conv3"].params.activation = "silu"' > m.json
	becomes "conv conv conv ew_add"
	echo 'pre_quantization_optimization(ew_add_fusing, policy=enabled, infusible_ew_add_type=ew_add)' > s.alls
	SCRIPT=s.alls becomes "conv conv conv ew_add"
	echo 'pre_quantization_optimization(ew_add_fusing, policy=enabled, infusible_ew_add_type=conv)' > s.alls
	SCRIPT=s.alls becomes "conv conv conv conv"
	[ "$(jq -c '.layers["n/ew_add1"] | [.type, .input, .params.elementwise_add, .params.groups, .params.activation]' fp.json)" = \
		'["conv",["n/conv1","n/conv3"],true,8,"relu"]' ]
	# Another precision than the convolution's.
	residual > m.json
	echo 'quantization_param(ew_add1, precision_mode=a16_w16)' >> s.alls
	SCRIPT=s.alls becomes "conv conv conv conv"
	# One that can is merged as ever.
	sed -i 1q s.alls
	SCRIPT=s.alls becomes "conv conv conv"
	# A feature added to all pixels is no addition of two tensors of one shape.
	residual | jq '.layers["n/conv3"].params.activation = "silu" | .layers["n/conv3"].params.kernel_shape = [12, 12, 8, 8] | .layers["n/conv3"].params.padding = "VALID"' > m.json
	SCRIPT=s.alls becomes "conv conv conv ew_add"
	# The integers are those of the hardware.
	residual | jq '.layers["n/conv3"].params.activation = "silu"' > m.json
	SCRIPT=s.alls becomes "conv conv conv conv"
	hn-quantize -q -c in.npy fp.har -o q.har
	hn-infer -q -c fp_optimized --in in.npy fp.har -o f.npy
	hn-infer -q -c quantized --in in.npy q.har -o q.npy
	npydiff f.npy q.npy 0.06
	hn-alloc -q q.har -o a.har
	hn2hef -q a.har -o m.hef
	hn-infer -q -c quantized --raw --in in.npy q.har -o q.npy
	hef-run -q --raw --in in.npy m.hef -o h.npy
	same_bytes q.npy h.npy
}

@test "an addition with another precision than its convolution is not fused" {
	residual > m.json
	echo 'quantization_param({ew_add*}, precision_mode=a16_w16)' > s.alls
	SCRIPT=s.alls becomes "conv conv conv ew_add"
	echo 'quantization_param([conv3, conv1], precision_mode=a16_w16)' >> s.alls
	SCRIPT=s.alls becomes "conv conv conv"
}

@test "of two convolutions that could take an addition the later one does" {
	residual | jq '.layers["n/conv1"].params |= del(.activation) | .layers["n/conv2"].input = ["n/input_layer1"]
		| .layers["n/conv2"].params.kernel_shape = [1, 1, 3, 8]' > m.json
	becomes "conv conv conv"
	[ "$(jq -c '.layers["n/conv3"].input' fp.json)" = '["n/conv2","n/conv1"]' ]
}

@test "an addition of different shapes stays" {
	net conv1 conv "$C33, \"activation\": \"relu\"" global_avg_pool1 global_avg_pool '' conv2 conv "$C11" \
		ew_add1 ew_add '' | jq '.layers["n/ew_add1"].input = ["n/conv1", "n/conv2"]' > m.json
	becomes "conv global_avg_pool conv ew_add"
}

@test "a convolution that something else uses too takes neither scaling nor addition" {
	residual | jq '.layers["n/ew_mult1"] = {type: "ew_mult", input: ["n/ew_add1", "n/conv3"]}
		| .layers["n/output_layer1"].input = ["n/ew_mult1"] | .net_params = {}' > m.json
	becomes "conv conv conv ew_add ew_mult"
}

@test "normalization inserts (x - mean) / deviation behind the input, named by the script" {
	net conv1 conv "$C33" > m.json
	mkhar m.json m.har in.npy 2
	echo 'norm_a = normalization([1, 2, 3], [2, 4, 0.5])' > s.alls
	hn-normalize -s s.alls m.har -o fp.har
	[ "$(har-pack -m hn fp.har | jq -c '.layers["n/conv1"].input')" = '["n/norm_a"]' ]
	hn-infer -c fp_optimized --layers n/norm_a,n/input_layer1 --in in.npy fp.har -o x.npz
	har-pack -m fpo.npz fp.har > w.npz
	# 1 / 2, 1 / 4, 2 and -1 / 2, -2 / 4, -6 as little-endian floats
	[ "$(unzip -p w.npz n/norm_a/kernel:0.npy | tail -c 12 | xxd -p)" = 0000003f0000803e00000040 ]
	[ "$(unzip -p w.npz n/norm_a/bias:0.npy | tail -c 12 | xxd -p)" = 000000bf000000bf0000c0c0 ]
	har-pack -m modifications_meta_data.json fp.har | jq -e '.inputs["n/input_layer1"][0] ==
		{cmd_type: "normalization", mean: [1, 2, 3], std: [2, 4, 0.5]}'
	har-pack -m alls fp.har | cmp - s.alls
}

@test "later modifications come nearer to the input, and a script's layer is not folded" {
	net conv1 conv "$V33" > m.json
	mkhar m.json m.har
	printf '%s\n' 'a = normalization([1,1,1], [2,2,2])' 'b = normalization([0,0,0], [3,3,3], input_layer1)' > s.alls
	hn-normalize -s s.alls m.har -o fp.har
	[ "$(har-pack -m hn fp.har | jq -c '.layers | keys_unsorted')" = '["n/input_layer1","n/b","n/a","n/conv1","n/output_layer1"]' ]
	# A scaling of the model itself is merged into the script's.
	net normalization1 normalization '' conv1 conv "$V33" > m.json
	mkhar m.json m.har
	hn-normalize -s s.alls m.har -o fp.har
	[ "$(har-pack -m hn fp.har | jq -c '.layers | keys_unsorted')" = '["n/input_layer1","n/b","n/a","n/conv1","n/output_layer1"]' ]
}

@test "a wrong normalization command is refused" {
	net conv1 conv "$C33" > m.json
	mkhar m.json m.har
	try() {
		echo "$1" > s.alls
		fails_with 1 "hn-normalize: s.alls:1:$3: normalization: $2" hn-normalize -s s.alls m.har -o x.har
	}
	try 'a = normalization([1, 2], [1, 2])' "argument 'mean' has 2 numbers, 'n/input_layer1' has 3 features" 19
	try 'a = normalization([1, 2, 3], 4)' "argument 'std' is 4, a list of numbers from 1e-30 to 1e+30 expected" 30
	try 'a = normalization([1, 2, 3])' "argument 'std' is missing, a list of numbers from 1e-30 to 1e+30 expected" 5
	try 'a = normalization([1, 2, 3], [1, 0, 1])' "argument 'std' is [1, 0, 1], a list of numbers from 1e-30 to 1e+30 expected" 30
	try 'a, b = normalization([1, 2, 3], [1, 1, 1])' "2 names on the left, 1 input layers" 8
	try 'conv1 = normalization([1, 2, 3], [1, 1, 1])' "there is a layer 'conv1' already" 9
	try 'a = normalization([1, 2, 3], [1, 1, 1], conv1)' "layer 'n/conv1' is not an input layer" 41
	try 'a = normalization([1, 2, 3], [1, 1, 1], input_layer2)' "no layer 'input_layer2' in 'n' (did you mean 'input_layer1' or 'output_layer1'?)" 41
}

@test "a layer can be named by its name in the original model" {
	net conv1 conv "$C33, $BN" > m.json
	mkhar m.json m.har
	printf '%s\n' "mine = from_tf('o_conv1')" 'quantization_param([mine], null_channels_cutoff_factor=1e6)' > s.alls
	hn-normalize -s s.alls m.har -o fp.har 2> log
	grep -qx 'hn-normalize: n/conv1: 8 of 8 features cut (variance below the cut-off)' log
	har-pack -m alls fp.har | cmp - s.alls
	sed -i s/o_conv1/o_conv2/ s.alls
	fails_with 1 "hn-normalize: s.alls:1:16: from_tf: no layer of 'n' was called 'o_conv2' in the original model (did you mean 'o_conv1'?)" \
		hn-normalize -s s.alls m.har -o x.har
	# A name that no command of this stage uses may wait for its layer.
	echo "mine = from_tf('o_conv2')" > s.alls
	hn-normalize -q -s s.alls m.har -o x.har
}

@test "commands of this stage are applied, those of later ones are left to them without a word" {
	net conv1 conv "$C33" > m.json
	mkhar m.json m.har
	local c='pre_quantization_optimization(ew_add_fusing, policy=enabled, infusible_ew_add_type=conv)'
	printf '%s\n' "$c" 'set_seed(seed=6)' "$c" 'merge(conv1, conv2)' > s.alls
	run --separate-stderr hn-normalize -q -s s.alls m.har -o fp.har
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(har-pack -m metadata.json fp.har | jq -c .hnt_script)" = null ]
	# Nothing to say: nothing in the metadata.
	echo 'set_seed(seed=x)' > s.alls
	fails_with 1 "hn-normalize: s.alls:1:15: set_seed: argument 'seed' is x, a whole number of at least 0 expected" \
		hn-normalize -s s.alls m.har -o x.har
	: > s.alls
	hn-normalize -q -s s.alls m.har -o fp.har
	[ "$(har-pack -m metadata.json fp.har | jq -c .hnt_script)" = null ]
}

@test "dead features are cut by the script's factor" {
	net conv1 conv "$C33, $BN, \"hnt_bn_epsilon\": 0.001" > m.json
	mkhar m.json m.har
	# Every variance is above 0.5: none is dead by default, all are with a factor of 1e6.
	hn-normalize m.har --npz a.npz -o x.har
	echo 'quantization_param(conv1, null_channels_cutoff_factor=1e6)' > s.alls
	hn-normalize -s s.alls m.har --npz b.npz -o x.har 2> log
	grep -qx 'hn-normalize: n/conv1: 8 of 8 features cut (variance below the cut-off)' log
	run bash -o pipefail -c "unzip -p a.npz n/conv1/kernel:0.npy | tail -c 864 | tr -d '\0' | wc -c"
	[ "$output" -gt 400 ]
	run bash -o pipefail -c "unzip -p b.npz n/conv1/kernel:0.npy | tail -c 864 | tr -d '\0' | wc -c"
	[ "$output" -eq 0 ]
	# What is left of a dead feature is its beta.
	har-pack -m npz m.har > n.npz
	[ "$(unzip -p b.npz n/conv1/bias:0.npy | tail -c 32 | xxd -p)" = "$(unzip -p n.npz n/conv1/beta:0.npy | tail -c 32 | xxd -p)" ]
	echo 'quantization_param(conv9, null_channels_cutoff_factor=1e6)' > s.alls
	fails_with 1 "hn-normalize: s.alls:1:20: quantization_param: no layer 'conv9' in 'n' (did you mean 'conv1'?)" \
		hn-normalize -s s.alls m.har -o x.har
}

@test "the script in the bundle is used unless -s replaces it" {
	net conv1 conv "$C33" > m.json
	mkhar m.json m.har
	mkdir d
	har-pack -x d m.har
	echo 'in_bundle = normalization([1, 2, 3], [1, 1, 1])' > d/n.alls
	har-pack --hn d/n.hn --npz d/n.npz --add d/n.alls -o s.har
	hn-normalize --hn - s.har | jq -e '.layers | has("n/in_bundle")'
	echo 'other = normalization([1, 2, 3], [1, 1, 1])' > s.alls
	hn-normalize -s s.alls --hn - s.har | jq -e '.layers | has("n/other") and (has("n/in_bundle") | not)'
}

@test "parts are written beside the bundle or instead of it" {
	net conv1 conv "$C33" > m.json
	mkhar m.json m.har
	hn-normalize m.har --hn a.hn --npz a.npz -o x.har
	hn-normalize m.har --hn - > b.hn
	hn-normalize m.har --npz - > b.npz
	same_bytes a.hn b.hn
	same_bytes a.npz b.npz
	har-pack -m hn x.har | cmp - a.hn
	har-pack -m fpo.npz x.har | cmp - a.npz
	har-pack -m native.hn x.har > parsed.hn
	har-pack -m hn m.har | cmp - parsed.hn
	usage_error "hn-normalize: --hn and --npz cannot both be standard output" hn-normalize m.har --hn - --npz -
}

@test "bare HN JSON takes its weights from -w" {
	net conv1 conv "$C33" > m.json
	mkhar m.json m.har
	har-pack -m hn m.har > m.hn
	har-pack -m npz m.har > m.npz
	hn-normalize m.har --hn a.hn -o /dev/null
	hn-normalize -w m.npz m.hn --hn b.hn -o /dev/null
	same_bytes a.hn b.hn
	fails_with 1 "hn-normalize: n has no weights (with HN JSON: -w FILE.npz)" hn-normalize m.hn -o x.har
}

@test "the same input gives the same bytes, from a file or a pipe, with any number of threads" {
	residual > m.json
	mkhar m.json m.har
	hn-normalize -j 1 m.har -o a.har
	hn-normalize -j 4 < m.har > b.har
	hn-normalize -i m.har -o c.har
	same_bytes a.har b.har
	same_bytes a.har c.har
}

@test "wrong use is refused" {
	usage_error "hn-normalize: unknown option '--fold'" hn-normalize --fold
	usage_error "hn-normalize: -s needs a value" hn-normalize -s
}

@test "a bundle in another state is refused" {
	net conv1 conv "$C33" > m.json
	mkhar m.json m.har
	hn-normalize m.har -o fp.har
	run --separate-stderr hn-normalize fp.har -o x.har
	[ "$status" -eq 1 ]
	[[ "$stderr" == "hn-normalize: "*"fp_optimized_model"* ]]
	[ ! -e x.har ]
}

@test "weights that do not fit the network are refused" {
	net conv1 conv "$C33, \"activation\": \"prelu\"" > m.json
	mkhar m.json m.har
	mkdir d
	har-pack -x d m.har
	try() {
		jq "$1" d/n.hn > x.hn
		fails_with 1 "hn-normalize: n.hn: layer 'n/conv1': $2" hn-normalize -w d/n.npz x.hn -o x.har
	}
	try '.layers["n/conv1"].params.kernel_shape = [3, 3, 3, 9]' "its kernel has shape [3,3,3,8], [3,3,3,9] expected"
	try '.layers["n/conv1"].params.batch_norm = true' "its gamma is missing"
	try '.layers["n/conv1"].type = "deconv" | .layers["n/conv1"].params.padding = "DECONV" | .layers["n/conv1"].params.kernel_shape = [3, 5, 3, 8]' "its kernel has shape [3,3,3,8], [3,5,3,8] expected"
	# A value that is not finite: the last float of the kernel.
	unzip -q d/n.npz -d w
	(cd w && zip -q0 ../few.npz n/conv1/kernel:0.npy)
	fails_with 1 "hn-normalize: n.hn: layer 'n/conv1': its slope is missing" hn-normalize -w few.npz d/n.hn -o x.har
	head -c -4 "w/n/conv1/kernel:0.npy" > k
	printf '\000\000\300\177' >> k
	mv k "w/n/conv1/kernel:0.npy"
	(cd w && zip -q0 ../nan.npz n/conv1/*)
	fails_with 1 "hn-normalize: n.hn: layer 'n/conv1': its kernel has a value that is not finite (number 215)" \
		hn-normalize -w nan.npz d/n.hn -o x.har
}

@test "damaged networks are refused by name" {
	residual > m.json
	try() {
		jq "$1" m.json > x.hn
		fails_with 1 "hn-normalize: n.hn: $2" hn-normalize -w none.npz x.hn -o x.har
	}
	mkhar m.json m.har
	har-pack -m npz m.har > none.npz
	try '.layers["n/conv2"].input = ["n/ew_add1"]' "layer 'n/conv3' is part of a cycle: its input 'n/conv2' depends on it"
	try '.layers["n/conv2"].input = ["n/conv2"]' "layer 'n/conv2' is part of a cycle: its input 'n/conv2' depends on it"
	try '.layers["n/conv2"].input = ["n/conv7"]' "layer 'n/conv2': its input 'n/conv7' does not exist"
	try '.layers["n/conv2"].output = ["n/ew_add1"]' "layer 'n/conv2': its output 'n/ew_add1' does not list it as an input"
	try '.layers["n/conv2"].type = "convolution"' "layer 'n/conv2': its type 'convolution' is not known"
	try '.layers["n/conv2"].input = []' "layer 'n/conv2': it has 0 inputs, 1 expected"
	try 'del(.layers["n/input_layer1"].input_shapes)' "layer 'n/input_layer1': its output shape is not given"
	try '.layers["n/input_layer1"].input_shapes = [[-1, 16777216, 16777216, 3]]' "layer 'n/input_layer1': its output would be too large: 16777216x16777216x3 (limit: 2^32 values)"
	try '.layers["n/input_layer1"].input_shapes = [[-1, 99999999999, 1, 3]]' "layer 'n/input_layer1': key 'input_shapes' has a dimension out of range (1 to 16777216)"
	try '.layers["n/conv1"].params.kernel_shape = [3, 3, 3, 99999999999]' "layer 'n/conv1': params: key 'kernel_shape' must hold integers from -2147483648 to 2147483647"
	try '.layers["n/conv1"].params.kernel_shape = [3, 3, 3, 2147483647]' "layer 'n/conv1': its number of kernel output features is 2147483647, 1 to 1048576 expected"
	try '.layers["n/conv1"].params.strides = [1, -1, 1, 1]' "layer 'n/conv1': its stride is -1, 1 to 4096 expected"
	try '.layers["n/conv1"].params.strides = "1"' "layer 'n/conv1': params: key 'strides' must be an array of 4 integers"
	try 'del(.layers["n/output_layer1"])' "the network has no output layer"
	try '.layers["n/a"] = {type: "activation", input: ["n/conv1"]}' "layer 'n/a' has no output (nothing uses it)"
	try '.layers = {} | .net_params = {}' "the network has no input layer"
	try '.net_params.output_layers_order = ["n/conv9"]' "output_layers_order: layer 'n/conv9' does not exist"
	try '.layers["conv1"] = .layers["n/conv1"]' "layer 'conv1' is there twice, with and without its scope"
	try '.layers["n/a b"] = .layers["n/conv1"]' "layer name 'n/a b' has a blank or control character"
}

@test "a truncated or empty bundle is refused, a full disk is noticed" {
	residual > m.json
	mkhar m.json m.har
	truncated m.har 3000 > t.har
	run --separate-stderr hn-normalize t.har -o x.har
	[ "$status" -eq 1 ]
	[ ! -e x.har ]
	: > e.har
	run --separate-stderr hn-normalize e.har -o x.har
	[ "$status" -eq 1 ]
	full_disk hn-normalize m.har
}

@test "--list-passes prints each pass with a reason" {
	run hn-normalize --list-passes
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 8 ]
	[[ "${lines[0]}" == modify* ]]
	[[ "${lines[7]}" == fuse_add* ]]
}
