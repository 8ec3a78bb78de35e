# tf2hn: the files of TensorFlow, good ones and damaged ones.
load helper
load tffiles

flipped_in() { # FILE OFFSET: one bit of it turns
	flipped "$1" "$2" > flipped.tmp
	mv flipped.tmp "$1"
}

shorten() { # FILE N: only its first N bytes stay
	truncated "$1" "$2" > cut.tmp
	mv cut.tmp "$1"
}

whole() { # what a model is translated to, without the model's name
	tf2hn -q "$1" --net-name n --hn n.hn --npz n.npz -o n.har
	cat n.hn n.npz
}

names() { # all original names of the net
	tf2hn -q "$1" --net-name n --hn - --no-weights "${@:2}" | jq -r '[.layers[].original_names[]] | unique | join(" ")'
}

@test "every form of file holds the same network" {
	saved frozen f.pb
	gives f.pb
	whole f.pb > want
	saved saved1 s1
	saved saved2 s2
	saved checkpoint c.ckpt
	for m in s1 s1/ s1/saved_model.pb s2 s2/saved_model.pb c.ckpt c.ckpt.meta c.ckpt.index; do
		gives "$m"
		whole "$m" > got
		same_bytes want got
	done
	tf2hn -q --net-name n --hn n.hn --npz n.npz -o n.har < f.pb
	cat n.hn n.npz > got
	same_bytes want got
}

@test "variables lie in several data files, in pieces, at any byte" {
	saved frozen f.pb
	whole f.pb > want
	for o in shards=3 'shards=7 pad=3' pad=1 parts=2 parts=3 parts=6 'parts=4 shards=2 pad=1'; do
		for kind in saved1 saved2; do
			# shellcheck disable=SC2086 # several options
			saved "$kind" m $o
			whole m > got
			same_bytes want got
		done
	done
}

@test "the index has many blocks, compressed or not" {
	saved frozen f.pb
	whole f.pb > want
	for o in block=1 block=60 snappy=1 'snappy=1 block=1' 'snappy=1 block=200 parts=6'; do
		# shellcheck disable=SC2086 # several options
		saved saved2 m $o
		whole m > got
		same_bytes want got
	done
}

@test "a variable that is in parts in the graph reads its part" {
	for o in part_vars=2 'part_vars=3 parts=3' 'part_vars=3 parts=2' 'part_vars=2 parts=6 shards=3'; do
		# shellcheck disable=SC2086 # several options
		saved saved1 m $o
		gives m
	done
}

@test "the element types of variables" {
	for t in float16 bfloat16 float64 int8 int16 int32 int64 uint8; do
		net | sed "s/kernel float32/kernel $t/; s/MatMul x,fc.kernel/MatMul x,cast/
			/^node fc.MatMul/i node cast Cast fc/kernel SrcT=t:$t DstT=t:float32" > text
		for kind in frozen saved1 saved2; do
			rm -rf m
			mksaved $kind m pad=1 < text
			gives m
		done
	done
}

@test "constants may have fewer values than elements: the last one repeats" {
	net | sed 's/^node fc.MatMul MatMul x/typed half float32 1,6 0.25 0.5\nnode s AddV2 x,half\nnode fc\/MatMul MatMul s/' |
		mksaved frozen m.pb
	tf2hn -q m.pb --net-name n -o m.har
	arr npy in.npy float32 1,6 0.75 1.5 2.5 3.5 4.5 5.5
	hn-infer -q m.har --in in.npy -o out.npy
	arr npy want.npy float32 1,2 161.5 181.5
	npydiff want.npy out.npy 1e-6
}

@test "a variable's key is what restores it, else what the list of objects says, else its name" {
	saved saved2 m no_objects=1
	gives m
	saved saved2 m no_restore=1
	gives m
	saved saved1 m no_restore=1
	gives m
}

