# ew_add, ew_sub, ew_mult, ew_div, ew_max, ew_min, matmul in float: values worked out by hand.
load one

@test "each operation combines its inputs in order" {
	while read -r type expect; do
		one_layer "$type" '{}' 1,2,2 1,2,2
		input 1 6 -8 9 1
		input 2 2 4 -3 1
		gives "float32 [1,1,2,2]
$expect"
	done <<- END
		ew_add 8 -4 6 2
		ew_sub 4 -12 12 0
		ew_mult 12 -32 -27 1
		ew_div 3 -2 -3 1
		ew_max 6 4 9 1
		ew_min 2 -8 -3 1
	END
}

@test "a single pixel, a single feature and a single value repeat, on either side" {
	one_layer ew_sub '{}' 2,2,2 1,1,2
	input 1 1 2 3 4 5 6 7 8
	input 2 10 20
	gives 'float32 [1,2,2,2]
-9 -18 -7 -16 -5 -14 -3 -12'
	one_layer ew_sub '{}' 1,1,2 2,2,2
	input 1 10 20
	input 2 1 2 3 4 5 6 7 8
	gives 'float32 [1,2,2,2]
9 18 7 16 5 14 3 12'
	one_layer ew_mult '{}' 2,1,2 2,1,1
	input 1 1 2 3 4
	input 2 10 100
	gives 'float32 [1,2,1,2]
10 20 300 400'
	one_layer ew_add '{}' 1,2,2 1,1,1
	input 1 1 2 3 4
	input 2 0.5
	gives 'float32 [1,1,2,2]
1.5 2.5 3.5 4.5'
}

@test "both inputs repeat at once, each along what it has once" {
	one_layer ew_sub '{}' 2,1,2 1,3,2
	input 1 10 20 30 40
	input 2 1 2 3 4 5 6
	gives 'float32 [1,2,3,2]
9 18 7 16 5 14 29 38 27 36 25 34'
	one_layer ew_mult '{}' 1,1,2 2,3,1
	input 1 10 100
	input 2 1 2 3 4 5 6
	gives 'float32 [1,2,3,2]
10 100 20 200 30 300 40 400 50 500 60 600'
	one_layer ew_div '{}' 2,1,1 1,1,3
	input 1 12 24
	input 2 1 2 3
	gives 'float32 [1,2,1,3]
12 6 4 24 12 8'
}

@test "each image meets its own partner" {
	one_layer ew_add '{}' 1,1,2 1,1,1
	images 1 3 1 2 3 4 5 6
	images 2 3 10 20 30
	gives 'float32 [3,1,1,2]
11 12
23 24
35 36'
}

@test "an activation follows the operation" {
	one_layer ew_add '{"activation": "relu"}' 1,1,3 1,1,3
	input 1 -2 1 3
	input 2 1
	gives 'float32 [1,1,1,3]
0 2 4'
}

@test "a matrix product multiplies rows by columns, head by head" {
	one_layer matmul '{}' 2,1,2 2,2,2
	input 1 1 2 3 4
	input 2 1 10 100 1000 1 0 0 1
	gives 'float32 [1,2,1,2]
201 2010 3 4'
	one_layer matmul '{"transpose_matmul_input": true}' 1,1,2 1,3,2
	input 1 1 2
	input 2 1 10 100 1000 5 7
	gives 'float32 [1,1,1,3]
21 2100 19'
}
