# hn-infer --custom-infer-config: some layers in integers, the others in float.
load helper
load pair

@test "a float layer behind one in integers computes with the values of its codes" {
	two
	flow 'conv1 QUANTIZED' 'conv2 NATIVE'
	hn-infer -q -c quantized --in in.npy --custom-infer-config flow.yaml -o z.npz q.har
	hn-infer -q -c quantized --in in.npy --layers n/conv1 -o y.npz q.har
	values z.npz n/output_layer1 > z
	values y.npz n/conv1 > y
	# kernel [1,1,4,2]: weight of input i for output o at 2 i + o
	{
		values w.npz n/conv2/kernel:0 | sed 's/^/k /'
		values w.npz n/conv2/bias:0 | sed 's/^/b /'
		sed 's/^/y /' y
	} | awk '$1 == "k" { k[nk++] = $2 } $1 == "b" { b[nb++] = $2 } $1 == "y" { y[ny++] = $2 }
		END { for (p = 0; p < ny / 4; p++) for (o = 0; o < 2; o++) {
			s = b[o]; for (i = 0; i < 4; i++) s += y[4 * p + i] * k[2 * i + o]; printf "%.9g\n", s } }' > want
	[ "$(wc -l < z)" -eq 80 ]
	paste z want | awk '{ d = $1 - $2; if (d < 0) d = -d; if (d > 0.005) bad++ } END { exit bad > 0 }'
	# six digits of numbers of about 100; a code is 1 or more.  And neither of the pure ones:
	hn-infer -q -c fp_optimized --in in.npy -o f.npz q.har
	hn-infer -q -c quantized --in in.npy -o i.npz q.har
	run ! cmp -s z.npz f.npz
	run ! cmp -s z.npz i.npz
}

@test "a layer in integers behind one in float reads its values as codes" {
	two
	flow 'conv1 NATIVE' 'conv2 QUANTIZED'
	hn-infer -q -c bit_exact --in in.npy --custom-infer-config flow.yaml -o z.npz q.har
	hn-infer -q -c fp_optimized --in in.npy --layers n/conv1 -o y.npz q.har
	values z.npz n/output_layer1 > z
	{
		for k in kernel w_scale out_scale out_zp mult shift; do
			values records.npz "n/conv2/$k:0" | sed "s/^/$k /"
		done
		values w.npz n/conv2/bias:0 | sed 's/^/b /'
		values records.npz n/conv1/out_scale:0 | sed 's/^/s1 /'
		values records.npz n/conv1/out_zp:0 | sed 's/^/z1 /'
		values y.npz n/conv1 | sed 's/^/y /'
	} | awk 'function away(x) { return x < 0 ? -int(0.5 - x) : int(x + 0.5) }
		{ v[$1, n[$1]++] = $2 }
		END { for (p = 0; p < n["y"] / 4; p++) for (o = 0; o < 2; o++) {
			s = v["b", o]
			for (i = 0; i < 4; i++) {
				c = away(v["y", 4 * p + i] / v["s1", 0]) + v["z1", 0]
				c = c < 0 ? 0 : c > 255 ? 255 : c
				s += (c - v["z1", 0]) * v["s1", 0] * v["kernel", 2 * i + o] * v["w_scale", 0]
			}
			printf "%.9g %.9g\n", s, v["out_scale", 0] } }' > want
	# The output is the nearest code; a bias and a multiplier of 15 bits may move it by less than another.
	paste z want | awk '{ d = ($1 - $2) / $3; if (d < 0) d = -d; sum += d; if (d > 0.75) bad++ } END { exit bad > 0 || sum / NR > 0.35 }'
	hn-infer -q -c quantized --in in.npy -o i.npz q.har
	run ! cmp -s z.npz i.npz
}

# BUNDLE IN: with the first part of the layers in integers and the rest in float those of the first part give
# what they give when all are in integers; the other way round, what they give in float.
prefixes() {
	local all n k i
	hn-infer -q -c quantized --in "$2" --data-count 3 --batch 2 --layers all -o i.npz "$1"
	hn-infer -q -c fp_optimized --in "$2" --data-count 3 --batch 2 --layers all -o f.npz "$1"
	all=$(har-pack -m hn "$1" | sed -n 's/^    "\([^"]*\/[^"]*\)": {$/\1/p' | grep -v '/\(input\|output\)_layer[0-9]*$')
	n=$(echo "$all" | wc -l)
	[ "$n" -ge 4 ] || return
	for k in $((n / 2)) $((n - 1)); do
		for i in QUANTIZED NATIVE; do
			echo "$all" | awk -v k="$k" -v t="$i" '{ o = t == "NATIVE" ? "QUANTIZED" : "NATIVE"
				printf "%s:\n  target: %s\n", $1, NR <= k ? t : o }' > flow.yaml
			hn-infer -q -c quantized --in "$2" --data-count 3 --batch 2 --layers all \
				--custom-infer-config flow.yaml -o m.npz "$1" || return
			for l in $(echo "$all" | head -n "$k" | awk -v k="$k" 'NR % 5 == 0 || NR == k'); do
				arr get m.npz "$l" m.npy
				arr get "$([ $i = NATIVE ] && echo f.npz || echo i.npz)" "$l" w.npy
				cmp m.npy w.npy || return
			done
		done
	done
}

@test "layers compute in a mixture what they compute among their own" {
	onnx2hn -q "$SHAPES/shapes.onnx" --net-name shapes -o shapes.har
	hn-normalize -q -s "$SHAPES/shapes.alls" shapes.har -o shapes.fp.har
	hn-quantize -q -c "$SHAPES/calib.npy" shapes.fp.har -o shapes.q.har
	prefixes shapes.q.har "$SHAPES/test_x.npy"
	# shellcheck disable=SC2046
	arr npy rgb.npy uint8 3,32,32,3 $(awk 'BEGIN { for (x = i = 7; i < 9223; i++) print x = (x * 137 + 43) % 251 }')
	for a in mobilenet_v3_large yolov8n; do
		mkarch "$a" a.onnx --thin 8 --size 32
		onnx2hn -q -y a.onnx -o a.har
		hn-normalize -q a.har -o a.fp.har
		hn-quantize -q --random-calib a.fp.har -o a.q.har 2> log
		prefixes a.q.har rgb.npy
	done
}

@test "codes are refused where layers run in float" {
	two
	flow 'conv1 NATIVE'
	fails_with 1 "hn-infer: flow.yaml: --raw writes integers, but some layers run in float" \
		hn-infer -q -c quantized --raw --in in.npy --custom-infer-config flow.yaml -o z.npz q.har
}
