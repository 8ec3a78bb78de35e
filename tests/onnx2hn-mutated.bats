# onnx2hn on models that are wrong in one place (tests/gen/mutonnx, tests/cases/mutated.txt): refused in one line
# that names a node, tensor or input, and nothing is written; or it is another sound model, and then every layer
# of its translation equals the original, executed by an interpreter of its own (hn-compare).
# shellcheck disable=SC2154 # stderr is set by run
load helper

# bases: the models that are changed, as NAME.onnx: those of the file, the one we ship, a generated one.
bases() {
	awk '/^model / { f = $2 ".txt"; next } { print > f }' "$ROOT/tests/cases/mutated.txt"
	local f
	for f in *.txt; do
		mkonnx "${f%.txt}.onnx" < "$f"
	done
	cp "$SHAPES/shapes.onnx" .
	mkarch resnet_v1_18 resnet.onnx --thin 16 --size 32
}

# says LINE NAMES: does the message name one of them?
says() {
	local name
	for name in $2; do
		[[ $1 != *"'$name'"* ]] || return 0
	done
	[[ $1 == *"opset "* || $1 == *"has no outputs" ]]
}

# one FILE CHANGE NAMES: a complaint when it is handled wrongly; counts in `refused` and `accepted`.
one() {
	local status=0 line
	onnx2hn -q "$1" -o m.har 2> err || status=$?
	mapfile -t line < err
	while [[ ${line[0]-} == "onnx2hn: warning: "* ]]; do
		line=("${line[@]:1}")
	done
	if [ "$status" -eq 0 ] && [ "${#line[@]}" -eq 0 ]; then
		accepted=$((accepted + 1))
		hn-compare -q -j 1 "$1" m.har > /dev/null 2> err || echo "$1: $2: accepted, but $(tail -1 err)"
		rm m.har
	elif [ "$status" -ne 1 ]; then
		echo "$1: $2: status $status: ${line[*]}"
	elif [ "${#line[@]}" -ne 1 ]; then
		echo "$1: $2: not one line: ${line[*]}"
	elif [ -e m.har ]; then
		echo "$1: $2: a file was written"
	elif ! says "${line[0]% (try *}" "$3"; then
		echo "$1: $2: none of '$3' is named: ${line[0]}"
	else
		refused=$((refused + 1))
	fi
}

# Each kind of change is made to each operator, attribute and input once; here to the first base that has it.
@test "a model that is wrong in one place is refused by name, or is another sound one" {
	local base file change names refused=0 accepted=0
	bases
	mkdir out
	for base in *.onnx; do
		mutonnx "$base" out "${base%.onnx}-" >> list
	done
	awk -F '\t' '!seen[$2]++' list > first
	while IFS=$'\t' read -r file change names; do
		one "$file" "$change" "$names"
	done < first > complaints
	[ ! -s complaints ] || {
		head -40 complaints
		return 1
	}
	echo "$(wc -l < first) models: $refused refused, $accepted sound"
	[ "$((refused + accepted))" -eq "$(wc -l < first)" ]
	[ "$refused" -ge 800 ]
}

@test "the same changes are made every time" {
	bases
	mkdir one two
	mutonnx classic.onnx one x > list
	mutonnx classic.onnx two x > again
	sed 's/^one/two/' list | cmp - again
	diff -r one two
}
