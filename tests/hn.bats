# hn: the driver.
load helper

@test "parser, optimize and compiler lead from a model to a HEF under the product's file names" {
	cp "$SHAPES"/{shapes.onnx,shapes.alls,calib.npy} .
	run -0 --separate-stderr hn parser onnx shapes.onnx --hw-arch hailo8
	[ "${lines[-1]}" = '[info] Saved HAR to: shapes.har' ]
	run -0 --separate-stderr hn optimize shapes.har --calib-set-path calib.npy --model-script shapes.alls
	[ "${lines[-1]}" = '[info] Saved HAR to: shapes_optimized.har' ]
	run -0 --separate-stderr hn compiler shapes_optimized.har
	[ "${lines[-2]}" = '[info] Saved HAR to: ./shapes_compiled.har' ]
	[ "${lines[-1]}" = '[info] Saved HEF to: ./shapes.hef' ]
	[ -s shapes_fp_optimized.har ]
	[ -s shapes_allocated.har ]
	hef-run --check shapes.hef
}

@test "the driver writes the same bytes as the tools it runs" {
	cp "$SHAPES"/{shapes.onnx,shapes.alls,calib.npy} .
	hn parser onnx shapes.onnx
	hn optimize shapes.har --calib-set-path=calib.npy --model-script=shapes.alls
	hn compiler shapes_optimized.har --hw-arch hailo8
	onnx2hn shapes.onnx -o a.har
	hn-normalize -s shapes.alls a.har -o b.har
	hn-quantize -c calib.npy -s shapes.alls b.har -o c.har
	hn-alloc -a hailo8 c.har -o d.har
	hn2hef --har e.har d.har -o f.hef
	same_bytes a.har shapes.har
	same_bytes b.har shapes_fp_optimized.har
	same_bytes c.har shapes_optimized.har
	same_bytes e.har shapes_compiled.har
	same_bytes f.hef shapes.hef
}

@test "-h and --version answer, also after a command" {
	run -0 --separate-stderr hn -h
	[ "${lines[0]}" = 'usage: hn COMMAND [options] FILE' ]
	run -0 --separate-stderr hn optimize --help
	[ "${lines[0]}" = 'usage: hn COMMAND [options] FILE' ]
	run -0 --separate-stderr hn --version
	[[ $output =~ ^'hn (hntools) '[0-9.]+$ ]]
}

@test "wrong use is status 2: no command, an unknown one, an unknown or incomplete option" {
	usage_error 'hn: a command is needed' hn
	usage_error "hn: unknown command 'train'" hn train
	usage_error "hn: unknown command 'parser caffe' (parser onnx, parser tf, har info, har extract)" hn parser caffe
	usage_error "hn: 'hn compiler' has no option '--batch-size'" hn compiler x.har --batch-size 8
	usage_error "hn: 'hn parser onnx' has no option '--output-dir'" hn parser onnx --output-dir x m.onnx
	usage_error 'hn: --net-name needs a value' hn parser onnx m.onnx --net-name
	usage_error "hn: 'hn optimize' needs a file" hn optimize --use-random-calib-set
	usage_error "hn: unexpected operand 'b.har'" hn compiler a.har b.har
}

@test "optimize wants exactly one calibration set" {
	usage_error "hn: 'hn optimize' needs --calib-set-path or --use-random-calib-set" hn optimize a.har
	usage_error 'hn: --calib-set-path and --use-random-calib-set exclude each other' \
		hn optimize a.har --calib-set-path c.npy --use-random-calib-set
}

@test "visualizer writes the picture and its DOT text under the network's name" {
	onnx2hn -q --net-name shapes "$SHAPES/shapes.onnx" -o s.har
	run hn visualizer s.har --no-browser
	[ "$status" -eq 0 ]
	[ "$output" = '[info] Saved picture to: shapes.svg' ]
	hn-dot s.har | cmp - shapes.svg
	hn-dot --dot s.har | cmp - shapes.dot
}

@test "analyze-noise keeps the analysis in the bundle and prints the table" {
	onnx2hn -q "$SHAPES/shapes.onnx" -o s.har
	hn-normalize -q -s "$SHAPES/shapes.alls" s.har -o s.fp.har
	hn-quantize -q -c "$SHAPES/calib.npy" s.fp.har -o s.q.har
	cp s.q.har m.har
	run -0 --separate-stderr hn analyze-noise m.har --data-path "$SHAPES/test_x.npy" --data-count 4 --batch-size 2 --analyze-mode advanced
	[ "${lines[-1]}" = '[info] Saved HAR to: m.har' ]
	hn-noise -q -c "$SHAPES/test_x.npy" -n 4 -m advanced s.q.har > table
	diff <(sed '$d' <<< "$output") table
	har-pack -m noise.json m.har | grep -q '"analyze_mode": "advanced"'
	usage_error "hn: 'hn analyze-noise' needs --data-path" hn analyze-noise m.har
}

