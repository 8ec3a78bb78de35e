# hn2hef: write the HEF of an allocated model.
load helper

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	quantized_shapes
	hn-alloc -q -a hailo8 shapes.q.har -o shapes.a.har
}

setup() {
	scratch
	D=$BATS_FILE_TMPDIR
}

@test "the shipped model becomes a HEF that holds to every rule" {
	run --separate-stderr hn2hef "$D/shapes.a.har" -o m.hef
	[ "$status" -eq 0 ]
	[[ $stderr == "hn2hef: shapes for hailo8: 14 layers in 1 context, "*" bytes" ]]
	[ -z "$output" ]
	[ "$(hef-run --check m.hef)" = "shapes for hailo8: 14 layers in 1 context; every rule holds" ]
	[ "$(head -c 8 m.hef | od -An -tx1 | tr -d ' ')" = 0148454600000002 ]
}

@test "-q says nothing" {
	run --separate-stderr hn2hef -q "$D/shapes.a.har" -o m.hef
	[ "$status" -eq 0 ]
	[ -z "$stderr$output" ]
}

@test "the same bundle gives the same bytes, with 1 and 2 threads" {
	hn2hef -q -j 1 "$D/shapes.a.har" -o a.hef
	hn2hef -q -j 2 "$D/shapes.a.har" -o b.hef
	same_bytes a.hef b.hef
}

@test "--har writes the compiled bundle with the HEF as member and all that was there" {
	hn2hef -q --har c.har "$D/shapes.a.har" -o a.hef
	har-pack -m hef c.har > b.hef
	same_bytes a.hef b.hef
	[ "$(har-pack -m metadata.json c.har | jq -r .state)" = compiled_model ]
	for m in hn npz q.npz alloc.json auto.alls; do
		har-pack -m $m c.har > new
		har-pack -m $m "$D/shapes.a.har" > old
		same_bytes old new
	done
}

@test "a compiled bundle compiles again to the same HEF" {
	hn2hef -q --har c.har "$D/shapes.a.har" -o a.hef
	hn2hef -q c.har -o b.hef
	same_bytes a.hef b.hef
}

@test "every target is written as its own architecture" {
	while read -r arch name; do
		hn-alloc -q -a "$arch" "$D/shapes.q.har" -o a.har
		hn2hef -q a.har -o m.hef
		[ "$(hef-run --info m.hef | head -n 1)" = "Architecture HEF was compiled for: $name" ]
	done <<- END
		hailo8 HAILO8
		hailo8r HAILO8
		hailo8l HAILO8L
		hailo15h HAILO15H
		hailo15m HAILO15M
		hailo15l HAILO15L
		hailo10h HAILO10H
	END
}

@test "-a takes the target's name or the path of its description" {
	hn2hef -q -a hailo8 "$D/shapes.a.har" -o a.hef
	hn2hef -q -a "$ROOT/share/targets/hailo8.json" "$D/shapes.a.har" -o b.hef
	same_bytes a.hef b.hef
	fails_with 1 "hn2hef: the model is allocated for 'hailo8' (run hn-alloc -a hailo8l)" \
		hn2hef -q -a hailo8l "$D/shapes.a.har"
}

@test "a bundle without allocation, and one of an earlier state, name the tool to run" {
	fails_with 1 "hn2hef: '$D/shapes.q.har' has no allocation (run hn-alloc first)" hn2hef "$D/shapes.q.har"
	run --separate-stderr hn2hef "$D/shapes.fp.har"
	[ "$status" -eq 1 ]
	[[ $stderr == *hn-quantize* ]]
}

@test "a damaged allocation is refused" {
	mkdir x
	har-pack -x x "$D/shapes.a.har"
	a=x/shapes.alloc.json
	cp $a good.json
	for change in '.layers[3].context = 7' '.edges[2].to = 900' '.edges[4].from = 9' \
		'del(.edges[5])' '.layers[2].feature_to = 5' '.layers = []' '.layers[4].layer = "shapes/nix"' \
		'.edges[3].rows = 0' '.edges[6].port = 3' '.layers[1].cluster = 99'; do
		jq "$change" good.json > $a
		(cd x && tar cf ../bad.har --format ustar -- *)
		unchanged run --separate-stderr hn2hef -q bad.har -o m.hef
		[ "$status" -eq 1 ] || report "$change"
		[ "${#stderr_lines[@]}" -eq 1 ] || report "$change"
		[ ! -e m.hef ] || report "$change"
	done
}

@test "misuse is refused" {
	usage_error "hn2hef: --har - and the HEF cannot both be standard output" hn2hef --har - "$D/shapes.a.har"
	run --separate-stderr hn2hef --nix
	[ "$status" -eq 2 ]
}

@test "several contexts give a HEF of several contexts" {
	layers=$(har-pack -m alloc.json "$D/shapes.a.har" | jq -r '[.layers[].layer | sub("shapes/"; "")]')
	{
		echo "context_0 = context([$(jq -r '.[:7] | join(", ")' <<< "$layers")])"
		echo "context_1 = context([$(jq -r '.[7:] | join(", ")' <<< "$layers")])"
	} > c.alls
	hn-alloc -q -s c.alls "$D/shapes.q.har" -o a.har
	hn2hef -q a.har -o m.hef
	[ "$(hef-run --check m.hef)" = "shapes for hailo8: 14 layers in 2 contexts; every rule holds" ]
	[[ $(hef-run --info m.hef) == *"Network group name: shapes, Multi Context - Number of contexts: 2"* ]]
	hef-run -q --in "$SHAPES/test_x.npy" --data-count 20 --raw -o hef.npy m.hef
	hn-infer -q -c bit_exact --in "$SHAPES/test_x.npy" --data-count 20 --raw -o emu.npy "$D/shapes.q.har"
	same_bytes hef.npy emu.npy
}
