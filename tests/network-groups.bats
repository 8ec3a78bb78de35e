# network_group: networks of a bundle that are loaded one at a time, from hn-alloc to hef-run.
load helper
load hef

# q.har: the networks main (two convolutions) and side (two more) in one bundle; x.npy, y.npy are images,
# want.npz their integers.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	cat <<- 'END' | mkonnx two.onnx
		input x 1,3,12,8
		input y 1,3,8,8
		init w1 8,3,3,3 .3 -.2 .1 .25 -.15 .05 -.3
		init w2 8,8,3,3 .1 -.1 .2 .05 -.15
		init w3 8,3,3,3 .1 -.1 .2 .05 -.15
		init w4 4,8,1,1 .2 -.1
		node Conv c1 x,w1 a kernel_shape=3,3 pads=1,1,1,1
		node Conv c2 a,w2 b kernel_shape=3,3 pads=1,1,1,1
		node Conv c3 y,w3 c kernel_shape=3,3 strides=2,2 pads=1,1,1,1
		node Conv c4 c,w4 d kernel_shape=1,1
		output b
		output d
	END
	onnx2hn -q two.onnx -o two.har
	har-pack -m npz two.har > two.npz
	pairs=()
	for k in 1 2 3 4; do
		arr get two.npz two/conv$k/kernel:0 k$k.npy
		pairs+=("$([ $((k % 2)) -eq 1 ] && echo main || echo side)/conv$k/kernel:0=k$k.npy")
	done
	arr npz joined.npz "${pairs[@]}"
	har-pack -m hn two.har | sed 's#two/\(conv[13]"\|[a-z_]*layer1"\)#main/\1#g; s#two/#side/#g' > joined.hn
	har-pack --hn joined.hn --npz joined.npz -o joined.har
	hn-normalize -q joined.har | hn-quantize -q --random-calib -o q.har 2> log
	arr npy x.npy uint8 3,12,8,3 1 5 3 88 200
	arr npy y.npy uint8 2,8,8,3 1 50 3 188
	# hn-infer takes as many images for each input.
	arr npy y3.npy uint8 3,8,8,3 1 50 3 188
	hn-infer -q -c bit_exact --raw --in main/input_layer1=x.npy --in side/input_layer2=y3.npy -o want.npz q.har
}

setup() {
	scratch
	D=$BATS_FILE_TMPDIR
}

groups() {
	har-pack -m alloc.json "$1" | jq -c "[(.groups // [.])[] | $2]"
}

# a.har and a.hef of the script on stdin, which its automatic script repeats.
compiled() {
	cat > s.alls
	hn-alloc -q "$@" -s s.alls "$D/q.har" -o a.har --report report.json
	har-pack -m auto.alls a.har > auto.alls
	hn-alloc -q "$@" -s auto.alls "$D/q.har" -o again.har
	for m in alloc.json auto.alls; do
		cmp <(har-pack -m $m a.har) <(har-pack -m $m again.har) || return
	done
	hn2hef -q a.har -o a.hef
	hef-run -q --check a.hef
}

@test "each group has the whole device, its own layers and its own rate" {
	compiled <<- 'END'
		first = network_group([main])
		second = network_group([side])
	END
	[ "$(groups a.har '[.group, .networks[], (.layers | map(.name))]')" = \
		'[["first","main",["main/input_layer1","main/conv1","main/conv3","main/output_layer1"]],["second","side",["side/input_layer2","side/conv2","side/conv4","side/output_layer2"]]]' ]
	hn-alloc -q "$D/q.har" -o one.har
	[ "$(groups one.har '(.layers | length)')" = '[8]' ]
	# The second one, smaller, is not held up by the first any more.
	[ "$(jq '.groups[1].fps > 1.5 * .groups[0].fps' report.json)" = true ]
	[ "$(jq -c '[.groups[].context_utilization | length]' report.json)" = '[1,1]' ]
	[ "$(har-pack -m metadata.json a.har | jq -c '[.hnt_alloc.groups[].group]')" = '["first","second"]' ]
	hn-alloc -q -s s.alls "$D/q.har" --svg a.svg -o b.har
	[ "$(grep -c ', group \(first\|second\):' a.svg)" -eq 2 ]
}

