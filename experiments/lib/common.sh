# Sourced by the run script of every folder beside this one: options, places, and steps that are done once.
# A run script sets `here`, sources this file with its arguments, and then has: $winnow, $model, $data (WINNOW_DATA),
# $out, $python (any Python 3), $size (full, quick or smoke), and the functions below.
set -euo pipefail
# shellcheck disable=SC2034
lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$lib/../.." && pwd)
name=$(basename "$here")
winnow=${WINNOW:-winnow} python=${PYTHON:-python3} data=${WINNOW_DATA:-}
model=all-MiniLM-L6-v2 out= cells= size=full dry=

usage() {
    cat <<TEXT
Usage: experiments/$name/run [--quick] [--model DIR|NAME] [--out DIR] [--cells FILE] [--dry-run]
  --quick      a small part of it, in minutes
  --model M    any checkpoint that winnow opens (default: $model)
  --out DIR    where everything is written (default: build/experiments/$name, or $name.quick); what is there is not
               done again
  --cells FILE what trainings of the same run came to elsewhere (lib/cells.py pack): they are not done again
  --dry-run    print the commands
Environment: WINNOW (the command; default winnow), WINNOW_DATA (the data sets), PYTHON (default python3),
EXPERIMENT_PYTHON (one that has the packages a reference needs; without it a virtual environment is made).
TEXT
}

while [ $# -gt 0 ]; do
    case $1 in
    --quick) size=quick ;;
    --smoke) size=smoke ;; # a few rows, for the tests
    --dry-run) dry=1 ;;
    --model) model=${2:?--model needs a name} && shift ;;
    --out) out=${2:?--out needs a folder} && shift ;;
    --cells) cells=$(realpath "${2:?--cells needs a file}") && shift ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac
    shift
done
case $winnow in */*) winnow=$(cd "$(dirname "$winnow")" && pwd)/$(basename "$winnow") ;; esac
[ ! -d "$model" ] || model=$(cd "$model" && pwd)
if [ -z "$out" ]; then out=$top/build/experiments/$name; [ $size = full ] || out=$out.$size; fi
[ -n "$dry" ] || mkdir -p "$out"
[ ! -d "$out" ] || cd "$out" # every path below is short, and the manifests hold nothing of this machine

# A folder is of one size and one model: parts of different ones would end up in one table.
if [ -z "$dry" ]; then
    [ -e settings ] || echo "$size, $model" >settings
    if [ "$(cat settings)" != "$size, $model" ]; then
        echo "$name: $out is of another run: $(cat settings); choose another --out" >&2
        exit 2
    fi
    [ -z "$cells" ] || "$python" "$lib/cells.py" unpack "$cells"
fi

# by_size FULL QUICK SMOKE: the one for this run
by_size() { case $size in full) echo "$1" ;; quick) echo "$2" ;; smoke) echo "$3" ;; esac; }

needs_data() { # needs_data FILE...: of WINNOW_DATA
    for file in "$@"; do
        [ -r "${data:?WINNOW_DATA must name the folder of the data sets}/$file" ] && continue
        echo "$name: $data/$file is not there" >&2
        exit 1
    done
}

say() { echo "$(date +%T) $*" >&2; }
show() { printf '%q ' "$@" && echo; }

# make_once OUTPUT COMMAND...: unless OUTPUT is there. The command writes it whole or not at all.
make_once() {
    local target=$1
    shift
    if [ -n "$dry" ]; then show "$@"; return; fi
    if [ -e "$target" ]; then return; fi
    say "$target"
    "$@"
}

# print_once OUTPUT COMMAND...: OUTPUT is what the command prints
print_once() {
    local target=$1
    shift
    if [ -n "$dry" ]; then echo "$(show "$@")> $target"; return; fi
    if [ -e "$target" ]; then return; fi
    say "$target"
    mkdir -p "$(dirname "$target")"
    "$@" >"$target.part" && mv "$target.part" "$target"
}

# prepare TARGET WHAT ARGS...: a file of prepare.py
prepare() { print_once "$1" "$python" "$lib/prepare.py" "${@:2}"; }

# fine_tune NAME TRAIN TEST [OPTION OF BOTH...] -- [OPTION OF TRAIN...]: trains, scores, and keeps NAME.metrics.json,
# NAME.train.json (the manifest), NAME.log.jsonl (the steps) and NAME.predictions.tsv; the model only where keep=1.
# A kill costs at most 25 steps: the next call goes on from the checkpoint.
fine_tune() {
    local run=$1 train=$2 test=$3 both=()
    shift 3
    while [ "$1" != -- ]; do both+=("$1") && shift; done
    shift
    if [ -s "$run.metrics.json" ] && { [ -z "${keep:-}" ] || [ -e "$run.model" ]; }; then return; fi
    mkdir -p "$(dirname "$run")"
    make_once "$run.model" "$winnow" train "$train" --model "$model" "${both[@]}" "$@" --log "$run.log.jsonl" \
        --checkpoint-every 25 --resume -q -o "$run.model"
    if [ -n "$dry" ]; then
        show "$winnow" score "$run.model" "$test" "${both[@]}" --metrics "$run.metrics.json"
        return
    fi
    cp "$run.model/manifest.json" "$run.train.json"
    local start
    start=$(date +%s%N)
    "$winnow" score "$run.model" "$test" "${both[@]}" --predictions "$run.predictions.tsv" --metrics "$run.scored" \
        -f -q >/dev/null
    echo "{\"score_ms\": $((($(date +%s%N) - start) / 1000000))}" >"$run.score.json"
    [ -n "${keep:-}" ] || rm -r "$run.model"
    mv "$run.scored" "$run.metrics.json"
}

# reference_python PACKAGE...: sets $reference to a Python that has them, or to nothing; in a smoke run none is made
reference_python() {
    reference=${EXPERIMENT_PYTHON:-}
    if [ -n "$dry" ]; then reference=python3; return; fi
    if [ -n "$reference" ] && "$reference" "$lib/has.py" "$@"; then return; fi
    reference=
    if [ "$size" = smoke ]; then say "no reference: EXPERIMENT_PYTHON lacks $*"; return; fi
    "$top/tools/python-venv" "$top/.cache/venv" "$@" >&2
    if "$top/.cache/venv/bin/python" "$lib/has.py" "$@"; then reference=$top/.cache/venv/bin/python; fi
}

# The folder of the model, for a program that does not find it by name.
model_folder() {
    if [ -d "$model" ] || [ -n "$dry" ]; then echo "$model"; return; fi
    "$winnow" info "$model" | sed -n '1s/: .*//p'
}
