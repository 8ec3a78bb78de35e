# onnx2hn: detection of NMS heads.  Anchors, strides and thresholds against the public definitions of the
# architectures; models from mkarch and mkonnx.
# shellcheck disable=SC2016,SC2094 # $h and $w are jq's; members are read from the bundle's input
load helper

# nms ARCH [MKARCH-OPTION...]: translates; jq filters on the report's entry follow with is.
nms() {
	local arch=$1
	shift
	mkarch "$arch" "$arch.onnx" --thin 8 "$@"
	rm -f r.json x.har
	onnx2hn -q "$arch.onnx" --net-name net --report r.json -o x.har || true
}

is() {
	jq -e ".nms | $1" r.json > /dev/null || {
		jq .nms r.json
		return 1
	}
}

# decoders KEY...: these of each decoder, as compact JSON.
decoders() {
	jq -c "[.nms.config.bbox_decoders[] | [$1]]" r.json
}

@test "yolov5 with its decoding: anchors are read from it, the nodes to end at are named" {
	nms yolov5s --size 64
	is '.meta_arch == "yolov5" and .config.classes == 80 and .config.image_dims == [64, 64] and (.anchors_assumed | not)'
	[ "$(decoders '.w,.h,.stride')" = "[[[10,16,33],[13,30,23],8],[[30,62,59],[61,45,119],16],[[116,156,373],[90,198,326],32]]" ]
	is '.decoding_inside and .end_nodes == ["/model.24/m.0/Conv","/model.24/m.1/Conv","/model.24/m.2/Conv"]'
}

@test "decoding that cannot be translated: the recommendation ends at the heads" {
	mkonnx m.onnx <<'E'
input x 1,3,64,64
init k 4,3,8,8 0.1
init d 4,4,2,2 0.1
init l 21,4,1,1 0.1
node Conv p3 x,k a kernel_shape=8,8 strides=8,8
node Conv p4 a,d b kernel_shape=2,2 strides=2,2
node Conv o3 a,l u kernel_shape=1,1
node Conv o4 b,l v kernel_shape=1,1
node NonZero find u n
node NonZero also v m
output n
output m
E
	run -1 onnx2hn -q m.onnx --report r.json -o x.har
	is '.meta_arch == "yolov5" and .config.classes == 2'
	jq -e '.recommended_end_nodes == ["o3", "o4"] and (.retry_command | contains("--end-node-names o3,o4"))' r.json
	onnx2hn -y -q m.onnx --net-name net --hn m.hn -o /dev/null
	jq -e '.net_params.output_layers_order == ["net/conv3", "net/conv4"]' m.hn
}

@test "-y ends there, and the bundle holds the configuration with the anchors of what was cut off" {
	nms yolov7_tiny --size 64
	onnx2hn -y -q yolov7_tiny.onnx --net-name net -o x.har 2> err
	har-pack -m nms.json -i x.har > config.json
	[ "$(jq -c '[.bbox_decoders[] | [.encoded_layer, .w, .h]]' config.json)" = '[["conv43",[12,19,40],[16,36,28]],["conv51",[36,76,72],[75,55,146]],["conv58",[142,192,459],[110,243,401]]]' ]
	har-pack -m metadata.json -i x.har | jq -e '.nms_meta_arch == "yolov5"'
	har-pack -m hn -i x.har | jq -e '.net_params.output_layers_order == ["net/conv43", "net/conv51", "net/conv58"]'
}

@test "yolov5 without decoding gets its release's anchors and a warning" {
	mkarch yolov5s m.onnx --thin 8 --size 64 --classes 3 --raw
	onnx2hn m.onnx --report r.json -o x.har 2> err
	grep -q 'warning.*the anchors are not in the model' err
	grep -q 'NMS structure of yolov5 (or equivalent architecture) was detected' err
	is '.anchors_assumed and .config.classes == 3 and .end_nodes == []'
	[ "$(decoders '.w,.stride')" = "[[[10,16,33],8],[[30,62,59],16],[[116,156,373],32]]" ]
}

