# What holds for each tool alike: input, output, misuse, damage.  Each tool's own tests say the rest.
load helper

# Tools that read one file and write one, with the options that make them do their job on
# $STAGES/<input>.
jobs='
onnx2hn|shapes.onnx|-q --net-name shapes
tflite2hn|small.tflite|-q --net-name small
tf2hn|small.pb|-q --net-name small
hn-normalize|shapes.har|-q -s @/shapes.alls
hn-quantize|shapes.fp.har|-q -c @/calib.npy
hn-stat|shapes.fp.har|-q -c @/calib.npy
hn-alloc|shapes.q.har|-q -a hailo8
hn2hef|shapes.a.har|-q
har-pack|shapes.q.har|-q -z
hn-compare|shapes.onnx|-q
hn-infer|shapes.q.har|-q -c bit_exact --raw --in @/four.npy
hn-dot|shapes.fp.har|-q
hn-noise|shapes.q.har|-q -c @/four.npy
hn-params|shapes.q.har|-q
hn-fix|shapes.fp.har|-q -c @/four.npy --tries 1
translate-dataset|rgb.npy|-q -t nv12
hef-run|shapes.hef|-q --raw --in @/four.npy
'
# Tools that read text in which nothing, and a part, may be right: their own tests have the errors.
texts='
alls-check|shapes.alls|-q
'

setup_file() {
	export STAGES=$BATS_FILE_TMPDIR
	cd "$STAGES" || return
	cp "$SHAPES"/* .
	onnx2hn shapes.onnx --net-name shapes -o shapes.har
	printf '%s\n' 'input x 1,8,8,3' 'init k 4,3,3,3 f32 1 -2 3 0.5' 'tensor y 1,8,8,4' 'tensor z 1,8,8,4' \
		'op CONV_2D x,k y stride_w=1 stride_h=1' 'op RELU y z' 'output z' | mktflite small.tflite
	printf '%s\n' 'input x f32 1,8,8,3' 'const k f32 3,3,3,4 ~1:0.5' \
		'node Conv2D y x,k strides=l:1,1,1,1 padding=s:SAME' 'node Relu z y' | mktf small.pb
	hn-normalize -s shapes.alls shapes.har -o shapes.fp.har
	hn-quantize -c calib.npy shapes.fp.har -o shapes.q.har
	hn-alloc -q -a hailo8 shapes.q.har -o shapes.a.har
	hn2hef shapes.a.har -o shapes.hef
	# The first four of the 600 images: the header says so.
	head -c 128 test_x.npy | sed 's/(600, 32, 32, 1), }  /(4, 32, 32, 1), }    /' > four.npy
	tail -c +129 test_x.npy | head -c 4096 >> four.npy
	[ "$(stat -c %s four.npy)" -eq 4224 ]
	arr npy rgb.npy uint8 4,16,16,3 12 200 7 99 180 255 0 31
}

# each COMMAND: calls it with tool, input file, and the tool's arguments, for every tool of $LIST
# (default: $jobs).
each() {
	local tool input args seen=0 list=${LIST-$jobs}
	while IFS='|' read -r tool input args <&3; do
		[ -n "$tool" ] || continue
		echo "with $tool" # bats shows it when the test fails
		# shellcheck disable=SC2086 # a list of arguments
		"$@" "$tool" "$STAGES/$input" ${args//@/$STAGES}
		seen=$((seen + 1))
	done 3<<< "$list"
	[ $seen -eq "$(grep -c . <<< "$list")" ]
}

# The last run failed with status 1, one line that names the tool, nothing on stdout.
one_line() {
	[ "$status" -eq 1 ] || report "$1: status 1 expected" || return
	[ "${#stderr_lines[@]}" -eq 1 ] || report "$1: one line expected on stderr" || return
	[[ $stderr == "$1: "* ]] || report "$1: its name expected on stderr" || return
	[ -z "$output" ] || report "$1: nothing expected on stdout" || return
}

@test "every tool in cmd is tried here" {
	for f in "$ROOT"/cmd/*.c; do
		tool=${f##*/}
		[[ $jobs$texts == *"
${tool%.c}|"* ]] || {
			echo "${tool%.c} is not in the list of tests/every-tool.bats"
			return 1
		}
	done
}

