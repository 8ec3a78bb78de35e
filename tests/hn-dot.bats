# hn-dot: the picture of a graph, as SVG and as DOT.
load helper

# A network of HN JSON: a chain, a branch over two rows that is added, a splitter with two outputs.
net() {
	cat <<-'END'
		{"name": "n", "net_params": {}, "layers": {
		"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 8, 8, 3]]},
		"n/conv1": {"type": "conv", "input": ["n/input_layer1"], "original_names": ["a<b>&\"c\""],
			"params": {"kernel_shape": [3, 5, 3, 8], "strides": [1, 2, 1, 1], "padding": "SAME", "activation": "relu"}},
		"n/conv2": {"type": "conv", "input": ["n/conv1"],
			"params": {"kernel_shape": [3, 3, 8, 8], "strides": [1, 1, 1, 1], "dilations": [1, 2, 2, 1], "padding": "SAME"}},
		"n/conv3": {"type": "conv", "input": ["n/conv2", "n/conv1"],
			"params": {"kernel_shape": [1, 1, 4, 8], "strides": [1, 1, 1, 1], "padding": "SAME", "groups": 2, "elementwise_add": true}},
		"n/fc1": {"type": "dense", "input": ["n/conv3"], "params": {"kernel_shape": [256, 10]}},
		"n/output_layer1": {"type": "output_layer", "input": ["n/fc1"]}}}
	END
}

@test "a box says name, kernel, features, activation and shape; tooltips the rest" {
	net > n.hn
	hn-dot n.hn -o n.svg
	for text in '>conv1<' '>conv 3×5 /2×1<' '>3 → 8 · relu<' '>4 × 8 × 8<' '>conv 3×3 dilation 2<' '>conv 1×1 groups 2<' \
		'>8 → 8 · add<' '>dense<' '>8 → 10<' '>10<' '>n</text>' '>as parsed, 6 layers<'; do
		grep -qF "$text" n.svg || report "not in the picture: $text"
	done
	grep -qF 'originally a&lt;b&gt;&amp;&quot;c&quot;' n.svg
	run grep -c 'class="layer"' n.svg
	[ "$output" -eq 6 ]
	run grep -c 'class="edge' n.svg
	[ "$output" -eq 6 ]
	run grep -c 'class="edge plus"' n.svg
	[ "$output" -eq 1 ]
	run ! grep -q 'class="layer added"' n.svg
}

@test "the image is well-formed XML, boxes lie inside of it and do not overlap" {
	net > n.hn
	hn-dot n.hn | xml_check
	hn-dot n.hn | boxes > boxes
	[ "$(wc -l < boxes)" -eq 6 ]
	apart boxes
	# Many branches of different lengths, joined.
	{
		echo '{"name": "n", "net_params": {}, "layers": {"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 4, 4, 2]]}'
		last=
		for b in 1 2 3 4 5; do
			prev=input_layer1
			for i in $(seq "$b"); do
				echo ", \"n/act${b}_$i\": {\"type\": \"activation\", \"input\": [\"n/$prev\"], \"params\": {\"activation\": \"relu\"}}"
				prev=act${b}_$i
			done
			last="$last${last:+, }\"n/$prev\""
		done
		echo ", \"n/concat1\": {\"type\": \"concat\", \"input\": [$last]}"
		echo ', "n/output_layer1": {"type": "output_layer", "input": ["n/concat1"]}}}'
	} > n.hn
	hn-dot n.hn | xml_check
	hn-dot n.hn | boxes > boxes
	[ "$(wc -l < boxes)" -eq 18 ]
	apart boxes
}

# x y width height of every box, after the size of the image.
boxes() {
	sed -n 's/.*<rect x="\([0-9.]*\)" y="\([0-9.]*\)" width="\([0-9.]*\)" height="\([0-9.]*\)".*/\1 \2 \3 \4/p'
}

