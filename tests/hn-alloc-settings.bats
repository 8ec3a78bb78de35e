# hn-alloc: settings of layers and resources, each by what it changes; targets.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq programs; one process a test; set by run
load helper

# quantized NAME [COMMAND]: NAME.har of the model on the standard input
quantized() {
	mkonnx "$1.onnx"
	echo "${2-}" > "$1.alls"
	onnx2hn -q "$1.onnx" | hn-normalize -q | hn-quantize -q --random-calib -s "$1.alls" -o "$1.har" 2> "$1.log"
}

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	chain | quantized m
	chain | quantized wide 'quantization_param(conv2, precision_mode=a16_w16)'
}

setup() {
	scratch
	Q=$BATS_FILE_TMPDIR/m.har
}

# allocated NAME SCRIPT [OPTION...]: NAME.har, NAME.json
allocated() {
	echo "$2" > "$1.alls"
	hn-alloc -q -s "$1.alls" "$Q" -o "$1.har" --report "$1.json" "${@:3}"
}

# compares 'JQ of $a, $b' A B
compares() {
	jq -n --slurpfile a "$2.json" --slurpfile b "$3.json" -e "$1" > /dev/null || report "$1: $2, $3"
}

# rows NAME FROM TO: of the buffer between two layers
rows() {
	jq --arg from "m/$2" --arg to "m/$3" '. as $r | [.edges[] |
		select($r.layers[.from].layer == $from and $r.layers[.to].layer == $to).rows] | max' "$1.json"
}

@test "min_scs_match_fps: the fewest subclusters that keep up with the network" {
	slow='compilation_param(conv1, resources_allocation_strategy=manual_scs_selection, number_of_subclusters=1)'
	own='compilation_param({conv[2-4]}, fps=3000)'
	allocated plain "$slow $own"
	allocated less "$slow $own compilation_param({conv[2-4]}, resources_allocation_strategy=min_scs_match_fps)"
	compares '$a[0].fps == $b[0].fps' plain less
	# No layer could do with one subcluster less: one of its parts would miss 3000 frames a second.
	jq -e '(400e6 / 3000) as $most | [.layers[] | select(.layer | test("conv[234]$"))] |
		all(.row_cycles * .rows <= $most) and
		(group_by(.layer) | all((map(.subclusters) | add) as $n | $n == 1 or
			(.[0].row_cycles * .[0].rows * $n / ($n - 1) > $most * 0.999)))' less.json
	compares '[$a, $b | .[0].layers | map(.subclusters) | add] | .[0] >= .[1]' plain less
}

@test "min_l3_mem_match_fps: the fewest cuts of weights that keep up" {
	quantized l3 <<- 'END'
		input x 1,512,8,8
		init w 512,512,1,1 .3 -.2 .1 .25 -.15 .05 -.3
		init v 512,512,1,1 .1 -.2 .05
		node Conv c x,w a kernel_shape=1,1
		node Relu r a b
		node Conv d b,v y kernel_shape=1,1
		output y
	END
	Q=l3.har
	two='context_0 = context([input_layer1, conv1]) context_1 = context([conv2, output_layer1])
		compilation_param(conv2, fps=2500) resources_param(max_utilization=0.01)'
	allocated plain "$two"
	allocated less "$two compilation_param(conv2, resources_allocation_strategy=min_l3_mem_match_fps)"
	cuts='map(select(.layer == "l3/conv2").l3_weight_cuts) | add'
	# 512 x 512 weights and 512 words, 264192 bytes: two subclusters have 132096 each, five cuts; three
	# parts of 168, 168 and 176 features at most 90816, three cuts.
	jq -e ".layers | $cuts == 10" plain.json
	jq -e ".layers | $cuts == 9" less.json
	jq -e '(400e6 / 2500) as $most | [.layers[] | select(.layer == "l3/conv2")] | all(.row_cycles * .rows <= $most)' less.json
}

