# hn-normalize: nms_postprocess.  What becomes of the network, where the configuration comes from, how heads
# are found, and bad input.  Decodings are tested in nms.bats.
load helper

# heads_net NAME:STRIDE:FEATURES[:ACTIVATION]...: a network of one convolution per head on a 64x96 image, as
# m.har.  OUTER=1: each head has a layer of its own for its activation.
heads_net() {
	local head name stride c act outputs=()
	{
		echo '{"name": "n", "net_params": {"output_layers_order": ['
		printf '"n/%s"' "${1%%:*}"
		for head in "${@:2}"; do
			printf ', "n/%s"' "${head%%:*}"
		done
		echo ']}, "layers": {"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 64, 96, 3]]}'
		for head in "$@"; do
			IFS=: read -r name stride c act <<< "$head"
			outputs+=("$name")
			cat << E
, "n/$name": {"type": "conv", "input": ["n/input_layer1"], "params": {"activation": "${act:-linear}",
  "kernel_shape": [$stride, $stride, 3, $c], "strides": [1, $stride, $stride, 1], "padding": "VALID"}},
"n/output_layer${#outputs[@]}": {"type": "output_layer", "input": ["n/$name"]}
E
		done
		echo '}}'
	} > m.json
	mkhar m.json m.har in.npy 2
}

# normalized SCRIPT-LINE...: hn-normalize m.har with these lines; fp.json is the graph.
normalized() {
	printf '%s\n' "$@" > s.alls
	hn-normalize -q -s s.alls m.har -o fp.har
	har-pack -m hn -i fp.har > fp.json
}

# The post-process's inputs without the network's name.
inputs() {
	jq -r '[.layers[] | select(.type == "postprocess") | .input[] | split("/")[1]] | join(" ")' fp.json
}

record() {
	har-pack -m modifications_meta_data.json -i fp.har | jq -c '.outputs["n/postprocess_output_layer"][0]'
}

sigmoids() {
	record | jq -r '[.sigmoid_layers[] | split("/")[1]] | join(" ")'
}

activation() {
	jq -r ".layers[\"n/$1\"].params.activation" fp.json
}

config() {
	har-pack -m nms.json -i fp.har | jq -c "$1"
}

V8='{"nms_scores_th": 0.4, "nms_iou_th": 0.5, "image_dims": [64, 96], "max_proposals_per_class": 7, "classes": 3,
  "regression_length": 8, "background_removal": false, "background_removal_index": 0, "bbox_decoders": [
  {"name": "d1", "stride": 8, "reg_layer": "conv3", "cls_layer": "conv1"},
  {"name": "d2", "stride": 16, "reg_layer": "n/conv4", "cls_layer": "n/conv2"}]}'
v8_net() {
	heads_net conv1:8:3 conv2:16:3 conv3:8:32 conv4:16:32
}

@test "the heads stop being outputs, the post-process takes them in its decoders' order" {
	v8_net
	echo "$V8" > c.json
	normalized 'nms_postprocess("c.json", meta_arch=yolov8, engine=cpu)'
	[ "$(inputs)" = "conv3 conv1 conv4 conv2" ]
	jq -e '.net_params.output_layers_order == ["n/yolov8_nms_postprocess"]' fp.json
	jq -e '.layers["n/yolov8_nms_postprocess"] | .type == "postprocess" and .output == ["n/postprocess_output_layer"] and .output_shapes == [[-1, 3, 5, 7]]' fp.json
	jq -e '.layers["n/yolov8_nms_postprocess"].params | .meta_arch == "yolov8" and .postprocess_type == "nms" and .iou_th == 0.5 and .max_proposals_per_class == 7 and .max_total_output_proposals == 21' fp.json
	jq -e '[.layers[] | select(.type == "output_layer") | .input] == [["n/yolov8_nms_postprocess"]]' fp.json
	[ "$(record)" = '{"cmd_type":"nms_postprocess","meta_arch":"yolov8","engine":"cpu","hn_output_layers":["n/conv3","n/conv1","n/conv4","n/conv2"],"sigmoid_layers":["n/conv1","n/conv2"]}' ]
	har-pack -m metadata.json -i fp.har | jq -e '.nms_meta_arch == "yolov8" and .nms_engine == "cpu"'
	har-pack -m native.hn -i fp.har | jq -e '[.layers[] | select(.type == "output_layer")] | length == 4'
	[ "$(config '[.nms_scores_th, .max_proposals_per_class, .bbox_decoders[1].reg_layer, .bbox_decoders[1].cls_layer]')" = '[0.4,7,"conv4","conv2"]' ]
}

