# The architectures that mkarch makes have the published sizes, and our tools take them.
load helper

@test "weights and operations are the published ones" {
	local name params ops tolerance got seen=0
	while read -r name params ops tolerance; do
		got=$(mkarch "$name" --count --raw)
		echo "$got" | awk -v name="$name" -v p="$params" -v o="$ops" -v t="$tolerance" '
			function far(a, b) { return a < b * (1 - t / 100) || a > b * (1 + t / 100) }
			{ p2 = $1 / 1e6; o2 = 2 * $2 / 1e9 }
			far(p2, p) || far(o2, o) { printf "%s: %.2f M, %.2f G, not %s M, %s G\n", name, p2, o2, p, o; exit 1 }'
		seen=$((seen + 1))
	done < <(grep -v '^#' "$ROOT/tests/cases/archs.txt")
	[ "$seen" -ge 97 ]
}

@test "each architecture has one name" {
	[ -z "$(mkarch | sort | uniq -d)" ]
}

# made ARCH [MKARCH-OPTION...]: with few channels it passes the whole chain, and the program runs.
made() {
	local arch=$1
	shift
	mkarch "$arch" m.onnx --thin 8 --raw "$@"
	echo 'model_optimization_config(calibration, calibset_size=1, batch_size=1)' > s.alls
	onnx2hn -q m.onnx 2> log | hn-normalize -q > fp.har
	hn-quantize -q --random-calib -s s.alls fp.har -o q.har
	hn-alloc -q q.har 2> log | hn2hef -q -o a.hef
	hef-run -q --timing t.json a.hef
}

@test "yolov10, yolov11, yolov12, yolo26" {
	made yolov10n --size 64
	made yolov10m --size 64
	made yolov11s --size 64
	made yolov11l --size 64
	made yolov12n --size 64
	made yolo26n --size 64
}

@test "fast_depth, osnet, repghost, zero_dce_pp, lprnet" {
	made fast_depth --size 64
	made osnet_x1_0 --size 64
	made repghost_2_0x --size 64
	made zero_dce_pp --size 60
	made lprnet --size 100
}

@test "nanodet, efficientdet, yolact, centerpose" {
	made nanodet_repvgg --size 64
	made nanodet_repvgg_a12 --size 64
	made efficientdet_lite0 --size 128
	made efficientdet_lite2 --size 64
	made yolact_regnetx_1.6gf --size 128
	made centerpose_repvgg_a0 --size 64
	made centerpose_regnetx_800mf --size 64
}

@test "retinaface, scrfd, face_landmarks, damoyolo" {
	made retinaface_mobilenet_v1 --size 320
	made scrfd_10g --size 64
	made scrfd_500m --size 64
	made face_landmarks_lite --size 96
	made damoyolo_tinynasL20_T --size 64
	made damoyolo_tinynasL35_M --size 64
}

@test "yolov5m6, yolov7e6, yolov9c" {
	made yolov5m6_6.1 --size 64
	made yolov7e6 --size 64
	made yolov9c --size 64
}

@test "PP-OCRv5" {
	made paddle_ocr_v5_mobile_detection
	made paddle_ocr_v5_mobile_recognition --classes 50
}

@test "further networks of the zoo" {
	made yolov5s_wo_spp --size 64
	made yolov7x --size 64
	made arcface_mobilefacenet
	made face_attr_resnet_v1_18 --size 178
	made lightface_slim
	made hardnet39ds --size 64
	made scdepthv3 --size 320
	made unet_mobilenet_v2 --size 64
}