@test "max_compute_16bit_utilization stops at 16-bit subclusters, and only there" {
	Q=$BATS_FILE_TMPDIR/wide.har
	sc='[.layers[] | select(.layer | test("conv2$")).subclusters] | add'
	allocated free ''
	allocated few 'resources_param(max_compute_16bit_utilization=0.01)'
	jq -e "$sc > 5" free.json
	jq -e "$sc <= 5.12" few.json
	compares '$a[0].fps > $b[0].fps' free few
	Q=$BATS_FILE_TMPDIR/m.har
	allocated free ''
	allocated few 'resources_param(max_compute_16bit_utilization=0.01)'
	cmp <(har-pack -m alloc.json free.har) <(har-pack -m alloc.json few.har)
}

@test "context_1.resources_param is about that context alone" {
	two='context_0 = context([input_layer1, conv1, conv2]) context_1 = context([conv3, conv4, output_layer1])'
	sc='. as $r | [0, 1] | map(. as $c | [$r.layers[] | select(.context == $c).subclusters] | add)'
	allocated both "$two"
	for name in context_1 context1; do
		allocated one "$two $name.resources_param(max_compute_utilization=0.01)"
		compares "[\$a[0], \$b[0] | $sc] | .[0][0] == .[1][0] and .[0][1] > 5 and .[1][1] <= 5.12" both one
	done
}

@test "no_contexts: whole windows before the layer; only for the kernels of table 8" {
	# A window of three rows, and one on its way; some buffers of the schedule have less.
	allocated plain ''
	allocated whole 'compilation_param({conv[124]}, no_contexts=True)'
	changed=0
	for e in 'input_layer1 conv1' 'conv1 conv2' 'conv3 conv4'; do
		# shellcheck disable=SC2086 # two names
		p=$(rows plain $e) w=$(rows whole $e)
		[ "$w" -ge 4 ] && [ "$w" = "$((p < 4 ? 4 : p))" ]
		changed=$((changed + (w > p)))
	done
	[ $changed -gt 0 ]
	allocated off 'compilation_param({conv[124]}, no_contexts=False)'
	cmp <(har-pack -m alloc.json plain.har) <(har-pack -m alloc.json off.har)
	hn-alloc -q -s <(har-pack -m auto.alls whole.har) "$Q" -o again.har
	cmp <(har-pack -m alloc.json whole.har) <(har-pack -m alloc.json again.har)
	echo 'compilation_param(conv3, no_contexts=True)' > s.alls
	fails_with 1 "hn-alloc: s.alls:1:1: compilation_param: layer 'm/conv3': its kernel, stride or dilation excludes no_contexts" \
		hn-alloc -q -s s.alls "$Q"
}

@test "balance_output_multisplit: buffers behind a layer of one size, or each of its own" {
	allocated own 'compilation_param(conv1, balance_output_multisplit=False)'
	allocated same 'compilation_param(conv1, balance_output_multisplit=True)'
	[ "$(rows own conv1 conv2)" -lt "$(rows own conv1 conv4)" ]
	[ "$(rows same conv1 conv2)" = "$(rows own conv1 conv4)" ]
	[ "$(rows same conv1 conv4)" = "$(rows own conv1 conv4)" ]
	allocated plain ''
	cmp <(har-pack -m alloc.json plain.har) <(har-pack -m alloc.json own.har)
}

@test "buffer_calc_fps: buffers for that rate are smaller, and the rate is no higher then" {
	rows='[.edges[].rows] | add'
	allocated plain ''
	allocated slow "buffer_calc_param(buffer_calc_fps=$(jq '.fps / 8' plain.json))"
	jq -n --slurpfile a plain.json --slurpfile b slow.json -e "(\$a[0] | $rows) > (\$b[0] | $rows)"
	hn-alloc -q -s <(har-pack -m auto.alls slow.har) "$Q" -o again.har
	cmp <(har-pack -m alloc.json slow.har) <(har-pack -m alloc.json again.har)
	hn2hef -q slow.har -o a.hef
	hef-run -q --timing time.json a.hef
	jq -n --slurpfile a slow.json --slurpfile t time.json -e '$a[0].fps > 0 and ($t[0].fps / $a[0].fps - 1 | fabs < 0.05)'
	# Buffers for a rate that the network does not have are those for the one it has.
	allocated fast 'buffer_calc_param(buffer_calc_fps=1e9)'
	cmp <(har-pack -m alloc.json plain.har) <(har-pack -m alloc.json fast.har)
}

