# hn-alloc: what it tells about an allocation, in tables and in the report.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq programs; one process a test; set by run
load helper

# Two 1x1 convolutions of 64 features on 8 x 16 pixels, and a machine with round numbers.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	cat <<- 'END' | mkonnx m.onnx
		input x 1,64,8,16
		init w 64,64,1,1 .3 -.2 .1 .25 -.15 .05 -.3
		init v 64,64,1,1 .1 -.2 .05
		node Conv c x,w a kernel_shape=1,1
		node Relu r a b
		node Conv d b,v y kernel_shape=1,1
		output y
	END
	onnx2hn -q m.onnx | hn-normalize -q | hn-quantize -q --random-calib -o q.har
	jq '.device.clock_hz = 1e6 | .memory_system.effective_bytes_per_s = 1e6 |
		.memory_system.boundary_bytes_per_s = 1e6 | .memory_system.boundary_s_per_transfer = 0 |
		.context_switch.per_context_s = 1e-6 | .context_switch.fixed_s_per_batch = 0.5 |
		.throughput |= (.mac_utilization = 1 | .mac_utilization_1x1 = 1 | .ia_utilization = 1) |
		.power |= (.idle_w = 2 | .lcu_w = 0.01 | .lcu_ecc = 2 | .subcluster_w = 0.1 | .ia_apu_w = 1 |
			.l3_cut_w = 0)' "$ROOT/share/targets/hailo8.json" > t.json
	echo 'context_0 = context([input_layer1, conv1]) context_1 = context([conv2, output_layer1])
		performance_param(optimize_for_batch=4)' > two.alls
}

setup() {
	scratch
	Q=$BATS_FILE_TMPDIR/q.har
	T=$BATS_FILE_TMPDIR/t.json
}

# allocated SCRIPT [OPTION...]: r.json, and the tables in log.
allocated() {
	echo "$1" > s.alls
	hn-alloc -a "$T" -s s.alls "$Q" -o a.har --report r.json "${@:2}" 2> log
}

# near JQ VALUE: of r.json.
near() {
	jq -e "($1) / ($2) - 1 | fabs < 1e-6" r.json > /dev/null || report "$1: $(jq "$1" r.json), $2 expected"
}

@test "the lower bound: all subclusters at work, the boundary over the link, weights loaded for each batch" {
	allocated "$(cat "$BATS_FILE_TMPDIR/two.alls")"
	# 8 rows, 2 groups of columns, 8 of features, 64 taps: 8192 cycles of a subcluster, of 512; two layers.
	near .bound.compute_s '2 * 8192 / 512 / 1e6'
	# 8 x 16 x 64 bytes in, as many out.
	near .bound.link_s '2 * 8192 / 1e6'
	# 64 x 64 weights and 64 words of four bytes, twice; the fixed half second.
	near .bound.load_s '2 * (4096 + 256) / 1e6 + 0.5'
	near .bound.batch_s '4 * 2 * 8192 / 1e6 + 2 * 4352 / 1e6 + 0.5'
	near .bound.distance '4 / .fps / .bound.batch_s - 1'
	jq -e '.bound.distance > 0' r.json
	grep -q '^Lower bound at batch 4: 574.240 ms (compute 0.128, link 65.536, loading weights 508.704)' log
	# In one context weights stay.
	allocated ''
	near .bound.batch_s '2 * 8192 / 1e6'
	# The rate is an average over some frames: exact to a few thousandths.
	jq -e '.bound.load_s == 0 and .bound.distance > -0.004' r.json
}

@test "a device whose subclusters decide: the bound is their time" {
	jq '.memory_system |= (.effective_bytes_per_s = 1e12 | .boundary_bytes_per_s = 1e12) |
		.device.clock_hz = 1e4' "$T" > slow.json
	T=./slow.json
	allocated ''
	near .bound.batch_s '2 * 8192 / 512 / 1e4'
	jq -e '1 / .fps >= .bound.batch_s' r.json
}

@test "bytes over the link by context, and weights" {
	allocated "$(cat "$BATS_FILE_TMPDIR/two.alls")"
	jq -e '.context_utilization | map([.input_bytes, .output_bytes, .read_bytes, .written_bytes, .load_bytes]) ==
		[[8192,0,0,8192,4352],[0,8192,8192,0,4352]]' r.json
	rate=$(jq '.fps * 8192 / 1e6 * 100 | round / 100' r.json)
	grep -q "^Link: input 0*$rate.* MB/s, output 0*$rate.* MB/s, inter-context " log
}

@test "rates of five batches: one context has one, several have t(B)" {
	allocated ''
	jq -e '[.rates[].batch] == [1,2,4,8,16]' r.json
	jq -e '.fps as $f | [.rates[].fps / $f - 1 | fabs] | max < 1e-9' r.json
	allocated "$(cat "$BATS_FILE_TMPDIR/two.alls")"
	jq -e '(.rates[2].fps / .fps - 1 | fabs) < 1e-9' r.json
	# Intervals by the frame; weights, fill or switches, and the fixed time, by the batch.
	jq -e '([.interval_cycles, .fill_cycles] | transpose | map([.[1] - .[0], 0] | max) | add / 1e6) as $fill |
		([$fill, 2 * 4352 / 1e6, 2e-6] | max) as $once |
		[.rates[] | .batch_s - $once - 0.5] as $t |
		(.interval_cycles | add / 1e6) as $i | [range(5) | $t[.] / $i] |
		[.[0] - 1, .[1] - 2, .[2] - 4, .[3] - 8, .[4] - 16] | map(fabs) | max < 1e-6' r.json
	grep -Eq '^\| 16 +\| [0-9.]+ +\| [0-9.]+ +\|' log
}

