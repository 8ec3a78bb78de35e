# hn-quantize: weights in groups of input features, decomposed patches, the range of an input: what
# public scripts ask for, against the float model as it came and against sums by hand.
load helper
load transforms

# Patches, a convolution over them, one that reads its features alone, and a product.
setup() {
	scratch
	cat <<- 'END' > n.json
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 12, 12, 3]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [4, 4, 3, 16], "strides": [1, 4, 4, 1], "padding": "VALID", "activation": "linear"}},
		"n/conv2": {"type": "conv", "input": ["n/conv1"], "params": {"kernel_shape": [1, 1, 16, 24], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "relu"}},
		"n/conv3": {"type": "conv", "input": ["n/conv2"], "params": {"kernel_shape": [3, 3, 24, 16], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"n/ew_mult1": {"type": "ew_mult", "input": ["n/conv3", "n/conv1"]},
		"n/output_layer1": {"type": "output_layer", "input": ["n/ew_mult1"]}}}
	END
	mkhar n.json n.har in.npy 20
	hn-normalize -q n.har -o n.fp.har
	hn-infer -q -c fp_optimized --in in.npy n.fp.har -o before.npy
}

graph() {
	har-pack -m hn "$1" | jq -r '.layers | to_entries[] | "\(.key | sub("n/"; "")) \(.value.type) \([.value.input[] | sub("n/"; "")] | join(","))"'
}

# same FUNCTION: as float within 1e-5, in integers within $1, the HEF as hn-infer
same() {
	hn-infer -q -c fp_optimized --in in.npy t.har -o after.npy
	npydiff before.npy after.npy 1e-5
	hn-infer -q -c quantized --in in.npy t.har -o integer.npy
	npydiff before.npy integer.npy "$1"
	hn-alloc -q t.har -o a.har
	hn2hef -q a.har -o t.hef
	hn-infer -q -c quantized --raw --in in.npy t.har -o q.npy
	hef-run -q --raw --in in.npy t.hef -o h.npy
	same_bytes q.npy h.npy
}

# values LAYER FIELD: an array of the records, on one line
values() {
	arr get q.npz "n/$1/$2:0" v.npy
	arr text v.npy | tail -n +2 | xargs
}

@test "decompose_conv_factor: patches are a space_to_depth and a 1x1 convolution" {
	made "$P(decompose_conv_factor, policy=enabled)"
	grep -x 'conv1_s2d space_to_depth input_layer1' graph.txt
	grep -x 'conv1 conv conv1_s2d' graph.txt
	[ "$(grep -c s2d graph.txt)" -eq 2 ]
	har-pack -m hn t.har | jq -e '.layers["n/conv1"].params | .kernel_shape == [1, 1, 48, 16] and .strides == [1, 1, 1, 1]'
	same 0.06
	for off in "$P(decompose_conv_factor, policy=disabled)" "$P(decompose_conv_factor, layers={conv[23]}, policy=enabled)"; do
		made "$off"
		run ! grep s2d graph.txt
	done
}

@test "decompose_conv_factor: a kernel of several strides, by name; what cannot be is told" {
	sed 's/\[4, 4, 3, 16\], "strides": \[1, 4, 4, 1\]/[6, 4, 3, 16], "strides": [1, 3, 2, 1]/; /ew_mult1": {/d; s/n.ew_mult1/n\/conv3/' n.json > m.json
	mkhar m.json n.har in.npy 20
	hn-normalize -q n.har -o n.fp.har
	hn-infer -q -c fp_optimized --in in.npy n.fp.har -o before.npy
	made "$P(decompose_conv_factor, layers=conv1, policy=enabled)"
	har-pack -m hn t.har | jq -e '.layers["n/conv1"].params.kernel_shape == [2, 2, 18, 16]'
	same 0.06
	made "$P(decompose_conv_factor, policy=enabled)" # windows that overlap are not patches
	run ! grep s2d graph.txt
	echo "$P(decompose_conv_factor, layers=conv2, policy=enabled)" > s.alls
	fails_with 1 "hn-quantize: s.alls:1:1: $P: layer 'n/conv2' cannot be decomposed: its stride is 1" \
		hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
}

