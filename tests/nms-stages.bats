# nms_postprocess through the stages: the record is kept, other commands beside it, what hn-infer refuses.
load helper
load nms

# A network of convolutions on a 64x96 image with heads of YOLOv8, strides 8 and 16, three classes.
v8_har() {
	local name s c
	{
		echo '{"name": "n", "net_params": {"output_layers_order": ["n/reg8", "n/cls8", "n/reg16", "n/cls16"]}, "layers": {'
		echo '"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 64, 96, 3]]}'
		for name in reg8:32 cls8:3 reg16:32 cls16:3; do
			c=${name#*:} name=${name%:*} s=${name%:*}
			s=${s//[a-z]/}
			cat << E
, "n/$name": {"type": "conv", "input": ["n/input_layer1"], "params": {
  "kernel_shape": [$s, $s, 3, $c], "strides": [1, $s, $s, 1], "padding": "VALID"}},
"n/out_$name": {"type": "output_layer", "input": ["n/$name"]}
E
		done
		echo '}}'
	} > m.json
	mkhar m.json m.har in.npy 4
	echo '{"nms_scores_th": 0.3, "nms_iou_th": 0.5, "max_proposals_per_class": 9, "classes": 3, "regression_length": 8,
	  "bbox_decoders": [{"stride": 8, "reg_layer": "reg8", "cls_layer": "cls8"}, {"stride": 16, "reg_layer": "reg16", "cls_layer": "cls16"}]}' > c.json
	NMS='nms_postprocess("c.json", meta_arch=yolov8)'
}

# fp OUT SCRIPT-LINE...: hn-normalize m.har.
fp() {
	local out=$1
	shift
	printf '%s\n' "$@" > s.alls
	hn-normalize -q -s s.alls m.har -o "$out"
}

@test "hn-quantize and hn-alloc keep the post-process and its configuration" {
	v8_har
	fp fp.har "$NMS"
	hn-quantize -q -c in.npy fp.har -o q.har
	hn-alloc -q q.har -o a.har
	for m in hn nms.json modifications_meta_data.json; do
		har-pack -m $m -i fp.har | jq '.layers["n/yolov8_nms_postprocess"] // .' > fp.$m
		har-pack -m $m -i a.har | jq '.layers["n/yolov8_nms_postprocess"] // .' > a.$m
		same_bytes fp.$m a.$m
	done
	har-pack -m metadata.json -i a.har | jq -e '.nms_meta_arch == "yolov8" and .nms_engine == "cpu"'
	har-pack --info a.har > info
	grep -qx 'NMS Meta Architecture:  Yolov8' info
	grep -qx 'NMS Target Device:      Cpu' info
}

@test "native is the network without the post-process; --layers and --raw show the heads" {
	v8_har
	fp fp.har "$NMS"
	hn-infer -q -c native --in in.npy fp.har -o n.npz
	[ "$(arr keys n.npz | cut -d' ' -f1 | paste -sd' ')" = "n/out_reg8 n/out_cls8 n/out_reg16 n/out_cls16" ]
	hn-quantize -q -c in.npy fp.har -o q.har
	hn-infer -q -c bit_exact --raw --layers reg8,cls8 --in in.npy q.har -o l.npz
	[ "$(arr keys l.npz | paste -sd' ')" = "n/reg8 uint8 [4,8,12,32] n/cls8 uint8 [4,8,12,3]" ]
	hn-infer -q -c bit_exact --raw --in in.npy q.har -o boxes.npy
	[ "$(arr text boxes.npy | head -n 1)" = "float32 [4,3,5,9]" ]
	# The same whatever the batch.
	hn-infer -q -c bit_exact --batch 1 --in in.npy q.har -o one.npy
	same_bytes boxes.npy one.npy
}

@test "boxes are no scores for --labels" {
	v8_har
	fp fp.har "$NMS"
	arr npy labels.npy uint8 4 1
	fails_with 1 "hn-infer: --labels is for scores of classes, 'n/postprocess_output_layer' gives boxes" \
		hn-infer -c fp_optimized --labels labels.npy --in in.npy fp.har
}

@test "a transposed network gives the same boxes, whichever command comes first" {
	v8_har
	fp a.har "$NMS"
	hn-infer -q -c fp_optimized --in in.npy a.har -o a.npy
	fp b.har 'transpose()' "$NMS"
	hn-infer -q -c fp_optimized --in in.npy b.har -o b.npy
	heads same a.npy b.npy
	fp c.har "$NMS" 'transpose()'
	hn-infer -q -c fp_optimized --in in.npy c.har -o c.npy
	heads same a.npy c.npy
}

@test "behind a resized input the image stays what strides and anchors refer to" {
	v8_har
	fp a.har 'r = resize(resize_shapes=[40, 40])' "$NMS"
	[ "$(har-pack -m nms.json -i a.har | jq -c .image_dims)" = "[64,96]" ]
	har-pack -m hn -i a.har | jq -e '.layers["n/input_layer1"].output_shapes == [[-1, 40, 40, 3]]'
}

@test "an activation that a command has put there is no second one" {
	v8_har
	fp a.har 'change_output_activation(cls8, sigmoid)' "$NMS"
	[ "$(har-pack -m modifications_meta_data.json -i a.har | jq -c '.outputs["n/postprocess_output_layer"][0].sigmoid_layers')" = '["n/cls16"]' ]
	fp b.har "$NMS"
	hn-infer -q -c fp_optimized --in in.npy a.har -o a.npy
	hn-infer -q -c fp_optimized --in in.npy b.har -o b.npy
	same_bytes a.npy b.npy
}

@test "hn-alloc warns of a post-process on the neural core in several contexts" {
	heads_of yolov6 3
	network "meta_arch=yolov6, engine=nn_core"
	local h n=0 in=()
	for h in "${HEADS[@]}"; do
		n=$((n + 1))
		in+=("heads/input_layer$n=${h%=*}.npy")
	done
	arr npz calib.npz "${in[@]}"
	hn-quantize -q -c calib.npz f.har -o q.har
	run --separate-stderr hn-alloc -q q.har -o a.har
	[ "$status" -eq 0 ]
	[[ $stderr != *"neural core"* ]]
	cat > two.alls << 'E'
context_0 = context([input_layer1, reg8, input_layer2, cls8, output_layer1, output_layer2])
context_1 = context([input_layer3, reg16, input_layer4, cls16, output_layer3, output_layer4])
E
	run --separate-stderr hn-alloc -q -s two.alls q.har -o a.har
	[ "$status" -eq 0 ] || report "contexts"
	[[ $stderr == *"warning: 'heads/yolov6_nms_postprocess' runs on the neural core, which needs a single context, and there are 2 (engine=cpu, or a script for one context)"* ]] || report "warning"
}
