# hn2hef: streams between device and host, and between contexts.
load helper
load hef

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	two_outputs
	hn-infer -q -c bit_exact --raw --in x.npy q.har -o want.npz
}

setup() {
	scratch
	D=$BATS_FILE_TMPDIR
}

compiled() {
	hn-alloc -q "$@" "$D/q.har" -o a.har
	hn2hef -q a.har -o a.hef
	hef-run -q --raw --in "$D/x.npy" a.hef -o got.npz
	same_bytes "$D/want.npz" got.npz
}

@test "the outputs of a mux are members of one stream, and v-streams of their own" {
	compiled -s <(echo 'mux1 = output_mux([conv3, maxpool1])')
	# Rows of conv3: 4 columns of 4 features, padded to 8; of maxpool1: 4 of 8.
	[ "$(hef-run --info --parse-streams --parse-vstreams a.hef)" = "\
Architecture HEF was compiled for: HAILO8
Network group name: m, Single Context
    Network name: m/m
        Stream infos:
            Input  m/input_layer1 UINT8, NHWC(12x8x8)
            Output m/mux1 UINT8, NHWC(2x1x160)
        VStream infos:
            Input  m/input_layer1 UINT8, NHWC(12x8x3)
            Output m/conv3 UINT8, NHWC(6x4x4)
            Output m/maxpool1 UINT8, NHWC(4x4x8)" ]
	hef_message a.hef > m
	[ "$(sed -n '/mux_data {/,/}/p' m | tr -d ' ' | grep : | xargs)" = \
		'number_of_predecessors:2 height_gcd:2 height_ratios_list_len:2 height_ratios_list:3 height_ratios_list:2' ]
	compiled
	[ "$(hef-run --info --parse-streams a.hef | grep -c '^            Output')" -eq 2 ]
}

@test "outputs in different contexts keep their streams" {
	compiled -s <(printf '%s\n' 'context_0 = context([input_layer1, conv1, maxpool1, output_layer2])' \
		'context_1 = context([conv2, conv3, output_layer1])')
	[ "$(hef-run --info --parse-streams a.hef)" = "\
Architecture HEF was compiled for: HAILO8
Network group name: m, Multi Context - Number of contexts: 2
    Network name: m/m
        Stream infos:
            Input  m/input_layer1 UINT8, NHWC(12x8x8)
            Output m/maxpool1 UINT8, NHWC(4x4x8)
            Output m/conv3 UINT8, NHWC(6x4x8)" ]
	[ "$(hef-run --info a.hef | grep 'Output' | head -n 1)" = '            Output m/conv3 UINT8, NHWC(6x4x4)' ]
}

@test "streams and configuration channels take turns on the engines" {
	compiled -s <(printf '%s\n' 'hef_param(dma_engine_count=2, cfg_channel_count=2)')
	hef_message a.hef | awk '/layer_info \{/ { n++ } !n { next } / name: "m\// && !name[n] { name[n] = $2 }
		/^ *sys_index/ { s[n] = $2 } /^ *engine_id/ { e[n] = $2 }
		END { for (i = 1; i <= n; i++) print name[i], s[i] + 0, e[i] + 0 }' > streams
	[ "$(cat streams)" = '"m/input_layer1" 0 0
"m/conv3" 16 0
"m/maxpool1" 17 1' ]
}

@test "more streams between contexts than an engine has channels go to the next, with indexes of their own" {
	{
		printf '%s\n' 'input x 1,3,8,8' 'init w 8,3,1,1 .3 -.2 .1 .25 -.15' 'init v 8,144,1,1 .1 -.1 .2'
		for i in $(seq 18); do
			echo "node Conv c$i x,w a$i kernel_shape=1,1 strides=$((i % 2 + 1)),$((i % 2 + 1))"
		done
		for i in $(seq 2 2 18); do
			echo "node MaxPool p$i a$i b$i kernel_shape=2,2 strides=2,2"
		done
		echo "node Concat cat $(for i in $(seq 18); do [ $((i % 2)) = 1 ] && printf 'a%s,' $i || printf 'b%s,' $i; done | sed 's/,$//') all axis=1"
		printf '%s\n' 'node Conv last all,v y kernel_shape=1,1' 'output y'
	} | mkonnx many.onnx
	onnx2hn -q many.onnx | hn-normalize -q | hn-quantize -q --random-calib -o q.har 2> log
	names=$(har-pack -m hn q.har | jq -r '.layers | keys[] | sub("many/"; "")')
	{
		echo "context_0 = context([$(grep -vE '^(concat|conv19|output)' <<< "$names" | paste -sd ,)])"
		echo "context_1 = context([$(grep -E '^(concat|conv19|output)' <<< "$names" | paste -sd ,)])"
	} > c.alls
	hn-alloc -q -s c.alls q.har -o a.har
	hn2hef -q a.har -o a.hef
	[ "$(hef-run --check a.hef | sed 's/.* in //')" = "2 contexts; every rule holds" ]
	hef_message a.hef | awk '/edge_layers {/ { d = 0; s = 0; e = 0 } /^ *direction:/ { d = $2 } /^ *sys_index/ && !seen { s = $2; seen = 1 }
		/^ *engine_id/ && seen { e = $2 } /edge_connection_type: INTER|edge_connection_type: 1/ { print d, s, e + 0 } /edge_layers {/ { seen = 0; e = 0 }' > streams
	[ "$(grep -c '^1 ' streams)" -eq 18 ]
	[ "$(grep '^1 ' streams | cut -d ' ' -f 2 | sort -n | paste -sd ' ')" = "$(seq 16 33 | paste -sd ' ')" ]
	# The first engine has 16 channels; one is that of the network's output.
	[ "$(grep '^1 ' streams | grep -c ' 0$')" -eq 15 ]
	# Of its inputs, one is the network's, one the configuration's.
	[ "$(grep '^0 ' streams | grep -c ' 0$')" -eq 14 ]
	arr npy x.npy uint8 3,8,8,3 7 99 203 14 5
	hef-run -q --raw --in x.npy a.hef -o got.npy
	hn-infer -q -c bit_exact --raw --in x.npy q.har -o want.npy
	same_bytes want.npy got.npy
}

# Two networks in one bundle, told apart by the scopes of their layers; FIRST is that of the first.
two_networks() {
	cat <<- 'END' | mkonnx two.onnx
		input x 1,3,12,8
		input y 1,3,8,8
		init w1 8,3,3,3 .3 -.2 .1 .25 -.15 .05 -.3
		init w2 8,3,3,3 .1 -.1 .2 .05 -.15
		node Conv c1 x,w1 a kernel_shape=3,3 pads=1,1,1,1
		node Conv c2 y,w2 c kernel_shape=3,3 strides=2,2 pads=1,1,1,1
		output a
		output c
	END
	onnx2hn -q two.onnx -o two.har
	har-pack -m npz two.har > two.npz
	arr get two.npz two/conv1/kernel:0 k1.npy
	arr get two.npz two/conv2/kernel:0 k2.npy
	arr npz joined.npz "$1/conv1/kernel:0=k1.npy" side/conv2/kernel:0=k2.npy
	har-pack -m hn two.har | sed "s#two/\\([a-z_]*1\"\\)#$1/\\1#g; s#two/\\([a-z_]*2\"\\)#side/\\1#g" > joined.hn
	har-pack --hn joined.hn --npz joined.npz -o joined.har
	hn-normalize -q joined.har | hn-quantize -q --random-calib -o q.har 2> log
}

# The lines of --info about network I.
network() {
	hef-run --info --parse-streams "$1" | awk -v want="$2" '/Network name/ { n++ } n == want' | sed 's/^ *//'
}

@test "several networks: each with its name, streams and batch size, as optional extension 8 says" {
	two_networks main
	for arch in hailo8 hailo8l; do
		hn-alloc -q -a $arch q.har -o a.har
		hn2hef -q a.har -o a.hef
		hef-run -q --check a.hef
		[ "$(network a.hef 1)" = "Network name: two/main
Stream infos:
Input  main/input_layer1 UINT8, NHWC(12x8x8)
Output main/conv1 UINT8, NHWC(12x8x8)" ]
		[ "$(network a.hef 2)" = "Network name: two/side
Stream infos:
Input  side/input_layer2 UINT8, NHWC(8x8x8)
Output side/conv2 UINT8, NHWC(4x4x8)" ]
		hef_message a.hef > m
		[ "$(grep -A 1 '^optional_extensions {' m | grep type_index | tr -d ' ' | xargs)" = 'type_index:8 type_index:11' ]
		# Input, output and layer controllers of the second network.
		[ "$(grep -c 'network_index: 1' m)" -eq $((2 + $(sed -n '/enable_lcu {/,/}/p' m | grep -c 'network_index: 1'))) ]
		sed -n '/enable_lcu {/,/}/p' m | grep -q 'network_index: 1'
	done
	arr npy x.npy uint8 3,12,8,3 1 5 3 88 200
	arr npy y.npy uint8 3,8,8,3 1 50 3 188
	in="--raw --in main/input_layer1=x.npy --in side/input_layer2=y.npy"
	# shellcheck disable=SC2086 # options
	hef-run -q $in -o got.npz a.hef
	# shellcheck disable=SC2086 # options
	hn-infer -q -c bit_exact $in -o want.npz q.har
	same_bytes want.npz got.npz
	hn-alloc -q -s <(echo 'hef_param(strip_mapping_info=True)') q.har -o a.har
	hn2hef -q a.har -o s.hef
	diff <(hef-run --info --parse-streams s.hef) <(hn-alloc -q q.har | hn2hef -q | hef-run --info --parse-streams)
}

@test "a network with the group's name stands for all, as HailoRT takes it" {
	two_networks two
	hn-alloc -q q.har | hn2hef -q -o a.hef
	[ "$(network a.hef 1 | wc -l)" -eq 6 ]
	[ "$(network a.hef 2 | wc -l)" -eq 4 ]
}

@test "scopes that depend on each other are one network" {
	onnx2hn -q "$D/m.onnx" -o m.har
	har-pack -m npz m.har > m.npz
	pairs=()
	for k in $(arr keys m.npz | cut -d ' ' -f 1); do
		arr get m.npz "$k" "$(basename "$(dirname "$k")").npy"
		pairs+=("$(sed 's#m/conv3#side/conv3#' <<< "$k")=$(basename "$(dirname "$k")").npy")
	done
	arr npz j.npz "${pairs[@]}"
	har-pack -m hn m.har | sed 's#m/\(conv3"\|output_layer1"\)#side/\1#g' > j.hn
	har-pack --hn j.hn --npz j.npz -o j.har
	hn-normalize -q j.har | hn-quantize -q -c "$D/x.npy" -o q.har 2> log
	hn-alloc -q q.har | hn2hef -q -o a.hef
	hef-run --info a.hef | grep -q side/conv3
	[ "$(hef-run --info a.hef | grep -c 'Network name')" -eq 1 ]
	hef_message a.hef > m
	run ! grep -q 'type_index: 8' m
}
