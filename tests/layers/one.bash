# shellcheck disable=SC1091,SC2154 # helper.bash beside this folder; output is set by run
# Networks of one layer for the tests of this folder.
#
#   one_layer TYPE PARAMS SHAPE...   net.json: a layer of this type with inputs of these shapes
#                                    ("4,4,2"; "2,8" of rank 3; "10" of rank 2), PARAMS is JSON text
#   weight KEY SHAPE VALUE...        a weight of the layer (fewer values repeat)
#   input K VALUE...                 one image for input K (from 1), values repeat
#   images K N VALUE...              N images
#   gives TEXT                       the float emulator's output, as `arr text` prints it, is TEXT;
#                                    the same when the layer is observed by itself, and by 2 threads
. "$BATS_TEST_DIRNAME/../helper.bash"

# "4,4,2" as [-1, 4, 4, 2]
hn_shape() {
	echo "[-1, ${1//,/, }]"
}

one_layer() {
	local type=$1 params=$2 n=0 shape names='' sep=''
	shift 2
	SHAPES_IN=("$@")
	WEIGHTS=()
	{
		echo '{"name": "t", "net_params": {"output_layers_order": ["t/l"]}, "layers": {'
		for shape; do
			n=$((n + 1))
			echo "\"t/input_layer$n\": {\"type\": \"input_layer\", \"input\": [], \"output\": [\"t/l\"],"
			echo "\"input_shapes\": [$(hn_shape "$shape")], \"output_shapes\": [$(hn_shape "$shape")]},"
			names+="$sep\"t/input_layer$n\""
			sep=', '
		done
		echo "\"t/l\": {\"type\": \"$type\", \"input\": [$names], \"output\": [\"t/output_layer1\"],"
		echo "\"params\": $params},"
		echo '"t/output_layer1": {"type": "output_layer", "input": ["t/l"], "output": []}}}'
	} > net.json
}

weight() {
	local key=$1
	shift
	arr npy "$key.npy" float32 "$@"
	WEIGHTS+=("t/l/$key:0=$key.npy")
}

images() {
	local k=$1 n=$2
	shift 2
	arr npy "in$k.npy" float32 "$n,${SHAPES_IN[k - 1]}" "$@"
}

input() {
	local k=$1
	shift
	images "$k" 1 "$@"
}

# Runs the network with further options.
infer_one() {
	local k args=()
	for ((k = 1; k <= ${#SHAPES_IN[@]}; k++)); do
		args+=(--in "input_layer$k=in$k.npy")
	done
	if [ ${#WEIGHTS[@]} -gt 0 ]; then
		arr npz w.npz "${WEIGHTS[@]}"
		args+=(-w w.npz)
	fi
	hn-infer -q "${args[@]}" "$@" net.json
}

gives() {
	infer_one -o out.npy
	run arr text out.npy
	[ "$output" = "$1" ] || {
		printf 'expected:\n%s\ngot:\n%s\n' "$1" "$output"
		return 1
	}
	infer_one --layers l -o observed.npy
	cmp out.npy observed.npy
	infer_one -j 2 -o two.npy
	cmp out.npy two.npy
}
