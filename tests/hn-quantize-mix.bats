# hn-quantize: mix_precision_search, each layer's precision by the noise at the outputs.
load helper
load pair

# Four equal convolutions and a dense layer; the output hardly sees conv3, whose branch counts a thousandth.
net() {
	cat <<- 'END'
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 8, 8, 8]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 8, 8], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "relu"}},
		"n/conv2": {"type": "conv", "input": ["n/conv1"], "params": {"kernel_shape": [3, 3, 8, 8], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "relu"}},
		"n/conv3": {"type": "conv", "input": ["n/conv1"], "params": {"kernel_shape": [3, 3, 8, 8], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "sigmoid"}},
		"n/normalization1": {"type": "normalization", "input": ["n/conv3"]},
		"n/ew_add1": {"type": "ew_add", "input": ["n/conv2", "n/normalization1"]},
		"n/conv4": {"type": "conv", "input": ["n/ew_add1"], "params": {"kernel_shape": [3, 3, 8, 8], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "relu"}},
		"n/conv5": {"type": "conv", "input": ["n/conv4"], "params": {"kernel_shape": [8, 8, 8, 4], "strides": [1, 1, 1, 1], "padding": "VALID"}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/conv5"]}}}
	END
}

setup() {
	local k args=()
	scratch
	net > n.json
	mkhar n.json raw.har in.npy 20
	har-pack -m npz raw.har > w.npz
	for k in $(arr keys w.npz | sed -n 's/^\([^ ]*\) .*/\1/p'); do
		arr get w.npz "$k" "$(echo "$k" | tr / _).npy"
	done
	arr npy n_normalization1_kernel:0.npy float32 8 0.001
	for k in $(arr keys w.npz | sed -n 's/^\([^ ]*\) .*/\1/p'); do
		args+=("$k=$(echo "$k" | tr / _).npy")
	done
	arr npz w.npz "${args[@]}"
	har-pack -m hn raw.har > n.hn
	hn-normalize -q -w w.npz n.hn -o n.fp.har
}

# mix ARGUMENTS [LINES...] -> q.har, messages in log, the document in mix.json
mix() {
	local args=$1
	shift
	printf '%s\n' "$@" "post_quantization_optimization(mix_precision_search, policy=enabled, $args)" > s.alls
	hn-quantize -c in.npy -s s.alls n.fp.har -o q.har 2> log
	har-pack -m metadata.json q.har | jq .hnt_precision_search > mix.json
}

modes() {
	har-pack -m hn q.har | jq -r '[.layers | to_entries[] | select(.value.type == "conv") | .value.quantization_params.precision_mode] | join(" ")'
}

# MARKER: the greatest signal-to-noise ratio of all 243 assignments whose cost is within it, of the measured numbers.
exhaustive() {
	jq -r --argjson m "$1" --argjson whole "$2" '
		def noise: pow(10; -.snr / 10);
		[.layers[] | [.[] | {cost, noise: noise}]] as $l
		| reduce $l[] as $one ([{cost: 0, noise: 0}]; [.[] as $a | $one[] | {cost: ($a.cost + .cost), noise: ($a.noise + .noise)}])
		| map(select(.cost <= $m * $whole)) | map(.noise) | min | -10 * log10' mix.json
}

@test "metrics are those of the layers, by hand" {
	# 64 places of 8 x 8 x 9 products, the last layer one place of 64 x 8 x 4
	for m in "macs 36864 2048 8 4 16" "bops 36864 2048 64 32 256" "weighs 576 2048 8 4 16"; do
		read -r name conv last a8 a4 a16 <<< "$m"
		mix "comprecision_metric=$name"
		[ "$(jq .metric mix.json)" = "\"$name\"" ]
		jq -e --argjson c "$conv" --argjson d "$last" --argjson a8 "$a8" --argjson a4 "$a4" --argjson a16 "$a16" '
			.layers | length == 5 and all(to_entries[];
				(if .key == "n/conv5" then $d else $c end) as $n
				| .value.a8_w4.cost == $n * $a4 and .value.a8_w8.cost == $n * $a8 and .value.a16_w16.cost == $n * $a16)' mix.json
	done
}

@test "noise is that of the outputs when one layer has the precision and the others are float" {
	mix 'dataset_size=20'
	for l in conv2 conv4; do
		for p in a8_w4 a8_w8 a16_w16; do
			echo "quantization_param($l, precision_mode=${p}_a16)" > one.alls
			hn-quantize -q -c in.npy -s one.alls n.fp.har -o one.har
			: > flow.yaml
			for k in conv1 conv2 conv3 normalization1 ew_add1 conv4 conv5; do
				printf 'n/%s:\n  target: %s\n' $k "$([ $k = $l ] && echo QUANTIZED || echo NATIVE)" >> flow.yaml
			done
			hn-infer -q -c fp_optimized --in in.npy -o f.npz one.har
			hn-infer -q -c quantized --in in.npy --custom-infer-config flow.yaml -o m.npz one.har
			values f.npz n/output_layer1 > f
			values m.npz n/output_layer1 > m
			want=$(paste f m | awk '{ s += $1 * $1; d += ($1 - $2) ^ 2 } END { print 10 * log(s / d) / log(10) }')
			got=$(jq ".layers[\"n/$l\"].$p.snr" mix.json)
			echo "$l $p $got $want"
			# arrays are printed with six digits: above 60 dB they tell less
			awk -v a="$got" -v b="$want" 'BEGIN { exit !((a - b) ^ 2 < (b < 60 ? 0.0025 : 4)) }'
		done
	done
}

