# hn-alloc: how rows flow from layer to layer, and what buffers that takes.
# shellcheck disable=SC2016,SC2154 # jq programs; set by run
load helper

# quantized: m.har of the model on stdin.
quantized() {
	mkonnx m.onnx
	echo 'model_optimization_config(calibration, calibset_size=1, batch_size=1)' > calib.alls
	onnx2hn -q m.onnx --net-name n | hn-normalize -q |
		hn-quantize -q --random-calib -s calib.alls -o m.har 2> quantize.log
}

# A 1x1 convolution of 8 features on $1 rows of 64, then the nodes on stdin.
behind_conv() {
	quantized <<- END
		input x 1,8,$1,64
		output y
		init w 8,8,1,1 0.5 -0.25 0.125
		node Conv c x,w a kernel_shape=1,1
		$(cat)
	END
}

# rows FROM TO: of the buffer between two layers of m.json.
rows() {
	jq --arg from "n/$1" --arg to "n/$2" '. as $a | .layers | map(.name) as $n |
		$a.edges[] | select($n[.from] == $from and $n[.to] == $to) | .rows' m.json
}

# The allocation of m.har, its rate and hef-run's in m.json, t.json.
allocated() {
	hn-alloc -q "$@" m.har -o a.har --report m.json
	hn2hef -q a.har -o a.hef
	hef-run -q --timing t.json a.hef
	jq -n --slurpfile a m.json --slurpfile t t.json '($a[0].fps / $t[0].fps - 1 | fabs) < 1e-3' | grep -qx true
}

# A row of 64 columns and 8 features passes an aligner of 8 values and 80 % in 64 * 8 / 8 / 0.8 = 80
# cycles, the convolution computes it in 64 * 8 / 8 = 64.
@test "a sum over a map takes in rows as they come: two rows are buffered, not the map" {
	for pool in 'GlobalAveragePool p a y' 'MaxPool p a y kernel_shape=64,64' 'ReduceMax p a y axes=2,3' \
		'AveragePool p a y kernel_shape=16,16 strides=16,16'; do
		behind_conv 64 <<< "node $pool"
		allocated
		to=$(jq -r '.layers[2].name | sub("n/"; "")' m.json)
		[ "$(rows conv1 "$to")" = 2 ] || report "$pool: $(rows conv1 "$to") rows"
		[ "$(jq .contexts m.json)" = 1 ]
		jq '(.fps * 64 * 80 / 400000000 - 1 | fabs) < 1e-3' m.json | grep -qx true || report "$pool: $(jq .fps m.json)"
	done
}

@test "windows that overlap are read at once: they wait for all of their rows" {
	behind_conv 64 <<< 'node MaxPool p a y kernel_shape=8,8 strides=4,4'
	allocated
	[ "$(rows conv1 maxpool1)" -ge 8 ]
}

# 64 rows of 512 bytes in and 8 bytes out at 1e7 bytes/s: 64 * 20480 + 320 cycles of 400 MHz.
@test "inputs and outputs are not faster than the link, whatever the target says of them" {
	jq '.memory_system |= (.effective_bytes_per_s = 1e7 | .boundary_bytes_per_s = 1e9)' \
		"$ROOT/share/targets/hailo8.json" > slow.json
	behind_conv 64 <<< 'node GlobalAveragePool p a y'
	hn-alloc -q -a ./slow.json m.har -o a.har --report m.json
	hn2hef -q -a ./slow.json a.har -o a.hef
	hef-run -q --timing t.json a.hef
	jq -n --slurpfile a m.json --slurpfile t t.json '($a[0].fps / $t[0].fps - 1 | fabs) < 1e-3' | grep -qx true ||
		report "$(jq .fps m.json) estimated, $(jq .fps t.json) simulated"
	jq '(.fps * (64 * 20480 + 320) / 400000000 - 1 | fabs) < 1e-3' m.json | grep -qx true || report "$(jq .fps m.json)"
}

@test "a product with the map's own mean waits for the whole map" {
	behind_conv 64 <<- END
		node GlobalAveragePool p a b
		node Mul m a,b y
	END
	allocated
	[ "$(rows conv1 avgpool1)" = 2 ]
	[ "$(rows conv1 ew_mult1)" -ge 64 ]
}

# 512 rows of 1024 columns and 16 features are 8 MiB, a cluster has 4 MiB.
@test "a map larger than a cluster's memory can be summed up" {
	quantized <<- END
		input x 1,16,512,1024
		output y
		node GlobalAveragePool p x y
	END
	allocated
	[ "$(jq .contexts m.json)" = 1 ]
}

