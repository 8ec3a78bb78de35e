# input_conversion and its older forms, through the whole pipe.  What each must give is computed by
# tests/gen/conversion.c from the guide's matrices and the formats' public definitions.
load helper

# net H W C: one layer that goes away when a conversion stands in front of it.
net() {
	echo '{"name": "n", "net_params": {}, "layers": {
	"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, '"$1, $2, $3"']]},
	"n/slice1": {"type": "slice", "input": ["n/input_layer1"], "params": {"height_slice": [0, '"$1"', 1]}},
	"n/output_layer1": {"type": "output_layer", "input": ["n/slice1"]}}}' > m.json
	mkhar m.json m.har
}

# pipe SCRIPT CALIB: fp.har, q.har and m.hef.
pipe() {
	echo "$1" > s.alls
	hn-normalize -q -s s.alls m.har -o fp.har
	hn-quantize -q -c "$2" fp.har -o q.har
	hn-alloc -q -a hailo8 q.har -o a.har
	hn2hef -q a.har -o m.hef
	hef-run --check m.hef
}

# near WANT IN HEF_IN: float to 1e-4 of the range, integers within one unit of 8 bits, the HEF as
# bit_exact is.
near() {
	hn-infer -q -c fp_optimized --in "$2" fp.har -o y.npy
	npydiff "$1" y.npy 1e-4
	for c in quantized bit_exact; do
		hn-infer -q -c $c --in "$2" q.har -o y.npy
		npydiff "$1" y.npy 0.0039216 || { echo "$c"; return 1; }
	done
	hn-infer -q -c bit_exact --raw --in "$2" q.har -o raw.npy
	hef-run --raw --in "$3" -o hef.npy m.hef
	same_bytes raw.npy hef.npy
}

colors='yuv_to_rgb yuv601_to_rgb yuv709_to_rgb yuv_full_range_to_rgb yuv_to_bgr yuv601_to_bgr
	yuv709_to_bgr yuv_full_range_to_bgr bgr_to_rgb rgb_to_bgr'

@test "every color conversion, over all bytes" {
	net 16 12 3
	conversion bytes 1 3,16,12,3 in.npy
	for k in $colors; do
		conversion "$k" in.npy want.npy
		pipe "a = input_conversion($k)" in.npy
		near want.npy in.npy in.npy || { echo "$k"; return 1; }
	done
	# Exchanged features are the same codes.
	[ "$(arr text want.npy | tail -n 3)" = "$(arr text y.npy | tail -n 3)" ]
}

@test "a color conversion of real colors keeps them within one level of 255" {
	net 16 12 3
	conversion bytes 2 3,16,12,3 rgb.npy
	for s in yuv601 yuv709 yuv_full_range; do
		translate-dataset -s $s rgb.npy -o in.npy
		conversion ${s}_to_rgb in.npy want.npy
		pipe "a = input_conversion(${s}_to_rgb)" in.npy
		near want.npy in.npy in.npy || { echo "$s"; return 1; }
	done
}

# format KIND PACKED_SHAPE HOST_FORMAT NAMES: without emulator_support, fed behind the conversion.
format() {
	conversion bytes 3 "$2" packed.npy
	conversion "$1" packed.npy want.npy
	conversion "${1/_to_rgb/_to_hailo_yuv}" packed.npy pixels.npy
	pipe "$4 = input_conversion(input_layer1, $1)" pixels.npy
	near want.npy pixels.npy packed.npy || { echo "$1"; return 1; }
	run hef-run --info m.hef
	[[ "$output" == *"Input  n/input_layer1 UINT8, $3"* ]] || report "$3 expected"
	[ "$(har-pack -m modifications_meta_data.json fp.har | jq -c '.inputs["n/input_layer1"]')" = \
		"[{\"cmd_type\":\"input_conversion\",\"conversion_type\":\"$1\",\"emulate_conversion\":false}]" ]
}

