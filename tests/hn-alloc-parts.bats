# hn-alloc: layers divided into parts: what each computes, and how fast.
# shellcheck disable=SC2030,SC2031,SC2154 # one process a test; set by run
load helper

setup() {
	scratch
}

# The class of every pixel of 12 x 32; with `more` behind it.
classes() {
	mkonnx m.onnx <<- END
		input x 1,3,12,32
		init w1 20,3,3,3 .3 -.2 .1 .25 -.15 .05 -.3
		node Conv c1 x,w1 a kernel_shape=3,3 pads=1,1,1,1
		node ArgMax am a y axis=1 keepdims=1
		output y
	END
	seq 0 4607 | awk '{ printf "%d ", ($1 * 7919) % 256 }' > x.txt
	# shellcheck disable=SC2046 # a list of numbers
	arr npy x.npy uint8 4,12,32,3 $(cat x.txt)
	onnx2hn -q m.onnx | hn-normalize -q | hn-quantize -q -c x.npy -o q.har 2> log
	hn-infer -q -c bit_exact --raw --in x.npy q.har -o want.npy
}

# allocated SCRIPT [OPTION...]: report.json; the values stay, auto.alls repeats it, hef-run has its rate
allocated() {
	echo "$1" > s.alls
	hn-alloc -q -s s.alls "${@:2}" q.har -o a.har --report report.json
	har-pack -m auto.alls a.har > auto.alls
	hn-alloc -q -s auto.alls "${@:2}" q.har -o again.har
	cmp <(har-pack -m alloc.json a.har) <(har-pack -m alloc.json again.har) || return
	cmp auto.alls <(har-pack -m auto.alls again.har) || return
	hn2hef -q a.har -o a.hef
	hef-run -q --check a.hef
	hef-run -q --raw --in x.npy --timing time.json a.hef -o got.npy
	same_bytes want.npy got.npy || return
	jq -n --slurpfile a report.json --slurpfile t time.json -e '($a[0].fps / $t[0].fps - 1 | fabs) < 0.05'
}

@test "argmax is divided by columns: each part takes its share of the time" {
	classes
	[ "$(onnx2hn -q m.onnx | har-pack -m hn | jq '[.layers[] | select(.type == "argmax")] | length')" = 1 ]
	allocated ''
	# 32 columns of 20 features at 8 values a cycle.
	[ "$(jq -c '[.layers[] | select(.layer == "m/argmax1") | [.column_from, .column_to, .row_cycles]]' report.json)" = '[[0,32,80]]' ]
	allocated '{} = defuse(argmax1, 3, defuse_type=SPATIAL)'
	[ "$(jq -c '[.layers[] | select(.layer == "m/argmax1") | [.column_from, .column_to, .row_cycles]]' report.json)" = '[[0,8,20],[8,16,20],[16,32,40]]' ]
	# A splitter in front: each part has its columns only, of 20 features.
	allocated 'ws, l, r, all = defuse(argmax1, 2, defuse_type=SPATIAL, splitter=True)'
	[ "$(jq -c '.layers as $l | [.edges[] | select($l[.from].name == "m/ws") | .row_bytes]' report.json)" = '[320,320]' ]
	echo 'defuse(argmax1, 2)' > s.alls
	fails_with 1 "hn-alloc: s.alls:1:1: defuse: 'argmax1' is not divided by features: this is a 'argmax', only layers with weights, maxpool, avgpool and resize layers are" \
		hn-alloc -q -s s.alls q.har
	echo 'defuse(argmax1, 5, defuse_type=SPATIAL)' > s.alls
	fails_with 1 "hn-alloc: s.alls:1:1: defuse: 'argmax1' can be divided into at most 4 parts" hn-alloc -q -s s.alls q.har
}