# The product gives all of its 64 rows when the mean is there, at 80 cycles a row; the convolution behind
# it takes 64 / 8 * 8 * 9 / 0.88 cycles a row and subcluster for each of 16 blocks of features.
@test "what a wait for a map held back goes on at the frame's rate, not into the next buffer" {
	behind_conv 64 <<- END
		init v 128,8,3,3 0.5 -0.25 0.125
		node GlobalAveragePool p a b
		node Mul m a,b d
		node Conv e d,v y kernel_shape=3,3 pads=1,1,1,1
	END
	allocated
	jq --arg l n/conv2 -e '[.layers[] | select(.layer == $l) | .row_cycles] | max > 160' m.json
	[ "$(jq '[.layers[] | select(.layer == "n/conv2") | .name] | length' m.json)" -ge 1 ]
	to=$(jq -r '[.layers[] | select(.layer == "n/conv2") | .name][0] | sub("n/"; "")' m.json)
	[ "$(rows ew_mult1 "$to")" -le 6 ] || report "$(rows ew_mult1 "$to") rows"
}

@test "a product that would hold more than a cluster's memory is in another context than the map" {
	quantized <<- END
		input x 1,16,512,1024
		output y
		init w 16,16,1,1 0.5 -0.25 0.125
		node Conv c x,w a kernel_shape=1,1
		node GlobalAveragePool p a b
		node Mul m a,b y
	END
	echo 'allocator_param(automatic_ddr=disabled) performance_param(compiler_optimization_level=0)' > s.alls
	allocated -s s.alls
	[ "$(jq .contexts m.json)" = 2 ]
	jq -e '.layers | map({key: .layer, value: .context}) | from_entries |
		.["n/ew_mult1"] > .["n/conv1"]' m.json
}

@test "where buffers in L4 hold more than the partition counted, the next one keeps room for it" {
	quantized <<- END
		input x 1,32,64,64
		output y
		init w 32,32,1,1 0.5 -0.25 0.125
		init v 32,32,3,3 0.5 -0.25 0.125
		node Conv c x,w a kernel_shape=1,1
		node Transpose t a b perm=0,1,3,2
		node Conv d b,v e kernel_shape=3,3 pads=1,1,1,1
		node Transpose u e f perm=0,1,3,2
		node Conv g f,w y kernel_shape=1,1
	END
	# A turned map waits for its last row while the next one comes in: 128 rows of 2 KiB, 8 cuts, each; a
	# partition counts 65.
	echo 'context_switch_param(mode=enabled) performance_param(compiler_optimization_level=0)' > s.alls
	for cuts in 12 16; do
		jq ".device.l4_cuts = $cuts" "$ROOT/share/targets/hailo8.json" > t.json
		allocated -a ./t.json -s s.alls
		[ "$(jq .contexts m.json)" = 2 ]
	done
}

@test "softmax and layer norms share the L4 of a context: the partition counts what they keep there" {
	mkarch deit_tiny m.onnx --thin 4
	echo 'model_optimization_config(calibration, calibset_size=1, batch_size=1)' > calib.alls
	onnx2hn -q m.onnx --net-name n | hn-normalize -q |
		hn-quantize -q --random-calib -s calib.alls -o m.har 2> quantize.log
	jq '.device.l4_cuts = 12' "$ROOT/share/targets/hailo8.json" > t.json
	echo 'context_switch_param(mode=enabled) performance_param(compiler_optimization_level=0)' > s.alls
	hn-alloc -v -a ./t.json -s s.alls m.har -o a.har --report m.json 2> log
	run ! grep 'boundary buffers need' log
	jq -e '.contexts > 1' m.json
	hn2hef -q a.har -o a.hef
	hef-run -q --timing t.json a.hef
	jq -ne --slurpfile a m.json --slurpfile t t.json '($a[0].fps / $t[0].fps - 1 | fabs) < 0.01'
}

# A line of 8 columns of 8 features takes the link 64 / 3.5 ns = 8 cycles in and out; one subcluster
# makes one of conv1 in 8 * 8 / 0.98 = 66 cycles; an aligner takes in one of conv2 in 8 * 64 / 8 / 0.8 = 80.
# The first passes through, the other seven follow at the pace of conv2.
@test "a map of one row passes in lines of 8 columns, in buffers of a few of them" {
	quantized <<- END
		input x 1,8,1,64
		output y
		init w 64,8,1,1 0.5 -0.25 0.125
		init v 8,64,1,1 0.5 -0.25 0.125
		node Conv c x,w a kernel_shape=1,1
		node Conv d a,v y kernel_shape=1,1
	END
	echo 'performance_param(fps=1)' > s.alls
	allocated -s s.alls
	jq -e '.latency_s * 400000000 | round == 8 + 66 + 8 * 80 + 8' m.json
	jq -e '.contexts[0].latency_cycles == 8 + 66 + 8 * 80 + 8' t.json
	jq -e '.edges | map([.rows, .row_bytes]) == [[3, 64], [2, 512], [4, 64]]' m.json
}

