# hn-alloc: place a quantized model on the machine.
load helper

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	quantized_shapes
}

setup() {
	scratch
	Q=$BATS_FILE_TMPDIR/shapes.q.har
}

# Allocates with script $1 and options; fails with message $2.
script_fails() {
	echo "$1" > s.alls
	fails_with 1 "hn-alloc: s.alls:1:$2" hn-alloc -q -s s.alls "$Q" "${@:3}"
}

@test "the shipped model is allocated in one context, with a table, a bottleneck and a rate" {
	run hn-alloc "$Q" -o a.har
	[ "$status" -eq 0 ]
	[[ $output == *"shapes on hailo8"* ]]
	[[ $output == *"| Cluster   | Control Utilization | Compute Utilization | Memory Utilization |"* ]]
	[[ $output == *"| cluster_0 | 75% "* ]]
	[[ $output == *"| Total     | 9.4%"* ]]
	[[ $output == *"hailo8: 1 context, 14 physical layers"* ]]
	[[ $output =~ Bottleneck:\ shapes/[a-z0-9]+,\ [0-9]+\ cycles\ per\ frame ]]
	[[ $output =~ Expected\ FPS:\ [0-9.]+,\ latency\ [0-9.]+\ ms ]]
}

@test "the state stays, the target and the record stand in the metadata" {
	hn-alloc -q -a hailo8l "$Q" -o a.har
	har-pack -m metadata.json a.har > m.json
	[ "$(jq -r .state m.json)" = quantized_model ]
	[ "$(jq -r .hw_arch m.json)" = hailo8l ]
	[ "$(jq -r .hnt_alloc.contexts m.json)" = 1 ]
	har-pack -m alloc.json a.har > a.json
	[ "$(jq .fps a.json)" = "$(jq .hnt_alloc.fps m.json)" ]
}

@test "-h lists the options, a wrong one is wrong use" {
	run hn-alloc -h
	[ "$status" -eq 0 ]
	[[ $output == *--keep-best* ]]
	usage_error "hn-alloc: unknown option '--fast'" hn-alloc --fast "$Q"
	usage_error "hn-alloc: the report and the bundle cannot both go to the standard output" \
		hn-alloc --report - "$Q"
}

@test "every target allocates the model, and clusters are those of the target" {
	for t in hailo8 hailo8l hailo8r hailo10h hailo15h hailo15l hailo15m; do
		hn-alloc -q -a "$t" "$Q" -o a.har --report "$t.json"
		[ "$(jq -r .hw_arch "$t.json")" = "$t" ]
		[ "$(jq '[.utilization[] | .control, .compute, .memory | select(. > 1)] | length' "$t.json")" = 0 ]
		ids=$(jq -c '[.layers[].cluster | select(. >= 0)] | unique' "$t.json")
		[ "$(jq -c --argjson used "$ids" '$used - .clusters.ids' "$ROOT/share/targets/$t.json")" = '[]' ]
	done
}

@test "half the clock gives half the rate" {
	hn-alloc -q -a hailo8 "$Q" -o a.har --report a.json
	hn-alloc -q -a hailo8r "$Q" -o b.har --report b.json
	jq -n --slurpfile a a.json --slurpfile b b.json \
		'($a[0].fps / $b[0].fps - 2 | fabs) < 0.2' | grep -qx true
}

@test "a target may be a path, and HN_TARGETS is searched first" {
	jq '.name = "mine" | .device.clock_hz = 1000000' "$ROOT/share/targets/hailo8.json" > mine.json
	hn-alloc -q -a ./mine.json "$Q" -o a.har --report a.json
	mkdir targets
	jq '.name = "hailo8" | .device.clock_hz = 1000000' mine.json > targets/hailo8.json
	HN_TARGETS=targets hn-alloc -q -a hailo8 "$Q" -o b.har --report b.json
	[ "$(jq .fps a.json)" = "$(jq .fps b.json)" ]
	jq '.fps < 1000' a.json | grep -qx true
}

