#!/bin/sh
# Matrices as people have them: what each command says of broken files, of repeated ids, of shards, and its numbers.
. "$(dirname "$0")/tap.sh"
python=$(python_with h5py numpy)

awk 'BEGIN { for (i = 0; i < 40; i++) printf "{\"id\":\"r%d\",\"text\":\"a%d b%d c%d d\",\"label\":\"%d\"}\n", i, i % 7,
    i % 5, i % 3, i % 2 }' >in.jsonl
"$W" embed in.jsonl --id-field id --label-field label --dims 6 --save-encoder e.lsa -q -o e.h5ad
"$W" run in.jsonl --id-field id --dims 6 -k 5 -q -o o

# ---- shards ----
for i in 1 2 3; do "$W" embed in.jsonl --id-field id --load-encoder e.lsa --shard $i/3 -q -o s$i.h5ad; done
try select s1.h5ad s2.h5ad s3.h5ad -k 3 -q -o out
is "$code$(cat "$err")" 0 "select takes shards in order"
rm -r out
refused "shards out of order" 3 "select: the shards are out of order; the right one is: s1.h5ad s2.h5ad s3.h5ad" \
    select s2.h5ad s1.h5ad s3.h5ad -k 3 -o out
refused "a shard left out" 3 "select: rows 13 to 25 are missing before those of s3.h5ad" \
    select s1.h5ad s3.h5ad -k 3 -o out
refused "the last shard left out" 3 \
    "select: rows 26 to 39 are missing after those of s2.h5ad: the last of 3 shards was left out" \
    select s1.h5ad s2.h5ad -k 3 -o out
refused "the last shard left out of a graph" 3 "graph: rows 26 to 39 are missing after those of s2.h5ad" \
    graph s1.h5ad s2.h5ad -K 3 -o g.h5ad
for c in "select s3.h5ad -k 3 -o out" "graph s3.h5ad -K 3 -o g.h5ad" "dedup s3.h5ad --dedup 0.9 -o dd"; do
    # shellcheck disable=SC2086
    try $c
    is "$code" 0 "${c%% *} takes one shard"
    has "$err" "note: s3.h5ad is shard 3 of 3: 14 of 40 rows" "and says that it is one"
    rm -rf out g.h5ad dd
done
try info s3.h5ad
has "$out" "shard: 3/3 of 40 rows" "info says which shard a file is"
head -2 in.jsonl >two.jsonl # more shards than rows
for i in 1 2 3; do "$W" embed two.jsonl --id-field id --load-encoder e.lsa --shard $i/3 -q -o t$i.h5ad; done
try select t1.h5ad t2.h5ad t3.h5ad -k 1 -q -o out
is "$code$(cat "$err")" 0 "shards without rows are none too few"
rm -rf out
refused "a shard left out beside one without rows" 3 "select: rows 1 to 1 are missing after those of t2.h5ad" \
    select t1.h5ad t2.h5ad -k 1 -o out
refused "a shard given twice" 3 "graph: s1.h5ad begins with row 0, which is in s1.h5ad too" \
    graph s1.h5ad s1.h5ad s2.h5ad s3.h5ad -K 3 -o g.h5ad

# ---- ids that name two rows ----
if [ -n "$python" ]; then
    "$python" - <<'P'
import h5py, numpy as np
with h5py.File("e.h5ad") as f: x = f["X"][:]
with h5py.File("twice.h5ad", "w") as f:
    f["X"] = x
    g = f.create_group("obs")
    g.attrs["_index"] = "_index"
    g["_index"] = np.array(["r%d" % (i % 39) for i in range(40)], "S8")