@test "a kernel without code of its own takes twice as long" {
	for k in 5 7; do
		quantized dw$k <<- END
			input x 1,16,32,32
			init w 16,1,$k,$k .3 -.2 .1 .25
			node Conv c x,w y kernel_shape=$k,$k pads=$((k / 2)),$((k / 2)),$((k / 2)),$((k / 2)) group=16
			output y
		END
		one='compilation_param(dw1, resources_allocation_strategy=manual_scs_selection, number_of_subclusters=1, use_16x4_sc=disabled)'
		Q=dw$k.har
		allocated g$k "$one"
		jq 'del(.throughput.general_kernel)' "$ROOT/share/targets/hailo8.json" > equal.json
		allocated e$k "$one" -a ./equal.json
	done
	row='map(select(.layer | test("dw1$")).row_cycles) | add'
	compares "(\$a[0].layers | $row) == (\$b[0].layers | $row)" g5 e5
	compares "((\$a[0].layers | $row) / (\$b[0].layers | $row) - 2 | fabs) < 0.001" g7 e7
}

# 32 columns are 4 blocks of 8, of 16 one; a feature takes 9 cycles a block and subcluster, at 0.98 of
# the ideal rate: 16 features in one part 588 a row, in two 294; with 4 subclusters 147.
@test "depthwise layers: parts of one subcluster and 8 columns, unless the script says otherwise" {
	quantized dw <<- 'END'
		input x 1,16,32,32
		init w 16,1,3,3 .3 -.2 .1 .25
		node Conv c x,w y kernel_shape=3,3 pads=1,1,1,1 group=16
		output y
	END
	Q=dw.har
	dw='[.layers[] | select(.layer | test("dw1$"))]'
	allocated free ''
	jq -e "$dw"' | length > 1 and all(.subclusters == 1 and .columns == 8 and .row_cycles < 294)' free.json
	allocated one 'defuse(dw1, 1)'
	jq -e "$dw"' | map([.subclusters, .columns, .row_cycles]) == [[1, 8, 588]]' one.json
	allocated two 'defuse(dw1, 2)'
	jq -e "$dw"' | map([.subclusters, .columns, .row_cycles]) == [[1, 8, 294], [1, 8, 294]]' two.json
	allocated own 'compilation_param(dw1, resources_allocation_strategy=manual_scs_selection, number_of_subclusters=4)'
	jq -e "$dw"' | map([.subclusters, .row_cycles]) == [[4, 147]]' own.json
	allocated wide 'compilation_param(dw1, use_16x4_sc=enabled) defuse(dw1, 1)'
	jq -e "$dw"' | map([.columns, .row_cycles]) == [[16, 294]]' wide.json
	jq '.subcluster.max_per_layer_dw = 8' "$ROOT/share/targets/hailo8.json" > t.json
	allocated more '' -a ./t.json
	jq -e "$dw"' | any(.subclusters > 1)' more.json
}

# 32 columns at 0.45 a cycle are 71.1 cycles a row, of 4 features; of 10, more than eight, twice that.
@test "depth to space: columns leave one by one, here and in hef-run" {
	for c in 16:72 40:143; do
		quantized d2s <<- END
			input x 1,8,16,16
			init w ${c%:*},8,1,1 .3 -.2 .1 .25
			node Conv c x,w a kernel_shape=1,1
			node DepthToSpace d a y blocksize=2
			output y
		END
		Q=d2s.har
		allocated d2s ''
		jq -e --argjson c "${c#*:}" '[.layers[] | select(.layer | test("depth_to_space")) | .row_cycles] == [$c]' d2s.json
		hn2hef -q d2s.har -o d2s.hef
		hef-run -q --timing t.json d2s.hef
		compares '$a[0].fps / $b[0].fps - 1 | fabs < 1e-3' d2s t
	done
}

