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
