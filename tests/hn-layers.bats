# hn-layers(7) says what the tables say.
load helper

@test "the support matrix in hn-layers(7) is that of the stage tables" {
	sed -e '1,/^\.\\" MATRIX$/d' -e '/^\.\\" MATRIX END$/,$d' "$ROOT/man/man7/hn-layers.7" > page
	layer-matrix > tables
	[ -s page ]
	run diff page tables
	[ "$status" -eq 0 ] || report "bring it up to date: make man-layers"
}

@test "hn(5) describes every key of a layer's params" {
	layer-matrix --keys | sort -u > keys
	[ "$(wc -l < keys)" -gt 40 ]
	missing=
	while read -r key; do
		grep -Eq "^\.(It )?Cm .*\b$key\b" "$ROOT/man/man5/hn.5" || missing+="$key "
	done < keys
	[ -z "$missing" ] || report "not in hn(5): $missing"
}
