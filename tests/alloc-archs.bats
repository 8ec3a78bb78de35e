# Well-known architectures with few channels, every layer divided by the script: the values stay, and
# the automatic script makes the same allocation again, in one context and in several.
load helper

# quantized ARCH: q.har, x.npy.
quantized() {
	mkarch "$1" m.onnx --thin 8 --size 64
	echo 'model_optimization_config(calibration, calibset_size=2, batch_size=1)' > s.alls
	onnx2hn -q m.onnx | hn-normalize -q | hn-quantize -q --random-calib -s s.alls -o q.har 2> quantize.log
	seq 0 24575 | awk '{ printf "%d ", ($1 * 7919 + int($1 / 97)) % 256 }' > x.txt
	# shellcheck disable=SC2046 # numbers
	arr npy x.npy uint8 2,64,64,3 $(cat x.txt)
}

# parts: a script that divides all layers with a kernel: wide ones by columns, others by features.
parts() {
	hn-alloc -q q.har -o free.har --report r.json 2> alloc.log
	jq -r '.layers | group_by(.layer)[] | select(.[0].columns > 0) |
		{ name: .[0].layer, w: (map(.column_to) | max), c: (map(.feature_to) | max) } |
		if .w >= 16 and (.name | contains("deconv") | not) then "{} = defuse(\(.name), 2, defuse_type=SPATIAL)"
		elif .c >= 16 then "{} = defuse(\(.name), 2)" else empty end' r.json
}

# same_values SCRIPT: hef-run of the allocation gives hn-infer's codes, and its auto.alls repeats it.
same_values() {
	hn-alloc -q -s "$1" q.har -o a.har --report r.json 2> alloc.log
	hn2hef -q a.har -o a.hef
	hef-run -q --raw --in x.npy a.hef -o got.npz
	cmp want.npz got.npz
	hef-run -q --timing t.json a.hef
	hn-alloc -q -s <(har-pack -m auto.alls a.har) q.har -o again.har 2> alloc.log
	for m in alloc.json auto.alls; do
		cmp <(har-pack -m $m a.har) <(har-pack -m $m again.har)
	done
}

# divided ARCH
divided() {
	quantized "$1"
	hn-infer -q -c bit_exact --raw --in x.npy q.har -o want.npz
	parts > parts.alls
	[ "$(grep -c SPATIAL parts.alls)" -ge 2 ]
	[ "$(grep -vc SPATIAL parts.alls)" -ge 2 ]
	same_values parts.alls
	jq -e '([.layers[].column_from] | max) > 0 and ([.layers[].feature_from] | max) > 0' r.json
	# Thresholds that a few layers reach.
	echo 'context_switch_param(mode=enabled) resources_param(max_control_utilization=0.2)' |
		cat parts.alls - > contexts.alls
	same_values contexts.alls
	jq -e '.contexts > 1 and any(.edges[]; .kind == "inter_context")' r.json
}

@test "resnet_v1_18, divided" {
	divided resnet_v1_18
}

@test "mobilenet_v2, divided" {
	divided mobilenet_v2
}

@test "mobilenet_v3_large, divided" {
	divided mobilenet_v3_large
}

@test "efficientnet_lite0, divided" {
	divided efficientnet_lite0
}

@test "squeezenet_v1.1, divided" {
	divided squeezenet_v1.1
}

@test "shufflenet_v2, divided" {
	divided shufflenet_v2
}

@test "regnetx_800mf, divided" {
	divided regnetx_800mf
}

@test "repvgg_a0, divided" {
	divided repvgg_a0
}

@test "inception_v1, divided" {
	divided inception_v1
}

@test "yolov6n, divided" {
	divided yolov6n
}

@test "unet, divided" {
	divided unet
}
