# hn-fix: script lines that raise the measured quality.
load helper
load pair

# SCRIPT: the ratio at the output of the model that it makes.
ratio() {
	hn-quantize -q -s "$1" -c in.npy n.fp.har -o m.har 2> err
	hn-noise -q -c in.npy m.har | awk '/^output/ { print $4 }'
}

@test "biases are corrected, 4-bit layers get 8 bits, then 16, as far as the target asks" {
	two
	printf 'quantization_param(conv%d, precision_mode=a8_w4)\n' 1 2 > w4.alls
	hn-fix -c in.npy -s w4.alls --target 40 n.fp.har -o f.alls --har f.har 2> log
	head -n 2 f.alls | diff - w4.alls
	tail -n +3 f.alls | sort > more
	{
		echo 'post_quantization_optimization(bias_correction, policy=enabled)'
		printf 'quantization_param(n/conv%d, precision_mode=a8_w8)\n' 1 2
	} | diff - more
	[ "$(grep -c '^hn-fix: kept ' log)" -eq 3 ]
	# the bundle is what the script makes, and as good as was said
	hn-quantize -q -s f.alls -c in.npy n.fp.har -o m.har 2> err
	same_bytes f.har m.har
	after=$(ratio f.alls)
	[ "$(grep '^hn-fix: kept ' log | tail -n 1 | awk '{ print $5 }')" = "$after" ]
	awk -v a="$(ratio w4.alls)" -v b="$after" 'BEGIN { exit !(b >= 40 && a < 40) }'
	hn-fix -q -c in.npy -s w4.alls n.fp.har -o g.alls
	[ "$(grep -c a16_w16 g.alls)" -eq 2 ]
}

@test "lines that bring too little are dropped; the number of tries is bounded" {
	two
	printf 'quantization_param(conv%d, precision_mode=a8_w4)\n' 1 2 > w4.alls
	hn-fix -c in.npy -s w4.alls --gain 60 n.fp.har -o f.alls 2> log
	same_bytes f.alls w4.alls
	[ "$(grep -c '^hn-fix: dropped ' log)" -eq 5 ]
	hn-fix -c in.npy -s w4.alls --tries 1 n.fp.har -o f.alls 2> log
	[ "$(wc -l < f.alls)" -eq 3 ]
	[ "$(grep -c '^hn-fix: \(kept\|dropped\) ' log)" -eq 1 ]
}

@test "a quantized bundle is quantized anew; the same script whatever the threads" {
	two
	hn-fix -q -j 1 -c in.npy q.har -o a.alls
	hn-fix -q -j 3 -c in.npy - < q.har > b.alls
	same_bytes a.alls b.alls
	grep -q a16_w16 a.alls
}

@test "with labels a line stays when more of them are found" {
	onnx2hn -q "$SHAPES/shapes.onnx" --net-name shapes -o shapes.har
	hn-normalize -q -s "$SHAPES/shapes.alls" shapes.har -o shapes.fp.har
	{
		cat "$SHAPES/shapes.alls"
		echo 'quantization_param({conv*}, precision_mode=a8_w4)'
	} > w4.alls
	hn-fix -c "$SHAPES/calib.npy" --data "$SHAPES/test_x.npy" -n 100 --labels "$SHAPES/test_y.npy" -s w4.alls --tries 4 \
		shapes.fp.har -o f.alls --har f.har 2> log
	# what it says is what hn-infer finds, and every line that stays finds more
	last=$(grep '^hn-fix: kept ' log | tail -n 1 | awk '{ print $5 }')
	[ -n "$last" ]
	hn-infer -q -c quantized --in "$SHAPES/test_x.npy" --data-count 100 --labels "$SHAPES/test_y.npy" f.har > top
	grep -F "($last/100)" top
	awk '/^hn-fix: kept / { if ($5 <= $3) bad = 1 } /^hn-fix: dropped [0-9]/ { if ($5 > $3) bad = 1 } END { exit bad }' log
}

@test "wrong use is refused before anything is read" {
	usage_error 'hn-fix: no calibration set: -c PATH' hn-fix missing.har
	usage_error 'hn-fix: --labels needs --data PATH, the images that they are of' hn-fix -c x --labels y missing.har
	usage_error "hn-fix: --analyze-mode must be simple or advanced, not 'x'" hn-fix -c x -m x missing.har
	usage_error 'hn-fix: the script and the bundle cannot both go to the standard output' hn-fix -c x --har - missing.har
}
