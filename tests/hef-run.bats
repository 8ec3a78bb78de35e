# hef-run: execute, time, check or describe a HEF.
load helper

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	quantized_shapes
	hn-alloc -q -a hailo8 shapes.q.har -o shapes.a.har
	hn2hef -q shapes.a.har -o shapes.hef
	for f in single contexts partial feature ddr deadlock w4 softmax foreign; do
		mkhef $f $f.hef
	done
}

setup() {
	scratch
	D=$BATS_FILE_TMPDIR
	H=$D/shapes.hef
}

# Codes of n images of 8x8x3 for the programmes of mkhef.
codes() {
	arr npy "$1" uint8 "$2,8,8,3" $(seq 1 $((192 * $2)) | awk '{ print $1 * 37 % 256 }')
}

@test "the HEF alone gives the emulator's integers, with any number of threads and any batch" {
	hn-infer -q -c bit_exact --in "$SHAPES/test_x.npy" --data-count 40 --raw -o emu.npy "$D/shapes.q.har"
	for o in "-j 1" "-j 2" "--batch 1" "--batch 7" "--batch 64"; do
		# shellcheck disable=SC2086 # options
		hef-run -q $o --in "$SHAPES/test_x.npy" --data-count 40 --raw -o hef.npy "$H"
		same_bytes emu.npy hef.npy
	done
}

@test "without --raw the outputs are the emulator's floats" {
	hn-infer -q -c bit_exact --in "$SHAPES/test_x.npy" --data-count 9 -o emu.npy "$D/shapes.q.har"
	hef-run -q --in input_layer1="$SHAPES/test_x.npy" --data-count 9 -o hef.npy "$H"
	same_bytes emu.npy hef.npy
}

@test "accuracy is the emulator's" {
	hn-infer -q -c quantized --in "$SHAPES/test_x.npy" --labels "$SHAPES/test_y.npy" --top 1,3 "$D/shapes.q.har" > emu
	hef-run -q --in "$SHAPES/test_x.npy" --labels "$SHAPES/test_y.npy" --top 1,3 "$H" > hef
	same_bytes emu hef
}

@test "several outputs go into one .npz under the names of the output layers" {
	codes x.npy 3
	hef-run -q --in x.npy --raw -o out.npz "$D/single.hef"
	[ "$(arr keys out.npz)" = "net/output_layer1 uint8 [3,10]
net/output_layer2 uint8 [3,8,8,8]" ]
	arr get out.npz net/output_layer2 one.npy
	[ "$(arr text one.npy | head -n 1)" = "uint8 [3,8,8,8]" ]
}

@test "contexts, layouts, external memory and packed weights do not change a value" {
	codes x.npy 5
	hef-run -q --in x.npy --raw -o single.npz "$D/single.hef"
	for f in contexts partial ddr; do
		hef-run -q --in x.npy --raw --batch 2 -o $f.npz "$D/$f.hef"
		same_bytes single.npz $f.npz
	done
	hef-run -q --in x.npy --raw -o feature.npz "$D/feature.hef"
	same_bytes single.npz feature.npz
}

@test "a scale per feature reaches the floats" {
	codes x.npy 1
	hef-run -q --in x.npy -o a.npz "$D/single.hef"
	hef-run -q --in x.npy -o b.npz "$D/feature.hef"
	arr get a.npz net/output_layer1 a.npy
	arr get b.npz net/output_layer1 b.npy
	paste <(arr text a.npy | tail -n +2 | tr ' ' '\n' | grep .) <(arr text b.npy | tail -n +2 | tr ' ' '\n' | grep .) |
		awk '{ want = NR == 4 ? $1 / 2 : $1; if (want != $2) { print NR ": " $0; bad = 1 } } END { exit bad || NR < 10 }'
}

@test "times: a line for each context, one for the network, layers with -v" {
	run hef-run "$H"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[0]} =~ ^context\ 0:\ [0-9]+\ cycles\ per\ frame,\ bottleneck\ shapes/[a-z0-9]+\;\ first\ frame\ [0-9]+\ cycles ]]
	[[ ${lines[1]} =~ ^shapes\ on\ hailo8:\ [0-9.]+\ FPS,\ latency\ [0-9.]+\ ms$ ]]
	run hef-run -v "$H"
	[ "${#lines[@]}" -eq 17 ]
	[ -z "$(hef-run -q "$H")" ]
	run hef-run "$D/contexts.hef"
	[[ ${lines[2]} =~ ^net\ on\ hailo8:\ [0-9.]+\ FPS\ in\ batches\ of\ 4,\ latency\ [0-9.]+\ ms$ ]]
	run hef-run --batch 9 "$D/contexts.hef"
	[[ ${lines[2]} == *"in batches of 9, "* ]]
}

