# hn-alloc: layers that only pass on rows, between others.
load helper

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	quantized_shapes
	hn-infer -q -c bit_exact --raw --in "$SHAPES/calib.npy" shapes.q.har -o want.npy
}

setup() {
	scratch
	Q=$BATS_FILE_TMPDIR/shapes.q.har
}

# Allocates with the script on stdin; report.json, a.har.
allocated() {
	cat > s.alls
	hn-alloc -q -s s.alls "$@" "$Q" -o a.har --report report.json
}

# The edges of the relay $1: from, to, kind.
edges_of() {
	jq -c --arg n "shapes/$1" '.layers as $l | [.edges[] | [$l[.from].name, $l[.to].name, .kind] |
		select(.[0] == $n or .[1] == $n) | map(sub("^shapes/"; ""))]' report.json
}

layer() {
	jq -c --arg n "shapes/$1" ".layers[] | select(.name == \$n) | $2" report.json
}

# The report's rows of the buffer from $1 to $2.
rows() {
	jq --arg a "shapes/$1" --arg b "shapes/$2" '.layers as $l |
		.edges[] | select($l[.from].name == $a and $l[.to].name == $b) | .rows' report.json
}

# The automatic script repeats a.har, hef-run agrees in values and rate, the HEF keeps its rules.
holds() {
	har-pack -m auto.alls a.har > auto.alls
	hn-alloc -q "$@" -s auto.alls "$Q" -o again.har
	for m in alloc.json auto.alls; do
		cmp <(har-pack -m $m a.har) <(har-pack -m $m again.har) || return
	done
	hn2hef -q a.har -o a.hef
	hef-run -q --check a.hef
	hef-run -q --raw --in "$SHAPES/calib.npy" --timing time.json a.hef -o got.npy
	same_bytes "$BATS_FILE_TMPDIR/want.npy" got.npy
	jq -n --slurpfile a report.json --slurpfile t time.json -e '($a[0].fps / $t[0].fps - 1 | fabs) < 1e-3'
}

@test "a shortcut takes a layer controller, an aligner and an APU, and its consumers read it" {
	hn-alloc -q "$Q" -o plain.har --report plain.json
	allocated <<- 'END'
		s1 = shortcut(conv2, [conv3, conv4])
		place(3, [s1])
		buffers(s1, conv4, 9)
	END
	[ "$(edges_of s1)" = '[["conv2","s1","l3"],["s1","conv3","l3"],["s1","conv4","l3"]]' ]
	[ "$(layer s1 '[.kind, .cluster, .lcus, .subclusters, .input_aligners, .apus]')" = '["shortcut",3,1,0,1,1]' ]
	[ "$(rows s1 conv4)" = 9 ]
	# 16 columns of 24 features: two groups of 8, at 0.8 of an aligner's rate.
	[ "$(layer s1 '.row_cycles, .rows' | paste -sd ' ')" = '60 16' ]
	jq -n --slurpfile a plain.json --slurpfile b report.json -e \
		'([$b[0], $a[0]] | map([.layers[].lcus] | add) | .[0] - .[1]) == 1'
	holds
}

@test "a relay makes the network as slow as it is" {
	jq '.throughput.ia_utilization = 0.01' "$ROOT/share/targets/hailo8.json" > t.json
	allocated -a ./t.json <<< 's1 = shortcut(conv2, conv3)'
	# 48 values of a column group take 4800 cycles, for 16 rows; nothing else here reads more.
	[ "$(layer s1 .row_cycles)" = 4800 ]
	holds -a ./t.json
}

@test "a portal takes L3 of the cluster it leads to, and no controller" {
	allocated <<- 'END'
		p = portal(conv1, maxpool1)
		place(2, [maxpool1])
	END
	[ "$(edges_of p)" = '[["conv1","p","l3"],["p","maxpool1","l3"]]' ]
	[ "$(layer p '[.kind, .cluster, .lcus, .input_aligners, .apus]')" = '["portal",2,0,0,0]' ]
	jq -e '.layers[] | select(.name == "shapes/p") | .l3_buffer_cuts >= 1' report.json
	holds
}

