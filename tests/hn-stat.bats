# hn-stat: statistics of parts of a calibration set make the model of the whole set, byte for byte.
load helper

setup_file() {
	export STAGES=$BATS_FILE_TMPDIR
	cd "$STAGES" || return
	onnx2hn -q "$SHAPES/shapes.onnx" -o s.har
	hn-normalize -q -s "$SHAPES/shapes.alls" s.har -o s.fp.har
}

setup() {
	scratch
	S=$STAGES/s.fp.har
	C=$SHAPES/calib.npy
}

# A network of one convolution 1x1 with weights 1 and $1 (-1): its values are those of the images.
ramp() {
	cat <<- END | mkonnx m.onnx
		input x 1,1,16,16
		init w 2,1,1,1 1 ${1--1}
		node Conv conv x,w y
		output y
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o m.fp.har
}

# The last value of $1, of 64 bits, becomes the largest.
ones() {
	head -c -8 "$1" > ones
	printf '\377\377\377\377\377\377\377\377' >> ones
	mv ones "$1"
}

@test "any split of a set, in any order, gives the model of the whole set" {
	hn-quantize -q -c "$C" "$S" -o whole.har
	hn-stat -q -c "$C" -n 1 "$S" -o a.npz
	hn-stat -q -c "$C" --from 1 -n 40 -b 7 "$S" -o b.npz
	hn-stat -q -c "$C" --from 41 < "$S" > c.npz
	hn-quantize -q --stats c.npz --stats a.npz --stats b.npz "$S" -o parts.har
	same_bytes whole.har parts.har
	# The bundle has the statistics of the whole, which are those of one part that is the whole.
	hn-stat -q -c "$C" "$S" -o whole.npz
	har-pack -m stats.npz parts.har | cmp - whole.npz
	# Images beside statistics change nothing here: they serve steps that need them.
	hn-quantize -q --stats c.npz --stats a.npz --stats b.npz -c "$C" "$S" -o both.har
	same_bytes whole.har both.har
}

@test "histograms of parts add up, with percentiles in the script" {
	echo 'pre_quantization_optimization(activation_clipping, layers={conv*}, mode=percentile, clipping_values=[0.5, 99.5])' > s.alls
	cat "$SHAPES/shapes.alls" s.alls > t.alls
	hn-quantize -q -s t.alls -c "$C" "$S" -o whole.har
	hn-stat -q -s t.alls -c "$C" -n 30 -j 1 "$S" -o a.npz
	hn-stat -q --histograms -c "$C" --from 30 -j 2 "$S" -o b.npz
	hn-quantize -q -s t.alls --stats a.npz --stats b.npz "$S" -o parts.har
	same_bytes whole.har parts.har
}

@test "what is stored: extremes by feature, images, bytes, and a histogram of known values" {
	ramp
	# shellcheck disable=SC2046 # words are values
	arr npy x.npy float32 1,16,16,1 $(seq 0 255)
	hn-stat -q --histograms -c x.npy m.fp.har -o s.npz
	value() { arr get s.npz "$1" v.npy && arr text v.npy | tail -n +2 | tr ' ' '\n' | paste -sd ' '; }
	[ "$(value n/stats_images:0)" = 1 ]
	[ "$(value n/conv1/stats_min:0)" = "0 -255" ]
	[ "$(value n/conv1/stats_max:0)" = "255 0" ]
	[ "$(value n/input_layer1/stats_bytes:0)" = 0 ]
	# By the definition of hist.h: number = 32 (exponent + 40) + first five bits of the mantissa + 1.
	expect=$(for x in $(seq 0 255); do
		awk -v x="$x" 'BEGIN { if (x == 0) { print 0; exit }; e = 0; v = x; while (v >= 2) { v /= 2; e++ }
			print 32 * (e + 40) + int((v - 1) * 32) + 1 }'
	done | uniq -c | awk '{ print $2, $1 }')
	[ "$(value n/input_layer1/stats_bin:0)" = "$(cut -d' ' -f1 <<< "$expect" | paste -sd ' ')" ]
	[ "$(value n/input_layer1/stats_count:0)" = "$(cut -d' ' -f2 <<< "$expect" | paste -sd ' ')" ]
	arr npy b.npy uint8 3,16,16,1 7
	hn-stat -q -c b.npy m.fp.har -o s.npz
	[ "$(value n/input_layer1/stats_bytes:0)" = 1 ]
	[ "$(value n/stats_images:0)" = 3 ]
	[[ $(arr keys s.npz) != *stats_bin* ]]
}