apart() {
	run awk '
		{ x[NR] = $1; y[NR] = $2; w[NR] = $3; h[NR] = $4; if ($1 < 0 || $2 < 50) print "outside: " $0 }
		END {
			for (i = 1; i <= NR; i++)
				for (k = i + 1; k <= NR; k++)
					if (x[i] < x[k] + w[k] && x[k] < x[i] + w[i] && y[i] < y[k] + h[k] && y[k] < y[i] + h[i])
						print "boxes " i " and " k " overlap"
		}' "$1"
	[ -z "$output" ] || report "$1"
}

# Tags open and close in order; no other checker is needed for what we write.
xml_check() {
	run awk 'BEGIN { RS = "<" } NR > 1 {
		split($0, part, ">")
		tag = part[1]
		name = tag
		sub(/^\//, "", name)
		sub(/[ \/].*/, "", name)
		if (tag ~ /^\//) {
			if (stack[n] != name) print "wrong end: " name
			n--
		} else if (tag !~ /\/$/)
			stack[++n] = name
	} END { if (n) print n " left open" }'
	[ -z "$output" ] || report "not well-formed"
}

@test "layers that a script added are marked, and the parsed graph can be drawn" {
	onnx2hn -q "$SHAPES/shapes.onnx" |
		hn-normalize -q -s "$SHAPES/shapes.alls" -o fp.har
	hn-dot fp.har -o fp.svg
	run grep 'class="layer added"' fp.svg
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *'>normalization1<'* ]]
	grep -q '>1 added (dashed)<' fp.svg
	hn-dot -m native.hn fp.har -o native.svg
	run ! grep -q 'normalization1\|added (dashed)' native.svg
	hn-dot --dot fp.har | grep -q '"shapes/normalization1" .*dashed'
	hn-quantize -q -c "$SHAPES/calib.npy" fp.har -o q.har
	hn-dot q.har | grep -q '>quantized, 14 layers'
	hn-dot q.har | grep -q ' · a8_w8<'
	hn-dot -m fp.hn q.har | grep -q '>full precision, 14 layers'
	fails_with 1 "hn-dot: shapes has no graph 'x.hn' (hn, native.hn, fp.hn)" hn-dot -m x.hn q.har
}

@test "--dot writes one node per layer and one edge per input" {
	net > n.hn
	hn-dot --dot n.hn -o n.dot
	[ "$(head -n 1 n.dot)" = 'digraph "n" {' ]
	[ "$(tail -n 1 n.dot)" = '}' ]
	run grep -c ' \[label=' n.dot
	[ "$output" -eq 6 ]
	run grep -e '->' n.dot
	[ "$output" = '	"n/input_layer1" -> "n/conv1";
	"n/conv1" -> "n/conv2";
	"n/conv2" -> "n/conv3";
	"n/conv1" -> "n/conv3" [style=dashed];
	"n/conv3" -> "n/fc1";
	"n/fc1" -> "n/output_layer1";' ] || report "edges"
	grep -qF 'originally a<b>&\"c\"' n.dot
	if command -v dot > /dev/null; then
		dot -Tsvg n.dot > g.svg
	fi
}

@test "long edges without number are drawn, in bounded time and space" {
	{
		echo '{"name": "n", "net_params": {}, "layers": {"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 1, 1, 1]]}'
		prev=input_layer1
		for i in $(seq 1500); do
			echo ", \"n/add$i\": {\"type\": \"ew_add\", \"input\": [\"n/$prev\", \"n/input_layer1\"]}"
			prev=add$i
		done
		echo ", \"n/output_layer1\": {\"type\": \"output_layer\", \"input\": [\"n/$prev\"]}}}"
	} > n.hn
	# A sanitizer reserves more room than any limit.
	[ "${O##*/}" = san ] || limit='ulimit -v 1000000;'
	run bash -c "${limit-} timeout 60 hn-dot n.hn -o n.svg"
	[ "$status" -eq 0 ]
	run grep -c 'class="edge' n.svg
	[ "$output" -eq 3001 ]
}

@test "-h lists the options, misuse is refused" {
	run hn-dot -h
	[ "$status" -eq 0 ]
	[[ $output == *--dot* ]]
	usage_error "hn-dot: unknown option '--png'" hn-dot --png
}