@test "an L4 portal keeps the rows of a buffer in L4, and leaves a window of them in L3" {
	echo | allocated
	deep=$(rows conv5 conv7)
	allocated <<< 'p = l4_portal(conv5, conv7)'
	[ "$(layer p '[.kind, .cluster, .l3_buffer_cuts]')" = '["l4_portal",-1,0]' ]
	[ "$(rows conv5 p)" -ge "$deep" ]
	[ "$(rows p conv7)" -lt "$deep" ]
	holds
	# L4 counts it: with all cuts taken there is no room.
	jq '.device.l4_cuts = 1' "$ROOT/share/targets/hailo8.json" > t.json
	echo 'context_switch_param(mode=disabled)' > one.alls
	hn-alloc -q -a ./t.json -s one.alls "$Q" -o b.har
	cat one.alls >> s.alls
	run --separate-stderr hn-alloc -q -a ./t.json -s s.alls "$Q"
	[ "$status" -eq 1 ]
	[[ $stderr == *'L4 cuts, hailo8 has 1'* ]]
	allocated -a ./t.json <<< 'p = portal(conv5, conv7, buffer_in_l4=False)'
	[ "$(layer p .kind)" = '"portal"' ]
	# Of several consumers, one may wait for another: the window of each would not do.
	allocated <<< 'p = l4_portal(conv2, [conv3, conv4])'
	jq -e '.fps > 0' report.json
	holds
	allocated <<< 'p = portal(conv5, conv7, buffer_in_l4=True)'
	[ "$(layer p .kind)" = '"l4_portal"' ]
}

@test "rows of a ddr portal go out and come back over the link" {
	allocated <<< 'd = ddr(conv5, conv7)'
	[ "$(edges_of d)" = '[["conv5","d","ddr"],["d","conv7","l3"]]' ]
	[ "$(layer d '[.kind, .cluster, .lcus]')" = '["ddr",-1,0]' ]
	bandwidth=$(jq .memory_system.effective_bytes_per_s "$ROOT/share/targets/hailo8.json")
	# 8 columns of 48 features, twice.
	[ "$(layer d .row_cycles)" = "$(awk -v b="$bandwidth" 'BEGIN { c = 384 / b * 4e8; n = int(c); print 2 * (n + (c > n)) }')" ]
	holds
	jq '.memory_system |= (.effective_bytes_per_s = 1e8 | .boundary_bytes_per_s = 1e8)' "$ROOT/share/targets/hailo8.json" > t.json
	allocated -a ./t.json <<< 'd = ddr(conv5, conv7)'
	# Eight rows of 384 bytes, twice, an input of 1024 bytes and an output of 12.
	jq -e '.fps * (8 * 384 * 2 + 1024 + 12) / 1e8 | . > 0.95 and . < 1.01' report.json
	holds -a ./t.json
}

@test "concats and splitters take some of a layer's inputs or outputs through one relay" {
	cat <<- 'END' | mkonnx m.onnx
		input x 1,3,8,8
		init w1 8,3,1,1 .3 -.2 .1 .25 -.15 .05 -.3
		init w2 8,3,3,3 .1 -.1 .2 .05 -.15
		init w3 8,3,1,1 .2 .3 -.1
		init v1 8,8,1,1 .5 -.3 .2
		init v2 8,16,1,1 .4 -.3 .2 .1
		node Conv c1 x,w1 a kernel_shape=1,1
		node Conv c2 x,w2 b kernel_shape=3,3 pads=1,1,1,1
		node Conv c3 x,w3 c kernel_shape=1,1
		node Concat k a,b,c d axis=1
		node Split s d e,f axis=1 split=8,16
		node Conv c4 e,v1 g kernel_shape=1,1
		node Conv c5 f,v2 h kernel_shape=1,1
		node Add add g,h y
		output y
	END
	seq 0 1919 | awk '{ printf "%d ", ($1 * 7919) % 256 }' > x.txt
	arr npy x.npy uint8 10,8,8,3 $(cat x.txt)
	onnx2hn -q m.onnx | hn-normalize -q | hn-quantize -q -c x.npy -o q.har 2> log
	hn-alloc -q q.har --report report.json -o a.har
	split=$(jq -r '.layers[].name | select(test("split"))' report.json)
	cat > s.alls <<- END
		pair = concat([conv1, conv2], concat1)
		fs = feature_splitter($split, [conv4, conv5])
		ws = shape_splitter(SPLIT_FEATURES, fs, [conv5])
	END
	hn-alloc -q -s s.alls q.har -o a.har --report report.json
	[ "$(jq -c '.layers as $l | [.edges[] | select($l[.to].name == "m/concat1") | [$l[.from].name, .input, .port]]' report.json)" = \
		'[["m/pair",0,0],["m/pair",1,1],["m/conv3",2,0]]' ]
	[ "$(jq -c --arg s "$split" '.layers as $l | [.edges[] | select($l[.from].name == $s) | $l[.to].name]' report.json)" = '["m/fs","m/fs"]' ]
	[ "$(jq -c '.layers as $l | [.edges[] | select($l[.from].name == "m/fs" or $l[.from].name == "m/ws") | $l[.to].name]' report.json)" = \
		'["m/ws","m/conv4","m/conv5"]' ]
	[ "$(jq -c '[.layers[] | select(.kind) | .kind]' report.json)" = '["concat","feature_splitter","shape_splitter"]' ]
	har-pack -m auto.alls a.har > auto.alls
	hn-alloc -q -s auto.alls q.har -o again.har
	cmp <(har-pack -m auto.alls a.har) <(har-pack -m auto.alls again.har)
	hn2hef -q a.har -o a.hef
	hef-run -q --raw --in x.npy a.hef -o got.npy
	hn-infer -q -c bit_exact --raw --in x.npy q.har -o want.npy
	same_bytes want.npy got.npy
}

