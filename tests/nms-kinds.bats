# nms_postprocess: every meta architecture against a second implementation of its public definition
# (tests/gen/det), on random heads; and the same integers and detections in all contexts and from the
# HEF alone.
# shellcheck disable=SC2154 # stderr is set by run
load helper
load nms

# Random heads, a float network, its HEF; 3 classes, then heads that tie and one class.
kind() {
	heads_of "$1" 3 5
	network "meta_arch=$1, engine=$2"
	float_is_expected "${@:3}"
	compiled
	integers_agree
	hef-run --info h.hef > info
	heads_of "$1" 1 11 0.5
	network "meta_arch=$1, engine=$2"
	float_is_expected "${@:3}"
}

@test "yolov5 on the CPU" {
	kind yolov5 cpu
	has_line info "Output heads/yolov5_nms_postprocess FLOAT32, HAILO NMS BY CLASS(number of classes: 3, maximum bounding boxes per class: 40, maximum frame size: 2412)"
	has_line info "Op YOLOV5"
	has_line info "Name: YOLOv5-Post-Process"
	has_line info "Score threshold: 0.300"
	has_line info "IoU threshold: 0.45"
	has_line info "Classes: 3"
	has_line info "Max bboxes per class: 40"
	has_line info "Image height: 64"
	has_line info "Image width: 96"
}

@test "yolov5 in parts: decoded on the device, suppressed on the CPU" {
	kind yolov5 auto
	has_line info "Op IOU"
	has_line info "Name: IoU-Post-Process"
	hef-run --info --parse-streams h.hef > streams
	has_line streams "Input  heads/input_layer1 UINT8, NHWC(8x12x24)"
	[ "$(grep -c 'Output' streams)" -eq 1 ]
	grep "Output heads/yolov5_nms_postprocess UINT16, HAILO NMS ON CHIP" streams
}

@test "yolov5 on the neural core keeps overlapping boxes" {
	kind yolov5 nn_core every-box
	run ! grep Operation info
}

@test "yolov5_seg: boxes with masks over the image, of all classes together" {
	kind yolov5_seg cpu
	[ "$(arr text got.npy | head -n 1)" = "float32 [3,1,12,6150]" ]
	has_line info "Output heads/yolov5_seg_nms_postprocess FLOAT32, HAILO NMS WITH BYTE MASK(number of classes: 3, maximum bounding boxes total: 120, maximum frame size: 16850)"
	has_line info "Op YOLOV5SEG"
	has_line info "Name: YOLOv5Seg-Post-Process"
	has_line info "Mask threshold: 0.50"
}

@test "yolov6 on the neural core; HailoRT has no record of it on the CPU" {
	kind yolov6 nn_core
	has_line info "Op IOU"
	rm h.hef
	heads_of yolov6 3 5
	network "meta_arch=yolov6, engine=cpu"
	float_is_expected
	run ! --separate-stderr compiled
	[ "$stderr" = "hn2hef: layer 'heads/yolov6_nms_postprocess': HailoRT has no operation for YOLOv6 on the CPU (use engine=nn_core)" ]
	[ ! -e h.hef ]
}

@test "yolox on the CPU" {
	kind yolox cpu
	has_line info "Op YOLOX"
	has_line info "Name: YOLOX-Post-Process"
	has_line info "Image width: 96"
}

@test "yolov8 on the CPU" {
	kind yolov8 cpu
	has_line info "Op YOLOV8"
	has_line info "Name: YOLOV8-Post-Process"
	has_line info "IoU threshold: 0.45"
}

@test "nanodet: classes and distances of one convolution, in the HEF two outputs" {
	heads_of nanodet 3 5
	network "meta_arch=yolov8, engine=cpu"
	float_is_expected
	compiled
	integers_agree
	hef-run --info --parse-streams --parse-vstreams h.hef > info
	has_line info "Output heads/all8_cls UINT8, NHCW(8x16x3)"
	has_line info "Output heads/all8_reg UINT8, NHCW(8x16x44)"
	has_line info "Name: YOLOV8-Post-Process"
}

@test "damoyolo decodes from the corners of cells, which HailoRT has no record of" {
	heads_of damoyolo 3 5
	network "meta_arch=damoyolo, engine=cpu"
	float_is_expected
	run ! --separate-stderr compiled
	[ "$stderr" = "hn2hef: layer 'heads/damoyolo_nms_postprocess': DAMO-YOLO decodes from the corner of a cell, HailoRT's operation for YOLOv8 from its middle: there is no record for it" ]
	on_heads hn-infer -q -c quantized q.har -o q.npy
	on_heads hn-infer -q -c bit_exact q.har -o b.npy
	same_bytes q.npy b.npy
}

