# softmax, argmax, reduce_* in float: values worked out by hand.
load one

@test "softmax turns each pixel's scores into shares" {
	one_layer softmax '{}' 1,2,2
	input 1 1000 1000 0 1.0986123
	gives 'float32 [1,1,2,2]
0.5 0.5 0.25 0.75'
	one_layer softmax '{"groups": 2}' 1,1,4
	input 1 3 3 -7 -7
	gives 'float32 [1,1,1,4]
0.5 0.5 0.5 0.5'
}

@test "argmax gives the first of the largest" {
	one_layer argmax '{}' 1,3,3
	input 1 1 3 2 5 5 4 -2 -3 -1
	gives 'float32 [1,1,3,1]
1 0 2'
}

@test "reductions run over the axes that they name" {
	while read -r type axes expect; do
		one_layer "$type" "{\"reduce_axes\": [$axes]}" 2,2,2
		input 1 1 2 3 4 5 6 7 -8
		infer_one -o out.npy
		[ "$(arr text out.npy | tail -n 1)" = "$expect" ] || {
			echo "$type over $axes"
			arr text out.npy
			return 1
		}
	done <<- END
		reduce_sum 3 3 7 11 -1
		reduce_sum 1 6 8 10 -4
		reduce_sum 2 4 6 12 -2
		reduce_mean 1,2 4 1
		reduce_max 3 2 4 6 7
		reduce_min 1,2,3 -8
	END
}

@test "groups of features are reduced apart" {
	one_layer reduce_max '{"groups": 2, "reduce_axes": [3]}' 1,1,4
	input 1 1 2 30 4
	gives 'float32 [1,1,1,2]
2 30'
}
