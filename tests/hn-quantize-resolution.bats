# resolution_reduction of hn-quantize: observed at a smaller input, quantized at the full one.
load helper

# A network for pictures of $1 x $1: conv 3x3, pool, upsampling, conv, mean over the picture, conv.
net() {
	cat <<- END | mkonnx m.onnx
		input x 1,2,$1,$1
		init w 3,2,3,3 0.5 -0.25 0.125 1 -1 0.75 -0.5
		init v 2,3,1,1 1 -1 0.5 0.25 -0.75 1
		init u 2,2,1,1 1 -0.5 0.25 1
		init scales 4 1 1 2 2
		node Conv conv x,w y pads=1,1,1,1
		node Relu relu y z
		node MaxPool pool z p kernel_shape=2,2 strides=2,2
		node Resize up p,-,scales r mode=s:nearest coordinate_transformation_mode=s:asymmetric nearest_mode=s:floor
		node Conv conv2 r,v s
		node GlobalAveragePool mean s t
		node Conv conv3 t,u out
		output out
	END
	onnx2hn -q m.onnx --net-name n -o "n$1.har"
	hn-normalize -q "n$1.har" -o "n$1.fp.har"
}

# stats FILE: minimum and maximum of every layer
stats() {
	for l in input_layer1 conv1 maxpool1 resize1 conv2 fc1; do
		for m in min max; do
			arr get "$1" "n/$l/stats_$m:0" v.npy || return
			arr text v.npy
		done
	done
}

# $1 pixels of noise, 0 .. 255
noise() {
	awk -v n="$1" 'BEGIN { s = 7; for (i = 0; i < n; i++) { s = (s * 1103515245 + 12345) % 2147483648; print int(s / 8388608) } }'
}

reduce() {
	echo "pre_quantization_optimization(resolution_reduction, $1)" > s.alls
}

@test "images of the reduced size are observed as by a network of that size" {
	net 16
	net 8
	# shellcheck disable=SC2046 # words are values
	arr npy x8.npy float32 16,8,8,2 $(noise 2048)
	reduce 'shape=[8, 8], interpolation=disabled'
	hn-stat -q -s s.alls -c x8.npy n16.fp.har -o a.npz
	hn-stat -q -c x8.npy n8.fp.har -o b.npz
	[[ $(arr keys a.npz) == *n/resize1/stats_max* ]]
	stats a.npz > a.txt
	stats b.npz > b.txt
	diff a.txt b.txt
	# The model has its full size; its weights have the encodings of the small one.
	hn-quantize -q -s s.alls -c x8.npy n16.fp.har -o q16.har
	hn-quantize -q -c x8.npy n8.fp.har -o q8.har
	har-pack -m hn q16.har | jq -e '.layers["n/conv1"].output_shapes == [[-1, 16, 16, 3]]'
	har-pack -m q.npz q16.har > a.npz
	har-pack -m q.npz q8.har > b.npz
	for k in conv1/kernel conv1/out_scale conv1/w_scale conv2/kernel fc1/out_scale; do
		arr get a.npz "n/$k:0" a.npy
		arr get b.npz "n/$k:0" b.npy
		same_bytes a.npy b.npy
	done
	# shellcheck disable=SC2046 # words are values
	arr npy x16.npy float32 2,16,16,2 $(noise 1024)
	hn-infer -q -c native --in x16.npy q16.har -o f.npy
	hn-infer -q -c bit_exact --in x16.npy q16.har -o y.npy
	npydiff f.npy y.npy 0.05
	# Without the command such images are refused.
	run -1 hn-stat -q -c x8.npy n16.fp.har -o x.npz
}

