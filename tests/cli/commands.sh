#!/bin/sh
# embed, graph, info, check: what they write, and that it does not depend on threads, blocks or pipes.
. "$(dirname "$0")/tap.sh"
python=$(python_with anndata h5py numpy scipy)

# 400 records of a few words each from a small vocabulary: texts that share topics, one that shares nothing
awk 'BEGIN {
    split("river lake sea bank boat sail wind storm rain cloud money loan bank coin trade market price tax " \
        "law court", w, " ")
    for (i = 0; i < 400; i++) {
        t = ""
        for (j = 0; j < 6 + i % 5; j++) t = t w[(i * 7 + j * j * (1 + i % 3)) % 20 + 1] " "
        if (i == 200) t = "zyx"
        printf "{\"id\":\"r%d\",\"text\":\"%snumber %d\",\"label\":\"%s\"}\n", i, t, i % 50, i % 2 ? "odd" : "even"
    }
}' | sed 's/"zyxnumber 0"/"zyx"/' >in.jsonl

try embed in.jsonl --id-field id --label-field label --dims 16 -o e.h5ad --save-encoder e.lsa
is "$code" 0 "embed"
has "$err" "e.h5ad: 400 x 16 vectors (lsa, 16 dimensions" "embed says what it wrote"
has "$err" "1 texts have no word that the encoder knows" "embed counts texts without a known word"
is "$(cat "$out")" "" "embed prints nothing on standard output"
for j in 1 2 4; do
    "$W" embed in.jsonl --id-field id --label-field label --dims 16 -q -j $j -o "e$j.h5ad" 2>"$err"
    is "$(cmp e.h5ad "e$j.h5ad" 2>&1)$(cat "$err")" "" "embed: the same bytes with $j threads; -q says nothing"
done
cat in.jsonl | "$W" embed - --format jsonl --id-field id --label-field label --dims 16 -q -o p.h5ad 2>"$err"
is "$("$W" info p.h5ad | head -1)" "p.h5ad: 400 rows of 16 numbers, 25.0 KiB in memory" "embed reads a pipe"
try embed - --format jsonl --dims 16 -o empty.h5ad
is "$code" 0 "empty standard input is no error"
is "$("$W" info empty.h5ad | head -1)" "empty.h5ad: 0 rows of 16 numbers, 0 bytes in memory" "and gives an empty file"
try check empty.h5ad
is "$code" 0 "which is whole"
"$W" embed in.jsonl --id-field id --label-field label -q -o l.h5ad --load-encoder e.lsa 2>"$err"
try embed in.jsonl --encoder doc2vec --min-count 1 --epochs 2 --dims 8 -o d.h5ad --save-encoder d.d2v
is "$code" 0 "embed --encoder doc2vec"
for j in 1 3; do
    "$W" embed in.jsonl --encoder doc2vec --min-count 1 --epochs 2 --dims 8 -q -j $j -o "d$j.h5ad" 2>"$err"
    is "$(cmp d.h5ad "d$j.h5ad" 2>&1)$(cat "$err")" "" "doc2vec: the same bytes with $j threads"
done
"$W" embed in.jsonl --encoder doc2vec -q --load-encoder d.d2v -o i.h5ad 2>"$err"
is "$?" 0 "embed --encoder doc2vec --load-encoder"
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "{\"text\":\"w%d x%d y%d\"}\n", i % 97, i % 301, i % 17 }' >many.jsonl
"$W" embed many.jsonl --lsa-features words-only --dims 256 --save-encoder many.lsa -q -o once0.h5ad
"$W" embed many.jsonl --load-encoder many.lsa -q -o once.h5ad
"$W" embed many.jsonl --load-encoder many.lsa -q -M 36M -o blocks.h5ad
is "$(cmp once.h5ad blocks.h5ad 2>&1)" "" "embed: the same bytes where --memory allows blocks only"
try embed many.jsonl --load-encoder many.lsa -M 36M -n -o x
has "$out" "(vectors in blocks)" "and --dry-run says so"
rm many.* once*.h5ad blocks.h5ad
refused "an encoder of another kind" 2 "embed: --load-encoder d.d2v holds a doc2vec encoder: give --encoder doc2vec" \
    embed in.jsonl --load-encoder d.d2v -o x