@test "camera formats are part of the compiled model, emulation takes pixels" {
	net 8 8 3
	format yuy2_to_hailo_yuv 3,8,8,2 'YUY2(8x8x2)' f
	format nv12_to_hailo_yuv 3,4,8,3 'NV12(4x8x3)' f
	format nv21_to_hailo_yuv 3,4,8,3 'NV21(4x8x3)' f
	format i420_to_hailo_yuv 3,4,8,3 'I420(4x8x3)' f
	format tf_rgbx_to_hailo_rgb 3,8,8,4 'NHWC(8x8x4)' f
}

@test "a format and a color in one command are two layers" {
	net 8 8 3
	format yuy2_to_rgb 3,8,8,2 'YUY2(8x8x2)' f,c
	format nv12_to_rgb 3,4,8,3 'NV12(4x8x3)' f,c
	format nv21_to_rgb 3,4,8,3 'NV21(4x8x3)' f,c
	format i420_to_rgb 3,4,8,3 'I420(4x8x3)' f,c
	har-pack -m hn fp.har | jq -e '.layers["n/c"].input == ["n/f"] and .layers["n/f"].input == ["n/input_layer1"]'
}

@test "with emulator_support emulation and calibration take packed images" {
	net 8 8 3
	try() {
		conversion bytes 4 "$2" packed.npy
		conversion "$1" packed.npy want.npy
		pipe "$3 = input_conversion(input_layer1, $1, emulator_support=True)" packed.npy
		near want.npy packed.npy packed.npy || { echo "$1"; return 1; }
		har-pack -m modifications_meta_data.json fp.har | jq -e '.inputs["n/input_layer1"][0].emulate_conversion'
	}
	try yuy2_to_hailo_yuv 3,8,8,2 f
	try nv12_to_hailo_yuv 3,4,8,3 f
	try tf_rgbx_to_hailo_rgb 3,8,8,4 f
	try yuy2_to_rgb 3,8,8,2 f,c
	try nv12_to_rgb 3,4,8,3 f,c
}

@test "widths that a device pads: 6 columns, 2 rows" {
	net 2 6 3
	format nv12_to_hailo_yuv 2,1,6,3 'NV12(1x6x3)' f
	format i420_to_rgb 2,1,6,3 'I420(1x6x3)' f,c
	net 4 6 3
	format yuy2_to_hailo_yuv 2,4,6,2 'YUY2(4x6x2)' f
	# A frame of 4 bytes is no transfer, and nothing may be put behind it.
	net 1 2 3
	conversion bytes 3 1,1,2,3 in.npy
	echo 'f = input_conversion(input_layer1, yuy2_to_hailo_yuv)' > s.alls
	hn-normalize -q -s s.alls m.har | hn-quantize -q -c in.npy | hn-alloc -q -a hailo8 -o a.har > log
	fails_with 1 "hn2hef: 'n/input_layer1': no transfer of at most 65535 bytes divides a frame of 4" hn2hef -q a.har -o x.hef
}

@test "older forms: yuv_to_rgb, format_conversion, three names for NV12" {
	net 8 8 3
	conversion bytes 5 3,8,8,2 packed.npy
	conversion yuy2_to_hailo_yuv packed.npy pixels.npy
	conversion yuv_to_rgb pixels.npy want.npy
	pipe $'yuv_to_rgb1 = yuv_to_rgb(input_layer1)\nreshape_yuy2 = format_conversion(input_layer1, yuy2_to_hailo_yuv)' pixels.npy
	near want.npy pixels.npy packed.npy
	[ "$(har-pack -m hn fp.har | jq -c '.layers | keys_unsorted')" = \
		'["n/input_layer1","n/reshape_yuy2","n/yuv_to_rgb1","n/output_layer1"]' ]
	echo 'y, uv, yuv = input_conversion(input_layer1, nv12_to_hailo_yuv)' > s.alls
	hn-normalize -q -s s.alls m.har -o fp.har
	har-pack -m hn fp.har | jq -e '.layers | has("n/yuv") and (has("n/y") | not)'
}

