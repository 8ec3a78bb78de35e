# hn-noise: what each layer's quantization costs.
load helper
load pair
load noise

# TABLE LAYER COLUMN: a number of the table.
cell() {
	awk -v l="$2" -v c="$3" '$1 == l { print $c }' "$1"
}

# A B [FEATURES]: mean over features of 10 log10(sum a^2 / sum (a - b)^2), the files' lines going round
# the features; and the least.
ratio() {
	paste "$1" "$2" | awk -v n="${3:-1}" '{ f = (NR - 1) % n; s[f] += $1 * $1; d[f] += ($1 - $2) ^ 2 }
		END { for (f = 0; f < n; f++) { r = 10 * log(s[f] / d[f]) / log(10); sum += r; if (f == 0 || r < least) least = r }
			printf "%.3f %.3f\n", sum / n, least }'
}

# X Y: numbers that differ by less than 0.05; arrays are printed with six digits.
near() {
	awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; if (d < 0) d = -d; exit !(d < 0.05 && a != "" && b != "") }' || {
		echo "$1 is not near $2"
		return 1
	}
}

@test "the ratios are those of the values that hn-infer gives" {
	two
	hn-noise -q -m advanced -c in.npy q.har > table
	hn-infer -q -c fp_optimized --in in.npy --layers all -o f.npz q.har
	hn-infer -q -c quantized --in in.npy --layers all -o i.npz q.har
	for l in conv1 conv2; do
		values f.npz n/$l > f.$l
		values i.npz n/$l > i.$l
		read -r snr _ < <(ratio f.$l i.$l)
		near "$(cell table n/$l 5)" "$snr"
	done
	near "$(awk '/^output/ { print $4 }' table)" "$snr"
	# conv1 reads bytes: what it loses itself is what it loses
	read -r own least < <(ratio f.conv1 i.conv1 4)
	near "$(cell table n/conv1 2)" "$own"
	near "$(cell table n/conv1 3)" "$least"
	# conv2 in float on what conv1 gives in integers, against its integers
	flow 'conv1 QUANTIZED' 'conv2 NATIVE'
	hn-infer -q -c quantized --in in.npy --custom-infer-config flow.yaml -o m.npz q.har
	values m.npz n/output_layer1 > m
	read -r own least < <(ratio m i.conv2 2)
	near "$(cell table n/conv2 2)" "$own"
	near "$(cell table n/conv2 3)" "$least"
	# conv1 alone: the network's output with conv2 in float
	read -r at _ < <(ratio f.conv2 m)
	near "$(cell table n/conv1 6)" "$at"
}

# NET LAYER OPTIONS: $1.d.har has the weights of one feature of the layer times 50.
damage() {
	local net=$1 layer=$2
	shift 2
	mkarch "$net" "$net.onnx" --thin 8 --size 32 "$@"
	onnx2hn -q "$net.onnx" -o "$net.har"
	hn-normalize -q "$net.har" -o "$net.fp.har"
	damage_layer "$net.fp.har" "$net" "$layer" "$net.d.har"
	echo 'pre_quantization_optimization(equalization, policy=disabled)' > off.alls
	hn-quantize -q -s off.alls -c rgb.npy "$net.d.har" -o "$net.q.har" 2> log
}

# NET LAYER: is the worst of both modes, and its weights are named as the reason.
finds() {
	hn-noise -q -c rgb.npy "$1.q.har" > simple
	hn-noise -q -m advanced -c rgb.npy -n 4 "$1.q.har" > advanced
	for t in simple advanced; do
		awk '/^layer / { getline; print $1 }' "$t" | grep -Fx "$1/$2" || return
		grep "^$1/$2 .*policy=enabled)  # weights of features differ much, and equalization is off" "$t" || return
	done
}

images() {
	# shellcheck disable=SC2046
	arr npy rgb.npy uint8 8,32,32,3 $(awk 'BEGIN { for (x = i = 7; i < 24583; i++) print x = (x * 137 + 43) % 251 }')
}

@test "a damaged layer is the worst: a residual network" {
	images
	damage resnet_v1_18 conv10
	finds resnet_v1_18 conv10
}

@test "a damaged layer is the worst: depthwise convolutions" {
	images
	damage mobilenet_v2 conv3
	finds mobilenet_v2 conv3
}

@test "a damaged layer is the worst: a detector with several outputs" {
	images
	damage yolov8n conv20 --raw
	finds yolov8n conv20
	# an output that does not depend on a layer has no ratio
	grep '^yolov8n/conv[0-9]* .* - ' advanced
}

