# Ranges of hn-quantize: clipping, forced ranges, static and dead features, against numbers by hand.
load helper

# conv1, 1x1 with weight 1, on images of 0 .. 255 once each; conv2, 1x1 with weight 1, behind it.
# $1: the node between them, from y to z.
chain() {
	cat <<- END | mkonnx m.onnx
		input x 1,1,16,16
		init w 1,1,1,1 1
		node Conv conv x,w y
		node ${1-Relu} between y z
		node Conv conv2 z,w out
		output out
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o m.fp.har
	# shellcheck disable=SC2046 # words are values
	arr npy x.npy float32 1,16,16,1 $(seq 0 255)
}

# quantized SCRIPT-LINE...: m.q.har by that script
quantized() {
	printf '%s\n' "$@" > s.alls
	hn-quantize -q -c x.npy -s s.alls m.fp.har -o m.q.har
	har-pack -m q.npz m.q.har > q.npz
}

# top LAYER: the largest real value that its codes hold
top() {
	arr get q.npz "n/$1/out_scale:0" v.npy
	arr text v.npy | awk 'NR == 2 { printf "%.4f", $1 * 255 }'
}

# near A B RELATIVE
near() {
	awk -v a="$1" -v b="$2" -v r="$3" 'BEGIN { d = a - b; exit !((d < 0 ? -d : d) <= r * b) }' || {
		echo "$1 is not $2 within a part $3"
		return 1
	}
}

@test "manual clipping takes the values as they are, and never widens" {
	chain
	quantized
	[ "$(top conv1)" = 255.0000 ]
	quantized 'pre_quantization_optimization(activation_clipping, layers=conv1, mode=manual, clipping_values=[0.5, 100])'
	[ "$(top conv1)" = 100.0000 ]
	# Without recollection what follows has the range of unclipped values.
	[ "$(top conv2)" = 255.0000 ]
	quantized 'pre_quantization_optimization(activation_clipping, layers=conv1, mode=manual, clipping_values=[-3, 1000])'
	[ "$(top conv1)" = 255.0000 ]
	# A later statement takes an earlier one back.
	quantized 'pre_quantization_optimization(activation_clipping, layers={conv*}, mode=manual, clipping_values=[0, 100])' \
		'pre_quantization_optimization(activation_clipping, layers=conv1, mode=disabled)'
	[ "$(top conv1)" = 255.0000 ]
	[ "$(top conv2)" = 100.0000 ]
}

@test "values beyond the limits have the limits' codes" {
	chain
	quantized 'pre_quantization_optimization(activation_clipping, layers=conv1, mode=manual, clipping_values=[0, 100])'
	hn-infer -q -c quantized --in x.npy m.q.har -o y.npy
	arr text y.npy | tail -n +2 | tr ' ' '\n' | awk 'NF { want = n > 100 ? 100 : n; d = $1 - want; if (d > 1 || d < -1) exit 1; n++ } END { exit n != 256 }'
}

@test "percentiles are those of the sorted values" {
	chain
	# 256 values 0 .. 255: a part p of them lies below 256 p, to a bin's width.
	for p in 50 90 97.5 99.5; do
		quantized "pre_quantization_optimization(activation_clipping, layers=conv1, mode=percentile, clipping_values=[0, $p])"
		near "$(top conv1)" "$(awk -v p=$p 'BEGIN { print 256 * p / 100 }')" 0.02
	done
	quantized 'pre_quantization_optimization(activation_clipping, layers=conv1, mode=percentile, clipping_values=[0, 100])'
	[ "$(top conv1)" = 255.0000 ]
	# Negative values too: the range of both percentiles, of which zero is a code.
	# shellcheck disable=SC2046
	arr npy x.npy float32 1,16,16,1 $(seq -200 55)
	quantized 'pre_quantization_optimization(activation_clipping, layers=input_layer1, mode=percentile, clipping_values=[10, 90])'
	near "$(top input_layer1)" "$(awk 'BEGIN { print (256 * 0.8) }')" 0.02
}

