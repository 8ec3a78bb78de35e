# hn-compare: a model against its translation, layer by layer.
load helper
load onnx

# What the user has installed is no part of these tests.
unset ORT_DIR ORT_LIB

# Two convolutions, the second with a batch norm and an activation that are fused into it.
#   two_convs [FILE [WEIGHTS]]
two_convs() {
	model "${1:-m.onnx}" << EOF
input x 1,2,5,6
init w1 3,2,3,3 0.5 -1 0.25 2 -0.75 1.5 -0.125
node Conv c1 x,w1 t1 pads=1,1,1,1
init w2 4,3,1,1 ${2:-1 -2 0.5}
node Conv c2 t1,w2 t2
init g 4 1 0.5 2 -1
init b 4 0.1 -0.2 0.3
init m 4 0.5 -0.5
init v 4 1 2 0.5
node BatchNormalization bn t2,g,b,m,v t3
node Relu r t3 t4
output t4
EOF
}

@test "a small model agrees with its translation; fused operators count as their last tensor" {
	two_convs
	run -0 --separate-stderr hn-compare m.onnx
	[[ ${lines[0]} == "layer "*"original tensor"*"max |diff|"*"of range"*"SNR dB" ]]
	[[ ${lines[1]} == "conv1 t1 "*"[1,3,5,6]"* ]]
	[[ ${lines[2]} == "conv2 t4 "*"[1,4,5,6]"* ]]
	[[ ${lines[3]} == "2 layers compared, the worst is conv"*" of its range" ]]
	[ -z "$stderr" ]
	onnx2hn -q m.onnx -o m.har
	hn-compare m.onnx m.har > with-har
	diff with-har <(echo "$output")
}

@test "a weight that was changed in the bundle shows at its layer first" {
	two_convs
	two_convs other.onnx '1 -2 5'
	onnx2hn -q other.onnx --net-name n -o bad.har
	run -1 --separate-stderr hn-compare m.onnx bad.har --json c.json
	[[ ${lines[3]} == "2 layers compared, the worst is conv2 ('t4'): "* ]]
	jq -e '.worst.layer == "n/conv2" and .worst.relative > 0.1
		and (.layers | map(select(.relative > 1e-4) | .layer) == ["n/conv2"])
		and .not_compared == 0' c.json
	hn-compare m.onnx bad.har --fail-above 100 > /dev/null
}

@test "two inputs, two outputs, a split: each is found, inputs by name" {
	model << 'EOF'
input a 1,4,3,3
input b 1,4,3,3
node Add s a,b t1
node Split p t1 u,v axis=1 split=1,3
node Relu r u y1
node Sigmoid g v y2
output y1
output y2
EOF
	arr npy a.npy float32 2,3,3,4 1 -2 3 0.5
	arr npy b.npy float32 2,3,3,4 -1 4 0.25
	run -0 hn-compare m.onnx --in input_layer1=a.npy --in input_layer2=b.npy
	[[ $output == *" y1 "* && $output == *" y2 "* && $output == *" t1 "* ]]
	run -1 --separate-stderr hn-compare m.onnx --in a.npy
	[[ $stderr == "hn-compare: "*"input"* ]]
}

@test "nodes to start and end at are those of the translation" {
	two_convs
	run -0 hn-compare m.onnx --start-node-names c2 --end-node-names bn
	[[ ${lines[1]} == "conv1 t3 "* ]]
	[[ ${lines[2]} == "1 layers compared, the worst is conv1 ('t3'): "* ]]
}

@test "a bundle keeps the options of its translation, the command line replaces them" {
	two_convs
	onnx2hn -q m.onnx --start-node-names c2 --end-node-names bn -o m.har
	har-pack -m metadata.json m.har | jq -e '.hnt_parser == {start_node_names: ["c2"], end_node_names: ["bn"]}'
	run -0 --separate-stderr hn-compare m.onnx m.har
	[[ ${lines[1]} == "conv1 t3 "* ]]
	[[ ${lines[2]} == "1 layers compared, "* ]]
	[ -z "$stderr" ]
	run -1 --separate-stderr hn-compare m.onnx m.har --end-node-names nowhere
	[[ $stderr == "hn-compare: m.onnx: --end-node-names: there is no node 'nowhere'"* ]]
	onnx2hn -q m.onnx -o m.har
	[ "$(har-pack -m metadata.json m.har | jq .hnt_parser)" = null ]
}

