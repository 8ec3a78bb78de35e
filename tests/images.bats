# Folders of PNG and JPEG images, where arrays are read: calibration, inference, simulation.
load helper

setup_file() {
	export STAGES=$BATS_FILE_TMPDIR
	cd "$STAGES" || return
	onnx2hn -q "$SHAPES/shapes.onnx" -o s.har
	hn-normalize -q -s "$SHAPES/shapes.alls" s.har -o fp.har
	# The same four images that are in cases/images/gray.
	head -c 128 "$SHAPES/test_x.npy" | sed 's/(600, 32, 32, 1), }  /(4, 32, 32, 1), }    /' > four.npy
	tail -c +129 "$SHAPES/test_x.npy" | head -c 4096 >> four.npy
	hn-quantize -q -c four.npy fp.har -o q.har
}

setup() {
	scratch
	IMAGES=$ROOT/tests/cases/images
}

@test "a folder of images calibrates as the array of its images does" {
	hn-quantize -q -c "$IMAGES/gray" "$STAGES/fp.har" -o q.har
	same_bytes q.har "$STAGES/q.har"
	head -c 128 "$STAGES/four.npy" | sed 's/(4, 32/(2, 32/' > two.npy
	tail -c +129 "$STAGES/four.npy" | head -c 2048 >> two.npy
	hn-quantize -q -c two.npy "$STAGES/fp.har" -o a.har
	hn-quantize -q -n 2 -c "$IMAGES/gray" "$STAGES/fp.har" -o b.har
	same_bytes a.har b.har
}

@test "a folder of images is inferred as the array of its images is, a single image too" {
	hn-infer -c bit_exact --raw --in "$STAGES/four.npy" -o a.npy "$STAGES/q.har"
	hn-infer -c bit_exact --raw --in "$IMAGES/gray" -o b.npy "$STAGES/q.har"
	same_bytes a.npy b.npy
	hn-infer -c native --in "$STAGES/four.npy" --data-count 1 -o a.npy "$STAGES/q.har"
	hn-infer -c native --in input_layer1="$IMAGES/gray/0.png" -o b.npy "$STAGES/q.har"
	same_bytes a.npy b.npy
}

@test "the simulator reads images too" {
	hn-alloc -q -a hailo8 "$STAGES/q.har" | hn2hef -q > s.hef
	hef-run -q --raw --in "$STAGES/four.npy" -o a.npy s.hef
	hef-run -q --raw --in "$IMAGES/gray" -o b.npy s.hef
	same_bytes a.npy b.npy
}

@test "what is no image of the network's size is refused, with the file's name and both sizes" {
	cp -r "$IMAGES/gray" folder
	cp "$IMAGES/large.png" folder/z.png
	fails_with 1 "hn-quantize: calibration set 'folder': folder/z.png: image is 40 pixels high and 40 wide, the network's input 32 and 32" \
		hn-quantize -c folder "$STAGES/fp.har" -o x.har
	fails_with 1 "hn-infer: folder/z.png: image is 40 pixels high and 40 wide, the network's input 32 and 32" \
		hn-infer -c native --in folder -o x.npy "$STAGES/q.har"
	head -c 300 "$IMAGES/gray/0.png" > folder/z.png
	run -1 --separate-stderr hn-infer -c native --in folder -o x.npy "$STAGES/q.har"
	[[ $stderr == 'hn-infer: folder/z.png: damaged PNG: '* ]] || report "damage expected"
	head -c 200 "$IMAGES/gray.jpg" > folder/z.png
	run -1 --separate-stderr hn-infer -c native --in folder -o x.npy "$STAGES/q.har"
	[[ $stderr == 'hn-infer: folder/z.png: damaged JPEG: '* ]] || report "damage expected"
	echo text > folder/z.png
	fails_with 1 "hn-infer: folder/z.png: neither PNG nor JPEG" \
		hn-infer -c native --in folder -o x.npy "$STAGES/q.har"
	[ ! -e x.npy ]
	[ ! -e x.har ]
}

@test "folders without images, and with images and arrays, are refused" {
	mkdir folder
	fails_with 1 "hn-infer: folder: the folder holds no .png or .jpg image" \
		hn-infer -c native --in folder -o x.npy "$STAGES/q.har"
	cp "$IMAGES/gray/0.png" "$STAGES/four.npy" folder
	fails_with 1 "hn-quantize: calibration set 'folder': the folder holds both images and arrays" \
		hn-quantize -c folder "$STAGES/fp.har" -o x.har
}

@test "images of other sizes are scaled and cut, where that is asked for" {
	mkdir folder
	cp "$IMAGES/large.png" folder
	hn-quantize -q -c folder --resize 32x32 "$STAGES/fp.har" -o a.har
	hn-quantize -q -c folder --resize 32 "$STAGES/fp.har" -o b.har
	same_bytes a.har b.har
	hn-quantize -q -c folder --crop "$STAGES/fp.har" -o c.har
	hn-stat -q -c folder --crop "$STAGES/fp.har" -o c.npz
	hn-quantize -q --stats c.npz "$STAGES/fp.har" -o d.har
	same_bytes c.har d.har
	# An image of the right size passes through both as it is.
	hn-quantize -q -c "$IMAGES/gray" --resize 32 --crop "$STAGES/fp.har" -o q.har
	same_bytes q.har "$STAGES/q.har"
	fails_with 1 "hn-quantize: calibration set 'folder': folder/large.png: image is 36 pixels high and 36 wide after scaling, the network's input 32 and 32 (cut its middle: --crop)" \
		hn-quantize -q -c folder --resize 36 "$STAGES/fp.har" -o x.har
	fails_with 1 "hn-quantize: calibration set 'folder': folder/large.png: image is 20 pixels high and 20 wide, too small to cut the network's input 32 and 32 from (scale it up: --resize)" \
		hn-quantize -q -c folder --resize 20 --crop "$STAGES/fp.har" -o x.har
	usage_error "hn-quantize: --resize: size 'big' is not an integer" \
		hn-quantize -c folder --resize big "$STAGES/fp.har"
}