@test "relays join parts of layers and other relays, in any context" {
	allocated <<- 'END'
		context_0 = context([input_layer1, normalization1, conv1, maxpool1, conv2, conv3, s1, conv4])
		context_1 = context([dw1, conv5, conv6, conv7, avgpool1, fc1, output_layer1, s2, d2])
		s1 = shortcut(conv2, [conv3, conv4])
		s2 = shortcut(conv4, dw1)
		a, b, c, all = defuse(conv5, 3)
		tree = concat([a, b], all)
		d2 = ddr(tree, conv7)
		s3 = shortcut(c, [conv6])
		p = portal(conv2, s1)
		place(1, [all, s3])
		compilation_param(all, use_16x4_sc=disabled)
		buffers(all, conv7, 6)
	END
	[ "$(edges_of s2)" = '[["conv4","s2","inter_context"],["s2","dw1","l3"]]' ]
	[ "$(edges_of tree)" = '[["a","tree","l3"],["b","tree","l3"],["tree","d2","ddr"],["tree","conv6","l3"]]' ]
	[ "$(layer s3 .cluster)" = 1 ]
	[ "$(rows c conv7)" = 6 ]
	[ "$(edges_of p)" = '[["conv2","p","l3"],["p","s1","l3"]]' ]
	holds
}

@test "relays that join nothing, are somewhere else, or take no place are refused" {
	fails() {
		echo "$1" > s.alls
		fails_with 1 "hn-alloc: s.alls:1:$2" hn-alloc -q -s s.alls "$Q"
	}
	fails 's = shortcut(conv1, [maxpool1, fc1])' "5: shortcut: 'shapes/conv1' and 'shapes/fc1' are not connected"
	fails 'conv2 = shortcut(conv1, maxpool1)' "9: shortcut: 'shapes/conv2' is already a layer"
	fails 's = shortcut(conv1, {max*})' "21: shortcut: a layer's name or a list of names expected"
	printf '%s\n' 'd = ddr(conv1, maxpool1)' 'place(0, [d])' > s.alls
	fails_with 1 "hn-alloc: s.alls:2:1: place: 'shapes/d' is a ddr, which takes no place in a cluster" \
		hn-alloc -q -s s.alls "$Q"
}

@test "what a network needs at least includes its relays" {
	jq '.clusters.count = 1 | .clusters.ids = [0] | .clusters.lcus = 12' "$ROOT/share/targets/hailo8.json" > t.json
	allocated -a ./t.json <<< 'context_switch_param(mode=disabled)'
	cat > s.alls <<- 'END'
		context_switch_param(mode=disabled)
		a = shortcut(conv1, maxpool1)
		b = shortcut(conv3, conv4)
		c = shortcut(conv6, conv7)
	END
	run --separate-stderr hn-alloc -q -a ./t.json -s s.alls "$Q"
	[ "$status" -eq 1 ]
	[[ $stderr == *'one context needs at least 15 layer controllers, hailo8 has 12'* ]]
}

# A skip connection past four depthwise kernels of 13 rows: the product waits for 24 rows at the least.
skip_net() {
	cat <<- 'END' | mkonnx m.onnx
		input x 1,3,32,32
		init w1 16,3,3,3 .3 -.2 .1 .25 -.15 .05 -.3
		init w2 16,1,13,1 .1 -.1 .2 .05 -.15
		init w3 8,16,1,1 .2 -.1
		node Conv c1 x,w1 a kernel_shape=3,3 pads=1,1,1,1
		node Relu r1 a b
		node Conv d1 b,w2 c kernel_shape=13,1 pads=6,0,6,0 group=16
		node Conv d2 c,w2 d kernel_shape=13,1 pads=6,0,6,0 group=16
		node Conv d3 d,w2 e kernel_shape=13,1 pads=6,0,6,0 group=16
		node Conv d4 e,w2 f kernel_shape=13,1 pads=6,0,6,0 group=16
		node Mul m b,f g
		node Conv c3 g,w3 y kernel_shape=1,1
		output y
	END
	seq 0 30719 | awk '{ printf "%d ", ($1 * 7919) % 256 }' > x.txt
	arr npy x.npy uint8 10,32,32,3 $(cat x.txt)
	onnx2hn -q m.onnx | hn-normalize -q | hn-quantize -q -c x.npy -o q.har 2> log
	# A row has 512 bytes, a cut.
	jq '.clusters.l3_cuts = 24 | .clusters.l3_cut_bytes = 512 | .device.l4_cuts = 1' "$ROOT/share/targets/hailo8.json" > t.json
	echo 'context_switch_param(mode=disabled)' > one.alls
}

