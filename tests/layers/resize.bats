# resize in float: values worked out by hand from the coordinate rules.
load one

# resize METHOD MODE IN_W OUT_W EXTRA
resize() {
	one_layer resize "{\"method\": \"$1\", \"resize_bilinear_pixels_mode\": \"$2\", \"hnt_size\": [1, $4]$5}" "1,$3,1"
}

@test "nearest repeats pixels; the coordinate mode and the rounding choose which" {
	resize nearest_neighbor disabled 2 4
	input 1 1 2
	gives 'float32 [1,1,4,1]
1 1 2 2'
	# sources -0.25 0.25 0.75 1.25
	resize nearest_neighbor half_pixels 2 4 ', "hnt_nearest_rounding": "round_prefer_floor"'
	gives 'float32 [1,1,4,1]
1 1 2 2'
	resize nearest_neighbor half_pixels 2 4 ', "hnt_nearest_rounding": "ceil"'
	gives 'float32 [1,1,4,1]
1 2 2 2'
	# sources 0 1/2 1 3/2 2
	resize nearest_neighbor align_corners 3 5 ', "hnt_nearest_rounding": "round_prefer_floor"'
	input 1 1 2 3
	gives 'float32 [1,1,5,1]
1 1 2 2 3'
	resize nearest_neighbor align_corners 3 5 ', "hnt_nearest_rounding": "round_prefer_ceil"'
	gives 'float32 [1,1,5,1]
1 2 2 3 3'
}

@test "bilinear weighs two neighbours; beyond the border the last one stays" {
	resize bilinear half_pixels 2 4
	input 1 0 4
	gives 'float32 [1,1,4,1]
0 1 3 4'
	resize bilinear align_corners 2 5
	gives 'float32 [1,1,5,1]
0 1 2 3 4'
	resize bilinear disabled 2 4
	gives 'float32 [1,1,4,1]
0 2 4 4'
	resize bilinear half_pixels 4 2
	input 1 0 2 6 8
	gives 'float32 [1,1,2,1]
1 7'
}

@test "both axes and all features are resized" {
	one_layer resize '{"method": "bilinear", "resize_bilinear_pixels_mode": "align_corners", "hnt_size": [3, 3]}' 2,2,2
	input 1 0 0 4 10 8 20 12 30
	gives 'float32 [1,3,3,2]
0 0 2 5 4 10 4 10 6 15 8 20 8 20 10 25 12 30'
}
