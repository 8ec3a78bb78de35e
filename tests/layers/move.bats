# Layers that move values, in float: order worked out by hand.
load one

@test "concat puts its inputs side by side along its axis" {
	one_layer concat '{"concat_axis": "features"}' 1,2,1 1,2,2
	input 1 1 2
	input 2 10 11 20 21
	gives 'float32 [1,1,2,3]
1 10 11 2 20 21'
	one_layer concat '{"concat_axis": "spatial_w"}' 2,1,1 2,2,1
	input 1 1 2
	input 2 10 11 20 21
	gives 'float32 [1,2,3,1]
1 10 11 2 20 21'
	one_layer concat '{"concat_axis": "spatial_h"}' 1,2,1 2,2,1
	input 1 1 2
	input 2 10 11 20 21
	gives 'float32 [1,3,2,1]
1 2 10 11 20 21'
}

@test "slice takes from start to before stop, by step, on each axis" {
	one_layer slice '{"height_slice": [1, 3, 1], "width_slice": [0, 3, 2], "features_slice": [1, 2, 1]}' 3,3,2
	input 1 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17
	gives 'float32 [1,2,2,1]
7 11 13 17'
}

@test "external padding surrounds the input with its value" {
	one_layer external_pad '{"external_pad_params": [1, 0, 0, 2], "hnt_pad_value": -1}' 1,2,1
	input 1 5 6
	gives 'float32 [1,2,4,1]
-1 -1 -1 -1 5 6 -1 -1'
}

@test "depth to space: features first (dcr) or places first (crd)" {
	one_layer depth_to_space '{"block_sizes": [2, 2], "depth_to_space_type": "dcr"}' 1,1,8
	input 1 0 1 2 3 4 5 6 7
	gives 'float32 [1,2,2,2]
0 1 2 3 4 5 6 7'
	one_layer depth_to_space '{"block_sizes": [2, 2], "depth_to_space_type": "crd"}' 1,1,8
	gives 'float32 [1,2,2,2]
0 4 1 5 2 6 3 7'
	one_layer depth_to_space '{"block_sizes": [1, 2], "depth_to_space_type": "dcr"}' 1,2,2
	input 1 0 1 2 3
	gives 'float32 [1,1,4,1]
0 1 2 3'
}

@test "space to depth is the way back; focus goes down its columns first" {
	one_layer space_to_depth '{"block_sizes": [2, 2], "space_to_depth_type": "classic_dcr"}' 2,2,2
	input 1 0 1 2 3 4 5 6 7
	gives 'float32 [1,1,1,8]
0 1 2 3 4 5 6 7'
	one_layer space_to_depth '{"block_sizes": [2, 2], "space_to_depth_type": "classic_crd"}' 2,2,2
	input 1 0 4 1 5 2 6 3 7
	gives 'float32 [1,1,1,8]
0 1 2 3 4 5 6 7'
	one_layer space_to_depth '{"block_sizes": [2, 2], "space_to_depth_type": "focus"}' 2,4,1
	input 1 0 1 2 3 4 5 6 7
	gives 'float32 [1,1,2,4]
0 4 1 5 2 6 3 7'
}

@test "space to depth of the undocumented type is refused" {
	one_layer space_to_depth '{"block_sizes": [2, 2], "space_to_depth_type": "serial"}' 2,2,1
	input 1 0
	run infer_one -o out.npy
	[ "$status" -eq 1 ]
	[[ $output == *"layer 't/l': space_to_depth of type 'serial'"* ]]
}

@test "a feature shuffle deals its groups out in turn" {
	one_layer feature_shuffle '{"hnt_groups": 2}' 1,1,6
	input 1 0 1 2 10 11 12
	gives 'float32 [1,1,1,6]
0 10 1 11 2 12'
}

@test "reshape keeps the order, transpose changes it" {
	one_layer format_conversion '{"conversion_type": "reshape", "hnt_reshape": [0, 3, 2]}' 2,1,3
	input 1 1 2 3 4 5 6
	gives 'float32 [1,3,2]
1 2 3 4 5 6'
	one_layer format_conversion '{"conversion_type": "transpose", "hnt_transpose": [0, 2, 1]}' 1,2,3
	input 1 1 2 3 4 5 6
	gives 'float32 [1,1,3,2]
1 4 2 5 3 6'
	one_layer format_conversion '{"conversion_type": "transpose", "hnt_transpose": [1, 2, 0]}' 2,1,3
	input 1 1 2 3 4 5 6
	gives 'float32 [1,1,3,2]
1 4 2 5 3 6'
}

@test "a splitter's parts are its ports" {
	cat > net.json <<- 'END'
		{"name": "t", "net_params": {"output_layers_order": ["t/s", "t/s"]}, "layers": {
		"t/input_layer1": {"type": "input_layer", "input": [], "output": ["t/s"],
		"input_shapes": [[-1, 1, 2, 3]], "output_shapes": [[-1, 1, 2, 3]]},
		"t/s": {"type": "feature_splitter", "input": ["t/input_layer1"],
		"output": ["t/output_layer1", "t/output_layer2"], "params": {"hnt_split_sizes": [1, 2]}},
		"t/output_layer1": {"type": "output_layer", "input": ["t/s"], "output": []},
		"t/output_layer2": {"type": "output_layer", "input": ["t/s"], "output": []}}}
	END
	arr npy in.npy float32 1,1,2,3 1 2 3 4 5 6
	hn-infer --in in.npy -o out.npz net.json
	run arr keys out.npz
	[ "$output" = 't/output_layer1 float32 [1,1,2,1]
t/output_layer2 float32 [1,1,2,2]' ]
	arr get out.npz t/output_layer2 two.npy
	run arr text two.npy
	[ "$output" = 'float32 [1,1,2,2]
2 3 5 6' ]
	hn-infer --in in.npy --layers s -o parts.npz net.json
	run arr keys parts.npz
	[ "$output" = 't/s float32 [1,1,2,1]
t/s.1 float32 [1,1,2,2]' ]
}