@test "names are made when the script gives none" {
	net 8 8 3
	try() {
		echo "input_conversion($1)" > s.alls
		hn-normalize -q -s s.alls m.har -o fp.har
		[ "$(har-pack -m hn fp.har | jq -r '.layers | keys_unsorted | .[1:-1] | join(" ")')" = "$2" ]
	}
	try yuv709_to_rgb n/yuv_to_rgb1
	try yuv601_to_bgr n/yuv_to_bgr1
	try bgr_to_rgb n/bgr_to_rgb1
	try rgb_to_bgr n/rgb_to_bgr1
	try nv12_to_rgb 'n/format_conversion1 n/yuv_to_rgb1'
}

@test "a later command comes nearer to the input" {
	net 8 8 3
	printf '%s\n' 'norm1 = normalization([123.675, 116.28, 103.53], [58.395, 57.12, 57.375])' \
		'yuv_to_rgb1 = input_conversion(yuv_to_rgb)' \
		'yuy2_to_yuv1 = input_conversion(input_layer1, yuy2_to_hailo_yuv)' > s.alls
	hn-normalize -q -s s.alls m.har -o fp.har
	[ "$(har-pack -m hn fp.har | jq -c '.layers | keys_unsorted')" = \
		'["n/input_layer1","n/yuy2_to_yuv1","n/yuv_to_rgb1","n/norm1","n/output_layer1"]' ]
	[ "$(har-pack -m modifications_meta_data.json fp.har | jq -c '.inputs["n/input_layer1"] | map(.conversion_type // .cmd_type)')" = \
		'["normalization","yuv_to_rgb","yuy2_to_hailo_yuv"]' ]
}

@test "a model's own scaling and activation leave a color conversion as it is" {
	echo '{"name": "n", "net_params": {}, "layers": {
	"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 8, 8, 3]]},
	"n/normalization1": {"type": "normalization", "input": ["n/input_layer1"]},
	"n/activation1": {"type": "activation", "input": ["n/normalization1"], "params": {"activation": "relu"}},
	"n/output_layer1": {"type": "output_layer", "input": ["n/activation1"]}}}' > m.json
	mkhar m.json m.har
	conversion bytes 6 2,8,8,3 in.npy
	conversion yuv_to_rgb in.npy want.npy
	pipe 'c = input_conversion(yuv_to_rgb)' in.npy
	for c in fp_optimized quantized; do
		hn-infer -q -c $c --layers n/c --in in.npy q.har -o all.npz
		arr get all.npz n/c y.npy
		npydiff want.npy y.npy 0.0039216
	done
	har-pack -m hn fp.har | jq -e '.layers["n/c"].params.hnt_color_conversion == "yuv_to_rgb"'
}

# Two inputs that are added.
two() {
	echo '{"name": "n", "net_params": {}, "layers": {
	"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 8, 8, 3]]},
	"n/input_layer2": {"type": "input_layer", "input": [], "input_shapes": [[-1, 8, 8, '"$1"']]},
	"n/ew_add1": {"type": "ew_add", "input": ["n/input_layer1", "n/input_layer2"]},
	"n/output_layer1": {"type": "output_layer", "input": ["n/ew_add1"]}}}' > m.json
	mkhar m.json m.har
}

