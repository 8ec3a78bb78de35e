# hn-alloc: remove_node, layers that change nothing are left out of the network.
load helper
load hef
load modify

C='"kernel_shape": [3, 3, 3, 4], "strides": [1, 1, 1, 1], "padding": "SAME"'
R='"conversion_type": "spatial_reshape", "hnt_reshape"'

# q.har: two reshapes that undo each other and one in front of a dense layer; a second output behind the second
# one.  want.npz are its integers for the images of x.npy.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	chain conv1 conv "$C" reshape1 format_conversion "$R: [1, 108, 4]" reshape2 format_conversion "$R: [12, 9, 4]" \
		conv2 conv '"kernel_shape": [3, 3, 4, 4], "strides": [1, 1, 1, 1], "padding": "SAME"' \
		reshape3 format_conversion "$R: [0, 0, 432]" dense1 dense '"kernel_shape": [432, 6]'
	jq '.layers["n/output_layer2"] = {type: "output_layer", input: ["n/reshape2"]}' m.json > j.json
	mkhar j.json m.har
	modref noise x.npy 1 4 12 9 3
	hn-normalize -q m.har | hn-quantize -q -c x.npy -o q.har
	hn-infer -q -c bit_exact --raw --in x.npy q.har -o want.npz
}

setup() {
	scratch
	Q=$BATS_FILE_TMPDIR/q.har
	X=$BATS_FILE_TMPDIR/x.npy
}

layers() {
	har-pack -m alloc.json "$1" | jq -r '.layers[].name' | sed 's#n/##' | xargs
}

# a.har with the script on stdin: its integers and names are those of the whole network, it is repeated exactly.
removed() {
	cat > s.alls
	hn-alloc -q -s s.alls "$Q" -o a.har
	har-pack -m auto.alls a.har > auto.alls
	hn-alloc -q -s auto.alls "$Q" -o again.har
	for m in alloc.json auto.alls; do
		cmp <(har-pack -m $m a.har) <(har-pack -m $m again.har) || return
	done
	hn2hef -q a.har -o a.hef
	hef-run -q --check a.hef
	hef-run -q --raw --in "$X" --timing time.json a.hef -o got.npz
	same_bytes "$BATS_FILE_TMPDIR/want.npz" got.npz
	hn-alloc -q "$Q" | hn2hef -q -o whole.hef
	diff <(hef-run --info --parse-streams whole.hef) <(hef-run --info --parse-streams a.hef)
}

@test "layers that change nothing are not allocated, and every value and name stays" {
	hn-alloc -q "$Q" -o plain.har
	[ "$(layers plain.har)" = 'input_layer1 conv1 reshape1 reshape2 conv2 reshape3 dense1 output_layer1 output_layer2' ]
	# Behind the first reshape the second one takes the rows of the convolution and changes nothing.
	removed <<- 'END'
		remove_node(reshape1)
		remove_node(n/reshape2)
	END
	[ "$(layers a.har)" = 'input_layer1 conv1 conv2 reshape3 dense1 output_layer1 output_layer2' ]
	[ "$(head -2 auto.alls)" = $'remove_node(n/reshape1)\nremove_node(n/reshape2)' ]
	# The output keeps the name of the layer that was in front of it.
	hef-run --info --parse-streams a.hef | grep -q 'Output n/reshape2 UINT8'
	# Their buffers are gone: of one row of the whole map, and the rows behind it.
	bytes='[.edges[] | .rows * .row_bytes] | add'
	[ "$(har-pack -m alloc.json a.har | jq "$bytes")" -lt "$(har-pack -m alloc.json plain.har | jq "$bytes")" ]
	jq -e '[.layers[].name] | index("n/reshape1") == null' time.json
}

@test "a reshape goes when what reads it takes the values in any shape" {
	removed <<< 'remove_node(reshape3)'
	[ "$(layers a.har)" = 'input_layer1 conv1 reshape1 reshape2 conv2 dense1 output_layer1 output_layer2' ]
	removed < <(printf 'remove_node(%s)\n' reshape1 reshape2 reshape3)
	[ "$(layers a.har)" = 'input_layer1 conv1 conv2 dense1 output_layer1 output_layer2' ]
}

# $1 is the script, $2 the end of the message.
stays() {
	echo "$1" > s.alls
	fails_with 1 "hn-alloc: s.alls:$2" hn-alloc -q -s s.alls "$Q" -o b.har
}

@test "a layer that changes something stays, with the reason" {
	local passes='only a layer that passes on all values of its one input in their order can be'

	stays 'remove_node(conv1)' "1:1: remove_node: 'n/conv1' is not removed: $passes"
	stays 'remove_node(output_layer1)' "1:1: remove_node: 'n/output_layer1' is not removed: $passes"
	stays 'remove_node(reshape2)' "1:1: remove_node: 'n/reshape2' is not removed: what reads it needs its shape"
	stays $'remove_node(reshape3)\nremove_node(reshape3)' "2:13: remove_node: no layer 'reshape3' in 'n' (did you mean 'reshape1' or 'reshape2'?)"
}

@test "a list of removed layers that does not fit the network is refused by hn2hef" {
	mkdir x
	hn-alloc -q -s <(echo 'remove_node(reshape3)') "$Q" -o a.har
	har-pack -x x a.har
	cp x/n.alloc.json good.json
	for change in '.removed = ["n/conv1"]' '.removed += ["n/nothing"]' '.removed = []' '.removed = [3]' \
		'del(.removed)'; do
		jq "$change" good.json > x/n.alloc.json
		(cd x && tar cf ../bad.har --format ustar -- *)
		unchanged run --separate-stderr hn2hef -q bad.har -o m.hef
		[ "$status" -eq 1 ] || report "$change"
		[ "${#stderr_lines[@]}" -eq 1 ] || report "$change"
	done
}
