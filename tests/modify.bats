# Model modifications of scripts in every form: resize, change_output_activation, logits_layer, set_seed.
# Expected values come from tests/gen/modref.c, which has the formulas a second time.
load helper
load modify

CONV='"kernel_shape": [3, 3, 3, 4], "strides": [1, 1, 1, 1], "padding": "SAME", "activation": "relu"'
C11='"kernel_shape": [1, 1, 3, 3], "strides": [1, 1, 1, 1], "padding": "VALID"'
NORM='normalization([128, 128, 128], [100, 100, 100])'
DENSE='"kernel_shape": [324, 7]'

# What the network gives behind NORM: values of moderate size, for functions that saturate.
moderate() {
	echo "$NORM" > norm.alls
	hn-normalize -q -s norm.alls m.har -o norm.har
	hn-infer -q -c fp_optimized --in "$1" norm.har -o native.npy
}

@test "resize gives an input another size: both methods, all pixel modes, on the device and on the host" {
	net conv1 conv "$CONV"
	modref noise x.npy 1 4 20 15 3
	for method in bilinear nearest_neighbor; do
		for mode in align_corners half_pixels disabled; do
			modref resize x.npy small.npy 12 9 "${method%_neighbor}" $mode
			native small.npy
			for engine in nn_core cpu; do
				script "r = resize(resize_shapes=[20, 15], resize_method=$method, pixels_mode=$mode, engine=$engine)"
				forms x.npy
				near native.npy 0.02
				[ "$(layers)" = "n/r n/conv1" ]
			done
		done
	done
}

@test "resize makes an input smaller than the network's, too" {
	net conv1 conv "$CONV"
	modref noise x.npy 2 4 5 7 3
	script 'resize(input_layer1, resize_shapes=[5, 7])'
	modref resize x.npy large.npy 12 9 bilinear align_corners
	native large.npy
	forms x.npy
	near native.npy 0.02
	[ "$(layers)" = "n/resize1 n/conv1" ]
	[ "$(recorded '.inputs["n/input_layer1"][0] | [.cmd_type, .output_shape, .engine]')" = '["resize",[-1,5,7,3],"nn_core"]' ]
	# The older form has the defaults of the newer one.
	cp fp.npz newer.npz
	script 'resize1 = resize_input([5, 7], input_layer1)'
	forms x.npy
	cmp fp.npz newer.npz
}

@test "resize gives an output another size, named by its layer or by the layer before it" {
	net conv1 conv "$CONV"
	modref noise x.npy 3 4 12 9 3
	native x.npy
	for method in bilinear nearest_neighbor; do
		for mode in align_corners half_pixels disable; do
			modref resize native.npy expect.npy 17 6 "${method%_neighbor}" "${mode/disable/disabled}"
			for engine in nn_core cpu; do
				script "r = resize(conv1, resize_shapes=[17, 6], resize_method=$method, pixels_mode=$mode, engine=$engine)"
				forms x.npy
				near expect.npy 0.02
			done
		done
	done
	[ "$(recorded '.outputs["n/output_layer1"][0] | [.cmd_type, .output_shape, .engine, .hnt_layer]')" = \
		'["resize",[-1,17,6,4],"cpu","n/r"]' ]
	script 'resize(output_layer1, resize_shapes=[17, 6])'
	forms x.npy
	one fp.npz
	modref resize native.npy expect.npy 17 6 bilinear align_corners
	npydiff expect.npy fp.npy 1e-5
}

@test "a resize on the host leaves the device and its stream alone, on the device it does not" {
	net conv1 conv "$CONV"
	modref noise x.npy 4 4 20 15 3
	script 'resize(resize_shapes=[20, 15], engine=cpu)'
	forms x.npy
	hef-run --info m.hef | grep -q 'Input  n/input_layer1 UINT8, NHWC(12x9x3)'
	script 'resize(resize_shapes=[20, 15])'
	forms x.npy
	hef-run --info m.hef | grep -q 'Input  n/input_layer1 UINT8, NHWC(20x15x3)'
}