@test "an output that is no head stays one, in its place" {
	heads_net conv9:8:1 conv1:8:3 conv2:16:3 conv8:32:32 conv3:8:32 conv4:16:32
	echo "$V8" > c.json
	normalized 'nms_postprocess("c.json", meta_arch=yolov8)'
	jq -e '.net_params.output_layers_order == ["n/conv9", "n/yolov8_nms_postprocess", "n/conv8"]' fp.json
}

@test "the path is relative to the script's folder" {
	v8_net
	mkdir -p d/e
	echo "$V8" > d/c.json
	echo 'nms_postprocess("../c.json", meta_arch=yolov8)' > d/e/s.alls
	hn-normalize -q -s d/e/s.alls m.har -o fp.har
	[ "$(config .nms_scores_th)" = 0.4 ]
	echo "nms_postprocess('$PWD/d/c.json', meta_arch=yolov8)" > d/e/s.alls
	hn-normalize -q -s d/e/s.alls m.har -o fp.har
	[ "$(config .nms_scores_th)" = 0.4 ]
}

# arch ARCH ARGUMENTS EXPECTED-INPUTS EXPECTED-SIGMOIDS EXPECTED-SHAPE: heads of the default configuration.
arch() {
	normalized "nms_postprocess(meta_arch=$1${2:+, $2})"
	[ "$(inputs)" = "$3" ] || report "inputs: $(inputs)"
	[ "$(sigmoids)" = "$4" ] || report "sigmoids: $(sigmoids)"
	[ "$(jq -c '.layers[] | select(.type == "postprocess") | .output_shapes[0]' fp.json)" = "$5" ]
}

@test "yolov5's heads are found by their shape and get a sigmoid as a whole" {
	heads_net c3:32:21 c1:8:21 c2:16:21
	arch yolov5 classes=2 "c1 c2 c3" "c1 c2 c3" "[-1,2,5,80]"
	[ "$(activation c3)" = sigmoid ]
	[ "$(record | jq -r .engine)" = auto ]
	[ "$(config '[.classes, .nms_scores_th, .nms_iou_th, .image_dims, .bbox_decoders[0].w]')" = '[2,0.3,0.6,[64,96],[10,16,33]]' ]
}

@test "yolov5_seg: prototypes come last, nothing gets a sigmoid" {
	heads_net p:4:32 c1:8:117 c2:16:117 c3:32:117
	arch yolov5_seg classes=2 "c1 c2 c3 p" "" "[-1,1,100,6150]"
	[ "$(activation c1)" = null ]
}

@test "yolov6, yolov8 and damoyolo: classes get a sigmoid, damoyolo's background stays the last class" {
	heads_net r1:8:4 s1:8:5 r2:16:4 s2:16:5 r3:32:4 s3:32:5
	arch yolov6 classes=5 "r1 s1 r2 s2 r3 s3" "s1 s2 s3" "[-1,5,5,100]"
	heads_net r1:8:64 s1:8:5 r2:16:64 s2:16:5 r3:32:64 s3:32:5
	arch yolov8 classes=5 "r1 s1 r2 s2 r3 s3" "s1 s2 s3" "[-1,5,5,100]"
	heads_net r1:8:68 s1:8:6 r2:16:68 s2:16:6 r3:32:68 s3:32:6
	arch damoyolo classes=6 "r1 s1 r2 s2 r3 s3" "s1 s2 s3" "[-1,5,5,100]"
	[ "$(config .background_removal_index)" = 5 ]
}

@test "yolox: objectness and classes get a sigmoid, also when there is one class" {
	heads_net s1:8:9 r1:8:4 o1:8:1 s2:16:9 r2:16:4 o2:16:1 s3:32:9 r3:32:4 o3:32:1
	arch yolox classes=9 "r1 o1 s1 r2 o2 s2 r3 o3 s3" "o1 s1 o2 s2 o3 s3" "[-1,9,5,100]"
	heads_net r1:8:4 o1:8:1 s1:8:1 r2:16:4 o2:16:1 s2:16:1 r3:32:4 o3:32:1 s3:32:1
	arch yolox classes=1 "r1 o1 s1 r2 o2 s2 r3 o3 s3" "o1 s1 o2 s2 o3 s3" "[-1,1,5,100]"
}

