# hn-infer: contexts, inputs, outputs, accuracy, errors.
load helper

setup_file() {
	export STAGES=$BATS_FILE_TMPDIR
	cd "$STAGES" || return
	onnx2hn "$SHAPES/shapes.onnx" --net-name shapes -o shapes.har
	hn-normalize -s "$SHAPES/shapes.alls" shapes.har -o shapes.fp.har
	hn-quantize -q -c "$SHAPES/calib.npy" shapes.fp.har -o shapes.q.har
}

# A network without weights: y = relu(x1 - x2), z = x1 with its features reversed in pairs.
two_in_two_out() {
	cat > two.hn <<- 'END'
		{"name": "two", "net_params": {"output_layers_order": ["two/shuffle1", "two/ew_sub1"]}, "layers": {
		"two/input_layer1": {"type": "input_layer", "input": [], "output": ["two/ew_sub1", "two/shuffle1"],
		"input_shapes": [[-1, 1, 2, 2]], "output_shapes": [[-1, 1, 2, 2], [-1, 1, 2, 2]]},
		"two/input_layer2": {"type": "input_layer", "input": [], "output": ["two/ew_sub1"],
		"input_shapes": [[-1, 1, 2, 2]], "output_shapes": [[-1, 1, 2, 2]]},
		"two/ew_sub1": {"type": "ew_sub", "input": ["two/input_layer1", "two/input_layer2"],
		"output": ["two/output_layer1"], "params": {"activation": "relu"}},
		"two/shuffle1": {"type": "slice", "input": ["two/input_layer1"], "output": ["two/output_layer2"],
		"params": {"features_slice": [1, 2, 1]}},
		"two/output_layer1": {"type": "output_layer", "input": ["two/ew_sub1"], "output": []},
		"two/output_layer2": {"type": "output_layer", "input": ["two/shuffle1"], "output": []}}}
	END
	arr npy a.npy float32 3,1,2,2 1 2 3 4 5 6 7 8
	arr npy b.npy uint8 3,1,2,2 1 0 5 0
}

# The values of out.npz's array of that key.
values() {
	arr get "$1" "$2" one.npy
	arr text one.npy
}

@test "the native network gives the reference outputs of the framework it came from" {
	hn-infer --in "$SHAPES/ref_in.npy" -o out.npy "$STAGES/shapes.har"
	npydiff "$SHAPES/ref_out.npy" out.npy 0.0001
}

@test "the normalized network gives the native one's outputs" {
	hn-infer -c fp_optimized --in "$SHAPES/test_x.npy" --data-count 4 -o out.npy "$STAGES/shapes.fp.har"
	[ "$(arr text out.npy | head -n 1)" = "float32 [4,12]" ]
	hn-infer --in "$SHAPES/ref_in.npy" -o native.npy "$STAGES/shapes.fp.har"
	npydiff "$SHAPES/ref_out.npy" native.npy 0.0001
}

@test "accuracy is printed for each k, and only that" {
	run --separate-stderr hn-infer -c quantized --in "$SHAPES/test_x.npy" --labels "$SHAPES/test_y.npy" --top 1,3,12 "$STAGES/shapes.q.har"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 3 ]
	[[ ${lines[0]} =~ ^top-1\ 0\.[0-9]{4}\ \([0-9]+/600\)$ ]]
	[[ ${lines[1]} == "top-3 "* ]]
	[ "${lines[2]}" = "top-12 1.0000 (600/600)" ]
}

@test "quantized and bit_exact give the same integers, with any number of threads and any batch" {
	q=$STAGES/shapes.q.har
	hn-infer -c quantized --raw --data-count 20 --in "$SHAPES/test_x.npy" -o a.npy "$q"
	hn-infer -c bit_exact --raw --data-count 20 --in "$SHAPES/test_x.npy" -j 1 --batch 7 -o b.npy "$q"
	same_bytes a.npy b.npy
	[ "$(arr text a.npy | head -n 1)" = "uint8 [20,12]" ]
	hn-infer -c quantized --data-count 20 --in "$SHAPES/test_x.npy" -o real.npy "$q"
	[ "$(arr text real.npy | head -n 1)" = "float32 [20,12]" ]
}