@test "yolov5 with masks names the branch of prototypes" {
	nms yolov5n_seg
	is '.meta_arch == "yolov5_seg" and .config.proto == [{"number": 32, "stride": 4}] and .config.classes == 80'
	[ "$(decoders '.encoded_layer,.stride')" = '[["conv48",8],["conv55",16],["conv61",32]]' ]
}

@test "yolov8: distances and classes, with and without decoding" {
	nms yolov8n
	is '.meta_arch == "yolov8" and .config.regression_length == 16 and .config.nms_iou_th == 0.7 and .decoding_inside'
	[ "$(decoders '.name,.stride,.reg_layer,.cls_layer')" = '[["bbox_decoder41",8,"conv41","conv42"],["bbox_decoder52",16,"conv52","conv53"],["bbox_decoder62",32,"conv62","conv63"]]' ]
	is '.script | endswith("nms_postprocess(\"net.nms.json\", meta_arch=yolov8, engine=cpu)") and contains("change_output_activation(conv42, sigmoid)")'
	nms yolov8n --raw --classes 7
	is '.config.classes == 7 and .config.regression_length == 16 and (.decoding_inside | not)'
	onnx2hn -y -q yolov8n.onnx -o /dev/null
}

@test "a detector that parses whole is cut before its decoding by -y" {
	mkarch yolov8n m.onnx --thin 8 --size 64
	onnx2hn -y -q m.onnx --net-name net --hn m.hn -o /dev/null 2> err
	jq -e '[.net_params.output_layers_order[] | split("/")[1]] == ["conv41", "conv42", "conv52", "conv53", "conv62", "conv63"]' m.hn
}

@test "yolox and the first yolov6 have objectness, the second has not" {
	nms yolox_s
	is '.meta_arch == "yolox" and .config.number_of_detection_heads == 3 and .config.nms_iou_th == 0.65'
	[ "$(decoders '.stride,.reg_layer,.objectness_layer,.cls_layer')" = '[[8,"conv55","conv56","conv54"],[16,"conv69","conv70","conv68"],[32,"conv82","conv83","conv81"]]' ]
	nms yolov6n --raw --classes 1
	is '.meta_arch == "yolox" and .config.classes == 1'
	[ "$(decoders '.reg_layer,.objectness_layer,.cls_layer')" = '[["conv37","conv38","conv36"],["conv48","conv49","conv47"],["conv58","conv59","conv57"]]' ]
	nms yolov6n_0.2
	is '.meta_arch == "yolov6" and .config.classes == 80'
}

@test "ssd: boxes of the generator with default settings, background is class 0" {
	nms ssd_mobilenet_v1
	is '.meta_arch == "ssd" and .config.classes == 91 and .config.background_removal and .config.background_removal_index == 0'
	[ "$(decoders '.reg_layer,.cls_layer')" = '[["conv13","conv14"],["conv17","conv18"],["conv21","conv22"],["conv25","conv26"],["conv29","conv30"],["conv33","conv34"]]' ]
	is '.config.bbox_decoders[1].h as $h | [0.35, 0.2474874, 0.4949747, 0.2020726, 0.6062481, 0.41833] | [., $h] | transpose | all((.[0] - .[1]) * (.[0] - .[1]) < 1e-12)'
	is '.config.bbox_decoders[5].w as $w | [0.95, 1.3435029, 0.6717514, 1.6454483, 0.5484553, 0.9746794] | [., $w] | transpose | all((.[0] - .[1]) * (.[0] - .[1]) < 1e-12)'
}

