# hn-quantize: attention, what its commands change and what it computes.
load helper
load blocks

# softmax(SCALE q k^T) v of 9 tokens with 8 features in $1 heads; scores in 1/4, as normalization1 is.
attention() {
	net '"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 1, 9, 8]]}' \
		"$(conv conv1)" "$(conv conv2)" "$(conv conv3)" \
		"\"n/matmul1\": {\"type\": \"matmul\", \"input\": [\"n/conv1\", \"n/conv2\"], \"params\": {\"transpose_matmul_input\": true, \"groups\": $1}}" \
		'"n/normalization1": {"type": "normalization", "input": ["n/matmul1"], "params": {}}' \
		"\"n/softmax1\": {\"type\": \"softmax\", \"input\": [\"n/normalization1\"], \"params\": {\"groups\": $1}}" \
		"\"n/matmul2\": {\"type\": \"matmul\", \"input\": [\"n/softmax1\", \"n/conv3\"], \"params\": {\"groups\": $1}}" \
		'"n/output_layer1": {"type": "output_layer", "input": ["n/matmul2"]}'
	edit normalization1 kernel 1 0 0.25
	edit normalization1 bias 1 0 0
	weights
	heads=$1
}

conv() {
	echo "\"n/$1\": {\"type\": \"conv\", \"input\": [\"n/input_layer1\"], \"params\": {\"kernel_shape\": [1, 1, 8, 8], \"strides\": [1, 1, 1, 1], \"padding\": \"VALID\"}}"
}

# edit LAYER KEY EVERY MUL ADD
edit() {
	blockref edit w.npz "n/$1/$2:0" "$3" "$4" "$5"
}

reference() {
	blockref attention in.npy w.npz "$heads" 0.25 ref.npy
}

# Error of q.har's integers, in thousandths of the range.
error() {
	hn-infer -q -c quantized --in in.npy q.har -o i.npy
	npydiff ref.npy i.npy | awk '{ printf "%.1f\n", 1000 * $1 }'
}

# The float model of q.har is the reference.
exact() {
	float q.har f.npy
	npydiff ref.npy f.npy "${1:-1e-6}"
}

@test "matmul_correction: the codes' zero points leave nothing to correct" {
	attention 2
	# queries and keys far from 0 on one side: zero points 0 and 255
	edit conv1 bias 1 1 3
	edit conv2 bias 1 1 -3
	weights
	q ''
	mv q.har plain.har
	for type in zp_comp_weights zp_comp_block zp_comp_block_2 zp_comp_block_3; do
		echo "pre_quantization_optimization(matmul_correction, layers=[matmul1, matmul2], correction_type=$type)" > s.alls
		run --separate-stderr hn-quantize -c in.npy -s s.alls n.fp.har -o q.har
		[ "$status" -eq 0 ]
		[[ $stderr == *"matmul_correction): no effect: matrix products take the zero points of both inputs off exactly"* ]]
		cmp <(har-pack -m q.npz plain.har) <(har-pack -m q.npz q.har)
	done
	# A product is what its codes say: sums of (x - zero point)(y - zero point), by awk.
	hn-infer -q --raw --layers all -c quantized --in in.npy q.har -o c.npz
	har-pack -m q.npz q.har > q.npz
	for k in conv1 conv2 matmul1; do
		arr get c.npz n/$k $k.npy
		for v in scale zp; do
			# a zero point of 0 is not written
			arr get q.npz "n/$k/out_$v:0" v.npy || arr npy v.npy int32 1 0
			read -r "${k?}_$v" <<< "$(arr text v.npy | tail -n 1)"
		done
	done
	[ "$conv2_zp" -gt 100 ]
	paste -d' ' <(arr text conv1.npy | tail -n +2) <(arr text conv2.npy | tail -n +2) <(arr text matmul1.npy | tail -n +2) |
		awk -v s="$conv1_scale $conv1_zp $conv2_scale $conv2_zp $matmul1_scale $matmul1_zp" '
			BEGIN { split(s, p) }
			NF == 306 {
				for (i = 0; i < 9; i++) for (h = 0; h < 2; h++) for (j = 0; j < 9; j++) {
					a = 0
					for (f = 4 * h; f < 4 * h + 4; f++)
						a += ($(1 + 8 * i + f) - p[2]) * ($(73 + 8 * j + f) - p[4])
					d = a * p[1] * p[3] / p[5] + p[6]
					d = (d < 0 ? 0 : d > 255 ? 255 : d) - $(145 + 18 * i + 9 * h + j)
					if (d < 0) d = -d
					if (d > 0.51) exit bad = 1
					n++
				}
			}
			END { print n; exit bad || n != 20 * 162 }'
}

