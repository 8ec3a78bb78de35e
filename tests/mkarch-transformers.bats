# The transformers that mkarch makes have the sizes that are published of them: tests/cases/transformers.txt.
load helper

# sizes: parameters in millions, operations in thousand millions by both counts (all, weights).
sizes() {
	jq -r '
		def area: .output_shapes[0][1:-1] | reduce .[] as $x (1; . * $x);
		def volume: reduce .[] as $x (1; . * $x);
		def kernel: (.params.kernel_shape // [0]) | volume;
		def last: .output_shapes[0][-1];
		def matmul: if .type == "matmul" then area * last * .input_shapes[0][-1] / (.params.groups // 1)
			else 0 end;
		def strides: if .type == "deconv" then .params.strides | volume else 1 end;
		[.layers[]] |
		((map(kernel + (if .params.kernel_shape then .output_shapes[0][-1] else 0 end) +
			if .type == "layer_normalization" or .type == "batch_norm" then 2 * last else 0 end) | add) / 1e6),
		((map(kernel * area / strides + matmul) | add) * 2 / 1e9),
		((map(kernel * area) | add) * 2 / 1e9)' "$1"
}

# near WANT GOT: within 4 per cent, or half of the last digit that is published.
near() {
	awk -v want="$1" -v got="$2" 'BEGIN {
		digits = want ~ /\./ ? length(want) - index(want, ".") : 0
		slack = 0.5 / 10 ^ digits; if (slack < 0.04 * want) slack = 0.04 * want
		d = got - want; exit !(d <= slack && -d <= slack) }'
}

# An encoder of text has tokens in columns, 1 x 77 x 512; our layers leave the row out.
size_of() {
	jq -r '[.layers[] | select(.type == "input_layer")][0].output_shapes[0][1:] |
		if length == 2 then [1] + . else . end | map(tostring) | join("x")' "$1"
}

@test "sizes of transformers are the published ones" {
	local name params ops count size got rows=0
	while read -r name params ops count size _; do
		mkarch "$name" /dev/stdout --raw | onnx2hn -q --net-name n --hn m.hn -o /dev/null
		mapfile -t got < <(sizes m.hn)
		[ "$count" = all ] || got[1]=${got[2]}
		echo "$name: ${got[0]} M of $params, ${got[1]} G of $ops"
		[ "$(size_of m.hn)" = "$size" ]
		near "$params" "${got[0]}"
		near "$ops" "${got[1]}"
		rows=$((rows + 1))
	done < <(grep -v '^#' "$ROOT/tests/cases/transformers.txt")
	[ "$rows" -gt 20 ]
}
