# Small networks around one block, for hn-quantize-blocks*.bats: `load blocks` behind `load helper`.
#
#   net LAYER...        n.har, n.fp.har, w.npz of JSON layers ("name": {...}); in.npy of 20 images
#   weights             n.fp.har again, of w.npz after it was changed
#   q LINE...           q.har by script lines
#   float HAR FILE      what the full-precision model of a bundle gives
#   layer NAME FILTER   jq's verdict on a layer of q.har
#   same_everywhere     emulator (both ways) and HEF give the same codes
# shellcheck shell=bash

net() {
	local IFS=,
	echo "{\"name\": \"n\", \"net_params\": {}, \"layers\": {$*}}" > n.json
	mkhar n.json n.har in.npy 20
	har-pack -m npz n.har > w.npz
	har-pack -m hn n.har > n.hn
	weights
}

weights() {
	hn-normalize -q -w w.npz n.hn -o n.fp.har
}

q() {
	printf '%s\n' "$@" > s.alls
	hn-quantize -q -c in.npy -s s.alls n.fp.har -o q.har
}

float() {
	hn-infer -q -c fp_optimized --in in.npy "$1" -o "$2"
}

layer() {
	har-pack -m hn q.har | jq -e ".layers[\"n/$1\"] | $2"
}

same_everywhere() {
	hn-infer -q --raw -c quantized --in in.npy q.har -o quantized.npz
	hn-infer -q --raw -c bit_exact -j 2 --in in.npy q.har -o exact.npz
	hn-alloc -q q.har -o a.har
	hn2hef -q a.har -o m.hef
	hef-run -q --raw --in in.npy m.hef -o hef.npz
	same_bytes quantized.npz exact.npz
	same_bytes quantized.npz hef.npz
}