@test "several inputs: one command for all, or one format at one of them" {
	two 3
	echo 'f1, c1, f2, c2 = input_conversion(nv12_to_rgb)' > s.alls
	hn-normalize -q -s s.alls m.har -o fp.har
	[ "$(har-pack -m hn fp.har | jq -c '.layers | [.["n/c1"].input[0], .["n/c2"].input[0], .["n/f2"].input[0]]')" = \
		'["n/f1","n/f2","n/input_layer2"]' ]
	conversion bytes 8 3,4,8,3 packed.npy
	conversion nv12_to_hailo_yuv packed.npy pixels.npy
	conversion bytes 9 3,8,8,3 plain.npy
	arr npz calib.npz input_layer1=pixels.npy input_layer2=plain.npy
	pipe 'f = input_conversion(input_layer1, nv12_to_hailo_yuv)' calib.npz
	hn-infer -q -c bit_exact --raw --in input_layer1=pixels.npy --in input_layer2=plain.npy q.har -o y.npy
	hef-run --raw --in input_layer1=packed.npy --in input_layer2=plain.npy -o h.npy m.hef
	same_bytes y.npy h.npy
}

@test "one input is packed, the host resizes the other" {
	two 3
	conversion bytes 8 3,4,8,3 packed.npy
	conversion nv12_to_hailo_yuv packed.npy pixels.npy
	conversion bytes 9 3,16,16,3 plain.npy
	for e in pixels False packed True; do
		[ "$e" != pixels ] && [ "$e" != packed ] || { in=$e.npy; continue; }
		arr npz calib.npz "input_layer1=$in" input_layer2=plain.npy
		pipe "r = resize(input_layer2, resize_shapes=[16, 16], engine=cpu)
			f, c = input_conversion(input_layer1, nv12_to_rgb, emulator_support=$e)" calib.npz
		hn-infer -q -c bit_exact --raw --in "input_layer1=$in" --in input_layer2=plain.npy q.har -o y.npy
		hef-run -q --raw --in input_layer1=packed.npy --in input_layer2=plain.npy -o h.npy m.hef
		same_bytes y.npy h.npy
	done
}

@test "a camera's bytes stay bytes, a color conversion keeps its weights" {
	echo '{"name": "n", "net_params": {}, "layers": {
	"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 8, 8, 3]]},
	"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "params": {"kernel_shape": [3, 3, 3, 8], "strides": [1, 1, 1, 1], "padding": "SAME"}},
	"n/output_layer1": {"type": "output_layer", "input": ["n/conv1"]}}}' > m.json
	mkhar m.json m.har
	conversion bytes 8 8,4,8,3 packed.npy
	conversion nv12_to_hailo_yuv packed.npy pixels.npy
	pipe 'f, c = input_conversion(input_layer1, nv12_to_rgb)
		quantization_param({*}, precision_mode=a16_w16)' pixels.npy
	[[ "$(hef-run --info m.hef)" == *"Input  n/input_layer1 UINT8, NV12(4x8x3)"* ]]
	hn-infer -q -c fp_optimized --in pixels.npy fp.har -o f.npy
	hef-run -q --in packed.npy -o h.npy m.hef
	npydiff f.npy h.npy 0.001
	pipe 'f, c = input_conversion(input_layer1, nv12_to_rgb)
		model_optimization_config(compression_params, auto_4bit_weights_ratio=1.0)' pixels.npy
	har-pack -m q.npz q.har > q.npz
	bits() {
		arr get q.npz "n/$1/w_bits:0" v.npy
		arr text v.npy | tail -n 1
	}
	[ "$(bits c)" = 8 ]
	[ "$(bits conv1)" = 4 ]
}