@test "equalized layers are clipped at percentiles of their equalized values" {
	# Features of very different size: y0 = x, y1 = x / 64; conv2 uses both alike.
	cat <<- END | mkonnx m.onnx
		input x 1,1,16,16
		init w 2,1,1,1 1 0.015625
		init v 1,2,1,1 1 64
		node Conv conv x,w y
		node Conv conv2 y,v out
		output out
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o m.fp.har
	# shellcheck disable=SC2046
	arr npy x.npy float32 1,16,16,1 $(seq 0 255)
	quantized
	whole=$(top conv1)
	quantized 'pre_quantization_optimization(activation_clipping, layers=conv1, mode=percentile, clipping_values=[0, 50])'
	# Both features are alike after equalization, so half the values lie below half the range.
	near "$(top conv1)" "$(awk -v w="$whole" 'BEGIN { print w / 2 }')" 0.02
	# Manual limits and forced ranges are in units of the model: no factor moves them.
	quantized 'pre_quantization_optimization(activation_clipping, layers=conv1, mode=manual, clipping_values=[0, 100])'
	[ "$(top conv1)" = 100.0000 ]
	quantized 'quantization_param(conv1, force_range_out=[0, 300])'
	near "$(top conv1)" 300 1e-5
}

@test "recollected statistics see the clipped values" {
	chain
	quantized 'pre_quantization_optimization(activation_clipping, layers=conv1, mode=manual, clipping_values=[0, 100], recollect_stats=True)'
	[ "$(top conv1)" = 100.0000 ]
	[ "$(top conv2)" = 100.0000 ]
	chain Sigmoid
	quantized 'pre_quantization_optimization(activation_clipping, layers=conv1, mode=manual, clipping_values=[0, 0.75], recollect_stats=True)'
	[ "$(top conv2)" = 0.7500 ]
	hn-stat -q -c x.npy m.fp.har -o s.npz
	fails_with 1 "hn-quantize: recollect_stats observes the images again (give -c beside --stats)" \
		hn-quantize -q --stats s.npz -s s.alls m.fp.har -o x.har
	hn-quantize -q --stats s.npz -c x.npy -s s.alls m.fp.har -o both.har
	cmp both.har m.q.har
}

@test "percentile leaves a range that an activation fixes, percentile_force does not" {
	chain Sigmoid
	clip() { quantized "pre_quantization_optimization(activation_clipping, layers=conv1, mode=$1, clipping_values=[0, 1])"; }
	clip percentile
	[ "$(top conv1)" = 1.0000 ]
	clip percentile_force
	[ "$(awk -v t="$(top conv1)" 'BEGIN { print (t < 0.95) }')" = 1 ]
}

@test "a layer that forwards codes is not clipped, and says whose they are" {
	chain 'Identity'
	cat <<- END | mkonnx m.onnx
		input x 1,1,16,16
		init w 1,1,1,1 1
		node Conv conv x,w y
		node MaxPool pool y z kernel_shape=2,2 strides=2,2
		node Conv conv2 z,w out
		output out
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o m.fp.har
	echo 'pre_quantization_optimization(activation_clipping, layers=maxpool1, mode=manual, clipping_values=[0, 9])' > s.alls
	run --separate-stderr hn-quantize -c x.npy -s s.alls m.fp.har -o m.q.har
	[[ $stderr == *"layer 'n/maxpool1': it has the codes of 'n/conv1': clip that layer"* ]]
	echo 'quantization_param(maxpool1, force_range_out=[0, 9])' > s.alls
	run --separate-stderr hn-quantize -q -c x.npy -s s.alls m.fp.har -o m.q.har
	[ "$stderr" = "hn-quantize: warning: layer 'n/maxpool1': it has the codes of 'n/conv1': force the range of that layer" ]
	arr npy b.npy uint8 1,16,16,1 1 2 3
	echo 'quantization_param(input_layer1, force_range_out=[0, 9])' > s.alls
	run --separate-stderr hn-quantize -q -c b.npy -s s.alls m.fp.har -o m.q.har
	[ "$stderr" = "hn-quantize: warning: layer 'n/input_layer1': its images are bytes, which are its codes as they are: its range stays" ]
}

# Weights 0.02 .. 1.00 of one 1x1 convolution with 50 input features, on constant images.
fifty() {
	# shellcheck disable=SC2046 # words are values
	cat <<- END | mkonnx m.onnx
		input x 1,50,4,4
		init w 1,50,1,1 $(seq -s ' ' -f %.2f 0.02 0.02 1)
		node Conv conv x,w y
		output y
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o m.fp.har
	arr npy x.npy float32 1,4,4,50 1
}

# The limit of conv1's weights: its scale times the largest code.
limit() {
	arr get q.npz n/conv1/w_scale:0 v.npy
	arr text v.npy | awk -v top="${1-127}" 'NR == 2 { printf "%.5f", $1 * top }'
}

