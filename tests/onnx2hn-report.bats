# onnx2hn --report, and the messages that say the same.
# shellcheck disable=SC2154 # stderr is set by run
load helper

model() {
	mkonnx "${1:-m.onnx}"
}

# Every status in one model: rep is a view, dead and tail are cut off, c9 is constant.
every() {
	model <<'E'
opset 13
input image 1,1,4,4
input mask 1,1,4,4
init k 2,1,3,3 0 0 0 0 1 0 0 0 0
init s 2 2 1
init b 2 1 0
init m 2 0 0
init v 2 1 1
init w 3,8 1
init spare 2 1
initi shape 2 1 8
node Conv conv image,k x pads=2,0,0,2
node BatchNormalization bn x,s,b,m,v y
node Relu relu y z
node Relu dead z nowhere
node MaxPool pool z p kernel_shape=2,2 strides=2,2
node Identity c9 shape shape2
node Reshape rep p,shape2 f
node Gemm fc f,w g transB=1
node Sigmoid sig g sg
node Mul silu g,sg h
node Softmax tail h out
output out
E
}

# report FILTER [ONNX2HN-OPTION...]: jq's verdict on the report of m.onnx.
report_of() {
	local filter=$1
	shift
	onnx2hn -q m.onnx --net-name n -o m.har --report r.json "$@"
	jq -e "$filter" r.json
}

@test "every node of the file has its status, in the file's order" {
	every
	report_of '[.nodes[] | .name + ": " + .status] == ["conv: layer", "bn: fused into", "relu: fused into", "dead: cut off",
		"pool: layer", "c9: constant", "rep: view only", "fc: layer", "sig: fused into", "silu: fused into", "tail: layer"]'
	jq -e '.nodes[0].layers == ["n/external_pad1", "n/conv1"]' r.json
	jq -e '.nodes[2] == {name: "relu", op: "Relu", domain: "", status: "fused into", layers: ["n/conv1"]}' r.json
	jq -e '.nodes[3].reason == "no output needs it"' r.json
	jq -e '.nodes[8].layers == ["n/fc1"] and .nodes[9].layers == ["n/fc1"]' r.json
	report_of '[.nodes[] | select(.status == "cut off") | [.name, .reason]] == [["conv", "before the start nodes"],
		["bn", "before the start nodes"], ["relu", "before the start nodes"], ["dead", "no output needs it"],
		["sig", "behind the end nodes"], ["silu", "behind the end nodes"], ["tail", "behind the end nodes"]]' \
		--start-node-names pool --end-node-names fc
}

@test "nodes and layers, tensors and layers, both ways" {
	every
	report_of '.original.bn == "n/conv1" and .original.fc == "n/fc1" and (.original | has("rep") | not)'
	jq -e '.layers["n/conv1"] == ["conv", "bn", "relu"] and .layers["n/input_layer1"] == ["image"]' r.json
	jq -e '.tensors.p == {layer: "n/maxpool1", port: 0, shape: [1, 2, 2, 2], axes: "BCHW"}' r.json
	jq -e '.tensors.f.layer == "n/maxpool1" and .tensors.f.shape == [1, 8]' r.json
}

@test "inputs and outputs, numbers, options, version" {
	every
	report_of '.schema == 1 and .net == "n" and .opset == 13 and .parsed'
	jq -e '.inputs == [{name: "image", layer: "n/input_layer1", shape: [1, 1, 4, 4], axes: "BCHW", hn_shape: [4, 4, 1]}]' r.json
	jq -e '.outputs == [{name: "out", node: "tail", layer: "n/output_layer1", shape: [1, 3], axes: "BC", hn_shape: [1, 1, 3]}]' r.json
	# conv: 18 weights, four vectors of two; fc: 24 weights.  4 * 4 * 2 * 9 and 24 multiplications.
	jq -e '.parameters == 50 and .macs == 312 and .operations == 624' r.json
	jq -e '.nms == null' r.json
	report_of '.options == {start_node_names: ["pool"], end_node_names: ["fc", "relu"], net_input_shapes: ["z=1,2,4,4"], net_input_format: ["BCHW"]}' \
		--start-node-names pool --end-node-names fc --end-node-names relu --net-input-shapes z=1,2,4,4 --net-input-format BCHW
}