@test "matmul_equalization: unequal features of queries and keys meet half way" {
	attention 2
	# every second feature of the queries is 30 times as large, of the keys as small: the same scores
	for k in kernel bias; do
		edit conv1 $k 2 30 0
		edit conv2 $k 2 0.0333333333 0
	done
	weights
	reference
	q '' && off=$(error)
	q 'pre_quantization_optimization(matmul_equalization, layers=matmul1, policy=disabled)'
	[ "$(error)" = "$off" ]
	q 'pre_quantization_optimization(matmul_equalization, layers=[matmul1], policy=enabled)' && on=$(error)
	echo "error in thousandths: $off, equalized $on"
	awk "BEGIN { exit !($off > 3 * $on && $on < 25) }"
	exact
	same_everywhere
	# shares of the ranges are the same on both sides now
	har-pack -m q.npz q.har > q.npz
	for k in conv1 conv2; do
		arr get q.npz n/$k/stats_min:0 a.npy
		arr get q.npz n/$k/stats_max:0 b.npy
		paste -d' ' <(arr text a.npy | tail -n +2 | tr ' ' '\n') <(arr text b.npy | tail -n +2 | tr ' ' '\n') |
			awk 'NF == 2 { x = -$1 > $2 ? -$1 : $2; v[++n] = x; if (x > t) t = x } END { for (i = 1; i <= n; i++) printf "%.3f\n", v[i] / t }' > $k.txt
	done
	diff conv1.txt conv2.txt
	# also where equalization of all layers is off
	q 'pre_quantization_optimization(equalization, policy=disabled)' 'pre_quantization_optimization(matmul_equalization, layers={matmul*}, policy=enabled)'
	[ "$(awk "BEGIN { print ($off > 3 * $(error)) }")" -eq 1 ]
	exact
}

@test "matmul_equalization says when it can do nothing" {
	attention 2
	echo 'pre_quantization_optimization(matmul_equalization, layers=matmul2, policy=enabled)' > s.alls
	run --separate-stderr hn-quantize -q -c in.npy -s s.alls n.fp.har -o q.har
	[ "$status" -eq 0 ]
	[ "$stderr" = "hn-quantize: warning: layer 'n/matmul2': matmul_equalization changes nothing, its inputs share no features (the second is not transposed)" ]
}

@test "matmul_bias takes the keys' constant part away, which a softmax does not see" {
	attention 2
	edit conv2 bias 1 1 40
	edit conv2 bias 3 1 -80
	weights
	reference
	q '' && off=$(error)
	q 'pre_quantization_optimization(matmul_equalization, layers=matmul1, policy=enabled, matmul_bias=enabled)' && on=$(error)
	echo "error in thousandths: $off, without the constant $on"
	awk "BEGIN { exit !($off > 5 * $on && $on < 25) }"
	exact 1e-5
	same_everywhere
	edit normalization1 kernel 2 1.5 0
	weights
	echo 'pre_quantization_optimization(matmul_equalization, layers=matmul1, matmul_bias=enabled)' > s.alls
	fails_with 1 "hn-quantize: s.alls:1:1: pre_quantization_optimization: layer 'n/matmul1': matmul_bias is for a transposed second input that a linear 1x1 conv makes, and scores that a softmax alone reads" \
		hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
}

mode() {
	har-pack -m hn q.har | jq -r ".layers[\"n/$1\"].quantization_params.precision_mode"
}

@test "matmul_decomposition: 16 bits on one side or both" {
	attention 2
	reference
	q '' && eight=$(error)
	q 'pre_quantization_optimization(matmul_decomposition, layers=matmul1, policy=enabled, precision_mode=a16_w8)'
	[ "$(mode conv1) $(mode conv2) $(mode matmul1) $(mode matmul2)" = "a8_w8_a16 a8_w8 a16_w8_a8 a8_w8" ]
	same_everywhere
	q 'pre_quantization_optimization(matmul_decomposition, layers=[matmul1, matmul2], policy=enabled, precision_mode=a16_w16)'
	[ "$(mode conv1) $(mode conv2) $(mode matmul1) $(mode softmax1)" = "a8_w8_a16 a8_w8_a16 a16_w16_a8 a8_w8_a16" ]
	same_everywhere
	sixteen=$(error)
	echo "error in thousandths: $eight, 16 bits $sixteen"
	awk "BEGIN { exit !($sixteen < $eight) }"
	q 'pre_quantization_optimization(matmul_decomposition, layers=matmul1, policy=disabled, precision_mode=a16_w16)'
	[ "$(mode matmul1)" = a8_w8 ]
	echo 'pre_quantization_optimization(matmul_decomposition, layers=matmul1, policy=enabled, precision_mode=a16_w4)' > s.alls
	run --separate-stderr hn-quantize -q -c in.npy -s s.alls n.fp.har -o q.har
	[[ $stderr == *"no effect: precision_mode=a16_w4 (the second input of a matmul has 8 or 16 bits)"* ]]
	[ "$(mode matmul1)" = a8_w8 ]
}

# conv -> layer_normalization -> conv: the norm's input keeps its scales, unless something takes them back.
norms() {
	net '"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 4, 4, 8]]}' \
		"$(conv conv1)" \
		'"n/layer_normalization1": {"type": "layer_normalization", "input": ["n/conv1"], "params": {}}' \
		"$(conv conv2 | sed 's/input_layer1/layer_normalization1/')" \
		'"n/output_layer1": {"type": "output_layer", "input": ["n/conv2"]}'
	# one feature of the norm's input is 30 times the others, and its weight behind it small
	edit conv1 kernel 8 30 0
	edit layer_normalization1 gamma 8 0.05 0
	weights
}

