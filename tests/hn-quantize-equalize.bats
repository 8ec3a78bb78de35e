# hn-quantize: equalization by layer, against factors by hand.
load helper

# conv1, 1x1 with weights 1 and 0.01, relu6; conv2 with weights 1 and 1; images 1 .. 200.  Of the
# second feature's weights P and values A are 0.01 and 1/3 of the first one's, the weights that use
# it, C, are as large.
setup() {
	scratch
	cat <<- END | mkonnx m.onnx
		input x 1,1,20,10
		init w 2,1,1,1 1 0.01
		init v 1,2,1,1 1 1
		init lo - 0
		init hi - 6
		node Conv conv x,w y
		node Clip clip y,lo,hi z
		node Conv conv2 z,v out
		output out
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o m.fp.har
	# shellcheck disable=SC2046
	arr npy x.npy float32 1,20,10,1 $(seq 1 200)
	hn-infer -q -c fp_optimized --in x.npy m.fp.har -o before.npy
}

P=pre_quantization_optimization

# factor SCRIPT-LINE...: how much the second feature's factor is above the first one's
factor() {
	printf '%s\n' "$@" > s.alls
	hn-quantize -q -c x.npy -s s.alls m.fp.har -o m.q.har
	hn-infer -q -c fp_optimized --in x.npy m.q.har -o after.npy
	npydiff before.npy after.npy 1e-5 > difference
	har-pack -m fpo.npz m.q.har > fpo.npz
	arr get fpo.npz n/conv1/kernel:0 k.npy
	arr text k.npy | tail -n +2 | xargs | awk '{ print $2 / $1 / 0.01 }'
}

# near A B: within 2 %, where the rounds end
near() {
	awk -v a="$1" -v b="$2" 'BEGIN { d = a / b - 1; exit !(d < 0.02 && d > -0.02) }' || {
		echo "$1 is not $2"
		return 1
	}
}

@test "a layer's target: values and weights, values alone, weights alone" {
	# C / s = sqrt(P A) s: s squared is 1 / sqrt(0.01 / 3)
	near "$(factor)" 4.1618
	near "$(factor "$P(equalization, layers=conv1, policy=allowed, equalization_target=default)")" 4.1618
	near "$(factor "$P(equalization, layers=conv1, equalization_target=activation)")" 3
	# C / s = P s
	near "$(factor "$P(equalization, layers={conv*}, equalization_target=weights)")" 10
}

@test "by layer: disabled fixes what the layer makes and uses, enabled stands without the network's" {
	near "$(factor "$P(equalization, layers=conv2, policy=disabled)")" 1
	near "$(factor "$P(equalization, policy=disabled)")" 1
	near "$(factor "$P(equalization, policy=disabled)" "$P(equalization, layers={conv*}, policy=enabled)")" 4.1618
	# One of two related layers is not enough.
	near "$(factor "$P(equalization, policy=disabled)" "$P(equalization, layers=conv1, policy=enabled)")" 1
	near "$(factor 'model_optimization_flavor(optimization_level=-100)' "$P(equalization, layers={conv*}, policy=enabled)")" 4.1618
}

@test "a transparent layer hands the factors on and keeps its weights" {
	cat <<- END | mkonnx m.onnx
		input x 1,1,20,10
		init w 2,1,1,1 1 0.01
		init d 2,1,1,1 0.5 3
		init v 1,2,1,1 1 1
		node Conv conv x,w y group=1
		node Conv dw y,d z group=2
		node Conv conv2 z,v out
		output out
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o m.fp.har
	hn-infer -q -c fp_optimized --in x.npy m.fp.har -o before.npy
	dw() {
		arr get fpo.npz n/dw1/kernel:0 d.npy
		arr text d.npy | tail -n +2 | xargs
	}
	factor "$P(equalization, layers=dw1, force_transparent=enabled)"
	[ "$(dw)" = '0.5 3' ]
	factor ''
	[ "$(dw)" != '0.5 3' ]
	echo "$P(equalization, layers=conv2, force_transparent=enabled)" > s.alls
	run --separate-stderr hn-quantize -q -c x.npy -s s.alls m.fp.har -o x.har
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"layer 'n/conv2' mixes features: dw and normalization layers can be transparent"* ]]
}

@test "a pool hands factors on, unless force_transparent is disabled" {
	cat <<- END | mkonnx m.onnx
		input x 1,1,20,10
		init w 2,1,1,1 1 0.01
		init v 1,2,1,1 1 1
		node Conv conv x,w y
		node MaxPool pool y z kernel_shape=2,2
		node Conv conv2 z,v out
		output out
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o m.fp.har
	hn-infer -q -c fp_optimized --in x.npy m.fp.har -o before.npy
	# C / s = sqrt(P A) s, with P and A 0.01: s is 10.
	near "$(factor "$P(equalization, layers=maxpool1, force_transparent=allowed)")" 10
	near "$(factor "$P(equalization, layers=maxpool1, force_transparent=disabled)")" 1
	# A layer with weights is where factors end anyway.
	near "$(factor "$P(equalization, layers=conv1, force_transparent=disabled)")" 10
}