@test "centernet: one level of stride 4" {
	mkonnx m.onnx <<'E'
input x 1,3,32,32
init k 4,3,4,4 0.1
init a 5,4,1,1 0.1
init b 2,4,1,1 0.1
node Conv stem x,k t kernel_shape=4,4 strides=4,4
node Conv map t,a u kernel_shape=1,1
node Sigmoid score u scores
node Conv size t,b sizes kernel_shape=1,1
node Conv offset t,b offsets kernel_shape=1,1
output scores
output sizes
output offsets
E
	onnx2hn -q m.onnx --report r.json -o x.har
	is '.meta_arch == "centernet" and .config.classes == 5'
	[ "$(decoders '.reg_layer_w,.reg_layer_h,.cls_layer')" = '[["conv3","conv4","conv2"]]' ]
}

# levels TEXT: three levels a, b, c at strides 8, 16, 32 of an image of 64x64, four features each.
levels() {
	cat <<'E'
input x 1,3,64,64
init k 4,3,8,8 0.1
init d 4,4,2,2 0.1
node Conv p3 x,k a kernel_shape=8,8 strides=8,8
node Conv p4 a,d b kernel_shape=2,2 strides=2,2
node Conv p5 b,d c kernel_shape=2,2 strides=2,2
E
}

@test "nanodet: one convolution a level, split in classes and bins" {
	{
		levels
		echo "init w 39,4,1,1 0.1"
		echo "initi s 2 7 32"
		for l in a b c; do
			echo "node Conv head$l $l,w h$l kernel_shape=1,1"
			echo "node Split split$l h$l,s s$l,d$l axis=1"
			echo "node Sigmoid score$l s$l q$l"
			echo "node Concat both$l q$l,d$l out$l axis=1"
			echo "output out$l"
		done
	} | mkonnx m.onnx
	onnx2hn -q m.onnx --report r.json -o x.har
	is '.family == "nanodet" and .meta_arch == "yolov8" and .config.classes == 7 and .config.regression_length == 8 and .end_nodes == ["heada", "headb", "headc"]'
	[ "$(decoders '.stride,.combined_layer')" = '[[8,"conv3"],[16,"conv5"],[32,"conv6"]]' ]
}

@test "damoyolo: 17 bins, and a background behind the classes" {
	{
		levels
		echo "init r 68,4,3,3 0.1"
		echo "init w 6,4,3,3 0.1"
		echo "init scale - 0.5"
		for l in a b c; do
			echo "node Conv cls$l $l,w c$l kernel_shape=3,3 pads=1,1,1,1"
			echo "node Sigmoid score$l c$l q$l"
			echo "node Conv reg$l $l,r r$l kernel_shape=3,3 pads=1,1,1,1"
			echo "node Mul scale$l r$l,scale b$l"
			echo "output b$l"
			echo "output q$l"
		done
	} | mkonnx m.onnx
	onnx2hn -q m.onnx --report r.json -o x.har
	is '.meta_arch == "damoyolo" and .config.regression_length == 17 and .config.classes == 6 and .config.background_removal and .config.background_removal_index == 5 and (.script | endswith("meta_arch=damoyolo, engine=cpu)"))'
	[ "$(decoders '.stride,.reg_layer,.cls_layer')" = '[[8,"conv4","conv3"],[16,"conv7","conv6"],[32,"conv9","conv8"]]' ]
}

# priors FIRST: sizes and centres of two boxes in each cell of 8x8, 4x4, 2x2; FIRST: which number of a pair is x.
priors() {
	awk -v xfirst="$1" 'function pair(x, y) { return xfirst ? x " " y : y " " x }
		BEGIN {
			for (n = 8; n >= 2; n /= 2)
				for (y = 0; y < n; y++)
					for (x = 0; x < n; x++)
						for (k = 1; k <= 2; k++) {
							wh = wh " " pair(k / n, 0.5 / n)
							c = c " " pair((x + 0.5) / n, (y + 0.5) / n)
						}
			print "init sizes 1,168,2" wh
			print "init centres 1,168,2" c
		}'
}

