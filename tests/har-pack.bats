# har-pack: pack, unpack, list and convert bundles.
load helper

setup() {
	scratch
	mkbundle net.har
}

@test "a bundle read and written again has the same bytes, from a file and from a pipe" {
	har-pack net.har -o a.har
	same_bytes a.har net.har
	har-pack -i net.har > b.har
	same_bytes b.har net.har
	har-pack < net.har | har-pack - > c.har
	same_bytes c.har net.har
}

@test "-h tells the options, wrong use ends with 2" {
	run -0 har-pack -h
	[ "${lines[0]}" = 'usage: har-pack [options] [FILE]' ]
	run -0 har-pack --version
	usage_error "har-pack: unknown option '--lst'" har-pack --lst net.har
	usage_error "har-pack: unknown option '--lis'" har-pack --lis net.har
	usage_error "har-pack: --add needs a value" har-pack --add
	usage_error "har-pack: only one of -t, --info, -x, -m and --auto-model-script-path can be used" \
		har-pack -t --info net.har
	usage_error "har-pack: only one of -z and --zstd can be used" har-pack -z --zstd net.har
	usage_error "har-pack: -z, --zstd and --compilation-only are for writing a bundle" har-pack -tz net.har
	usage_error "har-pack: --npz and --add go with --hn" har-pack --npz net.har
	usage_error "har-pack: --hn replaces the input: no input file and no -w go with it" \
		har-pack --hn net.hn net.har
	usage_error "har-pack: both -i and operand 'b' given" har-pack -i net.har b
	usage_error "har-pack: unexpected operand 'b'" har-pack net.har b
}

@test "-t lists the members in their fixed order, -v their sizes" {
	run -0 --separate-stderr har-pack -t net.har
	[ "$output" = $'net.metadata.json\nnet.hn\nnet.npz\nnet.alls\nnet.later.member' ]
	run -0 --separate-stderr har-pack -tv net.har
	[ "${lines[3]}" = '          53 net.alls' ]
}

@test "--info prints name, state and members" {
	run -0 --separate-stderr har-pack --info net.har
	[ "${lines[0]}" = 'Model Name:             net' ]
	[ "${lines[1]}" = 'State:                  Hailo Model' ]
	[ "${lines[2]}" = 'NMS Meta Architecture:  Yolov6' ]
	[[ ${lines[3]} == 'SDK Version:            hntools '* ]]
	[ "${lines[4]}" = 'HAR Files:' ]
	[ "${#lines[@]}" -eq 10 ]
}

@test "gzip and zstd are read by content and unpack to the same bundle" {
	har-pack -z net.har -o a.har
	har-pack --zstd net.har -o b.har
	gzip -t < a.har
	[ "$(head -c 4 b.har | od -An -tx1)" = ' 28 b5 2f fd' ]
	har-pack a.har -o a.plain
	har-pack b.har -o b.plain
	same_bytes a.plain net.har
	same_bytes b.plain net.har
	har-pack -z b.har | cmp - a.har
	cat a.har <(printf '' | gzip -n) > joined.har
	har-pack joined.har | cmp - net.har
}

@test "-x unpacks what tar unpacks, and --hn --npz --add pack it again" {
	har-pack -x out net.har
	mkdir tar && tar -C tar -xf net.har
	diff -r out tar
	har-pack --hn out/net.hn --npz out/net.npz --add out/net.alls --add out/net.later.member \
		--add out/net.metadata.json -o again.har
	same_bytes again.har net.har
	har-pack --hn out/net.hn > bare.har
	[ "$(har-pack -t bare.har)" = $'net.metadata.json\nnet.hn' ]
	# Into a folder that is there, over a file that is there.
	echo old > out/net.hn
	har-pack -x out net.har
	diff -r out tar
}

@test "-m writes one member, by its full or its short name" {
	har-pack -m net.alls net.har -o a
	[ "$(cat a)" = 'model_optimization_config(calibration, batch_size=8)' ]
	[ "$(har-pack -m later.member net.har)" = anything ]
	har-pack -m metadata.json net.har | jq -e '.later_key.a == 0.1 and .state == "hailo_model"'
	fails_with 1 "har-pack: no member 'nope' (there are: net.metadata.json, net.hn, net.npz, net.alls, net.later.member)" \
		har-pack -m nope net.har
}

