# winnow run and select toward queries: who is chosen, what is said of it, and queries that are hard to use.
. "$(dirname "$0")/tap.sh"

# 300 rows and 40 queries of 4 kinds; words of a kind, and some of all. The queries are of the first two kinds.
awk 'BEGIN {
    srand(11)
    n = split("river stone bird light house green morning engine market music paper winter signal garden city water " \
              "teacher metal orange story window copper forest letter", w, " ")
    for (i = 0; i < 340; i++) {
        c = i < 300 ? i % 4 : i % 2
        t = "text" i
        for (j = 0; j < 12; j++) t = t " " w[1 + (rand() < .6 ? c * 6 + int(rand() * 6) : int(rand() * n))]
        f = i < 300 ? "rows.jsonl" : "queries.jsonl"
        printf "{\"id\": \"r%d\", \"text\": \"%s\", \"label\": \"kind %d\"}\n", i, t, c >f
    }
}'
ids() { awk -F'\t' 'NR > 1 { print $2 }' "$1/selection.tsv"; }
kinds() { # FOLDER: how many of the first two kinds
    grep -cE '"kind [01]"' "$1/subset.jsonl"
}
same_choice() { [ "$(ids "$1")" = "$(ids "$2")" ]; }

# ---- rds ----
try run rows.jsonl --id-field id --query queries.jsonl -k 60 -o out
is "$code" 0 "a run toward queries"
has "$err" "chosen    60 of 300 (20%) by rds, cosine" "by rounds over the queries"
has "$err" "queries   40 by rds: mean cosine of a chosen row to its query 0." "says how near they are"
[ "$(kinds out)" -ge 50 ]
ok $? "of the queries' kinds are $(kinds out) of 60"
try check out
is "$code" 0 "winnow check calls it whole"
is "$(head -1 out/selection.tsv | awk -F'\t' '{ print $NF }')" query "selection.tsv has the query of each row"
is "$(awk -F'\t' 'NR > 1 && NR <= 41 { print $NF }' out/selection.tsv | sort -n | uniq | wc -l)" 40 \
    "the first round serves every query once"
has out/manifest.json '"mean_cosine_random":' "the manifest has how near they are"
has out/manifest.json "$(sha256sum queries.jsonl | cut -d' ' -f1)" "and the sum of the queries"
has out/report.html "<h2>Queries</h2>" "the page has a section on them"
try report out --html again.html
cmp -s again.html out/report.html
ok $? "and has it again, read back"
first=$(ids out | head -1)
try explain out "$first"
has "$out" "Chosen for query $(awk -F'\t' 'NR == 2 { print $NF }' out/selection.tsv) of queries.jsonl (from 0), with" \
    "explain says which query a row serves"
"$W" run rows.jsonl --id-field id --query queries.jsonl -k 20 -q -o fewer
is "$(ids fewer)" "$(ids out | head -20)" "a smaller choice is its beginning"

# by the vectors that the output has, and those of the queries
"$W" run rows.jsonl --id-field id --query queries.jsonl -k 60 -q --save-encoder saved.lsa -o fitted
same_choice fitted out
ok $? "an encoder that is saved learns from the rows alone"
"$W" embed queries.jsonl --load-encoder saved.lsa -q -o queries.h5ad
python=$(python_with h5py numpy)
if [ -n "$python" ]; then
    "$python" - >wanted <<'P'
import h5py
import numpy as np

x = h5py.File("out/selection.h5ad")["X"][:].astype(float)
q = h5py.File("queries.h5ad")["X"][:].astype(float)
lines = [line.split("\t") for line in open("out/selection.tsv").read().splitlines()[1:]]
free, wrong = np.ones(len(x), bool), 0
for t, line in enumerate(lines):
    row, query = int(line[2]), int(line[-1])
    cosine = x @ q[query]
    wrong += not free[row] or cosine[row] < cosine[free].max() - 1e-6
    wrong += abs(cosine[row] - float(line[5])) > 1e-6 or (t >= len(q) and line[-1] != lines[t - len(q)][-1])
    free[row] = False
with h5py.File("out/selection.h5ad") as h:
    near = (x @ q.T).max(1)
    rest = h["obs/rank"][:] < 0
    wrong += np.abs(h["obs/query_sim"][:] - near)[rest].max() > 1e-6
    wrong += (h["obs/query"][:] != (x @ q.T).argmax(1))[rest].sum()