@test "a failed translation leaves a report with the error, the reasons and the command" {
	every
	printf '%s\n' 'opset 13' 'input x 1,1,4,4' 'init k 2,1,3,3 1' 'node Conv conv x,k a' 'node Mystery m a b' 'domain com.example' \
		'node Relu r b y' 'output y' | model
	run --separate-stderr onnx2hn -q m.onnx -o m.har --report r.json
	[ "$status" -eq 1 ] && [ ! -e m.har ]
	jq -e '.parsed == false and .schema == 1' r.json
	jq -e '[.nodes[] | [.name, .status]] == [["conv", "parsed"], ["m", "unsupported"], ["r", "after an unsupported node"]]' r.json
	jq -e ".nodes[1].reason == \"operators of domain 'com.example' are not supported\" and .nodes[1].domain == \"com.example\"" r.json
	jq -e '.recommended_start_nodes == [] and .recommended_end_nodes == ["conv"]' r.json
	jq -e '.retry_command == "onnx2hn -q m.onnx -o m.har --report r.json --end-node-names conv"' r.json
	jq -e ".error == \"m.onnx: node 'm' (Mystery): operators of domain 'com.example' are not supported\"" r.json
	# No model at all: the error only.
	head -c 100 m.onnx > half.onnx
	run onnx2hn -q half.onnx -o m.har --report r.json
	[ "$status" -eq 1 ]
	jq -e '.parsed == false and (.error | startswith("half.onnx: "))' r.json
}

@test "messages name inputs and outputs as the model does, sizes, and what was left out" {
	every
	run --separate-stderr onnx2hn m.onnx --net-name n -o m.har
	[ "$status" -eq 0 ]
	grep -Fx "onnx2hn: input_layer1 from 'image' [1,1,4,4] (BCHW)" <<< "$stderr"
	grep -Fx "onnx2hn: output_layer1 is 'out' [1,3] (BC)" <<< "$stderr"
	grep -F "50 parameters, 0.00 GMACs, 0.00 GOP per image" <<< "$stderr"
	grep -Fx "onnx2hn: Left out: 1 initializer that no node reads ('spare')." <<< "$stderr"
	grep -Fx "onnx2hn: Left out: input 'mask', which nothing uses." <<< "$stderr"
	grep -Fx "onnx2hn: Left out: 1 node that no output needs." <<< "$stderr"
	jq -e '.notes | length == 2' <(onnx2hn -q m.onnx --report - -o m.har)
	run --separate-stderr onnx2hn m.onnx --start-node-names pool --end-node-names fc -v -o m.har
	grep -Fx "onnx2hn: Cut off: 3 nodes before the start nodes, 3 behind the end nodes." <<< "$stderr"
	grep -Fx "onnx2hn: cut off: node 'tail' (Softmax), behind the end nodes" <<< "$stderr"
	run --separate-stderr hn parser onnx m.onnx --net-name n
	grep -Fx "onnx2hn: input_layer1 from 'image' [1,1,4,4] (BCHW)" <<< "$stderr"
}

@test "an open batch is noted, other doubts are warnings" {
	model <<'E'
input x batch,3,8,8
node Relu r x y
output y
E
	run --separate-stderr onnx2hn m.onnx -o m.har
	grep -Fx "onnx2hn: Input 'x': dimension 0 ('batch') is open and taken as 1; it is the batch, which stays free." <<< "$stderr"
	model <<'E'
opset 10
input x 1,3,8,8
init s 4 1 1 2 2
node Resize up x,s y mode=s:linear
output y
E
	run --separate-stderr onnx2hn -q m.onnx -o m.har
	[ "$status" -eq 0 ]
	[ "${stderr_lines[0]}" = "onnx2hn: warning: opset 10 is not one of 8 and 11 to 17: its operators are read by its own rules" ]
	[[ ${stderr_lines[1]} == "onnx2hn: warning: node 'up' (Resize): opset 10 has asymmetric pixels by its specification"* ]]
	model <<'E'
opset 6
input x 1,2,8,8
init v 2 1
node BatchNormalization bn x,v,v,v,v y
node Dropout drop y z is_test=1
output z
E
	run --separate-stderr onnx2hn -q m.onnx -o m.har
	[[ ${stderr_lines[1]} == "onnx2hn: warning: node 'bn' (BatchNormalization): the model has it in training mode (is_test 0)"* ]]
	[ "${#stderr_lines[@]}" -eq 2 ]
}

@test "batch norm and dropout in training mode are refused and say what to do" {
	model <<'E'
opset 9
input x 1,2,8,8
init v 2 1
node BatchNormalization bn x,v,v,v,v y,m2,v2,s1,s2
output y
E
	run --separate-stderr onnx2hn -q m.onnx -o m.har
	[ "$status" -eq 1 ]
	[ "$stderr" = "onnx2hn: m.onnx: node 'bn' (BatchNormalization): it is in training mode: export the model in eval mode" ]
}
