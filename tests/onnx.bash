# For files about onnx2hn: `load onnx` behind `load helper`.  Models are text for tests/gen/mkonnx.
#
#   model [FILE] < TEXT                   writes m.onnx or FILE
#   layers [ONNX2HN-OPTION...]            "name type activation" of each layer of m.onnx
#   names [ONNX2HN-OPTION...]             the layers' names, comma after each
#   inner                                 the same without input, output and constant layers
#   params LAYER                          its parameters, compact
#   hn FILTER                             jq's verdict on the HN
#   infer                                 runs m.onnx on in.npy to out.npy
#   expect SHAPE VALUE...                 what infer left in out.npy
# shellcheck shell=bash

model() {
	mkonnx "${1:-m.onnx}"
}

layers() {
	onnx2hn -q m.onnx --net-name n --hn - --no-weights "$@" |
		jq -r '.layers | to_entries[] | "\(.key[2:]) \(.value.type) \(.value.params.activation // "linear")"'
}

names() {
	layers "$@" | cut -d' ' -f1 | tr '\n' ,
}

inner() {
	layers | cut -d' ' -f1 | grep -Ev '^(input_layer|output_layer|const_input)' | tr '\n' ,
}

params() {
	onnx2hn -q m.onnx --net-name n --hn - --no-weights | jq -c ".layers[\"n/$1\"].params"
}

hn() {
	onnx2hn -q m.onnx --net-name n --hn - --no-weights | jq -e "$1"
}

infer() {
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-infer -q m.har --in in.npy -o out.npy
}

expect() {
	arr npy want.npy float32 "$@"
	npydiff want.npy out.npy 1e-6
}