@test "the automatic model script comes out of an allocated bundle only" {
	mkbundle q.har 24 compiled_model
	har-pack --auto-model-script-path auto.alls q.har
	[ "$(cat auto.alls)" = 'context0 = context([])' ]
	fails_with 1 'har-pack: no automatic model script in the bundle (run hn-alloc first)' \
		har-pack --auto-model-script-path a.alls net.har
}

@test "--compilation-only drops what compilation does not need" {
	mkbundle q.har 24 quantized_model
	har-pack --compilation-only q.har -o slim.har
	[ "$(har-pack -t slim.har)" = $'net.metadata.json\nnet.hn\nnet.q.npz\nnet.alls\nnet.auto.alls\nnet.later.member' ]
	[ "$(har-pack -m metadata.json slim.har | jq -r .state)" = quantized_slim_model ]
	mkbundle c.har 24 compiled_model
	[ "$(har-pack --compilation-only c.har | har-pack -m metadata.json | jq -r .state)" = compiled_slim_model ]
	fails_with 1 "har-pack: state is 'hailo_model', 'quantized_model' needed (run hn-quantize first)" \
		har-pack --compilation-only net.har
}

@test "a bundle reduced to what compilation needs compiles to the same bytes" {
	onnx2hn -q --save-original "$SHAPES/shapes.onnx" | hn-normalize -q -s "$SHAPES/shapes.alls" |
		hn-quantize -q -c "$SHAPES/calib.npy" -o q.har
	har-pack --compilation-only q.har -o slim.har
	run -1 grep -qE 'npz|native|fp\.hn|original' <(har-pack -t slim.har | grep -v '\.q\.npz$')
	for f in q slim; do
		hn-alloc -q $f.har -o $f.a.har
		hn2hef -q --har $f.c.har $f.a.har -o $f.hef
	done
	same_bytes slim.hef q.hef
	[ "$(har-pack -m metadata.json q.c.har | jq -r .state)" = compiled_model ]
	[ "$(har-pack -m metadata.json slim.c.har | jq -r .state)" = compiled_slim_model ]
}

@test "bare HN JSON is a bundle, with weights or without" {
	har-pack -x out net.har
	har-pack out/net.hn -o a.har
	[ "$(har-pack -t a.har)" = $'net.metadata.json\nnet.hn' ]
	har-pack -w out/net.npz out/net.hn -o b.har
	har-pack --hn out/net.hn --npz out/net.npz | cmp - b.har
	fails_with 1 'har-pack: a weights file goes only with bare HN JSON; this bundle has its own' \
		har-pack -w out/net.npz net.har
	echo '{"layers": {}}' > x.hn
	fails_with 1 "har-pack: x.hn: HN JSON: key 'name' must be a string" har-pack x.hn
	echo '{"name": "../x"}' > x.hn
	fails_with 1 "har-pack: x.hn: HN JSON: network name '../x' is not legal" har-pack x.hn
}

@test "an archive of another tar is read: ustar, GNU, pax, folders in front of names" {
	har-pack -x out net.har
	for format in v7 ustar gnu oldgnu posix; do
		tar -C out --format=$format -cf $format.har .
		har-pack $format.har | cmp - net.har
	done
	long=net.$(printf 'a%.0s' {1..150})
	cp out/net.alls "out/$long"
	for format in gnu posix; do
		tar -C out --format=$format -cf $format.har .
		[ "$(har-pack -t $format.har | tail -n 1)" = "$long" ] ||
			[ "$(har-pack -t $format.har | tail -n 2 | head -n 1)" = "$long" ]
		har-pack -m "$long" $format.har | cmp - out/net.alls
	done
	har-pack gnu.har | tar -tf - | grep -qx "$long"
}