@test "defuse_num_layers, defuse_spatial_w: parts of a layer by its own setting" {
	classes
	allocated 'compilation_param(conv1, defuse_num_layers=2)'
	[ "$(jq -c '[.layers[] | select(.layer == "m/conv1") | [.name, .feature_from, .feature_to]]' report.json)" = '[["m/conv1_d0",0,8],["m/conv1_d1",8,20]]' ]
	allocated 'compilation_param(conv1, defuse_num_layers=4, defuse_spatial_w=True)'
	[ "$(jq -c '[.layers[] | select(.layer == "m/conv1") | .column_to]' report.json)" = '[8,16,24,32]' ]
	# One part is one, and a layer that has no parts by features is passed over by a glob.
	allocated 'compilation_param({*}, defuse_num_layers=1)'
	[ "$(jq '[.layers[] | select(.layer == "m/conv1")] | length' report.json)" = 1 ]
	allocated 'compilation_param({*}, defuse_num_layers=2)'
	[ "$(jq -c '[.layers[] | .name | sub("m/"; "")]' report.json)" = '["input_layer1","conv1_d0","conv1_d1","argmax1","output_layer1"]' ]
	for what in 'conv1, defuse_num_layers=4|44|conv1|3 parts by features' 'argmax1, defuse_num_layers=2|46|argmax1|1 parts by features'; do
		IFS='|' read -r args column name most <<< "$what"
		echo "compilation_param($args)" > s.alls
		fails_with 1 "hn-alloc: s.alls:1:$column: compilation_param: layer 'm/$name': it can be divided into at most $most" \
			hn-alloc -q -s s.alls q.har
	done
}

@test "max_auto_defuse: the search divides a layer into so many parts at the most" {
	classes
	parts='[.layers[] | select(.layer == "m/conv1")] | length'
	# The class of a pixel is cheap, the convolution of 16 bits is not.
	mkonnx m.onnx <<- END
		input x 1,64,16,32
		init w1 128,64,3,3 .3 -.2 .1 .25 -.15 .05 -.3
		node Conv c1 x,w1 a kernel_shape=3,3 pads=1,1,1,1
		node Relu r a b
		init w2 8,128,1,1 .3 -.2 .1
		node Conv c2 b,w2 y kernel_shape=1,1
		output y
	END
	rm want.npy
	seq 0 32767 | awk '{ printf "%d ", ($1 * 7919) % 256 }' > x.txt
	xargs arr npy x.npy uint8 1,16,32,64 < x.txt
	onnx2hn -q m.onnx | hn-normalize -q | hn-quantize -q -c x.npy -o q.har 2> log
	hn-infer -q -c bit_exact --raw --in x.npy q.har -o want.npy
	allocated ''
	[ "$(jq "$parts" report.json)" -gt 2 ]
	fast=$(jq .fps report.json)
	allocated 'allocator_param(max_auto_defuse=2)'
	[ "$(jq "$parts" report.json)" = 2 ]
	jq -e ".fps < $fast" report.json
	allocated 'allocator_param(max_auto_defuse=1)'
	[ "$(jq "$parts" report.json)" = 1 ]
	# A script that divides it means it.
	allocated 'allocator_param(max_auto_defuse=1) {} = defuse(conv1, 3)'
	[ "$(jq "$parts" report.json)" = 3 ]
}

@test "no more parts are sent to another context than the device has streams" {
	{
		echo 'input x 1,3,8,8'
		echo "init w1 480,3,1,1 .3 -.2 .1 .25 -.15"
		echo "init w2 16,480,1,1 .1 -.2 .1 .05 -.15"
		echo 'node Conv c1 x,w1 a kernel_shape=1,1'
		echo 'node Relu r1 a b'
		echo 'node Conv c2 b,w2 y kernel_shape=1,1'
		echo 'output y'
	} | mkonnx m.onnx
	echo 'model_optimization_config(calibration, calibset_size=1, batch_size=1)' > c.alls
	onnx2hn -q m.onnx | hn-normalize -q | hn-quantize -q --random-calib -s c.alls -o q.har 2> log
	# 16 channels on each of 3 engines; 4 may be the configuration's, one is the input's.
	two='context_0 = context([input_layer1, conv1]) context_1 = context([conv2, output_layer1])'
	echo "defuse(conv1, 43) $two" > s.alls
	hn-alloc -q -s s.alls q.har -o a.har
	hn2hef -q a.har -o a.hef
	hef-run -q --check a.hef
	echo "defuse(conv1, 44) $two" > s.alls
	fails_with 1 "hn-alloc: context_1 reads 44 tensors or parts of them of other contexts, hailo8 has 43 streams left for them" \
		hn-alloc -q -s s.alls q.har
}