@test "ssd: the background is no class of the result; the largest maps come first" {
	local heads=() n=3 s
	for s in 2 4 8 16 32 64; do
		[ $s -eq 64 ] && heads=("s6:64:24" "r6:64:24" "${heads[@]}") ||
			heads=("s$s:$s:$((4 * n))" "r$s:$s:$((4 * n))" "${heads[@]}")
		n=6
	done
	# With four classes boxes and classes have as many features: those with a sigmoid are the classes.
	heads_net "${heads[@]/#s2:2:12/s2:2:12:sigmoid}"
	normalized 'nms_postprocess(meta_arch=ssd, classes=4)'
	[[ $(inputs) == "r2 s2 "* ]]
	[[ $(sigmoids) != *s2* ]]
	[ "$(jq -c '.layers["n/ssd_nms_postprocess"].output_shapes[0]' fp.json)" = "[-1,3,5,100]" ]
	[ "$(record | jq -r .engine)" = nn_core ]
}

@test "centernet: sizes, offsets, map; nothing is added to its map" {
	heads_net map:4:7 w:4:2 off:4:2
	arch centernet classes=7 "w off map" "" "[-1,7,5,100]"
	[ "$(jq -r '.layers["n/centernet_nms_postprocess"].params.iou_th' fp.json)" = null ]
}

@test "of two heads with as many features the one with a sigmoid is the classes, and gets no second one" {
	heads_net s1:8:4:sigmoid r1:8:4 r2:16:4 s2:16:4:sigmoid s3:32:4:sigmoid r3:32:4
	arch yolov6 classes=4 "r1 s1 r2 s2 r3 s3" "" "[-1,4,5,100]"
	[ "$(activation s1)" = sigmoid ]
	[ "$(activation r1)" = null ]
}

@test "a head that another layer reads, too, gets its sigmoid as a layer of its own" {
	v8_net
	jq '.layers["n/maxpool1"] = {"type": "maxpool", "input": ["n/conv1"], "params": {"kernel_shape": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "VALID"}}
		| .layers["n/output_layer9"] = {"type": "output_layer", "input": ["n/maxpool1"]}' m.json > m2.json
	mkhar m2.json m.har
	echo "$V8" > c.json
	normalized 'nms_postprocess("c.json", meta_arch=yolov8)'
	[ "$(activation conv1)" = null ]
	[ "$(activation conv2)" = sigmoid ]
	[ "$(inputs)" = "conv3 activation1 conv4 conv2" ]
	[ "$(sigmoids)" = "activation1 conv2" ]
}

@test "a configuration may name the convolution before a layer with the activation" {
	v8_net
	jq '.layers["n/output_layer1"].input = ["n/activation1"]
		| .layers["n/activation1"] = {"type": "activation", "input": ["n/conv1"], "params": {"activation": "sigmoid"}}
		| .net_params.output_layers_order[0] = "n/activation1"' m.json > m2.json
	mkhar m2.json m.har
	echo "$V8" > c.json
	normalized 'nms_postprocess("c.json", meta_arch=yolov8)'
	[ "$(inputs)" = "conv3 conv1 conv4 conv2" ]
	[ "$(sigmoids)" = conv2 ]
	[ "$(activation conv1)" = sigmoid ]
}

@test "NanoDet's heads are cut into distances and classes" {
	heads_net a:8:35 b:16:35
	echo "$V8" | jq '.bbox_decoders = [{"name": "d", "stride": 8, "combined_layer": "a"}, {"name": "e", "stride": 16, "combined_layer": ""}]' > c.json
	normalized 'nms_postprocess("c.json", meta_arch=yolov8)'
	[ "$(inputs)" = "a_reg a_cls b_reg b_cls" ]
	[ "$(sigmoids)" = "a_cls b_cls" ]
	[ "$(config '[.bbox_decoders[] | [.reg_layer, .cls_layer, .combined_layer]]')" = '[["a_reg","a_cls","a"],["b_reg","b_cls",""]]' ]
	# Classes are the first features of the kernel [8, 8, 3, 35] and of the bias.
	har-pack -m npz -i m.har > m.npz
	har-pack -m fpo.npz -i fp.har > fp.npz
	for part in kernel bias; do
		for w in a a_cls a_reg; do
			unzip -p "$([ $w = a ] && echo m || echo fp).npz" "n/$w/$part:0.npy" | tail -c +129 | od -An -v -tx4 -w4 > $w.$part
		done
		paste -d'\n' <(awk '(NR - 1) % 35 < 3' a.$part) | cmp - a_cls.$part
		awk '(NR - 1) % 35 >= 3' a.$part | cmp - a_reg.$part
	done
}