from_stdin() {
	local tool=$1 input=$2
	shift 2
	"$tool" "$@" -o a "$input"
	"$tool" "$@" -o b < "$input"
	same_bytes a b
	"$tool" "$@" - < "$input" > c
	same_bytes a c
	"$tool" "$@" -i "$input" > d
	same_bytes a d
	rm a b c d
}

@test "standard input, an operand and -i are read alike, -o and standard output written alike" {
	LIST=$jobs$texts each from_stdin
}

twice() {
	local tool=$1 input=$2
	shift 2
	"$tool" "$@" -j 1 -o a "$input"
	"$tool" "$@" -j 1 -o b "$input"
	"$tool" "$@" -j 2 -o c "$input"
	"$tool" "$@" -j 4 -o d "$input"
	same_bytes a b
	same_bytes a c
	same_bytes a d
	rm a b c d
}

@test "the same input gives the same bytes, run twice and with any number of threads" {
	LIST=$jobs$texts each twice
}

empty() {
	local tool=$1
	shift 2
	unchanged run --separate-stderr "$tool" "$@" -o out < /dev/null
	one_line "$tool"
	: > nothing
	unchanged run --separate-stderr "$tool" "$@" -o out nothing
	one_line "$tool"
	rm nothing
}

@test "empty input is an error, from standard input and from a file" {
	each empty
}

unreadable() {
	local tool=$1
	shift 2
	unchanged run --separate-stderr "$tool" "$@" -o out none
	one_line "$tool"
	[[ $stderr == *none*"No such file or directory" ]] || report "$tool: reason expected" || return
	mkdir -p folder
	unchanged run --separate-stderr "$tool" "$@" -o out folder
	one_line "$tool"
	[[ $stderr == *folder* ]] || report "$tool: file's name expected" || return
}

@test "a missing input and a folder as input are refused by name" {
	each unreadable
}

cut_short() {
	local tool=$1 input=$2 n size
	shift 2
	size=$(stat -c %s "$input")
	for n in 1 7 100 511 512 513 1536 $((size / 3)) $((size / 2)) $((size - 1025)) $((size - 1)); do
		[ "$n" -lt "$size" ] || continue
		truncated "$input" "$n" > cut
		unchanged run --separate-stderr "$tool" "$@" -o out cut
		one_line "$tool" || report "cut after $n of $size bytes" || return
	done
	rm cut
}

@test "truncated input is an error wherever it is cut" {
	each cut_short
}

bits() {
	local tool=$1 input=$2 size at
	shift 2
	size=$(stat -c %s "$input")
	for i in 1 2 3 5 8 13 21 34 55 89 144 233 377 610 987; do
		at=$((i * 7919 % size))
		flipped "$input" "$at" > flip
		run --separate-stderr "$tool" "$@" -o out flip
		# The change may be in a weight, which is a model like any other.
		[ "$status" -le 1 ] || report "$tool: status 0 or 1 expected with byte $at flipped" || return
		if [ "$status" -eq 1 ]; then
			one_line "$tool"
			[ ! -e out ] || report "$tool: output left" || return
		fi
		rm -f out
	done
	rm flip
}

@test "a flipped bit anywhere is an error or another model, never a crash" {
	each bits
}

@test "a flipped bit of a HEF is always noticed" {
	local size
	size=$(stat -c %s "$STAGES/shapes.hef")
	for i in 0 3 4 8 11 15 20 30 39 40 100 1000 5000 $((size / 2)) $((size - 2)) $((size - 1)); do
		flipped "$STAGES/shapes.hef" "$i" > flip
		run --separate-stderr hef-run --check flip
		one_line hef-run || report "byte $i flipped" || return
	done
}

unwritable() {
	local tool=$1 input=$2
	shift 2
	unchanged run --separate-stderr "$tool" "$@" -o none/out "$input"
	one_line "$tool"
	[[ $stderr == *"none/out"*"No such file or directory"* ]] || report "$tool: name and reason expected" || return
	mkdir -p folder
	unchanged run --separate-stderr "$tool" "$@" -o folder "$input"
	one_line "$tool"
	[[ $stderr == *folder* ]] || report "$tool: name expected" || return
}

