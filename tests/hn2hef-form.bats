# hn2hef: the form of the HEF as hef_param(...) and platform_param(targets=ethernet) decide it.
load helper
load hef

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	quantized_shapes
	hn-infer -q -c bit_exact --in "$SHAPES/test_x.npy" --data-count 10 --raw -o emu.npy shapes.q.har
	form plain ''
}

setup() {
	scratch
	D=$BATS_FILE_TMPDIR
}

# NAME.hef of the shipped model with a script.
form() {
	hn-alloc -q -s <(echo "$2") "$BATS_FILE_TMPDIR/shapes.q.har" -o "$1.a.har"
	hn2hef -q "$1.a.har" -o "$1.hef"
}

# Extensions that must be understood, in one line.
extensions() {
	hef_message "$1" | awk '/^extensions/ { in_it = 1 } in_it && /type_index/ { print $2 } /^}/ { in_it = 0 }' | xargs
}

sound() {
	hef-run --check "$1" > checked
	grep -q 'every rule holds$' checked
	hef-run -q --in "$SHAPES/test_x.npy" --data-count 10 --raw -o hef.npy "$1"
	same_bytes hef.npy "$D/emu.npy"
}

@test "configuration words are packed unless the script says no: smaller, same values, same times" {
	form raw 'hef_param(params_load_time_compression=False)'
	[ "$(extensions "$D/plain.hef")" = "5 13 26" ]
	[ "$(extensions raw.hef)" = "13 26" ]
	[ "$(stat -c %s "$D/plain.hef")" -lt "$(($(stat -c %s raw.hef) * 9 / 10))" ]
	sound raw.hef
	sound "$D/plain.hef"
	hef-run -q --timing a.json "$D/plain.hef"
	hef-run -q --timing b.json raw.hef
	same_bytes a.json b.json
	form on 'hef_param(params_load_time_compression=True)'
	same_bytes on.hef "$D/plain.hef"
}

@test "damaged packed words are refused" {
	form md5 'hef_param(hef_signature=md5)'
	# The magic number of the first zstd block, the lengths in front of it, its header.
	block=$(LC_ALL=C grep -aboP '\x28\xb5\x2f\xfd' md5.hef | head -n 1 | cut -d : -f 1)
	for at in $((block + 1)) $((block - 3)) $((block - 7)) $((block + 5)); do
		flipped md5.hef $at > bad.hef
		# The checksum again, so that the damage reaches the unpacking.
		tail -c +33 bad.hef | md5sum | cut -c 1-32 | sed 's/../\\x&/g' > sum
		# shellcheck disable=SC2059 # the escapes are the format
		printf "$(cat sum)" | dd of=bad.hef bs=1 seek=16 conv=notrunc 2> /dev/null
		run --separate-stderr hef-run --check bad.hef
		[ "$status" -eq 1 ] || report "byte $at"
		[[ $stderr == "hef-run: bad.hef: "*configuration* ]] || report "byte $at"
	done
}

@test "without the sequencer, layer controllers are started alone" {
	form none 'hef_param(should_use_sequencer=False)'
	hef_message "$D/plain.hef" > with
	hef_message none.hef > without
	[ "$(grep -c 'enable_sequencer {' with)" -eq "$(grep -c 'wait_for_sequencer {' with)" ]
	[ "$(grep -c 'enable_sequencer {' with)" -gt 0 ]
	run ! grep -q 'sequencer {' without
	[ "$(grep -c 'enable_lcu {' with)" -eq "$(grep -c 'enable_lcu {' without)" ]
	sound none.hef
}