@test "what the parser found is used, edited by the arguments" {
	mkarch yolov8n m.onnx --thin 8 --size 64
	onnx2hn -y -q m.onnx --net-name n -o m.har 2> err
	normalized 'nms_postprocess(meta_arch=yolov8, nms_scores_th=0.55, nms_iou_th=0.44)'
	[ "$(config '[.nms_scores_th, .nms_iou_th, .max_proposals_per_class, .image_dims]')" = '[0.55,0.44,100,[64,64]]' ]
	[ "$(inputs)" = "conv41 conv42 conv52 conv53 conv62 conv63" ]
	# The line that the parser recommends names a file that is in the bundle.
	normalized 'nms_postprocess("n.nms.json", meta_arch=yolov8, engine=cpu)'
	[ "$(config '[.nms_scores_th, .nms_iou_th]')" = '[0.2,0.7]' ]
}

@test "what the parser found of another architecture is not used" {
	v8_net
	tar xf m.har
	jq '.nms_meta_arch = "yolox"' n.metadata.json > x && mv x n.metadata.json
	echo '{"classes": 9}' > n.nms.json
	tar cf m.har n.*
	echo 'nms_postprocess(meta_arch=yolov8, classes=3)' > s.alls
	run --separate-stderr hn-normalize -s s.alls m.har -o fp.har
	[[ $stderr == *"warning: nms_postprocess: the parser found yolox, not yolov8: its configuration is not used"* ]]
}

@test "bbox_decoding_only: every box with all its scores" {
	v8_net
	echo "$V8" > c.json
	normalized 'nms_postprocess("c.json", meta_arch=yolov8, engine=cpu, bbox_decoding_only=True)'
	[ "$(jq -c '.layers["n/yolov8_nms_postprocess"].output_shapes[0]' fp.json)" = "[-1,1,120,7]" ]
	heads_net c1:8:21 c2:16:21 c3:32:21
	normalized 'nms_postprocess(meta_arch=yolov5, bbox_decoding_only=True, classes=2)'
	[ "$(jq -c '.layers["n/yolov5_nms_postprocess"].output_shapes[0]' fp.json)" = "[-1,1,378,7]" ]
	[ "$(record | jq -c '[.engine, .bbox_decoding_only]')" = '["cpu",true]' ]
}

@test "defaults of another place: HN_NMS" {
	v8_net
	mkdir d
	echo "$V8" | jq 'del(.image_dims) | .nms_scores_th = 0.77' > d/default_nms_config_yolov8.json
	export HN_NMS=d
	normalized 'nms_postprocess(meta_arch=yolov8)'
	[ "$(config '[.nms_scores_th, .image_dims]')" = '[0.77,[64,96]]' ]
}

# refused MESSAGE ARGUMENTS: the command on m.har fails so, at its own place.
refused() {
	echo "nms_postprocess($2)" > s.alls
	fails_with 1 "hn-normalize: s.alls:1:1: nms_postprocess: $1" hn-normalize -q -s s.alls m.har -o out.har
}

# wrong MESSAGE FILTER: c.json changed by jq is refused.
wrong() {
	echo "$V8" | jq "$2" > c.json
	refused "c.json: $1" '"c.json", meta_arch=yolov8'
}

@test "a wrong configuration: the message names the file and the key" {
	v8_net
	wrong "key 'classes' is missing" 'del(.classes)'
	wrong "key 'classes' must be an integer from 1 to 65536" '.classes = "3"'
	wrong "key 'nms_scores_th' must be from 0 to 1" '.nms_scores_th = 1.5'
	wrong "key 'nms_iou_th' must be a number" '.nms_iou_th = []'
	wrong "key 'image_dims' must be an array of 2 integers" '.image_dims = [64]'
	wrong "key 'regression_length' is missing" 'del(.regression_length)'
	wrong "key 'max_proposals_per_class' must be an integer from 1 to 65536" '.max_proposals_per_class = 0'
	wrong "key 'background_removal' must be true or false" '.background_removal = 1'
	wrong "key 'bbox_decoders' must be an array of 1 to 16 objects" '.bbox_decoders = []'
	wrong "bbox_decoders[1]: key 'stride' is missing" 'del(.bbox_decoders[1].stride)'
	wrong "bbox_decoders[0]: it must be an object" '.bbox_decoders[0] = 7'
	wrong "key 'hnt_box_order' must be the places of y, x, height, width: 0, 1, 2, 3 in some order" '.hnt_box_order = [0, 1, 2, 2]'
	wrong "key 'hnt_multi_label' must be true or false" '.hnt_multi_label = "no"'
	echo '[]' > c.json
	refused "c.json: it must be an object" '"c.json", meta_arch=yolov8'
	echo '{"a": ' > c.json
	echo 'nms_postprocess("c.json", meta_arch=yolov8)' > s.alls
	run --separate-stderr hn-normalize -s s.alls m.har -o out.har
	[[ $status -eq 1 && $stderr == *"s.alls:1:1: nms_postprocess: c.json: "* ]]
}

