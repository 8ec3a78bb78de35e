# make install and uninstall.
load helper

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	# PREFIX differs from the one that was built in: the tools find their files beside themselves.
	make -s -C "$ROOT" O="$O" PREFIX=/opt/hn DESTDIR="$PWD/root" install
}

setup() {
	cd "$BATS_FILE_TMPDIR" || return
}

@test "every tool is installed with its page, and the shared files" {
	for f in "$ROOT"/cmd/*; do
		tool=${f##*/}
		tool=${tool%.*}
		[ -x "root/opt/hn/bin/$tool" ]
		[ -f "root/opt/hn/share/man/man1/$tool.1" ]
	done
	[ -f root/opt/hn/share/man/man5/har.5 ]
	[ -f root/opt/hn/share/man/man7/hn-numerics.7 ]
	[ -f root/opt/hn/share/hntools/hn.mk ]
	[ -f root/opt/hn/share/hntools/targets/hailo8.json ]
}

@test "an installed tool works without the source tree and finds the targets" {
	cd "$BATS_TEST_TMPDIR"
	share=$BATS_FILE_TMPDIR/root/opt/hn/share/hntools
	export PATH=$BATS_FILE_TMPDIR/root/opt/hn/bin:/usr/bin:/bin
	onnx2hn "$share/models/shapes/shapes.onnx" -o a.har
	hn-normalize -s "$share/models/shapes/shapes.alls" a.har -o b.har
	hn-quantize -c "$share/models/shapes/calib.npy" b.har -o c.har
	hn-alloc -q -a hailo8l c.har -o d.har
	hn2hef d.har -o e.hef
	hef-run --check e.hef
}

@test "uninstall leaves no file behind" {
	make -s -C "$ROOT" O="$O" PREFIX=/opt/hn DESTDIR="$PWD/root" uninstall
	[ -z "$(find root -type f)" ]
}
