# hn-quantize: Iterative Bias Correction, by level and by script; optimization levels.
load helper

# Two convs, a dw and a dense layer.
make_small() {
	cat <<- 'END' > n.json
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 8, 8, 3]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 3, 8], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "relu"}},
		"n/dw1": {"type": "dw", "input": ["n/conv1"], "params": {"kernel_shape": [3, 3, 8, 1], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "relu6"}},
		"n/conv2": {"type": "conv", "input": ["n/dw1"], "params": {"kernel_shape": [1, 1, 8, 8], "strides": [1, 1, 1, 1], "padding": "VALID"}},
		"n/ew_add1": {"type": "ew_add", "input": ["n/conv2", "n/conv1"]},
		"n/dense1": {"type": "dense", "input": ["n/ew_add1"], "params": {"kernel_shape": [512, 5]}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/dense1"]}}}
	END
	mkhar n.json n.har in.npy 20
	hn-normalize -q n.har -o n.fp.har
}

setup() {
	scratch
	make_small
}

# quantized OUT SCRIPT-LINE...: OUT.har by that script, OUT.npz its records
quantized() {
	out=$1 && shift
	printf '%s\n' "$@" > s.alls
	hn-quantize -q -c in.npy -s s.alls n.fp.har -o "$out.har"
	har-pack -m q.npz "$out.har" > "$out.npz"
}

# The fields that differ between two sets of records, a line each.
changed() {
	arr keys "$1" | while read -r key _; do
		arr get "$1" "$key" a.npy
		arr get "$2" "$key" b.npy
		cmp -s a.npy b.npy || echo "$key"
	done
}

W4='quantization_param({*}, precision_mode=a8_w4)'
IBC='post_quantization_optimization(bias_correction, policy=enabled)'

@test "level 1 changes the biases of all layers that have one, and nothing else" {
	quantized zero "$W4"
	quantized one "$W4" 'model_optimization_flavor(optimization_level=1)'
	changed zero.npz one.npz > list
	run ! grep -v 'bias_\(mant\|shift\):0' list
	for l in conv1 dw1 conv2 dense1; do
		grep "n/$l/bias_mant:0" list
	done
	# The same by its option, by the algorithm's own command, and nothing by level 0.
	hn-quantize -q -c in.npy -s <(echo "$W4") --optimization-level 1 n.fp.har -o option.har
	har-pack -m q.npz option.har | cmp - one.npz
	quantized own "$W4" "$IBC"
	same_bytes own.npz one.npz
	quantized level "$W4" 'model_optimization_flavor(optimization_level=0)'
	same_bytes level.npz zero.npz
	# The command goes before the level.
	quantized off "$W4" 'model_optimization_flavor(optimization_level=1)' \
		'post_quantization_optimization(bias_correction, policy=disabled)'
	same_bytes off.npz zero.npz
	# The float model keeps its biases.
	cmp <(har-pack -m fpo.npz zero.har) <(har-pack -m fpo.npz one.har)
}

# images OUT WHICH: those of in.npy whose number (n) meets this condition, with six digits
images() {
	arr text in.npy | awk "NR > 1 { n = NR - 2; if ($2) print }" > values
	# shellcheck disable=SC2046 # every value is an argument
	arr npy "$1" float32 "$(wc -l < values),8,8,3" $(cat values)
}

# tried SCRIPT-LINE: what level 1 should say, by halves that a command corrects and hn-infer runs
tried() {
	hn-stat -q -c in.npy n.fp.har -o all.npz
	printf '%s\n' "$1" > zero.alls
	printf '%s\n' "$1" "$IBC" > half.alls
	hn-quantize -q -s zero.alls --stats all.npz -c in.npy n.fp.har -o zero.har
	hn-infer -q -c fp_optimized --in in.npy zero.har -o float.npy
	hn-infer -q -c quantized --in in.npy zero.har -o zero.npy
	for half in 0 1; do
		images half.npy "n % 2 == $half"
		hn-quantize -q -s half.alls --stats all.npz -c half.npy n.fp.har -o half.har
		hn-infer -q -c quantized --in in.npy half.har -o half$half.npy
	done
	# lines of: float, zero, corrected by the even ones, by the odd ones; even images are tried with the odd ones' biases
	paste -d ' ' <(arr text float.npy) <(arr text zero.npy) <(arr text half0.npy) <(arr text half1.npy) | tail -n +2 | awk '{
		n = NF / 4; g = 0
		at = NR % 2 ? 3 * n : 2 * n
		for (k = 1; k <= n; k++) {
			e0 = $(n + k) - $k; e1 = $(at + k) - $k; d = e1 - e0
			noise += e0 * e0; change += d * d; g += e0 * e0 - e1 * e1
		}
		gain += g; squares += g * g
	} END {
		error = sqrt((squares - gain * gain / NR) * NR / (NR - 1))
		anew = (change > gain) ? (change - gain) / 2 : 0
		printf "%.1f+-%.1f %% of the noise at the outputs away and draws %.1f %% anew: biases %s\n", 100 * gain / noise, 100 * error / noise, 100 * anew / noise, \
			(gain > error && 3 * gain > change) ? "are corrected" : "stay as they are"
	}'
}