@test "heads that do not fit: the message says what there is and what is expected" {
	v8_net
	wrong "bbox_decoders[0]: reg_layer: no layer 'conv33' in 'n' (did you mean 'conv3' or 'conv1' or 'conv2'?)" '.bbox_decoders[0].reg_layer = "conv33"'
	wrong "layer 'n/conv1' has 3 features, yolov8 with 5 classes needs 5" '.classes = 5'
	wrong "layer 'n/conv3' has 32 features, yolov8 with regression_length 16 needs 64" '.regression_length = 16'
	wrong "layer 'n/conv2' has 4x6 cells, 'n/conv3' of the same decoder 8x12" '.bbox_decoders = [.bbox_decoders[0]] | .bbox_decoders[0].cls_layer = "conv2"'
	wrong "layer 'n/conv3' has 8x12 cells, stride 8 and image_dims [96, 64] need 12x8" '.image_dims = [96, 64]'
	wrong "bbox_decoders[1]: reg_layer 'conv3' is named twice" '.bbox_decoders[1] = .bbox_decoders[0]'
	wrong "bbox_decoders[0]: reg_layer: no output has 8x12 cells (stride 8 of [64, 96]) and 64 features (outputs: 'conv1' 8x12x3, 'conv2' 4x6x3, 'conv3' 8x12x32, 'conv4' 4x6x32)" '.regression_length = 16 | .bbox_decoders[0].reg_layer = ""'
	wrong "'classes' is 1 with the background, nothing is left" '.classes = 1 | .background_removal = true'
	refused "$ROOT/share/nms/default_nms_config_yolov5.json: bbox_decoders[0]: encoded_layer: no output has 8x12 cells (stride 8 of [64, 96]) and 24 features (outputs: 'conv1' 8x12x3, 'conv2' 4x6x3, 'conv3' 8x12x32, 'conv4' 4x6x32)" 'meta_arch=yolov5, classes=3'
}

@test "a layer inside the network is not a head" {
	v8_net
	jq '.layers["n/output_layer1"].input = ["n/maxpool1"]
		| .layers["n/maxpool1"] = {"type": "maxpool", "input": ["n/conv1"], "params": {"kernel_shape": [1, 1, 1, 1], "strides": [1, 1, 1, 1], "padding": "VALID"}}
		| .net_params.output_layers_order[0] = "n/maxpool1"' m.json > m2.json
	mkhar m2.json m.har
	wrong "bbox_decoders[0]: cls_layer 'conv1' is not an output of the network (outputs: 'maxpool1' 8x12x3, 'conv2' 4x6x3, 'conv3' 8x12x32, 'conv4' 4x6x32)" '.'
}

@test "no file, and a second post-process" {
	v8_net
	echo 'nms_postprocess("none.json", meta_arch=yolov8)' > s.alls
	fails_with 1 "hn-normalize: s.alls:1:1: nms_postprocess: none.json: No such file or directory" hn-normalize -s s.alls m.har -o out.har
	echo "$V8" > c.json
	printf '%s\n' 'nms_postprocess("c.json", meta_arch=yolov8)' 'nms_postprocess("c.json", meta_arch=yolov8)' > s.alls
	fails_with 1 "hn-normalize: s.alls:2:1: nms_postprocess: the network has a post-process already: 'n/yolov8_nms_postprocess'" hn-normalize -q -s s.alls m.har -o out.har
}

@test "a key that no architecture has is named and passed over" {
	v8_net
	echo "$V8" | jq '.nms_score_th = 0.1' > c.json
	echo 'nms_postprocess("c.json", meta_arch=yolov8)' > s.alls
	run --separate-stderr hn-normalize -s s.alls m.har -o fp.har
	[ "$status" -eq 0 ]
	[[ $stderr == *"warning: c.json: key 'nms_score_th' is not known and not used"* ]]
}

@test "a bundle whose post-process was tampered with is refused" {
	v8_net
	echo "$V8" > c.json
	normalized 'nms_postprocess("c.json", meta_arch=yolov8)'
	tar xf fp.har
	jq '.layers["n/yolov8_nms_postprocess"].output_shapes = [[-1, 300, 5, 7]] | .layers["n/postprocess_output_layer"].input_shapes = [[-1, 300, 5, 7]]' fp.json > n.hn
	tar cf bad.har n.*
	run --separate-stderr hn-infer -c fp_optimized --in in.npy bad.har -o out.npy
	[ "$status" -eq 1 ]
	[[ $stderr == *"layer 'n/yolov8_nms_postprocess' has the output shape [-1,300,5,7], its parameters give [-1,3,5,7]"* ]]
	[ ! -e out.npy ]
}
