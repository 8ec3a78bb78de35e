# Networks that a script transforms (n.fp.har, in.npy), for hn-quantize-groups.bats and -transforms.bats:
# `load transforms` behind `load helper`.
# shellcheck shell=bash disable=SC2034,SC2094,SC2154 # P is read by tests; members have names of files; set by run

P=pre_quantization_optimization

# The shape of the graph: "layer type inputs" lines.
graph() {
	har-pack -m hn "$1" | jq -r '.layers | to_entries[] | "\(.key | sub("n/"; "")) \(.value.type) \([.value.input[] | sub("n/"; "")] | join(","))"'
}

# made SCRIPT-LINE...: t.har, its records q.npz and graph.txt, which the script makes without a word
made() {
	printf '%s\n' "$@" > s.alls
	run --separate-stderr hn-quantize -q -c in.npy -s s.alls n.fp.har -o t.har
	[ "$status" -eq 0 ] || report "$1: $stderr"
	[ -z "$stderr" ] || report "$1: $stderr"
	graph t.har > graph.txt
	har-pack -m q.npz t.har > q.npz
}