@test "layers have the author's names, without the calls that TensorFlow made" {
	saved saved2 m
	[ "$(names m)" = 'fc/BiasAdd fc/MatMul x' ]
	cat > text <<- 'END'
		input x float32 1,6
		var fc/kernel float32 6,2 step:1:1
		var fc/bias float32 2 0.5 -0.5
		node fc/MatMul MatMul x,fc/kernel T=t:float32
		node head/StatefulPartitionedCall StatefulPartitionedCall fc/MatMul,fc/bias f=fn:head
		output head/StatefulPartitionedCall y
		function head a,b
		node scale/PartitionedCall PartitionedCall a,b f=fn:inner
		node Identity Identity scale/PartitionedCall:output:0 T=t:float32
		output Identity:output:0 identity
		end
		function inner p,q
		node BiasAdd BiasAdd p,q T=t:float32
		node Relu Relu BiasAdd:output:0 T=t:float32
		output Relu:activations:0 r
		end
	END
	for kind in frozen saved1 saved2; do
		rm -rf m
		mksaved $kind m < text
		[ "$(names m)" = 'fc/MatMul head/scale/BiasAdd head/scale/Relu x' ]
		gives m
	done
}

@test "nodes of two calls of a function keep names of their own" {
	mksaved saved2 m <<- 'END'
		input x float32 1,4,4,2
		node StatefulPartitionedCall StatefulPartitionedCall x f=fn:act
		node PartitionedCall_1 PartitionedCall StatefulPartitionedCall f=fn:act
		output PartitionedCall_1 y
		function act a
		node block/Elu Elu a T=t:float32
		output block/Elu:activations:0 r
		end
	END
	[ "$(names m)" = 'block/Elu block/Elu_1 x' ]
}

@test "an operator may be called by a function's name" {
	net | sed 's/^output.*/node last twice fc\/BiasAdd\noutput last y/' > text
	printf '%s\n' 'function twice a' 'node Sub Sub AddV2:z:0,a' 'node AddV2 AddV2 a,a' 'output Sub:z:0 o' end >> text
	mksaved frozen m.pb < text
	gives m.pb
}

@test "a branch that a constant chooses is taken" {
	net | sed 's/^node fc.MatMul MatMul x/const p bool - 1\nconst z float32 1,6 100\nnode s If p,x,z then_branch=fn:first else_branch=fn:second\nnode fc\/MatMul MatMul s/' > text
	cat >> text <<- 'END'
		function first a,b
		node AddV2 AddV2 a,a T=t:float32
		node Sub Sub AddV2:z:0,a T=t:float32
		output Sub:z:0 o
		end
		function second a,b
		output b o
		end
	END
	for kind in frozen saved1 saved2; do
		rm -rf m
		mksaved $kind m < text
		gives m
	done
}

switched() { # LINE...: the predicate p of a Switch and a Merge in front of the net
	net | grep -v '^node fc/MatMul'
	printf '%s\n' "$@"
	cat <<- 'END'
		const zero float32 - 0
		const one float32 - 1
		node sw Switch x,p T=t:float32
		node no Mul sw,zero T=t:float32
		node yes Mul sw:1,one T=t:float32
		node s Merge no,yes T=t:float32 N=2
		node fc/MatMul MatMul s,fc/kernel T=t:float32
	END
}

@test "TensorFlow 1's control flow with a constant predicate is folded, a learning phase is off" {
	switched 'const p bool - 1' | mksaved frozen m.pb
	gives m.pb
	switched 'input keras_learning_phase bool -' 'node p LogicalNot keras_learning_phase' | mksaved saved1 m no_signature=0
	switched 'input keras_learning_phase bool -' 'node p LogicalNot keras_learning_phase' | mksaved frozen m.pb
	gives m.pb
	switched 'const off bool - 0' 'node phase PlaceholderWithDefault off dtype=t:bool shape=shape:-' \
		'node p LogicalNot phase' | mksaved frozen m.pb
	gives m.pb
}

@test "control flow that depends on the input is refused with the node's name" {
	switched 'const limit float32 - 3' 'const all int32 2 0 1' 'node sum Sum x,all T=t:float32 Tidx=t:int32 keep_dims=b:false' \
		'node p Less sum,limit T=t:float32' | mksaved frozen m.pb
	run --separate-stderr tf2hn -q m.pb
	[ "$status" -eq 1 ]
	[[ $stderr == "tf2hn: m.pb: "*"node '"*"' (Switch)"* || $stderr == "tf2hn: m.pb: "*"node '"*"' (Merge)"* ]]
}

@test "what a signature feeds is an input, wherever it is in the graph" {
	net | sed 's/^input x.*/input raw float32 1,6\nnode x Softplus raw T=t:float32/' > text
	mksaved saved1 m feed=x < text
	gives m
	[ "$(names m)" = 'fc/BiasAdd fc/MatMul raw' ]
	rm -rf m
	mksaved saved1 m < text
	run ! gives m
}