# rows of which the f32 inner product with themselves exceeds 1
r = np.random.default_rng(1).standard_normal((60, 300)).astype("f4")
np.save("over.npy", np.concatenate([r, r * 3, r * 7]).astype("f4"))
P
    echo r0 >ids
    for o in keep exclude; do
        refused "--$o of an id of two rows" 2 "select: ids:1: \"r0\" is the id of two rows, 0 and 39" \
            select twice.h5ad -k 3 --$o ids -o out
    done

    said='"r0" is the id of two rows, 0 and 39 (from 0)'
    try select twice.h5ad -k 3 -q -o out
    try select twice.h5ad -k 3 -f -o out
    has "$err" "note: $said; 1 row has the id of an earlier one" "select says that an id names two rows"
    try graph twice.h5ad -K 3 -o g.h5ad
    has "$err" "note: $said" "so does graph"
    try info twice.h5ad
    has "$out" 'ids: 1 row has the id of an earlier one, like "r0", rows 0 and 39 (from 0)' "and info"
    refused "dedup of them, which tells rows by ids alone" 3 "dedup: twice.h5ad: $said" \
        dedup twice.h5ad --dedup 0.9 -o dd
    { sed -n 1p in.jsonl; sed -n 1p in.jsonl; } >same.jsonl
    for c in "run -k 1 -o x" "embed -o x" "dedup -o x" info check; do
        # shellcheck disable=SC2086
        refused "${c%% *}: records of one id" 3 "${c%% *}: same.jsonl:2: id \"r0\"" $c same.jsonl --id-field id
    done
    rm -rf out g.h5ad

    # ---- cosines and distances ----
    "$W" graph over.npy -K 5 -q -o g.h5ad
    "$W" graph over.npy -K 5 --export ann-benchmarks -q -o g.hdf5
    "$W" select over.npy -k 20 --dedup 1 -q -o out
    "$W" dedup over.npy --dedup 0.99 -q -o dd
    "$python" - >bounds <<'P'
import h5py
with h5py.File("g.h5ad") as f: print((abs(f["obsp/similarity/data"][:]) <= 1).all())
with h5py.File("g.hdf5") as f: print((f["distances"][:] >= 0).all())
with h5py.File("out/selection.h5ad") as f: print((abs(f["obs/represented_sim"][:]) <= 1).all())
P
    is "$(tr '\n' ' ' <bounds)" "True True True " "cosines are at most 1, distances at least 0"
else
    skip "ids and numbers of matrices" "no Python with h5py and numpy"
fi

for command in "select -k 3" graph; do
    # shellcheck disable=SC2086 # words of a command
    refused "${command%% *}: a matrix from standard input" 2 \
        "${command%% *}: matrices are not read from standard input" $command - -o x.h5ad
done

# ---- files with bytes changed (FILES=300 for more): one line, code 0, 1 or 3, for every command that reads one ----
mkdir b
i=0 bad=0
while [ $i -lt ${FILES:-12} ]; do
    cp e.h5ad b/x.h5ad
    rm -rf b/o && cp -r o b/o
    awk -v seed=$i 'BEGIN { srand(seed); for (k = 0; k < 8; k++) print int(rand() * 4000), int(rand() * 256) }' |
        while read -r at byte; do
            for f in b/x.h5ad b/o/selection.h5ad; do
                # shellcheck disable=SC2059
                printf "\\$(printf %03o "$byte")" | dd of=$f bs=1 seek="$at" conv=notrunc 2>"$work/dd"
            done
        done
    # -f looks whose file it is, and leaves what it cannot read
    cp b/x.h5ad b/y.h5ad
    try graph e.h5ad -K 3 -q -f -o b/y.h5ad
    case $code in 0 | 2) ;; *) bad=$((bad + 1)); echo "graph -f: code $code (seed $i)" | note ;; esac
    for c in "select b/x.h5ad -k 3 -q -f -o b/out" "graph b/x.h5ad -K 3 -q -f -o b/g.h5ad" "info b/x.h5ad" \
        "dedup b/x.h5ad --dedup 0.9 -q -f -o b/dd" "check b/x.h5ad" "explain b/o r3" \
        "report b/o --html b/r.html -q -f" "run in.jsonl --embeddings b/x.h5ad -k 3 -q -f -o b/run" \
        "compare in.jsonl --embeddings b/x.h5ad --label-field label --test 25% --budgets 5 --seeds 1 -q -f -o b/c"; do
        # shellcheck disable=SC2086
        try $c
        case $code in 0 | 1 | 3) ;; *) bad=$((bad + 1)); echo "$c: code $code (seed $i)" | note ;; esac
        [ "$code" -eq 0 ] || [ "$(wc -l <"$err")" -eq 1 ] || { bad=$((bad + 1)); echo "$c: not one line" | note; }
    done
    i=$((i + 1))
done
is "$bad" 0 "broken HDF5 files end no command without a word"
finish
