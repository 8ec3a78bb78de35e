# hn-quantize: accuracy of the model we ship, calibration sets of every form, the script, bad input.
load helper

# A small network: conv (relu6), dw (relu6), conv, added to the first conv's input path; dense.
small() {
	cat <<- 'END'
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 8, 8, 3]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 3, 8], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "relu6"}},
		"n/dw1": {"type": "dw", "input": ["n/conv1"], "params": {"kernel_shape": [3, 3, 8, 1], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "relu6"}},
		"n/conv2": {"type": "conv", "input": ["n/dw1"], "params": {"kernel_shape": [1, 1, 8, 8], "strides": [1, 1, 1, 1], "padding": "VALID"}},
		"n/ew_add1": {"type": "ew_add", "input": ["n/conv2", "n/conv1"]},
		"n/conv3": {"type": "conv", "input": ["n/ew_add1"], "params": {"kernel_shape": [1, 1, 8, 12], "strides": [1, 1, 1, 1], "padding": "VALID", "activation": "silu"}},
		"n/dense1": {"type": "dense", "input": ["n/conv3"], "params": {"kernel_shape": [768, 5]}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/dense1"]}}}
	END
}

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	PATH=$(cd "$BATS_TEST_DIRNAME/.." && cd "${O:-build}" && pwd)/bin:$PATH
	onnx2hn -q "$BATS_TEST_DIRNAME/../share/models/shapes/shapes.onnx" -o s.har
	hn-normalize -q -s "$BATS_TEST_DIRNAME/../share/models/shapes/shapes.alls" s.har -o s.fp.har
}

setup() {
	scratch
	S=$BATS_FILE_TMPDIR/s.fp.har
	C=$SHAPES/calib.npy
}

# n.fp.har and 20 images in in.npy
make_small() {
	small > n.json
	mkhar n.json n.har in.npy 20
	hn-normalize n.har -o n.fp.har
}

# "top-1 0.9055 (...)" as hits
hits() {
	hn-infer -q -c "$1" --in "$SHAPES/test_x.npy" --labels "$SHAPES/test_y.npy" "$2" | sed 's/.*(\([0-9]*\).*/\1/'
}

@test "the model we ship keeps its accuracy within one point" {
	hn-quantize -q -c "$C" "$S" -o q.har
	float=$(hits fp_optimized q.har)
	quantized=$(hits quantized q.har)
	echo "float $float, quantized $quantized of 600"
	[ "$float" -gt 500 ]
	[ "$quantized" -ge $((float - 6)) ]
}

@test "bit_exact gives the integers of quantized, with any threads and instruction set" {
	make_small
	hn-quantize -q -c in.npy n.fp.har -o n.q.har
	for har in "$BATS_FILE_TMPDIR/s.q.har" n.q.har; do
		in=in.npy
		if [ "$har" != n.q.har ]; then
			[ -e "$har" ] || hn-quantize -q -c "$C" "$S" -o "$har"
			in=$SHAPES/test_x.npy
		fi
		run_raw() { hn-infer -q --raw --layers all --data-count 20 --in "$in" "$har" "$@"; }
		run_raw -c quantized -j 1 -o a.npz
		run_raw -c bit_exact -j 2 -o b.npz
		ONEDNN_MAX_CPU_ISA=AVX2 run_raw -c quantized -o c.npz
		ONEDNN_MAX_CPU_ISA=SSE41 run_raw -c bit_exact -o d.npz
		same_bytes a.npz b.npz
		same_bytes a.npz c.npz
		same_bytes a.npz d.npz
	done
}

@test "equalized weights compute the same, relu6's bounds included" {
	make_small
	hn-quantize -q -c in.npy n.fp.har -o n.q.har
	har-pack -m fpo.npz n.fp.har > before.npz
	har-pack -m fpo.npz n.q.har > after.npz
	run cmp -s before.npz after.npz
	[ "$status" -eq 1 ] # equalization did change the weights
	[[ $(arr keys after.npz) == *"n/conv1/clip_hi:0"* ]]
	hn-infer -q -c fp_optimized --in in.npy n.fp.har -o f.npy
	hn-infer -q -c fp_optimized --in in.npy n.q.har -o e.npy
	npydiff f.npy e.npy 1e-5
	hn-infer -q -c quantized --in in.npy n.q.har -o q.npy
	npydiff f.npy q.npy 0.06
}

