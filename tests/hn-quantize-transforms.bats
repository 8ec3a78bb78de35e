# hn-quantize: transforms of the graph that leave what it computes, against the float model as it came.
load helper
load transforms

setup() {
	scratch
	cat <<- 'END' > n.json
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 8, 8, 6]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 6, 8], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "silu"}},
		"n/conv2": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [1, 1, 6, 5], "strides": [1, 1, 1, 1], "padding": "VALID", "activation": "relu"}},
		"n/concat1": {"type": "concat", "input": ["n/conv1", "n/conv2", "n/input_layer1"], "params": {"axis": 3}},
		"n/conv3": {"type": "conv", "input": ["n/concat1"], "params": {"kernel_shape": [3, 3, 19, 7], "strides": [1, 2, 2, 1], "padding": "SAME", "activation": "relu"}},
		"n/dense1": {"type": "dense", "input": ["n/conv3"], "params": {"kernel_shape": [112, 5]}},
		"n/avgpool1": {"type": "global_avg_pool", "input": ["n/conv1"]},
		"n/output_layer1": {"type": "output_layer", "input": ["n/dense1"]},
		"n/output_layer2": {"type": "output_layer", "input": ["n/avgpool1"]}}}
	END
	mkhar n.json n.har in.npy 20
	hn-normalize -q n.har -o n.fp.har
	hn-infer -q -c fp_optimized --in in.npy n.fp.har -o before.npz
}

# one WHAT N: output N of WHAT.npz as WHAT.npy; a division renames outputs, their order stays
one() {
	arr get "$1.npz" "$(arr keys "$1.npz" | sed -n "${2}p" | cut -d " " -f 1)" "$1.npy"
}

# transformed SCRIPT-LINE...: the float model is the same function, the integers come near it.
transformed() {
	made "$@"
	hn-infer -q -c fp_optimized --in in.npy t.har -o after.npz
	hn-infer -q -c quantized --in in.npy t.har -o integer.npz
	for n in 1 2; do
		one before $n
		one after $n
		one integer $n
		npydiff before.npy after.npy 1e-5
		npydiff before.npy integer.npy 0.06
	done
	hn-alloc -q t.har -o a.har
	hn2hef -q a.har -o t.hef
	hn-infer -q -c quantized --raw --in in.npy t.har -o q.npz
	hef-run -q --raw --in in.npy t.hef -o h.npz
	same_bytes q.npz h.npz
}

@test "split_fused_activation: a layer of its own for the activation" {
	transformed "$P(split_fused_activation, layers={conv*}, policy=enabled)"
	grep -x 'conv1 conv input_layer1' graph.txt
	grep -x 'conv1_activation activation conv1' graph.txt
	grep -x 'avgpool1 global_avg_pool conv1_activation' graph.txt
	har-pack -m hn t.har | jq -e '.layers["n/conv1"].params.activation // "linear" | . == "linear"'
	har-pack -m hn t.har | jq -e '.layers["n/conv1_activation"].params.activation == "silu"'
	transformed "$P(split_fused_activation, layers={conv*}, policy=disabled)"
	run ! grep activation graph.txt
}

@test "add_shortcut_layer: between a layer and the targets, or all that read it" {
	transformed "$P(add_shortcut_layer, layers=conv1, target=concat1)"
	grep -x 'conv1-concat1 activation conv1' graph.txt
	grep -x 'concat1 concat conv1-concat1,conv2,input_layer1' graph.txt
	grep -x 'avgpool1 global_avg_pool conv1' graph.txt
	transformed "$P(add_shortcut_layer, layers=conv1, target=[concat1, avgpool1], name=both)"
	grep -x 'both activation conv1' graph.txt
	grep -x 'avgpool1 global_avg_pool both' graph.txt
	# relu after relu is nothing
	transformed "$P(add_shortcut_layer, layers=conv2, activation=relu, name=again)"
	grep -x 'concat1 concat conv1,again,input_layer1' graph.txt
	refused() {
		echo "$1" > s.alls
		fails_with 1 "hn-quantize: s.alls:1:1: $2" hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
	}
	refused "$P(add_shortcut_layer, layers=conv1, target=dense1)" "$P: layer 'n/dense1' does not read 'n/conv1'"
	refused "$P(add_shortcut_layer, layers=conv1, name=conv2)" "$P: there is a layer 'conv2' already"
	refused "$P(add_shortcut_layer, layers=conv1, activation=leaky)" "$P: activation 'leaky' cannot stand here: one without numbers is expected"
}

