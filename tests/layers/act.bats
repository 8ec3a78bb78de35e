# activation, batch_norm, normalization, layer_normalization in float.
load one

# act NAME PARAMS "IN..." "OUT..."
act() {
	local values
	read -r -a values <<< "$3"
	one_layer activation "{\"activation\": \"$1\"$2}" "1,${#values[@]},1"
	input 1 "${values[@]}"
	gives "float32 [1,1,${#values[@]},1]
$4"
}

@test "activations that only compare are exact" {
	act linear '' '-1 0 2' '-1 0 2'
	act relu '' '-1 0 2' '0 0 2'
	act relu6 '' '-1 3 8' '0 3 6'
	act abs '' '-1.5 2' '1.5 2'
	act neg '' '-1.5 2' '1.5 -2'
	act square '' '-1.5 2' '2.25 4'
}

@test "smooth activations have their textbook values" {
	act sigmoid '' '0 2 -2' '0.5 0.880797 0.119203'
	act tanh '' '0 1 -2' '0 0.761594 -0.964028'
	act silu '' '0 1 -2' '0 0.731059 -0.238406'
	act hardswish '' '-4 -1 1 4' '0 -0.333333 0.666667 4' || act hardswish '' '-4 -1 1 4' '-0 -0.333333 0.666667 4'
	act gelu '' '0 1 -2' '0 0.841345 -0.0455003'
	act mish '' '0 1 -2' '0 0.865098 -0.252501'
	act softplus '' '0 1 -2' '0.693147 1.31326 0.126928'
	act exp '' '0 1 -2' '1 2.71828 0.135335'
	act log '' '1 2 0.5' '0 0.693147 -0.693147'
	act sqrt '' '4 2' '2 1.41421'
}

@test "prelu has a slope per feature" {
	one_layer activation '{"activation": "prelu"}' 1,1,3
	weight slope 3 0.5 0.25 2
	input 1 -4 -4 8
	gives 'float32 [1,1,1,3]
-2 -1 8'
}

@test "normalization scales and shifts each feature" {
	one_layer normalization '{"activation": "relu"}' 1,2,2
	weight kernel 2 2 -1
	weight bias 2 1 0.5
	input 1 1 1 -3 -3
	gives 'float32 [1,1,2,2]
3 0 0 3.5'
}

@test "a batch norm layer uses its four vectors" {
	one_layer batch_norm '{"hnt_bn_epsilon": 0.25}' 1,1,2
	weight gamma 2 1 3
	weight beta 2 0 1
	weight moving_mean 2 2 0
	weight moving_variance 2 0.75 2
	input 1 5 4
	gives 'float32 [1,1,1,2]
3 9'
}

@test "layer normalization gives each pixel mean 0 and deviation 1" {
	one_layer layer_normalization '{"hnt_bn_epsilon": 0}' 1,2,2
	weight gamma 2 1 2
	weight beta 2 0 10
	input 1 1 3 -10 10
	gives 'float32 [1,1,2,2]
-1 12 -1 12'
}