print(wrong)
P
    is "$(cat wanted)" 0 "each is the nearest free row of the query whose turn it is"
else
    skip "each is the nearest free row" "WINNOW_PYTHON has no h5py"
fi
"$W" run rows.jsonl --id-field id --query queries.jsonl -k 60 -q -j 1 -o one
same_choice one out && cmp -s one/selection.h5ad out/selection.h5ad
ok $? "one thread chooses the same"
"$W" run rows.jsonl --id-field id --query queries.jsonl -k 60 -q --load-encoder saved.lsa -o loaded
same_choice loaded out
ok $? "a loaded encoder, too"

# ---- tsds ----
try run rows.jsonl --id-field id --query queries.jsonl --query-method tsds -k 60 -o drawn
has "$err" "by tsds" "rows drawn for the queries"
[ "$(kinds drawn)" -ge 50 ]
ok $? "of the queries' kinds are $(kinds drawn) of 60"
"$W" run rows.jsonl --id-field id --query queries.jsonl --query-method tsds -k 60 -q -j 1 -o same
same_choice same drawn
ok $? "one thread draws the same"
"$W" run rows.jsonl --id-field id --query queries.jsonl --query-method tsds -k 60 -q --seed 2 -o other
same_choice other drawn
is $? 1 "another seed draws others"

# ---- a part of the choice ----
"$W" run rows.jsonl --id-field id --query queries.jsonl --query-weight .5 -k 60 -q -o half
is "$(ids half | head -30)" "$(ids out | head -30)" "half of the rows are chosen toward the queries"
ids half | head -30 >kept
"$W" run rows.jsonl --id-field id --keep kept -k 60 -q -o rest
same_choice half rest
ok $? "the objective chooses the rest as if they had to be kept"
is "$(awk -F'\t' 'NR > 31 { print $NF }' half/selection.tsv | sort -u)" "" "and serves no query"
last=$(ids half | tail -1)
try explain half "$last"
has "$out" "The nearest query is " "explain says which is the nearest then"
"$W" run rows.jsonl --id-field id --query queries.jsonl --query-weight 0 -k 60 -q -o none
"$W" run rows.jsonl --id-field id -k 60 -q -o plain
same_choice none plain
ok $? "weight 0 leaves all to the objective"
is "$(head -1 plain/selection.tsv | awk -F'\t' '{ print $NF }')" n_represented "without queries there is no such column"
"$W" run rows.jsonl --id-field id --query queries.jsonl --query-weight .999 -k 60 -q -o nearly
same_choice nearly out
ok $? "a weight that rounds to all"
in_manifest() { sed -n "/\"selection\"/,/}/s/.*\"$2\":[[:space:]]*\([^,]*\).*/\1/p" "$1/manifest.json"; }
is "$(in_manifest nearly objective)" '"graph-cut"' "is valued by the objective, as any other weight"
is "$(in_manifest nearly lambda)" 3 "with its lambda"
is "$(in_manifest half gains_negative_from)" 60 "picks toward queries are no sign that the objective would have stopped"
try run --config half/manifest.json --query-weight 1 -o turned
is "$code" 0 "a repetition that is turned into one without an objective"
same_choice turned out
ok $? "chooses as that does"
printf 'kind 2\t1\nkind 3\t1\n' >shares.tsv
try run rows.jsonl --id-field id --label-field label --quota shares.tsv --query queries.jsonl --query-weight .9 -k 30 \
    -o some
is "$code $(kinds some)" "0 0" "classes that get nothing get nothing of the queries' share"
"$W" run rows.jsonl --id-field id --label-field label --query queries.jsonl --query-weight .5 -k 60 -q -o labelled
has labelled/manifest.json '"objective":	"class-herding"' "labels decide about the rest"
try run rows.jsonl --id-field id --label-field label --query queries.jsonl -k 60 -o labels
has "$err" "note: all rows are chosen toward the queries: the labels are for report and output alone" \
    "and about nothing where there is none"
same_choice labels out
ok $? "the choice is that without labels"

