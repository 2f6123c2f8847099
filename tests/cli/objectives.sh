#!/bin/sh
# Mixtures, values, weights, given similarities, balls, clusters, presets: what the command line makes of them.
. "$(dirname "$0")/tap.sh"
awk 'BEGIN { for (i = 0; i < 120; i++)
    printf "{\"id\":\"r%d\",\"text\":\"w%d w%d w%d x%d\",\"label\":\"l%d\",\"meta\":{\"score\":%g},\"times\":%d}\n", i,
        i % 7, i % 11, i % 13, i % 3, i % 2, i * 37 % 120 / 8, i % 3 }' >in.jsonl
"$W" embed in.jsonl --id-field id --dims 8 -q -o in.h5ad
rows() { cut -f2 "$1/selection.tsv" | tail -n +2 | tr '\n' ' '; } # ids in order of choice
says() { # NAME CODE TEXT ARGS...: is refused with that code, the message holds the text
    name=$1 want=$2 part=$3
    shift 3
    try "$@"
    is "$code" "$want" "$name: refused"
    has "$err" "$part" "$name: says why"
}
choose() { # words...: chooses 9 rows into a
    rm -rf a
    try select in.h5ad -k 9 "$@" -o a
    is "$code" 0 "$*"
}

# ---- mixtures ----
choose --objective facility-location
rows a >facility
choose --objective mixture --mix facility-location=3
is "$(rows a)" "$(cat facility)" "a mixture of one part has its picks"
choose --objective mixture --mix facility-location=1e-9,log-determinant=1
rows a >log
choose --objective log-determinant
is "$(rows a)" "$(cat log)" "a part of next to no weight has no say"
rm -rf a b
try select in.h5ad -k 9 --objective mixture --mix graph-cut=1,disparity-min=.5 --lambda 2 -o a
try select in.h5ad -k 9 --objective mixture --mix graph-cut=1 --mix disparity-min=0.5 --lambda 2 -o b
is "$(rows a)" "$(rows b)" "parts in one word or in several"
has "$err" "by mixture, rbf" "the summary says what was maximised"
has "$err" "1 graph-cut + 0.5 disparity-min, lambda 2" "and of what"
says "no parts" 2 "--objective mixture: of what?" select in.h5ad -k 9 --objective mixture -o x
says "parts without a mixture" 2 "--mix has no effect: it belongs to --objective mixture" \
    select in.h5ad -k 9 --mix graph-cut=1 -o x
for bad in graph-cut graph-cut=0 graph-cut=-1 graph-cut=x herding=1 mixture=1 none=1 graph-cut=1, =1 ''; do
    try select in.h5ad -k 9 --objective mixture --mix "$bad" -o x
    is "$code" 2 "--mix \"$bad\" is refused"
done
says "a part twice" 2 "--mix names graph-cut twice" \
    select in.h5ad -k 9 --objective mixture --mix graph-cut=1,graph-cut=2 -o x
for how in '' '--similarity rbf'; do
    # shellcheck disable=SC2086 # words of a command
    says "a part of another similarity $how" 2 \
        "--mix feature-based compares by cosine or dot, not by rbf: say --similarity cosine [" \
        select in.h5ad -k 9 --objective mixture --mix feature-based=1 $how -o x
done
choose --objective mixture --mix feature-based=1 --similarity cosine
says "what a file says is not left out" 2 "--objective kmeans compares by cosine, not by rbf: say --similarity cosine" \
    select in.h5ad --config b/manifest.json --objective kmeans -o x
says "a search that a part does not have" 2 "cannot be searched so: leave --maximizer lazy out" \
    select in.h5ad -k 9 --objective mixture --mix disparity-min=1 --maximizer lazy -o x

# ---- values ----
best() { # the ids of most value
    awk '{ match($0, /"id":"[^"]*"/); id = substr($0, RSTART + 6, RLENGTH - 7); match($0, /"score":[0-9.]*/)
        print substr($0, RSTART + 8, RLENGTH - 8), NR, id }' in.jsonl | sort -k1,1nr -k2,2n | head -9 | cut -d' ' -f3 |
        tr '\n' ' '
}
rm -rf a
try run in.jsonl -k 9 --id-field id --objective by-value --value-field meta.score -o a
is "$code" 0 "--objective by-value"
is "$(rows a)" "$(best)" "the rows of most value, in order"
rm -rf a
try run in.jsonl -k 9 --id-field id --objective facility-location --value-field meta.score --value-weight 1e6 -o a
is "$(rows a)" "$(best)" "values that outweigh all else"
rm -rf a
try run in.jsonl -k 9 --id-field id --objective facility-location --value-field meta.score --value-weight 0 -o a
try run in.jsonl -k 9 --id-field id --objective facility-location -o b -f
is "$(rows a)" "$(rows b)" "values that count nothing"
for graph in graph-cut saturated-coverage log-determinant disparity-min; do
    rm -rf a
    try run in.jsonl -k 9 --id-field id --objective $graph --value-field meta.score --value-weight 1e6 -o a
    is "$(rows a)" "$(best)" "$graph adds them, too"