@test "--timing writes what each layer, buffer and context does; the rate is the allocator's" {
	hef-run -q --timing t.json "$H"
	[ "$(jq '.layers | length' t.json)" -eq 14 ]
	[ "$(jq '.edges | length' t.json)" -eq 15 ]
	[ "$(jq '[.edges[] | select(.peak_rows > .rows)] | length' t.json)" -eq 0 ]
	[ "$(jq '.contexts[0].interval_cycles' t.json)" = "$(har-pack -m alloc.json "$D/shapes.a.har" | jq '.interval_cycles[0]')" ]
	[ "$(jq '.clock_hz / .contexts[0].interval_cycles == .fps' t.json)" = true ]
	hef-run -q --timing u.json "$H"
	same_bytes t.json u.json
}

@test "with several contexts the rate is the allocator's, too, at any batch" {
	cat > s.alls <<-'END'
		context_0 = context([input_layer1, normalization1, conv1, maxpool1, conv2, conv3, conv4])
		context_1 = context([dw1, conv5, conv6, conv7, avgpool1, fc1, output_layer1])
		{} = defuse(conv3, 2, defuse_type=SPATIAL)
	END
	for batch in 1 8 64; do
		echo "performance_param(optimize_for_batch=$batch)" | cat s.alls - > b.alls
		hn-alloc -q -s b.alls "$D/shapes.q.har" -o a.har --report r.json
		hn2hef -q a.har -o a.hef
		hef-run -q --timing t.json a.hef
		[ "$(jq -c '[.contexts[].interval_cycles]' t.json)" = "$(jq -c '.interval_cycles' r.json)" ]
		jq -n --slurpfile a r.json --slurpfile t t.json -e \
			'$t[0].batch == $a[0].batch and ($t[0].fps / $a[0].fps - 1 | fabs) < 0.001'
	done
	# The switches: 1.7 ms each, far more than this model's words and rows take.
	jq -e '(.batch_ms - 3.4) * 1e-3 * .clock_hz - 64 * ([.contexts[].interval_cycles] | add) | fabs < 1' t.json
}

@test "a buffer that is too small is a deadlock that names it" {
	fails_with 1 "hef-run: $D/deadlock.hef: deadlock: buffer from 'net/conv1_d0' to 'net/ew_add1' holds 1 rows, 2 needed" \
		hef-run "$D/deadlock.hef"
	fails_with 1 "hef-run: $D/deadlock.hef: deadlock: buffer from 'net/conv1_d0' to 'net/ew_add1' holds 1 rows, 2 needed" \
		hef-run --in x.npy "$D/deadlock.hef" -o o.npz
	[ ! -e o.npz ]
	echo 'buffers(conv2, conv4, 1)' > b.alls
	hn-alloc -q -s b.alls "$D/shapes.q.har" -o b.har
	hn2hef -q b.har -o b.hef
	fails_with 1 "hef-run: b.hef: deadlock: buffer from 'shapes/conv2' to 'shapes/conv4' holds 1 rows, 3 needed" \
		hef-run b.hef
	hef-run -q --check b.hef
}

@test "--check passes every form" {
	for f in single contexts partial feature ddr deadlock w4 softmax; do
		run hef-run --check "$D/$f.hef"
		[ "$status" -eq 0 ] || report "$f"
		[[ $output == "net for hailo8"*"every rule holds" ]] || report "$f"
	done
}