@test "the advice with equalization on is quantization groups, and they help" {
	images
	damage yolov8n conv20 --raw
	hn-quantize -q -c rgb.npy yolov8n.d.har -o q.har 2> log
	hn-noise -q -c rgb.npy q.har > before
	line=$(sed -n 's/^yolov8n\/conv20 .*  \(quantization_param.*\)  #.*/\1/p' before)
	[ "$line" = 'quantization_param(yolov8n/conv20, quantization_groups=4)' ]
	echo "$line" > g.alls
	# equalization that is off for one layer is not off
	echo 'pre_quantization_optimization(equalization, layers=[conv1], policy=disabled)' > e.alls
	hn-quantize -q -s e.alls -c rgb.npy yolov8n.d.har -o q.har 2> log
	hn-noise -q -c rgb.npy q.har | grep -F "$line"
	hn-quantize -q -s g.alls -c rgb.npy yolov8n.d.har -o q.har 2> log
	hn-noise -q -c rgb.npy q.har > after
	awk -v a="$(cell before yolov8n/conv20 2)" -v b="$(cell after yolov8n/conv20 2)" 'BEGIN { exit !(b > a + 6) }'
}

# The inputs hardly change, so that rounded weights are off by nearly the same in every pixel; 16 bits of
# output add nothing to that.
@test "noise that is constant asks for corrected biases, which take it away" {
	cat <<- 'END' > n.json
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 6, 6, 9]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [1, 1, 9, 5], "strides": [1, 1, 1, 1], "padding": "VALID"}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/conv1"]}}}
	END
	mkhar n.json n.har
	hn-normalize -q n.har -o n.fp.har
	# shellcheck disable=SC2046
	arr npy in.npy uint8 4,6,6,9 $(awk 'BEGIN { for (i = 0; i < 1296; i++) print 190 + i * 37 % 11 }')
	echo 'quantization_param(conv1, precision_mode=a8_w8_a16)' > s.alls
	hn-quantize -q -c in.npy -s s.alls n.fp.har -o q.har
	hn-noise -q -c in.npy --json a.json q.har > before
	line='post_quantization_optimization(bias_correction, policy=enabled)'
	grep -F "$line  # most of its noise is constant" before
	# by definition, from the values: the squared mean of each feature's error by its mean square
	hn-infer -q -c fp_optimized --in in.npy q.har -o f.npy
	hn-infer -q -c quantized --in in.npy q.har -o i.npy
	for f in f i; do
		arr text $f.npy | tail -n +2 | tr ' ' '\n' > $f.txt
	done
	paste f.txt i.txt | awk '{ d = $1 - $2; s[(NR - 1) % 5] += d; q += d * d; n++ }
		END { for (k in s) m += s[k] * s[k] / (n / 5); print m / q }' > constant
	near "$(cat constant)" "$(jq '.layers["n/conv1"].constant' a.json)"
	echo "$line" >> s.alls
	hn-quantize -q -c in.npy -s s.alls n.fp.har -o q.har
	hn-noise -q -c in.npy q.har > after
	run ! grep bias_correction after
	awk -v a="$(cell before n/conv1 2)" -v b="$(cell after n/conv1 2)" 'BEGIN { exit !(b > a + 6) }'
}

@test "the result does not depend on threads; the last step may be smaller" {
	two
	hn-noise -q -m advanced -j 1 -c in.npy --json a.json q.har > a
	hn-noise -q -m advanced -j 4 -c in.npy --json b.json q.har > b
	same_bytes a b
	same_bytes a.json b.json
	hn-noise -q -m advanced -b 4 -c in.npy q.har > b
	same_bytes a b
}

@test "the bundle keeps the analysis, in place too" {
	two
	hn-noise -q -c in.npy --json a.json --har q.har q.har > table
	har-pack -m noise.json q.har | cmp - a.json
	grep -q '"analyze_mode": "simple"' a.json
	[ "$(grep -c '"histogram"' a.json)" -eq 2 ]
	# all values are in the histogram: 10 images of 4 pixels, 4 and 2 features
	sed -n 's/.*"counts": \[\(.*\)\].*/\1/p' a.json | awk -F, '{ s = 0; for (i = 1; i <= NF; i++) s += $i; print NF, int(s + 0.5) }' | sort > sums
	printf '64 160\n64 80\n' | diff - sums
	hn-infer -q -c quantized --in in.npy -o z.npz q.har
}