@test "a subcommand that is not there yet is refused by name" {
	fails_with 1 "hn: 'hn profiler' is not there yet" hn profiler a.har
}

@test "parser tf translates TensorFlow Lite and TensorFlow models, whatever their names" {
	printf '%s\n' 'input x 1,4,4,2' 'tensor y 1,4,4,2' 'tensor z 1,4,4,2' 'op RELU x y' 'op NEG y z' 'output z' | mktflite m.bin
	run -0 --separate-stderr hn parser tf m.bin --end-node-names y --har-path o.har -y
	[ "$output" = '[info] Saved HAR to: o.har' ]
	[[ $stderr == *"Restored TensorFlow Lite model m (2 operators)"* ]]
	tflite2hn -q m.bin --end-node-names y -o t.har
	same_bytes o.har t.har
	printf '%s\n' 'input x float32 1,4,4,2' 'var v float32 2 1 2' 'node y Add x,v' 'node z Neg y' 'output z' > text
	mksaved saved2 folder < text
	mksaved frozen frozen.bin < text
	mksaved checkpoint model.ckpt < text
	for f in folder folder/ frozen.bin model.ckpt model.ckpt.meta; do
		tf2hn -q "$f" --net-name n --end-node-names y -o t.har
		run -0 --separate-stderr hn parser tf "$f" --net-name n --end-node-names y --har-path o.har
		[ "$output" = '[info] Saved HAR to: o.har' ]
		same_bytes o.har t.har
	done
	run -0 --separate-stderr hn parser tf folder
	[ "$output" = '[info] Saved HAR to: folder.har' ]
	mkdir none
	fails_with 1 "tf2hn: none: no SavedModel: there is no saved_model.pb in this folder" hn parser tf none
	fails_with 1 "tf2hn: none.tflite: No such file or directory" hn parser tf none.tflite
}

@test "a failing stage ends the command with its own message and status, and writes nothing" {
	echo garbage > m.onnx
	unchanged run --separate-stderr hn parser onnx m.onnx
	[ "$status" -eq 1 ]
	[[ $stderr == "onnx2hn: m.onnx: "* ]]
	[ -z "$output" ]
	unchanged run --separate-stderr hn optimize m.onnx --use-random-calib-set
	[ "$status" -eq 1 ]
	[[ $stderr == "har-pack: m.onnx: "* ]]
	onnx2hn "$SHAPES/shapes.onnx" -o s.har
	unchanged run --separate-stderr hn compiler s.har
	[ "$status" -eq 1 ]
	[[ $stderr == "hn-alloc: "*"hn-quantize"* ]]
	fails_with 1 'hn: none: no such folder (--output-dir)' hn compiler s.har --output-dir none
}

@test "start and end nodes are lists, the network's name is an option" {
	hn parser onnx --net-name part --start-node-names /4/Conv --end-node-names /8/Conv /7/Add \
		--har-path p.har "$SHAPES/shapes.onnx"
	run -0 --separate-stderr har-pack -t p.har
	[[ $output == *part.hn* ]]
	onnx2hn --net-name part --start-node-names /4/Conv --end-node-names /8/Conv,/7/Add \
		"$SHAPES/shapes.onnx" -o q.har
	same_bytes p.har q.har
}

@test "tensor shapes are taken in each of the product's forms" {
	for form in '[1,1,32,32]' 'input=[1,1,32,32]' 'input:[1,1,32,32]'; do
		hn parser onnx "$SHAPES/shapes.onnx" --tensor-shapes "$form" --har-path a.har
		hn parser onnx "$SHAPES/shapes.onnx" --har-path b.har
		har-pack -m hn a.har > a.hn
		har-pack -m hn b.har > b.hn
		same_bytes a.hn b.hn
	done
}

@test "optimize stops before quantization, goes on from there, and can calibrate on random images" {
	hn parser onnx "$SHAPES/shapes.onnx"
	hn optimize shapes.har --full-precision-only --output-har-path fp.har
	run -0 --separate-stderr har-pack --info fp.har
	[[ $output == *'FP Optimized Model'* ]]
	hn optimize fp.har --use-random-calib-set --output-har-path a.har
	hn optimize shapes.har --use-random-calib-set --output-har-path b.har
	same_bytes a.har b.har
}

@test "har info prints name and state, har extract unpacks or writes the automatic script" {
	onnx2hn "$SHAPES/shapes.onnx" -o s.har
	run -0 --separate-stderr hn har info s.har
	[[ $output == *'Model Name:'*shapes* ]]
	[[ $output == *'State:'*'Hailo Model'* ]]
	hn har extract s.har
	[ -s shapes.hn ]
	[ -s shapes.npz ]
	fails_with 1 'har-pack: no automatic model script in the bundle (run hn-alloc first)' \
		hn har extract s.har --auto-model-script-path x
}
