# hn-alloc: where weights lie, what is taken of L2 and L3, and choices that take less power.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq programs; one process a test; set by run
load helper

# 32 x (1196 + 4) = 38400 bytes of weights and words, then 384 x (32 + 4) = 13824.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	cat <<- 'END' | mkonnx m.onnx
		input x 1,1196,4,8
		init w 32,1196,1,1 .3 -.2 .1 .25 -.15 .05 -.3
		init v 384,32,1,1 .1 -.2 .05
		node Conv c x,w a kernel_shape=1,1
		node Relu r a b
		node Conv d b,v y kernel_shape=1,1
		output y
	END
	chain | mkonnx p.onnx
	for m in m p; do
		onnx2hn -q $m.onnx | hn-normalize -q | hn-quantize -q --random-calib -o $m.har || return
	done
}

setup() {
	scratch
	M=$BATS_FILE_TMPDIR/m.har
	P=$BATS_FILE_TMPDIR/p.har
	one='compilation_param({conv*}, resources_allocation_strategy=manual_scs_selection, number_of_subclusters=1)'
	two='context_0 = context([input_layer1, conv1]) context_1 = context([conv2, output_layer1])'
}

# allocated HAR NAME SCRIPT [OPTION...]: NAME.har, NAME.json; its automatic script repeats it
allocated() {
	echo "$3" > "$2.alls"
	hn-alloc -q -s "$2.alls" "$1" -o "$2.har" --report "$2.json" "${@:4}"
	hn-alloc -q -s <(har-pack -m auto.alls "$2.har") "$1" -o again.har "${@:4}"
	cmp <(har-pack -m alloc.json "$2.har") <(har-pack -m alloc.json again.har)
	cmp <(har-pack -m auto.alls "$2.har") <(har-pack -m auto.alls again.har)
}

# weights NAME: cuts and bytes in L2 of conv1 and conv2
weights() {
	jq -c '[.layers[] | select(.layer | test("conv[12]$")) | [.l3_weight_cuts, .l2_bytes // 0]]' "$1.json"
}

# as_simulated NAME: the simulator has its rate, within 5 %
as_simulated() {
	hn2hef -q "$1.har" -o a.hef
	hef-run -q --timing time.json a.hef
	jq -n --slurpfile a "$1.json" --slurpfile t time.json -e '$t[0].fps / $a[0].fps - 1 | fabs < 0.05'
}

@test "mixed_mem: L2 has a part of a layer's weights in one context, or in several, or not" {
	# 38400 bytes a subcluster: 16384 in L2 and 22016 in one cut; or two cuts of 32768.
	allocated "$M" plain "$one"
	[ "$(weights plain)" = '[[1,16384],[0,13824]]' ]
	allocated "$M" off "$one compilation_param({conv*}, mixed_mem=False)"
	[ "$(weights off)" = '[[2,0],[0,13824]]' ]
	# Several contexts: all in L3, in two cuts and one.
	allocated "$M" plain2 "$one $two"
	[ "$(weights plain2)" = '[[2,0],[1,0]]' ]
	allocated "$M" on2 "$one $two compilation_param(conv1, mixed_mem=enabled)"
	[ "$(weights on2)" = '[[1,16384],[1,0]]' ]
	for m in plain off plain2 on2; do as_simulated $m; done
	allocated "$M" auto "$one compilation_param({conv*}, mixed_mem=allowed)"
	cmp <(har-pack -m alloc.json plain.har) <(har-pack -m alloc.json auto.har)
}

@test "compress_l3_weights: few bits in L3 and in the configuration, the same values" {
	# Of 1196 weights of a feature 46 are the largest, 127, the others 0: with k = 3 they take
	# 46 x (31 + 1 + 3) + 1150 x (1 + 3) = 6210 bits, 777 bytes, and one that says so.
	mkonnx s.onnx <<- END
		input x 1,1196,4,8
		init w 32,1196,1,1 1 $(seq 25 | sed 's/.*/0/' | tr '\n' ' ')
		init v 8,32,1,1 .1 -.2 .05
		node Conv c x,w a kernel_shape=1,1
		node Relu r a b
		node Conv d b,v y kernel_shape=1,1
		output y
	END
	onnx2hn -q s.onnx | hn-normalize -q | hn-quantize -q --random-calib -o s.har
	seq 0 38271 | awk '{ printf "%d ", ($1 * 7919) % 256 }' > x.txt
	xargs arr npy x.npy uint8 1,4,8,1196 < x.txt
	hn-infer -q -c bit_exact --raw --in x.npy s.har -o want.npy
	raw='hef_param(params_load_time_compression=False)'
	small='compilation_param(conv1, compress_l3_weights=enabled)'
	for n in plain small; do
		allocated s.har $n "$one $two $raw $([ $n = plain ] || echo "$small")"
		as_simulated $n
		mv a.hef $n.hef
		hef-run -q --raw --in x.npy $n.hef -o got.npy
		same_bytes want.npy got.npy
	done
	cuts='.layers[] | select(.layer == "s/conv1").l3_weight_cuts'
	# 32 x 1200 bytes take two cuts, 32 x (778 + 4) one.
	[ "$(jq "$cuts" plain.json)" = 2 ]
	[ "$(jq "$cuts" small.json)" = 1 ]
	jq -e '.load_bytes[0] == 38400' plain.json
	jq -e '.load_bytes[0] == 25024' small.json
	# The HEF has 32 x 778 bytes and two words for 32 x 1196.
	saved=$(($(stat -c %s plain.hef) - $(stat -c %s small.hef)))
	[ $((saved - 13368)) -ge -64 ] && [ $((saved - 13368)) -le 64 ]
	# L2 has them as they are; False and nothing are the same.
	allocated s.har mixed "$one $small"
	[ "$(jq -c '.layers[] | select(.layer == "s/conv1") | [.l3_weight_cuts, .l2_bytes]' mixed.json)" = '[1,16384]' ]
	allocated s.har off "$one $two $raw compilation_param({*}, compress_l3_weights=disabled)"
	cmp <(har-pack -m alloc.json plain.har) <(har-pack -m alloc.json off.har)
	allocated s.har all "$one $two $raw compilation_param({*}, compress_l3_weights=enabled)"
	[ "$(jq -c '[.layers[] | select(.compress_l3_weights).layer]' all.json)" = '["s/conv1","s/conv2"]' ]
	echo 'compilation_param(input_layer1, compress_l3_weights=True)' > s.alls
	hn-alloc -q -s s.alls s.har -o a.har
}

