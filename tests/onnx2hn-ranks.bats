# onnx2hn: inputs of one to five dimensions; values worked out by hand.
# shellcheck disable=SC2154 # status is set by run
load helper
load onnx

@test "an input of fewer dimensions than what it meets has no batch: it lies on the last ones" {
	model <<'E'
input x 2,3,2,2
input row 2
input map 3,2,2
node Add a x,row s
node Mul m s,map y
output y
E
	onnx2hn m.onnx --net-name n -o m.har --report r.json 2> said
	[ "$(jq -c '[.inputs[].axes]' r.json)" = '["BCHW","W","CHW"]' ]
	grep -qF "Input 'row' has no batch: it is the same for each image." said
	# Two images of 2x2x3; rows and maps are given once for each.
	arr npy x.npy float32 2,2,2,3 1 2 3 4 5 6 7 8 9 10 11 12
	arr npy row.npy float32 2,2,1 10 20
	arr npy map.npy float32 2,2,2,3 1 2 1 1 2 1 2 1 1 2 1 1
	hn-infer -q m.har --in n/input_layer1=x.npy --in n/input_layer2=row.npy --in n/input_layer3=map.npy -o out.npy
	expect 2,2,2,3 11 24 13 24 50 26 34 18 19 60 31 32
}

@test "a vector alone is a row of features, without a batch" {
	model <<'E'
input x 3
node Relu r x y
output y
E
	onnx2hn -q m.onnx --net-name n -o m.har --report r.json
	[ "$(jq -r '.inputs[0].axes, .outputs[0].axes' r.json | tr '\n' ,)" = C,C, ]
	arr npy in.npy float32 1,3 1 -2 3
	hn-infer -q m.har --in in.npy -o out.npy
	expect 1,3 1 0 3
}

@test "more dimensions than five are refused, with their number" {
	model <<'E'
input x 1,2,2,2,2,2
node Relu r x y
output y
E
	run --separate-stderr onnx2hn m.onnx -o x.har
	[ "$status" -eq 1 ]
	[[ $stderr == "onnx2hn: m.onnx: input 'x': it has 6 dimensions, 1 to 5 expected"* ]]
}

@test "a 3-D convolution is a 2-D one whose kernel is a band over the depth" {
	model <<'E'
input x 1,1,3,1,2
init w 1,1,2,1,1 10 1
init b 1 0.5
node Conv c x,w,b y pads=1,0,0,0,0,0
output y
E
	onnx2hn -q m.onnx --net-name n -o m.har --report r.json
	[ "$(jq -r '.inputs[0].axes, .outputs[0].axes' r.json | tr '\n' ,)" = BCDHW,B1C1W, ]
	[ "$(inner)" = conv1, ]
	hn '.layers["n/conv1"].params.kernel_shape == [1, 1, 3, 3]'
	# Depths 1 2 3 in the first column, 4 5 6 in the second; 10 times the depth before.
	arr npy in.npy float32 1,1,2,3 1 2 3 4 5 6
	hn-infer -q m.har --in in.npy -o out.npy
	expect 1,1,2,3 1.5 12.5 23.5 4.5 45.5 56.5
}

@test "maps joined along the depth, convolved to one channel, are a map again: nothing is moved" {
	model <<'E'
input x 1,2,1,1
initi two 1 2
initi one 1 1
init w1 2,2,2,1,1 1 0 0 1 0 2 3 0
init scale 2 1 10
init zero 2 0
init ones 2 1
init w2 1,2,1,1,1 1 2
node Neg n x z
node Unsqueeze u1 x,two a
node Unsqueeze u2 z,two b
node Concat cat a,b,a v axis=2
node Conv c1 v,w1 c
node BatchNormalization bn c,scale,zero,zero,ones d epsilon=f:0
node Relu r d e
node Add plus e,e f
node MaxPool p f g kernel_shape=1,1,1
node Conv c2 g,w2 h
node Squeeze s h,one y
output y
E
	hn '[.layers[] | select(.type == "feature_shuffle" or .type == "format_conversion")] == []'
	arr npy in.npy float32 1,1,1,2 3 5
	infer
	# Channels 3 5 at depths 1, 3 and -3 -5 at 2.  First kernel over two depths: channel 0 is a0[d] +
	# a1[d + 1], channel 1 is 2 a0[d + 1] + 3 a1[d]; depth 0: 3 - 5, -6 + 15; depth 1: -3 + 5, 6 - 15.
	# Batch norm 1 and 10, relu, doubled: 0 180 and 4 0; second kernel 1 and 2.
	expect 1,1,1,2 360 4
}

@test "volumes: joined along channels and rows, added, pooled over rows and columns" {
	model <<'E'
input x 1,1,2,2,2
node Neg n x m
node Concat c x,m y axis=1
node Concat h y,y z axis=3
node MaxPool p z w kernel_shape=1,2,2 strides=1,2,2
output w
E
	onnx2hn -q m.onnx --net-name n -o m.har --report r.json
	# Depth 0: 1 2 3 4, depth 1: 5 6 7 8 (NHWC: depth inside).
	arr npy in.npy float32 1,2,2,2 1 5 2 6 3 7 4 8
	hn-infer -q m.har --in in.npy -o out.npy
	[ "$(jq -r '.outputs[0].axes' r.json)" = BCDHW ]
	expect 1,2,1,4 4 8 -1 -5 4 8 -1 -5
}

@test "a global pool of a volume reduces its channels, each with its depths" {
	model <<'E'
input x 1,2,2,1,2
node GlobalAveragePool a x y
node GlobalMaxPool m x z
output y
output z
E
	# Channel 0 has depths 1 2 and 3 4 (columns), channel 1 has 5 7 and 9 11.
	arr npy in.npy float32 1,1,2,4 1 3 5 9 2 4 7 11
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-infer -q m.har --in in.npy -o out.npz
	arr get out.npz n/output_layer1 out.npy
	expect 1,1,1,2 2.5 8
	arr get out.npz n/output_layer2 out.npy
	expect 1,1,1,2 4 11
}

# refused_volume TEXT LINE...
refused_volume() {
	local text=$1
	shift
	printf '%s\n' "input x 1,2,3,4,4" "input k 1,2,1,1,1" "init w 2,1,2,3,3 1" "$@" | model
	run --separate-stderr onnx2hn m.onnx -o x.har
	[ "$status" -eq 1 ] || report "status 1 expected" || return
	[[ $stderr == "onnx2hn: m.onnx: node 'n' $text"* ]] || report "expected: $text" || return
}

@test "what volumes do not do is refused" {
	refused_volume "(MaxPool): a pool along the depth is not supported" \
		"node MaxPool n x y kernel_shape=2,2,2" "output y"
	refused_volume "(Conv): its kernel [2,1,2,3,3] and group 1 do not fit 2 channels" \
		"node Conv n x,w y" "output y"
	refused_volume "(Mul): of volumes [1,2,3,4,4] and [1,2,1,1,1] a part of the features is repeated" \
		"node Mul n x,k y" "output y"
	refused_volume "(Concat): a concatenation along the batch (axis 0 of [1,2,3,4,4]) is not supported" \
		"node Concat n x,x y axis=0" "output y"
	refused_volume "(ConvTranspose): input [1,2,3,4,4] and kernel [2,1,2,3,3]: only 1-D and 2-D convolutions are supported" \
		"node ConvTranspose n x,w y" "output y"
}