@test "pareto finds what trying all assignments finds" {
	for metric in bops:9568256 macs:1196032 weighs:34816; do
		mix "optimizer=pareto, comprecision_metric=${metric%:*}, compresions_markers=[0.5, 0.55, 0.7, 0.9, 1.0, 1.2, 2.5]"
		for i in 0 1 2 3 4 5 6; do
			m=$(jq ".markers[$i].marker" mix.json)
			want=$(exhaustive "$m" "${metric#*:}")
			got=$(jq ".markers[$i].snr" mix.json)
			echo "$metric $m $got $want"
			awk -v a="$got" -v b="$want" 'BEGIN { exit !((a - b) ^ 2 < 1e-10 && a != "") }'
			jq -e ".markers[$i] | .compression <= .marker and .reached" mix.json
		done
	done
}

@test "linear stays within the budget, and takes the layer first that the outputs notice least" {
	mix 'compresions_markers=[0.5, 0.8, 0.9, 1.0]'
	jq -e 'all(.markers[]; .compression <= .marker) and .applied == 1 and (.markers | map(.snr) | . == sort)' mix.json
	for i in 0 1 2 3; do
		awk -v a="$(jq ".markers[$i].snr" mix.json)" -v b="$(exhaustive "$(jq ".markers[$i].marker" mix.json)" 9568256)" \
			'BEGIN { exit !(a <= b + 1e-6 && a > b - 12) }'
	done
	mix 'compresions_markers=[0.9]'
	[[ $(modes) == *' a8_w8 a8_w4 '* || $(modes) == 'a8_w8 a8_w8 a8_w4 '* ]]
	grep -q '^hn-quantize: Assigning a8_w4 to layer n/conv3, [0-9.]* dB at the outputs$' log
	grep -q '^hn-quantize:   marker 0.9    0\.[0-9]* *[0-9.]* dB *[0-9]*  applied$' log
}

@test "off, nothing is searched; on, the model is another; a small budget is all in 4 bits" {
	hn-quantize -q -c in.npy n.fp.har -o plain.har
	echo 'post_quantization_optimization(mix_precision_search, policy=disabled, compresions_markers=[0.5])' > s.alls
	hn-quantize -c in.npy -s s.alls n.fp.har -o off.har 2> log
	cmp <(har-pack -m q.npz plain.har) <(har-pack -m q.npz off.har)
	run ! grep -q 'mix_precision_search' log
	[ "$(har-pack -m metadata.json off.har | jq .hnt_precision_search)" = null ]
	mix 'compresions_markers=[0.5]'
	[ "$(modes)" = 'a8_w4 a8_w4 a8_w4 a8_w4 a8_w4' ]
	run ! cmp -s <(har-pack -m q.npz plain.har) <(har-pack -m q.npz q.har)
}

@test "what the script says of a layer stands, and counts" {
	mix 'optimizer=pareto, compresions_markers=[1.4]' 'quantization_param(conv3, precision_mode=a16_w16)'
	[[ $(modes) == *' '*' a16_w16_a8 '*' '* ]]
	jq -e '.layers["n/conv3"] == {a16_w16: .layers["n/conv3"].a16_w16} and .layers["n/conv3"].a16_w16.cost == 36864 * 256' mix.json
	# four times its own, and half of what the others are: 0.5 + 3.5 * 36864 / 149504
	mix 'compresions_markers=[1.364]' 'quantization_param(conv3, precision_mode=a16_w16)'
	jq -e '.markers[0].changed == 4 and .markers[0].compression > 1.362' mix.json
}

@test "the largest marker up to 1 is applied, else the least; one that is too small is told" {
	mix 'compresions_markers=[1.2, 0.7, 0.9]'
	[ "$(jq .applied mix.json)" = 0.9 ]
	mix 'compresions_markers=[2, 1.5]'
	[ "$(jq .applied mix.json)" = 1.5 ]
	mix 'compresions_markers=[0.2, 0.7]'
	grep -q '^hn-quantize:   marker 0.2   not reached: the least is 0.500$' log
	echo 'post_quantization_optimization(mix_precision_search, policy=enabled, compresions_markers=[0.2])' > s.alls
	fails_with 1 'hn-quantize: mix_precision_search: a compression marker of 0.2 is not reached, the least is 0.500 (give compresions_markers from there on)' \
		hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
	hn-stat -q -c in.npy n.fp.har > p.npz
	fails_with 1 'hn-quantize: mix_precision_search measures noise on images: give -c beside --stats' \
		hn-quantize -q --stats p.npz -s s.alls n.fp.har -o x.har
}

@test "noise below the cap counts as the cap" {
	mix 'snr_cap=20'
	jq -e 'all(.layers[][]; .snr <= 20)' mix.json
	# nothing is better than anything: the cheapest
	mix 'snr_cap=1, compresions_markers=[1]'
	[ "$(modes)" = 'a8_w4 a8_w4 a8_w4 a8_w4 a8_w4' ]
}

@test "the same bytes with one thread; the HEF computes what the emulator does" {
	mix 'compresions_markers=[1.7], dataset_size=5, batch_size=2'
	[[ $(modes) == *a16_w16* && $(modes) == *a8_w4* ]]
	hn-quantize -q -j 1 -c in.npy -s s.alls n.fp.har -o one.har
	cmp q.har one.har
	hn-infer -q -c bit_exact --raw --in in.npy -o emu.npz q.har
	hn-alloc -q q.har | hn2hef -q -o m.hef
	hef-run -q --raw --in in.npy m.hef -o hef.npz
	cmp emu.npz hef.npz
}

@test "linear at the cost of 8 bits is no worse than 8 bits everywhere" {
	for metric in bops macs weighs; do
		mix "comprecision_metric=$metric, compresions_markers=[1]"
		jq -e '([.layers[].a8_w8.snr | pow(10; -. / 10)] | add | -10 * log10) as $plain | .markers[0].snr >= $plain - 1e-9' mix.json
	done
}
