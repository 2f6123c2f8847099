# winnow run and select: what may be chosen together. Quotas, groups, budgets, similarity, rows that one has, an earlier
# choice; and what cannot be met.
. "$(dirname "$0")/tap.sh"

# 300 rows of 4 kinds and 29 authors, with a price; words of a kind, and some of all
awk 'BEGIN {
    srand(11)
    n = split("river stone bird light house green morning engine market music paper winter signal garden city water " \
              "teacher metal orange story window copper forest letter", w, " ")
    for (i = 0; i < 300; i++) {
        c = i < 180 ? 0 : i < 250 ? 1 : i < 285 ? 2 : 3
        t = "text" i
        for (j = 4 + int(rand() * 16); j > 0; j--)
            t = t " " w[1 + (rand() < .5 ? c * 6 + int(rand() * 6) : int(rand() * n))]
        author = i % 30 == 29 ? "" : sprintf(", \"author\": \"a%d\"", i % 30)
        printf "{\"id\": \"r%d\", \"text\": \"%s\", \"label\": \"kind %d\", \"price\": %.2f%s}\n", i, t, c,
            1 + int(rand() * 400) / 100, author
    }
}' >rows.jsonl
"$W" embed rows.jsonl --id-field id --label-field label --save-encoder e.lsa -q -o e.h5ad
run() { try run rows.jsonl --id-field id --load-encoder e.lsa "$@"; }
ids() { awk -F'\t' 'NR > 1 { print $2 }' "$1/selection.tsv"; }
most() { # FOLDER FIELD: rows of the value that most of them have
    sed -n "s/.*\"$2\": \"\([^\"]*\)\".*/\1/p" "$1/subset.jsonl" | sort | uniq -c | sort -rn |
        awk 'NR == 1 { print $1 }'
}
counts() { for c in 0 1 2 3; do grep -c "\"kind $c\"" "$1/subset.jsonl"; done | tr '\n' ' '; }

# ---- groups ----
run -k 35 --group-field author -o groups
is "$code$(most groups author)" 01 "one row of an author"
is "$(grep -vc author groups/subset.jsonl)" 6 "rows without one are in no group"
has "$err" "limits    29 groups, 1 row each at most" "the summary says so"
grep -q '"per_group":[[:space:]]*1' groups/manifest.json
ok $? "and the manifest"
run -k 60 --group-field author --per-group 2 -f -o groups
is "$code$(most groups author)" 02 "two rows of an author"
awk 'BEGIN { print "id,text,author" } { split($0, q, "\""); print q[4] "," q[8] ",a" NR % 7 }' rows.jsonl >rows.csv
try run rows.csv --id-field id --group-field author --per-group 3 -k 21 -o csv
is "$code$(awk -F, 'NR > 1 { print $3 }' csv/subset.csv | sort | uniq -c | awk '$1 != 3')" 0 "groups of a csv file"
try select e.h5ad --no-records --group-field label --per-group 5 -k 20 -o column
is "$code$(ids column | sed 's/r//' | awk '{ c[$1 < 180 ? 0 : $1 < 250 ? 1 : $1 < 285 ? 2 : 3]++ }
    END { print c[0], c[1], c[2], c[3] }')" "05 5 5 5" "groups of a column of a matrix"
refused "more than the groups have" 5 \
    "run: select: k is 90, but 29 groups of which each gives 2 rows at most have 58, and 10 are in none" \
    run rows.jsonl --id-field id --group-field author --per-group 2 -k 90 -o x
refused "a field that no record has" 3 'run: rows.jsonl:1: missing field "writer"' \
    run rows.jsonl --group-field writer -k 9 -o x
refused "a column that is not there" 3 'select: e.h5ad has no column "writer" (--group-field)' \
    select e.h5ad --no-records --group-field writer -k 9 -o x
refused "--per-group alone" 2 "run: --per-group has no effect: it belongs to --group-field" \
    run rows.jsonl --per-group 2 -k 9 -o x
printf 'one\ntwo\n' >rows.txt
refused "plain text" 2 "run: rows.txt: a txt file has no fields; leave --group-field out" \
    run rows.txt --group-field author -k 1 -o x