@test "layer_norm_decomposition: a consumer in front of a norm takes equalization's factors back" {
	norms
	float n.fp.har ref.npy
	q 'pre_quantization_optimization(layer_norm_decomposition, mode=nn_core)' && off=$(error)
	layer layer_normalization1 '.input == ["n/conv1"]'
	q 'pre_quantization_optimization(layer_norm_decomposition, eq_consumer=True)' && on=$(error)
	layer layer_normalization1 '.input == ["n/layer_normalization1_eq_consumer"]'
	layer layer_normalization1_eq_consumer '.type == "normalization" and .quantization_params.precision_mode == "a16_w16"'
	echo "error in thousandths: $off, with a consumer $on"
	awk "BEGIN { exit !($off > 3 * $on) }"
	float q.har f.npy
	npydiff ref.npy f.npy 1e-4
	same_everywhere
	q 'pre_quantization_optimization(equalization, policy=disabled)' 'pre_quantization_optimization(layer_norm_decomposition, eq_consumer=True)'
	awk "BEGIN { exit !($(error) > 3 * $on) }"
	q 'pre_quantization_optimization(layer_norm_decomposition, eq_consumer=True, equalization=disabled)'
	float q.har f.npy
	npydiff ref.npy f.npy 1e-6
}

@test "defuse of attention: heads apart compute what they compute together" {
	attention 4
	reference
	q 'pre_quantization_optimization(defuse, layers=matmul1, num_splits=2, defuse_type=MHA)'
	exact
	echo "error in thousandths: $(error)"
	awk "BEGIN { exit !($(error) < 25) }"
	layer matmul1_fs0 '.input == ["n/conv1"] and .output_shapes == [[-1, 1, 9, 4], [-1, 1, 9, 4]]'
	layer matmul1_d1 '.input == ["n/matmul1_fs0", "n/matmul1_fs1"] and .params == {"transpose_matmul_input": true, "groups": 2}'
	layer softmax1_d0 '.params == {"groups": 2} and .input == ["n/normalization1_d0"]'
	layer matmul2_dc '.type == "concat" and .input == ["n/matmul2_d0", "n/matmul2_d1"]'
	layer matmul1 '. == null'
	same_everywhere
	# each head by itself
	q 'pre_quantization_optimization(defuse, layers=matmul1, num_splits=4, defuse_type=MHA)'
	exact
	layer matmul2_d3 '.output_shapes == [[-1, 1, 9, 2]]'
	same_everywhere
	q 'pre_quantization_optimization(defuse, layers=matmul1, num_splits=1, defuse_type=MHA)'
	layer matmul1 '.params.groups == 4'
	echo 'pre_quantization_optimization(defuse, layers=matmul1, num_splits=3, defuse_type=MHA)' > s.alls
	fails_with 1 "hn-quantize: s.alls:1:1: pre_quantization_optimization: layer 'n/matmul1' has 4 heads, which are no 3 equal parts" \
		hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
	echo 'pre_quantization_optimization(defuse, layers=matmul2, num_splits=2, defuse_type=MHA)' > s.alls
	fails_with 1 "hn-quantize: s.alls:1:1: pre_quantization_optimization: layer 'n/matmul2' is not the first matmul of an attention block (queries times transposed keys, softmax, times values)" \
		hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
}

@test "defuse of attention divides a mask and weights by feature, and follows equalization" {
	attention 2
	# a scale of its own for each score, and a mask added
	jq '.layers["n/const_input1"] = {type: "const_input", input: [], params: {}, output_shapes: [[-1, 1, 9, 18]], input_shapes: [[-1, 1, 9, 18]]}
		| .layers["n/ew_add1"] = {type: "ew_add", input: ["n/normalization1", "n/const_input1"], params: {}}
		| .layers["n/softmax1"].input = ["n/ew_add1"]' n.json > m.json
	mkhar m.json n.har
	hn-normalize -q n.har -o n.fp.har
	float n.fp.har ref.npy
	q 'pre_quantization_optimization(defuse, layers=matmul1, num_splits=2, defuse_type=MHA)'
	exact 1e-5
	har-pack -m fpo.npz q.har > plain.npz
	q 'pre_quantization_optimization(defuse, layers=matmul1, num_splits=2, defuse_type=MHA)' \
		'pre_quantization_optimization(matmul_equalization, layers={matmul1*}, policy=enabled)'
	exact 1e-5
	har-pack -m fpo.npz q.har > even.npz
	arr get plain.npz n/conv2/kernel:0 a.npy
	arr get even.npz n/conv2/kernel:0 b.npy
	run npydiff a.npy b.npy 0.01
	[ "$status" -eq 1 ]
	layer ew_add1_fs1 '.input == ["n/const_input1"]'
	same_everywhere
}
