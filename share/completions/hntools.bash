# bash completion for hntools, made by scripts/gen-completions
_hntools() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} opts
	case ${COMP_WORDS[0]##*/},$prev in
	hn,--hw-arch)
		mapfile -t COMPREPLY < <(compgen -W "hailo8 hailo8l hailo8r hailo15h hailo15m hailo15l hailo10h" -- "$cur")
		return
		;;
	hn,--hw-arch)
		mapfile -t COMPREPLY < <(compgen -W "hailo8 hailo8l hailo8r hailo15h hailo15m hailo15l hailo10h" -- "$cur")
		return
		;;
	hn,--hw-arch)
		mapfile -t COMPREPLY < <(compgen -W "hailo8 hailo8l hailo8r hailo15h hailo15m hailo15l hailo10h" -- "$cur")
		return
		;;
	hn-alloc,--hw-arch|hn-alloc,-a)
		mapfile -t COMPREPLY < <(compgen -W "hailo8 hailo8l hailo8r hailo15h hailo15m hailo15l hailo10h" -- "$cur")
		return
		;;
	hn-infer,--context|hn-infer,-c)
		mapfile -t COMPREPLY < <(compgen -W "native fp_optimized quantized bit_exact" -- "$cur")
		return
		;;
	hn-quantize,--hw-arch)
		mapfile -t COMPREPLY < <(compgen -W "hailo8 hailo8l hailo8r hailo15h hailo15m hailo15l hailo10h" -- "$cur")
		return
		;;
	hn2hef,--hw-arch|hn2hef,-a)
		mapfile -t COMPREPLY < <(compgen -W "hailo8 hailo8l hailo8r hailo15h hailo15m hailo15l hailo10h" -- "$cur")
		return
		;;
	onnx2hn,--hw-arch)
		mapfile -t COMPREPLY < <(compgen -W "hailo8 hailo8l hailo8r hailo15h hailo15m hailo15l hailo10h" -- "$cur")
		return
		;;
	tf2hn,--hw-arch)
		mapfile -t COMPREPLY < <(compgen -W "hailo8 hailo8l hailo8r hailo15h hailo15m hailo15l hailo10h" -- "$cur")
		return
		;;
	tflite2hn,--hw-arch)
		mapfile -t COMPREPLY < <(compgen -W "hailo8 hailo8l hailo8r hailo15h hailo15m hailo15l hailo10h" -- "$cur")
		return
		;;
	esac
	case ${COMP_WORDS[0]##*/} in
	alls-check) opts="-m --model --json --print --list -i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	har-pack) opts="-t --list --info -x --extract -m --member --auto-model-script-path --hn --npz --add -z --gzip --zstd --compilation-only -w --weights -i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	hef-run) opts=" --in --raw --batch --data-count --group --labels --top --timing --check --info --parse-streams --parse-vstreams -i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	hn) opts=" --net-name --har-path --hw-arch --start-node-names --end-node-names --tensor-shapes --input-format --augmented-path --parsing-report-path --compare -y --disable-onnx-simplifier --disable-rt-metadata-extraction --hw-arch --calib-set-path --use-random-calib-set --model-script --output-har-path --full-precision-only --compilation-only-har --work-dir --hw-arch --output-dir --output-har-path --model-script --auto-model-script --data-path --batch-size --data-count --analyze-mode --no-browser --auto-model-script-path -h --help --version" ;;
	hn-alloc) opts="-a --hw-arch -s --model-script --numbers --keep-best --report --svg -i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	hn-compare) opts=" --in --seed --range --data-count --fail-above --worst-first --json --start-node-names --end-node-names --net-input-shapes --net-input-format -i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	hn-dot) opts=" --dot -m --member -i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	hn-fix) opts="-c --calib-set --data -n --data-count --labels -s --model-script -m --analyze-mode --tries --gain --target --har -i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	hn-infer) opts="-c --context --in --layers --raw --batch --data-count --labels --top --bench --custom-infer-config -w --weights -i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	hn-noise) opts="-c --data --random -m --analyze-mode --resize --crop -n --data-count -b --batch-size --json --har --fail-below -i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	hn-normalize) opts="-s --model-script --list-passes --hn --npz -w --weights -i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	hn-params) opts="-i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	hn-quantize) opts="-c --calib-set -s --model-script --random-calib -n --calibset-size --resize --crop -b --batch-size --bias-mode --no-equalization --optimization-level --compression-level --hw-arch --stats --stats-out -i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	hn-stat) opts="-c --calib-set -s --model-script --random-calib --from -n --calibset-size --resize --crop -b --batch-size --histograms -i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	hn2hef) opts="-a --hw-arch --har -i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	onnx2hn) opts=" --net-name --start-node-names --end-node-names --net-input-shapes --net-input-format --hw-arch --hn --npz --no-weights --report --augmented-path --save-original -y --yes -i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	tf2hn) opts=" --signature --tag --net-name --start-node-names --end-node-names --net-input-shapes --net-input-format --hw-arch --hn --npz --no-weights --report --augmented-path --save-original -y --yes -i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	tflite2hn) opts=" --net-name --start-node-names --end-node-names --net-input-shapes --net-input-format --hw-arch --hn --npz --no-weights --report --augmented-path --save-original -y --yes -i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	translate-dataset) opts="-t --to -s --standard --mean -i --input -o --output -j --jobs -q --quiet -v --verbose -h --help --version" ;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$opts" -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}
complete -o filenames -F _hntools alls-check har-pack hef-run hn hn-alloc hn-compare hn-dot hn-fix hn-infer hn-noise hn-normalize hn-params hn-quantize hn-stat hn2hef onnx2hn tf2hn tflite2hn translate-dataset