@test "weights are clipped to values, percentiles, or the least error" {
	fifty
	clip() { quantized "pre_quantization_optimization(weights_clipping, layers=conv1, $1)" "${2-}"; }
	quantized
	near "$(limit)" 1 1e-5
	clip 'mode=manual, clipping_values=[0.1, 0.8]'
	near "$(limit)" 0.8 1e-5
	clip 'mode=manual, clipping_values=[-0.9, 0.5]'
	near "$(limit)" 0.9 1e-5
	clip 'mode=manual, clipping_values=[-2, 2]'
	near "$(limit)" 1 1e-5
	# Sorted, the 49 steps of 0.02 from 0.02: at 90 % 0.02 + 0.882.
	clip 'mode=percentile, clipping_values=[1, 90]'
	near "$(limit)" 0.902 1e-5
	arr get q.npz n/conv1/kernel:0 k.npy
	[ "$(arr text k.npy | tail -n +2 | tr ' ' '\n' | grep -c '^127$')" -ge 5 ]
	clip mode=disabled 'quantization_param(conv1, precision_mode=a8_w4)'
	near "$(limit 7)" 1 1e-5
}

@test "mmse has the least error of all limits, mmse_if4b only at 4 bits" {
	fifty
	error() { # LIMIT LEVELS: sum of squares of the errors of 0.02 .. 1.00
		awk -v t="$1" -v n="$2" 'BEGIN { for (i = 1; i <= 50; i++) { w = i / 50; q = int(w / t * n + 0.5); if (q > n) q = n
			d = q * t / n - w; s += d * d }; printf "%.9f", s }'
	}
	clip() { quantized "pre_quantization_optimization(weights_clipping, layers=conv1, mode=$1)" "${2-}"; }
	clip mmse_if4b
	near "$(limit)" 1 1e-5
	four='quantization_param(conv1, precision_mode=a8_w4)'
	quantized "$four"
	default=$(limit 7)
	clip mmse_if4b "$four"
	[ "$(limit 7)" = "$default" ]
	clip mmse "$four"
	[ "$(limit 7)" = "$default" ]
	best=$(for k in $(seq 100 256); do error "$(awk -v k="$k" 'BEGIN { print k / 256 }')" 7; echo; done | sort -g | head -n 1)
	near "$(error "$default" 7)" "$best" 0.02
	[ "$(awk -v a="$(error "$default" 7)" -v b="$(error 1 7)" 'BEGIN { print (a < b) }')" = 1 ]
}

# conv1 gives x and relu($1 x + $2), conv2 their sum; equalization is off, to see one thing at a time.
pair() {
	cat <<- END | mkonnx m.onnx
		input x 1,1,16,16
		init w 2,1,1,1 1 $1
		init b 2 0 $2
		init v 1,2,1,1 1 1
		node Conv conv x,w,b y
		node Relu relu y z
		node Conv conv2 z,v out
		output out
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o m.fp.har
	# shellcheck disable=SC2046 # words are values
	arr npy x.npy float32 1,16,16,1 $(seq 0 255)
}
off='pre_quantization_optimization(equalization, policy=disabled)'

weights() {
	har-pack -m fpo.npz m.q.har > w.npz
	arr get w.npz "n/conv1/$1:0" v.npy
	arr text v.npy | tail -n +2 | tr '\n' ' ' | sed 's/ *$//'
}

@test "a feature that never changes loses its weights, and what it gave stays" {
	# Dead: always 0.  Its weight of -100 would be the layer's scale.
	pair -100 -1
	quantized "$off"
	near "$(limit)" 1 1e-5
	[ "$(weights kernel)" = "1 0" ]
	[ "$(weights bias)" = "0 0" ]
	hn-infer -q -c quantized --in x.npy m.q.har -o y.npy
	npydiff x.npy y.npy 0.005
	quantized "$off" 'pre_quantization_optimization(zero_static_channels, policy=disabled)'
	near "$(limit)" 100 1e-5
	hn-infer -q -c quantized --in x.npy m.q.har -o y.npy
	run -1 npydiff x.npy y.npy 0.05
	# By layer, against the network's policy either way.
	quantized "$off" 'pre_quantization_optimization(zero_static_channels, layers=conv1, policy=disabled)'
	near "$(limit)" 100 1e-5
	quantized "$off" 'pre_quantization_optimization(zero_static_channels, policy=disabled)' \
		'pre_quantization_optimization(zero_static_channels, layers={conv*}, policy=enabled)'
	near "$(limit)" 1 1e-5
	quantized "$off" 'pre_quantization_optimization(zero_static_channels, layers={conv*}, policy=allowed)'
	near "$(limit)" 1 1e-5
}