@test "global_avgpool_reduction: a smaller pool first" {
	transformed "$P(global_avgpool_reduction, layers=avgpool1, division_factors=[4, 2])"
	grep -x 'avgpool1_reduction avgpool conv1' graph.txt
	har-pack -m hn t.har | jq -ec '.layers["n/avgpool1_reduction"] | [.params.kernel_shape, .output_shapes[0]] == [[1, 2, 4, 1], [-1, 4, 2, 8]]'
	transformed "$P(global_avgpool_reduction, layers=avgpool1, division_factors=[1, 1])"
	run ! grep reduction graph.txt
	echo "$P(global_avgpool_reduction, layers=avgpool1, division_factors=[3, 3])" > s.alls
	hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har # 8 / 3 is 2, which divides
	echo "$P(global_avgpool_reduction, layers=conv1, division_factors=[2, 2])" > s.alls
	fails_with 1 "hn-quantize: s.alls:1:1: $P: layer 'n/conv1' is no average pool over the whole picture" \
		hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
}

@test "switch_concat_with_add: a convolution for every input, and their sum" {
	transformed "$P(switch_concat_with_add, layers={concat*}, policy=enabled)"
	run ! grep ' concat ' graph.txt
	grep -x 'conv3 conv conv1' graph.txt
	grep -x 'conv3_part1 conv conv2' graph.txt
	grep -x 'conv3_part2 conv input_layer1' graph.txt
	grep -x 'conv3_sum1 ew_add conv3,conv3_part1' graph.txt
	grep -x 'conv3_sum2 ew_add conv3_sum1,conv3_part2' graph.txt
	grep -x 'dense1 dense conv3_sum2' graph.txt
	transformed "$P(switch_concat_with_add, layers=concat1)"
	grep -x 'conv3 conv concat1' graph.txt
}

@test "defuse by input features: conv and dense, of several pixels too" {
	transformed "$P(defuse, layers=dense1, num_splits=3, defuse_type=input_features)"
	grep -x 'dense1_slice2 slice conv3' graph.txt
	grep -x 'dense1_part2 dense dense1_slice2' graph.txt
	grep -x 'dense1_sum2 ew_add dense1_sum1,dense1_part2' graph.txt
	transformed "$P(defuse, layers=conv3, num_splits=2)" "$P(defuse, layers=dense1, num_splits=1)"
	grep -x 'conv3_part1 conv conv3_slice1' graph.txt
	run ! grep dense1_part graph.txt
	echo "$P(defuse, layers=avgpool1, num_splits=2)" > s.alls
	fails_with 1 "hn-quantize: s.alls:1:1: $P: layer 'n/avgpool1' cannot be divided by input features: conv and dense layers in one group can" \
		hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
}

@test "conv_decomposition: groups of input features, each with a scale of its own" {
	transformed "$P(conv_decomposition, layers=conv3, sub_group_size=8)"
	[ "$(grep -c 'conv3_slice[0-9] slice' graph.txt)" -eq 3 ]
	har-pack -m q.npz t.har > q.npz
	for l in conv3 conv3_part1 conv3_part2; do
		arr get q.npz "n/$l/w_scale:0" w.npy
		arr text w.npy | tail -n 1
	done | sort -u > scales
	[ "$(wc -l < scales)" -eq 3 ]
	# What is added has 16 bits, the sum the layer's 8.
	arr get q.npz n/conv3_sum1/in_bits:0 b.npy
	[ "$(arr text b.npy | tail -n +2 | xargs)" = "16 16" ]
	arr get q.npz n/conv3_sum2/out_bits:0 b.npy
	[ "$(arr text b.npy | tail -n 1)" -eq 8 ]
	transformed "$P(conv_decomposition, layers=conv3, sub_group_size=19)"
	run ! grep slice graph.txt
}