@test "signature and tag are chosen, or the only ones" {
	saved saved1 m signature=mine
	gives m
	gives m --signature mine
	fails_with 1 "tf2hn: m: it has no signature 'yours', but 'mine'" tf2hn -q m --signature yours
	saved saved2 m tag=train
	gives m
	gives m --tag train
	fails_with 1 "tf2hn: m: it has no graph with the tags 'serve', but 'train'" tf2hn -q m --tag serve
}

@test "outputs are in the order of their numbers" {
	{
		echo 'input x float32 1,4,4,2'
		for i in 10 2 1 0; do
			echo "const c$i float32 - $i"
			echo "node o$i AddV2 x,c$i T=t:float32"
			echo "output o$i output_$i"
		done
	} > text
	mksaved saved2 m < text
	tf2hn -q m --net-name n --hn - --no-weights > n.hn
	[ "$(jq -r '[.layers | to_entries[] | select(.value.type == "output_layer") | .value.original_names[0]] | join(" ")' n.hn)" = 'o0 o1 o2 o10' ]
}

@test "the same model gives the same bytes, with one thread and with four" {
	saved saved2 m parts=3 shards=2
	tf2hn -q m -o a.har
	tf2hn -q -j 1 m -o b.har
	tf2hn -q -j 4 m -o c.har
	same_bytes a.har b.har
	same_bytes a.har c.har
}

@test "gradients, branches' pivots and checks are no outputs" {
	net | sed 's/^output.*//' > text
	cat >> text <<- 'END'
		node gradients/g Mul fc/BiasAdd,fc/BiasAdd
		node gradients_1/g Mul fc/BiasAdd,fc/BiasAdd
		node train ApplyGradientDescent fc/kernel,rate,grad
		const rate float32 - 1
		node grad Mul x,x
		const p bool - 1
		node all All p
		const told string 1 told
		node check Assert all,told
		node cond/Switch Switch p,p
		node cond/switch_t Identity cond/Switch:1
		node cond/switch_f Identity cond/Switch
		node name Identity told T=t:string
	END
	for kind in frozen checkpoint; do
		mksaved $kind m < text
		gives m
	done
	rm m.*
	net | sed 's/^output.*//' | mksaved checkpoint m
	gives m --end-node-names fc/BiasAdd
}

@test "before version 24 of GraphDef the shape of a scalar means that none is known" {
	net | sed 's/^input x.*/input x float32 -/' > text
	mksaved frozen m.pb producer=23 < text
	run --separate-stderr tf2hn -q m.pb
	[ "$status" -eq 1 ]
	[[ $stderr == "tf2hn: m.pb: input 'x': its shape is not known (give --net-input-shapes x=...)"* ]]
	gives m.pb --net-input-shapes x=1,6
	mksaved frozen m.pb < text
	run --separate-stderr tf2hn -q m.pb
	[[ $stderr == "tf2hn: m.pb: input 'x': it has 0 dimensions, 1 to 5 expected"* ]]
}

# ---- what is refused ----
@test "what is not there" {
	refused nothing 'No such file or directory'
	mkdir empty
	refused empty 'no SavedModel: there is no saved_model.pb in this folder'
	: > m.pb
	refused m.pb 'empty file, a TensorFlow model expected'
	saved saved2 m
	: > m/saved_model.pb
	refused m 'saved_model.pb: empty file, a TensorFlow model expected'
	saved saved2 m
	rm m/variables/variables.index
	refused m 'variables.index: No such file or directory'
	saved saved2 m
	rm m/variables/variables.data-00000-of-00001
	refused m "variable 'fc/kernel': variables.data-00000-of-00001: No such file or directory"
	saved saved2 m
	cp m/saved_model.pb alone.pb
	refused alone.pb "node 'fc/kernel' is a variable, and a single file holds no values of variables (give the folder of the SavedModel, or freeze the graph)"
}