@test "level 1 tries each half of the images on the other, and corrects what is worth it" {
	images six.npy 1
	mv six.npy in.npy
	want=$(tried "$W4")
	echo "W4: $want"
	[[ "$want" == *"are corrected" ]]
	hn-quantize -c in.npy -s zero.alls --optimization-level 1 n.fp.har -o one.har 2> log
	grep 'bias correction: ' log
	grep -F "takes $want" log
	quantized own "$W4" "$IBC"
	cmp <(har-pack -m q.npz one.har) own.npz

	eight='quantization_param({*}, precision_mode=a8_w8)'
	want=$(tried "$eight")
	echo "W8: $want"
	[[ "$want" == *"stay as they are" ]]
	hn-quantize -c in.npy -s zero.alls --optimization-level 1 n.fp.har -o one.har 2> log
	grep 'bias correction: ' log
	grep -F "takes $want" log
	cmp <(har-pack -m q.npz one.har) <(har-pack -m q.npz zero.har)
	# A command is carried out all the same; what it names stays corrected where the level does nothing.
	quantized zero "$eight"
	quantized asked "$eight" "$IBC"
	grep . <(changed zero.npz asked.npz)
	quantized dw "$eight" 'post_quantization_optimization(bias_correction, layers=[dw1], policy=enabled)'
	quantized both "$eight" 'post_quantization_optimization(bias_correction, layers=[dw1], policy=enabled)' \
		'model_optimization_flavor(optimization_level=1)'
	[ "$(changed zero.npz both.npz | sed 's,n/\(.*\)/.*,\1,' | sort -u)" = dw1 ]
	same_bytes both.npz dw.npz
}

@test "one image does not tell whether biases are worth correcting" {
	hn-quantize -q -c in.npy -n 1 n.fp.har -o zero.har
	run --separate-stderr hn-quantize -q -c in.npy -n 1 --optimization-level 1 n.fp.har -o one.har
	[ "$status" -eq 0 ]
	[ "$(grep -c 'bias correction cannot be tried on one image: biases stay as they are' <<< "$stderr")" -eq 2 ]
	cmp <(har-pack -m q.npz zero.har) <(har-pack -m q.npz one.har)
}

@test "by layer: some only, all but some, allowed as the network" {
	quantized zero "$W4"
	quantized all "$W4" "$IBC"
	quantized one "$W4" 'post_quantization_optimization(bias_correction, layers=[dw1], policy=enabled)'
	[ "$(changed zero.npz one.npz | sed 's,n/\(.*\)/.*,\1,' | sort -u)" = dw1 ]
	quantized but "$W4" "$IBC" 'post_quantization_optimization(bias_correction, layers={conv*}, policy=disabled)'
	[ "$(changed zero.npz but.npz | sed 's,n/\(.*\)/.*,\1,' | sort -u)" = $'dense1\ndw1' ]
	quantized allowed "$W4" "$IBC" 'post_quantization_optimization(bias_correction, layers={*}, policy=allowed)'
	same_bytes allowed.npz all.npz
}

