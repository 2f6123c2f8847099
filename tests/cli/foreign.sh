#!/bin/sh
# Matrices and models of other programs: types, filters, archives, links, old and odd AnnData, rows of zeros, ties.
. "$(dirname "$0")/tap.sh"
python=$(python_with h5py numpy)
if [ -z "$python" ]; then
    echo "1..0 # SKIP no Python with h5py and numpy"
    exit 0
fi
"$python" - <<'P'
import h5py, numpy as np
r = np.random.default_rng(5)
whole = (r.standard_normal((30, 6)) * 40).astype("i1")
x = whole.astype("f4")
np.save("f.npy", x)
np.save("i8.npy", whole)
np.save("u8.npy", (whole.astype("i2") + 128).astype("u1"))
np.save("u8f.npy", (whole.astype("f4") + 128))
np.save("i16.npy", whole.astype("i2"))
np.save("b.npy", whole > 0)
np.savez("one.npz", x)
np.savez_compressed("packed.npz", emb=x)
np.savez("two.npz", emb=x, labels=np.arange(30))
np.savez("many.npz", a=x, b=x)
np.savez("none.npz", labels=np.arange(30))
with open("twice.npy", "wb") as f: np.save(f, x[:10]); np.save(f, x[10:])
with open("tail.npy", "wb") as f: np.save(f, x); f.write(b"trailing")
z = x.copy(); z[[3, 5]] = 0
np.save("zero.npy", z)
def file(name, **sets):
    f = h5py.File(name, "w")
    for k, v in sets.items(): f[k] = v
    return f
file("i8.h5", emb=whole).close()
file("u8.h5", emb=(whole.astype("i2") + 128).astype("u1")).close()
file("i32.h5", emb=whole.astype("i4")).close()
f = file("lzf.h5"); f.create_dataset("emb", data=x, compression="lzf", chunks=(30, 6)); f.close()
np.save("wide.npy", np.repeat(x, 8, 1))
f = file("packed.h5"); f.create_dataset("emb", data=np.repeat(x, 8, 1), chunks=(30, 48), shuffle=True,
                                        compression="gzip", fletcher32=True); f.close()
f = file("link.h5"); f["d"] = h5py.ExternalLink("f.h5", "/emb"); f.close()
f = file("gone.h5"); f["d"] = h5py.ExternalLink("nowhere.h5", "/emb"); f.close()
f = file("soft.h5", emb=x); f["again"] = h5py.SoftLink("/emb"); f.close()
f = file("danglingsoft.h5"); f["again"] = h5py.SoftLink("/emb"); f.close()
file("f.h5", emb=x).close()
text = h5py.string_dtype()
ids = ["c%02d" % i for i in range(30)]
def frame(f, name, n, index):
    g = f.create_group(name)
    g.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0", "_index": "_index"})
    g.attrs["column-order"] = np.array([], dtype=text)
    if index is not None:
        d = g.create_dataset("_index", data=index, dtype=text)
        d.attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
    return g
def anndata(name, index):
    f = file(name, X=x)
    f.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
    f["X"].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    frame(f, "var", 6, ["v%d" % i for i in range(6)])
    for k in ("layers", "obsm", "obsp", "varm", "varp", "uns"):
        f.create_group(k).attrs.update({"encoding-type": "dict", "encoding-version": "0.1.0"})
    return f, frame(f, "obs", 30, index)
f, obs = anndata("cat.h5ad", None)
g = obs.create_group("_index")
g.attrs.update({"encoding-type": "categorical", "encoding-version": "0.2.0", "ordered": False})
g.create_dataset("categories", data=ids[::-1], dtype=text).attrs.update(
    {"encoding-type": "string-array", "encoding-version": "0.2.0"})
g["codes"] = np.arange(29, -1, -1).astype("i1")
g["codes"].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
f.close()
f, obs = anndata("other.h5ad", None)
del obs.attrs["_index"]; obs.attrs["_index"] = "cell"
obs.create_dataset("cell", data=ids, dtype=text).attrs.update(
    {"encoding-type": "string-array", "encoding-version": "0.2.0"})
f.close()
old = np.zeros(30, [("index", "S4"), ("kind", "i1"), ("weight", "f8")])
old["index"] = [i.encode() for i in ids]
file("old.h5ad", X=x, obs=old).close()
file("older.h5ad", X=x, obs=np.array([(i, 1) for i in ids], [("index", text), ("kind", "i1")])).close()
P

# picks FILE: the rows and gains that are chosen from it
picks() { rm -rf o; "$W" select "$1" -k 5 -q -o o 2>"$err" && cut -f3,6 o/selection.tsv; }
same() { is "$(picks "$1"; cat "$err")" "$(picks "$2")" "$3"; }

# ---- types ----
same i8.npy f.npy "int8"
same u8.npy u8f.npy "uint8"
same i8.h5 f.npy "int8 in HDF5"
same u8.h5 u8f.npy "uint8 in HDF5"
for f in i16.npy i32.h5 b.npy; do
    refused "$f" 3 "select: $f" select $f -k 3 -o x
    has "$err" 'float32' "and what would do"
done

# ---- filters ----
same packed.h5 wide.npy "shuffled, packed, with sums"
refused "a filter that is not built in" 3 'select: lzf.h5: /emb is compressed with lzf, which is not built in; write' \
    select lzf.h5 -k 3 -o x
