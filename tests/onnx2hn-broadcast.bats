# onnx2hn: constants and tensors of every shape that broadcasts, sizes from scales; by hand.
# shellcheck disable=SC2154 # status is set by run
load helper
load onnx

# times SHAPE VALUES: y = x * k for x 1,2,2,2 of features 1 2 | 3 4 | 5 6 | 7 8 by pixel.
times() {
	printf '%s\n' "input x 1,2,2,2" "init k $1 $2" "node Mul m x,k y" "output y" | model
	arr npy in.npy float32 1,2,2,2 1 2 3 4 5 6 7 8
	infer
}

@test "a constant is per feature, row, column, pixel, value, or one number" {
	times - 10
	expect 1,2,2,2 10 20 30 40 50 60 70 80
	times 2,1,1 "10 100"
	expect 1,2,2,2 10 200 30 400 50 600 70 800
	[ "$(inner)" = normalization1, ]
	times 2,1 "10 100"
	expect 1,2,2,2 10 20 30 40 500 600 700 800
	times 2 "10 100"
	expect 1,2,2,2 10 20 300 400 50 60 700 800
	times 1,1,2,2 "1 10 100 1000"
	expect 1,2,2,2 1 2 30 40 500 600 7000 8000
	times 2,2,2 "1 2 3 4 5 6 7 8"
	expect 1,2,2,2 1 10 6 24 15 42 28 64
}

@test "a constant that is larger than the tensor repeats it, from either side and for each operator" {
	model <<'E'
input x 1,2,1,2
init k 1,1,2,1 10 20
node Sub s k,x y
output y
E
	# Columns 1 2 | 3 4; two rows.
	arr npy in.npy float32 1,1,2,2 1 2 3 4
	infer
	expect 1,2,2,2 9 8 7 6 19 18 17 16
	model <<'E'
input x 1,1,1,2
init k 3,1,1 10 20 30
node Max m x,k y
output y
E
	arr npy in.npy float32 1,1,2,1 15 25
	infer
	expect 1,1,2,3 15 20 30 25 25 30
	model <<'E'
input x 1,2,1,1
init k 2 1 4
node Div d x,k y
output y
E
	arr npy in.npy float32 1,1,1,2 8 20
	infer
	expect 1,1,2,2 8 20 2 5
}

@test "one feature becomes many by a nearest Resize" {
	model <<'E'
input x 1,1,1,2
initi size 4 1 3 1 2
node Resize r x,-,-,size y mode=s:nearest
output y
E
	arr npy in.npy float32 1,1,2,1 5 7
	infer
	expect 1,1,2,3 5 5 5 7 7 7
}

@test "a size by scale is worked out in floats: 12 times 7/12 is 7" {
	model <<'E'
input x 1,1,1,12
init scale 4 1 1 1 0.583333313465
node Resize r x,-,scale y mode=s:nearest coordinate_transformation_mode=s:asymmetric nearest_mode=s:floor
output y
E
	arr npy in.npy float32 1,1,12,1 0 1 2 3 4 5 6 7 8 9 10 11
	infer
	# Pixel i comes from floor(i 12 / 7), the quotient a little above.
	expect 1,1,7,1 0 1 3 5 6 8 10
}
