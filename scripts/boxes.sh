# shellcheck shell=sh
# Boxes of detectors, for scripts that measure them; sourced by sh, with the tests' arr in PATH.

# Detections [images, classes, 5, proposals] as lines: image x1 y1 x2 y2 score class, in pixels.
lines() {
	arr text "$1" | awk -v h="$2" -v w="$3" '
		NR == 1 { split($2, d, /[][,]/); classes = d[3]; n = d[5]; next }
		{ for (k = 0; k < classes; k++) for (i = 1; i <= n; i++) {
			b = k * 5 * n + i
			if ($(b + 4 * n) > 0)
				printf "%d %.6f %.6f %.6f %.6f %.6f %d\n", NR - 2, $(b + n) * w, $b * h, $(b + 3 * n) * w, $(b + 2 * n) * h, $(b + 4 * n), k
		} }'
}

# Lines, best score first, against true boxes at IoU 0.5; for each image: detections, right ones, and
# how many there are to find.
hits() {
	arr text "$2" > truth
	sort -s -k1,1n -k6,6gr "$1" | awk '
		function iou(k, w, h, a) {
			w = ($4 < t[k, 2] ? $4 : t[k, 2]) - ($2 > t[k, 0] ? $2 : t[k, 0])
			h = ($5 < t[k, 3] ? $5 : t[k, 3]) - ($3 > t[k, 1] ? $3 : t[k, 1])
			if (w <= 0 || h <= 0) return 0
			a = ($4 - $2) * ($5 - $3) + (t[k, 2] - t[k, 0]) * (t[k, 3] - t[k, 1]) - w * h
			return w * h / a
		}
		FNR == NR {
			if (FNR == 1) next
			images = FNR - 1
			for (i = 1; i <= NF; i += 5) if ($(i + 4) >= 0) {
				for (c = 0; c < 4; c++) t[n, c] = $(i + c)
				class[n] = $(i + 4); list[FNR - 2] = list[FNR - 2] " " n++; total[FNR - 2]++
			}
			next
		}
		{
			found[$1]++; m = split(list[$1], of, " "); best = 0.5; hit = -1
			for (i = 1; i <= m; i++) if (class[of[i]] == $7 && !(of[i] in used) && iou(of[i]) >= best) { best = iou(of[i]); hit = of[i] }
			if (hit >= 0) { used[hit] = 1; right[$1]++ }
		}
		END { for (i = 0; i < images; i++) print found[i] + 0, right[i] + 0, total[i] + 0 }' truth -
}

# $1: a name, $2: nothing, or the key that makes every class above the threshold a detection.
digits_config() {
	cat > "$1.json" <<-JSON
		{"nms_scores_th": 0.3, "nms_iou_th": 0.45, "image_dims": [96, 96], "max_proposals_per_class": 80,
		 "classes": 10, $2 "bbox_decoders": [
		  {"name": "d8", "stride": 8, "w": [10, 14, 20], "h": [14, 20, 28], "encoded_layer": "conv11"},
		  {"name": "d16", "stride": 16, "w": [24, 30, 38], "h": [30, 38, 48], "encoded_layer": "conv9"}]}
	JSON
	cat > "$1.alls" <<-ALLS
		input_normalization = normalization([0.0], [255.0])
		nms_postprocess('$1.json', meta_arch=yolov5, engine=cpu)
	ALLS
}