@test "a script names the layers that it will make, before or behind the command" {
	made 'quantization_param([conv1_s2d, conv1], precision_mode=a16_w8)' "$P(decompose_conv_factor, policy=enabled)"
	[ "$(values conv1_s2d in_bits)" = 16 ]
	made "$P(conv_decomposition, layers=conv2, sub_group_size=8)" 'quantization_param(conv2_part1, bias_mode=single_scale_decomposition)' \
		'quantization_param(conv2_sum1, force_range_out=[-0.5, 63.25])'
	har-pack -m hn t.har | jq -e '.layers | .["n/conv2_part1"].quantization_params.bias_mode == "single_scale_decomposition"
		and .["n/conv2"].quantization_params.bias_mode == "double_scale_initialization"'
	[[ $(values conv2_sum1 out_scale) == 0.25* ]]
	echo 'quantization_param(conv1_s2d, precision_mode=a16_w16)' > s.alls
	fails_with 1 "hn-quantize: s.alls:1:20: quantization_param: no layer 'conv1_s2d' in 'n'" \
		hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
	echo "$P(decompose_conv_factor, policy=enabled)" >> s.alls
	hn-normalize -q -s s.alls n.har -o x.har
	hn-quantize -q -c in.npy x.har -o y.har
	printf '%s\n' 'quantization_param(conv2_s2d, precision_mode=a16_w16)' "$P(decompose_conv_factor, policy=enabled)" > s.alls
	run --separate-stderr hn-quantize -q -c in.npy -s s.alls n.fp.har -o z.har
	[ "$status" -eq 1 ]
	[[ $stderr == "hn-quantize: s.alls:1:20: quantization_param: no layer 'conv2_s2d' in 'n'"* ]]
}

@test "weight_group_size: groups of so many weights of a window's features, each with its scale" {
	made 'quantization_param([conv1, conv2], weight_group_size=8)' 'quantization_param(conv3, weight_group_size=108)'
	grep -x 'conv2_part1 conv conv2_slice1' graph.txt
	run ! grep conv2_part2 graph.txt # 16 features in 8 and 8
	grep -x 'conv3_part1 conv conv3_slice1' graph.txt
	run ! grep conv3_part2 graph.txt # 108 of 3x3 windows are 12 of 24 features
	grep -x 'conv1_part2 conv conv1_slice2' graph.txt # a window of 16: one feature at least
	[ "$(values conv3 w_scale)" != "$(values conv3_part1 w_scale)" ]
	[ "$(values conv3_sum1 in_bits)" = "16 16" ]
	same 0.06
	made 'quantization_param({*}, weight_group_size=384)'
	run ! grep part graph.txt
}

@test "a layer that adds an input is divided, too: its first part adds it" {
	cat <<- 'END' > n.json
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 6, 6, 8]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 8, 12], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "relu"}},
		"n/conv2": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [1, 1, 8, 12], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"n/ew_add1": {"type": "ew_add", "input": ["n/conv2", "n/conv1"], "params": {"activation": "relu"}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/ew_add1"]}}}
	END
	mkhar n.json n.har in.npy 20
	hn-normalize -q n.har -o n.fp.har
	hn-infer -q -c fp_optimized --in in.npy n.fp.har -o before.npy
	graph n.fp.har > fused.txt
	run ! grep ew_add fused.txt
	l=$(awk '/conv [^ ]*,/ { print $1 }' fused.txt)
	added=$(awk '/conv [^ ]*,/ { print $3 }' fused.txt | cut -d , -f 2)
	made "$P(conv_decomposition, layers=$l, sub_group_size=4)"
	grep -x "$l conv ${l}_slice0,$added" graph.txt
	grep -x "${l}_part1 conv ${l}_slice1" graph.txt
	grep -x "${l}_sum1 ew_add $l,${l}_part1" graph.txt
	same 0.03
	made "quantization_param($l, weight_group_size=36)" "$P(defuse, layers=$l, num_splits=2)"
	same 0.03
}

@test "a layer that adds what it reads has its features sorted by a layer of their own" {
	cat <<- 'END' > n.json
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 6, 6, 8]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 8, 12], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "relu"}},
		"n/conv2": {"type": "conv", "input": ["n/conv1"], "params": {"kernel_shape": [1, 1, 12, 12], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"n/ew_add1": {"type": "ew_add", "input": ["n/conv2", "n/conv1"]},
		"n/output_layer1": {"type": "output_layer", "input": ["n/ew_add1"]}}}
	END
	mkhar n.json n.har in.npy 20
	hn-normalize -q n.har -o n.fp.har
	hn-infer -q -c fp_optimized --in in.npy n.fp.har -o before.npy
	made "$P(conv_decomposition, layers=conv2, sub_group_size=4, sort_channels_by_stats=True)"
	grep -x 'conv2_sort conv conv1' graph.txt
	same 0.03
}

@test "the last sum's codes have the bits that its readers ask for" {
	made "$P(conv_decomposition, layers=conv2, sub_group_size=8)" 'quantization_param(conv3, precision_mode=a16_w8)'
	[ "$(values conv2_sum1 out_bits)" = 16 ]
}