@test "calibration images have the size that the modified network takes" {
	net conv1 conv "$CONV"
	modref noise x.npy 5 4 12 9 3
	for engine in nn_core cpu; do
		script "resize(resize_shapes=[20, 15], engine=$engine)"
		hn-normalize -q -s s.alls m.har -o fp.har
		fails_with 1 "hn-quantize: calibration set 'x.npy': an array of shape [4,12,9,3], [-1,20,15,3] expected for 'n/input_layer1'" \
			hn-quantize -c x.npy fp.har -o q.har
		fails_with 1 "hn-infer: x.npy: an array of shape [4,12,9,3], [-1,20,15,3] expected for 'n/input_layer1'" \
			hn-infer -c fp_optimized --in x.npy fp.har -o y.npy
	done
}

@test "what resize cannot do is refused" {
	net conv1 conv "$CONV" dense1 dense '"kernel_shape": [432, 5]'
	refused "1:8: resize: layer 'n/conv1' is no output layer, nor directly before one" 'resize(conv1, resize_shapes=[3, 3])'
	refused "1:30: resize: 'n/output_layer1' has shape [-1,5], without height and width" 'resize(dense1, resize_shapes=[3, 3])'
	refused "1:8: resize: 2 names on the left, 1 input layers" 'a, b = resize(resize_shapes=[3, 3])'
	refused "1:9: resize: there is a layer 'conv1' already" 'conv1 = resize(resize_shapes=[3, 3])'
	SHAPE='12, 8, 3' net conv1 conv "$C11"
	for engine in cpu nn_core; do
		script 'input_conversion(yuy2_to_rgb)' "resize(resize_shapes=[20, 16], engine=$engine)"
		fails_with 1 "hn-normalize: s.alls:2:1: resize: the images of 'n/input_layer1' are packed as yuy2 by a command above (a later command comes nearer to the input: write this one above that)" \
			hn-normalize -s s.alls m.har -o x.har
	done
	script 'resize(resize_shapes=[20, 16], engine=cpu)' 'resize(resize_shapes=[30, 16])'
	fails_with 1 "hn-normalize: s.alls:2:1: resize: layer 'n/resize1' behind the input runs on the host" \
		hn-normalize -s s.alls m.har -o x.har
	SHAPE='1, 9, 3' net conv1 conv "$C11"
	refused "1:29: resize: its rows grow 5000 times, 4096 times at most are supported" \
		'resize(conv1, resize_shapes=[5000, 9])'
}

@test "modifications of one input stand in reverse order behind it, names are the script's" {
	net conv1 conv "$CONV"
	modref noise x.npy 6 4 20 15 3
	script 'a = normalization([10, 20, 30], [2, 4, 8])' 'b = resize(resize_shapes=[20, 15])' 'c = normalization([1, 1, 1], [1, 1, 1])'
	forms x.npy
	[ "$(layers)" = "n/c n/b n/a n/conv1" ]
	[ "$(recorded '[.inputs["n/input_layer1"][].cmd_type]')" = '["normalization","resize","normalization"]' ]
}

@test "change_output_activation sets the activation of the layer before an output, or of all of them" {
	net conv1 conv "$CONV"
	jq '.layers["n/conv1"].params.activation = "linear"' m.json > l.json
	mkhar l.json m.har
	modref noise x.npy 7 4 12 9 3
	moderate x.npy
	for act in sigmoid tanh relu; do
		modref $act native.npy expect.npy
		for s in "change_output_activation(conv1, $act)" "change_output_activation(output_layer1, $act)" \
			"change_output_activation($act)"; do
			script "$NORM" "$s"
			hn-normalize -q -s s.alls m.har -o fp.har
			hn-infer -q -c fp_optimized --in x.npy fp.har -o fp.npy
			npydiff expect.npy fp.npy 1e-5
			[ "$(layers)" = "n/normalization1 n/conv1" ]
			[ "$(recorded '.outputs["n/output_layer1"][0]')" = "{\"cmd_type\":\"change_output_activation\",\"activation\":\"$act\"}" ]
		done
		forms x.npy
		near expect.npy 0.03
	done
	# linear takes one away.
	mkhar m.json m.har
	script "$NORM" 'change_output_activation(conv1, linear)'
	forms x.npy
	near native.npy 0.02
}