@test "the HEF has the groups, which run alone or all, each bit for bit" {
	for arch in hailo8 hailo8l; do
		compiled -a $arch <<- 'END'
			first = network_group([main])
			second = network_group([side])
		END
		hef-run --info --parse-streams a.hef | tail -n +2 > info
		[ "$(grep -v '^ *Stream' info | sed 's/^ *//')" = "Network group name: first, Single Context
Network name: first/first
Input  main/input_layer1 UINT8, NHWC(12x8x8)
Output main/conv3 UINT8, NHWC(12x8x8)
Network group name: second, Single Context
Network name: second/second
Input  side/input_layer2 UINT8, NHWC(8x8x8)
Output side/conv4 UINT8, NHWC(4x4x8)" ] || report "$(cat info)"
		hef-run -q --raw --in main/input_layer1="$D/x.npy" --in side/input_layer2="$D/y3.npy" \
			--timing t.json -o got.npz a.hef
		same_bytes "$D/want.npz" got.npz
		jq -n --slurpfile a report.json --slurpfile t t.json -e \
			'[range(2)] | all($a[0].groups[.].fps / $t[0].groups[.].fps - 1 | fabs < 1e-3)'
		hef-run -q --raw --group first --in "$D/x.npy" --timing t.json -o got.npy a.hef
		arr get "$D/want.npz" main/output_layer1 want.npy
		same_bytes want.npy got.npy
		[ "$(jq -r .network t.json)" = first ]
	done
	# Each may have its own number of images.
	hef-run -q --raw --in main/input_layer1="$D/x.npy" --in side/input_layer2="$D/y.npy" -o got.npz a.hef
	[ "$(arr keys got.npz | xargs)" = 'main/output_layer1 u1 3,12,8,8 side/output_layer2 u1 2,4,4,4' ] || arr keys got.npz
}

@test "a group is divided into contexts of its own, named after it" {
	compiled <<- 'END'
		first = network_group([main])
		second = network_group([side])
		first_context_0 = context([main/input_layer1, main/conv1])
		first_context_1 = context([main/conv3, main/output_layer1])
		first_context_1.place(3, [main/conv3])
	END
	[ "$(groups a.har .contexts)" = '[2,1]' ]
	[ "$(groups a.har '.layers[] | select(.name == "main/conv3") | .cluster')" = '[3]' ]
	grep -qx 'first_context_1 = context(\[main/conv3, main/output_layer1\])' auto.alls
	hef-run --info a.hef | grep -qx 'Network group name: first, Multi Context - Number of contexts: 2'
	hef-run -q --raw --in main/input_layer1="$D/x.npy" --in side/input_layer2="$D/y3.npy" -o got.npz a.hef
	same_bytes "$D/want.npz" got.npz
}

@test "a command about layers of several groups holds in each" {
	compiled <<- 'END'
		first = network_group([main])
		second = network_group([side])
		compilation_param([main/conv3, side/conv2], resources_allocation_strategy=manual_scs_selection, number_of_subclusters=2)
		s = shortcut(side/conv2, side/conv4)
		place(2, [s])
		performance_param(optimize_for_batch=4)
	END
	[ "$(groups a.har '.layers[] | select(.name == "main/conv3" or .name == "side/conv2") | .subclusters')" = '[2,2]' ]
	[ "$(groups a.har .batch)" = '[4,4]' ]
	[ "$(grep -c performance_param auto.alls)" -eq 1 ]
	[ "$(groups a.har '.layers[] | select(.kind) | [.name, .cluster]')" = '[["side/s",2]]' ]
}

@test "several networks may be one group, which has the name it is given" {
	compiled <<< 'both = network_group([main, side])'
	[ "$(groups a.har '[.group, .networks[]]')" = '[["both","main","side"]]' ]
	[ "$(hef-run --info a.hef | grep -c '    Network name: both/\(main\|side\)$')" -eq 2 ]
}

@test "what commands add before and behind a network goes with it" {
	printf '%s\n' 'n = normalization([10, 20, 30], [50, 60, 70], side/input_layer2)' \
		'l = logits_layer(side/conv4, argmax, 3, engine=cpu)' > n.alls
	hn-normalize -q -s n.alls "$D/joined.har" -o fp.har
	har-pack -m hn fp.har | jq -r '.layers | keys[]' | grep -q ^two/
	hn-quantize -q --random-calib fp.har -o q.har 2> log
	printf '%s\n' 'first = network_group([main])' 'second = network_group([side])' > s.alls
	hn-alloc -q -s s.alls q.har -o a.har
	[ "$(groups a.har '(.layers | length)')" = '[4,5]' ]
	hn2hef -q a.har -o a.hef
	hef-run -q --check a.hef
	for raw in '' --raw; do
		hef-run -q $raw --in main/input_layer1="$D/x.npy" --in side/input_layer2="$D/y3.npy" -o got.npz a.hef
		hn-infer -q -c bit_exact $raw --in main/input_layer1="$D/x.npy" --in side/input_layer2="$D/y3.npy" -o want.npz q.har
		same_bytes want.npz got.npz
	done
}

# $1 is the script, $2 the end of the message.
refused() {
	echo "$1" > s.alls
	fails_with 1 "hn-alloc: s.alls:$2" hn-alloc -q -s s.alls "$D/q.har" -o b.har
}

@test "groups that are not a division of the networks are refused" {
	refused 'a = network_group([main])' "1:5: network_group: layer 'side/input_layer2' is of a network that is in no group"
	refused 'a = network_group([main, third])' "1:26: network_group: there is no network 'third' in 'two'"
	refused $'a = network_group([main])\nb = network_group([side, main])' "2:5: network_group: network 'main' is already there"
	refused $'a = network_group([main])\na = network_group([side])' "2:5: network_group: group 'a' is already there"
	# A layer of one that reads the other.
	har-pack -m hn "$D/q.har" | sed 's#"main/conv3"#"side/conv9"#g' > j.hn
	har-pack -x x "$D/q.har"
	cp j.hn x/two.hn
	(cd x && tar cf ../j.har --format ustar -- *)
	printf 'a = network_group([main])\nb = network_group([side])\n' > s.alls
	run -1 --separate-stderr hn-alloc -q -s s.alls j.har -o b.har
	[[ $stderr == "hn-alloc: 'side/conv9' reads 'main/conv1': networks that read each other are one group" ]]
}

@test "data for a group: the inputs are named, labels and --group are checked" {
	compiled <<- 'END'
		first = network_group([main])
		second = network_group([side])
	END
	fails_with 1 "hef-run: a.hef: no network group is called 'third'" hef-run -q --group third a.hef
	fails_with 1 "hef-run: a.hef: --in $D/x.npy: no network group has such an input (LAYER=FILE)" \
		hef-run -q --in "$D/x.npy" -o got.npz a.hef
	usage_error "hef-run: --group is for a run, --check and --info are about the whole file" hef-run --info --group first a.hef
}

@test "damaged groups in a bundle are refused" {
	mkdir x
	compiled <<- 'END'
		first = network_group([main])
		second = network_group([side])
	END
	har-pack -x x a.har
	cp x/two.alloc.json good.json
	for change in '.groups[1].group = "first"' '.groups = [.groups[0]]' 'del(.groups[0].group)' '.groups[0].group = "a b"' \
		'.groups[1].networks = ["main"]' '.groups[1].networks = []' '.groups[1].networks = ["x"]' '.groups = 3'; do
		jq "$change" good.json > x/two.alloc.json
		(cd x && tar cf ../bad.har --format ustar -- *)
		unchanged run --separate-stderr hn2hef -q bad.har -o m.hef
		[ "$status" -eq 1 ] || report "$change"
		[ "${#stderr_lines[@]}" -eq 1 ] || report "$change"
	done
}