@test "what a conversion cannot be put in front of is refused" {
	try() {
		echo "$1" > s.alls
		fails_with 1 "hn-normalize: s.alls:1:$2" hn-normalize -q -s s.alls m.har -o x.har
	}
	net 8 8 1
	try 'a = input_conversion(bgr_to_rgb)' "5: input_conversion: bgr_to_rgb is for images of 3 features, 'n/input_layer1' has the shape [-1,8,8,1]"
	net 8 7 3
	try 'a = input_conversion(yuy2_to_hailo_yuv)' "5: input_conversion: yuy2 has one color for two columns: the width of 'n/input_layer1', 7, is odd"
	net 7 8 3
	try 'a = input_conversion(i420_to_hailo_yuv)' "5: input_conversion: i420 has one color for two rows: the height of 'n/input_layer1', 7, is odd"
	net 8 8 3
	try 'a = input_conversion(input_layer1, nv12_to_rgb)' "5: input_conversion: 1 names on the left, 2 expected: a format's and a color's for each of 1 input layers"
	try 'a, b = input_conversion(yuv_to_rgb)' "8: input_conversion: 2 names on the left, 1 expected: one for each of 1 input layers"
	try 'a = input_conversion(input_layer1, nv21_to_hailo_yuv, emulator_support=True)' \
		"72: input_conversion: nv21_to_hailo_yuv is not supported in emulation: emulator_support=True goes with yuy2, nv12 and rgbx"
	try 'a, b = input_conversion(input_layer1, i420_to_rgb, emulator_support=True)' \
		"69: input_conversion: i420_to_hailo_yuv is not supported in emulation: emulator_support=True goes with yuy2, nv12 and rgbx"
	try 'slice1 = input_conversion(yuv_to_rgb)' "10: input_conversion: there is a layer 'slice1' already"
	try 'a = input_conversion(slice1, yuv_to_rgb)' "22: input_conversion: layer 'n/slice1' is not an input layer"
	printf '%s\n' 'f = input_conversion(input_layer1, nv12_to_hailo_yuv)' 'c = input_conversion(input_layer1, yuv_to_rgb)' > s.alls
	fails_with 1 "hn-normalize: s.alls:2:22: input_conversion: the images of 'n/input_layer1' are packed as nv12 by a command above (a later command comes nearer to the input: write this one above that)" \
		hn-normalize -q -s s.alls m.har -o x.har
	printf '%s\n' 'r = resize(resize_shapes=[16, 16], engine=cpu)' 'f = input_conversion(input_layer1, nv12_to_hailo_yuv)' > s.alls
	fails_with 1 "hn-normalize: s.alls:2:5: input_conversion: the host resizes the images of 'n/input_layer1', which cannot be done to nv12" \
		hn-normalize -q -s s.alls m.har -o x.har
	printf '%s\n' 'transpose()' 'f = input_conversion(input_layer1, yuy2_to_hailo_yuv)' > s.alls
	fails_with 1 "hn-normalize: s.alls:2:5: input_conversion: the host transposes the images of 'n/input_layer1', which cannot be done to yuy2" \
		hn-normalize -q -s s.alls m.har -o x.har
	two 1
	try 'a, b = input_conversion(bgr_to_rgb)' "8: input_conversion: bgr_to_rgb is for images of 3 features, 'n/input_layer2' has the shape [-1,8,8,1]"
}

@test "data of another format is refused with the one that is expected" {
	net 8 8 3
	conversion bytes 1 2,4,8,3 packed.npy
	conversion nv12_to_hailo_yuv packed.npy pixels.npy
	pipe 'f, c = input_conversion(nv12_to_rgb)' pixels.npy
	fails_with 1 "hn-infer: packed.npy: an array of shape [2,4,8,3], [-1,8,8,3] of yuv expected for 'n/input_layer1' (translate-dataset --to yuv makes it from an array of RGB images)" \
		hn-infer -q -c bit_exact --in packed.npy q.har -o x.npy
	fails_with 1 "hef-run: m.hef: pixels.npy: an array of shape [2,8,8,3], [-1,4,8,3] of nv12 expected for 'n/input_layer1' (translate-dataset --to nv12 makes it from an array of RGB images)" \
		hef-run --in pixels.npy -o x.npy m.hef
	fails_with 1 "hn-infer: the layer 'n/input_layer1' has no values: its conversion is part of the compiled model only (emulator_support=True in the model script changes that)" \
		hn-infer -q -c bit_exact --layers n/input_layer1 --in pixels.npy q.har -o x.npy
	hn-infer -q -c bit_exact --layers all --in pixels.npy q.har -o all.npz
	[[ "$(arr keys all.npz)" != *input_layer1* ]]
	echo 'f, c = input_conversion(input_layer1, nv12_to_rgb, emulator_support=True)' > s.alls
	hn-normalize -q -s s.alls m.har -o e.har
	fails_with 1 "hn-quantize: calibration set 'pixels.npy': an array of shape [2,8,8,3], [-1,4,8,3] of nv12 expected for 'n/input_layer1' (translate-dataset --to nv12 makes it from an array of RGB images)" \
		hn-quantize -q -c pixels.npy e.har -o x.har
	# Image files are RGB.
	base64 -d <<-END > i.png
		iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAADElEQVR42mNgGB4AAADIAAGtQHYiAAAAAElFTkSuQmCC
	END
	fails_with 1 "hn-infer: i.png: image files are RGB, yuv expected for 'n/input_layer1' (translate-dataset --to yuv makes it from an array of RGB images)" \
		hn-infer -q -c bit_exact --in i.png q.har -o x.npy
	fails_with 1 "hn-quantize: calibration set 'i.png': image files are RGB, yuv expected for 'n/input_layer1' (translate-dataset --to yuv makes it from an array of RGB images)" \
		hn-quantize -q -c i.png fp.har -o x.har
}