@test "each input and output of a frame takes its time on the link, here and in hef-run" {
	jq '.memory_system.boundary_s_per_transfer = 0.01' "$ROOT/share/targets/hailo8.json" > t.json
	hn-alloc -q -a ./t.json "$Q" -o a.har --report a.json
	n=$(jq '[.layers[] | select(.lcus == 0 and (.name | test("/(input|output)_layer")))] | length' a.json)
	[ "$n" -ge 2 ]
	jq --argjson n "$n" '.fps * 0.01 * $n | . > 0.97 and . < 1.01' a.json | grep -qx true
	hn2hef -q a.har -o a.hef
	hef-run -q --timing t2.json a.hef
	jq -n --slurpfile a a.json --slurpfile t t2.json '($a[0].fps / $t[0].fps - 1 | fabs) < 1e-3' | grep -qx true
}

@test "depthwise kernels and aligners have rates of their own" {
	for change in .mac_utilization_dw=0.01 .ia_utilization=0.01; do
		jq ".throughput$change" "$ROOT/share/targets/hailo8.json" > t.json
		hn-alloc -q -a ./t.json "$Q" -o b.har --report b.json
		hn-alloc -q "$Q" -o a.har --report a.json
		jq -n --slurpfile a a.json --slurpfile b b.json '$b[0].fps < 0.6 * $a[0].fps' | grep -qx true
	done
}

@test "a network that fills more of the device than its target says goes to the partition, unless the script says otherwise" {
	jq '.clusters.count = 1 | .clusters.ids = [0] | .clusters.lcus = 13' "$ROOT/share/targets/hailo8.json" > t.json
	hn-alloc -v -a ./t.json "$Q" -o a.har 2> log
	grep -q 'single context: one context needs at least 12 of the 13 layer controllers' log
	for s in 'context_switch_param(mode=disabled)' 'resources_param(max_control_utilization=1)'; do
		echo "$s" > s.alls
		hn-alloc -v -a ./t.json -s s.alls "$Q" -o a.har --report a.json 2> log
		run ! grep -q 'single context: ' log
		[ "$(jq .contexts a.json)" = 1 ]
	done
	# 12 / 13 is 0.923.
	jq '.default_utilization.smallest_choices = 0.93' t.json > more.json
	hn-alloc -q -a ./more.json "$Q" -o a.har --report a.json
	[ "$(jq .contexts a.json)" = 1 ]
}

@test "an unknown target is refused with the known ones, a broken one with its key" {
	fails_with 1 "hn-alloc: no target 'hailo9' (known: hailo10h, hailo15h, hailo15l, hailo15m, hailo8, hailo8l, hailo8r)" \
		hn-alloc -a hailo9 "$Q"
	jq 'del(.clusters.apus)' "$ROOT/share/targets/hailo8.json" > t.json
	fails_with 1 "hn-alloc: ./t.json: 'clusters.apus' is missing" hn-alloc -a ./t.json "$Q"
}

@test "the automatic script repeats the allocation exactly, in one context and in several" {
	for opts in '' 'context_switch_param(mode=enabled) performance_param(optimize_for_batch=4) resources_param(max_control_utilization=0.03)'; do
		echo "$opts" > s.alls
		hn-alloc -q -a hailo8l -s s.alls "$Q" -o a.har
		har-pack -m auto.alls a.har > auto.alls
		hn-alloc -q -a hailo8l -s auto.alls "$Q" -o b.har
		for m in alloc.json auto.alls; do
			cmp <(har-pack -m $m a.har) <(har-pack -m $m b.har)
		done
	done
	har-pack -m alloc.json a.har | jq '.contexts > 1' | grep -qx true
	grep -q '^context_1 = context(' auto.alls
}

@test "the script in the bundle is read, and -s replaces it" {
	echo 'performance_param(fps=50)' > s.alls
	hn-normalize -q -s s.alls "$BATS_FILE_TMPDIR/shapes.har" |
		hn-quantize -q -c "$SHAPES/calib.npy" -o q.har
	hn-alloc -q q.har -o a.har --report slow.json
	echo 'performance_param(fps=1000000)' > fast.alls
	hn-alloc -q -s fast.alls q.har -o a.har --report fast.json
	jq -n --slurpfile s slow.json --slurpfile f fast.json '$s[0].fps < $f[0].fps' | grep -qx true
}

@test "more subclusters make a layer faster, parts share its features" {
	echo 'compilation_param({conv*}, resources_allocation_strategy=manual_scs_selection, number_of_subclusters=1)' > s.alls
	hn-alloc -q -s s.alls "$Q" -o a.har --report one.json
	echo 'part_a, part_b, all = defuse(conv7, 2)' > s.alls
	hn-alloc -q -s s.alls "$Q" -o a.har --report two.json
	jq -n --slurpfile a one.json --slurpfile b two.json '$a[0].fps < $b[0].fps' | grep -qx true
	[ "$(jq -c '[.layers[] | select(.layer == "shapes/conv7") | [.name, .feature_from, .feature_to]]' two.json)" = \
		'[["shapes/part_a",0,24],["shapes/part_b",24,48]]' ]
}