try check lzf.h5
is "$code $(grep -c 'not read, for want of a filter: /emb (lzf)' "$out")" "0 1" "of which check says so, and no more"

# ---- archives, several arrays ----
same one.npz f.npy "an archive of one array"
same packed.npz f.npy "a packed one"
same two.npz f.npy "one matrix beside a list"
refused "a named matrix of a .npy file" 2 "select: f.npy: a .npy file is one matrix without a name: there is no" \
    select f.npy --dataset emb -k 3 -o x
refused "two matrices" 2 "select: many.npz: several matrices" select many.npz -k 3 -o x
refused "none" 3 "select: none.npz" select none.npz -k 3 -o x
for c in "select -k 3 -o x" "graph -o x" check; do
    refused "an array that follows: ${c%% *}" 3 "${c%% *}: twice.npy: another array follows the first, (10, 6)" \
        $c twice.npy
    refused "bytes that follow: ${c%% *}" 3 "${c%% *}: tail.npy: " $c tail.npy
done

# ---- rows of zeros ----
try select zero.npy -k 3 -o z
has "$err" "note: 2 rows are zero vectors" "rows of zeros are called so"
try graph zero.npy -K 3 -o z.h5ad
if grep -q word "$err"; then ok 1 "by graph, too"; else ok 0 "by graph, too"; fi

# ---- links ----
same link.h5 f.npy "a matrix in another file"
same soft.h5 f.npy "one matrix under two names"
refused "a link into nothing" 3 "select: gone.h5: d is a link to /emb of nowhere.h5, which is not there" \
    select gone.h5 -k 3 -o x
refused "by check" 3 "check: gone.h5: d is a link to /emb of nowhere.h5" check gone.h5
refused "a link within a file into nothing" 3 "select: danglingsoft.h5: " select danglingsoft.h5 -k 3 -o x

# ---- AnnData ----
for f in cat.h5ad other.h5ad old.h5ad older.h5ad; do
    picks $f >"$work/picks"
    cut -f2,3 o/selection.tsv | sed -n '2,6s/^c0*\([0-9]\)/\1/p' >"$work/ids"
    is "$(awk '$1 == $2' "$work/ids" | wc -l)$(wc -l <"$work/picks")" 56 "ids of $f"
    try check $f
    is "$code $(grep -c whole "$out")" "0 1" "which is whole"
done
try check old.h5ad
has "$out" "columns: index (string), kind (i8), weight (f64)" "its columns are listed"

# ---- models: tied weights that are stored once, texts that are cut on the left ----
"$python" - <<'P'
import json, os, struct
import numpy as np
r = np.random.default_rng(2)
shapes = {"embeddings.word_embeddings.weight": (9, 4), "embeddings.position_embeddings.weight": (16, 4),
          "embeddings.token_type_embeddings.weight": (2, 4)}
layer = "encoder.layer.0."
for part in ("query", "key", "value"):
    shapes[layer + "attention.self.%s.weight" % part] = (4, 4)
    shapes[layer + "attention.self.%s.bias" % part] = (4,)
for part, n, m in (("attention.output.", 4, 4), ("intermediate.", 8, 4), ("output.", 4, 8)):
    shapes[layer + part + "dense.weight"], shapes[layer + part + "dense.bias"] = (n, m), (n,)
for part in ("embeddings.", layer + "attention.output.", layer + "output."):
    shapes[part + "LayerNorm.weight"] = shapes[part + "LayerNorm.bias"] = (4,)
values = {"bert." + k: r.standard_normal(s).astype("f4") for k, s in shapes.items()}
def model(folder, values, metadata, **tokens):
    os.mkdir(folder)
    head, data = {"__metadata__": metadata}, b""
    for k, v in values.items():
        head[k] = {"dtype": "F32", "shape": v.shape, "data_offsets": [len(data), len(data) + v.nbytes]}
        data += v.tobytes()
    head = json.dumps(head).encode()
    open(folder + "/model.safetensors", "wb").write(struct.pack("<Q", len(head)) + head + data)
    json.dump({"model_type": "bert", "vocab_size": 9, "hidden_size": 4, "num_hidden_layers": 1, "hidden_act": "gelu",
               "num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 16, "type_vocab_size": 2,
               "layer_norm_eps": 1e-12, "pad_token_id": 0}, open(folder + "/config.json", "w"))
    json.dump({"do_lower_case": True, "tokenizer_class": "BertTokenizer", **tokens},
              open(folder + "/tokenizer_config.json", "w"))
    open(folder + "/vocab.txt", "w").write("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\none\ntwo\nthree\nfour\n")
word = "bert.embeddings.word_embeddings.weight"
model("full", values, {"format": "pt"})
values["aaa.decoder.weight"] = values.pop(word)
model("tied", values, {"format": "pt", word: "aaa.decoder.weight"}, truncation_side="left")
model("lost", values, {"format": "pt"})
P
printf '{"text":"one two three four"}\n{"text":"four one"}\n' >t.jsonl
for m in full tied; do "$W" embed t.jsonl --model $m -q -o $m.h5ad 2>"$err"; done
same tied.h5ad full.h5ad "a tied weight is found under its other name"
refused "one that is nowhere" 3 "embed: lost/model.safetensors: 1 tensor" embed t.jsonl --model lost -o x.h5ad
try tokenize t.jsonl --limit 1 --model tied --max-tokens 4 --pieces
is "$(cat "$out")" "[CLS] three four [SEP]" "truncation_side left keeps the end"
finish
