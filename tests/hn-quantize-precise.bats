# hn-quantize: commands that give layers more bits, or the codes that their weights have, against hand numbers.
load helper

setup() {
	scratch
}

P=pre_quantization_optimization

# made: m.onnx as m.fp.har, what it computes of the images as before.npy
made() {
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o m.fp.har
	hn-infer -q -c fp_optimized --in "$IN" m.fp.har -o before.npy
}

# quantized LINE...: no warning; the hardware computes the integers; worst: the largest error.
quantized() {
	printf '%s\n' "$@" > s.alls
	run --separate-stderr hn-quantize -q -c "$IN" -s s.alls m.fp.har -o q.har
	[ "$status" -eq 0 ] || report "$stderr"
	[ -z "$stderr" ] || report "$stderr"
	har-pack -m q.npz q.har > q.npz
	hn-infer -q -c quantized --in "$IN" q.har -o after.npy
	hn-alloc -q q.har -o a.har
	hn2hef -q a.har -o m.hef
	hn-infer -q -c quantized --raw --in "$IN" q.har -o a.npy
	hn-infer -q -c bit_exact --raw --in "$IN" q.har -o b.npy
	hef-run -q --raw --in "$IN" m.hef -o h.npy
	same_bytes a.npy b.npy
	same_bytes a.npy h.npy
	worst=$(paste <(values before.npy) <(values after.npy) | awk '{ d = $1 - $2; d = d < 0 ? -d : d; if (d > m) m = d } END { printf "%.9f", m }')
}

values() {
	arr text "$1" | tail -n +2 | tr ' ' '\n' | grep .
}

# field LAYER KEY: values of a record
field() {
	arr get q.npz "n/$1/$2:0" f.npy
	values f.npy | xargs
}

# holds CONDITION: with w, the worst error
holds() {
	awk -v w="$worst" "BEGIN { exit !($1) }" || report "not $1: the worst error is $worst"
}

# Two features that are nearly the same, and their difference: what 8 bits of either cannot show.
difference() {
	cat <<- END | mkonnx m.onnx
		input x 1,2,16,16
		init w 2,2,1,1 ${1:-7 -7 3 -3}
		node Conv conv1 x,w out
		output out
	END
	# shellcheck disable=SC2046
	arr npy x.npy float32 1,16,16,2 $(awk 'BEGIN { for (i = 0; i < 256; i++) { x = i * 37 % 251 / 251; print x, x + i * 13 % 16 / 1000 } }')
	IN=x.npy
	made
}

# Inputs of 16 bits are off by at most half of 1.02 / 65535, fourteen times, outputs by half of 0.105 / 255.
@test "conv_a16_w4: 4-bit weights on both bytes of 16-bit inputs" {
	difference
	quantized 'quantization_param(conv1, precision_mode=a8_w4)'
	holds 'w > 0.005'
	quantized "$P(conv_a16_w4, layers=conv1, policy=disabled)"
	holds 'w > 0.005'
	# Over the precision that a script asks for, before or after.
	quantized "$P(conv_a16_w4, layers={conv*}, policy=enabled)" 'quantization_param(conv1, precision_mode=a8_w8)'
	holds 'w < 0.00034'
	[ "$(field conv1 w_bits)" = 4 ]
	[ "$(field conv1 in_bits)" = 16 ]
	[ "$(field conv1 kernel)" = '7 3 -7 -3' ]
}

@test "layer_decomposition: 16 bits of values and weights" {
	difference '0.7123 -0.7 0.3 -0.31'
	quantized "$P(layer_decomposition, layers=conv1, policy=disabled)"
	holds 'w > 0.001'
	quantized "$P(layer_decomposition, layers=conv1, policy=enabled)" 'quantization_param(conv1, precision_mode=a8_w8)'
	# Half an output code of a range of 0.0231, and 16 bits of the rest.
	holds 'w < 0.0001'
	[ "$(field conv1 w_bits)" = 16 ]
}