# Strides, dilation, uneven padding, a depthwise kernel, groups, an added input: wide enough to divide.
wide_net() {
	cat <<- 'END' | mkonnx m.onnx
		input x 1,3,9,50
		init w1 8,3,3,3 .3 -.2 .1 .25 -.15 .05 -.3
		init w2 8,1,5,5 .1 -.1 .2 .05 -.15
		init w3 8,8,3,3 .1 -.2 .15 -.05 .1
		init w4 8,4,1,1 .5 -.3 .2
		init w5 4,8,3,7 .1 -.1 .05
		node Conv c1 x,w1 a kernel_shape=3,3 strides=2,2 pads=0,0,1,1
		node Relu r1 a b
		node Conv c2 b,w2 c kernel_shape=5,5 pads=2,2,2,2 group=8
		node Conv c3 c,w3 d kernel_shape=3,3 dilations=2,2 pads=2,2,2,2
		node Add add d,b e
		node Relu r2 e f
		node Conv c4 f,w4 g kernel_shape=1,1 group=2
		node Conv c5 g,w5 h kernel_shape=3,7 pads=1,5,1,1 strides=1,3
		node MaxPool p h y kernel_shape=2,2 strides=2,2
		output y
	END
	seq 0 13499 | awk '{ printf "%d ", ($1 * 7919) % 256 }' > x.txt
	arr npy x.npy uint8 10,9,50,3 $(cat x.txt)
	onnx2hn -q m.onnx | hn-normalize -q | hn-quantize -q -c x.npy -o q.har 2> quantize.log
}

@test "parts by columns share a layer's columns, and give the same values" {
	wide_net
	cat > s.alls <<-'END'
		l, m, r, all = defuse(conv1, 3, defuse_type=SPATIAL)
		{} = defuse(dw1, 2, defuse_type=SPATIAL)
		{} = defuse(conv2, 4, defuse_type=SPATIAL)
		{} = defuse(conv3, 2, defuse_type=SPATIAL)
		{} = defuse(conv4, 2, defuse_type=SPATIAL)
		place(3, [m])
	END
	hn-alloc -q -s s.alls q.har -o a.har --report r.json
	[ "$(jq -c '[.layers[] | select(.layer == "m/conv1") | [.name, .cluster == 3, .column_from, .column_to]]' r.json)" = \
		'[["m/l",false,0,8],["m/m",true,8,16],["m/r",false,16,25]]' ]
	[ "$(jq -c '[.layers[] | select(.layer == "m/conv2") | .column_to]' r.json)" = '[8,16,24,25]' ]
	[ "$(jq '[.layers[] | select(.name | test("_sd1$"))] | length' r.json)" = 4 ]
	hn2hef -q a.har -o a.hef
	hn-infer -q -c bit_exact --raw --in x.npy q.har -o want.npy
	hef-run -q --raw --in x.npy a.hef -o got.npy
	same_bytes want.npy got.npy
	har-pack -m auto.alls a.har | grep -q 'defuse(m/conv2, 4, defuse_type=SPATIAL)'
	hn-alloc -q -s <(har-pack -m auto.alls a.har) q.har -o again.har
	cmp <(har-pack -m auto.alls a.har) <(har-pack -m auto.alls again.har)
	# A network's output leaves the chip whole.
	jq -e '[.layers[] | select(.layer == "m/maxpool1")] | length == 1' r.json
}

