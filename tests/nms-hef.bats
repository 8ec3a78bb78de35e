# Post-processes in a HEF: what hef-run refuses in their records, what hn2hef cannot write.
# shellcheck disable=SC2154 # stderr is set by run
load helper
load nms

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	heads_of yolov5 2 5
	network "meta_arch=yolov5, engine=cpu"
	compiled
	mv h.hef yolov5.hef
	network "meta_arch=yolov5, engine=auto"
	compiled
	mv h.hef auto.hef
	for k in yolov8 ssd yolov5_seg; do
		heads_of $k 2 5
		network "meta_arch=$k, engine=cpu"
		compiled
		mv h.hef $k.hef
	done
}

setup() {
	scratch
	D=$BATS_FILE_TMPDIR
	heads_of yolov5 2 5
}

# A changed record is refused with this message when data is run.
refused() {
	local from=$1 change=$2 message=$3
	hefop "$D/$from.hef" bad.hef "$change"
	case $from in
	yolov5 | auto) ;;
	*) heads_of "$from" 2 5 ;;
	esac
	on_heads fails_with 1 "hef-run: bad.hef: $message" hef-run -q bad.hef
}

@test "numbers of an operation that are out of range are refused" {
	op="operation 'heads/postprocess_output_layer'"
	refused yolov5 score "$op: a threshold of 1.5"
	refused yolov5 proposals "$op: max_proposals_per_class is 0"
	refused yolov5 image "$op: an image of 64.5x96"
	refused yolov5 image-nan "$op: an image of 64xnan"
	refused yolov5 image-far "$op: an image of 1e+300x1e+300"
	hef-run --info bad.hef > info
	has_line info "Image height: 0"
	refused yolov5 anchor "$op: an anchor of 0x30"
	refused yolov5 no-decoders "$op: 0 decoders"
	refused ssd order "$op: boxes in the order 1, 1, 2, 3"
}

@test "an operation that does not fit the heads is refused" {
	op="operation 'heads/postprocess_output_layer'"
	refused yolov5 classes "$op: layer '0' has 21 features, yolov5 with 3 anchors and 3 classes needs 24"
	refused yolov5 stride "$op: layer '0' has 8x12 cells, stride 16 and image_dims [64, 96] need 4x6"
	refused yolov5 one-head "$op: a pad that is no output stream, or taken by another operation"
	refused yolov5 same-name "operation 'heads/yolov5_nms_postprocess': two layers are called 'heads/yolov5_nms_postprocess'"
	refused yolov8 bins "$op: layer '0' has 64 features, yolov8 with regression_length 8 needs 32"
}

@test "what HailoRT's parser refuses is refused" {
	at="network group 'heads': op 'heads/postprocess_output_layer'"
	refused yolov5 fewer-widths "rule nms-anchors: $at: decoder 0 has 3 heights, 2 widths (a decoder has as many heights as widths)"
	refused yolov5 no-pad "rule nms-pads: $at: decoder 0 names pad 99 (decoders name pads of the core that feed the op)"
	refused yolov5 no-kind "rule nms-kind: $at: no kind (an NMS op has a kind)"
	refused yolov5 no-edge "rule sorted-names: network group 'heads': 'heads/box16' is not in the list (sorted_outputs_order names each of several outputs)"
	refused yolov5 no-output "rule op-outputs: $at: no output pad (an op has an output pad)"
	refused yolov5_seg proto "rule nms-seg: $at: 'xeads/proto' is no input (proto_layer is an input of the op that no decoder uses)"
}

@test "a post unit whose boxes nobody suppresses is refused" {
	refused auto no-op "post unit 'heads/yolov5_nms_postprocess' lacks an IoU operation"
}

@test "without its operation a network has heads as outputs" {
	hefop "$D/yolov5.hef" bare.hef no-op
	run ! hef-run --check bare.hef
	[[ $output == *"sorted-names"* ]]
}

@test "anchors of half a pixel have no record" {
	config '.bbox_decoders[0].w[0] = 10.5'
	network "meta_arch=yolov5, engine=cpu"
	float_is_expected
	run ! --separate-stderr compiled
	[ "$stderr" = "hn2hef: layer 'heads/yolov5_nms_postprocess': an anchor of 10.5 pixels, HailoRT's record holds whole ones" ]
	[ ! -e h.hef ]
	network "meta_arch=yolov5, engine=auto"
	compiled
	integers_agree
}


@test "several contexts: the CPU's operations are the same, the device's post unit is refused" {
	heads_of ssd 2 5
	echo 'context_switch_param(mode=enabled) performance_param(optimize_for_batch=4) resources_param(max_control_utilization=0.03)' > s.alls
	network "meta_arch=ssd, engine=cpu"
	compiled
	hn-alloc -q -a hailo8l -s s.alls q.har -o a.har
	[ "$(har-pack -m alloc.json a.har | jq .contexts)" -gt 1 ]
	hn2hef -q a.har -o h.hef
	integers_agree
	network "meta_arch=ssd, engine=nn_core"
	compiled
	hn-alloc -q -a hailo8l -s s.alls q.har -o a.har
	rm h.hef
	run ! --separate-stderr hn2hef -q a.har -o h.hef
	[[ $stderr == "hn2hef: layer 'heads/ssd_nms_postprocess': it runs on the device (engine=nn_core), which takes a network in one context; this one has "*" (use engine=cpu, or a smaller network)" ]]
	[ ! -e h.hef ]
}

@test "heads of 16 bits, all of them or none" {
	heads_of yolov8 2 5
	network "meta_arch=yolov8, engine=cpu"
	for outputs in output_layer1 '[output_layer1, output_layer2, output_layer3, output_layer4]'; do
		echo "nms_postprocess('config.json', meta_arch=yolov8, engine=cpu)" > n.alls
		echo "quantization_param($outputs, precision_mode=a16_w16)" >> n.alls
		hn-normalize -q -s n.alls h.har -o f.har
		rm -f h.hef
		run --separate-stderr compiled
		[ -e h.hef ] || message=$stderr
	done
	[ "$message" = "hn2hef: layer 'heads/yolov8_nms_postprocess' reads 'heads/reg8' of 16 bits and 'heads/cls8' of 8, HailoRT's operation takes one width (give the output layers of all heads one precision_mode)" ]
	integers_agree
	hef-run --info --parse-streams h.hef > info
	has_line info "Output heads/cls16 UINT16, NHCW(4x8x2)"
}
