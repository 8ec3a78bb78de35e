# hn-quantize: negative_exponent, layers whose sums are coarser than their output's codes.
load helper

# conv1's weights are 40 times those of the others, its input is bytes, and relu6 leaves little of what
# they give.
loud() {
	cat > n.json <<- END
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 6, 6, 3]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 3, 8], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "$1"}},
		"n/conv2": {"type": "conv", "input": ["n/conv1"], "params": {"kernel_shape": [1, 1, 8, 4], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/conv2"]}}}
	END
	mkhar n.json raw.har
	# shellcheck disable=SC2046
	arr npy in.npy uint8 20,6,6,3 $(awk 'BEGIN { for (x = i = 7; i < 2167; i++) print x = (x * 137 + 43) % 251 }')
	har-pack -m npz raw.har > w.npz
	args=()
	for k in $(arr keys w.npz | sed -n 's/^\([^ ]*\) .*/\1/p'); do
		arr get w.npz "$k" "$(echo "$k" | tr / _).npy"
		args+=("$k=$(echo "$k" | tr / _).npy")
	done
	# shellcheck disable=SC2046 # one value a word
	arr npy loud.npy float32 3,3,3,8 $(arr text n_conv1_kernel:0.npy | tail -n +2 | tr ' ' '\n' | awk 'NF { print 40 * $1 }')
	arr npz w.npz "${args[@]}" n/conv1/kernel:0=loud.npy 2> /dev/null || {
		mv loud.npy n_conv1_kernel:0.npy
		arr npz w.npz "${args[@]}"
	}
	har-pack -m hn raw.har > n.hn
	hn-normalize -q -w w.npz n.hn -o n.fp.har
}

setup() {
	scratch
	loud relu6
}

q() {
	printf '%s\n' "$@" > s.alls
	hn-quantize -c in.npy -s s.alls n.fp.har -o q.har 2> log
}

# Largest difference of conv1's values from (equalized) float, in parts of 6.
error() {
	hn-infer -q -c fp_optimized --layers all --in in.npy q.har -o f.npz
	hn-infer -q -c quantized --layers all --in in.npy q.har -o i.npz
	arr get f.npz n/conv1 f.npy
	arr get i.npz n/conv1 i.npy
	paste -d' ' <(arr text f.npy | tail -n +2 | tr ' ' '\n') <(arr text i.npy | tail -n +2 | tr ' ' '\n') |
		awk 'NF == 2 { d = $1 - $2; d = d < 0 ? -d : d; if (d > worst) worst = d } END { printf "%.4f\n", worst / 6 }'
}

same_everywhere() {
	hn-infer -q --raw -c quantized --in in.npy q.har -o quantized.npz
	hn-infer -q --raw -c bit_exact --in in.npy q.har -o exact.npz
	hn-alloc -q q.har -o a.har
	hn2hef -q a.har -o m.hef
	hef-run -q --raw --in in.npy m.hef -o hef.npz
	same_bytes quantized.npz exact.npz
	same_bytes quantized.npz hef.npz
}

@test "a layer that loses bits is divided, and gives what the float layer gives" {
	q '' && one=$(error)
	q 'model_optimization_config(negative_exponent, layers=[conv1], split_threshold=1, rank=1)'
	grep -q '^hn-quantize: layer n/conv1: a step of its sums is 2^[1-9] codes, it is divided in two$' log
	two=$(error)
	echo "conv1 is $one of its range from float, divided $two"
	awk "BEGIN { exit !($one > 0.5 && $two < 0.05) }"
	har-pack -m hn q.har | jq -e '.layers["n/conv1"] | .input == ["n/input_layer1", "n/conv1_helper"] and .params.elementwise_add'
	[ "$(har-pack -m hn q.har | jq -r '.layers["n/conv1_helper"].quantization_params.precision_mode')" = a8_w8_a16 ]
	same_everywhere
	# the full-precision model is as it was
	hn-infer -q -c fp_optimized --in in.npy n.fp.har -o a.npy
	hn-infer -q -c fp_optimized --in in.npy q.har -o b.npy
	npydiff a.npy b.npy 1e-5
}

@test "an activation in a table, too" {
	for act in sigmoid tanh; do
		loud $act
		q '' && one=$(error)
		q 'model_optimization_config(negative_exponent, split_threshold=1)' && two=$(error)
		echo "$act: $one, divided $two"
		awk "BEGIN { exit !($one > 0.1 && $two < 0.4 * $one) }"
		same_everywhere
	done
}

@test "rank 0 adds no layer: the output's codes become as coarse as the sums" {
	q ''
	har-pack -m q.npz q.har > q.npz
	arr get q.npz n/conv1/out_scale:0 fine.npy
	q 'model_optimization_config(negative_exponent, layers=[conv1], split_threshold=1, rank=0)'
	bits=$(sed -n 's/.*is 2^\([0-9]*\) codes, the output.*/\1/p' log)
	har-pack -m q.npz q.har > q.npz
	arr get q.npz n/conv1/out_scale:0 coarse.npy
	awk "BEGIN { r = $(arr text coarse.npy | tail -n 1) / $(arr text fine.npy | tail -n 1) / 2 ^ $bits; exit !($bits > 0 && r > 0.999 && r < 1.001) }"
	[ "$(har-pack -m hn q.har | jq '.layers | length')" -eq 4 ]
	same_everywhere
}

@test "below the threshold nothing changes" {
	q ''
	mv q.har plain.har
	q 'model_optimization_config(negative_exponent, layers=[conv1, conv2], split_threshold=12)'
	cmp <(har-pack -m q.npz plain.har) <(har-pack -m q.npz q.har)
	q 'model_optimization_config(negative_exponent, layers=[conv2], split_threshold=1)'
	cmp <(har-pack -m q.npz plain.har) <(har-pack -m q.npz q.har)
}

@test "what cannot be divided is an error for a layer named, a warning for all" {
	printf '%s\n' 'quantization_param(conv1, precision_mode=a8_w4)' \
		'model_optimization_config(negative_exponent, layers=[conv1], split_threshold=1)' > s.alls
	run -1 --separate-stderr hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
	[[ $stderr == "hn-quantize: layer 'n/conv1': a step of its sums is 2^"*" codes, but it cannot be divided: its weights do not have 8 bits (rank=0 makes its codes as coarse)" ]]
	[ ! -e x.har ]
	printf '%s\n' 'quantization_param(conv1, precision_mode=a8_w4)' \
		'model_optimization_config(negative_exponent, split_threshold=1)' > s.alls
	run --separate-stderr hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
	[ "$status" -eq 0 ]
	[[ $stderr == "hn-quantize: warning: layer 'n/conv1' loses "*" bits and is not divided: its weights do not have 8 bits" ]]
}
