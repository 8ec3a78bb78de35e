# share/hn.mk and the example beside it.
load helper

setup() {
	scratch
	cp "$ROOT/share/examples/zoo/Makefile" .
}

zoo() {
	make --no-print-directory HNTOOLS="$ROOT/share" "$@"
}

@test "two models build in parallel, each stage's bundle is kept" {
	zoo -j2 > log
	for m in shapes half; do
		for stage in har fp.har q.har a.har hef; do
			[ -s $m.$stage ]
		done
		hef-run --check $m.hef
	done
	run -0 --separate-stderr zoo -j2 -q
}

@test "a TensorFlow Lite model is a source, too" {
	printf '%s\n' 'input x 1,4,4,2' 'tensor y 1,4,4,2' 'op RELU x y' 'output y' | mktflite lite.tflite
	zoo lite.har lite_TFLITE='--hw-arch hailo8l' > log
	[ "$(har-pack -m metadata.json lite.har | jq -r .hw_arch)" = hailo8l ]
}

@test "TensorFlow models are a source, too: frozen graphs and folders of SavedModels" {
	printf '%s\n' 'input x f32 1,4,4,2' 'node Relu y x' | mktf frozen.pb
	printf '%s\n' 'input x float32 1,4,4,2' 'node y Relu x' 'output y' | mksaved saved2 folder
	zoo frozen.har folder.har frozen_TF='--hw-arch hailo8l' > log
	[ "$(har-pack -m metadata.json frozen.har | jq -r .hw_arch)" = hailo8l ]
	har-pack -m folder.hn folder.har | jq -e '[.layers[].type] | index("activation")'
}

@test "a calibration set in parts is observed by a job each, and gives the same model" {
	zoo shapes.q.har > log
	mv shapes.q.har whole.har
	part() { # FROM N: a part of the set
		head -c 128 "$SHAPES/calib.npy" | sed "s/(64, 32, 32, 1), }/($2, 32, 32, 1), }/"
		tail -c +$((129 + $1 * 1024)) "$SHAPES/calib.npy" | head -c $(($2 * 1024))
	}
	mkdir parts
	part 0 10 > parts/one.npy
	part 10 54 > parts/two.npy
	zoo -j2 shapes_PARTS='parts/two.npy parts/one.npy' shapes.q.har > log
	[ "$(grep -c hn-stat log)" -eq 2 ]
	same_bytes whole.har shapes.q.har
	touch parts/one.npy
	zoo shapes_PARTS='parts/two.npy parts/one.npy' shapes.q.har > log
	[ "$(grep -c hn-stat log)" -eq 1 ]
}

@test "a second build, one job at a time, gives the same bytes" {
	zoo -j2 > log
	mkdir first
	mv ./*.har ./*.hef first
	zoo -j1 > log
	for f in first/*; do
		same_bytes "$f" "${f#first/}"
	done
}

@test "a changed script rebuilds from its stage on, and no earlier" {
	cp "$SHAPES/shapes.alls" mine.alls
	zoo shapes_ALLS=mine.alls shapes.hef > log
	touch mine.alls
	zoo shapes_ALLS=mine.alls shapes.hef > log
	run ! grep -q '^onnx2hn' log
	grep -q '^hn-normalize' log
	grep -q '^hn2hef' log
}

@test "a model that cannot be translated stops make and leaves no file of its stage" {
	echo garbage > bad.onnx
	run --separate-stderr zoo bad.hef
	[ "$status" -eq 2 ]
	[[ $stderr == *"onnx2hn: bad.onnx: "* ]]
	run ! ls bad.har bad.hef
}