# ---- quotas ----
for objective in facility-location graph-cut random disparity-min; do
    run --label-field label -k 40 --objective $objective --quota equal -f -o quota
    is "$code$(counts quota)" "010 10 10 10 " "$objective: equal quotas"
done
run --label-field label -k 80 --objective facility-location --quota equal -f -o quota
is "$(counts quota)" "22 22 21 15 " "a class has no more than its rows"
printf 'kind 1\t2\nkind 3\t1\n' >shares
run --label-field label -k 30 --objective facility-location --quota shares -f -o quota
is "$(counts quota)" "0 20 0 10 " "shares of a file"
refused "more rows than the classes have" 5 \
    "run: --quota shares: the classes that share in the choice have 85 rows, but 90 are to be chosen" \
    run rows.jsonl --id-field id --label-field label --objective graph-cut --quota shares -k 90 -o x
try select e.h5ad --no-records --objective facility-location --quota sqrt -k 40 -o column -f
is "$code" 0 "labels of a matrix"
run --label-field label -k 40 --objective facility-location --quota equal --max-similarity .3 -f -o x
is "$code" 5 "what the quotas ask for is too similar"
has "$err" 'rows can be chosen: of "kind ' "the classes that lack rows are named"

# ---- budgets ----
words() { sed -n 's/.*"text": "\([^"]*\)".*/\1/p' "$1" | wc -w; }
run --budget 300 --objective facility-location -o budget
is "$code" 0 "a budget of words"
[ "$(words budget/subset.jsonl)" -le 300 ] && [ "$(words budget/subset.jsonl)" -gt 290 ]
ok $? "is used, and not exceeded"
has "$err" " of 300 words spent" "the summary says how far it went"
is "$(awk -F'\t' 'NR > 1 { s += $8 } END { print s }' budget/selection.tsv)" "$(words budget/subset.jsonl)" \
    "what each row costs stands in selection.tsv"