@test "images of the full size are scaled down bilinearly" {
	net 16
	net 8
	# Each picture one value: scaling leaves it.
	one() { for i in 3 250 40; do yes "$i" | head -n "$1"; done; }
	# shellcheck disable=SC2046 # words are values
	arr npy x16.npy float32 3,16,16,2 $(one 512)
	# shellcheck disable=SC2046 # words are values
	arr npy x8.npy float32 3,8,8,2 $(one 128)
	reduce 'shape=[8, 8]'
	hn-stat -q -s s.alls -c x16.npy n16.fp.har -o a.npz
	hn-stat -q -c x8.npy n8.fp.har -o b.npz
	stats a.npz > a.txt
	stats b.npz > b.txt
	diff a.txt b.txt
	# A ramp of columns 0 .. 15 in both features: (3 * 0 + 3 * 1 + 2) / 7 first, by the weights 1 3 3 1.
	# shellcheck disable=SC2046 # words are values
	arr npy x16.npy float32 1,16,16,2 $(for i in $(seq 16); do seq 0 15 | sed p; done)
	hn-stat -q -s s.alls -c x16.npy n16.fp.har -o a.npz
	arr get a.npz n/input_layer1/stats_min:0 v.npy
	[ "$(arr text v.npy | tail -n +2 | tr ' ' '\n' | sort -u)" = 0.714286 ]
	arr get a.npz n/input_layer1/stats_max:0 v.npy
	[ "$(arr text v.npy | tail -n +2 | tr ' ' '\n' | sort -u)" = 14.2857 ]
	# By layer it is the same.
	reduce 'layers=input_layer1, shape=[8, 8]'
	hn-stat -q -s s.alls -c x16.npy n16.fp.har -o b.npz
	same_bytes a.npz b.npz
	hn-quantize -q -s s.alls -c x16.npy n16.fp.har -o a.har
	hn-quantize -q -s s.alls --stats b.npz n16.fp.har -o b.har
	same_bytes a.har b.har
}

@test "inputs that meet the reduced one are reduced in proportion" {
	cat <<- END | mkonnx m.onnx
		input x 1,1,16,16
		input z 1,1,16,16
		node Add add x,z out
		output out
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o m.fp.har
	arr npy a.npy float32 2,4,8,1 1 2 3
	arr npy b.npy float32 2,16,16,1 5
	arr npz ab.npz input_layer1=a.npy input_layer2=b.npy
	reduce 'layers=input_layer1, shape=[4, 8], interpolation=disabled'
	hn-stat -q -s s.alls -c ab.npz m.fp.har -o s.npz
	arr get s.npz n/ew_add1/stats_max:0 v.npy
	[ "$(arr text v.npy | tail -n +2)" = 8 ]
}

@test "what a smaller picture does not serve is refused by name" {
	net 16
	arr npy x.npy float32 1,16,16,2 1
	try() {
		reduce "$1"
		fails_with 1 "hn-stat: $2" hn-stat -q -s s.alls -c x.npy n16.fp.har -o x.npz
	}
	try 'shape=[32, 16]' "resolution_reduction: input layer 'n/input_layer1' is [-1,16,16,2], [32, 16] is not smaller"
	try 'layers=conv1, shape=[8, 8]' "s.alls:1:60: pre_quantization_optimization: layer 'n/conv1' is no input layer"
	cat <<- END | mkonnx m.onnx
		input x 1,2,16,16
		init w 4,512 1 -1 0.5
		node Flatten flat x y axis=1
		node Gemm gemm y,w out transB=1
		output out
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o n16.fp.har
	reduce 'shape=[8, 8]'
	run -1 --separate-stderr hn-stat -q -s s.alls -c x.npy n16.fp.har -o x.npz
	[[ $stderr == "hn-stat: resolution_reduction: "* ]] || report "reason"
	cat <<- END | mkonnx m.onnx
		input x 1,2,16,16
		init w 1,2,5,5 1
		node Conv conv x,w y
		output y
	END
	onnx2hn -q m.onnx --net-name n -o m.har
	hn-normalize -q m.har -o n16.fp.har
	reduce 'shape=[4, 4]'
	run -1 --separate-stderr hn-stat -q -s s.alls -c x.npy n16.fp.har -o x.npz
	[[ $stderr == "hn-stat: resolution_reduction: the network does not work at this size (a multiple of its strides may do): "*conv1* ]] || report "reason"
}
