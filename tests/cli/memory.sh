#!/bin/sh
# --memory is a promise: whatever the input, the peak stays below it and 64 MiB for program, libraries and stacks, or
# the command stops before with exit code 4 and one line. The inputs are those whose size a first guess cannot tell.
. "$(dirname "$0")/tap.sh"
P=$(python_with resource)
if [ -z "$P" ]; then P=$(command -v python3 || true); fi
if [ -z "$P" ]; then
    echo "1..0 # SKIP no Python to measure with"
    exit 0
fi

# measure MIB ARGS: leaves $code, $err and $peak (MiB)
measure() {
    promise=$1
    shift
    "$P" -c 'import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
child.returncode = 0
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss // 1024)' "$W" "$@" -q -f -M "${promise}M" >"$out" 2>"$err"
    code=$(cut -d' ' -f1 "$out")
    peak=$(cut -d' ' -f2 "$out")
}

# keeps NAME MIB WANT ARGS: ends with code WANT, within the promise
keeps() {
    name=$1 want=$3
    shift
    limit=$1
    shift 2
    measure "$limit" "$@"
    is "$code" "$want" "$name, $limit MiB: exit code"
    is "$([ "$peak" -le $((limit + 64)) ] && echo kept || echo "$peak MiB")" kept "$name, $limit MiB: peak"
    [ "$want" -eq 4 ] || return 0
    is "$(wc -l <"$err")" 1 "$name, $limit MiB: one line"
    case $(cat "$err") in
    *"--memory allows"*"Try a larger --memory"*) ok 0 "$name, $limit MiB: says budget and remedy" ;;
    *) ok 1 "$name, $limit MiB: says budget and remedy"; note "$err" ;;
    esac
}

# 150,000 words, each in two of few texts: more than the length of the texts lets one guess
awk 'BEGIN { for (i = 0; i < 20000; i++) { s = ""
    for (j = 0; j < 15; j++) s = s sprintf("w%d ", (i * 15 + j) % 150000); print s } }' >vocab.txt
keeps "many words, lsa" 120 4 embed vocab.txt --lsa-features words-only --dims 128 -o v.h5ad
has "$err" "factorising 150000 words" "what does not fit is said once words are counted"
keeps "many words, lsa" 600 0 embed vocab.txt --lsa-features words-only --dims 128 -o v.h5ad
keeps "many words and pieces" 500 4 embed vocab.txt -o v.h5ad
keeps "many words and pieces" 1000 0 embed vocab.txt -f -o v.h5ad
keeps "many words, doc2vec" 150 4 embed vocab.txt --encoder doc2vec --min-count 1 --epochs 1 -o v2.h5ad
# an encoder of many words that is loaded: no more is asked for than it takes
for encoder in lsa doc2vec; do
    words="--min-df 1"
    [ $encoder = lsa ] && words="$words --lsa-features words-only" || words="--min-count 1 --epochs 1"
    # shellcheck disable=SC2086 # words of a command
    "$W" embed vocab.txt --encoder $encoder $words --dims 20 --save-encoder $encoder.enc -q -f -o v3.h5ad 2>"$err"
    keeps "a loaded $encoder" 40 4 embed vocab.txt --limit 100 --encoder $encoder --load-encoder $encoder.enc -o v3.h5ad
    keeps "a loaded $encoder" 70 0 embed vocab.txt --limit 100 --encoder $encoder --load-encoder $encoder.enc -o v3.h5ad
done
rm -f ./*.enc

# short records in a small file: the index of rows is many times the file
yes '{"text":"a"}' | head -3000000 | gzip -1 >rows.jsonl.gz
keeps "many rows in gzip" 40 4 run rows.jsonl.gz -k 5 -o r
has "$err" "rows.jsonl.gz: after " "how far the reading came is said"
keeps "many rows in gzip, dedup" 40 4 dedup rows.jsonl.gz -o r

# texts count as well: they may all become resident
yes "a line of text that goes on for a while, again and again" | head -2000000 >long.txt
keeps "many bytes" 60 4 dedup long.txt -o d

# a matrix with long ids: the process that reads the file and the command have them both for a while
awk 'BEGIN { s = "x"; while (length(s) < 65536) s = s s
    for (i = 0; i < 800; i++) printf "{\"id\":\"%d%s\",\"text\":\"a%d b%d\"}\n", i, s, i % 50, i % 70 }' >ids.jsonl
keeps "long ids, embed" 250 0 embed ids.jsonl --id-field id --dims 8 -o ids.h5ad
keeps "long ids in hdf5" 100 4 select ids.h5ad -k 5 --objective random -o s
keeps "long ids in hdf5" 400 0 select ids.h5ad -k 5 --objective random -o s
keeps "a matrix has no --limit" 20 4 graph ids.h5ad -K 5 -o g.h5ad
is "$(grep -c -e --limit "$err")" 0 "a matrix has no --limit: nor is it offered"

# training: a batch takes what its longest texts take, the model four times its weights
data=${WINNOW_DATA:-../shared/data}
case $data in /*) ;; *) data=$root/$data ;; esac
M=$data/models/tiny-random-bert
if [ -f "$M/config.json" ]; then
    awk 'BEGIN { for (i = 0; i < 300; i++) { s = ""
        for (j = 0; j < 20 + i % 7 * 30; j++) s = s "stone "
        printf "{\"text\": \"%s\", \"label\": %d}\n", s, i % 2 } }' >long.jsonl
    keeps "train" 60 4 train long.jsonl --model "$M" --task classify --label-field label --epochs 1 -o t
    keeps "train" 200 0 train long.jsonl --model "$M" --task classify --label-field label --epochs 1 -o t
    keeps "a large batch" 100 4 train long.jsonl --model "$M" --task classify --label-field label --batch 300 -o t
    keeps "score" 60 4 score t long.jsonl --label-field label
    keeps "score" 150 0 score t long.jsonl --label-field label
else
    skip "train and score" "no model: $M (WINNOW_DATA names the folder of test data)"
fi

# an input without end stops by itself
yes | {
    "$P" -c 'import subprocess, sys
try: sys.exit(subprocess.run(sys.argv[1:], timeout=60).returncode)
except subprocess.TimeoutExpired: sys.exit(99)' "$W" run - --format txt -k 5 -q -M 40M -o e 2>"$err"
    echo $? >.code
}
is "$(cat .code)" 4 "a pipe without end: exit code"
has "$err" "standard input: after " "a pipe without end: says how far it came"
is "$(find . -name e)" "" "a pipe without end: nothing is written"
finish
