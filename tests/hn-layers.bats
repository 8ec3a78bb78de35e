# hn-layers(7) says what the tables say.
load helper

@test "the support matrix in hn-layers(7) is that of the stage tables" {
	sed -e '1,/^\.\\" MATRIX$/d' -e '/^\.\\" MATRIX END$/,$d' "$ROOT/man/man7/hn-layers.7" > page
	layer-matrix > tables
	[ -s page ]
	run diff page tables
	[ "$status" -eq 0 ] || report "bring it up to date: make man-layers"
}
