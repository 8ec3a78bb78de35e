# shellcheck shell=sh disable=SC2154 # dir, table, level and m are set by who reads this
# Functions of scripts/accuracy: a model's data, its quantized variants, and what they get right.
# They work in the current folder on model $m of the fixtures in $dir.

# The data of a model: test and training images as .npy, and the script that normalizes them.
prepare() {
	case $1 in
	*_c10*) set=cifar10 ;;
	*mnist*) set=mnist ;;
	*) set=$1 ;;
	esac
	for part in test_x train_x; do
		[ -e "${set}_$part.npy" ] && continue
		if [ -e "$dir/data/${set}_$part.npy" ]; then
			ln -s "$dir/data/${set}_$part.npy" .
		else
			gunzip -c "$dir/data/${set}_$part.npy.gz" > "${set}_$part.npy"
		fi
	done
	labels=$dir/data/${set}_test_y.npy
	boxes=$dir/data/${set}_test_boxes.npy
	if [ -e "$boxes" ] && [ "$table" != stages ]; then
		digits_config "$1" ''
		return
	fi
	if [ "$set" = cifar10 ]; then
		echo 'input_normalization = normalization([125.307, 122.961, 113.8575], [51.5865, 50.847, 51.255])'
	else
		echo 'input_normalization = normalization([0.0], [255.0])'
	fi > "$1.alls"
}

# The model $m, ready to be quantized.
translate() {
	prepare "$m"
	onnx=
	for f in "$dir/models/$m/$m".opset1[1-7].bn.onnx; do onnx=$f; done
	onnx2hn -q --net-name "$m" "$onnx" -o "$m.har" 2> /dev/null
	hn-normalize -q -s "$m.alls" "$m.har" -o "$m.fp.har"
}

# "top-1 0.9855 (9855/10000)" in percent; - without labels.
top1() {
	if [ -e "$labels" ]; then
		"$@" --in "${set}_test_x.npy" --labels "$labels" | awk '{ printf "%.2f", 100 * $2 }'
	else
		printf -- -
	fi
}

raw() {
	out=$1 && shift
	"$@" --raw --in "${set}_test_x.npy" -o "$out"
}

# With more script lines, as variant.har.
quantize() {
	{
		cat "$m.alls"
		echo "$1"
	} > variant.alls
	hn-quantize -q -s variant.alls -c "${set}_train_x.npy" "$m.fp.har" -o variant.har
}

# The accuracy of that, at the level that is asked for.
variant() {
	quantize "model_optimization_flavor(optimization_level=$level)
$1"
	score hn-infer -q -c quantized variant.har
}

# What a detector found of each image's true boxes, a line each, so that their mean is the recall.
recalls() {
	lines "$1" 96 96 > found
	hits found "$boxes" | awk '{ right[NR] = $2; total += $3 }
		END { for (i = 1; i <= NR; i++) print right[i] * NR / total }'
}

# In per cent.
mean() {
	awk '{ s += $1 } END { printf "%.2f", 100 * s / NR }' "$1"
}

# Top-1, or mean IoU of a model with true masks, or recall of one with true boxes.
score() {
	if [ -e "$boxes" ]; then
		"$@" --in "${set}_test_x.npy" -o out.npy
		recalls out.npy > recall.txt
		mean recall.txt
		return
	fi
	if [ -e "$dir/data/${set}_test_mask.npy.gz" ]; then
		[ -e mask.npy ] || gunzip -c "$dir/data/${set}_test_mask.npy.gz" > mask.npy
		"$@" --in "${set}_test_x.npy" -o masks.npy
		printf %s "$(miou masks.npy mask.npy)"
	else
		top1 "$@"
	fi
}

# Into FILE, whether each test image is right, or which part of its pixels, a line each; into
# FILE.mean their mean in per cent, or the mean IoU.  Of a detector, the recall.
verdicts() {
	hn-infer -q -c "$2" --in "${set}_test_x.npy" -o out.npy "$3"
	if [ -e "$boxes" ]; then
		recalls out.npy > "$1"
		mean "$1" > "$1.mean"
		return
	fi
	arr text out.npy | tail -n +2 > out.txt
	paste -d ' ' labels.txt out.txt | awk -v np="$pixels" '{
		c = (NF - np) / np
		right = 0
		for (p = 0; p < np; p++) {
			for (best = k = 0; k < c; k++)
				if ($(np + p * c + k + 1) > $(np + p * c + best + 1))
					best = k
			right += best == $(p + 1)
		}
		print right / np
	}' > "$1"
	if [ "$pixels" -gt 1 ]; then
		miou out.npy "$labels"
	else
		mean "$1"
	fi > "$1.mean"
}

# By how many points the second verdicts are better, and the standard error of that, image by image.
paired() {
	paste -d ' ' "$1" "$2" | awk '{ d = 100 * ($2 - $1); s += d; q += d * d }
		END { m = s / NR; printf "%+.2f+-%.3f", m, sqrt((q / NR - m * m) / NR) }'
}

# at_level VERDICTS LEVEL [SCRIPT-LINE]
at_level() {
	quantize "model_optimization_flavor(optimization_level=$2)
${3-}"
	verdicts "$1" quantized variant.har
}