@test "utilization of contexts is that of their layers over the device, each with its slowest layer" {
	allocated "$(cat "$BATS_FILE_TMPDIR/two.alls")"
	jq -e '. as $r | [.context_utilization[] | .context as $c | [$r.layers[] | select(.context == $c)] as $l |
		[.control - ([$l[].lcus] | add) / 128, .compute - ([$l[].subclusters] | add) / 512,
		.memory - ([$l[] | select(.cluster >= 0) | .l3_weight_cuts + .l3_buffer_cuts] | add) / 1024,
		.input_aligners - ([$l[].input_aligners] | add) / 256, .apus - ([$l[].apus] | add) / 160] |
		map(fabs) | max] | max < 1e-9' r.json
	jq -e '. as $r | [.context_utilization[] | .bottleneck as $b | .context as $c |
		([$r.layers[] | select(.context == $c) | .row_cycles * .rows] | max) ==
		([$r.layers[] | select(.name == $b) | .row_cycles * .rows] | max)] | all' r.json
	grep -q '^| Cluster .*| Control Utilization | Compute Utilization | Memory Utilization | IA Utilization | APU Utilization |' log
	grep -q '^| context_1 | 2 ' log
}

@test "power: idle, and each resource while its layer works; less without error correction" {
	allocated ''
	jq -e '2 + ([.fps as $f | .layers[] | .row_cycles * .rows * $f / 1e6 *
		(.lcus * 0.02 + .subclusters * 0.1 + .input_aligners + .apus)] | add) - .power_w | fabs < 1e-9' r.json
	[ "$(jq .power_uncertainty_percent r.json)" = 20 ]
	grep -q "^Estimated power: $(jq -r '.power_w * 100 | round / 100' r.json)" log
	cp r.json with.json
	allocated 'allocator_param(enable_lcu_ecc=False)'
	jq -n --slurpfile a with.json --slurpfile b r.json -e '$b[0].power_w < $a[0].power_w and $b[0].fps == $a[0].fps'
	har-pack -m auto.alls a.har > auto.alls
	hn-alloc -q -a "$T" -s auto.alls "$Q" -o b.har
	cmp <(har-pack -m alloc.json a.har) <(har-pack -m alloc.json b.har)
	# None is asked for.
	allocated 'allocator_param(calculate_power=False)'
	jq -e '.power_w == null' r.json
	run ! grep -q power log
	hn-alloc -q -a "$T" -s <(har-pack -m auto.alls a.har) "$Q" -o b.har
	cmp <(har-pack -m alloc.json a.har) <(har-pack -m alloc.json b.har)
	# Several contexts: none, as in the product.
	allocated "$(cat "$BATS_FILE_TMPDIR/two.alls")"
	jq -e '.power_w == null' r.json
	run ! grep -q power log
}

@test "the search: each candidate with contexts and rate, or why it is none" {
	jq '.clusters.count = 1 | .clusters.ids = [0] | .clusters.lcus = 1' "$T" > one.json
	T=./one.json
	allocated ''
	jq -e '.search | length > 1 and .[0].reason == "one context needs at least 2 layer controllers, hailo8 has 1" and
		.[1].contexts == 2' r.json
	jq -e '.fps as $f | [.search[].fps] | max == $f' r.json
	grep -q '^Partition search:' log
	grep -q '^Iteration 1: one context needs at least 2 layer controllers, hailo8 has 1' log
	grep -Eq "^\\| 2 +\\|.*\\| 2 +\\| $(jq -r '.search[1].fps * 100 | round / 100' r.json)" log
}

@test "long tables are printed whole" {
	printf 'context_0 = context([input_layer1, conv1]) context_1 = context([conv2, output_layer1])' > s.alls
	hn-alloc -a "$T" -s s.alls "$Q" -o a.har 2> log
	[ "$(wc -c < log)" -gt 2048 ]
	tail -n 1 log | grep -q '^Expected FPS: .* latency [0-9.]* ms$'
}

@test "a picture: every layer in its cluster's box and in the chart, as wide as what it takes" {
	allocated "$(cat "$BATS_FILE_TMPDIR/two.alls")" --svg a.svg
	# Well-formed; each of the two layers stands in a box and in the chart, inputs in the chart only.
	command -v xmllint > /dev/null && xmllint --noout a.svg
	[ "$(grep -c '>conv1[_a-z0-9]*<' a.svg)" = "$(jq '2 * ([.layers[] | select(.layer == "m/conv1")] | length)' r.json)" ]
	[ "$(grep -c '>input_layer1<' a.svg)" = 1 ]
	[ "$(grep -c '>cluster_[0-7]<' a.svg)" = 16 ]
	grep -q '>context_1: ' a.svg
	# The slowest layer's bar has 700 units, the others their share.
	jq -r '([.layers[] | .row_cycles * .rows] | max) as $m | .layers[] |
		.row_cycles * .rows * 7000 / $m | round / 10' r.json | sort -n > want
	awk -F'"' '/^<rect x="276.0"/ { print $6 + 0 }' a.svg | sort -n > got
	paste want got | awk '{ d = $1 - $2; if (d * d > 0.011) exit 1 }'
	[ "$(wc -l < want)" = "$(wc -l < got)" ]
	# Nothing lies outside the picture.
	awk -F'"' '/^<svg/ { w = $4; h = $6 } /^<rect/ { if ($2 + $6 > w + 0.1 || $4 + $8 > h + 0.1 || $2 < 0) exit 1 }' a.svg
	allocated "$(cat "$BATS_FILE_TMPDIR/two.alls")" --svg b.svg
	cmp a.svg b.svg
}
