# What hn-noise is tried on: networks with one layer that was damaged on purpose.  After `load helper`.

# FP.har NET LAYER OUT.har: the weights of the layer's third feature times 50.
damage_layer() {
	local bundle=$1 net=$2 layer=$3 out=$4 k shape cout i=0 args=()
	har-pack -m fpo.npz "$bundle" > w.npz
	mkdir -p w x
	while read -r k _ shape; do
		arr get w.npz "$k" w/$i.npy
		if [ "$k" = "$net/$layer/kernel:0" ]; then
			shape=$(echo "$shape" | tr -d '[]')
			cout=${shape##*,}
			# depthwise: [kh][kw][features][1]
			[ "$cout" -gt 1 ] || cout=$(cut -d, -f3 <<< "$shape")
			# shellcheck disable=SC2046
			arr npy w/$i.npy float32 "$shape" $(arr text w/$i.npy | tail -n +2 | tr -s ' ' '\n' | sed '/^$/d' |
				awk -v c="$cout" '{ print (NR - 1) % c == 2 ? 50 * $1 : $1 }')
		fi
		args+=("$k=w/$i.npy")
		i=$((i + 1))
	done < <(arr keys w.npz)
	har-pack -x x "$bundle"
	arr npz "x/$net.fpo.npz" "${args[@]}"
	# shellcheck disable=SC2046
	tar -C x -cf "$out" $(ls x)
	rm -r w x
}

# TABLE: layer and dB of the rows, in its order.
ranked() {
	awk '/^layer / { rows = 1; next } rows && NF < 2 { exit } rows { print $1, $2 }' "$1"
}
