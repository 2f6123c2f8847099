# winnow run and select by class: what --label-field decides, quotas, push, and labels that are hard to use.
. "$(dirname "$0")/tap.sh"

# 400 rows of 4 kinds, 250, 100, 40 and 10 of them; words of a kind, and some of all
awk 'BEGIN {
    srand(11)
    n = split("river stone bird light house green morning engine market music paper winter signal garden city water " \
              "teacher metal orange story window copper forest letter", w, " ")
    for (i = 0; i < 400; i++) {
        c = i < 250 ? 0 : i < 350 ? 1 : i < 390 ? 2 : 3
        t = "text" i
        for (j = 0; j < 12; j++) t = t " " w[1 + (rand() < .5 ? c * 6 + int(rand() * 6) : int(rand() * n))]
        printf "{\"id\": \"r%d\", \"text\": \"%s\", \"label\": \"kind %d\"}\n", i, t, c
    }
}' >rows.jsonl
body="--id-field id --label-field label"

counts() { # FOLDER: how many of each kind
    for c in 0 1 2 3; do grep -c "\"kind $c\"" "$1/subset.jsonl"; done | tr '\n' ' '
}
ids() { awk -F'\t' 'NR > 1 { print $2 }' "$1/selection.tsv"; }

# ---- who decides ----
# shellcheck disable=SC2086
try run rows.jsonl $body -k 40 -o out
is "$code" 0 "a run with labels"
has "$err" "by class-herding, cosine, quotas sqrt, push " "chooses by class, and says how"
grep -q '"push":[[:space:]]*[1-9]' out/manifest.json
ok $? "the push is in the manifest"
is "$(counts out)" "18 11 7 4 " "quotas go with the roots of the sizes"
try check out
is "$code" 0 "winnow check calls it whole"
for same in "--similarity cosine" "--maximizer matrix-free" "--quota sqrt" "--labels use"; do
    # shellcheck disable=SC2086
    "$W" run rows.jsonl $body -k 40 $same -q -o same
    is "$(ids same | cksum)" "$(ids out | cksum)" "$same: by class as before"
    rm -rf same
done
# shellcheck disable=SC2086
try run rows.jsonl $body -k 40 --gamma 5 -o other
has "$err" "note: --gamma belongs to another objective than class-herding" "an option that decides otherwise is told of"
rm -rf other
for other in "--labels ignore" "--objective graph-cut" "--similarity rbf" "--lambda auto" "--preset paper"; do
    # shellcheck disable=SC2086
    try run rows.jsonl $body -k 40 $other -o other
    has "$err" "by graph-cut" "$other: not by class"
    rm -rf other
done
try run rows.jsonl --id-field id -k 40 -o plain
has "$err" "by graph-cut" "without --label-field: not by class"
rm -rf plain
refused "class-herding without labels" 2 "run: --objective class-herding chooses by class: name the field" \
    run rows.jsonl --objective class-herding -k 4 -o x
refused "--labels without a field" 2 "run: --labels has no effect: there is no --label-field" \
    run rows.jsonl --labels ignore -k 4 -o x
# shellcheck disable=SC2086
refused "labels that are ignored and used" 2 "run: --labels ignore, but --objective class-herding chooses by them" \
    run rows.jsonl $body --labels ignore --objective class-herding -k 4 -o x
# shellcheck disable=SC2086
refused "labels that have no use" 2 "run: --labels use, but --objective graph-cut has no use for them" \
    run rows.jsonl $body --labels use --preset paper -k 4 -o x
# shellcheck disable=SC2086
refused "class-herding over rbf" 2 "run: --objective class-herding compares by cosine: leave --similarity rbf out" \
    run rows.jsonl $body --objective class-herding --similarity rbf -k 4 -n -o x
# shellcheck disable=SC2086
refused "class-herding in a matrix" 2 "run: --objective class-herding under cosine cannot be searched so" \
    run rows.jsonl $body --objective class-herding --maximizer dense -k 4 -n -o x
# shellcheck disable=SC2086
refused "a quota without labels" 2 "run: --quota has no effect: there is no --label-field" \
    run rows.jsonl --objective graph-cut --quota equal -k 4 -o x