before=$(ls)
try embed in.jsonl -o dry.h5ad --dry-run
is "$code$(ls)" "0$before" "--dry-run writes nothing"
has "$out" "400 texts" "--dry-run says how many rows"
has "$out" "memory: about" "--dry-run says how much memory"

try graph e.h5ad -K 7 -o g.h5ad
is "$code" 0 "graph"
for j in 1 3; do
    "$W" graph e.h5ad -K 7 -j $j -q -o "g$j.h5ad"
    is "$(cmp g.h5ad "g$j.h5ad" 2>&1)" "" "graph: the same bytes with $j threads"
done
try graph e.h5ad -K 1000 -o all.h5ad
has "$err" "400 rows have at most 399 neighbours each: K is 399" "graph: K beyond the rows is said"
try graph e.h5ad -K 7 -o g.hdf5 --export ann-benchmarks
is "$code" 0 "graph --export ann-benchmarks"

if [ -n "$python" ]; then
    "$python" - 2>"$err" >"$out" <<'EOF'
import json
import anndata, h5py, numpy as np
e, loaded = anndata.read_h5ad("e.h5ad"), anndata.read_h5ad("l.h5ad")
raw = open("in.jsonl", "rb").read()
records = [json.loads(line) for line in raw.splitlines()]
print("ids", list(e.obs_names) == [r["id"] for r in records])
print("labels", list(e.obs["label"]) == [r["label"] for r in records])
print("lines", list(e.obs["line"]) == list(range(1, 401)))
rows = zip(e.obs_names, e.obs["offset"], e.obs["length"])
print("bytes", all(json.loads(raw[o:o + n])["id"] == i for i, o, n in rows))
norms = np.linalg.norm(e.X, axis=1)
print("norms", np.allclose(np.delete(norms, 200), 1, atol=1e-6), norms[200] == 0)
print("loaded", np.array_equal(e.X, loaded.X))
u = e.uns["winnow"]
print("uns", json.loads(u["config"])["dims"] == 16, u["version"] != "", "embed in.jsonl" in u["command"])
import hashlib
print("sha", u["input_sha256"] == hashlib.sha256(raw).hexdigest())
g = anndata.read_h5ad("g.h5ad")
s = np.asarray(e.X, dtype=np.float64) @ np.asarray(e.X, dtype=np.float64).T
np.fill_diagonal(s, -np.inf)
best = -np.sort(-s, axis=1)[:, :7]
data = g.obsp["similarity"].data.reshape(400, 7)
print("graph", np.abs(data - best).max() < 1e-6, np.array_equal(g.X, e.X) or np.abs(g.X - e.X).max() < 1e-6)
with h5py.File("g.hdf5") as f:
    print("ann", f.attrs["distance"] == "angular", f["neighbors"].shape == (400, 7), f["train"].shape == (400, 16))
    print("ann distances", np.abs(1 - f["distances"][:] - best).max() < 1e-5)
np.save("m.npy", e.X.astype(np.float64))
EOF
    is "$?" 0 "Python reads what embed and graph wrote"
    while read -r line; do
        case $line in *False*) ok 1 "Python: $line" ;; *) ok 0 "Python: $line" ;; esac
    done <"$out"
    [ -s "$err" ] && note "$err"
    try info m.npy
    is "$(cat "$out")" "m.npy: 400 rows of 16 numbers, 25.0 KiB in memory" "info of a .npy file"
    "$W" graph m.npy -K 7 -q -o n.h5ad
    is "$?" 0 "graph of a .npy file"
else
    skip "Python reads what embed and graph wrote" "WINNOW_PYTHON names no Python with anndata h5py numpy scipy"
fi

try info in.jsonl --label-field label e.lsa d.d2v
has "$out" "in.jsonl: 400 records, jsonl" "info of records"
has "$out" "200 even" "info counts labels"
has "$out" "e.lsa: lsa encoder, 16 dimensions" "info of an lsa encoder"
has "$out" "d.d2v: doc2vec encoder, 8 dimensions" "info of a doc2vec encoder"
printf '{"text":"a","label":"\\u001b[31mred\\u0007\\u009b2J"}\n' >steer.jsonl
try info steer.jsonl --label-field label
has "$out" "1 \u001B[31mred\u0007\u009B2J" "info: a label cannot steer the terminal"
rm -f steer.jsonl
try info e.h5ad
has "$out" "command: winnow embed in.jsonl" "info of a matrix says how it was made"
has "$out" "columns: _index, label, source, line, offset, length" "info of a matrix lists the columns"