@test "a layer that eight subclusters of features do not hold is divided by columns" {
	cat <<- 'END' | mkonnx m.onnx
		input x 1,64,64,64
		init w 64,64,3,3 .3 -.2 .1 .25 -.15 .05 -.3
		init v 8,64,1,1 .1 -.2
		node Conv c x,w a kernel_shape=3,3 strides=2,2 pads=1,1,1,1
		node Conv d a,v y kernel_shape=1,1
		output y
	END
	onnx2hn -q m.onnx | hn-normalize -q | hn-quantize -q --random-calib -o q.har
	echo 'a, b = defuse(conv1, 1)' > one.alls
	hn-alloc -q -s one.alls q.har -o a.har --report one.json
	hn-alloc -q q.har -o a.har --report free.json
	# 32 rows, 4 groups of columns, 64 x 9 taps at 0.88, rounded up by row; then half of the columns.
	[ "$(jq -c '[.layers[] | select(.layer == "m/conv1") | .row_cycles]' one.json)" = '[2619]' ]
	jq -e '[.layers[] | select(.layer == "m/conv1") | .row_cycles] | length > 1 and max <= 1310' free.json
	jq -n --slurpfile a one.json --slurpfile b free.json -e '$b[0].fps > 1.9 * $a[0].fps'
}

@test "place and context put layers where the script says" {
	cat > s.alls <<-'END'
		context_0 = context([input_layer1, normalization1, conv1, maxpool1, conv2, conv3, conv4])
		context_1 = context([dw1, conv5, conv6, conv7, avgpool1, fc1, output_layer1])
		context_1.place(3, [conv6, fc1])
	END
	hn-alloc -q -s s.alls "$Q" -o a.har --report r.json
	[ "$(jq -c '[.layers[] | select(.context == 1) | .name]' r.json)" = \
		'["shapes/dw1","shapes/conv5","shapes/conv6","shapes/conv7","shapes/avgpool1","shapes/fc1","shapes/output_layer1"]' ]
	[ "$(jq -c '[.layers[] | select(.name == "shapes/conv6" or .name == "shapes/fc1") | .cluster]' r.json)" = '[3,3]' ]
	[ "$(jq -c '[.edges[] | select(.kind == "inter_context")] | length' r.json)" = 1 ]
}

@test "a buffer that is too small is warned of and gives no rate" {
	echo 'buffers(conv2, conv4, 2)' > s.alls
	run --separate-stderr hn-alloc -q -s s.alls "$Q" -o a.har --report r.json
	[ "$status" -eq 0 ]
	[[ $stderr == *"the buffer of 2 rows from 'shapes/conv2' to 'shapes/conv4' is too small: the network will stall"* ]]
	jq '.fps == 0' r.json | grep -qx true
	[ "$(jq -c '.edges[.stuck] | .rows' r.json)" = 2 ]
}

@test "--keep-best keeps the faster allocation" {
	echo 'performance_param(fps=50)' > slow.alls
	hn-alloc -q "$Q" -o best.har
	hn-alloc -q --keep-best -s slow.alls best.har -o kept.har
	hn-alloc -q -s slow.alls best.har -o slow.har
	same_bytes best.har kept.har
	run ! cmp -s best.har slow.har
	: > empty.alls
	hn-alloc -q --keep-best -s empty.alls slow.har -o faster.har
	same_bytes best.har faster.har
}

@test "scripts that cannot be followed are refused with file, line and reason" {
	script_fails 'place(0, [conv99])' "11: place: no layer 'conv99' in 'shapes' (did you mean 'conv1' or 'conv2' or 'conv3'?)"
	script_fails 'place(12, [conv1])' '7: place: hailo8 has no cluster 12'
	script_fails 'place(0, [conv1]) place(0, [conv1, conv2]) place(1, [conv2])' \
		"44: place: layer 'shapes/conv2' is already in cluster 0"
	script_fails 'defuse(avgpool1, 2)' \
		"1: defuse: 'avgpool1' is not divided by features: this is a 'global_avg_pool', only layers with weights, maxpool, avgpool and resize layers are"
	script_fails 'defuse(maxpool1, 2, defuse_type=SPATIAL)' \
		"1: defuse: 'maxpool1' is not divided by columns: this is a 'maxpool', only conv, dw, deconv, avgpool, argmax and nearest resize layers are"
	script_fails 'compilation_param(conv1, number_of_subclusters=2)' \
		'48: compilation_param: number_of_subclusters needs resources_allocation_strategy=manual_scs_selection'
	script_fails 'plaice(0, [conv1])' "1: plaice: unknown command (did you mean 'place'?)"
	script_fails 'place(0, [conv1)' "16: ',' or ']' expected (near ')')"
	script_fails 'buffers(conv1, fc1, 3)' "1: buffers: 'shapes/conv1' and 'shapes/fc1' are not connected"
}

