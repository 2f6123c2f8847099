#!/bin/sh
# The same bytes of every output for 1, 2 and 4 threads, of every command that computes; a manifest aside from what it
# says of its own run. On 2,000 texts made here, and on the stories where WINNOW_DATA has them.
. "$(dirname "$0")/tap.sh"
data=${WINNOW_DATA:-$root/../shared/data}
case $data in /*) ;; *) data=$root/$data ;; esac

awk 'BEGIN { srand(3); for (i = 0; i < 2000; i++) {
    t = ""; n = 5 + int(rand() * 20)
    for (j = 0; j < n; j++) t = t sprintf("w%d ", int(rand() * rand() * 1500) + (i % 5) * 200)
    if (i % 50 == 49) t = last
    last = t
    printf "{\"id\":\"r%d\",\"text\":\"%s\",\"label\":\"%d\"}\n", i, t, i % 5 } }' >in.jsonl

# The bytes of an output, folder or file.
bytes() {
    if [ -d "$1" ]; then
        for f in "$1"/*; do
            case $f in
            */manifest.json) echo "manifest.json $(sed '/"this_run"/,$d' "$f" | sha256sum)" ;;
            *) echo "${f##*/} $(sha256sum <"$f")" ;;
            esac
        done
    else
        sha256sum <"$1"
    fi
}

# alike ARGS: one output for each number of threads, compared
alike() {
    first=
    for threads in 1 2 4; do
        rm -rf x
        try "$@" -q -j $threads -o x
        if [ "$code" -ne 0 ]; then
            ok 1 "$* -j $threads: $(cat "$err")"
            return
        fi
        bytes x >"$work/.bytes"
        if [ -z "$first" ]; then
            mv "$work/.bytes" "$work/.first"
            first=yes
        else
            cmp -s "$work/.first" "$work/.bytes"
            ok $? "$*: the bytes of 1 thread with $threads"
            diff "$work/.first" "$work/.bytes" | note
        fi
    done
}

alike run in.jsonl --id-field id --label-field label -k 10%
alike run in.jsonl -k 10% --objective facility-location --dedup 0.9
alike run in.jsonl -k 10% --similarity cosine --lambda 5 --maximizer dense --order rank --annotate
alike run in.jsonl -k 10% --maximizer random-greedy
alike run in.jsonl -k 10% --sums sampled --sum-rows 100
alike run in.jsonl -k 10% --objective facility-location --maximizer stochastic --epsilon .05
alike run in.jsonl -k 5% --encoder doc2vec --epochs 2 --min-count 2
alike embed in.jsonl --dims 40
alike embed in.jsonl --encoder doc2vec --doc2vec-mode dbow --epochs 2 --min-count 2 --dims 24
alike dedup in.jsonl --dedup 0.8
"$W" embed in.jsonl --dims 40 -q -o in.h5ad
alike graph in.h5ad -K 20
alike dedup in.h5ad --dedup 0.8
alike select in.h5ad -k 100
alike select in.h5ad -k 100 --objective facility-location
alike select in.h5ad -k 100 --similarity dot --lambda 3
alike select in.h5ad -k 100 --similarity dot

if [ -d "$data/story_cloze" ]; then
    set -- "$data"/story_cloze/*.csv
    fields=
    for i in 1 2 3 4; do fields="$fields --text-field InputSentence$i"; done
    alike run "$@" $fields --id-field InputStoryid -k 10%
    alike run "$@" $fields --id-field InputStoryid -k 10% --objective facility-location --dedup 0.95
else
    skip "the stories" "WINNOW_DATA has no story_cloze"
fi
finish
