# translate-dataset: RGB images to the formats of input_conversion.  The numbers are computed by hand
# from the guide's matrices: for YUV 601, Y = 16 + t / 1.164 with t = R - 1.596 V' = B - 2.017 U', and
# G = t - 0.392 U' - 0.813 V'; pure red gives t = 76.24, so Y 81.50, U 90.20, V 240.00.
load helper

# gives FORMAT SHAPE "VALUES" [OPTION...]: of x.npy.
gives() {
	translate-dataset -t "$1" "${@:4}" x.npy -o y.npy
	run arr text y.npy
	[ "${lines[0]}" = "uint8 $2" ] || report "shape expected: $2" || return
	[ "${lines[1]}" = "$3" ] || report "$1: values expected: $3"
}

@test "white, black, red and blue in YUV of the three standards" {
	arr npy x.npy uint8 1,2,2,3 255 255 255 0 0 0 255 0 0 0 0 255
	gives yuv '[1,2,2,3]' '235 128 128 16 128 128 81 90 240 41 240 110'
	gives yuv '[1,2,2,3]' '235 128 128 16 128 128 81 90 240 41 240 110' --standard yuv601
	gives yuv '[1,2,2,3]' '235 128 128 16 128 128 63 102 240 32 240 118' --standard yuv709
	# Full range: V of red is 255.8, saturated.
	gives yuv '[1,2,2,3]' '255 128 128 0 128 128 76 85 255 29 255 107' -s yuv_full_range
	translate-dataset x.npy -o default.npy
	translate-dataset -t yuv x.npy -o yuv.npy
	same_bytes default.npy yuv.npy
}

@test "BGR and RGBX move the features" {
	arr npy x.npy uint8 2,1,1,3 1 2 3 4 5 6
	gives bgr '[2,1,1,3]' '3 2 1'
	[ "${lines[2]}" = '6 5 4' ]
	gives rgbx '[2,1,1,4]' '1 2 3 0'
}

@test "YUY2: Y with U and V in turn, those of the first of two pixels, or their mean" {
	# red, white; black, blue
	arr npy x.npy uint8 1,2,2,3 255 0 0 255 255 255 0 0 0 0 0 255
	gives yuy2 '[1,2,2,2]' '81 90 235 240 16 128 41 128'
	# (90.20 + 128) / 2, (240.00 + 128) / 2; (128 + 240.03) / 2, (128 + 109.79) / 2
	gives yuy2 '[1,2,2,2]' '81 109 235 184 16 184 41 119' --mean
}

@test "NV12, NV21 and I420 are planes, chroma for 2x2 pixels" {
	# Two blocks of 2x2: red with white below and black right; all blue.
	arr npy x.npy uint8 1,2,4,3 255 0 0 0 0 0 0 0 255 0 0 255 255 255 255 255 255 255 0 0 255 0 0 255
	gives nv12 '[1,1,4,3]' '81 16 41 41 235 235 41 41 90 240 240 110'
	gives nv21 '[1,1,4,3]' '81 16 41 41 235 235 41 41 240 90 110 240'
	gives i420 '[1,1,4,3]' '81 16 41 41 235 235 41 41 90 240 240 110'
	# (90.20 + 3 * 128) / 4 = 118.55, (240.00 + 3 * 128) / 4 = 156.00
	gives i420 '[1,1,4,3]' '81 16 41 41 235 235 41 41 119 240 156 110' --mean
	# The planes of I420 lie behind each other.
	arr npy x.npy uint8 1,4,2,3 255 0 0 255 0 0 255 0 0 255 0 0 0 0 255 0 0 255 0 0 255 0 0 255
	gives i420 '[1,2,2,3]' '81 81 81 81 41 41 41 41 90 240 240 110'
	gives nv12 '[1,2,2,3]' '81 81 81 81 41 41 41 41 90 240 240 110'
}

@test "what the network's matrix makes of it is RGB again" {
	arr npy x.npy float32 1,1,5,3 12 200 77 255 255 255 0 0 0 30 30 30 250 3 99
	for s in yuv601 yuv709 yuv_full_range; do
		translate-dataset -s "$s" x.npy -o y.npy
		arr text y.npy | sed 1d | tr ' ' '\n' | paste - - - | awk -v s="$s" '
			s == "yuv601" { r = 1.164 * $1 + 1.596 * $3 - 222.912; g = 1.164 * $1 - 0.392 * $2 - 0.813 * $3 + 135.616; b = 1.164 * $1 + 2.017 * $2 - 276.8 }
			s == "yuv709" { r = 1.164 * $1 + 1.793 * $3 - 248.128; g = 1.164 * $1 - 0.213 * $2 - 0.533 * $3 + 76.864; b = 1.164 * $1 + 2.112 * $2 - 288.96 }
			s == "yuv_full_range" { r = $1 + 1.4 * $3 - 179.2; g = $1 - 0.343 * $2 - 0.711 * $3 + 134.912; b = $1 + 1.765 * $2 - 225.92 }
			{ printf "%.2f %.2f %.2f\n", r, g, b }' | sed 's/-0\.00/0.00/g' > back
		[ "$(cat back)" = "$(printf '%s\n' '12.00 200.00 77.00' '255.00 255.00 255.00' '0.00 0.00 0.00' '30.00 30.00 30.00' '250.00 3.00 99.00')" ] ||
			report "$s: $(cat back)"
	done
}

@test "float32 stays float32, one image without the first dimension too" {
	arr npy x.npy float32 1,2,3 255 0 0 255 255 255
	translate-dataset x.npy -o y.npy
	arr npy want.npy float32 1,2,3 81.4997 90.2005 240.0039 235.0722 128 128
	npydiff y.npy want.npy 1e-5
	[ "$(arr text y.npy | head -n 1)" = 'float32 [1,2,3]' ]
}

@test "-h lists the options, misuse is refused" {
	run translate-dataset -h
	[ "$status" -eq 0 ]
	[[ $output == *--standard* ]]
	usage_error "translate-dataset: --to is 'rgb', one of yuv, bgr, rgbx, yuy2, nv12, nv21, i420 expected" \
		translate-dataset -t rgb x.npy
	usage_error "translate-dataset: --standard is 'bgr', one of yuv601, yuv709, yuv_full_range expected" \
		translate-dataset -s bgr x.npy
}

@test "images of another shape or type are refused" {
	arr npy x.npy uint8 1,2,2,1 0
	fails_with 1 "translate-dataset: x.npy: an array of shape [1,2,2,1], RGB images [n,h,w,3] expected" translate-dataset x.npy -o y.npy
	arr npy x.npy int16 1,2,2,3 0
	fails_with 1 "translate-dataset: x.npy: an array of int16, uint8 or float32 expected" translate-dataset x.npy -o y.npy
	arr npy x.npy uint8 1,2,5,3 0
	fails_with 1 "translate-dataset: x.npy: yuy2 has one color for two columns: a width of 5 is odd" translate-dataset -t yuy2 x.npy -o y.npy
	arr npy x.npy uint8 1,3,4,3 0
	fails_with 1 "translate-dataset: x.npy: nv12 has one color for two rows: a height of 3 is odd" translate-dataset -t nv12 x.npy -o y.npy
	translate-dataset -t yuy2 x.npy -o y.npy
}
