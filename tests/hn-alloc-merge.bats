# hn-alloc: merged layers share the hardware of one, named in a script or found by the search.
load helper

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	quantized_shapes
}

setup() {
	scratch
	Q=$BATS_FILE_TMPDIR/shapes.q.har
	# One subcluster and APU a layer: cycles do not depend on the search.
	cat > narrow.alls <<-'END'
		compilation_param({*}, resources_allocation_strategy=manual_scs_selection, number_of_apus=1)
		compilation_param({conv*}, resources_allocation_strategy=manual_scs_selection, number_of_subclusters=1, use_16x4_sc=disabled)
	END
}

# alloc SCRIPT-LINE... : allocates with narrow.alls and these into a.har, r.json; TARGET: not hailo8.
alloc() {
	cat narrow.alls <(printf '%s\n' "$@") > s.alls
	hn-alloc -q -a "${TARGET-hailo8}" -s s.alls "$Q" -o a.har --report r.json
}

# Cycles per frame of a layer in r.json.
cycles() { jq --arg n "shapes/$1" '.layers[] | select(.name == $n) | .row_cycles * .rows' r.json; }

# Controllers that r.json has in use, from the shares of clusters with 16 or LCUS each.
lcus() { jq --argjson n "${LCUS-16}" '[.utilization[].control] | add * $n | round' r.json; }

# A copy of hailo8 with one cluster of so many LCUs, each with an aligner and an APU to spare.
one_cluster() {
	jq --argjson n "$1" '.clusters.lcus = $n | .clusters.count = 1 | .clusters.ids = [0]' \
		"$ROOT/share/targets/hailo8.json" > one.json
}

# auto.alls of a.har gives the same allocation and script again.
replays() {
	har-pack -m auto.alls a.har > replay.alls
	hn-alloc -q "$@" -s replay.alls "$Q" -o again.har
	cmp <(har-pack -m alloc.json a.har) <(har-pack -m alloc.json again.har)
	cmp replay.alls <(har-pack -m auto.alls again.har)
}

