# Two convolutions in a row, and what is in arrays: for tests that compute by hand.

# FILE KEY: the array's values, one a line.
values() {
	arr get "$1" "$2" values.npy
	arr text values.npy | tail -n +2 | tr -s ' ' '\n' | sed '/^$/d'
}

# Two 1x1 convolutions in a row, 3 to 4 to 2 features.
two() {
	cat > n.json <<- 'END'
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 2, 2, 3]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [1, 1, 3, 4], "strides": [1, 1, 1, 1], "padding": "VALID", "activation": "linear"}},
		"n/conv2": {"type": "conv", "input": ["n/conv1"], "params": {"kernel_shape": [1, 1, 4, 2], "strides": [1, 1, 1, 1], "padding": "VALID"}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/conv2"]}}}
	END
	mkhar n.json raw.har
	hn-normalize -q raw.har -o n.fp.har
	# shellcheck disable=SC2046
	arr npy in.npy uint8 10,2,2,3 $(awk 'BEGIN { for (x = i = 7; i < 127; i++) print x = (x * 137 + 43) % 251 }')
	hn-quantize -q -c in.npy n.fp.har -o q.har 2> log
	har-pack -m fpo.npz q.har > w.npz
	har-pack -m q.npz q.har > records.npz
}

# "NAME TARGET"...: the flow file.
flow() {
	printf '%s\n' "$@" | awk '{ printf "n/%s:\n  target: %s\n", $1, $2 }' > flow.yaml
}
