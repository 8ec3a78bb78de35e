# onnx2hn on models that it cannot import as a whole: the part that it names, start and end nodes.
# shellcheck disable=SC2154 # stderr is set by run
load helper

model() {
	mkonnx "${1:-m.onnx}"
}

# advises OPTIONS [ONNX2HN-OPTION...]: m.onnx fails with one line that ends in a command with these
# further options, and that command works as it is printed.
advises() {
	local want=$1 command
	shift
	run --separate-stderr onnx2hn m.onnx -o m.har "$@"
	[ "$status" -eq 1 ] || report "failure expected" || return
	[ ! -e m.har ] || report "nothing may be written" || return
	[ "${#stderr_lines[@]}" -eq 1 ] || report "one line expected" || return
	[[ $stderr == "onnx2hn: m.onnx: "*"(try onnx2hn m.onnx -o m.har"*" $want)" ]] || report "advice expected: $want" || return
	command=${stderr##*(try }
	command=${command%)}
	bash -c "$command" 2> /dev/null || report "the command fails: $command" || return
	har-pack -m hn m.har > m.hn
	rm m.har
}

# Kernels of convolutions 1x1 and 3x3.  LRN and a cubic Resize stand for what is unsupported.
head_of() {
	cat <<'E'
initi one - 1
init k 2,2,1,1 1
init k2 3,2,3,3 1
E
}

@test "unsupported nodes at the end are cut off" {
	model <<E
$(head_of)
input x 1,2,6,6
node Conv c1 x,k a
node Conv c2 a,k2 b
node Relu r b c
node TopK top c,one v,i
output v
output i
E
	advises "--end-node-names r"
}

@test "unsupported nodes at the beginning are cut off, and the outputs stay as they are" {
	model <<E
$(head_of)
init scale 4 1 1 2 2
input x 1,2,3,3
node LRN norm x a size=3
node Resize up a,-,scale b mode=s:cubic
node Conv c1 b,k c
node Conv c2 c,k2 y
output y
E
	advises "--start-node-names c1"
	jq -e '.layers["m/input_layer1"].output_shapes == [[-1, 6, 6, 2]]' m.hn
}

@test "what follows an input that cannot be one is found by its shapes" {
	model <<E
$(head_of)
input x 1,6,6,2,1
initi four 1 4
node Squeeze s x,four a
node Transpose t a b perm=0,3,1,2
node Conv c1 b,k c
node Conv c2 c,k2 y
output y
E
	run --separate-stderr onnx2hn -q m.onnx -o m.har
	if [ "$status" -ne 0 ]; then
		advises "--start-node-names t"
	fi
}

@test "in the middle the side with more operations stays" {
	model <<E
$(head_of)
input x 1,2,6,6
node Conv c1 x,k a
node LRN norm a b size=3
node Conv c2 b,k2 y
output y
E
	advises "--start-node-names c2"
	model <<E
$(head_of)
input x 1,2,6,6
node Conv c1 x,k a
node Conv c2 a,k b
node Conv c3 b,k c
node Conv c4 c,k d
node LRN norm d e size=3
node Conv c5 e,k y
output y
E
	advises "--end-node-names c4"
}

@test "between two unsupported nodes the part has both start and end nodes" {
	model <<E
$(head_of)
input x 1,2,6,6
node LRN pre x a size=3
node Conv c1 a,k b
node Conv c2 b,k2 c
node LRN post c y size=3
output y
E
	advises "--start-node-names c1 --end-node-names c2"
}

@test "a part that takes in something beside a start node keeps it inside" {
	model <<E
$(head_of)
input x 1,2,6,6
node LRN pre x a size=3
node Conv c1 a,k b
node Add sum b,a c
node Conv c2 c,k2 y
output y
E
	advises "--start-node-names c1,sum"
	jq -e '[.layers | to_entries[] | select(.value.type == "input_layer")] | length == 1' m.hn
	jq -e '.net_params.output_layers_order == ["m/conv2"]' m.hn
}