done
rm -rf a
try run in.jsonl -k 9 --id-field id --label-field label --objective facility-location --value-field meta.score -o a
is "$code" 0 "with labels the verdict chooses anew, values and all"
has "$err" "verdict" "and says what it found"
{ echo 'id,text,v'; printf '%s\n' 'a,"river, stone
bird",1.5' 'b,"stone ""river"" bird",3' 'c,river bird bird,2'; } >t.csv
rm -rf a
try run t.csv -k 2 --id-field id --objective by-value --value-field v -o a
is "$code$(rows a)" "0b c " "values of a csv file with quoted line ends"
rm -rf a
cat t.csv | "$W" run - --format csv -k 2 --id-field id --objective by-value --value-field v -q -o a
is "$(rows a)" "b c " "of standard input, which is read once"
printf '{"text":"one two","v":1}\n{"text":"two one","v":[2]}\n' >list.jsonl
says "a list for a number" 3 'list.jsonl:2: field "v" (--value-field) is an array' \
    run list.jsonl -k 1 --objective by-value --value-field v -o x
printf '{"text":"one two","v":0}\n{"text":"two one","v":0}\n' >none.jsonl
says "no weight at all" 3 '--weight-field v: every row has 0' run none.jsonl -k 1 --weight-field v -o x
printf '{"text":"one two","v":1}\nbad\n{"text":"two one","v":3}\n{"text":"one two one","v":2}\n' >bad.jsonl
rm -rf a
try run bad.jsonl -k 2 --objective by-value --value-field v --on-error skip:skipped -o a
is "$code$(rows a)" "01 2 " "bad records that are skipped have none"
printf '{"text":"a","v":1}\n{"text":"b"}\n' >lacks.jsonl
says "a record without a value" 3 \
    'lacks.jsonl:2: no field "v" (--value-field), but a number from -1e+06 to 1e+06 is wanted in every record: give' \
    run lacks.jsonl -k 1 --objective by-value --value-field v -o x
printf '{"text":"a","v":1}\n{"text":"b","v":"much"}\n' >word.jsonl
says "a value that is none" 3 'word.jsonl:2: field "v" (--value-field) is much; a number' \
    run word.jsonl -k 1 --objective by-value --value-field v -o x
says "a field that no record has" 3 'in.jsonl:1: missing field "worth" (fields: ' \
    run in.jsonl -k 1 --objective by-value --value-field worth -o x
says "and who asks for it" 3 "). --weight-field asks for it: name one of these" \
    run in.jsonl -k 1 --weight-field worth -o x
says "a list of fields" 3 ". --value-field takes one field, not a list" \
    run in.jsonl -k 1 --value-field label,text --objective by-value -o x
says "a column that is not there" 3 "--value-field" run t.csv -k 1 --objective by-value --value-field w -o x
# of a matrix: the column of /obs, unless the records have such a field
by_sim() { # ARGS...: chooses 5 rows by what stands for the similarity to the nearest of nine, into b
    rm -rf b
    try "$@" -k 5 --objective by-value --value-field represented_sim -o b
    is "$code" 0 "$1 $2 by represented_sim"
}
rm -rf a
try run in.jsonl -k 9 --id-field id -o a
by_sim select a/selection.h5ad --no-records
rows b >column
awk '{ sub(/"times"/, "\"represented_sim\":" NR / 1000 ",\"times\""); print }' in.jsonl >both.jsonl
sed '1iid,text' in.jsonl | sed '2,$s/.*"id":\("[^"]*"\),"text":\("[^"]*"\).*/\1,\2/' >in.csv
for records in in.jsonl in.csv; do
    by_sim select a/selection.h5ad --records $records --id-field id
    is "$(rows b) $(grep -c r b/subset.*)" "$(cat column) 5" "a column that $records lacks, and its records are written"
done
refused "neither has it" 3 'select: in.jsonl:1: missing field "worth" (fields: ' \
    select in.h5ad -k 1 --value-field worth -o x
by_sim run in.jsonl --id-field id --embeddings a/selection.h5ad
is "$(rows b)" "$(cat column)" "the same of run"
by_sim select a/selection.h5ad --records both.jsonl --id-field id
is "$(rows b)" "r119 r118 r117 r116 r115 " "where both have it, the field of the records"
has "$err" "note: --value-field represented_sim: what the records say is taken, not the column" "which is said"
printf 'a\nb\n' >plain.txt
says "plain text" 2 "plain.txt: a txt file has no fields; leave --value-field out" \
    run plain.txt -k 1 --objective by-value --value-field v -o x
says "a matrix without such a column" 3 \
    'in.h5ad has no column "nothing" (--value-field); name its records with --records' \
    select in.h5ad --no-records -k 1 --objective by-value --value-field nothing -o x
says "value without values" 2 "name the field with --value-field" run in.jsonl -k 3 --objective by-value -o x
says "values of what has no gains" 2 "herding has no gains that values could be added to" \
    run in.jsonl -k 3 --objective herding --value-field meta.score -o x
says "values in parts" 2 "leave --value-field out" \
    run in.jsonl -k 9 --partitions 2 --value-field meta.score -o x
says "a weight of no values" 2 "--value-weight has no effect: it belongs to --value-field" \
    run in.jsonl -k 3 --value-weight 2 -o x
rm -rf a b
try run in.jsonl -k 9 --id-field id --value-field meta.score --objective facility-location -o a
try select a/selection.h5ad --records in.jsonl --id-field id -k 9 --value-field meta.score \
    --objective facility-location -o b
is "$code$(rows a)" "0$(rows b)" "select --records takes them from the records"

# ---- what is planned ----
try run in.jsonl -k 9 --id-field id --value-field meta.score --value-weight -2 --objective facility-location -n -o x
has "$out" "choose    9 of 120 by facility-location - 2 meta.score (a mixture)" "values are in the plan"
try run in.jsonl -k 9 --objective mixture --mix graph-cut=1,disparity-min=.5 -n -o x
has "$out" "choose    9 of 120 by mixture, 1 graph-cut + 0.5 disparity-min" "and the parts of a mixture"
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "{\"text\":\"w%d\",\"v\":%d}\n", i, i % 7 }' >many.jsonl
seconds() { # ARGS: what the plan says that it takes, in tenths
    try run many.jsonl -k 2000 --dims 64 -j 1 -n -o x "$@"
    sed -n 's/^time      about \([0-9]*\)\.\([0-9]\) s/\1\2/p' "$out"
}
memory() { # the same of memory, in MiB
    try run many.jsonl -k 20 --dims 64 -j 1 -n -o x --objective facility-location "$@"
    sed -n 's/^memory    about \([0-9.]*\) MiB .*/\1/p' "$out"
}
more=$(echo "$(memory --value-field v) $(memory --weight-field v) $(memory)" | awk '{ print ($1 > $3 && $2 > $3) }')
is "$more" 1 "numbers of rows take memory"
ok $(($(seconds --value-field v) < 2 * $(seconds))) "values take graph-cut's fast way from it, and that is in the time"

