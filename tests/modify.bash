# shellcheck disable=SC2154 # status, output are set by run
# Networks for the tests of model modifications, and their results in every form.
#
#   chain NAME TYPE PARAMS... m.json: layers one behind the other from an input of SHAPE (12, 9, 3)
#   net NAME TYPE PARAMS...   the same, and m.har with random weights
#   script LINE...            s.alls
#   forms IN.npy              of m.har with s.alls: fp.npz in float, q.npz the integers' values, codes.npz;
#                             quantized, bit_exact and the HEF give the same
#   one F.npz [OUTPUT]        its array (the first output) as F.npy
#   native IN.npy             what m.har gives without a script, as native.npy
#   refused MESSAGE LINE      hn-normalize refuses the script of this line

chain() {
	local prev=input_layer1
	{
		echo '{"name": "n", "net_params": {}, "layers": {'
		echo "\"n/input_layer1\": {\"type\": \"input_layer\", \"input\": [], \"input_shapes\": [[-1, ${SHAPE:-12, 9, 3}]]}"
		while [ $# -gt 0 ]; do
			echo ", \"n/$1\": {\"type\": \"$2\", \"input\": [\"n/$prev\"], \"params\": {$3}}"
			prev=$1
			shift 3
		done
		echo ", \"n/output_layer1\": {\"type\": \"output_layer\", \"input\": [\"n/$prev\"]}}}"
	} > m.json
}

net() {
	chain "$@"
	mkhar m.json m.har
}

script() {
	printf '%s\n' "$@" > s.alls
}

forms() {
	hn-normalize -q -s s.alls m.har -o fp.har
	hn-infer -q -c fp_optimized --in "$1" fp.har -o fp.npz
	hn-quantize -q -c "$1" fp.har -o q.har
	hn-infer -q -c quantized --raw --in "$1" q.har -o codes.npz
	hn-infer -q -c bit_exact --raw --in "$1" q.har -o exact.npz
	same_bytes codes.npz exact.npz
	hn-alloc -q q.har -o a.har
	hn2hef -q a.har -o m.hef
	hef-run -q --raw --in "$1" m.hef -o hef.npz
	same_bytes codes.npz hef.npz
	hn-infer -q -c quantized --in "$1" q.har -o q.npz
	hef-run -q --in "$1" m.hef -o hef.npz
	same_bytes q.npz hef.npz
}

one() {
	arr get "$1" "n/${2:-output_layer1}" "${1%.npz}.npy"
}

native() {
	hn-infer -q -c native --in "$1" m.har -o native.npy
}

# The float and the integer result against an independent one, within bounds relative to its range.
near() {
	one fp.npz
	one q.npz
	run npydiff "$1" fp.npy 1e-5
	[ "$status" -eq 0 ] || report "float differs from $1"
	run npydiff "$1" q.npy "$2"
	[ "$status" -eq 0 ] || report "integers differ from $1"
}

refused() {
	script "$2"
	fails_with 1 "hn-normalize: s.alls:$1" hn-normalize -s s.alls m.har -o x.har
}

# What the script recorded, compact.
recorded() {
	har-pack -m modifications_meta_data.json fp.har | jq -c "$1"
}

# The device's layers in order.
on_device() {
	har-pack -m hn fp.har |
		jq -r '[.layers | to_entries[] | select((.key | test("put_layer") | not) and .value.params.hnt_on_host != true) | .key] | join(" ")'
}

# The layers in order, without input and output layers.
layers() {
	har-pack -m hn fp.har | jq -r '[.layers | keys_unsorted[] | select(test("put_layer") | not)] | join(" ")'
}