@test "an activation that is written in several nodes starts at its first" {
	model <<E
$(head_of)
init root - 1.4142135623730951
init plus - 1
init half - 0.5
input x 1,2,6,6
node LRN pre x a size=3
node Div d1 a,root d1
node Erf e1 d1 e1
node Add a3 e1,plus a3
node Mul m3 a,a3 m3
node Mul gelu m3,half b
node Conv c1 b,k2 y
output y
E
	advises "--start-node-names d1,m3"
	jq -e '.layers["m/activation1"].params.activation == "gelu"' m.hn
}

@test "several ends are in the order of the model, outputs that can be kept among them" {
	model <<E
$(head_of)
input x 1,2,6,6
node Conv c1 x,k a
node Conv c2 a,k2 b
node Conv c3 a,k2 c
node Sigmoid s a z
node LRN post b p size=3
node LRN past c q size=3
output p
output q
output z
E
	advises "--end-node-names c2,c3,s"
}

@test "the data type and sizes of a file's value_info lead on behind an operator of another domain" {
	model <<E
$(head_of)
input x 1,2,6,6
node Mystery m x a
domain com.example
node Conv c1 a,k b
node Conv c2 b,k2 y
output y
value a 1,2,6,6
E
	advises "--start-node-names c1"
}

@test "where nothing is known behind the first node there is no advice" {
	model <<E
$(head_of)
input x 1,2,6,6
node Mystery m x a
domain com.example
node Conv c1 a,k y
output y
E
	fails_with 1 "onnx2hn: m.onnx: node 'm' (Mystery): operators of domain 'com.example' are not supported" onnx2hn -q m.onnx -o m.har
}

@test "a constant that cannot be computed is no error where end nodes cut it off" {
	model <<E
$(head_of)
input x 1,2,6,6
initi wrong 1 7
node Conv c1 x,k a
node Squeeze bad one,wrong w
node Expand e a,w y
output y
E
	advises "--end-node-names c1"
}

@test "names are quoted for the shell" {
	model <<E
$(head_of)
input x 1,2,6,6
node Conv it's;(c1) x,k a
node LRN post a y size=3
output y
E
	advises "--end-node-names 'it'\\''s;(c1)'"
}

@test "the options that were given stay in the command, its own start and end nodes do not" {
	model <<E
$(head_of)
input x batch,2,h,w
node Conv c1 x,k a
node Conv c2 a,k2 b
node LRN post b c size=3
node Relu r c y
output y
E
	advises "--net-input-shapes x=1,2,8,8 --net-name n --end-node-names c2" --end-node-names r --net-input-shapes x=1,2,8,8 --net-name n
	advises "--net-input-shapes=1,2,8,8 --end-node-names c2" --end-node-names=r,post --net-input-shapes=1,2,8,8
	advises "--net-input-shapes=1,2,8,8 --start-node-names c2 --end-node-names c2" --start-node-names c2 --net-input-shapes=1,2,8,8
}

@test "-y does what is advised and writes the same bytes" {
	model <<E
$(head_of)
input x 1,2,6,6
node LRN pre x a size=3
node Conv c1 a,k b
node Conv c2 b,k2 c
node LRN post c y size=3
output y
E
	run --separate-stderr onnx2hn -q -y m.onnx -o y.har --report y.json
	[ "$status" -eq 0 ]
	[ "$stderr" = "onnx2hn: warning: node 'pre' (LRN): this operator is not supported; translated a part of the model instead, as onnx2hn -q -y m.onnx -o y.har --report y.json --start-node-names c1 --end-node-names c2" ]
	onnx2hn -q m.onnx --start-node-names c1 --end-node-names c2 -o w.har
	same_bytes y.har w.har
	jq -e '.parsed and .recommended_start_nodes == ["c1"] and .recommended_end_nodes == ["c2"]' y.json
	jq -e '[.nodes[].status] == ["cut off", "layer", "layer", "cut off"]' y.json
	hn parser onnx m.onnx -y --har-path h.har 2> err
	grep -q "translated a part of the model instead" err
	same_bytes h.har w.har
}