@test "the bundle holds records, ranges and states" {
	hn-quantize -q -c "$C" "$S" --stats-out stats.npz -o q.har
	run har-pack --info q.har
	[[ "$output" == *"State:"*"Quantized Model"* ]]
	har-pack -m fp.hn q.har > before.hn
	har-pack -m hn "$S" | cmp - before.hn
	har-pack -m hn q.har > q.hn
	jq -e '[.layers[] | select(.type == "conv") | .quantization_params.precision_mode] | unique == ["a8_w8"]' q.hn
	har-pack -m q.npz q.har > records.npz
	[[ $(arr keys records.npz) == *"shapes/conv1/kernel:0 int8"* ]]
	[[ $(arr keys stats.npz) == *"shapes/conv1/stats_max:0 float32"* ]]
}

@test "a calibration set may be an array, an archive by layer, or a folder: the same result" {
	make_small
	mkdir folder
	hn-quantize -q -c in.npy -n 3 n.fp.har -o a.har
	arr npz set.npz input_layer1=in.npy
	hn-quantize -q -c set.npz -n 3 n.fp.har -o b.har
	arr npz scoped.npz n/input_layer1=in.npy
	hn-quantize -q -c scoped.npz -n 3 n.fp.har -o c.har
	same_bytes a.har b.har
	same_bytes a.har c.har
	# one image a file, in the order of the names
	head -c $((128 + 3 * 768)) in.npy > three
	for i in 0 1 2; do
		arr npy folder/$i.npy float32 8,8,3 0
		head -c 128 folder/$i.npy > image
		tail -c +$((129 + i * 768)) in.npy | head -c 768 >> image
		mv image folder/$i.npy
	done
	hn-quantize -q -c folder n.fp.har -o d.har
	same_bytes a.har d.har
}

@test "a folder of archives, an image of every input each, is the archive of all images" {
	cat <<- 'END' | mkonnx m.onnx
		input a 1,2,4,4
		input b 1,1,4,4
		init w 1,2,1,1 1 -2
		node Conv conv a,w c
		node Add add c,b y
		output y
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o m.fp.har
	mkdir folder plain
	for i in 0 1 2; do
		# shellcheck disable=SC2046
		arr npy a$i.npy float32 1,4,4,2 $(seq $i $((i + 31)))
		arr npy b$i.npy uint8 4,4,1 $((i + 3)) $((i + 9)) 7
		arr npz folder/$i.npz n/input_layer1=a$i.npy input_layer2=b$i.npy
	done
	# shellcheck disable=SC2046
	arr npy a.npy float32 3,4,4,2 $(seq 0 31) $(seq 1 32) $(seq 2 33)
	row() { for k in 1 2 3 4 5; do echo $(($1 + 3)) $(($1 + 9)) 7; done; echo $(($1 + 3)); }
	# shellcheck disable=SC2046
	arr npy b.npy uint8 3,4,4,1 $(row 0) $(row 1) $(row 2)
	arr npz all.npz input_layer1=a.npy input_layer2=b.npy
	hn-quantize -q -c folder m.fp.har -o a.har
	hn-quantize -q -c all.npz m.fp.har -o b.har
	same_bytes a.har b.har
	arr npz folder/3.npz input_layer1=a0.npy
	fails_with 1 "hn-quantize: calibration set 'folder': folder/3.npz: no array for input layer 'n/input_layer2'" \
		hn-quantize -q -c folder m.fp.har -o x.har
	cp a0.npy folder/4.npy
	fails_with 1 "hn-quantize: calibration set 'folder': folder/4.npy: one array, but the network has 2 inputs (use .npz files with one array per input layer)" \
		hn-quantize -q -c folder m.fp.har -o x.har
}

@test "bytes in calibration give the input scale 1 and zero point 0" {
	hn-quantize -q -c "$C" "$S" -o q.har
	har-pack -m q.npz q.har > records.npz
	arr get records.npz shapes/input_layer1/out_scale:0 s.npy
	run arr text s.npy
	[ "${lines[1]}" = 1 ]
	# a scalar that is 0 is not stored
	[[ $(arr keys records.npz) != *"shapes/input_layer1/out_zp:0"* ]]
}

@test "random calibration needs no set and is the same every time" {
	hn-quantize -q --random-calib "$S" -o a.har
	hn-quantize -q --random-calib -b 3 "$S" -o b.har
	same_bytes a.har b.har
}

