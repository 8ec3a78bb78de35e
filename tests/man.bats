# Man pages: options agree with -h, examples between `.\" TEST` and `.\" END` do what they show.
#
# In an example a line that starts with "$ " is a command (run by bash, pipefail), what follows up to
# the next is what it prints; without such lines only its status counts.  The scratch folder holds the
# shipped model: shapes.onnx, shapes.alls, calib.npy, test_x.npy, test_y.npy, and each stage's result
# under two names: shapes.har, shapes.fp.har, shapes.q.har, shapes.a.har, shapes.hef.
load helper

setup_file() {
	stages=$BATS_FILE_TMPDIR/stages
	mkdir "$stages"
	cd "$stages" || return
	cp "$SHAPES"/* .
	onnx2hn shapes.onnx -o shapes.har
	hn-normalize -s shapes.alls shapes.har -o shapes.fp.har
	hn-quantize -c calib.npy shapes.fp.har -o shapes.q.har
	hn-alloc -a hailo8 shapes.q.har -o shapes.a.har > /dev/null
	hn2hef shapes.a.har -o shapes.hef
}

# One file per example: NAME.N.sh with the command, NAME.N.out with what it prints.
cut_examples() {
	awk -v base="$2" '
		/^\.\\" TEST/ { on = 1; next }
		/^\.\\" END/ { on = 0; next }
		!on || /^\./ { next }
		{
			gsub(/\\e/, "\\"); gsub(/\\-/, "-"); gsub(/\\&/, ""); gsub(/\\\(aq/, "\047"); gsub(/\\\(dq/, "\"")
		}
		/^\$ / { n++; print substr($0, 3) > (base "." n ".sh"); next }
		n { print > (base "." n ".out") }' "$1"
}

@test "every tool has a man page with an entry for each option of -h, and no other" {
	bad=
	for f in "$ROOT"/cmd/*; do
		tool=${f##*/}
		tool=${tool%.*}
		page=$ROOT/man/man1/$tool.1
		[ -f "$page" ] || {
			bad+="no $page"$'\n'
			continue
		}
		"$ROOT/scripts/tool-options" --names "$tool" > help
		"$ROOT/scripts/tool-options" --page "$page" > page
		bad+=$(comm -23 help page | sed "s/^/$tool: not in the page: /"; echo)
		bad+=$(comm -13 help page | sed "s/^/$tool: not in -h: /"; echo)
	done
	echo "$bad"
	[ -z "$bad" ]
}

@test "every page is found clean by mandoc and has its sections" {
	bad=
	for f in "$ROOT"/man/man?/*; do
		bad+=$(mandoc -T lint -W warning "$f" 2>&1 | grep -vE 'referenced manual not found|outdated mandoc.db' || true)
		case $f in
		*.1)
			for s in NAME SYNOPSIS DESCRIPTION "EXIT STATUS" EXAMPLES; do
				grep -qx "\.Sh $s" "$f" || bad+="$f: no section $s"$'\n'
			done
			;;
		esac
	done
	echo "$bad"
	[ -z "$bad" ]
}

@test "every example marked as a test does what the page shows" {
	mkdir cut
	for f in "$ROOT"/man/man?/*; do
		cut_examples "$f" "cut/${f##*/}"
	done
	bad=0
	for f in cut/*.sh; do
		[ -e "$f" ]
		page=${f#cut/}
		page=${page%.*.sh}
		# Examples of a page share a folder: one may use what the one before it made.
		if [ ! -d "$page" ]; then
			cp -R "$BATS_FILE_TMPDIR/stages" "$page"
		fi
		rc=0
		(cd "$page" && bash -o pipefail -c "$(cat "../$f")") > out 2> err || rc=$?
		if [ $rc -ne 0 ] || { [ -e "${f%.sh}.out" ] && ! diff "${f%.sh}.out" out; }; then
			echo "$page: status $rc from: $(cat "$f")"
			cat err
			bad=1
		fi
	done
	[ $bad -eq 0 ]
}

# fields PAGE SECTION: words that it marks as fields, one a line
fields() {
	awk -v s="$2" '/^\.S[hs] / { on = $0 ~ "^.S[hs] " s "$" } on && /^\.(It |Pq )?Cm /' "$ROOT/man/$1" |
		grep -oE '[a-z][a-z0-9_]+' | sort -u
}

# keys FILE...: of all objects in them
keys() {
	cat "$@" | jq -r '.. | objects | keys[]' | sort -u
}

@test "each field of the allocation, of --report and of --timing is in its page, and no other" {
	cp "$BATS_FILE_TMPDIR"/stages/shapes.q.har .
	cat > several.alls <<- 'END'
		context_switch_param(mode=enabled)
		performance_param(fps=1000000)
		m = merge(conv6, conv7)
		r = shortcut(conv2, conv4)
		compilation_param(conv3, mixed_mem=enabled, compress_l3_weights=True)
	END
	: > one.alls
	for s in one several; do
		hn-alloc -q -s $s.alls shapes.q.har -o $s.har --report $s.report 2> log
		har-pack -m alloc.json $s.har > $s.alloc
		hn2hef -q $s.har | hef-run -q --timing $s.times -
	done
	jq -e '.contexts == 1' one.report
	jq -e '.contexts > 1 and any(.layers[]; .merged) and any(.layers[]; .kind) and .fps_wanted' several.report
	fields man5/har.5 ALLOCATION > a.page
	fields man1/hn-alloc.1 Report | sort -u - a.page > r.page
	fields man1/hef-run.1 Times > t.page
	unknown=$(comm -23 <(keys ./*.alloc) a.page)
	[ -z "$unknown" ] || report "not in the page: $unknown"
	unknown=$(comm -23 <(keys ./*.report) r.page)
	[ -z "$unknown" ] || report "not in the page: $unknown"
	unknown=$(comm -23 <(keys ./*.times) t.page)
	[ -z "$unknown" ] || report "not in the page: $unknown"
	# Those that these runs have not: there is code that writes them.
	while read -r word; do
		grep -qF "\"$word\"" "$ROOT"/lib/alloc/*.c "$ROOT"/lib/sim/time_report.c "$ROOT/cmd/hn-alloc.c" "$ROOT/cmd/hef-run.c" ||
			[ "$word" = hnt_script ] || report "no field $word"
	done < <(sort -u r.page t.page)
}
