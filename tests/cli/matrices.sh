#!/bin/sh
# Matrices as people have them: what each command says of broken files, of repeated ids, of shards, and its numbers.
. "$(dirname "$0")/tap.sh"
python=$(python_with h5py numpy)

awk 'BEGIN { for (i = 0; i < 40; i++) printf "{\"id\":\"r%d\",\"text\":\"a%d b%d c%d d\",\"label\":\"%d\"}\n", i, i % 7,
    i % 5, i % 3, i % 2 }' >in.jsonl
"$W" embed in.jsonl --id-field id --label-field label --dims 6 --save-encoder e.lsa -q -o e.h5ad
"$W" run in.jsonl --id-field id --dims 6 -k 5 -q -o o

# ---- shards ----
for i in 1 2 3; do "$W" embed in.jsonl --id-field id --load-encoder e.lsa --dims 6 --shard $i/3 -q -o s$i.h5ad; done
try select s1.h5ad s2.h5ad s3.h5ad -k 3 -q -o out
is "$code$(cat "$err")" 0 "select takes shards in order"
rm -r out
refused "shards out of order" 3 "select: the shards are out of order; the right one is: s1.h5ad s2.h5ad s3.h5ad" \
    select s2.h5ad s1.h5ad s3.h5ad -k 3 -o out
refused "a shard left out" 3 "select: rows 13 to 25 are missing before those of s3.h5ad" \
    select s1.h5ad s3.h5ad -k 3 -o out
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
    for c in "select b/x.h5ad -k 3 -q -f -o b/out" "graph b/x.h5ad -K 3 -q -f -o b/g.h5ad" "info b/x.h5ad" \
        "dedup b/x.h5ad --dedup 0.9 -q -f -o b/dd" "check b/x.h5ad" "explain b/o r3" \
        "report b/o --html b/r.html -q -f"; do
        # shellcheck disable=SC2086
        try $c
        case $code in 0 | 1 | 3) ;; *) bad=$((bad + 1)); echo "$c: code $code (seed $i)" | note ;; esac
        [ "$code" -eq 0 ] || [ "$(wc -l <"$err")" -eq 1 ] || { bad=$((bad + 1)); echo "$c: not one line" | note; }
    done
    i=$((i + 1))
done
is "$bad" 0 "broken HDF5 files end no command without a word"
finish
