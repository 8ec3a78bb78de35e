# hn-quantize: which layers share an encoding, and the two forms of a bias.
load helper

setup() {
	scratch
}

# n.json -> n.fp.har, in.npy
make() {
	mkhar n.json n.har in.npy 20
	hn-normalize -q n.har -o n.fp.har
}

q() {
	printf '%s\n' "$@" > s.alls
	hn-quantize -q -c in.npy -s s.alls n.fp.har -o q.har
	har-pack -m q.npz q.har > q.npz
}

# LAYER/FIELD as numbers
field() {
	arr get q.npz "n/$1:0" field.npy && arr text field.npy | tail -n +2 | xargs
}

@test "what feeds a concat alone has its range, and what others read keeps its own; a resize has its input's" {
	cat > n.json <<- 'END'
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 4, 4, 3]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 3, 4], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"n/conv2": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 3, 4], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "relu6"}},
		"n/conv3": {"type": "conv", "input": ["n/conv2"], "params": {"kernel_shape": [1, 1, 4, 4], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"n/concat1": {"type": "concat", "input": ["n/conv1", "n/conv2"]},
		"n/resize1": {"type": "resize", "input": ["n/concat1"], "params": {"method": "bilinear", "resize_bilinear_pixels_mode": "half_pixels", "resize_h_ratio_list": [2.0], "resize_w_ratio_list": [2.0]}},
		"n/conv4": {"type": "conv", "input": ["n/resize1"], "params": {"kernel_shape": [1, 1, 8, 4], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/conv3"]},
		"n/output_layer2": {"type": "output_layer", "input": ["n/conv4"]}}}
	END
	make
	q 'quantization_param(conv2, force_range_out=[0, 5])'
	scale=$(field concat1/out_scale) zp=$(field concat1/out_zp)
	[ "$(field conv1/out_scale)" = "$scale" ] && [ "$(field conv1/out_zp)" = "$zp" ]
	[ "$(field conv2/out_scale)" = 0.0196078 ] # 5 / 255
	[ "$(field resize1/out_scale)" = "$scale" ] && [ "$(field resize1/out_zp)" = "$zp" ]
	# codes of conv1 are copied, those of conv2 scaled by 0.0196078 / scale
	awk "BEGIN { split(\"$(field concat1/in_mult) $(field concat1/in_shift)\", v, \" \")
		a = v[1] / 2 ^ v[3]; b = v[2] / 2 ^ v[4] * $scale / 0.0196078; exit !(a == 1 && b > 0.9999 && b < 1.0001) }"
}

@test "16 bits go through a concat and a resize to who asks for them" {
	cat > n.json <<- 'END'
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 4, 4, 3]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 3, 4], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"n/conv2": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 3, 4], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"n/concat1": {"type": "concat", "input": ["n/conv1", "n/conv2"]},
		"n/resize1": {"type": "resize", "input": ["n/concat1"], "params": {"method": "bilinear", "resize_bilinear_pixels_mode": "half_pixels", "resize_h_ratio_list": [2.0], "resize_w_ratio_list": [2.0]}},
		"n/conv4": {"type": "conv", "input": ["n/resize1"], "params": {"kernel_shape": [1, 1, 8, 4], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/conv4"]}}}
	END
	make
	q 'quantization_param(conv4, precision_mode=a16_w16)'
	[ "$(field resize1/out_bits) $(field concat1/out_bits) $(field conv1/out_bits) $(field conv4/out_bits)" = '16 16 8 8' ]
	q 'quantization_param([concat1, conv4], precision_mode=a16_w16)'
	[ "$(field concat1/out_bits) $(field conv1/out_bits) $(field conv2/out_bits)" = '16 16 16' ]
	hn-infer -q --raw -c bit_exact --in in.npy q.har -o exact.npz
	hn-alloc -q q.har -o a.har
	hn2hef -q a.har -o m.hef
	hef-run -q --raw --in in.npy m.hef -o hef.npz
	same_bytes exact.npz hef.npz
}

# Biases of 1000, which in steps of 127 need several repeats of a feed of 255.
@test "a bias in products of 8, 8 and 4 bits: as near as its step, coarser with fewer repeats" {
	cat > n.json <<- 'END'
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 4, 4, 3]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [1, 1, 3, 4], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/conv1"]}}}
	END
	mkhar n.json raw.har in.npy 20
	har-pack -m npz raw.har > w.npz
	arr get w.npz n/conv1/kernel:0 k.npy
	arr npy b.npy float32 4 90.7 -33.3 12.1 55.5
	arr npz w.npz n/conv1/kernel:0=k.npy n/conv1/bias:0=b.npy
	har-pack -m hn raw.har > n.hn
	hn-normalize -q -w w.npz n.hn -o n.fp.har
	before=
	for repeat in 32 4 1; do
		q "quantization_param(conv1, bias_mode=single_scale_decomposition, max_bias_feed_repeat=$repeat)"
		feed=$(field conv1/bias_feed) times=$(field conv1/bias_repeat)
		[ "$feed" -le 255 ] && [ "$times" -le "$repeat" ] && [ "$times" -le 15 ]
		# mantissa x feed x repeat, in units of input and weight scale, is the bias within half a step
		awk "BEGIN { n = split(\"$(field conv1/bias_mant)\", m, \" \"); split(\"90.7 -33.3 12.1 55.5\", b, \" \")
			u = $(field conv1/in_scale) * $(field conv1/w_scale); step = $feed * $times * u
			for (i = 1; i <= 4; i++) { d = m[i] * step - b[i]; if (m[i] > 127 || m[i] < -127 || d > 0.501 * step || d < -0.501 * step) exit 1 } }"
		step=$(awk "BEGIN { print $(field conv1/w_scale) }")
		[ -z "$before" ] || awk "BEGIN { exit !($step >= $before) }"
		before=$step
	done
	[ "$times" -eq 1 ]
}