@test "the same input gives the same bytes, from a file or a pipe, with any number of threads" {
	hn-quantize -q -j 1 -c "$C" "$S" -o a.har
	hn-quantize -q -j 4 -c "$C" < "$S" > b.har
	hn-quantize -q -c "$C" -i "$S" -o c.har
	same_bytes a.har b.har
	same_bytes a.har c.har
}

@test "memory with 10,000 images is within 5 % of that with 64, mapped files included" {
	case $O in *san*) skip "the sanitizers keep freed memory" ;; esac
	arr npy big.npy uint8 10000,32,32,1 0 7 200 255
	arr npz big.npz input_layer1=big.npy
	for set in big.npy big.npz; do
		small=$(/usr/bin/env time -f %M hn-quantize -q -j 1 -c $set -n 64 "$S" -o x.har 2>&1) || skip "no time"
		large=$(/usr/bin/env time -f %M hn-quantize -q -j 1 -c $set -n 10000 "$S" -o x.har 2>&1)
		echo "$set: peak $small kB with 64 images, $large kB with 10000"
		[ $((large * 100)) -le $((small * 105)) ]
	done
}

@test "bias modes differ in the record, not much in the result" {
	make_small
	hn-quantize -q -c in.npy n.fp.har -o a.har
	hn-quantize -q -c in.npy --bias-mode single_scale_decomposition n.fp.har -o b.har
	har-pack -m q.npz b.har > b.npz
	[[ $(arr keys b.npz) == *"n/conv1/bias_repeat:0"* ]]
	hn-infer -q -c quantized --in in.npy a.har -o a.npy
	hn-infer -q -c quantized --in in.npy b.har -o b.npy
	npydiff a.npy b.npy 0.05
	echo 'quantization_param({conv*}, bias_mode=single_scale_decomposition)' > s.alls
	hn-quantize -q -c in.npy -s s.alls n.fp.har -o c.har
	har-pack -m q.npz c.har > c.npz
	[[ $(arr keys c.npz) == *"n/conv1/bias_repeat:0"* ]]
	[[ $(arr keys c.npz) != *"n/dense1/bias_repeat:0"* ]]
}

@test "script commands set batch, images, groups, ranges and equalization" {
	make_small
	hn-quantize -q -c in.npy -n 4 -b 2 n.fp.har -o a.har
	echo 'model_optimization_config(calibration, batch_size=2, calibset_size=4)' > s.alls
	hn-quantize -q -c in.npy -s s.alls n.fp.har --stats-out s.npz -o b.har
	har-pack -m q.npz a.har > a.npz
	har-pack -m q.npz b.har > b.npz
	same_bytes a.npz b.npz
	hn-quantize -q -c in.npy --no-equalization n.fp.har -o n.har
	echo 'pre_quantization_optimization(equalization, policy=disabled)' > s.alls
	hn-quantize -q -c in.npy -s s.alls n.fp.har -o b.har
	cmp <(har-pack -m q.npz n.har) <(har-pack -m q.npz b.har)
	echo 'model_optimization_flavor(optimization_level=-100)' > s.alls
	hn-quantize -q -c in.npy -s s.alls n.fp.har -o b.har
	cmp <(har-pack -m q.npz n.har) <(har-pack -m q.npz b.har)
	printf '%s\n' 'quantization_param(conv1, quantization_groups=4)' 'quantization_param(dw1, force_range_out=[-1, 3])' > s.alls
	hn-quantize -q -c in.npy -s s.alls n.fp.har -o b.har
	har-pack -m q.npz b.har > b.npz
	[[ $(arr keys b.npz) == *"n/conv1/w_scale:0 float32 [4]"* ]]
	arr get b.npz n/dw1/out_scale:0 s.npy
	run arr text s.npy
	[[ "${lines[1]}" == 0.015686* ]]
}

@test "what this version does not do is stored with a warning, and changes nothing" {
	make_small
	hn-quantize -q -c in.npy n.fp.har -o a.har
	try() {
		echo "$1" > s.alls
		run --separate-stderr hn-quantize -q -c in.npy -s s.alls n.fp.har -o b.har
		[ "$status" -eq 0 ]
		[ "$stderr" = "hn-quantize: warning: s.alls:1:1: $2" ] || report "expected: $2"
		cmp <(har-pack -m q.npz a.har) <(har-pack -m q.npz b.har)
		har-pack -m alls b.har | cmp - s.alls
	}
	try 'quantization_param(conv1, precision_mode=a8_w4_exp)' \
		'quantization_param: no effect: precision_mode=a8_w4_exp (a8_w4_exp and a16_w16_non_zero have no public description, and native is what --custom-infer-config of hn-infer gives)'
	try 'quantization_param(conv1, activation_fit=disabled)' \
		'quantization_param: no effect: activation_fit=disabled (activations that are no straight lines are tables, which are always fitted)'
	try 'post_quantization_optimization(finetune, policy=enabled)' \
		'post_quantization_optimization(finetune): stored, not applied yet'
	try 'quantization_param(conv1, max_elementwise_feed_repeat=1)' \
		'quantization_param: no effect: max_elementwise_feed_repeat=1 (the added input of a convolution has a 15-bit multiplier on this machine)'
	[ "$(har-pack -m metadata.json b.har | jq -c '.hnt_script["hn-quantize"] | map(.status)')" = '["no effect"]' ]
}