try check in.jsonl e.h5ad g.h5ad g.hdf5 e.lsa d.d2v
is "$code$(grep -c ': whole' "$out")" 06 "check finds all whole"
# Bytes changed here and there: never a crash, and never a checksum passed over in silence.
codes=
for at in 2100 4200 12600 18900 20000 30000; do
    cp e.h5ad broken.h5ad
    printf 'XXXX' | dd of=broken.h5ad bs=1 seek=$at conv=notrunc 2>/dev/null
    try check broken.h5ad
    codes="$codes $code"
done
case $codes in
*[!013\ ]*) ok 1 "check survives changed bytes:$codes" ;;
*[13]*) ok 0 "check survives and finds changed bytes" ;;
*) ok 1 "check finds changed bytes:$codes" ;;
esac
head -c 10000 e.h5ad >short.h5ad
try check e.h5ad short.h5ad
is "$code" 3 "check finds a cut matrix file"
has "$out" "e.h5ad: whole" "and says which is whole"
has "$out" "short.h5ad: NOT WHOLE" "and which is not"
head -c 1000 e.lsa >short.lsa
try check short.lsa
is "$code" 3 "check finds a cut encoder"

try run in.jsonl --id-field id --label-field label -k 20 -q -o folder
is "$code$(cat "$err")" 0 "run"
try check folder
is "$code" 0 "check of an output folder"
has "$out" "folder: whole:" "and says so"
try info folder
has "$out" "command: winnow run in.jsonl" "info of an output folder"
first=$(sed -n 2p folder/selection.tsv | cut -f2)
try explain folder "$first"
is "$code" 0 "explain a chosen item"
has "$out" "$first was chosen: rank 1 of 20, gain " "explain says rank and gain"
has "$out" "It stands for $(cut -f2 folder/assignment.tsv | grep -cx "$first") of 400 items" \
    "explain counts what it stands for"
has "$out" "$(grep "\"$first\"" in.jsonl | sed 's/.*"text":"\([^"]*\)".*/\1/')" "explain shows the text"
other=$(awk -F'\t' -v f="$first" 'NR > 1 && $2 == f && $1 != f { print $1; exit }' folder/assignment.tsv)
try explain folder "$other"
has "$out" "$other was not chosen." "explain a dropped item"
has "$out" ": $first (rank 1 of 20)" "explain says what stands for it"
try explain folder r200
has "$out" "Nothing stands for it: its vector is zero." "explain an item without a known word"
refused "explain an unknown id" 2 'explain: folder holds no item with the id "nobody"' explain folder nobody
mv in.jsonl moved.jsonl
try explain folder "$first"
is "$code$(grep -c 'was chosen' "$out")" 01 "explain answers without the input, too"
mv moved.jsonl in.jsonl
echo >>folder/subset.jsonl
refused "check of a changed folder" 3 "check: folder/subset.jsonl: its SHA-256 is" check folder
rm folder/subset.jsonl
refused "check of a folder with a file missing" 1 "check: folder/subset.jsonl: No such file" check folder
mkdir plain
refused "check of any folder" 3 "check: plain: no SHA256SUMS in it" check plain
refused "info of any folder" 3 "info: plain is a folder without manifest.json" info plain
refused "explain of any folder" 3 "explain: plain holds no manifest.json" explain plain 1
refused "explain of a file" 2 "explain: in.jsonl is not a folder that run, select or dedup wrote" explain in.jsonl 1