@test "float results are the same bytes with 1 and 2 threads, and one by one" {
	for batch in 1 3 64; do
		hn-infer -j 1 --data-count 9 --batch $batch --in "$SHAPES/test_x.npy" -o "one$batch.npy" "$STAGES/shapes.har"
		hn-infer -j 2 --data-count 9 --batch $batch --in "$SHAPES/test_x.npy" -o "two$batch.npy" "$STAGES/shapes.har"
		same_bytes "one$batch.npy" "two$batch.npy"
		npydiff one1.npy "one$batch.npy" 0.000001
	done
}

@test "standard input is the bundle, standard output the result" {
	hn-infer --in "$SHAPES/ref_in.npy" -o a.npy "$STAGES/shapes.har"
	hn-infer --in "$SHAPES/ref_in.npy" < "$STAGES/shapes.har" > b.npy
	same_bytes a.npy b.npy
}

@test "several inputs are named, several outputs keep their end-node order" {
	two_in_two_out
	hn-infer --in input_layer1=a.npy --in two/input_layer2=b.npy -o out.npz two.hn
	run arr keys out.npz
	[ "$output" = 'two/output_layer2 float32 [3,1,2,1]
two/output_layer1 float32 [3,1,2,2]' ]
	run values out.npz two/output_layer1
	[ "$output" = 'float32 [3,1,2,2]
0 2 0 4
4 6 2 8
0 2 0 4' ]
	run values out.npz two/output_layer2
	[ "$output" = 'float32 [3,1,2,1]
2 4
6 8
2 4' ]
	hn-infer --in input_layer1=a.npy --in input_layer2=b.npy < two.hn > piped.npz
	same_bytes out.npz piped.npz
}

@test "an array without a first dimension is one image" {
	two_in_two_out
	arr npy a.npy float32 1,2,2 1 2 3 4
	arr npy b.npy float32 1,1,2,2 0
	hn-infer --in input_layer1=a.npy --in input_layer2=b.npy --layers output_layer2 -o out.npz two.hn
	run values out.npz two/output_layer2
	[ "$output" = 'float32 [1,1,2,1]
2 4' ]
}

@test "--layers writes what it names, all names every layer" {
	hn-infer --layers all --in "$SHAPES/ref_in.npy" -o all.npz "$STAGES/shapes.har"
	arr keys all.npz | grep -q '^shapes/conv1 float32'
	arr get all.npz shapes/output_layer1 last.npy
	npydiff "$SHAPES/ref_out.npy" last.npy 0.0001
	hn-infer --layers conv1,shapes/conv2 --in "$SHAPES/ref_in.npy" -o two.npz "$STAGES/shapes.har"
	[ "$(arr keys two.npz | wc -l)" -eq 2 ]
	arr get all.npz shapes/conv2 a.npy
	arr get two.npz shapes/conv2 b.npy
	same_bytes a.npy b.npy
	hn-infer -c bit_exact --raw --layers conv1 --data-count 2 --in "$SHAPES/test_x.npy" -o q.npy "$STAGES/shapes.q.har"
	[[ $(arr text q.npy | head -n 1) == "uint8 [2,"* ]]
}

@test "--bench prints one line of times" {
	run --separate-stderr hn-infer --bench 5 -j 1 --batch 2 "$STAGES/shapes.har"
	[ "$status" -eq 0 ]
	[[ $output =~ ^shapes\ batch\ 2\ threads\ 1\ runs\ 5\ median_ms\ [0-9.]+\ min_ms\ [0-9.]+\ p90_ms\ [0-9.]+$ ]]
	hn-infer --bench 3 -c quantized "$STAGES/shapes.q.har"
	hn-infer --bench 3 --in "$SHAPES/test_x.npy" "$STAGES/shapes.har"
}

@test "-v prints the time of each layer" {
	run --separate-stderr hn-infer -v --in "$SHAPES/ref_in.npy" -o out.npy "$STAGES/shapes.har"
	[ "$status" -eq 0 ]
	[[ $stderr == *"shapes/conv1"* ]]
}

@test "a flow file runs all layers in float or all in integers" {
	q=$STAGES/shapes.q.har
	data=(--in "$SHAPES/test_x.npy" --data-count 2)
	printf 'shapes/*:\n  target: NATIVE\n' > float.yaml
	hn-infer -c quantized "${data[@]}" --custom-infer-config float.yaml -o a.npy "$q"
	hn-infer -c fp_optimized "${data[@]}" -o b.npy "$q"
	same_bytes a.npy b.npy
	printf '"*":\n  target: NATIVE\nshapes/*/*: {target: QUANTIZED}\n' > integer.yaml
	run --separate-stderr hn-infer -c quantized "${data[@]}" --custom-infer-config integer.yaml -o a.npy "$q"
	n=$(har-pack -m hn "$q" | jq '[.layers[] | select(.type | test("^(in|out)put_layer$") | not)] | length')
	[[ $stderr == *"hn-infer: '*': $n layers NATIVE"*"hn-infer: 'shapes/*/*': $n layers QUANTIZED"* ]]
	hn-infer -c quantized "${data[@]}" -o b.npy "$q"
	same_bytes a.npy b.npy
}

@test "a flow file that says something else is refused with its line" {
	while IFS='|' read -r text message; do
		printf '%b' "$text" > bad.yaml
		fails_with 1 "hn-infer: bad.yaml: $message" \
			hn-infer -c quantized --in "$SHAPES/test_x.npy" --custom-infer-config bad.yaml -o c.npy "$STAGES/shapes.q.har"
	done <<- 'END'
		conv9*:\n  target: NATIVE\n|line 2: 'conv9*' names no layer
		shapes/*:\n  target: FLOAT\n|line 2: target 'FLOAT', QUANTIZED or NATIVE expected
		shapes/*:\n  goal: NATIVE\n|line 2: unknown key 'goal', 'target' expected
		shapes/*: NATIVE\n|line 1: 'NATIVE' stands where a mapping is expected
		- a\n|line 1: lists and aliases have no meaning here
	END
	usage_error "hn-infer: --custom-infer-config is for -c quantized or bit_exact" \
		hn-infer --custom-infer-config bad.yaml --in x missing.har
}

@test "wrong use is refused before anything is read" {
	usage_error "hn-infer: no data: --in FILE.npy" hn-infer missing.har
	usage_error "hn-infer: -c must be native, fp_optimized, quantized or bit_exact, not 'float'" hn-infer -c float --in x missing.har
	usage_error "hn-infer: --raw writes integers: -c quantized or bit_exact" hn-infer --raw --in x missing.har
	usage_error "hn-infer: --top needs --labels FILE" hn-infer --top 1 --in x missing.har
	usage_error "hn-infer: --bench excludes --layers, --labels and --data-count" hn-infer --bench 1 --data-count 2 missing.har
}

@test "a state that comes too early names the tool to run" {
	for c in fp_optimized quantized bit_exact; do
		run --separate-stderr hn-infer -c $c --in "$SHAPES/test_x.npy" -o out.npy "$STAGES/shapes.har"
		[ "$status" -eq 1 ]
		[[ $stderr == *"hn-"* ]]
		[ ! -e out.npy ]
	done
}

@test "arrays that do not fit are refused and name both shapes" {
	two_in_two_out
	arr npy wide.npy float32 3,2,2,2 0
	fails_with 1 "hn-infer: wide.npy: an array of shape [3,2,2,2], [-1,1,2,2] expected for 'two/input_layer1'" \
		hn-infer --in input_layer1=wide.npy --in input_layer2=b.npy -o out.npz two.hn
	arr npy int.npy int32 3,1,2,2 0
	fails_with 1 "hn-infer: int.npy: an array of int32, float32 or uint8 expected for 'two/input_layer1'" \
		hn-infer --in input_layer1=int.npy --in input_layer2=b.npy -o out.npz two.hn
	arr npy more.npy float32 4,1,2,2 0
	fails_with 1 "hn-infer: more.npy: 4 images, the other inputs have 3" \
		hn-infer --in input_layer1=a.npy --in input_layer2=more.npy -o out.npz two.hn
	fails_with 1 "hn-infer: no array for the input 'two/input_layer2' (--in two/input_layer2=FILE.npy)" \
		hn-infer --in input_layer1=a.npy -o out.npz two.hn
	fails_with 1 "hn-infer: the network has 2 inputs, 'a.npy' does not say which one it is for (--in two/input_layer1=a.npy)" \
		hn-infer --in a.npy -o out.npz two.hn
	fails_with 1 "hn-infer: 'other=a.npy' names no input of the network (the first of its 2 inputs is 'two/input_layer1')" \
		hn-infer --in other=a.npy -o out.npz two.hn
	fails_with 1 "hn-infer: two arrays for the input 'two/input_layer1'" \
		hn-infer --in input_layer1=a.npy --in input_layer1=a.npy -o out.npz two.hn
	arr npy none.npy float32 0,1,2,2 0
	fails_with 1 "hn-infer: none.npy: an array without images for 'two/input_layer1'" \
		hn-infer --in input_layer1=none.npy --in input_layer2=b.npy -o out.npz two.hn
}

@test "NaN has no integer: refused in integer contexts, passed on in float" {
	arr npy nan.npy float32 2,32,32,1 0 nan
	run --separate-stderr hn-infer -c quantized --in nan.npy -o out.npy "$STAGES/shapes.q.har"
	[ "$status" -eq 1 ]
	[ "$stderr" = "hn-infer: image 0 of 'shapes/input_layer1' holds NaN" ]
	[ ! -e out.npy ]
	hn-infer --in nan.npy -o out.npy "$STAGES/shapes.har"
}

@test "several outputs do not fit into one .npy, an unknown layer is named" {
	two_in_two_out
	fails_with 1 "hn-infer: out.npy: 2 arrays do not fit into one .npy (-o FILE.npz)" \
		hn-infer --in input_layer1=a.npy --in input_layer2=b.npy -o out.npy two.hn
	fails_with 1 "hn-infer: the network has no layer 'conv9'" \
		hn-infer --in input_layer1=a.npy --in input_layer2=b.npy --layers conv9 -o out.npz two.hn
	fails_with 1 "hn-infer: the layer 'two/ew_sub1' is named twice" \
		hn-infer --in input_layer1=a.npy --in input_layer2=b.npy --layers ew_sub1,two/ew_sub1 -o out.npz two.hn
	fails_with 1 "hn-infer: --labels needs a network with one output, this one has 2" \
		hn-infer --in input_layer1=a.npy --in input_layer2=b.npy --labels a.npy two.hn
}

@test "labels that do not belong to the data are refused" {
	arr npy few.npy uint8 10 0
	fails_with 1 "hn-infer: few.npy: 10 labels for 600 images" \
		hn-infer --in "$SHAPES/test_x.npy" --labels few.npy "$STAGES/shapes.har"
	arr npy real.npy float32 600 0
	fails_with 1 "hn-infer: real.npy: labels are float32, integers expected" \
		hn-infer --in "$SHAPES/test_x.npy" --labels real.npy "$STAGES/shapes.har"
	arr npy high.npy int64 600 12
	fails_with 1 "hn-infer: label 0 is 12, 'shapes/output_layer1' has 12 classes" \
		hn-infer --in "$SHAPES/test_x.npy" --labels high.npy "$STAGES/shapes.har"
	run --separate-stderr hn-infer --in "$SHAPES/test_x.npy" --labels "$SHAPES/test_y.npy" --top 13 "$STAGES/shapes.har"
	[ "$status" -eq 1 ]
	[[ $stderr == *"--top"* ]]
}

@test "a full disk is reported" {
	full_disk hn-infer --in "$SHAPES/ref_in.npy" "$STAGES/shapes.har"
	full_disk hn-infer --in "$SHAPES/test_x.npy" --labels "$SHAPES/test_y.npy" "$STAGES/shapes.har"
}

@test "a damaged bundle or array is refused" {
	truncated "$STAGES/shapes.har" 5000 > cut.har
	run --separate-stderr hn-infer --in "$SHAPES/ref_in.npy" -o out.npy cut.har
	[ "$status" -eq 1 ]
	truncated "$SHAPES/ref_in.npy" 500 > cut.npy
	run --separate-stderr hn-infer --in cut.npy -o out.npy "$STAGES/shapes.har"
	[ "$status" -eq 1 ]
	[[ $stderr == *cut.npy* ]]
	[ ! -e out.npy ]
}
