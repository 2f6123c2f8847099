# Vectors that somebody has, with the records that they belong to: run --embeddings, select --records, and the records
# that an .h5ad of winnow names.
. "$(dirname "$0")/tap.sh"
python=$(python_with h5py numpy)

awk 'BEGIN { srand(3); for (i = 0; i < 60; i++) {
    j = i % 12 == 11 ? i - 11 : i # a copy every twelve rows
    printf "{\"id\":\"r%d\",\"body\":\"a%d b%d c%d d\",\"class\":\"%d\"}\n", i, j % 7, j % 5, j % 3, i % 2
    } }' >in.jsonl
body="--text-field body --id-field id"
# shellcheck disable=SC2086
"$W" embed in.jsonl $body --label-field class --dims 6 --save-encoder e.lsa -q -o e.h5ad
# shellcheck disable=SC2086
"$W" run in.jsonl $body --label-field class --labels ignore --load-encoder e.lsa -k 8 -q -o encoded

# ids A: the ids that a folder has chosen, in order
ids() { cut -f2 "$1/selection.tsv"; }
# whole A NAME: subset and rest hold every record, byte for byte
whole() {
    is "$(cat "$1/subset.jsonl" "$1/rest.jsonl" | sort | cksum) $(wc -l <"$1/subset.jsonl")" \
        "$(sort in.jsonl | cksum) $2" "$3"
}

# ---- run: the encoder's own vectors give what the encoder gives ----
# shellcheck disable=SC2086
try run in.jsonl $body --label-field class --labels ignore --embeddings e.h5ad -k 8 -o read
is "$code" 0 "run --embeddings"
has "$err" "read      60 records from 1 file" "it says what was read"
has "$err" "vectors   60 x 6 from e.h5ad" "and whose vectors"
has "$err" "copies    5 dropped in 5 groups" "equal texts are dropped"
is "$(ids read)" "$(ids encoded)" "the choice is that of run with the encoder that made the vectors"
whole read 8 "subset.* and rest.* hold all records"
is "$(grep -c '"path"' read/manifest.json)" 2 "the manifest names records and matrix"
try explain read r11
has "$out" "r11 was not chosen: it is a copy of r0 and was dropped." "explain knows the copies"
has "$out" "    a0 b0 c0 d" "and the texts"
try report read --html page.html
is "$code$(cmp page.html read/report.html 2>&1)" 0 "report writes the same page again"
has read/report.html "e.h5ad" "which names the matrix, too"
try info read
has "$out" "input: e.h5ad, 60 rows" "so does info"
try check read
is "$code" 0 "check finds the folder whole"
# shellcheck disable=SC2086
"$W" run in.jsonl $body --load-encoder e.lsa -k 8 --dedup 0.9 -q -o near
# shellcheck disable=SC2086
try run in.jsonl $body --embeddings e.h5ad -k 8 --dedup 0.9 -q -o nearer
is "$code$(cksum <nearer/assignment.tsv)" "0$(cksum <near/assignment.tsv)" "near copies by the vectors"
grep -q '"copies_dropped":[[:space:]]*[1-9][0-9]' near/manifest.json
ok $? "of which there are some"
# shellcheck disable=SC2086
try run in.jsonl $body --embeddings e.h5ad -k 8 -n -o plan
is "$code$(ls -d plan 2>&1 | grep -c "No such")" 01 "a plan writes nothing"
has "$out" "vectors   55 x 6" "and knows the width"

for i in 1 2 3; do
    # shellcheck disable=SC2086
    "$W" embed in.jsonl $body --load-encoder e.lsa --shard $i/3 -q -o s$i.h5ad
done
# shellcheck disable=SC2086
try run in.jsonl $body --embeddings s1.h5ad --embeddings s2.h5ad --embeddings s3.h5ad -k 8 -q -o sharded
is "$code$(ids sharded | cksum)" "0$(ids read | cksum)" "vectors in shards"

# ---- run: what does not fit ----
head -40 in.jsonl >short.jsonl
{ sed -n 2p in.jsonl; sed -n 1p in.jsonl; tail -n +3 in.jsonl; } >swapped.jsonl
# shellcheck disable=SC2086
refused "fewer records than rows" 3 \
    "run: e.h5ad holds 60 rows, and short.jsonl holds 40 records: every record needs a row" \
    run short.jsonl $body --embeddings e.h5ad -k 3 -o x