@test "bytes and floats are not merged" {
	ramp
	arr npy b.npy uint8 3,16,16,1 7
	arr npy f.npy float32 3,16,16,1 7
	hn-stat -q -c b.npy m.fp.har -o b.npz
	hn-stat -q -c f.npy m.fp.har -o f.npz
	fails_with 1 "hn-quantize: f.npz: layer 'n/input_layer1': its images are float32, those of the other files are not" \
		hn-quantize -q --stats b.npz --stats f.npz m.fp.har -o x.har
}

@test "statistics of other weights, without a histogram, or no statistics are refused" {
	ramp
	hn-stat -q -c "$C" -n 2 "$S" -o s.npz
	fails_with 1 "hn-quantize: s.npz: no 'n/stats_model:0': not the statistics of this model" \
		hn-quantize --stats s.npz m.fp.har -o x.har
	cp m.fp.har first.har
	arr npy x.npy float32 1,16,16,1 1
	hn-stat -q -c x.npy m.fp.har -o x.npz
	ramp -2
	fails_with 1 "hn-quantize: x.npz: statistics of another model, or of this one with other weights (make them with hn-stat from this bundle)" \
		hn-quantize --stats x.npz m.fp.har -o x.har
	echo 'pre_quantization_optimization(activation_clipping, layers=conv1, mode=percentile, clipping_values=[1, 99])' > s.alls
	fails_with 1 "hn-quantize: x.npz: layer 'n/conv1': no histogram, which the script's percentiles need (make the statistics with hn-stat and this script, or with --histograms)" \
		hn-quantize -s s.alls --stats x.npz first.har -o x.har
	run -1 --separate-stderr hn-quantize --stats x.npy first.har -o x.har
	[[ $stderr == "hn-quantize: x.npy: not a sound zip archive"* ]]
}

@test "damaged statistics are refused: sizes, types, ranges, bins" {
	ramp
	arr npy x.npy float32 1,16,16,1 1
	hn-stat -q -c x.npy m.fp.har -o s.npz
	keys=$(arr keys s.npz | cut -d' ' -f1)
	# with KEY FILE: s.npz with another array under KEY
	with() {
		local k args=()
		for k in $keys; do
			arr get s.npz "$k" "v.${k//\//_}"
			[ "$k" = "$1" ] && args+=("$k=$2") || args+=("$k=v.${k//\//_}")
		done
		arr npz bad.npz "${args[@]}"
	}
	arr npy v.npy float32 3 1
	with n/conv1/stats_min:0 v.npy
	fails_with 1 "hn-quantize: bad.npz: layer 'n/conv1': 'n/conv1/stats_min:0' is float32[3], float32[2] expected" \
		hn-quantize --stats bad.npz m.fp.har -o x.har
	for n in 18446744073709551615 0 1073741825; do
		arr npy v.npy uint64 1 $n
		[ $n != 18446744073709551615 ] || ones v.npy
		with n/stats_images:0 v.npy
		fails_with 1 "hn-quantize: bad.npz: statistics of $n images, 1 to 1073741824 in all files expected" \
			hn-quantize --stats bad.npz m.fp.har -o x.har
	done
	arr npy v.npy uint64 1 1073741824
	with n/stats_images:0 v.npy
	fails_with 1 "hn-quantize: s.npz: statistics of 1 images, 1 to 1073741824 in all files expected" \
		hn-quantize --stats bad.npz --stats s.npz m.fp.har -o x.har
	arr npy v.npy float32 2 5 nan
	with n/conv1/stats_min:0 v.npy
	fails_with 1 "hn-quantize: bad.npz: layer 'n/conv1': feature 0: no range" \
		hn-quantize --stats bad.npz m.fp.har -o x.har
}

@test "a histogram counts no more values than its images have" {
	ramp
	arr npy x.npy float32 1,16,16,1 1
	hn-stat -q --histograms -c x.npy m.fp.har -o s.npz
	echo 'pre_quantization_optimization(activation_clipping, layers=conv1, mode=percentile, clipping_values=[1, 99])' > s.alls
	args=()
	for k in $(arr keys s.npz | cut -d' ' -f1); do
		arr get s.npz "$k" "v.${k//\//_}"
		[ "$k" != n/conv1/stats_count:0 ] || { arr npy "v.${k//\//_}" uint64 2 1 1 && ones "v.${k//\//_}"; }
		args+=("$k=v.${k//\//_}")
	done
	arr npz bad.npz "${args[@]}"
	hn-quantize -q -s s.alls --stats s.npz m.fp.har -o x.har
	fails_with 1 "hn-quantize: bad.npz: layer 'n/conv1': the histogram counts more than 1 images can have" \
		hn-quantize -s s.alls --stats bad.npz m.fp.har -o y.har
}

