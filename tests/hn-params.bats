# hn-params: statistics of weights.
load helper
load pair

# A kernel 2 x 2 x 1 x 2 and a bias: numbers that a person can check.
tiny() {
	cat > t.json <<- 'END'
		{"name": "t", "net_params": {}, "layers": {
		"t/input_layer1": {"type": "input_layer", "input": [], "input_shapes": [[-1, 4, 4, 1]]},
		"t/conv1": {"type": "conv", "input": ["t/input_layer1"], "params": {"kernel_shape": [2, 2, 1, 2], "strides": [1, 1, 1, 1], "padding": "SAME"}},
		"t/output_layer1": {"type": "output_layer", "input": ["t/conv1"]}}}
	END
	arr npy k.npy float32 2,2,1,2 1 10 -2 0 3 -40 0 20
	arr npy b.npy float32 2 0.5 -1.5
	arr npz w.npz t/conv1/kernel:0=k.npy t/conv1/bias:0=b.npy
}

@test "the statistics are those of the numbers, in float bundles of both states" {
	tiny
	hn-normalize -q -w w.npz t.json -o t.fp.har
	hn-params t.fp.har > p.csv
	# mean -8/8; squares 2114, variance 2114/8 - 1 = 263.25; features' largest 3 and 40
	cat > want <<- 'END'
		layer,type,array,shape,values,min,max,mean,std,zeros,feature_ratio,outlier
		t/conv1,conv,kernel,2x2x1x2,8,-40,20,-1,16.2249807,2,13.3333333,2
		t/conv1,conv,bias,2,2,-1.5,0.5,-0.5,1,0,,
	END
	sed 's/\(16\.22498\|13\.33333\)[0-9]*/\1/' want | diff - <(sed 's/\(16\.22498\|13\.33333\)[0-9]*/\1/' p.csv)
	mkhar t.json t.har
	hn-params t.har | head -n 1 | diff - <(head -n 1 want)
}

@test "a quantized bundle has bits and scales" {
	two
	echo 'quantization_param(conv1, precision_mode=a8_w4)' > s.alls
	hn-quantize -q -s s.alls -c in.npy n.fp.har -o q.har 2> log
	hn-params q.har > p.csv
	[ "$(wc -l < p.csv)" -eq 5 ]
	har-pack -m q.npz q.har > r.npz
	for l in conv1 conv2; do
		IFS=, read -r -a f < <(grep "^n/$l,conv,kernel," p.csv)
		[ "${#f[@]}" -eq 19 ]
		[ "${f[12]}" = "$(values r.npz n/$l/w_bits:0)" ]
		[ "${f[13]}" = 1 ]
		awk -v a="${f[14]}" -v b="$(values r.npz n/$l/w_scale:0)" 'BEGIN { exit !(a / b > 0.99999 && a / b < 1.00001) }'
		awk -v a="${f[17]}" -v b="$(values r.npz n/$l/out_scale:0)" 'BEGIN { exit !(a / b > 0.99999 && a / b < 1.00001) }'
		[ "${f[18]}" = "$(values r.npz n/$l/out_zp:0)" ]
	done
	[ "$(grep -c '^n/conv1,conv,kernel,.*,4,1,' p.csv)" -eq 1 ]
}

@test "batch norm's vectors have lines of their own" {
	onnx2hn -q "$SHAPES/shapes.onnx" --net-name shapes -o shapes.har
	hn-params shapes.har > p.csv
	har-pack -m npz shapes.har > w.npz
	[ "$(tail -n +2 p.csv | wc -l)" -eq "$(arr keys w.npz | wc -l)" ]
	hn params-csv shapes.har
	same_bytes p.csv shapes.csv
}
