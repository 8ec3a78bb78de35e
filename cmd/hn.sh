#!/bin/sh
# hn: the driver.  Subcommands and flags of the product's command line; each stage is one of our
# tools, run on files, so that a failing stage stops here with its own message and status.
set -eu

case $0 in
*/*) PATH=${0%/*}:$PATH ;; # the other tools beside this one come first
esac

# One table feeds the parser and -h: command|flag|values (0, 1, +)|variable|their name|help.
flags="parser|--net-name|1|net_name|NAME|network's name (default: the file's stem)
parser|--har-path|1|out_har|FILE|where to write (default: NET.har)
parser|--hw-arch|1|arch|ARCH|target, for optimize and compiler too
parser|--start-node-names|+|start_nodes|N...|first nodes of the part to translate
parser|--end-node-names|+|end_nodes|N...|last nodes of the part to translate
parser|--tensor-shapes|+|shapes|S...|input shapes: [1,3,64,64] or NAME=[1,3,64,64]
parser|--input-format|+|formats|F...|input formats: NAME=BCHW
parser|--augmented-path|1|augmented|FILE|write the model with every tensor as an output
parser|--parsing-report-path|1|report|FILE|write a report
parser|--compare|0|compare||compare the translation of an ONNX model with it, layer by layer
parser|-y|0|yes||on failure, parse again with the recommended nodes
parser|--disable-onnx-simplifier|0|ignored||accepted: there is no simplifier here
parser|--disable-rt-metadata-extraction|0|ignored||accepted: none is extracted
optimize|--hw-arch|1|arch|ARCH|target
optimize|--calib-set-path|1|calib|PATH|calibration set: .npy, .npz or folder
optimize|--use-random-calib-set|0|random||calibrate on random images
optimize|--model-script|1|script|FILE|model script
optimize|--output-har-path|1|out_har|FILE|where to write (default: NET_optimized.har)
optimize|--full-precision-only|0|fp_only||stop before quantization
optimize|--compilation-only-har|0|slim||leave out what only emulation needs
optimize|--work-dir|1|work_dir|DIR|scratch folder of long algorithms
compiler|--hw-arch|1|arch|ARCH|target
compiler|--output-dir|1|out_dir|DIR|folder of the results (default: the current one)
compiler|--output-har-path|1|out_har|FILE|compiled bundle (default: NET_compiled.har)
compiler|--model-script|1|script|FILE|model script
compiler|--auto-model-script|1|auto_script|FILE|write the automatic model script
analyze-noise|--data-path|1|calib|PATH|images: .npy, .npz or folder
analyze-noise|--batch-size|1|batch|N|images per step (default: 1)
analyze-noise|--data-count|1|count|N|only the first N images
analyze-noise|--analyze-mode|1|mode|MODE|simple or advanced (default: simple)
params-csv
visualizer|--no-browser|0|no_browser||write the picture, do not show it
har info
har extract|--auto-model-script-path|1|auto_script|FILE|write the automatic script, unpack nothing"

help() {
	echo 'usage: hn COMMAND [options] FILE'
	echo "Runs the stages with the subcommands and flags of the product's command line."
	echo "$flags" | awk -F '|' '
		$1 != command { command = $1; printf "\nhn %s %s\n", $1, $1 == "parser" ? "onnx|tf MODEL" : "HAR" }
		NF > 1 { left = sprintf("%s%s%s", $2 ~ /^--/ ? "      " : "  ", $2, $5 ? " " $5 : "")
			printf "%-38s  %s\n", left, $6 }'
	printf '\n%-38s  %s\n%-38s  %s\n' '  -h, --help' 'print this help' '      --version' 'print the version'
}

fail() {
	printf 'hn: %s\n' "$*" >&2
	exit 1
}

misuse() {
	printf "hn: %s\nTry 'hn -h'.\n" "$*" >&2
	exit 2
}

command=${1-}
[ $# -eq 0 ] || shift
case $command in
-h | --help)
	help
	exit 0
	;;
--version)
	echo 'hn (hntools) @VERSION@'
	exit 0
	;;
parser | har)
	command="$command ${1-}"
	[ $# -eq 0 ] || shift
	case $command in
	'parser onnx' | 'parser tf' | 'har info' | 'har extract') ;;
	*) misuse "unknown command '$command' (parser onnx, parser tf, har info, har extract)" ;;
	esac
	;;
optimize | compiler | visualizer | analyze-noise | params-csv) ;;
profiler | join | har-onnx-rt | dfc-studio | tb | tutorial)
	fail "'hn $command' is not there yet"
	;;
'') misuse "a command is needed" ;;
*) misuse "unknown command '$command'" ;;
esac

rows=$command
case $command in parser*) rows=parser ;; esac
net_name='' out_har='' start_nodes='' end_nodes='' shapes='' formats='' augmented='' report='' yes='' compare=''
arch='' calib='' random='' script='' fp_only='' slim='' work_dir='' out_dir='' auto_script='' no_browser='' batch='' count='' mode='' file=''
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help)
		help
		exit 0
		;;
	--*=*)
		flag=${1%%=*} value=${1#*=}
		shift
		set -- "$flag" "$value" "$@"
		;;
	-?*) ;;
	*)
		[ -z "$file" ] || misuse "unexpected operand '$1'"
		file=$1
		shift
		continue
		;;
	esac
	flag=$1
	shift
	row=$(printf '%s' "$flags" | grep -F -e "$rows|$flag|") || misuse "'hn $command' has no option '$flag'"
	row=${row#"$rows|$flag|"}
	values=${row%%|*} row=${row#*|}
	name=${row%%|*}
	if [ "$values" = 0 ]; then
		eval "$name=1"
		continue
	fi
	[ $# -gt 0 ] || misuse "$flag needs a value"
	eval "$name=\$1"
	shift
	# A list of values goes on up to the next flag.
	while [ "$values" = + ] && [ $# -gt 0 ] && case $1 in -*) false ;; esac do
		eval "$name=\"\$$name \$1\""
		shift
	done
done
[ -n "$file" ] || misuse "'hn $command' needs a file"
case $command,$fp_only,$calib,$random in
optimize,,,) misuse "'hn optimize' needs --calib-set-path or --use-random-calib-set" ;;
optimize,*,?*,1) misuse "--calib-set-path and --use-random-calib-set exclude each other" ;;
analyze-noise,,,*) misuse "'hn analyze-noise' needs --data-path" ;;
esac

commas() { # "a b c" becomes "a,b,c"
	printf '%s' "$1" | tr -s ' ' ','
}

field() { # of har-pack --info
	printf '%s\n' "$about" | sed -n "s/^$1: *//p"
}

