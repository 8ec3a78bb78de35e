# hn-alloc: how long the search goes on, and what it looks at.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq programs; one process a test; set by run
load helper

# quantized ARCH THIN [SIZE]: NAME.har, of images of this size
quantized() {
	mkarch "$1" "$1.onnx" --thin "$2" --size "${3:-64}"
	onnx2hn -q "$1.onnx" | hn-normalize -q |
		hn-quantize -q --random-calib -s calib.alls -o "$1.har" 2> quantize.log
}

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	echo 'model_optimization_config(calibration, calibset_size=1, batch_size=1)' > calib.alls
	quantized resnet_v1_50 2
	quantized densenet121 4
}

setup() {
	scratch
	Q=$BATS_FILE_TMPDIR/resnet_v1_50.har
	LONG=$BATS_FILE_TMPDIR/densenet121.har
}

# allocated NAME COMMANDS...: NAME.json and NAME.har of an allocation in several contexts, NAME.log.
allocated() {
	echo "context_switch_param(mode=enabled) ${*:2}" > "$1.alls"
	hn-alloc -v -a "${TARGET:-hailo15m}" -s "$1.alls" "$Q" -o "$1.har" --report "$1.json" 2> "$1.log"
}

# compares 'JQ of $a, $b' A B
compares() {
	jq -n --slurpfile a "$2.json" --slurpfile b "$3.json" -e "$1" || report "$1: $2, $3"
}

# partitions NAME: how many were compared.
partitions() {
	grep -c 'contexts, [0-9.]* FPS' "$1.log"
}

@test "level 0 takes the first partition, level 1 the best of several, max one of many more" {
	Q=$LONG
	for level in 0 1 2 max; do
		allocated "l$level" "performance_param(compiler_optimization_level=$level, optimize_for_batch=8)"
	done
	[ "$(partitions l0)" = 1 ]
	[ "$(partitions lmax)" -gt "$(partitions l1)" ]
	compares '$a[0].fps <= $b[0].fps' l0 l1
	compares '$a[0].fps < $b[0].fps' l1 lmax
	cmp <(har-pack -m alloc.json l2.har) <(har-pack -m alloc.json lmax.har)
	allocated none 'performance_param(optimize_for_batch=8)'
	cmp <(har-pack -m alloc.json l1.har) <(har-pack -m alloc.json none.har)
	# The script of the level's allocation gives it back, without the search.
	hn-alloc -q -a hailo15m -s <(har-pack -m auto.alls lmax.har) "$Q" -o again.har
	cmp <(har-pack -m alloc.json lmax.har) <(har-pack -m alloc.json again.har)
}

@test "mode=enabled divides a network that one context holds, at every level, if there is where" {
	quantized_shapes
	for level in 0 1 max; do
		echo "context_switch_param(mode=enabled) performance_param(compiler_optimization_level=$level)" > s.alls
		hn-alloc -q -s s.alls shapes.q.har -o a.har --report r.json
		jq -e '.contexts >= 2 and ([.layers[].context] | max) == .contexts - 1' r.json
	done
	for mode in allowed disabled; do
		echo "context_switch_param(mode=$mode)" > s.alls
		hn-alloc -q -s s.alls shapes.q.har -o a.har --report r.json
		jq -e '.contexts == 1' r.json
	done
	# One layer cannot be divided.
	printf 'input x 1,8,8,8\ninit w 8,8,1,1 .5 -.2\nnode Conv c x,w y kernel_shape=1,1\noutput y\n' | mkonnx one.onnx
	onnx2hn -q one.onnx | hn-normalize -q | hn-quantize -q --random-calib -o q.har 2> log
	echo 'context_switch_param(mode=enabled)' > s.alls
	hn-alloc -q -s s.alls q.har -o a.har --report r.json
	jq -e '.contexts == 1' r.json
}

@test "context_switch_param's utilizations are those at which a context ends" {
	allocated plain
	allocated half 'context_switch_param(max_utilization=0.3)'
	allocated less 'context_switch_param(max_control_utilization=0.15)'
	compares '$a[0].contexts < $b[0].contexts' plain half
	# What all layers take at the least, one controller each, over the contexts' share of 48.
	jq -e '[.layers[] | select(.lcus > 0) | [.context, .layer]] | unique | group_by(.[0]) |
		map(length) | max <= 48 * 0.15' less.json
	jq -e '[.layers[] | select(.lcus > 0) | [.context, .layer]] | unique | group_by(.[0]) |
		map(length) | max > 48 * 0.15' half.json
}