@test "an output that cannot be written is refused by name" {
	each unwritable
}

disk_full() {
	local tool=$1 input=$2
	shift 2
	full_disk "$tool" "$@" "$input"
	full_disk "$tool" -h
	full_disk "$tool" --version
}

@test "a full disk is noticed on standard output" {
	each disk_full
}

terminal() {
	local tool=$1 input=$2 rc=0
	[ "$tool" != hn-dot ] || return 0 # writes text
	shift 2
	case $tool in hn-compare | hn-noise | hn-params | hn-fix) return 0 ;; esac # their output is text
	script -qec "$tool $* $input" /dev/null < /dev/null > typed || rc=$?
	[ $rc -eq 1 ] && grep -aq "^$tool: .*terminal" typed || {
		head -c 300 typed
		echo "$tool: status $rc"
		return 1
	}
}

@test "binary output to a terminal is refused" {
	each terminal
}

misuse() {
	local tool=$1 input=$2
	shift 2
	usage_error "$tool: unknown option '--no-such-option'" "$tool" --no-such-option
	usage_error "$tool: -o needs a value" "$tool" "$@" -o
	# hn-compare takes two operands.
	case $tool in
	hn-compare)
		usage_error "$tool: unexpected operand 'c'" "$tool" "$@" a b c
		usage_error "$tool: -i and two operands given" "$tool" "$@" -i a b c
		;;
	*)
		usage_error "$tool: unexpected operand 'b'" "$tool" "$@" a b
		usage_error "$tool: both -i and operand 'b' given" "$tool" "$@" -i a b
		;;
	esac
	run --separate-stderr "$tool" -j 0 "$input"
	[ "$status" -eq 2 ] || report "$tool -j 0: status 2 expected" || return
	run --separate-stderr "$tool" -j many "$input"
	[ "$status" -eq 2 ] || report "$tool -j many: status 2 expected" || return
}

@test "wrong use is status 2 with a hint, and touches nothing" {
	each misuse
}

helpful() {
	run -0 --separate-stderr "$1" -h
	[[ ${lines[0]} == "usage: $1 "* ]]
	[ -z "$stderr" ]
	run -0 --separate-stderr "$1" --version
	[[ $output =~ ^"$1 (hntools) "[0-9.]+$ ]]
}

@test "-h prints help on standard output, --version the version" {
	each helpful
}

@test "a failure at the head of a pipe fails at its end, with plain sh" {
	run --separate-stderr sh -c "echo garbage | onnx2hn --net-name x | hn-normalize | hn-quantize --random-calib | hn-alloc | hn2hef > m.hef"
	[ "$status" -eq 1 ]
	[[ ${stderr_lines[0]} == "onnx2hn: "* ]] || [[ $stderr == *"onnx2hn: "* ]]
	[ ! -s m.hef ]
}

@test "the five stages work as one pipe and give the bytes they give with files" {
	piped "onnx2hn --net-name shapes < $STAGES/shapes.onnx | hn-normalize -s $STAGES/shapes.alls |
		hn-quantize -c $STAGES/calib.npy | hn-alloc -q -a hailo8 | hn2hef > piped.hef"
	[ "$status" -eq 0 ] || report "the pipe failed" || return
	same_bytes "$STAGES/shapes.hef" piped.hef
}

@test "a tool that is handed the wrong state says which tool must run first" {
	for c in "hn-quantize -c $STAGES/calib.npy|shapes.har|hn-normalize" "hn-alloc|shapes.fp.har|hn-quantize" \
		"hn2hef|shapes.q.har|hn-alloc"; do
		IFS='|' read -r command input before <<< "$c"
		# shellcheck disable=SC2086 # a list of words
		unchanged run --separate-stderr $command -o out "$STAGES/$input"
		one_line "${command%% *}"
		[[ $stderr == *"$before"* ]] || report "'$before' expected in the message" || return
	done
}