# ---- dedup ----
printf '{"text":"%s"}\n' "Hello  World" "other words here" "hello world " "HELLO WORLD" >copies.jsonl
try dedup copies.jsonl -o dd
is "$code$(cat "$err")" "0dd: 2 of 4 kept; 2 copies dropped, in 1 groups" "dedup says what it did"
is "$(cat dd/subset.jsonl)" "$(head -2 copies.jsonl)" "dedup keeps the first of each group, byte for byte"
is "$(cat dd/rest.jsonl)" "$(tail -2 copies.jsonl)" "and puts the others into rest"
is "$(cut -f1,2 dd/assignment.tsv | tr '\n\t' ' :')" "id:represented_by 0:0 1:1 2:0 3:0 " \
    "and says what stands for each"
try check dd
is "$code" 0 "its folder is whole"
try dedup in.jsonl --id-field id --dedup 0.9 --dims 16 -q -o dn
is "$code" 0 "dedup by cosine"
is "$(cat dn/subset.jsonl dn/rest.jsonl | sort | cmp - "$(sort in.jsonl >s && echo s)" && echo same)" same \
    "no record is lost"
is "$(awk -F'\t' 'NR > 1 && $1 != $2 && $3 < 0.9' dn/assignment.tsv)" "" \
    "every dropped one is near enough to the one kept"
for j in 1 3; do
    "$W" dedup in.jsonl --id-field id --dedup 0.9 --dims 16 -q -j $j -o "dn$j"
    is "$(cmp dn/SHA256SUMS "dn$j/SHA256SUMS" 2>&1)" "" "dedup: the same bytes with $j threads"
done
try dedup e.h5ad --dedup 0.9 -q -o dm
is "$code" 0 "dedup of a matrix"
if [ -n "$python" ]; then
    is "$("$python" - 2>&1 <<'EOF'
import anndata, csv, numpy as np
x = np.asarray(anndata.read_h5ad("e.h5ad").X, dtype=np.float64)
kept, want = [], []
for i, row in enumerate(x):
    s = x[kept] @ row
    if len(s) and s.max() >= 0.9: want.append(kept[int(s.argmax())])
    else: kept.append(i); want.append(i)
rows = list(csv.DictReader(open("dm/assignment.tsv"), delimiter="\t"))
print([r["represented_by"] for r in rows] == [f"r{i}" for i in want],
      list(anndata.read_h5ad("dm/subset.h5ad").obs["row"]) == kept)
EOF
    )" "True True" "and maps each row as a plain search does"
fi
refused "dedup of a matrix by text" 2 "dedup: e.h5ad is a matrix, which holds no texts to compare" dedup e.h5ad -o x
refused "dedup --dedup off" 2 "dedup: --dedup off leaves nothing to do" dedup in.jsonl --dedup off -o x
try dedup - --format jsonl -q -o de
is "$code$(ls de | tr '\n' ' ')" "0SHA256SUMS assignment.tsv manifest.json rest.jsonl subset.jsonl " \
    "empty input gives an empty folder"
before=$(ls)
try dedup in.jsonl -n -o x
is "$code$(ls)" "0$before" "dedup --dry-run writes nothing"

# ---- progress and logs ----
"$W" embed in.jsonl --dims 16 -o v.h5ad -v 2>"$err"
has "$err" " in 0." "-v: a summary of every stage"
is "$(grep -c "$(printf '\r')" "$err")" 0 "no redrawn line where standard error is a file"
"$W" embed in.jsonl --dims 16 -f -o v.h5ad --log-json 2>"$err"
is "$(grep -vc '^{"event":"[a-z]*",.*}$' "$err")" 0 "--log-json: every line is an object"
has "$err" '{"event":"stage","stage":"' "--log-json names stages"
if command -v script >/dev/null; then
    script -qec "'$W' embed in.jsonl --dims 16 -f -o v.h5ad" tty </dev/null >/dev/null 2>&1
    has tty "$(printf '\r')" "a terminal gets a redrawn line"
    script -qec "NO_COLOR=1 '$W' embed none.jsonl -o w.h5ad" tty </dev/null >/dev/null 2>&1
    is "$(grep -c "$(printf '\033\\[1;31m')" tty)" 0 "NO_COLOR is obeyed"
    script -qec "'$W' embed none.jsonl -o w.h5ad" tty </dev/null >/dev/null 2>&1
    is "$(grep -c "$(printf '\033\\[1;31m')" tty)" 1 "an error is red on a terminal"
else
    skip "progress on a terminal" "script is not installed"
fi
finish