# shellcheck disable=SC2086
refused "records in another order" 3 \
    'run: row 0 (from 0) of e.h5ad has the id "r0", and record 0 of swapped.jsonl "r1"' \
    run swapped.jsonl $body --embeddings e.h5ad -k 3 -o x
refused "ids in the matrix, none of the records" 3 \
    'run: row 0 (from 0) of e.h5ad has the id "r0", and record 0 of in.jsonl is "0": --id-field names the field' \
    run in.jsonl --text-field body --embeddings e.h5ad -k 3 -o x
# shellcheck disable=SC2086
refused "a part of the shards" 3 "run: rows 40 to 59 are missing after those of s2.h5ad: the last of 3 shards" \
    run in.jsonl $body --embeddings s1.h5ad --embeddings s2.h5ad -k 3 -o x
for o in "--dims 6" "--model all-MiniLM-L6-v2" "--encoder lsa" "--load-encoder e.lsa" "--save-encoder f.lsa"; do
    # shellcheck disable=SC2086
    refused "${o%% *} beside --embeddings" 2 "run: ${o%% *} has no effect: the vectors are read (--embeddings)" \
        run in.jsonl $body --embeddings e.h5ad $o -k 3 -o x
done
refused "--dataset without a matrix" 2 "run: --dataset has no effect: the input is records" \
    run in.jsonl --text-field body --dataset X -k 3 -o x
refused "-f onto the vectors" 2 "run: -o e.h5ad is a file that is read (e.h5ad)" \
    run in.jsonl --text-field body --embeddings in.jsonl --embeddings e.h5ad -k 3 -f -o e.h5ad
# shellcheck disable=SC2086
refused "records as vectors" 3 "run: in.jsonl" run in.jsonl $body --embeddings in.jsonl -k 3 -o x
sed 's/"a0 b0 c0 d"/"a0 b0 c0 e"/' in.jsonl >edited.jsonl
# shellcheck disable=SC2086
try run edited.jsonl $body --embeddings e.h5ad -k 3 -o edited
has "$err" "note: edited.jsonl is not, byte for byte, what e.h5ad was made of; rows and ids fit" \
    "records that were edited since are told"

# ---- select: the records that the matrix names ----
try select e.h5ad -k 8 -o found
is "$code" 0 "select of an .h5ad of winnow"
has "$err" "records   in.jsonl, which e.h5ad names" "it finds the records, and says so"
whole found 8 "subset.* and rest.* are written"
try select e.h5ad -k 8 --no-records -o bare
is "$code$(find bare -name 'subset*')$(grep -c records "$err")" 00 "--no-records leaves them out"
is "$(ids found)" "$(ids bare)" "the choice is the same with and without"
try explain found r5
has "$out" "    a5 b0 c2 d" "explain has the texts"
try report found --html page.html -f
is "$code$(cmp page.html found/report.html 2>&1)" 0 "report writes the same page again"
is "$(cut -f4,5 found/selection.tsv | sed -n 2p | cut -f1)" in.jsonl "selection.tsv says where a record stands"
try select e.h5ad -k 4 --annotate --order rank -q -o ranked
is "$code$(grep -o '"rank": [0-9]*' ranked/subset.jsonl | tr -d '\n')" '0"rank": 1"rank": 2"rank": 3"rank": 4' \
    "--annotate and --order work on them"
try select s1.h5ad s2.h5ad s3.h5ad -k 8 -q -o shards
is "$code$(ids shards | cksum)" "0$(ids found | cksum)" "shards have one source"
whole shards 8 "and its records"
try select s1.h5ad -k 3 -o part
has "$err" "note: s1.h5ad is shard 1 of 3: 20 of 60 rows" "one shard alone is told"
has "$err" "note: no subset.* and rest.* are written: s1.h5ad was made of in.jsonl, and is a shard of it" \
    "and has no records"
refused "-f onto the records that are found" 2 "select: -o in.jsonl is a file that is read (in.jsonl)" \
    select e.h5ad -k 3 -f -o in.jsonl
mkdir away
cp e.h5ad away
mv in.jsonl away/
try select away/e.h5ad -k 8 -o moved
has "$err" "records   away/in.jsonl, which away/e.h5ad names" "records that moved along with the matrix are found"
try select e.h5ad -k 8 -o gone
is "$code$(find gone -name 'subset*')" 0 "without the records there is still a choice"
has "$err" "note: no subset.* and rest.* are written: in.jsonl, of which e.h5ad was made, is not there, or" \
    "and it is told"