@test "a feature that stands still at a value has it as its bias" {
	# 0.0000001 x + 7: a range of 2.55e-5, at most a variance of 1.6e-10.
	pair 0.0000001 7
	quantized "$off"
	[ "$(weights kernel)" = "1 0" ]
	near "$(weights bias | cut -d' ' -f2)" 7.0000128 1e-6
	quantized "$off" 'pre_quantization_optimization(zero_static_channels, policy=enabled, eps=1e-10)'
	[ "$(weights kernel)" = "1 1e-07" ]
	# eps is the square of half a range: 0.001 x has 0.255 / 2, squared 0.01626.
	pair 0.001 0
	quantized "$off" 'pre_quantization_optimization(zero_static_channels, policy=enabled, eps=0.0162)'
	[ "$(weights kernel)" = "1 0.001" ]
	quantized "$off" 'pre_quantization_optimization(zero_static_channels, policy=enabled, eps=0.0163)'
	[ "$(weights kernel)" = "1 0" ]
}

@test "images that never change, or too few values, prove nothing" {
	pair -100 -1
	arr npy x.npy float32 3,16,16,1 7
	quantized "$off"
	[ "$(weights kernel)" = "1 -100" ]
	# 8 x 7 values of a feature are fewer than 64.
	cat <<- END | mkonnx m.onnx
		input x 1,1,7,8
		init w 2,1,1,1 1 -100
		init b 2 0 -1
		node Conv conv x,w,b y
		node Relu relu y z
		output z
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o m.fp.har
	# shellcheck disable=SC2046 # words are values
	arr npy x.npy float32 1,7,8,1 $(seq 1 56)
	quantized "$off"
	[ "$(weights kernel)" = "1 -100" ]
}

@test "scores of a softmax have the codes that count, unless smart_softmax_stats is off" {
	cat <<- END | mkonnx m.onnx
		input x 1,4,1,1
		init w 4,4,1,1 1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1
		node Conv conv x,w y
		node Softmax softmax y out axis=1
		output out
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o m.fp.har
	arr npy x.npy float32 1,1,1,4 -1000 5 3 4
	bottom() {
		arr get q.npz n/fc1/out_scale:0 s.npy
		arr get q.npz n/fc1/out_zp:0 z.npy
		awk -v s="$(arr text s.npy | sed -n 2p)" -v z="$(arr text z.npy | sed -n 2p)" 'BEGIN { printf "%.4f", s * z }'
	}
	quantized
	# The largest is 5; what is log(512 * 4) = 7.62 below it is half a code of the result together.
	near "$(bottom)" 2.62 0.02
	quantized 'pre_quantization_optimization(smart_softmax_stats, policy=disabled)'
	near "$(bottom)" 1000 0.01
}