@test "every truncation is an error and leaves nothing" {
	size=$(stat -c %s net.har)
	for n in 0 1 100 511 512 600 1024 1500 $((size - 1024)) $((size - 512)) $((size - 1)); do
		truncated net.har $n > t.har
		run -1 --separate-stderr har-pack t.har -o out.har
		[[ $stderr == 'har-pack: t.har: '*truncated* ]] || report "truncated expected at $n"
		[ ! -e out.har ]
	done
	har-pack -z net.har -o z.har
	har-pack --zstd net.har -o s.har
	for f in z s; do
		for n in 20 200 $(($(stat -c %s $f.har) - 1)); do
			truncated $f.har "$n" > t.har
			run -1 --separate-stderr har-pack t.har
			[[ $stderr == 'har-pack: t.har: truncated bundle ('*' data ends early)' ]] || report "$f $n"
		done
	done
	piped 'truncated net.har 700 | har-pack | har-pack'
	[ "$status" -ne 0 ]
	[ "$(printf '%s\n' "$stderr" | tail -n 1)" = 'har-pack: standard input: empty input (truncated bundle)' ]
}

@test "a flipped bit in a header or in compressed data is an error" {
	for n in 0 100 124 136 148 156 257 1024; do
		flipped net.har $n > f.har
		run -1 --separate-stderr har-pack f.har -o out.har
		[ ! -e out.har ]
	done
	har-pack -z net.har -o z.har
	har-pack --zstd net.har -o s.har
	for f in z s; do
		for n in 30 60 90 $(($(stat -c %s $f.har) - 2)); do
			flipped $f.har "$n" > f.har
			run -1 --separate-stderr har-pack f.har -o out.har
			[ ! -e out.har ]
		done
	done
}

@test "members that lead out of the bundle, links, folders and duplicates are refused" {
	har-pack -x out net.har
	ln -s /etc/passwd out/net.link
	tar -C out -cf link.har net.metadata.json net.link
	fails_with 1 "har-pack: link.har: member 'net.link' is not a regular file" har-pack link.har
	tar -cPf abs.har "$PWD/out/net.hn"
	fails_with 1 "har-pack: abs.har: member '$PWD/out/net.hn': absolute path" har-pack abs.har
	(cd out && tar -cPf ../up.har ../out/net.hn)
	fails_with 1 "har-pack: up.har: member '../out/net.hn': path leads out of the bundle" har-pack up.har
	tar -cf dir.har out/net.hn
	fails_with 1 "har-pack: dir.har: member 'out/net.hn': a bundle has no folders" har-pack dir.har
	tar -C out --hard-dereference -cf twice.har net.metadata.json net.hn net.hn
	fails_with 1 "har-pack: twice.har: member 'net.hn' is there twice" har-pack twice.har
	tar -C out -cf nometa.har net.hn
	fails_with 1 "har-pack: nometa.har: not a bundle: no member NETWORK.metadata.json" har-pack nometa.har
	cp out/net.metadata.json out/b.metadata.json
	tar -C out -cf two.har net.metadata.json b.metadata.json
	fails_with 1 "har-pack: two.har: two networks in one bundle: 'net.metadata.json' and 'b.metadata.json'" \
		har-pack two.har
	truncate -s 1M out/net.sparse
	for format in gnu posix; do
		tar -C out -S --format=$format -cf sparse.har net.metadata.json net.sparse
		run -1 --separate-stderr har-pack sparse.har
		[[ $stderr == *'sparse members are not supported (pack without tar -S)' ]] ||
			[[ $stderr == *"member 'net.sparse' is not a regular file" ]] || report "sparse $format"
	done
	rm out/net.sparse
	cat net.har net.har > cat.har
	fails_with 1 "har-pack: cat.har: data after the end of the bundle" har-pack cat.har
	head -c 2000 /dev/zero | tr '\0' x > junk.har
	fails_with 1 "har-pack: junk.har: not a bundle (tar, gzip, zstd or HN JSON expected)" har-pack junk.har
}

