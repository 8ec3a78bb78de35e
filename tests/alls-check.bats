# alls-check: a script alone, against a model, as JSON; and scripts/alls-survey.
load helper

SCRIPTS=$ROOT/tests/cases/scripts

# The one line that alls-check says of a script with one command, without the totals.
refused() {
	echo "$1" > s.alls
	run --separate-stderr alls-check ${MODEL:+-m "$MODEL"} s.alls
	[ "$status" -eq 1 ] || report "status 1 expected for: $1" || return
	[ "${lines[0]}" = "s.alls:1:$2" ] || report "expected: s.alls:1:$2"
}

# What is asked for is how it is anyway, or is not.
@test "the precision of a divided layer normalization: what is so is applied, the other is told" {
	for mode in uniform_precision split_precision; do
		echo "pre_quantization_optimization(layer_norm_decomposition, bit_decomposition_mode=$mode)" > $mode.alls
		run alls-check $mode.alls
		[ "$status" -eq 0 ]
		echo "$output" > $mode.txt
	done
	grep -qx '      applied' uniform_precision.txt
	grep -qx '      no effect: bit_decomposition_mode=split_precision (a layer normalization is one layer on this machine)' split_precision.txt
}

@test "every command is shown with its line, its tool, and what becomes of it" {
	cat > s.alls <<-'END'
		# a comment
		a = normalization([1], [2]) quantization_param(conv1, precision_mode=A8_W4_EXP,
			bias_mode=double_scale_initialization)
		post_quantization_optimization(finetune, policy=enabled)
		dense1 = convert_to_dense(conv1)
	END
	run alls-check s.alls
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = '   2  hn-normalize  a = normalization([1], [2])' ]
	[ "${lines[1]}" = '      applied' ]
	[ "${lines[2]}" = '   2  hn-quantize   quantization_param(conv1, precision_mode=a8_w4_exp, bias_mode=double_scale_initialization)' ]
	[[ ${lines[3]} == '      partly applied: precision_mode=a8_w4_exp (a8_w4_exp and a16_w16_non_zero have no public description, '* ]]
	[ "${lines[5]}" = '      stored, not applied yet' ]
	[ "${lines[7]}" = '      no effect: a layer keeps the type that it was parsed with' ]
	[ "${lines[8]}" = '4 commands: 1 applied; 1 partly applied; 1 stored, not applied yet; 1 no effect' ]
}

@test "-h lists the options, misuse is refused" {
	run alls-check -h
	[ "$status" -eq 0 ]
	[[ $output == *--model* && $output == *--list* ]]
	usage_error "alls-check: unknown option '--fast'" alls-check --fast
	usage_error "alls-check: only one of --json, --print and --list can be used" alls-check --json --print s.alls
}

@test "an algorithm that is switched off asks for nothing: it is applied" {
	cat > s.alls <<-'END'
		post_quantization_optimization(finetune, policy=disabled)
		model_optimization_config(compression_params, auto_4bit_weights_ratio=0.0)
		model_optimization_config(checker_cfg, policy=disabled)
		allocator_param(automatic_ddr=False, enable_muxer=disabled)
		model_optimization_flavor(optimization_level=0, compression_level=0)
	END
	run alls-check s.alls
	[ "${lines[10]}" = '5 commands: 5 applied' ]
	echo 'post_quantization_optimization(finetune)' > s.alls
	run alls-check s.alls
	[ "${lines[2]}" = '1 command: 1 stored, not applied yet' ]
}

@test "all wrong commands are shown, a syntax error ends the check" {
	printf '%s\n' 'place(0)' 'place(0, conv1)' 'f(1)' > s.alls
	run --separate-stderr alls-check s.alls
	[ "$status" -eq 1 ]
	[ -z "$stderr" ]
	[ "${lines[0]}" = "s.alls:1:1: place: argument 'layers' is missing, a layer's name, a list of names or a {glob} expected" ]
	[ "${lines[3]}" = 's.alls:3:1: f: unknown command' ]
	[ "${lines[4]}" = '3 commands: 1 applied; 2 refused' ]
	printf '%s\n' 'f(1)' 'place(0, [conv1)' > s.alls
	fails_with 1 "alls-check: s.alls:2:16: ',' or ']' expected (near ')')" alls-check s.alls -o out
}

@test "layers, globs and scopes are looked up in a model" {
	onnx2hn -q "$SHAPES/shapes.onnx" -o m.har
	MODEL=m.har
	refused 'place(0, [conv1, conv99])' "18: place: no layer 'conv99' in 'shapes' (did you mean 'conv1' or 'conv2' or 'conv3'?)"
	refused 'quantization_param({cnv*}, bias_mode=double_scale_initialization)' '20: quantization_param: no layer matches {cnv*}'
	refused 'buffers(conv1, other/conv2, 4)' "16: buffers: no layer 'other/conv2' in 'shapes' (the network's scope is 'shapes/')"
	refused 'post_quantization_optimization(finetune, loss_layer_names=[conv1, fc9])' \
		"67: post_quantization_optimization: no layer 'fc9' in 'shapes' (did you mean 'fc1'?)"
	refused "a = from_tf('nowhere')" "13: from_tf: no layer of 'shapes' was called 'nowhere' in the original model"
	original=$(har-pack -m hn m.har | jq -r '.layers["shapes/conv1"].original_names[0]')
	cat > s.alls <<-END
		mine = from_tf('$original')
		quantization_param(mine, quantization_groups=2)
		a, b, c = defuse(conv7, 2)
		compilation_param(a, number_of_apus=1)
		place(1, [shapes/conv7, shapes/b, {conv*}])
		quantization_param({shapes/conv[1-3]}, quantization_groups=2)
	END
	run alls-check -m m.har s.alls
	[ "$status" -eq 0 ] || report "all names are there"
}