run --budget 10% --cost characters --objective facility-location -f -o budget
sum=$(sed -n 's/.*"text": "\([^"]*\)".*/\1/p' rows.jsonl | tr -d '\n' | wc -c)
[ "$(sed -n 's/.*"text": "\([^"]*\)".*/\1/p' budget/subset.jsonl | tr -d '\n' | wc -c)" -le $((sum / 10)) ]
ok $? "a share of all characters"
price() { sed -n 's/.*"price": \([0-9.]*\).*/\1/p' "$1" | awk '{ s += $1 } END { print (s <= 60 && s > 58) }'; }
run --budget 60 --cost-field price --objective facility-location -f -o budget
is "$code$(price budget/subset.jsonl)" 01 "a field of costs"
run --budget 60 --cost-field price --objective random -f -o budget
is "$code$(price budget/subset.jsonl)" 01 "by chance, too"
run --budget 60 --cost-field price -k 7 --objective facility-location -f -o budget
is "$code$(wc -l <budget/subset.jsonl)" 07 "-k is a limit beside it"
run --budget 2000 --cost-field price --objective facility-location -f -o budget
is "$code$(wc -l <budget/subset.jsonl)" 0300 "a budget for all"
run --budget 60 --cost-field price --objective facility-location --cost-power 0 -f -o dear
run --budget 60 --cost-field price --objective facility-location -f -o budget
[ "$(wc -l <dear/subset.jsonl)" -lt "$(wc -l <budget/subset.jsonl)" ]
ok $? "by gain alone it buys fewer rows"
refused "a budget below all" 5 "run: --budget is 0.5, but the cheapest row costs 1" \
    run rows.jsonl --id-field id --budget .5 --cost-field price -o x
sed 's/}$/, "worth": 0, "times": 1}/' rows.jsonl >four.jsonl
run --budget 60 --cost-field price --group-field author --objective facility-location -f -o budget
try run four.jsonl --id-field id --load-encoder e.lsa --budget 60 --cost-field price --group-field author \
    --objective facility-location --value-field worth --weight-field times -o four
is "$code$(ids four)" "0$(ids budget)" "four fields at once: values of 0 and weights of 1 change nothing"
sed '7s/"price": [0-9.]*/"price": "free"/' rows.jsonl >free.jsonl
refused "a cost that is none" 3 'run: free.jsonl:7: field "price" (--cost-field) is free; a number above 0 is wanted' \
    run free.jsonl --budget 9 --cost-field price -o x
refused "no budget" 2 "run: --cost-field has no effect: it belongs to --budget" \
    run rows.jsonl -k 9 --cost-field price -o x
refused "two costs" 2 "run: --cost and --cost-field: which of them" \
    run rows.jsonl --budget 9 --cost-field price --cost words -o x
refused "tokens of no model" 2 "run: --cost tokens: whose? --model names the model" \
    run rows.jsonl --budget 9 --cost tokens -o x
refused "texts that are not there" 2 "select: --cost words: the rows have no texts" \
    select e.h5ad --no-records --budget 9 -o x
refused "a quota of nobody knows what" 2 "run: --quota is a share of k, but with --budget alone nobody knows k" \
    run rows.jsonl --label-field label --objective graph-cut --quota equal --budget 90 -o x
refused "neither k nor a budget" 2 "run: -k is missing" run rows.jsonl -o x

# ---- similarity ----
run -k 40 --max-similarity .3 -o apart
is "$code" 0 "no two rows above a cosine"
try dedup apart/subset.jsonl --id-field id --load-encoder e.lsa --dedup .3 -o none
is "$(wc -l <none/subset.jsonl)" 40 "none is a near copy of another at that cosine"
run -k 40 -f -o apart
try dedup apart/subset.jsonl --id-field id --load-encoder e.lsa --dedup .3 -f -o none
[ "$(wc -l <none/subset.jsonl)" -lt 40 ]
ok $? "without it some are"
run -k 299 --max-similarity .3 -o x
is "$code" 5 "so many there are not"
has "$err" " by the largest similarity" "and it says what closed the others"

# ---- an earlier choice ----
run -k 20 --objective facility-location -o first
run -k 30 --objective facility-location --start-from first -o more
is "$code$(ids more | head -20 | cksum)" "0$(ids first | cksum)" "its rows come first, in their order"
run -k 30 --objective facility-location -f -o again
is "$(ids again | cksum)" "$(ids more | cksum)" "and the others are those of a longer choice"
printf 'r7\n' >keep
run -k 30 --objective facility-location --start-from first --keep keep -f -o more
is "$code$(ids more | sed -n 21p)" 0r7 "rows to keep come next"
ids first | head -1 >exclude
refused "one that is excluded" 5 "run: \"$(cat exclude)\" is chosen in first (--start-from), and to be excluded" \
    run rows.jsonl --id-field id -k 30 --start-from first --exclude exclude -o x
seq -f r%.0f 0 99 >hundred
refused "more to keep than the budget buys" 5 "run: the 100 rows that must be kept cost" \
    run rows.jsonl --id-field id --budget 50 --keep hundred -o x
refused "more rows than k" 5 "run: 20 rows must be kept (--keep, --start-from), but -k asks for 9" \
    run rows.jsonl --id-field id -k 9 --start-from first -o x
refused "no folder of winnow" 3 "run: --start-from: " run rows.jsonl --id-field id -k 9 --start-from . -o x
head -5 rows.jsonl >few.jsonl
refused "rows that are gone" 2 "run: --start-from first: no row has the id" \
    run few.jsonl --id-field id -k 3 --start-from first -o x

# ---- rows that one has ----
head -40 rows.jsonl >have.jsonl
tail -260 rows.jsonl >new.jsonl
for f in have new; do "$W" embed $f.jsonl --id-field id --load-encoder e.lsa -q -o $f.h5ad; done
try select new.h5ad --no-records -k 20 --against have.h5ad --objective facility-location -o beside
is "$code$(ids beside | sed 's/r//' | awk '$1 < 40')" 0 "they are not chosen"
has "$err" "40 rows count as chosen already" "but count"
try select e.h5ad --no-records -k 60 --components 0 --gamma 7 --objective facility-location --keep have.ids -o x
sed -n 's/.*"id": "\([^"]*\)".*/\1/p' have.jsonl >have.ids
try select e.h5ad --no-records -k 60 --components 0 --gamma 7 --objective facility-location --keep have.ids -o kept
try select new.h5ad --no-records -k 20 --components 0 --gamma 7 --objective facility-location --against have.h5ad \
    -f -o beside
is "$(ids beside | cksum)" "$(ids kept | tail -20 | cksum)" "as rows that must be kept, and are not counted"
awk 'NR <= 40 { sub(/"price": [0-9.]*/, "\"price\": 1") } { print }' rows.jsonl >once.jsonl
for field in value weight; do # the same, where rows count for more than they are
    both="-k 20 --id-field id --components 0 --gamma 7 --objective facility-location --$field-field price -f"
    # shellcheck disable=SC2086
    try select new.h5ad --records new.jsonl --against have.h5ad $both -o beside2
    is "$code" 0 "--$field-field beside rows that one has"
    # shellcheck disable=SC2086
    try select e.h5ad --records once.jsonl --keep have.ids $both -k 60 -o kept
    is "$(ids beside2 | cksum)" "$(ids kept | tail -20 | cksum)" "which count once, and bring nothing"
done
try run new.jsonl --id-field id --load-encoder e.lsa -k 20 --against have.h5ad --max-similarity .4 -o apart2
is "$code" 0 "with records and an encoder that was saved"
cat have.jsonl apart2/subset.jsonl >both.jsonl
try dedup both.jsonl --id-field id --load-encoder e.lsa --dedup .4 -f -o none
is "$(awk -F'\t' 'NR > 1 && $1 ~ /^r/ { print $1 }' none/assignment.tsv | wc -l)" 60 "all are there"
is "$(sed -n 's/.*"id": "r\([0-9]*\)".*/\1/p' none/rest.jsonl | awk '$1 >= 40' | wc -l)" 0 \
    "none is too near to a row that one has"
"$W" embed new.jsonl --dims 7 -q -o narrow.h5ad
refused "vectors of another width" 3 "select: --against: narrow.h5ad has rows of 7 numbers" \
    select new.h5ad --no-records -k 9 --against narrow.h5ad -o x
refused "an encoder that learns" 2 "run: --against: an encoder fitted to these records does not suit other vectors" \
    run new.jsonl -k 9 --against have.h5ad -o x

try select new.h5ad --no-records -k 5 --against beside/selection.h5ad -o third
has "$err" "20 rows count as chosen already" "of a selection the chosen rows"
is "$code$(cat third/selection.tsv beside/selection.tsv | awk -F'\t' '{ print $2 }' | sort | uniq -d)" 0id \
    "which are not chosen again, as they lie in the pool, too"

# ---- what does not go together ----
for limit in "--group-field author" "--budget 90" "--max-similarity .9"; do
    # shellcheck disable=SC2086
    refused "class-herding, $limit" 2 "run: ${limit% *} does not go with --objective class-herding" \
        run rows.jsonl --label-field label --objective class-herding -k 9 $limit -o x
    # shellcheck disable=SC2086
    run --label-field label -k 9 $limit -f -o labels
    has "$err" "by graph-cut" "$limit: labels alone ask for no other objective"
    # shellcheck disable=SC2086
    refused "partitions, $limit" 2 "run: ${limit% *}: a part does not know what others choose" \
        run rows.jsonl --partitions 3 -k 9 $limit -o x
    # shellcheck disable=SC2086
    refused "queries, $limit" 2 "run: ${limit% *}: what is chosen toward queries knows no limits" \
        run rows.jsonl --query few.jsonl -k 9 $limit -o x
done

# ---- all of them, and threads ----
printf 'r200\nr3\n' >keep
all="--label-field label --objective facility-location --quota proportional --group-field author --per-group 3
     --budget 400 --cost-field price --max-similarity .8 --keep keep -k 50"
# shellcheck disable=SC2086
run $all -o all
is "$code$(ids all | head -2 | tr '\n' ' ')" "0r200 r3 " "all together"
for threads in 1 3; do
    # shellcheck disable=SC2086
    run $all -j $threads -f -o t
    bad=0
    for f in selection.tsv assignment.tsv subset.jsonl selection.h5ad report.html; do cmp -s all/$f t/$f || bad=1; done
    ok $bad "same bytes with $threads threads"
done
try report all --html all.html
cmp -s all.html all/report.html
ok $? "the page that is made again is the same"
finish