# ---- said again ----
for how in "--objective graph-cut" "--similarity rbf" "--labels ignore" "--labels use"; do
    rm -rf first again
    # shellcheck disable=SC2086
    "$W" run rows.jsonl $body -k 40 $how -q -o first
    "$W" run rows.jsonl --config first/manifest.json -q -o again
    is "$(ids again | cksum)" "$(ids first | cksum)" "$how: again from its manifest"
    rm -rf again
    command=$(sed -n 's/.*"command":[[:space:]]*"winnow \(.*\)",*$/\1/p' first/manifest.json)
    # shellcheck disable=SC2086
    "$W" $command -q -o again
    is "$(ids again | cksum)" "$(ids first | cksum)" "$how: again from the command that it says"
    rm -rf again
    # shellcheck disable=SC2086
    "$W" run $body -k 40 $how --dump-config >first.conf
    "$W" run rows.jsonl --config first.conf -q -o again
    is "$(ids again | cksum)" "$(ids first | cksum)" "$how: again from --dump-config"
done
printf 'label-field = label\nid-field = id\nobjective = graph-cut\nk = 40\n' >hand.conf
try run rows.jsonl --config hand.conf -o hand
has "$err" "by graph-cut" "an objective in a file is an objective that is named"
rm -rf first again hand

# ---- a matrix ----
# shellcheck disable=SC2086
"$W" embed rows.jsonl $body --save-encoder e.lsa -q -o e.h5ad
# shellcheck disable=SC2086
try select e.h5ad $body -k 40 -o selected
is "$code$(ids selected | cksum)" "0$(ids out | cksum)" "select with the records beside it chooses the same rows"
try select e.h5ad --objective class-herding --no-records -k 40 -o alone
is "$code$(ids alone | cksum)" "0$(ids out | cksum)" "and by the labels that the matrix holds"
rm -rf selected alone

# ---- threads ----
for threads in 1 2 4; do
    # shellcheck disable=SC2086
    "$W" run rows.jsonl $body -k 40 -j $threads -q -o t
    bad=0
    for f in selection.tsv assignment.tsv subset.jsonl selection.h5ad report.html; do cmp -s out/$f t/$f || bad=1; done
    ok $bad "same bytes with $threads threads"
    rm -rf t
done

# ---- quotas ----
# shellcheck disable=SC2086
"$W" run rows.jsonl $body -k 40 --quota equal -q -o equal
is "$(counts equal)" "10 10 10 10 " "equal quotas"
# shellcheck disable=SC2086
"$W" run rows.jsonl $body -k 80 --quota equal -q -f -o equal
is "$(counts equal)" "24 23 23 10 " "a class has no more than its rows; what is left over goes to the others"
# shellcheck disable=SC2086
"$W" run rows.jsonl $body -k 40 --quota proportional -q -o proportional
is "$(counts proportional)" "25 10 4 1 " "proportional quotas"
printf 'kind 0\t1\nkind 3\t1\r\nkind 1\t2\n' >quota.tsv
# shellcheck disable=SC2086
"$W" run rows.jsonl $body -k 20 --quota quota.tsv -q -o file
is "$(counts file)" "5 10 0 5 " "quotas from a file; classes that it does not name have none"
# shellcheck disable=SC2086
try run rows.jsonl $body -k 20 --config file/manifest.json -q -o again
is "$code$(ids again | cksum)" "0$(ids file | cksum)" "repeated from the manifest"
printf 'kind 3\t1\n' >quota.tsv
# shellcheck disable=SC2086
refused "more rows than the classes have" 5 \
    "run: --quota quota.tsv: the classes that share in the choice have 10 rows, but 20 are to be chosen" \
    run rows.jsonl $body -k 20 --quota quota.tsv -n -o x
: >empty.tsv
# shellcheck disable=SC2086
refused "an empty file" 5 "run: --quota empty.tsv: the classes that share in the choice have 0 rows" \
    run rows.jsonl $body -k 20 --quota empty.tsv -o x
for line in "kind 0" "kind 0 1" "kind 0	" "kind 0	-1" "kind 0	nan" "kind 0	1x" "kind 0	0x3"; do
    printf 'kind 1\t1\n%s\n' "$line" >quota.tsv
    # shellcheck disable=SC2086
    refused "a line \"$line\"" 2 "run: quota.tsv:2: want a class, a tab and" \
        run rows.jsonl $body -k 9 --quota quota.tsv -o x
done
printf 'kind 7\t1\n' >quota.tsv
# shellcheck disable=SC2086
refused "a class that no row has" 2 'run: quota.tsv:1: no row has the class "kind 7"' \
    run rows.jsonl $body -k 9 --quota quota.tsv -o x
printf 'kind 1\t1\nkind 1\t2\n' >quota.tsv
# shellcheck disable=SC2086
refused "a class twice" 2 'run: quota.tsv:2: the class "kind 1" stands there twice' \
    run rows.jsonl $body -k 9 --quota quota.tsv -o x