@test "commands without effect here are warned of, recorded and reported, and what they make is passed over" {
	hn-alloc -q "$Q" -o plain.har
	cat > s.alls <<-'END'
		conv1_s0, conv1_s1, conv1_sc = defuse(conv1, 2, defuse_type=COMPUTE_LANES)
		m1, m2 = mux_demux([conv2], [conv3])
		place(0, [conv1_s0])
		buffers(conv1_sc, maxpool1, 4)
		buffers(conv1, maxpool1, 4, PARTIAL_ROW)
	END
	run --separate-stderr hn-alloc -q -s s.alls "$Q" -o a.har --report r.json
	[ "$status" -eq 0 ]
	[ "${stderr_lines[0]}" = 'hn-alloc: warning: s.alls:1:32: defuse: no effect: defuse_type=COMPUTE_LANES (a layer is divided by features, columns and input features on this machine)' ]
	[ "${stderr_lines[1]}" = 'hn-alloc: warning: s.alls:2:10: mux_demux: no effect: each tensor between contexts has its own stream on this machine' ]
	[ "${stderr_lines[2]}" = 'hn-alloc: warning: s.alls:5:1: buffers: no effect: buffer_type=PARTIAL_ROW (rows are buffered whole on this machine)' ]
	[ "${stderr_lines[3]}" = "hn-alloc: warning: s.alls:3:1: place: passed over for 'conv1_s0': the command that makes it is not applied here" ]
	[ "${stderr_lines[4]}" = "hn-alloc: warning: s.alls:4:1: buffers: passed over for 'conv1_sc': the command that makes it is not applied here" ]
	cmp <(har-pack -m auto.alls plain.har) <(har-pack -m auto.alls a.har)
	[ "$(jq -c '.script | map([.line, .command, .status])' r.json)" = \
		'[[1,"defuse","no effect"],[2,"mux_demux","no effect"],[5,"buffers","no effect"]]' ]
	[ "$(har-pack -m metadata.json a.har | jq -c '.hnt_script["hn-alloc"]')" = "$(jq -c .script r.json)" ]
}

@test "a script at this stage stays in the bundle for the next; the optimization's part is the bundle's" {
	hn-alloc -q -s <(printf '%s\n' 'place(1, [conv1])' 'hef_param(enable_ko=True)') "$Q" -o a.har
	har-pack -m alls a.har > got.alls
	grep -q normalization got.alls
	grep -qx 'place(1, \[conv1\])' got.alls
	run --separate-stderr hn2hef -q a.har -o a.hef
	[ "$status" -eq 0 ]
	[[ $stderr == 'hn2hef: warning: shapes.alls:'*': hef_param: no effect: enable_ko=True (the preliminary configuration opens no streams here)' ]]
}

@test "a layer that no cluster holds is named, with what it needs" {
	jq '.clusters.l3_cuts = 1 | .clusters.l3_cut_bytes = 64' "$ROOT/share/targets/hailo8.json" > tiny.json
	run --separate-stderr hn-alloc -q -a ./tiny.json "$Q"
	[ "$status" -eq 1 ]
	[[ $stderr =~ ^hn-alloc:\ layer\ \'shapes/[a-z0-9]+\'\ does\ not\ fit\ in\ a\ cluster\ of\ hailo8 ]]
}

@test "a bundle in another state is refused with the tool to run first" {
	fails_with 1 "hn-alloc: state is 'fp_optimized_model', 'quantized_model' needed (run hn-quantize first)" \
		hn-alloc "$BATS_FILE_TMPDIR/shapes.fp.har"
}

@test "stdin reads like a file, stdout writes like -o, the bytes do not depend on run or threads" {
	hn-alloc -q "$Q" -o a.har
	hn-alloc -q < "$Q" > b.har
	hn-alloc -q -j 1 "$Q" -o c.har
	hn-alloc -q -j 4 "$Q" -o d.har
	same_bytes a.har b.har
	same_bytes a.har c.har
	same_bytes a.har d.har
}

@test "truncated and empty input, a missing script and a full disk are errors" {
	truncated "$Q" 20000 > t.har
	run --separate-stderr hn-alloc t.har
	[ "$status" -eq 1 ]
	[[ $stderr == *truncated* ]]
	run --separate-stderr hn-alloc < /dev/null
	[ "$status" -eq 1 ]
	fails_with 1 "hn-alloc: none.alls: No such file or directory" hn-alloc -s none.alls "$Q"
	full_disk hn-alloc -q "$Q"
}
