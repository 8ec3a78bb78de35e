# maxpool, avgpool, global_avg_pool in float: values worked out by hand.
load one

@test "a max pool takes the largest of each window" {
	one_layer maxpool '{"kernel_shape": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "VALID"}' 4,4,1
	input 1 1 2 3 4 5 6 7 8 -9 -10 -11 -12 -13 -14 -15 -16
	gives 'float32 [1,2,2,1]
6 8 -9 -11'
}

@test "padding never wins a max pool" {
	one_layer maxpool '{"kernel_shape": [1, 3, 3, 1], "padding": "SAME"}' 2,2,1
	input 1 -4 -3 -2 -8
	gives 'float32 [1,2,2,1]
-2 -2 -2 -2'
}

@test "features are pooled apart" {
	one_layer maxpool '{"kernel_shape": [1, 1, 2, 1], "strides": [1, 1, 2, 1]}' 1,4,2
	input 1 1 40 2 30 3 20 4 10
	gives 'float32 [1,1,2,2]
2 40 4 20'
}

@test "an average pool divides by what it covers, or by its whole window" {
	one_layer avgpool '{"kernel_shape": [1, 1, 3, 1], "padding": "SAME"}' 1,3,1
	input 1 3 6 12
	gives 'float32 [1,1,3,1]
4.5 7 9'
	one_layer avgpool '{"kernel_shape": [1, 1, 3, 1], "padding": "SAME", "hnt_count_include_pad": true}' 1,3,1
	gives 'float32 [1,1,3,1]
3 7 6'
}

@test "ceil mode adds a last, partial window" {
	one_layer avgpool '{"kernel_shape": [1, 1, 2, 1], "strides": [1, 1, 2, 1], "hnt_ceil_mode": true}' 1,5,1
	input 1 1 3 5 7 9
	gives 'float32 [1,1,3,1]
2 6 9'
	one_layer maxpool '{"kernel_shape": [1, 1, 2, 1], "strides": [1, 1, 2, 1], "hnt_ceil_mode": true}' 1,5,1
	gives 'float32 [1,1,3,1]
3 7 9'
	# what lies beyond the input counts for nothing, also when padding counts
	one_layer avgpool '{"kernel_shape": [1, 1, 2, 1], "strides": [1, 1, 2, 1], "hnt_ceil_mode": true, "hnt_count_include_pad": true}' 1,5,1
	gives 'float32 [1,1,3,1]
2 6 9'
}

@test "a global pool averages each feature" {
	one_layer global_avg_pool '{}' 2,2,2
	input 1 1 10 2 20 3 30 6 60
	gives 'float32 [1,1,1,2]
3 30'
}