@test "the standard of Y, U and V is part of the advice" {
	net 8 8 3
	conversion bytes 1 2,4,8,3 packed.npy
	try() {
		echo "$1" > s.alls
		hn-normalize -q -s s.alls m.har -o fp.har
		fails_with 1 "hn-infer: packed.npy: an array of shape [2,4,8,3], [-1,8,8,3] of $2 expected for 'n/input_layer1' (translate-dataset --to $2$3 makes it from an array of RGB images)" \
			hn-infer -q -c fp_optimized --in packed.npy fp.har -o x.npy
	}
	try 'c = input_conversion(yuv709_to_rgb)' yuv ' --standard yuv709'
	try $'c = input_conversion(yuv_full_range_to_bgr)\nf = input_conversion(nv12_to_hailo_yuv)' yuv ' --standard yuv_full_range'
	try 'c = input_conversion(bgr_to_rgb)' bgr ''
}

@test "a damaged network with conversions is refused" {
	net 8 8 3
	echo 'f, c = input_conversion(nv12_to_rgb)' > s.alls
	hn-normalize -q -s s.alls m.har -o fp.har
	mkdir d
	har-pack -x d fp.har
	try() {
		jq "$1" d/n.hn > x.hn
		run --separate-stderr hn-infer -q -c native -w d/n.fpo.npz --in none.npy x.hn -o x.npy
		[ "$status" -eq 1 ]
		[[ "$stderr" == *"$2"* ]] || report "expected: $2"
	}
	try '.layers["n/input_layer1"].input_shapes = [[-1, 4, 8, 4]] | .layers["n/input_layer1"].output_shapes = [[-1, 4, 8, 4]]' \
		"layer 'n/f': its input [-1,4,8,4] is not nv12: rank 4 with 3 features expected"
	try '.layers["n/input_layer1"].input_shapes = [[-1, 4, 7, 3]] | .layers["n/input_layer1"].output_shapes = [[-1, 4, 7, 3]]' \
		"layer 'n/f': nv12 has one color for two columns: a width of 7 is odd"
	try '.layers["n/f"].input = ["n/c"] | .layers["n/c"].input = ["n/input_layer1"] | .layers["n/input_layer1"].output = ["n/c"] |
		.layers["n/c"].output = ["n/f"] | .layers["n/f"].output = ["n/output_layer1"] | .layers["n/output_layer1"].input = ["n/f"]' \
		"layer 'n/f': it unpacks nv12 and must stand directly behind an input layer that nothing else reads"
	try '.layers["n/c"].params.kernel_shape = [1, 1, 3, 4]' "layer 'n/c': a color conversion is linear, of one pixel and three features"
}