# Input features with weights up to 1 and to 0.01 by turns, behind an input that two layers read (conv2) and behind
# a layer of their own with a slope for each (conv4).
alternating() {
	cat <<- END | mkonnx m.onnx
		input x 1,6,4,4
		init w 2,6,1,1 1 0.01 -0.5 0.005 0.25 -0.0025 0.125 -0.01 1 0.01 -0.75 0.0075
		init v 6,6,1,1 $(awk 'BEGIN { for (i = 0; i < 36; i++) print i % 7 == 0 ? 1 : (i % 5 - 2) / 10 }' | xargs)
		init s 6,1,1 0.5 0.1 0.2 0.3 0.4 0.6
		node Conv conv2 x,w y
		node Conv conv3 x,v z
		node PRelu act z,s p
		node Conv conv4 p,w q
		output y
		output q
	END
	onnx2hn -q m.onnx --net-name n -o n.har
	hn-normalize -q n.har -o n.fp.har
	# shellcheck disable=SC2046
	arr npy in.npy float32 2,4,4,6 $(awk 'BEGIN { for (i = 0; i < 192; i++) print (i * 37 % 101 - 50) / 50 }')
	hn-infer -q -c fp_optimized --in in.npy n.fp.har -o before.npz
}

@test "pm_ew_adds: the bits of the sums; allow_equlize_block: whether the layer takes factors" {
	made "$P(conv_decomposition, layers=conv3, sub_group_size=12)"
	[ "$(values conv3_sum1 in_bits) $(values conv3_part1 out_bits)" = "16 16 16" ]
	made "$P(conv_decomposition, layers=conv3, sub_group_size=12, pm_ew_adds=a8_w8)"
	[ "$(values conv3_sum1 in_bits) $(values conv3_part1 out_bits)" = "8 8 8" ]
	echo "$P(conv_decomposition, layers=conv3, sub_group_size=12, pm_ew_adds=a9)" > s.alls
	fails_with 1 "hn-quantize: s.alls:1:1: $P: 'a9' is no precision mode" hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
	kernel() {
		made "$P(conv_decomposition, layers=conv3, sub_group_size=12, allow_equlize_block=$1)" "${@:2}"
		har-pack -m fpo.npz t.har > fpo.npz
		arr get fpo.npz n/conv2/kernel:0 "$1.npy"
	}
	kernel False
	kernel True
	run ! cmp -s False.npy True.npy
	kernel True "$P(equalization, layers=conv3, policy=disabled)"
	same_bytes False.npy True.npy
}

@test "conv_decomposition sorts features by their largest weight, so that groups are alike" {
	alternating
	l=$(graph n.fp.har | awk '$2 == "conv" && $3 == "input_layer1" { print $1 }' | head -n 1)
	m=$(graph n.fp.har | awk '$2 == "conv" && $3 != "input_layer1" { print $1 }')
	for sort in False True; do
		made "$P(conv_decomposition, layers=[$l, $m], sub_group_size=3, sort_channels_by_stats=$sort)"
		hn-infer -q -c fp_optimized --in in.npy t.har -o after.npz
		hn-infer -q -c quantized --in in.npy t.har -o integer.npz
		for k in 1 2; do
			for f in before after integer; do
				arr get $f.npz "$(arr keys $f.npz | sed -n ${k}p | cut -d " " -f 1)" $f.npy
			done
			npydiff before.npy after.npy 1e-5
			npydiff before.npy integer.npy 0.02
		done
		first=$(values "$l" w_scale) second=$(values "${l}_part1" w_scale)
		third=$(values "$m" w_scale) fourth=$(values "${m}_part1" w_scale)
		# the largest weights are 1 and 0.75 as features come, 1 and 0.01 as they are sorted
		awk -v a="$first" -v b="$second" -v c="$third" -v d="$fourth" -v s=$sort '
			function is(x, want) { x = x * 127 / want - 1; if (x < -0.001 || x > 0.001) exit bad = 1 }
			BEGIN { is(a, 1); is(c, 1); is(b, s == "True" ? 0.01 : 0.75); is(d, s == "True" ? 0.01 : 0.75); exit bad }
			END { exit bad }'
		run ! grep "^${m}_sort" graph.txt
		[ "$(grep -c "^${l}_sort conv input_layer1" graph.txt)" -eq "$([ $sort = True ] && echo 1 || echo 0)" ]
	done
}