@test "a part of nothing and wrong use are refused" {
	fails_with 1 "hn-stat: calibration set '$C': image 64 is the first wanted, there are 64" \
		hn-stat -c "$C" --from 64 "$S" -o x.npz
	usage_error "hn-stat: no calibration set: -c PATH, or --random-calib" hn-stat x.har
	usage_error "hn-stat: -c and --random-calib exclude each other" hn-stat -c a --random-calib x.har
	run -1 --separate-stderr hn-stat --random-calib "$STAGES/s.har" -o x.npz
	[[ $stderr == *hn-normalize* ]]
}

@test "parts of random images are the images of the whole" {
	hn-quantize -q --random-calib -n 12 "$S" -o whole.har
	hn-stat -q --random-calib -n 5 "$S" -o a.npz
	hn-stat -q --random-calib --from 5 -n 7 "$S" -o b.npz
	hn-quantize -q --stats a.npz --stats b.npz "$S" -o parts.har
	same_bytes whole.har parts.har
}

@test "a set smaller than what was asked for is said aloud" {
	ramp
	arr npy x.npy float32 3,16,16,1 1 2 3
	run -0 --separate-stderr hn-quantize -q -c x.npy m.fp.har -o x.har
	[ -z "$stderr" ]
	run -0 --separate-stderr hn-quantize -q -c x.npy -n 4 m.fp.har -o x.har
	[ "$stderr" = "hn-quantize: warning: the calibration set has 3 images, 4 wanted: ranges may not fit what the network will see" ]
	echo 'model_optimization_config(calibration, calibset_size=4)' > s.alls
	run -0 --separate-stderr hn-quantize -q -c x.npy -s s.alls m.fp.har -o x.har
	[ "$stderr" = "hn-quantize: warning: the calibration set has 3 images, 4 wanted: ranges may not fit what the network will see" ]
	hn-stat -q -c x.npy m.fp.har -o x.npz
	run -0 --separate-stderr hn-quantize -q --stats x.npz --stats x.npz -s s.alls m.fp.har -o x.har
	[ -z "$stderr" ]
}

# LEVEL SCRIPT: one thread, two, and statistics of two parts give the same bundle.
same_model() {
	cat "$SHAPES/shapes.alls" > t.alls
	echo "$2" >> t.alls
	hn-stat -q -s t.alls -c "$C" -n 23 -j 2 "$S" -o a.npz
	hn-stat -q -s t.alls -c "$C" --from 23 -j 1 "$S" -o b.npz
	hn-quantize -q -j 1 --optimization-level "$1" -s t.alls -c "$C" "$S" -o one.har
	hn-quantize -q -j 2 --optimization-level "$1" -s t.alls -c "$C" "$S" -o two.har
	hn-quantize -q -j 2 --optimization-level "$1" -s t.alls --stats b.npz --stats a.npz -c "$C" "$S" -o parts.har
	same_bytes one.har two.har
	same_bytes one.har parts.har
	# Something was done by the line: the model is another than without it.
	[ -n "$2" ] || return 0
	hn-quantize -q --optimization-level "$1" -c "$C" "$S" -o plain.har
	har-pack -m q.npz plain.har > plain.npz
	har-pack -m q.npz one.har > one.npz
	run -1 cmp -s plain.npz one.npz
}

@test "threads and parts change nothing: levels 0 and 1" {
	same_model 0 ''
	same_model 1 ''
}

@test "threads and parts change nothing: 4-bit weights, chosen by noise" {
	same_model 0 'model_optimization_config(compression_params, auto_4bit_weights_ratio=0.4)'
	same_model 1 'model_optimization_config(compression_params, auto_4bit_weights_ratio=0.4)'
}

@test "threads and parts change nothing: limits of weights and of values" {
	same_model 0 'pre_quantization_optimization(weights_clipping, layers={conv*}, mode=mmse)'
	same_model 0 'pre_quantization_optimization(activation_clipping, layers={conv*}, mode=percentile, clipping_values=[1, 99])'
	same_model 1 'pre_quantization_optimization(activation_clipping, layers={conv*}, mode=percentile, clipping_values=[1, 99])'
}
