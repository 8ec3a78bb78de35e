# onnx2hn: cuts, repeats, reshapes and transposes, and the layers that they become; values by hand.
# shellcheck disable=SC2154 # status is set by run
load helper
load onnx

# Four slices of every second row and column, in the order of the pairs given (row, column).
sliced_by_two() {
	local i=0 rc
	echo 'input x 1,1,2,4
initi rows 1 2
initi cols 1 3
initi two 1 2
initi end 1 9223372036854775807
initi from0 1 0
initi from1 1 1'
	for rc in "$@"; do
		echo "node Slice r$i x,from${rc%?},end,rows,two a$i
node Slice c$i a$i,from${rc#?},end,cols,two b$i"
		i=$((i + 1))
	done
	echo 'node Concat cat b0,b1,b2,b3 y axis=1
output y'
}

@test "a part that lies inside of the features is brought out before it is cut" {
	model <<'E'
input x 1,4,1,2
initi five 5 1 2 2 1 2
initi i1 - 1
node Reshape r x,five a
node Gather g a,i1 y axis=2
output y
E
	arr npy in.npy float32 1,1,2,4 1 2 3 4 5 6 7 8
	infer
	expect 1,1,2,2 2 4 6 8
}

@test "parts inside of what a kernel makes are made side by side instead" {
	local head='input x 1,1,1,1
init k 8,1,1,1 1 2 3 4 5 6 7 8
init c 8 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8
node Conv conv x,k,c f'
	# Two heads of q 1, k 1, v 2: features 0 and 4, 1 and 5, 2 3 and 6 7.
	model <<E
$head
initi heads 4 1 2 4 1
initi sizes 3 1 1 2
initi flat 4 1 -1 1 1
node Reshape r f,heads g
node Split s g,sizes q,k1,v axis=2
node Reshape rq q,flat a
node Reshape rv v,flat b
node Concat cat a,b y axis=1
output y
E
	[ "$(inner)" = "fc1,feature_splitter1,concat1," ]
	arr npy in.npy float32 1,1,1,1 10
	infer
	expect 1,6 10.1 50.5 30.3 40.4 70.7 80.8
	# The same by Gather; another use of the kernel's output leaves it as it is.
	model <<E
$head
initi heads 4 1 2 4 1
initi two - 2
initi flat 4 1 -1 1 1
node Reshape r f,heads g
node Gather at g,two v axis=2
node Reshape rv v,flat y
output y
E
	[ "$(inner)" = "fc1,slice1," ]
	infer
	expect 1,2 30.3 70.7
	{
		cat <<E
$head
initi heads 4 1 2 4 1
initi two - 2
initi flat 4 1 -1 1 1
node Reshape r f,heads g
node Gather at g,two v axis=2
node Reshape rv v,flat y
node Concat cat y,f z axis=1
output z
E
	} | model
	infer
	expect 1,1,1,10 30.3 70.7 10.1 20.2 30.3 40.4 50.5 60.6 70.7 80.8
}

@test "Gather of indices that run on is a slice, of others a concatenation of slices" {
	model <<'E'
input x 1,6,1,2
initi at 2 1 3
node Gather g x,at y axis=1
output y
E
	[ "$(inner)" = "slice1," ]
	arr npy in.npy float32 1,1,2,6 1 2 3 4 5 6 7 8 9 10 11 12
	infer
	expect 1,1,2,2 2 4 8 10
	model <<'E'
input x 1,6,1,2
initi at 2 3 1
node Gather g x,at y axis=1
output y
E
	[ "$(inner)" = "slice1,slice2,concat1," ]
	infer
	expect 1,1,2,2 4 2 10 8
}

@test "Expand repeats rows, columns and features, also inside of them" {
	model <<'E'
input x 1,2,1,1
initi s 4 1 1 2 3
node Expand e x,s y
output y
E
	[ "$(inner)" = "resize1," ]
	arr npy in.npy float32 1,1,1,2 5 6
	infer
	expect 1,2,3,2 5 6 5 6 5 6 5 6 5 6 5 6
	model <<'E'
input x 1,1,1,2
initi s 4 1 3 1 2
node Expand e x,s y
output y
E
	[ "$(inner)" = "conv1," ]
	arr npy in.npy float32 1,1,2,1 5 6
	infer
	expect 1,1,2,3 5 5 5 6 6 6
	# Two heads of two features, each head twice.
	model <<'E'
input x 1,4,1,1
initi five 5 1 2 1 2 1
initi s 5 1 2 2 2 1
initi flat 4 1 8 1 1
node Reshape r x,five a
node Expand e a,s b
node Reshape r2 b,flat y
output y
E
	arr npy in.npy float32 1,1,1,4 1 2 3 4
	infer
	expect 1,1,1,8 1 2 1 2 3 4 3 4
}

@test "Expand before a sum that repeats by itself goes away, when the shape is the sum's" {
	model <<'E'
input x 1,2,2,2
input z 1,2,1,1
initi s 4 1 2 2 2
node Expand e z,s w
node Add a x,w y
output y
E
	[ "$(inner)" = "ew_add1," ]
	hn '.layers["n/ew_add1"].original_names == ["e", "a"]'
	model <<'E'
input x 1,2,1,1
input z 1,2,1,1
initi s 4 1 2 2 2
node Expand e z,s w
node Add a x,w y
output y
E
	run --separate-stderr onnx2hn -q m.onnx -o m.har
	[ "$status" -eq 1 ]
	[[ ${stderr_lines[0]} == "onnx2hn: m.onnx: node 'a' (Add): an operand is repeated to a shape that [1,2,1,1] is not"* ]]
}

@test "Dropout that drops nothing passes, in training mode or not" {
	model <<'E'
input x 1,2,2,2
init zero - 0
initi on - 1
node Dropout d x,zero,on y
node Relu r y z
output z
E
	[ "$(inner)" = "activation1," ]
}

@test "windows of a map are one block move there and one back" {
	model <<'E'
input x 1,1,4,4
initi six 6 1 2 2 2 2 1
initi wins 3 4 4 1
initi back 6 1 2 2 2 2 1
initi map 4 1 4 4 1
init w 4,4 1 1 1 1 0 1 0 0 0 0 1 0 0 0 0 1
node Transpose t x a perm=0,2,3,1
node Reshape r a,six b
node Transpose p b c perm=0,1,3,2,4,5
node Reshape r1 c,wins d
node Transpose dt d e perm=0,2,1
node MatMul m e,w f
node Transpose ft f g perm=0,2,1
node Reshape r2 g,back h
node Transpose p2 h i perm=0,1,3,2,4,5
node Reshape r3 i,map j
node Transpose t2 j y perm=0,3,1,2
output y
E
	arr npy in.npy float32 1,4,4,1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
	infer
	# Each window a b / c d becomes a, a + b / a + c, a + d.
	expect 1,4,4,1 1 3 3 7 6 7 10 11 9 19 11 23 22 23 26 27
}

@test "a map that windows were put back to keeps its features when it is cut and joined" {
	model <<'E'
input x 1,2,4,4
initi six 6 1 2 2 2 2 2
initi wins 3 4 4 2
initi back 6 1 2 2 2 2 2
initi map 4 1 4 4 2
init w 2,2 1 1 0 1
initi zero 1 0
initi one 1 1
initi far 1 99
node Transpose t x a perm=0,2,3,1
node Reshape r a,six b
node Transpose p b c perm=0,1,3,2,4,5
node Reshape r1 c,wins d
node MatMul m d,w e
node Reshape r2 e,back h
node Transpose p2 h i perm=0,1,3,2,4,5
node Reshape r3 i,map j
node Slice s1 j,one,far,one k
node Slice s2 j,zero,one,one l
node Concat cc k,l n axis=1
node Transpose t2 n y perm=0,3,1,2
output y
E
	# No layer turns the map: depth to space makes it, and its rows are cut as they lie.
	[[ $(inner) =~ depth_to_space[0-9]+,reshape[0-9]+,slice1,slice2,concat1,$ ]] || {
		inner
		return 1
	}
	# shellcheck disable=SC2046 # numbers
	arr npy in.npy float32 1,4,4,2 $(seq 1 32)
	infer
	# Each pixel a b becomes a, a + b; the first row goes to the end.
	# shellcheck disable=SC2046
	expect 1,4,4,2 $(seq 9 2 32 | awk '{ print $1, 2 * $1 + 1 }') $(seq 1 2 8 | awk '{ print $1, 2 * $1 + 1 }')
}

@test "every second row and column of tokens that are seen as a map" {
	model <<'E'
input x 1,16,2
initi map 4 1 4 4 2
initi few 3 1 4 2
initi zero 1 0
initi far 1 99
initi rows 1 1
initi columns 1 2
initi two 1 2
node Reshape r x,map a
node Slice s1 a,zero,far,rows,two b
node Slice s2 b,zero,far,columns,two c
node Reshape r2 c,few y
output y
E
	# shellcheck disable=SC2046 # numbers
	arr npy in.npy float32 1,16,2 $(seq 1 32)
	infer
	expect 1,4,2 1 2 5 6 17 18 21 22
}

@test "slices of every second row and column, concatenated: space to depth, focus or classic" {
	arr npy in.npy float32 1,2,4,1 1 2 3 4 5 6 7 8
	sliced_by_two 00 10 01 11 | model
	[ "$(inner)" = "space_to_depth1," ]
	hn '.layers["n/space_to_depth1"].params.space_to_depth_type == "focus"'
	infer
	expect 1,1,2,4 1 5 2 6 3 7 4 8
	sliced_by_two 00 01 10 11 | model
	[ "$(inner)" = "space_to_depth1," ]
	infer
	expect 1,1,2,4 1 2 5 6 3 4 7 8
	# Another order stays as it is.
	sliced_by_two 11 10 01 00 | model
	[[ $(inner) == slice* ]]
	infer
	expect 1,1,2,4 6 5 2 1 8 7 4 3
}

@test "reshapes and transposes of the guide: dense to map, features to columns, two axes change places" {
	# One feature and column are 1; a convolution sees to it that the map is used as one.
	model <<'E'
input x 1,4
init w 4,4 1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1
initi map 4 1 2 1 2
init k 1,2,1,2 1 10 100 1000
node MatMul fc x,w a
node Reshape r a,map b
node Conv c b,k y
output y
E
	arr npy in.npy float32 1,4 1 2 3 4
	infer
	expect 1,1,1 4321
	# Features to columns: h x 1 x F becomes h x W x F'.
	model <<'E'
input x 1,4,2,1
initi map 4 1 2 2 2
init k 1,2,1,2 1 10 100 1000
node Transpose t x a perm=0,2,3,1
node Reshape r a,map b
node Transpose t2 b c perm=0,3,1,2
node Conv cv c,k y
output y
E
	arr npy in.npy float32 1,2,1,4 1 2 3 4 5 6 7 8
	infer
	# Columns of two features: 1 2 and 3 4; feature 0 of both columns, then feature 1.
	expect 1,2,1,1 4231 8675
	local line
	# The kernel takes feature 0 of two columns.
	while read -r line; do
		model <<E
input x 1,2,2,2
init k 1,2,1,2 1 10 0 0
node Transpose t x a perm=${line%% *}
node Conv c a,k y
output y
E
		[ "$(inner)" = "format_conversion1,conv1," ] || { inner; return 1; }
		arr npy in.npy float32 1,2,2,2 1 2 3 4 5 6 7 8
		infer
		# shellcheck disable=SC2086 # several values
		expect 1,2,1,1 ${line#* }
	done <<'E'
0,3,2,1 21 65
0,1,3,2 51 73
0,2,1,3 31 42
E
}

@test "depth to space and space to depth in both orders, spelled as reshape, transpose, reshape" {
	local shape six perm back kind out
	while IFS='|' read -r shape six perm back kind out; do
		model <<E
input x 1,$shape
initi six 6 1 $six
initi back 4 1 ${back//,/ }
node Reshape r x,six a
node Transpose t a b perm=0,$perm
node Reshape r2 b,back c
node MaxPool p c y kernel_shape=1,1
output y
E
		hn "[.layers[].params | .depth_to_space_type // .space_to_depth_type | values] == [\"$kind\"]"
		[ "$(inner | tr , '\n' | wc -l)" -eq 2 ]
		# Channels-last: 2x2 pixels of two features, or one pixel of eight.
		[ "$shape" = 8,1,1 ] && arr npy in.npy float32 1,1,1,8 1 2 3 4 5 6 7 8
		[ "$shape" = 2,2,2 ] && arr npy in.npy float32 1,2,2,2 1 2 3 4 5 6 7 8
		infer
		# shellcheck disable=SC2086 # several values
		expect $out
	done <<'E'
8,1,1|2 2 2 1 1|3,4,1,5,2|2,2,2|dcr|1,2,2,2 1 2 3 4 5 6 7 8
8,1,1|2 2 2 1 1|1,4,2,5,3|2,2,2|crd|1,2,2,2 1 5 2 6 3 7 4 8
2,2,2|2 1 2 1 2|3,5,1,2,4|8,1,1|classic_dcr|1,1,1,8 1 2 3 4 5 6 7 8
2,2,2|2 1 2 1 2|1,3,5,2,4|8,1,1|classic_crd|1,1,1,8 1 3 5 7 2 4 6 8
E
}

@test "ScatterND of constants is computed, an index outside is an error" {
	model <<'E'
input x 1,2,1,3
init zero 2,3 0
initi at 2,2 0 1 -1 2
init values 2 5 7
initi four 4 1 2 1 3
node ScatterND s zero,at,values m
node Reshape r m,four m4
node Add a x,m4 y
output y
E
	arr npy in.npy float32 1,1,3,2 1
	infer
	# Row 0 is feature 0: 0 5 0; row 1 is 0 0 7.
	expect 1,1,3,2 1 1 6 1 1 8
	model <<'E'
input x 1,2,1,3
init zero 2,3 0
initi at 1,2 2 0
init values 1 5
node ScatterND s zero,at,values m
node Add a x,m y
output y
E
	fails_with 1 "onnx2hn: m.onnx: node 's' (ScatterND): its index 0 is outside of [2,3]" onnx2hn -q m.onnx -o m.har
}

@test "an activation whose input is known only with the shapes is computed too" {
	model <<'E'
input x 1,2,1,3
initi zero - 0
initi one - 1
initi map 4 1 2 1 3
init nought - 0
init five - 5
node Shape sh x s
node ConstantOfShape z s a
node Add p a,five b
node Equal eq b,nought c
node Not not c d
node Cast f d e to=1
node Add y x,e y
output y
E
	arr npy in.npy float32 1,1,3,2 1 2 3
	infer
	expect 1,1,3,2 2 3 4
}