@test "ssd on the CPU and on the neural core" {
	kind ssd nn_core
	run ! grep Operation info
	has_line info "Output heads/ssd_nms_postprocess FLOAT32, HAILO NMS BY CLASS(number of classes: 3, maximum bounding boxes per class: 40, maximum frame size: 2412)"
	kind ssd cpu
	has_line info "Name: SSD-Post-Process"
	has_line info "Centers scales factor: 10"
	has_line info "Bbox dimension scale factor: 5"
	has_line info "Normalize boxes: false"
}

@test "ssd with another order of a box's numbers, in the HEF's fields and on the device" {
	for engine in cpu nn_core; do
		heads_of ssd 3 5
		config '.hnt_box_order = [1, 0, 3, 2]'
		network "meta_arch=ssd, engine=$engine"
		float_is_expected
		compiled
		integers_agree
	done
}

@test "centernet takes the best boxes of each class" {
	kind centernet nn_core
	has_line info "Output heads/centernet_nms_postprocess FLOAT32, HAILO NMS BY CLASS(number of classes: 3, maximum bounding boxes per class: 40, maximum frame size: 2412)"
}

@test "bbox_decoding_only gives every box with its scores" {
	for k in yolov5 yolov8; do
		heads_of $k 3 5
		network "meta_arch=$k, engine=cpu, bbox_decoding_only=True"
		float_is_expected bbox-only
		compiled
		integers_agree
		hef-run --info h.hef > info
		boxes=$([ $k = yolov5 ] && echo "1x360x8" || echo "1x120x7")
		has_line info "Output heads/${k}_nms_postprocess FLOAT32, NHWC($boxes)"
		run ! grep threshold info
	done
	has_line info "Name: YOLOv8Bbox-Only-Post-Process"
}

@test "a background class is left out" {
	heads_of ssd 4 5
	config '.background_removal = true'
	for i in 0 3; do
		config ".background_removal_index = $i"
		network "meta_arch=ssd, engine=cpu"
		float_is_expected
		compiled
		integers_agree
		[ "$(arr text got.npy | head -n 1)" = "float32 [3,3,5,40]" ]
		hef-run --info h.hef > info
		has_line info "Background removal index: $i"
		has_line info "Classes: 4"
		grep "number of classes: 3," info
	done
	config '.background_removal_index = 1'
	network "meta_arch=ssd, engine=nn_core"
	float_is_expected
	compiled
	integers_agree
	network "meta_arch=ssd, engine=cpu"
	run ! --separate-stderr compiled
	[ "$stderr" = "hn2hef: layer 'heads/ssd_nms_postprocess': background_removal_index is 1: HailoRT's operation for ssd leaves out the first class or the last" ]
}

@test "no detection at all gives zeros" {
	for k in yolov5 yolox yolov8 ssd; do
		heads_of $k 3 5
		config '.nms_scores_th = 1.0'
		network "meta_arch=$k, engine=cpu"
		float_is_expected
		is_empty got.npy
	done
	compiled
	integers_agree
	is_empty r.npy
}

@test "a threshold of 0 filters nothing, more boxes than proposals are cut" {
	heads_of yolox 2 3
	config '.nms_scores_th = 0.0 | .nms_iou_th = 1.0 | .max_proposals_per_class = 17'
	network "meta_arch=yolox, engine=cpu"
	float_is_expected
	[ "$(arr text got.npy | head -n 1)" = "float32 [3,2,5,17]" ]
	[ "$(arr text got.npy | tail -n +2 | tr ' ' '\n' | grep -c '^0$')" -eq 0 ]
	compiled
	integers_agree
}

@test "the best class of a box only, by default of YOLOv5 alone: a key of ours reaches the HEF" {
	heads_of yolov8 3 5
	config 'del(.hnt_multi_label)'
	network "meta_arch=yolov8"
	float_is_expected
	for engine in cpu auto; do
		heads_of yolov5 3 5
		config 'del(.hnt_multi_label)'
		network "meta_arch=yolov5, engine=$engine"
		float_is_expected best-class
		compiled
		integers_agree
	done
}
