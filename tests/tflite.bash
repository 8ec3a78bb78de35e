# For files about tflite2hn: `load tflite` behind `load helper`.  Models are text for mktflite.
#
#   model [FILE] < TEXT                   writes m.tflite or FILE
#   layers [TFLITE2HN-OPTION...]          "name type activation" of each layer of m.tflite
#   inner [TFLITE2HN-OPTION...]           layers without input and output, comma after each
#   hn FILTER                             jq's verdict on the HN
#   given SHAPE VALUE...                  the input in.npy
#   gives SHAPE VALUE...                  what m.tflite makes of it
#   refused MESSAGE                       m.tflite is, with this
# shellcheck shell=bash

model() {
	mktflite "${1:-m.tflite}"
}

layers() {
	tflite2hn -q m.tflite --net-name n --hn - --no-weights "$@" |
		jq -r '.layers | to_entries[] | "\(.key[2:]) \(.value.type) \(.value.params.activation // "linear")"'
}

inner() {
	layers "$@" | grep -Ev '^(input_layer|output_layer)' | tr '\n' ,
}

hn() {
	tflite2hn -q m.tflite --net-name n --hn - --no-weights | jq -e "$1"
}

given() {
	arr npy in.npy float32 "$@"
}

gives() {
	tflite2hn -q m.tflite --net-name n -o m.har
	hn-infer -q m.har --in in.npy -o out.npy
	arr npy want.npy float32 "$@"
	npydiff want.npy out.npy 1e-6
}

refused() {
	fails_with 1 "tflite2hn: m.tflite: $1" tflite2hn -q m.tflite
}
