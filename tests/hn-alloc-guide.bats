# hn-alloc: commands as the guide's examples write them, each by what it changes.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq programs; one process a test; set by run
load helper

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	mkonnx n.onnx <<- 'END'
		input x 1,3,16,32
		init w1 16,3,3,3 .3 -.2 .1 .25
		init w2 16,16,3,3 .1 -.2 .05
		init w4 16,16,1,1 .3 .05
		init w8 64,64,1,1 .2 .1 -.1
		init wg 64,48 .1 -.2 .3 .05
		node Conv c1 x,w1 a kernel_shape=3,3 pads=1,1,1,1
		node Conv c2 a,w2 b kernel_shape=3,3 pads=1,1,1,1
		node MaxPool p1 b e kernel_shape=2,2 strides=2,2
		node Conv branch/one e,w4 f kernel_shape=1,1
		node Conv c5 e,w4 g kernel_shape=1,1
		node Conv c6 e,w4 h kernel_shape=1,1
		node Conv c7 e,w4 i kernel_shape=1,1
		node Concat cc f,g,h,i k axis=1
		node Conv c8 k,w8 m kernel_shape=1,1
		node GlobalAveragePool gp m n
		node Flatten fl n o
		node Gemm fc o,wg y
		output i
		output y
	END
	seq 0 4607 | awk '{ printf "%d ", ($1 * 7919) % 256 }' > x.txt
	# shellcheck disable=SC2046 # a list of numbers
	arr npy x.npy uint8 3,16,32,3 $(cat x.txt)
	onnx2hn -q n.onnx | hn-normalize -q | hn-quantize -q -c x.npy -o q.har 2> log
	hn-infer -q -c bit_exact --raw --in x.npy q.har -o want.npz
}

setup() {
	scratch
	D=$BATS_FILE_TMPDIR
}

# allocated NAME SCRIPT: NAME.har, NAME.json; auto.alls repeats it, hef-run has its values and rate
allocated() {
	echo "$2" > s.alls
	hn-alloc -q -s s.alls "$D/q.har" -o "$1.har" --report "$1.json"
	hn-alloc -q -s <(har-pack -m auto.alls "$1.har") "$D/q.har" -o again.har
	cmp <(har-pack -m alloc.json "$1.har") <(har-pack -m alloc.json again.har) || return
	cmp <(har-pack -m auto.alls "$1.har") <(har-pack -m auto.alls again.har) || return
	hn2hef -q "$1.har" -o a.hef
	hef-run -q --raw --in "$D/x.npy" --timing time.json a.hef -o got.npz
	same_bytes "$D/want.npz" got.npz || return
	jq -n --slurpfile a "$1.json" --slurpfile t time.json -e '($a[0].fps / $t[0].fps - 1 | fabs) < 0.05'
}

# refused MESSAGE SCRIPT
refused() {
	echo "$2" > s.alls
	fails_with 1 "hn-alloc: s.alls:$1" hn-alloc -q -s s.alls "$D/q.har"
}

@test "from_tf: a layer by its name in the original model, in any command" {
	allocated a "my_conv = from_tf('branch/one') place(3, [my_conv]) s = shortcut(maxpool1, my_conv)"
	[ "$(jq -c '[.layers[] | select(.layer == "n/conv3").cluster] | unique' a.json)" = '[3]' ]
	[ "$(jq -c '.layers as $l | [.edges[] | select($l[.from].name == "n/s") | $l[.to].layer] | unique' a.json)" = '["n/conv3"]' ]
	refused "1:16: from_tf: no layer of 'n' was called 'branch/two' in the original model (did you mean 'branch/one'?)" \
		"a_conv=from_tf('branch/two') place(3, [a_conv])"
}

@test "output_mux of a layer and a part: the part's layer is one tensor" {
	allocated a '{} = defuse(fc1, 4) output_mux1 = output_mux([conv6, fc1_d3])'
	[ "$(jq -c '.layers as $l | [.edges[] | select($l[.to].name == "n/output_mux1") | $l[.from].layer] | unique' a.json)" = '["n/conv6","n/fc1"]' ]
	[ "$(jq -c '.layers as $l | [.edges[] | select($l[.from].name == "n/output_mux1") | $l[.to].name] | unique' a.json)" = '["n/output_layer1","n/output_layer2"]' ]
	allocated b '{} = defuse(fc1, 4) output_mux1 = output_mux([conv6, fc1])'
	cmp <(har-pack -m alloc.json a.har) <(har-pack -m alloc.json b.har)
}

@test "a {glob} passes over layers that cannot do what the command asks for" {
	allocated plain ''
	allocated whole 'compilation_param({conv*}, no_contexts=True, use_16x4_sc=enabled)'
	# 3x3 kernels have both, 1x1 ones have no mode without contexts: the command is not about them.
	[ "$(jq -c '[.layers[] | select(.layer | test("conv[12]$")) | .columns] | unique' whole.json)" = '[16]' ]
	[ "$(jq -c '[.layers[] | select(.layer | test("conv[3-7]$")) | .columns] | unique' whole.json)" = \
		"$(jq -c '[.layers[] | select(.layer | test("conv[3-7]$")) | .columns] | unique' plain.json)" ]
	# A window of three rows and one that comes.
	rows='.layers as $l | [.edges[] | select($l[.to].layer == "n/conv2").rows] | min'
	[ "$(jq "$rows" whole.json)" -ge 4 ]
	refused "1:1: compilation_param: layer 'n/conv3': its kernel, stride or dilation excludes no_contexts" \
		'compilation_param([conv1, conv3], no_contexts=True)'
}

@test "ethernet: one context and no buffer outside, whatever the order of the commands" {
	echo 'platform_param(targets=[ethernet])' > e.alls
	allocated plain ''
	allocated e 'platform_param(targets=[ethernet])'
	cmp <(har-pack -m alloc.json plain.har) <(har-pack -m alloc.json e.har)
	why="argument 'mode' is enabled, but platform_param(targets=ethernet) excludes several contexts"
	refused "1:60: context_switch_param: $why" 'platform_param(targets=ethernet) context_switch_param(mode=enabled)'
	refused "1:27: context_switch_param: $why" 'context_switch_param(mode=enabled) platform_param(targets=[ethernet])'
	refused "1:46: context: context_1: platform_param(targets=ethernet) excludes several contexts" \
		'platform_param(targets=ethernet) context_1 = context([fc1])'
	# A device that is too small for one context is refused, not given two.
	jq '.clusters.count = 1 | .clusters.ids = [0] | .clusters.lcus = 6' "$ROOT/share/targets/hailo8.json" > t.json
	fails_with 1 "hn-alloc: one context needs at least 11 layer controllers, hailo8 has 6 (several contexts are switched off)" \
		hn-alloc -q -a ./t.json -s e.alls "$D/q.har"
	hn-alloc -q -a ./t.json "$D/q.har" -o a.har --report a.json
	jq -e '.contexts > 1' a.json
}