@test "a layer that takes no activation gets a standalone one behind it" {
	net conv1 conv "$CONV" maxpool1 maxpool '"kernel_shape": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "VALID"'
	modref noise x.npy 8 4 12 9 3
	moderate x.npy
	modref sigmoid native.npy expect.npy
	script "$NORM" 'change_output_activation(sigmoid)'
	forms x.npy
	near expect.npy 0.03
	[ "$(layers)" = "n/normalization1 n/conv1 n/maxpool1 n/activation1" ]
	refused "1:36: change_output_activation: 'prelu' needs slopes, which the command cannot give" 'change_output_activation(maxpool1, prelu)'
}

@test "an activation that other layers read stays theirs" {
	net conv1 conv "$CONV" conv2 conv "${C11/3, 3\]/4, 4]}"
	jq '.layers["n/output_layer2"] = {type: "output_layer", input: ["n/conv1"]}
		| .net_params.output_layers_order = ["n/conv2", "n/conv1"]' m.json > two.json
	mkhar two.json m.har
	refused "1:1: change_output_activation: 'n/conv1' feeds 'n/conv2', too, which needs its activation 'relu'" \
		'change_output_activation(conv1, tanh)'
	jq '.layers["n/conv1"].params.activation = "linear"' two.json > m.json
	mkhar m.json m.har
	script 'change_output_activation(conv1, sigmoid)'
	modref noise x.npy 9 4 12 9 3
	hn-infer -q -c native --in x.npy m.har -o native.npz
	forms x.npy
	one native.npz output_layer2
	modref sigmoid native.npy expect.npy
	one fp.npz output_layer2
	npydiff expect.npy fp.npy 1e-5
	one native.npz
	one fp.npz
	npydiff native.npy fp.npy 1e-5
}

@test "a head of a post-process is named as the output that it was" {
	mkarch yolov8n m.onnx --thin 16 --size 64
	onnx2hn -q -y --net-name n m.onnx -o m.har 2> /dev/null
	modref noise x.npy 12 2 64 64 3
	local nms='nms_postprocess(meta_arch=yolov8, engine=cpu, nms_scores_th=0.01)'
	local -a heads
	script "$nms"
	hn-normalize -q -s s.alls m.har -o fp.har
	mapfile -t heads < <(recorded '[.. | .sigmoid_layers? // empty] | flatten | .[]' | tr -d '"')
	[ "${#heads[@]}" -eq 3 ]
	hn-infer -q -c fp_optimized --in x.npy fp.har -o boxes.npy
	script "$nms" "change_output_activation(${heads[0]}, sigmoid)" "change_output_activation(${heads[1]}, sigmoid)"
	hn-normalize -q -s s.alls m.har -o fp.har
	hn-infer -q -c fp_optimized --in x.npy fp.har -o after.npy
	same_bytes boxes.npy after.npy
	script "change_output_activation(${heads[0]}, sigmoid)" "$nms"
	hn-normalize -q -s s.alls m.har -o fp.har
	hn-infer -q -c fp_optimized --in x.npy fp.har -o before.npy
	same_bytes boxes.npy before.npy
}