@test "a timeout in seconds, minutes and hours" {
	for t in 0.000002 0.000002s 0.00000004m 0.000000001h; do
		echo "context_switch_param(mode=enabled) allocator_param(timeout=$t)" > s.alls
		fails_with 1 "hn-alloc: the search was ended before it had found a placement" \
			hn-alloc -q -s s.alls "$BATS_FILE_TMPDIR/m.har"
	done
	allocated none ''
	for t in 3600 3600s 60m 1h; do
		allocated long "allocator_param(timeout=$t)"
		cmp <(har-pack -m alloc.json none.har) <(har-pack -m alloc.json long.har)
	done
	echo 'allocator_param(timeout=3d)' > s.alls
	run ! hn-alloc -q -s s.alls "$Q"
}

@test "what a placement lacks is said: which context, which resource, how much there is" {
	jq '.clusters.count = 1 | .clusters.ids = [0] | .clusters.apus = 3' "$ROOT/share/targets/hailo8.json" > t.json
	echo 'context_switch_param(mode=disabled)' > s.alls
	fails_with 1 "hn-alloc: one context needs at least 4 APUs, hailo8 has 3 (several contexts are switched off)" \
		hn-alloc -q -a ./t.json -s s.alls "$Q"
	echo 'place(0, [conv1, conv2, conv3, conv4]) context_switch_param(mode=disabled)' > s.alls
	jq '.clusters.apus = 3' "$ROOT/share/targets/hailo8.json" > t.json
	run --separate-stderr hn-alloc -q -a ./t.json -s s.alls "$Q"
	[ "$status" -eq 1 ]
	[[ $stderr =~ "hn-alloc: context_0: cluster_0 has no room for 'm/"[a-z_0-9]+"': 1 APUs needed, 0 left" ]]
	jq '.clusters.count = 1 | .clusters.ids = [0] | .clusters.l3_cuts = 3' "$ROOT/share/targets/hailo8.json" > t.json
	echo 'context_0 = context([input_layer1, conv1, conv2, conv3, conv4, output_layer1])' > s.alls
	run --separate-stderr hn-alloc -v -a ./t.json -s s.alls "$Q"
	[[ $stderr =~ context_0\ does\ not\ fit\ in\ hailo8:\ [0-9]+\ L3\ cuts\ needed,\ 3\ available ]]
}

