#!/bin/sh
# Every call that writes fails once, for every command that writes: it ends with code 1 and one line, the earlier output
# stays as it was, and nothing else is left. Interrupted and short writes do not show at all. faults.c makes the faults.
# FAULT_STEP=7 tries every seventh call only (1).
. "$(dirname "$0")/tap.sh"
module=${WINNOW_FAULTS:-}
apart=${FAULT_STEP:-1}
[ -n "$module" ] || { skip "faults" "WINNOW_FAULTS names no module"; finish; }
echo 'leak:libhdf5' >"$work/lsan.supp" # it forgets memory of its own where closing a file fails
ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0
LSAN_OPTIONS=suppressions=$work/lsan.supp:print_suppressions=0
export ASAN_OPTIONS LSAN_OPTIONS

awk 'BEGIN { srand(5); for (i = 0; i < 40; i++) {
    t = ""; for (j = 0; j < 9; j++) t = t sprintf("w%d ", int(rand() * rand() * 60))
    printf "{\"id\":\"r%d\",\"text\":\"%s\",\"label\":\"%d\"}\n", i, t, i % 3 } }' >"$work/in.jsonl"
in=$work/in.jsonl
"$W" embed "$in" --id-field id --dims 8 -q -o "$work/in.h5ad"
mat=$work/in.h5ad

# faulty KIND AT ARGS: leaves $code, $out, $err and, where a call failed, $work/log
faulty() {
    rm -rf "$work/log" .x.winnow.cells
    kind=$1 at=$2
    shift 2
    env LD_PRELOAD="$module" FAULT_KIND="$kind" FAULT_AT="$at" FAULT_LOG="$work/log" \
        "$W" "$@" -q >"$out" 2>"$err" </dev/null
    code=$?
}

# What stands here, but for the cells that a comparison keeps to go on from.
standing() { ls -A | grep -v '^\.x\.winnow\.cells$' | tr '\n' ' '; }

# same A B: equal files or folders; a manifest only as far as it does not tell of times; of a comparison, whose
# other files do, the subsets
same() {
    if [ ! -d "$1" ]; then
        cmp -s "$1" "$2"
        return
    fi
    [ "$(ls -A "$1")" = "$(ls -A "$2")" ] || return 1
    for f in "$1"/*; do
        case $f in
        */manifest.json)
            [ ! -e "$1/subsets.jsonl" ] || continue # it names the sums of the others
            sed '/"this_run"/,$d' "$f" >"$work/.m1"
            sed '/"this_run"/,$d' "$2/manifest.json" | cmp -s "$work/.m1" - || return 1
            ;;
        */results.* | */summary.json | */report.html | */SHA256SUMS)
            [ -e "$1/subsets.jsonl" ] || cmp -s "$f" "$2/${f##*/}" || return 1 ;;
        *) cmp -s "$f" "$2/${f##*/}" || return 1 ;;
        esac
    done
    "$W" check "$1" >/dev/null 2>&1 || [ ! -e "$1/subsets.jsonl" ]
}

