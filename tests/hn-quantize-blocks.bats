# hn-quantize: squeeze-and-excite by tiles, global pools in two steps.
load helper
load blocks

# x (12 x 5, 6 features) times a gate made of its mean: dense 6 -> 3 -> 6.
squeeze() {
	net '"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 12, 5, 6]]}' \
		'"n/avgpool1": {"type": "global_avg_pool", "input": ["n/input_layer1"], "params": {}}' \
		'"n/fc1": {"type": "dense", "input": ["n/avgpool1"], "params": {"kernel_shape": [6, 3], "activation": "relu"}}' \
		'"n/fc2": {"type": "dense", "input": ["n/fc1"], "params": {"kernel_shape": [3, 6], "activation": "sigmoid"}}' \
		'"n/ew_mult1": {"type": "ew_mult", "input": ["n/input_layer1", "n/fc2"], "params": {}}' \
		'"n/output_layer1": {"type": "output_layer", "input": ["n/ew_mult1"]}'
	# gates that tell one tile from another
	blockref edit w.npz n/fc1/kernel:0 1 8 0
	blockref edit w.npz n/fc2/kernel:0 1 4 0
	weights
}

se() {
	q "pre_quantization_optimization(se_optimization, method=tse, $1)"
}

@test "a block by tiles is the paper's formula, at every tile height" {
	squeeze
	for tile in 1 3 4 6; do
		se "mode=sequential, count=1, tile_height=$tile"
		blockref tse in.npy w.npz $tile ref.npy
		float q.har f.npy
		npydiff ref.npy f.npy 1e-6
		layer avgpool1 ".type == \"avgpool\" and .params.kernel_shape == [1, $tile, 5, 1]"
		layer avgpool1_resize '.output_shapes == [[-1, 12, 1, 6]]'
		hn-infer -q -c quantized --in in.npy q.har -o i.npy
		npydiff ref.npy i.npy 0.06
		# It is not what the plain block gives.
		blockref tse in.npy w.npz 12 plain.npy
		run npydiff plain.npy f.npy 0.1
		[ "$status" -eq 1 ]
	done
	same_everywhere
}

@test "a tile as high as the picture is the block as it was" {
	squeeze
	q ''
	mv q.har plain.har
	se 'mode=custom, layers=[avgpool1], tile_height=[12]'
	cmp <(har-pack -m q.npz plain.har) <(har-pack -m q.npz q.har)
	blockref tse in.npy w.npz 12 ref.npy
	float q.har f.npy
	npydiff ref.npy f.npy 1e-6
}

@test "blocks are taken in order, or by the name of their pool" {
	net '"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 12, 4, 4]]}' \
		'"n/avgpool1": {"type": "global_avg_pool", "input": ["n/input_layer1"], "params": {}}' \
		'"n/conv1": {"type": "conv", "input": ["n/avgpool1"], "params": {"kernel_shape": [1, 1, 4, 4], "strides": [1, 1, 1, 1], "padding": "VALID", "activation": "sigmoid"}}' \
		'"n/ew_mult1": {"type": "ew_mult", "input": ["n/input_layer1", "n/conv1"], "params": {}}' \
		'"n/conv2": {"type": "conv", "input": ["n/ew_mult1"], "params": {"kernel_shape": [1, 1, 4, 4], "strides": [1, 1, 1, 1], "padding": "VALID"}}' \
		'"n/avgpool2": {"type": "global_avg_pool", "input": ["n/conv2"], "params": {}}' \
		'"n/conv3": {"type": "conv", "input": ["n/avgpool2"], "params": {"kernel_shape": [1, 1, 4, 4], "strides": [1, 1, 1, 1], "padding": "VALID", "activation": "sigmoid"}}' \
		'"n/ew_mult2": {"type": "ew_mult", "input": ["n/conv3", "n/conv2"], "params": {}}' \
		'"n/avgpool3": {"type": "global_avg_pool", "input": ["n/ew_mult2"], "params": {}}' \
		'"n/output_layer1": {"type": "output_layer", "input": ["n/avgpool3"]}'
	se 'mode=sequential, count=2, tile_height=[3, 6]'
	layer avgpool1 '.params.kernel_shape == [1, 3, 4, 1]'
	layer avgpool2 '.params.kernel_shape == [1, 6, 4, 1]'
	se 'mode=custom, layers=[avgpool2], tile_height=4'
	layer avgpool1 '.type == "global_avg_pool"'
	layer avgpool2 '.params.kernel_shape == [1, 4, 4, 1]'
	same_everywhere
	echo 'pre_quantization_optimization(se_optimization, method=tse, mode=sequential, count=3, tile_height=3)' > s.alls
	fails_with 1 "hn-quantize: s.alls:1:1: pre_quantization_optimization: count=3, but the network has 2 squeeze-and-excite blocks" \
		hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
	echo 'pre_quantization_optimization(se_optimization, method=tse, mode=custom, layers=[avgpool3], tile_height=3)' > s.alls
	run -1 --separate-stderr hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
	[[ $stderr == *"layer 'n/avgpool3' is no global average pool of a squeeze-and-excite block"* ]]
	echo 'pre_quantization_optimization(se_optimization, method=tse, mode=sequential, count=1)' > s.alls
	run -1 --separate-stderr hn-quantize -q -c in.npy -s s.alls n.fp.har -o x.har
	[ "$stderr" = "hn-quantize: s.alls:1:1: pre_quantization_optimization: layer 'n/avgpool1' reads 12 rows, which are no whole number of tiles of 7 (a tile_height that divides them)" ]
}

@test "statistics of a network that a script changes serve as well" {
	squeeze
	se 'mode=sequential, count=1, tile_height=4'
	hn-stat -q -c in.npy -s s.alls n.fp.har -o p.npz
	hn-quantize -q --stats p.npz -s s.alls n.fp.har -o p.har
	cmp <(har-pack -m q.npz p.har) <(har-pack -m q.npz q.har)
}

# The mean of 12 x 8 pixels.
means() {
	net '"n/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 12, 8, 3]]}' \
		'"n/avgpool1": {"type": "global_avg_pool", "input": ["n/input_layer1"], "params": {}}' \
		'"n/output_layer1": {"type": "output_layer", "input": ["n/avgpool1"]}'
}

reduction() {
	q "pre_quantization_optimization(global_avgpool_reduction, layers=avgpool1, division_factors=$1)"
}

@test "a global pool in two steps is the mean" {
	means
	blockref mean in.npy ref.npy
	for f in '[4, 4] 3 2' '[2, 1] 6 8' '[12, 2] 1 4'; do
		# shellcheck disable=SC2086 # words
		set -- ${f#*] }
		reduction "${f%]*}]"
		float q.har f.npy
		npydiff ref.npy f.npy 1e-6
		layer avgpool1_reduction ".type == \"avgpool\" and .params.kernel_shape == [1, $1, $2, 1] and .params.strides == [1, $1, $2, 1]"
		layer avgpool1 '.type == "global_avg_pool" and .input == ["n/avgpool1_reduction"]'
		hn-infer -q -c quantized --in in.npy q.har -o i.npy
		npydiff ref.npy i.npy 0.02
		same_everywhere
	done
	reduction '[1, 1]'
	layer avgpool1 '.input == ["n/input_layer1"]'
}