@test "-a help lists the targets, --numbers a target's numbers with their status" {
	run hn-alloc -a help
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" = 7 ]
	[[ ${lines[4]} == "hailo8     8 clusters, 128 layer controllers, 512 subclusters, 1024 L3 cuts, 400 MHz" ]]
	for t in "$ROOT"/share/targets/*.json; do
		hn-alloc -a "$(basename "$t" .json)" --numbers > n
		[ "$(grep -cE '^[a-z0-9_.]+ +[-+.0-9e]+ +(published|inferred|assumed)$' n)" = "$(wc -l < n)" ]
	done
	hn-alloc -a hailo15h --numbers | grep -qE '^clusters.subclusters +48 +inferred$'
	fails_with 1 "hn-alloc: no target 'hailo9' (known: hailo10h, hailo15h, hailo15l, hailo15m, hailo8, hailo8l, hailo8r)" \
		hn-alloc -a hailo9 --numbers
}

@test "another target than the model was quantized for is warned of" {
	onnx2hn -q "$BATS_FILE_TMPDIR/m.onnx" | hn-normalize -q |
		hn-quantize -q --hw-arch hailo8l --random-calib -o q.har 2> log
	warning="hn-alloc: warning: the model was quantized for hailo8l: changing the target to hailo8 afterwards is not recommended (hn-quantize --hw-arch hailo8)"
	run --separate-stderr hn-alloc -q -a hailo8 q.har -o a.har
	[ "$stderr" = "$warning" ]
	# It stays true behind an allocation.
	run --separate-stderr hn-alloc -q a.har -o b.har
	[ "$stderr" = "$warning" ]
	run --separate-stderr hn-alloc -q -a hailo8l q.har -o a.har
	[ -z "$stderr" ]
	run --separate-stderr hn-alloc -q -a hailo15h "$Q" -o a.har
	[ -z "$stderr" ]
}

@test "a threshold of 0 leaves no room for any layer: the line says where it stands" {
	for word in control compute memory apu compute_16bit input_aligner; do
		echo "resources_param(max_${word}_utilization=0)" > s.alls
		run -1 hn-alloc -q -s s.alls "$Q" -o a.har
		[[ $output =~ ^"hn-alloc: s.alls:1:"[0-9]+": resources_param: argument 'max_${word}_utilization' is 0, a number above 0, up to 1"(.2)?" expected"$ ]] || report "$output"
	done
	printf '\ncontext_switch_param(mode=allowed, max_utilization=0.0)\n' > s.alls
	run hn-alloc -q -s s.alls "$Q" -o a.har
	[ "$output" = "hn-alloc: s.alls:2:52: context_switch_param: argument 'max_utilization' is 0.0, a number above 0, up to 1 expected" ] || report "$output"
	[ ! -e a.har ] || report 'it was written all the same'
}

@test "a rate that is not reached: a warning says what is, and what is short" {
	# hailo8 has 512 subclusters and 128 layer controllers.
	while IFS='|' read -r script column why; do
		echo "$script" > s.alls
		run --separate-stderr hn-alloc -q -s s.alls "$Q" -o a.har --report a.json
		[ "$status" -eq 0 ]
		reached=$(printf %.2f "$(jq .fps a.json)")
		[[ $stderr == "hn-alloc: warning: s.alls:1:$column: performance_param: fps=1e5 is not reached, but $reached: "*"$why" ]] || report "$stderr"
		jq -e --arg why "$why" '.fps < .fps_wanted and .fps_wanted == 100000 and (.fps_reason | endswith($why))' a.json
	done <<- 'END'
		performance_param(fps=1e5)|1|has all that a layer can use
		resources_param(max_compute_utilization=0.02) performance_param(fps=1e5)|47|needs more subclusters, and 10 of the 10 allowed ones are taken
		resources_param(max_control_utilization=0.04) performance_param(fps=1e5)|47|needs more layer controllers, and 4 of the 5 allowed ones are taken
	END
	echo 'context_switch_param(mode=enabled) performance_param(fps=1e5)' > s.alls
	run --separate-stderr hn-alloc -q -s s.alls "$Q" -o a.har --report a.json
	[[ $stderr == *": $(jq .contexts a.json) contexts take turns, at batch 1"* ]] || report "$stderr"
	for fps in 500 4000; do
		echo "performance_param(fps=$fps)" > s.alls
		run --separate-stderr hn-alloc -q -s s.alls "$Q" -o a.har --report a.json
		[ -z "$stderr" ]
		jq -e ".fps >= $fps and (has(\"fps_wanted\") | not)" a.json
	done
}

@test "a layer that no cluster holds: the cuts that it takes and those there are" {
	# The smallest parts have 8 features: 8 x 16 x 3 x 3 bytes of weights and a bias of 4 bytes each;
	# the window is 4 rows of 32 x 16.
	jq '.clusters.l3_cuts = 1 | .subcluster.l2_bytes = 0' "$ROOT/share/targets/hailo8.json" > t.json
	fails_with 1 "hn-alloc: layer 'm/conv1' does not fit in a cluster of hailo8: each of its parts takes whole L3 cuts of 32768 bytes, 1 for 1184 bytes of weights and 1 for 2048 bytes of input rows: 2 needed, 1 there" \
		hn-alloc -q -a ./t.json "$Q" -o a.har
	echo 'compilation_param(conv1, resources_allocation_strategy=manual_scs_selection, number_of_subclusters=4)' > s.alls
	jq '.clusters.subclusters = 3' "$ROOT/share/targets/hailo8.json" > t.json
	fails_with 1 "hn-alloc: layer 'm/conv1' does not fit in a cluster of hailo8: it takes 4 subclusters, 3 there" \
		hn-alloc -q -a ./t.json -s s.alls "$Q" -o a.har
}
