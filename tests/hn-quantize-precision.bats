# hn-quantize: 4- and 16-bit layers, mixed precision, what the modes cost and save.
load helper

# A chain with a skip: two convolutions, a depthwise one, an addition, a pool, a dense layer.
small() {
	cat <<- 'END'
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 8, 8, 3]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 3, 8], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "relu6"}},
		"n/dw1": {"type": "dw", "input": ["n/conv1"], "params": {"kernel_shape": [3, 3, 8, 1], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "relu6"}},
		"n/conv2": {"type": "conv", "input": ["n/dw1"], "params": {"kernel_shape": [3, 3, 8, 8], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"n/ew_add1": {"type": "ew_add", "input": ["n/conv2", "n/conv1"]},
		"n/maxpool1": {"type": "maxpool", "input": ["n/ew_add1"], "params": {"kernel_shape": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "VALID"}},
		"n/dense1": {"type": "dense", "input": ["n/maxpool1"], "params": {"kernel_shape": [128, 5]}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/dense1"]}}}
	END
}

setup() {
	scratch
	small > n.json
	mkhar n.json n.har in.npy 20
	hn-normalize -q n.har -o n.fp.har
}

# q LINES... -> q.har
q() {
	printf '%s\n' "$@" > s.alls
	hn-quantize -q -c in.npy -s s.alls n.fp.har -o q.har
}

mode() {
	har-pack -m hn q.har | jq -r ".layers[\"n/$1\"].quantization_params.precision_mode"
}

keys() {
	har-pack -m q.npz q.har > q.npz
	arr keys q.npz
}

# Largest difference from the float model, relative to the range.
within() {
	hn-infer -q -c fp_optimized --in in.npy n.fp.har -o f.npy
	hn-infer -q -c quantized --in in.npy q.har -o i.npy
	npydiff f.npy i.npy "$1"
}

# The three ways to run a model give the same codes.
same_everywhere() {
	hn-infer -q --raw -c quantized --in in.npy q.har -o quantized.npz
	hn-infer -q --raw -c bit_exact -j 2 --in in.npy q.har -o exact.npz
	ONEDNN_MAX_CPU_ISA=AVX2 hn-infer -q --raw -c quantized --in in.npy q.har -o plain.npz
	hn-alloc -q q.har -o a.har
	hn2hef -q a.har -o m.hef
	hef-run -q --raw --in in.npy m.hef -o hef.npz
	same_bytes quantized.npz exact.npz
	same_bytes quantized.npz plain.npz
	same_bytes quantized.npz hef.npz
}

# conv2 also reads conv1: the addition is fused into it.
@test "a layer of 16 bits has 16-bit weights, its inputs have 16-bit codes, its readers stay" {
	q 'quantization_param(conv2, precision_mode=a16_w16)'
	[ "$(mode conv1)" = a8_w8_a16 ]
	[ "$(mode dw1)" = a16_w8 ]
	[ "$(mode conv2)" = a16_w16_a8 ]
	[ "$(mode dense1)" = a8_w8 ]
	k=$(keys)
	[[ $k == *"n/conv2/kernel16:0 int16"* ]]
	[[ $k == *"n/dw1/kernel:0 int8"* ]]
	same_everywhere
	within 0.05
}

@test "a whole network of 16 bits is a hundred times nearer to float than one of 8" {
	q 'quantization_param({*}, precision_mode=a16_w16)'
	[ "$(mode output_layer1)" = a16_w16 ]
	same_everywhere
	within 0.0003
	q 'quantization_param({*}, precision_mode=a8_w8)'
	within 0.05
	run npydiff f.npy i.npy 0.003
	[ "$status" -ne 0 ]
}

@test "an output of 16 bits alone" {
	q 'quantization_param(output_layer1, precision_mode=a16_w16)'
	[ "$(mode dense1)" = a8_w8_a16 ]
	same_everywhere
	arr get quantized.npz n/output_layer1 o.npy
	[[ $(arr text o.npy) == uint16* ]]
}

@test "weights of 4 bits take half the configuration words, and a clipped scale" {
	q 'quantization_param(conv2, precision_mode=a8_w8)'
	same_everywhere
	wide=$(stat -c %s m.hef)
	q 'quantization_param(conv2, precision_mode=a8_w4)'
	[ "$(mode conv2)" = a8_w4 ]
	same_everywhere
	# 3 x 3 x 8 x 8 weights of 4 bits less each
	saved=$((wide - $(stat -c %s m.hef)))
	[ "$saved" -ge 256 ] && [ "$saved" -le 320 ]
	within 0.3
}

@test "every mode of the guide gives the same codes everywhere" {
	for m in a8_w8_a16 a8_w4_a8 a8_w4_a16 a16_w16_a16 a16_w16_a8 a16_w8 a16_w8_a16 a16_w4 a16_w4_a8; do
		q "quantization_param({*}, precision_mode=$m)"
		same_everywhere
		within 0.3
	done
}

@test "the third part of a mode wins over the reader" {
	q 'quantization_param([conv1, dw1], precision_mode=a8_w8_a8)' 'quantization_param(conv2, precision_mode=a16_w16)'
	[ "$(mode dw1)" = a8_w8 ]
	[ "$(mode conv2)" = a16_w16_a8 ]
	[[ $(keys) == *"n/conv2/kernel16:0"* ]]
	same_everywhere
}

@test "a bias of 8-bit products does not serve 16 bits" {
	printf '%s\n' 'quantization_param(conv2, precision_mode=a16_w16, bias_mode=single_scale_decomposition)' > s.alls
	fails_with 1 "hn-quantize: layer 'n/conv2': single_scale_decomposition has 8-bit products; 16-bit layers have bias_mode=double_scale_initialization" \
		hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
}

@test "the machine needs half the memory for weights of 4 bits and twice for 16, and bytes' products for 16" {
	cat > n.json <<- 'END'
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 4, 4, 256]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 256, 256], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"n/conv2": {"type": "conv", "input": ["n/conv1"], "params": {"kernel_shape": [1, 1, 256, 8], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/conv2"]}}}
	END
	mkhar n.json n.har in.npy 4
	hn-normalize -q n.har -o n.fp.har
	# cuts of weight memory, cycles of one row on one subcluster, of all parts
	parts() {
		q "quantization_param({*}, precision_mode=$1)"
		hn-alloc -q --report r.json q.har -o a.har
		jq -r '[.layers[] | select(.layer == "n/conv1")] |
			"\(map(.l3_weight_cuts) | add) \(map(.row_cycles * .subclusters) | add)"' r.json
	}
	read -r cuts8 work8 <<< "$(parts a8_w8)"
	read -r cuts4 work4 <<< "$(parts a8_w4)"
	read -r cuts16 work16 <<< "$(parts a16_w16)"
	read -r cuts164 work164 <<< "$(parts a16_w4)"
	echo "$cuts8 $cuts4 $cuts16 $cuts164, $work8 $work4 $work16 $work164"
	[ "$cuts4" -ge $((cuts8 / 2)) ] && [ "$cuts4" -le $((cuts8 / 2 + 2)) ]
	[ "$cuts16" -ge $((2 * cuts8 - 2)) ] && [ "$cuts16" -le $((2 * cuts8 + 2)) ]
	[ "$cuts164" -eq "$cuts4" ]
	[ "$work4" -eq "$work8" ]
	[ "$work16" -ge $((39 * work8 / 10)) ] && [ "$work16" -le $((41 * work8 / 10)) ]
	[ "$work164" -ge $((19 * work8 / 10)) ] && [ "$work164" -le $((21 * work8 / 10)) ]
}

@test "weights of 4 bits are clipped where that makes less error than the largest weight does" {
	q 'quantization_param(conv2, precision_mode=a8_w4)'
	har-pack -m q.npz q.har > q.npz
	har-pack -m fpo.npz q.har > w.npz
	arr get q.npz n/conv2/w_scale:0 s.npy
	arr get w.npz n/conv2/kernel:0 k.npy
	# mean square errors of this scale and of the largest weight / 7
	arr text k.npy | tail -n +2 | tr ' ' '\n' | awk -v s="$(arr text s.npy | tail -n 1)" '
		function err(x, u, c) { c = x / u; c = c < 0 ? -int(0.5 - c) : int(c + 0.5); c = c > 7 ? 7 : c < -7 ? -7 : c; return (x - c * u) ^ 2 }
		NF { v[n++] = $1; m = $1 < 0 ? -$1 : $1; if (m > top) top = m }
		END { for (i = 0; i < n; i++) { a += err(v[i], s); b += err(v[i], top / 7) }
			printf "%g with the scale, %g with %g\n", a / n, b / n, top / 7; exit !(n == 576 && a < 0.8 * b) }'
}

# Features of one convolution whose weights differ by 1, 1/8, 1/64 and 1/512.
@test "quantization groups keep features of small weights, sorted into four" {
	cat > n.json <<- 'END'
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 4, 4, 16]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [1, 1, 16, 8], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "sigmoid"}},
		"n/conv2": {"type": "conv", "input": ["n/conv1"], "params": {"kernel_shape": [1, 1, 8, 4], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/conv2"]}}}
	END
	mkhar n.json raw.har in.npy 20
	har-pack -m npz raw.har > w.npz
	args=()
	for k in $(arr keys w.npz | sed -n 's/^\([^ ]*\) .*/\1/p'); do
		arr get w.npz "$k" "$(echo "$k" | tr / _).npy"
		args+=("$k=$(echo "$k" | tr / _).npy")
	done
	# shellcheck disable=SC2046 # one value a word
	arr npy new.npy float32 1,1,16,8 $(arr text n_conv1_kernel:0.npy | tail -n +2 | tr ' ' '\n' |
		awk 'NF { c = n++ % 8; c = c * 3 % 8; printf "%.9g\n", $1 / 8 ^ int(c / 2) }')
	mv new.npy n_conv1_kernel:0.npy
	arr npz w.npz "${args[@]}"
	har-pack -m hn raw.har > n.hn
	hn-normalize -q -w w.npz n.hn -o n.fp.har
	groups() {
		q "quantization_param(conv1, quantization_groups=$1)"
		hn-infer -q -c fp_optimized --layers all --in in.npy n.fp.har -o f.npz
		hn-infer -q -c quantized --layers all --in in.npy q.har -o i.npz
		har-pack -m q.npz q.har > q.npz
		arr get q.npz n/conv1/kernel:0 k.npy
		# the fewest different codes of any feature
		arr text k.npy | tail -n +2 | tr ' ' '\n' | awk 'NF { c = n++ % 8; if (!((c, $1) in seen)) { seen[c, $1]; count[c]++ } }
			END { least = 99; for (c = 0; c < 8; c++) if (count[c] < least) least = count[c]; print least }'
	}
	[ "$(groups 1)" -le 2 ]
	[ "$(groups 4)" -ge 10 ]
	arr get q.npz n/conv1/w_group:0 g.npy
	[ "$(arr text g.npy | tail -n +2 | tr ' ' '\n' | sort | uniq -c | awk '{ printf "%s ", $1 }')" = '2 2 2 2 ' ]
	same_everywhere
}