@test "a statement about what a command would make is passed over where that is not applied" {
	make_small
	printf '%s\n' 'd0, d1, dc = defuse(conv1, 2)' 'quantization_param([d0, conv1], quantization_groups=2)' > s.alls
	hn-normalize -q -s s.alls n.har -o s.fp.har
	run --separate-stderr hn-quantize -q -c in.npy s.fp.har -o b.har
	[ "$status" -eq 0 ]
	[[ $stderr == *"n.alls:2:1: quantization_param: passed over for 'd0': the command that makes it is not applied here"* ]]
	har-pack -m q.npz b.har > b.npz
	[[ $(arr keys b.npz) == *"n/conv1/w_scale:0 float32 [2]"* ]]
}

@test "what cannot be is refused" {
	make_small
	try() {
		echo "$1" > s.alls
		fails_with 1 "hn-quantize: s.alls:1:$2" hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
	}
	try 'quantization_param(conv9, bias_mode=double_scale_initialization)' \
		"20: quantization_param: no layer 'conv9' in 'n' (did you mean 'conv1' or 'conv2' or 'conv3'?)"
	try 'quantization_param(dw1, quantization_groups=2)' \
		"45: quantization_param: layer 'n/dw1': quantization groups serve conv and dense layers that add nothing and are not the last"
}

@test "a second script replaces the commands of this stage and of later ones, not those that were applied" {
	make_small
	printf '%s\n' '# first' 'norm = normalization([1, 2, 3], [2, 2, 2])' 'quantization_param(conv1, quantization_groups=2)' \
		'place(0, [conv1])' > one.alls
	hn-normalize -q -s one.alls n.har -o s.fp.har
	printf '%s\n' 'norm = normalization([1, 2, 3], [2, 2, 2])' 'quantization_param(conv1, quantization_groups=4)' \
		'place(1, [conv1])' > two.alls
	run --separate-stderr hn-quantize -q -c in.npy -s two.alls s.fp.har -o s.q.har
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	har-pack -m alls s.q.har | cmp - two.alls
	printf '%s\n' 'norm = normalization([0, 0, 0], [2, 2, 2])' 'place(2, [conv1])' > three.alls
	run --separate-stderr hn-quantize -q -c in.npy -s three.alls s.fp.har -o s.q.har
	[ "$stderr" = 'hn-quantize: warning: three.alls:1:8: normalization: ignored, it comes too late: hn-normalize has run already' ]
	run har-pack -m alls s.q.har
	[ "$output" = $'norm = normalization([1, 2, 3], [2, 2, 2])\nplace(2, [conv1])' ]
	# Errors in a merged script name the file where the command stands.
	echo 'quantization_param(conv9, quantization_groups=4)' > four.alls
	fails_with 1 "hn-quantize: four.alls:1:20: quantization_param: no layer 'conv9' in 'n' (did you mean 'conv1' or 'conv2' or 'conv3'?)" \
		hn-quantize -q -c in.npy -s four.alls s.fp.har -o x.har
}

@test "wrong use is refused" {
	usage_error "hn-quantize: no calibration set: -c PATH, --stats FILE, or --random-calib" hn-quantize x.har
	usage_error "hn-quantize: -c and --random-calib exclude each other" hn-quantize -c a --random-calib x.har
	usage_error "hn-quantize: --bias-mode must be double_scale_initialization or single_scale_decomposition, not 'half'" \
		hn-quantize -c a --bias-mode half x.har
}

@test "a calibration set of the wrong shape is refused and names both shapes" {
	make_small
	arr npy x.npy float32 4,8,8,1 0
	fails_with 1 "hn-quantize: calibration set 'x.npy': an array of shape [4,8,8,1], [-1,8,8,3] expected for 'n/input_layer1'" \
		hn-quantize -c x.npy n.fp.har -o x.har
}