# shellcheck disable=SC2086
refused "a word that is none" 2 \
    "run: --quota wants sqrt, equal, proportional, or a file of shares: cannot open root" \
    run rows.jsonl $body -k 9 --quota root -o x

# ---- rows that must, and must not, be chosen ----
seq -f 'r%.0f' 390 397 >keep
seq -f 'r%.0f' 250 349 >exclude
# shellcheck disable=SC2086
try run rows.jsonl $body -k 40 --keep keep --exclude exclude -o listed
is "$code$(ids listed | head -8 | cksum)" "0$(cksum <keep)" "must-keep rows come first"
is "$(counts listed)" "23 0 9 8 " "they count in their class's quota, which they may exceed; an excluded class has none"
rm -rf listed

# ---- labels that say little ----
sed 's/kind [123]/kind 0/' rows.jsonl >one.jsonl
# shellcheck disable=SC2086
try run one.jsonl $body -k 9 -o one
is "$code" 0 "one class"
has "$err" "note: all rows are of one class" "is told of"
awk '{ sub(/"kind ./, "\"own " NR) } 1' rows.jsonl >own.jsonl
# shellcheck disable=SC2086
try run own.jsonl $body -k 9 -o own
is "$code" 0 "a class for each row"
has "$err" "warning: 400 classes for 400 rows" "is told of"
has own/manifest.json "400 classes for 400 rows" "in the manifest, too"
has "$err" "note: of 391 of the 400 classes no row is chosen" "and what is left out"
sed '1,300s/, "label": "kind ."//' rows.jsonl >some.jsonl
# shellcheck disable=SC2086
try run some.jsonl $body -k 40 -o some
is "$code" 0 "rows without a label"
has "$err" "note: 300 rows have no label; they are a class of their own" "are told of"
is "$(grep -vc '"kind' some/subset.jsonl)" 20 "they have a quota as a class has"
sed 's/, "label": "kind ."//' rows.jsonl >none.jsonl
# shellcheck disable=SC2086
try run none.jsonl $body -k 40 -o none
is "$code $(grep -c . "$err")" "3 1" "no label at all: one line"
# ---- rows without a direction: class a has 30 rows, 10 of them without a known word ----
awk 'BEGIN { n = split("river stone bird light house green", w, " ")
    for (i = 0; i < 60; i++)
        printf "{\"id\": \"z%d\", \"text\": \"%s\", \"label\": \"%s\"}\n", i,
            i % 6 == 0 ? "unseen" i : w[1 + i % n] " " w[1 + int(i / 7) % n] " " i, i % 2 ? "b" : "a" }' >zero.jsonl
printf 'a\t1\n' >quota.tsv
# shellcheck disable=SC2086
try run zero.jsonl $body --lsa-features words-only --dedup off -k 21 --quota quota.tsv -o zero
is "$code $(grep -c unseen zero/subset.jsonl)" "0 1" "one class has to do: so many as are needed"
rm -rf zero
for how in "--labels use" "--labels ignore"; do
    # shellcheck disable=SC2086
    "$W" run zero.jsonl $body --lsa-features words-only --dedup off -k 55 $how -q -o zero
    is "$(grep -c unseen zero/subset.jsonl)" 5 "$how: no more of them than are needed"
    rm -rf zero
done

# ---- compare ----
"$W" embed rows.jsonl --id-field id --label-field label -q -f -o e.h5ad
# shellcheck disable=SC2086
compare() { try compare rows.jsonl --test 25% $body --budgets 10% --seeds 2 --embeddings e.h5ad "$@" -o c; }
printf 'kind 0\t1\n' >a.tsv
compare --methods default:quota=a.tsv,default:quota=missing.tsv
has "$err" "winnow compare: --methods default:quota=missing.tsv: --quota wants" "a file that is not there"
is "$code$(find . -name '.c.winnow*')" 2 "is told of before any cell"
compare --methods default:similarity=rbf
is "$code" 2 "so is a similarity that it does not have"
compare --methods default:quota=a.tsv
is "$code" 0 "quotas of a file in compare"
taught() { grep a.tsv c/subsets.jsonl | grep -o 'kind .' | sort -u; }
is "$(taught)" "kind 0" "are obeyed"
printf 'kind 1\t1\n' >a.tsv
compare -f --methods default:quota=a.tsv
is "$(taught)" "kind 1" "anew when they change"
finish
