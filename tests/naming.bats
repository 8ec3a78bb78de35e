# Names of layers: scripts and NMS configurations that are written for the real product name layers by
# type and number.  tests/cases/naming.txt holds what public ones say; models come from mkarch.
load helper

# facts ARCH [MKARCH-OPTION...]: every fact of the architecture holds in our translation.
facts() {
	local arch=$1 layer type kernel shape count=0 got
	shift
	mkarch "$arch" m.onnx --thin 8 --raw "$@"
	onnx2hn -q m.onnx --net-name n --hn m.hn -o /dev/null
	while read -r _ layer type kernel shape _; do
		got=$(jq -r --arg l "n/$layer" '.layers[$l] | .params.kernel_shape as $k | .output_shapes[0] as $s |
			"\(.type) \($k[0])x\($k[1]) \($s[1])x\($s[2])x\($s[3])"' m.hn)
		case $shape in
		*-) [ "${got%x*}" = "$type $kernel ${shape%x-}" ] ;;
		*) [ "$got" = "$type $kernel $shape" ] ;;
		esac || {
			echo "$arch $layer: $got, not $type $kernel $shape"
			return 1
		}
		count=$((count + 1))
	done < <(grep "^$arch " "$ROOT/tests/cases/naming.txt")
	[ "$count" -gt 0 ] || {
		echo "no facts about $arch"
		return 1
	}
}

# outputs ARCH: layers that make the outputs, in their order.
outputs() {
	jq -r '[.net_params.output_layers_order[] | split("/")[1]] | join(" ")' m.hn
}

@test "yolov8: heads of a level are numbered before the next level's blocks" {
	facts yolov8n
	[ "$(outputs)" = "conv41 conv42 conv52 conv53 conv62 conv63" ]
	facts yolov8s
}

@test "yolov5: one convolution a level, beside the next level's first" {
	facts yolov5s_2.0
	[ "$(outputs)" = "conv55 conv63 conv70" ]
	facts yolov5m_6.1
}

@test "yolov5 with masks: what follows an upsampling comes last" {
	facts yolov5n_seg
	[ "$(outputs)" = "conv48 conv55 conv61 conv63" ]
}

@test "yolov7: what follows a pooling comes after the convolutions" {
	facts yolov7
	facts yolov7_tiny
}

@test "yolov6 and yolox: classes, boxes, objectness" {
	facts yolox_s
	[ "$(outputs)" = "conv55 conv56 conv54 conv69 conv70 conv68 conv82 conv83 conv81" ]
	facts yolov6n
	facts yolov6n_0.2
}

@test "ssd: predictors are convolutions down to maps of one pixel" {
	facts ssd_mobilenet_v1
	facts ssd_mobilenet_v2
}

@test "of a residual block the shortcut's convolution comes second" {
	mkarch resnet_v1_18 m.onnx --thin 8
	onnx2hn -q m.onnx --net-name n --hn m.hn -o /dev/null
	[ "$(jq -r '[.layers | to_entries[] | select(.value.type == "conv" and .value.params.kernel_shape[0] == 1) | .key] | join(" ")' m.hn)" = "n/conv7 n/conv12 n/conv17" ]
	[ "$(outputs)" = "fc1" ]
}

@test "of parallel branches convolutions go first, in the file's order, whatever the depth of each" {
	mkonnx m.onnx <<'E'
input x 1,2,4,4
init k 2,2,1,1 1 0 0 1
init d 2,1,1,1 1
node Conv deep1 x,k a kernel_shape=1,1
node Conv deep2 a,k b kernel_shape=1,1
node Conv dw x,d c kernel_shape=1,1 group=2
node Conv behind c,k f kernel_shape=1,1
node Conv flat x,k e kernel_shape=1,1
node Concat join b,f,e out axis=1
output out
E
	onnx2hn -q m.onnx --net-name n --hn m.hn -o /dev/null
	[ "$(jq -r '[.layers[] | select(.type == "conv") | .original_names[0]] | join(" ")' m.hn)" = "deep1 flat deep2 behind" ]
}