@test "what needs the whole of one row waits for it, beside what does not" {
	quantized <<- END
		input x 1,8,1,64
		output y
		init w 8,8,1,1 0.5 -0.25 0.125
		node Conv c x,w a kernel_shape=1,1
		node GlobalAveragePool p a b
		node Mul m a,b y
	END
	allocated
	[ "$(rows conv1 avgpool1)" = 2 ]
	[ "$(rows conv1 ew_mult1)" -ge 8 ]
}

@test "rows that become one row pass through as they come" {
	quantized <<- END
		input x 1,8,16,16
		output y
		init w 8,8,1,1 0.5 -0.25 0.125
		initi s 4 1 8 1 256
		node Conv c x,w a kernel_shape=1,1
		node Reshape r a,s b
		node Conv d b,w y kernel_shape=1,1
	END
	allocated
	[ "$(rows conv1 reshape1)" -le 4 ]
	[ "$(rows reshape1 conv2)" -le 4 ]
}

@test "one row that a script divides by columns is passed at once, and gives the same" {
	quantized <<- END
		input x 1,8,1,64
		output y
		init w 8,8,1,1 0.5 -0.25 0.125
		init v 8,8,1,3 0.5 -0.25 0.125
		node Conv c x,w a kernel_shape=1,1
		node Conv d a,v b kernel_shape=1,3 pads=0,1,0,1
		node Conv e b,w y kernel_shape=1,1
	END
	echo '{} = defuse(conv2, 2, defuse_type=SPATIAL)' > s.alls
	allocated -s s.alls
	jq -e '.layers | map(select(.layer == "n/conv2") | .rows) == [1, 1]' m.json
	jq -e '.layers | map(select(.layer == "n/conv3") | .rows) == [8]' m.json
	arr npy x.npy uint8 3,1,64,8 $(seq -s ' ' 0 5 250)
	hn-infer -q -c bit_exact --raw --in x.npy m.har -o want.npy
	hef-run -q --in x.npy --raw -o got.npy a.hef
	cmp want.npy got.npy
}

# 8 columns of 8 features pass an aligner of 8 values 20 times, without losses.
@test "layer normalization takes eight controllers and twenty passes, or lies outside the clusters" {
	mkonnx m.onnx <<- 'END'
		opset 17
		input x 1,64,8
		output y
		init g 8 1 0.5
		init b 8 0.25
		node LayerNormalization n x,g,b y axis=-1
	END
	echo 'model_optimization_config(calibration, calibset_size=1, batch_size=1)' > calib.alls
	onnx2hn -q m.onnx --net-name n | hn-normalize -q |
		hn-quantize -q --random-calib -s calib.alls -o m.har 2> quantize.log
	allocated
	jq -e '.layers | map(select(.name | test("norm")) | [.cluster >= 0, .lcus, .rows, .row_cycles]) ==
		[[true, 8, 8, 160]]' m.json
	jq 'del(.throughput.norm_controllers)' "$ROOT/share/targets/hailo8.json" > t.json
	allocated -a ./t.json
	jq -e '.layers | map(select(.name | test("norm")) | [.cluster, .lcus]) == [[-1, 0]]' m.json
}

# product HEADS: the controllers of a product of two maps of 24 features, by a_b of that many heads.
product() {
	mkonnx m.onnx <<- END
		input x 1,16,24
		output y
		initi s 4 0 16 $1 $((24 / $1))
		initi t 3 1 16 16
		node Reshape r1 x,s a
		node Transpose t1 a b perm=0,2,1,3
		node Transpose t2 a c perm=0,2,3,1
		node MatMul m b,c y
	END
	echo 'model_optimization_config(calibration, calibset_size=1, batch_size=1)' > calib.alls
	onnx2hn -q m.onnx --net-name n | hn-normalize -q |
		hn-quantize -q --random-calib -s calib.alls -o m.har 2> quantize.log
	allocated "${@:2}"
	jq '[.layers[] | select(.layer == "n/matmul1") | .lcus] | add' m.json
}

@test "a product takes a controller for each head, as many as the target has for it" {
	[ "$(product 1)" = 1 ]
	[ "$(product 3)" = 3 ]
	[ "$(product 12)" = 8 ]
	[ "$(product 12 -a hailo15l)" = 4 ]
	jq 'del(.throughput.product_controllers)' "$ROOT/share/targets/hailo8.json" > t.json
	[ "$(product 3 -a ./t.json)" = 1 ]
}