# ---- weights ----
awk '{ match($0, /"times":[0-9]/); n = substr($0, RSTART + 8, 1); for (i = 0; i < n; i++) print }' in.jsonl |
    sed 's/"id":"[^"]*",//' >repeated.jsonl
grep -v '"times":0' in.jsonl >some.jsonl
"$W" embed some.jsonl --dims 8 --save-encoder lsa -q -o some.h5ad
rm -rf a b
how="-k 9 --load-encoder lsa --objective facility-location --components 0 --gamma 4"
# shellcheck disable=SC2086 # words of a command
try run some.jsonl $how --weight-field times -o a
# shellcheck disable=SC2086
try run repeated.jsonl $how --dedup off -o b
is "$(sed 's/"id":"[^"]*",//' a/subset.jsonl | sort -u)" "$(sort -u b/subset.jsonl)" \
    "a row of weight 2 is represented as if it stood there twice"
says "a weight below 0" 3 'field "times" (--weight-field) is -1; a number from 0' \
    run "$(sed 's/"times":2/"times":-1/' in.jsonl >neg.jsonl; echo neg.jsonl)" -k 3 --weight-field times -o x
says "weights of what represents nothing" 2 "--weight-field: log-determinant represents no rows" \
    run in.jsonl -k 3 --objective log-determinant --weight-field times -o x

# ---- given similarities ----
py=$(python_with numpy)
if [ -n "$py" ]; then
    "$py" - <<'END'
import numpy as np
r = np.random.default_rng(1)
x = r.normal(size=(90, 8)); x /= np.linalg.norm(x, axis=1, keepdims=True)
x = x.astype("f4"); w = (x.astype("f8") @ x.astype("f8").T)
np.save("x.npy", x); np.save("w.npy", w); np.save("narrow.npy", w[:, :50])
w[3, 5] = .9; np.save("asymmetric.npy", w)
END
    for words in "graph-cut --lambda 3" facility-location saturated-coverage; do
        rm -rf a b
        try select w.npy --similarity precomputed -k 9 --objective $words -o a
        is "$code" 0 "precomputed, $words"
        try select x.npy --similarity cosine -k 9 --objective $words -o b
        is "$(rows a)" "$(rows b)" "the picks of the vectors, $words"
        is "$(cut -f2 a/assignment.tsv)" "$(cut -f2 b/assignment.tsv)" "and who stands for whom"
    done
    try select w.npy --similarity precomputed -k 9 --objective facility-location -f -o a
    has "$err" "mean similarity to the nearest chosen row" "the summary speaks of similarities"
    try report a -f
    is "$code$(grep -c 'id="map"' a/report.html)" 00 "a page without a map"
    try explain a 3
    is "$code" 0 "explain"
    says "not square" 2 "narrow.npy is no square matrix, but 90 x 50" \
        select narrow.npy --similarity precomputed -k 9 -o x
    says "not symmetric" 3 "the matrix must be symmetric" select asymmetric.npy --similarity precomputed -k 9 -o x
    says "vectors are wanted" 2 "--objective kmeans compares by cosine: leave --similarity precomputed out" \
        select w.npy --similarity precomputed -k 9 --objective kmeans -o x
    says "near copies" 2 "compares vectors, and --similarity precomputed has none" \
        select w.npy --similarity precomputed -k 9 --dedup .95 -o x
    says "a largest similarity" 2 "--max-similarity compares vectors, and --similarity precomputed has none" \
        select w.npy --similarity precomputed -k 9 --max-similarity .5 -o x
    says "rows that one has" 2 "--against compares vectors, and --similarity precomputed has none" \
        select w.npy --similarity precomputed -k 9 --against w.npy -o x
    says "queries" 2 "compares vectors, and --similarity precomputed has none" \
        select w.npy --similarity precomputed -k 9 --query x.npy --query-weight .5 -o x
    says "parts" 2 "a part has no rows of a matrix of similarities" \
        select w.npy --similarity precomputed -k 9 --partitions 2 -o x
else
    skip "precomputed" "no python with numpy"
fi
says "precomputed is for select" 2 "similarities are given to winnow select" \
    run in.jsonl -k 9 --similarity precomputed -o x

# ---- presets ----
while read -r preset words; do
    rm -rf a b
    try run in.jsonl -k 9 --id-field id --preset "$preset" -o a
    is "$code" 0 "--preset $preset"
    # shellcheck disable=SC2086 # words of a command
    try run in.jsonl -k 9 --id-field id ${words} -o b
    is "$(rows a)" "$(rows b)" "--preset $preset is spelt out"
done <<'END'
maxherding --objective facility-location --similarity rbf --gamma 2 --components 0
typiclust --objective typiclust
probcover --objective facility-location --similarity ball
END
rm -rf a
try run in.jsonl -k 9 --id-field id --preset deita --value-field meta.score -o a
is "$code" 0 "--preset deita"
says "deita without values" 2 "name the field with --value-field" run in.jsonl -k 9 --preset deita -o x
try run in.jsonl -k 9 --preset probcover -f -o b
has "$err" "balls of radius" "the radius is told"
grep -q '"radius":' b/manifest.json
ok $? "and stands in the manifest"
says "a radius of no balls" 2 "--radius has no effect: it belongs to --similarity ball" \
    run in.jsonl -k 9 --radius .5 -o x
for j in 1 3; do
    for o in kmeans typiclust; do
        try select in.h5ad -k 30 --objective $o -j $j -q -f -o "$o$j"
        is "$code" 0 "$o on $j threads"
    done
done
cmp -s kmeans1/selection.tsv kmeans3/selection.tsv && cmp -s typiclust1/selection.tsv typiclust3/selection.tsv
ok $? "the same bytes on any number of threads"
try compare in.jsonl --label-field label --test 20% --budgets 10% \
    --methods kmeans,typiclust,facility-location:similarity=ball --seeds 2 -o c
is "$code" 0 "compare has them as methods"
says "compare has no values" 2 "compare knows none" \
    compare in.jsonl --label-field label --test 20% --budgets 10% --methods by-value -o x
says "compare has no mix" 2 "a method of compare has no --mix" \
    compare in.jsonl --label-field label --test 20% --budgets 10% --methods mixture -o x
finish