@test "the outputs' mean over the calibration images is the float model's" {
	offset() {
		hn-infer -q -c fp_optimized --in in.npy "$1.har" -o f.npy
		hn-infer -q -c quantized --in in.npy "$1.har" -o q.npy
		# the largest mean difference of the 5 features
		paste -d ' ' <(arr text f.npy | tail -n +2 | tr ' ' '\n' | grep .) <(arr text q.npy | tail -n +2 | tr ' ' '\n' | grep .) |
			awk '{ d[NR % 5] += $1 - $2 } END { for (k in d) { m = d[k] < 0 ? -d[k] : d[k]; if (m > most) most = m }; print most * 5 / NR }'
	}
	quantized zero "$W4"
	quantized one "$W4" "$IBC"
	before=$(offset zero) after=$(offset one)
	echo "off by $before, corrected $after"
	awk -v a="$after" -v b="$before" 'BEGIN { exit !(a < 0.1 * b) }'
}

@test "the same bytes with any threads, and with the cache compressed; no file is left" {
	mkdir tmp
	export TMPDIR=$PWD/tmp
	for how in 'policy=enabled' 'policy=enabled, cache_compression=enabled'; do
		echo "post_quantization_optimization(bias_correction, $how)" > s.alls
		for j in 1 2; do
			hn-quantize -q -j $j -c in.npy -s s.alls n.fp.har -o $j.har
			har-pack -m q.npz $j.har > "$j-${#how}.npz"
			hn-quantize -q -j $j -b $((3 * j)) -c in.npy -s <(echo "$W4") --optimization-level 1 n.fp.har -o $j.har
			har-pack -m q.npz $j.har > "level-$j.npz"
		done
	done
	same_bytes level-1.npz level-2.npz
	same_bytes 1-14.npz 2-14.npz
	same_bytes 1-14.npz 1-41.npz
	same_bytes 1-14.npz 2-41.npz
	[ -z "$(ls tmp)" ]
}

@test "a full disk behind the cache is an error that names it" {
	[ -w /dev/full ] || skip
	TMPDIR=$PWD/none run hn-quantize -q --optimization-level 1 -c in.npy n.fp.har -o x.har
	[ "$status" -eq 1 ]
	[[ "$output" == *"temporary file"*"none"* ]]
	[ ! -e x.har ]
}

@test "statistics alone do not tell what biases are wrong by" {
	hn-stat -q -c in.npy n.fp.har -o s.npz
	fails_with 1 "hn-quantize: bias correction compares the models on images (give -c beside --stats, or optimization level 0)" \
		hn-quantize -q --optimization-level 1 --stats s.npz n.fp.har -o x.har
	hn-quantize -q --optimization-level 1 --stats s.npz -c in.npy n.fp.har -o a.har
	hn-quantize -q --optimization-level 1 -c in.npy n.fp.har -o b.har
	cmp <(har-pack -m q.npz a.har) <(har-pack -m q.npz b.har)
}

@test "a level that trains is told before and at the end, and kept in the report" {
	quantized one 'model_optimization_flavor(optimization_level=1)'
	for level in 2 3 4; do
		echo "model_optimization_flavor(optimization_level=$level)" > s.alls
		run --separate-stderr hn-quantize -q -c in.npy -s s.alls n.fp.har -o b.har
		[ "$status" -eq 0 ]
		[ "$stderr" = "hn-quantize: warning: s.alls:1:1: model_optimization_flavor: stored, not applied yet: optimization_level=$level
hn-quantize: warning: optimization_level=$level trains weights, which is not built: level 1 was applied instead, equalization and bias correction" ]
		[ "$(har-pack -m metadata.json b.har | jq -c '.hnt_script["hn-quantize"] | map(.detail)')" = "[\"optimization_level=$level\"]" ]
		cmp <(har-pack -m q.npz b.har) one.npz
	done
	usage_error "hn-quantize: optimization level 2 is not built; -100, 0 and 1 are" hn-quantize --optimization-level 2 -c in.npy n.fp.har
}

@test "level -100 applies nothing, what the script asks for by name does" {
	hn-quantize -q -c in.npy --no-equalization n.fp.har -o none.har
	hn-quantize -q -c in.npy --optimization-level -100 n.fp.har -o a.har
	cmp <(har-pack -m q.npz none.har) <(har-pack -m q.npz a.har)
	hn-quantize -q -c in.npy n.fp.har -o zero.har
	quantized named 'pre_quantization_optimization(equalization, policy=enabled)' 'model_optimization_flavor(optimization_level=-100)'
	har-pack -m q.npz zero.har | cmp - named.npz
}