@test "force_range_in: the range of what an input reads, by its index" {
	made 'quantization_param(ew_mult1, force_range_in=[-2, 8.2])'
	[[ $(values conv3 out_scale) == 0.04* ]]
	[[ $(values conv1 out_scale) != 0.04* ]]
	made 'quantization_param(ew_mult1, force_range_in=[-2, 8.2], force_range_index=1)'
	[[ $(values conv1 out_scale) == 0.04* ]]
	[[ $(values conv3 out_scale) != 0.04* ]]
	made 'quantization_param(ew_mult1, force_range_in=[1, 10.2])' # zero stays a code
	[[ $(arr keys q.npz) != *n/conv3/out_zp* ]] # a scalar that is 0 is not stored
	echo 'quantization_param(conv3, force_range_in=[0, 1], force_range_index=1)' > s.alls
	fails_with 1 "hn-quantize: s.alls:1:68: quantization_param: layer 'n/conv3' has no input 1" \
		hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
}

@test "use_16bit_bias is bias_mode by its former name" {
	mode() {
		made "quantization_param(conv2, $1)"
		har-pack -m hn t.har | jq -r '.layers["n/conv2"].quantization_params.bias_mode'
	}
	[ "$(mode use_16bit_bias=False)" = single_scale_decomposition ]
	[ "$(mode use_16bit_bias=True)" = double_scale_initialization ]
	[ "$(mode 'use_16bit_bias=True, bias_mode=single_scale_decomposition')" = single_scale_decomposition ]
}

@test "conv_a16_w4 by a glob leaves the convolutions of colors, and what is no 1x1 convolution" {
	sed -i 's/, 4, 3, 16\], "strides": \[1, 4, 4, 1\]/, 1, 3, 16], "strides": [1, 1, 1, 1]/; s/\[4, 1, 3/[1, 1, 3/' n.json
	mkhar n.json n.har in.npy 20
	echo 'rgb1 = input_conversion(input_layer1, yuv_to_rgb)' > c.alls
	hn-normalize -q -s c.alls n.har -o n.fp.har
	made "$P(conv_a16_w4, layers={*}, policy=enabled)"
	[ "$(values conv1 w_bits)" = 4 ]
	[ "$(values conv2 w_bits)" = 4 ]
	[ "$(values conv3 w_bits)" = 8 ]
	[ "$(values rgb1 w_bits)" = 8 ]
	echo "$P(conv_a16_w4, layers=[rgb1, conv2], policy=enabled)" > s.alls
	run --separate-stderr hn-quantize -q -c in.npy -s s.alls n.fp.har -o t.har
	[ "$stderr" = "hn-quantize: warning: conv_a16_w4: 'n/rgb1' stays: it converts colors" ]
}

@test "by a glob a command serves the layers that it can, and passes over the others" {
	made 'quantization_param({*}, quantization_groups=2)'
	[ "$(values conv2 w_scale | wc -w) $(values conv3 w_scale | wc -w)" = "2 2" ]
	made "$P(conv_decomposition, layers={*}, sub_group_size=12)"
	grep -x 'conv3_sum1 ew_add conv3,conv3_part1' graph.txt
	made "$P(defuse, layers={*}, num_splits=2)"
	grep -x 'conv3_sum1 ew_add conv3,conv3_part1' graph.txt
	made "$P(split_ew_mult_by_bit_significance, layers={*}, num_splits=2)"
	[ "$(values ew_mult1 in_bits)" = "16 16" ]
	for line in "$P(layer_norm_decomposition, layers={*}, eq_consumer=True)" "$P(equalization, layers={*}, force_transparent=enabled)" \
		"$P(global_avgpool_reduction, layers={*}, division_factors=[2, 2])" 'quantization_param({*}, output_encoding_vector=enabled)' \
		"$P(matmul_decomposition, layers={*}, policy=enabled)"; do
		made "$line"
		[ "$(wc -l < graph.txt)" -eq 6 ]
	done
}

@test "output_encoding_vector of a layer holds over that of all" {
	sed -i '/ew_mult1": {/d; s/n.ew_mult1/n\/conv3/' n.json
	mkhar n.json n.har in.npy 20
	hn-normalize -q n.har -o n.fp.har
	all='model_optimization_config(globals, output_encoding_vector=enabled)'
	made "$all"
	[ "$(values conv3 out_scale | wc -w)" -eq 16 ]
	for l in conv3 output_layer1; do
		made "$all" "quantization_param($l, output_encoding_vector=disabled)"
		[ "$(values conv3 out_scale | wc -w)" -eq 1 ]
	done
	made 'quantization_param({*}, output_encoding_vector=enabled)'
	[ "$(values conv3 out_scale | wc -w)" -eq 16 ]
}
