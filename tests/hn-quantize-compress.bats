# hn-quantize: compression levels, ratios of 4- and 16-bit weights, which layers are chosen.
load helper

# Four equal convolutions in a row, and an output that hardly sees conv3: its branch counts a thousandth.
chain() {
	cat <<- 'END'
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 8, 8, 8]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 8, 8], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "relu"}},
		"n/conv2": {"type": "conv", "input": ["n/conv1"], "params": {"kernel_shape": [3, 3, 8, 8], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "relu"}},
		"n/conv3": {"type": "conv", "input": ["n/conv1"], "params": {"kernel_shape": [3, 3, 8, 8], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "sigmoid"}},
		"n/normalization1": {"type": "normalization", "input": ["n/conv3"]},
		"n/ew_add1": {"type": "ew_add", "input": ["n/conv2", "n/normalization1"]},
		"n/conv4": {"type": "conv", "input": ["n/ew_add1"], "params": {"kernel_shape": [3, 3, 8, 8], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/conv4"]}}}
	END
}

setup() {
	scratch
	chain > n.json
	mkhar n.json raw.har in.npy 20
	har-pack -m npz raw.har > w.npz
	for k in $(arr keys w.npz | sed -n 's/^\([^ ]*\) .*/\1/p'); do
		arr get w.npz "$k" "$(echo "$k" | tr / _).npy"
	done
	arr npy n_normalization1_kernel:0.npy float32 8 0.001
	args=()
	for k in $(arr keys w.npz | sed -n 's/^\([^ ]*\) .*/\1/p'); do
		args+=("$k=$(echo "$k" | tr / _).npy")
	done
	arr npz w.npz "${args[@]}"
	har-pack -m hn raw.har > n.hn
	hn-normalize -q -w w.npz n.hn -o n.fp.har
}

# q LINES... -> q.har, messages in log
q() {
	printf '%s\n' "$@" > s.alls
	hn-quantize -c in.npy -s s.alls n.fp.har -o q.har 2> log
}

modes() {
	har-pack -m hn q.har | jq -r '[.layers | to_entries[] | select(.value.type == "conv") | .value.quantization_params.precision_mode] | join(" ")'
}

ratio() {
	q "model_optimization_config(compression_params, auto_4bit_weights_ratio=$1)"
}

@test "the layer whose 4-bit weights the outputs notice least is the first to have them" {
	ratio 0.25
	[ "$(modes)" = 'a8_w8 a8_w8 a8_w4 a8_w8' ]
	grep -q '^hn-quantize: Assigning 4bit weight to layer n/conv3 with 576 parameters, [0-9.]* dB at the outputs$' log
	grep -q '^hn-quantize: 4-bit weights: 25.0 % of 2304 (25.0 % asked for)' log
}

@test "the ratio says how many weights" {
	for r in 0.5:2 0.75:3 1:4 0:0 0.1:0 0.13:1; do
		ratio "${r%:*}"
		[ "$(modes | tr ' ' '\n' | grep -c w4)" -eq "${r#*:}" ]
	done
}

@test "what the script says of a layer stands, and counts" {
	q 'quantization_param(conv2, precision_mode=a8_w4)' 'quantization_param(conv3, precision_mode=a8_w8)' \
		'model_optimization_config(compression_params, auto_4bit_weights_ratio=0.5)'
	m=$(modes)
	[[ $m == 'a8_w8 a8_w4 a8_w8 a8_w4' || $m == 'a8_w4 a8_w4 a8_w8 a8_w8' ]]
}

@test "a small network is not compressed by a level, and this is said twice" {
	q 'model_optimization_flavor(compression_level=4)'
	[ "$(modes)" = 'a8_w8 a8_w8 a8_w8 a8_w8' ]
	[ "$(grep -c 'warning: compression_level=4 is reverted to 0: the network has 0.00M weights, fewer than 20M (model_optimization_config(compression_params, auto_4bit_weights_ratio=0.8) compresses it)' log)" -eq 2 ]
	hn-quantize --compression-level 1 -c in.npy n.fp.har 2> log > q.har
	grep -q 'compression_level=1 is reverted to 0' log
	hn-quantize -v -c in.npy n.fp.har 2> log > q.har
	grep -q "compression level 0: 0.00M weights are fewer than 20M$" log
}

@test "a large network has a fifth of its weights in 4 bits, by a level n fifths" {
	echo '{"name": "n", "net_params": {}, "layers": {' > n.json
	echo '"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 2000]]},' >> n.json
	for i in 1 2 3 4 5; do
		from=n/dense$((i - 1))
		[ $i -gt 1 ] || from=n/input_layer1
		echo "\"n/dense$i\": {\"type\": \"dense\", \"input\": [\"$from\"], \"params\": {\"kernel_shape\": [2000, 2000]}}," >> n.json
	done
	echo '"n/output_layer1": {"type": "output_layer", "input": ["n/dense5"]}}}' >> n.json
	mkhar n.json n.har in.npy 8
	hn-normalize -q n.har -o n.fp.har
	count() {
		har-pack -m hn q.har | jq '[.layers[] | select(.quantization_params.precision_mode == "a8_w4")] | length'
	}
	hn-quantize -c in.npy n.fp.har 2> log > q.har
	[ "$(count)" -eq 1 ]
	[ "$(grep -c 'Assigning 4bit weight to layer n/dense' log)" -eq 1 ]
	q 'model_optimization_flavor(compression_level=3)'
	[ "$(count)" -eq 3 ]
	run ! grep -q warning log
	hn-quantize -q --compression-level 0 -c in.npy n.fp.har > q.har
	[ "$(count)" -eq 0 ]
}

@test "a ratio of 16 bits is all or nothing, and chooses the bias itself" {
	q 'model_optimization_config(compression_params, auto_16bit_weights_ratio=1)'
	[ "$(modes)" = 'a16_w16 a16_w16 a16_w16 a16_w16' ]
	[ "$(har-pack -m hn q.har | jq -r '.layers["n/output_layer1"].quantization_params.precision_mode')" = a16_w16 ]
	printf '%s\n' 'quantization_param(conv1, bias_mode=double_scale_initialization)' \
		'model_optimization_config(compression_params, auto_16bit_weights_ratio=1)' > s.alls
	fails_with 1 "hn-quantize: layer 'n/conv1': bias_mode cannot be chosen with auto_16bit_weights_ratio=1 (remove it from the script)" \
		hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
	echo 'model_optimization_config(compression_params, auto_16bit_weights_ratio=0.5)' > s.alls
	run -1 hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
}

@test "layers are chosen with images, not without" {
	hn-stat -q -c in.npy n.fp.har > p.npz
	echo 'model_optimization_config(compression_params, auto_4bit_weights_ratio=0.5)' > s.alls
	fails_with 1 "hn-quantize: 4-bit weights are chosen by the noise that they make on images: give -c beside --stats" \
		hn-quantize -q --stats p.npz -s s.alls n.fp.har -o x.har
	hn-quantize -q --stats p.npz -c in.npy -s s.alls n.fp.har -o a.har
	hn-quantize -q -j 1 -c in.npy -s s.alls n.fp.har -o b.har
	cmp <(har-pack -m q.npz a.har) <(har-pack -m q.npz b.har)
	echo 'model_optimization_config(compression_params, auto_4bit_weights_ratio=1)' > s.alls
	hn-quantize -q --stats p.npz -s s.alls n.fp.har -o a.har
}