@test "hef_signature chooses the checksum: md5 and crc32 as other programs compute them" {
	form md5 'hef_param(hef_signature=md5)'
	form crc32 'hef_param(hef_signature=crc32)'
	form xxh 'hef_param(hef_signature=xxhash3_64)'
	[ "$(head -c 32 md5.hef | tail -c 16 | od -An -tx1 | tr -d ' \n')" = "$(tail -c +33 md5.hef | md5sum | cut -d ' ' -f 1)" ]
	# The trailer of gzip has the CRC, little-endian.
	want=$(tail -c +29 crc32.hef | gzip -c | tail -c 8 | od -An -tx1 -N 4 | awk '{ print $4 $3 $2 $1 }')
	[ "$(head -c 16 crc32.hef | tail -c 4 | od -An -tx1 | tr -d ' \n')" = "$want" ]
	same_bytes xxh.hef "$D/plain.hef"
	for f in md5 crc32; do
		sound $f.hef
		diff <(hef-run --info $f.hef) <(hef-run --info xxh.hef)
		for at in 20 400 5000; do
			flipped $f.hef $at > bad.hef
			run --separate-stderr hef-run --check bad.hef
			[ "$status" -eq 1 ] || report "$f, byte $at"
		done
	done
	# The oldest form has the words in the message.
	[ "$(hef_message md5.hef | grep -c 'write_data_ccw {')" -gt 10 ]
	[ "$(hef_message crc32.hef | grep -c 'write_data_ccw {')" -eq 0 ]
	fails_with 1 "hn-alloc: /dev/stdin:1:25: hef_param: argument 'hef_signature' is sha1, one of md5, crc32, xxhash3_64 expected" \
		bash -c 'echo "hef_param(hef_signature=sha1)" | hn-alloc -q -s /dev/stdin "$1" -o x.har' - "$D/shapes.q.har"
}

