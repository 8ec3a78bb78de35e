# hn-quantize: quarot, hidden features rotated.
load helper
load blocks

conv() { # NAME INPUTS CIN COUT [MORE]
	echo "\"n/$1\": {\"type\": \"conv\", \"input\": [$2], \"params\": {\"kernel_shape\": [1, 1, $3, $4], \"strides\": [1, 1, 1, 1], \"padding\": \"VALID\"$5}}"
}

# A transformer's residual stream of 16 features: two blocks of norm, conv (tanh), conv, addition; at the
# end norm, mean over the tokens, dense.
stream() {
	net '"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 1, 12, 8]]}' \
		"$(conv conv1 '"n/input_layer1"' 8 16)" \
		'"n/layer_normalization1": {"type": "layer_normalization", "input": ["n/conv1"], "params": {}}' \
		"$(conv conv2 '"n/layer_normalization1"' 16 24 ', "activation": "tanh"')" \
		"$(conv conv3 '"n/conv2", "n/conv1"' 24 16 ', "elementwise_add": true')" \
		'"n/layer_normalization2": {"type": "layer_normalization", "input": ["n/conv3"], "params": {}}' \
		"$(conv conv4 '"n/layer_normalization2"' 16 24 ', "activation": "tanh"')" \
		"$(conv conv5 '"n/conv4"' 24 16)" \
		'"n/ew_add1": {"type": "ew_add", "input": ["n/conv5", "n/conv3"], "params": {}}' \
		'"n/layer_normalization3": {"type": "layer_normalization", "input": ["n/ew_add1"], "params": {}}' \
		'"n/avgpool1": {"type": "global_avg_pool", "input": ["n/layer_normalization3"], "params": {}}' \
		'"n/dense1": {"type": "dense", "input": ["n/avgpool1"], "params": {"kernel_shape": [16, 5]}}' \
		'"n/output_layer1": {"type": "output_layer", "input": ["n/dense1"]}'
	# one feature stands out, as in large transformers
	blockref edit w.npz n/conv1/kernel:0 16 12 0
	weights
	float n.fp.har ref.npy
}

error() {
	hn-infer -q -c quantized --in in.npy q.har -o i.npy
	npydiff ref.npy i.npy | awk '{ printf "%.1f\n", 1000 * $1 }'
}

fpo() { # BUNDLE KEY: values of a float array, one a line
	har-pack -m fpo.npz "$1" > f.npz
	arr get f.npz "$2" v.npy
	arr text v.npy | tail -n +2 | tr ' ' '\n' | grep .
}

# Of an 8 x 16 kernel: products of its rows with each other, and the rows' sums.
gram() {
	awk '{ v[NR - 1] = $1 }
		END {
			for (i = 0; i < 8; i++) {
				s = 0
				for (f = 0; f < 16; f++) s += v[16 * i + f]
				print s
				for (j = 0; j < 8; j++) {
					s = 0
					for (f = 0; f < 16; f++) s += v[16 * i + f] * v[16 * j + f]
					print s
				}
			}
		}'
}

noeq='pre_quantization_optimization(equalization, policy=disabled)'

@test "the network computes the same, and its integers come nearer" {
	stream
	q "$noeq" && off=$(error)
	q "$noeq" 'pre_quantization_optimization(quarot, policy=disabled)'
	[ "$(error)" = "$off" ]
	q "$noeq" 'pre_quantization_optimization(quarot, policy=enabled)' && on=$(error)
	echo "error in thousandths: $off, rotated $on"
	awk "BEGIN { exit !($off > 1.5 * $on) }"
	float q.har f.npy
	npydiff ref.npy f.npy 1e-5
	same_everywhere
	# by name it is the same stream, whichever of its layers is named
	q "$noeq" 'pre_quantization_optimization(quarot, layers=[conv3, conv5], policy=enabled)'
	float q.har f.npy
	npydiff ref.npy f.npy 1e-5
	hn-infer -q -c quantized --in in.npy q.har -o i.npy
	awk "BEGIN { exit !($off > 1.3 * $(error)) }"
	q 'pre_quantization_optimization(quarot, policy=enabled, equalize_inputs=disabled, equalize_outputs=disabled)'
	float q.har f.npy
	npydiff ref.npy f.npy 1e-5
}

@test "what is done is a rotation, and one that keeps the mean" {
	stream
	q "$noeq" 'pre_quantization_optimization(quarot, policy=enabled)'
	fpo n.fp.har n/conv1/kernel:0 > a
	fpo q.har n/conv1/kernel:0 > b
	[ "$(wc -l < b)" -eq 128 ]
	paste -d' ' a b | awk '{ d = $1 - $2; if (d < 0) d = -d; if (d > m) m = d } END { exit !(m > 0.5) }'
	# lengths and angles of what the weights write are kept, and so are sums over the features
	paste -d' ' <(gram < a) <(gram < b) |
		awk '{ d = $1 - $2; if (d < 0) d = -d; if (d > m) m = d; n++ } END { print n, m; exit !(n == 72 && m < 1e-3) }'
	# no feature stands out: its share of the weights' square was nine tenths, and is a quarter at most
	top() {
		awk '{ s[(NR - 1) % 16] += $1 * $1; t += $1 * $1 } END { for (f in s) if (s[f] > m) m = s[f]; print m / t }' "$1"
	}
	awk "BEGIN { exit !($(top a) > 0.85 && $(top b) < 0.4) }"
	# the norms' gammas and betas are in the weights behind them
	[ "$(fpo q.har n/layer_normalization1/gamma:0 | sort -u)" = 1 ]
	[ "$(fpo q.har n/layer_normalization3/beta:0 | sort -u)" = 0 ]
	# the same bytes again; another seed, another rotation
	cp q.har a.har
	q "$noeq" 'pre_quantization_optimization(quarot, policy=enabled)'
	same_bytes a.har q.har
	q "$noeq" 'set_seed(seed=7)' 'pre_quantization_optimization(quarot, policy=enabled)'
	run cmp <(har-pack -m fpo.npz a.har) <(har-pack -m fpo.npz q.har)
	[ "$status" -eq 1 ]
}

@test "features that something reads one by one stay, and who named them is told why" {
	stream
	jq '.layers["n/activation1"] = {type: "activation", input: ["n/conv3"], params: {activation: "sigmoid"}}
		| .layers["n/output_layer2"] = {type: "output_layer", input: ["n/activation1"]}' n.json > m.json
	mkhar m.json m.har
	hn-normalize -q m.har -o n.fp.har
	echo 'pre_quantization_optimization(quarot, layers=conv1, policy=enabled)' > s.alls
	fails_with 1 "hn-quantize: s.alls:1:1: pre_quantization_optimization: the features of layer 'n/conv1' cannot be rotated: layer 'n/activation1' reads them one by one" \
		hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
	echo 'pre_quantization_optimization(quarot, layers={*}, policy=enabled)' > s.alls
	run --separate-stderr hn-quantize -q -c in.npy -s s.alls n.fp.har -o q.har
	[ "$status" -eq 0 ]
	[ "$stderr" = "hn-quantize: warning: quarot: no residual stream can be rotated" ]
}