@test "-v lists every node that cannot be imported, before the one line" {
	model <<E
$(head_of)
input x 1,2,6,6
node LRN pre x a size=3
node Conv c1 a,k b
node LRN post b y size=3
output y
E
	run --separate-stderr onnx2hn -v m.onnx -o m.har
	[ "$status" -eq 1 ]
	[ "${stderr_lines[0]}" = "onnx2hn: unsupported: node 'pre' (LRN): this operator is not supported" ]
	[ "${stderr_lines[1]}" = "onnx2hn: unsupported: node 'post' (LRN): this operator is not supported" ]
	[[ ${stderr_lines[2]} == "onnx2hn: m.onnx: node 'pre' (LRN): "* ]]
	[ "${#stderr_lines[@]}" -eq 3 ]
}

branches() {
	model <<E
$(head_of)
input x 1,2,6,6
input w 1,2,6,6
node Conv c1 x,k a
node Relu r1 a b
node Conv c2 b,k c
node Conv c3 b,k d
node Add sum c,d e
node Conv c4 w,k f
node Concat cat e,f y axis=1
output y
output b
E
}

@test "several start nodes, with branches and inside a block" {
	branches
	onnx2hn -q m.onnx --start-node-names c2,c3 --end-node-names sum --net-name n --hn - > p.hn
	jq -e '[.layers[] | select(.type == "input_layer")] | length == 1' p.hn
	onnx2hn -q m.onnx --start-node-names sum,c4 --end-node-names cat --net-name n --hn - > p.hn
	jq -e '[.layers[] | select(.type == "input_layer") | .original_names[0]] == ["c", "d", "w"]' p.hn
	# c2 leads to the addition: only its other input comes from outside.
	onnx2hn -q m.onnx --start-node-names c2,sum --end-node-names sum --net-name n --hn - > p.hn
	jq -e '[.layers[] | select(.type == "input_layer") | .original_names[0]] == ["b", "d"]' p.hn
}

@test "start and end nodes that do not meet are refused and say why" {
	branches
	fails_with 1 "onnx2hn: m.onnx: --start-node-names: the network also needs input 'w' through node 'c4' (Conv): add a start node on that way" onnx2hn -q m.onnx --start-node-names sum --end-node-names cat
	fails_with 1 "onnx2hn: m.onnx: --start-node-names: node 'cat' leads to none of the end nodes" onnx2hn -q m.onnx --start-node-names cat --end-node-names sum
	fails_with 1 "onnx2hn: m.onnx: --start-node-names: node 'c1' leads only to other start nodes" onnx2hn -q m.onnx --start-node-names c1,r1 --end-node-names sum
}

@test "names that are not there come with those that are near" {
	branches
	fails_with 1 "onnx2hn: m.onnx: --end-node-names: there is no node 'c5' (did you mean 'c1', 'c2', 'c3'?)" onnx2hn -q m.onnx --end-node-names c5
	fails_with 1 "onnx2hn: m.onnx: --start-node-names: there is no node 'Sum ' (did you mean 'sum'?)" onnx2hn -q m.onnx --start-node-names "Sum "
	fails_with 1 "onnx2hn: m.onnx: --end-node-names: there is no node 'nothing like it'" onnx2hn -q m.onnx --end-node-names "nothing like it"
	fails_with 1 "onnx2hn: m.onnx: --end-node-names: 'x' is an input, not a node" onnx2hn -q m.onnx --end-node-names x
	fails_with 1 "onnx2hn: m.onnx: --end-node-names: 'k' is a constant, not a node" onnx2hn -q m.onnx --end-node-names k
	model <<E
$(head_of)
input x 1,2,6,6
node Conv /model.22/cv2/Conv x,k y
output y
E
	fails_with 1 "onnx2hn: m.onnx: --end-node-names: there is no node 'cv2/Conv' (did you mean '/model.22/cv2/Conv'?)" onnx2hn -q m.onnx --end-node-names cv2/Conv
}

