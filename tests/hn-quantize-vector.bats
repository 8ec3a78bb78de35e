# hn-quantize: output_encoding_vector.
load helper

# Boxes and scores in one output: a second branch of values a thousand times smaller.
heads() {
	cat <<- 'END'
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 4, 4, 3]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 3, 4], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "leaky"}},
		"n/conv2": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 3, 4], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"n/normalization1": {"type": "normalization", "input": ["n/conv2"]},
		"n/concat1": {"type": "concat", "input": ["n/conv1", "n/normalization1"]},
		"n/output_layer1": {"type": "output_layer", "input": ["n/concat1"]}}}
	END
}

setup() {
	scratch
}

# n.json, with 0.001 for the normalization -> n.fp.har, in.npy
make() {
	mkhar n.json raw.har in.npy 20
	har-pack -m npz raw.har > w.npz
	args=()
	for k in $(arr keys w.npz | sed -n 's/^\([^ ]*\) .*/\1/p'); do
		arr get w.npz "$k" "$(echo "$k" | tr / _).npy"
		args+=("$k=$(echo "$k" | tr / _).npy")
	done
	if [ -e n_normalization1_kernel:0.npy ]; then
		arr npy n_normalization1_kernel:0.npy float32 4 0.001
		arr npy n_normalization1_bias:0.npy float32 4 0
	fi
	arr npz w.npz "${args[@]}"
	har-pack -m hn raw.har > n.hn
	hn-normalize -q -w w.npz n.hn -o n.fp.har
	hn-infer -q -c fp_optimized --in in.npy n.fp.har -o f.npy
}

q() {
	printf '%s\n' "$@" > s.alls
	hn-quantize -q -c in.npy -s s.alls n.fp.har -o q.har
	hn-infer -q -c quantized --in in.npy q.har -o i.npy
}

# worst FROM TO C: largest difference of features FROM..TO-1 of C, relative to their largest value
worst() {
	paste -d' ' <(arr text f.npy | tail -n +2 | tr ' ' '\n') <(arr text i.npy | tail -n +2 | tr ' ' '\n') |
		awk -v a="$1" -v b="$2" -v c="$3" '
			NF == 2 { f = n++ % c
				if (f >= a && f < b) { d = $1 - $2; d = d < 0 ? -d : d; m = $1 < 0 ? -$1 : $1
					if (d > worst) worst = d; if (m > top) top = m } }
			END { printf "%.5f\n", worst / top }'
}

@test "values a thousand times smaller than others of the same output keep their codes" {
	heads > n.json
	make
	q ''
	one=$(worst 4 8 8)
	q 'model_optimization_config(globals, output_encoding_vector=enabled)'
	vector=$(worst 4 8 8)
	echo "small features: $one with one scale, $vector with a vector"
	awk "BEGIN { exit !($one > 0.5 && $vector < 0.05) }"
	[ "$(worst 0 4 8)" \< 0.05 ]
	har-pack -m q.npz q.har > q.npz
	[[ $(arr keys q.npz) == *"n/output_layer1/out_scale:0 float32 [8]"* ]]
	# the machine says the same, in codes and in values
	hn-alloc -q q.har -o a.har
	hn2hef -q a.har -o m.hef
	hef-run -q --in in.npy m.hef -o h.npy
	same_bytes i.npy h.npy
	hn-infer -q --raw -c bit_exact --in in.npy q.har -o exact.npz
	hef-run -q --raw --in in.npy m.hef -o hef.npz
	same_bytes exact.npz hef.npz
}

@test "a layer by name: every feature ends at its own largest code" {
	cat > n.json <<- 'END'
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 4, 4, 3]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 3, 6], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "relu"}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/conv1"]}}}
	END
	make
	for layer in conv1 output_layer1; do
		q "quantization_param($layer, output_encoding_vector=enabled)"
		# scale x 255 is the largest float value of the feature
		har-pack -m q.npz q.har > q.npz
		arr get q.npz n/conv1/out_scale:0 s.npy
		arr get q.npz n/conv1/stats_max:0 m.npy
		paste -d' ' <(arr text s.npy | tail -n +2 | tr ' ' '\n') <(arr text m.npy | tail -n +2 | tr ' ' '\n') |
			awk 'NF == 2 { d = $1 * 255 - $2; n++; if (d > 1e-4 * $2 || d < -1e-4 * $2) exit 1 } END { exit n != 6 }'
		for c in 0 1 2 3 4 5; do
			[ "$(worst $c $((c + 1)) 6)" \< 0.05 ]
		done
	done
}

@test "where there is one scale, that is an error for a layer named, a warning for all outputs" {
	cat > n.json <<- 'END'
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 4, 4, 3]]},
		"n/softmax1": {"type": "softmax", "input": ["n/input_layer1"]},
		"n/output_layer1": {"type": "output_layer", "input": ["n/softmax1"]}}}
	END
	make
	echo 'quantization_param(softmax1, output_encoding_vector=enabled)' > s.alls
	fails_with 1 "hn-quantize: layer 'n/softmax1' cannot have an output_encoding_vector: its type has one scale" \
		hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
	echo 'model_optimization_config(globals, output_encoding_vector=enabled)' > s.alls
	run --separate-stderr hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
	[ "$status" -eq 0 ]
	[ "$stderr" = "hn-quantize: warning: output 'n/output_layer1' has one scale, no vector: its type has one scale" ]
}
