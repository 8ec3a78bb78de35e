# Detection heads of every meta architecture for the nms-*.bats files: `load nms` behind `load helper`.
#
#   heads_of KIND CLASSES [SEED [STEP]]   KIND: a meta architecture, or nanodet; config.json, HEADS=(NAME=H,W,C ...) in the order of the
#                                         post-process's inputs, and a NAME.npy of 3 images for each:
#                                         random numbers, rounded to multiples of STEP (0: not)
#   config FILTER                         jq edits config.json
#   expected OUT.npy [OPTION...]          what the second implementation finds in the NAME.npy
#   network ARGUMENTS...                  f.har: those heads with nms_postprocess(ARGUMENTS)
#   on_heads COMMAND...                   runs COMMAND with --in of every NAME.npy
#   float_is_expected [OPTION...]         hn-infer -c fp_optimized = the second implementation
#   compiled                              q.har, h.hef from f.har, calibrated on the NAME.npy
#   integers_agree                        hn-infer -c quantized, -c bit_exact and hef-run are equal
#   has_line FILE LINE                    FILE has this line, whatever blanks stand before it
# shellcheck shell=bash disable=SC2154

# One level's decoder: strides 8 and 16 of a 64x96 image; anchors of YOLOv5 are pixels.
decoder() {
	local kind=$1 s=$2
	case $kind in
	yolov5*) echo "{\"name\": \"d$s\", \"stride\": $s, \"encoded_layer\": \"box$s\", \"w\": [10, $((s + 8)), 33], \"h\": [13, 30, $((s + 15))]}" ;;
	yolox) echo "{\"name\": \"d$s\", \"stride\": $s, \"reg_layer\": \"reg$s\", \"objectness_layer\": \"obj$s\", \"cls_layer\": \"cls$s\"}" ;;
	nanodet) echo "{\"name\": \"d$s\", \"stride\": $s, \"combined_layer\": \"all$s\"}" ;;
	ssd) echo "{\"name\": \"d$s\", \"h\": [0.1, 0.2, 0.$s], \"w\": [0.1, 0.3, 0.15], \"reg_layer\": \"reg$s\", \"cls_layer\": \"cls$s\"}" ;;
	*) echo "{\"name\": \"d$s\", \"stride\": $s, \"reg_layer\": \"reg$s\", \"cls_layer\": \"cls$s\"}" ;;
	esac
}

make_config() {
	local kind=$1 classes=$2
	{
		echo '{"nms_scores_th": 0.3, "nms_iou_th": 0.45, "image_dims": [64, 96], "max_proposals_per_class": 40,'
		echo "\"classes\": $classes, \"background_removal\": false, \"background_removal_index\": 0,"
		[[ $kind != yolov5* ]] || echo '"hnt_multi_label": true,'
		case $kind in
		yolov5_seg) echo '"max_total_proposals": 12, "proto": [{"number": 32, "stride": 4}],' ;;
		yolov8) echo '"regression_length": 16,' ;;
		nanodet) echo '"regression_length": 11,' ;;
		damoyolo) echo '"regression_length": 17,' ;;
		ssd) echo '"centers_scale_factor": 10, "bbox_dimensions_scale_factor": 5,' ;;
		centernet)
			echo '"centers_scale_factor": 1, "bbox_dimensions_scale_factor": 1, "input_division_factor": 1,'
			echo '"bbox_decoders": [{"reg_layer_h": "off", "reg_layer_w": "size", "cls_layer": "map"}]}'
			return
			;;
		esac
		echo "\"bbox_decoders\": [$(decoder "$kind" 8), $(decoder "$kind" 16)]}"
	} > config.json
}

# Heads and the mean and deviation of their numbers.
head_shapes() {
	local kind=$1 c=$2 s at
	[ "$kind" != centernet ] || {
		echo "size=16,24,2 4 2
off=16,24,2 0.5 0.2
map=16,24,$c 0.2 0.15"
		return
	}
	for s in 8,12:8 4,6:16; do
		at=${s%:*} s=${s#*:}
		case $kind in
		yolov5) echo "box$s=$at,$((3 * (5 + c))) -0.5 1.2" ;;
		yolov5_seg) echo "box$s=$at,$((3 * (5 + c + 32))) -0.5 1.2" ;;
		nanodet) echo "all$s=$at,$((c + 44)) -0.5 1.5" ;;
		yolov6) echo "reg$s=$at,4 1.5 0.7" ;;
		yolov8) echo "reg$s=$at,64 0 1.5" ;;
		damoyolo) echo "reg$s=$at,68 0 1.5" ;;
		ssd) echo "reg$s=$at,12 0 1" ;;
		yolox) echo "reg$s=$at,4 0.5 0.8
obj$s=$at,1 0 1.5" ;;
		esac
		case $kind in
		ssd) echo "cls$s=$at,$((3 * c)) -2 1.5" ;;
		yolov5* | nanodet) ;;
		*) echo "cls$s=$at,$c -1.5 1.5" ;;
		esac
	done
	[ "$kind" != yolov5_seg ] || echo "proto=16,24,32 0 0.5"
}

heads_of() {
	local spec mean dev seed=${3:-1} step=${4:-0}
	KIND=${1/nanodet/yolov8}
	make_config "$1" "$2"
	HEADS=()
	while read -r spec mean dev; do
		HEADS+=("$spec")
		heads data "${spec%=*}.npy" "3,${spec#*=}" "$mean" "$dev" "$step" "$seed"
		seed=$((seed + 100))
	done < <(head_shapes "$1" "$2")
}

config() {
	jq "$1" config.json > config.new
	mv config.new config.json
}

expected() {
	local out=$1 h files=()
	shift
	for h in "${HEADS[@]}"; do
		files+=("${h%=*}=${h%=*}.npy")
	done
	detect "$KIND" config.json "$out" "$@" "${files[@]}"
}

network() {
	heads model h.har "${HEADS[@]}"
	echo "nms_postprocess('config.json', $1)" > n.alls
	hn-normalize -q -s n.alls h.har -o f.har
}

on_heads() {
	local h n=0 in=()
	for h in "${HEADS[@]}"; do
		n=$((n + 1))
		in+=(--in "input_layer$n=${h%=*}.npy")
	done
	"$@" "${in[@]}"
}

float_is_expected() {
	on_heads hn-infer -q -c fp_optimized f.har -o got.npy
	expected want.npy "$@"
	heads same want.npy got.npy
}

compiled() {
	local h n=0 in=()
	for h in "${HEADS[@]}"; do
		n=$((n + 1))
		in+=("heads/input_layer$n=${h%=*}.npy")
	done
	arr npz calib.npz "${in[@]}"
	hn-quantize -q -c calib.npz f.har -o q.har
	hn-alloc -q q.har -o a.har
	hn2hef -q a.har -o h.hef
}

integers_agree() {
	on_heads hn-infer -q -c quantized q.har -o q.npy
	on_heads hn-infer -q -c bit_exact q.har -o b.npy
	on_heads hef-run -q h.hef -o r.npy
	same_bytes q.npy b.npy
	same_bytes q.npy r.npy
}

has_line() {
	sed 's/^ *//' "$1" | grep -Fx -- "$2" || {
		cat "$1"
		return 1
	}
}

# Not one detection in an array.
is_empty() {
	[ "$(arr text "$1" | tail -n +2 | tr ' ' '\n' | grep -c '^0$')" -eq "$(arr text "$1" | tail -n +2 | wc -w)" ]
}