# y = conv1(x); y + branch(y) -> conv3 -> out.  $1: the branch, lines of mkonnx from y to b.
branch() {
	cat <<- END | mkonnx m.onnx
		input x 1,2,8,8
		init w 2,2,1,1 1 0.25 0 1
		node Conv conv x,w y
		${1//$'\t'/}
		node Add add y,b s
		init v 2,2,1,1 1 0 0.5 1
		node Conv conv3 s,v out
		output out
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o m.fp.har
	# x0 = x1, 0 .. 63
	# shellcheck disable=SC2046 # words are values
	arr npy x.npy float32 1,8,8,2 $(seq 0 63 | sed 'p')
}
layers() { har-pack -m hn m.q.har | jq -r '.layers | keys | join(" ")'; }

@test "a branch that adds nothing is removed, and the model computes the same" {
	branch 'init z 2,2,1,1 0
		node Conv conv2 y,z b'
	quantized 'pre_quantization_optimization(dead_layers_removal, policy=disabled)'
	[ "$(layers)" = "n/conv1 n/conv2 n/conv3 n/input_layer1 n/output_layer1" ]
	hn-infer -q -c fp_optimized --in x.npy m.q.har -o before.npy
	quantized
	[ "$(layers)" = "n/conv1 n/conv3 n/input_layer1 n/output_layer1" ]
	hn-infer -q -c fp_optimized --in x.npy m.q.har -o after.npy
	npydiff before.npy after.npy 1e-6
	hn-infer -q -c bit_exact --in x.npy m.q.har -o q.npy
	npydiff before.npy q.npy 0.02
	hn-alloc -q -a hailo8 m.q.har | hn2hef -q > m.hef
	# A layer that a command of the script names stays.
	quantized 'place(0, [conv2])'
	[ "$(layers)" = "n/conv1 n/conv2 n/conv3 n/input_layer1 n/output_layer1" ]
}

@test "a branch that the calibration set alone does not wake is removed only without validation" {
	# b = relu(y0 - 1.25 y1) = relu(x0 + x1 / 4 - 1.25 x1), which x0 = x1 never makes positive.
	branch 'init z 2,2,1,1 1 -1.25 1 -1.25
		node Conv conv2 y,z c
		node Relu relu c b'
	# zero_static_channels would zero its weights for good.
	keep='pre_quantization_optimization(zero_static_channels, policy=disabled)'
	echo "$keep" > s.alls
	run --separate-stderr hn-quantize -c x.npy -s s.alls m.fp.har -o m.q.har
	[ "$status" -eq 0 ]
	[[ $stderr == *"gave nothing on the calibration set, but gives something on random images: it stays"* ]] || report message
	[[ $(layers) == *conv2* ]]
	quantized "$keep" 'pre_quantization_optimization(dead_layers_removal, policy=enabled, validate_change=disabled)'
	[[ $(layers) != *conv2* ]]
	[[ $(layers) != *add* ]]
}

@test "statistics alone remove the same layers as images" {
	branch 'init z 2,2,1,1 0
		node Conv conv2 y,z b'
	quantized
	hn-stat -q -c x.npy m.fp.har -o s.npz
	hn-quantize -q --stats s.npz -s s.alls m.fp.har -o t.har
	same_bytes m.q.har t.har
}

# conv1 has four features, of which 1 and 3 have no weights and a bias that relu cuts; a dw, a pool, a
# sum with conv2 (feature 3 of which lives) and a concat lie between it and conv3.
dead_features() {
	cat <<- END | mkonnx m.onnx
		input x 1,2,8,8
		init w 4,2,1,1 1 0.25 0 0 -0.5 1 0 0
		init b 4 0 -1 0.5 0
		node Conv conv x,w,b c
		node Relu relu c y
		init d 4,1,3,3 0.25 0.5 -0.25 1
		node Conv dw y,d e pads=1,1,1,1 group=4
		init w2 4,2,1,1 0.5 0.25 0 0 0.125 1 1 -1
		node Conv conv2 x,w2 f
		node Add add e,f s
		node Relu relu2 s r
		node Concat cat y,r g axis=1
		node MaxPool pool g p kernel_shape=2,2 strides=2,2
		init v 2,8,1,1 1 2 3 -1 -2 0.5 0.25 1
		node Conv conv3 p,v out
		output out
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o m.fp.har
	# shellcheck disable=SC2046 # words are values
	arr npy x.npy float32 2,8,8,2 $(seq -100 155)
}

@test "features without weights and values are cut out, where nothing else lives in them" {
	dead_features
	shape() { har-pack -m hn m.q.har | jq -c ".layers[\"n/$1\"].params.kernel_shape"; }
	quantized
	[ "$(shape conv1)" = "[1,1,2,4]" ]
	hn-infer -q -c fp_optimized --in x.npy m.q.har -o before.npy
	quantized 'pre_quantization_optimization(dead_channels_removal, policy=enabled)'
	# 1 goes everywhere; 3 stays, as conv2 makes it, which is summed with what conv1 makes.
	[ "$(shape conv1)" = "[1,1,2,3]" ]
	[ "$(shape dw1)" = "[3,3,3,1]" ]
	[ "$(shape conv2)" = "[1,1,2,3]" ]
	[ "$(shape conv3)" = "[1,1,6,2]" ]
	hn-infer -q -c fp_optimized --in x.npy m.q.har -o after.npy
	npydiff before.npy after.npy 1e-6
	hn-infer -q -c bit_exact --in x.npy m.q.har -o q.npy
	npydiff before.npy q.npy 0.03
	hn-stat -q -c x.npy m.fp.har -o s.npz
	hn-quantize -q --stats s.npz -s s.alls m.fp.har -o t.har
	same_bytes m.q.har t.har
	hn-alloc -q -a hailo8 m.q.har | hn2hef -q > m.hef
	hef-run -q --in x.npy -o r.npy m.hef
	same_bytes q.npy r.npy
}