# ---- lists and copies ----
ids out | sed -n 5,14p >excluded
printf 'r3\nr7\n' >must
"$W" run rows.jsonl --id-field id --query queries.jsonl --exclude excluded --keep must -k 60 -q -o lists
is "$(ids lists | head -2 | tr '\n' ' ')" "r3 r7 " "rows to keep come first"
is "$(ids lists | grep -cxFf excluded)" 0 "excluded ones never"
is "$(ids lists | wc -l)" 60 "and k rows in all"
try explain lists r3
has "$out" "as --keep asks" "a row to keep is there for that"
{ cat rows.jsonl && sed 's/"r/"copy/' rows.jsonl; } >twice.jsonl
"$W" run twice.jsonl --id-field id --query queries.jsonl -k 60 -q -o twice
same_choice twice out
ok $? "copies are dropped before"
{ head -3 rows.jsonl && cat queries.jsonl; } >shared.jsonl
try run rows.jsonl --id-field id --query shared.jsonl -k 60 -o shared
has "$err" "note: 3 of the rows to choose from are a query, too" "rows that are queries are told of"
{ cat queries.jsonl && echo '{"text": "qqqq zzzz"}'; } >unknown.jsonl
try run rows.jsonl --id-field id --query unknown.jsonl -k 60 -o unknown
has "$err" "note: 1 of 41 queries have no word that the encoder knows, and are passed over" \
    "queries without a known word"

# ---- other fields, formats and matrices ----
sed 's/"text"/"question"/' queries.jsonl >questions.jsonl
"$W" run rows.jsonl --id-field id --query questions.jsonl --query-text-field question -k 60 -q -o questions
same_choice questions out
ok $? "queries may have a field of their own"
sed 's/.*"text": "\([^"]*\)".*/\1/' queries.jsonl | gzip >queries.txt.gz
"$W" run rows.jsonl --id-field id --query queries.txt.gz -k 60 -q -o texts
same_choice texts out
ok $? "and be of another format"
"$W" run rows.jsonl --id-field id --query - -k 60 -q -o piped <queries.jsonl
same_choice piped out
ok $? "and come from standard input"
"$W" embed rows.jsonl --id-field id --load-encoder saved.lsa -q -o rows.h5ad
"$W" select rows.h5ad --no-records --query queries.h5ad -k 60 -q -o selected
same_choice selected out
ok $? "select: the same from vectors"
"$W" run rows.jsonl --id-field id --embeddings rows.h5ad --query queries.h5ad -k 60 -q -o beside
same_choice beside out
ok $? "run --embeddings, too"
try select rows.h5ad --no-records --query rows.h5ad -k 60 -n -o x
is "$code" 0 "--dry-run"
has "$out" "choose    60 of 300 by rds" "says how"

"$W" run rows.jsonl --id-field id --encoder doc2vec --dims 10 --query queries.jsonl -k 60 -q -o learnt
is "$(ids learnt | wc -l)" 60 "doc2vec: queries are inferred"
tiny=${WINNOW_DATA:-}/models/tiny-random-bert
if [ -d "$tiny" ]; then
    "$W" run rows.jsonl --id-field id --model "$tiny" --query queries.jsonl -k 60 -q -o modelled
    for f in rows queries; do "$W" embed $f.jsonl --id-field id --model "$tiny" -q -o $f.model.h5ad; done
    "$W" select rows.model.h5ad --no-records --query queries.model.h5ad -k 60 -q -o vectors
    same_choice modelled vectors
    ok $? "a model: the same as from vectors of both"
else
    skip "a model" "WINNOW_DATA names no data"
fi

# ---- said again ----
for how in "" "--query-method tsds --query-alpha .3" "--query-weight .25 --objective facility-location"; do
    rm -rf first again
    # shellcheck disable=SC2086
    "$W" run rows.jsonl --id-field id --label-field label --query queries.jsonl -k 40 $how -q -o first
    "$W" run --config first/manifest.json -q -o again
    same_choice first again
    ok $? "${how:-rds}: again from its manifest"
    rm -rf again
    command=$(sed -n 's/.*"command":[[:space:]]*"winnow \(.*\)",*$/\1/p' first/manifest.json)
    # shellcheck disable=SC2086
    "$W" $command -q -o again
    same_choice first again
    ok $? "${how:-rds}: again from the command that it says"
    rm -rf again
    # shellcheck disable=SC2086
    "$W" run --id-field id --label-field label --query queries.jsonl -k 40 $how --dump-config >first.conf
    "$W" run rows.jsonl --config first.conf -q -o again
    same_choice first again
    ok $? "${how:-rds}: again from --dump-config"