@test "a calibration set of the wrong type, empty, with NaN, or unreadable is refused" {
	make_small
	try() {
		fails_with 1 "hn-quantize: calibration set 'x.npy': $1" hn-quantize -q -c x.npy n.fp.har -o x.har
	}
	arr npy x.npy int32 4,8,8,3 0
	try "an array of int32, float32 or uint8 expected for 'n/input_layer1'"
	arr npy x.npy float32 0,8,8,3 0
	try "an array without images for 'n/input_layer1'"
	arr npy x.npy float32 4,8,8,3 0
	head -c -4 x.npy > y.npy
	printf '\000\000\300\177' >> y.npy
	mv y.npy x.npy
	try "image 3 holds NaN"
	head -c -4 x.npy > y.npy
	printf '\000\000\200\177' >> y.npy
	mv y.npy x.npy
	try "image 3 holds infinity"
	rm x.npy
	try "x.npy: No such file or directory"
	mkdir folder
	fails_with 1 "hn-quantize: calibration set 'folder': the folder holds no .npy or .npz file and no image" \
		hn-quantize -c folder n.fp.har -o x.har
	arr npz other.npz other=in.npy more=in.npy
	fails_with 1 "hn-quantize: calibration set 'other.npz': no array for input layer 'n/input_layer1'" \
		hn-quantize -c other.npz n.fp.har -o x.har
	head -c 100 in.npy > x.npy
	run --separate-stderr hn-quantize -c x.npy n.fp.har -o x.har
	[ "$status" -eq 1 ]
	[ ! -e x.har ]
}

# Trunk of 256 codes of step $2 (zero point 128), to which a 1x1 convolution of 0 .. 255 with weight $1
# is added: y is the trunk, to the nearest code and one more, while $1 * 255 is far below $2.
adds_nothing() {
	cat <<- END | mkonnx m.onnx
		input a 1,1,16,16
		input b 1,1,16,16
		init w 1,1,1,1 $1
		node Conv conv a,w c
		node Add add c,b y
		output y
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o m.fp.har
	# shellcheck disable=SC2046 # words are values
	arr npy a.npy float32 1,16,16,1 $(seq 0 255)
	# shellcheck disable=SC2046
	arr npy b.npy float32 1,16,16,1 $(seq -128 127 | awk -v s="$2" '{ printf "%.9g ", $1 * s }')
	arr npz ab.npz input_layer1=a.npy input_layer2=b.npy
	hn-quantize -q -c ab.npz m.fp.har -o m.q.har
	har-pack -m hn m.q.har | jq -e '.layers["n/conv1"].input | length == 2'
	hn-infer -q -c bit_exact --in input_layer1=a.npy --in input_layer2=b.npy m.q.har -o y.npy
	npydiff b.npy y.npy 0.004
}

@test "a branch far below the trunk that it is added to leaves the trunk as it is" {
	for weight in 1e-6 -1e-6 1e-9 1e-15 0; do
		adds_nothing "$weight" 0.25
		adds_nothing "$weight" 8
	done
	# Without weights there is no scale but the trunk's.
	adds_nothing 0 0.0001
}

@test "a layer without an integer form is refused by name, with the reason" {
	cat > m.json <<- 'END'
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 1, 4, 8]]},
		"n/maxpool1": {"type": "maxpool", "input": ["n/input_layer1"], "params": {"kernel_shape": [1, 1, 2, 1],
			"strides": [1, 1, 1, 1], "padding": "VALID", "activation": "leaky", "hnt_act_alpha": 0.1}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/maxpool1"]}}}
	END
	mkhar m.json m.har
	hn-normalize m.har -o fp.har
	fails_with 1 "hn-quantize: layer 'n/maxpool1': a pool with a 'leaky' activation has no integer form" \
		hn-quantize --random-calib fp.har -o x.har
}

@test "a bundle in another state, truncated or empty is refused, a full disk is noticed" {
	make_small
	run --separate-stderr hn-quantize --random-calib n.har -o x.har
	[ "$status" -eq 1 ]
	[[ "$stderr" == *hn-normalize* ]]
	truncated n.fp.har 3000 > t.har
	run --separate-stderr hn-quantize --random-calib t.har -o x.har
	[ "$status" -eq 1 ]
	[ ! -e x.har ]
	full_disk hn-quantize -q --random-calib n.fp.har
}
