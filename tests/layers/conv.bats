# conv, dw, deconv, dense in float: values worked out by hand.
load one

@test "a 3x3 convolution with padding sums its neighbours" {
	one_layer conv '{"kernel_shape": [3, 3, 1, 1], "padding": "SAME"}' 3,3,1
	weight kernel 3,3,1,1 1
	weight bias 1 0.5
	input 1 1 2 3 4 5 6 7 8 9
	gives 'float32 [1,3,3,1]
12.5 21.5 16.5 27.5 45.5 33.5 24.5 39.5 28.5'
}

@test "a kernel is [height, width, inputs, outputs] and is not turned round" {
	# out[o] = sum of x[ky][kx][i] * k[ky][kx][i][o]; k counts 1..8
	one_layer conv '{"kernel_shape": [1, 2, 2, 2], "padding": "VALID"}' 1,2,2
	weight kernel 1,2,2,2 1 2 3 4 5 6 7 8
	input 1 1 10 100 1000
	gives 'float32 [1,1,1,2]
7531 8642'
}

@test "stride and dilation choose the rows" {
	one_layer conv '{"kernel_shape": [2, 1, 1, 1], "strides": [1, 2, 1, 1], "dilations": [1, 2, 1, 1]}' 7,1,1
	weight kernel 2,1,1,1 1 10
	input 1 1 2 3 4 5 6 7
	gives 'float32 [1,3,1,1]
31 53 75'
}

@test "groups see only their own inputs" {
	one_layer conv '{"kernel_shape": [1, 1, 2, 4], "groups": 2}' 1,1,4
	weight kernel 1,1,2,4 1 2 3 4 10 20 30 40
	input 1 1 2 3 4
	gives 'float32 [1,1,1,4]
21 42 129 172'
}

@test "a depthwise convolution's output feature is input * multiplier + j" {
	one_layer dw '{"kernel_shape": [1, 1, 2, 2]}' 1,2,2
	weight kernel 1,1,2,2 1 2 3 4
	weight bias 4 0 0 0 1
	input 1 1 10 5 50
	gives 'float32 [1,1,2,4]
1 2 30 41 5 10 150 201'
}

@test "batch norm comes after the bias and before the activation" {
	# (x + 1 - 3) / sqrt(3 + 1) * 4 - 1, then relu
	one_layer conv '{"kernel_shape": [1, 1, 1, 1], "batch_norm": true, "hnt_bn_epsilon": 1.0, "activation": "relu"}' 1,3,1
	weight kernel 1,1,1,1 1
	weight bias 1 1
	weight gamma 1 4
	weight beta 1 -1
	weight moving_mean 1 3
	weight moving_variance 1 3
	input 1 1 2 4
	gives 'float32 [1,1,3,1]
0 0 3'
}

@test "an added input comes before the activation" {
	one_layer conv '{"kernel_shape": [1, 1, 1, 1], "elementwise_add": true, "activation": "relu6"}' 1,3,1 1,3,1
	weight kernel 1,1,1,1 2
	input 1 1 2 3
	input 2 -5 1 2
	gives 'float32 [1,1,3,1]
0 5 6'
}

@test "a deconvolution scatters its kernel" {
	one_layer deconv '{"kernel_shape": [1, 2, 1, 1], "strides": [1, 1, 2, 1], "padding": "VALID"}' 1,3,1
	weight kernel 1,2,1,1 1 10
	input 1 1 2 3
	gives 'float32 [1,1,6,1]
1 10 2 20 3 30'
}

@test "a deconvolution's crop and output padding move its border" {
	# full output of kernel 3, stride 2: 1 2 3+4=.. ; cut one at the start, none at the end, add one
	one_layer deconv '{"kernel_shape": [1, 3, 1, 1], "strides": [1, 1, 2, 1], "padding": "VALID", "hnt_crop": [0, 0, 1, 0], "hnt_output_pad": [0, 1]}' 1,2,1
	weight kernel 1,3,1,1 1 2 3
	weight bias 1 0.25
	input 1 1 10
	# full: 1 2 3+10 20 30, then a row that only the bias reaches
	gives 'float32 [1,1,5,1]
2.25 13.25 20.25 30.25 0.25'
}

@test "a dense layer reads its input in height, width, feature order" {
	one_layer dense '{"kernel_shape": [8, 2]}' 2,2,2
	weight kernel 8,2 1 0 0 1 10 0 0 10 100 0 0 100 1000 0 0 1000
	weight bias 2 0.5 -0.5
	input 1 1 2 3 4 5 6 7 8
	gives 'float32 [1,2]
7531.5 8641.5'
}

@test "every activation fits behind a convolution" {
	for act in sigmoid tanh silu hardswish hard_sigmoid elu gelu mish softplus softsign exp abs neg square; do
		one_layer conv "{\"kernel_shape\": [1, 1, 1, 1], \"activation\": \"$act\"}" 1,4,1
		weight kernel 1,1,1,1 1
		input 1 -3 -0.5 0.25 2
		infer_one -o conv.npy
		one_layer activation "{\"activation\": \"$act\"}" 1,4,1
		infer_one -o alone.npy
		npydiff alone.npy conv.npy 0.00001
	done
}

@test "several images are computed alike, also in a last smaller batch" {
	one_layer conv '{"kernel_shape": [3, 3, 2, 5], "padding": "SAME", "activation": "relu"}' 6,5,2
	weight kernel 3,3,2,5 0.5 -1 0.25 2 -0.75 1 0.125
	images 1 5 1 -2 3 0.5 7 -1 2 4 -8 0.25 6
	infer_one -o a.npy
	infer_one --batch 2 -o b.npy
	infer_one --batch 1 -o c.npy
	same_bytes a.npy b.npy
	same_bytes a.npy c.npy
}

@test "a kernel that is missing or of another size is refused with the layer's name" {
	one_layer dense '{"kernel_shape": [2, 2]}' 1,1,2
	input 1 1
	run infer_one -o out.npy
	[ "$status" -eq 1 ]
	[[ $output == *"layer 't/l'"*kernel* ]]
	weight kernel 3 1
	run infer_one -o out.npy
	[ "$status" -eq 1 ]
	[[ $output == *"layer 't/l'"* ]]
	[ ! -e out.npy ]
}