@test "other formats" {
	mkdir text chunks
	echo 'saved_model_schema_version: 1' > text/saved_model.pbtxt
	refused text 'saved_model.pbtxt: it is in text form (save it in binary form, as saved_model.pb)'
	echo chunk > chunks/saved_model.cpb
	refused chunks 'saved_model.cpb: it is in chunks, which is not supported (save it as one saved_model.pb)'
	printf 'node {\n  name: "x"\n}\n' > m.pbtxt
	refused m.pbtxt 'it is in text form (save it in binary form, as a .pb file)'
	printf '# a comment\nnode { }\n' > m.pbtxt
	refused m.pbtxt 'it is in text form (save it in binary form, as a .pb file)'
	printf '\34\0\0\0TFL3and more' > m.tflite
	refused m.tflite 'it is a TensorFlow Lite model (use tflite2hn)'
	printf '\211HDF\r\n\032\nand more' > m.h5
	refused m.h5 'it is a Keras HDF5 file (save it as a SavedModel, or convert it to TensorFlow Lite and use tflite2hn)'
	printf 'PK\3\4and more' > m.keras
	refused m.keras "it is a zip archive, as Keras's .keras files are (save it as a SavedModel, or convert it to TensorFlow Lite and use tflite2hn)"
	printf 'version https://git-lfs.github.com/spec/v1\n' > m.pb
	refused m.pb 'it is a pointer of Git LFS, not the file itself (git lfs pull)'
	printf '\1\2\3\4\5\6\7' > m.pb
	refused m.pb 'not a TensorFlow model, or truncated, at byte 1'
	printf '\42\2\10\1' > m.pb
	refused m.pb 'not a TensorFlow model: there is no graph in it'
}

@test "TensorFlow 1 checkpoints without their graph or index" {
	local advice='convert the model to TensorFlow Lite and use tflite2hn'
	saved checkpoint c.ckpt
	cp c.ckpt.index v1.ckpt
	refused v1.ckpt "it is a checkpoint without its graph: TensorFlow 1 checkpoints are read from the .meta file beside .index and .data only ($advice)"
	mv c.ckpt.index kept
	refused c.ckpt.meta "there is no .index beside it: TensorFlow's checkpoints of version 1 are not read ($advice)"
	mv kept c.ckpt.index
	rm c.ckpt.meta
	refused c.ckpt "a TensorFlow 1 checkpoint without its graph, the .meta file beside it ($advice)"
	refused c.ckpt.index "a TensorFlow 1 checkpoint without its graph, the .meta file beside it ($advice)"
}

@test "a saved_model.pb that is truncated anywhere is an error, with a flipped bit never a crash" {
	saved saved2 m parts=2
	cp m/saved_model.pb whole.pb
	local n at
	n=$(stat -c %s whole.pb)
	for at in 1 2 3 4 5 10 $((n / 2)) $((n - 1)); do
		truncated whole.pb "$at" > m/saved_model.pb
		run --separate-stderr tf2hn -q m
		[ "$status" -eq 1 ] || report "truncated to $at"
		[ "${#stderr_lines[@]}" -eq 1 ] || report "one line expected, truncated to $at"
	done
	for ((at = 3; at < n; at += 97)); do
		flipped whole.pb "$at" > m/saved_model.pb
		run --separate-stderr tf2hn -q m --hn /dev/null
		[ "$status" -le 1 ] || report "flipped at $at"
	done
}

@test "a frozen graph that is truncated anywhere is an error or another graph, never a crash" {
	saved frozen whole.pb
	local n at
	n=$(stat -c %s whole.pb)
	for ((at = 1; at < n; at += 37)); do
		truncated whole.pb "$at" > m.pb
		run --separate-stderr tf2hn -q m.pb
		[ "$status" -eq 1 ] || report "truncated to $at"
		[ "${#stderr_lines[@]}" -eq 1 ] || report "one line expected, truncated to $at"
	done
}

@test "an index that is truncated, or of which a bit is turned" {
	saved saved2 m
	local n at f=m/variables/variables.index
	cp $f index
	n=$(stat -c %s index)
	for at in 1 47; do
		truncated index "$at" > $f
		refused m "variables.index: truncated: it has $at bytes, at least 48 expected"
	done
	for at in 48 100 $((n - 1)); do
		truncated index "$at" > $f
		refused m 'variables.index: not a table of variables, or truncated: it does not end like one'
	done
	for at in 0 20 60; do
		flipped index "$at" > $f
		refused m 'variables.index: damaged: block at byte 0 does not have its checksum'
	done
	for ((at = 0; at < n; at += 7)); do
		flipped index "$at" > $f
		run --separate-stderr tf2hn -q m --hn /dev/null
		[ "$status" -le 1 ] || report "flipped at $at"
	done
	flipped index $((n - 1)) > $f
	refused m 'variables.index: not a table of variables, or truncated: it does not end like one'
}