done
cp queries.jsonl kept.jsonl
head -30 kept.jsonl >queries.jsonl
rm -rf again
try run --config first/manifest.json -o again
has "$err" "note: queries.jsonl is not what the run read that is repeated" "queries that changed are told of"
cp kept.jsonl queries.jsonl

# ---- what cannot be ----
: >empty.jsonl
echo >blank.jsonl
printf '{"text": "qqqq"}\n{"text": "zzzz"}\n' >zero.jsonl
"$W" embed rows.jsonl --dims 8 -q -o narrow.h5ad
run="run rows.jsonl -k 5 -o x"
# no NAME CODE MESSAGE OPTION...: a refused run
no() {
    name=$1 want=$2 message=$3
    shift 3
    # shellcheck disable=SC2086
    refused "$name" "$want" "$message" $run "$@"
}
no "a query file that is not there" 1 "run: --query: cannot open none.jsonl: No such file" --query none.jsonl
no "an empty one" 3 "run: --query: empty.jsonl is empty" --query empty.jsonl
no "one without records" 3 "run: --query blank.jsonl holds no records, so there is nothing to choose toward" \
    --query blank.jsonl
no "no query with a known word" 3 "run: --query zero.jsonl: every query has no word that the encoder knows" \
    --query zero.jsonl
no "a field that queries lack" 3 \
    'run: --query: questions.jsonl:1: missing field "text" (fields: id, question, label). Try --query-text-field' \
    --query questions.jsonl
no "vectors where records are encoded" 2 "run: --query queries.h5ad holds vectors, but those of the records are yet" \
    --query queries.h5ad
no "records where vectors are read" 2 "run: --query queries.jsonl: the rows are vectors, so the queries must be" \
    --embeddings rows.h5ad --query queries.jsonl
no "a field of queries that are vectors" 2 "run: --query-text-field has no effect: the vectors are read" \
    --embeddings rows.h5ad --query queries.h5ad --query-text-field q
no "a weight beyond 1" 2 "run: --query-weight" --query queries.jsonl --query-weight 1.5
no "an alpha beyond 1" 2 "run: --query-alpha: \"1.5\" will not do: want a number from 1e-06 to 1" \
    --query queries.jsonl --query-method tsds --query-alpha 1.5
no "a weight below 0" 2 "run: --query-weight" --query queries.jsonl --query-weight -.5
no "an alpha of 0" 2 "run: --query-alpha" --query queries.jsonl --query-method tsds --query-alpha 0
no "alpha of rds" 2 "run: --query-alpha has no effect: it belongs to --query-method tsds" \
    --query queries.jsonl --query-alpha .5
no "a method that is none" 2 "run: --query-method" --query queries.jsonl --query-method nearest
no "a method without queries" 2 "run: --query-method has no effect: it belongs to --query" --query-method tsds
no "a weight without queries" 2 "run: --query-weight has no effect: it belongs to --query" --query-weight .5
no "rds as an objective" 2 "run: --objective" --objective rds
for option in "--objective graph-cut" "--lambda 3" "--gamma 2" "--similarity cosine" "--preset paper" \
    "--labels ignore --label-field label" "--maximizer dense"; do
    # shellcheck disable=SC2086
    no "$option where all is chosen toward queries" 2 "run: --$(echo "$option" | sed 's/--\([a-z]*\).*/\1/') has no \
effect: all rows are chosen toward the queries" --query queries.jsonl $option
done
no "dot beside queries" 2 "run: --query compares by cosine: leave --similarity dot out" \
    --query queries.jsonl --query-weight .5 --similarity dot --dedup off
refused "standard input twice" 2 "run: - is named twice" run - --query - -k 5 -o x
refused "queries of another width" 3 "select: --query narrow.h5ad has rows of 8 numbers, but the rows to choose from" \
    select rows.h5ad --no-records --query narrow.h5ad -k 5 -o x
refused "a file that the output would replace" 2 "run: -o queries.jsonl is a file that is read" \
    run rows.jsonl --query queries.jsonl -k 5 -f -o queries.jsonl
refused "rds in compare" 2 "compare: --methods: \"rds\" is no method" \
    compare rows.jsonl --label-field label --test 20% --budgets 5% --methods rds -o x
finish
