#!/bin/sh
# --config OUT/manifest.json repeats a run; what info says of a folder and of records; no file is overwritten by
# mistake.
. "$(dirname "$0")/tap.sh"
awk 'BEGIN { for (i = 0; i < 90; i++)
    printf "{\"id\":\"r%d\",\"text\":\"w%d w%d w%d\",\"size\":%d,\"label\":\"l%d\",\"n\":%d}\n", i, i % 7, i % 11,
        i % 13, 7 + i % 60, i % 2, i * 7 % 9 }' >in.jsonl
"$W" embed in.jsonl --id-field id --dims 8 -q -o in.h5ad
head -20 in.jsonl >has.jsonl
"$W" embed has.jsonl --dims 8 -q -o has.h5ad
printf 'r3\nr5\n' >keep

# same A B NAME: all files are equal but manifest.json, and that is but for its timings
same() {
    different=
    for f in "$1"/*; do
        case $f in */manifest.json) continue ;; esac
        cmp -s "$f" "$2/${f##*/}" || different="$different ${f##*/}"
    done
    sed '/"this_run"/,$d' "$1/manifest.json" >"$work/.a"
    sed '/"this_run"/,$d' "$2/manifest.json" | cmp -s - "$work/.a" || different="$different manifest.json"
    is "$different" "" "$3"
}
again() {
    name=$1 command=$2
    shift 2
    rm -rf a b
    try "$command" "$@" -q -o a
    is "$code$(cat "$err")" 0 "$name"
    try "$command" --config a/manifest.json -q -o b
    is "$code$(cat "$err")" 0 "$name: again from its manifest"
    same a b "$name: the same bytes"
}
again "plain" run in.jsonl -k 9
again "with options" run in.jsonl -k 15% --id-field id --label-field label --lambda 0.1 --similarity cosine --dims 8 \
    --keep keep --order rank --annotate --dedup 0.97 --limit 80
again "a seed beyond 2^53" run in.jsonl -k 9 --seed 18446744073709551615 --objective facility-location -K 7
again "several fields, two files" run in.jsonl in.jsonl -k 9 --text-field text --text-field id
again "another encoder" run in.jsonl -k 5 --encoder doc2vec --min-count 1 --epochs 2 --dims 8 --hierarchical \
    --negative 0
again "a preset" run in.jsonl -k 5 --preset paper
try run in.jsonl -k 9 --maximizer none -o x
for word in $(sed 's/.*do: want //; s/ \[.*//; s/,//g' "$err"); do
    again "--maximizer $word" run in.jsonl -k 9 --seed 3 --maximizer "$word"
done
again "the sample of stochastic" run in.jsonl -k 9 --maximizer stochastic --epsilon .6
again "a saturation" run in.jsonl -k 9 --objective saturated-coverage --saturation .4
again "sums from a sample" run in.jsonl -k 9 --sums sampled --sum-rows 30 --seed 5
again "a quota that is the default of another objective" run in.jsonl -k 9 --label-field label --quota sqrt \
    --objective graph-cut
again "groups" run in.jsonl -k 9 --group-field label --per-group 6 --label-field label --labels ignore
again "a budget without k" run in.jsonl --budget 20% --cost characters --cost-power .5 --objective facility-location
again "costs of a field" run in.jsonl --budget 900 --cost-field size -k 30 --max-similarity .7
"$W" run in.jsonl -k 5 -q -o began
again "a choice that goes on" run in.jsonl -k 9 --start-from began
again "rows that one has" select in.h5ad -k 7 --against has.h5ad --against in.h5ad
again "a mixture" run in.jsonl -k 9 --objective mixture --mix graph-cut=1,log-determinant=.25 --mix disparity-min=2 \
    --lambda .5
again "values and weights" run in.jsonl -k 9 --objective facility-location --value-field n --value-weight -.5 \
    --weight-field n
again "values apart" run in.jsonl -k 9 --objective by-value --value-field n --apart .8
again "balls" run in.jsonl -k 9 --objective facility-location --similarity ball --radius .7
for preset in maxherding typiclust probcover; do
    again "--preset $preset" run in.jsonl -k 9 --seed 2 --preset "$preset"