cp away/in.jsonl .
echo >>in.jsonl
try select e.h5ad -k 8 -o gone -f
has "$err" "of which e.h5ad was made, is not there, or has changed; --records FILE names" "also when it changed"
cp away/in.jsonl .
"$W" embed - --text-field body --dims 6 -q -o piped.h5ad <in.jsonl
try select piped.h5ad -k 8 -o piped
has "$err" "standard input, of which piped.h5ad was made, cannot be read again" "what came through a pipe"
{ cat in.jsonl; echo oops; } >bad.jsonl
# shellcheck disable=SC2086
"$W" embed bad.jsonl $body --dims 6 --on-error skip:skipped -q -o skip.h5ad
try select skip.h5ad -k 8 -o skip
has "$err" "skip.h5ad was made of bad.jsonl, and left bad records of it out" "records that were skipped"
try select skip.h5ad --records bad.jsonl --on-error skip:again -k 8 -q -o skip -f
is "$code$(wc -l <skip/subset.jsonl)$(cat again)" "08oops" "can be skipped again"

printf 'body\nx y\n' >more.csv
"$W" embed in.jsonl more.csv --text-field body --dims 6 -q -o mixed.h5ad
try select mixed.h5ad -k 8 -o mixed
is "$code$(find mixed -name 'subset*')" 0 "records of two formats have no common subset"
has "$err" "note: no subset.* and rest.* are written: " "and it is told"
mkfifo pipe
# shellcheck disable=SC2086
refused "vectors from a pipe" 1 "run: pipe" run in.jsonl $body --embeddings pipe -k 3 -o x
# shellcheck disable=SC2086
refused "vectors from a folder" 1 "run: away" run in.jsonl $body --embeddings away -k 3 -o x

# ---- select --records ----
try select e.h5ad --records away/in.jsonl -k 8 -q -o named
is "$code$(ids named | cksum)" "0$(ids found | cksum)" "select --records"
whole named 8 "whose fields the matrix knows"
refused "records that do not fit" 3 "select: e.h5ad holds 60 rows, and short.jsonl holds 40 records" \
    select e.h5ad --records short.jsonl -k 3 -o x
refused "records in another order" 3 'select: row 0 (from 0) of e.h5ad has the id "r0", and record 0 of swapped.jsonl' \
    select e.h5ad --records swapped.jsonl -k 3 -o x
refused "--text-field without records" 2 "select: --text-field has no effect: no records are read beside the matrix" \
    select e.h5ad --no-records --text-field body -k 3 -o x
refused "--records and --no-records" 2 "select: --records and --no-records" \
    select e.h5ad --no-records --records in.jsonl -k 3 -o x

# ---- other matrices ----
if [ -n "$python" ]; then
    "$python" - <<'P'
import h5py, numpy as np, shutil
with h5py.File("e.h5ad") as f: x = f["X"][:]
np.save("e.npy", x)
np.savez("e.npz", emb=x)
with h5py.File("e.h5", "w") as f: f["emb"] = x; f["other"] = x[:5]
def copy(name, rows):  # as anndata writes rows of a file: what is under /uns stays
    shutil.copy("e.h5ad", name)
    with h5py.File(name, "r+") as f:
        x, ids = f["X"][:][rows], f["obs/_index"][:][rows]
        for c in list(f["obs"]):
            if c != "_index": del f["obs"][c]
        f["obs"].attrs["column-order"] = np.array([], "S1")
        del f["X"], f["obs/_index"]
        f["X"] = x
        f["obs/_index"] = ids
copy("few.h5ad", list(range(10)))
copy("turned.h5ad", list(range(59, -1, -1)))
P
    for m in e.npy e.npz "e.h5 --dataset emb"; do
        # shellcheck disable=SC2086
        try run in.jsonl $body --embeddings $m -k 8 -q -o other -f
        is "$code$(ids other | cksum)" "0$(ids read | cksum)" "run --embeddings $m"
        # shellcheck disable=SC2086
        try select $m --records in.jsonl --id-field id --text-field body -k 8 -q -o other -f
        is "$code$(ids other | cksum)" "0$(ids found | cksum)" "select $m --records"
    done
    whole other 8 "with all records"
    for m in few turned; do
        try select $m.h5ad -k 3 -o $m
        is "$code$(find $m -name 'subset*')" 0 "rows that were taken out or turned round ($m): a choice without records"
        has "$err" "note: no subset.* and rest.* are written: " "and it is told"
    done
else
    skip "other matrices" "no Python with h5py and numpy"
fi
finish