@test "hn parser onnx --compare prints the comparison behind the translation" {
	two_convs
	run -0 "$BIN/hn" parser onnx m.onnx --compare
	[[ $output == *"2 layers compared, the worst is "* ]]
}

@test "layouts: what lies transposed or flattened is compared element by element" {
	model << 'EOF'
input x 1,3,4,5
node Transpose p x t1 perm=0,2,3,1
node Sigmoid s t1 t2
node Reshape q t2,shape t3
initi shape 2 1 60
output t3
EOF
	run -0 hn-compare m.onnx
	[[ $output == *" t2 "*"[1,4,5,3]"* || $output == *" t3 "*"[1,60]"* ]]
}

@test "random data are the same for the same seed, others for another" {
	two_convs
	hn-compare m.onnx --json a.json > /dev/null
	hn-compare m.onnx --seed 0 -j 1 --json b.json > /dev/null
	hn-compare m.onnx --seed 1 --json c.json > /dev/null
	same_bytes a.json b.json
	run ! cmp -s a.json c.json
	usage_error "hn-compare: --range must be LO,HI, not '3'" hn-compare m.onnx --range 3
	hn-compare m.onnx --range 0,1 > /dev/null
}

@test "a file that is no model or no bundle is one line" {
	two_convs
	echo junk > junk
	run -1 --separate-stderr hn-compare junk
	[[ $stderr == "hn-compare: junk: "* ]]
	run -1 --separate-stderr hn-compare m.onnx junk
	[[ $stderr == "hn-compare: junk: "* ]]
	run -1 --separate-stderr hn-compare nowhere.onnx
	[ "$stderr" = "hn-compare: nowhere.onnx: No such file or directory" ]
	[ -z "$output" ]
}

@test "a bundle of another model is refused, or its strange layers are counted" {
	two_convs
	model other.onnx << 'EOF'
input x 1,2,5,6
node Relu r x y
output y
EOF
	onnx2hn -q other.onnx -o other.har
	run -1 --separate-stderr hn-compare m.onnx other.har
	[[ $stderr == "hn-compare: m.onnx: no layer of the network stands for a tensor of the model" ]]
}

@test "onnxruntime: a file that is no library of it is one line, none is no matter" {
	two_convs
	echo junk > junk.so
	ORT_LIB=$PWD/junk.so run -1 --separate-stderr hn-compare m.onnx
	[[ $stderr == "hn-compare: $PWD/junk.so: it cannot be loaded: "* && ${#stderr_lines[@]} -eq 1 ]]
	ORT_LIB=libm.so.6 run -1 --separate-stderr hn-compare m.onnx
	[ "$stderr" = "hn-compare: libm.so.6: it is no library of onnxruntime: it has no function OrtGetApiBase" ]
	ORT_DIR=$PWD/nowhere run -0 --separate-stderr hn-compare -v m.onnx
	[[ $stderr == *"no library of onnxruntime"*ORT_LIB* && $output != *onnxruntime* ]]
}

@test "onnxruntime: what it cannot run is said, and compared without it" {
	two_convs
	ORT_LIB=libm.so.6 run -0 --separate-stderr hn-compare m.onnx --start-node-names c2
	[ "$stderr" = "hn-compare: warning: not compared with onnxruntime: the network starts behind the model's inputs, at 't1'" ]
	ORT_LIB=libm.so.6 run -0 --separate-stderr hn-compare m.onnx --end-node-names c1
	[ "$stderr" = "hn-compare: warning: not compared with onnxruntime: no layer of the network stands for an output of the model" ]
	ORT_LIB=libm.so.6 run -0 --separate-stderr hn-compare < m.onnx
	[ "$stderr" = "hn-compare: warning: not compared with onnxruntime: the model is no file" ]
}

@test "a layer whose features were put in another order is compared by what comes behind it" {
	mkarch yolov5s m.onnx --thin 8 --size 64
	run hn-compare -q m.onnx
	[ "$status" -eq 0 ] || report "yolov5s"
}