@test "max_memory_utilization: the search stops at so many cuts of weights" {
	jq '.subcluster.l2_bytes = 0' "$ROOT/share/targets/hailo8.json" > t.json
	cuts='[.layers[].l3_weight_cuts] | add'
	allocated "$P" plain '' -a ./t.json
	allocated "$P" less 'resources_param(max_memory_utilization=0.01)' -a ./t.json
	# Of 1024 cuts.
	jq -e "$cuts > 10.24" plain.json
	jq -e "$cuts <= 10.24" less.json
	jq -n --slurpfile a plain.json --slurpfile b less.json -e '$a[0].fps > $b[0].fps'
	as_simulated less
}

@test "L2 in the report and in the table: its bytes over those of the device" {
	echo "$one" > s.alls
	hn-alloc -s s.alls "$M" -o a.har --report a.json 2> log
	# 16384 + 13824 of 512 x 16384 bytes.
	jq -e '.context_utilization[0].l2 - 30208 / 8388608 | fabs < 1e-9' a.json
	grep -q '^| Context .*| L2 Utilization | L4 Utilization |' log
	grep -Eq '^\| context_0 \| 4 +\| 0.4% ' log
}

@test "optimize_for_power: the same rate with less power" {
	# Only controllers take power beside the device: with more subclusters they work less.
	jq '.power |= (.idle_w = 1 | .lcu_w = 0.01 | .lcu_ecc = 1 | .subcluster_w = 0 | .ia_apu_w = 0 |
		.l3_cut_w = 0)' "$ROOT/share/targets/hailo8.json" > t.json
	slow='compilation_param(conv4, resources_allocation_strategy=manual_scs_selection, number_of_subclusters=1)'
	allocated "$P" plain "$slow" -a ./t.json
	allocated "$P" less "$slow performance_param(optimize_for_power=True)" -a ./t.json
	for n in plain less; do
		jq -e '1 + ([.fps as $f | .layers[] | .row_cycles * .rows * $f / 400e6 * .lcus * 0.01] | add) -
			.power_w | fabs < 1e-9' $n.json
	done
	jq -n --slurpfile a plain.json --slurpfile b less.json -e '$a[0].fps == $b[0].fps and $b[0].power_w < $a[0].power_w'
	# The slowest layer stays, the others have all eight.
	jq -e '[.layers[] | select(.layer | test("conv[1-4]$")) | .subclusters] == [8, 8, 8, 1]' less.json
	jq -e '[.layers[] | select(.layer | test("conv[1-3]$")) | .subclusters] | max < 8' plain.json
	as_simulated less
	# With a rate to reach: the same one.
	allocated "$P" plain 'performance_param(fps=2000)' -a ./t.json
	allocated "$P" less 'performance_param(fps=2000, optimize_for_power=enabled)' -a ./t.json
	jq -n --slurpfile a plain.json --slurpfile b less.json -e '$a[0].fps == $b[0].fps and $b[0].power_w < $a[0].power_w'
	# Where resources cost more than they save, it is what it was.
	allocated "$P" off 'performance_param(fps=2000, optimize_for_power=False)' -a ./t.json
	cmp <(har-pack -m alloc.json plain.har) <(har-pack -m alloc.json off.har)
}

@test "optimize_for_power keeps the thresholds" {
	few='resources_param(max_compute_utilization=0.02) performance_param(fps=100'
	allocated "$P" plain "$few)"
	allocated "$P" less "$few, optimize_for_power=True)"
	jq -e '[.layers[].subclusters] | add | . > 4 and . <= 10.24' less.json
	jq -e '[.layers[].subclusters] | add == 4' plain.json
}
