#!/bin/sh
# Static token tables: made, opened, told of; what goes wrong.
. "$(dirname "$0")/tap.sh"
data=${WINNOW_DATA:-../shared/data}
case $data in /*) ;; *) data=$root/$data ;; esac
M=$data/models/tiny-random-bert
if [ ! -f "$M/config.json" ]; then
    echo "1..0 # SKIP no model: $M (WINNOW_DATA names the folder of test data)"
    exit 0
fi
printf '{"text":"river stone"}\n{"text":"a bird in the morning"}\n{"text":""}\n' >rows.jsonl

# ---- making one ----
"$W" distill --model "$M" --dims 16 -j 1 -q -o table
is "$? $(ls table | tr '\n' ' ')" \
    "0 README.md SHA256SUMS config.json manifest.json model.safetensors modules.json tokenizer.json " "a folder"
"$W" distill --model "$M" --dims 16 -j 4 -q -o again
is "$(cat again/model.safetensors again/tokenizer.json | sha256sum)" \
    "$(cat table/model.safetensors table/tokenizer.json | sha256sum)" "the same bytes for any number of threads"
(cd table && sha256sum --quiet -c SHA256SUMS)
ok $? "its files are as SHA256SUMS says"
try check table
is "$code" 0 "check knows it"
"$W" info table >"$out"
has "$out" "a static table of" "and info"
has table/config.json '"max_length":	null' "no text is cut"
is "$(grep -c 'unused' table/tokenizer.json)" 0 "[unusedN] are left out"
for word in sif zipf; do
    "$W" distill --model "$M" --dims 16 --token-weights $word -q -o w.$word
    ! cmp -s w.$word/model.safetensors table/model.safetensors
    ok $? "--token-weights $word counts"
done
"$W" distill --model "$M" --dims 16 --pooling cls -q -o cls
! cmp -s cls/model.safetensors table/model.safetensors
ok $? "--pooling counts"
"$W" distill --model "$M" --dims 16 -n -o x >"$out" 2>"$err"
has "$out" "would make a table of" "-n tells, and makes nothing"
try distill --config table/manifest.json -q -o replayed
cmp -s replayed/model.safetensors table/model.safetensors
ok $? "--config repeats the manifest"

# ---- opening one ----
try embed rows.jsonl --model table -o x.h5ad
is "$code" 0 "--model is known by what it holds"
has "$err" "a table of" "and told of"
"$W" embed rows.jsonl --model table -j 3 -q -f -o y.h5ad
is "$("$W" select y.h5ad -k 2 -q -f -o g && cut -f2,6 g/selection.tsv)" \
    "$("$W" select x.h5ad -k 2 -q -f -o g && cut -f2,6 g/selection.tsv)" "for any number of threads"
"$W" run rows.jsonl --model table -k 2 -q -o run
is "$?" 0 "run"
has run/manifest.json '"sha256"' "the manifest names the table"
try run --config run/manifest.json -q -o rerun
is "$code" 0 "and repeats it"
"$W" tokenize rows.jsonl --model table >ids
is "$? $(sed -n 3p ids)" "0 " "tokenize puts no special tokens around a text"
mkdir theirs && cp table/model.safetensors table/tokenizer.json table/config.json theirs
"$W" info theirs >"$out"
has "$out" "a static table of model2vec" "info of a folder that winnow did not write"
try check theirs
is "$code" 0 "and check"

# ---- what goes wrong ----
head -n 2 rows.jsonl >two.jsonl && mv two.jsonl rows.jsonl
refused "no model" 2 "distill: --model is missing" distill -o x
refused "no output" 2 "distill: -o is missing" distill --model "$M"
refused "no dimensions" 2 "distill: --dims" distill --model "$M" --dims 0 -o x
refused "no such weights" 2 "distill: --token-weights" distill --model "$M" --token-weights idf -o x
refused "records" 2 "distill: one argument too many" distill rows.jsonl --model "$M" -o x
refused "an output that is there" 2 "distill: table" distill --model "$M" -o table
refused "a table of a table" 3 "distill: table: a table of token vectors" distill --model table -o x
refused "little memory" 4 "distill: distilling takes about" distill --model "$M" -M 1M -o x
refused "training a table" 3 "train: table: a table of token vectors" \
    train rows.jsonl --model table --task classify --label-field text -o x
refused "layers of a table" 2 "embed: --layer has no effect: the model is a table" \
    embed rows.jsonl --model table --layer 1 -o z.h5ad
refused "resuming it" 2 "embed: --resume has no effect" embed rows.jsonl --model table --resume -o z.h5ad
refused "a model that is no table" 3 "embed: $M: not a table of token vectors" \
    embed rows.jsonl --model "$M" --encoder static -o z.h5ad
refused "a table without a model" 2 "embed: --encoder static needs a --model" \
    embed rows.jsonl --encoder static -o z.h5ad
cp -r theirs bad && rm bad/tokenizer.json
refused "no tokenizer" 3 "embed: ./bad: no tokenizer.json" embed rows.jsonl --model ./bad -o z.h5ad
cp -r theirs odd && sed 's/WordPiece/Unigram/g' theirs/tokenizer.json >odd/tokenizer.json
refused "a tokenizer that is not supported" 3 'embed: ./odd/tokenizer.json: model "Unigram" is not supported' \
    embed rows.jsonl --model ./odd -o z.h5ad
cp -r theirs short && head -c 3000 theirs/model.safetensors >short/model.safetensors
refused "a table cut short" 3 "embed: ./short/model.safetensors" embed rows.jsonl --model ./short -o z.h5ad
finish
