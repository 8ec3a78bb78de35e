# For files about tf2hn: `load tf` behind `load helper`.  Models are text for mktf.
#
#   model [FILE] < TEXT                   writes m.pb or FILE
#   layers [TF2HN-OPTION...]              types of the layers of m.pb without input and output, a comma between
#   hn FILTER                             jq's verdict on the HN
#   given SHAPE VALUE...                  the input in.npy
#   gives SHAPE VALUE...                  what m.pb makes of it
#   refused MESSAGE                       m.pb is, with this
# shellcheck shell=bash

model() {
	mktf "${1:-m.pb}"
}

layers() {
	tf2hn -q m.pb --net-name n --hn - --no-weights "$@" |
		jq -r '[.layers[].type | select(. != "input_layer" and . != "output_layer")] | join(",")'
}

hn() {
	tf2hn -q m.pb --net-name n --hn - --no-weights | jq -e "$1"
}

given() {
	arr npy in.npy float32 "$@"
}

gives() {
	tf2hn -q m.pb --net-name n -o m.har
	hn-infer -q m.har --in in.npy -o out.npy
	arr npy want.npy float32 "$@"
	npydiff -1 want.npy out.npy 1e-6
}

refused() {
	fails_with 1 "tf2hn: m.pb: $1" tf2hn -q m.pb
}