@test "a statement with new layers holds together with others, and with statistics of hn-stat" {
	printf '%s\n' "$P(split_fused_activation, layers=conv1)" "$P(switch_concat_with_add, layers=concat1, policy=enabled)" \
		"$P(defuse, layers=dense1, num_splits=2)" 'quantization_param(conv3, precision_mode=a16_w16)' \
		'model_optimization_flavor(optimization_level=1)' > s.alls
	hn-quantize -q -c in.npy -s s.alls n.fp.har -o a.har
	hn-stat -q -c in.npy -s s.alls n.fp.har -o s.npz
	hn-quantize -q --stats s.npz -c in.npy -s s.alls n.fp.har -o b.har
	cmp <(har-pack -m q.npz a.har) <(har-pack -m q.npz b.har)
	hn-quantize -q -j 1 -c in.npy -s s.alls n.fp.har -o c.har
	same_bytes a.har c.har
}

@test "layer_norm_decomposition with eq_consumer: features before a layer normalization are evened out" {
	cat <<- 'END' > n.json
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 4, 4, 6]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [1, 1, 6, 8], "strides": [1, 1, 1, 1], "padding": "VALID"}},
		"n/layer_normalization1": {"type": "layer_normalization", "input": ["n/conv1"], "params": {}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/layer_normalization1"]}}}
	END
	mkhar n.json n.har in.npy 20
	hn-normalize -q n.har -o n.fp.har
	hn-infer -q -c fp_optimized --in in.npy n.fp.har -o before.npy
	echo "$P(layer_norm_decomposition, layers=layer_normalization1, eq_consumer=True)" > s.alls
	hn-quantize -q -c in.npy -s s.alls n.fp.har -o t.har
	hn-infer -q -c fp_optimized --in in.npy t.har -o after.npy
	npydiff before.npy after.npy 1e-5
	graph t.har | grep -x 'layer_normalization1_eq_consumer normalization conv1'
	# conv1 had one factor for all features; now every feature has its own, undone by the new layer.
	har-pack -m fpo.npz n.fp.har > b.npz
	har-pack -m fpo.npz t.har > a.npz
	arr get b.npz n/conv1/kernel:0 b.npy
	arr get a.npz n/conv1/kernel:0 a.npy
	run cmp -s a.npy b.npy
	[ "$status" -eq 1 ]
	hn-quantize -q -c in.npy n.fp.har -o p.har
	har-pack -m fpo.npz p.har > p.npz
	arr get p.npz n/conv1/kernel:0 p.npy
	cmp p.npy b.npy
}

@test "conv_a16_w4 and layer_decomposition are 16-bit precision here, whatever quantization_param says" {
	same_as() {
		printf '%s\n' "$1" 'quantization_param(conv2, precision_mode=a8_w4)' > s.alls
		hn-quantize -q -c in.npy -s s.alls n.fp.har -o a.har
		printf '%s\n' "$2" > s.alls
		hn-quantize -q -c in.npy -s s.alls n.fp.har -o b.har
		cmp <(har-pack -m q.npz a.har) <(har-pack -m q.npz b.har) || return 1
		har-pack -m hn a.har | jq -r '.layers["n/conv2"].quantization_params.precision_mode'
	}
	run same_as "$P(conv_a16_w4, layers=conv2, policy=enabled)" 'quantization_param(conv2, precision_mode=a16_w4)'
	[ "$status" -eq 0 ]
	[ "$output" = a16_w4_a8 ]
	run same_as "$P(layer_decomposition, layers=[conv2], policy=enabled)" 'quantization_param(conv2, precision_mode=a16_w16)'
	[ "$status" -eq 0 ]
	[ "$output" = a16_w16_a8 ]
	run same_as "$P(layer_decomposition, layers=[conv2], policy=disabled)" 'quantization_param(conv2, precision_mode=a8_w4)'
	[ "$status" -eq 0 ]
	[ "$output" = a8_w4 ]
	echo "$P(conv_a16_w4, layers=conv1, policy=enabled)" > s.alls
	run --separate-stderr hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
	[ "$stderr" = "hn-quantize: warning: conv_a16_w4: 'n/conv1' stays: it is no 1x1 convolution" ]
}