@test "unsound metadata are refused" {
	har-pack -x out net.har
	for text in '[]' '{"state": 3}' '{"state": "no_such"}' '{"state": "hailo_model", "hn": 1}' '{' \
		'{"state": "hailo_model", "state": "hailo_model"}'; do
		printf '%s' "$text" > out/net.metadata.json
		tar -C out -cf bad.har net.metadata.json net.hn
		run -1 --separate-stderr har-pack bad.har -o out.har
		[[ $stderr == 'har-pack: bad.har: net.metadata.json: '* ]] || report "$text"
		run -1 --separate-stderr har-pack --hn out/net.hn --add out/net.metadata.json -o out.har
		[ ! -e out.har ]
	done
}

@test "damaged weights are refused when they are packed" {
	har-pack -x out net.har
	truncated out/net.npz 300 > t.npz
	run -1 --separate-stderr har-pack --hn out/net.hn --npz t.npz -o a.har
	[[ $stderr == 'har-pack: t.npz: not a sound zip archive: '* ]]
	flipped out/net.npz 200 > f.npz
	run -1 --separate-stderr har-pack --hn out/net.hn --npz f.npz -o a.har
	[[ $stderr == 'har-pack: f.npz: damaged archive: '* ]]
	[ ! -e a.har ]
}

@test "missing, unreadable and unwritable files are named, nothing is left" {
	fails_with 1 'har-pack: no.har: No such file or directory' har-pack no.har
	fails_with 1 'har-pack: .: Is a directory' har-pack .
	fails_with 1 'har-pack: cannot write nodir/a.har: No such file or directory' har-pack net.har -o nodir/a.har
	fails_with 1 'har-pack: cannot write .: Is a directory' har-pack net.har -o .
	fails_with 1 'har-pack: cannot write /dev/full: No space left on device' har-pack net.har -o /dev/full
	fails_with 1 'har-pack: standard output is closed' bash -c 'har-pack net.har >&-'
	full_disk har-pack net.har
	full_disk har-pack -z net.har
	full_disk har-pack -t net.har
	full_disk har-pack -h
	echo x > file
	fails_with 1 'har-pack: cannot write file/net.metadata.json: Not a directory' har-pack -x file net.har
}

@test "an output file that fails half way leaves the old one" {
	mkbundle big.har 300000
	echo old > out.har
	run -1 --separate-stderr bash -c 'trap "" XFSZ; ulimit -f 100; har-pack big.har -o out.har'
	[ "$(cat out.har)" = old ]
	[ "$(find . -name '.out*')" = '' ]
	run -1 --separate-stderr bash -o pipefail -c 'cat big.har | (trap "" XFSZ; ulimit -f 100; har-pack -t)'
	[ "${stderr_lines[-1]}" = 'har-pack: standard input: cannot write temporary file: File too large' ]
	TMPDIR=/none run -1 --separate-stderr bash -c 'har-pack -t < <(cat net.har)'
	[ "$stderr" = 'har-pack: standard input: cannot make a temporary file in /none: No such file or directory' ]
	# Ended by a signal: the input never comes to its end.
	mkfifo pipe
	sleep 5 > pipe &
	writer=$!
	har-pack -o out.har < pipe &
	tool=$!
	sleep 0.3
	kill -TERM $tool
	run wait $tool
	kill $writer
	[ "$(cat out.har)" = old ]
	[ "$(find . -name '.out*')" = '' ]
}

@test "output over a symbolic link replaces its target, and keeps the mode" {
	echo old > target
	chmod 600 target
	ln -s target link
	har-pack net.har -o link
	[ -L link ]
	same_bytes target net.har
	[ "$(stat -c %a target)" = 600 ]
	har-pack net.har -o link -o /dev/null
	[ -c /dev/null ]
}

@test "a large model passes through with about one copy in memory" {
	case $O in *san*) skip "the sanitizers reserve more address space than any limit" ;; esac
	mkbundle big.har 15000000
	size=$(($(stat -c %s big.har) / 1024))
	# Room for one copy, mapped or not, and the program itself; two copies do not fit.
	limit=$((size * 3 / 2 + 40000))
	run -0 bash -c "ulimit -v $limit; har-pack big.har -o out.har"
	same_bytes out.har big.har
	run -0 bash -c "ulimit -v $limit; har-pack -x out big.har"
	run -0 bash -o pipefail -c "cat big.har | (ulimit -v $limit; exec har-pack -t)"
}