@test "an index that says what cannot be" {
	saved saved2 m unsorted=1
	refused m 'variables.index: damaged: its keys are out of order'
	saved saved2 m no_header=1
	refused m 'variables.index: damaged: it has no header'
	saved saved2 m compression=7
	refused m 'variables.index: block at byte 0 has compression 7, none or snappy expected'
	saved saved2 m compression=1
	refused m 'variables.index: damaged: block at byte 0 does not decompress'
	saved saved2 m say_endian=1
	refused m 'variables.index: its numbers are big-endian, which is not supported'
	saved saved2 m say_shards=-1
	refused m 'variables.index: damaged: it names -1 data files'
	saved saved2 m say_shards=100001
	refused m 'variables.index: damaged: it names 100001 data files'
}

@test "values that are not what the index says" {
	local v="variable 'fc/kernel'"
	saved saved2 m
	flipped_in m/variables/variables.data-00000-of-00001 7
	refused m "$v: damaged: its bytes in variables.data-00000-of-00001 do not have their checksum"
	saved saved2 m
	shorten m/variables/variables.data-00000-of-00001 30
	refused m "$v: its 48 bytes from 0 on are outside of variables.data-00000-of-00001, which has 30 (truncated?)"
	saved saved2 m
	: > m/variables/variables.data-00000-of-00001
	refused m "$v: variables.data-00000-of-00001: empty file, values of variables expected"
	saved saved2 m say_shards=2
	refused m "$v: variables.data-00000-of-00002: No such file or directory"
	saved saved2 m say_shard=4
	refused m "$v: damaged: its data file 4 is not one of 1"
	saved saved2 m say_shard=-1
	refused m "$v: damaged: its data file -1 is not one of 1"
	saved saved2 m more_offset=1
	refused m "$v: damaged: its bytes in variables.data-00000-of-00001 do not have their checksum"
	saved saved2 m more_offset=-1
	refused m "$v: its 48 bytes from -1 on are outside of variables.data-00000-of-00001, which has $(stat -c %s m/variables/*.data*) (truncated?)"
	saved saved2 m more_size=4
	refused m "$v: it has 52 bytes, 48 expected from shape [6,2]"
	saved saved2 m more_size=-4
	refused m "$v: it has 44 bytes, 48 expected from shape [6,2]"
}

@test "types and shapes that are none" {
	local v="variable 'fc/kernel'"
	saved saved2 m say_type=99
	refused m "$v: its element type 99 (unknown) is not supported"
	saved saved2 m say_type=7
	refused m "$v: its element type 7 (string) is not supported"
	saved saved2 m say_type=8
	refused m "$v: its element type 8 (complex64) is not supported"
	saved saved2 m say_type=2
	refused m "$v: it has 48 bytes, 96 expected from shape [6,2]"
}