@test "share_config: header version 3, extension 32, words that begin with a page" {
	form shared 'hef_param(share_config=enabled)'
	[ "$(extensions shared.hef)" = "5 13 26 32" ]
	[ "$(head -c 8 shared.hef | od -An -tx1 | tr -d ' ')" = 0148454600000003 ]
	proto=$((16#$(head -c 12 shared.hef | tail -c 4 | od -An -tx1 | tr -d ' ')))
	pad=$((16#$(head -c 32 shared.hef | tail -c 4 | od -An -tx1 | tr -d ' ')))
	[ $(((56 + proto + pad) % 4096)) -eq 0 ]
	sound shared.hef
	hn-alloc -q -s <(echo 'hef_param(hef_signature=crc32, share_config=True)') "$D/shapes.q.har" -o a.har
	run --separate-stderr hn2hef -q a.har -o a.hef
	[ "$status" -eq 1 ]
	[[ $stderr == "hn2hef: "*": hef_param: share_config needs hef_signature=xxhash3_64" ]]
	[ ! -e a.hef ]
}

@test "cfg_channel_count and dma_engine_count spread the configuration" {
	form three 'hef_param(cfg_channel_count=3, dma_engine_count=2)'
	hef_message three.hef > m
	[ "$(grep -c 'cfg_channel_index: 1' m)" -gt 2 ]
	[ "$(grep -c 'cfg_channel_index: 2' m)" -gt 2 ]
	grep -q 'cfg_channels_count: 3' m
	grep -A 2 'cfg_channels_config' m | grep -q 'engine_id: 1'
	hef_message "$D/plain.hef" | grep -q 'cfg_channels_count: 1'
	sound three.hef
}

@test "a HEF for Ethernet: no sequencer, nothing packed, all in the preliminary configuration" {
	form eth 'platform_param(targets=[ethernet]) hef_param(should_use_sequencer=True)'
	[ "$(extensions eth.hef)" = "13 26" ]
	hef_message eth.hef > m
	run ! grep -q 'sequencer {' m
	sed -n '/preliminary_config {/,/^      }/p' m > preliminary
	[ "$(grep -c 'enable_lcu {' preliminary)" -eq "$(grep -c 'enable_lcu {' m)" ]
	[ "$(grep -c 'write_data_ccw_ptr {' preliminary)" -eq "$(grep -c 'write_data_ccw_ptr {' m)" ]
	[ "$(grep -c 'allow_input_dataflow {' m)" -eq 1 ]
	run ! grep -q 'allow_input_dataflow {' preliminary
	sound eth.hef
}

@test "the mapping says what runs where, and how layers are divided; strip_mapping_info removes it" {
	form divided '{} = defuse(conv3, 2, defuse_type=SPATIAL)'
	hef_message divided.hef > m
	sed -n "s/^mapping: \"\(.*\)\"$/\1/p" m | sed 's/\\"/"/g' > map.json
	[ "$(jq -c '[.layers[] | [.name, .layer, .context, .cluster, .subclusters]]' map.json)" = \
		"$(har-pack -m alloc.json divided.a.har | jq -c '[.layers[] | [.name, .layer, .context, .cluster, .subclusters]]')" ]
	[ "$(jq -c '[.layers[] | select(.layer == "shapes/conv3") | .original_names] | unique' map.json)" = \
		"$(har-pack -m hn divided.a.har | jq -c '[.layers["shapes/conv3"].original_names]')" ]
	[ "$(sed -n '/fused_layers_metadata {/,/^      }/p' m | grep -E 'defused_layers_names|^ *name: ' | tr -d ' ')" = \
'name:"shapes/conv3"
defused_layers_names:"shapes/conv3_sd0"
defused_layers_names:"shapes/conv3_sd1"' ]
	run ! grep -q network_has_fused_layers m
	form stripped 'hef_param(strip_mapping_info=True) {} = defuse(conv3, 2, defuse_type=SPATIAL)'
	[ "$(stat -c %s stripped.hef)" -lt "$(stat -c %s divided.hef)" ]
	form raw 'hef_param(strip_mapping_info=True, params_load_time_compression=False) {} = defuse(conv3, 2, defuse_type=SPATIAL)'
	for f in stripped raw; do
		hef_message $f.hef > s
		run ! grep -qE '^mapping:|fused_layers_metadata' s
		run ! grep -aqE 'conv3|maxpool1' $f.hef
		sound $f.hef
	done
	diff <(hef-run --info --parse-streams --parse-vstreams stripped.hef) <(hef-run --info --parse-streams --parse-vstreams divided.hef)
	# Shorter names load sooner.
	times='s/bottleneck [^;]*//; s/configuration.*//'
	diff <(hef-run stripped.hef | sed "$times") <(hef-run divided.hef | sed "$times")
}

@test "merged layers have one controller, with the rows of all, and their units once" {
	form apart 'place(1, [conv1, conv2])'
	form merged 'place(1, [both]) both = merge(conv1, conv2)'
	hef_message apart.hef > a
	hef_message merged.hef > m
	[ "$(grep -c 'enable_lcu {' m)" -eq $(($(grep -c 'enable_lcu {' a) - 1)) ]
	count=$(har-pack -m alloc.json merged.a.har | jq '[.layers[] | select(.layer == "shapes/conv1" or .layer == "shapes/conv2") | .rows] | add')
	grep -q "lcu_kernel_done_count: $count\$" m
	run ! grep -q "lcu_kernel_done_count: $count\$" a
	units=$(har-pack -m alloc.json merged.a.har | jq '[.layers[] | select(.layer == "shapes/conv1" or .layer == "shapes/conv2")] as $m |
		([.layers[] | select(.cluster == $m[0].cluster)] - $m | [.[].subclusters] | add // 0) + ([$m[].subclusters] | max)')
	grep -q "active_sc_bitmap: $(((1 << units) - 1))\$" m
	# All controllers of a cluster have numbers of their own.
	[ -z "$(sed -n '/enable_lcu {/,/}/p' m | awk '/enable_lcu/ { l = c = 0 } /lcu_index/ { l = $2 } /cluster_index/ { c = $2 } /}/ { print c "," l }' | sort | uniq -d)" ]
	sed -n "s/^mapping: \"\(.*\)\"$/\1/p" m | sed 's/\\"/"/g' |
		jq -e '[.layers[] | select(.merged_with) | [.name, .merged_with]] | length == 2 and (.[0][1] == .[1][1])'
	sound merged.hef
}

@test "boundary streams carry the names of the original model" {
	hef_message "$D/plain.hef" | awk '/layer_info {/ { in_it = 1 } in_it && /original_names:/ { print $2; in_it = 0 }' | tr -d '"' > names
	[ "$(sed -n 1p names)" = "$(har-pack -m hn "$D/plain.a.har" | jq -r '.layers["shapes/input_layer1"].original_names[0]')" ]
	[ "$(sed -n 2p names)" = "$(har-pack -m hn "$D/plain.a.har" | jq -r '.layers["shapes/fc1"].original_names[0]')" ]
}

@test "the expected rate stands in the group" {
	fps=$(har-pack -m alloc.json "$D/plain.a.har" | jq .fps)
	[ "$(hef_message "$D/plain.hef" | awk '/bottleneck_fps/ { print $2; exit }')" = "$(awk -v x="$fps" 'BEGIN { printf "%.17g", x }')" ] ||
		awk -v a="$fps" -v b="$(hef_message "$D/plain.hef" | awk '/bottleneck_fps/ { print $2; exit }')" 'BEGIN { exit !(a > 0 && (a - b) / a < 1e-9 && (b - a) / a < 1e-9) }'
}

@test "the same script gives the same bytes" {
	for s in hef_signature=md5 share_config=True cfg_channel_count=4; do
		form a "hef_param($s)"
		form b "hef_param($s)"
		same_bytes a.hef b.hef
	done
}