@test "--json says the same" {
	printf '%s\n' 'place(0)' 'pre_quantization_optimization(equalization, policy=disabled)' 'optimize_buffers()' > s.alls
	run --separate-stderr alls-check --json s.alls
	[ "$status" -eq 1 ]
	echo "$output" > out.json
	[ "$(jq -c '[.commands[] | [.line, .known, .status, .stage]]' out.json)" = \
		'[[1,true,"refused",null],[2,true,"applied","hn-quantize"],[3,true,"no effect","hn-alloc"]]' ]
	[ "$(jq -r '.commands[1].row' out.json)" = 'pre_quantization_optimization(equalization)' ]
	[ "$(jq -r '.commands[0].error' out.json)" = \
		"s.alls:1:1: place: argument 'layers' is missing, a layer's name, a list of names or a {glob} expected" ]
	[ "$(jq -c .total out.json)" = '{"applied":1,"partly_applied":0,"stored":0,"no_effect":1,"refused":1}' ]
}

@test "--print gives a script that parses to the same commands" {
	for f in "$SCRIPTS"/*.alls; do
		alls-check --print "$f" -o one.alls
		alls-check --print one.alls -o two.alls
		same_bytes one.alls two.alls
		diff <(alls-check --json "$f" | jq -c '.commands[] | del(.line, .column)') \
			<(alls-check --json one.alls | jq -c '.commands[] | del(.line, .column)')
	done
}

@test "the standard input is read, -o writes the same, an empty script has no commands" {
	echo 'set_seed(seed=5)' > s.alls
	alls-check s.alls > a
	alls-check < s.alls > b
	alls-check s.alls -o c
	cmp a b
	cmp a c
	run alls-check < /dev/null
	[ "$output" = '0 commands: 0 refused' ]
	full_disk alls-check s.alls
	fails_with 1 "alls-check: absent.alls: No such file or directory" alls-check absent.alls
}

@test "alls(5) has the table of commands, as the tools read it" {
	sed -e '1,/^\.\\" TABLE$/d' -e '/^\.\\" TABLE END$/,$d' "$ROOT/man/man5/alls.5" > page
	alls-table > table
	[ -s page ]
	run diff page table
	[ "$status" -eq 0 ] || report "bring it up to date: make man-alls"
}

@test "the collection of scripts has every command, sub-command and argument; all are known" {
	run "$ROOT/scripts/alls-survey" "$SCRIPTS"
	[ "$status" -eq 0 ]
	[[ $output == '6 scripts: 6 parsed; 185 commands: 185 known, 0 refused; '* ]] || report "totals"
	cat "$SCRIPTS"/*.alls > all.alls
	# Rows of the table, and "row argument"; each must occur in the collection.
	alls-check --list | sed -n 's/^\([a-z_0-9]*\((.*)\)\?\)\( with layers\)\?: .*/\1/p' | sort -u > rows
	alls-check --json all.alls | jq -r '.commands[].row' | sort -u > seen
	[ "$(wc -l < rows)" -gt 80 ]
	[ -z "$(comm -23 rows seen)" ] || report "not in the collection: $(comm -23 rows seen | tr '\n' ' ')"
	alls-check --list | awk '
		/^[a-z]/ { sub(/ with layers:.*/, ""); sub(/: .*/, ""); row = $0 }
		/^\t[a-z_0-9]+:/ { sub(/:.*/, ""); print row " " substr($0, 2) }' | sort -u > arguments
	alls-check --json all.alls | jq -r '.commands[] | .row as $r | .text | scan("[(, ]([a-z_0-9]+)=")[0] | "\($r) \(.)"' | sort -u > used
	[ "$(wc -l < arguments)" -gt 200 ]
	[ -z "$(comm -23 arguments used)" ] || report "not in the collection: $(comm -23 arguments used | tr '\n' ';')"
}

@test "the survey counts what is parsed, known and refused, and exits 1 when something is" {
	mkdir -p d/e
	echo 'place(0, conv1)' > d/a.alls
	printf '%s\n' 'place(0)' 'f(1)' 'dense1 = convert_to_dense(a)' > d/e/b.alls
	echo 'place(0' > d/c.alls
	run "$ROOT/scripts/alls-survey" d
	[ "$status" -eq 1 ]
	[ "${lines[3]}" = '3 scripts: 2 parsed; 4 commands: 3 known, 2 refused; 1 applied, 0 partly applied, 0 stored, 1 without effect' ] ||
		report "totals"
	[[ $output == *"alls-check: d/c.alls:2:1: ',' or ')' expected"* ]]
	run "$ROOT/scripts/alls-survey" absent
	[ "$status" -eq 1 ]
	[ "$output" = "alls-survey: no folder 'absent'" ]
}