# sweep KIND STEP FIRST BEFORE ARGS: each STEPth call of one command from the FIRST on; BEFORE: what stood there (- for
# nothing)
sweep() {
    kind=$1 step=$2 call=$3 before=$4
    shift 4
    faults=0 bad=0
    rm -rf ./*
    [ "$before" = - ] || cp -r "$before" x
    there=$(standing)
    while :; do
        faulty "$kind" "$call" "$@" -o x
        [ -e "$work/log" ] || break
        faults=$((faults + 1))
        why=
        if [ "$code" -eq 0 ]; then
            same x "$work/whole" && [ "$(standing)" = "x " ] || why="it says that all is well, and x is not whole"
            rm -rf x
            [ "$before" = - ] || cp -r "$before" x
        else
            [ "$code" -eq 1 ] || why="exit code $code"
            [ "$(wc -l <"$err")" -eq 1 ] || why="$why; not one line"
            case $(cat "$err") in "winnow $1: "?*) ;; *) why="$why; no message of its own" ;; esac
            [ ! -s "$out" ] || why="$why; something was printed"
            [ "$(standing)" = "$there" ] || why="$why; left: $(standing)"
            [ "$before" = - ] || same x "$before" || why="$why; the earlier output is not what it was"
        fi
        if [ -n "$why" ]; then
            bad=$((bad + 1))
            { echo "$kind at call $call ($(tr '\n' ' ' <"$work/log")): $why"; head -3 "$err"; } | note
            rm -rf ./* ./.x.*
            [ "$before" = - ] || cp -r "$before" x
        fi
        call=$((call + step))
        [ "$call" -lt 3000 ] || break
    done
    [ "$before" = - ] && what="nothing there before" || what="an earlier output there"
    is "$bad" 0 "$1: $kind at $faults calls, $what: $2 ..."
    [ "$faults" -gt 0 ] && [ "$code" -eq 0 ] && same x "$work/whole"
    ok $? "$1: and without a fault the output is whole"
}

# every OPTION ARGS: all kinds of fault; OPTION makes another output, to stand there before
every() {
    option=$1
    shift
    rm -rf ./* "$work/whole" "$work/old"
    "$W" "$@" -q -o "$work/whole" && "$W" "$@" $option -q -o "$work/old"
    is $? 0 "$1: undisturbed"
    sweep eio "$apart" 1 - "$@"
    last=$((call > 25 + apart ? call - 25 - apart : 1)) # what was there is not touched before the end
    sweep enospc $((apart * 3)) 1 - "$@" # it takes the ways that eio takes, to another message
    sweep eio "$apart" "$last" "$work/old" "$@" -f
    for kind in eintr short; do
        rm -rf x
        faulty "$kind" 0 "$@" -o x
        is "$code$(cat "$err")" 0 "$1: $kind is no failure"
        same x "$work/whole"
        ok $? "$1: and the bytes are the same"
        [ "$kind" = short ] || [ -s "$work/log" ]
        ok $? "$1: calls were interrupted"
    done
    rm -rf x && cp -r "$work/old" x
    faulty plain-rename 0 "$@" -f -o x
    is "$code$(cat "$err")$(ls -A)" 0x "$1: replaces an output where the file system only knows rename"
    same x "$work/whole"
    ok $? "$1: and it is whole"
}

# the like for a command that shares most of its calls with one of every()
some() {
    apart=$((apart * 3))
    every "$@"
    apart=$((apart / 3))
}

every "-k 3" run "$in" --id-field id --label-field label --dims 8 --min-df 1 -k 7
some "--dims 4" embed "$in" --id-field id --dims 8 --min-df 1
every "--seed 2" compare "$in" --test 25% --label-field label --dims 8 --min-df 1 --budgets 5 --seeds 1 -j 1
some "--id-field id" dedup "$in"
some "--dedup 0.2" dedup "$mat" --dedup 0.5
every "-K 3" graph "$mat" -K 5
some "-K 3" graph "$mat" -K 5 --export ann-benchmarks
some "-k 3" run "$in" --id-field id --embeddings "$mat" -k 7
some "-k 3" select "$mat" -k 6 --no-records --objective facility-location
every "-k 3" select "$mat" -k 6 # with the records that it names

# training: without checkpoints as any output; with them, whatever fails, the last one stays and goes on to the same
data=${WINNOW_DATA:-../shared/data}
case $data in /*) ;; *) data=$root/$data ;; esac
M=$data/models/tiny-random-bert
if [ -f "$M/config.json" ]; then
    T="$in --model $M --task classify --label-field label --epochs 1 --batch 8"
    every "--seed 2" train $T
    for kind in eio enospc; do
        call=1 bad=0 step=$apart
        [ $kind = eio ] || step=$((apart * 3))
        while :; do
            rm -rf ./* .x*
            faulty $kind $call train $T --checkpoint-every 2 --log steps -o x
            [ -e "$work/log" ] || break
            if [ "$code" -ne 0 ]; then
                [ "$code$(wc -l <"$err")" = 11 ] && [ ! -e x ] || { bad=$((bad + 1)); note "$err"; }
                "$W" train $T --checkpoint-every 2 --log steps -o x -q --resume 2>"$err" || bad=$((bad + 1))
            fi
            cmp -s x/model.safetensors "$work/whole/model.safetensors" || { bad=$((bad + 1)); note "$err"; }
            [ "$(wc -l <steps)$(ls -A | tr '\n' ' ')" = "5steps x " ] || { bad=$((bad + 1)); ls -A | note; }
            call=$((call + step))
            [ "$call" -lt 3000 ] || break
        done
        is "$bad" 0 "train with checkpoints and a log: $kind at calls to $((call - 1)), then --resume"
    done
    call=1 bad=0
    rm -rf ./*
    "$W" score "$work/whole" "$in" --label-field label --predictions p --metrics m.json -q >"$work/printed"
    sum=$(cat p m.json | cksum)
    while :; do
        faulty eio $call score "$work/whole" "$in" --label-field label --predictions p --metrics m.json -f
        [ -e "$work/log" ] || break
        [ "$code" -eq 0 ] || [ "$code$(wc -l <"$err")" = 11 ] || { bad=$((bad + 1)); note "$err"; }
        [ "$(cat p m.json | cksum)$(ls -A | tr '\n' ' ')" = "${sum}m.json p " ] || bad=$((bad + 1))
        call=$((call + apart))
    done
    is "$bad$(cmp "$out" "$work/printed")" 0 "score: eio at each of $((call - 1)) calls"
else
    skip "faults of train and score" "no model: $M (WINNOW_DATA names the folder of test data)"
fi

# temporaries beside the output: chosen records in order of rank, standard input that is read twice
for args in "$in --order rank" "- --format jsonl"; do
    rm -rf ./*
    bad=0 call=1
    while :; do
        rm -f "$work/log"
        env LD_PRELOAD="$module" FAULT_KIND=eio FAULT_AT=$call FAULT_LOG="$work/log" \
            "$W" run $args --dims 8 --min-df 1 \
            -k 5 -q -o x >"$out" 2>"$err" <"$in"
        code=$?
        [ -e "$work/log" ] || break
        [ "$code" -eq 0 ] || [ "$code$(ls -A)$(wc -l <"$err")" = 11 ] || { bad=$((bad + 1)); note "$err"; }
        [ "$code" -ne 0 ] || \
            [ "$(cat x/subset.jsonl x/rest.jsonl | sort | cksum)" = "$(sort "$in" | cksum)" ] || bad=$((bad + 1))
        rm -rf x
        call=$((call + apart))
    done
    is "$code $bad" "0 0" "run $args: eio at each of $((call - 1)) calls"
done

# a device is no place for a file that appears whole or not at all
mkfifo pipe
try embed "$in" -f -o pipe
want="2winnow embed: -o pipe is a device or a pipe; only a file can appear whole or not at all [winnow embed --help]"
is "$code$(cat "$err")$(ls -A | tr '\n' ' ')" "${want}pipe x " "-f does not replace a device"
finish