@test "shapes and formats for several inputs, by input, tensor or start node" {
	model <<E
$(head_of)
input x n,2,h,w
input y n,h,w,2
node Transpose t y z perm=0,3,1,2
node Conv c1 x,k a
node Conv c2 z,k b
node Add sum a,b s
output s
E
	onnx2hn -q m.onnx --net-name n --net-input-shapes x=1,2,4,6 --net-input-shapes "y=[1,4,6,2]" --net-input-format y=BHWC --hn - > p.hn
	jq -e '[.layers[] | select(.type == "input_layer") | .output_shapes[0]] == [[-1,4,6,2],[-1,4,6,2]]' p.hn
	# Of an input that is cut off the shape of the start follows, or it is given at the start.
	onnx2hn -q m.onnx --net-name n --start-node-names sum --net-input-shapes x=1,2,4,6 --net-input-shapes y=1,4,6,2 --hn - > p.hn
	jq -e '[.layers[] | select(.type == "input_layer") | .output_shapes[0]] == [[-1,4,6,2],[-1,4,6,2]]' p.hn
	onnx2hn -q m.onnx --net-name n --start-node-names sum --net-input-shapes a=1,2,4,6 --net-input-shapes b=1,2,4,6 --hn - > q.hn
	same_bytes p.hn q.hn
	onnx2hn -q m.onnx --net-name n --start-node-names c2 --end-node-names c2 --net-input-shapes c2=1,2,4,6 --net-input-format c2=BCHW --hn - > q.hn
	jq -e '.layers["n/input_layer1"].output_shapes == [[-1,4,6,2]]' q.hn
	fails_with 1 "onnx2hn: m.onnx: --net-input-shapes 'z=1,2,4,6' names no input of the network ('x', 'y')" onnx2hn -q m.onnx --net-input-shapes z=1,2,4,6
	fails_with 1 "onnx2hn: m.onnx: input 'x': --net-input-shapes: '2,4,6' has 3 dimensions, the model's input 4" onnx2hn -q m.onnx --net-input-shapes x=2,4,6
}

@test "the driver passes start and end nodes, shapes and formats on" {
	model <<E
$(head_of)
input x n,2,h,w
input y n,2,h,w
node Conv c1 x,k a
node Conv c2 y,k b
node Add sum a,b s
node Relu r s t
output t
E
	hn parser onnx m.onnx --net-name n --start-node-names c1 c2 --end-node-names sum c1 --tensor-shapes "x=[1,2,4,6]" "y=[1,2,4,6]" -y --har-path h.har
	onnx2hn -q m.onnx --net-name n --start-node-names c1,c2 --end-node-names sum,c1 --net-input-shapes x=1,2,4,6 --net-input-shapes y=1,2,4,6 -o w.har
	same_bytes h.har w.har
	[ "$(har-pack -m hn w.har | jq -c .net_params.output_layers_order)" = '["n/ew_add1","n/conv1"]' ]
}

@test "inputs that are outputs, outputs that are only seen another way, a tensor named twice" {
	model <<E
$(head_of)
input x 1,2,3,4
initi flat 2 1 24
node Conv c1 x,k a
node Reshape v a,flat y
node Identity same x z
output y
output x
output z
E
	onnx2hn -q m.onnx --net-name n -o m.har
	har-pack -m hn m.har > m.hn
	jq -e '[.layers[] | select(.type == "output_layer")] | length == 3' m.hn
	arr npy in.npy float32 1,3,4,2 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24
	hn-infer -q m.har --in in.npy -o out.npz
	onnx2hn -q m.onnx --net-name n --end-node-names c1,c1,a --hn - > p.hn
	jq -e '.net_params.output_layers_order == ["n/conv1"]' p.hn
}

@test "ten thousand nodes, outputs or faults take seconds at most" {
	local kind
	for kind in blocks elements failing fan faults; do
		awk -v kind=$kind -v n=10000 -f "$ROOT/tests/gen/bignet.awk" | model
		# Ten times what it takes; anything quadratic takes longer.
		run --separate-stderr bash -c 'ulimit -t 20; onnx2hn -q m.onnx -o m.har'
		case $kind in
		failing) [[ $stderr == *"node 'n10000' (LRN): "*"--end-node-names n9999)" ]] ;;
		faults) [[ $stderr == *"node 'n0' (LRN): "*" (try "* ]] ;;
		*) [ "$status" -eq 0 ] ;;
		esac || report "$kind" || return
	done
	awk -v kind=fan -v n=3000 -f "$ROOT/tests/gen/bignet.awk" | model
	onnx2hn -q m.onnx --net-name n -o m.har
	[ "$(har-pack -m hn m.har | jq -r '.net_params.output_layers_order[2999]')" = n/activation3000 ]
}
