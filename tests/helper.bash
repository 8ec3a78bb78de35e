# Common ground of every .bats file: `load helper` (or `load ../helper` from tests/layers).
#
#   $ROOT the repository, $BIN the built tools (first in PATH), $GEN built tests/gen, $SHAPES the
#   model we ship.  Each test starts in its own empty scratch folder.
#
#   fails_with STATUS MESSAGE COMMAND...  fails so, with exactly this on stderr, and leaves nothing
#   usage_error MESSAGE COMMAND...        status 2, MESSAGE first, then the hint to -h
#   same_bytes A B                        two files are equal and not empty
#   unchanged COMMAND...                  runs COMMAND, no file here may appear, vanish or change
#   piped 'a | b'                         `run` of a pipeline whose status is the first failure's
#   truncated FILE N                      the first N bytes of FILE on stdout
#   flipped FILE OFFSET                   FILE with one bit of the byte at OFFSET turned, on stdout
#   full_disk COMMAND...                  COMMAND with stdout on /dev/full must exit 1 and say so
#   help_options TOOL                     the long options that TOOL -h prints, one a line
# shellcheck disable=SC2154 # status, output, stderr are set by run
bats_require_minimum_version 1.5.0

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${O:=build} in
/*) BUILD=$O ;;
*) BUILD=$ROOT/$O ;;
esac
BIN=$BUILD/bin
GEN=$BUILD/tests/gen
SHAPES=$ROOT/share/models/shapes
FIXTURES=${FIXTURES:-$ROOT/../shared/fixtures}
PATH=$BIN:$GEN:$PATH
LC_ALL=C
export ROOT BUILD BIN GEN SHAPES FIXTURES PATH LC_ALL O
unset LOGLEVEL MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES OMP_NUM_THREADS

# A file that needs more overrides setup and calls scratch first.
scratch() {
	mkdir -p "$BATS_TEST_TMPDIR/here" && cd "$BATS_TEST_TMPDIR/here" || return
}

setup() {
	scratch
}

# Every file below the current folder with a checksum.
listing() {
	find . -mindepth 1 ! -type f -printf '%y %p\n' -o -type f -exec cksum {} + | sort
}

unchanged() {
	local before after
	before=$(listing)
	"$@"
	after=$(listing)
	[ "$before" = "$after" ] || {
		echo "files changed by: $*"
		diff <(echo "$before") <(echo "$after")
		return 1
	}
}

# What was wrong with the last `run`, for the log that bats shows of a failing test.  `|| return` behind
# it everywhere: a check must also fail where bash ignores set -e, left of || and in conditions.
report() {
	printf '%s\n' "$1" "status: $status" "stdout: ${output:0:2000}" "stderr: ${stderr:0:2000}"
	return 1
}

fails_with() {
	local expect=$1 message=$2
	shift 2
	unchanged run --separate-stderr "$@" || return
	[ "$status" -eq "$expect" ] || report "status $expect expected from: $*" || return
	[ "$stderr" = "$message" ] || report "stderr expected: $message" || return
	[ -z "$output" ] || report "nothing expected on stdout" || return
}

usage_error() {
	local message=$1
	shift
	unchanged run --separate-stderr "$@" || return
	[ "$status" -eq 2 ] || report "status 2 expected from: $*" || return
	[ "${stderr_lines[0]}" = "$message" ] || report "stderr expected: $message" || return
	[[ ${stderr_lines[1]-} == "Try '"*" -h'"* ]] || report "hint to -h expected" || return
	[ -z "$output" ] || report "nothing expected on stdout" || return
}

same_bytes() {
	[ -s "$1" ] || {
		echo "$1 is empty or missing"
		return 1
	}
	cmp "$1" "$2"
}

piped() {
	run --separate-stderr bash -o pipefail -c "$1"
}

truncated() {
	head -c "$2" "$1"
}

flipped() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	head -c "$2" "$1"
	# shellcheck disable=SC2059 # the octal escape is the format
	printf "\\$(printf %o $((byte ^ 1)))"
	tail -c "+$(($2 + 2))" "$1"
}

full_disk() {
	unchanged run --separate-stderr bash -c 'exec "$@" > /dev/full' - "$@" || return
	[ "$status" -eq 1 ] || report "status 1 expected from: $* > /dev/full" || return
	[[ $stderr == *"No space left on device"* ]] || report "reason expected on stderr" || return
}

help_options() {
	"$1" -h | grep -oE '^ +(-[A-Za-z0-9], *)?--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+' | sort -u
}

# shapes.har, shapes.fp.har, shapes.q.har: the shipped model as it is read, normalized, quantized.
quantized_shapes() {
	onnx2hn -q "$SHAPES/shapes.onnx" -o shapes.har
	hn-normalize -q -s "$SHAPES/shapes.alls" shapes.har -o shapes.fp.har
	hn-quantize -q -c "$SHAPES/calib.npy" shapes.fp.har -o shapes.q.har
}

# For mkonnx: four convolutions, what the first one makes added to what the last one does.
chain() {
	cat <<- 'END'
		input x 1,16,32,32
		init w1 64,16,3,3 .3 -.2 .1 .25 -.15 .05 -.3
		init w2 64,64,3,3 .1 -.2 .05
		init w3 64,64,1,1 .2 .1 -.1
		init w4 64,64,3,3 .05 -.1 .02
		node Conv c1 x,w1 a kernel_shape=3,3 pads=1,1,1,1
		node Conv c2 a,w2 b kernel_shape=3,3 pads=1,1,1,1
		node Conv c3 b,w3 c kernel_shape=1,1
		node Conv c4 c,w4 d kernel_shape=3,3 pads=1,1,1,1
		node Add add d,a y
		output y
	END
}

# q.har, x.npy, m.onnx: a network of one input and two outputs, of 6 and 4 rows, and images for it.
two_outputs() {
	cat <<- 'END' | mkonnx m.onnx
		input x 1,3,12,8
		init w1 8,3,3,3 .3 -.2 .1 .25 -.15 .05 -.3
		init w2 8,8,3,3 .1 -.1 .2 .05 -.15
		init w3 4,8,1,1 .2 -.1
		node Conv c1 x,w1 a kernel_shape=3,3 pads=1,1,1,1
		node Conv c2 a,w2 b kernel_shape=3,3 strides=2,2 pads=1,1,1,1
		node Conv c3 b,w3 y kernel_shape=1,1
		node MaxPool p a z kernel_shape=3,2 strides=3,2
		output y
		output z
	END
	# shellcheck disable=SC2046 # numbers
	arr npy x.npy uint8 10,12,8,3 $(seq 0 2879 | awk '{ printf "%d ", ($1 * 7919) % 256 }')
	onnx2hn -q m.onnx | hn-normalize -q | hn-quantize -q -c x.npy -o q.har 2> log
}