done
again "--preset deita" run in.jsonl -k 9 --preset deita --value-field n
again "kmeans" run in.jsonl -k 9 --objective kmeans --seed 7
again "parts" run in.jsonl -k 9 --partitions 3 --partition-by order
again "select, with the records that the matrix names" select in.h5ad -k 7 --gamma 2.5
is "$(cat b/subset.jsonl b/rest.jsonl | wc -l)" 90 "which are there both times"
again "select without them" select in.h5ad -k 7 --no-records
again "select --records" select in.h5ad -k 7 --records in.jsonl --order rank --annotate
again "run --embeddings" run in.jsonl --id-field id --embeddings in.h5ad -k 7 --dedup 0.97
again "dedup" dedup in.jsonl --dedup 0.9 --dims 8
again "dedup of a matrix" dedup in.h5ad --dedup 0.9
rm -rf a b
"$W" run in.jsonl -k 9 -q -o a
try run --config a/manifest.json -k 4 -q -o b
is "$code$(wc -l <b/subset.jsonl)" 04 "the command line wins over the manifest"
head -50 in.jsonl >part.jsonl
try run part.jsonl --config a/manifest.json -q -f -o b
is "$code$(cat b/subset.jsonl b/rest.jsonl | wc -l)" 050 "inputs of the command line replace those of the manifest"
for command in "run -k 5" dedup; do
    cp in.jsonl r.jsonl
    # shellcheck disable=SC2086 # words of a command
    "$W" $command r.jsonl -q -f -o r
    try ${command%% *} --config r/manifest.json -f -o again
    is "$code$(grep "another SHA-256" "$err")" 0 "${command%% *}: what was read is there again: no note"
    echo '{"text":"another"}' >>r.jsonl
    try ${command%% *} --config r/manifest.json -f -o again
    has "$err" "note: r.jsonl is not what the run read that is repeated (another SHA-256)" "it is not: a note"
    rm -rf r again r.jsonl
done
refused "the manifest of another command" 2 "select: a/manifest.json: is of winnow run, not of winnow select" \
    select --config a/manifest.json -o c
echo '{"a":1}' >other.json
refused "some other JSON" 2 "run: other.json: a JSON object, but not a manifest.json that winnow wrote" \
    run --config other.json -o c
echo '{"config":{"command":"run","gama":3}}' >other.json
refused "an option that is none" 2 "run: other.json: unknown option gama (did you mean gamma?)" \
    run --config other.json -o c

# ---- info is a summary ----
try info a
is "$code" 0 "info of a folder"
has "$out" "a: 9 of 90 chosen" "it says how many"
has "$out" "command: winnow run in.jsonl -k 9" "and by which command"
has "$out" "input: in.jsonl, 90 records" "from what"
has "$out" "chosen by: graph-cut, rbf, gamma" "and how"
[ "$(wc -l <"$out")" -le 15 ]
ok $? "in a few lines"
printf 'title,body,n\nA,"one, two",1\nB,three,\n' >t.csv
try info t.csv
is "$code" 0 "info of records without a field text"
has "$out" 'body: in 2 of 2, like "one, two"' "it lists the fields with an example"
has "$out" "n: in 1 of 2" "and how many records have them"
has "$out" '--text-field NAME says which one holds it' "and says how to name the text"
try info in.jsonl
has "$out" 'label: in 90 of 90, a string, like "l0"' "fields of jsonl"
has "$out" "  text: " "and the lengths of texts"
refused "info of a field that is not there" 3 'info: t.csv:1: missing field "words"' info t.csv --text-field words

# ---- nothing of ours is overwritten by mistake ----
refused "--html is a file of the folder" 2 "report: --html a/subset.jsonl is subset.jsonl of a, which is no page" \
    report a --html a/subset.jsonl -f
ln a/manifest.json hard.html
refused "--html is one of them by another name" 2 "report: --html hard.html is manifest.json of a" \
    report a --html hard.html -f
refused "--html is the input" 2 "report: --html in.jsonl is an input of a" report a --html in.jsonl -f
try report a --html a/report.html -f
is "$code" 0 "--html may be the folder's page"
refused "-o -" 2 "run: -o - would be standard output" run in.jsonl -k 3 -o -
refused "--html -" 2 "report: --html - would be standard output" report a --html -
finish