# ssd_decoded FIRST: an SSD with its decoding and a softmax, as m.onnx.
ssd_decoded() {
	{
		levels
		priors "$1"
		cat << 'E'
init r 8,4,1,1 0.1
init w 6,4,1,1 0.1
init variance - 0.1
initi four 3 1 -1 4
initi three 3 1 -1 3
initi at0 1 0
initi at2 1 2
initi at4 1 4
initi axis 1 2
E
		for l in a b c; do
			echo "node Conv reg$l $l,r r$l kernel_shape=1,1"
			echo "node Conv cls$l $l,w c$l kernel_shape=1,1"
			echo "node Transpose tr$l r$l rt$l perm=0,2,3,1"
			echo "node Transpose tc$l c$l ct$l perm=0,2,3,1"
			echo "node Reshape sr$l rt$l,four rs$l"
			echo "node Reshape sc$l ct$l,three cs$l"
		done
		cat << 'E'
node Concat allr rsa,rsb,rsc loc axis=1
node Concat allc csa,csb,csc logits axis=1
node Softmax soft logits scores axis=2
node Slice first loc,at0,at2,axis l0
node Slice last loc,at2,at4,axis l1
node Mul v0 l0,variance l2
node Mul s0 l2,sizes l3
node Add c0 l3,centres l4
node Mul v1 l1,variance l5
node Exp e1 l5 l6
node Mul s1 l6,sizes l7
node Concat boxes l4,l7 boxed axis=2
output scores
output boxed
E
	} | mkonnx m.onnx
}

@test "ssd with its decoding: the order of a box's numbers and the softmax are told" {
	ssd_decoded 1
	onnx2hn -y -q m.onnx --net-name n --report r.json -o m.har
	is '.meta_arch == "ssd" and .config.classes == 3 and .config.hnt_box_order == [1, 0, 3, 2] and .config.hnt_softmax'
	[ "$(decoders .w,.h)" = "[[[0.125,0.25],[0.0625,0.0625]],[[0.25,0.5],[0.125,0.125]],[[0.5,1],[0.25,0.25]]]" ]
	ssd_decoded 0
	onnx2hn -y -q m.onnx --net-name n --report r.json -o m0.har
	is '.config.hnt_box_order == null and .config.hnt_softmax'
	[ "$(decoders .w,.h)" = "[[[0.125,0.25],[0.0625,0.0625]],[[0.25,0.5],[0.125,0.125]],[[0.5,1],[0.25,0.25]]]" ]
	# Behind the heads of classes: a softmax for each of the two boxes of a cell.
	echo 'nms_postprocess(meta_arch=ssd, engine=cpu)' > s.alls
	hn-normalize -q -s s.alls m.har -o fp.har
	har-pack -m hn -i fp.har | jq -e '.layers as $l | [.layers["n/ssd_nms_postprocess"].input[] | $l[.] | [.type, .params.groups]] == [["conv", null], ["softmax", 2], ["conv", null], ["softmax", 2], ["conv", null], ["softmax", 2]]'
}

@test "what is no detector is not taken for one" {
	nms resnet_v1_18 --size 64
	jq -e '.parsed and .nms == null' r.json
	nms mobilenet_v2 --size 64
	jq -e '.parsed and .nms == null' r.json
	# Feature maps of three strides with a multiple of three features.
	mkonnx m.onnx <<'E'
input x 1,3,64,64
init k 96,3,8,8 0.1
init d 96,96,2,2 0.1
init l 96,96,1,1 0.1
node Conv p3 x,k a kernel_shape=8,8 strides=8,8
node Conv p4 a,d b kernel_shape=2,2 strides=2,2
node Conv p5 b,d c kernel_shape=2,2 strides=2,2
node Conv o3 a,l u kernel_shape=1,1
node Conv o4 b,l v kernel_shape=1,1
node Conv o5 c,l w kernel_shape=1,1
output u
output v
output w
E
	onnx2hn -q m.onnx --report r.json -o x.har
	jq -e '.parsed and .nms == null' r.json
	run ! har-pack -m nms.json -i x.har
}