@test "words that hold no programme of ours are said to, and still described" {
	run --separate-stderr hef-run --check "$D/foreign.hef"
	[ "$status" -eq 1 ]
	[[ $stderr == "hef-run: $D/foreign.hef: configuration words: "* ]]
	[[ $(hef-run --info "$D/foreign.hef") == *"Network group name: net, Single Context"* ]]
}

@test "--info prints the group, streams and v-streams" {
	[ "$(hef-run --info --parse-streams --parse-vstreams "$D/softmax.hef")" = "\
Architecture HEF was compiled for: HAILO8
Network group name: net, Single Context
    Network name: net/net
        Stream infos:
            Input  net/input_layer1 UINT8, NHWC(8x8x8)
            Output net/dense1 UINT8, NC(16)
            Output net/conv2 UINT8, NHWC(8x8x8)
        VStream infos:
            Input  net/input_layer1 UINT8, NHWC(8x8x3)
            Output net/conv2 UINT8, NHWC(8x8x8)
            Output net/post FLOAT32, NC(10)
            Operation:
                SOFTMAX Op
                Name: Softmax-Post-Process" ]
	run hef-run --info --parse-streams "$D/partial.hef"
	[ "${lines[0]}" = "Architecture HEF was compiled for: HAILO8L" ]
	[[ $output != *"VStream infos:"* ]]
}

@test "a flip of any byte of the header and of bytes of the body is an error that names a rule" {
	size=$(stat -c %s "$D/w4.hef")
	for at in $(seq 0 43) 44 45 100 500 1000 2000 $((size - 1)) $((size / 2)); do
		flipped "$D/w4.hef" "$at" > bad.hef
		unchanged run --separate-stderr hef-run bad.hef
		[ "$status" -eq 1 ] || report "byte $at"
		[[ $stderr == "hef-run: bad.hef: rule "* ]] || report "byte $at"
		[ "${#stderr_lines[@]}" -eq 1 ] || report "byte $at"
	done
}

@test "a truncated file, one byte more, and what is no HEF are refused" {
	for n in 1 11 43 44 100 4000; do
		truncated "$D/w4.hef" $n > cut.hef
		unchanged run --separate-stderr hef-run cut.hef
		[ "$status" -eq 1 ]
		[[ $stderr == "hef-run: cut.hef: rule "* ]] || report "$n bytes"
	done
	cp "$D/w4.hef" more.hef
	echo >> more.hef
	run --separate-stderr hef-run more.hef
	[[ $stderr == "hef-run: more.hef: rule length: "* ]]
	fails_with 1 "hef-run: $D/shapes.q.har: rule magic: not a HEF: it does not start with 01 48 45 46" hef-run "$D/shapes.q.har"
	fails_with 1 "hef-run: standard input: rule size: a file of 0 bytes, 56 is the least" hef-run < /dev/null
}

@test "data of the wrong shape and labels of the wrong length are refused" {
	codes x.npy 2
	run --separate-stderr hef-run --in x.npy -o out.npy "$H"
	[ "$status" -eq 1 ]
	[ ! -e out.npy ]
	[[ $stderr == *"[2,8,8,3]"* ]]
	run --separate-stderr hef-run --in "$SHAPES/test_x.npy" --labels x.npy "$H"
	[ "$status" -eq 1 ]
}

@test "misuse is refused" {
	usage_error "hef-run: --top needs --labels FILE" hef-run --top 1 "$H"
	usage_error "hef-run: --labels needs data: --in FILE.npy" hef-run --labels x.npy "$H"
	usage_error "hef-run: --raw needs data: --in FILE.npy" hef-run --raw "$H"
	usage_error "hef-run: -o needs data: --in FILE.npy" hef-run -o x.npy "$H"
	usage_error "hef-run: --check and --info run nothing: no --in, no --timing" hef-run --check --timing t.json "$H"
	usage_error "hef-run: --parse-streams and --parse-vstreams need --info" hef-run --parse-streams "$H"
}

@test "hef(5) lists every rule of the checker, in its order" {
	sed -n '/^\.\\" RULES/,/^\.\\" END RULES/p' "$ROOT/man/man5/hef.5" | sed '1d;$d' > manual
	hef-rules > checker
	same_bytes manual checker
	[ "$(grep -c '^\.It' checker)" -gt 90 ]
}