@test "the two slowest layers merged: their cycles add up, here and in hef-run, and they take one controller" {
	alloc
	read -r slow second < <(jq -r '[.layers[] | select(.cluster >= 0)] | sort_by(-.row_cycles * .rows) |
		"\(.[0].name) \(.[1].name)"' r.json | sed 's/shapes\///g')
	plain=$(lcus)
	sum=$(($(cycles "$slow") + $(cycles "$second")))
	[ "$(jq '.interval_cycles[0]' r.json)" -lt "$sum" ]
	hn2hef -q a.har -o plain.hef

	alloc "both = merge($slow, $second)"
	[ "$(lcus)" = $((plain - 1)) ]
	[ "$(jq '.interval_cycles[0] | round' r.json)" = "$sum" ]
	jq -e '[.layers[] | select(.merged == "shapes/both") | .cluster] | length == 2 and .[0] == .[1]' r.json
	hn2hef -q a.har -o a.hef
	hef-run -q --timing t.json a.hef
	[ "$(jq '.contexts[0].interval_cycles' t.json)" = "$sum" ]
	jq -e --arg a "shapes/$slow" --arg b "shapes/$second" '[.layers[] | select(.name == $a)][0] |
		.merged_with == [$b] and .shared_cycles > 0' t.json
	jq -e '[.layers[] | select(.merged_with == [] and .shared_cycles > 0)] == []' t.json

	run hn-alloc -s s.alls "$Q" -o b.har
	[[ $output == *"14 physical layers, 2 of them merged into 1"* ]]
	[[ $output == *"Bottleneck: shapes/both, $sum cycles per frame"* ]]
	replays
	grep -qx "shapes/both = merge(shapes/[a-z0-9]*, shapes/[a-z0-9]*)" replay.alls
	# What is computed is the same.
	hef-run -q --raw --in "$SHAPES/test_x.npy" --data-count 40 -o plain.npy plain.hef
	hef-run -q --raw --in "$SHAPES/test_x.npy" --data-count 40 -o a.npy a.hef
	cmp plain.npy a.npy
}

@test "a group of three grows by its name, which other commands use for all of it" {
	alloc 'ab = merge(conv1, conv2)' 'abc = merge(ab, conv3)' 'place(2, [abc])' \
		'compilation_param(abc, number_of_apus=2)'
	[ "$(jq -c '[.layers[] | select(.merged) | [.name, .merged, .cluster, .apus]]' r.json)" = \
		'[["shapes/conv1","shapes/abc",2,2],["shapes/conv2","shapes/abc",2,2],["shapes/conv3","shapes/abc",2,2]]' ]
	replays
	grep -qx 'shapes/abc_1 = merge(shapes/conv1, shapes/conv2)' replay.alls
	grep -qx 'shapes/abc = merge(shapes/abc_1, shapes/conv3)' replay.alls
	# The rows of a buffer between a group and another layer.
	to=$(jq -r '(.layers | map(.merged)) as $m | [.edges[] | select($m[.from] and ($m[.to] | not))][0].to as $t |
		.layers[$t].name' r.json)
	alloc 'ab = merge(conv1, conv2)' 'abc = merge(ab, conv3)' "buffers(abc, $to, 77)"
	jq -e '[.edges[] | select(.rows == 77)] | length > 0' r.json
	# Without a name there is one.
	alloc 'merge(conv1, conv2)'
	[ "$(jq -c '[.layers[].merged | select(.)] | unique' r.json)" = '["shapes/merged1"]' ]
	replays
}

@test "what cannot be merged is refused with the reason" {
	says() { # MESSAGE LINE...
		printf '%s\n' "${@:2}" > s.alls
		fails_with 1 "hn-alloc: $1" hn-alloc -q -s s.alls "$Q" -o a.har
	}
	says "s.alls:1:11: merge: 'output_layer1' is not merged: it lies outside the clusters" \
		'm = merge(output_layer1, conv1)'
	says "s.alls:2:18: merge: 'conv2' is not merged: it is divided into parts" \
		'a, b, c = defuse(conv2, 2)' 'm = merge(conv1, conv2)'
	says "s.alls:2:18: merge: 'a' is not merged: it is divided into parts" \
		'a, b, c = defuse(conv2, 2)' 'm = merge(conv1, a)'
	says "s.alls:1:5: merge: 'conv1' and 'conv1' are merged already" 'm = merge(conv1, conv1)'
	says "s.alls:1:9: merge: 'conv3' is already a layer" 'conv3 = merge(conv1, conv2)'
	says "s.alls:1:18: merge: no layer 'conv99' in 'shapes' (did you mean 'conv1' or 'conv2' or 'conv3'?)" \
		'm = merge(conv1, conv99)'
	says "layers 'shapes/conv1' and 'shapes/conv2' are merged and cannot lie in clusters 1 and 2" \
		'm = merge(conv1, conv2)' 'place(1, conv1)' 'place(2, conv2)'
	says "layers 'shapes/conv1' and 'shapes/conv2' are merged and cannot lie in context_0 and context_1" \
		'm = merge(conv1, conv2)' 'context_0 = context([input_layer1, conv1])' 'context_1 = context([conv2])'
}

@test "merged layers stay in one context when the network is divided" {
	one_cluster 6
	TARGET=./one.json
	alloc
	[ "$(jq .contexts r.json)" -gt 1 ]
	cut=$(jq -r '[.layers[] | select(.cluster >= 0 and .context == 0)] | .[-1].name' r.json)
	next=$(jq -r '[.layers[] | select(.cluster >= 0 and .context == 1)] | .[0].name' r.json)
	alloc "m = merge($cut, $next)"
	jq -e '[.layers[] | select(.merged) | .context] | length == 2 and .[0] == .[1]' r.json
	replays -a ./one.json
}

@test "more layers than controllers: merged into one context where several are switched off" {
	# Twelve layers lie in clusters; control_max 1.2 x 11 = 13 are allowed before merging, 1.2 x 9 = 10 are not.
	alloc
	[ "$(lcus)" = 12 ]
	one_cluster 11
	TARGET=./one.json alloc 'context_switch_param(mode=disabled)'
	[ "$(jq .contexts r.json)" = 1 ]
	LCUS=11
	[ "$(lcus)" -le 9 ] # 90 %
	jq -e '[.layers[] | select(.merged)] | length >= 2' r.json
	replays -a ./one.json
	hn2hef -q a.har -o a.hef
	hef-run -q --timing t.json a.hef
	jq -e --slurpfile r r.json '.contexts[0].interval_cycles == $r[0].interval_cycles[0]' t.json
	one_cluster 9
	echo 'context_switch_param(mode=disabled)' > s.alls
	fails_with 1 "hn-alloc: one context needs at least 12 layer controllers, hailo8 has 9 (several contexts are switched off)" \
		hn-alloc -q -a ./one.json -s s.alls "$Q" -o a.har
	# Left to itself the network is divided, unless control above 1 is asked for.
	one_cluster 11
	hn-alloc -q -a ./one.json "$Q" -o a.har --report r.json
	[ "$(jq .contexts r.json)" -gt 1 ]
	hn-alloc -q -a ./one.json -s <(echo 'resources_param(max_control_utilization=1.2)') "$Q" -o a.har --report r.json
	[ "$(jq .contexts r.json)" = 1 ]
	[ "$(lcus)" = 9 ]
	# At the highest level the faster of both is taken.
	hn-alloc -q -a ./one.json -s <(echo 'performance_param(compiler_optimization_level=max)') "$Q" -o a.har --report max.json
	jq -e --slurpfile r r.json '.fps >= $r[0].fps' max.json
}

@test "a device that is full repeats from its script, in one context" {
	# Twelve of 13 controllers, more than the 86 % beyond which a network is divided.
	one_cluster 13
	TARGET=./one.json alloc 'context_switch_param(mode=disabled)'
	LCUS=13
	[ "$(lcus)" -ge 12 ]
	[ "$(jq .contexts r.json)" = 1 ]
	replays -a ./one.json
}

@test "allow_auto_merge_in_multicontext: contexts hold more layers than controllers" {
	one_cluster 5
	LCUS=5
	limits=('context_switch_param(mode=enabled)' 'performance_param(compiler_optimization_level=0)'
		'resources_param(max_control_utilization=1.2)')
	TARGET=./one.json
	alloc "${limits[@]}"
	[ "$(jq .contexts r.json)" = 3 ]
	jq -e '[.layers[] | select(.merged)] == []' r.json
	alloc "${limits[@]}" 'context_switch_param(allow_auto_merge_in_multicontext=True)'
	[ "$(jq .contexts r.json)" = 2 ]
	jq -e '[.layers[] | select(.merged)] | length >= 2' r.json
	jq -e '[.utilization[].control] | max <= 1' r.json
	replays -a ./one.json
}

@test "merge_min_layer_utilization frees controllers at the same rate, as far as that goes" {
	: > narrow.alls
	alloc 'performance_param(fps=100)'
	before=$(lcus)
	# 10 of 128 controllers.
	alloc 'performance_param(fps=100)' 'allocator_param(merge_min_layer_utilization=0.0785)'
	[ "$before" -gt 10 ]
	[ "$(lcus)" = 10 ]
	jq -e '.fps >= 100' r.json
	replays
	# No more than four in a group, and none so slow that it becomes the slowest.
	alloc 'performance_param(fps=100)' 'allocator_param(merge_min_layer_utilization=0.001)'
	[ "$(lcus)" -lt 10 ]
	jq -e '[.layers[] | select(.merged)] | group_by(.merged) | map(length) | max <= 4' r.json
	jq -e '.fps >= 100' r.json
	# Pairs only, or none.
	alloc 'performance_param(fps=100)' 'allocator_param(merge_min_layer_utilization=0.001, max_auto_merge_depth=2)'
	jq -e '[.layers[] | select(.merged)] | group_by(.merged) | map(length) | max == 2' r.json
	replays
	alloc 'performance_param(fps=100)' 'allocator_param(merge_min_layer_utilization=0.001, max_auto_merge_depth=1)'
	jq -e '[.layers[] | select(.merged)] == []' r.json
}