@test "parts that do not make the whole" {
	local v="variable 'fc/kernel'"
	saved saved2 m parts=2 gap=1
	refused m "$v: its parts do not make the whole"
	saved saved2 m parts=2 overlap=1
	refused m "$v: damaged: two of its parts overlap"
	saved saved2 m parts=2 say_type=3
	refused m "$v: damaged: one of its parts is not of the shape it says"
	saved saved1 m part_vars=2
	net | sed 's/fc.kernel float32 6,2/fc\/kernel float32 4,2/' > text
	mkdir other
	mksaved saved1 other < text
	cp other/variables/* m/variables/
	refused m "variable 'fc/kernel/part_1': its part from 3 on is outside of shape [4,2]"
}

@test "variables that are not there" {
	saved saved2 m skip=fc/bias
	refused m "variable 'fc/bias': there is no 'fc/bias/.ATTRIBUTES/VARIABLE_VALUE' in the variables' files"
	saved saved1 m skip=fc/bias
	refused m "variable 'fc/bias': there is no 'fc/bias' in the variables' files"
	saved saved2 m no_restore=1 no_objects=1
	refused m "variable 'fc/kernel': there is no 'fc/kernel' in the variables' files"
	saved saved2 m no_restore=1 same_name=fc/kernel
	refused m "variable 'fc/kernel': two objects have this name, and nothing tells which it is"
	saved saved2 m no_restore=1
	flipped_in m/variables/variables.data-00000-of-00001 80
	run --separate-stderr tf2hn -q m
	[ "$status" -eq 1 ]
	[[ $stderr == *'the list of objects: damaged: its '* ]]
}

@test "signatures that are not there" {
	saved saved2 m no_signature=1
	refused m 'it has no signature (save it with signatures=, or with model.export())'
	fails_with 1 "tf2hn: m: it has no signature 'mine', and no other" tf2hn -q m --signature mine
}

@test "functions that call themselves, are not there, or end nowhere" {
	calls() {
		printf '%s\n' 'input x float32 1,6' 'node y PartitionedCall x f=fn:f' 'output y' "$@" | mksaved frozen m.pb
	}
	calls 'function f a' 'node n PartitionedCall a f=fn:f' 'output n:output:0 r' end
	refused m.pb "function 'f' calls itself"
	calls 'function f a' 'node n PartitionedCall a f=fn:g' 'output n:output:0 r' end \
		'function g a' 'node n f a' 'output n:r:0 r' end
	refused m.pb "function 'f' calls itself"
	calls 'function g a' 'output a r' end
	refused m.pb "node 'y' (PartitionedCall) calls function 'f', which is not there"
	calls 'function f a' end
	refused m.pb "function 'f' has no output 0"
	calls 'function f a' 'output b:z:0 r' end
	refused m.pb "there is no node 'b:z:0', which another reads"
	calls 'function f a,b' 'node n Add a,b' 'output n:z:0 r' end
	refused m.pb "node 'n' (Add): node 'y' (PartitionedCall) has too few inputs for function 'f'"
	calls 'function f a' 'output a r' end 'function f a' 'output a r' end
	refused m.pb "function 'f' is there twice"
	calls 'function f a' 'node n Elu a' 'node n Elu a' 'output n:z:0 r' end
	refused m.pb "function 'f': node 'n' is there twice"
}

@test "calls that grow without end" {
	{
		printf '%s\n' 'input x float32 1,6' 'node y PartitionedCall x f=fn:f0' 'output y'
		for i in $(seq 0 29); do
			printf '%s\n' "function f$i a" "node n f$((i + 1)) a" "node m f$((i + 1)) n:r:0" 'output m:r:0 r' end
		done
		printf '%s\n' 'function f30 a' 'node n Elu a' 'output n:z:0 r' end
	} > text
	mksaved frozen m.pb < text
	run --separate-stderr timeout 20 tf2hn -q m.pb
	[ "$status" -eq 1 ]
	[[ $stderr == "tf2hn: m.pb: "*'calls are more than 64 deep, or have more than 2000000 nodes in all'* ]]
}

@test "graphs that are none" {
	graph() {
		printf '%s\n' 'input x float32 1,6' "$@" | mksaved frozen m.pb
	}
	graph 'node a Add x,b' 'node b Elu a' 'node c Elu b'
	refused m.pb "nodes read each other in a circle, at 'b'"
	graph 'node a Identity b' 'node b Identity a' 'node c Add x,b'
	refused m.pb "nodes read each other in a circle, at 'b'"
	graph 'node a Add x,nothing'
	refused m.pb "node 'a' (Add): there is no node 'nothing', which another reads"
	graph 'node a Add x,x:y'
	refused m.pb "node 'a' (Add): input 'x:y': output 'y' is not an integer"
	graph 'node a Elu x' 'node a Relu x'
	refused m.pb "node 'a' is there twice"
	graph 'const c float32 6 1'
	refused m.pb 'it has no outputs: there is no node that no other reads'
	graph 'node c Const -' 'node a Add x,c'
	refused m.pb "node 'c' (Const) has no value"
	graph 'typed c float32 1,6 1 2 3 4 5 6 7' 'node a Add x,c'
	refused m.pb "node 'c' (Const): it has 7 values, at most 6 expected from shape [1,6]"
	graph 'typed c float32 70000,7000 1' 'node a Add x,c'
	refused m.pb "node 'c' (Const): it has 1 values, 490000000 expected from shape [70000,7000]"
}

@test "control inputs, and nodes that save, look and print are no part of the network" {
	net | sed 's/^node fc.BiasAdd.*/node fc\/BiasAdd BiasAdd fc\/MatMul,fc\/bias,^init,^check T=t:float32/' > text
	cat >> text <<- 'END'
		node init NoOp -
		const told string 1 told
		node check Assert x,told
		node show ScalarSummary told,x
		node step AssignAdd x,x
		node save SaveV2 told,told,told,fc/MatMul
	END
	mksaved frozen m.pb < text
	gives m.pb
}