saved() {
	printf '[info] Saved %s to: %s\n' "$1" "$2"
}

[ "$rows" = parser ] || about=$(har-pack --info "$file")
[ "$rows" = parser ] || net=$(field 'Model Name')

case $command in
parser*)
	translate=onnx2hn
	if [ "$command" = 'parser tf' ]; then
		# A TensorFlow Lite file says so in its bytes 5 to 8; tf2hn tells the other forms apart.
		translate=tf2hn id=''
		[ ! -f "$file" ] || id=$(dd if="$file" bs=1 skip=4 count=4 2> /dev/null | tr -d '\0')
		[ "$id" != TFL3 ] || translate=tflite2hn
	fi
	net=${net_name:-$(basename "$file" | sed 's/\.[^.]*$//; s/[^A-Za-z0-9_.-]/_/g; s/^\./_/')}
	out_har=${out_har:-$net.har}
	set -- --net-name "$net" ${arch:+--hw-arch "$arch"} ${yes:+-y} ${augmented:+--augmented-path "$augmented"} \
		${report:+--report "$report"} ${start_nodes:+--start-node-names "$(commas "$start_nodes")"} \
		${end_nodes:+--end-node-names "$(commas "$end_nodes")"}
	for s in $shapes; do # [1,3,64,64], NAME=[...], NAME:[...]
		set -- "$@" --net-input-shapes "$(printf '%s' "$s" | sed 's/:\[/=[/; s/[][]//g')"
	done
	for f in $formats; do
		set -- "$@" --net-input-format "$f"
	done
	[ -z "$compare" ] || [ "$translate" = onnx2hn ] || fail '--compare executes ONNX models only'
	"$translate" "$@" -o "$out_har" "$file"
	saved HAR "$out_har"
	[ -z "$compare" ] || hn-compare "$file" "$out_har"
	;;
optimize)
	out_har=${out_har:-${net}_optimized.har}
	fp_har=$(dirname "$out_har")/${net}_fp_optimized.har
	[ -z "$fp_only" ] || fp_har=$out_har
	case $(field State) in
	'FP Optimized Model')
		[ -z "$fp_only" ] || fail "$file: is full-precision optimized already"
		fp_har=$file
		;;
	*) hn-normalize ${script:+-s "$script"} -o "$fp_har" "$file" ;;
	esac
	if [ -z "$fp_only" ]; then
		hn-quantize ${arch:+--hw-arch "$arch"} ${calib:+-c "$calib"} ${random:+--random-calib} \
			${script:+-s "$script"} ${work_dir:+--work-dir "$work_dir"} -o "$out_har" "$fp_har"
		[ -z "$slim" ] || har-pack --compilation-only -o "$out_har" "$out_har"
	fi
	saved HAR "$out_har"
	;;
compiler)
	out_dir=${out_dir:-.}
	[ -d "$out_dir" ] || fail "$out_dir: no such folder (--output-dir)"
	out_har=${out_har:-$out_dir/${net}_compiled.har}
	hn-alloc ${arch:+-a "$arch"} ${script:+-s "$script"} -o "$out_dir/${net}_allocated.har" "$file"
	hn2hef --har "$out_har" -o "$out_dir/$net.hef" "$out_dir/${net}_allocated.har"
	[ -z "$auto_script" ] || har-pack --auto-model-script-path "$auto_script" "$out_har"
	saved HAR "$out_har"
	saved HEF "$out_dir/$net.hef"
	;;
visualizer)
	hn-dot --dot -o "$net.dot" "$file"
	hn-dot -o "$net.svg" "$file"
	saved picture "$net.svg"
	if [ -z "$no_browser" ] && [ -n "${DISPLAY-}${WAYLAND_DISPLAY-}" ] && command -v xdg-open > /dev/null; then
		xdg-open "$net.svg"
	fi
	;;
analyze-noise) # kept in the bundle, as the product does
	hn-noise -c "$calib" ${batch:+-b "$batch"} ${count:+-n "$count"} ${mode:+-m "$mode"} --har "$file" "$file"
	saved HAR "$file"
	;;
params-csv)
	hn-params -o "$net.csv" "$file"
	saved CSV "$net.csv"
	;;
'har info') printf '%s\n' "$about" ;;
'har extract')
	if [ -n "$auto_script" ]; then
		har-pack --auto-model-script-path "$auto_script" "$file"
	else
		har-pack -x . "$file"
	fi
	;;
esac
