# For files about tf2hn's reader: `load tffiles` behind `load helper`.
#
#   net                           the small net that every form of file holds: fc = x [1,6] * kernel + bias
#   saved KIND OUT [OPTION...]    mksaved with the net, or with TEXT when standard input is a here-document
#   gives MODEL [OPTION...]       tf2hn makes of MODEL what gives 161.5, 181.5 for x = 1 .. 6
#   refused MODEL MESSAGE         MODEL is, with this
# shellcheck shell=bash

# 161 = 1*1 + 2*3 + 3*5 + 4*7 + 5*9 + 6*11, 182 = 2 * (1 + 4 + 9 + 16 + 25 + 36).
net() {
	cat <<- 'END'
		input x float32 1,6
		var fc/kernel float32 6,2 step:1:1
		var fc/bias float32 2 0.5 -0.5
		node fc/MatMul MatMul x,fc/kernel T=t:float32 transpose_a=b:false transpose_b=b:false
		node fc/BiasAdd BiasAdd fc/MatMul,fc/bias T=t:float32 data_format=s:NHWC
		output fc/BiasAdd y
	END
}

saved() {
	rm -rf "$2"
	net | mksaved "$@"
}

gives() {
	local model=$1
	shift
	tf2hn -q "$model" --net-name n -o m.har "$@"
	arr npy in.npy float32 1,6 1 2 3 4 5 6
	hn-infer -q m.har --in in.npy -o out.npy
	arr npy want.npy float32 1,2 161.5 181.5
	npydiff want.npy out.npy 1e-6
}

refused() {
	fails_with 1 "tf2hn: $1: $2" tf2hn -q "$1"
}