@test "low_pcie_bandwidth: the partition that is the fastest on a slow link" {
	# Switching costs next to nothing here, so that the link decides.
	jq '.context_switch.per_context_s = 0.0001' "$ROOT/share/targets/hailo8l.json" > quick.json
	TARGET=./quick.json
	cp "$BATS_FILE_TMPDIR/calib.alls" .
	quantized shufflenet_v2 1 224
	Q=shufflenet_v2.har
	allocated fast 'performance_param(optimize_for_batch=32)'
	allocated slow 'performance_param(optimize_for_batch=32) platform_param(hints=low_pcie_bandwidth)'
	compares '$a[0].fps > $b[0].fps' fast slow
	jq '.memory_system |= (.effective_bytes_per_s /= 4 | if .boundary_bytes_per_s then .boundary_bytes_per_s /= 4 else . end)' \
		quick.json > slow-link.json
	for n in fast slow; do
		hn-alloc -q -a ./slow-link.json -s <(har-pack -m auto.alls $n.har) "$Q" -o b.har --report "on-$n.json"
	done
	compares '$a[0].fps < $b[0].fps' on-fast on-slow
}

@test "mode=enabled divides what one context would hold, at every level" {
	quantized_shapes
	hn-alloc -q shapes.q.har -o one.har --report one.json
	jq -e '.contexts == 1' one.json
	for level in 0 1 2; do
		echo "context_switch_param(mode=enabled) performance_param(compiler_optimization_level=$level)" > s.alls
		hn-alloc -q -s s.alls shapes.q.har -o a.har --report a.json
		# Each context has a layer that computes.
		jq -e '.contexts as $n | $n > 1 and ([.layers[] |
			select(.layer | test("input_layer|output_layer") | not) | .context] | unique | length) == $n' a.json
	done
}

@test "Ctrl-C with --keep-best ends the search with the best found so far, without it the program" {
	echo 'context_switch_param(mode=enabled) performance_param(compiler_optimization_level=max)' > s.alls
	for o in --keep-best ''; do
		: > log
		# shellcheck disable=SC2086 # no option or one
		env --default-signal=INT hn-alloc -v $o -a hailo15m -s s.alls "$LONG" -o "a$o.har" --report "r$o.json" 2> log &
		pid=$!
		until grep -q 'contexts, [0-9.]* FPS' log || ! kill -0 $pid; do :; done
		kill -INT $pid
		got=0
		wait $pid || got=$?
		[ $got = "$([ -n "$o" ] && echo 0 || echo 130)" ] || report "status $got with '$o'"
	done
	[ ! -e a.har ]
	grep -q 'contexts, [0-9.]* FPS' log
	# What had been found then is complete.
	jq -e '.contexts > 1 and .fps > 0' r--keep-best.json
	hn2hef -q a--keep-best.har -o a.hef
	hef-run -q --timing t.json a.hef
}

@test "a timeout ends the search, before anything is found with an error or what the bundle has" {
	hn-alloc -q -a hailo15m "$LONG" -o had.har 2> log
	echo 'context_switch_param(mode=enabled) allocator_param(timeout=0.0001s)' > s.alls
	fails_with 1 "hn-alloc: the search was ended before it had found a placement" \
		hn-alloc -q -a hailo15m -s s.alls had.har -o got.har
	run --separate-stderr hn-alloc -q --keep-best -a hailo15m -s s.alls had.har -o got.har
	[ "$status" -eq 0 ]
	[ "$stderr" = "hn-alloc: warning: the search was ended before it had found a placement: the bundle's stays" ]
	cmp <(har-pack -m alloc.json had.har) <(har-pack -m alloc.json got.har)
	fails_with 1 "hn-alloc: the search was ended before it had found a placement" \
		hn-alloc -q --keep-best -a hailo8 -s s.alls had.har -o other.har
	# One that is not reached changes nothing, and is no longer among what is ignored.
	allocated none
	allocated hour 'allocator_param(timeout=1h)'
	cmp <(har-pack -m alloc.json none.har) <(har-pack -m alloc.json hour.har)
	[ "$(jq -c .script hour.json)" = '[]' ]
}

@test "on a terminal the progress of the search is shown, with -q and elsewhere it is not" {
	echo 'context_switch_param(mode=enabled)' > s.alls
	for q in '' -q; do
		script -qec "hn-alloc $q -a hailo15m -s s.alls $Q -o t$q.har" /dev/null > seen$q < /dev/null
		hn-alloc $q -a hailo15m -s s.alls "$Q" -o p$q.har 2> log$q
		cmp t$q.har p$q.har
		run ! grep -q 'partitions: ' log$q
	done
	# Six candidates, each counted when it is begun; the line is rewritten in place.
	for i in 0 1 2 3 4 5 6; do grep -q $'\rhn-alloc: partitions: '"$i/6" seen; done
	run ! grep -q 'partitions: ' seen-q
}

@test "the largest search has its progress, too, in one context" {
	echo 'performance_param(compiler_optimization_level=max)' > s.alls
	script -qec "hn-alloc -a hailo8 -s s.alls $Q -o t.har" /dev/null > seen < /dev/null
	grep -q $'\rhn-alloc: thresholds: 0/' seen
}