# The allocation has one relay, of kind $1, in front of the product, and works.
spilled() {
	hn-alloc -q -a "./$2" -s s.alls q.har -o a.har --report report.json
	[ "$(jq -c '[.layers[] | select(.kind) | [.kind, .name]]' report.json)" = "[[\"$1\",\"m/$1_from_conv1_to_ew_mult1\"]]" ] ||
		[ "$(jq -c '[.layers[] | select(.kind) | [.kind, .name]]' report.json)" = "[[\"$1\",\"m/${1}_portal_from_conv1_to_ew_mult1\"]]" ] || return
	jq -e '[.layers[] | select(.cluster == 0) | .l3_weight_cuts + .l3_buffer_cuts] | add <= 24' report.json
	jq -e '.fps > 0' report.json
	har-pack -m auto.alls a.har > auto.alls
	hn-alloc -q -a "./$2" -s <(cat one.alls auto.alls) q.har -o again.har
	cmp <(har-pack -m alloc.json a.har) <(har-pack -m alloc.json again.har) || return
	cmp auto.alls <(har-pack -m auto.alls again.har) || return
	hn2hef -q -a "./$2" a.har -o a.hef
	hef-run -q --check a.hef
	hef-run -q --raw --in x.npy --timing time.json a.hef -o got.npy
	hn-infer -q -c bit_exact --raw --in x.npy q.har -o want.npy
	same_bytes want.npy got.npy
	jq -n --slurpfile a report.json --slurpfile t time.json -e '($a[0].fps / $t[0].fps - 1 | fabs) < 0.02'
}