@test "--fail-below sets the exit status" {
	two
	least=$(hn-noise -q -c in.npy q.har | awk '/^layer / { getline; print $2 }')
	hn-noise -q -c in.npy --fail-below "$(awk -v x="$least" 'BEGIN { print x - 1 }')" q.har > table
	run -1 hn-noise -q -c in.npy --fail-below "$(awk -v x="$least" 'BEGIN { print x + 1 }')" q.har
	[ -n "$output" ]
}

@test "wrong use is refused before anything is read" {
	usage_error 'hn-noise: no data: -c PATH, or --random' hn-noise missing.har
	usage_error 'hn-noise: -c and --random exclude each other' hn-noise -c x --random missing.har
	usage_error "hn-noise: --analyze-mode must be simple or advanced, not 'fast'" hn-noise -m fast -c x missing.har
	usage_error 'hn-noise: only one of the table, the JSON and the bundle can go to the standard output' \
		hn-noise -c x --json - missing.har
}

@test "a bundle that is not quantized names the tool to run" {
	two
	run -1 --separate-stderr hn-noise -q -c in.npy n.fp.har
	[[ $stderr == *"hn-quantize"* ]]
	run -1 --separate-stderr hn-noise -q -c missing.npy q.har
	[[ $stderr == *"missing.npy"* ]]
}

@test "checker_cfg analyses the model that quantization made, on as many images as it says" {
	two
	echo 'model_optimization_config(checker_cfg, dataset_size=6, analyze_mode=advanced, batch_size=4)' > c.alls
	hn-quantize -s c.alls -c in.npy n.fp.har -o c.har 2> log
	hn-noise -q -m advanced -n 6 -c in.npy --json want.json c.har > table
	har-pack -m noise.json c.har | cmp - want.json
	grep '^hn-quantize: layer noise: the worst layer is n/conv[12], [0-9.]* dB' log
	# 16 images and the simple mode by default, nothing when it is disabled
	echo 'model_optimization_config(checker_cfg)' > c.alls
	hn-quantize -q -s c.alls -c in.npy n.fp.har -o c.har 2> log
	har-pack -m noise.json c.har > simple.json
	grep -q '"analyze_mode": "simple"' simple.json
	grep -q '"images": 10' simple.json
	echo 'model_optimization_config(checker_cfg, policy=disabled)' > c.alls
	hn-quantize -q -s c.alls -c in.npy n.fp.har -o c.har 2> log
	run -1 har-pack -m noise.json c.har
}

@test "checker_cfg without images says so" {
	two
	hn-stat -q -c in.npy n.fp.har -o s.npz
	echo 'model_optimization_config(checker_cfg)' > c.alls
	hn-quantize -q -s c.alls --stats s.npz n.fp.har -o c.har 2> log
	grep -Fx 'hn-quantize: warning: checker_cfg: no layer is analysed without images (give -c beside --stats)' log
}

@test "the batch norm checker warns of values far beyond the others, unless it is off" {
	two
	har-pack -m fpo.npz n.fp.har > f.npz
	arr get f.npz n/conv1/kernel:0 k.npy
	arr npy zero.npy float32 4 0 0 0 0
	arr get f.npz n/conv2/kernel:0 k2.npy
	arr npy zero2.npy float32 2 0 0
	arr npz w.npz n/conv1/kernel:0=k.npy n/conv1/bias:0=zero.npy n/conv2/kernel:0=k2.npy n/conv2/bias:0=zero2.npy
	mkdir x
	har-pack -x x n.fp.har
	cp w.npz x/n.fpo.npz
	# shellcheck disable=SC2046
	tar -C x -cf b.har $(ls x)
	# one pixel of 1600 is bright
	# shellcheck disable=SC2046
	arr npy bright.npy uint8 400,2,2,3 $(awk 'BEGIN { for (i = 0; i < 4800; i++) print i < 3 ? 250 : 0 }')
	echo 'model_optimization_config(checker_cfg, dataset_size=400)' > c.alls
	hn-quantize -q -s c.alls -c bright.npy b.har -o c.har 2> log
	grep "^hn-quantize: warning: 2 layers have values far beyond the others, 'n/conv[12]' [0-9]* times" log
	echo 'model_optimization_config(checker_cfg, dataset_size=400, batch_norm_checker=False)' > c.alls
	hn-quantize -q -s c.alls -c bright.npy b.har -o c.har 2> log
	run ! grep -q 'far beyond' log
}