@test "logits_layer puts softmax behind an output of rank 2, on the device or on the host" {
	net dense1 dense "$DENSE"
	modref noise x.npy 10 4 12 9 3
	moderate x.npy
	modref softmax native.npy expect.npy
	for engine in nn_core cpu; do
		script "$NORM" "p = logits_layer(dense1, softmax, 1, engine=$engine)"
		forms x.npy
		near expect.npy 0.03
		[ "$(layers)" = "n/normalization1 n/dense1 n/p" ]
	done
	hef-run --info m.hef | grep -q 'Name: Softmax-Post-Process'
	fails_with 1 "hn-infer: the host runs the layer 'p', --layers is about the device's (without it, its outputs are written)" \
		hn-infer -c quantized --layers p --in x.npy q.har -o y.npz
	[ "$(recorded '.outputs["n/output_layer1"][0] | [.cmd_type, .logits_type, .axis, .engine]')" = '["logits_layer","softmax",1,"cpu"]' ]
	# As public scripts write it.
	cp q.npz keyword.npz
	script "$NORM" "p = logits_layer(n/dense1, softmax, -1, cpu)"
	forms x.npy
	same_bytes q.npz keyword.npz
}

@test "logits_layer puts argmax over the features behind an output of rank 4" {
	net conv1 conv "$CONV"
	modref noise x.npy 11 4 12 9 3
	native x.npy
	modref argmax native.npy expect.npy
	for engine in nn_core cpu; do
		script "classes = logits_layer(argmax, 3, engine=$engine)"
		forms x.npy
		one fp.npz
		npydiff expect.npy fp.npy 0
		# In integers: of the codes that the convolution gives.
		hn-infer -q -c quantized --layers conv1 --in x.npy q.har -o conv.npz
		one conv.npz conv1
		modref argmax conv.npy codes.npy
		one q.npz
		npydiff codes.npy q.npy 0
	done
	hef-run --info m.hef | grep -q 'Name: Argmax-Post-Process'
}

@test "what logits_layer cannot do is refused" {
	net conv1 conv "$CONV"
	refused "1:1: logits_layer: softmax needs an output of rank 2, 'n/output_layer1' has shape [-1,12,9,4]" 'logits_layer(softmax, 1)'
	refused "1:22: logits_layer: argmax works on the features: axis 3, not 1" 'logits_layer(argmax, 1)'
	net dense1 dense "$DENSE"
	refused "1:1: logits_layer: argmax needs an output of rank 4, 'n/output_layer1' has shape [-1,7]" 'logits_layer(argmax, 3)'
	refused "1:23: logits_layer: softmax works on the features: axis 1, not 3" 'logits_layer(softmax, 3)'
	script 'logits_layer(softmax, 1, cpu)' 'change_output_activation(sigmoid)'
	fails_with 1 "hn-normalize: s.alls:2:1: change_output_activation: layer 'n/softmax1' before the output runs on the host (put this command first)" \
		hn-normalize -s s.alls m.har -o x.har
	jq '.layers["n/output_layer2"] = {type: "output_layer", input: ["n/dense1"]}
		| .layers["n/output_layer3"] = {type: "output_layer", input: ["n/dense1"]}' m.json > three.json
	mkhar three.json m.har
	refused "1:1: logits_layer: more than 2 softmax layers behind outputs" 'logits_layer(softmax, 1)'
}

@test "set_seed gives random calibration images of its own, the same every time, and is recorded" {
	net conv1 conv "$CONV"
	hn-normalize -q m.har -o fp.har
	hn-quantize -q --random-calib -n 8 fp.har -o none.har
	for seed in 5 6; do
		script "set_seed(seed=$seed)"
		hn-quantize -q --random-calib -n 8 -s s.alls fp.har -o $seed.har
		hn-quantize -q --random-calib -n 8 -b 3 -j 2 -s s.alls fp.har -o again.har
		same_bytes $seed.har again.har
		[ "$(har-pack -m metadata.json $seed.har | jq .hnt_seed)" = $seed ]
		har-pack -m q.npz $seed.har > $seed.npz
	done
	[ "$(har-pack -m metadata.json none.har | jq .hnt_seed)" = null ]
	har-pack -m q.npz none.har > none.npz
	run ! cmp -s 5.npz 6.npz
	run ! cmp -s 5.npz none.npz
}