@test "a buffer that L3 has no room for goes to external memory by itself, unless the script or the platform says otherwise" {
	skip_net
	cp one.alls s.alls
	spilled ddr t.json
	for no in 'allocator_param(automatic_ddr=False)' 'platform_param(targets=[ethernet])' \
		'allocator_param(automatic_ddr_l3_cuts_threshold=40)'; do
		{ cat one.alls && echo "$no"; } > s.alls
		run --separate-stderr hn-alloc -q -a ./t.json -s s.alls q.har
		[ "$status" -eq 1 ]
		[[ $stderr =~ 'context_0 does not fit in '.*' (the buffer from '\''m/conv1'\'' to '\''m/ew_mult1'\'' takes '([0-9]+)' of the 24 L3 cuts of a cluster)' ]]
		[ "${BASH_REMATCH[1]}" -gt 24 ]
	done
	printf '%s\n' 'platform_param(targets=[ethernet])' 'd = ddr(conv1, ew_mult1)' > s.alls
	fails_with 1 "hn-alloc: s.alls:2:5: ddr: platform_param(targets=[ethernet]) excludes buffers in external memory" \
		hn-alloc -q -a ./t.json -s s.alls q.har
	# Where it fits, and where contexts make it fit, nothing goes there.
	: > s.alls
	hn-alloc -q -a ./t.json -s s.alls q.har -o a.har --report report.json
	jq -e '.contexts > 1 and ([.layers[] | select(.kind)] == [])' report.json
	hn-alloc -q -s one.alls q.har -o a.har --report report.json
	jq -e '[.layers[] | select(.kind)] == []' report.json
}

@test "while L4 has room, it goes there" {
	skip_net
	jq '.device.l4_cuts = 28' t.json > l4.json
	cp one.alls s.alls
	spilled l4_portal l4.json
	{ cat one.alls && echo 'allocator_param(automatic_l4_portals=False)'; } > s.alls
	spilled ddr l4.json
	{ cat one.alls && echo 'allocator_param(automatic_l4_portals_l3_cuts_threshold=50)'; } > s.alls
	spilled ddr l4.json
}

@test "a format conversion is a layer of the format unit, and a reshape keeps the pixels" {
	allocated <<- 'END'
		f = format_conversion(conv2, conv3, conv4, spatial_reshape, 8, 32, collapse=True)
		g = format_conversion(dw1, conv5, transpose_width_features)
	END
	[ "$(edges_of f)" = '[["conv2","f","l3"],["f","conv3","l3"],["f","conv4","l3"]]' ]
	# 16 columns of 24 features at 8 values a cycle.
	[ "$(layer f '[.kind, .cluster, .lcus, .row_cycles]')" = '["format_conversion",-1,0,48]' ]
	har-pack -m auto.alls a.har | grep -qxF 'shapes/f = format_conversion(shapes/conv2, shapes/conv3, shapes/conv4, spatial_reshape, height=8, width=32, collapse=True)'
	holds
	echo 'f = format_conversion(conv2, conv3, spatial_reshape, 8, 30)' > s.alls
	fails_with 1 "hn-alloc: s.alls:1:5: format_conversion: 'shapes/conv2' has 16x16 pixels, not 8x30" \
		hn-alloc -q -s s.alls "$Q"
}

@test "what a bundle says of a relay is checked before a script is made of it" {
	forged() {
		jq --arg w "$3" "$2" x/good.json > x/shapes.alloc.json
		(cd x && tar cf ../bad.har --format ustar --exclude good.json -- *)
		fails_with 1 "hn-alloc: alloc.json: layer $1" hn-alloc -q --keep-best bad.har
	}
	allocated <<- 'END'
		f = format_conversion(conv2, conv3, conv4, spatial_reshape, 8, 32, collapse=True)
		g = shape_splitter(SPLIT_WIDTH, dw1, [conv5])
		s = shortcut(fc1, [output_layer1])
	END
	hn-alloc -q --keep-best a.har -o again.har
	mkdir x
	har-pack -x x a.har
	mv x/shapes.alloc.json x/good.json
	f='(.layers[] | select(.name == "shapes/f"))'
	g='(.layers[] | select(.name == "shapes/g"))'
	s='(.layers[] | select(.name == "shapes/s"))'
	n=$(jq '[.layers[].name] | index("shapes/f")' x/good.json)
	m=$(jq '[.layers[].name] | index("shapes/g")' x/good.json)
	k=$(jq '[.layers[].name] | index("shapes/s")' x/good.json)
	for word in nix '' 'spatial_reshape, height=8, width=32, collapse=True)'$'\n''place(0, [conv1]' \
		'spatial_reshape, depth=3' 'spatial_reshape, height=8, width=32 # )' 'spatial_reshape,  height=8' \
		SPLIT_WIDTH 'spatial_reshape, height=0'; do
		forged "$n: the word '${word//$'\n'/?}' is none of format_conversion" "$f.word = \$w" "$word"
	done
	forged "$m: the word 'spatial_reshape' is none of shape_splitter" "$g.word = \$w" spatial_reshape
	forged "$m: the word 'INPUT_FEATURES' is none of shape_splitter" "$g.word = \$w" INPUT_FEATURES
	forged "$m: key 'word' is missing" "del($g.word)"
	forged "$k: the word 'SPATIAL' is none of shortcut" "$s.word = \$w" SPATIAL
	for key in name layer merged 'relay.from[0]' 'relay.to[0]'; do
		for name in 'a b' a$'\n'b "a'\"b"; do
			forged "$k: the name '${name//$'\n'/?}' cannot stand in a script" "$s.${key#relay.} = \$w" "$name"
		done
	done
}

@test "automatic reshapes stand at every input and output when they are enabled, and not otherwise" {
	allocated <<< 'allocator_param(automatic_reshapes=enabled)'
	[ "$(jq -c '[.layers[] | select(.kind) | [.kind, .name]]' report.json)" = \
		'[["format_conversion","shapes/auto_reshape_from_input_layer1_to_normalization1"],["format_conversion","shapes/auto_reshape_from_fc1_to_output_layer1"]]' ]
	holds
	for no in allowed disabled; do
		allocated <<< "allocator_param(automatic_reshapes=$no)"
		[ "$(jq -c '[.layers[] | select(.kind)]' report.json)" = '[]' ]
	done
	# Where there is no room for them they are left out.
	jq '.device.l4_cuts = 1' "$ROOT/share/targets/hailo8.json" > t.json
	allocated -a ./t.json <<< 'allocator_param(automatic_reshapes=enabled)'
	[ "$(jq -c '[.layers[] | select(.kind)]' report.json)" = '[]' ]
}

@test "a bucket of layers stays in one context" {
	# Fifteen layers of which each context holds two.
	cat > one.alls <<- 'END'
		context_switch_param(mode=enabled)
		resources_param(max_control_utilization=0.03)
	END
	hn-alloc -q -s one.alls "$Q" -o a.har --report plain.json
	context() {
		jq -c --arg n "shapes/$2" '.layers[] | select(.name == $n) | .context' "$1"
	}
	# Two neighbours that a cut divides.
	pair=$(jq -r '.layers as $l | [.edges[] | select(.kind == "inter_context")][0] | $l[.from].name, $l[.to].name' plain.json | sed 's/.*\///')
	a=$(head -1 <<< "$pair") b=$(tail -1 <<< "$pair")
	[ "$(context plain.json "$a")" != "$(context plain.json "$b")" ]
	allocated <<- END
		$(cat one.alls)
		bucket0 = bucket([$a, $b])
	END
	[ "$(context report.json "$a")" = "$(context report.json "$b")" ]
	holds
	cat > s.alls <<- 'END'
		context_0 = context([input_layer1, normalization1, conv1, maxpool1, conv2, conv3, conv4])
		context_1 = context([dw1, conv5, conv6, conv7, avgpool1, fc1, output_layer1])
		b0 = bucket([conv4, dw1])
	END
	fails_with 1 "hn-alloc: s.alls:3:6: bucket: layer 'shapes/dw1' is in context_1, others of its bucket are in context_0" \
		hn-alloc -q -s s.alls "$Q"
}

@test "output_layer names the output of a layer" {
	allocated <<- 'END'
		out = output_layer(fc1, offdevice_layer=softmax1)
		s = shortcut(fc1, out)
		buffers(s, out, 3)
	END
	[ "$(edges_of s)" = '[["fc1","s","l3"],["s","output_layer1","boundary"]]' ]
	[ "$(rows s output_layer1)" = 3 ]
	holds
	echo 'out = output_layer(conv1)' > s.alls
	fails_with 1 "hn-alloc: s.alls:1:7: output_layer: 'conv1' is no output of the device: the host continues where hn-normalize's commands end the network" \
		hn-alloc -q -s s.alls "$Q"
}

@test "outputs of a mux share a stream: one transfer, rows in the ratio of their heights" {
	two_outputs
	jq '.memory_system.boundary_s_per_transfer = 0.001' "$ROOT/share/targets/hailo8.json" > t.json
	hn-alloc -q -a ./t.json q.har -o a.har --report plain.json
	echo 'mux1 = output_mux([conv3, maxpool1])' > s.alls
	hn-alloc -q -a ./t.json -s s.alls q.har -o a.har --report report.json
	# Two transfers, of the input and of the mux, where there were three.
	jq -n --slurpfile a plain.json --slurpfile b report.json -e '$b[0].fps / $a[0].fps | . > 1.48 and . < 1.52'
	# Outputs of 6 and 4 rows: two steps of three and two rows.
	[ "$(jq -c '.layers[] | select(.name == "m/mux1") | [.kind, .rows]' report.json)" = '["output_mux",2]' ]
	[ "$(jq -c '.layers as $l | [.edges[] | select($l[.from].name == "m/mux1") | .row_bytes]' report.json)" = '[48,64]' ]
	hn-alloc -q -a ./t.json -s <(har-pack -m auto.alls a.har) q.har -o again.har
	cmp <(har-pack -m auto.alls a.har) <(har-pack -m auto.alls again.har)
	hn2hef -q -a ./t.json a.har -o a.hef
	hef-run -q --check a.hef
	hef-run -q --raw --in x.npy --timing time.json a.hef -o got.npz
	hn-infer -q -c bit_exact --raw --in x.npy q.har -o want.npz
	same_bytes want.npz got.npz
	jq -n --slurpfile a report.json --slurpfile t time.json -e '($a[0].fps / $t[0].fps - 1 | fabs) < 1e-3'
	echo 'mux1 = output_mux([conv3, conv1])' > s.alls
	fails_with 1 "hn-alloc: s.alls:1:8: output_mux: 'm/conv1' is no output of the network" hn-alloc -q -s s.alls q.har
}

@test "enable_muxer has the outputs share a stream, but those with a relay or with scales of features" {
	two_outputs
	jq '.memory_system.boundary_s_per_transfer = 0.001' "$ROOT/share/targets/hailo8.json" > t.json
	hn-alloc -q -a ./t.json q.har -o a.har --report plain.json
	echo 'allocator_param(enable_muxer=True)' > s.alls
	hn-alloc -q -a ./t.json -s s.alls q.har -o a.har --report report.json
	# Two transfers, of the input and of the mux, where there were three.
	jq -n --slurpfile a plain.json --slurpfile b report.json -e '$b[0].fps / $a[0].fps | . > 1.48 and . < 1.52'
	har-pack -m auto.alls a.har > auto.alls
	grep -qx 'm/auto_output_mux = output_mux(\[.*\])' auto.alls
	hn-alloc -q -a ./t.json -s auto.alls q.har -o again.har
	for m in alloc.json auto.alls; do
		cmp <(har-pack -m $m a.har) <(har-pack -m $m again.har)
	done
	hn2hef -q -a ./t.json a.har -o a.hef
	hef-run -q --check a.hef
	hef-run -q --raw --in x.npy --timing time.json a.hef -o got.npz
	hn-infer -q -c bit_exact --raw --in x.npy q.har -o want.npz
	same_bytes want.npz got.npz
	jq -n --slurpfile a report.json --slurpfile t time.json -e '($a[0].fps / $t[0].fps - 1 | fabs) < 1e-3'
	# As it is without, where there is nothing to share.
	for off in 'allocator_param(enable_muxer=False)' 'allocator_param(enable_muxer=allowed)' \
		$'allocator_param(enable_muxer=True)\ns = shortcut(conv3, output_layer1)'; do
		hn-alloc -q -a ./t.json -s <(echo "$off") q.har --report report.json -o b.har
		[ "$(jq '[.layers[] | select(.kind == "output_mux")] | length' report.json)" -eq 0 ] || report "$off"
	done
	# Beside it, inputs have their conversions.
	hn-alloc -q -s <(echo 'allocator_param(enable_muxer=True, automatic_reshapes=enabled)') q.har --report report.json -o b.har
	[ "$(jq -c '[.layers[] | select(.kind) | .kind] | sort' report.json)" = '["format_conversion","output_mux"]' ]
	hn-normalize -q -s <(echo 'model_optimization_config(globals, output_encoding_vector=enabled)') <(onnx2hn -q m.onnx) |
		hn-quantize -q -c x.npy -o v.har 2> log
	hn-alloc -q -s s.alls v.har --report report.json -o b.har
	[ "$(jq '[.layers[] | select(.kind == "output_mux")] | length' report.json)" -eq 0 ]
}

# Pools, resizes, a depthwise kernel and a deconvolution; wide enough to divide by columns.
many_layers() {
	cat <<- 'END' | mkonnx m.onnx
		input x 1,3,10,36
		init w1 20,3,3,3 .3 -.2 .1 .25 -.15 .05 -.3
		init w2 20,1,3,3 .1 -.1 .2 .05 -.15
		init w3 20,12,4,3 .2 -.1 .05 -.3 .12
		init w4 8,12,1,1 .2 -.1
		node Conv c1 x,w1 a kernel_shape=3,3 pads=1,1,1,1
		node MaxPool p1 a b kernel_shape=3,3 strides=1,1 pads=1,1,1,1
		node Conv d1 b,w2 c kernel_shape=3,3 pads=1,1,1,1 group=20
		node AveragePool p2 c d kernel_shape=3,5 strides=1,2 pads=1,2,1,2
		init scale 4 1 1 2 2
		node Resize z1 d,-,scale e mode=s:nearest coordinate_transformation_mode=s:asymmetric nearest_mode=s:floor
		node Resize z2 e,-,scale f mode=s:linear coordinate_transformation_mode=s:half_pixel
		node ConvTranspose t f,w3 g kernel_shape=4,3 strides=2,3 pads=1,0,1,0
		node Conv c2 g,w4 y kernel_shape=1,1
		output y
	END
	seq 0 10799 | awk '{ printf "%d ", ($1 * 7919) % 256 }' > x.txt
	arr npy x.npy uint8 10,10,36,3 $(cat x.txt)
	onnx2hn -q m.onnx | hn-normalize -q | hn-quantize -q -c x.npy -o q.har 2> log
}

# The script on stdin divides layers of that network; the values stay, auto.alls repeats it.
divided() {
	cat > s.alls
	hn-alloc -q -s s.alls q.har -o a.har --report report.json
	har-pack -m auto.alls a.har > auto.alls
	hn-alloc -q -s auto.alls q.har -o again.har
	cmp <(har-pack -m alloc.json a.har) <(har-pack -m alloc.json again.har) || return
	cmp auto.alls <(har-pack -m auto.alls again.har) || return
	hn2hef -q a.har -o a.hef
	hef-run -q --check a.hef
	hef-run -q --raw --in x.npy --timing time.json a.hef -o got.npy
	[ -e want.npy ] || hn-infer -q -c bit_exact --raw --in x.npy q.har -o want.npy
	same_bytes want.npy got.npy || return
	jq -n --slurpfile a report.json --slurpfile t time.json -e '($a[0].fps / $t[0].fps - 1 | fabs) < 0.05'
}

@test "pools and resizes are divided by features" {
	many_layers
	divided <<- 'END'
		a, b, c = defuse(maxpool1, 2)
		{} = defuse(avgpool1, 3)
		{} = defuse(resize1, 2)
		{} = defuse(resize2, 3)
	END
	[ "$(jq -c '[.layers[] | select(.layer == "m/maxpool1") | [.name, .feature_from, .feature_to]]' report.json)" = '[["m/a",0,8],["m/b",8,20]]' ]
	[ "$(jq '[.layers[] | select(.name | test("_d[0-9]$"))] | length' report.json)" = 8 ]
	[ "$(jq '[.layers[] | select(.kind)] | length' report.json)" = 0 ]
}

@test "parts by input features read through a splitter, and take in what they need" {
	many_layers
	hn-alloc -q -s <(echo '{} = defuse(maxpool1, 2)') q.har -o a.har --report whole.json
	divided <<- 'END'
		split, a, b, c = defuse(maxpool1, 2, defuse_type=INPUT_FEATURES)
		{} = defuse(dw1, 2, defuse_type=INPUT_FEATURES)
		{} = defuse(avgpool1, 2, defuse_type=INPUT_FEATURES)
		{} = defuse(resize1, 2, defuse_type=INPUT_FEATURES)
		{} = defuse(resize2, 2, defuse_type=INPUT_FEATURES)
		place(3, [split, b])
		buffers(split, b, 7)
		s = shortcut(conv1, split)
	END
	[ "$(jq -c '.layers as $l | [.edges[] | select($l[.from].name == "m/split") | [$l[.to].name, .row_bytes]]' report.json)" = '[["m/a",288],["m/b",432]]' ]
	[ "$(jq -c '[.layers[] | select(.kind) | .name]' report.json)" = '["m/s","m/split","m/dw1_fs","m/avgpool1_fs","m/resize1_fs","m/resize2_fs"]' ]
	[ "$(jq -c '.layers[] | select(.name == "m/split") | [.kind, .cluster, .lcus, .input_aligners, .apus]' report.json)" = '["feature_splitter",3,1,1,1]' ]
	grep -qxF 'm/split, m/a, m/b, m/maxpool1_dc = defuse(m/maxpool1, 2, defuse_type=INPUT_FEATURES)' auto.alls
}

@test "avgpool, nearest resize and deconvolution are divided by columns, with a splitter on request" {
	many_layers
	divided <<- 'END'
		{} = defuse(avgpool1, 2, defuse_type=SPATIAL)
		{} = defuse(resize1, 3, defuse_type=SPATIAL)
		{} = defuse(deconv1, 4, defuse_type=SPATIAL)
	END
	[ "$(jq -c '[.layers[] | select(.layer == "m/avgpool1") | .column_to]' report.json)" = '[8,18]' ]
	[ "$(jq '[.layers[] | select(.name | test("_sd[0-9]$"))] | length' report.json)" = 9 ]
	divided <<- 'END'
		{} = defuse(dw1, 2, defuse_type=SPATIAL, splitter=True)
		ws, l, r, all = defuse(avgpool1, 2, defuse_type=SPATIAL, splitter=True)
		{} = defuse(deconv1, 2, defuse_type=SPATIAL, splitter=True)
	END
	# Of 36 columns of 20 features, those that windows of 5 at every second one meet: 17 and 22.
	[ "$(jq -c '.layers as $l | [.edges[] | select($l[.from].name == "m/ws") | .row_bytes]' report.json)" = '[340,440]' ]
	[ "$(jq -c '[.layers[] | select(.kind) | .kind]' report.json)" = '["shape_splitter","shape_splitter","shape_splitter"]' ]
	grep -qF 'm/dw1_ws, m/dw1_sd0, m/dw1_sd1, m/dw1_sdc = defuse(m/dw1, 2, defuse_type=SPATIAL, splitter=True)' auto.alls
}

@test "what cannot be divided is refused with what can" {
	fails() {
		echo "$1" > s.alls
		fails_with 1 "hn-alloc: s.alls:1:1: defuse: $2" hn-alloc -q -s s.alls q.har
	}
	many_layers
	fails 'defuse(conv1, 2, defuse_type=INPUT_FEATURES)' \
		"'conv1' is not divided by input features: this is a 'conv', only dw, maxpool, avgpool and resize layers are"
	fails 'defuse(resize2, 2, defuse_type=SPATIAL)' \
		"'resize2' is not divided by columns: this is a 'resize', only conv, dw, deconv, avgpool, argmax and nearest resize layers are"
	fails 'defuse(input_layer1, 2)' \
		"'input_layer1' is not divided by features: this is a 'input_layer', only layers with weights, maxpool, avgpool and resize layers are"
	echo 'defuse(conv1, 2, defuse_type=COMPUTE_LANES)' > s.alls
	run --separate-stderr hn-alloc -q -s s.alls q.har -o a.har
	[ "$status" -eq 0 ]
	[ "$stderr" = 'hn-alloc: warning: s.alls:1:1: defuse: no effect: defuse_type=COMPUTE_LANES (a layer is divided by features, columns and input features on this machine)' ]
}

@test "defuse_block divides each of its layers, into as many parts as each has" {
	allocated <<< '{} = defuse_block(conv2, [conv3, fc1], maxpool1, input_layer1, defuse_count=3)' 2> log
	# Features go in eights: 24, 24, 12 and 16 of them.
	[ "$(jq -c '[.layers[] | select(.name != .layer) | [.name[7:], .feature_from, .feature_to]]' report.json)" = \
		'[["maxpool1_d0",0,8],["maxpool1_d1",8,16],["conv2_d0",0,8],["conv2_d1",8,16],["conv2_d2",16,24],["conv3_d0",0,8],["conv3_d1",8,16],["conv3_d2",16,24],["fc1_d0",0,8],["fc1_d1",8,12]]' ]
	[ "$(cat log)" = "hn-alloc: warning: s.alls:1:6: defuse_block: passed over for 'shapes/input_layer1': a 'input_layer' is not divided by features" ]
	holds
}