@test "split_ew_mult_by_bit_significance: two bytes of both factors" {
	cat <<- END | mkonnx m.onnx
		input xy 1,2,16,16
		node Split split1 xy x,y axis=1
		node Mul mul1 x,y out
		output out
	END
	# shellcheck disable=SC2046
	arr npy x.npy float32 1,16,16,2 $(awk 'BEGIN { for (i = 0; i < 256; i++) print i * 37 % 251 / 250, i * 91 % 241 / 240 }')
	IN=x.npy
	made
	# A factor is off by half a code of 255, the product by two of these and half a code of its own.
	quantized "$P(split_ew_mult_by_bit_significance, layers=ew_mult1, num_splits=1)"
	holds 'w > 0.7 / 255 && w < 1.51 / 255'
	quantized "$P(split_ew_mult_by_bit_significance, layers=ew_mult1, num_splits=2)"
	holds 'w < 0.51 / 255'
	[ "$(field ew_mult1 in_bits)" = '16 16' ]
	run --separate-stderr hn-quantize -q -c x.npy -s <(echo "$P(split_ew_mult_by_bit_significance, layers=input_layer1, num_splits=2)") m.fp.har -o x.har
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"layer 'n/input_layer1' is no elementwise product" ]]
}

# Codes of six features by three inputs, none of all sevens, times a step of each feature's own.
codes='5 -3 2 -7 4 1 3 5 -5 6 -7 2 2 -5 1 -4 3 5'
prequantized() {
	cat <<- END | mkonnx m.onnx
		input x 1,3,8,8
		init w 6,3,1,1 $(awk -v c="$1" 'BEGIN { n = split(c, v, " "); for (i = 1; i <= n; i++) printf "%.9g ", v[i] * 0.01 * (1 + int((i - 1) / 3)) ^ 2 }')
		init b 6 0.1 0 -0.1
		init v 2,6,1,1 1 -2 0.5 3 1 -1
		node Conv conv1 x,w,b a
		node Relu relu1 a y
		node Conv conv2 y,v out
		output out
	END
	# shellcheck disable=SC2046
	arr npy x.npy float32 1,8,8,3 $(awk 'BEGIN { for (i = 0; i < 192; i++) print i * 37 % 191 / 191 }')
	IN=x.npy
	made
}

# The codes as a kernel of features by inputs has them.
turned() {
	awk -v c="$1" 'BEGIN { split(c, v, " "); for (i = 1; i <= 3; i++) for (f = 0; f < 6; f++) printf "%d ", v[3 * f + i] }' | xargs
}

@test "use_prequantized_weights: the codes that the weights are of, for any number of steps" {
	prequantized "$codes"
	quantized 'quantization_param(conv1, precision_mode=a8_w4)'
	[ "$(field conv1 kernel)" != "$(turned "$codes")" ]
	before=$worst
	quantized "$P(use_prequantized_weights, layers=conv1, policy=enabled)"
	[ "$(field conv1 kernel)" = "$(turned "$codes")" ]
	field conv1 w_scale | awk '{ for (f = 1; f <= 6; f++) { d = $f / (0.01 * f * f) - 1; if (d > 1e-5 || d < -1e-5) exit 1 } }'
	[ "$(field conv1 w_bits)" = 4 ]
	holds "w < $before / 2"
	# No factor of equalization has moved them.
	cmp <(har-pack -m fpo.npz m.fp.har) <(har-pack -m fpo.npz q.har)
	quantized "$P(use_prequantized_weights, layers=conv1)"
	[ "$(field conv1 w_bits)" = 8 ]
	# The parts of a divided layer have its steps.
	quantized "$P(use_prequantized_weights, layers=conv1, policy=enabled)" "$P(defuse, layers=conv1, num_splits=3)"
	[ "$(field conv1_part1 kernel | tr ' ' '\n' | sort | uniq -c | wc -l)" -le 3 ]
}

@test "use_prequantized_weights: steps by limits; 8 bits; what is no multiple" {
	prequantized "$codes"
	quantized "$P(use_prequantized_weights, layers=conv1, policy=enabled, mode=limvals)"
	# Limits 5 7 5 and so on become 7: the second feature has its codes, the first one's are 7 / 5 of them.
	[ "$(field conv1 kernel | awk '{ print $1, $7, $13, $2, $8, $14 }')" = '7 -4 3 -7 4 1' ]
	wide='50 -33 2 -7 4 1 3 5 -5 6 -7 2 2 -5 1 -4 3 5'
	prequantized "$wide"
	quantized "$P(use_prequantized_weights, layers=conv1, policy=enabled, bits=8)"
	[ "$(field conv1 kernel)" = "$(turned "$wide")" ]
	run --separate-stderr hn-quantize -q -c x.npy -s <(echo "$P(use_prequantized_weights, layers=conv1, policy=enabled)") m.fp.har -o x.har
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"use_prequantized_weights: the weights of feature 0 of 'n/conv1' are not whole multiples, up to 7, of any step (bits=8, or weights_clipping for others)" ]]
}
